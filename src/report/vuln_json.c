/* A vulnerability as JSON. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "report/vuln_json.h"

#include <stdio.h>

static void kstr_or_null(struct pl_jsonw *w, const char *key, struct pl_str s)
{
    pl_jw_key(w, key);
    pl_jw_str_or_null(w, s);
}

static void put_package(struct pl_jsonw *w, const struct pl_vuln *v)
{
    pl_jw_key(w, "package");
    pl_jw_obj(w);
    pl_jw_kstr(w, "purl", v->purl);
    pl_jw_kstr(w, "name", v->name);
    pl_jw_kstr(w, "version", v->version);
    kstr_or_null(w, "source", v->source);
    kstr_or_null(w, "source_version", v->source_version);
    pl_jw_kstr(w, "type", v->type);
    if (v->owned_by.n)
        pl_jw_kstr(w, "owned_by", v->owned_by);
    if (v->from)
        pl_jw_kcstr(w, "from", v->from);
    pl_jw_obj_end(w);
}

/* A share of one with five digits: the text is the same everywhere. */
static void put_share(struct pl_jsonw *w, const char *key, double x)
{
    char text[16];
    snprintf(text, sizeof text, "%.5f", x);
    pl_jw_kcstr(w, key, text);
}

static void put_advisory(struct pl_jsonw *w, const struct pl_vuln *v)
{
    pl_jw_key(w, "advisory");
    pl_jw_obj(w);
    pl_jw_kstr(w, "source", v->adv_source);
    kstr_or_null(w, "commit", v->adv_commit);
    kstr_or_null(w, "id", v->adv_id);
    kstr_or_null(w, "published", v->published);
    pl_jw_kcstr(w, "state", pl_fix_state_name(v->state));
    kstr_or_null(w, "fixed", v->fixed);
    kstr_or_null(w, "severity_source", v->severity_source);
    pl_jw_kstrs(w, "cvss", v->cvss.p, v->cvss.n);
    pl_jw_key(w, "kev");
    if (v->kev_added.n) {
        pl_jw_obj(w);
        pl_jw_kstr(w, "added", v->kev_added);
        kstr_or_null(w, "due", v->kev_due);
        pl_jw_kbool(w, "ransomware", v->ransomware);
        pl_jw_obj_end(w);
    } else {
        pl_jw_null(w);
    }
    pl_jw_key(w, "epss");
    if (v->has_epss) {
        pl_jw_obj(w);
        put_share(w, "score", v->epss);
        put_share(w, "percentile", v->percentile);
        kstr_or_null(w, "date", v->epss_date);
        pl_jw_obj_end(w);
    } else {
        pl_jw_null(w);
    }
    pl_jw_kstrs(w, "cwe", v->cwe.p, v->cwe.n);
    pl_jw_kstrs(w, "symbols", v->symbols.p, v->symbols.n);
    kstr_or_null(w, "url", v->url);
    if (v->eol.n)
        pl_jw_kstr(w, "end_of_life", v->eol);
    if (v->vex.n)
        pl_jw_kstr(w, "vex", v->vex);
    pl_jw_obj_end(w);
}

void pl_vuln_put(struct pl_jsonw *w, const struct pl_vuln *v)
{
    put_package(w, v);
    put_advisory(w, v);
    pl_jw_key(w, "match");
    pl_jw_obj(w);
    pl_jw_kstr(w, "ecosystem", v->eco);
    pl_jw_kstr(w, "name", v->key);
    pl_jw_kstr(w, "scheme", v->scheme);
    pl_jw_kstr(w, "range", v->range);
    pl_jw_kstr(w, "because", v->because);
    pl_jw_obj_end(w);
    if (!v->collapsed.n)
        return;
    pl_jw_key(w, "collapsed");
    pl_jw_obj(w);
    pl_jw_ku64(w, "count", v->collapsed.n);
    pl_jw_kstrs(w, "ids", v->collapsed.p, v->collapsed.n);
    pl_jw_kstr(w, "reason", v->collapsed_why);
    pl_jw_obj_end(w);
}

static struct pl_str get(struct pl_arena *a, const struct pl_json *j, const char *key)
{
    struct pl_str s = pl_json_str(pl_json_get(j, key));
    return s.n ? pl_dup(a, s) : PL_S("");
}

static struct pl_names get_list(struct pl_arena *a, const struct pl_json *j, const char *key)
{
    const struct pl_json *list = pl_json_get(j, key);
    struct pl_names n = { pl_alloc_n(a, pl_json_len(list) + 1, sizeof *n.p), 0 };
    for (size_t i = 0; i < pl_json_len(list); i++) {
        struct pl_str s = pl_json_str(pl_json_at(list, i));
        if (s.n)
            n.p[n.n++] = pl_dup(a, s);
    }
    return n;
}

/* "0.00917". */
static double get_share(const struct pl_json *j, const char *key)
{
    struct pl_str s = pl_json_str(pl_json_get(j, key)), head = { "", 0 };
    uint64_t whole = 0, part = 0;
    double scale = 1;
    pl_str_split(&s, '.', &head);
    pl_str_u64(head, &whole);
    if (s.n && s.n < 10 && pl_str_u64(s, &part))
        for (size_t i = 0; i < s.n; i++)
            scale *= 10;
    return (double)whole + (double)part / scale;
}

static void get_advisory(struct pl_arena *a, const struct pl_json *j, struct pl_vuln *v)
{
    const struct pl_json *kev = pl_json_get(j, "kev"), *epss = pl_json_get(j, "epss");
    v->adv_source = get(a, j, "source");
    v->adv_commit = get(a, j, "commit");
    v->adv_id = get(a, j, "id");
    v->published = get(a, j, "published");
    pl_fix_state_parse(get(a, j, "state"), &v->state);
    v->fixed = get(a, j, "fixed");
    v->severity_source = get(a, j, "severity_source");
    v->cvss = get_list(a, j, "cvss");
    v->kev_added = get(a, kev, "added");
    v->kev_due = get(a, kev, "due");
    v->ransomware = pl_json_true(pl_json_get(kev, "ransomware"));
    v->has_epss = pl_json_len(epss) > 0;
    v->epss = get_share(epss, "score");
    v->percentile = get_share(epss, "percentile");
    v->epss_date = get(a, epss, "date");
    v->cwe = get_list(a, j, "cwe");
    v->symbols = get_list(a, j, "symbols");
    v->url = get(a, j, "url");
    v->eol = get(a, j, "end_of_life");
    v->vex = get(a, j, "vex");
}

struct pl_vuln *pl_vuln_get(struct pl_arena *a, const struct pl_json *finding)
{
    const struct pl_json *p = pl_json_get(finding, "package"), *m = pl_json_get(finding, "match");
    const struct pl_json *c = pl_json_get(finding, "collapsed");
    if (!pl_json_len(p))
        return NULL;
    struct pl_vuln *v = PL_NEW(a, struct pl_vuln);
    v->purl = get(a, p, "purl");
    v->name = get(a, p, "name");
    v->version = get(a, p, "version");
    v->source = get(a, p, "source");
    v->source_version = get(a, p, "source_version");
    v->type = get(a, p, "type");
    v->owned_by = get(a, p, "owned_by");
    struct pl_str from = get(a, p, "from");
    v->from = pl_str_is(from, "base") ? "base" : pl_str_is(from, "app") ? "app" : NULL;
    get_advisory(a, pl_json_get(finding, "advisory"), v);
    v->eco = get(a, m, "ecosystem");
    v->key = get(a, m, "name");
    v->scheme = get(a, m, "scheme");
    v->range = get(a, m, "range");
    v->because = get(a, m, "because");
    v->collapsed = get_list(a, c, "ids");
    v->collapsed_why = get(a, c, "reason");
    return v;
}

void pl_db_info_put(struct pl_jsonw *w, const struct pl_db_info *db)
{
    if (!db) {
        pl_jw_null(w);
        return;
    }
    pl_jw_obj(w);
    pl_jw_kstr(w, "built", db->built);
    pl_jw_kstr(w, "digest", db->digest);
    pl_jw_key(w, "sources");
    pl_jw_arr(w);
    for (size_t i = 0; i < db->n_sources; i++) {
        const struct pl_db_source *s = &db->source[i];
        pl_jw_obj(w);
        pl_jw_kstr(w, "name", s->name);
        kstr_or_null(w, "commit", s->commit);
        kstr_or_null(w, "digest", s->digest);
        pl_jw_obj_end(w);
    }
    pl_jw_arr_end(w);
    pl_jw_obj_end(w);
}

const struct pl_db_info *pl_db_info_get(struct pl_arena *a, const struct pl_json *j)
{
    const struct pl_json *list = pl_json_get(j, "sources");
    if (!pl_json_len(j))
        return NULL;
    struct pl_db_info *d = PL_NEW(a, struct pl_db_info);
    d->built = get(a, j, "built");
    d->digest = get(a, j, "digest");
    d->source = pl_alloc_n(a, pl_json_len(list) + 1, sizeof *d->source);
    for (; d->n_sources < pl_json_len(list); d->n_sources++) {
        const struct pl_json *s = pl_json_at(list, d->n_sources);
        d->source[d->n_sources] = (struct pl_db_source){ .name = get(a, s, "name"),
                                                         .commit = get(a, s, "commit"),
                                                         .digest = get(a, s, "digest") };
    }
    return d;
}
