/* What was found in an inventory, as the store keeps it: two lists of JSON objects, packed. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "query/found.h"

#include "base/wire.h"
#include "io/codec.h"
#include "io/codec_pack.h"

#define FOUND_MAX PL_MIB(256) /* of findings of one inventory */

static void put_packed(void *arg, const void *p, size_t n)
{
    pl_buf_putn(arg, p, n);
}

void pl_store_found_pack(struct pl_str own, struct pl_str flaws, struct pl_str how,
                         struct pl_buf *ret)
{
    pl_auto_buf struct pl_buf b = { 0 };
    pl_put_str(&b, own);
    pl_put_str(&b, flaws);
    if (how.n)
        pl_put_str(&b, how);
    struct pl_pack *k = pl_pack_new("zstd", put_packed, ret);
    pl_pack_add(k, b.p, b.n);
    pl_pack_end(k);
    pl_pack_free(k);
}

static bool unpack(struct pl_str bytes, struct pl_buf *ret)
{
    struct pl_limits limits;
    const struct pl_codec *codec = NULL;
    struct pl_view in;
    struct pl_err err = { 0 };
    pl_limits_init(&limits);
    const struct pl_codec_opts o = {
        .limits = &limits, .out_base = FOUND_MAX, .out_ratio = 1, .limit_name = "found"
    };
    pl_view_mem_init(&in, bytes.p, bytes.n);
    if (pl_codec_probe(&in, &codec, &err) < 0 || !codec || !codec->open)
        return false;
    struct pl_view *v = codec->open(&in, &o);
    int r;
    while ((r = pl_view_ahead(v, 1, &err)) == 0 && v->n) {
        pl_buf_putn(ret, v->p, v->n);
        pl_view_consume(v, v->n);
    }
    pl_view_close(v);
    return r == 0;
}

bool pl_store_found_how(struct pl_str bytes, struct pl_buf *ret_own, struct pl_buf *ret_flaws,
                        struct pl_buf *ret_how)
{
    pl_auto_buf struct pl_buf b = { 0 };
    if (!unpack(bytes, &b))
        return false;
    struct pl_rd rd = pl_rd_buf(&b);
    struct pl_str own = pl_get_str(&rd), flaws = pl_get_str(&rd), how = PL_S("");
    if (!rd.bad && rd.p != rd.end) /* older rows do not say */
        how = pl_get_str(&rd);
    if (rd.bad || rd.p != rd.end)
        return false;
    pl_buf_putn(ret_own, own.p, own.n);
    pl_buf_putn(ret_flaws, flaws.p, flaws.n);
    pl_buf_putn(ret_how, how.p, how.n);
    return true;
}

bool pl_store_found(struct pl_str bytes, struct pl_buf *ret_own, struct pl_buf *ret_flaws)
{
    pl_auto_buf struct pl_buf how = { 0 };
    return pl_store_found_how(bytes, ret_own, ret_flaws, &how);
}
