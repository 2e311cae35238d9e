/* What is collected for an advisory database, and the bytes its rows are kept in. Not for other
 * folders. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_VULN_BUILD_INT_H
#define PL_VULN_BUILD_INT_H

#include "base/buf.h"
#include "base/map.h"
#include "base/vec.h"
#include "base/wire.h"
#include "vuln/build.h"
#include "vuln/eco.h"
#include "vuln/row.h"

#define PL_ADV_MAX 20000000u
#define PL_ADV_ROWS_MAX 200000000u
#define PL_ADV_TEXT_MAX 4096u
#define PL_ADV_TITLE_MAX 300u

/* Bits of a vulnerability's second byte. */
#define PL_VULN_MALWARE 1u

struct pl_build_package {
    uint32_t eco;
    struct pl_str name;
};
struct pl_build_vuln {
    struct pl_str id, modified, body, text;
    uint32_t source;
    uint32_t number; /* in the file, from 1; 0: another one of that id is newer */
    bool withdrawn;
};
struct pl_build_row {
    uint32_t package, vuln;
    struct pl_str body;
};
struct pl_build_text {
    int64_t cve;
    struct pl_str text;
};
struct pl_build_epss {
    int64_t cve;
    uint16_t score, percentile;
};
struct pl_build_eol {
    struct pl_str eco, date;
};

struct pl_advbuild {
    struct pl_arena a, temp;
    struct pl_map ecos, packages;
    PL_VEC(struct pl_str) eco;
    PL_VEC(struct pl_build_package) package;
    PL_VEC(struct pl_adv_source) source;
    PL_VEC(struct pl_build_vuln) vuln;
    PL_VEC(struct pl_build_row) row;
    PL_VEC(struct pl_build_text) kev;
    PL_VEC(struct pl_build_epss) epss;
    PL_VEC(struct pl_build_text) rating;
    PL_VEC(struct pl_build_eol) eol;
    struct pl_str epss_date;
    struct pl_buf scratch, key;
};

/* "CVE-2024-3094" as a number that orders as the ids do; 0 for ids of another form. */
int64_t pl_cve_number(struct pl_str id);

#endif
