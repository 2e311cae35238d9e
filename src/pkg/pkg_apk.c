/* Alpine's list of installed packages: one-letter fields, blocks parted by empty lines. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "pkg/pkg_int.h"

static bool apk_wants(struct pl_str path, struct pl_str head)
{
    (void)head;
    return pl_pkg_tail(path, "lib/apk/db/installed");
}

/* F: is a folder, each R: behind it a file in it. */
static void file(struct pl_pkg_sink *s, struct pl_str owner, struct pl_str dir, struct pl_str name)
{
    struct pl_arena a = { 0 };
    pl_pkg_own(s, owner, dir.n ? pl_printf(&a, "%.*s/%.*s", PL_FMT(dir), PL_FMT(name)) : name);
    pl_arena_release(&a);
}

static void finish(struct pl_pkg_sink *s, struct pl_pkg *p, bool any)
{
    if (any && p->name.n && p->version.n)
        pl_pkg_emit(s, *p);
    else if (any)
        pl_pkg_note(s, false, "package-skipped", "an entry without %s",
                    p->name.n ? "version" : "name");
    *p = (struct pl_pkg){ .type = PL_S("apk") };
}

static int apk_run(struct pl_str path, struct pl_str text, struct pl_pkg_sink *s,
                   struct pl_err *err)
{
    struct pl_pkg p = { .type = PL_S("apk") };
    struct pl_str line, dir = { "", 0 };
    bool any = false, cut = text.n && text.p[text.n - 1] != '\n';
    (void)path;
    (void)err;
    while (pl_pkg_line(&text, &line)) {
        if (line.n < 2 || line.p[1] != ':') {
            finish(s, &p, any);
            any = false;
            dir = PL_S("");
            continue;
        }
        struct pl_str value = pl_str_sub(line, 2, line.n);
        any |= line.p[0] == 'P' || line.p[0] == 'V';
        switch (line.p[0]) {
        case 'P':
            p.name = value;
            break;
        case 'V':
            p.version = value;
            break;
        case 'A':
            p.arch = value;
            break;
        case 'L':
            p.licence = value;
            break;
        case 'o':
            p.source = value;
            break;
        case 'F':
            dir = value;
            break;
        case 'R':
            file(s, p.name, dir, value);
            break;
        default:
            break;
        }
    }
    if (cut || (any && (!p.name.n || !p.version.n)))
        pl_pkg_note(s, true, "package-list", "the list ends in the middle of an entry");
    finish(s, &p, any);
    return 0;
}

const struct pl_cataloger pl_pkg_apk = {
    .id = "apk", .wants = apk_wants, .max = PL_PKG_TEXT_FILE, .run = apk_run
};
