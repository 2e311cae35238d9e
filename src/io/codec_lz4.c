/* LZ4: all frames, skippable and old ones too (LZ4 Frame Format 1.6.4). */
/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdlib.h>

#include "base/endian.h"
#include "io/lzblock.h"
#include "io/refill.h"

#define MAGIC 0x184d2204u
#define MAGIC_OLD 0x184c2102u
#define MAGIC_SKIP 0x184d2a50u /* and the 15 after it */
#define HISTORY ((size_t)64 << 10)
#define OLD_BLOCK ((size_t)8 << 20)
/* Of a block that did not get smaller, with its check sum. */
#define PACKED(n) ((n) + (n) / 255 + 16 + 4)

enum { F_DICT = 1, F_CONTENT_SUM = 4, F_SIZE = 8, F_BLOCK_SUM = 16, F_ALONE = 32 };

struct lz4 {
    struct pl_refill r;
    bool inside; /* of a frame */
    bool old;
    uint8_t flags;
    size_t block_max;
    uint8_t *packed; /* a block and its check sum */
    uint8_t *buf;    /* what the next block may refer to, and the block */
    size_t at, end;  /* of buf: decoded, not handed out */
    struct pl_xxh32 sum;
    uint64_t frames;
};

static bool is_frame(uint32_t magic)
{
    return magic == MAGIC || magic == MAGIC_OLD;
}

static bool is_skippable(uint32_t magic)
{
    return (magic & ~15u) == MAGIC_SKIP;
}

static unsigned lz4_bid(const uint8_t *p, size_t n)
{
    return n >= 4 && is_frame(pl_le32(p)) ? 32 : 0;
}

static int damaged(struct lz4 *z, const char *what, struct pl_err *err)
{
    return pl_fail(err, PL_E_FORMAT, "lz4: %s near offset %" PRIu64, what, z->r.in->off);
}

/* Flags, size of blocks, and a byte of the hash over them. */
static int descriptor(struct lz4 *z, struct pl_err *err)
{
    struct pl_view *in = z->r.in;
    int rc = pl_refill_need(&z->r, 3, err);
    if (rc < 0)
        return rc;
    z->flags = in->p[0];
    uint8_t size = in->p[1] >> 4;
    if (z->flags >> 6 != 1 || z->flags & 2 || size < 4 || size > 7 || in->p[1] & 0x0f)
        return damaged(z, "unknown header", err);
    size_t n = 2u + (z->flags & F_SIZE ? 8 : 0) + (z->flags & F_DICT ? 4 : 0);
    rc = pl_refill_need(&z->r, n + 1, err);
    if (rc < 0)
        return rc;
    pl_xxh32_init(&z->sum);
    pl_xxh32_add(&z->sum, in->p, n);
    if ((uint8_t)(pl_xxh32_get(&z->sum) >> 8) != in->p[n])
        return damaged(z, "damaged header", err);
    if (z->flags & F_DICT)
        return pl_fail(err, PL_E_UNSUP, "lz4: a dictionary is needed");
    pl_view_consume(in, n + 1);
    pl_xxh32_init(&z->sum);
    z->block_max = (size_t)1 << (8 + 2 * size);
    return 0;
}

static int frame_begin(struct lz4 *z, bool old, struct pl_err *err)
{
    int rc = pl_refill_member(&z->r, &z->frames, err);
    if (rc < 0)
        return rc;
    pl_view_consume(z->r.in, 4);
    z->old = old;
    z->flags = 0;
    z->block_max = OLD_BLOCK;
    if (!old && (rc = descriptor(z, err)) < 0)
        return rc;
    free(z->buf);
    free(z->packed);
    z->buf = malloc(HISTORY + z->block_max);
    z->packed = malloc(PACKED(z->block_max));
    if (!z->buf || !z->packed)
        return pl_fail(err, PL_E_NOMEM, "lz4: out of memory");
    z->at = z->end = 0;
    z->inside = true;
    return 0;
}

/* Between frames. 1: no other follows and all is taken. */
static int begin(struct lz4 *z, struct pl_err *err)
{
    struct pl_view *in = z->r.in;
    int rc = pl_view_ahead(in, 8, err);
    if (rc < 0)
        return rc;
    uint32_t magic = in->n >= 4 ? pl_le32(in->p) : 0;
    if (in->n >= 4 && is_frame(magic))
        return frame_begin(z, magic == MAGIC_OLD, err);
    if (in->n >= 8 && is_skippable(magic)) {
        uint32_t n = pl_le32(in->p + 4);
        pl_view_consume(in, 8);
        return pl_frame_pass(&z->r, PL_FRAME_SKIPPABLE, n, err);
    }
    if (z->frames == 0)
        return pl_fail(err, PL_E_FORMAT, "lz4: no frame at offset %" PRIu64, in->off);
    rc = pl_frame_pass(&z->r, PL_FRAME_TRAILER, UINT64_MAX, err);
    return rc < 0 ? rc : 1;
}

/* What the next block may refer to goes to the front. */
static void keep_history(struct lz4 *z)
{
    bool none = z->old || z->flags & F_ALONE;
    size_t n = none ? 0 : z->end < HISTORY ? z->end : HISTORY;
    if (n)
        memmove(z->buf, z->buf + z->end - n, n);
    z->at = z->end = n;
}

static int decode(struct lz4 *z, size_t n, bool plain, struct pl_err *err)
{
    const uint8_t *p = z->packed;
    int64_t made = -1;
    keep_history(z);
    if (!plain) {
        made = pl_lz4_block(p, n, z->buf, z->end, z->block_max);
    } else if (n <= z->block_max) {
        memcpy(z->buf + z->end, p, n);
        made = (int64_t)n;
    }
    if (made < 0)
        return damaged(z, "damaged block", err);
    z->end += (size_t)made;
    if (z->flags & F_CONTENT_SUM)
        pl_xxh32_add(&z->sum, z->buf + z->at, (size_t)made);
    return 0;
}

static int frame_end(struct lz4 *z, struct pl_err *err)
{
    z->inside = false;
    if (!(z->flags & F_CONTENT_SUM))
        return 0;
    int rc = pl_refill_need(&z->r, 4, err);
    if (rc < 0)
        return rc;
    bool good = pl_le32(z->r.in->p) == pl_xxh32_get(&z->sum);
    pl_view_consume(z->r.in, 4);
    return good ? 0 : damaged(z, "wrong check sum", err);
}

/* An old frame has no end mark: what is no length begins the next, or nothing follows. */
static int old_end(struct lz4 *z, bool *ended, struct pl_err *err)
{
    struct pl_view *in = z->r.in;
    int rc = pl_view_ahead(in, 4, err);
    *ended =
        rc >= 0 &&
        (in->n == 0 || (in->n >= 4 && (is_frame(pl_le32(in->p)) || is_skippable(pl_le32(in->p)))));
    z->inside = !*ended;
    return rc;
}

static int block(struct lz4 *z, struct pl_err *err)
{
    bool ended = false;
    int rc = z->old ? old_end(z, &ended, err) : 0;
    if (rc < 0 || ended)
        return rc;
    rc = pl_refill_need(&z->r, 4, err);
    if (rc < 0)
        return rc;
    uint32_t word = pl_le32(z->r.in->p);
    bool plain = !z->old && word >> 31;
    size_t n = plain ? word & 0x7fffffff : word;
    pl_view_consume(z->r.in, 4);
    if (n == 0 && !z->old)
        return frame_end(z, err);
    if (n + 4 > PACKED(z->block_max))
        return damaged(z, "block too large", err);
    rc = pl_refill_take(&z->r, z->packed, n + (z->flags & F_BLOCK_SUM ? 4 : 0), err);
    return rc < 0 ? rc : decode(z, n, plain, err);
}

static int lz4_step(struct pl_refill *r, uint8_t *out, size_t room, size_t *ret_n,
                    struct pl_err *err)
{
    struct lz4 *z = (struct lz4 *)r;
    if (z->at == z->end)
        return z->inside ? block(z, err) : begin(z, err);
    size_t n = z->end - z->at < room ? z->end - z->at : room;
    memcpy(out, z->buf + z->at, n);
    z->at += n;
    *ret_n = n;
    return 0;
}

static void lz4_release(struct pl_refill *r)
{
    free(((struct lz4 *)r)->buf);
    free(((struct lz4 *)r)->packed);
}

static struct pl_view *lz4_open(struct pl_view *in, const struct pl_codec_opts *o)
{
    struct lz4 *z = pl_refill_new(sizeof *z, "lz4", in, o);
    z->r.step = lz4_step;
    z->r.release = lz4_release;
    return &z->r.v;
}

const struct pl_codec pl_codec_lz4 = { .id = "lz4", .bid = lz4_bid, .open = lz4_open };
