/* What `plimsoll query` asks of the store. fleet.md section 4. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_CMD_QUERY_H
#define PL_CMD_QUERY_H

#include "base/vec.h"
#include "cmd/opt.h"
#include "fmt/jsonw.h"
#include "model/store.h"

struct pl_query_cmd {
    const char *store, *image, *package, *cve, *secret, *since;
    struct pl_opt_list format;
    bool quiet;
};

/* What an image must have, settled. */
struct pl_query_want {
    const struct pl_query_cmd *o;
    int64_t since;
    PL_VEC(uint8_t) package; /* by number: PL_QUERY_* */
    PL_VEC(uint32_t) flaw;   /* rising */
    PL_VEC(int64_t) image;   /* rising: in which the secret was found */
};

/* Looks up what the options name; text in `a`. PL_E_USAGE: it cannot be read. */
int pl_query_prepare(struct pl_store *s, const struct pl_query_cmd *o, struct pl_arena *a,
                     struct pl_query_want *ret, struct pl_err *err);
/* Frees; accepts a zeroed one. */
void pl_query_release(struct pl_query_want *w);
/* Has the image all that is asked for? `a` is scratch. */
int pl_query_matches(struct pl_store *s, const struct pl_query_want *w,
                     const struct pl_store_image *i, struct pl_arena *a, bool *ret,
                     struct pl_err *err);
/* Is that "package" only what the system calls itself? */
bool pl_query_is_release(const struct pl_query_want *w, uint32_t package);
/* Appends "holds", the packages that were asked for, to an open object; nothing when none were. */
int pl_query_put_holds(struct pl_store *s, const struct pl_query_want *w,
                       const struct pl_store_image *i, struct pl_arena *a, struct pl_jsonw *out,
                       struct pl_err *err);
/* The same as lines for people. */
int pl_query_put_lines(struct pl_store *s, const struct pl_query_want *w,
                       const struct pl_store_image *i, struct pl_arena *a, struct pl_buf *out,
                       struct pl_err *err);

#endif
