/* What a request for a page asks: the path, and the query of an HTML form
 * (application/x-www-form-urlencoded, WHATWG URL section 5.1), read from hostile bytes. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_UI_FORM_H
#define PL_UI_FORM_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"

#define PL_UI_QUERY_MAX ((size_t)8 << 10) /* bytes of a query, as it comes */
#define PL_UI_VALUE_MAX ((size_t)512)     /* bytes of one value, decoded */

struct pl_ui_form {
    struct pl_str image, package, cve, secret; /* trimmed; empty: not asked for */
    uint64_t after;                            /* where a further page begins; 0: the first */
};

/* Reads `query` (without "?"), text in `a`. Keys it does not know are passed over. PL_E_FORMAT: a
 * broken escape, NUL, one key twice, a number that is none; PL_E_LIMIT: too long. */
int pl_ui_form_parse(struct pl_str query, struct pl_arena *a, struct pl_ui_form *ret,
                     struct pl_err *err);
/* Appends "?key=value&…" for what `f` asks, in a form that pl_ui_form_parse reads back; nothing for
 * an empty one. Harmless within a quoted attribute. */
void pl_ui_form_write(const struct pl_ui_form *f, struct pl_buf *out);
/* Is anything asked for, the place in a list aside? */
bool pl_ui_form_asks(const struct pl_ui_form *f);

enum pl_ui_page_kind {
    PL_UI_FLEET,    /* "/" */
    PL_UI_IMAGE,    /* "/image/N" */
    PL_UI_PACKAGES, /* "/image/N/packages" */
    PL_UI_STYLE,    /* "/style.css" */
    PL_UI_NONE,
};
/* Which page `path` (decoded) names; *ret_id is the image's number. */
enum pl_ui_page_kind pl_ui_path(struct pl_str path, int64_t *ret_id);

#endif
