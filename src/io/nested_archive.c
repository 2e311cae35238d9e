/* Archives read by libarchive: 7z, rar, cpio, ar (Debian packages are one), ISO 9660, cabinet, and
 * the cpio inside an RPM package. zip has a file of its own. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "base/endian.h"
#include "io/codec.h"
#include "io/nested_arc.h"

static bool begins(const uint8_t *p, size_t n, const void *magic, size_t len)
{
    return n >= len && memcmp(p, magic, len) == 0;
}

#define BEGINS(p, n, lit) begins(p, n, lit, sizeof(lit) - 1)

/* Reads `in` from front to back; what turns out not to be the format was bid too high. */
static int stream(struct pl_view *in, const struct pl_nested_opts *o, struct pl_nested_sink *sink,
                  pl_arc_format *format, struct pl_err *err)
{
    struct pl_nest n;
    pl_nest_init(&n, in, o, sink);
    struct pl_arc x = { .nest = &n, .in = in };
    int r = pl_arc_stream(&x, format, err);
    if (r == 2)
        pl_nest_note(&n, "nested-damaged", PL_S(""), "not what its first bytes say");
    pl_nest_release(&n);
    return r < 0 ? r : 0;
}

static unsigned bid_7z(const uint8_t *p, size_t n, struct pl_str path)
{
    (void)path;
    return p[0] == '7' && BEGINS(p, n, "7z\xbc\xaf\x27\x1c") ? 48 : 0;
}

static int read_7z(struct pl_view *in, const struct pl_nested_opts *o, struct pl_nested_sink *sink,
                   struct pl_err *err)
{
    struct pl_nest n;
    struct pl_str whole;
    pl_nest_init(&n, in, o, sink);
    int r = pl_nest_need_whole(&n, &whole, err);
    if (r == 0) {
        struct pl_arc x = { .nest = &n };
        r = pl_arc_mem(&x, pl_arc_lib()->archive_read_support_format_7zip, whole, err);
        if (r == 2)
            pl_nest_note(&n, "nested-damaged", PL_S(""), "not what its first bytes say");
    }
    pl_nest_release(&n);
    return r < 0 ? r : 0;
}

static unsigned bid_rar(const uint8_t *p, size_t n, struct pl_str path)
{
    (void)path;
    return p[0] == 'R' && BEGINS(p, n, "Rar!\x1a\x07") ? 48 : 0;
}

static int rar_formats(struct archive *a)
{
    pl_arc_lib()->archive_read_support_format_rar(a);
    return pl_arc_lib()->archive_read_support_format_rar5(a);
}

static int read_rar(struct pl_view *in, const struct pl_nested_opts *o, struct pl_nested_sink *sink,
                    struct pl_err *err)
{
    return stream(in, o, sink, rar_formats, err);
}

/* An old binary cpio header has 16 bits of magic only: look at its mode and lengths too. */
static bool old_cpio(const uint8_t *p, size_t n)
{
    bool le = p[0] == 0xc7;
    if (n < 26 || p[1] != (le ? 0x71 : 0xc7))
        return false;
    unsigned mode = le ? p[6] | p[7] << 8 : p[6] << 8 | p[7];
    unsigned len = le ? p[20] | p[21] << 8 : p[20] << 8 | p[21];
    unsigned type = mode & 0170000;
    return len > 1 && len < 1024 && (26 + len > n || p[26 + len - 1] == 0) &&
           (type == 0100000 || type == 0040000 || type == 0120000 || mode == 0);
}

static unsigned bid_cpio(const uint8_t *p, size_t n, struct pl_str path)
{
    (void)path;
    if (p[0] == '0')
        return BEGINS(p, n, "07070") && n > 5 && (p[5] == '1' || p[5] == '2' || p[5] == '7') ? 48
                                                                                             : 0;
    return (p[0] == 0xc7 || p[0] == 0x71) && old_cpio(p, n) ? 40 : 0;
}

static int read_cpio(struct pl_view *in, const struct pl_nested_opts *o,
                     struct pl_nested_sink *sink, struct pl_err *err)
{
    return stream(in, o, sink, pl_arc_lib()->archive_read_support_format_cpio, err);
}

static unsigned bid_ar(const uint8_t *p, size_t n, struct pl_str path)
{
    (void)path;
    return p[0] == '!' && BEGINS(p, n, "!<arch>\n") ? 64 : 0;
}

static int read_ar(struct pl_view *in, const struct pl_nested_opts *o, struct pl_nested_sink *sink,
                   struct pl_err *err)
{
    return stream(in, o, sink, pl_arc_lib()->archive_read_support_format_ar, err);
}

/* The descriptors begin after 32 KiB, so the name has to do; read_iso looks. */
static unsigned bid_iso(const uint8_t *p, size_t n, struct pl_str path)
{
    (void)p;
    return n >= 512 && path.n > 4 && pl_str_iends(path, PL_S(".iso")) ? 1 : 0;
}

#define ISO_DESCRIPTORS 32768

static int read_iso(struct pl_view *in, const struct pl_nested_opts *o, struct pl_nested_sink *sink,
                    struct pl_err *err)
{
    int r = pl_view_ahead(in, ISO_DESCRIPTORS + 6, err);
    if (r < 0)
        return r;
    if (in->n < ISO_DESCRIPTORS + 6 || memcmp(in->p + ISO_DESCRIPTORS + 1, "CD001", 5) != 0)
        return 0;
    return stream(in, o, sink, pl_arc_lib()->archive_read_support_format_iso9660, err);
}

static unsigned bid_cab(const uint8_t *p, size_t n, struct pl_str path)
{
    (void)path;
    return p[0] == 'M' && BEGINS(p, n, "MSCF\0\0\0\0") ? 64 : 0;
}

static int read_cab(struct pl_view *in, const struct pl_nested_opts *o, struct pl_nested_sink *sink,
                    struct pl_err *err)
{
    return stream(in, o, sink, pl_arc_lib()->archive_read_support_format_cab, err);
}

static unsigned bid_rpm(const uint8_t *p, size_t n, struct pl_str path)
{
    (void)path;
    return p[0] == 0xed && BEGINS(p, n, "\xed\xab\xee\xdb") ? 32 : 0;
}

#define RPM_LEAD 96
#define RPM_HEADER 16

/* Skips one header structure: magic, count of index entries, bytes of data. The first (signatures)
 * is padded to 8 bytes. */
static int rpm_header(struct pl_view *in, bool pad, struct pl_err *err)
{
    int r = pl_view_ahead(in, RPM_HEADER, err);
    if (r < 0)
        return r;
    if (in->n < RPM_HEADER || memcmp(in->p, "\x8e\xad\xe8\x01", 4) != 0)
        return 1;
    uint64_t size = (uint64_t)pl_be32(in->p + 8) * 16 + pl_be32(in->p + 12);
    if (pad)
        size = (size + 7) & ~(uint64_t)7;
    r = pl_view_skip(in, RPM_HEADER + size, err);
    return r < 0 && !in->failed ? 1 : r;
}

static int rpm_payload(struct pl_nest *n, struct pl_err *err)
{
    const struct pl_limits *l = n->o->limits;
    const struct pl_codec *c;
    int r = pl_codec_probe(n->in, &c, err);
    if (r < 0)
        return r;
    if (!c) {
        struct pl_arc x = { .nest = n, .in = n->in };
        return pl_arc_stream(&x, pl_arc_lib()->archive_read_support_format_cpio, err);
    }
    if (!c->open) {
        pl_nest_note(n, "unknown-codec", PL_S(""), "payload compressed by %s", c->id);
        return 0;
    }
    struct pl_codec_opts co = { .limits = l,
                                .out_base = l->nested_out,
                                .out_ratio = l->nested_ratio,
                                .limit_name = "nested-out" };
    struct pl_view *plain = c->open(n->in, &co);
    struct pl_err why = { 0 };
    struct pl_arc x = { .nest = n, .in = plain };
    r = pl_arc_stream(&x, pl_arc_lib()->archive_read_support_format_cpio, &why);
    if (plain->failed && r < 0 && r != PL_E_CANCEL && !n->in->failed) {
        pl_nest_note(n, r == PL_E_LIMIT ? "nested-limit" : "nested-damaged", PL_S(""), "%s",
                     plain->error.msg);
        r = 0;
    } else if (r < 0 && err) {
        *err = why;
    }
    pl_view_close(plain);
    return r;
}

static int rpm_all(struct pl_nest *n, struct pl_err *err)
{
    int r = pl_view_ahead(n->in, RPM_LEAD, err);
    if (r < 0)
        return r;
    if (n->in->n < RPM_LEAD)
        return 2;
    pl_view_consume(n->in, RPM_LEAD);
    r = rpm_header(n->in, /* pad= */ true, err);
    if (r == 0)
        r = rpm_header(n->in, /* pad= */ false, err);
    if (r)
        return r < 0 ? r : 2;
    return rpm_payload(n, err);
}

static int read_rpm(struct pl_view *in, const struct pl_nested_opts *o, struct pl_nested_sink *sink,
                    struct pl_err *err)
{
    struct pl_nest n;
    pl_nest_init(&n, in, o, sink);
    int r = rpm_all(&n, err);
    if (r == 2)
        pl_nest_note(&n, "nested-damaged", PL_S(""), "no cpio after the package's headers");
    pl_nest_release(&n);
    return r < 0 ? r : 0;
}

#define KIND(name) \
    const struct pl_nested pl_nested_##name = { #name, bid_##name, read_##name, false }
KIND(7z);
KIND(rar);
KIND(cpio);
KIND(ar);
KIND(iso);
KIND(cab);
KIND(rpm);
