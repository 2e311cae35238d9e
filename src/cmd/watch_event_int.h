/* Events: what the files that write them share. Not for others. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_CMD_WATCH_EVENT_INT_H
#define PL_CMD_WATCH_EVENT_INT_H

#include "cmd/watch_event.h"
#include "fmt/jsonw.h"

struct pl_event_hit {
    struct pl_str rule, fixed; /* fixed: empty, no version mends it */
    enum pl_severity severity;
};
struct pl_event_package {
    struct pl_str purl, name, version, distro;
    struct pl_event_hit *hit;
    size_t n_hits;
    bool fixable;
};

/* A distinct package by number, with what matches it; lives until the next inventory. */
int pl_event_package_of(struct pl_events *e, uint32_t id, const struct pl_event_package **ret,
                        struct pl_err *err);
/* Is it told of: what a later layer hides is not, unless that was asked for. */
bool pl_event_counts(const struct pl_events *e, const struct pl_store_member *m);
/* The id of an event of this store, by what it is made of. */
void pl_event_id(const struct pl_events *e, const char *event, const struct pl_str *part, size_t n,
                 char out[33]);
/* The beginning of a line, up to the database; and its end. */
void pl_event_begin(struct pl_events *e, struct pl_jsonw *w, const char *event, const char *id,
                    int64_t at);
void pl_event_end(struct pl_jsonw *w);
/* Keys of a line: which image; how many of each severity. */
void pl_event_image(struct pl_events *e, struct pl_jsonw *w, const struct pl_store_image *i);
void pl_event_summary(struct pl_jsonw *w, const uint64_t n[PL_SEV_COUNT]);
/* A secret or the like as an object; one that is gone has no severity. */
void pl_event_own(struct pl_jsonw *w, const struct pl_finding *f, bool gone);

#endif
