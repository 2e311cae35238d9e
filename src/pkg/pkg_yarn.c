/* yarn.lock, the classic form and that of Berry (with "__metadata"). */
/* SPDX-License-Identifier: Apache-2.0 */
#include "pkg/npm_int.h"

static bool yarn_wants(struct pl_str path, struct pl_str head)
{
    (void)head;
    return pl_pkg_is(path, "yarn.lock");
}

struct entry {
    struct pl_str selector, version, resolution;
};

/* "name@range" at the '@' that is not a scope's */
static bool cut(struct pl_str selector, struct pl_str *name, struct pl_str *range)
{
    const char *at = selector.n > 1 ? memchr(selector.p + 1, '@', selector.n - 1) : NULL;
    if (!at)
        return false;
    *name = pl_str_sub(selector, 0, (size_t)(at - selector.p));
    *range = pl_str_sub(selector, (size_t)(at - selector.p) + 1, selector.n);
    return true;
}

static void finish(struct pl_pkg_sink *s, struct entry *e)
{
    struct entry x = *e;
    struct pl_str name, range;
    *e = (struct entry){ .selector = { NULL, 0 } };
    if (!x.version.n || !x.selector.n || pl_str_is(x.selector, "__metadata"))
        return;
    if (!cut(x.selector, &name, &range)) {
        name = x.selector;
        range = PL_S("");
    }
    if (x.resolution.n) { /* Berry names what was resolved */
        struct pl_str how;
        if (!cut(x.resolution, &name, &how) || pl_npm_local(how))
            return;
        pl_npm_put(s, name, x.version, PL_PKG_LOCK);
        return;
    }
    if (pl_npm_local(range))
        return;
    if (pl_str_starts(range, PL_S("npm:"))) { /* an alias of the classic form */
        struct pl_str real = pl_str_sub(range, 4, range.n);
        if (!cut(real, &name, &range))
            name = real;
    }
    pl_npm_put(s, name, x.version, PL_PKG_LOCK);
}

static struct pl_str first_selector(struct pl_str line)
{
    struct pl_str rest = pl_str_sub(line, 0, line.n - 1), first;
    rest = pl_pkg_unquote(rest);
    pl_str_split(&rest, ',', &first);
    first = pl_str_trim(first);
    while (first.n && first.p[0] == '"')
        first = pl_str_sub(first, 1, first.n);
    while (first.n && first.p[first.n - 1] == '"')
        first.n--;
    return first;
}

/* `  version "1.2"` and `  version: 1.2` */
static bool value_of(struct pl_str line, const char *key, struct pl_str *ret)
{
    struct pl_str k = pl_str_c(key);
    if (line.n < 3 || line.p[0] != ' ' || line.p[1] != ' ' || line.p[2] == ' ')
        return false;
    line = pl_str_sub(line, 2, line.n);
    bool quoted = line.p[0] == '"';
    line = pl_str_sub(line, quoted, line.n);
    if (!pl_str_starts(line, k) || line.n <= k.n + quoted)
        return false;
    line = pl_str_sub(line, quoted, line.n);
    if (line.p[k.n] != ' ' && line.p[k.n] != ':')
        return false;
    *ret = pl_pkg_unquote(pl_str_sub(line, k.n + 1, line.n));
    return true;
}

static int yarn_run(struct pl_str path, struct pl_str text, struct pl_pkg_sink *s,
                    struct pl_err *err)
{
    struct entry e = { .selector = { NULL, 0 } };
    struct pl_str line;
    (void)path;
    (void)err;
    while (pl_pkg_line(&text, &line)) {
        if (!line.n || line.p[0] == '#')
            continue;
        if (line.p[0] != ' ') {
            finish(s, &e);
            struct pl_str trimmed = pl_str_trim(line);
            if (pl_str_ends(trimmed, PL_S(":")))
                e.selector = first_selector(trimmed);
            continue;
        }
        if (!e.version.n)
            value_of(line, "version", &e.version);
        value_of(line, "resolution", &e.resolution);
    }
    finish(s, &e);
    return 0;
}

const struct pl_cataloger pl_pkg_yarn = {
    .id = "yarn-lock", .wants = yarn_wants, .max = PL_PKG_TEXT_FILE, .run = yarn_run
};
