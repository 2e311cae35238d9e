/* Which line of a Dockerfile made which layer: for reports that point into code. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_REPORT_DOCKERLINE_H
#define PL_REPORT_DOCKERLINE_H

#include "model/report.h"

struct pl_docker_lines {
    uint32_t from, to; /* first and last line of the instruction, from 1; 0 = not found */
};

struct pl_docker_file; /* the instructions of one Dockerfile */

/* Reads `text`; lives in `a`. Never fails: what it does not understand matches nothing. */
struct pl_docker_file *pl_docker_file_read(struct pl_arena *a, struct pl_str text);
/* For each layer of `t` (array of n_layers, in `a`) the instruction whose words are those of its
 * created_by. Layers of the base image, and instructions that the builder rewrote, have none:
 * nothing is guessed. */
struct pl_docker_lines *pl_docker_lines_match(struct pl_arena *a, const struct pl_docker_file *f,
                                              const struct pl_target *t);
/* The last ENV, ARG or LABEL instruction that sets `name`. */
struct pl_docker_lines pl_docker_lines_setting(const struct pl_docker_file *f, struct pl_str name);

#endif
