/* One package: its rows, what of them affects it, and which of those are the same flaw. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "vuln/match.h"

#include <stdlib.h>

#include "base/buf.h"
#include "base/map.h"
#include "base/vec.h"
#include "vuln/cvss.h"
#include "vuln/match_int.h"

struct pl_vuln_matcher *pl_vuln_matcher_new(struct pl_advdb *db, const struct pl_match_opts *o)
{
    struct pl_vuln_matcher *m = calloc(1, sizeof *m);
    if (!m)
        pl_oom();
    m->db = db;
    m->o = *o;
    return m;
}

void pl_vuln_matcher_free(struct pl_vuln_matcher *m)
{
    if (!m)
        return;
    pl_arena_release(&m->scratch);
    pl_vec_release(&m->hit);
    pl_vec_release(&m->flaw);
    free(m);
}

/* ---- rows ---- */

/* The value of a qualifier in "key=value&…", still encoded. */
static struct pl_str qualifier(struct pl_str quals, const char *key)
{
    struct pl_str pair, name;
    while (quals.n && pl_str_split(&quals, '&', &pair))
        if (pl_str_split(&pair, '=', &name) && pl_str_is(name, key))
            return pair;
    return PL_S("");
}

/* "nodejs:18" of "nodejs%3A18%3A8080020230…" or of the same decoded. */
static bool module_fits(struct pl_str label, struct pl_str module)
{
    size_t i = 0, k = 0;
    while (k < module.n) {
        if (i + 3 <= label.n &&
            (memcmp(label.p + i, "%3A", 3) == 0 || memcmp(label.p + i, "%3a", 3) == 0)) {
            if (module.p[k] != ':')
                return false;
            i += 3;
            k++;
        } else if (i < label.n && label.p[i] == module.p[k]) {
            i++;
            k++;
        } else {
            return false;
        }
    }
    return i == label.n || label.p[i] == ':' || label.p[i] == '%';
}

static bool arch_fits(struct pl_str list, struct pl_str arch)
{
    struct pl_str word;
    if (!list.n || !arch.n)
        return true;
    while (pl_str_split(&list, ' ', &word))
        if (pl_str_eq(word, arch) || pl_str_is(word, "noarch"))
            return true;
    return false;
}

static bool applies(const struct pl_advrow *r, const struct pl_package *p)
{
    struct pl_str label = p ? qualifier(p->pkg.quals, "rpmmod") : PL_S("");
    if (r->module.n ? !module_fits(label, r->module) : label.n && pl_str_is(p->pkg.type, "rpm"))
        return false;
    return !p || arch_fits(r->arch, p->pkg.arch);
}

/* Reads the rows of the package: those that affect it become hits, those that may speak against
 * others are counted. */
static int collect(struct pl_vuln_matcher *m, const struct pl_eco_key *k,
                   const struct pl_package *p, struct pl_str rows, struct pl_err *err)
{
    uint32_t vuln;
    struct pl_str body;
    bool bad = false;
    while (pl_advdb_next_row(&rows, &vuln, &body, &bad)) {
        struct hit h = { .row = { .severity = -1 } };
        if (!pl_advrow_decode(body, &m->scratch, &h.row))
            bad = true;
        if (bad)
            break;
        h.row.vuln = vuln;
        if (!applies(&h.row, p))
            continue;
        h.affects = h.row.state != PL_FIX_NOT_AFFECTED &&
                    pl_advrow_affects(k->scheme, &h.row, k->version, &h.place) &&
                    (m->o.unimportant || !(h.row.flags & PL_ADV_UNIMPORTANT));
        if (h.affects || (h.row.flags & PL_ADV_NATIVE) || h.row.state == PL_FIX_NOT_AFFECTED)
            pl_vec_push(&m->hit, h);
    }
    if (bad)
        return pl_fail(err, PL_E_FORMAT, "the advisory database is damaged at '%.*s' of %.*s",
                       PL_FMT(k->name), PL_FMT(k->eco));
    return 0;
}

/* ---- flaws ---- */

static bool is_cve(struct pl_str s)
{
    return pl_str_starts(s, PL_S("CVE-"));
}

/* The CVE among the names of a record, else its own id. */
static struct pl_str primary(const struct pl_advdb_vuln *v)
{
    if (is_cve(v->id))
        return v->id;
    for (size_t i = 0; i < v->aliases.n; i++)
        if (is_cve(v->aliases.p[i]))
            return v->aliases.p[i];
    return v->id;
}

/* The flaw that goes by `id`, or a new one. */
static size_t flaw_of(struct pl_vuln_matcher *m, struct pl_map *ids, struct pl_str id)
{
    size_t at = (uintptr_t)pl_map_get(ids, id);
    if (!at) {
        pl_vec_push(&m->flaw, (struct flaw){ .rule = id });
        at = m->flaw.n;
        *pl_map_put(ids, id) = (void *)(uintptr_t)at;
    }
    while (m->flaw.p[at - 1].same) /* joined to another since */
        at = m->flaw.p[at - 1].same;
    return at - 1;
}

/* Two names turn out to be one flaw. */
static void join(struct pl_vuln_matcher *m, struct pl_map *ids, size_t flaw, struct pl_str id)
{
    size_t at = (uintptr_t)pl_map_get(ids, id);
    if (!at) {
        *pl_map_put(ids, id) = (void *)(uintptr_t)(flaw + 1);
        return;
    }
    while (m->flaw.p[at - 1].same)
        at = m->flaw.p[at - 1].same;
    if (at - 1 == flaw)
        return;
    struct flaw *from = &m->flaw.p[at - 1], *to = &m->flaw.p[flaw];
    if (is_cve(from->rule) && !is_cve(to->rule))
        to->rule = from->rule;
    from->same = flaw + 1;
}

static void add_member(struct pl_vuln_matcher *m, size_t flaw, size_t hit)
{
    struct member *x = PL_NEW(&m->scratch, struct member);
    x->hit = hit;
    x->next = m->flaw.p[flaw].members;
    m->flaw.p[flaw].members = x;
}

/* Each hit goes to its flaw; an erratum to each of those it mends. */
static int group(struct pl_vuln_matcher *m, struct pl_map *ids, bool against, struct pl_err *err)
{
    for (size_t i = 0; i < m->hit.n; i++) {
        struct hit *h = &m->hit.p[i];
        if (h->affects == against)
            continue;
        int r = pl_advdb_vuln(m->db, h->row.vuln, &m->scratch, &h->vuln, err);
        if (r < 0)
            return r;
        const struct pl_advdb_vuln *v = &h->vuln;
        for (size_t k = 0; k < v->covers.n; k++)
            if (!against || pl_map_get(ids, v->covers.p[k]))
                add_member(m, flaw_of(m, ids, v->covers.p[k]), i);
        if (v->covers.n || (against && !pl_map_get(ids, primary(v))))
            continue;
        size_t flaw = flaw_of(m, ids, primary(v));
        for (size_t k = 0; k < v->aliases.n && !against; k++)
            join(m, ids, flaw, v->aliases.p[k]);
        if (!against)
            join(m, ids, flaw, v->id);
        add_member(m, flaw, i);
    }
    return 0;
}

/* Members of flaws that were joined belong to the one that stands for them. */
static void gather(struct pl_vuln_matcher *m)
{
    for (size_t i = 0; i < m->flaw.n; i++) {
        struct flaw *f = &m->flaw.p[i];
        if (!f->same)
            continue;
        size_t to = f->same;
        while (m->flaw.p[to - 1].same)
            to = m->flaw.p[to - 1].same;
        struct member **end = &m->flaw.p[to - 1].members;
        while (*end)
            end = &(*end)->next;
        *end = f->members;
        f->members = NULL;
    }
}

static bool native(const struct hit *h)
{
    return (h->row.flags & PL_ADV_NATIVE) != 0;
}

/* Which of two hits speaks for the flaw. */
static bool better(const struct hit *a, const struct hit *b)
{
    if (native(a) != native(b))
        return native(a);
    if ((a->place.fixed.n > 0) != (b->place.fixed.n > 0))
        return a->place.fixed.n > 0;
    int c = pl_str_cmp(a->vuln.published, b->vuln.published);
    if (!a->vuln.covers.n != !b->vuln.covers.n)
        return !a->vuln.covers.n;
    return c ? c > 0 : pl_str_cmp(a->vuln.id, b->vuln.id) < 0;
}

/* The hit that speaks for a flaw; NULL when the vendor says that the package is not affected. */
static struct hit *speaker(struct pl_vuln_matcher *m, struct flaw *f)
{
    struct hit *best = NULL;
    for (struct member *x = f->members; x; x = x->next) {
        struct hit *h = &m->hit.p[x->hit];
        if (h->affects && (!best || better(h, best)))
            best = h;
    }
    for (struct member *x = f->members; x && best; x = x->next) {
        const struct hit *h = &m->hit.p[x->hit];
        bool vendor = h->row.state == PL_FIX_NOT_AFFECTED;
        if (!h->affects && (vendor || (native(h) && !native(best))))
            return NULL;
    }
    return best;
}

static int by_rule(const void *pa, const void *pb)
{
    const struct pl_match *a = pa, *b = pb;
    return pl_str_cmp(a->rule, b->rule);
}

int pl_match_key(struct pl_vuln_matcher *m, const struct pl_eco_key *k, const struct pl_package *p,
                 struct pl_arena *a, struct pl_matches *ret, struct pl_err *err)
{
    struct pl_map ids = { .a = &m->scratch };
    struct pl_str rows;
    pl_arena_reset(&m->scratch);
    m->hit.n = m->flaw.n = 0;
    *ret = (struct pl_matches){ NULL, 0 };
    int r = pl_advdb_rows(m->db, k->eco, k->name, &rows, err);
    if (r < 0 || !rows.n)
        return r;
    r = collect(m, k, p, rows, err);
    size_t affecting = 0;
    for (size_t i = 0; i < m->hit.n; i++)
        affecting += m->hit.p[i].affects;
    if (r == 0 && affecting)
        r = group(m, &ids, /* against= */ false, err);
    if (r == 0 && affecting && affecting < m->hit.n)
        r = group(m, &ids, /* against= */ true, err);
    pl_map_release(&ids);
    if (r < 0 || !affecting)
        return r;
    gather(m);
    ret->p = pl_alloc_n(a, m->flaw.n, sizeof *ret->p);
    for (size_t i = 0; i < m->flaw.n && r == 0; i++) {
        struct flaw *f = &m->flaw.p[i];
        struct hit *h = f->same ? NULL : speaker(m, f);
        if (h)
            r = pl_match_describe(m, k, p, f, h, a, &ret->p[ret->n++], err);
    }
    if (ret->n)
        qsort(ret->p, ret->n, sizeof *ret->p, by_rule);
    return r;
}

bool pl_match_wants(const struct pl_vuln_matcher *m, const struct pl_package *p)
{
    if (p->pkg.flags & PL_PKG_OS)
        return false;
    if (!p->span.visible && !m->o.all_layers)
        return false;
    return !p->owned_by.n || m->o.match_owned;
}
