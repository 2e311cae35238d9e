/* Positions and entropy as gitleaks 8.30 computes them, its oddities included. secrets.md 5, 5.1.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <stdlib.h>

#include "compat/gl_detect_int.h"
#include "fmt/utf8.h"

static void list_newlines(struct pl_gl_worker *w)
{
    struct pl_str raw = w->frag->raw;
    w->newlines.n = 0;
    for (size_t i = 0; i < raw.n; i++) {
        const char *p = memchr(raw.p + i, '\n', raw.n - i);
        if (!p)
            break;
        i = (size_t)(p - raw.p);
        pl_vec_push(&w->newlines, i);
    }
    if (!w->newlines.n)
        pl_vec_push(&w->newlines,
                    raw.n); /* text of one line ends in a line end that is not there */
    w->have_newlines = true;
}

/* Index of the first line end that is at `off` or behind it. */
static size_t line_at(const struct pl_gl_worker *w, size_t off)
{
    size_t lo = 0, hi = w->newlines.n;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (w->newlines.p[mid] < off)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

/* The match begins behind the last line end. */
static void last_line(const struct pl_gl_worker *w, size_t start, size_t end, struct gl_place *r)
{
    struct pl_str raw = w->frag->raw;
    size_t before = w->newlines.p[w->newlines.n - 1];
    r->start_line = r->end_line = (int64_t)w->newlines.n;
    r->start_column = (int64_t)start - (int64_t)before + 1;
    r->end_column = (int64_t)end - (int64_t)before;
    r->line_from = 0;
    for (r->line_to = end; r->line_to < raw.n; r->line_to++)
        if (raw.p[r->line_to] == '\n' || raw.p[r->line_to] == '\r')
            break;
}

void gl_locate(struct pl_gl_worker *w, size_t start, size_t end, struct gl_place *r)
{
    if (!w->have_newlines)
        list_newlines(w);
    *r = (struct gl_place){ 0 };
    size_t n = w->newlines.n, s = line_at(w, start + 1), e = line_at(w, end);
    if (s == n) {
        last_line(w, start, end, r);
    } else {
        size_t before = s ? w->newlines.p[s - 1] : 0;
        r->start_line = r->end_line = (int64_t)s;
        r->start_column = (int64_t)(start - before) + 1;
        r->line_from = before;
        r->line_to = w->newlines.p[s];
        size_t before_end = e && e < n ? w->newlines.p[e - 1] : 0;
        if (e < n && before_end < end) {
            r->end_column = (int64_t)(end - before_end);
            if (e >= s) {
                r->end_line = (int64_t)e;
                r->line_to = w->newlines.p[e];
            }
        }
    }
    if (end > r->line_to)
        r->line_to = end;
}

double gl_entropy(struct pl_str s)
{
    struct count {
        uint32_t cp, n;
    };
    struct count small[128] = { 0 };
    PL_VEC(struct count) rest = { 0 };
    uint8_t order[128];
    size_t kinds = 0;
    for (size_t i = 0; i < s.n;) {
        uint32_t cp;
        size_t len = pl_utf8_next(pl_str_sub(s, i, 4), &cp);
        if (!len) {
            cp = 0xFFFD;
            len = 1;
        }
        i += len;
        if (cp < 128) {
            if (!small[cp].n++)
                order[kinds++] = (uint8_t)cp;
            continue;
        }
        size_t k = 0;
        while (k < rest.n && rest.p[k].cp != cp)
            k++;
        if (k == rest.n)
            pl_vec_push(&rest, (struct count){ .cp = cp });
        rest.p[k].n++;
    }
    double sum = 0, inverse = s.n ? 1.0 / (double)s.n : 0;
    for (size_t i = 0; i < kinds; i++) {
        double f = small[order[i]].n * inverse;
        sum -= f * log2(f);
    }
    for (size_t i = 0; i < rest.n; i++) {
        double f = rest.p[i].n * inverse;
        sum -= f * log2(f);
    }
    pl_vec_release(&rest);
    return sum;
}
