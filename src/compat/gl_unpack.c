/* The child that opens archives: closed before its first byte, it hands out files and notes.
 * secrets.md section 4.1 "Archives". */
/* SPDX-License-Identifier: Apache-2.0 */
#include "compat/gl_unpack.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/limits.h"
#include "compat/gl_child.h"
#include "compat/gl_chunk.h"
#include "compat/gl_view.h"
#include "io/nested.h"

#define ADDRESS_SPACE PL_GIB(2)
#define HEAD 512u

struct unpack {
    const struct gl_unpack *u;
    struct pl_limits limits;
    uint64_t total;
};

/* One container being read; `prefix` is the path in front of its members, "" for the outermost. */
struct box {
    struct unpack *x;
    struct pl_str prefix;
    unsigned depth;
    bool single; /* a compressed file: what is in it keeps its name */
    bool inner;  /* a compressed container: what is in it is the container */
    struct pl_str name;
};

static void message(const struct gl_unpack *u, char kind, const void *p, size_t n)
{
    uint32_t len = (uint32_t)(n < GL_UNPACK_MAX ? n : GL_UNPACK_MAX);
    pl_gl_child_put(u->out, &kind, 1);
    pl_gl_child_put(u->out, &len, sizeof len);
    pl_gl_child_put(u->out, p, len);
}

static void note(void *arg, const char *code, struct pl_str name, const char *text)
{
    struct box *b = arg;
    struct pl_arena a = { 0 };
    struct pl_str s = pl_printf(&a, "%.*s%s%.*s: %s: %s", PL_FMT(b->prefix), name.n ? "!" : "",
                                (int)(name.n < 4096 ? name.n : 4096), name.p, code, text);
    message(b->x->u, GL_UNPACK_NOTE, s.p, s.n);
    pl_arena_release(&a);
}

/* A member's name as a clean relative path. */
static struct pl_str clean(struct pl_arena *a, struct pl_str name)
{
    pl_auto_buf struct pl_buf b = { 0 };
    struct pl_str part, rest = name;
    while (rest.p && rest.n && pl_str_split(&rest, '/', &part)) {
        if (!part.n || pl_str_is(part, "."))
            continue;
        pl_buf_puts(&b, b.n ? "/" : name.p[0] == '/' ? "/" : "");
        pl_buf_putn(&b, part.p, part.n);
    }
    return pl_dup(a, b.n ? pl_buf_str(&b) : PL_S("."));
}

static void send_file(struct box *b, struct pl_str path, struct pl_view *body)
{
    struct pl_err err = { 0 };
    message(b->x->u, GL_UNPACK_FILE, path.p, path.n);
    for (;;) {
        if (pl_view_ahead(body, 1, &err) < 0) {
            note(b, "damaged", path, err.msg);
            break;
        }
        if (!body->n)
            break;
        size_t n = body->n < GL_UNPACK_MAX ? body->n : GL_UNPACK_MAX;
        message(b->x->u, GL_UNPACK_DATA, body->p, n);
        pl_view_consume(body, n);
    }
    message(b->x->u, GL_UNPACK_END, "", 0);
}

static void open_box(struct box *b, struct pl_str name, struct pl_view *in, bool squeezed);

static int on_member(void *arg, struct pl_member *m)
{
    struct box *b = arg;
    struct pl_arena a = { 0 };
    if (!m->body)
        return 0;
    if (b->inner) { /* the tar in "x.tar.gz" */
        struct box in = { b->x, b->prefix, b->depth, false, false, b->name };
        open_box(&in, b->name, m->body, false);
        return 0;
    }
    struct pl_str name = b->single ? b->name : clean(&a, m->name);
    struct pl_str path =
        b->prefix.n ? pl_printf(&a, "%.*s!%.*s", PL_FMT(b->prefix), PL_FMT(name)) : name;
    enum pl_gl_archive kind = b->single ? PL_GL_PLAIN : pl_gl_archive_name(name);
    if (kind == PL_GL_PLAIN) {
        send_file(b, b->single ? b->prefix : path, m->body);
    } else if (b->depth + 1 <= b->x->u->depth) {
        struct box in = {
            b->x, path, b->depth + 1, kind == PL_GL_COMPRESSED, kind == PL_GL_COMPRESSED_CONTAINER,
            name
        };
        open_box(&in, name, m->body, kind != PL_GL_CONTAINER);
    }
    pl_arena_release(&a);
    return 0;
}

static const struct pl_nested *kind_called(const char *id)
{
    for (const struct pl_nested *const *k = pl_nesteds; *k; k++)
        if (strcmp((*k)->id, id) == 0)
            return *k;
    return NULL;
}

/* The kind that the name says and the first bytes may be; brotli and zlib have no mark. */
static const struct pl_nested *kind_of(struct pl_str name, struct pl_view *in, bool squeezed)
{
    size_t at = 0;
    for (const char *id; (id = pl_gl_archive_kind(name, squeezed, &at));) {
        const struct pl_nested *k = kind_called(id);
        bool marked = strcmp(id, "brotli") != 0 && strcmp(id, "zlib") != 0;
        if (k && (!marked || (in->n && k->bid(in->p, in->n < HEAD ? in->n : HEAD, name) > 0)))
            return k;
    }
    return NULL;
}

static void open_box(struct box *b, struct pl_str name, struct pl_view *in, bool squeezed)
{
    struct pl_err err = { 0 };
    struct pl_nested_opts o = { .limits = &b->x->limits,
                                .path = name,
                                .whole_max = b->x->limits.window,
                                .total = &b->x->total,
                                .depth = b->depth };
    struct pl_nested_sink sink = { .member = on_member, .note = note, .arg = b };
    if (pl_view_ahead(in, HEAD, &err) < 0) {
        note(b, "damaged", PL_S(""), err.msg);
        return;
    }
    const struct pl_nested *k = kind_of(name, in, squeezed);
    if (!k) {
        note(b, "unknown-codec", PL_S(""),
             "the content is not what the name says, or of a kind "
             "that is not read");
        return;
    }
    if (k->read(in, &o, &sink, &err) < 0)
        note(b, "damaged", PL_S(""), err.msg);
}

void pl_gl_unpack_child(const struct gl_unpack *u)
{
    struct pl_err err = { 0 };
    struct unpack x = { .u = u };
    struct pl_str path = pl_str_c(u->path);
    enum pl_gl_archive kind = pl_gl_archive_name(path);
    struct box b = {
        &x, path, 1, kind == PL_GL_COMPRESSED, kind == PL_GL_COMPRESSED_CONTAINER, path
    };
    pl_limits_init(&x.limits);
    pl_nested_init();
    struct pl_feed *feed = pl_feed_stream(u->in);
    struct pl_gl_view v;
    if (pl_gl_child_close(u->in, u->out, ADDRESS_SPACE, &err) < 0) {
        note(&b, "sandbox", PL_S(""), err.msg);
    } else {
        pl_gl_view_init(&v, feed);
        open_box(&b, path, &v.v, kind != PL_GL_CONTAINER);
    }
    message(u, GL_UNPACK_DONE, "", 0);
    _exit(0);
}
