/* Path patterns by simulating the automaton: one bit per token, so no pattern is slow. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "fmt/glob.h"

#define MAX_PATTERN 512

enum kind {
    BYTE,
    ANY,        /* ? */
    SET,        /* [...] */
    STAR,       /* any bytes but '/' */
    DEEP,       /* any bytes */
    DEEP_OPEN,  /* "**" + '/': nothing, or … */
    DEEP_INSIDE /* … any bytes up to a '/' */
};

struct token {
    uint8_t kind, c;
    uint16_t from, to; /* of a set: its body in the pattern */
};

struct program {
    struct token t[MAX_PATTERN + 1];
    unsigned n;
};

typedef struct {
    uint64_t w[MAX_PATTERN / 64 + 1];
} states;

static bool has(const states *s, unsigned i)
{
    return s->w[i / 64] >> (i % 64) & 1;
}

/* Adds state `i` and what it reaches without a byte. */
static void add(const struct program *g, states *s, unsigned i)
{
    for (;;) {
        if (has(s, i))
            return;
        s->w[i / 64] |= 1ull << (i % 64);
        if (i >= g->n)
            return;
        enum kind k = g->t[i].kind;
        if (k == DEEP_OPEN) {
            s->w[(i + 1) / 64] |= 1ull << ((i + 1) % 64);
            i += 2;
        } else if (k == STAR || k == DEEP) {
            i++;
        } else {
            return;
        }
    }
}

/* Index of the ']' that closes the set whose body begins at `i`, or 0. */
static size_t set_end(struct pl_str p, size_t i)
{
    size_t j = i;
    if (j < p.n && (p.p[j] == '!' || p.p[j] == '^'))
        j++;
    for (size_t first = j; j < p.n; j++) {
        if (p.p[j] == '\\')
            j++;
        else if (p.p[j] == ']' && j > first)
            return j;
    }
    return 0;
}

static void push(struct program *g, struct token t)
{
    g->t[g->n++] = t;
}

static int compile(struct pl_str p, struct program *g, struct pl_err *err)
{
    g->n = 0;
    if (p.n > MAX_PATTERN)
        return pl_fail(err, PL_E_FORMAT, "pattern longer than %d bytes", MAX_PATTERN);
    for (size_t i = 0; i < p.n; i++) {
        char c = p.p[i];
        if (c == '*' && i + 1 < p.n && p.p[i + 1] == '*') {
            while (i + 1 < p.n && p.p[i + 1] == '*')
                i++;
            if (i + 1 < p.n && p.p[i + 1] == '/') {
                push(g, (struct token){ .kind = DEEP_OPEN });
                push(g, (struct token){ .kind = DEEP_INSIDE });
                i++;
            } else {
                push(g, (struct token){ .kind = DEEP });
            }
        } else if (c == '*') {
            push(g, (struct token){ .kind = STAR });
        } else if (c == '?') {
            push(g, (struct token){ .kind = ANY });
        } else if (c == '[') {
            size_t end = set_end(p, i + 1);
            if (end == 0)
                return pl_fail(err, PL_E_FORMAT, "pattern '%.*s': unclosed '['", PL_FMT(p));
            push(g, (struct token){ SET, 0, (uint16_t)(i + 1), (uint16_t)end });
            i = end;
        } else {
            if (c == '\\' && i + 1 < p.n)
                c = p.p[++i];
            push(g, (struct token){ .kind = BYTE, .c = (uint8_t)c });
        }
    }
    return 0;
}

static bool in_set(struct pl_str p, struct token t, uint8_t c)
{
    size_t i = t.from;
    bool negate = p.p[i] == '!' || p.p[i] == '^', found = false;
    for (i += negate; i < t.to; i++) {
        if (p.p[i] == '\\' && i + 1 < t.to)
            i++;
        uint8_t lo = (uint8_t)p.p[i], hi = lo;
        if (i + 2 < t.to && p.p[i + 1] == '-') {
            i += 2;
            if (p.p[i] == '\\' && i + 1 < t.to)
                i++;
            hi = (uint8_t)p.p[i];
        }
        found |= c >= lo && c <= hi;
    }
    return found != negate && c != '/';
}

/* Adds to `next` where token `i` leads on byte `c`. */
static void step(const struct program *g, struct pl_str p, unsigned i, uint8_t c, states *next)
{
    struct token t = g->t[i];
    switch ((enum kind)t.kind) {
    case BYTE:
        if (c == t.c)
            add(g, next, i + 1);
        break;
    case ANY:
        if (c != '/')
            add(g, next, i + 1);
        break;
    case SET:
        if (in_set(p, t, c))
            add(g, next, i + 1);
        break;
    case STAR:
        if (c != '/')
            add(g, next, i);
        break;
    case DEEP:
        add(g, next, i);
        break;
    case DEEP_OPEN:
        break;
    case DEEP_INSIDE:
        add(g, next, i);
        if (c == '/')
            add(g, next, i + 1);
        break;
    }
}

static bool run(const struct program *g, struct pl_str p, struct pl_str text)
{
    states now = { { 0 } };
    add(g, &now, 0);
    for (size_t k = 0; k < text.n; k++) {
        states next = { { 0 } };
        bool any = false;
        for (unsigned w = 0; w <= g->n / 64; w++) {
            for (uint64_t bits = now.w[w]; bits; bits &= bits - 1) {
                unsigned i = w * 64 + (unsigned)__builtin_ctzll(bits);
                if (i < g->n)
                    step(g, p, i, (uint8_t)text.p[k], &next);
            }
        }
        for (unsigned w = 0; w <= g->n / 64; w++)
            any |= next.w[w] != 0;
        if (!any)
            return false;
        now = next;
    }
    return has(&now, g->n);
}

int pl_glob_check(struct pl_str pattern, struct pl_err *err)
{
    struct program g;
    return compile(pattern, &g, err);
}

bool pl_glob_is(struct pl_str s)
{
    bool sign = false;
    for (size_t i = 0; i < s.n; i++)
        sign |= strchr("*?[\\", s.p[i]) != NULL;
    return sign && pl_glob_check(s, NULL) == 0;
}

bool pl_glob_match(struct pl_str pattern, struct pl_str text)
{
    struct program g;
    return compile(pattern, &g, NULL) == 0 && run(&g, pattern, text);
}

bool pl_glob_path(struct pl_str pattern, struct pl_str path)
{
    if (pattern.n && pattern.p[0] == '/')
        pattern = pl_str_sub(pattern, 1, SIZE_MAX);
    else if (!pattern.n || !memchr(pattern.p, '/', pattern.n))
        for (size_t i = path.n; i > 0; i--) {
            if (path.p[i - 1] == '/') {
                path = pl_str_sub(path, i, SIZE_MAX);
                break;
            }
        }
    if (path.n && path.p[0] == '/')
        path = pl_str_sub(path, 1, SIZE_MAX);
    return pl_glob_match(pattern, path);
}
