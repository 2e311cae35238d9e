/* An image in one tar: its members found, compressed or not, from a file or a stream; and the list
 * of a docker-archive. forensics.md section 2. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "scan/scan_int.h"
#include "scan/unit_int.h"

struct archive {
    struct pl_unit *u;
    uint64_t pos;     /* STREAM: bytes taken so far */
    bool body_active; /* STREAM: a member's body is on its way to a worker */
    bool broken;
    struct pl_record *rec;
};

/* STREAM: a member's body, taken from the one stream. */
struct body_feed {
    struct pl_feed f;
    struct archive *ar;
    uint64_t left; /* UINT64_MAX: to the end */
};

static int body_read(struct pl_feed *f, void *buf, size_t n, size_t *ret_got, struct pl_err *err)
{
    struct body_feed *b = (struct body_feed *)f;
    struct pl_feed *in = b->ar->u->src->stream;
    *ret_got = 0;
    if (n > b->left)
        n = (size_t)b->left;
    if (n == 0)
        return 0;
    int r = in->read(in, buf, n, ret_got, err);
    if (r == 0 && *ret_got == 0 && b->left != UINT64_MAX)
        r = pl_fail(err, PL_E_IO, "archive ends %llu bytes early", (unsigned long long)b->left);
    if (r < 0)
        b->ar->broken = true;
    b->ar->pos += *ret_got;
    if (b->left != UINT64_MAX)
        b->left -= *ret_got;
    return r;
}

static void body_close(struct pl_feed *f)
{
    struct body_feed *b = (struct body_feed *)f;
    b->ar->body_active = false;
    free(b);
}

static void submit_body(struct archive *ar, struct pl_part *p, uint64_t size)
{
    struct body_feed *b = calloc(1, sizeof *b);
    if (!b)
        pl_oom();
    *b = (struct body_feed){ { body_read, body_close }, ar, size };
    struct pl_task *t = pl_unit_task(ar->u, p, 0);
    t->feed = &b->f;
    t->urgent = true;
    p->submitted = true;
    ar->body_active = true;
    pl_pool_submit(ar->u->scan->pool, t);
}

static void on_member(struct pl_task *t, const struct pl_member_msg *m)
{
    struct archive *ar = t->arg;
    struct pl_unit *u = ar->u;
    if (m->kind == PL_ENTRY_DIR && m->size == 0)
        return;
    bool link = m->kind == PL_ENTRY_SYMLINK || m->kind == PL_ENTRY_HARDLINK;
    struct pl_blob *b =
        pl_source_member(u->src, m->name, link ? m->link : PL_S(""), m->at, link ? 0 : m->size);
    if (link)
        return;
    struct pl_part *p = pl_part_new(u, b);
    if (u->src->form == PL_SRC_STREAM)
        submit_body(ar, p, m->size);
}

static int serve_file(struct pl_task *t, uint64_t off, void *buf, size_t n, size_t *ret_got,
                      struct pl_err *err)
{
    struct archive *ar = t->arg;
    struct pl_source *s = ar->u->src;
    *ret_got = 0;
    if (off >= s->total)
        return 0;
    if (n > s->total - off)
        n = (size_t)(s->total - off);
    struct pl_feed *f = pl_feed_range(s->fd, off, n);
    int r = f->read(f, buf, n, ret_got, err);
    f->close(f);
    return r;
}

static int serve_stream(struct pl_task *t, uint64_t off, void *buf, size_t n, size_t *ret_got,
                        struct pl_err *err)
{
    struct archive *ar = t->arg;
    struct pl_feed *in = ar->u->src->stream;
    size_t got = 1;
    int r = 0;
    if (ar->body_active)
        return 1;
    *ret_got = 0;
    if (ar->broken || off < ar->pos)
        return pl_fail(err, PL_E_IO, "stream ended early");
    while (r == 0 && got && ar->pos < off) { /* what nobody asked for: an empty stretch at most */
        size_t skip = off - ar->pos < n ? (size_t)(off - ar->pos) : n;
        r = in->read(in, buf, skip, &got, err);
        ar->pos += r == 0 ? got : 0;
    }
    while (r == 0 && got && *ret_got < n) {
        r = in->read(in, (char *)buf + *ret_got, n - *ret_got, &got, err);
        if (r == 0) {
            *ret_got += got;
            ar->pos += got;
        }
    }
    return r > 0 && *ret_got ? 0 : r;
}

static void index_done(struct pl_task *t, struct pl_record *r)
{
    struct archive *ar = t->arg;
    ar->rec = r;
}

/* What follows the archive's end mark is content, too. */
static void submit_rest(struct archive *ar)
{
    struct pl_unit *u = ar->u;
    uint64_t end = ar->rec->done.bytes;
    if (u->src->form == PL_SRC_STREAM) {
        if (!ar->broken)
            submit_body(ar,
                        pl_part_new(u, pl_source_member(u->src, PL_S("(after the archive)"),
                                                        PL_S(""), ar->pos, 0)),
                        UINT64_MAX);
    } else if (end < u->src->total) {
        pl_part_new(u, pl_source_member(u->src, PL_S("(after the archive)"), PL_S(""), end,
                                        u->src->total - end));
    }
}

/* ---- archives that are compressed as a whole ---- */

/* Bytes on their way from the worker that unpacks to the one that reads the archive. */
struct unpack {
    struct pl_feed f;
    struct pl_buf buf;
    size_t given;
    bool done, failed;
    struct pl_part *part;
};

#define UNPACK_AHEAD ((size_t)1 << 20)

static int unpack_read(struct pl_feed *f, void *buf, size_t n, size_t *ret_got, struct pl_err *err)
{
    struct unpack *x = (struct unpack *)f;
    size_t there = x->buf.n - x->given;
    *ret_got = n < there ? n : there;
    memcpy(buf, x->buf.p + x->given, *ret_got);
    x->given += *ret_got;
    if (x->given == x->buf.n) {
        pl_buf_clear(&x->buf);
        x->given = 0;
    }
    if (*ret_got)
        return 0;
    if (!x->done)
        return 1;
    return x->failed ? pl_fail(err, PL_E_IO, "the compressed archive broke off") : 0;
}

static void unpack_close(struct pl_feed *f)
{
    struct unpack *x = (struct unpack *)f;
    pl_buf_release(&x->buf);
    free(x);
}

static void unpack_bytes(struct pl_task *t, const void *p, size_t n)
{
    struct unpack *x = t->bytes_arg;
    pl_buf_putn(&x->buf, p, n);
}

static bool unpack_full(const struct pl_task *t)
{
    const struct unpack *x = t->bytes_arg;
    return x->buf.n - x->given > UNPACK_AHEAD;
}

static void unpack_done(struct pl_task *t, struct pl_record *r)
{
    struct unpack *x = t->bytes_arg;
    x->done = true;
    x->failed = !r->done.complete;
    x->part->rec = r;
}

/* A stream whose first bytes were looked at. */
struct peeked {
    struct pl_feed f;
    struct pl_feed *in;
    char first[8];
    size_t n, given;
};

static int peeked_read(struct pl_feed *f, void *buf, size_t n, size_t *ret_got, struct pl_err *err)
{
    struct peeked *x = (struct peeked *)f;
    if (x->given == x->n)
        return x->in->read(x->in, buf, n, ret_got, err);
    *ret_got = n < x->n - x->given ? n : x->n - x->given;
    memcpy(buf, x->first + x->given, *ret_got);
    x->given += *ret_got;
    return 0;
}

static void peeked_close(struct pl_feed *f)
{
    struct peeked *x = (struct peeked *)f;
    x->in->close(x->in);
    free(x);
}

static bool is_compressed(const char *p, size_t n)
{
    static const struct {
        const char *magic;
        size_t n;
    } known[] = { { "\x1f\x8b", 2 },
                  { "\x28\xb5\x2f\xfd", 4 },
                  { "\xfd"
                    "7zXZ",
                    5 },
                  { "BZh", 3 } };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (n >= known[i].n && memcmp(p, known[i].magic, known[i].n) == 0)
            return true;
    return false;
}

/* Puts an unpacking worker in front of an archive that is compressed whole. */
static int unpack_archive(struct pl_unit *u, struct pl_err *err)
{
    struct pl_source *s = u->src;
    struct peeked *x = calloc(1, sizeof *x);
    size_t got = 1;
    int r = 0;
    if (!x)
        pl_oom();
    x->f = (struct pl_feed){ peeked_read, peeked_close };
    x->in = s->form == PL_SRC_STREAM ? s->stream : pl_feed_range(s->fd, 0, s->total);
    while (r == 0 && got && x->n < sizeof x->first) {
        r = x->in->read(x->in, x->first + x->n, sizeof x->first - x->n, &got, err);
        x->n += r == 0 ? got : 0;
    }
    if (s->form == PL_SRC_STREAM)
        s->stream = &x->f;
    if (r < 0 || !is_compressed(x->first, x->n)) {
        if (s->form != PL_SRC_STREAM)
            peeked_close(&x->f);
        return 0; /* what is wrong with it shows when it is read */
    }
    struct unpack *out = calloc(1, sizeof *out);
    struct pl_task *t = calloc(1, sizeof *t);
    if (!out || !t)
        pl_oom();
    out->f = (struct pl_feed){ unpack_read, unpack_close };
    out->part = pl_part_new(u, NULL);
    t->params.kind = PL_JOB_UNPACK;
    t->feed = &x->f;
    t->urgent = true;
    t->bytes = unpack_bytes;
    t->bytes_arg = out;
    t->full = unpack_full;
    t->done = unpack_done;
    s->form = PL_SRC_STREAM;
    s->stream = &out->f;
    pl_pool_submit(u->scan->pool, t);
    return 0;
}

int pl_unit_list_archive(struct pl_unit *u, struct pl_err *err)
{
    int opened = unpack_archive(u, err);
    if (opened < 0)
        return opened;
    struct archive ar = { .u = u };
    struct pl_task *t = calloc(1, sizeof *t);
    if (!t)
        pl_oom();
    t->params =
        (struct pl_job_params){ .kind = PL_JOB_TARINDEX, .flags = pl_unit_job_flags(u->scan) };
    t->arg = &ar;
    t->done = index_done;
    t->member = on_member;
    t->serve = u->src->form == PL_SRC_STREAM ? serve_stream : serve_file;
    t->urgent = true;
    pl_pool_submit(u->scan->pool, t);
    int r = pl_unit_run(u, err);
    if (r < 0)
        return r;
    struct pl_part *p = pl_part_new(u, NULL);
    p->role = PL_ROLE_MARKER;
    p->rec = ar.rec;
    for (size_t i = 0; i < ar.rec->notes.n; i++)
        if (pl_str_is(ar.rec->notes.p[i].code, "not-an-image"))
            return pl_fail(err, PL_E_USAGE, "'%s' is no image archive: not a tar", u->src->path);
    submit_rest(&ar);
    return pl_unit_run(u, err);
}

/* ---- the list of a docker-archive ---- */

/* Digest-named config of a docker-archive: "HEX.json". */
void pl_part_check_name(struct pl_part *p)
{
    uint8_t sum[32];
    struct pl_str name = p->blob->name;
    if (!pl_str_ends(name, PL_S(".json")) || !pl_unhex(pl_str_sub(name, 0, 64), sum, 32) ||
        name.n != 69 || !p->rec || !p->rec->fed_all)
        return;
    if (memcmp(sum, p->rec->sha256, 32) != 0)
        pl_record_note(p->rec, PL_SCOPE_UNIT, true, "digest-mismatch", name,
                       "content is not what its name says");
}

static struct pl_part *named(struct pl_unit *u, struct pl_str name, const char *what,
                             enum pl_role role)
{
    struct pl_part *p = pl_part_of(pl_source_find(u->src, name));
    if (!p) {
        pl_unit_note(u, true, "missing-blob", name, "%s is not in the archive", what);
        return NULL;
    }
    p->role = role;
    return p;
}

int pl_unit_read_docker(struct pl_unit *u, struct pl_part *list, struct pl_err *err)
{
    pl_unit_submit(u, list, PL_JOBF_DOC);
    int r = pl_unit_run(u, err);
    list->role = PL_ROLE_INDEX;
    if (r < 0 || !list->rec->has_doc)
        return r;
    const struct pl_doc *d = &list->rec->doc;
    if (d->kind != PL_DOC_ARCHIVE)
        pl_record_note(list->rec, PL_SCOPE_UNIT, true, "bad-document", list->blob->name,
                       "not the list of a docker-archive");
    for (size_t i = 0; i < d->n_images; i++) {
        struct pl_image im = { .n_layers = d->images[i].n_layers };
        im.config = named(u, d->images[i].config, "the config", PL_ROLE_CONFIG);
        im.layers = pl_alloc_n(&u->a, im.n_layers, sizeof *im.layers);
        for (size_t k = 0; k < im.n_layers; k++)
            im.layers[k] = named(u, d->images[i].layers[k], "a layer", PL_ROLE_LAYER);
        pl_vec_push(&u->images, im);
    }
    return 0;
}
