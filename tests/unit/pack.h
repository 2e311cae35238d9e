/* Makes compressed streams for tests. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_TESTS_PACK_H
#define PL_TESTS_PACK_H

#include <bzlib.h>
#include <lzma.h>
#include <stdlib.h>
#include <zlib.h>
#include <zstd.h>

#include "base/buf.h"

static inline void pack_le(struct pl_buf *b, uint32_t v, size_t n)
{
    for (size_t i = 0; i < n; i++)
        pl_buf_putc(b, (char)(v >> 8 * i));
}

/* What may stand in a gzip header; NULL: left out. */
struct pack_gzip {
    const char *extra, *name, *comment;
    size_t extra_n;
    bool hcrc, wrong_hcrc, wrong_crc, wrong_size;
    unsigned reserved; /* flag bits nobody defines */
};

static inline void pack_gzip(struct pl_buf *b, const void *p, size_t n, int level,
                             const struct pack_gzip *o)
{
    static const struct pack_gzip none = { 0 };
    o = o ? o : &none;
    size_t start = b->n;
    unsigned flags = (o->hcrc ? 2u : 0) | (o->extra ? 4u : 0) | (o->name ? 8u : 0) |
                     (o->comment ? 16u : 0) | o->reserved;
    pl_buf_putn(b, "\x1f\x8b\x08", 3);
    pl_buf_putc(b, (char)flags);
    pl_buf_putn(b, "\0\0\0\0\0\xff", 6);
    if (o->extra) {
        pack_le(b, (uint32_t)o->extra_n, 2);
        pl_buf_putn(b, o->extra, o->extra_n);
    }
    if (o->name)
        pl_buf_putn(b, o->name, strlen(o->name) + 1);
    if (o->comment)
        pl_buf_putn(b, o->comment, strlen(o->comment) + 1);
    if (o->hcrc)
        pack_le(b,
                (uint32_t)crc32(0, (const Bytef *)b->p + start, (uInt)(b->n - start)) ^
                    o->wrong_hcrc,
                2);
    z_stream z = { 0 };
    if (deflateInit2(&z, level, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY) != Z_OK)
        abort();
    size_t room = deflateBound(&z, n);
    z.next_in = (Bytef *)(uintptr_t)p;
    z.avail_in = (uInt)n;
    z.next_out = pl_buf_room(b, room, NULL);
    z.avail_out = (uInt)room;
    if (!z.next_out || deflate(&z, Z_FINISH) != Z_STREAM_END)
        abort();
    b->n += room - z.avail_out;
    deflateEnd(&z);
    pack_le(b, (uint32_t)crc32(0, p, (uInt)n) ^ o->wrong_crc, 4);
    pack_le(b, (uint32_t)n ^ o->wrong_size, 4);
}

static inline void pack_zstd(struct pl_buf *b, const void *p, size_t n, int level)
{
    size_t room = ZSTD_compressBound(n);
    void *at = pl_buf_room(b, room, NULL);
    size_t got = at ? ZSTD_compress(at, room, p, n, level) : 0;
    if (ZSTD_isError(got))
        abort();
    b->n += got;
}

static inline void pack_zstd_skippable(struct pl_buf *b, const void *p, size_t n)
{
    pack_le(b, 0x184d2a53u, 4);
    pack_le(b, (uint32_t)n, 4);
    pl_buf_putn(b, p, n);
}

static inline void pack_xz(struct pl_buf *b, const void *p, size_t n, unsigned level)
{
    size_t room = lzma_stream_buffer_bound(n), got = 0;
    uint8_t *at = pl_buf_room(b, room, NULL);
    if (!at ||
        lzma_easy_buffer_encode(level, LZMA_CHECK_CRC64, NULL, p, n, at, &got, room) != LZMA_OK)
        abort();
    b->n += got;
}

static inline void pack_bzip2(struct pl_buf *b, const void *p, size_t n)
{
    unsigned room = (unsigned)(n + n / 100 + 1000);
    char *at = pl_buf_room(b, room, NULL);
    if (!at ||
        BZ2_bzBuffToBuffCompress(at, &room, (char *)(uintptr_t)p, (unsigned)n, 1, 0, 0) != BZ_OK)
        abort();
    b->n += room;
}

static inline void pack(const char *codec, struct pl_buf *b, const void *p, size_t n)
{
    switch (codec[0]) {
    case 'g':
        pack_gzip(b, p, n, 6, NULL);
        break;
    case 'z':
        pack_zstd(b, p, n, 3);
        break;
    case 'x':
        pack_xz(b, p, n, 1);
        break;
    default:
        pack_bzip2(b, p, n);
    }
}

#endif
