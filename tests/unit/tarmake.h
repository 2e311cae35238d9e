/* Makes tar streams for tests, block by block, right or wrong. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_TESTS_TARMAKE_H
#define PL_TESTS_TARMAKE_H

#include <inttypes.h>
#include <stdio.h>

#include "base/buf.h"

enum tm_layout { TM_USTAR, TM_GNU, TM_V7, TM_STAR };

/* Bytes put over a header at an offset. */
struct tm_patch {
    size_t at;
    const char *p;
    size_t n;
};

struct tm_head {
    const char *name, *link, *prefix, *uname, *gname;
    char type; /* 0: '0' */
    enum tm_layout layout;
    bool null_type; /* type flag NUL */
    const char *body;
    size_t body_n;    /* 0: strlen of body */
    const char *size; /* the field's text instead of the body's length */
    const char *mode;
    bool signed_sum, wrong_sum, no_pad;
    struct tm_patch patch[4];
};

static inline void tm_text(char *at, size_t n, const char *s)
{
    if (s)
        memcpy(at, s, strlen(s) < n ? strlen(s) : n);
}

static inline void tm_sum(char *h, bool is_signed)
{
    long sum = 0;
    memset(h + 148, ' ', 8);
    for (size_t i = 0; i < 512; i++)
        sum += is_signed ? (long)(signed char)h[i] : (long)(unsigned char)h[i];
    snprintf(h + 148, 8, "%06lo", (unsigned long)sum & 0777777);
    h[155] = ' ';
}

static inline void tm_add(struct pl_buf *b, const struct tm_head *t)
{
    char h[512] = { 0 };
    size_t n = t->body_n ? t->body_n : t->body ? strlen(t->body) : 0;
    tm_text(h, 100, t->name);
    tm_text(h + 100, 8, t->mode ? t->mode : "0000644");
    tm_text(h + 108, 8, "0001750");
    tm_text(h + 116, 8, "0000144");
    snprintf(h + 124, 12, "%011zo", n);
    if (t->size) {
        memset(h + 124, 0, 12);
        tm_text(h + 124, 12, t->size);
    }
    tm_text(h + 136, 12, "00000000144"); /* 100 s */
    h[156] = t->null_type ? '\0' : t->type ? t->type : '0';
    tm_text(h + 157, 100, t->link);
    if (t->layout != TM_V7) {
        memcpy(h + 257, t->layout == TM_GNU ? "ustar  \0" : "ustar\00000", 8);
        tm_text(h + 265, 32, t->uname);
        tm_text(h + 297, 32, t->gname);
        tm_text(h + 345, 155, t->prefix);
    }
    if (t->layout == TM_STAR)
        memcpy(h + 508, "tar", 4);
    for (size_t i = 0; i < 4 && t->patch[i].p; i++)
        memcpy(h + t->patch[i].at, t->patch[i].p, t->patch[i].n);
    tm_sum(h, t->signed_sum);
    if (t->wrong_sum)
        h[150] ^= 1;
    pl_buf_putn(b, h, 512);
    if (n)
        pl_buf_putn(b, t->body, n);
    static const char zero[512];
    if (!t->no_pad)
        pl_buf_putn(b, zero, -n & 511);
}

/* One PAX record, with its own length in front. */
static inline void tm_record_n(struct pl_buf *b, const char *key, const char *value, size_t n)
{
    size_t len = strlen(key) + n + 3, digits = 1;
    for (size_t k = 10; k <= len + digits; k *= 10)
        digits++;
    pl_buf_printf(b, "%zu %s=", len + digits, key);
    pl_buf_putn(b, value, n);
    pl_buf_putc(b, '\n');
}

static inline void tm_record(struct pl_buf *b, const char *key, const char *value)
{
    tm_record_n(b, key, value, strlen(value));
}

/* An extended header of `type` ('x' or 'g') with up to four records "key", "value", …, NULL. */
static inline void tm_pax(struct pl_buf *b, char type, const char *const *kv)
{
    struct pl_buf body = { 0 };
    for (; *kv; kv += 2)
        tm_record(&body, kv[0], kv[1]);
    struct tm_head t = { .name = type == 'g' ? "pax_global_header" : "././@PaxHeader",
                         .type = type,
                         .body = body.p,
                         .body_n = body.n };
    tm_add(b, &t);
    pl_buf_release(&body);
}
#define TM_PAX(b, type, ...) tm_pax(b, type, (const char *const[]){ __VA_ARGS__, NULL })
#define TM_ADD(b, ...) tm_add(b, &(struct tm_head){ __VA_ARGS__ })

static inline void tm_end(struct pl_buf *b)
{
    static const char zero[1024];
    pl_buf_putn(b, zero, 1024);
}

#endif
