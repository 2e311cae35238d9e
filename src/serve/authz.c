/* Requests of the Engine API taken apart as the daemon will: Go reads keys in any case and takes
 * the last of several, so an odd spelling of a key that counts is refused, as is one that stands
 * twice. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/authz.h"

#include <stdlib.h>

#include "base/base64.h"
#include "base/cleanup.h"
#include "fmt/json.h"
#include "fmt/jsonw.h"
#include "serve/engine_path.h"

#define TREE_MAX ((size_t)16 << 20)
#define DEPTH 32u

struct reading {
    struct pl_arena *a;
    struct pl_authz *z;
    struct pl_str query;
    const struct pl_json *headers;
    const struct pl_json *body; /* of the request to the daemon, or NULL */
};

static int refuse(struct reading *r, const char *why)
{
    r->z->kind = PL_AUTHZ_REFUSE;
    r->z->why = pl_dup(r->a, pl_str_c(why));
    return -1;
}

struct wanted {
    const char *name;
    const struct pl_json *value;
    bool odd;
};

static int look(void *arg, struct pl_str key, const struct pl_json *value)
{
    struct wanted *w = arg;
    if (pl_str_is(key, w->name))
        w->value = value;
    else if (pl_json_key_folds(key, w->name))
        w->odd = true;
    return 0;
}

/* Member `name` of `j`, or NULL; refuses another spelling of it. */
static int member(struct reading *r, const struct pl_json *j, const char *name,
                  const struct pl_json **ret)
{
    struct wanted w = { .name = name };
    *ret = NULL;
    if (!j || pl_json_type(j) != PL_JSON_OBJECT)
        return 0;
    pl_json_each(j, look, &w);
    if (w.odd)
        return refuse(r, "a key of the request is spelt in an unusual way");
    *ret = w.value && pl_json_type(w.value) != PL_JSON_NULL ? w.value : NULL;
    return 0;
}

static int add(struct reading *r, struct pl_str image)
{
    struct pl_authz *z = r->z;
    if (image.n == 0)
        return refuse(r, "the request names no image");
    if (image.n > 4096 || z->n_images == PL_AUTHZ_IMAGES_MAX)
        return refuse(r, "the request names too many images, or one too long");
    z->images[z->n_images++] = pl_dup(r->a, image);
    return 0;
}

/* Mounts of type "image" bring the files of one. */
static int mounts(struct reading *r, const struct pl_json *holder)
{
    const struct pl_json *list, *type, *source;
    if (member(r, holder, "Mounts", &list) < 0)
        return -1;
    if (list && pl_json_type(list) != PL_JSON_ARRAY)
        return refuse(r, "'Mounts' is no list");
    for (size_t i = 0; list && i < pl_json_len(list); i++) {
        const struct pl_json *m = pl_json_at(list, i);
        if (member(r, m, "Type", &type) < 0 || member(r, m, "Source", &source) < 0)
            return -1;
        if (type && pl_str_ieq(pl_json_str(type), PL_S("image")) && add(r, pl_json_str(source)) < 0)
            return -1;
    }
    return 0;
}

static int need_body(struct reading *r)
{
    if (!r->body || pl_json_type(r->body) != PL_JSON_OBJECT)
        return refuse(r, "the daemon forwarded no body that could be judged");
    return 0;
}

static int container_create(struct reading *r)
{
    const struct pl_json *image, *host;
    r->z->kind = PL_AUTHZ_RUN;
    if (need_body(r) < 0 || member(r, r->body, "Image", &image) < 0 ||
        member(r, r->body, "HostConfig", &host) < 0 || add(r, pl_json_str(image)) < 0)
        return -1;
    return mounts(r, host);
}

static int service(struct reading *r)
{
    const struct pl_json *task, *container, *image, *plugin;
    r->z->kind = PL_AUTHZ_RUN;
    if (need_body(r) < 0 || member(r, r->body, "TaskTemplate", &task) < 0 ||
        member(r, task, "PluginSpec", &plugin) < 0 ||
        member(r, task, "ContainerSpec", &container) < 0 ||
        member(r, container, "Image", &image) < 0)
        return -1;
    if (plugin)
        return refuse(r, "services of plugins cannot be judged");
    return add(r, pl_json_str(image)) < 0 ? -1 : mounts(r, container);
}

/* The content type of the request; Go takes forms in a body before those in a query, and the daemon
 * forwards no such body. */
static bool has_form(struct reading *r)
{
    struct wanted w = { .name = "Content-Type" };
    if (!r->headers || pl_json_type(r->headers) != PL_JSON_OBJECT)
        return false;
    pl_json_each(r->headers, look, &w);
    struct pl_str s = pl_json_str(w.value);
    pl_auto_buf struct pl_buf low = { 0 };
    for (size_t i = 0; i < s.n; i++)
        pl_buf_putc(&low, (char)(s.p[i] >= 'A' && s.p[i] <= 'Z' ? s.p[i] + 32 : s.p[i]));
    return w.odd || pl_str_find(pl_buf_str(&low), PL_S("form"), 0) != SIZE_MAX;
}

static int value(struct reading *r, const char *name, struct pl_str *ret)
{
    struct pl_err err = { 0 };
    return pl_engine_query(r->query, name, r->a, ret, &err) < 0 ? refuse(r, err.msg) : 0;
}

static int image_create(struct reading *r)
{
    struct pl_str from, source, tag;
    if (has_form(r))
        return refuse(r, "a form in the body may name another image");
    if (value(r, "fromImage", &from) < 0 || value(r, "fromSrc", &source) < 0 ||
        value(r, "tag", &tag) < 0 || value(r, "platform", &r->z->platform) < 0)
        return -1;
    if (source.n) {
        r->z->kind = from.n ? PL_AUTHZ_REFUSE : PL_AUTHZ_BUILD;
        r->z->why = from.n ? PL_S("the request names two sources") : PL_S("");
        return 0;
    }
    r->z->kind = PL_AUTHZ_PULL;
    size_t slash = 0;
    for (size_t i = 0; i < from.n; i++)
        slash = from.p[i] == '/' ? i : slash;
    bool tagged = pl_str_find(from, PL_S("@"), 0) != SIZE_MAX ||
                  pl_str_find(from, PL_S(":"), slash) != SIZE_MAX;
    if (tag.n && tagged)
        return refuse(r, "the request names two tags");
    if (!tag.n && !tagged)
        return refuse(r, "the request asks for all tags of a repository");
    bool digest = pl_str_find(tag, PL_S(":"), 0) != SIZE_MAX;
    return add(
        r, !tag.n ? from
                  : pl_printf(r->a, "%.*s%s%.*s", PL_FMT(from), digest ? "@" : ":", PL_FMT(tag)));
}

static int makes_images(struct reading *r)
{
    r->z->kind = PL_AUTHZ_BUILD;
    return 0;
}

/* Paths that count, POST all of them; "*" stands for one piece. Others bring and start nothing. */
static const struct route {
    const char *path;
    int (*read)(struct reading *r);
} routes[] = {
    { "/containers/create", container_create },
    { "/images/create", image_create },
    { "/services/create", service },
    { "/services/*/update", service },
    { "/build", makes_images },
    { "/images/load", makes_images },
    { "/session", makes_images }, /* BuildKit's way in, and the next */
    { "/grpc", makes_images },
    { "/commit", makes_images },
    { "/plugins/pull", makes_images },
    { "/plugins/create", makes_images },
    { "/plugins/*/upgrade", makes_images },
};

/* Names of images may hold slashes, so a star also stands for several pieces. */
static bool matches(const char *pattern, struct pl_str path)
{
    struct pl_str p = pl_str_c(pattern);
    size_t star = pl_str_find(p, PL_S("*"), 0);
    if (star == SIZE_MAX)
        return pl_str_eq(p, path);
    struct pl_str head = pl_str_sub(p, 0, star), tail = pl_str_sub(p, star + 1, p.n);
    return path.n > head.n + tail.n && pl_str_starts(path, head) && pl_str_ends(path, tail);
}

/* The body that the client sent to the daemon, decoded and parsed; NULL when none came along. */
static int request_body(struct reading *r, const struct pl_json *coded, struct pl_json **ret)
{
    struct pl_str s = pl_json_str(coded);
    struct pl_err err = { 0 };
    size_t n = 0;
    if (!coded || pl_json_type(coded) == PL_JSON_NULL || s.n == 0)
        return 0;
    pl_auto_free char *plain = malloc(pl_base64_room(s.n) + 1);
    if (!plain)
        pl_oom();
    if (pl_base64_decode(s, PL_BASE64_STD, plain, &n, &err) < 0)
        return refuse(r, "the request's body is not in base 64");
    if (n > PL_AUTHZ_BODY_MAX)
        return refuse(r, "the request's body is too large");
    if (pl_json_parse_within(pl_str_n(plain, n), DEPTH, TREE_MAX, ret, &err) < 0)
        return refuse(r, "the request's body cannot be read, or not in one way only");
    return 0;
}

static void judge(struct reading *r, const struct pl_json *root)
{
    struct pl_str path, method = pl_json_str(pl_json_get(root, "RequestMethod"));
    struct pl_str target = pl_json_str(pl_json_get(root, "RequestUri"));
    struct pl_json *body = NULL;
    struct pl_err err = { 0 };
    r->z->kind = PL_AUTHZ_PASS;
    if (method.n == 0 || pl_engine_path(target, r->a, &path, &r->query, &err) < 0) {
        refuse(r, err.code ? err.msg : "the request has no method");
        return;
    }
    if (pl_str_ieq(method, PL_S("GET")) || pl_str_ieq(method, PL_S("HEAD")))
        return;
    for (size_t i = 0; i < PL_COUNT(routes); i++) {
        if (!matches(routes[i].path, path))
            continue;
        if (request_body(r, pl_json_get(root, "RequestBody"), &body) == 0) {
            r->body = body;
            routes[i].read(r);
        }
        pl_json_free(body);
        return;
    }
}

void pl_authz_parse(struct pl_str body, struct pl_arena *a, struct pl_authz *ret)
{
    struct pl_json *root = NULL;
    struct pl_err err = { 0 };
    struct reading r = { .a = a, .z = ret };
    *ret = (struct pl_authz){ 0 };
    if (pl_json_parse_within(body, DEPTH, TREE_MAX, &root, &err) < 0 ||
        pl_json_type(root) != PL_JSON_OBJECT) {
        refuse(&r, "the daemon's question cannot be read");
    } else {
        struct pl_str user = pl_json_str(pl_json_get(root, "User"));
        ret->user = user.p && user.n <= 4096 ? pl_dup(a, user) : PL_S("");
        r.headers = pl_json_get(root, "RequestHeaders");
        judge(&r, root);
    }
    pl_json_free(root);
    if (ret->kind == PL_AUTHZ_REFUSE)
        ret->n_images = 0;
}

void pl_authz_write(bool allow, struct pl_str why, struct pl_buf *out)
{
    struct pl_jsonw w = { .out = out };
    pl_jw_obj(&w);
    pl_jw_kbool(&w, "Allow", allow);
    pl_jw_kstr(&w, "Msg", why);
    pl_jw_kcstr(&w, "Err", "");
    pl_jw_obj_end(&w);
    pl_buf_putc(out, '\n');
}
