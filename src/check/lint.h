/* Judging a Dockerfile: text and options in, findings out. formats/dockerfile.md sections 3 to 8.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_CHECK_LINT_H
#define PL_CHECK_LINT_H

#include "check/dockerfile/plan.h"
#include "model/severity.h"

/* X(id, "name", severity, "since", title, why, fix) */
enum pl_rule_id {
#define PL_LINT_RULE(id, name, sev, title, why, fix) PL_RULE_##id,
#include "check/rules.inc"
#undef PL_LINT_RULE
    PL_RULE_COUNT
};

enum pl_dialect {
    PL_DIALECT_ALL,
    PL_DIALECT_HADOLINT,
    PL_DIALECT_BUILDKIT,
    PL_DIALECT_TRIVY,
    PL_DIALECT_CHECKOV,
    PL_DIALECT_DOCKLE,
};

/* hadolint's levels, falling. */
enum pl_level { PL_LEVEL_NONE, PL_LEVEL_ERROR, PL_LEVEL_WARNING, PL_LEVEL_INFO, PL_LEVEL_STYLE };

struct pl_lint_rule {
    const char *name; /* "PL-D501" */
    enum pl_severity severity;
    const char *title, *why, *fix;
};

/* A rule shown: lines of a Dockerfile that it finds, and how they should be. */
struct pl_lint_example {
    bool here; /* behind any base image: nothing but the file is needed to find it */
    const char *bad, *good;
};

/* A code of another linter. */
struct pl_lint_code {
    const char *name;
    size_t len; /* of the name */
    enum pl_rule_id rule;
    enum pl_dialect dialect;
    enum pl_level level; /* hadolint's; NONE: off unless promoted */
};

extern const struct pl_lint_rule pl_lint_rules[PL_RULE_COUNT];
extern const struct pl_lint_example pl_lint_examples[PL_RULE_COUNT];
extern const struct pl_lint_code pl_lint_codes[];
extern const size_t pl_lint_n_codes;
/* The code called `name` ("DL3008", "AVD-DS-0001" counts as "DS-0001"), or NULL. */
const struct pl_lint_code *pl_lint_code_find(struct pl_str name);
/* The dialect called `name`; false when there is none. */
bool pl_dialect_parse(struct pl_str name, enum pl_dialect *ret);

/* A replacement of source bytes. */
struct pl_lint_edit {
    uint32_t off, end;
    struct pl_str text;
};
enum pl_fix_class { PL_FIX_NONE, PL_FIX_SAFE, PL_FIX_SUGGESTED, PL_FIX_UNSAFE };
/* "safe" … ; static. */
const char *pl_fix_class_name(enum pl_fix_class c);

#define PL_LINT_CODES_MAX 6u
struct pl_lint_hit {
    enum pl_rule_id rule;
    enum pl_severity severity;
    const char *codes[PL_LINT_CODES_MAX];  /* those whose own condition holds; static */
    uint16_t code_at[PL_LINT_CODES_MAX];   /* their places in pl_lint_codes */
    uint32_t code_line[PL_LINT_CODES_MAX]; /* the line their linter names */
    size_t n_codes;
    size_t node;          /* index, or SIZE_MAX */
    uint32_t line;        /* first line of the instruction */
    uint32_t off, end;    /* of the word at fault, in the source */
    struct pl_str detail; /* what exactly, or empty; no secrets */
    enum pl_fix_class fix_class;
    struct pl_lint_edit *edits;
    size_t n_edits;
    bool native;          /* not where the other linters look: natively only */
    struct pl_str advice; /* what the fix asks of whoever builds, or empty */
};

/* Moves code `from` of a hit to place `to`, which is not behind it. */
static inline void pl_lint_move_code(struct pl_lint_hit *h, size_t to, size_t from)
{
    h->codes[to] = h->codes[from];
    h->code_at[to] = h->code_at[from];
    h->code_line[to] = h->code_line[from];
}

/* The name of the rule of a hit: one of the shell bears its code's, "PL-S2086"; static or in `a`.
 */
struct pl_str pl_lint_name(struct pl_arena *a, const struct pl_lint_hit *h);
/* Is `word` the name of its rule, or one of its codes? */
bool pl_lint_called(const struct pl_lint_hit *h, struct pl_str word);

struct pl_label_spec {
    struct pl_str name, format; /* text rfc3339 semver url hash spdx email */
};

/* True when the value of a variable is a secret. */
typedef bool pl_lint_secret_fn(void *arg, struct pl_str name, struct pl_str value);
/* Calls `found` with the place of each secret in a text. */
typedef void pl_lint_found_fn(void *arg, size_t off, size_t len);
typedef void pl_lint_secrets_fn(void *arg, struct pl_str text, pl_lint_found_fn *found,
                                void *found_arg);
/* Paths of files in the build context that carry credentials by their name; asked for only when a
 * file copies all of the context. */
typedef struct pl_str *pl_lint_context_fn(void *arg, size_t *ret_n);
/* Does the name of a file say that it carries credentials (.npmrc, id_rsa, .git …)? */
bool pl_lint_credential_file(struct pl_str path);

/* What a repair must be told from outside: a lock file, a layout, a registry, the network. Each
 * returns an empty view when it does not know; results live as long as the source. */
struct pl_lint_source {
    void *arg;
    /* "sha256:hex" of the index or manifest of an image as written ("alpine:3.20"). */
    struct pl_str (*digest)(void *arg, struct pl_str image);
    /* SHA-256 in hex of the bytes at an address. */
    struct pl_str (*checksum)(void *arg, struct pl_str url);
    /* Does the host of an http address answer the same over TLS? */
    bool (*https)(void *arg, struct pl_str url);
    /* The version of a package of "apt", "apk", "pip", "npm", "gem", "yum", "dnf". */
    struct pl_str (*version)(void *arg, const char *manager, struct pl_str package);
};

struct pl_lint_texts; /* shell texts that were read */

struct pl_lint_opts {
    const struct pl_df_build_arg *build_args;
    size_t n_build_args;
    enum pl_dialect dialect;
    const struct pl_str *trusted; /* registry patterns */
    size_t n_trusted;
    const struct pl_label_spec *labels;
    size_t n_labels;
    bool strict_labels;
    bool no_pragmas; /* hadolint's disable-ignore-pragma */
    bool has_dockerignore;
    struct pl_str dockerignore;   /* its text */
    const struct pl_str *enabled; /* codes that are off by default and wanted */
    size_t n_enabled;
    struct pl_str today; /* "2026-11-22"; what has a date that is past hides nothing */
    bool fixes;          /* look for repairs too */
    const struct pl_lint_source *source; /* for repairs; may be NULL */
    const struct pl_lint_texts *known;   /* need not be read again; may be NULL */
    pl_lint_secret_fn *secret;
    pl_lint_secrets_fn *secrets;
    void *secret_arg;
    pl_lint_context_fn *context; /* NULL: the context is not known */
    void *context_arg;
};

struct pl_lint_result {
    struct pl_df_file file;
    struct pl_lint_hit *hits; /* sorted by offset, then rule */
    size_t n_hits;
    const struct pl_lint_texts *texts; /* with opts.fixes: for opts.known of the next reading */
    bool parsed;                       /* BuildKit's parser takes it */
    bool refused;                      /* PL-D001 or PL-D002 */
    bool check_error;                  /* "check=error=true" and a BuildKit check fired */
    bool circular;
    const char *parse_msg; /* why not `parsed` */
    uint32_t parse_line;
};

/* Judges `text`. Everything in `ret` lives in `a`. PL_E_FORMAT: no Dockerfile at all; PL_E_LIMIT:
 * something was too large (ret holds what was read up to there, without findings). */
int pl_lint_file(struct pl_arena *a, struct pl_str text, const struct pl_lint_opts *o,
                 struct pl_lint_result *ret, struct pl_err *err);

#endif
