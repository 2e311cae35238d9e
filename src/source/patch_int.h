/* What the files of the patch reader share. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_SOURCE_PATCH_INT_H
#define PL_SOURCE_PATCH_INT_H

#include "base/arena.h"
#include "base/buf.h"
#include "source/patch.h"

/* A commit's head while its lines come in. */
struct pl_patch_head {
    struct pl_arena a; /* id, author, email */
    struct pl_buf message;
    struct pl_patch_commit c;
    enum { PL_PATCH_FIELDS, PL_PATCH_SUBJECT, PL_PATCH_BODY, PL_PATCH_NO_MESSAGE } stage;
    size_t indent, blank;
    bool in_body;
};

/* Starts over with the line "commit ID". */
void pl_patch_head_begin(struct pl_patch_head *h, struct pl_str line);
/* Takes one further line, without its newline. */
void pl_patch_head_line(struct pl_patch_head *h, struct pl_str line);
/* No more lines: `c` is filled. */
void pl_patch_head_end(struct pl_patch_head *h);

/* Reads a date as git prints it (default, iso, iso-strict, raw) to seconds since the epoch. */
bool pl_patch_date(struct pl_str s, int64_t *ret);

/* The new file's path from "diff --git A B" (without that prefix), undecided (false) when A and B
 * differ and are not quoted. Appends to `out`. */
bool pl_patch_git_names(struct pl_str s, struct pl_buf *out);
/* Appends a name as git writes it (quoted in C style or plain up to a tab) to `out`, its first
 * component dropped when `strip`. False when it is malformed. */
bool pl_patch_name(struct pl_str s, bool strip, struct pl_buf *out);

#endif
