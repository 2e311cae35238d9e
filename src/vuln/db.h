/* The advisory database as a reader sees it: one probe for a package, a few more for what it hits.
 * packages.md section 9. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_VULN_DB_H
#define PL_VULN_DB_H

#include "base/err.h"
#include "model/advisory.h"

#define PL_ADVDB_SCHEMA 1

struct pl_advdb;

/* What the database says of itself; views that live as long as it is open. */
struct pl_advdb_info {
    struct pl_str path, built, expires, digest, epss_date;
    struct pl_str sources; /* JSON: a list of name, kind, commit, licence, digest, records … */
    uint64_t advisories, packages, rows;
};

/* The folder: `given` (--db), else PLIMSOLL_DB, else the user's, else the system's; the first that
 * holds a database, or with `make` the first that is named. In `a`. */
const char *pl_advdb_dir(const char *given, bool make, struct pl_arena *a);
/* Opens DIR/match.db. PL_E_NOENT when there is none; PL_E_FORMAT when it is damaged or of another
 * schema. Heap. */
int pl_advdb_open(const char *dir, struct pl_advdb **ret, struct pl_err *err);
/* Frees; accepts NULL. */
void pl_advdb_close(struct pl_advdb *db);
/* Lives as long as the database. */
const struct pl_advdb_info *pl_advdb_info(const struct pl_advdb *db);

/* Is there anything about this ecosystem ("Debian:12")? */
bool pl_advdb_has_eco(const struct pl_advdb *db, struct pl_str eco);
/* Number and name of each ecosystem, sorted by name; `i` from 0. Empty behind the last. */
struct pl_str pl_advdb_eco_at(const struct pl_advdb *db, size_t i);
/* The rows of one package, as written: *ret is a view until the next call, empty when there is no
 * such package. */
int pl_advdb_rows(struct pl_advdb *db, struct pl_str eco, struct pl_str name, struct pl_str *ret,
                  struct pl_err *err);
/* Cuts the next row from `rows`: its vulnerability's number and its body. False at the end or, with
 * *bad, where the bytes are no row. */
bool pl_advdb_next_row(struct pl_str *rows, uint32_t *ret_vuln, struct pl_str *ret_body, bool *bad);

/* A vulnerability; its texts live until the next call of pl_advdb_rows, at least. */
struct pl_advdb_vuln {
    uint32_t number;
    struct pl_str id, source, published;
    int severity; /* enum pl_severity, or -1 */
    bool malware;
    struct pl_names aliases, covers, cvss, cwe;
};
/* Reads one. PL_E_FORMAT when it is not there or damaged. */
int pl_advdb_vuln(struct pl_advdb *db, uint32_t number, struct pl_arena *a,
                  struct pl_advdb_vuln *ret, struct pl_err *err);
/* Title and address of a vulnerability, in `a`; empty when not known. */
int pl_advdb_text(struct pl_advdb *db, uint32_t number, struct pl_arena *a,
                  struct pl_str *ret_title, struct pl_str *ret_url, struct pl_err *err);
/* Numbers of the vulnerabilities that are called `id`, in `a`. */
int pl_advdb_called(struct pl_advdb *db, struct pl_str id, struct pl_arena *a, uint32_t **ret,
                    size_t *ret_n, struct pl_err *err);

/* What is known of a CVE; false when nothing is. */
bool pl_advdb_kev(struct pl_advdb *db, struct pl_str cve, struct pl_arena *a,
                  struct pl_adv_kev *ret);
bool pl_advdb_epss(struct pl_advdb *db, struct pl_str cve, double *ret_score,
                   double *ret_percentile);
struct pl_str pl_advdb_rating(struct pl_advdb *db, struct pl_str cve, struct pl_arena *a);
/* The day a release's support ends, in `a`; empty when not known. */
struct pl_str pl_advdb_eol(struct pl_advdb *db, struct pl_str eco, struct pl_arena *a);

/* Calls `fn` for every package; non-zero stops and is returned. */
int pl_advdb_each(struct pl_advdb *db,
                  int (*fn)(void *arg, struct pl_str eco, struct pl_str name, struct pl_str rows),
                  void *arg, struct pl_err *err);

/* The key a package is sought by; several may share one, then they follow each other. */
int64_t pl_adv_key(uint32_t eco, struct pl_str name);
/* Moves a finished file into place, its content on the disk before its name. */
int pl_advdb_replace(const char *from, const char *to, struct pl_err *err);

#endif
