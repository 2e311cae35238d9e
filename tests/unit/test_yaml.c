/* Bounded YAML: trees with lines, and hazard H26. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "fmt/yaml.h"

static struct pl_arena arena;
static struct pl_limits limits;

static int setup(void **state)
{
    (void)state;
    pl_limits_init(&limits);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    pl_arena_release(&arena);
    return 0;
}

static int parse_n(struct pl_str text, struct pl_yaml_stream *y, struct pl_err *err)
{
    char *p = malloc(text.n ? text.n : 1);
    if (text.n)
        memcpy(p, text.p, text.n);
    int r = pl_yaml_parse(pl_str_n(p, text.n), &limits, &arena, y, err);
    free(p);
    assert_int_equal(r, err->code);
    return r;
}

static struct pl_yaml_stream parse(const char *text)
{
    struct pl_yaml_stream y = { 0 };
    struct pl_err err = { 0 };
    if (parse_n(pl_str_c(text), &y, &err) < 0)
        fail_msg("%s: %s", text, err.msg);
    return y;
}

static const struct pl_yaml *one(const char *text)
{
    struct pl_yaml_stream y = parse(text);
    assert_int_equal(y.n, 1);
    return y.doc[0];
}

static void refused(struct pl_str text, int code, const char *why)
{
    struct pl_yaml_stream y = { .n = 77 };
    struct pl_err err = { 0 };
    int r = parse_n(text, &y, &err);
    if (r != code || !strstr(err.msg, why))
        fail_msg("%.*s: %d %s", PL_FMT(text), r, err.msg);
    assert_int_equal(y.n, 77);
}

static void a_tree_with_lines(void **state)
{
    (void)state;
    const struct pl_yaml *y = one("# note\na: 1\nb:\n  - x\n  - 'y z'\nc: {d: [e, f]}\n");
    assert_int_equal(y->kind, PL_YAML_MAP);
    assert_int_equal(y->n, 3);
    assert_int_equal(y->line, 2);
    const struct pl_yaml *a = pl_yaml_get(y, "a"), *b = pl_yaml_get(y, "b");
    assert_true(pl_str_is(pl_yaml_str(a), "1"));
    assert_true(a->plain && a->line == 2 && a->col == 4 && a->end_line == 2 && a->end_col == 5);
    assert_int_equal(b->kind, PL_YAML_LIST);
    assert_int_equal(b->n, 2);
    assert_false(b->item[1]->plain);
    assert_int_equal(b->item[1]->line, 5);
    assert_true(pl_str_is(pl_yaml_str(b->item[1]), "y z"));
    const struct pl_yaml *d = pl_yaml_get(pl_yaml_get(y, "c"), "d");
    assert_true(pl_str_is(pl_yaml_str(d->item[1]), "f"));
    assert_int_equal(d->end_line, 6);
    assert_int_equal(y->height, 3);
    assert_int_equal(y->weight, 13);
    assert_null(pl_yaml_get(y, "z"));
    assert_null(pl_yaml_get(a, "z"));
    assert_null(pl_yaml_get(NULL, "z"));
    assert_null(pl_yaml_str(y).p);
    assert_null(pl_yaml_str(NULL).p);
}

static void documents_of_a_stream(void **state)
{
    (void)state;
    assert_int_equal(parse("").n, 0);
    assert_int_equal(parse("# only a note\n").n, 0);
    struct pl_yaml_stream y = parse("a\n---\n- b\n---\n...\n---\nc: d\n");
    assert_int_equal(y.n, 4);
    assert_int_equal(y.doc[1]->kind, PL_YAML_LIST);
    assert_int_equal(pl_yaml_str(y.doc[2]).n, 0);
}

static void tags_and_quotes_are_kept_apart(void **state)
{
    (void)state;
    const struct pl_yaml *y = one("- !x v\n- \"q\"\n- |\n  block\n- p\n- !!map {}\n- !l []\n");
    assert_true(pl_str_is(y->item[0]->tag, "!x"));
    assert_false(y->item[0]->plain || y->item[1]->plain || y->item[2]->plain);
    assert_true(y->item[3]->plain);
    assert_true(pl_str_is(pl_yaml_str(y->item[2]), "block\n"));
    assert_true(pl_str_is(y->item[4]->tag, "tag:yaml.org,2002:map"));
    assert_true(pl_str_is(y->item[5]->tag, "!l"));
    y = one("\"a\\0b\"");
    assert_true(pl_str_eq(pl_yaml_str(y), PL_S("a\0b")));
}

static void aliases_are_the_node_of_their_anchor(void **state)
{
    (void)state;
    const struct pl_yaml *y = one("a: &n {k: v}\nb: *n\nc:\n  <<: *n\n  <<: *n\nd: &n 1\ne: *n\n");
    assert_ptr_equal(pl_yaml_get(y, "a"), pl_yaml_get(y, "b"));
    assert_int_equal(pl_yaml_get(y, "c")->n, 2);
    assert_true(pl_str_is(pl_yaml_str(pl_yaml_get(y, "e")), "1"));
}

static void aliases_without_anchor_are_refused(void **state)
{
    (void)state;
    refused(PL_S("a: *n\n"), PL_E_FORMAT, "alias without anchor");
    refused(PL_S("&n a\n---\n*n\n"), PL_E_FORMAT, "alias without anchor");
    refused(PL_S("&n [*n]\n"), PL_E_FORMAT, "within its own");
    refused(PL_S("&n {a: {b: *n}}\n"), PL_E_FORMAT, "within its own");
}

/* nine levels of nine aliases */
static void aliases_do_not_multiply(void **state)
{
    (void)state;
    pl_auto_buf struct pl_buf b = { 0 };
    pl_buf_puts(&b, "a0: &a0 [x,x,x,x,x,x,x,x,x]\n");
    for (int i = 1; i < 9; i++) {
        pl_buf_printf(&b, "a%d: &a%d [", i, i);
        for (int k = 0; k < 9; k++)
            pl_buf_printf(&b, "%s*a%d ", k ? "," : "", i - 1);
        pl_buf_puts(&b, "]\n");
    }
    refused(pl_buf_str(&b), PL_E_LIMIT, "multiply");
}

static void aliases_are_counted(void **state)
{
    (void)state;
    pl_auto_buf struct pl_buf b = { 0 };
    limits.yaml_aliases = 10;
    pl_buf_puts(&b, "- &a x\n");
    for (int i = 0; i < 10; i++)
        pl_buf_puts(&b, "- *a\n");
    struct pl_yaml_stream y;
    struct pl_err err = { 0 };
    assert_int_equal(parse_n(pl_buf_str(&b), &y, &err), 0);
    pl_buf_puts(&b, "- *a\n");
    refused(pl_buf_str(&b), PL_E_LIMIT, "yaml-aliases");
}

static void documents_together_are_weighed(void **state)
{
    (void)state;
    pl_auto_buf struct pl_buf b = { 0 };
    for (int d = 0; d < 12; d++) {
        pl_buf_puts(&b, "---\n- &a [x,x,x,x,x,x,x,x,x,x]\n- &b [*a,*a,*a,*a,*a,*a,*a,*a,*a,*a]\n"
                        "- &c [*b,*b,*b,*b,*b,*b,*b,*b,*b,*b]\n"
                        "- &d [*c,*c,*c,*c,*c,*c,*c,*c,*c,*c]\n- [*d,*d,*d,*d,*d,*d,*d,*d,*d]\n");
    }
    refused(pl_buf_str(&b), PL_E_LIMIT, "multiply");
}

static void depth_is_capped_aliases_included(void **state)
{
    (void)state;
    limits.depth = 4;
    one("[[[[x]]]]");
    refused(PL_S("[[[[[x]]]]]"), PL_E_LIMIT, "nested too deep");
    one("- &a [[x]]\n- [*a]\n");
    refused(PL_S("- &a [[x]]\n- [[*a]]\n"), PL_E_LIMIT, "nested too deep");
}

static void size_and_number_are_capped(void **state)
{
    (void)state;
    pl_auto_buf struct pl_buf b = { 0 };
    for (int i = 0; i < 500001; i++)
        pl_buf_puts(&b, "- \n");
    refused(pl_buf_str(&b), PL_E_LIMIT, "half a million");
    limits.config = 3;
    refused(PL_S("abcd"), PL_E_LIMIT, "limit config");
}

static void keys_that_stand_twice_are_refused(void **state)
{
    (void)state;
    refused(PL_S("a: 1\nb: 2\na: 3\n"), PL_E_FORMAT, "line 3: a key stands twice");
    refused(PL_S("x: {a: 1, \"a\": 2}\n"), PL_E_FORMAT, "line 1: a key stands twice");
    one("{a: 1, A: 2, [a]: 3, [a]: 4}");
    pl_auto_buf struct pl_buf b = { 0 };
    for (int i = 0; i < 5000; i++)
        pl_buf_printf(&b, "k%d: v\n", i);
    pl_buf_puts(&b, "k0: v\n");
    refused(pl_buf_str(&b), PL_E_FORMAT, "line 5001");
}

static void what_is_not_yaml_is_refused(void **state)
{
    (void)state;
    refused(PL_S("a: [b\n"), PL_E_FORMAT, "line ");
    refused(PL_S("a: b: c\n"), PL_E_FORMAT, "line 1");
    refused(PL_S("\tx: y\n"), PL_E_FORMAT, "line ");
    refused(PL_S("a: \"b\n"), PL_E_FORMAT, "line ");
    refused(PL_S("ok: \xff\n"), PL_E_FORMAT, "byte 4");
    refused(PL_S("a: \x01\n"), PL_E_FORMAT, "byte ");
    refused(PL_S("%YAML 9.9\n---\na\n"), PL_E_FORMAT, "line ");
}

static void utf16_is_read_as_text(void **state)
{
    (void)state;
    struct pl_yaml_stream y;
    struct pl_err err = { 0 };
    assert_int_equal(parse_n(PL_S("\xff\xfe"
                                  "a\0:\0 \0\xe9\0"),
                             &y, &err),
                     0);
    assert_true(pl_str_is(pl_yaml_str(pl_yaml_get(y.doc[0], "a")), "\xc3\xa9"));
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(a_tree_with_lines),
        T(documents_of_a_stream),
        T(tags_and_quotes_are_kept_apart),
        T(aliases_are_the_node_of_their_anchor),
        T(aliases_without_anchor_are_refused),
        T(aliases_do_not_multiply),
        T(aliases_are_counted),
        T(documents_together_are_weighed),
        T(depth_is_capped_aliases_included),
        T(size_and_number_are_capped),
        T(keys_that_stand_twice_are_refused),
        T(what_is_not_yaml_is_refused),
        T(utf16_is_read_as_text),
    };
    return cmocka_run_group_tests_name("yaml", tests, NULL, NULL);
}
