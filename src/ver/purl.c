/* Package URLs: reading right to left as the specification says, printing in canonical form. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "ver/purl.h"

#include <stdlib.h>

#include "base/buf.h"
#include "ver/ver_int.h"

static bool one_of(struct pl_str s, const char *const *list, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (pl_str_is(s, list[i]))
            return true;
    return false;
}

static struct pl_str lower(struct pl_arena *a, struct pl_str s)
{
    char *p = pl_alloc_n(a, s.n + 1, 1);
    for (size_t i = 0; i < s.n; i++)
        p[i] = (char)pl_v_lower((unsigned char)s.p[i]);
    return (struct pl_str){ p, s.n };
}

static struct pl_str fold_pypi(struct pl_arena *a, struct pl_str s)
{
    char *p = pl_alloc_n(a, s.n + 1, 1);
    size_t n = 0;
    for (size_t i = 0; i < s.n; i++) {
        bool sep = s.p[i] == '-' || s.p[i] == '_' || s.p[i] == '.';
        if (!sep)
            p[n++] = (char)pl_v_lower((unsigned char)s.p[i]);
        else if (!n || p[n - 1] != '-')
            p[n++] = '-';
    }
    return (struct pl_str){ p, n };
}

struct pl_str pl_purl_fold(struct pl_arena *a, struct pl_str type, struct pl_str name)
{
    static const char *const folds[] = { "nuget", "composer",  "bitbucket", "github",
                                         "deb",   "apk",       "alpm",      "hex",
                                         "pub",   "cocoapods", "wordpress" };
    if (pl_str_is(type, "pypi"))
        return fold_pypi(a, name);
    return one_of(type, folds, PL_COUNT(folds)) ? lower(a, name) : name;
}

/* segments decoded one by one, empty ones (and in a subpath "." and "..") left out */
static struct pl_str segments(struct pl_arena *a, struct pl_str s, bool subpath)
{
    struct pl_str part;
    char *p = pl_alloc_n(a, s.n + 1, 1);
    size_t n = 0;
    while (pl_str_split(&s, '/', &part)) {
        part = pl_v_unescape(a, part);
        if (!part.n || (subpath && (pl_str_is(part, ".") || pl_str_is(part, ".."))))
            continue;
        if (n)
            p[n++] = '/';
        memcpy(p + n, part.p, part.n);
        n += part.n;
    }
    return (struct pl_str){ p, n };
}

static bool type_ok(struct pl_str t)
{
    for (size_t i = 0; i < t.n; i++)
        if (!pl_v_alnum(pl_v_at(t, i)) && t.p[i] != '.' && t.p[i] != '-' && t.p[i] != '+')
            return false;
    return t.n && !pl_v_digit(t.p[0]);
}

static bool key_ok(struct pl_str k)
{
    for (size_t i = 0; i < k.n; i++)
        if (!pl_v_alnum(pl_v_at(k, i)) && k.p[i] != '.' && k.p[i] != '-' && k.p[i] != '_')
            return false;
    return k.n && !pl_v_digit(k.p[0]);
}

static int by_key(const void *x, const void *y)
{
    const struct pl_purl_qualifier *a = x, *b = y;
    return pl_str_cmp(a->key, b->key);
}

static int qualifiers(struct pl_arena *a, struct pl_str s, struct pl_purl *p, struct pl_err *err)
{
    struct pl_str pair, key;
    while (pl_str_split(&s, '&', &pair)) {
        pl_str_split(&pair, '=', &key);
        key = lower(a, key);
        if (!pair.n)
            continue;
        if (!key_ok(key))
            return pl_fail(err, PL_E_FORMAT, "package URL: '%.*s' is no qualifier", PL_FMT(key));
        if (p->n == PL_PURL_QUALIFIERS)
            return pl_fail(err, PL_E_LIMIT, "package URL: more than %u qualifiers",
                           PL_PURL_QUALIFIERS);
        p->q[p->n++] = (struct pl_purl_qualifier){ key, pl_v_unescape(a, pair) };
    }
    qsort(p->q, p->n, sizeof p->q[0], by_key);
    return 0;
}

/* what stands behind the last `c`, cut off from *s */
static struct pl_str cut_last(struct pl_str *s, char c)
{
    const char *at = s->n ? memrchr(s->p, c, s->n) : NULL;
    if (!at)
        return (struct pl_str){ NULL, 0 };
    size_t i = (size_t)(at - s->p);
    struct pl_str tail = pl_str_sub(*s, i + 1, s->n);
    *s = pl_str_sub(*s, 0, i);
    return tail;
}

static void by_type(struct pl_arena *a, struct pl_purl *p)
{
    static const char *const fold_ns[] = { "alpm", "apk",    "bitbucket", "composer",
                                           "deb",  "github", "hex",       "rpm" };
    if (one_of(p->type, fold_ns, PL_COUNT(fold_ns)))
        p->ns = lower(a, p->ns);
    /* NuGet compares without case but prints as written */
    if (!pl_str_is(p->type, "nuget") && !pl_str_is(p->type, "cocoapods"))
        p->name = pl_purl_fold(a, p->type, p->name);
}

int pl_purl_parse(struct pl_arena *a, struct pl_str text, struct pl_purl *ret, struct pl_err *err)
{
    struct pl_purl p = { .type = { "", 0 } };
    struct pl_str s = pl_str_trim(text);
    if (s.n > PL_PURL_MAX)
        return pl_fail(err, PL_E_LIMIT, "package URL: %zu bytes", s.n);
    if (!pl_str_ieq(pl_str_sub(s, 0, 4), PL_S("pkg:")))
        return pl_fail(err, PL_E_FORMAT, "package URL: no 'pkg:' in front");
    s = pl_str_sub(s, 4, s.n);
    while (s.n && s.p[0] == '/')
        s = pl_str_sub(s, 1, s.n);
    struct pl_str sub = cut_last(&s, '#'), q = cut_last(&s, '?'), type;
    p.subpath = segments(a, sub.p ? sub : PL_S(""), /* subpath= */ true);
    if (q.p && qualifiers(a, q, &p, err) < 0)
        return err ? err->code : PL_E_FORMAT;
    pl_str_split(&s, '/', &type);
    if (!type_ok(type) || !s.p)
        return pl_fail(err, PL_E_FORMAT, "package URL: no type");
    p.type = lower(a, type);
    while (s.n && s.p[s.n - 1] == '/')
        s.n--;
    /* an npm scope may stand unescaped: its '@' begins no version */
    const char *at = s.n ? memrchr(s.p, '@', s.n) : NULL;
    p.version = PL_S("");
    if (at && at > s.p && at[-1] != '/')
        p.version = pl_v_unescape(a, cut_last(&s, '@'));
    struct pl_str name = cut_last(&s, '/');
    if (!name.p) {
        name = s;
        s.n = 0;
    }
    p.name = pl_v_unescape(a, name);
    p.ns = segments(a, s, /* subpath= */ false);
    if (!p.name.n)
        return pl_fail(err, PL_E_FORMAT, "package URL: no name");
    by_type(a, &p);
    *ret = p;
    return 0;
}

static void put(struct pl_buf *b, struct pl_str s, const char *plain)
{
    static const char digits[] = "0123456789ABCDEF";
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        if (pl_v_alnum(c) || (c && strchr(".-_~:", c)) || (c && strchr(plain, c))) {
            pl_buf_putc(b, (char)c);
        } else {
            pl_buf_putc(b, '%');
            pl_buf_putc(b, digits[c >> 4]);
            pl_buf_putc(b, digits[c & 15]);
        }
    }
}

struct pl_str pl_purl_print(struct pl_arena *a, const struct pl_purl *p)
{
    pl_auto_buf struct pl_buf b = { 0 };
    struct pl_purl_qualifier q[PL_PURL_QUALIFIERS];
    size_t n = 0;
    for (size_t i = 0; i < p->n && i < PL_PURL_QUALIFIERS; i++)
        if (p->q[i].value.n)
            q[n++] = p->q[i];
    qsort(q, n, sizeof q[0], by_key);
    pl_buf_puts(&b, "pkg:");
    pl_buf_putn(&b, p->type.p, p->type.n);
    pl_buf_putc(&b, '/');
    if (p->ns.n) {
        put(&b, p->ns, "/");
        pl_buf_putc(&b, '/');
    }
    put(&b, p->name, "");
    if (p->version.n) {
        pl_buf_putc(&b, '@');
        put(&b, p->version, "");
    }
    for (size_t i = 0; i < n; i++) {
        pl_buf_putc(&b, i ? '&' : '?');
        pl_buf_putn(&b, q[i].key.p, q[i].key.n);
        pl_buf_putc(&b, '=');
        put(&b, q[i].value, "/,");
    }
    if (p->subpath.n) {
        pl_buf_putc(&b, '#');
        put(&b, p->subpath, "/");
    }
    return pl_dup(a, pl_buf_str(&b));
}

struct pl_str pl_purl_get(const struct pl_purl *p, const char *key)
{
    for (size_t i = 0; i < p->n; i++)
        if (pl_str_is(p->q[i].key, key))
            return p->q[i].value;
    return (struct pl_str){ "", 0 };
}

void pl_purl_set(struct pl_purl *p, const char *key, struct pl_str value)
{
    if (value.n && p->n < PL_PURL_QUALIFIERS)
        p->q[p->n++] = (struct pl_purl_qualifier){ pl_str_c(key), value };
}
