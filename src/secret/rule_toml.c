/* Reads rules from TOML (docs/rules.md); the same reader serves rulec and users' rule files. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>

#include "base/cleanup.h"
#include "base/near.h"
#include "fmt/glob.h"
#include "fmt/regex.h"
#include "fmt/toml.h"
#include "secret/assign.h"
#include "secret/check.h"
#include "secret/rule_int.h"

#define MAX_RULES 10000u
#define MAX_TEXT 4096u /* bytes of one string of a rule */
#define MAX_LIST 1000u
#define MAX_PROGRAM 5000u /* instructions of a regex: large ones are slow to make and to run */

struct reader {
    struct pl_arena *a;
    const char *name;
    const struct pl_toml *rule; /* the table being read */
    struct pl_rule_source *src;
    struct pl_err *err;
};

static const char *const keys[] = {
    "id",       "title",        "why",          "fix",        "since",   "severity",
    "keywords", "keyword_case", "regex",        "before",     "group",   "entropy",
    "prefix",   "check",        "allow",        "paths",      "aliases", "generic",
    "yes",      "no",           "weak_in_docs", "more_forms", "names",
};

static int fail(struct reader *r, const struct pl_toml *at, const char *key, const char *why)
{
    unsigned line = pl_toml_line(at ? at : r->rule);
    const char *id = r->src && r->src->rule.id ? r->src->rule.id : "?";
    return pl_fail(r->err, PL_E_FORMAT, "%s:%u: rule '%s': %s: %s", r->name, line, id, key, why);
}

static int check_key(void *arg, struct pl_str key, const struct pl_toml *value)
{
    struct reader *r = arg;
    for (size_t i = 0; i < PL_COUNT(keys); i++) {
        if (pl_str_is(key, keys[i]))
            return 0;
    }
    const char *near = pl_near(key, keys, PL_COUNT(keys));
    struct pl_str shown = pl_str_sub(key, 0, 60);
    struct pl_str k = pl_dup(r->a, shown);
    struct pl_str why =
        near ? pl_printf(r->a, "unknown key; did you mean '%s'?", near) : PL_S("unknown key");
    return fail(r, value, k.p, why.p);
}

/* A string of the rule; absent leaves *ret as it is when `required` is false. */
static int get_text(struct reader *r, const char *key, bool required, const char **ret)
{
    const struct pl_toml *t = pl_toml_get(r->rule, key);
    if (!t)
        return required ? fail(r, NULL, key, "missing") : 0;
    struct pl_str s = pl_toml_str(t);
    if (!s.p)
        return fail(r, t, key, "must be a string");
    if (s.n == 0 || s.n > MAX_TEXT || memchr(s.p, '\0', s.n))
        return fail(r, t, key, "empty, too long, or holds NUL");
    *ret = pl_dup(r->a, s).p;
    return 0;
}

static int get_list(struct reader *r, const char *key, struct pl_rule_list *ret)
{
    const struct pl_toml *t = pl_toml_get(r->rule, key);
    if (!t)
        return 0;
    size_t n = pl_toml_len(t);
    if (pl_toml_type(t) != PL_TOML_ARRAY || n > MAX_LIST)
        return fail(r, t, key, "must be a list of strings");
    const char **p = pl_alloc_n(r->a, n ? n : 1, sizeof *p);
    for (size_t i = 0; i < n; i++) {
        struct pl_str s = pl_toml_str(pl_toml_at(t, i));
        if (!s.p || s.n == 0 || s.n > MAX_TEXT || memchr(s.p, '\0', s.n))
            return fail(r, pl_toml_at(t, i), key, "must be a list of strings, none empty");
        p[i] = pl_dup(r->a, s).p;
    }
    *ret = (struct pl_rule_list){ p, n };
    return 0;
}

static int get_number(struct reader *r, const char *key, unsigned max, unsigned *ret)
{
    const struct pl_toml *t = pl_toml_get(r->rule, key);
    if (!t)
        return 0;
    int64_t v = pl_toml_int(t, -1);
    if (v < 0 || v > max)
        return fail(r, t, key, pl_printf(r->a, "must be an integer from 0 to %u", max).p);
    *ret = (unsigned)v;
    return 0;
}

static int get_flag(struct reader *r, const char *key, bool *ret)
{
    const struct pl_toml *t = pl_toml_get(r->rule, key);
    if (t && pl_toml_type(t) != PL_TOML_BOOL)
        return fail(r, t, key, "must be true or false");
    *ret = pl_toml_bool(t, *ret);
    return 0;
}

static int get_entropy(struct reader *r, double *ret)
{
    const struct pl_toml *t = pl_toml_get(r->rule, "entropy");
    double v = t ? pl_toml_float(t, -1) : 0;
    if (!(v >= 0 && v <= 8))
        return fail(r, t, "entropy", "must be a number from 0 to 8");
    *ret = v;
    return 0;
}

static int get_severity(struct reader *r, enum pl_severity *ret)
{
    const char *s = NULL;
    int e = get_text(r, "severity", true, &s);
    if (e < 0)
        return e;
    if (!pl_severity_parse(pl_str_c(s), ret))
        return fail(r, NULL, "severity", "must be info, low, medium, high or critical");
    return 0;
}

/* Lower-case words joined by "-", with at most one "/" (the kind in front). */
static bool good_id(const char *id)
{
    unsigned slashes = 0;
    for (const char *c = id; *c; c++) {
        bool word = (*c >= 'a' && *c <= 'z') || (*c >= '0' && *c <= '9');
        if (!word && *c != '-' && *c != '/')
            return false;
        if (!word && (c == id || c[-1] == '-' || c[-1] == '/' || !c[1]))
            return false;
        slashes += *c == '/';
    }
    return slashes <= 1;
}

static int check_regex(struct reader *r, const char *key, struct pl_str text, unsigned *groups)
{
    struct pl_regex *re = NULL;
    struct pl_err why = { 0 };
    if (pl_regex_new(text, 0, &re, &why) < 0)
        return fail(r, pl_toml_get(r->rule, key), key, why.msg);
    size_t size = pl_regex_size(re);
    *groups = pl_regex_groups(re);
    pl_regex_free(re);
    if (size > MAX_PROGRAM) {
        struct pl_str msg =
            pl_printf(r->a, "too large: %zu instructions, at most %u", size, MAX_PROGRAM);
        return fail(r, pl_toml_get(r->rule, key), key, msg.p);
    }
    return 0;
}

static int check_extent(struct reader *r, struct pl_str regex)
{
    struct pl_bytes_table bytes = { 0 };
    struct pl_rule_shape shape;
    pl_rule_shape_of(regex, &bytes, &shape);
    free(bytes.p);
    if (shape.max != UINT32_MAX && shape.max > PL_MATCH_MAX)
        return fail(r, NULL, "regex", "its match may be longer than 60 KiB");
    if (shape.max == 0)
        return fail(r, NULL, "regex", "matches nothing but the empty text");
    return 0;
}

static int check_matching(struct reader *r, const struct pl_rule *u)
{
    const struct pl_check *c = u->check ? pl_check_find(u->check) : NULL;
    if (u->check && !c) {
        const char *names[PL_CHECK_MAX];
        size_t n = pl_check_names(names);
        const char *near = pl_near(pl_str_c(u->check), names, n);
        return fail(r, NULL, "check",
                    near ? pl_printf(r->a, "unknown; did you mean '%s'?", near).p : "unknown");
    }
    if (!u->regex)
        return c && c->find ? 0 : fail(r, NULL, "regex", "missing");
    if (c && c->find)
        return fail(r, NULL, "regex", "not used by a check that is a finder");
    unsigned groups = 0;
    int e = 0;
    struct pl_str head = { 0 }, tail = pl_str_c(u->regex);
    if (pl_assign_split(tail, &head, &tail)) {
        e = check_regex(r, "regex", head, &groups);
        if (e == 0 && (groups || u->before))
            e = fail(r, NULL, "regex", "no capture and no 'before' in front of {assign}");
    }
    if (e == 0)
        e = check_regex(r, "regex", tail, &groups);
    if (e == 0 && u->group > groups)
        e = fail(r, NULL, "group", "no such group in the regex");
    return e < 0 ? e : check_extent(r, tail);
}

static int check_lists(struct reader *r, const struct pl_rule *u)
{
    const struct pl_check *c = u->check ? pl_check_find(u->check) : NULL;
    if (u->keywords.n == 0 && !(c && c->at_run) && (u->paths.n == 0 || !u->regex || u->before))
        return fail(r, NULL, "keywords", "missing; only a regex for 'paths' can do without");
    for (size_t i = 0; i < u->keywords.n; i++) {
        size_t n = strlen(u->keywords.p[i]);
        if (n < 3 || n > 64)
            return fail(r, NULL, "keywords", "each must have 3 to 64 bytes");
    }
    for (size_t i = 0; i < u->allow.n; i++) {
        unsigned groups;
        int e = check_regex(r, "allow", pl_str_c(u->allow.p[i]), &groups);
        if (e < 0)
            return e;
    }
    for (size_t i = 0; i < u->paths.n; i++) {
        struct pl_err why = { 0 };
        if (pl_glob_check(pl_str_c(u->paths.p[i]), &why) < 0)
            return fail(r, NULL, "paths", why.msg);
    }
    return 0;
}

static int get_sample(struct reader *r, const char *key, const struct pl_toml *t,
                      struct pl_rule_sample *s)
{
    const struct pl_toml *text = t;
    s->line = pl_toml_line(t);
    if (pl_toml_type(t) == PL_TOML_TABLE) {
        text = pl_toml_get(t, "text");
        s->path = pl_dup(r->a, pl_toml_str(pl_toml_get(t, "path")));
        s->name = pl_dup(r->a, pl_toml_str(pl_toml_get(t, "name")));
        if (pl_toml_len(t) != 1u + (s->path.n > 0) + (s->name.n > 0))
            return fail(r, t, key, "a sample table has text, path and name only");
    }
    if (!pl_toml_str(text).p)
        return fail(r, t, key, "a sample is a string or a table with text");
    s->text = pl_dup(r->a, pl_toml_str(text));
    return 0;
}

static int get_samples(struct reader *r)
{
    const struct pl_toml *list[2] = { pl_toml_get(r->rule, "no"), pl_toml_get(r->rule, "yes") };
    size_t n = pl_toml_len(list[0]) + pl_toml_len(list[1]);
    if (n > MAX_LIST)
        return fail(r, NULL, "yes", "too many samples");
    struct pl_rule_sample *sample = pl_alloc_n(r->a, n ? n : 1, sizeof *sample);
    r->src->sample = sample;
    for (unsigned yes = 0; yes < 2; yes++) {
        const char *key = yes ? "yes" : "no";
        if (list[yes] && pl_toml_type(list[yes]) != PL_TOML_ARRAY)
            return fail(r, list[yes], key, "must be a list of samples");
        for (size_t i = 0; i < pl_toml_len(list[yes]); i++) {
            struct pl_rule_sample *s = &sample[r->src->n_samples++];
            *s = (struct pl_rule_sample){ .yes = yes, .number = (unsigned)i };
            int e = get_sample(r, key, pl_toml_at(list[yes], i), s);
            if (e < 0)
                return e;
        }
    }
    return 0;
}

static int get_words(struct reader *r, struct pl_rule *u)
{
    int e = get_text(r, "id", true, &u->id);
    if (e == 0 && !good_id(u->id))
        e = fail(r, NULL, "id", "lower-case words joined by '-', with at most one '/'");
    if (e == 0)
        e = get_text(r, "title", true, &u->title);
    if (e == 0)
        e = get_text(r, "why", true, &u->why);
    if (e == 0)
        e = get_text(r, "fix", true, &u->fix);
    if (e == 0)
        e = get_text(r, "since", true, &u->since);
    if (e == 0)
        e = get_severity(r, &u->severity);
    if (e == 0)
        e = get_text(r, "regex", false, &u->regex);
    if (e == 0)
        e = get_text(r, "check", false, &u->check);
    return e;
}

static int get_rest(struct reader *r, struct pl_rule *u)
{
    int e = get_list(r, "keywords", &u->keywords);
    if (e == 0)
        e = get_list(r, "allow", &u->allow);
    if (e == 0)
        e = get_list(r, "paths", &u->paths);
    if (e == 0)
        e = get_list(r, "aliases", &u->aliases);
    if (e == 0)
        e = get_list(r, "names", &u->names);
    if (e == 0)
        e = get_flag(r, "keyword_case", &u->keyword_case);
    if (e == 0)
        e = get_flag(r, "generic", &u->generic);
    if (e == 0)
        e = get_flag(r, "weak_in_docs", &u->weak_in_docs);
    if (e == 0)
        e = get_flag(r, "more_forms", &u->more_forms);
    if (e == 0)
        e = get_number(r, "before", 4096, &u->before);
    if (e == 0)
        e = get_number(r, "group", 15, &u->group);
    if (e == 0)
        e = get_number(r, "prefix", 64, &u->prefix);
    if (e == 0)
        e = get_entropy(r, &u->entropy);
    return e;
}

static int get_rule(struct reader *r)
{
    struct pl_rule *u = &r->src->rule;
    int e = get_words(r, u);
    if (e == 0)
        e = pl_toml_each(r->rule, check_key, r);
    if (e == 0)
        e = get_rest(r, u);
    if (e == 0)
        e = check_lists(r, u);
    if (e == 0)
        e = check_matching(r, u);
    return e < 0 ? e : get_samples(r);
}

static int only_rules(void *arg, struct pl_str key, const struct pl_toml *value)
{
    struct reader *r = arg;
    if (pl_str_is(key, "rule"))
        return 0;
    return pl_fail(r->err, PL_E_FORMAT, "%s:%u: unknown key '%.*s'; only [[rule]] is known",
                   r->name, pl_toml_line(value), PL_FMT(pl_str_sub(key, 0, 60)));
}

static int read_all(struct reader *r, const struct pl_toml *doc, struct pl_rule_source **ret,
                    size_t *ret_n)
{
    int e = pl_toml_each(doc, only_rules, r);
    if (e < 0)
        return e;
    const struct pl_toml *list = pl_toml_get(doc, "rule");
    size_t n = pl_toml_len(list);
    if ((list && pl_toml_type(list) != PL_TOML_ARRAY) || n > MAX_RULES)
        return pl_fail(r->err, PL_E_FORMAT, "%s: 'rule' must be a list of tables", r->name);
    struct pl_rule_source *src = pl_alloc_n(r->a, n ? n : 1, sizeof *src);
    for (size_t i = 0; i < n; i++) {
        r->rule = pl_toml_at(list, i);
        r->src = &src[i];
        if (pl_toml_type(r->rule) != PL_TOML_TABLE)
            return fail(r, r->rule, "rule", "must be a table");
        src[i].file = r->name;
        src[i].line = pl_toml_line(r->rule);
        e = get_rule(r);
        if (e < 0)
            return e;
    }
    *ret = src;
    *ret_n = n;
    return 0;
}

int pl_rules_read(struct pl_str toml, const char *name, struct pl_arena *a,
                  struct pl_rule_source **ret_rules, size_t *ret_n, struct pl_err *err)
{
    struct pl_toml *doc = NULL;
    int e = pl_toml_parse(toml, name, &doc, err);
    if (e < 0)
        return e;
    struct reader r = { .a = a, .name = pl_dup(a, pl_str_c(name)).p, .err = err };
    e = read_all(&r, doc, ret_rules, ret_n);
    pl_toml_free(doc);
    return e;
}
