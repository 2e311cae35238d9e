/* Peekable streams: io/view.h, and the pass-through of io/codec.h. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/buf.h"
#include "io/codec.h"
#include "pieces.h"

static const char text[] = "abcdefghijklmnopqrstuvwxyz";

static void memory_is_seen_whole_and_taken_in_parts(void **state)
{
    (void)state;
    struct pl_view *v = pl_view_mem(text, 26);
    assert_int_equal(pl_view_ahead(v, 100, NULL), 0);
    assert_int_equal(v->n, 26);
    assert_true(v->eof);
    pl_view_consume(v, 20);
    assert_int_equal(v->off, 20);
    assert_memory_equal(v->p, "uvwxyz", 6);
    pl_view_close(v);
    pl_view_close(NULL);
}

static void a_look_ahead_takes_nothing(void **state)
{
    (void)state;
    struct pieces s;
    pieces_init(&s, text, 26, 1);
    for (size_t want = 1; want <= 26; want++) {
        assert_int_equal(pl_view_ahead(&s.v, want, NULL), 0);
        assert_true(s.v.n >= want);
        assert_int_equal(s.v.off, 0);
    }
    assert_memory_equal(s.v.p, text, 26);
    pieces_release(&s);
}

static void a_failure_is_sticky_and_keeps_what_came_before(void **state)
{
    (void)state;
    struct pieces s;
    struct pl_err err = { 0 };
    pieces_init(&s, text, 26, 4);
    s.break_at = 10;
    assert_int_equal(pl_view_ahead(&s.v, 8, &err), 0);
    assert_int_equal(pl_view_ahead(&s.v, 20, &err), PL_E_IO);
    assert_string_equal(err.msg, "broken at 10");
    assert_int_equal(s.v.n, 10);
    assert_memory_equal(s.v.p, text, 10);
    err.code = 0;
    assert_int_equal(pl_view_ahead(&s.v, 11, &err), PL_E_IO);
    assert_int_equal(err.code, PL_E_IO);
    assert_int_equal(pl_view_ahead(&s.v, 11, NULL), PL_E_IO);
    assert_int_equal(pl_view_ahead(&s.v, 10, NULL), 0);
    pieces_release(&s);
}

static void skipping_goes_beyond_what_is_buffered(void **state)
{
    (void)state;
    struct pieces s;
    pieces_init(&s, text, 26, 3);
    assert_int_equal(pl_view_skip(&s.v, 0, NULL), 0);
    assert_int_equal(pl_view_skip(&s.v, 20, NULL), 0);
    assert_int_equal(s.v.off, 20);
    assert_int_equal(pl_view_ahead(&s.v, 1, NULL), 0);
    assert_int_equal(s.v.p[0], 'u');
    pieces_release(&s);
}

static void skipping_beyond_the_end_says_how_much_is_missing(void **state)
{
    (void)state;
    struct pieces s;
    struct pl_err err = { 0 };
    pieces_init(&s, text, 26, 3);
    assert_int_equal(pl_view_skip(&s.v, 30, &err), PL_E_FORMAT);
    assert_string_equal(err.msg, "ends 4 bytes early at offset 26");
    pieces_release(&s);
}

static void skipping_over_a_break_reports_the_break(void **state)
{
    (void)state;
    struct pieces s;
    struct pl_err err = { 0 };
    pieces_init(&s, text, 26, 3);
    s.break_at = 7;
    assert_int_equal(pl_view_skip(&s.v, 20, &err), PL_E_IO);
    assert_int_equal(s.v.off, 7);
    pieces_release(&s);
}

static void a_window_shows_no_more_than_its_part(void **state)
{
    (void)state;
    struct pieces s;
    struct pl_sub sub;
    pieces_init(&s, text, 26, 1);
    pl_view_ahead(&s.v, 2, NULL);
    pl_view_consume(&s.v, 2);
    pl_sub_init(&sub, &s.v, 5);
    assert_int_equal(pl_view_ahead(&sub.v, 100, NULL), 0);
    assert_true(sub.v.eof);
    assert_int_equal(sub.v.n, 5);
    assert_memory_equal(sub.v.p, "cdefg", 5);
    pl_view_consume(&sub.v, 3);
    pl_sub_sync(&sub);
    assert_int_equal(s.v.off, 5);
    assert_int_equal(sub.left, 2);
    assert_int_equal(pl_view_ahead(&sub.v, 1, NULL), 0);
    assert_int_equal(sub.v.p[0], 'f');
    assert_int_equal(sub.v.off, 3);
    assert_false(sub.short_read);
    pl_view_close(&sub.v);
    pieces_release(&s);
}

static void an_empty_window_is_at_its_end_at_once(void **state)
{
    (void)state;
    struct pl_view v;
    struct pl_sub sub;
    pl_view_mem_init(&v, text, 26);
    pl_sub_init(&sub, &v, 0);
    assert_true(sub.v.eof);
    assert_int_equal(pl_view_ahead(&sub.v, 1, NULL), 0);
    assert_int_equal(sub.v.n, 0);
}

static void a_window_beyond_the_end_knows_that_it_is_short(void **state)
{
    (void)state;
    struct pieces s;
    struct pl_sub sub;
    pieces_init(&s, text, 26, 5);
    pl_sub_init(&sub, &s.v, 100);
    assert_int_equal(pl_view_skip(&sub.v, 20, NULL), 0);
    assert_int_equal(pl_view_ahead(&sub.v, 50, NULL), 0);
    assert_int_equal(sub.v.n, 6);
    assert_true(sub.v.eof);
    assert_true(sub.short_read);
    pieces_release(&s);
}

static void a_window_on_a_broken_stream_breaks_too(void **state)
{
    (void)state;
    struct pieces s;
    struct pl_sub sub;
    struct pl_err err = { 0 };
    pieces_init(&s, text, 26, 5);
    s.break_at = 8;
    pl_sub_init(&sub, &s.v, 20);
    assert_int_equal(pl_view_ahead(&sub.v, 12, &err), PL_E_IO);
    assert_int_equal(sub.v.n, 8);
    assert_false(sub.v.eof);
    pieces_release(&s);
}

static void slurping_stops_at_the_end_at_the_maximum_and_at_a_break(void **state)
{
    (void)state;
    struct pieces s;
    struct pl_buf b = { 0 };
    pieces_init(&s, text, 26, 5);
    assert_int_equal(pl_view_slurp(&s.v, &b, 26, NULL), 0);
    assert_int_equal(b.n, 26);
    assert_memory_equal(b.p, text, 26);
    pieces_release(&s);

    pl_buf_clear(&b);
    pieces_init(&s, text, 26, 5);
    assert_int_equal(pl_view_slurp(&s.v, &b, 25, NULL), PL_E_LIMIT);
    assert_int_equal(b.n, 25);
    pieces_release(&s);

    pl_buf_clear(&b);
    pieces_init(&s, text, 26, 5);
    s.break_at = 9;
    assert_int_equal(pl_view_slurp(&s.v, &b, 26, NULL), PL_E_IO);
    assert_int_equal(b.n, 9);
    pieces_release(&s);
    pl_buf_release(&b);

    struct pl_buf small = { .max = 4 };
    pieces_init(&s, text, 26, 5);
    assert_int_equal(pl_view_slurp(&s.v, &small, 26, NULL), PL_E_LIMIT);
    pieces_release(&s);
    pl_buf_release(&small);
}

static void gather(void *arg, const void *p, size_t n)
{
    pl_buf_putn(arg, p, n);
}

static void a_plain_stream_passes_every_byte_once_to_the_hook(void **state)
{
    (void)state;
    static uint8_t big[3 << 20];
    for (size_t i = 0; i < sizeof big; i++)
        big[i] = (uint8_t)(i * 31 >> 3);
    for (size_t step = 1000; step <= sizeof big; step *= 55) {
        struct pieces s;
        struct pl_buf seen = { 0 };
        struct pl_codec_opts o = { .fresh = gather, .arg = &seen };
        pieces_init(&s, big, sizeof big, step);
        struct pl_view *v = pl_codec_open_plain(&s.v, &o);
        size_t at = 0, want = 1;
        while (pl_view_ahead(v, want, NULL) == 0 && v->n > 0) {
            size_t now = v->n < want ? v->n : want;
            assert_memory_equal(v->p, big + at, now);
            assert_int_equal(v->off, at);
            now = now > 3 ? now - 3 : now; /* a part that is seen again */
            pl_view_consume(v, now);
            at += now;
            want = want * 3 % PL_VIEW_MAX + 1;
        }
        assert_int_equal(at, sizeof big);
        assert_int_equal(seen.n, sizeof big);
        assert_memory_equal(seen.p, big, sizeof big);
        pl_view_close(v);
        pl_buf_release(&seen);
        pieces_release(&s);
    }
}

static void closing_a_plain_stream_leaves_the_rest(void **state)
{
    (void)state;
    struct pl_view in;
    struct pl_codec_opts o = { 0 };
    pl_view_mem_init(&in, text, 26);
    struct pl_view *v = pl_codec_open_plain(&in, &o);
    assert_int_equal(pl_view_ahead(v, 1, NULL), 0);
    pl_view_consume(v, 6);
    pl_view_close(v);
    assert_int_equal(in.off, 6);
    assert_int_equal(in.p[0], 'g');
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(memory_is_seen_whole_and_taken_in_parts),
        cmocka_unit_test(a_look_ahead_takes_nothing),
        cmocka_unit_test(a_failure_is_sticky_and_keeps_what_came_before),
        cmocka_unit_test(skipping_goes_beyond_what_is_buffered),
        cmocka_unit_test(skipping_beyond_the_end_says_how_much_is_missing),
        cmocka_unit_test(skipping_over_a_break_reports_the_break),
        cmocka_unit_test(a_window_shows_no_more_than_its_part),
        cmocka_unit_test(an_empty_window_is_at_its_end_at_once),
        cmocka_unit_test(a_window_beyond_the_end_knows_that_it_is_short),
        cmocka_unit_test(a_window_on_a_broken_stream_breaks_too),
        cmocka_unit_test(slurping_stops_at_the_end_at_the_maximum_and_at_a_break),
        cmocka_unit_test(a_plain_stream_passes_every_byte_once_to_the_hook),
        cmocka_unit_test(closing_a_plain_stream_leaves_the_rest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
