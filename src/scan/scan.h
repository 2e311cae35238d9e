/* The engine's entry header: a run over targets gives a report. Also `history` and `recover`, which
 * look at the same model. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_SCAN_SCAN_H
#define PL_SCAN_SCAN_H

#include <signal.h>

#include "base/buf.h"
#include "base/limits.h"
#include "model/report.h"
#include "oci/doc.h"
#include "sandbox/sandbox.h"
#include "secret/secret.h"

struct pl_source_opts;
struct pl_keep;

struct pl_scan_opts {
    struct pl_limits limits;
    enum pl_sandbox_mode sandbox;
    unsigned threads; /* workers; 0 = one per processor */
    bool secrets;     /* run the secret engine */
    bool marks;       /* markers beside a secret count */
    bool packages;    /* run the catalogers */
    bool owners_only; /* no inventory is wanted: a list that is damaged is no note */
    bool lockfiles;   /* lock files count in images, too */
    bool facts;       /* keep what says how an image runs */
    bool config;      /* judge it (implies facts) */
    unsigned kinds;   /* of findings about that: bits 1 << enum pl_kind */
    bool reveal;      /* keep whole secrets for the report */
    const struct pl_platform *platforms; /* only these, settled; none = all */
    size_t n_platforms;
    const struct pl_keep *keep;          /* records of layers (scan/keep.h); NULL: none are kept */
    const struct pl_source_opts *source; /* how targets are opened; may be NULL */
    const struct pl_git_scope *git; /* what of git: targets is read (scan/git.h); NULL = all refs */
    struct pl_str salt;             /* of the fingerprints of sources; empty = the common one */
    const volatile sig_atomic_t *cancel;
    void (*progress)(void *arg, uint64_t fed); /* may be NULL */
    void *progress_arg;
};

struct pl_scan; /* rules, workers and options of a run */

/* Makes ready: workers start when the first blob is read. `rules` must outlive it. PL_E_UNSUP when
 * the sandbox is required and the kernel lacks it. Heap. */
int pl_scan_new(const struct pl_scan_opts *o, const struct pl_rules *rules, struct pl_scan **ret,
                struct pl_err *err);
void pl_scan_free(struct pl_scan *s);
/* How targets are opened from now on; `o` must outlive the run. */
void pl_scan_use(struct pl_scan *s, const struct pl_source_opts *o);
/* Where records of layers are kept from now on; `k` must outlive the run. */
void pl_scan_keep(struct pl_scan *s, const struct pl_keep *k);
/* Reads one image document in a worker: *ret gets what it says, its text in `a`. `expect` is its
 * descriptor's media type, or empty. PL_E_FORMAT, PL_E_LIMIT: it is none that makes sense. */
int pl_scan_doc(struct pl_scan *s, struct pl_str bytes, struct pl_str expect, struct pl_arena *a,
                struct pl_doc *ret, struct pl_err *err);

/* Reads `target` whole and appends its targets (one per platform) to the report, whose arena holds
 * the text. PL_E_NOENT, PL_E_USAGE, PL_E_UNSUP: there is no such target or no image in it;
 * PL_E_CANCEL: interrupted. Everything else is in the report's notes. */
int pl_scan_target(struct pl_scan *s, const char *target, struct pl_report *r, struct pl_err *err);

/* Reads `n` inventories (forms of pkg/sbom.h) and appends a target for each, called as the document
 * calls what it is about, else name[i]. PL_E_CANCEL, PL_E_IO; what is wrong with a document is in
 * its notes. */
int pl_scan_inventories(struct pl_scan *s, const struct pl_str *text, const struct pl_str *name,
                        size_t n, struct pl_report *r, struct pl_err *err);

/* Appends a report's target; used by the engine. */
struct pl_target *pl_report_target(struct pl_report *r);

/* ---- history ---- */

struct pl_history_row {
    uint32_t index; /* layer, or PL_NEVER for an entry that brought none */
    struct pl_str created_by, digest, diff_id, created;
    bool has_created_by;
    uint64_t bytes, added, changed, removed, no_effect;
};
struct pl_life_row { /* one version of a path */
    uint32_t layer;
    uint32_t copy;
    struct pl_str path, kind, link;
    uint64_t size, at;
    uint32_t mode, uid, gid;
    int64_t mtime_ns;
    uint8_t sha256[32];
    bool has_sha256;
    struct pl_span span;
};
struct pl_history_image {
    struct pl_str name, digest, platform;
    bool complete;
    struct pl_history_row *rows;
    size_t n_rows;
    struct pl_life_row *lives; /* with a path */
    size_t n_lives;
    struct pl_note *notes;
    size_t n_notes;
    struct pl_layer_info *layers;
    size_t n_layers;
};
/* The timeline of every image in the target; with `path` the life of that path. In arena `a`. */
int pl_scan_history(struct pl_scan *s, const char *target, struct pl_str path, struct pl_arena *a,
                    struct pl_history_image **ret, size_t *ret_n, struct pl_err *err);

/* ---- recover ---- */

struct pl_recover_opts {
    struct pl_str what;   /* path or fingerprint prefix */
    uint32_t layer, copy; /* PL_NEVER = not given */
    /* Receives the bytes; non-zero stops. */
    int (*sink)(void *arg, const void *p, size_t n, struct pl_err *err);
    void *arg;
};
struct pl_recovered {
    uint64_t size;
    uint8_t sha256[32];
    struct pl_layer_info layer; /* where it came from; index PL_NEVER outside layers */
    struct pl_str path;
    struct pl_str *others; /* commands for other versions */
    size_t n_others;
};
/* Writes the bytes of one version to the sink. PL_E_NOENT when nothing matches (near names in
 * `err`); PL_E_DIGEST when the bytes are not those of the scan. Text in arena `a`. */
int pl_scan_recover(struct pl_scan *s, const char *target, const struct pl_recover_opts *o,
                    struct pl_arena *a, struct pl_recovered *ret, struct pl_err *err);

#endif
