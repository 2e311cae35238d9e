/* CSAF 2.0, advisories and VEX, of Red Hat and SUSE: a tree of products, which is part of which,
 * and for each flaw the products that are mended, affected or not. docs.oasis-open.org/csaf. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "base/map.h"
#include "ver/purl.h"
#include "vuln/read.h"

#define CHAIN_MAX 8 /* a package of a module of a product */

struct product {
    struct pl_str eco; /* a platform: its ecosystem */
    struct pl_str name, evr, arch, module;
    struct pl_str component, part_of; /* a relationship: ids of both */
    bool is_module;
    enum pl_fix_state word; /* what the remediations say of it, in one flaw */
};

struct csaf {
    struct pl_adv_reader *r;
    struct pl_map products;
    bool advisory; /* of updates, not of flaws */
};

static bool knows(const struct pl_adv_doc *d)
{
    const struct pl_yaml *doc = pl_yaml_get(d->root, "document");
    return !d->large && pl_str_starts(pl_doc_text(doc, "category"), PL_S("csaf_")) &&
           pl_yaml_get(d->root, "product_tree");
}

static struct product *product_of(struct csaf *c, struct pl_str id)
{
    void **at = pl_map_put(&c->products, id);
    if (!*at)
        *at = PL_NEW(c->r->a, struct product);
    return *at;
}

/* ---- the tree of products ---- */

static struct pl_str with_epoch(struct pl_arena *a, struct pl_str epoch, struct pl_str version)
{
    if (!epoch.n || pl_str_is(epoch, "0"))
        return pl_str_starts(version, PL_S("0:")) ? pl_str_sub(version, 2, SIZE_MAX) : version;
    return pl_printf(a, "%.*s:%.*s", PL_FMT(epoch), PL_FMT(version));
}

static bool of_purl(struct csaf *c, struct pl_str text, struct product *p)
{
    struct pl_arena *a = c->r->a;
    struct pl_purl u;
    struct pl_err none = { 0 };
    if (!text.n || pl_purl_parse(a, text, &u, &none) < 0)
        return false;
    if (pl_str_is(u.type, "rpmmod")) {
        struct pl_str stream = PL_S("");
        pl_str_split(&u.version, ':', &stream);
        p->module = pl_printf(a, "%.*s:%.*s", PL_FMT(u.name), PL_FMT(stream));
        p->is_module = true;
        return true;
    }
    if (!pl_str_is(u.type, "rpm"))
        return false;
    struct pl_str module = pl_purl_get(&u, "rpmmod"), name, stream = PL_S("");
    p->name = u.name;
    p->evr = with_epoch(a, pl_purl_get(&u, "epoch"), u.version);
    p->arch = pl_purl_get(&u, "arch");
    if (module.n && pl_str_split(&module, ':', &name) && module.n) {
        pl_str_split(&module, ':', &stream);
        p->module = pl_printf(a, "%.*s:%.*s", PL_FMT(name), PL_FMT(stream));
    }
    return true;
}

static struct pl_str arch_of(struct pl_str nevra)
{
    static const char *const arches[] = { "src",  "noarch", "x86_64",  "aarch64",
                                          "i686", "s390x",  "ppc64le", "i586" };
    for (size_t i = 0; i < sizeof arches / sizeof *arches; i++)
        if (pl_str_ends(nevra, pl_str_c(arches[i])))
            return pl_str_c(arches[i]);
    return PL_S("");
}

static void add_product(struct csaf *c, const struct pl_yaml *y, bool version)
{
    struct pl_str id = pl_doc_text(y, "product_id"), name = pl_doc_text(y, "name");
    const struct pl_yaml *help = pl_yaml_get(y, "product_identification_helper");
    if (!id.n)
        return;
    struct product *p = product_of(c, id);
    if (of_purl(c, pl_doc_text(help, "purl"), p))
        return;
    struct pl_str cpe = pl_doc_text(help, "cpe");
    if (!version || cpe.n) {
        /* Red Hat's extended streams have names of their own and are told by the CPE */
        bool red_hat = pl_str_find(cpe, PL_S("redhat"), 0) != SIZE_MAX;
        p->eco = pl_adv_platform(c->r->a, red_hat ? cpe : name);
    }
    if (!p->eco.n && pl_adv_cut_nevra(c->r->a, name, &p->name, &p->evr))
        p->arch = arch_of(name);
}

/* Depth is that of the document, which is bounded. */
static void branches(struct csaf *c, const struct pl_yaml *list)
{
    for (size_t i = 0; pl_doc_is_list(list) && i < list->n; i++) {
        const struct pl_yaml *y = list->item[i];
        bool version = pl_str_is(pl_doc_text(y, "category"), "product_version");
        add_product(c, pl_yaml_get(y, "product"), version);
        branches(c, pl_yaml_get(y, "branches"));
    }
}

static void relationships(struct csaf *c, const struct pl_yaml *list)
{
    for (size_t i = 0; pl_doc_is_list(list) && i < list->n; i++) {
        const struct pl_yaml *y = list->item[i];
        struct pl_str id = pl_doc_text(pl_yaml_get(y, "full_product_name"), "product_id");
        struct pl_str component = pl_doc_text(y, "product_reference");
        if (!id.n || !component.n || pl_str_eq(id, component))
            continue;
        struct product *p = product_of(c, id);
        p->component = component;
        p->part_of = pl_doc_text(y, "relates_to_product_reference");
    }
}

/* What an id stands for, relationships followed; false when it is no package of a release. */
static bool resolve(struct csaf *c, struct pl_str id, struct product *ret)
{
    *ret = (struct product){ .eco = PL_S("") };
    for (int i = 0; i < CHAIN_MAX && id.n; i++) {
        const struct product *p = pl_map_get(&c->products, id);
        if (!p)
            return false;
        const struct product *part = p->component.n ? pl_map_get(&c->products, p->component) : p;
        if (part && part->is_module)
            ret->module = part->module;
        else if (part && part->name.n && !ret->name.n) {
            struct pl_str module = part->module.n ? part->module : ret->module;
            *ret = *part;
            ret->module = module;
            ret->eco = PL_S("");
        }
        if (p->eco.n)
            ret->eco = p->eco;
        id = p->part_of;
    }
    return ret->name.n && ret->eco.n;
}

/* ---- flaws ---- */

static enum pl_fix_state word_of(const struct pl_yaml *y)
{
    struct pl_str kind = pl_doc_text(y, "category"), details = pl_doc_text(y, "details");
    if (pl_str_is(kind, "no_fix_planned"))
        return pl_str_ieq(details, PL_S("Out of support scope")) ? PL_FIX_END_OF_LIFE
                                                                 : PL_FIX_WILL_NOT_FIX;
    if (pl_str_is(kind, "none_available"))
        return pl_str_ieq(details, PL_S("Fix deferred")) ? PL_FIX_DEFERRED : PL_FIX_AFFECTED;
    return PL_FIX_UNKNOWN;
}

static void remediations(struct csaf *c, const struct pl_yaml *list)
{
    for (size_t i = 0; pl_doc_is_list(list) && i < list->n; i++) {
        const struct pl_yaml *ids = pl_yaml_get(list->item[i], "product_ids");
        enum pl_fix_state word = word_of(list->item[i]);
        for (size_t k = 0; word != PL_FIX_UNKNOWN && pl_doc_is_list(ids) && k < ids->n; k++) {
            struct product *p = pl_map_get(&c->products, pl_doc_scalar(ids->item[k]));
            if (p)
                p->word = word;
        }
    }
}

static void add_row(struct csaf *c, struct pl_str id, enum pl_fix_state state,
                    struct pl_adv_rows *rows)
{
    struct product p;
    if (!resolve(c, id, &p))
        return;
    bool source = pl_str_is(p.arch, "src");
    if (source && state == PL_FIX_FIXED) /* what was built from it is listed too */
        return;
    const struct product *self = pl_map_get(&c->products, id);
    if (state == PL_FIX_AFFECTED && self && self->word != PL_FIX_UNKNOWN)
        state = self->word;
    struct pl_str eco = source ? pl_printf(c->r->a, "%.*s:src", PL_FMT(p.eco)) : p.eco;
    struct pl_adv_row *row;
    if (state == PL_FIX_FIXED && p.evr.n)
        row = pl_adv_rows_below(rows, eco, p.name, p.evr);
    else if (state == PL_FIX_NOT_AFFECTED)
        row = pl_adv_rows_new(rows, eco, p.name);
    else if (state != PL_FIX_FIXED)
        row = pl_adv_rows_below(rows, eco, p.name, PL_S(""));
    else
        return;
    row->state = state;
    row->flags = PL_ADV_NATIVE;
    row->module = p.module;
    row->arch = source || pl_str_is(p.arch, "noarch") ? PL_S("") : p.arch;
}

static void statuses(struct csaf *c, const struct pl_yaml *y, struct pl_adv_rows *rows)
{
    static const struct {
        const char *name;
        enum pl_fix_state state;
    } lists[] = {
        { "fixed", PL_FIX_FIXED },
        { "first_fixed", PL_FIX_FIXED },
        { "recommended", PL_FIX_FIXED },
        { "known_affected", PL_FIX_AFFECTED },
        { "known_not_affected", PL_FIX_NOT_AFFECTED },
        { "under_investigation", PL_FIX_INVESTIGATING },
    };
    const struct pl_yaml *status = pl_yaml_get(y, "product_status");
    remediations(c, pl_yaml_get(y, "remediations"));
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
        const struct pl_yaml *ids = pl_yaml_get(status, lists[i].name);
        bool no = c->advisory && lists[i].state == PL_FIX_NOT_AFFECTED;
        for (size_t k = 0; pl_doc_is_list(ids) && k < ids->n && !no; k++)
            add_row(c, pl_doc_scalar(ids->item[k]), lists[i].state, rows);
    }
}

static void ratings(struct csaf *c, const struct pl_yaml *y, struct pl_adv *v)
{
    const struct pl_yaml *scores = pl_yaml_get(y, "scores"), *threats = pl_yaml_get(y, "threats");
    for (size_t i = 0; pl_doc_is_list(scores) && i < scores->n && i < 4; i++) {
        pl_doc_add(c->r->a, &v->cvss,
                   pl_doc_text(pl_yaml_get(scores->item[i], "cvss_v4"), "vectorString"));
        pl_doc_add(c->r->a, &v->cvss,
                   pl_doc_text(pl_yaml_get(scores->item[i], "cvss_v3"), "vectorString"));
    }
    for (size_t i = 0; pl_doc_is_list(threats) && i < threats->n; i++)
        if (pl_str_is(pl_doc_text(threats->item[i], "category"), "impact") && v->severity < 0)
            v->severity = pl_adv_severity(pl_doc_text(threats->item[i], "details"));
    pl_doc_add(c->r->a, &v->cwe, pl_doc_text(pl_yaml_get(y, "cwe"), "id"));
}

/* An update: one record about all that it mends. */
static int send_update(struct csaf *c, const struct pl_adv_doc *d, struct pl_adv *v,
                       struct pl_err *err)
{
    const struct pl_yaml *list = pl_yaml_get(d->root, "vulnerabilities");
    struct pl_adv_rows rows = { .a = c->r->a };
    for (size_t i = 0; pl_doc_is_list(list) && i < list->n; i++) {
        struct pl_str cve = pl_doc_text(list->item[i], "cve");
        if (!cve.n)
            continue;
        pl_doc_add(c->r->a, &v->covers, cve);
        if (v->covers.n == 1) /* the products of the others are the same */
            statuses(c, list->item[i], &rows);
        if (list->n == 1)
            ratings(c, list->item[i], v);
    }
    return pl_adv_send(c->r, v, &rows, err);
}

/* VEX: a record for each flaw. */
static int send_flaws(struct csaf *c, const struct pl_adv_doc *d, const struct pl_adv *doc,
                      struct pl_err *err)
{
    const struct pl_yaml *list = pl_yaml_get(d->root, "vulnerabilities");
    int k = 0;
    for (size_t i = 0; pl_doc_is_list(list) && i < list->n && k == 0; i++) {
        struct pl_adv v = *doc;
        struct pl_adv_rows rows = { .a = c->r->a };
        v.id = pl_doc_text(list->item[i], "cve");
        v.title = pl_doc_text(list->item[i], "title");
        if (!v.id.n)
            continue;
        ratings(c, list->item[i], &v);
        statuses(c, list->item[i], &rows);
        k = pl_adv_send(c->r, &v, &rows, err);
    }
    return k;
}

static int read(struct pl_adv_reader *r, const struct pl_adv_doc *d, struct pl_err *err)
{
    const struct pl_yaml *doc = pl_yaml_get(d->root, "document");
    const struct pl_yaml *tracking = pl_yaml_get(doc, "tracking");
    const struct pl_yaml *tree = pl_yaml_get(d->root, "product_tree");
    const struct pl_yaml *refs = pl_yaml_get(doc, "references");
    struct csaf c = { .r = r, .products = { .a = r->a } };
    struct pl_adv v = { .id = pl_doc_text(tracking, "id"),
                        .published =
                            pl_str_sub(pl_doc_text(tracking, "initial_release_date"), 0, 10),
                        .modified = pl_doc_text(tracking, "current_release_date"),
                        .title = pl_doc_text(doc, "title"),
                        .severity = -1 };
    c.advisory = !pl_str_is(pl_doc_text(doc, "category"), "csaf_vex");
    if (c.advisory)
        v.severity = pl_adv_severity(pl_doc_text(pl_yaml_get(doc, "aggregate_severity"), "text"));
    for (size_t i = 0; pl_doc_is_list(refs) && i < refs->n && !v.url.n; i++)
        if (pl_str_is(pl_doc_text(refs->item[i], "category"), "self"))
            v.url = pl_doc_text(refs->item[i], "url");
    branches(&c, pl_yaml_get(tree, "branches"));
    relationships(&c, pl_yaml_get(tree, "relationships"));
    int k = 0;
    if (!pl_str_is(pl_doc_text(tracking, "status"), "draft"))
        k = c.advisory ? send_update(&c, d, &v, err) : send_flaws(&c, d, &v, err);
    pl_map_release(&c.products);
    return k;
}

const struct pl_adv_form pl_adv_form_csaf = { "csaf", knows, read, NULL };
