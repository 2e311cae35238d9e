/* Statements that collect what nothing needs. As sql.h. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_STORE_SQL_GC_H
#define PL_STORE_SQL_GC_H

/* An inventory of a name of which another image was read later, or of a tag that is gone; and that
 * does not run. ?1: what is younger stays. */
#define PL_SQL_OLD_IMAGE                                                                    \
    "i.at<?1 AND (EXISTS(SELECT 1 FROM image n WHERE n.name=i.name AND n.at>i.at AND"       \
    " n.digest<>i.digest AND n.platform=i.platform AND n.mark=i.mark) OR"                   \
    " (EXISTS(SELECT 1 FROM ref WHERE ref.name=i.name) AND NOT EXISTS(SELECT 1 FROM ref"    \
    " WHERE ref.name=i.name AND (ref.until=0 OR ref.until>=?1)))) AND NOT EXISTS(SELECT 1"  \
    " FROM exposure e WHERE e.until=0 AND (e.image=i.digest OR e.image IN(SELECT ref.image" \
    " FROM ref WHERE ref.name=i.name AND ref.until>0)))"

#define PL_GC_SQL(X, Y)                                                                           \
    X(GC_IMAGES,                                                                                  \
      "SELECT i.id,i.pkgset FROM image i WHERE " PL_SQL_OLD_IMAGE " ORDER BY i.id LIMIT ?2")      \
    X(GC_IMAGE, "DELETE FROM image WHERE id=?1")                                                  \
    X(GC_FINDING, "DELETE FROM finding WHERE image=?1")                                           \
    X(GC_STATE, "DELETE FROM state WHERE image=?1")                                               \
    X(GC_CHANGE, "DELETE FROM change WHERE image=?1")                                             \
    X(GC_REBUILD, "DELETE FROM rebuild WHERE image=?1")                                           \
    X(GC_SETS,                                                                                    \
      "DELETE FROM pkgset WHERE id IN(SELECT p.id FROM pkgset p WHERE p.id<" PL_SQL_LAST_SET      \
      " AND NOT EXISTS("                                                                          \
      "SELECT 1 FROM image WHERE image.pkgset=p.id) LIMIT ?1) RETURNING id")                      \
    X(GC_MEMBERS, "SELECT id,members FROM pkgset WHERE id>?1 ORDER BY id")                        \
    X(GC_LAYERS_OF, "SELECT id,layers FROM image ORDER BY id")                                    \
    X(GC_PACKAGES, "SELECT id FROM package WHERE id>?1 AND id<=?2 ORDER BY id LIMIT ?3")          \
    X(GC_PLACES, "SELECT id FROM place WHERE id>?1 AND id<=?2 ORDER BY id LIMIT ?3")              \
    X(GC_LAYERS, "SELECT id FROM layer WHERE id>?1 AND id<=?2 ORDER BY id LIMIT ?3")              \
    X(GC_PACKAGE, "DELETE FROM package WHERE id=?1")                                              \
    X(GC_PLACE, "DELETE FROM place WHERE id=?1")                                                  \
    X(GC_LAYER, "DELETE FROM layer WHERE id=?1")                                                  \
    X(GC_TOPS, "SELECT coalesce((SELECT max(id) FROM package),0),coalesce((SELECT max(id) FROM"   \
               " place),0),coalesce((SELECT max(id) FROM layer),0)")                              \
    X(GC_COLLECTED, "UPDATE schedule SET at=at+1 WHERE name='facts'")                             \
    X(GC_RECORDS, "DELETE FROM record WHERE key IN(SELECT r.key FROM record r WHERE r.at<?1 AND"  \
                  " (r.tool<>?2 OR r.rules<>?3 OR NOT EXISTS(SELECT 1 FROM layer WHERE"           \
                  " layer.digest=r.digest)) LIMIT ?4) RETURNING key")                             \
    X(GC_RECORD_JOB, "DELETE FROM job WHERE key=?1 AND kind=1 AND state=2")                       \
    X(GC_JOBS, "DELETE FROM job WHERE id IN(SELECT j.id FROM job j WHERE j.state=2 AND"           \
               " j.done_at<?1 AND (j.kind<>0 OR substr(j.target,1,9)=?2 OR NOT EXISTS("           \
               "SELECT 1 FROM image WHERE image.name=j.target)) LIMIT ?3) RETURNING id")          \
    X(GC_OUTBOX, "DELETE FROM outbox WHERE id IN(SELECT o.id FROM outbox o WHERE o.state<>0 AND"  \
                 " o.done_at<?1 LIMIT ?2) RETURNING id")                                          \
    X(GC_EXPOSURE, "DELETE FROM exposure WHERE id IN(SELECT e.id FROM exposure e WHERE e.until>0" \
                   " AND e.until<?1 LIMIT ?2) RETURNING id")

#endif
