/* The configuration file as lint reads it: .plimsoll.toml. ux.md section 4. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_CMD_LINT_CONFIG_H
#define PL_CMD_LINT_CONFIG_H

#include "base/vec.h"
#include "check/lint.h"

struct pl_lint_ignore {
    struct pl_str rule, path, print, until; /* all given ones must match */
};
struct pl_lint_level {
    struct pl_str rule;
    bool off;
    enum pl_severity severity;
};

struct pl_lint_config {
    struct pl_arena *a;  /* set before use; holds all text */
    struct pl_str path;  /* of the file; empty when there was none */
    struct pl_str rules; /* the rule set that is pinned, "2026.11"; empty: none */
    struct pl_str fail_on;
    PL_VEC(struct pl_lint_ignore) ignore;
    PL_VEC(struct pl_lint_level) level;
    PL_VEC(struct pl_str) trusted;
};

/* Finds and reads the nearest file: from the working directory upwards to the repository root, then
 * the user's, then the system's. 0 also when there is none; PL_E_USAGE, PL_E_FORMAT name file and
 * line. */
int pl_lint_config_read(struct pl_lint_config *c, struct pl_err *err);
/* Is a finding of rule or code `h` in `path` left out? `today` is "2026-11-22". */
bool pl_lint_config_hides(const struct pl_lint_config *c, const struct pl_lint_hit *h,
                          struct pl_str path, struct pl_str print, struct pl_str today);
/* Sets the severity that the file gives; false when the rule is off. */
bool pl_lint_config_level(const struct pl_lint_config *c, const struct pl_lint_hit *h,
                          enum pl_severity *severity);
/* Is the rule newer than the rule set that is pinned? */
bool pl_lint_config_preview(const struct pl_lint_config *c, enum pl_rule_id rule);
void pl_lint_config_release(struct pl_lint_config *c);

#endif
