/* Between the files of `trivy image|fs|rootfs|repo|sbom`. formats/packages.md section 14. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_COMPAT_TV_SCAN_H
#define PL_COMPAT_TV_SCAN_H

#include "base/buf.h"
#include "base/map.h"
#include "base/vec.h"
#include "compat/trivy.h"
#include "model/package.h"
#include "model/report.h"
#include "model/vuln.h"

#define PL_TV_USAGE 2 /* something this personality does not do */

/* What was asked for. */
struct pl_tv_opts {
    const char *verb; /* "image", "filesystem", "rootfs", "repository", "sbom" */
    const char *target, *input;
    const char *format, *output, *template_, *ignorefile, *platform, *db, *cache_dir, *user,
        *password;
    struct pl_names vex, skip_dirs, skip_files; /* globs as typed */
    struct pl_names image_src;                  /* "docker", "podman", "remote", in this order */
    bool severity[PL_TV_CRITICAL + 1];
    bool ignore[PL_FIX_COUNT]; /* --ignore-status, --ignore-unfixed */
    bool vulns, secrets;       /* --scanners */
    bool os, library;          /* --pkg-types */
    bool packages;             /* --list-all-pkgs */
    bool dev;                  /* --include-dev-deps */
    bool quiet, insecure;
    int exit_code, exit_on_eol;
    int threads;         /* --parallel; 0: one for each processor */
    uint64_t timeout_ms; /* 0: as long as it takes */
};
/* Reads flags, TRIVY_* variables and trivy.yaml; texts live in `a` or are those given. 0, 1 (help
 * was printed), or PL_TV_USAGE with what is wrong on stderr. `argv` begins with the verb. */
int pl_tv_flags(struct pl_tv_opts *o, char **argv, struct pl_arena *a);

/* One block of the report: packages of one file or kind. */
struct pl_tv_result {
    struct pl_str target, type;
    const char *class_; /* "os-pkgs", "lang-pkgs", "secret" */
    PL_VEC(const struct pl_package *) packages;
    PL_VEC(const struct pl_finding *) vulns, secrets;
};
struct pl_tv_report {
    struct pl_arena *a;
    const struct pl_tv_opts *o;
    const struct pl_target *t;        /* NULL: nothing was read */
    struct pl_str os_family, os_name; /* empty: not known */
    bool eosl;                        /* past its end of support */
    PL_VEC(struct pl_tv_result *) results;
    struct pl_map blocks; /* by class, type and target; set its arena */
    size_t findings;      /* that count for the exit code */
};
/* Sorts the findings and packages of `t` into blocks, what the options leave out taken away. */
void pl_tv_sort(struct pl_tv_report *r, const struct pl_tv_ignores *g);
/* Frees the lists. */
void pl_tv_report_release(struct pl_tv_report *r);
/* Severity of a finding as trivy names it. */
enum pl_tv_severity pl_tv_severity_in(const struct pl_finding *f);
/* "fixed", "will_not_fix" …; static. */
const char *pl_tv_status(const struct pl_vuln *v);
/* What trivy calls the place of a package in its report: block type and title; false when it has
 * none for it. `*ret_class` is static. */
bool pl_tv_block_of(const struct pl_tv_report *r, const struct pl_package *p,
                    struct pl_str *ret_type, struct pl_str *ret_target, const char **ret_class);

/* Append the report. */
void pl_tv_json(const struct pl_tv_report *r, struct pl_buf *out);
void pl_tv_table(const struct pl_tv_report *r, struct pl_buf *out);

/* "1h5m", "1.5s" as Go writes them, in milliseconds; false when it is none or not above zero. */
bool pl_tv_duration(const char *text, uint64_t *ret_ms);
/* After that time the process ends with exit code 1; 0: never. */
void pl_tv_clock(uint64_t ms);

/* Is it one of the verbs that scan? */
bool pl_tv_scans(const char *verb);
/* The verbs; an exit code. */
int pl_tv_scan(char **argv);

#endif
