/* pnpm-lock.yaml, versions 5, 6 and 9: keys "/name/1.0_peers", "/name@1.0(peers)", "name@1.0". */
/* SPDX-License-Identifier: Apache-2.0 */
#include "fmt/yaml.h"
#include "pkg/npm_int.h"

static bool pnpm_wants(struct pl_str path, struct pl_str head)
{
    (void)head;
    return pl_pkg_is(path, "pnpm-lock.yaml");
}

static bool cut_at_sign(struct pl_str key, struct pl_str *name, struct pl_str *version)
{
    const char *at = key.n > 1 ? memchr(key.p + 1, '@', key.n - 1) : NULL;
    if (!at)
        return false;
    *name = pl_str_sub(key, 0, (size_t)(at - key.p));
    *version = pl_str_sub(key, (size_t)(at - key.p) + 1, key.n);
    return true;
}

static bool digit_first(struct pl_str s)
{
    return s.n && s.p[0] >= '0' && s.p[0] <= '9';
}

/* "registry.example/@scope/name": a first part with a dot that is no scope is a host */
static struct pl_str no_host(struct pl_str name)
{
    struct pl_str rest = name, first;
    pl_str_split(&rest, '/', &first);
    bool host = rest.n && first.n && first.p[0] != '@' && memchr(first.p, '.', first.n);
    return host ? rest : name;
}

static bool cut_key(struct pl_str key, bool old, struct pl_str *name, struct pl_str *version)
{
    size_t paren = pl_str_find(key, PL_S("("), 0);
    key = pl_str_sub(key, 0, paren);
    if (key.n && key.p[0] == '/')
        key = pl_str_sub(key, 1, key.n);
    if (!old)
        return cut_at_sign(key, name, version);
    *version = pl_pkg_base(key);
    *version = pl_str_sub(*version, 0, pl_str_find(*version, PL_S("_"), 0));
    *name = pl_pkg_dir(key);
    /* peers may hold a '/': "/a/1.0.0_@b/c@2.0.0" */
    while (!digit_first(*version) && name->n) {
        *version = pl_pkg_base(*name);
        *version = pl_str_sub(*version, 0, pl_str_find(*version, PL_S("_"), 0));
        *name = pl_pkg_dir(*name);
    }
    *name = no_host(*name);
    return name->n && digit_first(*version);
}

static void entry(struct pl_pkg_sink *s, struct pl_str key, const struct pl_yaml *v, bool old)
{
    struct pl_str name = pl_yaml_str(pl_yaml_get(v, "name"));
    struct pl_str version = pl_yaml_str(pl_yaml_get(v, "version")), n = { "", 0 }, ver = { "", 0 };
    bool cut = cut_key(key, old, &n, &ver);
    bool dev = pl_str_is(pl_yaml_str(pl_yaml_get(v, "dev")), "true");
    if (!name.n && cut)
        name = n;
    if (!version.n && cut)
        version = ver;
    const struct pl_yaml *res = pl_yaml_get(v, "resolution");
    if (pl_str_is(pl_yaml_str(pl_yaml_get(res, "type")), "directory") && !digit_first(version))
        return;
    struct pl_str commit = pl_yaml_str(pl_yaml_get(res, "commit"));
    if (!digit_first(version) && commit.n)
        version = commit;
    if (name.n && version.n && pl_str_find(version, PL_S("://"), 0) == SIZE_MAX)
        pl_npm_put(s, name, version, PL_PKG_LOCK | (dev ? PL_PKG_DEV : 0u));
}

static void document(struct pl_pkg_sink *s, const struct pl_yaml *doc)
{
    const struct pl_yaml *packages = pl_yaml_get(doc, "packages");
    struct pl_str v = pl_yaml_str(pl_yaml_get(doc, "lockfileVersion"));
    bool old = v.n && v.p[0] <= '5' && v.p[0] >= '1';
    for (size_t i = 0; packages && packages->kind == PL_YAML_MAP && i < packages->n; i++)
        entry(s, pl_yaml_str(packages->item[2 * i]), packages->item[2 * i + 1], old);
}

static int pnpm_run(struct pl_str path, struct pl_str text, struct pl_pkg_sink *s,
                    struct pl_err *err)
{
    struct pl_limits l;
    struct pl_yaml_stream y;
    (void)path;
    pl_limits_init(&l);
    l.config = PL_PKG_TEXT_FILE;
    int r = pl_yaml_parse(text, &l, s->a, &y, err);
    for (size_t i = 0; r == 0 && i < y.n; i++)
        document(s, y.doc[i]);
    return r;
}

const struct pl_cataloger pl_pkg_pnpm = {
    .id = "pnpm-lock", .wants = pnpm_wants, .max = PL_PKG_TEXT_FILE, .run = pnpm_run
};
