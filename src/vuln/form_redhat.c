/* Red Hat's security data: a flaw with the packages that were mended and the state of the others,
 * by source. docs.redhat.com, "Red Hat Security Data API". */
/* SPDX-License-Identifier: Apache-2.0 */
#include "vuln/read.h"

static bool knows(const struct pl_adv_doc *d)
{
    return !d->large && pl_is_cve(pl_doc_text(d->root, "name")) &&
           pl_yaml_get(d->root, "threat_severity") &&
           (pl_yaml_get(d->root, "affected_release") || pl_yaml_get(d->root, "package_state"));
}

static struct pl_str release_of(struct pl_adv_reader *r, const struct pl_yaml *y)
{
    struct pl_str eco = pl_adv_platform(r->a, pl_doc_text(y, "cpe"));
    return eco.n ? pl_printf(r->a, "%.*s:src", PL_FMT(eco)) : eco;
}

/* "nodejs:18-8080020230330…" has a module in place of a version; such are told by other feeds. */
static void mended(struct pl_adv_reader *r, const struct pl_yaml *y, struct pl_adv_rows *rows)
{
    struct pl_str name, evr, eco = release_of(r, y);
    if (!eco.n || !pl_adv_cut_nevra(r->a, pl_doc_text(y, "package"), &name, &evr))
        return;
    if (pl_str_find(name, PL_S(":"), 0) == SIZE_MAX)
        pl_adv_rows_below(rows, eco, name, evr)->flags = PL_ADV_NATIVE;
}

static void open_one(struct pl_adv_reader *r, const struct pl_yaml *y, struct pl_adv_rows *rows)
{
    static const struct {
        const char *word;
        enum pl_fix_state state;
    } words[] = {
        { "Affected", PL_FIX_AFFECTED },
        { "New", PL_FIX_INVESTIGATING },
        { "Under investigation", PL_FIX_INVESTIGATING },
        { "Fix deferred", PL_FIX_DEFERRED },
        { "Will not fix", PL_FIX_WILL_NOT_FIX },
        { "Out of support scope", PL_FIX_END_OF_LIFE },
        { "Not affected", PL_FIX_NOT_AFFECTED },
    };
    struct pl_str name = pl_doc_text(y, "package_name"), eco = release_of(r, y), module = PL_S("");
    struct pl_str rest = name;
    if (!eco.n || !name.n)
        return;
    bool modular = pl_str_split(&rest, '/', &module) && rest.n &&
                   pl_str_find(module, PL_S(":"), 0) != SIZE_MAX;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (!pl_str_is(pl_doc_text(y, "fix_state"), words[i].word))
            continue;
        bool not = words[i].state == PL_FIX_NOT_AFFECTED;
        struct pl_str of = modular ? rest : name;
        struct pl_adv_row *row =
            not ? pl_adv_rows_new(rows, eco, of) : pl_adv_rows_below(rows, eco, of, PL_S(""));
        row->state = words[i].state;
        row->flags = PL_ADV_NATIVE;
        row->module = modular ? module : PL_S("");
    }
}

static int read(struct pl_adv_reader *r, const struct pl_adv_doc *d, struct pl_err *err)
{
    const struct pl_yaml *fixed = pl_yaml_get(d->root, "affected_release");
    const struct pl_yaml *state = pl_yaml_get(d->root, "package_state");
    struct pl_adv v = { .id = pl_doc_text(d->root, "name"),
                        .severity = pl_adv_severity(pl_doc_text(d->root, "threat_severity")),
                        .published = pl_str_sub(pl_doc_text(d->root, "public_date"), 0, 10),
                        .title = pl_doc_text(pl_yaml_get(d->root, "bugzilla"), "description") };
    struct pl_adv_rows rows = { .a = r->a };
    pl_doc_add(r->a, &v.cvss, pl_doc_text(pl_yaml_get(d->root, "cvss3"), "cvss3_scoring_vector"));
    v.url = pl_printf(r->a, "https://access.redhat.com/security/cve/%.*s", PL_FMT(v.id));
    for (size_t i = 0; pl_doc_is_list(fixed) && i < fixed->n; i++)
        mended(r, fixed->item[i], &rows);
    for (size_t i = 0; pl_doc_is_list(state) && i < state->n; i++)
        open_one(r, state->item[i], &rows);
    return pl_adv_send(r, &v, &rows, err);
}

const struct pl_adv_form pl_adv_form_redhat = { "redhat", knows, read, NULL };
