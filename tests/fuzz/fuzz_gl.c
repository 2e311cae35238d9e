/* The gitleaks personality: a configuration, a text and a template in one input, cut at lines of
 * "%%%%". Searching by windows must agree with searching everything. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "base/cleanup.h"
#include "compat/gl_detect_int.h"
#include "compat/gl_report.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static void no_warning(void *arg, const char *text)
{
    (void)arg;
    (void)text;
}

/* How many findings there are, and a sum over where they are. */
static uint64_t search(const struct pl_gl_config *c, struct pl_str text, struct pl_str tpl,
                       bool windows)
{
    struct pl_gl_engine *e = NULL;
    struct pl_gl_worker *w = NULL;
    struct pl_err err = { 0 };
    pl_gl_strs only = { 0 };
    struct pl_gl_detect_opts o = { .max_decode_depth = 3, .keep_lines = true, .redact = 30 };
    uint64_t sum = 0;
    if (pl_gl_engine_new(c, &only, &o, &e, &err) < 0)
        return 0;
    for (size_t i = 0; !windows && i < e->probes.n; i++)
        e->probes.p[i].shaped = false;
    struct pl_gl_fragment f = { .raw = text, .path = PL_S("dir/file.txt"), .start_line = 1 };
    if (pl_gl_worker_new(e, &w, &err) == 0 && pl_gl_worker_scan(w, &f, &err) == 0) {
        pl_gl_findings *v = pl_gl_worker_findings(w);
        struct pl_gl_template *t = NULL;
        struct pl_buf out = { .max = 1u << 24 };
        for (size_t i = 0; i < v->n; i++)
            sum += 1000003u + (uint64_t)v->p[i].start_line * 31 + (uint64_t)v->p[i].start_column;
        pl_gl_report_sort(v);
        pl_gl_report_junit(&out, v);
        pl_gl_report_sarif(&out, v, c);
        pl_gl_report_csv(&out, v);
        if (windows && pl_gl_template_new(tpl, &t, &err) == 0 &&
            pl_gl_template_run(t, v, &out, &err) < 0 && !err.msg[0])
            abort();
        pl_gl_template_free(t);
        pl_buf_release(&out);
    }
    pl_gl_worker_free(w);
    pl_gl_engine_free(e);
    return sum;
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    struct pl_str in = pl_str_n(p, n), mark = PL_S("\n%%%%\n");
    struct pl_gl_config *c = NULL;
    struct pl_gl_template *t = NULL;
    struct pl_err err = { 0 };
    if (n > 8192)
        return 0;
    size_t a = pl_str_find(in, mark, 0);
    size_t b = a == SIZE_MAX ? a : pl_str_find(in, mark, a + mark.n);
    if (b == SIZE_MAX)
        return 0;
    struct pl_str toml = pl_str_sub(in, 0, a), tpl = pl_str_sub(in, b + mark.n, SIZE_MAX);
    struct pl_str text = pl_str_sub(in, a + mark.n, b - a - mark.n);
    if (pl_str_find(toml, PL_S("xtend"), 0) != SIZE_MAX)
        return 0; /* it may name files */
    if (pl_gl_config_load(toml, PL_S(""), no_warning, NULL, &c, &err) < 0) {
        if (!err.msg[0])
            abort();
        return -1;
    }
    if (search(c, text, tpl, true) != search(c, text, tpl, false))
        abort();
    pl_gl_config_free(c);
    int code = pl_gl_template_new(tpl, &t, &err) < 0 ? -1 : 0;
    pl_gl_template_free(t);
    return code;
}
