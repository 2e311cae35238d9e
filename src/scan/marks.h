/* Markers beside a secret: "plimsoll:allow [RULE] [until=DATE]", "gitleaks:allow". */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_SCAN_MARKS_H
#define PL_SCAN_MARKS_H

#include "base/arena.h"
#include "secret/secret.h"

/* The marker on the lines of p[off, off + len), within `n` bytes at `p`: its words that mean
 * something and nothing else, in `a`; empty when there is none. `rules` say which word is the id of
 * one. */
struct pl_str pl_mark_near(struct pl_arena *a, const struct pl_rules *rules, const uint8_t *p,
                           size_t n, size_t off, size_t len);

#endif
