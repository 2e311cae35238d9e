/* One keyword hit and what is found round it. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_SECRET_HIT_H
#define PL_SECRET_HIT_H

#include "base/str.h"

/* p[0, n) may be looked at; the keyword stands at [at, at + len). */
struct pl_hit {
    const uint8_t *p;
    size_t n, at, len;
    bool last;          /* p[n) is the end of the content */
    struct pl_str path; /* of the file; "" when there is none */
    uint64_t *work;     /* bytes that may still be looked at beyond the neighbourhood of hits */
};

/* What a finder found. */
struct pl_found_at {
    size_t off, len;    /* in the text of the hit */
    const char *reason; /* set: severity is lowered to `cap` for that reason */
    uint8_t cap;        /* enum pl_severity; 0 stands for low */
    bool base64;        /* the value is base64 of the secret */
    struct pl_str key;  /* of a token without fixed form: what it is assigned to */
};

/* Takes `n` bytes of the work allowance; false when it is used up. */
static inline bool pl_hit_work(uint64_t *work, size_t n)
{
    if (*work < n) {
        *work = 0;
        return false;
    }
    *work -= n;
    return true;
}

static inline bool pl_is_word(uint8_t c)
{
    return (uint8_t)((c | 0x20) - 'a') < 26 || (uint8_t)(c - '0') < 10 || c == '_';
}

static inline bool pl_is_alnum(uint8_t c)
{
    return (uint8_t)((c | 0x20) - 'a') < 26 || (uint8_t)(c - '0') < 10;
}

static inline bool pl_is_digit(uint8_t c)
{
    return (uint8_t)(c - '0') < 10;
}

#endif
