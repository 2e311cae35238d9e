/* Judging a value whatever rule found it. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_SECRET_FILTER_H
#define PL_SECRET_FILTER_H

#include "base/str.h"

/* Shannon entropy of the bytes of `s` in bits per byte; 0 for an empty one. */
double pl_entropy(struct pl_str s);
/* Why `s` is known to be nobody's secret (published by its vendor as a sample), or NULL. */
const char *pl_documented_sample(struct pl_str s);
enum pl_placeholder {
    PL_NO_PLACEHOLDER,
    PL_MADE_BY_HAND,     /* letters and digits count ("a1b2c3d4e5f6"), or parts repeat */
    PL_LIKE_PLACEHOLDER, /* it holds a run of one character, or counts */
    PL_COUNTS,           /* 20 characters and more of it count: "abcdefghijklmnopqrstuvwxyz" */
    PL_WORD_PLACEHOLDER, /* it holds a word such as "example" or "changeme" */
    PL_PLACEHOLDER,      /* it stands for a secret: "xxxxxxxx", "<token>", "${TOKEN}" */
};

/* Is `s` a secret, or does it stand for one? */
enum pl_placeholder pl_placeholder(struct pl_str s);
/* pl_placeholder gives more than PL_MADE_BY_HAND. */
bool pl_is_placeholder(struct pl_str s);
/* pl_placeholder gives more than PL_COUNTS: nobody would take it for a secret. */
bool pl_stands_for_secret(struct pl_str s);
/* A sign ("%", "@", "#" …) and behind it letters of both cases with digits that make no word: a
 * password that happens to begin so, no reference. */
bool pl_is_signed_password(struct pl_str s);
/* As pl_is_placeholder, with the words that only a password without fixed form may be held against.
 */
bool pl_is_password_placeholder(struct pl_str s);
/* Is `s` all of a word that documents and defaults use for a password: "password", "admin"? */
bool pl_is_common_password(struct pl_str s);
/* Offset of `word` (lower case) in `s` in any case, or SIZE_MAX. */
size_t pl_find_word(struct pl_str s, const char *word);

#endif
