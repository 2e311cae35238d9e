/* Child: hands files that a cataloger wants to it, from the windows they are scanned in. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_SCAN_PKGFEED_H
#define PL_SCAN_PKGFEED_H

#include "pkg/classify.h"
#include "scan/content.h"

struct pl_cataloger;

/* One file on its way; zero-initialised it wants nothing. */
struct pl_pkgfeed {
    const struct pl_cataloger *c;
    struct pl_buf b; /* what came before the last window, for files larger than one */
    bool over;       /* too large */
    bool large;      /* took the large slot for it */
    struct pl_classify classes;
    bool program; /* looked through for what compilers leave */
};

/* At the first window, `head` its bytes: does a cataloger want the file? */
void pl_pkgfeed_begin(struct pl_pkgfeed *f, struct pl_worker *w, const struct pl_spot *at,
                      struct pl_str head);
/* One window, of which the bytes from `from` up to `to` were not in the one before; with `last`
 * they are the end. Releases the feed then. */
void pl_pkgfeed_add(struct pl_pkgfeed *f, struct pl_worker *w, const struct pl_spot *at,
                    struct pl_str window, size_t from, size_t to, bool last);
/* Runs the cataloger that goes by the path over the whole file. */
void pl_pkgfeed_run(struct pl_worker *w, const struct pl_spot *at, struct pl_str bytes);

/* Databases and their logs of changes: is it one of either? Takes one over, and whether it holds
 * the large slot; what waits is read when the other comes, when another folder's file passes by,
 * and at the end of the job. */
bool pl_pkgpend_wants(const struct pl_spot *at);
void pl_pkgpend_take(struct pl_worker *w, const struct pl_spot *at, struct pl_buf *bytes,
                     bool large);
void pl_pkgpend_pass(struct pl_worker *w, const struct pl_spot *at);
void pl_pkgpend_end(struct pl_worker *w);

/* Gives back what it holds. */
void pl_pkgfeed_release(struct pl_pkgfeed *f);

#endif
