/* XML as feeds use it, and what is refused. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/buf.h"
#include "fmt/xml.h"

static int parse(struct pl_arena *a, const char *text, struct pl_xml **ret)
{
    struct pl_err err = { 0 };
    return pl_xml_parse(pl_str_c(text), a, ret, &err);
}

static void a_tree_of_elements(void **state)
{
    struct pl_arena a = { 0 };
    struct pl_xml *x = NULL;
    (void)state;
    assert_int_equal(
        parse(&a,
              "\xEF\xBB\xBF<?xml version='1.0'?>\n<!DOCTYPE r [ <!ENTITY e \"x\"> ]>\n"
              "<n:r xmlns:n=\"u\" k='a &amp; b'><!-- c --><i>1</i><j/><i n = \"2\"> "
              "&lt;&#65;&#x20ac;&#55296;&none; </i><c><![CDATA[<raw>&amp;]]></c></n:r>\n",
              &x),
        0);
    assert_true(pl_str_is(x->name, "r"));
    assert_true(pl_str_is(pl_xml_attr(x, "k"), "a & b"));
    assert_true(pl_str_is(pl_xml_text(x, "i"), "1"));
    const struct pl_xml *second = pl_xml_more(pl_xml_get(x, "i"));
    assert_non_null(second);
    assert_true(pl_str_is(second->text, "<A\xe2\x82\xac&#55296;&none;"));
    assert_true(pl_str_is(pl_xml_attr(second, "n"), "2"));
    assert_null(pl_xml_more(second));
    assert_true(pl_str_is(pl_xml_text(x, "c"), "<raw>&amp;"));
    assert_null(pl_xml_get(x, "none"));
    assert_null(pl_xml_get(NULL, "i"));
    assert_int_equal(pl_xml_attr(NULL, "k").n, 0);
    assert_int_equal(pl_xml_text(x, "j").n, 0);
    pl_arena_release(&a);
}

static void numbers_of_signs(void **state)
{
    struct pl_arena a = { 0 };
    struct pl_xml *x = NULL;
    (void)state;
    assert_int_equal(parse(&a, "<a>&#x1F600;&#233;&#x110000;&#0;&#xG;&quot;&apos;&gt;</a>", &x), 0);
    assert_true(pl_str_is(x->text, "\xf0\x9f\x98\x80\xc3\xa9&#x110000;&#0;&#xG;\"'>"));
    pl_arena_release(&a);
}

static void what_is_not_well_formed(void **state)
{
    static const char *const bad[] = {
        "",
        "text",
        "<a>",
        "<a></b>",
        "<a></a",
        "<a><b></a></b>",
        "<a",
        "<a b>",
        "<a b=c/>",
        "<a b=\"c/>",
        "<a/><b/>",
        "</a>",
        "<!-- c",
        "<?x",
        "<![CDATA[",
        "<!DOCTYPE a [",
        "<a/>trailing",
        "<>",
        "<a><![CDATA[x</a>",
        "<a / >",
    };
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct pl_arena a = { 0 };
        struct pl_xml *x = NULL;
        assert_int_equal(parse(&a, bad[i], &x), PL_E_FORMAT);
        pl_arena_release(&a);
    }
}

static void bounds(void **state)
{
    struct pl_arena a = { 0 };
    struct pl_xml *x = NULL;
    struct pl_buf b = { 0 };
    (void)state;
    for (unsigned i = 0; i <= PL_XML_DEPTH; i++)
        pl_buf_puts(&b, "<a>");
    pl_buf_putc(&b, 0);
    assert_int_equal(parse(&a, b.p, &x), PL_E_LIMIT);
    pl_buf_clear(&b);
    pl_buf_puts(&b, "<a");
    for (unsigned i = 0; i < 300; i++)
        pl_buf_printf(&b, " k%u='v'", i);
    pl_buf_puts(&b, "/>");
    pl_buf_putc(&b, 0);
    assert_int_equal(parse(&a, b.p, &x), PL_E_LIMIT);
    pl_buf_release(&b);
    pl_arena_release(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_tree_of_elements),
        cmocka_unit_test(numbers_of_signs),
        cmocka_unit_test(what_is_not_well_formed),
        cmocka_unit_test(bounds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
