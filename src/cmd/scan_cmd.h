/* What `scan` and `secrets` share: options, output, verdict. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_CMD_SCAN_CMD_H
#define PL_CMD_SCAN_CMD_H

#include "cmd/common.h"
#include "cmd/registry_opt.h"
#include "cmd/vuln_opt.h"
#include "scan/git.h"

struct pl_scan_cmd {
    struct pl_common common;
    struct pl_registry_cli reg;
    struct pl_vuln_cli vuln;
    struct pl_opt_list format, scanners, severity, ignore_file;
    const char *fail_on, *dockerfile, *gitlab_schema, *baseline, *from, *annotations, *store;
    const char *base_image;
    bool exit_zero, no_store, all_tags, all_repos, exclude_base;
    bool show_ignored, report_unused, strict_ignores, no_ignores;
    /* `secrets` only */
    struct pl_opt_list rev;
    const char *since, *until;
    bool unreachable, staged, working_tree;
    /* filled by the verb, not by options */
    const char *verb; /* "scan", "secrets" */
    const char *own;  /* folder whose own ignore files count; NULL = none */
};

/* clang-format off */
#define PL_SCAN_OUTPUT_OPTS(T)                                                             \
    { "format", 'f', PL_OPT_LIST, offsetof(T, format), "FORMAT[=FILE]",                    \
      "table, json, sarif, html, junit, gitlab, markdown" },                               \
    { "fail-on", 0, PL_OPT_STR, offsetof(T, fail_on), "SEVERITY",                          \
      "lowest that fails (high); none" },                                                  \
    { "severity", 0, PL_OPT_LIST, offsetof(T, severity), "LIST",                           \
      "report only these severities" },                                                    \
    { "show-secrets", 0, PL_OPT_FLAG, offsetof(T, common.show_secrets), NULL,              \
      "do not mask" },                                                                     \
    { "gitlab-schema", 0, PL_OPT_STR, offsetof(T, gitlab_schema), "VERSION",               \
      "schema of gitlab reports" },                                                        \
    { "baseline", 0, PL_OPT_STR, offsetof(T, baseline), "FILE",                            \
      "only what this saved result lacks fails" },                                         \
    { "annotations", 0, PL_OPT_STR, offsetof(T, annotations), "github",                    \
      "findings as lines that the runner shows beside the code, on stderr" },              \
    { "exit-zero", 0, PL_OPT_FLAG, offsetof(T, exit_zero), NULL, "findings do not fail" }
#define PL_SCAN_IGNORE_OPTS(T)                                                             \
    { "ignore-file", 0, PL_OPT_LIST, offsetof(T, ignore_file), "FILE",                     \
      "fingerprints that do not count" },                                                  \
    { "show-ignored", 0, PL_OPT_FLAG, offsetof(T, show_ignored), NULL,                     \
      "list what was ignored, and why" },                                                  \
    { "report-unused-ignores", 0, PL_OPT_FLAG, offsetof(T, report_unused), NULL,           \
      "list entries that matched nothing" },                                               \
    { "strict-ignores", 0, PL_OPT_FLAG, offsetof(T, strict_ignores), NULL,                 \
      "unused or unexplained entries are errors" }
/* clang-format on */

/* Runs with the options of a verb; an exit code. */
int pl_scan_cmd_run(const struct pl_scan_cmd *o, const struct pl_operands *ops);

#endif
