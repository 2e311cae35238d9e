/* "{assign}" of rules: from the rest of a name over the separator to where the value begins, in
 * the notations of settings and programs (docs/rules.md). By hand, since a regex for it would be
 * most of the cost of every rule that uses it. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "secret/assign.h"

#define MAX_NAME 88 /* name behind the keyword, and what follows it */
#define MAX_BLANKS 24
#define MAX_GAPS 4 /* blanks in a name; with more of them it is prose */

struct cursor {
    const uint8_t *p;
    size_t i, n;
};

static int peek(const struct cursor *c)
{
    return c->i < c->n ? c->p[c->i] : -1;
}

static bool is_name(uint8_t c)
{
    return pl_is_word(c) || c == '.' || c == '-' || c == ' ';
}

static bool is_blank(int c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f';
}

static bool in(int c, const char *set)
{
    return c > 0 && strchr(set, c);
}

static size_t skip(struct cursor *c, const char *set, size_t max)
{
    size_t from = c->i;
    while (c->i - from < max && in(peek(c), set))
        c->i++;
    return c->i - from;
}

static size_t blanks(struct cursor *c, size_t max)
{
    size_t from = c->i;
    while (c->i - from < max && is_blank(peek(c)))
        c->i++;
    return c->i - from;
}

/* `value=`, `"value": ` and the like; the cursor moves only when it is there. */
static bool value_word(struct cursor *c)
{
    struct cursor t = *c;
    skip(&t, "\"'\\", 2);
    if (t.n - t.i < 6 || !pl_str_ieq(pl_str_n(t.p + t.i, 5), PL_S("value")))
        return false;
    t.i += 5;
    skip(&t, "\"'\\", 2);
    blanks(&t, 3);
    if (!in(peek(&t), ":="))
        return false;
    t.i++;
    *c = t;
    return true;
}

/* " - " of notes, with blanks on both sides. */
static bool dash(struct cursor *c)
{
    if (c->i == 0 || c->n - c->i < 2 || c->p[c->i] != '-' || c->p[c->i + 1] != ' ' ||
        c->p[c->i - 1] != ' ')
        return false;
    c->i++;
    return true;
}

static bool separator(struct cursor *c)
{
    if (dash(c))
        return true;
    if (skip(c, ":=?|+,~", 4)) {
        skip(c, ">", 1);
        return true;
    }
    if (peek(c) == '>') {
        c->i++;
        return true;
    }
    if (c->n - c->i >= 2 && c->p[c->i] == '<' && c->p[c->i + 1] == '-') {
        c->i += 2;
        return true;
    }
    return false;
}

static void opening(struct cursor *c)
{
    struct cursor t = *c;
    blanks(&t, 12);
    /* behind "=" the next line belongs to it only with a quote: "KEY=" has no value */
    bool equals = c->i > 0 && c->p[c->i - 1] == '=';
    if (equals && memchr(c->p + c->i, '\n', t.i - c->i) && !in(peek(&t), "\"'`\\"))
        return;
    *c = t;
    if (skip(c, "\"'`\\", 4))
        skip(c, " ", 2);
}

/* Value behind the name that ends at c->i; false when nothing is assigned there. */
static bool behind_name(struct cursor *c)
{
    skip(c, "\"'`\\])", 4);
    struct cursor t = *c;
    skip(&t, " \t", 3);
    if (separator(&t)) {
        *c = t;
        blanks(&t, MAX_BLANKS);
        if (value_word(&t))
            *c = t;
        return true;
    }
    skip(c, ",", 1);
    return blanks(c, MAX_BLANKS) && value_word(c);
}

static bool ends_in_flag_word(const uint8_t *p, size_t from, size_t i)
{
    static const char *const words[] = { "key", "token",  "secret", "pass",
                                         "pat", "access", "private" };
    for (size_t k = 0; k < sizeof words / sizeof *words; k++) {
        size_t n = strlen(words[k]);
        if (i - from >= n && pl_str_ieq(pl_str_n(p + i - n, n), pl_str_n(words[k], n)))
            return true;
    }
    return false;
}

unsigned pl_assign_values(const struct pl_hit *h, size_t from, size_t ret[PL_ASSIGN_MAX])
{
    struct cursor c = { h->p, from, h->n };
    size_t max = h->n - from < MAX_NAME ? h->n : from + MAX_NAME;
    unsigned n = 0, gaps = 0;
    for (; c.i < max && is_name(h->p[c.i]); c.i++) {
        if (h->p[c.i] == ' ' && (c.i == 0 || h->p[c.i - 1] != ' ') && ++gaps > MAX_GAPS)
            return n;
        /* --zendesk-token VALUE, zendesk-key-VALUE */
        if (strchr(" -.", h->p[c.i]) && n + 1 < PL_ASSIGN_MAX &&
            ends_in_flag_word(h->p, h->at, c.i)) {
            struct cursor t = { h->p, c.i + 1, h->n };
            opening(&t);
            ret[n++] = t.i;
        }
    }
    if (peek(&c) == '\t' && ends_in_flag_word(h->p, h->at, c.i)) {
        struct cursor t = { h->p, c.i + 1, h->n };
        opening(&t);
        ret[n++] = t.i;
        return n;
    }
    if (behind_name(&c)) {
        opening(&c);
        ret[n++] = c.i;
    }
    return n;
}

bool pl_assign_split(struct pl_str regex, struct pl_str *ret_head, struct pl_str *ret_tail)
{
    struct pl_str mark = PL_S(PL_ASSIGN_MARK);
    size_t at = pl_str_find(regex, mark, 0);
    if (at == SIZE_MAX)
        return false;
    *ret_head = pl_str_sub(regex, 0, at);
    *ret_tail = pl_str_sub(regex, at + mark.n, SIZE_MAX);
    return true;
}
