/* Which inventories can have another result than in the last run: those that hold a package which
 * has another result, those that were put in since, and those that are told each time. Where
 * anything is not sure, all of them. fleet.md section 3, "rematch". */
/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/hash.h"
#include "base/numbers.h"
#include "base/wire.h"
#include "cmd/narrow.h"
#include "cmd/rescan.h"

#define FORM 1 /* of the prints, and of what follows from them in rescan.c */

/* ---- prints ---- */

static void put_eco(struct pl_buf *b, const struct pl_rescan_eco *e)
{
    struct pl_note n = { .incomplete = false };
    bool noted = pl_match_eco_note(&e->e, &n);
    pl_put_str(b, e->e.name);
    pl_put_u8(b, noted);
    pl_put_u8(b, n.incomplete);
    pl_put_u32(b, e->has_end ? e->hit.flaw : 0);
}

static void put_hits(struct pl_buf *b, const struct pl_rescan *r, uint32_t first, uint32_t n)
{
    pl_put_u32(b, n);
    for (uint32_t i = 0; i < n; i++)
        pl_put_u32(b, r->hit.p[first + i].flaw);
}

/* Whatever an inventory gets from one of its packages; never 0. */
static uint64_t print_of(const struct pl_rescan *r, const struct pl_rescan_package *k,
                         struct pl_buf *b)
{
    uint8_t sum[PL_SHA256_LEN];
    uint64_t v = 0;
    pl_buf_clear(b);
    pl_put_u8(b, (uint8_t)(k->wanted | k->kernel << 1 | k->headers << 2));
    if (k->eco)
        put_eco(b, &r->eco.p[k->eco - 1]);
    put_hits(b, r, k->hit, k->n_hits);
    put_hits(b, r, k->kernel_hit, k->n_kernel_hits);
    pl_sha256(b->p, b->n, sum);
    memcpy(&v, sum, sizeof v);
    return v ? v : 1;
}

static void make_prints(struct pl_rescan *r)
{
    pl_auto_buf struct pl_buf b = { 0 };
    uint64_t *print = pl_alloc_n(&r->a, r->package.n + 1, sizeof *print);
    for (size_t i = 0; i < r->package.n; i++)
        print[i] = r->package.p[i].there ? print_of(r, &r->package.p[i], &b) : 0;
    r->now = (struct pl_store_matched){ .what = PL_STORE_FLAWS, .print = print, .n = r->package.n };
    pl_narrow_key(FORM, r->o->vuln.all_layers, r->now.key);
}

int pl_rescan_narrow(struct pl_rescan *r, int64_t **ret, size_t *ret_n, bool *ret_all,
                     struct pl_err *err)
{
    *ret_all = true;
    if (!r->whole)
        return 0;
    make_prints(r);
    int code = r->s->ops->matched(r->s, PL_STORE_FLAWS, &r->a, &r->before, err);
    r->now.now = r->before.now;
    if (code == 0 && pl_narrow_may(&r->before, &r->now) && r->o->only_new &&
        r->since == INT64_MAX) {
        code = pl_narrow(r->s, &r->before, &r->now, ret, ret_n, err);
        *ret_all = *ret_n > r->counts.images / 2; /* then their numbers help nobody */
    }
    return code;
}

/* ---- keeping it ---- */

static void take_odd(struct pl_rescan *r)
{
    r->now.n_odd = pl_unique_i64(r->odd.p, r->odd.n);
    r->now.odd = r->odd.p;
}

bool pl_rescan_moved(const struct pl_rescan *r)
{
    const struct pl_store_matched *a = &r->before, *b = &r->now;
    if (!r->whole || r->still)
        return false;
    return !a->there || memcmp(a->key, b->key, sizeof a->key) != 0 || a->run != a->now.run ||
           a->top != a->now.top || a->n != b->n || a->n_odd != r->odd.n ||
           memcmp(a->print, b->print, a->n * sizeof *a->print) != 0;
}

int pl_rescan_keep_matched(struct pl_rescan *r, int64_t run, struct pl_err *err)
{
    if (!r->whole || r->still)
        return 0;
    take_odd(r);
    return r->s->ops->matched_keep(r->s, &r->before, &r->now, run, err);
}
