/* Literals in one pass; built twice, for each implementation there is. */
/* SPDX-License-Identifier: Apache-2.0 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "fmt/literal.h"

struct hit {
    uint32_t id;
    size_t end;
};

struct hits {
    struct hit p[256];
    size_t n;
    int stop_at;
};

static int on_hit(void *arg, uint32_t id, size_t end)
{
    struct hits *h = arg;
    if (h->n < 256)
        h->p[h->n++] = (struct hit){ id, end };
    return h->stop_at && (int)h->n == h->stop_at ? 7 : 0;
}

static bool has(const struct hits *h, uint32_t id, size_t end)
{
    for (size_t i = 0; i < h->n; i++) {
        if (h->p[i].id == id && h->p[i].end == end)
            return true;
    }
    return false;
}

static int scan(const struct pl_literals *l, struct pl_str text, struct hits *h)
{
    struct pl_literals_scratch *s;
    assert_int_equal(pl_literals_scratch_new(l, &s, NULL), 0);
    int r = pl_literals_scan(l, s, (const uint8_t *)text.p, text.n, on_hit, h);
    pl_literals_scratch_free(s);
    return r;
}

static struct pl_literals *compile(const struct pl_literal *v, size_t n)
{
    struct pl_literals *l;
    struct pl_err err = { 0 };
    if (pl_literals_new(v, n, &l, &err) < 0)
        fail_msg("%s", err.msg);
    return l;
}

static void finds_every_literal_with_its_end(void **state)
{
    (void)state;
    const struct pl_literal v[] = { { PL_S("akia"), true }, { PL_S("ghp_"), false } };
    struct pl_literals *l = compile(v, 2);
    struct hits h = { 0 };
    assert_int_equal(scan(l, PL_S("x AKIA y Akia ghp_ GHP_"), &h), 0);
    assert_int_equal(h.n, 3);
    assert_true(has(&h, 0, 6) && has(&h, 0, 13) && has(&h, 1, 18));
    assert_true(pl_literals_size(l) > 0);
    pl_literals_free(l);
}

static void finds_literals_inside_others(void **state)
{
    (void)state;
    const struct pl_literal v[] = { { PL_S("secret"), true },
                                    { PL_S("ecre"), false },
                                    { PL_S("client_secret"), true },
                                    { PL_S("ret="), false } };
    struct pl_literals *l = compile(v, 4);
    struct hits h = { 0 };
    assert_int_equal(scan(l, PL_S("CLIENT_SECRET client_secret="), &h), 0);
    assert_int_equal(h.n, 6);
    assert_true(has(&h, 2, 13) && has(&h, 0, 13) && has(&h, 1, 26));
    assert_true(has(&h, 0, 27) && has(&h, 2, 27) && has(&h, 3, 28));
    pl_literals_free(l);
}

static void equal_texts_with_and_without_case_are_two(void **state)
{
    (void)state;
    const struct pl_literal v[] = { { PL_S("Token"), false }, { PL_S("token"), true } };
    struct pl_literals *l = compile(v, 2);
    struct hits h = { 0 };
    assert_int_equal(scan(l, PL_S("Token TOKEN"), &h), 0);
    assert_int_equal(h.n, 3);
    assert_true(has(&h, 0, 5) && has(&h, 1, 5) && has(&h, 1, 11));
    pl_literals_free(l);
}

static void bytes_beyond_text_are_literals_too(void **state)
{
    (void)state;
    const struct pl_literal v[] = { { { "p\0w\0", 4 }, false }, { { "\xff\xfe\x00", 3 }, false } };
    struct pl_literals *l = compile(v, 2);
    struct hits h = { 0 };
    assert_int_equal(scan(l, pl_str_n("\xff\xfe\0p\0w\0d", 8), &h), 0);
    assert_int_equal(h.n, 2);
    assert_true(has(&h, 1, 3) && has(&h, 0, 7));
    pl_literals_free(l);
}

static void a_scan_can_be_stopped(void **state)
{
    (void)state;
    const struct pl_literal v[] = { { PL_S("ab"), false } };
    struct pl_literals *l = compile(v, 1);
    struct hits h = { .stop_at = 2 };
    assert_int_equal(scan(l, PL_S("ab ab ab ab"), &h), 7);
    assert_int_equal(h.n, 2);
    assert_int_equal(scan(l, PL_S(""), &h), 0);
    pl_literals_free(l);
}

static void refuses_what_it_cannot_use(void **state)
{
    (void)state;
    char longest[300];
    memset(longest, 'a', sizeof longest);
    const struct pl_literal bad[] = { { PL_S("a"), false },
                                      { { "\0ab", 3 }, false },
                                      { { longest, sizeof longest }, false } };
    struct pl_literals *l;
    struct pl_err err = { 0 };
    for (size_t i = 0; i < PL_COUNT(bad); i++)
        assert_int_equal(pl_literals_new(&bad[i], 1, &l, &err), PL_E_USAGE);
    assert_int_equal(pl_literals_new(bad, 0, &l, &err), PL_E_USAGE);
    pl_literals_free(NULL);
}

static void a_saved_set_loads_or_says_why_not(void **state)
{
    (void)state;
    const struct pl_literal v[] = { { PL_S("hello"), true }, { PL_S("world"), false } };
    struct pl_literals *l = compile(v, 2), *again = NULL;
    pl_auto_buf struct pl_buf blob = { 0 };
    struct pl_err err = { 0 };
    int r = pl_literals_save(l, &blob, &err);
    assert_true(r == 0 || r == PL_E_UNSUP);
    if (r == 0) {
        assert_int_equal(pl_literals_load(blob.p, blob.n, &again, &err), 0);
        struct hits h = { 0 };
        assert_int_equal(scan(again, PL_S("Hello world"), &h), 0);
        assert_int_equal(h.n, 2);
        blob.p[4] ^= 0x55; /* another version */
    }
    struct pl_literals *none = NULL;
    assert_int_equal(pl_literals_load(blob.p, blob.n, &none, &err), PL_E_UNSUP);
    assert_int_equal(pl_literals_load(NULL, 0, &none, &err), PL_E_UNSUP);
    assert_null(none);
    pl_literals_free(again);
    pl_literals_free(l);
}

static size_t count_naive(const struct pl_literal *v, size_t n, struct pl_str text)
{
    size_t count = 0;
    for (size_t i = 0; i < n; i++) {
        for (size_t at = 0; v[i].text.n <= text.n && at <= text.n - v[i].text.n; at++) {
            struct pl_str here = pl_str_sub(text, at, v[i].text.n);
            count += v[i].nocase ? pl_str_ieq(here, v[i].text) : pl_str_eq(here, v[i].text);
        }
    }
    return count;
}

static void agrees_with_a_search_one_by_one(void **state)
{
    (void)state;
    char texts[40][4], text[200];
    struct pl_literal v[40];
    unsigned seed = 11;
    for (unsigned round = 0; round < 50; round++) {
        for (size_t i = 0; i < 40; i++) {
            size_t len = 2 + (size_t)(rand_r(&seed) % 3);
            for (size_t k = 0; k < len; k++)
                texts[i][k] = "abAB_"[rand_r(&seed) % 5];
            v[i] = (struct pl_literal){ pl_str_n(texts[i], len), rand_r(&seed) % 2 };
        }
        for (size_t k = 0; k < sizeof text; k++)
            text[k] = "abAB_"[rand_r(&seed) % 5];
        struct pl_str s = pl_str_n(text, 40 + (size_t)(rand_r(&seed) % 12));
        struct pl_literals *l = compile(v, 12);
        struct hits h = { 0 };
        assert_int_equal(scan(l, s, &h), 0);
        assert_int_equal(h.n, count_naive(v, 12, s));
        pl_literals_free(l);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_every_literal_with_its_end),
        cmocka_unit_test(finds_literals_inside_others),
        cmocka_unit_test(equal_texts_with_and_without_case_are_two),
        cmocka_unit_test(bytes_beyond_text_are_literals_too),
        cmocka_unit_test(a_scan_can_be_stopped),
        cmocka_unit_test(refuses_what_it_cannot_use),
        cmocka_unit_test(a_saved_set_loads_or_says_why_not),
        cmocka_unit_test(agrees_with_a_search_one_by_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
