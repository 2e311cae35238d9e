/* Inventories against a new advisory database: work that one watcher does for all. fleet.md
 * section 3, "rematch". */
/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "cmd/db_opt.h"
#include "cmd/fleet_opt.h"
#include "cmd/watch.h"
#include "vuln/db.h"

#define LATER_S 60

struct matching {
    struct pl_watch *w;
    struct pl_arena a;
    struct pl_str built, digest; /* of our database */
    int64_t id;
    struct pl_str target; /* of the work that was claimed */
    bool claimed;
};

static int read_db(struct matching *x, bool *ret_there)
{
    struct pl_advdb *db = NULL;
    struct pl_err none = { 0 };
    *ret_there = pl_advdb_open(pl_db_dir(x->w->o->vuln.db, false, &x->a), &db, &none) == 0;
    if (*ret_there) {
        x->built = pl_dup(&x->a, pl_advdb_info(db)->built);
        x->digest = pl_dup(&x->a, pl_advdb_info(db)->digest);
    } else if (!x->w->told_no_db) {
        fprintf(stderr, "note: nothing is matched: %s\n", none.msg);
        x->w->told_no_db = true;
    }
    pl_advdb_close(db);
    return 0;
}

/* "BUILT DIGEST TIME" of the last run. */
static bool last(struct pl_str text, struct pl_str *built, struct pl_str *digest, int64_t *at)
{
    uint64_t v = 0;
    bool all = pl_str_split(&text, ' ', built) && pl_str_split(&text, ' ', digest) &&
               pl_str_u64(text, &v) && v < INT64_MAX;
    *at = (int64_t)v;
    return all;
}

/* Is there something to be matched, and with a database that is not older than the last one? */
static int wanted(struct matching *x, bool *ret, struct pl_err *err)
{
    const struct pl_store_ops *ops = x->w->s->ops;
    struct pl_str text, built, digest;
    int64_t at, behind = 0;
    int r = ops->note(x->w->s, PL_S("rematch"), &x->a, &text, err);
    *ret = r == 0;
    if (r < 0 || !last(text, &built, &digest, &at))
        return r;
    if (!pl_str_eq(digest, x->digest)) {
        *ret = pl_str_cmp(x->built, built) >= 0;
        return 0;
    }
    *ret = false;
    r = ops->behind(x->w->s, x->digest, at, &behind, err);
    if (r == 0 && behind)
        r = ops->turn(x->w->s, PL_S("rematch behind"), x->w->o->once ? 0 : x->w->every_s, ret, err);
    return r;
}

static int queue(struct matching *x, struct pl_err *err)
{
    struct pl_work_new n = { .kind = PL_WORK_REMATCH,
                             .target = pl_printf(&x->a, "advisories of %.*s", PL_FMT(x->built)),
                             .digest = x->digest,
                             .host = PL_S(""),
                             .share = PL_S(""),
                             .priority = PL_FLEET_GATE };
    pl_fleet_key(PL_WORK_REMATCH, x->digest, PL_S(""), n.key);
    return x->w->s->ops->work_add(x->w->s, &n, 1, err);
}

static int on_claim(void *arg, const struct pl_work *w)
{
    struct matching *x = arg;
    x->id = w->id;
    x->target = pl_dup(&x->a, w->digest);
    x->claimed = true;
    return 0;
}

static int run(struct matching *x)
{
    const struct pl_watch_cmd *o = x->w->o;
    const char *argv[32 + 2 * PL_OPT_LIST_MAX];
    size_t n = 0;
    const char *const pairs[][2] = { { "--store", x->w->where },
                                     { "--db", o->vuln.db },
                                     { "--db-max-age", o->vuln.max_age },
                                     { "-f", "table=/dev/null" },
                                     { "--fail-on", "none" } };
    const struct {
        const char *name;
        bool on;
    } flags[] = { { "--expand-kernel", o->vuln.expand_kernel },
                  { "--all-layers", o->vuln.all_layers },
                  { "--match-owned", o->vuln.match_owned },
                  { "--unimportant", o->vuln.unimportant },
                  { "--only-new", true }, /* what has not changed is not read */
                  { "-q", true } };
    for (size_t i = 0; i < PL_COUNT(pairs); i++)
        if (pairs[i][1]) {
            argv[n++] = pairs[i][0];
            argv[n++] = pairs[i][1];
        }
    for (size_t i = 0; i < PL_COUNT(flags); i++)
        if (flags[i].on)
            argv[n++] = flags[i].name;
    argv[n] = NULL;
    return pl_watch_child(x->w, "rescan", argv);
}

/* What it found is in the store by now; that it is done follows. Inventories that cannot be
 * assessed (3) are no failure of the matching. */
static int end(struct matching *x, int code, struct pl_err *err)
{
    struct pl_str name = pl_str_c(x->w->name), note;
    bool held = false;
    int64_t now = 0;
    int r = pl_watch_store(x->w, err);
    if (r < 0)
        return r;
    struct pl_store *s = x->w->s;
    if (*pl_common_cancel())
        return s->ops->work_back(s, x->id, name, 0, err);
    if (code != PL_EXIT_CLEAN && code != PL_EXIT_FINDINGS && code != PL_EXIT_INCOMPLETE) {
        note = pl_printf(&x->a, "matching ended with status %d", code);
        return s->ops->work_fail(s, x->id, name, note, LATER_S, err);
    }
    r = s->ops->begin(s, err);
    if (r == 0)
        r = s->ops->now(s, &now, err);
    note = pl_printf(&x->a, "%.*s %.*s %" PRId64, PL_FMT(x->built), PL_FMT(x->digest), now);
    if (r == 0)
        r = s->ops->note_put(s, PL_S("rematch"), note, err);
    if (r == 0)
        r = s->ops->work_done(s, x->id, name, &held, err);
    if (r == 0 && held)
        return s->ops->commit(s, err);
    s->ops->rollback(s);
    return r;
}

static int match(struct matching *x, struct pl_err *err)
{
    bool there = false, now = false;
    int r = read_db(x, &there);
    if (r == 0 && there)
        r = pl_watch_store(x->w, err);
    if (r < 0 || !there)
        return r;
    r = wanted(x, &now, err);
    if (r == 0 && now)
        r = queue(x, err);
    if (r == 0)
        r = x->w->s->ops->work_claim(x->w->s, pl_str_c(x->w->name), PL_WATCH_LEASE_S,
                                     PL_WORK_REMATCH, PL_WORK_REMATCH, 1, on_claim, x, err);
    if (r < 0 || !x->claimed)
        return r;
    if (!pl_str_eq(x->target, x->digest)) /* another's database: it is not here (yet) */
        return x->w->s->ops->work_back(x->w->s, x->id, pl_str_c(x->w->name), LATER_S, err);
    return end(x, run(x), err);
}

int pl_watch_match(struct pl_watch *w, struct pl_err *err)
{
    struct matching x = { .w = w };
    int r = match(&x, err);
    pl_arena_release(&x.a);
    return r;
}
