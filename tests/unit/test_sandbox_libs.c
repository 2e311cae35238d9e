/* What parsers use must still work behind the door: each library does its work in a closed child,
 * which must end by itself. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include <archive.h>
#include <archive_entry.h>
#include <bzlib.h>
#include <lzma.h>
#include <sqlite3.h>
#include <zlib.h>
#include <zstd.h>

#include "base/cleanup.h"
#include "base/hash.h"
#include "fmt/json.h"
#include "fmt/literal.h"
#include "fmt/regex.h"
#include "fmt/yaml.h"
#include "io/nested.h"
#include "sandbox/sandbox.h"
#include "sanitized.h"

static int status_of(int (*work)(void), bool closed)
{
    int status = 0;
    pid_t pid = fork();
    if (pid == 0) {
        struct pl_sandbox_opts o = { .mode = PL_SANDBOX_AUTO,
                                     .address_space = PL_GIB(1),
                                     .cpu_seconds = 20 };
        _exit(closed && pl_sandbox_enter(&o, NULL) < 0 ? 99 : work());
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return status;
}

/* Runs `make` in an open child and `work` in a closed one, 0 = good. What `make` sets up in its own
 * process does not help the other; what it packed is shared. */
static void works(int (*make)(void), int (*work)(void))
{
    if (make)
        assert_int_equal(status_of(make, /* closed= */ false), 0);
    assert_int_equal(status_of(work, /* closed= */ true), 0);
}

#define TEXT_LEN 300000u

static char *text(void)
{
    static char t[TEXT_LEN];
    for (size_t i = 0; i < sizeof t; i++)
        t[i] = (char)('a' + (i * i / 7 + i) % 26);
    return t;
}

/* Shared between children. */
static struct packed {
    size_t n;
    char p[4u << 20];
} * packed;

static locale_t utf8;

/* What the worker does before it shuts the door, too. */
static int prepare(void **state)
{
    (void)state;
    pl_nested_init();
    utf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
    packed = mmap(NULL, sizeof *packed, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    return packed == MAP_FAILED;
}

static bool unpacked_right(const void *p, size_t n)
{
    return n == TEXT_LEN && memcmp(p, text(), n) == 0;
}

/* ------------------------------------------------------------------ our own foundation */

static int by_char(const void *a, const void *b)
{
    return *(const char *)a - *(const char *)b;
}

static int memory_work(void)
{
    char *p = malloc(100);
    for (size_t n = 1000; n < 64u << 20; n *= 3)
        p = realloc(p, n);
    free(p);
    qsort(text(), TEXT_LEN, 1, by_char);
    size_t blocks = 0;
    while (blocks < 4096 && malloc(1u << 20))
        blocks++;
    return blocks > 0 && blocks < 4096 ? 0 : 1; /* none left is an error, not an end */
}

static void memory_grows_and_ends_without_a_signal(void **state)
{
    (void)state;
    works(NULL, memory_work);
}

static int digest_work(void)
{
    uint8_t a[32], b[PL_HASH_MAX];
    struct pl_hash *h = pl_hash_new(PL_HASH_SHA512);
    pl_hash_add(h, text(), TEXT_LEN);
    pl_hash_end(h, b);
    pl_sha256(text(), TEXT_LEN, a);
    return pl_hash_new(PL_HASH_SHA1) ? 0 : 1;
}

static void digests(void **state)
{
    (void)state;
    works(NULL, digest_work);
}

static int documents_work(void)
{
    struct pl_json *j;
    struct pl_arena a = { 0 };
    struct pl_limits l;
    struct pl_yaml_stream y;
    pl_limits_init(&l);
    if (pl_json_parse(PL_S("{\"a\":[1,2.5e3,\"x\"]}"), 64, &j, NULL) < 0)
        return 1;
    pl_json_free(j);
    return pl_yaml_parse(PL_S("a: [1, 2]\nb: &x {c: d}\ne: *x\n"), &l, &a, &y, NULL) < 0;
}

static void json_and_yaml(void **state)
{
    (void)state;
    works(NULL, documents_work);
}

/* ------------------------------------------------------------------ codecs */

static int deflate_before(void)
{
    uLongf n = sizeof packed->p;
    int r = compress((Bytef *)packed->p, &n, (const Bytef *)text(), TEXT_LEN);
    packed->n = n;
    return r;
}

static int inflate_work(void)
{
    uLongf n = TEXT_LEN;
    void *out = malloc(n);
    return uncompress(out, &n, (Bytef *)packed->p, packed->n) != Z_OK || !unpacked_right(out, n);
}

static void zlib_inflates(void **state)
{
    (void)state;
    works(deflate_before, inflate_work);
}

static int zstd_before(void)
{
    packed->n = ZSTD_compress(packed->p, sizeof packed->p, text(), TEXT_LEN, 3);
    return ZSTD_isError(packed->n) ? 1 : 0;
}

static int zstd_work(void)
{
    ZSTD_DCtx *d = ZSTD_createDCtx();
    char *out = malloc(TEXT_LEN);
    ZSTD_inBuffer i = { packed->p, packed->n, 0 };
    ZSTD_outBuffer o = { out, TEXT_LEN, 0 };
    while (i.pos < i.size)
        if (ZSTD_isError(ZSTD_decompressStream(d, &o, &i)))
            return 1;
    ZSTD_freeDCtx(d);
    return !unpacked_right(out, o.pos);
}

static void zstd_unpacks(void **state)
{
    (void)state;
    works(zstd_before, zstd_work);
}

static int xz_before(void)
{
    packed->n = 0;
    return (int)lzma_easy_buffer_encode(6, LZMA_CHECK_CRC64, NULL, (uint8_t *)text(), TEXT_LEN,
                                        (uint8_t *)packed->p, &packed->n, sizeof packed->p);
}

static int xz_work(void)
{
    uint64_t memory = PL_MIB(128);
    size_t i = 0, o = 0;
    uint8_t *out = malloc(TEXT_LEN);
    lzma_ret r = lzma_stream_buffer_decode(&memory, 0, NULL, (uint8_t *)packed->p, &i, packed->n,
                                           out, &o, TEXT_LEN);
    return r != LZMA_OK || !unpacked_right(out, o);
}

static void xz_unpacks(void **state)
{
    (void)state;
    works(xz_before, xz_work);
}

static int bzip2_before(void)
{
    unsigned n = sizeof packed->p;
    int r = BZ2_bzBuffToBuffCompress(packed->p, &n, text(), TEXT_LEN, 5, 0, 0);
    packed->n = n;
    return r;
}

static int bzip2_work(void)
{
    unsigned n = TEXT_LEN;
    char *out = malloc(n);
    int r = BZ2_bzBuffToBuffDecompress(out, &n, packed->p, (unsigned)packed->n, 0, 0);
    return r != BZ_OK || !unpacked_right(out, n);
}

static void bzip2_unpacks(void **state)
{
    (void)state;
    works(bzip2_before, bzip2_work);
}

/* ------------------------------------------------------------------ archives and databases */

static int (*set_format)(struct archive *);

static int archive_before(void)
{
    struct archive *w = archive_write_new();
    size_t used = 0;
    uselocale(utf8);
    set_format(w);
    if (archive_write_open_memory(w, packed->p, sizeof packed->p, &used) != ARCHIVE_OK)
        return 1;
    struct archive_entry *e = archive_entry_new();
    archive_entry_set_pathname_utf8(e, "dir/caf\xc3\xa9");
    archive_entry_set_filetype(e, 0100000);
    archive_entry_set_perm(e, 0644);
    archive_entry_set_size(e, TEXT_LEN);
    if (archive_write_header(w, e) != ARCHIVE_OK ||
        archive_write_data(w, text(), TEXT_LEN) != TEXT_LEN)
        return 1;
    archive_entry_free(e);
    archive_write_close(w);
    packed->n = used;
    archive_write_free(w);
    return 0;
}

static int archive_work(void)
{
    struct archive *r = archive_read_new();
    struct archive_entry *e;
    char *out = malloc(TEXT_LEN);
    uselocale(utf8); /* libarchive would load a converter for any other */
    archive_read_support_format_all(r);
    archive_read_support_filter_none(r);
    if (archive_read_open_memory(r, packed->p, packed->n) != ARCHIVE_OK)
        return 1;
    while (archive_read_next_header(r, &e) >= ARCHIVE_WARN) {
        archive_entry_pathname(e); /* may be none in this locale; to ask must be allowed */
        archive_entry_pathname_w(e);
        archive_entry_pathname_utf8(e);
        if (archive_entry_size(e) != TEXT_LEN)
            continue;
        la_ssize_t n = archive_read_data(r, out, TEXT_LEN);
        archive_read_free(r);
        return n < 0 || !unpacked_right(out, (size_t)n);
    }
    return archive_errno(r) ? 4 : 3;
}

static void archives_of_every_kind(void **state)
{
    (void)state;
    static int (*const formats[])(
        struct archive *) = { archive_write_set_format_zip,     archive_write_set_format_7zip,
                              archive_write_set_format_cpio,    archive_write_set_format_ar_bsd,
                              archive_write_set_format_iso9660, archive_write_set_format_pax,
                              archive_write_set_format_xar,     archive_write_set_format_warc };
    for (size_t i = 0; i < PL_COUNT(formats); i++) {
        set_format = formats[i];
        print_message("# archive %zu\n", i);
        works(archive_before, archive_work);
    }
}

static int sqlite_before(void)
{
    sqlite3 *db;
    sqlite3_int64 n;
    if (sqlite3_open(":memory:", &db) ||
        sqlite3_exec(db, "create table t(a, b); insert into t values (1, 'x'), (2, 'y');", NULL,
                     NULL, NULL))
        return 1;
    const void *image = sqlite3_serialize(db, "main", &n, 0);
    memcpy(packed->p, image, (size_t)n);
    packed->n = (size_t)n;
    return sqlite3_close(db);
}

static int sqlite_work(void)
{
    sqlite3 *db;
    sqlite3_stmt *s;
    if (sqlite3_open_v2(":memory:", &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_MEMORY, NULL) ||
        sqlite3_deserialize(db, "main", (uint8_t *)packed->p, (sqlite3_int64)packed->n,
                            (sqlite3_int64)packed->n, SQLITE_DESERIALIZE_READONLY) ||
        sqlite3_prepare_v2(db, "select b, random() from t order by b desc, a", -1, &s, NULL))
        return 1;
    if (sqlite3_step(s) != SQLITE_ROW || sqlite3_column_text(s, 0)[0] != 'y')
        return 2;
    sqlite3_finalize(s);
    return sqlite3_close(db);
}

static void sqlite_reads_from_memory(void **state)
{
    (void)state;
    works(sqlite_before, sqlite_work);
}

/* ------------------------------------------------------------------ matching */

static struct pl_regex *regex;
static struct pl_literals *literals;

static int patterns_before(void)
{
    const struct pl_literal v[] = { { PL_S("needle"), true }, { PL_S("ghp_"), false } };
    int r = pl_regex_new(PL_S("\\bn[e]+dle(\\d+)\\b"), 0, &regex, NULL);
    return r < 0 ? r : pl_literals_new(v, 2, &literals, NULL);
}

static int hit(void *arg, uint32_t id, size_t end)
{
    (void)id;
    (void)end;
    ++*(int *)arg;
    return 0;
}

static int patterns_work(void)
{
    struct pl_literals_scratch *s;
    int hits = 0;
    memcpy(text() + 1000, " needle42 ", 10);
    char *t = malloc(TEXT_LEN);
    memcpy(t, text(), TEXT_LEN);
    memcpy(t + 1000, " needle42 ", 10);
    if (!pl_regex_test(regex, pl_str_n(t, TEXT_LEN)) ||
        pl_literals_scratch_new(literals, &s, NULL) < 0)
        return 1;
    return pl_literals_scan(literals, s, (const uint8_t *)t, TEXT_LEN, hit, &hits) || hits != 1;
}

static void expressions_and_literals(void **state)
{
    (void)state;
    assert_int_equal(patterns_before(), 0);
    works(NULL, patterns_work);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(memory_grows_and_ends_without_a_signal),
        cmocka_unit_test(digests),
        cmocka_unit_test(json_and_yaml),
        cmocka_unit_test(zlib_inflates),
        cmocka_unit_test(zstd_unpacks),
        cmocka_unit_test(xz_unpacks),
        cmocka_unit_test(bzip2_unpacks),
        cmocka_unit_test(archives_of_every_kind),
        cmocka_unit_test(sqlite_reads_from_memory),
        cmocka_unit_test(expressions_and_literals),
    };
    if (SANITIZED) {
        printf("1..0 # SKIP sanitizer build\n");
        return 0;
    }
    return cmocka_run_group_tests_name("sandbox_libs", tests, prepare, NULL);
}
