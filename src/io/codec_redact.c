/* Redaction at the same length. A deflated member is packed anew and filled up to the length it had
 * by empty blocks (RFC 1951 section 3.2), so no offset moves; zip by APPNOTE 6.3, gzip by RFC 1952.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <zlib.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/endian.h"
#include "io/redact.h"
#include "io/tar_int.h"

#define DEPTH_MAX 6u
#define LOCAL_SIZE 30u
#define CENTRAL_SIZE 46u
#define END_SIZE 22u

struct redact {
    const struct pl_str *v;
    size_t n;
    struct pl_err *err;
};

/* *ret_changed: something was overwritten. */
static int anything(const struct redact *k, uint8_t *p, size_t n, unsigned depth,
                    bool *ret_changed);

static void put_le32(uint8_t *p, uint32_t v)
{
    for (int i = 0; i < 4; i++)
        p[i] = (uint8_t)(v >> 8 * i);
}

static int forbidden(const struct redact *k, const char *why)
{
    return pl_fail(k->err, PL_E_UNSUP, "%s", why);
}

static bool holds(const struct redact *k, const uint8_t *p, size_t n)
{
    for (size_t i = 0; i < k->n; i++)
        if (k->v[i].n && memmem(p, n, k->v[i].p, k->v[i].n))
            return true;
    return false;
}

/* ---- plain bytes ---- */

static bool overwrite(const struct redact *k, uint8_t *p, size_t n)
{
    bool any = false;
    for (size_t i = 0; i < k->n; i++) {
        struct pl_str v = k->v[i];
        uint8_t *at = p, *hit;
        while (v.n && (hit = memmem(at, n - (size_t)(at - p), v.p, v.n))) {
            for (size_t c = 0; c < v.n; c++)
                hit[c] = hit[c] == '\n' || hit[c] == '\r' ? hit[c] : 'x';
            at = hit + v.n;
            any = true;
        }
    }
    return any;
}

/* Of a tar only bodies: a header has a sum, and names are what others look for. */
static int redact_tar(const struct redact *k, uint8_t *p, size_t n, unsigned depth,
                      bool *ret_changed)
{
    size_t at = 0;
    struct pl_tar_head h;
    while (n - at >= PL_TAR_BLOCK && pl_tar_head_parse(p + at, &h)) {
        size_t room = n - at - PL_TAR_BLOCK;
        bool body = !memchr("123456", h.type, 6) && h.size > 0;
        if (body && (uint64_t)h.size > room)
            return forbidden(k, "a tar that is cut");
        size_t size = body ? (size_t)h.size : 0;
        bool file = memchr("07", h.type, 2) || h.type == 0;
        int r = 0;
        if (holds(k, p + at, PL_TAR_BLOCK) || (!file && holds(k, p + at + PL_TAR_BLOCK, size)))
            return forbidden(k, "a name in a tar");
        if (file && size)
            r = anything(k, p + at + PL_TAR_BLOCK, size, depth + 1, ret_changed);
        if (r < 0)
            return r;
        at += PL_TAR_BLOCK + size;
        at += -size & (PL_TAR_BLOCK - 1);
        if (at > n)
            at = n;
    }
    if (holds(k, p + at, n - at))
        return forbidden(k, "what follows the end of a tar");
    return 0;
}

/* ---- deflate ---- */

/* All of in[0, n), which must be one raw deflate stream and no byte more. */
static int inflate_all(const struct redact *k, const uint8_t *in, size_t n, struct pl_buf *out)
{
    z_stream z = { .next_in = (Bytef *)(uintptr_t)in, .avail_in = (uInt)n };
    int r = Z_OK;
    if (inflateInit2(&z, -15) != Z_OK)
        pl_oom();
    while (r == Z_OK) {
        char *room = pl_buf_room(out, 65536, NULL);
        if (!room)
            break;
        z.next_out = (Bytef *)room;
        z.avail_out = 65536;
        r = inflate(&z, Z_NO_FLUSH);
        out->n += 65536 - z.avail_out;
    }
    size_t left = z.avail_in;
    inflateEnd(&z);
    return r == Z_STREAM_END && left == 0
               ? 0
               : forbidden(k, "a compressed part is damaged, too large, or in several pieces");
}

/* Empty blocks of 10 bits with the fixed code, the last one final: 1 to 4 of them. */
static void put_fixed(uint8_t *to, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        unsigned bit = 10 * i, bits = (i + 1 == count) | 2u;
        to[bit / 8] |= (uint8_t)(bits << bit % 8);
        if (bit % 8 > 6)
            to[bit / 8 + 1] |= (uint8_t)(bits >> (8 - bit % 8));
    }
}

/* Ends a stream that is at a byte's border, in exactly `gap` bytes. */
static void fill_up(uint8_t *to, size_t gap)
{
    static const uint8_t stored[] = { 0, 0, 0, 0xff, 0xff };
    static const uint8_t six[] = { 2, 4, 0, 0, 0xff, 0xff }; /* an empty block of each kind */
    memset(to, 0, gap);
    while (gap > 6) {
        memcpy(to, stored, sizeof stored);
        to += sizeof stored;
        gap -= sizeof stored;
    }
    if (gap == sizeof six)
        memcpy(to, six, sizeof six);
    else
        put_fixed(to, (unsigned)gap - 1);
}

/* `text` as a raw deflate stream of exactly `n` bytes at `to`. */
static int deflate_into(const struct redact *k, struct pl_str text, uint8_t *to, size_t n)
{
    pl_auto_free uint8_t *out = malloc(n ? n : 1);
    z_stream z = { .next_in = (Bytef *)(uintptr_t)text.p, .avail_in = (uInt)text.n };
    if (!out || deflateInit2(&z, 9, Z_DEFLATED, -15, 9, Z_DEFAULT_STRATEGY) != Z_OK)
        pl_oom();
    z.next_out = out;
    z.avail_out = (uInt)n;
    int r = deflate(&z, Z_SYNC_FLUSH);
    size_t left = z.avail_out;
    deflateEnd(&z);
    if (r != Z_OK || z.avail_in || left < 2)
        return forbidden(k, "a compressed part would become longer");
    memcpy(to, out, n - left);
    fill_up(to + (n - left), left);
    return 0;
}

/* A deflated part of `n` bytes at `p`; *ret_crc is that of its content when it changed. */
static int redact_deflated(const struct redact *k, uint8_t *p, size_t n, unsigned depth,
                           uint32_t *ret_crc, bool *ret_changed)
{
    pl_auto_buf struct pl_buf text = { .max = PL_REDACT_MAX };
    bool changed = false;
    int r = inflate_all(k, p, n, &text);
    if (r == 0 && text.n)
        r = anything(k, (uint8_t *)text.p, text.n, depth + 1, &changed);
    if (r == 0 && changed)
        r = deflate_into(k, pl_buf_str(&text), p, n);
    if (r == 0 && changed)
        *ret_crc = (uint32_t)crc32(0, (const Bytef *)text.p, (uInt)text.n);
    *ret_changed |= r == 0 && changed;
    return r;
}

/* ---- gzip ---- */

/* Length of the header, or 0. */
static size_t gzip_header(const uint8_t *p, size_t n)
{
    size_t at = 10;
    if (n < 18 || p[2] != 8 || p[3] & 0xe0)
        return 0;
    if (p[3] & 4)
        at += 2 + (size_t)pl_le16(p + 10);
    for (unsigned bit = 8; bit <= 16; bit <<= 1) /* name, comment */
        if (p[3] & bit && at < n) {
            const uint8_t *end = memchr(p + at, 0, n - at);
            at = end ? (size_t)(end - p) + 1 : n;
        }
    at += p[3] & 2 ? 2 : 0;
    return at + 8 < n ? at : 0;
}

static int redact_gzip(const struct redact *k, uint8_t *p, size_t n, unsigned depth,
                       bool *ret_changed)
{
    size_t head = gzip_header(p, n);
    uint32_t crc = 0;
    bool changed = false;
    if (!head || holds(k, p, head))
        return forbidden(k, "the header of a gzip file");
    int r = redact_deflated(k, p + head, n - head - 8, depth, &crc, &changed);
    if (r == 0 && changed)
        put_le32(p + n - 8, crc);
    *ret_changed |= changed;
    return r;
}

/* ---- zip ---- */

/* One member by its entry `e` of the directory. */
static int redact_member(const struct redact *k, uint8_t *p, size_t n, uint8_t *e, unsigned depth,
                         bool *ret_changed)
{
    uint32_t size = pl_le32(e + 20), at = pl_le32(e + 42), crc = 0, method = pl_le16(e + 10);
    bool changed = false;
    if (at > n || n - at < LOCAL_SIZE || memcmp(p + at, "PK\3\4", 4) != 0)
        return forbidden(k, "a zip whose directory is not sound");
    size_t body = at + LOCAL_SIZE + pl_le16(p + at + 26) + pl_le16(p + at + 28);
    if (body > n || n - body < size)
        return forbidden(k, "a zip whose directory is not sound");
    if (pl_le16(e + 8) & 1 || (method != 0 && method != 8))
        return 0; /* what is in it cannot be seen here either */
    int r = method ? redact_deflated(k, p + body, size, depth, &crc, &changed)
                   : anything(k, p + body, size, depth + 1, &changed);
    if (r < 0 || !changed)
        return r;
    if (!method)
        crc = (uint32_t)crc32(0, p + body, size);
    put_le32(e + 16, crc);
    if (!(pl_le16(p + at + 6) & 8)) {
        put_le32(p + at + 14, crc);
    } else { /* sum and sizes behind the body, perhaps with a mark */
        size_t tail = body + size;
        tail += n - tail >= 4 && memcmp(p + tail, "PK\7\10", 4) == 0 ? 4 : 0;
        if (n - tail >= 4)
            put_le32(p + tail, crc);
    }
    *ret_changed = true;
    return 0;
}

static int redact_zip(const struct redact *k, uint8_t *p, size_t n, unsigned depth,
                      bool *ret_changed)
{
    size_t end = n;
    for (size_t i = END_SIZE; i <= n && i <= END_SIZE + 65535 && end == n; i++)
        if (memcmp(p + n - i, "PK\5\6", 4) == 0)
            end = n - i;
    if (end == n)
        return forbidden(k, "a zip without a directory");
    uint32_t count = pl_le16(p + end + 10), size = pl_le32(p + end + 12),
             off = pl_le32(p + end + 16);
    if (count == 0xffff || off > end || size > end - off)
        return forbidden(k, "a zip whose directory is not sound, or of more than 4 GiB");
    uint8_t *e = p + off;
    for (uint32_t i = 0; i < count; i++) {
        if ((size_t)(p + end - e) < CENTRAL_SIZE || memcmp(e, "PK\1\2", 4) != 0)
            return forbidden(k, "a zip whose directory is not sound");
        size_t len = CENTRAL_SIZE + pl_le16(e + 28) + pl_le16(e + 30) + pl_le16(e + 32);
        if ((size_t)(p + end - e) < len)
            return forbidden(k, "a zip whose directory is not sound");
        int r = redact_member(k, p, n, e, depth, ret_changed);
        if (r < 0)
            return r;
        e += len;
    }
    return holds(k, p, n) ? forbidden(k, "a name or comment in a zip") : 0;
}

/* ---- all of them ---- */

static int anything(const struct redact *k, uint8_t *p, size_t n, unsigned depth, bool *ret_changed)
{
    static const struct {
        const char *magic;
        unsigned char n;
    } others[] = { { "7z\xbc\xaf", 4 },
                   { "Rar!", 4 },
                   { "\xfd"
                     "7zXZ",
                     5 },
                   { "BZh", 3 },
                   { "\x28\xb5\x2f\xfd", 4 },
                   { "SQLite format 3", 15 },
                   { "PACK", 4 },
                   { "!<arch>\n", 8 } };
    if (depth > DEPTH_MAX)
        return forbidden(k, "containers nested too deep");
    if (n >= 4 && memcmp(p, "PK\3\4", 4) == 0)
        return redact_zip(k, p, n, depth, ret_changed);
    if (n >= 2 && p[0] == 0x1f && p[1] == 0x8b)
        return redact_gzip(k, p, n, depth, ret_changed);
    if (n >= PL_TAR_BLOCK && pl_tar_bid(p, PL_TAR_BLOCK) > 0)
        return redact_tar(k, p, n, depth, ret_changed);
    for (size_t i = 0; i < PL_COUNT(others); i++)
        if (n >= others[i].n && memcmp(p, others[i].magic, others[i].n) == 0 && holds(k, p, n))
            return forbidden(k, "the format of what it stands in");
    *ret_changed |= overwrite(k, p, n);
    return 0;
}

int pl_redact_inside(uint8_t *p, size_t n, const struct pl_str *values, size_t n_values,
                     struct pl_err *err)
{
    struct pl_err local;
    const struct redact k = { values, n_values, err ? err : &local };
    bool changed = false;
    if (n > PL_REDACT_MAX)
        return forbidden(&k, "a file that is too large");
    int r = anything(&k, p, n, 0, &changed);
    return r == 0 && !changed ? forbidden(&k, "the format of what it stands in") : r;
}
