/* Parent: hits of a repository become findings: one for each secret and path, at the commit that
 * brought it there. secrets.md section 10, 4. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>

#include "base/hash.h"
#include "scan/gitjob.h"
#include "scan/gitunit.h"

/* ---- gathering ---- */

static void add_hit(struct pl_git_unit *u, const struct pl_hit *h, struct pl_git_place_of at)
{
    struct pl_git_hit x = {
        .hit = h, .blob = at.blob, .commit = at.commit, .path = at.path, .versions = 1
    };
    pl_vec_push(&u->hits, x);
}

/* A hit of blob and kind of path counts at every place of that kind. */
static void add_places(struct pl_git_unit *u, const struct pl_hit *h,
                       const struct pl_git_place_of *item)
{
    const struct pl_git_place_of *first = &u->first.p[item->blob];
    if (first->kind == item->kind)
        add_hit(u, h, *first);
    if (!first->kind)
        return;
    for (size_t i = pl_git_places_more(u, item->blob);
         i < u->more.n && u->more.p[i].blob == item->blob; i++)
        if (u->more.p[i].kind == item->kind)
            add_hit(u, h, u->more.p[i]);
}

static uint32_t commit_number(struct pl_git_unit *u, struct pl_str hex)
{
    uint8_t oid[PL_OID];
    for (uint32_t i = u->commit_set.n; i < u->n_commits; i++)
        pl_oidmap_put(&u->commit_set, u->commits + (size_t)i * PL_OID, NULL);
    return pl_unhex(hex, oid, PL_OID) ? pl_oidmap_find(&u->commit_set, oid) : PL_NEVER;
}

static void slice_hits(struct pl_git_unit *u, const struct pl_git_slice *s)
{
    for (size_t i = 0; s->rec && i < s->rec->hits.n; i++) {
        const struct pl_hit *h = &s->rec->hits.p[i];
        if (h->ordinal == PL_NEVER && h->where.surface == PL_SURF_HISTORY) {
            struct pl_git_place_of at = { PL_OID_NONE, commit_number(u, h->where.path), PL_OID_NONE,
                                          0 };
            add_hit(u, h, at);
        } else if (h->ordinal < s->n) {
            add_places(u, h, &s->items[h->ordinal]);
        }
    }
}

static int same_place(const struct pl_git_hit *a, const struct pl_git_hit *b)
{
    const struct pl_hit *x = a->hit, *y = b->hit;
    int c;
    if (a->path != b->path)
        return a->path < b->path ? -1 : 1;
    if (x->where.surface != y->where.surface)
        return x->where.surface < y->where.surface ? -1 : 1;
    if (a->path == PL_OID_NONE && (c = pl_str_cmp(x->where.path, y->where.path)))
        return c;
    if (a->path == PL_OID_NONE && a->blob != b->blob)
        return a->blob < b->blob ? -1 : 1;
    if (x->rule != y->rule)
        return x->rule < y->rule ? -1 : 1;
    if ((c = memcmp(x->hash, y->hash, sizeof x->hash)))
        return c;
    for (size_t i = 0; i < x->where.nested.n && i < y->where.nested.n; i++)
        if ((c = pl_str_cmp(x->where.nested.p[i], y->where.nested.p[i])))
            return c;
    if (x->where.nested.n != y->where.nested.n)
        return x->where.nested.n < y->where.nested.n ? -1 : 1;
    return a->nth < b->nth ? -1 : a->nth > b->nth;
}

static int by_offset(const void *pa, const void *pb)
{
    const struct pl_git_hit *a = pa, *b = pb;
    int c = same_place(a, b);
    if (c)
        return c;
    if (a->blob != b->blob)
        return a->blob < b->blob ? -1 : 1;
    return a->hit->where.off < b->hit->where.off ? -1 : a->hit->where.off > b->hit->where.off;
}

/* The n-th time a secret stands in one version of a file is the n-th in another. */
static void number_hits(struct pl_git_unit *u)
{
    uint32_t nth = 0;
    qsort(u->hits.p, u->hits.n, sizeof *u->hits.p, by_offset);
    for (size_t i = 0; i < u->hits.n; i++) {
        struct pl_git_hit *h = &u->hits.p[i], *last = h - 1;
        uint32_t had = i ? last->nth : 0;
        if (i)
            last->nth = 0; /* numbers do not count in the comparison yet */
        bool again = i && last->blob == h->blob && same_place(last, h) == 0;
        nth = again ? had + 1 : 0;
        if (i)
            last->nth = had;
        h->nth = nth;
    }
}

static int by_place(const void *pa, const void *pb)
{
    const struct pl_git_hit *a = pa, *b = pb;
    int c = same_place(a, b);
    if (c)
        return c;
    if (a->commit != b->commit)
        return a->commit < b->commit ? -1 : 1;
    return a->blob < b->blob ? -1 : a->blob > b->blob;
}

/* The commit that brought it, or the tag whose message it stands in. */
static bool origin_of(const struct pl_git_unit *u, const struct pl_git_hit *h, uint8_t *ret)
{
    if (h->commit == PL_NEVER)
        return h->blob == PL_OID_NONE && pl_unhex(h->hit->where.path, ret, PL_OID);
    memcpy(ret, u->commits + (size_t)h->commit * PL_OID, PL_OID);
    return true;
}

bool pl_git_gather(struct pl_git_unit *u)
{
    for (size_t i = 0; i < u->slices.n; i++)
        slice_hits(u, u->slices.p[i]);
    if (!u->hits.n)
        return false;
    number_hits(u);
    qsort(u->hits.p, u->hits.n, sizeof *u->hits.p, by_place);
    for (size_t i = 0; i < u->hits.n; i++) {
        const struct pl_git_hit *h = &u->hits.p[i];
        if (h->blob != PL_OID_NONE)
            pl_oidmap_put(&u->asked_blobs, pl_oidmap_id(&u->blobs, h->blob), NULL);
        uint8_t oid[PL_OID];
        if ((i == 0 || same_place(h - 1, h) != 0) && origin_of(u, h, oid))
            pl_oidmap_put(&u->asked_commits, oid, NULL);
    }
    u->who = pl_alloc_n(u->report->a, u->asked_commits.n, sizeof *u->who);
    return true;
}

/* ---- what was asked ---- */

static struct pl_str date_text(struct pl_arena *a, int64_t time, int offset)
{
    if (offset < -1440 || offset > 1440 || time < 0 || time > 253402300799)
        return PL_S("");
    int64_t t = time + (int64_t)offset * 60, day = t / 86400, z = day + 719468;
    int64_t s = t - day * 86400;
    if (s < 0) {
        s += 86400;
        z--;
    }
    int64_t era = z / 146097, doe = z - era * 146097;
    int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100), mp = (5 * doy + 2) / 153;
    int64_t m = mp < 10 ? mp + 3 : mp - 9;
    int64_t y = yoe + era * 400 + (m <= 2);
    int off = offset < 0 ? -offset : offset;
    return pl_printf(a, "%04d-%02d-%02dT%02d:%02d:%02d%c%02d:%02d", (int)y, (int)m,
                     (int)(doy - (153 * mp + 2) / 5 + 1), (int)(s / 3600), (int)(s / 60 % 60),
                     (int)(s % 60), offset < 0 ? '-' : '+', off / 60, off % 60);
}

/* Blob and path as one key. */
static void head_key(const uint8_t *oid, struct pl_str path, uint8_t *ret)
{
    uint64_t h = pl_str_hash(path);
    memcpy(ret, oid, PL_OID);
    for (size_t i = 0; i < sizeof h; i++)
        ret[i] ^= (uint8_t)(h >> 8 * i);
}

bool pl_git_about_answer(struct pl_task *t, struct pl_str payload)
{
    struct pl_git_unit *u = ((struct pl_git_slice *)t->arg)->unit;
    struct pl_rd rd = { (const uint8_t *)payload.p, (const uint8_t *)payload.p + payload.n, false };
    uint8_t oid[PL_OID], key[PL_OID];
    uint8_t what = pl_get_u8(&rd);
    if (what == PL_GIT_HEAD) {
        pl_get_raw(&rd, oid, PL_OID);
        head_key(oid, pl_get_str(&rd), key);
        if (!rd.bad)
            pl_oidmap_put(&u->heads, key, NULL);
        return !rd.bad;
    }
    uint32_t i = pl_get_u32(&rd);
    if (what != PL_GIT_WHO || i >= u->asked_commits.n)
        return false;
    struct pl_commit *c = &u->who[i];
    c->author = pl_dup(u->report->a, pl_get_str(&rd));
    c->email = pl_dup(u->report->a, pl_get_str(&rd));
    int64_t time = (int64_t)pl_get_u64(&rd);
    c->date = date_text(u->report->a, time, (int)pl_get_u32(&rd));
    return !rd.bad;
}

/* ---- telling ---- */

static bool in_head(const struct pl_git_unit *u, const struct pl_git_hit *h)
{
    uint8_t key[PL_OID];
    if (h->blob == PL_OID_NONE || h->path == PL_OID_NONE)
        return false;
    head_key(pl_oidmap_id(&u->blobs, h->blob), u->paths.p[h->path], key);
    return pl_oidmap_find(&u->heads, key) != PL_OID_NONE;
}

static const struct pl_commit *commit_of(struct pl_git_unit *u, const struct pl_git_hit *h)
{
    uint8_t oid[PL_OID];
    if (!origin_of(u, h, oid))
        return NULL;
    uint32_t i = pl_oidmap_find(&u->asked_commits, oid);
    struct pl_commit *c = PL_NEW(u->report->a, struct pl_commit);
    char hex[2 * PL_OID + 1];
    if (i != PL_OID_NONE)
        *c = u->who[i];
    pl_hex(oid, PL_OID, hex);
    c->id = pl_dup(u->report->a, pl_str_c(hex));
    c->versions = h->versions;
    return c;
}

static void say_show(struct pl_git_unit *u, const struct pl_git_hit *h, struct pl_finding *f)
{
    struct pl_arena *a = u->report->a;
    char hex[2 * PL_OID + 1];
    struct pl_str repo =
        pl_quote(a, pl_str_c(u->place.work_tree ? u->place.work_tree : u->place.dir));
    if (h->blob == PL_OID_NONE) {
        f->recover =
            pl_printf(a, "git -C %.*s cat-file -p %.*s", PL_FMT(repo), PL_FMT(f->where.path));
        return;
    }
    pl_hex(pl_oidmap_id(&u->blobs, h->blob), PL_OID, hex);
    f->recover = pl_printf(a, "git -C %.*s cat-file blob %s", PL_FMT(repo), hex);
}

static bool tell_hit(struct pl_git_unit *u, const struct pl_git_hit *h, struct pl_finding *f)
{
    struct pl_arena *a = u->report->a;
    const struct pl_rules *rules = u->ctx.rules;
    char hex[2 * PL_OID + 1];
    if (!pl_hit_finding(rules, a, h->hit, f))
        return false;
    if (h->path != PL_OID_NONE) {
        f->where.path = pl_dup(a, u->paths.p[h->path]);
    } else if (h->blob != PL_OID_NONE) {
        pl_hex(pl_oidmap_id(&u->blobs, h->blob), PL_OID, hex);
        f->where.path = pl_dup(a, pl_str_c(hex));
    }
    f->span.visible = h->visible;
    f->commit = commit_of(u, h);
    say_show(u, h, f);
    f->print = pl_source_print(a, u->scan->o.salt, f->rule, f->secret_hash,
                               pl_rules_at(rules, h->hit->rule)->generic);
    return true;
}

static int by_commit(const void *pa, const void *pb)
{
    const struct pl_finding *a = pa, *b = pb;
    int c = pl_str_cmp(a->where.path, b->where.path);
    if (c)
        return c;
    if (a->where.surface != b->where.surface)
        return a->where.surface < b->where.surface ? -1 : 1;
    if (a->where.off != b->where.off)
        return a->where.off < b->where.off ? -1 : 1;
    if ((c = pl_str_cmp(a->rule, b->rule)) || (c = memcmp(a->secret_hash, b->secret_hash, 32)))
        return c;
    if (a->commit && b->commit && (c = pl_str_cmp(a->commit->id, b->commit->id)))
        return c;
    return pl_str_cmp(a->evidence, b->evidence);
}

/* One of each group: the first, which is the earliest. */
static size_t leaders(struct pl_git_unit *u)
{
    size_t n = 0;
    for (size_t i = 0; i < u->hits.n; i++) {
        struct pl_git_hit *h = &u->hits.p[i];
        h->visible = in_head(u, h);
        if (n && same_place(&u->hits.p[n - 1], h) == 0) {
            u->hits.p[n - 1].versions += u->hits.p[n - 1].blob != h->blob;
            u->hits.p[n - 1].visible |= h->visible;
        } else {
            u->hits.p[n++] = *h;
        }
    }
    return n;
}

static int note_order(const void *pa, const void *pb)
{
    const struct pl_note *a = pa, *b = pb;
    int c = pl_str_cmp(a->where, b->where);
    if (!c)
        c = pl_str_cmp(a->code, b->code);
    return c ? c : pl_str_cmp(a->message, b->message);
}

static void tell_notes(struct pl_git_unit *u, struct pl_target *t)
{
    struct pl_arena *a = u->report->a;
    size_t n = 0;
    for (size_t i = 0; i < u->slices.n; i++)
        n += u->slices.p[i]->rec ? u->slices.p[i]->rec->notes.n : 0;
    t->notes = pl_alloc_n(a, n + 2, sizeof *t->notes);
    for (size_t i = 0; i < u->slices.n; i++) {
        const struct pl_record *r = u->slices.p[i]->rec;
        t->complete &= r && r->done.complete;
        t->bytes_claimed += r ? r->done.bytes : 0;
        t->bytes_read += r ? r->done.seen : 0;
        t->files_read += r ? r->done.entries : 0;
        for (size_t k = 0; r && k < r->notes.n; k++) {
            struct pl_note x = r->notes.p[k];
            x.where = pl_dup(a, x.where);
            x.code = pl_dup(a, x.code);
            x.message = pl_dup(a, x.message);
            t->notes[t->n_notes++] = x;
        }
    }
    if (u->place.more_roots)
        t->notes[t->n_notes++] =
            (struct pl_note){ PL_SCOPE_UNIT, PL_S("objects/info/alternates"), PL_S("limit"),
                              PL_S("too many folders of borrowed objects"), true };
    if (u->scan->degraded)
        t->notes[t->n_notes++] =
            (struct pl_note){ PL_SCOPE_UNIT, PL_S("sandbox"), PL_S("sandbox-degraded"),
                              pl_dup(a, pl_str_c(u->scan->missing)), false };
    t->complete &= !u->place.more_roots;
    qsort(t->notes, t->n_notes, sizeof *t->notes, note_order);
    size_t kept = 0; /* parts of the walk may tell the same */
    for (size_t i = 0; i < t->n_notes; i++)
        if (!kept || note_order(&t->notes[kept - 1], &t->notes[i]) != 0)
            t->notes[kept++] = t->notes[i];
    t->n_notes = kept;
}

int pl_git_usable(struct pl_git_unit *u, struct pl_err *err)
{
    for (size_t i = 0; i < u->slices.n; i++) {
        const struct pl_record *r = u->slices.p[i]->rec;
        for (size_t k = 0; r && k < r->notes.n; k++) {
            const struct pl_note *n = &r->notes.p[k];
            if (pl_str_is(n->code, "no-revision"))
                return pl_fail(err, PL_E_USAGE, "%.*s", PL_FMT(n->message));
        }
    }
    return 0;
}

static struct pl_str pair_key(struct pl_buf *b, const struct pl_hit *h)
{
    uint32_t pair = h->ordinal / 2;
    pl_buf_clear(b);
    pl_buf_putn(b, &h->rule, sizeof h->rule);
    pl_buf_putn(b, &pair, sizeof pair);
    pl_buf_putn(b, h->hash, sizeof h->hash);
    return pl_buf_str(b);
}

/* Of the pairs of a STAGED job only what is in the new file more often than in the old one stays.
 */
static void keep_new(struct pl_record *r)
{
    struct pl_map old = { .a = &r->a };
    pl_auto_buf struct pl_buf key = { 0 };
    size_t n = 0;
    for (size_t i = 0; i < r->hits.n; i++) {
        if (r->hits.p[i].ordinal % 2)
            continue;
        void **at = pl_map_put(&old, pair_key(&key, &r->hits.p[i]));
        *at = (void *)((uintptr_t)*at + 1);
    }
    for (size_t i = 0; i < r->hits.n; i++) {
        if (r->hits.p[i].ordinal % 2 == 0)
            continue;
        pair_key(&key, &r->hits.p[i]);
        uintptr_t left = (uintptr_t)pl_map_get(&old, pl_buf_str(&key));
        if (left)
            *pl_map_put(&old, pl_buf_str(&key)) = (void *)(left - 1);
        else
            r->hits.p[n++] = r->hits.p[i];
    }
    r->hits.n = n;
    pl_map_release(&old);
}

/* What is staged: records as of a directory. */
static void tell_records(struct pl_git_unit *u)
{
    struct pl_source src = {
        .form = PL_SRC_TREE, .typed = pl_str_c(u->name), .kind = PL_S("git"), .path = u->place.dir
    };
    struct pl_unit unit = { .scan = u->scan, .src = &src };
    unit.own = calloc(1, sizeof *unit.own);
    if (!unit.own)
        pl_oom();
    unit.own->done.complete = true;
    for (size_t i = 0; i < u->slices.n; i++) {
        struct pl_part *p = PL_NEW(&unit.a, struct pl_part);
        p->rec = u->slices.p[i]->rec;
        if (p->rec)
            keep_new(p->rec);
        pl_vec_push(&unit.slices, p);
    }
    pl_unit_report(&unit, u->report);
    pl_vec_release(&unit.slices);
    pl_record_free(unit.own);
    pl_arena_release(&unit.a);
}

void pl_git_tell(struct pl_git_unit *u)
{
    if (u->scope->staged || u->scope->working_tree) {
        tell_records(u);
        return;
    }
    struct pl_target *t = pl_report_target(u->report);
    t->name = pl_dup(u->report->a, pl_str_c(u->name));
    t->kind = PL_S("git");
    t->complete = true;
    size_t n = leaders(u);
    t->findings = pl_alloc_n(u->report->a, n, sizeof *t->findings);
    for (size_t i = 0; i < n; i++)
        t->n_findings += tell_hit(u, &u->hits.p[i], &t->findings[t->n_findings]);
    if (t->n_findings)
        qsort(t->findings, t->n_findings, sizeof *t->findings, by_commit);
    tell_notes(u, t);
}
