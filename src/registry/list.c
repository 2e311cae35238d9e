/* Lists: tags, repositories, referrers. Pages are followed on the same host, a bounded number of
 * times, none twice. registry.md sections 6 and 10. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "base/map.h"
#include "fmt/json.h"
#include "oci/reference.h"
#include "registry/link.h"
#include "registry/registry_int.h"

#define REFERRER_PAGES 20u
#define LIST_PAGES 10000u
#define LIST_NAMES 1000000u
#define PAGE_MAX PL_MIB(4)

/* Called with each page's body; *count adds up over pages. */
typedef int page_fn(void *arg, const struct pl_http_answer *ans, struct pl_err *err);

struct pages {
    struct pl_endpoint *e;
    struct pl_str repo, scope, accept;
    struct pl_str first; /* path */
    unsigned max;
    page_fn *fn;
    void *arg;
    unsigned seen;
    unsigned status; /* of the first page when it is not 200 */
};

/* The next page, if there is one: on the same host only. */
static int next_page(struct pages *p, const struct pl_call *c, const struct pl_http_answer *ans,
                     struct pl_arena *a, struct pl_map *seen, struct pl_url *ret, bool *ret_more,
                     struct pl_err *err)
{
    struct pl_str target;
    *ret_more = false;
    if (!pl_link_next(pl_http_field(ans, "link"), &target))
        return 0;
    int r = pl_url_resolve(&c->at, target, a, ret, err);
    if (r < 0)
        return pl_wrap(err, "the link to the next page");
    if (!pl_url_same_origin(ret, &p->e->base))
        return pl_fail(err, PL_E_AUTH, "the next page is at another host, '%.*s': refused",
                       PL_FMT(ret->host));
    void **mark = pl_map_put(seen, ret->target);
    if (*mark)
        return pl_fail(err, PL_E_FORMAT, "a list's pages go round in a circle");
    *mark = p;
    *ret_more = true;
    return 0;
}

static struct pl_call page_call(const struct pages *p, const struct pl_url *next)
{
    return (struct pl_call){ .method = "GET",
                             .path = p->first,
                             .url = next,
                             .repo = p->repo,
                             .scope = p->scope,
                             .accept = p->accept,
                             .keep = PAGE_MAX };
}

static int walk(struct pages *p, struct pl_err *err)
{
    struct pl_arena a = { 0 };
    struct pl_map seen = { .a = &a };
    struct pl_url next = { 0 };
    bool more = true;
    int r = 0;
    *pl_map_put(&seen, p->first) = p;
    for (p->seen = 0; more && r == 0; p->seen++) {
        struct pl_call c = page_call(p, p->seen ? &next : NULL);
        struct pl_http_answer ans;
        if (p->seen == p->max) {
            r = pl_fail(err, PL_E_LIMIT, "a list of more than %u pages", p->max);
            break;
        }
        r = pl_call(p->e, &c, &ans, err);
        if (r == 0 && ans.status != 200) {
            p->status = p->seen ? 0 : ans.status;
            r = pl_status_fail(p->e, &ans, "the list", err);
        }
        if (r == 0)
            r = p->fn(p->arg, &ans, err);
        if (r == 0)
            r = next_page(p, &c, &ans, &a, &seen, &next, &more, err);
        pl_http_answer_release(&ans);
    }
    pl_map_release(&seen);
    pl_arena_release(&a);
    return r;
}

/* ------------------------------------------------------------------ names */

struct names {
    const char *key;
    bool tags;
    pl_registry_name_fn *fn;
    void *arg;
    size_t n;
    struct pl_map seen;
};

/* A name is checked with the parser of references before it goes into any path. */
static bool is_name(const struct names *x, struct pl_str s)
{
    struct pl_arena a = { 0 };
    struct pl_reference ref;
    bool good = s.n && s.n < 256 && !memchr(s.p, 0, s.n) && !memchr(s.p, '@', s.n) &&
                !memchr(s.p, ':', s.n) && (x->tags ? !memchr(s.p, '/', s.n) : true);
    struct pl_str text =
        x->tags ? pl_printf(&a, "x:%.*s", PL_FMT(s)) : pl_printf(&a, "x.y/%.*s", PL_FMT(s));
    good = good && pl_reference_parse(text, &ref, NULL) == 0;
    pl_arena_release(&a);
    return good;
}

static int names_of(struct names *x, const struct pl_json *list, struct pl_err *err)
{
    for (size_t i = 0; i < pl_json_len(list); i++) {
        struct pl_str s = pl_json_str(pl_json_at(list, i));
        if (!is_name(x, s))
            return pl_fail(err, PL_E_FORMAT, "the list holds what is no name of a %s",
                           x->tags ? "tag" : "repository");
        void **mark = pl_map_put(&x->seen, s);
        if (*mark)
            continue;
        *mark = x;
        if (++x->n > LIST_NAMES)
            return pl_fail(err, PL_E_LIMIT, "a list of more than %u names", LIST_NAMES);
        int r = x->fn(x->arg, s, err);
        if (r < 0)
            return r;
    }
    return 0;
}

static int name_page(void *arg, const struct pl_http_answer *ans, struct pl_err *err)
{
    struct names *x = arg;
    struct pl_json *root;
    int r = pl_json_parse(pl_buf_str(&ans->body), 16, &root, err);
    if (r < 0)
        return pl_wrap(err, "the list");
    const struct pl_json *list = pl_json_get(root, x->key);
    if (list && pl_json_type(list) != PL_JSON_ARRAY && pl_json_type(list) != PL_JSON_NULL)
        r = pl_fail(err, PL_E_FORMAT, "the list is no list");
    else if (!list && pl_json_type(root) != PL_JSON_OBJECT)
        r = pl_fail(err, PL_E_FORMAT, "the list is no list");
    else
        r = names_of(x, list, err);
    pl_json_free(root);
    return r;
}

static int list_names(struct pl_registry *r, struct pages *p, struct names *x, struct pl_err *err)
{
    struct pl_arena a = { 0 };
    p->e = r->ends.p[r->ends.n - 1]; /* a mirror need not know all */
    p->max = LIST_PAGES;
    p->fn = name_page;
    p->arg = x;
    x->seen.a = &a;
    int e = walk(p, err);
    pl_map_release(&x->seen);
    pl_arena_release(&a);
    return e;
}

int pl_registry_tags(struct pl_registry *r, struct pl_str repo, pl_registry_name_fn *fn, void *arg,
                     struct pl_err *err)
{
    struct pl_arena a = { 0 };
    struct names x = { .key = "tags", .tags = true, .fn = fn, .arg = arg };
    const struct pl_endpoint *e = r->ends.p[r->ends.n - 1];
    struct pl_str there = pl_printf(&a, "%.*s%.*s", PL_FMT(e->repos), PL_FMT(repo));
    struct pages p = { .repo = repo, .scope = pl_scope(&a, there, "pull") };
    p.first = pl_printf(&a, "/v2/%.*s/tags/list", PL_FMT(there));
    int x2 = pl_config_allowed(r, repo, err);
    if (x2 == 0)
        x2 = list_names(r, &p, &x, err);
    pl_arena_release(&a);
    return x2;
}

int pl_registry_catalog(struct pl_registry *r, pl_registry_name_fn *fn, void *arg,
                        struct pl_err *err)
{
    struct names x = { .key = "repositories", .fn = fn, .arg = arg };
    struct pages p = { .repo = PL_S(""), .scope = PL_S(""), .first = PL_S("/v2/_catalog") };
    return list_names(r, &p, &x, err);
}

/* ------------------------------------------------------------------ referrers */

struct referrers {
    pl_registry_sink *page;
    void *arg;
};

static int referrer_page(void *arg, const struct pl_http_answer *ans, struct pl_err *err)
{
    struct referrers *x = arg;
    return x->page(x->arg, ans->body.p, ans->body.n, err);
}

struct pl_str pl_referrers_tag(struct pl_arena *a, const struct pl_digest *d)
{
    struct pl_str text = pl_digest_text(a, d);
    size_t colon = pl_str_find(text, PL_S(":"), 0);
    return pl_printf(a, "%.*s-%.*s", PL_FMT(pl_str_sub(text, 0, colon)),
                     PL_FMT(pl_str_sub(text, colon + 1, 64)));
}

static int fallback(struct pl_registry *r, struct pl_str repo, const struct pl_digest *subject,
                    const struct referrers *x, struct pl_err *err)
{
    struct pl_arena a = { 0 };
    struct pl_manifest m;
    int e = pl_registry_tagged(r, repo, pl_referrers_tag(&a, subject), &a, &m, err);
    if (e == PL_E_NOENT)
        e = 0;
    else if (e == 0)
        e = x->page(x->arg, m.bytes.p, m.bytes.n, err);
    pl_arena_release(&a);
    return e;
}

static struct pages referrers_pages(struct pl_endpoint *e, struct pl_str repo,
                                    const struct pl_digest *subject, struct pl_arena *a)
{
    struct pl_str there = pl_printf(a, "%.*s%.*s", PL_FMT(e->repos), PL_FMT(repo));
    return (struct pages){ .e = e,
                           .repo = repo,
                           .scope = pl_scope(a, there, "pull"),
                           .accept = PL_S("application/vnd.oci.image.index.v1+json"),
                           .first = pl_printf(a, "/v2/%.*s/referrers/%.*s", PL_FMT(there),
                                              PL_FMT(pl_digest_text(a, subject))),
                           .max = REFERRER_PAGES,
                           .fn = referrer_page };
}

void pl_registry_soon_referrers(struct pl_registry *r, struct pl_str repo,
                                const struct pl_digest *subject)
{
    struct pl_arena a = { 0 };
    struct pages p = referrers_pages(r->ends.p[r->ends.n - 1], repo, subject, &a);
    struct pl_call c = page_call(&p, NULL);
    pl_call_ahead(p.e, &c);
    pl_arena_release(&a);
}

/* *ret_none: no such API, or none that speaks of this. */
static int by_api(struct pl_registry *r, struct pl_str repo, const struct pl_digest *subject,
                  struct pl_str artifact_type, const struct referrers *x, bool *ret_none,
                  struct pl_err *err)
{
    struct pl_arena a = { 0 };
    struct pages p = referrers_pages(r->ends.p[r->ends.n - 1], repo, subject, &a);
    struct pl_url path = { .target = p.first };
    p.arg = (void *)(uintptr_t)x;
    if (artifact_type.n)
        path = pl_url_with(&a, path, "artifactType", artifact_type);
    p.first = path.target;
    int ret = walk(&p, err);
    *ret_none =
        ret < 0 && (p.status == 404 || p.status == 405 || p.status == 400 || p.status == 501);
    pl_arena_release(&a);
    return *ret_none ? 0 : ret;
}

int pl_registry_referrers_at(struct pl_registry *r, struct pl_str repo,
                             const struct pl_digest *subject, bool by_tag, pl_registry_sink *page,
                             void *arg, bool *ret_none, struct pl_err *err)
{
    struct referrers x = { page, arg };
    *ret_none = false;
    return by_tag ? fallback(r, repo, subject, &x, err)
                  : by_api(r, repo, subject, PL_S(""), &x, ret_none, err);
}

int pl_registry_referrers(struct pl_registry *r, struct pl_str repo,
                          const struct pl_digest *subject, struct pl_str artifact_type,
                          pl_registry_sink *page, void *arg, struct pl_err *err)
{
    struct referrers x = { page, arg };
    bool none;
    int ret = by_api(r, repo, subject, artifact_type, &x, &none, err);
    return ret == 0 && none ? fallback(r, repo, subject, &x, err) : ret;
}
