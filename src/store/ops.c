/* The operations of a store over any database: transactions, what there is, statements. guide.md
 * section 11. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "base/cleanup.h"
#include "store/store_int.h"

#define SEGMENTS_AT_ONCE 2u /* that a writer adds to the index in passing */

struct pl_dbq *pl_store_q(struct pl_store_db *s, enum pl_store_q which, struct pl_err *err)
{
    bool many = which == PL_Q_PACKAGE_ALL || which == PL_Q_IMAGE_IDS || which == PL_Q_WORK_EACH ||
                which == PL_Q_FLAW_ALL || which == PL_Q_PACKAGE_NAMED ||
                which == PL_Q_PACKAGE_SUBJECT || which == PL_Q_SET_TAIL ||
                which == PL_Q_IMAGE_NAMES || which == PL_Q_STALE || which == PL_Q_CHANGES_AFTER ||
                which == PL_Q_FIRSTS_AFTER || which == PL_Q_GC_MEMBERS ||
                which == PL_Q_GC_LAYERS_OF || which == PL_Q_OUT_EACH || which == PL_Q_REBUILD_ALL ||
                which == PL_Q_FRESH_AFTER || which == PL_Q_CHANGED_BESIDES;
    if (!s->q[which] &&
        s->db->ops->prepare(s->db, s->db->ops->sql[which], many, &s->q[which], err) < 0)
        return NULL;
    return s->q[which];
}

int pl_store_one(struct pl_dbq *q, int64_t *ret, struct pl_err *err)
{
    int r = pl_dbq_step(q, err);
    if (r == 1)
        *ret = pl_dbq_col_int(q, 0);
    pl_dbq_reset(q);
    return r;
}

int pl_store_do(struct pl_dbq *q, struct pl_err *err)
{
    int r = pl_dbq_step(q, err);
    pl_dbq_reset(q);
    return r < 0 ? r : 0;
}

int pl_store_damaged(const char *table, struct pl_err *err)
{
    return pl_fail(err, PL_E_FORMAT, "the store is damaged: %s", table);
}

static void forget(struct pl_store_seen *x)
{
    pl_map_release(&x->map);
    pl_arena_release(&x->a);
    *x = (struct pl_store_seen){ .a = { 0 } };
}

void pl_store_forget(struct pl_store_db *s)
{
    forget(&s->packages);
    forget(&s->places);
    forget(&s->layers);
    forget(&s->flaws);
    s->flaws_asked = 0;
    s->flaws_all = false;
}

/* ---- transactions ---- */

/* Numbers that were looked up before facts were collected may stand for nothing now. */
static int collected(struct pl_store_db *s, struct pl_err *err)
{
    struct pl_dbq *q = pl_store_q(s, PL_Q_FACTS_AT, err);
    int64_t at = 0;
    int r = q ? pl_store_one(q, &at, err) : err->code;
    if (r >= 0 && at != s->facts_at)
        pl_store_forget(s);
    s->facts_at = at;
    return r < 0 ? r : 0;
}

static int start(struct pl_store *store, enum pl_db_how how, struct pl_err *err)
{
    struct pl_store_db *s = (struct pl_store_db *)store;
    forget(&s->flaws); /* others may have added some */
    s->flaws_asked = 0;
    s->flaws_all = false;
    int r = s->db->ops->begin(s->db, how, err);
    s->open = r == 0;
    if (r == 0 && how == PL_DB_WRITE && (r = collected(s, err)) < 0)
        store->ops->rollback(store);
    return r;
}

static int op_begin(struct pl_store *store, struct pl_err *err)
{
    return start(store, PL_DB_WRITE, err);
}

static int op_look(struct pl_store *store, struct pl_err *err)
{
    return start(store, PL_DB_LOOK, err);
}

static int op_share(struct pl_store *store, struct pl_err *err)
{
    return start(store, PL_DB_SHARE, err);
}

static void op_sleep(struct pl_store *store, int milliseconds)
{
    struct pl_store_db *s = (struct pl_store_db *)store;
    s->db->ops->sleep(s->db, milliseconds);
}

static void op_rollback(struct pl_store *store)
{
    struct pl_store_db *s = (struct pl_store_db *)store;
    if (s->open)
        s->db->ops->rollback(s->db);
    s->open = s->grown = false;
    pl_store_forget(s); /* numbers that were given and are not kept */
}

static int op_commit(struct pl_store *store, struct pl_err *err)
{
    struct pl_store_db *s = (struct pl_store_db *)store;
    int r = s->grown ? pl_store_db_segments(s, SEGMENTS_AT_ONCE, err) : 0;
    if (r == 0)
        r = s->db->ops->commit(s->db, err);
    s->grown = false;
    if (r < 0)
        op_rollback(store);
    s->open = false;
    return r;
}

static void op_close(struct pl_store *store)
{
    struct pl_store_db *s = (struct pl_store_db *)store;
    if (!s)
        return;
    if (s->db)
        op_rollback(store);
    for (size_t i = 0; i < PL_Q_COUNT; i++)
        if (s->q[i])
            s->db->ops->free(s->q[i]);
    if (s->db)
        s->db->ops->close(s->db);
    pl_arena_release(&s->scratch);
    free(s);
}

static int op_counts(struct pl_store *store, struct pl_store_counts *ret, struct pl_err *err)
{
    uint64_t *const to[] = { &ret->images, &ret->packages, &ret->sets,        &ret->layers,
                             &ret->flaws,  &ret->runs,     &ret->max_package, &ret->max_flaw };
    struct pl_dbq *q = pl_store_q((struct pl_store_db *)store, PL_Q_COUNTS, err);
    if (!q)
        return err->code;
    int r = pl_dbq_step(q, err);
    for (int i = 0; i < (int)PL_COUNT(to) && r == 1; i++)
        *to[i] = (uint64_t)pl_dbq_col_int(q, i);
    pl_dbq_reset(q);
    return r < 0 ? r : 0;
}

static const struct pl_store_ops ops = {
    .close = op_close,
    .begin = op_begin,
    .commit = op_commit,
    .rollback = op_rollback,
    .look = op_look,
    .counts = op_counts,
    .put = pl_store_db_put,
    .each_image = pl_store_db_each_image,
    .each_package = pl_store_db_each_package,
    .package = pl_store_db_package,
    .place = pl_store_db_place,
    .layer = pl_store_db_layer,
    .flaw = pl_store_db_flaw,
    .flaw_named = pl_store_db_flaw_named,
    .run = pl_store_db_run,
    .state = pl_store_db_state,
    .states = pl_store_db_states,
    .matched_begin = pl_store_db_matched_begin,
    .matched = pl_store_db_matched,
    .matched_since = pl_store_db_matched_since,
    .matched_keep = pl_store_db_matched_keep,
    .packages_named = pl_store_db_packages_named,
    .images_holding = pl_store_db_images_holding,
    .images_flawed = pl_store_db_images_flawed,
    .images_called = pl_store_db_images_called,
    .images_digest = pl_store_db_images_digest,
    .images_since = pl_store_db_images_since,
    .each_name = pl_store_db_each_name,
    .images = pl_store_db_images,
    .names_of = pl_store_db_names_of,
    .index = pl_store_db_index,
    .flaws_of = pl_store_db_flaws_of,
    .images_of = pl_store_db_images_of,
    .rules_found = pl_store_db_rules_found,
    .found_put = pl_store_db_found_put,
    .found = pl_store_db_found,
    .record = pl_store_db_record,
    .record_put = pl_store_db_record_put,
    .share = op_share,
    .work_add = pl_queue_add,
    .work_claim = pl_queue_claim,
    .work_beat = pl_queue_beat,
    .work_done = pl_queue_done,
    .work_wait = pl_queue_wait,
    .work_fail = pl_queue_fail,
    .work_back = pl_queue_back,
    .work_each = pl_queue_each,
    .work_open = pl_queue_open,
    .work_counts = pl_queue_counts,
    .work_retry = pl_queue_retry,
    .work_drop = pl_queue_drop,
    .work_find = pl_queue_find,
    .host_take = pl_queue_take,
    .host_hold = pl_queue_hold,
    .hosts_held = pl_queue_held,
    .sleep = op_sleep,
    .work_leave = pl_queue_leave,
    .work_aside = pl_queue_aside,
    .work_untold = pl_queue_untold,
    .again = pl_store_db_again,
    .again_told = pl_store_db_again_told,
    .depth = pl_queue_depth,
    .turn = pl_fleet_turn,
    .note = pl_fleet_note,
    .note_put = pl_fleet_note_put,
    .now = pl_fleet_now,
    .stale = pl_fleet_stale,
    .behind = pl_fleet_behind,
    .ref = pl_fleet_ref,
    .ref_put = pl_fleet_ref_put,
    .ref_lost = pl_fleet_ref_lost,
    .ref_of = pl_fleet_ref_of,
    .ref_each = pl_fleet_ref_each,
    .runs_put = pl_fleet_runs_put,
    .runs = pl_fleet_runs,
    .runs_of = pl_fleet_runs_of,
    .run_last = pl_fleet_run_last,
    .changes = pl_fleet_changes,
    .own_findings = pl_fleet_own_findings,
    .rebuild_each = pl_fleet_rebuild_each,
    .rebuild_put = pl_fleet_rebuild_put,
    .rebuild = pl_fleet_rebuild,
    .gc = pl_store_db_gc,
    .out_add = pl_outbox_add,
    .out_claim = pl_outbox_claim,
    .out_told = pl_outbox_told,
    .out_fail = pl_outbox_fail,
    .out_old = pl_outbox_old,
    .out_retry = pl_outbox_retry,
    .out_counts = pl_outbox_counts,
    .out_each = pl_outbox_each,
};

struct pl_store *pl_store_over(struct pl_db *db)
{
    struct pl_store_db *s = calloc(1, sizeof *s);
    if (!s)
        pl_oom();
    s->store.ops = &ops;
    s->db = db;
    return &s->store;
}
