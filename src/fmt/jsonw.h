/* JSON writer for our own documents: commas, indentation and escaping in one place. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_FMT_JSONW_H
#define PL_FMT_JSONW_H

#include "base/buf.h"

struct pl_jsonw {
    struct pl_buf *out;
    unsigned indent; /* blanks per level; 0 = all on one line */
    unsigned depth;
    bool comma, after_key; /* all zero at the start; `out` and `indent` are the caller's */
};

/* Open and close; `key` functions only inside an object. */
void pl_jw_obj(struct pl_jsonw *w);
void pl_jw_obj_end(struct pl_jsonw *w);
void pl_jw_arr(struct pl_jsonw *w);
void pl_jw_arr_end(struct pl_jsonw *w);
void pl_jw_key(struct pl_jsonw *w, const char *key);
/* Values. Invalid UTF-8 becomes U+FFFD; what pl_utf8_hidden names (controls, bidi marks …) is
 * escaped, so a document may be shown on a terminal. */
void pl_jw_str(struct pl_jsonw *w, struct pl_str s);
void pl_jw_str_or_null(struct pl_jsonw *w, struct pl_str s); /* null when s.n == 0 */
void pl_jw_cstr(struct pl_jsonw *w, const char *s);
void pl_jw_u64(struct pl_jsonw *w, uint64_t v);
void pl_jw_int(struct pl_jsonw *w, int64_t v);
void pl_jw_number(struct pl_jsonw *w, const char *text); /* as it stands, "0.5" */
void pl_jw_bool(struct pl_jsonw *w, bool v);
void pl_jw_null(struct pl_jsonw *w);
/* "key": "value" in one call. */
void pl_jw_kstr(struct pl_jsonw *w, const char *key, struct pl_str s);
void pl_jw_kcstr(struct pl_jsonw *w, const char *key, const char *s);
void pl_jw_ku64(struct pl_jsonw *w, const char *key, uint64_t v);
void pl_jw_kbool(struct pl_jsonw *w, const char *key, bool v);
/* "key": ["value", …], empty for n == 0. */
void pl_jw_kstrs(struct pl_jsonw *w, const char *key, const struct pl_str *s, size_t n);

#endif
