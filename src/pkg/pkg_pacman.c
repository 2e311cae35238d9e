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

/* local/NAME-VERSION-RELEASE/files */
static bool files_wants(struct pl_str path, struct pl_str head)
{
    (void)head;
    return pl_pkg_is(path, "files") &&
           pl_pkg_tail(pl_pkg_dir(pl_pkg_dir(path)), "var/lib/pacman/local");
}

static int files_run(struct pl_str path, struct pl_str text, struct pl_pkg_sink *s,
                     struct pl_err *err)
{
    struct pl_str line, owner = pl_pkg_base(pl_pkg_dir(path));
    bool files = false;
    (void)err;
    for (int i = 0; i < 2; i++) {
        const char *dash = owner.n ? memrchr(owner.p, '-', owner.n) : NULL;
        if (!dash)
            return 0;
        owner.n = (size_t)(dash - owner.p);
    }
    while (pl_pkg_line(&text, &line)) {
        if (line.n > 1 && line.p[0] == '%')
            files = pl_str_is(line, "%FILES%");
        else if (files)
            pl_pkg_own(s, owner, line);
    }
    return 0;
}

const struct pl_cataloger pl_pkg_pacman_files = {
    .id = "pacman-files", .wants = files_wants, .max = PL_PKG_TEXT_FILE, .run = files_run
};
const struct pl_cataloger pl_pkg_pacman = {
    .id = "pacman", .wants = pacman_wants, .max = 1u << 20, .run = pacman_run
};
