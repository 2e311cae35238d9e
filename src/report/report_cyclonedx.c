/* CycloneDX 1.6 JSON: the inventory, each package with every place it was found at. The same input
 * gives the same bytes: the serial number comes from the content, no time is made up. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "base/hash.h"
#include "fmt/jsonw.h"
#include "report/sbom.h"

static void property(struct pl_jsonw *w, const char *name, struct pl_str value)
{
    if (!value.n)
        return;
    pl_jw_obj(w);
    pl_jw_kcstr(w, "name", name);
    pl_jw_kstr(w, "value", value);
    pl_jw_obj_end(w);
}

static void properties(struct pl_jsonw *w, const struct pl_sbom_facts *f)
{
    pl_jw_key(w, "properties");
    pl_jw_arr(w);
    for (size_t i = 0; i < f->n; i++)
        property(w, f->p[i].name, f->p[i].value);
    pl_jw_arr_end(w);
}

static void licence(struct pl_jsonw *w, struct pl_str text)
{
    if (!text.n)
        return;
    pl_jw_key(w, "licenses");
    pl_jw_arr(w);
    pl_jw_obj(w);
    pl_jw_key(w, "license");
    pl_jw_obj(w);
    pl_jw_kstr(w, "name", text);
    pl_jw_obj_end(w);
    pl_jw_obj_end(w);
    pl_jw_arr_end(w);
}

/* How the package URL is known, and how sure that is. */
static void identity(struct pl_jsonw *w, const struct pl_package *p)
{
    bool weak = p->pkg.flags & PL_PKG_WEAK, program = p->pkg.flags & PL_PKG_FILE;
    const char *confidence = weak ? "0.5" : program ? "0.8" : "1";
    pl_jw_key(w, "identity");
    pl_jw_arr(w);
    pl_jw_obj(w);
    pl_jw_kcstr(w, "field", "purl");
    pl_jw_key(w, "confidence");
    pl_jw_number(w, confidence);
    pl_jw_key(w, "methods");
    pl_jw_arr(w);
    pl_jw_obj(w);
    pl_jw_kcstr(w, "technique",
                program ? "binary-analysis"
                : weak  ? "filename"
                        : "manifest-analysis");
    pl_jw_key(w, "confidence");
    pl_jw_number(w, confidence);
    if (p->pkg.by.n)
        pl_jw_kstr(w, "value", p->pkg.by);
    pl_jw_obj_end(w);
    pl_jw_arr_end(w);
    pl_jw_obj_end(w);
    pl_jw_arr_end(w);
}

static void evidence(struct pl_jsonw *w, const struct pl_package *p)
{
    pl_jw_key(w, "evidence");
    pl_jw_obj(w);
    if (!(p->pkg.flags & PL_PKG_OS))
        identity(w, p);
    pl_jw_key(w, "occurrences");
    pl_jw_arr(w);
    for (size_t i = 0; i < p->paths.n; i++) {
        pl_jw_obj(w);
        pl_jw_kstr(w, "location", p->paths.p[i]);
        pl_jw_obj_end(w);
    }
    pl_jw_arr_end(w);
    pl_jw_obj_end(w);
}

static void component(struct pl_jsonw *w, const struct pl_target *t, const struct pl_package *p)
{
    struct pl_arena a = { 0 };
    struct pl_sbom_facts facts;
    bool os = p->pkg.flags & PL_PKG_OS;
    pl_sbom_facts(&a, t, p, &facts);
    pl_jw_obj(w);
    pl_jw_kcstr(w, "type",
                os                           ? "operating-system"
                : p->pkg.flags & PL_PKG_FILE ? "application"
                                             : "library");
    pl_jw_kstr(w, "bom-ref", pl_sbom_ref(&a, p));
    if (p->pkg.ns.n)
        pl_jw_kstr(w, "group", p->pkg.ns);
    pl_jw_kstr(w, "name", p->pkg.name);
    if (p->pkg.version.n)
        pl_jw_kstr(w, "version", p->pkg.version);
    if (!os) {
        licence(w, p->pkg.licence);
        pl_jw_kstr(w, "purl", p->purl);
    }
    evidence(w, p);
    properties(w, &facts);
    pl_jw_obj_end(w);
    pl_arena_release(&a);
}

static void about(void *arg, const char *name, struct pl_str value)
{
    property(arg, name, value);
}

static void metadata(struct pl_jsonw *w, const struct pl_report *r)
{
    const struct pl_target *t = r->n_targets ? &r->targets[0] : NULL;
    pl_jw_key(w, "metadata");
    pl_jw_obj(w);
    if (pl_sbom_time(r).n)
        pl_jw_kstr(w, "timestamp", pl_sbom_time(r));
    pl_jw_key(w, "tools");
    pl_jw_obj(w);
    pl_jw_key(w, "components");
    pl_jw_arr(w);
    pl_jw_obj(w);
    pl_jw_kcstr(w, "type", "application");
    pl_jw_kstr(w, "name", r->tool_name);
    pl_jw_kstr(w, "version", r->tool_version);
    pl_jw_obj_end(w);
    pl_jw_arr_end(w);
    pl_jw_obj_end(w);
    if (t) {
        pl_jw_key(w, "component");
        pl_jw_obj(w);
        pl_jw_kcstr(w, "type", pl_str_is(t->kind, "image") ? "container" : "file");
        pl_jw_kcstr(w, "bom-ref", "target");
        pl_jw_kstr(w, "name", t->name);
        if (t->digest.n)
            pl_jw_kstr(w, "version", t->digest);
        struct pl_arena a = { 0 };
        pl_jw_key(w, "properties");
        pl_jw_arr(w);
        pl_sbom_about(&a, t, w, about);
        pl_jw_arr_end(w);
        pl_arena_release(&a);
        pl_jw_obj_end(w);
    }
    pl_jw_obj_end(w);
}

static void composition(struct pl_jsonw *w, const struct pl_report *r)
{
    bool complete = true;
    for (size_t i = 0; i < r->n_targets; i++)
        complete &= r->targets[i].complete;
    pl_jw_key(w, "compositions");
    pl_jw_arr(w);
    pl_jw_obj(w);
    pl_jw_kcstr(w, "aggregate", complete ? "unknown" : "incomplete");
    pl_jw_key(w, "assemblies");
    pl_jw_arr(w);
    pl_jw_cstr(w, "target");
    pl_jw_arr_end(w);
    pl_jw_obj_end(w);
    pl_jw_arr_end(w);
}

/* everything but the head, so that the serial number can be made from it */
static void body(struct pl_jsonw *w, const struct pl_report *r)
{
    metadata(w, r);
    pl_jw_key(w, "components");
    pl_jw_arr(w);
    for (size_t i = 0; i < r->n_targets; i++)
        for (size_t k = 0; k < r->targets[i].n_packages; k++)
            component(w, &r->targets[i], &r->targets[i].packages[k]);
    pl_jw_arr_end(w);
    if (r->n_targets)
        composition(w, r);
}

static int write_cyclonedx(const struct pl_report *r, const struct pl_report_opts *o,
                           struct pl_buf *out, struct pl_err *err)
{
    pl_auto_buf struct pl_buf text = { 0 };
    struct pl_jsonw probe = { .out = &text }, w = { .out = out, .indent = 2 };
    char serial[64];
    (void)o;
    (void)err;
    pl_jw_obj(&probe);
    body(&probe, r);
    pl_jw_obj_end(&probe);
    pl_sbom_serial(pl_buf_str(&text), serial);
    pl_jw_obj(&w);
    pl_jw_kcstr(&w, "$schema", "http://cyclonedx.org/schema/bom-1.6.schema.json");
    pl_jw_kcstr(&w, "bomFormat", "CycloneDX");
    pl_jw_kcstr(&w, "specVersion", "1.6");
    pl_jw_kcstr(&w, "serialNumber", serial);
    pl_jw_ku64(&w, "version", 1);
    body(&w, r);
    pl_jw_obj_end(&w);
    pl_buf_putc(out, '\n');
    return 0;
}

const struct pl_writer pl_writer_cyclonedx = { .id = "cyclonedx-json",
                                               .suffix = ".cdx.json",
                                               .write = write_cyclonedx };
