/* AdmissionReviews: read, and an answer written that is itself JSON. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "fmt/json.h"
#include "serve/review.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static void answer(const struct pl_review *v, struct pl_arena *a)
{
    pl_auto_buf struct pl_buf out = { 0 };
    struct pl_review_edit *e = pl_alloc_n(a, v->n_images + 1, sizeof *e);
    struct pl_str warning = v->user;
    struct pl_json *root = NULL;
    for (size_t i = 0; i < v->n_images; i++)
        e[i] = (struct pl_review_edit){ v->images[i].pointer, v->images[i].ref };
    struct pl_review_answer x = { .allowed = v->n_images > 1,
                                  .message = v->refuse.n ? v->refuse : v->name,
                                  .warnings = &warning,
                                  .n_warnings = 1,
                                  .policy = v->ns,
                                  .edits = e,
                                  .n_edits = v->n_images };
    pl_review_write(v->uid, &x, &out);
    if (pl_json_parse(pl_buf_str(&out), 16, &root, /* err= */ NULL) < 0)
        abort();
    pl_json_free(root);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    struct pl_arena a = { 0 };
    struct pl_review v = { 0 };
    struct pl_err err = { 0 };
    int r = pl_review_parse(pl_str_n(p, n), &a, &v, &err);
    if (r < 0 && err.msg[0] == 0)
        abort();
    if (r == 0) {
        if (v.uid.n == 0 || v.n_images > PL_REVIEW_IMAGES_MAX || (v.n_images && !v.judged))
            abort();
        answer(&v, &a);
    }
    pl_arena_release(&a);
    return r == 0 ? 0 : -1;
}
