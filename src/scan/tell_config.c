/* How an image runs, as findings: who brought a file or set a value. formats/hardening.md. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/hash.h"
#include "scan/facts.h"
#include "scan/scan_int.h"
#include "scan/tell_int.h"

static struct pl_names words(struct pl_arena *a, const char *list)
{
    struct pl_names out = { pl_alloc_n(a, 8, sizeof *out.p), 0 };
    struct pl_str rest = pl_str_c(list), word;
    while (out.n < 8 && pl_next_word(&rest, &word))
        out.p[out.n++] = word; /* static */
    return out;
}

static void place(struct pl_tell *k, const struct pl_img_finding *x, struct pl_finding *f)
{
    const struct pl_doc *config = pl_tell_config(k->im);
    f->span = (struct pl_span){ PL_NEVER, PL_NEVER, PL_HOW_NONE, true };
    if (x->layer < k->im->n_layers)
        f->span.introduced = x->layer;
    if (!config || x->history >= config->n_history)
        return;
    if (k->align.fit == PL_HISTORY_ALIGNED && k->align.layer_of &&
        k->align.layer_of[x->history] < k->im->n_layers)
        f->span.introduced = k->align.layer_of[x->history];
    else if (x->surface != PL_SURF_HISTORY)
        f->origin = pl_dup(k->a, config->history[x->history].created_by);
}

static void one(struct pl_tell *k, const struct pl_img_finding *x)
{
    const struct pl_img_rule *rule = &pl_img_rules[x->rule];
    struct pl_found found = { .ordinal = PL_NEVER };
    struct pl_finding *f = &found.f;
    *f = (struct pl_finding){ .kind = rule->kind,
                              .rule = pl_str_c(rule->name),
                              .severity = x->severity,
                              .why = pl_str_c(rule->why),
                              .fix = pl_str_c(rule->fix),
                              .aliases = words(k->a, rule->aliases) };
    f->title = x->detail.n ? pl_printf(k->a, "%s: %.*s", rule->title, PL_FMT(x->detail))
                           : pl_str_c(rule->title);
    f->where = (struct pl_where){ .surface = x->surface, .path = x->path, .line = x->line };
    if (x->line) {
        f->where.col = f->where.end_col = 1;
        f->where.end_line = x->line + 1;
    }
    pl_sha256(f->title.p, f->title.n, f->secret_hash); /* tells findings of one place apart */
    place(k, x, f);
    pl_vec_push(&k->found, found);
}

void pl_tell_config_findings(struct pl_tell *k)
{
    const struct pl_scan_opts *o = &k->u->scan->o;
    struct pl_verdict v;
    struct pl_err err = { 0 };
    if (!o->config || !k->tree)
        return;
    if (pl_facts_judge(k->u, k->im, k->tree, k->a, &v, &err) < 0) {
        struct pl_note n = { .scope = PL_SCOPE_UNIT,
                             .where = PL_S("config"),
                             .code = PL_S("config"),
                             .message = pl_dup(k->a, pl_str_c(err.msg)),
                             .incomplete = true };
        pl_tell_note(k, n);
        return;
    }
    for (size_t i = 0; i < v.n; i++)
        if (o->kinds & 1u << pl_img_rules[v.finding[i].rule].kind)
            one(k, &v.finding[i]);
}
