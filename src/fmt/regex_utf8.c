/* Text as Go reads it: every byte outside valid UTF-8 counts as one U+FFFD. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cleanup.h"
#include "fmt/regex.h"
#include "fmt/utf8.h"

static size_t sequence(struct pl_str s, size_t i)
{
    uint32_t cp;
    return pl_utf8_next((struct pl_str){ s.p + i, s.n - i }, &cp);
}

/* How many ASCII bytes stand from `i` on: most text is nothing else. */
static size_t ascii(struct pl_str s, size_t i)
{
    size_t from = i;
    for (uint64_t eight; s.n - i >= sizeof eight; i += sizeof eight) {
        memcpy(&eight, s.p + i, sizeof eight);
        if (eight & 0x8080808080808080ull)
            break;
    }
    while (i < s.n && !(s.p[i] & 0x80))
        i++;
    return i - from;
}

static size_t count_bad(struct pl_str s)
{
    size_t bad = 0;
    for (size_t i = ascii(s, 0); i < s.n; i += ascii(s, i)) {
        size_t len = sequence(s, i);
        bad += len == 0;
        i += len ? len : 1;
    }
    return bad;
}

void pl_utf8_text_init(struct pl_utf8_text *t, struct pl_str s)
{
    *t = (struct pl_utf8_text){ .text = s, .n_bad = count_bad(s) };
    if (t->n_bad == 0)
        return;
    t->own = malloc(s.n + 2 * t->n_bad);
    t->bad = calloc(t->n_bad, sizeof *t->bad);
    if (!t->own || !t->bad)
        pl_oom();
    size_t out = 0, bad = 0;
    for (size_t i = 0; i < s.n;) {
        size_t len = ascii(s, i);
        if (!len)
            len = sequence(s, i);
        if (len) {
            memcpy(t->own + out, s.p + i, len);
            out += len;
            i += len;
        } else {
            t->bad[bad++] = out;
            memcpy(t->own + out, "\xef\xbf\xbd", 3);
            out += 3;
            i++;
        }
    }
    t->text = (struct pl_str){ t->own, out };
}

void pl_utf8_text_release(struct pl_utf8_text *t)
{
    free(t->own);
    free(t->bad);
    *t = (struct pl_utf8_text){ 0 };
}

size_t pl_utf8_text_back(const struct pl_utf8_text *t, size_t off)
{
    size_t lo = 0, hi = t->n_bad;
    while (lo < hi) { /* replacements that begin before `off` */
        size_t mid = lo + (hi - lo) / 2;
        if (t->bad[mid] < off)
            lo = mid + 1;
        else
            hi = mid;
    }
    return off - 2 * lo;
}
