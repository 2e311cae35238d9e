/* Small line forms: Podfile.lock, mix.lock, rebar.lock, cabal freeze, Erlang .app, conanfile.txt,
 * .terraform.lock.hcl; and YAML ones: pubspec.lock, stack.yaml.lock, snap.yaml. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "fmt/yaml.h"
#include "pkg/pkg_int.h"

static int parse_yaml(struct pl_str text, struct pl_pkg_sink *s, struct pl_yaml_stream *y,
                      struct pl_err *err)
{
    struct pl_limits l;
    pl_limits_init(&l);
    l.config = PL_PKG_TEXT_FILE;
    return pl_yaml_parse(text, &l, s->a, y, err);
}

/* ---- CocoaPods ---- */

static bool pod_wants(struct pl_str path, struct pl_str head)
{
    (void)head;
    return pl_pkg_is(path, "Podfile.lock");
}

/* "  - Name/Sub (1.0.0):" below "PODS:" */
static int pod_run(struct pl_str path, struct pl_str text, struct pl_pkg_sink *s,
                   struct pl_err *err)
{
    struct pl_str line, version, name;
    bool pods = false;
    (void)path;
    (void)err;
    while (pl_pkg_line(&text, &line)) {
        if (line.n && line.p[0] != ' ')
            pods = pl_str_starts(line, PL_S("PODS:"));
        if (!pods || !pl_str_starts(line, PL_S("  - ")))
            continue;
        struct pl_str rest = pl_str_sub(line, 4, line.n);
        if (rest.n && rest.p[0] == '"')
            rest = pl_str_sub(rest, 1, rest.n);
        size_t at = pl_str_find(rest, PL_S(" ("), 0);
        name = pl_str_sub(rest, 0, at);
        if (at != SIZE_MAX && pl_pkg_between(&rest, "(", ")", &version))
            pl_pkg_put(s, "cocoapods", PL_S(""), name, version, PL_PKG_LOCK);
    }
    return 0;
}

/* ---- Elixir ---- */

static bool mix_wants(struct pl_str path, struct pl_str head)
{
    (void)head;
    return pl_pkg_is(path, "mix.lock");
}

/* "name": {:hex, :package, "1.0.0", …  or  {:git, "address", "commit", … */
static int mix_run(struct pl_str path, struct pl_str text, struct pl_pkg_sink *s,
                   struct pl_err *err)
{
    struct pl_str line, name, kind, value;
    (void)path;
    (void)err;
    while (pl_pkg_line(&text, &line)) {
        struct pl_str rest = line;
        if (!pl_pkg_between(&rest, "\"", "\"", &name) || !pl_pkg_between(&rest, "{:", ",", &kind))
            continue;
        if (pl_str_is(kind, "hex")) {
            struct pl_str package;
            if (pl_pkg_between(&rest, ":", ",", &package) &&
                pl_pkg_between(&rest, "\"", "\"", &value))
                pl_pkg_put(s, "hex", PL_S(""), pl_pkg_unquote(package), value, PL_PKG_LOCK);
        } else if (pl_str_is(kind, "git")) {
            struct pl_str address;
            if (pl_pkg_between(&rest, "\"", "\"", &address) &&
                pl_pkg_between(&rest, "\"", "\"", &value))
                pl_pkg_put(s, "hex", PL_S(""), name, value, PL_PKG_LOCK);
        }
    }
    return 0;
}

/* ---- Erlang ---- */

static bool rebar_wants(struct pl_str path, struct pl_str head)
{
    (void)head;
    return pl_pkg_is(path, "rebar.lock");
}

/* {<<"name">>,{pkg,<<"package">>,<<"1.0">>},0}  or  {<<"name">>,{git,"address",{ref,"commit"}},0}
 */
static int rebar_run(struct pl_str path, struct pl_str text, struct pl_pkg_sink *s,
                     struct pl_err *err)
{
    struct pl_str line, name, kind, version;
    (void)path;
    (void)err;
    while (pl_pkg_line(&text, &line)) {
        struct pl_str rest = line;
        if (!pl_pkg_between(&rest, "{<<\"", "\">>", &name) ||
            !pl_pkg_between(&rest, "{", ",", &kind))
            continue;
        if (pl_str_is(kind, "pkg") && pl_pkg_between(&rest, "<<\"", "\">>", &name) &&
            pl_pkg_between(&rest, "<<\"", "\">>", &version))
            pl_pkg_put(s, "hex", PL_S(""), name, version, PL_PKG_LOCK);
        else if (pl_str_is(kind, "git") && pl_pkg_between(&rest, "{ref,\"", "\"", &version))
            pl_pkg_put(s, "hex", PL_S(""), name, version, PL_PKG_LOCK);
    }
    return 0;
}

static bool app_wants(struct pl_str path, struct pl_str head)
{
    (void)head;
    return pl_str_ends(path, PL_S(".app")) &&
           pl_str_starts(pl_str_trim(head), PL_S("{application"));
}

/* {application,NAME, [… {vsn,"1.0"} */
static int app_run(struct pl_str path, struct pl_str text, struct pl_pkg_sink *s,
                   struct pl_err *err)
{
    struct pl_str name, version = { "", 0 }, rest = text;
    (void)path;
    (void)err;
    size_t at = pl_str_find(text, PL_S("application"), 0);
    rest = pl_str_sub(text, at == SIZE_MAX ? text.n : at, text.n);
    if (!pl_pkg_between(&rest, ",", ",", &name))
        return 0;
    at = pl_str_find(rest, PL_S("{vsn"), 0);
    rest = pl_str_sub(rest, at == SIZE_MAX ? rest.n : at, rest.n);
    if (pl_pkg_between(&rest, "\"", "\"", &version) && version.n)
        pl_pkg_put(s, "hex", PL_S(""), pl_pkg_unquote(name), version, 0);
    return 0;
}

/* ---- Haskell ---- */

static bool cabal_wants(struct pl_str path, struct pl_str head)
{
    (void)head;
    return pl_pkg_is(path, "cabal.project.freeze");
}

/* any.NAME ==VERSION */
static int cabal_run(struct pl_str path, struct pl_str text, struct pl_pkg_sink *s,
                     struct pl_err *err)
{
    struct pl_str line, name;
    (void)path;
    (void)err;
    while (pl_pkg_line(&text, &line)) {
        size_t at = pl_str_find(line, PL_S("any."), 0);
        if (at == SIZE_MAX)
            continue;
        struct pl_str rest = pl_str_sub(line, at + 4, line.n);
        at = pl_str_find(rest, PL_S("=="), 0);
        if (at == SIZE_MAX)
            continue;
        name = pl_str_trim(pl_str_sub(rest, 0, at));
        rest = pl_str_sub(rest, at + 2, rest.n);
        size_t end = 0;
        while (end < rest.n && !strchr(", \t", rest.p[end]))
            end++;
        pl_pkg_put(s, "hackage", PL_S(""), name, pl_str_sub(rest, 0, end), PL_PKG_LOCK);
    }
    return 0;
}

static bool stack_wants(struct pl_str path, struct pl_str head)
{
    (void)head;
    return pl_pkg_is(path, "stack.yaml.lock");
}

/* "hackage: name-1.0@sha256:…" */
static int stack_run(struct pl_str path, struct pl_str text, struct pl_pkg_sink *s,
                     struct pl_err *err)
{
    struct pl_str line;
    (void)path;
    (void)err;
    while (pl_pkg_line(&text, &line)) {
        size_t at = pl_str_find(line, PL_S("hackage: "), 0);
        if (at == SIZE_MAX)
            continue;
        struct pl_str id = pl_str_sub(line, at + 9, line.n), name;
        id = pl_str_trim(pl_str_sub(id, 0, pl_str_find(id, PL_S("@"), 0)));
        const char *dash = id.n ? memrchr(id.p, '-', id.n) : NULL;
        if (!dash)
            continue;
        name = pl_str_sub(id, 0, (size_t)(dash - id.p));
        pl_pkg_put(s, "hackage", PL_S(""), name, pl_str_sub(id, (size_t)(dash - id.p) + 1, id.n),
                   PL_PKG_LOCK);
    }
    return 0;
}

/* ---- Conan: what conanfile.txt asks for with one version ---- */

static bool conanfile_wants(struct pl_str path, struct pl_str head)
{
    (void)head;
    return pl_pkg_is(path, "conanfile.txt");
}

static int conanfile_run(struct pl_str path, struct pl_str text, struct pl_pkg_sink *s,
                         struct pl_err *err)
{
    struct pl_str line, name;
    bool asks = false, tools = false;
    (void)path;
    (void)err;
    while (pl_pkg_line(&text, &line)) {
        line = pl_str_trim(pl_str_sub(line, 0, pl_str_find(line, PL_S("#"), 0)));
        if (line.n && line.p[0] == '[') {
            tools = pl_str_is(line, "[build_requires]") || pl_str_is(line, "[tool_requires]");
            asks = tools || pl_str_is(line, "[requires]");
            continue;
        }
        struct pl_str version = line;
        if (!asks || !pl_str_split(&version, '/', &name))
            continue;
        version = pl_str_trim(pl_str_sub(version, 0, pl_str_find(version, PL_S("@"), 0)));
        if (version.n && version.p[0] != '[')
            pl_pkg_put(s, "conan", PL_S(""), name, version,
                       PL_PKG_LOCK | (tools ? PL_PKG_DEV : 0u));
    }
    return 0;
}

/* ---- Terraform ---- */

static bool terraform_wants(struct pl_str path, struct pl_str head)
{
    (void)head;
    return pl_pkg_is(path, ".terraform.lock.hcl");
}

/* provider "host/owner/name" { … version = "1.0" */
static int terraform_run(struct pl_str path, struct pl_str text, struct pl_pkg_sink *s,
                         struct pl_err *err)
{
    struct pl_str line, key, place = { "", 0 };
    (void)path;
    (void)err;
    while (pl_pkg_line(&text, &line)) {
        struct pl_str value = pl_str_trim(line);
        if (pl_str_starts(value, PL_S("provider "))) {
            if (!pl_pkg_between(&value, "\"", "\"", &place))
                place = PL_S("");
        } else if (place.n && pl_str_split(&value, '=', &key) && value.p &&
                   pl_str_is(pl_str_trim(key), "version")) {
            pl_pkg_put_path(s, "terraform", place, pl_pkg_unquote(value), PL_PKG_LOCK);
        }
    }
    return 0;
}

/* ---- Dart ---- */

static bool pub_wants(struct pl_str path, struct pl_str head)
{
    (void)head;
    return pl_pkg_is(path, "pubspec.lock");
}

static int pub_run(struct pl_str path, struct pl_str text, struct pl_pkg_sink *s,
                   struct pl_err *err)
{
    struct pl_yaml_stream y;
    (void)path;
    int r = parse_yaml(text, s, &y, err);
    if (r < 0)
        return r;
    const struct pl_yaml *all = pl_yaml_get(y.n ? y.doc[0] : NULL, "packages");
    for (size_t i = 0; all && all->kind == PL_YAML_MAP && i < all->n; i++) {
        const struct pl_yaml *v = all->item[2 * i + 1];
        struct pl_str source = pl_yaml_str(pl_yaml_get(v, "source"));
        bool dev = pl_str_is(pl_yaml_str(pl_yaml_get(v, "dependency")), "direct dev");
        if (!pl_str_is(source, "path") && !pl_str_is(source, "sdk"))
            pl_pkg_put(s, "pub", PL_S(""), pl_yaml_str(all->item[2 * i]),
                       pl_yaml_str(pl_yaml_get(v, "version")),
                       PL_PKG_LOCK | (dev ? PL_PKG_DEV : 0u));
    }
    return 0;
}

/* ---- snaps ---- */

static bool snap_wants(struct pl_str path, struct pl_str head)
{
    (void)head;
    return pl_pkg_tail(path, "meta/snap.yaml") && pl_pkg_below(path, "snap");
}

static int snap_run(struct pl_str path, struct pl_str text, struct pl_pkg_sink *s,
                    struct pl_err *err)
{
    struct pl_yaml_stream y;
    (void)path;
    int r = parse_yaml(text, s, &y, err);
    if (r < 0)
        return r;
    const struct pl_yaml *d = y.n ? y.doc[0] : NULL;
    struct pl_str name = pl_yaml_str(pl_yaml_get(d, "name"));
    struct pl_str version = pl_yaml_str(pl_yaml_get(d, "version"));
    if (name.n && version.n)
        pl_pkg_put(s, "snap", PL_S(""), name, version, 0);
    return 0;
}

const struct pl_cataloger pl_pkg_cocoapods = {
    .id = "cocoapods-lock", .wants = pod_wants, .max = PL_PKG_TEXT_FILE, .run = pod_run
};
const struct pl_cataloger pl_pkg_mix = {
    .id = "mix-lock", .wants = mix_wants, .max = PL_PKG_TEXT_FILE, .run = mix_run
};
const struct pl_cataloger pl_pkg_rebar = {
    .id = "rebar-lock", .wants = rebar_wants, .max = PL_PKG_TEXT_FILE, .run = rebar_run
};
const struct pl_cataloger pl_pkg_conanfile = {
    .id = "conanfile", .wants = conanfile_wants, .max = 1u << 20, .run = conanfile_run
};
const struct pl_cataloger pl_pkg_terraform = {
    .id = "terraform-lock", .wants = terraform_wants, .max = 4u << 20, .run = terraform_run
};
const struct pl_cataloger pl_pkg_erlang = {
    .id = "erlang-app", .wants = app_wants, .max = 4u << 20, .run = app_run
};
const struct pl_cataloger pl_pkg_cabal = {
    .id = "cabal-freeze", .wants = cabal_wants, .max = PL_PKG_TEXT_FILE, .run = cabal_run
};
const struct pl_cataloger pl_pkg_stack = {
    .id = "stack-lock", .wants = stack_wants, .max = PL_PKG_TEXT_FILE, .run = stack_run
};
const struct pl_cataloger pl_pkg_pub = {
    .id = "pub-lock", .wants = pub_wants, .max = PL_PKG_TEXT_FILE, .run = pub_run
};
const struct pl_cataloger pl_pkg_snap = {
    .id = "snap", .wants = snap_wants, .max = 1u << 20, .run = snap_run
};
