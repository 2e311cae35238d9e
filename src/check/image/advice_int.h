/* What the writers of an advice share. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_CHECK_IMAGE_ADVICE_INT_H
#define PL_CHECK_IMAGE_ADVICE_INT_H

#include <stdio.h>

#include "check/image/advice.h"

/* Text on one line, without control characters. */
void pl_advice_words(struct pl_buf *out, struct pl_str s);
/* The first reasons, parted by semicolons. */
void pl_advice_reasons(struct pl_buf *out, const struct pl_img_list *l);
/* A name for a volume, container or service from a path: lower case, digits, dashes. */
void pl_advice_name(struct pl_buf *out, struct pl_str path);
/* A YAML scalar, quoted where it must be. */
void pl_advice_yaml(struct pl_buf *out, struct pl_str s);
/* What is listed, but not demanded, as comments. */
void pl_advice_tail(const struct pl_advice *x, struct pl_buf *out);

#endif
