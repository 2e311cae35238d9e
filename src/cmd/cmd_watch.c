/* plimsoll watch: the schedule. Registries are looked through, the advisory database is made new,
 * inventories are matched again, and what is new or gone is told. fleet.md section 4. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/hash.h"
#include "cmd/fleet_opt.h"
#include "cmd/version.h"
#include "cmd/watch.h"
#include "cmd/webhook.h"
#include "cmd/worker_cmd.h"
#include "io/file.h"
#include "oci/reference.h"

#define TICK_MS 5000     /* between rounds, at most */
#define ALIVE_MS 3600000 /* after which it is stuck: what a round does may take long */
#define DAY_S 86400
#define RETRY_MS 60000 /* until a database that could not be fetched is tried again */

#define O(field) offsetof(struct pl_watch_cmd, field)
static const struct pl_opt table[] = {
    { "store", 0, PL_OPT_STR, O(store), "STORE", "a folder, or postgresql://…" },
    { "discover", 0, PL_OPT_LIST, O(discover), "TARGET",
      "docker://HOST/REPO: all its tags; docker://HOST: all it has" },
    { "all-tags", 0, PL_OPT_FLAG, O(all_tags), NULL,
      "as it is with --discover docker://HOST/REPO" },
    { "all-repos", 0, PL_OPT_FLAG, O(all_repos), NULL, "as it is with --discover docker://HOST" },
    { "every", 0, PL_OPT_STR, O(every), "SPAN", "between looks at registries, as in 30m (1h)" },
    { "db-update", 0, PL_OPT_STR, O(db_update), "SOURCE",
      "as db update takes it; publishers; none (the default)" },
    { "db-every", 0, PL_OPT_STR, O(db_every), "SPAN", "between updates (1h)" },
    { "key", 0, PL_OPT_STR, O(db_key), "FILE", "who must have signed the database" },
    { "ecosystem", 0, PL_OPT_LIST, O(ecosystem), "NAME", "as for db update" },
    { "webhook", 0, PL_OPT_LIST, O(webhook), "URL", "post events there" },
    { "webhook-key", 0, PL_OPT_STR, O(webhook_key), "FILE",
      "sign what is posted with this secret" },
    { "webhook-ca", 0, PL_OPT_STR, O(webhook_ca), "FILE", "authorities beside the system's (PEM)" },
    { "give-up", 0, PL_OPT_STR, O(give_up), "SPAN", "on a message that nobody takes (3d)" },
    { "retry-messages", 0, PL_OPT_FLAG, O(retry), NULL, "send what was given up again" },
    { "pods", 0, PL_OPT_STR, O(pods), "URL|FILE", "what a cluster runs: its API, or its answer" },
    { "pods-every", 0, PL_OPT_STR, O(pods_every), "SPAN", "between looks at pods (5m)" },
    { "pods-token", 0, PL_OPT_STR, O(pods_token), "FILE", "the account's token" },
    { "pods-ca", 0, PL_OPT_STR, O(pods_ca), "FILE", "the API's authority (PEM)" },
    { "cluster", 0, PL_OPT_STR, O(cluster), "NAME", "what the cluster is called (default)" },
    { "keep-days", 0, PL_OPT_STR, O(keep), "DAYS",
      "once a day, what nothing needs and is older goes (30)" },
    { "listen", 0, PL_OPT_STR, O(listen), "ADDR:PORT",
      "answer /healthz, /readyz and /metrics there" },
    { "once", 0, PL_OPT_FLAG, O(once), NULL, "one round, then the end" },
    { "offline", 0, PL_OPT_FLAG, O(offline), NULL, "make any network call an error" },
    { "quiet", 'q', PL_OPT_FLAG, O(quiet), NULL, "no notes" },
    PL_VULN_MATCH_OPTS(struct pl_watch_cmd),
};

static int usage(const char *text)
{
    fprintf(stderr, "plimsoll watch: %s\n", text);
    return PL_EXIT_USAGE;
}

/* ---- processes, the store ---- */

static void run_child(const char *verb, const char *const *argv)
{
    const struct pl_command *c = pl_command_find(verb);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    dup3(2, 1, O_CLOEXEC);
    int code = c ? pl_command_run(c, (char **)(uintptr_t)argv) : PL_EXIT_USAGE;
    fflush(NULL);
    _exit(code);
}

int pl_watch_child(struct pl_watch *w, const char *verb, const char *const *argv)
{
    struct pl_err err = { 0 };
    int64_t beat = pl_clock_ms();
    int status = 0;
    bool asked = false;
    if (w->s) /* a connection must not be in two processes */
        w->s->ops->close(w->s);
    w->s = NULL;
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0)
        run_child(verb, argv);
    if (pid < 0)
        return PL_EXIT_INCOMPLETE;
    while (waitpid(pid, &status, WNOHANG) == 0) {
        pl_watch_tick(w);
        if (*pl_common_cancel() && !asked)
            kill(pid, SIGTERM);
        asked |= *pl_common_cancel() != 0;
        if (pl_clock_ms() - beat > PL_WATCH_LEASE_S * 1000 / 3) {
            beat = pl_clock_ms();
            if ((w->s || pl_store_open(w->where, PL_STORE_WRITE, &w->s, &err) == 0) &&
                w->s->ops->work_beat(w->s, pl_str_c(w->name), PL_WATCH_LEASE_S, &err) < 0) {
                w->s->ops->close(w->s);
                w->s = NULL;
            }
        }
        usleep(20000);
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : PL_EXIT_INCOMPLETE;
}

int pl_watch_store(struct pl_watch *w, struct pl_err *err)
{
    if (w->s)
        return 0;
    return w->o->once ? pl_store_open(w->where, PL_STORE_WRITE, &w->s, err)
                      : pl_worker_open(w->where, &w->log, &w->s, err);
}

/* ---- what a round does: 1 when there was nothing to do ---- */

void pl_watch_tick(struct pl_watch *w)
{
    atomic_store(&w->stats->tick_ms, pl_clock_ms());
}

/* A connection must not be in two processes. */
static void keep_door(struct pl_watch *w)
{
    if (!pl_fleet_door_lacks(&w->door))
        return;
    if (w->s)
        w->s->ops->close(w->s);
    w->s = NULL;
    pl_fleet_door_keep(&w->door);
}

/* With --once everything is due: whoever calls it knows when. */
static int due(struct pl_watch *w, const char *what, const char *of, int64_t every, bool *ret,
               struct pl_err *err)
{
    struct pl_arena a = { 0 };
    int r = pl_watch_store(w, err);
    if (r == 0)
        r = w->s->ops->turn(w->s, pl_printf(&a, "%s %s", what, of), w->o->once ? 0 : every, ret,
                            err);
    pl_arena_release(&a);
    return r;
}

static int discover(struct pl_watch *w, struct pl_err *err)
{
    struct pl_arena a = { 0 };
    int r = 0;
    bool any = false;
    for (size_t i = 0; i < w->o->discover.n && r == 0; i++) {
        struct pl_reference place;
        struct pl_work_new work;
        struct pl_str target;
        bool now = false;
        r = due(w, "discover", w->o->discover.p[i], w->every_s, &now, err);
        if (r == 0 && now)
            r = pl_fleet_place(pl_str_c(w->o->discover.p[i]), &a, &target, &place, err);
        if (r == 0 && now)
            r = pl_fleet_work(PL_WORK_DISCOVER, target, PL_FLEET_REST, &a, &work, err);
        if (r == 0 && now)
            r = w->s->ops->work_add(w->s, &work, 1, err);
        any |= now;
    }
    pl_arena_release(&a);
    return r == 0 && !any ? 1 : r;
}

static int update(struct pl_watch *w, struct pl_err *err)
{
    const struct pl_watch_cmd *o = w->o;
    int64_t now = pl_clock_ms();
    const char *argv[32 + 2 * PL_OPT_LIST_MAX];
    size_t n = 0;
    (void)err;
    if (!o->db_update || strcmp(o->db_update, "none") == 0 ||
        (w->db_ms && now - w->db_ms < w->db_every_s * 1000))
        return 1;
    argv[n++] = "update";
    if (strcmp(o->db_update, "publishers") != 0)
        argv[n++] = o->db_update;
    const char *const pairs[][2] = { { "--db", o->vuln.db },
                                     { "--key", o->db_key },
                                     { "--store", w->where } };
    for (size_t i = 0; i < PL_COUNT(pairs); i++)
        if (pairs[i][1]) {
            argv[n++] = pairs[i][0];
            argv[n++] = pairs[i][1];
        }
    for (size_t i = 0; i < o->ecosystem.n; i++) {
        argv[n++] = "--ecosystem";
        argv[n++] = o->ecosystem.p[i];
    }
    if (o->quiet)
        argv[n++] = "-q";
    argv[n] = NULL;
    int code = pl_watch_child(w, "db", argv);
    w->db_ms = code ? now - w->db_every_s * 1000 + RETRY_MS : now;
    w->failed |= code != 0;
    return 0;
}

struct again {
    struct pl_watch *w;
    struct pl_arena a;
    PL_VEC(struct pl_work_new) work;
    struct pl_err *err;
};

static int on_stale(void *arg, struct pl_str name, bool runs)
{
    struct again *x = arg;
    struct pl_work_new n;
    if (pl_fleet_work(PL_WORK_IMAGE, name, runs ? PL_FLEET_RUNNING : PL_FLEET_REST, &x->a, &n,
                      x->err) == 0)
        pl_vec_push(&x->work, n);
    return 0;
}

/* What older programs or rules have read is read again, what runs first; it stays as it is until
 * then. Inventories that no worker could read again are left alone. */
static int read_again(struct pl_watch *w, struct pl_err *err)
{
    struct again x = { .w = w, .err = err };
    bool now = false;
    int r = due(w, "rescan", PL_VERSION " " PL_RULES_VERSION, w->every_s, &now, err);
    if (r == 0 && now)
        r = w->s->ops->stale(w->s, PL_S(PL_VERSION), PL_S(PL_RULES_VERSION), on_stale, &x, err);
    size_t kept = 0;
    for (size_t i = 0; i < x.work.n && r == 0; i++) {
        struct pl_work before;
        bool there = pl_str_starts(x.work.p[i].target, PL_S("docker://"));
        if (!there)
            r = w->s->ops->work_find(w->s, x.work.p[i].key, &x.a, &before, &there, err);
        if (r == 0 && there)
            x.work.p[kept++] = x.work.p[i];
    }
    if (r == 0 && kept)
        r = w->s->ops->work_add(w->s, x.work.p, kept, err);
    if (r == 0 && !now)
        r = 1;
    if (r == 0 && kept && !w->o->quiet)
        fprintf(stderr, "note: %zu images are read again, by this program and its rules\n", kept);
    pl_vec_release(&x.work);
    pl_arena_release(&x.a);
    return r;
}

static int pods(struct pl_watch *w, struct pl_err *err)
{
    bool now = false;
    if (!w->o->pods)
        return 1;
    int r = due(w, "pods", w->o->pods, w->pods_every_s, &now, err);
    struct pl_err why = { 0 };
    if (r < 0 || !now)
        return r < 0 ? r : 1;
    r = pl_watch_pods(w, &why);
    if (r < 0 && (r == PL_E_IO || r == PL_E_CANCEL) && !w->s) {
        *err = why;
        return r;
    }
    if (r < 0) { /* the cluster's trouble is not ours */
        fprintf(stderr, "plimsoll watch: pods: %s\n", why.msg);
        w->failed = true;
    }
    return 0;
}

/* Once a day for all watchers; whether it is due is known by the store. */
static int collect(struct pl_watch *w, struct pl_err *err)
{
    struct pl_gc g = { .keep_s = w->keep_s,
                       .tool = PL_S(PL_VERSION),
                       .rules = PL_S(PL_RULES_VERSION) };
    bool now = false;
    int r = pl_watch_store(w, err);
    if (r == 0)
        r = w->s->ops->turn(w->s, PL_S("gc"), DAY_S, &now, err);
    return r == 0 ? (now ? w->s->ops->gc(w->s, &g, err) : 1) : r;
}

static int round_of(struct pl_watch *w, struct pl_err *err)
{
    static int (*const step[PL_WATCH_STEPS])(struct pl_watch * w, struct pl_err * err) = {
        [PL_WATCH_DISCOVER] = discover,  [PL_WATCH_PODS] = pods,
        [PL_WATCH_DATABASE] = update,    [PL_WATCH_MATCH] = pl_watch_match,
        [PL_WATCH_REREAD] = read_again,  [PL_WATCH_TELL] = pl_watch_tell,
        [PL_WATCH_SEND] = pl_watch_send, [PL_WATCH_COLLECT] = collect,
    };
    int r = 0;
    bool failed = false;
    for (size_t i = 0; i < PL_WATCH_STEPS && r >= 0; i++) {
        w->failed = false;
        pl_watch_tick(w);
        r = step[i](w, err);
        if (r == 0 && !w->failed)
            atomic_store(&w->stats->done_at[i], (int64_t)time(NULL));
        failed |= w->failed;
    }
    w->failed = failed;
    atomic_fetch_add(&w->stats->rounds, 1);
    atomic_fetch_add(&w->stats->failed, r < 0 || failed);
    return r < 0 ? r : 0;
}

static void pause_for(struct pl_watch *w, int64_t ms)
{
    for (int64_t end = pl_clock_ms() + ms; pl_clock_ms() < end && !*pl_common_cancel();) {
        pl_watch_tick(w);
        keep_door(w);
        usleep(100000);
    }
}

/* Between rounds: as often as what is to be done, when that is more often than usual. */
static int64_t tick(const struct pl_watch *w)
{
    const int64_t often[] = { w->every_s, w->db_every_s, w->pods_every_s };
    int64_t ms = TICK_MS;
    for (size_t i = 0; i < PL_COUNT(often); i++)
        ms = often[i] > 0 && often[i] * 1000 < ms ? often[i] * 1000 : ms;
    return ms;
}

static int loop(struct pl_watch *w, struct pl_err *err)
{
    int r = 0;
    unsigned bad = 0;
    do {
        r = round_of(w, err);
        if (r < 0 && w->s) { /* begun things end with the connection */
            w->s->ops->close(w->s);
            w->s = NULL;
        }
        if (w->o->once || *pl_common_cancel() || (r < 0 && r != PL_E_IO && r != PL_E_NET))
            break;
        if (r < 0)
            fprintf(stderr, "plimsoll watch: %s; going on\n", err->msg);
        bad = r < 0 ? bad + 1 : 0;
        pause_for(w, tick(w) << (bad < 4 ? bad : 4));
    } while (!*pl_common_cancel());
    return *pl_common_cancel() && r != PL_E_FORMAT ? 0 : r;
}

/* ---- options ---- */

static bool span(const char *text, int64_t otherwise, int64_t *ret)
{
    static const struct {
        char unit;
        int64_t seconds;
    } units[] = { { 's', 1 }, { 'm', 60 }, { 'h', 3600 }, { 'd', DAY_S }, { 'w', 7 * DAY_S } };
    struct pl_str s = pl_str_c(text);
    uint64_t v;
    int64_t times = 1;
    *ret = otherwise;
    if (!text)
        return true;
    for (size_t i = 0; i < PL_COUNT(units) && s.n; i++)
        if (units[i].unit == s.p[s.n - 1]) {
            times = units[i].seconds;
            s.n--;
            break;
        }
    if (!pl_str_u64(s, &v) || v > 1000000)
        return false;
    *ret = (int64_t)v * times;
    return true;
}

static int add_hook(struct pl_watch *w, const char *url, struct pl_err *err)
{
    struct pl_watch_hook h = { .url = url, .shown = PL_S("standard output") };
    uint8_t sum[PL_SHA256_LEN];
    pl_sha256(url, strlen(url), sum);
    pl_hex(sum, 16, h.print);
    if (strcmp(url, "-") != 0 && pl_webhook_shown(url, &w->a, &h.shown, err) < 0)
        return err->code;
    pl_vec_push(&w->hook, h);
    return 0;
}

static int prepare(struct pl_watch *w)
{
    const struct pl_watch_cmd *o = w->o;
    const char *env = getenv("PLIMSOLL_WEBHOOK_KEY");
    struct pl_err err = { 0 };
    char host[64] = "";
    if (!span(o->every, 3600, &w->every_s) || !span(o->db_every, 3600, &w->db_every_s) ||
        !span(o->pods_every, 300, &w->pods_every_s) || !span(o->give_up, 3 * DAY_S, &w->give_up_s))
        return usage("a span is a number with s, m, h, d or w, as in 30m");
    uint64_t days = 30;
    if (o->keep && (!pl_str_u64(pl_str_c(o->keep), &days) || days > 36500))
        return usage("--keep-days needs a number of days");
    w->keep_s = (int64_t)days * DAY_S;
    if (o->offline && (o->webhook.n || (o->db_update && strcmp(o->db_update, "none") != 0)))
        return usage("--webhook and --db-update need the network, and --offline forbids it");
    if (o->webhook_key && pl_file_read(o->webhook_key, &w->secret, &err) < 0)
        return pl_run_failed("watch", &err);
    if (!o->webhook_key && env)
        pl_buf_puts(&w->secret, env);
    for (size_t i = 0; i < o->discover.n; i++) {
        struct pl_str target;
        struct pl_reference place;
        if (pl_fleet_place(pl_str_c(o->discover.p[i]), &w->a, &target, &place, &err) < 0)
            return pl_run_failed("watch", &err);
    }
    add_hook(w, "-", &err);
    for (size_t i = 0; i < o->webhook.n; i++)
        if (add_hook(w, o->webhook.p[i], &err) < 0)
            return usage(err.msg);
    gethostname(host, sizeof host - 1);
    snprintf(w->name, sizeof w->name, "watch:%s:%d:%lld", host, (int)getpid(),
             (long long)pl_clock_ms());
    return pl_fleet_named("watch", o->store, &w->a, &w->where);
}

static int listen_there(struct pl_watch *w)
{
    struct pl_err err = { 0 };
    w->log.quiet = w->o->quiet;
    w->door.where = w->where;
    w->door.tick_ms = &w->stats->tick_ms;
    w->door.alive_ms = ALIVE_MS;
    w->door.messages = true;
    w->door.write = pl_watch_stats_write;
    w->door.arg = w->stats;
    if (w->o->listen && pl_fleet_door_open(&w->door, w->o->listen, &w->log, &err) < 0)
        return pl_run_failed("watch", &err);
    keep_door(w);
    return 0;
}

static int run_watch(const void *options, const struct pl_operands *ops)
{
    struct pl_watch w = {
        .o = options, .log.verb = "watch", .door.fd = -1, .secret.max = 1u << 20
    };
    struct pl_err err = { 0 };
    if (ops->n)
        return usage("it takes no targets: --discover docker://HOST/REPO");
    signal(SIGPIPE, SIG_IGN);
    pl_common_cancel();
    w.stats = pl_watch_stats_new();
    if (!w.stats)
        pl_oom();
    int code = prepare(&w);
    if (!code)
        code = listen_there(&w);
    if (!code && loop(&w, &err) < 0)
        code = pl_run_failed("watch", &err);
    if (!code && *pl_common_cancel())
        code = PL_EXIT_INTERRUPTED;
    if (!code && w.failed)
        code = PL_EXIT_NET;
    if (w.s)
        w.s->ops->close(w.s);
    pl_fleet_door_end(&w.door);
    pl_watch_stats_free(w.stats);
    pl_vec_release(&w.hook);
    pl_buf_release(&w.secret);
    pl_arena_release(&w.a);
    return code;
}

static const char *const rare[] = {
    "all-tags",      "all-repos",  "webhook-ca",  "pods-token",    "pods-ca",   "pods-every",
    "cluster",       "db-max-age", "only-fixed",  "ignore-status", "kev",       "epss",
    "expand-kernel", "all-layers", "match-owned", "unimportant",   "ecosystem", NULL
};

const struct pl_command pl_cmd_watch = {
    .name = "watch",
    .usage = "watch --store STORE [--discover TARGET…] [--db-update SOURCE] [--webhook URL…]",
    .summary = "look through registries, match again, tell what is new and gone",
    .details = "events are lines of JSON on standard output, and to each webhook\n",
    .options = table,
    .n_options = PL_COUNT(table),
    .options_size = sizeof(struct pl_watch_cmd),
    .rare = rare,
    .run = run_watch,
};
