/* All packages of a target: findings, what could not be assessed, releases past their end.
 * packages.md section 6. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/hash.h"
#include "base/map.h"
#include "fmt/jsontree.h"
#include "vuln/eol.h"
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

static bool is_headers(const struct pl_package *p)
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
    return false;
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
    one->title = pl_printf(a, "%zu flaws of the kernel, of which only headers are here", ids.n);
    one->vuln->collapsed = ids;
    one->vuln->collapsed_why =
        pl_printf(a, "%.*s holds header files of the kernel; the kernel that runs is the host's",
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
    bool one = is_headers(p) && !kernel && !m->o.expand_kernel, brief = m->o.brief;
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

static struct pl_str fingerprint(struct pl_arena *a, struct pl_str rule, const struct pl_package *p)
{
    pl_auto_buf struct pl_buf b = { 0 };
    uint8_t raw[PL_SHA256_LEN];
    char hex[2 * PL_SHA256_LEN + 1];
    const struct pl_str parts[] = { rule, p->pkg.type, p->pkg.ns, p->pkg.name,
                                    p->paths.n ? p->paths.p[0] : PL_S("") };
    pl_buf_puts(&b, "plimsoll vulnerability 1");
    for (size_t i = 0; i < PL_COUNT(parts); i++) {
        pl_buf_putc(&b, 0);
        pl_buf_putn(&b, parts[i].p, parts[i].n);
    }
    pl_sha256(b.p, b.n, raw);
    pl_hex(raw, sizeof raw, hex);
    return pl_dup(a, pl_str_c(hex));
}

static struct pl_str fix_of(struct pl_arena *a, const struct pl_vuln *v)
{
    switch (v->state) {
    case PL_FIX_FIXED:
        return pl_printf(a, "Update %.*s to %.*s or later.",
                         PL_FMT(v->source.n && v->key.n ? v->key : v->name), PL_FMT(v->fixed));
    case PL_FIX_WILL_NOT_FIX:
        return PL_S("The vendor will not mend it in this release: move to a newer one, or remove "
                    "the package.");
    case PL_FIX_DEFERRED:
        return PL_S("The vendor has put the fix off; watch the advisory.");
    case PL_FIX_INVESTIGATING:
        return PL_S("The vendor is still looking into it; watch the advisory.");
    case PL_FIX_END_OF_LIFE:
        return PL_S("The package is no longer supported: move to a release that is.");
    default:
        return v->collapsed.n ? PL_S("Leave the development package out of the final image.")
                              : PL_S("No fixed version is known yet.");
    }
}

static void add_finding(struct told *x, const struct pl_package *p, const struct pl_match *h)
{
    struct pl_arena *a = x->a;
    struct pl_finding f = { .kind = h->malware ? PL_KIND_MALWARE : PL_KIND_VULNERABILITY,
                            .rule = h->rule,
                            .aliases = h->aliases,
                            .severity = h->severity,
                            .span = p->span,
                            .vuln = h->vuln };
    if (h->title.n)
        f.title = pl_printf(a, "%.*s %.*s: %.*s", PL_FMT(p->pkg.name), PL_FMT(p->pkg.version),
                            PL_FMT(h->title));
    else
        f.title =
            pl_printf(a, "%.*s %.*s is affected", PL_FMT(p->pkg.name), PL_FMT(p->pkg.version));
    f.why = h->vuln->collapsed.n ? h->vuln->collapsed_why : h->vuln->because;
    f.fix = h->malware ? PL_S("Remove the package, and treat what ran with it as compromised.")
                       : fix_of(a, h->vuln);
    f.where.surface = PL_SURF_FILE;
    f.where.path = p->paths.n ? p->paths.p[0] : PL_S("");
    f.print = fingerprint(a, h->rule, p);
    pl_vec_push(&x->found, f);
}

static void add_note(struct told *x, const char *code, struct pl_str where, struct pl_str message,
                     bool incomplete)
{
    struct pl_note n = { .scope = PL_SCOPE_UNIT,
                         .where = where,
                         .code = pl_str_c(code),
                         .message = message,
                         .incomplete = incomplete };
    pl_vec_push(&x->notes, n);
    if (incomplete)
        x->t->complete = false;
}

static struct pl_str end_of(struct told *x, struct pl_str eco)
{
    struct pl_str date = pl_advdb_eol(x->m->db, eco, x->a);
    return date.n ? date : pl_eol_of(eco);
}

static void past_end(struct told *x, const struct pl_package *p, struct pl_str eco,
                     struct pl_str date)
{
    struct pl_arena *a = x->a;
    struct pl_finding f = { .kind = PL_KIND_TRUST,
                            .rule = PL_S("trust/end-of-life"),
                            .severity = PL_SEV_HIGH,
                            .span = { PL_NEVER, PL_NEVER, PL_HOW_NONE, true } };
    f.title =
        pl_printf(a, "%.*s has had no security support since %.*s", PL_FMT(eco), PL_FMT(date));
    f.why = PL_S("New flaws of its packages are neither mended nor always recorded, so that few "
                 "findings mean little.");
    f.fix = PL_S("Move to a release that is supported.");
    f.where.surface = PL_SURF_FILE;
    f.where.path = PL_S("etc/os-release");
    struct pl_package like = {
        .pkg = { .type = PL_S("os"), .ns = PL_S(""), .name = eco, .source = PL_S("") }
    };
    (void)p;
    f.print = fingerprint(a, f.rule, &like);
    pl_vec_push(&x->found, f);
}

/* Once for each ecosystem: is it in the database, is its release still supported? */
static void assess(struct told *x, const struct pl_package *p, const struct pl_eco_key *k)
{
    void **seen = pl_map_put(&x->releases, k->eco);
    if (*seen)
        return;
    *seen = x;
    if (k->distro) {
        struct pl_str date = end_of(x, k->eco);
        if (date.n && x->m->o.today.n && pl_str_cmp(x->m->o.today, date) > 0)
            past_end(x, p, k->eco, date);
    }
    if (pl_advdb_has_eco(x->m->db, k->eco) ||
        pl_advdb_has_eco(x->m->db, pl_printf(x->a, "%.*s:src", PL_FMT(k->eco))))
        return;
    if (k->distro)
        add_note(x, "not-assessable", pl_dup(x->a, k->eco),
                 PL_S("the advisory database has no source for this release; its packages were "
                      "not matched"),
                 true);
    else
        add_note(x, "no-advisories", pl_dup(x->a, k->eco),
                 PL_S("the advisory database has nothing about this ecosystem"), false);
}

static void mark_end(struct told *x, const struct pl_eco_key *k, struct pl_matches *found)
{
    struct pl_str date = k->distro && found->n ? end_of(x, k->eco) : PL_S("");
    if (!date.n || !x->m->o.today.n || pl_str_cmp(x->m->o.today, date) <= 0)
        return;
    for (size_t i = 0; i < found->n; i++)
        found->p[i].vuln->eol = date;
}

static int each_package(struct told *x, struct pl_err *err)
{
    static const char *const systems[] = { "deb", "apk", "rpm", "alpm" };
    struct pl_map unknown = { .a = x->a };
    int r = 0;
    for (size_t i = 0; i < x->t->n_packages && r == 0; i++) {
        const struct pl_package *p = &x->t->packages[i];
        struct pl_eco_key k;
        struct pl_matches found;
        if (!pl_match_wants(x->m, p))
            continue;
        if (pl_eco_of_package(x->a, p, &k)) {
            assess(x, p, &k);
            r = pl_match_package(x->m, p, x->kernel, x->a, &found, err);
            if (r == 0)
                mark_end(x, &k, &found);
            for (size_t n = 0; n < found.n && r == 0; n++)
                add_finding(x, p, &found.p[n]);
            continue;
        }
        for (size_t s = 0; s < PL_COUNT(systems); s++) {
            void **seen =
                pl_str_is(p->pkg.type, systems[s]) ? pl_map_put(&unknown, p->distro) : NULL;
            if (!seen || *seen)
                continue;
            *seen = x;
            add_note(x, "not-assessable",
                     p->distro.n ? p->distro : PL_S("packages without a release"),
                     PL_S("not a distribution that is known; its packages were not matched"), true);
        }
    }
    pl_map_release(&unknown);
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
