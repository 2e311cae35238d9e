/* One tar header block: POSIX.1-2017 "ustar Interchange Format", GNU tar manual "Basic Tar Format",
 * and the layouts before and beside them. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "io/tar_int.h"

/* Where fields stand. */
enum {
    NAME = 0,
    MODE = 100,
    UID = 108,
    GID = 116,
    SIZE = 124,
    MTIME = 136,
    SUM = 148,
    TYPE = 156,
    LINK = 157,
    MAGIC = 257,
    UNAME = 265,
    GNAME = 297,
    DEVICE = 329,    /* major and minor, 8 bytes each */
    PREFIX = 345,    /* GNU: times and an offset, 12 bytes each */
    GNU_NAMES = 381, /* and one byte unused */
    GNU_SPARSE = 386,
    GNU_TAIL = 495,
    STAR_TIMES = 476,
    USTAR_TAIL = 500,
    STAR_MAGIC = 508,
};

static bool base256(const uint8_t *p, size_t n, int64_t *ret)
{
    uint64_t fill = p[0] & 0x40 ? UINT64_MAX : 0, v = fill;
    for (size_t i = 0; i < n; i++) {
        uint8_t c = i > 0 ? p[i] : (uint8_t)((p[0] & 0x7f) | (fill & 0x80));
        if (v >> 55 != fill >> 55) /* the sign would be shifted away */
            return false;
        v = v << 8 | c;
    }
    *ret = (int64_t)v;
    return true;
}

bool pl_tar_number(const uint8_t *p, size_t n, int64_t *ret)
{
    if (p[0] & 0x80)
        return base256(p, n, ret);
    size_t i = 0;
    uint64_t v = 0;
    while (i < n && (p[i] == ' ' || p[i] == 0))
        i++;
    for (; i < n && p[i] >= '0' && p[i] <= '7'; i++)
        v = v << 3 | (p[i] - '0'); /* fields have at most 12 digits */
    if (i < n && p[i] != ' ' && p[i] != 0)
        return false;
    *ret = (int64_t)v;
    return true;
}

static uint32_t number32(const uint8_t *p, unsigned bit, unsigned *bad)
{
    int64_t v;
    if (!pl_tar_number(p, 8, &v) || v < 0 || v > UINT32_MAX) {
        *bad |= bit;
        return 0;
    }
    return (uint32_t)v;
}

static int64_t number64(const uint8_t *p, unsigned bit, unsigned *bad)
{
    int64_t v;
    if (!pl_tar_number(p, 12, &v)) {
        *bad |= bit;
        return 0;
    }
    return v;
}

/* Is the checksum right? It counts its own field as eight blanks. */
static bool check_sum(const uint8_t *b, bool *ret_signed)
{
    int64_t said;
    if (b[SUM] & 0x80 || pl_tar_zero(b + SUM, 8) || !pl_tar_number(b + SUM, 8, &said))
        return false;
    uint32_t sum = 8 * ' ', high = 0;
    for (size_t i = 0; i < PL_TAR_BLOCK; i++)
        sum += b[i];
    for (size_t i = SUM; i < SUM + 8; i++)
        sum -= b[i];
    *ret_signed = false;
    if (said == sum)
        return true;
    for (size_t i = 0; i < PL_TAR_BLOCK; i++)
        high += b[i] >> 7;
    *ret_signed = true;
    return said == (int64_t)sum - 256 * (int64_t)high;
}

static struct pl_str text(const uint8_t *p, size_t n)
{
    return pl_str_n(p, strnlen((const char *)p, n));
}

static enum pl_tar_layout layout(const uint8_t *b)
{
    if (memcmp(b + MAGIC, "ustar  ", 8) == 0)
        return PL_TAR_GNU;
    if (memcmp(b + MAGIC, "ustar", 6) != 0)
        return PL_TAR_V7;
    return memcmp(b + STAR_MAGIC, "tar", 4) == 0 ? PL_TAR_STAR : PL_TAR_USTAR;
}

bool pl_tar_head_parse(const uint8_t *b, struct pl_tar_head *ret)
{
    struct pl_tar_head h = { .layout = layout(b), .type = b[TYPE] };
    if (!check_sum(b, &h.signed_sum))
        return false;
    h.mode = number32(b + MODE, PL_TAR_BAD_MODE, &h.bad);
    h.uid = number32(b + UID, PL_TAR_BAD_UID, &h.bad);
    h.gid = number32(b + GID, PL_TAR_BAD_GID, &h.bad);
    h.size = number64(b + SIZE, PL_TAR_BAD_SIZE, &h.bad);
    h.mtime = number64(b + MTIME, PL_TAR_BAD_MTIME, &h.bad);
    h.name = text(b + NAME, 100);
    h.link = text(b + LINK, 100);
    if (h.layout != PL_TAR_V7) {
        int64_t major, minor;
        h.uname = text(b + UNAME, 32);
        h.gname = text(b + GNAME, 32);
        h.dev00 = pl_tar_number(b + DEVICE, 8, &major) && major == 0 &&
                  pl_tar_number(b + DEVICE + 8, 8, &minor) && minor == 0;
    }
    if (h.layout == PL_TAR_USTAR)
        h.prefix = text(b + PREFIX, 155);
    if (h.layout == PL_TAR_STAR)
        h.prefix = text(b + PREFIX, 131);
    *ret = h;
    return true;
}

unsigned pl_tar_bid(const uint8_t *p, size_t n)
{
    bool is_signed;
    if (n < PL_TAR_BLOCK || !check_sum(p, &is_signed))
        return 0;
    return layout(p) == PL_TAR_V7 ? 48 : 96;
}

struct ranges {
    const uint8_t *b;
    struct pl_tar_range *ret;
    size_t n;
};

static void unused(struct ranges *r, size_t from, size_t to)
{
    if (!pl_tar_zero(r->b + from, to - from))
        r->ret[r->n++] = (struct pl_tar_range){ (uint16_t)from, (uint16_t)(to - from) };
}

/* Behind the NUL of a text field. */
static void unused_tail(struct ranges *r, size_t from, size_t size, struct pl_str used)
{
    unused(r, from + used.n, from + size);
}

/* Number fields of `width` bytes: octal digits and blanks, or base-256. */
static bool numbers(const struct ranges *r, size_t from, size_t to, size_t width)
{
    for (size_t i = from; i < to; i++) {
        uint8_t c = r->b[i];
        if (c & 0x80 && (i - from) % width == 0)
            i += width - 1;
        else if (c != 0 && c != ' ' && (c < '0' || c > '7'))
            return false;
    }
    return true;
}

/* Numbers say what the entry shows; anything else in their place is offered. */
static void unused_numbers(struct ranges *r, size_t from, size_t to, size_t width)
{
    if (!numbers(r, from, to, width))
        unused(r, from, to);
}

static void unused_gnu(struct ranges *r, uint8_t type)
{
    if (type != 'S' && type != 'M' && !numbers(r, PREFIX, GNU_NAMES, 12)) {
        unused(r, PREFIX, PL_TAR_BLOCK); /* text, not GNU's fields: in one piece */
        return;
    }
    if (type != 'M')
        unused(r, GNU_NAMES, GNU_SPARSE);
    if (type != 'S' && type != 'M')
        unused(r, GNU_SPARSE, GNU_TAIL);
    unused(r, GNU_TAIL, PL_TAR_BLOCK);
}

size_t pl_tar_head_unused(const uint8_t *b, const struct pl_tar_head *h,
                          struct pl_tar_range ret[PL_TAR_RANGES])
{
    struct ranges r = { b, ret, 0 };
    bool link = h->type == '1' || h->type == '2';
    unused_tail(&r, NAME, 100, h->name);
    unused_numbers(&r, MODE, SIZE, 8);
    unused_numbers(&r, SIZE, SUM, 12);
    unused_numbers(&r, SUM, TYPE, 8);
    unused_tail(&r, LINK, 100, link ? h->link : pl_str_c(NULL));
    if (h->layout == PL_TAR_V7) {
        unused(&r, MAGIC, PL_TAR_BLOCK);
        return r.n;
    }
    unused_tail(&r, UNAME, 32, h->uname);
    unused_tail(&r, GNAME, 32, h->gname);
    unused_numbers(&r, DEVICE, PREFIX, 8);
    if (h->layout == PL_TAR_GNU) {
        unused_gnu(&r, h->type);
    } else if (h->layout == PL_TAR_STAR) {
        unused_tail(&r, PREFIX, STAR_TIMES - PREFIX, h->prefix);
        unused_numbers(&r, STAR_TIMES, USTAR_TAIL, 12);
        unused(&r, USTAR_TAIL, STAR_MAGIC);
    } else {
        unused_tail(&r, PREFIX, USTAR_TAIL - PREFIX, h->prefix);
        unused(&r, USTAR_TAIL, PL_TAR_BLOCK);
    }
    return r.n;
}

/* Nothing but single slashes between components that are neither "." nor "..". */
static bool is_normal(struct pl_str s)
{
    bool start = true;
    for (size_t i = 0; i < s.n; i++) {
        if (start && (s.p[i] == '/' || s.p[i] == '.'))
            return false; /* or a name that begins with a dot: the slow way tells */
        start = s.p[i] == '/';
    }
    return !start || s.n == 0;
}

struct pl_str pl_tar_path(struct pl_arena *a, struct pl_str raw, bool *ret_unsafe)
{
    *ret_unsafe = false;
    while (raw.n > 1 && raw.p[0] == '.' && raw.p[1] == '/')
        raw = pl_str_sub(raw, 2, raw.n);
    while (raw.n > 0 && raw.p[raw.n - 1] == '/')
        raw.n--;
    if (is_normal(raw))
        return raw;
    char *out = pl_alloc(a, raw.n + 1);
    size_t n = 0;
    struct pl_str part;
    while (pl_str_split(&raw, '/', &part)) {
        if (part.n == 0 || pl_str_is(part, "."))
            continue;
        if (pl_str_is(part, ".."))
            *ret_unsafe = true;
        if (n > 0)
            out[n++] = '/';
        memcpy(out + n, part.p, part.n);
        n += part.n;
    }
    return pl_str_n(out, n);
}
