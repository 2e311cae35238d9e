/* Making an advisory database: sources are read, what they tell is collected, sorted, and written
 * as an immutable file that replaces the one before it in one step. packages.md section 9. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_VULN_BUILD_H
#define PL_VULN_BUILD_H

#include "base/err.h"
#include "base/limits.h"
#include "model/advisory.h"

struct pl_advbuild;

/* Where an advisory came from; all but `name` may be empty. */
struct pl_adv_source {
    struct pl_str name, kind, commit, licence, digest;
    uint64_t records, files, skipped; /* skipped: files of no form that is known */
};

/* A builder without content. Heap. */
struct pl_advbuild *pl_advbuild_new(void);
/* Frees; accepts NULL. */
void pl_advbuild_free(struct pl_advbuild *b);

/* Registers a source; its number. The texts are copied; later calls with an equal name give the
 * same number, and fill in what was empty. */
unsigned pl_advbuild_source(struct pl_advbuild *b, const struct pl_adv_source *s);
/* The source of that number: to count in. */
struct pl_adv_source *pl_advbuild_source_at(struct pl_advbuild *b, unsigned source);
/* Number of sources. */
unsigned pl_advbuild_sources(const struct pl_advbuild *b);

/* Adds an advisory; everything is copied. Withdrawn ones, and rows without a name, are left out.
 * PL_E_LIMIT beyond the number that one database holds. */
int pl_advbuild_add(struct pl_advbuild *b, unsigned source, const struct pl_adv *adv,
                    struct pl_err *err);
/* Adds to what is known of a CVE; ids of other forms are left out. `score` and `percentile` count
 * 1/65535. */
void pl_advbuild_kev(struct pl_advbuild *b, const struct pl_adv_kev *k);
void pl_advbuild_epss(struct pl_advbuild *b, struct pl_str cve, uint16_t score,
                      uint16_t percentile);
/* The day of the EPSS model's scores, "2026-11-20". */
void pl_advbuild_epss_date(struct pl_advbuild *b, struct pl_str date);
/* A rating of a CVE by a third party (NVD): vector or base score; used when nothing better is. */
void pl_advbuild_rating(struct pl_advbuild *b, struct pl_str cve, struct pl_str vector);
/* A release and the day on which its support ends: "Debian:12", "2028-06-30". */
void pl_advbuild_eol(struct pl_advbuild *b, struct pl_str eco, struct pl_str date);

struct pl_advbuild_opts {
    struct pl_str built;   /* "2026-11-22T10:00:00Z" */
    struct pl_str expires; /* or empty */
};
struct pl_advbuild_sum {
    uint64_t advisories, rows, packages, bytes;
    char digest[72]; /* "sha256:…" of what it holds */
};
/* Writes DIR/match.db (and its texts), making DIR. Kill -9 at any moment leaves the old database as
 * it was. The same content gives the same bytes whatever the order it was added in. */
int pl_advbuild_write(struct pl_advbuild *b, const char *dir, const struct pl_advbuild_opts *o,
                      struct pl_advbuild_sum *ret, struct pl_err *err);

/* Reads `path` (a folder, an archive or a file, known by its content) into `b`. `note` is told of
 * what could not be read: `where` names it. */
typedef void pl_adv_note_fn(void *arg, const char *where, const char *message);
struct pl_adv_read_opts {
    const struct pl_limits *limits;
    struct pl_adv_source given; /* what the user said of it */
    struct pl_str as, release;  /* a form by name, a release for forms that do not say it */
    pl_adv_note_fn *note;
    void *arg;
};
int pl_adv_read(struct pl_advbuild *b, const char *path, const struct pl_adv_read_opts *o,
                struct pl_err *err);
/* The same with a file that is in memory; `name` is its path. */
int pl_adv_read_bytes(struct pl_advbuild *b, struct pl_str name, struct pl_str bytes,
                      const struct pl_adv_read_opts *o, struct pl_err *err);

#endif
