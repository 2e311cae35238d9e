/* Ruby: Gem::Version and Gem::Requirement. Segments are runs of digits or letters; letters make a
 * prerelease, '-' stands for ".pre.", zeros at the end of each half do not count. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "ver/ver_int.h"

struct gem {
    struct pl_str v;
    size_t i;       /* where to read on */
    size_t cut;     /* zeros from here to `letters` do not count */
    size_t letters; /* where the first letters stand, or the end */
    size_t end;     /* zeros from here on do not count */
    bool pre;       /* a '-' was read: "pre" comes before what follows */
};

/* The next segment from *i; a '-' gives "pre". False at the end. */
static bool segment(struct pl_str v, size_t *i, struct pl_str *ret)
{
    while (*i < v.n && !pl_v_alnum(pl_v_at(v, *i))) {
        if (v.p[(*i)++] == '-') {
            *ret = PL_S("pre");
            return true;
        }
    }
    *ret = pl_v_digit(pl_v_at(v, *i)) ? pl_v_take_digits(v, i) : pl_v_take_alphas(v, i);
    return ret->n > 0;
}

static struct gem begin(struct pl_str v)
{
    struct gem g = { .v = pl_str_trim(v) };
    struct pl_str s;
    g.letters = SIZE_MAX;
    for (size_t i = 0, at = 0; segment(g.v, &i, &s); at = i) {
        bool number = pl_v_digit(s.p[0]);
        if (!number && g.letters == SIZE_MAX)
            g.letters = at;
        if (number && pl_v_zero(s))
            continue;
        g.end = i;
        if (g.letters == SIZE_MAX)
            g.cut = i;
    }
    if (g.letters == SIZE_MAX)
        g.letters = g.end;
    return g;
}

/* The next segment that counts; "" is a 0 behind the end. */
static bool next(struct gem *g, struct pl_str *ret)
{
    if (g->i >= g->cut && g->i < g->letters)
        g->i = g->letters;
    if (g->i < g->end && segment(g->v, &g->i, ret))
        return true;
    *ret = PL_S("");
    return false;
}

static int gem_cmp(struct pl_str a, struct pl_str b)
{
    struct gem x = begin(a), y = begin(b);
    struct pl_str s, t;
    for (;;) {
        bool more_x = next(&x, &s), more_y = next(&y, &t);
        if (!more_x && !more_y)
            return 0;
        bool m = s.n && pl_v_alpha(s.p[0]), n = t.n && pl_v_alpha(t.p[0]);
        int d = m != n ? n - m : m ? pl_v_bytes(s, t) : pl_v_num(s, t);
        if (d)
            return d;
    }
}

static bool parts(struct pl_str s, const char *signs)
{
    bool part = false;
    for (size_t i = 0; i < s.n; i++) {
        bool alnum = pl_v_alnum(pl_v_at(s, i));
        if (!alnum && (!part || !s.p[i] || !strchr(signs, s.p[i])))
            return false;
        part = alnum || s.p[i] == '-';
    }
    return part;
}

/* digits, then dotted parts of letters and digits, then perhaps '-' and more of them */
static bool gem_valid(struct pl_str v)
{
    v = pl_str_trim(v);
    if (!v.n)
        return true; /* counts as 0 */
    size_t dash = pl_str_find(v, PL_S("-"), 0);
    struct pl_str main = pl_str_sub(v, 0, dash), rest = pl_str_sub(v, dash, v.n);
    size_t first = pl_v_digits(main, 0);
    if (!first || (first < main.n && main.p[first] != '.') || !parts(main, "."))
        return false;
    return dash == SIZE_MAX || parts(pl_str_sub(rest, 1, rest.n), ".-");
}

/* the numbers before the first letter */
static struct pl_str release_of(struct pl_str v)
{
    size_t i = 0;
    v = pl_str_trim(v);
    while (i < v.n && !pl_v_alpha(v.p[i]) && v.p[i] != '-')
        i++;
    while (i && v.p[i - 1] == '.')
        i--;
    return pl_str_sub(v, 0, i);
}

/* Is the release of `v` below the bound with its last number left out and the one before raised?
 * That is: its first numbers are not above those of the bound. */
static bool below_bump(struct pl_str v, struct pl_str bound)
{
    struct pl_str b = release_of(bound), r = release_of(v);
    size_t n = 1, i = 0, j = 0;
    for (size_t k = 0; k < b.n; k++)
        n += b.p[k] == '.';
    for (n = n > 1 ? n - 1 : 1; n; n--) {
        int d = pl_v_num(pl_v_take_digits(r, &i), pl_v_take_digits(b, &j));
        if (d)
            return d < 0;
        i += i < r.n;
        j += j < b.n;
    }
    return true;
}

static int gem_in(struct pl_str range, struct pl_str v, unsigned flags)
{
    struct pl_str one;
    int in = 1;
    (void)flags;
    while (pl_str_split(&range, ',', &one)) {
        enum pl_v_op op = pl_v_take_op(&one);
        if (!gem_valid(one) || (op > PL_OP_GT && op != PL_OP_PESS))
            return PL_RANGE_BAD;
        int d = gem_cmp(v, one);
        if (op == PL_OP_PESS ? d < 0 || !below_bump(v, one) : !pl_v_op_fits(op, d))
            in = 0;
    }
    return in;
}

const struct pl_scheme pl_ver_gem = {
    .name = "gem", .cmp = gem_cmp, .valid = gem_valid, .in = gem_in
};
