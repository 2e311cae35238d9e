/* Signed certificate timestamps inside a certificate, RFC 6962 sections 3.2 and 3.3: the
 * precertificate is the certificate without the list of timestamps. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "base/hash.h"
#include "sign/cert_int.h"

#define OID_SCT_LIST "\x2b\x06\x01\x04\x01\xd6\x79\x02\x04\x02"
#define SCTS_MAX 32u

struct sct {
    struct pl_str log_id, exts, sig;
    uint64_t ms;
    uint8_t hash, alg;
};

static int take(struct pl_str *in, size_t n, struct pl_str *ret, struct pl_err *err)
{
    if (in->n < n)
        return pl_fail(err, PL_E_FORMAT, "list of certificate timestamps ends too early");
    *ret = pl_str_sub(*in, 0, n);
    *in = pl_str_sub(*in, n, in->n);
    return 0;
}

static uint64_t big_endian(struct pl_str s)
{
    uint64_t v = 0;
    for (size_t i = 0; i < s.n; i++)
        v = v << 8 | (uint8_t)s.p[i];
    return v;
}

/* Bytes with their length before them in two. */
static int take16(struct pl_str *in, struct pl_str *ret, struct pl_err *err)
{
    struct pl_str len;
    int r = take(in, 2, &len, err);
    return r < 0 ? r : take(in, big_endian(len), ret, err);
}

static int read_sct(struct pl_str s, struct sct *ret, struct pl_err *err)
{
    struct pl_str version = { "", 0 }, time = version, algs = version;
    int r = take(&s, 1, &version, err);
    if (r == 0 && version.p[0] != 0)
        return pl_fail(err, PL_E_UNSUP, "certificate timestamp of an unknown version");
    if (r == 0)
        r = take(&s, 32, &ret->log_id, err);
    if (r == 0)
        r = take(&s, 8, &time, err);
    if (r == 0)
        r = take16(&s, &ret->exts, err);
    if (r == 0)
        r = take(&s, 2, &algs, err);
    if (r == 0)
        r = take16(&s, &ret->sig, err);
    if (r < 0)
        return r;
    if (s.n)
        return pl_fail(err, PL_E_FORMAT, "something follows a certificate timestamp");
    ret->ms = big_endian(time);
    ret->hash = (uint8_t)algs.p[0];
    ret->alg = (uint8_t)algs.p[1];
    return 0;
}

/* The part of the certificate that is signed, without the list. */
static void precert(const struct pl_cert *c, struct pl_buf *out)
{
    pl_auto_buf struct pl_buf exts = { 0 }, seq = { 0 }, tbs = { 0 };
    for (size_t i = 0; i < c->n_exts; i++)
        if (!pl_str_eq(c->exts[i].oid, PL_S(OID_SCT_LIST)))
            pl_buf_putn(&exts, c->exts[i].whole.p, c->exts[i].whole.n);
    pl_buf_putn(&tbs, c->before_exts.p, c->before_exts.n);
    if (exts.n) {
        pl_der_put(&seq, PL_DER_SEQ, pl_buf_str(&exts));
        pl_der_put(&tbs, PL_DER_CTX_CONS + 3, pl_buf_str(&seq));
    }
    pl_der_put(out, PL_DER_SEQ, pl_buf_str(&tbs));
}

static void put_int(struct pl_buf *b, uint64_t v, unsigned bytes)
{
    while (bytes--)
        pl_buf_putc(b, (char)(v >> (8 * bytes)));
}

static int check_sct(const struct sct *s, const struct pl_cert *issuer, struct pl_str tbs,
                     const struct pl_log *log, struct pl_err *err)
{
    pl_auto_buf struct pl_buf b = { 0 };
    uint8_t key_hash[32];
    bool ecdsa;
    if (!log->key)
        return pl_fail(err, PL_E_SIG, "key of the certificate log: %s", log->why);
    if (s->ms > (uint64_t)INT64_MAX / 1000000 ||
        !pl_period_has(&log->valid, (int64_t)s->ms * 1000000))
        return pl_fail(err, PL_E_SIG, "certificate log was not trusted at the time it says");
    enum pl_key_type type = pl_pubkey_type(log->key);
    ecdsa = type == PL_KEY_P256 || type == PL_KEY_P384 || type == PL_KEY_P521;
    if (s->hash != 4 || (s->alg == 3 ? !ecdsa : s->alg != 1 || type != PL_KEY_RSA))
        return pl_fail(err, PL_E_SIG, "certificate timestamp with another algorithm than its log");
    pl_sha256(pl_cert_spki(issuer).p, pl_cert_spki(issuer).n, key_hash);
    put_int(&b, 0, 2); /* version 1, certificate timestamp */
    put_int(&b, s->ms, 8);
    put_int(&b, 1, 2); /* a precertificate */
    pl_buf_putn(&b, key_hash, sizeof key_hash);
    put_int(&b, tbs.n, 3);
    pl_buf_putn(&b, tbs.p, tbs.n);
    put_int(&b, s->exts.n, 2);
    pl_buf_putn(&b, s->exts.p, s->exts.n);
    if (pl_pubkey_verify_md(log->key, PL_MD_SHA256, pl_buf_str(&b), s->sig, err) < 0)
        return pl_fail(err, PL_E_SIG, "signature of the certificate log does not hold");
    return 0;
}

static const struct pl_log *known(const struct sct *s, const struct pl_log *logs, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (pl_str_eq(logs[i].id, s->log_id))
            return &logs[i];
    return NULL;
}

int pl_cert_logged(const struct pl_cert *leaf, const struct pl_cert *issuer,
                   const struct pl_log *logs, size_t n_logs, const struct pl_log **ret_log,
                   struct pl_err *err)
{
    pl_auto_buf struct pl_buf tbs = { 0 };
    struct pl_str value, list, one;
    struct pl_der d;
    if (!pl_cert_ext(leaf, PL_S(OID_SCT_LIST), &value, NULL))
        return pl_fail(err, PL_E_NOENT, "certificate carries no certificate timestamp");
    int r = pl_der_only(value, PL_DER_OCTETS, "list of certificate timestamps", &d, err);
    if (r == 0)
        r = take16(&d.body, &list, err);
    if (r == 0)
        r = pl_der_end(d.body, "list of certificate timestamps", err);
    if (r < 0)
        return r;
    precert(leaf, &tbs);
    r = pl_fail(err, PL_E_SIG, "no certificate timestamp of a log that the trusted root names");
    for (size_t i = 0; list.n && r < 0; i++) {
        struct sct s;
        if (i == SCTS_MAX)
            return pl_fail(err, PL_E_LIMIT, "certificate has more than %u timestamps", SCTS_MAX);
        int bad = take16(&list, &one, err);
        if (bad == 0)
            bad = read_sct(one, &s, err);
        if (bad < 0)
            return bad;
        const struct pl_log *log = known(&s, logs, n_logs);
        if (!log)
            continue;
        r = check_sct(&s, issuer, pl_buf_str(&tbs), log, err);
        *ret_log = log;
    }
    return r;
}
