/* Differences of files. */
/* SPDX-License-Identifier: Apache-2.0 */
#define ZSTD_STATIC_LINKING_ONLY /* refPrefix is stable in 1.5 but declared there before */
#include "io/zdelta.h"

#include <zstd.h>

#include "base/hash.h"

#define MAGIC "PLDELTA1"
#define MAGIC_LEN 8u
#define HEAD (MAGIC_LEN + 2 * PL_SHA256_LEN + 8u)
#define WINDOW_LOG_MAX 31

bool pl_zdelta_is(struct pl_str s)
{
    return pl_str_starts(s, PL_S(MAGIC));
}

static int window_log(uint64_t n)
{
    int log = 10;
    while (log < WINDOW_LOG_MAX && ((uint64_t)1 << log) < n)
        log++;
    return log;
}

int pl_zdelta_make(struct pl_str old, struct pl_str new_, struct pl_buf *out, struct pl_err *err)
{
    uint8_t head[HEAD] = MAGIC;
    if (old.n > PL_ZDELTA_MAX || new_.n > PL_ZDELTA_MAX)
        return pl_fail(err, PL_E_LIMIT, "files of more than 1 GiB");
    pl_sha256(old.p, old.n, head + MAGIC_LEN);
    pl_sha256(new_.p, new_.n, head + MAGIC_LEN + PL_SHA256_LEN);
    for (unsigned i = 0; i < 8; i++)
        head[HEAD - 8 + i] = (uint8_t)((uint64_t)new_.n >> 8 * i);
    pl_buf_putn(out, (const char *)head, sizeof head);
    char *to = pl_buf_room(out, ZSTD_compressBound(new_.n), err);
    if (!to)
        return err->code;
    ZSTD_CCtx *c = ZSTD_createCCtx();
    if (!c)
        pl_oom();
    ZSTD_CCtx_setParameter(c, ZSTD_c_compressionLevel, 9);
    ZSTD_CCtx_setParameter(c, ZSTD_c_enableLongDistanceMatching, 1);
    ZSTD_CCtx_setParameter(c, ZSTD_c_windowLog, window_log(old.n + new_.n));
    ZSTD_CCtx_refPrefix(c, old.p, old.n);
    size_t n = ZSTD_compress2(c, to, ZSTD_compressBound(new_.n), new_.p, new_.n);
    ZSTD_freeCCtx(c);
    if (ZSTD_isError(n))
        return pl_fail(err, PL_E_FORMAT, "zstd: %s", ZSTD_getErrorName(n));
    out->n += n;
    return 0;
}

static int unpack(struct pl_str old, struct pl_str packed, char *to, size_t size,
                  struct pl_err *err)
{
    ZSTD_DCtx *d = ZSTD_createDCtx();
    if (!d)
        pl_oom();
    ZSTD_DCtx_setParameter(d, ZSTD_d_windowLogMax, WINDOW_LOG_MAX);
    ZSTD_DCtx_refPrefix(d, old.p, old.n);
    size_t n = ZSTD_decompressDCtx(d, to, size, packed.p, packed.n);
    ZSTD_freeDCtx(d);
    if (ZSTD_isError(n))
        return pl_fail(err, PL_E_FORMAT, "a damaged difference: %s", ZSTD_getErrorName(n));
    return n == size ? 0 : pl_fail(err, PL_E_FORMAT, "a difference of the wrong length");
}

int pl_zdelta_apply(struct pl_str old, struct pl_str delta, struct pl_buf *out, struct pl_err *err)
{
    uint8_t is[PL_SHA256_LEN];
    uint64_t size = 0;
    if (!pl_zdelta_is(delta) || delta.n < HEAD)
        return pl_fail(err, PL_E_FORMAT, "no difference");
    const uint8_t *head = (const uint8_t *)delta.p;
    for (unsigned i = 0; i < 8; i++)
        size |= (uint64_t)head[HEAD - 8 + i] << 8 * i;
    if (size > PL_ZDELTA_MAX || size == 0)
        return pl_fail(err, PL_E_LIMIT, "a difference to a file of more than 1 GiB, or of none");
    pl_sha256(old.p, old.n, is);
    if (memcmp(is, head + MAGIC_LEN, sizeof is) != 0)
        return pl_fail(err, PL_E_DIGEST, "a difference to another file than the one in use");
    char *to = pl_buf_room(out, (size_t)size, err);
    if (!to)
        return err->code;
    int r = unpack(old, pl_str_sub(delta, HEAD, SIZE_MAX), to, (size_t)size, err);
    if (r < 0)
        return r;
    pl_sha256(to, (size_t)size, is);
    if (memcmp(is, head + MAGIC_LEN + PL_SHA256_LEN, sizeof is) != 0)
        return pl_fail(err, PL_E_DIGEST, "what the difference makes is not what it says");
    out->n += (size_t)size;
    return 0;
}
