/* Settings of lint from .plimsoll.toml. ux.md sections 4 and 6. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/lint_config.h"

#include "base/cleanup.h"
#include "cmd/common.h"
#include "cmd/config.h"
#include "fmt/glob.h"
#include "fmt/toml.h"
#include "io/file.h"

#define FIRST_RULES "2026.11" /* every rule of today is of this set */

struct reading {
    struct pl_lint_config *c;
    struct pl_err *err;
};

static int wrong(struct reading *r, const struct pl_toml *t, const char *what, struct pl_str key)
{
    return pl_fail(r->err, PL_E_USAGE, "%.*s:%u: %s '%.*s'", PL_FMT(r->c->path), pl_toml_line(t),
                   what, PL_FMT(key));
}

static int ignore_key(void *arg, struct pl_str key, const struct pl_toml *v)
{
    static const char *const known[] = { "rule",    "path",  "fingerprint", "layer",
                                         "package", "until", "reason",      "vulnerability" };
    for (size_t i = 0; i < PL_COUNT(known); i++)
        if (pl_str_is(key, known[i]))
            return 0;
    return wrong(arg, v, "no key of an ignore entry is", key);
}

static int ignore_entry(struct reading *r, const struct pl_toml *t)
{
    struct pl_lint_ignore e = { .rule = pl_toml_str(pl_toml_get(t, "rule")),
                                .path = pl_toml_str(pl_toml_get(t, "path")),
                                .print = pl_toml_str(pl_toml_get(t, "fingerprint")) };
    const struct pl_toml *until = pl_toml_get(t, "until");
    int code = pl_toml_each(t, ignore_key, r);
    if (code)
        return code;
    if (!pl_toml_str(pl_toml_get(t, "reason")).n)
        return wrong(r, t, "an ignore entry lacks its", PL_S("reason"));
    e.until =
        pl_toml_type(until) == PL_TOML_TIME ? pl_toml_time(until, r->c->a) : pl_toml_str(until);
    if (pl_toml_get(t, "layer") || pl_toml_get(t, "package") || pl_toml_get(t, "vulnerability") ||
        (!e.rule.n && !e.path.n && !e.print.n))
        return 0; /* of images */
    e.rule = pl_dup(r->c->a, e.rule);
    e.path = pl_dup(r->c->a, e.path);
    e.print = pl_dup(r->c->a, e.print);
    e.until = pl_dup(r->c->a, e.until);
    pl_vec_push(&r->c->ignore, e);
    return 0;
}

static int level_key(void *arg, struct pl_str key, const struct pl_toml *v)
{
    struct reading *r = arg;
    struct pl_lint_level l = { .rule = pl_dup(r->c->a, key) };
    struct pl_str s = pl_toml_str(v);
    l.off = pl_str_is(s, "off");
    if (!s.n || (!l.off && !pl_severity_parse(s, &l.severity)))
        return wrong(r, v, "a severity or \"off\" is needed for", key);
    pl_vec_push(&r->c->level, l);
    return 0;
}

static int lint_key(void *arg, struct pl_str key, const struct pl_toml *v)
{
    struct reading *r = arg;
    if (pl_str_is(key, "severity"))
        return pl_toml_each(v, level_key, r);
    if (!pl_str_is(key, "registries"))
        return wrong(r, v, "no setting of [lint] is called", key);
    for (size_t i = 0; i < pl_toml_len(v); i++)
        pl_vec_push(&r->c->trusted, pl_dup(r->c->a, pl_toml_str(pl_toml_at(v, i))));
    return 0;
}

static int top_key(void *arg, struct pl_str key, const struct pl_toml *v)
{
    static const char *const others[] = { "scan", "secrets",  "gate",   "store",
                                          "vuln", "registry", "harden", "serve" };
    struct reading *r = arg;
    int code = 0;
    if (pl_str_is(key, "rules")) {
        r->c->rules = pl_dup(r->c->a, pl_toml_str(v));
        return r->c->rules.n == 7 && r->c->rules.p[4] == '.'
                   ? 0
                   : wrong(r, v, "a rule set as in \"2026.11\" is needed for", key);
    }
    if (pl_str_is(key, "fail-on")) {
        r->c->fail_on = pl_dup(r->c->a, pl_toml_str(v));
        return 0;
    }
    if (pl_str_is(key, "lint"))
        return pl_toml_each(v, lint_key, r);
    if (pl_str_is(key, "ignore")) {
        for (size_t i = 0; i < pl_toml_len(v) && !code; i++)
            code = ignore_entry(r, pl_toml_at(v, i));
        return code;
    }
    for (size_t i = 0; i < PL_COUNT(others); i++)
        if (pl_str_is(key, others[i]))
            return 0; /* of other verbs */
    return wrong(r, v, "no setting is called", key);
}

int pl_lint_config_read(struct pl_lint_config *c, struct pl_err *err)
{
    pl_auto_buf struct pl_buf b = { .max = 1u << 20 };
    struct reading r = { c, err };
    struct pl_toml *root = NULL;
    c->path = pl_config_find(c->a);
    if (!c->path.n)
        return 0;
    int e = pl_file_read(c->path.p, &b, err);
    if (e == 0)
        e = pl_toml_parse(pl_buf_str(&b), c->path.p, &root, err);
    if (e == 0)
        e = pl_toml_each(root, top_key, &r);
    pl_toml_free(root);
    return e;
}

bool pl_lint_config_hides(const struct pl_lint_config *c, const struct pl_lint_hit *h,
                          struct pl_str path, struct pl_str print, struct pl_str today)
{
    for (size_t i = 0; i < c->ignore.n; i++) {
        const struct pl_lint_ignore *e = &c->ignore.p[i];
        if (e->until.n >= 10 && pl_str_cmp(pl_str_sub(e->until, 0, 10), today) < 0)
            continue;
        if ((!e->rule.n || pl_lint_called(h, e->rule)) &&
            (!e->path.n || pl_glob_match(e->path, path)) &&
            (!e->print.n || (e->print.n >= 8 && pl_str_starts(print, e->print))))
            return true;
    }
    return false;
}

bool pl_lint_config_level(const struct pl_lint_config *c, const struct pl_lint_hit *h,
                          enum pl_severity *severity)
{
    for (size_t i = 0; i < c->level.n; i++) {
        if (!pl_lint_called(h, c->level.p[i].rule))
            continue;
        if (c->level.p[i].off)
            return false;
        *severity = c->level.p[i].severity;
    }
    return true;
}

bool pl_lint_config_preview(const struct pl_lint_config *c, enum pl_rule_id rule)
{
    (void)rule;
    return c->rules.n && pl_str_cmp(c->rules, PL_S(FIRST_RULES)) < 0;
}

void pl_lint_config_release(struct pl_lint_config *c)
{
    pl_vec_release(&c->ignore);
    pl_vec_release(&c->level);
    pl_vec_release(&c->trusted);
}
