/* Views on bytes (struct pl_str) and what is done with them. A view never owns and may hold NUL.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_BASE_STR_H
#define PL_BASE_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct pl_str {
    const char *p;
    size_t n;
};

/* For printf's "%.*s". */
#define PL_FMT(s) (int)(s).n, (s).p
/* A view on a string literal. */
#define PL_S(lit) ((struct pl_str){ "" lit, sizeof(lit) - 1 })

/* A view on the NUL-terminated `c`; an empty view for NULL. */
static inline struct pl_str pl_str_c(const char *c)
{
    return c ? (struct pl_str){ c, strlen(c) } : (struct pl_str){ "", 0 };
}

/* A view on `n` bytes at `p`. */
static inline struct pl_str pl_str_n(const void *p, size_t n)
{
    return (struct pl_str){ (const char *)p, n };
}

/* Bytewise equality. */
static inline bool pl_str_eq(struct pl_str a, struct pl_str b)
{
    return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

/* Equality with a C string. */
static inline bool pl_str_is(struct pl_str a, const char *c)
{
    return pl_str_eq(a, pl_str_c(c));
}

/* Bytewise order; a prefix sorts before what it begins. Returns <0, 0, >0. */
int pl_str_cmp(struct pl_str a, struct pl_str b);
/* Does `s` begin (end) with `with`? */
bool pl_str_starts(struct pl_str s, struct pl_str with);
bool pl_str_ends(struct pl_str s, struct pl_str with);
/* As the two above, ASCII letters in any case. */
bool pl_str_ieq(struct pl_str a, struct pl_str b);
bool pl_str_iends(struct pl_str s, struct pl_str with);
/* The bytes from `from` on, at most `n`; both are clamped to `s`. */
struct pl_str pl_str_sub(struct pl_str s, size_t from, size_t n);
/* Offset of the first `needle` in `s` at or after `from`, or SIZE_MAX. */
size_t pl_str_find(struct pl_str s, struct pl_str needle, size_t from);
/* Cuts at the first `sep`: *ret_head is what stands before it, *s what follows. False when `s` was
 * empty (p == NULL after the last piece). */
bool pl_str_split(struct pl_str *s, char sep, struct pl_str *ret_head);
/* Without ASCII white space at both ends. */
struct pl_str pl_str_trim(struct pl_str s);
/* Decimal digits only, no sign, no blanks; false on anything else or overflow. */
bool pl_str_u64(struct pl_str s, uint64_t *ret);

/* Writes 2 × n lower-case hex digits and a NUL to `out`. */
void pl_hex(const uint8_t *in, size_t n, char *out);
/* Decodes exactly `n` bytes from 2 × n hex digits (either case); false if any is none. */
bool pl_unhex(struct pl_str in, uint8_t *out, size_t n);

/* 64-bit hash of bytes (FNV-1a folded), the same everywhere; names that others choose can be made
 * to collide, so tables salt their own (map.c). */
uint64_t pl_str_hash(struct pl_str s);

#endif
