/* Where `scrub` writes: files, or a registry. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_CMD_SCRUB_OUT_H
#define PL_CMD_SCRUB_OUT_H

#include "registry/registry.h"
#include "rewrite/pushed.h"
#include "rewrite/store.h"
#include "scan/scrub.h"

struct pl_scrub_out { /* one of them */
    struct pl_store *store;
    struct pl_pushed *pushed;
};

/* Begins "oci:DIR[:TAG]", "oci-archive:FILE", "docker-archive:FILE" or "docker://REF". PL_E_USAGE;
 * PL_E_IO. `ret` is released whatever comes back. */
int pl_scrub_out_new(const char *out, const struct pl_registry_opts *o, struct pl_scrub_out *ret,
                     struct pl_err *err);
/* The tag in it, or empty; what a file about it is called. */
struct pl_str pl_scrub_out_tag(const struct pl_scrub_out *o);
const char *pl_scrub_out_name(const struct pl_scrub_out *o);
/* Writes what was planned; *ret_target is what can be read then. `target` is where the old image
 * is. */
int pl_scrub_out_write(struct pl_scrub_out *o, struct pl_scrub *x, const char *target,
                       const char **ret_target, struct pl_err *err);
/* Gives it its name. */
int pl_scrub_out_keep(struct pl_scrub_out *o, struct pl_err *err);
/* What was not kept is taken away. */
void pl_scrub_out_release(struct pl_scrub_out *o);

#endif
