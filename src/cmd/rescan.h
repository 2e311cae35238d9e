/* Stored inventories against the database of today: each distinct package is matched once, then the
 * inventories are joined to that. packages.md section 10. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_CMD_RESCAN_H
#define PL_CMD_RESCAN_H

#include "base/map.h"
#include "base/vec.h"
#include "cmd/common.h"
#include "cmd/sink.h"
#include "cmd/threshold.h"
#include "cmd/vuln_opt.h"
#include "model/package.h"
#include "model/store.h"
#include "vuln/match.h"

struct pl_rescan_cmd {
    struct pl_common common;
    struct pl_vuln_cli vuln;
    struct pl_opt_list format, severity;
    const char *store, *since, *fail_on, *webhook, *webhook_key, *webhook_ca;
    bool add, only_new, exit_zero;
};

/* A flaw of a distinct package. */
struct pl_rescan_hit {
    const struct pl_str *rule;
    uint32_t flaw; /* its number in the store */
    uint8_t severity;
    bool shown, fails; /* by the options */
};

/* What is known of a distinct package, by its number in the store. */
struct pl_rescan_package {
    uint32_t hit, n_hits;               /* first and number of its flaws … */
    uint32_t kernel_hit, n_kernel_hits; /* … where a kernel is there, for header files */
    uint32_t eco;                       /* 1 + index; 0: nothing to say */
    bool wanted;                        /* matched, where it is visible */
    bool kernel, headers;
    bool there;   /* the number is that of a package */
    bool release; /* no package: what the system calls itself */
};

/* What is to be looked at when an inventory has a package. */
enum pl_rescan_gist {
    PL_RESCAN_KERNEL = 1u << 0,
    PL_RESCAN_HITS = 1u << 1, /* flaws */
    PL_RESCAN_ECO = 1u << 2,  /* its ecosystem; from here on the number of it, or … */
    PL_RESCAN_ECO_SHIFT = 3,
    PL_RESCAN_ECOS = 31, /* … this: as the package says */
};

struct pl_rescan_eco {
    struct pl_match_eco e;
    struct pl_finding end; /* that its support has ended, if has_end */
    bool has_end;
    struct pl_rescan_hit hit; /* the same */
    uint32_t seen;            /* number of the inventory that spoke of it last */
};

/* An output of the run. */
struct pl_rescan_out {
    enum pl_rescan_form { PL_RESCAN_TABLE, PL_RESCAN_JSON, PL_RESCAN_NDJSON, PL_RESCAN_HOOK } form;
    struct pl_sink sink;
    bool begun; /* JSON: an element was written */
};

/* What an inventory has now, ready to be written. */
struct pl_rescan_item {
    const struct pl_store_member *member; /* NULL: the end of a release's support */
    const struct pl_rescan_hit *hit;
    uint32_t nth; /* of the member's flaws, or of the ecosystems */
    bool fresh;
};
struct pl_rescan_one {
    const struct pl_store_image *i;
    struct pl_target t; /* name, digest, platform, complete, notes, layers */
    bool kernel;        /* it has one */
    bool layers_known;  /* t.layers was filled */
    struct pl_rescan_item *item;
    size_t n_items;
    struct pl_names fresh, gone; /* ids, sorted, each once */
    uint32_t *gone_flaw;
    size_t n_gone;
    size_t n_fresh;
};

struct pl_rescan {
    const struct pl_rescan_cmd *o;
    const struct pl_operands *only; /* names that were asked for; none: all */
    bool *only_used;
    struct pl_store *s;
    bool still; /* the store cannot be written to */
    struct pl_vuln_run *v;
    struct pl_vuln_matcher *brief;
    const struct pl_db_info *db;
    struct pl_threshold threshold;
    struct pl_arena a, one; /* of the run; of one inventory */
    int64_t since;
    struct pl_store_counts counts;
    /* what the last complete run has matched all inventories to, and what this one has */
    bool whole; /* it looks at all inventories, or need not */
    struct pl_store_matched before, now;
    PL_VEC(int64_t) odd;                      /* inventories that are incomplete */
    PL_VEC(struct pl_rescan_package) package; /* by number */
    PL_VEC(uint8_t) gist; /* of each: enum pl_rescan_gist, which is all that most need */
    PL_VEC(struct pl_rescan_hit) hit;
    PL_VEC(struct pl_rescan_eco) eco;
    struct pl_map ecos, rules;
    struct pl_map gone; /* struct pl_rescan_gone by the flaw's number */
    uint32_t next_flaw; /* numbers of flaws that a store that is still cannot give */
    /* text of packages' flaws, made when it is wanted */
    struct pl_arena texts_a;
    struct pl_map texts;
    struct pl_arena layers_a;
    struct pl_map layers;
    struct pl_rescan_out out[8];
    size_t n_out;
    struct pl_buf hook; /* lines that go to the webhook */
    /* results */
    PL_VEC(struct pl_store_state) state; /* what another is to be kept of */
    uint64_t n_images, n_fresh, n_gone, count[PL_SEV_COUNT];
    uint32_t n_incomplete;
    bool fails;
    struct pl_buf incomplete; /* lines for the end */
    struct pl_err *err;
};

/* A flaw that an inventory has no more; lives as long as the run. */
struct pl_rescan_gone {
    struct pl_str subject, rule;
};
int pl_rescan_gone(struct pl_rescan *r, uint32_t flaw, const struct pl_rescan_gone **ret,
                   struct pl_err *err);

/* Matches the packages that were not yet; opens a view of the store that lasts until rollback. */
int pl_rescan_match(struct pl_rescan *r, struct pl_err *err);
/* After pl_rescan_match: which inventories can have another result than in the last run, in *ret
 * (heap); *ret_all: any can, or all are to be told. */
int pl_rescan_narrow(struct pl_rescan *r, int64_t **ret, size_t *ret_n, bool *ret_all,
                     struct pl_err *err);
/* Keeps what all inventories were matched to, beside the states of `run` (0: none was kept) and in
 * the same transaction. */
int pl_rescan_keep_matched(struct pl_rescan *r, int64_t run, struct pl_err *err);
/* Is there something of that to be kept? */
bool pl_rescan_moved(const struct pl_rescan *r);

/* Calls pl_rescan_put for each inventory that was asked for, as far as it may have something to
 * tell. */
int pl_rescan_join(struct pl_rescan *r, struct pl_err *err);
/* Remembers what the inventories have now, in the store. */
int pl_rescan_keep(struct pl_rescan *r, struct pl_err *err);

/* One flaw of a package at a place, as text; lives in r->texts_a until the next inventory. */
struct pl_rescan_text {
    struct pl_str head, tail; /* JSON before and after what pl_life_put writes */
    struct pl_str line;       /* for people, without what depends on the image; escaped */
};
/* All flaws of the member, in their order. */
int pl_rescan_texts(struct pl_rescan *r, const struct pl_store_member *m, bool kernel,
                    const struct pl_rescan_text **ret, struct pl_err *err);
/* The same of a finding that was made already; in `a`. */
void pl_rescan_text_of(struct pl_arena *a, const struct pl_finding *f, struct pl_rescan_text *ret);
/* May be called between inventories: gives memory back when texts have grown large. */
void pl_rescan_texts_trim(struct pl_rescan *r);

/* Opens what -f asks for; prints what is wrong, an exit code or 0. */
int pl_rescan_open(struct pl_rescan *r);
/* Writes one inventory to every output. */
int pl_rescan_put(struct pl_rescan *r, struct pl_rescan_one *x, struct pl_err *err);
/* Ends every output; sends what the webhook gets. */
int pl_rescan_end(struct pl_rescan *r, struct pl_err *err);

/* rescan --add: the inventories in `files` into the store; an exit code. */
int pl_rescan_add(const struct pl_rescan_cmd *o, const char *store,
                  const struct pl_operands *files);

#endif
