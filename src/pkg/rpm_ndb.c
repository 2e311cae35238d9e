/* rpm's ndb database: pages of slots, each of which names the blocks of one header blob. Numbers
 * are little-endian. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "base/endian.h"
#include "pkg/rpm_int.h"

#define FILE_MAGIC 0x506d7052u /* "RpmP" */
#define SLOT_MAGIC 0x746f6c53u /* "Slot" */
#define BLOB_MAGIC 0x53626c42u /* "BlbS" */
#define PAGE 4096u
#define SLOT 16u
#define BLOCK 16u

/* false: damaged */
static bool slot(struct pl_str file, struct pl_str at, struct pl_pkg_sink *s)
{
    uint32_t package = pl_le32(at.p + 4), block = pl_le32(at.p + 8), count = pl_le32(at.p + 12);
    uint64_t from = (uint64_t)block * BLOCK;
    if (pl_le32(at.p) != SLOT_MAGIC)
        return false;
    if (!package || !count) /* free */
        return true;
    if (from + 16 > file.n)
        return false;
    struct pl_str head = pl_str_sub(file, (size_t)from, 16);
    uint32_t len = pl_le32(head.p + 12);
    if (pl_le32(head.p) != BLOB_MAGIC || pl_le32(head.p + 4) != package ||
        (uint64_t)count * BLOCK < (uint64_t)len + 16 || from + 16 + len > file.n)
        return false;
    return pl_rpm_header(pl_str_sub(file, (size_t)from + 16, len), s);
}

int pl_rpm_ndb(struct pl_str file, struct pl_pkg_sink *s, struct pl_err *err)
{
    unsigned damaged = 0;
    if (file.n < PAGE || pl_le32(file.p) != FILE_MAGIC)
        return pl_fail(err, PL_E_FORMAT, "no ndb database");
    uint64_t end = (uint64_t)pl_le32(file.p + 12) * PAGE;
    if (end > file.n)
        return pl_fail(err, PL_E_FORMAT, "the database is cut short");
    for (size_t at = 2 * SLOT; at + SLOT <= end; at += SLOT)
        damaged += !slot(file, pl_str_sub(file, at, SLOT), s);
    return damaged ? pl_fail(err, PL_E_FORMAT, "%u slots are damaged", damaged) : 0;
}
