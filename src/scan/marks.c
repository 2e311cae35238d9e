/* Child: markers beside a secret. Only rule and date are taken from it: what else stands on the
 * line may be anything. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "scan/marks.h"

#define LINE_MAX_BYTES ((size_t)8192) /* looked at on either side */

/* A rule id or "until=" and a date. */
static bool is_word(struct pl_str s)
{
    bool until = pl_str_starts(s, PL_S("until=")), slash = false;
    if (s.n > 80 || (until && s.n != 16))
        return false;
    for (size_t i = until ? 6 : 0; i < s.n; i++) {
        char c = s.p[i];
        bool digit = c >= '0' && c <= '9';
        slash |= c == '/';
        if (!digit && c != '-' && (until || ((c < 'a' || c > 'z') && c != '/')))
            return false;
    }
    return until || (slash && pl_str_starts(s, PL_S("secret/")));
}

static struct pl_str words(struct pl_arena *a, struct pl_str rest)
{
    struct pl_str out = PL_S("plimsoll:allow"), word;
    for (int i = 0; i < 3 && rest.p && pl_str_split(&rest, ' ', &word); i++) {
        word = pl_str_trim(word);
        if (is_word(word))
            out = pl_printf(a, "%.*s %.*s", PL_FMT(out), PL_FMT(word));
        else if (word.n)
            break;
    }
    return out;
}

struct pl_str pl_mark_near(struct pl_arena *a, const uint8_t *p, size_t n, size_t off, size_t len)
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
        return pl_dup(a, words(a, rest.n ? pl_str_sub(rest, 1, rest.n) : rest));
    }
    return pl_str_find(line, theirs, 0) == SIZE_MAX ? PL_S("") : theirs;
}
