/* Uploads: in one piece, in pieces, and of what comes as it is made. registry.md section 9. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdlib.h>

#include "registry/push_int.h"

#define CHUNK PL_MIB(4)
#define CHUNK_MAX PL_MIB(32) /* a stream's piece is held in memory */

struct pl_push pl_push_to(struct pl_registry *r, struct pl_str repo, struct pl_arena *a)
{
    struct pl_endpoint *e = r->ends.p[r->ends.n - 1]; /* never a mirror */
    struct pl_push p = { .r = r, .e = e, .repo = repo, .a = a };
    p.there = pl_printf(a, "%.*s%.*s", PL_FMT(e->repos), PL_FMT(repo));
    p.scope = pl_scope(a, p.there, "pull,push");
    return p;
}

struct pl_call pl_push_call(const struct pl_push *p, const char *method)
{
    return (struct pl_call){ .method = method, .repo = p->repo, .scope = p->scope, .keep = 65536 };
}

int pl_push_has(const struct pl_push *p, const struct pl_digest *d, bool *ret, struct pl_err *err)
{
    struct pl_call c = pl_push_call(p, "HEAD");
    struct pl_http_answer ans;
    c.path =
        pl_printf(p->a, "/v2/%.*s/blobs/%.*s", PL_FMT(p->there), PL_FMT(pl_digest_text(p->a, d)));
    int r = pl_call(p->e, &c, &ans, err);
    *ret = r == 0 && ans.status == 200;
    if (r == 0 && ans.status != 200 && ans.status != 404)
        r = pl_status_fail(p->e, &ans, "a blob", err);
    pl_http_answer_release(&ans);
    return r;
}

static int take_location(const struct pl_push *p, const struct pl_call *c,
                         const struct pl_http_answer *ans, struct pl_upload_at *u,
                         struct pl_err *err)
{
    struct pl_str loc = pl_http_field(ans, "location");
    if (!loc.n)
        return u->open ? 0 : pl_fail(err, PL_E_FORMAT, "an upload without a Location");
    int r = pl_url_resolve(&c->at, loc, p->a, &u->at, err);
    if (r < 0)
        return pl_wrap(err, "the Location of an upload");
    if (c->at.https && !u->at.https)
        return pl_fail(err, PL_E_AUTH,
                       "the Location of an upload leads from https to http: refused");
    u->open = true;
    return 0;
}

int pl_upload_begin(struct pl_push *p, const struct pl_digest *d, struct pl_str from,
                    struct pl_upload_at *u, bool *ret_mounted, struct pl_err *err)
{
    struct pl_call c = pl_push_call(p, "POST");
    struct pl_http_answer ans;
    struct pl_url path = { .target = pl_printf(p->a, "/v2/%.*s/blobs/uploads/", PL_FMT(p->there)) };
    uint64_t min;
    *ret_mounted = false;
    if (from.n) {
        path = pl_url_with(p->a, path, "mount", pl_digest_text(p->a, d));
        path = pl_url_with(p->a, path, "from", from);
        c.scope = pl_printf(p->a, "%.*s repository:%.*s:pull", PL_FMT(p->scope), PL_FMT(from));
    }
    c.path = path.target;
    c.has_body = true;
    int r = pl_call(p->e, &c, &ans, err);
    if (r == 0 && from.n && ans.status == 201)
        *ret_mounted = true;
    else if (r == 0 && ans.status != 202)
        r = pl_status_fail(p->e, &ans, "an upload", err);
    else if (r == 0)
        r = take_location(p, &c, &ans, u, err);
    if (r == 0 && pl_str_u64(pl_http_field(&ans, "oci-chunk-min-length"), &min))
        u->chunk_min = min;
    pl_http_answer_release(&ans);
    return r;
}

void pl_upload_cancel(struct pl_push *p, struct pl_upload_at *u)
{
    struct pl_call c = pl_push_call(p, "DELETE");
    struct pl_http_answer ans;
    if (!u->open)
        return;
    c.url = &u->at;
    c.once = true;
    pl_call(p->e, &c, &ans, NULL);
    pl_http_answer_release(&ans);
    u->open = false;
}

/* PUT of everything. *ret_status is the answer's. */
static int monolithic(struct pl_push *p, const struct pl_digest *d, uint64_t size,
                      pl_registry_source *source, void *arg, struct pl_upload_at *u,
                      unsigned *ret_status, bool *ret_again, struct pl_err *err)
{
    struct pl_call c = pl_push_call(p, "PUT");
    struct pl_http_answer ans;
    struct pl_url to = pl_url_with(p->a, u->at, "digest", pl_digest_text(p->a, d));
    c.url = &to;
    c.type = PL_S("application/octet-stream");
    c.read = source;
    c.read_arg = arg;
    c.size = size;
    c.once = true;
    int r = pl_call(p->e, &c, &ans, err);
    *ret_status = r == 0 ? ans.status : 0;
    *ret_again = c.transient || (r == 0 && pl_status_transient(ans.status));
    if (r == 0 && ans.status != 201 && ans.status != 413)
        r = pl_status_fail(p->e, &ans, "an upload", err);
    pl_http_answer_release(&ans);
    return r;
}

/* "0-1023": how far the registry is; false when it does not say. */
static bool range_end(struct pl_str v, uint64_t *ret)
{
    struct pl_str first;
    uint64_t a, b;
    if (pl_str_starts(v, PL_S("bytes=")))
        v = pl_str_sub(v, 6, v.n);
    if (!pl_str_split(&v, '-', &first) || !pl_str_u64(first, &a) || !pl_str_u64(v, &b) || a != 0)
        return false;
    *ret = b + 1;
    return true;
}

/* How much of the upload the registry has. */
static int ask_state(struct pl_push *p, struct pl_upload_at *u, uint64_t *ret, struct pl_err *err)
{
    struct pl_call c = pl_push_call(p, "GET");
    struct pl_http_answer ans;
    c.url = &u->at;
    int r = pl_call(p->e, &c, &ans, err);
    if (r == 0 && ans.status != 204)
        r = pl_status_fail(p->e, &ans, "an upload", err);
    /* "0-0" is how registries say that there is nothing yet */
    if (r == 0 && (!range_end(pl_http_field(&ans, "range"), ret) || *ret == 1))
        *ret = 0;
    if (r == 0)
        r = take_location(p, &c, &ans, u, err);
    pl_http_answer_release(&ans);
    return r;
}

static int one_chunk(struct pl_push *p, uint64_t len, pl_registry_source *source, void *arg,
                     struct pl_upload_at *u, uint64_t *at, bool *ret_again, struct pl_err *err)
{
    struct pl_call c = pl_push_call(p, "PATCH");
    struct pl_http_answer ans;
    uint64_t end;
    c.url = &u->at;
    c.type = PL_S("application/octet-stream");
    c.content_range = pl_printf(p->a, "%" PRIu64 "-%" PRIu64, *at, *at + len - 1);
    c.read = source;
    c.read_arg = arg;
    c.read_from = *at;
    c.size = len;
    c.once = true;
    int r = pl_call(p->e, &c, &ans, err);
    *ret_again = c.transient || (r == 0 && (pl_status_transient(ans.status) || ans.status == 416));
    if (r == 0 && ans.status != 202)
        r = pl_status_fail(p->e, &ans, "a piece of an upload", err);
    if (r == 0) {
        *at += len;
        if (range_end(pl_http_field(&ans, "range"), &end) && end < *at)
            *at = end; /* it kept less than was sent */
        r = take_location(p, &c, &ans, u, err);
    }
    pl_http_answer_release(&ans);
    return r;
}

/* Sends pieces until the registry has the bytes in front of `to`. */
static int send_to(struct pl_push *p, struct pl_upload_at *u, uint64_t *at, uint64_t to,
                   pl_registry_source *source, void *arg, struct pl_err *err)
{
    uint64_t step = u->chunk_min > CHUNK && u->chunk_min < PL_GIB(4) ? u->chunk_min : CHUNK;
    unsigned tries = 0;
    int r = 0;
    while (r == 0 && *at < to) {
        bool again;
        uint64_t before = *at;
        r = one_chunk(p, to - *at < step ? to - *at : step, source, arg, u, at, &again, err);
        if (r == 0 && *at > before) {
            tries = 0;
            continue;
        }
        if ((r < 0 && !again) || tries >= p->r->o.retries)
            return r < 0 ? r : pl_fail(err, PL_E_NET, "an upload makes no progress");
        r = pl_call_wait(p->r, tries++, -1, err);
        if (r == 0)
            r = ask_state(p, u, at, err);
        if (r == 0 && *at > to)
            r = pl_fail(err, PL_E_FORMAT, "the registry has more of an upload than was sent");
    }
    return r;
}

/* What was sent in pieces becomes the blob. */
static int close_upload(struct pl_push *p, const struct pl_digest *d, const struct pl_upload_at *u,
                        struct pl_err *err)
{
    struct pl_call c = pl_push_call(p, "PUT");
    struct pl_http_answer ans;
    struct pl_url to = pl_url_with(p->a, u->at, "digest", pl_digest_text(p->a, d));
    c.url = &to;
    c.has_body = true;
    c.type = PL_S("application/octet-stream");
    int r = pl_call(p->e, &c, &ans, err);
    if (r == 0 && ans.status != 201)
        r = pl_status_fail(p->e, &ans, "an upload", err);
    pl_http_answer_release(&ans);
    return r;
}

static int chunked(struct pl_push *p, const struct pl_digest *d, uint64_t size,
                   pl_registry_source *source, void *arg, struct pl_upload_at *u,
                   struct pl_err *err)
{
    uint64_t at = 0;
    int r = send_to(p, u, &at, size, source, arg, err);
    return r < 0 ? r : close_upload(p, d, u, err);
}

int pl_upload_whole(struct pl_push *p, const struct pl_digest *d, uint64_t size,
                    pl_registry_source *source, void *arg, struct pl_upload_at *u,
                    struct pl_err *err)
{
    for (unsigned n = 0;; n++) {
        unsigned status;
        bool again, mounted;
        int r = monolithic(p, d, size, source, arg, u, &status, &again, err);
        if (r == 0 && status == 201)
            return 0;
        if (r == 0) { /* 413: too much at once */
            pl_upload_cancel(p, u);
            r = pl_upload_begin(p, d, PL_S(""), u, &mounted, err);
            return r < 0 ? r : chunked(p, d, size, source, arg, u, err);
        }
        if (!again || n >= p->r->o.retries)
            return r;
        pl_upload_cancel(p, u);
        r = pl_call_wait(p->r, n, -1, err);
        if (r == 0)
            r = pl_upload_begin(p, d, PL_S(""), u, &mounted, err);
        if (r < 0)
            return r;
    }
}

/* ------------------------------------------------------------------ what comes as it is made */

struct pl_upload {
    struct pl_arena a;
    struct pl_push p;
    struct pl_upload_at at;
    struct pl_buf held; /* the piece that was not sent yet */
    uint64_t base;      /* offset of its first byte */
    uint64_t sent;
};

struct pl_upload *pl_registry_upload_new(struct pl_registry *r, struct pl_str repo)
{
    struct pl_upload *u = calloc(1, sizeof *u);
    if (!u)
        pl_oom();
    u->p = pl_push_to(r, pl_dup(&u->a, repo), &u->a);
    return u;
}

void pl_registry_upload_free(struct pl_upload *u)
{
    if (!u)
        return;
    pl_upload_cancel(&u->p, &u->at);
    pl_buf_release(&u->held);
    pl_arena_release(&u->a);
    free(u);
}

static int from_held(void *arg, uint64_t off, void *buf, size_t n, size_t *ret_got,
                     struct pl_err *err)
{
    const struct pl_upload *u = arg;
    if (off < u->base || off - u->base > u->held.n)
        return pl_fail(err, PL_E_NET, "the registry lost a piece of an upload");
    size_t at = (size_t)(off - u->base);
    *ret_got = n < u->held.n - at ? n : u->held.n - at;
    if (*ret_got)
        memcpy(buf, u->held.p + at, *ret_got);
    return 0;
}

static int send_held(struct pl_upload *u, struct pl_err *err)
{
    int r = send_to(&u->p, &u->at, &u->sent, u->base + u->held.n, from_held, u, err);
    u->base = u->sent;
    pl_buf_clear(&u->held);
    return r;
}

/* How much is held before it is sent: what the registry wants at least in one piece. */
static int piece_of(struct pl_upload *u, size_t *ret, struct pl_err *err)
{
    bool mounted;
    int r = u->at.open || u->held.n < CHUNK
                ? 0
                : pl_upload_begin(&u->p, NULL, PL_S(""), &u->at, &mounted, err);
    if (r == 0 && u->at.chunk_min > CHUNK_MAX)
        r = pl_fail(err, PL_E_LIMIT, "the registry wants pieces of %" PRIu64 " bytes",
                    u->at.chunk_min);
    *ret = u->at.chunk_min > CHUNK ? (size_t)u->at.chunk_min : (size_t)CHUNK;
    return r;
}

int pl_registry_upload_add(struct pl_upload *u, const void *p, size_t n, struct pl_err *err)
{
    const char *c = p;
    while (n) {
        size_t piece;
        int r = piece_of(u, &piece, err);
        if (r == 0 && u->held.n >= piece)
            r = send_held(u, err);
        if (r < 0)
            return r;
        size_t now = n < piece - u->held.n ? n : piece - u->held.n;
        pl_buf_putn(&u->held, c, now);
        c += now;
        n -= now;
    }
    return 0;
}

int pl_registry_upload_end(struct pl_upload *u, const struct pl_digest *d, struct pl_err *err)
{
    int r;
    if (!u->at.open) /* all of it is here */
        return pl_registry_push_blob(u->p.r, u->p.repo, d, u->held.n, NULL, from_held, u, NULL,
                                     err);
    r = u->held.n ? send_held(u, err) : 0;
    if (r == 0)
        r = close_upload(&u->p, d, &u->at, err);
    if (r == 0)
        u->at.open = false;
    return r;
}
