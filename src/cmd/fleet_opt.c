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
#include "source/docker.h"

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

struct pl_str pl_fleet_engine(const struct pl_common *c, struct pl_arena *a)
{
    struct pl_str s = PL_S(PL_VERSION " " PL_RULES_VERSION);
    for (size_t i = 0; i < c->limit.n; i++)
        s = pl_printf(a, "%.*s %s", PL_FMT(s), c->limit.p[i]);
    return s;
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

/* The registry that will be asked and the first part of the repository: a team, mostly. */
static void place_of(struct pl_str target, struct pl_arena *a, struct pl_work_new *w)
{
    struct pl_reference ref;
    w->host = w->share = PL_S("");
    if (!pl_str_starts(target, PL_S("docker://")))
        return;
    if (pl_docker_reference(target, a, &ref, NULL, NULL) < 0 &&
        pl_docker_reference(pl_printf(a, "%.*s/x", PL_FMT(target)), a, &ref, NULL, NULL) < 0)
        return;
    struct pl_str repo = ref.repo, first;
    pl_str_split(&repo, '/', &first);
    w->host = pl_dup(a, ref.host);
    w->share = pl_printf(a, "%.*s/%.*s", PL_FMT(ref.host), PL_FMT(first));
}

int pl_fleet_work(enum pl_work_kind kind, struct pl_str target, int64_t priority,
                  struct pl_arena *a, struct pl_work_new *ret, struct pl_err *err)
{
    *ret = (struct pl_work_new){
        .kind = kind, .target = pl_dup(a, target), .digest = PL_S(""), .priority = priority
    };
    if (pl_str_is(target, "-") || pl_str_starts(target, PL_S("daemon:")))
        return pl_fail(err, PL_E_USAGE, "'%.*s' is nothing that other machines could read",
                       PL_FMT(target));
    place_of(ret->target, a, ret);
    pl_fleet_key(kind, target, PL_S(""), ret->key);
    return 0;
}

int pl_fleet_place(struct pl_str target, struct pl_arena *a, struct pl_str *ret_target,
                   struct pl_reference *ret, struct pl_err *err)
{
    struct pl_str s = target;
    if (pl_str_starts(s, PL_S("docker://")))
        s = pl_str_sub(s, 9, s.n);
    while (pl_str_ends(s, PL_S("/")))
        s.n--;
    if (s.n && !memchr(s.p, '/', s.n)) { /* a registry */
        struct pl_str probe = pl_printf(a, "%.*s/x", PL_FMT(s));
        if (pl_docker_reference(probe, a, ret, NULL, NULL) == 0 && pl_str_eq(ret->host, s)) {
            ret->host = pl_dup(a, s);
            ret->repo = PL_S("");
            *ret_target = pl_printf(a, "docker://%.*s", PL_FMT(s));
            return 0;
        }
    }
    bool assumed = false;
    int r = pl_docker_reference(s, a, ret, &assumed, err);
    if (r == 0 && !assumed)
        r = pl_fail(err, PL_E_USAGE, "'%.*s' has a tag or digest: a registry or a repository",
                    PL_FMT(target));
    if (r == 0)
        *ret_target = pl_printf(a, "docker://%.*s/%.*s", PL_FMT(ret->host), PL_FMT(ret->repo));
    return r;
}

const char *pl_fleet_kind(enum pl_work_kind k)
{
    static const char *const names[PL_WORK_KINDS] = { "image", "layer", "discover", "rematch" };
    return (unsigned)k < PL_WORK_KINDS ? names[k] : "other";
}

const char *pl_fleet_state(enum pl_work_state s)
{
    static const char *const names[PL_WORK_STATES] = { "ready", "leased", "done", "aside",
                                                       "waiting" };
    return names[s];
}
