/* Reading AdmissionReviews: only what a decision needs is kept, the document is let go at once. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/review.h"

#include "fmt/json.h"
#include "serve/podspec.h"

static struct pl_str text(struct pl_arena *a, const struct pl_json *j, const char *key)
{
    struct pl_str s = pl_json_str(pl_json_get(j, key));
    return s.p && s.n <= PL_REVIEW_NAME_MAX ? pl_dup(a, s) : PL_S("");
}

static bool is_object(const struct pl_json *j)
{
    return j && pl_json_type(j) == PL_JSON_OBJECT;
}

/* What an object says it is must be what the request says: the place of images depends on it. */
static bool same_kind(struct pl_arena *a, const struct pl_json *object, struct pl_str kind)
{
    const struct pl_json *own = pl_json_get(object, "kind");
    return !own || pl_str_eq(text(a, object, "kind"), kind);
}

static void find_images(const struct pl_json *q, struct pl_arena *a, struct pl_review *v)
{
    const struct pl_json *object = pl_json_get(q, "object"), *old = pl_json_get(q, "oldObject");
    struct pl_str group = text(a, pl_json_get(q, "kind"), "group");
    struct pl_err err = { 0 };
    bool update = pl_str_is(v->operation, "UPDATE");
    if (v->kind.n == 0) {
        v->refuse = PL_S("the request names no kind");
        return;
    }
    if (!pl_podspec_known(group, v->kind))
        return;
    v->judged = true;
    if (!is_object(object))
        v->refuse = pl_printf(a, "the request holds no %.*s", PL_FMT(v->kind));
    else if (!same_kind(a, object, v->kind))
        v->refuse = PL_S("the object is of another kind than the request says");
    else if (pl_podspec_images(group, v->kind, object, update ? old : NULL, a, &v->images,
                               &v->n_images, &err) < 0)
        v->refuse = pl_dup(a, pl_str_c(err.msg));
}

static int read_request(const struct pl_json *root, struct pl_arena *a, struct pl_review *v,
                        struct pl_err *err)
{
    const struct pl_json *q = pl_json_get(root, "request");
    if (!is_object(root) || !pl_str_is(pl_json_str(pl_json_get(root, "kind")), "AdmissionReview"))
        return pl_fail(err, PL_E_FORMAT, "no AdmissionReview");
    if (!pl_str_is(pl_json_str(pl_json_get(root, "apiVersion")), "admission.k8s.io/v1"))
        return pl_fail(err, PL_E_FORMAT, "apiVersion is not admission.k8s.io/v1");
    v->uid = text(a, q, "uid");
    if (v->uid.n == 0)
        return pl_fail(err, PL_E_FORMAT, "no request.uid");
    v->kind = text(a, pl_json_get(q, "kind"), "kind");
    v->ns = text(a, q, "namespace");
    v->name = text(a, q, "name");
    v->operation = text(a, q, "operation");
    v->subresource = text(a, q, "subResource");
    v->user = text(a, pl_json_get(q, "userInfo"), "username");
    v->dry_run = pl_json_true(pl_json_get(q, "dryRun"));
    if (pl_str_is(v->operation, "DELETE") || pl_str_is(v->operation, "CONNECT"))
        return 0;
    if (!pl_str_is(v->operation, "CREATE") && !pl_str_is(v->operation, "UPDATE"))
        v->refuse = PL_S("the request's operation is not known");
    else
        find_images(q, a, v);
    return 0;
}

int pl_review_parse(struct pl_str body, struct pl_arena *a, struct pl_review *ret,
                    struct pl_err *err)
{
    struct pl_json *root = NULL;
    struct pl_review v = { 0 };
    if (body.n > PL_REVIEW_MAX)
        return pl_fail(err, PL_E_LIMIT, "the body is larger than %zu bytes", PL_REVIEW_MAX);
    int r = pl_json_parse_within(body, PL_REVIEW_DEPTH, PL_REVIEW_TREE_MAX, &root, err);
    if (r == 0)
        r = read_request(root, a, &v, err);
    pl_json_free(root);
    if (r == 0)
        *ret = v;
    return r;
}
