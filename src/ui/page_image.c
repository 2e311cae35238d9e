/* An image: what it is, its layers in time and what was found in them as the HTML report shows it,
 * its packages. What was found is read back as the saved result that it is. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>

#include "base/cleanup.h"
#include "base/map.h"
#include "model/package.h"
#include "model/report.h"
#include "model/vuln.h"
#include "query/result.h"
#include "report/from_json.h"
#include "report/html.h"
#include "ui/ui_int.h"

#define FOUND_MAX ((size_t)12 << 20) /* bytes of findings that a page is made of */
#define BLOCKS_MAX 400u
#define NAMES_MAX 20u
#define RULES_MAX 40u
#define NOTES_MAX 50u

struct one {
    struct ui *x;
    struct pl_store_image *ret;
    bool there;
};

static int on_image(void *arg, const struct pl_store_image *i)
{
    struct one *o = arg;
    struct pl_arena *a = &o->x->a;
    struct pl_store_image *t = o->ret;
    *t = *i;
    t->name = pl_dup(a, i->name);
    t->kind = pl_dup(a, i->kind);
    t->digest = pl_dup(a, i->digest);
    t->platform = pl_dup(a, i->platform);
    t->origin.tool = pl_dup(a, i->origin.tool);
    t->origin.rules = pl_dup(a, i->origin.rules);
    t->origin.db = pl_dup(a, i->origin.db);
    t->found = i->found.p ? pl_dup(a, i->found) : i->found;
#define COPY(field, n) pl_dup(a, pl_str_n(i->field, (n) * sizeof *i->field)).p
    t->member = (const void *)COPY(member, i->n_members);
    t->layer = (const void *)COPY(layer, i->n_layers);
    t->flaw = i->flaw ? (const void *)COPY(flaw, i->n_flaws) : NULL;
#undef COPY
    struct pl_note *note = pl_alloc_n(a, i->n_notes + 1, sizeof *note);
    for (size_t k = 0; k < i->n_notes; k++) {
        note[k] = i->notes[k];
        note[k].where = pl_dup(a, i->notes[k].where);
        note[k].code = pl_dup(a, i->notes[k].code);
        note[k].message = pl_dup(a, i->notes[k].message);
    }
    t->notes = note;
    o->there = true;
    return 0;
}

int ui_inventory(struct ui *x, int64_t id, bool found, struct pl_store_image *ret, bool *ret_there)
{
    const struct pl_store_ask how = { .since = INT64_MAX, .found = found };
    struct one o = { .x = x, .ret = ret };
    int r = x->s->ops->images(x->s, &id, 1, &how, on_image, &o, x->err);
    *ret_there = o.there;
    return r;
}

static bool is_flaw(const struct pl_finding *f)
{
    return f->vuln || pl_str_is(f->rule, "trust/end-of-life");
}

/* What is unsupported is one flaw, however its words have changed. */
static struct pl_str flaw_key(struct ui *x, struct pl_str rule, struct pl_str subject)
{
    bool old = pl_str_is(rule, "trust/end-of-life");
    return pl_printf(&x->a, "%.*s %.*s", PL_FMT(rule), PL_FMT(old ? PL_S("") : subject));
}

enum told { NOT_TOLD = 1, TOLD };

static int read_flaws(struct ui *x, const struct pl_store_image *i, struct pl_map *now,
                      struct pl_names *ret)
{
    struct pl_str subject, rule;
    int r = 0;
    ret->p = pl_alloc_n(&x->a, i->n_flaws + 1, sizeof *ret->p);
    for (size_t k = 0; k < i->n_flaws && r == 0; k++) {
        r = x->s->ops->flaw_named(x->s, i->flaw[k], &x->a, &subject, &rule, x->err);
        if (r < 0)
            break;
        struct pl_str key = flaw_key(x, rule, subject);
        ret->p[ret->n++] = key;
        *pl_map_put(now, key) = (void *)(uintptr_t)NOT_TOLD;
        r = ui_step(x);
    }
    return r;
}

/* Flaws that a later run took away are left out; those that it added and of which no words are kept
 * are told by name. */
static int settle(struct ui *x, const struct pl_store_image *i, struct pl_target *t,
                  struct pl_names *ret_more)
{
    struct pl_map now = { .a = &x->a };
    size_t n = 0;
    int r = read_flaws(x, i, &now, ret_more);
    for (size_t k = 0; k < t->n_findings && r == 0; k++) {
        const struct pl_finding *f = &t->findings[k];
        if (is_flaw(f) && i->flaw) {
            struct pl_str key = flaw_key(x, f->rule, f->vuln ? f->vuln->purl : f->title);
            if (!pl_map_get(&now, key))
                continue;
            *pl_map_put(&now, key) = (void *)(uintptr_t)TOLD;
        }
        t->findings[n++] = *f;
    }
    t->n_findings = n;
    n = 0;
    for (size_t k = 0; k < ret_more->n; k++)
        if (pl_map_get(&now, ret_more->p[k]) == (void *)(uintptr_t)NOT_TOLD)
            ret_more->p[n++] = ret_more->p[k];
    ret_more->n = n;
    pl_map_release(&now);
    return r;
}

/* ---- parts of the page ---- */

struct names {
    struct ui *x;
    struct pl_str own;
    size_t n;
};

static int on_other(void *arg, int64_t id, struct pl_str name)
{
    struct names *v = arg;
    (void)id;
    if (pl_str_eq(name, v->own) || v->n++ >= NAMES_MAX)
        return 0;
    ui_put(v->x, v->n == 1 ? "<p class=\"also\">Also known as <code>" : ", <code>");
    ui_text(v->x, name, 120);
    ui_put(v->x, "</code>");
    return 0;
}

static int other_names(struct ui *x, const struct pl_store_image *i)
{
    struct names v = { x, i->name, 0 };
    int r = i->digest.n ? x->s->ops->names_of(x->s, &i->id, 1, on_other, &v, x->err) : 0;
    if (v.n > NAMES_MAX)
        ui_putf(x, " and %zu more", v.n - NAMES_MAX);
    if (v.n)
        ui_put(x, "</p>\n");
    return r;
}

static void notes(struct ui *x, const struct pl_store_image *i)
{
    if (i->complete)
        return;
    ui_put(x, "<section class=\"incomplete\" aria-labelledby=\"incomplete\"><h2 "
              "id=\"incomplete\">Incomplete: not everything was read</h2>\n<p>What is not listed "
              "below may be in what was not read.</p>\n<ul>\n");
    for (size_t k = 0; k < i->n_notes && k < NOTES_MAX; k++) {
        ui_put(x, "<li><code>");
        ui_text(x, i->notes[k].where, 300);
        ui_put(x, "</code>: ");
        ui_text(x, i->notes[k].message, 500);
        ui_put(x, "</li>\n");
    }
    if (i->n_notes > NOTES_MAX)
        ui_putf(x, "<li>and %zu more</li>\n", i->n_notes - NOTES_MAX);
    ui_put(x, "</ul></section>\n");
}

static void more_flaws(struct ui *x, const struct pl_names *more)
{
    if (!more->n)
        return;
    ui_put(x, "<section aria-labelledby=\"since\"><h2 id=\"since\">Since it was read</h2><p "
              "class=\"hint\">Advisories that came later and that its packages match.</p><ul>\n");
    for (size_t k = 0; k < more->n && k < UI_ROWS; k++) {
        struct pl_str rest = more->p[k];
        struct pl_ui_form to = { .after = 0 };
        pl_str_split(&rest, ' ', &to.cve);
        ui_put(x, "<li><a href=\"");
        ui_href(x, &to);
        ui_put(x, "\">");
        ui_text(x, to.cve, 80);
        ui_put(x, "</a> <code>");
        ui_text(x, rest, 200);
        ui_put(x, "</code></li>\n");
    }
    if (more->n > UI_ROWS)
        ui_putf(x, "<li>and %zu more</li>\n", more->n - UI_ROWS);
    ui_put(x, "</ul></section>\n");
}

static void elsewhere_one(struct ui *x, const struct pl_finding *f)
{
    struct pl_ui_form to = { .after = 0 };
    if (is_flaw(f))
        to.cve = f->rule;
    else
        to.secret = f->rule;
    ui_put(x, "<li><a href=\"");
    ui_href(x, &to);
    ui_put(x, "\">");
    ui_text(x, f->rule, 80);
    ui_put(x, "</a></li>\n");
}

/* Each rule that found something, as a question about all images. */
static void elsewhere(struct ui *x, const struct pl_target *t)
{
    struct pl_map seen = { .a = &x->a };
    size_t n = 0;
    for (size_t k = 0; k < t->n_findings && n < RULES_MAX; k++) {
        const struct pl_finding *f = &t->findings[k];
        if ((!is_flaw(f) && f->kind != PL_KIND_SECRET) || pl_map_get(&seen, f->rule))
            continue;
        *pl_map_put(&seen, f->rule) = &seen;
        if (n++ == 0)
            ui_put(x,
                   "<section aria-labelledby=\"else\"><h2 id=\"else\">In which other images?</h2>"
                   "<ul class=\"chips\">\n");
        elsewhere_one(x, f);
    }
    if (n)
        ui_put(x, "</ul></section>\n");
    pl_map_release(&seen);
}

static void lead(struct ui *x, const struct pl_store_image *i)
{
    ui_put(x, "<h1>");
    ui_text(x, i->name.n ? i->name : PL_S("without a name"), 160);
    ui_put(x, "</h1>\n<p class=\"lead\">");
    ui_text(x, i->platform, 60);
    ui_put(x, i->platform.n ? " · read " : "read ");
    ui_time(x, i->origin.at);
    ui_put(x, " by plimsoll ");
    ui_text(x, i->origin.tool, 30);
    ui_put(x, ", rules ");
    ui_text(x, i->origin.rules, 30);
    ui_put(x, i->complete ? "</p>\n" : " · <strong>incomplete</strong></p>\n");
}

static int body(struct ui *x, struct pl_store_image *i, struct pl_report *report, bool left,
                const struct pl_names *more)
{
    const struct pl_report_opts o = { .fail_none = true };
    ui_head(x, i->name);
    lead(x, i);
    int r = other_names(x, i);
    ui_put(x, "</header>\n<main id=\"main\">\n");
    notes(x, i);
    if (r == 0)
        r = ui_runs(x, i);
    size_t out = pl_html_target(report, &o, BLOCKS_MAX, x->out);
    if (left || out)
        ui_put(x, "<p class=\"hint\"><strong>Not all findings are shown here</strong>, the least "
                  "severe are left out; <code>plimsoll query --image</code> has all.</p>\n");
    more_flaws(x, more);
    elsewhere(x, &report->targets[0]);
    ui_put(x, "<section aria-labelledby=\"packages\"><h2 id=\"packages\">Packages</h2>\n");
    if (r == 0)
        r = ui_packages_alone(x, i);
    if (r == 0)
        r = ui_package_table(x, i, 0, 20);
    if (i->n_members > 20)
        ui_putf(x, "<p><a href=\"/image/%" PRId64 "/packages\">All %zu packages</a></p>\n", i->id,
                i->n_members);
    ui_put(x, "</section>\n");
    ui_foot(x);
    return r;
}

static int step(void *arg)
{
    return ui_step(arg);
}

int ui_image(struct ui *x, int64_t id)
{
    struct pl_store_image i;
    struct pl_report report = { .a = &x->a };
    struct pl_names more = { .n = 0 };
    pl_auto_buf struct pl_buf text = { 0 };
    bool there, left = false;
    int r = ui_inventory(x, id, /* found= */ true, &i, &there);
    if (r == 0 && !there)
        return ui_refuse(x, 404, "No such image", PL_S("It is not in the store, or not any more."));
    const struct pl_query_result_opts how = { .max = FOUND_MAX, .step = step, .arg = x };
    if (r == 0)
        r = pl_query_result(x->s, &i, &how, &text, &left, x->err);
    if (r == 0)
        r = pl_report_from_json(&x->a, pl_buf_str(&text), &report, x->err);
    if (r == 0)
        r = settle(x, &i, &report.targets[0], &more);
    return r == 0 ? body(x, &i, &report, left, &more) : r;
}
