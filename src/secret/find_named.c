/* What is assigned to a name and no more: `mixpanel = "…"`. Found from the value, since names of
 * services are too many to be looked for. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "secret/check.h"
#include "secret/keyvalue.h"

#define MAX_NAME 40

static size_t back_over(const uint8_t *p, size_t i, const char *set, size_t max)
{
    size_t from = i;
    while (i > 0 && from - i < max && p[i - 1] && strchr(set, p[i - 1]))
        i--;
    return i;
}

/* Start of what assigns in front of p[i), or i itself: "=", ":", ":=", "=>", " - ". */
static size_t back_over_operator(const uint8_t *p, size_t i)
{
    if (i >= 2 && p[i - 1] == '>' && p[i - 2] == '=')
        return i - 2;
    if (i >= 2 && p[i - 1] == '=' && p[i - 2] == ':')
        return i - 2;
    if (i >= 1 && (p[i - 1] == '=' || p[i - 1] == ':'))
        return i - 1;
    if (i >= 2 && p[i - 1] == '-' && p[i - 2] == ' ')
        return i - 1;
    return i;
}

static bool is_hex(struct pl_str s)
{
    for (size_t i = 0; i < s.n; i++) {
        uint8_t c = (uint8_t)s.p[i];
        if (!pl_is_digit(c) && (uint8_t)((c | 0x20) - 'a') > 5)
            return false;
    }
    return true;
}

/* Of a length that keys have: 32, 40, 48 and 64 letters and digits, or base64 that is padded. */
static bool is_key_sized(struct pl_str s)
{
    size_t alnum = 0;
    for (size_t i = 0; i < s.n; i++)
        alnum += pl_is_alnum((uint8_t)s.p[i]);
    if (s.p[s.n - 1] == '=')
        return s.n % 4 == 0;
    return alnum == s.n && (s.n == 32 || s.n == 40 || s.n == 48 || s.n == 64);
}

static bool ends_value(const struct pl_hit *h, size_t i, uint8_t quote)
{
    if (quote)
        return i < h->n && (h->p[i] == quote || h->p[i] == '\\');
    return i >= h->n || (h->p[i] && strchr(" \t\r\n,;)}<\\", h->p[i]));
}

static bool is_quote(uint8_t c)
{
    return c == '"' || c == '\'' || c == '`';
}

/* What stands round the run: key and value, and whether an operator joins them. */
struct named {
    struct pl_kv kv;
    bool joined, glued;
};

static bool parse(const struct pl_hit *h, struct named *ret)
{
    const uint8_t *p = h->p;
    size_t end = h->at + h->len, i = h->at;
    if (i == 0)
        return false;
    for (unsigned k = 0; k < 2 && end < h->n && p[end] == '='; k++)
        end++;
    struct pl_str value = pl_str_n(p + h->at, end - h->at);
    uint8_t quote = is_quote(p[i - 1]) ? p[i - 1] : 0;
    if (!ends_value(h, end, quote) || !is_key_sized(value))
        return false;
    i = back_over(p, i - (quote != 0), "\\", quote ? 3 : 0);
    size_t gap = back_over(p, i, " \t", 8), op = back_over_operator(p, gap);
    size_t name_end = back_over(p, op, " \t", 8);
    name_end = back_over(p, name_end, "\"'`]\\", 4);
    size_t name = name_end;
    while (name > 0 && name_end - name < MAX_NAME &&
           (pl_is_word(p[name - 1]) || p[name - 1] == '-'))
        name--;
    *ret = (struct named){ .kv = { .key = pl_str_n(p + name, name_end - name),
                                   .value = value,
                                   .quoted = quote != 0,
                                   .token = true },
                           .joined = op != gap,
                           .glued = !quote && gap == i };
    return ret->kv.key.n >= 5;
}

struct pl_str pl_named_run_key(const struct pl_hit *h)
{
    struct named n;
    return parse(h, &n) ? n.kv.key : (struct pl_str){ NULL, 0 };
}

bool pl_find_named_run(const struct pl_hit *h, struct pl_found_at *ret)
{
    struct named n;
    if (!parse(h, &n) || !pl_kv_is_random(&n.kv))
        return false;
    /* with nothing but a blank between them, what could be a digest is one */
    if (!n.joined && (is_hex(n.kv.value) || n.glued))
        return false;
    *ret = (struct pl_found_at){ .off = h->at, .len = n.kv.value.n };
    return true;
}
