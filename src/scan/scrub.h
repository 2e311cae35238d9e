/* `scrub`: the same image without the bytes of the secrets that are named. forensics.md section 8.
 * Where the new image goes is the caller's (rewrite/). */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_SCAN_SCRUB_H
#define PL_SCAN_SCRUB_H

#include "scan/scan.h"

struct pl_scrub_opts {
    const char *const *findings; /* fingerprints or unique prefixes; none: every secret */
    size_t n_findings;
    bool remove, redact; /* what is done to what is visible; neither: it is refused */
    bool drop_signatures;
    bool dry;          /* only told: what else the writing would find out is tried while planning */
    struct pl_str tag; /* the new image's, or empty: as it was */
};

/* A manifest or index of the new image. */
struct pl_scrub_manifest {
    struct pl_str bytes, type; /* type: media type */
    struct pl_digest digest;
    struct pl_digest subject;    /* what it refers to, or unset */
    struct pl_str artifact_type; /* of a manifest with a subject; may be empty */
};

/* Where blobs and documents go, in the order they are made: what is named before what names it. */
struct pl_scrub_sink {
    void *arg;
    /* May be NULL. Is a blob of the old image there already? Then its bytes do not come. */
    int (*have)(void *arg, const struct pl_digest *d, uint64_t size, bool *ret, struct pl_err *err);
    /* May be NULL: then manifests come as blobs. */
    int (*manifest)(void *arg, const struct pl_scrub_manifest *m, struct pl_err *err);
    int (*begin)(void *arg, struct pl_err *err); /* a blob comes */
    int (*write)(void *arg, const void *p, size_t n, struct pl_err *err);
    int (*end)(void *arg, const struct pl_digest *d, uint64_t size, struct pl_err *err);
    int (*file)(void *arg, struct pl_str name, struct pl_str bytes, struct pl_err *err);
};

struct pl_scrub_layer {
    uint32_t index;
    struct pl_str digest, diff_id;         /* before */
    struct pl_str new_digest, new_diff_id; /* after; empty until written */
    bool changed;
};
struct pl_scrub_image {
    struct pl_str name, platform;
    struct pl_str digest, new_digest; /* of the manifest; empty where there was none */
    struct pl_str config, new_config;
    bool changed;
    struct pl_scrub_layer *layers;
    size_t n_layers;
};
/* One thing that is done, or would be. */
struct pl_scrub_change {
    struct pl_str blob;  /* digest, or name of a document */
    struct pl_str path;  /* entry, or place in a document; secrets masked */
    const char *surface; /* static */
    const char *action;  /* "removed", "hidden", "redacted", "blanked", "left out"; static */
};

/* What the new image's index.json lists. */
struct pl_scrub_top {
    struct pl_digest digest;
    struct pl_str tag; /* may be empty */
    bool beside;       /* a signature, attestation or the like */
};

/* Does a repository still serve what the secrets were in? Asked after the new image was written. */
struct pl_scrub_asked {
    struct pl_digest digest;
    const char *kind; /* "manifest", "config", "layer", "blob"; static */
    bool served;
    bool unknown; /* no answer; see `failed` */
};
struct pl_scrub_tag {
    struct pl_str tag, digest;
    struct pl_str through; /* the old manifest or blob that it leads to */
};
struct pl_scrub_referrer {
    struct pl_str subject, digest, type;
};
struct pl_scrub_served {
    struct pl_str host, repo;
    struct pl_scrub_asked *digests;
    size_t n_digests;
    struct pl_scrub_tag *tags;
    size_t n_tags;
    struct pl_scrub_referrer *referrers; /* of old manifests */
    size_t n_referrers;
    struct pl_str *failed; /* questions without an answer */
    size_t n_failed;
};

struct pl_scrub_result {
    const struct pl_report *before; /* what was found; findings that are named have `named` set */
    const struct pl_finding **named;
    size_t n_named, n_secrets;
    struct pl_scrub_image *images;
    size_t n_images;
    struct pl_scrub_change *changes;
    size_t n_changes;
    struct pl_str *refused; /* why it cannot be done; empty: it can */
    size_t n_refused;
    struct pl_str *signatures; /* what no longer applies and is dropped */
    size_t n_signatures;
    struct pl_scrub_asked *old; /* manifests and blobs that the new image has no more */
    size_t n_old;
    struct pl_scrub_top *tops;
    size_t n_tops;
    struct pl_scrub_served *served; /* one for each repository that was asked */
    size_t n_served;
};

struct pl_scrub;

/* Reads `target` and plans. PL_E_USAGE: a fingerprint that names none or several; PL_E_IO: the
 * target could not be read to its end. Until it is
 * freed `s` shows secrets. Heap. */
int pl_scrub_plan(struct pl_scan *s, const char *target, const struct pl_scrub_opts *o,
                  struct pl_scrub **ret, struct pl_err *err);
/* What was planned and, later, done; text lives as long as `x`. */
const struct pl_scrub_result *pl_scrub_result(const struct pl_scrub *x);
/* Writes the new image; only when nothing was refused. The source must not have changed. */
int pl_scrub_write(struct pl_scrub *x, const struct pl_scrub_sink *sink, struct pl_err *err);
/* Scans `out`, the image that was written: 0 when it was read to its end and holds none of the
 * named secrets. PL_E_DIGEST: something is left; PL_E_IO: it could not be read whole. */
int pl_scrub_check(struct pl_scrub *x, const char *out, struct pl_err *err);
/* Asks for all that is old: the repository the target came from, if it came from one, and `repo` of
 * `rm`, where the new image went (NULL: none). What has no answer is among the result. */
struct pl_remote;
int pl_scrub_ask(struct pl_scrub *x, struct pl_remote *rm, struct pl_str host, struct pl_str repo,
                 struct pl_err *err);
/* Forgets the secrets; accepts NULL. */
void pl_scrub_free(struct pl_scrub *x);

#endif
