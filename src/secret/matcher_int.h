/* A matcher inside: what one scan gathers, and the steps that share it. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_SECRET_MATCHER_INT_H
#define PL_SECRET_MATCHER_INT_H

#include "base/buf.h"
#include "fmt/regex.h"
#include "secret/check.h"
#include "secret/hit.h"
#include "secret/rule_int.h"

#define PL_MARGIN 512    /* bytes round a window in which findings may dispute with its own */
#define PL_GZIP_MAX 64   /* compressed runs of one level */
#define PL_DECODE_MAX 16 /* levels of decoding, whatever the limit says */

/* Which of two findings on the same bytes is told. */
enum pl_rank {
    PL_RANK_KEYVALUE, /* a name beside a value */
    PL_RANK_GENERIC,  /* the place of a known file format */
    PL_RANK_SPECIFIC, /* the form of one provider's token */
};

/* A finding before order and dispute are settled; offsets in the text of its level. */
struct pl_found {
    size_t off, len;
    struct pl_str value;
    const char *reason, *decoded;
    uint32_t rule;
    uint8_t severity;
    uint8_t rank; /* enum pl_rank */
    bool mine;    /* belongs to this window; the others are here to settle disputes only */
    bool denied;  /* a specific rule knows that it is no secret: silences a name beside a value */
};
typedef PL_VEC(struct pl_found) pl_found_vec;

/* What is compiled of a rule on its first use. */
struct pl_rule_use {
    struct pl_regex *re;   /* the regex, or what stands behind its {assign} */
    struct pl_regex *head; /* what stands in front of {assign}, or NULL */
    struct pl_regex **allow;
    const struct pl_check *check;
    uint32_t count; /* findings in this scan */
    int8_t path;    /* 0 not asked in this scan, 1 the path fits, -1 it does not */
    bool ready, assign;
};

/* Text decoded at one level: pieces one after the other, each with the place it comes from. */
struct pl_piece {
    size_t at, n;    /* in the decoded text */
    size_t off, len; /* encoded, in the text of the level above */
    uint8_t enc;     /* enum pl_enc */
    uint8_t skip;    /* encoded characters in front of the first whole group */
};

struct pl_decoded {
    struct pl_buf text;
    PL_VEC(struct pl_piece) piece;
};

struct pl_matcher {
    const struct pl_rules *r;
    struct pl_limits limits;
    struct pl_literals_scratch *scratch, *over; /* over: of r->over */
    struct pl_rule_use *use;
    unsigned *named; /* rules without keyword, for files of certain names */
    size_t n_named;
    size_t run_rule;         /* the rule that looks at runs; n_rules for none */
    const struct pl_text *t; /* of the scan under way */
    int setting;             /* enum pl_setting of `t`; -1 = not asked yet */
    pl_found_vec found[PL_DECODE_MAX + 1];
    struct pl_decoded dec[PL_DECODE_MAX + 1];
    struct pl_arena label; /* texts for `decoded` */
    struct pl_keep *keep;  /* decoded values, wiped after the scan */
    uint64_t work;         /* bytes of regex and finder work left */
    uint64_t decode_left;  /* decoded bytes left */
    const char *limit;     /* set: what ran out */
};

/* A text at some level of decoding. */
struct pl_level {
    struct pl_matcher *m;
    const uint8_t *p;
    size_t n, from, to;
    bool last;
    unsigned depth;
    const struct pl_piece *piece; /* NULL for plain text */
    size_t n_pieces, cur;
    size_t *gzip; /* where base64 of a gzip header begins */
    size_t n_gzip;
    size_t looked_up; /* words that begin in front of this were looked up */
};

/* Where findings go: m->found[depth], with `base` added to their offsets. */
struct pl_sink {
    size_t base;
    unsigned depth;
    bool mine;
};

/* Evaluates rule `i` at a hit. */
void pl_eval_hit(struct pl_matcher *m, unsigned i, const struct pl_hit *h,
                 const struct pl_sink *to);
/* Evaluates the rules that look at runs at one of plain text, p[at, at + len). */
void pl_eval_run(struct pl_level *l, size_t at, size_t len);
/* Puts a value that rule `i` found through the filters; on success it is among the findings. */
void pl_judge(struct pl_matcher *m, unsigned i, const struct pl_hit *h,
              const struct pl_found_at *at, const struct pl_sink *to);
/* Does rule `i` apply to the path of the scan? */
bool pl_rule_on_path(struct pl_matcher *m, unsigned i);
/* Sorts the findings of a level and drops repeats, and generic ones that touch a specific one. */
void pl_found_settle(pl_found_vec *v, size_t n_rules);
/* Finds encoded runs in `l`, decodes them into m->dec[l->depth + 1], and scans what came out. */
void pl_decode_level(struct pl_level *l);
/* Scans one level, deeper ones included; findings are in m->found[l->depth]. */
void pl_scan_level(struct pl_level *l);
/* `n` bytes that live until the end of the scan and are wiped then. */
void *pl_matcher_keep(struct pl_matcher *m, size_t n);

#endif
