/* Packed records: the messages of the worker that read the layer, compressed. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "scan/keep.h"

#include <stdlib.h>

#include "base/cleanup.h"
#include "io/codec.h"
#include "io/codec_pack.h"
#include "scan/scan_int.h"
#include "scan/unit_int.h"

#define FORM 2u /* of packed records; another is read anew */

static void add(void *arg, const void *p, size_t n)
{
    pl_buf_putn(arg, p, n);
}

bool pl_record_pack(const struct pl_record *r, struct pl_buf *ret)
{
    pl_auto_buf struct pl_buf head = { 0 };
    if (!r->keeps || !r->done.complete || !r->fed_all || r->done.kind != PL_BLOB_LAYER)
        return false;
    pl_put_u8(&head, FORM);
    pl_put_u64(&head, r->fed);
    pl_buf_putn(&head, r->sha256, sizeof r->sha256);
    struct pl_pack *k = pl_pack_new("zstd", add, ret);
    pl_pack_add(k, head.p, head.n);
    pl_pack_add(k, r->kept.p, r->kept.n);
    pl_pack_end(k);
    pl_pack_free(k);
    return true;
}

static bool inflate(struct pl_str packed, const struct pl_limits *limits, struct pl_buf *ret)
{
    const struct pl_codec_opts o = {
        .limits = limits, .out_base = PL_RECORD_KEPT, .out_ratio = 1, .limit_name = "record"
    };
    const struct pl_codec *codec = NULL;
    struct pl_view in;
    struct pl_err err = { 0 };
    pl_view_mem_init(&in, packed.p, packed.n);
    if (pl_codec_probe(&in, &codec, &err) < 0 || !codec || !codec->open)
        return false;
    struct pl_view *v = codec->open(&in, &o);
    int r = 0;
    ret->max = 2 * PL_RECORD_KEPT;
    while ((r = pl_view_ahead(v, 1, &err)) == 0 && v->n) {
        r = pl_buf_add(ret, v->p, v->n, &err);
        if (r < 0)
            break;
        pl_view_consume(v, v->n);
    }
    pl_view_close(v);
    return r == 0;
}

static bool take_all(struct pl_record *r, struct pl_rd *rd)
{
    int got = 0;
    while (got == 0 && !rd->bad && rd->p < rd->end) {
        uint8_t type = pl_get_u8(rd);
        struct pl_str payload = pl_get_str(rd);
        got = rd->bad || payload.n > PL_MSG_MAX ? -1 : pl_record_take(r, type, payload);
    }
    return got == 1 && rd->p == rd->end && !rd->bad;
}

struct pl_record *pl_record_unpack(struct pl_str packed, const struct pl_limits *limits)
{
    pl_auto_buf struct pl_buf b = { 0 };
    struct pl_record *r = calloc(1, sizeof *r);
    if (!r)
        pl_oom();
    r->done.complete = true;
    bool ok = inflate(packed, limits, &b);
    struct pl_rd rd = pl_rd_buf(&b);
    ok = ok && pl_get_u8(&rd) == FORM;
    r->fed = pl_get_u64(&rd);
    pl_get_raw(&rd, r->sha256, sizeof r->sha256);
    r->fed_all = true;
    ok = ok && take_all(r, &rd) && r->done.complete && r->done.kind == PL_BLOB_LAYER;
    if (ok)
        return r;
    pl_record_free(r);
    return NULL;
}

/* Is this a layer whose record says everything about it? */
static bool fits(const struct pl_unit *u, const struct pl_part *p)
{
    const struct pl_scan *s = u->scan;
    return s->o.keep && !s->o.reveal && !s->hash_path.n && p->role == PL_ROLE_LAYER && p->desc &&
           p->desc->digest.set && p->desc->digest.alg == PL_HASH_SHA256;
}

static struct pl_keep_layer layer_of(struct pl_unit *u, const struct pl_part *p)
{
    return (struct pl_keep_layer){ pl_digest_text(&u->a, &p->desc->digest), p->desc->size };
}

bool pl_unit_keep_found(struct pl_unit *u)
{
    const struct pl_keep *k = u->scan->o.keep;
    if (!k || !k->only.n)
        return false;
    for (size_t i = 0; i < u->parts.n; i++)
        if (fits(u, u->parts.p[i]) && pl_str_eq(layer_of(u, u->parts.p[i]).digest, k->only))
            return true;
    return false;
}

bool pl_unit_kept(struct pl_unit *u, struct pl_part *p, bool *ret_put)
{
    const struct pl_keep *k = u->scan->o.keep;
    pl_auto_buf struct pl_buf b = { .max = PL_RECORD_KEPT };
    *ret_put = fits(u, p);
    if (!*ret_put)
        return false;
    const struct pl_keep_layer l = layer_of(u, p);
    switch (k->ask(k->arg, &l, &b)) {
    case PL_KEPT_HERE:
        p->rec = pl_record_unpack(pl_buf_str(&b), &u->scan->o.limits);
        if (p->rec && memcmp(p->rec->sha256, p->desc->digest.b, sizeof p->rec->sha256) != 0) {
            pl_record_free(p->rec);
            p->rec = NULL;
        }
        if (p->rec)
            p->rec->facts_asked = (pl_unit_job_flags(u->scan) & PL_JOBF_FACTS) != 0;
        break;
    case PL_KEPT_LEAVE:
        p->rec = calloc(1, sizeof *p->rec);
        if (!p->rec)
            pl_oom();
        pl_record_note(p->rec, PL_SCOPE_LAYER, true, "unread", PL_S(""), "%.*s",
                       PL_FMT(pl_buf_str(&b)));
        break;
    case PL_KEPT_NOT:
        break;
    }
    return p->rec != NULL;
}

void pl_unit_keep(struct pl_unit *u, struct pl_part *p)
{
    const struct pl_keep *k = u->scan->o.keep;
    pl_auto_buf struct pl_buf b = { .max = PL_RECORD_KEPT };
    const struct pl_keep_layer l = layer_of(u, p);
    bool same = memcmp(p->rec->sha256, p->desc->digest.b, sizeof p->rec->sha256) == 0 &&
                p->rec->fed == l.size;
    if (same && pl_record_pack(p->rec, &b))
        k->put(k->arg, &l, pl_buf_str(&b));
    pl_buf_release(&p->rec->kept);
}
