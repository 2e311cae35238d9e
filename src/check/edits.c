/* Edits of repairs, applied side by side. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "check/edits.h"

#include <stdlib.h>

static int by_offset(const void *a, const void *b)
{
    const struct pl_lint_edit *x = *(const struct pl_lint_edit *const *)a;
    const struct pl_lint_edit *y = *(const struct pl_lint_edit *const *)b;
    return x->off != y->off ? (x->off < y->off ? -1 : 1) : x->end < y->end ? -1 : x->end > y->end;
}

bool pl_edits_join(struct pl_arena *a, struct pl_edits *e, const struct pl_lint_edit *more,
                   size_t n)
{
    struct pl_edits both = { pl_alloc_n(a, e->n + n + 1, sizeof *both.p), e->n };
    if (e->n)
        memcpy(both.p, e->p, e->n * sizeof *e->p);
    for (size_t i = 0; i < n; i++)
        both.p[both.n++] = &more[i];
    qsort(both.p, both.n, sizeof *both.p, by_offset);
    for (size_t i = 1; i < both.n; i++)
        if (both.p[i]->off < both.p[i - 1]->end || both.p[i]->off == both.p[i - 1]->off)
            return false;
    *e = both;
    return true;
}

struct pl_str pl_edits_apply(struct pl_arena *a, struct pl_str text, const struct pl_edits *e,
                             size_t max)
{
    size_t n = text.n, at = 0, to = 0;
    for (size_t i = 0; i < e->n; i++)
        n += e->p[i]->text.n - (e->p[i]->end - e->p[i]->off);
    if (n > max)
        return (struct pl_str){ NULL, 0 };
    char *out = pl_alloc_n(a, n + 1, 1);
    for (size_t i = 0; i <= e->n; i++) {
        const struct pl_lint_edit *x = i < e->n ? e->p[i] : NULL;
        size_t same = (x ? x->off : text.n) - at;
        if (same)
            memcpy(out + to, text.p + at, same);
        to += same;
        if (x && x->text.n)
            memcpy(out + to, x->text.p, x->text.n);
        to += x ? x->text.n : 0;
        at = x ? x->end : at;
    }
    return pl_str_n(out, n);
}
