/* Keys and signatures as PKCS#11 has them, turned into ours and back. PKCS#11 v3.0 mechanisms
 * 2.1.1, 2.3; RFC 5480, 8017, 8410. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cleanup.h"
#include "base/hash.h"
#include "fmt/der.h"
#include "sign/pkcs11_int.h"

static const char ec_oid[] = "\x2a\x86\x48\xce\x3d\x02\x01", ed_oid[] = "\x2b\x65\x70";
/* DigestInfo of a SHA-256 digest up to the digest. RFC 8017 section 9.2 */
static const char digest_info[] = "\x30\x31\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01\x05"
                                  "\x00\x04\x20";

/* A big-endian number as INTEGER: no zeros in front, but one where it would look negative. */
static void put_number(struct pl_buf *b, struct pl_str n)
{
    pl_auto_buf struct pl_buf body = { 0 };
    while (n.n > 1 && n.p[0] == 0)
        n = pl_str_sub(n, 1, n.n);
    if (n.n == 0 || (uint8_t)n.p[0] >= 0x80)
        pl_buf_putc(&body, 0);
    pl_buf_putn(&body, n.p, n.n);
    pl_der_put(b, PL_DER_INT, pl_buf_str(&body));
}

int pl_token_rsa(struct pl_str modulus, struct pl_str exponent, struct pl_pubkey **ret,
                 struct pl_err *err)
{
    pl_auto_buf struct pl_buf body = { 0 }, der = { 0 };
    put_number(&body, modulus);
    put_number(&body, exponent);
    pl_der_put(&der, PL_DER_SEQ, pl_buf_str(&body));
    return pl_pubkey_pkcs1(pl_buf_str(&der), ret, err);
}

int pl_token_ec(struct pl_str params, struct pl_str point, bool edwards, struct pl_pubkey **ret,
                struct pl_err *err)
{
    pl_auto_buf struct pl_buf alg = { 0 }, bits = { 0 }, body = { 0 }, der = { 0 };
    struct pl_der d;
    if (pl_der_only(point, PL_DER_OCTETS, "point", &d, NULL) == 0)
        point = d.body;
    if (edwards) {
        pl_der_put(&alg, PL_DER_OID, pl_str_n(ed_oid, sizeof ed_oid - 1));
    } else {
        pl_der_put(&alg, PL_DER_OID, pl_str_n(ec_oid, sizeof ec_oid - 1));
        pl_buf_putn(&alg, params.p, params.n);
    }
    pl_der_put(&body, PL_DER_SEQ, pl_buf_str(&alg));
    pl_buf_putc(&bits, 0);
    pl_buf_putn(&bits, point.p, point.n);
    pl_der_put(&body, PL_DER_BITS, pl_buf_str(&bits));
    pl_der_put(&der, PL_DER_SEQ, pl_buf_str(&body));
    return pl_pubkey_spki(pl_buf_str(&der), ret, err);
}

void pl_token_input(enum pl_key_type type, struct pl_str bytes, struct pl_buf *out)
{
    uint8_t sum[32];
    if (type == PL_KEY_ED25519) {
        pl_buf_putn(out, bytes.p, bytes.n);
        return;
    }
    pl_sha256(bytes.p, bytes.n, sum);
    if (type == PL_KEY_RSA)
        pl_buf_putn(out, digest_info, sizeof digest_info - 1);
    pl_buf_putn(out, sum, sizeof sum);
}

int pl_token_output(enum pl_key_type type, struct pl_str raw, struct pl_buf *sig,
                    struct pl_err *err)
{
    pl_auto_buf struct pl_buf body = { 0 };
    if (type == PL_KEY_RSA || type == PL_KEY_ED25519)
        return pl_buf_add(sig, raw.p, raw.n, err);
    if (raw.n == 0 || raw.n % 2)
        return pl_fail(err, PL_E_SIG, "the token's signature is no pair of numbers");
    put_number(&body, pl_str_sub(raw, 0, raw.n / 2));
    put_number(&body, pl_str_sub(raw, raw.n / 2, raw.n));
    pl_der_put(sig, PL_DER_SEQ, pl_buf_str(&body));
    return 0;
}
