/* What is known beside advisories: KEV, EPSS, ends of support, CPE ranges of programs. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "vuln/read.h"

/* ---- known exploited vulnerabilities ---- */

static bool knows_kev(const struct pl_adv_doc *d)
{
    const struct pl_yaml *first = pl_doc_at(pl_yaml_get(d->root, "vulnerabilities"), 0);
    return !d->large && pl_yaml_get(first, "cveID") && pl_yaml_get(first, "dateAdded");
}

static int read_kev(struct pl_adv_reader *r, const struct pl_adv_doc *d, struct pl_err *err)
{
    const struct pl_yaml *list = pl_yaml_get(d->root, "vulnerabilities");
    (void)err;
    for (size_t i = 0; i < list->n; i++) {
        const struct pl_yaml *y = list->item[i];
        struct pl_adv_kev k = { pl_doc_text(y, "cveID"), pl_doc_text(y, "dateAdded"),
                                pl_doc_text(y, "dueDate"), false };
        k.ransomware = pl_str_is(pl_doc_text(y, "knownRansomwareCampaignUse"), "Known");
        pl_advbuild_kev(r->b, &k);
        pl_advbuild_source_at(r->b, r->source)->records++;
    }
    return 0;
}

const struct pl_adv_form pl_adv_form_kev = { "kev", knows_kev, read_kev, "CC0-1.0" };

/* The fields of one record of a CSV file (RFC 4180), at most `max`; *s moves behind it. */
static size_t csv_record(struct pl_str *s, struct pl_str *field, size_t max)
{
    size_t n = 0, i = 0;
    for (;;) {
        size_t from = i;
        bool quoted = i < s->n && s->p[i] == '"';
        if (quoted) {
            from = ++i;
            while (i < s->n && (s->p[i] != '"' || (i + 1 < s->n && s->p[i + 1] == '"')))
                i += s->p[i] == '"' ? 2 : 1;
        } else {
            while (i < s->n && s->p[i] != ',' && s->p[i] != '\n')
                i++;
        }
        if (n < max)
            field[n++] = pl_str_sub(*s, from, (i < s->n ? i : s->n) - from);
        while (i < s->n && s->p[i] != ',' && s->p[i] != '\n')
            i++;
        if (i >= s->n || s->p[i] == '\n')
            break;
        i++;
    }
    *s = pl_str_sub(*s, i < s->n ? i + 1 : s->n, SIZE_MAX);
    return n;
}

static bool knows_kev_csv(const struct pl_adv_doc *d)
{
    return !d->root && pl_str_starts(d->text, PL_S("cveID,vendorProject,"));
}

static int read_kev_csv(struct pl_adv_reader *r, const struct pl_adv_doc *d, struct pl_err *err)
{
    struct pl_str rest = d->text, field[12];
    csv_record(&rest, field, 12);
    (void)err;
    while (rest.n) {
        if (csv_record(&rest, field, 12) < 9)
            continue;
        struct pl_adv_kev k = { field[0], field[4], field[7], pl_str_is(field[8], "Known") };
        pl_advbuild_kev(r->b, &k);
        pl_advbuild_source_at(r->b, r->source)->records++;
    }
    return 0;
}

const struct pl_adv_form pl_adv_form_kev_csv = { "kev-csv", knows_kev_csv, read_kev_csv,
                                                 "CC0-1.0" };

/* ---- EPSS: the first line is a comment with model and date ---- */

static bool knows_epss(const struct pl_adv_doc *d)
{
    struct pl_str head = pl_str_sub(d->text, 0, 400);
    return !d->root && pl_str_find(head, PL_S("cve,epss,percentile"), 0) != SIZE_MAX;
}

/* A share of one as parts of 65535; false when it is none. */
static bool share(struct pl_str s, uint16_t *ret)
{
    struct pl_str head;
    uint64_t whole, part = 0, scale = 1;
    s = pl_str_trim(s);
    if (!pl_str_split(&s, '.', &head) || !pl_str_u64(head, &whole) || whole > 1)
        return false;
    if (s.p && s.n && !pl_str_u64(pl_str_sub(s, 0, 9), &part))
        return false;
    for (size_t i = 0; s.p && i < s.n && i < 9; i++)
        scale *= 10;
    uint64_t x = whole * 65535 + (part * 65535 + scale / 2) / scale;
    *ret = (uint16_t)(x > 65535 ? 65535 : x);
    return true;
}

static int read_epss(struct pl_adv_reader *r, const struct pl_adv_doc *d, struct pl_err *err)
{
    struct pl_str rest = d->text, line, cve, score;
    size_t date = pl_str_find(pl_str_sub(rest, 0, 400), PL_S("score_date:"), 0), bad = 0;
    if (date != SIZE_MAX)
        pl_advbuild_epss_date(r->b, pl_str_sub(rest, date + 11, 10));
    (void)err;
    while (pl_str_split(&rest, '\n', &line)) {
        uint16_t s, p;
        if (!pl_str_starts(line, PL_S("CVE-")))
            continue;
        pl_str_split(&line, ',', &cve);
        if (!pl_str_split(&line, ',', &score) || !line.p || !share(score, &s) || !share(line, &p)) {
            bad++;
            continue;
        }
        pl_advbuild_epss(r->b, cve, s, p);
        pl_advbuild_source_at(r->b, r->source)->records++;
    }
    if (bad)
        pl_adv_note(r, d, "%zu lines are no scores", bad);
    return 0;
}

const struct pl_adv_form pl_adv_form_epss = { "epss", knows_epss, read_epss, NULL };

/* ---- ends of support ---- */

static bool knows_eol(const struct pl_adv_doc *d)
{
    const struct pl_yaml *first = pl_doc_at(pl_yaml_get(d->root, "result"), 0);
    return !d->large && pl_doc_text(first, "name").n && pl_yaml_get(first, "releases");
}

static int read_eol(struct pl_adv_reader *r, const struct pl_adv_doc *d, struct pl_err *err)
{
    static const struct {
        const char *name, *eco;
    } products[] = {
        { "debian", "Debian:" },
        { "ubuntu", "Ubuntu:" },
        { "alpine", "Alpine:" },
        { "alpine-linux", "Alpine:" },
        { "rhel", "Red Hat:" },
        { "almalinux", "AlmaLinux:" },
        { "rocky-linux", "Rocky Linux:" },
        { "fedora", "Fedora:" },
        { "oracle-linux", "Oracle Linux:" },
        { "amazon-linux", "Amazon Linux:" },
    };
    const struct pl_yaml *list = pl_yaml_get(d->root, "result");
    (void)err;
    for (size_t i = 0; i < list->n; i++) {
        const struct pl_yaml *releases = pl_yaml_get(list->item[i], "releases");
        struct pl_str name = pl_doc_text(list->item[i], "name");
        pl_advbuild_source_at(r->b, r->source)->records++;
        for (size_t p = 0; p < sizeof products / sizeof *products; p++)
            for (size_t k = 0;
                 pl_str_is(name, products[p].name) && pl_doc_is_list(releases) && k < releases->n;
                 k++) {
                struct pl_str date = pl_doc_text(releases->item[k], "eoesFrom");
                if (!date.n)
                    date = pl_doc_text(releases->item[k], "eolFrom");
                pl_advbuild_eol(r->b,
                                pl_printf(r->a, "%s%.*s", products[p].eco,
                                          PL_FMT(pl_doc_text(releases->item[k], "name"))),
                                date);
            }
    }
    return 0;
}

const struct pl_adv_form pl_adv_form_eol = { "eol", knows_eol, read_eol, NULL };

/* ---- CPE ranges: of programs that no package owns ---- */

static const struct pl_yaml *cpe_affected(const struct pl_adv_doc *d)
{
    return pl_yaml_get(pl_yaml_get(d->root, "adp"), "affected");
}

static bool knows_cpe(const struct pl_adv_doc *d)
{
    const struct pl_yaml *more = pl_yaml_get(d->root, "additionalMetadata");
    return !d->large && pl_doc_text(more, "cveId").n && cpe_affected(d);
}

static int read_cpe(struct pl_adv_reader *r, const struct pl_adv_doc *d, struct pl_err *err)
{
    const struct pl_yaml *more = pl_yaml_get(d->root, "additionalMetadata");
    const struct pl_yaml *affected = cpe_affected(d);
    struct pl_adv v = { .id = pl_doc_text(more, "cveId"),
                        .severity = -1,
                        .title = pl_doc_text(more, "description") };
    struct pl_adv_rows rows = { .a = r->a };
    for (size_t i = 0; pl_doc_is_list(affected) && i < affected->n; i++) {
        const struct pl_yaml *x = affected->item[i], *list = pl_yaml_get(x, "versions");
        struct pl_str cpe = pl_doc_scalar(pl_doc_at(pl_yaml_get(x, "cpes"), 0)), part[6];
        for (size_t n = 0; n < 6; n++)
            pl_str_split(&cpe, ':', &part[n]);
        if (!cpe.p || !part[4].n)
            continue;
        struct pl_adv_row *row = pl_adv_rows_new(
            &rows, PL_S("CPE"), pl_printf(r->a, "%.*s:%.*s", PL_FMT(part[3]), PL_FMT(part[4])));
        for (size_t k = 0; pl_doc_is_list(list) && k < list->n; k++) {
            struct pl_str from = pl_doc_text(list->item[k], "version");
            struct pl_str below = pl_doc_text(list->item[k], "lessThan");
            struct pl_str last = pl_doc_text(list->item[k], "lessThanOrEqual");
            if (!pl_str_is(pl_doc_text(list->item[k], "status"), "affected"))
                continue;
            if (!below.n && !last.n)
                last = from;
            if (row->n_events)
                pl_adv_event_add(r->a, row, PL_ADV_RANGE_ENDS, PL_S(""));
            pl_adv_event_add(r->a, row, PL_ADV_INTRODUCED, from.n ? from : PL_S("0"));
            pl_adv_event_add(r->a, row, below.n ? PL_ADV_FIXED : PL_ADV_LAST_AFFECTED,
                             below.n ? below : last);
        }
    }
    return pl_adv_send(r, &v, &rows, err);
}

const struct pl_adv_form pl_adv_form_cpe = { "cpe", knows_cpe, read_cpe, NULL };
