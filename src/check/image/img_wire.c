/* Facts of an image on their way from the parent, which gathers them, to the worker that judges. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "check/image/img.h"

void pl_img_put_head(struct pl_buf *b, struct pl_str config, uint32_t n_layers, int64_t now_days,
                     const uint32_t *layer_of, size_t n_history)
{
    pl_put_str(b, config);
    pl_put_u32(b, n_layers);
    pl_put_u64(b, (uint64_t)now_days);
    pl_put_u32(b, (uint32_t)n_history);
    for (size_t i = 0; i < n_history; i++)
        pl_put_u32(b, layer_of ? layer_of[i] : UINT32_MAX);
}

void pl_img_put_file(struct pl_buf *b, const struct pl_img_file *f)
{
    pl_put_str(b, f->path);
    pl_put_u8(b, (uint8_t)f->kind);
    pl_put_var(b, f->mode);
    pl_put_var(b, f->uid);
    pl_put_var(b, f->gid);
    pl_put_var(b, f->layer);
    pl_put_var(b, f->size);
    pl_put_u64(b, (uint64_t)f->mtime_ns);
    pl_put_str(b, f->link);
    pl_put_var(b, f->traits);
    pl_put_u8(b, f->has_body);
    pl_put_str(b, f->body);
    pl_put_str(b, f->strings);
    pl_put_str(b, f->caps);
}

static void get_file(struct pl_rd *r, struct pl_img_file *f)
{
    f->path = pl_get_str(r);
    uint8_t kind = pl_get_u8(r);
    f->kind = kind <= PL_IMG_DEVICE ? (enum pl_img_kind)kind : PL_IMG_DEVICE;
    f->mode = (uint32_t)pl_get_var(r);
    f->uid = (uint32_t)pl_get_var(r);
    f->gid = (uint32_t)pl_get_var(r);
    f->layer = (uint32_t)pl_get_var(r);
    f->size = pl_get_var(r);
    f->mtime_ns = (int64_t)pl_get_u64(r);
    f->link = pl_get_str(r);
    f->traits = (uint32_t)pl_get_var(r);
    f->has_body = pl_get_u8(r);
    f->body = pl_get_str(r);
    f->strings = pl_get_str(r);
    f->caps = pl_get_str(r);
}

/* Counts the files first: the array is made once. */
static size_t count_files(struct pl_rd r)
{
    struct pl_img_file f;
    size_t n = 0;
    while (!r.bad && r.p < r.end) {
        get_file(&r, &f);
        n++;
    }
    return r.bad ? SIZE_MAX : n;
}

int pl_img_read(struct pl_arena *a, struct pl_str bytes, struct pl_img *ret, struct pl_err *err)
{
    struct pl_rd r = { (const uint8_t *)bytes.p, (const uint8_t *)bytes.p + bytes.n, false };
    *ret = (struct pl_img){ .a = a };
    struct pl_str config = pl_get_str(&r);
    ret->n_layers = pl_get_u32(&r);
    ret->now_days = (int64_t)pl_get_u64(&r);
    size_t n_history = pl_get_u32(&r);
    if (r.bad || n_history > (size_t)(r.end - r.p) / 4)
        return pl_fail(err, PL_E_FORMAT, "facts of an image: malformed head");
    uint32_t *layer_of = pl_alloc_n(a, n_history + 1, sizeof *layer_of);
    for (size_t i = 0; i < n_history; i++)
        layer_of[i] = pl_get_u32(&r);
    size_t n = count_files(r);
    if (n == SIZE_MAX)
        return pl_fail(err, PL_E_FORMAT, "facts of an image: malformed file");
    if (n > PL_IMG_FILES_MAX)
        return pl_fail(err, PL_E_LIMIT, "more than %u files matter", PL_IMG_FILES_MAX);
    ret->file = pl_alloc_n(a, n + 1, sizeof *ret->file);
    ret->n_file = n;
    for (size_t i = 0; i < n; i++)
        get_file(&r, &ret->file[i]);
    pl_img_settle(ret);
    if (config.n && pl_img_config(ret, config, err) < 0)
        return err->code;
    for (size_t i = 0; i < ret->n_history; i++)
        ret->history[i].layer = i < n_history ? layer_of[i] : UINT32_MAX;
    return 0;
}
