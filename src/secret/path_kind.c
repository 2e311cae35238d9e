/* What the engine makes of a path, as one number: content at paths of the same kind is judged the
 * same, so a blob that stands at a hundred of them is searched once. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "secret/keyvalue.h"
#include "secret/rule_int.h"
#include "secret/setting.h"

#define MIX(h, v) (((h) ^ (v)) * 0x9e3779b97f4a7c15u)

/* The last four letters of the name's ending, in lower case: readers of containers look at it. */
static uint32_t ending(struct pl_str path)
{
    uint32_t v = 0;
    for (size_t i = path.n; i > 0 && path.n - i < 4 && path.p[i - 1] != '/'; i--) {
        unsigned char c = (unsigned char)path.p[i - 1];
        if (c == '.')
            return v;
        v = v << 8 | (c >= 'A' && c <= 'Z' ? c + 32u : c);
    }
    return 1;
}

uint32_t pl_secret_path_kind(const struct pl_rules *r, struct pl_str path)
{
    uint64_t h = MIX(MIX(MIX(0, (uint64_t)pl_setting_of(path)), (uint64_t)pl_kv_place_of(path)),
                     ending(path));
    for (size_t i = 0; i < r->img.n_rules; i++) {
        const struct pl_rule *rule = &r->img.rule[i];
        for (size_t k = 0; k < rule->paths.n; k++)
            if (pl_rule_glob(rule->paths.p[k], path)) {
                h = MIX(h, i + 1);
                break;
            }
    }
    return (uint32_t)(h >> 32) | 1;
}
