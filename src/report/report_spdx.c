/* SPDX 2.3 JSON: a package per component, the same facts as annotations. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cleanup.h"
#include "fmt/jsonw.h"
#include "report/sbom.h"

#define NO_TIME "1970-01-01T00:00:00Z"

static struct pl_str moment(const struct pl_report *r)
{
    struct pl_str t = pl_sbom_time(r);
    return t.n ? t : PL_S(NO_TIME);
}

static void relationship(struct pl_jsonw *w, struct pl_str from, const char *type, struct pl_str to)
{
    pl_jw_obj(w);
    pl_jw_kstr(w, "spdxElementId", from);
    pl_jw_kcstr(w, "relationshipType", type);
    pl_jw_kstr(w, "relatedSpdxElement", to);
    pl_jw_obj_end(w);
}

static void annotation(struct pl_jsonw *w, const struct pl_report *r, const char *name,
                       struct pl_str value)
{
    pl_auto_buf struct pl_buf text = { 0 };
    if (!value.n)
        return;
    pl_buf_puts(&text, name);
    pl_buf_putc(&text, '=');
    pl_buf_putn(&text, value.p, value.n);
    pl_jw_obj(w);
    pl_jw_kstr(w, "annotationDate", moment(r));
    pl_jw_kcstr(w, "annotationType", "OTHER");
    pl_jw_kcstr(w, "annotator", "Tool: plimsoll");
    pl_jw_kstr(w, "comment", pl_buf_str(&text));
    pl_jw_obj_end(w);
}

static void package(struct pl_jsonw *w, const struct pl_report *r, const struct pl_target *t,
                    const struct pl_package *p)
{
    struct pl_arena a = { 0 };
    struct pl_sbom_facts facts;
    pl_sbom_facts(&a, t, p, &facts);
    pl_jw_obj(w);
    pl_jw_kstr(w, "SPDXID", pl_printf(&a, "SPDXRef-%.*s", PL_FMT(pl_sbom_ref(&a, p))));
    pl_jw_kstr(w, "name",
               p->pkg.ns.n ? pl_printf(&a, "%.*s/%.*s", PL_FMT(p->pkg.ns), PL_FMT(p->pkg.name))
                           : p->pkg.name);
    if (p->pkg.version.n)
        pl_jw_kstr(w, "versionInfo", p->pkg.version);
    pl_jw_kcstr(w, "downloadLocation", "NOASSERTION");
    pl_jw_kbool(w, "filesAnalyzed", false);
    pl_jw_kcstr(w, "licenseConcluded", "NOASSERTION");
    pl_jw_kcstr(w, "licenseDeclared", "NOASSERTION");
    pl_jw_kcstr(w, "copyrightText", "NOASSERTION");
    pl_jw_kcstr(w, "supplier", "NOASSERTION");
    if (p->paths.n)
        pl_jw_kstr(w, "sourceInfo", p->paths.p[0]);
    if (p->pkg.flags & PL_PKG_OS) {
        pl_jw_kcstr(w, "primaryPackagePurpose", "OPERATING-SYSTEM");
    } else {
        pl_jw_key(w, "externalRefs");
        pl_jw_arr(w);
        pl_jw_obj(w);
        pl_jw_kcstr(w, "referenceCategory", "PACKAGE-MANAGER");
        pl_jw_kcstr(w, "referenceType", "purl");
        pl_jw_kstr(w, "referenceLocator", p->purl);
        pl_jw_obj_end(w);
        pl_jw_arr_end(w);
    }
    pl_jw_key(w, "annotations");
    pl_jw_arr(w);
    annotation(w, r, "plimsoll:group", p->pkg.ns);
    annotation(w, r, "plimsoll:licence", p->pkg.licence);
    for (size_t i = 0; i < facts.n; i++)
        annotation(w, r, facts.p[i].name, facts.p[i].value);
    for (size_t i = 0; i < p->paths.n; i++)
        annotation(w, r, "plimsoll:path", p->paths.p[i]);
    pl_jw_arr_end(w);
    pl_jw_obj_end(w);
    pl_arena_release(&a);
}

struct about {
    struct pl_jsonw *w;
    const struct pl_report *r;
};

static void about(void *arg, const char *name, struct pl_str value)
{
    const struct about *b = arg;
    annotation(b->w, b->r, name, value);
}

static void root(struct pl_jsonw *w, const struct pl_report *r, const struct pl_target *t)
{
    struct about b = { w, r };
    struct pl_arena a = { 0 };
    bool image = pl_str_is(t->kind, "image");
    pl_jw_obj(w);
    pl_jw_kcstr(w, "SPDXID", "SPDXRef-target");
    pl_jw_kstr(w, "name", t->name);
    if (t->digest.n)
        pl_jw_kstr(w, "versionInfo", t->digest);
    pl_jw_kcstr(w, "downloadLocation", "NOASSERTION");
    pl_jw_kbool(w, "filesAnalyzed", false);
    pl_jw_kcstr(w, "licenseConcluded", "NOASSERTION");
    pl_jw_kcstr(w, "licenseDeclared", "NOASSERTION");
    pl_jw_kcstr(w, "copyrightText", "NOASSERTION");
    pl_jw_kcstr(w, "supplier", "NOASSERTION");
    pl_jw_kcstr(w, "primaryPackagePurpose", image ? "CONTAINER" : "FILE");
    pl_jw_key(w, "annotations");
    pl_jw_arr(w);
    pl_sbom_about(&a, t, &b, about);
    pl_jw_arr_end(w);
    pl_arena_release(&a);
    pl_jw_obj_end(w);
}

static void packages(struct pl_jsonw *w, const struct pl_report *r)
{
    pl_jw_key(w, "packages");
    pl_jw_arr(w);
    if (r->n_targets)
        root(w, r, &r->targets[0]);
    for (size_t i = 0; i < r->n_targets; i++)
        for (size_t k = 0; k < r->targets[i].n_packages; k++)
            package(w, r, &r->targets[i], &r->targets[i].packages[k]);
    pl_jw_arr_end(w);
}

static void relationships(struct pl_jsonw *w, const struct pl_report *r)
{
    pl_jw_key(w, "relationships");
    pl_jw_arr(w);
    if (r->n_targets)
        relationship(w, PL_S("SPDXRef-DOCUMENT"), "DESCRIBES", PL_S("SPDXRef-target"));
    for (size_t i = 0; i < r->n_targets; i++) {
        for (size_t k = 0; k < r->targets[i].n_packages; k++) {
            struct pl_arena a = { 0 };
            struct pl_str ref = pl_sbom_ref(&a, &r->targets[i].packages[k]);
            relationship(w, PL_S("SPDXRef-target"), "CONTAINS",
                         pl_printf(&a, "SPDXRef-%.*s", PL_FMT(ref)));
            pl_arena_release(&a);
        }
    }
    pl_jw_arr_end(w);
}

static int write_spdx(const struct pl_report *r, const struct pl_report_opts *o, struct pl_buf *out,
                      struct pl_err *err)
{
    pl_auto_buf struct pl_buf text = { 0 };
    struct pl_jsonw probe = { .out = &text }, w = { .out = out, .indent = 2 };
    char serial[64], space[128];
    (void)o;
    (void)err;
    pl_jw_obj(&probe);
    packages(&probe, r);
    pl_jw_obj_end(&probe);
    pl_sbom_serial(pl_buf_str(&text), serial);
    snprintf(space, sizeof space, "https://spdx.org/spdxdocs/plimsoll-%s",
             serial + strlen("urn:uuid:"));
    pl_jw_obj(&w);
    pl_jw_kcstr(&w, "spdxVersion", "SPDX-2.3");
    pl_jw_kcstr(&w, "dataLicense", "CC0-1.0");
    pl_jw_kcstr(&w, "SPDXID", "SPDXRef-DOCUMENT");
    pl_jw_kstr(&w, "name", r->n_targets ? r->targets[0].name : PL_S("nothing"));
    pl_jw_kcstr(&w, "documentNamespace", space);
    pl_jw_key(&w, "creationInfo");
    pl_jw_obj(&w);
    pl_jw_kstr(&w, "created", moment(r));
    pl_jw_key(&w, "creators");
    pl_jw_arr(&w);
    pl_jw_str(&w,
              pl_printf(r->a, "Tool: %.*s-%.*s", PL_FMT(r->tool_name), PL_FMT(r->tool_version)));
    pl_jw_arr_end(&w);
    pl_jw_obj_end(&w);
    packages(&w, r);
    relationships(&w, r);
    pl_jw_obj_end(&w);
    pl_buf_putc(out, '\n');
    return 0;
}

const struct pl_writer pl_writer_spdx = { .id = "spdx-json",
                                          .suffix = ".spdx.json",
                                          .write = write_spdx };
