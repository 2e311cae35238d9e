/* Paths, lines, fields: what most catalogers need. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stdio.h>

#include "pkg/pkg_int.h"

void pl_pkg_note(struct pl_pkg_sink *s, bool incomplete, const char *code, const char *fmt, ...)
{
    char text[500];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    s->note(s->arg, incomplete, code, text);
}

void pl_pkg_emit(struct pl_pkg_sink *s, struct pl_pkg p)
{
    const struct pl_str *text[] = { &p.ns,     &p.name,           &p.version, &p.arch,
                                    &p.source, &p.source_version, &p.licence, &p.quals };
    p.name = pl_str_trim(p.name);
    p.version = pl_str_trim(p.version);
    if (!p.name.n || s->n > PL_PKG_MAX)
        return;
    if (p.licence.n > PL_PKG_TEXT)
        p.licence = pl_str_sub(p.licence, 0, PL_PKG_TEXT);
    for (size_t i = 0; i < PL_COUNT(text); i++) {
        if (text[i]->n <= PL_PKG_TEXT)
            continue;
        pl_pkg_note(s, true, "limit", "a package with a name or version of %zu bytes", text[i]->n);
        return;
    }
    if (++s->n > PL_PKG_MAX) {
        pl_pkg_note(s, true, "limit", "more than %u packages in one file", PL_PKG_MAX);
        return;
    }
    p.by = pl_str_c(s->by);
    s->emit(s->arg, &p);
}

void pl_pkg_put(struct pl_pkg_sink *s, const char *type, struct pl_str ns, struct pl_str name,
                struct pl_str version, uint32_t flags)
{
    pl_pkg_emit(
        s,
        (struct pl_pkg){
            .type = pl_str_c(type), .ns = ns, .name = name, .version = version, .flags = flags });
}

void pl_pkg_put_path(struct pl_pkg_sink *s, const char *type, struct pl_str name,
                     struct pl_str version, uint32_t flags)
{
    pl_pkg_put(s, type, pl_pkg_dir(name), pl_pkg_base(name), version, flags);
}

struct pl_str pl_pkg_own_path(struct pl_str path)
{
    static const char *const merged[] = { "bin/", "sbin/", "lib/", "lib32/", "lib64/", "libx32/" };
    struct pl_str below;
    if (pl_str_starts(path, PL_S("./")))
        path = pl_str_sub(path, 1, path.n);
    while (path.n && path.p[0] == '/')
        path = pl_str_sub(path, 1, path.n);
    if (!pl_str_starts(path, PL_S("usr/")))
        return path;
    below = pl_str_sub(path, 4, path.n);
    for (size_t i = 0; i < PL_COUNT(merged); i++)
        if (pl_str_starts(below, pl_str_c(merged[i])))
            return below;
    return path;
}

bool pl_pkg_list_root(struct pl_str path, struct pl_str *ret)
{
    static const char *const folders[] = {
        "var/lib/dpkg/",        "var/lib/rpm/",    "usr/lib/sysimage/rpm/", "usr/share/rpm/",
        "var/lib/rpmmanifest/", "usr/lib/apk/db/", "lib/apk/db/",           "var/lib/pacman/local/",
        "usr/lib/opkg/",        "var/lib/opkg/",   "var/db/pkg/",           "root/.rpmdb/",
    };
    for (size_t i = 0; i < PL_COUNT(folders); i++) {
        size_t at = SIZE_MAX, next = 0;
        while ((next = pl_str_find(path, pl_str_c(folders[i]), next)) != SIZE_MAX) {
            if (next == 0 || path.p[next - 1] == '/')
                at = next;
            next++;
        }
        if (at == SIZE_MAX)
            continue;
        *ret = pl_str_sub(path, 0, at);
        return true;
    }
    return false;
}

void pl_pkg_own_sum(struct pl_pkg_sink *s, struct pl_str owner, struct pl_str path,
                    struct pl_sum sum)
{
    path = pl_pkg_own_path(path);
    if (s->own && owner.n && owner.n <= PL_PKG_TEXT && path.n)
        s->own(s->arg, owner, path, &sum);
}

void pl_pkg_own(struct pl_pkg_sink *s, struct pl_str owner, struct pl_str path)
{
    pl_pkg_own_sum(s, owner, path, (struct pl_sum){ .alg = PL_SUM_NONE });
}

uint64_t pl_sum_head(const uint8_t *digest)
{
    uint64_t v = 0;
    for (unsigned i = 0; i < 8; i++)
        v = v << 8 | digest[i];
    return v;
}

struct pl_sum pl_pkg_hex_sum(struct pl_str hex)
{
    struct pl_sum sum = { .alg = hex.n == 32   ? PL_SUM_MD5
                                 : hex.n == 40 ? PL_SUM_SHA1
                                 : hex.n == 64 ? PL_SUM_SHA256
                                               : PL_SUM_NONE };
    for (size_t i = 0; i < hex.n && sum.alg; i++) {
        unsigned char c = (unsigned char)hex.p[i] | 0x20;
        bool digit = hex.p[i] >= '0' && hex.p[i] <= '9';
        if (!digit && (c < 'a' || c > 'f'))
            return (struct pl_sum){ .alg = PL_SUM_NONE };
        if (i < 16)
            sum.head = sum.head << 4 | (digit ? c & 15u : c - 'a' + 10u);
    }
    return sum;
}

bool pl_pkg_by_distro(struct pl_str maker)
{
    static const char *const hosts[] = {
        "debian.org",    "debian.net",      "ubuntu.com",   "canonical.com",
        "kali.org",      "devuan.org",      "raspbian.org", "raspberrypi.com",
        "linuxmint.com", "alpinelinux.org", "wolfi.dev",    "chainguard.dev",
    };
    static const char *const vendors[] = {
        "Red Hat, Inc.",
        "Fedora Project",
        "CentOS",
        "AlmaLinux",
        "Rocky Enterprise Software Foundation",
        "Rocky",
        "Oracle America",
        "Amazon Linux",
        "Amazon.com",
        "SUSE LLC <https://www.suse.com/>",
        "SUSE LLC",
        "openSUSE",
        "Microsoft Corporation",
        "VMware, Inc.",
        "Mageia.Org",
        "openEuler",
    };
    for (size_t i = 0; i < PL_COUNT(vendors); i++)
        if (pl_str_eq(maker, pl_str_c(vendors[i])))
            return true;
    const char *open = maker.n ? memrchr(maker.p, '@', maker.n) : NULL;
    struct pl_str host = open ? pl_str_sub(maker, (size_t)(open - maker.p) + 1, maker.n) : maker;
    if (!open || !pl_str_ends(host, PL_S(">")))
        return false;
    host.n--;
    for (size_t i = 0; i < PL_COUNT(hosts); i++) {
        struct pl_str h = pl_str_c(hosts[i]);
        if (pl_str_iends(host, h) && (host.n == h.n || host.p[host.n - h.n - 1] == '.'))
            return true;
    }
    return false;
}

struct pl_str pl_pkg_base(struct pl_str path)
{
    const char *slash = path.n ? memrchr(path.p, '/', path.n) : NULL;
    return slash ? pl_str_sub(path, (size_t)(slash - path.p) + 1, path.n) : path;
}

bool pl_pkg_source_rpm(struct pl_str file, struct pl_str *ret_name, struct pl_str *ret_version)
{
    static const char *const ends[] = { ".src.rpm", ".nosrc.rpm" };
    size_t n = 0;
    for (size_t i = 0; i < PL_COUNT(ends); i++)
        if (pl_str_ends(file, pl_str_c(ends[i])))
            n = file.n - strlen(ends[i]);
    const char *dash = n ? memrchr(file.p, '-', n) : NULL;
    const char *second = dash ? memrchr(file.p, '-', (size_t)(dash - file.p)) : NULL;
    if (!second)
        return false;
    size_t at = (size_t)(second - file.p);
    *ret_name = pl_str_sub(file, 0, at);
    *ret_version = pl_str_sub(file, at + 1, n - at - 1);
    return true;
}

struct pl_str pl_pkg_dir(struct pl_str path)
{
    const char *slash = path.n ? memrchr(path.p, '/', path.n) : NULL;
    return pl_str_sub(path, 0, slash ? (size_t)(slash - path.p) : 0);
}

bool pl_pkg_tail(struct pl_str path, const char *tail)
{
    struct pl_str t = pl_str_c(tail);
    return pl_str_ends(path, t) && (path.n == t.n || path.p[path.n - t.n - 1] == '/');
}

bool pl_pkg_is(struct pl_str path, const char *name)
{
    return pl_pkg_tail(path, name);
}

bool pl_pkg_below(struct pl_str path, const char *name)
{
    struct pl_str part, rest = pl_pkg_dir(path);
    while (rest.n && pl_str_split(&rest, '/', &part))
        if (pl_str_is(part, name))
            return true;
    return false;
}

bool pl_pkg_line(struct pl_str *s, struct pl_str *ret)
{
    if (!s->n)
        return false;
    const char *nl = memchr(s->p, '\n', s->n);
    size_t n = nl ? (size_t)(nl - s->p) : s->n;
    *ret = pl_str_sub(*s, 0, n);
    *s = pl_str_sub(*s, n + 1, s->n);
    if (ret->n && ret->p[ret->n - 1] == '\r')
        ret->n--;
    return true;
}

bool pl_pkg_field(struct pl_str line, struct pl_str *ret_key, struct pl_str *ret_value)
{
    const char *colon = line.n ? memchr(line.p, ':', line.n) : NULL;
    if (!colon)
        return false;
    *ret_key = pl_str_trim(pl_str_sub(line, 0, (size_t)(colon - line.p)));
    *ret_value = pl_str_trim(pl_str_sub(line, (size_t)(colon - line.p) + 1, line.n));
    return true;
}

struct pl_str pl_pkg_unquote(struct pl_str s)
{
    s = pl_str_trim(s);
    if (s.n >= 2 && (s.p[0] == '"' || s.p[0] == '\'') && s.p[s.n - 1] == s.p[0])
        return pl_str_sub(s, 1, s.n - 2);
    return s;
}

bool pl_pkg_between(struct pl_str *s, const char *open, const char *close, struct pl_str *ret)
{
    size_t from = pl_str_find(*s, pl_str_c(open), 0);
    if (from == SIZE_MAX)
        return false;
    from += strlen(open);
    size_t to = pl_str_find(*s, pl_str_c(close), from);
    if (to == SIZE_MAX)
        return false;
    *ret = pl_str_sub(*s, from, to - from);
    *s = pl_str_sub(*s, to + strlen(close), s->n);
    return true;
}

static size_t put_utf8(char *out, uint32_t c)
{
    if (c < 0x80) {
        out[0] = (char)c;
        return 1;
    }
    if (c < 0x800) {
        out[0] = (char)(0xc0 | c >> 6);
        out[1] = (char)(0x80 | (c & 0x3f));
        return 2;
    }
    out[0] = (char)(0xe0 | (c >> 12 & 0xf));
    out[1] = (char)(0x80 | (c >> 6 & 0x3f));
    out[2] = (char)(0x80 | (c & 0x3f));
    return 3;
}

struct pl_str pl_pkg_utf8(struct pl_pkg_sink *s, struct pl_str text)
{
    const uint8_t *p = (const uint8_t *)text.p;
    if (text.n >= 3 && p[0] == 0xef && p[1] == 0xbb && p[2] == 0xbf)
        return pl_str_sub(text, 3, text.n);
    bool little = text.n >= 2 && p[0] == 0xff && p[1] == 0xfe;
    if (!little && !(text.n >= 2 && p[0] == 0xfe && p[1] == 0xff))
        return text;
    char *out = pl_alloc_n(s->a, text.n / 2 + 1, 3);
    size_t n = 0;
    /* names and versions are ASCII; what lies outside the first plane need not come out right */
    for (size_t i = 2; i + 1 < text.n; i += 2)
        n += put_utf8(out + n,
                      little ? p[i] | (uint32_t)p[i + 1] << 8 : p[i + 1] | (uint32_t)p[i] << 8);
    return (struct pl_str){ out, n };
}

static size_t skip_string(struct pl_str s, size_t i)
{
    for (i++; i < s.n && s.p[i] != '"'; i++)
        i += s.p[i] == '\\';
    return i < s.n ? i + 1 : s.n;
}

struct pl_str pl_pkg_plain_json(struct pl_pkg_sink *s, struct pl_str text)
{
    char *out = pl_alloc_n(s->a, text.n + 1, 1);
    size_t n = 0, comma = SIZE_MAX; /* where a comma stands that nothing followed yet */
    for (size_t i = 0; i < text.n;) {
        char c = text.p[i];
        if (c == '"') {
            size_t end = skip_string(text, i);
            memcpy(out + n, text.p + i, end - i);
            n += end - i;
            i = end;
            comma = SIZE_MAX;
        } else if (c == '/' && i + 1 < text.n && text.p[i + 1] == '/') {
            while (i < text.n && text.p[i] != '\n')
                i++;
        } else if (c == '/' && i + 1 < text.n && text.p[i + 1] == '*') {
            size_t end = pl_str_find(text, PL_S("*/"), i + 2);
            i = end == SIZE_MAX ? text.n : end + 2;
        } else {
            if ((c == ']' || c == '}') && comma != SIZE_MAX)
                out[comma] = ' ';
            if (c == ',')
                comma = n;
            else if (c != ' ' && c != '\t' && c != '\n' && c != '\r')
                comma = SIZE_MAX;
            out[n++] = c;
            i++;
        }
    }
    return (struct pl_str){ out, n };
}
