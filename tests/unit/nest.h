/* For tests of nested readers: reads one container from memory and writes down what it gave. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TEST_NEST_H
#define TEST_NEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/buf.h"
#include "io/nested.h"

#define WHOLE_MAX ((size_t)8 << 20)

/* A run: `log` gets a line "name|detail|body" per member and "!code|name|message" per note. */
struct nest {
    struct pl_buf log;
    struct pl_limits limits;
    size_t whole_max;
    uint64_t total;
    unsigned members, notes;
    unsigned depth;     /* open members that are containers, this deep */
    bool no_body;       /* leave bodies unread */
    unsigned cancel_at; /* stop at the n-th member */
    const char *path;
};

static inline void nest_init(struct nest *t)
{
    *t = (struct nest){ .whole_max = WHOLE_MAX, .path = "file" };
    pl_limits_init(&t->limits);
}

static inline int nest_read(struct nest *t, struct pl_view *in, struct pl_err *err);

static inline int nest_member(void *arg, struct pl_member *m)
{
    struct nest *t = arg;
    t->members++;
    pl_buf_printf(&t->log, "%.*s|%.*s|", PL_FMT(m->name), PL_FMT(m->detail));
    if (t->cancel_at == t->members)
        return 1;
    if (!m->body) {
        pl_buf_puts(&t->log, "-\n");
        return 0;
    }
    if (t->no_body) {
        pl_buf_putc(&t->log, '\n');
        return 0;
    }
    if (t->depth) {
        struct pl_str was = pl_str_c(t->path);
        char name[256];
        snprintf(name, sizeof name, "%.*s", PL_FMT(m->name));
        pl_view_ahead(m->body, 512, NULL);
        if (pl_nested_probe(m->body->p, m->body->n < 512 ? m->body->n : 512, m->name)) {
            pl_buf_puts(&t->log, ">\n");
            t->path = name;
            t->depth--;
            nest_read(t, m->body, NULL);
            t->depth++;
            t->path = was.p;
            return 0;
        }
    }
    for (;;) {
        int r = pl_view_ahead(m->body, 1000, NULL);
        size_t n = m->body->n < 1000 ? m->body->n : 1000;
        pl_buf_putn(&t->log, m->body->p, n);
        pl_view_consume(m->body, n);
        if (r < 0 || n == 0)
            break;
    }
    pl_buf_putc(&t->log, '\n');
    return 0;
}

static inline void nest_note(void *arg, const char *code, struct pl_str name, const char *message)
{
    struct nest *t = arg;
    t->notes++;
    pl_buf_printf(&t->log, "!%s|%.*s|%s\n", code, PL_FMT(name), message);
}

static inline int nest_read(struct nest *t, struct pl_view *in, struct pl_err *err)
{
    struct pl_nested_opts o = { .limits = &t->limits,
                                .path = pl_str_c(t->path),
                                .whole_max = t->whole_max,
                                .total = &t->total };
    struct pl_nested_sink sink = { nest_member, nest_note, t };
    pl_view_ahead(in, 512, NULL);
    const struct pl_nested *k = pl_nested_probe(in->p, in->n < 512 ? in->n : 512, o.path);
    if (!k)
        return 99;
    return k->read(in, &o, &sink, err);
}

/* Reads `n` bytes at `p`; the log is NUL-terminated. */
static inline int nest_run(struct nest *t, const void *p, size_t n)
{
    struct pl_view v;
    pl_view_mem_init(&v, p, n);
    int r = nest_read(t, &v, NULL);
    pl_buf_putc(&t->log, '\0');
    t->log.n--;
    return r;
}

static inline void nest_free(struct nest *t)
{
    pl_buf_release(&t->log);
}

/* A view that gives `n` bytes at `p` in pieces of `piece` at least, then fails with `fail` or ends.
 */
struct slow {
    struct pl_view v;
    const uint8_t *all;
    size_t n, piece;
    int fail;
};

static inline int slow_fill(struct pl_view *v, size_t want, struct pl_err *err)
{
    struct slow *s = (struct slow *)v;
    size_t more = want > v->n + s->piece ? want : v->n + s->piece;
    size_t left = s->n - (size_t)v->off;
    v->p = s->all + v->off;
    if (more < left) {
        v->n = more;
        return 0;
    }
    v->n = left;
    if (s->fail)
        return pl_fail(err, s->fail, "the stream broke");
    v->eof = true;
    return 0;
}

static inline void slow_init(struct slow *s, const void *p, size_t n, size_t piece, int fail)
{
    *s =
        (struct slow){ .v = { .fill = slow_fill }, .all = p, .n = n, .piece = piece, .fail = fail };
}

#define assert_has(log, text) assert_non_null(memmem((log).p, (log).n, text, strlen(text)))
#define assert_lacks(log, text) assert_null(memmem((log).p, (log).n, text, strlen(text)))

#endif
