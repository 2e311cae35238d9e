/* What the verbs over a shared store have in common. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/fleet_opt.h"

#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/hash.h"
#include "base/wire.h"
#include "cmd/common.h"
#include "cmd/store_opt.h"

int pl_fleet_named(const char *verb, const char *given, struct pl_arena *a, const char **ret)
{
    struct pl_err err = { 0 };
    if (pl_store_named(given, /* no_config= */ false, a, ret, &err) < 0)
        return pl_run_failed(verb, &err);
    if (*ret)
        return 0;
    fprintf(stderr, "plimsoll %s: no store is named: --store or PLIMSOLL_STORE\n", verb);
    return PL_EXIT_USAGE;
}

int pl_fleet_open(const char *verb, const char *given, enum pl_store_mode mode,
                  struct pl_store **ret)
{
    struct pl_arena a = { 0 };
    struct pl_err err = { 0 };
    const char *where;
    int code = pl_fleet_named(verb, given, &a, &where);
    if (!code && pl_store_open(where, mode, ret, &err) < 0)
        code = pl_run_failed(verb, &err);
    pl_arena_release(&a);
    return code;
}

void pl_fleet_key(enum pl_work_kind kind, struct pl_str what, struct pl_str engine, uint8_t *out)
{
    pl_auto_buf struct pl_buf b = { 0 };
    uint8_t sum[PL_SHA256_LEN];
    pl_put_u8(&b, (uint8_t)kind);
    pl_put_str(&b, what);
    pl_put_str(&b, kind == PL_WORK_LAYER ? engine : PL_S(""));
    pl_sha256(b.p, b.n, sum);
    memcpy(out, sum, PL_WORK_KEY);
}

const char *pl_fleet_state(enum pl_work_state s)
{
    static const char *const names[PL_WORK_STATES] = { "ready", "leased", "done", "aside",
                                                       "waiting" };
    return names[s];
}

const char *pl_fleet_kind(enum pl_work_kind k)
{
    static const char *const names[PL_WORK_KINDS] = { "image", "layer" };
    return names[k];
}
