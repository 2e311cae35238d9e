/* Keys as Go reads them: encoding/json takes a member for a field whatever its case. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "fmt/json.h"
#include "fmt/utf8.h"

bool pl_json_key_folds(struct pl_str key, const char *want)
{
    struct pl_str w = pl_str_c(want);
    size_t i = 0;
    while (key.n && i < w.n) {
        uint32_t cp = 0;
        size_t n = pl_utf8_next(key, &cp);
        uint32_t c = cp == 0x212a ? 'k' : cp == 0x17f ? 's' : cp;
        uint32_t d = (uint8_t)w.p[i++];
        c = c >= 'A' && c <= 'Z' ? c + 32 : c;
        d = d >= 'A' && d <= 'Z' ? d + 32 : d;
        if (n == 0 || c != d)
            return false;
        key = pl_str_sub(key, n, key.n);
    }
    return key.n == 0 && i == w.n;
}
