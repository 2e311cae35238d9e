/* The rules that rulec compiled in, alone or with a user's. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cleanup.h"
#include "secret/rule_int.h"

int pl_rules_builtin(struct pl_rules **ret, struct pl_err *err)
{
    return pl_rules_from_image(&pl_builtin_rules_image, /* a= */ NULL, ret, err);
}

static int joined(const struct pl_rule_source *src, size_t n, struct pl_arena *a,
                  struct pl_rule_image *img, struct pl_err *err)
{
    const struct pl_rule_image *own = &pl_builtin_rules_image;
    struct pl_rule *all = pl_alloc_n(a, own->n_rules + n, sizeof *all);
    memcpy(all, own->rule, own->n_rules * sizeof *all);
    for (size_t i = 0; i < n; i++)
        all[own->n_rules + i] = src[i].rule;
    return pl_rule_image_make(all, own->n_rules + n, a, img, err);
}

int pl_rules_with(struct pl_str toml, const char *name, struct pl_rules **ret, struct pl_err *err)
{
    PL_AUTO(struct pl_arena, a, pl_arena_release) = { 0 };
    struct pl_rule_source *src;
    struct pl_rule_image img;
    size_t n;
    int e = pl_rules_read(toml, name, &a, &src, &n, err);
    if (e == 0)
        e = joined(src, n, &a, &img, err);
    if (e == 0)
        e = pl_rules_from_image(&img, &a, ret, err);
    return e;
}
