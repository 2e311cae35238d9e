/* Inflate by zlib, where ISA-L is not. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <zlib.h>

#include "base/err.h"
#include "io/inflate.h"

/* zlib's counters are 32 bits wide. */
#define MOST ((size_t)1 << 30)

struct pl_inflate {
    z_stream s;
    uint32_t crc;
};

struct pl_inflate *pl_inflate_new(void)
{
    struct pl_inflate *z = calloc(1, sizeof *z);
    if (!z || inflateInit2(&z->s, -MAX_WBITS) != Z_OK)
        pl_oom();
    return z;
}

void pl_inflate_reset(struct pl_inflate *z)
{
    inflateReset(&z->s);
    z->crc = 0;
}

int pl_inflate_run(struct pl_inflate *z, struct pl_str in, uint8_t *out, size_t room,
                   size_t *ret_in, size_t *ret_out)
{
    size_t n = in.n < MOST ? in.n : MOST, m = room < MOST ? room : MOST;
    z->s.next_in = (Bytef *)(uintptr_t)in.p;
    z->s.avail_in = (uInt)n;
    z->s.next_out = out;
    z->s.avail_out = (uInt)m;
    int r = inflate(&z->s, Z_NO_FLUSH);
    if (r == Z_MEM_ERROR)
        pl_oom();
    *ret_in = n - z->s.avail_in;
    *ret_out = m - z->s.avail_out;
    z->crc = (uint32_t)crc32(z->crc, out, (uInt)*ret_out);
    if (r == Z_STREAM_END)
        return 1;
    return r == Z_OK || r == Z_BUF_ERROR ? 0 : -1;
}

uint32_t pl_inflate_crc(const struct pl_inflate *z)
{
    return z->crc;
}

void pl_inflate_free(struct pl_inflate *z)
{
    if (z)
        inflateEnd(&z->s);
    free(z);
}
