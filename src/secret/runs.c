/* Finds long encoded runs: sixteen bytes at a time, since nearly every block has a blank, a NUL or
 * a punctuation mark in it. Threshold and samples do not depend on where the text was cut. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "secret/runs.h"

#include "secret/blocks.h"

#define SAMPLE 12 /* decoded bytes */

/* Value plus one of base64 characters, both alphabets. */
static const uint8_t digit64[256] = {
    ['A'] = 1,  ['B'] = 2,  ['C'] = 3,  ['D'] = 4,  ['E'] = 5,  ['F'] = 6,  ['G'] = 7,  ['H'] = 8,
    ['I'] = 9,  ['J'] = 10, ['K'] = 11, ['L'] = 12, ['M'] = 13, ['N'] = 14, ['O'] = 15, ['P'] = 16,
    ['Q'] = 17, ['R'] = 18, ['S'] = 19, ['T'] = 20, ['U'] = 21, ['V'] = 22, ['W'] = 23, ['X'] = 24,
    ['Y'] = 25, ['Z'] = 26, ['a'] = 27, ['b'] = 28, ['c'] = 29, ['d'] = 30, ['e'] = 31, ['f'] = 32,
    ['g'] = 33, ['h'] = 34, ['i'] = 35, ['j'] = 36, ['k'] = 37, ['l'] = 38, ['m'] = 39, ['n'] = 40,
    ['o'] = 41, ['p'] = 42, ['q'] = 43, ['r'] = 44, ['s'] = 45, ['t'] = 46, ['u'] = 47, ['v'] = 48,
    ['w'] = 49, ['x'] = 50, ['y'] = 51, ['z'] = 52, ['0'] = 53, ['1'] = 54, ['2'] = 55, ['3'] = 56,
    ['4'] = 57, ['5'] = 58, ['6'] = 59, ['7'] = 60, ['8'] = 61, ['9'] = 62, ['+'] = 63, ['-'] = 63,
    ['/'] = 64, ['_'] = 64,
};

int pl_run_digit(uint8_t c, bool hex)
{
    if (!hex)
        return digit64[c] - 1;
    if (pl_is_digit(c))
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool in_class(uint8_t c)
{
    return digit64[c] != 0;
}

static bool is_text(uint8_t c)
{
    return (c >= 0x20 && c < 0x7f) || c == '\n' || c == '\t' || c == '\r';
}

/* Is every second byte zero and every other one text? 0: no; 1: zeros behind; 2: zeros in front. */
static int is_utf16(const uint8_t *p)
{
    for (unsigned zero = 0; zero < 2; zero++) {
        bool yes = true;
        for (unsigned k = 0; k < 16 && yes; k++)
            yes = k % 2 != zero ? p[k] == 0 : is_text(p[k]);
        if (yes)
            return zero == 0 ? 1 : 2;
    }
    return 0;
}

/* Decodes up to SAMPLE bytes from p[i, end) and holds each against text; `units` 2 asks for UTF-16.
 */
static bool sample64(const uint8_t *p, size_t i, size_t end, bool wide)
{
    if (end - i < SAMPLE / 3 * 4)
        return false;
    for (unsigned g = 0; g < SAMPLE / 3 && !wide; g++) {
        /* the first six bits of printable text: 'I' to 'f', or those of a line break */
        uint8_t c = p[i + 4 * g];
        if (!((c >= 'I' && c <= 'f') || c == 'C' || c == 'D'))
            return false;
    }
    for (unsigned g = 0; g < SAMPLE / 3; g++, i += 4) {
        uint32_t v = 0;
        for (unsigned k = 0; k < 4; k++) {
            if (!digit64[p[i + k]])
                return false;
            v = v << 6 | (uint32_t)(digit64[p[i + k]] - 1);
        }
        uint8_t out[3] = { (uint8_t)(v >> 16), (uint8_t)(v >> 8), (uint8_t)v };
        for (unsigned k = 0; k < 3; k++) {
            bool zero = wide && (3 * g + k) % 2 == 1;
            if (zero ? out[k] != 0 : !is_text(out[k]))
                return false;
        }
    }
    return true;
}

static bool sample16(const uint8_t *p, size_t i, size_t end)
{
    if (end - i < 2 * SAMPLE)
        return false;
    for (unsigned k = 0; k < SAMPLE; k++, i += 2) {
        int hi = pl_run_digit(p[i], true), lo = pl_run_digit(p[i + 1], true);
        if (hi < 0 || lo < 0 || !is_text((uint8_t)(hi << 4 | lo)))
            return false;
    }
    return true;
}

/* Text at the start, in the middle, or at the end of the line, at some alignment? */
static bool decodes(const uint8_t *p, size_t s, size_t e, struct pl_run *r)
{
    size_t len = e - s;
    for (unsigned skip = 0; skip < 2; skip++) {
        size_t mid = s + skip + (len / 2 & ~(size_t)1);
        if (sample16(p, s + skip, e) || sample16(p, mid, e)) {
            *r = (struct pl_run){ s, len, PL_ENC_HEX, (uint8_t)skip, false };
            return true;
        }
    }
    for (unsigned skip = 0; skip < 4; skip++) {
        size_t mid = s + skip + (len / 2 & ~(size_t)3);
        size_t last = s + skip + ((len - skip) & ~(size_t)3);
        last = last - s >= 16 + skip ? last - 16 : s + skip;
        if (sample64(p, s + skip, e, false) || sample64(p, mid, e, false) ||
            sample64(p, last, e, false) || sample64(p, s + skip, e, true)) {
            *r = (struct pl_run){ s, len, PL_ENC_BASE64, (uint8_t)skip, false };
            return true;
        }
    }
    return false;
}

size_t pl_run_break(const uint8_t *p, size_t n, size_t i)
{
    size_t from = i;
    if (i < n && p[i] == '\r')
        i++;
    if (i < n && p[i] == '\n') {
        i++;
    } else if (n - i >= 2 && p[i] == '\\' && (p[i + 1] == 'n' || p[i + 1] == 'r')) {
        i += 2;
        if (n - i >= 2 && p[i] == '\\' && p[i + 1] == 'n')
            i += 2;
    } else {
        return 0;
    }
    while (i < n && i - from < 64 && (p[i] == ' ' || p[i] == '\t'))
        i++;
    return i - from;
}

static size_t class_end(const uint8_t *p, size_t n, size_t i)
{
    while (i < n && in_class(p[i]))
        i++;
    return i;
}

/* Adds the lines that follow: as long as the first, the last one shorter. */
static size_t join_lines(const uint8_t *p, size_t n, size_t s, size_t e)
{
    size_t width = e - s;
    for (;;) {
        size_t brk = pl_run_break(p, n, e);
        if (brk == 0)
            return e;
        size_t next = class_end(p, n, e + brk), len = next - (e + brk);
        if (len == 0 || len > width)
            return e;
        e = next;
        if (len < width)
            return e;
    }
}

static bool base64_run(const uint8_t *p, size_t n, size_t low, size_t i, size_t *end,
                       struct pl_run *r)
{
    size_t s = i, e = class_end(p, n, i + 16);
    while (s > low && in_class(p[s - 1]))
        s--;
    *end = e;
    if (e - s < PL_RUN_MIN)
        return false;
    if (!decodes(p, s, e, r)) {
        *r = (struct pl_run){ s, e - s, PL_ENC_NONE, 0, e == n };
        return e - s <= PL_RUN_VALUE;
    }
    e = join_lines(p, n, s, e);
    r->cut = e == n;
    for (unsigned pad = 0; pad < 2 && e < n && p[e] == '='; pad++)
        e++;
    r->len = e - s;
    *end = e;
    return true;
}

static bool utf16_run(const uint8_t *p, size_t n, size_t low, size_t i, int kind, size_t *end,
                      struct pl_run *r)
{
    size_t s = i, e = i + 16, c = kind == 2;
    while (s >= low + 2 && is_text(p[s - 2 + c]) && p[s - 1 - c] == 0)
        s -= 2;
    while (n - e >= 2 && is_text(p[e + c]) && p[e + 1 - c] == 0)
        e += 2;
    /* at an odd place the zeros seem to belong to the neighbour: one byte earlier it fits */
    bool odd = s > low && e < n &&
               (c ? is_text(p[s - 1]) && p[e] == 0
                  : p[s - 1] == 0 && is_text(p[e]) && (e + 1 == n || p[e + 1]));
    if (odd) {
        s--;
        e++;
        c = !c;
    }
    *end = e;
    *r = (struct pl_run){ s, e - s, PL_ENC_UTF16, (uint8_t)c, e + 1 >= n };
    return e - s > PL_RUN_MIN;
}

bool pl_run_next(const uint8_t *p, size_t n, size_t *at, struct pl_run *ret)
{
    size_t low = *at, i = *at;
    while ((i = pl_next_block(p, n, i)) < n) {
        size_t end = i + 16;
        int kind = is_utf16(p + i);
        bool found = kind ? utf16_run(p, n, low, i, kind, &end, ret)
                          : in_class(p[i]) && base64_run(p, n, low, i, &end, ret);
        if (found) {
            *at = end;
            return true;
        }
        low = end > i + 16 ? end : low;
        i = end;
    }
    *at = n;
    return false;
}

bool pl_run_gzip(const uint8_t *p, size_t n, size_t at, struct pl_run *ret)
{
    size_t e = class_end(p, n, at);
    if (e - at < PL_RUN_MIN || (at > 0 && in_class(p[at - 1])))
        return false;
    e = join_lines(p, n, at, e);
    *ret = (struct pl_run){ at, e - at, PL_ENC_GZIP, 0, e == n };
    return true;
}
