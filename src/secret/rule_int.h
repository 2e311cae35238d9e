/* Rules inside the engine: what is derived from a rule, the frozen set, and the image of it that
 * rulec compiles in. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_SECRET_RULE_INT_H
#define PL_SECRET_RULE_INT_H

#include "base/arena.h"
#include "base/err.h"
#include "base/vec.h"
#include "fmt/literal.h"
#include "secret/known.h"
#include "secret/secret.h"

#define PL_GRAM_BITS 12
#define PL_SHAPE_BYTES 40              /* offsets of a match whose byte class is kept */
#define PL_MATCH_UNBOUNDED (16u << 10) /* how far a regex without a bound may look */
#define PL_MATCH_MAX (60u << 10)       /* longest match a rule may ask for; less than the overlap */

/* A set of byte values. */
struct pl_bytes {
    uint64_t w[4];
};

static inline bool pl_bytes_has(const struct pl_bytes *s, uint8_t c)
{
    return s->w[c >> 6] >> (c & 63) & 1;
}

/* What is known of the matches of a regex without running it. */
struct pl_rule_shape {
    uint32_t min, max;            /* length of a match; max == UINT32_MAX: no bound */
    uint8_t n;                    /* how many of `cls` are filled */
    bool word_start;              /* begins with \b and a word character */
    bool name_only;               /* matches letters, digits, "_.-" and blanks only */
    uint16_t cls[PL_SHAPE_BYTES]; /* byte set (by number) at each offset from the match's start */
};

/* What a literal stands for. */
enum pl_lit_kind {
    PL_LIT_RULE,    /* a keyword of rule `rule` */
    PL_LIT_TRIGGER, /* a word from which keywords are looked up */
    PL_LIT_GZIP,    /* base64 of a gzip header */
};

struct pl_lit_ref {
    uint16_t rule;
    uint8_t kind;
};

/* A literal of the database, by id; its refs are ref[first, first + n). */
struct pl_lit_entry {
    uint32_t first;
    uint16_t n;
    uint8_t len;
    bool nocase;
    const char *text;
};

/* A keyword that is looked up; sorted by pl_gram_slot of `gram`, the key of its first
 * four bytes from `lead` on. */
struct pl_word_entry {
    uint32_t gram;
    uint16_t rule;
    uint8_t len, lead;
    bool nocase;
    const char *text;
};

/* Everything the engine needs, as static tables; made by rulec or at run time. */
struct pl_rule_image {
    const struct pl_rule *rule;
    const struct pl_rule_shape *shape; /* of the regex, or of its part in front of {assign} */
    const struct pl_rule_shape *tail;  /* of the part behind {assign} */
    size_t n_rules;
    const struct pl_bytes *bytes;
    size_t n_bytes;
    const struct pl_lit_entry *lit;
    size_t n_lits;
    const struct pl_lit_ref *ref;
    size_t n_refs;
    const struct pl_word_entry *word;
    size_t n_words;
    const uint8_t *db; /* saved literal database, or NULL */
    size_t db_len;
};

/* A sample of a rule, as its file states it. */
struct pl_rule_sample {
    struct pl_str text; /* before the generators run */
    struct pl_str path, name;
    bool yes;
    unsigned number; /* of its kind, from 0 */
    unsigned line;
};

/* A rule with where it stands. */
struct pl_rule_source {
    struct pl_rule rule;
    const char *file;
    unsigned line;
    const struct pl_rule_sample *sample;
    size_t n_samples;
};

/* In the generated source that the executable links. */
extern const struct pl_rule_image pl_builtin_rules_image;
/* The samples of the same rules, as rulec packs them. */
extern const uint8_t pl_builtin_samples[];
extern const size_t pl_builtin_samples_len;

struct pl_rules {
    struct pl_arena a;
    struct pl_rule_image img;
    struct pl_literals *db;
    struct pl_known *known;
    const struct pl_rules *base, *over; /* of pl_rules_over: whose tables these are, and what comes
                                           on top; else NULL */
    uint16_t slot[1u << PL_GRAM_BITS];  /* one more than the first word with that slot; 0 = none */
};

/* Derives the shape of `regex`; classes go to `bytes` (a growing table in which equal sets share
 * a number, at most 256). A construct it does not know gives an open shape (n == 0). */
struct pl_bytes_table {
    struct pl_bytes *p;
    size_t n, cap;
};
void pl_rule_shape_of(struct pl_str regex, struct pl_bytes_table *bytes, struct pl_rule_shape *ret);

/* Reads the rules of a TOML text into arena `a`: the array is *ret_rules[0, *ret_n). Every key,
 * regex, glob and check is verified. PL_E_FORMAT: "name:line: rule 'id': key: why". */
int pl_rules_read(struct pl_str toml, const char *name, struct pl_arena *a,
                  struct pl_rule_source **ret_rules, size_t *ret_n, struct pl_err *err);

/* Derives everything from `n` rules (copied; their strings are not) into the tables of `img`, all
 * in arena `a`; no database. PL_E_FORMAT for an id given twice, PL_E_LIMIT for too many rules. */
int pl_rule_image_make(const struct pl_rule *rule, size_t n, struct pl_arena *a,
                       struct pl_rule_image *img, struct pl_err *err);
/* Compiles the literals of `img`. */
int pl_rule_image_compile(const struct pl_rule_image *img, struct pl_literals **ret,
                          struct pl_err *err);
/* A rule set over static or arena tables; takes `a` over (on success). The database is loaded from
 * the image or, when it does not fit this machine, compiled. */
int pl_rules_from_image(const struct pl_rule_image *img, struct pl_arena *a, struct pl_rules **ret,
                        struct pl_err *err);

/* Writes what the generators of `text` stand for to `out` (not cleared); `seed` as in
 * "rule-id/yes/0". */
void pl_rule_sample_expand(struct pl_str text, struct pl_str seed, struct pl_buf *out);

/* Called for each sample with another outcome than its rule states. */
typedef void pl_rules_selftest_fn(void *arg, const struct pl_rule_source *rule,
                                  const struct pl_rule_sample *sample, struct pl_str text);
/* Runs the samples of `n` rules through a matcher over `r`, which must hold those rules. The number
 * of samples run goes to *ret_run, of those that failed to *ret_failed. */
int pl_rules_selftest(const struct pl_rules *r, const struct pl_rule_source *rules, size_t n,
                      pl_rules_selftest_fn *fn, void *arg, size_t *ret_run, size_t *ret_failed,
                      struct pl_err *err);

#endif
