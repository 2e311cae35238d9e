/* Schedules, names that moved, where images run, what changed when. fleet.md sections 2 to 4. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cleanup.h"
#include "store/store_int.h"

static struct pl_dbq *query(struct pl_store *s, enum pl_store_q which, struct pl_err *err)
{
    return pl_store_q((struct pl_store_db *)s, which, err);
}

/* A statement with texts as its parameters and no row. */
static int put(struct pl_store *s, enum pl_store_q which, const struct pl_str *text, int n,
               struct pl_err *err)
{
    struct pl_dbq *q = query(s, which, err);
    if (!q)
        return err->code;
    for (int i = 0; i < n; i++)
        pl_dbq_text(q, i + 1, text[i]);
    return pl_store_do(q, err);
}

/* ---- schedules ---- */

int pl_fleet_turn(struct pl_store *s, struct pl_str name, int64_t every, bool *ret,
                  struct pl_err *err)
{
    int64_t at;
    int r = put(s, PL_Q_TURN_MAKE, &name, 1, err);
    struct pl_dbq *q = r == 0 ? query(s, PL_Q_TURN_TAKE, err) : NULL;
    if (!q)
        return err->code;
    pl_dbq_text(q, 1, name);
    pl_dbq_int(q, 2, every);
    r = pl_store_one(q, &at, err);
    *ret = r == 1;
    return r < 0 ? r : 0;
}

/* The text of at most one row that `key` has, in `a`; empty: none. */
static int text_of(struct pl_store *s, enum pl_store_q which, struct pl_str key, struct pl_arena *a,
                   struct pl_str *ret, struct pl_err *err)
{
    struct pl_dbq *q = query(s, which, err);
    if (!q)
        return err->code;
    pl_dbq_text(q, 1, key);
    int r = pl_dbq_step(q, err);
    *ret = r == 1 ? pl_dup(a, pl_dbq_col(q, 0)) : PL_S("");
    pl_dbq_reset(q);
    return r < 0 ? r : 0;
}

int pl_fleet_note(struct pl_store *s, struct pl_str name, struct pl_arena *a, struct pl_str *ret,
                  struct pl_err *err)
{
    return text_of(s, PL_Q_NOTE_GET, name, a, ret, err);
}

int pl_fleet_ref_of(struct pl_store *s, struct pl_str image, struct pl_arena *a, struct pl_str *ret,
                    struct pl_err *err)
{
    return text_of(s, PL_Q_REF_OF, image, a, ret, err);
}

int pl_fleet_note_put(struct pl_store *s, struct pl_str name, struct pl_str text,
                      struct pl_err *err)
{
    const struct pl_str both[] = { name, text };
    int r = put(s, PL_Q_TURN_MAKE, &name, 1, err);
    return r == 0 ? put(s, PL_Q_NOTE_SET, both, 2, err) : r;
}

int pl_fleet_now(struct pl_store *s, int64_t *ret, struct pl_err *err)
{
    struct pl_dbq *q = query(s, PL_Q_NOW, err);
    int r = q ? pl_store_one(q, ret, err) : err->code;
    return r < 0 ? r : 0;
}

int pl_fleet_stale(struct pl_store *s, struct pl_str tool, struct pl_str rules,
                   int (*fn)(void *arg, struct pl_str name, bool runs), void *arg,
                   struct pl_err *err)
{
    struct pl_dbq *q = query(s, PL_Q_STALE, err);
    int r;
    if (!q)
        return err->code;
    pl_dbq_text(q, 1, tool);
    pl_dbq_text(q, 2, rules);
    while ((r = pl_dbq_step(q, err)) == 1) {
        r = fn(arg, pl_dbq_col(q, 0), pl_dbq_col_int(q, 1) != 0);
        if (r)
            break;
    }
    pl_dbq_reset(q);
    return r;
}

int pl_fleet_behind(struct pl_store *s, struct pl_str db, int64_t since, int64_t *ret,
                    struct pl_err *err)
{
    struct pl_dbq *q = query(s, PL_Q_BEHIND, err);
    if (!q)
        return err->code;
    pl_dbq_text(q, 1, db);
    pl_dbq_int(q, 2, since);
    int r = pl_store_one(q, ret, err);
    return r < 0 ? r : 0;
}

/* ---- names ---- */

/* The row of what `name` names now: its number and image, in `a`; 0: none. */
static int current(struct pl_store *s, struct pl_str name, struct pl_arena *a, int64_t *ret_id,
                   struct pl_ref *ret, struct pl_err *err)
{
    struct pl_dbq *q = query(s, PL_Q_REF_GET, err);
    if (!q)
        return err->code;
    pl_dbq_text(q, 1, name);
    int r = pl_dbq_step(q, err);
    *ret_id = 0;
    if (r == 1) {
        *ret_id = pl_dbq_col_int(q, 0);
        *ret = (struct pl_ref){ .name = name,
                                .image = pl_dup(a, pl_dbq_col(q, 1)),
                                .seen = pl_dbq_col_int(q, 2) };
    }
    pl_dbq_reset(q);
    return r < 0 ? r : 0;
}

int pl_fleet_ref(struct pl_store *s, struct pl_str name, struct pl_arena *a, struct pl_ref *ret,
                 bool *ret_there, struct pl_err *err)
{
    int64_t id = 0;
    int r = current(s, name, a, &id, ret, err);
    *ret_there = r == 0 && id;
    return r;
}

static int by_id(struct pl_store *s, enum pl_store_q which, int64_t id, struct pl_err *err)
{
    struct pl_dbq *q = query(s, which, err);
    if (!q)
        return err->code;
    pl_dbq_int(q, 1, id);
    return pl_store_do(q, err);
}

int pl_fleet_ref_put(struct pl_store *s, const struct pl_ref *r, struct pl_err *err)
{
    const struct pl_str all[] = { r->name, r->registry, r->repository, r->tag, r->image };
    struct pl_arena a = { 0 };
    struct pl_ref old = { .seen = 0 };
    int64_t id = 0;
    int x = current(s, r->name, &a, &id, &old, err);
    bool same = id && pl_str_eq(old.image, r->image);
    pl_arena_release(&a);
    if (x == 0 && id)
        x = by_id(s, same ? PL_Q_REF_SEEN : PL_Q_REF_END, id, err);
    return x == 0 && !same ? put(s, PL_Q_REF_ADD, all, 5, err) : x;
}

int pl_fleet_ref_lost(struct pl_store *s, struct pl_str registry, struct pl_str repository,
                      int64_t before, struct pl_err *err)
{
    struct pl_dbq *q = query(s, PL_Q_REF_LOST, err);
    if (!q)
        return err->code;
    pl_dbq_text(q, 1, registry);
    pl_dbq_text(q, 2, repository);
    pl_dbq_int(q, 3, before);
    return pl_store_do(q, err);
}

int pl_fleet_ref_each(struct pl_store *s, struct pl_str name,
                      int (*fn)(void *arg, const struct pl_ref *r), void *arg, struct pl_err *err)
{
    struct pl_dbq *q = query(s, PL_Q_REF_EACH, err);
    int r;
    if (!q)
        return err->code;
    pl_dbq_text(q, 1, name);
    while ((r = pl_dbq_step(q, err)) == 1) {
        const struct pl_ref ref = { name,
                                    pl_dbq_col(q, 0),
                                    pl_dbq_col(q, 1),
                                    pl_dbq_col(q, 2),
                                    pl_dbq_col(q, 3),
                                    pl_dbq_col_int(q, 4),
                                    pl_dbq_col_int(q, 5),
                                    pl_dbq_col_int(q, 6) };
        r = fn(arg, &ref);
        if (r)
            break;
    }
    pl_dbq_reset(q);
    return r;
}

/* ---- where images run ---- */

static int put_run(struct pl_store *s, struct pl_str cluster, const struct pl_exposure *e,
                   struct pl_err *err)
{
    const struct pl_str all[] = { cluster, e->ns, e->kind, e->owner, e->image, e->name };
    struct pl_dbq *q = query(s, PL_Q_RUNS_SEEN, err);
    int64_t id;
    if (!q)
        return err->code;
    for (int i = 0; i < 6; i++)
        pl_dbq_text(q, i + 1, all[i]);
    int r = pl_store_one(q, &id, err);
    return r == 0 ? put(s, PL_Q_RUNS_ADD, all, 6, err) : r < 0 ? r : 0;
}

int pl_fleet_runs_put(struct pl_store *s, struct pl_str cluster, const struct pl_exposure *e,
                      size_t n, struct pl_err *err)
{
    int r = s->ops->begin(s, err);
    if (r < 0)
        return r;
    r = put(s, PL_Q_RUNS_DOUBT, &cluster, 1, err);
    for (size_t i = 0; i < n && r == 0; i++)
        r = put_run(s, cluster, &e[i], err);
    if (r == 0)
        r = put(s, PL_Q_RUNS_OVER, &cluster, 1, err);
    if (r == 0)
        return s->ops->commit(s, err);
    s->ops->rollback(s);
    return r;
}

int pl_fleet_runs(struct pl_store *s, struct pl_str image, bool *ret, struct pl_err *err)
{
    struct pl_dbq *q = query(s, image.n ? PL_Q_RUNS_HAS : PL_Q_RUNS_ANY, err);
    int64_t one;
    if (!q)
        return err->code;
    if (image.n)
        pl_dbq_text(q, 1, image);
    int r = pl_store_one(q, &one, err);
    *ret = r == 1;
    return r < 0 ? r : 0;
}

int pl_fleet_runs_of(struct pl_store *s, struct pl_str image, struct pl_str name,
                     int (*fn)(void *arg, const struct pl_exposure *e), void *arg,
                     struct pl_err *err)
{
    struct pl_dbq *q = query(s, PL_Q_RUNS_OF, err);
    int r;
    if (!q)
        return err->code;
    pl_dbq_text(q, 1, image);
    pl_dbq_text(q, 2, name);
    while ((r = pl_dbq_step(q, err)) == 1) {
        const struct pl_exposure e = { .cluster = pl_dbq_col(q, 0),
                                       .ns = pl_dbq_col(q, 1),
                                       .kind = pl_dbq_col(q, 2),
                                       .owner = pl_dbq_col(q, 3),
                                       .image = pl_dbq_col(q, 4),
                                       .name = pl_dbq_col(q, 5),
                                       .since = pl_dbq_col_int(q, 6),
                                       .seen = pl_dbq_col_int(q, 7),
                                       .until = pl_dbq_col_int(q, 8) };
        r = fn(arg, &e);
        if (r)
            break;
    }
    pl_dbq_reset(q);
    return r;
}

/* ---- what changed ---- */

int pl_fleet_run_last(struct pl_store *s, int64_t *ret, struct pl_err *err)
{
    struct pl_dbq *q = query(s, PL_Q_RUN_MAX, err);
    int r = q ? pl_store_one(q, ret, err) : err->code;
    return r < 0 ? r : 0;
}

static int each_change(struct pl_store *s, enum pl_store_q which, int64_t after, int64_t to,
                       int (*fn)(void *arg, const struct pl_store_change *c), void *arg,
                       struct pl_err *err)
{
    struct pl_dbq *q = query(s, which, err);
    struct pl_arena a = { 0 };
    int r;
    if (!q)
        return err->code;
    pl_dbq_int(q, 1, after);
    pl_dbq_int(q, 2, to);
    while ((r = pl_dbq_step(q, err)) == 1) {
        struct pl_store_change c = { .run = pl_dbq_col_int(q, 0),
                                     .at = pl_dbq_col_int(q, 1),
                                     .image = pl_dbq_col_int(q, 2),
                                     .first = which == PL_Q_FIRSTS_AFTER };
        uint32_t *more, *less = NULL;
        pl_arena_reset(&a);
        if (!pl_store_flaws_get(pl_dbq_col(q, 3), &a, &more, &c.n_more) ||
            (!c.first && !pl_store_flaws_get(pl_dbq_col(q, 4), &a, &less, &c.n_less))) {
            r = pl_store_damaged("a change", err);
            break;
        }
        c.more = more;
        c.less = less;
        r = fn(arg, &c);
        if (r)
            break;
    }
    pl_dbq_reset(q);
    pl_arena_release(&a);
    return r;
}

int pl_fleet_changes(struct pl_store *s, int64_t after, int64_t to,
                     int (*fn)(void *arg, const struct pl_store_change *c), void *arg,
                     struct pl_err *err)
{
    int r = each_change(s, PL_Q_FIRSTS_AFTER, after, to, fn, arg, err);
    return r == 0 ? each_change(s, PL_Q_CHANGES_AFTER, after, to, fn, arg, err) : r;
}

int pl_fleet_own_findings(struct pl_store *s, int64_t image,
                          int (*fn)(void *arg, const struct pl_finding *f), void *arg,
                          struct pl_err *err)
{
    struct pl_dbq *q = query(s, PL_Q_OWN_FINDINGS, err);
    int r;
    if (!q)
        return err->code;
    pl_dbq_int(q, 1, image);
    while ((r = pl_dbq_step(q, err)) == 1) {
        int64_t severity = pl_dbq_col_int(q, 2);
        struct pl_finding f = { .title = pl_dbq_col(q, 0),
                                .rule = pl_dbq_col(q, 1),
                                .print = pl_dbq_col(q, 3),
                                .where.path = pl_dbq_col(q, 4) };
        f.severity = severity >= 0 && severity < PL_SEV_COUNT ? (enum pl_severity)severity : 0;
        r = fn(arg, &f);
        if (r)
            break;
    }
    pl_dbq_reset(q);
    return r;
}

int pl_fleet_rebuild_each(struct pl_store *s,
                          int (*fn)(void *arg, int64_t image, struct pl_str print), void *arg,
                          struct pl_err *err)
{
    struct pl_dbq *q = query(s, PL_Q_REBUILD_ALL, err);
    int r;
    if (!q)
        return err->code;
    while ((r = pl_dbq_step(q, err)) == 1) {
        r = fn(arg, pl_dbq_col_int(q, 0), pl_dbq_col(q, 1));
        if (r)
            break;
    }
    pl_dbq_reset(q);
    return r;
}

int pl_fleet_rebuild(struct pl_store *s, int64_t image, struct pl_arena *a, struct pl_str *ret,
                     struct pl_err *err)
{
    struct pl_dbq *q = query(s, PL_Q_REBUILD_GET, err);
    if (!q)
        return err->code;
    pl_dbq_int(q, 1, image);
    int r = pl_dbq_step(q, err);
    *ret = r == 1 ? pl_dup(a, pl_dbq_col(q, 0)) : PL_S("");
    pl_dbq_reset(q);
    return r < 0 ? r : 0;
}

int pl_fleet_rebuild_put(struct pl_store *s, int64_t image, struct pl_str print, struct pl_err *err)
{
    struct pl_dbq *q = query(s, PL_Q_REBUILD_SET, err);
    if (!q)
        return err->code;
    pl_dbq_int(q, 1, image);
    pl_dbq_text(q, 2, print);
    return pl_store_do(q, err);
}
