/* Vulnerabilities as grype writes them: its JSON of 2025. One document holds one source; further
 * targets are refused. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "model/vuln.h"
#include "report/anchore.h"

static void empty_list(struct pl_jsonw *w, const char *key)
{
    pl_jw_key(w, key);
    pl_jw_arr(w);
    pl_jw_arr_end(w);
}

/* ---- the vulnerability ---- */

static const char *severity(const struct pl_finding *f)
{
    static const char *const words[PL_SEV_COUNT] = {
        [PL_SEV_CRITICAL] = "Critical", [PL_SEV_HIGH] = "High",       [PL_SEV_MEDIUM] = "Medium",
        [PL_SEV_LOW] = "Low",           [PL_SEV_INFO] = "Negligible",
    };
    if (!f->vuln->severity_source.n && !f->vuln->collapsed.n && f->severity == PL_SEV_MEDIUM)
        return "Unknown";
    return words[f->severity];
}

static void fix(struct pl_jsonw *w, const struct pl_vuln *v)
{
    bool refused = v->state == PL_FIX_WILL_NOT_FIX || v->state == PL_FIX_END_OF_LIFE;
    pl_jw_key(w, "fix");
    pl_jw_obj(w);
    pl_jw_key(w, "versions");
    pl_jw_arr(w);
    if (v->fixed.n)
        pl_jw_str(w, v->fixed);
    pl_jw_arr_end(w);
    pl_jw_kcstr(w, "state",
                v->fixed.n                   ? "fixed"
                : refused                    ? "wont-fix"
                : v->state == PL_FIX_UNKNOWN ? "unknown"
                                             : "not-fixed");
    pl_jw_obj_end(w);
}

/* "3.1" of "CVSS:3.1/AV:…"; those of version 2 do not say it. */
static struct pl_str vector_version(struct pl_str vector)
{
    struct pl_str head;
    if (!pl_str_starts(vector, PL_S("CVSS:")))
        return PL_S("2.0");
    vector = pl_str_sub(vector, 5, SIZE_MAX);
    pl_str_split(&vector, '/', &head);
    return head;
}

static void cvss(struct pl_jsonw *w, const struct pl_vuln *v)
{
    pl_jw_key(w, "cvss");
    pl_jw_arr(w);
    for (size_t i = 0; i < v->cvss.n; i++) {
        pl_jw_obj(w);
        if (v->severity_source.n)
            pl_jw_kstr(w, "source", v->severity_source);
        pl_jw_kcstr(w, "type", i ? "Secondary" : "Primary");
        pl_jw_kstr(w, "version", vector_version(v->cvss.p[i]));
        pl_jw_kstr(w, "vector", v->cvss.p[i]);
        pl_jw_obj_end(w);
    }
    pl_jw_arr_end(w);
}

static void share(struct pl_jsonw *w, const char *key, double x)
{
    char text[16];
    snprintf(text, sizeof text, "%.5f", x);
    pl_jw_key(w, key);
    pl_jw_number(w, text);
}

static void exploited(struct pl_jsonw *w, const struct pl_finding *f)
{
    const struct pl_vuln *v = f->vuln;
    if (v->kev_added.n) {
        pl_jw_key(w, "knownExploited");
        pl_jw_arr(w);
        pl_jw_obj(w);
        pl_jw_kstr(w, "cve", f->rule);
        pl_jw_kstr(w, "dateAdded", v->kev_added);
        if (v->kev_due.n)
            pl_jw_kstr(w, "dueDate", v->kev_due);
        pl_jw_kcstr(w, "knownRansomwareCampaignUse", v->ransomware ? "Known" : "Unknown");
        pl_jw_obj_end(w);
        pl_jw_arr_end(w);
    }
    if (v->has_epss) {
        pl_jw_key(w, "epss");
        pl_jw_arr(w);
        pl_jw_obj(w);
        pl_jw_kstr(w, "cve", f->rule);
        share(w, "epss", v->epss);
        share(w, "percentile", v->percentile);
        pl_jw_kstr(w, "date", v->epss_date);
        pl_jw_obj_end(w);
        pl_jw_arr_end(w);
    }
}

static void vulnerability(struct pl_jsonw *w, const struct pl_finding *f)
{
    const struct pl_vuln *v = f->vuln;
    pl_jw_key(w, "vulnerability");
    pl_jw_obj(w);
    pl_jw_kstr(w, "id", f->rule);
    pl_jw_kstr(w, "dataSource", v->url);
    pl_jw_kstr(w, "namespace", v->eco);
    pl_jw_kcstr(w, "severity", severity(f));
    pl_jw_key(w, "urls");
    pl_jw_arr(w);
    if (v->url.n)
        pl_jw_str(w, v->url);
    pl_jw_arr_end(w);
    if (f->title.n)
        pl_jw_kstr(w, "description", f->title);
    cvss(w, v);
    exploited(w, f);
    fix(w, v);
    empty_list(w, "advisories");
    pl_jw_obj_end(w);
}

static void related(struct pl_jsonw *w, const struct pl_finding *f)
{
    pl_jw_key(w, "relatedVulnerabilities");
    pl_jw_arr(w);
    for (size_t i = 0; i < f->aliases.n; i++) {
        pl_jw_obj(w);
        pl_jw_kstr(w, "id", f->aliases.p[i]);
        pl_jw_kcstr(w, "dataSource", "");
        pl_jw_kcstr(w, "namespace", "");
        pl_jw_kcstr(w, "severity", severity(f));
        empty_list(w, "urls");
        empty_list(w, "cvss");
        pl_jw_obj_end(w);
    }
    pl_jw_arr_end(w);
}

/* ---- the match ---- */

static void details(struct pl_jsonw *w, const struct pl_finding *f, const struct pl_package *p,
                    const struct pl_package *os)
{
    const struct pl_vuln *v = f->vuln;
    struct pl_arena a = { 0 };
    bool source = v->source.n && pl_str_eq(v->key, v->source) && !pl_str_eq(v->key, v->name);
    pl_jw_key(w, "matchDetails");
    pl_jw_arr(w);
    pl_jw_obj(w);
    pl_jw_kcstr(w, "type", source ? "exact-indirect-match" : "exact-direct-match");
    pl_jw_kcstr(w, "matcher", p ? pl_anchore_kind_of(p)->matcher : "stock-matcher");
    pl_jw_key(w, "searchedBy");
    pl_jw_obj(w);
    if (os && p && p->distro.n) {
        pl_jw_key(w, "distro");
        pl_jw_obj(w);
        pl_jw_kstr(w, "type", os->pkg.name);
        pl_jw_kstr(w, "version", os->pkg.version);
        pl_jw_obj_end(w);
    }
    pl_jw_kstr(w, "namespace", v->eco);
    pl_jw_key(w, "package");
    pl_jw_obj(w);
    pl_jw_kstr(w, "name", v->key);
    pl_jw_kstr(w, "version", source && v->source_version.n ? v->source_version : v->version);
    pl_jw_obj_end(w);
    pl_jw_obj_end(w);
    pl_jw_key(w, "found");
    pl_jw_obj(w);
    pl_jw_kstr(w, "vulnerabilityID", f->rule);
    pl_jw_kstr(w, "versionConstraint",
               pl_printf(&a, "%.*s (%.*s)", PL_FMT(v->range), PL_FMT(v->scheme)));
    pl_jw_obj_end(w);
    if (v->fixed.n) {
        pl_jw_key(w, "fix");
        pl_jw_obj(w);
        pl_jw_kstr(w, "suggestedVersion", v->fixed);
        pl_jw_obj_end(w);
    }
    pl_jw_obj_end(w);
    pl_jw_arr_end(w);
    pl_arena_release(&a);
}

static void upstreams(struct pl_jsonw *w, const struct pl_vuln *v)
{
    pl_jw_key(w, "upstreams");
    pl_jw_arr(w);
    if (v->source.n) {
        pl_jw_obj(w);
        pl_jw_kstr(w, "name", v->source);
        if (v->source_version.n)
            pl_jw_kstr(w, "version", v->source_version);
        pl_jw_obj_end(w);
    }
    pl_jw_arr_end(w);
}

static void artifact(struct pl_jsonw *w, const struct pl_target *t, const struct pl_finding *f,
                     const struct pl_package *p)
{
    pl_jw_key(w, "artifact");
    pl_jw_obj(w);
    pl_anchore_head(w, t, p);
    pl_jw_kcstr(w, "language", pl_anchore_kind_of(p)->language);
    pl_jw_key(w, "licenses");
    pl_jw_arr(w);
    if (p->pkg.licence.n)
        pl_jw_str(w, p->pkg.licence);
    pl_jw_arr_end(w);
    empty_list(w, "cpes");
    pl_jw_kstr(w, "purl", p->purl);
    upstreams(w, f->vuln);
    pl_jw_obj_end(w);
}

/* The package of a finding; packages are sorted by package URL. */
static const struct pl_package *package_of(const struct pl_target *t, const struct pl_finding *f)
{
    size_t lo = 0, hi = t->n_packages;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (pl_str_cmp(t->packages[mid].purl, f->vuln->purl) < 0)
            lo = mid + 1;
        else
            hi = mid;
    }
    for (; lo < t->n_packages && pl_str_eq(t->packages[lo].purl, f->vuln->purl); lo++)
        if (t->packages[lo].span.introduced == f->span.introduced)
            return &t->packages[lo];
    return NULL;
}

static void match(struct pl_jsonw *w, const struct pl_target *t, const struct pl_finding *f,
                  const struct pl_package *os)
{
    const struct pl_vuln *v = f->vuln;
    const struct pl_package *p = package_of(t, f);
    struct pl_package stand = { .pkg = { .type = v->type,
                                         .name = v->name,
                                         .version = v->version,
                                         .source = v->source,
                                         .source_version = v->source_version },
                                .purl = v->purl,
                                .paths = { (struct pl_str *)(uintptr_t)&f->where.path, 1 },
                                .span = f->span };
    pl_jw_obj(w);
    vulnerability(w, f);
    related(w, f);
    details(w, f, p, os);
    artifact(w, t, f, p ? p : &stand);
    pl_jw_obj_end(w);
}

/* ---- the document ---- */

static void tail(struct pl_jsonw *w, const struct pl_report *r, const struct pl_target *t,
                 const struct pl_package *os)
{
    pl_jw_key(w, "source");
    pl_jw_obj(w);
    pl_jw_kcstr(w, "type", pl_anchore_form(t));
    pl_jw_key(w, "target");
    if (pl_str_is(t->kind, "image"))
        pl_anchore_target(w, t);
    else
        pl_jw_str(w, t->name);
    pl_jw_obj_end(w);
    pl_jw_key(w, "distro");
    pl_jw_obj(w);
    pl_jw_kstr(w, "name", os ? os->pkg.name : PL_S(""));
    pl_jw_kstr(w, "version", os ? os->pkg.version : PL_S(""));
    empty_list(w, "idLike");
    pl_jw_obj_end(w);
    pl_jw_key(w, "descriptor");
    pl_jw_obj(w);
    pl_jw_kstr(w, "name", r->tool_name);
    pl_jw_kstr(w, "version", r->tool_version);
    if (r->db) {
        pl_jw_key(w, "db");
        pl_jw_obj(w);
        pl_jw_kstr(w, "built", r->db->built);
        pl_jw_kstr(w, "digest", r->db->digest);
        pl_jw_obj_end(w);
    }
    pl_jw_obj_end(w);
}

static int write_grype(const struct pl_report *r, const struct pl_report_opts *o,
                       struct pl_buf *out, struct pl_err *err)
{
    struct pl_jsonw w = { .out = out, .indent = 1 };
    struct pl_target none = { .kind = PL_S("dir") };
    const struct pl_target *t = r->n_targets ? &r->targets[0] : &none;
    const struct pl_package *os = pl_anchore_os(t);
    size_t left_out = 0;
    if (r->n_targets > 1)
        return pl_fail(err, PL_E_USAGE,
                       "grype-json holds one target, not %zu; --platform names one of an image",
                       r->n_targets);
    pl_jw_obj(&w);
    pl_jw_key(&w, "matches");
    pl_jw_arr(&w);
    for (size_t i = 0; i < t->n_findings; i++) {
        if (t->findings[i].vuln)
            match(&w, t, &t->findings[i], os);
        left_out += !t->findings[i].vuln;
    }
    pl_jw_arr_end(&w);
    tail(&w, r, t, os);
    pl_jw_obj_end(&w);
    pl_buf_putc(out, '\n');
    if (left_out && o->aside)
        pl_buf_printf(o->aside,
                      "note: grype-json has no place for %zu findings that are no "
                      "vulnerability of a package\n",
                      left_out);
    return 0;
}

const struct pl_writer pl_writer_grype = { .id = "grype-json",
                                           .suffix = ".grype.json",
                                           .write = write_grype };
