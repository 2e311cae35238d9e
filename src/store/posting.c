/* The index of packages: which lists hold a package. Lists are added and never changed, so that the
 * index is made once for each run of them, a segment, and never changed either: a row for each
 * bucket of package numbers. Lists behind the last segment are read instead. guide.md section 11.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/hash.h"
#include "base/vec.h"
#include "store/posting.h"
#include "store/store_int.h"

#define SEGMENT 1024u /* lists in a segment */
#define SUM PL_POSTING_SUM
#define MEND 4096 /* packages of an older program that are brought forward at a time */

/* ---- rows ---- */

void pl_posting_sum(uint32_t bucket, int64_t segment, struct pl_str body, uint8_t out[SUM])
{
    uint8_t sum[PL_SHA256_LEN], place[12];
    for (unsigned i = 0; i < 4; i++)
        place[i] = (uint8_t)(bucket >> 8 * i);
    for (unsigned i = 0; i < 8; i++)
        place[4 + i] = (uint8_t)((uint64_t)segment >> 8 * i);
    struct pl_hash *h = pl_hash_new(PL_HASH_SHA256);
    pl_hash_add(h, place, sizeof place);
    pl_hash_add(h, body.p, body.n);
    pl_hash_end(h, sum);
    pl_hash_free(h);
    memcpy(out, sum, SUM);
}

void pl_posting_put(struct pl_buf *b, uint32_t bucket, int64_t segment, const uint64_t *pair,
                    size_t n)
{
    pl_auto_buf struct pl_buf body = { 0 };
    uint8_t sum[SUM];
    for (size_t i = 0, k; i < n; i = k) {
        uint32_t package = (uint32_t)(pair[i] >> 32);
        for (k = i; k < n && pair[k] >> 32 == package; k++)
            ;
        pl_put_u8(&body, (uint8_t)(package % PL_POSTING_BUCKET));
        pl_put_var(&body, k - i);
        for (uint32_t last = 0; i < k; i++) {
            pl_put_var(&body, (uint32_t)pair[i] - last);
            last = (uint32_t)pair[i];
        }
    }
    pl_posting_sum(bucket, segment, pl_buf_str(&body), sum);
    pl_buf_putn(b, (const char *)sum, SUM);
    pl_buf_putn(b, body.p, body.n);
}

/* The lists of one package; `wanted`: they are told. */
static bool get_lists(struct pl_rd *r, bool wanted, int64_t first, int64_t last,
                      struct pl_posting_ids *ret)
{
    uint64_t n = pl_get_var(r), at = 0;
    if (!n || n > (uint64_t)(r->end - r->p))
        return false;
    for (uint64_t i = 0; i < n && !r->bad; i++) {
        uint64_t d = pl_get_var(r);
        if ((i && !d) || d > (uint64_t)(last - first) - at)
            return false;
        at += d;
        if (wanted)
            pl_vec_push(ret, first + (int64_t)at);
    }
    return !r->bad;
}

bool pl_posting_body(struct pl_str body, int64_t first, int64_t last,
                     const bool wanted[PL_POSTING_BUCKET], struct pl_posting_ids *ret)
{
    struct pl_rd r = { (const uint8_t *)body.p, (const uint8_t *)body.p + body.n, false };
    int before = -1;
    while (r.p < r.end) {
        uint8_t package = pl_get_u8(&r);
        if (package <= before || !get_lists(&r, wanted[package], first, last, ret))
            return false;
        before = package;
    }
    return true;
}

bool pl_posting_get(struct pl_str row, uint32_t bucket, int64_t first, int64_t last,
                    const bool wanted[PL_POSTING_BUCKET], struct pl_posting_ids *ret)
{
    uint8_t sum[SUM];
    if (row.n < SUM || first > last)
        return false;
    struct pl_str body = pl_str_sub(row, SUM, SIZE_MAX);
    pl_posting_sum(bucket, last, body, sum);
    return memcmp(sum, row.p, SUM) == 0 && pl_posting_body(body, first, last, wanted, ret);
}

/* ---- making it ---- */

struct row {
    uint32_t bucket;
    size_t from, n; /* of the bytes */
};

struct making {
    struct pl_store_db *s;
    int64_t first, last;
    size_t n;              /* lists */
    PL_VEC(uint64_t) pair; /* package, and number of the list from the first */
    PL_VEC(struct row) row;
    struct pl_buf bytes;
    struct pl_err *err;
};

static int read_lists(struct making *m, int64_t after)
{
    struct pl_dbq *q = pl_store_q(m->s, PL_Q_SET_NEXT, m->err);
    struct pl_arena a = { 0 };
    int r;
    if (!q)
        return m->err->code;
    m->first = after + 1;
    pl_dbq_int(q, 1, after);
    pl_dbq_int(q, 2, SEGMENT);
    while ((r = pl_dbq_step(q, m->err)) == 1) {
        struct pl_store_member *v;
        size_t n;
        int64_t id = pl_dbq_col_int(q, 0);
        pl_arena_reset(&a);
        if (id <= after || id - m->first > UINT32_MAX ||
            !pl_row_get_members(pl_dbq_col(q, 1), &a, &v, &n)) {
            r = pl_store_damaged("a list of packages", m->err);
            break;
        }
        for (size_t i = 0; i < n; i++)
            pl_vec_push(&m->pair, (uint64_t)v[i].package << 32 | (uint64_t)(id - m->first));
        m->last = id;
        m->n++;
    }
    pl_dbq_reset(q);
    pl_arena_release(&a);
    return r;
}

static int by_value(const void *pa, const void *pb)
{
    uint64_t a = *(const uint64_t *)pa, b = *(const uint64_t *)pb;
    return a < b ? -1 : a > b;
}

/* The pairs in order, each once; a row for each bucket. */
static void make_rows(struct making *m)
{
    size_t n = 0;
    if (m->pair.n)
        qsort(m->pair.p, m->pair.n, sizeof *m->pair.p, by_value);
    for (size_t i = 0; i < m->pair.n; i++)
        if (!n || m->pair.p[n - 1] != m->pair.p[i])
            m->pair.p[n++] = m->pair.p[i];
    for (size_t i = 0, k; i < n; i = k) {
        struct row row = { (uint32_t)(m->pair.p[i] >> 32) / PL_POSTING_BUCKET, m->bytes.n, 0 };
        for (k = i; k < n && (uint32_t)(m->pair.p[k] >> 32) / PL_POSTING_BUCKET == row.bucket; k++)
            ;
        pl_posting_put(&m->bytes, row.bucket, m->last, m->pair.p + i, k - i);
        row.n = m->bytes.n - row.from;
        pl_vec_push(&m->row, row);
    }
}

static void bind_row(void *arg, struct pl_dbq *q, size_t i)
{
    const struct making *m = arg;
    const struct row *row = &m->row.p[i];
    pl_dbq_int(q, 1, row->bucket);
    pl_dbq_int(q, 2, m->last);
    pl_dbq_blob(q, 3, pl_str_n(m->bytes.p + row->from, row->n));
}

static int write_rows(struct making *m)
{
    pl_auto_buf struct pl_buf bits = { 0 };
    struct pl_dbq *q = m->row.n ? pl_store_q(m->s, PL_Q_POSTING_ADD, m->err) : NULL;
    int r = 0;
    if (m->row.n && !q)
        return m->err->code;
    if (q)
        r = m->s->db->ops->each(q, m->row.n, bind_row, /* row= */ NULL, m, m->err);
    if (r < 0 || !(q = pl_store_q(m->s, PL_Q_SEGMENT_ADD, m->err)))
        return m->err->code;
    for (size_t i = 0; i < m->row.n; i++) {
        while (bits.n <= m->row.p[i].bucket / 8)
            pl_buf_putc(&bits, 0);
        bits.p[m->row.p[i].bucket / 8] |= (char)(1u << m->row.p[i].bucket % 8);
    }
    pl_dbq_int(q, 1, m->last);
    pl_dbq_int(q, 2, m->first);
    pl_dbq_blob(q, 3, pl_buf_str(&bits));
    return pl_store_do(q, m->err);
}

/* One more segment, when its lists have come together. */
static int add_segment(struct pl_store_db *s, bool *ret_added, struct pl_err *err)
{
    struct making m = { .s = s, .err = err };
    struct pl_dbq *q = pl_store_q(s, PL_Q_SEGMENT_LAST, err);
    int64_t last = 0, n = 0;
    *ret_added = false;
    int r = q ? pl_store_one(q, &last, err) : err->code;
    if (r < 0 || !(q = pl_store_q(s, PL_Q_SET_COUNT, err)))
        return err->code;
    pl_dbq_int(q, 1, last);
    pl_dbq_int(q, 2, SEGMENT);
    r = pl_store_one(q, &n, err);
    if (r < 0 || n < SEGMENT)
        return r < 0 ? r : 0;
    r = read_lists(&m, last);
    if (r == 0) {
        make_rows(&m);
        r = write_rows(&m);
    }
    *ret_added = r == 0;
    pl_vec_release(&m.pair);
    pl_vec_release(&m.row);
    pl_buf_release(&m.bytes);
    return r;
}

int pl_store_db_segments(struct pl_store_db *s, unsigned most, struct pl_err *err)
{
    bool added = true;
    int r = 0;
    for (unsigned i = 0; i < most && added && r == 0; i++)
        r = add_segment(s, &added, err);
    return r;
}

/* ---- packages of an older program ---- */

struct mending {
    PL_VEC(int64_t) id;
    PL_VEC(struct pl_store_sought) by;
};

static void bind_mend(void *arg, struct pl_dbq *q, size_t i)
{
    const struct mending *m = arg;
    pl_dbq_int(q, 1, m->id.p[i]);
    pl_dbq_text(q, 2, m->by.p[i].source);
    pl_dbq_blob(q, 3, pl_str_n(m->by.p[i].subject, PL_ROW_PRINT));
}

static int mend_packages(struct pl_store_db *s, bool *ret_more, struct pl_err *err)
{
    struct pl_dbq *q = pl_store_q(s, PL_Q_PACKAGE_OLD, err);
    struct mending m = { .id = { NULL, 0, 0 } };
    struct pl_arena a = { 0 };
    struct pl_package p;
    int r;
    if (!q)
        return err->code;
    pl_dbq_int(q, 1, MEND);
    while ((r = pl_dbq_step(q, err)) == 1) {
        if (!pl_row_get_package(pl_dbq_col(q, 1), &a, &p)) {
            r = pl_store_damaged("a package", err);
            break;
        }
        pl_vec_push(&m.id, pl_dbq_col_int(q, 0));
        pl_vec_push(&m.by, pl_store_sought(&p));
    }
    pl_dbq_reset(q);
    *ret_more = m.id.n == MEND;
    if (r == 0 && m.id.n)
        r = (q = pl_store_q(s, PL_Q_PACKAGE_MEND, err))
                ? s->db->ops->each(q, m.id.n, bind_mend, /* row= */ NULL, &m, err)
                : err->code;
    pl_vec_release(&m.id);
    pl_vec_release(&m.by);
    pl_arena_release(&a);
    return r;
}

struct pl_store_sought pl_store_sought(const struct pl_package *p)
{
    struct pl_store_sought by = { .source = p->pkg.source };
    if (p->pkg.flags & PL_PKG_OS)
        by.source = PL_STORE_RELEASES;
    pl_row_print(p->purl, by.subject);
    return by;
}

int pl_store_db_index(struct pl_store *store, struct pl_err *err)
{
    struct pl_store_db *s = (struct pl_store_db *)store;
    bool more = true, added = true;
    int r = 0;
    while (r == 0 && (more || added)) {
        r = store->ops->begin(store, err);
        if (r == 0 && more)
            r = mend_packages(s, &more, err);
        else if (r == 0)
            r = add_segment(s, &added, err);
        if (r == 0)
            r = store->ops->commit(store, err);
        else
            store->ops->rollback(store);
    }
    return r;
}

/* ---- asking it ---- */

struct segment {
    int64_t last, first;
    struct pl_str buckets; /* bits of those that have a row */
};

struct asking {
    struct pl_store_db *s;
    const uint32_t *package; /* rising, each once */
    size_t n;
    PL_VEC(struct segment) segment;
    struct pl_arena a;
    struct pl_posting_ids *ret;
    struct pl_err *err;
};

static int read_segments(struct asking *x)
{
    struct pl_dbq *q = pl_store_q(x->s, PL_Q_SEGMENTS, x->err);
    int64_t before = 0;
    int r;
    if (!q)
        return x->err->code;
    while ((r = pl_dbq_step(q, x->err)) == 1) {
        struct segment g = { pl_dbq_col_int(q, 0), pl_dbq_col_int(q, 1),
                             pl_dup(&x->a, pl_dbq_col(q, 2)) };
        if (g.first != before + 1 || g.last < g.first || g.last - g.first > UINT32_MAX) {
            r = pl_store_damaged("the index of packages", x->err);
            break;
        }
        before = g.last;
        pl_vec_push(&x->segment, g);
    }
    pl_dbq_reset(q);
    return r;
}

static bool has_row(const struct segment *g, uint32_t bucket)
{
    return bucket / 8 < g->buckets.n && ((uint8_t)g->buckets.p[bucket / 8] >> bucket % 8 & 1);
}

/* The rows of one bucket, all that must be there and no other. */
static int read_bucket(struct asking *x, uint32_t bucket, const bool *wanted)
{
    struct pl_dbq *q = pl_store_q(x->s, PL_Q_POSTING_GET, x->err);
    size_t k = 0;
    bool good = true;
    int r;
    if (!q)
        return x->err->code;
    pl_dbq_int(q, 1, bucket);
    while (good && (r = pl_dbq_step(q, x->err)) == 1) {
        int64_t last = pl_dbq_col_int(q, 0);
        while (k < x->segment.n && !has_row(&x->segment.p[k], bucket))
            k++;
        good =
            k < x->segment.n && x->segment.p[k].last == last &&
            pl_posting_get(pl_dbq_col(q, 1), bucket, x->segment.p[k].first, last, wanted, x->ret);
        k++;
    }
    pl_dbq_reset(q);
    for (; good && r == 0 && k < x->segment.n; k++)
        good = !has_row(&x->segment.p[k], bucket);
    return good ? r : pl_store_damaged("the index of packages", x->err);
}

static int read_buckets(struct asking *x)
{
    int r = 0;
    for (size_t i = 0, k; i < x->n && r == 0 && x->segment.n; i = k) {
        bool wanted[PL_POSTING_BUCKET] = { false };
        uint32_t bucket = x->package[i] / PL_POSTING_BUCKET;
        for (k = i; k < x->n && x->package[k] / PL_POSTING_BUCKET == bucket; k++)
            wanted[x->package[k] % PL_POSTING_BUCKET] = true;
        r = read_bucket(x, bucket, wanted);
    }
    return r;
}

static bool is_wanted(const struct asking *x, uint32_t package)
{
    size_t lo = 0, hi = x->n;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (x->package[mid] < package)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo < x->n && x->package[lo] == package;
}

/* Lists that are in no segment yet. */
static int read_tail(struct asking *x)
{
    struct pl_dbq *q = pl_store_q(x->s, PL_Q_SET_TAIL, x->err);
    struct pl_arena a = { 0 };
    int r;
    if (!q)
        return x->err->code;
    pl_dbq_int(q, 1, x->segment.n ? x->segment.p[x->segment.n - 1].last : 0);
    while ((r = pl_dbq_step(q, x->err)) == 1) {
        struct pl_store_member *v;
        size_t n, i = 0;
        pl_arena_reset(&a);
        if (!pl_row_get_members(pl_dbq_col(q, 1), &a, &v, &n)) {
            r = pl_store_damaged("a list of packages", x->err);
            break;
        }
        while (i < n && !is_wanted(x, v[i].package))
            i++;
        if (i < n)
            pl_vec_push(x->ret, pl_dbq_col_int(q, 0));
    }
    pl_dbq_reset(q);
    pl_arena_release(&a);
    return r;
}

int pl_store_db_lists(struct pl_store_db *s, const uint32_t *package, size_t n,
                      struct pl_posting_ids *ret, struct pl_err *err)
{
    struct asking x = { .s = s, .package = package, .n = n, .ret = ret, .err = err };
    int r = read_segments(&x);
    if (r == 0)
        r = read_buckets(&x);
    if (r == 0)
        r = read_tail(&x);
    pl_vec_release(&x.segment);
    pl_arena_release(&x.a);
    return r;
}
