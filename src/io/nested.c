/* Choice of the reader of a nested container, and what all readers share. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "io/nested_int.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <time.h>

#include "fmt/sqlite.h"
#include "io/nested_late.h"

#define PL_NESTED(name) extern const struct pl_nested pl_nested_##name;
#include "io/nested.list"
#undef PL_NESTED

const struct pl_nested *const pl_nesteds[] = {
#define PL_NESTED(name) &pl_nested_##name,
#include "io/nested.list"
#undef PL_NESTED
    NULL,
};

/* What is seen without being copied: little, since `in` may be one of many views over views, each
 * with bytes of its own to keep before and behind. */
#define SHOWN ((size_t)64 << 10)

void pl_nested_load(void)
{
    pl_arc_load(NULL); /* without it each container that needs it is noted */
}

void pl_nested_init(void)
{
    pl_nested_load();
    pl_nested_zone();
    tzset();
    pl_nested_locale();
    pl_sqlite_init();
}

const struct pl_nested *pl_nested_probe(const uint8_t *p, size_t n, struct pl_str path)
{
    const struct pl_nested *best = NULL;
    unsigned most = 0;
    if (n == 0)
        return NULL;
    for (const struct pl_nested *const *k = pl_nesteds; *k; k++) {
        unsigned bits = (*k)->bid(p, n, path);
        if (bits > most) {
            most = bits;
            best = *k;
        }
    }
    return best;
}

void pl_nest_init(struct pl_nest *n, struct pl_view *in, const struct pl_nested_opts *o,
                  struct pl_nested_sink *sink)
{
    *n = (struct pl_nest){ .in = in, .o = o, .sink = sink };
}

void pl_nest_release(struct pl_nest *n)
{
    pl_buf_release(&n->hold);
    if (n->large)
        n->o->large(n->o->large_arg, false);
}

void pl_nest_note(struct pl_nest *n, const char *code, struct pl_str name, const char *fmt, ...)
{
    char msg[512];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(msg, sizeof msg, fmt, ap);
    va_end(ap);
    n->sink->note(n->sink->arg, code, name, msg);
}

int pl_nest_trip(struct pl_nest *n, const char *limit, uint64_t value, struct pl_err *err)
{
    if (!n->tripped)
        pl_nest_note(n, "nested-limit", n->name, "limit '%s' reached: %" PRIu64, limit, value);
    n->tripped = true;
    return pl_fail(err, PL_E_LIMIT, "limit '%s' reached: %" PRIu64, limit, value);
}

int pl_nest_charge(struct pl_nest *n, uint64_t bytes, struct pl_err *err)
{
    const struct pl_limits *l = n->o->limits;
    n->out += bytes;
    if (n->o->total) {
        *n->o->total += bytes;
        if (*n->o->total > l->nested_total)
            return pl_nest_trip(n, "nested-total", l->nested_total, err);
    }
    uint64_t in = n->in->off + n->in->n, max;
    if (__builtin_mul_overflow(in, l->nested_ratio, &max) ||
        __builtin_add_overflow(max, l->nested_out, &max))
        max = UINT64_MAX;
    if (n->out > max)
        return pl_nest_trip(n, "nested-out", max, err);
    return 0;
}

int pl_nest_whole(struct pl_nest *n, struct pl_str *ret, struct pl_err *err)
{
    size_t max = n->o->whole_max;
    int r = pl_view_ahead(n->in, max < SHOWN ? max + 1 : SHOWN, err);
    if (r < 0)
        return r;
    if (n->in->n <= max && n->in->eof) {
        *ret = pl_str_n(n->in->p, n->in->n);
        return 0;
    }
    n->hold.max = max + 1;
    r = pl_view_slurp(n->in, &n->hold, max, err);
    if (r < 0)
        return r;
    *ret = pl_buf_str(&n->hold);
    return 0;
}

int pl_nest_need_whole(struct pl_nest *n, struct pl_str *ret, struct pl_err *err)
{
    size_t max = n->o->whole_max;
    int r = pl_nest_whole(n, ret, err);
    if (r != PL_E_LIMIT || n->in->failed)
        return r;
    if (n->o->large && n->o->limits->window > max && n->o->large(n->o->large_arg, true)) {
        n->large = true;
        max = n->o->limits->window < SIZE_MAX / 2 ? (size_t)n->o->limits->window : SIZE_MAX / 2;
        n->hold.max = max + 1;
        r = pl_view_slurp(n->in, &n->hold, max - n->hold.n, err);
        *ret = pl_buf_str(&n->hold);
        if (r != PL_E_LIMIT || n->in->failed)
            return r;
    }
    pl_nest_note(n, "nested-limit", PL_S(""), "whole-file format above %zu bytes", max);
    return 1;
}

/* What a broken body means for the container. */
static int body_failed(struct pl_nest *n, struct pl_str name, const struct pl_view *body,
                       struct pl_err *err)
{
    if (n->in->failed) {
        if (err)
            *err = n->in->error;
        return n->in->failed;
    }
    switch (body->failed) {
    case PL_E_LIMIT:
        if (!n->tripped)
            pl_nest_note(n, "nested-limit", name, "%s", body->error.msg);
        break;
    case PL_E_UNSUP:
        pl_nest_note(n, "unknown-codec", name, "%s", body->error.msg);
        break;
    default:
        pl_nest_note(n, "nested-damaged", name, "%s", body->error.msg);
    }
    return n->tripped;
}

static int offer(struct pl_nest *n, struct pl_str name, struct pl_str detail, struct pl_view *body,
                 bool text, struct pl_err *err)
{
    struct pl_member m = {
        .name = name, .detail = detail, .body = body, .text = text, .raw_too = n->raw_too
    };
    n->name = name;
    int r = n->sink->member(n->sink->arg, &m);
    n->name = PL_S("");
    if (r)
        return pl_fail(err, PL_E_CANCEL, "cancelled");
    if (body && body->failed)
        return body_failed(n, name, body, err);
    return n->tripped;
}

int pl_nest_member(struct pl_nest *n, struct pl_str name, struct pl_str detail,
                   struct pl_view *body, bool text, struct pl_err *err)
{
    if (++n->members > n->o->limits->nested_members) {
        pl_nest_trip(n, "nested-members", n->o->limits->nested_members, NULL);
        return 1;
    }
    return offer(n, name, detail, body, text, err);
}

int pl_nest_text(struct pl_nest *n, struct pl_str name, struct pl_str detail, struct pl_str body,
                 bool text, struct pl_err *err)
{
    struct pl_view v;
    if (pl_nest_charge(n, body.n, NULL) < 0)
        return 1;
    pl_view_mem_init(&v, body.p, body.n);
    return offer(n, name, detail, &v, text, err);
}

static int pull_fill(struct pl_view *v, size_t want, struct pl_err *err)
{
    struct pl_pull *p = (struct pl_pull *)v;
    struct pl_buf *b = &p->buf;
    if (v->n && v->p != (const uint8_t *)b->p)
        memmove(b->p, v->p, v->n);
    b->n = v->n;
    v->p = (const uint8_t *)b->p;
    while (v->n < want) {
        size_t step = b->cap > b->n ? b->cap - b->n : b->n ? b->n : 16384;
        void *at = pl_buf_room(b, step, err);
        if (!at)
            return PL_E_NOMEM;
        v->p = (const uint8_t *)b->p;
        int64_t got = p->more(p->arg, at, step, err);
        if (got < 0)
            return (int)got;
        v->eof = got == 0;
        if (v->eof)
            break;
        b->n += (size_t)got;
        v->n = b->n;
        int r = pl_nest_charge(p->nest, (uint64_t)got, err);
        if (r < 0)
            return r;
    }
    return 0;
}

static void nothing(struct pl_view *v)
{
    (void)v;
}

void pl_pull_begin(struct pl_pull *p, struct pl_nest *nest, pl_pull_fn *more, void *arg)
{
    const char *at = p->buf.p ? p->buf.p : "";
    p->v = (struct pl_view){ .p = (const uint8_t *)at, .fill = pull_fill, .close = nothing };
    p->nest = nest;
    p->more = more;
    p->arg = arg;
    p->buf.n = 0;
    p->buf.max = 4 * PL_VIEW_MAX;
}

void pl_pull_release(struct pl_pull *p)
{
    pl_buf_release(&p->buf);
}

void pl_thru_end(struct pl_thru *t)
{
    if (t->v.off > t->synced)
        pl_view_consume(t->under, (size_t)(t->v.off - t->synced));
    t->synced = t->v.off;
}

static int thru_fill(struct pl_view *v, size_t want, struct pl_err *err)
{
    struct pl_thru *t = (struct pl_thru *)v;
    pl_thru_end(t);
    int r = pl_view_ahead(t->under, want, err);
    if (t->under->n)
        v->p = t->under->p;
    v->n = t->under->n;
    v->eof = t->under->eof;
    uint64_t seen = v->off + v->n;
    if (seen > t->charged) {
        int r2 = pl_nest_charge(t->nest, seen - t->charged, r < 0 ? NULL : err);
        t->charged = seen;
        if (r == 0)
            r = r2;
    }
    return r;
}

void pl_thru_init(struct pl_thru *t, struct pl_nest *nest, struct pl_view *under)
{
    *t = (struct pl_thru){ .v = { .p = (const uint8_t *)"", .fill = thru_fill, .close = nothing },
                           .nest = nest,
                           .under = under };
}
