/* Git repositories as targets: every blob of the history read once, findings told at the commit
 * that brought them in. secrets.md section 10. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_SCAN_GIT_H
#define PL_SCAN_GIT_H

#include "scan/scan.h"

/* Which part of a repository is read. */
struct pl_git_scope {
    const char *const *revs; /* as `git rev-list` takes them: A, ^A, A..B, A...B; none = all refs */
    size_t n_revs;
    int64_t since, until; /* seconds since the epoch, of the committer; 0 = no bound */
    bool unreachable;     /* also objects that no ref leads to */
    bool staged;          /* instead of the history: what the index adds to HEAD */
    bool working_tree;    /* instead of the history: what the working tree adds to the index */
    const char *index;    /* staged, working_tree: the index file, see pl_git_use_index; or NULL */
    bool own_index;       /* only one that lies in the git directory */
    const char *top;      /* the work tree where the repository does not say it; or NULL */
};

/* Reads the repository at `path` and appends it to the report as a target called `name`. Errors as
 * of pl_scan_target. */
int pl_scan_git(struct pl_scan *s, const char *name, const char *path,
                const struct pl_git_scope *scope, struct pl_report *r, struct pl_err *err);

/* Reads what `fd` has to give as one content without a name and appends it to the report as a
 * target of kind "stdin". PL_E_CANCEL. */
int pl_scan_stream(struct pl_scan *s, int fd, struct pl_report *r, struct pl_err *err);

/* "v1:" and 20 hex digits: fingerprint of a secret in a source, wherever it stands
 * (secrets.md 7.4). `hash` is the SHA-256 of the value; `generic`: one that could be guessed,
 * stretched first. In `a`. */
struct pl_str pl_source_print(struct pl_arena *a, struct pl_str salt, struct pl_str rule,
                              const uint8_t *hash, bool generic);

#endif
