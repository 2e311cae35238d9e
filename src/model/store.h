/* The store: inventories of what was scanned, kept to be matched again when advisories change. The
 * operations are an interface: src/store fills it with SQLite, other databases may. Facts are kept
 * once and shared: a package, a layer, the list of an image's packages. guide.md section 11,
 * packages.md section 10. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_MODEL_STORE_H
#define PL_MODEL_STORE_H

#include <stdint.h>

#include "base/err.h"
#include "model/fleet.h"
#include "model/package.h"

/* The layout of the tables that this program makes and understands. */
#define PL_STORE_SCHEMA 5

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
    const uint32_t *flaw; /* numbers of those it had, rising; see `since`. NULL: never matched */
    size_t n_flaws;
    struct pl_note *notes; /* those that make it incomplete */
    size_t n_notes;
    struct pl_str found; /* as kept by found_put, where it was asked for; p is NULL: none */
};

/* How inventories are read. */
struct pl_store_ask {
    enum pl_store_order {
        PL_STORE_BY_NAME, /* then digest, platform */
        PL_STORE_NEWEST,  /* that were read last come first */
        PL_STORE_EXPOSED, /* that run somewhere come first, then by name */
    } order;
    size_t limit;  /* so many at most; 0: all */
    int64_t since; /* their flaws as they were then; INT64_MAX: as they are */
    bool found;    /* with what was found in them, for `found` */
};

/* The flaws (rising) of an inventory as a run has found them. */
struct pl_store_state {
    int64_t image;
    const uint32_t *flaw;
    size_t n;
};

/* What all inventories were last looked at with: a print of what each distinct package had. What
 * was found in an inventory follows from the prints of its packages, unless matched_since tells it.
 */
#define PL_STORE_MATCH_KEY 16u
enum pl_store_matching {
    PL_STORE_FLAWS,    /* rescan: their states */
    PL_STORE_REBUILDS, /* watch: what a rebuild would mend */
};
struct pl_store_matched {
    enum pl_store_matching what;
    bool there;                      /* false: nothing is known, or it is damaged */
    uint8_t key[PL_STORE_MATCH_KEY]; /* of all else that it follows from */
    const uint64_t *print;           /* by number of the package; 0: there was none */
    size_t n;
    const int64_t *odd; /* inventories that are to be looked at whatever has changed; rising */
    size_t n_odd;
    int64_t run, own, top; /* the store's: up to where that holds */
    struct {
        int64_t turn, run, top; /* … and where it stands now */
    } now;
};

/* Packages that are none but what a system calls itself go by this name, too. */
#define PL_STORE_RELEASES PL_S("\001release")

/* What the store holds. */
struct pl_store_counts {
    uint64_t images, packages, sets, layers, flaws, runs;
    uint64_t max_package, max_flaw; /* the highest numbers given */
};

/* ---- the queue (fleet.md section 3) ---- */

enum pl_work_kind {
    PL_WORK_IMAGE,    /* a target: its layers become work of their own, then it is put together */
    PL_WORK_LAYER,    /* a blob that many images may share: read once */
    PL_WORK_DISCOVER, /* a registry or a repository: what it has becomes work of its own */
    PL_WORK_REMATCH,  /* all inventories against new advisories; done by who keeps the schedule */
};
#define PL_WORK_KINDS 4
enum pl_work_state {
    PL_WORK_READY,
    PL_WORK_LEASED,
    PL_WORK_DONE,
    PL_WORK_ASIDE,   /* failed too often; is not tried again unless somebody says so */
    PL_WORK_WAITING, /* for its layers */
};
#define PL_WORK_STATES 5
#define PL_WORK_KEY 16u   /* bytes that tell one piece of work from all others */
#define PL_WORK_FAILS 3   /* failures after which it is set aside … */
#define PL_WORK_LOSSES 10 /* … or workers that were lost over it */

/* A piece of work as it is added. */
struct pl_work_new {
    enum pl_work_kind kind;
    uint8_t key[PL_WORK_KEY];
    struct pl_str target, digest; /* digest: LAYER's */
    struct pl_str host;           /* of the registry; empty: none is asked */
    struct pl_str share;          /* whose turn it takes among others of its priority */
    int64_t priority;             /* higher ones first */
};
/* The same as it is claimed or listed; lives during the callback. */
struct pl_work {
    int64_t id;
    enum pl_work_kind kind;
    enum pl_work_state state;
    struct pl_str target, digest, host, error;
    int64_t priority, tries, fails, ready_at;
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
    /* Each inventory: those that run somewhere first, then by name, digest, platform. `since`: its
     * flaws as they were then, in seconds since the epoch; INT64_MAX: as they are. */
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
    /* The numbers of the flaws of `rule`, whatever the package; of the inventories in which `rule`
     * found something; both rising. */
    int (*flaws_of)(struct pl_store *s, struct pl_str rule, int (*fn)(void *arg, int64_t id),
                    void *arg, struct pl_err *err);
    int (*images_of)(struct pl_store *s, struct pl_str rule, int (*fn)(void *arg, int64_t id),
                     void *arg, struct pl_err *err);
    /* Every rule that found something, in any order; `fn` returns 0, or what ends it. */
    int (*rules_found)(struct pl_store *s, int (*fn)(void *arg, struct pl_str rule), void *arg,
                       struct pl_err *err);
    /* ---- by index: what is asked for is read, and little else, however many there are ---- */

    /* Each package of this name, or made from a source of this name; as each_package. Others may be
     * among them: what matters is to be compared. */
    int (*packages_named)(struct pl_store *s, struct pl_str name,
                          int (*fn)(void *arg, uint32_t id, const struct pl_package *p), void *arg,
                          struct pl_err *err);
    /* The numbers of inventories, rising, each once: that hold one of these packages (numbers in
     * any order), hidden ones too; that have a flaw of this rule and still hold its package; of
     * this very name; of this very digest; that were read at this moment (seconds) or later. */
    int (*images_holding)(struct pl_store *s, const uint32_t *package, size_t n,
                          int (*fn)(void *arg, int64_t id), void *arg, struct pl_err *err);
    int (*images_flawed)(struct pl_store *s, struct pl_str rule, int (*fn)(void *arg, int64_t id),
                         void *arg, struct pl_err *err);
    int (*images_called)(struct pl_store *s, struct pl_str name, int (*fn)(void *arg, int64_t id),
                         void *arg, struct pl_err *err);
    int (*images_digest)(struct pl_store *s, struct pl_str digest, int (*fn)(void *arg, int64_t id),
                         void *arg, struct pl_err *err);
    int (*images_since)(struct pl_store *s, int64_t at, int (*fn)(void *arg, int64_t id), void *arg,
                        struct pl_err *err);
    /* Number, name and digest of every inventory, in any order. */
    int (*each_name)(struct pl_store *s,
                     int (*fn)(void *arg, int64_t id, struct pl_str name, struct pl_str digest),
                     void *arg, struct pl_err *err);
    /* Reads the inventories of these numbers; as each_image. */
    int (*images)(struct pl_store *s, const int64_t *id, size_t n, const struct pl_store_ask *how,
                  int (*fn)(void *arg, const struct pl_store_image *i), void *arg,
                  struct pl_err *err);
    /* For each of these inventories the names of all with its digest, which it has; sorted. */
    int (*names_of)(struct pl_store *s, const int64_t *id, size_t n,
                    int (*fn)(void *arg, int64_t id, struct pl_str name), void *arg,
                    struct pl_err *err);
    /* Brings the index up to what the store holds, in transactions of its own. Whoever puts does so
     * in passing; what is not indexed yet is read instead. */
    int (*index)(struct pl_store *s, struct pl_err *err);

    /* A run that matched: its number. Between begin and commit. */
    int (*run)(struct pl_store *s, const struct pl_store_origin *o, int64_t *ret_run,
               struct pl_err *err);
    /* The flaws (rising) an inventory has as of that run; what changed is kept. Between begin and
     * commit. */
    int (*state)(struct pl_store *s, int64_t run, int64_t image, const uint32_t *flaw, size_t n,
                 struct pl_err *err);

    /* The same for many, each inventory once: at a fraction of the cost. */
    int (*states)(struct pl_store *s, int64_t run, const struct pl_store_state *v, size_t n,
                  struct pl_err *err);

    /* From here on the store remembers which inventories are put in. Between begin and commit. */
    int (*matched_begin)(struct pl_store *s, enum pl_store_matching what, struct pl_err *err);
    /* What was kept by the last complete look at all inventories, in `a`. Damage is no error: then
     * it is not there. Of the same moment as all that is read to make the next. */
    int (*matched)(struct pl_store *s, enum pl_store_matching what, struct pl_arena *a,
                   struct pl_store_matched *ret, struct pl_err *err);
    /* Inventories that were put in since, or whose state another run has changed; in any order,
     * some more than once. */
    int (*matched_since)(struct pl_store *s, const struct pl_store_matched *m,
                         int (*fn)(void *arg, int64_t id), void *arg, struct pl_err *err);
    /* Keeps key, prints and odd ones of `m` in place of `old`, as it was read. `run`: in which
     * states were kept, in the same transaction; 0: none had changed. Where another complete look
     * has ended meanwhile nothing is kept, and what there is is given up. */
    int (*matched_keep)(struct pl_store *s, const struct pl_store_matched *old,
                        const struct pl_store_matched *m, int64_t run, struct pl_err *err);

    /* What was found in an inventory, in a form that the store does not know; in place of what was
     * kept before. Between begin and commit. */
    int (*found_put)(struct pl_store *s, int64_t image, struct pl_str bytes, struct pl_err *err);
    /* It, in `a`; ret->p is NULL when there is none. */
    int (*found)(struct pl_store *s, int64_t image, struct pl_arena *a, struct pl_str *ret,
                 struct pl_err *err);
    /* The record of a blob by key, in `a`; ret->p is NULL when there is none. */
    int (*record)(struct pl_store *s, const uint8_t *key, struct pl_arena *a, struct pl_str *ret,
                  struct pl_err *err);
    /* Keeps it, unless there is one. */
    int (*record_put)(struct pl_store *s, const uint8_t *key, struct pl_str digest,
                      const struct pl_store_origin *o, struct pl_str bytes, struct pl_err *err);

    /* As begin, but other writers go on: for work and records. Ended by commit or rollback. */
    int (*share)(struct pl_store *s, struct pl_err *err);
    /* Adds work, each once: what is there and not done stays, what is done is to be done again, and
     * an image that somebody reads is, too, after that.
     * Those that share a priority take turns by `share`. In a transaction of its own, or in the one
     * that is open. */
    int (*work_add)(struct pl_store *s, const struct pl_work_new *w, size_t n, struct pl_err *err);
    /* Claims up to `n` pieces of the kinds `from` to `to` for `worker`, for `lease` seconds; what
     * others lost comes back first. Work of a host that is held is left out. */
    int (*work_claim)(struct pl_store *s, struct pl_str worker, int64_t lease,
                      enum pl_work_kind from, enum pl_work_kind to, size_t n,
                      int (*fn)(void *arg, const struct pl_work *w), void *arg, struct pl_err *err);
    /* `worker` lives: all it has stays its own for `lease` seconds from now. */
    int (*work_beat)(struct pl_store *s, struct pl_str worker, int64_t lease, struct pl_err *err);
    /* `worker` does not know any more what it has: that goes to others, though it lives. */
    int (*work_leave)(struct pl_store *s, struct pl_str worker, struct pl_err *err);
    /* It is done. *ret_held: false when the lease was lost, so that nothing else of the transaction
     * may be kept. Between begin (or share) and commit. */
    int (*work_done)(struct pl_store *s, int64_t id, struct pl_str worker, bool *ret_held,
                     struct pl_err *err);
    /* It waits for `n` layers, which become work where their record is missing; *ret_waits: for how
     * many; -1: the lease was lost. */
    int (*work_wait)(struct pl_store *s, int64_t id, struct pl_str worker,
                     const struct pl_work_new *layer, size_t n, int64_t *ret_waits,
                     struct pl_err *err);
    /* It failed: again after `delay` seconds, or set aside. */
    int (*work_fail)(struct pl_store *s, int64_t id, struct pl_str worker, struct pl_str error,
                     int64_t delay, struct pl_err *err);
    /* Given back, as if it had not been claimed, for `delay` seconds. */
    int (*work_back)(struct pl_store *s, int64_t id, struct pl_str worker, int64_t delay,
                     struct pl_err *err);
    /* All in `state`, by number. */
    int (*work_each)(struct pl_store *s, enum pl_work_state state,
                     int (*fn)(void *arg, const struct pl_work *w), void *arg, struct pl_err *err);
    /* How many there are in each state but DONE (told as 0): as fast when much is done. */
    int (*work_open)(struct pl_store *s, uint64_t ret[PL_WORK_STATES], struct pl_err *err);
    /* How many there are in each state. */
    int (*work_counts)(struct pl_store *s, uint64_t ret[PL_WORK_STATES], struct pl_err *err);
    /* What was set aside is tried again: one, or all (`id` 0); how many. */
    int (*work_retry)(struct pl_store *s, int64_t id, uint64_t *ret_n, struct pl_err *err);
    /* Takes out one that nobody works on, or all that were set aside (`id` 0); how many. */
    int (*work_drop)(struct pl_store *s, int64_t id, uint64_t *ret_n, struct pl_err *err);
    /* The work that has this key: its state and error (in `a`); *ret_there false: none. */
    int (*work_find)(struct pl_store *s, const uint8_t *key, struct pl_arena *a,
                     struct pl_work *ret, bool *ret_there, struct pl_err *err);
    /* Takes one of the tokens of `host`, of which `rate` come each second, up to `burst`. False:
     * there is none, or the host is held. */
    int (*host_take)(struct pl_store *s, struct pl_str host, int64_t rate, int64_t burst,
                     bool *ret_got, struct pl_err *err);
    /* No work for `host` for `seconds`, as it asked. */
    int (*host_hold)(struct pl_store *s, struct pl_str host, int64_t seconds, struct pl_err *err);
    /* The hosts that are held, and for how many seconds still. */
    int (*hosts_held)(struct pl_store *s, int (*fn)(void *arg, struct pl_str host, int64_t seconds),
                      void *arg, struct pl_err *err);

    /* ---- schedules, names, where images run, messages: model/fleet.h ---- */

    /* True for one asker in `every` seconds of the store's clock, whoever else asks. */
    int (*turn)(struct pl_store *s, struct pl_str name, int64_t every, bool *ret,
                struct pl_err *err);
    /* A text under a name, in `a` (empty: none); and keeps one. */
    int (*note)(struct pl_store *s, struct pl_str name, struct pl_arena *a, struct pl_str *ret,
                struct pl_err *err);
    int (*note_put)(struct pl_store *s, struct pl_str name, struct pl_str text, struct pl_err *err);
    /* The store's clock. */
    int (*now)(struct pl_store *s, int64_t *ret, struct pl_err *err);
    /* How many images and layers are ready to be read, counted up to `most`. */
    int (*depth)(struct pl_store *s, int64_t most, int64_t *ret, struct pl_err *err);
    /* What was set aside and was not told before, so many pieces at most; it is now. Between begin
     * (or share) and commit. */
    int (*work_aside)(struct pl_store *s, size_t most,
                      int (*fn)(void *arg, const struct pl_work *w), void *arg, struct pl_err *err);
    /* Is there any? */
    int (*work_untold)(struct pl_store *s, bool *ret, struct pl_err *err);
    /* Names of inventories that only other programs or rules than these have read, those that run
     * first. */
    int (*stale)(struct pl_store *s, struct pl_str tool, struct pl_str rules,
                 int (*fn)(void *arg, struct pl_str name, bool runs), void *arg,
                 struct pl_err *err);
    /* How many inventories were put in since `since` and matched with another database. */
    int (*behind)(struct pl_store *s, struct pl_str db, int64_t since, int64_t *ret,
                  struct pl_err *err);

    /* What `name` names now: image and when that was last seen, in `a`; *ret_there. */
    int (*ref)(struct pl_store *s, struct pl_str name, struct pl_arena *a, struct pl_ref *ret,
               bool *ret_there, struct pl_err *err);
    /* `r` names r->image: one that named another ends here. Between begin (or share) and commit. */
    int (*ref_put)(struct pl_store *s, const struct pl_ref *r, struct pl_err *err);
    /* Tags of a repository that were not seen since `before` are gone. As above. */
    int (*ref_lost)(struct pl_store *s, struct pl_str registry, struct pl_str repository,
                    int64_t before, struct pl_err *err);
    /* What `name` named, the oldest first. */
    int (*ref_each)(struct pl_store *s, struct pl_str name,
                    int (*fn)(void *arg, const struct pl_ref *r), void *arg, struct pl_err *err);
    /* A name that names the image with this digest now, in `a`; empty: none does. */
    int (*ref_of)(struct pl_store *s, struct pl_str image, struct pl_arena *a, struct pl_str *ret,
                  struct pl_err *err);
    /* All that runs in `cluster` now: what was there and is not any more has ended. */
    int (*runs_put)(struct pl_store *s, struct pl_str cluster, const struct pl_exposure *e,
                    size_t n, struct pl_err *err);
    /* Does the image with this digest run? Empty: is it known of any where it runs or ran? */
    int (*runs)(struct pl_store *s, struct pl_str image, bool *ret, struct pl_err *err);
    /* Where the image of this digest, of this name, or that this name ever named runs or ran. */
    int (*runs_of)(struct pl_store *s, struct pl_str image, struct pl_str name,
                   int (*fn)(void *arg, const struct pl_exposure *e), void *arg,
                   struct pl_err *err);

    /* The number of the last run that matched. */
    int (*run_last)(struct pl_store *s, int64_t *ret, struct pl_err *err);
    /* What changed in the runs after `after`, up to `to`; each inventory of a run once. */
    int (*changes)(struct pl_store *s, int64_t after, int64_t to,
                   int (*fn)(void *arg, const struct pl_store_change *c), void *arg,
                   struct pl_err *err);
    /* The findings of an inventory beside advisories, as far as the store knows them apart. */
    int (*own_findings)(struct pl_store *s, int64_t image,
                        int (*fn)(void *arg, const struct pl_finding *f), void *arg,
                        struct pl_err *err);

    /* What readings found and was not told, of so many inventories at most, those after `after` (0:
     * all) in the order in which they are told; all of it in `a`. Kept by `put` once there is a
     * note "told". */
    int (*again)(struct pl_store *s, int64_t after, size_t most, struct pl_arena *a,
                 int (*fn)(void *arg, const struct pl_store_again *g), void *arg,
                 struct pl_err *err);
    /* It was told, or need not be. Between begin and commit. */
    int (*again_told)(struct pl_store *s, int64_t image, struct pl_err *err);

    /* What a rebuild of an inventory would mend, as a print of what was told: of all, by number; of
     * one, in `a` (empty: none); and keeps one. */
    int (*rebuild_each)(struct pl_store *s,
                        int (*fn)(void *arg, int64_t image, struct pl_str print), void *arg,
                        struct pl_err *err);
    int (*rebuild)(struct pl_store *s, int64_t image, struct pl_arena *a, struct pl_str *ret,
                   struct pl_err *err);
    int (*rebuild_put)(struct pl_store *s, int64_t image, struct pl_str print, struct pl_err *err);

    /* Takes out what nothing needs and is older than g->keep_s, in transactions of its own, beside
     * others who write; fills the results. */
    int (*gc)(struct pl_store *s, struct pl_gc *g, struct pl_err *err);

    /* A message for o->hook; one with the same key is there once. Between begin and commit. */
    int (*out_add)(struct pl_store *s, const struct pl_out *o, struct pl_err *err);
    /* The next message for `hook` that is due, for `lease` seconds, in `a`; *ret_there. */
    int (*out_claim)(struct pl_store *s, struct pl_str hook, int64_t lease, struct pl_arena *a,
                     struct pl_out *ret, bool *ret_there, struct pl_err *err);
    /* It was taken; it was not: again after `delay` seconds, unless it is older than `most`. */
    int (*out_told)(struct pl_store *s, int64_t id, struct pl_err *err);
    int (*out_fail)(struct pl_store *s, int64_t id, struct pl_str error, int64_t delay,
                    int64_t most, bool *ret_given_up, struct pl_err *err);
    /* Gives up all that are older than `most`, for `error`; how many. */
    int (*out_old)(struct pl_store *s, int64_t most, struct pl_str error, uint64_t *ret_n,
                   struct pl_err *err);
    /* What was given up is tried again; how many. */
    int (*out_retry)(struct pl_store *s, uint64_t *ret_n, struct pl_err *err);
    /* How many there are in each state; all in one. */
    int (*out_counts)(struct pl_store *s, uint64_t ret[PL_OUT_STATES], struct pl_err *err);
    int (*out_each)(struct pl_store *s, enum pl_out_state state,
                    int (*fn)(void *arg, const struct pl_out *o), void *arg, struct pl_err *err);
    /* Waits until work may have come, at most so long; false when it is not known. */
    void (*sleep)(struct pl_store *s, int milliseconds);
};

/* Implementations begin with it. */
struct pl_store {
    const struct pl_store_ops *ops;
};

#endif
