/* Inventories found by what they hold and what they are called, through indexes. fleet.md
 * section 4. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/numbers.h"
#include "base/vec.h"
#include "store/store_int.h"

/* Numbers that a statement gives. */
static int tell(struct pl_dbq *q, int (*fn)(void *arg, int64_t id), void *arg, struct pl_err *err)
{
    int r;
    while ((r = pl_dbq_step(q, err)) == 1) {
        r = fn(arg, pl_dbq_col_int(q, 0));
        if (r)
            break;
    }
    pl_dbq_reset(q);
    return r;
}

static int with_text(struct pl_store *store, enum pl_store_q which, struct pl_str s,
                     int (*fn)(void *arg, int64_t id), void *arg, struct pl_err *err)
{
    struct pl_dbq *q = pl_store_q((struct pl_store_db *)store, which, err);
    if (!q)
        return err->code;
    pl_dbq_text(q, 1, s);
    return tell(q, fn, arg, err);
}

int pl_store_db_images_called(struct pl_store *store, struct pl_str name,
                              int (*fn)(void *arg, int64_t id), void *arg, struct pl_err *err)
{
    return with_text(store, PL_Q_IMAGE_CALLED, name, fn, arg, err);
}

int pl_store_db_images_digest(struct pl_store *store, struct pl_str digest,
                              int (*fn)(void *arg, int64_t id), void *arg, struct pl_err *err)
{
    return with_text(store, PL_Q_IMAGE_DIGEST, digest, fn, arg, err);
}

int pl_store_db_images_of(struct pl_store *store, struct pl_str rule,
                          int (*fn)(void *arg, int64_t id), void *arg, struct pl_err *err)
{
    return with_text(store, PL_Q_IMAGES_OF, rule, fn, arg, err);
}

int pl_store_db_rules_found(struct pl_store *store, int (*fn)(void *arg, struct pl_str rule),
                            void *arg, struct pl_err *err)
{
    struct pl_dbq *q = pl_store_q((struct pl_store_db *)store, PL_Q_RULES_FOUND, err);
    int r;
    if (!q)
        return err->code;
    while ((r = pl_dbq_step(q, err)) == 1) {
        r = fn(arg, pl_dbq_col(q, 0));
        if (r)
            break;
    }
    pl_dbq_reset(q);
    return r;
}

int pl_store_db_flaws_of(struct pl_store *store, struct pl_str rule,
                         int (*fn)(void *arg, int64_t id), void *arg, struct pl_err *err)
{
    return with_text(store, PL_Q_FLAWS_OF, rule, fn, arg, err);
}

int pl_store_db_images_since(struct pl_store *store, int64_t at, int (*fn)(void *arg, int64_t id),
                             void *arg, struct pl_err *err)
{
    struct pl_dbq *q = pl_store_q((struct pl_store_db *)store, PL_Q_IMAGE_SINCE, err);
    if (!q)
        return err->code;
    pl_dbq_int(q, 1, at);
    return tell(q, fn, arg, err);
}

int pl_store_db_each_name(struct pl_store *store,
                          int (*fn)(void *arg, int64_t id, struct pl_str name,
                                    struct pl_str digest),
                          void *arg, struct pl_err *err)
{
    struct pl_dbq *q = pl_store_q((struct pl_store_db *)store, PL_Q_IMAGE_NAMES, err);
    int r;
    if (!q)
        return err->code;
    while ((r = pl_dbq_step(q, err)) == 1) {
        r = fn(arg, pl_dbq_col_int(q, 0), pl_dbq_col(q, 1), pl_dbq_col(q, 2));
        if (r)
            break;
    }
    pl_dbq_reset(q);
    return r;
}

int pl_store_db_names_of(struct pl_store *store, const int64_t *id, size_t n,
                         int (*fn)(void *arg, int64_t id, struct pl_str name), void *arg,
                         struct pl_err *err)
{
    struct pl_dbq *q = pl_store_q((struct pl_store_db *)store, PL_Q_SAME_DIGEST, err);
    int r;
    if (!q)
        return err->code;
    pl_dbq_list(q, 1, id, n);
    while ((r = pl_dbq_step(q, err)) == 1) {
        r = fn(arg, pl_dbq_col_int(q, 0), pl_dbq_col(q, 1));
        if (r)
            break;
    }
    pl_dbq_reset(q);
    return r;
}

/* ---- by packages ---- */

static int images_of_lists(struct pl_store_db *s, struct pl_posting_ids *list,
                           int (*fn)(void *arg, int64_t id), void *arg, struct pl_err *err)
{
    struct pl_dbq *q = pl_store_q(s, PL_Q_IMAGE_OF_SETS, err);
    if (!q)
        return err->code;
    size_t kept = pl_unique_i64(list->p, list->n);
    if (!kept)
        return 0;
    pl_dbq_list(q, 1, list->p, kept);
    return tell(q, fn, arg, err);
}

int pl_store_db_images_holding(struct pl_store *store, const uint32_t *package, size_t n,
                               int (*fn)(void *arg, int64_t id), void *arg, struct pl_err *err)
{
    struct pl_store_db *s = (struct pl_store_db *)store;
    struct pl_posting_ids list = { NULL, 0, 0 };
    uint32_t *v = calloc(n + 1, sizeof *v);
    if (!v)
        pl_oom();
    if (n)
        memcpy(v, package, n * sizeof *v);
    n = pl_unique_u32(v, n);
    int r = n ? pl_store_db_lists(s, v, n, &list, err) : 0;
    if (r == 0)
        r = images_of_lists(s, &list, fn, arg, err);
    free(v);
    pl_vec_release(&list);
    return r;
}

/* ---- by flaws ---- */

struct flawed {
    PL_VEC(uint32_t) flaw, package;
    PL_VEC(int64_t) image;
    struct pl_str subject;
    struct pl_arena a;
    int (*fn)(void *arg, int64_t id);
    void *arg;
    struct pl_err *err;
};

static int on_flaw(void *arg, int64_t id)
{
    struct flawed *x = arg;
    pl_vec_push(&x->flaw, (uint32_t)id);
    return 0;
}

static int on_image(void *arg, int64_t id)
{
    struct flawed *x = arg;
    pl_vec_push(&x->image, id);
    return 0;
}

/* The packages of a subject. */
static int subject_of(struct pl_store_db *s, struct flawed *x, struct pl_arena *a,
                      struct pl_err *err)
{
    struct pl_dbq *q = pl_store_q(s, PL_Q_PACKAGE_SUBJECT, err);
    uint8_t print[PL_ROW_PRINT];
    struct pl_package p;
    int r;
    if (!q)
        return err->code;
    pl_row_print(x->subject, print);
    pl_dbq_blob(q, 1, pl_str_n(print, sizeof print));
    while ((r = pl_dbq_step(q, err)) == 1) {
        if (!pl_row_get_package(pl_dbq_col(q, 1), a, &p)) {
            r = pl_store_damaged("a package", err);
            break;
        }
        if (pl_str_eq(p.purl, x->subject))
            pl_vec_push(&x->package, (uint32_t)pl_dbq_col_int(q, 0));
    }
    pl_dbq_reset(q);
    return r;
}

static bool has_one(const struct flawed *x, const uint32_t *flaw, size_t n)
{
    for (size_t a = 0, b = 0; a < x->flaw.n && b < n;) {
        if (x->flaw.p[a] == flaw[b])
            return true;
        if (x->flaw.p[a] < flaw[b])
            a++;
        else
            b++;
    }
    return false;
}

static int on_read(void *arg, const struct pl_store_image *i)
{
    struct flawed *x = arg;
    return has_one(x, i->flaw, i->n_flaws) ? x->fn(x->arg, i->id) : 0;
}

static void bind_image(void *arg, struct pl_dbq *q, size_t i)
{
    pl_dbq_int(q, 1, ((struct flawed *)arg)->image.p[i]);
}

static int on_state(void *arg, struct pl_dbq *q, size_t i, bool there)
{
    struct flawed *x = arg;
    uint32_t *flaw;
    size_t n;
    if (!there)
        return 0;
    pl_arena_reset(&x->a);
    if (!pl_store_flaws_get(pl_dbq_col(q, 0), &x->a, &flaw, &n))
        return pl_store_damaged("what an inventory had", x->err);
    return has_one(x, flaw, n) ? x->fn(x->arg, x->image.p[i]) : 0;
}

static int each_flawed(struct pl_store_db *s, struct flawed *x, bool all)
{
    if (all) /* what has a flaw is a release, which no list says */
        return pl_store_db_each_image(&s->store, INT64_MAX, on_read, x, x->err);
    int r = pl_store_db_images_holding(&s->store, x->package.p, x->package.n, on_image, x, x->err);
    struct pl_dbq *q = r == 0 && x->image.n ? pl_store_q(s, PL_Q_STATE_GET, x->err) : NULL;
    if (r == 0 && x->image.n && !q)
        return x->err->code;
    return q ? s->db->ops->each(q, x->image.n, bind_image, on_state, x, x->err) : r;
}

struct collect {
    PL_VEC(int64_t) id;
};

static int keep_id(void *arg, int64_t id)
{
    struct collect *c = arg;
    pl_vec_push(&c->id, id);
    return 0;
}

int pl_store_db_images_flawed(struct pl_store *store, struct pl_str rule,
                              int (*fn)(void *arg, int64_t id), void *arg, struct pl_err *err)
{
    struct pl_store_db *s = (struct pl_store_db *)store;
    struct collect c = { .id = { NULL, 0, 0 } };
    struct flawed x = { .fn = keep_id, .arg = &c, .err = err };
    struct pl_arena a = { 0 };
    bool all = false;
    int r = pl_store_db_flaws_of(store, rule, on_flaw, &x, err);
    for (size_t i = 0; i < x.flaw.n && r == 0 && !all; i++) {
        struct pl_str ignored;
        pl_arena_reset(&a);
        r = pl_store_db_flaw_named(store, x.flaw.p[i], &a, &x.subject, &ignored, err);
        all = !pl_str_starts(x.subject, PL_S("pkg:"));
        if (r == 0 && !all)
            r = subject_of(s, &x, &a, err);
    }
    if (r == 0 && x.flaw.n)
        r = each_flawed(s, &x, all);
    if (c.id.n)
        qsort(c.id.p, c.id.n, sizeof *c.id.p, pl_by_i64);
    for (size_t i = 0; i < c.id.n && r == 0; i++)
        r = fn(arg, c.id.p[i]);
    pl_vec_release(&c.id);
    pl_vec_release(&x.flaw);
    pl_vec_release(&x.package);
    pl_vec_release(&x.image);
    pl_arena_release(&x.a);
    pl_arena_release(&a);
    return r;
}
