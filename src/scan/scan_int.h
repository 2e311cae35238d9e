/* What the files of scan/ share about a run. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_SCAN_SCAN_INT_H
#define PL_SCAN_SCAN_INT_H

#include "scan/pool.h"
#include "scan/scan.h"
#include "scan/unit.h"

struct pl_scan {
    struct pl_scan_opts o;
    struct pl_scan_ctx ctx;
    struct pl_pool *pool;
    struct pl_str hash_path; /* entries whose digest a verb wants */
    unsigned threads;
    bool degraded;
    char missing[64]; /* what the kernel lacks of the sandbox */
};

/* Works by other rules from now on; the workers start anew. `rules` must outlive their use. */
void pl_scan_rules(struct pl_scan *s, const struct pl_rules *rules);

/* A hit as a finding, all text in `a`, with everything that does not depend on where it is. False
 * when the record names no rule. */
bool pl_hit_finding(const struct pl_rules *rules, struct pl_arena *a, const struct pl_hit *h,
                    struct pl_finding *ret);

/* `s` as one word of a POSIX shell: as it is when nothing in it is special, else quoted, in `a`. */
struct pl_str pl_quote(struct pl_arena *a, struct pl_str s);

/* The target "sbom:FILE": what the document lists becomes the packages of a target. */
int pl_scan_sbom(struct pl_scan *s, const char *target, const char *path, struct pl_report *r,
                 struct pl_err *err);

/* Tells the unit's images as targets of the report. */
void pl_unit_report(struct pl_unit *u, struct pl_report *r);

/* Queues one more reading of a part that was read before, by the rules of now; `done` (t->arg is
 * the part) gets its record. */
int pl_unit_again(struct pl_unit *u, struct pl_part *p,
                  void (*done)(struct pl_task *t, struct pl_record *r), void *arg,
                  struct pl_err *err);

/* Runs one more job on a part that was read before, for its bytes. */
int pl_unit_grab(struct pl_unit *u, struct pl_part *p, const struct pl_job_params *params,
                 void (*bytes)(struct pl_task *t, const void *p, size_t n), void *arg,
                 struct pl_err *err);

#endif
