/* Path patterns: "*" and "?" stop at '/', "**" does not, "[a-z]" and "[!a-z]" are sets, a
 * backslash takes the next byte as it is. Time is linear in the path for a given pattern. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_FMT_GLOB_H
#define PL_FMT_GLOB_H

#include "base/err.h"
#include "base/str.h"

/* PL_E_FORMAT when `pattern` is longer than 512 bytes or has an unclosed set; such a pattern
 * matches nothing. */
int pl_glob_check(struct pl_str pattern, struct pl_err *err);
/* Has it a sign of a pattern, and is it one? What has signs and is none is a name. */
bool pl_glob_is(struct pl_str s);
/* Does all of `text` match? A "**" followed by '/' may also stand for nothing, so that "a/(2
 * stars)/b" takes "a/b". */
bool pl_glob_match(struct pl_str pattern, struct pl_str text);
/* As pl_glob_match on a path; a pattern without '/' is held against the base name. A leading '/'
 * of either is of no account. */
bool pl_glob_path(struct pl_str pattern, struct pl_str path);

#endif
