/* Writing: blobs by mount or upload, manifests, the index of referrers. registry.md sections 9, 10.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/push_int.h"

/* Makes the blob be there without sending it, when that can be done. */
static int there_or_mounted(struct pl_push *p, const struct pl_digest *d,
                            const struct pl_names *from, struct pl_upload_at *u, bool *ret,
                            struct pl_err *err)
{
    int x = pl_push_has(p, d, ret, err);
    for (size_t i = 0; x == 0 && !*ret && from && i < from->n; i++) {
        pl_upload_cancel(p, u);
        x = pl_upload_begin(p, d, from->p[i], u, ret, err);
        if (x == PL_E_AUTH || x == PL_E_NOENT || x == PL_E_NET)
            x = 0; /* nothing to mount there: it is uploaded */
    }
    return x;
}

int pl_registry_have_blob(struct pl_registry *r, struct pl_str repo, const struct pl_digest *d,
                          const struct pl_names *from, bool *ret, struct pl_err *err)
{
    struct pl_arena a = { 0 };
    struct pl_push p = pl_push_to(r, repo, &a);
    struct pl_upload_at u = { 0 };
    *ret = false;
    int x = there_or_mounted(&p, d, from, &u, ret, err);
    pl_upload_cancel(&p, &u);
    pl_arena_release(&a);
    return x;
}

int pl_registry_push_blob(struct pl_registry *r, struct pl_str repo, const struct pl_digest *d,
                          uint64_t size, const struct pl_names *from, pl_registry_source *source,
                          void *arg, bool *ret_sent, struct pl_err *err)
{
    struct pl_arena a = { 0 };
    struct pl_push p = pl_push_to(r, repo, &a);
    struct pl_upload_at u = { 0 };
    bool there = false, none;
    int x = there_or_mounted(&p, d, from, &u, &there, err);
    if (x == 0 && !there && !u.open)
        x = pl_upload_begin(&p, d, PL_S(""), &u, &none, err);
    if (x == 0 && !there)
        x = pl_upload_whole(&p, d, size, source, arg, &u, err);
    if (x < 0)
        pl_upload_cancel(&p, &u);
    if (ret_sent)
        *ret_sent = x == 0 && !there;
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

static int put_manifest(struct pl_push *p, struct pl_str ref, struct pl_str type,
                        struct pl_str bytes, const struct pl_digest *d, struct pl_str if_match,
                        bool *ret_subject, unsigned *ret_status, struct pl_err *err)
{
    struct pl_call c = pl_push_call(p, "PUT");
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

static int look_again(struct pl_push *p, struct pl_str ref, struct pl_err *err)
{
    struct pl_call c = pl_push_call(p, "HEAD");
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
    struct pl_push p = pl_push_to(r, repo, &a);
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
    struct pl_push p = pl_push_to(r, repo, &a);
    bool told;
    unsigned status;
    int x = put_manifest(&p, tag, type, bytes, d, etag, &told, &status, err);
    *ret_lost = x == 0 && status == 412;
    pl_arena_release(&a);
    return x;
}

int pl_registry_delete_manifest(struct pl_registry *r, struct pl_str repo,
                                const struct pl_digest *d, struct pl_err *err)
{
    struct pl_arena a = { 0 };
    struct pl_push p = pl_push_to(r, repo, &a);
    struct pl_call c = pl_push_call(&p, "DELETE");
    struct pl_http_answer ans;
    c.scope = pl_scope(&a, p.there, "pull,push,delete");
    c.path =
        pl_printf(&a, "/v2/%.*s/manifests/%.*s", PL_FMT(p.there), PL_FMT(pl_digest_text(&a, d)));
    int x = pl_call(p.e, &c, &ans, err);
    if (x == 0 && ans.status != 202 && ans.status != 200 && ans.status != 404)
        x = pl_status_fail(p.e, &ans, "removing the manifest", err);
    pl_http_answer_release(&ans);
    pl_arena_release(&a);
    return x;
}
