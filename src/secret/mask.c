/* How a secret is shown: its public prefix and a digest, never the rest. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "base/hash.h"
#include "secret/secret.h"

struct pl_str pl_secret_mask(struct pl_arena *a, const struct pl_rule *rule, struct pl_str value)
{
    uint8_t sum[PL_SHA256_LEN];
    char hex[9];
    size_t show = rule && rule->prefix < 4 ? rule->prefix : rule ? 4 : 0;
    pl_sha256(value.p, value.n, sum);
    pl_hex(sum, 4, hex);
    if (show >= value.n) /* a value no longer than its prefix would be shown whole */
        show = 0;
    return pl_printf(a, "%.*s…(sha256:%s)", (int)show, value.p, hex);
}
