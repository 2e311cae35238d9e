/* What each path does. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/route.h"

#include "serve/server_int.h"

#define TEXT "text/plain; charset=utf-8"
#define PROMETHEUS "text/plain; version=0.0.4; charset=utf-8"
#define PLUGIN "application/vnd.docker.plugins.v1.2+json"
#define BUDGET_LEAST_MS 50u

uint32_t pl_route_budget(struct pl_str timeout, uint32_t most)
{
    static const struct {
        const char *unit;
        uint64_t us;
    } units[] = {
        { "ms", 1000 }, { "us", 1 }, { "h", 3600000000 }, { "m", 60000000 }, { "s", 1000000 }
    };
    uint64_t sum = 0;
    while (timeout.n && timeout.n <= 32) {
        size_t digits = 0, u = 0;
        uint64_t n;
        while (digits < timeout.n && timeout.p[digits] >= '0' && timeout.p[digits] <= '9')
            digits++;
        if (!pl_str_u64(pl_str_sub(timeout, 0, digits), &n) || n > 1000000)
            return most;
        timeout = pl_str_sub(timeout, digits, timeout.n);
        while (u < 5 && !pl_str_starts(timeout, pl_str_c(units[u].unit)))
            u++;
        if (u == 5)
            return most;
        sum += n * units[u].us;
        timeout = pl_str_sub(timeout, strlen(units[u].unit), timeout.n);
    }
    uint64_t ms = sum / 1000 * 9 / 10;
    if (sum == 0 || timeout.n || ms > most)
        ms = most;
    return ms > BUDGET_LEAST_MS ? (uint32_t)ms : BUDGET_LEAST_MS;
}

static void text(struct pl_httpd_req *req, unsigned status, const char *s)
{
    pl_httpd_answer(req, status, TEXT, pl_str_c(s));
}

static void healthz(struct pl_serve *s, struct pl_httpd_req *req, const struct pl_httpd_ask *ask)
{
    (void)s, (void)ask;
    text(req, 200, "ok\n");
}

/* A policy that could not be reloaded does not make the server unready: the old one is in force,
 * and taking the door away would stop everything. */
static void readyz(struct pl_serve *s, struct pl_httpd_req *req, const struct pl_httpd_ask *ask)
{
    pl_auto_buf struct pl_buf b = { 0 };
    (void)ask;
    bool draining = atomic_load(&s->draining);
    pl_buf_puts(&b, draining ? "ending\n" : "ok\n");
    pthread_mutex_lock(&s->lock);
    if (s->trouble[0])
        pl_buf_printf(&b, "not reloaded: %s\n", s->trouble);
    pthread_mutex_unlock(&s->lock);
    pl_httpd_answer(req, draining ? 503 : 200, TEXT, pl_buf_str(&b));
}

static void metrics(struct pl_serve *s, struct pl_httpd_req *req, const struct pl_httpd_ask *ask)
{
    pl_auto_buf struct pl_buf b = { 0 };
    struct pl_conns_stats c = { 0 }, p = { 0 };
    struct pl_serve_numbers n = s->o.ops.numbers(s->o.ops.arg);
    void *policy = pl_serve_policy(s);
    (void)ask;
    if (s->https)
        c = pl_httpd_stats(s->https);
    if (s->plugin)
        p = pl_httpd_stats(s->plugin);
    const struct pl_gauge g[] = {
        { "plimsoll_connections", "Connections now.", false, c.n + p.n },
        { "plimsoll_connections_total", "Connections so far.", true, (double)(c.total + p.total) },
        { "plimsoll_connections_slow_total", "Ended for taking too long.", true,
          (double)(c.late + p.late) },
        { "plimsoll_connections_evicted_total", "Ended to make room.", true,
          (double)(c.evicted + p.evicted) },
        { "plimsoll_open_requests", "Requests being decided.", false,
          (double)pl_jobs_open(&s->jobs) },
        { "plimsoll_queued_images", "Images that wait for a thread.", false,
          (double)pl_work_waiting(s->jobs.pool) },
        { "plimsoll_threads", "Threads that decide.", false, pl_work_threads(s->jobs.pool) },
        { "plimsoll_cache_entries", "Images with evidence in memory.", false,
          (double)n.cache_entries },
        { "plimsoll_cache_bytes", "Memory that takes.", false, (double)n.cache_bytes },
        { "plimsoll_cache_hits_total", "Evidence found in memory.", true, (double)n.cache_hits },
        { "plimsoll_cache_misses_total", "Evidence that had to be fetched.", true,
          (double)n.cache_misses },
        { "plimsoll_log_lines", "Lines of the decision log.", false, (double)n.log_lines },
        { "plimsoll_certificate_expiry_timestamp_seconds", "When the certificate ends.", false,
          s->tls ? (double)pl_tls_expires_s(s->tls) : 0 },
        { "process_resident_memory_bytes", "Resident memory.", false,
          (double)pl_metrics_resident() },
    };
    pl_metrics_write(&s->metrics, g, sizeof g / sizeof *g, s->o.ops.hash(policy), &b);
    s->o.ops.unref(policy);
    pl_httpd_answer(req, 200, PROMETHEUS, pl_buf_str(&b));
}

static void refresh(struct pl_serve *s, struct pl_httpd_req *req, const struct pl_httpd_ask *ask)
{
    if (!ask->local) {
        text(req, 403, "only from this machine\n");
        return;
    }
    s->o.ops.refresh(s->o.ops.arg);
    text(req, 200, "ok\n");
}

static void review(struct pl_serve *s, struct pl_httpd_req *req, const struct pl_httpd_ask *ask,
                   enum pl_door door)
{
    struct pl_err err = { 0 };
    struct pl_review v;
    if (!ask->client_ok) {
        atomic_fetch_add(&s->metrics.forbidden, 1);
        text(req, 403, "a client certificate is needed\n");
        return;
    }
    void *policy = pl_serve_policy(s);
    struct pl_job *job = pl_job_new(&s->jobs, req, door, policy,
                                    pl_route_budget(ask->timeout, s->o.ops.timeout_ms(policy)));
    if (pl_review_parse(ask->body, pl_job_arena(job), &v, &err) == 0) {
        pl_job_review(job, &v);
        return;
    }
    pl_job_discard(job);
    pl_auto_buf struct pl_buf b = { 0 };
    pl_buf_printf(&b, "%s\n", err.msg);
    atomic_fetch_add(&s->metrics.bad, 1);
    pl_httpd_answer(req, 400, TEXT, pl_buf_str(&b));
}

static void validate(struct pl_serve *s, struct pl_httpd_req *req, const struct pl_httpd_ask *ask)
{
    review(s, req, ask, PL_DOOR_VALIDATE);
}

static void mutate(struct pl_serve *s, struct pl_httpd_req *req, const struct pl_httpd_ask *ask)
{
    review(s, req, ask, PL_DOOR_MUTATE);
}

static void activate(struct pl_serve *s, struct pl_httpd_req *req, const struct pl_httpd_ask *ask)
{
    (void)s, (void)ask;
    pl_httpd_answer(req, 200, PLUGIN, PL_S("{\"Implements\":[\"authz\"]}\n"));
}

static void authz(struct pl_serve *s, struct pl_httpd_req *req, const struct pl_httpd_ask *ask)
{
    struct pl_authz z;
    void *policy = pl_serve_policy(s);
    struct pl_job *job =
        pl_job_new(&s->jobs, req, PL_DOOR_AUTHZ, policy, s->o.ops.timeout_ms(policy));
    pl_authz_parse(ask->body, pl_job_arena(job), &z);
    pl_job_authz(job, &z);
}

static void authz_answer(struct pl_serve *s, struct pl_httpd_req *req,
                         const struct pl_httpd_ask *ask)
{
    pl_auto_buf struct pl_buf b = { 0 };
    (void)s, (void)ask;
    pl_authz_write(true, PL_S(""), &b);
    pl_httpd_answer(req, 200, PLUGIN, pl_buf_str(&b));
}

struct route {
    const char *path;
    bool post;
    void (*fn)(struct pl_serve *s, struct pl_httpd_req *req, const struct pl_httpd_ask *ask);
};

static const struct route webhook[] = {
    { "/validate", true, validate }, { "/mutate", true, mutate },    { "/healthz", false, healthz },
    { "/readyz", false, readyz },    { "/metrics", false, metrics }, { "/refresh", true, refresh },
};

static const struct route plugin[] = {
    { "/Plugin.Activate", true, activate },
    { "/AuthZPlugin.AuthZReq", true, authz },
    { "/AuthZPlugin.AuthZRes", true, authz_answer },
    { "/healthz", false, healthz },
    { "/readyz", false, readyz },
    { "/metrics", false, metrics },
    { "/refresh", true, refresh },
};

static void dispatch(const struct route *r, size_t n, struct pl_serve *s, struct pl_httpd_req *req,
                     const struct pl_httpd_ask *ask)
{
    for (size_t i = 0; i < n; i++) {
        if (!pl_str_is(ask->path, r[i].path))
            continue;
        if (r[i].post == ask->post)
            r[i].fn(s, req, ask);
        else
            text(req, 405, "method not allowed\n");
        return;
    }
    text(req, 404, "not found\n");
}

void pl_serve_on_request(void *arg, struct pl_httpd_req *req, const struct pl_httpd_ask *ask)
{
    dispatch(webhook, sizeof webhook / sizeof *webhook, arg, req, ask);
}

void pl_serve_on_plugin(void *arg, struct pl_httpd_req *req, const struct pl_httpd_ask *ask)
{
    dispatch(plugin, sizeof plugin / sizeof *plugin, arg, req, ask);
}
