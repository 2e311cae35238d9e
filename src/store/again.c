/* What a reading of an image found beside advisories that the one before, if there was one, had
 * not, or finds no more: kept until a watcher has told it. fleet.md section 4, "watch". */
/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/wire.h"
#include "store/store_int.h"

#define NAME "found " /* and the number of the inventory: a row of `schedule` */

/* One of them; `more`: it is new, otherwise it is gone. */
struct item {
    bool more, out; /* out: what came and went again is not told */
    struct pl_str kind, rule, print, path;
    enum pl_severity severity;
};

struct items {
    struct pl_arena *a;
    PL_VEC(struct item) v;
    struct pl_map by; /* 1 + index, by what tells them apart */
};

static void **slot_of(struct items *x, struct pl_str rule, struct pl_str print, struct pl_str path)
{
    pl_auto_buf struct pl_buf key = { 0 };
    pl_put_str(&key, rule);
    pl_put_str(&key, print);
    pl_put_str(&key, path);
    x->by.a = x->a;
    return pl_map_put(&x->by, pl_buf_str(&key));
}

static void add(struct items *x, const struct item *i)
{
    void **at = slot_of(x, i->rule, i->print, i->path);
    struct item *known = *at ? &x->v.p[(uintptr_t)*at - 1] : NULL;
    if (known && !known->out) { /* the other way round: as if nothing had been */
        known->out |= known->more != i->more;
        return;
    }
    if (known) {
        *known = *i;
        return;
    }
    pl_vec_push(&x->v, *i);
    *at = (void *)(uintptr_t)x->v.n;
}

static void release(struct items *x)
{
    pl_vec_release(&x->v);
    pl_map_release(&x->by);
}

/* ---- as a row ---- */

static void put(struct pl_buf *b, const struct item *i)
{
    const struct pl_str all[] = { i->kind, i->rule, i->print, i->path };
    pl_put_u8(b, i->more);
    pl_put_u8(b, (uint8_t)i->severity);
    for (size_t k = 0; k < PL_COUNT(all); k++)
        pl_put_str(b, all[k]);
}

/* Adds what the row says; views on it. */
static int get(struct items *x, struct pl_str row, struct pl_err *err)
{
    struct pl_rd r = { (const uint8_t *)row.p, (const uint8_t *)row.p + row.n, false };
    while (!r.bad && r.p < r.end) {
        struct item i = { .more = pl_get_u8(&r) != 0 };
        uint8_t severity = pl_get_u8(&r);
        struct pl_str *const all[] = { &i.kind, &i.rule, &i.print, &i.path };
        for (size_t k = 0; k < PL_COUNT(all); k++)
            *all[k] = pl_get_str(&r);
        r.bad |= severity >= PL_SEV_COUNT;
        i.severity = r.bad ? 0 : (enum pl_severity)severity;
        if (!r.bad)
            add(x, &i);
    }
    return r.bad ? pl_store_damaged("what another reading found", err) : 0;
}

/* ---- what differs ---- */

struct reading {
    struct pl_arena *a;
    PL_VEC(struct item) v;
};

static int on_old(void *arg, const struct pl_finding *f)
{
    struct reading *x = arg;
    const struct item i = { .kind = pl_dup(x->a, f->title),
                            .rule = pl_dup(x->a, f->rule),
                            .print = pl_dup(x->a, f->print),
                            .path = pl_dup(x->a, f->where.path),
                            .severity = f->severity };
    if (pl_store_told_own(f->title))
        pl_vec_push(&x->v, i);
    return 0;
}

bool pl_store_told_own(struct pl_str kind)
{
    return pl_str_is(kind, "secret") || pl_str_is(kind, "malware");
}

/* Those of `a` that `b` has not, into `x`. */
static void without(struct items *x, struct reading *a, struct reading *b, bool more)
{
    struct items mine = { .a = x->a }, other = { .a = x->a };
    for (size_t i = 0; i < a->v.n; i++) /* each once, though it is at several places of a file */
        add(&mine, &a->v.p[i]);
    for (size_t i = 0; i < b->v.n; i++)
        add(&other, &b->v.p[i]);
    for (size_t i = 0; i < mine.v.n; i++) {
        struct item k = mine.v.p[i];
        k.more = more;
        if (!*slot_of(&other, k.rule, k.print, k.path))
            add(x, &k);
    }
    release(&mine);
    release(&other);
}

/* Is there anybody who tells? */
static int wanted(struct pl_store_db *s, bool *ret, struct pl_err *err)
{
    struct pl_str told;
    int r = pl_fleet_note(&s->store, PL_S("told"), &s->scratch, &told, err);
    *ret = r == 0 && told.n;
    return r;
}

static struct pl_str name_of(struct pl_arena *a, int64_t image)
{
    return pl_printf(a, NAME "%" PRId64, image);
}

static int keep(struct pl_store_db *s, int64_t image, struct items *x, struct pl_err *err)
{
    pl_auto_buf struct pl_buf row = { 0 };
    struct pl_str name = name_of(&s->scratch, image);
    struct pl_dbq *q = pl_store_q(s, PL_Q_TURN_MAKE, err);
    for (size_t i = 0; i < x->v.n; i++)
        if (!x->v.p[i].out)
            put(&row, &x->v.p[i]);
    if (!row.n)
        return pl_store_db_again_told(&s->store, image, err);
    if (!q)
        return err->code;
    pl_dbq_text(q, 1, name);
    int r = pl_store_do(q, err);
    if (r < 0 || !(q = pl_store_q(s, PL_Q_NOTE_SET, err)))
        return err->code;
    pl_dbq_text(q, 1, name);
    pl_dbq_blob(q, 2, pl_buf_str(&row));
    return pl_store_do(q, err);
}

int pl_store_db_again_keep(struct pl_store_db *s, int64_t image, const struct pl_finding *const *f,
                           size_t n, struct pl_err *err)
{
    struct pl_arena *a = &s->scratch;
    struct reading old = { .a = a }, now = { .a = a };
    struct items x = { .a = a };
    struct pl_str before;
    bool go = false;
    int r = wanted(s, &go, err);
    if (r < 0 || !go)
        return r;
    r = pl_fleet_own_findings(&s->store, image, on_old, &old, err);
    for (size_t i = 0; i < n; i++) {
        struct pl_finding k = *f[i];
        k.title = pl_str_c(pl_kind_name(k.kind)); /* as the store has it */
        on_old(&now, &k);
    }
    if (r == 0)
        r = pl_fleet_note(&s->store, name_of(a, image), a, &before, err);
    if (r == 0)
        r = get(&x, before, err);
    size_t had = x.v.n;
    without(&x, &now, &old, true);
    without(&x, &old, &now, false);
    if (r == 0 && (x.v.n || had))
        r = keep(s, image, &x, err);
    release(&x);
    pl_vec_release(&old.v);
    pl_vec_release(&now.v);
    return r;
}

/* ---- for who tells ---- */

static int tell(struct pl_dbq *q, struct pl_arena *a,
                int (*fn)(void *arg, const struct pl_store_again *g), void *arg, struct pl_err *err)
{
    struct items x = { .a = a };
    struct pl_str name = pl_dbq_col(q, 0);
    struct pl_store_again g = { .at = pl_dbq_col_int(q, 2) };
    uint64_t image = 0;
    int r = get(&x, pl_dbq_col(q, 1), err);
    struct pl_finding *f = pl_alloc_n(a, x.v.n + 1, sizeof *f);
    for (int more = 1; more >= 0; more--)
        for (size_t i = 0; i < x.v.n; i++) {
            const struct item *k = &x.v.p[i];
            if (k->more != more)
                continue;
            f[g.n_more + g.n_less] = (struct pl_finding){ .title = pl_dup(a, k->kind),
                                                          .rule = pl_dup(a, k->rule),
                                                          .severity = k->severity,
                                                          .print = pl_dup(a, k->print),
                                                          .where.path = pl_dup(a, k->path) };
            *(more ? &g.n_more : &g.n_less) += 1;
        }
    g.more = f;
    g.less = f + g.n_more;
    if (r == 0 && !pl_str_u64(pl_str_sub(name, sizeof NAME - 1, name.n), &image))
        r = pl_store_damaged("what another reading found", err);
    g.image = (int64_t)image;
    if (r == 0)
        r = fn(arg, &g);
    release(&x);
    return r;
}

int pl_store_db_again(struct pl_store *store, int64_t after, size_t most, struct pl_arena *a,
                      int (*fn)(void *arg, const struct pl_store_again *g), void *arg,
                      struct pl_err *err)
{
    struct pl_str from = after ? name_of(a, after) : PL_S(NAME);
    struct pl_dbq *q = pl_store_q((struct pl_store_db *)store, PL_Q_AGAIN_GET, err);
    int r;
    if (!q)
        return err->code;
    pl_dbq_int(q, 1, (int64_t)most);
    pl_dbq_text(q, 2, from);
    while ((r = pl_dbq_step(q, err)) == 1) {
        r = tell(q, a, fn, arg, err);
        if (r)
            break;
    }
    pl_dbq_reset(q);
    return r;
}

int pl_store_db_again_told(struct pl_store *store, int64_t image, struct pl_err *err)
{
    struct pl_arena a = { 0 };
    struct pl_dbq *q = pl_store_q((struct pl_store_db *)store, PL_Q_AGAIN_DROP, err);
    if (!q)
        return err->code;
    pl_dbq_text(q, 1, name_of(&a, image));
    int r = pl_store_do(q, err);
    pl_arena_release(&a);
    return r;
}
