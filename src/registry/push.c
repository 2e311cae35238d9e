/* Writing: blobs by mount or upload, manifests, the index of referrers. registry.md sections 9, 10.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdlib.h>

#include "registry/registry_int.h"

#define CHUNK PL_MIB(4)

struct push {
    struct pl_registry *r;
    struct pl_endpoint *e;
    struct pl_str there, scope; /* repository as it is called there */
    struct pl_str repo;
    struct pl_arena *a;
};

static struct push push_to(struct pl_registry *r, struct pl_str repo, struct pl_arena *a)
{
    struct pl_endpoint *e = r->ends.p[r->ends.n - 1]; /* never a mirror */
    struct push p = { .r = r, .e = e, .repo = repo, .a = a };
    p.there = pl_printf(a, "%.*s%.*s", PL_FMT(e->repos), PL_FMT(repo));
    p.scope = pl_scope(a, p.there, "pull,push");
    return p;
}

static struct pl_call call(const struct push *p, const char *method)
{
    return (struct pl_call){ .method = method, .repo = p->repo, .scope = p->scope, .keep = 65536 };
}

static int is_there(const struct push *p, const struct pl_digest *d, bool *ret, struct pl_err *err)
{
    struct pl_call c = call(p, "HEAD");
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

/* An upload under way: `at` is always the latest Location. */
struct upload {
    struct pl_url at;
    bool open;
    uint64_t chunk_min;
};

static int take_location(const struct push *p, const struct pl_call *c,
                         const struct pl_http_answer *ans, struct upload *u, struct pl_err *err)
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

/* Opens a session; with `from` asks for a mount first. *ret_mounted: nothing is to be sent. */
static int begin(struct push *p, const struct pl_digest *d, struct pl_str from, struct upload *u,
                 bool *ret_mounted, struct pl_err *err)
{
    struct pl_call c = call(p, "POST");
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

static void cancel(struct push *p, struct upload *u)
{
    struct pl_call c = call(p, "DELETE");
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
static int monolithic(struct push *p, const struct pl_digest *d, uint64_t size,
                      pl_registry_source *source, void *arg, struct upload *u, unsigned *ret_status,
                      bool *ret_again, struct pl_err *err)
{
    struct pl_call c = call(p, "PUT");
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
static int ask_state(struct push *p, struct upload *u, uint64_t *ret, struct pl_err *err)
{
    struct pl_call c = call(p, "GET");
    struct pl_http_answer ans;
    c.url = &u->at;
    int r = pl_call(p->e, &c, &ans, err);
    if (r == 0 && ans.status != 204)
        r = pl_status_fail(p->e, &ans, "an upload", err);
    if (r == 0 && !range_end(pl_http_field(&ans, "range"), ret))
        *ret = 0;
    if (r == 0)
        r = take_location(p, &c, &ans, u, err);
    pl_http_answer_release(&ans);
    return r;
}

static int one_chunk(struct push *p, uint64_t size, uint64_t len, pl_registry_source *source,
                     void *arg, struct upload *u, uint64_t *at, bool *ret_again, struct pl_err *err)
{
    struct pl_call c = call(p, "PATCH");
    struct pl_http_answer ans;
    uint64_t end;
    (void)size;
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

static int chunked(struct push *p, const struct pl_digest *d, uint64_t size,
                   pl_registry_source *source, void *arg, struct upload *u, struct pl_err *err)
{
    uint64_t at = 0, step = u->chunk_min > CHUNK && u->chunk_min < PL_GIB(4) ? u->chunk_min : CHUNK;
    unsigned tries = 0;
    int r = 0;
    while (r == 0 && at < size) {
        bool again;
        uint64_t before = at;
        r = one_chunk(p, size, size - at < step ? size - at : step, source, arg, u, &at, &again,
                      err);
        if (r == 0 && at > before) {
            tries = 0;
            continue;
        }
        if ((r < 0 && !again) || tries >= p->r->o.retries)
            return r < 0 ? r : pl_fail(err, PL_E_NET, "an upload makes no progress");
        r = pl_call_wait(p->r, tries++, -1, err);
        if (r == 0)
            r = ask_state(p, u, &at, err);
        if (r == 0 && at > size)
            r = pl_fail(err, PL_E_FORMAT, "the registry has more of an upload than was sent");
    }
    struct pl_call c = call(p, "PUT");
    struct pl_http_answer ans;
    struct pl_url to = pl_url_with(p->a, u->at, "digest", pl_digest_text(p->a, d));
    if (r < 0)
        return r;
    c.url = &to;
    c.has_body = true;
    c.type = PL_S("application/octet-stream");
    r = pl_call(p->e, &c, &ans, err);
    if (r == 0 && ans.status != 201)
        r = pl_status_fail(p->e, &ans, "an upload", err);
    pl_http_answer_release(&ans);
    return r;
}

static int upload(struct push *p, const struct pl_digest *d, uint64_t size,
                  pl_registry_source *source, void *arg, struct upload *u, struct pl_err *err)
{
    for (unsigned n = 0;; n++) {
        unsigned status;
        bool again, mounted;
        int r = monolithic(p, d, size, source, arg, u, &status, &again, err);
        if (r == 0 && status == 201)
            return 0;
        if (r == 0) { /* 413: too much at once */
            cancel(p, u);
            r = begin(p, d, PL_S(""), u, &mounted, err);
            return r < 0 ? r : chunked(p, d, size, source, arg, u, err);
        }
        if (!again || n >= p->r->o.retries)
            return r;
        cancel(p, u);
        r = pl_call_wait(p->r, n, -1, err);
        if (r == 0)
            r = begin(p, d, PL_S(""), u, &mounted, err);
        if (r < 0)
            return r;
    }
}

int pl_registry_push_blob(struct pl_registry *r, struct pl_str repo, const struct pl_digest *d,
                          uint64_t size, const struct pl_names *from, pl_registry_source *source,
                          void *arg, bool *ret_sent, struct pl_err *err)
{
    struct pl_arena a = { 0 };
    struct push p = push_to(r, repo, &a);
    struct upload u = { 0 };
    bool there = false, mounted = false;
    int x = is_there(&p, d, &there, err);
    for (size_t i = 0; x == 0 && !there && !mounted && from && i < from->n; i++) {
        cancel(&p, &u);
        x = begin(&p, d, from->p[i], &u, &mounted, err);
        if (x == PL_E_AUTH || x == PL_E_NOENT || x == PL_E_NET)
            x = 0; /* nothing to mount there: it is uploaded */
    }
    if (x == 0 && !there && !mounted && !u.open)
        x = begin(&p, d, PL_S(""), &u, &mounted, err);
    if (x == 0 && !there && !mounted)
        x = upload(&p, d, size, source, arg, &u, err);
    if (x < 0)
        cancel(&p, &u);
    if (ret_sent)
        *ret_sent = x == 0 && !there && !mounted;
    pl_arena_release(&a);
    return x;
}

/* ------------------------------------------------------------------ manifests */

/* Does the answer to a PUT name another digest than ours? */
static bool other_digest(struct pl_str field, const struct pl_digest *d)
{
    struct pl_digest said;
    const char *slash = field.n ? memrchr(field.p, '/', field.n) : NULL;
    struct pl_str last = slash ? pl_str_sub(field, (size_t)(slash - field.p) + 1, field.n) : field;
    return pl_digest_parse(last, &said, NULL) == 0 && said.alg == d->alg && !pl_digest_eq(&said, d);
}

static int put_manifest(struct push *p, struct pl_str ref, struct pl_str type, struct pl_str bytes,
                        const struct pl_digest *d, struct pl_str if_match, bool *ret_subject,
                        unsigned *ret_status, struct pl_err *err)
{
    struct pl_call c = call(p, "PUT");
    struct pl_http_answer ans;
    c.path = pl_printf(p->a, "/v2/%.*s/manifests/%.*s", PL_FMT(p->there), PL_FMT(ref));
    c.type = type;
    c.body = bytes;
    c.has_body = true;
    c.if_match = if_match;
    int r = pl_call(p->e, &c, &ans, err);
    *ret_status = r == 0 ? ans.status : 0;
    if (r == 0 && ans.status != 201 && ans.status != 412)
        r = pl_status_fail(p->e, &ans, "the manifest", err);
    if (r == 0 && (other_digest(pl_http_field(&ans, "location"), d) ||
                   other_digest(pl_http_field(&ans, "docker-content-digest"), d)))
        r = pl_fail(err, PL_E_DIGEST, "the registry took the manifest for another one");
    *ret_subject = r == 0 && pl_http_field(&ans, "oci-subject").n;
    pl_http_answer_release(&ans);
    return r;
}

static int look_again(struct push *p, struct pl_str ref, struct pl_err *err)
{
    struct pl_call c = call(p, "HEAD");
    struct pl_http_answer ans;
    c.path = pl_printf(p->a, "/v2/%.*s/manifests/%.*s", PL_FMT(p->there), PL_FMT(ref));
    c.accept = PL_S("application/vnd.oci.image.index.v1+json, "
                    "application/vnd.docker.distribution.manifest.list.v2+json, "
                    "application/vnd.oci.image.manifest.v1+json, "
                    "application/vnd.docker.distribution.manifest.v2+json, */*");
    int r = pl_call(p->e, &c, &ans, err);
    if (r == 0 && ans.status != 200)
        r = pl_status_fail(p->e, &ans, "the manifest that was just put", err);
    pl_http_answer_release(&ans);
    return r;
}

int pl_registry_push_manifest(struct pl_registry *r, struct pl_str repo, struct pl_str ref,
                              struct pl_str type, struct pl_str bytes, const struct pl_digest *d,
                              const struct pl_digest *subject, struct pl_str descriptor,
                              struct pl_err *err)
{
    struct pl_arena a = { 0 };
    struct push p = push_to(r, repo, &a);
    bool told = false;
    unsigned status;
    if (!ref.n)
        ref = pl_digest_text(&a, d);
    int x = put_manifest(&p, ref, type, bytes, d, PL_S(""), &told, &status, err);
    if (x == 0 && status != 201)
        x = pl_fail(err, PL_E_NET, "the manifest: status %u", status);
    if (x == 0)
        x = look_again(&p, pl_digest_text(&a, d), err);
    if (x == 0 && subject && subject->set && !told)
        x = pl_referrers_add(r, repo, subject, d, descriptor, err);
    pl_arena_release(&a);
    return x;
}

int pl_registry_put_if(struct pl_registry *r, struct pl_str repo, struct pl_str tag,
                       struct pl_str type, struct pl_str bytes, const struct pl_digest *d,
                       struct pl_str etag, bool *ret_lost, struct pl_err *err)
{
    struct pl_arena a = { 0 };
    struct push p = push_to(r, repo, &a);
    bool told;
    unsigned status;
    int x = put_manifest(&p, tag, type, bytes, d, etag, &told, &status, err);
    *ret_lost = x == 0 && status == 412;
    pl_arena_release(&a);
    return x;
}
