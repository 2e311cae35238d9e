/* Inside the gate: the policy made ready, gathering, the cache. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_GATE_GATE_INT_H
#define PL_GATE_GATE_INT_H

#include <pthread.h>
#include <stdatomic.h>

#include "base/buf.h"
#include "gate/gate.h"
#include "oci/reference.h"
#include "policy/vex.h"
#include "sign/root.h"
#include "sign/store.h"

struct pl_gate {
    atomic_uint refs;
    struct pl_arena a;
    struct pl_policy *policy;
    struct pl_pubkey *keys[PL_POLICY_SIGNERS_MAX]; /* NULL: an identity */
    struct pl_root *root;
    struct pl_str *vex_names, *vex_texts; /* of all scopes */
    size_t n_vex;
    struct pl_str policy_hash, trust_hash, db_hash;
    struct pl_names files;
    struct pl_registry_opts registry;
    struct pl_gate_reader reader;
    pthread_mutex_t reading; /* the reader is one thread's at a time */
    struct pl_gate_cache *cache;
    int64_t (*now_s)(void *arg);
    void *now_arg;
};

/* Seconds since the epoch, by the clock of tests where there is one. */
int64_t pl_gate_now_s(const struct pl_gate *g);

/* Evidence as the log writes it, canonical. */
struct pl_evidence_text {
    struct pl_str evidence, facts;
    char own[];
};

/* Evidence with the memory it lives in; counted, since several answers may look at one. */
struct pl_gate_entry {
    atomic_uint refs;
    _Atomic(struct pl_evidence_text *) text; /* once somebody needed it; heap */
    struct pl_arena a;
    struct pl_evidence e;
};
struct pl_gate_entry *pl_gate_entry_new(void);
struct pl_gate_entry *pl_gate_entry_ref(struct pl_gate_entry *x);
void pl_gate_entry_unref(struct pl_gate_entry *x);

/* ---- gathering ---- */

struct pl_gathering {
    struct pl_gate *g;
    const struct pl_gate_ask *ask;
    const struct pl_rule_scope *scope;
    struct pl_reference ref; /* completed; its digest is set */
    int64_t deadline_ms;     /* of the monotonic clock */
    int64_t now_s;
    struct pl_arena *a; /* of the entry */
    struct pl_sign_store *store;
    struct pl_str found; /* the manifest, once a tag was resolved */
    struct pl_named named;
    struct pl_registry_opts registry;
    const struct pl_facts *top; /* what was asked for; of an index, its signatures cover children */
};
/* Opens the place of the image: its registry, or the layout. */
int pl_gather_open(struct pl_gathering *w, struct pl_err *err);
/* Finds what a tag names (ref.digest not set). */
int pl_gather_resolve(struct pl_gathering *w, struct pl_err *err);
/* Everything that the scope needs to know about the image ref.digest names. */
int pl_gather(struct pl_gathering *w, struct pl_evidence *e, struct pl_err *err);
void pl_gather_close(struct pl_gathering *w);

/* Which signers the scope asks about. */
uint64_t pl_gather_signers(const struct pl_gathering *w);
/* Signatures and attestations of one manifest, to *f. */
int pl_gather_proofs(struct pl_gathering *w, const struct pl_digest *d, struct pl_str manifest,
                     struct pl_facts *f, struct pl_err *err);
/* What the statement in `payload` says, to *f; `e` collects VEX texts that count. What cannot be
 * read is left unsaid. */
void pl_gather_statement(struct pl_gathering *w, struct pl_str payload, const struct pl_vex *vex,
                         struct pl_proof *f);
/* Is it a VEX statement of somebody who may make one? */
bool pl_gather_is_vex(const struct pl_gathering *w, const struct pl_proof *f);
/* The image's config, base and, where the scope wants that, its whole content. */
int pl_gather_content(struct pl_gathering *w, const struct pl_digest *d, struct pl_str manifest,
                      struct pl_facts *f, struct pl_err *err);
/* The VEX statements that count here: files of the scope, and `texts`. The list is the caller's. */
void pl_gather_vex(struct pl_gathering *w, const struct pl_names *texts, struct pl_vex *ret);
/* Counts of a report's vulnerabilities after VEX. */
void pl_gather_count(struct pl_gathering *w, const struct pl_vex *vex, struct pl_report *r,
                     struct pl_vuln_counts *ret);

/* When the database that a report was matched with was built; PL_POLICY_NEVER. */
int64_t pl_gather_db_time(const struct pl_report *r);

/* ---- cache ---- */

/* Everything evidence depends on, as text; in `a`. */
struct pl_str pl_gate_cache_name(struct pl_arena *a, const struct pl_gate *g, struct pl_str name,
                                 const struct pl_rule_scope *scope, struct pl_str digest,
                                 struct pl_str platform);
enum pl_cache_found { PL_CACHE_NONE, PL_CACHE_FRESH, PL_CACHE_FAILED };
/* Looks `key` up; waits, until `deadline_ms`, for somebody who is at it. FRESH: *ret (a reference).
 * NONE: the caller must work it out and then call pl_gate_cache_put or pl_gate_cache_fail. FAILED:
 * what somebody else's work ended with, in *err. */
enum pl_cache_found pl_gate_cache_get(struct pl_gate_cache *c, struct pl_str key, int64_t now_s,
                                      int64_t deadline_ms, struct pl_gate_entry **ret,
                                      struct pl_err *err);
/* Looks `key` up without waiting for anybody, in memory alone; a reference, or NULL. */
struct pl_gate_entry *pl_gate_cache_peek(struct pl_gate_cache *c, struct pl_str key, int64_t now_s);
/* Evidence that was gathered, and whether it was enough; `keep` false: only for those who wait. */
void pl_gate_cache_put(struct pl_gate_cache *c, struct pl_str key, struct pl_gate_entry *x,
                       bool passes, bool keep, int64_t now_s);
/* Nothing could be gathered. A registry that answered ends what was known; one that did not lets
 * evidence that was enough at most `grace_s` ago stand: *ret_grace (a reference) or NULL. */
void pl_gate_cache_fail(struct pl_gate_cache *c, struct pl_str key, const struct pl_err *why,
                        int64_t grace_s, int64_t now_s, struct pl_gate_entry **ret_grace);

#endif
