/* What the schemes share: digit runs of any length, characters without a locale. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_VER_VER_INT_H
#define PL_VER_VER_INT_H

#include "base/arena.h"
#include "base/cleanup.h"
#include "ver/scheme.h"

#define PL_RANGE_BAD (-1) /* a range that cannot be read */

/* ASCII only, whatever the locale. */
static inline bool pl_v_digit(int c)
{
    return c >= '0' && c <= '9';
}
static inline bool pl_v_alpha(int c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
static inline bool pl_v_alnum(int c)
{
    return pl_v_digit(c) || pl_v_alpha(c);
}
static inline int pl_v_lower(int c)
{
    return c >= 'A' && c <= 'Z' ? c + 32 : c;
}
/* The byte at `i`, or -1 behind the end. */
static inline int pl_v_at(struct pl_str s, size_t i)
{
    return i < s.n ? (unsigned char)s.p[i] : -1;
}

/* End of the run of digits (letters) that begins at `i`. */
size_t pl_v_digits(struct pl_str s, size_t i);
size_t pl_v_alphas(struct pl_str s, size_t i);
/* The digit run (letter run) at *i, which moves behind it; may be empty. */
struct pl_str pl_v_take_digits(struct pl_str s, size_t *i);
struct pl_str pl_v_take_alphas(struct pl_str s, size_t *i);
/* Order of two digit runs as numbers of any size; an empty one is 0. -1, 0, 1. */
int pl_v_num(struct pl_str a, struct pl_str b);
/* Is the digit run 0 (or empty)? */
bool pl_v_zero(struct pl_str digits);
/* Are all bytes digits, and is there one? */
bool pl_v_is_num(struct pl_str s);
/* Bytewise order with ASCII letters folded. -1, 0, 1. */
int pl_v_icmp(struct pl_str a, struct pl_str b);
/* -1, 0, 1 of a bytewise order. */
int pl_v_bytes(struct pl_str a, struct pl_str b);
/* Sign of a difference. */
static inline int pl_v_sign(int d)
{
    return d < 0 ? -1 : d > 0;
}
/* Do dotted runs of digits, at least one, make up all of `s`? */
bool pl_v_dotted(struct pl_str s);

/* A version by semver 2.0, leniently cut: `core` is dotted numbers, `pre` and `build` lack their
 * sign. `attached`: the prerelease stood without '-'. */
struct pl_v_semver {
    struct pl_str core, pre, build;
    bool has_pre, has_build, attached;
};
/* Cuts `v`; a leading run of blanks, 'v' and '=' is left out. Never fails. */
struct pl_v_semver pl_v_semver_cut(struct pl_str v);
/* Order of dotted numbers, missing ones are 0. */
int pl_v_core_cmp(struct pl_str a, struct pl_str b);
/* Order of dotted identifiers: numeric below text, numbers as numbers, fewer below more; `fold`
 * ignores the case of letters. */
int pl_v_idents_cmp(struct pl_str a, struct pl_str b, bool fold);
/* Semver order without build metadata. */
int pl_v_semver_cmp(struct pl_str a, struct pl_str b);
/* Strict semver 2.0, without a leading 'v'. */
bool pl_v_semver_valid(struct pl_str v);

/* rpm's order of two pieces (rpmvercmp). */
int pl_v_rpm_piece(struct pl_str a, struct pl_str b);

/* A comparison of a range: operator, then the version it names. */
enum pl_v_op {
    PL_OP_NONE, /* no sign: the language decides */
    PL_OP_LT,
    PL_OP_LE,
    PL_OP_EQ,
    PL_OP_NE,
    PL_OP_GE,
    PL_OP_GT,
    PL_OP_TILDE,  /* ~ */
    PL_OP_CARET,  /* ^ */
    PL_OP_PESS,   /* ~> */
    PL_OP_COMPAT, /* ~= */
    PL_OP_SAME,   /* === */
};
/* Takes an operator from the front of *s, and the blanks around it. */
enum pl_v_op pl_v_take_op(struct pl_str *s);
/* Does the outcome of a comparison fit LT … GT? */
bool pl_v_op_fits(enum pl_v_op op, int cmp);
/* Cuts at the first `sep` of any length, as pl_str_split does. */
bool pl_v_split(struct pl_str *s, struct pl_str sep, struct pl_str *ret_head);
/* The next word of *s, cut at blanks and commas; false at the end. */
bool pl_v_word(struct pl_str *s, struct pl_str *ret);

#define PL_SCHEME(name) extern const struct pl_scheme pl_ver_##name;
#include "ver/scheme.list"
#undef PL_SCHEME

/* `s` in `a` with each %41 as the byte it stands for; a '%' that begins no escape stands for
 * itself. */
struct pl_str pl_v_unescape(struct pl_arena *a, struct pl_str s);

#endif
