/* Targets: what a user names, opened by the parent without parsing a byte of it. An image source is
 * a set of named blobs; a tree is a list of files. commands.md "Targets". */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_SOURCE_SOURCE_H
#define PL_SOURCE_SOURCE_H

#include "base/map.h"
#include "base/vec.h"
#include "oci/digest.h"
#include "source/feed.h"

enum pl_source_form {
    PL_SRC_LAYOUT, /* directory with index.json and blobs/ */
    PL_SRC_TAR,    /* an archive that can be read at any offset */
    PL_SRC_STREAM, /* an archive that comes once, in order */
    PL_SRC_TREE,   /* a directory of files */
    PL_SRC_REMOTE, /* a registry: blobs are listed as they become known */
};

struct pl_blob {
    struct pl_str name;      /* in the layout or archive, "blobs/sha256/…", "index.json" */
    struct pl_str link;      /* TAR: what a link member points to; else empty */
    uint64_t off, size;      /* TAR: range of the file */
    struct pl_digest digest; /* from the name, where it is one */
    void *user;              /* the engine's */
    /* REMOTE: */
    bool manifest;      /* its bytes are `data`, fetched whole when first wanted */
    struct pl_str data; /* p == NULL until then */
    struct pl_str type; /* Content-Type it was served with, or empty */
    struct pl_str repo; /* where it is */
    struct pl_str url;  /* a foreign layer's own address, when it may be followed */
};

/* REMOTE: one image or index that the target names. */
struct pl_top {
    struct pl_str name; /* as a target: "docker://host/repo:tag" */
    struct pl_str repo;
    struct pl_str ref;    /* tag or digest */
    struct pl_str tag;    /* empty when a digest was typed */
    struct pl_blob *blob; /* NULL until fetched */
    uint64_t size;
};

struct pl_file {
    struct pl_str path; /* below the root */
    uint64_t size;
    bool link;
};

struct pl_registry_opts;

/* How targets are opened. */
struct pl_source_opts {
    const struct pl_registry_opts *registry; /* NULL: registries are not read */
    bool all_tags, all_repos;
};

struct pl_source {
    struct pl_arena a;
    const struct pl_source_opts *o; /* of pl_source_open; may be NULL */
    struct pl_remote *remote;       /* REMOTE */
    PL_VEC(struct pl_top) tops;     /* REMOTE: in the order of the registry's list */
    struct pl_str host;
    enum pl_source_form form;
    struct pl_str typed; /* the target as typed */
    struct pl_str kind;  /* "image", "dir", "rootfs" */
    const char *path;
    struct pl_str tag;      /* oci:DIR:TAG, or empty */
    struct pl_digest want;  /* oci:DIR@DIGEST */
    int fd;                 /* of the directory or file */
    struct pl_feed *stream; /* STREAM: the archive's bytes */
    bool any_archive;       /* the scheme did not say which archive: both will do */
    bool want_docker, want_oci;
    PL_VEC(struct pl_blob *) blobs; /* LAYOUT: all; TAR: filled by pl_source_member */
    struct pl_map by_name;
    PL_VEC(struct pl_file) files; /* TREE, in lexical order */
    PL_VEC(struct pl_unread {
        struct pl_str path;
        struct pl_str why;
    })
    unread;         /* could not open */
    uint64_t total; /* bytes there are to read, as far as known */
};

/* Opens `target`; `o` (may be NULL) must outlive it. PL_E_NET, PL_E_AUTH: a registry did not answer
 * or has no such image. PL_E_NOENT or PL_E_USAGE when there is no such thing; PL_E_UNSUP for a
 * scheme that this build does not read. Heap; pl_source_close. */
int pl_source_open(const char *target, const struct pl_source_opts *o, struct pl_source **ret,
                   struct pl_err *err);
void pl_source_close(struct pl_source *s);

/* A member of an archive becomes a blob; in the order of the archive. A repeated name replaces the
 * one before in the look-up, both stay listed. */
struct pl_blob *pl_source_member(struct pl_source *s, struct pl_str name, struct pl_str link,
                                 uint64_t off, uint64_t size);
/* The blob called `name` (links followed inside the archive), or NULL. */
struct pl_blob *pl_source_find(const struct pl_source *s, struct pl_str name);
/* The blob of a digest, or NULL. */
struct pl_blob *pl_source_blob(const struct pl_source *s, const struct pl_digest *d);
/* Its bytes. For LAYOUT the file is opened beneath the directory, links refused. NULL with err. */
struct pl_feed *pl_source_feed(const struct pl_source *s, const struct pl_blob *b,
                               struct pl_err *err);

/* TREE: frames (source/frame.h) of files [from, to); those that cannot be read are added to
 * s->unread. */
struct pl_feed *pl_source_slice(struct pl_source *s, size_t from, size_t to);

#endif
