/* One decision function for every door: an image's name in, a decision with its reasons out.
 * Gathers evidence (registry, signatures, attestations), keeps it for a while, lets policy/judge.h
 * decide. Fails closed: whatever goes wrong is a refusal. formats/gates.md. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_GATE_GATE_H
#define PL_GATE_GATE_H

#include "base/buf.h"
#include "policy/judge.h"
#include "policy/policy.h"
#include "registry/registry.h"

/* A policy with its keys and trusted root, made ready. Never changes; any number of threads may ask
 * at once. Counted: each pl_gate_new and pl_gate_ref needs a pl_gate_unref. */
struct pl_gate;
/* What was verified earlier. May outlive gates (a reload hands it on); thread-safe; counted. */
struct pl_gate_cache;

/* The engine as the gate sees it: what a higher layer must bring for `source: scan` and
 * `inventory`, and for `secrets: none` without a scanner's attestation. */
struct pl_gate_reader {
    void *arg;
    const char *db_hash; /* of the advisory database, "" = none */
    bool images;         /* may it read whole images? */
    /* Reads `target` ("docker://…@sha256:…", "oci:…"), or with `bill` matches that inventory.
     * Secrets and vulnerabilities to *ret (in its arena); anything not read to its end is an error
     * (PL_E_IO). Called by one thread at a time. */
    int (*read)(void *arg, struct pl_str target, struct pl_str bill, struct pl_report *ret,
                struct pl_err *err);
    /* What an earlier reading of the image with manifest `digest` found, as `read` would tell it,
     * by this program with these rules, whole, not before `since_s`; with `vulns` matched, too.
     * *ret_at: when that was. PL_E_NOENT: there is none, and why. Other codes: nobody knows. On any
     * thread; may be NULL. */
    int (*stored)(void *arg, struct pl_str digest, bool vulns, int64_t since_s,
                  struct pl_report *ret, int64_t *ret_at, struct pl_err *err);
};

struct pl_gate_opts {
    const char *policy;                      /* path */
    const struct pl_registry_opts *registry; /* way to registries, copied; NULL = defaults */
    struct pl_gate_cache *cache;         /* shared, a reference is taken; NULL = one of its own */
    const struct pl_gate_reader *reader; /* reads images and inventories; NULL = cannot */
    int64_t (*now_s)(void *arg);         /* for tests; NULL = the clock */
    void *now_arg;
};

/* Reads the policy and everything that it names. Heap, one reference. PL_E_USAGE: "FILE:LINE: what
 * is wrong"; the file's keys, roots and VEX documents count as part of it. */
int pl_gate_new(const struct pl_gate_opts *o, struct pl_gate **ret, struct pl_err *err);
struct pl_gate *pl_gate_ref(struct pl_gate *g);
void pl_gate_unref(struct pl_gate *g);
/* Its policy, a view. */
const struct pl_policy *pl_gate_policy(const struct pl_gate *g);
/* "sha256:…" of policy (with the files it names), of trust (keys, root), of the database (""
 * without one); views on `g`. */
struct pl_str pl_gate_policy_hash(const struct pl_gate *g);
struct pl_str pl_gate_trust_hash(const struct pl_gate *g);
struct pl_str pl_gate_db_hash(const struct pl_gate *g);
/* Files the gate was made from (the policy first), for those who watch them; views. */
const struct pl_names *pl_gate_files(const struct pl_gate *g);

/* At most `max_bytes` in memory (0 = 10 MiB). With `dir` evidence is kept there too, in files of at
 * most `disk_bytes` (0 = 64 MiB), authenticated by a key in that directory that is made when
 * missing; damaged entries are no entries. Heap, one reference. PL_E_USAGE. */
int pl_gate_cache_new(const char *dir, size_t max_bytes, size_t disk_bytes,
                      struct pl_gate_cache **ret, struct pl_err *err);
struct pl_gate_cache *pl_gate_cache_ref(struct pl_gate_cache *c);
void pl_gate_cache_unref(struct pl_gate_cache *c);
/* Forgets everything but what grace needs (POST /refresh). */
void pl_gate_cache_clear(struct pl_gate_cache *c);
/* Takes out of memory what is not asked for under the policy, trust and advisories of `g`. */
void pl_gate_cache_only(struct pl_gate_cache *c, const struct pl_gate *g);
/* Entries, bytes, hits and misses so far. */
struct pl_gate_cache_stats {
    uint64_t entries, bytes, hits, misses, shared; /* shared: waited for another's work */
};
struct pl_gate_cache_stats pl_gate_cache_stats(struct pl_gate_cache *c);

struct pl_gate_ask {
    struct pl_str ref;    /* the image as it was written */
    struct pl_str digest; /* "sha256:…" when the door knows it (wins over the tag); else empty */
    struct pl_str platform; /* "linux/amd64", or empty */
    const char *layout;     /* an OCI layout with the image, read in place of a registry; or NULL */
    const char *door;       /* "ci", "containerd", "validate", "mutate", "authz"; static */
    struct pl_str user;     /* who asks, for the log; may be empty */
    bool need_digest;       /* a name without a digest is refused, not resolved */
    bool dry_run;           /* judged the same, logged as such, not remembered */
    bool explain;         /* every rule is judged, behind one that failed too; no cache, no grace */
    uint32_t deadline_ms; /* from now; 0 = the policy's; the policy's limits.timeout caps it */
    bool patient;         /* deadline_ms counts even when it is longer than the policy's */
    const volatile sig_atomic_t *cancel; /* may be NULL */
};

struct pl_gate_answer {
    struct pl_arena a;            /* owns everything below */
    enum pl_ruling ruling;        /* deny, allow, or audit: passes, would have been refused */
    bool passes;                  /* ruling != PL_RULING_DENY */
    struct pl_str ref, name;      /* as asked; normalised HOST/PATH (empty: not a reference) */
    struct pl_str digest, pinned; /* what was judged; "HOST/PATH[:TAG]@DIGEST"; empty if unknown */
    struct pl_str platform;
    const struct pl_rule_scope *scope; /* that decided, or NULL; valid as long as the gate */
    struct pl_rule_result *rules;      /* every rule that was judged, in order */
    size_t n_rules;
    const struct pl_evidence *evidence; /* what was judged; NULL: nothing was looked at */
    void *held;                         /* keeps `evidence` */
    int code;   /* 0, or why nothing could be found out: PL_E_NET, PL_E_AUTH, PL_E_LIMIT … */
    bool given; /* the digest came with the question; else the tag was resolved */
    bool cached, grace; /* from memory; by the grace window */
    int64_t time_s;     /* when it was decided */
    uint32_t ms;        /* how long that took */
    bool dry_run;
};

/* Decides. Always fills *ret (zeroed before or not), to be released by the caller; there is no
 * failure that is not a refusal. */
void pl_gate_decide(struct pl_gate *g, const struct pl_gate_ask *ask, struct pl_gate_answer *ret);
/* The same when it needs nobody but memory: no network, no disk, no waiting. False: *ret is
 * nothing, pl_gate_decide is what is needed. */
bool pl_gate_decide_known(struct pl_gate *g, const struct pl_gate_ask *ask,
                          struct pl_gate_answer *ret);
/* Decides about evidence that was recorded: nothing is fetched, no clock is asked. `resolved` is
 * what the tag named then (may be empty), `e` (may be NULL: nothing is known) must outlive the
 * answer. */
void pl_gate_judge(struct pl_gate *g, const struct pl_gate_ask *ask, struct pl_str resolved,
                   const struct pl_evidence *e, int64_t now_s, struct pl_gate_answer *ret);
/* Turns an answer into a refusal for `why` (a log that cannot be written, say). */
void pl_gate_answer_refuse(struct pl_gate_answer *x, const char *why);
/* Frees what an answer owns; accepts a zeroed one. */
void pl_gate_answer_release(struct pl_gate_answer *x);
/* Appends the reasons of a refusal, "; " between, control characters removed, at most `max` bytes;
 * for one that passes: why it does. */
void pl_gate_answer_reason(const struct pl_gate_answer *x, size_t max, struct pl_buf *b);

/* What tag `ref` names now, asked at the origin: "HOST/PATH:TAG@sha256:…" in `a`. As it stands, and
 * without asking: what has a digest, and what the policy denies by name. As it stands when nobody
 * knows it: what the policy allows by name or only watches (mode: audit). Codes of the registry
 * client; PL_E_USAGE. */
int pl_gate_resolve(struct pl_gate *g, struct pl_str ref, uint32_t deadline_ms, struct pl_arena *a,
                    struct pl_str *ret, struct pl_err *err);

#endif
