/* TOML values for the gitleaks personality, with the tolerance of the original's reader. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "compat/gl_toml.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

struct lookup {
    struct pl_str key;
    const struct pl_toml *found;
};

static int look(void *arg, struct pl_str key, const struct pl_toml *value)
{
    struct lookup *l = arg;
    if (!pl_str_ieq(key, l->key))
        return 0;
    l->found = value;
    return 1;
}

const struct pl_toml *pl_gl_toml_get(const struct pl_toml *t, const char *key)
{
    struct lookup l = { .key = pl_str_c(key) };
    if (pl_toml_type(t) != PL_TOML_TABLE)
        return NULL;
    pl_toml_each(t, look, &l);
    return l.found;
}

size_t pl_gl_toml_tables(const struct pl_toml *t)
{
    if (pl_toml_type(t) == PL_TOML_TABLE)
        return pl_toml_len(t) ? 1 : 0;
    return pl_toml_type(t) == PL_TOML_ARRAY ? pl_toml_len(t) : 0;
}

const struct pl_toml *pl_gl_toml_table(const struct pl_toml *t, size_t i)
{
    return pl_toml_type(t) == PL_TOML_TABLE ? t : pl_toml_at(t, i);
}

static int wrong(const char *key, const char *want, const struct pl_toml *t, struct pl_err *err)
{
    return pl_fail(err, PL_E_FORMAT, "'%s' expected %s, got %s (line %u)", key, want,
                   pl_toml_type_name(pl_toml_type(t)), pl_toml_line(t));
}

/* The text of a scalar; p == NULL when it is none. */
static struct pl_str scalar(struct pl_gl_config *c, const struct pl_toml *t)
{
    switch (pl_toml_type(t)) {
    case PL_TOML_STRING:
        return pl_dup(&c->a, pl_toml_str(t));
    case PL_TOML_INT:
        return pl_printf(&c->a, "%" PRId64, pl_toml_int(t, 0));
    case PL_TOML_FLOAT:
        return pl_printf(&c->a, "%g", pl_toml_float(t, 0));
    case PL_TOML_BOOL:
        return pl_dup(&c->a, pl_toml_bool(t, false) ? PL_S("1") : PL_S("0"));
    default:
        return (struct pl_str){ 0 };
    }
}

int pl_gl_toml_str(struct pl_gl_config *c, const struct pl_toml *t, const char *key,
                   struct pl_str *ret, struct pl_err *err)
{
    const struct pl_toml *v = pl_gl_toml_get(t, key);
    *ret = PL_S("");
    if (!v)
        return 0;
    struct pl_str s = scalar(c, v);
    if (!s.p)
        return wrong(key, "a string", v, err);
    *ret = s;
    return 0;
}

int pl_gl_toml_strs(struct pl_gl_config *c, const struct pl_toml *t, const char *key,
                    pl_gl_strs *ret, struct pl_err *err)
{
    const struct pl_toml *v = pl_gl_toml_get(t, key);
    if (!v)
        return 0;
    if (pl_toml_type(v) == PL_TOML_STRING) { /* one string is split at commas */
        struct pl_str rest = pl_dup(&c->a, pl_toml_str(v)), one;
        while (rest.n && pl_str_split(&rest, ',', &one))
            pl_vec_push(ret, one);
        return 0;
    }
    if (pl_toml_type(v) != PL_TOML_ARRAY) {
        struct pl_str s = scalar(c, v);
        if (!s.p)
            return wrong(key, "a list of strings", v, err);
        pl_vec_push(ret, s);
        return 0;
    }
    for (size_t i = 0; i < pl_toml_len(v); i++) {
        struct pl_str s = scalar(c, pl_toml_at(v, i));
        if (!s.p)
            return wrong(key, "a list of strings", pl_toml_at(v, i), err);
        pl_vec_push(ret, s);
    }
    return 0;
}

int pl_gl_toml_float(const struct pl_toml *t, const char *key, double *ret, struct pl_err *err)
{
    const struct pl_toml *v = pl_gl_toml_get(t, key);
    if (!v)
        return 0;
    if (pl_toml_type(v) == PL_TOML_INT || pl_toml_type(v) == PL_TOML_FLOAT) {
        *ret = pl_toml_float(v, 0);
    } else if (pl_toml_type(v) == PL_TOML_BOOL) {
        *ret = pl_toml_bool(v, false);
    } else if (pl_toml_type(v) == PL_TOML_STRING) {
        char text[64], *end;
        struct pl_str s = pl_toml_str(v);
        if (s.n >= sizeof text)
            return wrong(key, "a number", v, err);
        memcpy(text, s.p, s.n);
        text[s.n] = '\0';
        double d = strtod(text, &end);
        if (s.n && (end == text || *end))
            return wrong(key, "a number", v, err);
        *ret = s.n ? d : 0;
    } else {
        return wrong(key, "a number", v, err);
    }
    return 0;
}

int pl_gl_toml_int(const struct pl_toml *t, const char *key, int64_t *ret, struct pl_err *err)
{
    const struct pl_toml *v = pl_gl_toml_get(t, key);
    double d = 0;
    if (!v)
        return 0;
    if (pl_toml_type(v) == PL_TOML_INT) {
        *ret = pl_toml_int(v, 0);
        return 0;
    }
    int r = pl_gl_toml_float(t, key, &d, err);
    if (r < 0)
        return r;
    if (!(d > -1e15 && d < 1e15))
        return wrong(key, "an integer", v, err);
    *ret = (int64_t)d;
    return 0;
}

int pl_gl_toml_bool(const struct pl_toml *t, const char *key, bool *ret, struct pl_err *err)
{
    static const char *const yes[] = { "1", "t", "T", "true", "TRUE", "True" };
    static const char *const no[] = { "", "0", "f", "F", "false", "FALSE", "False" };
    const struct pl_toml *v = pl_gl_toml_get(t, key);
    if (!v)
        return 0;
    if (pl_toml_type(v) == PL_TOML_BOOL) {
        *ret = pl_toml_bool(v, false);
        return 0;
    }
    if (pl_toml_type(v) == PL_TOML_INT || pl_toml_type(v) == PL_TOML_FLOAT) {
        *ret = pl_toml_float(v, 0) != 0;
        return 0;
    }
    if (pl_toml_type(v) != PL_TOML_STRING)
        return wrong(key, "true or false", v, err);
    for (size_t i = 0; i < sizeof yes / sizeof *yes; i++)
        if (pl_str_is(pl_toml_str(v), yes[i])) {
            *ret = true;
            return 0;
        }
    for (size_t i = 0; i < sizeof no / sizeof *no; i++)
        if (pl_str_is(pl_toml_str(v), no[i])) {
            *ret = false;
            return 0;
        }
    return wrong(key, "true or false", v, err);
}

static bool number(struct pl_str *s, uint64_t *ret)
{
    size_t n = 0;
    while (n < s->n && s->p[n] >= '0' && s->p[n] <= '9')
        n++;
    if (!pl_str_u64(pl_str_sub(*s, 0, n), ret))
        return false;
    *s = pl_str_sub(*s, n, SIZE_MAX);
    return true;
}

int pl_gl_version_newer(struct pl_str v)
{
    static const uint64_t own[3] = { 8, 30, 1 };
    uint64_t part[3] = { 0 };
    if (pl_str_starts(v, PL_S("v")))
        v = pl_str_sub(v, 1, SIZE_MAX);
    for (size_t i = 0; i < 3; i++) {
        if (i && !pl_str_starts(v, PL_S(".")))
            break;
        if (i)
            v = pl_str_sub(v, 1, SIZE_MAX);
        if (!number(&v, &part[i]))
            return -1;
    }
    if (v.n && v.p[0] != '-' && v.p[0] != '+' && v.p[0] != '.')
        return -1;
    for (size_t i = 0; i < 3; i++)
        if (part[i] != own[i])
            return part[i] > own[i];
    return 0;
}
