/* Path patterns: pattern, NUL, text. Held against the plain recursive definition where that is
 * affordable. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "fmt/glob.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static bool plain(struct pl_str p)
{
    for (size_t i = 0; i < p.n; i++) {
        if (p.p[i] == '[' || p.p[i] == '\\')
            return false;
    }
    return true;
}

static bool match(struct pl_str p, struct pl_str t)
{
    if (p.n == 0)
        return t.n == 0;
    struct pl_str rest = pl_str_sub(p, 1, SIZE_MAX);
    if (p.p[0] == '*' && p.n >= 2 && p.p[1] == '*') {
        while (rest.n && rest.p[0] == '*')
            rest = pl_str_sub(rest, 1, SIZE_MAX);
        bool dir = rest.n && rest.p[0] == '/';
        if (dir)
            rest = pl_str_sub(rest, 1, SIZE_MAX);
        for (size_t i = 0; i <= t.n; i++) {
            bool here = !dir || i == 0 || t.p[i - 1] == '/';
            if (here && match(rest, pl_str_sub(t, i, SIZE_MAX)))
                return true;
        }
        return false;
    }
    if (p.p[0] == '*') {
        for (size_t i = 0; i <= t.n; i++) {
            if (match(rest, pl_str_sub(t, i, SIZE_MAX)))
                return true;
            if (i < t.n && t.p[i] == '/')
                break;
        }
        return false;
    }
    if (t.n == 0 || (p.p[0] == '?' ? t.p[0] == '/' : p.p[0] != t.p[0]))
        return false;
    return match(rest, pl_str_sub(t, 1, SIZE_MAX));
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    const uint8_t *nul = n ? memchr(p, 0, n) : NULL;
    size_t len = nul ? (size_t)(nul - p) : n;
    struct pl_str pattern = pl_str_n(p, len);
    struct pl_str text = nul ? pl_str_n(nul + 1, n - len - 1) : (struct pl_str){ "", 0 };
    struct pl_err err = { 0 };
    int e = pl_glob_check(pattern, &err);
    bool yes = pl_glob_match(pattern, text);
    pl_glob_path(pattern, text);
    if (e < 0)
        return yes ? (abort(), 0) : -1;
    if (pattern.n <= 10 && text.n <= 14 && plain(pattern) && yes != match(pattern, text))
        abort();
    return 0;
}
