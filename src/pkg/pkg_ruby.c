/* Ruby: installed gemspecs (the file name says what they are; Ruby is never run), Gemfile.lock. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "pkg/pkg_int.h"

static bool spec_wants(struct pl_str path, struct pl_str head)
{
    (void)head;
    return pl_str_ends(path, PL_S(".gemspec")) && pl_pkg_below(path, "specifications");
}

static struct pl_str quoted(struct pl_str text, const char *key)
{
    struct pl_str value = { "", 0 };
    size_t at = pl_str_find(text, pl_str_c(key), 0);
    if (at == SIZE_MAX)
        return value;
    text = pl_str_sub(text, at + strlen(key), text.n);
    text = pl_str_trim(pl_str_sub(text, 0, pl_str_find(text, PL_S("\n"), 0)));
    if (!text.n || (text.p[0] != '=' && text.p[0] != ' '))
        return value;
    size_t open = 0;
    while (open < text.n && text.p[open] != '"' && text.p[open] != '\'')
        open++;
    if (open == text.n)
        return value;
    size_t close = pl_str_find(text, pl_str_sub(text, open, 1), open + 1);
    return close == SIZE_MAX ? value : pl_str_sub(text, open + 1, close - open - 1);
}

/* "# stub: NAME VERSION PLATFORM PATH" */
static bool stub(struct pl_str text, struct pl_str *name, struct pl_str *version)
{
    struct pl_str line;
    if (!pl_pkg_between(&text, "# stub: ", "\n", &line))
        return false;
    return pl_str_split(&line, ' ', name) && pl_str_split(&line, ' ', version);
}

static int spec_run(struct pl_str path, struct pl_str text, struct pl_pkg_sink *s,
                    struct pl_err *err)
{
    struct pl_str name, version;
    (void)err;
    if (!stub(text, &name, &version)) {
        name = quoted(text, ".name");
        version = quoted(text, ".version");
    }
    if (!name.n || !version.n) { /* NAME-VERSION.gemspec */
        struct pl_str base = pl_pkg_base(path);
        base.n -= strlen(".gemspec");
        size_t at = base.n;
        while (at > 1 && !(base.p[at - 1] == '-' && base.p[at] >= '0' && base.p[at] <= '9'))
            at--;
        if (at <= 1)
            return 0;
        name = pl_str_sub(base, 0, at - 1);
        version = pl_str_sub(base, at, base.n);
    }
    struct pl_pkg p = { .type = PL_S("gem"), .name = name, .version = version };
    p.licence = quoted(text, ".licenses");
    pl_pkg_emit(s, p);
    return 0;
}

/* ---- Gemfile.lock ---- */

static bool lock_wants(struct pl_str path, struct pl_str head)
{
    (void)head;
    return pl_pkg_is(path, "Gemfile.lock") || pl_pkg_is(path, "gems.locked");
}

/* "1.13.3-x86_64-linux": what follows the first '-' is a platform */
static struct pl_str no_platform(struct pl_str v)
{
    return pl_str_sub(v, 0, pl_str_find(v, PL_S("-"), 0));
}

static int lock_run(struct pl_str path, struct pl_str text, struct pl_pkg_sink *s,
                    struct pl_err *err)
{
    struct pl_str line, name, version;
    bool counts = false;
    (void)path;
    (void)err;
    while (pl_pkg_line(&text, &line)) {
        if (!line.n)
            continue;
        if (line.p[0] != ' ') {
            counts = pl_str_is(line, "GEM") || pl_str_is(line, "GIT") ||
                     pl_str_is(line, "PLUGIN SOURCE");
            continue;
        }
        bool spec = line.n > 5 && memcmp(line.p, "    ", 4) == 0 && line.p[4] != ' ';
        if (!counts || !spec)
            continue;
        struct pl_str rest = pl_str_trim(line);
        pl_str_split(&rest, ' ', &name);
        if (rest.p && pl_pkg_between(&rest, "(", ")", &version))
            pl_pkg_put(s, "gem", PL_S(""), name, no_platform(version), PL_PKG_LOCK);
    }
    return 0;
}

const struct pl_cataloger pl_pkg_gemspec = {
    .id = "gemspec", .wants = spec_wants, .max = 4u << 20, .run = spec_run
};
const struct pl_cataloger pl_pkg_gemfile = {
    .id = "gemfile-lock", .wants = lock_wants, .max = PL_PKG_TEXT_FILE, .run = lock_run
};
