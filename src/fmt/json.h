/* Strict JSON of foreign origin, by jansson: duplicate keys refused, depth and size capped before
 * anything is built, no NUL in keys. RFC 8259. Nodes are borrowed from the document. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_FMT_JSON_H
#define PL_FMT_JSON_H

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

struct pl_json; /* a node; the root owns all */

enum pl_json_type {
    PL_JSON_NULL,
    PL_JSON_BOOL,
    PL_JSON_INT,
    PL_JSON_REAL,
    PL_JSON_STRING,
    PL_JSON_ARRAY,
    PL_JSON_OBJECT
};

/* Parses the whole of `text` (leading BOM refused, nothing may follow). PL_E_FORMAT with the byte
 * offset; PL_E_LIMIT for depth. Free the root with pl_json_free. */
int pl_json_parse(struct pl_str text, unsigned max_depth, struct pl_json **ret, struct pl_err *err);
/* The same; PL_E_LIMIT also when the tree would take more than about `tree_max` bytes. */
int pl_json_parse_within(struct pl_str text, unsigned max_depth, size_t tree_max,
                         struct pl_json **ret, struct pl_err *err);
/* Frees; accepts NULL. */
void pl_json_free(struct pl_json *root);

/* The type of `j`, which is not NULL. */
enum pl_json_type pl_json_type(const struct pl_json *j);
/* The member `key` of an object, or NULL (also when `j` is NULL or no object). */
const struct pl_json *pl_json_get(const struct pl_json *j, const char *key);
/* Length of an array or object, else 0; element `i` of an array, or NULL. */
size_t pl_json_len(const struct pl_json *j);
const struct pl_json *pl_json_at(const struct pl_json *j, size_t i);
/* The string's bytes (may hold NUL), a view on the document; an empty view with p == NULL when `j`
 * is NULL or no string. */
struct pl_str pl_json_str(const struct pl_json *j);
/* The value of an integer; `otherwise` when `j` is NULL or none. */
int64_t pl_json_int(const struct pl_json *j, int64_t otherwise);
/* The value of a number, integers too; `otherwise` when `j` is NULL or none. */
double pl_json_real(const struct pl_json *j, double otherwise);
/* True only for JSON true. */
bool pl_json_true(const struct pl_json *j);
/* Calls `fn` for each member in document order. Stops and returns non-zero what `fn` returns. */
int pl_json_each(const struct pl_json *j,
                 int (*fn)(void *arg, struct pl_str key, const struct pl_json *value), void *arg);

/* Is `key` the ASCII key `want` for readers in Go, which fold case, the Kelvin sign and the long s
 * included? Also true when they are equal. */
bool pl_json_key_folds(struct pl_str key, const char *want);

/* Visits every string of the document below `j`, keys included, depth first in document order.
 * `pointer` is the RFC 6901 pointer of the string (for a key: of its member), `key` the name of the
 * nearest member above it ("" at the root), `is_key` tells keys. */
typedef void pl_json_string_fn(void *arg, struct pl_str pointer, struct pl_str key,
                               struct pl_str value, bool is_key);
void pl_json_strings(const struct pl_json *j, pl_json_string_fn *fn, void *arg);

#endif
