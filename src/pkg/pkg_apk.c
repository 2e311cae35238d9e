/* Alpine's list of installed packages: one-letter fields, blocks parted by empty lines. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "base/base64.h"
#include "pkg/pkg_int.h"

static bool apk_wants(struct pl_str path, struct pl_str head)
{
    (void)head;
    return pl_pkg_tail(path, "lib/apk/db/installed");
}

/* F: is a folder, each R: behind it a file in it; Z: then is "Q1" and its SHA-1 as base64. */
static void file(struct pl_pkg_sink *s, struct pl_str owner, struct pl_str dir, struct pl_str name,
                 struct pl_str sum)
{
    struct pl_arena a = { 0 };
    struct pl_sum of = { .alg = PL_SUM_NONE };
    char raw[64];
    size_t n = 0;
    if (sum.n == 30 && pl_str_starts(sum, PL_S("Q1")) &&
        pl_base64_decode(pl_str_sub(sum, 2, 28), PL_BASE64_LENIENT, raw, &n, NULL) == 0 && n == 20)
        of = (struct pl_sum){ .alg = PL_SUM_SHA1, .head = pl_sum_head((const uint8_t *)raw) };
    pl_pkg_own_sum(s, owner, dir.n ? pl_printf(&a, "%.*s/%.*s", PL_FMT(dir), PL_FMT(name)) : name,
                   of);
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
    struct pl_str line, dir = { "", 0 }, name = { NULL, 0 };
    bool any = false, cut = text.n && text.p[text.n - 1] != '\n';
    (void)path;
    (void)err;
    while (pl_pkg_line(&text, &line)) {
        bool field = line.n >= 2 && line.p[1] == ':';
        if (name.p && (!field || line.p[0] == 'R' || line.p[0] == 'F' || line.p[0] == 'Z')) {
            bool sum = field && line.p[0] == 'Z';
            file(s, p.name, dir, name, sum ? pl_str_sub(line, 2, line.n) : PL_S(""));
            name.p = NULL;
        }
        if (!field) {
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
            name = value;
            break;
        case 'm':
            if (pl_pkg_by_distro(value))
                p.flags |= PL_PKG_VENDOR;
            break;
        default:
            break;
        }
    }
    if (name.p)
        file(s, p.name, dir, name, PL_S(""));
    if (cut || (any && (!p.name.n || !p.version.n)))
        pl_pkg_note(s, true, "package-list", "the list ends in the middle of an entry");
    finish(s, &p, any);
    return 0;
}

const struct pl_cataloger pl_pkg_apk = {
    .id = "apk", .wants = apk_wants, .max = PL_PKG_TEXT_FILE, .run = apk_run
};
