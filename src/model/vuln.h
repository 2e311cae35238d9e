/* What makes a finding a vulnerability: package, advisory, and the comparison that was made.
 * packages.md section 7. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_MODEL_VULN_H
#define PL_MODEL_VULN_H

#include "model/advisory.h"

struct pl_vuln {
    /* the package */
    struct pl_str purl, name, version, source, source_version, type, owned_by;
    /* the advisory that speaks for the flaw */
    struct pl_str adv_source, adv_commit, adv_id, published, fixed;
    struct pl_str severity_source; /* empty: nobody rated it, and it was taken as medium */
    enum pl_fix_state state;
    struct pl_names cvss;             /* vectors, the newest version first */
    struct pl_str kev_added, kev_due; /* empty: not in the catalogue */
    bool ransomware, has_epss;
    double epss, percentile;
    struct pl_str epss_date;
    struct pl_names cwe, symbols;
    struct pl_str url;
    /* the comparison */
    struct pl_str eco, key, scheme, range, because;
    /* kernel headers: what one line stands for */
    struct pl_names collapsed;
    struct pl_str collapsed_why;
    struct pl_str eol; /* the day the release's support ended, if it has */
    const char *from;  /* "base", "app"; NULL when not asked */
    struct pl_str vex; /* what a statement says of it, without hiding it */
};

/* One source of the advisory database. */
struct pl_db_source {
    struct pl_str name, kind, commit, licence, digest;
    uint64_t records;
};
/* The database that a report was made with. */
struct pl_db_info {
    struct pl_str built, digest;
    struct pl_db_source *source;
    size_t n_sources;
};

#endif
