/* Which images a page lists: candidates by index, then the names that come next in order. Bounded
 * memory: numbers of candidates, and the names of one page. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/numbers.h"
#include "fmt/glob.h"
#include "ui/ui_int.h"

struct finding {
    struct ui *x;
    struct ui_hits *ret;
    struct pl_str pattern; /* of names, or empty */
    struct pl_str digest;  /* its beginning, or empty */
    struct ui_hit after;   /* where the page begins; no name: at the first */
};

/* A digest or its beginning, a pattern, or a part of the name. */
static void read_name(struct finding *f)
{
    struct pl_str s = f->x->form.image;
    if (pl_str_starts(s, PL_S("sha256:")) || pl_str_starts(s, PL_S("sha512:")))
        f->digest = s;
    else if (pl_glob_is(s))
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
    const struct pl_query_want *w = &h->want;
    if (!w->all && (!w->image.n || !bsearch(&id, w->image.p, w->image.n, sizeof id, pl_by_i64)))
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
    struct finding f = { .x = x, .ret = ret };
    const struct pl_store_ask how = { .since = INT64_MAX };
    int64_t after = (int64_t)x->form.after;
    /* names are told here: a part of one is enough */
    ret->ask = (struct pl_query_ask){ .package = x->form.package,
                                      .cve = x->form.cve,
                                      .secret = x->form.secret };
    int r = pl_query_prepare(x->s, &ret->ask, &x->a, &ret->want, x->err);
    if (r == 0 && after)
        r = x->s->ops->images(x->s, &after, 1, &how, on_after, &f, x->err);
    read_name(&f);
    if (r == 0 && (ret->want.all || ret->want.image.n))
        r = x->s->ops->each_name(x->s, on_name, &f, x->err);
    return r;
}

void ui_hits_release(struct ui_hits *h)
{
    for (size_t i = 0; i < h->n; i++)
        free(h->p[i].name);
    pl_query_release(&h->want);
    h->n = 0;
}
