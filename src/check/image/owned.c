/* Files of packages, from dpkg's and apk's lists. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "check/image/owned.h"

#include <stdlib.h>

static bool matters(struct pl_str p)
{
    static const char *const out[] = { "usr/share/",     "usr/include/",    "usr/src/",
                                       "usr/lib/python", "usr/lib/locale/", "lib/modules/" };
    for (size_t i = 0; i < sizeof out / sizeof *out; i++)
        if (pl_str_starts(p, pl_str_c(out[i])))
            return false;
    return p.n > 1 && pl_str_find(p, PL_S(".so"), 0) == SIZE_MAX;
}

static void put(struct pl_buf *out, struct pl_str p)
{
    if (!matters(p))
        return;
    pl_buf_putn(out, p.p, p.n);
    pl_buf_putc(out, '\n');
}

static void cut_dpkg(struct pl_str path, struct pl_str text, struct pl_buf *out)
{
    struct pl_str name = pl_path_base(path), line;
    name.n -= name.n > 5 ? 5 : 0; /* ".list" */
    size_t colon = pl_str_find(name, PL_S(":"), 0);
    name = pl_str_sub(name, 0, colon);
    pl_buf_printf(out, "=%.*s\n", PL_FMT(name));
    while (text.p && pl_str_split(&text, '\n', &line))
        if (line.n > 1 && line.p[0] == '/')
            put(out, pl_str_sub(line, 1, line.n));
}

static void cut_apk(struct pl_str text, struct pl_buf *out)
{
    struct pl_str line, dir = PL_S("");
    while (text.p && pl_str_split(&text, '\n', &line)) {
        struct pl_str v = pl_str_sub(line, 2, line.n);
        pl_auto_buf struct pl_buf p = { 0 };
        if (line.n < 3 || line.p[1] != ':')
            continue;
        if (line.p[0] == 'P')
            pl_buf_printf(out, "=%.*s\n", PL_FMT(v));
        else if (line.p[0] == 'F')
            dir = v;
        else if (line.p[0] == 'R') {
            pl_buf_printf(&p, "%.*s/%.*s", PL_FMT(dir), PL_FMT(v));
            put(out, pl_buf_str(&p));
        }
    }
}

void pl_img_owned_cut(struct pl_str path, struct pl_str text, struct pl_buf *out)
{
    if (pl_str_ends(path, PL_S(".list")))
        cut_dpkg(path, text, out);
    else
        cut_apk(text, out);
}

static void read_one(struct pl_owned *o, const struct pl_img *im, struct pl_str text)
{
    struct pl_str line;
    struct pl_str *name = NULL;
    while (text.p && pl_str_split(&text, '\n', &line)) {
        if (line.n > 1 && line.p[0] == '=') {
            name = PL_NEW(im->a, struct pl_str);
            *name = pl_str_sub(line, 1, line.n);
        } else if (line.n && name) {
            *pl_map_put(&o->paths, line) = name;
        }
    }
}

void pl_owned_read(const struct pl_img *im, struct pl_owned *ret)
{
    *ret = (struct pl_owned){ .paths = { .a = im->a } };
    for (size_t i = 0; i < im->n_file; i++) {
        const struct pl_img_file *f = &im->file[i];
        bool apk = pl_str_ends(f->path, PL_S("lib/apk/db/installed"));
        bool dpkg = pl_str_starts(f->path, PL_S("var/lib/dpkg/info/"));
        ret->rpm |= pl_str_starts(f->path, PL_S("var/lib/rpm")) ||
                    pl_str_starts(f->path, PL_S("usr/lib/sysimage/rpm"));
        if (!f->has_body || (!apk && !dpkg))
            continue;
        ret->apk |= apk;
        ret->dpkg |= dpkg;
        read_one(ret, im, f->body);
    }
}

void pl_owned_release(struct pl_owned *o)
{
    pl_map_release(&o->paths);
}

struct pl_str pl_owned_by(const struct pl_owned *o, const struct pl_img *im, struct pl_str path)
{
    static const char *const folders[] = { "usr/", "bin/", "sbin/", "lib", "etc/" };
    struct pl_str none = { NULL, 0 };
    while (path.n && path.p[0] == '/')
        path = pl_str_sub(path, 1, path.n);
    const struct pl_str *name = pl_map_get(&o->paths, path);
    if (!name && pl_str_starts(path, PL_S("usr/"))) /* before the folders were merged */
        name = pl_map_get(&o->paths, pl_str_sub(path, 4, path.n));
    if (!name)
        name = pl_map_get(&o->paths, pl_printf(im->a, "usr/%.*s", PL_FMT(path)));
    if (name)
        return *name;
    if (o->rpm && !o->dpkg && !o->apk && !pl_str_starts(path, PL_S("usr/local/")))
        for (size_t i = 0; i < sizeof folders / sizeof *folders; i++)
            if (pl_str_starts(path, pl_str_c(folders[i])))
                return PL_S("?");
    return none;
}
