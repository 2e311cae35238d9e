/* Which images a page lists: candidates by index, then the names that come next in order. Bounded
 * memory: numbers of candidates, and the names of one page. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "base/cleanup.h"
#include "fmt/glob.h"
#include "query/query.h"
#include "ui/ui_int.h"

struct ids {
    struct ui *x;
    PL_VEC(int64_t) v; /* rising */
};

struct finding {
    struct ui *x;
    struct ui_hits *ret;
    struct ids in; /* candidates, when `some` */
    bool some;
    struct pl_str pattern; /* of names, or empty */
    struct pl_str digest;  /* its beginning, or empty */
    struct ui_hit after;   /* where the page begins; no name: at the first */
};

static int on_id(void *arg, int64_t id)
{
    struct ids *v = arg;
    pl_vec_push(&v->v, id);
    return ui_step(v->x);
}

static int by_id(const void *pa, const void *pb)
{
    int64_t a = *(const int64_t *)pa, b = *(const int64_t *)pb;
    return a < b ? -1 : a > b;
}

/* Leaves in f->in what is in `more`, too; takes it over. */
static void narrow(struct finding *f, struct ids *more)
{
    if (!f->some) {
        f->in = *more;
        f->some = true;
        return;
    }
    size_t n = 0;
    for (size_t i = 0, k = 0; i < f->in.v.n; i++) {
        while (k < more->v.n && more->v.p[k] < f->in.v.p[i])
            k++;
        if (k < more->v.n && more->v.p[k] == f->in.v.p[i])
            f->in.v.p[n++] = f->in.v.p[i];
    }
    f->in.v.n = n;
    pl_vec_release(&more->v);
}

static int holding(struct finding *f)
{
    struct ui *x = f->x;
    struct pl_query_ask ask = { .package = x->form.package };
    struct pl_query_want want = { .ask = NULL };
    struct ids more = { .x = x };
    int r = pl_query_prepare(x->s, &ask, &x->a, &want, x->err);
    for (size_t i = 0; r == 0 && i < want.package.n; i++)
        if (pl_query_is_wanted(&want, (uint32_t)i))
            pl_vec_push(&f->ret->packages, (uint32_t)i);
    if (r == 0)
        r = x->s->ops->images_holding(x->s, f->ret->packages.p, f->ret->packages.n, on_id, &more,
                                      x->err);
    pl_query_release(&want);
    narrow(f, &more);
    return r;
}

static int flawed(struct finding *f)
{
    struct ids more = { .x = f->x };
    int r = f->x->s->ops->images_flawed(f->x->s, f->x->form.cve, on_id, &more, f->x->err);
    narrow(f, &more);
    return r;
}

static int leaking(struct finding *f)
{
    struct ids more = { .x = f->x };
    struct pl_str rule = f->x->form.secret;
    if (!pl_str_starts(rule, PL_S("secret/")))
        rule = pl_printf(&f->x->a, "secret/%.*s", PL_FMT(rule));
    int r = f->x->s->ops->images_of(f->x->s, rule, on_id, &more, f->x->err);
    narrow(f, &more);
    return r;
}

/* A digest or its beginning, a pattern, or a part of the name. */
static void read_name(struct finding *f)
{
    struct pl_str s = f->x->form.image;
    bool glob = false;
    for (size_t i = 0; i < s.n; i++)
        glob |= strchr("*?[{\\", s.p[i]) != NULL;
    if (pl_str_starts(s, PL_S("sha256:")) || pl_str_starts(s, PL_S("sha512:")))
        f->digest = s;
    else if (glob && pl_glob_check(s, NULL) == 0)
        f->pattern = s;
}

static bool is_named(const struct finding *f, struct pl_str name, struct pl_str digest)
{
    struct pl_str s = f->x->form.image;
    if (!s.n)
        return true;
    if (f->digest.n)
        return pl_str_starts(digest, s);
    return f->pattern.n ? pl_glob_match(s, name) : pl_str_find(name, s, 0) != SIZE_MAX;
}

static int compare(struct pl_str a, int64_t a_id, const struct ui_hit *b)
{
    int c = pl_str_cmp(a, pl_str_n(b->name, b->n));
    return c ? c : a_id < b->id ? -1 : a_id > b->id;
}

static int on_name(void *arg, int64_t id, struct pl_str name, struct pl_str digest)
{
    struct finding *f = arg;
    struct ui_hits *h = f->ret;
    if (f->some && (!f->in.v.n || !bsearch(&id, f->in.v.p, f->in.v.n, sizeof id, by_id)))
        return ui_step(f->x);
    if (!is_named(f, name, digest))
        return ui_step(f->x);
    h->total++;
    if (f->after.name && compare(name, id, &f->after) <= 0)
        return ui_step(f->x);
    size_t at = h->n;
    while (at && compare(name, id, &h->p[at - 1]) < 0)
        at--;
    if (at == PL_COUNT(h->p))
        return ui_step(f->x);
    if (h->n == PL_COUNT(h->p))
        free(h->p[--h->n].name);
    memmove(h->p + at + 1, h->p + at, (h->n - at) * sizeof *h->p);
    h->p[at] = (struct ui_hit){ id, malloc(name.n + 1), name.n };
    if (!h->p[at].name)
        pl_oom();
    memcpy(h->p[at].name, name.p, name.n);
    h->n++;
    return ui_step(f->x);
}

static int on_after(void *arg, const struct pl_store_image *i)
{
    struct finding *f = arg;
    f->after = (struct ui_hit){ i->id, (char *)pl_dup(&f->x->a, i->name).p, i->name.n };
    return 0;
}

int ui_find(struct ui *x, struct ui_hits *ret)
{
    struct finding f = { .x = x, .ret = ret, .in = { .x = x } };
    const struct pl_store_ops *ops = x->s->ops;
    const struct pl_store_ask how = { .since = INT64_MAX };
    int64_t after = (int64_t)x->form.after;
    int r = x->form.package.n ? holding(&f) : 0;
    if (r == 0 && x->form.cve.n)
        r = flawed(&f);
    if (r == 0 && x->form.secret.n)
        r = leaking(&f);
    if (r == 0 && after)
        r = ops->images(x->s, &after, 1, &how, on_after, &f, x->err);
    read_name(&f);
    if (r == 0 && (!f.some || f.in.v.n))
        r = ops->each_name(x->s, on_name, &f, x->err);
    pl_vec_release(&f.in.v);
    return r;
}

void ui_hits_release(struct ui_hits *h)
{
    for (size_t i = 0; i < h->n; i++)
        free(h->p[i].name);
    pl_vec_release(&h->packages);
    h->n = 0;
}

bool ui_hits_package(const struct ui_hits *h, uint32_t package)
{
    size_t from = 0, to = h->packages.n;
    while (from < to) {
        size_t k = from + (to - from) / 2;
        if (h->packages.p[k] == package)
            return true;
        if (h->packages.p[k] < package)
            from = k + 1;
        else
            to = k;
    }
    return false;
}
