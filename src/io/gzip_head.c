/* The header of a gzip member: RFC 1952 section 2.3. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "io/gzip_head.h"

#include <inttypes.h>
#include <zlib.h>

enum { FHCRC = 1u << 1, FEXTRA = 1u << 2, FNAME = 1u << 3, FCOMMENT = 1u << 4 };

bool pl_gzip_is_head(const uint8_t *p, size_t n)
{
    return n >= 3 && p[0] == 0x1f && p[1] == 0x8b && p[2] == 8;
}

/* Takes `n` visible bytes into the header's checksum. */
static void take(struct pl_view *in, size_t n, uint32_t *crc)
{
    *crc = (uint32_t)crc32(*crc, in->p, (uInt)n);
    pl_view_consume(in, n);
}

static void offer(struct pl_refill *r, enum pl_frame_part part, size_t n)
{
    if (n > 0 && r->o.frame)
        r->o.frame(r->o.arg, part, pl_str_n(r->in->p, n), r->in->off);
}

/* A name or comment: any length, up to its NUL. */
static int text(struct pl_refill *r, enum pl_frame_part part, uint32_t *crc, struct pl_err *err)
{
    struct pl_view *in = r->in;
    size_t seen = 0; /* bytes at in->p that were offered with the piece before */
    for (size_t want = 256;;) {
        size_t n = in->n < PL_FRAME_PIECE ? in->n : PL_FRAME_PIECE;
        const uint8_t *nul = n ? memchr(in->p, 0, n) : NULL;
        if (nul) {
            size_t len = (size_t)(nul - in->p);
            offer(r, part, len > seen ? len : 0);
            take(in, len + 1, crc);
            return 0;
        }
        if (n == PL_FRAME_PIECE) {
            offer(r, part, n);
            take(in, n - PL_FRAME_OVERLAP, crc);
            seen = PL_FRAME_OVERLAP;
            want = PL_FRAME_OVERLAP * 2;
            continue;
        }
        want = want > n ? want : n * 2;
        if (want > PL_FRAME_PIECE)
            want = PL_FRAME_PIECE;
        int rc = pl_view_ahead(in, want, err);
        if (rc == 0 && in->n > n)
            continue;
        offer(r, part, n > seen ? n : 0);
        return rc < 0 ? rc : pl_refill_truncated(r, err);
    }
}

static int extra(struct pl_refill *r, uint32_t *crc, struct pl_err *err)
{
    int rc = pl_refill_need(r, 2, err);
    if (rc < 0)
        return rc;
    size_t n = r->in->p[0] | (size_t)r->in->p[1] << 8;
    take(r->in, 2, crc);
    rc = pl_refill_need(r, n, err);
    size_t now = r->in->n < n ? r->in->n : n;
    offer(r, PL_FRAME_EXTRA, now);
    if (rc == 0)
        take(r->in, n, crc);
    return rc;
}

static int header_crc(struct pl_refill *r, uint32_t crc, struct pl_err *err)
{
    int rc = pl_refill_need(r, 2, err);
    if (rc < 0)
        return rc;
    unsigned said = r->in->p[0] | (unsigned)r->in->p[1] << 8;
    if (said != (crc & 0xffff))
        return pl_fail(err, PL_E_FORMAT, "%s: wrong header checksum at offset %" PRIu64, r->id,
                       r->in->off);
    pl_view_consume(r->in, 2);
    return 0;
}

int pl_gzip_head(struct pl_refill *r, struct pl_err *err)
{
    int rc = pl_refill_need(r, 10, err);
    if (rc < 0)
        return rc;
    unsigned flags = r->in->p[3];
    uint32_t crc = (uint32_t)crc32(0, NULL, 0);
    take(r->in, 10, &crc);
    if (flags & FEXTRA)
        rc = extra(r, &crc, err);
    if (rc == 0 && flags & FNAME)
        rc = text(r, PL_FRAME_NAME, &crc, err);
    if (rc == 0 && flags & FCOMMENT)
        rc = text(r, PL_FRAME_COMMENT, &crc, err);
    if (rc == 0 && flags & FHCRC)
        rc = header_crc(r, crc, err);
    return rc;
}
