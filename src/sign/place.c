/* Images in layouts and registries, by the names that users type. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "sign/place.h"

#include <stdlib.h>
#include <sys/stat.h>

#include "base/limits.h"
#include "fmt/json.h"
#include "source/docker.h"

/* The directory may hold colons itself: the longest beginning that is one counts. False: there is
 * no such directory. */
static bool split_layout(struct pl_str s, struct pl_arena *a, struct pl_str *ret_dir,
                         struct pl_str *ret_rest, char *ret_sign)
{
    struct stat st;
    *ret_rest = (struct pl_str){ 0 };
    *ret_sign = 0;
    *ret_dir = pl_dup(a, s);
    if (stat(ret_dir->p, &st) == 0)
        return true;
    for (size_t i = s.n; i-- > 0;) {
        if (s.p[i] != ':' && s.p[i] != '@')
            continue;
        *ret_dir = pl_dup(a, pl_str_sub(s, 0, i));
        if (stat(ret_dir->p, &st) < 0)
            continue;
        *ret_rest = pl_str_sub(s, i + 1, s.n);
        *ret_sign = s.p[i];
        return true;
    }
    return false;
}

static int open_layout(struct pl_sign_place *p, struct pl_str dir, struct pl_str rest, char sign,
                       struct pl_err *err)
{
    struct pl_limits lim;
    struct pl_digest want = { 0 };
    pl_limits_init(&lim);
    if (sign == '@' && pl_digest_parse(rest, &want, err) < 0)
        return err ? (err->code = PL_E_USAGE) : PL_E_USAGE;
    int r = pl_sign_layout_new(dir.p, &p->store, err);
    if (r == 0)
        r = pl_sign_layout_find(p->store, sign == ':' ? rest : (struct pl_str){ 0 }, &want, &p->a,
                                &p->image, err);
    if (r == 0)
        r = p->store->fetch(p->store, &p->image.digest, true, lim.manifest, &p->manifest, err);
    p->image.size = p->manifest.n;
    p->repo = p->ref;
    return r;
}

static int open_remote(struct pl_sign_place *p, struct pl_str s, const struct pl_registry_opts *o,
                       enum pl_sign_look look, struct pl_err *err)
{
    struct pl_reference ref;
    bool assumed = false;
    const char *beside = getenv("COSIGN_REPOSITORY");
    p->remote = true;
    int r = pl_docker_reference(s, &p->a, &ref, &assumed, err);
    if (r < 0)
        return pl_wrap(err, "'%.*s' is no layout and no reference", PL_FMT(p->ref));
    if (assumed && o->note)
        o->note(o->note_arg, "no tag given: 'latest' is taken");
    struct pl_str host = pl_str_is(ref.host, "docker.io") ? PL_S("index.docker.io") : ref.host;
    p->repo = pl_printf(&p->a, "%.*s/%.*s", PL_FMT(host), PL_FMT(ref.repo));
    r = pl_sign_remote_new(o, &ref, pl_str_c(beside ? beside : ""), &p->store, err);
    return r < 0 ? r
                 : pl_sign_remote_find(p->store, &ref, look, &p->a, &p->image, &p->manifest, err);
}

int pl_sign_place_open(struct pl_sign_place *p, const char *target,
                       const struct pl_registry_opts *o, enum pl_sign_look look, struct pl_err *err)
{
    struct pl_str dir, rest;
    char sign;
    *p = (struct pl_sign_place){ .ref = pl_str_c(target) };
    struct pl_str s = p->ref;
    bool layout = pl_str_starts(s, PL_S("oci:"));
    if (layout)
        s = pl_str_sub(s, 4, s.n);
    if (!pl_str_starts(s, PL_S("docker://")) && split_layout(s, &p->a, &dir, &rest, &sign))
        return open_layout(p, dir, rest, sign, err);
    if (layout)
        return pl_fail(err, PL_E_USAGE, "'%s' is no OCI layout", target);
    return open_remote(p, s, o, look, err);
}

void pl_sign_place_close(struct pl_sign_place *p)
{
    pl_sign_store_free(p->store);
    pl_buf_release(&p->manifest);
    pl_arena_release(&p->a);
    p->store = NULL;
}

static int one_child(struct pl_sign_place *p, const struct pl_json *item, size_t max,
                     int (*fn)(void *arg, const struct pl_named *child, struct pl_buf *bytes,
                               struct pl_err *err),
                     void *arg, struct pl_err *err)
{
    struct pl_named child = { .type = pl_json_str(pl_json_get(item, "mediaType")) };
    struct pl_buf b = { 0 };
    int r = pl_digest_parse(pl_json_str(pl_json_get(item, "digest")), &child.digest, err);
    if (r == 0)
        r = p->store->child(p->store, &child.digest, max, &b, err);
    child.size = b.n;
    if (r == 0)
        r = fn(arg, &child, &b, err);
    pl_buf_release(&b);
    return r;
}

int pl_sign_place_children(struct pl_sign_place *p,
                           int (*fn)(void *arg, const struct pl_named *child, struct pl_buf *bytes,
                                     struct pl_err *err),
                           void *arg, struct pl_err *err)
{
    struct pl_limits lim;
    struct pl_json *root = NULL;
    pl_limits_init(&lim);
    int r = pl_json_parse(pl_buf_str(&p->manifest), (unsigned)lim.depth, &root, err);
    const struct pl_json *items = r == 0 ? pl_json_get(root, "manifests") : NULL;
    if (r == 0 && pl_json_len(items) > lim.children)
        r = pl_fail(err, PL_E_LIMIT, "limit children: more than %u", (unsigned)lim.children);
    for (size_t i = 0; r == 0 && i < pl_json_len(items); i++)
        r = one_child(p, pl_json_at(items, i), (size_t)lim.manifest, fn, arg, err);
    pl_json_free(root);
    return r;
}
