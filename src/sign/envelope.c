/* DSSE envelopes, dsse v1 "protocol.md" and "envelope.md". */
/* SPDX-License-Identifier: Apache-2.0 */
#include "base/limits.h"
#include "sign/bundle.h"
#include "sign/pb.h"

#define SIGS_MAX 50u

int pl_envelope_read(const struct pl_json *o, struct pl_arena *a, struct pl_envelope *ret,
                     struct pl_err *err)
{
    const struct pl_json *sigs = NULL;
    struct pl_str type = { 0 };
    int r = pl_pb_bytes(o, "payload", a, &ret->payload, err);
    if (r == 0)
        r = pl_pb_str(o, "payloadType", &type, err);
    if (r == 0)
        r = pl_pb_array(o, "signatures", SIGS_MAX, &sigs, err);
    if (r < 0)
        return r;
    ret->type = pl_dup(a, type);
    if (!ret->payload.p || type.n == 0)
        return pl_fail(err, PL_E_FORMAT, "envelope without payload or its type");
    ret->n_sigs = pl_json_len(sigs);
    ret->sigs = pl_alloc_n(a, ret->n_sigs, sizeof *ret->sigs);
    for (size_t i = 0; i < ret->n_sigs; i++) {
        r = pl_pb_bytes(pl_json_at(sigs, i), "sig", a, &ret->sigs[i], err);
        if (r < 0)
            return r;
        if (ret->sigs[i].n == 0)
            return pl_fail(err, PL_E_FORMAT, "envelope with an empty signature");
    }
    if (ret->n_sigs == 0)
        return pl_fail(err, PL_E_FORMAT, "envelope without signatures");
    return 0;
}

int pl_envelope_parse(struct pl_str text, struct pl_arena *a, struct pl_envelope *ret,
                      struct pl_err *err)
{
    struct pl_limits lim;
    struct pl_json *o = NULL;
    pl_limits_init(&lim);
    if (text.n > lim.statement)
        return pl_fail(err, PL_E_LIMIT, "limit statement: envelope of more than 16 MiB");
    int r = pl_json_parse(text, (unsigned)lim.depth, &o, err);
    if (r == 0)
        r = pl_envelope_read(o, a, ret, err);
    pl_json_free(o);
    return r < 0 ? pl_wrap(err, "envelope") : 0;
}

void pl_envelope_pae(struct pl_buf *b, struct pl_str type, struct pl_str payload)
{
    pl_buf_printf(b, "DSSEv1 %zu ", type.n);
    pl_buf_putn(b, type.p, type.n);
    pl_buf_printf(b, " %zu ", payload.n);
    pl_buf_putn(b, payload.p, payload.n);
}
