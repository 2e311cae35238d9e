/* Between the files of the verb lint: one run, its options and what it gathers. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_CMD_LINT_RUN_H
#define PL_CMD_LINT_RUN_H

#include "base/map.h"
#include "check/deploy/deploy.h"
#include "check/fix.h"
#include "check/image/advice.h"
#include "check/lint.h"
#include "cmd/common.h"
#include "cmd/lint_config.h"
#include "cmd/lint_source.h"
#include "secret/secret.h"

#define LINT_ARGS_MAX 64
#define LINT_ADVICE_MAX 100u

struct pl_lint_cli {
    struct pl_opt_list format, build_arg, only, trusted, layout, plain_http, image;
    const char *dialect, *fail_on, *fix, *color, *context, *lock, *write_lock, *ca_file, *rules;
    bool diff, dump, quiet, exit_zero, no_config, offline;
};

struct pl_lint_output {
    const struct pl_writer *writer;
    const char *path;
};

/* The advice for an image that manifests name; read when the first of them does. */
struct pl_lint_image {
    struct pl_str name, target;
    const struct pl_advice *advice;
    bool read, failed;
};

struct pl_lint_run {
    const struct pl_lint_cli *o;
    struct pl_arena *a;      /* of the report */
    struct pl_arena scratch; /* of one file */
    struct pl_report report;
    struct pl_lint_opts lo;
    struct pl_df_build_arg args[LINT_ARGS_MAX];
    struct pl_str trusted[LINT_ARGS_MAX];
    struct pl_lint_output out[16];
    size_t n_out;
    struct pl_report_opts ro;
    enum pl_fix_class fix;
    struct pl_lint_from *from;
    struct pl_lint_source_opts from_opts;
    struct pl_rules *secrets; /* made when the first value is judged */
    struct pl_matcher *matcher;
    struct pl_map values;         /* of the file at hand: which are secrets; keys in `scratch` */
    size_t mended[PL_RULE_COUNT]; /* repairs made, by rule */
    size_t mended_deploy[PL_DEPLOY_RULE_COUNT];
    struct pl_str looked_at; /* the context that `credentials` is of */
    struct pl_names credentials;
    struct pl_str dir;      /* the build context of the file at hand */
    struct pl_names advice; /* what the repairs of one file ask for */
    struct pl_lint_config config;
    size_t preview; /* findings of rules newer than the pinned set */
    struct pl_lint_image image[LINT_ARGS_MAX];
    size_t n_image;
    bool bad_input, check_error, fails;
};

/* Reads, mends and judges one file; fills `t`. 0, or an exit code that ends the run. */
int pl_lint_one(struct pl_lint_run *r, const char *path, struct pl_target *t);
/* Reads the lock file beside `path` or in the context, where there is one; 0 or an exit code. */
int pl_lint_find_lock(struct pl_lint_run *r, const char *path);
/* Writes the mended text of `path`, or its difference to `before`; 0 or an exit code. */
int pl_lint_put(struct pl_lint_run *r, const char *path, struct pl_str before, struct pl_str after);
/* Are the repairs of findings to be told? */
bool pl_lint_tells_fixes(const struct pl_lint_run *r);
/* For pl_lint_opts: is the value of `name` a secret? `arg` is the run. */
bool pl_lint_is_secret(void *arg, struct pl_str name, struct pl_str value);
/* The same over a text: pl_lint_secrets_fn. */
void pl_lint_secrets(void *arg, struct pl_str text, pl_lint_found_fn *fn, void *fn_arg);
/* Files of the context of the file at hand that carry credentials: pl_lint_context_fn. */
struct pl_str *pl_lint_context(void *arg, size_t *ret_n);

#endif
