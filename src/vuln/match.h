/* Packages against the advisory database. One probe for a package; what speaks of the same flaw is
 * one match. packages.md sections 5 to 7. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_VULN_MATCH_H
#define PL_VULN_MATCH_H

#include "model/package.h"
#include "model/vuln.h"
#include "vuln/db.h"

struct pl_match_opts {
    bool all_layers;     /* packages that a later layer removed, too */
    bool match_owned;    /* language packages that a distribution's package brought, too */
    bool expand_kernel;  /* one match for each flaw of the kernel's headers */
    bool unimportant;    /* what the vendor says does not matter, too */
    bool brief;          /* no titles, addresses, KEV, EPSS: the ids and severities only */
    struct pl_str today; /* "2026-11-22" */
};

struct pl_vuln_matcher;

/* One flaw of one package; all text lives in the arena that was given. */
struct pl_match {
    struct pl_str rule; /* the CVE, or the source's own id */
    struct pl_names aliases;
    enum pl_severity severity;
    bool malware;
    struct pl_str title; /* the flaw's, or empty */
    struct pl_vuln *vuln;
};
struct pl_matches {
    struct pl_match *p; /* sorted by rule */
    size_t n;
};

/* A matcher over an open database, which outlives it. Heap. */
struct pl_vuln_matcher *pl_vuln_matcher_new(struct pl_advdb *db, const struct pl_match_opts *o);
/* Frees; accepts NULL. */
void pl_vuln_matcher_free(struct pl_vuln_matcher *m);

/* All matches of one package, in `a`. PL_E_FORMAT when the database is damaged: then nothing may be
 * said of the package. `kernel`: the system has a kernel, so that its headers are nothing special.
 */
int pl_match_package(struct pl_vuln_matcher *m, const struct pl_package *p, bool kernel,
                     struct pl_arena *a, struct pl_matches *ret, struct pl_err *err);
/* The same by names alone, for inventories: ecosystem, name and version as in pl_eco_of_package. */
struct pl_eco_key;
int pl_match_key(struct pl_vuln_matcher *m, const struct pl_eco_key *k, const struct pl_package *p,
                 struct pl_arena *a, struct pl_matches *ret, struct pl_err *err);
/* Is one of the packages a kernel? */
bool pl_match_has_kernel(const struct pl_package *p, size_t n);
/* Is `p` matched at all (visible, not owned …)? */
bool pl_match_wants(const struct pl_vuln_matcher *m, const struct pl_package *p);

/* Is it header files or tools of the kernel, whose flaws are one line unless a kernel is there? */
bool pl_match_headers(const struct pl_package *p);

/* What is to be said once for each ecosystem of a target. */
struct pl_match_eco {
    struct pl_str name; /* "Debian:12"; where none is known, the release as the package has it */
    bool known, distro, in_db;
    struct pl_str eol; /* the day its support ended, if it has; else empty */
};
/* The ecosystem of `p`, in `a`: name, known, distro; false when there is nothing to say of it. */
bool pl_match_eco(struct pl_arena *a, const struct pl_package *p, struct pl_match_eco *ret);
/* Looks the rest up; text in `a`. */
void pl_match_eco_assess(struct pl_vuln_matcher *m, struct pl_arena *a, struct pl_match_eco *e);
/* The note that it could not be assessed; false when it could. */
bool pl_match_eco_note(const struct pl_match_eco *e, struct pl_note *ret);
/* The finding that its support has ended, in `a`; false when it has not. */
bool pl_match_eco_finding(struct pl_arena *a, const struct pl_match_eco *e, struct pl_finding *ret);
/* A match of `p` as a finding, in `a`. */
void pl_match_finding(struct pl_arena *a, const struct pl_package *p, const struct pl_match *h,
                      struct pl_finding *ret);

/* Matches every package of the target: findings are added and all are put in order, notes say what
 * could not be assessed, releases past their end become findings. */
int pl_match_target(struct pl_vuln_matcher *m, struct pl_arena *a, struct pl_target *t,
                    struct pl_err *err);
/* What the database is, for the report; in `a`. */
const struct pl_db_info *pl_match_db_info(const struct pl_advdb *db, struct pl_arena *a);

#endif
