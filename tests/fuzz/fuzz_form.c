/* Addresses of pages: a query is read, written and read again; a path names a page. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "ui/form.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static void same(struct pl_str a, struct pl_str b)
{
    if (!pl_str_eq(a, b))
        abort();
}

/* What is written stands in an attribute: "&amp;" is "&" there. */
static struct pl_str plain(struct pl_arena *a, struct pl_str s)
{
    pl_auto_buf struct pl_buf b = { 0 };
    for (size_t i = 1; i < s.n; i++) { /* behind "?" */
        if (strchr("\"'<> ", s.p[i]) || s.p[i] < 32)
            abort();
        pl_buf_putc(&b, s.p[i]);
        i += s.p[i] == '&' ? strlen("amp;") : 0;
    }
    return pl_dup(a, pl_buf_str(&b));
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    struct pl_arena a = { 0 };
    struct pl_ui_form f, again;
    struct pl_err err = { 0 };
    int64_t id = 0;
    pl_auto_buf struct pl_buf out = { 0 };
    enum pl_ui_page_kind kind = pl_ui_path(pl_str_n(p, n), &id);
    if ((kind == PL_UI_IMAGE || kind == PL_UI_PACKAGES) && id <= 0)
        abort();
    int r = pl_ui_form_parse(pl_str_n(p, n), &a, &f, &err);
    if (r == 0) {
        pl_ui_form_write(&f, &out);
        /* four values of escapes may be longer than what came; then they are only written */
        if (out.n <= PL_UI_QUERY_MAX &&
            pl_ui_form_parse(plain(&a, pl_buf_str(&out)), &a, &again, &err) < 0)
            abort();
        if (out.n <= PL_UI_QUERY_MAX) {
            same(f.image, again.image);
            same(f.package, again.package);
            same(f.cve, again.cve);
            same(f.secret, again.secret);
        }
    } else if (err.code != PL_E_FORMAT && err.code != PL_E_LIMIT) {
        abort();
    }
    pl_arena_release(&a);
    return r == 0 ? 0 : -1;
}
