/* Parent: a repository read: commits walked in parts, blobs scanned in pack order. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <malloc.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "scan/gitjob.h"
#include "scan/gitunit.h"

#define SLICE_MAX 4096u /* blobs of one job */
#define SLICE_MIN 64u
#define WALK_PARTS 4u

/* ---- bytes asked for ---- */

struct request {
    struct pl_feed f;
    struct pl_buf b;
    size_t given;
    const struct pl_git_slice *blobs; /* are to be asked for, or NULL */
};

/* Blobs with their paths; a blob's further kinds of path come behind it. */
static void ask_for_blobs(const struct pl_git_slice *s, struct pl_buf *b)
{
    const struct pl_git_unit *u = s->unit;
    for (size_t i = 0; i < s->n; i++) {
        uint32_t path = s->items[i].path;
        pl_buf_putn(b, pl_oidmap_id(&u->blobs, s->items[i].blob), PL_OID);
        pl_put_u8(b, i > 0 && s->items[i].blob == s->items[i - 1].blob);
        pl_put_str(b, path == PL_OID_NONE ? PL_S("") : u->paths.p[path]);
    }
}

static int request_read(struct pl_feed *f, void *buf, size_t n, size_t *ret_got, struct pl_err *err)
{
    struct request *x = (struct request *)f;
    (void)err;
    if (x->blobs) /* only now: all of them at once would be as large as all paths */
        ask_for_blobs(x->blobs, &x->b);
    x->blobs = NULL;
    *ret_got = n < x->b.n - x->given ? n : x->b.n - x->given;
    memcpy(buf, x->b.p + x->given, *ret_got);
    x->given += *ret_got;
    return 0;
}

static void request_close(struct pl_feed *f)
{
    struct request *x = (struct request *)f;
    pl_buf_release(&x->b);
    free(x);
}

static void on_done(struct pl_task *t, struct pl_record *r)
{
    struct pl_git_slice *s = t->arg;
    s->rec = r;
}

/* A job with its request begun; `s` gets the record. */
static struct pl_task *task_new(struct pl_git_unit *u, struct pl_git_slice *s, enum pl_git_op op,
                                struct pl_buf **ret)
{
    struct pl_task *t = calloc(1, sizeof *t);
    struct request *x = calloc(1, sizeof *x);
    if (!t || !x)
        pl_oom();
    x->f = (struct pl_feed){ request_read, request_close };
    s->unit = u;
    *t = (struct pl_task){
        .params = { .kind = PL_JOB_GIT,
                    .flags = (u->scan->o.secrets ? PL_JOBF_SECRETS : 0u) |
                             (u->scan->o.reveal ? PL_JOBF_REVEAL : 0u) |
                             (u->scan->o.marks ? PL_JOBF_MARKS : 0u),
                    .name = pl_str_c(u->place.dir) },
        .feed = &x->f,
        .arg = s,
        .done = on_done,
    };
    pl_put_u8(&x->b, (uint8_t)op);
    *ret = &x->b;
    return t;
}

static struct pl_git_slice *slice_new(struct pl_git_unit *u)
{
    struct pl_git_slice *s = PL_NEW(&u->a, struct pl_git_slice);
    pl_vec_push(&u->slices, s);
    return s;
}

/* ---- answers ---- */

static uint32_t path_number(struct pl_git_unit *u, struct pl_str path)
{
    void **at = pl_map_put(&u->path_numbers, path);
    if (!*at) {
        struct pl_str p = pl_dup(&u->a, path);
        pl_vec_push(&u->paths, p);
        *at = (void *)(uintptr_t)u->paths.n;
    }
    return (uint32_t)((uintptr_t)*at - 1);
}

static bool before(const struct pl_git_unit *u, const struct pl_git_place_of *a,
                   const struct pl_git_place_of *b)
{
    if (a->commit != b->commit)
        return a->commit < b->commit;
    return pl_str_cmp(u->paths.p[a->path], u->paths.p[b->path]) < 0;
}

/* The earliest place of a blob is its own, the others stand aside. Parts of the walk come in any
 * order, so this must not depend on it. */
static bool on_blob(struct pl_git_unit *u, struct pl_rd *rd)
{
    uint8_t oid[PL_OID];
    bool fresh;
    struct pl_git_place_of x = { .commit = pl_get_u32(rd) };
    pl_get_u8(rd);
    pl_get_raw(rd, oid, PL_OID);
    struct pl_str path = pl_get_str(rd);
    if (rd->bad || path.n > PL_KIB(128))
        return false;
    x.path = path_number(u, path);
    x.blob = pl_oidmap_put(&u->blobs, oid, &fresh);
    if (fresh) {
        pl_vec_push(&u->first, x);
        return true;
    }
    struct pl_git_place_of *have = &u->first.p[x.blob];
    if (have->path == x.path) {
        if (x.commit < have->commit)
            have->commit = x.commit;
        return true;
    }
    if (before(u, &x, have)) {
        struct pl_git_place_of old = *have;
        *have = x;
        x = old;
    }
    pl_vec_push(&u->more, x);
    return true;
}

static bool on_commit(struct pl_git_unit *u, struct pl_rd *rd)
{
    struct pl_git_commit_of c;
    c.number = pl_get_u32(rd);
    pl_get_raw(rd, c.oid, PL_OID);
    if (rd->bad || c.number >= u->n_commits)
        return false;
    memcpy(u->commits + (size_t)c.number * PL_OID, c.oid, PL_OID);
    return true;
}

static bool on_count(struct pl_git_unit *u, struct pl_rd *rd)
{
    uint32_t n = pl_get_u32(rd);
    if (rd->bad || n > 100000000u || (u->commits && n != u->n_commits))
        return false;
    if (!u->commits) {
        u->commits = calloc((size_t)n + 1, PL_OID);
        if (!u->commits)
            pl_oom();
        u->n_commits = n;
    }
    return true;
}

static bool walk_answer(struct pl_task *t, struct pl_str payload)
{
    struct pl_git_unit *u = ((struct pl_git_slice *)t->arg)->unit;
    struct pl_rd rd = { (const uint8_t *)payload.p, (const uint8_t *)payload.p + payload.n, false };
    switch ((enum pl_git_answer)pl_get_u8(&rd)) {
    case PL_GIT_COUNT:
        return on_count(u, &rd);
    case PL_GIT_COMMIT:
        return on_commit(u, &rd);
    case PL_GIT_BLOB:
        return on_blob(u, &rd);
    default:
        return false;
    }
}

static bool order_answer(struct pl_task *t, struct pl_str payload)
{
    struct pl_git_unit *u = ((struct pl_git_slice *)t->arg)->unit;
    if (payload.n < 1 || payload.p[0] != PL_GIT_ORDER || (payload.n - 1) % PL_OID)
        return false;
    pl_buf_putn(&u->order, payload.p + 1, payload.n - 1);
    return true;
}

/* ---- the steps ---- */

static void put_range(struct pl_buf *b, const struct pl_git_scope *g)
{
    pl_put_var(b, g->n_revs);
    for (size_t i = 0; i < g->n_revs; i++)
        pl_put_str(b, pl_str_c(g->revs[i]));
    pl_put_u64(b, (uint64_t)g->since);
    pl_put_u64(b, (uint64_t)g->until);
}

static int walk(struct pl_git_unit *u, struct pl_err *err)
{
    struct pl_buf *b;
    for (uint32_t k = 0; k < WALK_PARTS; k++) {
        struct pl_git_slice *s = slice_new(u);
        struct pl_task *t = task_new(u, s, PL_GIT_OP_WALK, &b);
        put_range(b, u->scope);
        pl_put_u32(b, k);
        pl_put_u32(b, WALK_PARTS);
        t->git = walk_answer;
        pl_pool_submit(u->pool, t);
    }
    struct pl_task *t = task_new(u, slice_new(u), PL_GIT_OP_ORDER, &b);
    t->git = order_answer;
    pl_pool_submit(u->pool, t);
    return pl_pool_run(u->pool, err);
}

static void submit_slice(struct pl_git_unit *u, const uint32_t *blobs, size_t n)
{
    struct pl_git_slice *s = slice_new(u);
    struct pl_git_place_of kinds[PL_GIT_KINDS_MAX];
    PL_VEC(struct pl_git_place_of) items = { 0 };
    for (size_t i = 0; i < n; i++) {
        size_t k = pl_git_places_each_kind(u, blobs[i], kinds, PL_COUNT(kinds));
        for (size_t j = 0; j < k; j++)
            pl_vec_push(&items, kinds[j]);
    }
    s->n = items.n;
    s->items = pl_alloc_n(&u->a, items.n, sizeof *s->items);
    memcpy(s->items, items.p, items.n * sizeof *s->items);
    pl_vec_release(&items);
    struct pl_buf *b;
    struct pl_task *t = task_new(u, s, PL_GIT_OP_SCAN, &b);
    ((struct request *)t->feed)->blobs = s;
    pl_pool_submit(u->pool, t);
}

/* The number of the object for the list of what is scanned; PL_OID_NONE: not wanted. */
static uint32_t wanted(struct pl_git_unit *u, const uint8_t *oid)
{
    uint32_t i = pl_oidmap_find(&u->blobs, oid);
    if (i != PL_OID_NONE || !u->scope->unreachable)
        return i;
    if (pl_oidmap_find(&u->commit_set, oid) != PL_OID_NONE)
        return PL_OID_NONE;
    struct pl_git_place_of x = { .commit = PL_NEVER, .path = PL_OID_NONE };
    x.blob = pl_oidmap_put(&u->blobs, oid, NULL);
    pl_vec_push(&u->first, x);
    return x.blob;
}

/* Reachable blobs in the order they are stored, those nobody has stored last. */
static uint32_t *ordered(struct pl_git_unit *u, size_t *ret_n)
{
    size_t n = 0, stored = u->order.n / PL_OID;
    for (size_t i = 0; u->scope->unreachable && i < u->n_commits; i++)
        pl_oidmap_put(&u->commit_set, u->commits + i * PL_OID, NULL);
    uint32_t *list = calloc(u->first.n + stored + 1, sizeof *list);
    uint8_t *done = calloc(u->first.n + stored + 1, 1);
    if (!list || !done)
        pl_oom();
    for (size_t i = 0; i < stored; i++) {
        uint32_t k = wanted(u, (const uint8_t *)u->order.p + i * PL_OID);
        if (k == PL_OID_NONE || done[k])
            continue;
        done[k] = 1;
        list[n++] = k;
    }
    for (size_t i = 0; i < u->first.n; i++)
        if (!done[i])
            list[n++] = (uint32_t)i;
    free(done);
    pl_buf_release(&u->order);
    *ret_n = n;
    return list;
}

static int scan_blobs(struct pl_git_unit *u, struct pl_err *err)
{
    size_t n, step;
    pl_git_places_sort(u);
    uint32_t *list = ordered(u, &n);
    step = n / 32 + 1;
    step = step < SLICE_MIN ? SLICE_MIN : step > SLICE_MAX ? SLICE_MAX : step;
    for (size_t at = 0; at < n; at += step)
        submit_slice(u, list + at, n - at < step ? n - at : step);
    free(list);
    malloc_trim(0); /* the lists of the order, which are long */
    return pl_pool_run(u->pool, err);
}

static int about(struct pl_git_unit *u, struct pl_err *err)
{
    struct pl_buf *b;
    struct pl_task *t = task_new(u, slice_new(u), PL_GIT_OP_ABOUT, &b);
    pl_put_u32(b, (uint32_t)u->asked_commits.n);
    pl_buf_putn(b, u->asked_commits.ids, (size_t)u->asked_commits.n * PL_OID);
    pl_buf_putn(b, u->asked_blobs.ids, (size_t)u->asked_blobs.n * PL_OID);
    t->git = pl_git_about_answer;
    pl_pool_submit(u->pool, t);
    return pl_pool_run(u->pool, err);
}

static int read_history(struct pl_git_unit *u, struct pl_err *err)
{
    int r = walk(u, err);
    if (r == 0)
        r = scan_blobs(u, err);
    if (r == 0 && pl_git_gather(u))
        r = about(u, err);
    return r;
}

static int read_staged(struct pl_git_unit *u, struct pl_err *err)
{
    struct pl_buf *b;
    struct pl_task *t = task_new(u, slice_new(u), PL_GIT_OP_STAGED, &b);
    pl_put_str(b, pl_str_c(u->scope->working_tree ? u->place.work_tree : ""));
    pl_put_str(b, pl_str_c(u->place.index ? u->place.index : ""));
    t->params.flags |= PL_JOBF_ENTRIES;
    pl_pool_submit(u->pool, t);
    return pl_pool_run(u->pool, err);
}

static void release(struct pl_git_unit *u)
{
    pl_pool_free(u->pool);
    for (size_t i = 0; i < u->slices.n; i++)
        pl_record_free(u->slices.p[i]->rec);
    pl_vec_release(&u->slices);
    pl_vec_release(&u->paths);
    pl_vec_release(&u->first);
    pl_vec_release(&u->more);
    pl_vec_release(&u->hits);
    pl_map_release(&u->path_numbers);
    pl_oidmap_release(&u->blobs);
    pl_oidmap_release(&u->commit_set);
    pl_oidmap_release(&u->asked_commits);
    pl_oidmap_release(&u->asked_blobs);
    pl_oidmap_release(&u->heads);
    pl_buf_release(&u->order);
    free(u->commits);
    pl_arena_release(&u->a);
}

static int locate(struct pl_git_unit *u, const char *path, struct pl_err *err)
{
    const struct pl_git_scope *g = u->scope;
    int r = pl_git_locate(path, g->working_tree, &u->a, &u->place, err);
    if (r < 0)
        return r;
    if (g->top && !pl_git_use_work_tree(&u->place, g->top, g->working_tree, &u->a))
        return pl_fail(err, PL_E_USAGE, "the work tree '%s' is not there", g->top);
    if (g->index && !pl_git_use_index(&u->place, g->index, g->own_index, &u->a) && !g->own_index)
        return pl_fail(err, PL_E_USAGE, "the folder of the index '%s' is not there", g->index);
    if (g->working_tree && !u->place.work_tree)
        return pl_fail(err, PL_E_USAGE, "'%s' is a bare repository: it has no working tree", path);
    return 0;
}

int pl_scan_git(struct pl_scan *s, const char *name, const char *path,
                const struct pl_git_scope *scope, struct pl_report *r, struct pl_err *err)
{
    struct pl_git_unit u = { .scan = s, .scope = scope, .report = r, .name = name };
    u.path_numbers.a = &u.a;
    int ret = locate(&u, path, err);
    if (ret < 0) {
        pl_arena_release(&u.a);
        return ret;
    }
    u.ctx = s->ctx;
    u.ctx.roots = u.place.roots;
    u.ctx.n_roots = u.place.n_roots;
    u.pool = pl_pool_new(&u.ctx, s->threads, s->o.cancel);
    pl_pool_progress(u.pool, s->o.progress, s->o.progress_arg);
    ret = scope->staged || scope->working_tree ? read_staged(&u, err) : read_history(&u, err);
    if (ret == 0)
        ret = pl_git_usable(&u, err);
    if (ret == 0)
        pl_git_tell(&u);
    release(&u);
    return ret;
}
