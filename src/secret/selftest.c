/* Rules against their own samples. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cleanup.h"
#include "secret/rule_int.h"

struct run {
    uint32_t rule;
    bool found;
};

static void on_secret(void *arg, const struct pl_secret *s)
{
    struct run *r = arg;
    r->found |= s->rule == r->rule && !s->reason;
}

static uint32_t index_of(const struct pl_rules *r, const char *id)
{
    const struct pl_rule *rule = pl_rules_find(r, pl_str_c(id));
    return rule ? (uint32_t)(rule - pl_rules_at(r, 0)) : UINT32_MAX;
}

/* Scans one sample; true when the outcome is the one the rule states. */
static bool as_stated(struct pl_matcher *m, uint32_t rule, const struct pl_rule_sample *s,
                      struct pl_str text)
{
    struct pl_text t = { .p = (const uint8_t *)text.p,
                         .n = text.n,
                         .to = text.n,
                         .last = true,
                         .path = s->name.n ? s->name : s->path,
                         .value = s->name.n > 0 };
    struct run run = { .rule = rule };
    return pl_secret_scan(m, &t, on_secret, &run, NULL) == 0 && run.found == s->yes;
}

int pl_rules_selftest(const struct pl_rules *r, const struct pl_rule_source *rules, size_t n,
                      pl_rules_selftest_fn *fn, void *arg, size_t *ret_run, size_t *ret_failed,
                      struct pl_err *err)
{
    PL_AUTO(struct pl_arena, a, pl_arena_release) = { 0 };
    pl_auto_buf struct pl_buf text = { 0 };
    struct pl_matcher *m = NULL;
    struct pl_limits limits;
    pl_limits_init(&limits);
    int e = pl_matcher_new(r, &limits, &m, err);
    if (e < 0)
        return e;
    size_t run = 0, failed = 0;
    for (size_t i = 0; i < n; i++) {
        uint32_t rule = index_of(r, rules[i].rule.id);
        for (size_t k = 0; k < rules[i].n_samples; k++) {
            const struct pl_rule_sample *s = &rules[i].sample[k];
            struct pl_str seed =
                pl_printf(&a, "%s/%s/%u", rules[i].rule.id, s->yes ? "yes" : "no", s->number);
            pl_buf_clear(&text);
            pl_rule_sample_expand(s->text, seed, &text);
            run++;
            if (as_stated(m, rule, s, pl_buf_str(&text)))
                continue;
            failed++;
            if (fn)
                fn(arg, &rules[i], s, pl_buf_str(&text));
        }
    }
    pl_matcher_free(m);
    *ret_run = run;
    *ret_failed = failed;
    return 0;
}
