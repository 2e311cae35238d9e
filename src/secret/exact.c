/* Rules made of secrets that were found: what `scrub` takes out must be nowhere else either. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <ctype.h>
#include <stdio.h>

#include "base/cleanup.h"
#include "secret/rule_int.h"

#define KEYWORD_MAX 32u
#define VALUE_MAX (32u << 10) /* less than what windows overlap */
#define LONG 12u              /* as good as never the same by chance */
#define SHORT 8u              /* … when it is made of three kinds of characters */

/* How much of a value can be a literal. */
static size_t keyword_of(struct pl_str v)
{
    size_t n = 0;
    while (n < v.n && n < KEYWORD_MAX && v.p[n])
        n++;
    return n;
}

bool pl_rules_can_search(struct pl_str v)
{
    unsigned kinds = 0;
    if (v.n < SHORT || v.n > VALUE_MAX || keyword_of(v) < SHORT ||
        (size_t)(pl_str_trim(v).n) < SHORT)
        return false;
    for (size_t i = 0; i < v.n; i++) {
        unsigned char c = (unsigned char)v.p[i];
        kinds |= islower(c) ? 1u : isupper(c) ? 2u : isdigit(c) ? 4u : 8u;
    }
    bool same = true;
    for (size_t i = 1; i < v.n; i++)
        same &= v.p[i] == v.p[0];
    return !same && (v.n >= LONG || __builtin_popcount(kinds) >= 3);
}

static struct pl_rule rule_of(struct pl_arena *a, struct pl_str value, size_t i)
{
    char **word = pl_alloc(a, sizeof *word);
    struct pl_str v = pl_dup(a, value);
    *word = (char *)(uintptr_t)pl_dup(a, pl_str_sub(v, 0, keyword_of(v))).p;
    return (struct pl_rule){ .id = pl_printf(a, "known/%zu", i).p,
                             .title = "Secret that was named",
                             .why = "",
                             .fix = "",
                             .since = "",
                             .severity = PL_SEV_HIGH,
                             .keywords = { (const char *const *)word, 1 },
                             .keyword_case = true,
                             .exact = v };
}

int pl_rules_of_values(const struct pl_str *values, size_t n, struct pl_rules **ret,
                       struct pl_err *err)
{
    PL_AUTO(struct pl_arena, a, pl_arena_release) = { 0 };
    struct pl_rule_image img;
    struct pl_rule *all = pl_alloc_n(&a, n, sizeof *all);
    size_t made = 0;
    for (size_t i = 0; i < n; i++)
        if (pl_rules_can_search(values[i]))
            all[made++] = rule_of(&a, values[i], i);
    int e = pl_rule_image_make(all, made, &a, &img, err);
    return e < 0 ? e : pl_rules_from_image(&img, &a, ret, err);
}

struct pl_rules *pl_rules_over(const struct pl_rules *base, const struct pl_rules *over)
{
    struct pl_rules *r = calloc(1, sizeof *r);
    size_t n = base->img.n_rules, more = over->img.n_rules;
    if (!r)
        pl_oom();
    *r = *base;
    r->a = (struct pl_arena){ 0 };
    r->base = base;
    r->over = over;
    struct pl_rule *all = pl_alloc_n(&r->a, n + more, sizeof *all);
    memcpy(all, base->img.rule, n * sizeof *all);
    memcpy(all + n, over->img.rule, more * sizeof *all);
    r->img.rule = all;
    r->img.n_rules = n + more;
    return r;
}
