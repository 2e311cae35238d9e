/* Git repositories as directories of an image: loose objects, packs of version 2 with their index,
 * deltas. gitformat-pack(5), gitformat-index(5), git's object format. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <zlib.h>

#include "mk.h"

struct object {
    uint8_t id[20];
    struct pl_str body;
    int type;    /* 1 commit, 2 tree, 3 blob, as packs number them */
    size_t base; /* index of the object this one is stored against, or SIZE_MAX */
    size_t at;   /* offset in the pack */
    uint32_t crc;
};
struct path {
    struct pl_str name; /* with slashes */
    size_t blob;
};
struct repo {
    struct mk *m;
    PL_VEC(struct object) o;
    PL_VEC(struct path) tree; /* the tree of the commit in work */
    size_t head;
};

static const char *const type_name[] = { "", "commit", "tree", "blob" };

static size_t add(struct repo *r, int type, struct pl_str body, size_t base)
{
    struct object o = { .body = body, .type = type, .base = base };
    struct pl_str head = pl_printf(&r->m->a, "%s %zu", type_name[type], body.n);
    struct pl_hash *h = pl_hash_new(PL_HASH_SHA1);
    pl_hash_add(h, head.p, head.n + 1);
    pl_hash_add(h, body.p, body.n);
    pl_hash_end(h, o.id);
    pl_hash_free(h);
    for (size_t i = 0; i < r->o.n; i++)
        if (!memcmp(r->o.p[i].id, o.id, 20))
            return i;
    pl_vec_push(&r->o, o);
    return r->o.n - 1;
}

/* The tree of the paths that begin with `dir` (empty, or ending in '/'). Paths are sorted. */
static size_t tree(struct repo *r, struct pl_str dir)
{
    struct pl_buf b = { 0 };
    struct pl_str last = pl_str_c(NULL);
    for (size_t i = 0; i < r->tree.n; i++) {
        struct pl_str rest = r->tree.p[i].name, head;
        size_t id;
        bool sub;
        if (!pl_str_starts(rest, dir))
            continue;
        rest = pl_str_sub(rest, dir.n, SIZE_MAX);
        pl_str_split(&rest, '/', &head);
        sub = rest.p && rest.n;
        if (sub && pl_str_eq(head, last))
            continue;
        last = head;
        id = sub ? tree(r, pl_printf(&r->m->a, "%.*s%.*s/", PL_FMT(dir), PL_FMT(head)))
                 : r->tree.p[i].blob;
        pl_buf_printf(&b, "%s %.*s%c", sub ? "40000" : "100644", PL_FMT(head), 0);
        pl_buf_putn(&b, r->o.p[id].id, 20);
    }
    return add(r, 2, mk_keep(r->m, &b), SIZE_MAX);
}

static void set_path(struct repo *r, struct pl_str name, size_t blob)
{
    struct path p = { .name = name, .blob = blob };
    size_t i = 0;
    while (i < r->tree.n && pl_str_cmp(r->tree.p[i].name, name) < 0)
        i++;
    if (i < r->tree.n && pl_str_eq(r->tree.p[i].name, name)) {
        r->tree.p[i].blob = blob;
        return;
    }
    pl_vec_push(&r->tree, p);
    memmove(r->tree.p + i + 1, r->tree.p + i, (r->tree.n - 1 - i) * sizeof p);
    r->tree.p[i] = p;
}

static size_t blob_of(const struct repo *r, struct pl_str name)
{
    for (size_t i = 0; i < r->tree.n; i++)
        if (pl_str_eq(r->tree.p[i].name, name))
            return r->tree.p[i].blob;
    return SIZE_MAX;
}

/* commit MESSAGE { file PATH CONTENT; delete PATH } */
static void commit(struct repo *r, const struct mk_node *n, unsigned number)
{
    struct pl_buf b = { 0 };
    char id[41];
    size_t root;
    for (size_t i = 0; i < n->kids; i++) {
        struct mk_node *k = &n->kid[i];
        struct pl_str name = mk_arg(r->m, k, 1);
        size_t old = blob_of(r, name);
        if (mk_is(k, "file")) {
            set_path(r, name, add(r, 3, mk_member(r->m, k, 2, name), old));
            continue;
        }
        for (size_t j = 0; j < r->tree.n; j++)
            if (pl_str_eq(r->tree.p[j].name, name))
                memmove(r->tree.p + j, r->tree.p + j + 1, (--r->tree.n - j) * sizeof *r->tree.p);
    }
    root = tree(r, pl_str_c(NULL)); /* moves r->o */
    pl_hex(r->o.p[root].id, 20, id);
    pl_buf_printf(&b, "tree %s\n", id);
    if (r->head != SIZE_MAX) {
        pl_hex(r->o.p[r->head].id, 20, id);
        pl_buf_printf(&b, "parent %s\n", id);
    }
    for (int k = 0; k < 2; k++)
        pl_buf_printf(&b, "%s Dev <dev@example.com> %u +0000\n", k ? "committer" : "author",
                      (unsigned)MK_MTIME + number);
    pl_buf_printf(&b, "\n%.*s\n", PL_FMT(mk_arg(r->m, n, 1)));
    r->head = add(r, 1, mk_keep(r->m, &b), SIZE_MAX);
}

static void zlibbed(struct mk *m, struct pl_str s, struct pl_buf *b)
{
    uLong n = compressBound(s.n);
    Bytef *p = pl_buf_room(b, n, NULL);
    if (!p || compress2(p, &n, (const Bytef *)s.p, s.n, 6) != Z_OK)
        mk_die(m, NULL, "zlib does not compress");
    b->n += n;
}

/* A file of the repository, noted as such. */
static void put(struct repo *r, struct pl_str path, struct pl_str body, struct pl_buf *out)
{
    struct pl_str old = r->m->path;
    r->m->path = path;
    mk_fact(r->m, body);
    r->m->path = old;
    mk_tar_file(out, path, body);
}

static void loose(struct repo *r, struct pl_str dir, struct pl_buf *out)
{
    for (size_t i = 0; i < r->o.n; i++) {
        struct object *o = &r->o.p[i];
        struct pl_buf plain = { 0 }, packed = { 0 };
        char id[41];
        pl_hex(o->id, 20, id);
        pl_buf_printf(&plain, "%s %zu%c", type_name[o->type], o->body.n, 0);
        pl_buf_putn(&plain, o->body.p, o->body.n);
        zlibbed(r->m, pl_buf_str(&plain), &packed);
        put(r, pl_printf(&r->m->a, "%.*s/objects/%.2s/%s", PL_FMT(dir), id, id + 2),
            pl_buf_str(&packed), out);
        pl_buf_release(&plain);
        pl_buf_release(&packed);
    }
}

/* --- packs ----------------------------------------------------------------------------------- */

static void be32(struct pl_buf *b, uint32_t v)
{
    for (int i = 3; i >= 0; i--)
        pl_buf_putc(b, (char)(v >> (8 * i) & 0xff));
}

static void varint(struct pl_buf *b, size_t v)
{
    for (; v > 127; v >>= 7)
        pl_buf_putc(b, (char)(0x80 | (v & 0x7f)));
    pl_buf_putc(b, (char)v);
}

static void copy_op(struct pl_buf *b, size_t at, size_t n)
{
    while (n) {
        size_t k = n > 0xffff ? 0xffff : n;
        pl_buf_putc(b, (char)(0x80 | 0x0f | 0x30));
        for (int i = 0; i < 4; i++)
            pl_buf_putc(b, (char)(at >> (8 * i) & 0xff));
        pl_buf_putc(b, (char)(k & 0xff));
        pl_buf_putc(b, (char)(k >> 8));
        at += k;
        n -= k;
    }
}

/* A delta: the common head and tail are copied, what differs is inserted. */
static struct pl_str delta(struct mk *m, struct pl_str base, struct pl_str s)
{
    struct pl_buf b = { 0 };
    size_t head = 0, tail = 0, max = base.n < s.n ? base.n : s.n;
    while (head < max && base.p[head] == s.p[head])
        head++;
    while (tail < max - head && base.p[base.n - 1 - tail] == s.p[s.n - 1 - tail])
        tail++;
    varint(&b, base.n);
    varint(&b, s.n);
    copy_op(&b, 0, head);
    for (size_t i = head; i < s.n - tail;) {
        size_t k = s.n - tail - i > 127 ? 127 : s.n - tail - i;
        pl_buf_putc(&b, (char)k);
        pl_buf_putn(&b, s.p + i, k);
        i += k;
    }
    copy_op(&b, base.n - tail, tail);
    return mk_keep(m, &b);
}

static void pack_head(struct pl_buf *b, int type, size_t size)
{
    uint8_t c = (uint8_t)(type << 4 | (int)(size & 15));
    for (size >>= 4; size; size >>= 7) {
        pl_buf_putc(b, (char)(c | 0x80));
        c = (uint8_t)(size & 0x7f);
    }
    pl_buf_putc(b, (char)c);
}

static void ofs(struct pl_buf *b, size_t v)
{
    char text[10];
    size_t i = sizeof text;
    text[--i] = (char)(v & 0x7f);
    while (v >>= 7)
        text[--i] = (char)(0x80 | (--v & 0x7f));
    pl_buf_putn(b, text + i, sizeof text - i);
}

static void pack_object(struct repo *r, size_t i, struct pl_str how, struct pl_buf *b)
{
    struct object *o = &r->o.p[i], *base = o->base == SIZE_MAX ? NULL : &r->o.p[o->base];
    o->at = b->n;
    if (base && how.n) {
        struct pl_str d = delta(r->m, base->body, o->body);
        bool ref = pl_str_is(how, "ref");
        pack_head(b, ref ? 7 : 6, d.n);
        if (ref)
            pl_buf_putn(b, base->id, 20);
        else
            ofs(b, o->at - base->at);
        zlibbed(r->m, d, b);
    } else {
        pack_head(b, o->type, o->body.n);
        zlibbed(r->m, o->body, b);
    }
    o->crc = (uint32_t)crc32_z(0, (const Bytef *)b->p + o->at, b->n - o->at);
}

static void sha1_of(struct pl_buf *b, uint8_t *id)
{
    struct pl_hash *h = pl_hash_new(PL_HASH_SHA1);
    pl_hash_add(h, b->p, b->n);
    pl_hash_end(h, id);
    pl_hash_free(h);
    pl_buf_putn(b, id, 20);
}

static int by_id(const void *a, const void *b)
{
    return memcmp((*(const struct object *const *)a)->id, (*(const struct object *const *)b)->id,
                  20);
}

static struct pl_str pack_index(struct repo *r, const uint8_t *pack_id)
{
    struct pl_buf b = { 0 };
    struct object **o = pl_alloc_n(&r->m->a, r->o.n + 1, sizeof(void *));
    uint8_t id[20];
    for (size_t i = 0; i < r->o.n; i++)
        o[i] = &r->o.p[i];
    qsort(o, r->o.n, sizeof *o, by_id);
    pl_buf_putn(&b, "\xfftOc\0\0\0\2", 8);
    for (unsigned k = 0; k < 256; k++) {
        uint32_t count = 0;
        for (size_t i = 0; i < r->o.n; i++)
            count += o[i]->id[0] <= k;
        be32(&b, count);
    }
    for (size_t i = 0; i < r->o.n; i++)
        pl_buf_putn(&b, o[i]->id, 20);
    for (size_t i = 0; i < r->o.n; i++)
        be32(&b, o[i]->crc);
    for (size_t i = 0; i < r->o.n; i++)
        be32(&b, (uint32_t)o[i]->at);
    pl_buf_putn(&b, pack_id, 20);
    sha1_of(&b, id);
    return mk_keep(r->m, &b);
}

static void pack(struct repo *r, struct pl_str dir, struct pl_str how, struct pl_buf *out)
{
    struct pl_buf b = { 0 };
    uint8_t id[20];
    char hex[41];
    struct pl_str stem, body;
    pl_buf_puts(&b, "PACK");
    be32(&b, 2);
    be32(&b, (uint32_t)r->o.n);
    for (size_t i = 0; i < r->o.n; i++)
        pack_object(r, i, how, &b);
    sha1_of(&b, id);
    pl_hex(id, 20, hex);
    stem = pl_printf(&r->m->a, "%.*s/objects/pack/pack-%s", PL_FMT(dir), hex);
    body = mk_keep(r->m, &b);
    put(r, pl_printf(&r->m->a, "%.*s.pack", PL_FMT(stem)), body, out);
    put(r, pl_printf(&r->m->a, "%.*s.idx", PL_FMT(stem)), pack_index(r, id), out);
}

/* git DIR [store=loose|pack] [delta=ofs|ref] { commit … } */
void mk_git(struct mk *m, const struct mk_node *n, const struct mk_tar_opts *o, struct pl_buf *out)
{
    struct repo r = { .m = m, .head = SIZE_MAX };
    struct pl_str dir = mk_arg(m, n, 1);
    char id[41];
    (void)o;
    m->path = dir;
    for (size_t i = 0; i < n->kids; i++)
        commit(&r, &n->kid[i], (unsigned)i);
    if (r.head == SIZE_MAX)
        mk_die(m, n, "a repository needs a commit");
    pl_hex(r.o.p[r.head].id, 20, id);
    mk_tar_file(out, pl_printf(&m->a, "%.*s/HEAD", PL_FMT(dir)), PL_S("ref: refs/heads/main\n"));
    mk_tar_file(out, pl_printf(&m->a, "%.*s/config", PL_FMT(dir)),
                PL_S("[core]\n\trepositoryformatversion = 0\n\tbare = false\n"));
    mk_tar_file(out, pl_printf(&m->a, "%.*s/refs/heads/main", PL_FMT(dir)),
                pl_printf(&m->a, "%s\n", id));
    if (pl_str_is(mk_opt_str(m, n, "store", "loose"), "pack"))
        pack(&r, dir, mk_opt_str(m, n, "delta", ""), out);
    else
        loose(&r, dir, out);
    pl_vec_release(&r.o);
    pl_vec_release(&r.tree);
}
