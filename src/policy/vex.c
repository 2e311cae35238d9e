/* VEX documents: OpenVEX 0.2, CSAF 2.0 profile 5, CycloneDX 1.4 and later. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/vex.h"

#include <stdlib.h>

#include "base/map.h"
#include "fmt/json.h"
#include "model/vuln.h"

#define DEPTH 64
#define STATEMENTS_MAX 1000000u

struct reading {
    struct pl_vex *x;
    struct pl_str file;
    struct pl_map products; /* CSAF: id to package URL; CycloneDX: bom-ref to package URL */
};

static struct pl_str own(struct pl_vex *x, struct pl_str s)
{
    return s.n ? pl_dup(x->a, s) : PL_S("");
}

static struct pl_str text(const struct pl_json *j, const char *key)
{
    return pl_json_str(pl_json_get(j, key));
}

static bool status_of(struct pl_str s, enum pl_vex_status *ret)
{
    static const struct {
        const char *word;
        enum pl_vex_status status;
    } t[] = {
        { "not_affected", PL_VEX_NOT_AFFECTED },
        { "known_not_affected", PL_VEX_NOT_AFFECTED },
        { "false_positive", PL_VEX_NOT_AFFECTED },
        { "fixed", PL_VEX_FIXED },
        { "first_fixed", PL_VEX_FIXED },
        { "resolved", PL_VEX_FIXED },
        { "resolved_with_pedigree", PL_VEX_FIXED },
        { "affected", PL_VEX_AFFECTED },
        { "known_affected", PL_VEX_AFFECTED },
        { "exploitable", PL_VEX_AFFECTED },
        { "under_investigation", PL_VEX_INVESTIGATED },
        { "in_triage", PL_VEX_INVESTIGATED },
    };
    for (size_t i = 0; i < sizeof t / sizeof *t; i++)
        if (pl_str_is(s, t[i].word)) {
            *ret = t[i].status;
            return true;
        }
    return false;
}

static void add(struct reading *r, const struct pl_vex_statement *like, struct pl_str id,
                struct pl_str product)
{
    struct pl_vex_statement s = *like;
    if (!id.n || r->x->list.n >= STATEMENTS_MAX)
        return;
    s.id = own(r->x, id);
    s.product = own(r->x, product);
    pl_vec_push(&r->x->list, s);
}

/* ---- OpenVEX ---- */

/* The flaw's name and its other names; with "vulnerability" a text in the first drafts. */
static void openvex_names(struct reading *r, const struct pl_vex_statement *s,
                          const struct pl_json *flaw, struct pl_str product)
{
    const struct pl_json *more = pl_json_get(flaw, "aliases");
    struct pl_str name = pl_json_str(flaw), id = text(flaw, "@id");
    for (size_t i = 0; i < id.n; i++) /* an address may be all there is: its last part */
        if (id.p[i] == '/') {
            id = pl_str_sub(id, i + 1, SIZE_MAX);
            i = SIZE_MAX; /* from its start again */
        }
    if (!name.n)
        name = text(flaw, "name");
    add(r, s, name.n ? name : id, product);
    for (size_t i = 0; i < pl_json_len(more); i++)
        add(r, s, pl_json_str(pl_json_at(more, i)), product);
}

static struct pl_str product_id(const struct pl_json *p)
{
    struct pl_str s = pl_json_str(p), purl = text(pl_json_get(p, "identifiers"), "purl");
    return s.n ? s : purl.n ? purl : text(p, "@id");
}

static void openvex_statement(struct reading *r, const struct pl_json *j, struct pl_str at)
{
    struct pl_vex_statement s = { .file = r->file };
    const struct pl_json *flaw = pl_json_get(j, "vulnerability");
    const struct pl_json *products = pl_json_get(j, "products");
    struct pl_str why = text(j, "justification"), own_at = text(j, "timestamp");
    if (!status_of(text(j, "status"), &s.status))
        return;
    s.why = own(r->x, why.n ? why : text(j, "impact_statement"));
    s.at = own(r->x, own_at.n ? own_at : at);
    if (!pl_json_len(products))
        openvex_names(r, &s, flaw, PL_S(""));
    for (size_t i = 0; i < pl_json_len(products); i++) {
        const struct pl_json *p = pl_json_at(products, i);
        const struct pl_json *parts = pl_json_get(p, "subcomponents");
        if (!pl_json_len(parts))
            openvex_names(r, &s, flaw, product_id(p));
        for (size_t k = 0; k < pl_json_len(parts); k++)
            openvex_names(r, &s, flaw, product_id(pl_json_at(parts, k)));
    }
}

/* ---- CSAF ---- */

static void csaf_product(struct reading *r, const struct pl_json *p)
{
    struct pl_str id = text(p, "product_id");
    struct pl_str purl = text(pl_json_get(p, "product_identification_helper"), "purl");
    if (id.n && purl.n)
        *pl_map_put(&r->products, id) = (void *)(uintptr_t)pl_dup(r->x->a, purl).p;
}

static void csaf_branches(struct reading *r, const struct pl_json *list, unsigned depth)
{
    for (size_t i = 0; i < pl_json_len(list) && depth < DEPTH; i++) {
        const struct pl_json *b = pl_json_at(list, i);
        csaf_product(r, pl_json_get(b, "product"));
        csaf_branches(r, pl_json_get(b, "branches"), depth + 1);
    }
}

/* A component as part of a platform is that component. */
static void csaf_relations(struct reading *r, const struct pl_json *list)
{
    for (size_t i = 0; i < pl_json_len(list); i++) {
        const struct pl_json *x = pl_json_at(list, i);
        struct pl_str id = text(pl_json_get(x, "full_product_name"), "product_id");
        const char *purl = pl_map_get(&r->products, text(x, "product_reference"));
        if (id.n && purl)
            *pl_map_put(&r->products, id) = (void *)(uintptr_t)purl;
    }
}

static struct pl_str csaf_reason(const struct pl_json *v)
{
    const struct pl_json *flags = pl_json_get(v, "flags"), *threats = pl_json_get(v, "threats");
    struct pl_str label = text(pl_json_at(flags, 0), "label");
    return label.n ? label : text(pl_json_at(threats, 0), "details");
}

static void csaf_flaw(struct reading *r, const struct pl_json *v, struct pl_str at)
{
    static const char *const states[] = { "known_not_affected", "fixed", "first_fixed",
                                          "known_affected", "under_investigation" };
    const struct pl_json *all = pl_json_get(v, "product_status");
    for (size_t i = 0; i < sizeof states / sizeof *states; i++) {
        const struct pl_json *list = pl_json_get(all, states[i]);
        struct pl_vex_statement s = { .file = r->file, .at = own(r->x, at) };
        status_of(pl_str_c(states[i]), &s.status);
        s.why = own(r->x, csaf_reason(v));
        for (size_t k = 0; k < pl_json_len(list); k++) {
            struct pl_str id = pl_json_str(pl_json_at(list, k));
            const char *purl = id.n ? pl_map_get(&r->products, id) : NULL;
            if (id.n)
                add(r, &s, text(v, "cve"), purl ? pl_str_c(purl) : id);
        }
    }
}

static void read_csaf(struct reading *r, const struct pl_json *root)
{
    const struct pl_json *tree = pl_json_get(root, "product_tree");
    const struct pl_json *names = pl_json_get(tree, "full_product_names");
    const struct pl_json *flaws = pl_json_get(root, "vulnerabilities");
    struct pl_str at =
        text(pl_json_get(pl_json_get(root, "document"), "tracking"), "current_release_date");
    for (size_t i = 0; i < pl_json_len(names); i++)
        csaf_product(r, pl_json_at(names, i));
    csaf_branches(r, pl_json_get(tree, "branches"), 0);
    csaf_relations(r, pl_json_get(tree, "relationships"));
    for (size_t i = 0; i < pl_json_len(flaws); i++)
        csaf_flaw(r, pl_json_at(flaws, i), at);
}

/* ---- CycloneDX ---- */

static void cdx_flaw(struct reading *r, const struct pl_json *v, struct pl_str at)
{
    const struct pl_json *analysis = pl_json_get(v, "analysis"), *list = pl_json_get(v, "affects");
    struct pl_vex_statement s = { .file = r->file, .at = own(r->x, at) };
    struct pl_str why = text(analysis, "justification");
    if (!status_of(text(analysis, "state"), &s.status))
        return;
    s.why = own(r->x, why.n ? why : text(analysis, "detail"));
    for (size_t i = 0; i < pl_json_len(list); i++) {
        struct pl_str ref = text(pl_json_at(list, i), "ref");
        size_t hash = pl_str_find(ref, PL_S("#"), 0);
        if (pl_str_starts(ref, PL_S("urn:cdx:")) && hash != SIZE_MAX)
            ref = pl_str_sub(ref, hash + 1, SIZE_MAX);
        const char *purl = ref.n ? pl_map_get(&r->products, ref) : NULL;
        add(r, &s, text(v, "id"), purl ? pl_str_c(purl) : ref);
    }
    if (!pl_json_len(list))
        add(r, &s, text(v, "id"), PL_S(""));
}

static void read_cdx(struct reading *r, const struct pl_json *root)
{
    const struct pl_json *parts = pl_json_get(root, "components");
    const struct pl_json *flaws = pl_json_get(root, "vulnerabilities");
    struct pl_str at = text(pl_json_get(root, "metadata"), "timestamp");
    for (size_t i = 0; i < pl_json_len(parts); i++) {
        struct pl_str ref = text(pl_json_at(parts, i), "bom-ref");
        struct pl_str purl = text(pl_json_at(parts, i), "purl");
        if (ref.n && purl.n)
            *pl_map_put(&r->products, ref) = (void *)(uintptr_t)pl_dup(r->x->a, purl).p;
    }
    for (size_t i = 0; i < pl_json_len(flaws); i++)
        cdx_flaw(r, pl_json_at(flaws, i), at);
}

int pl_vex_read(struct pl_vex *x, const char *name, struct pl_str bytes, struct pl_err *err)
{
    struct pl_json *root = NULL;
    struct reading r = { .x = x, .file = pl_dup(x->a, pl_str_c(name)), .products = { .a = x->a } };
    if (pl_json_parse(bytes, DEPTH, &root, err) < 0)
        return pl_fail(err, PL_E_USAGE, "'%s' is no VEX document: not JSON", name);
    const struct pl_json *statements = pl_json_get(root, "statements");
    int k = 0;
    if (statements) {
        for (size_t i = 0; i < pl_json_len(statements); i++)
            openvex_statement(&r, pl_json_at(statements, i), text(root, "timestamp"));
    } else if (pl_json_get(root, "product_tree")) {
        read_csaf(&r, root);
    } else if (pl_str_is(text(root, "bomFormat"), "CycloneDX")) {
        read_cdx(&r, root);
    } else {
        k = pl_fail(err, PL_E_USAGE, "'%s' is neither OpenVEX, CSAF nor CycloneDX", name);
    }
    pl_map_release(&r.products);
    pl_json_free(root);
    return k;
}

/* ---- use ---- */

/* Type, namespace and name strictly, the version where the statement has one; qualifiers are not
 * looked at. */
bool pl_vex_fits(struct pl_str product, struct pl_str purl)
{
    product = pl_str_sub(product, 0, pl_str_find(product, PL_S("?"), 0));
    purl = pl_str_sub(purl, 0, pl_str_find(purl, PL_S("?"), 0));
    if (!pl_str_starts(purl, product))
        return false;
    return purl.n == product.n || purl.p[product.n] == '@';
}

static bool on_target(const struct pl_target *t, struct pl_str product)
{
    if (!product.n)
        return true;
    if (t->digest.n && pl_str_find(product, t->digest, 0) != SIZE_MAX)
        return true;
    if (t->digest.n > 40) {
        struct pl_str hex = pl_str_sub(t->digest, 7, SIZE_MAX);
        if (pl_str_find(product, hex, 0) != SIZE_MAX)
            return true;
    }
    return pl_str_eq(product, t->name);
}

/* What counts among the statements: the latest, of equals the one on the component. */
struct choice {
    struct pl_vex_statement *best;
    bool part;
};

static void choose(struct pl_vex *x, const struct pl_map *ids, struct pl_str id,
                   const struct pl_target *t, const struct pl_finding *f, struct choice *c)
{
    for (size_t at = (uintptr_t)pl_map_get(ids, id); at; at = x->list.p[at - 1].next) {
        struct pl_vex_statement *s = &x->list.p[at - 1];
        bool part = s->product.n && pl_vex_fits(s->product, f->vuln->purl);
        if (!part && !on_target(t, s->product))
            continue;
        s->used = true;
        int d = c->best ? pl_str_cmp(s->at, c->best->at) : 1;
        if (d > 0 || (d == 0 && part && !c->part))
            *c = (struct choice){ s, part };
    }
}

static struct pl_vex_statement *find(struct pl_vex *x, const struct pl_map *ids,
                                     const struct pl_target *t, const struct pl_finding *f)
{
    struct choice c = { NULL, false };
    choose(x, ids, f->rule, t, f, &c);
    for (size_t i = 0; i < f->aliases.n; i++)
        choose(x, ids, f->aliases.p[i], t, f, &c);
    return c.best;
}

static void index_ids(struct pl_vex *x, struct pl_map *ids)
{
    for (size_t i = x->list.n; i-- > 0;) {
        void **place = pl_map_put(ids, x->list.p[i].id);
        x->list.p[i].next = (uintptr_t)*place;
        *place = (void *)(uintptr_t)(i + 1);
    }
}

void pl_vex_apply(struct pl_vex *x, struct pl_report *report)
{
    static const char *const words[] = { "not affected", "fixed", "affected",
                                         "under investigation" };
    size_t total = report->n_ignored, n = report->n_ignored;
    for (size_t i = 0; i < report->n_targets; i++)
        total += report->targets[i].n_findings;
    struct pl_finding *out = pl_alloc_n(report->a, total + 1, sizeof *out);
    struct pl_map ids = { .a = x->a };
    index_ids(x, &ids);
    if (n)
        memcpy(out, report->ignored, n * sizeof *out);
    for (size_t i = 0; i < report->n_targets && x->list.n; i++) {
        struct pl_target *t = &report->targets[i];
        size_t kept = 0;
        for (size_t k = 0; k < t->n_findings; k++) {
            struct pl_finding *f = &t->findings[k];
            struct pl_vex_statement *s = f->vuln ? find(x, &ids, t, f) : NULL;
            if (s)
                f->vuln->vex = pl_printf(report->a, "%s%s%.*s (%.*s)", words[s->status],
                                         s->why.n ? ": " : "", PL_FMT(s->why), PL_FMT(s->file));
            if (s && s->status <= PL_VEX_FIXED) {
                f->ignored = f->vuln->vex;
                out[n++] = *f;
            } else {
                t->findings[kept++] = *f;
            }
        }
        t->n_findings = kept;
    }
    pl_map_release(&ids);
    report->ignored = out;
    report->n_ignored = n;
}

size_t pl_vex_complain(const struct pl_vex *x, struct pl_buf *out)
{
    size_t n = 0;
    for (size_t i = 0; i < x->list.n; i++) {
        const struct pl_vex_statement *s = &x->list.p[i];
        bool bare = s->status == PL_VEX_NOT_AFFECTED && !s->why.n;
        if (s->used && !bare)
            continue;
        n++;
        if (n <= 20)
            pl_buf_printf(out, "warning: %.*s: %.*s for '%.*s' %s\n", PL_FMT(s->file),
                          PL_FMT(s->id), PL_FMT(s->product),
                          s->used ? "is not affected, and does not say why" : "matched nothing");
    }
    if (n > 20)
        pl_buf_printf(out, "warning: and %zu more statements\n", n - 20);
    return n;
}

void pl_vex_release(struct pl_vex *x)
{
    pl_vec_release(&x->list);
}
