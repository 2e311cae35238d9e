/* Python: installed METADATA and PKG-INFO, requirements files, setup.py, Pipfile.lock. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "pkg/pkg_int.h"

static bool meta_wants(struct pl_str path, struct pl_str head)
{
    struct pl_str dir = pl_pkg_dir(path);
    (void)head;
    if (pl_pkg_is(path, "METADATA"))
        return pl_str_ends(dir, PL_S(".dist-info"));
    if (pl_pkg_is(path, "PKG-INFO"))
        return pl_str_ends(dir, PL_S(".egg-info")) || pl_pkg_is(dir, "EGG-INFO");
    return pl_str_ends(path, PL_S(".egg-info"));
}

/* a header block: ends at the first empty line, the first of equal keys counts */
static int meta_run(struct pl_str path, struct pl_str text, struct pl_pkg_sink *s,
                    struct pl_err *err)
{
    struct pl_pkg p = { .type = PL_S("pypi") };
    struct pl_str line, key, value;
    (void)path;
    (void)err;
    text = pl_pkg_utf8(s, text);
    while (pl_pkg_line(&text, &line) && pl_str_trim(line).n) {
        if (line.p[0] == ' ' || line.p[0] == '\t' || !pl_pkg_field(line, &key, &value))
            continue;
        if (pl_str_ieq(key, PL_S("Name")) && !p.name.n)
            p.name = value;
        else if (pl_str_ieq(key, PL_S("Version")) && !p.version.n)
            p.version = value;
        else if (pl_str_ieq(key, PL_S("License-Expression")) ||
                 (pl_str_ieq(key, PL_S("License")) && !p.licence.n))
            p.licence = value;
    }
    if (p.name.n && p.version.n)
        pl_pkg_emit(s, p);
    else
        pl_pkg_note(s, false, "package-skipped", "no name or version in the header");
    return 0;
}

/* ---- requirements*.txt ---- */

static bool req_wants(struct pl_str path, struct pl_str head)
{
    struct pl_str base = pl_pkg_base(path);
    (void)head;
    return pl_str_ends(base, PL_S(".txt")) && (pl_str_starts(base, PL_S("requirements")) ||
                                               pl_str_ends(base, PL_S("requirements.txt")));
}

static struct pl_str up_to(struct pl_str s, const char *signs)
{
    size_t i = 0;
    while (i < s.n && s.p[i] && !strchr(signs, s.p[i]))
        i++;
    return pl_str_sub(s, 0, i);
}

/* only == and === name a version */
static void requirement(struct pl_pkg_sink *s, struct pl_str line)
{
    size_t hash = line.n && line.p[0] == '#' ? 0 : pl_str_find(line, PL_S(" #"), 0);
    line = pl_str_trim(pl_str_sub(line, 0, hash));
    if (!line.n || line.p[0] == '-')
        return;
    struct pl_str name = pl_str_trim(up_to(line, "[=<>!~;@ \t"));
    size_t at = pl_str_find(line, PL_S("=="), 0);
    size_t mark = pl_str_find(line, PL_S(";"), 0);
    if (at == SIZE_MAX || (mark != SIZE_MAX && mark < at))
        return;
    at += 2;
    at += at < line.n && line.p[at] == '=';
    struct pl_str version = pl_str_trim(pl_str_sub(line, at, line.n));
    version = up_to(version, " \t;,\\#");
    if (name.n && version.n && !memchr(version.p, '*', version.n))
        pl_pkg_put(s, "pypi", PL_S(""), name, version, PL_PKG_LOCK);
}

static int req_run(struct pl_str path, struct pl_str text, struct pl_pkg_sink *s,
                   struct pl_err *err)
{
    struct pl_str line;
    pl_auto_buf struct pl_buf whole = { .max = 1u << 20 };
    (void)path;
    text = pl_pkg_utf8(s, text);
    while (pl_pkg_line(&text, &line)) {
        bool goes_on = pl_str_ends(line, PL_S("\\"));
        if (goes_on)
            line.n--;
        if (pl_buf_add(&whole, line.p, line.n, err) < 0)
            return PL_E_LIMIT;
        if (goes_on)
            continue;
        requirement(s, pl_buf_str(&whole));
        pl_buf_clear(&whole);
    }
    requirement(s, pl_buf_str(&whole));
    return 0;
}

/* ---- setup.py: what it asks for with one version; Python is never run ---- */

static bool setup_wants(struct pl_str path, struct pl_str head)
{
    (void)head;
    return pl_pkg_is(path, "setup.py");
}

static bool all_of(struct pl_str s, const char *signs)
{
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        bool word = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        if (!word && (!c || !strchr(signs, c)))
            return false;
    }
    return s.n > 0;
}

/* "name[extra]==1.0; marker" */
static void asked(struct pl_pkg_sink *s, struct pl_str text)
{
    size_t at = pl_str_find(text, PL_S("=="), 0);
    if (at == SIZE_MAX)
        return;
    struct pl_str name = pl_str_trim(up_to(pl_str_sub(text, 0, at), "["));
    struct pl_str version = pl_str_sub(text, at + 2, text.n);
    version = pl_str_trim(up_to(version, ";, "));
    if (all_of(name, "._-") && all_of(version, "._-+!"))
        pl_pkg_put(s, "pypi", PL_S(""), name, version, PL_PKG_LOCK);
}

static int setup_run(struct pl_str path, struct pl_str text, struct pl_pkg_sink *s,
                     struct pl_err *err)
{
    struct pl_str line;
    (void)path;
    (void)err;
    while (pl_pkg_line(&text, &line)) {
        if (pl_str_starts(pl_str_trim(line), PL_S("#")))
            continue;
        for (size_t i = 0; i < line.n; i++) {
            if (line.p[i] != '"' && line.p[i] != '\'')
                continue;
            size_t end = pl_str_find(line, pl_str_sub(line, i, 1), i + 1);
            if (end == SIZE_MAX)
                break;
            asked(s, pl_str_sub(line, i + 1, end - i - 1));
            i = end;
        }
    }
    return 0;
}

/* ---- Pipfile.lock ---- */

struct pip {
    struct pl_pkg_sink *s;
    uint32_t flags;
};

static int pip_entry(void *arg, struct pl_str key, const struct pl_json *v)
{
    struct pip *p = arg;
    struct pl_str version = pl_json_str(pl_json_get(v, "version"));
    struct pl_str commit = pl_json_str(pl_json_get(v, "ref"));
    while (version.n && version.p[0] == '=')
        version = pl_str_sub(version, 1, version.n);
    if (version.n || (commit.n && pl_json_get(v, "git")))
        pl_pkg_put(p->s, "pypi", PL_S(""), key, version.n ? version : commit, p->flags);
    return 0;
}

static bool pip_wants(struct pl_str path, struct pl_str head)
{
    (void)head;
    return pl_pkg_is(path, "Pipfile.lock");
}

static int pip_run(struct pl_str path, struct pl_str text, struct pl_pkg_sink *s,
                   struct pl_err *err)
{
    struct pl_json *j = NULL;
    struct pip p = { s, PL_PKG_LOCK };
    (void)path;
    int r = pl_json_parse(pl_pkg_utf8(s, text), 100, &j, err);
    if (r < 0)
        return r;
    pl_json_each(pl_json_get(j, "default"), pip_entry, &p);
    p.flags |= PL_PKG_DEV;
    pl_json_each(pl_json_get(j, "develop"), pip_entry, &p);
    pl_json_free(j);
    return 0;
}

const struct pl_cataloger pl_pkg_python = {
    .id = "python", .wants = meta_wants, .max = 8u << 20, .run = meta_run
};
const struct pl_cataloger pl_pkg_requirements = {
    .id = "requirements", .wants = req_wants, .max = 8u << 20, .run = req_run
};
const struct pl_cataloger pl_pkg_setup_py = {
    .id = "setup-py", .wants = setup_wants, .max = 4u << 20, .run = setup_run
};
const struct pl_cataloger pl_pkg_pipfile = {
    .id = "pipfile-lock", .wants = pip_wants, .max = PL_PKG_TEXT_FILE, .run = pip_run
};
