/* Statements over names that moved, where images run, messages and schedules. As sql.h. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_STORE_SQL_FLEET_H
#define PL_STORE_SQL_FLEET_H

#define PL_SQL_OUT "outbox.id,outbox.key,body,tries,added,hook,shown,error"
#define PL_SQL_OUT_DUE \
    "SELECT id FROM outbox WHERE hook=?1 AND state=0 AND due<=unixepoch() ORDER BY id LIMIT 1"

/* Each has an index of its own; who waits is found by what it waits for. */
#define PL_SQL_IN(state) "SELECT CAST(" state " AS bigint),count(*) FROM job WHERE state=" state
#define PL_SQL_OPEN \
    PL_SQL_IN("0")  \
    " UNION ALL " PL_SQL_IN("1") " UNION ALL " PL_SQL_IN("3") " UNION ALL " PL_SQL_IN("4")

#define PL_FLEET_SQL(X, Y)                                                                         \
    X(NOW, "SELECT unixepoch()")                                                                   \
    X(TURN_MAKE, "INSERT INTO schedule(name,at,value) VALUES(?1,0,'') ON CONFLICT DO NOTHING")     \
    X(TURN_TAKE, "UPDATE schedule SET at=unixepoch() WHERE name=?1 AND at+?2<=unixepoch()"         \
                 " RETURNING at")                                                                  \
    X(NOTE_GET, "SELECT value FROM schedule WHERE name=?1")                                        \
    X(NOTE_SET, "UPDATE schedule SET value=?2,at=unixepoch() WHERE name=?1")                       \
    X(FACTS_AT, "SELECT at FROM schedule WHERE name='facts'")                                      \
    X(SHARE_MAKE, "INSERT INTO share(name,turn) VALUES(?1,0) ON CONFLICT DO NOTHING")              \
    X(SHARE_FLOOR,                                                                                 \
      "SELECT coalesce((SELECT turn FROM job WHERE state=0 ORDER BY priority DESC,turn,id"         \
      " LIMIT 1),(SELECT max(turn) FROM share),0)")                                                \
    X(SHARE_TAKE, "UPDATE share SET turn=CASE WHEN turn<?3 THEN CAST(?3 AS bigint) ELSE turn END"  \
                  "+?2 WHERE name=?1 RETURNING turn")                                              \
    X(JOB_TURN, "SELECT turn FROM job WHERE id=?1")                                                \
    X(JOB_LEAVE, "UPDATE job SET worker=worker||'-',lease_until=0 WHERE worker=?1 AND state=1")    \
    X(JOB_ASIDE, "UPDATE job SET told=1 WHERE id IN(SELECT id FROM job WHERE state=3 AND told=0"   \
                 " ORDER BY id LIMIT ?1) RETURNING " PL_SQL_WORK)                                  \
    Y(WORK_OPEN, PL_SQL_OPEN " AND id IN(SELECT waiter FROM wait)",                                \
      PL_SQL_OPEN " AND id=ANY(ARRAY(SELECT DISTINCT waiter FROM wait))")                          \
    X(HOST_HELD,                                                                                   \
      "SELECT host,until-unixepoch() FROM bucket WHERE until>unixepoch() ORDER BY host")           \
    X(JOB_UNTOLD, "SELECT id FROM job WHERE state=3 AND told=0 LIMIT 1")                           \
    X(AGAIN_GET, "SELECT name,value,at FROM schedule WHERE name>?2 AND name<'found!'"              \
                 " ORDER BY name LIMIT ?1")                                                        \
    X(AGAIN_DROP, "DELETE FROM schedule WHERE name=?1")                                            \
    X(JOB_DEPTH, "SELECT count(*) FROM (SELECT 1 FROM job WHERE state=0 AND kind<2 LIMIT ?1) q")   \
    X(STALE, "SELECT DISTINCT name,CASE WHEN EXISTS(SELECT 1 FROM exposure e WHERE e.until=0 AND"  \
             " (e.image=i.digest OR e.name=i.name)) THEN CAST(1 AS bigint) ELSE 0 END FROM image " \
             "i WHERE (tool<>?1 OR rules<>?2)"                                                     \
             " AND NOT EXISTS(SELECT 1 FROM image n WHERE n.name=i.name AND n.tool=?1 AND"         \
             " n.rules=?2) ORDER BY 2 DESC,1")                                                     \
    X(BEHIND, "SELECT count(*) FROM image WHERE db<>?1 AND db<>'' AND at>=?2")                     \
    X(REF_GET, "SELECT id,image,seen FROM ref WHERE name=?1 AND until=0")                          \
    X(REF_SEEN, "UPDATE ref SET seen=unixepoch() WHERE id=?1")                                     \
    X(REF_END, "UPDATE ref SET until=unixepoch() WHERE id=?1")                                     \
    X(REF_ADD, "INSERT INTO ref(name,registry,repository,tag,image,since,seen) VALUES(?1,?2,?3,"   \
               "?4,?5,unixepoch(),unixepoch())")                                                   \
    X(REF_LOST, "UPDATE ref SET until=unixepoch() WHERE registry=?1 AND repository=?2 AND"         \
                " until=0 AND seen<?3")                                                            \
    X(REF_EACH, "SELECT registry,repository,tag,image,since,until,seen FROM ref WHERE name=?1"     \
                " ORDER BY since,id")                                                              \
    X(REF_OF, "SELECT name FROM ref WHERE image=?1 AND until=0 ORDER BY name LIMIT 1")             \
    X(RUNS_DOUBT, "UPDATE exposure SET until=-1 WHERE cluster=?1 AND until=0")                     \
    X(RUNS_SEEN, "UPDATE exposure SET since=CASE WHEN until>0 THEN unixepoch() ELSE since END,"    \
                 "until=0,seen=unixepoch(),name=?6 WHERE cluster=?1 AND ns=?2 AND kind=?3 AND"     \
                 " owner=?4 AND image=?5 RETURNING id")                                            \
    X(RUNS_ADD, "INSERT INTO exposure(cluster,ns,kind,owner,image,name,since,seen) VALUES(?1,?2,"  \
                "?3,?4,?5,?6,unixepoch(),unixepoch())")                                            \
    X(RUNS_OVER, "UPDATE exposure SET until=unixepoch() WHERE cluster=?1 AND until=-1")            \
    X(RUNS_HAS, "SELECT id FROM exposure WHERE until=0 AND image=?1 LIMIT 1")                      \
    X(RUNS_ANY, "SELECT id FROM exposure LIMIT 1")                                                 \
    X(RUNS_OF, "SELECT cluster,ns,kind,owner,image,name,since,seen,until FROM exposure"            \
               " WHERE image=?1 OR name=?2 OR image IN(SELECT ref.image FROM ref WHERE"            \
               " ref.name=?2) ORDER BY cluster,ns,kind,owner,image")                               \
    X(RUN_MAX, "SELECT coalesce(max(id),0) FROM run")                                              \
    X(CHANGES_AFTER, "SELECT change.run,run.at,change.image,new,gone,0 FROM change"                \
                     " JOIN run ON run.id=change.run WHERE change.run>?1 AND change.run<=?2"       \
                     " ORDER BY change.run,change.image")                                          \
    X(FIRSTS_AFTER, "SELECT first,run.at,image,flaws FROM state JOIN run ON run.id=state.first"    \
                    " WHERE first>?1 AND first<=?2 ORDER BY first,image")                          \
    X(OWN_FINDINGS, "SELECT kind,rule,severity,fingerprint,path FROM finding WHERE image=?1"       \
                    " ORDER BY n")                                                                 \
    X(REBUILD_ALL, "SELECT image,print FROM rebuild ORDER BY image")                               \
    X(REBUILD_SET, "INSERT INTO rebuild(image,print) VALUES(?1,?2) ON CONFLICT(image) DO UPDATE"   \
                   " SET print=excluded.print")                                                    \
    X(REBUILD_GET, "SELECT print FROM rebuild WHERE image=?1")                                     \
    X(OUT_ADD, "INSERT INTO outbox(hook,shown,key,body,added) VALUES(?1,?2,?3,?4,unixepoch())"     \
               " ON CONFLICT DO NOTHING")                                                          \
    Y(OUT_CLAIM,                                                                                   \
      "UPDATE outbox SET due=unixepoch()+?2,tries=tries+1 WHERE id IN(" PL_SQL_OUT_DUE             \
      ") RETURNING " PL_SQL_OUT,                                                                   \
      "WITH c AS MATERIALIZED(" PL_SQL_OUT_DUE " FOR UPDATE SKIP LOCKED) UPDATE outbox SET"        \
      " due=unixepoch()+?2,tries=tries+1 FROM c WHERE outbox.id=c.id RETURNING " PL_SQL_OUT)       \
    X(OUT_TOLD, "UPDATE outbox SET state=1,done_at=unixepoch(),error='' WHERE id=?1")              \
    X(OUT_FAIL, "UPDATE outbox SET error=?2,due=unixepoch()+?3,state=CASE WHEN"                    \
                " added+?4<=unixepoch() THEN 2 ELSE 0 END,done_at=unixepoch() WHERE id=?1 AND"     \
                " state=0 RETURNING state")                                                        \
    X(OUT_OLD, "UPDATE outbox SET state=2,done_at=unixepoch(),error=CASE WHEN error='' THEN ?1"    \
               " ELSE error END WHERE state=0 AND added+?2<=unixepoch() RETURNING id")             \
    X(OUT_COUNTS, "SELECT state,count(*) FROM outbox GROUP BY state")                              \
    X(OUT_EACH, "SELECT " PL_SQL_OUT " FROM outbox WHERE state=?1 ORDER BY id")                    \
    X(OUT_RETRY, "UPDATE outbox SET state=0,due=0,added=unixepoch() WHERE state=2 RETURNING id")

#endif
