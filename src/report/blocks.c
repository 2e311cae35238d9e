/* Groups findings into blocks: one secret at several places is one block with several locations. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "base/map.h"
#include "report/words.h"

/* Order of the commits; those without come first. */
static int by_commit(const struct pl_finding *a, const struct pl_finding *b)
{
    if (!a->commit || !b->commit)
        return (a->commit != NULL) - (b->commit != NULL);
    return pl_str_cmp(a->commit->id, b->commit->id);
}

bool pl_life_eq(const struct pl_finding *a, const struct pl_finding *b)
{
    const struct pl_span *x = &a->span, *y = &b->span;
    return x->introduced == y->introduced && x->hidden == y->hidden && x->how == y->how &&
           x->visible == y->visible && pl_str_eq(a->origin, b->origin) && by_commit(a, b) == 0;
}

static int by_span(const void *va, const void *vb)
{
    const struct pl_finding *a = *(const struct pl_finding *const *)va;
    const struct pl_finding *b = *(const struct pl_finding *const *)vb;
    const struct pl_span *x = &a->span, *y = &b->span;
    if (x->introduced != y->introduced)
        return x->introduced < y->introduced ? -1 : 1;
    if (x->hidden != y->hidden)
        return x->hidden < y->hidden ? -1 : 1;
    if (x->how != y->how)
        return x->how < y->how ? -1 : 1;
    if (x->visible != y->visible)
        return x->visible ? -1 : 1;
    int c = pl_str_cmp(a->origin, b->origin);
    if (!c)
        c = by_commit(a, b);
    if (c)
        return c;
    return a < b ? -1 : a > b; /* both are elements of one array */
}

static int by_severity(const void *va, const void *vb)
{
    const struct pl_block *a = va, *b = vb;
    if (a->severity != b->severity)
        return a->severity > b->severity ? -1 : 1;
    return a->first < b->first ? -1 : a->first > b->first;
}

/* What makes two findings one block; empty: never. */
static struct pl_str key_of(struct pl_arena *a, const struct pl_finding *f)
{
    static const uint8_t none[sizeof f->secret_hash];
    if (f->kind != PL_KIND_SECRET || !memcmp(f->secret_hash, none, sizeof none))
        return (struct pl_str){ NULL, 0 };
    char *key = pl_alloc(a, f->rule.n + sizeof none);
    memcpy(key, f->secret_hash, sizeof none);
    if (f->rule.n)
        memcpy(key + sizeof none, f->rule.p, f->rule.n);
    return pl_str_n(key, f->rule.n + sizeof none);
}

/* The block number of each finding, in `of`; returns how many blocks there are. */
static size_t number(struct pl_arena *a, const struct pl_target *t, size_t *of)
{
    struct pl_map map = { .a = a };
    size_t n = 0;
    for (size_t i = 0; i < t->n_findings; i++) {
        struct pl_str key = key_of(a, &t->findings[i]);
        if (!key.n) {
            of[i] = n++;
            continue;
        }
        void **place = pl_map_put(&map, key);
        if (!*place)
            *place = (void *)(uintptr_t)++n;
        of[i] = (size_t)(uintptr_t)*place - 1;
    }
    pl_map_release(&map);
    return n;
}

struct pl_blocks pl_blocks_make(struct pl_arena *a, const struct pl_target *t)
{
    struct pl_blocks ret = { 0 };
    if (!t->n_findings)
        return ret;
    size_t *of = pl_alloc_n(a, t->n_findings, sizeof *of);
    ret.n = number(a, t, of);
    ret.p = pl_alloc_n(a, ret.n, sizeof *ret.p);
    for (size_t i = 0; i < t->n_findings; i++)
        ret.p[of[i]].n++;
    for (size_t i = 0; i < ret.n; i++) {
        ret.p[i].f = pl_alloc_n(a, ret.p[i].n, sizeof *ret.p[i].f);
        ret.p[i].n = 0;
        ret.p[i].first = SIZE_MAX;
    }
    for (size_t i = 0; i < t->n_findings; i++) {
        struct pl_block *b = &ret.p[of[i]];
        const struct pl_finding *f = &t->findings[i];
        b->f[b->n++] = f;
        b->severity = f->severity > b->severity ? f->severity : b->severity;
        b->first = i < b->first ? i : b->first;
    }
    for (size_t i = 0; i < ret.n; i++)
        qsort(ret.p[i].f, ret.p[i].n, sizeof(void *), by_span);
    qsort(ret.p, ret.n, sizeof *ret.p, by_severity);
    return ret;
}
