/* Results of scanners in signed statements: ours, and the two that are met most. Counted by
 * severity, after the VEX statements that count. gates.md section 1. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "fmt/der.h"
#include "gate/says_int.h"
#include "model/vuln.h"

#define FINDINGS_MAX 200000u

struct reading {
    struct pl_gathering *w;
    struct pl_proof *f;
    struct pl_arena a; /* of the report below */
    struct pl_finding *list;
    size_t n, cap;
    bool bad; /* something that cannot be counted */
};

static bool severity_of(struct pl_str s, enum pl_severity *ret)
{
    static const struct {
        const char *word;
        enum pl_severity s;
    } words[] = {
        { "critical", PL_SEV_CRITICAL }, { "high", PL_SEV_HIGH },      { "medium", PL_SEV_MEDIUM },
        { "moderate", PL_SEV_MEDIUM },   { "low", PL_SEV_LOW },        { "info", PL_SEV_INFO },
        { "negligible", PL_SEV_INFO },   { "unknown", PL_SEV_MEDIUM }, { "", PL_SEV_MEDIUM },
    };
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (pl_str_ieq(s, pl_str_c(words[i].word))) {
            *ret = words[i].s; /* what nobody rated is taken as medium, as our own matching does */
            return true;
        }
    return false;
}

static void add_flaw(struct reading *r, struct pl_str id, struct pl_names aliases,
                     struct pl_str severity, struct pl_str purl, bool fixable)
{
    enum pl_severity s;
    if (!id.n || !severity_of(severity, &s) || r->n == r->cap) {
        r->bad = true;
        return;
    }
    struct pl_vuln *v = PL_NEW(&r->a, struct pl_vuln);
    v->purl = purl.p ? purl : PL_S("");
    v->fixed = fixable ? PL_S("yes") : PL_S("");
    r->list[r->n++] = (struct pl_finding){
        .kind = PL_KIND_VULNERABILITY, .rule = id, .aliases = aliases, .severity = s, .vuln = v
    };
}

static struct pl_names names_of(struct reading *r, const struct pl_json *list)
{
    struct pl_names n = { pl_alloc_n(&r->a, pl_json_len(list), sizeof *n.p), 0 };
    for (size_t i = 0; i < pl_json_len(list); i++) {
        struct pl_str s = pl_json_str(pl_json_at(list, i));
        if (s.p)
            n.p[n.n++] = s;
    }
    return n;
}

static void room(struct reading *r, size_t n)
{
    if (n > FINDINGS_MAX) {
        r->bad = true;
        n = 0;
    }
    r->list = pl_alloc_n(&r->a, n, sizeof *r->list);
    r->cap = n;
}

/* ---- ours ---- */

static bool ran(const struct pl_json *tool, const char *scanner)
{
    const struct pl_json *list = pl_json_get(tool, "scanners");
    for (size_t i = 0; i < pl_json_len(list); i++)
        if (pl_str_is(pl_json_str(pl_json_at(list, i)), scanner))
            return true;
    return false;
}

static void our_finding(struct reading *r, const struct pl_json *f)
{
    struct pl_str kind = pl_json_str(pl_json_get(f, "kind"));
    if (pl_str_is(kind, "secret")) {
        struct pl_str severity = pl_json_str(pl_json_get(f, "severity")),
                      surface = pl_json_str(pl_json_get(pl_json_get(f, "where"), "surface"));
        if (pl_str_is(severity, "low") || pl_str_is(severity, "info"))
            return; /* known test keys and documented samples */
        r->f->secrets++;
        r->f->env_secrets += pl_str_is(surface, "env");
    } else if (pl_str_is(kind, "vulnerability")) {
        const struct pl_json *adv = pl_json_get(f, "advisory");
        add_flaw(r, pl_json_str(pl_json_get(f, "rule")), names_of(r, pl_json_get(f, "aliases")),
                 pl_json_str(pl_json_get(f, "severity")),
                 pl_json_str(pl_json_get(pl_json_get(f, "package"), "purl")),
                 pl_json_str(pl_json_get(adv, "fixed")).n > 0);
    }
}

static void ours(struct reading *r, struct pl_str type, const struct pl_json *j)
{
    const struct pl_json *targets = pl_json_get(j, "targets"), *tool = pl_json_get(j, "tool");
    size_t n = 0;
    bool secret_type = pl_str_ends(type, PL_S(":secret:v1"));
    r->f->complete = pl_json_len(targets) > 0;
    for (size_t i = 0; i < pl_json_len(targets); i++)
        n += pl_json_len(pl_json_get(pl_json_at(targets, i), "findings"));
    room(r, n);
    for (size_t i = 0; i < pl_json_len(targets); i++) {
        const struct pl_json *t = pl_json_at(targets, i), *list = pl_json_get(t, "findings");
        r->f->complete &= pl_json_true(pl_json_get(t, "complete"));
        for (size_t k = 0; k < pl_json_len(list); k++)
            our_finding(r, pl_json_at(list, k));
    }
    if (pl_json_true(pl_json_get(pl_json_get(j, "summary"), "incomplete")))
        r->f->complete = false;
    const struct pl_json *db = pl_json_get(tool, "db");
    bool listed = pl_json_get(tool, "scanners") != NULL;
    r->f->has_vulns =
        db && pl_json_type(db) == PL_JSON_OBJECT && !r->bad && (!listed || ran(tool, "vuln"));
    r->f->has_secrets = listed ? ran(tool, "secret") : secret_type;
}

/* ---- others ---- */

static void trivys(struct reading *r, const struct pl_json *results)
{
    size_t n = 0;
    for (size_t i = 0; i < pl_json_len(results); i++)
        n += pl_json_len(pl_json_get(pl_json_at(results, i), "Vulnerabilities"));
    room(r, n);
    for (size_t i = 0; i < pl_json_len(results); i++) {
        const struct pl_json *list = pl_json_get(pl_json_at(results, i), "Vulnerabilities");
        for (size_t k = 0; k < pl_json_len(list); k++) {
            const struct pl_json *v = pl_json_at(list, k);
            add_flaw(r, pl_json_str(pl_json_get(v, "VulnerabilityID")), (struct pl_names){ 0 },
                     pl_json_str(pl_json_get(v, "Severity")),
                     pl_json_str(pl_json_get(pl_json_get(v, "PkgIdentifier"), "PURL")),
                     pl_json_str(pl_json_get(v, "FixedVersion")).n > 0);
        }
    }
    r->f->complete = true;
    r->f->has_vulns = !r->bad;
}

static void grypes(struct reading *r, const struct pl_json *matches)
{
    room(r, pl_json_len(matches));
    for (size_t i = 0; i < pl_json_len(matches); i++) {
        const struct pl_json *m = pl_json_at(matches, i), *v = pl_json_get(m, "vulnerability");
        add_flaw(r, pl_json_str(pl_json_get(v, "id")), (struct pl_names){ 0 },
                 pl_json_str(pl_json_get(v, "severity")),
                 pl_json_str(pl_json_get(pl_json_get(m, "artifact"), "purl")),
                 pl_str_is(pl_json_str(pl_json_get(pl_json_get(v, "fix"), "state")), "fixed"));
    }
    r->f->complete = true;
    r->f->has_vulns = !r->bad;
}

static bool is_list(const struct pl_json *j)
{
    return j && pl_json_type(j) == PL_JSON_ARRAY;
}

void pl_says_report(struct pl_gathering *w, struct pl_str type, const struct pl_json *result,
                    const struct pl_vex *vex, struct pl_proof *f)
{
    struct reading r = { .w = w, .f = f };
    if (is_list(pl_json_get(result, "targets")))
        ours(&r, type, result);
    else if (is_list(pl_json_get(result, "Results")))
        trivys(&r, pl_json_get(result, "Results"));
    else if (is_list(pl_json_get(result, "matches")))
        grypes(&r, pl_json_get(result, "matches"));
    struct pl_target t = { .digest = pl_digest_text(&r.a, &w->ref.digest),
                           .findings = r.list,
                           .n_findings = r.n };
    struct pl_report rep = { .a = &r.a, .targets = &t, .n_targets = 1 };
    pl_gather_count(w, vex, &rep, &f->vulns);
    pl_arena_release(&r.a);
}

int64_t pl_gather_db_time(const struct pl_report *r)
{
    int64_t ns;
    return r->db && pl_rfc3339_ns(r->db->built, &ns) ? ns / 1000000000 : PL_POLICY_NEVER;
}

/* ---- VEX ---- */

/* A statement counts here only when it names what it is about. */
static void drop_nameless(struct pl_vex *x)
{
    size_t kept = 0;
    for (size_t i = 0; i < x->list.n; i++)
        if (x->list.p[i].product.n)
            x->list.p[kept++] = x->list.p[i];
    x->list.n = kept;
}

void pl_gather_vex(struct pl_gathering *w, const struct pl_names *texts, struct pl_vex *ret)
{
    const struct pl_gate *g = w->g;
    const struct pl_names *files = &w->scope->vulns.vex;
    for (size_t i = 0; i < files->n; i++)
        for (size_t k = 0; k < g->n_vex; k++)
            if (pl_str_eq(files->p[i], g->vex_names[k])) {
                pl_vex_read(ret, files->p[i].p, g->vex_texts[k], NULL);
                break;
            }
    for (size_t i = 0; i < texts->n; i++) {
        struct pl_str predicate; /* as it stands in the payload, which was parsed before */
        if (pl_json_member(texts->p[i], "predicate", &predicate))
            pl_vex_read(ret, "attestation", predicate, NULL);
    }
    drop_nameless(ret);
}

void pl_gather_count(struct pl_gathering *w, const struct pl_vex *vex, struct pl_report *r,
                     struct pl_vuln_counts *ret)
{
    struct pl_vex copy = { .a = vex ? vex->a : r->a };
    (void)w;
    /* applying marks statements as used: a copy, since each report has its own go */
    for (size_t i = 0; vex && i < vex->list.n; i++)
        pl_vec_push(&copy.list, vex->list.p[i]);
    pl_vex_apply(&copy, r);
    for (size_t t = 0; t < r->n_targets; t++)
        for (size_t i = 0; i < r->targets[t].n_findings; i++) {
            const struct pl_finding *f = &r->targets[t].findings[i];
            if (f->kind != PL_KIND_VULNERABILITY)
                continue;
            ret->n[f->severity][0]++;
            ret->n[f->severity][1] += f->vuln && f->vuln->fixed.n > 0;
        }
    pl_vex_release(&copy);
}
