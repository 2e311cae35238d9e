/* What nothing needs any more is taken out, some at a time, beside those who write: facts are
 * marked by the lists that hold them, and lists that came meanwhile are marked before each part.
 * fleet.md section 2. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/vec.h"
#include "store/store_int.h"

#define PART 5000             /* rows of a transaction */
#define NUMBER_MAX (1u << 30) /* a mark is a bit */

struct marks {
    uint8_t *p;
    int64_t top; /* the highest number that is collected now */
};

struct collecting {
    struct pl_store *store;
    struct pl_store_db *s;
    struct pl_gc *g;
    int64_t cut, part; /* older than that; so many rows */
    struct marks package, place, layer;
    int64_t set_seen; /* the last list that is marked */
    int64_t at;       /* of the facts that are looked at */
    PL_VEC(int64_t) id;
};

static struct pl_dbq *query(struct collecting *x, enum pl_store_q which, struct pl_err *err)
{
    return pl_store_q(x->s, which, err);
}

/* Numbers in the first column, into x->id. */
static int numbers(struct collecting *x, struct pl_dbq *q, struct pl_err *err)
{
    int r;
    x->id.n = 0;
    while ((r = pl_dbq_step(q, err)) == 1)
        pl_vec_push(&x->id, pl_dbq_col_int(q, 0));
    pl_dbq_reset(q);
    return r;
}

static void bind_id(void *arg, struct pl_dbq *q, size_t i)
{
    pl_dbq_int(q, 1, ((struct collecting *)arg)->id.p[i]);
}

static int drop_all(struct collecting *x, enum pl_store_q which, struct pl_err *err)
{
    struct pl_dbq *q = x->id.n ? query(x, which, err) : NULL;
    if (!q)
        return x->id.n ? err->code : 0;
    return x->s->db->ops->each(q, x->id.n, bind_id, NULL, x, err);
}

/* ---- inventories and their lists ---- */

static int images(struct collecting *x, uint64_t *ret_n, struct pl_err *err)
{
    static const enum pl_store_q of[] = { PL_Q_GC_FINDING, PL_Q_FOUND_DROP, PL_Q_GC_STATE,
                                          PL_Q_GC_CHANGE,  PL_Q_GC_REBUILD, PL_Q_GC_FRESH,
                                          PL_Q_GC_IMAGE };
    struct pl_dbq *q = query(x, PL_Q_GC_IMAGES, err);
    if (!q)
        return err->code;
    pl_dbq_int(q, 1, x->cut);
    pl_dbq_int(q, 2, x->part);
    int r = numbers(x, q, err);
    for (size_t i = 0; i < PL_COUNT(of) && r == 0; i++)
        r = drop_all(x, of[i], err);
    x->g->images += x->id.n;
    *ret_n = x->id.n;
    return r;
}

static int sets(struct collecting *x, uint64_t *ret_n, struct pl_err *err)
{
    struct pl_dbq *q = query(x, PL_Q_GC_SETS, err);
    if (!q)
        return err->code;
    pl_dbq_int(q, 1, x->part);
    int r = numbers(x, q, err);
    x->g->sets += x->id.n;
    *ret_n = x->id.n;
    return r;
}

/* ---- facts ---- */

static void mark(struct marks *m, uint32_t id)
{
    if (id <= m->top)
        m->p[id / 8] |= (uint8_t)(1u << id % 8);
}

static bool marked(const struct marks *m, int64_t id)
{
    return m->p[id / 8] >> id % 8 & 1;
}

/* The lists that came since they were last looked at. */
static int mark_members(struct collecting *x, struct pl_err *err)
{
    struct pl_dbq *q = query(x, PL_Q_GC_MEMBERS, err);
    struct pl_arena a = { 0 };
    int r;
    if (!q)
        return err->code;
    pl_dbq_int(q, 1, x->set_seen);
    while ((r = pl_dbq_step(q, err)) == 1) {
        struct pl_store_member *m;
        size_t n;
        pl_arena_reset(&a);
        x->set_seen = pl_dbq_col_int(q, 0);
        if (!pl_row_get_members(pl_dbq_col(q, 1), &a, &m, &n)) {
            r = pl_store_damaged("a list of packages", err);
            break;
        }
        for (size_t i = 0; i < n; i++) {
            mark(&x->package, m[i].package);
            mark(&x->place, m[i].place);
        }
    }
    pl_dbq_reset(q);
    pl_arena_release(&a);
    return r;
}

/* Lists of layers change in place: all of them are looked at each time. */
static int mark_layers(struct collecting *x, struct pl_err *err)
{
    struct pl_dbq *q = query(x, PL_Q_GC_LAYERS_OF, err);
    struct pl_arena a = { 0 };
    int r;
    if (!q)
        return err->code;
    while ((r = pl_dbq_step(q, err)) == 1) {
        uint32_t *v;
        size_t n;
        pl_arena_reset(&a);
        if (!pl_row_get_numbers(pl_dbq_col(q, 1), &a, &v, &n)) {
            r = pl_store_damaged("an inventory", err);
            break;
        }
        for (size_t i = 0; i < n; i++)
            mark(&x->layer, v[i]);
    }
    pl_dbq_reset(q);
    pl_arena_release(&a);
    return r;
}

/* Takes out what is not marked among the next facts of a kind; *ret_n: how many were looked at. */
static int sweep(struct collecting *x, enum pl_store_q list, enum pl_store_q one,
                 const struct marks *m, uint64_t *count, uint64_t *ret_n, struct pl_err *err)
{
    struct pl_dbq *q = query(x, list, err);
    size_t kept = 0;
    if (!q)
        return err->code;
    pl_dbq_int(q, 1, x->at);
    pl_dbq_int(q, 2, m->top);
    pl_dbq_int(q, 3, x->part);
    int r = numbers(x, q, err);
    *ret_n = x->id.n;
    for (size_t i = 0; i < x->id.n && r == 0; i++) {
        x->at = x->id.p[i];
        if (x->at > 0 && !marked(m, x->at))
            x->id.p[kept++] = x->at;
    }
    x->id.n = kept;
    *count += kept;
    if (r == 0)
        r = drop_all(x, one, err);
    q = r == 0 && kept ? query(x, PL_Q_GC_COLLECTED, err) : NULL;
    return q ? pl_store_do(q, err) : r;
}

static int packages(struct collecting *x, uint64_t *ret_n, struct pl_err *err)
{
    int r = mark_members(x, err);
    return r == 0 ? sweep(x, PL_Q_GC_PACKAGES, PL_Q_GC_PACKAGE, &x->package, &x->g->packages, ret_n,
                          err)
                  : r;
}

static int places(struct collecting *x, uint64_t *ret_n, struct pl_err *err)
{
    int r = mark_members(x, err);
    return r == 0 ? sweep(x, PL_Q_GC_PLACES, PL_Q_GC_PLACE, &x->place, &x->g->places, ret_n, err)
                  : r;
}

static int layers(struct collecting *x, uint64_t *ret_n, struct pl_err *err)
{
    int r = mark_layers(x, err);
    return r == 0 ? sweep(x, PL_Q_GC_LAYERS, PL_Q_GC_LAYER, &x->layer, &x->g->layers, ret_n, err)
                  : r;
}

/* ---- records, work, messages ---- */

static int records(struct collecting *x, uint64_t *ret_n, struct pl_err *err)
{
    struct pl_dbq *q = query(x, PL_Q_GC_RECORDS, err);
    PL_AUTO(struct pl_buf, keys, pl_buf_release) = { 0 };
    int r;
    if (!q)
        return err->code;
    pl_dbq_int(q, 1, x->cut);
    pl_dbq_text(q, 2, x->g->tool);
    pl_dbq_text(q, 3, x->g->rules);
    pl_dbq_int(q, 4, x->part);
    *ret_n = 0;
    while ((r = pl_dbq_step(q, err)) == 1) {
        struct pl_str key = pl_dbq_col(q, 0);
        if (key.n == PL_WORK_KEY)
            pl_buf_putn(&keys, key.p, key.n);
        ++*ret_n;
    }
    pl_dbq_reset(q);
    x->g->records += *ret_n;
    /* done without a record would mean that there can be none */
    for (size_t i = 0; i < keys.n && r == 0; i += PL_WORK_KEY) {
        if (!(q = query(x, PL_Q_GC_RECORD_JOB, err)))
            return err->code;
        pl_dbq_blob(q, 1, pl_str_n(keys.p + i, PL_WORK_KEY));
        r = pl_store_do(q, err);
    }
    return r;
}

static int jobs(struct collecting *x, uint64_t *ret_n, struct pl_err *err)
{
    struct pl_dbq *q = query(x, PL_Q_GC_JOBS, err);
    if (!q)
        return err->code;
    pl_dbq_int(q, 1, x->cut);
    pl_dbq_text(q, 2, PL_S("docker://")); /* others are known to be readable by their work alone */
    pl_dbq_int(q, 3, x->part);
    int r = numbers(x, q, err);
    x->g->jobs += x->id.n;
    *ret_n = x->id.n;
    return r;
}

static int old_rows(struct collecting *x, enum pl_store_q which, uint64_t *count, uint64_t *ret_n,
                    struct pl_err *err)
{
    struct pl_dbq *q = query(x, which, err);
    if (!q)
        return err->code;
    pl_dbq_int(q, 1, x->cut);
    pl_dbq_int(q, 2, x->part);
    int r = numbers(x, q, err);
    *count += x->id.n;
    *ret_n = x->id.n;
    return r;
}

static int messages(struct collecting *x, uint64_t *ret_n, struct pl_err *err)
{
    return old_rows(x, PL_Q_GC_OUTBOX, &x->g->messages, ret_n, err);
}

static int exposures(struct collecting *x, uint64_t *ret_n, struct pl_err *err)
{
    return old_rows(x, PL_Q_GC_EXPOSURE, &x->g->exposures, ret_n, err);
}

/* ---- all of it ---- */

static int open_marks(struct collecting *x, struct pl_err *err)
{
    struct marks *const to[] = { &x->package, &x->place, &x->layer };
    struct pl_dbq *q = query(x, PL_Q_GC_TOPS, err);
    if (!q)
        return err->code;
    int r = pl_dbq_step(q, err);
    for (int i = 0; i < 3 && r == 1; i++)
        to[i]->top = pl_dbq_col_int(q, i);
    pl_dbq_reset(q);
    for (int i = 0; i < 3 && r == 1; i++) {
        if (to[i]->top < 0 || to[i]->top >= NUMBER_MAX)
            return pl_store_damaged("a number is out of range", err);
        to[i]->p = calloc(1, (size_t)to[i]->top / 8 + 1);
        if (!to[i]->p)
            pl_oom();
    }
    return r < 0 ? r : 0;
}

static int prepare(struct collecting *x, struct pl_err *err)
{
    int64_t now = 0;
    int r = x->store->ops->now(x->store, &now, err);
    struct pl_dbq *q = r == 0 ? query(x, PL_Q_TURN_MAKE, err) : NULL;
    x->cut = now - x->g->keep_s;
    if (!q)
        return err->code;
    pl_dbq_text(q, 1, PL_S("facts")); /* the row that says how often facts were collected */
    return pl_store_do(q, err);
}

/* Most lists are marked while others write. */
static int begin_marks(struct collecting *x, struct pl_err *err)
{
    int r = x->g->dry ? 0 : x->store->ops->look(x->store, err);
    if (r == 0)
        r = open_marks(x, err);
    if (r == 0)
        r = mark_members(x, err);
    if (!x->g->dry)
        x->store->ops->rollback(x->store);
    return r;
}

typedef int step_fn(struct collecting *x, uint64_t *ret_n, struct pl_err *err);

static int in_parts(struct collecting *x, step_fn *step, struct pl_err *err)
{
    uint64_t n = (uint64_t)x->part;
    int r = 0;
    x->at = 0;
    while (r == 0 && n >= (uint64_t)x->part) {
        r = x->store->ops->begin(x->store, err);
        if (r == 0)
            r = step(x, &n, err);
        if (r == 0)
            r = x->store->ops->commit(x->store, err);
        else
            x->store->ops->rollback(x->store);
    }
    return r;
}

int pl_store_db_gc(struct pl_store *store, struct pl_gc *g, struct pl_err *err)
{
    static step_fn *const steps[] = { images,  sets, packages, places,   layers,
                                      records, jobs, messages, exposures };
    struct collecting x = {
        .store = store, .s = (struct pl_store_db *)store, .g = g, .part = g->dry ? INT32_MAX : PART
    };
    int r = prepare(&x, err);
    if (g->dry && r == 0)
        r = store->ops->begin(store, err);
    for (size_t i = 0; i < PL_COUNT(steps) && r == 0; i++) {
        uint64_t n = 0;
        if (steps[i] == packages && (r = begin_marks(&x, err)) < 0)
            break;
        x.at = 0;
        r = g->dry ? steps[i](&x, &n, err) : in_parts(&x, steps[i], err);
    }
    if (g->dry)
        store->ops->rollback(store);
    free(x.package.p);
    free(x.place.p);
    free(x.layer.p);
    pl_vec_release(&x.id);
    return r;
}
