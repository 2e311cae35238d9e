/* Nested containers: archives by libarchive, zip, tar, single streams, and what they share. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <locale.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#include "nest.h"
#include "sandbox/sandbox.h"
#include "sanitized.h"

struct file {
    const char *name;
    const void *body;
    size_t n;
};

#define TEXT(name, text)             \
    {                                \
        name, text, sizeof(text) - 1 \
    }

/* Writes an archive in memory: by `format` of libarchive, options may be NULL. */
static void make(struct pl_buf *out, int format, const char *options, const struct file *f,
                 size_t count)
{
    size_t used = 0, room = 4u << 20;
    char *mem = malloc(room);
    struct archive *a = archive_write_new();
    locale_t utf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
    locale_t old = utf8 ? uselocale(utf8) : (locale_t)0;
    archive_write_set_format(a, format);
    archive_write_set_bytes_in_last_block(a, 1);
    if (options)
        archive_write_set_options(a, options);
    assert_int_equal(archive_write_open_memory(a, mem, room, &used), ARCHIVE_OK);
    for (size_t i = 0; i < count; i++) {
        struct archive_entry *e = archive_entry_new();
        archive_entry_set_pathname(e, f[i].name);
        archive_entry_set_filetype(e, f[i].body ? AE_IFREG : AE_IFDIR);
        archive_entry_set_perm(e, 0644);
        archive_entry_set_size(e, (la_int64_t)f[i].n);
        assert_int_equal(archive_write_header(a, e), ARCHIVE_OK);
        if (f[i].n)
            assert_int_equal(archive_write_data(a, f[i].body, f[i].n), f[i].n);
        archive_entry_free(e);
    }
    assert_int_equal(archive_write_close(a), ARCHIVE_OK);
    archive_write_free(a);
    if (utf8) {
        uselocale(old);
        freelocale(utf8);
    }
    pl_buf_putn(out, mem, used);
    free(mem);
}

static void gz(struct pl_buf *out, const void *p, size_t n, const char *name)
{
    z_stream z = { 0 };
    gz_header h = { .name = (Bytef *)(uintptr_t)name };
    size_t room = n + 4096;
    uint8_t *mem = malloc(room);
    assert_int_equal(deflateInit2(&z, 9, Z_DEFLATED, 31, 8, 0), Z_OK);
    if (name)
        deflateSetHeader(&z, &h);
    z.next_in = (Bytef *)(uintptr_t)p;
    z.avail_in = (uInt)n;
    z.next_out = mem;
    z.avail_out = (uInt)room;
    assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
    pl_buf_putn(out, mem, room - z.avail_out);
    deflateEnd(&z);
    free(mem);
}

static const struct file two[] = { TEXT("a.txt", "alpha"), TEXT("dir/b.txt", "bravo") };

/* Every format gives its members, whole and with a stream that comes in small pieces. */
static void check_format(int format, const char *options, const char *path)
{
    struct pl_buf b = { 0 };
    make(&b, format, options, two, 2);
    for (int slow = 0; slow < 2; slow++) {
        struct nest t;
        struct slow s;
        nest_init(&t);
        t.path = path;
        slow_init(&s, b.p, b.n, slow ? 7 : b.n, 0);
        assert_int_equal(nest_read(&t, &s.v, NULL), 0);
        assert_has(t.log, "a.txt||alpha\n");
        assert_has(t.log, "dir/b.txt||bravo\n");
        assert_int_equal(t.notes, 0);
        nest_free(&t);
    }
    pl_buf_release(&b);
}

static void zip_members(void **state)
{
    (void)state;
    check_format(ARCHIVE_FORMAT_ZIP, NULL, "x.zip");
    check_format(ARCHIVE_FORMAT_ZIP, "zip:compression=store", "x");
}

static void sevenzip_members(void **state)
{
    (void)state;
    check_format(ARCHIVE_FORMAT_7ZIP, NULL, "x.7z");
}

static void cpio_members(void **state)
{
    (void)state;
    check_format(ARCHIVE_FORMAT_CPIO_SVR4_NOCRC, NULL, "x.cpio");
    check_format(ARCHIVE_FORMAT_CPIO_POSIX, NULL, "x");
    check_format(ARCHIVE_FORMAT_CPIO_BIN_LE, NULL, "x");
}

static void iso_members(void **state)
{
    struct pl_buf b = { 0 };
    struct nest t;
    (void)state;
    make(&b, ARCHIVE_FORMAT_ISO9660, NULL, two, 2);
    nest_init(&t);
    t.path = "disk.ISO";
    assert_int_equal(nest_run(&t, b.p, b.n), 0);
    assert_has(t.log, "||alpha\n");
    assert_has(t.log, "||bravo\n");
    assert_int_equal(t.notes, 0);
    nest_free(&t);
    nest_init(&t); /* the name alone is not enough */
    t.path = "notes.iso";
    memset(b.p + 32768, 0, 6);
    assert_int_equal(nest_run(&t, b.p, b.n), 0);
    assert_int_equal(t.members + t.notes, 0);
    nest_free(&t);
    pl_buf_release(&b);
}

static void ar_members(void **state)
{
    struct pl_buf b = { 0 };
    struct nest t;
    (void)state;
    pl_buf_puts(&b, "!<arch>\n"
                    "a.txt/          0           0     0     100644  5         `\n"
                    "alpha\n"
                    "debian-binary   0           0     0     100644  4         `\n"
                    "2.0\n");
    nest_init(&t);
    assert_int_equal(nest_run(&t, b.p, b.n), 0);
    assert_string_equal(t.log.p, "a.txt||alpha\ndebian-binary||2.0\n\n");
    nest_free(&t);
    nest_init(&t);
    assert_int_equal(nest_run(&t, b.p, b.n - 2), 0);
    assert_has(t.log, "!nested-damaged|debian-binary|");
    nest_free(&t);
    pl_buf_release(&b);
}

static void jar_in_jar(void **state)
{
    struct pl_buf inner = { 0 }, outer = { 0 };
    struct nest t;
    (void)state;
    make(&inner, ARCHIVE_FORMAT_ZIP, NULL, two, 2);
    const struct file f[] = { { "lib/in.jar", inner.p, inner.n }, TEXT("z", "zulu") };
    make(&outer, ARCHIVE_FORMAT_ZIP, NULL, f, 2);
    nest_init(&t);
    t.depth = 1;
    assert_int_equal(nest_run(&t, outer.p, outer.n), 0);
    assert_string_equal(t.log.p, "lib/in.jar||>\na.txt||alpha\ndir/b.txt||bravo\nz||zulu\n");
    assert_int_equal(t.total, inner.n + 10 + 4);
    nest_free(&t);
    pl_buf_release(&inner);
    pl_buf_release(&outer);
}

static void zip_above_the_buffer_is_streamed(void **state)
{
    struct pl_buf b = { 0 };
    struct nest t;
    (void)state;
    make(&b, ARCHIVE_FORMAT_ZIP, NULL, two, 2);
    nest_init(&t);
    t.whole_max = 50;
    assert_int_equal(nest_run(&t, b.p, b.n), 0);
    assert_string_equal(t.log.p, "a.txt||alpha\ndir/b.txt||bravo\n");
    nest_free(&t);
    pl_buf_release(&b);
}

static void zip_behind_a_script(void **state)
{
    struct pl_buf z = { 0 }, b = { 0 };
    struct nest t;
    (void)state;
    make(&z, ARCHIVE_FORMAT_ZIP, NULL, two, 2);
    pl_buf_puts(&b, "#!/usr/bin/env python3\n");
    pl_buf_putn(&b, z.p, z.n);
    nest_init(&t);
    assert_int_equal(nest_run(&t, b.p, b.n), 0);
    assert_string_equal(t.log.p, "a.txt||alpha\ndir/b.txt||bravo\n");
    nest_free(&t);
    nest_init(&t);
    t.whole_max = 100;
    assert_int_equal(nest_run(&t, b.p, b.n), 0);
    assert_string_equal(t.log.p, "a.txt||alpha\ndir/b.txt||bravo\n");
    nest_free(&t);
    pl_buf_release(&z);
    pl_buf_release(&b);
}

/* Bytes of the first member's local header up to its data's end, put before the archive of another:
 * the directory does not know it. */
static void zip_member_outside_the_directory(void **state)
{
    struct pl_buf hidden = { 0 }, shown = { 0 }, b = { 0 };
    struct nest t;
    const struct file h[] = { TEXT("hidden.txt", "hotel") };
    (void)state;
    make(&hidden, ARCHIVE_FORMAT_ZIP, "zip:compression=store", h, 1);
    make(&shown, ARCHIVE_FORMAT_ZIP, "zip:compression=store", two, 2);
    char *dir = memmem(hidden.p, hidden.n, "PK\1\2", 4);
    assert_non_null(dir);
    pl_buf_putn(&b, hidden.p, (size_t)(dir - hidden.p));
    pl_buf_putn(&b, shown.p, shown.n);
    nest_init(&t);
    assert_int_equal(nest_run(&t, b.p, b.n), 0);
    assert_has(t.log, "a.txt||alpha\n");
    assert_has(t.log, "dir/b.txt||bravo\n");
    assert_has(t.log, "hidden.txt|not in the central directory|hotel\n");
    nest_free(&t);
    pl_buf_release(&hidden);
    pl_buf_release(&shown);
    pl_buf_release(&b);
}

static void zip_without_directory_is_noted(void **state)
{
    struct pl_buf b = { 0 };
    struct nest t;
    (void)state;
    make(&b, ARCHIVE_FORMAT_ZIP, NULL, two, 2);
    char *dir = memmem(b.p, b.n, "PK\1\2", 4);
    nest_init(&t);
    assert_int_equal(nest_run(&t, b.p, (size_t)(dir - b.p)), 0);
    assert_has(t.log, "a.txt||alpha\n");
    assert_has(t.log, "dir/b.txt||bravo\n");
    assert_has(t.log, "!nested-damaged|");
    nest_free(&t);
    pl_buf_release(&b);
}

static void zip_encrypted_member_is_noted(void **state)
{
    struct pl_buf b = { 0 };
    struct nest t;
    (void)state;
    make(&b, ARCHIVE_FORMAT_ZIP, "zip:compression=store", two, 2);
    for (char *p = b.p; (p = memmem(p, b.n - (size_t)(p - b.p), "PK", 2)); p++) {
        if (p[2] == 3 && p[3] == 4)
            p[6] |= 1;
        if (p[2] == 1 && p[3] == 2)
            p[8] |= 1;
    }
    nest_init(&t);
    assert_int_equal(nest_run(&t, b.p, b.n), 0);
    assert_has(t.log, "!encrypted|a.txt|");
    assert_has(t.log, "!encrypted|dir/b.txt|");
    nest_free(&t);
    pl_buf_release(&b);
}

static void zip_unknown_method_is_noted_and_the_rest_read(void **state)
{
    struct pl_buf b = { 0 };
    struct nest t;
    (void)state;
    make(&b, ARCHIVE_FORMAT_ZIP, "zip:compression=store", two, 2);
    b.p[8] = 77;
    char *dir = memmem(b.p, b.n, "PK\1\2", 4);
    dir[10] = 77;
    nest_init(&t);
    assert_int_equal(nest_run(&t, b.p, b.n), 0);
    assert_has(t.log, "!unknown-codec|a.txt|");
    assert_has(t.log, "dir/b.txt||bravo\n");
    nest_free(&t);
    pl_buf_release(&b);
}

static void zip_by_name_only_is_nothing(void **state)
{
    struct nest t;
    (void)state;
    nest_init(&t);
    t.path = "readme.zip";
    assert_int_equal(nest_run(&t, "no zip at all", 13), 0);
    assert_int_equal(t.members + t.notes, 0);
    nest_free(&t);
    nest_init(&t);
    assert_int_equal(nest_run(&t, "PK\3\4 but nothing else follows", 30), 0);
    assert_has(t.log, "!nested-damaged|");
    nest_free(&t);
}

static void damaged_deflate_is_noted(void **state)
{
    struct pl_buf b = { 0 };
    struct nest t;
    static char big[5000];
    const struct file f[] = { { "big", big, sizeof big }, TEXT("after", "alpha") };
    (void)state;
    for (size_t i = 0; i < sizeof big; i++)
        big[i] = (char)(i * i >> 3);
    make(&b, ARCHIVE_FORMAT_ZIP, NULL, f, 2);
    memset(b.p + 200, 0x55, 60);
    nest_init(&t);
    assert_int_equal(nest_run(&t, b.p, b.n), 0);
    assert_has(t.log, "!nested-damaged|big|");
    assert_has(t.log, "after||alpha\n");
    nest_free(&t);
    pl_buf_release(&b);
}

static void tgz_is_a_stream_of_a_tar(void **state)
{
    struct pl_buf tar = { 0 }, b = { 0 };
    struct nest t;
    (void)state;
    make(&tar, ARCHIVE_FORMAT_TAR_USTAR, NULL, two, 2);
    gz(&b, tar.p, tar.n, NULL);
    nest_init(&t);
    t.depth = 1;
    t.path = "tmp/x.tgz";
    assert_int_equal(nest_run(&t, b.p, b.n), 0);
    assert_string_equal(t.log.p, "x.tar||>\na.txt||alpha\ndir/b.txt||bravo\n");
    nest_free(&t);
    pl_buf_release(&tar);
    pl_buf_release(&b);
}

static void tar_members_and_damage(void **state)
{
    struct pl_buf tar = { 0 };
    struct nest t;
    (void)state;
    make(&tar, ARCHIVE_FORMAT_TAR_USTAR, NULL, two, 2);
    nest_init(&t);
    t.no_body = true;
    assert_int_equal(nest_run(&t, tar.p, tar.n), 0);
    assert_string_equal(t.log.p, "a.txt||\ndir/b.txt||\n");
    nest_free(&t);
    tar.p[1024 + 3] ^= 1;
    nest_init(&t);
    assert_int_equal(nest_run(&t, tar.p, tar.n), 0);
    assert_has(t.log, "a.txt||alpha\n");
    assert_has(t.log, "!nested-damaged|");
    nest_free(&t);
    pl_buf_release(&tar);
}

static void stream_names(void **state)
{
    static const struct {
        const char *path, *in_header, *want;
    } cases[] = { { "doc/man.1.gz", "other", "man.1||text\n" },
                  { "doc/blob", "inner.txt", "inner.txt||text\n" },
                  { "doc/blob", NULL, "blob||text\n" },
                  { "x.TGZ", NULL, "x.tar||text\n" },
                  { ".gz", NULL, ".gz||text\n" } };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct pl_buf b = { 0 };
        struct nest t;
        gz(&b, "text", 4, cases[i].in_header);
        nest_init(&t);
        t.path = cases[i].path;
        assert_int_equal(nest_run(&t, b.p, b.n), 0);
        assert_string_equal(t.log.p, cases[i].want);
        nest_free(&t);
        pl_buf_release(&b);
    }
}

static void zstd_stream(void **state)
{
    char out[256];
    struct nest t;
    (void)state;
    size_t n = ZSTD_compress(out, sizeof out, "zulu", 4, 3);
    nest_init(&t);
    t.path = "a.zst";
    assert_int_equal(nest_run(&t, out, n), 0);
    assert_string_equal(t.log.p, "a||zulu\n");
    nest_free(&t);
    nest_init(&t); /* cut */
    assert_int_equal(nest_run(&t, out, n - 3), 0);
    assert_has(t.log, "!nested-damaged|");
    nest_free(&t);
}

/* libarchive calls a name that it cannot convert fatal when errno says ENOMEM, whoever said so. */
static void a_failure_before_does_not_end_the_process(void **state)
{
    const struct file f[] = { TEXT("zzzz", "text") };
    struct pl_buf zip = { 0 };
    struct nest t;
    (void)state;
    make(&zip, ARCHIVE_FORMAT_ZIP, NULL, f, 1);
    for (char *at; (at = memmem(zip.p, zip.n, "zzzz", 4));)
        memcpy(at, "ab\xe2\x82", 4);
    nest_init(&t);
    errno = ENOMEM;
    assert_int_equal(nest_run(&t, zip.p, zip.n), 0);
    assert_has(t.log, "|text");
    nest_free(&t);
    pl_buf_release(&zip);
}

static void a_damaged_lz4_is_noted(void **state)
{
    struct nest t;
    (void)state;
    nest_init(&t);
    assert_int_equal(nest_run(&t, "\x04\x22\x4d\x18\x64\x40\xa6", 7), 0);
    assert_has(t.log, "!nested-damaged|");
    nest_free(&t);
}

static void out_limit_stops_a_bomb(void **state)
{
    struct pl_buf b = { 0 };
    struct nest t;
    size_t n = 20u << 20;
    char *zeros = calloc(1, n);
    (void)state;
    gz(&b, zeros, n, NULL);
    nest_init(&t);
    t.limits.nested_out = 1 << 20;
    t.limits.nested_ratio = 10;
    assert_int_equal(nest_run(&t, b.p, b.n), 0);
    assert_int_equal(t.notes, 1);
    assert_has(t.log, "!nested-limit|");
    assert_has(t.log, "nested-out");
    assert_true(t.log.n < 4u << 20);
    nest_free(&t);
    pl_buf_release(&b);
    const struct file f[] = { { "bomb", zeros, 3u << 20 }, TEXT("after", "alpha") };
    make(&b, ARCHIVE_FORMAT_ZIP, NULL, f, 2);
    nest_init(&t);
    t.limits.nested_out = 1 << 20;
    t.limits.nested_ratio = 10;
    assert_int_equal(nest_run(&t, b.p, b.n), 0);
    assert_int_equal(t.notes, 1);
    assert_has(t.log, "!nested-limit|bomb|limit 'nested-out'");
    nest_free(&t);
    free(zeros);
    pl_buf_release(&b);
}

static void total_and_member_limits(void **state)
{
    struct pl_buf b = { 0 };
    struct nest t;
    (void)state;
    make(&b, ARCHIVE_FORMAT_CPIO_SVR4_NOCRC, NULL, two, 2);
    nest_init(&t);
    t.limits.nested_members = 1;
    assert_int_equal(nest_run(&t, b.p, b.n), 0);
    assert_has(t.log, "a.txt||alpha\n!nested-limit||limit 'nested-members'");
    assert_int_equal(t.members, 1);
    nest_free(&t);
    nest_init(&t);
    t.total = 1000;
    t.limits.nested_total = 1003;
    assert_int_equal(nest_run(&t, b.p, b.n), 0);
    assert_has(t.log, "!nested-limit|a.txt|limit 'nested-total'");
    assert_int_equal(t.members, 1);
    nest_free(&t);
    nest_init(&t);
    t.whole_max = 20;
    b.n = 0;
    make(&b, ARCHIVE_FORMAT_7ZIP, NULL, two, 2);
    assert_int_equal(nest_run(&t, b.p, b.n), 0);
    assert_string_equal(t.log.p, "!nested-limit||whole-file format above 20 bytes\n");
    nest_free(&t);
    pl_buf_release(&b);
}

static void cancel_and_broken_input(void **state)
{
    static const int formats[] = { ARCHIVE_FORMAT_ZIP, ARCHIVE_FORMAT_7ZIP,
                                   ARCHIVE_FORMAT_CPIO_SVR4_NOCRC, ARCHIVE_FORMAT_TAR_USTAR };
    (void)state;
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++) {
        struct pl_buf b = { 0 };
        struct nest t;
        struct pl_view v;
        struct pl_err err = { 0 };
        make(&b, formats[i], NULL, two, 2);
        nest_init(&t);
        t.cancel_at = 1;
        pl_view_mem_init(&v, b.p, b.n);
        assert_int_equal(nest_read(&t, &v, &err), PL_E_CANCEL);
        assert_int_equal(t.members, 1);
        nest_free(&t);
        for (size_t cut = b.n - 1; cut > 10; cut /= 2) {
            struct slow s;
            nest_init(&t);
            slow_init(&s, b.p, cut, 5, PL_E_IO);
            int r = nest_read(&t, &s.v, &err);
            /* tar may be complete before the padding of its last block */
            assert_true(r == PL_E_IO || (r == 0 && cut == b.n - 1) || r == 99);
            nest_free(&t);
        }
        pl_buf_release(&b);
    }
}

static void rpm_payload(void **state)
{
    static const uint8_t lead[96] = { 0xed, 0xab, 0xee, 0xdb, 3 };
    static const uint8_t head[16 + 16 + 3] = { 0x8e, 0xad, 0xe8, 1, [11] = 1, [15] = 3 };
    struct pl_buf cpio = { 0 }, b = { 0 };
    struct nest t;
    (void)state;
    make(&cpio, ARCHIVE_FORMAT_CPIO_SVR4_NOCRC, NULL, two, 2);
    pl_buf_putn(&b, lead, sizeof lead);
    pl_buf_putn(&b, head, sizeof head);
    pl_buf_putn(&b, "\0\0\0\0\0", 5); /* 19 bytes of data padded to 24 */
    pl_buf_putn(&b, head, sizeof head);
    size_t at = b.n;
    gz(&b, cpio.p, cpio.n, NULL);
    nest_init(&t);
    assert_int_equal(nest_run(&t, b.p, b.n), 0);
    assert_string_equal(t.log.p, "a.txt||alpha\ndir/b.txt||bravo\n");
    nest_free(&t);
    nest_init(&t); /* cut inside the compressed payload */
    assert_int_equal(nest_run(&t, b.p, b.n - 30), 0);
    assert_has(t.log, "!nested-damaged|");
    nest_free(&t);
    nest_init(&t); /* cut inside the headers */
    assert_int_equal(nest_run(&t, b.p, 120), 0);
    assert_has(t.log, "!nested-damaged|");
    nest_free(&t);
    b.n = at; /* payload not compressed */
    pl_buf_putn(&b, cpio.p, cpio.n);
    nest_init(&t);
    assert_int_equal(nest_run(&t, b.p, b.n), 0);
    assert_has(t.log, "dir/b.txt||bravo\n");
    nest_free(&t);
    b.n = at;
    pl_buf_putn(&b, "\x04\x22\x4d\x18\x64\x40\xa7", 7);
    nest_init(&t);
    assert_int_equal(nest_run(&t, b.p, b.n), 0);
    assert_has(t.log, "!nested-damaged|");
    nest_free(&t);
    pl_buf_release(&cpio);
    pl_buf_release(&b);
}

static void broken_input_of_streams(void **state)
{
    static const uint8_t lead[96] = { 0xed, 0xab, 0xee, 0xdb, 3 };
    static const uint8_t head[19 + 16] = { 0x8e, 0xad, 0xe8, 1, [11] = 1, [15] = 3 };
    struct pl_buf b = { 0 }, z = { 0 };
    (void)state;
    gz(&z, "some text that is a little longer", 33, "name");
    pl_buf_putn(&b, lead, sizeof lead);
    pl_buf_putn(&b, head, sizeof head);
    pl_buf_putn(&b, "\0\0\0\0\0", 5);
    pl_buf_putn(&b, head, sizeof head);
    pl_buf_putn(&b, z.p, z.n);
    for (size_t cut = 20; cut < b.n; cut++) {
        struct nest t;
        struct slow s;
        nest_init(&t);
        slow_init(&s, b.p, cut, 9, PL_E_IO);
        assert_int_equal(nest_read(&t, &s.v, NULL), PL_E_IO);
        nest_free(&t);
        if (cut >= z.n)
            continue;
        nest_init(&t);
        slow_init(&s, z.p, cut, 9, PL_E_IO);
        assert_int_equal(nest_read(&t, &s.v, NULL), PL_E_IO);
        nest_free(&t);
    }
    pl_buf_release(&b);
    pl_buf_release(&z);
}

static void tar_of_other_things(void **state)
{
    const struct file f[] = { { "dir/", NULL, 0 }, TEXT("dir/a", "alpha") };
    struct pl_buf tar = { 0 };
    struct nest t;
    (void)state;
    make(&tar, ARCHIVE_FORMAT_TAR_USTAR, NULL, f, 2);
    nest_init(&t);
    assert_int_equal(nest_run(&t, tar.p, tar.n), 0);
    assert_string_equal(t.log.p, "dir||-\ndir/a||alpha\n");
    nest_free(&t);
    nest_init(&t); /* no end mark: the reader of tars has a note of its own for that */
    assert_int_equal(nest_run(&t, tar.p, 1536), 0);
    assert_has(t.log, "dir/a||alpha\n");
    assert_int_equal(t.notes, 1);
    nest_free(&t);
    pl_buf_release(&tar);
}

/* A directory that says nonsense: libarchive or the walk from the front must still see the members,
 * and it must be noted. */
static void zip_with_a_wrong_directory(void **state)
{
    (void)state;
    for (int what = 0; what < 4; what++) {
        struct pl_buf b = { 0 };
        struct nest t;
        make(&b, ARCHIVE_FORMAT_ZIP, NULL, two, 2);
        char *dir = memmem(b.p, b.n, "PK\1\2", 4), *end = memmem(b.p, b.n, "PK\5\6", 4);
        if (what == 0)
            memset(end + 16, 0xff, 4); /* offset of the directory */
        else if (what == 1)
            memset(end + 12, 0xff, 4); /* its size */
        else if (what == 2)
            dir[28] = dir[29] = (char)0xff; /* length of a name */
        else
            memset(dir + 42, 0xee, 4); /* place of a member */
        nest_init(&t);
        assert_int_equal(nest_run(&t, b.p, b.n), 0);
        assert_has(t.log, "a.txt|");
        assert_has(t.log, "|alpha\n");
        assert_has(t.log, "|bravo\n");
        nest_free(&t);
        pl_buf_release(&b);
    }
}

static void zip_signature_in_a_gap_is_no_member(void **state)
{
    struct pl_buf z = { 0 }, b = { 0 };
    struct nest t;
    (void)state;
    make(&z, ARCHIVE_FORMAT_ZIP, NULL, two, 2);
    pl_buf_puts(&b,
                "#!/bin/sh\nexec java -jar \"$0\" PK\3\4 is how members begin, and so on and on\n");
    pl_buf_putn(&b, z.p, z.n);
    nest_init(&t);
    assert_int_equal(nest_run(&t, b.p, b.n), 0);
    assert_string_equal(t.log.p, "a.txt||alpha\ndir/b.txt||bravo\n");
    nest_free(&t);
    pl_buf_release(&z);
    pl_buf_release(&b);
}

static void names_keep_their_bytes(void **state)
{
    const struct file f[] = { TEXT("\xc3\xa4\xe2\x82\xac.txt", "alpha") };
    struct pl_buf b = { 0 };
    struct nest t;
    (void)state;
    make(&b, ARCHIVE_FORMAT_CPIO_SVR4_NOCRC, NULL, f, 1);
    nest_init(&t);
    assert_int_equal(nest_run(&t, b.p, b.n), 0);
    assert_string_equal(t.log.p, "\xc3\xa4\xe2\x82\xac.txt||alpha\n");
    nest_free(&t);
    pl_buf_release(&b);
}

/* Everything the libraries want of the file system was fetched by pl_nested_init; a call that looks
 * again would kill the child. */
static void members_are_read_behind_the_sandbox(void **state)
{
    static const int formats[] = { ARCHIVE_FORMAT_ZIP, ARCHIVE_FORMAT_7ZIP,
                                   ARCHIVE_FORMAT_CPIO_SVR4_NOCRC,
                                   ARCHIVE_FORMAT_TAR_PAX_RESTRICTED };
    const struct file f[] = { TEXT("dir/\xc3\xa4.txt", "alpha"), TEXT("b.txt", "bravo") };
    (void)state;
    if (SANITIZED) {
        print_message("skip: test_nested: the sandbox has no room for sanitizers\n");
        return;
    }
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++) {
        struct pl_buf b = { 0 };
        int status = 0;
        make(&b, formats[i], NULL, f, 2);
        pid_t pid = fork();
        if (pid == 0) {
            struct pl_sandbox_opts o = { .mode = PL_SANDBOX_AUTO };
            struct nest t;
            nest_init(&t);
            _exit(pl_sandbox_enter(&o, NULL) < 0 || nest_run(&t, b.p, b.n) != 0 || t.notes ||
                  !memmem(t.log.p, t.log.n, "||bravo", 7));
        }
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_int_equal(status, 0);
        pl_buf_release(&b);
    }
}

static void plain_files_are_no_containers(void **state)
{
    static const char *const texts[] = { "hello", "MZ", "BM",     "0707",        "\177ELF", "P",
                                         "\x1f",  "x",  "SQLite", "#!/bin/sh\n", "" };
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        uint8_t p[512] = { 0 };
        size_t n = strlen(texts[i]);
        memcpy(p, texts[i], n);
        assert_null(pl_nested_probe(p, n, PL_S("usr/bin/x")));
        assert_null(pl_nested_probe(p, sizeof p, PL_S("usr/bin/x")));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(zip_members),
        cmocka_unit_test(sevenzip_members),
        cmocka_unit_test(cpio_members),
        cmocka_unit_test(iso_members),
        cmocka_unit_test(ar_members),
        cmocka_unit_test(jar_in_jar),
        cmocka_unit_test(zip_above_the_buffer_is_streamed),
        cmocka_unit_test(zip_behind_a_script),
        cmocka_unit_test(zip_member_outside_the_directory),
        cmocka_unit_test(zip_without_directory_is_noted),
        cmocka_unit_test(zip_encrypted_member_is_noted),
        cmocka_unit_test(zip_unknown_method_is_noted_and_the_rest_read),
        cmocka_unit_test(zip_by_name_only_is_nothing),
        cmocka_unit_test(damaged_deflate_is_noted),
        cmocka_unit_test(tgz_is_a_stream_of_a_tar),
        cmocka_unit_test(tar_members_and_damage),
        cmocka_unit_test(stream_names),
        cmocka_unit_test(zstd_stream),
        cmocka_unit_test(a_failure_before_does_not_end_the_process),
        cmocka_unit_test(a_damaged_lz4_is_noted),
        cmocka_unit_test(out_limit_stops_a_bomb),
        cmocka_unit_test(total_and_member_limits),
        cmocka_unit_test(cancel_and_broken_input),
        cmocka_unit_test(rpm_payload),
        cmocka_unit_test(broken_input_of_streams),
        cmocka_unit_test(tar_of_other_things),
        cmocka_unit_test(zip_with_a_wrong_directory),
        cmocka_unit_test(zip_signature_in_a_gap_is_no_member),
        cmocka_unit_test(names_keep_their_bytes),
        cmocka_unit_test(members_are_read_behind_the_sandbox),
        cmocka_unit_test(plain_files_are_no_containers),
    };
    pl_nested_init();
    return cmocka_run_group_tests_name("nested", tests, NULL, NULL);
}
