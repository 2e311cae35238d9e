/* What parent and child say to each other: jobs down, records up. The parent treats every message
 * of a child as hostile: fixed sizes, bounded counts, sticky reader (base/wire.h). */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_SCAN_PROTO_H
#define PL_SCAN_PROTO_H

#include "base/wire.h"
#include "model/entry.h"
#include "model/package.h"
#include "oci/doc.h"

/* ---- parent to child: fixed head, then for JOB `a` bytes of payload ---- */
enum pl_cmd_type {
    PL_CMD_JOB,   /* a = payload length */
    PL_CMD_DATA,  /* a = slot, b = bytes in it */
    PL_CMD_END,   /* no more data; a = 1 when the source broke before its end, b = bytes in all */
    PL_CMD_LARGE, /* the large slot is this worker's now */
};
struct pl_cmd {
    uint32_t type, a;
    uint64_t b;
};

enum pl_job_kind {
    PL_JOB_BLOB,     /* one blob: layer, document or anything else; told by its bytes */
    PL_JOB_TARINDEX, /* list the members of an outer tar; bytes are asked for by offset */
    PL_JOB_FILES,    /* framed files of a directory (source/frame.h) */
    PL_JOB_UNPACK,  /* only decompress: the bytes come back (an archive that is compressed whole) */
    PL_JOB_GIT,     /* of a repository; the fed bytes say what (scan/gitjob.h) */
    PL_JOB_STREAM,  /* one content of no known size, `name` is its path */
    PL_JOB_SBOM,    /* an inventory (pkg/sbom.h) */
    PL_JOB_REWRITE, /* a blob written anew; the bytes come back (scan/rewrite.h) */
    PL_JOB_JUDGE,   /* facts of an image are fed, what they mean comes back (scan/facts.h) */
};

enum pl_job_flags {
    PL_JOBF_LAYER = 1u << 0,    /* must be a layer: anything else is damage */
    PL_JOBF_DOC = 1u << 1,      /* must be a JSON document */
    PL_JOBF_SECRETS = 1u << 2,  /* run the secret engine */
    PL_JOBF_REVEAL = 1u << 3,   /* send whole secret values */
    PL_JOBF_ENTRIES = 1u << 4,  /* send entries */
    PL_JOBF_DRY = 1u << 5,      /* the worker's own: find, but send no hits */
    PL_JOBF_MARKS = 1u << 6,    /* markers beside a secret count */
    PL_JOBF_PACKAGES = 1u << 7, /* run the catalogers */
    PL_JOBF_FACTS = 1u << 8,    /* keep what says how the image runs (check/image/img.h) */
    PL_JOBF_OWNERS = 1u << 9,   /* catalogers serve to tell whose a file is: no notes of theirs */
};

/* What `recover` wants to have: the bytes of one place. */
enum pl_grab {
    PL_GRAB_NONE,
    PL_GRAB_ENTRY,  /* body of entry `ordinal`, then into `nested` */
    PL_GRAB_PART,   /* the part (header, trailer, frame) that holds a secret with hash `secret` */
    PL_GRAB_STRING, /* the string of a document at JSON pointer `path` that holds that secret */
    PL_GRAB_RAW,    /* the whole unpacked blob, then into `nested` */
};

struct pl_job_params {
    enum pl_job_kind kind;
    uint32_t flags;
    struct pl_str media_type; /* the descriptor's, or empty */
    struct pl_str name;       /* of the blob: path in the layout or archive */
    struct pl_str hash_path;  /* entries of this path get their SHA-256; empty = none, "*" = all */
    enum pl_grab grab;
    uint32_t ordinal;
    struct pl_str path; /* pointer for STRING */
    uint8_t secret[32];
    struct pl_names nested;
};

/* Appends the job to `b`; reads it back (views on the message, `nested` in arena `a`). */
void pl_put_job(struct pl_buf *b, const struct pl_job_params *j);
bool pl_get_job(struct pl_rd *r, struct pl_arena *a, struct pl_job_params *ret);

/* ---- child to parent: u32 length of payload, u8 type, payload ---- */
#define PL_MSG_MAX (2u << 20)
enum pl_msg_type {
    PL_MSG_CREDIT, /* one slot is free again: u8 slot */
    PL_MSG_READ,   /* TARINDEX: u64 offset, u32 bytes wanted */
    PL_MSG_MEMBER, /* TARINDEX: one member */
    PL_MSG_ENTRY,  /* one entry of a layer, front-coded */
    PL_MSG_HIT,
    PL_MSG_PKG, /* one package of a file */
    PL_MSG_FACT,
    PL_MSG_LISTED, /* SBOM: one package of the inventory */
    PL_MSG_ABOUT,  /* SBOM: what it describes */
    PL_MSG_OWN,    /* files that a package put there */
    PL_MSG_NOTE,
    PL_MSG_DOC,
    PL_MSG_BYTES, /* what was grabbed, in order */
    PL_MSG_HASH,  /* struct pl_entry_hash */
    PL_MSG_GIT,   /* an answer of a GIT job (scan/gitjob.h) */
    PL_MSG_LARGE, /* u8: 1 asks for the large slot and waits, 0 gives it back */
    PL_MSG_DONE,
};

/* What a blob turned out to be. */
enum pl_blob_kind { PL_BLOB_RAW, PL_BLOB_LAYER, PL_BLOB_DOC, PL_BLOB_EMPTY };

/* One secret, as the child saw it. */
struct pl_hit {
    uint32_t rule, ordinal; /* ordinal PL_NEVER: not of an entry */
    enum pl_severity severity;
    struct pl_where where; /* path empty for files: it is the entry's */
    struct pl_str reason;  /* why lowered, or empty */
    struct pl_str decoded; /* "base64" …, or empty */
    struct pl_str evidence;
    bool has_value;
    struct pl_str value;
    uint8_t hash[32];
    struct pl_str allow; /* a marker on its line: "plimsoll:allow until=2027-03-31"; or empty */
    bool raw_too;        /* a hit in the same file's own bytes is the better one */
    bool visible;        /* of a document: in effect in a container */
    uint32_t history;    /* of a document: index of the history entry it stands in or that set
                            the variable or label; PL_NEVER when there is none */
};
void pl_put_hit(struct pl_buf *b, const struct pl_hit *h);
/* Copies into `a`; false when malformed. */
bool pl_get_hit(struct pl_rd *r, struct pl_arena *a, struct pl_hit *ret);

/* The same for packages. */
void pl_put_pkg(struct pl_buf *b, const struct pl_pkg *p);
bool pl_get_pkg(struct pl_rd *r, struct pl_arena *a, struct pl_pkg *ret);

/* A package of an inventory, whole; and what the inventory describes. */
void pl_put_package(struct pl_buf *b, const struct pl_package *p);
bool pl_get_package(struct pl_rd *r, struct pl_arena *a, struct pl_package *ret);
struct pl_about {
    struct pl_str name, digest, platform;
    struct pl_layer_info *layers; /* n of them */
    size_t n;
};
#define PL_ABOUT_LAYERS 1000u
void pl_put_about(struct pl_buf *b, const struct pl_about *d);
bool pl_get_about(struct pl_rd *r, struct pl_arena *a, struct pl_about *ret);

/* Files that `owner` put below `root`: hashes of their paths as pl_pkg_own_path gives them. */
struct pl_claim {
    struct pl_str root, owner;
    uint64_t *file; /* n of them */
    size_t n;
    uint8_t alg;   /* enum pl_sum_alg of `sum` */
    uint64_t *sum; /* heads of the digests of their content; NULL with PL_SUM_NONE */
    bool partial;  /* of a list that names some files of the package, not all */
};
#define PL_CLAIM_FILES 4096u
/* Digests of an entry's content. */
struct pl_entry_hash {
    uint32_t ordinal;
    uint8_t sum[32];            /* SHA-256 */
    uint64_t head[PL_SUM_ALGS]; /* of the others, see pl_sum_head; 0: not computed */
};
/* Written, and read back; false when malformed. */
void pl_put_entry_hash(struct pl_buf *b, const struct pl_entry_hash *h);
bool pl_get_entry_hash(struct pl_rd *r, struct pl_entry_hash *ret);

/* The hash that `file` holds. */
uint64_t pl_claim_hash(struct pl_str path);
/* The same for claims. */
void pl_put_claim(struct pl_buf *b, const struct pl_claim *c);
bool pl_get_claim(struct pl_rd *r, struct pl_arena *a, struct pl_claim *ret);

/* What says how an image runs: text of a file, strings of a program, an attribute, the
 * configuration. */
enum pl_fact_kind { PL_FACT_TEXT, PL_FACT_STRINGS, PL_FACT_CAPS, PL_FACT_CONFIG };
struct pl_fact {
    enum pl_fact_kind kind;
    uint32_t ordinal, traits;
    struct pl_str body;
};
void pl_put_fact(struct pl_buf *b, const struct pl_fact *f);
bool pl_get_fact(struct pl_rd *r, struct pl_arena *a, struct pl_fact *ret);

/* The same for notes, documents, members and the end of a job. */
void pl_put_note(struct pl_buf *b, const struct pl_note *n);
bool pl_get_note(struct pl_rd *r, struct pl_arena *a, struct pl_note *ret);

/* Entries are front-coded against the path before: keep one pl_entry_coder for each direction. */
struct pl_entry_coder {
    struct pl_buf last;
};
void pl_put_entry(struct pl_buf *b, struct pl_entry_coder *c, const struct pl_entry *e);
/* Path is valid until the next call; link is a view on the message. */
bool pl_get_entry(struct pl_rd *r, struct pl_entry_coder *c, struct pl_entry *ret);

/* Documents cross whole, so that the parent needs no JSON. */
void pl_put_doc(struct pl_buf *b, const struct pl_doc *d);
bool pl_get_doc(struct pl_rd *r, struct pl_arena *a, struct pl_doc *ret);

struct pl_member_msg {
    struct pl_str name, link;
    uint8_t kind; /* enum pl_entry_kind */
    uint64_t size, at;
};
void pl_put_member(struct pl_buf *b, const struct pl_member_msg *m);
bool pl_get_member(struct pl_rd *r, struct pl_arena *a, struct pl_member_msg *ret);

struct pl_done {
    enum pl_blob_kind kind;
    bool complete; /* everything was unpacked and offered to every analyzer */
    bool has_diff; /* `diff_id` is the SHA-256 of the whole unpacked stream */
    uint8_t diff_id[32];
    uint64_t bytes; /* unpacked */
    uint64_t seen;  /* of them offered to analyzers */
    uint32_t entries;
};
void pl_put_done(struct pl_buf *b, const struct pl_done *d);
bool pl_get_done(struct pl_rd *r, struct pl_done *ret);

#endif
