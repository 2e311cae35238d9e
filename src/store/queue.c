/* The queue: work claimed under a lease, done once, set aside when it keeps failing; layers that
 * many images wait for; hosts that want to be asked slowly. fleet.md section 3. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <time.h>

#include "base/cleanup.h"
#include "store/store_int.h"

/* Runs `which` for one number; *ret_id and *ret_state of its row, when there is one. */
static int one(struct pl_store_db *s, enum pl_store_q which, int64_t id, struct pl_err *err)
{
    struct pl_dbq *q = pl_store_q(s, which, err);
    if (!q)
        return err->code;
    pl_dbq_int(q, 1, id);
    return pl_store_do(q, err);
}

static void read_work(struct pl_dbq *q, struct pl_work *w)
{
    int64_t kind = pl_dbq_col_int(q, 1), state = pl_dbq_col_int(q, 2);
    *w = (struct pl_work){
        .id = pl_dbq_col_int(q, 0),
        .kind = kind >= 0 && kind < PL_WORK_KINDS ? (enum pl_work_kind)kind : PL_WORK_IMAGE,
        .state = state >= 0 && state < PL_WORK_STATES ? (enum pl_work_state)state : PL_WORK_ASIDE,
        .target = pl_dbq_col(q, 3),
        .digest = pl_dbq_col(q, 4),
        .host = pl_dbq_col(q, 5),
        .error = pl_dbq_col(q, 6),
        .priority = pl_dbq_col_int(q, 7),
        .tries = pl_dbq_col_int(q, 8),
        .fails = pl_dbq_col_int(q, 9),
        .ready_at = pl_dbq_col_int(q, 10)
    };
}

static int each_work(struct pl_dbq *q, int (*fn)(void *arg, const struct pl_work *w), void *arg,
                     struct pl_err *err)
{
    struct pl_work w;
    int r;
    while ((r = pl_dbq_step(q, err)) == 1) {
        read_work(q, &w);
        r = fn(arg, &w);
        if (r)
            break;
    }
    pl_dbq_reset(q);
    return r;
}

/* A transaction that is shared with other writers around one operation. */
static int ended(struct pl_store *store, int r, struct pl_err *err)
{
    if (r == 0)
        return store->ops->commit(store, err);
    store->ops->rollback(store);
    return r;
}

/* ---- adding ---- */

struct adding {
    const struct pl_work_new *const *w;
    int64_t *id, *state, waiter;
    const struct pl_work_new *first; /* as they were given */
    int64_t *turn;                   /* of each as it was given */
    size_t *todo;
};

static int by_key(const void *pa, const void *pb)
{
    const struct pl_work_new *a = *(const struct pl_work_new *const *)pa,
                             *b = *(const struct pl_work_new *const *)pb;
    return memcmp(a->key, b->key, PL_WORK_KEY);
}

static int64_t turn_of(const struct adding *x, size_t i)
{
    return x->turn[x->w[i] - x->first];
}

static void bind_new(void *arg, struct pl_dbq *q, size_t i)
{
    const struct pl_work_new *w = ((struct adding *)arg)->w[i];
    pl_dbq_blob(q, 1, pl_str_n(w->key, PL_WORK_KEY));
    pl_dbq_int(q, 2, w->kind);
    pl_dbq_text(q, 3, w->target);
    pl_dbq_text(q, 4, w->digest);
    pl_dbq_text(q, 5, w->host);
    pl_dbq_int(q, 6, w->priority);
    pl_dbq_int(q, 7, turn_of(arg, i));
}

static int on_new(void *arg, struct pl_dbq *q, size_t i, bool there)
{
    struct adding *x = arg;
    x->id[i] = there ? pl_dbq_col_int(q, 0) : 0;
    x->state[i] = there ? pl_dbq_col_int(q, 1) : PL_WORK_DONE;
    return 0;
}

static void bind_key(void *arg, struct pl_dbq *q, size_t i)
{
    struct adding *x = arg;
    pl_dbq_blob(q, 1, pl_str_n(x->w[x->todo[i]]->key, PL_WORK_KEY));
}

/* Done, and its record is there. */
static int on_record(void *arg, struct pl_dbq *q, size_t i, bool there)
{
    struct adding *x = arg;
    (void)q;
    if (!there)
        x->state[x->todo[i]] = PL_WORK_READY;
    return 0;
}

static void bind_id(void *arg, struct pl_dbq *q, size_t i)
{
    struct adding *x = arg;
    pl_dbq_int(q, 1, x->id[x->todo[i]]);
}

static void bind_again(void *arg, struct pl_dbq *q, size_t i)
{
    bind_id(arg, q, i);
    pl_dbq_int(q, 2, turn_of(arg, ((struct adding *)arg)->todo[i]));
}

static void bind_wait(void *arg, struct pl_dbq *q, size_t i)
{
    bind_id(arg, q, i);
    pl_dbq_int(q, 2, ((struct adding *)arg)->waiter);
}

static int many(struct pl_store_db *s, enum pl_store_q which, size_t n,
                void (*bind)(void *arg, struct pl_dbq *q, size_t i),
                int (*row)(void *arg, struct pl_dbq *q, size_t i, bool there), struct adding *x,
                struct pl_err *err)
{
    struct pl_dbq *q = n ? pl_store_q(s, which, err) : NULL;
    if (!q)
        return n ? err->code : 0;
    return s->db->ops->each(q, n, bind, row, x, err);
}

/* ---- turns: those who share a priority come one after the other, whoever queued more ---- */

static int by_share(const void *pa, const void *pb)
{
    const struct pl_work_new *a = *(const struct pl_work_new *const *)pa,
                             *b = *(const struct pl_work_new *const *)pb;
    int order = pl_str_cmp(a->share, b->share);
    return order ? order : a < b ? -1 : a > b;
}

/* `n` turns of `share`, none before `floor`: *ret is the last. */
static int take_turns(struct pl_store_db *s, struct pl_str share, int64_t n, int64_t floor,
                      int64_t *ret, struct pl_err *err)
{
    struct pl_dbq *q = pl_store_q(s, PL_Q_SHARE_MAKE, err);
    if (!q)
        return err->code;
    pl_dbq_text(q, 1, share);
    int r = pl_store_do(q, err);
    if (r < 0 || !(q = pl_store_q(s, PL_Q_SHARE_TAKE, err)))
        return err->code;
    pl_dbq_text(q, 1, share);
    pl_dbq_int(q, 2, n);
    pl_dbq_int(q, 3, floor);
    r = pl_store_one(q, ret, err);
    return r < 0 ? r : 0;
}

/* Turns of what is added, in the order in which it was given; rows of shares are taken in their
 * order, so that two that add do not wait for each other. */
static int give_turns(struct pl_store_db *s, const struct pl_work_new *w, size_t n,
                      struct adding *x, struct pl_err *err)
{
    const struct pl_work_new **by = pl_alloc_n(&s->scratch, n + 1, sizeof *by);
    int64_t floor = 0, last = 0;
    struct pl_dbq *q = pl_store_q(s, PL_Q_SHARE_FLOOR, err);
    int r = q ? pl_store_one(q, &floor, err) : err->code;
    for (size_t i = 0; i < n; i++)
        by[i] = &w[i];
    if (n)
        qsort(by, n, sizeof *by, by_share);
    for (size_t i = 0, k; i < n && r >= 0; i = k) {
        for (k = i + 1; k < n && pl_str_eq(by[k]->share, by[i]->share);)
            k++;
        r = take_turns(s, by[i]->share, (int64_t)(k - i), floor, &last, err);
        for (size_t m = i; m < k; m++)
            x->turn[by[m] - w] = last - (int64_t)(k - 1 - m);
    }
    return r < 0 ? r : 0;
}

/* Layers take the turn of the image that waits for them. */
static int same_turn(struct pl_store_db *s, size_t n, struct adding *x, struct pl_err *err)
{
    int64_t turn = 0;
    struct pl_dbq *q = pl_store_q(s, PL_Q_JOB_TURN, err);
    if (!q)
        return err->code;
    pl_dbq_int(q, 1, x->waiter);
    int r = pl_store_one(q, &turn, err);
    for (size_t i = 0; i < n; i++)
        x->turn[i] = turn;
    return r < 0 ? r : 0;
}

/* Adds the work by rising key, so that two that add the same do not wait for each other. */
static int add(struct pl_store_db *s, const struct pl_work_new *w, size_t n, struct adding *x,
               struct pl_err *err)
{
    const struct pl_work_new **sorted = pl_alloc_n(&s->scratch, n + 1, sizeof *sorted);
    x->w = sorted;
    x->id = pl_alloc_n(&s->scratch, n + 1, sizeof *x->id);
    x->state = pl_alloc_n(&s->scratch, n + 1, sizeof *x->state);
    x->todo = pl_alloc_n(&s->scratch, n + 1, sizeof *x->todo);
    x->turn = pl_alloc_n(&s->scratch, n + 1, sizeof *x->turn);
    x->first = w;
    int r = x->waiter ? same_turn(s, n, x, err) : give_turns(s, w, n, x, err);
    if (r < 0)
        return r;
    for (size_t i = 0; i < n; i++)
        sorted[i] = &w[i];
    if (n)
        qsort(sorted, n, sizeof *sorted, by_key);
    return many(s, PL_Q_WORK_ADD, n, bind_new, on_new, x, err);
}

static size_t in_state(struct adding *x, size_t n, int64_t state)
{
    size_t k = 0;
    for (size_t i = 0; i < n; i++)
        if (x->state[i] == state)
            x->todo[k++] = i;
    return k;
}

int pl_queue_add(struct pl_store *store, const struct pl_work_new *w, size_t n, struct pl_err *err)
{
    struct pl_store_db *s = (struct pl_store_db *)store;
    struct adding x = { .waiter = 0 };
    bool own = !s->open;
    pl_arena_reset(&s->scratch);
    int r = own ? store->ops->share(store, err) : 0;
    if (r < 0)
        return r;
    r = add(s, w, n, &x, err);
    if (r == 0)
        r = many(s, PL_Q_WORK_AGAIN, in_state(&x, n, PL_WORK_DONE), bind_again, NULL, &x, err);
    if (r == 0)
        r = s->db->ops->wake(s->db, err);
    return own ? ended(store, r, err) : r;
}

/* ---- waiting for layers ---- */

static int wait_for(struct pl_store_db *s, int64_t id, struct pl_str worker,
                    const struct pl_work_new *layer, size_t n, int64_t *ret_waits,
                    struct pl_err *err)
{
    struct adding x = { .waiter = id };
    int64_t held;
    int r = one(s, PL_Q_WAIT_FORGET, id, err);
    if (r == 0)
        r = add(s, layer, n, &x, err);
    /* those that are done by now have their record, unless it was collected */
    size_t done = in_state(&x, n, PL_WORK_DONE);
    if (r == 0)
        r = many(s, PL_Q_RECORD_HAS, done, bind_key, on_record, &x, err);
    size_t lacking = 0;
    for (size_t i = 0; i < done; i++)
        if (x.state[x.todo[i]] == PL_WORK_READY)
            x.todo[lacking++] = x.todo[i];
    if (r == 0)
        r = many(s, PL_Q_WORK_AGAIN, lacking, bind_again, NULL, &x, err);
    size_t waits = 0;
    for (size_t i = 0; i < n; i++)
        if (x.state[i] == PL_WORK_READY || x.state[i] == PL_WORK_LEASED)
            x.todo[waits++] = i;
    if (r == 0)
        r = many(s, PL_Q_WAIT_ADD, waits, bind_wait, NULL, &x, err);
    struct pl_dbq *q = r == 0 ? pl_store_q(s, PL_Q_WORK_WAITS, err) : NULL;
    if (!q)
        return err->code;
    pl_dbq_int(q, 1, id);
    pl_dbq_int(q, 2, (int64_t)waits);
    pl_dbq_text(q, 3, worker);
    r = pl_store_one(q, &held, err);
    *ret_waits = (int64_t)waits;
    return r == 1 ? s->db->ops->wake(s->db, err) : r < 0 ? r : 1;
}

int pl_queue_wait(struct pl_store *store, int64_t id, struct pl_str worker,
                  const struct pl_work_new *layer, size_t n, int64_t *ret_waits, struct pl_err *err)
{
    struct pl_store_db *s = (struct pl_store_db *)store;
    pl_arena_reset(&s->scratch);
    int r = store->ops->share(store, err);
    if (r < 0)
        return r;
    r = wait_for(s, id, worker, layer, n, ret_waits, err);
    if (r == 1) { /* the lease was lost: others go on with it */
        store->ops->rollback(store);
        *ret_waits = -1;
        return 0;
    }
    return ended(store, r, err);
}

/* Nobody waits for it any more. Who has nothing to do is called only when that made work. */
static int release(struct pl_store_db *s, int64_t id, struct pl_err *err)
{
    struct pl_dbq *q = pl_store_q(s, PL_Q_WAIT_OVER, err);
    bool ready = false;
    int r;
    if (!q)
        return err->code;
    pl_dbq_int(q, 1, id);
    while ((r = pl_dbq_step(q, err)) == 1)
        ready |= pl_dbq_col_int(q, 0) == PL_WORK_READY;
    pl_dbq_reset(q);
    if (r == 0)
        r = one(s, PL_Q_WAIT_DROP, id, err);
    return r == 0 && ready ? s->db->ops->wake(s->db, err) : r;
}

/* ---- claiming ---- */

/* What workers that are gone had, back to the others; looked for once a second. */
static int sweep(struct pl_store *store, struct pl_err *err)
{
    struct pl_store_db *s = (struct pl_store_db *)store;
    struct pl_dbq *q;
    PL_AUTO(struct pl_buf, aside, pl_buf_release) = { 0 };
    int64_t now = (int64_t)time(NULL);
    int r = now == s->swept ? 1 : store->ops->share(store, err);
    if (r)
        return r < 0 ? r : 0;
    s->swept = now;
    q = pl_store_q(s, PL_Q_WORK_LOST, err);
    if (q) {
        pl_dbq_text(q, 1, PL_S("workers were lost over it, again and again"));
        while ((r = pl_dbq_step(q, err)) == 1) {
            int64_t id = pl_dbq_col_int(q, 0);
            if (pl_dbq_col_int(q, 1) == PL_WORK_ASIDE)
                pl_buf_putn(&aside, &id, sizeof id);
        }
        pl_dbq_reset(q);
    }
    if (!q)
        r = err->code;
    for (size_t i = 0; r == 0 && i + sizeof(int64_t) <= aside.n; i += sizeof(int64_t)) {
        int64_t id;
        memcpy(&id, aside.p + i, sizeof id);
        r = release(s, id, err);
    }
    return ended(store, r, err);
}

int pl_queue_claim(struct pl_store *store, struct pl_str worker, int64_t lease,
                   enum pl_work_kind from, enum pl_work_kind to, size_t n,
                   int (*fn)(void *arg, const struct pl_work *w), void *arg, struct pl_err *err)
{
    struct pl_store_db *s = (struct pl_store_db *)store;
    int r = sweep(store, err);
    struct pl_dbq *q = r == 0 ? pl_store_q(s, PL_Q_WORK_CLAIM, err) : NULL;
    if (!q)
        return err->code;
    pl_dbq_text(q, 1, worker);
    pl_dbq_int(q, 2, lease);
    pl_dbq_int(q, 3, (int64_t)n);
    pl_dbq_int(q, 4, from);
    pl_dbq_int(q, 5, to);
    return each_work(q, fn, arg, err);
}

int pl_queue_beat(struct pl_store *store, struct pl_str worker, int64_t lease, struct pl_err *err)
{
    struct pl_dbq *q = pl_store_q((struct pl_store_db *)store, PL_Q_WORK_BEAT, err);
    if (!q)
        return err->code;
    pl_dbq_text(q, 1, worker);
    pl_dbq_int(q, 2, lease);
    return pl_store_do(q, err);
}

int pl_queue_leave(struct pl_store *store, struct pl_str worker, struct pl_err *err)
{
    struct pl_dbq *q = pl_store_q((struct pl_store_db *)store, PL_Q_JOB_LEAVE, err);
    if (!q)
        return err->code;
    pl_dbq_text(q, 1, worker);
    return pl_store_do(q, err);
}

/* ---- ending ---- */

int pl_queue_done(struct pl_store *store, int64_t id, struct pl_str worker, bool *ret_held,
                  struct pl_err *err)
{
    struct pl_store_db *s = (struct pl_store_db *)store;
    struct pl_dbq *q = pl_store_q(s, PL_Q_WORK_DONE, err);
    int64_t kind;
    if (!q)
        return err->code;
    pl_dbq_int(q, 1, id);
    pl_dbq_text(q, 2, worker);
    int r = pl_store_one(q, &kind, err);
    *ret_held = r == 1;
    if (r < 0)
        return r;
    return *ret_held && kind == PL_WORK_LAYER ? release(s, id, err) : 0;
}

int pl_queue_fail(struct pl_store *store, int64_t id, struct pl_str worker, struct pl_str error,
                  int64_t delay, struct pl_err *err)
{
    struct pl_store_db *s = (struct pl_store_db *)store;
    int64_t state = PL_WORK_READY;
    int r = store->ops->share(store, err);
    if (r < 0)
        return r;
    struct pl_dbq *q = pl_store_q(s, PL_Q_WORK_FAIL, err);
    if (q) {
        pl_dbq_int(q, 1, id);
        pl_dbq_text(q, 2, worker);
        pl_dbq_text(q, 3, error);
        pl_dbq_int(q, 4, delay);
        r = pl_store_one(q, &state, err);
    }
    if (!q)
        r = err->code;
    if (r == 1)
        r = state == PL_WORK_ASIDE ? release(s, id, err) : 0;
    return ended(store, r, err);
}

int pl_queue_back(struct pl_store *store, int64_t id, struct pl_str worker, int64_t delay,
                  struct pl_err *err)
{
    struct pl_dbq *q = pl_store_q((struct pl_store_db *)store, PL_Q_WORK_BACK, err);
    if (!q)
        return err->code;
    pl_dbq_int(q, 1, id);
    pl_dbq_text(q, 2, worker);
    pl_dbq_int(q, 3, delay);
    return pl_store_do(q, err);
}

/* ---- looking, mending ---- */

int pl_queue_each(struct pl_store *store, enum pl_work_state state,
                  int (*fn)(void *arg, const struct pl_work *w), void *arg, struct pl_err *err)
{
    struct pl_dbq *q = pl_store_q((struct pl_store_db *)store, PL_Q_WORK_EACH, err);
    if (!q)
        return err->code;
    pl_dbq_int(q, 1, state);
    return each_work(q, fn, arg, err);
}

int pl_queue_aside(struct pl_store *store, size_t most,
                   int (*fn)(void *arg, const struct pl_work *w), void *arg, struct pl_err *err)
{
    struct pl_dbq *q = pl_store_q((struct pl_store_db *)store, PL_Q_JOB_ASIDE, err);
    if (!q)
        return err->code;
    pl_dbq_int(q, 1, (int64_t)most);
    return each_work(q, fn, arg, err);
}

int pl_queue_untold(struct pl_store *store, bool *ret, struct pl_err *err)
{
    struct pl_dbq *q = pl_store_q((struct pl_store_db *)store, PL_Q_JOB_UNTOLD, err);
    int64_t id;
    int r = q ? pl_store_one(q, &id, err) : err->code;
    *ret = r == 1;
    return r < 0 ? r : 0;
}

int pl_queue_depth(struct pl_store *store, int64_t most, int64_t *ret, struct pl_err *err)
{
    struct pl_dbq *q = pl_store_q((struct pl_store_db *)store, PL_Q_JOB_DEPTH, err);
    if (!q)
        return err->code;
    pl_dbq_int(q, 1, most);
    int r = pl_store_one(q, ret, err);
    return r < 0 ? r : 0;
}

static int count_states(struct pl_store *store, enum pl_store_q which, uint64_t ret[PL_WORK_STATES],
                        struct pl_err *err)
{
    struct pl_dbq *q = pl_store_q((struct pl_store_db *)store, which, err);
    int r;
    if (!q)
        return err->code;
    memset(ret, 0, PL_WORK_STATES * sizeof *ret);
    while ((r = pl_dbq_step(q, err)) == 1) {
        int64_t state = pl_dbq_col_int(q, 0);
        if (state >= 0 && state < PL_WORK_STATES)
            ret[state] = (uint64_t)pl_dbq_col_int(q, 1);
    }
    pl_dbq_reset(q);
    return r;
}

int pl_queue_counts(struct pl_store *store, uint64_t ret[PL_WORK_STATES], struct pl_err *err)
{
    return count_states(store, PL_Q_WORK_COUNTS, ret, err);
}

int pl_queue_open(struct pl_store *store, uint64_t ret[PL_WORK_STATES], struct pl_err *err)
{
    return count_states(store, PL_Q_WORK_OPEN, ret, err);
}

/* Runs `which` for `id` and counts its rows; `over`: nobody waits for them any more. */
static int mend(struct pl_store *store, enum pl_store_q which, int64_t id, bool over,
                uint64_t *ret_n, struct pl_err *err)
{
    struct pl_store_db *s = (struct pl_store_db *)store;
    PL_AUTO(struct pl_buf, ids, pl_buf_release) = { 0 };
    int r = store->ops->share(store, err);
    if (r < 0)
        return r;
    struct pl_dbq *q = pl_store_q(s, which, err);
    *ret_n = 0;
    if (q) {
        pl_dbq_int(q, 1, id);
        while ((r = pl_dbq_step(q, err)) == 1) {
            int64_t one_id = pl_dbq_col_int(q, 0);
            pl_buf_putn(&ids, &one_id, sizeof one_id);
            ++*ret_n;
        }
        pl_dbq_reset(q);
    }
    if (!q)
        r = err->code;
    for (size_t i = 0; over && r == 0 && i + sizeof(int64_t) <= ids.n; i += sizeof(int64_t)) {
        int64_t one_id;
        memcpy(&one_id, ids.p + i, sizeof one_id);
        r = release(s, one_id, err);
        if (r == 0)
            r = one(s, PL_Q_WAIT_FORGET, one_id, err);
    }
    if (r == 0)
        r = s->db->ops->wake(s->db, err);
    return ended(store, r, err);
}

int pl_queue_retry(struct pl_store *store, int64_t id, uint64_t *ret_n, struct pl_err *err)
{
    return mend(store, PL_Q_WORK_RETRY, id, /* over= */ false, ret_n, err);
}

int pl_queue_drop(struct pl_store *store, int64_t id, uint64_t *ret_n, struct pl_err *err)
{
    return mend(store, PL_Q_WORK_DROP, id, /* over= */ true, ret_n, err);
}

int pl_queue_find(struct pl_store *store, const uint8_t *key, struct pl_arena *a,
                  struct pl_work *ret, bool *ret_there, struct pl_err *err)
{
    struct pl_dbq *q = pl_store_q((struct pl_store_db *)store, PL_Q_WORK_FIND, err);
    if (!q)
        return err->code;
    pl_dbq_blob(q, 1, pl_str_n(key, PL_WORK_KEY));
    int r = pl_dbq_step(q, err);
    *ret_there = r == 1;
    if (r == 1) {
        read_work(q, ret);
        ret->target = pl_dup(a, ret->target);
        ret->digest = pl_dup(a, ret->digest);
        ret->host = pl_dup(a, ret->host);
        ret->error = pl_dup(a, ret->error);
    }
    pl_dbq_reset(q);
    return r < 0 ? r : 0;
}

/* ---- politeness ---- */

static int make_host(struct pl_store_db *s, struct pl_str host, int64_t tokens, struct pl_err *err)
{
    struct pl_dbq *q = pl_store_q(s, PL_Q_HOST_MAKE, err);
    if (!q)
        return err->code;
    pl_dbq_text(q, 1, host);
    pl_dbq_int(q, 2, tokens);
    return pl_store_do(q, err);
}

int pl_queue_take(struct pl_store *store, struct pl_str host, int64_t rate, int64_t burst,
                  bool *ret_got, struct pl_err *err)
{
    struct pl_store_db *s = (struct pl_store_db *)store;
    int64_t left;
    int r = make_host(s, host, burst, err);
    struct pl_dbq *q = r == 0 ? pl_store_q(s, PL_Q_HOST_TAKE, err) : NULL;
    if (!q)
        return err->code;
    pl_dbq_text(q, 1, host);
    pl_dbq_int(q, 2, rate);
    pl_dbq_int(q, 3, burst);
    r = pl_store_one(q, &left, err);
    *ret_got = r == 1;
    return r < 0 ? r : 0;
}

int pl_queue_hold(struct pl_store *store, struct pl_str host, int64_t seconds, struct pl_err *err)
{
    struct pl_store_db *s = (struct pl_store_db *)store;
    int r = make_host(s, host, 0, err);
    struct pl_dbq *q = r == 0 ? pl_store_q(s, PL_Q_HOST_HOLD, err) : NULL;
    if (!q)
        return err->code;
    pl_dbq_text(q, 1, host);
    pl_dbq_int(q, 2, seconds);
    return pl_store_do(q, err);
}

int pl_queue_held(struct pl_store *store, int (*fn)(void *arg, struct pl_str host, int64_t seconds),
                  void *arg, struct pl_err *err)
{
    struct pl_dbq *q = pl_store_q((struct pl_store_db *)store, PL_Q_HOST_HELD, err);
    int r;
    if (!q)
        return err->code;
    while ((r = pl_dbq_step(q, err)) == 1) {
        r = fn(arg, pl_dbq_col(q, 0), pl_dbq_col_int(q, 1));
        if (r)
            break;
    }
    pl_dbq_reset(q);
    return r;
}
