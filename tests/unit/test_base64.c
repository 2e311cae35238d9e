/* Base 64: the vectors of RFC 4648 section 10, and what strict and lenient refuse. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/base64.h"
#include "base/cleanup.h"

static int decode(const char *in, unsigned flags, const char *want)
{
    struct pl_str s = pl_str_c(in);
    struct pl_err err = { 0 };
    size_t n = 0;
    /* exactly the promised room, so that a sanitizer sees one byte too many */
    char *out = malloc(pl_base64_room(s.n));
    int r = pl_base64_decode(s, flags, out, &n, &err);
    assert_int_equal(r, err.code);
    if (r == 0 && want)
        assert_true(pl_str_is(pl_str_n(out, n), want));
    free(out);
    return r;
}

static void rfc_vectors_both_ways(void **state)
{
    (void)state;
    static const char *const pair[][2] = { { "", "" },
                                           { "f", "Zg==" },
                                           { "fo", "Zm8=" },
                                           { "foo", "Zm9v" },
                                           { "foob", "Zm9vYg==" },
                                           { "fooba", "Zm9vYmE=" },
                                           { "foobar", "Zm9vYmFy" } };
    for (size_t i = 0; i < PL_COUNT(pair); i++) {
        pl_auto_buf struct pl_buf b = { 0 };
        pl_base64_encode(&b, pl_str_c(pair[i][0]), PL_BASE64_STD);
        assert_true(pl_str_is(pl_buf_str(&b), pair[i][1]));
        assert_int_equal(decode(pair[i][1], PL_BASE64_STD, pair[i][0]), 0);
        assert_int_equal(decode(pair[i][1], PL_BASE64_URL, pair[i][0]), 0);
        assert_int_equal(decode(pair[i][1], PL_BASE64_LENIENT, pair[i][0]), 0);
    }
}

static void alphabets_differ_in_two_digits(void **state)
{
    (void)state;
    pl_auto_buf struct pl_buf b = { 0 };
    pl_base64_encode(&b, PL_S("\xfb\xff\xfe"), PL_BASE64_URL | PL_BASE64_NOPAD);
    assert_true(pl_str_is(pl_buf_str(&b), "-__-"));
    assert_int_equal(decode("-__-", PL_BASE64_URL, "\xfb\xff\xfe"), 0);
    assert_int_equal(decode("-__-", PL_BASE64_STD, NULL), PL_E_FORMAT);
    assert_int_equal(decode("+//+", PL_BASE64_URL, NULL), PL_E_FORMAT);
    assert_int_equal(decode("+_/-", PL_BASE64_LENIENT, "\xfb\xff\xfe"), 0);
}

static void padding_may_be_left_out_in_urls_only(void **state)
{
    (void)state;
    assert_int_equal(decode("Zg", PL_BASE64_STD, NULL), PL_E_FORMAT);
    assert_int_equal(decode("Zg", PL_BASE64_URL, "f"), 0);
    assert_int_equal(decode("Zm8", PL_BASE64_STD | PL_BASE64_NOPAD, "fo"), 0);
    assert_int_equal(decode("Zm8=", PL_BASE64_STD | PL_BASE64_NOPAD, NULL), PL_E_FORMAT);
    assert_int_equal(decode("Zg", PL_BASE64_LENIENT, "f"), 0);
}

static void strict_refuses_what_does_not_fit(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "Z",      "Zg=",  "Zg===", "Zm8==", "Zm9v=", "=",    "Zg==Zg==", "Zm 9v",
        "Zm9v\n", "Zh==", "Zm9=",  "Z===",  "Zm9*",  "====", "Zm=v"
    };
    for (size_t i = 0; i < PL_COUNT(bad); i++) {
        assert_int_equal(decode(bad[i], PL_BASE64_STD, NULL), PL_E_FORMAT);
        assert_int_equal(decode(bad[i], PL_BASE64_URL, NULL), PL_E_FORMAT);
    }
}

static void lenient_skips_blanks_and_left_over_bits(void **state)
{
    (void)state;
    assert_int_equal(decode(" Zm\n9v\tYg = = ", PL_BASE64_LENIENT, "foob"), 0);
    assert_int_equal(decode("Zh==", PL_BASE64_LENIENT, "f"), 0);
    assert_int_equal(decode("Zg=", PL_BASE64_LENIENT, "f"), 0);
    assert_int_equal(decode("Z", PL_BASE64_LENIENT, NULL), PL_E_FORMAT);
    assert_int_equal(decode("Zg==Zg==", PL_BASE64_LENIENT, NULL), PL_E_FORMAT);
    assert_int_equal(decode("Zm9v*", PL_BASE64_LENIENT, NULL), PL_E_FORMAT);
}

static void decodes_in_place_and_every_byte(void **state)
{
    (void)state;
    pl_auto_buf struct pl_buf b = { 0 };
    char all[256];
    size_t n;
    for (int i = 0; i < 256; i++)
        all[i] = (char)i;
    pl_base64_encode(&b, pl_str_n(all, 256), PL_BASE64_STD);
    assert_int_equal(pl_base64_decode(pl_buf_str(&b), PL_BASE64_STD, b.p, &n, NULL), 0);
    assert_true(pl_str_eq(pl_str_n(b.p, n), pl_str_n(all, 256)));
}

static void the_message_names_the_place(void **state)
{
    (void)state;
    struct pl_err err = { 0 };
    char out[16];
    size_t n = 77;
    assert_int_equal(pl_base64_decode(PL_S("Zm9v!"), PL_BASE64_STD, out, &n, &err), PL_E_FORMAT);
    assert_non_null(strstr(err.msg, "4"));
    assert_int_equal(n, 77);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rfc_vectors_both_ways),
        cmocka_unit_test(alphabets_differ_in_two_digits),
        cmocka_unit_test(padding_may_be_left_out_in_urls_only),
        cmocka_unit_test(strict_refuses_what_does_not_fit),
        cmocka_unit_test(lenient_skips_blanks_and_left_over_bits),
        cmocka_unit_test(decodes_in_place_and_every_byte),
        cmocka_unit_test(the_message_names_the_place),
    };
    return cmocka_run_group_tests_name("base64", tests, NULL, NULL);
}
