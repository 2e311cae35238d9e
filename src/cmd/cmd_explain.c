/* plimsoll explain: what a rule looks for, and what to do about it. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <stddef.h>
#include <stdio.h>

#include "base/cleanup.h"
#include "cmd/common.h"
#include "cmd/explain_check.h"
#include "cmd/explain_vuln.h"
#include "cmd/rule_named.h"

struct options {
    struct pl_opt_list rules;
    const char *since, *db;
};

static const struct pl_opt table[] = {
    { "rules", 0, PL_OPT_LIST, offsetof(struct options, rules), "FILE", "further rules (TOML)" },
    { "since", 0, PL_OPT_STR, offsetof(struct options, since), "VERSION",
      "list the rules that are newer than a rule set" },
    { "db", 0, PL_OPT_STR, offsetof(struct options, db), "DIR",
      "folder of the advisory database, for ids of flaws" },
};

static void list(const char *label, const struct pl_rule_list *l)
{
    for (size_t i = 0; i < l->n; i++)
        printf("%s%s", i ? ", " : label, l->p[i]);
    if (l->n)
        putchar('\n');
}

static void show(const struct pl_rule *r)
{
    printf("%s  %s  (since %s)\n  %s\n  why       %s\n  fix       %s\n", r->id,
           pl_severity_name(r->severity), r->since, r->title, r->why, r->fix);
    list("  keywords  ", &r->keywords);
    if (r->regex)
        printf("  pattern   %s\n", r->regex);
    if (r->entropy > 0)
        printf("  entropy   above %.1f bits a character\n", r->entropy);
    if (r->check)
        printf("  check     %s\n", r->check);
    list("  paths     ", &r->paths);
    list("  aliases   ", &r->aliases);
}

static int run_explain(const void *options, const struct pl_operands *ops)
{
    const struct options *o = options;
    struct pl_common c = { .rules = o->rules };
    struct pl_rules *rules = NULL;
    struct pl_err err = { 0 };
    int code = PL_EXIT_CLEAN;
    for (size_t i = 0; i < ops->n; i++)
        if (pl_explain_is_flaw(ops->p[i]))
            return pl_explain_flaw(ops, o->db, &c);
    if (pl_common_rules(&c, &rules, &err) < 0)
        return pl_run_failed("explain", &err);
    for (size_t i = 0; i < pl_rules_count(rules) && !ops->n; i++) {
        const struct pl_rule *r = pl_rules_at(rules, i);
        if (!o->since || strcmp(r->since, o->since) > 0)
            printf("%-44s %-9s %s\n", r->id, pl_severity_name(r->severity), r->title);
    }
    pl_auto_buf struct pl_buf out = { 0 };
    if (!ops->n && !o->since)
        pl_explain_checks(&out);
    for (size_t i = 0; i < ops->n && !code; i++) {
        const struct pl_rule *r = pl_rule_named(rules, ops->p[i]);
        if (r)
            show(r);
        else if (!pl_explain_check(ops->p[i], &out)) {
            pl_rule_unknown("explain", rules, ops->p[i]);
            code = PL_EXIT_USAGE;
        }
    }
    fflush(stdout);
    if (pl_common_print(pl_buf_str(&out), &err) < 0 && !code)
        code = pl_run_failed("explain", &err);
    pl_rules_free(rules);
    return code;
}

const struct pl_command pl_cmd_explain = {
    .name = "explain",
    .usage = "explain [flags] [RULE… | ID [PACKAGE] [TARGET]]",
    .summary = "what a rule looks for and what to do; why a package has a flaw, or not",
    .options = table,
    .n_options = PL_COUNT(table),
    .options_size = sizeof(struct options),
    .run = run_explain,
};
