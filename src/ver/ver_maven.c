/* Maven: the order of the POM reference ("Version Order Specification"), and its version ranges.
 *
 * A version is a chain of lists: '-' and every edge between digits and letters opens a list inside
 * the one before it, which is always the last thing in there. So the chain is kept flat: items,
 * each with the number of its list. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "base/err.h"
#include "ver/ver_int.h"

enum kind {
    INT,
    WORD,     /* a qualifier */
    WORD_INT, /* a qualifier with a number: rc1, rc-1 */
};

struct item {
    enum kind kind;
    struct pl_str word, number;
    size_t list;
};

#define ON_STACK 48u
struct chain {
    struct item *p;
    size_t n, cap;
    size_t list; /* the open one */
    struct item few[ON_STACK];
};

static void add(struct chain *c, enum kind kind, struct pl_str word, struct pl_str number)
{
    if (c->n == c->cap) {
        struct item *more = malloc(2 * c->cap * sizeof *more);
        if (!more)
            pl_oom();
        memcpy(more, c->p, c->n * sizeof *more);
        if (c->p != c->few)
            free(c->p);
        c->p = more;
        c->cap *= 2;
    }
    c->p[c->n++] = (struct item){ kind, word, number, c->list };
}

static void release(struct chain *c)
{
    if (c->p != c->few)
        free(c->p);
}

static bool list_empty(const struct chain *c)
{
    return c->n == 0 || c->p[c->n - 1].list != c->list;
}

/* text of one item to the chain; `joined`: a word, perhaps a dash, and a number */
static void put(struct chain *c, struct pl_str text, bool digits, bool joined)
{
    if (joined) {
        size_t at = 0;
        while (at < text.n && !pl_v_digit(pl_v_at(text, at)))
            at++;
        size_t end = at && text.p[at - 1] == '-' ? at - 1 : at;
        add(c, WORD_INT, pl_str_sub(text, 0, end), pl_str_sub(text, at, text.n));
    } else if (digits) {
        add(c, INT, PL_S(""), text);
    } else {
        add(c, WORD, text, PL_S(""));
    }
}

struct parser {
    struct pl_str v;
    size_t from; /* of the item under way */
    bool digits, joined;
};

static struct pl_str under_way(const struct parser *p, size_t i)
{
    return pl_str_sub(p->v, p->from, i - p->from);
}

static void dot_or_dash(struct parser *p, struct chain *c, size_t i)
{
    bool dash = p->v.p[i] == '-';
    /* X-1 is taken as X1 */
    if (dash && i > p->from && !p->digits && pl_v_digit(pl_v_at(p->v, i + 1))) {
        p->joined = true;
        return;
    }
    if (i == p->from)
        add(c, INT, PL_S(""), PL_S("0"));
    else
        put(c, under_way(p, i), p->digits, p->joined);
    p->from = i + 1;
    p->joined = false;
    if (dash)
        c->list++;
}

static void edge(struct parser *p, struct chain *c, size_t i, bool digit)
{
    if (digit && !p->digits && i > p->from) {
        p->joined = true;
        c->list += !list_empty(c);
    } else if (!digit && p->digits && i > p->from) {
        put(c, under_way(p, i), /* digits= */ true, p->joined);
        p->from = i;
        p->joined = false;
        c->list++;
    }
    p->digits = digit;
}

/* is the item nothing, as 0 and "" are? */
static bool nothing(const struct item *x)
{
    return x->kind == INT ? pl_v_zero(x->number) : x->kind == WORD && x->word.n == 0;
}

/* Leaves out what is nothing before a qualifier and at the end of each list. What follows an item
 * is looked at after it was itself trimmed, so from the end. */
static void trim(struct chain *c)
{
    size_t kept = c->n; /* p[kept..n) stays */
    for (size_t i = c->n; i-- > 0;) {
        const struct item *x = &c->p[i], *next = kept < c->n ? &c->p[kept] : NULL;
        bool drop = nothing(x) && (!next || next->kind == WORD ||
                                   (next->kind == WORD_INT && next->list > x->list));
        /* a list in a list is looked into one deep */
        if (next && next->list > x->list + 1 && next->kind != INT)
            drop = false;
        if (!drop)
            c->p[--kept] = *x;
    }
    memmove(c->p, c->p + kept, (c->n - kept) * sizeof *c->p);
    c->n -= kept;
}

static void parse(struct chain *c, struct pl_str v)
{
    struct parser p = { .v = v };
    c->p = c->few;
    c->cap = ON_STACK;
    c->n = c->list = 0;
    for (size_t i = 0; i < v.n; i++) {
        if (v.p[i] == '.' || v.p[i] == '-')
            dot_or_dash(&p, c, i);
        else
            edge(&p, c, i, pl_v_digit(pl_v_at(v, i)));
    }
    if (v.n > p.from) {
        /* .X is taken as -X */
        if (!p.digits && !list_empty(c))
            c->list++;
        put(c, under_way(&p, v.n), p.digits, p.joined);
    }
    trim(c);
}

static bool one_of(struct pl_str s, const char *a, const char *b, const char *c)
{
    return pl_str_ieq(s, pl_str_c(a)) || pl_str_ieq(s, pl_str_c(b)) || pl_str_ieq(s, pl_str_c(c));
}

#define RANK_RELEASE 5
#define RANK_UNKNOWN 7
static int rank(struct pl_str w, bool with_number)
{
    if (w.n == 0 || one_of(w, "ga", "final", "release"))
        return RANK_RELEASE;
    if (one_of(w, "alpha", "alpha", with_number ? "a" : "alpha"))
        return 0;
    if (one_of(w, "beta", "beta", with_number ? "b" : "beta"))
        return 1;
    if (one_of(w, "milestone", "milestone", with_number ? "m" : "milestone"))
        return 2;
    if (one_of(w, "rc", "cr", "rc"))
        return 3;
    if (one_of(w, "snapshot", "snapshot", "snapshot"))
        return 4;
    return one_of(w, "sp", "sp", "sp") ? 6 : RANK_UNKNOWN;
}

/* the next character, folded as Java's root locale folds Latin, Greek and Cyrillic letters */
static unsigned folded(struct pl_str s, size_t *i)
{
    unsigned c = (unsigned char)s.p[(*i)++];
    if (c >= 0xc3 && c <= 0xd1 && *i < s.n && (s.p[*i] & 0xc0) == 0x80)
        c = (c & 0x1fu) << 6 | ((unsigned char)s.p[(*i)++] & 0x3fu);
    else
        return (unsigned)pl_v_lower((int)c);
    if ((c >= 0xc0 && c <= 0xde && c != 0xd7) || (c >= 0x391 && c <= 0x3a9) ||
        (c >= 0x410 && c <= 0x42f))
        return c + 32;
    if (c >= 0x400 && c <= 0x40f)
        return c + 80;
    bool odd_is_upper = (c >= 0x139 && c <= 0x148) || (c >= 0x179 && c <= 0x17e);
    if (c >= 0x100 && c <= 0x17e && c != 0x130 && c != 0x131 && c != 0x138 && c != 0x149 &&
        c != 0x178)
        return (c & 1) == odd_is_upper ? c + 1 : c;
    return c;
}

static int unknown_words(struct pl_str a, struct pl_str b)
{
    size_t i = 0, j = 0;
    while (i < a.n && j < b.n) {
        unsigned x = folded(a, &i), y = folded(b, &j);
        if (x != y)
            return x < y ? -1 : 1;
    }
    return (i < a.n) - (j < b.n);
}

static int words(const struct item *a, const struct item *b)
{
    int x = rank(a->word, a->kind == WORD_INT), y = rank(b->word, b->kind == WORD_INT);
    if (x != y)
        return x - y;
    return x == RANK_UNKNOWN ? unknown_words(a->word, b->word) : 0;
}

static int items(const struct item *a, const struct item *b)
{
    if (a->kind == INT || b->kind == INT) {
        if (a->kind != b->kind)
            return a->kind == INT ? 1 : -1;
        return pl_v_num(a->number, b->number);
    }
    int d = words(a, b);
    if (d)
        return d;
    if (a->kind != b->kind)
        return a->kind == WORD_INT ? 1 : -1;
    return a->kind == WORD_INT ? pl_v_num(a->number, b->number) : 0;
}

static int against_nothing(const struct item *a)
{
    if (a->kind == INT)
        return !pl_v_zero(a->number);
    return rank(a->word, a->kind == WORD_INT) - RANK_RELEASE;
}

static int rest(const struct chain *c, size_t i)
{
    int d = 0;
    for (; i < c->n && !d; i++)
        d = against_nothing(&c->p[i]);
    return d;
}

static int chains(const struct chain *x, const struct chain *y)
{
    size_t in_x = 0, in_y = 0; /* the lists we stand in */
    for (size_t i = 0;; i++) {
        if (i >= x->n || i >= y->n)
            return i >= x->n ? -rest(y, i) : rest(x, i);
        const struct item *a = &x->p[i], *b = &y->p[i];
        bool deeper_a = a->list > in_x, deeper_b = b->list > in_y;
        if (deeper_a != deeper_b) /* an item beside a list: only a number is above it */
            return deeper_a ? (b->kind == INT ? -1 : 1) : (a->kind == INT ? 1 : -1);
        while (a->list > in_x && b->list > in_y)
            in_x++, in_y++;
        if (a->list > in_x || b->list > in_y)
            return a->list > in_x ? (b->kind == INT ? -1 : 1) : (a->kind == INT ? 1 : -1);
        int d = items(a, b);
        if (d)
            return d;
    }
}

static int maven_cmp(struct pl_str a, struct pl_str b)
{
    struct chain x, y;
    if (pl_str_eq(a, b))
        return 0;
    parse(&x, a);
    parse(&y, b);
    int d = chains(&x, &y);
    release(&x);
    release(&y);
    return d;
}

static bool maven_valid(struct pl_str v)
{
    for (size_t i = 0; i < v.n; i++)
        if (!v.p[i] || strchr("\\/:\"<>|?*[](){}, \t\r\n", v.p[i]))
            return false;
    return v.n > 0;
}

/* one set of brackets: "[1,2)", "(,1.5]", "[1.0]"; *s moves behind it */
static int bracket(struct pl_str *s, struct pl_str v)
{
    size_t end = 1;
    while (end < s->n && s->p[end] != ']' && s->p[end] != ')')
        end++;
    if (end >= s->n)
        return PL_RANGE_BAD;
    bool low_in = s->p[0] == '[', high_in = s->p[end] == ']';
    struct pl_str inner = pl_str_sub(*s, 1, end - 1), low = { "", 0 };
    bool comma = inner.n && memchr(inner.p, ',', inner.n);
    *s = pl_str_trim(pl_str_sub(*s, end + 1, s->n));
    pl_str_split(&inner, ',', &low);
    struct pl_str high = comma ? pl_str_trim(inner) : pl_str_trim(low);
    low = pl_str_trim(low);
    if (!comma && (!low.n || !low_in || !high_in))
        return PL_RANGE_BAD;
    int d = low.n ? maven_cmp(v, low) : 1;
    bool above = low_in ? d >= 0 : d > 0;
    d = high.n ? maven_cmp(v, high) : -1;
    return above && (high_in ? d <= 0 : d < 0);
}

static int maven_in(struct pl_str range, struct pl_str v, unsigned flags)
{
    int in = 0;
    (void)flags;
    range = pl_str_trim(range);
    if (!range.n || (range.p[0] != '[' && range.p[0] != '('))
        return pl_range_plain(&pl_ver_maven, range, v);
    while (range.n) {
        if (range.p[0] == ',')
            range = pl_str_trim(pl_str_sub(range, 1, range.n));
        if (!range.n || (range.p[0] != '[' && range.p[0] != '('))
            return PL_RANGE_BAD;
        int r = bracket(&range, v);
        if (r < 0)
            return r;
        in |= r;
    }
    return in;
}

const struct pl_scheme pl_ver_maven = {
    .name = "maven", .cmp = maven_cmp, .valid = maven_valid, .in = maven_in
};
