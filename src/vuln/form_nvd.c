/* NVD's pages of its API 2.0 and its feeds of before: ratings of CVEs, used where no source has its
 * own. nvd.nist.gov/developers/vulnerabilities. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "vuln/read.h"

static const struct pl_yaml *list_of(const struct pl_adv_doc *d)
{
    const struct pl_yaml *list = pl_yaml_get(d->root, "vulnerabilities");
    return list ? list : pl_yaml_get(d->root, "CVE_Items");
}

static bool knows(const struct pl_adv_doc *d)
{
    bool page = pl_str_starts(pl_doc_text(d->root, "format"), PL_S("NVD_CVE"));
    return !d->large && list_of(d) &&
           (page || pl_str_is(pl_doc_text(d->root, "CVE_data_type"), "CVE"));
}

/* The vector of the newest scheme; NVD's own before that of others. */
static struct pl_str newest(const struct pl_yaml *metrics)
{
    static const char *const schemes[] = { "cvssMetricV40", "cvssMetricV31", "cvssMetricV30",
                                           "cvssMetricV2" };
    struct pl_str best = PL_S("");
    for (size_t i = 0; i < sizeof schemes / sizeof *schemes && !best.n; i++) {
        const struct pl_yaml *list = pl_yaml_get(metrics, schemes[i]);
        for (size_t k = 0; pl_doc_is_list(list) && k < list->n; k++) {
            const struct pl_yaml *m = list->item[k];
            struct pl_str vector = pl_doc_text(pl_yaml_get(m, "cvssData"), "vectorString");
            if (!best.n || pl_str_is(pl_doc_text(m, "type"), "Primary"))
                best = vector.n ? vector : best;
        }
    }
    return best;
}

static int read(struct pl_adv_reader *r, const struct pl_adv_doc *d, struct pl_err *err)
{
    const struct pl_yaml *list = list_of(d);
    (void)err;
    for (size_t i = 0; pl_doc_is_list(list) && i < list->n; i++) {
        const struct pl_yaml *y = list->item[i], *cve = pl_yaml_get(y, "cve");
        const struct pl_yaml *old = pl_yaml_get(y, "impact");
        struct pl_str id = pl_doc_text(cve, "id"), vector = newest(pl_yaml_get(cve, "metrics"));
        if (!id.n)
            id = pl_doc_text(pl_yaml_get(cve, "CVE_data_meta"), "ID");
        if (!vector.n)
            vector = pl_doc_text(pl_yaml_get(pl_yaml_get(old, "baseMetricV3"), "cvssV3"),
                                 "vectorString");
        if (!pl_is_cve(id) || !vector.n || pl_str_is(pl_doc_text(cve, "vulnStatus"), "Rejected"))
            continue;
        pl_advbuild_rating(r->b, id, vector);
        pl_advbuild_source_at(r->b, r->source)->records++;
    }
    return 0;
}

const struct pl_adv_form pl_adv_form_nvd = { "nvd", knows, read, NULL };
