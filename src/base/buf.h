/* A growable byte buffer that is born with its maximum. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_BASE_BUF_H
#define PL_BASE_BUF_H

#include "base/err.h"
#include "base/str.h"

/* p[0..n) is content; owned by the buffer. `max` is the largest n; 0 means 1 GiB. */
struct pl_buf {
    char *p;
    size_t n, cap, max;
};

/* Appends; PL_E_LIMIT beyond `max`, PL_E_NOMEM when memory is gone; unchanged on failure. */
int pl_buf_add(struct pl_buf *b, const void *p, size_t n, struct pl_err *err);
/* Makes room for `n` more bytes and returns their place (caller adds to b->n), or NULL with err. */
void *pl_buf_room(struct pl_buf *b, size_t n, struct pl_err *err);
/* Append text for our own output; end the process when memory is gone. */
void pl_buf_puts(struct pl_buf *b, const char *s);
void pl_buf_putc(struct pl_buf *b, char c);
void pl_buf_putn(struct pl_buf *b, const void *p, size_t n);
void pl_buf_printf(struct pl_buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Empties, keeps the memory. */
void pl_buf_clear(struct pl_buf *b);
/* Frees; zero-initialised again, `max` kept. Accepts an empty one. */
void pl_buf_release(struct pl_buf *b);

/* The content as a view, valid until the next change. */
static inline struct pl_str pl_buf_str(const struct pl_buf *b)
{
    return (struct pl_str){ b->p ? b->p : "", b->n };
}

#define pl_auto_buf __attribute__((cleanup(pl_buf_release)))

#endif
