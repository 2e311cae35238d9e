/* rpm's old database: a Berkeley DB hash file. Pages of key and value items; large values are
 * chains of overflow pages. Either byte order. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "base/endian.h"
#include "pkg/rpm_int.h"

#define MAGIC 0x00061561u
#define PAGE_HEAD 26u
enum { PAGE_HASH_UNSORTED = 2, PAGE_OVERFLOW = 7, PAGE_HASH = 13 };
enum { ITEM_KEYDATA = 1, ITEM_OFFPAGE = 3 };

struct bdb {
    struct pl_str file;
    struct pl_pkg_sink *s;
    bool big;
    uint32_t page;   /* bytes */
    uint32_t pages;  /* in the file */
    uint64_t copied; /* bytes of chains: bounded, since chains may share pages */
    unsigned damaged;
    struct pl_buf value;
};

static uint32_t u32(const struct bdb *b, struct pl_str s, size_t at)
{
    return b->big ? pl_be32(s.p + at) : pl_le32(s.p + at);
}

static uint32_t u16(const struct bdb *b, struct pl_str s, size_t at)
{
    const uint8_t *p = (const uint8_t *)s.p + at;
    return b->big ? (uint32_t)p[0] << 8 | p[1] : (uint32_t)p[1] << 8 | p[0];
}

static struct pl_str page_at(const struct bdb *b, uint32_t n)
{
    return pl_str_sub(b->file, (size_t)n * b->page, b->page);
}

/* the chain that begins at page `n` and holds `len` bytes, to b->value */
static bool chain(struct bdb *b, uint32_t n, uint32_t len)
{
    pl_buf_clear(&b->value);
    for (uint32_t steps = 0; b->value.n < len; steps++) {
        if (!n || n >= b->pages || steps > b->pages)
            return false;
        struct pl_str p = page_at(b, n);
        uint32_t here = u16(b, p, 22);
        if ((uint8_t)p.p[25] != PAGE_OVERFLOW || here > b->page - PAGE_HEAD || !here)
            return false;
        if (here > len - b->value.n)
            here = (uint32_t)(len - b->value.n);
        b->copied += here;
        if (b->copied > 4 * (uint64_t)b->file.n + 65536 ||
            pl_buf_add(&b->value, p.p + PAGE_HEAD, here, NULL) < 0)
            return false;
        n = u32(b, p, 16);
    }
    return true;
}

/* item `i` of a page: from its offset to that of the item before */
static struct pl_str item(const struct bdb *b, struct pl_str page, uint32_t i)
{
    uint32_t at = u16(b, page, PAGE_HEAD + 2 * (size_t)i);
    uint32_t end = i ? u16(b, page, PAGE_HEAD + 2 * (size_t)(i - 1)) : b->page;
    return at < end && end <= b->page ? pl_str_sub(page, at, end - at) : PL_S("");
}

static void value(struct bdb *b, struct pl_str it)
{
    struct pl_str blob = { "", 0 };
    if (it.n >= 12 && it.p[0] == ITEM_OFFPAGE) {
        if (!chain(b, u32(b, it, 4), u32(b, it, 8))) {
            b->damaged++;
            return;
        }
        blob = pl_buf_str(&b->value);
    } else if (it.n && it.p[0] == ITEM_KEYDATA) {
        blob = pl_str_sub(it, 1, it.n);
    }
    /* the record that counts the packages has four bytes */
    if (blob.n > 16 && !pl_rpm_header(blob, b->s))
        b->damaged++;
}

static void hash_page(struct bdb *b, struct pl_str page)
{
    uint32_t n = u16(b, page, 20);
    if (n > (b->page - PAGE_HEAD) / 2) {
        b->damaged++;
        return;
    }
    for (uint32_t i = 1; i < n; i += 2)
        value(b, item(b, page, i));
}

static bool open_file(struct bdb *b)
{
    if (b->file.n < 512)
        return false;
    if (pl_be32(b->file.p + 12) == MAGIC)
        b->big = true;
    else if (pl_le32(b->file.p + 12) != MAGIC)
        return false;
    b->page = u32(b, b->file, 20);
    if (b->page < 512 || b->page > 65536 || (b->page & (b->page - 1)))
        return false;
    b->pages = (uint32_t)(b->file.n / b->page);
    return true;
}

int pl_rpm_bdb(struct pl_str file, struct pl_pkg_sink *s, struct pl_err *err)
{
    struct bdb b = { .file = file, .s = s, .value = { .max = 64u << 20 } };
    if (!open_file(&b))
        return pl_fail(err, PL_E_FORMAT, "no Berkeley DB hash");
    for (uint32_t i = 1; i < b.pages; i++) {
        struct pl_str page = page_at(&b, i);
        uint8_t type = (uint8_t)page.p[25];
        if (type == PAGE_HASH || type == PAGE_HASH_UNSORTED)
            hash_page(&b, page);
    }
    pl_buf_release(&b.value);
    if (u32(&b, file, 32) >= b.pages)
        return pl_fail(err, PL_E_FORMAT, "the database is cut short");
    return b.damaged ? pl_fail(err, PL_E_FORMAT, "%u records are damaged", b.damaged) : 0;
}
