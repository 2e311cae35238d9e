/* The store over a database. Not for other folders. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_STORE_STORE_INT_H
#define PL_STORE_STORE_INT_H

#include "base/map.h"
#include "store/db.h"
#include "store/fleet.h"
#include "store/posting.h"
#include "store/row.h"
#include "store/sql.h"
#include "store/sql_fleet.h"
#include "store/sql_gc.h"
#include "store/sql_matched.h"
#include "store/store.h"

enum pl_store_q {
#define X(name, sql) PL_Q_##name,
#define Y(name, lite, pg) PL_Q_##name,
    PL_STORE_SQL(X, Y) PL_FIND_SQL(X, Y) PL_QUEUE_SQL(X, Y) PL_FLEET_SQL(X, Y) PL_GC_SQL(X, Y)
        PL_MATCHED_SQL(X, Y)
#undef X
#undef Y
            PL_Q_COUNT
};

/* Numbers of facts that were looked up, by print; made empty when it has grown. */
struct pl_store_seen {
    struct pl_arena a;
    struct pl_map map;
};

struct pl_store_db {
    struct pl_store store; /* first */
    struct pl_db *db;
    struct pl_dbq *q[PL_Q_COUNT];
    struct pl_store_seen packages, places, layers;
    struct pl_store_seen flaws; /* all of them, once many were asked for in a transaction */
    unsigned flaws_asked;
    bool flaws_all;          /* none is missing, as long as nobody else can add one */
    struct pl_arena scratch; /* of one call of an operation that needs it */
    bool open;               /* between begin (or look) and its end */
    bool grown;              /* lists were added: it may be time for a segment */
    int64_t swept;           /* when work that was lost was last looked for */
    int64_t facts_at;        /* the collection of facts that the numbers above have seen */
};

/* A store over `db`, which it owns from here. Heap. */
struct pl_store *pl_store_over(struct pl_db *db);
/* Opens the folder `dir`. As pl_store_open. */
int pl_store_sqlite(const char *dir, enum pl_store_mode mode, struct pl_store **ret,
                    struct pl_err *err);

/* Opens the database of PostgreSQL that `url` names. As pl_store_open. */
int pl_store_pg(const char *url, enum pl_store_mode mode, struct pl_store **ret,
                struct pl_err *err);

/* As pl_store_upgrade, each for its kind; `up_to`: no further than this schema. */
int pl_store_sqlite_migrate(const char *dir, bool make, struct pl_store_upgraded *ret,
                            struct pl_err *err);
int pl_store_pg_migrate(const char *url, bool make, unsigned up_to, const char *tool,
                        struct pl_store_upgraded *ret, struct pl_err *err);
/* As pl_store_grant. */
int pl_store_pg_grant(const char *url, const char *role, bool worker, const char *tenant,
                      struct pl_err *err);

/* A statement, ready for its parameters; NULL with `err` when it cannot be prepared. */
struct pl_dbq *pl_store_q(struct pl_store_db *s, enum pl_store_q which, struct pl_err *err);
/* Steps a statement that has at most one row: 1 and its first column in *ret, or 0. Ends it. */
int pl_store_one(struct pl_dbq *q, int64_t *ret, struct pl_err *err);
/* Runs a statement without rows. */
int pl_store_do(struct pl_dbq *q, struct pl_err *err);
/* PL_E_FORMAT: what is in `table` is not what was put there. */
int pl_store_damaged(const char *table, struct pl_err *err);
/* Forgets the numbers that were looked up. */
void pl_store_forget(struct pl_store_db *s);

/* What a package is sought by beside its name: the name of its source (or PL_STORE_RELEASES), and
 * its package URL's print. Views on the package. */
struct pl_store_sought {
    struct pl_str source;
    uint8_t subject[PL_ROW_PRINT];
};
struct pl_store_sought pl_store_sought(const struct pl_package *p);
/* Adds the segments that have come together, at most so many. Between begin and commit. */
int pl_store_db_segments(struct pl_store_db *s, unsigned most, struct pl_err *err);
/* Appends the numbers of the lists that hold one of the packages (rising, each once), in any order,
 * some more than once. */
int pl_store_db_lists(struct pl_store_db *s, const uint32_t *package, size_t n,
                      struct pl_posting_ids *ret, struct pl_err *err);

/* Is this kind of finding told by its fingerprint, as secrets are? */
bool pl_store_told_own(struct pl_str kind);
/* `image` is about to have these findings in place of those it has: what differs is kept for who
 * tells. Between begin and commit; uses `scratch`. */
int pl_store_db_again_keep(struct pl_store_db *s, int64_t image, const struct pl_finding *const *f,
                           size_t n, struct pl_err *err);

/* Operations; model/store.h. */
int pl_store_db_again(struct pl_store *s, int64_t after, size_t most, struct pl_arena *a,
                      int (*fn)(void *arg, const struct pl_store_again *g), void *arg,
                      struct pl_err *err);
int pl_store_db_again_told(struct pl_store *s, int64_t image, struct pl_err *err);
int pl_queue_held(struct pl_store *s, int (*fn)(void *arg, struct pl_str host, int64_t seconds),
                  void *arg, struct pl_err *err);
int pl_queue_untold(struct pl_store *s, bool *ret, struct pl_err *err);
int pl_queue_open(struct pl_store *s, uint64_t ret[PL_WORK_STATES], struct pl_err *err);
int pl_store_db_put(struct pl_store *s, const struct pl_store_origin *o, const struct pl_target *t,
                    int64_t *ret_image, struct pl_err *err);
int pl_store_db_each_image(struct pl_store *s, int64_t since,
                           int (*fn)(void *arg, const struct pl_store_image *i), void *arg,
                           struct pl_err *err);
int pl_store_db_each_package(struct pl_store *s, uint32_t after,
                             int (*fn)(void *arg, uint32_t id, const struct pl_package *p),
                             void *arg, struct pl_err *err);
int pl_store_db_package(struct pl_store *s, uint32_t id, struct pl_arena *a, struct pl_package *ret,
                        struct pl_err *err);
int pl_store_db_place(struct pl_store *s, uint32_t id, struct pl_arena *a, struct pl_names *ret,
                      struct pl_err *err);
int pl_store_db_layer(struct pl_store *s, uint32_t id, struct pl_arena *a,
                      struct pl_layer_info *ret, struct pl_err *err);
int pl_store_db_flaw(struct pl_store *s, struct pl_str subject, struct pl_str rule, bool make,
                     uint32_t *ret, struct pl_err *err);
int pl_store_db_flaw_named(struct pl_store *s, uint32_t id, struct pl_arena *a,
                           struct pl_str *ret_subject, struct pl_str *ret_rule, struct pl_err *err);
int pl_store_db_run(struct pl_store *s, const struct pl_store_origin *o, int64_t *ret_run,
                    struct pl_err *err);
int pl_store_db_state(struct pl_store *s, int64_t run, int64_t image, const uint32_t *flaw,
                      size_t n, struct pl_err *err);
int pl_store_db_states(struct pl_store *s, int64_t run, const struct pl_store_state *v, size_t n,
                       struct pl_err *err);
int pl_store_db_matched_begin(struct pl_store *s, enum pl_store_matching what, struct pl_err *err);
int pl_store_db_matched(struct pl_store *s, enum pl_store_matching what, struct pl_arena *a,
                        struct pl_store_matched *ret, struct pl_err *err);
int pl_store_db_matched_since(struct pl_store *s, const struct pl_store_matched *m,
                              int (*fn)(void *arg, int64_t id), void *arg, struct pl_err *err);
int pl_store_db_matched_keep(struct pl_store *s, const struct pl_store_matched *old,
                             const struct pl_store_matched *m, int64_t run, struct pl_err *err);
int pl_store_db_packages_named(struct pl_store *s, struct pl_str name,
                               int (*fn)(void *arg, uint32_t id, const struct pl_package *p),
                               void *arg, struct pl_err *err);
int pl_store_db_images_holding(struct pl_store *s, const uint32_t *package, size_t n,
                               int (*fn)(void *arg, int64_t id), void *arg, struct pl_err *err);
int pl_store_db_images_flawed(struct pl_store *s, struct pl_str rule,
                              int (*fn)(void *arg, int64_t id), void *arg, struct pl_err *err);
int pl_store_db_images_called(struct pl_store *s, struct pl_str name,
                              int (*fn)(void *arg, int64_t id), void *arg, struct pl_err *err);
int pl_store_db_images_digest(struct pl_store *s, struct pl_str digest,
                              int (*fn)(void *arg, int64_t id), void *arg, struct pl_err *err);
int pl_store_db_images_since(struct pl_store *s, int64_t at, int (*fn)(void *arg, int64_t id),
                             void *arg, struct pl_err *err);
int pl_store_db_each_name(struct pl_store *s,
                          int (*fn)(void *arg, int64_t id, struct pl_str name,
                                    struct pl_str digest),
                          void *arg, struct pl_err *err);
int pl_store_db_images(struct pl_store *s, const int64_t *id, size_t n,
                       const struct pl_store_ask *how,
                       int (*fn)(void *arg, const struct pl_store_image *i), void *arg,
                       struct pl_err *err);
int pl_store_db_names_of(struct pl_store *s, const int64_t *id, size_t n,
                         int (*fn)(void *arg, int64_t id, struct pl_str name), void *arg,
                         struct pl_err *err);
int pl_store_db_index(struct pl_store *s, struct pl_err *err);
int pl_store_db_flaws_of(struct pl_store *s, struct pl_str rule, int (*fn)(void *arg, int64_t id),
                         void *arg, struct pl_err *err);
int pl_store_db_rules_found(struct pl_store *s, int (*fn)(void *arg, struct pl_str rule), void *arg,
                            struct pl_err *err);
int pl_store_db_images_of(struct pl_store *s, struct pl_str rule, int (*fn)(void *arg, int64_t id),
                          void *arg, struct pl_err *err);
int pl_store_db_found_put(struct pl_store *s, int64_t image, struct pl_str bytes,
                          struct pl_err *err);
int pl_store_db_found(struct pl_store *s, int64_t image, struct pl_arena *a, struct pl_str *ret,
                      struct pl_err *err);
int pl_store_db_record(struct pl_store *s, const uint8_t *key, struct pl_arena *a,
                       struct pl_str *ret, struct pl_err *err);
int pl_store_db_record_put(struct pl_store *s, const uint8_t *key, struct pl_str digest,
                           const struct pl_store_origin *o, struct pl_str bytes,
                           struct pl_err *err);
int pl_queue_add(struct pl_store *s, const struct pl_work_new *w, size_t n, struct pl_err *err);
int pl_queue_claim(struct pl_store *s, struct pl_str worker, int64_t lease, enum pl_work_kind from,
                   enum pl_work_kind to, size_t n, int (*fn)(void *arg, const struct pl_work *w),
                   void *arg, struct pl_err *err);
int pl_queue_beat(struct pl_store *s, struct pl_str worker, int64_t lease, struct pl_err *err);
int pl_queue_done(struct pl_store *s, int64_t id, struct pl_str worker, bool *ret_held,
                  struct pl_err *err);
int pl_queue_wait(struct pl_store *s, int64_t id, struct pl_str worker,
                  const struct pl_work_new *layer, size_t n, int64_t *ret_waits,
                  struct pl_err *err);
int pl_queue_fail(struct pl_store *s, int64_t id, struct pl_str worker, struct pl_str error,
                  int64_t delay, struct pl_err *err);
int pl_queue_back(struct pl_store *s, int64_t id, struct pl_str worker, int64_t delay,
                  struct pl_err *err);
int pl_queue_each(struct pl_store *s, enum pl_work_state state,
                  int (*fn)(void *arg, const struct pl_work *w), void *arg, struct pl_err *err);
int pl_queue_counts(struct pl_store *s, uint64_t ret[PL_WORK_STATES], struct pl_err *err);
int pl_queue_retry(struct pl_store *s, int64_t id, uint64_t *ret_n, struct pl_err *err);
int pl_queue_drop(struct pl_store *s, int64_t id, uint64_t *ret_n, struct pl_err *err);
int pl_queue_find(struct pl_store *s, const uint8_t *key, struct pl_arena *a, struct pl_work *ret,
                  bool *ret_there, struct pl_err *err);
int pl_queue_take(struct pl_store *s, struct pl_str host, int64_t rate, int64_t burst,
                  bool *ret_got, struct pl_err *err);
int pl_queue_hold(struct pl_store *s, struct pl_str host, int64_t seconds, struct pl_err *err);
int pl_store_db_gc(struct pl_store *s, struct pl_gc *g, struct pl_err *err);
int pl_queue_leave(struct pl_store *s, struct pl_str worker, struct pl_err *err);
int pl_queue_aside(struct pl_store *s, size_t most, int (*fn)(void *arg, const struct pl_work *w),
                   void *arg, struct pl_err *err);
int pl_queue_depth(struct pl_store *s, int64_t most, int64_t *ret, struct pl_err *err);
/* Numbers of flaws as a row has them, rising; array in `a`. False when the bytes are none. */
bool pl_store_flaws_get(struct pl_str row, struct pl_arena *a, uint32_t **ret, size_t *ret_n);
/* The flaws of `image`, now `row` and first recorded in the run `first`, as they were at `since`;
 * in `a`. */
int pl_store_db_rewind(struct pl_store_db *s, int64_t image, int64_t first, struct pl_str row,
                       int64_t since, struct pl_arena *a, uint32_t **ret, size_t *ret_n,
                       struct pl_err *err);

#endif
