/* Child: the members of an outer tar (docker-archive, oci-archive). It sees headers only: bytes
 * are asked of the parent by offset, bodies are skipped without being read here. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "io/codec.h"
#include "io/tar.h"
#include "scan/content.h"

/* A view on a stream that the parent holds. */
struct remote {
    struct pl_view v;
    struct pl_worker *w;
    struct pl_buf buf;
};

static int remote_fill(struct pl_view *v, size_t want, struct pl_err *err)
{
    struct remote *x = (struct remote *)v;
    size_t mark, have = v->n;
    if (have)
        memmove(x->buf.p, v->p, have);
    x->buf.n = have;
    while (x->buf.n < want) {
        struct pl_buf *b = pl_chan_begin(&x->w->chan, PL_MSG_READ, &mark);
        pl_put_u64(b, v->off + x->buf.n);
        pl_put_u32(b, (uint32_t)(want - x->buf.n));
        pl_chan_end(&x->w->chan, mark);
        struct pl_cmd cmd;
        if (!pl_chan_cmd(&x->w->chan, &cmd))
            return pl_fail(err, PL_E_IO, "parent is gone");
        if (cmd.type == PL_CMD_END) {
            if (cmd.a)
                return pl_fail(err, PL_E_IO, "input ended early");
            v->eof = true;
            x->w->feed->ended = true;
            break;
        }
        int r =
            pl_buf_add(&x->buf, x->w->chan.ring + (size_t)cmd.a * PL_RING_SLOT, (size_t)cmd.b, err);
        b = pl_chan_begin(&x->w->chan, PL_MSG_CREDIT, &mark);
        pl_put_u8(b, (uint8_t)cmd.a);
        pl_chan_end(&x->w->chan, mark);
        if (r < 0)
            return r;
    }
    v->p = (const uint8_t *)x->buf.p;
    v->n = x->buf.n;
    return 0;
}

/* A body that is skipped is never asked for. */
static int remote_skip(struct pl_view *v, uint64_t n, struct pl_err *err)
{
    (void)err;
    v->off += n;
    return 0;
}

/* Text in the archive's own headers and padding. */
static void on_part(void *arg, enum pl_tar_part part, struct pl_str path, struct pl_str name,
                    struct pl_str bytes, uint64_t off)
{
    struct pl_spot at = { .surface =
                              part == PL_TAR_PADDING ? PL_SURF_TAR_TRAILER : PL_SURF_TAR_HEADER,
                          .ordinal = PL_NEVER,
                          .path = name.n ? name : path,
                          .say = path,
                          .value = name.n != 0,
                          .binary = true };
    (void)off;
    pl_content_piece(arg, &at, bytes);
}

void pl_job_tarindex(struct pl_worker *w)
{
    struct pl_err err = { 0 };
    struct remote x = { .v = { .fill = remote_fill, .skip = remote_skip }, .w = w };
    struct pl_tar_opts o = { .limits = &w->ctx->limits, .part = on_part, .arg = w };
    struct pl_tar *t;
    struct pl_entry e;
    size_t mark;
    int r;
    x.buf.max = PL_VIEW_MAX;
    if (pl_view_ahead(&x.v, 512, &err) == 0 && x.v.n && pl_tar_bid(x.v.p, x.v.n) == 0) {
        pl_worker_note(w, PL_SCOPE_UNIT, true, "not-an-image", PL_S(""), "not a tar archive");
        pl_buf_release(&x.buf);
        w->feed->ended = true;
        return;
    }
    t = pl_tar_new(&x.v, &o);
    while ((r = pl_tar_next(t, &e, &err)) > 0) {
        struct pl_member_msg m = { e.path, e.link, (uint8_t)e.kind, e.size, e.at };
        struct pl_buf *b = pl_chan_begin(&w->chan, PL_MSG_MEMBER, &mark);
        pl_put_member(b, &m);
        pl_chan_end(&w->chan, mark);
        if (pl_tar_count(t) > w->ctx->limits.nested_members) {
            r = pl_fail(&err, PL_E_LIMIT, "more than %llu members",
                        (unsigned long long)w->ctx->limits.nested_members);
            break;
        }
    }
    if (r < 0)
        pl_worker_note(w, PL_SCOPE_UNIT, true, r == PL_E_LIMIT ? "limit" : "damaged", PL_S(""),
                       "%s", err.msg);
    w->feed->ended = true; /* END comes only in answer to a READ */
    w->done.entries = pl_tar_count(t);
    w->done.bytes = w->done.seen = x.v.off;
    pl_tar_free(t);
    pl_buf_release(&x.buf);
}

void pl_job_unpack(struct pl_worker *w, struct pl_view *in)
{
    const struct pl_codec *codec = NULL;
    struct pl_err err = { 0 };
    struct pl_view *out = NULL;
    struct pl_codec_opts o = { .limits = &w->ctx->limits,
                               .out_base = w->ctx->limits.layer_out,
                               .out_ratio = w->ctx->limits.layer_ratio,
                               .limit_name = "layer-out" };
    int r = pl_codec_probe(in, &codec, &err);
    if (r == 0 && codec && codec->open)
        out = codec->open(in, &o);
    else if (r == 0)
        r = pl_fail(&err, PL_E_UNSUP, "unknown codec");
    while (r == 0) {
        r = pl_view_ahead(out, 1, &err);
        pl_worker_bytes(w, out->p, out->n);
        pl_view_consume(out, out->n);
        if (out->eof && !out->n)
            break;
    }
    if (r < 0)
        pl_worker_note(w, PL_SCOPE_UNIT, true, r == PL_E_LIMIT ? "limit" : "damaged", PL_S(""),
                       "%s", err.msg);
    pl_view_close(out);
}
