/* Go's build information (debug/buildinfo: "\xff Go buildinf:", strings behind a head of 32 bytes
 * since Go 1.18) and cargo-auditable's list (zlib over JSON). Both are found by their first bytes.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#include "pkg/binary.h"

#include "io/inflate.h"
#include "pkg/pkg_int.h"

bool pl_pkg_is_program(struct pl_str head)
{
    static const struct pl_str magic[] = {
        { "\177ELF", 4 },          { "MZ", 2 },
        { "\xcf\xfa\xed\xfe", 4 }, { "\xce\xfa\xed\xfe", 4 },
        { "\xfe\xed\xfa\xcf", 4 }, { "\xfe\xed\xfa\xce", 4 },
        { "\xca\xfe\xba\xbe", 4 },
    };
    for (size_t i = 0; i < PL_COUNT(magic); i++)
        if (pl_str_starts(head, magic[i]))
            return true;
    return false;
}

/* ---- Go ---- */

#define GO_MAGIC "\xff Go buildinf:"
#define GO_HEAD 32u

/* a length of up to ten bytes, then so many of text; false when it goes beyond the end */
static bool go_string(struct pl_str *s, struct pl_str *ret)
{
    uint64_t len = 0;
    for (size_t i = 0; i < s->n && i < 10; i++) {
        uint8_t c = (uint8_t)s->p[i];
        len |= (uint64_t)(c & 0x7f) << (7 * i);
        if (c & 0x80)
            continue;
        if (len > s->n - i - 1)
            return false;
        *ret = pl_str_sub(*s, i + 1, (size_t)len);
        *s = pl_str_sub(*s, i + 1 + (size_t)len, s->n);
        return true;
    }
    return false;
}

struct go {
    struct pl_str path, version; /* of the module under way */
    struct pl_str program;       /* its own path, which names it when it was built as no module */
    bool any, main, module;
    struct pl_str main_version; /* told by -ldflags */
    unsigned told;
};

/* exactly one "-X …version=1.2.3" of the linker's flags says what the main module is */
static void ldflags(struct go *g, struct pl_str flags)
{
    size_t at = 0;
    while ((at = pl_str_find(flags, PL_S("-X"), at)) != SIZE_MAX) {
        at += 2;
        struct pl_str rest = pl_str_trim(pl_str_sub(flags, at, flags.n)), key;
        while (rest.n && (rest.p[0] == '=' || rest.p[0] == '\'' || rest.p[0] == '"'))
            rest = pl_str_sub(rest, 1, rest.n);
        size_t end = 0;
        while (end < rest.n && !strchr(" '\"", rest.p[end]))
            end++;
        struct pl_str value = pl_str_sub(rest, 0, end);
        pl_str_split(&value, '=', &key);
        if (!value.n || !pl_str_iends(key, PL_S("version")))
            continue;
        size_t v = value.p[0] == 'v';
        if (v < value.n && value.p[v] >= '0' && value.p[v] <= '9' &&
            memchr(value.p, '.', value.n)) {
            g->told += !pl_str_eq(g->main_version, value);
            g->main_version = value;
        }
    }
}

static void go_finish(struct go *g, struct pl_pkg_sink *s)
{
    if (g->any) {
        struct pl_str v = g->version;
        if (g->main && (pl_str_is(v, "(devel)") || !v.n))
            v = g->told == 1 ? g->main_version : PL_S("");
        pl_pkg_put_path(s, "golang", g->path, v, 0);
    }
    g->any = false;
}

/* "path", "mod", "dep", "=>" and "build" lines, fields by tabs */
static void go_line(struct go *g, struct pl_str line, struct pl_pkg_sink *s)
{
    struct pl_str kind, path = { "", 0 }, version = { "", 0 };
    pl_str_split(&line, '\t', &kind);
    pl_str_split(&line, '\t', &path);
    pl_str_split(&line, '\t', &version);
    bool mod = pl_str_is(kind, "mod"), dep = pl_str_is(kind, "dep");
    if (pl_str_is(kind, "path"))
        g->program = path;
    g->module |= mod;
    if (mod || dep) {
        go_finish(g, s);
        g->path = path;
        g->version = version;
        g->any = path.n > 0;
        g->main = mod;
    } else if (pl_str_is(kind, "=>") && path.n) {
        g->path = path;
        g->version = version;
    }
}

static void go_modules(struct pl_str text, struct pl_pkg_sink *s)
{
    struct go g = { .any = false };
    struct pl_str line, rest = text;
    while (pl_pkg_line(&rest, &line))
        if (pl_str_starts(line, PL_S("build\t-ldflags=")))
            ldflags(&g, line);
    while (pl_pkg_line(&text, &line))
        go_line(&g, line, s);
    go_finish(&g, s);
    size_t slash = pl_str_find(g.program, PL_S("/"), 0);
    if (!g.module && slash != SIZE_MAX &&
        memchr(g.program.p, '.', slash)) /* a host, not "cmd/go" */
        pl_pkg_put_path(s, "golang", g.program, g.told == 1 ? g.main_version : PL_S(""), 0);
}

static void go_info(struct pl_str at, struct pl_pkg_sink *s)
{
    struct pl_str version, modules;
    if (at.n < GO_HEAD)
        return;
    uint8_t flags = (uint8_t)at.p[15];
    at = pl_str_sub(at, GO_HEAD, at.n);
    if (!(flags & 2)) /* before 1.18 pointers stand there; the modules are found by their marks */
        return;
    if (!go_string(&at, &version) || !go_string(&at, &modules)) {
        pl_pkg_note(s, true, "package-list", "build information is cut short");
        return;
    }
    struct pl_str plain = pl_str_sub(version, 0, pl_str_find(version, PL_S(" "), 0));
    if (pl_str_starts(plain, PL_S("go")))
        pl_pkg_put(s, "golang", PL_S(""), PL_S("stdlib"), pl_str_sub(plain, 2, plain.n), 0);
    if (modules.n >= 32) /* between two marks of sixteen bytes */
        go_modules(pl_str_sub(modules, 16, modules.n - 32), s);
}

/* The list of modules stands between two marks of sixteen bytes, cmd/go/internal/modload. */
#define MODULES_BEGIN "\x30\x77\xaf\x0c\x92\x74\x08\x02\x41\xe1\xc1\x07\xe6\xd6\x18\xe6"
#define MODULES_END "\xf9\x32\x43\x31\x86\x18\x20\x72\x00\x82\x42\x10\x41\x16\xd8\xf2"

static void look_for_modules(struct pl_str all, size_t from, size_t to, struct pl_pkg_sink *s)
{
    size_t at = from > 15 ? from - 15 : 0;
    while ((at = pl_str_find(all, PL_S(MODULES_BEGIN), at)) != SIZE_MAX && at < to) {
        at += sizeof MODULES_BEGIN - 1;
        struct pl_str text = pl_str_sub(all, at, all.n);
        /* a tool's own text has the marks, too, but nothing that begins like a list */
        if (!pl_str_starts(text, PL_S("path\t")) && !pl_str_starts(text, PL_S("mod\t")) &&
            !pl_str_starts(text, PL_S("dep\t")))
            continue;
        size_t end = pl_str_find(text, PL_S(MODULES_END), 0);
        if (end == SIZE_MAX)
            pl_pkg_note(s, true, "package-list", "the list of modules is cut short or too long");
        else
            go_modules(pl_str_sub(text, 0, end), s);
    }
}

static void look_for_go(struct pl_str all, size_t from, size_t to, struct pl_pkg_sink *s)
{
    size_t at = from > 13 ? from - 13 : 0;
    while ((at = pl_str_find(all, PL_S(GO_MAGIC), at)) != SIZE_MAX && at < to) {
        struct pl_str rest = pl_str_sub(all, at, all.n);
        /* the name of the mark in a tool's own text has no head behind it */
        if (at >= from && rest.n > 16 && (uint8_t)rest.p[14] <= 8 && (uint8_t)rest.p[15] <= 3)
            go_info(rest, s);
        at += 14;
    }
}

/* ---- Rust ---- */

#define RUST_MAX ((size_t)8 << 20)

/* "packages":[{"name","version","source","kind","root"}]: kind build and dev are not in the program
 */
static void rust_packages(struct pl_str text, struct pl_pkg_sink *s)
{
    struct pl_json *j = NULL;
    struct pl_err err = { 0 };
    if (pl_json_parse(text, 16, &j, &err) < 0) {
        pl_pkg_note(s, true, "package-list", "list of crates: %s", err.msg);
        return;
    }
    const struct pl_json *all = pl_json_get(j, "packages");
    for (size_t i = 0; i < pl_json_len(all); i++) {
        const struct pl_json *p = pl_json_at(all, i);
        struct pl_str kind = pl_json_str(pl_json_get(p, "kind"));
        if (!kind.n || pl_str_is(kind, "runtime"))
            pl_pkg_put(s, "cargo", PL_S(""), pl_json_str(pl_json_get(p, "name")),
                       pl_json_str(pl_json_get(p, "version")), 0);
    }
    pl_json_free(j);
}

static void rust_stream(struct pl_inflate *z, struct pl_str in, struct pl_pkg_sink *s)
{
    static const char begin[] = "{\"packages\":[";
    uint8_t first[16];
    size_t used, got, n = 0;
    pl_inflate_reset(z);
    if (pl_inflate_run(z, in, first, sizeof begin - 1, &used, &got) < 0 || got < sizeof begin - 1 ||
        memcmp(first, begin, sizeof begin - 1) != 0)
        return;
    uint8_t *out = pl_alloc(s->a, RUST_MAX);
    pl_inflate_reset(z);
    int r = pl_inflate_run(z, in, out, RUST_MAX, &used, &n);
    if (r == 1)
        rust_packages(pl_str_n(out, n), s);
    else
        pl_pkg_note(s, true, "package-list", "list of crates is damaged or too long");
}

/* a zlib stream: 0x78, then a byte that makes both a multiple of 31 */
static void look_for_rust(struct pl_str all, size_t from, size_t to, struct pl_pkg_sink *s)
{
    struct pl_inflate *z = NULL;
    const char *p = all.p + from, *end = all.p + to;
    while (p < end && (p = memchr(p, 0x78, (size_t)(end - p)))) {
        size_t at = (size_t)(p++ - all.p);
        uint8_t level = at + 2 < all.n ? (uint8_t)all.p[at + 1] : 0;
        if (level != 0x9c && level != 0xda && level != 0x5e && level != 0x01)
            continue;
        if (!z)
            z = pl_inflate_new();
        rust_stream(z, pl_str_sub(all, at + 2, all.n), s);
    }
    pl_inflate_free(z);
}

void pl_pkg_program(const uint8_t *p, size_t n, size_t from, size_t to, bool last,
                    struct pl_pkg_sink *s)
{
    struct pl_str all = pl_str_n(p, n);
    (void)last;
    s->by = "go-binary";
    look_for_go(all, from, to, s);
    look_for_modules(all, from, to, s);
    s->by = "rust-binary";
    look_for_rust(all, from, to, s);
}
