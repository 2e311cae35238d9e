/* Which files belong to packages of the distribution. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_CHECK_IMAGE_OWNED_H
#define PL_CHECK_IMAGE_OWNED_H

#include "base/map.h"
#include "check/image/img.h"

/* Of a package manager's list (dpkg's NAME.list, apk's installed) the names of packages ("=NAME")
 * and those paths that matter, one a line. */
void pl_img_owned_cut(struct pl_str path, struct pl_str text, struct pl_buf *out);

struct pl_owned {
    struct pl_map paths; /* path without '/' in front -> package name (struct pl_str *) */
    bool dpkg, apk, rpm; /* which package manager there is */
};
/* Reads the lists that `im` has; everything in im->a but what pl_owned_release gives back. */
void pl_owned_read(const struct pl_img *im, struct pl_owned *ret);
void pl_owned_release(struct pl_owned *o);
/* The package that brought the file at `path`, or p == NULL. Where the manager's lists cannot be
 * read (rpm), what stands in the system's folders counts as its own: "?" */
struct pl_str pl_owned_by(const struct pl_owned *o, const struct pl_img *im, struct pl_str path);

#endif
