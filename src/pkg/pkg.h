/* Catalogers: which packages a file tells of. One file per ecosystem, one line in pkg.list. Pure
 * functions over bytes: they open nothing and run in the sandboxed child. formats: dpkg … lock
 * files.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_PKG_PKG_H
#define PL_PKG_PKG_H

#include "base/arena.h"
#include "base/err.h"
#include "model/package.h"

/* Where packages go. */
struct pl_pkg_sink {
    /* One package; its text lives during the call. */
    void (*emit)(void *arg, const struct pl_pkg *p);
    /* Something about the file: `incomplete` when packages may be missing. */
    void (*note)(void *arg, bool incomplete, const char *code, const char *message);
    /* The package `owner` put the file `path` (pl_pkg_own_path) there, with that content; NULL:
     * nobody asks. */
    void (*own)(void *arg, struct pl_str owner, struct pl_str path, const struct pl_sum *sum);
    void *arg;
    struct pl_arena *a;    /* scratch, given back after the file */
    const char *by;        /* the cataloger at work */
    struct pl_str archive; /* name of the archive that the file is a member of, or empty */
    size_t n;              /* packages so far */
};

/* The most packages of one file, and the longest name or version. */
#define PL_PKG_MAX 200000u
#define PL_PKG_TEXT 4096u

struct pl_cataloger {
    const char *id;
    /* Does it want the file at `path` (in an archive: the member's name)? `head` are its first
     * bytes (up to 512), for those that go by content. */
    bool (*wants)(struct pl_str path, struct pl_str head);
    size_t max; /* bytes it may ask to hold at once */
    /* Reads the whole file. PL_E_FORMAT, PL_E_LIMIT: damaged or too large from some place on; what
     * came before counts. */
    int (*run)(struct pl_str path, struct pl_str text, struct pl_pkg_sink *s, struct pl_err *err);
};

/* A path as lists of files and archives agree on it: no leading "/" or "./", and of folders that
 * are links in a merged /usr the part behind "usr/" ("bin/sh", "lib/x"). A view. */
struct pl_str pl_pkg_own_path(struct pl_str path);

/* The head of a digest of 8 bytes or more. */
uint64_t pl_sum_head(const uint8_t *digest);

/* The root that a package list at `path` stands in ("" or "chroot/"): a view. False when `path` is
 * no such list. */
bool pl_pkg_list_root(struct pl_str path, struct pl_str *ret);

/* All catalogers in the order of pkg.list, NULL at the end. */
extern const struct pl_cataloger *const pl_catalogers[];
/* The first that wants the file, or NULL. */
const struct pl_cataloger *pl_cataloger_for(struct pl_str path, struct pl_str head);
/* Runs `c` over the file; what went wrong becomes a note. */
void pl_cataloger_run(const struct pl_cataloger *c, struct pl_str path, struct pl_str text,
                      struct pl_pkg_sink *s);

#endif
