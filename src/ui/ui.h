/* Pages of the fleet: what a store holds, for people, read only. A path and the query of a form in,
 * an HTML page out; no HTTP, no threads, no clock but for the deadline. fleet.md section 4, ux.md
 * section 3. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_UI_UI_H
#define PL_UI_UI_H

#include "base/buf.h"
#include "model/store.h"

#define PL_UI_HTML "text/html; charset=utf-8"
#define PL_UI_CSS "text/css; charset=utf-8"
/* What every page is to be sent with, as value of Content-Security-Policy: nothing but our own
 * style, forms that come back to us. */
#define PL_UI_POLICY                                                              \
    "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; " \
    "frame-ancestors 'none'; img-src 'none'; script-src 'none'; object-src 'none'"

struct pl_ui_ask {
    struct pl_str path;  /* decoded */
    struct pl_str query; /* as it came, without "?" */
    int64_t deadline_ms; /* of the monotonic clock */
};

struct pl_ui_answer {
    unsigned status;
    const char *type; /* a constant */
    struct pl_buf body;
};

/* Does this page need no store? Then pl_ui_page takes NULL for it. */
bool pl_ui_is_plain(struct pl_str path);
/* Makes the page. 0: *ret is an answer, be it that there is no such page. Negative: the store does
 * not answer, is damaged, or the deadline has passed (PL_E_LIMIT); pl_ui_trouble makes the page of
 * that. Release ret->body either way. */
int pl_ui_page(struct pl_store *s, const struct pl_ui_ask *ask, struct pl_ui_answer *ret,
               struct pl_err *err);
/* A page that says why there is none; `status` as in HTTP. What is in `why` may be foreign. */
void pl_ui_trouble(unsigned status, const char *title, struct pl_str why, struct pl_ui_answer *ret);

#endif
