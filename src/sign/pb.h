/* Protobuf's JSON form, as bundles and trusted roots are written in: bytes are base64, 64-bit
 * integers are strings or bare, camelCase or snake_case. protobuf.dev "ProtoJSON format". */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_SIGN_PB_H
#define PL_SIGN_PB_H

#include "base/arena.h"
#include "fmt/json.h"

/* Member `camel` of object `o`, or the same under its snake_case name; NULL when absent or null.
 * PL_E_FORMAT: `o` is no object, or both names are there. */
int pl_pb_get(const struct pl_json *o, const char *camel, const struct pl_json **ret,
              struct pl_err *err);
/* The same, but an object (array, string); PL_E_FORMAT for another type. Absent: NULL, and for
 * strings an empty view with p == NULL. */
int pl_pb_object(const struct pl_json *o, const char *camel, const struct pl_json **ret,
                 struct pl_err *err);
int pl_pb_array(const struct pl_json *o, const char *camel, size_t most, const struct pl_json **ret,
                struct pl_err *err);
int pl_pb_str(const struct pl_json *o, const char *camel, struct pl_str *ret, struct pl_err *err);
/* Decoded bytes in `a`; p == NULL when absent. Standard or URL alphabet, nothing left over. */
int pl_pb_bytes(const struct pl_json *o, const char *camel, struct pl_arena *a, struct pl_str *ret,
                struct pl_err *err);
/* An integer >= 0, 0 when absent; PL_E_FORMAT when negative or none. */
int pl_pb_uint(const struct pl_json *o, const char *camel, uint64_t *ret, struct pl_err *err);
/* RFC 3339 in nanoseconds; *ret_set tells whether there is one. */
int pl_pb_time(const struct pl_json *o, const char *camel, int64_t *ret, bool *ret_set,
               struct pl_err *err);

/* Decodes `text` to `a`: standard or URL alphabet, padded (URL: or not), line ends passed
 * over, nothing left over. */
int pl_base64_bytes(struct pl_str text, struct pl_arena *a, struct pl_str *ret, struct pl_err *err);
/* Standard alphabet, padded, in `a`. */
struct pl_str pl_base64_text(struct pl_str bytes, struct pl_arena *a);

#endif
