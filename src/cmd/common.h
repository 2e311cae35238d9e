/* What the verbs that read targets share: engine options, output files, progress, version. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_CMD_COMMON_H
#define PL_CMD_COMMON_H

#include "cmd/command.h"
#include "report/writer.h"
#include "scan/scan.h"

/* Options of every verb that reads targets; embed as first member `common`. */
struct pl_common {
    struct pl_opt_list platform, limit, rules;
    const char *sandbox, *color; /* sandbox: else PLIMSOLL_SANDBOX */
    uint32_t threads;
    bool quiet, offline, show_secrets, no_config;
    /* filled by the verb */
    bool marks;                     /* markers beside a secret count */
    bool no_inventory;              /* packages are not asked for */
    const struct pl_git_scope *git; /* what of git: targets is read; NULL = all refs */
    struct pl_str salt;             /* of fingerprints of sources */
    unsigned kinds;                 /* findings about how an image runs: 1 << enum pl_kind */
    bool lockfiles; /* what lock files say counts in images, too; filled by the verb */
};

/* clang-format off */
#define PL_COMMON_OPTS(T)                                                                  \
    { "platform", 0, PL_OPT_LIST, offsetof(T, common.platform), "OS/ARCH",                 \
      "read only these platforms (repeatable)" },                                          \
    { "rules", 0, PL_OPT_LIST, offsetof(T, common.rules), "FILE",                          \
      "further secret rules (TOML)" },                                                     \
    { "limit", 0, PL_OPT_LIST, offsetof(T, common.limit), "NAME=VALUE",                    \
      "change a limit, as in nested-depth=4" },                                            \
    { "sandbox", 0, PL_OPT_STR, offsetof(T, common.sandbox), "MODE",                       \
      "auto, require or off" },                                                            \
    { "threads", 0, PL_OPT_UINT, offsetof(T, common.threads), "N", "worker processes" },   \
    { "offline", 0, PL_OPT_FLAG, offsetof(T, common.offline), NULL,                        \
      "make any network call an error" },                                                  \
    { "no-config", 0, PL_OPT_FLAG, offsetof(T, common.no_config), NULL,                    \
      "read no configuration file" },                                                      \
    { "color", 0, PL_OPT_STR, offsetof(T, common.color), "WHEN",                           \
      "auto, always or never" },                                                           \
    { "quiet", 'q', PL_OPT_FLAG, offsetof(T, common.quiet), NULL, "no progress, no notes" }
/* clang-format on */

/* A run made ready: engine, rules, platforms, progress line. */
struct pl_run {
    struct pl_scan_opts o;
    struct pl_rules *rules;
    struct pl_scan *scan;
    struct pl_platform platforms[16];
    bool progress;
};

/* Prepares from the options. Prints what is wrong and returns an exit code, or 0. */
int pl_run_begin(struct pl_run *r, const struct pl_common *c, bool secrets);
/* Ends the workers, clears the progress line. */
void pl_run_end(struct pl_run *r);

/* Set when a signal wants the run to end; from the first call on signals are caught. */
const volatile sig_atomic_t *pl_common_cancel(void);

/* The built-in rules with those of --rules. Heap. */
int pl_common_rules(const struct pl_common *c, struct pl_rules **ret, struct pl_err *err);

/* The exit code of a failed call of the engine; prints "plimsoll VERB: message". */
int pl_run_failed(const char *verb, const struct pl_err *err);

/* Should results on `fd` be coloured, by --color, NO_COLOR, CLICOLOR_FORCE, TERM? PL_E_USAGE for a
 * wrong word in `when`. */
int pl_common_colour(const char *when, int fd, bool *ret, struct pl_err *err);
/* Columns of the terminal on `fd`, 0 when it is none. */
unsigned pl_common_width(int fd);

/* Writes `text` to `path` ("-" = stdout) whole or not at all: a new file beside it, then a rename.
 * A closed pipe on stdout is no error. */
int pl_common_write(const char *path, struct pl_str text, struct pl_err *err);
/* Writes to standard output; as above. */
int pl_common_print(struct pl_str text, struct pl_err *err);

/* `plimsoll --version [--verbose]`; an exit code. */
int pl_common_version(char **argv);
/* `plimsoll --self-test`: every rule against its samples, on this machine with this build. An exit
 * code. */
int pl_common_selftest(void);

#endif
