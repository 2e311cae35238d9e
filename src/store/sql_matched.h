/* Statements of what all inventories were matched to. As sql.h. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_STORE_SQL_MATCHED_H
#define PL_STORE_SQL_MATCHED_H

#define PL_MATCHED_SQL(X, Y)                                                                    \
    X(MATCHED_BEGIN, "INSERT INTO matched(what,turn,top,facts) VALUES(?1,0,0,?2)"               \
                     " ON CONFLICT DO NOTHING")                                                 \
    X(MATCHED_GET, "SELECT turn,top,facts FROM matched WHERE what=?1")                          \
    X(MATCHED_SET, "UPDATE matched SET turn=turn+1,top=?3,facts=?4 WHERE what=?1 AND turn=?2"   \
                   " RETURNING turn")                                                           \
    X(MATCHED_VOID, "UPDATE matched SET turn=turn+1,top=0,facts=?2 WHERE what=?1")              \
    X(MATCHED_ALL, "SELECT bucket,prints FROM matched_print WHERE what=?1 ORDER BY bucket")     \
    Y(MATCHED_PUT, "INSERT OR REPLACE INTO matched_print(what,bucket,prints) VALUES(?1,?2,?3)", \
      PL_SQL_ROWS "INSERT INTO matched_print(tenant,what,bucket,prints) SELECT " PL_SQL_TENANT  \
                  ",w.* FROM unnest(?1::bigint[],?2::bigint[],?3::bytea[]) AS w ON "            \
                  "CONFLICT(tenant,what,bucket)"                                                \
                  " DO UPDATE SET prints=excluded.prints")                                      \
    X(MATCHED_CUT, "DELETE FROM matched_print WHERE what=?1 AND bucket>=?2")                    \
    Y(FRESH_PUT,                                                                                \
      "INSERT OR REPLACE INTO fresh(image) SELECT ?1 WHERE EXISTS(SELECT 1 FROM matched)",      \
      "INSERT INTO fresh(image) SELECT CAST(?1 AS bigint) WHERE EXISTS(SELECT 1 FROM matched)"  \
      " ON CONFLICT(image) DO UPDATE SET n=DEFAULT")                                            \
    X(FRESH_TOP, "SELECT coalesce(max(n),0) FROM fresh")                                        \
    X(FRESH_AFTER, "SELECT image FROM fresh WHERE n>?1")                                        \
    X(FRESH_DROP, "DELETE FROM fresh WHERE n<=(SELECT min(top) FROM matched)")                  \
    X(GC_FRESH, "DELETE FROM fresh WHERE image=?1")                                             \
    X(CHANGED_BESIDES, "SELECT image FROM change WHERE run>?1 AND run<>?2 UNION ALL"            \
                       " SELECT image FROM state WHERE first>?1 AND first<>?2")

#endif
