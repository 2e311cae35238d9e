/* Messages between our processes: what was put comes back, what is short or broken is refused. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/wire.h"

static struct pl_rd reader(const struct pl_buf *b, size_t n)
{
    const uint8_t *p = (const uint8_t *)b->p;
    return (struct pl_rd){ .p = p, .end = p + n };
}

static void put_all(struct pl_buf *b)
{
    pl_put_u8(b, 200);
    pl_put_u32(b, 0xdeadbeef);
    pl_put_u64(b, 0x0123456789abcdef);
    pl_put_var(b, 0);
    pl_put_var(b, 127);
    pl_put_var(b, 128);
    pl_put_var(b, UINT64_MAX);
    pl_put_str(b, PL_S("a\0b"));
    pl_buf_putn(b, "raw!", 4);
}

static void values_come_back(void **state)
{
    struct pl_buf b = { 0 };
    char raw[4];
    (void)state;
    put_all(&b);
    struct pl_rd r = reader(&b, b.n);
    assert_int_equal(pl_get_u8(&r), 200);
    assert_true(pl_get_u32(&r) == 0xdeadbeef);
    assert_true(pl_get_u64(&r) == 0x0123456789abcdef);
    assert_true(pl_get_var(&r) == 0);
    assert_true(pl_get_var(&r) == 127);
    assert_true(pl_get_var(&r) == 128);
    assert_true(pl_get_var(&r) == UINT64_MAX);
    assert_true(pl_str_eq(pl_get_str(&r), PL_S("a\0b")));
    pl_get_raw(&r, raw, 4);
    assert_memory_equal(raw, "raw!", 4);
    assert_false(r.bad);
    assert_ptr_equal(r.p, r.end);
    pl_buf_release(&b);
}

static void every_cut_is_noticed_and_sticks(void **state)
{
    struct pl_buf b = { 0 };
    (void)state;
    put_all(&b);
    for (size_t n = 0; n < b.n; n++) {
        struct pl_rd r = reader(&b, n);
        char raw[4];
        pl_get_u8(&r), pl_get_u32(&r), pl_get_u64(&r);
        for (int i = 0; i < 4; i++)
            pl_get_var(&r);
        pl_get_str(&r);
        pl_get_raw(&r, raw, 4);
        assert_true(r.bad);
        assert_memory_equal(raw, "\0\0\0\0", 4);
        assert_int_equal(pl_get_u8(&r), 0);
        assert_int_equal(pl_get_str(&r).n, 0);
    }
    pl_buf_release(&b);
}

static void an_endless_number_is_refused(void **state)
{
    uint8_t p[16];
    (void)state;
    memset(p, 0xff, sizeof(p));
    struct pl_rd r = { .p = p, .end = p + sizeof(p) };
    assert_true(pl_get_var(&r) == 0);
    assert_true(r.bad);
}

static void a_length_beyond_the_message_is_refused(void **state)
{
    static const uint8_t small[] = { 5, 'a', 'b' };
    static const uint8_t huge[] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1, 'a' };
    (void)state;
    struct pl_rd r = { .p = small, .end = small + sizeof(small) };
    assert_int_equal(pl_get_str(&r).n, 0);
    assert_true(r.bad);
    r = (struct pl_rd){ .p = huge, .end = huge + sizeof(huge) };
    assert_int_equal(pl_get_str(&r).n, 0);
    assert_true(r.bad || r.p == r.end - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_come_back),
        cmocka_unit_test(every_cut_is_noticed_and_sticks),
        cmocka_unit_test(an_endless_number_is_refused),
        cmocka_unit_test(a_length_beyond_the_message_is_refused),
    };
    return cmocka_run_group_tests_name("wire", tests, NULL, NULL);
}
