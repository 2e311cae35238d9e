/* "A rebuild would mend N" as an event, what a reading found and the one before had not, work that
 * was set aside. fleet.md section 4, "watch". */
/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/hash.h"
#include "cmd/fleet_opt.h"
#include "cmd/watch_event_int.h"

/* ---- rebuild ---- */

static int by_name(const void *pa, const void *pb)
{
    const struct pl_event_package *a = *(const struct pl_event_package *const *)pa,
                                  *b = *(const struct pl_event_package *const *)pb;
    return pl_str_cmp(a->purl, b->purl);
}

int pl_event_fixes(struct pl_events *e, const struct pl_store_image *i, char ret_print[33],
                   struct pl_err *err)
{
    const struct pl_event_package *p;
    uint8_t sum[PL_SHA256_LEN];
    size_t n = 0;
    int r = 0;
    e->fixes.n = 0;
    ret_print[0] = 0;
    for (size_t k = 0; k < i->n_members && r == 0; k++) {
        if (!pl_event_counts(e, &i->member[k]))
            continue;
        r = pl_event_package_of(e, i->member[k].package, &p, err);
        if (r == 0 && p->fixable)
            pl_vec_push(&e->fixes, p);
    }
    if (r < 0 || !e->fixes.n)
        return r;
    qsort(e->fixes.p, e->fixes.n, sizeof(void *), by_name);
    struct pl_hash *h = pl_hash_new(PL_HASH_SHA256);
    for (size_t k = 0; k < e->fixes.n; k++) {
        p = e->fixes.p[k];
        if (k && e->fixes.p[n - 1] == p) /* at several places */
            continue;
        e->fixes.p[n++] = p;
        pl_hash_add(h, p->purl.p, p->purl.n + 1);
        for (size_t m = 0; m < p->n_hits; m++) {
            pl_hash_add(h, p->hit[m].rule.p, p->hit[m].rule.n + 1);
            pl_hash_add(h, p->hit[m].fixed.p, p->hit[m].fixed.n);
            pl_hash_add(h, "", 1);
        }
    }
    e->fixes.n = n;
    pl_hash_end(h, sum);
    pl_hash_free(h);
    pl_hex(sum, 16, ret_print);
    return 0;
}

/* One package, with the flaws that a newer one has not. */
static void put_fix(struct pl_jsonw *w, const struct pl_event_package *p, uint64_t *all,
                    uint64_t n[PL_SEV_COUNT])
{
    enum pl_severity worst = 0;
    pl_jw_obj(w);
    pl_jw_kstr(w, "package", p->purl);
    pl_jw_kstr(w, "version", p->version);
    pl_jw_key(w, "fixes");
    pl_jw_arr(w);
    for (size_t k = 0; k < p->n_hits; k++) {
        const struct pl_event_hit *h = &p->hit[k];
        if (!h->fixed.n)
            continue;
        pl_jw_obj(w);
        pl_jw_kstr(w, "rule", h->rule);
        pl_jw_kcstr(w, "severity", pl_severity_name(h->severity));
        pl_jw_kstr(w, "fixed", h->fixed);
        pl_jw_obj_end(w);
        worst = h->severity > worst ? h->severity : worst;
        n[h->severity]++;
        ++*all;
    }
    pl_jw_arr_end(w);
    pl_jw_kcstr(w, "severity", pl_severity_name(worst));
    pl_jw_obj_end(w);
}

/* What the image stands on, as far as it tells: its distribution and its lowest layer. */
static void put_base(struct pl_events *e, struct pl_jsonw *w, const struct pl_store_image *i)
{
    struct pl_layer_info l = { .index = 0 };
    struct pl_err none = { 0 };
    struct pl_str distro = PL_S("");
    for (size_t k = 0; k < e->fixes.n && !distro.n; k++)
        distro = e->fixes.p[k]->distro;
    if (i->n_layers)
        e->w->s->ops->layer(e->w->s, i->layer[0], &e->one, &l, &none);
    pl_jw_key(w, "base");
    pl_jw_obj(w);
    pl_jw_key(w, "distro");
    pl_jw_str_or_null(w, distro);
    pl_jw_key(w, "layer");
    pl_jw_str_or_null(w, l.digest);
    pl_jw_obj_end(w);
}

void pl_event_rebuild(struct pl_events *e, const struct pl_store_image *i, const char *print,
                      int64_t at, struct pl_buf *out)
{
    uint64_t count[PL_SEV_COUNT] = { 0 }, all = 0;
    struct pl_jsonw w = { .out = out };
    char id[33];
    const struct pl_str part[] = { i->name, i->digest, i->platform, pl_str_c(print), e->db };
    pl_event_id(e, "rebuild", part, PL_COUNT(part), id);
    pl_event_begin(e, &w, "rebuild", id, at);
    pl_event_image(e, &w, i);
    put_base(e, &w, i);
    pl_jw_key(&w, "packages");
    pl_jw_arr(&w);
    for (size_t k = 0; k < e->fixes.n; k++)
        put_fix(&w, e->fixes.p[k], &all, count);
    pl_jw_arr_end(&w);
    pl_jw_ku64(&w, "mends", all);
    pl_event_summary(&w, count);
    pl_event_end(&w);
}

/* ---- readings ---- */

void pl_event_own(struct pl_jsonw *w, const struct pl_finding *f, bool gone)
{
    pl_jw_obj(w);
    pl_jw_kstr(w, "kind", f->title);
    pl_jw_kstr(w, "rule", f->rule);
    if (!gone)
        pl_jw_kcstr(w, "severity", pl_severity_name(f->severity));
    pl_jw_kstr(w, "path", f->where.path);
    pl_jw_kstr(w, "fingerprint", f->print);
    pl_jw_obj_end(w);
}

/* By the image, the moment and all of them. */
static void id_of_own(struct pl_events *e, const char *event, const struct pl_store_image *i,
                      int64_t at, const struct pl_finding *f, size_t n, char out[33])
{
    size_t k = 0;
    struct pl_str *part = pl_alloc_n(&e->one, 4 + 3 * n, sizeof *part);
    part[k++] = i->name;
    part[k++] = i->digest;
    part[k++] = i->platform;
    part[k++] = pl_printf(&e->one, "own %" PRId64 " %" PRId64, i->id, at);
    for (size_t m = 0; m < n; m++) {
        part[k++] = f[m].rule;
        part[k++] = f[m].print;
        part[k++] = f[m].where.path;
    }
    pl_event_id(e, event, part, k, out);
}

void pl_event_again(struct pl_events *e, const struct pl_store_image *i,
                    const struct pl_store_again *g, bool gone, struct pl_buf *out)
{
    const struct pl_finding *f = gone ? g->less : g->more;
    size_t n = gone ? g->n_less : g->n_more;
    const char *event = gone ? "gone" : "new";
    uint64_t count[PL_SEV_COUNT] = { 0 };
    struct pl_jsonw w = { .out = out };
    char id[33];
    id_of_own(e, event, i, g->at, f, n, id);
    pl_event_begin(e, &w, event, id, g->at);
    pl_event_image(e, &w, i);
    if (!gone)
        pl_jw_kbool(&w, "first", !i->flaw);
    pl_jw_key(&w, "findings");
    pl_jw_arr(&w);
    for (size_t k = 0; k < n; k++) {
        pl_event_own(&w, &f[k], gone);
        count[f[k].severity]++;
    }
    pl_jw_arr_end(&w);
    if (!gone)
        pl_event_summary(&w, count);
    pl_event_end(&w);
}

/* ---- work ---- */

void pl_event_aside(struct pl_events *e, const struct pl_work *k, int64_t at, struct pl_buf *out)
{
    struct pl_jsonw w = { .out = out };
    char id[33];
    struct pl_arena a = { 0 };
    const struct pl_str part[] = {
        k->target, k->digest, pl_printf(&a, "%d %" PRId64 " %" PRId64, (int)k->kind, k->id, at)
    };
    pl_event_id(e, "set_aside", part, PL_COUNT(part), id);
    pl_arena_release(&a);
    pl_event_begin(e, &w, "set_aside", id, at);
    pl_jw_key(&w, "work");
    pl_jw_obj(&w);
    pl_jw_ku64(&w, "id", (uint64_t)k->id);
    pl_jw_kcstr(&w, "kind", pl_fleet_kind(k->kind));
    pl_jw_kstr(&w, "target", k->target);
    pl_jw_key(&w, "digest");
    pl_jw_str_or_null(&w, k->digest);
    pl_jw_kstr(&w, "error", k->error);
    pl_jw_obj_end(&w);
    pl_event_end(&w);
}
