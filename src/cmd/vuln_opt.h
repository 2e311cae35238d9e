/* Matching packages against the advisory database, as the verbs that report findings do it:
 * options, what is left out, what fails. packages.md sections 6, 8, 9 and 12. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_CMD_VULN_OPT_H
#define PL_CMD_VULN_OPT_H

#include <stddef.h>

#include "base/buf.h"
#include "cmd/opt.h"
#include "model/report.h"

struct pl_vuln_cli {
    struct pl_opt_list ignore_status, vex;
    const char *db, *max_age, *epss;
    bool ignore_unfixed, only_fixed, kev, expand_kernel, all_layers, match_owned, unimportant;
};

/* clang-format off */
#define PL_VULN_OPTS(T)                                                                    \
    { "vex", 0, PL_OPT_LIST, offsetof(T, vuln.vex), "FILE",                                \
      "statements that flaws do not hold: OpenVEX, CSAF, CycloneDX" },                     \
    PL_VULN_MATCH_OPTS(T)
/* Those of matching and of the exit code alone. */
#define PL_VULN_MATCH_OPTS(T)                                                              \
    { "db", 0, PL_OPT_STR, offsetof(T, vuln.db), "DIR", "folder of the advisory database" },    \
    { "db-max-age", 0, PL_OPT_STR, offsetof(T, vuln.max_age), "DAYS",                      \
      "an older database is an error" },                                                   \
    { "ignore-unfixed", 0, PL_OPT_FLAG, offsetof(T, vuln.ignore_unfixed), NULL,            \
      "only flaws that a version mends" },                                                 \
    { "only-fixed", 0, PL_OPT_FLAG, offsetof(T, vuln.only_fixed), NULL, "the same" },      \
    { "ignore-status", 0, PL_OPT_LIST, offsetof(T, vuln.ignore_status), "LIST",            \
      "leave out flaws in these states" },                                                 \
    { "kev", 0, PL_OPT_FLAG, offsetof(T, vuln.kev), NULL,                                  \
      "flaws that are being exploited fail whatever their severity" },                     \
    { "epss", 0, PL_OPT_STR, offsetof(T, vuln.epss), "SHARE",                              \
      "flaws at or above this probability fail, as in 0.1" },                              \
    { "expand-kernel", 0, PL_OPT_FLAG, offsetof(T, vuln.expand_kernel), NULL,              \
      "each flaw of kernel headers by itself" },                                           \
    { "all-layers", 0, PL_OPT_FLAG, offsetof(T, vuln.all_layers), NULL,                    \
      "match packages that a later layer removed" },                                       \
    { "match-owned", 0, PL_OPT_FLAG, offsetof(T, vuln.match_owned), NULL,                  \
      "match language packages that the distribution installed" },                         \
    { "unimportant", 0, PL_OPT_FLAG, offsetof(T, vuln.unimportant), NULL,                  \
      "report what the vendor calls unimportant" }
/* clang-format on */

struct pl_vuln_run;
struct pl_vuln_matcher;
struct pl_advdb;

/* Opens the database. `asked`: matching was asked for, so that none is an error. *ret is NULL when
 * there is none. Prints what is wrong and returns an exit code, or 0. Heap. */
int pl_vuln_begin(const struct pl_vuln_cli *o, bool asked, bool quiet, struct pl_vuln_run **ret);
/* Frees; accepts NULL. */
void pl_vuln_end(struct pl_vuln_run *v);
/* Matches the targets of a report and leaves out what the options say; with `v` NULL it only notes
 * that there was no database. An exit code, or 0. */
int pl_vuln_report(struct pl_vuln_run *v, const struct pl_vuln_cli *o, const char *verb,
                   struct pl_report *report);
/* The two halves of it: all that matches, then what is left out; `v` may be NULL. */
int pl_vuln_match(struct pl_vuln_run *v, const char *verb, struct pl_report *report);
void pl_vuln_filter(struct pl_vuln_run *v, struct pl_report *report);
/* The matcher of a run, or (`brief`, heap) another that tells ids, severities and states only. */
struct pl_vuln_matcher *pl_vuln_matcher_of(struct pl_vuln_run *v);
struct pl_vuln_matcher *pl_vuln_matcher_brief(struct pl_vuln_run *v, const struct pl_vuln_cli *o);
/* The database of a run, which owns it. */
struct pl_advdb *pl_vuln_db(struct pl_vuln_run *v);
/* Is a flaw left out for its state? */
bool pl_vuln_drops(const struct pl_vuln_run *v, const struct pl_vuln *x);
/* Does a flaw fail by --kev or --epss, whatever its severity? */
bool pl_vuln_exceeds(const struct pl_vuln_cli *o, const struct pl_vuln *x);
/* Does a finding fail by --kev or --epss? */
bool pl_vuln_fails(const struct pl_vuln_cli *o, const struct pl_report *report);

#endif
