/* Facts of an image: reading them back, paths, links, users. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "check/image/img.h"

#include <stdlib.h>

#include "base/buf.h"

#define HOPS 40u

struct pl_str pl_path_dir(struct pl_str path)
{
    const char *slash = path.n ? memrchr(path.p, '/', path.n) : NULL;
    size_t n = slash ? (size_t)(slash - path.p) : 0;
    return n ? pl_str_sub(path, 0, n) : PL_S("/");
}

struct pl_str pl_path_base(struct pl_str path)
{
    const char *slash = path.n ? memrchr(path.p, '/', path.n) : NULL;
    return slash ? pl_str_sub(path, (size_t)(slash - path.p) + 1, path.n) : path;
}

bool pl_path_in(struct pl_str path, struct pl_str dir)
{
    if (dir.n == 1 && dir.p[0] == '/')
        return path.n && path.p[0] == '/';
    return pl_str_starts(path, dir) && (path.n == dir.n || path.p[dir.n] == '/');
}

bool pl_next_word(struct pl_str *rest, struct pl_str *ret)
{
    size_t i = 0, from;
    while (i < rest->n && strchr(" \t\r\n", rest->p[i]))
        i++;
    from = i;
    while (i < rest->n && !strchr(" \t\r\n", rest->p[i]))
        i++;
    *ret = pl_str_sub(*rest, from, i - from);
    *rest = pl_str_sub(*rest, i, rest->n);
    return ret->n > 0;
}

static struct pl_str bare(struct pl_str path)
{
    while (path.n && path.p[0] == '/')
        path = pl_str_sub(path, 1, path.n);
    while (path.n && path.p[path.n - 1] == '/')
        path.n--;
    return path;
}

static size_t lower_bound(const struct pl_img *im, struct pl_str path)
{
    size_t lo = 0, hi = im->n_file;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (pl_str_cmp(im->file[mid].path, path) < 0)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

const struct pl_img_file *pl_img_at(const struct pl_img *im, struct pl_str path)
{
    path = bare(path);
    size_t i = lower_bound(im, path);
    return i < im->n_file && pl_str_eq(im->file[i].path, path) ? &im->file[i] : NULL;
}

size_t pl_img_below(const struct pl_img *im, struct pl_str path, size_t *ret_end)
{
    pl_auto_buf struct pl_buf b = { 0 };
    path = bare(path);
    if (!path.n) {
        *ret_end = im->n_file;
        return im->n_file && !im->file[0].path.n;
    }
    pl_buf_putn(&b, path.p, path.n);
    pl_buf_putc(&b, '/');
    size_t from = lower_bound(im, pl_buf_str(&b));
    b.p[b.n - 1] = '/' + 1;
    *ret_end = lower_bound(im, pl_buf_str(&b));
    return from;
}

struct pl_str pl_img_resolve(const struct pl_img *im, struct pl_str cwd, struct pl_str path)
{
    pl_auto_buf struct pl_buf out = { 0 }, pending = { 0 };
    struct pl_str part;
    unsigned hops = 0, steps = 0;
    if (!path.n || path.p[0] != '/') {
        pl_buf_putn(&pending, cwd.p, cwd.n);
        pl_buf_putc(&pending, '/');
    }
    pl_buf_putn(&pending, path.p, path.n);
    struct pl_str rest = pl_buf_str(&pending);
    while (rest.p && pl_str_split(&rest, '/', &part)) {
        if (++steps > 4096)
            return PL_S("");
        if (!part.n || pl_str_is(part, "."))
            continue;
        if (pl_str_is(part, "..")) {
            const char *slash = out.n ? memrchr(out.p, '/', out.n) : NULL;
            out.n = slash ? (size_t)(slash - out.p) : 0;
            continue;
        }
        size_t before = out.n;
        pl_buf_putc(&out, '/');
        pl_buf_putn(&out, part.p, part.n);
        const struct pl_img_file *f = pl_img_at(im, pl_buf_str(&out));
        if (!f || f->kind != PL_IMG_LINK || !f->link.n)
            continue;
        if (++hops > HOPS)
            return PL_S("");
        struct pl_buf next = { 0 };
        pl_buf_putn(&next, f->link.p, f->link.n);
        if (rest.p) {
            pl_buf_putc(&next, '/');
            pl_buf_putn(&next, rest.p, rest.n);
        }
        out.n = f->link.p[0] == '/' ? 0 : before;
        pl_buf_release(&pending);
        pending = next;
        rest = pl_buf_str(&pending);
    }
    return out.n ? pl_dup(im->a, pl_buf_str(&out)) : PL_S("/");
}

const struct pl_img_file *pl_img_open(const struct pl_img *im, struct pl_str cwd,
                                      struct pl_str path)
{
    struct pl_str to = pl_img_resolve(im, cwd, path);
    return to.n ? pl_img_at(im, to) : NULL;
}

struct pl_str pl_img_env(const struct pl_img *im, struct pl_str name)
{
    struct pl_str found = { NULL, 0 };
    for (size_t i = 0; i < im->n_env; i++)
        if (pl_str_eq(im->env[i].name, name))
            found = im->env[i].value;
    return found;
}

const struct pl_img_file *pl_img_which(const struct pl_img *im, struct pl_str cwd,
                                       struct pl_str word)
{
    struct pl_str path = pl_img_env(im, PL_S("PATH")), dir;
    if (!word.n)
        return NULL;
    if (memchr(word.p, '/', word.n))
        return pl_img_open(im, cwd, word);
    if (!path.p)
        path = PL_S("/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
    while (path.p && pl_str_split(&path, ':', &dir)) {
        const struct pl_img_file *f =
            pl_img_open(im, cwd, pl_printf(im->a, "%.*s/%.*s", PL_FMT(dir), PL_FMT(word)));
        if (f && f->kind == PL_IMG_FILE && (f->mode & 0111))
            return f;
    }
    return NULL;
}

/* ---- users ---- */

static bool number(struct pl_str s, uint32_t *ret)
{
    uint64_t v;
    if (!pl_str_u64(s, &v) || v > UINT32_MAX)
        return false;
    *ret = (uint32_t)v;
    return true;
}

const struct pl_img_user *pl_img_uid(const struct pl_img *im, uint32_t uid)
{
    for (size_t i = 0; i < im->n_users; i++)
        if (im->users[i].uid == uid)
            return &im->users[i];
    return NULL;
}

static const struct pl_img_user *named(const struct pl_img *im, struct pl_str name)
{
    for (size_t i = 0; i < im->n_users; i++)
        if (pl_str_eq(im->users[i].name, name))
            return &im->users[i];
    return NULL;
}

struct pl_img_who pl_img_user(const struct pl_img *im, struct pl_str spec)
{
    struct pl_img_who w = { 0 };
    struct pl_str group = pl_str_trim(spec), user;
    if (!pl_str_split(&group, ':', &user) || !user.n)
        user = PL_S("0");
    w.name = user;
    const struct pl_img_user *u = NULL;
    if (number(user, &w.uid)) {
        w.known = true;
        u = pl_img_uid(im, w.uid);
        if (u)
            w.name = u->name;
        else if (w.uid == 0)
            w.name = PL_S("root");
    } else {
        w.by_name = true;
        u = named(im, user);
        w.known = u || pl_str_is(user, "root");
        w.uid = u ? u->uid : 0;
        w.missing = !w.known;
    }
    w.gid_known = u || (w.known && w.uid == 0);
    w.gid = u ? u->gid : 0;
    if (group.p && group.n) {
        w.gid_known = number(group, &w.gid);
        for (size_t i = 0; i < im->n_groups && !w.gid_known; i++)
            if (pl_str_eq(im->groups[i].name, group)) {
                w.gid = im->groups[i].gid;
                w.gid_known = true;
            }
    }
    return w;
}

static size_t count_lines(struct pl_str s)
{
    size_t n = 1;
    for (size_t i = 0; i < s.n; i++)
        n += s.p[i] == '\n';
    return n;
}

/* Field `k` of a line parted by colons. */
static struct pl_str field(struct pl_str line, unsigned k)
{
    struct pl_str f = { "", 0 };
    for (unsigned i = 0; i <= k; i++)
        if (!line.p || !pl_str_split(&line, ':', &f))
            return PL_S("");
    return f;
}

static void read_passwd(struct pl_img *im, struct pl_str text)
{
    struct pl_str line;
    uint32_t no = 0;
    im->has_passwd = true;
    im->users = pl_alloc_n(im->a, count_lines(text), sizeof *im->users);
    while (text.p && pl_str_split(&text, '\n', &line)) {
        struct pl_img_user u = { .name = field(line, 0),
                                 .password = field(line, 1),
                                 .home = field(line, 5),
                                 .shell = pl_str_trim(field(line, 6)),
                                 .line = ++no };
        if (u.name.n && u.name.p[0] != '#' && number(field(line, 2), &u.uid) &&
            number(field(line, 3), &u.gid))
            im->users[im->n_users++] = u;
    }
}

static void read_group(struct pl_img *im, struct pl_str text)
{
    struct pl_str line;
    uint32_t no = 0;
    im->groups = pl_alloc_n(im->a, count_lines(text), sizeof *im->groups);
    while (text.p && pl_str_split(&text, '\n', &line)) {
        struct pl_img_group g = { .name = field(line, 0), .line = ++no };
        if (g.name.n && number(field(line, 2), &g.gid))
            im->groups[im->n_groups++] = g;
    }
}

/* ---- settling ---- */

static int by_path(const void *pa, const void *pb)
{
    const struct pl_img_file *a = pa, *b = pb;
    int c = pl_str_cmp(a->path, b->path);
    return c ? c : (a->layer > b->layer) - (a->layer < b->layer);
}

void pl_img_settle(struct pl_img *im)
{
    size_t n = 0;
    const struct pl_img_file *f;
    if (im->n_file)
        qsort(im->file, im->n_file, sizeof *im->file, by_path);
    for (size_t i = 0; i < im->n_file; i++) {
        if (i + 1 < im->n_file && pl_str_eq(im->file[i].path, im->file[i + 1].path))
            continue;
        im->file[n++] = im->file[i];
    }
    im->n_file = n;
    if ((f = pl_img_open(im, PL_S("/"), PL_S("/etc/passwd"))) && f->has_body)
        read_passwd(im, f->body);
    if ((f = pl_img_open(im, PL_S("/"), PL_S("/etc/group"))) && f->has_body)
        read_group(im, f->body);
}
