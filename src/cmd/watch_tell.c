/* What changed in the store, as events: lines of JSON, gathered into messages that stay in the
 * store until they were taken. fleet.md section 4, "watch". */
/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>

#include "base/cleanup.h"
#include "base/hash.h"
#include "cmd/watch_event.h"

#define PART 2000u               /* changes that are told in one transaction */
#define ASIDE 500u               /* pieces of work, the same */
#define AGAIN 200u               /* inventories that were read, the same */
#define MESSAGE_MAX (256u << 10) /* bytes, unless one event is larger */
#define MESSAGE_EVENTS 100u

struct change {
    int64_t run, at, image;
    bool first;
    uint32_t *more, *less;
    size_t n_more, n_less;
};

struct telling {
    struct pl_watch *w;
    struct pl_store *s;
    struct pl_events e;
    struct pl_arena a;
    PL_VEC(struct change) change;
    PL_VEC(struct pl_store_again) again; /* in `a` */
    size_t n_aside, n_again;
    struct pl_map marks; /* of rebuilds, by number of the inventory */
    bool all_marks;
    struct pl_buf out;
    unsigned events;               /* in `out` */
    uint64_t made[PL_WATCH_KINDS]; /* in this transaction */
    int64_t now;
    const struct change *at;
    const struct pl_store_again *own;
    bool waits;      /* until it was matched */
    bool more_again; /* there are more of those in `again`, to be looked at now */
    struct pl_err *err;
};

/* ---- messages ---- */

static int flush(struct telling *x, struct pl_err *err)
{
    uint8_t sum[PL_SHA256_LEN];
    char key[33];
    int r = 0;
    pl_sha256(x->out.p ? x->out.p : "", x->out.n, sum);
    pl_hex(sum, 16, key);
    for (size_t i = 0; i < x->w->hook.n && r == 0 && x->events; i++) {
        const struct pl_watch_hook *h = &x->w->hook.p[i];
        const struct pl_out o = { .hook = pl_str_c(h->print),
                                  .shown = h->shown,
                                  .key = pl_str_c(key),
                                  .body = pl_buf_str(&x->out) };
        r = x->s->ops->out_add(x->s, &o, err);
    }
    pl_buf_clear(&x->out);
    x->events = 0;
    return r;
}

static int added(struct telling *x, enum pl_watch_kind kind, struct pl_err *err)
{
    x->made[kind]++;
    x->events++;
    return x->events < MESSAGE_EVENTS && x->out.n < MESSAGE_MAX ? 0 : flush(x, err);
}

/* ---- rebuilds ---- */

static int on_mark(void *arg, int64_t image, struct pl_str print)
{
    struct telling *x = arg;
    struct pl_str *kept = PL_NEW(&x->a, struct pl_str);
    *kept = pl_dup(&x->a, print);
    x->marks.a = &x->a;
    *pl_map_put(&x->marks, pl_str_n(&image, sizeof image)) = kept;
    return 0;
}

static int mark_of(struct telling *x, int64_t image, struct pl_str *ret, struct pl_err *err)
{
    const struct pl_str *kept = pl_map_get(&x->marks, pl_str_n(&image, sizeof image));
    *ret = kept ? *kept : PL_S("");
    return x->all_marks || kept ? 0 : x->s->ops->rebuild(x->s, image, &x->a, ret, err);
}

/* Told when what a rebuild would mend is not what was told last. */
static int rebuild(struct telling *x, const struct pl_store_image *i, struct pl_err *err)
{
    struct pl_str before;
    char print[33];
    int r = pl_event_fixes(&x->e, i, print, err);
    if (r == 0)
        r = mark_of(x, i->id, &before, err);
    if (r < 0 || pl_str_is(before, print))
        return r;
    r = x->s->ops->rebuild_put(x->s, i->id, pl_str_c(print), err);
    if (r < 0 || !print[0])
        return r;
    pl_event_rebuild(&x->e, i, print, x->now, &x->out);
    return added(x, PL_WATCH_REBUILD, err);
}

static int on_any(void *arg, const struct pl_store_image *i)
{
    struct telling *x = arg;
    if (*pl_common_cancel())
        return pl_fail(x->err, PL_E_CANCEL, "interrupted");
    pl_events_trim(&x->e);
    pl_watch_tick(x->w);
    return rebuild(x, i, x->err);
}

/* ---- changes ---- */

static uint32_t *kept(struct telling *x, const uint32_t *v, size_t n)
{
    uint32_t *p = pl_alloc_n(&x->a, n + 1, sizeof *p);
    if (n)
        memcpy(p, v, n * sizeof *p);
    return p;
}

static int on_change(void *arg, const struct pl_store_change *c)
{
    struct telling *x = arg;
    struct change k = { .run = c->run,
                        .at = c->at,
                        .image = c->image,
                        .first = c->first,
                        .more = kept(x, c->more, c->n_more),
                        .less = kept(x, c->less, c->n_less),
                        .n_more = c->n_more,
                        .n_less = c->n_less };
    pl_vec_push(&x->change, k);
    return 0;
}

static int by_run(const void *pa, const void *pb)
{
    const struct change *a = pa, *b = pb;
    if (a->run != b->run)
        return a->run < b->run ? -1 : 1;
    return a->image < b->image ? -1 : a->image > b->image;
}

static int on_changed(void *arg, const struct pl_store_image *i)
{
    struct telling *x = arg;
    const struct change *c = x->at;
    int r = 0;
    pl_watch_tick(x->w);
    bool said = false;
    if (c->first) /* all it has by now is told at once */
        r = x->s->ops->again_told(x->s, c->image, x->err);
    if (r == 0 && (c->first || c->n_more)) {
        r = pl_event_new(&x->e, i, c->run, c->at, c->first, c->more, c->n_more, &x->out, &said,
                         x->err);
        if (r == 0 && said)
            r = added(x, PL_WATCH_NEW, x->err);
    }
    if (r == 0 && c->n_less) {
        r = pl_event_gone(&x->e, i, c->run, c->at, c->less, c->n_less, &x->out, x->err);
        if (r == 0)
            r = added(x, PL_WATCH_GONE, x->err);
    }
    return r == 0 ? rebuild(x, i, x->err) : r;
}

/* The changes of whole runs, some at a time: *ret is the last run that was told. */
static int tell_changes(struct telling *x, int64_t after, int64_t last, int64_t *ret,
                        struct pl_err *err)
{
    const struct pl_store_ask how = { .since = INT64_MAX };
    int64_t to = last;
    int r;
    for (;; to = after + (to - after) / 2) { /* few runs where they changed much */
        x->change.n = 0;
        r = x->s->ops->changes(x->s, after, to, on_change, x, err);
        if (r < 0 || x->change.n <= PART || to <= after + 1)
            break;
        pl_arena_reset(&x->a);
    }
    if (x->change.n)
        qsort(x->change.p, x->change.n, sizeof *x->change.p, by_run);
    for (size_t k = 0; k < x->change.n && r == 0; k++) {
        x->at = &x->change.p[k];
        pl_events_trim(&x->e);
        r = x->s->ops->images(x->s, &x->at->image, 1, &how, on_changed, x, err);
    }
    *ret = to;
    return r;
}

static int on_aside(void *arg, const struct pl_work *w)
{
    struct telling *x = arg;
    x->n_aside++;
    pl_event_aside(&x->e, w, x->now, &x->out);
    return added(x, PL_WATCH_ASIDE, x->err);
}

/* ---- readings ---- */

static int on_again(void *arg, const struct pl_store_again *g)
{
    struct telling *x = arg;
    pl_vec_push(&x->again, *g);
    return 0;
}

static int on_read_again(void *arg, const struct pl_store_image *i)
{
    struct telling *x = arg;
    int r = 0;
    x->waits = !i->flaw && pl_events_db(&x->e).n; /* it will be matched, and told as a whole */
    if (x->waits)
        return 0;
    if (x->own->n_more) {
        pl_event_again(&x->e, i, x->own, /* gone= */ false, &x->out);
        r = added(x, PL_WATCH_NEW, x->err);
    }
    if (r == 0 && x->own->n_less) {
        pl_event_again(&x->e, i, x->own, /* gone= */ true, &x->out);
        r = added(x, PL_WATCH_GONE, x->err);
    }
    return r;
}

/* One that is not there any more has nothing to be told. Those that wait hold up nobody: the next
 * look begins after them. */
static int tell_again(struct telling *x, struct pl_err *err)
{
    const struct pl_store_ask how = { .since = INT64_MAX };
    x->again.n = x->n_again = 0;
    int r = x->s->ops->again(x->s, x->w->again_after, AGAIN, &x->a, on_again, x, err);
    for (size_t k = 0; k < x->again.n && r == 0; k++) {
        x->own = &x->again.p[k];
        pl_events_trim(&x->e);
        x->waits = false;
        r = x->s->ops->images(x->s, &x->own->image, 1, &how, on_read_again, x, err);
        if (r == 0 && !x->waits)
            r = x->s->ops->again_told(x->s, x->own->image, err);
        x->n_again += !x->waits;
    }
    bool full = x->again.n == AGAIN;
    x->w->again_after = full ? x->again.p[AGAIN - 1].image : 0;
    x->more_again = full && (x->n_again || x->w->o->once);
    return r;
}

/* ---- one transaction ---- */

static int number(struct telling *x, const char *name, int64_t *ret, bool *ret_there,
                  struct pl_err *err)
{
    struct pl_str text;
    uint64_t v = 0;
    int r = x->s->ops->note(x->s, pl_str_c(name), &x->a, &text, err);
    *ret_there = r == 0 && text.n && pl_str_u64(text, &v) && v < INT64_MAX;
    *ret = (int64_t)v;
    return r;
}

/* What tells this store from others, given once. */
static int named(struct telling *x, struct pl_err *err)
{
    uint8_t random[16];
    char text[33];
    int r = x->s->ops->note(x->s, PL_S("name"), &x->e.a, &x->e.store, err);
    if (r < 0 || x->e.store.n)
        return r;
    if (getrandom(random, sizeof random, 0) != (ssize_t)sizeof random)
        return pl_fail_errno(err, PL_E_IO, errno, "no random numbers");
    pl_hex(random, sizeof random, text);
    x->e.store = pl_dup(&x->e.a, pl_str_c(text));
    return x->s->ops->note_put(x->s, PL_S("name"), x->e.store, err);
}

/* All that a new database lets a rebuild mend, once. */
static int tell_rebuilds(struct telling *x, struct pl_err *err)
{
    struct pl_str db = pl_events_db(&x->e), before;
    int r = x->s->ops->note(x->s, PL_S("rebuilds told"), &x->a, &before, err);
    if (r < 0 || !db.n || pl_str_eq(db, before))
        return r;
    r = x->s->ops->rebuild_each(x->s, on_mark, x, err);
    x->all_marks = r == 0;
    if (r == 0)
        r = pl_event_each_rebuild(&x->e, on_any, x, err);
    return r == 0 ? x->s->ops->note_put(x->s, PL_S("rebuilds told"), db, err) : r;
}

static int tell(struct telling *x, bool matched, bool *ret_more, struct pl_err *err)
{
    const struct pl_store_ops *ops = x->s->ops;
    int64_t after, last = 0;
    bool there;
    int r = number(x, "told", &after, &there, err);
    if (r == 0)
        r = named(x, err);
    if (r == 0)
        r = ops->now(x->s, &x->now, err);
    if (r == 0)
        r = ops->run_last(x->s, &last, err);
    if (r == 0 && !there && last && !x->w->o->quiet)
        fputs("note: what was stored before is not told\n", stderr);
    if (!there)
        after = last;
    int64_t to = last;
    if (r == 0 && after < last)
        r = tell_changes(x, after, last, &to, err);
    if (r == 0 && matched && to == last && there)
        r = tell_rebuilds(x, err);
    x->n_aside = 0;
    x->more_again = false;
    if (r == 0 && to == last)
        r = tell_again(x, err);
    if (r == 0)
        r = ops->work_aside(x->s, ASIDE, on_aside, x, err);
    if (r == 0)
        r = flush(x, err);
    if (r == 0 && (to != after || !there))
        r = ops->note_put(x->s, PL_S("told"), pl_printf(&x->a, "%" PRId64, to), err);
    *ret_more = r == 0 && (to < last || x->n_aside == ASIDE || x->more_again);
    return r;
}

/* Is there anything to be told? Asked without a transaction, which would hold up writers. */
static int anything(struct telling *x, bool *ret, bool *ret_matched, struct pl_err *err)
{
    const struct pl_store_ops *ops = x->s->ops;
    struct pl_str rematch, rebuilds, db = pl_events_db(&x->e);
    int64_t after, last = 0;
    bool there, aside = false;
    int r = number(x, "told", &after, &there, err);
    if (r == 0)
        r = ops->run_last(x->s, &last, err);
    if (r == 0)
        r = ops->work_untold(x->s, &aside, err);
    x->again.n = 0;
    if (r == 0)
        r = ops->again(x->s, /* after= */ 0, 1, &x->a, on_again, x, err);
    if (r == 0)
        r = ops->note(x->s, PL_S("rematch"), &x->a, &rematch, err);
    if (r == 0)
        r = ops->note(x->s, PL_S("rebuilds told"), &x->a, &rebuilds, err);
    /* only when all was matched with our database */
    *ret_matched = r == 0 && db.n && pl_str_find(rematch, db, 0) != SIZE_MAX;
    *ret = r == 0 && (!there || after < last || aside || x->again.n ||
                      (*ret_matched && !pl_str_eq(db, rebuilds)));
    return r;
}

int pl_watch_tell(struct pl_watch *w, struct pl_err *err)
{
    struct telling x = { .w = w, .err = err };
    bool more = false, matched = false;
    int r = pl_watch_store(w, err);
    if (r < 0)
        return r;
    x.s = w->s;
    r = pl_events_begin(&x.e, w, err);
    if (r == 0)
        r = anything(&x, &more, &matched, err);
    while (r == 0 && more && !*pl_common_cancel()) {
        memset(x.made, 0, sizeof x.made);
        r = w->s->ops->begin(w->s, err);
        if (r == 0)
            r = tell(&x, matched, &more, err);
        if (r == 0)
            r = w->s->ops->commit(w->s, err);
        if (r < 0)
            w->s->ops->rollback(w->s);
        for (size_t i = 0; i < PL_WATCH_KINDS && r == 0; i++)
            atomic_fetch_add(&w->stats->events[i], x.made[i]);
        x.change.n = 0;
    }
    pl_events_end(&x.e);
    pl_vec_release(&x.change);
    pl_vec_release(&x.again);
    pl_map_release(&x.marks);
    pl_buf_release(&x.out);
    pl_arena_release(&x.a);
    return r;
}
