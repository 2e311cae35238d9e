/* The codecs: round trips, framing, damage, limits. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "io/codec.h"
#include "pack.h"
#include "pieces.h"

static const char *const ids[] = { "gzip", "zstd", "xz", "bzip2" };

#define BIG ((size_t)5 << 18)
static uint8_t big[BIG];

/* Text-like and noise by turns, the same each time. */
static int make_big(void **state)
{
    (void)state;
    uint32_t x = 1;
    for (size_t i = 0; i < BIG; i++) {
        x = x * 1664525 + 1013904223;
        big[i] = i >> 16 & 1 ? (uint8_t)(x >> 24) : (uint8_t)("etaoin shrdlu"[x >> 29]);
    }
    return 0;
}

/* What reading gave. */
struct got {
    struct pl_buf out, fresh, parts; /* parts: "kind:offset:bytes;" */
    int rc;
    struct pl_err err;
    uint64_t in_off; /* where the input stood at the end */
    bool in_end;
};

static void on_fresh(void *arg, const void *p, size_t n)
{
    pl_buf_putn(&((struct got *)arg)->fresh, p, n);
}

static void on_frame(void *arg, enum pl_frame_part part, struct pl_str bytes, uint64_t off)
{
    struct got *g = arg;
    if (bytes.n > 100)
        pl_buf_printf(&g->parts, "%d:%d:#%zu;", (int)part, (int)off, bytes.n);
    else
        pl_buf_printf(&g->parts, "%d:%d:%.*s;", (int)part, (int)off, PL_FMT(bytes));
}

static void got_release(struct got *g)
{
    pl_buf_release(&g->out);
    pl_buf_release(&g->fresh);
    pl_buf_release(&g->parts);
}

static const struct pl_codec *codec(const char *id)
{
    for (const struct pl_codec *const *c = pl_codecs; *c; c++) {
        if (strcmp((*c)->id, id) == 0)
            return *c;
    }
    return NULL;
}

static struct pl_codec_opts options(const struct pl_limits *l, struct got *g)
{
    return (struct pl_codec_opts){ .limits = l,
                                   .out_base = l->layer_out,
                                   .out_ratio = l->layer_ratio,
                                   .limit_name = "layer-out",
                                   .frame = on_frame,
                                   .fresh = on_fresh,
                                   .arg = g };
}

static void drain(struct pl_view *v, size_t want, struct got *g)
{
    for (;;) {
        g->rc = pl_view_ahead(v, want, &g->err);
        if (v->n == 0)
            break;
        size_t now = v->n > want ? v->n - want / 2 : v->n;
        pl_buf_putn(&g->out, v->p, now);
        pl_view_consume(v, now);
        assert_int_equal(v->off, g->out.n);
    }
    if (g->rc == 0)
        assert_true(v->eof);
    assert_int_equal(pl_view_ahead(v, 1, NULL), g->rc);
}

static struct got read_with(const char *id, struct pl_str in, size_t step, size_t want,
                            const struct pl_limits *l)
{
    struct pl_limits std;
    pl_limits_init(&std);
    struct got g = { 0 };
    struct pieces s;
    pieces_init(&s, in.p, in.n, step);
    struct pl_codec_opts o = options(l ? l : &std, &g);
    struct pl_view *v = codec(id)->open(&s.v, &o);
    drain(v, want, &g);
    g.in_off = s.v.off;
    g.in_end = s.v.eof && s.v.n == 0;
    pl_view_close(v);
    pieces_release(&s);
    return g;
}

static struct got read_all(const char *id, struct pl_str in)
{
    return read_with(id, in, 4096, 512, NULL);
}

static void expect_content(const struct got *g, const void *p, size_t n)
{
    if (g->rc < 0)
        fail_msg("%s", g->err.msg);
    assert_int_equal(g->out.n, n);
    if (n)
        assert_memory_equal(g->out.p, p, n);
    assert_int_equal(g->fresh.n, n);
    if (n)
        assert_memory_equal(g->fresh.p, p, n);
    assert_true(g->in_end);
}

static void expect_parts(const struct got *g, const char *want)
{
    struct pl_str s = pl_buf_str(&g->parts);
    if (!pl_str_is(s, want))
        fail_msg("'%.*s' instead of '%s'", PL_FMT(s), want);
}

static void expect_failure(const struct got *g, int code, const char *begin)
{
    assert_int_equal(g->rc, code);
    if (strncmp(g->err.msg, begin, strlen(begin)) != 0)
        fail_msg("'%s' instead of '%s'", g->err.msg, begin);
}

static void content_comes_back_whatever_the_pieces(void **state)
{
    (void)state;
    static const size_t sizes[] = { 0, 1, 300, 70000, BIG };
    static const size_t steps[] = { 1, 9, 1000, SIZE_MAX / 2 };
    static const size_t wants[] = { 1, 512, 100000, PL_VIEW_MAX };
    for (size_t c = 0; c < 4; c++) {
        for (size_t i = 0; i < 5; i++) {
            struct pl_buf b = { 0 };
            pack(ids[c], &b, big, sizes[i]);
            for (size_t k = sizes[i] > 70000 ? 2 : 0; k < 4; k++) {
                struct got g =
                    read_with(ids[c], pl_buf_str(&b), steps[k], wants[(i + k) % 4], NULL);
                expect_content(&g, big, sizes[i]);
                expect_parts(&g, "");
                got_release(&g);
            }
            pl_buf_release(&b);
        }
    }
}

static void all_members_are_content(void **state)
{
    (void)state;
    for (size_t c = 0; c < 4; c++) {
        struct pl_buf b = { 0 };
        pack(ids[c], &b, big, 1000);
        pack(ids[c], &b, big, 0);
        pack(ids[c], &b, big + 1000, 300000);
        pack(ids[c], &b, big + 301000, 1);
        for (size_t step = 1; step < 10000; step *= 21) {
            struct got g = read_with(ids[c], pl_buf_str(&b), step, 512, NULL);
            expect_content(&g, big, 301001);
            got_release(&g);
        }
        pl_buf_release(&b);
    }
}

static void bytes_behind_the_last_member_are_offered(void **state)
{
    (void)state;
    for (size_t c = 0; c < 4; c++) {
        struct pl_buf b = { 0 };
        char want[64];
        pack(ids[c], &b, big, 1000);
        snprintf(want, sizeof want, "%d:%zu:hidden here;", PL_FRAME_TRAILER, b.n);
        pl_buf_puts(&b, "hidden here");
        struct got g = read_with(ids[c], pl_buf_str(&b), 1, 512, NULL);
        expect_content(&g, big, 1000);
        expect_parts(&g, want);
        got_release(&g);
        pl_buf_release(&b);
    }
}

static void zero_padding_alone_is_not_offered(void **state)
{
    (void)state;
    static const char zeros[1001];
    for (size_t c = 0; c < 4; c++) {
        struct pl_buf b = { 0 };
        pack(ids[c], &b, big, 1000);
        pl_buf_putn(&b, zeros, sizeof zeros);
        struct got g = read_all(ids[c], pl_buf_str(&b));
        expect_content(&g, big, 1000);
        expect_parts(&g, "");
        got_release(&g);
        pl_buf_release(&b);
    }
}

static void a_long_trailer_comes_in_overlapping_pieces(void **state)
{
    (void)state;
    struct pl_buf b = { 0 };
    pack_gzip(&b, "", 0, 6, NULL);
    size_t at = b.n;
    char want[200];
    for (size_t i = 0; i < 130000; i++)
        pl_buf_putc(&b, (char)('a' + i % 26));
    snprintf(want, sizeof want, "4:%zu:#65536;4:%zu:#65536;4:%zu:#%d;", at, at + 61440,
             at + 2 * 61440, 130000 - 2 * 61440);
    struct got g = read_all("gzip", pl_buf_str(&b));
    expect_content(&g, "", 0);
    expect_parts(&g, want);
    got_release(&g);
    /* nothing but the overlap is left: no further piece */
    b.n = at + 65536;
    snprintf(want, sizeof want, "4:%zu:#65536;", at);
    g = read_all("gzip", pl_buf_str(&b));
    expect_parts(&g, want);
    got_release(&g);
    pl_buf_release(&b);
}

static void a_cut_at_any_byte_is_truncation(void **state)
{
    (void)state;
    for (size_t c = 0; c < 4; c++) {
        struct pl_buf b = { 0 };
        char want[64];
        pack(ids[c], &b, big, 3000);
        for (size_t n = 6; n<b.n; n += n> 100 && n + 100 < b.n ? 7 : 1) {
            struct got g = read_with(ids[c], pl_str_n(b.p, n), 7, 512, NULL);
            snprintf(want, sizeof want, "%s: truncated at offset %zu", ids[c], n);
            expect_failure(&g, PL_E_FORMAT, want);
            assert_memory_equal(g.out.p ? g.out.p : "", big, g.out.n);
            assert_int_equal(g.fresh.n, g.out.n);
            got_release(&g);
        }
        pl_buf_release(&b);
    }
}

static void what_was_decoded_before_damage_is_seen_first(void **state)
{
    (void)state;
    for (size_t c = 0; c < 4; c++) {
        struct pl_buf b = { 0 };
        pack(ids[c], &b, big, BIG);
        memset(b.p + b.n / 2, 0xff, 300);
        static const size_t wants[] = { 1, 512, 1 << 20 };
        size_t n = 0;
        for (size_t k = 0; k < 3; k++) {
            struct got g = read_with(ids[c], pl_buf_str(&b), 10000, wants[k], NULL);
            assert_int_equal(g.rc, PL_E_FORMAT);
            /* the damage is near the middle; a few bytes of nonsense may come out before it shows
             */
            assert_true(g.out.n > BIG / 4);
            assert_memory_equal(g.out.p, big, BIG / 4);
            assert_true(k == 0 || g.out.n == n);
            n = g.out.n;
            got_release(&g);
        }
        pl_buf_release(&b);
    }
}

static void a_changed_byte_never_passes_unseen(void **state)
{
    (void)state;
    for (size_t c = 0; c < 4; c++) {
        struct pl_buf b = { 0 };
        if (c == 1) { /* the library's simple call makes no checksum */
            ZSTD_CCtx *z = ZSTD_createCCtx();
            ZSTD_CCtx_setParameter(z, ZSTD_c_checksumFlag, 1);
            char *at = pl_buf_room(&b, 4000, NULL);
            b.n = ZSTD_compress2(z, at, 4000, big, 2000);
            ZSTD_freeCCtx(z);
        } else {
            pack(ids[c], &b, big, 2000);
        }
        for (size_t i = 0; i < b.n; i++) {
            if (c == 0 && i >= 4 && i < 10)
                continue; /* time and system of a gzip header are not covered by anything */
            b.p[i] ^= 1;
            struct pl_view in, *v;
            struct got g = { 0 };
            struct pl_limits l;
            pl_limits_init(&l);
            struct pl_codec_opts o = options(&l, &g);
            pl_view_mem_init(&in, b.p, b.n);
            v = codec(ids[c])->open(&in, &o);
            drain(v, 512, &g);
            bool same = g.out.n == 2000 && memcmp(g.out.p, big, 2000) == 0;
            if (g.rc == 0 && !(same && g.parts.n))
                assert_true(same);
            pl_view_close(v);
            got_release(&g);
            b.p[i] ^= 1;
        }
        pl_buf_release(&b);
    }
}

static void a_broken_input_breaks_the_content(void **state)
{
    (void)state;
    for (size_t c = 0; c < 4; c++) {
        struct pl_buf b = { 0 };
        pack(ids[c], &b, big, 3000);
        pl_buf_puts(&b, "trailer");
        for (size_t n = 0; n <= b.n; n += n > 100 && n + 100 < b.n ? 7 : 1) {
            struct pieces s;
            struct got g = { 0 };
            struct pl_view *v;
            struct pl_limits l;
            pl_limits_init(&l);
            struct pl_codec_opts o = options(&l, &g);
            pieces_init(&s, b.p, b.n, 5);
            s.break_at = n;
            v = codec(ids[c])->open(&s.v, &o);
            drain(v, 512, &g);
            expect_failure(&g, PL_E_IO, "broken at");
            pl_view_close(v);
            pieces_release(&s);
            got_release(&g);
        }
        pl_buf_release(&b);
    }
}

static void what_is_no_such_stream_is_refused(void **state)
{
    (void)state;
    static const char *const no[] = { "gzip: no header at offset 0", "zstd: no frame at offset 0",
                                      "xz: no stream at offset 0", "bzip2: no stream at offset 0" };
    for (size_t c = 0; c < 4; c++) {
        struct got g = read_all(ids[c], PL_S("this is nothing of the kind"));
        expect_failure(&g, PL_E_FORMAT, no[c]);
        got_release(&g);
        g = read_all(ids[c], PL_S(""));
        expect_failure(&g, PL_E_FORMAT, no[c]);
        got_release(&g);
    }
}

static void a_bomb_ends_at_the_limit(void **state)
{
    (void)state;
    static uint8_t zeros[8 << 20];
    struct pl_limits l;
    pl_limits_init(&l);
    l.layer_out = 1 << 20;
    l.layer_ratio = 2;
    for (size_t c = 0; c < 4; c++) {
        struct pl_buf b = { 0 };
        char want[64];
        pack(ids[c], &b, zeros, sizeof zeros);
        struct got g = read_with(ids[c], pl_buf_str(&b), 100000, 512, &l);
        snprintf(want, sizeof want, "%s: ", ids[c]);
        expect_failure(&g, PL_E_LIMIT, want);
        assert_non_null(strstr(g.err.msg, "(limit layer-out)"));
        assert_true(g.out.n > 1 << 20 && g.out.n < 2 << 20);
        got_release(&g);
        l.layer_ratio = UINT64_MAX; /* times the bytes in is more than 64 bits hold */
        g = read_with(ids[c], pl_buf_str(&b), 100000, 512, &l);
        expect_content(&g, zeros, sizeof zeros);
        got_release(&g);
        l.layer_ratio = 2;
        pl_buf_release(&b);
    }
}

static void members_are_counted(void **state)
{
    (void)state;
    struct pl_limits l;
    pl_limits_init(&l);
    l.gzip_members = 3;
    for (size_t c = 0; c < 4; c++) {
        struct pl_buf b = { 0 };
        for (int i = 0; i < 3; i++)
            pack(ids[c], &b, "x", 1);
        struct got g = read_with(ids[c], pl_buf_str(&b), 100, 512, &l);
        expect_content(&g, "xxx", 3);
        got_release(&g);
        pack(ids[c], &b, "x", 1);
        g = read_with(ids[c], pl_buf_str(&b), 100, 512, &l);
        assert_int_equal(g.rc, PL_E_LIMIT);
        assert_non_null(strstr(g.err.msg, "more than 3 members (limit gzip-members)"));
        assert_int_equal(g.out.n, 3);
        got_release(&g);
        pl_buf_release(&b);
    }
}

static void gzip_header_fields_are_offered(void **state)
{
    (void)state;
    struct pl_buf b = { 0 };
    struct pack_gzip o = {
        .name = "a name", .comment = "a comment", .extra = "AB\4\0data", .extra_n = 8, .hcrc = true
    };
    pack_gzip(&b, "body", 4, 6, &o);
    for (size_t step = 1; step < 100; step *= 5) {
        struct got g = read_with("gzip", pl_buf_str(&b), step, 512, NULL);
        expect_content(&g, "body", 4);
        struct pl_str want = PL_S("2:12:AB\4\0data;0:20:a name;1:27:a comment;");
        /* printf stops at the NUL, the bytes do not */
        struct pl_str shown = PL_S("2:12:AB\4;0:20:a name;1:27:a comment;");
        assert_true(pl_str_eq(pl_buf_str(&g.parts), shown) ||
                    pl_str_eq(pl_buf_str(&g.parts), want));
        got_release(&g);
    }
    pl_buf_release(&b);
}

static void an_empty_gzip_name_is_not_offered(void **state)
{
    (void)state;
    struct pl_buf b = { 0 };
    struct pack_gzip o = { .name = "", .extra = "", .extra_n = 0 };
    pack_gzip(&b, "body", 4, 6, &o);
    struct got g = read_all("gzip", pl_buf_str(&b));
    expect_content(&g, "body", 4);
    expect_parts(&g, "");
    got_release(&g);
    pl_buf_release(&b);
}

static void a_gzip_name_of_any_length_is_offered_in_pieces(void **state)
{
    (void)state;
    static char name[200001];
    memset(name, 'n', 200000);
    struct pl_buf b = { 0 };
    struct pack_gzip o = { .name = name, .hcrc = true };
    pack_gzip(&b, "body", 4, 6, &o);
    struct got g = read_with("gzip", pl_buf_str(&b), 1000, 512, NULL);
    expect_content(&g, "body", 4);
    expect_parts(&g, "0:10:#65536;0:61450:#65536;0:122890:#65536;0:184330:#15680;");
    got_release(&g);
    /* cut in the name: what is there is offered all the same */
    g = read_with("gzip", pl_str_n(b.p, 70000), 1000, 512, NULL);
    expect_failure(&g, PL_E_FORMAT, "gzip: truncated at offset 70000");
    expect_parts(&g, "0:10:#65536;0:61450:#8550;");
    got_release(&g);
    pl_buf_release(&b);
}

static void a_gzip_name_cut_short_is_offered(void **state)
{
    (void)state;
    struct pl_buf b = { 0 };
    struct pack_gzip o = { .name = "a name", .extra = "12345678", .extra_n = 8 };
    pack_gzip(&b, "body", 4, 6, &o);
    struct got g = read_all("gzip", pl_str_n(b.p, 23));
    expect_failure(&g, PL_E_FORMAT, "gzip: truncated at offset 23");
    expect_parts(&g, "2:12:12345678;0:20:a n;");
    got_release(&g);
    g = read_all("gzip", pl_str_n(b.p, 15));
    expect_failure(&g, PL_E_FORMAT, "gzip: truncated at offset 15");
    expect_parts(&g, "2:12:123;");
    got_release(&g);
    pl_buf_release(&b);
}

static void gzip_checksums_and_lengths_are_checked(void **state)
{
    (void)state;
    static const struct {
        struct pack_gzip o;
        const char *message;
    } cases[] = {
        { { .wrong_crc = true }, "gzip: wrong checksum at offset" },
        { { .wrong_size = true }, "gzip: wrong length at offset" },
        { { .hcrc = true, .wrong_hcrc = true }, "gzip: wrong header checksum at offset 10" },
    };
    for (size_t i = 0; i < 3; i++) {
        struct pl_buf b = { 0 };
        pack_gzip(&b, "body", 4, 6, &cases[i].o);
        struct got g = read_all("gzip", pl_buf_str(&b));
        expect_failure(&g, PL_E_FORMAT, cases[i].message);
        assert_int_equal(g.out.n, i < 2 ? 4 : 0);
        got_release(&g);
        pl_buf_release(&b);
    }
}

static void reserved_gzip_flags_do_not_hide_a_member(void **state)
{
    (void)state;
    struct pl_buf b = { 0 };
    struct pack_gzip o = { .reserved = 0x20 };
    pack_gzip(&b, "one", 3, 6, NULL);
    pack_gzip(&b, "two", 3, 6, &o);
    struct got g = read_all("gzip", pl_buf_str(&b));
    expect_content(&g, "onetwo", 6);
    got_release(&g);
    pl_buf_release(&b);
}

static void stored_and_fixed_blocks_are_read_too(void **state)
{
    (void)state;
    struct pl_buf b = { 0 };
    pack_gzip(&b, big, 200000, 0, NULL);
    pack_gzip(&b, "aaaaaaaaaa", 10, 9, NULL);
    struct got g = read_with("gzip", pl_buf_str(&b), 1, 1, NULL);
    assert_int_equal(g.rc, 0);
    assert_int_equal(g.out.n, 200010);
    assert_memory_equal(g.out.p, big, 200000);
    got_release(&g);
    pl_buf_release(&b);
}

static void zstd_skippable_frames_are_offered(void **state)
{
    (void)state;
    struct pl_buf b = { 0 };
    pack_zstd_skippable(&b, "first", 5);
    pack_zstd(&b, "body", 4, 3);
    size_t at = b.n + 8;
    pack_zstd_skippable(&b, "second", 6);
    pack_zstd_skippable(&b, "", 0);
    pack_zstd(&b, "more", 4, 3);
    char want[64];
    snprintf(want, sizeof want, "3:8:first;3:%zu:second;", at);
    for (size_t step = 1; step < 100; step *= 5) {
        struct got g = read_with("zstd", pl_buf_str(&b), step, 512, NULL);
        expect_content(&g, "bodymore", 8);
        expect_parts(&g, want);
        got_release(&g);
    }
    pl_buf_release(&b);
}

static void a_cut_zstd_skippable_frame_is_offered_as_far_as_it_goes(void **state)
{
    (void)state;
    struct pl_buf b = { 0 };
    pack_zstd_skippable(&b, "0123456789", 10);
    struct got g = read_all("zstd", pl_str_n(b.p, 14));
    expect_failure(&g, PL_E_FORMAT, "zstd: truncated at offset 14");
    expect_parts(&g, "3:8:012345;");
    got_release(&g);
    g = read_all("zstd", pl_str_n(b.p, 6));
    expect_failure(&g, PL_E_FORMAT, "zstd: truncated at offset 6");
    got_release(&g);
    pl_buf_release(&b);
}

static void a_zstd_frame_that_needs_a_dictionary_is_not_supported(void **state)
{
    (void)state;
    /* header flags: dictionary number of 2 bytes; with and without a window byte */
    struct got g = read_all("zstd", PL_S("\x28\xb5\x2f\xfd\x02\x00\x34\x12\x01\x00\x00"));
    expect_failure(&g, PL_E_UNSUP, "zstd: needs dictionary 4660 at offset 0");
    got_release(&g);
    g = read_all("zstd", PL_S("\x28\xb5\x2f\xfd\x23\x78\x56\x34\x12\x00\x01\x00\x00"));
    expect_failure(&g, PL_E_UNSUP, "zstd: needs dictionary 305419896 at offset 0");
    got_release(&g);
    /* number 0 means none */
    g = read_all("zstd", PL_S("\x28\xb5\x2f\xfd\x01\x00\x00\x01\x00\x00"));
    expect_content(&g, "", 0);
    got_release(&g);
}

/* A block of `n` times the same byte. */
static void put_rle(struct pl_buf *b, uint32_t n)
{
    pack_le(b, n << 3 | 1 << 1, 3);
    pl_buf_putc(b, 'r');
}

static void zstd_blocks_before_a_bad_one_are_seen_whole(void **state)
{
    (void)state;
    struct pl_buf b = { 0 };
    pl_buf_putn(&b, "\x28\xb5\x2f\xfd\x00\x50", 6);
    for (int i = 0; i < 7; i++)
        put_rle(&b, 100000); /* the third ends behind a piece of output */
    pack_le(&b, 3 << 1, 3);  /* the reserved type */
    for (size_t want = 1; want < PL_VIEW_MAX; want *= 300) {
        struct got g = read_with("zstd", pl_buf_str(&b), 1000, want, NULL);
        expect_failure(&g, PL_E_FORMAT, "zstd: damaged near offset 34");
        assert_int_equal(g.out.n, 700000);
        assert_int_equal(g.fresh.n, 700000);
        got_release(&g);
    }
    pl_buf_release(&b);
}

static void a_zstd_window_above_the_limit_is_refused(void **state)
{
    (void)state;
    struct pl_limits l;
    pl_limits_init(&l);
    /* window descriptor 0x90: 2^28 bytes */
    struct pl_str frame = PL_S("\x28\xb5\x2f\xfd\x00\x90\x01\x00\x00");
    struct got g = read_with("zstd", frame, 100, 512, &l);
    expect_failure(&g, PL_E_LIMIT, "zstd: window above 134217728 bytes (limit window)");
    got_release(&g);
    l.window = UINT64_MAX;
    g = read_with("zstd", frame, 100, 512, &l);
    expect_content(&g, "", 0);
    got_release(&g);
    l.window = 0;
    g = read_with("zstd", frame, 100, 512, &l);
    assert_int_equal(g.rc, PL_E_LIMIT);
    got_release(&g);
}

static void xz_memory_above_the_limit_is_refused(void **state)
{
    (void)state;
    struct pl_limits l;
    pl_limits_init(&l);
    l.window = 1 << 20;
    struct pl_buf b = { 0 };
    pack_xz(&b, big, 3000, 6);
    struct got g = read_with("xz", pl_buf_str(&b), 100, 512, &l);
    expect_failure(&g, PL_E_LIMIT, "xz: memory above 1048576 bytes (limit window)");
    got_release(&g);
    pl_buf_release(&b);
}

static void an_unknown_xz_filter_is_not_supported(void **state)
{
    (void)state;
    struct pl_buf b = { 0 };
    pack_xz(&b, "x", 1, 1);
    /* block header: size, flags, sizes, filter id 0x21; made 0x2f, with its checksum mended */
    uint8_t *h = (uint8_t *)b.p + 12;
    size_t n = ((size_t)h[0] + 1) * 4;
    uint8_t *filter = memchr(h, 0x21, n);
    assert_non_null(filter);
    *filter = 0x2f;
    uint32_t crc = lzma_crc32(h, n - 4, 0);
    for (size_t i = 0; i < 4; i++)
        h[n - 4 + i] = (uint8_t)(crc >> 8 * i);
    struct got g = read_all("xz", pl_buf_str(&b));
    expect_failure(&g, PL_E_UNSUP, "xz: unknown filter or option near offset");
    got_release(&g);
    pl_buf_release(&b);
}

static void padding_between_xz_streams_is_skipped(void **state)
{
    (void)state;
    struct pl_buf b = { 0 };
    pack_xz(&b, "one", 3, 1);
    pl_buf_putn(&b, "\0\0\0\0\0\0\0\0", 8);
    pack_xz(&b, "two", 3, 1);
    pl_buf_putn(&b, "\0\0\0\0", 4);
    struct got g = read_with("xz", pl_buf_str(&b), 1, 512, NULL);
    expect_content(&g, "onetwo", 6);
    expect_parts(&g, "");
    got_release(&g);
    pl_buf_release(&b);
}

static const char *probe(struct pl_str in)
{
    struct pl_view v;
    const struct pl_codec *c = NULL;
    pl_view_mem_init(&v, in.p, in.n);
    assert_int_equal(pl_codec_probe(&v, &c, NULL), 0);
    assert_int_equal(v.off, 0);
    return c ? c->id : "none";
}

static void the_bytes_tell_the_codec(void **state)
{
    (void)state;
    for (size_t c = 0; c < 4; c++) {
        struct pl_buf b = { 0 };
        pack(ids[c], &b, "x", 1);
        assert_string_equal(probe(pl_buf_str(&b)), ids[c]);
        b.n = 0;
        pack(ids[c], &b, "", 0);
        assert_string_equal(probe(pl_buf_str(&b)), ids[c]);
        pl_buf_release(&b);
    }
    assert_string_equal(probe(PL_S("\x50\x2a\x4d\x18\0\0\0\0")), "zstd");
    assert_string_equal(probe(PL_S("\x04\x22\x4d\x18")), "lz4");
    assert_string_equal(probe(PL_S("\x02\x21\x4c\x18")), "lz4");
    assert_string_equal(probe(PL_S("")), "none");
    assert_string_equal(probe(PL_S("\x1f\x8b")), "none");
    assert_string_equal(probe(PL_S("BZh9 is how this text begins")), "none");
    assert_string_equal(probe(PL_S("BZh0\x31\x41\x59\x26\x53\x59")), "none");
    assert_string_equal(probe(PL_S("plain text")), "none");
}

static void a_broken_stream_cannot_be_probed(void **state)
{
    (void)state;
    struct pieces s;
    const struct pl_codec *c = codec("xz");
    pieces_init(&s, "x", 1, 1);
    s.break_at = 1;
    assert_int_equal(pl_codec_probe(&s.v, &c, NULL), PL_E_IO);
    assert_ptr_equal(c, codec("xz"));
    pieces_release(&s);
}

static void hooks_may_be_absent(void **state)
{
    (void)state;
    struct pl_limits l;
    pl_limits_init(&l);
    struct pl_codec_opts o = { .limits = &l, .out_base = 1, .out_ratio = 1 };
    struct pl_buf b = { 0 };
    struct pack_gzip head = { .name = "n", .comment = "c", .extra = "e", .extra_n = 1 };
    pack_gzip(&b, "body", 4, 6, &head);
    pl_buf_puts(&b, "trailer");
    struct pl_view in, *v;
    struct got g = { 0 };
    pl_view_mem_init(&in, b.p, b.n);
    v = codec("gzip")->open(&in, &o);
    drain(v, 512, &g);
    assert_int_equal(g.out.n, 4);
    pl_view_close(v);
    got_release(&g);
    pl_buf_release(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(content_comes_back_whatever_the_pieces),
        cmocka_unit_test(all_members_are_content),
        cmocka_unit_test(bytes_behind_the_last_member_are_offered),
        cmocka_unit_test(zero_padding_alone_is_not_offered),
        cmocka_unit_test(a_long_trailer_comes_in_overlapping_pieces),
        cmocka_unit_test(a_cut_at_any_byte_is_truncation),
        cmocka_unit_test(what_was_decoded_before_damage_is_seen_first),
        cmocka_unit_test(a_changed_byte_never_passes_unseen),
        cmocka_unit_test(a_broken_input_breaks_the_content),
        cmocka_unit_test(what_is_no_such_stream_is_refused),
        cmocka_unit_test(a_bomb_ends_at_the_limit),
        cmocka_unit_test(members_are_counted),
        cmocka_unit_test(gzip_header_fields_are_offered),
        cmocka_unit_test(an_empty_gzip_name_is_not_offered),
        cmocka_unit_test(a_gzip_name_of_any_length_is_offered_in_pieces),
        cmocka_unit_test(a_gzip_name_cut_short_is_offered),
        cmocka_unit_test(gzip_checksums_and_lengths_are_checked),
        cmocka_unit_test(reserved_gzip_flags_do_not_hide_a_member),
        cmocka_unit_test(stored_and_fixed_blocks_are_read_too),
        cmocka_unit_test(zstd_skippable_frames_are_offered),
        cmocka_unit_test(a_cut_zstd_skippable_frame_is_offered_as_far_as_it_goes),
        cmocka_unit_test(a_zstd_frame_that_needs_a_dictionary_is_not_supported),
        cmocka_unit_test(zstd_blocks_before_a_bad_one_are_seen_whole),
        cmocka_unit_test(a_zstd_window_above_the_limit_is_refused),
        cmocka_unit_test(xz_memory_above_the_limit_is_refused),
        cmocka_unit_test(an_unknown_xz_filter_is_not_supported),
        cmocka_unit_test(padding_between_xz_streams_is_skipped),
        cmocka_unit_test(the_bytes_tell_the_codec),
        cmocka_unit_test(a_broken_stream_cannot_be_probed),
        cmocka_unit_test(hooks_may_be_absent),
    };
    return cmocka_run_group_tests(tests, make_big, NULL);
}
