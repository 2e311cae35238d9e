/* What does not count, and why: ignore files, gitleaks' ignore files and baselines, markers beside
 * a secret. secrets.md section 7, ux.md section 4. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_POLICY_IGNORES_H
#define PL_POLICY_IGNORES_H

#include "base/buf.h"
#include "base/vec.h"
#include "model/report.h"

struct pl_ignore {
    struct pl_str print;  /* our fingerprint or the beginning of one; else by place: */
    struct pl_str commit; /* empty = any */
    struct pl_str path, rule;
    uint32_t line; /* 0 = any */
    bool by_hash;  /* `hash` is the secret's SHA-256 */
    bool selects;  /* print, rule, path (a glob), layer, package: all that are given must match */
    struct pl_str layer, package; /* digest; package URL, with or without a version */
    uint8_t hash[32];
    struct pl_str until, reason; /* "2027-03-31"; may be empty */
    struct pl_str file;          /* where the entry stands */
    uint32_t at;                 /* its line there */
    bool ours;                   /* of our own file: should say a reason and a date */
    bool expired, used;
};

struct pl_ignores {
    struct pl_arena *a; /* set before use; holds all text */
    PL_VEC(struct pl_ignore) list;
    struct pl_str salt; /* the `salt` line, or empty */
};

/* Reads [[ignore]] tables of TOML (fingerprint, rule, path, layer, package; reason, until), and
 * those of osv-scanner ([[IgnoredVulns]]: id, ignoreUntil, reason); other tables are left aside.
 * PL_E_USAGE names the line. */
int pl_ignores_read_toml(struct pl_ignores *g, const char *name, struct pl_str text,
                         struct pl_err *err);
/* Reads a .plimsollignore: lines `FINGERPRINT [until=YYYY-MM-DD] [reason]`, `salt WORD`, `#`
 * comments; a fingerprint is v1:HEX, hex digits (8 or more), or gitleaks' [COMMIT:]PATH:RULE:LINE,
 * or the id of an advisory, CVE-2024-3094, as .trivyignore has them ("exp:" is "until=").
 * PL_E_USAGE names the line. */
int pl_ignores_read(struct pl_ignores *g, const char *name, struct pl_str text, struct pl_err *err);
/* Reads a .gitleaksignore: one fingerprint a line. Lines that are none go to `warn`. */
void pl_ignores_read_gitleaks(struct pl_ignores *g, const char *name, struct pl_str text,
                              struct pl_buf *warn);
/* Reads a report of gitleaks in JSON as a baseline. PL_E_USAGE when it is none. */
int pl_ignores_read_baseline(struct pl_ignores *g, const char *name, struct pl_str text,
                             struct pl_err *err);

/* Moves findings that an entry or a marker covers to report->ignored. `today` is "YYYY-MM-DD"
 * (UTC): what expired before counts again and is named in `warn`. */
void pl_ignores_apply(struct pl_ignores *g, struct pl_report *r, const char *today,
                      struct pl_buf *warn);
/* Appends a line for each entry that matched nothing (`unused`), or that lacks a reason or date
 * (`unexplained`). Returns how many. */
size_t pl_ignores_complain(const struct pl_ignores *g, bool unused, bool unexplained,
                           struct pl_buf *out);
/* Frees the list; text goes with the arena. */
void pl_ignores_release(struct pl_ignores *g);

#endif
