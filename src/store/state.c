/* Which flaws inventories had, and when that changed. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cleanup.h"
#include "base/wire.h"
#include "store/store_int.h"

#define FLAWS_MANY 200u              /* asked for in a transaction: then all are read at once */
#define STATES_SOME 1000u            /* inventories whose flaws are kept at once */
#define FLAWS_MAX ((size_t)96 << 20) /* bytes of them that are remembered */

static struct pl_str flaw_key(struct pl_buf *b, struct pl_str subject, struct pl_str rule)
{
    pl_put_str(b, rule);
    pl_buf_putn(b, subject.p, subject.n);
    return pl_buf_str(b);
}

static int read_flaws(struct pl_store_db *s, struct pl_err *err)
{
    struct pl_dbq *q = pl_store_q(s, PL_Q_FLAW_ALL, err);
    pl_auto_buf struct pl_buf b = { 0 };
    int r;
    if (!q)
        return err->code;
    s->flaws.map.a = &s->flaws.a;
    while ((r = pl_dbq_step(q, err)) == 1 && s->flaws.a.total < FLAWS_MAX) {
        pl_buf_clear(&b);
        struct pl_str key = flaw_key(&b, pl_dbq_col(q, 1), pl_dbq_col(q, 2));
        *pl_map_put(&s->flaws.map, key) = (void *)(uintptr_t)pl_dbq_col_int(q, 0);
    }
    pl_dbq_reset(q);
    s->flaws_all = r == 0;
    return r < 0 ? r : 0;
}

/* Its number where it is remembered, else 0. */
static int known_flaw(struct pl_store_db *s, struct pl_str subject, struct pl_str rule,
                      int64_t *ret, struct pl_err *err)
{
    pl_auto_buf struct pl_buf b = { 0 };
    int r = s->open && ++s->flaws_asked == FLAWS_MANY ? read_flaws(s, err) : 0;
    if (r == 0 && s->flaws.map.n)
        *ret = (int64_t)(uintptr_t)pl_map_get(&s->flaws.map, flaw_key(&b, subject, rule));
    return r;
}

/* One that was given its number now: where all are remembered it must be, too. */
static void remember_flaw(struct pl_store_db *s, struct pl_str subject, struct pl_str rule,
                          int64_t id)
{
    pl_auto_buf struct pl_buf b = { 0 };
    if (s->flaws_all)
        *pl_map_put(&s->flaws.map, flaw_key(&b, subject, rule)) = (void *)(uintptr_t)id;
}

int pl_store_db_flaw(struct pl_store *store, struct pl_str subject, struct pl_str rule, bool make,
                     uint32_t *ret, struct pl_err *err)
{
    struct pl_store_db *s = (struct pl_store_db *)store;
    int64_t id = 0;
    int r = known_flaw(s, subject, rule, &id, err);
    bool ask = r == 0 && !id;
    struct pl_dbq *q = ask && !s->flaws_all ? pl_store_q(s, PL_Q_FLAW_FIND, err) : NULL;
    if (r < 0 || (ask && !s->flaws_all && !q))
        return err->code;
    if (q) {
        pl_dbq_text(q, 1, subject);
        pl_dbq_text(q, 2, rule);
        r = pl_store_one(q, &id, err);
    }
    if (ask && r == 0 && make) {
        if (!(q = pl_store_q(s, PL_Q_FLAW_ADD, err)))
            return err->code;
        pl_dbq_text(q, 1, subject);
        pl_dbq_text(q, 2, rule);
        r = pl_store_one(q, &id, err);
        remember_flaw(s, subject, rule, id);
    }
    if (r >= 0 && (id < 0 || id >= UINT32_MAX))
        return pl_store_damaged("a number is out of range", err);
    *ret = (uint32_t)id;
    return r < 0 ? r : 0;
}

int pl_store_db_flaw_named(struct pl_store *store, uint32_t id, struct pl_arena *a,
                           struct pl_str *ret_subject, struct pl_str *ret_rule, struct pl_err *err)
{
    struct pl_dbq *q = pl_store_q((struct pl_store_db *)store, PL_Q_FLAW_GET, err);
    if (!q)
        return err->code;
    pl_dbq_int(q, 1, id);
    int r = pl_dbq_step(q, err);
    if (r == 1) {
        *ret_subject = pl_dup(a, pl_dbq_col(q, 0));
        *ret_rule = pl_dup(a, pl_dbq_col(q, 1));
    }
    pl_dbq_reset(q);
    return r == 0 ? pl_store_damaged("something is missing", err) : r < 0 ? r : 0;
}

int pl_store_db_run(struct pl_store *store, const struct pl_store_origin *o, int64_t *ret_run,
                    struct pl_err *err)
{
    struct pl_dbq *q = pl_store_q((struct pl_store_db *)store, PL_Q_RUN_ADD, err);
    if (!q)
        return err->code;
    pl_dbq_int(q, 1, o->at);
    pl_dbq_text(q, 2, o->tool);
    pl_dbq_text(q, 3, o->db);
    int r = pl_store_one(q, ret_run, err);
    return r < 0 ? r : 0;
}

/* Those of `a` that `b` lacks; both rise. */
static size_t without(const uint32_t *a, size_t na, const uint32_t *b, size_t nb, uint32_t *ret)
{
    size_t n = 0, k = 0;
    for (size_t i = 0; i < na; i++) {
        while (k < nb && b[k] < a[i])
            k++;
        if (k == nb || b[k] != a[i])
            ret[n++] = a[i];
    }
    return n;
}

/* Both together, rising. */
static size_t merged(const uint32_t *a, size_t na, const uint32_t *b, size_t nb, uint32_t *ret)
{
    size_t n = 0, i = 0, k = 0;
    while (i < na || k < nb) {
        uint32_t v = k == nb || (i < na && a[i] <= b[k]) ? a[i] : b[k];
        i += i < na && a[i] == v;
        k += k < nb && b[k] == v;
        ret[n++] = v;
    }
    return n;
}

static bool rises(const uint32_t *v, size_t n)
{
    for (size_t i = 1; i < n; i++)
        if (v[i] <= v[i - 1])
            return false;
    return true;
}

bool pl_store_flaws_get(struct pl_str row, struct pl_arena *a, uint32_t **ret, size_t *ret_n)
{
    return pl_row_get_numbers(row, a, ret, ret_n) && rises(*ret, *ret_n);
}

/* ---- what inventories have now ---- */

/* A part of those that are told at once. */
struct keeping {
    const struct pl_store_state *v;
    struct pl_str *row, *old, *more, *less; /* old: as it is there, p NULL when it is not */
    size_t *todo;
    int64_t run;
    struct pl_arena *a;
};

static void bind_image(void *arg, struct pl_dbq *q, size_t i)
{
    pl_dbq_int(q, 1, ((struct keeping *)arg)->v[i].image);
}

static int on_old(void *arg, struct pl_dbq *q, size_t i, bool there)
{
    struct keeping *k = arg;
    if (there)
        k->old[i] = pl_dup(k->a, pl_dbq_col(q, 0));
    return 0;
}

static void bind_new_state(void *arg, struct pl_dbq *q, size_t i)
{
    struct keeping *k = arg;
    bind_image(arg, q, k->todo[i]);
    pl_dbq_int(q, 2, k->run);
    pl_dbq_blob(q, 3, k->row[k->todo[i]]);
}

static void bind_state(void *arg, struct pl_dbq *q, size_t i)
{
    struct keeping *k = arg;
    bind_image(arg, q, k->todo[i]);
    pl_dbq_blob(q, 2, k->row[k->todo[i]]);
}

static void bind_change(void *arg, struct pl_dbq *q, size_t i)
{
    struct keeping *k = arg;
    bind_image(arg, q, k->todo[i]);
    pl_dbq_int(q, 2, k->run);
    pl_dbq_blob(q, 3, k->more[k->todo[i]]);
    pl_dbq_blob(q, 4, k->less[k->todo[i]]);
}

static int change_of(struct keeping *k, size_t i, struct pl_err *err)
{
    pl_auto_buf struct pl_buf b = { 0 };
    uint32_t *old;
    size_t n_old, n = k->v[i].n;
    const uint32_t *flaw = k->v[i].flaw;
    if (!pl_store_flaws_get(k->old[i], k->a, &old, &n_old))
        return pl_store_damaged("what an inventory had", err);
    uint32_t *v = pl_alloc_n(k->a, n + n_old + 1, sizeof *v);
    pl_row_put_numbers(&b, v, without(flaw, n, old, n_old, v));
    k->more[i] = pl_dup(k->a, pl_buf_str(&b));
    pl_buf_clear(&b);
    pl_row_put_numbers(&b, v, without(old, n_old, flaw, n, v));
    k->less[i] = pl_dup(k->a, pl_buf_str(&b));
    return 0;
}

static int each(struct pl_store_db *s, struct keeping *k, enum pl_store_q which, size_t n,
                void (*bind)(void *arg, struct pl_dbq *q, size_t i), struct pl_err *err)
{
    struct pl_dbq *q = n ? pl_store_q(s, which, err) : NULL;
    if (!q)
        return n ? err->code : 0;
    return s->db->ops->each(q, n, bind, which == PL_Q_STATE_GET ? on_old : NULL, k, err);
}

static int keep_states(struct pl_store_db *s, struct keeping *k, size_t n, struct pl_err *err)
{
    size_t n_new = 0, n_set = 0;
    int r = each(s, k, PL_Q_STATE_GET, n, bind_image, err);
    for (size_t i = 0; i < n && r == 0; i++)
        if (!k->old[i].p)
            k->todo[n_new++] = i;
    if (r == 0)
        r = each(s, k, PL_Q_STATE_ADD, n_new, bind_new_state, err);
    for (size_t i = 0; i < n && r == 0; i++)
        if (k->old[i].p && !pl_str_eq(k->old[i], k->row[i])) {
            k->todo[n_set++] = i;
            r = change_of(k, i, err);
        }
    if (r == 0)
        r = each(s, k, PL_Q_CHANGE_ADD, n_set, bind_change, err);
    return r == 0 ? each(s, k, PL_Q_STATE_SET, n_set, bind_state, err) : r;
}

int pl_store_db_states(struct pl_store *store, int64_t run, const struct pl_store_state *v,
                       size_t n, struct pl_err *err)
{
    struct pl_store_db *s = (struct pl_store_db *)store;
    struct pl_arena *a = &s->scratch;
    pl_auto_buf struct pl_buf row = { 0 };
    int r = 0;
    for (size_t at = 0, some; at < n && r == 0; at += some) {
        some = n - at < STATES_SOME ? n - at : STATES_SOME;
        pl_arena_reset(a);
        struct keeping k = { .v = v + at,
                             .row = pl_alloc_n(a, some, sizeof *k.row),
                             .old = pl_alloc_n(a, some, sizeof *k.old),
                             .more = pl_alloc_n(a, some, sizeof *k.more),
                             .less = pl_alloc_n(a, some, sizeof *k.less),
                             .todo = pl_alloc_n(a, some, sizeof *k.todo),
                             .run = run,
                             .a = a };
        for (size_t i = 0; i < some; i++) {
            pl_buf_clear(&row);
            pl_row_put_numbers(&row, k.v[i].flaw, k.v[i].n);
            k.row[i] = pl_dup(a, pl_buf_str(&row));
        }
        r = keep_states(s, &k, some, err);
    }
    return r;
}

int pl_store_db_state(struct pl_store *store, int64_t run, int64_t image, const uint32_t *flaw,
                      size_t n, struct pl_err *err)
{
    const struct pl_store_state one = { image, flaw, n };
    return pl_store_db_states(store, run, &one, 1, err);
}

/* Undoes one change that came after the moment asked for. */
static int undo(struct pl_dbq *q, struct pl_arena *a, uint32_t **flaw, size_t *n,
                struct pl_err *err)
{
    uint32_t *more, *less;
    size_t n_more, n_less;
    if (!pl_store_flaws_get(pl_dbq_col(q, 0), a, &more, &n_more) ||
        !pl_store_flaws_get(pl_dbq_col(q, 1), a, &less, &n_less))
        return pl_store_damaged("a change", err);
    uint32_t *kept = pl_alloc_n(a, *n + 1, sizeof *kept);
    size_t n_kept = without(*flaw, *n, more, n_more, kept);
    *flaw = pl_alloc_n(a, n_kept + n_less + 1, sizeof **flaw);
    *n = merged(kept, n_kept, less, n_less, *flaw);
    return 0;
}

int pl_store_db_rewind(struct pl_store_db *s, int64_t image, int64_t first, struct pl_str row,
                       int64_t since, struct pl_arena *a, uint32_t **ret, size_t *ret_n,
                       struct pl_err *err)
{
    int64_t at = 0;
    if (!pl_store_flaws_get(row, a, ret, ret_n))
        return pl_store_damaged("what an inventory had", err);
    if (since == INT64_MAX)
        return 0;
    struct pl_dbq *q = pl_store_q(s, PL_Q_RUN_AT, err);
    if (!q)
        return err->code;
    pl_dbq_int(q, 1, first);
    int r = pl_store_one(q, &at, err);
    if (r < 0)
        return r;
    if (at >= since) {
        *ret_n = 0; /* nothing was known of it then */
        return 0;
    }
    if (!(q = pl_store_q(s, PL_Q_CHANGES, err)))
        return err->code;
    pl_dbq_int(q, 1, image);
    pl_dbq_int(q, 2, since);
    while ((r = pl_dbq_step(q, err)) == 1) {
        r = undo(q, a, ret, ret_n, err);
        if (r < 0)
            break;
    }
    pl_dbq_reset(q);
    return r;
}
