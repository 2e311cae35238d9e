/* Regular expressions in linear time: RE2 behind a C interface. Bytes are taken as they are
 * (Latin-1), so that text which is no UTF-8 hides nothing. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_FMT_REGEX_H
#define PL_FMT_REGEX_H

#ifdef __cplusplus
extern "C" {
#endif

#include "base/err.h"
#include "base/str.h"

struct pl_regex;

#define PL_REGEX_NOCASE (1u << 0)
#define PL_REGEX_UTF8 (1u << 1)  /* code points; see pl_utf8_text for text that is not valid */
#define PL_REGEX_LARGE (1u << 2) /* a pattern of the user's: up to 32 MiB instead of 1 */

/* Groups (the match counts as group 0) that are reported without asking the heap for room. */
#define PL_REGEX_GROUPS 16

struct pl_regex_group {
    size_t off, len;
    bool set; /* took part in the match */
};

/* Compiles RE2 syntax; "(?<name>" is taken as well as "(?P<name>". Heap; pl_regex_free.
 * PL_E_FORMAT with RE2's reason. */
int pl_regex_new(struct pl_str pattern, unsigned flags, struct pl_regex **ret, struct pl_err *err);
/* Frees; accepts NULL. */
void pl_regex_free(struct pl_regex *re);
/* Number of capturing groups, the match itself not counted. */
unsigned pl_regex_groups(const struct pl_regex *re);
/* Size of the compiled program, in instructions. */
size_t pl_regex_size(const struct pl_regex *re);
/* Number of the group called `name`, or 0. */
unsigned pl_regex_group_named(const struct pl_regex *re, struct pl_str name);

/* Leftmost-first search in p[from, to); with `anchored` the match must begin at `from`. Bytes
 * outside [from, to) but inside [0, n) are context for \b, ^ and $. The first `n_groups` groups go
 * to `g` with offsets in `p`. */
bool pl_regex_search(const struct pl_regex *re, const void *p, size_t n, size_t from, size_t to,
                     bool anchored, struct pl_regex_group *g, unsigned n_groups);
/* Is there a match anywhere in `s`? */
bool pl_regex_test(const struct pl_regex *re, struct pl_str s);

/* Text for PL_REGEX_UTF8: as Go reads it, each byte that is not part of valid UTF-8 is U+FFFD.
 * Valid text is a view; other text is a copy with a map of offsets. */
struct pl_utf8_text {
    struct pl_str text;
    char *own;   /* copy, or NULL */
    size_t *bad; /* offsets in `text` of each replacement, rising */
    size_t n_bad;
};

/* Fills `t` from `s` (which must stay while `t` is used); pl_utf8_text_release. */
void pl_utf8_text_init(struct pl_utf8_text *t, struct pl_str s);
void pl_utf8_text_release(struct pl_utf8_text *t);
/* The offset in the original of offset `off` in t->text. */
size_t pl_utf8_text_back(const struct pl_utf8_text *t, size_t off);

#ifdef __cplusplus
}
#endif

#endif
