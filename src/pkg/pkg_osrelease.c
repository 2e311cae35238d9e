/* The release of the system, os-release(5), and the files that stand in for it. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "pkg/pkg_int.h"

static bool osrelease_wants(struct pl_str path, struct pl_str head)
{
    (void)head;
    return pl_pkg_tail(path, "etc/os-release") || pl_pkg_tail(path, "usr/lib/os-release");
}

static int osrelease_run(struct pl_str path, struct pl_str text, struct pl_pkg_sink *s,
                         struct pl_err *err)
{
    struct pl_pkg p = { .type = PL_S("generic"), .flags = PL_PKG_OS };
    struct pl_str line, key;
    (void)path;
    (void)err;
    while (pl_pkg_line(&text, &line)) {
        struct pl_str value = pl_str_trim(line);
        if (!pl_str_split(&value, '=', &key) || !value.p)
            continue;
        value = pl_pkg_unquote(value);
        if (pl_str_is(key, "ID"))
            p.name = value;
        else if (pl_str_is(key, "VERSION_ID"))
            p.version = value;
        else if (pl_str_is(key, "PRETTY_NAME"))
            p.licence = value;
        else if (pl_str_is(key, "ID_LIKE"))
            p.source = value;
        else if (pl_str_is(key, "VERSION_CODENAME"))
            p.source_version = value;
    }
    pl_pkg_emit(s, p);
    return 0;
}

const struct pl_cataloger pl_pkg_osrelease = {
    .id = "os-release", .wants = osrelease_wants, .max = 1u << 20, .run = osrelease_run
};
