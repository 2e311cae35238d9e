/* Rule files of users: read, derived from, and each sample run. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "base/cleanup.h"
#include "secret/rule_int.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static void use(struct pl_rule_source *src, size_t n, struct pl_arena *a)
{
    struct pl_rule *rule = pl_alloc_n(a, n, sizeof *rule);
    struct pl_rule_image img;
    struct pl_rules *rules = NULL;
    struct pl_arena none = { 0 };
    size_t run, failed;
    for (size_t i = 0; i < n; i++)
        rule[i] = src[i].rule;
    if (pl_rule_image_make(rule, n, a, &img, NULL) < 0 ||
        pl_rules_from_image(&img, &none, &rules, NULL) < 0)
        return;
    if (pl_rules_count(rules) != n)
        abort();
    if (pl_rules_selftest(rules, src, n, NULL, NULL, &run, &failed, NULL) == 0 && failed > run)
        abort();
    pl_rules_free(rules);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    PL_AUTO(struct pl_arena, a, pl_arena_release) = { 0 };
    struct pl_rule_source *src;
    struct pl_err err = { 0 };
    size_t count;
    if (n > 16384)
        return 0;
    int e = pl_rules_read(pl_str_n(p, n), "fuzz.toml", &a, &src, &count, &err);
    if (e < 0) {
        if (err.code != e || err.msg[0] == '\0')
            abort();
        return -1;
    }
    if (count > 0 && count <= 20)
        use(src, count, &a);
    return 0;
}
