/* Arch Linux: var/lib/pacman/local/NAME-VERSION/desc, blocks headed %FIELD%. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "pkg/pkg_int.h"

static bool pacman_wants(struct pl_str path, struct pl_str head)
{
    (void)head;
    return pl_pkg_is(path, "desc") &&
           pl_pkg_tail(pl_pkg_dir(pl_pkg_dir(path)), "var/lib/pacman/local");
}

static int pacman_run(struct pl_str path, struct pl_str text, struct pl_pkg_sink *s,
                      struct pl_err *err)
{
    struct pl_pkg p = { .type = PL_S("alpm") };
    struct pl_str line, head = { "", 0 };
    (void)path;
    (void)err;
    while (pl_pkg_line(&text, &line)) {
        line = pl_str_trim(line);
        if (line.n > 1 && line.p[0] == '%') {
            head = line;
            continue;
        }
        if (pl_str_is(head, "%NAME%") && !p.name.n)
            p.name = line;
        else if (pl_str_is(head, "%VERSION%") && !p.version.n)
            p.version = line;
        else if (pl_str_is(head, "%BASE%") && !p.source.n)
            p.source = line;
        else if (pl_str_is(head, "%ARCH%") && !p.arch.n)
            p.arch = line;
        else if (pl_str_is(head, "%LICENSE%") && !p.licence.n)
            p.licence = line;
    }
    if (!p.name.n || !p.version.n)
        pl_pkg_note(s, true, "package-list", "no name or version before the end");
    else
        pl_pkg_emit(s, p);
    return 0;
}

const struct pl_cataloger pl_pkg_pacman = {
    .id = "pacman", .wants = pacman_wants, .max = 1u << 20, .run = pacman_run
};
