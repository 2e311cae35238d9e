/* The map of controls: rows of ids that share their checks. formats/hardening.md section 7. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "model/controls.h"

#include <stdlib.h>

#include "base/cleanup.h"

#define CONTROLS_MAX 160u

#define USER "PL-C001 PL-C002 PL-C003 PL-C004 PL-D301 PL-D302 PL-D303 PL-R11"
#define ORIGIN \
    "PL-D101 PL-D102 PL-D103 PL-D104 PL-D105 PL-D108 PL-R13 PL-R14 PL-R20 PL-C020 kind:trust"
#define SECRET "kind:secret PL-C009 PL-D201 PL-D202 PL-D203 PL-D204 PL-D205 PL-R15"
#define VERIFY                                                                                 \
    "PL-D403 PL-D404 PL-D405 PL-D406 PL-D407 PL-D408 PL-D409 PL-D410 PL-D411 PL-D412 PL-D413 " \
    "PL-D414 PL-D415 PL-D416 PL-D417 PL-C017 PL-C018"
#define HOST "PL-R01 PL-R03 PL-R04"
#define SOCKET "PL-R02 PL-R05 PL-R17 PL-R21 PL-C013 PL-C015 PL-D307 PL-D313"
#define LIMITS "PL-R12 kind:malware"

static const struct {
    const char *ids, *checks;
} rows[] = {
    { "CIS-4.1 NIST-4.1.2 T1611", USER },
    { "CIS-4.2 NIST-4.1.5 NIST-4.2.2 T1525 T1204.003 T1195.002", ORIGIN },
    { "CIS-4.3 NIST-4.1.1", "PL-C014 PL-C015 PL-D504" },
    { "CIS-4.4 NIST-4.1.1 T1190", "kind:vulnerability PL-D109 PL-D506 PL-D507" },
    { "CIS-4.5 CIS-4.12 NIST-4.1.5 T1195", "PL-C020 kind:trust" },
    { "CIS-4.6 CIS-5.27", "PL-C010 PL-D705 PL-R19" },
    { "CIS-4.7", "PL-D506 PL-C018" },
    { "CIS-4.8", "PL-C007 PL-D308" },
    { "CIS-4.9", "PL-D401 PL-D402" },
    { "CIS-4.10 NIST-4.1.4 T1552.001 T1552.004 T1552.007", SECRET },
    { "CIS-4.11 T1195.001", VERIFY },
    { "CIS-5.2 CIS-5.3 CIS-5.22", "PL-R09" },
    { "CIS-5.4 T1611", "PL-R06 PL-R07" },
    { "CIS-5.5 CIS-5.16 CIS-5.17 CIS-5.21 CIS-5.31 T1610 T1611", HOST },
    { "CIS-5.6 CIS-5.18 CIS-5.20 CIS-5.32 T1609 T1611 T1613 T1612", SOCKET },
    { "CIS-5.7 CIS-5.8 CIS-5.9 CIS-5.14", "PL-C011 PL-C012 PL-D305 PL-R16" },
    { "CIS-5.10 CIS-5.30", "PL-R04" },
    { "CIS-5.11 CIS-5.12 CIS-5.19 CIS-5.25 CIS-5.29 T1496 T1499", LIMITS },
    { "CIS-5.13 NIST-4.4.4", "PL-R10 PL-R31" },
    { "CIS-5.26", "PL-R08 PL-D304" },
    { "CIS-5.1 CIS-5.15 CIS-5.23 CIS-5.24 NIST-4.3.4 NIST-4.3.5", "" },
    { "NIST-4.5.5", "PL-R02 PL-R05" },
    { "CIS-5.28", "PL-R13 PL-R14" },
    { "NIST-4.1.3", "kind:malware" },
    { "NIST-4.2.1 NIST-4.2.3", "PL-D417 PL-D405" },
    { "NIST-4.4.1", "kind:vulnerability" },
    { "NIST-4.4.2", "PL-R04 PL-R16" },
    { "NIST-4.4.3", "PL-R06 PL-R07 PL-R08 PL-R09" },
    { "NIST-4.4.5", "PL-R14 kind:trust" },
    { "T1036.005", "PL-C019" },
    { "T1053.007 T1543.005", "kind:malware PL-R01" },
    { "T1562.001 T1070", "PL-C017 PL-C018 PL-D406 PL-D407 PL-D409 PL-D410 PL-D412" },
};

bool pl_control_covers(const char *checks, struct pl_str rule, enum pl_kind kind)
{
    struct pl_str rest = pl_str_c(checks), word;
    while (pl_str_split(&rest, ' ', &word)) {
        if (!word.n)
            continue;
        if (pl_str_starts(word, PL_S("kind:"))) {
            if (pl_str_is(pl_str_sub(word, 5, SIZE_MAX), pl_kind_name(kind)))
                return true;
        } else if (pl_str_eq(word, rule)) {
            return true;
        }
    }
    return false;
}

/* CIS, then NIST, then the techniques; numbers by their value. */
static int by_id(const void *a, const void *b)
{
    struct pl_str x = ((const struct pl_control *)a)->id, y = ((const struct pl_control *)b)->id;
    size_t i = 0, k = 0;
    while (i < x.n && k < y.n) {
        bool dx = (unsigned)(x.p[i] - '0') < 10, dy = (unsigned)(y.p[k] - '0') < 10;
        unsigned u = 0, v = 0;
        if (!dx || !dy) {
            if (x.p[i] != y.p[k])
                return (unsigned char)x.p[i] < (unsigned char)y.p[k] ? -1 : 1;
            i++;
            k++;
            continue;
        }
        for (; i < x.n && (unsigned)(x.p[i] - '0') < 10; i++)
            u = u * 10 + (unsigned)(x.p[i] - '0');
        for (; k < y.n && (unsigned)(y.p[k] - '0') < 10; k++)
            v = v * 10 + (unsigned)(y.p[k] - '0');
        if (u != v)
            return u < v ? -1 : 1;
    }
    return x.n - i < y.n - k ? -1 : x.n - i > y.n - k;
}

const struct pl_control *pl_controls_all(struct pl_arena *a, size_t *ret_n)
{
    struct pl_control *c = pl_alloc_n(a, CONTROLS_MAX, sizeof *c);
    size_t n = 0;
    for (size_t r = 0; r < PL_COUNT(rows); r++) {
        struct pl_str rest = pl_str_c(rows[r].ids), id;
        while (pl_str_split(&rest, ' ', &id)) {
            size_t k = 0;
            while (k < n && !pl_str_eq(c[k].id, id))
                k++;
            if (k < n) /* one id in several rows */
                c[k].checks = pl_printf(a, "%s %s", c[k].checks, rows[r].checks).p;
            else if (n < CONTROLS_MAX)
                c[n++] = (struct pl_control){ id, rows[r].checks };
        }
    }
    qsort(c, n, sizeof *c, by_id);
    *ret_n = n;
    return c;
}

struct pl_names pl_controls_of(struct pl_arena *a, struct pl_str rule, enum pl_kind kind)
{
    struct pl_names ids = { pl_alloc_n(a, CONTROLS_MAX, sizeof *ids.p), 0 };
    for (size_t r = 0; r < PL_COUNT(rows); r++) {
        struct pl_str rest = pl_str_c(rows[r].ids), id;
        if (!pl_control_covers(rows[r].checks, rule, kind))
            continue;
        while (pl_str_split(&rest, ' ', &id)) {
            size_t k = 0;
            while (k < ids.n && !pl_str_eq(ids.p[k], id))
                k++;
            if (k == ids.n && k < CONTROLS_MAX)
                ids.p[ids.n++] = id;
        }
    }
    return ids;
}
