/* Commands and flags of the gitleaks personality as one table. secrets.md sections 2.1 and 2.2. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_COMPAT_GL_FLAGS_H
#define PL_COMPAT_GL_FLAGS_H

#include "base/err.h"
#include "base/str.h"
#include "base/vec.h"

enum pl_gl_command {
    PL_GL_CMD_NONE,
    PL_GL_CMD_GIT,
    PL_GL_CMD_DIR,
    PL_GL_CMD_STDIN,
    PL_GL_CMD_DETECT,
    PL_GL_CMD_PROTECT,
    PL_GL_CMD_VERSION,
    PL_GL_CMD_COMPLETION,
    PL_GL_CMD_HELP,
};

/* Everything that can be said on the command line; texts are views on argv, "" when not given. */
struct pl_gl_flags {
    enum pl_gl_command command;
    const char *config, *report_path, *report_format, *report_template, *baseline, *log_level;
    const char *ignore_path, *log_opts, *platform, *source, *diagnostics, *diagnostics_dir;
    int64_t exit_code, max_megabytes, redact, decode_depth, archive_depth, timeout;
    bool verbose, no_color, no_banner, ignore_allow, help, version;
    bool follow_symlinks, pre_commit, staged, no_git, pipe;
    PL_VEC(struct pl_str) rules; /* --enable-rule */
    PL_VEC(const char *) args;
};

/* Reads argv (without the program's name). PL_E_USAGE; *ret_status is the exit code that goes with
 * it (126 for an unknown flag, else 1). Release either way. */
int pl_gl_flags_parse(char **argv, struct pl_gl_flags *ret, int *ret_status, struct pl_err *err);
void pl_gl_flags_release(struct pl_gl_flags *f);
/* Prints help to stdout. */
void pl_gl_flags_help(enum pl_gl_command c);
/* Prints a completion script for bash, zsh, fish or powershell to stdout; false for another. */
bool pl_gl_flags_completion(const char *shell);

#endif
