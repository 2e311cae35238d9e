/* One target: which blobs there are, what they are to each other, all of them read once.
 * forensics.md section 2. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "scan/keep.h"
#include "scan/scan_int.h"
#include "scan/unit_int.h"
#include "source/remote.h"

#define SLICE_BYTES PL_MIB(32)
#define SLICE_FILES 4096u

void pl_unit_note(struct pl_unit *u, bool incomplete, const char *code, struct pl_str where,
                  const char *fmt, ...)
{
    char msg[480];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(msg, sizeof msg, fmt, ap);
    va_end(ap);
    pl_record_note(u->own, PL_SCOPE_UNIT, incomplete, code, where, "%s", msg);
}

struct pl_part *pl_part_new(struct pl_unit *u, struct pl_blob *b)
{
    struct pl_part *p = PL_NEW(&u->a, struct pl_part);
    p->blob = b;
    if (b)
        b->user = p;
    pl_vec_push(&u->parts, p);
    return p;
}

struct pl_part *pl_part_of(struct pl_blob *b)
{
    return b ? b->user : NULL;
}

/* ---- reading ---- */

static void part_done(struct pl_task *t, struct pl_record *r)
{
    struct pl_part *p = t->arg;
    p->rec = r;
}

/* As part_done, for a layer whose record others want, too. */
static void keep_done(struct pl_task *t, struct pl_record *r)
{
    struct pl_part *p = t->arg;
    p->rec = r;
    pl_unit_keep(t->bytes_arg, p);
}

uint32_t pl_unit_job_flags(const struct pl_scan *s)
{
    return PL_JOBF_ENTRIES | (s->o.secrets ? PL_JOBF_SECRETS : 0u) |
           (s->o.packages ? PL_JOBF_PACKAGES : 0u) | (s->o.reveal ? PL_JOBF_REVEAL : 0u) |
           (s->o.owners_only ? PL_JOBF_OWNERS : 0u) | (s->o.marks ? PL_JOBF_MARKS : 0u) |
           (s->o.facts || s->o.config ? PL_JOBF_FACTS : 0u);
}

struct pl_task *pl_unit_task(struct pl_unit *u, struct pl_part *p, uint32_t flags)
{
    struct pl_task *t = calloc(1, sizeof *t);
    if (!t)
        pl_oom();
    t->params = (struct pl_job_params){ .kind = PL_JOB_BLOB,
                                        .flags = pl_unit_job_flags(u->scan) | flags,
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
void pl_unit_submit(struct pl_unit *u, struct pl_part *p, uint32_t flags)
{
    struct pl_err err = { 0 };
    if (p->submitted || p->rec)
        return;
    p->submitted = true;
    bool keep;
    if (pl_unit_kept(u, p, &keep))
        return;
    struct pl_feed *feed = pl_source_feed(u->src, p->blob, &err);
    if (!feed) {
        p->rec = calloc(1, sizeof *p->rec);
        if (!p->rec)
            pl_oom();
        pl_record_note(p->rec, PL_SCOPE_LAYER, true, "unreadable", p->blob->name, "%s", err.msg);
        return;
    }
    struct pl_task *t = pl_unit_task(u, p, flags);
    t->feed = feed;
    t->wait_fd = u->src->form == PL_SRC_REMOTE ? remote_fd : NULL;
    t->urgent = (flags & PL_JOBF_DOC) != 0;
    if (keep) {
        t->keep = true;
        t->done = keep_done;
        t->bytes_arg = u;
    }
    pl_pool_submit(u->scan->pool, t);
}

int pl_unit_run(struct pl_unit *u, struct pl_err *err)
{
    return pl_pool_run(u->scan->pool, err);
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
    pl_unit_submit(u, p,
                   p->role == PL_ROLE_LAYER    ? PL_JOBF_LAYER
                   : p->role == PL_ROLE_CONFIG ? PL_JOBF_DOC
                                               : 0);
}

static int read_rest(struct pl_unit *u, bool docker, struct pl_err *err)
{
    for (size_t i = 0; i < u->parts.n; i++)
        if (u->parts.p[i]->blob)
            submit_part(u, u->parts.p[i], docker);
    int r = pl_unit_run(u, err);
    for (size_t i = 0; r == 0 && i < u->parts.n; i++) {
        pl_part_check(u->parts.p[i]);
        if (docker && u->parts.p[i]->role == PL_ROLE_CONFIG)
            pl_part_check_name(u->parts.p[i]);
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
        pl_unit_note(u, !narrowed, "no-image", u->src->typed, "%s",
                     narrowed ? "nothing in the target is what was asked for"
                              : "no image manifest in the target");
}

static int read_registry(struct pl_unit *u, struct pl_err *err)
{
    int r = pl_unit_read_remote(u, err);
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
            pl_part_new(u, u->src->blobs.p[i]);
    else
        r = pl_unit_list_archive(u, err);
    if (r < 0)
        return r;
    struct pl_part *index = pl_part_of(pl_source_find(u->src, PL_S("index.json")));
    struct pl_part *list = pl_part_of(pl_source_find(u->src, PL_S("manifest.json")));
    bool docker = !index && list;
    if (u->src->want_oci && !index && !broken(u))
        return pl_fail(err, PL_E_USAGE, "'%s' is no OCI archive: it has no index.json",
                       u->src->path);
    if (u->src->want_docker && !list && !index && !broken(u))
        return pl_fail(err, PL_E_USAGE, "'%s' is no docker-archive: it has no manifest.json",
                       u->src->path);
    if (index)
        r = pl_unit_read_layout(u, index, err);
    else if (list)
        r = pl_unit_read_docker(u, list, err);
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
        struct pl_task *t = pl_unit_task(u, p, 0);
        t->params.kind = PL_JOB_FILES;
        t->feed = pl_source_slice(s, from, to);
        t->size = bytes;
        pl_vec_push(&u->slices, p);
        pl_pool_submit(u->scan->pool, t);
        from = to;
    }
    return pl_unit_run(u, err);
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
        pl_unit_note(u, true, "unreadable", u->src->unread.p[i].path, "%.*s",
                     PL_FMT(u->src->unread.p[i].why));
    if (s->degraded)
        pl_unit_note(u, false, "sandbox-degraded", PL_S("sandbox"), "%s", s->missing);
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

int pl_unit_again(struct pl_unit *u, struct pl_part *p,
                  void (*done)(struct pl_task *t, struct pl_record *r), void *arg,
                  struct pl_err *err)
{
    uint32_t flags = p->rec->has_doc ? PL_JOBF_DOC : p->role == PL_ROLE_LAYER ? PL_JOBF_LAYER : 0;
    struct pl_feed *feed = pl_source_feed(u->src, p->blob, err);
    if (!feed)
        return err->code;
    struct pl_task *t = pl_unit_task(u, p, flags);
    t->params.flags &= ~(uint32_t)(PL_JOBF_ENTRIES | PL_JOBF_PACKAGES);
    t->feed = feed;
    t->wait_fd = u->src->form == PL_SRC_REMOTE ? remote_fd : NULL;
    t->done = done;
    t->bytes_arg = arg;
    pl_pool_submit(u->scan->pool, t);
    return 0;
}

int pl_unit_grab(struct pl_unit *u, struct pl_part *p, const struct pl_job_params *params,
                 void (*bytes)(struct pl_task *t, const void *p, size_t n), void *arg,
                 struct pl_err *err)
{
    struct pl_part again = { .blob = p->blob, .desc = p->desc };
    struct pl_feed *feed = pl_source_feed(u->src, p->blob, err);
    if (!feed)
        return err->code;
    struct pl_task *t = pl_unit_task(u, &again, 0);
    t->params = *params;
    t->params.name = p->blob->name;
    t->params.media_type = p->desc ? p->desc->media_type : PL_S("");
    t->feed = feed;
    t->bytes = bytes;
    t->bytes_arg = arg;
    pl_pool_submit(u->scan->pool, t);
    int r = pl_unit_run(u, err);
    if (r == 0 && memcmp(again.rec->sha256, p->rec->sha256, 32) != 0)
        r = pl_fail(err, PL_E_DIGEST, "the image changed while it was read");
    pl_record_free(again.rec);
    return r;
}
