/* Child: files to catalogers, packages to the parent. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "scan/pkgfeed.h"

#include "pkg/binary.h"
#include "pkg/store_path.h"

#define LARGE_FROM ((size_t)8 << 20)

struct out {
    struct pl_worker *w;
    const struct pl_spot *at;
    struct pl_claim claim; /* not yet sent; `file` has room for PL_CLAIM_FILES */
    struct pl_buf owner;
    struct pl_arena *a;
};

static void on_package(void *arg, const struct pl_pkg *p)
{
    struct out *o = arg;
    struct pl_pkg x = *p;
    size_t mark;
    x.ordinal = o->at->ordinal;
    x.nested = o->at->nested;
    struct pl_buf *b = pl_chan_begin(&o->w->chan, PL_MSG_PKG, &mark);
    pl_put_pkg(b, &x);
    pl_chan_end(&o->w->chan, mark);
}

/* The root that a package list stands in: all before its own folders. */
static struct pl_str root_of(struct pl_str path)
{
    struct pl_str root = path;
    return pl_pkg_list_root(path, &root) ? root : PL_S("");
}

static void send_claim(struct out *o)
{
    size_t mark;
    if (!o->claim.n)
        return;
    o->claim.root = root_of(o->at->path);
    o->claim.owner = pl_buf_str(&o->owner);
    struct pl_buf *b = pl_chan_begin(&o->w->chan, PL_MSG_OWN, &mark);
    pl_put_claim(b, &o->claim);
    pl_chan_end(&o->w->chan, mark);
    o->claim.n = 0;
}

static void on_own(void *arg, struct pl_str owner, struct pl_str path, const struct pl_sum *sum)
{
    struct out *o = arg;
    if (o->at->nested.n)
        return;
    if (!o->claim.file)
        o->claim.file = pl_alloc_n(o->a, PL_CLAIM_FILES, sizeof *o->claim.file);
    if (!o->claim.sum && sum->alg)
        o->claim.sum = pl_alloc_n(o->a, PL_CLAIM_FILES, sizeof *o->claim.sum);
    if (o->claim.n == PL_CLAIM_FILES || !pl_str_eq(owner, pl_buf_str(&o->owner)) ||
        o->claim.alg != sum->alg || o->claim.partial != sum->partial)
        send_claim(o);
    o->claim.alg = (uint8_t)sum->alg;
    o->claim.partial = sum->partial;
    if (sum->alg)
        o->claim.sum[o->claim.n] = sum->head;
    pl_buf_clear(&o->owner);
    pl_buf_putn(&o->owner, owner.p, owner.n);
    o->claim.file[o->claim.n++] = pl_claim_hash(path);
}

static struct pl_str name_of(const struct pl_spot *at)
{
    return at->nested.n ? at->outer : at->path;
}

static void on_note(void *arg, bool incomplete, const char *code, const char *message)
{
    struct out *o = arg;
    if (!(o->w->job.flags & PL_JOBF_OWNERS))
        pl_worker_note(o->w, PL_SCOPE_ENTRY, incomplete, code, name_of(o->at), "%s", message);
}

/* A folder of a store is a package: told with the first of its files that come by in a row. */
static void tell_store(struct pl_worker *w, const struct pl_spot *at)
{
    struct pl_pkg p;
    struct pl_str folder;
    struct out o = { .w = w, .at = at };
    if (at->nested.n || !pl_pkg_store_path(at->path, &p, &folder))
        return;
    uint64_t hash = pl_str_hash(folder);
    bool goes_on = hash == w->store_folder && at->ordinal > w->store_ordinal;
    w->store_folder = hash;
    w->store_ordinal = at->ordinal;
    p.by = PL_S("store-path");
    if (!goes_on)
        on_package(&o, &p);
}

void pl_pkgfeed_begin(struct pl_pkgfeed *f, struct pl_worker *w, const struct pl_spot *at,
                      struct pl_str head)
{
    if (!(w->job.flags & PL_JOBF_PACKAGES) || at->surface != PL_SURF_FILE || at->value ||
        at->raw_too || at->packed || at->ordinal == PL_NEVER)
        return;
    pl_pkgpend_pass(w, at);
    tell_store(w, at);
    f->c = pl_cataloger_for(at->path, pl_str_sub(head, 0, 512));
    f->program = pl_pkg_is_program(head);
    pl_classify_begin(&f->classes, at->path);
    if (f->c)
        f->b.max = f->c->max;
}

static void look_through(struct pl_pkgfeed *f, struct pl_worker *w, const struct pl_spot *at,
                         struct pl_str window, size_t from, size_t to, bool last)
{
    struct out o = { .w = w, .at = at };
    struct pl_arena a = { 0 };
    struct pl_pkg_sink s = { .emit = on_package, .note = on_note, .arg = &o, .a = &a };
    if (f->program)
        pl_pkg_program((const uint8_t *)window.p, window.n, from, to, last, &s);
    pl_classify_look(&f->classes, (const uint8_t *)window.p, window.n, &s);
    pl_arena_release(&a);
}

void pl_pkgfeed_run(struct pl_worker *w, const struct pl_spot *at, struct pl_str bytes)
{
    struct pl_arena a = { 0 };
    struct out o = { .w = w, .at = at, .a = &a };
    struct pl_pkg_sink s = {
        .emit = on_package, .note = on_note, .own = on_own, .arg = &o, .a = &a
    };
    if (at->nested.n) /* the last is the member itself */
        s.archive = at->nested.n > 1 ? at->nested.p[at->nested.n - 2] : at->outer;
    const struct pl_cataloger *c = pl_cataloger_for(at->path, pl_str_sub(bytes, 0, 512));
    if (c)
        pl_cataloger_run(c, at->path, bytes, &s);
    send_claim(&o);
    pl_buf_release(&o.owner);
    pl_arena_release(&a);
}

/* Keeps a piece; beyond LARGE_FROM in the large slot, which one worker has at a time. */
static void keep(struct pl_pkgfeed *f, struct pl_worker *w, const struct pl_spot *at,
                 struct pl_str bytes)
{
    struct pl_err err = { 0 };
    if (f->b.n + bytes.n > LARGE_FROM && !w->large)
        f->large = w->large = pl_chan_large(&w->chan);
    if (pl_buf_add(&f->b, bytes.p, bytes.n, &err) == 0)
        return;
    f->over = true;
    if (!(w->job.flags & PL_JOBF_OWNERS))
        pl_worker_note(w, PL_SCOPE_ENTRY, true, "limit", name_of(at), "package list %s: %s",
                       f->c->id, err.msg);
    pl_buf_release(&f->b);
}

void pl_pkgfeed_add(struct pl_pkgfeed *f, struct pl_worker *w, const struct pl_spot *at,
                    struct pl_str window, size_t from, size_t to, bool last)
{
    struct pl_str bytes = pl_str_sub(window, from, to - from);
    if (f->program || f->classes.n)
        look_through(f, w, at, window, from, to, last);
    if (last)
        pl_classify_release(&f->classes);
    if (!f->c)
        return;
    bool waits = pl_pkgpend_wants(at);
    if (!f->over && (!last || f->b.n || waits))
        keep(f, w, at, bytes);
    if (!last)
        return;
    if (!f->over && waits) {
        pl_pkgpend_take(w, at, &f->b, f->large);
        f->large = false;
    } else if (!f->over) {
        pl_pkgfeed_run(w, at, f->b.n ? pl_buf_str(&f->b) : bytes);
    }
    if (f->large) {
        pl_chan_large_end(&w->chan);
        w->large = false;
    }
    f->large = false;
    pl_pkgfeed_release(f);
}

void pl_pkgfeed_release(struct pl_pkgfeed *f)
{
    pl_buf_release(&f->b);
    pl_classify_release(&f->classes);
    f->c = NULL;
}
