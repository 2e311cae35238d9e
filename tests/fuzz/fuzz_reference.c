/* Image references, platforms, digests, whiteout names: what is accepted prints as it was read. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "oci/platform.h"
#include "oci/reference.h"
#include "oci/whiteout.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    struct pl_arena a = { 0 };
    struct pl_str s = pl_str_n(p, n), target;
    struct pl_reference ref;
    struct pl_platform platform;
    struct pl_digest d;
    struct pl_err err = { 0 };
    int r = pl_reference_parse(s, &ref, &err);
    if (r == 0 && !pl_str_eq(pl_reference_text(&a, &ref), s))
        abort();
    if (pl_digest_parse(s, &d, &err) == 0 && !pl_str_eq(pl_digest_text(&a, &d), s))
        abort();
    if (pl_platform_parse(s, &platform, &err) == 0) {
        struct pl_platform again;
        struct pl_str text = pl_platform_text(&a, &platform);
        if (pl_platform_parse(text, &again, &err) < 0 || pl_platform_cmp(&platform, &again) ||
            !pl_platform_match(&platform, &again))
            abort();
    }
    if (pl_whiteout(s, &a, &target) == PL_WH_FILE && target.n + 4 != n)
        abort();
    pl_arena_release(&a);
    return r == 0 ? 0 : -1;
}
