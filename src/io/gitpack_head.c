/* The head of an object in a git pack. gitformat-pack(5). */
/* SPDX-License-Identifier: Apache-2.0 */
#include "io/gitpack_head.h"

size_t pl_gitpack_head(struct pl_str s, uint8_t *ret_type, uint64_t *ret_size)
{
    size_t i = 0;
    unsigned shift = 4;
    if (s.n == 0)
        return 0;
    uint8_t c = (uint8_t)s.p[i++];
    uint64_t size = c & 15;
    *ret_type = c >> 4 & 7;
    while (c & 0x80) {
        if (i == s.n || shift > 57)
            return 0;
        c = (uint8_t)s.p[i++];
        size |= (uint64_t)(c & 0x7f) << shift;
        shift += 7;
    }
    *ret_size = size;
    return i;
}

size_t pl_gitpack_distance(struct pl_str s, uint64_t *ret)
{
    size_t i = 0;
    uint64_t v = 0;
    uint8_t c;
    do {
        if (i == s.n || i > 8)
            return 0;
        c = (uint8_t)s.p[i++];
        v = v << 7 | (c & 0x7f);
        if (c & 0x80)
            v++;
    } while (c & 0x80);
    *ret = v;
    return i;
}
