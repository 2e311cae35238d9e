/* Lock files in TOML: poetry, pdm, uv, pylock (PEP 751), Cargo.lock, Julia's Manifest. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "fmt/toml.h"
#include "pkg/pkg_int.h"

static int parse(struct pl_str text, const char *name, struct pl_toml **ret, struct pl_err *err)
{
    return pl_toml_parse(text, name, ret, err);
}

static struct pl_str member(const struct pl_toml *t, const char *key)
{
    return pl_toml_str(pl_toml_get(t, key));
}

/* ---- Python ---- */

/* the project itself and folders beside it are no packages */
static bool local(const struct pl_toml *p)
{
    static const char *const keys[] = { "virtual", "editable", "directory" };
    const struct pl_toml *source = pl_toml_get(p, "source");
    struct pl_str type = member(source, "type");
    for (size_t i = 0; i < PL_COUNT(keys); i++)
        if (pl_toml_get(source, keys[i]))
            return true;
    return pl_str_is(type, "directory") || pl_toml_get(p, "directory") ||
           (pl_toml_get(p, "path") && !pl_toml_get(p, "git"));
}

static bool is_dev(const struct pl_toml *p)
{
    const struct pl_toml *groups = pl_toml_get(p, "groups");
    struct pl_str only = pl_toml_str(pl_toml_at(groups, 0));
    return pl_str_is(member(p, "category"), "dev") ||
           (pl_toml_len(groups) == 1 && (pl_str_is(only, "dev") || pl_str_is(only, "test")));
}

static int python_packages(struct pl_str text, struct pl_pkg_sink *s, const char *list,
                           struct pl_err *err)
{
    struct pl_toml *t = NULL;
    int r = parse(text, s->by, &t, err);
    if (r < 0)
        return r;
    const struct pl_toml *all = pl_toml_get(t, list);
    for (size_t i = 0; i < pl_toml_len(all); i++) {
        const struct pl_toml *p = pl_toml_at(all, i);
        if (!local(p) && member(p, "version").n)
            pl_pkg_put(s, "pypi", PL_S(""), member(p, "name"), member(p, "version"),
                       PL_PKG_LOCK | (is_dev(p) ? PL_PKG_DEV : 0u));
    }
    pl_toml_free(t);
    return 0;
}

static bool pylock_name(struct pl_str base)
{
    return pl_str_is(base, "pylock.toml") ||
           (pl_str_starts(base, PL_S("pylock.")) && pl_str_ends(base, PL_S(".toml")));
}

static bool python_wants(struct pl_str path, struct pl_str head)
{
    (void)head;
    return pl_pkg_is(path, "poetry.lock") || pl_pkg_is(path, "pdm.lock") ||
           pl_pkg_is(path, "uv.lock") || pylock_name(pl_pkg_base(path));
}

static int python_run(struct pl_str path, struct pl_str text, struct pl_pkg_sink *s,
                      struct pl_err *err)
{
    bool pylock = pylock_name(pl_pkg_base(path));
    return python_packages(text, s, pylock ? "packages" : "package", err);
}

/* ---- Rust ---- */

static bool cargo_wants(struct pl_str path, struct pl_str head)
{
    (void)head;
    return pl_pkg_is(path, "Cargo.lock");
}

static int cargo_run(struct pl_str path, struct pl_str text, struct pl_pkg_sink *s,
                     struct pl_err *err)
{
    struct pl_toml *t = NULL;
    (void)path;
    int r = parse(text, "Cargo.lock", &t, err);
    if (r < 0)
        return r;
    const struct pl_toml *all = pl_toml_get(t, "package");
    for (size_t i = 0; i < pl_toml_len(all); i++) {
        const struct pl_toml *p = pl_toml_at(all, i);
        pl_pkg_put(s, "cargo", PL_S(""), member(p, "name"), member(p, "version"), PL_PKG_LOCK);
    }
    pl_toml_free(t);
    return 0;
}

/* ---- Julia ---- */

struct julia {
    struct pl_pkg_sink *s;
    struct pl_str version; /* of Julia: that of its own packages, which name none */
};

static int julia_entry(void *arg, struct pl_str key, const struct pl_toml *list)
{
    struct julia *j = arg;
    for (size_t i = 0; i < pl_toml_len(list); i++) {
        const struct pl_toml *p = pl_toml_at(list, i);
        struct pl_str version = member(p, "version"), uuid = member(p, "uuid");
        if (!version.n)
            version = j->version;
        if (!uuid.n || !version.n || pl_toml_get(p, "path"))
            continue;
        struct pl_pkg x = { .type = PL_S("julia"), .name = key, .version = version };
        x.quals = pl_printf(j->s->a, "uuid=%.*s", PL_FMT(pl_str_sub(uuid, 0, 64)));
        x.flags = PL_PKG_LOCK;
        pl_pkg_emit(j->s, x);
    }
    return 0;
}

static bool julia_wants(struct pl_str path, struct pl_str head)
{
    (void)head;
    return pl_pkg_is(path, "Manifest.toml") || pl_pkg_is(path, "JuliaManifest.toml");
}

static int julia_run(struct pl_str path, struct pl_str text, struct pl_pkg_sink *s,
                     struct pl_err *err)
{
    struct pl_toml *t = NULL;
    (void)path;
    int r = parse(text, "Manifest.toml", &t, err);
    if (r < 0)
        return r;
    struct julia j = { s, member(t, "julia_version") };
    const struct pl_toml *deps = pl_toml_get(t, "deps");
    pl_toml_each(pl_toml_type(deps) == PL_TOML_TABLE ? deps : t, julia_entry, &j);
    pl_toml_free(t);
    return 0;
}

const struct pl_cataloger pl_pkg_python_lock = {
    .id = "python-lock", .wants = python_wants, .max = PL_PKG_TEXT_FILE, .run = python_run
};
const struct pl_cataloger pl_pkg_cargo_lock = {
    .id = "cargo-lock", .wants = cargo_wants, .max = PL_PKG_TEXT_FILE, .run = cargo_run
};
const struct pl_cataloger pl_pkg_julia = {
    .id = "julia-manifest", .wants = julia_wants, .max = PL_PKG_TEXT_FILE, .run = julia_run
};
