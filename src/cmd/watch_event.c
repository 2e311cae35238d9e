/* Events of a shared store as lines of JSON. fleet.md section 4, "watch". */
/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/watch_event_int.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/hash.h"
#include "base/wire.h"
#include "cmd/db_opt.h"
#include "cmd/fleet_opt.h"
#include "fmt/jsonw.h"
#include "model/vuln.h"
#include "report/words.h"
#include "vuln/match.h"

#define CACHE_MAX PL_MIB(64) /* bytes of packages and flaws that are remembered */

struct flaw {
    struct pl_str subject, rule;
};

int pl_events_begin(struct pl_events *e, struct pl_watch *w, struct pl_err *err)
{
    struct pl_advdb *db = NULL;
    struct pl_err none = { 0 };
    (void)err;
    e->w = w;
    /* asked for quietly: none is no error, events are told without severities */
    if (pl_advdb_open(pl_db_dir(w->o->vuln.db, false, &e->a), &db, &none) < 0)
        return 0;
    e->db = pl_dup(&e->a, pl_advdb_info(db)->digest);
    e->built = pl_dup(&e->a, pl_advdb_info(db)->built);
    pl_advdb_close(db);
    if (pl_vuln_begin(&w->o->vuln, /* asked= */ false, /* quiet= */ true, &e->v) == 0 && e->v)
        e->m = pl_vuln_matcher_brief(e->v, &w->o->vuln);
    return 0;
}

void pl_events_end(struct pl_events *e)
{
    pl_vuln_matcher_free(e->m);
    pl_vuln_end(e->v);
    pl_map_release(&e->packages);
    pl_map_release(&e->flaws);
    pl_vec_release(&e->fixes);
    pl_arena_release(&e->tmp);
    pl_arena_release(&e->one);
    pl_arena_release(&e->a);
}

struct pl_str pl_events_db(const struct pl_events *e)
{
    return e->m ? e->db : PL_S("");
}

void pl_events_trim(struct pl_events *e)
{
    pl_arena_reset(&e->one);
    if (e->a.total < CACHE_MAX)
        return;
    pl_map_release(&e->packages);
    pl_map_release(&e->flaws);
    struct pl_str *const kept[] = { &e->db, &e->built, &e->store };
    for (size_t i = 0; i < PL_COUNT(kept); i++)
        *kept[i] = pl_dup(&e->one, *kept[i]);
    pl_arena_reset(&e->a);
    for (size_t i = 0; i < PL_COUNT(kept); i++)
        *kept[i] = pl_dup(&e->a, *kept[i]);
    e->packages = e->flaws = (struct pl_map){ .n = 0 };
}

/* ---- packages and flaws by number ---- */

static int match(struct pl_events *e, const struct pl_package *p, struct pl_event_package *k,
                 struct pl_err *err)
{
    struct pl_matches found = { 0 };
    if (!e->m || !pl_match_wants(e->m, p))
        return 0;
    int r = pl_match_package(e->m, p, /* kernel= */ false, &e->tmp, &found, err);
    k->hit = pl_alloc_n(&e->a, found.n + 1, sizeof *k->hit);
    for (size_t i = 0; i < found.n && r == 0; i++) {
        const struct pl_match *m = &found.p[i];
        if (!m->malware && pl_vuln_drops(e->v, m->vuln))
            continue;
        k->hit[k->n_hits++] =
            (struct pl_event_hit){ .rule = pl_dup(&e->a, m->rule),
                                   .fixed = m->vuln ? pl_dup(&e->a, m->vuln->fixed) : PL_S(""),
                                   .severity = m->severity };
        k->fixable |= k->hit[k->n_hits - 1].fixed.n != 0;
    }
    return r;
}

int pl_event_print(struct pl_events *e, const struct pl_package *p, uint64_t *ret,
                   struct pl_err *err)
{
    struct pl_event_package k = { .n_hits = 0 };
    pl_auto_buf struct pl_buf b = { 0 };
    uint8_t sum[PL_SHA256_LEN];
    pl_events_trim(e);
    pl_arena_reset(&e->tmp);
    int r = match(e, p, &k, err);
    for (size_t i = 0; i < k.n_hits && k.fixable; i++) {
        pl_put_str(&b, k.hit[i].rule);
        pl_put_str(&b, k.hit[i].fixed);
    }
    pl_sha256(b.n ? b.p : "", b.n, sum);
    memcpy(ret, sum, sizeof *ret);
    *ret = *ret ? *ret : 1;
    return r;
}

int pl_event_package_of(struct pl_events *e, uint32_t id, const struct pl_event_package **ret,
                        struct pl_err *err)
{
    struct pl_package p;
    struct pl_event_package *k = pl_map_get(&e->packages, pl_str_n(&id, sizeof id));
    *ret = k;
    if (k)
        return 0;
    pl_arena_reset(&e->tmp);
    int r = e->w->s->ops->package(e->w->s, id, &e->tmp, &p, err);
    if (r < 0)
        return r;
    k = PL_NEW(&e->a, struct pl_event_package);
    *k = (struct pl_event_package){ .purl = pl_dup(&e->a, p.purl),
                                    .name = pl_dup(&e->a, p.pkg.name),
                                    .version = pl_dup(&e->a, p.pkg.version),
                                    .distro = pl_dup(&e->a, p.distro) };
    r = match(e, &p, k, err);
    e->packages.a = &e->a;
    *pl_map_put(&e->packages, pl_str_n(&id, sizeof id)) = k;
    *ret = k;
    return r;
}

static int flaw_of(struct pl_events *e, uint32_t id, const struct flaw **ret, struct pl_err *err)
{
    struct flaw *f = pl_map_get(&e->flaws, pl_str_n(&id, sizeof id));
    int r = 0;
    if (!f) {
        f = PL_NEW(&e->a, struct flaw);
        r = e->w->s->ops->flaw_named(e->w->s, id, &e->a, &f->subject, &f->rule, err);
        e->flaws.a = &e->a;
        *pl_map_put(&e->flaws, pl_str_n(&id, sizeof id)) = f;
    }
    *ret = f;
    return r;
}

bool pl_event_counts(const struct pl_events *e, const struct pl_store_member *m)
{
    return m->span.visible || e->w->o->vuln.all_layers;
}

/* The packages of an inventory by package URL, in e->one. */
static int by_purl(struct pl_events *e, const struct pl_store_image *i, struct pl_map *ret,
                   struct pl_err *err)
{
    const struct pl_event_package *p;
    int r = 0;
    ret->a = &e->one;
    for (size_t k = 0; k < i->n_members && r == 0; k++) {
        if (!pl_event_counts(e, &i->member[k]))
            continue;
        r = pl_event_package_of(e, i->member[k].package, &p, err);
        if (r == 0)
            *pl_map_put(ret, p->purl) = (void *)(uintptr_t)p;
    }
    return r;
}

/* ---- lines ---- */

/* Numbers are those of one store, and names may be in several: its own name goes in, too. */
void pl_event_id(const struct pl_events *e, const char *event, const struct pl_str *part, size_t n,
                 char out[33])
{
    struct pl_hash *h = pl_hash_new(PL_HASH_SHA256);
    uint8_t sum[PL_SHA256_LEN];
    pl_hash_add(h, e->store.p, e->store.n);
    pl_hash_add(h, event, strlen(event) + 1);
    for (size_t i = 0; i < n; i++) {
        uint64_t length = part[i].n;
        pl_hash_add(h, &length, sizeof length);
        pl_hash_add(h, part[i].p, part[i].n);
    }
    pl_hash_end(h, sum);
    pl_hash_free(h);
    pl_hex(sum, 16, out);
}

/* Of what became of an image in one run. */
static void id_of_run(struct pl_events *e, const char *event, const struct pl_store_image *i,
                      int64_t run, int64_t at, char out[33])
{
    const struct pl_str part[] = { i->name, i->digest, i->platform,
                                   pl_printf(&e->one, "%" PRId64 " %" PRId64 " %" PRId64, run, at,
                                             i->id) };
    pl_event_id(e, event, part, PL_COUNT(part), out);
}

void pl_event_begin(struct pl_events *e, struct pl_jsonw *w, const char *event, const char *id,
                    int64_t at)
{
    char text[24];
    pl_clock_utc(at, text);
    pl_jw_obj(w);
    pl_jw_ku64(w, "schema", 1);
    pl_jw_kcstr(w, "event", event);
    pl_jw_kcstr(w, "id", id);
    pl_jw_kcstr(w, "at", text);
    pl_jw_key(w, "db");
    if (e->m) {
        pl_jw_obj(w);
        pl_jw_kstr(w, "built", e->built);
        pl_jw_kstr(w, "digest", e->db);
        pl_jw_obj_end(w);
    } else {
        pl_jw_null(w);
    }
}

void pl_event_end(struct pl_jsonw *w)
{
    pl_jw_obj_end(w);
    pl_buf_putc(w->out, '\n');
}

static int on_run(void *arg, const struct pl_exposure *x)
{
    *(uint64_t *)arg += x->until == 0;
    return 0;
}

void pl_event_image(struct pl_events *e, struct pl_jsonw *w, const struct pl_store_image *i)
{
    struct pl_err none = { 0 };
    uint64_t runs = 0;
    e->w->s->ops->runs_of(e->w->s, i->digest, i->name, on_run, &runs, &none);
    pl_jw_key(w, "image");
    pl_jw_obj(w);
    pl_jw_kstr(w, "name", i->name);
    pl_jw_key(w, "digest");
    pl_jw_str_or_null(w, i->digest);
    pl_jw_key(w, "platform");
    pl_jw_str_or_null(w, i->platform);
    pl_jw_kbool(w, "complete", i->complete);
    pl_jw_ku64(w, "runs", runs);
    pl_jw_obj_end(w);
}

void pl_event_summary(struct pl_jsonw *w, const uint64_t n[PL_SEV_COUNT])
{
    pl_jw_key(w, "summary");
    pl_jw_obj(w);
    for (int s = PL_SEV_COUNT; s-- > 0;)
        pl_jw_ku64(w, pl_severity_name((enum pl_severity)s), n[s]);
    pl_jw_obj_end(w);
}

static const struct pl_event_hit *hit_of(const struct pl_event_package *p, struct pl_str rule)
{
    for (size_t i = 0; p && i < p->n_hits; i++)
        if (pl_str_eq(p->hit[i].rule, rule))
            return &p->hit[i];
    return NULL;
}

static const char *kind_of(const struct flaw *f)
{
    return pl_str_is(f->rule, "trust/end-of-life") ? "trust" : "vulnerability";
}

static void put_flaw(struct pl_jsonw *w, const struct flaw *f, const struct pl_event_package *p,
                     uint64_t n[PL_SEV_COUNT])
{
    const struct pl_event_hit *h = hit_of(p, f->rule);
    pl_jw_obj(w);
    pl_jw_kcstr(w, "kind", kind_of(f));
    pl_jw_kstr(w, "rule", f->rule);
    pl_jw_key(w, "severity");
    if (h)
        pl_jw_cstr(w, pl_severity_name(h->severity));
    else
        pl_jw_null(w);
    pl_jw_kstr(w, "package", f->subject);
    pl_jw_key(w, "version");
    pl_jw_str_or_null(w, p ? p->version : PL_S(""));
    pl_jw_key(w, "fixed");
    pl_jw_str_or_null(w, h ? h->fixed : PL_S(""));
    pl_jw_obj_end(w);
    if (h)
        n[h->severity]++;
}

struct own {
    struct pl_jsonw *w;
    uint64_t *n, all;
};

/* Secrets and the like: masked, by fingerprint. */
static int on_own(void *arg, const struct pl_finding *f)
{
    struct own *x = arg;
    if (!pl_str_is(f->title, "secret") && !pl_str_is(f->title, "malware"))
        return 0;
    pl_event_own(x->w, f, /* gone= */ false);
    x->n[f->severity]++;
    x->all++;
    return 0;
}

int pl_event_new(struct pl_events *e, const struct pl_store_image *i, int64_t run, int64_t at,
                 bool first, const uint32_t *flaw, size_t n, struct pl_buf *out, bool *ret_said,
                 struct pl_err *err)
{
    uint64_t count[PL_SEV_COUNT] = { 0 };
    size_t before = out->n;
    struct pl_jsonw w = { .out = out };
    struct own own = { .w = &w, .n = count };
    struct pl_map purls = { .n = 0 };
    char id[33];
    int r = by_purl(e, i, &purls, err);
    id_of_run(e, "new", i, run, at, id);
    pl_event_begin(e, &w, "new", id, at);
    pl_event_image(e, &w, i);
    pl_jw_kbool(&w, "first", first);
    pl_jw_key(&w, "findings");
    pl_jw_arr(&w);
    for (size_t k = 0; k < n && r == 0; k++) {
        const struct flaw *f;
        r = flaw_of(e, flaw[k], &f, err);
        if (r == 0)
            put_flaw(&w, f, pl_map_get(&purls, f->subject), count);
    }
    if (r == 0 && first)
        r = e->w->s->ops->own_findings(e->w->s, i->id, on_own, &own, err);
    pl_jw_arr_end(&w);
    pl_event_summary(&w, count);
    pl_event_end(&w);
    *ret_said = n || own.all;
    if (!*ret_said || r < 0)
        out->n = before;
    pl_map_release(&purls);
    return r;
}

int pl_event_gone(struct pl_events *e, const struct pl_store_image *i, int64_t run, int64_t at,
                  const uint32_t *flaw, size_t n, struct pl_buf *out, struct pl_err *err)
{
    struct pl_jsonw w = { .out = out };
    size_t before = out->n;
    char id[33];
    int r = 0;
    id_of_run(e, "gone", i, run, at, id);
    pl_event_begin(e, &w, "gone", id, at);
    pl_event_image(e, &w, i);
    pl_jw_key(&w, "findings");
    pl_jw_arr(&w);
    for (size_t k = 0; k < n && r == 0; k++) {
        const struct flaw *f;
        if ((r = flaw_of(e, flaw[k], &f, err)) < 0)
            break;
        pl_jw_obj(&w);
        pl_jw_kcstr(&w, "kind", kind_of(f));
        pl_jw_kstr(&w, "rule", f->rule);
        pl_jw_kstr(&w, "package", f->subject);
        pl_jw_obj_end(&w);
    }
    pl_jw_arr_end(&w);
    pl_event_end(&w);
    if (r < 0)
        out->n = before;
    return r;
}
