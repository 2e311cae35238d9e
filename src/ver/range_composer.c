/* Composer's version constraints: comparisons, wildcards, hyphens, '~', '^'. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>

#include "ver/composer_int.h"

/* up to four numbers of a bound */
struct numbers {
    uint64_t n[4];
    size_t given;
    bool wild;    /* ended in x or * */
    bool precise; /* carries a stability of its own */
};

static bool read_numbers(struct pl_str s, struct numbers *r)
{
    size_t i = pl_v_at(s, 0) == 'v' || pl_v_at(s, 0) == 'V';
    *r = (struct numbers){ 0 };
    for (;;) {
        int c = pl_v_at(s, i);
        if (c == 'x' || c == 'X' || c == '*') {
            r->wild = true;
            i++;
        } else {
            struct pl_str d = pl_v_take_digits(s, &i);
            if (r->wild || r->given == 4 || !pl_str_u64(d, &r->n[r->given]) ||
                r->n[r->given] == UINT64_MAX)
                return false;
            r->given++;
        }
        if (pl_v_at(s, i) != '.')
            break;
        i++;
    }
    r->precise = i < s.n && s.p[i] != '+';
    return !r->wild || i == s.n;
}

/* -1, 0, 1 of `v` against a bound made of numbers, below all prereleases of it */
static int against(struct pl_str v, const struct numbers *b)
{
    char text[128];
    int n = snprintf(text, sizeof text, "%" PRIu64 ".%" PRIu64 ".%" PRIu64 ".%" PRIu64 "-dev",
                     b->n[0], b->n[1], b->n[2], b->n[3]);
    return pl_v_sign(pl_ver_composer.cmp(v, pl_str_n(text, (size_t)n)));
}

/* the first version above all that agree in the first `n` numbers */
static struct numbers bump(struct numbers b, size_t n)
{
    b.n[n - 1]++;
    for (size_t i = n; i < 4; i++)
        b.n[i] = 0;
    return b;
}

static int from_to(struct pl_str v, struct pl_str low, const struct numbers *l, size_t same)
{
    struct numbers high = bump(*l, same);
    bool above = l->precise ? pl_ver_composer.cmp(v, low) >= 0 : against(v, l) >= 0;
    return above && against(v, &high) < 0;
}

static int tilde(struct pl_str v, struct pl_str s)
{
    struct numbers l;
    if (!read_numbers(s, &l))
        return PL_RANGE_BAD;
    return from_to(v, s, &l, l.given > 1 ? l.given - 1 : 1);
}

static int caret(struct pl_str v, struct pl_str s)
{
    struct numbers l;
    if (!read_numbers(s, &l))
        return PL_RANGE_BAD;
    size_t same = l.n[0] || l.given < 2 ? 1 : l.n[1] || l.given < 3 ? 2 : 3;
    return from_to(v, s, &l, same);
}

static int compare(struct pl_str v, enum pl_v_op op, struct pl_str s)
{
    struct numbers l;
    bool numbers = read_numbers(s, &l);
    struct pl_composer c = pl_composer_cut(s);
    if (!s.n || (!c.known && !c.named && !(numbers && l.wild)))
        return PL_RANGE_BAD;
    if (numbers && l.wild) {
        int in = l.given ? from_to(v, s, &l, l.given) : 1;
        return op == PL_OP_NE ? !in : in;
    }
    if ((op == PL_OP_LT || op == PL_OP_GE) && numbers && !l.precise)
        return pl_v_op_fits(op, against(v, &l));
    return pl_v_op_fits(op, pl_ver_composer.cmp(v, s));
}

static int one(struct pl_str v, struct pl_str s)
{
    enum pl_v_op op = pl_v_take_op(&s);
    if (op == PL_OP_TILDE || op == PL_OP_PESS)
        return tilde(v, s);
    if (op == PL_OP_CARET)
        return caret(v, s);
    return op > PL_OP_GT ? PL_RANGE_BAD : compare(v, op, s);
}

/* "1.0 - 2.0": the right one is a whole range when it is not complete */
static int hyphen(struct pl_str v, struct pl_str from, struct pl_str to)
{
    struct numbers l, h;
    from = pl_str_trim(from);
    to = pl_str_trim(to);
    if (!read_numbers(from, &l) || !read_numbers(to, &h) || !h.given)
        return PL_RANGE_BAD;
    bool above = l.precise ? pl_ver_composer.cmp(v, from) >= 0 : against(v, &l) >= 0;
    if (h.given >= 3 || h.precise)
        return above && pl_ver_composer.cmp(v, to) <= 0;
    h = bump(h, h.given);
    return above && against(v, &h) < 0;
}

static int all_hold(struct pl_str v, struct pl_str set)
{
    struct pl_str word, from = set;
    size_t dash = pl_str_find(set, PL_S(" - "), 0);
    int in = 1;
    bool any = false;
    if (dash != SIZE_MAX)
        return hyphen(v, pl_str_sub(from, 0, dash), pl_str_sub(set, dash + 3, set.n));
    while (pl_v_word(&set, &word)) {
        /* the version may stand apart from its sign */
        struct pl_str version = word;
        enum pl_v_op op = pl_v_take_op(&version);
        if (op != PL_OP_NONE && !version.n) {
            const char *sign = word.p;
            if (!pl_v_word(&set, &version))
                return PL_RANGE_BAD;
            word = pl_str_n(sign, (size_t)(version.p + version.n - sign));
        }
        int r = one(v, word);
        if (r < 0)
            return r;
        any = true;
        in &= r;
    }
    return any ? in : PL_RANGE_BAD;
}

int pl_composer_in(struct pl_str range, struct pl_str v, unsigned flags)
{
    struct pl_str set;
    int in = 0;
    (void)flags;
    while (pl_str_split(&range, '|', &set)) {
        /* "||" leaves an empty piece between its signs */
        if (!pl_str_trim(set).n && range.p)
            continue;
        int r = all_hold(v, set);
        if (r < 0)
            return r;
        in |= r;
    }
    return in;
}
