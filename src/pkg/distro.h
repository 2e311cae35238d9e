/* Releases of distributions, as advisories count them. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_PKG_DISTRO_H
#define PL_PKG_DISTRO_H

#include "base/arena.h"

/* "debian-12", "alpine-3.18", "rocky-9", "ubuntu-22.04": the release of `id` and `version` (ID and
 * VERSION_ID of os-release) at the depth that counts; the name alone without version. In `a`. */
struct pl_str pl_distro_text(struct pl_arena *a, struct pl_str id, struct pl_str version);
/* The same from one text, "debian-12.5". */
struct pl_str pl_distro_of(struct pl_arena *a, struct pl_str text);

#endif
