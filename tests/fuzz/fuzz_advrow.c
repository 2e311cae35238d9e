/* Rows of an advisory database that others may have spoilt: a version in the first line, then the
 * rows of one package. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "vuln/db.h"
#include "vuln/row.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    static const char *const schemes[] = { "deb", "rpm", "npm", "gem", "semver", "maven", "pypi" };
    struct pl_str rest = pl_str_n(p, n), version, body;
    struct pl_arena a = { 0 };
    uint32_t vuln;
    bool bad = false;
    int found = -1;
    if (!n || !pl_str_split(&rest, '\n', &version) || !rest.p || version.n > 1000)
        return -1;
    while (pl_advdb_next_row(&rest, &vuln, &body, &bad)) {
        struct pl_advrow row;
        if (!pl_advrow_decode(body, &a, &row)) {
            bad = true;
            break;
        }
        found = 0;
        for (size_t i = 0; i < sizeof schemes / sizeof *schemes && row.n_events < 100; i++) {
            struct pl_advrow_place place = { .listed = false };
            pl_advrow_affects(pl_scheme_find(pl_str_c(schemes[i])), &row, version, &place);
        }
    }
    pl_arena_release(&a);
    return bad ? -1 : found;
}
