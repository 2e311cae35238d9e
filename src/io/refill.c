/* The buffer between a decoder and its reader: pieces small enough to stay in the cache while they
 * are hashed, and the check of the two limits after each. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "io/refill.h"

#include <inttypes.h>
#include <stdlib.h>

/* A normal portion: large against the cost of a call of igzip, which copies 64 KiB each time, small
 * against the second-level cache. */
#define PIECE ((size_t)256 << 10)
/* For a reader of large windows: no more than this is decoded beyond what it asked for, since
 * what is left over has to be moved. */
#define PIECE_MIN ((size_t)64 << 10)

/* Room for `want` bytes and one piece at the front of the buffer, the unread bytes moved there. */
static int make_room(struct pl_refill *r, size_t want, struct pl_err *err)
{
    size_t cap = (want < PIECE_MIN ? PIECE_MIN : want) + PIECE;
    if (r->cap >= cap) {
        memmove(r->buf, r->v.p, r->v.n);
        r->v.p = r->buf;
        return 0;
    }
    uint8_t *buf = malloc(cap);
    if (!buf)
        return pl_fail(err, PL_E_NOMEM, "%s: out of memory", r->id);
    if (r->v.n)
        memcpy(buf, r->v.p, r->v.n);
    free(r->buf);
    r->v.p = r->buf = buf;
    r->cap = cap;
    return 0;
}

static int check_bomb(struct pl_refill *r, struct pl_err *err)
{
    uint64_t in = r->in->off - r->start, max;
    if (r->out <= r->o.out_base)
        return 0;
    if (__builtin_mul_overflow(in, r->o.out_ratio, &max) ||
        __builtin_add_overflow(max, r->o.out_base, &max) || r->out <= max)
        return 0;
    return pl_fail(err, PL_E_LIMIT, "%s: %" PRIu64 " bytes out of %" PRIu64 " (limit %s)", r->id,
                   r->out, in, r->o.limit_name ? r->o.limit_name : "out");
}

/* Decodes up to `room` bytes behind those that are there. */
static int piece(struct pl_refill *r, size_t room, struct pl_err *err)
{
    uint8_t *at = r->buf + r->v.n;
    size_t made = 0;
    int rc = 0;
    while (made < room && rc == 0) {
        size_t n = 0;
        rc = r->step(r, at + made, room - made, &n, err);
        made += n;
    }
    if (made > 0 && r->o.fresh)
        r->o.fresh(r->o.arg, at, made);
    r->v.n += made;
    r->out += made;
    if (rc < 0)
        return rc;
    r->ended = rc > 0;
    return check_bomb(r, err);
}

static int refill_fill(struct pl_view *v, size_t want, struct pl_err *err)
{
    struct pl_refill *r = (struct pl_refill *)v;
    int rc = make_room(r, want, err);
    size_t least = want > PIECE ? PIECE_MIN : PIECE;
    while (rc == 0 && v->n < want && !r->ended) {
        size_t room = want - v->n < least ? least : want - v->n;
        rc = piece(r, room < PIECE ? room : PIECE, err);
    }
    v->eof = r->ended && rc == 0;
    if (rc < 0 && v->n >= want) { /* first what is good, then the failure */
        v->failed = rc;
        return 0;
    }
    return rc;
}

static void refill_close(struct pl_view *v)
{
    struct pl_refill *r = (struct pl_refill *)v;
    if (r->release)
        r->release(r);
    free(r->buf);
    free(r);
}

void *pl_refill_new(size_t size, const char *id, struct pl_view *in, const struct pl_codec_opts *o)
{
    struct pl_refill *r = calloc(1, size);
    if (!r)
        pl_oom();
    r->v.fill = refill_fill;
    r->v.close = refill_close;
    r->in = in;
    r->o = *o;
    r->limits = *o->limits;
    r->o.limits = &r->limits;
    r->id = id;
    r->start = in->off;
    return r;
}

int pl_refill_truncated(struct pl_refill *r, struct pl_err *err)
{
    return pl_fail(err, PL_E_FORMAT, "%s: truncated at offset %" PRIu64, r->id,
                   r->in->off + r->in->n);
}

int pl_refill_need(struct pl_refill *r, size_t n, struct pl_err *err)
{
    int rc = pl_view_ahead(r->in, n, err);
    if (rc < 0)
        return rc;
    return r->in->n < n ? pl_refill_truncated(r, err) : 0;
}

int pl_refill_take(struct pl_refill *r, uint8_t *to, size_t n, struct pl_err *err)
{
    while (n > 0) {
        int rc = pl_view_ahead(r->in, 1, err);
        if (rc < 0)
            return rc;
        if (r->in->n == 0)
            return pl_refill_truncated(r, err);
        size_t k = r->in->n < n ? r->in->n : n;
        memcpy(to, r->in->p, k);
        pl_view_consume(r->in, k);
        to += k;
        n -= k;
    }
    return 0;
}

int pl_refill_member(struct pl_refill *r, uint64_t *count, struct pl_err *err)
{
    if (++*count > r->limits.gzip_members)
        return pl_fail(err, PL_E_LIMIT, "%s: more than %" PRIu64 " members (limit gzip-members)",
                       r->id, r->limits.gzip_members);
    return 0;
}

static bool all_zero(const uint8_t *p, size_t n)
{
    return n == 0 || (p[0] == 0 && memcmp(p, p + 1, n - 1) == 0);
}

int pl_frame_pass(struct pl_refill *r, enum pl_frame_part part, uint64_t n, struct pl_err *err)
{
    struct pl_view *in = r->in;
    size_t seen = 0; /* of the bytes at in->p, those that the piece before ended with */
    while (n > seen) {
        size_t want = n < PL_FRAME_PIECE ? (size_t)n : PL_FRAME_PIECE;
        int rc = pl_view_ahead(in, want, err);
        size_t now = in->n < want ? in->n : want;
        bool zero = part == PL_FRAME_TRAILER && all_zero(in->p, now);
        if (now > seen && r->o.frame && !zero)
            r->o.frame(r->o.arg, part, pl_str_n(in->p, now), in->off);
        if (rc < 0)
            return rc;
        if (now < want || now == n) { /* the last piece */
            pl_view_consume(in, now);
            return now == n || n == UINT64_MAX ? 0 : pl_refill_truncated(r, err);
        }
        pl_view_consume(in, now - PL_FRAME_OVERLAP);
        n -= n == UINT64_MAX ? 0 : now - PL_FRAME_OVERLAP;
        seen = PL_FRAME_OVERLAP;
    }
    return 0;
}
