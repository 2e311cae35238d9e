/* Configuration of the gitleaks personality: the TOML schema of gitleaks 8.30 with its merging and
 * its checks. secrets.md section 3. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_COMPAT_GL_CONFIG_H
#define PL_COMPAT_GL_CONFIG_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/vec.h"
#include "fmt/regex.h"

typedef PL_VEC(struct pl_str) pl_gl_strs;

/* A pattern, compiled when it is first used (or before, when it must be checked). */
struct pl_gl_re {
    struct pl_str text;
    _Atomic(struct pl_regex *) compiled;
};
/* The compiled pattern; any thread. NULL only for a pattern that does not compile. */
const struct pl_regex *pl_gl_re_get(struct pl_gl_re *re);

#define PL_GL_SLOTS 512u

enum pl_gl_target { PL_GL_SECRET, PL_GL_MATCH, PL_GL_LINE };

/* One allowlist. The lists of regexes are joined before they are compiled; NULL when empty. */
struct pl_gl_allow {
    bool all; /* condition AND */
    enum pl_gl_target target;
    pl_gl_strs commits, stopwords; /* lower case */
    uint32_t slots[PL_GL_SLOTS];   /* stop words by their first two bytes: index + 1, 0 = none */
    uint32_t *next;
    struct pl_gl_re *paths, *regexes;
};
typedef PL_VEC(struct pl_gl_allow *) pl_gl_allows;

struct pl_gl_required {
    struct pl_str id;
    int64_t lines, columns; /* -1 = any distance */
};

struct pl_gl_rule {
    struct pl_str id, description;
    struct pl_gl_re *regex, *path; /* NULL: none; borrowed from the config */
    double entropy;
    int64_t group;
    pl_gl_strs keywords, tags; /* keywords in lower case */
    pl_gl_allows allows;
    PL_VEC(struct pl_gl_required) required;
    bool skip_report;
};

/* A loaded configuration; owns everything in it. */
struct pl_gl_config {
    struct pl_arena a;
    bool known_good; /* the text being read is the built-in one: its patterns compile */
    PL_VEC(struct pl_gl_rule *) active; /* the rules, each id once */
    pl_gl_strs order;                   /* ids as SARIF lists them; may name one twice */
    pl_gl_allows allows;                /* global */
    /* what is to be freed: all that any file stated */
    PL_VEC(struct pl_gl_rule *) rules;
    PL_VEC(struct pl_gl_re *) regexes;
    pl_gl_allows all_allows;
};

/* Where messages that are no errors go (unknown disabled rule, newer minVersion). */
typedef void pl_gl_warn_fn(void *arg, const char *text);

/* Reads `text` (extended by what it names) into *ret; `builtin` is what useDefault stands for.
 * PL_E_FORMAT with the message of the original where it has one. Free with pl_gl_config_free. */
int pl_gl_config_load(struct pl_str text, struct pl_str builtin, pl_gl_warn_fn *warn, void *arg,
                      struct pl_gl_config **ret, struct pl_err *err);
/* Frees; accepts NULL. */
void pl_gl_config_free(struct pl_gl_config *c);
/* The rule called `id`, or NULL. */
struct pl_gl_rule *pl_gl_config_rule(const struct pl_gl_config *c, struct pl_str id);
/* The built-in configuration as TOML, a view on static text, and whether it is the one of gitleaks
 * (a build option embeds it); else it is made of our own rules into `b`. */
struct pl_str pl_gl_builtin(struct pl_buf *b, bool *ret_original);

/* Takes `pattern` in and checks that it compiles; the result belongs to `c`. */
int pl_gl_config_regex(struct pl_gl_config *c, struct pl_str pattern, struct pl_gl_re **ret,
                       struct pl_err *err);

/* Does the allowlist hold for this commit or path? Empty ones never match. */
bool pl_gl_allow_commit(const struct pl_gl_allow *a, struct pl_str commit);
bool pl_gl_allow_path(const struct pl_gl_allow *a, struct pl_str path);
/* Is `s` matched by the regexes (a view of any bytes), does it hold a stop word? */
bool pl_gl_allow_regex(const struct pl_gl_allow *a, struct pl_str s);
bool pl_gl_allow_stopword(const struct pl_gl_allow *a, struct pl_str s);
/* Prepares the look-up of a->stopwords. */
void pl_gl_allow_index(struct pl_arena *arena, struct pl_gl_allow *a);
/* Before anything is searched: is a whole file or hunk allowed by one of `v`? */
bool pl_gl_allows_place(const pl_gl_allows *v, struct pl_str commit, struct pl_str path);

/* One finding, for the check of allowlists after a match. */
struct pl_gl_candidate {
    struct pl_str secret, match, line, commit, path;
};
/* Is the finding allowed by one of `v`? */
bool pl_gl_allows_finding(const pl_gl_allows *v, const struct pl_gl_candidate *f);

/* Does `re` match anywhere in `s`, invalid UTF-8 taken as Go takes it? */
bool pl_gl_regex_test(struct pl_gl_re *re, struct pl_str s);
/* Appends `s` in lower case as Go's strings.ToLower has it. */
void pl_gl_lower(struct pl_buf *out, struct pl_str s);

#endif
