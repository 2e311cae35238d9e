/* Fuzz target: the record of a layer as a store keeps it. The first byte says whether the rest is
 * packed ('z'), or what is to be packed first. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "base/buf.h"
#include "io/codec_pack.h"
#include "scan/keep.h"
#include "scan/pool.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static void on_out(void *arg, const void *p, size_t n)
{
    pl_buf_putn(arg, p, n);
}

/* Everything in it is walked through, as a scan does. */
static void walk(const struct pl_record *r)
{
    struct pl_entries it;
    struct pl_entry e;
    pl_entries_begin(&it, r);
    while (pl_entries_next(&it, &e))
        ;
    pl_entries_end(&it);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    struct pl_limits limits;
    struct pl_buf packed = { 0 };
    if (!n)
        return -1;
    pl_limits_init(&limits);
    if (p[0] == 'z') {
        pl_buf_putn(&packed, (const char *)p + 1, n - 1);
    } else {
        struct pl_pack *k = pl_pack_new("zstd", on_out, &packed);
        pl_pack_add(k, p + 1, n - 1);
        pl_pack_end(k);
        pl_pack_free(k);
    }
    struct pl_record *r = pl_record_unpack(pl_buf_str(&packed), &limits);
    if (r)
        walk(r);
    pl_record_free(r);
    pl_buf_release(&packed);
    return r ? 0 : -1;
}
