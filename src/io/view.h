/* A peekable stream of bytes: look ahead without taking, then consume. Streams stack; whoever opens
 * a view closes it. Errors are sticky. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_IO_VIEW_H
#define PL_IO_VIEW_H

#include "base/err.h"
#include "base/str.h"

/* The most that anyone may ask to see at once: one scan window, its overlap and look-behind. */
#define PL_VIEW_MAX ((size_t)(1u << 20) + (64u << 10) + (8u << 10))

/* Invariant: p[0..n) are the next bytes; `off` is the offset of p[0] in this stream; with `eof`
 * nothing follows p[n). A pointer into p is valid until the next ahead on this view or on one below
 * it. Embed as first member of an implementation. */
struct pl_view {
    const uint8_t *p;
    size_t n;
    uint64_t off;
    bool eof;
    int failed;          /* the code of the first failure; every later fill returns it */
    struct pl_err error; /* its message */
    /* Makes n >= want (want <= PL_VIEW_MAX) or sets eof; called only when that is not so yet.
     * Returns 0 or a negative code. May read more than asked. `err` is never NULL. One that meets
     * damage behind enough good bytes sets `failed` and `error` itself and returns 0. */
    int (*fill)(struct pl_view *v, size_t want, struct pl_err *err);
    /* Optional: takes `n` bytes beyond what is buffered without reading them (a seek). Called by
     * pl_view_skip after it consumed what was buffered. */
    int (*skip)(struct pl_view *v, uint64_t n, struct pl_err *err);
    /* Releases what the implementation holds, the struct included if it is on the heap. */
    void (*close)(struct pl_view *v);
};

/* The slow half of pl_view_ahead: fills, and keeps a failure. */
int pl_view_refill(struct pl_view *v, size_t want, struct pl_err *err);

/* Tries to have `want` bytes at v->p. 0: v->n >= want, or all that is left (v->eof). Negative: the
 * stream broke; v->p[0..n) still holds what was read before. */
static inline int pl_view_ahead(struct pl_view *v, size_t want, struct pl_err *err)
{
    return v->n >= want || v->eof ? 0 : pl_view_refill(v, want, err);
}

/* Takes `n` <= v->n bytes. */
static inline void pl_view_consume(struct pl_view *v, size_t n)
{
    if (n) /* an empty view may have no bytes to point at */
        v->p += n;
    v->n -= n;
    v->off += n;
}

/* Takes exactly `n` bytes whatever is buffered; PL_E_FORMAT when the stream ends before (then all
 * that was there is taken). */
int pl_view_skip(struct pl_view *v, uint64_t n, struct pl_err *err);

/* Closes `v`; accepts NULL. */
void pl_view_close(struct pl_view *v);

/* A view on memory that outlives it; on the heap or, with `init`, in place (close does nothing). */
struct pl_view *pl_view_mem(const void *p, size_t n);
void pl_view_mem_init(struct pl_view *v, const void *p, size_t n);

/* At most `n` bytes of `under`, seen through: nothing is copied. Closing does not close `under` nor
 * skip what was not consumed. `under` must not be used meanwhile; pl_sub_sync() first. */
struct pl_sub {
    struct pl_view v;
    struct pl_view *under;
    uint64_t left;   /* bytes of `under` that may still be shown, from under->p on */
    uint64_t synced; /* v.off up to which `under` was told */
    bool short_read; /* `under` ended before `left` was used up */
};
/* Shows the next `n` bytes of `under`; nothing to release. */
void pl_sub_init(struct pl_sub *s, struct pl_view *under, uint64_t n);
/* Tells `under` what was consumed so far. After it `under` may be used and `s` asked again. */
void pl_sub_sync(struct pl_sub *s);

/* Reads `v` to its end or to `max` bytes into `b` (its own max counts too); PL_E_LIMIT if more
 * follows. */
struct pl_buf;
int pl_view_slurp(struct pl_view *v, struct pl_buf *b, size_t max, struct pl_err *err);

#endif
