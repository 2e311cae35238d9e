/* Text from targets, made harmless for one kind of reader. Controls become \x1b, bidi marks and
 * other characters that do not show \u202e, invalid bytes \xff; then what the context demands.
 * ux.md section 1, hazards.md H23. JSON is fmt/jsonw.h. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_REPORT_ESCAPE_H
#define PL_REPORT_ESCAPE_H

#include "base/buf.h"

enum pl_esc {
    PL_ESC_TERM,    /* a terminal or log; nor can it begin a command to a CI runner */
    PL_ESC_HTML,    /* text and quoted attribute values, HTML and XML 1.0 alike */
    PL_ESC_MD_CODE, /* a Markdown code span, backquotes included in what is appended */
    PL_ESC_MD_TEXT, /* running Markdown text: punctuation behind backslashes */
    PL_ESC_SARIF,   /* SARIF plain message: brackets, which would make links, behind backslashes */
};

/* Appends `s` for the context `how`. */
void pl_esc(struct pl_buf *out, enum pl_esc how, struct pl_str s);
/* As pl_esc; a value that would show more than `max` characters (at least 8) loses its middle:
 * "begin…end". 0 = no limit. */
void pl_esc_cut(struct pl_buf *out, enum pl_esc how, struct pl_str s, size_t max);
/* Characters that pl_esc(PL_ESC_TERM) shows of `s`, counting at most `most`. */
size_t pl_esc_width(struct pl_str s, size_t most);
/* Appends `s` as a relative URI reference: every byte but unreserved ones and "/" as %XX. */
void pl_esc_uri(struct pl_buf *out, struct pl_str s);

#endif
