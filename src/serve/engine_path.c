/* Targets of the Engine API: RFC 3986 sections 5.2.4 and 2.1, and the queries of HTML forms. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/engine_path.h"

#include "base/buf.h"

/* Decodes `s`; NUL and broken escapes are refused. */
static int decode(struct pl_str s, bool form, struct pl_buf *out, struct pl_err *err)
{
    for (size_t i = 0; i < s.n; i++) {
        uint8_t c = (uint8_t)s.p[i];
        if (c == '%') {
            if (!pl_unhex(pl_str_sub(s, i + 1, 2), &c, 1) || s.n - i < 3)
                return pl_fail(err, PL_E_FORMAT, "a broken escape in the request's target");
            i += 2;
        } else if (form && c == '+') {
            c = ' ';
        }
        if (c == 0)
            return pl_fail(err, PL_E_FORMAT, "NUL in the request's target");
        pl_buf_putn(out, &c, 1);
    }
    return 0;
}

/* "http://host/x" is "/x": Go's server takes both. */
static struct pl_str without_host(struct pl_str s)
{
    size_t at = pl_str_find(s, PL_S("://"), 0), slash;
    if (s.n && s.p[0] != '/' && at != SIZE_MAX) {
        slash = pl_str_find(s, PL_S("/"), at + 3);
        return slash == SIZE_MAX ? PL_S("/") : pl_str_sub(s, slash, s.n);
    }
    return s;
}

static bool is_version(struct pl_str s)
{
    if (s.n < 2 || s.p[0] != 'v')
        return false;
    for (size_t i = 1; i < s.n; i++)
        if (s.p[i] != '.' && (s.p[i] < '0' || s.p[i] > '9'))
            return false;
    return true;
}

static void normalise(struct pl_str s, struct pl_buf *out)
{
    struct pl_str part;
    bool first = true;
    while (pl_str_split(&s, '/', &part)) {
        if (part.n == 0 || pl_str_is(part, "."))
            continue;
        if (pl_str_is(part, "..")) {
            while (out->n && out->p[--out->n] != '/')
                continue;
            continue;
        }
        if (!(first && is_version(part))) {
            pl_buf_putc(out, '/');
            pl_buf_putn(out, part.p, part.n);
        }
        first = false;
    }
}

int pl_engine_path(struct pl_str target, struct pl_arena *a, struct pl_str *ret_path,
                   struct pl_str *ret_query, struct pl_err *err)
{
    pl_auto_buf struct pl_buf plain = { 0 }, clean = { 0 };
    struct pl_str rest = without_host(target), path;
    if (target.n == 0)
        return pl_fail(err, PL_E_FORMAT, "the request has no target");
    pl_str_split(&rest, '?', &path);
    int r = decode(path, /* form= */ false, &plain, err);
    if (r < 0)
        return r;
    normalise(pl_buf_str(&plain), &clean);
    *ret_path = pl_dup(a, pl_buf_str(&clean));
    *ret_query = rest.p ? pl_dup(a, rest) : PL_S("");
    return 0;
}

int pl_engine_query(struct pl_str query, const char *name, struct pl_arena *a, struct pl_str *ret,
                    struct pl_err *err)
{
    struct pl_str pair;
    bool found = false;
    *ret = PL_S("");
    if (pl_str_find(query, PL_S(";"), 0) != SIZE_MAX ||
        pl_str_find(query, PL_S("#"), 0) != SIZE_MAX)
        return pl_fail(err, PL_E_FORMAT, "';' or '#' in the request's query");
    while (pl_str_split(&query, '&', &pair)) {
        pl_auto_buf struct pl_buf key = { 0 }, value = { 0 };
        struct pl_str left, right = pair;
        pl_str_split(&right, '=', &left);
        int r = decode(left, /* form= */ true, &key, err);
        if (r == 0 && right.p)
            r = decode(right, /* form= */ true, &value, err);
        if (r < 0)
            return r;
        if (!pl_str_is(pl_buf_str(&key), name))
            continue;
        if (found)
            return pl_fail(err, PL_E_FORMAT, "'%s' stands twice in the request's query", name);
        found = true;
        *ret = pl_dup(a, pl_buf_str(&value));
    }
    return 0;
}
