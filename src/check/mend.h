/* Repairs that need more than the word at fault: they look at the whole file, at the base image, at
 * what a lock file or a registry knows. formats/dockerfile.md section 9. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_CHECK_MEND_H
#define PL_CHECK_MEND_H

#include "check/check.h"

/* Adds edits to a hit when a repair is known; leaves it alone otherwise. */
typedef void pl_mend_fn(struct pl_lint *l, struct pl_lint_hit *h);

/* One list per file of repairs: rule and function; ended by a NULL function. */
struct pl_mend {
    enum pl_rule_id rule;
    pl_mend_fn *fn;
};
extern const struct pl_mend pl_mend_base[], pl_mend_download[], pl_mend_secret[], pl_mend_user[],
    pl_mend_verify[], pl_mend_package[], pl_mend_form[], pl_mend_run[];

/* Gives edits to all hits that have none. */
void pl_mend_all(struct pl_lint *l);

/* --- edits --- */

/* The lines of node `i`, line end included. */
void pl_mend_lines(const struct pl_lint *l, size_t i, uint32_t *ret_off, uint32_t *ret_end);
/* Removes instruction `i`; false when a comment above it would then speak of the next one. */
bool pl_mend_drop(struct pl_lint *l, struct pl_lint_hit *h, enum pl_fix_class c, size_t i);
/* Removes pair or argument `k` (index in args) of an ENV, LABEL or ARG, the whole instruction when
 * it is the only one. */
bool pl_mend_drop_pair(struct pl_lint *l, struct pl_lint_hit *h, enum pl_fix_class c, size_t i,
                       size_t k);
/* Puts a line in front of instruction `i` (and its comments), or at the end of the file for
 * i == l->n. */
void pl_mend_line(struct pl_lint *l, struct pl_lint_hit *h, enum pl_fix_class c, size_t i,
                  struct pl_str line);
/* Puts a flag of the instruction in front of its other flags and arguments. */
void pl_mend_flag(struct pl_lint *l, struct pl_lint_hit *h, enum pl_fix_class c, size_t i,
                  struct pl_str flag);
/* Removes the command `c` from the list it stands in (joined by && or ;), the whole instruction
 * when it is alone. False when it is no element of such a list. */
bool pl_mend_drop_command(struct pl_lint *l, struct pl_lint_hit *h, enum pl_fix_class cl,
                          const struct pl_lint_in *in, const struct pl_sh_node *c);

/* --- finding one's way --- */

/* The command of a hit in RUN text: the one that its place lies in, or NULL. */
const struct pl_sh_node *pl_mend_command(struct pl_lint *l, const struct pl_lint_hit *h);
/* The list that `c` is a direct element of, its place in *ret_at; NULL when there is none. */
const struct pl_sh_node *pl_mend_list_of(const struct pl_sh_script *s, const struct pl_sh_node *c,
                                         size_t *ret_at);
/* Source bytes of a stretch of shell text, as they are written. */
struct pl_str pl_mend_text(const struct pl_lint_in *in, uint32_t off, uint32_t end);
/* Does the text refer to variable `name` ("$name", "${name")? */
bool pl_mend_refers(struct pl_str text, struct pl_str name);
/* The hit's instruction, NULL when it has none or stands in ONBUILD. */
const struct pl_lint_in *pl_mend_in(const struct pl_lint *l, const struct pl_lint_hit *h);
/* The working directory in front of node `i`, absolute; empty when not known. */
struct pl_str pl_mend_workdir(struct pl_lint *l, size_t i);

/* --- base images --- */

enum pl_base_shell { PL_BASE_SH_UNKNOWN, PL_BASE_SH_BASH, PL_BASE_SH_ASH };
/* What is known of well-known images by their name and tag. */
struct pl_base_facts {
    bool known;
    bool root;    /* runs as root */
    bool steps;   /* its entrypoint steps down by itself */
    bool ca;      /* holds a bundle of CA certificates */
    bool at_root; /* its working directory is / */
    bool shell;   /* has one */
    enum pl_base_shell sh;
    const char *user; /* "uid:gid" of its own user, or NULL */
};
/* Of the base that stage `s` starts from in the end. */
struct pl_base_facts pl_base_of(const struct pl_lint *l, size_t s);
/* Does root run instruction `i` of its stage, for certain? */
bool pl_base_root_at(const struct pl_lint *l, size_t i);

#endif
