/* A rule by the names that people write. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/rule_named.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/near.h"

const struct pl_rule *pl_rule_named(const struct pl_rules *rules, const char *id)
{
    const struct pl_rule *r = pl_rules_find(rules, pl_str_c(id));
    for (size_t i = 0; !r && i < pl_rules_count(rules); i++) {
        const struct pl_rule *x = pl_rules_at(rules, i);
        const char *slash = strchr(x->id, '/');
        if (slash && strcmp(slash + 1, id) == 0)
            r = x;
        for (size_t k = 0; !r && k < x->aliases.n; k++)
            if (strcmp(x->aliases.p[k], id) == 0)
                r = x;
    }
    return r;
}

void pl_rule_unknown(const char *verb, const struct pl_rules *rules, const char *id)
{
    size_t n = pl_rules_count(rules);
    const char **names = calloc(n + 1, sizeof *names);
    if (!names)
        pl_oom();
    for (size_t i = 0; i < n; i++) {
        const char *whole = pl_rules_at(rules, i)->id, *slash = strchr(whole, '/');
        names[i] = slash && !strchr(id, '/') ? slash + 1 : whole;
    }
    const char *near = pl_near(pl_str_c(id), names, n);
    fprintf(stderr, "plimsoll %s: no rule '%s'%s%s%s\n", verb, id, near ? "; did you mean '" : "",
            near ? near : "", near ? "'?" : "");
    free(names);
}
