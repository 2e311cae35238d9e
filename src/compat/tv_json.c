/* The report of `trivy image` and its kin as JSON, SchemaVersion 2. Hashes (ReportID, UID,
 * Fingerprint) are our own. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/hash.h"
#include "compat/tv_scan.h"
#include "fmt/jsonw.h"
#include "ver/purl.h"
#include "vuln/cvss.h"

static void some(struct pl_jsonw *w, const char *key, struct pl_str s)
{
    if (s.n)
        pl_jw_kstr(w, key, s);
}

/* Hex digits of what the parts say together. */
static struct pl_str mark(struct pl_arena *a, struct pl_str x, struct pl_str y, struct pl_str z)
{
    uint8_t raw[PL_SHA256_LEN];
    char hex[2 * PL_SHA256_LEN + 1];
    struct pl_str all = pl_printf(a, "%.*s\n%.*s\n%.*s", PL_FMT(x), PL_FMT(y), PL_FMT(z));
    pl_sha256(all.p, all.n, raw);
    pl_hex(raw, sizeof raw, hex);
    return pl_dup(a, pl_str_c(hex));
}

/* Without our qualifiers, and with the release as trivy says it. */
static struct pl_str purl_of(const struct pl_tv_report *r, const struct pl_package *p)
{
    struct pl_purl in, out;
    struct pl_err none = { 0 };
    if (pl_purl_parse(r->a, p->purl, &in, &none) < 0)
        return p->purl;
    out = in;
    out.n = 0;
    for (size_t i = 0; i < in.n; i++) {
        struct pl_str v = in.q[i].value;
        if (pl_str_is(in.q[i].key, "upstream"))
            continue;
        if (pl_str_is(in.q[i].key, "distro") && r->os_name.n)
            v = pl_str_is(in.type, "apk")
                    ? r->os_name
                    : pl_printf(r->a, "%.*s-%.*s", PL_FMT(r->os_family), PL_FMT(r->os_name));
        out.q[out.n++] = (struct pl_purl_qualifier){ in.q[i].key, v };
    }
    return pl_purl_print(r->a, &out);
}

/* "group:name", "@scope/name", "module/path". */
static struct pl_str name_of(struct pl_arena *a, const struct pl_package *p)
{
    static const char *const systems[] = { "deb", "apk", "rpm", "alpm", "conda", "pypi", "gem" };
    for (size_t i = 0; i < PL_COUNT(systems); i++)
        if (pl_str_is(p->pkg.type, systems[i]))
            return p->pkg.name;
    if (!p->pkg.ns.n)
        return p->pkg.name;
    char sep = pl_str_is(p->pkg.type, "maven") ? ':' : '/';
    return pl_printf(a, "%.*s%c%.*s", PL_FMT(p->pkg.ns), sep, PL_FMT(p->pkg.name));
}

static struct pl_str version_of(struct pl_arena *a, const struct pl_package *p)
{
    if (pl_str_is(p->pkg.type, "golang") && p->pkg.version.n && *p->pkg.version.p >= '0' &&
        *p->pkg.version.p <= '9' && !pl_str_is(p->pkg.name, "stdlib"))
        return pl_printf(a, "v%.*s", PL_FMT(p->pkg.version));
    return p->pkg.version;
}

static struct pl_str id_of(struct pl_arena *a, const struct pl_package *p)
{
    struct pl_str name = name_of(a, p), v = version_of(a, p);
    bool maven = pl_str_is(p->pkg.type, "maven");
    return v.n ? pl_printf(a, "%.*s%c%.*s", PL_FMT(name), maven ? ':' : '@', PL_FMT(v)) : name;
}

static void put_layer(struct pl_jsonw *w, const struct pl_tv_report *r, const struct pl_span *s)
{
    if (s->introduced == PL_NEVER || s->introduced >= r->t->n_layers)
        return;
    const struct pl_layer_info *l = &r->t->layers[s->introduced];
    pl_jw_key(w, "Layer");
    pl_jw_obj(w);
    some(w, "Digest", l->digest);
    some(w, "DiffID", l->diff_id);
    pl_jw_obj_end(w);
}

static void put_identifier(struct pl_jsonw *w, const struct pl_tv_report *r, const char *key,
                           const struct pl_package *p)
{
    pl_jw_key(w, key);
    pl_jw_obj(w);
    struct pl_str purl = purl_of(r, p), path = p->paths.n ? p->paths.p[0] : PL_S("");
    pl_jw_kstr(w, "PURL", purl);
    pl_jw_kstr(w, "UID", pl_str_sub(mark(r->a, purl, path, PL_S("package")), 0, 16));
    pl_jw_obj_end(w);
}

static void put_package(struct pl_jsonw *w, const struct pl_tv_report *r,
                        const struct pl_tv_result *x, const struct pl_package *p)
{
    pl_jw_obj(w);
    pl_jw_kstr(w, "ID", id_of(r->a, p));
    pl_jw_kstr(w, "Name", name_of(r->a, p));
    put_identifier(w, r, "Identifier", p);
    some(w, "Version", version_of(r->a, p));
    some(w, "Arch", p->pkg.arch);
    if (strcmp(x->class_, "os-pkgs") == 0) {
        pl_jw_kstr(w, "SrcName", p->pkg.source.n ? p->pkg.source : p->pkg.name);
        some(w, "SrcVersion", p->pkg.source_version.n ? p->pkg.source_version : p->pkg.version);
    }
    if (p->pkg.licence.n) {
        pl_jw_key(w, "Licenses");
        pl_jw_arr(w);
        pl_jw_str(w, p->pkg.licence);
        pl_jw_arr_end(w);
    }
    if (p->pkg.flags & PL_PKG_DEV)
        pl_jw_kbool(w, "Dev", true);
    put_layer(w, r, &p->span);
    if (strcmp(x->class_, "os-pkgs") != 0 && p->paths.n && !pl_str_eq(p->paths.p[0], x->target))
        pl_jw_kstr(w, "FilePath", p->paths.p[0]);
    pl_jw_kstr(w, "AnalyzedBy", x->type);
    pl_jw_obj_end(w);
}

static void put_scores(struct pl_jsonw *w, struct pl_str source, const struct pl_names *cvss)
{
    bool v2 = false, v3 = false, v4 = false;
    char text[16];
    pl_jw_key(w, "CVSS");
    pl_jw_obj(w);
    pl_jw_key(w, pl_str_is(source, "") ? "unknown" : source.p);
    pl_jw_obj(w);
    for (size_t i = 0; i < cvss->n; i++) {
        unsigned v = pl_cvss_version(cvss->p[i]);
        double score = pl_cvss_score(cvss->p[i]);
        bool *seen = v >= 40 ? &v4 : v >= 30 ? &v3 : &v2;
        if (score < 0 || *seen)
            continue;
        *seen = true;
        if (pl_str_find(cvss->p[i], PL_S("/"), 0) != SIZE_MAX)
            pl_jw_kstr(w, v >= 40 ? "V40Vector" : v >= 30 ? "V3Vector" : "V2Vector", cvss->p[i]);
        snprintf(text, sizeof text, "%g", score);
        pl_jw_key(w, v >= 40 ? "V40Score" : v >= 30 ? "V3Score" : "V2Score");
        pl_jw_number(w, text);
    }
    pl_jw_obj_end(w);
    pl_jw_obj_end(w);
}

static void put_vuln(struct pl_jsonw *w, const struct pl_tv_report *r, const struct pl_finding *f,
                     const struct pl_package *p)
{
    const struct pl_vuln *v = f->vuln;
    struct pl_str source = pl_dup(r->a, v->severity_source), path = f->where.path;
    enum pl_tv_severity s = pl_tv_severity_in(f);
    pl_jw_obj(w);
    pl_jw_kstr(w, "VulnerabilityID", f->rule);
    if (v->adv_id.n && !pl_str_eq(v->adv_id, f->rule)) {
        pl_jw_key(w, "VendorIDs");
        pl_jw_arr(w);
        pl_jw_str(w, v->adv_id);
        pl_jw_arr_end(w);
    }
    pl_jw_kstr(w, "PkgID", id_of(r->a, p));
    pl_jw_kstr(w, "PkgName", name_of(r->a, p));
    put_identifier(w, r, "PkgIdentifier", p);
    pl_jw_kstr(w, "InstalledVersion", version_of(r->a, p));
    some(w, "FixedVersion", v->fixed);
    pl_jw_kcstr(w, "Status", pl_tv_status(v));
    put_layer(w, r, &f->span);
    some(w, "SeveritySource", source);
    some(w, "PrimaryURL", v->url);
    pl_jw_key(w, "DataSource");
    pl_jw_obj(w);
    pl_jw_kstr(w, "ID", v->adv_source);
    pl_jw_kstr(w, "Name", v->adv_source);
    pl_jw_obj_end(w);
    pl_jw_kstr(w, "Fingerprint",
               pl_printf(r->a, "sha256:%.*s", PL_FMT(mark(r->a, p->purl, path, f->rule))));
    some(w, "Title", f->title);
    some(w, "Description", f->why);
    pl_jw_kcstr(w, "Severity", pl_tv_severity_name(s));
    if (v->cwe.n)
        pl_jw_kstrs(w, "CweIDs", v->cwe.p, v->cwe.n);
    if (source.n) {
        pl_jw_key(w, "VendorSeverity");
        pl_jw_obj(w);
        pl_jw_ku64(w, source.p, s);
        pl_jw_obj_end(w);
    }
    if (v->cvss.n)
        put_scores(w, source, &v->cvss);
    if (v->url.n) {
        pl_jw_key(w, "References");
        pl_jw_arr(w);
        pl_jw_str(w, v->url);
        pl_jw_arr_end(w);
    }
    some(w, "PublishedDate", v->published);
    pl_jw_obj_end(w);
}

static void put_secret(struct pl_jsonw *w, const struct pl_finding *f)
{
    pl_jw_obj(w);
    struct pl_str rule = f->rule;
    if (pl_str_starts(rule, PL_S("secret/")))
        rule = pl_str_sub(rule, 7, SIZE_MAX);
    pl_jw_kstr(w, "RuleID", rule);
    pl_jw_kcstr(w, "Category", "General");
    pl_jw_kcstr(w, "Severity", pl_tv_severity_name(pl_tv_severity_in(f)));
    pl_jw_kstr(w, "Title", f->title);
    pl_jw_ku64(w, "StartLine", f->where.line);
    pl_jw_ku64(w, "EndLine", f->where.end_line);
    pl_jw_kstr(w, "Match", f->evidence);
    pl_jw_obj_end(w);
}

static const struct pl_package *package_of(const struct pl_tv_result *x, const struct pl_finding *f)
{
    for (size_t i = 0; i < x->packages.n; i++) {
        const struct pl_package *p = x->packages.p[i];
        if (pl_str_eq(p->purl, f->vuln->purl) &&
            pl_str_eq(p->paths.n ? p->paths.p[0] : PL_S(""), f->where.path))
            return p;
    }
    return x->packages.p[0]; /* not reached: the block was made from its packages */
}

static void put_result(struct pl_jsonw *w, const struct pl_tv_report *r,
                       const struct pl_tv_result *x)
{
    pl_jw_obj(w);
    pl_jw_kstr(w, "Target", x->target);
    pl_jw_kcstr(w, "Class", x->class_);
    some(w, "Type", x->type);
    if (r->o->packages && x->packages.n) {
        pl_jw_key(w, "Packages");
        pl_jw_arr(w);
        for (size_t i = 0; i < x->packages.n; i++)
            put_package(w, r, x, x->packages.p[i]);
        pl_jw_arr_end(w);
    }
    if (x->vulns.n) {
        const struct pl_package *p = NULL;
        pl_jw_key(w, "Vulnerabilities");
        pl_jw_arr(w);
        for (size_t i = 0; i < x->vulns.n; i++) {
            const struct pl_finding *f = x->vulns.p[i];
            if (!p || !pl_str_eq(p->purl, f->vuln->purl) || i == 0 ||
                !pl_str_eq(x->vulns.p[i - 1]->where.path, f->where.path))
                p = package_of(x, f);
            put_vuln(w, r, f, p);
        }
        pl_jw_arr_end(w);
    }
    if (x->secrets.n) {
        pl_jw_key(w, "Secrets");
        pl_jw_arr(w);
        for (size_t i = 0; i < x->secrets.n; i++)
            put_secret(w, x->secrets.p[i]);
        pl_jw_arr_end(w);
    }
    pl_jw_obj_end(w);
}

static void put_metadata(struct pl_jsonw *w, const struct pl_tv_report *r)
{
    const struct pl_target *t = r->t;
    bool image = t && t->n_layers;
    if (!r->os_family.n && !image)
        return;
    pl_jw_key(w, "Metadata");
    pl_jw_obj(w);
    if (r->os_family.n) {
        pl_jw_key(w, "OS");
        pl_jw_obj(w);
        pl_jw_kstr(w, "Family", r->os_family);
        pl_jw_kstr(w, "Name", r->os_name);
        if (r->eosl)
            pl_jw_kbool(w, "EOSL", true);
        pl_jw_obj_end(w);
    }
    if (image) {
        pl_jw_key(w, "DiffIDs");
        pl_jw_arr(w);
        for (size_t i = 0; i < t->n_layers; i++)
            pl_jw_str(w, t->layers[i].diff_id);
        pl_jw_arr_end(w);
        if (!r->o->input && r->o->target) {
            pl_jw_key(w, "RepoTags");
            pl_jw_arr(w);
            pl_jw_cstr(w, r->o->target);
            pl_jw_arr_end(w);
            pl_jw_kcstr(w, "Reference", r->o->target);
        }
        pl_jw_key(w, "Layers");
        pl_jw_arr(w);
        for (size_t i = 0; i < t->n_layers; i++) {
            pl_jw_obj(w);
            pl_jw_ku64(w, "Size", t->layers[i].bytes);
            some(w, "Digest", t->layers[i].digest);
            some(w, "DiffID", t->layers[i].diff_id);
            pl_jw_obj_end(w);
        }
        pl_jw_arr_end(w);
    }
    pl_jw_obj_end(w);
}

/* Now, or SOURCE_DATE_EPOCH. */
static void put_time(struct pl_jsonw *w)
{
    const char *epoch = getenv("SOURCE_DATE_EPOCH");
    uint64_t at;
    time_t now = time(NULL);
    char text[24];
    if (epoch && pl_str_u64(pl_str_c(epoch), &at))
        now = (time_t)at;
    pl_clock_utc(now, text);
    pl_jw_kcstr(w, "CreatedAt", text);
}

void pl_tv_json(const struct pl_tv_report *r, struct pl_buf *out)
{
    struct pl_jsonw w = { .out = out, .indent = 2 };
    const char *name = r->o->target ? r->o->target : r->o->input, *type = r->o->verb;
    if (strcmp(type, "image") == 0)
        type = "container_image";
    else if (strcmp(type, "rootfs") == 0)
        type = "filesystem";
    else if (strcmp(type, "sbom") == 0)
        type = r->t && pl_str_find(r->t->kind, PL_S("spdx"), 0) != SIZE_MAX ? "spdx" : "cyclonedx";
    pl_jw_obj(&w);
    pl_jw_ku64(&w, "SchemaVersion", 2);
    pl_jw_key(&w, "Trivy");
    pl_jw_obj(&w);
    pl_jw_kcstr(&w, "Version", "0.66.0");
    pl_jw_obj_end(&w);
    struct pl_str id = mark(r->a, pl_str_c(name), r->t ? r->t->digest : PL_S(""), PL_S("report"));
    pl_jw_kstr(&w, "ReportID",
               pl_printf(r->a, "%.8s-%.4s-5%.3s-8%.3s-%.12s", id.p, id.p + 8, id.p + 12, id.p + 15,
                         id.p + 18));
    put_time(&w);
    if (r->t)
        some(&w, "ArtifactID", r->t->digest);
    pl_jw_kcstr(&w, "ArtifactName", name);
    pl_jw_kcstr(&w, "ArtifactType", type);
    put_metadata(&w, r);
    if (r->results.n) {
        pl_jw_key(&w, "Results");
        pl_jw_arr(&w);
        for (size_t i = 0; i < r->results.n; i++) {
            const struct pl_tv_result *x = r->results.p[i];
            bool os = strcmp(x->class_, "os-pkgs") == 0;
            if (os || r->o->packages || x->vulns.n || x->secrets.n)
                put_result(&w, r, x);
        }
        pl_jw_arr_end(&w);
    }
    pl_jw_obj_end(&w);
    pl_buf_putc(out, '\n');
}
