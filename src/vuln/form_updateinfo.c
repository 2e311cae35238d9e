/* updateinfo.xml of repositories of rpm packages: Amazon, Fedora, AlmaLinux, Rocky, SUSE. The form
 * of createrepo_c. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "base/map.h"
#include "vuln/read.h"

static bool knows(const struct pl_adv_doc *d)
{
    return d->xml && pl_str_is(d->xml->name, "updates");
}

/* ---- which release ---- */

static struct pl_str folded(struct pl_arena *a, struct pl_str s)
{
    struct pl_str out = pl_dup(a, pl_str_sub(s, 0, 200));
    char *p = (char *)(uintptr_t)out.p;
    for (size_t i = 0; i < out.n; i++)
        p[i] = p[i] == '-' || p[i] == '_'   ? ' '
               : p[i] >= 'A' && p[i] <= 'Z' ? (char)(p[i] + 32)
                                            : p[i];
    return out;
}

/* "almalinux-9-for-x86_64-appstream-rpms", "Amazon Linux 2", "Fedora 38". */
static struct pl_str release_of(struct pl_arena *a, struct pl_str text)
{
    static const struct {
        const char *prefix, *eco;
    } t[] = {
        { "almalinux ", "AlmaLinux" },
        { "rocky linux ", "Rocky Linux" },
        { "rocky ", "Rocky Linux" },
        { "amazon linux ", "Amazon Linux" },
        { "fedora ", "Fedora" },
        { "fedora epel ", "EPEL" },
        { "oracle linux ", "Oracle Linux" },
        { "rhel ", "Red Hat" },
    };
    struct pl_str eco = pl_adv_platform(a, text), low = folded(a, text);
    for (size_t i = 0; i < sizeof t / sizeof *t && !eco.n; i++) {
        struct pl_str head = pl_str_c(t[i].prefix);
        struct pl_str rest = pl_str_sub(low, head.n, SIZE_MAX);
        if (!pl_str_starts(low, head) || !rest.n || *rest.p < '0' || *rest.p > '9')
            continue;
        size_t n = 0;
        while (n < rest.n && rest.p[n] >= '0' && rest.p[n] <= '9')
            n++;
        eco = pl_printf(a, "%s:%.*s", t[i].eco, (int)n, rest.p);
    }
    return eco;
}

/* "ALAS2023-2023-126", "ALAS2-2018-939", "ALAS-2018-939". */
static struct pl_str release_of_id(struct pl_str id)
{
    if (pl_str_starts(id, PL_S("ALAS2023")))
        return PL_S("Amazon Linux:2023");
    if (pl_str_starts(id, PL_S("ALAS2-")))
        return PL_S("Amazon Linux:2");
    return pl_str_starts(id, PL_S("ALAS-")) ? PL_S("Amazon Linux:1") : PL_S("");
}

static struct pl_str ecosystem(struct pl_adv_reader *r, const struct pl_xml *update,
                               const struct pl_xml *collection, struct pl_str id)
{
    const struct pl_str says[] = { r->o->release, pl_xml_text(collection, "name"),
                                   pl_xml_text(update, "release"),
                                   pl_xml_attr(collection, "short") };
    struct pl_str eco = PL_S("");
    if (r->o->release.n && pl_str_find(r->o->release, PL_S(":"), 0) != SIZE_MAX)
        return r->o->release;
    for (size_t i = 0; i < sizeof says / sizeof *says && !eco.n; i++)
        eco = says[i].n ? release_of(r->a, says[i]) : eco;
    return eco.n ? eco : release_of_id(id);
}

/* ---- packages ---- */

struct seen {
    struct pl_map at; /* "name evr" to 1 + row */
    struct pl_adv_rows rows;
};

static void add_package(struct pl_adv_reader *r, const struct pl_xml *p, struct pl_str eco,
                        struct pl_str module, struct seen *s)
{
    struct pl_str name = pl_xml_attr(p, "name"), version = pl_xml_attr(p, "version");
    struct pl_str epoch = pl_xml_attr(p, "epoch"), arch = pl_xml_attr(p, "arch");
    if (!name.n || !version.n || pl_str_is(arch, "src"))
        return;
    bool some = epoch.n && !pl_str_is(epoch, "0");
    struct pl_str evr =
        pl_printf(r->a, "%.*s%s%.*s-%.*s", PL_FMT(some ? epoch : PL_S("")), some ? ":" : "",
                  PL_FMT(version), PL_FMT(pl_xml_attr(p, "release")));
    struct pl_str key = pl_printf(r->a, "%.*s %.*s %.*s %.*s", PL_FMT(eco), PL_FMT(module),
                                  PL_FMT(name), PL_FMT(evr));
    void **at = pl_map_put(&s->at, key);
    if (*at) {
        struct pl_adv_row *row = &s->rows.v.p[(uintptr_t)*at - 1];
        bool full = !row->arch.n || row->arch.n > 200;
        row->arch = !arch.n || full ? PL_S("")
                                    : pl_printf(r->a, "%.*s %.*s", PL_FMT(row->arch), PL_FMT(arch));
        return;
    }
    struct pl_adv_row *row = pl_adv_rows_below(&s->rows, eco, name, evr);
    row->flags = PL_ADV_NATIVE;
    row->module = module;
    row->arch = arch;
    *at = (void *)(uintptr_t)s->rows.v.n;
}

static int update(struct pl_adv_reader *r, const struct pl_adv_doc *d, const struct pl_xml *x,
                  struct pl_err *err)
{
    struct pl_adv v = { .id = pl_xml_text(x, "id"),
                        .severity = pl_adv_severity(pl_xml_text(x, "severity")),
                        .title = pl_xml_text(x, "title"),
                        .published =
                            pl_str_sub(pl_xml_attr(pl_xml_get(x, "issued"), "date"), 0, 10) };
    struct seen s = { .at = { .a = r->a }, .rows = { .a = r->a } };
    const struct pl_xml *refs = pl_xml_get(x, "references"), *list = pl_xml_get(x, "pkglist");
    for (const struct pl_xml *y = pl_xml_get(refs, "reference"); y; y = pl_xml_more(y)) {
        struct pl_names n = pl_doc_cves(r->a, pl_xml_attr(y, "id"));
        for (size_t i = 0; i < n.n; i++)
            pl_doc_add(r->a, &v.covers, n.p[i]);
        if (pl_str_is(pl_xml_attr(y, "type"), "self"))
            v.url = pl_xml_attr(y, "href");
    }
    if (!v.id.n || !pl_str_is(pl_xml_attr(x, "type"), "security"))
        return 0;
    for (const struct pl_xml *c = pl_xml_get(list, "collection"); c; c = pl_xml_more(c)) {
        const struct pl_xml *m = pl_xml_get(c, "module");
        struct pl_str eco = ecosystem(r, x, c, v.id), module = PL_S("");
        if (m)
            module = pl_printf(r->a, "%.*s:%.*s", PL_FMT(pl_xml_attr(m, "name")),
                               PL_FMT(pl_xml_attr(m, "stream")));
        if (!eco.n)
            pl_adv_note(r, d, "%.*s: its release is not known; add ,release=ECOSYSTEM:N",
                        PL_FMT(pl_str_sub(v.id, 0, 80)));
        for (const struct pl_xml *p = pl_xml_get(c, "package"); p && eco.n; p = pl_xml_more(p))
            add_package(r, p, eco, module, &s);
    }
    pl_map_release(&s.at);
    return pl_adv_send(r, &v, &s.rows, err);
}

static int read(struct pl_adv_reader *r, const struct pl_adv_doc *d, struct pl_err *err)
{
    int k = 0;
    for (const struct pl_xml *x = pl_xml_get(d->xml, "update"); x && k == 0; x = pl_xml_more(x))
        k = update(r, d, x, err);
    return k;
}

const struct pl_adv_form pl_adv_form_updateinfo = { "updateinfo", knows, read, NULL };
