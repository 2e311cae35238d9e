/* Reading members by libarchive, for the formats we take from it. Not for other folders. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_IO_NESTED_ARC_H
#define PL_IO_NESTED_ARC_H

#include "io/nested_int.h"
#include "io/nested_late.h"

/* One run of libarchive over the container of `nest`. */
struct pl_arc {
    struct pl_nest *nest;
    struct pl_view *in;   /* what is read; NULL when opened on memory */
    struct pl_str prefix; /* read before `in`; the caller's */
    struct pl_str detail; /* given with every member */
    bool lenient;         /* the end may be missing: no note for it */
    size_t given;         /* bytes at in->p that libarchive has seen and not given back */
    uint64_t seen;        /* headers read */
    bool fatal;           /* libarchive gave up before the end */
    struct archive *a;
    struct pl_pull pull;
};

typedef int pl_arc_format(struct archive *a);

/* Reads all members of a stream (x->prefix, then x->in) in the format enabled by `format`. 0: read,
 * or noted why not; 1: a limit stopped it (noted); 2: not this format, nothing read and nothing
 * noted; negative: PL_E_CANCEL, or x->in broke. */
int pl_arc_stream(struct pl_arc *x, pl_arc_format *format, struct pl_err *err);
/* The same on memory, where the format may seek. */
int pl_arc_mem(struct pl_arc *x, pl_arc_format *format, struct pl_str whole, struct pl_err *err);

#endif
