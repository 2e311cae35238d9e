/* Packages and findings in the blocks that trivy reports them in. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "base/cleanup.h"
#include "compat/tv_scan.h"
#include "fmt/glob.h"

enum pl_tv_severity pl_tv_severity_in(const struct pl_finding *f)
{
    if (f->vuln && !f->vuln->severity_source.n && f->severity == PL_SEV_MEDIUM)
        return PL_TV_UNKNOWN;
    switch (f->severity) {
    case PL_SEV_CRITICAL:
        return PL_TV_CRITICAL;
    case PL_SEV_HIGH:
        return PL_TV_HIGH;
    case PL_SEV_MEDIUM:
        return PL_TV_MEDIUM;
    default:
        return PL_TV_LOW;
    }
}

const char *pl_tv_status(const struct pl_vuln *v)
{
    static const char *const names[PL_FIX_COUNT] = {
        [PL_FIX_UNKNOWN] = "unknown",           [PL_FIX_FIXED] = "fixed",
        [PL_FIX_AFFECTED] = "affected",         [PL_FIX_WILL_NOT_FIX] = "will_not_fix",
        [PL_FIX_DEFERRED] = "fix_deferred",     [PL_FIX_INVESTIGATING] = "under_investigation",
        [PL_FIX_NOT_AFFECTED] = "not_affected", [PL_FIX_END_OF_LIFE] = "end_of_life",
    };
    return names[v->state];
}

/* ---- blocks ---- */

static struct pl_str base_of(struct pl_str path)
{
    for (size_t i = path.n; i-- > 0;)
        if (path.p[i] == '/')
            return pl_str_sub(path, i + 1, SIZE_MAX);
    return path;
}

/* Files of a name. */
static const struct {
    const char *name, *type;
} files[] = {
    { "package-lock.json", "npm" },
    { "npm-shrinkwrap.json", "npm" },
    { "yarn.lock", "yarn" },
    { "pnpm-lock.yaml", "pnpm" },
    { "bun.lock", "bun" },
    { "poetry.lock", "poetry" },
    { "uv.lock", "uv" },
    { "Pipfile.lock", "pipenv" },
    { "pdm.lock", "pdm" },
    { "Gemfile.lock", "bundler" },
    { "gems.locked", "bundler" },
    { "composer.lock", "composer" },
    { "installed.json", "composer-vendor" },
    { "Cargo.lock", "cargo" },
    { "go.mod", "gomod" },
    { "gradle.lockfile", "gradle" },
    { "build.sbt.lock", "sbt" },
    { "pom.xml", "pom" },
    { "packages.lock.json", "nuget" },
    { "packages.config", "nuget-config" },
    { "conan.lock", "conan" },
    { "Package.resolved", "swift" },
    { "Podfile.lock", "cocoapods" },
    { "pubspec.lock", "pub" },
    { "mix.lock", "hex" },
    { "Manifest.toml", "julia" },
    { "environment.yml", "conda-environment" },
    { "environment.yaml", "conda-environment" },
};

/* Files by how their name ends. */
static const struct {
    const char *end, *type;
} ends[] = {
    { ".deps.json", "dotnet-core" },
    { "Packages.props", "packages-props" },
    { ".jar", "jar" },
    { ".war", "jar" },
    { ".ear", "jar" },
};

/* Kinds whose packages stand in one block. */
static const struct {
    const char *purl, *type, *title;
} kinds[] = {
    { "npm", "node-pkg", "Node.js" },  { "pypi", "python-pkg", "Python" },
    { "gem", "gemspec", "Ruby" },      { "maven", "jar", "Java" },
    { "conda", "conda-pkg", "Conda" }, { "bitnami", "bitnami", "Bitnami" },
};

static bool of_file(struct pl_str path, struct pl_str *ret_type)
{
    struct pl_str base = base_of(path);
    for (size_t i = 0; i < PL_COUNT(files); i++)
        if (pl_str_is(base, files[i].name)) {
            *ret_type = pl_str_c(files[i].type);
            return true;
        }
    for (size_t i = 0; i < PL_COUNT(ends); i++)
        if (pl_str_iends(base, pl_str_c(ends[i].end))) {
            *ret_type = pl_str_c(ends[i].type);
            return true;
        }
    if (pl_str_starts(base, PL_S("pylock.")) && pl_str_ends(base, PL_S(".toml")))
        *ret_type = PL_S("pylock");
    else if (pl_str_find(base, PL_S("requirements"), 0) != SIZE_MAX &&
             pl_str_ends(base, PL_S(".txt")))
        *ret_type = PL_S("pip");
    else
        return false;
    return true;
}

static bool is_system(const struct pl_package *p)
{
    static const char *const types[] = { "deb", "apk", "rpm", "alpm" };
    for (size_t i = 0; i < PL_COUNT(types); i++)
        if (pl_str_is(p->pkg.type, types[i]))
            return true;
    return false;
}

bool pl_tv_block_of(const struct pl_tv_report *r, const struct pl_package *p,
                    struct pl_str *ret_type, struct pl_str *ret_target, const char **ret_class)
{
    struct pl_str path = p->paths.n ? p->paths.p[0] : PL_S("");
    *ret_class = "lang-pkgs";
    if (is_system(p)) {
        const char *name = r->o->target ? r->o->target : r->o->input;
        *ret_class = "os-pkgs";
        *ret_type = r->os_family;
        *ret_target = r->os_family.n ? pl_printf(r->a, "%s (%.*s %.*s)", name, PL_FMT(r->os_family),
                                                 PL_FMT(r->os_name))
                                     : pl_str_c(name);
        return true;
    }
    *ret_target = path;
    bool known = of_file(path, ret_type);
    if (known && !pl_str_is(*ret_type, "jar"))
        return true;
    for (size_t i = 0; i < PL_COUNT(kinds); i++)
        if (pl_str_is(p->pkg.type, kinds[i].purl)) {
            *ret_type = pl_str_c(kinds[i].type);
            *ret_target = pl_str_c(kinds[i].title);
            return true;
        }
    *ret_type = pl_str_is(p->pkg.type, "golang")  ? PL_S("gobinary")
                : pl_str_is(p->pkg.type, "cargo") ? PL_S("rustbinary")
                                                  : p->pkg.type;
    return true;
}

static struct pl_tv_result *block(struct pl_tv_report *r, struct pl_str type, struct pl_str target,
                                  const char *class_)
{
    struct pl_str key = pl_printf(r->a, "%s\t%.*s\t%.*s", class_, PL_FMT(type), PL_FMT(target));
    void **at = pl_map_put(&r->blocks, key);
    if (*at)
        return *at;
    struct pl_tv_result *x = PL_NEW(r->a, struct pl_tv_result);
    x->type = type;
    x->target = target;
    x->class_ = class_;
    *at = x;
    pl_vec_push(&r->results, x);
    return x;
}

/* ---- what counts ---- */

static bool under(const struct pl_names *list, struct pl_str path, bool dirs)
{
    for (size_t i = 0; i < list->n; i++) {
        struct pl_str g = list->p[i];
        while (g.n && *g.p == '/')
            g = pl_str_sub(g, 1, SIZE_MAX);
        while (pl_str_starts(g, PL_S("./")))
            g = pl_str_sub(g, 2, SIZE_MAX);
        while (g.n && g.p[g.n - 1] == '/')
            g.n--;
        if (g.n && pl_glob_match(g, path))
            return true;
        for (size_t k = 0; dirs && g.n && k < path.n; k++)
            if (path.p[k] == '/' && pl_glob_match(g, pl_str_sub(path, 0, k)))
                return true;
    }
    return false;
}

static bool skipped(const struct pl_tv_report *r, struct pl_str path)
{
    if (under(&r->o->skip_dirs, path, true) || under(&r->o->skip_files, path, false))
        return true;
    /* written from where the command runs: "testdata/app/vendor" beside the target testdata/app */
    const char *top = r->o->target;
    if (!top || !path.n)
        return false;
    struct pl_str t = pl_str_c(top);
    while (pl_str_starts(t, PL_S("./")))
        t = pl_str_sub(t, 2, SIZE_MAX);
    while (t.n && t.p[t.n - 1] == '/')
        t.n--;
    struct pl_str whole = pl_printf(r->a, "%.*s/%.*s", PL_FMT(t), PL_FMT(path));
    return under(&r->o->skip_dirs, whole, true) || under(&r->o->skip_files, whole, false);
}

static bool ignored(const struct pl_tv_ignores *g, const struct pl_finding *f)
{
    for (size_t i = 0; i < g->v.n; i++) {
        struct pl_str id = g->v.p[i].code;
        bool hit = pl_str_eq(id, f->rule) ||
                   (f->kind == PL_KIND_SECRET && pl_str_starts(f->rule, PL_S("secret/")) &&
                    pl_str_eq(id, pl_str_sub(f->rule, 7, SIZE_MAX)));
        for (size_t k = 0; k < f->aliases.n && !hit; k++)
            hit = pl_str_eq(id, f->aliases.p[k]);
        if (hit && (!g->v.p[i].path.n || pl_glob_match(g->v.p[i].path, f->where.path)))
            return true;
    }
    return false;
}

static bool counts(const struct pl_tv_report *r, const struct pl_tv_ignores *g,
                   const struct pl_finding *f)
{
    bool vuln = f->vuln != NULL, secret = f->kind == PL_KIND_SECRET;
    if (!(vuln && r->o->vulns) && !(secret && r->o->secrets))
        return false;
    if (vuln && r->o->ignore[f->vuln->state])
        return false;
    return r->o->severity[pl_tv_severity_in(f)] && f->span.visible && !ignored(g, f) &&
           !skipped(r, f->where.path);
}

static bool shown(const struct pl_tv_report *r, const struct pl_package *p)
{
    bool system = is_system(p);
    if (p->pkg.flags & PL_PKG_OS || !p->span.visible || !(system ? r->o->os : r->o->library))
        return false;
    if ((p->pkg.flags & PL_PKG_DEV) && !r->o->dev)
        return false;
    return !p->paths.n || !skipped(r, p->paths.p[0]);
}

static void add_secret(struct pl_tv_report *r, const struct pl_finding *f)
{
    struct pl_tv_result *x = block(r, PL_S(""), f->where.path, "secret");
    pl_vec_push(&x->secrets, f);
    r->findings++;
}

/* Findings of vulnerabilities by their package URL and path, in order. */
static int by_package(const void *pa, const void *pb)
{
    const struct pl_finding *a = *(const struct pl_finding *const *)pa,
                            *b = *(const struct pl_finding *const *)pb;
    int c = pl_str_cmp(a->vuln->purl, b->vuln->purl);
    c = c ? c : pl_str_cmp(a->where.path, b->where.path);
    return c ? c : pl_str_cmp(a->rule, b->rule);
}

static int by_name(const void *pa, const void *pb)
{
    const struct pl_finding *a = *(const struct pl_finding *const *)pa,
                            *b = *(const struct pl_finding *const *)pb;
    int c = pl_str_cmp(a->vuln->name, b->vuln->name);
    c = c ? c : pl_str_cmp(a->rule, b->rule);
    return c ? c : by_package(pa, pb);
}

static int by_block(const void *pa, const void *pb)
{
    const struct pl_tv_result *a = *(struct pl_tv_result *const *)pa,
                              *b = *(struct pl_tv_result *const *)pb;
    int c = strcmp(b->class_, a->class_); /* secret, os-pkgs, lang-pkgs: turned round below */
    bool sa = strcmp(a->class_, "secret") == 0, sb = strcmp(b->class_, "secret") == 0;
    if (sa != sb)
        return sa ? 1 : -1;
    c = c ? c : pl_str_cmp(a->type, b->type);
    return c ? c : pl_str_cmp(a->target, b->target);
}

static void add_vulns(struct pl_tv_result *x, const struct pl_package *p,
                      const struct pl_finding *const *v, size_t n)
{
    size_t lo = 0, hi = n;
    struct pl_str path = p->paths.n ? p->paths.p[0] : PL_S("");
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        int c = pl_str_cmp(v[mid]->vuln->purl, p->purl);
        c = c ? c : pl_str_cmp(v[mid]->where.path, path);
        if (c < 0)
            lo = mid + 1;
        else
            hi = mid;
    }
    for (; lo < n && pl_str_eq(v[lo]->vuln->purl, p->purl) && pl_str_eq(v[lo]->where.path, path);
         lo++)
        pl_vec_push(&x->vulns, v[lo]);
}

void pl_tv_sort(struct pl_tv_report *r, const struct pl_tv_ignores *g)
{
    PL_VEC(const struct pl_finding *) v = { 0 };
    const struct pl_target *t = r->t;
    for (size_t i = 0; t && i < t->n_findings; i++) {
        const struct pl_finding *f = &t->findings[i];
        if (!counts(r, g, f))
            continue;
        if (f->vuln)
            pl_vec_push(&v, f);
        else
            add_secret(r, f);
    }
    if (v.n)
        qsort(v.p, v.n, sizeof *v.p, by_package);
    for (size_t i = 0; t && i < t->n_packages; i++) {
        struct pl_str type, target;
        const char *class_;
        const struct pl_package *p = &t->packages[i];
        if (!shown(r, p) || !pl_tv_block_of(r, p, &type, &target, &class_))
            continue;
        struct pl_tv_result *x = block(r, type, target, class_);
        pl_vec_push(&x->packages, p);
        add_vulns(x, p, v.p, v.n);
    }
    pl_vec_release(&v);
    for (size_t i = 0; i < r->results.n; i++) {
        struct pl_tv_result *x = r->results.p[i];
        r->findings += x->vulns.n;
        if (x->vulns.n)
            qsort(x->vulns.p, x->vulns.n, sizeof *x->vulns.p, by_name);
    }
    if (r->results.n)
        qsort(r->results.p, r->results.n, sizeof *r->results.p, by_block);
}

void pl_tv_report_release(struct pl_tv_report *r)
{
    for (size_t i = 0; i < r->results.n; i++) {
        pl_vec_release(&r->results.p[i]->packages);
        pl_vec_release(&r->results.p[i]->vulns);
        pl_vec_release(&r->results.p[i]->secrets);
    }
    pl_vec_release(&r->results);
    pl_map_release(&r->blocks);
}
