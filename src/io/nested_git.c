/* Git: loose objects and packs. Blobs, commits and tags are members; a blob of a pack gets its path
 * and the oldest commit that has it. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/vec.h"
#include "io/gitpack.h"
#include "io/nested_int.h"

#define OBJECT_MAX ((size_t)16 << 20) /* held in memory: a delta, its base, its result */
#define CACHE ((size_t)8 << 20)
#define NAMES_MAX ((size_t)16 << 20) /* bytes of path components kept of one pack */
#define PATH_DEPTH 1000

/* ---- a loose object ---- */

static unsigned bid_git_object(const uint8_t *p, size_t n, struct pl_str path)
{
    uint8_t head[32];
    size_t took, made = 0;
    enum pl_git_type type;
    uint64_t size;
    (void)path;
    if (p[0] != 0x78 || !pl_zlib_bid(p, n))
        return 0;
    struct pl_zlib *z = pl_zlib_new();
    pl_zlib_run(z, pl_str_n(p, n), head, sizeof head, &took, &made, NULL);
    pl_zlib_free(z);
    return pl_git_loose_header(pl_str_n(head, made), &type, &size) ? 56 : 0;
}

struct loose {
    struct pl_nest n;
    struct pl_zlib *z;
    bool end;
};

static int64_t loose_more(void *arg, void *p, size_t n, struct pl_err *err)
{
    struct loose *l = arg;
    struct pl_view *in = l->n.in;
    size_t want = 1;
    while (!l->end) {
        int r = pl_view_ahead(in, want, err);
        if (r < 0)
            return r;
        size_t took, made;
        r = pl_zlib_run(l->z, pl_str_n(in->p, in->n), p, n, &took, &made, err);
        if (r < 0)
            return r;
        pl_view_consume(in, took);
        l->end = r > 0;
        if (made)
            return (int64_t)made;
        if (!l->end && !took && in->eof)
            return pl_fail(err, PL_E_FORMAT, "object ends early");
        want = in->n + 1; /* the decoder wants to see more at once */
    }
    return 0;
}

/* "objects/ab/cdef…" gives "abcdef…"; else the file's name. */
static struct pl_str loose_name(struct pl_str path, char *room, size_t max)
{
    size_t a = path.n, b;
    while (a && path.p[a - 1] != '/')
        a--;
    b = a > 0 ? a - 1 : 0;
    while (b && path.p[b - 1] != '/')
        b--;
    if (a == 0 || a - 1 - b != 2 || path.n - a < 38 || path.n - a + 2 > max)
        return pl_str_sub(path, a, SIZE_MAX);
    memcpy(room, path.p + b, 2);
    memcpy(room + 2, path.p + a, path.n - a);
    return pl_str_n(room, path.n - a + 2);
}

static int loose_member(struct loose *l, struct pl_pull *body, struct pl_err *err)
{
    enum pl_git_type type;
    uint64_t size;
    struct pl_err why = { 0 };
    char room[2 * PL_GIT_ID_MAX];
    struct pl_view *v = &body->v;
    int r = pl_view_ahead(v, 32, &why);
    size_t head = pl_git_loose_header(pl_str_n(v->p, v->n), &type, &size);
    if (!head && r < 0 && l->n.in->failed)
        return r;
    if (!head) {
        pl_nest_note(&l->n, "nested-damaged", PL_S(""), "%s", r < 0 ? why.msg : "no object header");
        return 0;
    }
    if (type == PL_GIT_TREE) /* names and ids only */
        return 0;
    pl_view_consume(v, head);
    v->off = 0;
    struct pl_str detail = type == PL_GIT_COMMIT ? PL_S("commit")
                           : type == PL_GIT_TAG  ? PL_S("tag")
                                                 : PL_S("");
    r = pl_nest_member(&l->n, loose_name(l->n.o->path, room, sizeof room), detail, v, false, err);
    if (r == 0 && l->end && v->eof && v->off + v->n != size)
        pl_nest_note(&l->n, "nested-damaged", PL_S(""), "object of another size than it declares");
    return r;
}

static int read_git_object(struct pl_view *in, const struct pl_nested_opts *o,
                           struct pl_nested_sink *sink, struct pl_err *err)
{
    struct loose l = { .z = pl_zlib_new() };
    struct pl_pull body = { .more = NULL };
    pl_nest_init(&l.n, in, o, sink);
    pl_pull_begin(&body, &l.n, loose_more, &l);
    int r = loose_member(&l, &body, err);
    pl_pull_release(&body);
    pl_zlib_free(l.z);
    pl_nest_release(&l.n);
    return r < 0 ? r : 0;
}

/* ---- a pack ---- */

static unsigned bid_git_pack(const uint8_t *p, size_t n, struct pl_str path)
{
    (void)path;
    return p[0] == 'P' && n >= 12 && memcmp(p, "PACK\0\0\0", 7) == 0 && (p[7] == 2 || p[7] == 3)
               ? 64
               : 0;
}

/* Where the walk met an object first. */
struct place {
    uint32_t parent; /* its tree, or PL_GIT_NO */
    uint32_t commit; /* or PL_GIT_NO: not met */
    struct pl_str name;
};

struct commit {
    uint32_t obj;
    int64_t time;
    uint8_t tree[PL_GIT_ID_MAX];
};

struct pack {
    struct pl_nest n;
    struct pl_gitpack *p;
    struct place *place; /* one per object */
    struct pl_arena names;
    PL_VEC(struct commit) commits;
    PL_VEC(uint32_t) todo; /* trees to walk */
    struct pl_zlib *z;     /* for blobs that are streamed */
    struct pl_str rest;    /* of the blob that is streamed: its zlib stream */
    bool end;
};

static int by_time(const void *a, const void *b)
{
    const struct commit *x = a, *y = b;
    if (x->time != y->time)
        return x->time < y->time ? -1 : 1;
    return x->obj < y->obj ? -1 : x->obj > y->obj;
}

/* Lists the commits, oldest first, and makes the ids of commits and trees known. */
static void list_commits(struct pack *k)
{
    size_t id_len = pl_gitpack_id_len(k->p);
    for (uint32_t i = 0; i < pl_gitpack_count(k->p); i++) {
        struct pl_git_object o = pl_gitpack_object(k->p, i);
        struct pl_str s;
        struct pl_git_commit gc;
        if (o.type == PL_GIT_TREE && !o.id)
            pl_gitpack_get(k->p, i, &s, NULL);
        if (o.type != PL_GIT_COMMIT || pl_gitpack_get(k->p, i, &s, NULL) < 0 ||
            !pl_git_commit_read(s, id_len, &gc))
            continue;
        struct commit c = { .obj = i, .time = gc.time };
        memcpy(c.tree, gc.tree, id_len);
        pl_vec_push(&k->commits, c);
    }
    if (k->commits.n)
        qsort(k->commits.p, k->commits.n, sizeof *k->commits.p, by_time);
}

/* Gives object `i` its place, unless an older commit did. True when it is new. */
static bool place_object(struct pack *k, uint32_t i, uint32_t parent, uint32_t commit,
                         struct pl_str name)
{
    if (i == PL_GIT_NO || k->place[i].commit != PL_GIT_NO)
        return false;
    k->place[i].commit = commit;
    k->place[i].parent = parent;
    if (name.n && k->names.total < NAMES_MAX)
        k->place[i].name = pl_dup(&k->names, name);
    return true;
}

static void walk_tree(struct pack *k, uint32_t tree)
{
    struct pl_str s;
    struct pl_git_entry e;
    size_t id_len = pl_gitpack_id_len(k->p);
    uint32_t commit = k->place[tree].commit;
    if (pl_gitpack_get(k->p, tree, &s, NULL) < 0)
        return; /* noted when the objects are offered */
    while (pl_git_tree_next(&s, id_len, &e) > 0) {
        uint32_t i = pl_gitpack_find(k->p, e.id);
        if (place_object(k, i, tree, commit, e.name) &&
            pl_gitpack_object(k->p, i).type == PL_GIT_TREE)
            pl_vec_push(&k->todo, i);
    }
}

/* Oldest commit first, so that the place an object gets is the one that brought it; each tree is
 * read once, whatever the number of commits. */
static void find_places(struct pack *k)
{
    list_commits(k);
    for (uint32_t i = 0; i < pl_gitpack_count(k->p); i++) {
        struct pl_git_object o = pl_gitpack_object(k->p, i);
        struct pl_str s;
        if (o.type == PL_GIT_BLOB && !o.id)
            pl_gitpack_get(k->p, i, &s, NULL);
    }
    pl_gitpack_index(k->p);
    for (size_t c = 0; c < k->commits.n; c++) {
        uint32_t root = pl_gitpack_find(k->p, k->commits.p[c].tree);
        if (!place_object(k, root, PL_GIT_NO, k->commits.p[c].obj, PL_S("")) ||
            pl_gitpack_object(k->p, root).type != PL_GIT_TREE)
            continue;
        pl_vec_push(&k->todo, root);
        while (k->todo.n)
            walk_tree(k, k->todo.p[--k->todo.n]);
    }
}

static struct pl_str object_path(const struct pack *k, uint32_t i, struct pl_buf *b)
{
    uint32_t up[PATH_DEPTH];
    unsigned n = 0;
    for (; i != PL_GIT_NO && k->place[i].name.n && n < PATH_DEPTH; i = k->place[i].parent)
        up[n++] = i;
    pl_buf_clear(b);
    while (n && b->n < k->n.o->limits->path) {
        struct pl_str name = k->place[up[--n]].name;
        if (b->n)
            pl_buf_putc(b, '/');
        pl_buf_putn(b, name.p, name.n);
    }
    return pl_buf_str(b);
}

static struct pl_str object_hex(const struct pack *k, uint32_t i, char *room)
{
    struct pl_git_object o = pl_gitpack_object(k->p, i);
    size_t len = pl_gitpack_id_len(k->p);
    if (!o.id)
        return PL_S("");
    pl_hex(o.id, len, room);
    return pl_str_n(room, 2 * len);
}

static int64_t blob_more(void *arg, void *p, size_t n, struct pl_err *err)
{
    struct pack *k = arg;
    if (k->end)
        return 0;
    size_t took, made;
    int r = pl_zlib_run(k->z, k->rest, p, n, &took, &made, err);
    if (r < 0)
        return r;
    k->rest = pl_str_sub(k->rest, took, SIZE_MAX);
    k->end = r > 0 || !made;
    return (int64_t)made;
}

static int offer_blob(struct pack *k, struct pl_pull *pull, uint32_t i, struct pl_buf *b,
                      struct pl_err *err)
{
    char id[2 * PL_GIT_ID_MAX + 1], commit[2 * PL_GIT_ID_MAX + 1];
    struct pl_git_object o = pl_gitpack_object(k->p, i);
    struct pl_str name = object_path(k, i, b), detail = PL_S(""), data;
    if (k->place[i].commit != PL_GIT_NO)
        detail = object_hex(k, k->place[i].commit, commit);
    if (!name.n)
        name = object_hex(k, i, id);
    if (o.whole.p) {
        k->rest = o.whole;
        k->end = false;
        pl_zlib_reset(k->z);
        pl_pull_begin(pull, &k->n, blob_more, k);
        return pl_nest_member(&k->n, name, detail, &pull->v, false, err);
    }
    struct pl_err why = { 0 };
    if (pl_gitpack_get(k->p, i, &data, &why) < 0) {
        pl_nest_note(&k->n, why.code == PL_E_LIMIT ? "nested-limit" : "nested-damaged", name, "%s",
                     why.msg);
        return 0;
    }
    k->n.members++;
    return pl_nest_text(&k->n, name, detail, data, false, err);
}

/* A commit or a tag: its text. */
static int offer_text(struct pack *k, uint32_t i, enum pl_git_type type, struct pl_err *err)
{
    char id[2 * PL_GIT_ID_MAX + 1];
    struct pl_str data;
    struct pl_err why = { 0 };
    int r = pl_gitpack_get(k->p, i, &data, &why);
    struct pl_str name = object_hex(k, i, id);
    if (r < 0) {
        pl_nest_note(&k->n, why.code == PL_E_LIMIT ? "nested-limit" : "nested-damaged", name, "%s",
                     why.msg);
        return 0;
    }
    struct pl_git_commit gc;
    if (type == PL_GIT_COMMIT && pl_git_commit_read(data, pl_gitpack_id_len(k->p), &gc))
        data = gc.text;
    k->n.members++;
    return pl_nest_text(&k->n, name, type == PL_GIT_TAG ? PL_S("tag") : PL_S("commit"), data, false,
                        err);
}

static int offer_all(struct pack *k, struct pl_err *err)
{
    struct pl_pull pull = { .more = NULL };
    struct pl_buf path = { .max = 0 };
    uint32_t lost = 0;
    int r = 0;
    k->z = pl_zlib_new();
    for (uint32_t i = 0; i < pl_gitpack_count(k->p) && r == 0; i++) {
        enum pl_git_type type = pl_gitpack_object(k->p, i).type;
        if (type == PL_GIT_BLOB)
            r = offer_blob(k, &pull, i, &path, err);
        else if (type == PL_GIT_COMMIT || type == PL_GIT_TAG)
            r = offer_text(k, i, type, err);
        else if (type != PL_GIT_TREE)
            lost++;
    }
    if (lost)
        pl_nest_note(&k->n, "nested-damaged", PL_S(""),
                     "%" PRIu32 " objects are deltas whose base is not in the pack", lost);
    pl_pull_release(&pull);
    pl_buf_release(&path);
    pl_zlib_free(k->z);
    return r;
}

static int read_pack(struct pack *k, struct pl_str bytes, struct pl_err *err)
{
    const struct pl_limits *l = k->n.o->limits;
    struct pl_err damage, why = { 0 };
    struct pl_gitpack_opts po = { .object = OBJECT_MAX, .cache = CACHE };
    po.count = l->nested_members < UINT32_MAX ? (uint32_t)l->nested_members : UINT32_MAX - 1;
    if (__builtin_mul_overflow(l->nested_ratio, bytes.n, &po.work) ||
        __builtin_add_overflow(po.work, l->nested_out, &po.work) ||
        __builtin_mul_overflow(po.work, 3, &po.work))
        po.work = UINT64_MAX;
    if (pl_gitpack_open(bytes, &po, &k->p, &damage, &why) < 0) {
        pl_nest_note(&k->n, "nested-damaged", PL_S(""), "%s", why.msg);
        return 0;
    }
    if (damage.code)
        pl_nest_note(&k->n, damage.code == PL_E_LIMIT ? "nested-limit" : "nested-damaged", PL_S(""),
                     "%s", damage.msg);
    size_t count = pl_gitpack_count(k->p);
    k->place = calloc(count + 1, sizeof *k->place);
    if (!k->place)
        pl_oom();
    for (size_t i = 0; i < count; i++)
        k->place[i].parent = k->place[i].commit = PL_GIT_NO;
    find_places(k);
    return offer_all(k, err);
}

static int read_git_pack(struct pl_view *in, const struct pl_nested_opts *o,
                         struct pl_nested_sink *sink, struct pl_err *err)
{
    struct pack k = { .p = NULL };
    struct pl_str bytes;
    pl_nest_init(&k.n, in, o, sink);
    int r = pl_nest_need_whole(&k.n, &bytes, err);
    if (r == 0)
        r = read_pack(&k, bytes, err);
    pl_gitpack_free(k.p);
    free(k.place);
    pl_arena_release(&k.names);
    pl_vec_release(&k.commits);
    pl_vec_release(&k.todo);
    pl_nest_release(&k.n);
    return r < 0 ? r : 0;
}

const struct pl_nested pl_nested_git_object = { "git-object", bid_git_object, read_git_object,
                                                false };
const struct pl_nested pl_nested_git_pack = { "git-pack", bid_git_pack, read_git_pack, false };
