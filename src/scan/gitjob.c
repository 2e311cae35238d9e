/* Child: jobs on a git repository. secrets.md section 10. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "scan/gitjob.h"

#include <malloc.h>
#include <stdlib.h>

#include "base/buf.h"
#include "scan/content.h"
#include "scan/gitjob_int.h"
#include "source/git.h"
#include "source/oidmap.h"

#define REQUEST_MAX PL_MIB(64)
#define NOTES_MAX 50u /* of one kind in one job: a broken repository may lack a million objects */
#define BATCH 1000u   /* ids of one ORDER */

struct pl_buf *pl_git_answer(struct pl_worker *w, enum pl_git_answer what, size_t *ret_mark)
{
    struct pl_buf *b = pl_chan_begin(&w->chan, PL_MSG_GIT, ret_mark);
    pl_put_u8(b, (uint8_t)what);
    return b;
}

void pl_git_say_note(void *arg, bool incomplete, const char *code, struct pl_str where,
                     const char *message)
{
    struct pl_worker *w = arg;
    if (++w->git->notes <= NOTES_MAX || !incomplete)
        pl_worker_note(w, PL_SCOPE_UNIT, incomplete, code, where, "%s", message);
    else
        w->done.complete = false;
}

/* ---- walk ---- */

/* Message and header of a commit or tag. Signatures of the header are base64 of no interest. */
static void scan_text(struct pl_worker *w, const uint8_t *oid)
{
    struct pl_err err = { 0 };
    char hex[2 * PL_OID + 1];
    pl_hex(oid, PL_OID, hex);
    struct pl_view *v = pl_git_read(w->git->g, oid, w->ctx->limits.window, &err);
    if (!v) {
        pl_git_say_note(w, true, "missing-object", pl_str_n(hex, 2 * PL_OID), err.msg);
        return;
    }
    pl_auto_buf struct pl_buf text = { .max = w->ctx->limits.window };
    if (pl_view_slurp(v, &text, text.max, &err) < 0)
        pl_git_say_note(w, true, "limit", pl_str_n(hex, 2 * PL_OID), err.msg);
    pl_view_close(v);
    size_t end = pl_str_find(pl_buf_str(&text), PL_S("\n\n"), 0);
    struct pl_str message =
        pl_str_sub(pl_buf_str(&text), end == SIZE_MAX ? text.n : end + 2, text.n);
    struct pl_str head = pl_str_sub(pl_buf_str(&text), 0, end);
    struct pl_spot at = { .surface = PL_SURF_HISTORY,
                          .ordinal = PL_NEVER,
                          .say = pl_str_n(hex, 2 * PL_OID),
                          .visible = true };
    struct pl_spot top = at;
    top.binary = true;
    size_t sig = pl_str_find(head, PL_S("\ngpgsig"), 0);
    pl_content_piece(w, &top, pl_str_sub(head, 0, sig));
    pl_content_piece(w, &at, message);
    w->done.bytes += text.n;
    w->done.seen += text.n;
    pl_arena_reset(&w->scratch);
}

static void on_intro(void *arg, const struct pl_git_intro *x)
{
    struct pl_worker *w = arg;
    size_t mark;
    struct pl_buf *b = pl_git_answer(w, PL_GIT_BLOB, &mark);
    pl_put_u32(b, x->commit);
    pl_put_u8(b, x->link);
    pl_buf_putn(b, x->oid, PL_OID);
    pl_put_str(b, x->path);
    pl_chan_end(&w->chan, mark);
}

static void on_tag(void *arg, const uint8_t *oid)
{
    scan_text(arg, oid);
}

static bool get_range(struct pl_worker *w, struct pl_rd *rd, struct pl_git_range *ret)
{
    uint64_t n = pl_get_var(rd);
    if (n > 4096)
        return false;
    const char **revs = pl_alloc_n(&w->job_arena, (size_t)n + 1, sizeof *revs);
    for (uint64_t i = 0; i < n; i++)
        revs[i] = pl_dup(&w->job_arena, pl_get_str(rd)).p;
    *ret = (struct pl_git_range){ .revs = revs, .n_revs = (size_t)n };
    ret->since = (int64_t)pl_get_u64(rd);
    ret->until = (int64_t)pl_get_u64(rd);
    return !rd->bad;
}

static void quiet(void *arg, bool incomplete, const char *code, struct pl_str where,
                  const char *message)
{
    (void)arg; /* the first part tells it */
    (void)incomplete;
    (void)code;
    (void)where;
    (void)message;
}

static int walk(struct pl_worker *w, struct pl_rd *rd, struct pl_err *err)
{
    struct pl_git_range range;
    struct pl_git_job *j = w->git;
    if (!get_range(w, rd, &range))
        pl_bug("malformed job");
    uint32_t k = pl_get_u32(rd), of = pl_get_u32(rd);
    if (!j->listed || k == 0) {
        if (j->listed) { /* once more, for its notes */
            pl_git_close(j->g);
            j->g = NULL;
            int r = pl_git_open(w->job.name.p, &j->g, err);
            if (r < 0)
                return r;
        }
        j->commits = pl_git_commits(j->g, &range, k == 0 ? pl_git_say_note : quiet, w, err);
        if (j->commits < 0)
            return (int)j->commits;
        j->listed = true;
    }
    size_t n = (size_t)j->commits, mark, from = n * k / of, to = n * (k + 1) / of;
    struct pl_buf *b = pl_git_answer(w, PL_GIT_COUNT, &mark);
    pl_put_u32(b, (uint32_t)n);
    pl_chan_end(&w->chan, mark);
    pl_git_walk(j->g, from, to, on_intro, pl_git_say_note, w);
    for (size_t i = from; i < to; i++) {
        b = pl_git_answer(w, PL_GIT_COMMIT, &mark);
        pl_put_u32(b, (uint32_t)i);
        pl_buf_putn(b, pl_git_commit_id(j->g, i), PL_OID);
        pl_chan_end(&w->chan, mark);
        scan_text(w, pl_git_commit_id(j->g, i));
    }
    if (k == 0)
        pl_git_tags(j->g, on_tag, w);
    return 0;
}

/* ---- order ---- */

struct order {
    struct pl_worker *w;
    struct pl_buf ids;
};

static void send_ids(struct order *o)
{
    size_t mark;
    struct pl_buf *b = pl_git_answer(o->w, PL_GIT_ORDER, &mark);
    pl_buf_putn(b, o->ids.p, o->ids.n);
    pl_chan_end(&o->w->chan, mark);
    pl_buf_clear(&o->ids);
}

static void on_object(void *arg, const uint8_t *oid)
{
    struct order *o = arg;
    pl_buf_putn(&o->ids, oid, PL_OID);
    if (o->ids.n >= BATCH * PL_OID)
        send_ids(o);
}

static int order(struct pl_worker *w, struct pl_err *err)
{
    struct order o = { .w = w };
    int r = pl_git_objects(w->git->g, on_object, &o, err);
    if (o.ids.n)
        send_ids(&o);
    pl_buf_release(&o.ids);
    return r;
}

/* ---- scan ---- */

static void lost(struct pl_worker *w, struct pl_str path, const uint8_t *oid,
                 const struct pl_err *err)
{
    char hex[2 * PL_OID + 1];
    pl_hex(oid, PL_OID, hex);
    pl_git_say_note(w, true,
                    err->code == PL_E_NOENT   ? "missing-object"
                    : err->code == PL_E_LIMIT ? "limit"
                                              : "damaged-object",
                    path.n ? path : pl_str_n(hex, 2 * PL_OID), err->msg);
}

/* The blob of the item before, in case the next is the same one. */
struct held {
    struct pl_view *v;
    struct pl_str bytes; /* when it is in memory whole; else empty */
};

static void let_go(struct held *h)
{
    if (h->v)
        pl_view_close(h->v);
    *h = (struct held){ 0 };
}

/* Is it a blob? What nobody has said anything of may be anything. */
static bool is_blob(struct pl_worker *w, const uint8_t *oid)
{
    struct pl_err err = { 0 };
    enum pl_git_kind kind = PL_GIT_IS_BLOB;
    uint64_t size;
    if (pl_git_header(w->git->g, oid, &kind, &size, &err) < 0) {
        lost(w, PL_S(""), oid, &err);
        return false;
    }
    if (kind == PL_GIT_IS_COMMIT || kind == PL_GIT_IS_TAG)
        scan_text(w, oid);
    return kind == PL_GIT_IS_BLOB;
}

static void scan_blob(struct pl_worker *w, uint32_t ordinal, const uint8_t *oid, struct pl_str path,
                      struct held *h, bool again)
{
    struct pl_err err = { 0 };
    struct pl_spot at = { .surface = PL_SURF_FILE, .ordinal = ordinal, .path = path };
    struct pl_view whole, *v = &whole;
    if (!again || !h->bytes.p) {
        let_go(h);
        h->v = pl_git_read(w->git->g, oid, w->ctx->limits.window, &err);
        if (!h->v) {
            lost(w, path, oid, &err);
            return;
        }
        if (h->v->eof)
            h->bytes = pl_str_n(h->v->p ? (const char *)h->v->p : "", h->v->n);
    }
    if (h->bytes.p)
        pl_view_mem_init(&whole, h->bytes.p, h->bytes.n);
    else
        v = h->v;
    if (pl_content_scan(w, &at, v, &err) < 0)
        lost(w, path, oid, &err);
    if (!again) {
        w->done.bytes += v->off;
        w->done.seen += v->off;
        w->done.entries++;
    }
    pl_arena_reset(&w->scratch);
}

static void scan_items(struct pl_worker *w, struct pl_rd *rd)
{
    uint8_t oid[PL_OID];
    struct held h = { 0 };
    for (uint32_t i = 0; rd->p < rd->end; i++) {
        pl_get_raw(rd, oid, PL_OID);
        bool again = pl_get_u8(rd) != 0;
        struct pl_str path = pl_get_str(rd);
        if (rd->bad)
            pl_bug("malformed job");
        if (path.n || is_blob(w, oid))
            scan_blob(w, i, oid, path, &h, again);
    }
    let_go(&h);
}

/* ---- about ---- */

struct about {
    struct pl_worker *w;
    struct pl_oidmap want;
};

static void on_head(void *arg, const uint8_t *oid, struct pl_str path)
{
    struct about *a = arg;
    size_t mark;
    if (pl_oidmap_find(&a->want, oid) == PL_OID_NONE)
        return;
    struct pl_buf *b = pl_git_answer(a->w, PL_GIT_HEAD, &mark);
    pl_buf_putn(b, oid, PL_OID);
    pl_put_str(b, path);
    pl_chan_end(&a->w->chan, mark);
}

static void about(struct pl_worker *w, struct pl_rd *rd)
{
    struct about a = { .w = w };
    uint8_t oid[PL_OID];
    uint32_t n = pl_get_u32(rd);
    size_t mark;
    for (uint32_t i = 0; i < n && !rd->bad; i++) {
        struct pl_git_who who;
        struct pl_err err = { 0 };
        pl_get_raw(rd, oid, PL_OID);
        if (pl_git_commit_who(w->git->g, oid, &w->scratch, &who, &err) < 0)
            continue;
        struct pl_buf *b = pl_git_answer(w, PL_GIT_WHO, &mark);
        pl_put_u32(b, i);
        pl_put_str(b, pl_str_sub(who.author, 0, 1000));
        pl_put_str(b, pl_str_sub(who.email, 0, 1000));
        pl_put_u64(b, (uint64_t)who.time);
        pl_put_u32(b, (uint32_t)who.offset);
        pl_chan_end(&w->chan, mark);
        pl_arena_reset(&w->scratch);
    }
    while (rd->p < rd->end && !rd->bad) {
        pl_get_raw(rd, oid, PL_OID);
        pl_oidmap_put(&a.want, oid, NULL);
    }
    pl_git_heads(w->git->g, on_head, &a);
    pl_oidmap_release(&a.want);
}

/* What one kind of job leaves behind (commits, trees, the library's caches) would stand beside what
 * the next one needs. */
static void forget(struct pl_git_job *j)
{
    pl_git_close(j->g);
    j->g = NULL;
    j->listed = false;
    malloc_trim(0);
}

static int serve(struct pl_worker *w, struct pl_rd *rd, struct pl_err *err)
{
    enum pl_git_op op = pl_get_u8(rd);
    if (!w->git) {
        w->git = calloc(1, sizeof *w->git);
        if (!w->git)
            pl_oom();
        /* objects of all sizes come and go beside those the library keeps */
        mallopt(M_MMAP_THRESHOLD, 512 << 10);
        mallopt(M_TRIM_THRESHOLD, 512 << 10);
    }
    w->git->notes = 0;
    if (op != w->git->last)
        forget(w->git);
    w->git->last = op;
    if (!w->git->g && pl_git_open(w->job.name.p, &w->git->g, err) < 0)
        return err->code;
    switch (op) {
    case PL_GIT_OP_WALK:
        return walk(w, rd, err);
    case PL_GIT_OP_ORDER:
        return order(w, err);
    case PL_GIT_OP_SCAN:
        scan_items(w, rd);
        return 0;
    case PL_GIT_OP_ABOUT:
        about(w, rd);
        return 0;
    case PL_GIT_OP_STAGED:
        return pl_git_job_staged(w, rd, err);
    }
    pl_bug("unknown git job %d", op);
}

void pl_job_git(struct pl_worker *w, struct pl_view *in)
{
    struct pl_err err = { 0 };
    pl_auto_buf struct pl_buf request = { .max = REQUEST_MAX };
    int r = pl_view_slurp(in, &request, REQUEST_MAX, &err);
    w->job.name = pl_dup(&w->job_arena, w->job.name);
    struct pl_rd rd = { (const uint8_t *)request.p, (const uint8_t *)request.p + request.n, false };
    if (r == 0)
        r = serve(w, &rd, &err);
    if (r < 0)
        pl_worker_note(w, PL_SCOPE_UNIT, true,
                       r == PL_E_USAGE   ? "no-revision"
                       : r == PL_E_UNSUP ? "unsupported"
                                         : "unreadable",
                       PL_S(""), "%s", err.msg);
    w->done.kind = PL_BLOB_RAW;
}

void pl_job_stream(struct pl_worker *w, struct pl_view *in)
{
    struct pl_err err = { 0 };
    struct pl_entry e = { .path = w->job.name, .kind = PL_ENTRY_FILE };
    struct pl_spot at = { .surface = PL_SURF_FILE, .path = w->job.name };
    pl_worker_entry(w, &e);
    if (pl_content_scan(w, &at, in, &err) < 0)
        pl_worker_note(w, PL_SCOPE_UNIT, true, "unreadable", w->job.name, "%s", err.msg);
    w->done.kind = PL_BLOB_LAYER;
    w->done.entries = 1;
    w->done.bytes = w->done.seen = in->off;
}
