/* Records by content: whoever made them, they say the same. What goes wrong with the store makes a
 * scan slower and nothing else. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/scan_records.h"

#include "cmd/fleet_opt.h"
#include "cmd/store_opt.h"
#include "cmd/version.h"

static void give_up(struct pl_scan_records *x)
{
    if (x->s)
        x->s->ops->close(x->s);
    x->s = NULL;
}

static enum pl_kept ask(void *arg, const struct pl_keep_layer *l, struct pl_buf *ret)
{
    struct pl_scan_records *x = arg;
    struct pl_arena a = { 0 };
    struct pl_err err = { 0 };
    struct pl_str bytes = { NULL, 0 };
    uint8_t key[PL_WORK_KEY];
    if (!x->s)
        return PL_KEPT_NOT;
    pl_fleet_key(PL_WORK_LAYER, l->digest, x->engine, key);
    if (x->s->ops->record(x->s, key, &a, &bytes, &err) < 0)
        give_up(x);
    if (bytes.p)
        pl_buf_putn(ret, bytes.p, bytes.n);
    pl_arena_release(&a);
    return bytes.p ? PL_KEPT_HERE : PL_KEPT_NOT;
}

static void put(void *arg, const struct pl_keep_layer *l, struct pl_str packed)
{
    struct pl_scan_records *x = arg;
    const struct pl_report like = { .tool_version = PL_S(PL_VERSION),
                                    .rules_version = PL_S(PL_RULES_VERSION) };
    struct pl_store_origin o;
    struct pl_err err = { 0 };
    uint8_t key[PL_WORK_KEY];
    if (!x->s)
        return;
    pl_fleet_key(PL_WORK_LAYER, l->digest, x->engine, key);
    int r = x->s->ops->share(x->s, &err);
    if (r == 0)
        r = pl_store_origin_in(x->s, &like, &o, &err);
    if (r == 0)
        r = x->s->ops->record_put(x->s, key, l->digest, &o, packed, &err);
    if (r == 0)
        r = x->s->ops->commit(x->s, &err);
    if (r < 0)
        give_up(x);
}

void pl_scan_records_begin(struct pl_scan_records *x, const char *where, const struct pl_common *c,
                           struct pl_run *run)
{
    struct pl_err err = { 0 };
    if (pl_store_open(where, PL_STORE_MAKE, &x->s, &err) < 0) {
        x->s = NULL;
        return;
    }
    x->engine = pl_fleet_engine(c, &x->a);
    x->keep = (struct pl_keep){ .ask = ask, .put = put, .arg = x };
    pl_scan_keep(run->scan, &x->keep);
}

void pl_scan_records_end(struct pl_scan_records *x)
{
    give_up(x);
    pl_arena_release(&x->a);
}
