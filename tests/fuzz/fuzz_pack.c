/* Fuzz target: packing. What was packed, in pieces of any size, unpacks to the same bytes with the
 * codec that its first bytes choose, and packing it again gives the same. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "base/buf.h"
#include "drip.h"
#include "io/codec.h"
#include "io/codec_pack.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static void on_out(void *arg, const void *p, size_t n)
{
    pl_buf_putn(arg, p, n);
}

static void pack(const char *id, const uint8_t *p, size_t n, size_t step, struct pl_buf *out)
{
    struct pl_pack *k = pl_pack_new(id, on_out, out);
    for (size_t at = 0; at < n; at += step)
        pl_pack_add(k, p + at, n - at < step ? n - at : step);
    pl_pack_end(k);
    pl_pack_free(k);
}

static void unpack(const char *id, const struct pl_buf *in, struct pl_buf *out)
{
    const struct pl_codec *c = NULL;
    struct pl_limits l;
    pl_limits_init(&l);
    struct drip d = {
        .v = { .fill = drip_fill }, .all = (const uint8_t *)in->p, .n = in->n, .step = 700
    };
    struct pl_codec_opts o = { .limits = &l, .out_base = 1u << 26, .limit_name = "x" };
    if (pl_codec_probe(&d.v, &c, NULL) < 0 || !c || strcmp(c->id, id) != 0)
        abort();
    struct pl_view *v = c->open(&d.v, &o);
    if (pl_view_slurp(v, out, 1u << 26, NULL) < 0)
        abort();
    pl_view_close(v);
    free(d.held);
}

/* The first byte chooses the codec and the size of the pieces. */
int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    static const char *const ids[] = { "gzip", "zstd", "xz", "bzip2" };
    pl_auto_buf struct pl_buf one = { 0 }, two = { 0 }, back = { 0 };
    if (n == 0)
        return -1;
    const char *id = ids[p[0] & 3];
    size_t step = 1 + (size_t)(p[0] >> 2) * 37;
    p++;
    n--;
    pack(id, p, n, step, &one);
    pack(id, p, n, n ? n : 1, &two);
    if (one.n != two.n || memcmp(one.p, two.p, one.n) != 0)
        abort();
    unpack(id, &one, &back);
    if (back.n != n || (n && memcmp(back.p, p, n) != 0))
        abort();
    return 0;
}
