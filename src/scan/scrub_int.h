/* What the files of `scrub` share. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_SCAN_SCRUB_INT_H
#define PL_SCAN_SCRUB_INT_H

#include "scan/rewrite.h"
#include "scan/scan_int.h"
#include "scan/scrub.h"

#define PL_SCRUB_INDEX "application/vnd.oci.image.index.v1+json"
#define PL_SCRUB_MANIFEST "application/vnd.oci.image.manifest.v1+json"

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
    bool reveal, packages; /* as the run had it */
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
    PL_VEC(struct pl_scrub_top) tops;
    const struct pl_scrub_sink *sink;
    const struct pl_rules *rules; /* of the run */
    struct pl_rules *only, *both; /* of the secrets; of these and the run's */
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

/* scrub_values.c: the secrets that are named, each once, with the ways to write them … */
void pl_scrub_values(struct pl_scrub *x);
/* … read all of the image once more for these bytes alone; hits are added to the records. */
int pl_scrub_search(struct pl_scrub *x, struct pl_err *err);
/* From here on the rules of the run find them, too. */
void pl_scrub_search_all(struct pl_scrub *x);
/* Puts the rules of the run back. */
void pl_scrub_search_end(struct pl_scrub *x);

/* scrub_layer.c: what becomes of the entries of an image's layers. */
void pl_scrub_layers(struct pl_scrub *x, const struct pl_image *im);
/* scrub_graph.c: which documents change and which are left out. */
void pl_scrub_judge(struct pl_scrub *x);
/* Does it hang beside images: a signature, an attestation, anything with a subject? `d`, which may
 * be NULL, is the descriptor that led to it. */
bool pl_scrub_beside(const struct pl_part *p, const struct pl_descriptor *d);
/* A descriptor of an index: is it a signature or the like, bound to a digest? *ret_subject is that
 * digest, unset when none is named. */
bool pl_scrub_artifact(const struct pl_scrub *x, const struct pl_descriptor *d,
                       const struct pl_part *p, struct pl_digest *ret_subject);

/* ---- writing ---- */

/* A REWRITE job over the bytes of a part. */
struct pl_scrub_job {
    struct pl_scrub *x;
    struct pl_hash *h;
    struct pl_buf *text; /* documents: kept here rather than written */
    uint64_t size;
    struct pl_record *rec;
    int failed;
    struct pl_err err;
};

/* Runs a REWRITE job over the bytes of `p`, which must be those of the first reading. */
int pl_scrub_run(struct pl_scrub *x, const struct pl_part *p, const struct pl_rewrite *rw,
                 struct pl_scrub_job *j, struct pl_err *err);
/* The blob as it was. */
int pl_scrub_copy(struct pl_scrub *x, struct pl_work *w, struct pl_err *err);
/* A document of these bytes; *ret is its digest. A manifest or index goes as such: `d` is what it
 * was (NULL: none), `type` its media type or empty. */
int pl_scrub_put(struct pl_scrub *x, struct pl_str bytes, const struct pl_doc *d,
                 struct pl_str type, struct pl_digest *ret, struct pl_err *err);
/* A layer, written anew when something of it goes. */
int pl_scrub_put_layer(struct pl_scrub *x, struct pl_work *w, struct pl_err *err);
/* Can what stands in containers be overwritten there? Writes those layers to nowhere; what a format
 * forbids is refused. */
int pl_scrub_try(struct pl_scrub *x, struct pl_err *err);

/* Edits of a document as they come together. */
struct pl_edits {
    struct pl_scrub *x;
    PL_VEC(struct pl_jsonedit) e;
};

/* Adds one; text must live as long. */
void pl_scrub_edit(struct pl_edits *k, enum pl_jsonedit_op op, struct pl_str pointer,
                   struct pl_str text);
/* The new text of a document, in `out`. */
int pl_scrub_edited(struct pl_scrub *x, struct pl_work *w, struct pl_edits *k, struct pl_buf *out,
                    struct pl_err *err);
/* The config over these layers. */
int pl_scrub_put_config(struct pl_scrub *x, struct pl_part *p, struct pl_part *const *layers,
                        size_t n, struct pl_err *err);
/* What an index lists; `k` gets the edits of it that follow. */
int pl_scrub_put_items(struct pl_scrub *x, struct pl_part *p, struct pl_edits *k, unsigned depth,
                       struct pl_err *err);
/* A manifest or index with all below it. */
int pl_scrub_put_any(struct pl_scrub *x, struct pl_part *p, unsigned depth, struct pl_err *err);

#endif
