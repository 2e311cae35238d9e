/* First bytes of files that are not searched, and names of archives. secrets.md section 4.1. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "compat/gl_chunk.h"

#define AT_MOST 64u /* zstd skippable frames in a row */

/* Magic at an offset; the file must be at least `least` bytes. */
struct magic {
    uint16_t off;
    uint16_t least;
    uint8_t n;
    char bytes[10];
};

static const struct magic magics[] = {
    { 0, 8, 8, "\0asm\1\0\0\0" },
    { 257, 262, 5, "ustar" },
    { 0, 7, 6, "Rar!\x1a\7" }, /* the seventh byte is 0 or 1, see below */
    { 0, 3, 3, "\x1f\x8b\x08" },
    { 0, 3, 3, "BZh" },
    { 0, 6, 6, "7z\xbc\xaf\x27\x1c" },
    { 0, 6, 6,
      "\xfd"
      "7zXZ\0" },
    { 0, 4, 4, "%PDF" },
    { 0, 2, 2, "MZ" },
    { 0, 3, 3, "CWS" },
    { 0, 3, 3, "FWS" },
    { 0, 5, 5, "{\\rtf" },
    { 0, 2, 2, "%!" },
    { 0, 4, 4, "SQLi" },
    { 0, 4, 4, "NES\x1a" },
    { 0, 4, 4, "Cr24" },
    { 0, 4, 4, "MSCF" },
    { 0, 4, 4, "ISc(" },
    { 0, 7, 7, "!<arch>" },
    { 0, 2, 2, "\x1f\xa0" },
    { 0, 2, 2, "\x1f\x9d" },
    { 0, 4, 4, "LZIP" },
    { 0, 97, 4, "\xed\xab\xee\xdb" },
    { 0, 53, 4,
      "\x7f"
      "ELF" },
    { 128, 132, 4, "DICM" },
    { 32769, 32774, 5, "CD001" },
    { 0, 4, 4, "\xfe\xed\xfa\xcf" },
    { 0, 4, 4, "\xfe\xed\xfa\xce" },
    { 0, 4, 4, "\xbe\xba\xfe\xca" },
    { 0, 4, 4, "\xcf\xfa\xed\xfe" },
    { 0, 4, 4, "\xce\xfa\xed\xfe" },
    { 0, 4, 4, "\xca\xfe\xba\xbe" },
    { 0, 8, 8, "wOFF\0\1\0\0" },
    { 0, 8, 8, "wOF2\0\1\0\0" },
    { 0, 5, 5, "\0\1\0\0\0" },
    { 0, 5, 5, "OTTO\0" },
};

static bool has(struct pl_str s, size_t off, const void *bytes, size_t n)
{
    return off <= s.n && n <= s.n - off && memcmp(s.p + off, bytes, n) == 0;
}

static bool is_zip(struct pl_str s)
{
    if (s.n < 4 || s.p[0] != 'P' || s.p[1] != 'K')
        return false;
    return (s.p[2] == 3 || s.p[2] == 5 || s.p[2] == 7) &&
           (s.p[3] == 4 || s.p[3] == 6 || s.p[3] == 8);
}

static bool is_dex(struct pl_str s)
{
    return s.n > 36 && has(s, 0, "dex\n", 4) && s.p[36] == 'p';
}

static bool is_dey(struct pl_str s)
{
    return s.n > 100 && has(s, 0, "dey\n", 4) && is_dex(pl_str_sub(s, 40, 60));
}

static bool is_eot(struct pl_str s)
{
    return s.n > 35 && has(s, 34, "LP", 2) &&
           (has(s, 8, "\2\0\1", 3) || has(s, 8, "\1\0\0", 3) || has(s, 8, "\2\0\2", 3));
}

/* An OLE file: short ones by the head, longer ones by the first stream's head as well. */
static bool is_ole(struct pl_str s)
{
    if (!has(s, 0, "\xd0\xcf\x11\xe0", 4))
        return false;
    return s.n <= 513 || has(s, 512, "\xec\xa5", 2) || has(s, 512, "\x09\x08", 2) ||
           has(s, 512, "\xa0\x46", 2);
}

static bool is_zstd(struct pl_str s)
{
    for (unsigned i = 0; i < AT_MOST; i++) {
        if (has(s, 0, "\x28\xb5\x2f\xfd", 4))
            return true;
        if (s.n < 8 || (s.p[0] & 0xf0) != 0x50 || !has(s, 1, "\x2a\x4d\x18", 3))
            return false;
        size_t skip = 0;
        for (size_t k = 0; k < 4; k++)
            skip |= (size_t)(unsigned char)s.p[4 + k] << (8 * k);
        if (s.n < 8 + skip)
            return false;
        s = pl_str_sub(s, 8 + skip, SIZE_MAX);
    }
    return false;
}

bool pl_gl_is_application(struct pl_str s)
{
    for (size_t i = 0; i < sizeof magics / sizeof *magics; i++) {
        const struct magic *m = &magics[i];
        if (s.n < m->least || !has(s, m->off, m->bytes, m->n))
            continue;
        if (m->bytes[0] != 'R' || m->off || s.p[6] == 0 || s.p[6] == 1)
            return true;
    }
    return is_zip(s) || is_dex(s) || is_dey(s) || is_eot(s) || is_ole(s) || is_zstd(s);
}

static bool holds(struct pl_str name, const char *ext)
{
    struct pl_str e = pl_str_c(ext);
    for (size_t i = 0; i + e.n <= name.n; i++)
        if (pl_str_ieq(pl_str_sub(name, i, e.n), e))
            return true;
    return false;
}

/* Endings that make an archive, anywhere in the last part of a path; two of them at its end only.
 */
static const struct {
    const char *ext, *id;
    bool squeezed, last;
} kinds[] = {
    { ".zip", "zip", false, false },  { ".7z", "7z", false, false },
    { ".rar", "rar", false, false },  { ".tar", "tar", false, false },
    { ".gz", "gzip", true, false },   { ".bz2", "bzip2", true, false },
    { ".xz", "xz", true, false },     { ".zst", "zstd", true, false },
    { ".lz4", "lz4", true, false },   { ".sz", "snappy", true, false },
    { ".s2", "snappy", true, false }, { ".lz", "lzip", true, true },
    { ".mz", "snappy", true, true },  { ".zz", "zlib", true, false },
    { ".br", "brotli", true, false },
};

static struct pl_str last_part(struct pl_str path)
{
    size_t from = path.n;
    while (from > 0 && path.p[from - 1] != '/')
        from--;
    return pl_str_sub(path, from, SIZE_MAX);
}

const char *pl_gl_archive_kind(struct pl_str path, bool squeezed, size_t *at)
{
    struct pl_str name = last_part(path);
    while (*at < sizeof kinds / sizeof *kinds) {
        size_t i = (*at)++;
        if (kinds[i].squeezed == squeezed &&
            (kinds[i].last ? pl_str_iends(name, pl_str_c(kinds[i].ext))
                           : holds(name, kinds[i].ext)))
            return kinds[i].id;
    }
    return NULL;
}

enum pl_gl_archive pl_gl_archive_name(struct pl_str path)
{
    size_t box = 0, squeezed = 0;
    bool is_box = pl_gl_archive_kind(path, false, &box);
    if (pl_gl_archive_kind(path, true, &squeezed))
        return is_box ? PL_GL_COMPRESSED_CONTAINER : PL_GL_COMPRESSED;
    return is_box ? PL_GL_CONTAINER : PL_GL_PLAIN;
}
