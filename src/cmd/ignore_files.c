/* Ignore files of a run. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/ignore_files.h"

#include <stdio.h>
#include <unistd.h>

#include "cmd/config.h"
#include "io/file.h"

static int read_one(struct pl_ignores *g, const char *path, bool theirs, struct pl_err *err)
{
    pl_auto_buf struct pl_buf text = { .max = 64u << 20 }, warn = { 0 };
    int r = pl_file_read(path, &text, err);
    if (r < 0)
        return pl_fail(err, PL_E_USAGE, "cannot read '%s'", path);
    if (pl_str_ends(pl_str_c(path), PL_S(".toml")))
        return pl_ignores_read_toml(g, path, pl_buf_str(&text), err);
    if (!theirs)
        return pl_ignores_read(g, path, pl_buf_str(&text), err);
    pl_ignores_read_gitleaks(g, path, pl_buf_str(&text), &warn);
    if (warn.n)
        fwrite(warn.p, 1, warn.n, stderr);
    return 0;
}

int pl_scan_read_ignores(const struct pl_scan_cmd *o, struct pl_ignores *ret, struct pl_err *err)
{
    static const char *const names[] = { ".plimsollignore", ".gitleaksignore" };
    struct pl_str config = o->common.no_config ? PL_S("") : pl_config_find(ret->a);
    int r = config.n ? read_one(ret, config.p, false, err) : 0;
    for (size_t i = 0; r == 0 && i < o->ignore_file.n; i++)
        r = read_one(ret, o->ignore_file.p[i],
                     pl_str_ends(pl_str_c(o->ignore_file.p[i]), pl_str_c(names[1])), err);
    for (size_t i = 0; r == 0 && o->own && i < 2; i++) {
        const char *path = pl_printf(ret->a, "%s/%s", o->own, names[i]).p;
        if (access(path, F_OK) == 0)
            r = read_one(ret, path, i == 1, err);
    }
    return r;
}
