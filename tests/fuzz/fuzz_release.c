/* What distributions sign: Release files, cleartext signatures, armor. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "sign/openpgp.h"
#include "vuln/dist_release.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    struct pl_arena a = { 0 };
    struct pl_err err = { 0 };
    struct pl_str doc = pl_str_n(p, n), text = doc, sig, bytes;
    struct pl_release r = { .files = 0 };
    int x = 0;
    pl_openpgp_dearmor(doc, &a, &bytes, NULL);
    if (pl_openpgp_is_cleartext(doc))
        x = pl_openpgp_cleartext(doc, &a, &text, &sig, &err);
    if (x == 0 && text.n > doc.n)
        abort();
    if (x == 0)
        x = pl_release_read(text, &a, &r, &err);
    if (x < 0 && !err.code)
        abort();
    if (x == 0)
        pl_release_path(&r, doc);
    pl_map_release(&r.listed);
    pl_arena_release(&a);
    return x < 0 ? -1 : 0;
}
