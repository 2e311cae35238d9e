/* Questions of a Docker daemon: read, targets and queries taken apart, an answer written. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "fmt/json.h"
#include "serve/authz.h"
#include "serve/engine_path.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    struct pl_arena a = { 0 };
    struct pl_authz z;
    struct pl_str path, query, tag;
    struct pl_err err = { 0 };
    struct pl_json *root = NULL;
    pl_auto_buf struct pl_buf out = { 0 };
    pl_authz_parse(pl_str_n(p, n), &a, &z);
    if ((z.kind == PL_AUTHZ_REFUSE && z.why.n == 0) || (z.kind == PL_AUTHZ_RUN && !z.n_images))
        abort();
    pl_authz_write(false, z.n_images ? z.images[0] : z.why, &out);
    if (pl_json_parse(pl_buf_str(&out), 8, &root, &err) < 0)
        abort();
    pl_json_free(root);
    if (pl_engine_path(pl_str_n(p, n), &a, &path, &query, &err) == 0) {
        if (pl_str_find(path, PL_S("//"), 0) != SIZE_MAX ||
            pl_str_find(path, PL_S("/./"), 0) != SIZE_MAX)
            abort();
        (void)pl_engine_query(query, "tag", &a, &tag, &err);
    }
    pl_arena_release(&a);
    return z.kind == PL_AUTHZ_REFUSE ? -1 : 0;
}
