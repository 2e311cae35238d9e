/* An inventory counts for a gate when it is of this very digest, whole, read by this program with
 * these rules and no options of its own; anything else is no result, and says why. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/gate_stored.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/map.h"
#include "base/vec.h"
#include "cmd/store_opt.h"
#include "model/vuln.h"
#include "query/found.h"
#include "query/result.h"
#include "report/from_json.h"
#include "store/store.h"

#define FOUND_MAX ((size_t)32 << 20)

struct pl_gate_stored {
    const char *where, *db_hash;
    pthread_mutex_t lock;
    struct pl_store *s; /* NULL: to be opened */
};

struct asking {
    struct pl_gate_stored *x;
    PL_VEC(int64_t) id;
    bool vulns, there;
    int64_t since_s, at;
    struct pl_report *ret;
    struct pl_str why; /* the reason against the newest one */
    struct pl_err *err;
};

struct pl_gate_stored *pl_gate_stored_new(const char *where, const char *db_hash)
{
    struct pl_gate_stored *x = calloc(1, sizeof *x);
    if (!x)
        pl_oom();
    x->where = where;
    x->db_hash = db_hash;
    pthread_mutex_init(&x->lock, NULL);
    return x;
}

void pl_gate_stored_free(struct pl_gate_stored *x)
{
    if (!x)
        return;
    if (x->s)
        x->s->ops->close(x->s);
    pthread_mutex_destroy(&x->lock);
    free(x);
}

static int on_id(void *arg, int64_t id)
{
    struct asking *q = arg;
    pl_vec_push(&q->id, id);
    return 0;
}

/* Why it does not count whatever was found, or NULL. */
static const char *against(const struct asking *q, const struct pl_store_image *i)
{
    if (!i->complete)
        return "the stored reading is incomplete";
    if (!pl_str_is(i->origin.tool, PL_VERSION) || !pl_str_is(i->origin.rules, PL_RULES_VERSION))
        return "the stored reading is of another program or other rules";
    if (i->origin.at < q->since_s)
        return "the stored reading is too old (results.max-age)";
    if (q->vulns && !i->origin.db.n)
        return "the stored reading was not matched with advisories";
    if (q->vulns && q->x->db_hash[0] && !pl_str_is(i->origin.db, q->x->db_hash))
        return "the stored reading was matched with other advisories";
    return NULL;
}

static struct pl_str key_of(struct pl_arena *a, struct pl_str rule, struct pl_str subject)
{
    bool old = pl_str_is(rule, "trust/end-of-life");
    return pl_printf(a, "%.*s %.*s", PL_FMT(rule), PL_FMT(old ? PL_S("") : subject));
}

/* Are the flaws it has today those that were found when it was read? */
static int is_current(struct asking *q, const struct pl_store_image *i, const struct pl_target *t,
                      bool *ret)
{
    struct pl_map now = { .a = q->ret->a };
    struct pl_str subject, rule;
    size_t same = 0;
    int r = 0;
    for (size_t k = 0; k < i->n_flaws && r == 0; k++) {
        r = q->x->s->ops->flaw_named(q->x->s, i->flaw[k], q->ret->a, &subject, &rule, q->err);
        if (r == 0)
            *pl_map_put(&now, key_of(q->ret->a, rule, subject)) = &now;
    }
    *ret = true;
    size_t n = now.n;
    for (size_t k = 0; k < t->n_findings && r == 0; k++) {
        const struct pl_finding *f = &t->findings[k];
        if (!f->vuln && !pl_str_is(f->rule, "trust/end-of-life"))
            continue;
        struct pl_str key = key_of(q->ret->a, f->rule, pl_store_subject(f));
        void *was = pl_map_get(&now, key);
        *ret = *ret && was;
        if (was == &now) {
            *pl_map_put(&now, key) = q;
            same++;
        }
    }
    *ret = *ret && same == n;
    pl_map_release(&now);
    return r;
}

static int take(struct asking *q, const struct pl_store_image *i, struct pl_str *ret_why)
{
    struct pl_arena *a = q->ret->a;
    pl_auto_buf struct pl_buf text = { 0 }, said = { 0 };
    const struct pl_query_result_opts o = { .max = FOUND_MAX, .how = &said };
    bool left = false, current = true;
    int r = pl_query_result(q->x->s, i, &o, &text, &left, q->err);
    struct pl_str how = pl_buf_str(&said);
    bool ordinary = pl_str_starts(how, PL_FOUND_ORDINARY);
    if (left)
        *ret_why = PL_S("the stored reading is too large");
    else if (!ordinary)
        *ret_why = PL_S("the stored reading had options of its own");
    if (r < 0 || left || !ordinary)
        return r;
    r = pl_report_from_json(a, pl_buf_str(&text), q->ret, q->err);
    if (r == 0 && q->vulns)
        r = is_current(q, i, &q->ret->targets[0], &current);
    if (r == 0 && !current)
        *ret_why = PL_S("advisories have changed since the stored reading");
    if (r < 0 || !current)
        return r;
    if (i->origin.db.n) {
        struct pl_db_info *db = PL_NEW(a, struct pl_db_info);
        db->digest = pl_dup(a, i->origin.db);
        db->built = pl_dup(a, pl_str_sub(how, PL_FOUND_ORDINARY.n, how.n));
        q->ret->db = db;
    }
    q->at = i->origin.at;
    q->there = true;
    return 0;
}

/* The newest one first. */
static int on_image(void *arg, const struct pl_store_image *i)
{
    struct asking *q = arg;
    if (q->there)
        return 0;
    const char *why = against(q, i);
    struct pl_str reason = why ? pl_str_c(why) : PL_S("");
    int r = why ? 0 : take(q, i, &reason);
    if (!q->there && !q->why.n)
        q->why = reason;
    return r;
}

static int ask(struct asking *q, struct pl_str digest)
{
    const struct pl_store_ask how = { .order = PL_STORE_NEWEST, .since = INT64_MAX, .found = true };
    const struct pl_store_ops *ops = q->x->s->ops;
    int r = ops->look(q->x->s, q->err);
    if (r == 0)
        r = ops->images_digest(q->x->s, digest, on_id, q, q->err);
    if (r == 0 && q->id.n)
        r = ops->images(q->x->s, q->id.p, q->id.n, &how, on_image, q, q->err);
    ops->rollback(q->x->s);
    pl_vec_release(&q->id);
    return r;
}

int pl_gate_stored_read(struct pl_gate_stored *x, struct pl_str digest, bool vulns, int64_t since_s,
                        struct pl_report *ret, int64_t *ret_at, struct pl_err *err)
{
    struct asking q = { .x = x, .vulns = vulns, .since_s = since_s, .ret = ret, .err = err };
    pthread_mutex_lock(&x->lock);
    bool old = x->s != NULL;
    int r = x->s ? 0 : pl_store_open(x->where, PL_STORE_READ, &x->s, err);
    if (r == 0)
        r = ask(&q, digest);
    if (r < 0 && x->s) { /* what was open may be long gone: once more, anew */
        x->s->ops->close(x->s);
        x->s = NULL;
        struct pl_err again = { 0 };
        if (old && pl_store_open(x->where, PL_STORE_READ, &x->s, &again) == 0) {
            q = (struct asking){
                .x = x, .vulns = vulns, .since_s = since_s, .ret = ret, .err = err
            };
            r = ask(&q, digest);
        }
    }
    pthread_mutex_unlock(&x->lock);
    if (r < 0)
        return r;
    if (!q.there)
        return pl_fail(err, PL_E_NOENT, "%.*s",
                       PL_FMT(q.why.n ? q.why : PL_S("it holds no reading of this image")));
    *ret_at = q.at;
    return 0;
}
