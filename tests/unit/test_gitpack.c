/* Git objects and packs: hand-made ones, and those of git when it is there. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <unistd.h>
#include <zlib.h>

#include "base/hash.h"
#include "io/gitpack.h"
#include "nest.h"

static void deflated(struct pl_buf *b, const void *p, size_t n)
{
    uint8_t out[65536];
    uLongf len = sizeof out;
    assert_int_equal(compress(out, &len, p, n), Z_OK);
    pl_buf_putn(b, out, len);
}

/* ---- hand-made packs ---- */

static void begin(struct pl_buf *b, uint8_t count)
{
    pl_buf_clear(b);
    pl_buf_putn(b, "PACK\0\0\0\2\0\0\0", 11);
    pl_buf_putc(b, (char)count);
}

static void head(struct pl_buf *b, unsigned type, size_t size)
{
    uint8_t c = (uint8_t)(type << 4 | (size & 15));
    for (size >>= 4; size; size >>= 7) {
        pl_buf_putc(b, (char)(c | 0x80));
        c = size & 0x7f;
    }
    pl_buf_putc(b, (char)c);
}

static size_t add(struct pl_buf *b, unsigned type, const void *p, size_t n)
{
    size_t at = b->n;
    head(b, type, n);
    deflated(b, p, n);
    return at;
}

static size_t add_ofs(struct pl_buf *b, size_t base, const void *p, size_t n)
{
    size_t at = b->n, dist = at - base;
    head(b, PL_GIT_OFS_DELTA, n);
    if (dist > 127)
        pl_buf_putc(b, (char)(0x80 | ((dist >> 7) - 1)));
    pl_buf_putc(b, (char)(dist & 0x7f));
    deflated(b, p, n);
    return at;
}

static void add_ref(struct pl_buf *b, const uint8_t *id, const void *p, size_t n)
{
    head(b, PL_GIT_REF_DELTA, n);
    pl_buf_putn(b, id, 20);
    deflated(b, p, n);
}

static void end(struct pl_buf *b)
{
    uint8_t sum[20];
    struct pl_hash *h = pl_hash_new(PL_HASH_SHA1);
    pl_hash_add(h, b->p, b->n);
    pl_hash_end(h, sum);
    pl_hash_free(h);
    pl_buf_putn(b, sum, sizeof sum);
}

static void id_of(const char *type, const void *p, size_t n, uint8_t *id)
{
    struct pl_hash *h = pl_hash_new(PL_HASH_SHA1);
    char text[40];
    int len = snprintf(text, sizeof text, "%s %zu", type, n);
    pl_hash_add(h, text, (size_t)len + 1);
    pl_hash_add(h, p, n);
    pl_hash_end(h, id);
    pl_hash_free(h);
}

static const char base[] = "the base of it all";
/* 18 bytes in, 25 out: copy 0..8, insert "very ", copy 8..8 bytes, insert "end " */
static const char delta[] = "\x12\x19\x90\x08\x05very \x91\x08\x08\x04"
                            "end ";
static const char result[] = "the basevery  of it aend ";

static void check_pack(const struct pl_buf *b, const char *want, unsigned notes)
{
    struct nest t;
    nest_init(&t);
    assert_int_equal(nest_run(&t, b->p, b->n), 0);
    if (want)
        assert_has(t.log, want);
    assert_int_equal(t.notes, notes);
    nest_free(&t);
}

static void deltas_are_resolved(void **state)
{
    struct pl_buf b = { 0 };
    uint8_t id[20];
    (void)state;
    begin(&b, 2);
    size_t at = add(&b, PL_GIT_BLOB, base, 18);
    add_ofs(&b, at, delta, sizeof delta - 1);
    end(&b);
    check_pack(&b, result, 0);
    id_of("blob", base, 18, id);
    begin(&b, 2); /* by id, before its base */
    add_ref(&b, id, delta, sizeof delta - 1);
    add(&b, PL_GIT_BLOB, base, 18);
    end(&b);
    check_pack(&b, result, 0);
    pl_buf_release(&b);
}

static void delta_of_a_delta_by_id(void **state)
{
    struct pl_buf b = { 0 };
    uint8_t id[20];
    static const char second[] = "\x19\x06\x91\x08\x05\x01!";
    (void)state;
    id_of("blob", result, 25, id);
    begin(&b, 3);
    add_ref(&b, id, second, sizeof second - 1);
    size_t at = add(&b, PL_GIT_BLOB, base, 18);
    add_ofs(&b, at, delta, sizeof delta - 1);
    end(&b);
    check_pack(&b, "|very !\n", 0);
    pl_buf_release(&b);
}

static void bad_deltas_are_noted(void **state)
{
    static const struct {
        const char *d;
        size_t n;
    } bad[] = {
        { "\x13\x05\x05", 3 },         /* another size of the base */
        { "\x12\x05\x91\x10\x05", 5 }, /* copies beyond the base */
        { "\x12\x05\x91\xff\x05", 5 }, /* … from beyond it */
        { "\x12\x05\x00", 3 },         /* reserved instruction */
        { "\x12\x05\x05"
          "abc",
          6 },                 /* insert cut */
        { "\x12\x05\xff", 3 }, /* argument cut */
        { "\x12\x05\x01"
          "a",
          4 }, /* too little */
        { "\x12\x01\x02"
          "ab",
          5 },         /* too much */
        { "\x12", 1 }, /* no size of the result */
    };
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct pl_buf b = { 0 };
        begin(&b, 3);
        size_t at = add(&b, PL_GIT_BLOB, base, 18);
        add_ofs(&b, at, bad[i].d, bad[i].n);
        add(&b, PL_GIT_BLOB, "after", 5);
        end(&b);
        check_pack(&b, "|after\n", 1);
        pl_buf_release(&b);
    }
}

static void missing_bases_are_noted(void **state)
{
    struct pl_buf b = { 0 };
    uint8_t id[20] = { 1 };
    (void)state;
    begin(&b, 3);
    add_ref(&b, id, delta, sizeof delta - 1);
    add_ofs(&b, 13, delta, sizeof delta - 1); /* no object begins there */
    add(&b, PL_GIT_BLOB, "after", 5);
    end(&b);
    check_pack(&b, "2 objects are deltas whose base is not in the pack", 1);
    check_pack(&b, "|after\n", 1);
    pl_buf_release(&b);
}

static void broken_packs_are_noted(void **state)
{
    struct pl_buf b = { 0 };
    (void)state;
    begin(&b, 2);
    add(&b, PL_GIT_BLOB, "first", 5);
    size_t at = b.n;
    add(&b, PL_GIT_BLOB, "second", 6);
    end(&b);
    for (size_t cut = 12; cut < b.n; cut++) {
        struct pl_buf c = { .p = b.p, .n = cut };
        check_pack(&c, cut > at + 20 ? "|first\n" : NULL, 1);
    }
    b.p[b.n - 1] ^= 1; /* the checksum */
    check_pack(&b, "|second\n", 1);
    b.p[b.n - 1] ^= 1;
    b.p[at] = 5 << 4 | 6; /* a type that is none */
    check_pack(&b, "|first\n", 1);
    b.p[at] = PL_GIT_BLOB << 4 | 5; /* shorter than its data */
    check_pack(&b, "|first\n", 1);
    b.p[at] = PL_GIT_BLOB << 4 | 7; /* longer */
    check_pack(&b, "|first\n", 1);
    b.p[at] = (char)(PL_GIT_OFS_DELTA << 4 | 7);
    b.p[at + 1] = 0;
    check_pack(&b, "|first\n", 1);
    begin(&b, 1); /* size that never ends */
    for (int i = 0; i < 20; i++)
        pl_buf_putc(&b, (char)0xff);
    end(&b);
    check_pack(&b, NULL, 1);
    pl_buf_release(&b);
}

static void limits_hold(void **state)
{
    struct pl_buf b = { 0 };
    struct nest t;
    (void)state;
    begin(&b, 2);
    size_t at = add(&b, PL_GIT_BLOB, base, 18);
    add_ofs(&b, at, delta, sizeof delta - 1);
    end(&b);
    nest_init(&t);
    t.limits.nested_members = 1;
    assert_int_equal(nest_run(&t, b.p, b.n), 0);
    assert_has(t.log, "!nested-limit||limit 'nested-members'");
    nest_free(&t);
    nest_init(&t);
    t.limits.nested_out = 10;
    t.limits.nested_ratio = 0;
    assert_int_equal(nest_run(&t, b.p, b.n), 0);
    assert_has(t.log, "!nested-limit|");
    nest_free(&t);
    nest_init(&t);
    t.cancel_at = 1;
    assert_int_equal(nest_run(&t, b.p, b.n), PL_E_CANCEL);
    nest_free(&t);
    static const char huge[] = "\x12\xff\xff\xff\xff\x0f\x01x";
    begin(&b, 2);
    at = add(&b, PL_GIT_BLOB, base, 18);
    add_ofs(&b, at, huge, sizeof huge - 1);
    end(&b);
    check_pack(&b, "!nested-limit|", 1);
    pl_buf_release(&b);
}

static void long_chains_and_the_cache(void **state)
{
    struct pl_buf b = { 0 };
    struct pl_gitpack *p;
    struct pl_err damage, err = { 0 };
    static const char same[] = "\x12\x12\x90\x12";
    const struct pl_gitpack_opts o = { .work = 100000, .count = 300, .object = 1000, .cache = 100 };
    (void)state;
    begin(&b, 200);
    size_t at = add(&b, PL_GIT_BLOB, base, 18);
    for (int i = 1; i < 200; i++)
        at = add_ofs(&b, at, same, sizeof same - 1);
    end(&b);
    assert_int_equal(pl_gitpack_open(pl_buf_str(&b), &o, &p, &damage, &err), 0);
    assert_int_equal(damage.code, 0);
    assert_int_equal(pl_gitpack_count(p), 200);
    assert_int_equal(pl_gitpack_id_len(p), 20);
    for (uint32_t i = 200; i-- > 190;) {
        struct pl_str s;
        assert_int_equal(pl_gitpack_get(p, i, &s, &err), 0);
        assert_true(pl_str_is(s, base));
    }
    struct pl_str s;
    int r = 0;
    for (uint32_t i = 0; i < 200 && r == 0; i += 1)
        r = pl_gitpack_get(p, i * 67 % 200, &s, &err);
    assert_int_equal(r, PL_E_LIMIT); /* work: the cache is far too small */
    pl_gitpack_free(p);
    assert_int_equal(pl_gitpack_open(PL_S("PACK"), &o, &p, &damage, &err), PL_E_FORMAT);
    b.p[7] = 9;
    assert_int_equal(pl_gitpack_open(pl_buf_str(&b), &o, &p, &damage, &err), PL_E_FORMAT);
    pl_gitpack_free(NULL);
    pl_buf_release(&b);
}

static size_t entry(char *to, const char *mode_name, const uint8_t *id)
{
    size_t n = strlen(mode_name) + 1;
    memcpy(to, mode_name, n);
    memcpy(to + n, id, 20);
    return n + 20;
}

static void paths_and_oldest_commit(void **state)
{
    struct pl_buf b = { 0 };
    struct nest t;
    uint8_t id[20];
    char tree[200], sub[100], commit[300], hex[41], old[41];
    (void)state;
    id_of("blob", base, 18, id);
    size_t sn = entry(sub, "100644 key.pem", id), n = 0;
    id_of("tree", sub, sn, id);
    n += entry(tree, "40000 conf", id);
    id_of("blob", "other", 5, id);
    n += entry(tree + n, "100644 top", id);
    id_of("tree", tree, n, id);
    pl_hex(id, 20, hex);
    begin(&b, 6);
    /* the newer commit comes first */
    int c = snprintf(commit, sizeof commit,
                     "tree %s\nauthor A <a@b> 2000 +0000\ncommitter A <a@b> 2000 +0000\n\nnewer\n",
                     hex);
    add(&b, PL_GIT_COMMIT, commit, (size_t)c);
    c = snprintf(commit, sizeof commit,
                 "tree %s\nauthor A <a@b> 1000 +0000\ncommitter A <a@b> 1000 +0000\n\nolder\n",
                 hex);
    add(&b, PL_GIT_COMMIT, commit, (size_t)c);
    id_of("commit", commit, (size_t)c, id);
    pl_hex(id, 20, old);
    add(&b, PL_GIT_TREE, tree, n);
    add(&b, PL_GIT_TREE, sub, sn);
    add(&b, PL_GIT_BLOB, base, 18);
    add(&b, PL_GIT_BLOB, "other", 5);
    end(&b);
    nest_init(&t);
    assert_int_equal(nest_run(&t, b.p, b.n), 0);
    char want[200];
    snprintf(want, sizeof want, "conf/key.pem|%s|%s\n", old, base);
    assert_has(t.log, want);
    snprintf(want, sizeof want, "top|%s|other\n", old);
    assert_has(t.log, want);
    snprintf(want, sizeof want, "%s|commit|author A <a@b> 1000", old);
    assert_has(t.log, want);
    assert_int_equal(t.notes, 0);
    nest_free(&t);
    pl_buf_release(&b);
}

/* ---- loose objects ---- */

static void loose_objects(void **state)
{
    static const struct {
        const char *object;
        size_t n;
        const char *want;
        unsigned notes;
    } cases[] = {
        { "blob 5\0alpha", 12, "ab0123456789012345678901234567890123456789||alpha\n", 0 },
        { "commit 6\0tree x", 15, "|commit|tree x\n", 0 },
        { "tag 5\0hello", 11, "|tag|hello\n", 0 },
        { "tree 0\0", 7, NULL, 0 },
        { "blob 4\0alpha", 12, "object of another size", 1 },
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct pl_buf b = { 0 };
        deflated(&b, cases[i].object, cases[i].n);
        for (size_t piece = 1; piece < 100; piece += 30) {
            struct nest t;
            struct slow s;
            nest_init(&t);
            t.path = "r.git/objects/ab/0123456789012345678901234567890123456789";
            slow_init(&s, b.p, b.n, piece, 0);
            assert_int_equal(nest_read(&t, &s.v, NULL), 0);
            if (cases[i].want)
                assert_has(t.log, cases[i].want);
            assert_int_equal(t.notes, cases[i].notes);
            nest_free(&t);
        }
        pl_buf_release(&b);
    }
}

static void damaged_loose_objects(void **state)
{
    struct pl_buf b = { 0 };
    struct nest t;
    (void)state;
    deflated(&b, "blob 5\0alpha", 12);
    for (int what = 0; what < 3; what++) {
        struct slow s;
        struct pl_err err = { 0 };
        nest_init(&t);
        t.path = "x";
        if (what == 0)
            b.p[b.n - 1] ^= 1; /* checksum */
        slow_init(&s, b.p, what == 0 ? b.n : b.n - 2, 4, what == 2 ? PL_E_IO : 0);
        assert_int_equal(nest_read(&t, &s.v, &err), what == 2 ? PL_E_IO : 0);
        assert_int_equal(t.notes, what == 2 ? 0 : 1);
        if (what == 0)
            b.p[b.n - 1] ^= 1;
        nest_free(&t);
    }
    pl_buf_clear(&b);
    deflated(&b, "no object", 9);
    assert_null(pl_nested_probe((uint8_t *)b.p, b.n, PL_S("x")));
    pl_buf_release(&b);
}

static void tree_entries(void **state)
{
    struct pl_git_entry e;
    struct pl_str s = PL_S("100644 a\0"
                           "01234567890123456789");
    (void)state;
    assert_int_equal(pl_git_tree_next(&s, 20, &e), 1);
    assert_true(pl_str_is(e.name, "a"));
    assert_int_equal(e.mode, 0100644);
    assert_int_equal(pl_git_tree_next(&s, 20, &e), 0);
    s = PL_S("100644 a\0"
             "0123456789012345678");
    assert_int_equal(pl_git_tree_next(&s, 20, &e), PL_E_FORMAT);
    s = PL_S("xyz a\0"
             "01234567890123456789");
    assert_int_equal(pl_git_tree_next(&s, 20, &e), PL_E_FORMAT);
    s = PL_S("100644 a");
    assert_int_equal(pl_git_tree_next(&s, 20, &e), PL_E_FORMAT);
}

/* ---- git's own ---- */

static bool have_git(void)
{
    return system("git --version >/dev/null 2>&1") == 0;
}

/* Runs `script` in a new directory and reads the file it leaves as "out" there. */
static void by_git(const char *script, struct pl_buf *ret)
{
    char dir[] = "/tmp/test-gitpack-XXXXXX", cmd[4096], path[64];
    assert_non_null(mkdtemp(dir));
    snprintf(cmd, sizeof cmd,
             "cd %s && export HOME=%s GIT_CONFIG_NOSYSTEM=1 GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@b "
             "GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@b; { %s ; } >log 2>&1",
             dir, dir, script);
    int r = system(cmd);
    snprintf(path, sizeof path, "%s/out", dir);
    FILE *f = r == 0 ? fopen(path, "rb") : NULL;
    if (f) {
        char part[4096];
        size_t n;
        while ((n = fread(part, 1, sizeof part, f)) > 0)
            pl_buf_putn(ret, part, n);
        fclose(f);
    }
    snprintf(cmd, sizeof cmd, "rm -rf %s", dir);
    assert_int_equal(system(cmd), 0);
    assert_int_equal(r, 0);
}

/* Ten versions of one file, so that there are deltas; one file is removed again. */
#define HISTORY                                                                         \
    "cd r; seq 1 2000 >long; mkdir -p d/e; echo hidden-value >d/e/gone; git add -A;"    \
    "git commit -qm first-message; git rm -qr d; git commit -qm second-message;"        \
    "for i in 1 2 3 4 5 6 7 8 9; do echo changed $i >>long; git commit -qam c$i; done;" \
    "git tag -a v1 -m tag-message;"

static void check_history(const char *init, const char *pack)
{
    struct pl_buf b = { 0 };
    struct nest t;
    char script[2048];
    if (!have_git()) {
        print_message("skip: test_gitpack: git is not installed\n");
        return;
    }
    snprintf(script, sizeof script, "%s r && { %s %s ; }", init, HISTORY, pack);
    by_git(script, &b);
    nest_init(&t);
    assert_int_equal(nest_run(&t, b.p, b.n), 0);
    assert_int_equal(t.notes, 0);
    assert_has(t.log, "|hidden-value\n");
    assert_has(t.log, "d/e/gone|");
    assert_has(t.log, "second-message\n");
    assert_has(t.log, "tag-message\n");
    assert_has(t.log, "changed 8\nchanged 9\n");
    assert_int_equal(t.members, 11 + 11 + 1); /* commits, blobs, the tag */
    nest_free(&t);
    pl_buf_release(&b);
}

static void packs_of_git(void **state)
{
    (void)state;
    check_history("git init -q", "git repack -adq --depth=50; cp .git/objects/pack/*.pack ../out");
}

static void packs_with_deltas_by_id(void **state)
{
    (void)state;
    check_history("git init -q",
                  "git rev-list --objects --all | git pack-objects --stdout >../out");
}

static void packs_with_sha256(void **state)
{
    (void)state;
    check_history("git init -q --object-format=sha256",
                  "git repack -adq; cp .git/objects/pack/*.pack ../out");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(deltas_are_resolved),
        cmocka_unit_test(delta_of_a_delta_by_id),
        cmocka_unit_test(bad_deltas_are_noted),
        cmocka_unit_test(missing_bases_are_noted),
        cmocka_unit_test(broken_packs_are_noted),
        cmocka_unit_test(limits_hold),
        cmocka_unit_test(long_chains_and_the_cache),
        cmocka_unit_test(paths_and_oldest_commit),
        cmocka_unit_test(loose_objects),
        cmocka_unit_test(damaged_loose_objects),
        cmocka_unit_test(tree_entries),
        cmocka_unit_test(packs_of_git),
        cmocka_unit_test(packs_with_deltas_by_id),
        cmocka_unit_test(packs_with_sha256),
    };
    return cmocka_run_group_tests_name("gitpack", tests, NULL, NULL);
}
