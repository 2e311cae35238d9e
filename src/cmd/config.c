/* Where the configuration file is, and single settings of it. ux.md section 4. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/config.h"

#include <limits.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "cmd/common.h"
#include "fmt/toml.h"
#include "io/file.h"

struct pl_str pl_config_find(struct pl_arena *a)
{
    char cwd[PATH_MAX];
    const char *home = getenv("HOME"), *xdg = getenv("XDG_CONFIG_HOME");
    struct pl_str dir = pl_str_c(getcwd(cwd, sizeof cwd));
    while (dir.n) {
        struct pl_str file = pl_printf(a, "%.*s/.plimsoll.toml", PL_FMT(dir));
        if (access(file.p, R_OK) == 0)
            return file;
        if (access(pl_printf(a, "%.*s/.git", PL_FMT(dir)).p, F_OK) == 0)
            break;
        while (dir.n && dir.p[dir.n - 1] != '/')
            dir.n--;
        dir.n -= dir.n > 0;
    }
    struct pl_str tries[] = {
        xdg && *xdg ? pl_printf(a, "%s/plimsoll/config.toml", xdg)
                    : pl_printf(a, "%s/.config/plimsoll/config.toml", home ? home : ""),
        PL_S("/etc/plimsoll/config.toml"),
    };
    for (size_t i = 0; i < PL_COUNT(tries); i++)
        if (access(tries[i].p, R_OK) == 0)
            return tries[i];
    return PL_S("");
}

static const char *beside(struct pl_arena *a, struct pl_str file, struct pl_str name)
{
    size_t dir = file.n;
    while (dir && file.p[dir - 1] != '/')
        dir--;
    return name.p[0] == '/' ? pl_dup(a, name).p
                            : pl_printf(a, "%.*s%.*s", (int)dir, file.p, PL_FMT(name)).p;
}

int pl_config_folder(const char *key, struct pl_arena *a, const char **ret, struct pl_err *err)
{
    pl_auto_buf struct pl_buf b = { .max = 1u << 20 };
    struct pl_toml *root = NULL;
    struct pl_str path = pl_config_find(a);
    *ret = NULL;
    if (!path.n)
        return 0;
    int r = pl_file_read(path.p, &b, err);
    if (r == 0)
        r = pl_toml_parse(pl_buf_str(&b), path.p, &root, err);
    const struct pl_toml *v = r == 0 ? pl_toml_get(root, key) : NULL;
    struct pl_str name = pl_toml_str(v);
    if (v && !name.n)
        r = pl_fail(err, PL_E_USAGE, "%.*s:%u: a folder is needed for '%s'", PL_FMT(path),
                    pl_toml_line(v), key);
    else if (v)
        *ret = strstr(name.p, "://") ? pl_dup(a, name).p : beside(a, path, name);
    pl_toml_free(root);
    return r;
}
