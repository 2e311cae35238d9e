/* plimsoll history: layers as a timeline, or the life of one path. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>

#include "base/cleanup.h"
#include "cmd/common.h"
#include "cmd/registry_opt.h"
#include "fmt/jsonw.h"
#include "report/escape.h"
#include "report/words.h"

struct options {
    struct pl_common common;
    struct pl_registry_cli reg;
    const char *format;
};

static const struct pl_opt table[] = {
    { "format", 'f', PL_OPT_STR, offsetof(struct options, format), "FORMAT", "table or json" },
    PL_COMMON_OPTS(struct options),
    PL_REGISTRY_OPTS(struct options, 0),
};

static void put_size(struct pl_buf *b, uint64_t n)
{
    struct pl_arena a = { 0 };
    struct pl_str text = pl_say_size(&a, n);
    pl_buf_printf(b, "%10.*s", PL_FMT(text));
    pl_arena_release(&a);
}

static void text_rows(const struct pl_history_image *h, struct pl_buf *b)
{
    pl_buf_puts(b, "layer        size   added changed removed  instruction\n");
    for (size_t i = 0; i < h->n_rows; i++) {
        const struct pl_history_row *r = &h->rows[i];
        if (r->index == PL_NEVER) {
            pl_buf_printf(b, "%5s  %10s %7s %7s %7s  ", "-", "", "", "", "");
        } else {
            pl_buf_printf(b, "%5u  ", r->index);
            put_size(b, r->bytes);
            pl_buf_printf(b, " %7" PRIu64 " %7" PRIu64 " %7" PRIu64 "  ", r->added, r->changed,
                          r->removed);
        }
        if (r->has_created_by)
            pl_esc_cut(b, PL_ESC_TERM, r->created_by, 160);
        else
            pl_buf_puts(b, "(no instruction recorded)");
        if (r->no_effect)
            pl_buf_printf(b, "  [%" PRIu64 " whiteouts without effect]", r->no_effect);
        pl_buf_putc(b, '\n');
    }
}

static void text_life(const struct pl_history_image *h, const struct pl_life_row *l,
                      struct pl_buf *b)
{
    char hex[65] = "";
    struct pl_arena a = { 0 };
    const struct pl_layer_info *from = &h->layers[l->layer];
    struct pl_str size = pl_say_size(&a, l->size);
    pl_buf_printf(b, "layer %u  %.*s, %.*s, mode %04o, owner %u:%u", l->layer, PL_FMT(l->kind),
                  PL_FMT(size), l->mode & 07777u, l->uid, l->gid);
    pl_arena_release(&a);
    if (l->copy)
        pl_buf_printf(b, ", copy %u in this layer", l->copy);
    if (l->link.n) {
        pl_buf_puts(b, ", to ");
        pl_esc_cut(b, PL_ESC_TERM, l->link, 200);
    }
    pl_buf_puts(b, "\n  introduced  ");
    pl_esc_cut(b, PL_ESC_TERM, from->has_created_by ? from->created_by : PL_S("(not recorded)"),
               160);
    if (l->has_sha256) {
        pl_hex(l->sha256, 32, hex);
        pl_buf_printf(b, "\n  sha256      %s", hex);
    }
    if (l->span.hidden != PL_NEVER) {
        const struct pl_layer_info *to = &h->layers[l->span.hidden];
        pl_buf_printf(b, "\n  hidden      layer %u (%s)  ", l->span.hidden,
                      pl_how_name(l->span.how));
        pl_esc_cut(b, PL_ESC_TERM, to->has_created_by ? to->created_by : PL_S("(not recorded)"),
                   160);
    } else {
        pl_buf_printf(b, "\n  visible     %s", l->span.visible ? "yes" : "no");
    }
    pl_buf_putc(b, '\n');
}

static void text_image(const struct pl_history_image *h, bool path, struct pl_buf *b)
{
    pl_esc(b, PL_ESC_TERM, h->name);
    pl_buf_printf(b, "  %.*s  %.*s  %zu layers\n", PL_FMT(h->platform),
                  PL_FMT(pl_str_sub(h->digest, 0, 19)), h->n_layers);
    if (!path)
        text_rows(h, b);
    for (size_t i = 0; i < h->n_lives; i++)
        text_life(h, &h->lives[i], b);
    if (path && !h->n_lives)
        pl_buf_puts(b, "no layer has this path\n");
    pl_buf_putc(b, '\n');
}

static void json_layer(struct pl_jsonw *w, const char *key, const struct pl_history_image *h,
                       uint32_t layer)
{
    pl_jw_key(w, key);
    if (layer == PL_NEVER) {
        pl_jw_null(w);
        return;
    }
    const struct pl_layer_info *l = &h->layers[layer];
    pl_jw_obj(w);
    pl_jw_ku64(w, "index", layer);
    pl_jw_key(w, "digest");
    pl_jw_str_or_null(w, l->digest);
    pl_jw_key(w, "diff_id");
    pl_jw_str_or_null(w, l->diff_id);
    pl_jw_key(w, "created_by");
    pl_jw_str_or_null(w, l->has_created_by ? l->created_by : PL_S(""));
    pl_jw_obj_end(w);
}

static void json_row(struct pl_jsonw *w, const struct pl_history_row *r)
{
    pl_jw_obj(w);
    pl_jw_key(w, "index");
    if (r->index == PL_NEVER)
        pl_jw_null(w);
    else
        pl_jw_u64(w, r->index);
    pl_jw_key(w, "digest");
    pl_jw_str_or_null(w, r->digest);
    pl_jw_key(w, "diff_id");
    pl_jw_str_or_null(w, r->diff_id);
    pl_jw_key(w, "created_by");
    pl_jw_str_or_null(w, r->has_created_by ? r->created_by : PL_S(""));
    pl_jw_key(w, "created");
    pl_jw_str_or_null(w, r->created);
    pl_jw_ku64(w, "bytes", r->bytes);
    pl_jw_ku64(w, "added", r->added);
    pl_jw_ku64(w, "changed", r->changed);
    pl_jw_ku64(w, "removed", r->removed);
    pl_jw_ku64(w, "no_effect", r->no_effect);
    pl_jw_obj_end(w);
}

static void json_life(struct pl_jsonw *w, const struct pl_history_image *h,
                      const struct pl_life_row *l)
{
    char hex[65] = "";
    pl_jw_obj(w);
    pl_jw_kstr(w, "path", l->path);
    pl_jw_kstr(w, "kind", l->kind);
    pl_jw_ku64(w, "copy", l->copy);
    pl_jw_ku64(w, "size", l->size);
    pl_jw_ku64(w, "offset", l->at);
    pl_jw_ku64(w, "mode", l->mode);
    pl_jw_ku64(w, "uid", l->uid);
    pl_jw_ku64(w, "gid", l->gid);
    pl_jw_key(w, "link");
    pl_jw_str_or_null(w, l->link);
    if (l->has_sha256)
        pl_hex(l->sha256, 32, hex);
    pl_jw_key(w, "sha256");
    pl_jw_str_or_null(w, pl_str_c(hex));
    json_layer(w, "introduced", h, l->layer);
    json_layer(w, "hidden", h, l->span.hidden);
    pl_jw_key(w, "how");
    pl_jw_str_or_null(w, pl_str_c(pl_how_name(l->span.how)));
    pl_jw_kbool(w, "visible", l->span.visible);
    pl_jw_obj_end(w);
}

static void json_image(struct pl_jsonw *w, const struct pl_history_image *h, bool path)
{
    pl_jw_obj(w);
    pl_jw_kstr(w, "name", h->name);
    pl_jw_key(w, "digest");
    pl_jw_str_or_null(w, h->digest);
    pl_jw_key(w, "platform");
    pl_jw_str_or_null(w, h->platform);
    pl_jw_kbool(w, "complete", h->complete);
    pl_jw_key(w, path ? "versions" : "history");
    pl_jw_arr(w);
    for (size_t i = 0; !path && i < h->n_rows; i++)
        json_row(w, &h->rows[i]);
    for (size_t i = 0; path && i < h->n_lives; i++)
        json_life(w, h, &h->lives[i]);
    pl_jw_arr_end(w);
    pl_jw_obj_end(w);
}

static void json(const struct pl_history_image *h, size_t n, bool path, struct pl_buf *b)
{
    struct pl_jsonw w = { .out = b, .indent = 2 };
    pl_jw_obj(&w);
    pl_jw_ku64(&w, "schema", 1);
    pl_jw_key(&w, "targets");
    pl_jw_arr(&w);
    for (size_t i = 0; i < n; i++)
        json_image(&w, &h[i], path);
    pl_jw_arr_end(&w);
    pl_jw_obj_end(&w);
    pl_buf_putc(b, '\n');
}

/* Leading "/" and "./" as people type them. */
static struct pl_str clean(const char *path)
{
    struct pl_str p = pl_str_c(path);
    while (pl_str_starts(p, PL_S("/")) || pl_str_starts(p, PL_S("./")))
        p = pl_str_sub(p, p.p[0] == '/' ? 1 : 2, p.n);
    return p;
}

static int show(const struct options *o, const struct pl_history_image *h, size_t n, bool path)
{
    pl_auto_buf struct pl_buf b = { 0 };
    struct pl_err err = { 0 };
    bool complete = true, found = !path;
    if (o->format && strcmp(o->format, "json") == 0)
        json(h, n, path, &b);
    for (size_t i = 0; i < n; i++) {
        if (!o->format || strcmp(o->format, "json") != 0)
            text_image(&h[i], path, &b);
        complete &= h[i].complete;
        found |= h[i].n_lives > 0;
        for (size_t k = 0; k < h[i].n_notes; k++) {
            const struct pl_note *note = &h[i].notes[k];
            if (note->incomplete)
                fprintf(stderr, "INCOMPLETE: %.*s: %.*s; exit 3\n", PL_FMT(note->where),
                        PL_FMT(note->message));
        }
    }
    if (pl_common_print(pl_buf_str(&b), &err) < 0)
        return pl_run_failed("history", &err);
    if (!complete)
        return PL_EXIT_INCOMPLETE;
    return found ? PL_EXIT_CLEAN : PL_EXIT_USAGE;
}

static int run_history(const void *options, const struct pl_operands *operands)
{
    const struct options *o = options;
    struct pl_run run;
    struct pl_reach reach = { 0 };
    struct pl_operands own = *operands, *ops = &own;
    struct pl_arena a = { 0 };
    struct pl_history_image *h = NULL;
    struct pl_err err = { 0 };
    size_t n = 0;
    if (ops->n < 1 || ops->n > 2) {
        fputs("plimsoll history: one target and at most one path, as in plimsoll history oci:DIR "
              "etc/passwd\n",
              stderr);
        return PL_EXIT_USAGE;
    }
    if (o->format && strcmp(o->format, "json") != 0 && strcmp(o->format, "table") != 0) {
        fprintf(stderr, "plimsoll history: format is table or json, not '%s'\n", o->format);
        return PL_EXIT_USAGE;
    }
    int code = pl_run_begin(&run, &o->common, true); /* secrets: instructions are masked */
    if (!code)
        code = pl_reach_begin(&reach, &run, &o->reg, &o->common, ops);
    if (code)
        return code;
    int r = pl_scan_history(run.scan, ops->p[0], ops->n > 1 ? clean(ops->p[1]) : PL_S(""), &a, &h,
                            &n, &err);
    pl_run_end(&run);
    pl_reach_end(&reach);
    code = r < 0 ? pl_run_failed("history", &err) : show(o, h, n, ops->n > 1);
    pl_arena_release(&a);
    return code;
}

const struct pl_command pl_cmd_history = {
    .name = "history",
    .usage = "history [flags] TARGET [PATH]",
    .summary = "layers as a timeline; with PATH the life of one path",
    .options = table,
    .n_options = PL_COUNT(table),
    .options_size = sizeof(struct options),
    .run = run_history,
};
