/* Secret engine, entry header: rules compiled once and frozen, one matcher per worker, one call
 * per window of text. Stages: literals -> extent by RE2 anchored at the literal -> filters ->
 * decoding. secrets.md section 9. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_SECRET_SECRET_H
#define PL_SECRET_SECRET_H

#include "base/arena.h"
#include "base/limits.h"
#include "model/severity.h"
#include "secret/rule.h"

struct pl_rules;   /* frozen after building; read by all workers without locks, kept over fork */
struct pl_matcher; /* of one worker: literal scratch, compiled regexes (made on first use) */

/* The rules compiled into the binary, with literal database built. Heap; pl_rules_free. */
int pl_rules_builtin(struct pl_rules **ret, struct pl_err *err);
/* Runs the compiled-in samples of every compiled-in rule; `told` hears of each whose outcome is not
 * the one its rule states. *ret_run samples were run, *ret_failed of them disagreed. */
int pl_rules_selftest_builtin(void (*told)(const char *rule, bool yes, unsigned number),
                              size_t *ret_run, size_t *ret_failed, struct pl_err *err);
/* Adds the rules of a TOML text (guide section 10) to those of the binary; `name` for messages.
 * PL_E_FORMAT names rule and key. */
int pl_rules_with(struct pl_str toml, const char *name, struct pl_rules **ret, struct pl_err *err);
/* Rules for `n` secrets that are known: their very bytes, in clear or in an encoding, wherever they
 * stand. Values are copied, and wiped when the rules are freed; one that pl_rules_can_search
 * refuses is left out. */
int pl_rules_of_values(const struct pl_str *values, size_t n, struct pl_rules **ret,
                       struct pl_err *err);
/* The rules of `base`, then those of `over`, which pl_rules_of_values made; both must outlive it.
 * Nothing is compiled anew. */
struct pl_rules *pl_rules_over(const struct pl_rules *base, const struct pl_rules *over);
/* Can a value be looked for by itself: is it long enough, or odd enough, to stand nowhere by
 * chance? */
bool pl_rules_can_search(struct pl_str value);
void pl_rules_free(struct pl_rules *r);
/* Number of rules; rule `i`; the rule called `id` or NULL. Views on `r`. */
size_t pl_rules_count(const struct pl_rules *r);
const struct pl_rule *pl_rules_at(const struct pl_rules *r, size_t i);
const struct pl_rule *pl_rules_find(const struct pl_rules *r, struct pl_str id);

/* A matcher over frozen rules; not shared between threads. */
int pl_matcher_new(const struct pl_rules *r, const struct pl_limits *l, struct pl_matcher **ret,
                   struct pl_err *err);
void pl_matcher_free(struct pl_matcher *m);

/* A stretch of text to search. */
struct pl_text {
    const uint8_t *p;
    size_t n;        /* all bytes that may be looked at, context included */
    size_t from, to; /* keyword hits at an offset in [from, to) are evaluated; the others belong to
                        the window before or after */
    bool last;       /* p[n) is the end of the content */
    struct pl_str path;  /* of the file, or variable name for a value ("" = none); rules may ask */
    struct pl_str outer; /* the file that this one was packed in, or "" */
    bool value; /* the text is one value (of a variable, label, annotation), `path` its name:
                   generic rules treat the name as key */
};

/* One secret found. Views are valid during the callback. */
struct pl_secret {
    uint32_t rule;             /* index into the rules */
    enum pl_severity severity; /* of the rule, or lowered */
    const char *reason;        /* why lowered ("documented sample of the vendor"), or NULL */
    size_t off, len;           /* the secret as it stands in the text; the whole encoded run where
                                  it was decoded from one */
    struct pl_str value;       /* decoded */
    const char *decoded;       /* "base64", "utf-16", "base64 in base64" …, or NULL */
};
typedef void pl_secret_fn(void *arg, const struct pl_secret *s);

/* Searches `t`, calling `fn` for each secret in order of offset. Returns 0; PL_E_LIMIT when the
 * decoding budget of the text was used up (what was found has been reported). */
int pl_secret_scan(struct pl_matcher *m, const struct pl_text *t, pl_secret_fn *fn, void *arg,
                   struct pl_err *err);

/* A number that is equal for paths which the engine, with these rules, cannot tell apart: the same
 * content gives the same secrets, with the same severities, at both. Never 0. */
uint32_t pl_secret_path_kind(const struct pl_rules *r, struct pl_str path);

/* Masks: up to 4 leading characters that are a public prefix of the token kind, an ellipsis, and
 * eight hex digits of SHA-256: "ghp_…(sha256:1a2b3c4d)". In arena `a`. */
struct pl_str pl_secret_mask(struct pl_arena *a, const struct pl_rule *rule, struct pl_str value);

#endif
