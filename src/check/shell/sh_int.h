/* Between the files of the shell parser. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_CHECK_SHELL_SH_INT_H
#define PL_CHECK_SHELL_SH_INT_H

#include "base/buf.h"
#include "check/shell/sh.h"

struct pl_sh_here {
    struct pl_sh_redir *redir;
    struct pl_str name;
    bool chomp;
};

struct pl_shp {
    struct pl_arena *a;
    struct pl_str s;
    size_t i;
    uint32_t base; /* added to offsets: text of a backtick substitution */
    unsigned depth;
    struct pl_sh_script *out;
    PL_VEC(struct pl_sh_node *) cmds;
    PL_VEC(struct pl_sh_word *) words;
    PL_VEC(struct pl_sh_here) here; /* heredocs whose body comes after the next newline */
    bool failed;
};

/* Notes the first error; always returns false. */
bool pl_shp_fail(struct pl_shp *p, unsigned code, const char *msg);
/* The byte at `p->i + k`, or 0 at the end. */
static inline char pl_shp_at(const struct pl_shp *p, size_t k)
{
    return p->i + k < p->s.n ? p->s.p[p->i + k] : 0;
}
/* Blanks, continuation lines and comments; with `lines` newlines as well (and heredoc bodies). */
void pl_shp_blanks(struct pl_shp *p, bool lines);
/* Reads a word; false when none begins here or it is broken (then p->failed). */
bool pl_shp_word(struct pl_shp *p, struct pl_sh_word *ret);
/* As pl_shp_word, at the value of an assignment: may be empty, may be an array. */
bool pl_shp_value(struct pl_shp *p, struct pl_sh_word *ret);
/* Commands up to `close` (')' or 0 for the end of the text); takes the ')'. */
struct pl_sh_node *pl_shp_script(struct pl_shp *p, char close);
/* Registers a word for out->words (a copy that stays). */
void pl_shp_note(struct pl_shp *p, struct pl_sh_word *w);

#endif
