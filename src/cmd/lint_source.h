/* What repairs of Dockerfiles are told from outside: a lock file, OCI layouts, registries, the
 * network. formats/dockerfile.md section 9.1. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_CMD_LINT_SOURCE_H
#define PL_CMD_LINT_SOURCE_H

#include "check/lint.h"
#include "cmd/opt.h"

struct pl_lint_source_opts {
    const char *lock;              /* a lock file that must be there; NULL: none */
    struct pl_opt_list layout;     /* OCI layout directories, with or without "oci:" */
    struct pl_opt_list plain_http; /* "host[:port]" spoken to without TLS */
    const char *ca_file;
    bool network; /* registries and downloads may be asked */
    bool quiet;
};

struct pl_lint_from; /* an open source with what it learnt so far */

/* Reads the lock file and prepares; nothing is sent yet. Heap. PL_E_USAGE, PL_E_FORMAT: the lock
 * file. The options must outlive it. */
int pl_lint_from_new(const struct pl_lint_source_opts *o, struct pl_lint_from **ret,
                     struct pl_err *err);
/* Adds a lock file that may be missing, as the one beside a Dockerfile. */
int pl_lint_from_lock(struct pl_lint_from *f, const char *path, struct pl_err *err);
/* The operations for pl_lint_opts; valid as long as `f`. */
const struct pl_lint_source *pl_lint_from_ops(struct pl_lint_from *f);
/* Appends a lock file with everything that was asked for and answered, `date` as its day. */
void pl_lint_from_write(const struct pl_lint_from *f, struct pl_str date, struct pl_buf *out);
void pl_lint_from_free(struct pl_lint_from *f);

#endif
