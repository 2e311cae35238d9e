/* Arenas: memory that is given back all at once. The parameter shows where a result lives. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_BASE_ARENA_H
#define PL_BASE_ARENA_H

#include "base/str.h"

struct pl_arena_block;

/* Zero-initialised it is ready. `total` counts bytes handed out since the last reset. */
struct pl_arena {
    struct pl_arena_block *head;
    size_t total;
};

/* `n` zeroed bytes, aligned for any type; lives until reset or release. Ends the process when
 * memory is gone (pl_oom), so sizes derived from input pass a limit first. */
void *pl_alloc(struct pl_arena *a, size_t n);
/* `count` zeroed elements of `size` bytes; checks the product. */
void *pl_alloc_n(struct pl_arena *a, size_t count, size_t size);
/* A copy of `s`, with a NUL behind it that is not counted. */
struct pl_str pl_dup(struct pl_arena *a, struct pl_str s);
/* A formatted copy, NUL-terminated. */
struct pl_str pl_printf(struct pl_arena *a, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
/* Empties the arena; keeps one block for reuse. */
void pl_arena_reset(struct pl_arena *a);
/* Gives everything back; the arena is empty and usable after it. */
void pl_arena_release(struct pl_arena *a);

/* One new zeroed object of `type` in arena `a`. */
#define PL_NEW(a, type) ((type *)pl_alloc((a), sizeof(type)))

#endif
