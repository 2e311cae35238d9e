/* What happens when an image starts, worked out without running it: entrypoint scripts are walked
 * with constants and the defaults of the environment filled in, once as the user they begin with
 * and once as the one they step down to. formats/hardening.md sections 2 and 3. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_CHECK_IMAGE_TRACE_H
#define PL_CHECK_IMAGE_TRACE_H

#include "base/vec.h"
#include "check/image/img.h"

enum pl_act_kind {
    PL_ACT_MKDIR,  /* makes the directory `path` */
    PL_ACT_WRITE,  /* writes, makes or removes the file `path` */
    PL_ACT_CHMOD,  /* `mode` when has_mode */
    PL_ACT_CHOWN,  /* to `owner` */
    PL_ACT_WALK,   /* reads the tree at `path` */
    PL_ACT_TEMP,   /* makes a file where temporary files go */
    PL_ACT_SETUID, /* runs a setuid or file-capability program: `path` */
};

/* Something the start does to the file system. */
struct pl_act {
    enum pl_act_kind kind;
    struct pl_str path; /* absolute, links followed; with `partial` the folder it is in */
    bool partial;       /* the last part of the path is not known */
    bool anywhere;      /* nothing of the path is known */
    bool optional;      /* its failure is tolerated */
    bool root;          /* done as uid 0 */
    bool recursive, has_mode;
    uint32_t mode;
    struct pl_img_who owner;
    struct pl_str how; /* "mkdir", "> ", "heredoc" … */
    struct pl_str script;
    uint32_t line;
};

/* A program that stays: the last exec, or a service of a supervisor. */
struct pl_prog {
    struct pl_str *argv;
    size_t n;
    struct pl_str name;             /* base name of argv[0] */
    const struct pl_img_file *file; /* NULL: not in the image */
    struct pl_img_who who;
    struct pl_str script; /* that started it; empty: the configuration */
    uint32_t line;
    bool certain;
};

struct pl_trace {
    struct pl_arena *a;
    const struct pl_img *im;
    struct pl_img_who first; /* of the configuration */
    struct pl_img_who last;  /* of the main program, before what its own configuration says */
    bool stepped;            /* they differ: a script steps down */
    struct pl_str step_how;  /* "gosu" … */
    struct pl_str step_script;
    uint32_t step_line;
    PL_VEC(struct pl_act) acts;
    PL_VEC(struct pl_prog) progs; /* the main program last */
    PL_VEC(struct pl_str) unread; /* what could not be followed, and why */
    struct pl_str main_cwd;
    struct pl_prog fore; /* the last program run in the foreground of a script */
    bool has_fore;
    /* of the walk */
    unsigned maybe, depth;
    uint64_t steps;
    bool exhausted;
    PL_VEC(struct pl_str) guarded; /* paths whose being read-only the scripts look for */
};

/* Walks the start of `im`. Everything lives in `a`, but what pl_trace_release gives back. */
void pl_trace_start(struct pl_arena *a, const struct pl_img *im, struct pl_trace *ret);
/* The same as another user from the start, as the user that it would step down to. */
void pl_trace_start_as(struct pl_arena *a, const struct pl_img *im, struct pl_img_who who,
                       struct pl_trace *ret);
void pl_trace_release(struct pl_trace *t);
/* The main program, or NULL. */
const struct pl_prog *pl_trace_main(const struct pl_trace *t);

#endif
