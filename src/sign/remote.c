/* Signatures in a registry: tags beside the image, referrers by the API and by the fallback tag.
 * formats/signing.md sections 4 to 7, registry.md section 10. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <sys/random.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/limits.h"
#include "base/map.h"
#include "fmt/json.h"
#include "fmt/jsonw.h"
#include "sign/store.h"
#include "source/docker.h"

struct remote {
    struct pl_sign_store ops;
    struct pl_arena a;
    struct pl_registry *reg, *sig_reg; /* of the image; of its signatures: may be the same */
    struct pl_str repo, sig_repo;
    struct pl_digest tagged; /* what a tag named last, and its mark */
    struct pl_str etag;
};

static struct remote *of(struct pl_sign_store *s)
{
    return (struct remote *)s;
}

/* One document, one meaning: what it was served as is what it says itself (CVE-2021-41190). */
static int agree(struct pl_manifest *m, struct pl_arena *a, struct pl_err *err)
{
    struct pl_limits lim;
    struct pl_json *root = NULL;
    pl_limits_init(&lim);
    int r = pl_json_parse(m->bytes, (unsigned)lim.depth, &root, err);
    struct pl_str type = r == 0 ? pl_json_str(pl_json_get(root, "mediaType")) : PL_S("");
    if (r == 0 && pl_json_type(root) != PL_JSON_OBJECT)
        r = pl_fail(err, PL_E_FORMAT, "the manifest is no object");
    else if (r == 0 && type.n && m->type.n && !pl_str_eq(type, m->type))
        r = pl_fail(err, PL_E_FORMAT, "the manifest is served as another type than it says it is");
    else if (r == 0 && pl_json_get(root, "manifests") &&
             (pl_json_get(root, "layers") || pl_json_get(root, "config")))
        r = pl_fail(err, PL_E_FORMAT, "the manifest is an image and an index at once");
    if (r == 0 && type.n)
        m->type = pl_dup(a, type);
    pl_json_free(root);
    return r;
}

static int take(struct pl_manifest *m, struct pl_arena *a, struct pl_buf *b, struct pl_err *err)
{
    int r = agree(m, a, err);
    return r < 0 ? r : pl_buf_add(b, m->bytes.p, m->bytes.n, err);
}

static int manifest(struct pl_registry *reg, struct pl_str repo, struct pl_str ref,
                    struct pl_arena *a, struct pl_manifest *m, struct pl_buf *b, struct pl_err *err)
{
    int r = pl_registry_manifest(reg, repo, ref, /* origin= */ true, a, m, err);
    return r < 0 ? r : take(m, a, b, err);
}

static int tagged(struct pl_sign_store *s, struct pl_str tag, struct pl_buf *b,
                  struct pl_digest *ret, struct pl_err *err)
{
    struct remote *x = of(s);
    struct pl_arena a = { 0 };
    struct pl_manifest m;
    int r = pl_registry_tagged(x->sig_reg, x->sig_repo, tag, &a, &m, err);
    if (r == 0)
        r = take(&m, &a, b, err);
    if (r == 0) {
        *ret = x->tagged = m.digest;
        x->etag = pl_dup(&x->a, m.etag);
    }
    pl_arena_release(&a);
    return r;
}

static int by_digest(struct pl_registry *reg, struct pl_str repo, const struct pl_digest *d,
                     size_t max, struct pl_buf *b, struct pl_err *err)
{
    struct pl_arena a = { 0 };
    struct pl_manifest m;
    int r = manifest(reg, repo, pl_digest_text(&a, d), &a, &m, b, err);
    if (r == 0 && b->n > max)
        r = pl_fail(err, PL_E_LIMIT, "limit manifest: more than %zu bytes", max);
    pl_arena_release(&a);
    return r;
}

static int to_buf(void *arg, const void *p, size_t n, struct pl_err *err)
{
    return pl_buf_add(arg, p, n, err);
}

static int fetch(struct pl_sign_store *s, const struct pl_digest *d, bool is_manifest, size_t max,
                 struct pl_buf *b, struct pl_err *err)
{
    struct remote *x = of(s);
    if (is_manifest)
        return by_digest(x->sig_reg, x->sig_repo, d, max, b, err);
    b->max = max;
    return pl_registry_blob(x->sig_reg, x->sig_repo, d, UINT64_MAX, to_buf, b, err);
}

static int blob(struct pl_sign_store *s, const struct pl_digest *d, size_t max, struct pl_buf *b,
                struct pl_err *err)
{
    b->max = max;
    return pl_registry_blob(of(s)->reg, of(s)->repo, d, UINT64_MAX, to_buf, b, err);
}

static int child(struct pl_sign_store *s, const struct pl_digest *d, size_t max, struct pl_buf *b,
                 struct pl_err *err)
{
    return by_digest(of(s)->reg, of(s)->repo, d, max, b, err);
}

static void soon(struct pl_sign_store *s, enum pl_soon what, const struct pl_digest *d,
                 struct pl_str tag)
{
    struct remote *x = of(s);
    struct pl_arena a = { 0 };
    switch (what) {
    case PL_SOON_TAG:
        pl_registry_soon_manifest(x->sig_reg, x->sig_repo, tag);
        break;
    case PL_SOON_REFERRERS:
        pl_registry_soon_referrers(x->sig_reg, x->sig_repo, d);
        pl_registry_soon_manifest(x->sig_reg, x->sig_repo, pl_referrers_tag(&a, d));
        break;
    case PL_SOON_MANIFEST:
        pl_registry_soon_manifest(x->sig_reg, x->sig_repo, pl_digest_text(&a, d));
        break;
    case PL_SOON_BLOB:
        pl_registry_soon_blob(x->sig_reg, x->sig_repo, d);
        break;
    }
    pl_arena_release(&a);
}

/* ---- referrers ---- */

struct listing {
    struct pl_limits limits;
    struct pl_arena a;
    struct pl_map seen; /* digests: one listed twice is opened once */
    size_t n;
    const char *storage;
    int (*fn)(void *arg, const struct pl_digest *d, const char *storage, struct pl_err *err);
    void *arg;
};

static int listed(struct listing *l, const struct pl_json *item, struct pl_err *err)
{
    struct pl_digest d;
    struct pl_str text = pl_json_str(pl_json_get(item, "digest"));
    int r = pl_digest_parse(text, &d, err);
    if (r < 0)
        return pl_wrap(err, "the list of referrers");
    void **mark = pl_map_put(&l->seen, text);
    if (*mark)
        return 0;
    *mark = l;
    if (++l->n > l->limits.referrers)
        return pl_fail(err, PL_E_LIMIT, "limit referrers: more than %zu of one image", l->n - 1);
    return l->fn(l->arg, &d, l->storage, err);
}

static int page(void *arg, const void *p, size_t n, struct pl_err *err)
{
    struct listing *l = arg;
    struct pl_json *root = NULL;
    int r = pl_json_parse((struct pl_str){ p, n }, (unsigned)l->limits.depth, &root, err);
    if (r < 0)
        return pl_wrap(err, "the list of referrers");
    const struct pl_json *items = pl_json_get(root, "manifests");
    if (!items || pl_json_type(items) != PL_JSON_ARRAY)
        r = pl_fail(err, PL_E_FORMAT, "the list of referrers is no index");
    for (size_t i = 0; r == 0 && i < pl_json_len(items); i++)
        r = listed(l, pl_json_at(items, i), err);
    pl_json_free(root);
    return r;
}

static int referrers(struct pl_sign_store *s, const struct pl_digest *subject,
                     int (*fn)(void *arg, const struct pl_digest *d, const char *storage,
                               struct pl_err *err),
                     void *arg, struct pl_err *err)
{
    static const char *const storages[] = { "referrers", "fallback-tag" };
    struct remote *x = of(s);
    struct listing l = { .fn = fn, .arg = arg };
    int r = 0;
    pl_limits_init(&l.limits);
    l.seen.a = &l.a;
    for (int i = 0; r == 0 && i < 2; i++) {
        bool none;
        l.storage = storages[i];
        r = pl_registry_referrers_at(x->sig_reg, x->sig_repo, subject, /* by_tag= */ i == 1, page,
                                     &l, &none, err);
    }
    pl_map_release(&l.seen);
    pl_arena_release(&l.a);
    return r;
}

/* ---- writing ---- */

static void digest_of(struct pl_str bytes, struct pl_digest *ret)
{
    *ret = (struct pl_digest){ .set = true, .alg = PL_HASH_SHA256 };
    pl_sha256(bytes.p, bytes.n, ret->b);
}

static int from_str(void *arg, uint64_t off, void *buf, size_t n, size_t *ret_got,
                    struct pl_err *err)
{
    struct pl_str rest = pl_str_sub(*(const struct pl_str *)arg, (size_t)off, SIZE_MAX);
    (void)err;
    *ret_got = n < rest.n ? n : rest.n;
    if (*ret_got)
        memcpy(buf, rest.p, *ret_got);
    return 0;
}

static int put_blob(struct pl_sign_store *s, struct pl_str bytes, struct pl_err *err)
{
    struct pl_digest d;
    digest_of(bytes, &d);
    return pl_registry_push_blob(of(s)->sig_reg, of(s)->sig_repo, &d, bytes.n, /* from= */ NULL,
                                 from_str, &bytes, NULL, err);
}

static void put_descriptor(struct pl_buf *out, const struct pl_put *p, struct pl_str digest)
{
    struct pl_jsonw w = { .out = out };
    pl_jw_obj(&w);
    pl_jw_kcstr(&w, "mediaType", PL_MANIFEST_TYPE);
    pl_jw_kstr(&w, "digest", digest);
    pl_jw_ku64(&w, "size", p->bytes.n);
    pl_jw_kstr(&w, "artifactType", p->artifact_type);
    pl_jw_obj_end(&w);
    if (p->annotations.n) {
        out->n--; /* the brace */
        pl_buf_printf(out, ",\"annotations\":%.*s}", PL_FMT(p->annotations));
    }
}

static int put_tag(struct remote *x, const struct pl_put *p, const struct pl_digest *d,
                   struct pl_err *err)
{
    bool lost = false, same = p->replaces && pl_digest_eq(p->replaces, &x->tagged);
    int r = pl_registry_put_if(x->sig_reg, x->sig_repo, p->tag, PL_S(PL_MANIFEST_TYPE), p->bytes, d,
                               same ? x->etag : PL_S(""), &lost, err);
    return r == 0 && lost ? pl_fail(err, PL_E_CANCEL, "another writer was faster") : r;
}

static int put_manifest(struct pl_sign_store *s, const struct pl_put *p, struct pl_err *err)
{
    struct remote *x = of(s);
    struct pl_digest d;
    struct pl_arena a = { 0 };
    pl_auto_buf struct pl_buf descriptor = { 0 };
    digest_of(p->bytes, &d);
    if (p->tag.n)
        return put_tag(x, p, &d, err);
    put_descriptor(&descriptor, p, pl_digest_text(&a, &d));
    int r = pl_registry_push_manifest(x->sig_reg, x->sig_repo, PL_S(""), PL_S(PL_MANIFEST_TYPE),
                                      p->bytes, &d, p->subject, pl_buf_str(&descriptor), err);
    pl_arena_release(&a);
    return r;
}

static void settle(unsigned round)
{
    uint32_t dice = 0;
    if (getrandom(&dice, sizeof dice, 0) != sizeof dice)
        dice = 0;
    long ms = 200 + (long)(dice % (150u * round));
    struct timespec t = { ms / 1000, ms % 1000 * 1000000 };
    nanosleep(&t, NULL);
}

/* ---- opening ---- */

static void remote_free(struct pl_sign_store *s)
{
    struct remote *x = of(s);
    if (x->sig_reg != x->reg)
        pl_registry_free(x->sig_reg);
    pl_registry_free(x->reg);
    pl_arena_release(&x->a);
    free(x);
}

/* Signatures may be kept in a repository of their own. */
static int elsewhere(struct remote *x, const struct pl_registry_opts *o, struct pl_str host,
                     struct pl_str signatures, struct pl_err *err)
{
    struct pl_reference ref;
    int r = pl_docker_reference(signatures, &x->a, &ref, NULL, err);
    if (r < 0)
        return r;
    x->sig_repo = ref.repo;
    return pl_str_eq(ref.host, host) ? 0 : pl_registry_new(o, ref.host, &x->sig_reg, err);
}

int pl_sign_remote_new(const struct pl_registry_opts *o, const struct pl_reference *ref,
                       struct pl_str signatures, struct pl_sign_store **ret, struct pl_err *err)
{
    struct remote *x = calloc(1, sizeof *x);
    if (!x)
        pl_oom();
    x->ops = (struct pl_sign_store){ .soon = soon,
                                     .tagged = tagged,
                                     .referrers = referrers,
                                     .fetch = fetch,
                                     .put_blob = put_blob,
                                     .put_manifest = put_manifest,
                                     .child = child,
                                     .blob = blob,
                                     .settle = settle,
                                     .free = remote_free };
    x->repo = x->sig_repo = pl_dup(&x->a, ref->repo);
    int r = pl_registry_new(o, ref->host, &x->reg, err);
    x->sig_reg = x->reg;
    if (r == 0 && signatures.n)
        r = elsewhere(x, o, ref->host, signatures, err);
    if (r < 0)
        remote_free(&x->ops);
    else
        *ret = &x->ops;
    return r;
}

int pl_sign_remote_find(struct pl_sign_store *s, const struct pl_reference *ref,
                        enum pl_sign_look look, struct pl_arena *a, struct pl_named *ret,
                        struct pl_buf *b, struct pl_err *err)
{
    struct remote *x = of(s);
    struct pl_manifest m;
    int r;
    if (ref->digest.set) {
        pl_sign_soon(s, &ref->digest, look);
        r = manifest(x->reg, x->repo, pl_digest_text(a, &ref->digest), a, &m, b, err);
    } else if ((r = pl_registry_tagged(x->reg, x->repo, ref->tag, a, &m, err)) == 0) {
        pl_sign_soon(s, &m.digest, look);
        r = take(&m, a, b, err);
    }
    if (r == 0)
        *ret = (struct pl_named){ m.digest, m.type, m.bytes.n };
    return r;
}
