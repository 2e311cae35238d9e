/* Compressors: gzip (RFC 1952), zstd (RFC 8878), xz, bzip2, none. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "io/codec_pack.h"

#include <bzlib.h>
#include <lzma.h>
#include <stdlib.h>
#include <zlib.h>
#include <zstd.h>

#include "base/cleanup.h"

#define OUT ((size_t)64 << 10)
#define IN_MAX ((size_t)1 << 30) /* the libraries count in 32 bits */

/* Moderate, so that a worker stays small: an encoder of preset 6 takes 94 MiB. */
#define XZ_PRESET 2
#define ZSTD_LEVEL 3
#define GZIP_LEVEL 6

struct coder {
    const char *id;
    void (*open)(struct pl_pack *k);
    /* Codes in[0..n), all of it; with `end` also what ends the stream. */
    void (*code)(struct pl_pack *k, const void *in, size_t n, bool end);
    void (*close)(struct pl_pack *k);
};

struct pl_pack {
    const struct coder *c;
    pl_pack_fn *out;
    void *arg;
    uint8_t buf[OUT];
    union {
        z_stream gz;
        lzma_stream xz;
        bz_stream bz;
        ZSTD_CCtx *zstd;
    } u;
};

static void give(struct pl_pack *k, size_t left)
{
    if (OUT - left)
        k->out(k->arg, k->buf, OUT - left);
}

static void gz_open(struct pl_pack *k)
{
    /* 15 + 16: a gzip member; zlib writes no name and no time into it */
    if (deflateInit2(&k->u.gz, GZIP_LEVEL, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) != Z_OK)
        pl_oom();
}

static void gz_code(struct pl_pack *k, const void *in, size_t n, bool end)
{
    z_stream *z = &k->u.gz;
    z->next_in = (Bytef *)(uintptr_t)in;
    z->avail_in = (uInt)n;
    do {
        z->next_out = k->buf;
        z->avail_out = OUT;
        deflate(z, end ? Z_FINISH : Z_NO_FLUSH);
        give(k, z->avail_out);
    } while (z->avail_out == 0);
}

static void gz_close(struct pl_pack *k)
{
    deflateEnd(&k->u.gz);
}

static void xz_open(struct pl_pack *k)
{
    k->u.xz = (lzma_stream)LZMA_STREAM_INIT;
    if (lzma_easy_encoder(&k->u.xz, XZ_PRESET, LZMA_CHECK_CRC64) != LZMA_OK)
        pl_oom();
}

static void xz_code(struct pl_pack *k, const void *in, size_t n, bool end)
{
    lzma_stream *z = &k->u.xz;
    lzma_ret r;
    z->next_in = in;
    z->avail_in = n;
    do {
        z->next_out = k->buf;
        z->avail_out = OUT;
        r = lzma_code(z, end ? LZMA_FINISH : LZMA_RUN);
        if (r == LZMA_MEM_ERROR)
            pl_oom();
        give(k, z->avail_out);
    } while (end ? r != LZMA_STREAM_END : z->avail_in || z->avail_out == 0);
}

static void xz_close(struct pl_pack *k)
{
    lzma_end(&k->u.xz);
}

static void bz_open(struct pl_pack *k)
{
    k->u.bz = (bz_stream){ 0 };
    if (BZ2_bzCompressInit(&k->u.bz, 9, 0, 0) != BZ_OK)
        pl_oom();
}

static void bz_code(struct pl_pack *k, const void *in, size_t n, bool end)
{
    bz_stream *z = &k->u.bz;
    int r = BZ_RUN_OK;
    z->next_in = (char *)(uintptr_t)in;
    z->avail_in = (unsigned)n;
    while (z->avail_in || (end && r != BZ_STREAM_END)) {
        z->next_out = (char *)k->buf;
        z->avail_out = OUT;
        r = BZ2_bzCompress(z, end ? BZ_FINISH : BZ_RUN);
        give(k, z->avail_out);
    }
}

static void bz_close(struct pl_pack *k)
{
    BZ2_bzCompressEnd(&k->u.bz);
}

static void zstd_open(struct pl_pack *k)
{
    k->u.zstd = ZSTD_createCCtx();
    if (!k->u.zstd)
        pl_oom();
    ZSTD_CCtx_setParameter(k->u.zstd, ZSTD_c_compressionLevel, ZSTD_LEVEL);
    ZSTD_CCtx_setParameter(k->u.zstd, ZSTD_c_checksumFlag, 1);
}

static void zstd_code(struct pl_pack *k, const void *in, size_t n, bool end)
{
    ZSTD_inBuffer i = { in, n, 0 };
    size_t left;
    ZSTD_outBuffer o;
    do {
        o = (ZSTD_outBuffer){ k->buf, OUT, 0 };
        left = ZSTD_compressStream2(k->u.zstd, &o, &i, end ? ZSTD_e_end : ZSTD_e_continue);
        if (ZSTD_isError(left))
            pl_oom(); /* nothing else can go wrong */
        give(k, OUT - o.pos);
    } while (end ? left != 0 : i.pos < i.size || o.pos == OUT);
}

static void zstd_close(struct pl_pack *k)
{
    ZSTD_freeCCtx(k->u.zstd);
}

static void none_open(struct pl_pack *k)
{
    (void)k;
}

static void none_code(struct pl_pack *k, const void *in, size_t n, bool end)
{
    (void)end;
    if (n)
        k->out(k->arg, in, n);
}

static const struct coder coders[] = {
    { "gzip", gz_open, gz_code, gz_close },      { "zstd", zstd_open, zstd_code, zstd_close },
    { "xz", xz_open, xz_code, xz_close },        { "bzip2", bz_open, bz_code, bz_close },
    { "none", none_open, none_code, none_open },
};

struct pl_pack *pl_pack_new(const char *id, pl_pack_fn *out, void *arg)
{
    for (size_t i = 0; i < PL_COUNT(coders); i++) {
        if (strcmp(coders[i].id, id ? id : "none") != 0)
            continue;
        struct pl_pack *k = calloc(1, sizeof *k);
        if (!k)
            pl_oom();
        k->c = &coders[i];
        k->out = out;
        k->arg = arg;
        k->c->open(k);
        return k;
    }
    return NULL;
}

void pl_pack_add(struct pl_pack *k, const void *p, size_t n)
{
    const uint8_t *c = p;
    while (n) {
        size_t now = n < IN_MAX ? n : IN_MAX;
        k->c->code(k, c, now, false);
        c += now;
        n -= now;
    }
}

void pl_pack_end(struct pl_pack *k)
{
    k->c->code(k, "", 0, true);
}

void pl_pack_free(struct pl_pack *k)
{
    if (!k)
        return;
    k->c->close(k);
    free(k);
}
