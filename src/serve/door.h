/* What the server asks of whoever decides: one policy at a time, replaced as a whole. The server
 * knows no more of policies, so that its tests can put anything here. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_SERVE_DOOR_H
#define PL_SERVE_DOOR_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"

struct pl_serve_ask {
    struct pl_str ref, digest, platform, user;
    const char *door; /* "validate", "mutate", "authz" */
    bool need_digest; /* a name without one is refused */
    bool dry_run;
    uint32_t deadline_ms; /* from now */
};

/* A decision about one image. */
struct pl_serve_ruling {
    bool passes, audit, cached;
    struct pl_buf why; /* for people */
    void *own;         /* of whoever decided */
};

struct pl_serve_numbers {
    uint64_t cache_entries, cache_bytes, cache_hits, cache_misses;
    uint64_t log_lines;
};

/* All may be called on any thread at once. `arg` is that of struct pl_serve_ops. */
struct pl_serve_ops {
    void *arg;
    /* A policy, read anew. PL_E_USAGE names the line. */
    int (*load)(void *arg, void **ret_policy, struct pl_err *err);
    void *(*ref)(void *policy);
    void (*unref)(void *policy);
    /* Decides; never fails. *ret is zeroed before. */
    void (*decide)(void *arg, void *policy, const struct pl_serve_ask *ask,
                   struct pl_serve_ruling *ret);
    /* Writes the decision down; turns it into a refusal when that cannot be done. `late`: it had
     * been refused before it was made. */
    void (*record)(void *arg, void *policy, const struct pl_serve_ask *ask,
                   struct pl_serve_ruling *x, bool late);
    void (*release)(struct pl_serve_ruling *x); /* frees, `why` included */
    /* "NAME:TAG@sha256:…" of a name, in `a`; the name as it stands: it stays. */
    int (*resolve)(void *arg, void *policy, struct pl_str ref, uint32_t deadline_ms,
                   struct pl_arena *a, struct pl_str *ret, struct pl_err *err);
    bool (*docker_build)(void *policy); /* may images be built and loaded? */
    uint32_t (*timeout_ms)(void *policy);
    struct pl_str (*hash)(void *policy); /* "sha256:…", as long as the policy */
    /* The files it was made from, to be watched: calls `fn` for each. */
    void (*files)(void *policy, void (*fn)(void *fn_arg, struct pl_str path), void *fn_arg);
    void (*refresh)(void *arg); /* forget what was learnt */
    struct pl_serve_numbers (*numbers)(void *arg);
    /* `decide` at once, without waiting for anybody, if that can be: else false, and *ret is
     * zero. May be NULL: it never can. */
    bool (*known)(void *arg, void *policy, const struct pl_serve_ask *ask,
                  struct pl_serve_ruling *ret);
    /* Writes down what `known` decided. True: it is on its way, `fn` will be called once, on any
     * thread, and *x is whoever decides' until then. False: nothing is to be waited for. Either
     * way *x is a refusal when it cannot be written. NULL with `known`. */
    bool (*post)(void *arg, void *policy, const struct pl_serve_ask *ask, struct pl_serve_ruling *x,
                 void (*fn)(void *fn_arg), void *fn_arg);
};

#endif
