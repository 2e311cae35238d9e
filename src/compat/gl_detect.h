/* Detection of the gitleaks personality: a fragment of text in, findings out, with the positions
 * and the order of checks of gitleaks 8.30. secrets.md sections 5 and 6. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_COMPAT_GL_DETECT_H
#define PL_COMPAT_GL_DETECT_H

#include "compat/gl_config.h"

/* What is known of a commit; views that live as long as the findings. */
struct pl_gl_commit {
    struct pl_str sha, author, email, date, message;
};

/* A stretch of text: a chunk of a file, or the added lines of one hunk. */
struct pl_gl_fragment {
    struct pl_str raw, path, symlink;
    int64_t start_line;
    const struct pl_gl_commit *commit; /* NULL outside of git */
};

/* A partner of a `required` rule, for the text output. */
struct pl_gl_partner {
    struct pl_str rule, secret;
    int64_t line;
};

/* One finding; strings live in the arena of the worker that made it. */
struct pl_gl_finding {
    const struct pl_gl_rule *rule;
    int64_t start_line, end_line, start_column, end_column;
    struct pl_str line; /* only with keep_lines */
    struct pl_str match, secret, file, symlink, link, fingerprint;
    const struct pl_gl_commit *commit;
    float entropy;
    pl_gl_strs tags;
    struct pl_gl_partner *partners;
    size_t n_partners;
};
typedef PL_VEC(struct pl_gl_finding) pl_gl_findings;

struct pl_gl_detect_opts {
    unsigned max_decode_depth;
    uint64_t max_megabytes; /* 0 = no limit */
    bool ignore_allow_mark; /* --ignore-gitleaks-allow */
    bool keep_lines;
    unsigned redact;                          /* percent, 0 = none */
    int64_t deadline_ns;                      /* CLOCK_MONOTONIC; 0 = none */
    struct pl_str config_path, baseline_path; /* never scanned */
};

struct pl_gl_engine; /* rules made ready; read-only, shared by threads */
struct pl_gl_worker; /* of one thread */

/* Makes the rules of `c` ready; with `only` (n > 0) just those ids. Both must outlive it. Heap.
 * PL_E_USAGE names an unknown id. */
int pl_gl_engine_new(const struct pl_gl_config *c, const pl_gl_strs *only,
                     const struct pl_gl_detect_opts *o, struct pl_gl_engine **ret,
                     struct pl_err *err);
void pl_gl_engine_free(struct pl_gl_engine *e);
/* Is the file or folder at `path` left out by a global allowlist's paths, whatever its condition?
 */
bool pl_gl_engine_skips(const struct pl_gl_engine *e, struct pl_str path);
/* Is the time of --timeout over? */
bool pl_gl_engine_late(const struct pl_gl_engine *e);
/* Could text that holds this be of interest to any rule? False means that no rule can report
 * anything in a fragment whose text is part of `text`. */
bool pl_gl_worker_may_match(struct pl_gl_worker *w, struct pl_str text);
/* Are there rules that report by path, or without keywords? Then every fragment counts. */
bool pl_gl_engine_always(const struct pl_gl_engine *e);

/* A worker; heap. */
int pl_gl_worker_new(const struct pl_gl_engine *e, struct pl_gl_worker **ret, struct pl_err *err);
/* Frees it with all its findings; accepts NULL. */
void pl_gl_worker_free(struct pl_gl_worker *w);
/* Scans one fragment; findings are kept in the worker. PL_E_LIMIT for text of 2 GiB and more, and
 * when the time is over. */
int pl_gl_worker_scan(struct pl_gl_worker *w, const struct pl_gl_fragment *f, struct pl_err *err);
/* All findings so far, without link and fingerprint; borrowed, may be changed by the caller. */
pl_gl_findings *pl_gl_worker_findings(struct pl_gl_worker *w);
/* The arena in which the findings' strings live. */
struct pl_arena *pl_gl_worker_arena(struct pl_gl_worker *w);
/* Bytes scanned so far. */
uint64_t pl_gl_worker_bytes(const struct pl_gl_worker *w);

#endif
