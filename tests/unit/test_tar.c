/* The tar reader, form by form and lie by lie. What was read is written down as text and compared
 * with what should have been. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "io/tar.h"
#include "pieces.h"
#include "tarmake.h"

/* One line for each thing seen. */
struct seen {
    struct pl_buf b;
    bool with_parts, with_notes, with_meta;
    bool unread; /* leave bodies alone */
    struct pl_limits l;
    int rc;
    struct pl_err err;
    uint64_t off; /* where the stream stood at the end */
    uint32_t count;
};

static void on_part(void *arg, enum pl_tar_part part, struct pl_str path, struct pl_str name,
                    struct pl_str bytes, uint64_t off)
{
    static const char *const names[] = { "pax", "xattr", "owner", "unused", "name", "padding" };
    struct seen *s = arg;
    if (!s->with_parts)
        return;
    pl_buf_printf(&s->b, "%s %.*s [%.*s] @%d ", names[part], PL_FMT(path), PL_FMT(name), (int)off);
    if (bytes.n > 60 || memchr(bytes.p, 0, bytes.n)) /* `want` is a C string */
        pl_buf_printf(&s->b, "#%zu", bytes.n);
    else
        pl_buf_putn(&s->b, bytes.p, bytes.n);
    pl_buf_putc(&s->b, '\n');
}

static void on_note(void *arg, const char *code, struct pl_str path, const char *message)
{
    struct seen *s = arg;
    assert_true(strlen(message) > 0);
    if (s->with_notes)
        pl_buf_printf(&s->b, "note %s %.*s\n", code, PL_FMT(path));
}

static void put_body(struct seen *s, struct pl_entry *e)
{
    struct pl_buf body = { 0 };
    struct pl_err err = { 0 };
    int rc = e->body && !s->unread ? pl_view_slurp(e->body, &body, 1 << 24, &err) : 0;
    if (body.n > 60 || (body.n && memchr(body.p, 0, body.n)))
        pl_buf_printf(&s->b, " #%zu", body.n);
    else if (body.n)
        pl_buf_printf(&s->b, " '%.*s'", PL_FMT(pl_buf_str(&body)));
    if (rc < 0)
        pl_buf_printf(&s->b, " !%s", err.msg);
    pl_buf_release(&body);
}

static void put_entry(struct seen *s, struct pl_entry *e)
{
    static const char kinds[] = { 'f', 'd', 'l', 'h', 'c', '?' };
    struct pl_buf *b = &s->b;
    pl_buf_printf(b, "%c %.*s", kinds[e->kind], PL_FMT(e->path));
    if (e->link.n)
        pl_buf_printf(b, " -> %.*s", PL_FMT(e->link));
    pl_buf_printf(b, " %d", (int)e->size);
    put_body(s, e);
    if (e->flags)
        pl_buf_printf(b, " flags=%u", e->flags);
    if (s->with_meta)
        pl_buf_printf(b, " %o %u %u %" PRId64 " @%d %u", e->mode, e->uid, e->gid, e->mtime_ns,
                      (int)e->at, e->ordinal);
    pl_buf_putc(b, '\n');
}

static void read_view(struct seen *s, struct pl_view *v)
{
    struct pl_tar_opts o = { .limits = &s->l, .part = on_part, .note = on_note, .arg = s };
    struct pl_tar *t = pl_tar_new(v, &o);
    struct pl_entry e;
    pl_buf_clear(&s->b);
    while ((s->rc = pl_tar_next(t, &e, &s->err)) > 0)
        put_entry(s, &e);
    s->off = v->off;
    s->count = pl_tar_count(t);
    assert_int_equal(pl_tar_next(t, &e, &s->err), s->rc);
    pl_tar_free(t);
}

static void seen_init(struct seen *s)
{
    *s = (struct seen){ .with_parts = true, .with_notes = true };
    pl_limits_init(&s->l);
}

/* Reads `b` in pieces of several sizes; each must give the text `want`, then `rc`. */
static void reads_as(struct seen *s, struct pl_buf *b, int rc, const char *want)
{
    static const size_t steps[] = { 100000, 1, 700 };
    for (size_t i = 0; i < 3; i++) {
        struct pieces p;
        pieces_init(&p, b->p, b->n, steps[i]);
        read_view(s, &p.v);
        pieces_release(&p);
        if (s->rc != rc)
            fail_msg("returned %d: %s", s->rc, s->rc < 0 ? s->err.msg : "");
        if (!pl_str_is(pl_buf_str(&s->b), want))
            fail_msg("read\n%.*s---instead of\n%s---", PL_FMT(pl_buf_str(&s->b)), want);
    }
}

/* The usual test: an archive that ends well. */
static void gives(struct pl_buf *b, const char *want)
{
    struct seen s;
    seen_init(&s);
    tm_end(b);
    reads_as(&s, b, 0, want);
    assert_int_equal(s.off, b->n);
    pl_buf_release(&s.b);
    pl_buf_release(b);
}

/* The other one: a failure with this message, after what `want` says. */
static void fails(struct pl_buf *b, const char *want, int code, const char *message)
{
    struct seen s;
    seen_init(&s);
    reads_as(&s, b, code, want);
    assert_string_equal(s.err.msg, message);
    pl_buf_release(&s.b);
    pl_buf_release(b);
}

static void all_kinds_are_told_apart(void **state)
{
    (void)state;
    struct pl_buf b = { 0 };
    TM_ADD(&b, .name = "file", .body = "hello");
    TM_ADD(&b, .name = "empty");
    TM_ADD(&b, .name = "dir/", .type = '5');
    TM_ADD(&b, .name = "sym", .type = '2', .link = "../target/");
    TM_ADD(&b, .name = "hard", .type = '1', .link = "./dir//file");
    TM_ADD(&b, .name = "char", .type = '3');
    TM_ADD(&b, .name = "block", .type = '4');
    TM_ADD(&b, .name = "fifo", .type = '6');
    TM_ADD(&b, .name = "contiguous", .type = '7', .body = "c");
    TM_ADD(&b, .name = "odd", .type = 'Z', .body = "odd content");
    TM_ADD(&b, .name = "dump", .type = 'D', .layout = TM_GNU, .body = "Yfile");
    gives(&b, "f file 5 'hello'\nf empty 0\nd dir 0\nl sym -> ../target/ 0\n"
              "h hard -> dir/file 0\nc char 0 flags=8\nc block 0\nc fifo 0\n"
              "f contiguous 1 'c'\n? odd 11 'odd content'\nd dump 5 'Yfile'\n");
}

static void numbers_of_the_header_are_read(void **state)
{
    (void)state;
    struct pl_buf b = { 0 };
    struct seen s;
    seen_init(&s);
    s.with_meta = true;
    TM_ADD(&b, .name = "a", .body = "x");
    TM_ADD(&b, .name = "b", .mode = "    755 ");
    TM_ADD(&b, .name = "c",
           .patch = { { 108, "\x80\0\0\0\xfe\xdc\xba\x98", 8 },
                      { 136, "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xfe", 12 } });
    TM_ADD(&b, .name = "d", .patch = { { 136, "\x80\0\0\0\0\0\0\1\0\0\0\0", 12 } });
    tm_end(&b);
    reads_as(&s, &b, 0,
             "f a 1 'x' 644 1000 100 100000000000 @512 0\n"
             "f b 0 755 1000 100 100000000000 @1536 1\n"
             "f c 0 644 4275878552 100 -2000000000 @2048 2\n"
             "f d 0 644 1000 100 4294967296000000000 @2560 3\n");
    pl_buf_release(&s.b);
    pl_buf_release(&b);
}

static void numbers_that_are_none_are_noted_and_shown(void **state)
{
    (void)state;
    struct pl_buf b = { 0 };
    struct seen s;
    seen_init(&s);
    s.with_meta = true;
    TM_ADD(&b, .name = "a", .mode = "rw-r--r-");
    TM_ADD(&b, .name = "b", .patch = { { 108, "\xff\xff\xff\xff\xff\xff\xff\xff", 8 } });
    TM_ADD(&b, .name = "c", .patch = { { 116, "\x80\0\0\1\0\0\0\0", 8 } });
    TM_ADD(&b, .name = "d", .patch = { { 136, "\x80\1\0\0\0\0\0\0\0\0\0\0", 12 } });
    TM_ADD(&b, .name = "e", .patch = { { 136, "\x80\0\0\0\1\0\0\0\0\0\0\0", 12 } });
    TM_ADD(&b, .name = "f", .patch = { { 136, "\xff\xff\xff\xff\1\0\0\0\0\0\0\0", 12 } });
    TM_ADD(&b, .name = "g", .patch = { { 136, "\xff\xff\xff\xff\x81\0\0\0\0\0\0\0", 12 } });
    tm_end(&b);
    reads_as(&s, &b, 0,
             "note tar-number a\nunused a [] @100 #23\n"
             "f a 0 0 1000 100 100000000000 @512 0\n"
             "note tar-number b\nf b 0 644 0 100 100000000000 @1024 1\n"
             "note tar-number c\nf c 0 644 1000 0 100000000000 @1536 2\n"
             "note tar-number d\nf d 0 644 1000 100 0 @2048 3\n"
             "f e 0 644 1000 100 9223372036854775807 @2560 4\n"
             "note tar-number f\nf f 0 644 1000 100 0 @3072 5\n"
             "f g 0 644 1000 100 -9223372036854775808 @3584 6\n");
    pl_buf_release(&s.b);
    pl_buf_release(&b);
}

static void a_size_that_cannot_be_is_refused(void **state)
{
    (void)state;
    static const struct tm_head cases[] = {
        { .name = "a", .size = "-0000000001" },
        { .name = "a", .size = "0000000x010" },
        { .name = "a", .size = "00000000018" },
        { .name = "a", .patch = { { 124, "\x80\0\0\0\x7f\xff\xff\xff\xff\xff\xff\xff", 12 } } },
        { .name = "a", .patch = { { 124, "\x80\0\0\1\0\0\0\0\0\0\0\0", 12 } } },
        { .name = "a",
          .patch = { { 124, "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", 12 } } },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct pl_buf b = { 0 };
        struct seen s;
        seen_init(&s);
        s.with_parts = false;
        TM_ADD(&b, .name = "before");
        tm_add(&b, &cases[i]);
        reads_as(&s, &b, PL_E_FORMAT, "f before 0\n");
        assert_string_equal(s.err.msg, "tar: entry at offset 512: impossible size");
        pl_buf_release(&s.b);
        pl_buf_release(&b);
    }
    static const char types[] = "xgLK";
    for (size_t i = 0; i < 4; i++) {
        struct pl_buf b = { 0 };
        TM_ADD(&b, .name = "a", .type = types[i], .size = "\x80");
        ((char *)b.p)[0] = 'a';
        struct seen s;
        seen_init(&s);
        s.with_parts = false;
        b.n = 0;
        TM_ADD(&b, .name = "pax_global_header", .type = types[i], .size = "-1");
        reads_as(&s, &b, PL_E_FORMAT, "");
        assert_string_equal(s.err.msg, "tar: impossible size at offset 0");
        pl_buf_release(&s.b);
        pl_buf_release(&b);
    }
}

static void a_size_beyond_the_stream_is_a_cut(void **state)
{
    (void)state;
    struct pl_buf b = { 0 };
    TM_ADD(&b, .name = "a", .body = "hello", .size = "00001000000");
    fails(&b, "f a 262144 #512\n", PL_E_FORMAT, "tar: cut at offset 1024 in the body of entry 0");
}

static void a_cut_at_any_byte_is_an_error_or_has_no_end(void **state)
{
    (void)state;
    struct pl_buf b = { 0 };
    TM_PAX(&b, 'x', "comment", "c");
    TM_ADD(&b, .name = "a", .body = "hello");
    TM_ADD(&b, .name = "long", .type = 'L', .layout = TM_GNU, .body = "longer", .body_n = 7);
    TM_ADD(&b, .name = "b", .layout = TM_GNU, .type = 'S', .body = "x",
           .patch = { { 386,
                        "00000000000\0"
                        "00000000001\0",
                        24 },
                      { 483, "00000000001", 12 } });
    size_t entries_end = b.n;
    tm_end(&b);
    for (size_t n = 0; n <= b.n; n++) {
        struct seen s;
        struct pieces p;
        seen_init(&s);
        pieces_init(&p, b.p, n, 512);
        read_view(&s, &p.v);
        bool noted = s.b.n && pl_str_find(pl_buf_str(&s.b), PL_S("tar-no-end"), 0) != SIZE_MAX;
        bool whole = n >= entries_end + 1024;
        bool between = n == 0 || n == 1024 || n == 2048 || n == 3072 || n == entries_end ||
                       n >= entries_end + 512;
        if (s.rc == 0)
            assert_true(whole ? !noted : noted && between);
        else
            assert_int_equal(s.rc, PL_E_FORMAT);
        pieces_release(&p);
        /* and a stream that breaks there is never a good end */
        pieces_init(&p, b.p, b.n, 512);
        p.break_at = n;
        read_view(&s, &p.v);
        assert_true(whole || s.rc == PL_E_IO);
        pieces_release(&p);
        pl_buf_release(&s.b);
    }
    pl_buf_release(&b);
}

static void one_zero_block_or_none_is_an_end_with_a_note(void **state)
{
    (void)state;
    struct seen s;
    struct pl_buf b = { 0 };
    seen_init(&s);
    TM_ADD(&b, .name = "a");
    reads_as(&s, &b, 0, "f a 0\nnote tar-no-end \n");
    assert_int_equal(s.off, 512);
    tm_end(&b);
    b.n -= 512;
    reads_as(&s, &b, 0, "f a 0\nnote tar-no-end \n");
    assert_int_equal(s.off, 1024);
    TM_ADD(&b, .name = "behind");
    reads_as(&s, &b, 0, "f a 0\nnote tar-no-end \n");
    assert_int_equal(s.off, 1024);
    b.n = 0;
    reads_as(&s, &b, 0, "note tar-no-end \n");
    pl_buf_release(&s.b);
    pl_buf_release(&b);
}

static void the_rest_behind_the_end_mark_is_left_to_the_caller(void **state)
{
    (void)state;
    struct seen s;
    struct pl_buf b = { 0 };
    seen_init(&s);
    TM_ADD(&b, .name = "a");
    tm_end(&b);
    pl_buf_puts(&b, "trailer");
    reads_as(&s, &b, 0, "f a 0\n");
    assert_int_equal(s.off, 1536);
    assert_int_equal(s.count, 1);
    pl_buf_release(&s.b);
    pl_buf_release(&b);
}

static void noise_is_no_header(void **state)
{
    (void)state;
    struct pl_buf b = { 0 };
    TM_ADD(&b, .name = "a");
    TM_ADD(&b, .name = "b", .wrong_sum = true);
    fails(&b, "f a 0\n", PL_E_FORMAT, "tar: no header at offset 512");
    for (int i = 0; i < 1000; i++)
        pl_buf_putc(&b, (char)(i * 7 + 1));
    fails(&b, "", PL_E_FORMAT, "tar: no header at offset 0");
    TM_ADD(&b, .name = "a");
    memset(b.p + 148, 0, 8); /* no checksum at all */
    fails(&b, "", PL_E_FORMAT, "tar: no header at offset 0");
}

static void a_checksum_of_signed_bytes_is_right_too(void **state)
{
    (void)state;
    struct pl_buf b = { 0 };
    TM_ADD(&b, .name = "\xc3\xa4\xc3\xb6", .signed_sum = true, .body = "x");
    gives(&b, "note tar-signed-sum \xc3\xa4\xc3\xb6\nf \xc3\xa4\xc3\xb6 1 'x'\n");
}

static void paths_are_normal(void **state)
{
    (void)state;
    static const struct {
        const char *in, *out;
    } cases[] = {
        { "a", "a" },
        { "./a", "a" },
        { "/a/b", "a/b" },
        { "././a", "a" },
        { "a//b", "a/b" },
        { "a/./b", "a/b" },
        { "a/b/", "a/b" },
        { "a/b//", "a/b" },
        { ".", "" },
        { "./", "" },
        { "/", "" },
        { "//a", "a" },
        { ".a/.b", ".a/.b" },
        { "a/.", "a" },
        { "./.wh.x", ".wh.x" },
        { "..a/b..", "..a/b.." },
        { "", "" },
        { ".//a", "a" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct pl_buf b = { 0 };
        char want[64];
        TM_ADD(&b, .name = cases[i].in);
        snprintf(want, sizeof want, "f %s 0\n", cases[i].out);
        gives(&b, want);
    }
}

static void a_path_that_leads_up_is_kept_and_marked(void **state)
{
    (void)state;
    struct pl_buf b = { 0 };
    TM_ADD(&b, .name = "../a");
    TM_ADD(&b, .name = "/a/../../b");
    TM_ADD(&b, .name = "a/..", .type = '5');
    gives(&b, "f ../a 0 flags=1\nf a/../../b 0 flags=1\nd a/.. 0 flags=1\n");
}

static void a_prefix_goes_before_the_name(void **state)
{
    (void)state;
    char name[101], prefix[156], want[600];
    memset(name, 'n', 100);
    memset(prefix, 'p', 155);
    name[100] = prefix[155] = '\0';
    struct pl_buf b = { 0 };
    TM_ADD(&b, .name = name, .prefix = prefix);
    TM_ADD(&b, .name = "n", .prefix = "/p/", .layout = TM_STAR);
    TM_ADD(&b, .name = "g", .prefix = NULL, .layout = TM_GNU);
    TM_ADD(&b, .name = "v", .layout = TM_V7);
    snprintf(want, sizeof want, "f %s/%s 0\nf p/n 0\nf g 0\nf v 0\n", prefix, name);
    gives(&b, want);
}

static void an_old_directory_ends_with_a_slash(void **state)
{
    (void)state;
    struct pl_buf b = { 0 };
    TM_ADD(&b, .name = "d/", .layout = TM_V7, .null_type = true);
    TM_ADD(&b, .name = "f", .layout = TM_V7, .null_type = true, .body = "x");
    TM_ADD(&b, .name = "odd/", .body = "y");
    TM_ADD(&b, .name = "full/", .null_type = true, .body = "body of a directory");
    gives(&b, "d d 0\nf f 1 'x'\nf odd 1 'y'\nd full 19 'body of a directory'\n");
}

static void links_and_directories_may_have_a_body(void **state)
{
    (void)state;
    struct pl_buf b = { 0 };
    TM_ADD(&b, .name = "h", .type = '1', .link = "t", .body = "linked content");
    TM_ADD(&b, .name = "d/", .type = '5', .body = "in a directory");
    TM_ADD(&b, .name = "s", .type = '2', .link = "t", .body = "in a link");
    gives(&b, "h h -> t 14 'linked content'\nd d 14 'in a directory'\nl s -> t 9 'in a link'\n");
}

static void a_size_without_a_body_is_noted(void **state)
{
    (void)state;
    struct pl_buf b = { 0 };
    TM_ADD(&b, .name = "h", .type = '1', .link = "t", .size = "00000001234");
    TM_ADD(&b, .name = "f", .body = "x");
    TM_ADD(&b, .name = "d", .type = '5', .size = "00000010000");
    gives(&b, "note tar-size h\nh h -> t 0\nf f 1 'x'\nnote tar-size d\nd d 0\n");
}

static void equal_paths_are_all_given(void **state)
{
    (void)state;
    struct pl_buf b = { 0 };
    TM_ADD(&b, .name = "a", .body = "one");
    TM_ADD(&b, .name = "./a", .body = "two");
    gives(&b, "f a 3 'one'\nf a 3 'two'\n");
}

static void bodies_need_not_be_read(void **state)
{
    (void)state;
    struct pl_buf b = { 0 };
    struct seen s;
    static char big[200001];
    memset(big, 'x', 200000);
    TM_ADD(&b, .name = "a", .body = big);
    TM_ADD(&b, .name = "b", .body = big);
    tm_end(&b);
    seen_init(&s);
    s.unread = true;
    reads_as(&s, &b, 0, "f a 200000\nf b 200000\n");
    pl_buf_release(&s.b);
    pl_buf_release(&b);
}

static void nothing_beyond_a_header_is_asked_for(void **state)
{
    (void)state;
    struct pl_buf b = { 0 };
    struct pieces p;
    struct pl_limits l;
    struct pl_entry e;
    pl_limits_init(&l);
    TM_ADD(&b, .name = "a", .body = "0123456789");
    pieces_init(&p, b.p, b.n, 1);
    p.break_at = 512;
    struct pl_tar *t = pl_tar_new(&p.v, &(struct pl_tar_opts){ .limits = &l });
    assert_int_equal(pl_tar_next(t, &e, NULL), 1);
    assert_int_equal(e.size, 10);
    assert_int_equal(pl_tar_next(t, &e, NULL), PL_E_IO);
    pl_tar_free(t);
    pieces_release(&p);
    pl_buf_release(&b);
}

static void a_body_may_be_read_in_part(void **state)
{
    (void)state;
    struct pl_buf b = { 0 };
    struct pieces p;
    struct pl_limits l;
    pl_limits_init(&l);
    TM_ADD(&b, .name = "a", .body = "0123456789");
    TM_ADD(&b, .name = "b", .body = "next");
    tm_end(&b);
    pieces_init(&p, b.p, b.n, 1);
    struct pl_tar *t = pl_tar_new(&p.v, &(struct pl_tar_opts){ .limits = &l });
    struct pl_entry e;
    assert_int_equal(pl_tar_next(t, &e, NULL), 1);
    assert_int_equal(pl_view_ahead(e.body, 4, NULL), 0);
    pl_view_consume(e.body, 4);
    assert_int_equal(pl_tar_next(t, &e, NULL), 1);
    assert_true(pl_str_is(e.path, "b"));
    assert_int_equal(e.at, 1536);
    assert_int_equal(pl_view_ahead(e.body, 4, NULL), 0);
    assert_memory_equal(e.body->p, "next", 4);
    assert_int_equal(pl_tar_next(t, &e, NULL), 0);
    pl_tar_free(t);
    pl_tar_free(NULL);
    pieces_release(&p);
    pl_buf_release(&b);
}

static void gnu_long_names_replace_short_ones(void **state)
{
    (void)state;
    struct pl_buf b = { 0 };
    char name[301], link[401], want[1200];
    memset(name, 'n', 300);
    memset(link, 'l', 400);
    memcpy(name, "d/", 2);
    name[300] = link[400] = '\0';
    TM_ADD(&b, .name = "././@LongLink", .type = 'L', .layout = TM_GNU, .body = name, .body_n = 301);
    TM_ADD(&b, .name = "././@LongLink", .type = 'K', .layout = TM_GNU, .body = link, .body_n = 401);
    char head[101], lhead[101];
    snprintf(head, sizeof head, "%.100s", name);
    snprintf(lhead, sizeof lhead, "%.100s", link);
    TM_ADD(&b, .name = head, .type = '2', .link = lhead, .layout = TM_GNU);
    TM_ADD(&b, .name = "after");
    snprintf(want, sizeof want, "l %s -> %s 0\nf after 0\n", name, link);
    gives(&b, want);
}

static void bytes_behind_a_long_name_are_offered(void **state)
{
    (void)state;
    struct pl_buf b = { 0 };
    TM_ADD(&b, .name = "././@LongLink", .type = 'L', .layout = TM_GNU, .body = "first\0one",
           .body_n = 9);
    TM_ADD(&b, .name = "././@LongLink", .type = 'L', .layout = TM_GNU, .body = "name\0\0\0more",
           .body_n = 11);
    TM_ADD(&b, .name = "././@LongLink", .type = 'K', .layout = TM_GNU, .body = "unused link",
           .body_n = 12);
    TM_ADD(&b, .name = "other", .layout = TM_GNU);
    gives(&b, "name name [] @3072 other\nname name [] @2560 unused link\n"
              "name name [] @518 one\nname name [] @512 first\nname name [] @1543 more\n"
              "f name 0\n");
}

static void a_name_above_the_limit_is_cut_and_offered_whole(void **state)
{
    (void)state;
    struct pl_buf b = { 0 };
    struct seen s;
    seen_init(&s);
    s.l.path = 8;
    TM_ADD(&b, .name = "././@LongLink", .type = 'K', .body = "0123456789ab", .body_n = 13);
    TM_PAX(&b, 'x', "path", "abcdefghijkl");
    TM_ADD(&b, .name = "abcd", .type = '2', .link = "0123");
    tm_end(&b);
    reads_as(&s, &b, 0,
             "note tar-limit:path abcdefgh\nname abcdefgh [] @2048 abcdefghijkl\n"
             "note tar-limit:path abcdefgh\nname abcdefgh [] @2048 0123456789ab\n"
             "pax abcdefgh [path] @1544 abcdefghijkl\n"
             "l abcdefgh -> 01234567 0\n");
    pl_buf_release(&s.b);
    pl_buf_release(&b);
}

static void a_very_long_path_is_marked(void **state)
{
    (void)state;
    struct pl_buf b = { 0 };
    struct seen s;
    static char path[5001];
    memset(path, 'a', 5000);
    seen_init(&s);
    s.with_parts = false;
    TM_PAX(&b, 'x', "path", path);
    TM_ADD(&b, .name = "a");
    tm_end(&b);
    struct pl_view v;
    pl_view_mem_init(&v, b.p, b.n);
    read_view(&s, &v);
    assert_int_equal(s.b.n, 2 + 5000 + 2 + 9);
    assert_true(pl_str_ends(pl_buf_str(&s.b), PL_S("a 0 flags=2\n")) || s.b.n == 0);
    pl_buf_release(&s.b);
    pl_buf_release(&b);
}

static void pax_values_replace_those_of_the_header(void **state)
{
    (void)state;
    struct pl_buf b = { 0 };
    struct seen s;
    seen_init(&s);
    s.with_meta = true;
    TM_PAX(&b, 'x', "path", "real/./name", "size", "3", "uid", "70000", "gid", "4294967295",
           "mtime", "12.5", "atime", "1.5", "SCHILY.ino", "7");
    TM_ADD(&b, .name = "real/", .body = "abc");
    TM_PAX(&b, 'x', "mtime", "-1.25", "linkpath", "to here");
    TM_ADD(&b, .name = "s", .type = '2', .link = "to");
    TM_ADD(&b, .name = "plain");
    tm_end(&b);
    reads_as(&s, &b, 0,
             "f real/name 3 'abc' 644 70000 4294967295 12500000000 @1536 0\n"
             "l s -> to here 0 644 1000 100 -1250000000 @3584 1\n"
             "f plain 0 644 1000 100 100000000000 @4096 2\n");
    pl_buf_release(&s.b);
    pl_buf_release(&b);
}

static void pax_numbers_that_are_none_are_noted(void **state)
{
    (void)state;
    static const char *const bad[][2] = {
        { "uid", "x" },     { "gid", "4294967296" },          { "mtime", "1.2.3" },
        { "mtime", "-" },   { "mtime", "99999999999999999" }, { "mtime", "9223372036.9" },
        { "mtime", "1,5" },
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct pl_buf b = { 0 };
        struct seen s;
        seen_init(&s);
        s.with_parts = false;
        TM_PAX(&b, 'x', bad[i][0], bad[i][1]);
        TM_ADD(&b, .name = "a");
        tm_end(&b);
        reads_as(&s, &b, 0, "note tar-number a\nf a 0\n");
        pl_buf_release(&s.b);
        pl_buf_release(&b);
    }
}

static void a_pax_size_that_is_none_is_refused(void **state)
{
    (void)state;
    static const char *const bad[] = { "-1", "1.5", "9223372036854775807", "18446744073709551616",
                                       "x" };
    for (size_t i = 0; i < 5; i++) {
        struct pl_buf b = { 0 };
        struct seen s;
        seen_init(&s);
        s.with_parts = false;
        TM_PAX(&b, 'x', "size", bad[i]);
        TM_ADD(&b, .name = "a");
        reads_as(&s, &b, PL_E_FORMAT, i == 2 ? &"note tar-size a\n"[16] : "");
        assert_string_equal(s.err.msg, "tar: entry at offset 1024: impossible size");
        pl_buf_release(&s.b);
        pl_buf_release(&b);
    }
    struct pl_buf b = { 0 };
    TM_PAX(&b, 'g', "size", "-1");
    fails(&b, "", PL_E_FORMAT, "tar: impossible size in the header at offset 512");
}

static void two_sizes_are_noted_and_the_record_counts(void **state)
{
    (void)state;
    struct pl_buf b = { 0 };
    TM_PAX(&b, 'x', "size", "600");
    char body[600];
    memset(body, 'x', 600);
    TM_ADD(&b, .name = "a", .body = body, .body_n = 600, .size = "0");
    TM_ADD(&b, .name = "b");
    gives(&b, "note tar-size a\nf a 600 #600\nf b 0\n");
}

static void an_empty_pax_value_takes_back(void **state)
{
    (void)state;
    struct pl_buf b = { 0 };
    TM_PAX(&b, 'x', "path", "replaced", "path", "");
    TM_ADD(&b, .name = "header");
    gives(&b, "pax header [path] @520 replaced\nf header 0\n");
}

static void the_last_of_two_records_counts_and_the_other_is_offered(void **state)
{
    (void)state;
    struct pl_buf b = { 0 };
    TM_PAX(&b, 'x', "path", "one", "path", "two");
    TM_PAX(&b, 'x', "linkpath", "nowhere", "path", "three");
    TM_ADD(&b, .name = "header", .body = "x");
    gives(&b, "name three [] @2048 header\npax three [path] @520 one\npax three [path] @532 two\n"
              "pax three [linkpath] @1548 nowhere\nf three 1 'x'\n");
}

static void a_gnu_long_name_counts_more_than_a_record(void **state)
{
    (void)state;
    struct pl_buf b = { 0 };
    TM_ADD(&b, .name = "././@LongLink", .type = 'L', .layout = TM_GNU, .body = "by-gnu",
           .body_n = 7);
    TM_PAX(&b, 'x', "path", "by-pax");
    TM_ADD(&b, .name = "by-");
    gives(&b, "pax by-gnu [path] @1544 by-pax\nf by-gnu 0\n");
}

static void comments_and_unknown_keys_are_offered(void **state)
{
    (void)state;
    struct pl_buf b = { 0 };
    TM_PAX(&b, 'x', "comment", "12345", "ACME.key", "a value", "hdrcharset", "BINARY", "mtime", "7",
           "atime", "1.5 and a word", "charset", "x=y");
    TM_ADD(&b, .name = "a");
    gives(&b, "pax a [comment] @523 12345\npax a [ACME.key] @541 a value\n"
              "pax a [atime] @590 1.5 and a word\npax a [charset] @616 x=y\nf a 0\n");
}

static void attributes_are_offered_decoded(void **state)
{
    (void)state;
    struct pl_buf b = { 0 };
    TM_PAX(&b, 'x', "SCHILY.xattr.user.note", "plain", "LIBARCHIVE.xattr.user.b64",
           "c2VjcmV0IQ==", "LIBARCHIVE.xattr.user.bad", "not/base64!", "LIBARCHIVE.xattr.user.plus",
           "+/+/");
    TM_ADD(&b, .name = "a");
    gives(&b, "xattr a [user.note] @538 plain\nxattr a [user.b64] @573 secret!\n"
              "pax a [LIBARCHIVE.xattr.user.bad] @615 not/base64!\n"
              "xattr a [user.plus] @657 \xfb\xff\xbf\nf a 0\n");
}

static void overlay_attributes_are_marked(void **state)
{
    (void)state;
    struct pl_buf b = { 0 };
    struct seen s;
    seen_init(&s);
    s.with_parts = false;
    TM_PAX(&b, 'x', "SCHILY.xattr.trusted.overlay.opaque", "y");
    TM_ADD(&b, .name = "d/", .type = '5');
    TM_PAX(&b, 'x', "SCHILY.xattr.user.overlay.whiteout", "y");
    TM_ADD(&b, .name = "f");
    TM_ADD(&b, .name = "g");
    tm_end(&b);
    reads_as(&s, &b, 0, "d d 0 flags=16\nf f 0 flags=16\nf g 0\n");
    pl_buf_release(&s.b);
    pl_buf_release(&b);
}

static void damaged_records_are_offered_raw_and_noted(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "99 path=x\n", "x path=x\n", "9 path=xyz\n", "10 path=xx", "8 noeqx\n",           "5 =x\n",
        "0 a=b\n",     "3 \n",       " 6 a=b\n",     "-6 a=b\n",   "1000000000000 a=b\n", "6",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct pl_buf b = { 0 }, body = { 0 };
        char want[200];
        tm_record(&body, "comment", "good");
        pl_buf_puts(&body, bad[i]);
        TM_ADD(&b, .name = "././@PaxHeader", .type = 'x', .body = body.p, .body_n = body.n);
        TM_ADD(&b, .name = "a");
        snprintf(want, sizeof want,
                 "pax a [comment] @523 good\nnote tar-pax-damaged a\npax a [] @528 %s\nf a 0\n",
                 bad[i]);
        gives(&b, want);
        pl_buf_release(&body);
    }
}

static void global_values_hold_for_later_entries(void **state)
{
    (void)state;
    struct pl_buf b = { 0 };
    struct seen s;
    seen_init(&s);
    s.with_meta = true;
    TM_PAX(&b, 'g', "uid", "7", "mtime", "5", "comment", "of all");
    TM_ADD(&b, .name = "a");
    TM_PAX(&b, 'x', "uid", "8", "mtime", "");
    TM_ADD(&b, .name = "b");
    TM_PAX(&b, 'g', "uid", "", "gid", "9");
    TM_ADD(&b, .name = "c");
    tm_end(&b);
    reads_as(&s, &b, 0,
             "pax  [comment] @542 of all\n"
             "f a 0 644 7 100 5000000000 @1536 0\n"
             "f b 0 644 8 100 100000000000 @3072 1\n"
             "f c 0 644 1000 9 5000000000 @4608 2\n");
    pl_buf_release(&s.b);
    pl_buf_release(&b);
}

static void a_global_path_or_size_is_noted(void **state)
{
    (void)state;
    struct pl_buf b = { 0 };
    TM_PAX(&b, 'g', "path", "everywhere", "linkpath", "somewhere");
    TM_PAX(&b, 'g', "path", "", "uid", "1");
    TM_ADD(&b, .name = "a", .type = '2', .link = "some");
    TM_PAX(&b, 'g', "linkpath", "elsewhere", "size", "0");
    TM_ADD(&b, .name = "a", .type = '2', .link = "else");
    gives(&b, "note tar-global \npax  [path] @520 everywhere\npax  [linkpath] @543 somewhere\n"
              "note tar-global \nl a -> somewhere 0\n"
              "note tar-global \npax  [linkpath] @3084 elsewhere\nl a -> elsewhere 0\n");
}

static void an_extension_without_an_entry_is_offered_and_noted(void **state)
{
    (void)state;
    struct pl_buf b = { 0 };
    TM_PAX(&b, 'x', "comment", "left alone", "path", "p");
    gives(&b, "note tar-dangling-header \npax  [comment] @523 left alone\npax  [path] @541 p\n");
}

static void extended_headers_are_bounded(void **state)
{
    (void)state;
    struct pl_buf b = { 0 };
    struct seen s;
    seen_init(&s);
    s.l.pax = 2000;
    TM_PAX(&b, 'x', "comment", "1");
    TM_PAX(&b, 'x', "comment", "2");
    TM_PAX(&b, 'x', "comment", "3");
    size_t at = b.n;
    TM_PAX(&b, 'g', "comment", "4");
    TM_ADD(&b, .name = "a");
    reads_as(&s, &b, PL_E_LIMIT, "");
    assert_int_equal(s.off, at);
    assert_string_equal(s.err.msg,
                        "tar: extended headers above 2000 bytes at offset 3072 (limit pax)");
    pl_buf_release(&s.b);
    pl_buf_release(&b);
    TM_ADD(&b, .name = "a", .type = 'L', .size = "77777777777");
    fails(&b, "", PL_E_LIMIT, "tar: extended headers above 1048576 bytes at offset 0 (limit pax)");
}

static void entries_are_counted_against_the_limit(void **state)
{
    (void)state;
    struct pl_buf b = { 0 };
    struct seen s;
    seen_init(&s);
    s.l.entries = 2;
    for (int i = 0; i < 3; i++)
        TM_ADD(&b, .name = "a");
    reads_as(&s, &b, PL_E_LIMIT, "f a 0\nf a 0\n");
    assert_string_equal(s.err.msg, "tar: more than 2 entries (limit entries)");
    assert_int_equal(s.count, 2);
    pl_buf_release(&s.b);
    pl_buf_release(&b);
}

static void owners_are_offered_when_they_change(void **state)
{
    (void)state;
    struct pl_buf b = { 0 };
    TM_ADD(&b, .name = "a", .uname = "root", .gname = "wheel");
    TM_ADD(&b, .name = "b", .uname = "root", .gname = "wheel");
    TM_PAX(&b, 'x', "uname", "someone", "gname", "wheel");
    TM_ADD(&b, .name = "c", .uname = "root", .gname = "wheel");
    gives(&b, "owner a [uname] @265 root\nowner a [gname] @297 wheel\nf a 0\nf b 0\n"
              "owner c [uname] @1545 someone\nf c 0\n");
}

static void unused_header_bytes_are_offered(void **state)
{
    (void)state;
    struct pl_buf b = { 0 };
    TM_ADD(&b, .name = "a", .patch = { { 2, "after name", 10 }, { 500, "tail", 4 } });
    TM_ADD(&b, .name = "b", .link = "no link", .uname = "u", .prefix = "p",
           .patch = { { 270, "U", 1 }, { 347, "P", 1 }, { 329, "device", 6 } });
    TM_ADD(&b, .name = "c", .layout = TM_V7, .patch = { { 300, "old", 3 } });
    TM_ADD(
        &b, .name = "d", .layout = TM_GNU,
        .patch = { { 382, "names", 4 }, { 400, "map", 3 }, { 500, "end", 3 }, { 350, "time", 4 } });
    TM_ADD(&b, .name = "e", .layout = TM_STAR,
           .patch = { { 400, "S", 1 }, { 477, "T", 1 }, { 502, "Q", 1 } });
    TM_ADD(&b, .name = "f", .type = '1', .link = "l",
           .patch = { { 160, "L", 1 }, { 303, "G", 1 } });
    gives(&b, "unused a [] @2 after name\nunused a [] @500 tail\nf a 0\n"
              "unused p/b [] @669 no link\nunused p/b [] @782 U\nunused p/b [] @841 device\n"
              "unused p/b [] @859 P\nowner p/b [uname] @777 u\nf p/b 0\n"
              "unused c [] @1324 old\nf c 0\n"
              "unused d [] @1886 #153\nf d 0\n" /* text in GNU's fields: in one piece */
              "unused e [] @2448 S\nunused e [] @2525 T\nunused e [] @2550 Q\nf e 0\n"
              "unused f [] @2720 L\nunused f [] @2863 G\nh f -> l 0\n");
}

static void unused_bytes_of_extension_headers_are_offered_with_the_entry(void **state)
{
    (void)state;
    struct pl_buf b = { 0 };
    TM_ADD(&b, .name = "d/PaxHeaders.7/a", .type = 'x', .body = "13 comment=x\n",
           .patch = { { 501, "in x", 4 } });
    memcpy(b.p + 1020, "pad", 3);
    TM_ADD(&b, .name = "d/a");
    TM_ADD(&b, .name = "secret/PaxHeaders/b", .type = 'x', .uname = "who",
           .body = "13 comment=x\n");
    TM_ADD(&b, .name = "d/b", .uname = "who");
    TM_ADD(&b, .name = "PaxHeaders-secret/c", .type = 'x', .body = "13 comment=x\n");
    TM_ADD(&b, .name = "PaxHeader/d", .prefix = "pre", .type = 'x', .body = "13 comment=x\n");
    TM_ADD(&b, .name = "c");
    gives(&b, "unused d/a [] @501 in x\npadding d/a [] @1020 pad\n"
              "pax d/a [comment] @523 x\nf d/a 0\n"
              "owner d/b [uname] @1801 who\nname d/b [] @1536 secret/PaxHeaders/b\n"
              "pax d/b [comment] @2059 x\nf d/b 0\nname c [] @3072 PaxHeaders-secret/c\n"
              "name c [] @4096 pre/PaxHeader/d\npax c [comment] @3595 x\n"
              "pax c [comment] @4619 x\nf c 0\n");
}

static void padding_is_offered(void **state)
{
    (void)state;
    struct pl_buf b = { 0 };
    TM_ADD(&b, .name = "a", .body = "hello");
    memcpy(b.p + 1000, "in the padding", 14);
    TM_ADD(&b, .name = "b");
    gives(&b, "f a 5 'hello'\npadding a [] @1000 in the padding\nf b 0\n");
}

static void a_cut_padding_is_an_error(void **state)
{
    (void)state;
    struct pl_buf b = { 0 };
    TM_ADD(&b, .name = "a", .body = "hello", .no_pad = true);
    fails(&b, "f a 5 'hello'\n", PL_E_FORMAT, "tar: cut at offset 517");
}

/* "offset" and "length" fields of an old sparse map. */
static void put_pair(char *at, uint64_t off, uint64_t n)
{
    snprintf(at, 12, "%011" PRIo64, off);
    snprintf(at + 12, 12, "%011" PRIo64, n);
}

static void old_gnu_sparse_files_are_expanded(void **state)
{
    (void)state;
    struct pl_buf b = { 0 };
    char map[97] = { 0 };
    put_pair(map, 2, 3);
    put_pair(map + 24, 10, 2);
    put_pair(map + 48, 14, 0);
    TM_ADD(&b, .name = "s", .type = 'S', .layout = TM_GNU, .body = "abcde",
           .patch = { { 386, map, 96 }, { 483, "00000000016", 11 } });
    TM_ADD(&b, .name = "next");
    gives(&b, "f s 14 #14 flags=4\nf next 0\n");
}

/* The first entry's logical content must be `want`. */
static void expands_to(struct pl_buf *b, const char *path, const char *want, size_t n)
{
    tm_end(b);
    for (size_t step = 1; step < 5000; step *= 70) {
        struct pl_limits l;
        struct pieces p;
        struct pl_entry e;
        struct pl_buf body = { 0 };
        struct pl_err err = { 0 };
        pl_limits_init(&l);
        pieces_init(&p, b->p, b->n, step);
        struct pl_tar *t = pl_tar_new(&p.v, &(struct pl_tar_opts){ .limits = &l });
        if (pl_tar_next(t, &e, &err) != 1)
            fail_msg("%s", err.msg);
        assert_true(pl_str_is(e.path, path));
        assert_int_equal(e.flags, PL_ENTRY_SPARSE);
        assert_int_equal(e.size, n);
        assert_true(n == 0 || pl_view_slurp(e.body, &body, n, NULL) == 0);
        assert_int_equal(body.n, n);
        assert_true(n == 0 || memcmp(body.p, want, n) == 0);
        assert_int_equal(pl_tar_next(t, &e, &err), 0);
        pl_buf_release(&body);
        pl_tar_free(t);
        pieces_release(&p);
    }
    pl_buf_release(b);
}

static void an_old_map_goes_on_in_further_blocks(void **state)
{
    (void)state;
    struct pl_buf b = { 0 };
    char map[97] = { 0 }, want[200] = { 0 }, body[60];
    char more[2][512] = { { 0 } };
    for (size_t i = 0; i < 30; i++) {
        char *at = i < 4 ? map + 24 * i : i < 25 ? more[0] + 24 * (i - 4) : more[1] + 24 * (i - 25);
        put_pair(at, i * 5 + 1, 2);
        body[2 * i] = want[i * 5 + 1] = (char)('a' + i % 26);
        body[2 * i + 1] = want[i * 5 + 2] = '-';
    }
    more[0][504] = 1;
    TM_ADD(&b, .name = "s", .type = 'S', .layout = TM_GNU, .size = "00000000074",
           .patch = { { 386, map, 96 }, { 482, "\1", 1 }, { 483, "00000000244", 11 } });
    pl_buf_putn(&b, more, 1024);
    pl_buf_putn(&b, body, 60);
    static const char zero[512];
    pl_buf_putn(&b, zero, 512 - 60);
    expands_to(&b, "s", want, 164);
}

static void bytes_of_a_map_behind_its_end_are_offered(void **state)
{
    (void)state;
    struct pl_buf b = { 0 };
    char map[97] = { 0 }, more[512] = { 0 };
    put_pair(map, 0, 1);
    memcpy(map + 50, "in the map", 10);
    memcpy(more + 100, "in the block", 12);
    memcpy(more + 505, "tail", 4);
    TM_ADD(&b, .name = "s", .type = 'S', .layout = TM_GNU, .size = "1",
           .patch = { { 386, map, 96 }, { 482, "\1", 1 }, { 483, "00000000001", 11 } });
    pl_buf_putn(&b, more, 512);
    pl_buf_putc(&b, 'x');
    static const char zero[511];
    pl_buf_putn(&b, zero, 511);
    struct seen s;
    seen_init(&s);
    s.unread = true;
    tm_end(&b);
    struct pl_view v;
    pl_view_mem_init(&v, b.p, b.n);
    read_view(&s, &v);
    assert_int_equal(s.rc, 0);
    assert_true(pl_str_starts(pl_buf_str(&s.b),
                              PL_S("unused s [] @436 in the map\nunused s [] @612 in the block\n"
                                   "unused s [] @1017 tail")));
    pl_buf_release(&s.b);
    pl_buf_release(&b);
}

static void pax_sparse_files_are_expanded(void **state)
{
    (void)state;
    struct pl_buf b = { 0 };
    static const char want[] = "\0\0abc\0\0\0\0\0de\0\0";
    TM_PAX(&b, 'x', "GNU.sparse.size", "14", "GNU.sparse.numblocks", "2", "GNU.sparse.offset", "2",
           "GNU.sparse.numbytes", "3", "GNU.sparse.offset", "10", "GNU.sparse.numbytes", "2");
    TM_ADD(&b, .name = "v00", .body = "abcde");
    expands_to(&b, "v00", want, 14);

    TM_PAX(&b, 'x', "GNU.sparse.size", "14", "GNU.sparse.numblocks", "2", "GNU.sparse.map",
           "2,3,10,2", "GNU.sparse.name", "dir/v01");
    TM_ADD(&b, .name = "dir/GNUSparseFile.12/v01", .body = "abcde");
    expands_to(&b, "dir/v01", want, 14);

    char body[517] = "2\n2\n3\n10\n2\n";
    memcpy(body + 512, "abcde", 5);
    TM_PAX(&b, 'x', "GNU.sparse.major", "1", "GNU.sparse.minor", "0", "GNU.sparse.realsize", "14",
           "GNU.sparse.name", "dir/v10");
    TM_ADD(&b, .name = "GNUSparseFile.0/v10", .body = body, .body_n = 517);
    expands_to(&b, "dir/v10", want, 14);

    TM_PAX(&b, 'x', "GNU.sparse.major", "0", "GNU.sparse.minor", "1", "GNU.sparse.size", "3",
           "GNU.sparse.map", "3,0");
    TM_ADD(&b, .name = "hole");
    expands_to(&b, "hole", "\0\0\0", 3);

    TM_PAX(&b, 'x', "GNU.sparse.size", "0", "GNU.sparse.map", "0,0");
    TM_ADD(&b, .name = "nothing");
    expands_to(&b, "nothing", "", 0);
}

static void names_beside_the_sparse_name_are_offered(void **state)
{
    (void)state;
    struct pl_buf b = { 0 };
    TM_ADD(&b, .name = "././@LongLink", .type = 'L', .layout = TM_GNU, .body = "by-gnu",
           .body_n = 7);
    TM_PAX(&b, 'x', "GNU.sparse.map", "0,1", "GNU.sparse.size", "1", "GNU.sparse.name", "dir/s");
    TM_ADD(&b, .name = "dir/GNUSparseFile-secret/s", .body = "x");
    gives(&b, "name dir/s [] @2048 dir/GNUSparseFile-secret/s\nname dir/s [] @512 by-gnu\n"
              "f dir/s 1 'x' flags=4\n");
}

static void padding_of_a_map_in_the_body_is_offered(void **state)
{
    (void)state;
    struct pl_buf b = { 0 };
    char body[513] = "1\n0\n1\n";
    memcpy(body + 500, "hidden", 6);
    body[512] = 'x';
    TM_PAX(&b, 'x', "GNU.sparse.major", "1", "GNU.sparse.minor", "0", "GNU.sparse.realsize", "1");
    TM_ADD(&b, .name = "s", .body = body, .body_n = 513);
    gives(&b, "padding s [] @2036 hidden\nf s 1 'x' flags=4\n");
}

static void an_unknown_sparse_format_is_shown_as_stored(void **state)
{
    (void)state;
    struct pl_buf b = { 0 };
    struct seen s;
    seen_init(&s);
    s.with_parts = false;
    TM_PAX(&b, 'x', "GNU.sparse.major", "2", "GNU.sparse.minor", "0");
    TM_ADD(&b, .name = "a", .body = "stored");
    TM_PAX(&b, 'x', "GNU.sparse.major", "one", "GNU.sparse.minor", "0");
    TM_ADD(&b, .name = "b", .body = "stored");
    TM_ADD(&b, .name = "c", .type = 'S', .body = "stored");
    TM_PAX(&b, 'x', "GNU.sparse.map", "0,1");
    TM_ADD(&b, .name = "d", .type = '5');
    tm_end(&b);
    reads_as(&s, &b, 0,
             "note tar-sparse-unknown a\nf a 6 'stored'\nnote tar-sparse-unknown b\n"
             "f b 6 'stored'\nnote tar-sparse-unknown c\nf c 6 'stored'\nd d 0\n");
    pl_buf_release(&s.b);
    pl_buf_release(&b);
}

static void maps_that_lie_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *map, *size, *message;
    } cases[] = {
        { "0,2,1,3", "10", "sparse map goes back or too far" },
        { "5,2,0,3", "10", "sparse map goes back or too far" },
        { "9223372036854775807,5", "10", "sparse map goes back or too far" },
        { "9223372036854775808,5", "10", "sparse map holds what is no number" },
        { "6,5", "10", "sparse map goes beyond the file" },
        { "0,4", "10", "sparse map of 4 bytes for a body of 5" },
        { "0,6", "10", "sparse map of 6 bytes for a body of 5" },
        { "0", "10", "sparse map holds what is no number" },
        { "a,b", "10", "sparse map holds what is no number" },
        { "0,-5", "10", "sparse map holds what is no number" },
        { "0,5,", "10", "sparse map holds what is no number" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct pl_buf b = { 0 };
        struct seen s;
        char want[200];
        seen_init(&s);
        s.with_parts = false;
        TM_PAX(&b, 'x', "GNU.sparse.size", cases[i].size, "GNU.sparse.map", cases[i].map);
        TM_ADD(&b, .name = "s", .body = "abcde");
        snprintf(want, sizeof want, "tar: entry at offset 1024: %s", cases[i].message);
        reads_as(&s, &b, PL_E_FORMAT, "");
        assert_string_equal(s.err.msg, want);
        pl_buf_release(&s.b);
        pl_buf_release(&b);
    }
}

static void pairs_out_of_order_are_refused(void **state)
{
    (void)state;
    struct pl_buf b = { 0 };
    TM_PAX(&b, 'x', "GNU.sparse.numbytes", "1", "GNU.sparse.offset", "1");
    TM_ADD(&b, .name = "s", .body = "a");
    fails(&b, "", PL_E_FORMAT, "tar: entry at offset 1024: sparse map is out of order");
    TM_PAX(&b, 'x', "GNU.sparse.offset", "1");
    TM_ADD(&b, .name = "s", .body = "a");
    fails(&b, "", PL_E_FORMAT, "tar: entry at offset 1024: sparse map is out of order");
    TM_PAX(&b, 'x', "GNU.sparse.offset", "0", "GNU.sparse.numbytes", "1", "GNU.sparse.offset", "0",
           "GNU.sparse.numbytes", "1");
    TM_ADD(&b, .name = "s", .body = "ab");
    fails(&b, "", PL_E_FORMAT, "tar: entry at offset 1024: sparse map goes back or too far");
}

static void old_maps_that_lie_are_refused(void **state)
{
    (void)state;
    struct pl_buf b = { 0 };
    TM_ADD(&b, .name = "s", .type = 'S', .layout = TM_GNU,
           .patch = { { 386, "0000000000x\00000000000001", 24 } });
    fails(&b, "", PL_E_FORMAT, "tar: entry at offset 0: sparse map holds what is no number");
    TM_ADD(&b, .name = "s", .type = 'S', .layout = TM_GNU, .patch = { { 483, "-1", 2 } });
    fails(&b, "", PL_E_FORMAT, "tar: entry at offset 0: impossible size");
    TM_ADD(&b, .name = "s", .type = 'S', .layout = TM_GNU, .patch = { { 482, "\1", 1 } });
    fails(&b, "", PL_E_FORMAT, "tar: entry at offset 0: cut at offset 512");
    TM_ADD(&b, .name = "s", .type = 'S', .layout = TM_GNU,
           .patch = { { 386,
                        "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"
                        "00000000001",
                        24 } });
    fails(&b, "", PL_E_FORMAT, "tar: entry at offset 0: sparse map goes back or too far");
}

static void maps_in_bodies_that_lie_are_refused(void **state)
{
    (void)state;
    static const char *const bad[][2] = {
        { "", "sparse map holds what is no number" },
        { "1\n0\n", "sparse map holds what is no number" },
        { "1\n0\n99999999999999999999\n", "sparse map holds what is no number" },
        { "9223372036854775807\n", "sparse map holds what is no number" },
        { "1\n0\n1\n", "sparse map is cut" },
        { "0\n", "sparse map is cut" },
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct pl_buf b = { 0 };
        char want[200];
        TM_PAX(&b, 'x', "GNU.sparse.major", "1", "GNU.sparse.minor", "0", "GNU.sparse.realsize",
               "9");
        TM_ADD(&b, .name = "s", .body = bad[i][0]);
        snprintf(want, sizeof want, "tar: entry at offset 1024: %s", bad[i][1]);
        fails(&b, "", PL_E_FORMAT, want);
    }
}

static void maps_are_bounded(void **state)
{
    (void)state;
    struct pl_buf b = { 0 };
    struct seen s;
    seen_init(&s);
    s.l.sparse = 8;
    TM_PAX(&b, 'x', "GNU.sparse.map", "0,1,2,1,4,1");
    TM_ADD(&b, .name = "s", .body = "abc");
    reads_as(&s, &b, PL_E_LIMIT, "");
    assert_non_null(strstr(s.err.msg, "sparse map above 8 bytes (limit sparse)"));
    b.n = 0;
    TM_PAX(&b, 'x', "GNU.sparse.major", "1", "GNU.sparse.minor", "0", "GNU.sparse.realsize", "9");
    TM_ADD(&b, .name = "s", .body = "3\n0\n1\n2\n1\n4\n1\n");
    reads_as(&s, &b, PL_E_LIMIT, "");
    b.n = 0;
    TM_ADD(&b, .name = "s", .type = 'S', .layout = TM_GNU, .patch = { { 482, "\1", 1 } });
    reads_as(&s, &b, PL_E_LIMIT, "");
    pl_buf_release(&s.b);
    pl_buf_release(&b);
}

static void holes_beyond_the_limit_are_left_out(void **state)
{
    (void)state;
    struct pl_buf b = { 0 };
    struct seen s;
    seen_init(&s);
    s.l.layer_out = 1 << 20;
    s.l.layer_ratio = 1;
    /* a first file uses most of what there is, a second one is too much, a third fits again */
    TM_PAX(&b, 'x', "GNU.sparse.size", "1000000", "GNU.sparse.map", "999999,1");
    TM_ADD(&b, .name = "a", .body = "x");
    TM_PAX(&b, 'x', "GNU.sparse.size", "4611686018427387904", "GNU.sparse.map",
           "5,1,1000000000000,2");
    TM_ADD(&b, .name = "b", .body = "xyz");
    TM_PAX(&b, 'x', "GNU.sparse.size", "9", "GNU.sparse.map", "0,3");
    TM_ADD(&b, .name = "c", .body = "xyz");
    TM_ADD(&b, .name = "d", .body = "still read");
    tm_end(&b);
    reads_as(
        &s, &b, 0,
        "f a 1000000 #1000000 flags=4\n"
        "f b 0 'xyz' !tar: sparse file of 4611686018427387904 bytes (limit layer-out) flags=4\n"
        "f c 9 #9 flags=4\nf d 10 'still read'\n");
    s.l.layer_ratio = UINT64_MAX;
    s.unread = true;
    reads_as(&s, &b, 0, "f a 1000000 flags=4\nf b 0 flags=4\nf c 9 flags=4\nf d 10\n");
    pl_buf_release(&s.b);
    pl_buf_release(&b);
}

static void a_sparse_file_that_is_cut_says_so(void **state)
{
    (void)state;
    struct pl_buf b = { 0 };
    struct seen s;
    seen_init(&s);
    TM_PAX(&b, 'x', "GNU.sparse.size", "99", "GNU.sparse.map", "0,9");
    TM_ADD(&b, .name = "a", .body = "abcd", .size = "11", .no_pad = true);
    reads_as(&s, &b, PL_E_FORMAT, "f a 99 'abcd' !tar: sparse file is cut flags=4\n");
    pl_buf_release(&s.b);
    pl_buf_release(&b);
}

static void a_header_bids_by_its_checksum(void **state)
{
    (void)state;
    struct pl_buf b = { 0 };
    TM_ADD(&b, .name = "a");
    TM_ADD(&b, .name = "a", .layout = TM_V7);
    tm_end(&b);
    const uint8_t *p = (const uint8_t *)b.p;
    assert_true(pl_tar_bid(p, 512) > pl_tar_bid(p + 512, 512));
    assert_true(pl_tar_bid(p + 512, 512) > 0);
    assert_int_equal(pl_tar_bid(p, 511), 0);
    assert_int_equal(pl_tar_bid(p + 1024, 512), 0);
    b.p[0] ^= 1;
    assert_int_equal(pl_tar_bid(p, 512), 0);
    pl_buf_release(&b);
}

static void nobody_need_listen(void **state)
{
    (void)state;
    struct pl_buf b = { 0 };
    struct pl_limits l;
    struct pl_entry e;
    pl_limits_init(&l);
    TM_PAX(&b, 'x', "comment", "c", "path", "p", "path", "q", "bad", "");
    TM_ADD(&b, .name = "a", .body = "x", .mode = "bad", .patch = { { 50, "unused", 6 } });
    struct pl_view v;
    pl_view_mem_init(&v, b.p, b.n);
    struct pl_tar *t = pl_tar_new(&v, &(struct pl_tar_opts){ .limits = &l });
    assert_int_equal(pl_tar_next(t, &e, NULL), 1);
    assert_int_equal(pl_tar_next(t, &e, NULL), 0);
    assert_int_equal(pl_tar_next(t, NULL, NULL), 0);
    pl_tar_free(t);
    pl_buf_release(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_kinds_are_told_apart),
        cmocka_unit_test(numbers_of_the_header_are_read),
        cmocka_unit_test(numbers_that_are_none_are_noted_and_shown),
        cmocka_unit_test(a_size_that_cannot_be_is_refused),
        cmocka_unit_test(a_size_beyond_the_stream_is_a_cut),
        cmocka_unit_test(a_cut_at_any_byte_is_an_error_or_has_no_end),
        cmocka_unit_test(one_zero_block_or_none_is_an_end_with_a_note),
        cmocka_unit_test(the_rest_behind_the_end_mark_is_left_to_the_caller),
        cmocka_unit_test(noise_is_no_header),
        cmocka_unit_test(a_checksum_of_signed_bytes_is_right_too),
        cmocka_unit_test(paths_are_normal),
        cmocka_unit_test(a_path_that_leads_up_is_kept_and_marked),
        cmocka_unit_test(a_prefix_goes_before_the_name),
        cmocka_unit_test(an_old_directory_ends_with_a_slash),
        cmocka_unit_test(links_and_directories_may_have_a_body),
        cmocka_unit_test(a_size_without_a_body_is_noted),
        cmocka_unit_test(equal_paths_are_all_given),
        cmocka_unit_test(bodies_need_not_be_read),
        cmocka_unit_test(nothing_beyond_a_header_is_asked_for),
        cmocka_unit_test(a_body_may_be_read_in_part),
        cmocka_unit_test(gnu_long_names_replace_short_ones),
        cmocka_unit_test(bytes_behind_a_long_name_are_offered),
        cmocka_unit_test(a_name_above_the_limit_is_cut_and_offered_whole),
        cmocka_unit_test(a_very_long_path_is_marked),
        cmocka_unit_test(pax_values_replace_those_of_the_header),
        cmocka_unit_test(pax_numbers_that_are_none_are_noted),
        cmocka_unit_test(a_pax_size_that_is_none_is_refused),
        cmocka_unit_test(two_sizes_are_noted_and_the_record_counts),
        cmocka_unit_test(an_empty_pax_value_takes_back),
        cmocka_unit_test(the_last_of_two_records_counts_and_the_other_is_offered),
        cmocka_unit_test(a_gnu_long_name_counts_more_than_a_record),
        cmocka_unit_test(comments_and_unknown_keys_are_offered),
        cmocka_unit_test(attributes_are_offered_decoded),
        cmocka_unit_test(overlay_attributes_are_marked),
        cmocka_unit_test(damaged_records_are_offered_raw_and_noted),
        cmocka_unit_test(global_values_hold_for_later_entries),
        cmocka_unit_test(a_global_path_or_size_is_noted),
        cmocka_unit_test(an_extension_without_an_entry_is_offered_and_noted),
        cmocka_unit_test(extended_headers_are_bounded),
        cmocka_unit_test(entries_are_counted_against_the_limit),
        cmocka_unit_test(owners_are_offered_when_they_change),
        cmocka_unit_test(unused_header_bytes_are_offered),
        cmocka_unit_test(unused_bytes_of_extension_headers_are_offered_with_the_entry),
        cmocka_unit_test(padding_is_offered),
        cmocka_unit_test(a_cut_padding_is_an_error),
        cmocka_unit_test(old_gnu_sparse_files_are_expanded),
        cmocka_unit_test(an_old_map_goes_on_in_further_blocks),
        cmocka_unit_test(bytes_of_a_map_behind_its_end_are_offered),
        cmocka_unit_test(pax_sparse_files_are_expanded),
        cmocka_unit_test(names_beside_the_sparse_name_are_offered),
        cmocka_unit_test(padding_of_a_map_in_the_body_is_offered),
        cmocka_unit_test(an_unknown_sparse_format_is_shown_as_stored),
        cmocka_unit_test(maps_that_lie_are_refused),
        cmocka_unit_test(pairs_out_of_order_are_refused),
        cmocka_unit_test(old_maps_that_lie_are_refused),
        cmocka_unit_test(maps_in_bodies_that_lie_are_refused),
        cmocka_unit_test(maps_are_bounded),
        cmocka_unit_test(holes_beyond_the_limit_are_left_out),
        cmocka_unit_test(a_sparse_file_that_is_cut_says_so),
        cmocka_unit_test(a_header_bids_by_its_checksum),
        cmocka_unit_test(nobody_need_listen),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
