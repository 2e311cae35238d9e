/* The merged result that report writers print: targets, layers, findings, notes.
 * All text lives in the report's arena. commands.md, "scan --format json". */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_MODEL_REPORT_H
#define PL_MODEL_REPORT_H

#include "base/arena.h"
#include "model/severity.h"

#define PL_NEVER UINT32_MAX

/* A digest as text, "sha256:hex", or empty. */

enum pl_kind {
    PL_KIND_SECRET,
    PL_KIND_VULNERABILITY,
    PL_KIND_CONFIG,
    PL_KIND_DOCKERFILE,
    PL_KIND_TRUST,
    PL_KIND_MALWARE,
};
/* "secret" … ; static. */
const char *pl_kind_name(enum pl_kind k);

enum pl_how {
    PL_HOW_NONE,
    PL_HOW_WHITEOUT,
    PL_HOW_OPAQUE,
    PL_HOW_OVERWRITE,
    PL_HOW_DUPLICATE,
    PL_HOW_REPLACED,
};
/* "whiteout" … ; "" for NONE; static. */
const char *pl_how_name(enum pl_how h);

struct pl_names {
    struct pl_str *p;
    size_t n;
};

/* Sorts names and leaves none twice. */
void pl_names_sort(struct pl_names *n);

/* "where" of commands.md. */
struct pl_where {
    enum pl_surface surface;
    struct pl_str path;                    /* or a JSON pointer or variable name, by surface */
    uint32_t line, col, end_line, end_col; /* 1-based, end exclusive; 0 = not text */
    uint64_t off;                          /* bytes from the start of the (innermost) content */
    struct pl_names nested;                /* members, outermost first */
};

/* Layer numbers; `introduced` and `hidden` may be PL_NEVER (null in JSON). */
struct pl_span {
    uint32_t introduced, hidden;
    enum pl_how how;
    bool visible;
};

struct pl_layer_info {
    uint32_t index;
    struct pl_str digest, diff_id; /* text; may be empty (null) */
    struct pl_str created_by;      /* empty with has_created_by false: null */
    bool has_created_by;
    uint64_t bytes;      /* length of the unpacked tar stream */
    uint64_t blob_bytes; /* as stored */
    uint64_t files;
};

enum pl_scope { PL_SCOPE_ENTRY, PL_SCOPE_LAYER, PL_SCOPE_UNIT, PL_SCOPE_RUN };
/* "entry" … ; static. */
const char *pl_scope_name(enum pl_scope s);

struct pl_note {
    enum pl_scope scope;
    struct pl_str where; /* "layer 3 (sha256:…): etc/x", a path, a file name */
    struct pl_str code;  /* "unknown-codec", "truncated", … */
    struct pl_str message;
    bool incomplete; /* this note makes the result incomplete */
};

/* Beside a baseline (pl_report_baseline): was the fingerprint in it? */
enum pl_delta { PL_DELTA_NONE, PL_DELTA_NEW, PL_DELTA_UNCHANGED };
/* "new", "unchanged"; "" for NONE; static. */
const char *pl_delta_name(enum pl_delta d);

/* The commit that brought a finding in. */
struct pl_commit {
    struct pl_str id, author, email;
    struct pl_str date; /* the author's, "2026-11-22T06:54:00+01:00"; empty when unknown */
    uint32_t versions;  /* blobs of that path that carry it */
};

/* A replacement of bytes [off, end) of the file, lines and columns as in pl_where. */
struct pl_edit {
    uint32_t off, end, line, col, end_line, end_col;
    struct pl_str text;
};

struct pl_vuln; /* model/vuln.h */

struct pl_finding {
    enum pl_kind kind;
    struct pl_str rule; /* stable id, "secret/github-pat" */
    struct pl_names aliases;
    enum pl_severity severity;
    struct pl_str title, why, fix; /* one sentence each */
    struct pl_where where;
    struct pl_span span;
    struct pl_str origin;  /* the instruction, when it made no layer (introduced is PL_NEVER); "" */
    struct pl_str recover; /* command that works as printed; empty when not recoverable */
    struct pl_str evidence; /* masked */
    struct pl_str secret;   /* whole value, only with --show-secrets; else p == NULL */
    struct pl_str print;    /* fingerprint text, 64 hex digits */
    const char *fix_class;  /* "safe", "suggested", "unsafe"; NULL: no fix that proved itself */
    struct pl_str source;   /* the line it stands on, to show; empty: nothing to show */
    struct pl_edit *edits;  /* the fix, in order */
    size_t n_edits;
    uint8_t secret_hash[32];
    struct pl_str ignored; /* why it does not count; from the marker beside it until then */
    const struct pl_commit *commit; /* of a git repository's history; else NULL */
    enum pl_delta delta;            /* NONE without a baseline */
    struct pl_vuln *vuln;           /* of vulnerabilities and malware; else NULL */
};

struct pl_package; /* model/package.h */
struct pl_db_info; /* model/vuln.h */

struct pl_target {
    struct pl_str name;     /* as typed */
    struct pl_str kind;     /* "image", "dir", "rootfs" … */
    struct pl_str digest;   /* manifest digest; empty: null */
    struct pl_str platform; /* "linux/amd64"; empty: null */
    bool complete;
    struct pl_note *notes;
    size_t n_notes;
    struct pl_layer_info *layers;
    size_t n_layers;
    struct pl_finding *findings; /* sorted */
    size_t n_findings;
    struct pl_package *packages; /* sorted by package URL */
    size_t n_packages;
    uint64_t bytes_read, bytes_claimed; /* unpacked layer bytes seen / that were to be seen */
    uint32_t layers_read;               /* layers read to their end */
    uint64_t files_read;                /* targets without layers: files; 0 = not counted */
    bool uncounted; /* the three above are not known: read from a saved result */
};

/* A finding of the baseline that is gone. */
struct pl_gone {
    struct pl_str target; /* its name in the baseline */
    struct pl_finding finding;
};

struct pl_report {
    struct pl_arena *a;
    struct pl_str tool_name, tool_version, rules_version;
    const struct pl_db_info *db; /* the advisories it was matched with; NULL: none */
    struct pl_names scanners; /* that ran, all of whose findings are in it; p == NULL: not known */
    struct pl_target *targets;
    size_t n_targets;
    uint64_t count[PL_SEV_COUNT];
    bool incomplete;
    bool has_baseline;
    struct pl_gone *gone; /* fixed since the baseline */
    size_t n_gone;
    struct pl_finding *ignored; /* covered by an ignore entry or a marker */
    size_t n_ignored;
    int64_t started_ns, ended_ns; /* UTC; writers that must be reproducible do not print them */
};

/* Fills `count` and `incomplete` from the targets. */
void pl_report_sum(struct pl_report *r);

#endif
