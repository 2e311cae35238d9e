/* Content digests: "ALG:HEX" at the edges, bytes inside. OCI image-spec, descriptor.md "Digests".
 */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_OCI_DIGEST_H
#define PL_OCI_DIGEST_H

#include "base/arena.h"
#include "base/err.h"
#include "base/hash.h"
#include "base/str.h"

struct pl_digest {
    bool set;             /* false: no digest */
    enum pl_hash_alg alg; /* sha256 or sha512 */
    uint8_t b[PL_HASH_MAX];
};

/* Strict: known algorithm, right length, lower-case hex; checked before any use in a path or URL
 * (hazard H7). PL_E_FORMAT. */
int pl_digest_parse(struct pl_str s, struct pl_digest *ret, struct pl_err *err);
/* Equal algorithm and bytes, both set. */
bool pl_digest_eq(const struct pl_digest *a, const struct pl_digest *b);
/* "sha256:hex" in `a`; empty when not set. */
struct pl_str pl_digest_text(struct pl_arena *a, const struct pl_digest *d);
/* "blobs/sha256/hex" in `a`. */
struct pl_str pl_digest_path(struct pl_arena *a, const struct pl_digest *d);

#endif
