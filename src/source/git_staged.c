/* The index against HEAD: folders whose tree the index knows are compared by id, only changed
 * entries are told. secrets.md section 10, "Pre-commit". */
/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "source/git_index.h"
#include "source/git_int.h"

/* A folder that is being gone through, with HEAD's tree of it. */
struct level {
    size_t prefix; /* bytes of the path up to and with its slash */
    git_odb_object *o;
    struct pl_str rest;
    struct pl_git_item item;
    bool have;
};

struct staged {
    struct pl_git *g;
    struct pl_index x;
    struct pl_buf dir; /* path of the deepest level */
    struct level level[PL_GIT_TREE_DEPTH];
    size_t depth;
    void (*fn)(void *arg, const struct pl_git_change *c);
    pl_git_note_fn *note;
    void *arg;
    bool all; /* unchanged entries are told, too */
};

static void next_item(struct level *l)
{
    l->have = pl_git_item_next(&l->rest, &l->item) > 0;
}

/* Goes into a folder; `oid` NULL: HEAD has none there. */
static int push(struct staged *s, size_t prefix, const uint8_t *oid, struct pl_err *err)
{
    if (s->depth == PL_GIT_TREE_DEPTH)
        return pl_fail(err, PL_E_LIMIT, "folders nested too deep");
    struct level *l = &s->level[s->depth];
    *l = (struct level){ .prefix = prefix };
    if (oid) {
        int r = pl_git_raw(s->g, oid, &l->o, err);
        if (r < 0)
            return r;
        if (pl_git_lib()->git_odb_object_type(l->o) == GIT_OBJECT_TREE)
            l->rest = pl_str_n(pl_git_lib()->git_odb_object_data(l->o),
                               pl_git_lib()->git_odb_object_size(l->o));
        next_item(l);
    }
    s->depth++;
    return 0;
}

static void pop(struct staged *s)
{
    pl_git_lib()->git_odb_object_free(s->level[--s->depth].o);
}

/* HEAD's entry called `name` in the deepest folder. Names come in order, so it only goes forward.
 */
static const struct pl_git_item *find(struct staged *s, struct pl_str name, bool folder)
{
    struct level *l = &s->level[s->depth - 1];
    while (l->have) {
        struct pl_str have = l->item.name;
        size_t n = have.n < name.n ? have.n : name.n;
        int c = memcmp(have.p, name.p, n);
        bool tree = (l->item.mode & PL_GIT_MODE_KIND) == PL_GIT_MODE_TREE;
        int x = have.n > n ? (unsigned char)have.p[n] : tree ? '/' : 0;
        int y = name.n > n ? (unsigned char)name.p[n] : folder ? '/' : 0;
        if (!c)
            c = x - y;
        if (c > 0)
            return NULL;
        if (c == 0)
            return &l->item;
        next_item(l);
    }
    return NULL;
}

/* Passes over the entries of a folder that is the same in HEAD. False when they are not as the
 * index said; then nothing was passed over. */
static bool skip_folder(struct staged *s, struct pl_str dir, uint32_t count)
{
    struct pl_index before = s->x;
    struct pl_index_entry e;
    struct pl_err err;
    size_t mark = s->x.path.n;
    if (s->x.version == 4 || count == 0) /* its paths build on each other */
        return false;
    (void)mark;
    for (uint32_t i = 1; i < count; i++) { /* the first has been taken */
        if (pl_index_next(&s->x, &e, &err) <= 0 || e.path.n <= dir.n || e.path.p[dir.n] != '/' ||
            memcmp(e.path.p, dir.p, dir.n) != 0) {
            s->x = before;
            return false;
        }
    }
    return true;
}

/* Goes into the folders of the path. 1: this entry and those beside it are as in HEAD. */
static int enter(struct staged *s, struct pl_str path, struct pl_err *err)
{
    for (;;) {
        size_t from = s->level[s->depth - 1].prefix;
        const char *slash = path.n > from ? memchr(path.p + from, '/', path.n - from) : NULL;
        if (!slash)
            return 0;
        struct pl_str dir = pl_str_sub(path, 0, (size_t)(slash - path.p));
        const struct pl_git_item *in = find(s, pl_str_sub(dir, from, dir.n), true);
        bool tree = in && (in->mode & PL_GIT_MODE_KIND) == PL_GIT_MODE_TREE;
        const struct pl_index_tree *known = s->all ? NULL : pl_index_tree(&s->x, dir);
        if (tree && known && memcmp(known->oid, in->oid, PL_OID) == 0 &&
            skip_folder(s, dir, known->count))
            return 1;
        pl_buf_clear(&s->dir);
        pl_buf_putn(&s->dir, path.p, dir.n + 1);
        int r = push(s, dir.n + 1, tree ? in->oid : NULL, err);
        if (r < 0)
            return r;
    }
}

static int one_entry(struct staged *s, const struct pl_index_entry *e, struct pl_err *err)
{
    while (s->depth > 1) {
        size_t n = s->level[s->depth - 1].prefix;
        if (e->path.n > n && memcmp(e->path.p, s->dir.p, n) == 0)
            break;
        pop(s);
    }
    int r = enter(s, e->path, err);
    if (r != 0)
        return r < 0 ? r : 0;
    uint32_t kind = e->mode & PL_GIT_MODE_KIND;
    size_t from = s->level[s->depth - 1].prefix;
    const struct pl_git_item *old =
        find(s, pl_str_sub(e->path, from, e->path.n), kind == PL_GIT_MODE_TREE);
    bool same = old && memcmp(old->oid, e->oid, PL_OID) == 0;
    if (kind == PL_GIT_MODE_TREE && !same)
        s->note(s->arg, true, "unsupported", e->path, "a folder of a sparse index");
    if (kind == PL_GIT_MODE_TREE || kind == PL_GIT_MODE_SUBMODULE || e->to_add || (same && !s->all))
        return 0;
    bool blob = old && (old->mode & PL_GIT_MODE_KIND) != PL_GIT_MODE_TREE &&
                (old->mode & PL_GIT_MODE_KIND) != PL_GIT_MODE_SUBMODULE;
    struct pl_git_change c = { .path = e->path,
                               .old = blob ? old->oid : NULL,
                               .now = e->oid,
                               .link = kind == PL_GIT_MODE_LINK,
                               .mtime = e->mtime,
                               .mtime_ns = e->mtime_ns,
                               .size = e->size };
    s->fn(s->arg, &c);
    return 0;
}

/* Tree id of HEAD. 0; 1: there is no commit yet. */
static int head_tree(struct pl_git *g, uint8_t *ret, struct pl_err *err)
{
    git_reference *ref = NULL;
    git_object *o = NULL;
    int r = pl_git_lib()->git_repository_head(&ref, g->repo);
    if (r == GIT_EUNBORNBRANCH || r == GIT_ENOTFOUND)
        return 1;
    if (r == 0)
        r = pl_git_lib()->git_reference_peel(&o, ref, GIT_OBJECT_TREE);
    if (r == 0)
        memcpy(ret, pl_git_lib()->git_object_id(o)->id, PL_OID);
    pl_git_lib()->git_object_free(o);
    pl_git_lib()->git_reference_free(ref);
    return r < 0 ? pl_git_fail(err, "cannot read HEAD") : 0;
}

static int compare(struct staged *s, struct pl_err *err)
{
    uint8_t tree[PL_OID];
    struct pl_index_entry e;
    int r = head_tree(s->g, tree, err);
    if (r < 0)
        return r;
    const struct pl_index_tree *top = pl_index_tree(&s->x, PL_S(""));
    if (r == 0 && !s->all && top && top->count == s->x.count && memcmp(top->oid, tree, PL_OID) == 0)
        return 0;
    r = push(s, 0, r ? NULL : tree, err);
    while (r == 0 && (r = pl_index_next(&s->x, &e, err)) > 0)
        r = one_entry(s, &e, err);
    while (s->depth)
        pop(s);
    return r;
}

int pl_git_staged(struct pl_git *g, const char *index, bool all,
                  void (*fn)(void *arg, const struct pl_git_change *c), pl_git_note_fn *note,
                  void *arg, struct pl_err *err)
{
    pl_auto_buf struct pl_buf path = { 0 };
    if (index)
        pl_buf_puts(&path, index);
    else
        pl_buf_printf(&path, "%s/index", pl_git_lib()->git_repository_path(g->repo));
    pl_buf_putc(&path, 0);
    pl_auto_fd int fd = open(path.p, O_RDONLY | O_CLOEXEC);
    struct stat st;
    if (fd < 0 && errno == ENOENT)
        return 0; /* nothing was ever added */
    if (fd < 0 || fstat(fd, &st) < 0)
        return pl_fail_errno(err, PL_E_IO, errno, "cannot read the index");
    size_t n = (size_t)st.st_size;
    void *p = n ? mmap(NULL, n, PROT_READ, MAP_PRIVATE, fd, 0) : MAP_FAILED;
    if (p == MAP_FAILED)
        return pl_fail(err, PL_E_FORMAT, "the index is empty");
    struct pl_arena a = { 0 };
    struct staged *s = calloc(1, sizeof *s);
    if (!s)
        pl_oom();
    s->g = g;
    s->fn = fn;
    s->note = note;
    s->arg = arg;
    s->all = all;
    int r = pl_index_open(pl_str_n(p, n), &a, &s->x, err);
    if (r == 0) {
        if (s->x.split)
            note(arg, true, "unsupported", PL_S("index"),
                 "a split index: entries of its shared part are not read");
        r = compare(s, err);
        pl_index_release(&s->x);
    }
    pl_buf_release(&s->dir);
    free(s);
    pl_arena_release(&a);
    munmap(p, n);
    return r;
}
