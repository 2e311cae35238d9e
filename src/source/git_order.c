/* All objects, in an order in which reading them is cheap. A pack keeps most objects as differences
 * from others, chained up to fifty deep: along these chains, what was just read is what the next
 * one builds on, and the library still has it; in the order of places or ids it would inflate each
 * chain again and again. Only a hint: what an index does not tell comes as the library lists it.
 * gitformat-pack(5), index version 2. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/endian.h"
#include "io/gitpack_head.h"
#include "source/git_int.h"

#define CHUNK 3000u /* numbers of an index that are read at a time */
#define WINDOW ((size_t)16 << 10)
#define HEAD_MAX 32u /* of an object */
#define NONE UINT32_MAX

struct packed {
    uint64_t off;
    uint32_t number; /* in ids */
    uint32_t base;   /* entries, or NONE: what it builds on, … */
    uint32_t first;  /* … what builds on it … */
    uint32_t next;   /* … and what builds on the same */
};

struct list {
    struct pl_oidmap ids; /* an object may be in several packs */
    uint8_t *told;        /* by number in ids */
    void (*fn)(void *arg, const uint8_t *oid);
    void *arg;
};

struct pack {
    int idx, fd;
    uint32_t n;
    struct packed *e; /* rising by off */
    uint8_t *window;  /* of the pack */
    uint64_t from;
    size_t got;
};

static int on_object(const git_oid *id, void *arg)
{
    struct list *l = arg;
    pl_oidmap_put(&l->ids, id->id, NULL);
    return 0;
}

static void tell(struct list *l, uint32_t number)
{
    if (!l->told[number])
        l->fn(l->arg, pl_oidmap_id(&l->ids, number));
    l->told[number] = 1;
}

/* `n` records of `size` bytes from `first` on, out of the table at `at` of the index. */
static bool table(const struct pack *p, uint64_t at, uint32_t first, uint32_t n, size_t size,
                  uint8_t *to)
{
    return pl_read_at(p->idx, to, n * size, at + (uint64_t)first * size);
}

/* The objects that both the index and the library know, with their places. */
static bool read_index(struct pack *p, const struct pl_oidmap *ids)
{
    pl_auto_free uint8_t *names = malloc((size_t)CHUNK * PL_OID), *places = malloc(CHUNK * 4u);
    uint64_t at = PL_IDX_HEAD + PL_IDX_FAN;
    uint64_t offs = at + (uint64_t)p->n * (PL_OID + 4), large = offs + (uint64_t)p->n * 4;
    uint32_t kept = 0;
    if (!names || !places)
        pl_oom();
    for (uint32_t i = 0; i < p->n; i += CHUNK) {
        uint32_t n = p->n - i < CHUNK ? p->n - i : CHUNK;
        if (!table(p, at, i, n, PL_OID, names) || !table(p, offs, i, n, 4, places))
            return false;
        for (uint32_t k = 0; k < n; k++) {
            uint8_t w[8];
            uint64_t off = pl_be32(places + (size_t)k * 4);
            if (off >> 31) {
                if (!table(p, large, (uint32_t)off & INT32_MAX, 1, 8, w))
                    return false;
                off = pl_be64(w);
            }
            uint32_t number = pl_oidmap_find(ids, names + (size_t)k * PL_OID);
            if (number != PL_OID_NONE)
                p->e[kept++] = (struct packed){ off, number, NONE, NONE, NONE };
        }
    }
    p->n = kept;
    return true;
}

static int by_place(const void *a, const void *b)
{
    const struct packed *x = a, *y = b;
    return x->off < y->off ? -1 : x->off > y->off;
}

static uint32_t entry_at(const struct pack *p, uint64_t off)
{
    struct packed key = { .off = off };
    const struct packed *e = bsearch(&key, p->e, p->n, sizeof key, by_place);
    return e ? (uint32_t)(e - p->e) : NONE;
}

/* The entry that the one at `off` builds on, which stands before it; NONE: it is whole, names its
 * base by id, or makes no sense. Asked for rising places. */
static uint32_t base_of(struct pack *p, uint64_t off)
{
    uint8_t type;
    uint64_t size, back;
    if (off < p->from || off + HEAD_MAX > p->from + p->got) {
        ssize_t n = pread(p->fd, p->window, WINDOW, (off_t)off);
        p->from = off;
        p->got = n > 0 ? (size_t)n : 0;
    }
    struct pl_str s = pl_str_n(p->window + (off - p->from), p->from + p->got - off);
    size_t n = pl_gitpack_head(s, &type, &size);
    if (n == 0 || type != PL_GIT_OFS_DELTA ||
        pl_gitpack_distance(pl_str_sub(s, n, SIZE_MAX), &back) == 0 || back == 0 || back > off)
        return NONE;
    return entry_at(p, off - back);
}

static void link_up(struct pack *p)
{
    for (uint32_t i = 0; i < p->n; i++)
        p->e[i].base = base_of(p, p->e[i].off);
    for (uint32_t i = p->n; i-- > 0;) {
        struct packed *e = &p->e[i];
        if (e->base == NONE)
            continue;
        e->next = p->e[e->base].first;
        p->e[e->base].first = i;
    }
}

/* Bases before what builds on them, each chain to its end. A base stands before, so there is no
 * circle. */
static void tell_family(const struct pack *p, uint32_t root, struct list *l)
{
    uint32_t i = root;
    for (;;) {
        tell(l, p->e[i].number);
        uint32_t to = p->e[i].first;
        while (to == NONE && i != root) {
            to = p->e[i].next;
            if (to == NONE)
                i = p->e[i].base;
        }
        if (to == NONE)
            return;
        i = to;
    }
}

static void tell_pack(struct pack *p, struct list *l)
{
    uint32_t n = 0;
    struct stat st;
    if (!pl_idx_count(p->idx, &n) || fstat(p->idx, &st) < 0 ||
        (uint64_t)n * (PL_OID + 8) > (uint64_t)st.st_size)
        return;
    p->n = n;
    p->e = calloc((size_t)n + 1, sizeof *p->e);
    p->window = malloc(WINDOW);
    if (!p->e || !p->window)
        pl_oom();
    if (read_index(p, &l->ids)) {
        qsort(p->e, p->n, sizeof *p->e, by_place);
        link_up(p);
        for (uint32_t i = 0; i < p->n; i++)
            if (p->e[i].base == NONE)
                tell_family(p, i, l);
    }
    free(p->e);
    free(p->window);
}

static void tell_packs(struct pl_git *g, struct list *l)
{
    pl_auto_buf struct pl_buf path = { 0 };
    pl_buf_printf(&path, "%s/objects/pack", pl_git_lib()->git_repository_commondir(g->repo));
    pl_buf_putc(&path, 0);
    DIR *d = opendir(path.p);
    for (struct dirent *e; d && (e = readdir(d));) {
        struct pl_str name = pl_str_c(e->d_name);
        char pack[sizeof e->d_name + 8];
        if (!pl_str_ends(name, PL_S(".idx")))
            continue;
        snprintf(pack, sizeof pack, "%.*s.pack", (int)name.n - 4, name.p);
        pl_auto_fd int idx = openat(dirfd(d), e->d_name, O_RDONLY | O_CLOEXEC);
        pl_auto_fd int fd = openat(dirfd(d), pack, O_RDONLY | O_CLOEXEC);
        struct pack p = { .idx = idx, .fd = fd };
        if (idx >= 0 && fd >= 0)
            tell_pack(&p, l);
    }
    if (d)
        closedir(d);
}

int pl_git_objects(struct pl_git *g, void (*fn)(void *arg, const uint8_t *oid), void *arg,
                   struct pl_err *err)
{
    struct list l = { .fn = fn, .arg = arg };
    int r = pl_git_lib()->git_odb_foreach(g->odb, on_object, &l);
    l.told = calloc((size_t)l.ids.n + 1, 1);
    if (!l.told)
        pl_oom();
    if (r == 0)
        tell_packs(g, &l);
    for (uint32_t i = 0; r == 0 && i < l.ids.n; i++)
        tell(&l, i);
    free(l.told);
    pl_oidmap_release(&l.ids);
    return r < 0 ? pl_git_fail(err, "cannot list the objects") : 0;
}
