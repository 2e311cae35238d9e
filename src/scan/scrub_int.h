/* What the files of `scrub` share. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_SCAN_SCRUB_INT_H
#define PL_SCAN_SCRUB_INT_H

#include "scan/rewrite.h"
#include "scan/scan_int.h"
#include "scan/scrub.h"

/* What happens to an entry of a layer. */
struct pl_fate {
    struct pl_tar_edit e;
    PL_VEC(struct pl_tar_blank) blanks;
    bool link; /* only because it is another name of what goes */
    bool visible;
};

/* A blob of the source on its way. */
struct pl_work {
    struct pl_part *part;
    PL_VEC(struct pl_fate) fates;
    struct pl_map by_ordinal; /* -> 1 + index */
    PL_VEC(struct pl_rewrite_place) places;
    bool headers, tail; /* as pl_tar_edits */
    bool rewrite;       /* of a layer: something of it goes */
    bool judged, changed, out;
    bool written;
    struct pl_digest digest, diff_id; /* of the new blob */
    uint64_t size;
};

struct pl_scrub {
    struct pl_scan *scan;
    bool reveal; /* as the run had it */
    struct pl_unit *u;
    struct pl_arena a;
    struct pl_scrub_opts o;
    struct pl_report report;
    struct pl_scrub_result r;
    PL_VEC(struct pl_str) values;   /* the secrets, each once */
    struct pl_map named;            /* SHA-256 -> anything */
    struct pl_map works;            /* part -> struct pl_work * */
    PL_VEC(struct pl_work *) order; /* all of them */
    PL_VEC(const struct pl_finding *) named_findings;
    PL_VEC(struct pl_scrub_change) changes;
    PL_VEC(struct pl_str) refused;
    PL_VEC(struct pl_str) signatures;
    const struct pl_scrub_sink *sink;
};

/* The work on a part, made when absent. */
struct pl_work *pl_scrub_work(struct pl_scrub *x, struct pl_part *p);
/* Is the secret of this hit one of those named? */
bool pl_scrub_named(const struct pl_scrub *x, const struct pl_hit *h);
/* Does a part hold one of them? */
bool pl_scrub_holds(const struct pl_scrub *x, const struct pl_part *p);
/* `text` without the secrets, in the arena. */
struct pl_str pl_scrub_mask(struct pl_scrub *x, struct pl_str text);
void pl_scrub_change(struct pl_scrub *x, const struct pl_part *p, struct pl_str path,
                     enum pl_surface surface, const char *action);
/* Adds a reason why not, once. */
void pl_scrub_refuse(struct pl_scrub *x, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
/* The digest as which a part is known: its name's, else that of its bytes. */
struct pl_digest pl_scrub_digest(const struct pl_part *p);
/* The part of a descriptor's blob, or NULL. */
struct pl_part *pl_scrub_part(const struct pl_scrub *x, const struct pl_digest *d);

/* scrub_layer.c: what becomes of the entries of an image's layers. */
void pl_scrub_layers(struct pl_scrub *x, const struct pl_image *im);
/* scrub_graph.c: which documents change and which are left out. */
void pl_scrub_judge(struct pl_scrub *x);
/* A descriptor of an index: is it a signature or the like, bound to a digest? *ret_subject is that
 * digest, unset when none is named. */
bool pl_scrub_artifact(const struct pl_scrub *x, const struct pl_descriptor *d,
                       const struct pl_part *p, struct pl_digest *ret_subject);

#endif
