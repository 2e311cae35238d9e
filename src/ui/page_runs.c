/* Where an image runs, as clusters told: a part of its page. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "model/fleet.h"
#include "ui/ui_int.h"

#define RUNS_MAX 100u

struct runs {
    struct ui *x;
    size_t n;
};

static void cell(struct ui *x, const char *label, struct pl_str text)
{
    ui_putf(x, "<td role=\"cell\" data-l=\"%s\">", label);
    ui_text(x, text, 80);
    ui_put(x, "</td>");
}

static int on_run(void *arg, const struct pl_exposure *e)
{
    struct runs *v = arg;
    struct ui *x = v->x;
    if (v->n++ == 0)
        ui_put(x, "<section aria-labelledby=\"runs\"><h2 id=\"runs\">Where it runs</h2>\n<table "
                  "class=\"rows\" role=\"table\"><thead role=\"rowgroup\"><tr role=\"row\">"
                  "<th scope=\"col\" role=\"columnheader\">Workload</th>"
                  "<th scope=\"col\" role=\"columnheader\">Kind</th>"
                  "<th scope=\"col\" role=\"columnheader\">Namespace</th>"
                  "<th scope=\"col\" role=\"columnheader\">Cluster</th>"
                  "<th scope=\"col\" role=\"columnheader\">Since</th></tr></thead>"
                  "<tbody role=\"rowgroup\">\n");
    if (v->n > RUNS_MAX)
        return ui_step(x);
    ui_put(x, "<tr role=\"row\"><th scope=\"row\" role=\"rowheader\">");
    ui_text(x, e->owner.n ? e->owner : PL_S("not told"), 120);
    ui_put(x, "</th>");
    cell(x, "Kind", e->kind);
    cell(x, "Namespace", e->ns);
    cell(x, "Cluster", e->cluster);
    ui_put(x, "<td role=\"cell\" data-l=\"Since\"><span>");
    ui_time(x, e->since);
    if (e->until) {
        ui_put(x, " <span class=\"how\">ended</span> ");
        ui_time(x, e->until);
    }
    ui_put(x, "</span></td></tr>\n");
    return ui_step(x);
}

int ui_runs(struct ui *x, const struct pl_store_image *i)
{
    struct runs v = { x, 0 };
    int r = x->s->ops->runs_of(x->s, i->digest, i->name, on_run, &v, x->err);
    if (v.n)
        ui_put(x, "</tbody></table>\n");
    if (v.n > RUNS_MAX)
        ui_putf(x, "<p class=\"hint\">and at %zu more places</p>\n", v.n - RUNS_MAX);
    if (v.n)
        ui_put(x, "</section>\n");
    return r;
}
