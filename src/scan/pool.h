/* Parent: the pool of worker processes. It feeds them, hashes what it feeds, and gathers their
 * records. One thread; nothing here parses foreign bytes but the workers' messages. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_SCAN_POOL_H
#define PL_SCAN_POOL_H

#include <signal.h>

#include "base/vec.h"
#include "scan/worker.h"
#include "source/feed.h"

/* What a worker found out about one blob: facts that depend on its bytes and our rules only. */
struct pl_record {
    struct pl_arena a;
    PL_VEC(struct pl_hit) hits;
    PL_VEC(struct pl_note) notes;
    PL_VEC(struct pl_pkg) packages;
    PL_VEC(struct pl_fact) facts;
    size_t fact_bytes;
    bool facts_asked;                 /* PL_JOBF_FACTS was set */
    PL_VEC(struct pl_package) listed; /* SBOM: its packages */
    struct pl_about about;
    PL_VEC(struct pl_claim) claims; /* who put which files there */
    struct pl_buf entries;          /* messages of pl_put_entry, in order */
    uint32_t n_entries;
    bool has_doc;
    struct pl_doc doc;
    struct pl_done done;
    PL_VEC(struct pl_entry_hash) hashes;
    struct pl_buf kept;             /* the messages themselves, where they are to be kept */
    bool keeps;                     /* all of them are there */
    uint64_t fed;                   /* bytes of the blob */
    bool fed_all;                   /* to its end: the digests are those of the whole blob */
    uint8_t sha256[32], sha512[64]; /* zeroes where what is fed is no blob: files, a repository */
    bool has_sha512;
};
/* The entries of a record, one after the other. */
struct pl_entries {
    const struct pl_record *r;
    struct pl_rd rd;
    struct pl_entry_coder coder;
    uint32_t next;
    bool bad; /* one is malformed: the rest is not told */
};
void pl_entries_begin(struct pl_entries *it, const struct pl_record *r);
/* The next one, with its ordinal; its path is valid until the next call. false: there is none. */
bool pl_entries_next(struct pl_entries *it, struct pl_entry *ret);
void pl_entries_end(struct pl_entries *it);
#define PL_RECORD_KEPT PL_MIB(64) /* a record with more than that is not kept */
/* Takes one message of a worker into its record: 1, the last one; 0; -1, nonsense; -2, it is no
 * message of that kind. */
int pl_record_take(struct pl_record *r, uint8_t type, struct pl_str payload);
/* Frees the record and what it holds; accepts NULL. */
void pl_record_free(struct pl_record *r);
/* Adds a note of the parent's own; `incomplete` also clears done.complete. Text is copied. */
void pl_record_note(struct pl_record *r, enum pl_scope scope, bool incomplete, const char *code,
                    struct pl_str where, const char *fmt, ...)
    __attribute__((format(printf, 6, 7)));

struct pl_task {
    struct pl_job_params params; /* strings must live until the task is done */
    struct pl_feed *feed;        /* owned by the task; NULL for TARINDEX */
    uint64_t size;               /* larger ones first */
    bool urgent;                 /* before all others */
    bool want_sha512;
    bool keep; /* the record's messages are wanted, too */
    void *arg;
    /* The record is complete; the callee owns it. May submit more tasks. */
    void (*done)(struct pl_task *t, struct pl_record *r);
    /* TARINDEX: bytes at `off` into buf (*ret_got 0 = end). 1 = not yet, ask again later. */
    int (*serve)(struct pl_task *t, uint64_t off, void *buf, size_t n, size_t *ret_got,
                 struct pl_err *err);
    void (*member)(struct pl_task *t, const struct pl_member_msg *m);
    /* Bytes that `recover` asked for. */
    void (*bytes)(struct pl_task *t, const void *p, size_t n);
    void *bytes_arg;
    /* GIT: one answer; false when it is malformed. */
    bool (*git)(struct pl_task *t, struct pl_str payload);
    /* What to wait on when the feed had nothing yet, or -1; may be NULL. */
    int (*wait_fd)(const struct pl_task *t);
    /* True while no more bytes are wanted for now; may be NULL. */
    bool (*full)(const struct pl_task *t);
    struct pl_task *next; /* the pool's */
};

struct pl_pool;

/* Called now and then with bytes fed so far, for progress; may be NULL. */
typedef void pl_progress_fn(void *arg, uint64_t fed);

/* `threads` workers at most, started when needed. `cancel` is looked at between steps. */
struct pl_pool *pl_pool_new(const struct pl_scan_ctx *ctx, unsigned threads,
                            const volatile sig_atomic_t *cancel);
void pl_pool_progress(struct pl_pool *p, pl_progress_fn *fn, void *arg);
/* Queues a task (heap, owned by the pool from here). */
void pl_pool_submit(struct pl_pool *p, struct pl_task *t);
/* Works until nothing is left. PL_E_CANCEL when cancelled; PL_E_IO when no worker can be started.
 */
int pl_pool_run(struct pl_pool *p, struct pl_err *err);
/* Ends the workers; accepts NULL. */
void pl_pool_free(struct pl_pool *p);

#endif
