/* A Dockerfile: parser, plan, shell, every check, repairs; what the parser takes is dumped. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "check/fix.h"
#include "check/lint.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

#define SUM "0000000000000000000000000000000000000000000000000000000000000001"

static struct pl_str digest(void *arg, struct pl_str image)
{
    (void)arg;
    return image.n ? PL_S("sha256:" SUM) : PL_S("");
}

static struct pl_str checksum(void *arg, struct pl_str url)
{
    (void)arg;
    return url.n ? PL_S(SUM) : PL_S("");
}

static bool https(void *arg, struct pl_str url)
{
    (void)arg;
    return url.n > 0;
}

static struct pl_str version(void *arg, const char *manager, struct pl_str package)
{
    (void)arg;
    (void)manager;
    return package.n ? PL_S("1") : PL_S("");
}

static const struct pl_lint_source source = { NULL, digest, checksum, https, version };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct pl_arena a = { 0 };
    struct pl_lint_opts o = { .today = PL_S("2026-11-22"), .source = &source };
    struct pl_lint_result r;
    struct pl_err err = { 0 };
    struct pl_str text = pl_str_n(data, n);
    int ret = pl_lint_file(&a, text, &o, &r, &err);
    bool bad = ret < 0;
    if (ret == 0) {
        struct pl_buf out = { 0 };
        uint32_t line, col;
        pl_df_dump(&r.file, &out);
        pl_buf_release(&out);
        bad = !r.parsed;
        for (size_t i = 0; i < r.n_hits; i++) {
            if (r.hits[i].off > n || r.hits[i].end > n || r.hits[i].end < r.hits[i].off)
                pl_bug("a finding outside of the file");
            pl_df_place(&r.file, r.hits[i].off, &line, &col);
        }
        struct pl_str after;
        if (n < 1024 && pl_fix_apply(&a, text, &o, PL_FIX_UNSAFE, &after, NULL, &err) == 0)
            pl_fix_diff(PL_S("f"), text, after, &out);
        pl_buf_release(&out);
    }
    pl_arena_release(&a);
    return bad ? -1 : 0;
}
