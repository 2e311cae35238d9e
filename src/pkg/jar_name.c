/* File names of Java archives, as Maven's repository layout writes them: ARTIFACT-VERSION with an
 * optional classifier behind. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "pkg/jar_name.h"

#include <string.h>

bool pl_jar_is(struct pl_str file)
{
    static const char *const ends[] = { ".jar", ".war", ".ear", ".par", ".sar", ".nar",
                                        ".rar", ".kar", ".hpi", ".jpi", ".lpi", ".aar" };
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++)
        if (pl_str_iends(file, pl_str_c(ends[i])))
            return true;
    return false;
}

static bool digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* Does a part behind a '-' still belong to the version? */
static bool qualifier(struct pl_str part)
{
    static const char *const words[] = {
        "alpha",   "beta",  "b",       "m",        "milestone", "rc",         "cr",
        "ga",      "final", "release", "snapshot", "sp",        "jre",        "android",
        "redhat",  "build", "v",       "r",        "dev",       "incubating", "pre",
        "preview", "ea",    "patch",   "p",        "jboss",     "atlassian",
    };
    size_t n = 0;
    if (part.n && digit(part.p[0]))
        return true;
    while (n < part.n && letter(part.p[n]))
        n++;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (pl_str_ieq(pl_str_sub(part, 0, n), pl_str_c(words[i])))
            return true;
    return false;
}

/* How much of `s`, which begins with a digit, is version: up to a part that is none. */
static size_t version_length(struct pl_str s)
{
    size_t at = 0;
    while (at < s.n) {
        size_t end = pl_str_find(s, PL_S("-"), at);
        end = end == SIZE_MAX ? s.n : end;
        if (at && !qualifier(pl_str_sub(s, at, end - at)))
            return at - 1;
        at = end + 1;
    }
    return s.n;
}

static bool begins(struct pl_str s, size_t i, char sign)
{
    return i + 1 < s.n && s.p[i] == sign && digit(s.p[i + 1]);
}

/* Where the version that the archive names stands, at the end or before a classifier: it tells
 * log4j-1.2-1.2.17 right. */
static size_t said_in(struct pl_str s, struct pl_str said)
{
    for (size_t i = 1; said.n && i < s.n; i++) {
        struct pl_str rest = pl_str_sub(s, i + 1, s.n);
        if (s.p[i] == '-' && pl_str_starts(rest, said) &&
            (rest.n == said.n || (rest.p[said.n] == '-' && version_length(rest) <= said.n)))
            return i + 1;
    }
    return 0;
}

/* Where the version begins, and how long it is; 0 for nowhere. What is all version to the end
 * wins: log4j-1.2-api-2.17.1. */
static size_t version_in(struct pl_str s, size_t *ret_n)
{
    size_t first = 0, first_n = 0;
    for (size_t i = 1; i < s.n; i++) {
        if (!begins(s, i, '-'))
            continue;
        struct pl_str rest = pl_str_sub(s, i + 1, s.n);
        size_t n = version_length(rest);
        *ret_n = n;
        if (n == rest.n)
            return i + 1;
        if (!first && memchr(rest.p, '.', n)) {
            first = i + 1;
            first_n = n;
        }
    }
    for (size_t i = 1; i < s.n && !first; i++) /* NAME_VERSION of bundles */
        if (begins(s, i, '_') && version_length(pl_str_sub(s, i + 1, s.n)) == s.n - i - 1) {
            first = i + 1;
            first_n = s.n - i - 1;
        }
    *ret_n = first_n;
    return first;
}

void pl_jar_name(struct pl_str file, struct pl_str said, struct pl_str *ret_name,
                 struct pl_str *ret_version)
{
    size_t n = 0;
    if (!pl_jar_is(file) || file.n < 5)
        return;
    struct pl_str s = pl_str_sub(file, 0, file.n - 4);
    size_t at = said_in(s, said);
    if (at)
        n = said.n;
    else
        at = version_in(s, &n);
    *ret_name = at ? pl_str_sub(s, 0, at - 1) : s;
    if (at)
        *ret_version = pl_str_sub(s, at, n);
}
