/* .NET: deps.json of published programs, packages.lock.json, packages.config, central versions. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "pkg/pkg_int.h"

static void put(struct pl_pkg_sink *s, struct pl_str name, struct pl_str version, uint32_t flags)
{
    if (version.n)
        pl_pkg_put(s, "nuget", PL_S(""), name, version, flags);
}

/* ---- *.deps.json ---- */

static bool deps_wants(struct pl_str path, struct pl_str head)
{
    (void)head;
    return pl_str_ends(path, PL_S(".deps.json"));
}

/* "Name/1.0.0": packages and runtime packs; a project is what was built */
static int library(void *arg, struct pl_str key, const struct pl_json *v)
{
    struct pl_str version = pl_pkg_base(key), name = pl_pkg_dir(key);
    struct pl_str type = pl_json_str(pl_json_get(v, "type"));
    if (name.n && !pl_str_is(type, "referenceassembly"))
        put(arg, name, version, 0);
    return 0;
}

static int deps_run(struct pl_str path, struct pl_str text, struct pl_pkg_sink *s,
                    struct pl_err *err)
{
    struct pl_json *j = NULL;
    (void)path;
    int r = pl_json_parse(pl_pkg_utf8(s, text), 64, &j, err);
    if (r < 0)
        return r;
    pl_json_each(pl_json_get(j, "libraries"), library, s);
    pl_json_free(j);
    return 0;
}

/* ---- packages.lock.json ---- */

static bool lock_wants(struct pl_str path, struct pl_str head)
{
    (void)head;
    return pl_pkg_is(path, "packages.lock.json") ||
           (pl_str_ends(path, PL_S(".lock.json")) &&
            pl_str_starts(pl_pkg_base(path), PL_S("packages.")));
}

static int locked(void *arg, struct pl_str key, const struct pl_json *v)
{
    if (!pl_str_ieq(pl_json_str(pl_json_get(v, "type")), PL_S("Project")))
        put(arg, key, pl_json_str(pl_json_get(v, "resolved")), PL_PKG_LOCK);
    return 0;
}

static int framework(void *arg, struct pl_str key, const struct pl_json *v)
{
    (void)key;
    return pl_json_each(v, locked, arg);
}

static int lock_run(struct pl_str path, struct pl_str text, struct pl_pkg_sink *s,
                    struct pl_err *err)
{
    struct pl_json *j = NULL;
    (void)path;
    int r = pl_json_parse(pl_pkg_utf8(s, text), 64, &j, err);
    if (r < 0)
        return r;
    pl_json_each(pl_json_get(j, "dependencies"), framework, s);
    pl_json_free(j);
    return 0;
}

/* ---- packages.config, *.props and *.csproj with versions ---- */

static struct pl_str attr(struct pl_str tag, const char *name)
{
    struct pl_str value = { "", 0 };
    size_t n = strlen(name);
    for (size_t i = 0; i + n + 2 < tag.n; i++) {
        bool start = i == 0 || strchr(" \t\r\n", tag.p[i - 1]);
        if (!start || !pl_str_ieq(pl_str_sub(tag, i, n), pl_str_c(name)))
            continue;
        struct pl_str rest = pl_str_trim(pl_str_sub(tag, i + n, tag.n));
        if (!rest.n || rest.p[0] != '=')
            continue;
        rest = pl_str_trim(pl_str_sub(rest, 1, rest.n));
        size_t end = rest.n && (rest.p[0] == '"' || rest.p[0] == '\'')
                         ? pl_str_find(rest, pl_str_sub(rest, 0, 1), 1)
                         : SIZE_MAX;
        if (end != SIZE_MAX)
            value = pl_str_sub(rest, 1, end - 1);
        break;
    }
    return value;
}

static bool config_wants(struct pl_str path, struct pl_str head)
{
    (void)head;
    return pl_pkg_is(path, "packages.config");
}

static int config_run(struct pl_str path, struct pl_str text, struct pl_pkg_sink *s,
                      struct pl_err *err)
{
    struct pl_str tag;
    (void)path;
    (void)err;
    text = pl_pkg_utf8(s, text);
    while (pl_pkg_between(&text, "<package ", ">", &tag)) {
        bool dev = pl_str_ieq(attr(tag, "developmentDependency"), PL_S("true"));
        put(s, attr(tag, "id"), attr(tag, "version"), PL_PKG_LOCK | (dev ? PL_PKG_DEV : 0u));
    }
    return 0;
}

static bool props_wants(struct pl_str path, struct pl_str head)
{
    (void)head;
    struct pl_str base = pl_pkg_base(path);
    return pl_str_iends(base, PL_S("packages.props"));
}

static bool exact(struct pl_str v)
{
    for (size_t i = 0; i < v.n; i++)
        if (strchr("$(*,", v.p[i]))
            return false;
    return v.n > 0;
}

/* "<!-- … -->" as blanks */
static struct pl_str no_comments(struct pl_pkg_sink *s, struct pl_str text)
{
    char *out = pl_alloc_n(s->a, text.n + 1, 1);
    size_t at = 0;
    memcpy(out, text.p, text.n);
    while ((at = pl_str_find(text, PL_S("<!--"), at)) != SIZE_MAX) {
        size_t end = pl_str_find(text, PL_S("-->"), at);
        end = end == SIZE_MAX ? text.n : end + 3;
        memset(out + at, ' ', end - at);
        at = end;
    }
    return (struct pl_str){ out, text.n };
}

static void props_tag(struct pl_pkg_sink *s, struct pl_str text, const char *open)
{
    struct pl_str tag;
    while (pl_pkg_between(&text, open, ">", &tag)) {
        struct pl_str name = attr(tag, "Include"), version = attr(tag, "Version");
        if (!name.n)
            name = attr(tag, "Update");
        if (!version.n && !pl_str_ends(tag, PL_S("/"))) { /* <Version> inside */
            struct pl_str inner = pl_str_sub(text, 0, pl_str_find(text, PL_S("</Package"), 0));
            pl_pkg_between(&inner, "<Version>", "</Version>", &version);
            version = pl_str_trim(version);
        }
        if (version.n > 2 && version.p[0] == '[' && version.p[version.n - 1] == ']')
            version = pl_str_sub(version, 1, version.n - 2);
        if (exact(version) && exact(name))
            put(s, name, version, PL_PKG_LOCK);
    }
}

static int props_run(struct pl_str path, struct pl_str text, struct pl_pkg_sink *s,
                     struct pl_err *err)
{
    (void)path;
    (void)err;
    text = no_comments(s, pl_pkg_utf8(s, text));
    props_tag(s, text, "<PackageVersion ");
    props_tag(s, text, "<PackageReference ");
    props_tag(s, text, "<GlobalPackageReference ");
    return 0;
}

/* ---- paket.lock ---- */

static bool paket_wants(struct pl_str path, struct pl_str head)
{
    (void)head;
    return pl_pkg_is(path, "paket.lock");
}

static int paket_run(struct pl_str path, struct pl_str text, struct pl_pkg_sink *s,
                     struct pl_err *err)
{
    struct pl_str line, name, version;
    bool nuget = false;
    (void)path;
    (void)err;
    while (pl_pkg_line(&text, &line)) {
        if (line.n && line.p[0] != ' ') {
            nuget = pl_str_starts(line, PL_S("NUGET"));
            continue;
        }
        bool package = line.n > 4 && memcmp(line.p, "    ", 4) == 0 && line.p[4] != ' ';
        if (!nuget || !package)
            continue;
        struct pl_str rest = pl_str_trim(line);
        pl_str_split(&rest, ' ', &name);
        if (rest.p && pl_pkg_between(&rest, "(", ")", &version))
            put(s, name, version, PL_PKG_LOCK);
    }
    return 0;
}

const struct pl_cataloger pl_pkg_dotnet_deps = {
    .id = "dotnet-deps", .wants = deps_wants, .max = PL_PKG_TEXT_FILE, .run = deps_run
};
const struct pl_cataloger pl_pkg_nuget_lock = {
    .id = "nuget-lock", .wants = lock_wants, .max = PL_PKG_TEXT_FILE, .run = lock_run
};
const struct pl_cataloger pl_pkg_nuget_config = {
    .id = "nuget-config", .wants = config_wants, .max = PL_PKG_TEXT_FILE, .run = config_run
};
const struct pl_cataloger pl_pkg_nuget_props = {
    .id = "nuget-props", .wants = props_wants, .max = PL_PKG_TEXT_FILE, .run = props_run
};
const struct pl_cataloger pl_pkg_paket = {
    .id = "paket-lock", .wants = paket_wants, .max = PL_PKG_TEXT_FILE, .run = paket_run
};
