/* What is asked for, looked up once; then each image against it. fleet.md section 4. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "query/query.h"

#include <stdlib.h>

#include "fmt/glob.h"
#include "ver/scheme.h"

#define WANTED 1u
#define RELEASE 2u
#define DIGEST_MIN                                                                \
    15u /* bytes of a digest that tell it from a name: "sha256:" and eight digits \
         */

/* "NAME", "NAME < 1.2", "pkg:type/name@1.2" */
struct wish {
    struct pl_query_want *w;
    struct pl_str name, group, range;
    bool purl;
    struct pl_err *err;
};

static bool named(const struct wish *x, const struct pl_package *p)
{
    if (x->purl) {
        struct pl_str u = p->purl;
        if (!pl_str_starts(u, x->name))
            return false;
        return u.n == x->name.n || strchr("@?#", u.p[x->name.n]) ||
               strchr("@?#", u.p[x->name.n - 1]);
    }
    if (!pl_str_eq(p->pkg.name, x->name) && !pl_str_eq(p->pkg.source, x->name))
        return false;
    return !x->group.n || pl_str_eq(p->pkg.ns, x->group);
}

static bool in_range(const struct wish *x, const struct pl_package *p)
{
    const struct pl_scheme *s = p->scheme ? pl_scheme_find(pl_str_c(p->scheme)) : NULL;
    if (!x->range.n)
        return true;
    if (!s)
        s = pl_scheme_of_purl(p->pkg.type);
    return s && pl_range_plain(s, x->range, p->pkg.version) > 0;
}

static int on_package(void *arg, uint32_t id, const struct pl_package *p)
{
    struct wish *x = arg;
    uint8_t flags = p->pkg.flags & PL_PKG_OS ? RELEASE : 0;
    if (x->name.n && !flags && named(x, p) && in_range(x, p))
        flags |= WANTED;
    while (flags && x->w->package.n <= id)
        pl_vec_push(&x->w->package, 0);
    if (flags)
        x->w->package.p[id] = flags;
    return 0;
}

static int read_wish(struct wish *x, struct pl_str text, struct pl_err *err)
{
    struct pl_str s = pl_str_trim(text);
    size_t n = 0;
    while (n < s.n && !strchr("<>=! ", s.p[n]))
        n++;
    x->name = pl_str_sub(s, 0, n);
    x->range = pl_str_trim(pl_str_sub(s, n, s.n));
    x->purl = pl_str_starts(x->name, PL_S("pkg:"));
    size_t colon = pl_str_find(x->name, PL_S(":"), 0);
    if (!x->purl && colon != SIZE_MAX) { /* group:name, as Maven says it */
        x->group = pl_str_sub(x->name, 0, colon);
        x->name = pl_str_sub(x->name, colon + 1, x->name.n);
    }
    if (!x->name.n)
        return pl_fail(err, PL_E_USAGE, "--package names none");
    const struct pl_scheme *any = pl_scheme_find(PL_S("deb"));
    if (x->range.n && pl_range_plain(any, x->range, PL_S("1")) < 0)
        return pl_fail(err, PL_E_USAGE, "--package: '%.*s' is no range, as in '< 2.17.1'",
                       PL_FMT(x->range));
    return 0;
}

static int on_flaw(void *arg, int64_t id)
{
    struct pl_query_want *w = arg;
    pl_vec_push(&w->flaw, (uint32_t)id);
    return 0;
}

static int on_found(void *arg, int64_t id)
{
    struct pl_query_want *w = arg;
    pl_vec_push(&w->image, id);
    return 0;
}

int pl_query_prepare(struct pl_store *s, const struct pl_query_ask *ask, struct pl_arena *a,
                     struct pl_query_want *ret, struct pl_err *err)
{
    struct wish x = { .w = ret, .err = err };
    int r = 0;
    ret->ask = ask;
    if (ask->package.n)
        r = read_wish(&x, ask->package, err);
    if (r == 0)
        r = s->ops->each_package(s, 0, on_package, &x, err);
    if (r == 0 && ask->cve.n)
        r = s->ops->flaws_of(s, ask->cve, on_flaw, ret, err);
    if (r == 0 && ask->secret.n) {
        struct pl_str rule = ask->secret;
        if (!pl_str_starts(rule, PL_S("secret/")))
            rule = pl_printf(a, "secret/%.*s", PL_FMT(ask->secret));
        r = s->ops->images_of(s, rule, on_found, ret, err);
    }
    return r;
}

void pl_query_release(struct pl_query_want *w)
{
    pl_vec_release(&w->package);
    pl_vec_release(&w->flaw);
    pl_vec_release(&w->image);
}

bool pl_query_is_release(const struct pl_query_want *w, uint32_t package)
{
    return package < w->package.n && (w->package.p[package] & RELEASE);
}

bool pl_query_is_wanted(const struct pl_query_want *w, uint32_t package)
{
    return package < w->package.n && (w->package.p[package] & WANTED);
}

static bool is_named(const struct pl_query_want *w, const struct pl_store_image *i)
{
    struct pl_str s = w->ask->image;
    return pl_glob_match(s, i->name) ||
           (s.n >= DIGEST_MIN && i->digest.n && pl_str_starts(i->digest, s));
}

static bool has_flaw(const struct pl_query_want *w, const struct pl_store_image *i)
{
    for (size_t a = 0, b = 0; a < w->flaw.n && b < i->n_flaws;) {
        if (w->flaw.p[a] == i->flaw[b])
            return true;
        if (w->flaw.p[a] < i->flaw[b])
            a++;
        else
            b++;
    }
    return false;
}

static int by_id(const void *pa, const void *pb)
{
    int64_t a = *(const int64_t *)pa, b = *(const int64_t *)pb;
    return a < b ? -1 : a > b;
}

static bool holds_any(const struct pl_query_want *w, const struct pl_store_image *i)
{
    for (size_t k = 0; k < i->n_members; k++)
        if (pl_query_is_wanted(w, i->member[k].package))
            return true;
    return false;
}

int pl_query_matches(struct pl_store *s, const struct pl_query_want *w,
                     const struct pl_store_image *i, struct pl_arena *a, bool *ret,
                     struct pl_err *err)
{
    (void)s;
    (void)a;
    (void)err;
    *ret = (!w->ask->dated || i->origin.at >= w->ask->since) &&
           (!w->ask->image.n || is_named(w, i)) && (!w->ask->cve.n || has_flaw(w, i)) &&
           (!w->ask->package.n || holds_any(w, i)) &&
           (!w->ask->secret.n ||
            (w->image.n && bsearch(&i->id, w->image.p, w->image.n, sizeof i->id, by_id)));
    return 0;
}
