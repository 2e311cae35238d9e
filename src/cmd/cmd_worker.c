/* plimsoll worker: slots that claim work and do it, each a process; this one keeps their leases and
 * replaces those that are lost. fleet.md section 4. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "cmd/fleet_opt.h"
#include "cmd/worker_cmd.h"

#define SLOTS_MAX PL_WORKER_SLOTS
#define TICK_MS 200
#define GRACE_MS 8000  /* for slots to give back what they have */
#define AGAIN_MS 1000  /* after leases could not be renewed */
#define ALIVE_MS 30000 /* without a tick it is stuck */

#define O(field) offsetof(struct pl_worker_cmd, field)
static const struct pl_opt table[] = {
    { "store", 0, PL_OPT_STR, O(store), "STORE", "a folder, or postgresql://…" },
    { "once", 0, PL_OPT_FLAG, O(once), NULL, "end when nothing is ready, leased or waiting" },
    { "threads", 0, PL_OPT_UINT, O(common.threads), "N", "pieces of work at a time" },
    { "lease", 0, PL_OPT_UINT, O(lease), "SECONDS",
      "until the work of a worker that is lost goes to others (60)" },
    { "retry-delay", 0, PL_OPT_UINT, O(delay), "SECONDS",
      "before failed work is tried again (10)" },
    { "listen", 0, PL_OPT_STR, O(listen), "ADDR:PORT",
      "answer /healthz, /readyz and /metrics there" },
    { "log-format", 0, PL_OPT_STR, O(log_format), "FORMAT", "text, or json: an object a line" },
    { "rate", 0, PL_OPT_UINT, O(rate), "N",
      "pieces of work a second for each registry, all workers together" },
    { "queue-max", 0, PL_OPT_UINT, O(queue_max), "N",
      "add nothing that is discovered while so many are ready (10000)" },
    { "limit", 0, PL_OPT_LIST, O(common.limit), "NAME=VALUE", "change a limit" },
    { "sandbox", 0, PL_OPT_STR, O(common.sandbox), "MODE", "auto, require or off" },
    { "offline", 0, PL_OPT_FLAG, O(common.offline), NULL, "make any network call an error" },
    { "quiet", 'q', PL_OPT_FLAG, O(common.quiet), NULL, "say nothing of work that fails" },
    PL_VULN_MATCH_OPTS(struct pl_worker_cmd),
    PL_REGISTRY_OPTS(struct pl_worker_cmd, 0),
};

struct one {
    pid_t pid; /* 0: not running */
    char name[128];
};

struct workers {
    const struct pl_worker_cmd *o;
    const char *where;
    char name[96];
    struct one slot[SLOTS_MAX];
    struct pl_fleet_door door; /* for who asks how they are */
    struct pl_fleet_log log;
    struct pl_worker_stats *stats;
    unsigned n, started;
    int64_t beat_ms; /* when it was done last */
    int code;
};

/* A process that ends with this one. True: it is the new one. */
static bool fork_one(struct one *x)
{
    fflush(NULL);
    pid_t parent = getpid();
    x->pid = fork();
    if (x->pid)
        return false;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        _exit(PL_EXIT_INTERRUPTED);
    return true;
}

static void start(struct workers *w, size_t i)
{
    struct one *x = &w->slot[i];
    snprintf(x->name, sizeof x->name, "%s/%u", w->name, ++w->started);
    if (fork_one(x)) {
        struct pl_worker_slot given = { w->where, x->name, w->log, w->stats, i };
        given.log.worker = x->name;
        int code = pl_worker_slot(w->o, &given);
        fflush(NULL);
        _exit(code);
    }
    atomic_store(&w->stats->pid[i], x->pid > 0 ? x->pid : 0);
}

static void say(const struct workers *w, enum pl_log_level level, const char *what,
                const char *error)
{
    pl_fleet_log(&w->log,
                 &(struct pl_fleet_line){ .level = level, .what = what, .error = pl_str_c(error) });
}

/* Renews the leases of the slot `only`, or of all. The connection is closed before anything is
 * forked again: a child would count locks of SQLite as its own that are not. */
static int beat(const struct workers *w, const struct one *only, int64_t seconds)
{
    struct pl_err err = { 0 };
    struct pl_store *s;
    int r = pl_store_open(w->where, PL_STORE_WRITE, &s, &err);
    if (r < 0)
        return r;
    for (unsigned i = 0; i < w->n && r == 0; i++)
        if (only ? only == &w->slot[i] : w->slot[i].pid > 0)
            r = s->ops->work_beat(s, pl_str_c(w->slot[i].name), seconds, &err);
    s->ops->close(s);
    return r;
}

static void beat_all(struct workers *w)
{
    int64_t now = pl_clock_ms(), each = (int64_t)w->o->lease * 1000 / 3;
    if (now - w->beat_ms < each)
        return;
    int r = beat(w, /* only= */ NULL, w->o->lease);
    w->beat_ms = r == 0 || each < AGAIN_MS ? now : now - each + AGAIN_MS;
}

/* What a slot was at when it died. */
static void lost(struct workers *w, size_t i)
{
    int busy = atomic_exchange(&w->stats->busy[i], 0);
    if (busy > 0)
        pl_worker_count(w->stats, PL_WORKER_LOST, (enum pl_work_kind)(busy - 1));
    atomic_fetch_add(&w->stats->slots_lost, 1);
    say(w, PL_LOG_ERROR, "lost", w->slot[i].name);
}

/* A slot that has ended: its work goes to others at once; it is replaced unless all is done. */
static void reap(struct workers *w, bool replace)
{
    for (unsigned i = 0; i < w->n; i++) {
        struct one *x = &w->slot[i];
        int status = 0;
        if (x->pid <= 0 || waitpid(x->pid, &status, WNOHANG) != x->pid)
            continue;
        x->pid = 0;
        atomic_store(&w->stats->pid[i], 0);
        bool died = !WIFEXITED(status);
        if (died) {
            lost(w, i);
            beat(w, x, -1);
        } else if (WEXITSTATUS(status)) {
            w->code = WEXITSTATUS(status);
        }
        if (died && replace)
            start(w, i);
    }
}

static unsigned running(const struct workers *w)
{
    unsigned n = 0;
    for (unsigned i = 0; i < w->n; i++)
        n += w->slot[i].pid > 0;
    return n;
}

static void signal_all(const struct workers *w, int sig)
{
    for (unsigned i = 0; i < w->n; i++)
        if (w->slot[i].pid > 0)
            kill(w->slot[i].pid, sig);
}

static void supervise(struct workers *w)
{
    const volatile sig_atomic_t *cancel = pl_common_cancel();
    for (unsigned i = 0; i < w->n; i++)
        start(w, i);
    while (!*cancel && running(w)) {
        atomic_store(&w->stats->tick_ms, pl_clock_ms());
        pl_fleet_door_keep(&w->door);
        usleep(TICK_MS * 1000);
        reap(w, /* replace= */ !*cancel);
        beat_all(w);
    }
    signal_all(w, SIGTERM);
    for (int64_t end = pl_clock_ms() + GRACE_MS; running(w) && pl_clock_ms() < end;) {
        usleep(TICK_MS * 250);
        reap(w, /* replace= */ false);
    }
    signal_all(w, SIGKILL);
    while (running(w)) {
        usleep(10000);
        reap(w, /* replace= */ false);
    }
}

static void name_it(struct workers *w)
{
    char host[64] = "";
    uint8_t salt[6] = { 0 };
    char hex[16];
    gethostname(host, sizeof host - 1);
    if (getrandom(salt, sizeof salt, 0) < 0)
        salt[0] = (uint8_t)pl_clock_ns();
    pl_hex(salt, sizeof salt, hex);
    snprintf(w->name, sizeof w->name, "%s:%d:%s", host, (int)getpid(), hex);
}

/* Where it listens, what it counts in. An exit code. */
static int begin(struct workers *w, struct pl_arena *a)
{
    struct pl_err err = { 0 };
    int code = pl_fleet_log_begin(&w->log, "worker", w->o->log_format);
    w->log.worker = w->name;
    w->log.quiet = w->o->common.quiet;
    if (!code)
        code = pl_fleet_named("worker", w->o->store, a, &w->where);
    w->stats = pl_worker_stats_new();
    if (!w->stats)
        pl_oom();
    atomic_store(&w->stats->supervisor, (int)getpid());
    w->door.where = w->where;
    w->door.tick_ms = &w->stats->tick_ms;
    w->door.alive_ms = ALIVE_MS;
    w->door.write = pl_worker_stats_write;
    w->door.arg = w->stats;
    if (!code && w->o->listen && pl_fleet_door_open(&w->door, w->o->listen, &w->log, &err) < 0)
        code = pl_run_failed("worker", &err);
    return code;
}

static int run_worker(const void *options, const struct pl_operands *ops)
{
    struct pl_worker_cmd o = *(const struct pl_worker_cmd *)options;
    struct workers w = { .o = &o, .door.fd = -1 };
    struct pl_store *s;
    struct pl_arena a = { 0 };
    struct pl_err err = { 0 };
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    if (ops->n) {
        fputs("plimsoll worker: it takes no targets: plimsoll queue add\n", stderr);
        return PL_EXIT_USAGE;
    }
    o.lease = o.lease ? o.lease : 60;
    o.delay = o.delay ? o.delay : 10;
    o.queue_max = o.queue_max ? o.queue_max : 10000;
    w.n = o.common.threads ? o.common.threads : cores > 0 ? (unsigned)cores : 1;
    w.n = w.n < SLOTS_MAX ? w.n : SLOTS_MAX;
    name_it(&w);
    int code = begin(&w, &a);
    if (!code)
        pl_fleet_door_keep(&w.door);
    if (!code && pl_worker_open(w.where, &w.log, &s, &err) < 0)
        code = pl_run_failed("worker", &err);
    if (!code) {
        s->ops->close(s); /* it can be used: now each slot opens it */
        supervise(&w);
        code = *pl_common_cancel() ? PL_EXIT_INTERRUPTED : w.code;
    }
    pl_fleet_door_end(&w.door);
    pl_worker_stats_free(w.stats);
    pl_arena_release(&a);
    return code;
}

const struct pl_command pl_cmd_worker = {
    .name = "worker",
    .usage = "worker --store STORE [--threads N] [--once]",
    .summary = "claim queued targets and read them, beside any number of other workers",
    .options = table,
    .n_options = PL_COUNT(table),
    .options_size = sizeof(struct pl_worker_cmd),
    .run = run_worker,
};
