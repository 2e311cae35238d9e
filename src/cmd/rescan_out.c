/* What rescan prints: a table of what is new and gone, JSON, a line of JSON for each inventory; and
 * the lines that a webhook gets. packages.md section 10. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "cmd/rescan.h"
#include "cmd/version.h"
#include "cmd/webhook.h"
#include "fmt/jsonw.h"
#include "io/file.h"
#include "model/vuln.h"
#include "report/escape.h"
#include "report/finding_json.h"
#include "report/vuln_json.h"
#include "report/words.h"

#define NAMED_MAX 20u              /* incomplete inventories that are named */
#define HOOK_MAX ((size_t)1 << 20) /* bytes of a request */

int pl_rescan_open(struct pl_rescan *r)
{
    static const char *const forms[] = { "table", "json", "ndjson" };
    static const struct pl_opt_list otherwise = { { "table" }, 1 };
    const struct pl_opt_list *f = r->o->format.n ? &r->o->format : &otherwise;
    struct pl_err err = { 0 };
    for (size_t i = 0; i < f->n; i++) {
        struct pl_str rest = pl_str_c(f->p[i]), id;
        size_t k = 0;
        pl_str_split(&rest, '=', &id);
        while (k < PL_COUNT(forms) && !pl_str_is(id, forms[k]))
            k++;
        if (k == PL_COUNT(forms) || r->n_out == PL_COUNT(r->out) || (rest.p && !rest.n)) {
            fprintf(stderr, "plimsoll rescan: -f %s: %s\n", f->p[i],
                    k == PL_COUNT(forms) ? "none of table, json, ndjson"
                    : rest.p             ? "names no file"
                                         : "too many outputs");
            return PL_EXIT_USAGE;
        }
        struct pl_rescan_out *o = &r->out[r->n_out];
        o->form = (enum pl_rescan_form)k;
        if (pl_sink_open(&o->sink, rest.p ? rest.p : "-", &err) < 0)
            return pl_run_failed("rescan", &err);
        r->n_out++;
    }
    return 0;
}

/* ---- JSON ---- */

/* The layers of an inventory, when something is said of them. */
static int know_layers(struct pl_rescan *r, struct pl_rescan_one *x, struct pl_err *err)
{
    const struct pl_store_image *i = x->i;
    if (x->layers_known)
        return 0;
    x->layers_known = true;
    x->t.layers = pl_alloc_n(&r->one, i->n_layers + 1, sizeof *x->t.layers);
    r->layers.a = &r->layers_a;
    for (; x->t.n_layers < i->n_layers; x->t.n_layers++) {
        uint32_t id = i->layer[x->t.n_layers];
        void **at = pl_map_put(&r->layers, pl_str_n(&id, sizeof id));
        if (!*at) {
            struct pl_layer_info *l = PL_NEW(&r->layers_a, struct pl_layer_info);
            int code = r->s->ops->layer(r->s, id, &r->layers_a, l, err);
            if (code < 0)
                return code;
            *pl_map_put(&r->layers, pl_str_n(&id, sizeof id)) = l;
            at = pl_map_put(&r->layers, pl_str_n(&id, sizeof id));
        }
        x->t.layers[x->t.n_layers] = *(struct pl_layer_info *)*at;
    }
    return 0;
}

static bool span_eq(const struct pl_span *a, const struct pl_span *b)
{
    return a->introduced == b->introduced && a->hidden == b->hidden && a->how == b->how &&
           a->visible == b->visible;
}

/* ,"introduced":…,"visible":… of a span: mostly that of the finding before it. */
static void put_life(struct pl_rescan_one *x, const struct pl_span *s, struct pl_buf *life,
                     struct pl_span *last, struct pl_buf *out)
{
    if (!life->n || !span_eq(s, last)) {
        struct pl_jsonw w = { .out = life, .depth = 1, .comma = true };
        const struct pl_finding f = { .span = *s };
        pl_buf_clear(life);
        pl_life_put(&w, &x->t, &f);
        *last = *s;
    }
    pl_buf_putn(out, life->p, life->n);
}

/* What is written of an item; views valid until the next call. */
static int text_of(struct pl_rescan *r, const struct pl_rescan_one *x,
                   const struct pl_rescan_item *it, struct pl_rescan_text *ret, struct pl_err *err)
{
    const struct pl_rescan_text *t;
    if (!it->member) {
        pl_rescan_text_of(&r->one, &r->eco.p[it->nth].end, ret);
        return 0;
    }
    bool kernel = x->kernel && r->package.p[it->member->package].headers;
    int code = pl_rescan_texts(r, it->member, kernel, &t, err);
    if (code == 0)
        *ret = t[it->nth];
    return code;
}

static int put_findings(struct pl_rescan *r, struct pl_rescan_one *x, bool only_new,
                        struct pl_buf *out, struct pl_err *err)
{
    static const struct pl_span no_layer = { PL_NEVER, PL_NEVER, PL_HOW_NONE, true };
    pl_auto_buf struct pl_buf life = { 0 };
    struct pl_span last = no_layer;
    bool comma = false;
    int code = know_layers(r, x, err);
    for (size_t k = 0; k < x->n_items && code == 0; k++) {
        const struct pl_rescan_item *it = &x->item[k];
        struct pl_rescan_text t;
        if (!it->hit->shown || (only_new && !it->fresh))
            continue;
        code = text_of(r, x, it, &t, err);
        if (code < 0)
            break;
        if (comma)
            pl_buf_putc(out, ',');
        comma = true;
        pl_buf_putn(out, t.head.p, t.head.n);
        put_life(x, it->member ? &it->member->span : &no_layer, &life, &last, out);
        pl_buf_putn(out, t.tail.p, t.tail.n);
    }
    return code;
}

static uint64_t packages_of(const struct pl_rescan *r, const struct pl_store_image *i)
{
    uint64_t n = 0;
    for (size_t k = 0; k < i->n_members; k++)
        n += i->member[k].package >= r->package.n || !r->package.p[i->member[k].package].release;
    return n;
}

/* The object of one inventory. */
static int put_object(struct pl_rescan *r, struct pl_rescan_one *x, bool only_new,
                      struct pl_buf *out, struct pl_err *err)
{
    struct pl_jsonw w = { .out = out };
    pl_jw_obj(&w);
    pl_jw_kstr(&w, "name", x->t.name);
    pl_jw_key(&w, "digest");
    pl_jw_str_or_null(&w, x->t.digest);
    pl_jw_ku64(&w, "packages", packages_of(r, x->i));
    pl_jw_key(&w, "findings");
    pl_jw_arr(&w);
    int code = put_findings(r, x, only_new, out, err);
    pl_jw_arr_end(&w);
    pl_jw_kstrs(&w, "new", x->fresh.p, x->fresh.n);
    pl_jw_kstrs(&w, "gone", x->gone.p, x->gone.n);
    pl_jw_key(&w, "platform");
    pl_jw_str_or_null(&w, x->t.platform);
    pl_jw_kbool(&w, "complete", x->t.complete);
    pl_notes_put(&w, &x->t);
    pl_jw_obj_end(&w);
    return code;
}

static void json_begin(struct pl_rescan *r, struct pl_buf *out)
{
    struct pl_jsonw w = { .out = out };
    pl_jw_obj(&w);
    pl_jw_ku64(&w, "schema", 1);
    pl_jw_key(&w, "tool");
    pl_jw_obj(&w);
    pl_jw_kcstr(&w, "name", "plimsoll");
    pl_jw_kcstr(&w, "version", PL_VERSION);
    pl_jw_kcstr(&w, "rules", PL_RULES_VERSION);
    pl_jw_key(&w, "db");
    pl_db_info_put(&w, r->db);
    pl_jw_obj_end(&w);
    pl_jw_key(&w, "targets");
    pl_buf_putc(out, '[');
}

static void json_end(struct pl_rescan *r, struct pl_buf *out)
{
    struct pl_jsonw w = { .out = out, .depth = 1, .comma = true };
    pl_buf_puts(out, "\n]");
    pl_jw_key(&w, "summary");
    pl_jw_obj(&w);
    for (int s = PL_SEV_COUNT; s-- > 0;)
        pl_jw_ku64(&w, pl_severity_name((enum pl_severity)s), r->count[s]);
    pl_jw_kbool(&w, "incomplete", r->n_incomplete > 0);
    pl_jw_ku64(&w, "inventories", r->n_images);
    pl_jw_ku64(&w, "new", r->n_fresh);
    pl_jw_ku64(&w, "gone", r->n_gone);
    pl_jw_obj_end(&w);
    pl_buf_puts(out, "}\n");
}

/* ---- table ---- */

static int put_new(struct pl_rescan *r, struct pl_rescan_one *x, struct pl_buf *out,
                   struct pl_err *err)
{
    int code = 0;
    for (int s = PL_SEV_COUNT; s-- > 0;)
        for (size_t k = 0; k < x->n_items && code == 0; k++) {
            const struct pl_rescan_item *it = &x->item[k];
            struct pl_rescan_text t;
            if (!it->hit->shown || !it->fresh || it->hit->severity != s)
                continue;
            code = text_of(r, x, it, &t, err);
            if (code < 0)
                break;
            pl_buf_puts(out, "  new   ");
            pl_buf_putn(out, t.line.p, t.line.n);
            pl_buf_putc(out, '\n');
        }
    return code;
}

static int put_gone(struct pl_rescan *r, struct pl_rescan_one *x, struct pl_buf *out,
                    struct pl_err *err)
{
    for (size_t k = 0; k < x->n_gone; k++) {
        const struct pl_rescan_gone *g;
        int code = pl_rescan_gone(r, x->gone_flaw[k], &g, err);
        if (code < 0)
            return code;
        pl_buf_puts(out, "  gone  ");
        pl_esc(out, PL_ESC_TERM, g->rule);
        pl_buf_puts(out, "  ");
        pl_esc(out, PL_ESC_TERM, g->subject);
        pl_buf_putc(out, '\n');
    }
    return 0;
}

static int put_block(struct pl_rescan *r, struct pl_rescan_one *x, struct pl_buf *out,
                     struct pl_err *err)
{
    if (!x->n_fresh && (!x->n_gone || r->o->only_new))
        return 0;
    pl_esc(out, PL_ESC_TERM, x->t.name);
    if (x->t.platform.n) {
        pl_buf_puts(out, "  ");
        pl_esc(out, PL_ESC_TERM, x->t.platform);
    }
    if (x->t.digest.n) {
        pl_buf_puts(out, "  ");
        pl_esc(out, PL_ESC_TERM, pl_say_digest(&r->one, x->t.digest));
    }
    pl_buf_putc(out, '\n');
    int code = put_new(r, x, out, err);
    if (code == 0 && !r->o->only_new)
        code = put_gone(r, x, out, err);
    pl_buf_putc(out, '\n');
    return code;
}

static void table_end(struct pl_rescan *r, struct pl_buf *out)
{
    pl_buf_printf(out, "%" PRIu64 " inventories of %" PRIu64 " distinct packages: ", r->n_images,
                  r->counts.packages);
    if (!r->n_fresh && !r->n_gone)
        pl_buf_puts(out, "nothing new, nothing gone · ");
    else
        pl_buf_printf(out, "%" PRIu64 " new, %" PRIu64 " gone · ", r->n_fresh, r->n_gone);
    pl_say_counts(out, r->count);
    pl_buf_puts(out, r->o->only_new ? " among what is new\n" : " in all\n");
    pl_buf_putn(out, r->incomplete.p, r->incomplete.n);
}

/* ---- all outputs ---- */

static void name_incomplete(struct pl_rescan *r, const struct pl_rescan_one *x)
{
    if (x->t.complete || r->n_incomplete >= NAMED_MAX)
        return;
    struct pl_str why = PL_S("it was not read to its end");
    for (size_t i = x->t.n_notes; i-- > 0;)
        if (x->t.notes[i].incomplete)
            why = x->t.notes[i].message.n ? x->t.notes[i].message : x->t.notes[i].code;
    pl_buf_puts(&r->incomplete, "INCOMPLETE: ");
    pl_esc_cut(&r->incomplete, PL_ESC_TERM, x->t.name, 200);
    pl_buf_puts(&r->incomplete, ": ");
    pl_esc_cut(&r->incomplete, PL_ESC_TERM, why, 200);
    pl_buf_putc(&r->incomplete, '\n');
}

static int hook_flush(struct pl_rescan *r, size_t more_than, struct pl_err *err)
{
    pl_auto_buf struct pl_buf key = { .max = 1u << 20 };
    if (!r->hook.n || r->hook.n <= more_than)
        return 0;
    int code = 0;
    if (r->o->webhook_key)
        code = pl_file_read(r->o->webhook_key, &key, err);
    const char *env = getenv("PLIMSOLL_WEBHOOK_KEY");
    struct pl_webhook w = { .url = r->o->webhook,
                            .ca_file = r->o->webhook_ca,
                            .secret = key.n ? pl_str_trim(pl_buf_str(&key)) : pl_str_c(env),
                            .type = "application/x-ndjson" };
    if (code == 0)
        code = pl_webhook_post(&w, pl_buf_str(&r->hook), err);
    pl_buf_clear(&r->hook);
    return code;
}

static int hook_put(struct pl_rescan *r, struct pl_rescan_one *x, struct pl_err *err)
{
    if (!r->o->webhook || (!x->n_fresh && !x->n_gone))
        return 0;
    int code = put_object(r, x, /* only_new= */ true, &r->hook, err);
    pl_buf_putc(&r->hook, '\n');
    return code == 0 ? hook_flush(r, HOOK_MAX, err) : code;
}

int pl_rescan_put(struct pl_rescan *r, struct pl_rescan_one *x, struct pl_err *err)
{
    bool only_new = r->o->only_new;
    int code = 0;
    name_incomplete(r, x);
    for (size_t i = 0; i < r->n_out && code == 0; i++) {
        struct pl_rescan_out *o = &r->out[i];
        struct pl_buf *b = &o->sink.b;
        if (o->form == PL_RESCAN_TABLE) {
            code = put_block(r, x, b, err);
        } else if (!only_new || x->n_fresh) {
            bool json = o->form == PL_RESCAN_JSON;
            if (json && !o->begun)
                json_begin(r, b);
            if (json)
                pl_buf_puts(b, o->begun ? ",\n" : "\n");
            o->begun = true;
            code = put_object(r, x, only_new, b, err);
            if (!json)
                pl_buf_putc(b, '\n');
        }
        if (code == 0)
            code = pl_sink_step(&o->sink, err);
    }
    return code == 0 ? hook_put(r, x, err) : code;
}

int pl_rescan_end(struct pl_rescan *r, struct pl_err *err)
{
    bool table = false;
    int code = 0;
    if (r->n_incomplete > NAMED_MAX)
        pl_buf_printf(&r->incomplete, "INCOMPLETE: and %u other inventories\n",
                      r->n_incomplete - NAMED_MAX);
    if (r->n_incomplete) {
        r->incomplete.n--; /* the line's end */
        pl_buf_puts(&r->incomplete,
                    r->fails && !r->o->exit_zero ? "; exit 1, for the findings\n" : "; exit 3\n");
    }
    for (size_t i = 0; i < r->n_out && code == 0; i++) {
        struct pl_rescan_out *o = &r->out[i];
        table |= o->form == PL_RESCAN_TABLE && strcmp(o->sink.path, "-") == 0;
        if (o->form == PL_RESCAN_TABLE)
            table_end(r, &o->sink.b);
        if (o->form == PL_RESCAN_JSON && !o->begun)
            json_begin(r, &o->sink.b);
        if (o->form == PL_RESCAN_JSON)
            json_end(r, &o->sink.b);
        code = pl_sink_end(&o->sink, err);
    }
    if (!table)
        fwrite(r->incomplete.p, 1, r->incomplete.n, stderr);
    return code == 0 ? hook_flush(r, 0, err) : code;
}
