/* The fleet: what there is, a search, the images that were found, a page at a time. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>

#include "base/cleanup.h"
#include "ui/ui_int.h"

#define HELD_MAX 5u /* packages that are named beside an image */

struct listing {
    struct ui *x;
    const struct ui_hits *hits;
};

static void tile(struct ui *x, uint64_t n, const char *name)
{
    ui_put(x, "<li><b>");
    ui_number(x, n);
    ui_putf(x, "</b> %s</li>", name);
}

static void tiles(struct ui *x, const struct pl_store_counts *n)
{
    ui_put(x, "<ul class=\"tiles\">");
    tile(x, n->images, n->images == 1 ? "image" : "images");
    tile(x, n->packages, "distinct packages");
    tile(x, n->layers, "distinct layers");
    tile(x, n->flaws, "flaws of packages");
    ui_put(x, "</ul>\n");
}

/* "3 images" and what was asked for, in words. */
static void heading(struct ui *x, uint64_t n)
{
    const struct {
        const char *text;
        struct pl_str what;
    } part[] = {
        { " called ", x->form.image },
        { " that hold ", x->form.package },
        { " that have ", x->form.cve },
        { " with a secret by ", x->form.secret },
    };
    ui_put(x, "<h1>");
    ui_number(x, n);
    ui_put(x, n == 1 ? " image" : " images");
    for (size_t i = 0; i < PL_COUNT(part); i++) {
        if (!part[i].what.n)
            continue;
        ui_put(x, part[i].text);
        ui_put(x, "<q>");
        ui_text(x, part[i].what, 80);
        ui_put(x, "</q>");
    }
    ui_put(x, "</h1>\n");
}

static int held_one(struct ui *x, const struct pl_store_member *m)
{
    struct pl_package p;
    int r = x->s->ops->package(x->s, m->package, &x->one, &p, x->err);
    if (r < 0)
        return r;
    ui_put(x, "<li><code>");
    ui_text(x, p.pkg.name, 80);
    ui_put(x, " ");
    ui_text(x, p.pkg.version, 60);
    ui_put(x,
           m->span.visible ? "</code></li>" : "</code> <span>removed by a later layer</span></li>");
    return 0;
}

static int held(struct listing *l, const struct pl_store_image *i)
{
    size_t n = 0;
    int r = 0;
    if (!l->hits->want.package.n)
        return 0;
    ui_put(l->x, "<ul class=\"held\">");
    for (size_t k = 0; k < i->n_members && r == 0; k++)
        if (pl_query_wanted(&l->hits->want, i->member[k].package) && n++ < HELD_MAX)
            r = held_one(l->x, &i->member[k]);
    if (n > HELD_MAX)
        ui_putf(l->x, "<li>and %zu more</li>", n - HELD_MAX);
    ui_put(l->x, "</ul>");
    return r;
}

static size_t packages(const struct listing *l, const struct pl_store_image *i)
{
    size_t n = i->n_members;
    for (size_t k = 0; k < i->n_members; k++)
        n -= pl_query_is_release(&l->hits->want, i->member[k].package);
    return n;
}

static int row(void *arg, const struct pl_store_image *i)
{
    struct listing *l = arg;
    struct ui *x = l->x;
    pl_arena_reset(&x->one);
    ui_putf(x,
            "<tr role=\"row\"><th scope=\"row\" role=\"rowheader\"><a href=\"/image/%" PRId64 "\">",
            i->id);
    ui_text(x, i->name.n ? i->name : PL_S("without a name"), 160);
    ui_put(x, "</a>");
    if (i->digest.n) {
        ui_put(x, "<small>");
        ui_text(x, pl_str_sub(i->digest, 0, 19), 40);
        ui_put(x, "</small>");
    }
    int r = held(l, i);
    ui_put(x, "</th><td role=\"cell\" data-l=\"Platform\">");
    ui_text(x, i->platform, 40);
    ui_put(x, "</td><td role=\"cell\" class=\"n\" data-l=\"Packages\">");
    ui_number(x, packages(l, i));
    ui_put(x, "</td><td role=\"cell\" class=\"n\" data-l=\"Flaws\">");
    ui_number(x, i->n_flaws);
    ui_put(x, "</td><td role=\"cell\" data-l=\"Read\"><span>");
    ui_time(x, i->origin.at);
    ui_put(x, i->complete ? "</span></td></tr>\n"
                          : "<strong class=\"part\">incomplete</strong></span></td></tr>\n");
    return r == 0 ? ui_step(x) : r;
}

static void pages(struct ui *x, const struct ui_hits *h)
{
    struct pl_ui_form to = x->form;
    bool more = h->n > UI_PAGE;
    if (!more && !x->form.after)
        return;
    ui_put(x, "<nav class=\"pages\" aria-label=\"Pages\">");
    if (x->form.after) {
        to.after = 0;
        ui_put(x, "<a href=\"");
        ui_href(x, &to);
        ui_put(x, "\">First page</a>");
    }
    if (more) {
        to.after = (uint64_t)h->p[UI_PAGE - 1].id;
        ui_put(x, "<a rel=\"next\" href=\"");
        ui_href(x, &to);
        ui_put(x, "\">Next page</a>");
    }
    ui_put(x, "</nav>\n");
}

static int table(struct ui *x, const struct ui_hits *h)
{
    const struct pl_store_ask how = { .order = PL_STORE_BY_NAME, .since = INT64_MAX };
    struct listing l = { .x = x, .hits = h };
    size_t n = h->n < UI_PAGE ? h->n : UI_PAGE;
    int64_t id[UI_PAGE];
    for (size_t i = 0; i < n; i++)
        id[i] = h->p[i].id;
    ui_put(x,
           "<table class=\"rows\" role=\"table\"><caption class=\"vh\">Images</caption><thead "
           "role=\"rowgroup\"><tr role=\"row\"><th scope=\"col\" role=\"columnheader\">Image</th>"
           "<th scope=\"col\" role=\"columnheader\">Platform</th>"
           "<th scope=\"col\" role=\"columnheader\" class=\"n\">Packages</th>"
           "<th scope=\"col\" role=\"columnheader\" class=\"n\">Flaws</th>"
           "<th scope=\"col\" role=\"columnheader\">Read</th></tr></thead>"
           "<tbody role=\"rowgroup\">\n");
    int r = x->s->ops->images(x->s, id, n, &how, row, &l, x->err);
    ui_put(x, "</tbody></table>\n");
    return r;
}

int ui_fleet(struct ui *x)
{
    struct pl_store_counts counts = { 0 };
    struct ui_hits hits = { .n = 0 };
    bool asks = pl_ui_form_asks(&x->form);
    int r = asks ? 0 : x->s->ops->counts(x->s, &counts, x->err);
    if (r == 0)
        r = ui_find(x, &hits);
    if (r == 0) {
        ui_head(x, asks ? PL_S("Search") : PL_S("Images"));
        heading(x, hits.total);
        if (!asks)
            tiles(x, &counts);
        ui_search(x);
        ui_put(x, "</header>\n<main id=\"main\"><section aria-label=\"Images\">\n");
        if (hits.n)
            r = table(x, &hits);
        else
            ui_put(x, counts.images || asks
                          ? "<p class=\"hint\">No image that is stored is so.</p>\n"
                          : "<p class=\"hint\">Nothing is stored yet: <code>plimsoll scan --store"
                            "</code>, or <code>plimsoll queue add</code> and a worker.</p>\n");
        pages(x, &hits);
        ui_put(x, "</section>\n");
        ui_foot(x);
    }
    ui_hits_release(&hits);
    return r;
}
