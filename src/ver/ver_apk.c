/* Alpine: apk-package(5). Dotted numbers, a letter, suffixes, a commit hash, a revision. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "ver/ver_int.h"

/* kinds in the order in which they may follow one another; where two versions have different kinds
 * at the same place, the earlier kind is the greater version */
enum kind { FIRST, NUMBER, LETTER, SUFFIX, SUFFIX_NO, HASH, REVISION, END, BAD };

struct token {
    enum kind kind;
    struct pl_str text;
    int rank; /* of a suffix: below 0 before the release, above 0 after it */
};

struct reader {
    struct pl_str s;
    size_t i;
    struct token t;
    bool revision; /* was read */
};

static const struct {
    const char *name;
    int rank;
} suffixes[] = {
    { "alpha", -4 }, { "beta", -3 }, { "pre", -2 }, { "rc", -1 }, { "cvs", 1 },
    { "svn", 2 },    { "git", 3 },   { "hg", 4 },   { "p", 5 },
};

/* what is no version from `from` on */
static void bad(struct reader *r, size_t from)
{
    r->t = (struct token){ .kind = BAD, .text = pl_str_sub(r->s, from, r->s.n) };
}

static void take_number(struct reader *r, enum kind kind)
{
    size_t from = r->i;
    r->t = (struct token){ .kind = kind, .text = pl_v_take_digits(r->s, &r->i) };
    if (!r->t.text.n)
        bad(r, from);
}

static void take_suffix(struct reader *r)
{
    size_t from = r->i;
    struct pl_str word = pl_v_take_alphas(r->s, &r->i);
    for (size_t k = 0; k < PL_COUNT(suffixes); k++) {
        if (!pl_str_is(word, suffixes[k].name))
            continue;
        r->t = (struct token){ .kind = SUFFIX, .text = word, .rank = suffixes[k].rank };
        return;
    }
    bad(r, from);
}

static bool hex(int c)
{
    return pl_v_digit(c) || (c >= 'a' && c <= 'f');
}

static void take_hash(struct reader *r)
{
    size_t from = r->i;
    while (hex(pl_v_at(r->s, r->i)))
        r->i++;
    r->t = (struct token){ .kind = HASH, .text = pl_str_sub(r->s, from, r->i - from) };
    if (!r->t.text.n)
        bad(r, from);
}

/* "-r" alone orders as "-r0" but is no version; nothing behind a revision has an order */
static void take_revision(struct reader *r)
{
    bool alone = r->i == r->s.n;
    take_number(r, REVISION);
    if (alone)
        r->t = (struct token){ .kind = REVISION, .text = { "", 0 } };
    r->revision = true;
}

static void next(struct reader *r)
{
    enum kind was = r->t.kind;
    int c = pl_v_at(r->s, r->i);
    if (was == BAD || was == END)
        return;
    if (c < 0) {
        r->t = (struct token){ .kind = END, .text = { "", 0 } };
        return;
    }
    if (pl_v_digit(c) && was == SUFFIX) {
        take_number(r, SUFFIX_NO);
        return;
    }
    r->i++;
    if (c == '.' && was <= NUMBER)
        take_number(r, NUMBER);
    else if (c >= 'a' && c <= 'z' && was <= NUMBER)
        r->t = (struct token){ .kind = LETTER, .text = pl_str_sub(r->s, r->i - 1, 1) };
    else if (c == '_' && was <= SUFFIX_NO)
        take_suffix(r);
    else if (c == '~' && was < HASH)
        take_hash(r);
    else if (c == '-' && was < REVISION && pl_v_at(r->s, r->i) == 'r' && r->i++)
        take_revision(r);
    else
        bad(r, r->i - 1);
}

static struct reader begin(struct pl_str v)
{
    struct reader r = { .s = v };
    take_number(&r, FIRST);
    return r;
}

static int same_kind(const struct token *a, const struct token *b)
{
    switch (a->kind) {
    case NUMBER:
        /* a leading zero makes it a fraction: compared as text */
        if (a->text.p[0] == '0' || b->text.p[0] == '0')
            return pl_v_bytes(a->text, b->text);
        return pl_v_num(a->text, b->text);
    case SUFFIX:
        return a->rank - b->rank;
    case LETTER:
    case HASH:
        return pl_v_bytes(a->text, b->text);
    default:
        return pl_v_num(a->text, b->text);
    }
}

static int cmp_from(struct reader x, struct reader y, bool fuzzy)
{
    while (x.t.kind == y.t.kind && x.t.kind < END) {
        int d = same_kind(&x.t, &y.t);
        if (d)
            return d;
        next(&x);
        next(&y);
    }
    if (x.t.kind == BAD && y.t.kind == BAD && !x.revision && !y.revision)
        return pl_v_bytes(x.t.text, y.t.text);
    if (x.t.kind == y.t.kind || (fuzzy && y.t.kind == END))
        return 0;
    if (x.t.kind == SUFFIX && x.t.rank < 0)
        return -1;
    if (y.t.kind == SUFFIX && y.t.rank < 0)
        return 1;
    return x.t.kind > y.t.kind ? -1 : 1;
}

static int apk_cmp(struct pl_str a, struct pl_str b)
{
    return cmp_from(begin(a), begin(b), /* fuzzy= */ false);
}

static bool apk_valid(struct pl_str v)
{
    struct reader r = begin(v);
    while (r.t.kind < END) {
        if (r.t.kind == REVISION && !r.t.text.n)
            return false;
        next(&r);
    }
    return r.t.kind == END;
}

/* dependency bounds: '=', '<', '>', '~' (begins with) in any mix, '!' before them negates */
static int one_in(struct pl_str word, struct pl_str v)
{
    bool lt = false, gt = false, eq = false, fuzzy = false, not = false;
    size_t i = 0;
    for (; i < word.n && strchr("!<>=~", word.p[i]) && word.p[i]; i++) {
        lt |= word.p[i] == '<';
        gt |= word.p[i] == '>';
        eq |= word.p[i] == '=' || word.p[i] == '~';
        fuzzy |= word.p[i] == '~';
        not |= word.p[i] == '!';
    }
    struct pl_str bound = pl_str_sub(word, i, word.n);
    if (!apk_valid(bound))
        return PL_RANGE_BAD;
    if (!lt && !gt && !eq)
        eq = true;
    int d = pl_v_sign(cmp_from(begin(v), begin(bound), fuzzy));
    bool in = lt && gt && !eq ? true : (d < 0 && lt) || (d > 0 && gt) || (d == 0 && eq);
    return in != not ;
}

static int apk_in(struct pl_str range, struct pl_str v, unsigned flags)
{
    struct pl_str word;
    int in = 1;
    (void)flags;
    while (pl_v_word(&range, &word)) {
        int r = one_in(word, v);
        if (r < 0)
            return r;
        in &= r;
    }
    return in;
}

const struct pl_scheme pl_ver_apk = {
    .name = "apk", .cmp = apk_cmp, .valid = apk_valid, .in = apk_in
};
