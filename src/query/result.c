/* A saved result of one target, out of the rows of a store. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "query/result.h"

#include "base/arena.h"
#include "fmt/jsonw.h"
#include "model/report.h"
#include "query/found.h"

static void put_layer(size_t index, const struct pl_layer_info *l, struct pl_jsonw *w)
{
    pl_jw_obj(w);
    pl_jw_ku64(w, "index", index);
    pl_jw_key(w, "digest");
    pl_jw_str_or_null(w, l->digest);
    pl_jw_key(w, "diff_id");
    pl_jw_str_or_null(w, l->diff_id);
    pl_jw_key(w, "created_by");
    if (l->has_created_by)
        pl_jw_str(w, l->created_by);
    else
        pl_jw_null(w);
    pl_jw_ku64(w, "bytes", l->bytes);
    pl_jw_ku64(w, "files", l->files);
    pl_jw_obj_end(w);
}

static int put_layers(struct pl_store *s, const struct pl_store_image *i,
                      const struct pl_query_result_opts *o, struct pl_jsonw *w, struct pl_err *err)
{
    struct pl_arena a = { 0 };
    int r = 0;
    pl_jw_key(w, "layers");
    pl_jw_arr(w);
    for (size_t k = 0; k < i->n_layers && r == 0; k++) {
        struct pl_layer_info l = { .index = 0 };
        pl_arena_reset(&a);
        r = s->ops->layer(s, i->layer[k], &a, &l, err);
        if (r == 0)
            put_layer(k, &l, w);
        if (r == 0 && o->step)
            r = o->step(o->arg);
    }
    pl_jw_arr_end(w);
    pl_arena_release(&a);
    return r;
}

static void put_target(const struct pl_store_image *i, struct pl_jsonw *w)
{
    pl_jw_kstr(w, "name", i->name);
    pl_jw_kstr(w, "kind", i->kind);
    pl_jw_key(w, "digest");
    pl_jw_str_or_null(w, i->digest);
    pl_jw_key(w, "platform");
    pl_jw_str_or_null(w, i->platform);
    pl_jw_kbool(w, "complete", i->complete);
    pl_jw_key(w, "notes");
    pl_jw_arr(w);
    pl_jw_arr_end(w);
}

static void put_tool(const struct pl_store_image *i, struct pl_jsonw *w)
{
    pl_jw_ku64(w, "schema", 1);
    pl_jw_key(w, "tool");
    pl_jw_obj(w);
    pl_jw_kcstr(w, "name", "plimsoll");
    pl_jw_kstr(w, "version", i->origin.tool);
    pl_jw_kstr(w, "rules", i->origin.rules);
    pl_jw_obj_end(w);
}

int pl_query_result(struct pl_store *s, const struct pl_store_image *i,
                    const struct pl_query_result_opts *o, struct pl_buf *out, bool *ret_left,
                    struct pl_err *err)
{
    pl_auto_buf struct pl_buf own = { 0 }, flaws = { 0 }, how = { 0 };
    struct pl_jsonw w = { .out = out };
    if (i->found.p && i->found.n <= o->max &&
        !pl_store_found_how(i->found, &own, &flaws, o->how ? o->how : &how))
        return pl_fail(err, PL_E_FORMAT, "the store is damaged: findings of an inventory");
    *ret_left = i->found.n > o->max || own.n + flaws.n > o->max;
    pl_jw_obj(&w);
    put_tool(i, &w);
    pl_jw_key(&w, "targets");
    pl_jw_arr(&w);
    pl_jw_obj(&w);
    put_target(i, &w);
    int r = put_layers(s, i, o, &w, err);
    pl_jw_key(&w, "findings");
    pl_jw_arr(&w);
    if (!*ret_left) {
        pl_buf_putn(out, own.p, own.n);
        if (own.n && flaws.n)
            pl_buf_putc(out, ',');
        pl_buf_putn(out, flaws.p, flaws.n);
    }
    pl_jw_arr_end(&w);
    pl_jw_obj_end(&w);
    pl_jw_arr_end(&w);
    pl_jw_obj_end(&w);
    return r;
}
