/* zlib streams (RFC 1950): one, whatever follows it. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <zlib.h>

#include "io/refill.h"

#define MOST ((size_t)1 << 30) /* its counters are 32 bits wide */

struct deflated {
    struct pl_refill r;
    z_stream s;
    bool inside, done;
};

/* Two bytes say little: only its name makes a file a zlib stream. */
static unsigned zlib_named(const uint8_t *p, size_t n, bool all, struct pl_str path)
{
    (void)all;
    bool is = pl_str_iends(path, PL_S(".zz")) || pl_str_iends(path, PL_S(".zlib"));
    return is && n > 2 && (p[0] & 0x8f) == 8 && (p[0] << 8 | p[1]) % 31 == 0 ? 13 : 0;
}

static int begin(struct deflated *z, struct pl_err *err)
{
    if (z->done) {
        int rc = pl_frame_pass(&z->r, PL_FRAME_TRAILER, UINT64_MAX, err);
        return rc < 0 ? rc : 1;
    }
    if (inflateInit(&z->s) != Z_OK)
        return pl_fail(err, PL_E_NOMEM, "zlib: out of memory");
    z->inside = true;
    return 0;
}

static int zlib_step(struct pl_refill *r, uint8_t *out, size_t room, size_t *ret_n,
                     struct pl_err *err)
{
    struct deflated *z = (struct deflated *)r;
    if (!z->inside)
        return begin(z, err);
    int more = pl_view_ahead(r->in, 1, err);
    if (more < 0)
        return more;
    size_t had = r->in->n < MOST ? r->in->n : MOST;
    size_t most = room < MOST ? room : MOST;
    z->s.next_in = (Bytef *)(uintptr_t)r->in->p;
    z->s.avail_in = (uInt)had;
    z->s.next_out = out;
    z->s.avail_out = (uInt)most;
    int rc = inflate(&z->s, Z_NO_FLUSH);
    *ret_n = most - z->s.avail_out;
    size_t took = had - z->s.avail_in;
    pl_view_consume(r->in, took);
    if (rc == Z_STREAM_END) {
        inflateEnd(&z->s);
        z->inside = false;
        z->done = true;
        return 0;
    }
    if (rc == Z_MEM_ERROR)
        return pl_fail(err, PL_E_NOMEM, "zlib: out of memory");
    if (rc == Z_NEED_DICT)
        return pl_fail(err, PL_E_UNSUP, "zlib: a dictionary is needed");
    if (rc != Z_OK && rc != Z_BUF_ERROR)
        return pl_fail(err, PL_E_FORMAT, "zlib: damaged near offset %" PRIu64, r->in->off);
    return had == 0 && *ret_n == 0 ? pl_refill_truncated(r, err) : 0;
}

static void zlib_release(struct pl_refill *r)
{
    struct deflated *z = (struct deflated *)r;
    if (z->inside)
        inflateEnd(&z->s);
}

static struct pl_view *zlib_open(struct pl_view *in, const struct pl_codec_opts *o)
{
    struct deflated *z = pl_refill_new(sizeof *z, "zlib", in, o);
    z->r.step = zlib_step;
    z->r.release = zlib_release;
    return &z->r.v;
}

const struct pl_codec pl_codec_zlib = { .id = "zlib", .named = zlib_named, .open = zlib_open };
