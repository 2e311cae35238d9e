/* Changing a JSON text in place: what is not changed stays byte for byte, order, numbers and blanks
 * included. RFC 8259, RFC 6901. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_FMT_JSONEDIT_H
#define PL_FMT_JSONEDIT_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"

enum pl_jsonedit_op {
    PL_JSONEDIT_STRING, /* the value at `pointer` becomes the string `text` */
    PL_JSONEDIT_RAW,    /* … becomes `text`, which is JSON */
    PL_JSONEDIT_DELETE, /* the member or element goes, if there is one */
    PL_JSONEDIT_INSERT, /* the object at `pointer` gets the member `text`, JSON: "key":value; the
                         * array there gets the element `text` */
};

struct pl_jsonedit {
    enum pl_jsonedit_op op;
    struct pl_str pointer, text;
};

/* Asked for each string that no edit names, keys included (pointer of a key: its member's). True:
 * it becomes what was appended to `out`, which came empty. */
typedef bool pl_jsonedit_fn(void *arg, struct pl_str pointer, struct pl_str value, bool is_key,
                            struct pl_buf *out);

/* Appends `json`, which pl_json_parse has taken, to `out` with all edits made, one at most for a
 * pointer. PL_E_FORMAT when a
 * pointer names nothing, or the text is no JSON; PL_E_LIMIT beyond `max_depth`. */
int pl_jsonedit(struct pl_str json, const struct pl_jsonedit *edit, size_t n, pl_jsonedit_fn *fn,
                void *arg, unsigned max_depth, struct pl_buf *out, struct pl_err *err);

#endif
