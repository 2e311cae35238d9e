/* Sparse members: the maps of old GNU headers and of PAX 0.0, 0.1 and 1.0 (GNU tar manual, "Sparse
 * Formats"), and the view that shows the logical file. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdlib.h>

#include "io/tar_int.h"

/* A normal portion of the logical file. */
#define PIECE ((size_t)64 << 10)

int pl_sparse_add(struct pl_sparse *s, int64_t off, int64_t n, struct pl_err *err)
{
    uint64_t end = 0;
    if (s->map.n > 0) {
        const struct pl_sparse_seg *last = &s->map.p[s->map.n - 1];
        end = last->off + last->n;
    }
    if (off < 0 || n < 0 || (uint64_t)off < end || off > INT64_MAX - n)
        return pl_fail(err, PL_E_FORMAT, "sparse map goes back or too far");
    pl_vec_push(&s->map, (struct pl_sparse_seg){ (uint64_t)off, (uint64_t)n });
    return 0;
}

int pl_sparse_add_old(struct pl_sparse *s, const uint8_t *p, size_t count, size_t *ret_used,
                      struct pl_err *err)
{
    for (size_t i = 0; i < count; i++) {
        const uint8_t *pair = p + 24 * i;
        int64_t off, n;
        *ret_used = 24 * i;
        if (pair[12] == 0)
            return 1;
        if (!pl_tar_number(pair, 12, &off) || !pl_tar_number(pair + 12, 12, &n))
            return pl_fail(err, PL_E_FORMAT, "sparse map holds what is no number");
        int rc = pl_sparse_add(s, off, n, err);
        if (rc < 0)
            return rc;
    }
    *ret_used = 24 * count;
    return 0;
}

int pl_sparse_add_text(struct pl_sparse *s, struct pl_str map, struct pl_err *err)
{
    struct pl_str off, n;
    while (pl_str_split(&map, ',', &off)) {
        uint64_t a, b;
        if (!pl_str_split(&map, ',', &n) || !pl_str_u64(off, &a) || !pl_str_u64(n, &b) ||
            a > INT64_MAX || b > INT64_MAX)
            return pl_fail(err, PL_E_FORMAT, "sparse map holds what is no number");
        int rc = pl_sparse_add(s, (int64_t)a, (int64_t)b, err);
        if (rc < 0)
            return rc;
    }
    return 0;
}

/* One decimal line; takes it. */
static int line(struct pl_view *in, int64_t *ret, struct pl_err *err)
{
    /* 19 digits and a newline; asked for only when needed, since the body may end right there */
    int rc = pl_view_ahead(in, 20, err);
    if (rc < 0)
        return rc;
    size_t i = 0;
    uint64_t v = 0;
    for (; i < in->n && i < 19 && in->p[i] >= '0' && in->p[i] <= '9'; i++)
        v = v * 10 + (in->p[i] - '0');
    if (i == 0 || i == in->n || in->p[i] != '\n' || v > INT64_MAX)
        return pl_fail(err, PL_E_FORMAT, "sparse map holds what is no number");
    pl_view_consume(in, i + 1);
    *ret = (int64_t)v;
    return 0;
}

int pl_sparse_add_body(struct pl_sparse *s, struct pl_view *body, uint64_t max, struct pl_err *err)
{
    uint64_t start = body->off;
    int64_t count, off, n;
    int rc = line(body, &count, err);
    for (int64_t i = 0; rc == 0 && i < count; i++) {
        rc = line(body, &off, err);
        if (rc == 0)
            rc = line(body, &n, err);
        if (rc == 0)
            rc = pl_sparse_add(s, off, n, err);
        if (rc == 0 && body->off - start > max)
            rc = pl_fail(err, PL_E_LIMIT, "sparse map above %" PRIu64 " bytes (limit sparse)", max);
    }
    return rc;
}

uint64_t pl_sparse_holes(const struct pl_sparse *s)
{
    uint64_t data = 0;
    for (size_t i = 0; i < s->map.n; i++)
        data += s->map.p[i].n;
    return s->size - data;
}

/* Room for `want` bytes, those that are there moved to the front. */
static int make_room(struct pl_sparse *s, size_t want, struct pl_err *err)
{
    if (s->cap >= want) {
        memmove(s->buf, s->v.p, s->v.n);
    } else {
        uint8_t *buf = malloc(want);
        if (!buf)
            return pl_fail(err, PL_E_NOMEM, "tar: out of memory");
        if (s->v.n)
            memcpy(buf, s->v.p, s->v.n);
        free(s->buf);
        s->buf = buf;
        s->cap = want;
    }
    s->v.p = s->buf;
    return 0;
}

/* Up to `room` bytes of zeros up to `end`. */
static size_t hole(struct pl_sparse *s, uint64_t end, size_t room)
{
    uint64_t left = end - s->pos;
    size_t n = left < room ? (size_t)left : room;
    if (s->over) {
        s->pos = end;
        return 0;
    }
    memset(s->buf + s->v.n, 0, n);
    s->pos += n;
    return n;
}

/* Up to `room` bytes of data up to `end`. */
static int data(struct pl_sparse *s, uint64_t end, size_t room, size_t *ret_n, struct pl_err *err)
{
    uint64_t left = end - s->pos;
    size_t n = left < room ? (size_t)left : room;
    int rc = pl_view_ahead(s->data, 1, err);
    n = n < s->data->n ? n : s->data->n;
    if (n > 0) {
        memcpy(s->buf + s->v.n, s->data->p, n);
        pl_view_consume(s->data, n);
        s->pos += n;
        *ret_n = n;
        return 0;
    }
    return rc < 0 ? rc : pl_fail(err, PL_E_FORMAT, "tar: sparse file is cut");
}

static int sparse_fill(struct pl_view *v, size_t want, struct pl_err *err)
{
    struct pl_sparse *s = (struct pl_sparse *)v;
    size_t asked = want;
    want = want < PIECE ? PIECE : want;
    int rc = make_room(s, want, err);
    while (rc == 0 && v->n < want) {
        while (s->at < s->map.n && s->pos >= s->map.p[s->at].off + s->map.p[s->at].n)
            s->at++;
        const struct pl_sparse_seg *seg = s->at < s->map.n ? &s->map.p[s->at] : NULL;
        uint64_t start = seg ? seg->off : s->size;
        size_t n = 0;
        if (s->pos < start) {
            n = hole(s, start, want - v->n);
        } else if (seg) {
            rc = data(s, seg->off + seg->n, want - v->n, &n, err);
        } else {
            break;
        }
        v->n += n;
    }
    if (rc == 0 && s->pos == s->size && s->over)
        rc = pl_fail(err, PL_E_LIMIT, "tar: sparse file of %" PRIu64 " bytes (limit layer-out)",
                     s->size);
    v->eof = rc == 0 && s->pos == s->size;
    if (rc < 0 && v->n >= asked) { /* first what is good, then the failure */
        v->failed = rc;
        return 0;
    }
    return rc;
}

int pl_sparse_start(struct pl_sparse *s, struct pl_view *under, uint64_t data_n, uint64_t size,
                    struct pl_err *err)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < s->map.n; i++)
        sum += s->map.p[i].n; /* segments do not overlap and end below 2^63 */
    if (s->map.n > 0) {
        const struct pl_sparse_seg *last = &s->map.p[s->map.n - 1];
        if (last->off + last->n > size)
            return pl_fail(err, PL_E_FORMAT, "sparse map goes beyond the file");
    }
    if (sum != data_n)
        return pl_fail(err, PL_E_FORMAT, "sparse map of %" PRIu64 " bytes for a body of %" PRIu64,
                       sum, data_n);
    s->v = (struct pl_view){ .fill = sparse_fill, .p = s->buf, .eof = size == 0 };
    s->data = under;
    s->at = 0;
    s->pos = 0;
    s->size = size;
    s->over = false;
    return 0;
}

void pl_sparse_release(struct pl_sparse *s)
{
    free(s->buf);
    s->buf = NULL;
    pl_vec_release(&s->map);
}
