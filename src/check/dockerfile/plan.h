/* What BuildKit makes of the parsed file without building: stages, variables at each instruction,
 * what it refuses. formats/dockerfile.md sections 1.6 and 1.7. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_CHECK_DOCKERFILE_PLAN_H
#define PL_CHECK_DOCKERFILE_PLAN_H

#include "base/map.h"
#include "base/vec.h"
#include "check/dockerfile/df.h"

/* The order in which BuildKit looks at things; it stops at the first refusal. */
enum pl_df_phase {
    PL_DF_PHASE_PARSE,    /* lines and words */
    PL_DF_PHASE_READ,     /* each instruction by itself */
    PL_DF_PHASE_BASES,    /* names of bases and platforms */
    PL_DF_PHASE_RESOLVE,  /* dependencies, references */
    PL_DF_PHASE_DISPATCH, /* instructions, stage by stage */
    PL_DF_PHASE_DONE
};

struct pl_df_refusal {
    enum pl_df_phase phase;
    size_t node; /* index; SIZE_MAX: of the file */
    const char *msg;
};

/* Variables: own ones, then those of `up`. Values are struct pl_str *. */
struct pl_df_env {
    struct pl_map map;
    const struct pl_df_env *up;
    unsigned depth;
};

enum pl_df_event_kind {
    PL_DF_EV_UNDEFINED_VAR,
    PL_DF_EV_UNDEFINED_FROM_ARG,
    PL_DF_EV_INVALID_DEFAULT,
    PL_DF_EV_REDUNDANT_PLATFORM,
    PL_DF_EV_CONST_PLATFORM,
    PL_DF_EV_EXPOSE_CASE,
    PL_DF_EV_EXPOSE_FORM,
    PL_DF_EV_RELATIVE_WORKDIR,
    PL_DF_EV_SHELL_FORM,
    PL_DF_EV_OVERRIDDEN, /* an earlier CMD, ENTRYPOINT, HEALTHCHECK */
};

/* Something noticed on the way; `near` is a known name like `name`, or empty. */
struct pl_df_event {
    enum pl_df_event_kind kind;
    size_t node;
    struct pl_str name, near;
};

struct pl_df_stage {
    size_t from, end;            /* node indexes: the FROM, and behind the last instruction */
    struct pl_str name, lower;   /* as written, and as BuildKit has it; empty when none */
    struct pl_str image;         /* base, expanded with the build arguments; may be empty */
    struct pl_str image_default; /* expanded with the defaults only */
    struct pl_str platform;      /* expanded; empty when none */
    size_t base;                 /* index of the stage it starts from, or SIZE_MAX */
    bool scratch;
    struct pl_df_env env;
    struct pl_df_env declared; /* ARG names; values unused */
    bool workdir_set, shell_set;
    bool cmd_json_only;
};

struct pl_df_plan {
    struct pl_arena *a;
    const struct pl_df_file *f;
    struct pl_df_stage *stages;
    size_t n_stages;
    struct pl_df_env globals, defaults; /* global ARGs with and without build arguments */
    PL_VEC(struct pl_df_refusal) refusals;
    PL_VEC(struct pl_df_event) events;
    enum pl_df_phase fail_phase; /* of the first refusal in BuildKit's order */
    size_t fail_node;
    bool circular;
};

struct pl_df_build_arg {
    struct pl_str name, value;
};

/* Makes the plan of `f`; `args` are the build arguments. Never fails: what is refused is in
 * `refusals`. The plan refers to `f` and `a`; pl_df_plan_release. */
void pl_df_plan_make(struct pl_arena *a, const struct pl_df_file *f,
                     const struct pl_df_build_arg *args, size_t n_args, struct pl_df_plan *ret);
/* Frees what is not in the arena. */
void pl_df_plan_release(struct pl_df_plan *p);
/* Would BuildKit have come to `node` in `phase`? */
bool pl_df_plan_reached(const struct pl_df_plan *p, enum pl_df_phase phase, size_t node);
/* The stage that node `i` belongs to, or NULL before the first FROM. */
struct pl_df_stage *pl_df_plan_stage(const struct pl_df_plan *p, size_t i);
/* The stage called `name` (any case) among the first `n`, SIZE_MAX when none; the last one wins. */
size_t pl_df_plan_find(const struct pl_df_plan *p, struct pl_str name, size_t n);

/* Looks `name` up in an environment; for pl_df_lex. */
bool pl_df_env_get(const void *env, struct pl_str name, struct pl_str *ret);
/* Sets it. Both live in e->map.a. */
void pl_df_env_set(struct pl_df_env *e, struct pl_str name, struct pl_str value);

/* Why BuildKit refuses the instruction taken by itself, or NULL. Static text. */
const char *pl_df_refused(struct pl_arena *a, const struct pl_df_node *n);
/* Is `s` a valid image reference (name, tag, digest)? *ret_why (may be NULL) is static. */
bool pl_df_ref_valid(struct pl_str s, const char **ret_why);
/* Splits a reference: registry ("" when none is written), path, tag, digest; no checks. */
struct pl_df_ref {
    struct pl_str registry, path, tag, digest;
};
struct pl_df_ref pl_df_ref_split(struct pl_str s);
/* Is `s` a platform (os/arch[/variant], or a lone os or architecture)? Gives its parts. */
bool pl_df_platform(struct pl_str s, struct pl_str *ret_os, struct pl_str *ret_arch);

/* A mount of RUN, its keys as written (not expanded). */
struct pl_df_mount {
    struct pl_str type, target, source, from, id, env, sharing;
    bool has_env, required, rw;
    const struct pl_df_arg *flag;
};
/* Reads flag `i` of a RUN node as a mount; false when it is none. Fields are unescaped CSV. */
bool pl_df_mount(struct pl_arena *a, const struct pl_df_node *n, size_t i, struct pl_df_mount *ret);

/* One field of a CSV record (as Go's reader); advances *s. 1 a field, 0 the end, -1 malformed. */
int pl_df_csv(struct pl_arena *a, struct pl_str *s, struct pl_str *ret);

#endif
