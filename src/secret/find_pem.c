/* Private key blocks (RFC 7468 and its elders), also on one line with "\n" escapes, indented,
 * quoted, or behind comment marks. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "model/severity.h"
#include "secret/check.h"
#include "secret/filter.h"
#include "secret/published.h"

#define MAX_BLOCK (64u << 10)
#define MIN_RUN 40 /* characters: the shortest key has a line of 48 or 64 */

/* Start of "-----BEGIN … " in front of the keyword, or SIZE_MAX. */
static size_t block_start(const struct pl_hit *h)
{
    static const char begin[] = "-----BEGIN ";
    size_t n = sizeof begin - 1, low = h->at > 48 ? h->at - 48 : 0;
    for (size_t i = h->at; i >= low + n; i--) {
        if (memcmp(h->p + i - n, begin, n) == 0)
            return i - n;
        uint8_t c = h->p[i - 1];
        if (!(c >= 'A' && c <= 'Z') && !pl_is_digit(c) && c != ' ')
            break;
    }
    return SIZE_MAX;
}

/* Offset behind "-----" that closes the header or footer line in which `i` stands, or SIZE_MAX. */
static size_t line_close(const struct pl_hit *h, size_t i)
{
    size_t end = h->n - i < 64 ? h->n : i + 64;
    for (; i + 5 <= end; i++) {
        if (memcmp(h->p + i, "-----", 5) == 0)
            return i + 5;
        if (!(h->p[i] >= 'A' && h->p[i] <= 'Z') && !pl_is_digit(h->p[i]) && h->p[i] != ' ')
            break;
    }
    return SIZE_MAX;
}

struct body {
    size_t end;      /* behind the block */
    size_t longest;  /* run of base64 characters */
    size_t runs;     /* of MIN_RUN or more */
    size_t text_end; /* behind the base64, in front of the footer */
    bool footer, dots;
};

static bool is_base64(uint8_t c)
{
    return pl_is_alnum(c) || c == '+' || c == '/' || c == '=';
}

/* Reads from behind the header to the footer. Anything may stand between runs of base64 (headers,
 * quotes, escapes, comment marks), but less and less of it. */
static struct body read_body(const struct pl_hit *h, size_t from)
{
    struct body b = { .end = from };
    size_t run = 0, junk = 0, max = h->n - from < MAX_BLOCK ? h->n : from + MAX_BLOCK;
    for (size_t i = from; i < max; i++) {
        uint8_t c = h->p[i];
        if (c == '\\' && i + 1 < max) {
            i++; /* "\n", "\r" or a doubled backslash: its letter is no part of the key */
            run = 0;
        } else if (is_base64(c)) {
            run++;
            b.runs += run == MIN_RUN;
            b.end = run >= MIN_RUN ? i + 1 : b.end;
            b.longest = run > b.longest ? run : b.longest;
        } else {
            run = 0;
            if (c == '-' && max - i >= 9 && memcmp(h->p + i, "-----END ", 9) == 0) {
                b.text_end = i;
                size_t close = line_close(h, i + 9);
                b.footer = close != SIZE_MAX;
                b.end = b.footer ? close : b.end;
                break;
            }
            if (c == '-' && max - i >= 5 && memcmp(h->p + i, "-----", 5) == 0)
                break;
            b.dots |= c == '.' && i + 2 < max && h->p[i + 1] == '.' && h->p[i + 2] == '.';
            if (c > ' ' && ++junk > 400 + (i - from) / 4)
                break;
            if (c == 0)
                break;
        }
    }
    return b;
}

bool pl_find_pem(const struct pl_hit *h, struct pl_found_at *ret)
{
    size_t start = block_start(h);
    size_t from = start == SIZE_MAX ? start : line_close(h, h->at + h->len);
    if (from == SIZE_MAX)
        return false;
    struct body b = read_body(h, from);
    if (b.longest < MIN_RUN || b.dots || (!b.footer && b.runs < 3))
        return false;
    *ret = (struct pl_found_at){ .off = start, .len = b.end - start };
    if (b.footer &&
        (ret->reason = pl_published_key(pl_str_n(h->p + from, b.text_end - from))) != NULL)
        return true;
    struct pl_str head = pl_str_n(h->p + start, b.end - start < 300 ? b.end - start : 300);
    if (pl_str_find(head, PL_S("ENCRYPTED"), 0) != SIZE_MAX) {
        ret->reason = "encrypted with a passphrase";
        ret->cap = PL_SEV_MEDIUM;
    }
    return true;
}
