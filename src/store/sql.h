/* The statements of a store, the same for every database where that can be. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_STORE_SQL_H
#define PL_STORE_SQL_H

/* How a statement for PostgreSQL begins that takes a list for each parameter and does the work of
 * one execution for each element: answers come in that order, NULL where there is none. */
#define PL_SQL_ROWS "/*rows*/"

#define PL_SQL_FIND(table)                                              \
    PL_SQL_ROWS "SELECT (SELECT id FROM " table " WHERE print=w.print)" \
                " FROM unnest(?1::bytea[]) WITH ORDINALITY AS w(print,n) ORDER BY w.n"
/* The tenant is asked for once, where a column's default would be for each row; and so is who gives
 * numbers. */
#define PL_SQL_TENANT "(SELECT tenant())"
#define PL_SQL_NUMBER(table) "nextval((SELECT ('plimsoll." table "_'||tenant())::text::regclass))"
/* By what long columns are found there; as pg_schema.c makes it. */
#define PL_SQL_KEY(what) "substring(sha256(" what ") FOR 16)"
#define PL_SQL_AGAIN " ON CONFLICT(image,run) DO UPDATE SET new=excluded.new,gone=excluded.gone"

/* The last list is not taken out: its number would be given again, and whoever collects facts has
 * looked at that number already. */
#define PL_SQL_LAST_SET "(SELECT max(id) FROM pkgset)"

/* Statements, prepared at their first use: X, the same text for every database; Y, one for SQLite
 * and one for PostgreSQL. */
#define PL_STORE_SQL(X, Y)                                                                       \
    Y(PACKAGE_FIND, "SELECT id FROM package WHERE print=?1", PL_SQL_FIND("package"))             \
    Y(PACKAGE_ADD,                                                                               \
      "INSERT INTO package(print,type,ns,name,version,facts,source,subject)"                     \
      " VALUES(?1,?2,?3,?4,?5,?6,?7,?8) RETURNING id",                                           \
      PL_SQL_ROWS                                                                                \
      "INSERT INTO package(tenant,id,print,type,ns,name,version,facts,source,subject) "          \
      "SELECT " PL_SQL_TENANT "," PL_SQL_NUMBER(                                                 \
          "package") ",w.* FROM unnest(?1::bytea[],?2::bytea[],?3::bytea[],?4::bytea[],"         \
                     "?5::bytea[],?6::bytea[],?7::bytea[],?8::bytea[]) AS w RETURNING id")       \
    X(PACKAGE_GET, "SELECT facts FROM package WHERE id=?1")                                      \
    X(PACKAGE_ALL, "SELECT id,facts FROM package WHERE id>?1 ORDER BY id")                       \
    Y(PLACE_FIND, "SELECT id FROM place WHERE print=?1", PL_SQL_FIND("place"))                   \
    Y(PLACE_ADD, "INSERT INTO place(print,paths) VALUES(?1,?2) RETURNING id",                    \
      PL_SQL_ROWS "INSERT INTO place(tenant,id,print,paths) SELECT " PL_SQL_TENANT               \
                  "," PL_SQL_NUMBER("place") ",w.* FROM unnest(?1::bytea[],?2::bytea[]) AS w"    \
                                             " RETURNING id")                                    \
    X(PLACE_GET, "SELECT paths FROM place WHERE id=?1")                                          \
    Y(LAYER_FIND, "SELECT id FROM layer WHERE print=?1", PL_SQL_FIND("layer"))                   \
    Y(LAYER_ADD, "INSERT INTO layer(print,digest,facts) VALUES(?1,?2,?3) RETURNING id",          \
      PL_SQL_ROWS "INSERT INTO layer(tenant,id,print,digest,facts) SELECT " PL_SQL_TENANT        \
                  "," PL_SQL_NUMBER("layer") ",w.* FROM unnest(?1::bytea[],?2::bytea[],"         \
                                             "?3::bytea[]) AS w RETURNING id")                   \
    X(LAYER_GET, "SELECT facts FROM layer WHERE id=?1")                                          \
    X(SET_FIND, "SELECT id FROM pkgset WHERE print=?1")                                          \
    Y(SET_ADD,                                                                                   \
      "INSERT INTO pkgset(id,print,members) VALUES(1+max(coalesce((SELECT max(id) FROM pkgset)," \
      "0),coalesce((SELECT max(last) FROM segment),0)),?1,?2) RETURNING id",                     \
      "INSERT INTO pkgset(print,members) VALUES(?1,?2) RETURNING id")                            \
    X(SET_DROP, "DELETE FROM pkgset WHERE id=?1 AND id<" PL_SQL_LAST_SET                         \
                " AND NOT EXISTS(SELECT 1 FROM image WHERE pkgset=?1)")                          \
    Y(IMAGE_FIND,                                                                                \
      "SELECT id,pkgset FROM image WHERE name=?1 AND digest=?2 AND platform=?3"                  \
      " AND mark=?4",                                                                            \
      "SELECT id,pkgset FROM image WHERE "                                                       \
      "key=" PL_SQL_KEY("sha256(?1)||sha256(?2)||sha256(?3)||sha256(?4)"))                       \
    X(IMAGE_ADD, "INSERT INTO image(name,digest,platform,mark,kind,complete,notes,layers,"       \
                 "pkgset,at,tool,rules,db) VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13)"   \
                 " RETURNING id")                                                                \
    X(IMAGE_SET, "UPDATE image SET name=?1,digest=?2,platform=?3,mark=?4,kind=?5,complete=?6,"   \
                 "notes=?7,layers=?8,pkgset=?9,at=?10,tool=?11,rules=?12,db=?13 WHERE id=?14")   \
    X(FINDING_DROP, "DELETE FROM finding WHERE image=?1")                                        \
    X(FINDING_ADD, "INSERT INTO finding(image,n,kind,rule,severity,fingerprint,evidence,"        \
                   "surface,path,line,introduced,hidden,visible)"                                \
                   " VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13)")                        \
    Y(FLAW_FIND, "SELECT id FROM flaw WHERE subject=?1 AND rule=?2",                             \
      "SELECT id FROM flaw WHERE key=" PL_SQL_KEY("sha256(?1)||sha256(?2)"))                     \
    X(FLAW_ADD, "INSERT INTO flaw(subject,rule) VALUES(?1,?2) RETURNING id")                     \
    X(FLAW_ALL, "SELECT id,subject,rule FROM flaw ORDER BY id")                                  \
    X(FLAW_GET, "SELECT subject,rule FROM flaw WHERE id=?1")                                     \
    X(RUN_ADD, "INSERT INTO run(at,tool,db) VALUES(?1,?2,?3) RETURNING id")                      \
    Y(STATE_GET, "SELECT flaws FROM state WHERE image=?1",                                       \
      PL_SQL_ROWS "SELECT (SELECT flaws FROM state WHERE image=w.image)"                         \
                  " FROM unnest(?1::bigint[]) WITH ORDINALITY AS w(image,n) ORDER BY w.n")       \
    Y(STATE_ADD, "INSERT INTO state(image,first,flaws) VALUES(?1,?2,?3)",                        \
      PL_SQL_ROWS "INSERT INTO state(tenant,image,first,flaws) SELECT " PL_SQL_TENANT            \
                  ",w.* FROM unnest(?1::bigint[],?2::bigint[],?3::bytea[]) AS w")                \
    Y(STATE_SET, "UPDATE state SET flaws=?2 WHERE image=?1",                                     \
      PL_SQL_ROWS "UPDATE state SET flaws=w.flaws FROM unnest(?1::bigint[],?2::bytea[])"         \
                  " AS w(image,flaws) WHERE state.image=w.image")                                \
    Y(CHANGE_ADD, "INSERT INTO change(image,run,new,gone) VALUES(?1,?2,?3,?4)" PL_SQL_AGAIN,     \
      PL_SQL_ROWS                                                                                \
      "INSERT INTO change(tenant,image,run,new,gone) SELECT " PL_SQL_TENANT                      \
      ",w.* FROM unnest(?1::bigint[],?2::bigint[],?3::bytea[],?4::bytea[]) AS w" PL_SQL_AGAIN)   \
    X(CHANGES, "SELECT new,gone FROM change JOIN run ON run.id=change.run"                       \
               " WHERE image=?1 AND at>=?2 ORDER BY run DESC")                                   \
    X(RUN_AT, "SELECT at FROM run WHERE id=?1")                                                  \
    X(COUNTS, "SELECT (SELECT count(*) FROM image),(SELECT count(*) FROM package),"              \
              "(SELECT count(*) FROM pkgset),(SELECT count(*) FROM layer),"                      \
              "(SELECT count(*) FROM flaw),(SELECT count(*) FROM run),"                          \
              "(SELECT coalesce(max(id),0) FROM package),(SELECT coalesce(max(id),0) FROM flaw)")

#define PL_SQL_IMAGE                                                                            \
    "SELECT image.id,name,digest,platform,kind,complete,notes,layers,members,at,tool,rules,db," \
    "flaws,first,CASE WHEN CAST(?2 AS bigint)=1 THEN found.bytes END FROM "
#define PL_SQL_IMAGE_MORE                                                                 \
    " LEFT JOIN pkgset ON pkgset.id=image.pkgset LEFT JOIN state ON state.image=image.id" \
    " LEFT JOIN found ON found.image=image.id AND CAST(?2 AS bigint)=1"
#define PL_SQL_NAMES "ORDER BY name,digest,platform,mark"
/* Inventories of what runs somewhere. */
#define PL_SQL_RUNS                                                                            \
    "SELECT i.id FROM exposure AS e JOIN image AS i ON i.digest=e.image WHERE e.until=0 AND "  \
    "e.image<>'' UNION SELECT i.id FROM exposure AS e JOIN image AS i ON i.name=e.name WHERE " \
    "e.until=0 AND e.name<>''"
#define PL_SQL_HAS(column) "SELECT id,facts FROM package WHERE " column

/* Finding, by what it holds; the index of packages. */
#define PL_FIND_SQL(X, Y)                                                                         \
    X(PACKAGE_NAMED,                                                                              \
      PL_SQL_HAS("name=?1") " UNION ALL " PL_SQL_HAS(                                             \
          "source=?1 AND name<>?1") " UNION ALL " PL_SQL_HAS("source IS NULL AND name<>?1"))      \
    X(PACKAGE_SUBJECT, PL_SQL_HAS("subject=?1") " UNION ALL " PL_SQL_HAS("source IS NULL"))       \
    X(PACKAGE_OLD, PL_SQL_HAS("source IS NULL") " ORDER BY id LIMIT ?1")                          \
    Y(PACKAGE_MEND, "UPDATE package SET source=?2,subject=?3 WHERE id=?1",                        \
      PL_SQL_ROWS "UPDATE package SET source=w.source,subject=w.subject FROM"                     \
                  " unnest(?1::bigint[],?2::bytea[],?3::bytea[]) AS w(id,source,subject)"         \
                  " WHERE package.id=w.id")                                                       \
    X(SEGMENTS, "SELECT last,first,buckets FROM segment ORDER BY last")                           \
    X(SEGMENT_LAST, "SELECT coalesce(max(last),0) FROM segment")                                  \
    X(SEGMENT_ADD, "INSERT INTO segment(last,first,buckets) VALUES(?1,?2,?3)")                    \
    Y(POSTING_ADD, "INSERT INTO posting(bucket,segment,sets) VALUES(?1,?2,?3)",                   \
      PL_SQL_ROWS "INSERT INTO posting(tenant,bucket,segment,sets) SELECT " PL_SQL_TENANT         \
                  ",w.* FROM unnest(?1::bigint[],?2::bigint[],?3::bytea[]) AS w")                 \
    X(POSTING_GET, "SELECT segment,sets FROM posting WHERE bucket=?1 ORDER BY segment")           \
    X(SET_COUNT, "SELECT count(*) FROM (SELECT id FROM pkgset WHERE id>?1 LIMIT ?2) AS t")        \
    X(SET_NEXT, "SELECT id,members FROM pkgset WHERE id>?1 ORDER BY id LIMIT ?2")                 \
    X(SET_TAIL, "SELECT id,members FROM pkgset WHERE id>?1 ORDER BY id")                          \
    X(IMAGE_CALLED, "SELECT id FROM image WHERE name=?1 ORDER BY id")                             \
    X(IMAGE_DIGEST, "SELECT id FROM image WHERE digest=?1 ORDER BY id")                           \
    X(IMAGE_SINCE, "SELECT id FROM image WHERE at>=?1 ORDER BY id")                               \
    X(IMAGE_NAMES, "SELECT id,name,digest FROM image")                                            \
    X(IMAGE_IDS, "SELECT id FROM image ORDER BY CASE WHEN id IN(" PL_SQL_RUNS ") THEN 0 ELSE 1"   \
                 " END,name,digest,platform,mark")                                                \
    Y(IMAGE_OF_SETS,                                                                              \
      "SELECT id FROM image WHERE pkgset IN(SELECT value FROM json_each(?1)) ORDER BY id",        \
      "SELECT id FROM image WHERE pkgset=ANY(?1::bigint[]) ORDER BY id")                          \
    Y(IMAGE_SORT,                                                                                 \
      "SELECT image.id FROM json_each(?1) AS w CROSS JOIN image ON image.id=w.value"              \
      " " PL_SQL_NAMES " LIMIT ?2",                                                               \
      "SELECT id FROM image WHERE id=ANY(?1::bigint[]) " PL_SQL_NAMES " LIMIT ?2")                \
    Y(IMAGE_NEWEST,                                                                               \
      "SELECT image.id FROM json_each(?1) AS w CROSS JOIN image ON image.id=w.value"              \
      " ORDER BY at DESC,image.id DESC LIMIT ?2",                                                 \
      "SELECT id FROM image WHERE id=ANY(?1::bigint[]) ORDER BY at DESC,id DESC LIMIT ?2")        \
    Y(IMAGE_EXPOSED,                                                                              \
      "SELECT image.id FROM json_each(?1) AS w CROSS JOIN image ON image.id=w.value"              \
      " ORDER BY CASE WHEN image.id IN(" PL_SQL_RUNS                                              \
      ") THEN 0 ELSE 1 END,name,digest,platform,mark LIMIT ?2",                                   \
      "SELECT id FROM image WHERE id=ANY(?1::bigint[]) ORDER BY CASE WHEN id IN(" PL_SQL_RUNS     \
      ") THEN 0 ELSE 1 END,name,digest,platform,mark LIMIT ?2")                                   \
    Y(IMAGE_LIST,                                                                                 \
      PL_SQL_IMAGE "json_each(?1) AS w CROSS JOIN image ON image.id=w.value" PL_SQL_IMAGE_MORE,   \
      PL_SQL_IMAGE "unnest(?1::bigint[]) WITH ORDINALITY AS w(id,n) JOIN image ON "               \
                   "image.id=w.id" PL_SQL_IMAGE_MORE " ORDER BY w.n")                             \
    Y(SAME_DIGEST,                                                                                \
      "SELECT DISTINCT a.id,b.name FROM json_each(?1) AS w CROSS JOIN image AS a ON a.id=w.value" \
      " CROSS JOIN image AS b ON b.digest=a.digest WHERE a.digest<>'' ORDER BY a.id,b.name",      \
      "SELECT DISTINCT a.id,b.name FROM image AS a JOIN image AS b ON b.digest=a.digest"          \
      " WHERE a.id=ANY(?1::bigint[]) AND a.digest<>'' ORDER BY a.id,b.name")

/* What was lost: by whom it is not known any more. */
#define PL_SQL_LOST                                                                     \
    "state=CASE WHEN job.tries>=10 THEN 3 ELSE 0 END,told=0,worker='',error=CASE WHEN " \
    "job.tries>=10"                                                                     \
    " THEN ?1 ELSE job.error END"

#define PL_SQL_WORK "id,kind,state,target,digest,host,error,priority,tries,fails,ready_at"
#define PL_SQL_JOB                                                                               \
    "job.id,job.kind,job.state,job.target,job.digest,job.host,job.error,job.priority,job.tries," \
    "job.fails,job.ready_at"
#define PL_SQL_READY                                                                         \
    "SELECT id FROM job WHERE state=0 AND ready_at<=unixepoch()"                             \
    " AND NOT EXISTS(SELECT 1 FROM bucket WHERE bucket.host=job.host AND until>unixepoch())" \
    " AND kind>=?4 AND kind<=?5 ORDER BY priority DESC,turn,id LIMIT ?3"
/* An image that is queued while it is read may be another by now: it is read again after that. */
#define PL_SQL_MOVED ",ready_at=CASE WHEN job.state=1 AND job.kind=0 THEN -1 ELSE job.ready_at END"
#define PL_SQL_NEW                                                     \
    "INSERT INTO job(key,kind,target,digest,host,priority,turn,added)" \
    " VALUES(?1,?2,?3,?4,?5,?6,?7,unixepoch())"
/* A clock that was set back stops nobody. */
#define PL_SQL_EARNED "tokens+(CASE WHEN at>unixepoch() THEN 1 ELSE unixepoch()-at END)*?2"
#define PL_SQL_TOKENS "(CASE WHEN " PL_SQL_EARNED ">?3 THEN ?3 ELSE " PL_SQL_EARNED " END)"

/* Records and the queue. */
#define PL_QUEUE_SQL(X, Y)                                                                       \
    X(FLAWS_OF, "SELECT id FROM flaw WHERE rule=?1 ORDER BY id")                                 \
    X(RULES_FOUND, "SELECT DISTINCT rule FROM finding")                                          \
    X(IMAGES_OF, "SELECT DISTINCT image FROM finding WHERE rule=?1 ORDER BY image")              \
    X(FOUND_DROP, "DELETE FROM found WHERE image=?1")                                            \
    X(FOUND_SET, "INSERT INTO found(image,bytes) VALUES(?1,?2) ON CONFLICT(image) DO UPDATE SET" \
                 " bytes=excluded.bytes")                                                        \
    X(FOUND_GET, "SELECT bytes FROM found WHERE image=?1")                                       \
    X(RECORD_GET, "SELECT bytes FROM record WHERE key=?1")                                       \
    X(RECORD_HAS, "SELECT at FROM record WHERE key=?1")                                          \
    X(RECORD_ADD, "INSERT INTO record(key,digest,tool,rules,at,bytes) VALUES(?1,?2,?3,?4,?5,?6)" \
                  " ON CONFLICT DO NOTHING")                                                     \
    Y(WORK_ADD,                                                                                  \
      PL_SQL_NEW " ON CONFLICT(key) DO UPDATE SET priority=max(priority,"                        \
                 "excluded.priority)" PL_SQL_MOVED " RETURNING id,state",                        \
      PL_SQL_NEW " ON CONFLICT(tenant,key) DO UPDATE SET priority=greatest(job.priority,"        \
                 "excluded.priority)" PL_SQL_MOVED " RETURNING id,state")                        \
    X(WORK_AGAIN, "UPDATE job SET state=0,tries=0,fails=0,ready_at=0,added=unixepoch(),"         \
                  "turn=?2 WHERE id=?1 AND state=2")                                             \
    Y(WORK_CLAIM,                                                                                \
      "UPDATE job SET state=1,worker=?1,lease_until=unixepoch()+?2,tries=tries+1,ready_at=0"     \
      " WHERE id IN(" PL_SQL_READY ") RETURNING " PL_SQL_WORK,                                   \
      "WITH c AS MATERIALIZED(" PL_SQL_READY " FOR UPDATE SKIP LOCKED) UPDATE job SET state=1,"  \
      "worker=?1,lease_until=unixepoch()+?2,tries=tries+1,ready_at=0 FROM c WHERE job.id=c.id "  \
      "RETURNING " PL_SQL_JOB)                                                                   \
    Y(WORK_LOST,                                                                                 \
      "UPDATE job SET " PL_SQL_LOST " WHERE state=1 AND lease_until<unixepoch()"                 \
      " RETURNING id,state",                                                                     \
      "WITH c AS MATERIALIZED(SELECT id FROM job WHERE state=1 AND lease_until<unixepoch()"      \
      " FOR UPDATE SKIP LOCKED) UPDATE job SET " PL_SQL_LOST " FROM c WHERE job.id=c.id"         \
      " RETURNING job.id,job.state")                                                             \
    X(WORK_BEAT, "UPDATE job SET lease_until=unixepoch()+?2 WHERE worker=?1 AND state=1")        \
    X(WORK_DONE, "UPDATE job SET state=CASE WHEN ready_at<0 THEN 0 ELSE 2 "                      \
                 "END,worker='',error='',tries=0,fails=0,done_at=unixepoch()"                    \
                 " WHERE id=?1 AND worker=?2 AND state=1 RETURNING kind")                        \
    X(WORK_WAITS,                                                                                \
      "UPDATE job SET state=CASE WHEN CAST(?2 AS bigint)>0 THEN 4 ELSE 0 END,waits=?2,"          \
      "worker='',tries=0 WHERE id=?1 AND worker=?3 AND state=1 RETURNING id")                    \
    X(WORK_FAIL,                                                                                 \
      "UPDATE job SET fails=fails+1,state=CASE WHEN fails>=2 THEN 3 ELSE 0 END,worker='',"       \
      "error=?3,told=0,ready_at=unixepoch()+?4 WHERE id=?1 AND worker=?2 AND state=1"            \
      " RETURNING state")                                                                        \
    X(WORK_BACK, "UPDATE job SET state=0,worker='',tries=tries-1,ready_at=unixepoch()+?3"        \
                 " WHERE id=?1 AND worker=?2 AND state=1")                                       \
    X(WORK_EACH, "SELECT " PL_SQL_WORK " FROM job WHERE state=?1 ORDER BY id")                   \
    X(WORK_FIND, "SELECT " PL_SQL_WORK " FROM job WHERE key=?1")                                 \
    X(WORK_COUNTS, "SELECT state,count(*) FROM job GROUP BY state")                              \
    X(WORK_RETRY, "UPDATE job SET state=0,tries=0,fails=0,ready_at=0,error='' WHERE state=3"     \
                  " AND (CAST(?1 AS bigint)=0 OR id=?1) RETURNING id")                           \
    X(WORK_DROP,                                                                                 \
      "DELETE FROM job WHERE (CAST(?1 AS bigint)=0 AND state=3) OR (id=?1 AND state<>1)"         \
      " RETURNING id")                                                                           \
    X(WAIT_ADD, "INSERT INTO wait(job,waiter) VALUES(?1,?2) ON CONFLICT DO NOTHING")             \
    Y(WAIT_OVER,                                                                                 \
      "UPDATE job SET waits=waits-1,state=CASE WHEN waits<=1 THEN 0 ELSE state END"              \
      " WHERE state=4 AND id IN(SELECT waiter FROM wait WHERE job=?1)"                           \
      " RETURNING state",                                                                        \
      "WITH w AS MATERIALIZED(SELECT id FROM job WHERE state=4 AND id=ANY(ARRAY(SELECT waiter"   \
      " FROM wait WHERE wait.job=?1)) ORDER BY id FOR UPDATE) UPDATE job SET waits=job.waits-1," \
      "state=CASE WHEN job.waits<=1 THEN 0 ELSE job.state END FROM w WHERE job.id=w.id"          \
      " RETURNING job.state")                                                                    \
    X(WAIT_DROP, "DELETE FROM wait WHERE job=?1")                                                \
    X(WAIT_FORGET, "DELETE FROM wait WHERE waiter=?1")                                           \
    X(HOST_MAKE, "INSERT INTO bucket(host,tokens,at,until) VALUES(?1,?2,unixepoch(),0)"          \
                 " ON CONFLICT DO NOTHING")                                                      \
    X(HOST_TAKE,                                                                                 \
      "UPDATE bucket SET tokens=" PL_SQL_TOKENS "-1,at=unixepoch()"                              \
      " WHERE host=?1 AND until<=unixepoch() AND " PL_SQL_TOKENS ">=1 RETURNING tokens")         \
    X(HOST_HOLD, "UPDATE bucket SET until=CASE WHEN until<unixepoch()+?2 THEN unixepoch()+?2"    \
                 " ELSE until END WHERE host=?1")

#endif
