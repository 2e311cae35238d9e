/* The table of codecs, the choice among them, and the pass-through for what is not compressed. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "io/codec.h"

#include <stdlib.h>

#define PL_CODEC(name) extern const struct pl_codec pl_codec_##name;
#include "io/codec.list"
#undef PL_CODEC

const struct pl_codec *const pl_codecs[] = {
#define PL_CODEC(name) &pl_codec_##name,
#include "io/codec.list"
#undef PL_CODEC
    NULL
};

int pl_codec_probe(struct pl_view *in, const struct pl_codec **ret, struct pl_err *err)
{
    int r = pl_view_ahead(in, 512, err);
    if (r < 0)
        return r;
    const struct pl_codec *best = NULL;
    unsigned most = 0;
    for (const struct pl_codec *const *c = pl_codecs; *c; c++) {
        unsigned bits = (*c)->bid ? (*c)->bid(in->p, in->n < 512 ? in->n : 512) : 0;
        if (bits > most) {
            most = bits;
            best = *c;
        }
    }
    *ret = best;
    return 0;
}

/* What is shown at once of a stream that holds more: a piece that stays in the cache. */
#define PIECE ((size_t)256 << 10)

struct plain {
    struct pl_view v;
    struct pl_view *in;
    void (*fresh)(void *arg, const void *p, size_t n);
    void *arg;
    uint64_t synced; /* v.off up to which `in` was told */
    uint64_t told;   /* v.off up to which `fresh` was told */
};

static int plain_fill(struct pl_view *v, size_t want, struct pl_err *err)
{
    struct plain *s = (struct plain *)v;
    pl_view_consume(s->in, (size_t)(v->off - s->synced));
    s->synced = v->off;
    int r = pl_view_ahead(s->in, want, err);
    size_t most = want < PIECE ? PIECE : want;
    v->p = s->in->p;
    v->n = s->in->n < most ? s->in->n : most;
    v->eof = s->in->eof && v->n == s->in->n;
    size_t known = (size_t)(s->told - v->off);
    if (s->fresh && v->n > known)
        s->fresh(s->arg, v->p + known, v->n - known);
    if (v->n > known)
        s->told = v->off + v->n;
    return r;
}

static void plain_close(struct pl_view *v)
{
    struct plain *s = (struct plain *)v;
    pl_view_consume(s->in, (size_t)(v->off - s->synced));
    free(s);
}

struct pl_view *pl_codec_open_plain(struct pl_view *in, const struct pl_codec_opts *o)
{
    struct plain *s = calloc(1, sizeof *s);
    if (!s)
        pl_oom();
    s->in = in;
    s->fresh = o->fresh;
    s->arg = o->arg;
    s->v.fill = plain_fill;
    s->v.close = plain_close;
    return &s->v;
}
