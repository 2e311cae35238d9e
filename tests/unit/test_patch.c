/* source/patch.h: text of git log and git diff taken apart. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/buf.h"
#include "source/patch.h"
#include "source/patch_int.h"

static int on_commit(void *arg, const struct pl_patch_commit *c)
{
    pl_buf_printf(arg, "commit %.*s|%.*s|%.*s|%lld|%.*s\n", PL_FMT(c->id), PL_FMT(c->author),
                  PL_FMT(c->email), (long long)c->time, PL_FMT(c->message));
    return 0;
}

static int on_part(void *arg, const struct pl_patch_part *p)
{
    pl_buf_printf(arg, "%.*s:%u:%s%s%.*s\n", PL_FMT(p->path), p->line, p->binary ? "binary" : "",
                  p->cut ? "cut:" : "", PL_FMT(p->text));
    return 0;
}

static int read_text(const char *text, size_t part_max, struct pl_buf *out)
{
    struct pl_view v;
    struct pl_err err = { 0 };
    struct pl_patch_sink sink = { on_commit, on_part, out, part_max };
    struct pl_str s = pl_str_c(text);
    pl_view_mem_init(&v, s.p, s.n);
    pl_buf_clear(out);
    return pl_patch_read(&v, &sink, &err);
}

static void expect(const char *text, const char *want)
{
    pl_auto_buf struct pl_buf out = { 0 };
    assert_int_equal(read_text(text, 0, &out), 0);
    pl_buf_putc(&out, 0);
    assert_string_equal(out.p, want);
}

#define HEAD                                            \
    "commit 0123456789abcdef0123456789abcdef01234567\n" \
    "Author: A U Thor <a@example.org>\n"                \
    "Date:   Thu Apr 7 22:13:13 2005 -0200\n\n"
#define HEAD_IS "commit 0123456789abcdef0123456789abcdef01234567|A U Thor|a@example.org|1112919193|"

static void a_commit_with_two_hunks(void **state)
{
    (void)state;
    expect(HEAD "    one\n    two\n\n    body  \n\n\n      more\n\nNotes:\n    note\n\n"
                "diff --git a/f b/f\nindex 1..2 100644\n--- a/f\n+++ b/f\n"
                "@@ -1,2 +1 @@\n-x\n-y\n+new\n@@ -9,0 +9,2 @@ func\n+l9\n+++ b/l10\n",
           HEAD_IS "one two\n\nbody\n\n  more\n\nNotes:\nnote\nf:1:new\n\nf:9:l9\n++ b/l10\n\n");
}

static void deletions_and_merges_give_nothing(void **state)
{
    (void)state;
    expect(
        "commit 1\nMerge: a b\nAuthor: x <y>\nDate:   0 +0000\n\n    m\n\ncommit 2\nAuthor: x <y>\n"
        "Date:   5 +0000\n\n    d\n\ndiff --git a/f b/f\ndeleted file mode 100644\nindex 1..0\n"
        "--- a/f\n+++ /dev/null\n@@ -1 +0,0 @@\n-gone\n",
        "commit 1|x|y|0|m\ncommit 2|x|y|5|d\n");
}

static void a_last_line_without_newline(void **state)
{
    (void)state;
    expect(
        "diff --git a/f b/f\n--- a/f\n+++ b/f\n@@ -1 +1 @@\n-a\n\\ No newline at end of file\n+b\n"
        "\\ No newline at end of file\ndiff --git a/g b/g\n--- a/g\n+++ b/g\n@@ -0,0 +1 @@\n+c\n",
        "f:1:b\ng:1:c\n\n");
}

static void names_are_unescaped(void **state)
{
    (void)state;
    expect("diff --git \"a/\\303\\244 b\" \"b/\\303\\244 b\"\n--- /dev/null\n+++ "
           "\"b/\\303\\244\\tb\"\n"
           "@@ -0,0 +1 @@\n+x\n",
           "\303\244\tb:1:x\n\n");
    expect("diff --git a/with blank b/with blank\n--- a/with blank\t\n+++ b/with blank\t\n"
           "@@ -0,0 +1 @@\n+x\n",
           "with blank:1:x\n\n");
}

static void binary_files_are_named(void **state)
{
    (void)state;
    expect("diff --git a/d/x y.zip b/d/x y.zip\nnew file mode 100644\nindex 0..1\n"
           "Binary files /dev/null and b/d/x y.zip differ\n",
           "d/x y.zip:0:binary\n");
    expect(
        "diff --git a/old b/new b.jar\nsimilarity index 90%\nrename from old\nrename to new b.jar\n"
        "index 1..2 100644\nBinary files a/old and b/new b.jar differ\n",
        "new b.jar:0:binary\n");
}

static void a_huge_hunk_comes_in_pieces(void **state)
{
    (void)state;
    pl_auto_buf struct pl_buf out = { 0 };
    assert_int_equal(
        read_text("diff --git a/f b/f\n--- a/f\n+++ b/f\n@@ -0,0 +1,4 @@\n+aaaa\n+bbbb\n"
                  "+cccc\n+dddd\n",
                  10, &out),
        0);
    pl_buf_putc(&out, 0);
    assert_string_equal(out.p, "f:1:cut:aaaa\nbbbb\n\nf:3:cut:cccc\ndddd\n\n");
}

static void a_hunk_that_is_cut_is_refused(void **state)
{
    (void)state;
    pl_auto_buf struct pl_buf out = { 0 };
    assert_int_equal(
        read_text("diff --git a/f b/f\n--- a/f\n+++ b/f\n@@ -0,0 +1,4 @@\n+a\n", 0, &out),
        PL_E_FORMAT);
    assert_int_equal(read_text("diff --git a/f b/f\n@@ nonsense\n", 0, &out), PL_E_FORMAT);
    assert_int_equal(read_text("fatal: something else\n", 0, &out), PL_E_FORMAT);
    assert_int_equal(read_text("", 0, &out), 0);
}

static void merges_shown_combined_are_not_read(void **state)
{
    (void)state;
    expect(HEAD
           "    m\n\ndiff --cc f\nindex 1,2..3\n--- a/f\n+++ b/f\n@@@ -1,1 -1,1 +1,1 @@@\n++x\n",
           HEAD_IS "m\n");
}

static void dates_in_the_usual_forms(void **state)
{
    (void)state;
    int64_t t;
    assert_true(pl_patch_date(PL_S("Sun Jan 5 01:02:03 2020 +0130"), &t));
    assert_int_equal(t, 1578180723);
    assert_true(pl_patch_date(PL_S("2020-01-05 01:02:03 +0130"), &t));
    assert_int_equal(t, 1578180723);
    assert_true(pl_patch_date(PL_S("2020-01-05T01:02:03+01:30"), &t));
    assert_int_equal(t, 1578180723);
    assert_true(pl_patch_date(PL_S("1578180723 +0130"), &t));
    assert_int_equal(t, 1578180723);
    assert_false(pl_patch_date(PL_S("yesterday"), &t));
    assert_false(pl_patch_date(PL_S(""), &t));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_commit_with_two_hunks),
        cmocka_unit_test(deletions_and_merges_give_nothing),
        cmocka_unit_test(a_last_line_without_newline),
        cmocka_unit_test(names_are_unescaped),
        cmocka_unit_test(binary_files_are_named),
        cmocka_unit_test(a_huge_hunk_comes_in_pieces),
        cmocka_unit_test(a_hunk_that_is_cut_is_refused),
        cmocka_unit_test(merges_shown_combined_are_not_read),
        cmocka_unit_test(dates_in_the_usual_forms),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
