/* What follows from what has changed since all inventories were last looked at. fleet.md section 3,
 * "rematch". */
/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/narrow.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/hash.h"
#include "base/numbers.h"
#include "base/vec.h"
#include "base/wire.h"
#include "cmd/version.h"

struct narrowing {
    PL_VEC(int64_t) id;
    PL_VEC(uint32_t) package;
};

static int on_id(void *arg, int64_t id)
{
    struct narrowing *x = arg;
    pl_vec_push(&x->id, id);
    return 0;
}

void pl_narrow_key(uint32_t form, bool all_layers, uint8_t key[PL_STORE_MATCH_KEY])
{
    pl_auto_buf struct pl_buf b = { 0 };
    uint8_t sum[PL_SHA256_LEN];
    pl_put_u32(&b, form);
    pl_put_str(&b, PL_S(PL_VERSION));
    pl_put_str(&b, PL_S(PL_RULES_VERSION));
    pl_put_u8(&b, all_layers);
    pl_sha256(b.p, b.n, sum);
    memcpy(key, sum, PL_STORE_MATCH_KEY);
}

bool pl_narrow_may(const struct pl_store_matched *before, const struct pl_store_matched *now)
{
    return before->there && memcmp(before->key, now->key, sizeof now->key) == 0;
}

int pl_narrow(struct pl_store *s, const struct pl_store_matched *before,
              const struct pl_store_matched *now, int64_t **ret, size_t *ret_n, struct pl_err *err)
{
    struct narrowing x = { .id = { NULL, 0, 0 } };
    /* packages that came since are in no inventory but those that came since */
    for (size_t i = 0; i < before->n; i++)
        if (before->print[i] && before->print[i] != (i < now->n ? now->print[i] : 0))
            pl_vec_push(&x.package, (uint32_t)i);
    for (size_t i = 0; i < before->n_odd; i++)
        pl_vec_push(&x.id, before->odd[i]);
    int r = s->ops->matched_since(s, before, on_id, &x, err);
    if (r == 0 && x.package.n)
        r = s->ops->images_holding(s, x.package.p, x.package.n, on_id, &x, err);
    *ret_n = pl_unique_i64(x.id.p, x.id.n);
    *ret = x.id.p;
    pl_vec_release(&x.package);
    return r;
}
