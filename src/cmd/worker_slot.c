/* One slot of a worker: an image is put together from the records of its layers; a layer that has
 * no record yet becomes work of its own, so that it is read once whoever needs it. fleet.md
 * section 3. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/vec.h"
#include "cmd/fleet_opt.h"
#include "cmd/store_opt.h"
#include "cmd/version.h"
#include "cmd/worker_cmd.h"
#include "scan/keep.h"

#define CLAIMS_MAX 16u /* pieces of work claimed at a time … */
#define QUICK_MS 100   /* … more when those of one time take less, … */
#define SLOW_MS 400    /* … fewer when they take more: what is held here others cannot do */
#define IDLE_MS 2000   /* between looks for work when nobody calls */
#define ONCE_MS 100    /* the same with --once, where others may be about to end */
#define HOLD_S 120     /* for a registry that has had enough and does not say for how long */
#define HOLD_MAX_S 21600
#define LATER_S 15 /* until a queue that was full is looked at again */

struct slot {
    const struct pl_worker_cmd *o;
    const char *where;
    struct pl_fleet_log log;
    struct pl_worker_stats *stats;
    size_t index;
    int64_t began_ns; /* the work at hand */
    struct pl_str name, engine;
    struct pl_store *s;
    struct pl_run run;
    struct pl_reach reach;
    struct pl_keep keep;
    struct pl_vuln_run *vuln;
    struct pl_arena claims_a, a; /* of what was claimed; of one piece of work */
    PL_VEC(struct pl_work) claimed;
    size_t batch; /* so many are claimed next */
    const struct pl_work *now;
    PL_VEC(struct pl_work_new) missing; /* layers without a record */
    uint64_t to_read;                   /* bytes of the layer that was asked for */
    struct pl_buf packed;               /* the record of the layer that was read */
    uint8_t packed_key[PL_WORK_KEY];
    int store_r; /* what went wrong with the store while an image was read */
    struct pl_err store_err;
    _Atomic uint32_t
        *asked;         /* seconds of peace that the registry wants; shared with those who ask */
    struct pl_str held; /* the registry that got them, among what was claimed */
};

/* ---- records ---- */

static enum pl_kept leave(struct pl_buf *ret, const char *why)
{
    pl_buf_puts(ret, why);
    return PL_KEPT_LEAVE;
}

/* A layer without a record: another's work, ours to read, or beyond hope. */
static enum pl_kept ask_who(struct slot *x, const struct pl_keep_layer *l, const uint8_t *key,
                            struct pl_buf *ret)
{
    struct pl_work w;
    bool there;
    x->store_r = x->s->ops->work_find(x->s, key, &x->a, &w, &there, &x->store_err);
    if (x->store_r < 0)
        return leave(ret, "the store cannot be asked");
    if (there && w.state == PL_WORK_DONE) /* it was read, and was not fit to be kept */
        return PL_KEPT_NOT;
    if (there && w.state == PL_WORK_ASIDE) {
        pl_buf_printf(ret, "reading it was given up: %.*s", PL_FMT(w.error));
        return PL_KEPT_LEAVE;
    }
    struct pl_work_new n = { .kind = PL_WORK_LAYER,
                             .target = x->now->target,
                             .digest = pl_dup(&x->a, l->digest),
                             .host = x->now->host,
                             .priority = x->now->priority };
    memcpy(n.key, key, PL_WORK_KEY);
    pl_vec_push(&x->missing, n);
    return leave(ret, "its record is not there yet");
}

static enum pl_kept ask(void *arg, const struct pl_keep_layer *l, struct pl_buf *ret)
{
    struct slot *x = arg;
    struct pl_str bytes;
    uint8_t key[PL_WORK_KEY];
    if (x->store_r < 0)
        return leave(ret, "the store cannot be asked");
    if (x->now->kind == PL_WORK_LAYER && !pl_str_eq(l->digest, x->now->digest))
        return leave(ret, "not asked for");
    if (x->now->kind == PL_WORK_LAYER) {
        x->to_read = l->size;
        return PL_KEPT_NOT;
    }
    struct pl_arena a = { 0 };
    pl_fleet_key(PL_WORK_LAYER, l->digest, x->engine, key);
    x->store_r = x->s->ops->record(x->s, key, &a, &bytes, &x->store_err);
    enum pl_kept r = PL_KEPT_HERE;
    if (x->store_r < 0)
        r = leave(ret, "the store cannot be asked");
    else if (bytes.p) {
        pl_buf_putn(ret, bytes.p, bytes.n);
        atomic_fetch_add(&x->stats->records_taken, 1);
    } else
        r = ask_who(x, l, key, ret);
    pl_arena_release(&a);
    return r;
}

static void put(void *arg, const struct pl_keep_layer *l, struct pl_str packed)
{
    struct slot *x = arg;
    if (x->now->kind != PL_WORK_LAYER || !pl_str_eq(l->digest, x->now->digest))
        return;
    pl_fleet_key(PL_WORK_LAYER, l->digest, x->engine, x->packed_key);
    pl_buf_clear(&x->packed);
    pl_buf_putn(&x->packed, packed.p, packed.n);
}

/* ---- ends ---- */

static int64_t delay_of(const struct slot *x)
{
    int64_t d = x->o->delay;
    for (int64_t i = 0; i < x->now->fails && d < 3600; i++)
        d *= 3;
    return d;
}

/* The work at hand has ended so: counted, and told. */
static void ended(struct slot *x, enum pl_worker_event e, const char *error)
{
    static const char *const words[PL_WORKER_EVENTS] = { "claimed", "done",       "waits",
                                                         "failed",  "given back", "lost" };
    int64_t took = pl_clock_ns() - x->began_ns;
    struct pl_fleet_line line = { .level = e == PL_WORKER_FAILED ? PL_LOG_WARN : PL_LOG_INFO,
                                  .what = words[e],
                                  .job = x->now->id,
                                  .kind = pl_fleet_kind(x->now->kind),
                                  .target = x->now->target,
                                  .error = pl_str_c(error),
                                  .ms = took / 1000000 };
    pl_worker_count(x->stats, e, x->now->kind);
    if (e != PL_WORKER_BACK)
        pl_worker_took(x->stats, x->now->kind, took);
    atomic_fetch_add(&x->stats->read_bytes, x->to_read);
    pl_fleet_log(&x->log, &line);
}

static int back(struct slot *x, int64_t delay, const char *why, struct pl_err *err)
{
    ended(x, PL_WORKER_BACK, why);
    return x->s->ops->work_back(x->s, x->now->id, x->name, delay, err);
}

/* Seconds of peace that the registry wants; 0: none. */
static int64_t peace(const struct slot *x, const char *why)
{
    uint32_t asked = x->asked ? *x->asked : 0;
    if (!x->now->host.n || (!asked && !strstr(why, "(429)")))
        return 0;
    if (!asked || asked == PL_REGISTRY_SOME)
        return HOLD_S;
    return asked < HOLD_MAX_S ? asked : HOLD_MAX_S;
}

static void say_peace(const struct slot *x, int64_t seconds, const char *why)
{
    struct pl_arena a = { 0 };
    struct pl_str error = pl_printf(&a, "for %lld s, by all workers: %s", (long long)seconds, why);
    pl_fleet_log(&x->log, &(struct pl_fleet_line){ .level = PL_LOG_WARN,
                                                   .what = "registry left alone",
                                                   .target = x->now->host,
                                                   .error = error });
    pl_arena_release(&a);
}

/* A registry that has had enough is left in peace by all; that is no failure of the work. */
static int failed(struct slot *x, const char *why, struct pl_err *err)
{
    struct pl_store *s = x->s;
    pl_auto_buf struct pl_buf said = { 0 };
    int64_t d = peace(x, why);
    if (d) {
        int r = s->ops->host_hold(s, x->now->host, d, err);
        x->held = x->now->host;
        atomic_fetch_add(&x->stats->host_holds, 1);
        say_peace(x, d, why);
        return r == 0 ? back(x, d, why, err) : r;
    }
    pl_fleet_mask(pl_str_c(why), &said);
    ended(x, PL_WORKER_FAILED, why);
    return s->ops->work_fail(s, x->now->id, x->name, pl_buf_str(&said), delay_of(x), err);
}

/* What a reading that was cut off by the world outside says of itself; NULL: nothing was. */
static const char *cut_off(const struct pl_report *report)
{
    static const char *const codes[] = { "unreadable", "worker-died" };
    for (size_t i = 0; i < report->n_targets; i++)
        for (size_t k = 0; k < report->targets[i].n_notes; k++)
            for (size_t c = 0; c < PL_COUNT(codes); c++)
                if (pl_str_is(report->targets[i].notes[k].code, codes[c]))
                    return report->targets[i].notes[k].message.p;
    return NULL;
}

static int end_layer(struct slot *x, struct pl_err *err)
{
    const struct pl_report like = { .tool_version = PL_S(PL_VERSION),
                                    .rules_version = PL_S(PL_RULES_VERSION) };
    struct pl_store_origin o;
    struct pl_store *s = x->s;
    bool held;
    int r = s->ops->share(s, err);
    if (r == 0)
        r = pl_store_origin_in(s, &like, &o, err);
    if (r == 0 && x->packed.n)
        r = s->ops->record_put(s, x->packed_key, x->now->digest, &o, pl_buf_str(&x->packed), err);
    if (r == 0)
        r = s->ops->work_done(s, x->now->id, x->name, &held, err);
    if (r == 0)
        r = s->ops->commit(s, err);
    else
        s->ops->rollback(s);
    if (r == 0 && held) {
        atomic_fetch_add(&x->stats->records_made, x->packed.n > 0);
        ended(x, PL_WORKER_DONE, NULL);
    }
    return r;
}

/* Facts and the end of the work that found them, together or not at all. */
static int end_image(struct slot *x, struct pl_report *report, struct pl_err *err)
{
    struct pl_store *s = x->s;
    struct pl_store_keep k = { .where = x->where,
                               .ordinary = pl_store_ordinary(&x->o->common, &x->o->vuln) };
    bool held = false;
    pl_store_keep_begin(&k, report);
    if (pl_vuln_match(x->vuln, "worker", report))
        return failed(x, "the advisory database cannot be read", err);
    pl_store_keep_matched(&k, report);
    pl_vuln_filter(x->vuln, report);
    int r = s->ops->begin(s, err);
    if (r == 0)
        r = pl_store_keep_in(&k, report, report->db != NULL, s, err);
    if (r == 0)
        r = s->ops->work_done(s, x->now->id, x->name, &held, err);
    if (r == 0 && held)
        r = s->ops->commit(s, err);
    else
        s->ops->rollback(s);
    if (r == 0 && held)
        ended(x, PL_WORKER_DONE, NULL);
    return r;
}

/* Its layers are to be read first. */
static int wait_for_layers(struct slot *x, struct pl_err *err)
{
    int64_t waits;
    int r =
        x->s->ops->work_wait(x->s, x->now->id, x->name, x->missing.p, x->missing.n, &waits, err);
    if (r == 0 && waits >= 0)
        ended(x, PL_WORKER_WAITS, NULL);
    return r;
}

/* ---- work ---- */

static int polite(struct slot *x, bool *ret_go, struct pl_err *err)
{
    *ret_go = true;
    if (!x->now->host.n || !x->o->rate)
        return 0;
    int r =
        x->s->ops->host_take(x->s, x->now->host, x->o->rate, 2 * (int64_t)x->o->rate, ret_go, err);
    return r < 0 || *ret_go ? r : back(x, 1, "the rate of its registry", err);
}

static int work_on(struct slot *x, struct pl_err *err)
{
    struct pl_report report = { .a = &x->a,
                                .tool_name = PL_S("plimsoll"),
                                .tool_version = PL_S(PL_VERSION),
                                .rules_version = PL_S(PL_RULES_VERSION) };
    struct pl_err scan_err = { 0 };
    bool go;
    int r = polite(x, &go, err);
    if (r < 0 || !go)
        return r;
    int got = pl_scan_target(x->run.scan, x->now->target.p, &report, &scan_err);
    if (x->store_r < 0) {
        *err = x->store_err;
        return x->store_r;
    }
    if (*pl_common_cancel() || got == PL_E_CANCEL)
        return back(x, 0, "the worker ends", err);
    if (got < 0)
        return failed(x, scan_err.msg, err);
    if (cut_off(&report))
        return failed(x, cut_off(&report), err);
    if (x->now->kind == PL_WORK_LAYER)
        return end_layer(x, err);
    if (x->missing.n)
        return wait_for_layers(x, err);
    return end_image(x, &report, err);
}

static int discover(struct slot *x, struct pl_err *err)
{
    struct pl_err why = { 0 };
    struct pl_discovered found = { .again = false };
    int r = pl_worker_discover(x->s, &x->reach.registry, x->now, x->name, x->o->queue_max, &found,
                               &why);
    if (r < 0 && found.store) {
        *err = why;
        return r;
    }
    if (r == PL_E_CANCEL || *pl_common_cancel())
        return back(x, 0, "the worker ends", err);
    if (r < 0)
        return failed(x, why.msg, err);
    if (found.again)
        return back(x, LATER_S, "the queue is full", err);
    if (found.held)
        ended(x, PL_WORKER_DONE, NULL);
    return 0;
}

static int one(struct slot *x, struct pl_err *err)
{
    if (*pl_common_cancel())
        return back(x, 0, "the worker ends", err);
    if (x->held.n && pl_str_eq(x->held, x->now->host))
        return back(x, 0, "its registry wants peace", err);
    if (x->asked)
        *x->asked = 0;
    return x->now->kind == PL_WORK_DISCOVER ? discover(x, err) : work_on(x, err);
}

static int on_claim(void *arg, const struct pl_work *w)
{
    struct slot *x = arg;
    struct pl_work k = *w;
    k.target = pl_dup(&x->claims_a, w->target);
    k.digest = pl_dup(&x->claims_a, w->digest);
    k.host = pl_dup(&x->claims_a, w->host);
    k.error = PL_S("");
    pl_vec_push(&x->claimed, k);
    return 0;
}

/* One of those that were claimed. */
static int next(struct slot *x, const struct pl_work *w, struct pl_err *err)
{
    x->now = w;
    x->missing.n = 0;
    x->store_r = 0;
    x->to_read = 0;
    x->keep.only = w->kind == PL_WORK_LAYER ? w->digest : PL_S("");
    x->began_ns = pl_clock_ns();
    pl_buf_clear(&x->packed);
    pl_worker_count(x->stats, PL_WORKER_CLAIMED, w->kind);
    atomic_store(&x->stats->busy[x->index], 1 + (int)w->kind);
    int r = one(x, err);
    atomic_store(&x->stats->busy[x->index], 0);
    pl_arena_reset(&x->a);
    return r;
}

/* Claims and works. 1: there was nothing to claim. */
static int turn(struct slot *x, struct pl_err *err)
{
    int64_t began = pl_clock_ms();
    pl_arena_reset(&x->claims_a);
    x->claimed.n = 0;
    x->held = PL_S("");
    int r = x->s->ops->work_claim(x->s, x->name, x->o->lease, PL_WORK_IMAGE, PL_WORK_DISCOVER,
                                  x->batch, on_claim, x, err);
    for (size_t i = 0; i < x->claimed.n && r == 0; i++)
        r = next(x, &x->claimed.p[i], err);
    int64_t took = pl_clock_ms() - began;
    if (took > SLOW_MS)
        x->batch = x->batch > 1 ? x->batch / 2 : 1;
    else if (took < QUICK_MS && x->claimed.n == x->batch)
        x->batch = x->batch < CLAIMS_MAX ? x->batch * 2 : CLAIMS_MAX;
    return r == 0 && !x->claimed.n ? 1 : r;
}

static int all_done(struct slot *x, bool *ret, struct pl_err *err)
{
    uint64_t n[PL_WORK_STATES];
    int r = x->s->ops->work_open(x->s, n, err);
    *ret = r == 0 && !n[PL_WORK_READY] && !n[PL_WORK_LEASED] && !n[PL_WORK_WAITING];
    return r;
}

static void say(const struct pl_fleet_log *log, enum pl_log_level level, const char *what,
                const struct pl_err *err)
{
    pl_fleet_log(
        log, &(struct pl_fleet_line){ .level = level, .what = what, .error = pl_str_c(err->msg) });
}

static int loop(struct slot *x, struct pl_err *err)
{
    int r = 0, pause = ONCE_MS;
    unsigned failures = 0;
    bool end = false, broken = false;
    while (!*pl_common_cancel() && !end) {
        if (!x->s && (r = pl_worker_open(x->where, &x->log, &x->s, err)) < 0)
            break;
        r = broken ? x->s->ops->work_leave(x->s, x->name, err) : 0;
        broken &= r < 0;
        if (r == 0)
            r = turn(x, err);
        if (r == 1 && x->o->once)
            r = all_done(x, &end, err);
        else if (r == 1)
            r = 0, x->s->ops->sleep(x->s, IDLE_MS);
        if (r == 0 && x->o->once && !x->claimed.n && !end) { /* what is left may be held for long */
            x->s->ops->sleep(x->s, pause);
            pause = pause * 2 < IDLE_MS ? pause * 2 : IDLE_MS;
        } else {
            pause = ONCE_MS;
        }
        failures = r < 0 ? failures + 1 : 0;
        if (failures) { /* its lease is renewed as long as this process lives: it must be left */
            broken = true;
            say(&x->log, PL_LOG_ERROR, "work interrupted", err);
            x->s->ops->close(x->s);
            x->s = NULL;
            pl_worker_rest(failures);
        }
    }
    return *pl_common_cancel() ? 0 : r;
}

int pl_worker_slot(const struct pl_worker_cmd *o, const struct pl_worker_slot *given)
{
    struct pl_worker_cmd own = *o;
    struct pl_arena a = { 0 };
    struct slot x = { .o = o,
                      .where = given->where,
                      .log = given->log,
                      .stats = given->stats,
                      .index = given->index,
                      .batch = 1,
                      .name = pl_str_c(given->name),
                      .engine = pl_fleet_engine(&o->common, &a) };
    struct pl_operands none = { 0 };
    struct pl_err err = { 0 };
    own.common.threads = 1;
    own.common.kinds = 1u << PL_KIND_CONFIG | 1u << PL_KIND_TRUST | 1u << PL_KIND_MALWARE;
    x.keep = (struct pl_keep){ .ask = ask, .put = put, .arg = &x };
    int code = pl_vuln_begin(&o->vuln, /* asked= */ false, /* quiet= */ true, &x.vuln);
    if (!code)
        code = pl_run_begin(&x.run, &own.common, /* secrets= */ true);
    if (!code)
        code = pl_reach_begin(&x.reach, &x.run, &o->reg, &own.common, &none);
    void *shared =
        mmap(NULL, sizeof *x.asked, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    x.asked = shared == MAP_FAILED ? NULL : shared;
    if (!code) {
        x.reach.registry.asked = x.asked;
        pl_scan_keep(x.run.scan, &x.keep);
        if (loop(&x, &err) < 0)
            code = pl_run_failed("worker", &err);
        pl_run_end(&x.run);
        pl_reach_end(&x.reach);
    }
    if (x.s)
        x.s->ops->close(x.s);
    if (x.asked)
        munmap((void *)x.asked, sizeof *x.asked);
    pl_vuln_end(x.vuln);
    pl_vec_release(&x.claimed);
    pl_vec_release(&x.missing);
    pl_buf_release(&x.packed);
    pl_arena_release(&x.claims_a);
    pl_arena_release(&x.a);
    pl_arena_release(&a);
    return code;
}
