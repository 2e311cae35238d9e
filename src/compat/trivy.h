/* Between the files of the trivy personality. formats/dockerfile.md sections 6 and 8.2. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_COMPAT_TRIVY_H
#define PL_COMPAT_TRIVY_H

#include "base/buf.h"
#include "base/vec.h"
#include "check/lint.h"

/* Severities in the peer's order, as bits of a set. */
enum pl_tv_severity { PL_TV_UNKNOWN, PL_TV_LOW, PL_TV_MEDIUM, PL_TV_HIGH, PL_TV_CRITICAL };

struct pl_tv_finding {
    const struct pl_lint_code *code;
    struct pl_str message; /* ours */
    enum pl_tv_severity severity;
    uint32_t line, end_line;
    struct pl_str *lines; /* the source from `line` to `end_line` */
    size_t n_lines;
};

struct pl_tv_file {
    struct pl_str name;
    PL_VEC(struct pl_tv_finding) v;
    size_t passed; /* checks that found nothing */
};
struct pl_tv_files {
    PL_VEC(struct pl_tv_file *) v;
};

/* "LOW" …; static. */
const char *pl_tv_severity_name(enum pl_tv_severity s);
/* The severity that trivy gives a code. */
enum pl_tv_severity pl_tv_severity_of(const struct pl_lint_code *c);
/* Appends the result as "json" or "table"; `artifact` is the path that was given. */
void pl_tv_write_json(struct pl_str artifact, const struct pl_tv_files *f, struct pl_buf *out);
void pl_tv_write_table(const struct pl_tv_files *f, struct pl_buf *out);

/* Codes to leave out, from .trivyignore or .trivyignore.yaml. */
struct pl_tv_ignore {
    struct pl_str code, path; /* path: empty for all files */
};
struct pl_tv_ignores {
    struct pl_arena *a;
    struct pl_str today;
    PL_VEC(struct pl_tv_ignore) v;
};
/* Reads one; the name tells the form. PL_E_USAGE, PL_E_FORMAT. */
int pl_tv_ignores_read(struct pl_tv_ignores *g, const char *path, struct pl_err *err);
/* Is the code left out in this file? */
bool pl_tv_ignored(const struct pl_tv_ignores *g, const char *code, struct pl_str path);

#endif
