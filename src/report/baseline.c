/* Compares a report with an earlier one by fingerprints. ux.md section 4. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "base/map.h"
#include "report/from_json.h"

static const char present = 1; /* what the maps point to; only its address is used */

static struct pl_map prints_of(struct pl_arena *a, const struct pl_report *r)
{
    struct pl_map map = { .a = a };
    for (size_t i = 0; i < r->n_targets; i++)
        for (size_t k = 0; k < r->targets[i].n_findings; k++)
            *pl_map_put(&map, r->targets[i].findings[k].print) = (void *)&present;
    return map;
}

/* Each fingerprint that is gone is listed once. */
static void list_gone(struct pl_report *r, const struct pl_report *old, struct pl_map *now)
{
    size_t most = 0;
    for (size_t i = 0; i < old->n_targets; i++)
        most += old->targets[i].n_findings;
    r->gone = pl_alloc_n(r->a, most + 1, sizeof *r->gone);
    r->n_gone = 0;
    for (size_t i = 0; i < old->n_targets; i++)
        for (size_t k = 0; k < old->targets[i].n_findings; k++) {
            const struct pl_finding *f = &old->targets[i].findings[k];
            void **place = pl_map_put(now, f->print);
            if (*place)
                continue;
            *place = (void *)&present;
            r->gone[r->n_gone++] = (struct pl_gone){ old->targets[i].name, *f };
        }
}

int pl_report_baseline(struct pl_report *r, const struct pl_report *old, struct pl_err *err)
{
    for (size_t i = 0; i < old->n_targets; i++)
        if (!old->targets[i].complete)
            return pl_fail(err, PL_E_USAGE,
                           "the baseline is incomplete for '%.*s': make it from a complete result",
                           PL_FMT(old->targets[i].name));
    struct pl_arena a = { 0 };
    struct pl_map then = prints_of(&a, old), now = prints_of(&a, r);
    for (size_t i = 0; i < r->n_targets; i++)
        for (size_t k = 0; k < r->targets[i].n_findings; k++) {
            struct pl_finding *f = &r->targets[i].findings[k];
            f->delta = pl_map_get(&then, f->print) ? PL_DELTA_UNCHANGED : PL_DELTA_NEW;
        }
    list_gone(r, old, &now);
    r->has_baseline = true;
    pl_map_release(&then);
    pl_map_release(&now);
    pl_arena_release(&a);
    return 0;
}
