/* What other pages take of the HTML report: its style, and the section of one target. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_REPORT_HTML_H
#define PL_REPORT_HTML_H

#include "report/writer.h"

/* The style sheet, embedded by the build from src/report/html/. */
extern const char pl_html_css[];
extern const size_t pl_html_css_len;

/* Appends the section of the first target of `r`, as the report has it, for a page without script:
 * what it is, the timeline of its layers, the findings, at most `max` blocks of them and the worst
 * first. All foreign text is escaped. Returns how many blocks were left out. */
size_t pl_html_target(const struct pl_report *r, const struct pl_report_opts *o, size_t max,
                      struct pl_buf *out);

#endif
