/* JSON in its canonical form (RFC 8785 for whole numbers and ASCII keys): what is hashed. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_GATE_CANON_H
#define PL_GATE_CANON_H

#include "base/buf.h"
#include "fmt/json.h"

/* A member of an object: its name, its value in canonical form. */
struct pl_canon_member {
    struct pl_str key, text;
};

/* The members of object `j`, sorted by name, in `a`; returns how many, or PL_E_FORMAT (no object,
 * numbers with a fraction). */
long pl_canon_members(const struct pl_json *j, struct pl_arena *a, struct pl_canon_member **ret,
                      struct pl_err *err);
/* Appends an object of members, which are sorted. */
void pl_canon_object(struct pl_buf *b, const struct pl_canon_member *m, size_t n);
/* Appends a string. It is UTF-8. */
void pl_canon_str(struct pl_buf *b, struct pl_str s);

#endif
