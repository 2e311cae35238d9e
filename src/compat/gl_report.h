/* Reports of the gitleaks personality, byte for byte those of gitleaks 8.30. secrets.md section 8.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_COMPAT_GL_REPORT_H
#define PL_COMPAT_GL_REPORT_H

#include "compat/gl_detect.h"

/* Sorts by file, commit, start line, start column, rule, secret. */
void pl_gl_report_sort(pl_gl_findings *v);

/* Each appends the whole report to `out`. */
void pl_gl_report_json(struct pl_buf *out, const pl_gl_findings *v);
void pl_gl_report_csv(struct pl_buf *out, const pl_gl_findings *v);
void pl_gl_report_junit(struct pl_buf *out, const pl_gl_findings *v);
/* `c`: the rules listed. */
void pl_gl_report_sarif(struct pl_buf *out, const pl_gl_findings *v, const struct pl_gl_config *c);

/* One finding as JSON object, `prefix` in front of every line after the first, `indent` per level;
 * with `indent` NULL all on one line. */
void pl_gl_json_finding(struct pl_buf *out, const struct pl_gl_finding *f, const char *prefix,
                        const char *indent);
/* A JSON string with its quotes, escaped as Go's encoder does for HTML. */
void pl_gl_json_str(struct pl_buf *out, struct pl_str s);
/* The shortest decimal that gives the float back. */
void pl_gl_json_float(struct pl_buf *out, float v);

/* One finding as text for --verbose; with `colour` as on a terminal. */
void pl_gl_report_text(struct pl_buf *out, const struct pl_gl_finding *f, bool colour);

struct pl_gl_template; /* a parsed template */
/* Parses a Go text/template. PL_E_FORMAT, PL_E_UNSUP naming a function that is not known. Heap. */
int pl_gl_template_new(struct pl_str text, struct pl_gl_template **ret, struct pl_err *err);
/* Runs it over the findings. */
int pl_gl_template_run(const struct pl_gl_template *t, const pl_gl_findings *v, struct pl_buf *out,
                       struct pl_err *err);
void pl_gl_template_free(struct pl_gl_template *t);

#endif
