/* Addresses of http and https. RFC 3986 sections 3 and 5.2. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "io/url.h"

#include "base/buf.h"

#define URL_MAX 16384u

static bool is_alnum(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/* Printable ASCII without those that some reader takes for a separator. */
static bool all_plain(struct pl_str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] <= ' ' || s.p[i] >= 127 || strchr("\\\"<>^`{|}", s.p[i]))
            return false;
    return true;
}

static bool good_host(struct pl_str h)
{
    if (h.n > 2 && h.p[0] == '[' && h.p[h.n - 1] == ']') {
        for (size_t i = 1; i + 1 < h.n; i++)
            if (!strchr("0123456789abcdefABCDEF:.", h.p[i]))
                return false;
        return true;
    }
    for (size_t i = 0; i < h.n; i++)
        if (!is_alnum(h.p[i]) && h.p[i] != '-' && h.p[i] != '.' && h.p[i] != '_')
            return false;
    return h.n > 0 && h.n <= 253 && h.p[0] != '.' && h.p[0] != '-';
}

static struct pl_str lower(struct pl_arena *a, struct pl_str s)
{
    struct pl_str out = pl_dup(a, s);
    for (char *c = (char *)(uintptr_t)out.p; *c; c++)
        if (*c >= 'A' && *c <= 'Z')
            *c = (char)(*c + 32);
    return out;
}

static int authority(struct pl_str s, struct pl_arena *a, struct pl_url *u, struct pl_err *err)
{
    size_t from = 0;
    uint64_t port = u->https ? 443 : 80;
    if (memchr(s.p, '@', s.n))
        return pl_fail(err, PL_E_FORMAT, "an address with a user name is refused");
    if (s.n && s.p[0] == '[') {
        from = pl_str_find(s, PL_S("]"), 0);
        if (from == SIZE_MAX)
            return pl_fail(err, PL_E_FORMAT, "malformed host in an address");
    }
    size_t colon = pl_str_find(s, PL_S(":"), from);
    struct pl_str host = pl_str_sub(s, 0, colon);
    if (colon != SIZE_MAX && colon + 1 < s.n &&
        (s.n - colon > 6 || !pl_str_u64(pl_str_sub(s, colon + 1, s.n), &port)))
        return pl_fail(err, PL_E_FORMAT, "malformed port in an address");
    if (!good_host(host) || port == 0 || port > 65535)
        return pl_fail(err, PL_E_FORMAT, "malformed host in an address");
    u->host = lower(a, host);
    u->port = (uint32_t)port;
    return 0;
}

/* RFC 3986 section 5.2.4, on an absolute path. */
static struct pl_str without_dots(struct pl_arena *a, struct pl_str path)
{
    char *out = pl_alloc(a, path.n + 2);
    size_t n = 0;
    struct pl_str rest = pl_str_sub(path, 1, path.n), seg;
    bool slash = true;
    while (pl_str_split(&rest, '/', &seg)) {
        bool up = pl_str_is(seg, ".."), same = pl_str_is(seg, ".");
        slash = up || same;
        if (up)
            while (n && out[--n] != '/')
                ;
        if (up || same)
            continue;
        out[n++] = '/';
        memcpy(out + n, seg.p, seg.n);
        n += seg.n;
    }
    if (slash || n == 0)
        out[n++] = '/';
    return pl_str_n(out, n);
}

static struct pl_str settle_target(struct pl_arena *a, struct pl_str target)
{
    size_t query = pl_str_find(target, PL_S("?"), 0);
    struct pl_str path = pl_str_sub(target, 0, query);
    if (query == SIZE_MAX)
        query = target.n;
    if (!path.n)
        path = PL_S("/");
    struct pl_str clean = without_dots(a, path);
    return pl_printf(a, "%.*s%.*s", PL_FMT(clean), PL_FMT(pl_str_sub(target, query, target.n)));
}

static int hierarchy(struct pl_str s, struct pl_arena *a, struct pl_url *u, struct pl_err *err)
{
    size_t end = 0;
    while (end < s.n && s.p[end] != '/' && s.p[end] != '?')
        end++;
    int r = authority(pl_str_sub(s, 0, end), a, u, err);
    if (r == 0)
        u->target = settle_target(a, pl_str_sub(s, end, s.n));
    return r;
}

static int common(struct pl_str *s, struct pl_err *err)
{
    *s = pl_str_sub(*s, 0, pl_str_find(*s, PL_S("#"), 0));
    if (s->n > URL_MAX)
        return pl_fail(err, PL_E_LIMIT, "an address of %zu bytes", s->n);
    if (!all_plain(*s))
        return pl_fail(err, PL_E_FORMAT, "an address with characters that have no place in one");
    return 0;
}

/* The scheme's length with its colon, 0 when there is none. */
static size_t scheme(struct pl_str s)
{
    size_t i = 0;
    while (i < s.n && (is_alnum(s.p[i]) || strchr("+-.", s.p[i])))
        i++;
    return i && i < s.n && s.p[i] == ':' ? i + 1 : 0;
}

int pl_url_parse(struct pl_str s, struct pl_arena *a, struct pl_url *ret, struct pl_err *err)
{
    struct pl_url u = { 0 };
    int r = common(&s, err);
    if (r < 0)
        return r;
    size_t n = scheme(s);
    u.https = pl_str_ieq(pl_str_sub(s, 0, n), PL_S("https:"));
    if ((!u.https && !pl_str_ieq(pl_str_sub(s, 0, n), PL_S("http:"))) ||
        !pl_str_is(pl_str_sub(s, n, 2), "//"))
        return pl_fail(err, PL_E_FORMAT, "an address that is neither http:// nor https://");
    r = hierarchy(pl_str_sub(s, n + 2, s.n), a, &u, err);
    if (r == 0)
        *ret = u;
    return r;
}

int pl_url_resolve(const struct pl_url *base, struct pl_str ref, struct pl_arena *a,
                   struct pl_url *ret, struct pl_err *err)
{
    struct pl_url u = *base;
    int r = common(&ref, err);
    if (r < 0)
        return r;
    if (scheme(ref))
        return pl_url_parse(ref, a, ret, err);
    u.host = pl_dup(a, base->host); /* `base` may be gone before the result */
    u.target = pl_dup(a, base->target);
    if (pl_str_starts(ref, PL_S("//"))) {
        r = hierarchy(pl_str_sub(ref, 2, ref.n), a, &u, err);
    } else if (ref.n) {
        struct pl_str path = pl_str_sub(base->target, 0, pl_str_find(base->target, PL_S("?"), 0));
        const char *slash = memrchr(path.p, '/', path.n);
        struct pl_str dir = pl_str_sub(path, 0, slash ? (size_t)(slash - path.p) + 1 : 0);
        struct pl_str before = ref.p[0] == '/' ? PL_S("") : ref.p[0] == '?' ? path : dir;
        u.target = settle_target(a, pl_printf(a, "%.*s%.*s", PL_FMT(before), PL_FMT(ref)));
    }
    if (r == 0)
        *ret = u;
    return r;
}

int pl_url_at(bool https, struct pl_str host, struct pl_str target, struct pl_arena *a,
              struct pl_url *ret, struct pl_err *err)
{
    return pl_url_parse(
        pl_printf(a, "%s://%.*s%.*s", https ? "https" : "http", PL_FMT(host), PL_FMT(target)), a,
        ret, err);
}

bool pl_url_same_origin(const struct pl_url *x, const struct pl_url *y)
{
    return x->https == y->https && x->port == y->port && pl_str_eq(x->host, y->host);
}

struct pl_str pl_url_host(struct pl_arena *a, const struct pl_url *u)
{
    if (u->port == (u->https ? 443u : 80u))
        return pl_dup(a, u->host);
    return pl_printf(a, "%.*s:%u", PL_FMT(u->host), u->port);
}

struct pl_str pl_url_text(struct pl_arena *a, const struct pl_url *u)
{
    struct pl_str host = pl_url_host(a, u);
    return pl_printf(a, "%s://%.*s%.*s", u->https ? "https" : "http", PL_FMT(host),
                     PL_FMT(u->target));
}

struct pl_str pl_url_shown(struct pl_arena *a, const struct pl_url *u)
{
    struct pl_url v = *u;
    size_t query = pl_str_find(u->target, PL_S("?"), 0);
    v.target = pl_str_sub(u->target, 0, query);
    struct pl_str text = pl_url_text(a, &v);
    return query == SIZE_MAX ? text : pl_printf(a, "%.*s?…", PL_FMT(text));
}

struct pl_url pl_url_with(struct pl_arena *a, struct pl_url u, const char *name,
                          struct pl_str value)
{
    pl_auto_buf struct pl_buf b = { 0 };
    for (size_t i = 0; i < value.n; i++) {
        char c = value.p[i];
        if (is_alnum(c) || (c && strchr("-._~", c)))
            pl_buf_putc(&b, c);
        else
            pl_buf_printf(&b, "%%%02X", (unsigned char)c);
    }
    char sep = memchr(u.target.p, '?', u.target.n) ? '&' : '?';
    u.target = pl_printf(a, "%.*s%c%s=%.*s", PL_FMT(u.target), sep, name, PL_FMT(pl_buf_str(&b)));
    return u;
}
