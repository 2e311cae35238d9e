/* PHP: vendor/composer/installed.json (both forms), composer.lock, the registry of PEAR and PECL,
 * plugins of WordPress. */
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

/* ---- .registry/NAME.reg and .registry/.channel.HOST/NAME.reg: serialized values ---- */

static bool pear_wants(struct pl_str path, struct pl_str head)
{
    (void)head;
    return pl_str_ends(path, PL_S(".reg")) && pl_pkg_below(path, ".registry");
}

/* s:4:"name";s:11:"Archive_Tar"; behind `key`, which has its quotes */
static struct pl_str serialized(struct pl_str text, const char *key)
{
    struct pl_str value = { "", 0 };
    size_t at = pl_str_find(text, pl_str_c(key), 0);
    if (at == SIZE_MAX)
        return value;
    text = pl_str_sub(text, at + strlen(key), text.n);
    text = pl_str_sub(text, 0, pl_str_find(text, PL_S("\n"), 0));
    if (pl_str_starts(text, PL_S(";s:")))
        pl_pkg_between(&text, "\"", "\"", &value);
    return value;
}

static int pear_run(struct pl_str path, struct pl_str text, struct pl_pkg_sink *s,
                    struct pl_err *err)
{
    struct pl_str name = serialized(text, "\"name\""), version;
    struct pl_str channel = serialized(text, "\"channel\"");
    (void)path;
    (void)err;
    version = serialized(text, "\"release\"");
    if (name.n && version.n)
        pl_pkg_put(s, "pear", channel, name, version, 0);
    return 0;
}

/* ---- wp-content/plugins/NAME/FILE.php with a head that says so ---- */

static bool wordpress_wants(struct pl_str path, struct pl_str head)
{
    struct pl_str folder = pl_pkg_dir(pl_pkg_dir(path));
    (void)head;
    return pl_str_ends(path, PL_S(".php")) && pl_pkg_tail(folder, "wp-content/plugins");
}

/* " * Version: 1.0" in the comment that begins the file */
static struct pl_str header(struct pl_str text, const char *key)
{
    struct pl_str line, at, value;
    while (pl_pkg_line(&text, &line)) {
        while (line.n && strchr(" \t*/#@", line.p[0]))
            line = pl_str_sub(line, 1, line.n);
        if (pl_pkg_field(line, &at, &value) && pl_str_ieq(at, pl_str_c(key)))
            return value;
    }
    return PL_S("");
}

static int wordpress_run(struct pl_str path, struct pl_str text, struct pl_pkg_sink *s,
                         struct pl_err *err)
{
    (void)err;
    text = pl_str_sub(text, 0, 8192); /* as much as WordPress reads of it */
    struct pl_str version = header(text, "Version");
    if (header(text, "Plugin Name").n && version.n)
        pl_pkg_put(s, "wordpress-plugin", PL_S(""), pl_pkg_base(pl_pkg_dir(path)), version, 0);
    return 0;
}

const struct pl_cataloger pl_pkg_pear = {
    .id = "pear", .wants = pear_wants, .max = 4u << 20, .run = pear_run
};
const struct pl_cataloger pl_pkg_wordpress = {
    .id = "wordpress", .wants = wordpress_wants, .max = 4u << 20, .run = wordpress_run
};
const struct pl_cataloger pl_pkg_php = {
    .id = "composer", .wants = php_wants, .max = PL_PKG_TEXT_FILE, .run = php_run
};
