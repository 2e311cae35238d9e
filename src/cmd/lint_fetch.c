/* One address over HTTP, for repairs. formats/dockerfile.md section 9.1. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/lint_fetch.h"

#include "base/arena.h"
#include "base/hash.h"
#include "cmd/fetch.h"

static int begin(void *arg, struct pl_err *err)
{
    (void)err;
    pl_hash_reset(arg);
    return 0;
}

static int data(void *arg, const void *p, size_t n, struct pl_err *err)
{
    (void)err;
    pl_hash_add(arg, p, n);
    return 0;
}

static int get(struct pl_hash *sum, const char *method, struct pl_str url, const char *ca_file,
               struct pl_err *err)
{
    const struct pl_fetch f = { .method = method,
                                .ca_file = ca_file,
                                .connect_s = 5,
                                .stall_s = 15,
                                .max_gib = 1,
                                .begin = begin,
                                .data = data,
                                .arg = sum };
    return pl_fetch(url, &f, err);
}

int pl_lint_fetch_sum(struct pl_str url, const char *ca_file, char ret[65], struct pl_err *err)
{
    struct pl_hash *sum = pl_hash_new(PL_HASH_SHA256);
    uint8_t d[32];
    int r = get(sum, "GET", url, ca_file, err);
    pl_hash_end(sum, d);
    pl_hash_free(sum);
    pl_hex(d, 32, ret);
    return r;
}

bool pl_lint_fetch_https(struct pl_str url, const char *ca_file)
{
    struct pl_hash *sum = pl_hash_new(PL_HASH_SHA256);
    struct pl_arena a = { 0 };
    struct pl_str text = pl_printf(&a, "https%.*s", (int)(url.n - 4), url.p + 4);
    int r = get(sum, "HEAD", text, ca_file, NULL);
    pl_hash_free(sum);
    pl_arena_release(&a);
    return r == 0;
}
