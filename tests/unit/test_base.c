/* The foundation: views, arenas, buffers, maps, limits, near names, messages, digests. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/cleanup.h"
#include "base/hash.h"
#include "base/limits.h"
#include "base/map.h"
#include "base/near.h"
#include "base/vec.h"
#include "base/wire.h"

#define assert_text(s, c) assert_true(pl_str_is((s), (c)))

/* ------------------------------------------------------------------ str */

static void str_order_is_bytewise_and_prefix_first(void **state)
{
    (void)state;
    assert_int_equal(pl_str_cmp(PL_S("a"), PL_S("a")), 0);
    assert_true(pl_str_cmp(PL_S("a"), PL_S("ab")) < 0);
    assert_true(pl_str_cmp(PL_S("b"), PL_S("ab")) > 0);
    assert_true(pl_str_cmp(PL_S("\x7f"), PL_S("\x80")) < 0);
    assert_int_equal(pl_str_cmp(PL_S(""), (struct pl_str){ NULL, 0 }), 0);
    assert_false(pl_str_eq(PL_S("a\0b"), PL_S("a\0c")));
}

static void str_starts_ends_and_case(void **state)
{
    (void)state;
    assert_true(pl_str_starts(PL_S("abc"), PL_S("ab")));
    assert_false(pl_str_starts(PL_S("a"), PL_S("ab")));
    assert_true(pl_str_ends(PL_S("abc"), PL_S("bc")));
    assert_true(pl_str_ends(PL_S("abc"), PL_S("")));
    assert_true(pl_str_ieq(PL_S("AbZ@"), PL_S("aBz@")));
    assert_false(pl_str_ieq(PL_S("@"), PL_S("`")));
    assert_true(pl_str_iends(PL_S("x.JAR"), PL_S(".jar")));
    assert_false(pl_str_iends(PL_S("r"), PL_S("ar")));
}

static void str_sub_is_clamped(void **state)
{
    (void)state;
    assert_text(pl_str_sub(PL_S("hello"), 1, 3), "ell");
    assert_text(pl_str_sub(PL_S("hello"), 3, SIZE_MAX), "lo");
    assert_int_equal(pl_str_sub(PL_S("hello"), 9, 1).n, 0);
}

static void str_find_from_an_offset(void **state)
{
    (void)state;
    assert_int_equal(pl_str_find(PL_S("abab"), PL_S("ab"), 1), 2);
    assert_true(pl_str_find(PL_S("abab"), PL_S("ab"), 3) == SIZE_MAX);
    assert_true(pl_str_find(PL_S("a"), PL_S("a"), 2) == SIZE_MAX);
    assert_int_equal(pl_str_find(PL_S("a"), PL_S(""), 1), 1);
}

static void str_split_gives_every_piece(void **state)
{
    (void)state;
    struct pl_str s = PL_S("a,,b,"), head;
    const char *const want[] = { "a", "", "b", "" };
    size_t n = 0;
    while (pl_str_split(&s, ',', &head))
        assert_text(head, want[n++]);
    assert_int_equal(n, 4);
}

static void str_trim_takes_blanks_at_both_ends(void **state)
{
    (void)state;
    assert_text(pl_str_trim(PL_S(" \t\r\na b\v\f")), "a b");
    assert_int_equal(pl_str_trim(PL_S("  ")).n, 0);
}

static void str_numbers_are_strict(void **state)
{
    (void)state;
    uint64_t v = 7;
    assert_true(pl_str_u64(PL_S("18446744073709551615"), &v));
    assert_true(v == UINT64_MAX);
    assert_false(pl_str_u64(PL_S("18446744073709551616"), &v));
    assert_false(pl_str_u64(PL_S("99999999999999999999"), &v));
    assert_false(pl_str_u64(PL_S(""), &v));
    assert_false(pl_str_u64(PL_S("-1"), &v));
    assert_false(pl_str_u64(PL_S(" 1"), &v));
}

static void hex_both_ways(void **state)
{
    (void)state;
    uint8_t b[2] = { 0 };
    char text[5];
    assert_true(pl_unhex(PL_S("aF09"), b, 2));
    pl_hex(b, 2, text);
    assert_string_equal(text, "af09");
    assert_false(pl_unhex(PL_S("aF0"), b, 2));
    assert_false(pl_unhex(PL_S("aF0g"), b, 2));
    assert_false(pl_unhex(PL_S("a:00"), b, 2));
}

/* ------------------------------------------------------------------ arena, vec, buf */

static void arena_gives_zeroed_aligned_memory(void **state)
{
    (void)state;
    struct pl_arena a = { 0 };
    for (size_t n = 0; n < 70000; n = n * 3 + 1) {
        unsigned char *p = pl_alloc(&a, n);
        assert_int_equal((uintptr_t)p % 16, 0);
        for (size_t i = 0; i < n; i++)
            assert_int_equal(p[i], 0);
        memset(p, 0xff, n);
    }
    pl_arena_reset(&a);
    assert_int_equal(a.total, 0);
    assert_int_equal(*(unsigned char *)pl_alloc(&a, 1), 0);
    pl_alloc(&a, 1u << 20);
    pl_arena_reset(&a);
    assert_null(a.head);
    pl_arena_reset(&a);
    pl_arena_release(&a);
}

static void arena_copies_and_formats(void **state)
{
    (void)state;
    struct pl_arena a = { 0 };
    struct pl_str s = pl_dup(&a, PL_S("a\0b"));
    assert_int_equal(s.n, 3);
    assert_int_equal(s.p[3], 0);
    assert_text(pl_printf(&a, "%d-%s", 7, "x"), "7-x");
    assert_int_equal(pl_dup(&a, (struct pl_str){ NULL, 0 }).n, 0);
    pl_arena_release(&a);
}

static void vec_keeps_what_is_pushed(void **state)
{
    (void)state;
    PL_VEC(int) v = { 0 };
    for (int i = 0; i < 100; i++)
        pl_vec_push(&v, i);
    assert_int_equal(v.n, 100);
    assert_int_equal(v.p[99], 99);
    pl_vec_release(&v);
    assert_null(v.p);
}

static void buf_refuses_more_than_its_maximum(void **state)
{
    (void)state;
    struct pl_err err = { 0 };
    pl_auto_buf struct pl_buf b = { .max = 5 };
    assert_int_equal(pl_buf_add(&b, "abc", 3, &err), 0);
    assert_int_equal(pl_buf_add(&b, "def", 3, &err), PL_E_LIMIT);
    assert_int_equal(pl_buf_add(&b, "def", 3, NULL), PL_E_LIMIT);
    assert_text(pl_buf_str(&b), "abc");
    assert_int_equal(pl_buf_add(&b, "de", 2, &err), 0);
    assert_null(pl_buf_room(&b, SIZE_MAX, &err));
    pl_buf_clear(&b);
    assert_int_equal(b.n, 0);
}

static void buf_formats_text_of_any_length(void **state)
{
    (void)state;
    pl_auto_buf struct pl_buf b = { 0 };
    assert_text(pl_buf_str(&b), "");
    pl_buf_putc(&b, 'x');
    pl_buf_printf(&b, "%0*d", 1000, 1);
    pl_buf_puts(&b, "y");
    assert_int_equal(b.n, 1002);
    assert_int_equal(b.p[1000], '1');
    assert_int_equal(b.p[1001], 'y');
}

static void stealing_leaves_nothing_behind(void **state)
{
    (void)state;
    char *p = malloc(1), *q = pl_steal(&p);
    assert_null(p);
    free(q);
    pl_auto_fd int fd = dup(0);
    int was = fd, got = pl_steal_fd(&fd);
    assert_int_equal(got, was);
    assert_int_equal(fd, -1);
    close(got);
}

/* ------------------------------------------------------------------ map, limits, near, err */

static void map_finds_every_key(void **state)
{
    (void)state;
    struct pl_arena a = { 0 };
    struct pl_map m = { .a = &a };
    char key[16];
    assert_null(pl_map_get(&m, PL_S("absent")));
    for (uintptr_t i = 1; i <= 1000; i++) {
        snprintf(key, sizeof key, "k%d", (int)i);
        *pl_map_put(&m, pl_str_c(key)) = (void *)i;
    }
    *pl_map_put(&m, PL_S("")) = &a;
    assert_int_equal(m.n, 1001);
    for (uintptr_t i = 1; i <= 1000; i++) {
        snprintf(key, sizeof key, "k%d", (int)i);
        assert_ptr_equal(pl_map_get(&m, pl_str_c(key)), (void *)i);
    }
    assert_ptr_equal(pl_map_get(&m, PL_S("")), &a);
    assert_null(pl_map_get(&m, PL_S("k0")));
    pl_map_release(&m);
    pl_arena_release(&a);
}

static void limits_take_suffixes(void **state)
{
    (void)state;
    struct pl_limits l;
    struct pl_err err = { 0 };
    pl_limits_init(&l);
    assert_int_equal(l.depth, 64);
    assert_int_equal(pl_limits_set(&l, "json-depth=7", &err), 0);
    assert_int_equal(l.depth, 7);
    assert_int_equal(pl_limits_set(&l, "config=2K", &err), 0);
    assert_int_equal(l.config, 2048);
    assert_int_equal(pl_limits_set(&l, "config=3M", &err), 0);
    assert_int_equal(pl_limits_set(&l, "layer-out=2G", &err), 0);
    assert_true(l.layer_out == PL_GIB(2));
}

static void limits_refuse_what_is_no_number_or_name(void **state)
{
    (void)state;
    struct pl_limits l;
    struct pl_err err = { 0 };
    pl_limits_init(&l);
    assert_int_equal(pl_limits_set(&l, "config", &err), PL_E_USAGE);
    assert_int_equal(pl_limits_set(&l, "config=", &err), PL_E_USAGE);
    assert_int_equal(pl_limits_set(&l, "config=1T", &err), PL_E_USAGE);
    assert_int_equal(pl_limits_set(&l, "config=99999999999999999G", &err), PL_E_USAGE);
    assert_int_equal(pl_limits_set(&l, "cofnig=1", &err), PL_E_USAGE);
    assert_non_null(strstr(err.msg, "did you mean 'config'"));
    assert_int_equal(pl_limits_set(&l, "zzzzzzzz=1", &err), PL_E_USAGE);
    assert_null(strstr(err.msg, "did you mean"));
}

static void near_names_within_a_third(void **state)
{
    (void)state;
    static const char *const names[] = { "history", "recover", "scan" };
    assert_string_equal(pl_near(PL_S("histroy"), names, 3), "history");
    assert_string_equal(pl_near(PL_S("scan"), names, 3), "scan");
    assert_null(pl_near(PL_S("unrelated"), names, 3));
    char lengthy[100];
    memset(lengthy, 's', sizeof lengthy);
    assert_null(pl_near(pl_str_n(lengthy, sizeof lengthy), names, 3));
}

static void errors_wrap_from_the_inside_out(void **state)
{
    (void)state;
    struct pl_err err = { 0 };
    assert_int_equal(pl_fail(&err, PL_E_FORMAT, "bad %s", "sum"), PL_E_FORMAT);
    assert_int_equal(pl_wrap(&err, "layer %d", 3), PL_E_FORMAT);
    assert_string_equal(err.msg, "layer 3: bad sum");
    assert_int_equal(pl_fail_errno(&err, PL_E_IO, 2, "open"), PL_E_IO);
    assert_non_null(strstr(err.msg, "open: No such file"));
    assert_int_equal(pl_fail(NULL, PL_E_LIMIT, "x"), PL_E_LIMIT);
    assert_int_equal(pl_fail_errno(NULL, PL_E_LIMIT, 1, "x"), PL_E_LIMIT);
    assert_int_equal(pl_wrap(NULL, "x"), PL_E_IO);
    assert_string_equal(pl_err_name(PL_E_LIMIT), "limit exceeded");
    assert_string_equal(pl_err_name(-3), "unknown error");
    for (int i = 0; i < 400; i++)
        pl_wrap(&err, "again");
    assert_true(strlen(err.msg) < sizeof err.msg);
}

static int status_of(void (*fn)(void))
{
    int status = 0;
    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0) {
        close(2);
        fn();
        _exit(0);
    }
    waitpid(pid, &status, 0);
    return status;
}

static void bug(void)
{
    pl_bug("broken %s", "promise");
}

static void too_much(void)
{
    struct pl_arena a = { 0 };
    pl_alloc_n(&a, SIZE_MAX / 2, 4);
}

static void a_bug_aborts_and_no_memory_is_incomplete(void **state)
{
    (void)state;
    int s = status_of(bug);
    assert_true(WIFSIGNALED(s));
    s = status_of(too_much);
    assert_true(WIFEXITED(s));
    assert_int_equal(WEXITSTATUS(s), 3);
}

/* ------------------------------------------------------------------ wire */

static void wire_gives_back_what_was_put(void **state)
{
    (void)state;
    pl_auto_buf struct pl_buf b = { 0 };
    static const uint64_t values[] = { 0, 1, 127, 128, 16383, 16384, UINT64_MAX };
    uint8_t raw[3] = { 0 };
    pl_put_u8(&b, 250);
    pl_put_u32(&b, 0x01020304);
    pl_put_u64(&b, 0x0102030405060708);
    for (size_t i = 0; i < PL_COUNT(values); i++)
        pl_put_var(&b, values[i]);
    pl_put_str(&b, PL_S("a\0b"));
    pl_buf_putn(&b, "xyz", 3);
    struct pl_rd r = { (const uint8_t *)b.p, (const uint8_t *)b.p + b.n, false };
    assert_int_equal(pl_get_u8(&r), 250);
    assert_int_equal(pl_get_u32(&r), 0x01020304);
    assert_true(pl_get_u64(&r) == 0x0102030405060708);
    for (size_t i = 0; i < PL_COUNT(values); i++)
        assert_true(pl_get_var(&r) == values[i]);
    assert_true(pl_str_eq(pl_get_str(&r), PL_S("a\0b")));
    pl_get_raw(&r, raw, 3);
    assert_memory_equal(raw, "xyz", 3);
    assert_false(r.bad);
    assert_ptr_equal(r.p, r.end);
}

static void wire_failures_stick(void **state)
{
    (void)state;
    static const uint8_t cut[] = { 5, 'a', 'b' };
    struct pl_rd r = { cut, cut + sizeof cut, false };
    uint8_t raw[2] = { 9, 9 };
    assert_int_equal(pl_get_str(&r).n, 0);
    assert_true(r.bad);
    assert_int_equal(pl_get_u8(&r), 0);
    assert_int_equal(pl_get_u32(&r), 0);
    assert_true(pl_get_u64(&r) == 0);
    assert_true(pl_get_var(&r) == 0);
    pl_get_raw(&r, raw, 2);
    assert_int_equal(raw[0] | raw[1], 0);
}

static void wire_refuses_endless_numbers_and_huge_lengths(void **state)
{
    (void)state;
    static const uint8_t endless[] = { 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 1 };
    static const uint8_t huge[] = { 255, 255, 255, 255, 255, 255, 255, 255, 255, 1 };
    struct pl_rd r = { endless, endless + sizeof endless, false };
    assert_true(pl_get_var(&r) == 0);
    assert_true(r.bad);
    r = (struct pl_rd){ huge, huge + sizeof huge, false };
    assert_int_equal(pl_get_str(&r).n, 0);
    assert_true(r.bad);
}

/* ------------------------------------------------------------------ hash */

static void digest_is(enum pl_hash_alg alg, const char *want)
{
    uint8_t out[PL_HASH_MAX];
    char text[2 * PL_HASH_MAX + 1];
    struct pl_hash *h = pl_hash_new(alg);
    pl_hash_add(h, "junk", 4);
    pl_hash_reset(h);
    pl_hash_add(h, "a", 1);
    pl_hash_add(h, "bc", 2);
    pl_hash_end(h, out);
    pl_hex(out, pl_hash_len(alg), text);
    assert_string_equal(text, want);
    pl_hash_free(h);
}

/* FIPS 180-4 examples: "abc" */
static void digests_of_abc(void **state)
{
    (void)state;
    digest_is(PL_HASH_SHA1, "a9993e364706816aba3e25717850c26c9cd0d89d");
    digest_is(PL_HASH_SHA256, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    digest_is(PL_HASH_SHA512, "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
                              "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f");
    uint8_t out[PL_SHA256_LEN];
    char text[65];
    pl_sha256("", 0, out);
    pl_hex(out, sizeof out, text);
    assert_string_equal(text, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    pl_hash_free(NULL);
}

/* RFC 4231, test cases 2 and 6 */
static void hmac_known_answers(void **state)
{
    (void)state;
    uint8_t out[PL_SHA256_LEN], key[131];
    char text[65];
    const char *data = "Test Using Larger Than Block-Size Key - Hash Key First";
    pl_hmac_sha256("Jefe", 4, "what do ya want for nothing?", 28, out);
    pl_hex(out, sizeof out, text);
    assert_string_equal(text, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    memset(key, 0xaa, sizeof key);
    pl_hmac_sha256(key, sizeof key, data, strlen(data), out);
    pl_hex(out, sizeof out, text);
    assert_string_equal(text, "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(str_order_is_bytewise_and_prefix_first),
        cmocka_unit_test(str_starts_ends_and_case),
        cmocka_unit_test(str_sub_is_clamped),
        cmocka_unit_test(str_find_from_an_offset),
        cmocka_unit_test(str_split_gives_every_piece),
        cmocka_unit_test(str_trim_takes_blanks_at_both_ends),
        cmocka_unit_test(str_numbers_are_strict),
        cmocka_unit_test(hex_both_ways),
        cmocka_unit_test(arena_gives_zeroed_aligned_memory),
        cmocka_unit_test(arena_copies_and_formats),
        cmocka_unit_test(vec_keeps_what_is_pushed),
        cmocka_unit_test(buf_refuses_more_than_its_maximum),
        cmocka_unit_test(buf_formats_text_of_any_length),
        cmocka_unit_test(stealing_leaves_nothing_behind),
        cmocka_unit_test(map_finds_every_key),
        cmocka_unit_test(limits_take_suffixes),
        cmocka_unit_test(limits_refuse_what_is_no_number_or_name),
        cmocka_unit_test(near_names_within_a_third),
        cmocka_unit_test(errors_wrap_from_the_inside_out),
        cmocka_unit_test(a_bug_aborts_and_no_memory_is_incomplete),
        cmocka_unit_test(wire_gives_back_what_was_put),
        cmocka_unit_test(wire_failures_stick),
        cmocka_unit_test(wire_refuses_endless_numbers_and_huge_lengths),
        cmocka_unit_test(digests_of_abc),
        cmocka_unit_test(hmac_known_answers),
    };
    return cmocka_run_group_tests_name("base", tests, NULL, NULL);
}
