/* The store in SQLite. Not for other folders. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_STORE_SQLITE_INT_H
#define PL_STORE_SQLITE_INT_H

#include "base/map.h"
#include "fmt/sqldb.h"
#include "store/row.h"
#include "store/store.h"

/* Statements, prepared at their first use. */
#define PL_STORE_SQL(X)                                                                        \
    X(PACKAGE_FIND, "SELECT id FROM package WHERE print=?1")                                   \
    X(PACKAGE_ADD, "INSERT INTO package(print,type,ns,name,version,facts)"                     \
                   " VALUES(?1,?2,?3,?4,?5,?6) RETURNING id")                                  \
    X(PACKAGE_GET, "SELECT facts FROM package WHERE id=?1")                                    \
    X(PACKAGE_ALL, "SELECT id,facts FROM package WHERE id>?1 ORDER BY id")                     \
    X(PLACE_FIND, "SELECT id FROM place WHERE print=?1")                                       \
    X(PLACE_ADD, "INSERT INTO place(print,paths) VALUES(?1,?2) RETURNING id")                  \
    X(PLACE_GET, "SELECT paths FROM place WHERE id=?1")                                        \
    X(LAYER_FIND, "SELECT id FROM layer WHERE print=?1")                                       \
    X(LAYER_ADD, "INSERT INTO layer(print,digest,facts) VALUES(?1,?2,?3) RETURNING id")        \
    X(LAYER_GET, "SELECT facts FROM layer WHERE id=?1")                                        \
    X(SET_FIND, "SELECT id FROM pkgset WHERE print=?1")                                        \
    X(SET_ADD, "INSERT INTO pkgset(print,members) VALUES(?1,?2) RETURNING id")                 \
    X(SET_DROP, "DELETE FROM pkgset WHERE id=?1 AND"                                           \
                " NOT EXISTS(SELECT 1 FROM image WHERE pkgset=?1)")                            \
    X(IMAGE_FIND, "SELECT id,pkgset FROM image WHERE name=?1 AND digest=?2 AND platform=?3"    \
                  " AND mark=?4")                                                              \
    X(IMAGE_ADD, "INSERT INTO image(name,digest,platform,mark,kind,complete,notes,layers,"     \
                 "pkgset,at,tool,rules,db) VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13)" \
                 " RETURNING id")                                                              \
    X(IMAGE_SET, "UPDATE image SET name=?1,digest=?2,platform=?3,mark=?4,kind=?5,complete=?6," \
                 "notes=?7,layers=?8,pkgset=?9,at=?10,tool=?11,rules=?12,db=?13 WHERE id=?14") \
    X(IMAGE_ALL, "SELECT image.id,name,digest,platform,kind,complete,notes,layers,members,at," \
                 "tool,rules,db,flaws,first FROM image"                                        \
                 " LEFT JOIN pkgset ON pkgset.id=image.pkgset"                                 \
                 " LEFT JOIN state ON state.image=image.id"                                    \
                 " ORDER BY name,digest,platform,mark")                                        \
    X(FINDING_DROP, "DELETE FROM finding WHERE image=?1")                                      \
    X(FINDING_ADD, "INSERT INTO finding(image,n,kind,rule,severity,fingerprint,evidence,"      \
                   "surface,path,line,introduced,hidden,visible)"                              \
                   " VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13)")                      \
    X(FLAW_FIND, "SELECT id FROM flaw WHERE subject=?1 AND rule=?2")                           \
    X(FLAW_ADD, "INSERT INTO flaw(subject,rule) VALUES(?1,?2) RETURNING id")                   \
    X(FLAW_GET, "SELECT subject,rule FROM flaw WHERE id=?1")                                   \
    X(RUN_ADD, "INSERT INTO run(at,tool,db) VALUES(?1,?2,?3) RETURNING id")                    \
    X(STATE_GET, "SELECT flaws FROM state WHERE image=?1")                                     \
    X(STATE_ADD, "INSERT INTO state(image,first,flaws) VALUES(?1,?2,?3)")                      \
    X(STATE_SET, "UPDATE state SET flaws=?2 WHERE image=?1")                                   \
    X(CHANGE_ADD, "INSERT OR REPLACE INTO change(image,run,new,gone) VALUES(?1,?2,?3,?4)")     \
    X(CHANGES, "SELECT new,gone FROM change JOIN run ON run.id=change.run"                     \
               " WHERE image=?1 AND at>=?2 ORDER BY run DESC")                                 \
    X(RUN_AT, "SELECT at FROM run WHERE id=?1")

enum pl_store_q {
#define X(name, sql) PL_Q_##name,
    PL_STORE_SQL(X)
#undef X
        PL_Q_COUNT
};

/* Numbers of facts that were looked up, by print; made empty when it has grown. */
struct pl_store_seen {
    struct pl_arena a;
    struct pl_map map;
};

struct pl_store_db {
    struct pl_store store; /* first */
    struct pl_sqldb *db;
    struct pl_sqlq *q[PL_Q_COUNT];
    struct pl_store_seen packages, places, layers;
    struct pl_arena scratch; /* of one call of an operation that needs it */
    bool open;               /* between begin (or look) and its end */
};

/* Opens the folder `dir`. As pl_store_open. */
int pl_store_sqlite(const char *dir, enum pl_store_mode mode, struct pl_store **ret,
                    struct pl_err *err);

/* A statement, ready for its parameters; NULL with `err` when it cannot be prepared. */
struct pl_sqlq *pl_store_q(struct pl_store_db *s, enum pl_store_q which, struct pl_err *err);
/* Steps a statement that has at most one row: 1 and its first column in *ret, or 0. Ends it. */
int pl_store_one(struct pl_sqlq *q, int64_t *ret, struct pl_err *err);
/* Runs a statement without rows. */
int pl_store_do(struct pl_sqlq *q, struct pl_err *err);
/* PL_E_FORMAT: what is in `table` is not what was put there. */
int pl_store_damaged(const char *table, struct pl_err *err);
/* Forgets the numbers that were looked up. */
void pl_store_forget(struct pl_store_db *s);

/* Operations; model/store.h. */
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
/* The flaws of `image`, now `row` and first recorded in the run `first`, as they were at `since`;
 * in `a`. */
int pl_store_db_rewind(struct pl_store_db *s, int64_t image, int64_t first, struct pl_str row,
                       int64_t since, struct pl_arena *a, uint32_t **ret, size_t *ret_n,
                       struct pl_err *err);

#endif
