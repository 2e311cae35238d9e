/* Content digests. OCI image-spec, descriptor.md, "Digests" and "Registered Algorithms". */
/* SPDX-License-Identifier: Apache-2.0 */
#include "oci/digest.h"

static const struct {
    const char *name;
    enum pl_hash_alg alg;
} algs[] = { { "sha256", PL_HASH_SHA256 }, { "sha512", PL_HASH_SHA512 } };

static bool lower_hex(struct pl_str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (!((s.p[i] >= '0' && s.p[i] <= '9') || (s.p[i] >= 'a' && s.p[i] <= 'f')))
            return false;
    return true;
}

int pl_digest_parse(struct pl_str s, struct pl_digest *ret, struct pl_err *err)
{
    size_t colon = pl_str_find(s, PL_S(":"), 0);
    if (colon == SIZE_MAX)
        return pl_fail(err, PL_E_FORMAT, "digest without algorithm");
    struct pl_str name = pl_str_sub(s, 0, colon), hex = pl_str_sub(s, colon + 1, s.n);
    for (size_t i = 0; i < sizeof algs / sizeof algs[0]; i++) {
        struct pl_digest d = { .set = true, .alg = algs[i].alg };
        size_t len = pl_hash_len(d.alg);
        if (!pl_str_is(name, algs[i].name))
            continue;
        if (hex.n != 2 * len)
            return pl_fail(err, PL_E_FORMAT, "%s digest with %zu digits instead of %zu",
                           algs[i].name, hex.n, 2 * len);
        if (!lower_hex(hex) || !pl_unhex(hex, d.b, len))
            return pl_fail(err, PL_E_FORMAT, "%s digest is not lower-case hex", algs[i].name);
        *ret = d;
        return 0;
    }
    return pl_fail(err, PL_E_FORMAT, "unknown digest algorithm");
}

bool pl_digest_eq(const struct pl_digest *a, const struct pl_digest *b)
{
    return a->set && b->set && a->alg == b->alg && memcmp(a->b, b->b, pl_hash_len(a->alg)) == 0;
}

static struct pl_str text(struct pl_arena *a, const struct pl_digest *d, const char *before,
                          char between)
{
    char hex[2 * PL_HASH_MAX + 1];
    if (!d->set)
        return (struct pl_str){ "", 0 };
    pl_hex(d->b, pl_hash_len(d->alg), hex);
    const char *name = d->alg == PL_HASH_SHA512 ? "sha512" : "sha256";
    return pl_printf(a, "%s%s%c%s", before, name, between, hex);
}

struct pl_str pl_digest_text(struct pl_arena *a, const struct pl_digest *d)
{
    return text(a, d, "", ':');
}

struct pl_str pl_digest_path(struct pl_arena *a, const struct pl_digest *d)
{
    return text(a, d, "blobs/", '/');
}
