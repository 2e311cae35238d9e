/* PHP: Composer's normalised versions, in the order of PHP's version_compare. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "ver/composer_int.h"

/* places of the stability words; a number stands between RC and patch */
enum { R_UNKNOWN = -1, R_DEV, R_ALPHA, R_BETA, R_RC, R_NUMBER, R_PATCH };

static bool begins(struct pl_str s, const char *word)
{
    return pl_str_ieq(pl_str_sub(s, 0, strlen(word)), pl_str_c(word));
}

/* PHP takes any word that begins like one it knows */
static int rank(struct pl_str word)
{
    static const struct {
        const char *name;
        int rank;
    } known[] = { { "dev", R_DEV }, { "a", R_ALPHA },  { "b", R_BETA },
                  { "rc", R_RC },   { "#", R_NUMBER }, { "p", R_PATCH } };
    for (size_t i = 0; i < PL_COUNT(known); i++)
        if (begins(word, known[i].name))
            return known[i].rank;
    return R_UNKNOWN;
}

static bool sep(int c)
{
    return c == '.' || c == '-' || c == '_' || c == '+';
}

static bool dev_or_end(struct pl_str s, size_t i, struct pl_composer *c)
{
    struct pl_str rest = pl_str_sub(s, i, s.n);
    if (rest.n && sep(rest.p[0]) && rest.p[0] != '+')
        rest = pl_str_sub(rest, 1, rest.n);
    c->dev = i < s.n && pl_str_ieq(rest, PL_S("dev"));
    return i >= s.n || c->dev;
}

/* "(stable|beta|b|RC|alpha|a|patch|pl|p) numbers", then "dev"; false when something else is there
 */
static bool modifier(struct pl_str s, size_t i, struct pl_composer *c)
{
    static const char *const words[] = { "stable", "beta",  "b",  "rc", "alpha",
                                         "a",      "patch", "pl", "p" };
    size_t at = i + (sep(pl_v_at(s, i)) && pl_v_at(s, i) != '+');
    size_t behind = at;
    struct pl_str word = pl_v_take_alphas(s, &at);
    for (size_t k = 0; k < PL_COUNT(words); k++) {
        if (!pl_str_ieq(word, pl_str_c(words[k])))
            continue;
        size_t from = at;
        while (pl_v_digit(pl_v_at(s, at)) ||
               ((pl_v_at(s, at) == '.' || pl_v_at(s, at) == '-') && pl_v_digit(pl_v_at(s, at + 1))))
            at++;
        c->word = k ? word : PL_S("");
        c->numbers = k ? pl_str_sub(s, from, at - from) : PL_S("");
        return dev_or_end(s, at, c);
    }
    return dev_or_end(s, i, c) || dev_or_end(s, behind, c); /* a separator before nothing */
}

static bool wild(int c)
{
    return c == 'x' || c == 'X' || c == '*';
}

/* dotted numbers, with `wild_too` an x or * in place of a number; its end, *ret_n parts */
static size_t dotted(struct pl_str s, size_t i, bool wild_too, size_t *ret_n)
{
    for (*ret_n = 0;;) {
        size_t end = pl_v_digits(s, i);
        if (end == i && wild_too && *ret_n && wild(pl_v_at(s, i)))
            end = i + 1;
        if (end == i)
            return *ret_n ? i - 1 : i;
        ++*ret_n;
        if (pl_v_at(s, end) != '.')
            return end;
        i = end + 1;
    }
}

/* 2010-01-02, 20100102.1 and the like keep all their numbers */
static bool date(struct pl_str s, struct pl_composer *c)
{
    size_t i = pl_v_digits(s, 0);
    if (i < 4)
        return false;
    if (i > 5) {
        while (sep(pl_v_at(s, i)) && pl_v_digit(pl_v_at(s, i + 1)))
            i = pl_v_digits(s, i + 1);
    } else {
        size_t groups = 0;
        while ((pl_v_at(s, i) == '-' || pl_v_at(s, i) == '.' || pl_v_at(s, i) == ':') &&
               pl_v_digits(s, i + 1) - i - 1 >= 1 && pl_v_digits(s, i + 1) - i - 1 <= 3) {
            i = pl_v_digits(s, i + 1);
            groups++;
        }
        if (!groups)
            return false;
    }
    c->core = pl_str_sub(s, 0, i);
    c->parts = 4; /* nothing is added */
    return modifier(s, i, c);
}

/* 1.x-dev: the branch that becomes 1.9999999…-dev */
static bool branch(struct pl_str s, struct pl_composer *c)
{
    size_t n, end = dotted(s, 0, /* wild_too= */ true, &n);
    struct pl_str rest = pl_str_sub(s, end, s.n);
    if (rest.n && sep(rest.p[0]))
        rest = pl_str_sub(rest, 1, rest.n);
    if (!n || n > 4 || !pl_str_ieq(rest, PL_S("dev")))
        return false;
    c->core = pl_str_sub(s, 0, end);
    c->parts = n;
    c->branch = c->dev = true;
    return true;
}

/* numbers, then something that Composer would refuse: it is still compared behind four numbers */
static void unknown_rest(struct pl_str s, size_t end, struct pl_composer *c)
{
    size_t n;
    dotted(s, 0, /* wild_too= */ false, &n);
    if (!n || n > 4 || end == s.n || s.p[end] == '.')
        return;
    *c = (struct pl_composer){ .raw = s, .core = pl_str_sub(s, 0, end), .parts = n, .plain = true };
    c->word = PL_S("");
    c->numbers = pl_str_sub(s, end, s.n);
}

struct pl_composer pl_composer_cut(struct pl_str v)
{
    struct pl_composer c = { .core = { "", 0 } };
    v = pl_str_trim(v);
    size_t at = pl_str_find(v, PL_S(" as "), 0);
    v = pl_str_trim(pl_str_sub(v, 0, at));
    at = pl_str_find(v, PL_S("@"), 0);
    if (at && at != SIZE_MAX)
        v = pl_str_sub(v, 0, at);
    c.raw = v;
    if (begins(v, "dev-")) {
        c.named = true;
        return c;
    }
    if ((pl_v_at(v, 0) == 'v' || pl_v_at(v, 0) == 'V') && pl_v_digit(pl_v_at(v, 1)))
        v = pl_str_sub(v, 1, v.n);
    c.raw = v;
    at = pl_str_find(v, PL_S("+"), 0);
    struct pl_str no_build = pl_str_sub(v, 0, at);
    size_t end = dotted(no_build, 0, /* wild_too= */ false, &c.parts);
    c.core = pl_str_sub(no_build, 0, end);
    if (c.parts && c.parts <= 4 && pl_v_digits(no_build, 0) <= 5 && modifier(no_build, end, &c))
        c.plain = true;
    else
        c.plain = date(no_build, &c) || branch(no_build, &c);
    c.known = c.plain;
    if (!c.plain)
        unknown_rest(no_build, end, &c);
    return c;
}

/* the parts of a version one by one */
struct reader {
    const struct pl_composer *c;
    size_t i, given;
    enum { CORE, WORD, NUMBERS, DEV, DONE } stage;
};

static bool raw_part(struct pl_str s, size_t *i, struct pl_str *ret)
{
    while (sep(pl_v_at(s, *i)))
        ++*i;
    size_t from = *i;
    if (pl_v_digit(pl_v_at(s, from))) {
        *i = pl_v_digits(s, from);
    } else {
        while (*i < s.n && !sep(pl_v_at(s, *i)) && !pl_v_digit(pl_v_at(s, *i)))
            ++*i;
    }
    *ret = pl_str_sub(s, from, *i - from);
    return ret->n > 0;
}

static bool core_part(struct reader *r, struct pl_str *ret)
{
    struct pl_str s = r->c->core;
    if (r->i < s.n) {
        if (!pl_v_digit(pl_v_at(s, r->i)) && !wild(pl_v_at(s, r->i)))
            r->i++;
        size_t from = r->i;
        r->i = wild(pl_v_at(s, from)) ? from + 1 : pl_v_digits(s, from);
        *ret = wild(pl_v_at(s, from)) ? PL_S("9999999") : pl_str_sub(s, from, r->i - from);
        r->given++;
        return true;
    }
    if (r->c->parts + (r->given > r->c->parts ? r->given - r->c->parts : 0) >= 4 && r->given >= 4)
        return false;
    if (r->given >= 4 || (r->c->parts >= 4))
        return false;
    r->given++;
    *ret = r->c->branch ? PL_S("9999999") : PL_S("0");
    return true;
}

static bool part(struct reader *r, struct pl_str *ret)
{
    if (!r->c->plain)
        return raw_part(r->c->raw, &r->i, ret);
    switch (r->stage) {
    case CORE:
        if (core_part(r, ret))
            return true;
        r->stage = WORD;
        __attribute__((fallthrough));
    case WORD:
        r->stage = NUMBERS;
        r->i = 0;
        *ret = r->c->word;
        if (ret->n)
            return true;
        __attribute__((fallthrough));
    case NUMBERS:
        if (raw_part(r->c->numbers, &r->i, ret))
            return true;
        r->stage = DEV;
        __attribute__((fallthrough));
    case DEV:
        r->stage = DONE;
        *ret = PL_S("dev");
        return r->c->dev;
    default:
        return false;
    }
}

static int part_rank(struct pl_str p)
{
    return pl_v_digit(p.p[0]) ? R_NUMBER : rank(p);
}

static int part_cmp(struct pl_str a, struct pl_str b)
{
    if (pl_v_digit(a.p[0]) && pl_v_digit(b.p[0]))
        return pl_v_num(a, b);
    return pl_v_sign(part_rank(a) - part_rank(b));
}

/* what is left of one when the other has ended: numbers are above the end, words as their place */
static int rest(struct pl_str p)
{
    return pl_v_digit(p.p[0]) ? 1 : pl_v_sign(rank(p) - R_NUMBER);
}

static int composer_cmp(struct pl_str a, struct pl_str b)
{
    struct pl_composer x = pl_composer_cut(a), y = pl_composer_cut(b);
    struct reader r = { .c = &x }, t = { .c = &y };
    struct pl_str p, q;
    if (x.named || y.named) /* branches are below all numbers */
        return x.named && y.named ? pl_v_bytes(x.raw, y.raw) : y.named - x.named;
    for (;;) {
        bool more_a = part(&r, &p), more_b = part(&t, &q);
        if (!more_a || !more_b)
            return more_a ? rest(p) : more_b ? -rest(q) : 0;
        int d = part_cmp(p, q);
        if (d)
            return d;
    }
}

static bool composer_valid(struct pl_str v)
{
    struct pl_composer c = pl_composer_cut(v);
    return c.known || (c.named && c.raw.n > 4);
}

const struct pl_scheme pl_ver_composer = {
    .name = "composer", .cmp = composer_cmp, .valid = composer_valid, .in = pl_composer_in
};
