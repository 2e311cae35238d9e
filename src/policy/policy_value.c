/* Values of a policy: words, spans of time, dates, patterns, lists. formats/gates.md section 1. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stdio.h>
#include <time.h>

#include "base/near.h"
#include "policy/policy_int.h"

#define KEYS_MAX 32u

int pl_pol_fail(struct pl_pol *r, const struct pl_yaml *y, const char *fmt, ...)
{
    char text[400];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    return pl_fail(r->err, PL_E_USAGE, "%.*s:%u: %s", PL_FMT(r->p->name), y ? y->line : 1, text);
}

/* For messages: what a user typed, cut. */
static struct pl_str cut(struct pl_str s)
{
    return pl_str_sub(s, 0, 60);
}

static int unknown_key(struct pl_pol *r, const struct pl_yaml *key, const char *what,
                       const struct pl_pol_field *f, size_t n)
{
    const char *names[KEYS_MAX];
    for (size_t i = 0; i < n && i < KEYS_MAX; i++)
        names[i] = f[i].name;
    const char *near = pl_near(key->text, names, n < KEYS_MAX ? n : KEYS_MAX);
    return pl_pol_fail(r, key, "unknown key '%.*s' in %s%s%s%s", PL_FMT(cut(key->text)), what,
                       near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
}

static int check_keys(struct pl_pol *r, const struct pl_yaml *y, const char *what,
                      const struct pl_pol_field *f, size_t n)
{
    for (size_t i = 0; i < y->n; i++) {
        const struct pl_yaml *key = y->item[2 * i];
        size_t k = 0;
        if (key->kind != PL_YAML_SCALAR || key->tag.n)
            return pl_pol_fail(r, key, "a key of %s is no plain word", what);
        while (k < n && !pl_str_is(key->text, f[k].name))
            k++;
        if (k == n)
            return unknown_key(r, key, what, f, n);
    }
    return 0;
}

int pl_pol_map(struct pl_pol *r, const struct pl_yaml *y, const char *what,
               const struct pl_pol_field *f, size_t n, void *to)
{
    if (!y || y->kind != PL_YAML_MAP || y->tag.n)
        return pl_pol_fail(r, y, "%s must be a mapping", what);
    int q = check_keys(r, y, what, f, n);
    for (size_t i = 0; q == 0 && i < n; i++) {
        const struct pl_yaml *v = pl_yaml_get(y, f[i].name);
        if (v && v->tag.n)
            return pl_pol_fail(r, v, "tags are not read: '%s'", f[i].name);
        if (!v && f[i].required)
            return pl_pol_fail(r, y, "%s needs '%s'", what, f[i].name);
        if (v && f[i].read)
            q = f[i].read(r, v, (char *)to + f[i].off);
    }
    return q;
}

/* ---- scalars ---- */

static int scalar(struct pl_pol *r, const struct pl_yaml *v, struct pl_str *ret)
{
    if (v->kind != PL_YAML_SCALAR || v->tag.n)
        return pl_pol_fail(r, v, "one value is wanted, not a list or mapping");
    if (v->text.n == 0)
        return pl_pol_fail(r, v, "the value is empty");
    if (memchr(v->text.p, 0, v->text.n))
        return pl_pol_fail(r, v, "the value holds a NUL");
    *ret = pl_dup(&r->p->a, v->text);
    return 0;
}

int pl_pol_str(struct pl_pol *r, const struct pl_yaml *v, void *to)
{
    return scalar(r, v, to);
}

int pl_pol_bool(struct pl_pol *r, const struct pl_yaml *v, void *to)
{
    bool yes = v->kind == PL_YAML_SCALAR && v->plain && pl_str_is(v->text, "true");
    if (!yes && !(v->kind == PL_YAML_SCALAR && v->plain && pl_str_is(v->text, "false")))
        return pl_pol_fail(r, v, "true or false is wanted");
    *(bool *)to = yes;
    return 0;
}

int pl_pol_uint(struct pl_pol *r, const struct pl_yaml *v, void *to)
{
    uint64_t n = 0;
    if (v->kind != PL_YAML_SCALAR || !v->plain || !pl_str_u64(v->text, &n) || n == 0 ||
        n > UINT32_MAX)
        return pl_pol_fail(r, v, "a number above 0 is wanted");
    *(uint32_t *)to = (uint32_t)n;
    return 0;
}

int pl_pol_word(struct pl_pol *r, const struct pl_yaml *v, const char *const *words)
{
    struct pl_str s = { 0 };
    char known[128] = "";
    size_t at = 0;
    if (scalar(r, v, &s) < 0)
        return -1;
    for (int i = 0; words[i]; i++) {
        if (pl_str_is(s, words[i]))
            return i;
        int w = snprintf(known + at, sizeof known - at, "%s%s", i ? ", " : "", words[i]);
        at = w > 0 && at + (size_t)w < sizeof known ? at + (size_t)w : at;
    }
    pl_pol_fail(r, v, "'%.*s' is none of: %s", PL_FMT(cut(s)), known);
    return -1;
}

/* "90d", "8s", "1500ms": milliseconds. */
static int span_ms(struct pl_pol *r, const struct pl_yaml *v, uint64_t *ret)
{
    static const struct {
        const char *unit;
        uint64_t ms;
    } units[] = { { "ms", 1 },      { "s", 1000 },     { "m", 60000 },
                  { "h", 3600000 }, { "d", 86400000 }, { "w", 604800000 } };
    struct pl_str s = { 0 };
    uint64_t n = 0;
    size_t digits = 0;
    int q = scalar(r, v, &s);
    if (q < 0)
        return q;
    while (digits < s.n && s.p[digits] >= '0' && s.p[digits] <= '9')
        digits++;
    struct pl_str unit = pl_str_sub(s, digits, s.n);
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++)
        if (pl_str_is(unit, units[i].unit) && pl_str_u64(pl_str_sub(s, 0, digits), &n) && n > 0 &&
            n <= 100000) {
            *ret = n * units[i].ms;
            return 0;
        }
    return pl_pol_fail(r, v, "'%.*s' is no span of time such as 8s, 30m, 24h, 7d", PL_FMT(cut(s)));
}

int pl_pol_span(struct pl_pol *r, const struct pl_yaml *v, void *to)
{
    uint64_t ms = 0;
    int q = span_ms(r, v, &ms);
    if (q == 0 && ms < 1000)
        return pl_pol_fail(r, v, "a span of a second or more is wanted");
    if (q == 0)
        *(int64_t *)to = (int64_t)(ms / 1000);
    return q;
}

int pl_pol_ms(struct pl_pol *r, const struct pl_yaml *v, void *to)
{
    uint64_t ms = 0;
    int q = span_ms(r, v, &ms);
    if (q == 0 && ms > 60000)
        return pl_pol_fail(r, v, "at most 60s is wanted: what asks does not wait longer");
    if (q == 0)
        *(uint32_t *)to = (uint32_t)ms;
    return q;
}

int pl_pol_date(struct pl_pol *r, const struct pl_yaml *v, void *to)
{
    struct pl_str s = { 0 };
    struct tm tm = { 0 };
    uint64_t y = 0, m = 0, d = 0;
    int q = scalar(r, v, &s);
    if (q < 0)
        return q;
    bool form = s.n == 10 && s.p[4] == '-' && s.p[7] == '-' &&
                pl_str_u64(pl_str_sub(s, 0, 4), &y) && pl_str_u64(pl_str_sub(s, 5, 2), &m) &&
                pl_str_u64(pl_str_sub(s, 8, 2), &d);
    tm.tm_year = (int)y - 1900;
    tm.tm_mon = (int)m - 1;
    tm.tm_mday = (int)d;
    time_t t = form && y >= 1970 ? timegm(&tm) : -1;
    if (t < 0 || tm.tm_mon != (int)m - 1 || tm.tm_mday != (int)d)
        return pl_pol_fail(r, v, "'%.*s' is no date such as 2027-01-31", PL_FMT(cut(s)));
    *(int64_t *)to = (int64_t)t;
    return 0;
}

/* ---- lists ---- */

int pl_pol_list(struct pl_pol *r, const struct pl_yaml *v, const char *what, size_t max,
                size_t size, int (*one)(struct pl_pol *r, const struct pl_yaml *v, void *to),
                void **ret, size_t *ret_n)
{
    if (v->kind != PL_YAML_LIST || v->tag.n)
        return pl_pol_fail(r, v, "%s must be a list", what);
    if (v->n == 0)
        return pl_pol_fail(r, v, "%s is empty", what);
    if (v->n > max)
        return pl_pol_fail(r, v, "%s: more than %zu", what, max);
    char *p = pl_alloc_n(&r->p->a, v->n, size);
    int q = 0;
    for (size_t i = 0; q == 0 && i < v->n; i++)
        q = one(r, v->item[i], p + i * size);
    *ret = p;
    *ret_n = v->n;
    return q;
}

static int names_by(struct pl_pol *r, const struct pl_yaml *v,
                    int (*one)(struct pl_pol *r, const struct pl_yaml *v, void *to),
                    struct pl_names *ret)
{
    void *p = NULL;
    int q = pl_pol_list(r, v, "the list", 1000, sizeof(struct pl_str), one, &p, &ret->n);
    ret->p = p;
    return q;
}

int pl_pol_names(struct pl_pol *r, const struct pl_yaml *v, void *to)
{
    return names_by(r, v, pl_pol_str, to);
}

static int one_platform(struct pl_pol *r, const struct pl_yaml *v, void *to)
{
    struct pl_str *s = to;
    int q = scalar(r, v, s);
    size_t slashes = 0;
    for (size_t i = 0; q == 0 && i < s->n; i++)
        slashes += s->p[i] == '/';
    bool bad = q == 0 && (slashes < 1 || slashes > 2 || s->p[0] == '/' || s->p[s->n - 1] == '/' ||
                          pl_str_find(*s, PL_S("//"), 0) != SIZE_MAX);
    /* what runtimes call it: another spelling would leave an image unjudged */
    for (size_t i = 0; q == 0 && i < s->n && !bad; i++) {
        char c = s->p[i];
        bad = !((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || strchr("/._-", c));
    }
    if (bad)
        return pl_pol_fail(r, v, "'%.*s' is no platform such as linux/amd64", PL_FMT(cut(*s)));
    return q;
}

int pl_pol_platforms(struct pl_pol *r, const struct pl_yaml *v, void *to)
{
    return names_by(r, v, one_platform, to);
}

static int one_port(struct pl_pol *r, const struct pl_yaml *v, void *to)
{
    uint32_t n = 0;
    int q = pl_pol_uint(r, v, &n);
    if (q == 0 && n > 65535)
        return pl_pol_fail(r, v, "no port: %u", n);
    *(uint16_t *)to = (uint16_t)n;
    return q;
}

int pl_pol_ports(struct pl_pol *r, const struct pl_yaml *v, void *to)
{
    struct pl_config_rule *c = to;
    void *p = NULL;
    int q = pl_pol_list(r, v, "ports-deny", 1000, sizeof(uint16_t), one_port, &p, &c->n_ports);
    c->ports_deny = p;
    return q;
}

/* ---- patterns ---- */

static bool name_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-' ||
           c == '*';
}

static const char *bad_component(struct pl_str c)
{
    if (c.n == 0)
        return "an empty component";
    for (size_t i = 0; i < c.n; i++)
        if (!name_char(c.p[i]))
            return "a character that no name has";
    if (pl_str_find(c, PL_S("**"), 0) != SIZE_MAX && c.n != 2)
        return "'**' beside other characters";
    return NULL;
}

static const char *bad_host(struct pl_str h)
{
    bool dot = pl_str_is(h, "localhost");
    for (size_t i = 0; i < h.n; i++) {
        dot |= h.p[i] == '.' || h.p[i] == ':';
        if (!name_char(h.p[i]) && h.p[i] != ':' && h.p[i] != '[' && h.p[i] != ']')
            return "a character that no host has";
    }
    if (pl_str_find(h, PL_S("**"), 0) != SIZE_MAX)
        return "'**' in place of a host";
    return dot ? NULL : "no host in front (as in docker.io/library/**)";
}

/* Names are compared in one form; a pattern of another would match nothing, and deny nothing. */
static const char *never_matches(struct pl_str pattern)
{
    struct pl_str path = pattern, host;
    pl_str_split(&path, '/', &host);
    if (pl_str_is(host, "index.docker.io") || pl_str_is(host, "registry-1.docker.io"))
        return "a host that is called docker.io here";
    if (pl_str_ends(host, PL_S(":443")))
        return "the port 443, which names are compared without";
    if (pl_str_ends(host, PL_S(".")))
        return "a host that ends in a dot, which no name has";
    if (pl_str_is(host, "docker.io") && pl_str_find(path, PL_S("/"), 0) == SIZE_MAX &&
        !pl_str_is(path, "**"))
        return "one component, and Docker's own images are docker.io/library/…";
    return NULL;
}

int pl_pol_pattern(struct pl_pol *r, const struct pl_yaml *v, struct pl_str *ret)
{
    struct pl_str s = { 0 }, rest, head;
    int q = scalar(r, v, &s);
    if (q < 0)
        return q;
    if (s.n > 400)
        return pl_pol_fail(r, v, "the pattern is too long");
    rest = s;
    pl_str_split(&rest, '/', &head);
    const char *bad = bad_host(head);
    if (!bad && !rest.p)
        bad = "a host alone; HOST/** is all that it has";
    while (!bad && pl_str_split(&rest, '/', &head))
        bad = bad_component(head);
    if (!bad)
        bad = never_matches(s);
    if (bad)
        return pl_pol_fail(r, v, "pattern '%.*s' has %s", PL_FMT(cut(s)), bad);
    *ret = s;
    return 0;
}

static int one_pattern(struct pl_pol *r, const struct pl_yaml *v, void *to)
{
    return pl_pol_pattern(r, v, to);
}

int pl_pol_patterns(struct pl_pol *r, const struct pl_yaml *v, void *to)
{
    return names_by(r, v, one_pattern, to);
}
