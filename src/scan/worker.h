/* A worker: the child process that parses. One job at a time; what it needs lives here and is the
 * first parameter of every analyzer call. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_SCAN_WORKER_H
#define PL_SCAN_WORKER_H

#include "base/limits.h"
#include "sandbox/sandbox.h"
#include "scan/channel.h"
#include "secret/secret.h"

/* Shared by parent and children: built before the first fork, then only read. */
struct pl_scan_ctx {
    const struct pl_rules *rules;
    struct pl_limits limits;
    enum pl_sandbox_mode sandbox;
    const char *const *roots; /* folders the workers may read; none but for a git repository */
    size_t n_roots;
};

struct pl_worker {
    const struct pl_scan_ctx *ctx;
    struct pl_chan chan;
    struct pl_matcher *matcher; /* made at the first text */
    struct pl_arena scratch;    /* reset after each entry */
    struct pl_arena job_arena;  /* reset after each job */
    struct pl_job_params job;
    struct pl_feed_view *feed;
    struct pl_entry_coder coder;
    struct pl_done done;            /* filled by the job */
    uint32_t *kept;                 /* findings kept of each rule in the current file */
    uint64_t hits;                  /* secrets told so far */
    bool large;                     /* has the large slot */
    struct pl_pkg_pending *pending; /* a database that waits for its log (pkgpend.c) */
    uint64_t store_folder;          /* of Nix or Guix told last: its hash, and its last entry */
    uint32_t store_ordinal;
    bool matched;             /* the last window held the secret that `recover` wants */
    bool grabbed;             /* what `recover` wanted has been sent */
    struct pl_traits *traits; /* literals of programs, made at the first one (keepfeed.c) */
    struct pl_git_job *git;   /* kept over the jobs of a repository (gitjob.c) */
};

/* Child's main: closes itself in, then serves jobs until the parent closes the pipe. */
_Noreturn void pl_worker_main(const struct pl_scan_ctx *ctx, int in, int out, int ring_fd);

/* ---- used by the jobs ---- */

/* Sends a note about `where` (an entry path, "" for the blob); the job is not complete if
 * `incomplete`. */
void pl_worker_note(struct pl_worker *w, enum pl_scope scope, bool incomplete, const char *code,
                    struct pl_str where, const char *fmt, ...)
    __attribute__((format(printf, 6, 7)));
/* Sends an entry. */
void pl_worker_entry(struct pl_worker *w, const struct pl_entry *e);
/* Sends bytes that `recover` asked for. */
void pl_worker_bytes(struct pl_worker *w, const void *p, size_t n);

/* Sends the digests of an entry's whole content, `n` bytes at `p`. */
void pl_worker_hash(struct pl_worker *w, uint32_t ordinal, const void *p, size_t n);

/* The jobs. Each fills w->done; failures become notes. */
void pl_job_blob(struct pl_worker *w, struct pl_view *in);
void pl_job_tarindex(struct pl_worker *w);
void pl_job_files(struct pl_worker *w, struct pl_view *in);
void pl_job_unpack(struct pl_worker *w, struct pl_view *in);
void pl_job_git(struct pl_worker *w, struct pl_view *in);
void pl_job_stream(struct pl_worker *w, struct pl_view *in);
void pl_job_sbom(struct pl_worker *w, struct pl_view *in);
void pl_job_rewrite(struct pl_worker *w, struct pl_view *in);
void pl_job_judge(struct pl_worker *w, struct pl_view *in);

#endif
