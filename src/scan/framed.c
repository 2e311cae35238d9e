/* Child: the files of a directory slice, framed by the parent (source/frame.h). */
/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cleanup.h"
#include "io/codec.h"
#include "scan/content.h"
#include "source/frame.h"

static int read_frame(struct pl_worker *w, struct pl_view *in, uint32_t ordinal, struct pl_err *err)
{
    struct pl_frame f;
    int r = pl_view_ahead(in, sizeof f, err);
    if (r < 0)
        return r;
    if (in->n == 0)
        return 0;
    if (in->n < sizeof f)
        return pl_fail(err, PL_E_FORMAT, "frame cut short");
    memcpy(&f, in->p, sizeof f);
    if (f.magic != PL_FRAME_MAGIC || f.path_len > PL_KIB(64) || f.link_len > PL_KIB(64))
        return pl_fail(err, PL_E_FORMAT, "not a frame");
    pl_view_consume(in, sizeof f);
    r = pl_view_ahead(in, (size_t)f.path_len + f.link_len, err);
    if (r < 0 || in->n < (size_t)f.path_len + f.link_len)
        return r < 0 ? r : pl_fail(err, PL_E_FORMAT, "frame cut short");
    struct pl_entry e = { .path = pl_dup(&w->scratch, pl_str_n(in->p, f.path_len)),
                          .kind = f.kind,
                          .mode = f.mode,
                          .uid = f.uid,
                          .gid = f.gid,
                          .ordinal = ordinal,
                          .size = f.size,
                          .mtime_ns = f.mtime_ns };
    e.link = pl_dup(&w->scratch, pl_str_n(in->p + f.path_len, f.link_len));
    pl_view_consume(in, (size_t)f.path_len + f.link_len);
    pl_worker_entry(w, &e);
    struct pl_sub body;
    pl_sub_init(&body, in, f.size);
    struct pl_spot at = { .surface = PL_SURF_FILE, .ordinal = ordinal, .path = e.path };
    r = f.size ? pl_content_scan(w, &at, &body.v, err) : 0;
    pl_sub_sync(&body);
    w->done.bytes += f.size;
    w->done.seen += f.size;
    pl_arena_reset(&w->scratch);
    return r < 0 ? r : 1;
}

void pl_job_files(struct pl_worker *w, struct pl_view *feed)
{
    struct pl_err err = { 0 };
    struct pl_codec_opts o = { .limits = &w->ctx->limits,
                               .out_base = UINT64_MAX,
                               .limit_name = "none" };
    uint32_t n = 0;
    struct pl_view *in = pl_codec_open_plain(feed, &o);
    int r = 0;
    while ((r = read_frame(w, in, n, &err)) > 0)
        n++;
    if (r < 0)
        pl_worker_note(w, PL_SCOPE_UNIT, true, "unreadable", PL_S(""), "%s", err.msg);
    w->done.kind = PL_BLOB_LAYER;
    w->done.entries = n;
    pl_view_close(in);
}
