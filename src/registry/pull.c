/* Reading: manifests and blobs. registry.md section 6. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdlib.h>

#include "base/hash.h"
#include "registry/registry_int.h"

#define MANIFEST_MAX PL_MIB(4)
#define PROGRESS PL_MIB(1) /* so much more after a cut starts the count of tries anew */

#define ACCEPT_ALL                                                \
    "application/vnd.oci.image.index.v1+json, "                   \
    "application/vnd.docker.distribution.manifest.list.v2+json, " \
    "application/vnd.oci.image.manifest.v1+json, "                \
    "application/vnd.docker.distribution.manifest.v2+json, "      \
    "application/vnd.oci.artifact.manifest.v1+json"

/* ------------------------------------------------------------------ manifests */

static struct pl_call manifest_call(struct pl_endpoint *e, const char *method, struct pl_str repo,
                                    struct pl_str ref, struct pl_arena *a)
{
    struct pl_str there = pl_printf(a, "%.*s%.*s", PL_FMT(e->repos), PL_FMT(repo));
    return (struct pl_call){ .method = method,
                             .path = pl_printf(a, "/v2/%.*s/manifests/%.*s", PL_FMT(there),
                                               PL_FMT(ref)),
                             .repo = repo,
                             .scope = pl_scope(a, there, "pull"),
                             .accept = PL_S(ACCEPT_ALL),
                             .keep = MANIFEST_MAX };
}

/* The digest that a tag has, from HEAD; unset when that is not answered. PL_E_AUTH and a registry
 * that cannot be reached are final. */
static int head(struct pl_endpoint *e, struct pl_str repo, struct pl_str ref, struct pl_arena *a,
                struct pl_digest *ret, struct pl_err *err)
{
    struct pl_call c = manifest_call(e, "HEAD", repo, ref, a);
    struct pl_http_answer ans;
    int r = pl_call(e, &c, &ans, err);
    if (r == 0 && ans.status == 200)
        pl_digest_parse(pl_http_field(&ans, "docker-content-digest"), ret, NULL);
    if (r == PL_E_AUTH && ans.status == 403)
        r = 0; /* HEAD alone may be refused */
    pl_http_answer_release(&ans);
    return r;
}

/* Without parameters, and in small letters, as documents write it. */
static struct pl_str type_of(struct pl_str content_type, struct pl_arena *a)
{
    struct pl_str t =
        pl_str_trim(pl_str_sub(content_type, 0, pl_str_find(content_type, PL_S(";"), 0)));
    char *p = pl_alloc_n(a, t.n + 1, 1);
    for (size_t i = 0; i < t.n; i++)
        p[i] = (char)(t.p[i] | (t.p[i] >= 'A' && t.p[i] <= 'Z' ? 0x20 : 0));
    return pl_str_n(p, t.n);
}

static void digest_of(struct pl_str bytes, enum pl_hash_alg alg, struct pl_digest *ret)
{
    struct pl_hash *h = pl_hash_new(alg);
    *ret = (struct pl_digest){ .set = true, .alg = alg };
    pl_hash_add(h, bytes.p, bytes.n);
    pl_hash_end(h, ret->b);
    pl_hash_free(h);
}

/* GET; `want` is unset for a tag that nothing is known of. */
static int get(struct pl_endpoint *e, struct pl_str repo, struct pl_str ref,
               const struct pl_digest *want, struct pl_arena *a, struct pl_manifest *ret,
               struct pl_err *err)
{
    struct pl_call c = manifest_call(e, "GET", repo, ref, a);
    struct pl_http_answer ans;
    struct pl_digest said = { 0 };
    int r = pl_call(e, &c, &ans, err);
    if (r == 0 && ans.status != 200)
        r = pl_status_fail(e, &ans, "the manifest", err);
    if (r == 0 && pl_http_field(&ans, "content-encoding").n)
        r = pl_fail(err, PL_E_FORMAT, "a Content-Encoding that nobody asked for");
    if (r == 0) {
        struct pl_manifest m = { .bytes = pl_dup(a, pl_buf_str(&ans.body)),
                                 .type = type_of(pl_http_field(&ans, "content-type"), a),
                                 .etag = pl_dup(a, pl_http_field(&ans, "etag")) };
        digest_of(m.bytes, want->set ? want->alg : PL_HASH_SHA256, &m.digest);
        struct pl_str header = pl_http_field(&ans, "docker-content-digest");
        if (want->set && !pl_digest_eq(want, &m.digest))
            r = pl_fail(err, PL_E_DIGEST, "the manifest is not what its digest says");
        else if (header.n && pl_digest_parse(header, &said, err) < 0)
            r = pl_fail(err, PL_E_FORMAT, "Docker-Content-Digest is no digest");
        else if (header.n && said.alg == m.digest.alg && !pl_digest_eq(&said, &m.digest))
            r = pl_fail(err, PL_E_DIGEST, "the manifest is not what Docker-Content-Digest says");
        else
            *ret = m;
    }
    pl_http_answer_release(&ans);
    return r;
}

static int from_endpoint(struct pl_endpoint *e, struct pl_str repo, struct pl_str ref,
                         struct pl_arena *a, struct pl_manifest *ret, struct pl_err *err)
{
    struct pl_digest d = { 0 };
    int r = 0;
    if (pl_digest_parse(ref, &d, NULL) < 0)
        r = head(e, repo, ref, a, &d, err);
    if (r < 0)
        return r;
    return get(e, repo, d.set ? pl_digest_text(a, &d) : ref, &d, a, ret, err);
}

int pl_registry_manifest(struct pl_registry *r, struct pl_str repo, struct pl_str ref, bool origin,
                         struct pl_arena *a, struct pl_manifest *ret, struct pl_err *err)
{
    int x = pl_config_allowed(r, repo, err);
    if (x < 0)
        return x;
    for (size_t i = origin ? r->ends.n - 1 : 0; i < r->ends.n; i++) {
        x = from_endpoint(r->ends.p[i], repo, ref, a, ret, err);
        if (x == 0 || x == PL_E_CANCEL || x == PL_E_USAGE)
            break;
    }
    return x;
}

int pl_registry_digest(struct pl_registry *r, struct pl_str repo, struct pl_str tag,
                       struct pl_digest *ret, struct pl_err *err)
{
    struct pl_arena a = { 0 };
    *ret = (struct pl_digest){ 0 };
    int x = pl_config_allowed(r, repo, err);
    if (x == 0)
        x = head(r->ends.p[r->ends.n - 1], repo, tag, &a, ret, err);
    pl_arena_release(&a);
    return x;
}

int pl_registry_tagged(struct pl_registry *r, struct pl_str repo, struct pl_str tag,
                       struct pl_arena *a, struct pl_manifest *ret, struct pl_err *err)
{
    static const struct pl_digest unknown;
    int x = pl_config_allowed(r, repo, err);
    return x < 0 ? x : get(r->ends.p[r->ends.n - 1], repo, tag, &unknown, a, ret, err);
}

void pl_registry_soon_manifest(struct pl_registry *r, struct pl_str repo, struct pl_str ref)
{
    struct pl_arena a = { 0 };
    struct pl_endpoint *e = r->ends.p[r->ends.n - 1];
    struct pl_call c = manifest_call(e, "GET", repo, ref, &a);
    if (pl_config_allowed(r, repo, NULL) == 0)
        pl_call_ahead(e, &c);
    pl_arena_release(&a);
}

/* ------------------------------------------------------------------ blobs */

/* One blob on its way, over as many answers as it takes. */
struct pull {
    pl_registry_sink *sink;
    void *arg;
    struct pl_hash *hash;
    uint64_t size, got; /* size UINT64_MAX: not known */
    uint64_t skip;      /* bytes of this answer that were had before */
    uint64_t asked;     /* where the range of this answer begins */
};

/* Content-Range: bytes FROM-TO/ALL */
static bool range_fits(struct pl_str v, uint64_t from, uint64_t size)
{
    uint64_t a, b, all;
    struct pl_str first, last;
    if (!pl_str_starts(v, PL_S("bytes ")))
        return false;
    v = pl_str_sub(v, 6, v.n);
    if (!pl_str_split(&v, '-', &first) || !v.p || !pl_str_split(&v, '/', &last) || !v.p)
        return false;
    if (!pl_str_u64(first, &a) || !pl_str_u64(last, &b) || a != from || b < a)
        return false;
    if (pl_str_is(v, "*"))
        return true;
    return pl_str_u64(v, &all) && b < all && (size == UINT64_MAX || all == size);
}

static int blob_head(void *arg, const struct pl_http_answer *ans, struct pl_err *err)
{
    struct pull *p = arg;
    if (ans->status < 200 || ans->status > 299)
        return 0;
    if (ans->status != 200 && ans->status != 206)
        return pl_fail(err, PL_E_NET, "status %u where a blob was asked for", ans->status);
    struct pl_str coding = pl_http_field(ans, "content-encoding");
    if (coding.n && !pl_str_ieq(coding, PL_S("identity")))
        return pl_fail(err, PL_E_FORMAT, "a Content-Encoding that nobody asked for");
    p->skip = 0;
    if (ans->status == 200) {
        p->skip = p->got; /* it starts over */
        return 0;
    }
    if (!p->asked || !range_fits(pl_http_field(ans, "content-range"), p->asked, p->size))
        return pl_fail(err, PL_E_FORMAT, "Content-Range is not what was asked for");
    return 0;
}

static int blob_data(void *arg, const void *data, size_t n, struct pl_err *err)
{
    struct pull *p = arg;
    const char *c = data;
    if (p->skip) {
        size_t drop = n < p->skip ? n : (size_t)p->skip;
        p->skip -= drop;
        c += drop;
        n -= drop;
    }
    if (n == 0)
        return 0;
    if (n > p->size - p->got)
        return pl_fail(err, PL_E_LIMIT, "more than the %" PRIu64 " bytes it should have", p->size);
    p->got += n;
    pl_hash_add(p->hash, c, n);
    return p->sink(p->arg, c, n, err);
}

/* One answer's worth. 1: cut, or may pass: ask again. */
static int blob_once(struct pl_endpoint *e, struct pl_call *c, struct pull *p, int64_t *ret_asked,
                     struct pl_err *err)
{
    struct pl_http_answer ans;
    char range[64] = "";
    p->asked = p->got;
    if (p->got)
        snprintf(range, sizeof range, "bytes=%" PRIu64 "-", p->got);
    c->range = pl_str_c(range);
    int r = pl_call_once(e, c, &ans, err);
    *ret_asked = ans.retry_after;
    bool again = r < 0 ? c->transient : pl_status_transient(ans.status);
    if (r == 0 && ans.status != 200 && ans.status != 206)
        r = pl_status_fail(e, &ans, "a blob", err);
    if (r == 0 && p->size != UINT64_MAX && p->got < p->size) {
        r = pl_fail(err, PL_E_IO, "a blob ends after %" PRIu64 " of %" PRIu64 " bytes", p->got,
                    p->size);
        again = true;
    }
    pl_http_answer_release(&ans);
    return r < 0 && again ? 1 : r;
}

static int blob_from(struct pl_endpoint *e, struct pl_call *c, struct pull *p, struct pl_err *err)
{
    uint64_t mark = p->got;
    for (unsigned n = 0;; n++) {
        int64_t asked;
        int r = blob_once(e, c, p, &asked, err);
        if (r <= 0)
            return r;
        if (p->got - mark >= PROGRESS) {
            mark = p->got;
            n = 0;
        }
        if (n >= e->r->o.retries) {
            pl_wrap(err, "gave up after %u tries", n + 1);
            return err ? err->code : PL_E_NET;
        }
        r = pl_call_wait(e->r, n, asked, err);
        if (r < 0)
            return r;
    }
}

static int settle(struct pull *p, const struct pl_digest *d, int r, struct pl_err *err)
{
    uint8_t sum[PL_HASH_MAX];
    pl_hash_end(p->hash, sum);
    pl_hash_free(p->hash);
    if (r == 0 && memcmp(sum, d->b, pl_hash_len(d->alg)) != 0)
        r = pl_fail(err, PL_E_DIGEST, "a blob is not what its digest says");
    return r;
}

static struct pl_call blob_call(struct pl_endpoint *e, struct pl_str repo,
                                const struct pl_digest *d, struct pull *p, struct pl_arena *a)
{
    struct pl_str there = pl_printf(a, "%.*s%.*s", PL_FMT(e->repos), PL_FMT(repo));
    return (struct pl_call){ .method = "GET",
                             .path = pl_printf(a, "/v2/%.*s/blobs/%.*s", PL_FMT(there),
                                               PL_FMT(pl_digest_text(a, d))),
                             .repo = repo,
                             .scope = pl_scope(a, there, "pull"),
                             .head = blob_head,
                             .data = blob_data,
                             .arg = p };
}

void pl_registry_soon_blob(struct pl_registry *r, struct pl_str repo, const struct pl_digest *d)
{
    struct pl_arena a = { 0 };
    struct pl_endpoint *e = r->ends.p[0];
    struct pl_call c = blob_call(e, repo, d, NULL, &a);
    if (pl_config_allowed(r, repo, NULL) == 0)
        pl_call_ahead(e, &c);
    pl_arena_release(&a);
}

int pl_registry_blob(struct pl_registry *r, struct pl_str repo, const struct pl_digest *d,
                     uint64_t size, pl_registry_sink *sink, void *arg, struct pl_err *err)
{
    struct pl_arena a = { 0 };
    struct pl_err local, *e = err ? err : &local;
    struct pull p = { .sink = sink, .arg = arg, .hash = pl_hash_new(d->alg), .size = size };
    int x = pl_config_allowed(r, repo, e);
    for (size_t i = 0; x == 0 && i < r->ends.n; i++) {
        struct pl_endpoint *end = r->ends.p[i];
        struct pl_call c = blob_call(end, repo, d, &p, &a);
        x = blob_from(end, &c, &p, e);
        bool last = i + 1 == r->ends.n;
        if (x == 0 || last || x == PL_E_CANCEL)
            break;
        x = 0; /* what is there is kept; the next one goes on from it */
    }
    pl_arena_release(&a);
    return settle(&p, d, x, e);
}

int pl_registry_foreign(struct pl_registry *r, struct pl_str url, const struct pl_digest *d,
                        uint64_t size, pl_registry_sink *sink, void *arg, struct pl_err *err)
{
    struct pl_arena a = { 0 };
    struct pl_err local, *e = err ? err : &local;
    struct pl_url u;
    struct pull p = { .sink = sink, .arg = arg, .hash = pl_hash_new(d->alg), .size = size };
    struct pl_call c = { .method = "GET",
                         .url = &u,
                         .anonymous = true,
                         .head = blob_head,
                         .data = blob_data,
                         .arg = &p };
    int x = pl_url_parse(url, &a, &u, e);
    if (x == 0)
        x = blob_from(r->ends.p[r->ends.n - 1], &c, &p, e);
    pl_arena_release(&a);
    return settle(&p, d, x, e);
}

int pl_registry_serves_blob(struct pl_registry *r, struct pl_str repo, const struct pl_digest *d,
                            bool *ret, struct pl_err *err)
{
    struct pl_arena a = { 0 };
    struct pl_endpoint *e = r->ends.p[r->ends.n - 1];
    struct pl_http_answer ans;
    struct pl_str there = pl_printf(&a, "%.*s%.*s", PL_FMT(e->repos), PL_FMT(repo));
    struct pl_call c = { .method = "HEAD", .repo = repo, .scope = pl_scope(&a, there, "pull") };
    c.path = pl_printf(&a, "/v2/%.*s/blobs/%.*s", PL_FMT(there), PL_FMT(pl_digest_text(&a, d)));
    int x = pl_config_allowed(r, repo, err);
    if (x < 0) {
        pl_arena_release(&a);
        return x;
    }
    x = pl_call(e, &c, &ans, err);
    if (x == 0 && ans.status != 200 && ans.status != 404)
        x = pl_status_fail(e, &ans, "a blob", err);
    if (x == 0)
        *ret = ans.status == 200;
    pl_http_answer_release(&ans);
    pl_arena_release(&a);
    return x;
}
