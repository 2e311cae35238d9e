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

#define SLOTS_MAX 64u
#define TICK_MS 200
#define GRACE_MS 8000 /* for slots to give back what they have */

#define O(field) offsetof(struct pl_worker_cmd, field)
static const struct pl_opt table[] = {
    { "store", 0, PL_OPT_STR, O(store), "STORE", "a folder, or postgresql://…" },
    { "once", 0, PL_OPT_FLAG, O(once), NULL, "end when nothing is ready, leased or waiting" },
    { "threads", 0, PL_OPT_UINT, O(common.threads), "N", "pieces of work at a time" },
    { "lease", 0, PL_OPT_UINT, O(lease), "SECONDS",
      "until the work of a worker that is lost goes to others (60)" },
    { "retry-delay", 0, PL_OPT_UINT, O(delay), "SECONDS",
      "before failed work is tried again (10)" },
    { "rate", 0, PL_OPT_UINT, O(rate), "N",
      "pieces of work a second for each registry, all workers together" },
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
    unsigned n, started;
    struct pl_store *s;
    int64_t beat_ms, tried_ms; /* when it was done last */
    int code;
};

static void start(struct workers *w, struct one *x)
{
    snprintf(x->name, sizeof x->name, "%s/%u", w->name, ++w->started);
    fflush(NULL);
    pid_t parent = getpid();
    x->pid = fork();
    if (x->pid)
        return;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        _exit(PL_EXIT_INTERRUPTED);
    int code = pl_worker_slot(w->o, w->where, x->name);
    fflush(NULL);
    _exit(code);
}

/* The connection of this process; gone when something fails, and made anew later. */
static struct pl_store *store(struct workers *w)
{
    struct pl_err err = { 0 };
    int64_t now = pl_clock_ms();
    if (w->s || now - w->tried_ms < 1000)
        return w->s;
    w->tried_ms = now;
    if (pl_store_open(w->where, PL_STORE_WRITE, &w->s, &err) < 0)
        w->s = NULL;
    return w->s;
}

static void beat(struct workers *w, const struct one *x, int64_t seconds)
{
    struct pl_err err = { 0 };
    if (store(w) && w->s->ops->work_beat(w->s, pl_str_c(x->name), seconds, &err) < 0) {
        w->s->ops->close(w->s);
        w->s = NULL;
    }
}

static void beat_all(struct workers *w)
{
    int64_t now = pl_clock_ms();
    if (now - w->beat_ms < (int64_t)w->o->lease * 1000 / 3)
        return;
    w->beat_ms = now;
    for (unsigned i = 0; i < w->n; i++)
        if (w->slot[i].pid > 0)
            beat(w, &w->slot[i], w->o->lease);
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
        bool lost = !WIFEXITED(status);
        if (lost)
            beat(w, x, -1);
        else if (WEXITSTATUS(status))
            w->code = WEXITSTATUS(status);
        if (lost && replace)
            start(w, x);
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
        start(w, &w->slot[i]);
    while (!*cancel && running(w)) {
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

static int run_worker(const void *options, const struct pl_operands *ops)
{
    struct pl_worker_cmd o = *(const struct pl_worker_cmd *)options;
    struct workers w = { .o = &o };
    struct pl_arena a = { 0 };
    struct pl_err err = { 0 };
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    if (ops->n) {
        fputs("plimsoll worker: it takes no targets: plimsoll queue add\n", stderr);
        return PL_EXIT_USAGE;
    }
    o.lease = o.lease ? o.lease : 60;
    o.delay = o.delay ? o.delay : 10;
    w.n = o.common.threads ? o.common.threads : cores > 0 ? (unsigned)cores : 1;
    w.n = w.n < SLOTS_MAX ? w.n : SLOTS_MAX;
    name_it(&w);
    int code = pl_fleet_named("worker", o.store, &a, &w.where);
    if (!code && pl_worker_open(w.where, &w.s, &err) < 0)
        code = pl_run_failed("worker", &err);
    if (!code) {
        supervise(&w);
        code = *pl_common_cancel() ? PL_EXIT_INTERRUPTED : w.code;
    }
    if (w.s)
        w.s->ops->close(w.s);
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
