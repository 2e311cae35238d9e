/* Records of PAX extended headers: POSIX.1-2017 "pax Header", with the keys of GNU, star (SCHILY)
 * and libarchive. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "io/tar_int.h"

int pl_pax_next(struct pl_str *rest, struct pl_str *ret_key, struct pl_str *ret_value)
{
    if (rest->n == 0)
        return 0;
    size_t digits = 0, len = 0;
    while (digits < rest->n && digits < 9 && rest->p[digits] >= '0' && rest->p[digits] <= '9')
        len = len * 10 + (size_t)(rest->p[digits++] - '0');
    /* "9 k=v\n" is the shortest form: the length counts itself, the blank and the newline */
    if (digits == 0 || len > rest->n || len < digits + 3 || rest->p[digits] != ' ' ||
        rest->p[len - 1] != '\n')
        return -1;
    struct pl_str rec = { rest->p + digits + 1, len - digits - 2 };
    const char *eq = memchr(rec.p, '=', rec.n);
    if (!eq || eq == rec.p)
        return -1;
    *ret_key = (struct pl_str){ rec.p, (size_t)(eq - rec.p) };
    *ret_value = (struct pl_str){ eq + 1, rec.n - ret_key->n - 1 };
    *rest = (struct pl_str){ rest->p + len, rest->n - len };
    return 1;
}

/* Seconds with a fraction, to nanoseconds; false when it is none or out of range. */
static bool time_ns(struct pl_str s, int64_t *ret)
{
    bool minus = s.n > 0 && s.p[0] == '-';
    if (minus)
        s = pl_str_sub(s, 1, s.n);
    struct pl_str whole;
    uint64_t sec;
    if (!pl_str_split(&s, '.', &whole) || !pl_str_u64(whole, &sec) || sec > INT64_MAX / 1000000000)
        return false;
    int64_t ns = (int64_t)sec * 1000000000, unit = 100000000;
    for (size_t i = 0; i < s.n; i++, unit /= 10) {
        if (s.p[i] < '0' || s.p[i] > '9' || (unit > 0 && ns > INT64_MAX - 9 * unit))
            return false;
        ns += (s.p[i] - '0') * unit;
    }
    *ret = minus ? -ns : ns;
    return true;
}

static void put_size(struct pl_pax *x, unsigned bit, int64_t *at, struct pl_str value)
{
    uint64_t v;
    if (!pl_str_u64(value, &v) || v > INT64_MAX) {
        x->has |= PL_PAX_BAD_SIZE;
        return;
    }
    x->has |= bit;
    *at = (int64_t)v;
}

static void put_id(struct pl_pax *x, unsigned bit, uint32_t *at, struct pl_str value)
{
    uint64_t v;
    if (!pl_str_u64(value, &v) || v > UINT32_MAX) {
        x->has |= PL_PAX_BAD_OTHER;
        return;
    }
    x->has |= bit;
    *at = (uint32_t)v;
}

static void put_text(struct pl_pax *x, unsigned bit, struct pl_str *at, struct pl_str value)
{
    x->has |= bit;
    *at = value;
}

static void put_version(struct pl_pax *x, unsigned bit, uint64_t *at, struct pl_str value)
{
    if (!pl_str_u64(value, at))
        *at = UINT64_MAX; /* a version nobody knows */
    x->has |= bit;
}

static void put_mtime(struct pl_pax *x, struct pl_str value)
{
    x->has |= time_ns(value, &x->mtime_ns) ? PL_PAX_MTIME : PL_PAX_BAD_OTHER;
}

enum key {
    K_PATH,
    K_LINK,
    K_SIZE,
    K_UID,
    K_GID,
    K_MTIME,
    K_SIZE_GNU,
    K_REALSIZE,
    K_MAP,
    K_OFFSET,
    K_NUMBYTES,
    K_MAJOR,
    K_MINOR,
    K_NAME,
    K_NUMBER, /* other keys that hold a number */
    K_OTHER,
};

static const struct {
    const char *key;
    enum key id;
    unsigned bit;
} keys[] = {
    { "path", K_PATH, PL_PAX_PATH },
    { "linkpath", K_LINK, PL_PAX_LINK },
    { "size", K_SIZE, PL_PAX_SIZE },
    { "uid", K_UID, PL_PAX_UID },
    { "gid", K_GID, PL_PAX_GID },
    { "mtime", K_MTIME, PL_PAX_MTIME },
    { "atime", K_NUMBER, 0 },
    { "ctime", K_NUMBER, 0 },
    { "GNU.sparse.size", K_SIZE_GNU, PL_PAX_REALSIZE },
    { "GNU.sparse.realsize", K_REALSIZE, PL_PAX_REALSIZE },
    { "GNU.sparse.map", K_MAP, PL_PAX_MAP },
    { "GNU.sparse.offset", K_OFFSET, PL_PAX_PAIRS },
    { "GNU.sparse.numbytes", K_NUMBYTES, PL_PAX_PAIRS },
    { "GNU.sparse.major", K_MAJOR, PL_PAX_MAJOR },
    { "GNU.sparse.minor", K_MINOR, PL_PAX_MINOR },
    { "GNU.sparse.name", K_NAME, PL_PAX_SPARSE_NAME },
    { "GNU.sparse.numblocks", K_NUMBER, 0 },
    { "SCHILY.dev", K_NUMBER, 0 },
    { "SCHILY.ino", K_NUMBER, 0 },
    { "SCHILY.nlink", K_NUMBER, 0 },
    { "SCHILY.realsize", K_NUMBER, 0 },
    { "LIBARCHIVE.creationtime", K_NUMBER, 0 },
};

static enum key find(struct pl_str key, unsigned *ret_bit)
{
    *ret_bit = 0;
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        if (pl_str_is(key, keys[i].key)) {
            *ret_bit = keys[i].bit;
            return keys[i].id;
        }
    }
    return K_OTHER;
}

static bool is_overlay(struct pl_str key)
{
    return pl_str_starts(key, PL_S("SCHILY.xattr.trusted.overlay.")) ||
           pl_str_starts(key, PL_S("SCHILY.xattr.user.overlay."));
}

void pl_pax_apply(struct pl_pax *x, struct pl_str key, struct pl_str value)
{
    unsigned bit;
    enum key id = find(key, &bit);
    if (value.n == 0) { /* takes back what was said before */
        x->has &= ~bit;
        return;
    }
    switch (id) {
    case K_PATH:
        put_text(x, bit, &x->path, value);
        break;
    case K_LINK:
        put_text(x, bit, &x->link, value);
        break;
    case K_MAP:
        put_text(x, bit, &x->map, value);
        break;
    case K_NAME:
        put_text(x, bit, &x->sparse_name, value);
        break;
    case K_SIZE:
        put_size(x, bit, &x->size, value);
        break;
    case K_SIZE_GNU:
    case K_REALSIZE:
        put_size(x, bit, &x->realsize, value);
        break;
    case K_UID:
        put_id(x, bit, &x->uid, value);
        break;
    case K_GID:
        put_id(x, bit, &x->gid, value);
        break;
    case K_MAJOR:
        put_version(x, bit, &x->major, value);
        break;
    case K_MINOR:
        put_version(x, bit, &x->minor, value);
        break;
    case K_MTIME:
        put_mtime(x, value);
        break;
    case K_OFFSET:
    case K_NUMBYTES:
        x->has |= bit;
        break;
    case K_NUMBER:
        break;
    case K_OTHER:
        x->has |= is_overlay(key) ? PL_PAX_OVERLAY : 0;
        break;
    }
}

static bool only(struct pl_str s, const char *chars)
{
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] == 0 || !strchr(chars, s.p[i]))
            return false;
    }
    return true;
}

bool pl_pax_is_plain(struct pl_str key, struct pl_str value)
{
    unsigned bit;
    switch (find(key, &bit)) {
    case K_PATH:
    case K_LINK:
    case K_NAME:
        return false;
    case K_MAP:
        return only(value, "0123456789,");
    case K_OTHER:
        return pl_str_is(key, "hdrcharset") &&
               (pl_str_is(value, "BINARY") || pl_str_is(value, "ISO-IR 10646 2000 UTF-8"));
    default:
        return value.n <= 40 && only(value, "0123456789.-");
    }
}

int pl_pax_pair(struct pl_str key)
{
    unsigned bit;
    enum key id = find(key, &bit);
    return id == K_OFFSET ? 1 : id == K_NUMBYTES ? 2 : 0;
}

static int digit64(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

/* Base64, with or without padding; an empty view when it is none. */
static struct pl_str decode64(struct pl_arena *a, struct pl_str in)
{
    while (in.n > 0 && in.p[in.n - 1] == '=')
        in.n--;
    char *out = pl_alloc(a, in.n + 1);
    size_t n = 0;
    uint32_t acc = 0;
    for (size_t i = 0; i < in.n; i++) {
        int d = digit64(in.p[i]);
        if (d < 0)
            return pl_str_c(NULL);
        acc = acc << 6 | (uint32_t)d;
        if (i % 4 != 0)
            out[n++] = (char)(acc >> (6 - 2 * (i % 4)) & 0xff);
    }
    return pl_str_n(out, n);
}

bool pl_pax_xattr(struct pl_arena *a, struct pl_str key, struct pl_str value,
                  struct pl_str *ret_name, struct pl_str *ret_value)
{
    struct pl_str star = PL_S("SCHILY.xattr."), bsd = PL_S("LIBARCHIVE.xattr.");
    if (pl_str_starts(key, star)) {
        *ret_name = pl_str_sub(key, star.n, key.n);
        *ret_value = value;
        return true;
    }
    if (!pl_str_starts(key, bsd))
        return false;
    *ret_name = pl_str_sub(key, bsd.n, key.n);
    *ret_value = decode64(a, value);
    return ret_value->n > 0;
}
