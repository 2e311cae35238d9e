/* What writes an image anew: packing, tars with something taken out, redaction in containers, files
 * that get their name last. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <zlib.h>

#include "base/hash.h"
#include "io/codec.h"
#include "io/codec_pack.h"
#include "io/redact.h"
#include "io/tar_edit.h"
#include "rewrite/store.h"
#include "tarmake.h"

static void on_out(void *arg, const void *p, size_t n)
{
    pl_buf_putn(arg, p, n);
}

/* ---- packing ---- */

static void pack(const char *id, struct pl_str text, size_t step, struct pl_buf *out)
{
    struct pl_pack *k = pl_pack_new(id, on_out, out);
    assert_non_null(k);
    for (size_t at = 0; at < text.n; at += step)
        pl_pack_add(k, text.p + at, text.n - at < step ? text.n - at : step);
    pl_pack_end(k);
    pl_pack_free(k);
}

static void what_is_packed_unpacks_and_is_the_same_again(void **state)
{
    (void)state;
    static const char *const ids[] = { "gzip", "zstd", "xz", "bzip2", NULL };
    pl_auto_buf struct pl_buf text = { 0 };
    for (unsigned i = 0; i < 30000; i++)
        pl_buf_printf(&text, "line %u %u\n", i, i * 2654435761u);
    struct pl_limits l;
    pl_limits_init(&l);
    for (size_t i = 0; i < 5; i++) {
        pl_auto_buf struct pl_buf one = { 0 }, two = { 0 }, back = { 0 };
        const struct pl_codec *c = NULL;
        struct pl_view in;
        pack(ids[i], pl_buf_str(&text), 1000, &one);
        pack(ids[i], pl_buf_str(&text), 77777, &two);
        assert_true(pl_str_eq(pl_buf_str(&one), pl_buf_str(&two)));
        pl_view_mem_init(&in, one.p, one.n);
        assert_int_equal(pl_codec_probe(&in, &c, NULL), 0);
        struct pl_codec_opts o = { .limits = &l, .out_base = PL_MIB(64), .limit_name = "x" };
        struct pl_view *v = c ? c->open(&in, &o) : pl_codec_open_plain(&in, &o);
        assert_string_equal(c ? c->id : "", ids[i] ? ids[i] : "");
        assert_int_equal(pl_view_slurp(v, &back, PL_MIB(8), NULL), 0);
        assert_true(pl_str_eq(pl_buf_str(&back), pl_buf_str(&text)));
        pl_view_close(v);
    }
    assert_null(pl_pack_new("lz4", on_out, &text));
}

/* ---- tars ---- */

static int rewrite(const struct pl_buf *in, const struct pl_tar_edits *e, struct pl_buf *out)
{
    struct pl_limits l;
    pl_limits_init(&l);
    struct pl_view v;
    pl_view_mem_init(&v, in->p, in->n);
    struct pl_tar_rewrite *w = pl_tar_rewrite_new(e, &l, on_out, out);
    struct pl_codec_opts o = { .limits = &l,
                               .out_base = PL_MIB(64),
                               .limit_name = "x",
                               .fresh = pl_tar_rewrite_fresh,
                               .arg = w };
    struct pl_view *plain = pl_codec_open_plain(&v, &o);
    int r = pl_tar_rewrite_run(w, plain, NULL);
    pl_view_close(plain);
    pl_tar_rewrite_free(w);
    return r;
}

static void three(struct pl_buf *b)
{
    tm_add(b, &(struct tm_head){ .name = "a", .body = "first" });
    tm_add(b, &(struct tm_head){ .name = "b", .body = "KEY=secret;\nrest" });
    tm_add(b, &(struct tm_head){ .name = "c", .body = "third" });
    for (int i = 0; i < 1024; i++)
        pl_buf_putc(b, 0);
    pl_buf_puts(b, "behind the end");
}

static void a_tar_without_edits_is_the_same(void **state)
{
    (void)state;
    pl_auto_buf struct pl_buf in = { 0 }, out = { 0 };
    const struct pl_tar_edits none = { 0 };
    three(&in);
    assert_int_equal(rewrite(&in, &none, &out), 0);
    assert_true(pl_str_eq(pl_buf_str(&in), pl_buf_str(&out)));
}

static void entries_go_are_hidden_or_overwritten(void **state)
{
    (void)state;
    pl_auto_buf struct pl_buf in = { 0 }, out = { 0 }, want = { 0 };
    const struct pl_tar_blank blank = { 4, 6 };
    const struct pl_tar_edit e[] = {
        { .ordinal = 0, .fate = PL_TAR_DROP },
        { .ordinal = 1, .fate = PL_TAR_REDACT, .blanks = &blank, .n_blanks = 1 },
        { .ordinal = 2, .fate = PL_TAR_HIDE, .name = { ".wh.c", 5 } },
    };
    const struct pl_tar_edits edits = { .p = e, .n = 3, .tail = true };
    three(&in);
    tm_add(&want, &(struct tm_head){ .name = "b", .body = "KEY=xxxxxx;\nrest" });
    assert_int_equal(rewrite(&in, &edits, &out), 0);
    assert_true(out.n >= 1536 && memcmp(out.p, want.p, want.n) == 0);
    assert_string_equal(out.p + 1024, ".wh.c");
    assert_int_equal(out.n, 1024 + 512 + 1024); /* the tail is gone */
}

static void an_edit_of_no_entry_fails(void **state)
{
    (void)state;
    pl_auto_buf struct pl_buf in = { 0 }, out = { 0 };
    const struct pl_tar_edit e = { .ordinal = 7, .fate = PL_TAR_DROP };
    const struct pl_tar_edits edits = { .p = &e, .n = 1 };
    three(&in);
    assert_int_equal(rewrite(&in, &edits, &out), PL_E_FORMAT);
}

static void a_container_in_a_tar_is_redacted_whole(void **state)
{
    (void)state;
    static const struct pl_str value = { "longer-secret-value", 19 };
    pl_auto_buf struct pl_buf in = { 0 }, out = { 0 }, gz = { 0 };
    pack("gzip", PL_S("TOKEN=longer-secret-value\n"), 100, &gz);
    tm_add(&in, &(struct tm_head){ .name = "a.gz", .body = gz.p, .body_n = gz.n });
    tm_add(&in, &(struct tm_head){ .name = "c", .body = "third" });
    const struct pl_tar_edit e = { .ordinal = 0, .fate = PL_TAR_REDACT, .inside = true };
    const struct pl_tar_edits edits = { .p = &e, .n = 1, .values = &value, .n_values = 1 };
    assert_int_equal(rewrite(&in, &edits, &out), 0);
    assert_int_equal(out.n, in.n);
    assert_memory_equal(out.p, in.p, 512);
    assert_memory_equal(out.p + 1024, in.p + 1024, in.n - 1024);
    assert_memory_not_equal(out.p + 512, in.p + 512, gz.n);
    const struct pl_tar_edits wrong = { .p = &e, .n = 1, .values = &value, .n_values = 0 };
    pl_buf_clear(&out);
    assert_int_equal(rewrite(&in, &wrong, &out), PL_E_UNSUP);
}

/* ---- redaction ---- */

static void a_member_of_any_gap_keeps_its_length(void **state)
{
    (void)state;
    static const struct pl_str value = { "0123456789abcdefghijklmnopqrstuv", 32 };
    for (size_t level = 0; level <= 9; level++) { /* other levels leave other gaps */
        for (size_t extra = 0; extra < 40; extra++) {
            uint8_t packed[512], text[256];
            char plain[256];
            int n = snprintf(plain, sizeof plain, "%.*s KEY=%.*s %.*s", (int)extra,
                             "the quick brown fox jumps over the lazy dog", PL_FMT(value),
                             (int)(extra % 7), "and so on");
            z_stream z = { .next_in = (Bytef *)plain, .avail_in = (uInt)n };
            z.next_out = packed;
            z.avail_out = sizeof packed;
            assert_int_equal(deflateInit2(&z, (int)level, Z_DEFLATED, 31, 8, 0), Z_OK);
            assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
            size_t size = sizeof packed - z.avail_out;
            deflateEnd(&z);
            assert_int_equal(pl_redact_inside(packed, size, &value, 1, NULL), 0);
            z = (z_stream){ .next_in = packed, .avail_in = (uInt)size };
            z.next_out = text;
            z.avail_out = sizeof text;
            assert_int_equal(inflateInit2(&z, 31), Z_OK);
            assert_int_equal(inflate(&z, Z_FINISH), Z_STREAM_END); /* its sum is right, too */
            assert_int_equal(z.avail_in, 0);
            assert_int_equal(sizeof text - z.avail_out, n);
            inflateEnd(&z);
            assert_null(memmem(text, (size_t)n, value.p, value.n));
            assert_non_null(memmem(text, (size_t)n, "KEY=xxxxxxxxxxxxxxxx", 20));
        }
    }
}

static void a_format_that_forbids_it_is_refused(void **state)
{
    (void)state;
    static const struct pl_str value = { "0123456789abcdef", 16 };
    struct pl_err err = { 0 };
    char sqlite[] = "SQLite format 3\0 0123456789abcdef", text[] = "a 0123456789abcdef",
         none[] = "x";
    assert_int_equal(pl_redact_inside((uint8_t *)sqlite, sizeof sqlite, &value, 1, &err),
                     PL_E_UNSUP);
    assert_int_equal(pl_redact_inside((uint8_t *)none, 1, &value, 1, &err), PL_E_UNSUP);
    assert_int_equal(pl_redact_inside((uint8_t *)text, 18, &value, 1, &err), 0);
    assert_string_equal(text, "a xxxxxxxxxxxxxxxx");
}

static void fields_of_a_gzip_header_are_passed_over(void **state)
{
    (void)state;
    static const struct pl_str value = { "0123456789abcdefghijklmnopqrstuv", 32 };
    static const char plain[] = "KEY=0123456789abcdefghijklmnopqrstuv";
    for (unsigned named = 0; named < 2; named++) {
        char name[] = "a name", secret[] = "0123456789abcdefghijklmnopqrstuv", extra[] = "extra";
        gz_header h = { .extra = (Bytef *)extra, .extra_len = 5, .hcrc = 1 };
        h.name = (Bytef *)(named ? secret : name);
        h.comment = (Bytef *)name;
        uint8_t packed[512];
        z_stream z = { .next_in = (Bytef *)(uintptr_t)plain, .avail_in = sizeof plain - 1 };
        z.next_out = packed;
        z.avail_out = sizeof packed;
        assert_int_equal(deflateInit2(&z, 6, Z_DEFLATED, 31, 8, 0), Z_OK);
        assert_int_equal(deflateSetHeader(&z, &h), Z_OK);
        assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
        size_t size = sizeof packed - z.avail_out;
        deflateEnd(&z);
        assert_int_equal(pl_redact_inside(packed, size, &value, 1, NULL), named ? PL_E_UNSUP : 0);
        assert_int_equal(pl_redact_inside(packed, 19, &value, 1, NULL), PL_E_UNSUP);
    }
}

static void a_tar_is_redacted_in_its_bodies_only(void **state)
{
    (void)state;
    static const struct pl_str value = { "0123456789abcdef", 16 };
    pl_auto_buf struct pl_buf in = { 0 }, cut = { 0 }, tail = { 0 };
    tm_add(&in, &(struct tm_head){ .name = "a", .body = "x 0123456789abcdef" });
    pl_buf_putn(&cut, in.p, 520);
    pl_buf_putn(&tail, in.p, in.n);
    pl_buf_putn(&tail, value.p, value.n);
    assert_int_equal(pl_redact_inside((uint8_t *)cut.p, cut.n, &value, 1, NULL), PL_E_UNSUP);
    assert_int_equal(pl_redact_inside((uint8_t *)tail.p, tail.n, &value, 1, NULL), PL_E_UNSUP);
    assert_int_equal(pl_redact_inside((uint8_t *)in.p, in.n, &value, 1, NULL), 0);
    assert_memory_equal(in.p + 512, "x xxxxxxxxxxxxxxxx", 18);
    assert_int_equal(pl_redact_inside((uint8_t *)in.p, PL_REDACT_MAX + 1, &value, 1, NULL),
                     PL_E_UNSUP);
}

/* ---- files ---- */

static struct pl_store *begin(const char *scheme, const char *name, char *path, size_t n)
{
    struct pl_store *s = NULL;
    struct pl_err err = { 0 };
    const char *tmp = getenv("TMPDIR");
    char out[600];
    snprintf(path, n, "%s/%s-%ld", tmp ? tmp : "/tmp", name, (long)getpid());
    snprintf(out, sizeof out, "%s%s", scheme, path);
    assert_int_equal(pl_store_new(out, &s, &err), 0);
    return s;
}

static void put(struct pl_store *s, struct pl_str text)
{
    struct pl_digest d = { .set = true, .alg = PL_HASH_SHA256 };
    pl_sha256(text.p, text.n, d.b);
    assert_int_equal(pl_store_begin(s, NULL), 0);
    assert_int_equal(pl_store_write(s, text.p, text.n, NULL), 0);
    assert_int_equal(pl_store_end(s, &d, text.n, NULL), 0);
}

static void an_image_has_no_name_before_it_is_kept(void **state)
{
    (void)state;
    static const char *const schemes[] = { "oci:", "oci-archive:", "docker-archive:" };
    static const char *const names[] = { "layout", "archive", "docker" };
    for (size_t i = 0; i < 3; i++) {
        char path[512], part[560];
        struct pl_store *s = begin(schemes[i], names[i], path, sizeof path);
        snprintf(part, sizeof part, "%s.part-%ld", path, (long)getpid());
        put(s, PL_S("one"));
        put(s, PL_S("one")); /* twice is once */
        assert_int_equal(pl_store_file(s, PL_S("index.json"), PL_S("{}"), NULL), 0);
        assert_int_equal(pl_store_sync(s, NULL), 0);
        assert_int_not_equal(access(path, F_OK), 0);
        assert_int_equal(access(part, F_OK), 0);
        pl_store_free(s); /* given up: nothing stays */
        assert_int_not_equal(access(part, F_OK), 0);
        s = begin(schemes[i], names[i], path, sizeof path);
        put(s, PL_S("one"));
        assert_int_equal(pl_store_sync(s, NULL), 0);
        assert_int_equal(pl_store_keep(s, NULL), 0);
        pl_store_free(s);
        assert_int_equal(access(path, F_OK), 0);
        struct pl_err err = { 0 };
        char out[600];
        snprintf(out, sizeof out, "%s%s", schemes[i], path);
        assert_int_equal(pl_store_new(out, &s, &err), PL_E_USAGE);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_packed_unpacks_and_is_the_same_again),
        cmocka_unit_test(a_tar_without_edits_is_the_same),
        cmocka_unit_test(entries_go_are_hidden_or_overwritten),
        cmocka_unit_test(an_edit_of_no_entry_fails),
        cmocka_unit_test(a_container_in_a_tar_is_redacted_whole),
        cmocka_unit_test(a_member_of_any_gap_keeps_its_length),
        cmocka_unit_test(a_format_that_forbids_it_is_refused),
        cmocka_unit_test(fields_of_a_gzip_header_are_passed_over),
        cmocka_unit_test(a_tar_is_redacted_in_its_bodies_only),
        cmocka_unit_test(an_image_has_no_name_before_it_is_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
