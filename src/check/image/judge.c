/* Rules over an image's configuration and files: the table, the order, the wire. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "check/image/judge.h"

#include <stdlib.h>

const struct pl_img_rule pl_img_rules[PL_IMG_RULE_COUNT] = {
#define PL_IMG_RULE(id, name, sev, kind, aliases, title, why, fix) \
    { name, PL_SEV_##sev, PL_KIND_##kind, aliases, title, why, fix },
#include "check/image/rules_image.inc"
#undef PL_IMG_RULE
};

void pl_img_judge(const struct pl_img *im, struct pl_verdict *ret)
{
    *ret = (struct pl_verdict){ .n = 0 };
    pl_harden(im, &ret->advice);
}

void pl_verdict_put(struct pl_buf *b, const struct pl_verdict *v)
{
    pl_advice_put(b, &v->advice);
    pl_put_var(b, v->n);
    for (size_t i = 0; i < v->n; i++) {
        const struct pl_img_finding *f = &v->finding[i];
        pl_put_u8(b, (uint8_t)f->rule);
        pl_put_u8(b, (uint8_t)f->severity);
        pl_put_u8(b, (uint8_t)f->surface);
        pl_put_str(b, f->path);
        pl_put_u32(b, f->line);
        pl_put_u32(b, f->layer);
        pl_put_u32(b, f->history);
        pl_put_str(b, f->detail);
    }
}

bool pl_verdict_get(struct pl_rd *r, struct pl_arena *a, struct pl_verdict *ret)
{
    *ret = (struct pl_verdict){ .n = 0 };
    if (!pl_advice_get(r, a, &ret->advice))
        return false;
    uint64_t n = pl_get_var(r);
    if (r->bad || n > 100000 || n > (size_t)(r->end - r->p))
        return false;
    ret->finding = pl_alloc_n(a, (size_t)n + 1, sizeof *ret->finding);
    for (; ret->n < n && !r->bad; ret->n++) {
        struct pl_img_finding *f = &ret->finding[ret->n];
        uint8_t rule = pl_get_u8(r), severity = pl_get_u8(r), surface = pl_get_u8(r);
        if (rule >= PL_IMG_RULE_COUNT || severity >= PL_SEV_COUNT || surface >= PL_SURF_COUNT)
            return false;
        f->rule = (enum pl_img_rule_id)rule;
        f->severity = (enum pl_severity)severity;
        f->surface = (enum pl_surface)surface;
        f->path = pl_dup(a, pl_get_str(r));
        f->line = pl_get_u32(r);
        f->layer = pl_get_u32(r);
        f->history = pl_get_u32(r);
        f->detail = pl_dup(a, pl_get_str(r));
    }
    return !r->bad;
}
