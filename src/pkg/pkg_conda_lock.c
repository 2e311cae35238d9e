/* Locked environments of conda: conda-lock.yml ("package" list) and pixi.lock (versions 3 to 6). */
/* SPDX-License-Identifier: Apache-2.0 */
#include "fmt/yaml.h"
#include "pkg/pkg_int.h"

static bool lock_wants(struct pl_str path, struct pl_str head)
{
    (void)head;
    return pl_pkg_is(path, "conda-lock.yml") || pl_str_ends(path, PL_S(".conda-lock.yml")) ||
           pl_pkg_is(path, "pixi.lock");
}

static struct pl_str member(const struct pl_yaml *y, const char *key)
{
    return pl_yaml_str(pl_yaml_get(y, key));
}

/* "https://host/channel/linux-64/name-1.0-build.conda" */
static bool from_address(struct pl_str address, struct pl_str *name, struct pl_str *version)
{
    struct pl_str base = pl_pkg_base(address);
    const char *build = base.n ? memrchr(base.p, '-', base.n) : NULL;
    const char *dash = build ? memrchr(base.p, '-', (size_t)(build - base.p)) : NULL;
    if (!dash)
        return false;
    *name = pl_str_n(base.p, (size_t)(dash - base.p));
    *version = pl_str_n(dash + 1, (size_t)(build - dash) - 1);
    return true;
}

static void entry(struct pl_pkg_sink *s, const struct pl_yaml *p)
{
    struct pl_str name = member(p, "name"), version = member(p, "version");
    struct pl_str address = member(p, "conda"), manager = member(p, "manager");
    bool pip = pl_str_is(manager, "pip") || pl_str_is(member(p, "kind"), "pypi") ||
               member(p, "pypi").n > 0;
    bool dev = pl_str_is(member(p, "category"), "dev");
    if ((!name.n || !version.n) && !from_address(address, &name, &version))
        return;
    pl_pkg_put(s, pip ? "pypi" : "conda", PL_S(""), name, version,
               PL_PKG_LOCK | (dev ? PL_PKG_DEV : 0u));
}

static int lock_run(struct pl_str path, struct pl_str text, struct pl_pkg_sink *s,
                    struct pl_err *err)
{
    struct pl_yaml_stream y = { 0 };
    struct pl_limits l;
    (void)path;
    pl_limits_init(&l);
    l.config = PL_PKG_TEXT_FILE;
    int r = pl_yaml_parse(text, &l, s->a, &y, err);
    if (r < 0)
        return r;
    const struct pl_yaml *d = y.n ? y.doc[0] : NULL, *all = pl_yaml_get(d, "package");
    if (!all)
        all = pl_yaml_get(d, "packages");
    for (size_t i = 0; all && all->kind == PL_YAML_LIST && i < all->n; i++)
        entry(s, all->item[i]);
    return 0;
}

const struct pl_cataloger pl_pkg_conda_lock = {
    .id = "conda-lock", .wants = lock_wants, .max = PL_PKG_TEXT_FILE, .run = lock_run
};
