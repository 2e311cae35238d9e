/* Verified evidence by what it depends on: at most so many bytes, the least recently used goes
 * first; several who ask at once wait for one. Verdicts are never kept. gates.md section 5. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <sys/random.h>
#include <time.h>

#include "base/clock.h"
#include "gate/cache_int.h"

#define TTL_GOOD_S 3600
#define TTL_NONE_S 30
#define DEFAULT_BYTES (10u << 20)
#define DEFAULT_DISK_BYTES ((size_t)64 << 20)

/* ---- entries ---- */

struct pl_gate_entry *pl_gate_entry_new(void)
{
    struct pl_gate_entry *x = calloc(1, sizeof *x);
    if (!x)
        pl_oom();
    atomic_init(&x->refs, 1);
    return x;
}

struct pl_gate_entry *pl_gate_entry_ref(struct pl_gate_entry *x)
{
    atomic_fetch_add(&x->refs, 1);
    return x;
}

void pl_gate_entry_unref(struct pl_gate_entry *x)
{
    if (!x || atomic_fetch_sub(&x->refs, 1) != 1)
        return;
    pl_arena_release(&x->a);
    free(atomic_load(&x->text));
    free(x);
}

/* ---- slots ---- */

/* Names are chosen by others: a keyed hash, so that they cannot all be put into one bucket. */
static size_t bucket(const struct pl_gate_cache *c, struct pl_str key)
{
    uint8_t sum[32];
    pl_hmac_sha256(c->salt, sizeof c->salt, key.p, key.n, sum);
    return ((size_t)sum[0] << 8 | sum[1]) % PL_CACHE_BUCKETS;
}

static struct pl_cache_slot *find(struct pl_gate_cache *c, struct pl_str key)
{
    struct pl_cache_slot *s = c->bucket[bucket(c, key)];
    while (s && !pl_str_eq(s->key, key))
        s = s->next;
    return s;
}

static void unlink_age(struct pl_gate_cache *c, struct pl_cache_slot *s)
{
    *(s->newer ? &s->newer->older : &c->newest) = s->older;
    *(s->older ? &s->older->newer : &c->oldest) = s->newer;
    s->newer = s->older = NULL;
}

static void link_newest(struct pl_gate_cache *c, struct pl_cache_slot *s)
{
    s->older = c->newest;
    s->newer = NULL;
    *(c->newest ? &c->newest->newer : &c->oldest) = s;
    c->newest = s;
}

static void weigh(struct pl_gate_cache *c, struct pl_cache_slot *s, size_t bytes)
{
    c->stats.bytes = c->stats.bytes - s->bytes + bytes;
    s->bytes = bytes;
}

static size_t own_bytes(const struct pl_cache_slot *s)
{
    return sizeof *s + s->key.n;
}

void pl_cache_hold(struct pl_gate_cache *c, struct pl_cache_slot *s, struct pl_gate_entry *x)
{
    s->entry = x;
    weigh(c, s, own_bytes(s) + 2 * x->a.total); /* its text may come */
}

static void forget(struct pl_gate_cache *c, struct pl_cache_slot *s)
{
    weigh(c, s, own_bytes(s));
    pl_gate_entry_unref(s->entry);
    s->entry = NULL;
    s->good_s = 0;
}

/* Takes a slot out; nobody waits for it. */
static void drop(struct pl_gate_cache *c, struct pl_cache_slot *s)
{
    struct pl_cache_slot **at = &c->bucket[bucket(c, s->key)];
    while (*at != s)
        at = &(*at)->next;
    *at = s->next;
    unlink_age(c, s);
    forget(c, s);
    weigh(c, s, 0);
    pl_gate_entry_unref(s->last);
    c->stats.entries--;
    free(s);
}

/* Once nobody is at a slot and nobody waits for it, it holds evidence or goes: images that cannot
 * be had may have any number of names. */
static void tidy(struct pl_gate_cache *c, struct pl_cache_slot *s)
{
    if (s->busy || s->waiting)
        return;
    pl_gate_entry_unref(s->last);
    s->last = NULL;
    if (!s->entry)
        drop(c, s);
}

static void shrink(struct pl_gate_cache *c)
{
    struct pl_cache_slot *s = c->oldest;
    while (s && (c->stats.bytes > c->max_bytes || c->stats.entries > PL_CACHE_ENTRIES)) {
        struct pl_cache_slot *newer = s->newer;
        if (!s->busy && !s->waiting)
            drop(c, s);
        s = newer;
    }
}

static struct pl_cache_slot *add(struct pl_gate_cache *c, struct pl_str key)
{
    struct pl_cache_slot *s = calloc(1, sizeof *s + key.n + 1);
    if (!s)
        pl_oom();
    memcpy(s->text, key.p, key.n);
    s->key = pl_str_n(s->text, key.n);
    size_t b = bucket(c, key);
    s->next = c->bucket[b];
    c->bucket[b] = s;
    link_newest(c, s);
    c->stats.entries++;
    weigh(c, s, own_bytes(s));
    return s;
}

/* ---- asking ---- */

static void wait_until(struct pl_gate_cache *c, int64_t deadline_ms)
{
    struct timespec t = { .tv_sec = deadline_ms / 1000, .tv_nsec = deadline_ms % 1000 * 1000000 };
    pthread_cond_timedwait(&c->done, &c->lock, &t);
}

static bool fresh(const struct pl_cache_slot *s, int64_t now_s)
{
    int64_t age = now_s - s->put_s;
    return s->entry && age >= 0 && age < (s->good_s ? TTL_GOOD_S : TTL_NONE_S);
}

/* Somebody is at it: his result, whatever it is. */
static enum pl_cache_found join(struct pl_gate_cache *c, struct pl_cache_slot *s,
                                int64_t deadline_ms, struct pl_gate_entry **ret, struct pl_err *err)
{
    s->waiting++;
    while (s->busy && pl_clock_ms() < deadline_ms)
        wait_until(c, deadline_ms);
    s->waiting--;
    if (s->busy) {
        pl_fail(err, PL_E_NET, "no answer within the time there was");
        return PL_CACHE_FAILED;
    }
    if (s->last) {
        *ret = pl_gate_entry_ref(s->last);
        return PL_CACHE_FRESH;
    }
    *err = s->why;
    return s->why.code == PL_E_CANCEL ? PL_CACHE_NONE : PL_CACHE_FAILED;
}

struct pl_gate_entry *pl_gate_cache_peek(struct pl_gate_cache *c, struct pl_str key, int64_t now_s)
{
    struct pl_gate_entry *x = NULL;
    pthread_mutex_lock(&c->lock);
    struct pl_cache_slot *s = find(c, key);
    if (s && fresh(s, now_s)) {
        unlink_age(c, s);
        link_newest(c, s);
        x = pl_gate_entry_ref(s->entry);
        c->stats.hits++;
    }
    pthread_mutex_unlock(&c->lock);
    return x;
}

static void begin(struct pl_cache_slot *s)
{
    s->busy = true;
    pl_gate_entry_unref(s->last);
    s->last = NULL;
    s->why = (struct pl_err){ 0 };
}

enum pl_cache_found pl_gate_cache_get(struct pl_gate_cache *c, struct pl_str key, int64_t now_s,
                                      int64_t deadline_ms, struct pl_gate_entry **ret,
                                      struct pl_err *err)
{
    enum pl_cache_found found = PL_CACHE_NONE;
    pthread_mutex_lock(&c->lock);
    struct pl_cache_slot *s = find(c, key);
    if (!s) {
        s = add(c, key);
        pl_cache_disk_load(c, s);
    }
    if (fresh(s, now_s)) {
        unlink_age(c, s);
        link_newest(c, s);
        *ret = pl_gate_entry_ref(s->entry);
        c->stats.hits++;
        found = PL_CACHE_FRESH;
    } else if (s->busy) {
        c->stats.shared++;
        found = join(c, s, deadline_ms, ret, err);
        if (found != PL_CACHE_NONE)
            tidy(c, s);
    }
    if (found == PL_CACHE_NONE && s->busy) {
        pl_fail(err, PL_E_NET, "no answer within the time there was");
        found = PL_CACHE_FAILED;
    } else if (found == PL_CACHE_NONE) {
        c->stats.misses++;
        begin(s);
    }
    pthread_mutex_unlock(&c->lock);
    return found;
}

static void end(struct pl_gate_cache *c, struct pl_cache_slot *s, struct pl_gate_entry *last)
{
    s->busy = false;
    if (last && s->waiting)
        s->last = pl_gate_entry_ref(last);
    pthread_cond_broadcast(&c->done);
}

/* The disk is not waited for with the lock held: others ask meanwhile. The slot is busy, so that it
 * stays, and nobody else writes its file. */
static void keep_on_disk(struct pl_gate_cache *c, struct pl_cache_slot *s)
{
    struct pl_cache_file f = { s->key, s->entry, s->put_s, s->good_s };
    struct pl_gate_entry *held = s->entry ? pl_gate_entry_ref(s->entry) : NULL;
    if (c->dir_fd >= 0) {
        pthread_mutex_unlock(&c->lock);
        pl_cache_disk_save(c, &f);
        pthread_mutex_lock(&c->lock);
    }
    pl_gate_entry_unref(held);
}

void pl_gate_cache_put(struct pl_gate_cache *c, struct pl_str key, struct pl_gate_entry *x,
                       bool passes, bool keep, int64_t now_s)
{
    pthread_mutex_lock(&c->lock);
    struct pl_cache_slot *s = find(c, key);
    if (!s)
        pl_bug("gate cache: a slot that was busy is gone");
    if (keep) {
        forget(c, s);
        pl_cache_hold(c, s, pl_gate_entry_ref(x));
        s->put_s = now_s;
        s->good_s = passes ? now_s : 0;
        keep_on_disk(c, s);
    }
    end(c, s, x);
    tidy(c, s);
    shrink(c);
    pthread_mutex_unlock(&c->lock);
}

void pl_gate_cache_fail(struct pl_gate_cache *c, struct pl_str key, const struct pl_err *why,
                        int64_t grace_s, int64_t now_s, struct pl_gate_entry **ret_grace)
{
    *ret_grace = NULL;
    pthread_mutex_lock(&c->lock);
    struct pl_cache_slot *s = find(c, key);
    if (!s)
        pl_bug("gate cache: a slot that was busy is gone");
    int64_t age = now_s - s->good_s;
    if (why->code != PL_E_NET && why->code != PL_E_CANCEL) {
        forget(c, s); /* a registry that answers ends what was known */
        keep_on_disk(c, s);
    } else if (why->code == PL_E_NET && grace_s && s->entry && s->good_s && age >= 0 &&
               age <= grace_s) {
        *ret_grace = pl_gate_entry_ref(s->entry);
    }
    s->why = *why;
    end(c, s, NULL);
    tidy(c, s);
    shrink(c);
    pthread_mutex_unlock(&c->lock);
}

/* ---- the whole ---- */

int pl_gate_cache_new(const char *dir, size_t max_bytes, size_t disk_bytes,
                      struct pl_gate_cache **ret, struct pl_err *err)
{
    struct pl_gate_cache *c = calloc(1, sizeof *c);
    pthread_condattr_t attr;
    if (!c)
        pl_oom();
    atomic_init(&c->refs, 1);
    c->max_bytes = max_bytes ? max_bytes : DEFAULT_BYTES;
    c->disk_max = disk_bytes ? disk_bytes : DEFAULT_DISK_BYTES;
    c->dir_fd = -1;
    if (getrandom(c->salt, sizeof c->salt, 0) != sizeof c->salt)
        pl_bug("no random numbers");
    pthread_mutex_init(&c->lock, NULL);
    pthread_mutex_init(&c->disk_lock, NULL);
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&c->done, &attr);
    pthread_condattr_destroy(&attr);
    int r = dir ? pl_cache_disk_open(c, dir, err) : 0;
    if (r < 0)
        pl_gate_cache_unref(c);
    else
        *ret = c;
    return r;
}

struct pl_gate_cache *pl_gate_cache_ref(struct pl_gate_cache *c)
{
    atomic_fetch_add(&c->refs, 1);
    return c;
}

void pl_gate_cache_unref(struct pl_gate_cache *c)
{
    if (!c || atomic_fetch_sub(&c->refs, 1) != 1)
        return;
    while (c->oldest)
        drop(c, c->oldest);
    if (c->dir_fd >= 0)
        close(c->dir_fd);
    pthread_cond_destroy(&c->done);
    pthread_mutex_destroy(&c->lock);
    pthread_mutex_destroy(&c->disk_lock);
    explicit_bzero(c->key, sizeof c->key);
    free(c);
}

void pl_gate_cache_clear(struct pl_gate_cache *c)
{
    pthread_mutex_lock(&c->lock);
    for (struct pl_cache_slot *s = c->oldest; s; s = s->newer)
        s->put_s = INT64_MIN / 2; /* old; what grace asks for is `good_s` */
    c->cleared++;
    pthread_mutex_unlock(&c->lock);
}

struct pl_gate_cache_stats pl_gate_cache_stats(struct pl_gate_cache *c)
{
    pthread_mutex_lock(&c->lock);
    struct pl_gate_cache_stats s = c->stats;
    pthread_mutex_unlock(&c->lock);
    return s;
}

/* How the keys of all that `g` asks for begin. */
static struct pl_str ground(struct pl_arena *a, const struct pl_gate *g)
{
    return pl_printf(a, "%.*s %.*s %.*s ", PL_FMT(g->policy_hash), PL_FMT(g->trust_hash),
                     PL_FMT(g->db_hash));
}

struct pl_str pl_gate_cache_name(struct pl_arena *a, const struct pl_gate *g, struct pl_str name,
                                 const struct pl_rule_scope *scope, struct pl_str digest,
                                 struct pl_str platform)
{
    return pl_printf(a, "%.*s%u %.*s %.*s %.*s", PL_FMT(ground(a, g)), scope->line, PL_FMT(name),
                     PL_FMT(digest), PL_FMT(platform));
}

void pl_gate_cache_only(struct pl_gate_cache *c, const struct pl_gate *g)
{
    struct pl_arena a = { 0 };
    struct pl_str begin = ground(&a, g);
    pthread_mutex_lock(&c->lock);
    for (struct pl_cache_slot *s = c->oldest, *newer; s; s = newer) {
        newer = s->newer;
        if (!s->busy && !s->waiting && !pl_str_starts(s->key, begin))
            drop(c, s);
    }
    pthread_mutex_unlock(&c->lock);
    pl_arena_release(&a);
}
