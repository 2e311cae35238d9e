/* Tar entries as recipes describe them: ustar, v7, GNU and PAX forms (POSIX.1-2017 pax; GNU tar
 * manual, "Basic Tar Format"), with every header byte open to change. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "mk.h"

struct entry {
    struct pl_str path, link, uname, gname;
    char type;
    int64_t mode, uid, gid, mtime;
    uint64_t size;
    struct pl_buf pax; /* records of the PAX header in front */
};

static void octal(char *field, size_t width, uint64_t v)
{
    if (v >> (3 * (width - 1))) { /* base 256, as GNU and star write large numbers */
        memset(field, 0, width);
        for (size_t i = width; i-- > 1 && v; v >>= 8)
            field[i] = (char)(v & 0xff);
        field[0] = (char)0x80;
        return;
    }
    field[width - 1] = 0;
    for (size_t i = width - 1; i-- > 0; v >>= 3)
        field[i] = (char)('0' + (v & 7));
}

static void checksum(char *h)
{
    unsigned sum = 0;
    memset(h + 148, ' ', 8);
    for (size_t i = 0; i < 512; i++)
        sum += (unsigned char)h[i];
    octal(h + 148, 7, sum);
    h[155] = ' ';
}

static void put(char *h, size_t at, size_t max, struct pl_str s)
{
    if (s.n)
        memcpy(h + at, s.p, s.n < max ? s.n : max);
}

/* Splits a path for ustar's name and prefix; false when it cannot be. */
static bool split(struct pl_str path, struct pl_str *prefix, struct pl_str *name)
{
    *prefix = pl_str_c(NULL);
    *name = path;
    if (path.n <= 100)
        return true;
    for (size_t i = path.n > 256 ? path.n : 1; i < path.n && i <= 155; i++) {
        if (path.p[i] != '/' || path.n - i - 1 > 100 || path.n - i - 1 == 0)
            continue;
        *prefix = pl_str_sub(path, 0, i);
        *name = pl_str_sub(path, i + 1, SIZE_MAX);
        return true;
    }
    return false;
}

static void header(char *h, const struct entry *e, struct pl_str format)
{
    struct pl_str prefix, name;
    memset(h, 0, 512);
    if (!split(e->path, &prefix, &name) || pl_str_is(format, "gnu") || pl_str_is(format, "v7")) {
        name = pl_str_sub(e->path, 0, 100);
        prefix = pl_str_c(NULL);
    }
    put(h, 0, 100, name);
    octal(h + 100, 8, (uint64_t)e->mode);
    octal(h + 108, 8, (uint64_t)e->uid);
    octal(h + 116, 8, (uint64_t)e->gid);
    octal(h + 124, 12, e->size);
    octal(h + 136, 12, (uint64_t)e->mtime);
    h[156] = e->type;
    put(h, 157, 100, e->link);
    if (pl_str_is(format, "v7"))
        return;
    memcpy(h + 257, pl_str_is(format, "gnu") ? "ustar  " : "ustar\00000", 8);
    put(h, 265, 32, e->uname);
    put(h, 297, 32, e->gname);
    put(h, 345, 155, prefix);
}

void mk_tar_header(char *h, struct pl_str path, uint64_t size, char type)
{
    struct entry e = { .path = path, .type = type, .mode = 0644, .mtime = MK_MTIME, .size = size };
    header(h, &e, PL_S("ustar"));
    checksum(h);
}

static void fill(struct pl_buf *out, size_t n, struct pl_str with)
{
    for (size_t i = 0; i < n; i++)
        pl_buf_putc(out, i < with.n ? with.p[i] : 0);
}

static void body(struct pl_buf *out, struct pl_str s)
{
    pl_buf_putn(out, s.p, s.n);
    fill(out, -s.n & 511, pl_str_c(NULL));
}

void mk_tar_file(struct pl_buf *out, struct pl_str path, struct pl_str s)
{
    char h[512];
    mk_tar_header(h, path, s.n, '0');
    pl_buf_putn(out, h, 512);
    body(out, s);
}

void mk_tar_node(struct pl_buf *out, struct pl_str path, char type, struct pl_str link)
{
    struct entry e = { .path = path, .type = type, .link = link, .mtime = MK_MTIME };
    char h[512];
    e.mode = type == '5' ? 0755 : 0777;
    header(h, &e, PL_S("ustar"));
    checksum(h);
    pl_buf_putn(out, h, 512);
}

void mk_tar_end(struct pl_buf *out)
{
    fill(out, 1024, pl_str_c(NULL));
}

/* One PAX record; its length counts itself. */
static void record(struct pl_buf *b, struct pl_str key, struct pl_str value)
{
    size_t n = key.n + value.n + 3, digits = 1;
    char text[24];
    while ((size_t)snprintf(text, sizeof text, "%zu", n + digits) > digits)
        digits++;
    pl_buf_printf(b, "%zu ", n + digits);
    pl_buf_putn(b, key.p, key.n);
    pl_buf_putc(b, '=');
    pl_buf_putn(b, value.p, value.n);
    pl_buf_putc(b, '\n');
}

/* The records that the options name: pax.KEY=, xattr.NAME=, comment=. */
static void records(struct mk *m, const struct mk_node *n, struct pl_buf *b)
{
    for (size_t i = 1; i < n->n; i++) {
        struct pl_str key = pl_str_sub(n->w[i].s, 0, n->w[i].key);
        struct pl_str value = pl_str_sub(n->w[i].s, n->w[i].key + 1, SIZE_MAX);
        if (!n->w[i].key)
            continue;
        if (pl_str_starts(key, PL_S("pax.")))
            record(b, pl_str_sub(key, 4, SIZE_MAX), value);
        else if (pl_str_starts(key, PL_S("xattr.")))
            record(b, pl_printf(&m->a, "SCHILY.%.*s", PL_FMT(key)), value);
        else if (pl_str_is(key, "comment"))
            record(b, key, value);
    }
}

static void long_name(struct pl_buf *out, char type, struct pl_str name)
{
    char h[512];
    struct entry e = {
        .path = PL_S("././@LongLink"), .type = type, .mode = 0644, .size = name.n + 1
    };
    header(h, &e, PL_S("gnu"));
    checksum(h);
    pl_buf_putn(out, h, 512);
    pl_buf_putn(out, name.p, name.n);
    fill(out, (-(name.n + 1) & 511) + 1, pl_str_c(NULL));
}

/* What a name needs in front of the header in this format. */
static void names(struct entry *e, struct pl_str format, struct pl_buf *out)
{
    struct pl_str prefix, name;
    bool fits = split(e->path, &prefix, &name);
    if (pl_str_is(format, "gnu")) {
        if (e->link.n > 100)
            long_name(out, 'K', e->link);
        if (e->path.n > 100)
            long_name(out, 'L', e->path);
        return;
    }
    if (!fits)
        record(&e->pax, PL_S("path"), e->path);
    if (e->link.n > 100)
        record(&e->pax, PL_S("linkpath"), e->link);
    if (e->uname.n > 31)
        record(&e->pax, PL_S("uname"), e->uname);
    if (e->gname.n > 31)
        record(&e->pax, PL_S("gname"), e->gname);
}

static void pax_header(struct mk *m, const struct entry *e, char type, struct pl_buf *out)
{
    char h[512];
    struct pl_str at = pl_printf(&m->a, "PaxHeaders/%.*s", PL_FMT(pl_str_sub(e->path, 0, 80)));
    if (!e->pax.n)
        return;
    mk_tar_header(h, at, e->pax.n, type);
    pl_buf_putn(out, h, 512);
    body(out, pl_buf_str(&e->pax));
}

static void common(struct mk *m, const struct mk_node *n, struct entry *e)
{
    struct pl_str type = mk_opt_str(m, n, "type", "");
    struct pl_str mode = mk_opt_str(m, n, "mode", "");
    if (type.n)
        e->type = type.p[0];
    for (size_t i = 0; i < mode.n; i++)
        e->mode = (i ? e->mode : 0) * 8 + (mode.p[i] - '0');
    e->uid = mk_opt_num(m, n, "uid", 0);
    e->gid = mk_opt_num(m, n, "gid", 0);
    e->mtime = mk_opt_num(m, n, "mtime", MK_MTIME);
    e->uname = mk_opt_str(m, n, "uname", "");
    e->gname = mk_opt_str(m, n, "gname", "");
    e->size = (uint64_t)mk_opt_num(m, n, "size", (int64_t)e->size);
    records(m, n, &e->pax);
}

/* Options raw.OFFSET="bytes" go over the finished header. */
static void raw(struct mk *m, const struct mk_node *n, char *h)
{
    for (size_t i = 1; i < n->n; i++) {
        struct pl_str key = pl_str_sub(n->w[i].s, 0, n->w[i].key);
        struct pl_str value = pl_str_sub(n->w[i].s, n->w[i].key + 1, SIZE_MAX);
        int64_t at;
        if (!pl_str_starts(key, PL_S("raw.")))
            continue;
        at = mk_num(m, n, pl_str_sub(key, 4, SIZE_MAX));
        if (at < 0 || (size_t)at + value.n > 512)
            mk_die(m, n, "raw bytes reach beyond the header");
        memcpy(h + at, value.p, value.n);
    }
}

static void emit(struct mk *m, const struct mk_node *n, struct entry *e, struct pl_str format,
                 const char *sparse, struct pl_str s, struct pl_buf *out)
{
    char h[512];
    common(m, n, e);
    names(e, format, out);
    pax_header(m, e, 'x', out);
    header(h, e, format);
    if (sparse)
        memcpy(h + 386, sparse, 512 - 386);
    raw(m, n, h);
    checksum(h);
    if (pl_str_is(mk_opt_str(m, n, "checksum", ""), "bad"))
        h[148] = (char)(h[148] == '7' ? '0' : '7');
    pl_buf_putn(out, h, 512);
    pl_buf_putn(out, s.p, s.n);
    fill(out, -s.n & 511, mk_opt_str(m, n, "pad", ""));
    pl_buf_release(&e->pax);
}

/* --- sparse ---------------------------------------------------------------------------------- */

struct piece {
    uint64_t at;
    struct pl_str s;
};
struct map {
    PL_VEC(struct piece) p;
    uint64_t size;
};

static void sparse_map(struct mk *m, const struct mk_node *n, struct map *map)
{
    uint64_t end = 0;
    bool facts = m->facts;
    m->facts = false;
    for (size_t i = 0; i < n->kids; i++) {
        struct mk_node *k = &n->kid[i];
        struct piece p = { .at = (uint64_t)mk_num(m, k, mk_arg(m, k, 1)) };
        p.s = mk_content(m, k, 2);
        if (i + 1 < n->kids && p.s.n % 512) { /* only the last piece may end within a block */
            struct pl_buf b = { 0 };
            body(&b, p.s);
            p.s = mk_keep(m, &b);
        }
        pl_vec_push(&map->p, p);
        end = p.at + p.s.n;
    }
    m->facts = facts;
    if (mk_opt_num(m, n, "length", 0) > (int64_t)end) { /* an empty piece tells the end */
        struct piece p = { .at = (uint64_t)mk_opt_num(m, n, "length", 0) };
        pl_vec_push(&map->p, p);
    }
    map->size = (uint64_t)mk_opt_num(m, n, "length", (int64_t)end);
}

/* The file as a reader sees it, for the truth; left out above 128 MiB. */
static void sparse_fact(struct mk *m, const struct map *map)
{
    struct pl_buf b = { 0 };
    if (map->size > 128u << 20)
        return;
    fill(&b, map->size, pl_str_c(NULL));
    for (size_t i = 0; i < map->p.n; i++)
        if (map->p.p[i].s.n && map->p.p[i].at + map->p.p[i].s.n <= map->size)
            memcpy(b.p + map->p.p[i].at, map->p.p[i].s.p, map->p.p[i].s.n);
    mk_fact(m, pl_buf_str(&b));
    pl_buf_release(&b);
}

static void gnu_pairs(const struct map *map, size_t from, size_t count, char *at)
{
    for (size_t i = 0; i < count && from + i < map->p.n; i++) {
        octal(at + 24 * i, 12, map->p.p[from + i].at);
        octal(at + 24 * i + 12, 12, map->p.p[from + i].s.n);
    }
}

/* Old GNU form: four pairs in the header, 21 in each block that follows. */
static void sparse_gnu(const struct map *map, char *fields, struct pl_buf *data)
{
    memset(fields, 0, 512 - 386);
    gnu_pairs(map, 0, 4, fields);
    fields[96] = map->p.n > 4;
    octal(fields + 97, 12, map->size);
    for (size_t i = 4; i < map->p.n; i += 21) {
        char block[512] = { 0 };
        gnu_pairs(map, i, 21, block);
        block[504] = map->p.n > i + 21;
        pl_buf_putn(data, block, 512);
    }
}

static void sparse_pax(struct mk *m, const struct map *map, struct entry *e, bool v1,
                       struct pl_buf *data)
{
    pl_auto_buf struct pl_buf text = { 0 };
    struct pl_str size = pl_printf(&m->a, "%" PRIu64, map->size);
    for (size_t i = 0; i < map->p.n; i++)
        pl_buf_printf(&text, "%s%" PRIu64 "%s%zu%s", !v1 && i ? "," : "", map->p.p[i].at,
                      v1 ? "\n" : ",", map->p.p[i].s.n, v1 ? "\n" : "");
    if (!v1) {
        record(&e->pax, PL_S("GNU.sparse.size"), size);
        record(&e->pax, PL_S("GNU.sparse.numblocks"), pl_printf(&m->a, "%zu", map->p.n));
        record(&e->pax, PL_S("GNU.sparse.name"), e->path);
        record(&e->pax, PL_S("GNU.sparse.map"), pl_buf_str(&text));
        return;
    }
    record(&e->pax, PL_S("GNU.sparse.major"), PL_S("1"));
    record(&e->pax, PL_S("GNU.sparse.minor"), PL_S("0"));
    record(&e->pax, PL_S("GNU.sparse.name"), e->path);
    record(&e->pax, PL_S("GNU.sparse.realsize"), size);
    pl_buf_printf(data, "%zu\n%.*s", map->p.n, (int)text.n, text.p ? text.p : "");
    fill(data, -data->n & 511, pl_str_c(NULL));
}

static void sparse(struct mk *m, const struct mk_node *n, const struct mk_tar_opts *o,
                   struct entry *e, struct pl_buf *out)
{
    struct map map = { 0 };
    struct pl_buf data = { 0 };
    char fields[512 - 386];
    struct pl_str form = mk_opt_str(m, n, "sparse", "gnu");
    bool gnu = pl_str_is(form, "gnu");
    size_t extra;
    sparse_map(m, n, &map);
    sparse_fact(m, &map);
    if (gnu)
        sparse_gnu(&map, fields, &data);
    else
        sparse_pax(m, &map, e, pl_str_is(form, "1.0"), &data);
    extra = gnu ? data.n : 0; /* map blocks of the old form are not counted in the size */
    for (size_t i = 0; i < map.p.n; i++)
        pl_buf_putn(&data, map.p.p[i].s.p, map.p.p[i].s.n);
    e->type = gnu ? 'S' : '0';
    e->size = data.n - extra;
    emit(m, n, e, gnu ? PL_S("gnu") : o->format, gnu ? fields : NULL, mk_keep(m, &data), out);
    pl_vec_release(&map.p);
}

/* --- entry statements ------------------------------------------------------------------------ */

static struct pl_str whiteout_path(struct mk *m, struct pl_str path, bool opaque)
{
    size_t slash = path.n;
    if (opaque)
        return pl_printf(&m->a, "%.*s%s.wh..wh..opq", PL_FMT(path), path.n ? "/" : "");
    while (slash && path.p[slash - 1] != '/')
        slash--;
    return pl_printf(&m->a, "%.*s.wh.%.*s", (int)slash, path.p, (int)(path.n - slash),
                     path.p + slash);
}

static void device(struct mk *m, const struct mk_node *n, struct entry *e, struct pl_buf *out,
                   struct pl_str format)
{
    size_t from = out->n;
    char *h;
    emit(m, n, e, format, NULL, pl_str_c(NULL), out);
    h = out->p + out->n - 512;
    octal(h + 329, 8, (uint64_t)mk_num(m, n, mk_arg(m, n, 2)));
    octal(h + 337, 8, (uint64_t)mk_num(m, n, mk_arg(m, n, 3)));
    checksum(h);
    (void)from;
}

static void with_body(struct mk *m, const struct mk_node *n, struct entry *e, struct pl_str format,
                      size_t i, struct pl_buf *out)
{
    struct pl_str s = pl_str_c(NULL);
    struct mk_node own = mk_head(n, i);
    m->path = e->path;
    if (mk_args(n) > i || n->kids) {
        s = mk_content(m, n, i);
        mk_fact(m, s);
    }
    e->size = s.n;
    emit(m, &own, e, format, NULL, s, out);
}

/* Words that are entries of one header without a body: name, type, mode. */
static const struct {
    const char *name;
    char type;
    int mode;
    bool link;
} bare[] = {
    { "dir", '5', 0755, false },      { "symlink", '2', 0777, true },
    { "hardlink", '1', 0644, true },  { "chardev", '3', 0644, false },
    { "blockdev", '4', 0644, false }, { "fifo", '6', 0644, false },
};

bool mk_tar_entry(struct mk *m, const struct mk_node *n, const struct mk_tar_opts *o,
                  struct pl_buf *out)
{
    struct entry e = { .type = '0', .mode = 0644, .mtime = MK_MTIME };
    bool opaque = mk_is(n, "opaque");
    if (mk_is(n, "file") || mk_is(n, "sparse") || mk_is(n, "whiteout") || opaque) {
        e.path = mk_arg(m, n, 1);
        if (mk_is(n, "whiteout") || opaque)
            e.path = whiteout_path(m, e.path, opaque);
        m->path = e.path;
        if (mk_is(n, "sparse"))
            sparse(m, n, o, &e, out);
        else
            with_body(m, n, &e, o->format, 2, out);
        return true;
    }
    for (size_t i = 0; i < PL_COUNT(bare); i++) {
        if (!mk_is(n, bare[i].name))
            continue;
        e.path = mk_arg(m, n, 1);
        e.type = bare[i].type;
        e.mode = bare[i].mode;
        if (bare[i].link)
            e.link = mk_arg(m, n, 2);
        if (e.type == '3' || e.type == '4')
            device(m, n, &e, out, o->format);
        else
            emit(m, n, &e, o->format, NULL, pl_str_c(NULL), out);
        return true;
    }
    if (mk_is(n, "global")) {
        e.path = PL_S("global");
        records(m, n, &e.pax);
        pax_header(m, &e, 'g', out);
        pl_buf_release(&e.pax);
        return true;
    }
    return false;
}
