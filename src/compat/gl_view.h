/* A feed seen as a view. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_COMPAT_GL_VIEW_H
#define PL_COMPAT_GL_VIEW_H

#include "base/buf.h"
#include "io/view.h"
#include "source/feed.h"

struct pl_gl_view {
    struct pl_view v;
    struct pl_feed *feed;
    struct pl_buf b;
};

/* Makes `v` show what `feed` gives and takes the feed over; end with pl_view_close(&v->v), which
 * leaves the struct itself to the caller. */
void pl_gl_view_init(struct pl_gl_view *v, struct pl_feed *feed);

#endif
