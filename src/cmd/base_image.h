/* What comes from the base image: its layers are the first ones of the image. packages.md section
 * 12. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_CMD_BASE_IMAGE_H
#define PL_CMD_BASE_IMAGE_H

#include "scan/scan.h"

/* The layers of a base, or the last of them alone. */
struct pl_base {
    struct pl_names diff_ids; /* "sha256:…", the first layer first */
    bool last_only;           /* one diff_id: that of the base's last layer */
};

/* Reads the layers of `what`: an image as `scan` takes it, or the diff_id of its last layer. Text
 * in `a`. PL_E_USAGE when it is no image or has no layers; what pl_scan_history says. */
int pl_base_read(struct pl_scan *s, const char *what, struct pl_arena *a, struct pl_base *ret,
                 struct pl_err *err);
/* How many layers of `t` are the base's; 0 when it was not built on it. */
size_t pl_base_layers(const struct pl_base *b, const struct pl_target *t);
/* Marks packages and flaws of each target as "base" or "app", counts both on stderr (unless quiet),
 * and with `exclude` takes out what comes from the base. Targets that were not built on it get a
 * note. */
void pl_base_mark(const struct pl_base *b, struct pl_report *r, bool exclude, bool quiet);

#endif
