/* LZ4, Snappy, S2, MinLZ, lzip, zlib and brotli: streams that other programs wrote, and blocks. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "io/codec.h"
#include "io/lzblock.h"
#include "io/nested.h"
#include "pieces.h"

#define TEXT 3100
static uint8_t text[TEXT];

/* What all of the samples hold. */
static int make_text(void **state)
{
    uint32_t x = 1;
    size_t n = 0;
    (void)state;
    for (; n < 1000; n++)
        text[n] = (uint8_t) "etaoin shrdlu"[(x = x * 1664525 + 1013904223) >> 29];
    for (; n < 1600; n++)
        text[n] = (uint8_t) "cab"[n % 3];
    for (; n < 2600; n++)
        text[n] = text[n - 1600];
    for (; n < 2900; n++)
        text[n] = (uint8_t)((x = x * 1664525 + 1013904223) >> 24);
    for (; n < TEXT; n++)
        text[n] = text[n - 2400];
    return 0;
}

static const struct sample {
    const char *file, *id;
    bool marked; /* known by its first bytes */
    bool ends;   /* says where it ends, or how long it is */
    bool summed; /* any changed bit shows */
} samples[] = {
    { "lz4", "lz4", true, true, true },          { "lz4-sums", "lz4", true, true, true },
    { "lz4-old", "lz4", true, false, false },    { "lz4-linked", "lz4", true, true, true },
    { "snappy", "snappy", true, false, true },   { "s2", "snappy", true, false, true },
    { "s2-index", "snappy", true, false, true }, { "minlz-1", "snappy", true, false, true },
    { "minlz-2", "snappy", true, false, true },  { "minlz-3", "snappy", true, false, true },
    { "lzip", "lzip", true, true, true },        { "zlib", "zlib", false, true, true },
    { "brotli", "brotli", false, true, false },
};

static struct pl_str load(const struct sample *s)
{
    static char bytes[8192];
    const char *root = getenv("PL_SRC");
    char path[512];
    snprintf(path, sizeof path, "%s/tests/corpus/codec/%s", root ? root : ".", s->file);
    FILE *f = fopen(path, "r");
    assert_non_null(f);
    size_t n = fread(bytes, 1, sizeof bytes, f);
    fclose(f);
    return pl_str_n(bytes, n);
}

static const struct pl_codec *codec(const char *id)
{
    for (const struct pl_codec *const *c = pl_codecs; *c; c++)
        if (strcmp((*c)->id, id) == 0)
            return *c;
    return NULL;
}

/* All that comes out of `in`, given in pieces of `step`. */
static int unpack(const struct sample *s, struct pl_str in, size_t step, struct pl_buf *out)
{
    struct pl_limits l;
    struct pl_err err = { 0 };
    struct pieces p;
    int rc;
    pl_limits_init(&l);
    struct pl_codec_opts o = { .limits = &l, .out_base = l.nested_out, .out_ratio = 100 };
    pieces_init(&p, in.p, in.n, step);
    struct pl_view *v = codec(s->id)->open(&p.v, &o);
    do {
        rc = pl_view_ahead(v, 100, &err);
        pl_buf_putn(out, v->p, v->n);
        pl_view_consume(v, v->n);
    } while (rc == 0 && !v->eof);
    pl_view_close(v);
    pieces_release(&p);
    return rc;
}

#define EACH(s) for (const struct sample *s = samples; s < samples + PL_COUNT(samples); s++)

static bool readable(const struct sample *s)
{
    if (codec(s->id)->open)
        return true;
    print_message("skip: %s: built without its library\n", s->id);
    return false;
}

static void content_comes_back_whatever_the_pieces(void **state)
{
    static const size_t steps[] = { 1, 9, 1000, 100000 };
    (void)state;
    EACH(s)
    {
        for (size_t k = 0; k < PL_COUNT(steps) && readable(s); k++) {
            pl_auto_buf struct pl_buf out = { 0 };
            assert_int_equal(unpack(s, load(s), steps[k], &out), 0);
            assert_int_equal(out.n, TEXT);
            assert_memory_equal(out.p, text, TEXT);
        }
    }
}

static void the_first_bytes_tell_it_where_it_has_a_mark(void **state)
{
    (void)state;
    EACH(s)
    {
        struct pl_str in = load(s);
        struct pl_view v;
        const struct pl_codec *c;
        pl_view_mem_init(&v, in.p, in.n);
        assert_int_equal(pl_codec_probe(&v, &c, NULL), 0);
        assert_ptr_equal(c, s->marked ? codec(s->id) : NULL);
    }
}

static void a_name_tells_the_others_when_the_bytes_may_be(void **state)
{
    struct pl_str zlib = load(&samples[11]);
    (void)state;
    assert_string_equal(pl_nested_probe((const uint8_t *)zlib.p, 512, PL_S("a/x.zz"))->id, "zlib");
    assert_null(pl_nested_probe((const uint8_t *)zlib.p, 512, PL_S("a/x")));
    struct pl_str brotli = load(&samples[12]);
    assert_string_equal(pl_nested_probe((const uint8_t *)brotli.p, 512, PL_S("x.JS.BR"))->id,
                        "brotli");
    assert_null(pl_nested_probe((const uint8_t *)brotli.p, 512, PL_S("x.js")));
    if (codec("brotli")->open)
        assert_null(pl_nested_probe((const uint8_t *)"Demat d'an holl", 15, PL_S("words.br")));
}

static void a_cut_is_never_more_than_what_was_there(void **state)
{
    (void)state;
    EACH(s)
    {
        struct pl_str in = load(s);
        for (size_t n = 1; n < in.n && readable(s); n += 3) {
            pl_auto_buf struct pl_buf out = { 0 };
            int rc = unpack(s, pl_str_n(in.p, n), 77, &out);
            assert_true(out.n <= TEXT && memcmp(out.p ? out.p : "", text, out.n) == 0);
            assert_true(rc == PL_E_FORMAT || (rc == 0 && !s->ends));
        }
    }
}

static void a_changed_byte_never_passes_unseen(void **state)
{
    (void)state;
    EACH(s)
    {
        struct pl_str in = load(s);
        for (size_t i = 0; i < in.n && s->summed; i++) {
            pl_auto_buf struct pl_buf out = { 0 };
            ((char *)(uintptr_t)in.p)[i] ^= 1;
            int rc = unpack(s, in, 100000, &out);
            ((char *)(uintptr_t)in.p)[i] ^= 1;
            bool same = out.n == TEXT && memcmp(out.p, text, TEXT) == 0;
            assert_true(rc < 0 || same);
        }
    }
}

static void streams_follow_each_other(void **state)
{
    (void)state;
    EACH(s)
    {
        pl_auto_buf struct pl_buf two = { 0 }, out = { 0 };
        struct pl_str in = load(s);
        if (!s->marked || !readable(s))
            continue;
        pl_buf_putn(&two, in.p, in.n);
        pl_buf_putn(&two, in.p, in.n);
        assert_int_equal(unpack(s, pl_buf_str(&two), 1000, &out), 0);
        assert_int_equal(out.n, 2 * TEXT);
        assert_memory_equal(out.p + TEXT, text, TEXT);
    }
}

static int64_t lz4(const char *in, size_t n, size_t room, uint8_t *out)
{
    return pl_lz4_block((const uint8_t *)in, n, out, 0, room);
}

static void a_block_of_lz4_stays_within_its_bounds(void **state)
{
    uint8_t out[64];
    (void)state;
    assert_int_equal(lz4("\x14"
                         "a\1\0"
                         "\x50"
                         "bcdef",
                         10, 64, out),
                     14);
    assert_memory_equal(out, "aaaaaaaaabcdef", 14);
    assert_int_equal(lz4("\x14"
                         "a\1\0"
                         "\x50"
                         "bcdef",
                         10, 13, out),
                     -1); /* too small */
    assert_int_equal(lz4("\x14"
                         "a\2\0"
                         "\x50"
                         "bcdef",
                         10, 64, out),
                     -1); /* before the start */
    assert_int_equal(lz4("\x14"
                         "a\0\0"
                         "\x50"
                         "bcdef",
                         10, 64, out),
                     -1);
    assert_int_equal(lz4("\x50"
                         "bcde",
                         5, 64, out),
                     -1);
    assert_int_equal(lz4("\xf0\xff\xff", 3, 64, out), -1);
    assert_int_equal(lz4("", 0, 64, out), -1);
    assert_int_equal(lz4("\x14"
                         "a\1",
                         3, 64, out),
                     -1);
}

static int64_t snappy(const char *in, size_t n, bool s2, uint8_t *out)
{
    return pl_snappy_block((const uint8_t *)in, n, out, 64, s2);
}

static void a_block_of_snappy_stays_within_its_bounds(void **state)
{
    uint8_t out[64];
    (void)state;
    assert_int_equal(snappy("\x0a\x04"
                            "ab"
                            "\x11\2",
                            6, false, out),
                     10);
    assert_memory_equal(out, "ababababab", 10);
    assert_int_equal(snappy("\x06\x04"
                            "ab"
                            "\x0f\2\0\0\0",
                            9, false, out),
                     6);
    assert_int_equal(snappy("\x06\xf0\x05"
                            "abcdef",
                            9, false, out),
                     6);
    /* a repeated offset is S2's */
    assert_int_equal(snappy("\x0e\x04"
                            "ab"
                            "\x11\2"
                            "\1\0",
                            8, true, out),
                     14);
    assert_int_equal(snappy("\x0e\x04"
                            "ab"
                            "\x11\2"
                            "\1\0",
                            8, false, out),
                     -1);
    assert_int_equal(snappy("\x17\x04"
                            "ab"
                            "\x11\2"
                            "\x15\0\5",
                            9, true, out),
                     23);
    assert_int_equal(snappy("\x06\x04"
                            "ab"
                            "\1\0",
                            6, true, out),
                     -1); /* none before */
    assert_int_equal(snappy("\x0a\x04"
                            "ab"
                            "\x11\3",
                            6, false, out),
                     -1);
    assert_int_equal(snappy("\x0b\x04"
                            "ab"
                            "\x11\2",
                            6, false, out),
                     -1); /* too short */
    assert_int_equal(snappy("\x41\x04"
                            "ab",
                            4, false, out),
                     -1); /* too large */
    assert_int_equal(snappy("\xff\xff\xff\xff\xff\xff", 6, false, out), -1);
    assert_int_equal(snappy("\x06\xfc", 2, false, out), -1);
}

static int64_t minlz(const char *in, size_t n, uint8_t *out)
{
    return pl_minlz_block((const uint8_t *)in, n, out, 64);
}

static void a_block_of_minlz_stays_within_its_bounds(void **state)
{
    uint8_t out[64];
    (void)state;
    assert_int_equal(minlz("\0abc", 4, out), 3);
    assert_int_equal(minlz("\5\0x\x1c", 4, out), 5); /* the offset is 1 at the start */
    assert_memory_equal(out, "xxxxx", 5);
    assert_int_equal(minlz("\x0a\x08"
                           "ab"
                           "\x51\0",
                           6, out),
                     10);
    assert_memory_equal(out, "ababababab", 10);
    assert_int_equal(minlz("\x15\0x"
                           "\x3d\0\2",
                           6, out),
                     21);                                   /* 18 and one byte more */
    assert_int_equal(minlz("\5\0x\x02\0\0", 6, out), -1);   /* offset 64 */
    assert_int_equal(minlz("\5\0x\x07\0\0\0", 7, out), -1); /* offset 65536 */
    assert_int_equal(minlz("\5\0x\x1c\x1c", 5, out), -1);
    assert_int_equal(minlz("\5\xe8", 2, out), -1);
}

static void minlz_copies_from_far_away(void **state)
{
    const size_t far = 70000;
    pl_auto_buf struct pl_buf in = { 0 };
    uint8_t *out = malloc(far + 70);
    (void)state;
    assert_non_null(out);
    pl_buf_putn(&in,
                "\xc5\xa3\x04"
                "\xf8\x52\x11\x01",
                7); /* 70085; 30 + 69970 literals */
    for (size_t i = 0; i < far; i++)
        pl_buf_putc(&in, (char)(i % 251));
    /* two literals, then 65 + 18 bytes from 70002 before: code 61, 64 and a byte */
    uint32_t word = 3u | 1u << 2 | 2u << 3 | 61u << 5 | (70002u - 65536u) << 11;
    for (unsigned i = 0; i < 4; i++)
        pl_buf_putc(&in, (char)(word >> 8 * i));
    pl_buf_putn(&in, "\x13yz", 3);
    free(out);
    out = malloc(far + 85);
    assert_non_null(out);
    assert_int_equal(pl_minlz_block((const uint8_t *)in.p, in.n, out, far + 85), far + 85);
    assert_memory_equal(out + far, "yz", 2);
    assert_memory_equal(out + far + 2, out, 83);
    free(out);
}

static void sums_are_those_of_the_specifications(void **state)
{
    struct pl_xxh32 x;
    static const uint8_t zeros[32];
    (void)state;
    assert_int_equal(pl_crc32c(zeros, 32), 0x8a9136aa); /* RFC 3720 B.4 */
    assert_int_equal(pl_crc32c((const uint8_t *)"123456789", 9), 0xe3069283);
    pl_xxh32_init(&x);
    assert_int_equal(pl_xxh32_get(&x), 0x02cc5d05);
    pl_xxh32_add(&x, (const uint8_t *)"Nobody inspects", 15);
    pl_xxh32_add(&x, (const uint8_t *)" the spammish repetition", 24);
    assert_int_equal(pl_xxh32_get(&x), 0xe2293b2f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(content_comes_back_whatever_the_pieces),
        cmocka_unit_test(the_first_bytes_tell_it_where_it_has_a_mark),
        cmocka_unit_test(a_name_tells_the_others_when_the_bytes_may_be),
        cmocka_unit_test(a_cut_is_never_more_than_what_was_there),
        cmocka_unit_test(a_changed_byte_never_passes_unseen),
        cmocka_unit_test(streams_follow_each_other),
        cmocka_unit_test(a_block_of_lz4_stays_within_its_bounds),
        cmocka_unit_test(a_block_of_snappy_stays_within_its_bounds),
        cmocka_unit_test(a_block_of_minlz_stays_within_its_bounds),
        cmocka_unit_test(minlz_copies_from_far_away),
        cmocka_unit_test(sums_are_those_of_the_specifications),
    };
    return cmocka_run_group_tests(tests, make_text, NULL);
}
