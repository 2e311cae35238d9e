/* What the files of the detection share. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_COMPAT_GL_DETECT_INT_H
#define PL_COMPAT_GL_DETECT_INT_H

#include "compat/gl_detect.h"
#include "compat/gl_shape.h"
#include "fmt/literal.h"

/* More hits than this in one text, and rules run on all of it. */
#define GL_MAX_HITS (1u << 22)

/* A rule with what its regex needs. */
struct gl_probe {
    const struct pl_gl_rule *rule;
    struct pl_gl_shape shape;
    bool shaped;          /* else the regex runs on the whole text */
    struct pl_gl_re core; /* must match at a literal; without text every hit counts */
    PL_VEC(uint32_t) ids; /* literals of the shape, by id */
    bool keyword_odd;     /* some keyword is not in the literal database */
    bool always;          /* no keyword at all */
};

struct gl_uses {
    PL_VEC(uint32_t) keyword; /* rules of which the literal is a keyword */
    bool odd;                 /* a character that folds into ASCII */
    bool only_flag;           /* no rule asks where it stands */
    bool escape;              /* begins a percent or unicode escape */
};

struct pl_gl_engine {
    struct pl_arena a;
    const struct pl_gl_config *config;
    struct pl_gl_detect_opts o;
    PL_VEC(struct gl_probe) probes;
    pl_gl_strs literals;
    PL_VEC(struct gl_uses) uses; /* by literal */
    struct pl_literals *db;
    bool path_rules;
};

/* A part of the text that was decoded: offsets before and after, in this pass. */
struct gl_segment {
    size_t enc_from, enc_to;   /* in the text of the pass before */
    size_t dec_from, dec_to;   /* in the text of this pass */
    size_t orig_from, orig_to; /* in the fragment */
    unsigned kinds;            /* 1 percent, 2 unicode, 4 hex, 8 base64 */
    unsigned depth;
};
typedef PL_VEC(struct gl_segment) gl_segments;

/* All passes of one fragment. */
#define GL_MAX_DEPTH 32
struct gl_passes {
    gl_segments seg[GL_MAX_DEPTH + 1]; /* [0] stays empty */
    unsigned depth;
};

struct gl_hit {
    uint32_t id;
    uint32_t end;
};

struct pl_gl_worker {
    const struct pl_gl_engine *e;
    struct pl_arena keep, scratch;
    struct pl_literals_scratch *lits;
    pl_gl_findings found;
    uint64_t bytes;
    /* the text being searched */
    const struct pl_gl_fragment *frag;
    struct pl_str text; /* of this pass */
    struct pl_utf8_text valid;
    struct gl_passes passes;
    size_t first; /* findings of this fragment begin here */
    PL_VEC(struct gl_hit) hits;
    bool hits_over, odd, escapes;
    uint32_t stamp, *probe_seen; /* by probe: a keyword is in the text */
    PL_VEC(uint32_t) active;     /* probes to run */
    uint32_t *lit_seen, *lit_from, *lit_n;
    PL_VEC(uint32_t) touched, sorted, starts;
    PL_VEC(size_t) newlines;
    bool have_newlines;
    struct pl_buf low, decoded[2], plain;
    bool have_low;
};

/* Positions of a match as gitleaks counts them. */
struct gl_place {
    int64_t start_line, end_line, start_column, end_column;
    size_t line_from, line_to; /* the text of the line(s) */
};
void gl_locate(struct pl_gl_worker *w, size_t start, size_t end, struct gl_place *ret);
/* Entropy of `s` over characters, each share divided by the number of bytes. */
double gl_entropy(struct pl_str s);

/* Decodes w->text into the next pass; false when nothing was decoded. */
bool gl_decode(struct pl_gl_worker *w);
/* Do decoded parts of this pass touch [start, end)? Maps the match to its place in the fragment,
 * gives the line around and the kinds. */
struct gl_touch {
    size_t from, to; /* in the fragment */
    unsigned kinds, depth;
    struct pl_str line;
};
bool gl_touches(const struct pl_gl_worker *w, size_t start, size_t end, struct gl_touch *ret);

/* Calls `fn` for every match of the probe's regex in w->text, in order; non-overlapping, as Go's
 * FindAll. Offsets are those of w->text. */
typedef void gl_match_fn(void *arg, size_t start, size_t end);
void gl_find_all(struct pl_gl_worker *w, struct gl_probe *p, gl_match_fn *fn, void *arg);
/* Fills hits and active for w->text. */
int gl_prefilter(struct pl_gl_worker *w, struct pl_err *err);

/* Drops generic findings that a specific one covers, then redacts. From w->first on. */
void gl_settle(struct pl_gl_worker *w);

#endif
