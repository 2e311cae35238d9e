/* Counters of a watcher in shared memory, and their text for Prometheus. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/watch_stats.h"

#include <sys/mman.h>

static const char *const steps[PL_WATCH_STEPS] = { "discover", "pods", "database", "match",
                                                   "reread",   "tell", "send",     "collect" };
static const char *const kinds[PL_WATCH_KINDS] = { "new", "gone", "rebuild", "set_aside" };

struct pl_watch_stats *pl_watch_stats_new(void)
{
    void *p = mmap(NULL, sizeof(struct pl_watch_stats), PROT_READ | PROT_WRITE,
                   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    return p == MAP_FAILED ? NULL : p;
}

void pl_watch_stats_free(struct pl_watch_stats *s)
{
    if (s)
        munmap(s, sizeof *s);
}

void pl_watch_stats_write(void *arg, const struct pl_fleet_queue *q, struct pl_buf *out)
{
    struct pl_watch_stats *s = arg;
    const char *event = "plimsoll_watch_events_total";
    const char *done = "plimsoll_watch_last_success_timestamp_seconds";
    (void)q;
    pl_fleet_metric(out, "plimsoll_watch_rounds_total", "counter", "Rounds.",
                    atomic_load(&s->rounds));
    pl_fleet_metric(out, "plimsoll_watch_rounds_failed_total", "counter",
                    "Of these, not to their end, or with trouble.", atomic_load(&s->failed));
    pl_fleet_metric_head(out, event, "counter", "Events made.");
    for (size_t i = 0; i < PL_WATCH_KINDS; i++)
        pl_buf_printf(out, "%s{event=\"%s\"} %llu\n", event, kinds[i],
                      (unsigned long long)atomic_load(&s->events[i]));
    pl_fleet_metric(out, "plimsoll_watch_messages_sent_total", "counter",
                    "Messages that webhooks took.", atomic_load(&s->sent));
    pl_fleet_metric(out, "plimsoll_watch_messages_refused_total", "counter",
                    "Times that one did not.", atomic_load(&s->refused));
    pl_fleet_metric(out, "plimsoll_watch_messages_given_up_total", "counter", "Messages given up.",
                    atomic_load(&s->given_up));
    pl_fleet_metric_head(out, done, "gauge", "When it was last done, by this watcher.");
    for (size_t i = 0; i < PL_WATCH_STEPS; i++)
        if (atomic_load(&s->done_at[i]))
            pl_buf_printf(out, "%s{what=\"%s\"} %lld\n", done, steps[i],
                          (long long)atomic_load(&s->done_at[i]));
}
