/* Messages between parent and worker: every field comes back, no cut message is taken, counts that
 * the message cannot hold are refused. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "scan/proto.h"

static struct pl_rd reader(const struct pl_buf *b, size_t n)
{
    const uint8_t *p = (const uint8_t *)b->p;
    return (struct pl_rd){ .p = p, .end = p + n };
}

/* Puts with `PUT`, then: all of it reads well and to the end, no shorter piece does. */
#define CHECK_CUTS(b, GET)                           \
    do {                                             \
        for (size_t cut = 0; cut <= (b)->n; cut++) { \
            struct pl_rd r = reader((b), cut);       \
            assert_int_equal(GET, cut == (b)->n);    \
            if (cut == (b)->n)                       \
                assert_ptr_equal(r.p, r.end);        \
        }                                            \
    } while (0)

struct fixture {
    struct pl_arena a;
    struct pl_buf b;
};

static struct pl_str nested[] = { { "lib/a.jar", 9 }, { "x\0y", 3 } };

static int begin(void **state)
{
    static struct fixture f;
    f = (struct fixture){ 0 };
    *state = &f;
    return 0;
}

static int end(void **state)
{
    struct fixture *f = *state;
    pl_buf_release(&f->b);
    pl_arena_release(&f->a);
    return 0;
}

static void a_job_comes_back(void **state)
{
    struct fixture *f = *state;
    struct pl_job_params j = { .kind = PL_JOB_BLOB,
                               .flags = PL_JOBF_SECRETS | PL_JOBF_LAYER,
                               .media_type = PL_S("application/vnd.oci.image.layer.v1.tar"),
                               .name = PL_S("blobs/sha256/00"),
                               .hash_path = PL_S("*"),
                               .grab = PL_GRAB_ENTRY,
                               .ordinal = 77,
                               .path = PL_S("/config/Env/0"),
                               .secret = { 1, 2, 3 },
                               .nested = { nested, 2 } },
                         got;
    pl_put_job(&f->b, &j);
    CHECK_CUTS(&f->b, pl_get_job(&r, &f->a, &got));
    assert_int_equal(got.kind, PL_JOB_BLOB);
    assert_int_equal(got.flags, j.flags);
    assert_true(pl_str_eq(got.media_type, j.media_type));
    assert_true(pl_str_eq(got.name, j.name));
    assert_int_equal(got.grab, PL_GRAB_ENTRY);
    assert_int_equal(got.ordinal, 77);
    assert_memory_equal(got.secret, j.secret, 32);
    assert_int_equal(got.nested.n, 2);
    assert_true(pl_str_eq(got.nested.p[1], nested[1]));
}

static struct pl_hit sample_hit(void)
{
    return (struct pl_hit){ .rule = 5,
                            .ordinal = PL_NEVER,
                            .severity = PL_SEV_CRITICAL,
                            .where = { .surface = PL_SURF_FILE,
                                       .path = PL_S("etc/\xff"),
                                       .line = 2,
                                       .col = 43,
                                       .end_line = 2,
                                       .end_col = 79,
                                       .off = UINT64_MAX,
                                       .nested = { nested, 2 } },
                            .reason = PL_S("sample"),
                            .decoded = PL_S("base64"),
                            .evidence = PL_S("npm_…"),
                            .has_value = true,
                            .value = PL_S("a\0b"),
                            .hash = { 9, 8, 7 } };
}

static void a_hit_comes_back(void **state)
{
    struct fixture *f = *state;
    struct pl_hit h = sample_hit(), got;
    pl_put_hit(&f->b, &h);
    CHECK_CUTS(&f->b, pl_get_hit(&r, &f->a, &got));
    assert_int_equal(got.rule, 5);
    assert_int_equal(got.ordinal, PL_NEVER);
    assert_int_equal(got.severity, PL_SEV_CRITICAL);
    assert_true(pl_str_eq(got.where.path, h.where.path));
    assert_int_equal(got.where.end_col, 79);
    assert_true(got.where.off == UINT64_MAX);
    assert_int_equal(got.where.nested.n, 2);
    assert_true(got.has_value);
    assert_true(pl_str_eq(got.value, h.value));
    assert_memory_equal(got.hash, h.hash, 32);
}

static void enumerations_are_held_to_their_range(void **state)
{
    struct fixture *f = *state;
    struct pl_hit h = sample_hit(), hit;
    struct pl_note n = { .scope = PL_SCOPE_RUN }, note;
    struct pl_done d = { .kind = PL_BLOB_EMPTY }, done;
    h.severity = PL_SEV_COUNT;
    pl_put_hit(&f->b, &h);
    struct pl_rd r = reader(&f->b, f->b.n);
    assert_false(pl_get_hit(&r, &f->a, &hit));
    h.severity = PL_SEV_LOW;
    h.where.surface = PL_SURF_COUNT;
    pl_buf_clear(&f->b);
    pl_put_hit(&f->b, &h);
    r = reader(&f->b, f->b.n);
    assert_false(pl_get_hit(&r, &f->a, &hit));
    pl_buf_clear(&f->b);
    pl_put_note(&f->b, &n);
    f->b.p[0] = PL_SCOPE_RUN + 1;
    r = reader(&f->b, f->b.n);
    assert_false(pl_get_note(&r, &f->a, &note));
    pl_buf_clear(&f->b);
    pl_put_done(&f->b, &d);
    f->b.p[0] = PL_BLOB_EMPTY + 1;
    r = reader(&f->b, f->b.n);
    assert_false(pl_get_done(&r, &done));
}

static void a_note_comes_back(void **state)
{
    struct fixture *f = *state;
    struct pl_note n = { .scope = PL_SCOPE_ENTRY,
                         .incomplete = true,
                         .where = PL_S("etc/x"),
                         .code = PL_S("truncated"),
                         .message = PL_S("ends at 512") },
                   got;
    pl_put_note(&f->b, &n);
    CHECK_CUTS(&f->b, pl_get_note(&r, &f->a, &got));
    assert_true(got.incomplete);
    assert_true(pl_str_is(got.code, "truncated"));
    assert_true(pl_str_is(got.message, "ends at 512"));
}

static void entries_are_coded_against_the_one_before(void **state)
{
    static const char *const paths[] = { "usr/share/doc/a", "usr/share/doc/b", "usr", "var/x", "" };
    struct fixture *f = *state;
    struct pl_entry_coder put = { 0 }, get = { 0 };
    for (unsigned i = 0; i < 5; i++) {
        struct pl_entry e = { .path = pl_str_c(paths[i]),
                              .kind = PL_ENTRY_SYMLINK,
                              .mode = 0755,
                              .size = (uint64_t)i << 40,
                              .mtime_ns = -5,
                              .link = PL_S("../y") };
        pl_put_entry(&f->b, &put, &e);
    }
    struct pl_rd r = reader(&f->b, f->b.n);
    for (unsigned i = 0; i < 5; i++) {
        struct pl_entry e;
        assert_true(pl_get_entry(&r, &get, &e));
        assert_true(pl_str_is(e.path, paths[i]));
        assert_int_equal(e.kind, PL_ENTRY_SYMLINK);
        assert_true(e.size == (uint64_t)i << 40);
        assert_true(e.mtime_ns == -5);
        assert_true(pl_str_is(e.link, "../y"));
    }
    assert_ptr_equal(r.p, r.end);
    pl_buf_release(&put.last);
    pl_buf_release(&get.last);
}

static void an_entry_cannot_borrow_what_was_not_there(void **state)
{
    struct fixture *f = *state;
    struct pl_entry_coder get = { 0 };
    struct pl_entry e;
    pl_put_var(&f->b, 5); /* bytes in common with a path that does not exist */
    pl_put_str(&f->b, PL_S("abc"));
    pl_buf_putn(&f->b, "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 20);
    struct pl_rd r = reader(&f->b, f->b.n);
    assert_false(pl_get_entry(&r, &get, &e));
    pl_buf_release(&get.last);
}

static void a_document_comes_back(void **state)
{
    struct fixture *f = *state;
    struct pl_descriptor item = { .media_type = PL_S("m"),
                                  .digest = { .set = true, .alg = PL_HASH_SHA512, .b = { 1 } },
                                  .size = UINT64_MAX,
                                  .platform = { PL_S("linux"), PL_S("arm64"), PL_S("v8") },
                                  .ref_name = PL_S("latest"),
                                  .has_urls = true };
    struct pl_digest diff = { .set = true, .alg = PL_HASH_SHA256, .b = { 2 } };
    struct pl_history history = { .created_by = PL_S("RUN x"), .has_created_by = true };
    struct pl_str tags[] = { PL_S("shop:1"), PL_S("shop:2") };
    struct pl_archive_image image = { .config = PL_S("c.json"), .tags = tags, .n_tags = 2 };
    struct pl_doc d = { .kind = PL_DOC_ARCHIVE,
                        .items = &item,
                        .n_items = 1,
                        .config = item,
                        .diff_ids = &diff,
                        .n_diff_ids = 1,
                        .history = &history,
                        .n_history = 1,
                        .has_history = true,
                        .images = &image,
                        .n_images = 1 },
                  got;
    pl_put_doc(&f->b, &d);
    CHECK_CUTS(&f->b, pl_get_doc(&r, &f->a, &got));
    assert_int_equal(got.kind, PL_DOC_ARCHIVE);
    assert_int_equal(got.n_items, 1);
    assert_true(pl_digest_eq(&got.items[0].digest, &item.digest));
    assert_true(pl_str_is(got.config.platform.variant, "v8"));
    assert_true(got.config.has_urls);
    assert_false(got.subject.digest.set);
    assert_true(pl_str_is(got.history[0].created_by, "RUN x"));
    assert_int_equal(got.images[0].n_tags, 2);
    assert_true(pl_str_is(got.images[0].tags[1], "shop:2"));
}

static void members_and_totals_come_back(void **state)
{
    struct fixture *f = *state;
    struct pl_member_msg m = { .name = PL_S("a/layer.tar"),
                               .link = PL_S("../b/layer.tar"),
                               .kind = PL_ENTRY_SYMLINK,
                               .size = 12,
                               .at = 512 },
                         gm;
    struct pl_done d = { .kind = PL_BLOB_LAYER,
                         .complete = true,
                         .has_diff = true,
                         .diff_id = { 3 },
                         .bytes = 10240,
                         .seen = 10240,
                         .entries = 4 },
                   gd;
    pl_put_member(&f->b, &m);
    CHECK_CUTS(&f->b, pl_get_member(&r, &f->a, &gm));
    assert_true(pl_str_eq(gm.link, m.link));
    assert_int_equal(gm.at, 512);
    pl_buf_clear(&f->b);
    pl_put_done(&f->b, &d);
    CHECK_CUTS(&f->b, pl_get_done(&r, &gd));
    assert_true(gd.complete && gd.has_diff);
    assert_int_equal(gd.seen, 10240);
    assert_int_equal(gd.entries, 4);
}

static void a_count_beyond_the_message_allocates_nothing(void **state)
{
    struct fixture *f = *state;
    struct pl_doc got;
    pl_put_u8(&f->b, PL_DOC_INDEX);
    pl_put_str(&f->b, PL_S(""));
    pl_put_str(&f->b, PL_S(""));
    pl_put_var(&f->b, 90000); /* items that the message is too short for */
    struct pl_rd r = reader(&f->b, f->b.n);
    assert_false(pl_get_doc(&r, &f->a, &got));
    assert_true(f->a.total < 4096);
}

int main(void)
{
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, begin, end)
    const struct CMUnitTest tests[] = {
        TEST(a_job_comes_back),
        TEST(a_hit_comes_back),
        TEST(enumerations_are_held_to_their_range),
        TEST(a_note_comes_back),
        TEST(entries_are_coded_against_the_one_before),
        TEST(an_entry_cannot_borrow_what_was_not_there),
        TEST(a_document_comes_back),
        TEST(members_and_totals_come_back),
        TEST(a_count_beyond_the_message_allocates_nothing),
    };
    return cmocka_run_group_tests_name("proto", tests, NULL, NULL);
}
