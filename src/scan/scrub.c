/* `scrub`: which secrets are named, what is planned, and the check of what came of it. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "scan/scrub.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/hash.h"
#include "scan/scrub_int.h"

struct pl_work *pl_scrub_work(struct pl_scrub *x, struct pl_part *p)
{
    void **at = pl_map_put(&x->works, pl_str_n(&p, sizeof p));
    if (!*at) {
        struct pl_work *w = PL_NEW(&x->a, struct pl_work);
        w->part = p;
        w->by_ordinal.a = &x->a;
        *at = w;
        pl_vec_push(&x->order, w);
    }
    return *at;
}

bool pl_scrub_named(const struct pl_scrub *x, const struct pl_hit *h)
{
    return pl_map_get(&x->named, pl_str_n(h->hash, sizeof h->hash)) != NULL;
}

bool pl_scrub_holds(const struct pl_scrub *x, const struct pl_part *p)
{
    for (size_t i = 0; p->rec && i < p->rec->hits.n; i++)
        if (pl_scrub_named(x, &p->rec->hits.p[i]))
            return true;
    return false;
}

struct pl_str pl_scrub_mask(struct pl_scrub *x, struct pl_str text)
{
    for (size_t i = 0; i < x->values.n; i++) {
        struct pl_str v = x->values.p[i];
        size_t at;
        while (v.n >= 4 && (at = pl_str_find(text, v, 0)) != SIZE_MAX)
            text = pl_printf(&x->a, "%.*s\xe2\x80\xa6%.*s", (int)at, text.p,
                             PL_FMT(pl_str_sub(text, at + v.n, text.n)));
    }
    return text;
}

struct pl_digest pl_scrub_digest(const struct pl_part *p)
{
    struct pl_digest d = { .set = true, .alg = PL_HASH_SHA256 };
    if (p->blob && p->blob->digest.set)
        return p->blob->digest;
    memcpy(d.b, p->rec->sha256, 32);
    return d;
}

struct pl_part *pl_scrub_part(const struct pl_scrub *x, const struct pl_digest *d)
{
    struct pl_blob *b = pl_source_blob(x->u->src, d);
    for (size_t i = 0; !b && x->u->src->form == PL_SRC_REMOTE && i < x->u->parts.n; i++)
        if (x->u->parts.p[i]->blob && pl_digest_eq(&x->u->parts.p[i]->blob->digest, d))
            return x->u->parts.p[i];
    return b ? b->user : NULL;
}

void pl_scrub_change(struct pl_scrub *x, const struct pl_part *p, struct pl_str path,
                     enum pl_surface surface, const char *action)
{
    struct pl_digest d = pl_scrub_digest(p);
    struct pl_scrub_change c = { .surface = pl_surface_name(surface), .action = action };
    c.path = pl_dup(&x->a, pl_scrub_mask(x, path));
    c.blob = p->blob && !p->blob->digest.set ? p->blob->name : pl_digest_text(&x->a, &d);
    for (size_t i = x->changes.n; i-- > 0 && x->changes.n - i < 64;) {
        const struct pl_scrub_change *o = &x->changes.p[i];
        if (o->surface == c.surface && o->action == c.action && pl_str_eq(o->path, c.path) &&
            pl_str_eq(o->blob, c.blob))
            return;
    }
    pl_vec_push(&x->changes, c);
}

void pl_scrub_refuse(struct pl_scrub *x, const char *fmt, ...)
{
    char text[1024];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    for (size_t i = 0; i < x->refused.n; i++)
        if (pl_str_is(x->refused.p[i], text))
            return;
    pl_vec_push(&x->refused, pl_dup(&x->a, pl_str_c(text)));
}

/* ---- which secrets ---- */

static void name_finding(struct pl_scrub *x, const struct pl_finding *f)
{
    *pl_map_put(&x->named, pl_str_n(f->secret_hash, 32)) = x;
    pl_vec_push(&x->named_findings, f);
}

/* Findings that share a fingerprint are of one place. */
static int name_print(struct pl_scrub *x, const char *print, struct pl_err *err)
{
    struct pl_str p = pl_str_c(print);
    const struct pl_finding *hit = NULL;
    for (size_t i = 0; i < x->report.n_targets; i++) {
        for (size_t k = 0; k < x->report.targets[i].n_findings; k++) {
            const struct pl_finding *f = &x->report.targets[i].findings[k];
            if (!pl_str_starts(f->print, p))
                continue;
            if (hit && !pl_str_eq(hit->print, f->print))
                return pl_fail(err, PL_E_USAGE, "'%s' begins more than one fingerprint", print);
            hit = f;
            name_finding(x, f);
        }
    }
    return hit ? 0 : pl_fail(err, PL_E_USAGE, "no finding '%s' in the image", print);
}

static int name_all(struct pl_scrub *x, struct pl_err *err)
{
    int r = 0;
    for (size_t i = 0; r == 0 && i < x->o.n_findings; i++)
        r = strlen(x->o.findings[i]) < 8
                ? pl_fail(err, PL_E_USAGE, "--finding %s: at least 8 digits", x->o.findings[i])
                : name_print(x, x->o.findings[i], err);
    for (size_t i = 0; !x->o.n_findings && i < x->report.n_targets; i++)
        for (size_t k = 0; k < x->report.targets[i].n_findings; k++)
            name_finding(x, &x->report.targets[i].findings[k]);
    /* what only hides in what stays behind has no finding of its own: name it by its hits */
    for (size_t i = 0; r == 0 && !x->o.n_findings && i < x->u->parts.n; i++) {
        const struct pl_record *rec = x->u->parts.p[i]->rec;
        for (size_t k = 0; rec && k < rec->hits.n; k++)
            *pl_map_put(&x->named, pl_str_n(rec->hits.p[k].hash, 32)) = x;
    }
    return r;
}

/* ---- documents ---- */

static void doc_hits(struct pl_scrub *x, struct pl_part *p)
{
    struct pl_work *w = pl_scrub_work(x, p);
    if (!p->rec->has_doc || w->places.n)
        return;
    for (size_t i = 0; i < p->rec->hits.n; i++) {
        const struct pl_hit *h = &p->rec->hits.p[i];
        if (!pl_scrub_named(x, h))
            continue;
        if (h->visible && !x->o.remove && !x->o.redact)
            pl_scrub_refuse(x, "%s %.*s is in effect: --remove or --redact",
                            pl_surface_name(h->where.surface),
                            PL_FMT(pl_str_sub(pl_scrub_mask(x, h->where.path), 0, 200)));
        struct pl_rewrite_place place = { h->where.surface, h->where.path };
        pl_vec_push(&w->places, place);
        pl_scrub_change(x, p, h->where.path, h->where.surface,
                        x->o.redact ? "redacted" : "blanked");
    }
}

/* Is it a document that goes over? Artifacts are judged as a whole. */
static bool is_carried(const struct pl_unit *u, const struct pl_part *p)
{
    if (p->role == PL_ROLE_INDEX && p->blob)
        return pl_str_is(p->blob->name, "index.json") || p->blob->digest.set;
    if (p->role != PL_ROLE_CONFIG && p->role != PL_ROLE_MANIFEST)
        return false;
    for (size_t i = 0; i < u->images.n; i++)
        if (p == u->images.p[i].config || p == u->images.p[i].manifest)
            return true;
    return false;
}

static int complete(struct pl_scrub *x, struct pl_err *err)
{
    for (size_t i = 0; i < x->report.n_targets; i++) {
        const struct pl_target *t = &x->report.targets[i];
        for (size_t k = 0; k < t->n_notes; k++)
            if (t->notes[k].incomplete)
                return pl_fail(err, PL_E_IO,
                               "the image could not be read whole, so nothing says "
                               "that the secret is gone: %.*s: %.*s",
                               PL_FMT(pl_str_sub(t->notes[k].where, 0, 120)),
                               PL_FMT(pl_str_sub(t->notes[k].message, 0, 200)));
        if (!t->complete)
            return pl_fail(err, PL_E_IO, "the image could not be read whole");
    }
    return 0;
}

static void tell_images(struct pl_scrub *x)
{
    const struct pl_unit *u = x->u;
    x->r.images = pl_alloc_n(&x->a, u->images.n, sizeof *x->r.images);
    x->r.n_images = u->images.n;
    for (size_t i = 0; i < u->images.n; i++) {
        const struct pl_image *im = &u->images.p[i];
        const struct pl_target *t = &x->report.targets[i];
        struct pl_scrub_image *o = &x->r.images[i];
        *o = (struct pl_scrub_image){
            .name = t->name, .platform = t->platform, .digest = t->digest, .n_layers = im->n_layers
        };
        struct pl_digest c = im->config ? pl_scrub_digest(im->config) : (struct pl_digest){ 0 };
        o->config = pl_digest_text(&x->a, &c);
        o->changed = im->config && pl_scrub_work(x, im->config)->changed;
        o->changed |= im->manifest && pl_scrub_work(x, im->manifest)->changed;
        o->layers = pl_alloc_n(&x->a, im->n_layers, sizeof *o->layers);
        for (size_t k = 0; k < im->n_layers; k++)
            o->layers[k] =
                (struct pl_scrub_layer){ .index = (uint32_t)k,
                                         .digest = t->layers[k].digest,
                                         .diff_id = t->layers[k].diff_id,
                                         .changed = im->layers[k] &&
                                                    pl_scrub_work(x, im->layers[k])->rewrite };
    }
}

static void tell(struct pl_scrub *x)
{
    x->r.before = &x->report;
    x->r.named = x->named_findings.p;
    x->r.n_named = x->named_findings.n;
    x->r.changes = x->changes.p;
    x->r.n_changes = x->changes.n;
    x->r.refused = x->refused.p;
    x->r.n_refused = x->refused.n;
    x->r.signatures = x->signatures.p;
    x->r.n_signatures = x->signatures.n;
    tell_images(x);
}

static int plan(struct pl_scrub *x, const char *target, struct pl_err *err)
{
    int r = pl_unit_read(x->scan, target, &x->u, err);
    if (r < 0)
        return r;
    if (x->u->src->form == PL_SRC_TREE)
        return pl_fail(err, PL_E_USAGE, "'%s' is no image", target);
    if (x->u->src->form == PL_SRC_STREAM)
        return pl_fail(err, PL_E_USAGE, "'%s' can be read only once; save it to a file first",
                       target);
    x->report.a = &x->a;
    pl_unit_report(x->u, &x->report);
    r = complete(x, err);
    if (r == 0)
        r = name_all(x, err);
    if (r < 0)
        return r;
    pl_scrub_values(x);
    r = pl_scrub_search(x, err);
    if (r < 0)
        return r;
    for (size_t i = 0; i < x->u->images.n; i++)
        pl_scrub_layers(x, &x->u->images.p[i]);
    for (size_t i = 0; i < x->u->parts.n; i++)
        if (is_carried(x->u, x->u->parts.p[i]))
            doc_hits(x, x->u->parts.p[i]);
    pl_scrub_judge(x);
    if (x->o.dry && !x->refused.n)
        r = pl_scrub_try(x, err);
    tell(x);
    return r;
}

int pl_scrub_plan(struct pl_scan *s, const char *target, const struct pl_scrub_opts *o,
                  struct pl_scrub **ret, struct pl_err *err)
{
    struct pl_scrub *x = calloc(1, sizeof *x);
    if (!x)
        pl_oom();
    x->scan = s;
    x->reveal = s->o.reveal;
    s->o.reveal = true; /* what is taken out must be known */
    x->packages = s->o.packages;
    s->o.packages = false;
    x->o = *o;
    x->named.a = x->works.a = &x->a;
    int r = plan(x, target, err);
    if (r < 0) {
        pl_scrub_free(x);
        return r;
    }
    *ret = x;
    return 0;
}

const struct pl_scrub_result *pl_scrub_result(const struct pl_scrub *x)
{
    return &x->r;
}

/* ---- the check ---- */

static int left(struct pl_scrub *x, struct pl_unit *u, struct pl_err *err)
{
    struct pl_report report = { .a = &x->a };
    pl_unit_report(u, &report);
    for (size_t i = 0; i < u->parts.n; i++) {
        const struct pl_part *p = u->parts.p[i];
        for (size_t k = 0; p->rec && k < p->rec->hits.n; k++) {
            const struct pl_hit *h = &p->rec->hits.p[k];
            if (pl_scrub_named(x, h))
                return pl_fail(err, PL_E_DIGEST,
                               "the new image still holds %.*s (%s %.*s in "
                               "%.*s); nothing was kept",
                               PL_FMT(h->evidence), pl_surface_name(h->where.surface),
                               PL_FMT(pl_str_sub(pl_scrub_mask(x, h->where.path), 0, 100)),
                               PL_FMT(p->blob ? p->blob->name : PL_S("the archive")));
        }
    }
    for (size_t i = 0; i < report.n_targets; i++)
        if (!report.targets[i].complete)
            return pl_fail(err, PL_E_IO, "the new image could not be read whole: %.*s",
                           PL_FMT(report.targets[i].n_notes ? report.targets[i].notes[0].message
                                                            : PL_S("incomplete")));
    return 0;
}

static void wipe(const struct pl_unit *u)
{
    for (size_t i = 0; u && i < u->parts.n; i++) {
        struct pl_record *r = u->parts.p[i]->rec;
        for (size_t k = 0; r && k < r->hits.n; k++)
            if (r->hits.p[k].has_value && r->hits.p[k].value.n)
                explicit_bzero((char *)(uintptr_t)r->hits.p[k].value.p, r->hits.p[k].value.n);
    }
}

int pl_scrub_check(struct pl_scrub *x, const char *out, struct pl_err *err)
{
    struct pl_unit *u = NULL;
    const struct pl_platform *platforms = x->scan->o.platforms;
    size_t n = x->scan->o.n_platforms;
    x->scan->o.n_platforms = 0; /* all there is */
    pl_scrub_search_all(x);
    int r = pl_unit_read(x->scan, out, &u, err);
    x->scan->o.platforms = platforms;
    x->scan->o.n_platforms = n;
    if (r == 0)
        r = left(x, u, err);
    wipe(u);
    pl_unit_free(u);
    return r;
}

static void wipe_report(const struct pl_report *r)
{
    for (size_t i = 0; i < r->n_targets; i++)
        for (size_t k = 0; k < r->targets[i].n_findings; k++) {
            struct pl_str s = r->targets[i].findings[k].secret;
            if (s.n)
                explicit_bzero((char *)(uintptr_t)s.p, s.n);
        }
}

void pl_scrub_free(struct pl_scrub *x)
{
    if (!x)
        return;
    x->scan->o.reveal = x->reveal;
    x->scan->o.packages = x->packages;
    pl_scrub_search_end(x);
    wipe(x->u);
    wipe_report(&x->report);
    for (size_t i = 0; i < x->order.n; i++) {
        struct pl_work *w = x->order.p[i];
        for (size_t k = 0; k < w->fates.n; k++)
            pl_vec_release(&w->fates.p[k].blanks);
        pl_vec_release(&w->fates);
        pl_vec_release(&w->places);
        pl_map_release(&w->by_ordinal);
    }
    pl_vec_release(&x->order);
    pl_vec_release(&x->values);
    pl_vec_release(&x->named_findings);
    pl_vec_release(&x->changes);
    pl_vec_release(&x->refused);
    pl_vec_release(&x->signatures);
    pl_vec_release(&x->tops);
    pl_map_release(&x->named);
    pl_map_release(&x->works);
    pl_unit_free(x->u);
    pl_arena_release(&x->a);
    free(x);
}
