/* Child: markers beside a secret. Only rule and date are taken from it: what else stands on the
 * line may be anything. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "scan/marks.h"

#include <string.h>

#include "base/clock.h"

#define LINE_MAX_BYTES ((size_t)8192) /* looked at on either side */
#define WORDS_MAX 24                  /* after a marker */

/* What a word after the marker means: "until=" and a date, or the full id of a rule, which may be
 * written without "secret/". Empty: nothing. What is no date is past. */
static struct pl_str meaning(struct pl_arena *a, const struct pl_rules *rules, struct pl_str s)
{
    static const struct pl_str until = PL_S("until="), secret = PL_S("secret/");
    while (s.n && strchr(",;.:)", s.p[s.n - 1]))
        s.n--;
    if (s.n > 80)
        return PL_S("");
    if (pl_str_starts(s, until))
        return pl_clock_is_date(pl_str_sub(s, until.n, s.n)) ? s : PL_S("until=0000-00-00");
    bool full = pl_str_starts(s, secret);
    if (!full)
        s = pl_printf(a, "secret/%.*s", PL_FMT(s));
    for (size_t i = secret.n; i < s.n; i++) {
        char c = s.p[i];
        if (c != '-' && (c < 'a' || c > 'z') && (c < '0' || c > '9'))
            return PL_S("");
    }
    return s.n > secret.n && (full || pl_rules_find(rules, s)) ? s : PL_S("");
}

/* A rule stands right behind the marker, a date anywhere among the next words. */
static struct pl_str words(struct pl_arena *a, const struct pl_rules *rules, struct pl_str rest)
{
    struct pl_str out = PL_S("plimsoll:allow"), word;
    bool rule = true;
    for (int i = 0; i < WORDS_MAX && rest.p && pl_str_split(&rest, ' ', &word); i++) {
        word = pl_str_trim(word);
        struct pl_str m = word.n ? meaning(a, rules, word) : PL_S("");
        bool date = pl_str_starts(m, PL_S("until="));
        if (m.n && (date || rule))
            out = pl_printf(a, "%.*s %.*s", PL_FMT(out), PL_FMT(m));
        rule = rule && (m.n || !word.n);
    }
    return out;
}

struct pl_str pl_mark_near(struct pl_arena *a, const struct pl_rules *rules, const uint8_t *p,
                           size_t n, size_t off, size_t len)
{
    static const struct pl_str ours = PL_S("plimsoll:allow"), theirs = PL_S("gitleaks:allow");
    size_t from = off, to = off + len < n ? off + len : n;
    while (from && off - from < LINE_MAX_BYTES && p[from - 1] != '\n')
        from--;
    for (size_t end = to; to < n && to - end < LINE_MAX_BYTES && p[to] != '\n';)
        to++;
    struct pl_str line = pl_str_n(p + from, to - from);
    size_t at = pl_str_find(line, ours, 0);
    if (at != SIZE_MAX) {
        struct pl_str rest = pl_str_sub(line, at + ours.n, line.n);
        return pl_dup(a, words(a, rules, rest.n ? pl_str_sub(rest, 1, rest.n) : rest));
    }
    return pl_str_find(line, theirs, 0) == SIZE_MAX ? PL_S("") : theirs;
}
