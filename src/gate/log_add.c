/* Adding to the decision log: whoever waits for the disk takes along all that came in the meantime,
 * so that many answers cost one wait. gates.md section 4. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/base64.h"
#include "gate/gate_int.h"
#include "gate/log_int.h"

#define QUEUE_KEPT ((size_t)1 << 20) /* a larger one is given back when it was written */

/* Somebody who waits for a line: with `fn` he is told, else he looks at `over`. */
struct pl_log_ticket {
    struct pl_log_ticket *next;
    pl_gate_log_fn *fn;
    void *arg;
    bool over;
    struct pl_err why; /* code 0: it is there */
};

static int append(struct pl_gate_log *l, struct pl_str s, struct pl_err *err)
{
    off_t before = l->size;
    while (s.n) {
        ssize_t n = write(l->fd, s.p, s.n);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0) {
            int e = n ? errno : EIO;
            /* what cannot be taken back stands in the way of every further line */
            l->broken = ftruncate(l->fd, before) < 0;
            l->size = before;
            return pl_fail_errno(err, PL_E_IO, e, "the decision log cannot be written");
        }
        l->size += n;
        s = pl_str_sub(s, (size_t)n, SIZE_MAX);
    }
    return 0;
}

static void sort_in(struct pl_canon_member *m, size_t *n, struct pl_str key, struct pl_str text)
{
    size_t i = *n;
    while (i > 0 && pl_str_cmp(m[i - 1].key, key) > 0) {
        m[i] = m[i - 1];
        i--;
    }
    m[i] = (struct pl_canon_member){ key, text };
    ++*n;
}

/* With the lock held. `m` has room for three more. */
static void queue_line(struct pl_gate_log *l, struct pl_canon_member *m, size_t n,
                       struct pl_arena *a)
{
    char hash[65];
    sort_in(m, &n, PL_S("n"), pl_printf(a, "%llu", (unsigned long long)l->n + 1));
    sort_in(m, &n, PL_S("prev"), pl_printf(a, "\"%s\"", l->prev));
    pl_log_line(m, n, pl_str_n(l->prev, 64), a, &l->queue, hash);
    l->n++;
    memcpy(l->prev, hash, sizeof l->prev);
}

/* A line that signs the one before it. */
static int queue_head(struct pl_gate_log *l, struct pl_err *err)
{
    struct pl_arena a = { 0 };
    pl_auto_buf struct pl_buf sig = { 0 }, text = { 0 };
    struct pl_str head = pl_log_head_text(&a, l->n, pl_str_n(l->prev, 64));
    struct pl_str id = pl_pubkey_id_text(pl_privkey_public(l->key), &a);
    struct pl_canon_member *m = pl_alloc_n(&a, 5, sizeof *m);
    int r = pl_privkey_sign(l->key, head, &sig, err);
    pl_base64_encode(&text, pl_buf_str(&sig), PL_BASE64_STD);
    if (r == 0) {
        m[0] = (struct pl_canon_member){ PL_S("checkpoint"),
                                         pl_printf(&a, "{\"key\":\"%.*s\",\"sig\":\"%.*s\"}",
                                                   PL_FMT(id), PL_FMT(pl_buf_str(&text))) };
        queue_line(l, m, 1, &a);
    }
    l->since = 0;
    pl_arena_release(&a);
    return r;
}

/* ---- a turn ---- */

static int write_out(struct pl_gate_log *l, struct pl_str lines, struct pl_err *err)
{
    if (l->broken)
        return pl_fail(err, PL_E_IO, "the decision log is broken");
    int r = append(l, lines, err);
    if (r == 0 && l->sync && fdatasync(l->fd) < 0) {
        l->broken = true; /* nobody knows what of it is on the disk */
        r = pl_fail_errno(err, PL_E_IO, errno, "the decision log is not on the disk");
    }
    return r;
}

static struct pl_log_ticket *take_tickets(struct pl_gate_log *l)
{
    struct pl_log_ticket *t = l->first;
    l->first = NULL;
    l->last = &l->first;
    return t;
}

/* Nothing behind a line that is not there can stand: all who wait have failed. */
static void go_back(struct pl_gate_log *l)
{
    l->queue.n = 0;
    l->n = l->whole_n;
    memcpy(l->prev, l->whole_prev, sizeof l->prev);
    l->since = 0;
}

/* Tells those of a list; the lock is not held. */
static void tell(struct pl_log_ticket *t)
{
    while (t) {
        struct pl_log_ticket *next = t->next;
        t->fn(t->arg, t->why.code ? &t->why : NULL);
        free(t);
        t = next;
    }
}

/* Those who look are done when the lock is given up; returns those who must be told. */
static struct pl_log_ticket *settle(struct pl_log_ticket *t, const struct pl_err *why)
{
    struct pl_log_ticket *told = NULL, **end = &told;
    while (t) {
        struct pl_log_ticket *next = t->next;
        t->why = *why;
        t->next = NULL;
        if (t->fn) {
            *end = t;
            end = &t->next;
        } else {
            t->over = true;
        }
        t = next;
    }
    return told;
}

/* Writes all that is queued. The lock is held, and given up meanwhile. */
static void take_turn(struct pl_gate_log *l)
{
    struct pl_err err = { 0 };
    struct pl_log_ticket *late = NULL;
    l->turn = true;
    int r = l->key && l->since >= l->every ? queue_head(l, &err) : 0;
    struct pl_log_ticket *mine = take_tickets(l);
    struct pl_buf lines = l->queue;
    uint64_t n = l->n;
    char prev[65];
    memcpy(prev, l->prev, sizeof prev);
    l->queue = (struct pl_buf){ 0 };
    pthread_mutex_unlock(&l->lock);
    if (r == 0)
        r = write_out(l, pl_buf_str(&lines), &err);
    pthread_mutex_lock(&l->lock);
    if (r == 0) {
        l->whole_n = n;
        memcpy(l->whole_prev, prev, sizeof prev);
    } else {
        late = settle(take_tickets(l), &err);
        go_back(l);
    }
    mine = settle(mine, &err);
    if (!l->queue.p && lines.cap <= QUEUE_KEPT) {
        lines.n = 0;
        l->queue = lines;
        lines = (struct pl_buf){ 0 };
    }
    l->turn = false;
    pthread_cond_broadcast(&l->done);
    pthread_mutex_unlock(&l->lock);
    pl_buf_release(&lines);
    tell(mine);
    tell(late);
    pthread_mutex_lock(&l->lock);
}

static void *run(void *arg)
{
    struct pl_gate_log *l = arg;
    pthread_mutex_lock(&l->lock);
    while (l->first || !l->closing) {
        if (l->turn)
            pthread_cond_wait(&l->done, &l->lock);
        else if (l->first)
            take_turn(l);
        else
            pthread_cond_wait(&l->due, &l->lock);
    }
    pthread_mutex_unlock(&l->lock);
    return NULL;
}

/* ---- adding ---- */

/* The lock is held when it returns 0. */
static int queue(struct pl_gate_log *l, const struct pl_gate *g, const struct pl_gate_ask *ask,
                 const struct pl_gate_answer *x, struct pl_log_ticket *t, struct pl_err *err)
{
    struct pl_arena a = { 0 };
    struct pl_canon_member *m = NULL;
    long n = pl_log_members(g, ask, x, &a, &m, err);
    if (n >= 0) {
        pthread_mutex_lock(&l->lock);
        queue_line(l, m, (size_t)n, &a);
        l->since++;
        *l->last = t;
        l->last = &t->next;
    }
    pl_arena_release(&a);
    return n < 0 ? (int)n : 0;
}

int pl_gate_log_add(struct pl_gate_log *l, const struct pl_gate *g, const struct pl_gate_ask *ask,
                    const struct pl_gate_answer *x, struct pl_err *err)
{
    struct pl_log_ticket t = { 0 };
    int r = queue(l, g, ask, x, &t, err);
    if (r < 0)
        return r;
    while (!t.over) {
        if (l->turn)
            pthread_cond_wait(&l->done, &l->lock);
        else
            take_turn(l);
    }
    pthread_mutex_unlock(&l->lock);
    return t.why.code ? pl_fail(err, t.why.code, "%s", t.why.msg) : 0;
}

int pl_gate_log_post(struct pl_gate_log *l, const struct pl_gate *g, const struct pl_gate_ask *ask,
                     const struct pl_gate_answer *x, pl_gate_log_fn *fn, void *arg,
                     struct pl_err *err)
{
    struct pl_log_ticket *t = calloc(1, sizeof *t);
    if (!t)
        pl_oom();
    t->fn = fn;
    t->arg = arg;
    pthread_mutex_lock(&l->lock);
    if (!l->has_thread)
        l->has_thread = pthread_create(&l->thread, NULL, run, l) == 0;
    bool able = l->has_thread;
    pthread_mutex_unlock(&l->lock);
    int r = able ? queue(l, g, ask, x, t, err) : pl_fail(err, PL_E_IO, "no thread for the log");
    if (r < 0) {
        free(t);
        return r;
    }
    pthread_cond_signal(&l->due);
    pthread_mutex_unlock(&l->lock);
    return 0;
}

uint64_t pl_gate_log_lines(struct pl_gate_log *l)
{
    pthread_mutex_lock(&l->lock);
    uint64_t n = l->whole_n;
    pthread_mutex_unlock(&l->lock);
    return n;
}

void pl_gate_log_close(struct pl_gate_log *l)
{
    if (!l)
        return;
    pthread_mutex_lock(&l->lock);
    l->closing = true;
    pthread_cond_signal(&l->due);
    pthread_mutex_unlock(&l->lock);
    if (l->has_thread)
        pthread_join(l->thread, NULL);
    if (l->key && l->since && l->fd >= 0 && queue_head(l, NULL) == 0)
        write_out(l, pl_buf_str(&l->queue), NULL);
    if (l->fd >= 0) {
        fdatasync(l->fd);
        close(l->fd);
    }
    pl_buf_release(&l->queue);
    pl_privkey_free(l->key);
    pthread_cond_destroy(&l->due);
    pthread_cond_destroy(&l->done);
    pthread_mutex_destroy(&l->lock);
    free(l);
}
