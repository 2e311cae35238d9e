/* What is asked for, looked up once, and the images that have it, through the store's indexes.
 * fleet.md section 4. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "query/query.h"

#include <stdlib.h>

#include "base/numbers.h"
#include "fmt/glob.h"
#include "ver/scheme.h"

/* bytes of a digest that tell it from a name: "sha256:" and eight digits */
#define DIGEST_MIN 15u

/* "NAME", "NAME < 1.2", "pkg:type/name@1.2" */
struct wish {
    struct pl_query_want *w;
    struct pl_arena *a;
    struct pl_str name, group, range;
    bool purl;
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
    if (!(p->pkg.flags & PL_PKG_OS) && named(x, p) && in_range(x, p))
        pl_vec_push(&x->w->package, (struct pl_query_package){ id, pl_dup(x->a, p->purl),
                                                               pl_dup(x->a, p->pkg.version) });
    return 0;
}

static int on_release(void *arg, uint32_t id, const struct pl_package *p)
{
    struct pl_query_want *w = arg;
    if (p->pkg.flags & PL_PKG_OS)
        pl_vec_push(&w->release, id);
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
        return pl_fail(err, PL_E_USAGE, "no package is named");
    const struct pl_scheme *any = pl_scheme_find(PL_S("deb"));
    if (x->range.n && pl_range_plain(any, x->range, PL_S("1")) < 0)
        return pl_fail(err, PL_E_USAGE, "'%.*s' is no range, as in '< 2.17.1'", PL_FMT(x->range));
    return 0;
}

static int by_package(const void *pa, const void *pb)
{
    const struct pl_query_package *a = pa, *b = pb;
    return a->id < b->id ? -1 : a->id > b->id;
}

/* The name under which the store's index has it: the last part of a package URL's. */
static struct pl_str name_of(const struct wish *x)
{
    struct pl_str s = x->name;
    if (!x->purl)
        return s;
    for (size_t i = 0; i < s.n; i++)
        if (strchr("@?#", s.p[i]))
            s.n = i;
    for (size_t i = s.n; i-- > 0;)
        if (s.p[i] == '/')
            return pl_str_sub(s, i + 1, s.n);
    return s;
}

static int find_packages(struct pl_store *s, struct wish *x, struct pl_err *err)
{
    struct pl_str name = name_of(x);
    /* what is encoded in a package URL, or written in other ways, is sought one by one */
    bool plain = !x->purl || (name.n && !memchr(name.p, '%', name.n) &&
                              pl_str_starts(x->name, PL_S("pkg:deb/")));
    int r = plain ? s->ops->packages_named(s, name, on_package, x, err)
                  : s->ops->each_package(s, 0, on_package, x, err);
    if (x->w->package.n)
        qsort(x->w->package.p, x->w->package.n, sizeof *x->w->package.p, by_package);
    return r;
}

/* ---- images ---- */

struct found {
    PL_VEC(int64_t) id;
    struct pl_str pattern; /* of a name, or the beginning of a digest */
};

static int on_found(void *arg, int64_t id)
{
    struct found *f = arg;
    pl_vec_push(&f->id, id);
    return 0;
}

/* References are written without the scheme in which a target is named. */
#define SCHEME PL_S("docker://")

static int on_name(void *arg, int64_t id, struct pl_str name, struct pl_str digest)
{
    struct found *f = arg;
    struct pl_str ref = pl_str_starts(name, SCHEME) ? pl_str_sub(name, SCHEME.n, name.n) : name;
    bool is = pl_glob_match(f->pattern, name) || pl_glob_match(f->pattern, ref) ||
              (f->pattern.n >= DIGEST_MIN && digest.n && pl_str_starts(digest, f->pattern));
    return is ? on_found(f, id) : 0;
}

/* Those of `w` that are in `f`, too; ends `f`. */
static void narrow(struct pl_query_want *w, struct found *f)
{
    size_t n = 0;
    f->id.n = pl_unique_i64(f->id.p, f->id.n);
    if (w->all)
        for (size_t i = 0; i < f->id.n; i++)
            pl_vec_push(&w->image, f->id.p[i]);
    for (size_t a = 0, b = 0; !w->all && a < w->image.n && b < f->id.n;) {
        int64_t x = w->image.p[a], y = f->id.p[b];
        if (x == y)
            w->image.p[n++] = x;
        a += x <= y;
        b += y <= x;
    }
    w->image.n = w->all ? w->image.n : n;
    w->all = false;
    pl_vec_release(&f->id);
}

static bool is_digest(struct pl_str s)
{
    return s.n == 71 && pl_str_starts(s, PL_S("sha256:"));
}

static int find_named(struct pl_store *s, struct found *f, struct pl_arena *a, struct pl_err *err)
{
    if (is_digest(f->pattern))
        return s->ops->images_digest(s, f->pattern, on_found, f, err);
    if (pl_glob_is(f->pattern) || pl_str_starts(f->pattern, PL_S("sha256:")))
        return s->ops->each_name(s, on_name, f, err);
    int r = s->ops->images_called(s, f->pattern, on_found, f, err);
    if (r || pl_str_starts(f->pattern, SCHEME))
        return r;
    struct pl_str target = pl_printf(a, "docker://%.*s", PL_FMT(f->pattern));
    return s->ops->images_called(s, target, on_found, f, err);
}

/* ---- secrets ---- */

struct rules {
    struct pl_str wanted;
    struct pl_arena *a;
    PL_VEC(struct pl_str) v;
};

static int on_rule(void *arg, struct pl_str rule)
{
    struct rules *x = arg;
    if (pl_glob_match(x->wanted, rule))
        pl_vec_push(&x->v, pl_dup(x->a, rule));
    return 0;
}

/* Those in which a rule found something that is named so, with or without "secret/", or by a
 * pattern. */
static int find_secret(struct pl_store *s, struct pl_str rule, struct found *f, struct pl_arena *a,
                       struct pl_err *err)
{
    struct rules x = { .wanted = rule, .a = a };
    if (!pl_str_starts(rule, PL_S("secret/")))
        x.wanted = pl_printf(a, "secret/%.*s", PL_FMT(rule));
    if (!pl_glob_is(rule))
        return s->ops->images_of(s, x.wanted, on_found, f, err);
    int r = s->ops->rules_found(s, on_rule, &x, err);
    for (size_t i = 0; i < x.v.n && r == 0; i++)
        r = s->ops->images_of(s, x.v.p[i], on_found, f, err);
    pl_vec_release(&x.v);
    return r;
}

static int find_images(struct pl_store *s, struct pl_query_want *w, struct pl_arena *a,
                       struct pl_err *err)
{
    const struct pl_query_ask *ask = w->ask;
    struct found f = { .pattern = ask->image };
    int r = 0;
    if (ask->image.n && (r = find_named(s, &f, a, err)) == 0)
        narrow(w, &f);
    if (r == 0 && ask->secret.n && (r = find_secret(s, ask->secret, &f, a, err)) == 0)
        narrow(w, &f);
    if (r == 0 && ask->cve.n && (r = s->ops->images_flawed(s, ask->cve, on_found, &f, err)) == 0)
        narrow(w, &f);
    if (r == 0 && ask->package.n) {
        uint32_t *id = pl_alloc_n(a, w->package.n + 1, sizeof *id);
        for (size_t i = 0; i < w->package.n; i++)
            id[i] = w->package.p[i].id;
        if ((r = s->ops->images_holding(s, id, w->package.n, on_found, &f, err)) == 0)
            narrow(w, &f);
    }
    if (r == 0 && ask->dated && (r = s->ops->images_since(s, ask->since, on_found, &f, err)) == 0)
        narrow(w, &f);
    pl_vec_release(&f.id);
    return r;
}

int pl_query_prepare(struct pl_store *s, const struct pl_query_ask *ask, struct pl_arena *a,
                     struct pl_query_want *ret, struct pl_err *err)
{
    struct wish x = { .w = ret, .a = a };
    int r = 0;
    ret->ask = ask;
    ret->all = true;
    if (ask->package.n)
        r = read_wish(&x, ask->package, err);
    if (r == 0)
        r = s->ops->packages_named(s, PL_STORE_RELEASES, on_release, ret, err);
    if (ret->release.n)
        qsort(ret->release.p, ret->release.n, sizeof *ret->release.p, pl_by_u32);
    if (r == 0 && ask->package.n)
        r = find_packages(s, &x, err);
    return r == 0 ? find_images(s, ret, a, err) : r;
}

void pl_query_release(struct pl_query_want *w)
{
    pl_vec_release(&w->package);
    pl_vec_release(&w->release);
    pl_vec_release(&w->image);
}

/* ---- reading them ---- */

static int on_any(void *arg, int64_t id, struct pl_str name, struct pl_str digest)
{
    (void)name;
    (void)digest;
    return on_found(arg, id);
}

int pl_query_each(struct pl_store *s, struct pl_query_want *w, const struct pl_store_ask *how,
                  int (*fn)(void *arg, const struct pl_store_image *i), void *arg,
                  struct pl_err *err)
{
    int r = pl_query_settle(s, w, err);
    return r == 0 ? s->ops->images(s, w->image.p, w->image.n, how, fn, arg, err) : r;
}

int pl_query_settle(struct pl_store *s, struct pl_query_want *w, struct pl_err *err)
{
    struct found f = { .pattern = PL_S("") };
    int r = w->all ? s->ops->each_name(s, on_any, &f, err) : 0;
    if (r == 0 && w->all)
        narrow(w, &f);
    pl_vec_release(&f.id);
    return r;
}

bool pl_query_is_release(const struct pl_query_want *w, uint32_t package)
{
    return w->release.n &&
           bsearch(&package, w->release.p, w->release.n, sizeof *w->release.p, pl_by_u32);
}

const struct pl_query_package *pl_query_wanted(const struct pl_query_want *w, uint32_t package)
{
    const struct pl_query_package key = { .id = package };
    return w->package.n
               ? bsearch(&key, w->package.p, w->package.n, sizeof *w->package.p, by_package)
               : NULL;
}
