/* Objects by id: kind, bytes; who made a commit. Large ones that are stored whole
 * are streamed. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/limits.h"
#include "source/git_int.h"

#define SMALL PL_MIB(8) /* up to here an object is simply held in memory */

static enum pl_git_kind kind_of(git_object_t t)
{
    return t == GIT_OBJECT_COMMIT ? PL_GIT_IS_COMMIT
           : t == GIT_OBJECT_TAG  ? PL_GIT_IS_TAG
           : t == GIT_OBJECT_TREE ? PL_GIT_IS_TREE
                                  : PL_GIT_IS_BLOB;
}

int pl_git_header(struct pl_git *g, const uint8_t *oid, enum pl_git_kind *ret_kind,
                  uint64_t *ret_size, struct pl_err *err)
{
    git_oid id;
    size_t len = 0;
    git_object_t type = GIT_OBJECT_INVALID;
    memcpy(id.id, oid, PL_OID);
    int r = pl_git_lib()->git_odb_read_header(&len, &type, g->odb, &id);
    if (r < 0) {
        char hex[2 * PL_OID + 1];
        pl_hex(oid, PL_OID, hex);
        const git_error *e = pl_git_lib()->git_error_last();
        if (r == GIT_ENOTFOUND)
            return pl_fail(err, PL_E_NOENT, "object %s is missing", hex);
        return pl_fail(err, PL_E_FORMAT, "object %s: %s", hex,
                       e && e->message ? e->message : "damaged");
    }
    *ret_size = len;
    *ret_kind = kind_of(type);
    return 0;
}

/* ---- in memory ---- */

struct object_view {
    struct pl_view v;
    git_odb_object *o;
};

static void object_close(struct pl_view *v)
{
    struct object_view *x = (struct object_view *)v;
    pl_git_lib()->git_odb_object_free(x->o);
    free(x);
}

/* ---- streamed from a loose object ---- */

struct loose_view {
    struct pl_view v;
    git_odb_stream *s;
    uint64_t left;
    uint8_t *buf;
};

static int loose_fill(struct pl_view *v, size_t want, struct pl_err *err)
{
    struct loose_view *x = (struct loose_view *)v;
    memmove(x->buf, v->p, v->n);
    v->p = x->buf;
    while (v->n < want && x->left) {
        size_t room = PL_VIEW_MAX - v->n;
        int n = pl_git_lib()->git_odb_stream_read(x->s, (char *)x->buf + v->n,
                                                  x->left < room ? (size_t)x->left : room);
        if (n <= 0)
            return pl_fail(err, PL_E_FORMAT, "the object breaks off %llu bytes early",
                           (unsigned long long)x->left);
        v->n += (size_t)n;
        x->left -= (uint64_t)n;
    }
    v->eof = x->left == 0;
    return 0;
}

static void loose_close(struct pl_view *v)
{
    struct loose_view *x = (struct loose_view *)v;
    pl_git_lib()->git_odb_stream_free(x->s);
    free(x->buf);
    free(x);
}

static struct pl_view *open_loose(struct pl_git *g, const git_oid *id)
{
    git_odb_stream *s = NULL;
    size_t len;
    git_object_t type;
    if (pl_git_lib()->git_odb_open_rstream(&s, &len, &type, g->odb, id) < 0)
        return NULL;
    struct loose_view *x = calloc(1, sizeof *x);
    if (!x || !(x->buf = malloc(PL_VIEW_MAX)))
        pl_oom();
    x->v = (struct pl_view){ .p = x->buf, .fill = loose_fill, .close = loose_close };
    x->s = s;
    x->left = len;
    return &x->v;
}

/* The library takes the length that a loose object's head claims and does not look at its id: what
 * is not there would be whatever memory holds. Packs have checks of their own. */
static bool is_false_loose(struct pl_git *g, const uint8_t *oid, git_odb_object *o)
{
    char hex[2 * PL_OID + 1];
    git_oid id;
    pl_auto_buf struct pl_buf path = { 0 };
    pl_hex(oid, PL_OID, hex);
    pl_buf_printf(&path, "%s/objects/%.2s/%s", pl_git_lib()->git_repository_commondir(g->repo), hex,
                  hex + 2);
    pl_buf_putc(&path, 0);
    return access(path.p, F_OK) == 0 &&
           (pl_git_lib()->git_odb_hash(&id, pl_git_lib()->git_odb_object_data(o),
                                       pl_git_lib()->git_odb_object_size(o),
                                       pl_git_lib()->git_odb_object_type(o)) < 0 ||
            memcmp(id.id, oid, PL_OID) != 0);
}

struct pl_view *pl_git_read(struct pl_git *g, const uint8_t *oid, uint64_t max, struct pl_err *err)
{
    git_oid id;
    enum pl_git_kind kind;
    uint64_t size;
    struct pl_view *v;
    memcpy(id.id, oid, PL_OID);
    if (pl_git_header(g, oid, &kind, &size, err) < 0)
        return NULL;
    if (size > SMALL) {
        if ((v = open_loose(g, &id)) || (v = pl_git_packed_view(g, oid)))
            return v;
        if (size > max) {
            pl_fail(err, PL_E_LIMIT,
                    "%llu bytes stored as a difference, more than %llu; --limit window=SIZE",
                    (unsigned long long)size, (unsigned long long)max);
            return NULL;
        }
    }
    struct object_view *x = calloc(1, sizeof *x);
    if (!x)
        pl_oom();
    if (pl_git_raw(g, oid, &x->o, err) < 0) {
        free(x);
        return NULL;
    }
    if (is_false_loose(g, oid, x->o)) {
        pl_fail(err, PL_E_FORMAT, "the object is not what its id says");
        object_close(&x->v);
        return NULL;
    }
    pl_view_mem_init(&x->v, pl_git_lib()->git_odb_object_data(x->o),
                     pl_git_lib()->git_odb_object_size(x->o));
    x->v.close = object_close;
    return &x->v;
}

/* "NAME <MAIL> TIME ZONE" */
static void identity(struct pl_arena *a, struct pl_str s, struct pl_git_who *ret)
{
    const char *lt = s.n ? memchr(s.p, '<', s.n) : NULL, *gt = s.n ? memrchr(s.p, '>', s.n) : NULL;
    if (!lt || !gt || gt < lt)
        return;
    ret->author = pl_dup(a, pl_str_trim(pl_str_n(s.p, (size_t)(lt - s.p))));
    ret->email = pl_dup(a, pl_str_trim(pl_str_n(lt + 1, (size_t)(gt - lt) - 1)));
    struct pl_str rest = pl_str_trim(pl_str_n(gt + 1, (size_t)(s.p + s.n - gt) - 1)), t;
    uint64_t v;
    if (!pl_str_split(&rest, ' ', &t) || !pl_str_u64(t, &v) || v > INT64_MAX / 2)
        return;
    ret->time = (int64_t)v;
    if (rest.n == 5 && pl_str_u64(pl_str_sub(rest, 1, 4), &v) && v < 2400)
        ret->offset = (int)(v / 100 * 60 + v % 100) * (rest.p[0] == '-' ? -1 : 1);
}

int pl_git_commit_who(struct pl_git *g, const uint8_t *oid, struct pl_arena *a,
                      struct pl_git_who *ret, struct pl_err *err)
{
    git_odb_object *o = NULL;
    int r = pl_git_raw(g, oid, &o, err);
    if (r < 0)
        return r;
    *ret = (struct pl_git_who){ .author = PL_S(""), .email = PL_S("") };
    struct pl_str s = pl_str_n(pl_git_lib()->git_odb_object_data(o),
                               pl_git_lib()->git_odb_object_size(o)),
                  line;
    while (pl_str_split(&s, '\n', &line) && line.n) {
        bool author = pl_str_starts(line, PL_S("author "));
        if (author || pl_str_starts(line, PL_S("tagger ")))
            identity(a, pl_str_sub(line, 7, line.n), ret);
    }
    pl_git_lib()->git_odb_object_free(o);
    return 0;
}
