/* Packages of Nix and Guix by the names of their folders. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "pkg/store_path.h"

#define H "0123456789abcdfghijklmnpqrsvwxyz"

static void folders(void **state)
{
    static const struct {
        const char *path, *want;
    } rows[] = {
        { "nix/store/" H "-bash-5.2-p15/bin/bash",
          "nix:bash@5.2-p15 nix/store/" H "-bash-5.2-p15" },
        { "nix/store/" H "-gtk+3-3.24.38-dev/x",
          "nix:gtk+3@3.24.38 nix/store/" H "-gtk+3-3.24.38-dev" },
        { "a/gnu/store/" H "-x-1/y", "guix:x@1 a/gnu/store/" H "-x-1" },
        { "nix/store/" H "-builder.sh", "" },
        { "nix/store/" H "-source/x", "" },
        { "nix/store/.links/0", "" },
        { "nix/store/" H, "" },
        { "anix/store/" H "-x-1/y", "" },
        { "nix/store/0123456789ABCDFGHIJKLMNPQRSVWXYZ-x-1/y", "" },
        { "", "" },
    };
    (void)state;
    for (size_t i = 0; i < PL_COUNT(rows); i++) {
        struct pl_pkg p;
        struct pl_str folder;
        pl_auto_buf struct pl_buf got = { 0 };
        if (pl_pkg_store_path(pl_str_c(rows[i].path), &p, &folder))
            pl_buf_printf(&got, "%.*s:%.*s@%.*s %.*s", PL_FMT(p.type), PL_FMT(p.name),
                          PL_FMT(p.version), PL_FMT(folder));
        if (!pl_str_is(pl_buf_str(&got), rows[i].want))
            fail_msg("%s: '%.*s'", rows[i].path, PL_FMT(pl_buf_str(&got)));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(folders),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
