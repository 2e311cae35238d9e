/* One target: which blobs there are, what they are to each other, all of them read once.
 * forensics.md section 2. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "scan/unit.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "oci/platform.h"
#include "scan/scan_int.h"
#include "source/docker.h"
#include "source/remote.h"

#define SLICE_BYTES PL_MIB(32)
#define SLICE_FILES 4096u

static void note(struct pl_unit *u, bool incomplete, const char *code, struct pl_str where,
                 const char *fmt, ...) __attribute__((format(printf, 5, 6)));

static void note(struct pl_unit *u, bool incomplete, const char *code, struct pl_str where,
                 const char *fmt, ...)
{
    char msg[480];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(msg, sizeof msg, fmt, ap);
    va_end(ap);
    pl_record_note(u->own, PL_SCOPE_UNIT, incomplete, code, where, "%s", msg);
}

static struct pl_part *part_new(struct pl_unit *u, struct pl_blob *b)
{
    struct pl_part *p = PL_NEW(&u->a, struct pl_part);
    p->blob = b;
    if (b)
        b->user = p;
    pl_vec_push(&u->parts, p);
    return p;
}

static struct pl_part *part_of(struct pl_blob *b)
{
    return b ? b->user : NULL;
}

/* ---- reading ---- */

static void part_done(struct pl_task *t, struct pl_record *r)
{
    struct pl_part *p = t->arg;
    p->rec = r;
}

static uint32_t base_flags(const struct pl_scan *s)
{
    return PL_JOBF_ENTRIES | (s->o.secrets ? PL_JOBF_SECRETS : 0u) |
           (s->o.packages ? PL_JOBF_PACKAGES : 0u) | (s->o.reveal ? PL_JOBF_REVEAL : 0u) |
           (s->o.marks ? PL_JOBF_MARKS : 0u);
}

static struct pl_task *task_new(struct pl_unit *u, struct pl_part *p, uint32_t flags)
{
    struct pl_task *t = calloc(1, sizeof *t);
    if (!t)
        pl_oom();
    t->params = (struct pl_job_params){ .kind = PL_JOB_BLOB,
                                        .flags = base_flags(u->scan) | flags,
                                        .hash_path = u->scan->hash_path };
    if (p->blob) {
        t->params.name = p->blob->name;
        t->size = p->blob->size;
    }
    if (p->desc) {
        t->params.media_type = p->desc->media_type;
        t->want_sha512 = p->desc->digest.set && p->desc->digest.alg == PL_HASH_SHA512;
    }
    t->arg = p;
    t->done = part_done;
    return t;
}

static int remote_fd(const struct pl_task *t)
{
    return pl_remote_blob_fd(t->feed);
}

/* Queues a blob that was not read yet. One that cannot be opened gets a record that says so. */
static void submit(struct pl_unit *u, struct pl_part *p, uint32_t flags)
{
    struct pl_err err = { 0 };
    if (p->submitted || p->rec)
        return;
    p->submitted = true;
    struct pl_feed *feed = pl_source_feed(u->src, p->blob, &err);
    if (!feed) {
        p->rec = calloc(1, sizeof *p->rec);
        if (!p->rec)
            pl_oom();
        pl_record_note(p->rec, PL_SCOPE_LAYER, true, "unreadable", p->blob->name, "%s", err.msg);
        return;
    }
    struct pl_task *t = task_new(u, p, flags);
    t->feed = feed;
    t->wait_fd = u->src->form == PL_SRC_REMOTE ? remote_fd : NULL;
    t->urgent = (flags & PL_JOBF_DOC) != 0;
    pl_pool_submit(u->scan->pool, t);
}

static int run(struct pl_unit *u, struct pl_err *err)
{
    return pl_pool_run(u->scan->pool, err);
}

/* ---- archives ---- */

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
    struct pl_task *t = task_new(ar->u, p, 0);
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
    struct pl_part *p = part_new(u, b);
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
                        part_new(u, pl_source_member(u->src, PL_S("(after the archive)"), PL_S(""),
                                                     ar->pos, 0)),
                        UINT64_MAX);
    } else if (end < u->src->total) {
        part_new(u, pl_source_member(u->src, PL_S("(after the archive)"), PL_S(""), end,
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
    out->part = part_new(u, NULL);
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

static int list_archive(struct pl_unit *u, struct pl_err *err)
{
    int opened = unpack_archive(u, err);
    if (opened < 0)
        return opened;
    struct archive ar = { .u = u };
    struct pl_task *t = calloc(1, sizeof *t);
    if (!t)
        pl_oom();
    t->params = (struct pl_job_params){ .kind = PL_JOB_TARINDEX, .flags = base_flags(u->scan) };
    t->arg = &ar;
    t->done = index_done;
    t->member = on_member;
    t->serve = u->src->form == PL_SRC_STREAM ? serve_stream : serve_file;
    t->urgent = true;
    pl_pool_submit(u->scan->pool, t);
    int r = run(u, err);
    if (r < 0)
        return r;
    struct pl_part *p = part_new(u, NULL);
    p->role = PL_ROLE_MARKER;
    p->rec = ar.rec;
    for (size_t i = 0; i < ar.rec->notes.n; i++)
        if (pl_str_is(ar.rec->notes.p[i].code, "not-an-image"))
            return pl_fail(err, PL_E_USAGE, "'%s' is no image archive: not a tar", u->src->path);
    submit_rest(&ar);
    return run(u, err);
}

/* ---- documents ---- */

struct level { /* descriptors of one index whose blobs are to be read */
    struct pl_part *part;
    const struct pl_descriptor *desc;
    unsigned depth;
    bool selected;
    const struct pl_top *top; /* REMOTE: what led here */
    bool referrer;            /* REMOTE: the registry lists it as one */
};

struct walk {
    struct pl_unit *u;
    const struct level *at;
    PL_VEC(struct level) now, next;
    PL_VEC(struct level) subjects; /* REMOTE: indexes and images, whose referrers are asked for */
};

static bool is_index_type(struct pl_str t)
{
    return pl_str_is(t, "application/vnd.oci.image.index.v1+json") ||
           pl_str_is(t, "application/vnd.docker.distribution.manifest.list.v2+json");
}

static bool is_manifest_type(struct pl_str t)
{
    return pl_str_is(t, "application/vnd.oci.image.manifest.v1+json") ||
           pl_str_is(t, "application/vnd.docker.distribution.manifest.v2+json") ||
           pl_str_is(t, "application/vnd.oci.artifact.manifest.v1+json");
}

static bool is_config_type(struct pl_str t)
{
    return pl_str_is(t, "application/vnd.oci.image.config.v1+json") ||
           pl_str_is(t, "application/vnd.docker.container.image.v1+json");
}

/* Is what a registry called a document what it is? registry.md section 6, "Type confusion". */
static void check_served(struct pl_part *p)
{
    struct pl_record *r = p->rec;
    struct pl_str type = p->blob->type;
    if (!type.n || !r->has_doc || pl_str_is(type, "application/json"))
        return;
    if (r->doc.media_type.n ? !pl_str_eq(type, r->doc.media_type)
                            : pl_doc_kind_of(type) != r->doc.kind)
        pl_record_note(r, PL_SCOPE_UNIT, true, "bad-document", p->blob->name,
                       "Content-Type is not the document's own type");
}

/* Size and digests against what led here; once per part. */
static void check_part(struct pl_part *p)
{
    struct pl_record *r = p->rec;
    const struct pl_digest *named = p->blob && p->blob->digest.set ? &p->blob->digest : NULL;
    const struct pl_digest *want = p->desc && p->desc->digest.set ? &p->desc->digest : named;
    if (!r || !p->blob || p->checked)
        return;
    p->checked = true;
    if (!r->fed_all)
        return; /* its notes say why */
    check_served(p);
    if (p->desc && p->desc->size != r->fed)
        pl_record_note(r, PL_SCOPE_LAYER, true, "size-mismatch", p->blob->name,
                       "%llu bytes, but the descriptor says %llu", (unsigned long long)r->fed,
                       (unsigned long long)p->desc->size);
    if (!want)
        return;
    const uint8_t *have = want->alg == PL_HASH_SHA256                    ? r->sha256
                          : r->has_sha512 && want->alg == PL_HASH_SHA512 ? r->sha512
                                                                         : NULL;
    if (!have)
        pl_record_note(r, PL_SCOPE_LAYER, true, "digest-unchecked", p->blob->name,
                       "its digest's algorithm was not computed");
    else if (memcmp(have, want->b, pl_hash_len(want->alg)) != 0)
        pl_record_note(r, PL_SCOPE_LAYER, true, "digest-mismatch", p->blob->name,
                       "content is not what its digest says");
    if (r->has_doc && p->desc && p->desc->media_type.n && r->doc.media_type.n &&
        !pl_str_eq(p->desc->media_type, r->doc.media_type))
        pl_record_note(r, PL_SCOPE_UNIT, true, "bad-document", p->blob->name,
                       "media type inside is not the descriptor's");
}

/* A registry shows what it has only when asked: what a document names is made a part. */
static struct pl_part *remote_part(struct pl_unit *u, const struct pl_descriptor *d,
                                   enum pl_role role)
{
    bool manifest = role == PL_ROLE_MANIFEST && (!d->media_type.n || is_index_type(d->media_type) ||
                                                 is_manifest_type(d->media_type));
    struct pl_blob *b = pl_docker_blob(u->src, u->repo, d, manifest);
    return b && !b->user ? part_new(u, b) : part_of(b);
}

/* The part of a descriptor; a missing blob is noted. */
static struct pl_part *reach(struct pl_unit *u, const struct pl_descriptor *d, const char *what,
                             enum pl_role role)
{
    struct pl_part *p = part_of(pl_source_blob(u->src, &d->digest));
    if (!p && u->src->form == PL_SRC_REMOTE)
        p = remote_part(u, d, role);
    if (!p) {
        note(u, true, "missing-blob", pl_digest_text(&u->a, &d->digest), "%s is not in the image",
             what);
        return NULL;
    }
    if (p->role == PL_ROLE_ORPHAN)
        p->role = role;
    if (!p->desc) {
        p->desc = d;
        if (p->rec && d->digest.alg == PL_HASH_SHA512 && !p->rec->has_sha512)
            p->checked = false;
    }
    return p;
}

static bool tag_of_signature(struct pl_str tag)
{
    return pl_str_starts(tag, PL_S("sha256-")) &&
           (pl_str_ends(tag, PL_S(".sig")) || pl_str_ends(tag, PL_S(".att")) ||
            pl_str_ends(tag, PL_S(".sbom")));
}

/* What kind of thing a manifest is the manifest of. */
static enum pl_role role_of(const struct pl_doc *d, const struct pl_descriptor *desc)
{
    if (desc && pl_str_is(desc->reference_type, "attestation-manifest"))
        return PL_ROLE_ATTESTATION;
    if (d->subject.digest.set || (desc && tag_of_signature(desc->ref_name)) ||
        (d->config.media_type.n && !is_config_type(d->config.media_type)))
        return PL_ROLE_REFERRER;
    return PL_ROLE_LAYER;
}

static bool platform_wanted(const struct pl_unit *u, const struct pl_platform *have)
{
    const struct pl_scan_opts *o = &u->scan->o;
    for (size_t i = 0; i < o->n_platforms; i++)
        if (pl_platform_match(&o->platforms[i], have))
            return true;
    return o->n_platforms == 0;
}

static void add_image(struct pl_unit *u, struct pl_part *manifest, const struct level *l)
{
    const struct pl_doc *d = &manifest->rec->doc;
    struct pl_image im = { .manifest = manifest, .layer_desc = d->items, .n_layers = d->n_items };
    bool wanted = l->selected;
    if (l->desc) {
        im.platform = l->desc->platform;
        if (im.platform.os.n || im.platform.arch.n)
            wanted &= platform_wanted(u, &im.platform);
    }
    im.digest = pl_str_c(NULL);
    if (l->top && (u->src->o->all_tags || u->src->o->all_repos))
        im.name = l->top->name;
    if (manifest->blob->digest.set)
        im.digest = pl_digest_text(&u->a, &manifest->blob->digest);
    im.layers = pl_alloc_n(&u->a, d->n_items, sizeof *im.layers);
    enum pl_role role = wanted ? PL_ROLE_LAYER : PL_ROLE_SKIPPED;
    im.config = reach(u, &d->config, "the config", wanted ? PL_ROLE_CONFIG : PL_ROLE_SKIPPED);
    for (size_t i = 0; i < d->n_items; i++) {
        im.layers[i] = reach(u, &d->items[i], "a layer", role);
        if (wanted && im.layers[i] && im.layers[i]->role == PL_ROLE_SKIPPED)
            im.layers[i]->role = role;
    }
    if (wanted && im.config && im.config->role == PL_ROLE_SKIPPED)
        im.config->role = PL_ROLE_CONFIG;
    if (wanted)
        pl_vec_push(&u->images, im);
}

static void add_artifact(struct pl_unit *u, struct pl_part *manifest, enum pl_role role,
                         const struct pl_descriptor *desc)
{
    const struct pl_doc *d = &manifest->rec->doc;
    struct pl_str holder = role == PL_ROLE_ATTESTATION && desc ? desc->reference_digest
                           : d->artifact_type.n                ? d->artifact_type
                                                               : d->config.media_type;
    manifest->holder = holder;
    if (d->config.digest.set) {
        struct pl_part *p = reach(u, &d->config, "the config of an artifact", role);
        if (p)
            p->holder = holder;
    }
    for (size_t i = 0; i < d->n_items; i++) {
        struct pl_part *p = reach(u, &d->items[i], "a blob of an artifact", role);
        if (p)
            p->holder = holder;
    }
}

static void visit_index(struct walk *w, const struct pl_doc *d, unsigned depth, bool selected)
{
    struct pl_unit *u = w->u;
    if (depth > u->scan->o.limits.index_depth) {
        note(u, true, "limit", PL_S("index"),
             "indexes nested deeper than %llu; --limit "
             "index-depth=N",
             (unsigned long long)u->scan->o.limits.index_depth);
        return;
    }
    for (size_t i = 0; i < d->n_items; i++) {
        const struct pl_descriptor *item = &d->items[i];
        bool sel = selected;
        if (depth == 1 && u->src->tag.n)
            sel = pl_str_eq(item->ref_name, u->src->tag);
        if (depth == 1 && u->src->want.set)
            sel = pl_digest_eq(&item->digest, &u->src->want);
        struct pl_part *p = reach(u, item, "a manifest", PL_ROLE_MANIFEST);
        if (!p)
            continue;
        struct level next = { p, item, depth, sel, w->at->top, w->at->referrer };
        if (!is_index_type(item->media_type) && !is_manifest_type(item->media_type) &&
            item->media_type.n)
            p->role = PL_ROLE_REFERRER; /* an index may point at anything */
        else
            pl_vec_push(&w->next, next);
    }
}

static void visit(struct walk *w, const struct level *l)
{
    struct pl_unit *u = w->u;
    struct pl_part *p = l->part;
    if (!p->rec || !p->rec->has_doc)
        return; /* its notes say why */
    const struct pl_doc *d = &p->rec->doc;
    w->at = l;
    if (l->top)
        u->repo = l->top->repo;
    if (l->top && !l->referrer && l->selected &&
        (d->kind == PL_DOC_INDEX ||
         (d->kind == PL_DOC_MANIFEST && role_of(d, l->desc) == PL_ROLE_LAYER)))
        pl_vec_push(&w->subjects, *l);
    if (d->kind == PL_DOC_INDEX) {
        p->role = PL_ROLE_INDEX;
        visit_index(w, d, l->depth + 1, l->selected);
    } else if (d->kind == PL_DOC_MANIFEST) {
        enum pl_role role = role_of(d, l->desc);
        if (l->referrer && role == PL_ROLE_LAYER)
            role = PL_ROLE_REFERRER;
        if (role == PL_ROLE_LAYER)
            add_image(u, p, l);
        else
            add_artifact(u, p, role, l->desc);
    } else {
        pl_record_note(p->rec, PL_SCOPE_UNIT, true, "bad-document", p->blob->name,
                       "neither index nor manifest");
    }
}

/* Reads level after level of documents, from w->now on. */
static int walk_levels(struct walk *w, struct pl_err *err)
{
    struct pl_unit *u = w->u;
    int r = 0;
    while (w->now.n && r == 0) {
        for (size_t i = 0; i < w->now.n; i++)
            submit(u, w->now.p[i].part, PL_JOBF_DOC);
        r = run(u, err);
        for (size_t i = 0; r == 0 && i < w->now.n; i++) {
            check_part(w->now.p[i].part);
            visit(w, &w->now.p[i]);
        }
        w->now.n = 0;
        for (size_t i = 0; i < w->next.n; i++)
            pl_vec_push(&w->now, w->next.p[i]);
        w->next.n = 0;
    }
    return r;
}

static int read_layout(struct pl_unit *u, struct pl_part *index, struct pl_err *err)
{
    struct walk w = { .u = u };
    struct level top = { .part = index, .depth = 0, .selected = true };
    index->role = PL_ROLE_INDEX;
    pl_vec_push(&w.now, top);
    int r = walk_levels(&w, err);
    pl_vec_release(&w.now);
    pl_vec_release(&w.next);
    return r;
}

/* ---- registries ---- */

static void add_level(struct walk *w, struct pl_blob *b, const struct pl_top *top, bool referrer)
{
    struct pl_unit *u = w->u;
    struct pl_part *p = b->user ? part_of(b) : part_new(u, b);
    struct pl_descriptor *d = PL_NEW(&u->a, struct pl_descriptor);
    *d = (struct pl_descriptor){ .digest = b->digest, .size = b->data.n };
    if (pl_doc_kind_of(b->type) == PL_DOC_INDEX || pl_doc_kind_of(b->type) == PL_DOC_MANIFEST)
        d->media_type = b->type;
    d->ref_name = referrer ? PL_S("") : top->tag;
    if (p->role == PL_ROLE_ORPHAN)
        p->role = PL_ROLE_MANIFEST;
    if (!p->desc)
        p->desc = d;
    struct level l = { p, d, 1, true, top, referrer };
    pl_vec_push(&w->now, l);
}

struct pages {
    struct walk *w;
    const struct pl_top *top;
    const struct pl_digest *subject;
    unsigned n;
};

static int on_page(void *arg, const void *p, size_t n, struct pl_err *err)
{
    struct pages *x = arg;
    struct pl_unit *u = x->w->u;
    struct pl_arena a = { 0 };
    struct pl_str name =
        pl_printf(&a, "referrers/%.*s/%u", PL_FMT(pl_digest_text(&a, x->subject)), x->n++);
    (void)err;
    add_level(x->w, pl_docker_document(u->src, name, pl_str_n(p, n)), x->top, true);
    pl_arena_release(&a);
    return 0;
}

/* What else speaks of a manifest: the registry's list, and the tags of signatures. Rows 26, 27. */
static int refer(struct walk *w, const struct pl_top *top, const struct pl_digest *subject)
{
    static const char *const suffixes[] = { ".sig", ".att", ".sbom" };
    struct pl_unit *u = w->u;
    struct pages x = { w, top, subject, 0 };
    struct pl_err err = { 0 };
    struct pl_str tag = pl_referrers_tag(&u->a, subject);
    if (pl_remote_referrers(u->src->remote, top->repo, subject, on_page, &x, &err) < 0)
        note(u, true, "unreadable", PL_S("referrers"), "%s", err.msg);
    for (size_t i = 0; i < sizeof suffixes / sizeof *suffixes && err.code != PL_E_CANCEL; i++) {
        err = (struct pl_err){ 0 };
        struct pl_str name = pl_printf(&u->a, "%.*s%s", PL_FMT(tag), suffixes[i]);
        struct pl_blob *b = pl_docker_tagged(u->src, top->repo, name, &err);
        if (b)
            add_level(w, b, top, true);
        else if (err.code)
            note(u, true, "unreadable", name, "%s", err.msg);
    }
    return err.code == PL_E_CANCEL ? PL_E_CANCEL : 0;
}

/* Once for each index and image manifest. */
static int refer_all(struct walk *w, struct pl_err *err)
{
    struct pl_unit *u = w->u;
    struct pl_map seen = { .a = &u->a };
    int r = 0;
    for (size_t i = 0; r == 0 && i < w->subjects.n; i++) {
        const struct level *l = &w->subjects.p[i];
        const struct pl_digest *d = &l->part->blob->digest;
        struct pl_str key =
            pl_printf(&u->a, "%.*s@%.*s", PL_FMT(l->top->repo), PL_FMT(pl_digest_text(&u->a, d)));
        void **mark = pl_map_put(&seen, key);
        if (*mark)
            continue;
        *mark = w;
        if (refer(w, l->top, d) < 0)
            r = pl_fail(err, PL_E_CANCEL, "interrupted");
    }
    pl_map_release(&seen);
    return r;
}

static int read_remote(struct pl_unit *u, struct pl_err *err)
{
    struct walk w = { .u = u };
    int r = 0;
    for (size_t i = 0; r == 0 && i < u->src->tops.n; i++) {
        struct pl_top *t = &u->src->tops.p[i];
        struct pl_err one = { 0 };
        int x = pl_docker_top(u->src, t, &one);
        if (x == PL_E_CANCEL)
            r = pl_fail(err, PL_E_CANCEL, "interrupted");
        else if (x < 0)
            note(u, true, "unreadable", t->name, "%s", one.msg);
        else
            add_level(&w, t->blob, t, false);
    }
    if (r == 0)
        r = walk_levels(&w, err);
    if (r == 0)
        r = refer_all(&w, err);
    if (r == 0)
        r = walk_levels(&w, err);
    pl_vec_release(&w.now);
    pl_vec_release(&w.next);
    pl_vec_release(&w.subjects);
    return r;
}

/* Digest-named config of a docker-archive: "HEX.json". */
static void check_config_name(struct pl_part *p)
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
    struct pl_part *p = part_of(pl_source_find(u->src, name));
    if (!p) {
        note(u, true, "missing-blob", name, "%s is not in the archive", what);
        return NULL;
    }
    p->role = role;
    return p;
}

static int read_docker(struct pl_unit *u, struct pl_part *list, struct pl_err *err)
{
    submit(u, list, PL_JOBF_DOC);
    int r = run(u, err);
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

/* ---- everything else ---- */

static bool is_legacy(struct pl_str name)
{
    return pl_str_ends(name, PL_S("/json")) || pl_str_ends(name, PL_S("/VERSION"));
}

static void submit_part(struct pl_unit *u, struct pl_part *p, bool docker)
{
    struct pl_str name = p->blob->name;
    if (p->role == PL_ROLE_ORPHAN) {
        if (pl_str_is(name, "oci-layout"))
            p->role = PL_ROLE_MARKER;
        else if (pl_str_is(name, "repositories") || pl_str_is(name, "manifest.json"))
            p->role = PL_ROLE_INDEX;
        else if (docker && is_legacy(name))
            p->role = PL_ROLE_LEGACY;
    }
    if (p->role == PL_ROLE_SKIPPED)
        return;
    submit(u, p,
           p->role == PL_ROLE_LAYER    ? PL_JOBF_LAYER
           : p->role == PL_ROLE_CONFIG ? PL_JOBF_DOC
                                       : 0);
}

static int read_rest(struct pl_unit *u, bool docker, struct pl_err *err)
{
    for (size_t i = 0; i < u->parts.n; i++)
        if (u->parts.p[i]->blob)
            submit_part(u, u->parts.p[i], docker);
    int r = run(u, err);
    for (size_t i = 0; r == 0 && i < u->parts.n; i++) {
        check_part(u->parts.p[i]);
        if (docker && u->parts.p[i]->role == PL_ROLE_CONFIG)
            check_config_name(u->parts.p[i]);
    }
    return r;
}

/* Was the archive cut or damaged after something of it had been read? Then what there is gets told.
 */
static bool broken(const struct pl_unit *u)
{
    bool damaged = false;
    for (size_t i = 0; i < u->parts.n; i++)
        damaged |= !u->parts.p[i]->blob && u->parts.p[i]->rec && !u->parts.p[i]->rec->done.complete;
    return damaged && u->src->blobs.n;
}

/* What a target without any image is told as. */
static void no_image(struct pl_unit *u)
{
    bool narrowed = u->src->tag.n || u->scan->o.n_platforms;
    if (!u->images.n)
        note(u, !narrowed, "no-image", u->src->typed, "%s",
             narrowed ? "nothing in the target is what was asked for"
                      : "no image manifest in the target");
}

static int read_registry(struct pl_unit *u, struct pl_err *err)
{
    int r = read_remote(u, err);
    if (r == 0)
        r = read_rest(u, false, err);
    if (r == 0)
        no_image(u);
    return r;
}

static int read_image(struct pl_unit *u, struct pl_err *err)
{
    int r = 0;
    if (u->src->form == PL_SRC_REMOTE)
        return read_registry(u, err);
    if (u->src->form == PL_SRC_LAYOUT)
        for (size_t i = 0; i < u->src->blobs.n; i++)
            part_new(u, u->src->blobs.p[i]);
    else
        r = list_archive(u, err);
    if (r < 0)
        return r;
    struct pl_part *index = part_of(pl_source_find(u->src, PL_S("index.json")));
    struct pl_part *list = part_of(pl_source_find(u->src, PL_S("manifest.json")));
    bool docker = !index && list;
    if (u->src->want_oci && !index && !broken(u))
        return pl_fail(err, PL_E_USAGE, "'%s' is no OCI archive: it has no index.json",
                       u->src->path);
    if (u->src->want_docker && !list && !index && !broken(u))
        return pl_fail(err, PL_E_USAGE, "'%s' is no docker-archive: it has no manifest.json",
                       u->src->path);
    if (index)
        r = read_layout(u, index, err);
    else if (list)
        r = read_docker(u, list, err);
    else if (!broken(u))
        return pl_fail(err, PL_E_USAGE, "'%s' holds no image: neither index.json nor manifest.json",
                       u->src->path);
    if (r == 0)
        r = read_rest(u, docker || list, err);
    if (r == 0)
        no_image(u);
    return r;
}

static int read_tree(struct pl_unit *u, struct pl_err *err)
{
    struct pl_source *s = u->src;
    for (size_t from = 0; from < s->files.n;) {
        uint64_t bytes = 0;
        size_t to = from;
        while (to < s->files.n && to - from < SLICE_FILES && (to == from || bytes < SLICE_BYTES))
            bytes += s->files.p[to++].size;
        struct pl_part *p = PL_NEW(&u->a, struct pl_part);
        struct pl_task *t = task_new(u, p, 0);
        t->params.kind = PL_JOB_FILES;
        t->feed = pl_source_slice(s, from, to);
        t->size = bytes;
        pl_vec_push(&u->slices, p);
        pl_pool_submit(u->scan->pool, t);
        from = to;
    }
    return run(u, err);
}

int pl_unit_read(struct pl_scan *s, const char *target, struct pl_unit **ret, struct pl_err *err)
{
    struct pl_unit *u = calloc(1, sizeof *u);
    if (!u)
        pl_oom();
    u->scan = s;
    u->own = calloc(1, sizeof *u->own);
    if (!u->own)
        pl_oom();
    u->own->done.complete = true;
    int r = pl_source_open(target, s->o.source, &u->src, err);
    if (r == 0)
        r = u->src->form == PL_SRC_TREE ? read_tree(u, err) : read_image(u, err);
    if (r < 0) {
        pl_unit_free(u);
        return r;
    }
    for (size_t i = 0; i < u->src->unread.n; i++)
        note(u, true, "unreadable", u->src->unread.p[i].path, "%.*s",
             PL_FMT(u->src->unread.p[i].why));
    if (s->degraded)
        note(u, false, "sandbox-degraded", PL_S("sandbox"), "%s", s->missing);
    *ret = u;
    return 0;
}

void pl_unit_free(struct pl_unit *u)
{
    if (!u)
        return;
    for (size_t i = 0; i < u->parts.n; i++)
        pl_record_free(u->parts.p[i]->rec);
    for (size_t i = 0; i < u->slices.n; i++)
        pl_record_free(u->slices.p[i]->rec);
    pl_record_free(u->own);
    pl_source_close(u->src);
    pl_vec_release(&u->parts);
    pl_vec_release(&u->images);
    pl_vec_release(&u->slices);
    pl_arena_release(&u->a);
    free(u);
}

int pl_unit_grab(struct pl_unit *u, struct pl_part *p, const struct pl_job_params *params,
                 void (*bytes)(struct pl_task *t, const void *p, size_t n), void *arg,
                 struct pl_err *err)
{
    struct pl_part again = { .blob = p->blob, .desc = p->desc };
    struct pl_feed *feed = pl_source_feed(u->src, p->blob, err);
    if (!feed)
        return err->code;
    struct pl_task *t = task_new(u, &again, 0);
    t->params = *params;
    t->params.name = p->blob->name;
    t->params.media_type = p->desc ? p->desc->media_type : PL_S("");
    t->feed = feed;
    t->bytes = bytes;
    t->bytes_arg = arg;
    pl_pool_submit(u->scan->pool, t);
    int r = run(u, err);
    if (r == 0 && memcmp(again.rec->sha256, p->rec->sha256, 32) != 0)
        r = pl_fail(err, PL_E_DIGEST, "the image changed while it was read");
    pl_record_free(again.rec);
    return r;
}
