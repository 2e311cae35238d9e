/* An advisory as a source tells it: which versions of which packages are affected. Input of the
 * advisory database. packages.md sections 5 and 6. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_MODEL_ADVISORY_H
#define PL_MODEL_ADVISORY_H

#include "model/report.h"

#define PL_FIX_STATES(X)                    \
    X(UNKNOWN, "unknown")                   \
    X(FIXED, "fixed")                       \
    X(AFFECTED, "affected")                 \
    X(WILL_NOT_FIX, "will-not-fix")         \
    X(DEFERRED, "deferred")                 \
    X(INVESTIGATING, "under-investigation") \
    X(NOT_AFFECTED, "not-affected")         \
    X(END_OF_LIFE, "end-of-life")

enum pl_fix_state {
#define X(name, text) PL_FIX_##name,
    PL_FIX_STATES(X)
#undef X
        PL_FIX_COUNT
};
/* "fixed", "will-not-fix" … ; static. */
const char *pl_fix_state_name(enum pl_fix_state s);
/* Reads a name; '_' counts as '-'. False when it is none. */
bool pl_fix_state_parse(struct pl_str s, enum pl_fix_state *ret);

/* As enum pl_osv_kind (ver/osv.h), in its order. */
enum pl_adv_event_kind {
    PL_ADV_INTRODUCED,
    PL_ADV_FIXED,
    PL_ADV_LAST_AFFECTED,
    PL_ADV_LIMIT,
    PL_ADV_RANGE_ENDS, /* what follows is another range */
    PL_ADV_IN,         /* a range in the ecosystem's own language: affected are those in one of
                          them (all, when there is none) … */
    PL_ADV_OUT,        /* … that are in none of these */
};
struct pl_adv_event {
    enum pl_adv_event_kind kind;
    struct pl_str version;
};

enum pl_adv_row_flags {
    PL_ADV_UNIMPORTANT = 1u << 0, /* the vendor says that it does not matter */
    PL_ADV_NATIVE = 1u << 1,      /* of the distribution's own feed, not of a copy */
};

/* One package that an advisory is about. */
struct pl_adv_row {
    struct pl_str eco; /* "Debian:12", "npm" … as OSV names it, normalised by the database */
    struct pl_str name;
    const struct pl_adv_event *event; /* none: every version */
    size_t n_events;
    struct pl_names versions; /* affected besides the ranges */
    enum pl_fix_state state;  /* UNKNOWN: FIXED where a range ends in a fix, else AFFECTED */
    int severity;             /* enum pl_severity, or -1 */
    uint32_t flags;           /* enum pl_adv_row_flags */
    struct pl_str module;     /* rpm module stream, "nodejs:18"; empty: of no module */
    struct pl_str arch;       /* architectures it holds for, blank-separated; empty: all */
    struct pl_names symbols;  /* affected functions, "path.Symbol" */
};

struct pl_adv {
    struct pl_str id;
    struct pl_names aliases;           /* other names of the same flaw */
    struct pl_names covers;            /* an erratum: the flaws that it is about */
    struct pl_str published, modified; /* RFC 3339, or a date, or empty */
    bool withdrawn, malware;
    int severity;         /* the source's own word: enum pl_severity, or -1 */
    struct pl_names cvss; /* vectors, or a bare base score */
    struct pl_names cwe;  /* "CWE-79" */
    struct pl_str title, url;
    struct pl_adv_row *row;
    size_t n_rows;
};

/* Beside the advisories: what is known of a CVE as such. */
struct pl_adv_kev {
    struct pl_str cve, added, due; /* dates */
    bool ransomware;
};

#endif
