/* Compiled Python: files made by hand for each version, and one of the python3 at hand. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <unistd.h>

#include "io/pyc.h"
#include "nest.h"

#define PY27 62211u
#define PY32 3180u
#define PY33 3230u
#define PY35 3350u
#define PY37 3394u
#define PY310 3439u
#define PY311 3495u
#define PY312 3531u
#define PY313 3571u

/* ---- a writer of marshal ---- */

static void u32(struct pl_buf *b, uint32_t v)
{
    for (int i = 0; i < 4; i++)
        pl_buf_putc(b, (char)(v >> (8 * i)));
}

static void str(struct pl_buf *b, char type, const char *s, size_t n)
{
    pl_buf_putc(b, type);
    if ((type & 0x7f) == 'z' || (type & 0x7f) == 'Z')
        pl_buf_putc(b, (char)n);
    else
        u32(b, (uint32_t)n);
    pl_buf_putn(b, s, n);
}

/* A tuple of the words of `list`, which blanks separate; "(a b)" is a tuple in it, "#" None. */
static void tuple(struct pl_buf *b, unsigned magic, const char *list)
{
    struct pl_buf items = { 0 };
    uint32_t n = 0;
    for (const char *p = list; *p; n++) {
        size_t len = *p == '(' ? (size_t)(strchr(p, ')') - p) + 1 : strcspn(p, " ");
        char word[200];
        if (*p == '(') {
            snprintf(word, sizeof word, "%.*s", (int)len - 2, p + 1);
            tuple(&items, magic, word);
        } else if (*p == '#') {
            pl_buf_putc(&items, 'N');
        } else {
            str(&items, magic > 60000 ? 's' : magic >= 3270 ? 'z' : 'u', p, len);
        }
        p += len + (p[len] == ' ');
    }
    pl_buf_putc(b, '(');
    u32(b, n);
    pl_buf_putn(b, items.p, items.n);
    pl_buf_release(&items);
}

struct code {
    const char *consts, *names, *locals, *cells, *frees;
    const char *ops;
    size_t n;
};

static void code(struct pl_buf *b, unsigned magic, const struct code *c)
{
    bool flat = magic >= 3450 && magic < 60000;
    pl_buf_putc(b, 'c');
    unsigned ints = magic > 60000 ? 4 : magic >= 3410 && !flat ? 6 : 5;
    for (unsigned i = 0; i < ints; i++)
        u32(b, 0);
    str(b, 's', c->ops, c->n);
    tuple(b, magic, c->consts);
    tuple(b, magic, c->names ? c->names : "");
    tuple(b, magic, c->locals ? c->locals : "");
    if (flat) {
        str(b, 's', "", 0);
    } else {
        tuple(b, magic, c->frees ? c->frees : "");
        tuple(b, magic, c->cells ? c->cells : "");
    }
    str(b, 's', "f.py", 4);
    str(b, 's', "f", 1);
    if (flat)
        str(b, 's', "f", 1);
    u32(b, 1);
    str(b, 's', "", 0);
    if (flat)
        str(b, 's', "", 0);
}

static void header(struct pl_buf *b, unsigned magic)
{
    pl_buf_clear(b);
    pl_buf_putc(b, (char)magic);
    pl_buf_putc(b, (char)(magic >> 8));
    pl_buf_puts(b, "\r\n");
    while (b->n < pl_pyc_header(magic))
        pl_buf_putc(b, 0);
}

static void check(unsigned magic, const struct code *c, const char *want)
{
    struct pl_buf b = { 0 };
    struct nest t;
    char line[500];
    header(&b, magic);
    code(&b, magic, c);
    nest_init(&t);
    t.path = "x.pyc";
    assert_int_equal(nest_run(&t, b.p, b.n), 0);
    snprintf(line, sizeof line, "constants||%s\n", want);
    assert_string_equal(t.log.p ? t.log.p : "", *want ? line : "");
    nest_free(&t);
    pl_buf_release(&b);
}

#define OPS(s) .ops = s, .n = sizeof(s) - 1

/* ---- stores ---- */

static void stores_to_variables(void **state)
{
    static const struct code old = { .consts = "v0 v1 v2",
                                     .names = "n0 n1",
                                     .locals = "l0",
                                     OPS("\x64\0\0\x5a\1\0\x64\1\0\x61\0\0\x64\2\0\x7d\0\0") };
    static const struct code words = { .consts = "v0 v1 v2",
                                       .names = "n0 n1",
                                       .locals = "l0",
                                       OPS("\x64\0\x5a\1\x64\1\x61\0\x64\2\x7d\0") };
    static const struct code new = { .consts = "v0 v1 v2",
                                     .names = "n0 n1",
                                     .locals = "l0",
                                     OPS("\x53\0\x72\1\x53\1\x71\0\x53\2\x6e\0") };
    static const unsigned old_ones[] = { PY27, PY32, PY33, PY35 };
    static const unsigned word_ones[] = { PY37, PY310, PY311, PY312 };
    static const char want[] = "n1 = 'v0'\nn0 = 'v1'\nl0 = 'v2'\n";
    (void)state;
    for (size_t i = 0; i < 4; i++) {
        check(old_ones[i], &old, want);
        check(word_ones[i], &words, want);
    }
    check(PY313, &new, want);
}

static void stores_to_attributes_and_items(void **state)
{
    /* v0; self; store_attr n0; v0; self.n1; 'v1'; store_subscr */
    static const struct code words = { .consts = "v0 v1",
                                       .names = "n0 n1",
                                       OPS("\x64\0\x7c\0\x5f\0\x64\0\x7c\0\x6a\1\x64\1\x3c\0") };
    static const struct code new = {
        .consts = "v0 v1",
        .names = "n0 n1",
        OPS("\x53\0\x55\0\x6c\0\0\0\0\0\0\0\0\0\x53\0\x55\0\x52\2\x53\1\x27\0")
    };
    (void)state;
    check(PY310, &words, "n0 = 'v0'\nv1 = 'v0'\n");
    check(PY313, &new, "n0 = 'v0'\nv1 = 'v0'\n");
}

static void cells_and_copies(void **state)
{
    static const struct code old = { .consts = "v0",
                                     .names = "n0",
                                     .cells = "c0",
                                     .frees = "f0",
                                     OPS("\x64\0\x89\0\x64\0\x04\0\x89\1\x5a\0") };
    static const struct code new = {
        .consts = "v0 v1",
        .locals = "l0 l1",
        OPS("\x64\0\x78\1\x8a\0\x8a\1\x64\0\x64\1\x63\2\x7d\0\x7d\1")
    };
    (void)state;
    check(PY310, &old, "c0 = 'v0'\nf0 = 'v0'\nn0 = 'v0'\n");
    check(PY311, &new, "l0 = 'v0'\nl1 = 'v0'\nl0 = 'v0'\nl1 = 'v1'\n");
}

static void unpacked_tuples(void **state)
{
    static const struct code c = { .consts = "(v0 v1) #",
                                   .names = "n0 n1",
                                   OPS("\x64\0\x5c\2\x5a\0\x5a\1\x64\1\x5c\2\x5a\0\x5a\1") };
    static const struct code swap = { .consts = "v0 v1",
                                      .names = "n0 n1",
                                      OPS("\x64\0\x64\1\x02\0\x5a\0\x5a\1") };
    (void)state;
    check(PY37, &c, "n0 = 'v0'\nn1 = 'v1'\n");
    check(PY37, &swap, "n0 = 'v0'\nn1 = 'v1'\n");
}

static void mappings(void **state)
{
    static const struct code old = { .consts = "v0 k0", OPS("\x69\1\0\x64\0\0\x64\1\0\x36") };
    static const struct code pairs = { .consts = "k0 v0 k1 v1",
                                       OPS("\x64\0\x64\1\x64\2\x64\3\x69\2") };
    static const struct code keys = { .consts = "v0 v1 (k0 k1)", OPS("\x64\0\x64\1\x64\2\x9c\2") };
    (void)state;
    check(PY27, &old, "k0 = 'v0'\n");
    check(PY37, &pairs, "k1 = 'v1'\nk0 = 'v0'\n");
    check(PY37, &keys, "k1 = 'v1'\nk0 = 'v0'\n");
}

static void keyword_arguments(void **state)
{
    static const struct code old = { .consts = "a k0 v0",
                                     .names = "f",
                                     OPS("\x65\0\0\x64\0\0\x64\1\0\x64\2\0\x83\1\1\x01") };
    static const struct code words = { .consts = "a v0 (k0)",
                                       .names = "f",
                                       OPS("\x65\0\x64\0\x64\1\x64\2\x8d\2\x01\0") };
    static const struct code p311 = {
        .consts = "a v0 (k0)",
        .names = "f",
        OPS("\x97\0\x74\1\0\0\x64\0\x64\1\xac\2\xa6\2\0\0\xab\2\0\0\x01\0")
    };
    static const struct code p313 = { .consts = "a v0 (k0)",
                                      .names = "f",
                                      OPS("\x5b\1\x53\0\x53\1\x53\2\x39\2\x20\0") };
    (void)state;
    check(PY27, &old, "k0 = 'v0'\n");
    check(PY310, &words, "k0 = 'v0'\n");
    check(PY311, &p311, "k0 = 'v0'\n");
    check(PY312, &p311, "k0 = 'v0'\n");
    check(PY313, &p313, "k0 = 'v0'\n");
}

static void double_instructions(void **state)
{
    static const struct code c = { .consts = "v0 v1",
                                   .locals = "l0 l1",
                                   OPS("\x53\0\x53\1\x70\x10\x53\0\x6f\x01\x58\x01\x6e\0") };
    (void)state;
    check(PY313, &c, "l1 = 'v1'\nl0 = 'v0'\nl0 = 'v0'\n");
}

static void methods_and_lists(void **state)
{
    static const struct code c = { .consts = "v0 v1",
                                   .names = "n0 m",
                                   OPS("\x64\0\x65\0\xa0\1\x64\1\x67\1\xa1\1\x5a\0\x64\0\x5a\0") };
    static const struct code d = { .consts = "v0 v1",
                                   .names = "n0 m",
                                   OPS("\x64\0\x65\0\x6a\3\x01\0\x01\0\x5a\0") };
    (void)state;
    check(PY310, &c, "n0 = 'v0'\n");
    check(PY312, &d, "n0 = 'v0'\n");
}

static void extended_arguments(void **state)
{
    struct pl_buf consts = { 0 };
    (void)state;
    for (int i = 0; i < 299; i++)
        pl_buf_puts(&consts, "# ");
    pl_buf_puts(&consts, "far");
    pl_buf_putc(&consts, '\0');
    /* 299 is 1 * 256 + 43 */
    const struct code c = { .consts = consts.p, .names = "n0", OPS("\x90\1\x64\x2b\x5a\0") };
    check(PY37, &c, "n0 = 'far'\n");
    const struct code d = { .consts = "v0", .names = "n0", OPS("\x91\0\0\x64\0\0\x5a\0\0") };
    check(PY27, &d, "n0 = 'v0'\n");
    pl_buf_release(&consts);
}

static void unknown_instructions_make_no_pairs(void **state)
{
    static const struct code c = { .consts = "v0", .names = "n0", OPS("\x64\0\xfe\0\x5a\0") };
    static const struct code d = { .consts = "v0 #",
                                   .names = "n0",
                                   OPS("\x64\x09\x5a\0\x64\1\x5a\0\x64\0\x5a\x09\x5a") };
    (void)state;
    check(PY37, &c, "");
    check(PY37, &d, "");
}

static void deep_stacks_forget_the_bottom(void **state)
{
    struct pl_buf ops = { 0 };
    (void)state;
    for (int i = 0; i < 1500; i++)
        pl_buf_putn(&ops, "\x64\0", 2);
    pl_buf_putn(&ops, "\x5a\0", 2);
    const struct code c = { .consts = "v0", .names = "n0", .ops = ops.p, .n = ops.n };
    check(PY37, &c, "n0 = 'v0'\n");
    pl_buf_release(&ops);
}

static void quotes_and_long_values(void **state)
{
    static const struct code c = { .consts = "it's", .names = "n0", OPS("\x64\0\x5a\0") };
    struct pl_buf b = { 0 }, out = { .max = 100 };
    struct pl_pyc p;
    char *big = calloc(1, 5000);
    (void)state;
    check(PY37, &c, "n0 = \"it's\"\n");
    memset(big, 'x', 4999);
    const struct code d = { .consts = "v0", .names = big, OPS("\x64\0\0\x5a\0\0") };
    header(&b, PY33);
    code(&b, PY33, &d);
    assert_int_equal(pl_pyc_read(pl_buf_str(&b), &p, NULL), 0);
    assert_int_equal(pl_pyc_pairs(&p, &out, NULL), 0);
    assert_int_equal(out.n, 0);
    pl_pyc_release(&p);
    big[150] = '\0';
    header(&b, PY33);
    code(&b, PY33, &d);
    assert_int_equal(pl_pyc_read(pl_buf_str(&b), &p, NULL), 0);
    assert_int_equal(pl_pyc_pairs(&p, &out, NULL), PL_E_LIMIT);
    assert_int_equal(out.n, 0);
    pl_pyc_release(&p);
    pl_buf_release(&out);
    pl_buf_release(&b);
    free(big);
}

/* ---- marshal ---- */

/* A module whose constants are the one object of `p`. */
static int read_const(unsigned magic, const char *p, size_t n, struct pl_err *err)
{
    struct pl_buf b = { 0 };
    struct pl_pyc c;
    header(&b, magic);
    pl_buf_putn(&b, p, n);
    int r = pl_pyc_read(pl_buf_str(&b), &c, err);
    pl_pyc_release(&c);
    pl_buf_release(&b);
    return r;
}

#define READ(s) read_const(PY310, s, sizeof(s) - 1, NULL)

static void every_type_of_object(void **state)
{
    (void)state;
    assert_int_equal(READ("N"), 0);
    assert_int_equal(READ("T"), 0);
    assert_int_equal(READ("."), 0);
    assert_int_equal(READ("i\1\2\3\4"), 0);
    assert_int_equal(READ("I\1\2\3\4\5\6\7\0"), 0);
    assert_int_equal(READ("g\1\2\3\4\5\6\7\0"), 0);
    assert_int_equal(READ("y\1\2\3\4\5\6\7\0\1\2\3\4\5\6\7\0"), 0);
    assert_int_equal(READ("l\2\0\0\0\1\2\3\4"), 0);
    assert_int_equal(READ("l\xfe\xff\xff\xff\1\2\3\4"), 0);
    assert_int_equal(READ("f\3"
                          "1.5"),
                     0);
    assert_int_equal(READ("x\1"
                          "1\1"
                          "2"),
                     0);
    assert_int_equal(READ("a\2\0\0\0ab"), 0);
    assert_int_equal(READ("Z\2ab"), 0);
    assert_int_equal(READ("[\1\0\0\0N"), 0);
    assert_int_equal(READ(">\1\0\0\0N"), 0);
    assert_int_equal(READ(")\2NN"), 0);
    assert_int_equal(READ("{NT0"), 0);
    assert_int_equal(READ("(\2\0\0\0\xf3\1\0\0\0ar\0\0\0\0"), 0);
    assert_int_equal(READ("(\2\0\0\0t\1\0\0\0aR\0\0\0\0"), 0);
}

static void damaged_objects(void **state)
{
    struct pl_err err = { 0 };
    (void)state;
    assert_int_equal(READ(""), PL_E_FORMAT);
    assert_int_equal(READ("?"), PL_E_FORMAT);
    assert_int_equal(READ("i\1\2"), PL_E_FORMAT);
    assert_int_equal(READ("s\5\0\0\0abc"), PL_E_FORMAT);
    assert_int_equal(READ("s\5\0"), PL_E_FORMAT);
    assert_int_equal(READ("z"), PL_E_FORMAT);
    assert_int_equal(READ("l\1\0\0\0\1"), PL_E_FORMAT);
    assert_int_equal(READ("l\0\0\0\x80"), PL_E_FORMAT);
    assert_int_equal(READ("l\0\0"), PL_E_FORMAT);
    assert_int_equal(READ("f"), PL_E_FORMAT);
    assert_int_equal(READ("x\1"
                          "1"),
                     PL_E_FORMAT);
    assert_int_equal(READ("(\xff\xff\xff\xff"), PL_E_FORMAT);
    assert_int_equal(READ("(\2\0\0\0N"), PL_E_FORMAT);
    assert_int_equal(READ("{N"), PL_E_FORMAT);
    assert_int_equal(READ("r\1\0\0\0"), PL_E_FORMAT);
    assert_int_equal(READ("R\0\0\0\0"), PL_E_FORMAT);
    assert_int_equal(READ("r\1"), PL_E_FORMAT);
    assert_int_equal(READ("c\0\0"), PL_E_FORMAT);
    char deep[600];
    memset(deep, ')', sizeof deep);
    for (size_t i = 1; i < sizeof deep; i += 2)
        deep[i] = 1;
    assert_int_equal(read_const(PY310, deep, sizeof deep, &err), PL_E_LIMIT);
    struct pl_pyc c;
    assert_int_equal(pl_pyc_read(PL_S("no compiled code"), &c, &err), PL_E_UNSUP);
}

static void too_many_objects(void **state)
{
    size_t n = (1u << 20) + 100;
    struct pl_buf b = { 0 };
    struct pl_err err = { 0 };
    (void)state;
    pl_buf_putc(&b, '(');
    u32(&b, (uint32_t)n);
    for (size_t i = 0; i < n; i++)
        pl_buf_putc(&b, 'N');
    assert_int_equal(read_const(PY310, b.p, b.n, &err), PL_E_LIMIT);
    pl_buf_release(&b);
}

static void cut_files_give_what_was_read(void **state)
{
    static const struct code c = { .consts = "v0", .names = "n0", OPS("\x64\0\x5a\0") };
    struct pl_buf b = { 0 };
    (void)state;
    header(&b, PY37);
    code(&b, PY37, &c);
    for (size_t cut = 20; cut < b.n; cut++) {
        struct nest t;
        nest_init(&t);
        assert_int_equal(nest_run(&t, b.p, cut), 0);
        assert_has(t.log, "!nested-damaged|");
        if (cut == b.n - 1)
            assert_has(t.log, "n0 = 'v0'\n");
        nest_free(&t);
    }
    pl_buf_release(&b);
}

static void versions(void **state)
{
    (void)state;
    assert_int_equal(pl_pyc_magic((const uint8_t *)"\x03\xf3\r\n", 4), PY27);
    assert_int_equal(pl_pyc_magic((const uint8_t *)"\x03\xf3\r\n", 3), 0);
    assert_int_equal(pl_pyc_magic((const uint8_t *)"ab\r\n", 4), 0);
    assert_int_equal(pl_pyc_header(PY27), 8);
    assert_int_equal(pl_pyc_header(PY32), 8);
    assert_int_equal(pl_pyc_header(PY33), 12);
    assert_int_equal(pl_pyc_header(PY37), 16);
}

static void file_of_the_python_at_hand(void **state)
{
    char dir[] = "/tmp/test-pyc-XXXXXX", cmd[600], path[64];
    struct pl_buf b = { 0 };
    struct nest t;
    (void)state;
    assert_non_null(mkdtemp(dir));
    snprintf(
        cmd, sizeof cmd,
        "cd %s && printf '%%s\\n' \"PASSWORD = 'value-one'\" 'class C:' \"  key = 'value-two'\""
        " '  def m(self):' \"    self.t = 'value-three'\" \"    f(a=self, b='value-four')\""
        " >x.py && python3 -c 'import py_compile; py_compile.compile(\"x.py\", \"x.pyc\")' 2>log",
        dir);
    int r = system(cmd);
    snprintf(path, sizeof path, "%s/x.pyc", dir);
    FILE *f = r == 0 ? fopen(path, "rb") : NULL;
    if (f) {
        char part[4096];
        pl_buf_putn(&b, part, fread(part, 1, sizeof part, f));
        fclose(f);
    }
    snprintf(cmd, sizeof cmd, "rm -rf %s", dir);
    assert_int_equal(system(cmd), 0);
    nest_init(&t);
    if (b.n == 0 || !pl_pyc_magic((uint8_t *)b.p, b.n)) {
        print_message("skip: test_pyc: no python3 of a known version\n");
    } else {
        assert_int_equal(nest_run(&t, b.p, b.n), 0);
        assert_has(t.log, "PASSWORD = 'value-one'\n");
        assert_has(t.log, "key = 'value-two'\n");
        assert_has(t.log, "t = 'value-three'\n");
        assert_has(t.log, "b = 'value-four'\n");
        assert_int_equal(t.notes, 0);
    }
    nest_free(&t);
    pl_buf_release(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stores_to_variables),
        cmocka_unit_test(stores_to_attributes_and_items),
        cmocka_unit_test(cells_and_copies),
        cmocka_unit_test(unpacked_tuples),
        cmocka_unit_test(mappings),
        cmocka_unit_test(keyword_arguments),
        cmocka_unit_test(double_instructions),
        cmocka_unit_test(methods_and_lists),
        cmocka_unit_test(extended_arguments),
        cmocka_unit_test(unknown_instructions_make_no_pairs),
        cmocka_unit_test(deep_stacks_forget_the_bottom),
        cmocka_unit_test(quotes_and_long_values),
        cmocka_unit_test(every_type_of_object),
        cmocka_unit_test(damaged_objects),
        cmocka_unit_test(too_many_objects),
        cmocka_unit_test(cut_files_give_what_was_read),
        cmocka_unit_test(versions),
        cmocka_unit_test(file_of_the_python_at_hand),
    };
    return cmocka_run_group_tests_name("pyc", tests, NULL, NULL);
}
