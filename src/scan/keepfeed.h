/* Child: what says how an image runs is kept from the windows it is scanned in. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_SCAN_KEEPFEED_H
#define PL_SCAN_KEEPFEED_H

#include "check/image/img.h"
#include "scan/content.h"

/* One file on its way; zero-initialised it wants nothing. */
struct pl_keepfeed {
    enum pl_img_keep how;
    struct pl_buf b; /* text of several windows, or the strings found */
    uint32_t traits;
    uint64_t kinds; /* which literals were seen */
    bool over;
};

/* At the first window, `head` its bytes: is the file of any account? */
void pl_keepfeed_begin(struct pl_keepfeed *f, struct pl_worker *w, const struct pl_spot *at,
                       struct pl_str head);
/* One window, as pl_pkgfeed_add. With `last` what was kept is sent and released. */
void pl_keepfeed_add(struct pl_keepfeed *f, struct pl_worker *w, const struct pl_spot *at,
                     struct pl_str window, size_t from, size_t to, bool last);
/* Sends one fact, if facts are asked for. */
void pl_keep_fact(struct pl_worker *w, enum pl_fact_kind kind, uint32_t ordinal, uint32_t traits,
                  struct pl_str body);

#endif
