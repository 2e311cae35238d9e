/* The child process: sandbox, job loop. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "scan/worker.h"

#include <errno.h>
#include <malloc.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/hash.h"
#include "io/nested.h"
#include "scan/pkgfeed.h"

/* A worker's address space: two large slots' worth beside what the program maps anyway. */
#define ADDRESS_SPACE (1ull << 30)

void pl_worker_note(struct pl_worker *w, enum pl_scope scope, bool incomplete, const char *code,
                    struct pl_str where, const char *fmt, ...)
{
    char msg[512];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(msg, sizeof msg, fmt, ap);
    va_end(ap);
    struct pl_note n = { .scope = scope,
                         .incomplete = incomplete,
                         .where = pl_str_sub(where, 0, 4096),
                         .code = pl_str_c(code),
                         .message = pl_str_c(msg) };
    size_t mark;
    struct pl_buf *b = pl_chan_begin(&w->chan, PL_MSG_NOTE, &mark);
    pl_put_note(b, &n);
    pl_chan_end(&w->chan, mark);
    if (incomplete)
        w->done.complete = false;
}

void pl_worker_entry(struct pl_worker *w, const struct pl_entry *e)
{
    size_t mark;
    struct pl_buf *b = pl_chan_begin(&w->chan, PL_MSG_ENTRY, &mark);
    pl_put_entry(b, &w->coder, e);
    pl_chan_end(&w->chan, mark);
}

void pl_worker_bytes(struct pl_worker *w, const void *p, size_t n)
{
    const char *c = p;
    while (n) {
        size_t piece = n < 32768 ? n : 32768, mark;
        struct pl_buf *b = pl_chan_begin(&w->chan, PL_MSG_BYTES, &mark);
        pl_buf_putn(b, c, piece);
        pl_chan_end(&w->chan, mark);
        c += piece;
        n -= piece;
    }
}

void pl_worker_hash(struct pl_worker *w, uint32_t ordinal, const void *p, size_t n)
{
    struct pl_entry_hash h = { .ordinal = ordinal };
    uint8_t old[PL_HASH_MAX];
    size_t mark;
    pl_sha256(p, n, h.sum);
    h.head[PL_SUM_SHA256] = pl_sum_head(h.sum);
    pl_md5(p, n, old);
    h.head[PL_SUM_MD5] = pl_sum_head(old);
    pl_sha1(p, n, old);
    h.head[PL_SUM_SHA1] = pl_sum_head(old);
    struct pl_buf *b = pl_chan_begin(&w->chan, PL_MSG_HASH, &mark);
    pl_put_entry_hash(b, &h);
    pl_chan_end(&w->chan, mark);
}

static void serve(struct pl_worker *w, const struct pl_cmd *cmd)
{
    pl_auto_buf struct pl_buf payload = { .max = 1u << 20 };
    struct pl_err err;
    struct pl_feed_view feed;
    if (pl_chan_payload(&w->chan, cmd->a, &payload, &err) < 0)
        _exit(1);
    struct pl_rd rd = { (const uint8_t *)payload.p, (const uint8_t *)payload.p + payload.n, false };
    if (!pl_get_job(&rd, &w->job_arena, &w->job))
        pl_bug("malformed job");
    w->done = (struct pl_done){ .complete = true };
    w->grabbed = false;
    pl_buf_clear(&w->coder.last);
    pl_feed_view_init(&feed, &w->chan);
    w->feed = &feed;
    switch (w->job.kind) {
    case PL_JOB_BLOB:
        pl_job_blob(w, &feed.v);
        break;
    case PL_JOB_TARINDEX:
        pl_job_tarindex(w);
        break;
    case PL_JOB_FILES:
        pl_job_files(w, &feed.v);
        break;
    case PL_JOB_UNPACK:
        pl_job_unpack(w, &feed.v);
        break;
    case PL_JOB_GIT:
        pl_job_git(w, &feed.v);
        break;
    case PL_JOB_STREAM:
        pl_job_stream(w, &feed.v);
        break;
    case PL_JOB_SBOM:
        pl_job_sbom(w, &feed.v);
        break;
    case PL_JOB_REWRITE:
        pl_job_rewrite(w, &feed.v);
        break;
    case PL_JOB_JUDGE:
        pl_job_judge(w, &feed.v);
        break;
    }
    pl_pkgpend_end(w);
    pl_feed_view_drain(&feed);
    pl_feed_view_release(&feed);
    size_t mark;
    struct pl_buf *b = pl_chan_begin(&w->chan, PL_MSG_DONE, &mark);
    pl_put_done(b, &w->done);
    pl_chan_end(&w->chan, mark);
    pl_chan_flush(&w->chan);
    pl_arena_reset(&w->scratch);
    pl_arena_reset(&w->job_arena);
}

/* A worker that cannot begin says so in answer to its first job. */
static _Noreturn void refuse(struct pl_worker *w, const char *code, const struct pl_err *err)
{
    struct pl_cmd cmd;
    if (pl_chan_cmd(&w->chan, &cmd)) {
        pl_worker_note(w, PL_SCOPE_RUN, true, code, PL_S("worker"), "%s", err->msg);
        pl_chan_flush(&w->chan);
    }
    _exit(2);
}

void pl_worker_main(const struct pl_scan_ctx *ctx, int in, int out, int ring_fd)
{
    struct pl_err err = { 0 };
    struct pl_worker w = { .ctx = ctx, .chan = { .in = in, .out = out } };
    w.chan.pending.max = 4u << 20;
    mallopt(M_MMAP_THRESHOLD, 4 << 20); /* else it grows with what is freed, and is kept */
    mallopt(M_TRIM_THRESHOLD, 4 << 20);
    signal(SIGPIPE, SIG_IGN);
    signal(SIGINT, SIG_IGN); /* the parent decides */
    void *ring = mmap(NULL, PL_RING_SLOTS * PL_RING_SLOT, PROT_READ, MAP_SHARED, ring_fd, 0);
    if (ring == MAP_FAILED)
        _exit(2);
    w.chan.ring = ring;
    pl_nested_init();
    int keep[3] = { 2, in < out ? in : out, in < out ? out : in };
    struct pl_sandbox_opts so = { .mode = ctx->sandbox,
                                  .address_space = ADDRESS_SPACE,
                                  .keep_fds = keep,
                                  .n_keep = 3,
                                  .roots = ctx->roots,
                                  .n_roots = ctx->n_roots };
    if (pl_sandbox_enter(&so, &err) < 0)
        refuse(&w, "sandbox", &err);
    if (pl_matcher_new(ctx->rules, &ctx->limits, &w.matcher, &err) < 0)
        refuse(&w, "engine", &err);
    w.kept = calloc(pl_rules_count(ctx->rules) + 1, sizeof *w.kept);
    if (!w.kept)
        pl_oom();
    struct pl_cmd cmd;
    while (pl_chan_cmd(&w.chan, &cmd)) {
        if (cmd.type != PL_CMD_JOB)
            pl_bug("unexpected command %u", cmd.type);
        serve(&w, &cmd);
    }
    _exit(0);
}
