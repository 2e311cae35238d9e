/* The rules that rulec compiled in, alone or with a user's. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cleanup.h"
#include "base/wire.h"
#include "secret/rule_int.h"

int pl_rules_builtin(struct pl_rules **ret, struct pl_err *err)
{
    return pl_rules_from_image(&pl_builtin_rules_image, /* a= */ NULL, ret, err);
}

struct teller {
    void (*told)(const char *rule, bool yes, unsigned number);
};

static void on_failure(void *arg, const struct pl_rule_source *rule, const struct pl_rule_sample *s,
                       struct pl_str text)
{
    (void)text;
    ((struct teller *)arg)->told(rule->rule.id, s->yes, s->number);
}

/* What rulec packed; of each rule only the id. */
static struct pl_rule_source *unpack(struct pl_arena *a, size_t n)
{
    struct pl_rd rd = { pl_builtin_samples, pl_builtin_samples + pl_builtin_samples_len, false };
    struct pl_rule_source *all = pl_alloc_n(a, n, sizeof *all);
    for (size_t i = 0; i < n; i++) {
        all[i].rule.id = pl_dup(a, pl_get_str(&rd)).p;
        all[i].n_samples = (size_t)pl_get_var(&rd);
        struct pl_rule_sample *s = pl_alloc_n(a, all[i].n_samples, sizeof *s);
        all[i].sample = s;
        for (size_t k = 0; k < all[i].n_samples; k++) {
            s[k].yes = pl_get_var(&rd);
            s[k].number = (unsigned)pl_get_var(&rd);
            s[k].text = pl_get_str(&rd);
            s[k].path = pl_get_str(&rd);
            s[k].name = pl_get_str(&rd);
        }
    }
    return all;
}

int pl_rules_selftest_builtin(void (*told)(const char *rule, bool yes, unsigned number),
                              size_t *ret_run, size_t *ret_failed, struct pl_err *err)
{
    PL_AUTO(struct pl_arena, a, pl_arena_release) = { 0 };
    struct pl_rules *rules = NULL;
    struct teller teller = { told };
    int e = pl_rules_builtin(&rules, err);
    if (e < 0)
        return e;
    size_t n = pl_rules_count(rules);
    e = pl_rules_selftest(rules, unpack(&a, n), n, on_failure, &teller, ret_run, ret_failed, err);
    pl_rules_free(rules);
    return e;
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
