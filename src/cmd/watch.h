/* plimsoll watch: what its files share. fleet.md section 4. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_CMD_WATCH_H
#define PL_CMD_WATCH_H

#include "base/buf.h"
#include "base/map.h"
#include "base/vec.h"
#include "cmd/common.h"
#include "cmd/fleet_log.h"
#include "cmd/vuln_opt.h"
#include "cmd/watch_stats.h"
#include "model/store.h"

#define PL_WATCH_LEASE_S 90 /* of work that a watcher does */

struct pl_watch_cmd {
    struct pl_opt_list discover, webhook, ecosystem;
    struct pl_vuln_cli vuln;
    const char *store, *every, *db_every, *db_update, *db_key;
    const char *webhook_key, *webhook_ca, *give_up;
    const char *pods, *pods_every, *pods_token, *pods_ca, *cluster, *keep, *listen;
    bool all_tags, all_repos, once, quiet, offline, retry;
};

/* Somebody who is told of events. */
struct pl_watch_hook {
    const char *url;     /* "-": standard output */
    char print[33];      /* its name in the store */
    struct pl_str shown; /* without what may be secret */
};

struct pl_watch {
    const struct pl_watch_cmd *o;
    const char *where; /* the store */
    char name[128];    /* of this process, as who claims work */
    struct pl_store *s;
    struct pl_fleet_log log;      /* of what goes wrong */
    struct pl_watch_stats *stats; /* always there */
    struct pl_fleet_door door;    /* for who asks how it is */
    struct pl_arena a;
    int64_t every_s, db_every_s, pods_every_s, give_up_s, keep_s;
    struct pl_buf secret; /* of signatures */
    PL_VEC(struct pl_watch_hook) hook;
    int64_t db_ms;       /* when the database was last updated, by our own clock; 0: never */
    bool told_no_db;     /* it was said that there is none */
    bool retried;        /* what was given up is due again */
    int64_t again_after; /* up to where readings that wait were looked at; 0: the beginning */
    bool failed;         /* something of the network went wrong in this round */
};

/* Runs another verb in a process of its own, what it prints going to standard error; the store is
 * closed before and opened again when it is used next; work that is held stays so. Its exit code.
 */
int pl_watch_child(struct pl_watch *w, const char *verb, const char *const *argv);
/* It is alive; to be called in what may take long. */
void pl_watch_tick(struct pl_watch *w);
/* The store, opened when it is not. */
int pl_watch_store(struct pl_watch *w, struct pl_err *err);

/* All inventories against the database, when that is new or some were matched with another. */
int pl_watch_match(struct pl_watch *w, struct pl_err *err);
/* What changed since the last time becomes messages, together with the mark up to where it was
 * told: nothing is lost between the two, and nobody tells it twice. */
int pl_watch_tell(struct pl_watch *w, struct pl_err *err);
/* Brings messages to those they are for; failures are kept in the store and are no errors here. */
int pl_watch_send(struct pl_watch *w, struct pl_err *err);
/* Reads what a cluster runs: into `exposure`, and into the queue. */
int pl_watch_pods(struct pl_watch *w, struct pl_err *err);

#endif
