/* npm: installed package.json, package-lock.json (versions 1 to 3), npm-shrinkwrap.json, bun.lock,
 * deno.lock. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "pkg/npm_int.h"

/* a version that names a place instead: not a version of the registry */
bool pl_npm_local(struct pl_str version)
{
    static const char *const kinds[] = { "file:", "link:", "workspace:", "portal:" };
    for (size_t i = 0; i < PL_COUNT(kinds); i++)
        if (pl_str_starts(version, pl_str_c(kinds[i])))
            return true;
    return false;
}

/* "git+ssh://host/x.git#commit": the commit is the version */
struct pl_str pl_npm_version(struct pl_str v)
{
    bool address = pl_str_find(v, PL_S("://"), 0) != SIZE_MAX ||
                   pl_str_starts(v, PL_S("github:")) || pl_str_starts(v, PL_S("git+"));
    size_t hash = pl_str_find(v, PL_S("#"), 0);
    return address && hash != SIZE_MAX ? pl_str_sub(v, hash + 1, v.n) : v;
}

void pl_npm_put(struct pl_pkg_sink *s, struct pl_str name, struct pl_str version, uint32_t flags)
{
    if (pl_str_starts(version, PL_S("npm:"))) { /* an alias: npm:real@1.0.0 */
        struct pl_str real = pl_str_sub(version, 4, version.n);
        const char *at = real.n > 1 ? memrchr(real.p + 1, '@', real.n - 1) : NULL;
        if (at) {
            name = pl_str_sub(real, 0, (size_t)(at - real.p));
            version = pl_str_sub(real, (size_t)(at - real.p) + 1, real.n);
        }
    }
    if (version.n && !pl_npm_local(version))
        pl_pkg_put_path(s, "npm", name, pl_npm_version(version), flags);
}

/* ---- package-lock.json ---- */

struct lock {
    struct pl_pkg_sink *s;
    unsigned depth;
};

static uint32_t dev_flag(const struct pl_json *v)
{
    bool dev = pl_json_true(pl_json_get(v, "dev")) || pl_json_true(pl_json_get(v, "devOptional"));
    return PL_PKG_LOCK | (dev ? PL_PKG_DEV : 0u);
}

/* "node_modules/a/node_modules/@x/b" is @x/b; a path without node_modules is the tree's own */
static int by_place(void *arg, struct pl_str key, const struct pl_json *v)
{
    struct lock *l = arg;
    struct pl_str name = pl_json_str(pl_json_get(v, "name")), rest = key;
    struct pl_str version = pl_json_str(pl_json_get(v, "version"));
    size_t at = SIZE_MAX, next = 0;
    while ((next = pl_str_find(rest, PL_S("node_modules/"), next)) != SIZE_MAX)
        at = next += strlen("node_modules/");
    if (at == SIZE_MAX || pl_json_true(pl_json_get(v, "link")))
        return 0;
    if (!name.n)
        name = pl_str_sub(key, at, key.n);
    pl_npm_put(l->s, name, version, dev_flag(v));
    return 0;
}

static int by_name(void *arg, struct pl_str key, const struct pl_json *v)
{
    struct lock *l = arg;
    pl_npm_put(l->s, key, pl_json_str(pl_json_get(v, "version")), dev_flag(v));
    const struct pl_json *inner = pl_json_get(v, "dependencies");
    return inner ? pl_json_each(inner, by_name, l) : 0; /* as deep as the document, at most */
}

static bool lock_wants(struct pl_str path, struct pl_str head)
{
    (void)head;
    return pl_pkg_is(path, "package-lock.json") || pl_pkg_is(path, "npm-shrinkwrap.json") ||
           pl_pkg_tail(path, "node_modules/.package-lock.json");
}

static int lock_run(struct pl_str path, struct pl_str text, struct pl_pkg_sink *s,
                    struct pl_err *err)
{
    struct pl_json *j = NULL;
    struct lock l = { .s = s };
    (void)path;
    int r = pl_json_parse(pl_pkg_utf8(s, text), 200, &j, err);
    if (r < 0)
        return r;
    const struct pl_json *packages = pl_json_get(j, "packages");
    if (packages)
        pl_json_each(packages, by_place, &l);
    else
        pl_json_each(pl_json_get(j, "dependencies"), by_name, &l);
    pl_json_free(j);
    return 0;
}

/* ---- installed ---- */

/* directly below node_modules or a scope in it; a package's own tests and samples are none */
static bool module_wants(struct pl_str path, struct pl_str head)
{
    struct pl_str dir = pl_pkg_dir(path), up = pl_pkg_dir(dir);
    struct pl_str over = pl_pkg_base(up);
    (void)head;
    if (!pl_pkg_is(path, "package.json"))
        return false;
    if (over.n && over.p[0] == '@')
        over = pl_pkg_base(pl_pkg_dir(up));
    return pl_str_is(over, "node_modules");
}

static struct pl_str licence_of(const struct pl_json *j)
{
    struct pl_str text = pl_json_str(pl_json_get(j, "license"));
    return text.n ? text : pl_json_str(pl_json_get(pl_json_get(j, "license"), "type"));
}

static int module_run(struct pl_str path, struct pl_str text, struct pl_pkg_sink *s,
                      struct pl_err *err)
{
    struct pl_json *j = NULL;
    (void)path;
    if (pl_json_parse(pl_pkg_utf8(s, text), 100, &j, err) < 0) {
        pl_pkg_note(s, false, "package-skipped", "package.json: %s", err->msg);
        return 0;
    }
    struct pl_str name = pl_json_str(pl_json_get(j, "name"));
    struct pl_str version = pl_json_str(pl_json_get(j, "version"));
    if (name.n && version.n)
        pl_pkg_emit(s, (struct pl_pkg){ .type = PL_S("npm"),
                                        .ns = pl_pkg_dir(name),
                                        .name = pl_pkg_base(name),
                                        .version = version,
                                        .licence = licence_of(j) });
    pl_json_free(j);
    return 0;
}

/* ---- bun.lock ---- */

static int bun_entry(void *arg, struct pl_str key, const struct pl_json *v)
{
    struct pl_str id = pl_json_str(pl_json_at(v, 0));
    const char *at = id.n > 1 ? memchr(id.p + 1, '@', id.n - 1) : NULL;
    (void)key;
    if (at)
        pl_npm_put(arg, pl_str_sub(id, 0, (size_t)(at - id.p)),
                   pl_str_sub(id, (size_t)(at - id.p) + 1, id.n), PL_PKG_LOCK);
    return 0;
}

static bool bun_wants(struct pl_str path, struct pl_str head)
{
    (void)head;
    return pl_pkg_is(path, "bun.lock");
}

static int bun_run(struct pl_str path, struct pl_str text, struct pl_pkg_sink *s,
                   struct pl_err *err)
{
    struct pl_json *j = NULL;
    (void)path;
    int r = pl_json_parse(pl_pkg_plain_json(s, pl_pkg_utf8(s, text)), 200, &j, err);
    if (r < 0)
        return r;
    pl_json_each(pl_json_get(j, "packages"), bun_entry, s);
    pl_json_free(j);
    return 0;
}

/* ---- deno.lock, versions 2 to 5: keys "name@1.0.0_peer@2.0.0" ---- */

struct deno {
    struct pl_pkg_sink *s;
    const char *type;
};

static int deno_entry(void *arg, struct pl_str key, const struct pl_json *v)
{
    const struct deno *d = arg;
    const char *at = key.n > 1 ? memchr(key.p + 1, '@', key.n - 1) : NULL;
    (void)v;
    if (!at)
        return 0;
    size_t n = (size_t)(at - key.p);
    struct pl_str version = pl_str_sub(key, n + 1, key.n);
    version = pl_str_sub(version, 0, pl_str_find(version, PL_S("_"), 0));
    if (version.n)
        pl_pkg_put_path(d->s, d->type, pl_str_sub(key, 0, n), version, PL_PKG_LOCK);
    return 0;
}

static bool deno_wants(struct pl_str path, struct pl_str head)
{
    (void)head;
    return pl_pkg_is(path, "deno.lock");
}

static int deno_run(struct pl_str path, struct pl_str text, struct pl_pkg_sink *s,
                    struct pl_err *err)
{
    struct pl_json *j = NULL;
    struct deno npm = { s, "npm" }, jsr = { s, "jsr" };
    (void)path;
    int r = pl_json_parse(pl_pkg_utf8(s, text), 100, &j, err);
    if (r < 0)
        return r;
    const struct pl_json *inner = pl_json_get(j, "packages"); /* version 3 */
    const struct pl_json *all = pl_json_get(inner ? inner : j, "npm");
    const struct pl_json *old = pl_json_get(all, "packages"); /* version 2 */
    pl_json_each(old ? old : all, deno_entry, &npm);
    pl_json_each(pl_json_get(inner ? inner : j, "jsr"), deno_entry, &jsr);
    pl_json_free(j);
    return 0;
}

const struct pl_cataloger pl_pkg_deno = {
    .id = "deno-lock", .wants = deno_wants, .max = PL_PKG_TEXT_FILE, .run = deno_run
};
const struct pl_cataloger pl_pkg_npm_lock = {
    .id = "npm-lock", .wants = lock_wants, .max = PL_PKG_TEXT_FILE, .run = lock_run
};
const struct pl_cataloger pl_pkg_npm = {
    .id = "npm", .wants = module_wants, .max = 4u << 20, .run = module_run
};
const struct pl_cataloger pl_pkg_bun = {
    .id = "bun-lock", .wants = bun_wants, .max = PL_PKG_TEXT_FILE, .run = bun_run
};
