/* One address over HTTP, for repairs. formats/dockerfile.md section 9.1. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/lint_fetch.h"

#include "base/cleanup.h"
#include "base/hash.h"
#include "cmd/common.h"
#include "io/http.h"

#define BYTES_MAX ((uint64_t)1 << 30)
#define REDIRECTS_MAX 10

struct fetch {
    struct pl_hash *sum;
    uint64_t n;
    enum pl_addr_class seen; /* of the first address */
    bool first;
};

static int judge(void *arg, enum pl_addr_class c, struct pl_err *err)
{
    struct fetch *f = arg;
    if (c == PL_ADDR_REFUSED || (!f->first && c > f->seen))
        return pl_fail(err, PL_E_AUTH, "%s address is refused here", pl_addr_class_name(c));
    f->seen = c;
    return 0;
}

static int data(void *arg, const void *p, size_t n, struct pl_err *err)
{
    struct fetch *f = arg;
    if ((f->n += n) > BYTES_MAX)
        return pl_fail(err, PL_E_LIMIT, "more than 1 GiB");
    pl_hash_add(f->sum, p, n);
    return 0;
}

/* The request with its redirects; 0 when the last answer is a success. */
static int get(struct fetch *f, const char *method, struct pl_str text, const char *ca_file,
               struct pl_err *err)
{
    struct pl_http_opts o = {
        .agent = "plimsoll", .connect_s = 5, .stall_s = 15, .cancel = pl_common_cancel()
    };
    struct pl_arena a = { 0 };
    pl_auto_buf struct pl_buf ca = { .max = 4u << 20 };
    struct pl_http *h = NULL;
    struct pl_url url;
    int r = pl_url_parse(text, &a, &url, err);
    if (r == 0 && ca_file)
        r = pl_common_read(ca_file, &ca, err);
    if (r == 0)
        r = pl_http_new(&o, &h, err);
    f->first = true;
    for (int i = 0; r == 0; i++) {
        struct pl_http_answer ans = { 0 };
        struct pl_http_req q = { .method = method,
                                 .url = url,
                                 .judge = judge,
                                 .data = data,
                                 .arg = f,
                                 .ca_pem = pl_buf_str(&ca) };
        pl_hash_reset(f->sum);
        f->n = 0;
        r = pl_http_do(h, &q, &ans, err);
        f->first = false;
        struct pl_str to = r == 0 ? pl_http_field(&ans, "location") : PL_S("");
        bool again = r == 0 && ans.status >= 300 && ans.status < 400 && to.n;
        struct pl_url next;
        if (again && i >= REDIRECTS_MAX)
            r = pl_fail(err, PL_E_LIMIT, "too many redirects");
        else if (again)
            r = pl_url_resolve(&url, to, &a, &next, err);
        else if (r == 0 && ans.status / 100 != 2)
            r = pl_fail(err, PL_E_NET, "status %u", ans.status);
        if (r == 0 && again && url.https && !next.https)
            r = pl_fail(err, PL_E_AUTH, "it leads from https to http");
        pl_http_answer_release(&ans);
        if (r < 0 || !again)
            break;
        url = next;
    }
    pl_http_free(h);
    pl_arena_release(&a);
    return r;
}

int pl_lint_fetch_sum(struct pl_str url, const char *ca_file, char ret[65], struct pl_err *err)
{
    struct fetch f = { .sum = pl_hash_new(PL_HASH_SHA256) };
    uint8_t d[32];
    int r = get(&f, "GET", url, ca_file, err);
    pl_hash_end(f.sum, d);
    pl_hash_free(f.sum);
    pl_hex(d, 32, ret);
    return r;
}

bool pl_lint_fetch_https(struct pl_str url, const char *ca_file)
{
    struct fetch f = { .sum = pl_hash_new(PL_HASH_SHA256) };
    struct pl_arena a = { 0 };
    struct pl_str text = pl_printf(&a, "https%.*s", (int)(url.n - 4), url.p + 4);
    int r = get(&f, "HEAD", text, ca_file, NULL);
    pl_hash_free(f.sum);
    pl_arena_release(&a);
    return r == 0;
}
