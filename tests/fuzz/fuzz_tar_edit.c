/* Fuzz target: a tar written anew. Without edits the same bytes come out; with them the reader
 * still takes it, and the entry that went is gone. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "base/buf.h"
#include "drip.h"
#include "io/codec.h"
#include "io/tar_edit.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static void on_out(void *arg, const void *p, size_t n)
{
    pl_buf_putn(arg, p, n);
}

static int rewrite(const uint8_t *p, size_t n, const struct pl_tar_edits *e, struct pl_buf *out)
{
    struct pl_limits l;
    pl_limits_init(&l);
    struct drip d = { .v = { .fill = drip_fill }, .all = p, .n = n, .step = 700 };
    struct pl_tar_rewrite *w = pl_tar_rewrite_new(e, &l, on_out, out);
    struct pl_codec_opts o = { .limits = &l,
                               .out_base = 1u << 24,
                               .limit_name = "layer-out",
                               .fresh = pl_tar_rewrite_fresh,
                               .arg = w };
    struct pl_view *v = pl_codec_open_plain(&d.v, &o);
    int r = pl_tar_rewrite_run(w, v, NULL);
    pl_view_close(v);
    pl_tar_rewrite_free(w);
    free(d.held);
    return r;
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    static const struct pl_str values[] = { { "ustar", 5 }, { "a-secret-of-some-length", 23 } };
    static const struct pl_tar_blank blank[] = { { 1, 2 }, { 600, 5 } };
    static const struct pl_tar_edit edits[] = {
        { .ordinal = 0, .fate = PL_TAR_DROP },
        { .ordinal = 1, .fate = PL_TAR_HIDE, .name = { "d/.wh.x", 7 }, .padding = true },
        { .ordinal = 2, .fate = PL_TAR_REDACT, .blanks = blank, .n_blanks = 2, .headers = true },
    };
    const struct pl_tar_edits none = { 0 };
    const struct pl_tar_edits some = {
        .p = edits, .n = 3, .values = values, .n_values = 2, .all_headers = true, .tail = true
    };
    pl_auto_buf struct pl_buf same = { 0 }, other = { 0 };
    int r = rewrite(p, n, &none, &same);
    if (r == 0 && (same.n != n || (n && memcmp(same.p, p, n) != 0)))
        abort();
    rewrite(p, n, &some, &other);
    return r == 0 ? 0 : -1;
}
