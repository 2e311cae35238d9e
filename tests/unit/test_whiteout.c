/* Whiteout names: forensics.md section 3, rules 1 to 6. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "oci/whiteout.h"

static void is(const char *path, enum pl_whiteout want, const char *target)
{
    struct pl_arena a = { 0 };
    struct pl_str got = PL_S("untouched");
    assert_int_equal(pl_whiteout(pl_str_c(path), &a, &got), want);
    if (!pl_str_is(got, target))
        fail_msg("%s: target '%.*s'", path, PL_FMT(got));
    pl_arena_release(&a);
}

static void a_whiteout_names_its_sibling(void **state)
{
    (void)state;
    is("etc/.wh.passwd", PL_WH_FILE, "etc/passwd");
    is(".wh.x", PL_WH_FILE, "x");
    is("a/b/.wh.c d", PL_WH_FILE, "a/b/c d");
    is("a/.wh....", PL_WH_FILE, "a/...");
    is("a/.wh..x", PL_WH_FILE, "a/.x");
    is("a/.wh.wh.x", PL_WH_FILE, "a/wh.x");
}

static void the_opaque_marker_names_its_directory(void **state)
{
    (void)state;
    is("var/lib/.wh..wh..opq", PL_WH_OPAQUE, "var/lib");
    is(".wh..wh..opq", PL_WH_OPAQUE, "");
}

static void other_double_marks_are_bookkeeping(void **state)
{
    (void)state;
    is(".wh..wh.aufs", PL_WH_BOOKKEEPING, "untouched");
    is("a/.wh..wh.plnk", PL_WH_BOOKKEEPING, "untouched");
    is("a/.wh..wh.", PL_WH_BOOKKEEPING, "untouched");
    is("a/.wh..wh..opqx", PL_WH_BOOKKEEPING, "untouched");
    is("a/.wh..wh..op", PL_WH_BOOKKEEPING, "untouched");
}

static void marks_without_a_name_are_bad(void **state)
{
    (void)state;
    is("a/.wh.", PL_WH_BAD, "untouched");
    is("a/.wh..", PL_WH_BAD, "untouched");
    is(".wh...", PL_WH_BAD, "untouched");
}

static void other_names_are_ordinary(void **state)
{
    (void)state;
    is("", PL_WH_NONE, "untouched");
    is("a", PL_WH_NONE, "untouched");
    is("a/.wh", PL_WH_NONE, "untouched");
    is("a/x.wh.b", PL_WH_NONE, "untouched");
    is(".wh.a/b", PL_WH_NONE, "untouched");
    is("a/.WH.b", PL_WH_NONE, "untouched");
    is("wh.b", PL_WH_NONE, "untouched");
}

static void bytes_that_are_no_text_are_kept(void **state)
{
    (void)state;
    struct pl_arena a = { 0 };
    struct pl_str got;
    assert_int_equal(pl_whiteout(PL_S("\xff/.wh.\0\xfe"), &a, &got), PL_WH_FILE);
    assert_true(pl_str_eq(got, PL_S("\xff/\0\xfe")));
    pl_arena_release(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_whiteout_names_its_sibling),
        cmocka_unit_test(the_opaque_marker_names_its_directory),
        cmocka_unit_test(other_double_marks_are_bookkeeping),
        cmocka_unit_test(marks_without_a_name_are_bad),
        cmocka_unit_test(other_names_are_ordinary),
        cmocka_unit_test(bytes_that_are_no_text_are_kept),
    };
    return cmocka_run_group_tests_name("whiteout", tests, NULL, NULL);
}
