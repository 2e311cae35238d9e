/* An inventory into the store: each fact once, then what is its own. packages.md section 10. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "base/cleanup.h"
#include "store/store_int.h"

#define SEEN_MAX ((size_t)24 << 20) /* bytes of numbers that are remembered */
#define GROWN_EACH 16               /* lists: so often it is looked whether they make a segment */

/* Facts whose numbers are wanted: each is remembered, found, or given its number now. `bind` binds
 * what an insert needs from parameter 2 on. */
struct facts {
    struct pl_store_seen *seen;
    enum pl_store_q find, add;
    void (*bind)(struct pl_dbq *q, const void *what, struct pl_str row);
    size_t n;
    const void **what;
    struct pl_str *row;
    uint8_t (*print)[PL_ROW_PRINT];
    uint32_t *id;         /* result */
    size_t *todo, n_todo; /* those that must be asked for */
    struct pl_err *err;
};

#define PENDING UINTPTR_MAX /* asked for in this call */

static struct facts facts_of(struct pl_store_db *s, size_t n, struct pl_err *err)
{
    struct pl_arena *a = &s->scratch;
    return (struct facts){ .n = n,
                           .what = pl_alloc_n(a, n + 1, sizeof(void *)),
                           .row = pl_alloc_n(a, n + 1, sizeof(struct pl_str)),
                           .print = pl_alloc_n(a, n + 1, PL_ROW_PRINT),
                           .id = pl_alloc_n(a, n + 1, sizeof(uint32_t)),
                           .todo = pl_alloc_n(a, n + 1, sizeof(size_t)),
                           .err = err };
}

static void bind_print(void *arg, struct pl_dbq *q, size_t i)
{
    struct facts *f = arg;
    pl_dbq_blob(q, 1, pl_str_n(f->print[f->todo[i]], PL_ROW_PRINT));
}

static void bind_add(void *arg, struct pl_dbq *q, size_t i)
{
    struct facts *f = arg;
    bind_print(arg, q, i);
    f->bind(q, f->what[f->todo[i]], f->row[f->todo[i]]);
}

static int take_id(void *arg, struct pl_dbq *q, size_t i, bool there)
{
    struct facts *f = arg;
    int64_t id = there ? pl_dbq_col_int(q, 0) : 0;
    if (there && (id <= 0 || id >= UINT32_MAX))
        return pl_store_damaged("a number is out of range", f->err);
    f->id[f->todo[i]] = (uint32_t)id;
    return 0;
}

/* Asks for those in `todo`. */
static int ask(struct pl_store_db *s, struct facts *f, enum pl_store_q which,
               void (*bind)(void *arg, struct pl_dbq *q, size_t i))
{
    struct pl_dbq *q = f->n_todo ? pl_store_q(s, which, f->err) : NULL;
    if (!q)
        return f->n_todo ? f->err->code : 0;
    return s->db->ops->each(q, f->n_todo, bind, take_id, f, f->err);
}

static int numbers(struct pl_store_db *s, struct facts *f)
{
    struct pl_store_seen *seen = f->seen;
    size_t kept = 0;
    if (seen->a.total > SEEN_MAX) {
        pl_map_release(&seen->map);
        pl_arena_release(&seen->a);
    }
    seen->map.a = &seen->a;
    f->n_todo = 0;
    for (size_t i = 0; i < f->n; i++) {
        pl_row_print(f->row[i], f->print[i]);
        void **known = pl_map_put(&seen->map, pl_str_n(f->print[i], PL_ROW_PRINT));
        if (!*known) {
            *known = (void *)PENDING;
            f->todo[f->n_todo++] = i;
        }
    }
    size_t asked = f->n_todo;
    size_t *all = pl_alloc_n(&s->scratch, asked + 1, sizeof *all);
    if (asked)
        memcpy(all, f->todo, asked * sizeof *all);
    int r = ask(s, f, f->find, bind_print);
    for (size_t i = 0; i < asked && r == 0; i++)
        if (!f->id[all[i]])
            f->todo[kept++] = all[i];
    f->n_todo = kept;
    if (r == 0)
        r = ask(s, f, f->add, bind_add);
    for (size_t i = 0; i < asked && r == 0; i++)
        *pl_map_put(&seen->map, pl_str_n(f->print[all[i]], PL_ROW_PRINT)) =
            (void *)(uintptr_t)f->id[all[i]];
    for (size_t i = 0; i < f->n && r == 0; i++)
        f->id[i] = (uint32_t)(uintptr_t)pl_map_get(&seen->map, pl_str_n(f->print[i], PL_ROW_PRINT));
    return r;
}

/* A package; what it is sought by is known when it turns out to be new. */
struct newcomer {
    const struct pl_package *p;
    struct pl_store_sought *by;
};

static void bind_package(struct pl_dbq *q, const void *what, struct pl_str row)
{
    const struct newcomer *x = what;
    const struct pl_package *p = x->p;
    *x->by = pl_store_sought(p);
    pl_dbq_text(q, 2, p->pkg.type);
    pl_dbq_text(q, 3, p->pkg.ns);
    pl_dbq_text(q, 4, p->pkg.name);
    pl_dbq_text(q, 5, p->pkg.version);
    pl_dbq_blob(q, 6, row);
    pl_dbq_text(q, 7, x->by->source);
    pl_dbq_blob(q, 8, pl_str_n(x->by->subject, PL_ROW_PRINT));
}

static void bind_row(struct pl_dbq *q, const void *what, struct pl_str row)
{
    (void)what;
    pl_dbq_blob(q, 2, row);
}

static void bind_layer(struct pl_dbq *q, const void *what, struct pl_str row)
{
    const struct pl_layer_info *l = what;
    pl_dbq_text(q, 2, l->digest);
    pl_dbq_blob(q, 3, row);
}

/* As the findings of a report are sorted. */
static int by_place(const void *pa, const void *pb)
{
    const struct pl_package *a = *(const struct pl_package *const *)pa,
                            *b = *(const struct pl_package *const *)pb;
    int c;
    if (a->span.introduced != b->span.introduced)
        return a->span.introduced < b->span.introduced ? -1 : 1;
    if ((c = pl_str_cmp(a->paths.n ? a->paths.p[0] : PL_S(""),
                        b->paths.n ? b->paths.p[0] : PL_S(""))))
        return c;
    if ((c = pl_str_cmp(a->pkg.name, b->pkg.name)))
        return c;
    if ((c = pl_str_cmp(a->purl, b->purl)))
        return c;
    return a < b ? -1 : a > b;
}

/* The numbers of `n` packages and of their paths. */
static int put_packages(struct pl_store_db *s, const struct pl_package *const *p, size_t n,
                        struct pl_store_member *ret, struct pl_err *err)
{
    struct facts package = facts_of(s, n, err), place = facts_of(s, n, err);
    pl_auto_buf struct pl_buf row = { 0 };
    struct newcomer *what = pl_alloc_n(&s->scratch, n + 1, sizeof *what);
    struct pl_store_sought *by = pl_alloc_n(&s->scratch, n + 1, sizeof *by);
    package.seen = &s->packages;
    package.find = PL_Q_PACKAGE_FIND;
    package.add = PL_Q_PACKAGE_ADD;
    package.bind = bind_package;
    place.seen = &s->places;
    place.find = PL_Q_PLACE_FIND;
    place.add = PL_Q_PLACE_ADD;
    place.bind = bind_row;
    for (size_t i = 0; i < n; i++) {
        pl_buf_clear(&row);
        pl_row_put_package(&row, p[i]);
        what[i] = (struct newcomer){ p[i], &by[i] };
        package.what[i] = &what[i];
        package.row[i] = pl_dup(&s->scratch, pl_buf_str(&row));
        pl_buf_clear(&row);
        pl_row_put_names(&row, &p[i]->paths);
        place.row[i] = pl_dup(&s->scratch, pl_buf_str(&row));
    }
    int r = numbers(s, &package);
    if (r == 0)
        r = numbers(s, &place);
    for (size_t i = 0; i < n && r == 0; i++)
        ret[i] = (struct pl_store_member){ package.id[i], place.id[i], p[i]->span };
    return r;
}

static int put_set(struct pl_store_db *s, const struct pl_target *t, int64_t *ret,
                   struct pl_err *err)
{
    const struct pl_package **sorted = pl_alloc_n(&s->scratch, t->n_packages + 1, sizeof *sorted);
    struct pl_store_member *m = pl_alloc_n(&s->scratch, t->n_packages + 1, sizeof *m);
    pl_auto_buf struct pl_buf row = { 0 };
    uint8_t print[PL_ROW_PRINT];
    for (size_t i = 0; i < t->n_packages; i++)
        sorted[i] = &t->packages[i];
    if (t->n_packages)
        qsort(sorted, t->n_packages, sizeof *sorted, by_place);
    int r = put_packages(s, sorted, t->n_packages, m, err);
    pl_row_put_members(&row, m, t->n_packages);
    pl_row_print(pl_buf_str(&row), print);
    struct pl_dbq *q = r == 0 ? pl_store_q(s, PL_Q_SET_FIND, err) : NULL;
    if (!q)
        return err->code;
    pl_dbq_blob(q, 1, pl_str_n(print, sizeof print));
    r = pl_store_one(q, ret, err);
    if (r)
        return r < 0 ? r : 0;
    if (!(q = pl_store_q(s, PL_Q_SET_ADD, err)))
        return err->code;
    pl_dbq_blob(q, 1, pl_str_n(print, sizeof print));
    pl_dbq_blob(q, 2, pl_buf_str(&row));
    r = pl_store_one(q, ret, err);
    s->grown |= *ret % GROWN_EACH == 0;
    return r < 0 ? r : 0;
}

static int put_layers(struct pl_store_db *s, const struct pl_target *t, struct pl_buf *ret,
                      struct pl_err *err)
{
    struct facts f = facts_of(s, t->n_layers, err);
    pl_auto_buf struct pl_buf row = { 0 };
    f.seen = &s->layers;
    f.find = PL_Q_LAYER_FIND;
    f.add = PL_Q_LAYER_ADD;
    f.bind = bind_layer;
    for (size_t i = 0; i < t->n_layers; i++) {
        pl_buf_clear(&row);
        pl_row_put_layer(&row, &t->layers[i]);
        f.what[i] = &t->layers[i];
        f.row[i] = pl_dup(&s->scratch, pl_buf_str(&row));
    }
    int r = numbers(s, &f);
    pl_row_put_numbers(ret, f.id, t->n_layers);
    return r;
}

/* What advisories say is looked up anew each time. */
static bool is_own(const struct pl_finding *f)
{
    return !f->vuln && !(f->kind == PL_KIND_TRUST && pl_str_is(f->rule, "trust/end-of-life"));
}

/* Findings on their way into rows. */
struct rows {
    int64_t image;
    const struct pl_finding **f;
    size_t *nth;
};

static void bind_finding(void *arg, struct pl_dbq *q, size_t i)
{
    const struct rows *x = arg;
    const struct pl_finding *f = x->f[i];
    pl_dbq_int(q, 1, x->image);
    pl_dbq_int(q, 2, (int64_t)x->nth[i]);
    pl_dbq_text(q, 3, pl_str_c(pl_kind_name(f->kind)));
    pl_dbq_text(q, 4, f->rule);
    pl_dbq_int(q, 5, f->severity);
    pl_dbq_text(q, 6, f->print);
    pl_dbq_text(q, 7, f->evidence);
    pl_dbq_int(q, 8, f->where.surface);
    pl_dbq_text(q, 9, f->where.path);
    pl_dbq_int(q, 10, f->where.line);
    pl_dbq_int(q, 11, f->span.introduced == PL_NEVER ? -1 : (int64_t)f->span.introduced);
    pl_dbq_int(q, 12, f->span.hidden == PL_NEVER ? -1 : (int64_t)f->span.hidden);
    pl_dbq_int(q, 13, f->span.visible);
}

static int drop_findings(struct pl_store_db *s, int64_t image, struct pl_err *err)
{
    struct pl_dbq *q = pl_store_q(s, PL_Q_FINDING_DROP, err);
    if (!q)
        return err->code;
    pl_dbq_int(q, 1, image);
    return pl_store_do(q, err);
}

/* In place of those that it had, unless it is `fresh`. */
static int put_findings(struct pl_store_db *s, const struct pl_target *t, int64_t image, bool fresh,
                        struct pl_err *err)
{
    struct rows x = { image, pl_alloc_n(&s->scratch, t->n_findings + 1, sizeof *x.f),
                      pl_alloc_n(&s->scratch, t->n_findings + 1, sizeof *x.nth) };
    size_t n = 0;
    for (size_t i = 0; i < t->n_findings; i++) {
        if (!is_own(&t->findings[i]))
            continue;
        x.f[n] = &t->findings[i];
        x.nth[n++] = i;
    }
    int r = pl_store_db_again_keep(s, image, x.f, n, err);
    if (r == 0 && !fresh)
        r = drop_findings(s, image, err);
    if (r < 0 || !n)
        return r;
    struct pl_dbq *q = pl_store_q(s, PL_Q_FINDING_ADD, err);
    if (!q)
        return err->code;
    return s->db->ops->each(q, n, bind_finding, /* row= */ NULL, &x, err);
}

/* The image's row: changed where there is one (its old list of packages in *ret_old), else made. */
static int put_image(struct pl_store_db *s, const struct pl_store_origin *o,
                     const struct pl_target *t, int64_t set, int64_t *ret, int64_t *ret_old,
                     struct pl_err *err)
{
    pl_auto_buf struct pl_buf layers = { 0 }, notes = { 0 };
    int r = put_layers(s, t, &layers, err);
    struct pl_dbq *q = r == 0 ? pl_store_q(s, PL_Q_IMAGE_FIND, err) : NULL;
    if (!q)
        return err->code;
    pl_dbq_text(q, 1, t->name);
    pl_dbq_text(q, 2, t->digest);
    pl_dbq_text(q, 3, t->platform);
    pl_dbq_text(q, 4, o->mark);
    int found = pl_dbq_step(q, err);
    *ret = found == 1 ? pl_dbq_col_int(q, 0) : 0;
    *ret_old = found == 1 ? pl_dbq_col_int(q, 1) : 0;
    pl_dbq_reset(q);
    if (found < 0 || !(q = pl_store_q(s, found ? PL_Q_IMAGE_SET : PL_Q_IMAGE_ADD, err)))
        return err->code;
    pl_row_put_notes(&notes, t->notes, t->n_notes);
    const struct pl_str text[] = { t->name, t->digest, t->platform, o->mark, t->kind };
    for (int i = 0; i < (int)PL_COUNT(text); i++)
        pl_dbq_text(q, i + 1, text[i]);
    pl_dbq_int(q, 6, t->complete);
    pl_dbq_blob(q, 7, pl_buf_str(&notes));
    pl_dbq_blob(q, 8, pl_buf_str(&layers));
    pl_dbq_int(q, 9, set);
    pl_dbq_int(q, 10, o->at);
    pl_dbq_text(q, 11, o->tool);
    pl_dbq_text(q, 12, o->rules);
    pl_dbq_text(q, 13, o->db);
    if (!found)
        r = pl_store_one(q, ret, err);
    else
        pl_dbq_int(q, 14, *ret);
    if (found)
        r = pl_store_do(q, err);
    return r < 0 ? r : 0;
}

/* Its state does not follow from what was matched last. */
static int put_fresh(struct pl_store_db *s, int64_t image, struct pl_err *err)
{
    struct pl_dbq *q = pl_store_q(s, PL_Q_FRESH_PUT, err);
    if (!q)
        return err->code;
    pl_dbq_int(q, 1, image);
    return pl_store_do(q, err);
}

int pl_store_db_put(struct pl_store *store, const struct pl_store_origin *o,
                    const struct pl_target *t, int64_t *ret_image, struct pl_err *err)
{
    struct pl_store_db *s = (struct pl_store_db *)store;
    int64_t set = 0, old = 0;
    pl_arena_reset(&s->scratch);
    int r = put_set(s, t, &set, err);
    if (r == 0)
        r = put_image(s, o, t, set, ret_image, &old, err);
    if (r == 0)
        r = put_findings(s, t, *ret_image, !old, err);
    if (r == 0)
        r = put_fresh(s, *ret_image, err);
    if (r < 0 || !old || old == set)
        return r;
    struct pl_dbq *q = pl_store_q(s, PL_Q_SET_DROP, err);
    if (!q)
        return err->code;
    pl_dbq_int(q, 1, old);
    return pl_store_do(q, err);
}
