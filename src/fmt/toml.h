/* TOML 1.0 behind a C interface: nodes are borrowed from the document and know their line. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_FMT_TOML_H
#define PL_FMT_TOML_H

#ifdef __cplusplus
extern "C" {
#endif

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

struct pl_toml; /* a node; the root owns all */

enum pl_toml_type {
    PL_TOML_NONE, /* of a NULL node */
    PL_TOML_TABLE,
    PL_TOML_ARRAY,
    PL_TOML_STRING,
    PL_TOML_INT,
    PL_TOML_FLOAT,
    PL_TOML_BOOL,
    PL_TOML_TIME /* date, time, or both */
};

/* Parses `text`; `name` (NUL-terminated) stands in front of messages: "name:line:column: why".
 * PL_E_FORMAT. Free the root with pl_toml_free. */
int pl_toml_parse(struct pl_str text, const char *name, struct pl_toml **ret, struct pl_err *err);
/* Frees a root; accepts NULL. */
void pl_toml_free(struct pl_toml *root);

/* The kind of node; PL_TOML_NONE for NULL. */
enum pl_toml_type pl_toml_type(const struct pl_toml *t);
/* "a string", "a table" … for messages; static. */
const char *pl_toml_type_name(enum pl_toml_type t);
/* Line of the node, from 1; 0 when not known. */
unsigned pl_toml_line(const struct pl_toml *t);
/* Member `key` of a table, or NULL (also when `t` is NULL or no table). */
const struct pl_toml *pl_toml_get(const struct pl_toml *t, const char *key);
/* Members of a table or elements of an array; else 0. */
size_t pl_toml_len(const struct pl_toml *t);
/* Element `i` of an array, or NULL. */
const struct pl_toml *pl_toml_at(const struct pl_toml *t, size_t i);
/* The string, a view on the document; p == NULL when `t` is no string. */
struct pl_str pl_toml_str(const struct pl_toml *t);
/* The number or truth value; `otherwise` when `t` is not of that kind. pl_toml_float takes
 * integers too. */
int64_t pl_toml_int(const struct pl_toml *t, int64_t otherwise);
double pl_toml_float(const struct pl_toml *t, double otherwise);
bool pl_toml_bool(const struct pl_toml *t, bool otherwise);
/* Date and time as written in RFC 3339, in `a`; p == NULL when `t` is none. */
struct pl_str pl_toml_time(const struct pl_toml *t, struct pl_arena *a);
/* Calls `fn` for each member of a table, sorted by key. Stops and returns non-zero what `fn`
 * returns. */
int pl_toml_each(const struct pl_toml *t,
                 int (*fn)(void *arg, struct pl_str key, const struct pl_toml *value), void *arg);

#ifdef __cplusplus
}
#endif

#endif
