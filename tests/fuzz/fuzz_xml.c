/* An XML document; what is read of it is looked at. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "fmt/xml.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    struct pl_arena a = { 0 };
    struct pl_xml *x = NULL;
    struct pl_err err = { 0 };
    int r = pl_xml_parse(pl_str_n(p, n), &a, &x, &err);
    if (r < 0 && !err.code)
        abort();
    size_t seen = 0;
    for (const struct pl_xml *y = r == 0 ? x->child : NULL; y; y = y->next)
        seen += y->name.n + pl_xml_attr(y, "id").n + (pl_xml_more(y) != NULL);
    pl_arena_release(&a);
    return r < 0 || seen > n * 3 ? -1 : 0;
}
