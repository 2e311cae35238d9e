/* Names and sums of a report. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "model/report.h"

#include <stdlib.h>

const char *pl_kind_name(enum pl_kind k)
{
    static const char *const names[] = { "secret",     "vulnerability", "config",
                                         "dockerfile", "trust",         "malware" };
    return names[k];
}

const char *pl_how_name(enum pl_how h)
{
    static const char *const names[] = { "",          "whiteout",  "opaque",
                                         "overwrite", "duplicate", "replaced" };
    return names[h];
}

const char *pl_scope_name(enum pl_scope s)
{
    static const char *const names[] = { "entry", "layer", "unit", "run" };
    return names[s];
}

const char *pl_delta_name(enum pl_delta d)
{
    static const char *const names[] = { "", "new", "unchanged" };
    return names[d];
}

void pl_report_sum(struct pl_report *r)
{
    memset(r->count, 0, sizeof r->count);
    r->incomplete = false;
    for (size_t i = 0; i < r->n_targets; i++) {
        const struct pl_target *t = &r->targets[i];
        r->incomplete |= !t->complete;
        for (size_t k = 0; k < t->n_findings; k++)
            r->count[t->findings[k].severity]++;
    }
}

static int by_text(const void *a, const void *b)
{
    return pl_str_cmp(*(const struct pl_str *)a, *(const struct pl_str *)b);
}

void pl_names_sort(struct pl_names *n)
{
    size_t kept = 0;
    if (n->n)
        qsort(n->p, n->n, sizeof *n->p, by_text);
    for (size_t i = 0; i < n->n; i++)
        if (!kept || !pl_str_eq(n->p[kept - 1], n->p[i]))
            n->p[kept++] = n->p[i];
    n->n = kept;
}
