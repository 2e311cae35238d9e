/* What the fuzz targets of codecs share: decodes twice, in pieces of different size. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_TESTS_CODEC_RUN_H
#define PL_TESTS_CODEC_RUN_H

#include <stdlib.h>

#include "drip.h"
#include "io/codec.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

struct codec_sum {
    uint64_t seen, fresh, parts; /* sums over the bytes */
    uint64_t out;
};

static uint64_t codec_sum_of(uint64_t sum, const uint8_t *p, size_t n)
{
    for (size_t i = 0; i < n; i++)
        sum = sum * 31 + p[i];
    return sum;
}

static void codec_fresh(void *arg, const void *p, size_t n)
{
    struct codec_sum *s = arg;
    s->fresh = codec_sum_of(s->fresh, p, n);
}

static void codec_frame(void *arg, enum pl_frame_part part, struct pl_str bytes, uint64_t off)
{
    struct codec_sum *s = arg;
    s->parts += part + off * 7 + codec_sum_of(0, (const uint8_t *)bytes.p, bytes.n);
}

static int codec_pass(const struct pl_codec *c, const uint8_t *p, size_t n, size_t step,
                      struct codec_sum *s)
{
    struct pl_limits l;
    struct pl_view *v;
    struct pl_err err;
    pl_limits_init(&l);
    l.window = 8 << 20;
    l.gzip_members = 1000;
    struct pl_codec_opts o = { .limits = &l,
                               .out_base = 1 << 17,
                               .out_ratio = 20,
                               .limit_name = "layer-out",
                               .frame = codec_frame,
                               .fresh = codec_fresh,
                               .arg = s };
    struct drip d = { .v = { .fill = drip_fill }, .all = p, .n = n, .step = step };
    int rc = 0;
    v = c->open(&d.v, &o);
    while (rc == 0) {
        rc = pl_view_ahead(v, step, &err);
        if (v->n == 0)
            break;
        s->seen = codec_sum_of(s->seen, v->p, v->n);
        s->out += v->n;
        pl_view_consume(v, v->n);
        rc = 0;
    }
    if (rc == 0 && (d.v.n > 0 || !d.v.eof))
        abort(); /* an end without having read all */
    pl_view_close(v);
    free(d.held);
    return rc;
}

static int codec_run(const struct pl_codec *c, const uint8_t *p, size_t n)
{
    struct codec_sum a = { 0 }, b = { 0 };
    int rc = codec_pass(c, p, n, 512, &a);
    if (a.seen != a.fresh)
        abort();
    int rc2 = codec_pass(c, p, n, 1, &b);
    /* where a bomb is stopped, and how much comes out right before damage, depends on the pieces */
    if (rc == PL_E_LIMIT || rc2 == PL_E_LIMIT)
        return -1;
    if (rc2 != rc || (rc == 0 && (a.seen != b.seen || a.parts != b.parts || a.out != b.out)))
        abort();
    return rc < 0 ? -1 : 0;
}

#endif
