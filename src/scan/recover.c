/* `recover`: the exact bytes of one version. The target is read twice: once to know what there is,
 * once, from the one blob that holds it, for the bytes; both must agree. forensics.md section 7. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "base/hash.h"
#include "base/near.h"
#include "scan/scan_int.h"

struct sink {
    const struct pl_recover_opts *o;
    struct pl_hash *hash;
    uint64_t size;
    int failed;
    struct pl_err err;
};

static void on_bytes(struct pl_task *t, const void *p, size_t n)
{
    struct sink *s = t->bytes_arg;
    pl_hash_add(s->hash, p, n);
    s->size += n;
    if (!s->failed)
        s->failed = s->o->sink(s->o->arg, p, n, &s->err);
}

/* Runs the job that brings the bytes; `expect` (may be NULL) is the digest of the first pass. */
static int grab(struct pl_unit *u, struct pl_part *p, const struct pl_job_params *params,
                const struct pl_recover_opts *o, const uint8_t *expect, struct pl_recovered *ret,
                struct pl_err *err)
{
    struct sink s = { .o = o, .hash = pl_hash_new(PL_HASH_SHA256) };
    uint8_t sum[PL_HASH_MAX];
    int r = pl_unit_grab(u, p, params, on_bytes, &s, err);
    pl_hash_end(s.hash, sum);
    pl_hash_free(s.hash);
    memcpy(ret->sha256, sum, 32);
    ret->size = s.size;
    if (r == 0 && s.failed) {
        *err = s.err;
        r = s.failed;
    }
    if (r == 0 && expect && memcmp(expect, sum, 32) != 0)
        r = pl_fail(err, PL_E_DIGEST, "the bytes are not those that the first reading saw");
    return r;
}

struct choice {
    const struct pl_image *im;
    size_t image;
    const struct pl_version *v;
};

static void other_command(const struct pl_unit *u, const struct pl_version *v, struct pl_arena *a,
                          struct pl_recovered *ret, size_t max)
{
    if (ret->n_others >= max)
        return;
    struct pl_str copy = { "", 0 };
    if (v->copy)
        copy = pl_printf(a, " --copy %u", v->copy);
    ret->others[ret->n_others++] =
        pl_printf(a, "plimsoll recover %.*s %.*s --layer %u%.*s -o FILE", PL_FMT(u->src->typed),
                  PL_FMT(v->path), v->layer, PL_FMT(copy));
}

/* A hard link has the bytes of what it points to: same layer first, then below. */
static const struct pl_version *bytes_of(const struct pl_version *v, struct pl_version *const *all,
                                         size_t n)
{
    for (unsigned hops = 0; v && v->kind == PL_ENTRY_HARDLINK && v->size == 0 && hops < 40;
         hops++) {
        const struct pl_version *to = NULL;
        for (size_t i = 0; i < n; i++) {
            if (!pl_str_eq(all[i]->path, v->link) && !pl_str_eq(all[i]->place, v->link))
                continue;
            if (all[i]->layer < v->layer ||
                (all[i]->layer == v->layer && all[i]->ordinal < v->ordinal))
                to = all[i];
        }
        v = to;
    }
    return v;
}

static const uint8_t *first_hash(const struct pl_record *r, uint32_t ordinal)
{
    for (size_t i = 0; i < r->hashes.n; i++)
        if (r->hashes.p[i].ordinal == ordinal)
            return r->hashes.p[i].sum;
    return NULL;
}

static int by_path(struct pl_unit *u, const struct pl_report *report,
                   const struct pl_recover_opts *o, struct pl_arena *a, struct pl_recovered *ret,
                   struct pl_err *err)
{
    for (size_t i = 0; i < u->images.n; i++) {
        const struct pl_image *im = &u->images.p[i];
        struct pl_record *notes = calloc(1, sizeof *notes);
        uint64_t *files = pl_alloc_n(a, im->n_layers, sizeof *files);
        struct pl_tree *t = pl_unit_tree(im, true, o->what, notes, files, NULL);
        const struct pl_version *pick = NULL;
        size_t n;
        struct pl_version *const *v = pl_tree_versions(t, &n);
        ret->others = pl_alloc_n(a, n, sizeof *ret->others);
        for (size_t k = 0; k < n; k++) {
            if ((!pl_str_eq(v[k]->path, o->what) && !pl_str_eq(v[k]->place, o->what)) ||
                v[k]->kind == PL_ENTRY_DIR)
                continue;
            if ((o->layer == PL_NEVER || o->layer == v[k]->layer) &&
                (o->copy == PL_NEVER || o->copy == v[k]->copy)) {
                if (pick)
                    other_command(u, pick, a, ret, n);
                pick = v[k];
            } else {
                other_command(u, v[k], a, ret, n);
            }
        }
        int r = PL_E_NOENT;
        struct pl_tree *wide = NULL;
        if (pick) {
            ret->layer = report->targets[i].layers[pick->layer];
            ret->path = pl_dup(a, pick->path);
            const struct pl_version *has = pick;
            if (pick->kind == PL_ENTRY_HARDLINK && pick->size == 0) {
                wide = pl_tree_new(true);
                pl_tree_watch_path(wide, pick->link);
                pl_tree_watch_path(wide, pick->path);
                for (size_t l = 0; l < im->n_layers; l++)
                    if (im->layers[l] && im->layers[l]->rec)
                        pl_tree_apply(wide, (uint32_t)l, im->layers[l]->rec, notes, &files[l], NULL,
                                      err);
                size_t m;
                struct pl_version *const *w = pl_tree_versions(wide, &m);
                has = bytes_of(pl_tree_find(wide, pick->layer, pick->ordinal), w, m);
            }
            if (!has || has->kind == PL_ENTRY_SYMLINK) {
                r = pl_fail(err, PL_E_USAGE, "'%.*s' is a link%s%.*s", PL_FMT(o->what),
                            pick->link.n ? " to " : "", PL_FMT(pick->link));
            } else {
                struct pl_job_params p = { .kind = PL_JOB_BLOB,
                                           .grab = PL_GRAB_ENTRY,
                                           .ordinal = has->ordinal };
                struct pl_part *part = im->layers[has->layer];
                r = grab(u, part, &p, o, first_hash(part->rec, has->ordinal), ret, err);
                if (r == 0 && ret->size != has->size)
                    r = pl_fail(err, PL_E_IO, "only %llu of %llu bytes could be read",
                                (unsigned long long)ret->size, (unsigned long long)has->size);
            }
        }
        pl_tree_free(wide);
        pl_tree_free(t);
        pl_record_free(notes);
        if (r != PL_E_NOENT)
            return r;
    }
    return PL_E_NOENT;
}

/* The part and the hit behind a finding of the report. */
struct origin {
    struct pl_part *part;
    const struct pl_hit *hit;
};

static bool nested_ends(const struct pl_names *have, const struct pl_names *hit)
{
    if (have->n < hit->n)
        return false;
    for (size_t i = 0; i < hit->n; i++)
        if (!pl_str_eq(have->p[have->n - hit->n + i], hit->p[i]))
            return false;
    return true;
}

static bool find_origin(struct pl_unit *u, const struct pl_finding *f, struct origin *ret)
{
    for (size_t i = 0; i < u->parts.n; i++) {
        struct pl_part *p = u->parts.p[i];
        for (size_t k = 0; p->blob && p->rec && k < p->rec->hits.n; k++) {
            const struct pl_hit *h = &p->rec->hits.p[k];
            const struct pl_rule *rule = pl_rules_at(u->scan->ctx.rules, h->rule);
            bool outer = f->where.surface == PL_SURF_ORPHAN_BLOB ||
                         f->where.surface == PL_SURF_ATTESTATION ||
                         f->where.surface == PL_SURF_REFERRER ||
                         f->where.surface == PL_SURF_CONFIG || f->where.surface == PL_SURF_INDEX;
            if (memcmp(h->hash, f->secret_hash, 32) != 0 || !pl_str_is(f->rule, rule->id) ||
                h->where.off != f->where.off || !nested_ends(&f->where.nested, &h->where.nested))
                continue;
            if (h->where.surface == f->where.surface &&
                (!h->where.path.n || pl_str_eq(h->where.path, f->where.path))) {
                *ret = (struct origin){ p, h };
                return true;
            }
            if (outer && (pl_str_eq(f->where.path, p->blob->name) ||
                          pl_str_eq(f->where.path, h->where.path))) {
                *ret = (struct origin){ p, h };
                return true;
            }
        }
    }
    return false;
}

static int by_finding(struct pl_unit *u, const struct pl_report *report, const struct pl_target *t,
                      const struct pl_finding *f, const struct pl_recover_opts *o,
                      struct pl_recovered *ret, struct pl_err *err)
{
    struct origin from;
    (void)report;
    if (!find_origin(u, f, &from))
        return pl_fail(err, PL_E_NOENT, "that finding is of nothing that can be recovered");
    if (f->span.introduced != PL_NEVER && f->span.introduced < t->n_layers)
        ret->layer = t->layers[f->span.introduced];
    ret->path = f->where.path;
    const struct pl_hit *h = from.hit;
    struct pl_job_params p = { .kind = PL_JOB_BLOB,
                               .flags = PL_JOBF_SECRETS,
                               .ordinal = h->ordinal,
                               .nested = h->where.nested,
                               .path = h->where.path };
    memcpy(p.secret, h->hash, 32);
    if (from.part->rec->done.kind == PL_BLOB_DOC)
        p.grab = PL_GRAB_STRING;
    else if (h->where.surface != PL_SURF_FILE)
        p.grab = PL_GRAB_PART;
    else
        p.grab = h->ordinal == PL_NEVER ? PL_GRAB_RAW : PL_GRAB_ENTRY;
    int r = grab(u, from.part, &p, o, NULL, ret, err);
    if (r == 0 && ret->size == 0)
        r = pl_fail(err, PL_E_IO, "nothing could be read there");
    return r;
}

static bool is_fingerprint(struct pl_str s)
{
    if (s.n < 8 || s.n > 64)
        return false;
    for (size_t i = 0; i < s.n; i++)
        if (!((s.p[i] >= '0' && s.p[i] <= '9') || (s.p[i] >= 'a' && s.p[i] <= 'f')))
            return false;
    return true;
}

/* Names the nearest path that exists. */
static int no_such(struct pl_unit *u, const struct pl_recover_opts *o, struct pl_err *err)
{
    const char *near = NULL;
    struct pl_arena a = { 0 };
    for (size_t i = 0; i < u->parts.n && !near; i++) {
        const struct pl_record *r = u->parts.p[i]->rec;
        if (!r || !r->n_entries)
            continue;
        struct pl_entries it;
        struct pl_entry e;
        pl_entries_begin(&it, r);
        while (!near && pl_entries_next(&it, &e)) {
            const char *path = pl_dup(&a, e.path).p;
            const char *slash = strrchr(path, '/');
            const char *base[2] = { path, slash ? slash + 1 : path };
            if (pl_near(o->what, base, 2))
                near = path;
        }
        pl_entries_end(&it);
    }
    int r = pl_fail(err, PL_E_NOENT, "no '%.*s' in the image%s%s%s", PL_FMT(o->what),
                    near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
    pl_arena_release(&a);
    return r;
}

static int choose(struct pl_unit *u, const struct pl_report *report,
                  const struct pl_recover_opts *o, struct pl_arena *a, struct pl_recovered *ret,
                  struct pl_err *err)
{
    const struct pl_finding *hit = NULL;
    const struct pl_target *in = NULL;
    if (is_fingerprint(o->what)) {
        for (size_t i = 0; i < report->n_targets; i++) {
            for (size_t k = 0; k < report->targets[i].n_findings; k++) {
                const struct pl_finding *f = &report->targets[i].findings[k];
                if (!pl_str_starts(f->print, o->what))
                    continue;
                if (hit && !pl_str_eq(hit->print, f->print))
                    return pl_fail(err, PL_E_USAGE, "'%.*s' begins more than one fingerprint",
                                   PL_FMT(o->what));
                if (!hit) {
                    hit = f;
                    in = &report->targets[i];
                }
            }
        }
    }
    if (hit)
        return by_finding(u, report, in, hit, o, ret, err);
    int r = by_path(u, report, o, a, ret, err);
    return r == PL_E_NOENT ? no_such(u, o, err) : r;
}

int pl_scan_recover(struct pl_scan *s, const char *target, const struct pl_recover_opts *o,
                    struct pl_arena *a, struct pl_recovered *ret, struct pl_err *err)
{
    struct pl_unit *u = NULL;
    const struct pl_scan_opts whole = s->o;
    s->hash_path = o->what;
    s->o.secrets &= is_fingerprint(o->what); /* a path is found by the entries alone */
    s->o.packages = false;
    int r = pl_unit_read(s, target, &u, err);
    s->o = whole;
    s->hash_path = PL_S("");
    if (r < 0)
        return r;
    *ret = (struct pl_recovered){ .layer.index = PL_NEVER };
    struct pl_report report = { .a = a };
    if (u->src->form == PL_SRC_TREE)
        r = pl_fail(err, PL_E_USAGE, "'%s' is a directory: its files are there as they are",
                    target);
    else if (u->src->form == PL_SRC_STREAM)
        r = pl_fail(err, PL_E_USAGE, "'%s' can be read only once; save it to a file first", target);
    if (r == 0) {
        pl_unit_report(u, &report);
        r = choose(u, &report, o, a, ret, err);
    }
    pl_unit_free(u);
    return r;
}
