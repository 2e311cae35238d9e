/* What is wrong with how an image runs. One rule a line in rules_image.inc. formats/hardening.md
 * sections 1 and 5. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_CHECK_IMAGE_JUDGE_H
#define PL_CHECK_IMAGE_JUDGE_H

#include "check/image/advice.h"
#include "model/report.h"

enum pl_img_rule_id {
#define PL_IMG_RULE(id, name, sev, kind, aliases, title, why, fix) PL_IMG_##id,
#include "check/image/rules_image.inc"
#undef PL_IMG_RULE
    PL_IMG_RULE_COUNT
};

struct pl_img_rule {
    const char *name; /* "PL-C001" */
    enum pl_severity severity;
    enum pl_kind kind;
    const char *aliases; /* parted by blanks */
    const char *title, *why, *fix;
};
extern const struct pl_img_rule pl_img_rules[PL_IMG_RULE_COUNT];
/* The rule called `name`, or PL_IMG_RULE_COUNT. */
enum pl_img_rule_id pl_img_rule_find(struct pl_str name);

struct pl_img_finding {
    enum pl_img_rule_id rule;
    enum pl_severity severity;
    enum pl_surface surface;
    struct pl_str path;   /* of a file, or the name of what the surface holds */
    uint32_t line;        /* 0 = none */
    uint32_t layer;       /* that brought it; PL_NEVER = the configuration */
    uint32_t history;     /* the entry that set it; PL_NEVER = not known */
    struct pl_str detail; /* what exactly; no secrets */
};

struct pl_verdict {
    struct pl_advice advice;
    struct pl_img_finding *finding;
    size_t n;
};

/* Judges and advises. Everything lives in `im->a`. */
void pl_img_judge(const struct pl_img *im, struct pl_verdict *ret);
/* Across the pipe of the worker. The reader copies into `a`; false when malformed. */
void pl_verdict_put(struct pl_buf *b, const struct pl_verdict *v);
bool pl_verdict_get(struct pl_rd *r, struct pl_arena *a, struct pl_verdict *ret);

#endif
