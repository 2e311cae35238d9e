/* Between the files that walk a shell script: values, frames, control flow. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_CHECK_IMAGE_SHELL_INT_H
#define PL_CHECK_IMAGE_SHELL_INT_H

#include "base/map.h"
#include "check/image/trace.h"
#include "check/shell/sh.h"

/* A word's value. Not `known`: `s` is what stands in front of the first part that is not. */
struct pl_shv {
    struct pl_str s;
    bool known;
};

struct pl_shlist {
    PL_VEC(struct pl_shv) v;
    bool open; /* there may be more words, nobody knows which */
};

enum pl_tri { PL_NO, PL_YES, PL_MAYBE };
enum pl_flow { PL_FLOW_ON, PL_FLOW_BREAK, PL_FLOW_RETURN, PL_FLOW_EXIT };

struct pl_shvar {
    struct pl_shv *v;
    size_t n;
    bool array, exported, open;
};

/* One script on its way. */
struct pl_shrun {
    struct pl_trace *t;
    struct pl_arena *a;
    struct pl_img_who who; /* as whom it runs */
    struct pl_str script;  /* path, "" for text of the configuration */
    struct pl_str text;
    struct pl_str cwd;
    bool bash;
    struct pl_map vars, funcs;
    struct pl_shv *param;
    size_t n_param;
    bool param_open;
    struct pl_shv zero;
    enum pl_flow flow;
    unsigned calls;  /* functions inside functions */
    enum pl_tri ret; /* of the last `return` */
    bool ret_unsure; /* one of several may have been it */
    unsigned ret_maybe;
    bool main;              /* what it ends with is the container's program */
    struct pl_str dir_seen; /* the last directory whose files are listed: scripts to be run */
};

#define PL_SH_STEPS 60000u
#define PL_SH_CALLS 16u
#define PL_SH_RUNS 12u

/* Takes a step; false when the walk has taken too many. */
bool pl_shr_step(struct pl_trace *t);
/* The value of a word that is one word. */
struct pl_shv pl_shr_word(struct pl_shrun *r, const struct pl_sh_word *w);
/* The words that `w` becomes; appended to `out`. */
void pl_shr_words(struct pl_shrun *r, const struct pl_sh_word *w, struct pl_shlist *out);
/* Assigns. */
void pl_shr_set(struct pl_shrun *r, struct pl_str name, const struct pl_shv *v, size_t n,
                bool array);
/* The variable, or NULL. */
struct pl_shvar *pl_shr_var(struct pl_shrun *r, struct pl_str name);
/* [ … ], test …, or the words of [[ … ]] with the operators between them in `gap` (may be NULL). */
enum pl_tri pl_shr_test(struct pl_shrun *r, const struct pl_shv *w, size_t n);
enum pl_tri pl_shr_cond(struct pl_shrun *r, const struct pl_sh_node *n);
/* Walks a node; what its exit status is. */
enum pl_tri pl_shr_node(struct pl_shrun *r, const struct pl_sh_node *n);
/* One simple command, its words known as far as may be. */
enum pl_tri pl_shr_command(struct pl_shrun *r, const struct pl_sh_node *n, struct pl_shlist *w);
/* Starts a program as `who`: follows scripts and wrappers. `stays`: nothing comes after it. */
enum pl_tri pl_shr_start(struct pl_trace *t, const struct pl_shrun *from, struct pl_img_who who,
                         const struct pl_shv *argv, size_t n, bool open, bool stays, uint32_t line);
/* Runs text as `sh -c` with these parameters, or a file's text; a frame of its own. */
enum pl_tri pl_shr_text(struct pl_trace *t, const struct pl_shrun *from, struct pl_img_who who,
                        struct pl_str script, struct pl_str text, bool bash,
                        const struct pl_shv *param, size_t n, bool open, bool stays);
/* Sources a file in this frame. */
void pl_shr_source(struct pl_shrun *r, struct pl_str path);
/* Notes an act at source offset `off`. Returns it until the next, or NULL when its path is of no
 * account. */
struct pl_act *pl_shr_act(struct pl_shrun *r, enum pl_act_kind kind, struct pl_shv path,
                          const char *how, uint32_t off);
/* Is there a file at `path`, when that is known? */
enum pl_tri pl_shr_exists(struct pl_shrun *r, struct pl_str path, char what);
/* 1-based line of an offset. */
uint32_t pl_shr_line(const struct pl_shrun *r, uint32_t off);
/* The effect of a command on files; false when it is none that is known. */
bool pl_shr_effect(struct pl_shrun *r, const struct pl_sh_node *n, struct pl_str name,
                   struct pl_shlist *w);

#endif
