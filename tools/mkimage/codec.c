/* The compressors: one member or frame at a time, with the header fields a recipe asks for
 * (RFC 1952, RFC 8878), and streams of zeros without end. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <bzlib.h>
#include <lzma.h>
#include <zlib.h>
#include <zstd.h>

#include "mk.h"

static void le32(struct pl_buf *b, uint32_t v)
{
    for (int i = 0; i < 4; i++, v >>= 8)
        pl_buf_putc(b, (char)(v & 0xff));
}

/* Raw deflate of `in` with `flush` at the end. */
static void deflate_raw(struct mk *m, struct pl_str in, int level, int flush, struct pl_buf *out)
{
    z_stream z = { 0 };
    if (deflateInit2(&z, level, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY) != Z_OK)
        mk_die(m, NULL, "zlib does not start");
    z.next_in = (Bytef *)(uintptr_t)in.p;
    z.avail_in = (uInt)in.n;
    do {
        char block[1 << 16];
        z.next_out = (Bytef *)block;
        z.avail_out = sizeof block;
        deflate(&z, flush);
        pl_buf_putn(out, block, sizeof block - z.avail_out);
    } while (z.avail_out == 0);
    deflateEnd(&z);
}

/* name=, comment= and extra= fill the optional fields; extra= is wrapped in a sub-field "PL". */
static void gzip_head(struct mk *m, const struct mk_node *n, struct pl_buf *out)
{
    const struct pl_str *name = mk_opt(m, n, "name"), *comment = mk_opt(m, n, "comment");
    const struct pl_str *extra = mk_opt(m, n, "extra");
    pl_buf_puts(out, "\x1f\x8b\x08");
    pl_buf_putc(out, (char)((extra ? 4 : 0) | (name ? 8 : 0) | (comment ? 16 : 0)));
    le32(out, 0);
    pl_buf_puts(out, "\x02\xff");
    if (extra) {
        pl_buf_putc(out, (char)((extra->n + 4) & 0xff));
        pl_buf_putc(out, (char)((extra->n + 4) >> 8));
        pl_buf_puts(out, "PL");
        pl_buf_putc(out, (char)(extra->n & 0xff));
        pl_buf_putc(out, (char)(extra->n >> 8));
        pl_buf_putn(out, extra->p, extra->n);
    }
    if (name)
        pl_buf_printf(out, "%.*s%c", PL_FMT(*name), 0);
    if (comment)
        pl_buf_printf(out, "%.*s%c", PL_FMT(*comment), 0);
}

static void gzip(struct mk *m, const struct mk_node *n, struct pl_str in, struct pl_buf *out)
{
    gzip_head(m, n, out);
    deflate_raw(m, in, (int)mk_opt_num(m, n, "level", 6), Z_FINISH, out);
    le32(out, (uint32_t)crc32_z(0, (const Bytef *)in.p, in.n));
    le32(out, (uint32_t)in.n);
}

static void zstd(struct mk *m, const struct mk_node *n, struct pl_str in, struct pl_buf *out)
{
    ZSTD_CCtx *c = ZSTD_createCCtx();
    size_t max = ZSTD_compressBound(in.n), got;
    char *p = pl_buf_room(out, max, NULL);
    int window = (int)mk_opt_num(m, n, "window", 0);
    if (!c || !p)
        pl_oom();
    ZSTD_CCtx_setParameter(c, ZSTD_c_compressionLevel, (int)mk_opt_num(m, n, "level", 3));
    ZSTD_CCtx_setParameter(c, ZSTD_c_checksumFlag, 1);
    if (window) {
        ZSTD_CCtx_setParameter(c, ZSTD_c_windowLog, window);
        ZSTD_CCtx_setParameter(c, ZSTD_c_contentSizeFlag, 0);
    }
    got = ZSTD_compress2(c, p, max, in.p, in.n);
    ZSTD_freeCCtx(c);
    if (ZSTD_isError(got))
        mk_die(m, n, "zstd: %s", ZSTD_getErrorName(got));
    out->n += got;
}

static void xz(struct mk *m, const struct mk_node *n, struct pl_str in, struct pl_buf *out)
{
    size_t max = lzma_stream_buffer_bound(in.n), pos = 0;
    uint8_t *p = pl_buf_room(out, max, NULL);
    if (!p)
        pl_oom();
    if (lzma_easy_buffer_encode((uint32_t)mk_opt_num(m, n, "level", 6), LZMA_CHECK_CRC64, NULL,
                                (const uint8_t *)in.p, in.n, p, &pos, max) != LZMA_OK)
        mk_die(m, n, "xz does not compress");
    out->n += pos;
}

static void bzip2(struct mk *m, const struct mk_node *n, struct pl_str in, struct pl_buf *out)
{
    unsigned max = (unsigned)(in.n + in.n / 100 + 600);
    char *p = pl_buf_room(out, max, NULL);
    if (!p)
        pl_oom();
    if (BZ2_bzBuffToBuffCompress(p, &max, (char *)(uintptr_t)in.p, (unsigned)in.n, 9, 0, 0) !=
        BZ_OK)
        mk_die(m, n, "bzip2 does not compress");
    out->n += max;
}

void mk_compress(struct mk *m, struct pl_str codec, const struct mk_node *n, struct pl_str in,
                 struct pl_buf *out)
{
    if (pl_str_is(codec, "gzip"))
        gzip(m, n, in, out);
    else if (pl_str_is(codec, "zstd"))
        zstd(m, n, in, out);
    else if (pl_str_is(codec, "xz"))
        xz(m, n, in, out);
    else if (pl_str_is(codec, "bzip2"))
        bzip2(m, n, in, out);
    else if (pl_str_is(codec, "none"))
        pl_buf_putn(out, in.p, in.n);
    else
        mk_die(m, n, "unknown codec '%.*s'", PL_FMT(codec));
}

void mk_skippable(struct pl_str in, struct pl_buf *out)
{
    le32(out, 0x184d2a50);
    le32(out, (uint32_t)in.n);
    pl_buf_putn(out, in.p, in.n);
}

/* One gzip member: each mebibyte of zeros ends at a full flush, so its code can be repeated. */
static void gzip_bomb(struct mk *m, struct pl_str head, struct pl_str mib, uint64_t count,
                      struct pl_buf *out)
{
    pl_auto_buf struct pl_buf one = { 0 };
    uLong crc = crc32_z(0, (const Bytef *)head.p, head.n);
    uLong block = crc32_z(0, (const Bytef *)mib.p, mib.n);
    gzip_head(m, NULL, out);
    deflate_raw(m, head, 9, Z_FULL_FLUSH, out);
    deflate_raw(m, mib, 9, Z_FULL_FLUSH, &one);
    for (uint64_t i = 0; i < count; i++) {
        pl_buf_putn(out, one.p, one.n);
        crc = crc32_combine(crc, block, (z_off_t)mib.n);
    }
    pl_buf_putn(out, "\x03\x00", 2); /* an empty last block */
    le32(out, (uint32_t)crc);
    le32(out, (uint32_t)(head.n + count * mib.n));
}

struct pl_str mk_bomb(struct mk *m, struct pl_str codec, struct pl_str head, uint64_t zeros)
{
    size_t unit = pl_str_is(codec, "zstd") ? 64u << 20
                  : pl_str_is(codec, "xz") ? 4u << 20
                                           : 1u << 20;
    struct pl_buf out = { 0 }, one = { 0 };
    pl_auto_free char *z = calloc(unit, 1);
    if (!z)
        pl_oom();
    if (pl_str_is(codec, "gzip")) {
        gzip_bomb(m, head, pl_str_n(z, unit), zeros / unit, &out);
        return mk_keep(m, &out);
    }
    mk_compress(m, codec, NULL, head, &out);
    mk_compress(m, codec, NULL, pl_str_n(z, unit), &one);
    for (uint64_t i = 0; i < zeros / unit; i++)
        pl_buf_putn(&out, one.p, one.n);
    pl_buf_release(&one);
    return mk_keep(m, &out);
}
