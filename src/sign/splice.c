/* Elements of an array in JSON text that stays as it is: documents of others are added to without
 * writing anew what they hold. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "sign/store.h"

static size_t skip_string(struct pl_str s, size_t at)
{
    for (at++; at < s.n && s.p[at] != '"'; at++)
        if (s.p[at] == '\\')
            at++;
    return at + 1;
}

static size_t skip_blank(struct pl_str s, size_t at)
{
    while (at < s.n && (s.p[at] == ' ' || s.p[at] == '\n' || s.p[at] == '\r' || s.p[at] == '\t'))
        at++;
    return at;
}

/* Behind the value that begins at `at`. */
static size_t skip_value(struct pl_str s, size_t at)
{
    unsigned depth = 0;
    for (; at < s.n; at++) {
        char c = s.p[at];
        if (c == '"')
            at = skip_string(s, at) - 1;
        else if (c == '{' || c == '[')
            depth++;
        else if ((c == '}' || c == ']' || c == ',') && depth == 0)
            return at;
        else if (c == '}' || c == ']')
            depth--;
        if (depth == 0 && (c == '}' || c == ']' || c == '"'))
            return at + 1;
    }
    return at < s.n ? at : s.n;
}

static long elements(struct pl_str s, size_t at, struct pl_str *ret, size_t max, size_t *ret_at)
{
    size_t n = 0;
    at = skip_blank(s, at + 1);
    while (at < s.n && s.p[at] != ']') {
        size_t end = skip_value(s, at);
        if (n < max)
            ret[n] = pl_str_sub(s, at, end - at);
        n++;
        at = skip_blank(s, end);
        if (at < s.n && s.p[at] == ',')
            at = skip_blank(s, at + 1);
    }
    *ret_at = at;
    return n <= max ? (long)n : -1;
}

/* Where the value of member `key` begins; SIZE_MAX: there is none. */
static size_t find_member(struct pl_str text, const char *key)
{
    size_t at = skip_blank(text, 0);
    if (at >= text.n || text.p[at] != '{')
        return SIZE_MAX;
    at = skip_blank(text, at + 1);
    while (at < text.n && text.p[at] == '"') {
        size_t end = skip_string(text, at);
        bool mine = pl_str_is(pl_str_sub(text, at + 1, end - at - 2), key);
        at = skip_blank(text, end);
        at = skip_blank(text, at + 1); /* the colon */
        if (mine)
            return at < text.n ? at : SIZE_MAX;
        at = skip_blank(text, skip_value(text, at));
        if (at < text.n && text.p[at] == ',')
            at = skip_blank(text, at + 1);
    }
    return SIZE_MAX;
}

long pl_json_elements(struct pl_str text, const char *key, struct pl_str *ret, size_t max,
                      size_t *ret_at)
{
    size_t at = find_member(text, key);
    return at != SIZE_MAX && text.p[at] == '[' ? elements(text, at, ret, max, ret_at) : -1;
}

bool pl_json_member(struct pl_str text, const char *key, struct pl_str *ret)
{
    size_t at = find_member(text, key);
    if (at == SIZE_MAX)
        return false;
    *ret = pl_str_sub(text, at, skip_value(text, at) - at);
    return true;
}
