/* An image in a registry: the documents behind its tags, and what else speaks of them.
 * distribution-spec, "Listing Referrers". */
/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "scan/keep.h"
#include "scan/scan_int.h"
#include "scan/unit_int.h"
#include "source/docker.h"
#include "source/remote.h"

static void add_level(struct pl_walk *w, struct pl_blob *b, const struct pl_top *top, bool referrer)
{
    struct pl_unit *u = w->u;
    struct pl_part *p = b->user ? pl_part_of(b) : pl_part_new(u, b);
    struct pl_descriptor *d = PL_NEW(&u->a, struct pl_descriptor);
    *d = (struct pl_descriptor){ .digest = b->digest, .size = b->data.n };
    if (pl_doc_kind_of(b->type) == PL_DOC_INDEX || pl_doc_kind_of(b->type) == PL_DOC_MANIFEST)
        d->media_type = b->type;
    d->ref_name = referrer ? PL_S("") : top->tag;
    if (p->role == PL_ROLE_ORPHAN)
        p->role = PL_ROLE_MANIFEST;
    if (!p->desc)
        p->desc = d;
    struct pl_level l = { p, d, 1, true, top, referrer };
    pl_vec_push(&w->now, l);
}

struct pages {
    struct pl_walk *w;
    const struct pl_top *top;
    const struct pl_digest *subject;
    unsigned n;
};

static int on_page(void *arg, const void *p, size_t n, struct pl_err *err)
{
    struct pages *x = arg;
    struct pl_unit *u = x->w->u;
    struct pl_arena a = { 0 };
    struct pl_str name =
        pl_printf(&a, "referrers/%.*s/%u", PL_FMT(pl_digest_text(&a, x->subject)), x->n++);
    (void)err;
    add_level(x->w, pl_docker_document(u->src, name, pl_str_n(p, n)), x->top, true);
    pl_arena_release(&a);
    return 0;
}

/* What else speaks of a manifest: the registry's list, and the tags of signatures. Rows 26, 27. */
static int refer(struct pl_walk *w, const struct pl_top *top, const struct pl_digest *subject)
{
    static const char *const suffixes[] = { ".sig", ".att", ".sbom" };
    struct pl_unit *u = w->u;
    struct pages x = { w, top, subject, 0 };
    struct pl_err err = { 0 };
    struct pl_str tag = pl_referrers_tag(&u->a, subject);
    if (pl_remote_referrers(u->src->remote, top->repo, subject, on_page, &x, &err) < 0)
        pl_unit_note(u, true, "unreadable", PL_S("referrers"), "%s", err.msg);
    for (size_t i = 0; i < sizeof suffixes / sizeof *suffixes && err.code != PL_E_CANCEL; i++) {
        err = (struct pl_err){ 0 };
        struct pl_str name = pl_printf(&u->a, "%.*s%s", PL_FMT(tag), suffixes[i]);
        struct pl_blob *b = pl_docker_tagged(u->src, top->repo, name, &err);
        if (b)
            add_level(w, b, top, true);
        else if (err.code)
            pl_unit_note(u, true, "unreadable", name, "%s", err.msg);
    }
    return err.code == PL_E_CANCEL ? PL_E_CANCEL : 0;
}

/* Once for each index and image manifest. */
static int refer_all(struct pl_walk *w, struct pl_err *err)
{
    struct pl_unit *u = w->u;
    struct pl_map seen = { .a = &u->a };
    int r = 0;
    for (size_t i = 0; r == 0 && i < w->subjects.n; i++) {
        const struct pl_level *l = &w->subjects.p[i];
        const struct pl_digest *d = &l->part->blob->digest;
        struct pl_str key =
            pl_printf(&u->a, "%.*s@%.*s", PL_FMT(l->top->repo), PL_FMT(pl_digest_text(&u->a, d)));
        void **mark = pl_map_put(&seen, key);
        if (*mark)
            continue;
        *mark = w;
        if (refer(w, l->top, d) < 0)
            r = pl_fail(err, PL_E_CANCEL, "interrupted");
    }
    pl_map_release(&seen);
    return r;
}

int pl_unit_read_remote(struct pl_unit *u, struct pl_err *err)
{
    struct pl_walk w = { .u = u };
    int r = 0;
    for (size_t i = 0; r == 0 && i < u->src->tops.n; i++) {
        struct pl_top *t = &u->src->tops.p[i];
        struct pl_err one = { 0 };
        int x = pl_docker_top(u->src, t, &one);
        if (x == PL_E_CANCEL)
            r = pl_fail(err, PL_E_CANCEL, "interrupted");
        else if (x < 0)
            pl_unit_note(u, true, "unreadable", t->name, "%s", one.msg);
        else
            add_level(&w, t->blob, t, false);
    }
    if (r == 0)
        r = pl_walk_levels(&w, err);
    if (r == 0 && !pl_unit_keep_found(u))
        r = refer_all(&w, err);
    if (r == 0)
        r = pl_walk_levels(&w, err);
    pl_vec_release(&w.now);
    pl_vec_release(&w.next);
    pl_vec_release(&w.subjects);
    return r;
}
