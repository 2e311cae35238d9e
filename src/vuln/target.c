/* All packages of a target: findings, what could not be assessed, releases past their end.
 * packages.md section 6. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/map.h"
#include "fmt/jsontree.h"
#include "vuln/match_int.h"

struct told {
    struct pl_vuln_matcher *m;
    struct pl_arena *a;
    struct pl_target *t;
    struct pl_map releases; /* ecosystems that were spoken of */
    bool kernel;
    PL_VEC(struct pl_finding) found;
    PL_VEC(struct pl_note) notes;
};

/* Programs and manuals that are built from the kernel's source, and are no kernel. */
static bool tool_of_kernel(const struct pl_package *p)
{
    static const char *const exact[] = { "bpftool",
                                         "usbip",
                                         "hyperv-daemons",
                                         "linux-cpupower",
                                         "libcpupower1",
                                         "libcpupower-dev",
                                         "perf",
                                         "python3-perf",
                                         "kernel-tools",
                                         "kernel-doc",
                                         "kernel-tools-libs",
                                         "rtla",
                                         "rv" };
    static const char *const begins[] = { "linux-perf",        "linux-doc",      "linux-source",
                                          "linux-config-",     "linux-support-", "linux-tools-",
                                          "linux-bootwrapper-" };
    struct pl_str from = p->pkg.source;
    if (!pl_str_is(from, "linux") && !pl_str_starts(from, PL_S("linux-")) &&
        !pl_str_is(from, "kernel") && !pl_str_starts(from, PL_S("kernel-")))
        return false;
    for (size_t i = 0; i < PL_COUNT(exact); i++)
        if (pl_str_is(p->pkg.name, exact[i]))
            return true;
    for (size_t i = 0; i < PL_COUNT(begins); i++)
        if (pl_str_starts(p->pkg.name, pl_str_c(begins[i])))
            return true;
    return false;
}

bool pl_match_headers(const struct pl_package *p)
{
    static const char *const exact[] = { "linux-libc-dev", "kernel-headers", "kernel-devel",
                                         "linux-headers", "glibc-kernheaders" };
    static const char *const begins[] = { "linux-headers-", "linux-kbuild-", "linux-compiler-",
                                          "kernel-headers-", "kernel-uek-devel" };
    for (size_t i = 0; i < PL_COUNT(exact); i++)
        if (pl_str_is(p->pkg.name, exact[i]))
            return true;
    for (size_t i = 0; i < PL_COUNT(begins); i++)
        if (pl_str_starts(p->pkg.name, pl_str_c(begins[i])))
            return true;
    return tool_of_kernel(p);
}

bool pl_match_has_kernel(const struct pl_package *p, size_t n)
{
    static const char *const exact[] = { "kernel",     "kernel-core", "kernel-default", "linux-lts",
                                         "linux-virt", "kernel-uek",  "linux-esx" };
    for (size_t i = 0; i < n; i++) {
        if (!p[i].span.visible)
            continue;
        for (size_t k = 0; k < PL_COUNT(exact); k++)
            if (pl_str_is(p[i].pkg.name, exact[k]))
                return true;
        if (pl_str_starts(p[i].pkg.name, PL_S("linux-image-")) ||
            pl_str_starts(p[i].pkg.name, PL_S("linux-modules-")))
            return true;
    }
    return false;
}

/* Many flaws of headers, no code of which runs: one line that carries all of them. */
static void collapse(const struct pl_package *p, struct pl_arena *a, struct pl_matches *ret)
{
    struct pl_match *one = PL_NEW(a, struct pl_match);
    struct pl_names ids = { pl_alloc_n(a, ret->n, sizeof *ids.p), ret->n };
    for (size_t i = 0; i < ret->n; i++)
        ids.p[i] = ret->p[i].rule;
    *one = ret->p[0];
    one->rule = PL_S("vuln/kernel-headers");
    one->aliases = (struct pl_names){ NULL, 0 };
    one->severity = PL_SEV_INFO;
    one->title =
        pl_printf(a, "%zu flaws of the kernel, of which only headers or tools are here", ids.n);
    one->vuln->collapsed = ids;
    one->vuln->collapsed_why = pl_printf(
        a, "%.*s holds headers or tools of the kernel; the kernel that runs is the host's",
        PL_FMT(p->pkg.name));
    one->vuln->fixed = PL_S("");
    one->vuln->adv_id = PL_S("");
    one->vuln->severity_source = PL_S("");
    one->vuln->cvss = (struct pl_names){ NULL, 0 };
    one->vuln->state = PL_FIX_UNKNOWN;
    ret->p = one;
    ret->n = 1;
}

/* Feeds that speak of source packages where the others speak of binaries. */
static int by_source(struct pl_vuln_matcher *m, const struct pl_eco_key *k,
                     const struct pl_package *p, struct pl_arena *a, struct pl_matches *ret,
                     struct pl_err *err)
{
    struct pl_eco_key src = *k;
    struct pl_matches more;
    src.eco = pl_printf(a, "%.*s:src", PL_FMT(k->eco));
    if (!pl_advdb_has_eco(m->db, src.eco))
        return 0;
    if (p->pkg.source.n)
        src.name = src.source = p->pkg.source;
    int r = pl_match_key(m, &src, p, a, &more, err);
    if (r < 0 || !more.n)
        return r;
    struct pl_match *all = pl_alloc_n(a, ret->n + more.n, sizeof *all);
    size_t n = 0;
    for (size_t i = 0; i < ret->n; i++)
        all[n++] = ret->p[i];
    for (size_t i = 0; i < more.n; i++) {
        size_t at = 0; /* what the feed of binaries says counts */
        while (at < ret->n && !pl_str_eq(ret->p[at].rule, more.p[i].rule))
            at++;
        if (at == ret->n)
            all[n++] = more.p[i];
    }
    *ret = (struct pl_matches){ all, n };
    return 0;
}

int pl_match_package(struct pl_vuln_matcher *m, const struct pl_package *p, bool kernel,
                     struct pl_arena *a, struct pl_matches *ret, struct pl_err *err)
{
    struct pl_eco_key k;
    *ret = (struct pl_matches){ NULL, 0 };
    if (!pl_match_wants(m, p) || !pl_eco_of_package(a, p, &k))
        return 0;
    bool one = pl_match_headers(p) && !kernel && !m->o.expand_kernel, brief = m->o.brief;
    m->o.brief |= one;
    int r = pl_match_key(m, &k, p, a, ret, err);
    if (r == 0 && k.distro && !k.source.n && pl_str_is(p->pkg.type, "rpm"))
        r = by_source(m, &k, p, a, ret, err);
    m->o.brief = brief;
    if (r == 0 && one && ret->n)
        collapse(p, a, ret);
    return r;
}

/* ---- findings ---- */

static void add_note(struct told *x, struct pl_note n)
{
    pl_vec_push(&x->notes, n);
    if (n.incomplete)
        x->t->complete = false;
}

/* Once for each ecosystem: is it in the database, is its release still supported? */
static const struct pl_match_eco *assess(struct told *x, const struct pl_match_eco *like)
{
    struct pl_note note;
    struct pl_finding f;
    void **seen = pl_map_put(&x->releases, like->name);
    if (*seen)
        return *seen;
    struct pl_match_eco *e = PL_NEW(x->a, struct pl_match_eco);
    *seen = e;
    *e = *like;
    pl_match_eco_assess(x->m, x->a, e);
    if (pl_match_eco_finding(x->a, e, &f))
        pl_vec_push(&x->found, f);
    if (pl_match_eco_note(e, &note))
        add_note(x, note);
    return e;
}

static int each_package(struct told *x, struct pl_err *err)
{
    int r = 0;
    for (size_t i = 0; i < x->t->n_packages && r == 0; i++) {
        const struct pl_package *p = &x->t->packages[i];
        struct pl_match_eco e;
        struct pl_matches found;
        struct pl_finding f;
        if (!pl_match_wants(x->m, p) || !pl_match_eco(x->a, p, &e))
            continue;
        struct pl_str eol = assess(x, &e)->eol;
        if (!e.known)
            continue;
        r = pl_match_package(x->m, p, x->kernel, x->a, &found, err);
        for (size_t n = 0; n < found.n && r == 0; n++) {
            found.p[n].vuln->eol = eol;
            pl_match_finding(x->a, p, &found.p[n], &f);
            pl_vec_push(&x->found, f);
        }
    }
    return r;
}

static int by_place(const void *pa, const void *pb)
{
    const struct pl_finding *a = pa, *b = pb;
    int c;
    if (a->span.introduced != b->span.introduced)
        return a->span.introduced < b->span.introduced ? -1 : 1;
    if (a->where.surface != b->where.surface)
        return a->where.surface < b->where.surface ? -1 : 1;
    if ((c = pl_str_cmp(a->where.path, b->where.path)))
        return c;
    if (a->where.off != b->where.off)
        return a->where.off < b->where.off ? -1 : 1;
    if (a->vuln && b->vuln) {
        if ((c = pl_str_cmp(a->vuln->name, b->vuln->name)))
            return c;
        if ((c = pl_str_cmp(a->vuln->purl, b->vuln->purl)))
            return c;
    }
    return pl_str_cmp(a->rule, b->rule);
}

/* The findings that were there keep their order; the new ones, sorted, go between. */
static void merge(struct told *x)
{
    struct pl_target *t = x->t;
    size_t n = t->n_findings + x->found.n, i = 0, k = 0;
    struct pl_finding *all = pl_alloc_n(x->a, n + 1, sizeof *all);
    if (x->found.n)
        qsort(x->found.p, x->found.n, sizeof *x->found.p, by_place);
    for (size_t at = 0; at < n; at++) {
        bool old = i < t->n_findings &&
                   (k == x->found.n || by_place(&t->findings[i], &x->found.p[k]) <= 0);
        all[at] = old ? t->findings[i++] : x->found.p[k++];
    }
    t->findings = all;
    t->n_findings = n;
    struct pl_note *notes = pl_alloc_n(x->a, t->n_notes + x->notes.n + 1, sizeof *notes);
    if (t->n_notes)
        memcpy(notes, t->notes, t->n_notes * sizeof *notes);
    if (x->notes.n)
        memcpy(notes + t->n_notes, x->notes.p, x->notes.n * sizeof *notes);
    t->notes = notes;
    t->n_notes += x->notes.n;
}

int pl_match_target(struct pl_vuln_matcher *m, struct pl_arena *a, struct pl_target *t,
                    struct pl_err *err)
{
    struct told x = { .m = m, .a = a, .t = t, .releases = { .a = a } };
    x.kernel = pl_match_has_kernel(t->packages, t->n_packages);
    int r = each_package(&x, err);
    if (r == 0)
        merge(&x);
    pl_map_release(&x.releases);
    pl_vec_release(&x.found);
    pl_vec_release(&x.notes);
    return r;
}

static struct pl_str own(struct pl_arena *a, const struct pl_yaml *y, const char *key)
{
    struct pl_str s = pl_yaml_str(pl_yaml_get(y, key));
    return s.n ? pl_dup(a, s) : PL_S("");
}

const struct pl_db_info *pl_match_db_info(const struct pl_advdb *db, struct pl_arena *a)
{
    const struct pl_advdb_info *info = pl_advdb_info(db);
    struct pl_db_info *d = PL_NEW(a, struct pl_db_info);
    struct pl_arena scratch = { 0 };
    struct pl_yaml *y = NULL;
    struct pl_err err;
    d->built = pl_dup(a, info->built);
    d->digest = pl_dup(a, info->digest);
    if (pl_jsontree_parse(info->sources, &scratch, &y, &err) == 0 && y->kind == PL_YAML_LIST) {
        d->source = pl_alloc_n(a, y->n + 1, sizeof *d->source);
        for (; d->n_sources < y->n; d->n_sources++) {
            const struct pl_yaml *s = y->item[d->n_sources];
            struct pl_db_source *to = &d->source[d->n_sources];
            *to = (struct pl_db_source){ own(a, s, "name"),   own(a, s, "kind"),
                                         own(a, s, "commit"), own(a, s, "licence"),
                                         own(a, s, "digest"), 0 };
            pl_str_u64(own(a, s, "records"), &to->records);
        }
    }
    pl_arena_release(&scratch);
    return d;
}
