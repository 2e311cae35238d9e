/* Reads RE2 syntax (Latin-1) into a tree of byte sets. What it does not know makes it give up,
 * never guess: a wrong set would lose findings. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "secret/shape_int.h"

#include <ctype.h>
#include <stdlib.h>

#define MAX_NODES 4096
#define MAX_DEPTH 60

struct parser {
    const char *p, *end;
    struct rx *rx;
    bool bad, nocase, dotall;
    unsigned depth;
};

static unsigned alternatives(struct parser *s);

static unsigned new_node(struct parser *s, struct rx_node n)
{
    if (s->rx->n >= MAX_NODES) {
        s->bad = true;
        return 0;
    }
    pl_vec_push(s->rx, n);
    return (unsigned)(s->rx->n - 1);
}

static void set_add(struct pl_bytes *b, unsigned lo, unsigned hi)
{
    for (unsigned c = lo; c <= hi && c < 256; c++)
        b->w[c >> 6] |= 1ull << (c & 63);
}

static void set_negate(struct pl_bytes *b)
{
    for (int i = 0; i < 4; i++)
        b->w[i] = ~b->w[i];
}

static void set_fold(struct pl_bytes *b)
{
    for (unsigned c = 'a'; c <= 'z'; c++) {
        uint8_t up = (uint8_t)(c - 32), low = (uint8_t)c;
        if (pl_bytes_has(b, up) || pl_bytes_has(b, low)) {
            set_add(b, up, up);
            set_add(b, low, low);
        }
    }
}

static bool perl_class(char c, struct pl_bytes *b)
{
    struct pl_bytes t = { { 0 } };
    switch (c | 0x20) {
    case 'd':
        set_add(&t, '0', '9');
        break;
    case 'w':
        set_add(&t, '0', '9');
        set_add(&t, 'a', 'z');
        set_add(&t, 'A', 'Z');
        set_add(&t, '_', '_');
        break;
    case 's':
        set_add(&t, '\t', '\n');
        set_add(&t, '\f', '\r');
        set_add(&t, ' ', ' ');
        break;
    default:
        return false;
    }
    if (!(c & 0x20))
        set_negate(&t);
    for (int i = 0; i < 4; i++)
        b->w[i] |= t.w[i];
    return true;
}

static int hex_value(char c)
{
    return c >= '0' && c <= '9'                     ? c - '0'
           : (c | 0x20) >= 'a' && (c | 0x20) <= 'f' ? (c | 0x20) - 'a' + 10
                                                    : -1;
}

/* \xHH, with p behind the x; -1 when it is something else. */
static int hex_escape(struct parser *s)
{
    if (s->end - s->p < 2)
        return -1;
    int hi = hex_value(s->p[0]), lo = hex_value(s->p[1]);
    if (hi < 0 || lo < 0)
        return -1;
    s->p += 2;
    return hi << 4 | lo;
}

/* The byte an escape stands for, with p behind the backslash; -1 when it is no single byte. */
static int byte_escape(struct parser *s)
{
    char c = *s->p;
    static const char from[] = "ntrfva", to[] = "\n\t\r\f\v\a";
    const char *f = memchr(from, c, sizeof from - 1);
    if (f) {
        s->p++;
        return (uint8_t)to[f - from];
    }
    if (c == 'x') {
        s->p++;
        return hex_escape(s);
    }
    if (isalnum((unsigned char)c))
        return -1;
    s->p++;
    return (uint8_t)c;
}

static bool posix_class(struct parser *s, struct pl_bytes *b)
{
    static const struct {
        const char *name;
        const char *ranges; /* pairs */
    } names[] = {
        { "[:alnum:]", "09AZaz" },  { "[:alpha:]", "AZaz" },     { "[:digit:]", "09" },
        { "[:lower:]", "az" },      { "[:upper:]", "AZ" },       { "[:word:]", "09AZaz__" },
        { "[:xdigit:]", "09AFaf" }, { "[:punct:]", "!/:@[`{~" }, { "[:graph:]", "!~" },
        { "[:print:]", " ~" },      { "[:space:]", "\t\r  " },
    };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        size_t n = strlen(names[i].name);
        if ((size_t)(s->end - s->p) < n || memcmp(s->p, names[i].name, n) != 0)
            continue;
        for (const char *r = names[i].ranges; *r; r += 2)
            set_add(b, (uint8_t)r[0], (uint8_t)r[1]);
        s->p += n;
        return true;
    }
    return false;
}

/* One byte of a class, or -1. */
static int class_byte(struct parser *s)
{
    if (s->p >= s->end)
        return -1;
    if (*s->p == '\\') {
        s->p++;
        return s->p < s->end ? byte_escape(s) : -1;
    }
    return (uint8_t)*s->p++;
}

static unsigned char_class(struct parser *s)
{
    struct rx_node n = { .kind = RX_SET };
    bool negate = s->p < s->end && *s->p == '^', first = true;
    for (s->p += negate; s->p < s->end && (first || *s->p != ']'); first = false) {
        if (*s->p == '[' && s->p + 1 < s->end && s->p[1] == ':') {
            s->bad |= !posix_class(s, &n.set);
        } else if (*s->p == '\\' && s->p + 1 < s->end && perl_class(s->p[1], &n.set)) {
            s->p += 2;
        } else {
            int lo = class_byte(s), hi = lo;
            if (s->end - s->p >= 2 && s->p[0] == '-' && s->p[1] != ']') {
                s->p++;
                hi = class_byte(s);
            }
            s->bad |= lo < 0 || hi < lo || lo > 127 || hi > 127;
            if (!s->bad)
                set_add(&n.set, (unsigned)lo, (unsigned)hi);
        }
        if (s->bad)
            return 0;
    }
    s->bad |= s->p >= s->end;
    s->p++;
    if (s->nocase)
        set_fold(&n.set);
    if (negate)
        set_negate(&n.set);
    return new_node(s, n);
}

static unsigned byte_node(struct parser *s, int c)
{
    struct rx_node n = { .kind = RX_SET };
    s->bad |= c < 0;
    if (c >= 0)
        set_add(&n.set, (unsigned)c, (unsigned)c);
    if (s->nocase)
        set_fold(&n.set);
    return new_node(s, n);
}

static unsigned escape(struct parser *s)
{
    if (s->p >= s->end) {
        s->bad = true;
        return 0;
    }
    struct rx_node n = { .kind = RX_SET };
    char c = *s->p;
    if (perl_class(c, &n.set)) {
        s->p++;
        return new_node(s, n);
    }
    if (c == 'b' || c == 'B' || c == 'A' || c == 'z') {
        s->p++;
        return new_node(s, (struct rx_node){ .kind = RX_EMPTY });
    }
    return byte_node(s, byte_escape(s));
}

/* Flags of "(?i…", with p behind the '?'; false when they are not flags. */
static bool flags(struct parser *s)
{
    bool on = true;
    for (; s->p < s->end && *s->p != ')' && *s->p != ':'; s->p++) {
        switch (*s->p) {
        case '-':
            on = false;
            break;
        case 'i':
            s->nocase = on;
            break;
        case 's':
            s->dotall = on;
            break;
        case 'm':
            break;
        default: /* U swaps greediness, which is of no account here, but is rare: give up */
            return false;
        }
    }
    return s->p < s->end;
}

static bool group_name(struct parser *s)
{
    if (s->p < s->end && *s->p == 'P')
        s->p++;
    if (s->p >= s->end || *s->p != '<')
        return false;
    while (s->p < s->end && *s->p != '>')
        s->p++;
    return s->p++ < s->end;
}

/* A group, with p behind its '('. */
static unsigned group(struct parser *s)
{
    bool nocase = s->nocase, dotall = s->dotall;
    if (s->p < s->end && *s->p == '?') {
        s->p++;
        if (s->p < s->end && (*s->p == 'P' || *s->p == '<')) {
            s->bad |= !group_name(s);
        } else if (!flags(s)) {
            s->bad = true;
        } else if (*s->p++ == ')') { /* "(?i)": until the end of the group around it */
            return new_node(s, (struct rx_node){ .kind = RX_EMPTY });
        }
    }
    if (s->bad || ++s->depth > MAX_DEPTH) {
        s->bad = true;
        return 0;
    }
    unsigned n = alternatives(s);
    s->depth--;
    s->bad |= s->p >= s->end || *s->p != ')';
    s->p++;
    s->nocase = nocase;
    s->dotall = dotall;
    return n;
}

static unsigned atom(struct parser *s)
{
    char c = *s->p++;
    struct rx_node dot = { .kind = RX_SET };
    switch (c) {
    case '(':
        return group(s);
    case '[':
        return char_class(s);
    case '\\':
        return escape(s);
    case '^':
    case '$':
        return new_node(s, (struct rx_node){ .kind = RX_EMPTY });
    case '.':
        set_negate(&dot.set);
        if (!s->dotall)
            dot.set.w[0] &= ~(1ull << '\n');
        return new_node(s, dot);
    default:
        /* beyond ASCII RE2 reads the pattern as UTF-8 or Latin-1: not worth knowing */
        s->bad |= (uint8_t)c > 127 || c == '*' || c == '+' || c == '?';
        return byte_node(s, (uint8_t)c);
    }
}

static bool number(struct parser *s, uint32_t *ret)
{
    uint32_t v = 0;
    const char *at = s->p;
    for (; s->p < s->end && isdigit((unsigned char)*s->p) && v <= 1000; s->p++)
        v = v * 10 + (uint32_t)(*s->p - '0');
    *ret = v;
    return s->p > at;
}

/* "{2}", "{2,}", "{2,5}" with p at the brace; false (p unmoved) when it is only a brace. */
static bool counts(struct parser *s, uint32_t *lo, uint32_t *hi)
{
    const char *at = s->p++;
    if (number(s, lo)) {
        *hi = *lo;
        if (s->p < s->end && *s->p == ',') {
            s->p++;
            if (!number(s, hi))
                *hi = RX_INF;
        }
        if (s->p < s->end && *s->p == '}') {
            s->p++;
            return true;
        }
    }
    s->p = at;
    return false;
}

static unsigned repeated(struct parser *s)
{
    unsigned n = atom(s);
    while (!s->bad && s->p < s->end) {
        uint32_t lo = 0, hi = RX_INF;
        char c = *s->p;
        if (c == '{') {
            if (!counts(s, &lo, &hi))
                break;
        } else if (c == '*' || c == '+' || c == '?') {
            lo = c == '+';
            hi = c == '?' ? 1 : RX_INF;
            s->p++;
        } else {
            break;
        }
        if (s->p < s->end && *s->p == '?')
            s->p++;
        n = new_node(s, (struct rx_node){ .kind = RX_REPEAT, .a = n, .lo = lo, .hi = hi });
    }
    return n;
}

static unsigned sequence(struct parser *s)
{
    unsigned n = new_node(s, (struct rx_node){ .kind = RX_EMPTY });
    while (!s->bad && s->p < s->end && *s->p != '|' && *s->p != ')') {
        unsigned b = repeated(s);
        n = new_node(s, (struct rx_node){ .kind = RX_CAT, .a = n, .b = b });
    }
    return n;
}

static unsigned alternatives(struct parser *s)
{
    unsigned n = sequence(s);
    while (!s->bad && s->p < s->end && *s->p == '|') {
        s->p++;
        unsigned b = sequence(s);
        n = new_node(s, (struct rx_node){ .kind = RX_ALT, .a = n, .b = b });
    }
    return n;
}

/* Does the pattern begin with \b, at its top and in front of every alternative? */
static bool begins_boundary(struct pl_str regex, const struct rx *rx, unsigned root)
{
    size_t i = regex.n >= 4 && memcmp(regex.p, "(?i)", 4) == 0 ? 4 : 0;
    return regex.n >= i + 2 && regex.p[i] == '\\' && regex.p[i + 1] == 'b' &&
           rx->p[root].kind != RX_ALT;
}

bool pl_rx_parse(struct pl_str regex, struct rx *rx, unsigned *ret_root)
{
    struct parser s = { .p = regex.p, .end = regex.p + regex.n, .rx = rx };
    new_node(&s, (struct rx_node){ .kind = RX_EMPTY }); /* index 0 is nobody's root */
    *ret_root = alternatives(&s);
    if (s.bad || s.p != s.end)
        return false;
    rx->boundary = begins_boundary(regex, rx, *ret_root);
    return true;
}

void pl_rx_release(struct rx *rx)
{
    free(rx->p);
    *rx = (struct rx){ 0 };
}
