/* Metrics in Prometheus' text form. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/metrics.h"

#include <stdio.h>
#include <unistd.h>

const char *const pl_door_names[PL_DOORS] = { "validate", "mutate", "authz" };
static const char *const outcomes[PL_OUTCOMES] = { "allow", "deny", "audit" };

/* upper bounds in microseconds; the last one is without end */
static const uint64_t bounds[PL_BUCKETS] = {
    500, 1000, 2500, 5000, 10000, 25000, 100000, 500000, 2000000, 5000000, 8000000, UINT64_MAX
};

void pl_metrics_answer(struct pl_metrics *m, enum pl_door door, enum pl_outcome outcome, int64_t ns)
{
    uint64_t us = (uint64_t)(ns > 0 ? ns : 0) / 1000;
    size_t i = 0;
    while (us > bounds[i])
        i++;
    atomic_fetch_add(&m->decisions[door][outcome], 1);
    atomic_fetch_add(&m->bucket[door][i], 1);
    atomic_fetch_add(&m->sum_us[door], us);
    atomic_fetch_add(&m->count[door], 1);
}

static void head(struct pl_buf *b, const char *name, const char *type, const char *help)
{
    pl_buf_printf(b, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static unsigned long long get(atomic_uint_least64_t *v)
{
    return (unsigned long long)atomic_load(v);
}

static void simple(struct pl_buf *b, const char *name, const char *help, atomic_uint_least64_t *v)
{
    head(b, name, "counter", help);
    pl_buf_printf(b, "%s %llu\n", name, get(v));
}

static void histogram(struct pl_metrics *m, struct pl_buf *b)
{
    const char *name = "plimsoll_request_duration_seconds";
    head(b, name, "histogram", "Time from the whole request to its answer.");
    for (size_t d = 0; d < PL_DOORS; d++) {
        unsigned long long sum = 0;
        for (size_t i = 0; i < PL_BUCKETS; i++) {
            sum += get(&m->bucket[d][i]);
            if (i + 1 < PL_BUCKETS)
                pl_buf_printf(b, "%s_bucket{door=\"%s\",le=\"%g\"} %llu\n", name, pl_door_names[d],
                              (double)bounds[i] / 1e6, sum);
            else
                pl_buf_printf(b, "%s_bucket{door=\"%s\",le=\"+Inf\"} %llu\n", name,
                              pl_door_names[d], sum);
        }
        pl_buf_printf(b, "%s_sum{door=\"%s\"} %.6f\n%s_count{door=\"%s\"} %llu\n", name,
                      pl_door_names[d], (double)get(&m->sum_us[d]) / 1e6, name, pl_door_names[d],
                      sum);
    }
}

void pl_metrics_write(struct pl_metrics *m, const struct pl_gauge *gauges, size_t n_gauges,
                      struct pl_str hash, struct pl_buf *out)
{
    const char *name = "plimsoll_decisions_total";
    head(out, name, "counter", "Requests answered, by door and decision.");
    for (size_t d = 0; d < PL_DOORS; d++)
        for (size_t o = 0; o < PL_OUTCOMES; o++)
            pl_buf_printf(out, "%s{door=\"%s\",decision=\"%s\"} %llu\n", name, pl_door_names[d],
                          outcomes[o], get(&m->decisions[d][o]));
    histogram(m, out);
    simple(out, "plimsoll_images_total", "Images judged or resolved.", &m->images);
    simple(out, "plimsoll_images_cached_total", "Of these, from memory.", &m->cached);
    simple(out, "plimsoll_deadline_exceeded_total", "Requests refused for want of time.", &m->late);
    simple(out, "plimsoll_overload_total", "Requests refused for want of room.", &m->overload);
    simple(out, "plimsoll_bad_requests_total", "Requests that could not be read.", &m->bad);
    simple(out, "plimsoll_forbidden_total", "Requests without the certificate they need.",
           &m->forbidden);
    simple(out, "plimsoll_reloads_total", "Times that the policy was read anew.", &m->reloads);
    simple(out, "plimsoll_reload_failures_total", "Times that it was not right.",
           &m->reload_failures);
    head(out, "plimsoll_reload_broken", "gauge", "1: the files on disk are not what is in force.");
    pl_buf_printf(out, "plimsoll_reload_broken %d\n", atomic_load(&m->reload_broken));
    head(out, "plimsoll_policy_info", "gauge", "The policy in force.");
    pl_buf_printf(out, "plimsoll_policy_info{hash=\"%.*s\"} 1\n", PL_FMT(hash));
    for (size_t i = 0; i < n_gauges; i++) {
        head(out, gauges[i].name, gauges[i].counter ? "counter" : "gauge", gauges[i].help);
        pl_buf_printf(out, "%s %.17g\n", gauges[i].name, gauges[i].value);
    }
}

uint64_t pl_metrics_resident(void)
{
    unsigned long long size = 0, resident = 0;
    FILE *f = fopen("/proc/self/statm", "re");
    if (f) {
        if (fscanf(f, "%llu %llu", &size, &resident) != 2)
            resident = 0;
        fclose(f);
    }
    return resident * (uint64_t)sysconf(_SC_PAGESIZE);
}
