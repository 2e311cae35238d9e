/* rescan --add: inventories that others or we wrote, into the store. Files are cut into documents
 * here and read in the sandbox. packages.md section 10. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/wire.h"
#include "cmd/rescan.h"
#include "cmd/store_opt.h"
#include "cmd/version.h"
#include "pkg/sbom.h"
#include "store/store.h"

#define BATCH_DOCS 64u
#define BATCH_BYTES ((size_t)8 << 20)

struct adding {
    const struct pl_rescan_cmd *o;
    struct pl_run run;
    struct pl_store *s;
    struct pl_buf text; /* of the file; from `from` on it is in no batch yet */
    size_t from;
    uint64_t bytes, n; /* read of the file; documents of it */
    struct pl_arena a; /* of the batch */
    PL_VEC(struct pl_str) doc;
    PL_VEC(struct pl_str) name;
    size_t batch_bytes;
    uint64_t added, refused, incomplete;
    int fd;
    const char *path;
    bool ended;
    struct pl_arena names_a; /* of what this run has added */
    struct pl_map names;
};

/* Where the JSON value that begins at `from` ends; 0: not in what is there yet. Only braces outside
 * of strings count: whether it is JSON is judged in the sandbox. */
struct cutter {
    size_t at, depth;
    bool string, escaped;
};

static size_t cut(struct cutter *c, struct pl_str s)
{
    for (; c->at < s.n; c->at++) {
        char ch = s.p[c->at];
        if (c->escaped) {
            c->escaped = false;
        } else if (c->string) {
            c->escaped = ch == '\\';
            c->string = ch != '"';
        } else if (ch == '"') {
            c->string = true;
        } else if (ch == '{' || ch == '[') {
            c->depth++;
        } else if (ch == '}' || ch == ']') {
            if (c->depth <= 1)
                return ++c->at;
            c->depth--;
        }
    }
    return 0;
}

static struct pl_str rest(const struct adding *x)
{
    return pl_str_sub(pl_buf_str(&x->text), x->from, SIZE_MAX);
}

static int fill(struct adding *x, struct pl_err *err)
{
    if (x->from) {
        memmove(x->text.p, x->text.p + x->from, x->text.n - x->from);
        x->text.n -= x->from;
        x->from = 0;
    }
    char *room = pl_buf_room(&x->text, 1u << 20, err);
    if (!room)
        return err->code;
    ssize_t n = read(x->fd, room, 1u << 20);
    if (n < 0 && errno == EINTR)
        return 0;
    if (n < 0)
        return pl_fail_errno(err, PL_E_IO, errno, "cannot read '%s'", x->path);
    x->text.n += (size_t)n;
    x->bytes += (uint64_t)n;
    x->ended = n == 0;
    return 0;
}

static void complain(const struct pl_target *t)
{
    for (size_t i = 0; i < t->n_notes; i++)
        if (t->notes[i].incomplete)
            fprintf(stderr, "plimsoll rescan: %.*s: %.*s\n", PL_FMT(t->notes[i].where),
                    PL_FMT(t->notes[i].message));
}

/* Documents that are called the same, in one run, are not versions of each other: the second and
 * later ones are told apart by their number. */
static struct pl_str mark_of(struct adding *x, const struct pl_target *t)
{
    pl_auto_buf struct pl_buf key = { 0 };
    const struct pl_str part[] = { t->name, t->digest, t->platform };
    for (size_t i = 0; i < PL_COUNT(part); i++)
        pl_put_str(&key, part[i]);
    x->names.a = &x->names_a;
    void **at = pl_map_put(&x->names, pl_buf_str(&key));
    uintptr_t before = (uintptr_t)*at;
    *at = (void *)(before + 1);
    return before ? pl_printf(&x->a, "%llu", (unsigned long long)before + 1) : PL_S("");
}

/* The documents of the batch are read and kept, all or none of them. */
static int keep(struct adding *x, struct pl_err *err)
{
    struct pl_report report = { .a = &x->a,
                                .tool_version = PL_S(PL_VERSION),
                                .rules_version = PL_S(PL_RULES_VERSION) };
    const struct pl_store_ops *ops = x->s->ops;
    struct pl_store_origin o;
    int64_t image;
    if (!x->doc.n)
        return 0;
    int r = pl_scan_inventories(x->run.scan, x->doc.p, x->name.p, x->doc.n, &report, err);
    if (r == 0)
        r = ops->begin(x->s, err);
    if (r == 0)
        r = pl_store_origin_in(x->s, &report, &o, err);
    for (size_t i = 0; i < report.n_targets && r == 0; i++) {
        const struct pl_target *t = &report.targets[i];
        if (!t->complete)
            complain(t);
        x->incomplete += !t->complete;
        x->refused += !t->complete && !t->n_packages;
        if (!t->complete && !t->n_packages)
            continue; /* what could not be read is not an image without packages */
        o.mark = mark_of(x, t);
        r = ops->put(x->s, &o, t, &image, err);
        x->added++;
    }
    if (r == 0)
        r = ops->commit(x->s, err);
    else
        ops->rollback(x->s);
    x->doc.n = x->name.n = 0;
    x->batch_bytes = 0;
    pl_arena_reset(&x->a);
    return r;
}

static int add_document(struct adding *x, size_t n, struct pl_err *err)
{
    struct pl_str s = pl_str_n(x->text.p + x->from, n);
    bool whole = !x->n && x->ended && n == x->text.n - x->from;
    x->n++;
    pl_vec_push(&x->doc, pl_dup(&x->a, s));
    pl_vec_push(&x->name, whole ? pl_dup(&x->a, pl_str_c(x->path))
                                : pl_printf(&x->a, "%s:%llu", x->path, (unsigned long long)x->n));
    x->batch_bytes += n;
    return x->doc.n >= BATCH_DOCS || x->batch_bytes > BATCH_BYTES ? keep(x, err) : 0;
}

/* Passes over `n` bytes, and blanks behind them. */
static void drop(struct adding *x, size_t n)
{
    static const char blank[] = " \t\r\n";
    x->from += n;
    while (x->from < x->text.n && memchr(blank, x->text.p[x->from], 4))
        x->from++;
}

/* Any other form than JSON is one document. */
static int add_file(struct adding *x, struct pl_err *err)
{
    struct cutter c = { 0 };
    x->text.n = x->from = 0;
    x->bytes = x->n = 0;
    x->ended = false;
    int r = 0;
    while (r == 0) {
        if (*pl_common_cancel())
            return pl_fail(err, PL_E_CANCEL, "interrupted");
        if (c.at == 0)
            drop(x, 0);
        bool json = rest(x).n && rest(x).p[0] == '{';
        size_t n = json ? cut(&c, rest(x)) : 0;
        if (x->ended && !n)
            n = rest(x).n;
        if (n) {
            r = add_document(x, n, err);
            drop(x, n);
            c = (struct cutter){ 0 };
        } else if (x->ended) {
            break;
        } else if ((r = fill(x, err)) == PL_E_LIMIT) {
            r = pl_fail(err, PL_E_LIMIT, "'%s': a document of more than %zu MiB", x->path,
                        PL_SBOM_MAX >> 20);
        }
    }
    if (r == 0)
        r = keep(x, err);
    return r == 0 && !x->n ? pl_fail(err, PL_E_USAGE, "'%s' is empty", x->path) : r;
}

static int add_all(struct adding *x, const struct pl_operands *files)
{
    struct pl_err err = { 0 };
    for (size_t i = 0; i < files->n; i++) {
        x->path = files->p[i];
        pl_auto_fd int fd = strcmp(x->path, "-") == 0 ? fcntl(0, F_DUPFD_CLOEXEC, 3)
                                                      : open(x->path, O_RDONLY | O_CLOEXEC);
        if (fd < 0)
            pl_fail_errno(&err, PL_E_USAGE, errno, "cannot open '%s'", x->path);
        x->fd = fd;
        if (fd < 0 || add_file(x, &err) < 0)
            return pl_run_failed("rescan", &err);
    }
    return 0;
}

int pl_rescan_add(const struct pl_rescan_cmd *o, const char *store, const struct pl_operands *files)
{
    struct adding x = { .o = o, .text.max = PL_SBOM_MAX + (2u << 20) };
    struct pl_err err = { 0 };
    if (!files->n) {
        fputs("plimsoll rescan: --add names no file\n", stderr);
        return PL_EXIT_USAGE;
    }
    int code = pl_run_begin(&x.run, &o->common, /* secrets= */ false);
    if (code)
        return code;
    if (pl_store_open(store, PL_STORE_MAKE, &x.s, &err) < 0) {
        code = pl_run_failed("rescan", &err);
    } else {
        code = add_all(&x, files);
        x.s->ops->close(x.s);
    }
    pl_run_end(&x.run);
    pl_buf_release(&x.text);
    pl_vec_release(&x.doc);
    pl_vec_release(&x.name);
    pl_arena_release(&x.a);
    pl_map_release(&x.names);
    pl_arena_release(&x.names_a);
    if (!code && !o->common.quiet)
        fprintf(stderr, "%llu inventories added to '%s'\n", (unsigned long long)x.added, store);
    if (!code && x.refused && !o->common.quiet)
        fprintf(stderr, "%llu documents were not read\n", (unsigned long long)x.refused);
    return code ? code : x.incomplete ? PL_EXIT_INCOMPLETE : PL_EXIT_CLEAN;
}
