/* Operations over names, where images run, messages and schedules: model/store.h says what they
 * do. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_STORE_FLEET_H
#define PL_STORE_FLEET_H

#include "model/store.h"

/* Operations; model/store.h. */
int pl_fleet_turn(struct pl_store *s, struct pl_str name, int64_t every, bool *ret,
                  struct pl_err *err);
int pl_fleet_note(struct pl_store *s, struct pl_str name, struct pl_arena *a, struct pl_str *ret,
                  struct pl_err *err);
int pl_fleet_note_put(struct pl_store *s, struct pl_str name, struct pl_str text,
                      struct pl_err *err);
int pl_fleet_now(struct pl_store *s, int64_t *ret, struct pl_err *err);
int pl_fleet_stale(struct pl_store *s, struct pl_str tool, struct pl_str rules,
                   int (*fn)(void *arg, struct pl_str name, bool runs), void *arg,
                   struct pl_err *err);
int pl_fleet_behind(struct pl_store *s, struct pl_str db, int64_t since, int64_t *ret,
                    struct pl_err *err);
int pl_fleet_ref(struct pl_store *s, struct pl_str name, struct pl_arena *a, struct pl_ref *ret,
                 bool *ret_there, struct pl_err *err);
int pl_fleet_ref_put(struct pl_store *s, const struct pl_ref *r, struct pl_err *err);
int pl_fleet_ref_lost(struct pl_store *s, struct pl_str registry, struct pl_str repository,
                      int64_t before, struct pl_err *err);
int pl_fleet_ref_each(struct pl_store *s, struct pl_str name,
                      int (*fn)(void *arg, const struct pl_ref *r), void *arg, struct pl_err *err);
int pl_fleet_runs_put(struct pl_store *s, struct pl_str cluster, const struct pl_exposure *e,
                      size_t n, struct pl_err *err);
int pl_fleet_runs(struct pl_store *s, struct pl_str image, bool *ret, struct pl_err *err);
int pl_fleet_runs_of(struct pl_store *s, struct pl_str image, struct pl_str name,
                     int (*fn)(void *arg, const struct pl_exposure *e), void *arg,
                     struct pl_err *err);
int pl_fleet_run_last(struct pl_store *s, int64_t *ret, struct pl_err *err);
int pl_fleet_changes(struct pl_store *s, int64_t after, int64_t to,
                     int (*fn)(void *arg, const struct pl_store_change *c), void *arg,
                     struct pl_err *err);
int pl_fleet_own_findings(struct pl_store *s, int64_t image,
                          int (*fn)(void *arg, const struct pl_finding *f), void *arg,
                          struct pl_err *err);
int pl_fleet_rebuild_each(struct pl_store *s,
                          int (*fn)(void *arg, int64_t image, struct pl_str print), void *arg,
                          struct pl_err *err);
int pl_fleet_rebuild(struct pl_store *s, int64_t image, struct pl_arena *a, struct pl_str *ret,
                     struct pl_err *err);
int pl_fleet_rebuild_put(struct pl_store *s, int64_t image, struct pl_str print,
                         struct pl_err *err);
int pl_fleet_ref_of(struct pl_store *s, struct pl_str image, struct pl_arena *a, struct pl_str *ret,
                    struct pl_err *err);
int pl_outbox_add(struct pl_store *s, const struct pl_out *o, struct pl_err *err);
int pl_outbox_claim(struct pl_store *s, struct pl_str hook, int64_t lease, struct pl_arena *a,
                    struct pl_out *ret, bool *ret_there, struct pl_err *err);
int pl_outbox_told(struct pl_store *s, int64_t id, struct pl_err *err);
int pl_outbox_fail(struct pl_store *s, int64_t id, struct pl_str error, int64_t delay, int64_t most,
                   bool *ret_given_up, struct pl_err *err);
int pl_outbox_old(struct pl_store *s, int64_t most, struct pl_str error, uint64_t *ret_n,
                  struct pl_err *err);
int pl_outbox_retry(struct pl_store *s, uint64_t *ret_n, struct pl_err *err);
int pl_outbox_counts(struct pl_store *s, uint64_t ret[PL_OUT_STATES], struct pl_err *err);
int pl_outbox_each(struct pl_store *s, enum pl_out_state state,
                   int (*fn)(void *arg, const struct pl_out *o), void *arg, struct pl_err *err);

#endif
