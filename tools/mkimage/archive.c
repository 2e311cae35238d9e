/* Containers as file contents: zip (and jar, whl), tar, ar, deb, rpm by hand, so that their fields
 * can lie; 7z, cpio and iso by libarchive. APPNOTE 6.3; deb(5); rpm file format, version 3. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <archive.h>
#include <archive_entry.h>
#include <zlib.h>

#include "mk.h"

static void le(struct pl_buf *b, uint64_t v, int bytes)
{
    for (int i = 0; i < bytes; i++, v >>= 8)
        pl_buf_putc(b, (char)(v & 0xff));
}

static void be32(struct pl_buf *b, uint32_t v)
{
    for (int i = 3; i >= 0; i--)
        pl_buf_putc(b, (char)(v >> (8 * i) & 0xff));
}

/* --- zip ------------------------------------------------------------------------------------- */

struct zmember {
    struct pl_str name, packed, comment;
    uint32_t crc, size, at;
    unsigned method, flags;
};

/* The fields that local and central header share. */
static void zip_fields(struct pl_buf *b, const struct zmember *z)
{
    le(b, 20, 2);
    le(b, z->flags, 2);
    le(b, z->method, 2);
    le(b, 0x5c210000, 4); /* 2026-01-01 */
    le(b, z->crc, 4);
    le(b, z->packed.n, 4);
    le(b, z->size, 4);
    le(b, z->name.n, 2);
    le(b, 0, 2);
}

static void zip_central(struct pl_buf *b, const struct zmember *z)
{
    le(b, 0x02014b50, 4);
    le(b, 0x0314, 2);
    zip_fields(b, z);
    le(b, z->comment.n, 2);
    le(b, 0, 4);
    le(b, 0x81a40000, 4);
    le(b, z->at, 4);
    pl_buf_putn(b, z->name.p, z->name.n);
    pl_buf_putn(b, z->comment.p, z->comment.n);
}

static void zip_end(struct pl_buf *b, size_t count, size_t from, struct pl_str comment)
{
    size_t size = b->n - from;
    le(b, 0x06054b50, 4);
    le(b, 0, 4);
    le(b, count, 2);
    le(b, count, 2);
    le(b, size, 4);
    le(b, from, 4);
    le(b, comment.n, 2);
    pl_buf_putn(b, comment.p, comment.n);
}

/* Raw deflate without the gzip frame round it. */
static struct pl_str deflated(struct mk *m, struct pl_str s)
{
    struct pl_buf b = { 0 };
    struct pl_str all;
    mk_compress(m, PL_S("gzip"), NULL, s, &b);
    all = mk_keep(m, &b);
    return pl_str_sub(all, 10, all.n - 18);
}

/* file NAME [method=store] [encrypted=yes] [comment=] [size=] CONTENT */
static void zip_add(struct mk *m, const struct mk_node *k, struct zmember *z, struct pl_buf *b)
{
    struct pl_str s;
    struct mk_node own = mk_head(k, 2);
    bool store = pl_str_is(mk_opt_str(m, &own, "method", ""), "store");
    if (!mk_is(k, "file"))
        mk_die(m, k, "a zip holds files");
    z->name = mk_arg(m, k, 1);
    s = mk_member(m, k, 2, z->name);
    z->crc = (uint32_t)crc32_z(0, (const Bytef *)s.p, s.n);
    z->size = (uint32_t)mk_opt_num(m, &own, "size", (int64_t)s.n);
    z->packed = store ? s : deflated(m, s);
    z->method = store ? 0 : 8;
    z->flags = mk_opt(m, &own, "encrypted") ? 1 : 0;
    z->comment = mk_opt_str(m, &own, "comment", "");
    z->at = (uint32_t)b->n;
    le(b, 0x04034b50, 4);
    zip_fields(b, z);
    pl_buf_putn(b, z->name.p, z->name.n);
    pl_buf_putn(b, z->packed.p, z->packed.n);
}

/* zip [comment=] [prefix=] { file … } */
static struct pl_str make_zip(struct mk *m, const struct mk_node *n, size_t i)
{
    struct pl_buf b = { 0 };
    struct pl_str prefix = mk_opt_str(m, n, "prefix", "");
    struct zmember *z = pl_alloc_n(&m->a, n->kids + 1, sizeof *z);
    size_t from;
    (void)i;
    pl_buf_putn(&b, prefix.p, prefix.n);
    for (size_t k = 0; k < n->kids; k++)
        zip_add(m, &n->kid[k], &z[k], &b);
    from = b.n;
    for (size_t k = 0; k < n->kids; k++)
        zip_central(&b, &z[k]);
    zip_end(&b, n->kids, from, mk_opt_str(m, n, "comment", ""));
    return mk_keep(m, &b);
}

/* zipoverlap COUNT CONTENT: many members that are all the same bytes of the file */
static struct pl_str make_overlap(struct mk *m, const struct mk_node *n, size_t i)
{
    struct pl_buf b = { 0 };
    size_t count = (size_t)mk_num(m, n, mk_arg(m, n, i)), from;
    struct pl_str s = mk_content(m, n, i + 1);
    struct zmember z = { .name = PL_S("a"),
                         .packed = deflated(m, s),
                         .method = 8,
                         .size = (uint32_t)s.n,
                         .crc = (uint32_t)crc32_z(0, (const Bytef *)s.p, s.n) };
    le(&b, 0x04034b50, 4);
    zip_fields(&b, &z);
    pl_buf_putn(&b, z.name.p, z.name.n);
    pl_buf_putn(&b, z.packed.p, z.packed.n);
    from = b.n;
    for (size_t k = 0; k < count; k++)
        zip_central(&b, &z);
    zip_end(&b, count, from, pl_str_c(NULL));
    return mk_keep(m, &b);
}

/* --- tar, ar, deb ---------------------------------------------------------------------------- */

static struct pl_str tar_of(struct mk *m, const struct mk_node *n)
{
    struct pl_buf b = { 0 };
    struct mk_tar_opts o = { .format = mk_opt_str(m, n, "format", "ustar") };
    struct pl_str path = m->path, old = m->nested;
    for (size_t k = 0; k < n->kids; k++) {
        struct mk_node *kid = &n->kid[k];
        m->nested = pl_printf(&m->a, "%.*s%s%.*s", PL_FMT(old), old.n ? "!" : "",
                              PL_FMT(mk_arg(m, kid, 1)));
        if (!mk_tar_entry(m, kid, &o, &b))
            mk_die(m, kid, "no entry of a tar");
    }
    mk_tar_end(&b);
    m->path = path;
    m->nested = old;
    return mk_keep(m, &b);
}

/* tar [format=] { entries } */
static struct pl_str make_tar(struct mk *m, const struct mk_node *n, size_t i)
{
    (void)i;
    return tar_of(m, n);
}

static void ar_member(struct pl_buf *b, const char *name, struct pl_str s)
{
    pl_buf_printf(b, "%-16s%-12d%-6d%-6d%-8s%-10zu`\n", name, MK_MTIME, 0, 0, "100644", s.n);
    pl_buf_putn(b, s.p, s.n);
    if (s.n & 1)
        pl_buf_putc(b, '\n');
}

/* ar { file NAME CONTENT } */
static struct pl_str make_ar(struct mk *m, const struct mk_node *n, size_t i)
{
    struct pl_buf b = { 0 };
    (void)i;
    pl_buf_puts(&b, "!<arch>\n");
    for (size_t k = 0; k < n->kids; k++) {
        struct mk_node *kid = &n->kid[k];
        struct pl_str name = mk_arg(m, kid, 1);
        ar_member(&b, pl_printf(&m->a, "%.*s/", PL_FMT(name)).p, mk_member(m, kid, 2, name));
    }
    return mk_keep(m, &b);
}

/* deb [codec=gzip|xz|zstd|none] { control { entries } data { entries } } */
static struct pl_str make_deb(struct mk *m, const struct mk_node *n, size_t i)
{
    struct pl_buf b = { 0 };
    struct pl_str codec = mk_opt_str(m, n, "codec", "xz"), old = m->nested;
    const char *ext = pl_str_is(codec, "gzip")   ? ".gz"
                      : pl_str_is(codec, "zstd") ? ".zst"
                      : pl_str_is(codec, "xz")   ? ".xz"
                                                 : "";
    (void)i;
    pl_buf_puts(&b, "!<arch>\n");
    ar_member(&b, "debian-binary", PL_S("2.0\n"));
    for (size_t k = 0; k < n->kids; k++) {
        struct pl_buf packed = { 0 };
        struct pl_str name = pl_printf(&m->a, "%.*s.tar%s", PL_FMT(mk_arg(m, &n->kid[k], 0)), ext);
        m->nested = pl_printf(&m->a, "%.*s%s%.*s", PL_FMT(old), old.n ? "!" : "", PL_FMT(name));
        mk_compress(m, codec, NULL, tar_of(m, &n->kid[k]), &packed);
        m->nested = old;
        ar_member(&b, name.p, mk_keep(m, &packed));
    }
    return mk_keep(m, &b);
}

/* --- by libarchive --------------------------------------------------------------------------- */

static struct pl_str lib_archive(struct mk *m, const struct mk_node *n,
                                 int (*format)(struct archive *), int (*filter)(struct archive *))
{
    struct archive *a = archive_write_new();
    struct pl_buf b = { 0 };
    size_t used = 0, room = 1u << 20;
    for (size_t k = 0; k < n->kids; k++)
        room += 1u << 16;
    if (!a || !pl_buf_room(&b, room + (64u << 20), NULL))
        pl_oom();
    if (format(a) != ARCHIVE_OK || filter(a) != ARCHIVE_OK ||
        archive_write_open_memory(a, b.p, room + (64u << 20), &used) != ARCHIVE_OK)
        mk_die(m, n, "libarchive: %s", archive_error_string(a));
    for (size_t k = 0; k < n->kids; k++) {
        struct mk_node *kid = &n->kid[k];
        struct pl_str name = mk_arg(m, kid, 1), s = mk_member(m, kid, 2, name);
        struct archive_entry *e = archive_entry_new();
        archive_entry_set_pathname(e, pl_dup(&m->a, name).p);
        archive_entry_set_size(e, (la_int64_t)s.n);
        archive_entry_set_filetype(e, AE_IFREG);
        archive_entry_set_perm(e, 0644);
        archive_entry_set_mtime(e, MK_MTIME, 0);
        if (archive_write_header(a, e) != ARCHIVE_OK ||
            archive_write_data(a, s.p, s.n) != (la_ssize_t)s.n)
            mk_die(m, kid, "libarchive: %s", archive_error_string(a));
        archive_entry_free(e);
    }
    if (archive_write_close(a) != ARCHIVE_OK)
        mk_die(m, n, "libarchive: %s", archive_error_string(a));
    archive_write_free(a);
    b.n = used;
    return mk_keep(m, &b);
}

static struct pl_str make_7z(struct mk *m, const struct mk_node *n, size_t i)
{
    (void)i;
    return lib_archive(m, n, archive_write_set_format_7zip, archive_write_add_filter_none);
}

static struct pl_str make_cpio(struct mk *m, const struct mk_node *n, size_t i)
{
    (void)i;
    return lib_archive(m, n, archive_write_set_format_cpio_newc, archive_write_add_filter_none);
}

/* A header structure of an rpm with one string tag. */
static void rpm_header(struct pl_buf *b, uint32_t tag, struct pl_str value)
{
    pl_buf_putn(b, "\x8e\xad\xe8\x01\0\0\0\0", 8);
    be32(b, 1);
    be32(b, (uint32_t)value.n + 1);
    be32(b, tag);
    be32(b, 6);
    be32(b, 0);
    be32(b, 1);
    pl_buf_putn(b, value.p, value.n);
    pl_buf_putc(b, 0);
}

/* rpm { file NAME CONTENT }: lead, signature, header, gzip of a cpio */
static struct pl_str make_rpm(struct mk *m, const struct mk_node *n, size_t i)
{
    struct pl_buf b = { 0 };
    char name[66] = "demo-1-1";
    (void)i;
    pl_buf_putn(&b, "\xed\xab\xee\xdb\x03\0\0\0\0\x01", 10);
    pl_buf_putn(&b, name, 66);
    pl_buf_putn(&b, "\0\x01\0\x05", 4);
    while (b.n < 96)
        pl_buf_putc(&b, 0);
    rpm_header(&b, 1000, PL_S("none"));
    while (b.n & 7)
        pl_buf_putc(&b, 0);
    rpm_header(&b, 1000, PL_S("demo"));
    mk_compress(m, PL_S("gzip"), NULL, make_cpio(m, n, i), &b);
    return mk_keep(m, &b);
}

const struct mk_maker mk_archives[] = {
    { "zip", make_zip },   { "zipoverlap", make_overlap },
    { "tar", make_tar },   { "ar", make_ar },
    { "deb", make_deb },   { "7z", make_7z },
    { "cpio", make_cpio }, { "rpm", make_rpm },
    { NULL, NULL },
};
