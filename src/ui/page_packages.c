/* The packages of an image, a page at a time. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>

#include "ui/ui_int.h"

static int row(struct ui *x, const struct pl_store_member *m)
{
    struct pl_package p;
    struct pl_names paths = { .n = 0 };
    pl_arena_reset(&x->one);
    int r = x->s->ops->package(x->s, m->package, &x->one, &p, x->err);
    if (r == 0)
        r = x->s->ops->place(x->s, m->place, &x->one, &paths, x->err);
    if (r < 0)
        return r;
    const struct pl_ui_form to = { .package = p.pkg.name };
    ui_put(x, "<tr role=\"row\"><th scope=\"row\" role=\"rowheader\"><a href=\"");
    if (p.pkg.name.n <= PL_UI_VALUE_MAX)
        ui_href(x, &to);
    ui_put(x, "\">");
    ui_text(x, p.pkg.name, 120);
    ui_put(x, "</a></th><td role=\"cell\" data-l=\"Version\"><code>");
    ui_text(x, p.pkg.version, 80);
    ui_put(x, "</code></td><td role=\"cell\" data-l=\"Kind\">");
    ui_text(x, p.pkg.type, 40);
    ui_put(x, "</td><td role=\"cell\" class=\"place\" data-l=\"Where\"><span>");
    if (paths.n)
        ui_text(x, paths.p[0], 160);
    if (paths.n > 1)
        ui_putf(x, " <small>and %zu more</small>", paths.n - 1);
    ui_put(x, "</span></td><td role=\"cell\" data-l=\"Layer\">");
    if (m->span.introduced != PL_NEVER)
        ui_putf(x, "%" PRIu32, m->span.introduced);
    ui_put(x, m->span.visible ? "</td></tr>\n"
                              : " <span class=\"how\">removed later</span></td></tr>\n");
    return ui_step(x);
}

int ui_packages_alone(struct ui *x, struct pl_store_image *i)
{
    const struct pl_query_ask nothing = { .dated = false };
    struct pl_query_want want = { .ask = &nothing };
    struct pl_store_member *v = pl_alloc_n(&x->a, i->n_members + 1, sizeof *v);
    size_t n = 0;
    int r = pl_query_prepare(x->s, &nothing, &x->a, &want, x->err);
    for (size_t k = 0; k < i->n_members && r == 0; k++)
        if (!pl_query_is_release(&want, i->member[k].package))
            v[n++] = i->member[k];
    if (r == 0) {
        i->member = v;
        i->n_members = n;
    }
    pl_query_release(&want);
    return r;
}

int ui_package_table(struct ui *x, const struct pl_store_image *i, size_t from, size_t max)
{
    int r = 0;
    if (!i->n_members) {
        ui_put(x, "<p class=\"hint\">No packages were found.</p>\n");
        return 0;
    }
    ui_put(x, "<table class=\"rows\" role=\"table\"><caption class=\"vh\">Packages</caption><thead "
              "role=\"rowgroup\"><tr role=\"row\"><th scope=\"col\" role=\"columnheader\">Name</th>"
              "<th scope=\"col\" role=\"columnheader\">Version</th>"
              "<th scope=\"col\" role=\"columnheader\">Kind</th>"
              "<th scope=\"col\" role=\"columnheader\">Where</th>"
              "<th scope=\"col\" role=\"columnheader\">Layer</th></tr></thead>"
              "<tbody role=\"rowgroup\">\n");
    for (size_t k = from; k < i->n_members && k - from < max && r == 0; k++)
        r = row(x, &i->member[k]);
    ui_put(x, "</tbody></table>\n");
    return r;
}

int ui_packages(struct ui *x, int64_t id)
{
    struct pl_store_image i;
    bool there;
    int r = ui_inventory(x, id, /* found= */ false, &i, &there);
    if (r < 0)
        return r;
    size_t from = (size_t)x->form.after;
    if (there && (r = ui_packages_alone(x, &i)) < 0)
        return r;
    if (!there || from > i.n_members)
        return ui_refuse(x, 404, "No such image", PL_S("It is not in the store, or not any more."));
    ui_head(x, i.name);
    ui_put(x, "<h1>Packages of ");
    ui_text(x, i.name, 160);
    ui_putf(x,
            "</h1>\n<p class=\"lead\">%zu packages · <a href=\"/image/%" PRId64 "\">the "
            "image</a></p>\n</header>\n<main id=\"main\"><section aria-label=\"Packages\">\n",
            i.n_members, id);
    r = ui_package_table(x, &i, from, UI_ROWS);
    ui_put(x, "<nav class=\"pages\" aria-label=\"Pages\">");
    if (from)
        ui_putf(x,
                "<a rel=\"prev\" href=\"/image/%" PRId64 "/packages?after=%zu\">Previous "
                "page</a>",
                id, from > UI_ROWS ? from - UI_ROWS : 0);
    if (i.n_members > from + UI_ROWS)
        ui_putf(x, "<a rel=\"next\" href=\"/image/%" PRId64 "/packages?after=%zu\">Next page</a>",
                id, from + UI_ROWS);
    ui_put(x, "</nav></section>\n");
    ui_foot(x);
    return r;
}
