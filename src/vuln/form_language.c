/* Databases of languages: RustSec, Haskell, RubySec, FriendsOfPHP, Node.js, retire.js, Victims. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "vuln/read.h"

/* ---- RustSec: Markdown with TOML in front ---- */

static bool knows_rustsec(const struct pl_adv_doc *d)
{
    const struct pl_yaml *a = pl_yaml_get(d->root, "advisory");
    return !d->large && pl_doc_text(a, "id").n && pl_doc_text(a, "package").n &&
           pl_yaml_get(d->root, "versions");
}

/* The first heading behind the front matter. */
static struct pl_str heading(struct pl_str text)
{
    size_t at = pl_str_find(text, PL_S("\n# "), 0);
    if (at == SIZE_MAX)
        return PL_S("");
    struct pl_str line = pl_str_sub(text, at + 3, SIZE_MAX);
    return pl_str_trim(pl_str_sub(line, 0, pl_str_find(line, PL_S("\n"), 0)));
}

static int read_rustsec(struct pl_adv_reader *r, const struct pl_adv_doc *d, struct pl_err *err)
{
    const struct pl_yaml *a = pl_yaml_get(d->root, "advisory");
    const struct pl_yaml *versions = pl_yaml_get(d->root, "versions");
    const struct pl_yaml *functions = pl_yaml_get(pl_yaml_get(d->root, "affected"), "functions");
    struct pl_str what = pl_doc_text(a, "informational");
    struct pl_adv v = { .id = pl_doc_text(a, "id"),
                        .aliases = pl_doc_names(r->a, pl_yaml_get(a, "aliases")),
                        .published = pl_doc_text(a, "date"),
                        .withdrawn = pl_doc_text(a, "withdrawn").n > 0,
                        .severity = what.n ? (int)PL_SEV_LOW : -1,
                        .title = heading(d->text),
                        .url = pl_doc_text(a, "url") };
    if (pl_str_is(what, "unmaintained") || pl_str_is(what, "notice"))
        v.severity = PL_SEV_INFO;
    pl_doc_add(r->a, &v.cvss, pl_doc_text(a, "cvss"));
    struct pl_adv_rows rows = { .a = r->a };
    struct pl_adv_row *row = pl_adv_rows_new(&rows, PL_S("crates.io"), pl_doc_text(a, "package"));
    static const char *const lists[] = { "patched", "unaffected" };
    for (size_t l = 0; l < 2; l++) {
        struct pl_names n = pl_doc_names(r->a, pl_yaml_get(versions, lists[l]));
        for (size_t i = 0; i < n.n; i++)
            pl_adv_own_range(r, d, row, PL_ADV_OUT, n.p[i]);
    }
    for (size_t i = 0; pl_doc_is_map(functions) && i < functions->n; i++)
        pl_doc_add(r->a, &row->symbols, functions->item[2 * i]->text);
    if (!row->n_events)
        pl_adv_event_add(r->a, row, PL_ADV_INTRODUCED, PL_S("0"));
    else
        row->state = PL_FIX_FIXED;
    return pl_adv_send(r, &v, &rows, err);
}

const struct pl_adv_form pl_adv_form_rustsec = { "rustsec", knows_rustsec, read_rustsec,
                                                 "CC0-1.0" };

/* ---- Haskell ---- */

static bool knows_haskell(const struct pl_adv_doc *d)
{
    return !d->large &&
           pl_str_starts(pl_doc_text(pl_yaml_get(d->root, "advisory"), "id"), PL_S("HSEC-")) &&
           pl_doc_is_list(pl_yaml_get(d->root, "affected"));
}

static int read_haskell(struct pl_adv_reader *r, const struct pl_adv_doc *d, struct pl_err *err)
{
    const struct pl_yaml *a = pl_yaml_get(d->root, "advisory");
    const struct pl_yaml *affected = pl_yaml_get(d->root, "affected");
    const struct pl_yaml *refs = pl_yaml_get(d->root, "references");
    struct pl_adv v = { .id = pl_doc_text(a, "id"),
                        .aliases = pl_doc_names(r->a, pl_yaml_get(a, "aliases")),
                        .severity = -1,
                        .title = heading(d->text),
                        .url = pl_doc_text(pl_doc_at(refs, 0), "url") };
    struct pl_adv_rows rows = { .a = r->a };
    for (size_t i = 0; i < affected->n; i++) {
        const struct pl_yaml *x = affected->item[i], *list = pl_yaml_get(x, "versions");
        struct pl_str ghc = pl_doc_text(x, "ghc-component"), name = pl_doc_text(x, "package");
        struct pl_adv_row *row =
            pl_adv_rows_new(&rows, ghc.n ? PL_S("GHC") : PL_S("Hackage"), ghc.n ? ghc : name);
        pl_doc_add(r->a, &v.cvss, pl_doc_text(x, "cvss"));
        for (size_t k = 0; pl_doc_is_list(list) && k < list->n; k++) {
            struct pl_str fixed = pl_doc_text(list->item[k], "fixed");
            if (k)
                pl_adv_event_add(r->a, row, PL_ADV_RANGE_ENDS, PL_S(""));
            pl_adv_event_add(r->a, row, PL_ADV_INTRODUCED,
                             pl_doc_text(list->item[k], "introduced"));
            if (fixed.n)
                pl_adv_event_add(r->a, row, PL_ADV_FIXED, fixed);
        }
    }
    return pl_adv_send(r, &v, &rows, err);
}

const struct pl_adv_form pl_adv_form_haskell = { "haskell", knows_haskell, read_haskell, NULL };

/* ---- RubySec ---- */

static bool knows_rubysec(const struct pl_adv_doc *d)
{
    const struct pl_yaml *y = d->root;
    return !d->large && (pl_doc_text(y, "gem").n || pl_doc_text(y, "engine").n) &&
           (pl_yaml_get(y, "patched_versions") || pl_yaml_get(y, "unaffected_versions") ||
            pl_yaml_get(y, "title"));
}

static void prefixed(struct pl_arena *a, struct pl_names *ids, const char *prefix, struct pl_str id)
{
    if (id.n)
        pl_doc_add(a, ids, pl_printf(a, "%s%.*s", prefix, PL_FMT(id)));
}

/* The file's own name, for records without an id. */
static struct pl_str name_id(struct pl_str path)
{
    for (size_t i = path.n; i-- > 0;)
        if (path.p[i] == '/') {
            path = pl_str_sub(path, i + 1, SIZE_MAX);
            break;
        }
    size_t dot = pl_str_find(path, PL_S("."), 0);
    return pl_str_sub(path, 0, dot);
}

static int read_rubysec(struct pl_adv_reader *r, const struct pl_adv_doc *d, struct pl_err *err)
{
    const struct pl_yaml *y = d->root;
    struct pl_str gem = pl_doc_text(y, "gem");
    struct pl_adv v = { .severity = -1,
                        .published = pl_doc_text(y, "date"),
                        .title = pl_doc_text(y, "title"),
                        .url = pl_doc_text(y, "url") };
    struct pl_names ids = { NULL, 0 };
    prefixed(r->a, &ids, "CVE-", pl_doc_text(y, "cve"));
    prefixed(r->a, &ids, "GHSA-", pl_doc_text(y, "ghsa"));
    prefixed(r->a, &ids, "OSVDB-", pl_doc_text(y, "osvdb"));
    v.id = ids.n ? ids.p[0] : name_id(d->name);
    v.aliases = ids;
    pl_doc_add(r->a, &v.cvss, pl_doc_text(y, "cvss_v4"));
    pl_doc_add(r->a, &v.cvss, pl_doc_text(y, "cvss_v3"));
    struct pl_adv_rows rows = { .a = r->a };
    struct pl_adv_row *row = pl_adv_rows_new(&rows, gem.n ? PL_S("RubyGems") : PL_S("Generic"),
                                             gem.n ? gem : pl_doc_text(y, "engine"));
    static const char *const lists[] = { "patched_versions", "unaffected_versions" };
    for (size_t l = 0; l < 2; l++) {
        struct pl_names n = pl_doc_names(r->a, pl_yaml_get(y, lists[l]));
        for (size_t i = 0; i < n.n; i++)
            pl_adv_own_range(r, d, row, PL_ADV_OUT, n.p[i]);
    }
    if (!row->n_events)
        pl_adv_event_add(r->a, row, PL_ADV_INTRODUCED, PL_S("0"));
    else
        row->state = PL_FIX_FIXED;
    return pl_adv_send(r, &v, &rows, err);
}

const struct pl_adv_form pl_adv_form_rubysec = { "rubysec", knows_rubysec, read_rubysec, NULL };

/* ---- FriendsOfPHP ---- */

static bool knows_friendsofphp(const struct pl_adv_doc *d)
{
    return !d->large && pl_doc_is_map(pl_yaml_get(d->root, "branches")) &&
           pl_str_starts(pl_doc_text(d->root, "reference"), PL_S("composer://"));
}

static int read_friendsofphp(struct pl_adv_reader *r, const struct pl_adv_doc *d,
                             struct pl_err *err)
{
    const struct pl_yaml *y = d->root, *branches = pl_yaml_get(y, "branches");
    struct pl_str name = pl_str_sub(pl_doc_text(y, "reference"), 11, SIZE_MAX);
    struct pl_str cve = pl_doc_text(y, "cve");
    struct pl_adv v = { .severity = -1,
                        .title = pl_doc_text(y, "title"),
                        .url = pl_doc_text(y, "link") };
    v.id = pl_is_cve(cve)
               ? cve
               : pl_printf(r->a, "FOP-%.*s-%.*s", PL_FMT(name), PL_FMT(name_id(d->name)));
    struct pl_adv_rows rows = { .a = r->a };
    struct pl_adv_row *row = pl_adv_rows_new(&rows, PL_S("Packagist"), name);
    for (size_t i = 0; i < branches->n; i++) {
        struct pl_names n = pl_doc_names(r->a, pl_yaml_get(branches->item[2 * i + 1], "versions"));
        struct pl_str all = PL_S("");
        for (size_t k = 0; k < n.n; k++)
            all = k ? pl_printf(r->a, "%.*s,%.*s", PL_FMT(all), PL_FMT(n.p[k])) : n.p[k];
        pl_adv_own_range(r, d, row, PL_ADV_IN, all);
        if (pl_str_find(all, PL_S("<"), 0) != SIZE_MAX)
            row->state = PL_FIX_FIXED;
    }
    return pl_adv_send(r, &v, &rows, err);
}

const struct pl_adv_form pl_adv_form_friendsofphp = { "friendsofphp", knows_friendsofphp,
                                                      read_friendsofphp, "Unlicense" };

/* ---- Node.js: packages, and the program itself ---- */

static bool knows_node(const struct pl_adv_doc *d)
{
    return !d->large && pl_doc_text(d->root, "module_name").n &&
           pl_yaml_get(d->root, "vulnerable_versions");
}

static int read_node(struct pl_adv_reader *r, const struct pl_adv_doc *d, struct pl_err *err)
{
    const struct pl_yaml *y = d->root;
    struct pl_names cves = pl_doc_names(r->a, pl_yaml_get(y, "cves"));
    struct pl_adv v = { .severity = -1,
                        .id = pl_printf(r->a, "NSWG-ECO-%.*s", PL_FMT(pl_doc_text(y, "id"))),
                        .aliases = cves,
                        .published = pl_doc_text(y, "publish_date"),
                        .title = pl_doc_text(y, "title") };
    pl_doc_add(r->a, &v.cvss, pl_doc_text(y, "cvss_vector"));
    struct pl_adv_rows rows = { .a = r->a };
    struct pl_adv_row *row = pl_adv_rows_new(&rows, PL_S("npm"), pl_doc_text(y, "module_name"));
    pl_adv_own_range(r, d, row, PL_ADV_IN, pl_doc_text(y, "vulnerable_versions"));
    struct pl_str patched = pl_doc_text(y, "patched_versions");
    if (row->n_events && patched.n && !pl_str_starts(patched, PL_S("<0.0.0"))) {
        pl_adv_own_range(r, d, row, PL_ADV_OUT, patched);
        row->state = PL_FIX_FIXED;
    }
    return pl_adv_send(r, &v, &rows, err);
}

const struct pl_adv_form pl_adv_form_node = { "node", knows_node, read_node, "MIT" };

static bool knows_node_core(const struct pl_adv_doc *d)
{
    return !d->large && pl_yaml_get(d->root, "vulnerable") && pl_yaml_get(d->root, "cve") &&
           pl_yaml_get(d->root, "overview");
}

static int one_core(struct pl_adv_reader *r, const struct pl_adv_doc *d, const struct pl_yaml *y,
                    struct pl_str id, struct pl_err *err)
{
    struct pl_names cves = pl_doc_names(r->a, pl_yaml_get(y, "cve"));
    struct pl_adv v = { .severity = pl_adv_severity(pl_doc_text(y, "severity")),
                        .id = pl_printf(r->a, "NSWG-CORE-%.*s", PL_FMT(id)),
                        .covers = cves,
                        .title = pl_doc_text(y, "description"),
                        .url = pl_doc_text(y, "ref") };
    struct pl_adv_rows rows = { .a = r->a };
    struct pl_adv_row *row = pl_adv_rows_new(&rows, PL_S("Generic"), PL_S("node"));
    pl_adv_own_range(r, d, row, PL_ADV_IN, pl_doc_text(y, "vulnerable"));
    if (row->n_events) {
        pl_adv_own_range(r, d, row, PL_ADV_OUT, pl_doc_text(y, "patched"));
        row->state = PL_FIX_FIXED;
    }
    return pl_adv_send(r, &v, &rows, err);
}

static int read_node_core(struct pl_adv_reader *r, const struct pl_adv_doc *d, struct pl_err *err)
{
    return one_core(r, d, d->root, name_id(d->name), err);
}

const struct pl_adv_form pl_adv_form_node_core = { "node-core", knows_node_core, read_node_core,
                                                   "MIT" };

/* ---- retire.js: library, then flaws; the newer files only add to the older ---- */

static bool knows_retirejs(const struct pl_adv_doc *d)
{
    const struct pl_yaml *first = pl_doc_is_map(d->root) && d->root->n ? d->root->item[1] : NULL;
    return !d->large && pl_yaml_get(first, "vulnerabilities") && pl_yaml_get(first, "extractors");
}

static int retire_flaw(struct pl_adv_reader *r, struct pl_str name, const struct pl_yaml *y,
                       size_t number, struct pl_err *err)
{
    const struct pl_yaml *ids = pl_yaml_get(y, "identifiers");
    struct pl_str from = pl_doc_text(y, "atOrAbove"), to = pl_doc_text(y, "below");
    struct pl_adv v = { .severity = pl_adv_severity(pl_doc_text(y, "severity")),
                        .title = pl_doc_text(ids, "summary"),
                        .aliases = pl_doc_names(r->a, pl_yaml_get(ids, "CVE")),
                        .cwe = pl_doc_names(r->a, pl_yaml_get(y, "cwe")),
                        .url = pl_doc_scalar(pl_doc_at(pl_yaml_get(y, "info"), 0)) };
    struct pl_str ghsa = pl_doc_text(ids, "githubID");
    if (ghsa.n)
        pl_doc_add(r->a, &v.aliases, ghsa);
    v.id = v.aliases.n && (pl_is_cve(v.aliases.p[0]) || ghsa.n)
               ? v.aliases.p[0]
               : pl_printf(r->a, "RETIRE-%.*s-%zu", PL_FMT(name), number);
    struct pl_adv_rows rows = { .a = r->a };
    struct pl_adv_row *row = pl_adv_rows_new(&rows, PL_S("npm"), name);
    pl_adv_event_add(r->a, row, PL_ADV_INTRODUCED, from.n ? from : PL_S("0"));
    if (to.n)
        pl_adv_event_add(r->a, row, PL_ADV_FIXED, to);
    return pl_adv_send(r, &v, &rows, err);
}

static int read_retirejs(struct pl_adv_reader *r, const struct pl_adv_doc *d, struct pl_err *err)
{
    int k = 0;
    for (size_t i = 0; i < d->root->n; i++) {
        const struct pl_yaml *lib = d->root->item[2 * i + 1];
        const struct pl_yaml *list = pl_yaml_get(lib, "vulnerabilities");
        struct pl_str name = pl_doc_text(lib, "npmname");
        for (size_t n = 0; name.n && pl_doc_is_list(list) && n < list->n && k == 0; n++)
            k = retire_flaw(r, name, list->item[n], n, err);
    }
    return k;
}

const struct pl_adv_form pl_adv_form_retirejs = { "retirejs", knows_retirejs, read_retirejs,
                                                  "Apache-2.0" };

/* ---- Victims: Java ---- */

static bool knows_victims(const struct pl_adv_doc *d)
{
    const struct pl_yaml *first = pl_doc_at(pl_yaml_get(d->root, "affected"), 0);
    return !d->large && pl_doc_text(d->root, "cve").n && pl_doc_text(first, "artifactId").n;
}

/* "<=1.9.3": up to; "<=2.3.1,2.3": up to it in that series. */
static void victims_range(struct pl_adv_reader *r, const struct pl_adv_doc *d,
                          struct pl_adv_row *row, struct pl_str text)
{
    struct pl_str rest = text, first;
    pl_str_split(&rest, ',', &first);
    rest = pl_str_trim(rest);
    bool series = rest.n && *rest.p >= '0' && *rest.p <= '9';
    pl_adv_own_range(r, d, row, PL_ADV_IN,
                     series ? pl_printf(r->a, "%.*s, >=%.*s", PL_FMT(first), PL_FMT(rest)) : text);
}

static int read_victims(struct pl_adv_reader *r, const struct pl_adv_doc *d, struct pl_err *err)
{
    const struct pl_yaml *affected = pl_yaml_get(d->root, "affected");
    struct pl_adv v = { .severity = -1,
                        .id = pl_printf(r->a, "CVE-%.*s", PL_FMT(pl_doc_text(d->root, "cve"))),
                        .title = pl_doc_text(d->root, "title") };
    struct pl_adv_rows rows = { .a = r->a };
    pl_doc_add(r->a, &v.cvss, pl_doc_text(d->root, "cvss_v2"));
    for (size_t i = 0; i < affected->n; i++) {
        const struct pl_yaml *x = affected->item[i];
        struct pl_names n = pl_doc_names(r->a, pl_yaml_get(x, "version"));
        struct pl_adv_row *row =
            pl_adv_rows_new(&rows, PL_S("Maven"),
                            pl_printf(r->a, "%.*s:%.*s", PL_FMT(pl_doc_text(x, "groupId")),
                                      PL_FMT(pl_doc_text(x, "artifactId"))));
        for (size_t k = 0; k < n.n; k++)
            victims_range(r, d, row, n.p[k]);
    }
    return pl_adv_send(r, &v, &rows, err);
}

const struct pl_adv_form pl_adv_form_victims = { "victims", knows_victims, read_victims,
                                                 "CC-BY-SA-4.0" };
