/* The commits of a range, parents first, by time among those that are free to come next. Grafts of
 * a shallow clone are honoured by hand: libgit2 does not know them. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>

#include "source/git_int.h"

struct lister {
    struct pl_git *g;
    pl_git_note_fn *note;
    void *arg;
    const struct pl_git_range *range;
    bool hide; /* what is met is left out of the range */
    uint64_t missing, shallow;
    PL_VEC(uint32_t) todo;
};

static void note_missing(struct lister *l, const uint8_t *oid, const char *what)
{
    char hex[2 * PL_OID + 1];
    if (l->missing++ > 20) /* one cut history may miss thousands */
        return;
    pl_hex(oid, PL_OID, hex);
    l->note(l->arg, true, "missing-object", pl_str_n(hex, 40), what);
}

static uint32_t number(struct pl_git *g, const uint8_t *oid)
{
    uint32_t i = pl_oidmap_put(&g->ids, oid, NULL);
    if (i == g->info.n)
        pl_vec_push(&g->info, (struct pl_git_commit){ 0 });
    return i;
}

/* A line "KEY HEX" at the start of *s. */
static bool id_line(struct pl_str *s, const char *key, uint8_t *ret)
{
    size_t k = strlen(key);
    if (s->n < k + 42 || memcmp(s->p, key, k) != 0 || s->p[k] != ' ' || s->p[k + 41] != '\n' ||
        !pl_unhex(pl_str_sub(*s, k + 1, 40), ret, PL_OID))
        return false;
    *s = pl_str_sub(*s, k + 42, s->n);
    return true;
}

/* Time of "KEY NAME <MAIL> TIME ZONE". */
static int64_t time_of(struct pl_str s, struct pl_str key)
{
    struct pl_str line;
    while (pl_str_split(&s, '\n', &line) && line.n) {
        if (!pl_str_starts(line, key))
            continue;
        const char *gt = memrchr(line.p, '>', line.n);
        uint64_t v;
        if (!gt)
            return 0;
        struct pl_str t = pl_str_trim(pl_str_n(gt + 1, (size_t)(line.p + line.n - gt - 1))), w;
        return pl_str_split(&t, ' ', &w) && pl_str_u64(w, &v) && v < INT64_MAX ? (int64_t)v : 0;
    }
    return 0;
}

static void read_commit(struct lister *l, uint32_t i)
{
    struct pl_git *g = l->g;
    git_odb_object *o = NULL;
    struct pl_err err = { 0 };
    uint8_t id[PL_OID];
    int r = pl_git_raw(g, pl_oidmap_id(&g->ids, i), &o, &err);
    if (r < 0) {
        note_missing(l, pl_oidmap_id(&g->ids, i), err.msg);
        return;
    }
    struct pl_str s =
        pl_str_n(pl_git_lib()->git_odb_object_data(o), pl_git_lib()->git_odb_object_size(o));
    struct pl_git_commit c = { .known = true, .parents = (uint32_t)g->parents.n };
    if (pl_git_lib()->git_odb_object_type(o) != GIT_OBJECT_COMMIT || !id_line(&s, "tree", c.tree)) {
        note_missing(l, pl_oidmap_id(&g->ids, i), "no commit");
        pl_git_lib()->git_odb_object_free(o);
        return;
    }
    bool cut = pl_oidmap_find(&g->shallow, pl_oidmap_id(&g->ids, i)) != PL_OID_NONE;
    while (id_line(&s, "parent", id)) {
        if (cut)
            continue;
        uint32_t p = number(g, id);
        pl_vec_push(&g->parents, p);
        c.n_parents++;
    }
    l->shallow += cut;
    c.time = time_of(s, PL_S("committer "));
    c.wanted = g->info.p[i].wanted;
    g->info.p[i] = c;
    pl_git_lib()->git_odb_object_free(o);
}

/* Everything reachable from what is in l->todo. */
static void reach(struct lister *l, bool wanted)
{
    struct pl_git *g = l->g;
    while (l->todo.n) {
        uint32_t i = l->todo.p[--l->todo.n];
        if (!g->info.p[i].known) {
            if (g->info.p[i].listed) /* known to be missing */
                continue;
            read_commit(l, i);
            g->info.p[i].listed = true;
        } else if (g->info.p[i].wanted == wanted && g->info.p[i].waits) {
            continue;
        }
        g->info.p[i].waits = 1;
        g->info.p[i].wanted = wanted;
        for (uint32_t k = 0; k < g->info.p[i].n_parents; k++) {
            uint32_t p = g->parents.p[g->info.p[i].parents + k];
            if (!g->info.p[p].waits || g->info.p[p].wanted != wanted)
                pl_vec_push(&l->todo, p);
        }
    }
}

static bool in_time(const struct pl_git_range *r, int64_t time)
{
    return (!r->since || time >= r->since) && (!r->until || time <= r->until);
}

/* Follows annotated tags to the commit; anything else is left. */
static void start_at(struct lister *l, const git_oid *at)
{
    struct pl_git *g = l->g;
    git_oid id = *at;
    for (unsigned hops = 0; hops < 16; hops++) {
        git_odb_object *o = NULL;
        struct pl_err err = { 0 };
        size_t len;
        git_object_t type;
        if (pl_git_lib()->git_odb_read_header(&len, &type, g->odb, &id) < 0) {
            note_missing(l, id.id, "a ref points to it");
            return;
        }
        if (type == GIT_OBJECT_COMMIT) {
            pl_vec_push(&l->todo, number(g, id.id));
            return;
        }
        if (type != GIT_OBJECT_TAG)
            return;
        if (pl_git_raw(g, id.id, &o, &err) < 0) {
            note_missing(l, id.id, err.msg);
            return;
        }
        struct pl_str s =
            pl_str_n(pl_git_lib()->git_odb_object_data(o), pl_git_lib()->git_odb_object_size(o));
        if (!l->hide && in_time(l->range, time_of(s, PL_S("tagger "))))
            pl_oidmap_put(&g->tags, id.id, NULL);
        bool ok = id_line(&s, "object", id.id);
        pl_git_lib()->git_odb_object_free(o);
        if (!ok)
            return;
    }
}

static void start_at_refs(struct lister *l)
{
    git_reference_iterator *it = NULL;
    git_reference *ref;
    git_oid id;
    int r;
    if (pl_git_lib()->git_reference_iterator_new(&it, l->g->repo) == 0) {
        while ((r = pl_git_lib()->git_reference_next(&ref, it)) == 0) {
            const git_oid *at = pl_git_lib()->git_reference_target(ref);
            if (at)
                start_at(l, at);
            pl_git_lib()->git_reference_free(ref);
        }
        if (r != GIT_ITEROVER)
            l->note(l->arg, true, "unreadable", PL_S("refs"), "not all refs could be read");
    } else {
        l->note(l->arg, true, "unreadable", PL_S("refs"), "refs could not be read");
    }
    pl_git_lib()->git_reference_iterator_free(it);
    r = pl_git_lib()->git_reference_name_to_id(&id, l->g->repo, "HEAD");
    if (r == 0)
        start_at(l, &id);
    else if (r != GIT_ENOTFOUND)
        l->note(l->arg, true, "unreadable", PL_S("HEAD"), "HEAD could not be read");
}

/* Older entries of the stash stand only in its log, "OLD NEW NAME …". Not by libgit2, which makes
 * the file when it is not there. */
static void start_at_stash(struct lister *l)
{
    pl_auto_buf struct pl_buf path = { 0 };
    char line[4096];
    pl_buf_printf(&path, "%s/logs/refs/stash", pl_git_lib()->git_repository_commondir(l->g->repo));
    pl_buf_putc(&path, 0);
    FILE *f = fopen(path.p, "re");
    while (f && fgets(line, sizeof line, f)) {
        git_oid id;
        if (strlen(line) > 82 && line[40] == ' ' && line[81] == ' ' &&
            pl_unhex(pl_str_n(line + 41, 40), id.id, PL_OID))
            start_at(l, &id);
    }
    if (f)
        fclose(f);
}

static int one_rev(struct lister *l, const char *spec, bool hide, struct pl_err *err)
{
    git_object *o = NULL;
    if (pl_git_lib()->git_revparse_single(&o, l->g->repo, spec) < 0)
        return pl_fail(err, PL_E_USAGE, "there is no revision '%s' in the repository", spec);
    l->hide = hide;
    start_at(l, pl_git_lib()->git_object_id(o));
    pl_git_lib()->git_object_free(o);
    reach(l, !hide);
    return 0;
}

/* One side of "A..B" or "A...B", NUL-terminated in `b`; HEAD where it is empty. */
static const char *side_of(struct pl_buf *b, struct pl_str s)
{
    pl_buf_clear(b);
    pl_buf_putn(b, s.n ? s.p : "HEAD", s.n ? s.n : 4);
    pl_buf_putc(b, 0);
    return b->p;
}

/* Adds `bit` to the mark of each listed commit that `spec` leads to. */
static int mark_from(struct lister *l, const char *spec, uint8_t *mark, size_t n, uint8_t bit,
                     struct pl_err *err)
{
    struct pl_git *g = l->g;
    git_object *o = NULL;
    if (pl_git_lib()->git_revparse_single(&o, g->repo, spec) < 0)
        return pl_fail(err, PL_E_USAGE, "there is no revision '%s' in the repository", spec);
    l->hide = true;
    start_at(l, pl_git_lib()->git_object_id(o));
    pl_git_lib()->git_object_free(o);
    while (l->todo.n) {
        uint32_t i = l->todo.p[--l->todo.n];
        if (i >= n || mark[i] & bit)
            continue;
        mark[i] |= bit;
        for (uint32_t k = 0; k < g->info.p[i].n_parents; k++)
            pl_vec_push(&l->todo, g->parents.p[g->info.p[i].parents + k]);
    }
    return 0;
}

/* Leaves out what two revisions have in common; both have been listed. */
static int hide_common(struct lister *l, const char *a, const char *b, struct pl_err *err)
{
    struct pl_git *g = l->g;
    size_t n = g->info.n;
    uint8_t *mark = calloc(n + 1, 1);
    if (!mark)
        pl_oom();
    int r = mark_from(l, a, mark, n, 1, err);
    if (r == 0)
        r = mark_from(l, b, mark, n, 2, err);
    for (size_t i = 0; r == 0 && i < n; i++)
        if (mark[i] == 3)
            g->info.p[i].wanted = false;
    free(mark);
    return r;
}

/* What is reachable from one of them, but not from both. */
static int symmetric(struct lister *l, struct pl_str left, struct pl_str right, bool hide,
                     struct pl_err *err)
{
    pl_auto_buf struct pl_buf a = { 0 }, b = { 0 };
    side_of(&a, left);
    side_of(&b, right);
    if (hide)
        return hide_common(l, a.p, b.p, err);
    int r = one_rev(l, a.p, false, err);
    return r < 0 ? r : one_rev(l, b.p, false, err);
}

/* "A", "^A", "A..B", "A...B" with HEAD for an empty side. `hide`: the pass over what is left out.
 */
static int one_spec(struct lister *l, const char *spec, bool hide, struct pl_err *err)
{
    const char *dots = strstr(spec, "..");
    if (spec[0] == '^')
        return hide ? one_rev(l, spec + 1, true, err) : 0;
    if (!dots)
        return hide ? 0 : one_rev(l, spec, false, err);
    struct pl_str left = pl_str_n(spec, (size_t)(dots - spec));
    if (dots[2] == '.')
        return symmetric(l, left, pl_str_c(dots + 3), hide, err);
    pl_auto_buf struct pl_buf side = { 0 };
    return one_rev(l, side_of(&side, hide ? left : pl_str_c(dots + 2)), hide, err);
}

static int start(struct lister *l, const struct pl_git_range *r, struct pl_err *err)
{
    bool any = false;
    int ret = 0;
    for (size_t i = 0; i < r->n_revs; i++)
        any |= r->revs[i][0] != '^';
    for (size_t i = 0; ret == 0 && i < r->n_revs; i++)
        ret = one_spec(l, r->revs[i], false, err);
    if (ret == 0 && !any) {
        start_at_refs(l);
        start_at_stash(l);
        reach(l, true);
    }
    for (size_t i = 0; ret == 0 && i < r->n_revs; i++)
        ret = one_spec(l, r->revs[i], true, err);
    return ret;
}

static bool earlier(const struct pl_git *g, uint32_t a, uint32_t b)
{
    int64_t x = g->info.p[a].time, y = g->info.p[b].time;
    if (x != y)
        return x < y;
    return memcmp(pl_oidmap_id(&g->ids, a), pl_oidmap_id(&g->ids, b), PL_OID) < 0;
}

static void heap_push(const struct pl_git *g, uint32_t *h, size_t n, uint32_t v)
{
    while (n && earlier(g, v, h[(n - 1) / 2])) {
        h[n] = h[(n - 1) / 2];
        n = (n - 1) / 2;
    }
    h[n] = v;
}

static uint32_t heap_pop(const struct pl_git *g, uint32_t *h, size_t n)
{
    uint32_t top = h[0], v = h[--n];
    size_t at = 0, kid;
    while ((kid = at * 2 + 1) < n) {
        if (kid + 1 < n && earlier(g, h[kid + 1], h[kid]))
            kid++;
        if (!earlier(g, h[kid], v))
            break;
        h[at] = h[kid];
        at = kid;
    }
    h[at] = v;
    return top;
}

/* Parents first: a commit comes when all its parents have. */
static void sort(struct pl_git *g, const struct pl_git_range *r)
{
    uint32_t n = (uint32_t)g->info.n;
    uint32_t *first = calloc((size_t)n + 1, sizeof *first);
    uint32_t *kids = calloc(g->parents.n + 1, sizeof *kids),
             *heap = calloc((size_t)n + 1, sizeof *heap);
    size_t heaped = 0;
    if (!first || !kids || !heap)
        pl_oom();
    for (uint32_t i = 0; i < n; i++)
        g->info.p[i].waits = g->info.p[i].known ? 0 : 1;
    for (size_t k = 0; k < g->parents.n; k++)
        first[g->parents.p[k] + 1]++;
    for (uint32_t i = 0; i < n; i++)
        first[i + 1] += first[i];
    for (uint32_t i = 0; i < n; i++) {
        const struct pl_git_commit *c = &g->info.p[i];
        for (uint32_t k = 0; k < c->n_parents; k++) {
            uint32_t p = g->parents.p[c->parents + k];
            kids[first[p]++] = i;
            if (g->info.p[p].known)
                g->info.p[i].waits++;
        }
    }
    for (uint32_t i = n; i > 0; i--) /* first[] was moved on by the filling */
        first[i] = first[i - 1];
    first[0] = 0;
    for (uint32_t i = 0; i < n; i++)
        if (g->info.p[i].known && !g->info.p[i].waits)
            heap_push(g, heap, heaped++, i);
    while (heaped) {
        uint32_t i = heap_pop(g, heap, heaped--);
        const struct pl_git_commit *c = &g->info.p[i];
        if (c->wanted && in_time(r, c->time))
            pl_vec_push(&g->list, i);
        for (uint32_t k = first[i]; k < first[i + 1]; k++)
            if (--g->info.p[kids[k]].waits == 0)
                heap_push(g, heap, heaped++, kids[k]);
    }
    free(first);
    free(kids);
    free(heap);
}

int64_t pl_git_commits(struct pl_git *g, const struct pl_git_range *r, pl_git_note_fn *note,
                       void *arg, struct pl_err *err)
{
    struct lister l = { .g = g, .note = note, .arg = arg, .range = r };
    int ret = start(&l, r, err);
    pl_vec_release(&l.todo);
    if (ret < 0)
        return ret;
    sort(g, r);
    if (l.shallow)
        note(arg, true, "shallow", PL_S("shallow"),
             "a shallow clone: commits before its boundary are not here; git fetch --unshallow");
    if (g->partial)
        note(arg, true, "partial-clone", PL_S("config"),
             "a partial clone: some objects are only at its remote");
    return (int64_t)g->list.n;
}

const uint8_t *pl_git_commit_id(const struct pl_git *g, size_t i)
{
    return pl_oidmap_id(&g->ids, g->list.p[i]);
}

void pl_git_tags(struct pl_git *g, void (*fn)(void *arg, const uint8_t *oid), void *arg)
{
    for (uint32_t i = 0; i < g->tags.n; i++)
        fn(arg, pl_oidmap_id(&g->tags, i));
}
