/* PHP: vendor/composer/installed.json (both forms) and composer.lock. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "pkg/pkg_int.h"

/* Composer's folder may have been taken out of vendor/: then the content tells. */
static bool php_wants(struct pl_str path, struct pl_str head)
{
    if (pl_pkg_is(path, "composer.lock") || pl_pkg_tail(path, "composer/installed.json"))
        return true;
    return pl_pkg_is(path, "installed.json") &&
           pl_str_find(head, PL_S("\"version_normalized\""), 0) != SIZE_MAX;
}

static bool named(const struct pl_json *list, struct pl_str name)
{
    for (size_t i = 0; i < pl_json_len(list); i++)
        if (pl_str_eq(pl_json_str(pl_json_at(list, i)), name))
            return true;
    return false;
}

static void packages(struct pl_pkg_sink *s, const struct pl_json *list, const struct pl_json *dev,
                     uint32_t flags)
{
    /* a long list of names would make the search below quadratic */
    const struct pl_json *look = pl_json_len(dev) < 2000 ? dev : NULL;
    for (size_t i = 0; i < pl_json_len(list); i++) {
        const struct pl_json *p = pl_json_at(list, i);
        struct pl_str name = pl_json_str(pl_json_get(p, "name"));
        struct pl_str version = pl_json_str(pl_json_get(p, "version"));
        uint32_t more = named(look, name) ? (uint32_t)PL_PKG_DEV : 0u;
        if (pl_str_is(pl_json_str(pl_json_get(p, "type")), "path") || !version.n)
            continue;
        if (version.n > 1 && version.p[0] == 'v' && version.p[1] >= '0' && version.p[1] <= '9')
            version = pl_str_sub(version, 1, version.n);
        struct pl_pkg x = { .type = PL_S("composer"), .ns = pl_pkg_dir(name) };
        x.name = pl_pkg_base(name);
        x.version = version;
        x.licence = pl_json_str(pl_json_at(pl_json_get(p, "license"), 0));
        x.flags = flags | more;
        pl_pkg_emit(s, x);
    }
}

static int php_run(struct pl_str path, struct pl_str text, struct pl_pkg_sink *s,
                   struct pl_err *err)
{
    struct pl_json *j = NULL;
    bool lock = pl_pkg_is(path, "composer.lock");
    int r = pl_json_parse(pl_pkg_utf8(s, text), 100, &j, err);
    if (r < 0)
        return r;
    const struct pl_json *dev = pl_json_get(j, "dev-package-names");
    if (pl_json_type(j) == PL_JSON_ARRAY)
        packages(s, j, NULL, 0);
    else
        packages(s, pl_json_get(j, "packages"), dev, lock ? PL_PKG_LOCK : 0u);
    if (lock)
        packages(s, pl_json_get(j, "packages-dev"), NULL, PL_PKG_LOCK | PL_PKG_DEV);
    pl_json_free(j);
    return 0;
}

const struct pl_cataloger pl_pkg_php = {
    .id = "composer", .wants = php_wants, .max = PL_PKG_TEXT_FILE, .run = php_run
};
