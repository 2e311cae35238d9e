/* The repair of a finding, as reports tell it. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/lint_edits.h"

void pl_lint_tell_edits(struct pl_arena *a, enum pl_fix_class class,
                        const struct pl_lint_edit *edit, size_t n, pl_lint_place_fn *place,
                        const void *arg, struct pl_finding *f)
{
    if (class == PL_FIX_NONE || !n)
        return;
    f->fix_class = pl_fix_class_name(class);
    f->edits = pl_alloc_n(a, n, sizeof *f->edits);
    f->n_edits = n;
    for (size_t i = 0; i < n; i++) {
        struct pl_edit *e = &f->edits[i];
        e->off = edit[i].off;
        e->end = edit[i].end;
        e->text = pl_dup(a, edit[i].text);
        place(arg, e->off, &e->line, &e->col);
        place(arg, e->end, &e->end_line, &e->end_col);
    }
}
