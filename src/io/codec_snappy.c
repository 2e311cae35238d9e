/* Snappy's framing format (framing_format.txt of 2013), and those grown out of it: S2, which allows
 * larger blocks, and MinLZ (specification 1.0, all of its streams). */
/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdlib.h>

#include "base/endian.h"
#include "io/lzblock.h"
#include "io/refill.h"

#define HEAD 10 /* the first chunk: type, length, "sNaPpY" */
#define BLOCK ((size_t)64 << 10)
#define BLOCK_S2 ((size_t)4 << 20)
#define SUM 4u
/* Of a block that did not get smaller, with its check sum. */
#define PACKED(n) ((n) + (n) / 6 + 32 + SUM)

enum kind { SNAPPY, S2, MINLZ };

struct snappy {
    struct pl_refill r;
    enum kind kind;
    size_t block; /* bytes in one at most */
    uint64_t streams;
    uint8_t *packed, *buf;
    size_t at, end, cap; /* of buf: decoded, not handed out */
};

static bool is_head(const uint8_t *p, size_t n, const char *word)
{
    return n >= HEAD && memcmp(p, "\xff\x06\0\0", 4) == 0 && memcmp(p + 4, word, 6) == 0;
}

/* The last byte of MinLZ's says how large its blocks are. */
static bool is_minlz(const uint8_t *p, size_t n)
{
    return n >= HEAD && memcmp(p, "\xff\x06\0\0MinLz", HEAD - 1) == 0 && (p[HEAD - 1] & 0xcf) <= 13;
}

static unsigned snappy_bid(const uint8_t *p, size_t n)
{
    return is_head(p, n, "sNaPpY") || is_head(p, n, "S2sTwO") || is_minlz(p, n) ? 72 : 0;
}

static int damaged(struct snappy *s, const char *what, struct pl_err *err)
{
    return pl_fail(err, PL_E_FORMAT, "snappy: %s near offset %" PRIu64, what, s->r.in->off);
}

static int stream_begin(struct snappy *s, struct pl_err *err)
{
    struct pl_view *in = s->r.in;
    int rc = pl_refill_need(&s->r, HEAD, err);
    if (rc < 0)
        return rc;
    if (snappy_bid(in->p, in->n) == 0)
        return damaged(s, "no stream", err);
    rc = pl_refill_member(&s->r, &s->streams, err);
    if (rc < 0)
        return rc;
    s->kind = is_minlz(in->p, in->n) ? MINLZ : is_head(in->p, in->n, "S2sTwO") ? S2 : SNAPPY;
    s->block = s->kind == MINLZ ? (size_t)1024 << (in->p[HEAD - 1] & 15)
               : s->kind == S2  ? BLOCK_S2
                                : BLOCK;
    pl_view_consume(in, HEAD);
    size_t cap = s->block;
    if (cap <= s->cap)
        return 0;
    free(s->buf);
    free(s->packed);
    s->buf = malloc(cap);
    s->packed = malloc(PACKED(cap));
    s->cap = s->buf && s->packed ? cap : 0;
    return s->cap ? 0 : pl_fail(err, PL_E_NOMEM, "snappy: out of memory");
}

/* Content of a chunk behind its check sum, to s->buf. */
static int64_t decode(struct snappy *s, uint8_t type, const uint8_t *p, size_t n)
{
    if (s->kind == MINLZ && type != 1)
        return pl_minlz_block(p, n, s->buf, s->block);
    if (type == 0)
        return pl_snappy_block(p, n, s->buf, s->block, s->kind == S2);
    if (n > s->block)
        return -1;
    memcpy(s->buf, p, n);
    return (int64_t)n;
}

/* A chunk of data: its check sum is turned and shifted; that of MinLZ's type 3 is of what is
 * packed. */
static int data(struct snappy *s, uint8_t type, size_t len, struct pl_err *err)
{
    if (len < SUM || len > PACKED(s->block))
        return damaged(s, "block too large", err);
    const uint8_t *p = s->packed;
    int rc = pl_refill_take(&s->r, s->packed, len, err);
    if (rc < 0)
        return rc;
    uint32_t want = pl_le32(p);
    int64_t made = decode(s, type, p + SUM, len - SUM);
    if (made < 0)
        return damaged(s, "damaged block", err);
    uint32_t sum = type == 3 ? pl_crc32c(p + SUM, len - SUM) : pl_crc32c(s->buf, (size_t)made);
    if ((sum >> 15 | sum << 17) + 0xa282ead8u != want)
        return damaged(s, "wrong check sum", err);
    s->at = 0;
    s->end = (size_t)made;
    return 0;
}

/* What to do with a chunk of that type. */
enum what { DATA, SKIP, UNKNOWN };

static enum what what_is(const struct snappy *s, uint8_t type)
{
    if (s->kind != MINLZ)
        return type < 2 ? DATA : type < 0x80 ? UNKNOWN : SKIP;
    if (type >= 1 && type <= 3)
        return DATA;
    return type == 0x20 || (type >= 0x40 && type < 0xc0) || type == 0xfe ? SKIP : UNKNOWN;
}

/* 1: nothing follows. */
static int chunk(struct snappy *s, struct pl_err *err)
{
    struct pl_view *in = s->r.in;
    int rc = pl_view_ahead(in, 4, err);
    if (rc < 0)
        return rc;
    if (in->n == 0 && s->streams)
        return 1;
    if (s->streams == 0 || in->p[0] == 0xff)
        return stream_begin(s, err);
    if (in->n < 4)
        return pl_refill_truncated(&s->r, err);
    uint8_t type = in->p[0];
    size_t len = in->p[1] | (size_t)in->p[2] << 8 | (size_t)in->p[3] << 16;
    enum what what = what_is(s, type);
    if (what == UNKNOWN)
        return damaged(s, "unknown chunk", err);
    pl_view_consume(in, 4);
    return what == DATA ? data(s, type, len, err)
                        : pl_frame_pass(&s->r, PL_FRAME_SKIPPABLE, len, err);
}

static int snappy_step(struct pl_refill *r, uint8_t *out, size_t room, size_t *ret_n,
                       struct pl_err *err)
{
    struct snappy *s = (struct snappy *)r;
    if (s->at == s->end)
        return chunk(s, err);
    size_t n = s->end - s->at < room ? s->end - s->at : room;
    memcpy(out, s->buf + s->at, n);
    s->at += n;
    *ret_n = n;
    return 0;
}

static void snappy_release(struct pl_refill *r)
{
    free(((struct snappy *)r)->buf);
    free(((struct snappy *)r)->packed);
}

static struct pl_view *snappy_open(struct pl_view *in, const struct pl_codec_opts *o)
{
    struct snappy *s = pl_refill_new(sizeof *s, "snappy", in, o);
    s->r.step = snappy_step;
    s->r.release = snappy_release;
    return &s->r.v;
}

const struct pl_codec pl_codec_snappy = { .id = "snappy", .bid = snappy_bid, .open = snappy_open };
