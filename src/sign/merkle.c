/* Merkle tree proofs, RFC 6962 section 2.1 (verification as in RFC 9162, 2.1.3.2). */
/* SPDX-License-Identifier: Apache-2.0 */
#include "base/hash.h"
#include "sign/tlog.h"

void pl_merkle_leaf(struct pl_str body, uint8_t out[32])
{
    struct pl_hash *h = pl_hash_new(PL_HASH_SHA256);
    pl_hash_add(h, "\0", 1);
    pl_hash_add(h, body.p, body.n);
    pl_hash_end(h, out);
    pl_hash_free(h);
}

static void node(const uint8_t *left, const uint8_t *right, uint8_t out[32])
{
    uint8_t buf[65] = { 1 };
    memcpy(buf + 1, left, 32);
    memcpy(buf + 33, right, 32);
    pl_sha256(buf, sizeof buf, out);
}

int pl_merkle_root(const uint8_t leaf[32], uint64_t index, uint64_t size, const struct pl_str *path,
                   size_t n, uint8_t out[32], struct pl_err *err)
{
    uint64_t at = index, last = size - 1;
    uint8_t r[32];
    if (index >= size)
        return pl_fail(err, PL_E_SIG, "inclusion proof for an entry beyond the tree");
    memcpy(r, leaf, 32);
    for (size_t i = 0; i < n; i++) {
        const uint8_t *p = (const uint8_t *)path[i].p;
        if (last == 0)
            return pl_fail(err, PL_E_SIG, "inclusion proof is too long");
        if ((at & 1) || at == last) {
            node(p, r, r);
            while (!(at & 1) && at) {
                at >>= 1;
                last >>= 1;
            }
        } else {
            node(r, p, r);
        }
        at >>= 1;
        last >>= 1;
    }
    if (last)
        return pl_fail(err, PL_E_SIG, "inclusion proof is too short");
    memcpy(out, r, 32);
    return 0;
}
