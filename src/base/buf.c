/* Growable byte buffer with a maximum. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

void *pl_buf_room(struct pl_buf *b, size_t n, struct pl_err *err)
{
    size_t max = b->max ? b->max : (size_t)1 << 30;
    if (n > max || b->n > max - n) {
        pl_fail(err, PL_E_LIMIT, "more than %zu bytes", max);
        return NULL;
    }
    if (b->cap - b->n < n) {
        size_t cap = b->cap ? b->cap : 256;
        while (cap - b->n < n)
            cap *= 2;
        char *p = realloc(b->p, cap);
        if (!p) {
            pl_fail(err, PL_E_NOMEM, "out of memory");
            return NULL;
        }
        b->p = p;
        b->cap = cap;
    }
    return b->p + b->n;
}

int pl_buf_add(struct pl_buf *b, const void *p, size_t n, struct pl_err *err)
{
    if (n == 0)
        return 0;
    struct pl_err local;
    struct pl_err *e = err ? err : &local;
    void *at = pl_buf_room(b, n, e);
    if (!at)
        return e->code;
    memcpy(at, p, n);
    b->n += n;
    return 0;
}

void pl_buf_putn(struct pl_buf *b, const void *p, size_t n)
{
    if (pl_buf_add(b, p, n, NULL) < 0)
        pl_oom();
}

void pl_buf_puts(struct pl_buf *b, const char *s)
{
    pl_buf_putn(b, s, strlen(s));
}

void pl_buf_putc(struct pl_buf *b, char c)
{
    if (b->n < b->cap && (!b->max || b->n < b->max))
        b->p[b->n++] = c;
    else
        pl_buf_putn(b, &c, 1);
}

void pl_buf_printf(struct pl_buf *b, const char *fmt, ...)
{
    va_list ap, ap2;
    va_start(ap, fmt);
    va_copy(ap2, ap);
    int n = vsnprintf(NULL, 0, fmt, ap);
    va_end(ap);
    char *at = n < 0 ? NULL : pl_buf_room(b, (size_t)n + 1, NULL);
    if (!at)
        pl_oom();
    vsnprintf(at, (size_t)n + 1, fmt, ap2);
    va_end(ap2);
    b->n += (size_t)n;
}

void pl_buf_clear(struct pl_buf *b)
{
    b->n = 0;
}

void pl_buf_release(struct pl_buf *b)
{
    free(b->p);
    b->p = NULL;
    b->n = b->cap = 0;
}
