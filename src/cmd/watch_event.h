/* Events of a shared store as lines of JSON: docs/formats/events-v1.schema.json. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_CMD_WATCH_EVENT_H
#define PL_CMD_WATCH_EVENT_H

#include "cmd/watch.h"

struct pl_event_package; /* a distinct package with what matches it */

struct pl_events {
    struct pl_watch *w;
    struct pl_vuln_run *v; /* NULL: there is no database, severities are not known */
    struct pl_vuln_matcher *m;
    struct pl_arena a, one, tmp;                   /* of all; of one inventory; of one package */
    struct pl_map packages;                        /* by number */
    struct pl_map flaws;                           /* by number */
    struct pl_str db, built;                       /* the database */
    struct pl_str store;                           /* what tells the store from others */
    PL_VEC(const struct pl_event_package *) fixes; /* of the inventory at hand */
};

/* Opens the database, where there is one. */
int pl_events_begin(struct pl_events *e, struct pl_watch *w, struct pl_err *err);
void pl_events_end(struct pl_events *e);
/* The digest of the database; empty: there is none. */
struct pl_str pl_events_db(const struct pl_events *e);
/* To be called before each inventory: gives memory back. */
void pl_events_trim(struct pl_events *e);

/* An inventory has flaws that it had not; `first`: it was matched for the first time, and what else
 * was found in it is told with them. *ret_said: false, there was nothing to be told. Appends a
 * line. */
int pl_event_new(struct pl_events *e, const struct pl_store_image *i, int64_t run, int64_t at,
                 bool first, const uint32_t *flaw, size_t n, struct pl_buf *out, bool *ret_said,
                 struct pl_err *err);
/* It has some no more. Appends a line. */
int pl_event_gone(struct pl_events *e, const struct pl_store_image *i, int64_t run, int64_t at,
                  const uint32_t *flaw, size_t n, struct pl_buf *out, struct pl_err *err);
/* All of a package that what a rebuild would mend depends on, as a print; never 0. */
int pl_event_print(struct pl_events *e, const struct pl_package *p, uint64_t *ret,
                   struct pl_err *err);
/* What a rebuild with today's packages would mend: a print of it, empty when that is nothing. */
int pl_event_fixes(struct pl_events *e, const struct pl_store_image *i, char ret_print[33],
                   struct pl_err *err);
/* The same as a line, right after that call. */
void pl_event_rebuild(struct pl_events *e, const struct pl_store_image *i, const char *print,
                      int64_t at, struct pl_buf *out);
/* What a reading found that the one before had not, or (`gone`) does not find any more; that is not
 * nothing. Appends a line. */
void pl_event_again(struct pl_events *e, const struct pl_store_image *i,
                    const struct pl_store_again *g, bool gone, struct pl_buf *out);
/* Calls `fn` for each inventory of which a rebuild may mend something else than when that was last
 * asked, and keeps that it was. Between begin and commit. */
int pl_event_each_rebuild(struct pl_events *e, int (*fn)(void *arg, const struct pl_store_image *i),
                          void *arg, struct pl_err *err);
/* Work that was set aside. Appends a line. */
void pl_event_aside(struct pl_events *e, const struct pl_work *w, int64_t at, struct pl_buf *out);

#endif
