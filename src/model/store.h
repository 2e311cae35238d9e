/* The store: inventories of what was scanned, kept to be matched again when advisories change. The
 * operations are an interface: src/store fills it with SQLite, other databases may. Facts are kept
 * once and shared: a package, a layer, the list of an image's packages. guide.md section 11,
 * packages.md section 10. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_MODEL_STORE_H
#define PL_MODEL_STORE_H

#include <stdint.h>

#include "base/err.h"
#include "model/package.h"

/* The layout of the tables that this program makes and understands. */
#define PL_STORE_SCHEMA 1

/* How something came into the store. */
struct pl_store_origin {
    int64_t at; /* seconds since the epoch */
    struct pl_str tool, rules;
    struct pl_str db; /* digest of the advisories it was matched with; empty: not matched */
    struct pl_str
        mark; /* tells inventories of the same name, digest and platform apart; or empty */
};

/* One package of an inventory: numbers of the package and of its paths, and where it was. */
struct pl_store_member {
    uint32_t package, place;
    struct pl_span span; /* indexes of the inventory's layers */
};

/* An inventory as it is read back; everything lives during the callback. */
struct pl_store_image {
    int64_t id;
    struct pl_str name, kind, digest, platform;
    bool complete;
    struct pl_store_origin origin;
    const struct pl_store_member *member; /* in the order of a report's findings */
    size_t n_members;
    const uint32_t *layer; /* numbers, the lowest layer first */
    size_t n_layers;
    const uint32_t *flaw; /* numbers of those it had, rising; see `since` */
    size_t n_flaws;
    struct pl_note *notes; /* those that make it incomplete */
    size_t n_notes;
};

/* What the store holds. */
struct pl_store_counts {
    uint64_t images, packages, sets, layers, flaws, runs;
    uint64_t max_package, max_flaw; /* the highest numbers given */
};

struct pl_store;

/* Every operation returns 0 or a code: PL_E_FORMAT, the store is damaged; PL_E_IO, it cannot be
 * read or written, or another process kept it locked; PL_E_LIMIT. Non-zero of a callback stops and
 * is returned. Numbers are given once and never used again. */
struct pl_store_ops {
    /* Frees; what was begun and not committed is undone. */
    void (*close)(struct pl_store *s);
    /* All between is done whole or not at all; one writer at a time. */
    int (*begin)(struct pl_store *s, struct pl_err *err);
    int (*commit)(struct pl_store *s, struct pl_err *err);
    void (*rollback)(struct pl_store *s);
    /* What is read between is of one moment; ended by rollback. */
    int (*look)(struct pl_store *s, struct pl_err *err);
    int (*counts)(struct pl_store *s, struct pl_store_counts *ret, struct pl_err *err);

    /* Puts the inventory of a target in, in place of one with the same name, digest, platform and
     * mark, and a summary of its findings but those of advisories. Secrets as they are in the
     * target: masked, and never `secret`. Between begin and commit. */
    int (*put)(struct pl_store *s, const struct pl_store_origin *o, const struct pl_target *t,
               int64_t *ret_image, struct pl_err *err);
    /* Each inventory, sorted by name, digest, platform. `since`: its flaws as they were then, in
     * seconds since the epoch; INT64_MAX: as they are. */
    int (*each_image)(struct pl_store *s, int64_t since,
                      int (*fn)(void *arg, const struct pl_store_image *i), void *arg,
                      struct pl_err *err);
    /* Each distinct package with a number above `after`, rising, without paths and span; lives
     * during the callback. */
    int (*each_package)(struct pl_store *s, uint32_t after,
                        int (*fn)(void *arg, uint32_t id, const struct pl_package *p), void *arg,
                        struct pl_err *err);
    /* One package, one list of paths, one layer by number; in `a`. */
    int (*package)(struct pl_store *s, uint32_t id, struct pl_arena *a, struct pl_package *ret,
                   struct pl_err *err);
    int (*place)(struct pl_store *s, uint32_t id, struct pl_arena *a, struct pl_names *ret,
                 struct pl_err *err);
    int (*layer)(struct pl_store *s, uint32_t id, struct pl_arena *a, struct pl_layer_info *ret,
                 struct pl_err *err);

    /* The number of a flaw of a package (its package URL), 0 when it has none; `make` gives it one,
     * between begin and commit. */
    int (*flaw)(struct pl_store *s, struct pl_str subject, struct pl_str rule, bool make,
                uint32_t *ret, struct pl_err *err);
    /* Its subject and rule, in `a`. */
    int (*flaw_named)(struct pl_store *s, uint32_t id, struct pl_arena *a,
                      struct pl_str *ret_subject, struct pl_str *ret_rule, struct pl_err *err);
    /* A run that matched: its number. Between begin and commit. */
    int (*run)(struct pl_store *s, const struct pl_store_origin *o, int64_t *ret_run,
               struct pl_err *err);
    /* The flaws (rising) an inventory has as of that run; what changed is kept. Between begin and
     * commit. */
    int (*state)(struct pl_store *s, int64_t run, int64_t image, const uint32_t *flaw, size_t n,
                 struct pl_err *err);
};

/* Implementations begin with it. */
struct pl_store {
    const struct pl_store_ops *ops;
};

#endif
