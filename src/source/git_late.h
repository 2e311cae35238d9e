/* libgit2, loaded with the first repository: with what comes along it costs more time than the
 * start of a command that opens none. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_SOURCE_GIT_LATE_H
#define PL_SOURCE_GIT_LATE_H

/* one by one: git2.h has a member with a name that base/banned.h poisons */
#include <git2/branch.h>
#include <git2/buffer.h>
#include <git2/config.h>
#include <git2/errors.h>
#include <git2/global.h>
#include <git2/object.h>
#include <git2/odb.h>
#include <git2/odb_backend.h>
#include <git2/refs.h>
#include <git2/repository.h>
#include <git2/revparse.h>
#include <git2/version.h>

#include "base/err.h"

#define PL_GIT_FUNCTIONS(X)           \
    X(git_branch_iterator_free)       \
    X(git_branch_iterator_new)        \
    X(git_branch_next)                \
    X(git_buf_dispose)                \
    X(git_config_free)                \
    X(git_config_get_string_buf)      \
    X(git_config_iterator_free)       \
    X(git_config_iterator_glob_new)   \
    X(git_config_next)                \
    X(git_error_last)                 \
    X(git_libgit2_init)               \
    X(git_libgit2_opts)               \
    X(git_libgit2_shutdown)           \
    X(git_object_free)                \
    X(git_object_id)                  \
    X(git_odb_foreach)                \
    X(git_odb_free)                   \
    X(git_odb_hash)                   \
    X(git_odb_object_data)            \
    X(git_odb_object_free)            \
    X(git_odb_object_size)            \
    X(git_odb_object_type)            \
    X(git_odb_open_rstream)           \
    X(git_odb_read)                   \
    X(git_odb_read_header)            \
    X(git_odb_stream_free)            \
    X(git_odb_stream_read)            \
    X(git_reference_free)             \
    X(git_reference_iterator_free)    \
    X(git_reference_iterator_new)     \
    X(git_reference_name_to_id)       \
    X(git_reference_next)             \
    X(git_reference_peel)             \
    X(git_reference_target)           \
    X(git_repository_commondir)       \
    X(git_repository_config_snapshot) \
    X(git_repository_free)            \
    X(git_repository_head)            \
    X(git_repository_odb)             \
    X(git_repository_open_ext)        \
    X(git_repository_path)            \
    X(git_revparse_single)

/* The functions under their own names. */
struct pl_libgit2 {
#define PL_GIT_POINTER(f) __typeof__(&(f)) f;
    PL_GIT_FUNCTIONS(PL_GIT_POINTER)
#undef PL_GIT_POINTER
};

/* What pl_git_load loaded; its pointers are NULL before. */
const struct pl_libgit2 *pl_git_lib(void);

#endif
