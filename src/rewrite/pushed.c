/* Pushing an image while it is made (distribution-spec, push). Its processes hold the credentials;
 * nothing of the image is kept here but what one piece of an upload takes. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "rewrite/pushed.h"

#include <stdlib.h>

#include "base/cleanup.h"
#include "base/vec.h"
#include "fmt/jsonw.h"
#include "source/docker.h"

struct pl_pushed {
    struct pl_arena a;
    struct pl_reference ref;
    struct pl_remote *rm;
    struct pl_str from; /* repository to mount from, or empty */
    struct pl_remote_upload *upload;
    PL_VEC(struct pl_digest) manifests; /* that were not there before */
    struct pl_digest top;
    const char *target, *name;
    bool kept;
};

int pl_pushed_new(const struct pl_registry_opts *o, const char *out, struct pl_pushed **ret,
                  struct pl_err *err)
{
    struct pl_pushed *p = calloc(1, sizeof *p);
    if (!p)
        pl_oom();
    int r = pl_docker_reference(pl_str_c(out), &p->a, &p->ref, NULL, err);
    if (r == 0 && p->ref.digest.set)
        r = pl_fail(err, PL_E_USAGE, "'%s' names a digest, which is not known yet; name a tag",
                    out);
    if (r == 0 && o->offline)
        r = pl_fail(err, PL_E_USAGE, "--offline: '%s' is in a registry", out);
    if (r < 0) {
        pl_pushed_free(p);
        return r;
    }
    struct pl_str repo = p->ref.repo;
    const char *slash = memrchr(repo.p, '/', repo.n);
    struct pl_str last = slash ? pl_str_sub(repo, (size_t)(slash - repo.p) + 1, repo.n) : repo;
    p->name = pl_printf(&p->a, "%.*s-%.*s", PL_FMT(last), PL_FMT(p->ref.tag)).p;
    p->rm = pl_remote_new(o, p->ref.host);
    *ret = p;
    return 0;
}

void pl_pushed_from(struct pl_pushed *p, struct pl_str host, struct pl_str repo)
{
    if (pl_str_eq(host, p->ref.host) && !pl_str_eq(repo, p->ref.repo))
        p->from = pl_dup(&p->a, repo);
}

struct pl_str pl_pushed_tag(const struct pl_pushed *p)
{
    return p->ref.tag;
}

const char *pl_pushed_name(const struct pl_pushed *p)
{
    return p->name;
}

struct pl_remote *pl_pushed_remote(const struct pl_pushed *p)
{
    return p->rm;
}

struct pl_str pl_pushed_host(const struct pl_pushed *p)
{
    return p->ref.host;
}

struct pl_str pl_pushed_repo(const struct pl_pushed *p)
{
    return p->ref.repo;
}

/* A registry's "there is no such thing" is no wrong usage. */
static int outward(int r, struct pl_err *err)
{
    return r == PL_E_NOENT ? (err->code = PL_E_NET) : r;
}

int pl_pushed_have(void *arg, const struct pl_digest *d, uint64_t size, bool *ret,
                   struct pl_err *err)
{
    struct pl_pushed *p = arg;
    (void)size;
    return outward(pl_remote_have(p->rm, p->ref.repo, d, p->from, ret, err), err);
}

int pl_pushed_begin(void *arg, struct pl_err *err)
{
    struct pl_pushed *p = arg;
    return pl_remote_upload_new(p->rm, p->ref.repo, &p->upload, err);
}

int pl_pushed_write(void *arg, const void *bytes, size_t n, struct pl_err *err)
{
    struct pl_pushed *p = arg;
    return outward(pl_remote_upload_add(p->upload, bytes, n, err), err);
}

int pl_pushed_end(void *arg, const struct pl_digest *d, uint64_t size, struct pl_err *err)
{
    struct pl_pushed *p = arg;
    (void)size;
    int r = outward(pl_remote_upload_end(p->upload, d, err), err);
    pl_remote_upload_free(p->upload);
    p->upload = NULL;
    return r;
}

/* How the list of referrers names it. */
static struct pl_str descriptor(struct pl_pushed *p, const struct pl_manifest *m,
                                struct pl_str artifact_type)
{
    pl_auto_buf struct pl_buf b = { 0 };
    struct pl_jsonw w = { .out = &b };
    pl_jw_obj(&w);
    pl_jw_kstr(&w, "mediaType", m->type);
    pl_jw_kstr(&w, "digest", pl_digest_text(&p->a, &m->digest));
    pl_jw_ku64(&w, "size", m->bytes.n);
    if (artifact_type.n)
        pl_jw_kstr(&w, "artifactType", artifact_type);
    pl_jw_obj_end(&w);
    return pl_dup(&p->a, pl_buf_str(&b));
}

int pl_pushed_manifest(struct pl_pushed *p, const struct pl_manifest *m,
                       const struct pl_digest *subject, struct pl_str artifact_type,
                       struct pl_err *err)
{
    PL_AUTO(struct pl_arena, a, pl_arena_release) = { 0 };
    struct pl_manifest old;
    struct pl_err none = { 0 };
    bool there =
        pl_remote_origin(p->rm, p->ref.repo, pl_digest_text(&a, &m->digest), &a, &old, &none) == 0;
    struct pl_str text = subject->set ? descriptor(p, m, artifact_type) : PL_S("");
    int r = pl_remote_put(p->rm, p->ref.repo, PL_S(""), m, subject, text, err);
    if (r == 0 && !there)
        pl_vec_push(&p->manifests, m->digest);
    return outward(r, err);
}

void pl_pushed_top(struct pl_pushed *p, const struct pl_digest *d)
{
    p->top = *d;
    p->target = pl_printf(&p->a, "docker://%.*s/%.*s@%.*s", PL_FMT(p->ref.host),
                          PL_FMT(p->ref.repo), PL_FMT(pl_digest_text(&p->a, d)))
                    .p;
}

const char *pl_pushed_target(const struct pl_pushed *p)
{
    return p->target;
}

int pl_pushed_keep(struct pl_pushed *p, struct pl_err *err)
{
    struct pl_manifest m, old;
    struct pl_str digest = pl_digest_text(&p->a, &p->top);
    int r = pl_remote_origin(p->rm, p->ref.repo, p->ref.tag, &p->a, &old, err);
    if (r == 0 && !pl_digest_eq(&old.digest, &p->top))
        return pl_fail(err, PL_E_USAGE, "tag '%.*s' names another image; nothing is overwritten",
                       PL_FMT(p->ref.tag));
    if (r < 0 && r != PL_E_NOENT)
        return r;
    *err = (struct pl_err){ 0 };
    if (r == PL_E_NOENT) {
        r = pl_remote_origin(p->rm, p->ref.repo, digest, &p->a, &m, err);
        if (r == 0)
            r = pl_remote_put(p->rm, p->ref.repo, p->ref.tag, &m, NULL, PL_S(""), err);
    }
    p->kept = r == 0;
    return outward(r, err);
}

/* The last that was put first: an index before what it lists. */
static void discard(struct pl_pushed *p)
{
    struct pl_err err = { 0 };
    for (size_t i = p->manifests.n; i-- > 0 && err.code != PL_E_NET;)
        pl_remote_delete(p->rm, p->ref.repo, &p->manifests.p[i], &err);
}

void pl_pushed_free(struct pl_pushed *p)
{
    if (!p)
        return;
    pl_remote_upload_free(p->upload);
    if (!p->kept)
        discard(p);
    pl_remote_free(p->rm);
    pl_vec_release(&p->manifests);
    pl_arena_release(&p->a);
    free(p);
}
