/* What is said of a match: the comparison, the severity and whose it is, the fix. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "base/cleanup.h"
#include "vuln/build_int.h"
#include "vuln/cvss.h"
#include "vuln/match_int.h"

static struct pl_str keep(struct pl_arena *a, struct pl_str s)
{
    return s.n ? pl_dup(a, s) : PL_S("");
}

static struct pl_names keep_names(struct pl_arena *a, const struct pl_names *n)
{
    struct pl_names out = { pl_alloc_n(a, n->n + 1, sizeof *out.p), n->n };
    for (size_t i = 0; i < n->n; i++)
        out.p[i] = keep(a, n->p[i]);
    return out;
}

static void add(struct pl_names *n, struct pl_str s, struct pl_str not )
{
    if (s.n && !pl_str_eq(s, not ))
        n->p[n->n++] = s;
}

/* Every other name that a source gives the flaw. */
static struct pl_names aliases_of(const struct pl_vuln_matcher *m, const struct flaw *f,
                                  struct pl_arena *a)
{
    size_t most = 1;
    for (const struct member *x = f->members; x; x = x->next)
        most += m->hit.p[x->hit].vuln.aliases.n + 1;
    struct pl_names n = { pl_alloc_n(a, most, sizeof *n.p), 0 };
    for (const struct member *x = f->members; x; x = x->next) {
        const struct pl_advdb_vuln *v = &m->hit.p[x->hit].vuln;
        add(&n, v->id, f->rule);
        for (size_t i = 0; i < v->aliases.n && !v->covers.n; i++)
            add(&n, v->aliases.p[i], f->rule);
    }
    pl_names_sort(&n);
    for (size_t i = 0; i < n.n; i++)
        n.p[i] = pl_dup(a, n.p[i]);
    return n;
}

static int newest_first(const void *pa, const void *pb)
{
    const struct pl_str *x = pa, *y = pb;
    unsigned i = pl_cvss_version(*x), j = pl_cvss_version(*y);
    return i != j ? (i > j ? -1 : 1) : pl_str_cmp(*x, *y);
}

/* The severity that vectors give: the newest version's, of equals the highest; -1: none. */
static int by_vectors(struct pl_names *cvss)
{
    int best = -1;
    unsigned version = 0;
    if (cvss->n > 1)
        qsort(cvss->p, cvss->n, sizeof *cvss->p, newest_first);
    for (size_t i = 0; i < cvss->n; i++) {
        double s = pl_cvss_score(cvss->p[i]);
        unsigned v = pl_cvss_version(cvss->p[i]);
        if (s < 0 || (best >= 0 && v < version))
            continue;
        int severity = (int)pl_cvss_severity(s);
        best = severity > best ? severity : best;
        version = v;
    }
    return best;
}

static int own_severity(struct hit *h)
{
    if (h->row.severity >= 0)
        return h->row.severity;
    return h->vuln.severity >= 0 ? h->vuln.severity : by_vectors(&h->vuln.cvss);
}

/* The speaker's, else that of any other source, else the third party's. */
static void rate(struct pl_vuln_matcher *m, const struct flaw *f, const struct hit *h,
                 struct pl_arena *a, struct pl_match *ret)
{
    struct hit *self = (struct hit *)(uintptr_t)h;
    int s = own_severity(self);
    ret->vuln->severity_source = s >= 0 ? keep(a, h->vuln.source) : PL_S("");
    ret->vuln->cvss = keep_names(a, &self->vuln.cvss);
    for (const struct member *x = f->members; x && s < 0; x = x->next) {
        struct hit *other = &m->hit.p[x->hit];
        s = own_severity(other);
        if (s >= 0)
            ret->vuln->severity_source = keep(a, other->vuln.source);
        if (!ret->vuln->cvss.n)
            ret->vuln->cvss = keep_names(a, &other->vuln.cvss);
    }
    struct pl_str vector = s < 0 ? pl_advdb_rating(m->db, f->rule, a) : PL_S("");
    if (vector.n && pl_cvss_score(vector) >= 0) {
        s = (int)pl_cvss_severity(pl_cvss_score(vector));
        ret->vuln->severity_source = PL_S("nvd");
        ret->vuln->cvss.p = PL_NEW(a, struct pl_str);
        ret->vuln->cvss.p[0] = vector;
        ret->vuln->cvss.n = 1;
    }
    ret->severity = s < 0 ? PL_SEV_MEDIUM : (enum pl_severity)s;
    ret->malware = h->vuln.malware;
    if (ret->malware)
        ret->severity = PL_SEV_CRITICAL;
}

/* Texts one after the other, in `a`: formatting would be most of the work of a match. */
static struct pl_str joined(struct pl_arena *a, const struct pl_str *part, size_t n)
{
    size_t all = 0, at = 0;
    for (size_t i = 0; i < n; i++)
        all += part[i].n;
    char *p = pl_alloc(a, all + 1);
    for (size_t i = 0; i < n; i++) {
        if (part[i].n)
            memcpy(p + at, part[i].p, part[i].n);
        at += part[i].n;
    }
    p[all] = 0;
    return pl_str_n(p, all);
}

static struct pl_str range_text(struct pl_arena *a, const struct pl_advrow_place *p)
{
    const struct pl_str none = PL_S("");
    struct pl_str from = p->introduced;
    if (p->listed)
        return PL_S("listed");
    if (p->own.n)
        return p->own;
    if (pl_str_is(from, "0"))
        from = none;
    bool end = p->fixed.n || p->last.n;
    if (!from.n && !end)
        return PL_S("*");
    const struct pl_str part[] = {
        from.n ? PL_S(">= ") : none,       from,
        from.n && end ? PL_S(", ") : none, p->fixed.n ? PL_S("< ") : p->last.n ? PL_S("<= ") : none,
        p->fixed.n ? p->fixed : p->last,
    };
    return joined(a, part, PL_COUNT(part));
}

/* "248+deb12u1 < 250 (deb), Debian:12 source postgresql-common". */
static struct pl_str because(struct pl_arena *a, const struct pl_eco_key *k,
                             const struct pl_advrow_place *p)
{
    struct pl_str says = PL_S(": every version is affected"), bound = PL_S("");
    if (p->listed) {
        says = PL_S(" is one of the affected versions");
    } else if (p->fixed.n) {
        says = PL_S(" < ");
        bound = p->fixed;
    } else if (p->last.n) {
        says = PL_S(" <= ");
        bound = p->last;
    } else if (p->introduced.n && !pl_str_is(p->introduced, "0")) {
        says = PL_S(" >= ");
        bound = p->introduced;
    }
    bool open = bound.n && !p->fixed.n && !p->last.n;
    const struct pl_str part[] = {
        k->version.n ? k->version : PL_S("(no version)"),
        says,
        bound,
        open ? PL_S(" and no version mends it (") : PL_S(" ("),
        pl_str_c(k->scheme->name),
        PL_S("), "),
        k->eco,
        k->source.n ? PL_S(" source ") : PL_S(" "),
        k->name,
    };
    return joined(a, part, PL_COUNT(part));
}

static int details(struct pl_vuln_matcher *m, const struct flaw *f, const struct hit *h,
                   struct pl_arena *a, struct pl_match *ret, struct pl_err *err)
{
    struct pl_vuln *v = ret->vuln;
    struct pl_adv_kev kev;
    struct pl_str title;
    int r = pl_advdb_text(m->db, h->vuln.number, a, &ret->title, &v->url, err);
    for (const struct member *x = f->members; x && r == 0 && !ret->title.n; x = x->next) {
        struct pl_str url;
        r = pl_advdb_text(m->db, m->hit.p[x->hit].vuln.number, a, &title, &url, err);
        if (r == 0 && m->hit.p[x->hit].affects) {
            ret->title = title;
            v->url = v->url.n ? v->url : url;
        }
    }
    if (r < 0)
        return r;
    if (pl_advdb_kev(m->db, f->rule, a, &kev)) {
        v->kev_added = kev.added;
        v->kev_due = kev.due;
        v->ransomware = kev.ransomware;
    }
    v->has_epss = pl_advdb_epss(m->db, f->rule, &v->epss, &v->percentile);
    v->epss_date = v->has_epss ? keep(a, pl_advdb_info(m->db)->epss_date) : PL_S("");
    v->cwe = keep_names(a, &h->vuln.cwe);
    v->symbols = keep_names(a, &h->row.symbols);
    return 0;
}

static void of_package(struct pl_vuln *v, const struct pl_package *p)
{
    v->purl = p->purl;
    v->name = p->pkg.name;
    v->version = p->pkg.version;
    v->source = p->pkg.source;
    v->source_version = p->pkg.source_version;
    v->type = p->pkg.type;
    v->owned_by = p->owned_by;
}

int pl_match_describe(struct pl_vuln_matcher *m, const struct pl_eco_key *k,
                      const struct pl_package *p, const struct flaw *f, const struct hit *h,
                      struct pl_arena *a, struct pl_match *ret, struct pl_err *err)
{
    struct pl_vuln *v = PL_NEW(a, struct pl_vuln);
    *ret = (struct pl_match){ .rule = keep(a, f->rule), .vuln = v };
    ret->aliases = aliases_of(m, f, a);
    rate(m, f, h, a, ret);
    if (p)
        of_package(v, p);
    v->adv_source = keep(a, h->vuln.source);
    v->adv_id = keep(a, h->vuln.id);
    v->published = keep(a, h->vuln.published);
    v->fixed = keep(a, h->place.fixed);
    v->state = h->row.state;
    if (v->state == PL_FIX_FIXED && !v->fixed.n)
        v->state = PL_FIX_AFFECTED;
    v->eco = keep(a, k->eco);
    v->key = keep(a, k->name);
    v->scheme = pl_str_c(k->scheme->name);
    v->range = keep(a, range_text(a, &h->place));
    v->because = because(a, k, &h->place);
    return m->o.brief ? 0 : details(m, f, h, a, ret, err);
}
