/* For tests of the secret engine: rules from a text, one scan, its findings. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_TESTS_SECRET_UTIL_H
#define PL_TESTS_SECRET_UTIL_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/base64.h"
#include "base/cleanup.h"
#include "secret/rule_int.h"

struct seen {
    const struct pl_rules *rules;
    struct pl_buf log; /* "rule off+len severity decoded=value reason\n" */
    size_t n;
};

/* Rules from TOML, without those of the binary. */
static inline struct pl_rules *make_rules(const char *toml)
{
    struct pl_arena a = { 0 };
    struct pl_rule_source *src;
    struct pl_rule_image img;
    struct pl_rules *r = NULL;
    struct pl_err err = { 0 };
    size_t n;
    int e = pl_rules_read(pl_str_c(toml), "test.toml", &a, &src, &n, &err);
    struct pl_rule *rules = calloc(n ? n : 1, sizeof *rules);
    for (size_t i = 0; e == 0 && i < n; i++)
        rules[i] = src[i].rule;
    if (e == 0)
        e = pl_rule_image_make(rules, n, &a, &img, &err);
    if (e == 0)
        e = pl_rules_from_image(&img, &a, &r, &err);
    free(rules);
    if (e < 0)
        fail_msg("%s", err.msg);
    return r;
}

static inline void on_seen(void *arg, const struct pl_secret *s)
{
    struct seen *seen = arg;
    const struct pl_rule *r = pl_rules_at(seen->rules, s->rule);
    pl_buf_printf(&seen->log, "%s %zu+%zu %s", r->id, s->off, s->len,
                  pl_severity_name(s->severity));
    if (s->decoded)
        pl_buf_printf(&seen->log, " (%s)", s->decoded);
    pl_buf_printf(&seen->log, " %.*s", PL_FMT(s->value));
    if (s->reason)
        pl_buf_printf(&seen->log, " [%s]", s->reason);
    pl_buf_putc(&seen->log, '\n');
    seen->n++;
}

/* One rule in TOML: the keys every rule needs, then `rest`. */
#define RULE(id, rest)                                                                    \
    "[[rule]]\nid = \"" id "\"\ntitle = 't'\nwhy = 'w.'\nfix = 'f.'\nsince = '2026.11'\n" \
    "severity = 'high'\n" rest "\n"

#endif
