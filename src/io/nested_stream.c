/* A single compressed file: one member, the content. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cleanup.h"
#include "io/codec.h"
#include "io/nested_int.h"

/* What a suffix becomes when the compression is taken off. */
static const struct {
    const char *from, *to;
} suffixes[] = {
    { ".gz", "" },       { ".zst", "" },      { ".xz", "" },      { ".bz2", "" },
    { ".lz4", "" },      { ".tgz", ".tar" },  { ".txz", ".tar" }, { ".tbz", ".tar" },
    { ".tbz2", ".tar" }, { ".tzst", ".tar" }, { ".apk", ".tar" }, { ".crate", ".tar" },
    { ".svgz", ".svg" }, { ".tlz", ".tar" },  { ".lz", "" },      { ".sz", "" },
    { ".br", "" },       { ".zz", "" },
};

struct stream {
    struct pl_nest n;
    char name[256]; /* from the gzip header */
    size_t name_len;
};

static void frame(void *arg, enum pl_frame_part part, struct pl_str bytes, uint64_t off)
{
    struct stream *s = arg;
    (void)off;
    if (part != PL_FRAME_NAME || s->name_len)
        return;
    s->name_len = bytes.n < sizeof s->name ? bytes.n : sizeof s->name;
    memcpy(s->name, bytes.p, s->name_len);
}

/* The member's name: the file's without its suffix, else the one in the header, else the file's. */
static struct pl_str member_name(const struct stream *s, struct pl_str path, struct pl_buf *room)
{
    size_t slash = path.n;
    while (slash && path.p[slash - 1] != '/')
        slash--;
    struct pl_str base = pl_str_sub(path, slash, SIZE_MAX);
    for (size_t i = 0; i < PL_COUNT(suffixes); i++) {
        size_t len = strlen(suffixes[i].from);
        if (base.n <= len || !pl_str_iends(base, pl_str_c(suffixes[i].from)))
            continue;
        pl_buf_putn(room, base.p, base.n - len);
        pl_buf_puts(room, suffixes[i].to);
        return pl_buf_str(room);
    }
    return s->name_len ? pl_str_n(s->name, s->name_len) : base;
}

static int read_stream(const struct pl_codec *c, struct pl_view *in, const struct pl_nested_opts *o,
                       struct pl_nested_sink *sink, struct pl_err *err)
{
    struct stream s = { .name_len = 0 };
    pl_nest_init(&s.n, in, o, sink);
    if (!c->open) {
        pl_nest_note(&s.n, "unknown-codec", PL_S(""), "compressed by %s", c->id);
        return 0;
    }
    struct pl_codec_opts co = { .limits = o->limits,
                                .out_base = o->limits->nested_out,
                                .out_ratio = o->limits->nested_ratio,
                                .limit_name = "nested-out",
                                .frame = frame,
                                .arg = &s };
    struct pl_view *plain = c->open(in, &co);
    struct pl_buf room pl_auto_buf = { .max = 0 };
    pl_view_ahead(plain, 1, NULL); /* the header's name comes with the first bytes */
    struct pl_thru t;
    pl_thru_init(&t, &s.n, plain);
    int r = pl_nest_member(&s.n, member_name(&s, o->path, &room), PL_S(""), &t.v, false, err);
    pl_view_close(plain);
    return r < 0 ? r : 0;
}

static unsigned bid(const struct pl_codec *c, const uint8_t *p, size_t n, struct pl_str path)
{
    return c->bid ? c->bid(p, n) : c->named(p, n, n < 512, path);
}

/* The codec of that id; bids are the codec's own. */
#define KIND(name)                                                             \
    extern const struct pl_codec pl_codec_##name;                              \
    static unsigned bid_##name(const uint8_t *p, size_t n, struct pl_str path) \
    {                                                                          \
        return bid(&pl_codec_##name, p, n, path);                              \
    }                                                                          \
    static int read_##name(struct pl_view *in, const struct pl_nested_opts *o, \
                           struct pl_nested_sink *sink, struct pl_err *err)    \
    {                                                                          \
        return read_stream(&pl_codec_##name, in, o, sink, err);                \
    }                                                                          \
    const struct pl_nested pl_nested_##name = { #name, bid_##name, read_##name, true }

KIND(gzip);
KIND(zstd);
KIND(xz);
KIND(bzip2);
KIND(lz4);
KIND(lzip);
KIND(snappy);
KIND(zlib);
KIND(brotli);
