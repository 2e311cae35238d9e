/* The inventories joined to what their packages have: what is new, what is gone, what is kept. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/rescan.h"

#include <stdlib.h>

#include "base/cleanup.h"
#include "base/numbers.h"
#include "cmd/store_opt.h"
#include "cmd/version.h"
#include "fmt/glob.h"

static bool has(const uint32_t *v, size_t n, uint32_t what)
{
    return n && bsearch(&what, v, n, sizeof *v, pl_by_u32);
}

/* Is the inventory among those that were asked for? By name, or the beginning of its digest. */
static bool asked(struct pl_rescan *r, const struct pl_store_image *i)
{
    bool yes = !r->only->n;
    for (size_t k = 0; k < r->only->n; k++) {
        struct pl_str s = pl_str_c(r->only->p[k]);
        if (pl_glob_match(s, i->name) ||
            (s.n >= 15 && i->digest.n && pl_str_starts(i->digest, s))) {
            yes = true;
            r->only_used[k] = true;
        }
    }
    return yes;
}

/* ---- one inventory ---- */

struct gathering {
    struct pl_rescan *r;
    struct pl_rescan_one *x;
    PL_VEC(struct pl_rescan_item) item;
    PL_VEC(struct pl_note) note;
    PL_VEC(uint32_t) ended; /* ecosystems past their end */
    bool blind;             /* some of its packages cannot be assessed now */
};

static void speak_of(struct gathering *g, uint32_t eco)
{
    struct pl_rescan_eco *e = &g->r->eco.p[eco - 1];
    struct pl_note n;
    if (e->seen == g->r->n_images + 1)
        return;
    e->seen = (uint32_t)g->r->n_images + 1;
    if (pl_match_eco_note(&e->e, &n)) {
        pl_vec_push(&g->note, n);
        g->x->t.complete &= !n.incomplete;
        g->blind |= n.incomplete;
    }
    if (e->has_end)
        pl_vec_push(&g->ended, eco - 1);
}

static uint8_t gist_of(const struct pl_rescan *r, const struct pl_store_member *m)
{
    return m->package < r->gist.n ? r->gist.p[m->package] : 0;
}

static void gather_member(struct gathering *g, const struct pl_store_member *m, uint8_t gist)
{
    struct pl_rescan *r = g->r;
    const struct pl_rescan_package *p = &r->package.p[m->package];
    uint32_t eco = gist >> PL_RESCAN_ECO_SHIFT;
    speak_of(g, eco < PL_RESCAN_ECOS ? eco : p->eco);
    if (!(gist & PL_RESCAN_HITS))
        return;
    bool kernel = g->x->kernel && p->headers;
    uint32_t first = kernel ? p->kernel_hit : p->hit, n = kernel ? p->n_kernel_hits : p->n_hits;
    for (uint32_t h = 0; h < n; h++)
        pl_vec_push(&g->item, (struct pl_rescan_item){ m, &r->hit.p[first + h], h, false });
}

static void gather_members(struct gathering *g)
{
    struct pl_rescan *r = g->r;
    const struct pl_store_image *i = g->x->i;
    for (size_t k = 0; k < i->n_members; k++)
        g->x->kernel |= (gist_of(r, &i->member[k]) & PL_RESCAN_KERNEL) && i->member[k].span.visible;
    for (size_t k = 0; k < i->n_members; k++) {
        const struct pl_store_member *m = &i->member[k];
        uint8_t gist = gist_of(r, m);
        if ((gist & PL_RESCAN_ECO) && (m->span.visible || r->o->vuln.all_layers))
            gather_member(g, m, gist);
    }
}

/* The end of support stands where a report has it: beside no layer, by the path of os-release. */
static int place_ends(struct gathering *g, struct pl_err *err)
{
    struct pl_names paths;
    size_t at = g->item.n;
    while (g->ended.n && at && g->item.p[at - 1].member->span.introduced == PL_NEVER) {
        int code =
            g->r->s->ops->place(g->r->s, g->item.p[at - 1].member->place, &g->r->one, &paths, err);
        if (code < 0)
            return code;
        if (pl_str_cmp(paths.n ? paths.p[0] : PL_S(""), PL_S("etc/os-release")) <= 0)
            break;
        at--;
    }
    for (size_t i = 0; i < g->ended.n; i++) {
        struct pl_rescan_item e = { NULL, &g->r->eco.p[g->ended.p[i]].hit, g->ended.p[i], false };
        pl_vec_push(&g->item, e);
        memmove(&g->item.p[at + 1], &g->item.p[at], (g->item.n - 1 - at) * sizeof e);
        g->item.p[at++] = e;
    }
    return 0;
}

int pl_rescan_gone(struct pl_rescan *r, uint32_t flaw, const struct pl_rescan_gone **ret,
                   struct pl_err *err)
{
    r->gone.a = &r->a;
    void **at = pl_map_put(&r->gone, pl_str_n(&flaw, sizeof flaw));
    if (!*at) {
        struct pl_rescan_gone *g = PL_NEW(&r->a, struct pl_rescan_gone);
        int code = r->s->ops->flaw_named(r->s, flaw, &r->a, &g->subject, &g->rule, err);
        if (code < 0)
            return code;
        *pl_map_put(&r->gone, pl_str_n(&flaw, sizeof flaw)) = g;
        *ret = g;
    } else {
        *ret = *at;
    }
    return 0;
}

/* Compares with what it had; keeps what it has, where that is another. */
static int compare(struct gathering *g, struct pl_err *err)
{
    struct pl_rescan *r = g->r;
    struct pl_rescan_one *x = g->x;
    const struct pl_store_image *i = x->i;
    uint32_t *now = pl_alloc_n(&r->one, g->item.n + i->n_flaws + 1, sizeof *now);
    size_t n = 0;
    for (size_t k = 0; k < g->item.n; k++)
        now[n++] = g->item.p[k].hit->flaw;
    for (size_t k = 0; k < i->n_flaws && g->blind; k++)
        now[n++] = i->flaw[k]; /* what cannot be seen is not gone */
    size_t kept = pl_unique_u32(now, n);
    x->fresh.p = pl_alloc_n(&r->one, g->item.n + 1, sizeof *x->fresh.p);
    for (size_t k = 0; k < g->item.n; k++) {
        struct pl_rescan_item *it = &g->item.p[k];
        it->fresh = !has(i->flaw, i->n_flaws, it->hit->flaw);
        if (it->fresh && it->hit->shown) {
            x->n_fresh++;
            x->fresh.p[x->fresh.n++] = *it->hit->rule;
        }
    }
    x->gone_flaw = pl_alloc_n(&r->one, i->n_flaws + 1, sizeof *x->gone_flaw);
    x->gone.p = pl_alloc_n(&r->one, i->n_flaws + 1, sizeof *x->gone.p);
    int code = 0;
    for (size_t k = 0; k < i->n_flaws && code == 0; k++) {
        const struct pl_rescan_gone *was;
        if (has(now, kept, i->flaw[k]))
            continue;
        if ((code = pl_rescan_gone(r, i->flaw[k], &was, err)) == 0)
            x->gone.p[x->gone.n++] = was->rule;
        x->gone_flaw[x->n_gone++] = i->flaw[k];
    }
    pl_names_sort(&x->fresh);
    pl_names_sort(&x->gone);
    bool same = r->since == INT64_MAX && kept == i->n_flaws &&
                (!kept || memcmp(now, i->flaw, kept * sizeof *now) == 0);
    if (same || r->still)
        return code;
    uint32_t *copy = pl_alloc_n(&r->a, kept + 1, sizeof *now);
    if (kept)
        memcpy(copy, now, kept * sizeof *now);
    pl_vec_push(&r->state, (struct pl_store_state){ i->id, copy, kept });
    return code;
}

static void count(struct pl_rescan *r, struct pl_rescan_one *x)
{
    for (size_t k = 0; k < x->n_items; k++) {
        const struct pl_rescan_item *it = &x->item[k];
        if (!it->hit->shown || (r->o->only_new && !it->fresh))
            continue;
        r->count[it->hit->severity]++;
        r->fails |= it->hit->fails;
    }
    r->n_images++;
    r->n_fresh += x->n_fresh;
    r->n_gone += x->n_gone;
    r->n_incomplete += !x->t.complete;
    if (!x->t.complete)
        pl_vec_push(&r->odd, x->i->id);
}

static int each_image(void *arg, const struct pl_store_image *i)
{
    struct pl_rescan *r = arg;
    if (*pl_common_cancel())
        return pl_fail(r->err, PL_E_CANCEL, "interrupted");
    if (!asked(r, i))
        return 0;
    struct pl_rescan_one x = { .i = i };
    struct gathering g = { .r = r, .x = &x };
    pl_arena_reset(&r->one);
    pl_rescan_texts_trim(r);
    x.t = (struct pl_target){ .name = i->name,
                              .kind = i->kind,
                              .digest = i->digest,
                              .platform = i->platform,
                              .complete = i->complete };
    for (size_t k = 0; k < i->n_notes; k++)
        pl_vec_push(&g.note, i->notes[k]);
    gather_members(&g);
    int code = place_ends(&g, r->err);
    if (code == 0)
        code = compare(&g, r->err);
    x.t.notes = g.note.p;
    x.t.n_notes = g.note.n;
    x.item = g.item.p;
    x.n_items = g.item.n;
    if (code == 0)
        code = pl_rescan_put(r, &x, r->err);
    if (code == 0)
        count(r, &x);
    pl_vec_release(&g.item);
    pl_vec_release(&g.note);
    pl_vec_release(&g.ended);
    return code;
}

int pl_rescan_join(struct pl_rescan *r, struct pl_err *err)
{
    const struct pl_store_ask some = { .since = r->since, .order = PL_STORE_EXPOSED };
    int64_t *id = NULL;
    size_t n = 0;
    bool all = true;
    r->err = err;
    int code = pl_rescan_narrow(r, &id, &n, &all, err);
    if (code == 0 && all)
        code = r->s->ops->each_image(r->s, r->since, each_image, r, err);
    else if (code == 0)
        code = r->s->ops->images(r->s, id, n, &some, each_image, r, err);
    if (!all)
        r->n_images = r->counts.images;
    free(id);
    r->s->ops->rollback(r->s);
    for (size_t k = 0; k < r->only->n && code == 0; k++)
        if (!r->only_used[k])
            code = pl_fail(err, PL_E_USAGE, "the store has no inventory '%s'", r->only->p[k]);
    return code;
}

int pl_rescan_keep(struct pl_rescan *r, struct pl_err *err)
{
    const struct pl_store_ops *ops = r->s->ops;
    const struct pl_report like = { .tool_version = PL_S(PL_VERSION),
                                    .rules_version = PL_S(PL_RULES_VERSION),
                                    .db = r->db };
    struct pl_store_origin o;
    int64_t run = 0;
    int code = r->still ? 0 : ops->index(r->s, err);
    if ((!r->state.n && !pl_rescan_moved(r)) || code < 0)
        return code;
    code = ops->begin(r->s, err);
    if (code == 0)
        code = pl_store_origin_in(r->s, &like, &o, err);
    if (code == 0 && r->state.n)
        code = ops->run(r->s, &o, &run, err);
    if (code == 0 && r->state.n)
        code = ops->states(r->s, run, r->state.p, r->state.n, err);
    if (code == 0)
        code = pl_rescan_keep_matched(r, run, err);
    if (code == 0)
        return ops->commit(r->s, err);
    ops->rollback(r->s);
    return code;
}
