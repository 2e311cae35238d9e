/* The JSON documents of an image: index, manifest, config, docker-archive manifest. Parsed in the
 * child from bytes; strings are views on the arena. OCI image-spec 1.1; Docker image spec 1.2 and
 * schema 2. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_OCI_DOC_H
#define PL_OCI_DOC_H

#include "base/limits.h"
#include "fmt/json.h"
#include "oci/digest.h"

struct pl_platform {
    struct pl_str os, arch, variant; /* empty = absent */
};

struct pl_descriptor {
    struct pl_str media_type, artifact_type;
    struct pl_digest digest;
    uint64_t size;
    struct pl_platform platform;
    struct pl_str ref_name; /* annotation org.opencontainers.image.ref.name, or empty */
    struct pl_str
        reference_type; /* annotation vnd.docker.reference.type ("attestation-manifest") */
    struct pl_str reference_digest; /* annotation vnd.docker.reference.digest */
    bool has_data;
    struct pl_str data; /* `data`, base64-decoded */
    bool has_urls;
    struct pl_str url; /* the first of them */
};

enum pl_doc_kind {
    PL_DOC_UNKNOWN,  /* JSON, but none of the below */
    PL_DOC_INDEX,    /* OCI index or Docker manifest list */
    PL_DOC_MANIFEST, /* OCI or Docker schema 2 manifest, artifact manifests included */
    PL_DOC_CONFIG,   /* image config */
    PL_DOC_ARCHIVE,  /* docker-archive manifest.json */
};

struct pl_history {
    struct pl_str created, created_by, comment, author;
    bool has_created_by, empty_layer;
};

/* One document. Which members are filled depends on `kind`. */
struct pl_doc {
    enum pl_doc_kind kind;
    struct pl_str media_type; /* the `mediaType` inside, or empty */
    /* index and manifest */
    struct pl_descriptor *items; /* index: manifests; manifest: layers */
    size_t n_items;
    struct pl_descriptor config;  /* manifest */
    struct pl_descriptor subject; /* either; digest.set when present */
    struct pl_str artifact_type;
    /* config */
    struct pl_platform platform;
    struct pl_digest *diff_ids;
    size_t n_diff_ids;
    struct pl_history *history;
    size_t n_history;
    bool has_history;
    /* docker-archive manifest.json: images of {Config, RepoTags, Layers} */
    struct pl_archive_image {
        struct pl_str config;
        struct pl_str *tags, *layers;
        size_t n_tags, n_layers;
    } * images;
    size_t n_images;
};

/* The kind a media type stands for; PL_DOC_UNKNOWN for any other. */
enum pl_doc_kind pl_doc_kind_of(struct pl_str media_type);

/* Refuses a document (of any kind) with a key that some readers take for one of those that count
 * and others do not: Go folds case and takes the last, so that "Manifests" would undo "manifests".
 * PL_E_FORMAT. pl_doc_read asks this of what it knows. */
int pl_doc_keys(const struct pl_json *root, struct pl_err *err);

/* Classifies and reads a parsed document. `expect_media_type` is the descriptor's or empty: a
 * contradiction with the document's kind or own mediaType is PL_E_FORMAT (hazard H5), as are
 * `manifests` beside `layers` or `config`, bad digests, negative sizes, known keys of a wrong type;
 * the message has the JSON pointer. null counts as absent. Counts beyond limits are PL_E_LIMIT,
 * manifests of schema version 1 PL_E_UNSUP. *ret is untouched on failure. */
int pl_doc_read(const struct pl_json *root, struct pl_str expect_media_type,
                const struct pl_limits *l, struct pl_arena *a, struct pl_doc *ret,
                struct pl_err *err);

#endif
