/* Arenas. With PL_DEBUG_ARENA each allocation is a block of its own, so that sanitizers see
 * one-byte overflows. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "base/arena.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/err.h"

struct pl_arena_block {
    struct pl_arena_block *next;
    size_t cap, used;
    _Alignas(16) char data[];
};

#ifdef PL_DEBUG_ARENA
#define BLOCK_FIRST 0u
#define BLOCK_MIN 0u
#else
#define BLOCK_FIRST 2048u /* there are thousands of arenas with little in each */
#define BLOCK_MIN 16384u
#endif

void *pl_alloc(struct pl_arena *a, size_t n)
{
    if (n > SIZE_MAX / 2)
        pl_oom();
    size_t want = n ? (n + 15) & ~(size_t)15 : 16;
    struct pl_arena_block *b = a->head;
    if (!b || b->cap - b->used < want) {
        size_t cap = !b ? BLOCK_FIRST : b->cap < 1u << 20 ? b->cap * 2 : BLOCK_MIN;
        if (cap < want || !BLOCK_MIN)
            cap = BLOCK_MIN ? want : n ? n : 1;
        b = malloc(sizeof *b + (cap > want ? cap : BLOCK_MIN ? want : cap));
        if (!b)
            pl_oom();
        b->next = a->head;
        b->cap = cap > want ? cap : want;
        b->used = 0;
        a->head = b;
    }
    void *p = b->data + b->used;
    b->used += want;
    a->total += want;
    return memset(p, 0, n);
}

void *pl_alloc_n(struct pl_arena *a, size_t count, size_t size)
{
    size_t n;
    if (__builtin_mul_overflow(count, size, &n))
        pl_oom();
    return pl_alloc(a, n);
}

struct pl_str pl_dup(struct pl_arena *a, struct pl_str s)
{
    char *p = pl_alloc(a, s.n + 1);
    if (s.n)
        memcpy(p, s.p, s.n);
    return (struct pl_str){ p, s.n };
}

struct pl_str pl_printf(struct pl_arena *a, const char *fmt, ...)
{
    va_list ap, ap2;
    va_start(ap, fmt);
    va_copy(ap2, ap);
    int n = vsnprintf(NULL, 0, fmt, ap);
    va_end(ap);
    if (n < 0)
        pl_oom();
    char *p = pl_alloc(a, (size_t)n + 1);
    vsnprintf(p, (size_t)n + 1, fmt, ap2);
    va_end(ap2);
    return (struct pl_str){ p, (size_t)n };
}

void pl_arena_reset(struct pl_arena *a)
{
    if (!a->head)
        return;
    if (!BLOCK_MIN) {
        pl_arena_release(a);
        return;
    }
    struct pl_arena_block *keep = a->head, *b = keep->next;
    while (b) {
        struct pl_arena_block *next = b->next;
        free(b);
        b = next;
    }
    keep->next = NULL;
    keep->used = 0;
    a->total = 0;
    if (keep->cap > 256u * 1024) { /* one large entry must not keep its memory for ever */
        free(keep);
        a->head = NULL;
    }
}

void pl_arena_release(struct pl_arena *a)
{
    while (a->head) {
        struct pl_arena_block *next = a->head->next;
        free(a->head);
        a->head = next;
    }
    a->total = 0;
}
