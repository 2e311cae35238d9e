/* Counters of a worker's processes in shared memory, and their text for Prometheus. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/worker_stats.h"

#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "cmd/fleet_opt.h"

#define DEPTH 3u /* of processes: worker, slot, sandbox */
#define MOST 512u

/* upper bounds in microseconds; the last one is without end */
static const uint64_t bounds[PL_WORKER_BUCKETS] = { 5000,      10000,    25000,    50000,
                                                    100000,    250000,   500000,   1000000,
                                                    2500000,   10000000, 30000000, 120000000,
                                                    UINT64_MAX };
static const char *const events[PL_WORKER_EVENTS] = {
    "plimsoll_worker_claimed_total", "plimsoll_worker_done_total", "plimsoll_worker_waits_total",
    "plimsoll_worker_failed_total",  "plimsoll_worker_back_total", "plimsoll_worker_lost_total",
};
static const char *const event_help[PL_WORKER_EVENTS] = {
    "Pieces of work claimed.",     "Pieces of work done.", "Images that wait for their layers.",
    "Pieces of work that failed.", "Pieces given back.",   "Pieces whose process died.",
};

struct pl_worker_stats *pl_worker_stats_new(void)
{
    void *p = mmap(NULL, sizeof(struct pl_worker_stats), PROT_READ | PROT_WRITE,
                   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    return p == MAP_FAILED ? NULL : p;
}

void pl_worker_stats_free(struct pl_worker_stats *s)
{
    if (s)
        munmap(s, sizeof *s);
}

void pl_worker_count(struct pl_worker_stats *s, enum pl_worker_event e, enum pl_work_kind kind)
{
    atomic_fetch_add(&s->events[e][kind], 1);
}

void pl_worker_took(struct pl_worker_stats *s, enum pl_work_kind kind, int64_t ns)
{
    uint64_t us = (uint64_t)(ns > 0 ? ns : 0) / 1000;
    size_t i = 0;
    while (us > bounds[i])
        i++;
    atomic_fetch_add(&s->bucket[kind][i], 1);
    atomic_fetch_add(&s->sum_us[kind], us);
}

/* ---- memory ---- */

struct pages {
    uint64_t own, shared;
    unsigned seen;
};

static void add_process(struct pages *m, int pid, unsigned depth)
{
    unsigned long long size, resident, shared;
    char path[64];
    int child;
    snprintf(path, sizeof path, "/proc/%d/statm", pid);
    FILE *f = fopen(path, "re");
    if (f && fscanf(f, "%llu %llu %llu", &size, &resident, &shared) == 3) {
        m->own += resident > shared ? resident - shared : 0;
        m->shared = m->shared > shared ? m->shared : shared;
    }
    if (f)
        fclose(f);
    snprintf(path, sizeof path, "/proc/%d/task/%d/children", pid, pid);
    f = depth < DEPTH && m->seen++ < MOST ? fopen(path, "re") : NULL;
    while (f && fscanf(f, "%d", &child) == 1)
        add_process(m, child, depth + 1);
    if (f)
        fclose(f);
}

uint64_t pl_worker_memory(struct pl_worker_stats *s)
{
    struct pages m = { 0 };
    add_process(&m, atomic_load(&s->supervisor), 1);
    return (m.own + m.shared) * (uint64_t)sysconf(_SC_PAGESIZE);
}

/* ---- text ---- */

static const char *kind_name(size_t k)
{
    return pl_fleet_kind((enum pl_work_kind)k);
}

static void histogram(struct pl_worker_stats *s, struct pl_buf *b)
{
    const char *name = "plimsoll_worker_duration_seconds";
    pl_fleet_metric_head(b, name, "histogram", "Time that a piece of work took.");
    for (size_t k = 0; k < PL_WORK_KINDS; k++) {
        unsigned long long sum = 0;
        for (size_t i = 0; i < PL_WORKER_BUCKETS; i++) {
            sum += atomic_load(&s->bucket[k][i]);
            pl_buf_printf(b, "%s_bucket{kind=\"%s\",le=\"", name, kind_name(k));
            if (i + 1 < PL_WORKER_BUCKETS)
                pl_buf_printf(b, "%g\"} %llu\n", (double)bounds[i] / 1e6, sum);
            else
                pl_buf_printf(b, "+Inf\"} %llu\n", sum);
        }
        pl_buf_printf(b, "%s_sum{kind=\"%s\"} %.6f\n%s_count{kind=\"%s\"} %llu\n", name,
                      kind_name(k), (double)atomic_load(&s->sum_us[k]) / 1e6, name, kind_name(k),
                      sum);
    }
}

static void slots(struct pl_worker_stats *s, struct pl_buf *b)
{
    uint64_t running = 0, busy = 0;
    for (size_t i = 0; i < PL_WORKER_SLOTS; i++) {
        running += atomic_load(&s->pid[i]) > 0;
        busy += atomic_load(&s->busy[i]) > 0;
    }
    pl_fleet_metric(b, "plimsoll_worker_slots", "gauge", "Processes that claim work.", running);
    pl_fleet_metric(b, "plimsoll_worker_busy", "gauge", "Of these, at work now.", busy);
    pl_fleet_metric(b, "plimsoll_worker_slots_lost_total", "counter",
                    "Of these, died and replaced.", atomic_load(&s->slots_lost));
}

void pl_worker_stats_write(void *arg, const struct pl_fleet_queue *q, struct pl_buf *out)
{
    struct pl_worker_stats *s = arg;
    (void)q;
    for (size_t e = 0; e < PL_WORKER_EVENTS; e++) {
        pl_fleet_metric_head(out, events[e], "counter", event_help[e]);
        for (size_t k = 0; k < PL_WORK_KINDS; k++)
            pl_buf_printf(out, "%s{kind=\"%s\"} %llu\n", events[e], kind_name(k),
                          (unsigned long long)atomic_load(&s->events[e][k]));
    }
    histogram(s, out);
    pl_fleet_metric(out, "plimsoll_worker_read_bytes_total", "counter",
                    "Bytes of layers read, packed.", atomic_load(&s->read_bytes));
    pl_fleet_metric(out, "plimsoll_worker_records_taken_total", "counter",
                    "Layers taken from the store in place of reading them.",
                    atomic_load(&s->records_taken));
    pl_fleet_metric(out, "plimsoll_worker_records_made_total", "counter",
                    "Records of layers put into the store.", atomic_load(&s->records_made));
    pl_fleet_metric(out, "plimsoll_worker_host_holds_total", "counter",
                    "Times that a registry asked to be left alone.", atomic_load(&s->host_holds));
    slots(s, out);
    pl_fleet_metric(out, "plimsoll_worker_resident_bytes", "gauge", "Memory of all its processes.",
                    pl_worker_memory(s));
}
