/* WWW-Authenticate: several challenges in one field, parameters with quoted commas. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/challenge.h"

struct scan {
    struct pl_str s;
    size_t at;
    struct pl_arena *a;
    struct pl_err *err;
};

static bool is_token(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (c && strchr("!#$%&'*+-.^_`|~", c));
}

static void blanks(struct scan *x)
{
    while (x->at < x->s.n && (x->s.p[x->at] == ' ' || x->s.p[x->at] == '\t'))
        x->at++;
}

static char here(const struct scan *x)
{
    return x->at < x->s.n ? x->s.p[x->at] : 0;
}

static struct pl_str token(struct scan *x)
{
    size_t from = x->at;
    while (x->at < x->s.n && is_token(x->s.p[x->at]))
        x->at++;
    return pl_str_n(x->s.p + from, x->at - from);
}

static int quoted(struct scan *x, struct pl_str *ret)
{
    char *out = pl_alloc(x->a, x->s.n - x->at + 1);
    size_t n = 0;
    for (x->at++; x->at < x->s.n && x->s.p[x->at] != '"'; x->at++) {
        if (x->s.p[x->at] == '\\' && x->at + 1 < x->s.n)
            x->at++;
        out[n++] = x->s.p[x->at];
    }
    if (here(x) != '"')
        return pl_fail(x->err, PL_E_FORMAT, "WWW-Authenticate: a quoted text does not end");
    x->at++;
    *ret = pl_str_n(out, n);
    return 0;
}

static int value(struct scan *x, struct pl_str *ret)
{
    blanks(x);
    if (here(x) == '"')
        return quoted(x, ret);
    *ret = pl_dup(x->a, token(x));
    return ret->n ? 0 : pl_fail(x->err, PL_E_FORMAT, "WWW-Authenticate: a parameter is empty");
}

static int parameter(struct scan *x, struct pl_challenge *c, struct pl_str name)
{
    struct {
        const char *name;
        struct pl_str *to;
    } known[] = { { "realm", &c->realm },
                  { "service", &c->service },
                  { "scope", &c->scope },
                  { "error", &c->error } };
    struct pl_str v;
    int r = value(x, &v);
    for (size_t i = 0; r == 0 && i < sizeof known / sizeof *known; i++) {
        if (!pl_str_ieq(name, pl_str_c(known[i].name)))
            continue;
        if (known[i].to->p)
            r = pl_fail(x->err, PL_E_FORMAT, "WWW-Authenticate: '%s' is given twice",
                        known[i].name);
        *known[i].to = v;
    }
    return r;
}

/* token68 after a scheme: "Negotiate YII=". Nothing here uses it. */
static bool skip_token68(struct scan *x)
{
    size_t at = x->at, from = at;
    while (at < x->s.n && (is_token(x->s.p[at]) || x->s.p[at] == '/'))
        at++;
    size_t chars = at - from;
    while (at < x->s.n && x->s.p[at] == '=')
        at++;
    while (at < x->s.n && (x->s.p[at] == ' ' || x->s.p[at] == '\t'))
        at++;
    if (!chars || (at < x->s.n && x->s.p[at] != ','))
        return false;
    x->at = at;
    return true;
}

static enum pl_auth_scheme scheme_of(struct pl_str s)
{
    if (pl_str_ieq(s, PL_S("basic")))
        return PL_AUTH_BASIC;
    return pl_str_ieq(s, PL_S("bearer")) ? PL_AUTH_BEARER : PL_AUTH_OTHER;
}

int pl_challenge_parse(struct pl_str field, struct pl_arena *a, struct pl_challenge *ret,
                       size_t *ret_n, struct pl_err *err)
{
    struct scan x = { field, 0, a, err };
    size_t n = 0;
    for (;;) {
        while (here(&x) == ',' || here(&x) == ' ' || here(&x) == '\t')
            x.at++;
        if (x.at >= field.n)
            break;
        struct pl_str word = token(&x);
        if (!word.n)
            return pl_fail(err, PL_E_FORMAT, "WWW-Authenticate: malformed");
        bool gap = here(&x) == ' ' || here(&x) == '\t';
        blanks(&x);
        if (here(&x) == '=' && n) {
            x.at++;
            int r = parameter(&x, &ret[n - 1], word);
            if (r < 0)
                return r;
        } else {
            if (n == PL_CHALLENGES_MAX || (!gap && here(&x) && here(&x) != ','))
                return pl_fail(err, PL_E_FORMAT, "WWW-Authenticate: malformed");
            ret[n++] = (struct pl_challenge){ .scheme = scheme_of(word) };
            skip_token68(&x);
            continue;
        }
        blanks(&x);
        if (here(&x) && here(&x) != ',')
            return pl_fail(err, PL_E_FORMAT, "WWW-Authenticate: malformed");
    }
    *ret_n = n;
    return 0;
}
