/* cosign's key files. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "sign/keyfile.h"

#include <sys/random.h>

#include "base/hash.h"
#include "sign/pb.h"
#include "sign/pem.h"
#include "sign/sodium.h"

#define LABEL "ENCRYPTED SIGSTORE PRIVATE KEY"
#define LABEL_OLD "ENCRYPTED COSIGN PRIVATE KEY"
#define COST 65536u
#define SALT 32u

struct box {
    uint64_t cost;
    struct pl_str salt, nonce, text;
};

bool pl_keyfile_is(struct pl_str pem)
{
    return pl_str_find(pem, PL_S("-----BEGIN " LABEL "-----"), 0) != SIZE_MAX ||
           pl_str_find(pem, PL_S("-----BEGIN " LABEL_OLD "-----"), 0) != SIZE_MAX;
}

/* Costs are a closed list: others would be a way to keep us busy. */
static int read_kdf(const struct pl_json *o, struct pl_arena *a, struct box *ret,
                    struct pl_err *err)
{
    const struct pl_json *params = NULL;
    struct pl_str name = { 0 };
    uint64_t r8 = 0, p1 = 0;
    int r = pl_pb_str(o, "name", &name, err);
    if (r == 0 && !pl_str_is(name, "scrypt"))
        return pl_fail(err, PL_E_UNSUP, "key derivation is not scrypt");
    if (r == 0)
        r = pl_pb_bytes(o, "salt", a, &ret->salt, err);
    if (r == 0)
        r = pl_pb_object(o, "params", &params, err);
    if (r == 0 && !params)
        return pl_fail(err, PL_E_FORMAT, "no scrypt parameters");
    if (r == 0)
        r = pl_pb_uint(params, "N", &ret->cost, err);
    if (r == 0)
        r = pl_pb_uint(params, "r", &r8, err);
    if (r == 0)
        r = pl_pb_uint(params, "p", &p1, err);
    if (r < 0)
        return r;
    if ((ret->cost != 32768 && ret->cost != 65536 && ret->cost != 131072) || r8 != 8 || p1 != 1)
        return pl_fail(err, PL_E_UNSUP, "scrypt parameters that are not allowed");
    return ret->salt.n == SALT ? 0 : pl_fail(err, PL_E_FORMAT, "salt of a wrong length");
}

static int read_cipher(const struct pl_json *o, struct pl_arena *a, struct box *ret,
                       struct pl_err *err)
{
    struct pl_str name = { 0 };
    int r = pl_pb_str(o, "name", &name, err);
    if (r == 0 && !pl_str_is(name, "nacl/secretbox"))
        return pl_fail(err, PL_E_UNSUP, "cipher is not nacl/secretbox");
    if (r == 0)
        r = pl_pb_bytes(o, "nonce", a, &ret->nonce, err);
    if (r == 0 && ret->nonce.n != PL_BOX_NONCE)
        return pl_fail(err, PL_E_FORMAT, "nonce of a wrong length");
    return r;
}

static int read_box(struct pl_str text, struct pl_arena *a, struct box *ret, struct pl_err *err)
{
    struct pl_json *o = NULL;
    const struct pl_json *kdf = NULL, *cipher = NULL;
    int r = pl_json_parse(text, 16, &o, err);
    if (r == 0)
        r = pl_pb_object(o, "kdf", &kdf, err);
    if (r == 0)
        r = pl_pb_object(o, "cipher", &cipher, err);
    if (r == 0)
        r = pl_pb_bytes(o, "ciphertext", a, &ret->text, err);
    if (r == 0 && (!kdf || !cipher || ret->text.n < PL_BOX_TAG))
        r = pl_fail(err, PL_E_FORMAT, "something is missing");
    if (r == 0)
        r = read_kdf(kdf, a, ret, err);
    if (r == 0)
        r = read_cipher(cipher, a, ret, err);
    pl_json_free(o);
    return r;
}

static int open_box(const struct box *box, struct pl_str password, struct pl_privkey **ret,
                    struct pl_err *err)
{
    uint8_t key[PL_BOX_KEY];
    struct pl_buf plain = { 0 };
    size_t n = box->text.n - PL_BOX_TAG;
    uint8_t *out = pl_buf_room(&plain, n + 1, err);
    if (!out)
        return PL_E_NOMEM;
    pl_scrypt(password.p, password.n, box->salt.p, box->salt.n, box->cost, key);
    int r = pl_box_open(key, (const uint8_t *)box->nonce.p, box->text, out, err);
    plain.n = n;
    if (r == 0)
        r = pl_privkey_pkcs8(pl_buf_str(&plain), ret, err);
    pl_wipe(key, sizeof key);
    pl_buf_wipe(&plain);
    return r;
}

int pl_keyfile_open(struct pl_str pem, struct pl_str password, struct pl_privkey **ret,
                    struct pl_err *err)
{
    struct pl_arena a = { 0 };
    struct pl_pem block;
    struct box box = { 0 };
    int r = pl_sodium_library()
                ? pl_pem_next(&pem, &a, &block, err)
                : pl_fail(err, PL_E_UNSUP, "this build lacks libsodium (option 'sign')");
    if (r == 0 && !pl_str_is(block.label, LABEL) && !pl_str_is(block.label, LABEL_OLD))
        r = pl_fail(err, PL_E_FORMAT, "no encrypted private key");
    if (r == 0)
        r = read_box(block.body, &a, &box, err);
    if (r == 0)
        r = open_box(&box, password, ret, err);
    pl_arena_release(&a);
    return r < 0 ? pl_wrap(err, "key file") : 0;
}

static void random_bytes(uint8_t *p, size_t n)
{
    if (getrandom(p, n, 0) != (ssize_t)n)
        pl_bug("no random bytes");
}

static void write_json(const uint8_t *salt, const uint8_t *nonce, struct pl_str text,
                       struct pl_buf *out)
{
    struct pl_arena a = { 0 };
    pl_buf_printf(
        out,
        "{\"kdf\":{\"name\":\"scrypt\",\"params\":{\"N\":%u,\"r\":8,\"p\":1},\"salt\":\"%s\"},"
        "\"cipher\":{\"name\":\"nacl/secretbox\",\"nonce\":\"%s\"},\"ciphertext\":\"%s\"}",
        COST, pl_base64_text(pl_str_n(salt, SALT), &a).p,
        pl_base64_text(pl_str_n(nonce, PL_BOX_NONCE), &a).p, pl_base64_text(text, &a).p);
    pl_arena_release(&a);
}

int pl_keyfile_write(const struct pl_privkey *k, struct pl_str password, struct pl_buf *b,
                     struct pl_err *err)
{
    uint8_t key[PL_BOX_KEY], salt[SALT], nonce[PL_BOX_NONCE];
    struct pl_buf plain = { 0 };
    pl_auto_buf struct pl_buf sealed = { 0 }, json = { 0 };
    int r = pl_privkey_der(k, &plain, err);
    void *out = r == 0 ? pl_buf_room(&sealed, plain.n + PL_BOX_TAG, err) : NULL;
    if (r == 0 && !out)
        r = PL_E_NOMEM;
    if (r == 0) {
        random_bytes(salt, sizeof salt);
        random_bytes(nonce, sizeof nonce);
        pl_scrypt(password.p, password.n, salt, sizeof salt, COST, key);
        r = pl_box_seal(key, nonce, pl_buf_str(&plain), out, err);
        sealed.n = plain.n + PL_BOX_TAG;
        pl_wipe(key, sizeof key);
    }
    pl_buf_wipe(&plain);
    if (r < 0)
        return r;
    write_json(salt, nonce, pl_buf_str(&sealed), &json);
    pl_pem_write(b, LABEL, pl_buf_str(&json));
    return 0;
}
