/* Python: PEP 440 versions and specifiers. What is no version by PEP 440 sorts below all that is.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#include "ver/ver_int.h"

/* pre: 0 none, else 1 alpha, 2 beta, 3 release candidate */
struct pep {
    struct pl_str epoch, release, pre_no, post_no, dev_no, local;
    int pre;
    bool post, dev, has_local;
};

static bool sep(int c)
{
    return c == '.' || c == '-' || c == '_';
}

static bool word_at(struct pl_str v, size_t i, const char *word, size_t *ret_end)
{
    size_t n = strlen(word);
    if (!pl_str_ieq(pl_str_sub(v, i, n), pl_str_n(word, n)))
        return false;
    *ret_end = i + n;
    return true;
}

/* separator, one of the words, separator, digits; *i moves only when a word stood there */
static int tagged(struct pl_str v, size_t *i, const char *const *list, size_t n,
                  struct pl_str *ret_no)
{
    size_t at = *i + sep(pl_v_at(v, *i)), end;
    for (size_t k = 0; k < n; k++) {
        if (!word_at(v, at, list[k], &end))
            continue;
        end += sep(pl_v_at(v, end)) && end < v.n;
        *ret_no = pl_v_take_digits(v, &end); /* none: every tag behind may do without a separator */
        *i = end;
        return (int)k;
    }
    return -1;
}

static bool take_local(struct pl_str v, size_t i, struct pep *p)
{
    p->local = pl_str_sub(v, i, v.n);
    p->has_local = true;
    bool part = false; /* of letters and digits since the last separator */
    for (; i < v.n; i++) {
        if (sep(pl_v_at(v, i)) ? !part : !pl_v_alnum(pl_v_at(v, i)))
            return false;
        part = !sep(pl_v_at(v, i));
    }
    return part;
}

static bool take_release(struct pl_str v, size_t *i, struct pep *p)
{
    struct pl_str first = pl_v_take_digits(v, i);
    p->epoch = PL_S("");
    if (first.n && pl_v_at(v, *i) == '!') {
        p->epoch = first;
        ++*i;
        first = pl_v_take_digits(v, i);
    }
    size_t from = (size_t)(first.p - v.p);
    if (!first.n)
        return false;
    while (pl_v_at(v, *i) == '.' && pl_v_digit(pl_v_at(v, *i + 1)))
        *i = pl_v_digits(v, *i + 1);
    p->release = pl_str_sub(v, from, *i - from);
    return true;
}

static bool parse(struct pl_str v, struct pep *p)
{
    static const char *const pre[] = { "alpha", "a", "beta", "b", "preview", "pre", "rc", "c" };
    static const int pre_rank[] = { 1, 1, 2, 2, 3, 3, 3, 3 };
    static const char *const post[] = { "post", "rev", "r" };
    static const char *const dev[] = { "dev" };
    size_t i = 0;
    *p = (struct pep){ 0 };
    v = pl_str_trim(v);
    i += pl_v_at(v, 0) == 'v' || pl_v_at(v, 0) == 'V';
    if (!take_release(v, &i, p))
        return false;
    int k = tagged(v, &i, pre, PL_COUNT(pre), &p->pre_no);
    p->pre = k < 0 ? 0 : pre_rank[k];
    if (pl_v_at(v, i) == '-' && pl_v_digit(pl_v_at(v, i + 1))) {
        i++;
        p->post = true;
        p->post_no = pl_v_take_digits(v, &i);
    } else {
        p->post = tagged(v, &i, post, PL_COUNT(post), &p->post_no) >= 0;
    }
    p->dev = tagged(v, &i, dev, PL_COUNT(dev), &p->dev_no) >= 0;
    if (pl_v_at(v, i) == '+')
        return take_local(v, i + 1, p);
    return i == v.n;
}

/* a separator at the very end belongs to the number before it */
static struct pl_str next_part(struct pl_str *s)
{
    size_t i = 0;
    while (i < s->n && !sep(pl_v_at(*s, i)))
        i++;
    struct pl_str part = pl_str_sub(*s, 0, i);
    *s = pl_str_sub(*s, i + 1, s->n);
    return part;
}

static int local_cmp(struct pl_str a, struct pl_str b)
{
    while (a.n && b.n) {
        struct pl_str x = next_part(&a), y = next_part(&b);
        bool m = pl_v_is_num(x), n = pl_v_is_num(y);
        int d = m != n ? m - n : m ? pl_v_num(x, y) : pl_v_icmp(x, y);
        if (d)
            return d;
    }
    return (a.n > 0) - (b.n > 0);
}

/* place of the prerelease: a bare development release is below every other */
static int pre_place(const struct pep *p)
{
    if (p->pre)
        return p->pre;
    return !p->post && p->dev ? 0 : 4;
}

static int public_cmp(const struct pep *x, const struct pep *y)
{
    int d = pl_v_num(x->epoch, y->epoch);
    if (!d)
        d = pl_v_core_cmp(x->release, y->release);
    if (!d)
        d = pre_place(x) - pre_place(y);
    if (!d)
        d = pl_v_num(x->pre_no, y->pre_no);
    if (!d)
        d = x->post - y->post;
    if (!d)
        d = pl_v_num(x->post_no, y->post_no);
    if (!d)
        d = y->dev - x->dev;
    return d ? d : pl_v_num(x->dev_no, y->dev_no);
}

static int pep_cmp(const struct pep *x, const struct pep *y)
{
    int d = public_cmp(x, y);
    if (!d)
        d = x->has_local - y->has_local;
    return d ? d : local_cmp(x->local, y->local);
}

/* the next run of digits or of letters */
static struct pl_str old_part(struct pl_str s, size_t *i)
{
    while (*i < s.n && !pl_v_alnum(pl_v_at(s, *i)))
        ++*i;
    return pl_v_digit(pl_v_at(s, *i)) ? pl_v_take_digits(s, i) : pl_v_take_alphas(s, i);
}

/* what PEP 440 does not know: part by part, letters below the end, the end below numbers */
static int old_cmp(struct pl_str a, struct pl_str b)
{
    size_t i = 0, j = 0;
    for (;;) {
        struct pl_str x = old_part(a, &i), y = old_part(b, &j);
        int m = !x.n ? 1 : pl_v_digit(x.p[0]) ? 2 : 0, n = !y.n ? 1 : pl_v_digit(y.p[0]) ? 2 : 0;
        if (m == 1 && n == 1)
            return 0;
        int d = m != n ? m - n : m == 2 ? pl_v_num(x, y) : pl_v_icmp(x, y);
        if (d)
            return d;
    }
}

static int pypi_cmp(struct pl_str a, struct pl_str b)
{
    struct pep x, y;
    bool m = parse(a, &x), n = parse(b, &y);
    if (m && n)
        return pep_cmp(&x, &y);
    return m != n ? m - n : old_cmp(a, b);
}

static bool pypi_valid(struct pl_str v)
{
    struct pep p;
    return parse(v, &p);
}

/* the first `n` numbers of a release */
static struct pl_str head(struct pl_str release, size_t n)
{
    size_t i = 0;
    while (n-- && i < release.n)
        i = pl_v_digits(release, i) + 1;
    return pl_str_sub(release, 0, i ? i - 1 : 0);
}

static size_t numbers(struct pl_str release)
{
    size_t n = 1;
    for (size_t i = 0; i < release.n; i++)
        n += release.p[i] == '.';
    return n;
}

static bool begins(const struct pep *v, const struct pep *with, size_t n)
{
    return pl_v_num(v->epoch, with->epoch) == 0 &&
           pl_v_core_cmp(head(v->release, n), head(with->release, n)) == 0;
}

/* the same release, of which `x` is a prerelease, post release or local version */
static bool same_release(const struct pep *x, const struct pep *y)
{
    return pl_v_num(x->epoch, y->epoch) == 0 && pl_v_core_cmp(x->release, y->release) == 0;
}

static bool is_pre(const struct pep *p)
{
    return p->pre || p->dev;
}

static int greater(const struct pep *v, const struct pep *s)
{
    if (public_cmp(v, s) <= 0)
        return 0;
    if (!s->post && v->post && same_release(v, s) && !is_pre(s))
        return 0;
    /* `>1.0a1` allows no 1.0a1.post1 */
    if (!s->post && v->post && same_release(v, s) && v->pre == s->pre &&
        pl_v_num(v->pre_no, s->pre_no) == 0 && !s->dev)
        return 0;
    return 1;
}

static int less(const struct pep *v, const struct pep *s)
{
    if (pep_cmp(v, s) >= 0)
        return 0;
    return is_pre(s) || !is_pre(v) || !same_release(v, s);
}

static int wildcard(enum pl_v_op op, const struct pep *v, struct pl_str text)
{
    struct pep s;
    if (!parse(pl_str_sub(text, 0, text.n - 2), &s) || s.pre || s.post || s.dev || s.has_local ||
        (op != PL_OP_EQ && op != PL_OP_NE))
        return PL_RANGE_BAD;
    return begins(v, &s, numbers(s.release)) == (op == PL_OP_EQ);
}

static int specifier(struct pl_str text, struct pl_str raw, const struct pep *v)
{
    enum pl_v_op op = pl_v_take_op(&text);
    struct pep s, pub = *v;
    if (op == PL_OP_SAME)
        return pl_str_ieq(text, pl_str_trim(raw));
    if (pl_str_ends(text, PL_S(".*")))
        return wildcard(op, v, text);
    if (!parse(text, &s))
        return PL_RANGE_BAD;
    pub.has_local = false;
    pub.local = PL_S("");
    switch (op) {
    case PL_OP_EQ:
    case PL_OP_NE:
    case PL_OP_NONE:
        return (pep_cmp(s.has_local ? v : &pub, &s) == 0) == (op != PL_OP_NE);
    case PL_OP_LE:
        return pep_cmp(&pub, &s) <= 0;
    case PL_OP_GE:
        return pep_cmp(&pub, &s) >= 0;
    case PL_OP_LT:
        return less(v, &s);
    case PL_OP_GT:
        return greater(&pub, &s);
    case PL_OP_COMPAT:
        return numbers(s.release) < 2
                   ? PL_RANGE_BAD
                   : pep_cmp(&pub, &s) >= 0 && begins(v, &s, numbers(s.release) - 1);
    default:
        return PL_RANGE_BAD;
    }
}

static int pypi_in(struct pl_str range, struct pl_str v, unsigned flags)
{
    struct pl_str one;
    struct pep p;
    int in = 1;
    (void)flags;
    if (!parse(v, &p))
        return pl_range_plain(&pl_ver_pypi, range, v);
    while (pl_str_split(&range, ',', &one)) {
        if (!pl_str_trim(one).n)
            continue;
        int r = specifier(one, v, &p);
        if (r < 0)
            return r;
        in &= r;
    }
    return in;
}

const struct pl_scheme pl_ver_pypi = {
    .name = "pypi", .cmp = pypi_cmp, .valid = pypi_valid, .in = pypi_in
};
