/* OSV records, in JSON or YAML: ossf.github.io/osv-schema, version 1.7. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "vuln/read.h"

static bool knows(const struct pl_adv_doc *d)
{
    const struct pl_yaml *y = d->root;
    if (d->large || !pl_doc_text(y, "id").n)
        return false;
    return pl_yaml_get(y, "affected") || pl_yaml_get(y, "withdrawn") ||
           pl_yaml_get(y, "schema_version") ||
           (pl_yaml_get(y, "modified") && pl_yaml_get(y, "details"));
}

/* Records about an update, which may mend several flaws. */
static bool is_erratum(struct pl_str id)
{
    static const char *const prefixes[] = {
        "ALSA-", "ALBA-", "ALEA-", "RLSA-",   "RXSA-",     "RLBA-",         "RHSA-", "RHBA-",
        "RHEA-", "ELSA-", "ELBA-", "SUSE-",   "DSA-",      "DLA-",          "DTSA-", "USN-",
        "LSN-",  "ALAS",  "PHSA-", "FEDORA-", "openSUSE-", "openEuler-SA-", "OESA-", "MGASA-"
    };
    for (size_t i = 0; i < sizeof prefixes / sizeof *prefixes; i++)
        if (pl_str_starts(id, pl_str_c(prefixes[i])))
            return true;
    return false;
}

/* Updates that mend bugs or bring features: no advisory unless they name a flaw. */
static bool is_no_security(struct pl_str id)
{
    return pl_str_starts(id, PL_S("ALBA-")) || pl_str_starts(id, PL_S("ALEA-")) ||
           pl_str_starts(id, PL_S("RHBA-")) || pl_str_starts(id, PL_S("RHEA-")) ||
           pl_str_starts(id, PL_S("RLBA-")) || pl_str_starts(id, PL_S("ELBA-"));
}

static void add_all(struct pl_arena *a, struct pl_names *to, const struct pl_yaml *list,
                    bool only_cves)
{
    struct pl_names n = pl_doc_names(a, list);
    for (size_t i = 0; i < n.n; i++)
        if (!only_cves || pl_is_cve(n.p[i]))
            pl_doc_add(a, to, n.p[i]);
}

static void names_of(struct pl_adv_reader *r, const struct pl_yaml *y, struct pl_adv *v)
{
    bool erratum = is_erratum(v->id);
    if (!erratum) {
        add_all(r->a, &v->aliases, pl_yaml_get(y, "aliases"), false);
        add_all(r->a, &v->aliases, pl_yaml_get(y, "upstream"), false);
        return;
    }
    add_all(r->a, &v->covers, pl_yaml_get(y, "aliases"), true);
    add_all(r->a, &v->covers, pl_yaml_get(y, "upstream"), true);
    add_all(r->a, &v->covers, pl_yaml_get(y, "related"), true);
}

/* CVSS vectors of a `severity` list; a word of the source's own goes to *ret_word. */
static void ratings(struct pl_adv_reader *r, const struct pl_yaml *list, struct pl_names *ret,
                    int *ret_word)
{
    for (size_t i = 0; i < (list && list->kind == PL_YAML_LIST ? list->n : 0); i++) {
        struct pl_str type = pl_doc_text(list->item[i], "type");
        struct pl_str score = pl_doc_text(list->item[i], "score");
        if (pl_str_starts(type, PL_S("CVSS")))
            pl_doc_add(r->a, ret, score);
        else if (*ret_word < 0)
            *ret_word = pl_adv_severity(score);
    }
}

static int word_of(const struct pl_yaml *y)
{
    static const char *const keys[] = { "severity", "ubuntu_priority", "urgency", "cvss_severity" };
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        int s = pl_adv_severity(pl_doc_text(y, keys[i]));
        if (s >= 0)
            return s;
    }
    return -1;
}

/* "Important: thunderbird security update". */
static int title_word(struct pl_str title)
{
    struct pl_str word;
    return pl_str_split(&title, ':', &word) && title.p ? pl_adv_severity(word) : -1;
}

static enum pl_adv_event_kind kind_of(struct pl_str key, bool *known)
{
    static const char *const names[] = { "introduced", "fixed", "last_affected", "limit" };
    for (unsigned i = 0; i < 4; i++)
        if (pl_str_is(key, names[i])) {
            *known = true;
            return (enum pl_adv_event_kind)i;
        }
    *known = false;
    return PL_ADV_INTRODUCED;
}

static void range_of(struct pl_adv_reader *r, const struct pl_yaml *range, struct pl_adv_row *row)
{
    const struct pl_yaml *events = pl_yaml_get(range, "events");
    if (pl_str_is(pl_doc_text(range, "type"), "GIT") || !pl_doc_is_list(events))
        return;
    if (row->n_events)
        pl_adv_event_add(r->a, row, PL_ADV_RANGE_ENDS, PL_S(""));
    for (size_t i = 0; i < events->n; i++) {
        const struct pl_yaml *e = events->item[i];
        for (size_t k = 0; e->kind == PL_YAML_MAP && k < e->n; k++) {
            bool known;
            enum pl_adv_event_kind kind = kind_of(e->item[2 * k]->text, &known);
            struct pl_str version = pl_doc_scalar(e->item[2 * k + 1]);
            if (known && version.n)
                pl_adv_event_add(r->a, row, kind, version);
        }
    }
}

static void symbols_of(struct pl_adv_reader *r, const struct pl_yaml *affected,
                       struct pl_adv_row *row)
{
    const struct pl_yaml *own = pl_yaml_get(affected, "ecosystem_specific");
    const struct pl_yaml *imports = pl_yaml_get(own, "imports");
    for (size_t i = 0; imports && imports->kind == PL_YAML_LIST && i < imports->n; i++) {
        struct pl_str path = pl_doc_text(imports->item[i], "path");
        struct pl_names n = pl_doc_names(r->a, pl_yaml_get(imports->item[i], "symbols"));
        for (size_t k = 0; k < n.n; k++)
            pl_doc_add(r->a, &row->symbols,
                       pl_printf(r->a, "%.*s.%.*s", PL_FMT(path), PL_FMT(n.p[k])));
    }
    const struct pl_yaml *affects = pl_yaml_get(own, "affects");
    add_all(r->a, &row->symbols, pl_yaml_get(affects, "functions"), false);
}

/* Red Hat, Rocky: "enterprise_linux:8::appstream" in the ecosystem, the module in the version. */
static void one_affected(struct pl_adv_reader *r, const struct pl_yaml *y, struct pl_adv_rows *rows,
                         struct pl_adv *v)
{
    const struct pl_yaml *package = pl_yaml_get(y, "package");
    const struct pl_yaml *ranges = pl_yaml_get(y, "ranges");
    struct pl_str eco = pl_doc_text(package, "ecosystem"), name = pl_doc_text(package, "name");
    if (!eco.n || !name.n)
        return;
    struct pl_adv_row *row = pl_adv_rows_new(rows, eco, name);
    for (size_t i = 0; ranges && ranges->kind == PL_YAML_LIST && i < ranges->n; i++)
        range_of(r, ranges->item[i], row);
    row->versions = pl_doc_names(r->a, pl_yaml_get(y, "versions"));
    ratings(r, pl_yaml_get(y, "severity"), &v->cvss, &row->severity);
    const struct pl_yaml *own = pl_yaml_get(y, "ecosystem_specific");
    if (row->severity < 0)
        row->severity = word_of(own);
    if (row->severity < 0)
        row->severity = word_of(pl_yaml_get(y, "database_specific"));
    if (pl_str_is(pl_doc_text(own, "urgency"), "unimportant"))
        row->flags |= PL_ADV_UNIMPORTANT;
    symbols_of(r, y, row);
    if (!row->n_events && !row->versions.n)
        rows->v.n--; /* nothing that a version could be compared with */
}

static void cwes(struct pl_adv_reader *r, const struct pl_yaml *own, struct pl_adv *v)
{
    add_all(r->a, &v->cwe, pl_yaml_get(own, "cwe_ids"), false);
    const struct pl_yaml *cwe = pl_yaml_get(own, "cwes");
    for (size_t i = 0; cwe && cwe->kind == PL_YAML_LIST && i < cwe->n; i++)
        pl_doc_add(r->a, &v->cwe, pl_doc_text(cwe->item[i], "cweId"));
}

static int read_osv(struct pl_adv_reader *r, const struct pl_adv_doc *d, struct pl_err *err)
{
    const struct pl_yaml *y = d->root, *affected = pl_yaml_get(y, "affected");
    const struct pl_yaml *own = pl_yaml_get(y, "database_specific");
    const struct pl_yaml *refs = pl_yaml_get(y, "references");
    struct pl_adv v = { .id = pl_doc_text(y, "id"),
                        .published = pl_doc_text(y, "published"),
                        .modified = pl_doc_text(y, "modified"),
                        .withdrawn = pl_doc_text(y, "withdrawn").n > 0,
                        .severity = word_of(own),
                        .title = pl_doc_text(y, "summary") };
    v.malware = pl_str_starts(v.id, PL_S("MAL-"));
    names_of(r, y, &v);
    if (is_no_security(v.id) && !v.covers.n)
        return 0;
    ratings(r, pl_yaml_get(y, "severity"), &v.cvss, &v.severity);
    if (v.severity < 0)
        v.severity = title_word(v.title);
    v.url = pl_doc_text(pl_doc_at(refs, 0), "url");
    cwes(r, own, &v);
    struct pl_adv_rows rows = { .a = r->a };
    for (size_t i = 0; affected && affected->kind == PL_YAML_LIST && i < affected->n; i++)
        one_affected(r, affected->item[i], &rows, &v);
    return pl_adv_send(r, &v, &rows, err);
}

const struct pl_adv_form pl_adv_form_osv = { "osv", knows, read_osv, NULL };
