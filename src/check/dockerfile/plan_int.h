/* Between plan.c and dispatch.c. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_CHECK_DOCKERFILE_PLAN_INT_H
#define PL_CHECK_DOCKERFILE_PLAN_INT_H

#include "check/dockerfile/lex.h"
#include "check/dockerfile/plan.h"

struct pl_df_planner {
    struct pl_df_plan *p;
    struct pl_arena *a;
    const struct pl_df_build_arg *args;
    size_t n_args;
    size_t used[3]; /* node + 1 of the last CMD, ENTRYPOINT, HEALTHCHECK of the stage */
    bool dir_below_root, windows;
};

/* Notes a refusal. */
void pl_df_plan_refuse(struct pl_df_planner *pl, enum pl_df_phase phase, size_t node,
                       const char *msg);
/* Notes an event. */
void pl_df_plan_event(struct pl_df_planner *pl, enum pl_df_event_kind kind, size_t node,
                      struct pl_str name);
/* The value that the caller of the build gave `name`; p == NULL when none. */
struct pl_str pl_df_plan_given(const struct pl_df_planner *pl, struct pl_str name);
/* Runs the instructions of stage `i` as far as they change or read variables. */
void pl_df_plan_dispatch(struct pl_df_planner *pl, size_t i);
/* Is `s` a number ("0" …)? */
bool pl_df_plan_index(struct pl_str s, size_t *ret);

#endif
