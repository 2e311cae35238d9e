/* npm: semver 2.0 read leniently, and node-semver's ranges. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "ver/ver_int.h"

/* npm's own largest number */
#define NPM_MAX UINT64_C(9007199254740991)

/* a version with places left open; `given` numbers were named */
struct partial {
    uint64_t n[3];
    size_t given;
    struct pl_str pre;
    bool has_pre;
};

/* one end of a range: v OP n.n.n[-pre] */
struct bound {
    enum pl_v_op op;
    struct partial p;
};

/* the bounds of one comparator, and whether one of them lets prereleases of `v`'s numbers in */
struct query {
    struct pl_v_semver v;
    uint64_t n[3];
    bool pre_too, pre_named, in;
};

static bool number(struct pl_str s, size_t *i, uint64_t *ret)
{
    return pl_str_u64(pl_v_take_digits(s, i), ret) && *ret <= NPM_MAX;
}

static bool read_partial(struct pl_str s, struct partial *p)
{
    size_t i = 0;
    bool open = false;
    *p = (struct partial){ .pre = { "", 0 } };
    while (i < s.n && strchr("v= ", s.p[i]) && s.p[i])
        i++;
    for (size_t k = 0; k < 3 && i < s.n; k++) {
        int c = pl_v_at(s, i);
        if (c == 'x' || c == 'X' || c == '*') {
            open = true;
            i++;
        } else if (number(s, &i, &p->n[k])) {
            p->given += !open;
        } else {
            return false;
        }
        if (pl_v_at(s, i) != '.')
            break;
        i++;
    }
    struct pl_str rest = pl_str_sub(s, i, s.n);
    size_t plus = pl_str_find(rest, PL_S("+"), 0);
    rest = pl_str_sub(rest, 0, plus);
    if (rest.n && rest.p[0] == '-' && rest.n > 1) {
        p->has_pre = p->given == 3;
        p->pre = pl_str_sub(rest, 1, rest.n);
        rest.n = 0;
    } else if (p->given == 3 && pl_v_alpha(pl_v_at(rest, 0))) { /* 1.2.3beta, as old ranges have */
        p->has_pre = true;
        p->pre = rest;
        rest.n = 0;
    }
    return !rest.n;
}

static int order(const struct query *q, const struct partial *p)
{
    for (size_t i = 0; i < 3; i++)
        if (q->n[i] != p->n[i])
            return q->n[i] < p->n[i] ? -1 : 1;
    if (q->v.has_pre != p->has_pre)
        return q->v.has_pre ? -1 : 1;
    return p->has_pre ? pl_v_idents_cmp(q->v.pre, p->pre, /* fold= */ false) : 0;
}

static void apply(struct query *q, enum pl_v_op op, struct partial p)
{
    if (!pl_v_op_fits(op, order(q, &p)))
        q->in = false;
    if (p.has_pre && p.n[0] == q->n[0] && p.n[1] == q->n[1] && p.n[2] == q->n[2])
        q->pre_named = true;
}

/* the lowest version above all that agree in the first `n` numbers; "-0" keeps its prereleases out
 */
static struct partial above(struct partial p, size_t n)
{
    p.n[n - 1]++;
    for (size_t i = n; i < 3; i++)
        p.n[i] = 0;
    p.given = 3;
    p.has_pre = true;
    p.pre = PL_S("0");
    return p;
}

static struct partial lowest(const struct query *q, struct partial p)
{
    for (size_t i = p.given; i < 3; i++)
        p.n[i] = 0;
    if (p.given < 3) {
        p.has_pre = q->pre_too;
        p.pre = PL_S("0");
    }
    return p;
}

static void below(struct query *q, struct partial high)
{
    bool named = q->pre_named;
    apply(q, PL_OP_LT, high);
    q->pre_named = named; /* a bound of ours names no prerelease */
}

static void from(struct query *q, struct partial low)
{
    bool named = q->pre_named;
    apply(q, PL_OP_GE, lowest(q, low));
    if (low.given < 3)
        q->pre_named = named;
}

static void nothing(struct query *q)
{
    q->in = false;
}

static void compare(struct query *q, enum pl_v_op op, struct partial p)
{
    if (p.given == 3) {
        apply(q, op == PL_OP_NONE ? PL_OP_EQ : op, p);
        return;
    }
    if (p.given == 0) {
        if (op == PL_OP_LT || op == PL_OP_GT)
            nothing(q);
        else
            from(q, p);
        return;
    }
    switch (op) {
    case PL_OP_LT:
        p = lowest(q, p);
        p.has_pre = true;
        p.pre = PL_S("0");
        below(q, p);
        break;
    case PL_OP_LE:
        below(q, above(p, p.given));
        break;
    case PL_OP_GT: {
        struct partial low = above(p, p.given);
        low.has_pre = q->pre_too;
        bool named = q->pre_named;
        apply(q, PL_OP_GE, low);
        q->pre_named = named;
        break;
    }
    case PL_OP_GE:
        from(q, p);
        break;
    default:
        from(q, p);
        below(q, above(p, p.given));
    }
}

static int comparator(struct query *q, struct pl_str s)
{
    enum pl_v_op op = pl_v_take_op(&s);
    struct partial p;
    if (!read_partial(s, &p))
        return PL_RANGE_BAD;
    switch (op) {
    case PL_OP_TILDE:
    case PL_OP_PESS:
        from(q, p);
        if (p.given)
            below(q, above(p, p.given < 2 ? 1 : 2));
        return 0;
    case PL_OP_CARET:
        from(q, p);
        if (p.given)
            below(q, above(p, p.n[0] || p.given < 2 ? 1 : p.n[1] || p.given < 3 ? 2 : 3));
        return 0;
    case PL_OP_NE:
    case PL_OP_COMPAT:
    case PL_OP_SAME:
        return PL_RANGE_BAD;
    default:
        compare(q, op, p);
        return 0;
    }
}

static int hyphen(struct query *q, struct pl_str low, struct pl_str high)
{
    struct partial l, h;
    if (!read_partial(pl_str_trim(low), &l) || !read_partial(pl_str_trim(high), &h))
        return PL_RANGE_BAD;
    from(q, l);
    if (h.given == 3)
        apply(q, PL_OP_LE, h);
    else if (h.given)
        below(q, above(h, h.given));
    return 0;
}

static int set(struct query q, struct pl_str s)
{
    struct pl_str word;
    size_t dash = pl_str_find(s, PL_S(" - "), 0);
    q.in = true;
    if (dash != SIZE_MAX) {
        if (hyphen(&q, pl_str_sub(s, 0, dash), pl_str_sub(s, dash + 3, s.n)) < 0)
            return PL_RANGE_BAD;
        s.n = 0;
    }
    while (pl_v_word(&s, &word)) {
        struct pl_str version = word;
        const char *sign = word.p;
        /* "> 1.0", "~ v1": the version may stand apart from its sign */
        if (pl_v_take_op(&version) != PL_OP_NONE && (!version.n || pl_str_is(version, "v")) &&
            pl_v_word(&s, &version))
            word = pl_str_n(sign, (size_t)(version.p + version.n - sign));
        if (comparator(&q, word) < 0)
            return PL_RANGE_BAD;
    }
    if (q.v.has_pre && !q.pre_too && !q.pre_named)
        return 0;
    return q.in;
}

static int npm_in(struct pl_str range, struct pl_str v, unsigned flags)
{
    struct query q = { .v = pl_v_semver_cut(v), .pre_too = flags & PL_RANGE_PRE };
    struct pl_str one;
    int in = 0;
    size_t i = 0;
    for (size_t k = 0; k < 3; k++) {
        if (!number(q.v.core, &i, &q.n[k]))
            return 0; /* no version is in no range */
        i += i < q.v.core.n;
    }
    while (pl_v_split(&range, PL_S("||"), &one)) {
        int r = set(q, one);
        if (r < 0)
            return r;
        in |= r;
    }
    return in;
}

static bool npm_valid(struct pl_str v)
{
    size_t i = 0;
    v = pl_str_trim(v);
    while (i < v.n && (v.p[i] == 'v' || v.p[i] == '=' || v.p[i] == ' '))
        i++;
    return pl_v_semver_valid(pl_str_sub(v, i, v.n));
}

const struct pl_scheme pl_ver_npm = {
    .name = "npm", .cmp = pl_v_semver_cmp, .valid = npm_valid, .in = npm_in
};
