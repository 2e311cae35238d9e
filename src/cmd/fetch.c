/* One address over HTTP, by the rules for addresses and redirects of registry.md section 5. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/fetch.h"

#include "base/cleanup.h"
#include "cmd/common.h"
#include "io/file.h"
#include "io/http.h"

#define REDIRECTS_MAX 10

struct run {
    const struct pl_fetch *f;
    struct pl_buf ca;
    uint64_t n;
    enum pl_addr_class seen; /* of the first address */
    bool first;
};

static int judge(void *arg, enum pl_addr_class c, struct pl_err *err)
{
    struct run *x = arg;
    if (c == PL_ADDR_REFUSED || (!x->first && c > x->seen))
        return pl_fail(err, PL_E_AUTH, "%s address is refused here", pl_addr_class_name(c));
    x->seen = c;
    return 0;
}

static int data(void *arg, const void *p, size_t n, struct pl_err *err)
{
    struct run *x = arg;
    if ((x->n += n) > (uint64_t)x->f->max_gib << 30)
        return pl_fail(err, PL_E_LIMIT, "more than %u GiB", x->f->max_gib);
    return x->f->data(x->f->arg, p, n, err);
}

/* One request; 1: *url is where it leads now, 0: done. */
static int one(struct pl_http *h, struct run *x, struct pl_arena *a, struct pl_url *url,
               struct pl_err *err)
{
    struct pl_http_answer ans = { 0 };
    struct pl_http_req q = { .method = x->f->method,
                             .url = *url,
                             .judge = judge,
                             .data = data,
                             .arg = x,
                             .fields = x->f->fields,
                             .n_fields = x->f->n_fields,
                             .body = x->f->body,
                             .has_body = x->f->body.n > 0,
                             .ca_pem = pl_buf_str(&x->ca) };
    struct pl_url next;
    x->n = 0;
    int r = x->f->begin(x->f->arg, err);
    if (r == 0)
        r = pl_http_do(h, &q, &ans, err);
    struct pl_str to = r == 0 ? pl_http_field(&ans, "location") : PL_S("");
    x->first = false;
    if (r == 0 && ans.status >= 300 && ans.status < 400 && to.n && !q.has_body) {
        r = pl_url_resolve(url, to, a, &next, err);
        if (r == 0 && url->https && !next.https)
            r = pl_fail(err, PL_E_AUTH, "it leads from https to http");
        if (r == 0) {
            *url = next;
            r = 1;
        }
    } else if (r == 0 && ans.status / 100 != 2) {
        r = pl_fail(err, ans.status == 404 ? PL_E_NOENT : PL_E_NET, "status %u", ans.status);
    }
    pl_http_answer_release(&ans);
    return r;
}

int pl_fetch(struct pl_str text, const struct pl_fetch *f, struct pl_err *err)
{
    struct pl_http_opts o = { .agent = "plimsoll",
                              .connect_s = f->connect_s,
                              .stall_s = f->stall_s,
                              .cancel = pl_common_cancel() };
    struct run x = { .f = f, .ca.max = 4u << 20, .first = true };
    struct pl_arena a = { 0 };
    struct pl_http *h = NULL;
    struct pl_url url;
    int r = pl_url_parse(text, &a, &url, err);
    if (r == 0 && f->ca_file)
        r = pl_file_read(f->ca_file, &x.ca, err);
    if (r == 0)
        r = pl_http_new(&o, &h, err);
    int left = REDIRECTS_MAX;
    while (r == 0 && (r = one(h, &x, &a, &url, err)) == 1)
        r = left-- > 0 ? 0 : pl_fail(err, PL_E_LIMIT, "too many redirects");
    pl_http_free(h);
    pl_buf_release(&x.ca);
    pl_arena_release(&a);
    return r;
}
