/* One blob of the new image: as it was, hashed once more on the way, or written anew by a worker.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#include <poll.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/hash.h"
#include "scan/scrub_int.h"
#include "source/remote.h"

#define COPY ((size_t)128 << 10)

static struct pl_digest sha256_of(struct pl_str s)
{
    struct pl_digest d = { .set = true, .alg = PL_HASH_SHA256 };
    pl_sha256(s.p, s.n, d.b);
    return d;
}

static int copy_bytes(struct pl_scrub *x, struct pl_feed *f, struct pl_hash *h, uint64_t *ret_n,
                      struct pl_err *err)
{
    pl_auto_free uint8_t *buf = malloc(COPY);
    size_t got = 1;
    int r = 0;
    if (!buf)
        pl_oom();
    while (r >= 0 && got) {
        if (x->scan->o.cancel && *x->scan->o.cancel)
            return pl_fail(err, PL_E_CANCEL, "interrupted");
        r = f->read(f, buf, COPY, &got, err);
        if (r > 0) { /* a network that has nothing yet */
            struct pollfd p = { pl_remote_blob_fd(f), POLLIN, 0 };
            poll(&p, 1, 100);
            got = 1;
            continue;
        }
        if (r < 0 || !got)
            break;
        pl_hash_add(h, buf, got);
        *ret_n += got;
        r = x->sink->write(x->sink->arg, buf, got, err);
    }
    return r < 0 ? r : 0;
}

static int copy_blob(struct pl_scrub *x, struct pl_work *w, const struct pl_digest *d,
                     struct pl_err *err)
{
    uint8_t sum[PL_HASH_MAX];
    struct pl_feed *f = pl_source_feed(x->u->src, w->part->blob, err);
    if (!f)
        return err->code;
    struct pl_hash *h = pl_hash_new(PL_HASH_SHA256);
    int r = x->sink->begin(x->sink->arg, err);
    if (r == 0)
        r = copy_bytes(x, f, h, &w->size, err);
    pl_hash_end(h, sum);
    pl_hash_free(h);
    f->close(f);
    if (r == 0 && memcmp(sum, w->part->rec->sha256, 32) != 0)
        r = pl_fail(err, PL_E_DIGEST, "the image changed while it was read");
    return r < 0 ? r : x->sink->end(x->sink->arg, d, w->size, err);
}

/* A document that goes over as it is, where such do not go as blobs. */
static int copy_manifest(struct pl_scrub *x, struct pl_work *w, struct pl_err *err)
{
    pl_auto_buf struct pl_buf b = { .max = (size_t)x->scan->o.limits.manifest + 1 };
    const struct pl_part *p = w->part;
    size_t got = 1;
    int r = 0;
    struct pl_feed *f = pl_source_feed(x->u->src, p->blob, err);
    if (!f)
        return err->code;
    while (r >= 0 && got) {
        char *at = pl_buf_room(&b, 16384, err);
        r = at ? f->read(f, at, 16384, &got, err) : err->code;
        b.n += r == 0 ? got : 0;
    }
    f->close(f);
    struct pl_digest d;
    if (r == 0)
        r = pl_scrub_put(x, pl_buf_str(&b), &p->rec->doc, p->desc ? p->desc->media_type : PL_S(""),
                         &d, err);
    w->size = b.n;
    return r;
}

static bool is_manifest(const struct pl_doc *d)
{
    return d && (d->kind == PL_DOC_MANIFEST || d->kind == PL_DOC_INDEX);
}

int pl_scrub_copy(struct pl_scrub *x, struct pl_work *w, struct pl_err *err)
{
    const struct pl_record *rec = w->part->rec;
    struct pl_digest d = pl_scrub_digest(w->part);
    bool there = false;
    int r = 0;
    if (w->written)
        return 0;
    if (x->sink->manifest && rec->has_doc && is_manifest(&rec->doc)) {
        r = copy_manifest(x, w, err);
    } else {
        if (x->sink->have)
            r = x->sink->have(x->sink->arg, &d, rec->fed, &there, err);
        w->size = there ? rec->fed : 0;
        if (r == 0 && !there)
            r = copy_blob(x, w, &d, err);
    }
    w->digest = d;
    w->written = r == 0;
    return r;
}

int pl_scrub_put(struct pl_scrub *x, struct pl_str bytes, const struct pl_doc *d,
                 struct pl_str type, struct pl_digest *ret, struct pl_err *err)
{
    *ret = sha256_of(bytes);
    if (x->sink->manifest && is_manifest(d)) {
        struct pl_scrub_manifest m = { .bytes = bytes,
                                       .digest = *ret,
                                       .subject = d->subject.digest };
        struct pl_part *of = m.subject.set ? pl_scrub_part(x, &m.subject) : NULL;
        const struct pl_work *w = of ? pl_scrub_work(x, of) : NULL;
        if (w && w->written)
            m.subject = w->digest;
        m.type = d->media_type.n ? d->media_type : type;
        m.artifact_type = d->artifact_type.n ? d->artifact_type : d->config.media_type;
        if (!m.type.n)
            m.type = pl_str_c(d->kind == PL_DOC_INDEX ? PL_SCRUB_INDEX : PL_SCRUB_MANIFEST);
        return x->sink->manifest(x->sink->arg, &m, err);
    }
    int r = x->sink->begin(x->sink->arg, err);
    if (r == 0)
        r = x->sink->write(x->sink->arg, bytes.p, bytes.n, err);
    return r < 0 ? r : x->sink->end(x->sink->arg, ret, bytes.n, err);
}

/* A blob's bytes behind the edits. */
struct led {
    struct pl_feed f;
    struct pl_feed *in;
    struct pl_buf head;
    size_t given;
    struct pl_hash *h;
};

static int led_read(struct pl_feed *f, void *buf, size_t n, size_t *ret_got, struct pl_err *err)
{
    struct led *l = (struct led *)f;
    if (l->given < l->head.n) {
        *ret_got = n < l->head.n - l->given ? n : l->head.n - l->given;
        memcpy(buf, l->head.p + l->given, *ret_got);
        l->given += *ret_got;
        return 0;
    }
    int r = l->in->read(l->in, buf, n, ret_got, err);
    if (r == 0)
        pl_hash_add(l->h, buf, *ret_got);
    return r;
}

static int led_fd(const struct pl_task *t)
{
    return pl_remote_blob_fd(((const struct led *)t->feed)->in);
}

static void led_close(struct pl_feed *f)
{
    struct led *l = (struct led *)f;
    l->in->close(l->in); /* the rest is whose it was */
}

static void job_bytes(struct pl_task *t, const void *p, size_t n)
{
    struct pl_scrub_job *j = t->bytes_arg;
    if (j->text) {
        pl_buf_putn(j->text, p, n);
        return;
    }
    pl_hash_add(j->h, p, n);
    j->size += n;
    if (!j->failed)
        j->failed = j->x->sink->write(j->x->sink->arg, p, n, &j->err);
}

static void job_done(struct pl_task *t, struct pl_record *r)
{
    struct pl_scrub_job *j = t->bytes_arg;
    j->rec = r;
}

/* Runs a REWRITE job over the bytes of `p`, which must be those of the first reading. */
int pl_scrub_run(struct pl_scrub *x, const struct pl_part *p, const struct pl_rewrite *rw,
                 struct pl_scrub_job *j, struct pl_err *err)
{
    struct led l = { .f = { led_read, led_close } };
    uint8_t sum[PL_HASH_MAX];
    struct pl_task *t = calloc(1, sizeof *t);
    if (!t)
        pl_oom();
    l.in = pl_source_feed(x->u->src, p->blob, err);
    if (!l.in) {
        free(t);
        return err->code;
    }
    pl_put_u64(&l.head, 0);
    pl_put_rewrite(&l.head, rw);
    uint64_t n = l.head.n - 8;
    memcpy(l.head.p, &n, sizeof n);
    l.h = pl_hash_new(PL_HASH_SHA256);
    t->params = (struct pl_job_params){ .kind = PL_JOB_REWRITE, .name = p->blob->name };
    t->params.media_type = p->desc ? p->desc->media_type : PL_S("");
    t->feed = &l.f;
    t->wait_fd = x->u->src->form == PL_SRC_REMOTE ? led_fd : NULL;
    t->bytes = job_bytes;
    t->bytes_arg = j;
    t->done = job_done;
    pl_pool_submit(x->scan->pool, t);
    int r = pl_pool_run(x->scan->pool, err);
    pl_hash_end(l.h, sum);
    pl_hash_free(l.h);
    explicit_bzero(l.head.p, l.head.n);
    pl_buf_release(&l.head);
    if (r == 0 && j->failed) {
        *err = j->err;
        r = j->failed;
    }
    if (r == 0 && !j->rec->done.complete && j->rec->notes.n &&
        pl_str_is(j->rec->notes.p[0].code, "forbidden"))
        r = pl_fail(err, PL_E_USAGE, "cannot be overwritten at the same length: %.*s; --remove",
                    PL_FMT(pl_str_sub(pl_scrub_mask(x, j->rec->notes.p[0].message), 0, 400)));
    if (r == 0 && !j->rec->done.complete)
        r = pl_fail(err, PL_E_IO, "%.*s could not be written anew: %.*s", PL_FMT(p->blob->name),
                    PL_FMT(j->rec->notes.n ? pl_str_sub(j->rec->notes.p[0].message, 0, 300)
                                           : PL_S("unknown")));
    if (r == 0 && memcmp(sum, p->rec->sha256, 32) != 0)
        r = pl_fail(err, PL_E_DIGEST, "the image changed while it was read");
    return r;
}

static int blank_order(const void *pa, const void *pb)
{
    const struct pl_tar_blank *a = pa, *b = pb;
    return a->off < b->off ? -1 : a->off > b->off;
}

/* Sorted, and what overlaps joined. */
static void settle_blanks(struct pl_fate *f)
{
    size_t n = 0;
    if (!f->blanks.n)
        return;
    qsort(f->blanks.p, f->blanks.n, sizeof *f->blanks.p, blank_order);
    for (size_t i = 1; i < f->blanks.n; i++) {
        struct pl_tar_blank *last = &f->blanks.p[n], *b = &f->blanks.p[i];
        if (b->off > last->off + last->n)
            f->blanks.p[++n] = *b;
        else if (b->off + b->n > last->off + last->n)
            last->n = b->off + b->n - last->off;
    }
    f->blanks.n = n + 1;
    f->e.blanks = f->blanks.p;
    f->e.n_blanks = f->blanks.n;
}

static int edit_order(const void *pa, const void *pb)
{
    const struct pl_tar_edit *a = pa, *b = pb;
    return a->ordinal < b->ordinal ? -1 : a->ordinal > b->ordinal;
}

int pl_scrub_put_layer(struct pl_scrub *x, struct pl_work *w, struct pl_err *err)
{
    if (w->written || !w->rewrite)
        return pl_scrub_copy(x, w, err);
    struct pl_tar_edit *e = pl_alloc_n(&x->a, w->fates.n, sizeof *e);
    for (size_t i = 0; i < w->fates.n; i++) {
        settle_blanks(&w->fates.p[i]);
        e[i] = w->fates.p[i].e;
    }
    if (w->fates.n)
        qsort(e, w->fates.n, sizeof *e, edit_order);
    struct pl_rewrite rw = { .values = x->values.p, .n_values = x->values.n };
    rw.tar = (struct pl_tar_edits){
        .p = e, .n = w->fates.n, .all_headers = w->headers, .tail = w->tail
    };
    struct pl_scrub_job j = { .x = x, .h = pl_hash_new(PL_HASH_SHA256) };
    int r = x->sink->begin(x->sink->arg, err);
    if (r == 0)
        r = pl_scrub_run(x, w->part, &rw, &j, err);
    uint8_t sum[PL_HASH_MAX];
    pl_hash_end(j.h, sum);
    pl_hash_free(j.h);
    w->digest = w->diff_id = (struct pl_digest){ .set = true, .alg = PL_HASH_SHA256 };
    memcpy(w->digest.b, sum, 32);
    if (j.rec)
        memcpy(w->diff_id.b, j.rec->done.diff_id, 32);
    w->size = j.size;
    pl_record_free(j.rec);
    if (r == 0)
        r = x->sink->end(x->sink->arg, &w->digest, w->size, err);
    w->written = r == 0;
    return r;
}

static int nowhere_begin(void *arg, struct pl_err *err)
{
    (void)arg, (void)err;
    return 0;
}

static int nowhere_write(void *arg, const void *p, size_t n, struct pl_err *err)
{
    (void)arg, (void)p, (void)n, (void)err;
    return 0;
}

static int nowhere_end(void *arg, const struct pl_digest *d, uint64_t size, struct pl_err *err)
{
    (void)arg, (void)d, (void)size, (void)err;
    return 0;
}

int pl_scrub_try(struct pl_scrub *x, struct pl_err *err)
{
    static const struct pl_scrub_sink nowhere = { .begin = nowhere_begin,
                                                  .write = nowhere_write,
                                                  .end = nowhere_end };
    int r = 0;
    x->sink = &nowhere;
    for (size_t i = 0; r == 0 && i < x->order.n; i++) {
        struct pl_work *w = x->order.p[i];
        bool inside = false;
        for (size_t k = 0; k < w->fates.n; k++)
            inside |= w->fates.p[k].e.inside && w->fates.p[k].e.fate == PL_TAR_REDACT;
        if (!inside)
            continue;
        r = pl_scrub_put_layer(x, w, err);
        w->written = false;
        if (r == PL_E_USAGE) {
            pl_scrub_refuse(x, "%s", err->msg);
            r = 0;
        }
    }
    x->sink = NULL;
    return r;
}
