/* Which store a verb uses, and what a scan leaves in it. packages.md section 10. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_CMD_STORE_OPT_H
#define PL_CMD_STORE_OPT_H

#include "base/arena.h"
#include "store/store.h"

/* The store: `given` (--store), else PLIMSOLL_STORE, else what the configuration names (unless
 * `no_config`). *ret in `a`, NULL when none is named. PL_E_USAGE, PL_E_FORMAT: the configuration
 * cannot be read. */
int pl_store_named(const char *given, bool no_config, struct pl_arena *a, const char **ret,
                   struct pl_err *err);

/* The ecosystems, as OSV names them without a release, of all packages in the store that `given`,
 * the environment or the configuration names; none when there is no store. In `a`. What is wrong
 * with the store is a warning on standard error. */
struct pl_names pl_store_ecosystems(const char *given, struct pl_arena *a);

/* What a scan found: before anything was matched, and before anything was left out. */
struct pl_store_keep {
    const char *where; /* NULL: nothing is kept */
    bool ordinary;     /* gates may go by it; see pl_store_ordinary */
    struct pl_target *before, *matched;
    size_t n;
};
struct pl_common;
struct pl_vuln_cli;
/* Does no option change what is found in an image, compared with what a gate finds that reads it
 * itself? Which scanners run is the caller's to add. */
bool pl_store_ordinary(const struct pl_common *c, const struct pl_vuln_cli *v);
/* Remembers the targets of `report` as they are now; in its arena. */
void pl_store_keep_begin(struct pl_store_keep *k, const struct pl_report *report);
/* The same when all flaws are there and none was left out. */
void pl_store_keep_matched(struct pl_store_keep *k, const struct pl_report *report);
/* Puts them into `s`, between begin and commit: the inventories, the flaws they have (`matched`),
 * and the findings that the report has now. */
int pl_store_keep_in(const struct pl_store_keep *k, const struct pl_report *report, bool matched,
                     struct pl_store *s, struct pl_err *err);
/* The same in a transaction of its own, in the store that is named. What goes wrong is a warning
 * and a note of the report, not a failure of the scan: `quiet` leaves the warning out. */
void pl_store_keep_end(const struct pl_store_keep *k, struct pl_report *report, bool matched,
                       bool quiet);
/* The origin of what this program stores at this moment, by the clock of the store, which all who
 * write to it share; views on `report`. Codes of the store. */
int pl_store_origin_in(struct pl_store *s, const struct pl_report *report,
                       struct pl_store_origin *ret, struct pl_err *err);
/* The text that stands for the package of a finding in the store. */
struct pl_str pl_store_subject(const struct pl_finding *f);

#endif
