/* Between the files that judge an image. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_CHECK_IMAGE_JUDGE_INT_H
#define PL_CHECK_IMAGE_JUDGE_INT_H

#include "base/vec.h"
#include "check/image/judge.h"
#include "check/image/owned.h"

struct pl_judge {
    struct pl_arena *a;
    const struct pl_img *im;
    const struct pl_advice *advice;
    struct pl_owned owned;
    PL_VEC(struct pl_img_finding) found;
};

/* Reports a rule about a file of the image. Returns it until the next. */
struct pl_img_finding *pl_judge_file(struct pl_judge *j, enum pl_img_rule_id rule,
                                     const struct pl_img_file *f, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
/* The same about the configuration; `name` is a variable, port … or empty. The history entry whose
 * text begins like `word` ("USER") and holds `name` is named as the one that set it. */
struct pl_img_finding *pl_judge_config(struct pl_judge *j, enum pl_img_rule_id rule,
                                       enum pl_surface surface, struct pl_str name,
                                       const char *word, const char *fmt, ...)
    __attribute__((format(printf, 6, 7)));
/* The same about history entry `i`. */
struct pl_img_finding *pl_judge_history(struct pl_judge *j, enum pl_img_rule_id rule, size_t i,
                                        const char *fmt, ...) __attribute__((format(printf, 4, 5)));

/* The user and the accounts. */
void pl_judge_user(struct pl_judge *j);
/* Ports, volumes, variables, commands of the configuration. */
void pl_judge_settings(struct pl_judge *j);
/* What the history shows of the build. */
void pl_judge_history_all(struct pl_judge *j);
/* Files: rights, owners, tools. */
void pl_judge_files(struct pl_judge *j);
/* Miners, reverse shells, what comes back by itself. */
void pl_judge_malware(struct pl_judge *j);

#endif
