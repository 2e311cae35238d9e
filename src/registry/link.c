/* Link: <target>; rel="next", … */
/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/link.h"

static size_t blanks(struct pl_str s, size_t at)
{
    while (at < s.n && (s.p[at] == ' ' || s.p[at] == '\t'))
        at++;
    return at;
}

/* End of a parameter's value at `at`, which may be quoted; *ret is the value. */
static size_t value(struct pl_str s, size_t at, struct pl_str *ret)
{
    size_t from = at;
    if (at < s.n && s.p[at] == '"') {
        for (at++; at < s.n && s.p[at] != '"'; at++)
            if (s.p[at] == '\\')
                at++;
        *ret = pl_str_sub(s, from + 1, at < s.n ? at - from - 1 : s.n);
        return at < s.n ? at + 1 : s.n;
    }
    while (at < s.n && s.p[at] != ';' && s.p[at] != ',' && s.p[at] != ' ' && s.p[at] != '\t')
        at++;
    *ret = pl_str_sub(s, from, at - from);
    return at;
}

/* Is "next" one of the words of a rel value? */
static bool says_next(struct pl_str v)
{
    struct pl_str word;
    while (pl_str_split(&v, ' ', &word))
        if (pl_str_ieq(word, PL_S("next")))
            return true;
    return false;
}

/* Parameters of one link from `at` on; the end of the link. Only the first rel counts. */
static size_t parameters(struct pl_str s, size_t at, bool *ret_next)
{
    bool seen = false;
    for (;;) {
        at = blanks(s, at);
        if (at >= s.n || s.p[at] != ';')
            return at;
        at = blanks(s, at + 1);
        size_t from = at;
        while (at < s.n && s.p[at] != '=' && s.p[at] != ';' && s.p[at] != ',' && s.p[at] != ' ')
            at++;
        struct pl_str name = pl_str_sub(s, from, at - from), v = { "", 0 };
        at = blanks(s, at);
        if (at < s.n && s.p[at] == '=')
            at = value(s, blanks(s, at + 1), &v);
        if (!seen && pl_str_ieq(name, PL_S("rel"))) {
            seen = true;
            *ret_next = says_next(v);
        }
    }
}

bool pl_link_next(struct pl_str s, struct pl_str *ret)
{
    size_t at = 0;
    for (;;) {
        bool next = false;
        while (at < s.n && (s.p[at] == ',' || s.p[at] == ' ' || s.p[at] == '\t'))
            at++;
        if (at >= s.n || s.p[at] != '<')
            return false;
        size_t end = pl_str_find(s, PL_S(">"), at);
        if (end == SIZE_MAX)
            return false;
        struct pl_str target = pl_str_sub(s, at + 1, end - at - 1);
        at = parameters(s, end + 1, &next);
        if (next) {
            *ret = target;
            return true;
        }
        if (at < s.n && s.p[at] != ',')
            return false;
    }
}
