/* Between the files of the hadolint personality. formats/dockerfile.md sections 8.2 and 8.3. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_COMPAT_HADOLINT_H
#define PL_COMPAT_HADOLINT_H

#include "base/buf.h"
#include "base/vec.h"
#include "check/lint.h"

#define PL_HL_LIST_MAX 256u

struct pl_hl_strs {
    struct pl_str p[PL_HL_LIST_MAX];
    size_t n;
};

/* What flags, environment and configuration file set, in falling precedence merged. */
struct pl_hl_conf {
    struct pl_arena *a;
    struct pl_hl_strs ignored, trusted, level[PL_LEVEL_STYLE + 1]; /* codes moved to a level */
    struct pl_label_spec labels[PL_HL_LIST_MAX];
    size_t n_labels;
    const char *format, *config, *output, *path_in_report;
    int threshold;                                     /* enum pl_level; 0 = none; -1 not set */
    int no_fail, no_color, strict, no_pragma, verbose; /* -1 not set */
};

struct pl_hl_finding {
    struct pl_str file, code, message;
    enum pl_level level;
    uint32_t line, col;
    bool syntax; /* the file does not parse */
};
struct pl_hl_findings {
    PL_VEC(struct pl_hl_finding) v;
};

/* Reads the configuration file named, or the first one found. 0, or -1 with a message printed. */
int pl_hl_config_read(struct pl_hl_conf *c);
/* Fills from the environment (HADOLINT_…) what is not set yet. */
void pl_hl_env_read(struct pl_hl_conf *c);
/* The level called `name`: "error" … "style" give theirs, "ignore" and "none" give 0; -1: no such.
 */
int pl_hl_level(struct pl_str name);
/* "error" …; static. */
const char *pl_hl_level_name(enum pl_level l);
/* Appends all findings in `format`; false when there is no such format. */
bool pl_hl_write(const char *format, bool colour, const struct pl_hl_findings *f,
                 struct pl_buf *out);

#endif
