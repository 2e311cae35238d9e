/* An inventory into the store: each fact once, then what is its own. packages.md section 10. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "base/cleanup.h"
#include "store/sqlite_int.h"

#define SEEN_MAX ((size_t)24 << 20) /* bytes of numbers that are remembered */

/* The number of a fact: remembered, found, or given now. `bind` binds what an insert needs from
 * parameter 2 on. */
struct fact {
    struct pl_store_seen *seen;
    enum pl_store_q find, add;
    void (*bind)(struct pl_sqlq *q, const void *what, struct pl_str row);
    const void *what;
};

static int number_of(struct pl_store_db *s, const struct fact *f, struct pl_str row, uint32_t *ret,
                     struct pl_err *err)
{
    uint8_t print[PL_ROW_PRINT];
    struct pl_str key = pl_str_n(print, sizeof print);
    int64_t id = 0;
    pl_row_print(row, print);
    if (f->seen->a.total > SEEN_MAX) {
        pl_map_release(&f->seen->map);
        pl_arena_release(&f->seen->a);
    }
    f->seen->map.a = &f->seen->a;
    void *known = pl_map_get(&f->seen->map, key);
    *ret = (uint32_t)(uintptr_t)known;
    if (known)
        return 0;
    struct pl_sqlq *q = pl_store_q(s, f->find, err);
    if (!q)
        return err->code;
    pl_sqlq_blob(q, 1, key);
    int r = pl_store_one(q, &id, err);
    if (r == 0) {
        if (!(q = pl_store_q(s, f->add, err)))
            return err->code;
        pl_sqlq_blob(q, 1, key);
        f->bind(q, f->what, row);
        r = pl_store_one(q, &id, err);
    }
    if (r < 0)
        return r;
    if (id <= 0 || id >= UINT32_MAX)
        return pl_store_damaged("a number is out of range", err);
    *ret = (uint32_t)id;
    *pl_map_put(&f->seen->map, key) = (void *)(uintptr_t)id;
    return 0;
}

static void bind_package(struct pl_sqlq *q, const void *what, struct pl_str row)
{
    const struct pl_package *p = what;
    pl_sqlq_text(q, 2, p->pkg.type);
    pl_sqlq_text(q, 3, p->pkg.ns);
    pl_sqlq_text(q, 4, p->pkg.name);
    pl_sqlq_text(q, 5, p->pkg.version);
    pl_sqlq_blob(q, 6, row);
}

static void bind_row(struct pl_sqlq *q, const void *what, struct pl_str row)
{
    (void)what;
    pl_sqlq_blob(q, 2, row);
}

static void bind_layer(struct pl_sqlq *q, const void *what, struct pl_str row)
{
    const struct pl_layer_info *l = what;
    pl_sqlq_text(q, 2, l->digest);
    pl_sqlq_blob(q, 3, row);
}

static int put_package(struct pl_store_db *s, const struct pl_package *p, struct pl_buf *row,
                       struct pl_store_member *ret, struct pl_err *err)
{
    const struct fact package = { &s->packages, PL_Q_PACKAGE_FIND, PL_Q_PACKAGE_ADD, bind_package,
                                  p };
    const struct fact place = { &s->places, PL_Q_PLACE_FIND, PL_Q_PLACE_ADD, bind_row, NULL };
    pl_buf_clear(row);
    pl_row_put_package(row, p);
    int r = number_of(s, &package, pl_buf_str(row), &ret->package, err);
    pl_buf_clear(row);
    pl_row_put_names(row, &p->paths);
    if (r == 0)
        r = number_of(s, &place, pl_buf_str(row), &ret->place, err);
    ret->span = p->span;
    return r;
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

static int put_set(struct pl_store_db *s, const struct pl_target *t, int64_t *ret,
                   struct pl_err *err)
{
    const struct pl_package **sorted = pl_alloc_n(&s->scratch, t->n_packages + 1, sizeof *sorted);
    struct pl_store_member *m = pl_alloc_n(&s->scratch, t->n_packages + 1, sizeof *m);
    pl_auto_buf struct pl_buf row = { 0 };
    uint8_t print[PL_ROW_PRINT];
    int r = 0;
    for (size_t i = 0; i < t->n_packages; i++)
        sorted[i] = &t->packages[i];
    if (t->n_packages)
        qsort(sorted, t->n_packages, sizeof *sorted, by_place);
    for (size_t i = 0; i < t->n_packages && r == 0; i++)
        r = put_package(s, sorted[i], &row, &m[i], err);
    pl_buf_clear(&row);
    pl_row_put_members(&row, m, t->n_packages);
    pl_row_print(pl_buf_str(&row), print);
    struct pl_sqlq *q = r == 0 ? pl_store_q(s, PL_Q_SET_FIND, err) : NULL;
    if (!q)
        return err->code;
    pl_sqlq_blob(q, 1, pl_str_n(print, sizeof print));
    r = pl_store_one(q, ret, err);
    if (r)
        return r < 0 ? r : 0;
    if (!(q = pl_store_q(s, PL_Q_SET_ADD, err)))
        return err->code;
    pl_sqlq_blob(q, 1, pl_str_n(print, sizeof print));
    pl_sqlq_blob(q, 2, pl_buf_str(&row));
    r = pl_store_one(q, ret, err);
    return r < 0 ? r : 0;
}

static int put_layers(struct pl_store_db *s, const struct pl_target *t, struct pl_buf *ret,
                      struct pl_err *err)
{
    uint32_t *v = pl_alloc_n(&s->scratch, t->n_layers + 1, sizeof *v);
    pl_auto_buf struct pl_buf row = { 0 };
    int r = 0;
    for (size_t i = 0; i < t->n_layers && r == 0; i++) {
        const struct fact f = { &s->layers, PL_Q_LAYER_FIND, PL_Q_LAYER_ADD, bind_layer,
                                &t->layers[i] };
        pl_buf_clear(&row);
        pl_row_put_layer(&row, &t->layers[i]);
        r = number_of(s, &f, pl_buf_str(&row), &v[i], err);
    }
    pl_row_put_numbers(ret, v, t->n_layers);
    return r;
}

/* What advisories say is looked up anew each time. */
static bool is_own(const struct pl_finding *f)
{
    return !f->vuln && !(f->kind == PL_KIND_TRUST && pl_str_is(f->rule, "trust/end-of-life"));
}

static int put_findings(struct pl_store_db *s, const struct pl_target *t, int64_t image,
                        struct pl_err *err)
{
    struct pl_sqlq *q = pl_store_q(s, PL_Q_FINDING_DROP, err);
    if (!q)
        return err->code;
    pl_sqlq_int(q, 1, image);
    int r = pl_store_do(q, err);
    if (r == 0 && !(q = pl_store_q(s, PL_Q_FINDING_ADD, err)))
        return err->code;
    for (size_t i = 0; i < t->n_findings && r == 0; i++) {
        const struct pl_finding *f = &t->findings[i];
        if (!is_own(f))
            continue;
        const int64_t n[] = { f->where.surface, f->where.line };
        pl_sqlq_int(q, 1, image);
        pl_sqlq_int(q, 2, (int64_t)i);
        pl_sqlq_text(q, 3, pl_str_c(pl_kind_name(f->kind)));
        pl_sqlq_text(q, 4, f->rule);
        pl_sqlq_int(q, 5, f->severity);
        pl_sqlq_text(q, 6, f->print);
        pl_sqlq_text(q, 7, f->evidence);
        pl_sqlq_int(q, 8, n[0]);
        pl_sqlq_text(q, 9, f->where.path);
        pl_sqlq_int(q, 10, n[1]);
        pl_sqlq_int(q, 11, f->span.introduced == PL_NEVER ? -1 : (int64_t)f->span.introduced);
        pl_sqlq_int(q, 12, f->span.hidden == PL_NEVER ? -1 : (int64_t)f->span.hidden);
        pl_sqlq_int(q, 13, f->span.visible);
        r = pl_store_do(q, err);
    }
    return r;
}

/* The image's row: changed where there is one (its old list of packages in *ret_old), else made. */
static int put_image(struct pl_store_db *s, const struct pl_store_origin *o,
                     const struct pl_target *t, int64_t set, int64_t *ret, int64_t *ret_old,
                     struct pl_err *err)
{
    pl_auto_buf struct pl_buf layers = { 0 }, notes = { 0 };
    int r = put_layers(s, t, &layers, err);
    struct pl_sqlq *q = r == 0 ? pl_store_q(s, PL_Q_IMAGE_FIND, err) : NULL;
    if (!q)
        return err->code;
    pl_sqlq_text(q, 1, t->name);
    pl_sqlq_text(q, 2, t->digest);
    pl_sqlq_text(q, 3, t->platform);
    pl_sqlq_text(q, 4, o->mark);
    int found = pl_sqlq_step(q, err);
    *ret = found == 1 ? pl_sqlq_col_int(q, 0) : 0;
    *ret_old = found == 1 ? pl_sqlq_col_int(q, 1) : 0;
    pl_sqlq_reset(q);
    if (found < 0 || !(q = pl_store_q(s, found ? PL_Q_IMAGE_SET : PL_Q_IMAGE_ADD, err)))
        return err->code;
    pl_row_put_notes(&notes, t->notes, t->n_notes);
    const struct pl_str text[] = { t->name, t->digest, t->platform, o->mark, t->kind };
    for (int i = 0; i < (int)PL_COUNT(text); i++)
        pl_sqlq_text(q, i + 1, text[i]);
    pl_sqlq_int(q, 6, t->complete);
    pl_sqlq_blob(q, 7, pl_buf_str(&notes));
    pl_sqlq_blob(q, 8, pl_buf_str(&layers));
    pl_sqlq_int(q, 9, set);
    pl_sqlq_int(q, 10, o->at);
    pl_sqlq_text(q, 11, o->tool);
    pl_sqlq_text(q, 12, o->rules);
    pl_sqlq_text(q, 13, o->db);
    if (!found)
        r = pl_store_one(q, ret, err);
    else
        pl_sqlq_int(q, 14, *ret);
    if (found)
        r = pl_store_do(q, err);
    return r < 0 ? r : 0;
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
        r = put_findings(s, t, *ret_image, err);
    if (r < 0 || !old || old == set)
        return r;
    struct pl_sqlq *q = pl_store_q(s, PL_Q_SET_DROP, err);
    if (!q)
        return err->code;
    pl_sqlq_int(q, 1, old);
    return pl_store_do(q, err);
}
