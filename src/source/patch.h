/* Text of `git log -p` and `git diff`, as pl_git_cmd_feed (source/git.h) gives it, taken apart into
 * runs of added lines. Foreign bytes: read it in the child. git-log(1), git-diff(1) "Generating
 * patch text", secrets.md section 4.3. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_SOURCE_PATCH_H
#define PL_SOURCE_PATCH_H

#include "base/err.h"
#include "io/view.h"

/* Views are valid during a callback. All empty for a diff of index or working tree. */
struct pl_patch_commit {
    struct pl_str id;            /* hex */
    struct pl_str author, email; /* through .mailmap, as git shows them */
    int64_t time;                /* author's, seconds since the epoch */
    bool has_time;
    struct pl_str message; /* subject lines joined, blank line, body; notes follow as "Notes:" */
};

/* One fragment: the added lines of one hunk of one file. */
struct pl_patch_part {
    const struct pl_patch_commit *commit;
    struct pl_str path; /* new name, unescaped */
    uint32_t line;      /* first added line in the new file, from 1 */
    struct pl_str text; /* the lines, each with its newline (unless the file ends without) */
    bool binary;        /* git showed no lines: `text` is empty, `line` 0 */
    bool cut;           /* the hunk was longer than `part_max`: this is a piece of it */
};

struct pl_patch_sink {
    /* A commit begins (merges and those without changes, too). May be NULL. */
    int (*commit)(void *arg, const struct pl_patch_commit *c);
    /* In the order of the text. Non-zero stops. */
    int (*part)(void *arg, const struct pl_patch_part *p);
    void *arg;
    size_t part_max; /* bytes of one fragment; 0 = 64 MiB */
};

/* Reads the text to its end. PL_E_FORMAT: not such a text (with the line's number); the failure of
 * the view; or what a callback returned. */
int pl_patch_read(struct pl_view *in, const struct pl_patch_sink *sink, struct pl_err *err);

#endif
