/* Many literals in one pass over a block of bytes. Two implementations with this interface, chosen
 * by the build: literal_hs.c (vectorscan) and literal_ac.c (our Aho-Corasick). */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_FMT_LITERAL_H
#define PL_FMT_LITERAL_H

#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"

/* One literal, 2 to 255 bytes, not beginning with NUL; with `nocase` ASCII letters match in any
 * case. Its place in the array is its id. */
struct pl_literal {
    struct pl_str text;
    bool nocase;
};

struct pl_literals;         /* a compiled set; read-only, shared over fork */
struct pl_literals_scratch; /* what one scan at a time needs */

/* Called for each occurrence, in order of `end` (offset behind its last byte); two literals ending
 * at the same place come in any order. Non-zero stops the scan. */
typedef int pl_literal_fn(void *arg, uint32_t id, size_t end);

/* Compiles `n` (>= 1) literals; the array is not needed afterwards. Heap; pl_literals_free.
 * PL_E_USAGE names a literal that cannot be used. */
int pl_literals_new(const struct pl_literal *v, size_t n, struct pl_literals **ret,
                    struct pl_err *err);
/* A set from what pl_literals_save wrote. PL_E_UNSUP when it was written by another version or for
 * another kind of machine: compile instead. */
int pl_literals_load(const void *blob, size_t len, struct pl_literals **ret, struct pl_err *err);
/* Appends the compiled set to `out`, for a baseline machine of this architecture. */
int pl_literals_save(const struct pl_literals *l, struct pl_buf *out, struct pl_err *err);
/* Bytes of memory the set takes. */
size_t pl_literals_size(const struct pl_literals *l);
/* Frees; accepts NULL. */
void pl_literals_free(struct pl_literals *l);

/* Scratch for scans over `l`; heap, pl_literals_scratch_free (accepts NULL). */
int pl_literals_scratch_new(const struct pl_literals *l, struct pl_literals_scratch **ret,
                            struct pl_err *err);
void pl_literals_scratch_free(struct pl_literals_scratch *s);

/* Reports every occurrence in p[0, n). Not to be called again with the same scratch from within
 * `fn`. 0, or what `fn` returned; PL_E_LIMIT when n is 4 GiB or more. */
int pl_literals_scan(const struct pl_literals *l, struct pl_literals_scratch *s, const uint8_t *p,
                     size_t n, pl_literal_fn *fn, void *arg);

#endif
