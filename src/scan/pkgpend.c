/* Child: a package database that may have a log of changes beside it waits for that log, as long as
 * files of its folder go by. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "fmt/sqlite.h"
#include "scan/pkgfeed.h"

struct pl_pkg_pending {
    struct pl_arena a;
    struct pl_str path; /* of the database or, without one, of the log */
    uint32_t ordinal;
    struct pl_buf db, log;
    bool has_db, has_log;
    bool large; /* holds the large slot */
};

static struct pl_str folder(struct pl_str path)
{
    const char *slash = path.n ? memrchr(path.p, '/', path.n) : NULL;
    return pl_str_sub(path, 0, slash ? (size_t)(slash - path.p) : 0);
}

bool pl_pkgpend_wants(const struct pl_spot *at)
{
    return !at->nested.n && (pl_str_ends(at->path, PL_S("/rpmdb.sqlite")) ||
                             pl_str_ends(at->path, PL_S("/rpmdb.sqlite-wal")));
}

void pl_pkgpend_end(struct pl_worker *w)
{
    struct pl_pkg_pending *k = w->pending;
    struct pl_err err = { 0 };
    if (!k)
        return;
    w->pending = NULL;
    if (k->has_db && k->has_log && pl_sqlite_wal(&k->db, pl_buf_str(&k->log), &err) < 0)
        pl_worker_note(w, PL_SCOPE_ENTRY, true, "package-list", k->path, "log of changes: %s",
                       err.msg);
    struct pl_spot at = { .surface = PL_SURF_FILE, .ordinal = k->ordinal, .path = k->path };
    if (k->has_db)
        pl_pkgfeed_run(w, &at, pl_buf_str(&k->db));
    else if (k->log.n)
        pl_worker_note(w, PL_SCOPE_ENTRY, true, "package-list", k->path,
                       "changes of a database that is not beside them");
    if (k->large)
        pl_chan_large_end(&w->chan);
    w->large &= !k->large;
    pl_buf_release(&k->db);
    pl_buf_release(&k->log);
    pl_arena_release(&k->a);
    free(k);
}

void pl_pkgpend_pass(struct pl_worker *w, const struct pl_spot *at)
{
    if (w->pending && !at->nested.n && !pl_str_eq(folder(at->path), folder(w->pending->path)))
        pl_pkgpend_end(w);
}

void pl_pkgpend_take(struct pl_worker *w, const struct pl_spot *at, struct pl_buf *bytes,
                     bool large)
{
    bool log = pl_str_ends(at->path, PL_S("-wal"));
    if (w->pending && (log ? w->pending->has_log : w->pending->has_db))
        pl_pkgpend_end(w); /* the same name again */
    if (!w->pending) {
        w->pending = calloc(1, sizeof *w->pending);
        if (!w->pending)
            pl_oom();
    }
    struct pl_pkg_pending *k = w->pending;
    if (!log || !k->has_db) {
        k->path = pl_dup(&k->a, at->path);
        k->ordinal = at->ordinal;
    }
    *(log ? &k->log : &k->db) = *bytes;
    *bytes = (struct pl_buf){ 0 };
    k->has_log |= log;
    k->has_db |= !log;
    k->large |= large;
    if (k->has_db && k->has_log)
        pl_pkgpend_end(w);
}
