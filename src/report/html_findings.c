/* HTML report: the table of findings and a card for each. ux.md section 3. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>

#include "report/html_int.h"

#define PLACES_OPEN 5  /* places of one span shown before the fold */
#define PLACES_MAX 200 /* and behind it */
#define STRIP_MAX 60   /* layers a strip can show */

static void put_place(struct html *h, const struct pl_finding *f, size_t max)
{
    pl_auto_buf struct pl_buf place = { 0 };
    pl_say_place(&place, f);
    html_text(h, pl_buf_str(&place), max);
}

static void put_severity(struct html *h, enum pl_severity s)
{
    html_putf(h, "<span class=\"sev s-%s\">%s</span>", pl_severity_name(s), pl_severity_name(s));
}

static void put_title(struct html *h, const struct pl_finding *f)
{
    pl_auto_buf struct pl_buf title = { 0 };
    pl_say_title(&title, h->t, f);
    html_text(h, pl_buf_str(&title), 400);
}

/* The finding that speaks for the block: the first of the highest severity. */
static const struct pl_finding *speaker(const struct pl_block *b)
{
    for (size_t i = 0; i < b->n; i++)
        if (b->f[i]->severity == b->severity)
            return b->f[i];
    return b->f[0];
}

/* A cell that names a layer; sorts by its number. */
static void put_layer_cell(struct html *h, uint32_t index, const char *how)
{
    if (!pl_layer_at(h->t, index)) {
        html_put(h, "<td data-v=\"-1\"><span class=\"none\">–</span></td>");
        return;
    }
    html_putf(h, "<td data-v=\"%" PRIu32 "\"><a href=\"#t%zu-l%" PRIu32 "\">layer %" PRIu32 "</a>",
              index, h->target_no, index, index);
    if (how[0])
        html_putf(h, "<small>%s</small>", how);
    html_put(h, "</td>");
}

static void put_row(struct html *h, const struct html_block *hb)
{
    const struct pl_finding *f = speaker(hb->b);
    html_putf(
        h,
        "<tr data-sev=\"%s\" data-hidden=\"%d\" data-card=\"%.*s\"><td data-v=\"%zu\">%zu</td>"
        "<td data-v=\"%d\">",
        pl_severity_name(hb->b->severity), f->span.hidden != PL_NEVER, PL_FMT(hb->anchor[0]),
        hb->number, hb->number, -(int)hb->b->severity);
    put_severity(h, hb->b->severity);
    html_putf(h, "</td><td><a href=\"#%.*s\">", PL_FMT(hb->anchor[0]));
    html_text(h, f->title.n ? f->title : f->rule, 200);
    html_put(h, "</a><small>");
    html_text(h, f->rule, 120);
    html_put(h, "</small></td><td class=\"place\">");
    put_place(h, f, 160);
    if (hb->b->n > 1)
        html_putf(h, "<small>and %zu more</small>", hb->b->n - 1);
    html_put(h, "</td>");
    if (h->t->n_layers) {
        put_layer_cell(h, f->span.introduced, "");
        put_layer_cell(h, f->span.hidden, pl_how_name(f->span.how));
        html_putf(h, "<td data-v=\"%d\">%s</td>", !f->span.visible, f->span.visible ? "yes" : "no");
    }
    if (h->r->has_baseline)
        html_putf(h, "<td>%s</td>", pl_delta_name(f->delta));
    html_put(h, "</tr>\n");
}

static void put_tools(struct html *h)
{
    html_putf(h,
              "<form class=\"tools\" hidden data-for=\"t%zu\" role=\"search\"><label>Filter <input "
              "type=\"search\" placeholder=\"path, rule, layer …\" autocomplete=\"off\" "
              "spellcheck=\"false\"></label><fieldset><legend class=\"vh\">Severities</legend>",
              h->target_no);
    bool has[PL_SEV_COUNT] = { false };
    for (size_t i = 0; i < h->n_blocks; i++)
        has[h->blocks[i].b->severity] = true;
    for (int s = PL_SEV_COUNT; s-- > 0;)
        if (has[s])
            html_putf(h, "<label><input type=\"checkbox\" checked value=\"%s\"> %s</label>",
                      pl_severity_name((enum pl_severity)s), pl_severity_name((enum pl_severity)s));
    html_put(h, "</fieldset>");
    if (h->t->n_layers)
        html_put(h, "<label><input type=\"checkbox\" class=\"only\"> only hidden</label>");
    html_put(h, "<output></output></form>\n");
}

static void put_table(struct html *h)
{
    html_putf(h,
              "<div class=\"wide\" tabindex=\"0\" role=\"group\" aria-label=\"Findings\"><table "
              "class=\"list\" id=\"t%zu-list\"><thead><tr>"
              "<th scope=\"col\" data-n>#</th><th scope=\"col\" data-n>Severity</th>"
              "<th scope=\"col\">Finding</th><th scope=\"col\">Where</th>",
              h->target_no);
    if (h->t->n_layers)
        html_put(h, "<th scope=\"col\" data-n>Introduced</th><th scope=\"col\" data-n>Hidden</th>"
                    "<th scope=\"col\" data-n>Visible</th>");
    if (h->r->has_baseline)
        html_put(h, "<th scope=\"col\">Baseline</th>");
    html_put(h, "</tr></thead><tbody>\n");
    for (size_t i = 0; i < h->n_blocks; i++)
        put_row(h, &h->blocks[i]);
    html_put(h, "</tbody></table></div>\n");
}

/* The layers in a row; those in which the secret is visible filled, crossed where it is hidden. */
static void put_strip(struct html *h, const struct pl_block *b, const struct pl_span *s)
{
    size_t n = h->t->n_layers;
    if (n < 2 || n > STRIP_MAX || !pl_layer_at(h->t, s->introduced))
        return;
    unsigned step = n > 30 ? 12 : 18;
    html_putf(h, "<svg class=\"strip s-%s\" aria-hidden=\"true\" width=\"%zu\" height=\"14\">",
              pl_severity_name(b->severity), n * step);
    for (size_t i = 0; i < n; i++) {
        bool in = i >= s->introduced && (i < s->hidden || s->hidden == s->introduced);
        in = in && (s->visible || s->hidden != PL_NEVER || i == s->introduced);
        in = in && (s->hidden != s->introduced || i == s->introduced);
        html_putf(h, "<rect%s x=\"%zu\" y=\"3\" width=\"%u\" height=\"8\" rx=\"2\"/>",
                  in ? " class=\"on\"" : "", i * step, step - 3);
        if (i == s->hidden)
            html_putf(h, "<path d=\"M%zu 2l10 10m0-10l-10 10\"/>", i * step + (step - 3) / 2 - 5);
    }
    html_put(h, "</svg>");
}

static void put_layer_line(struct html *h, const char *name, uint32_t index, const char *how)
{
    const struct pl_layer_info *l = pl_layer_at(h->t, index);
    if (!l)
        return;
    html_putf(h, "<dt>%s</dt><dd><a href=\"#t%zu-l%" PRIu32 "\">layer %" PRIu32 "</a>", name,
              h->target_no, index, index);
    if (how[0])
        html_putf(h, " <span class=\"how\">%s</span>", how);
    if (l->has_created_by) {
        html_put(h, " <code>");
        html_text(h, pl_say_instruction(h->a, l->created_by), 300);
        html_put(h, "</code>");
    }
    html_put(h, "</dd>\n");
}

static void put_code_line(struct html *h, const char *name, struct pl_str text)
{
    if (!text.n)
        return;
    html_putf(h, "<dt>%s</dt><dd><code>", name);
    html_text(h, text, 2000);
    html_put(h, "</code></dd>\n");
}

static void put_commit(struct html *h, const struct pl_commit *c)
{
    pl_auto_buf struct pl_buf text = { 0 };
    pl_say_commit(&text, c);
    put_code_line(h, "Commit", pl_buf_str(&text));
}

static void put_item(struct html *h, const struct html_block *hb, size_t i)
{
    /* the card itself carries the first anchor */
    if (i)
        html_putf(h, "<li id=\"%.*s\"><code>", PL_FMT(hb->anchor[i]));
    else
        html_put(h, "<li><code>");
    put_place(h, hb->b->f[i], 600);
    html_putf(h, "</code> <a class=\"self\" href=\"#%.*s\" title=\"link to this place\">§</a></li>",
              PL_FMT(hb->anchor[i]));
}

/* Places from `at` on that share a span; returns how many. */
static size_t put_group(struct html *h, const struct html_block *hb, size_t at)
{
    const struct pl_block *b = hb->b;
    const struct pl_finding *f = b->f[at];
    size_t n = 1, shown = 0;
    while (at + n < b->n && pl_life_eq(f, b->f[at + n]))
        n++;
    html_put(h, at ? "<dt class=\"split\">Where</dt><dd class=\"split\"><ul>"
                   : "<dt>Where</dt><dd><ul>");
    for (; shown < n && shown < PLACES_OPEN; shown++)
        put_item(h, hb, at + shown);
    html_put(h, "</ul>");
    if (shown < n) {
        html_putf(h, "<details><summary>%zu more places</summary><ul>", n - shown);
        for (; shown < n && shown < PLACES_MAX; shown++)
            put_item(h, hb, at + shown);
        if (shown < n)
            html_putf(h, "<li>and %zu more, all of them in the JSON result</li>", n - shown);
        html_put(h, "</ul></details>");
    }
    html_put(h, "</dd>\n");
    put_layer_line(h, "Introduced", f->span.introduced, "");
    if (f->span.introduced == PL_NEVER)
        put_code_line(h, "Introduced", f->origin);
    put_layer_line(h, "Hidden", f->span.hidden, pl_how_name(f->span.how));
    if (f->commit)
        put_commit(h, f->commit);
    if (h->t->n_layers || f->commit) {
        html_putf(h, "<dt>Visible</dt><dd>%s", pl_say_visible(h->t, f));
        put_strip(h, b, &f->span);
        html_put(h, "</dd>\n");
    }
    if (f->recover.n) {
        html_put(h, "<dt>Recover</dt><dd><pre><code>");
        html_text(h, f->recover, 0);
        html_put(h, "</code></pre></dd>\n");
    }
    return n;
}

static void put_line(struct html *h, const char *name, struct pl_str text)
{
    if (!text.n)
        return;
    html_putf(h, "<dt>%s</dt><dd>", name);
    html_text(h, text, 2000);
    html_put(h, "</dd>\n");
}

static void put_card(struct html *h, const struct html_block *hb)
{
    const struct pl_finding *f = speaker(hb->b);
    const char *rotate = pl_say_rotate(h->t, f, h->o->has_scrub);
    unsigned cwe = pl_kind_cwe(f->kind);
    html_putf(h,
              "<article class=\"card s-%s\" id=\"%.*s\"><header><h4><span class=\"no\">%zu</span> ",
              pl_severity_name(hb->b->severity), PL_FMT(hb->anchor[0]), hb->number);
    put_severity(h, hb->b->severity);
    html_put(h, " ");
    put_title(h, f);
    if (f->delta != PL_DELTA_NONE)
        html_putf(h, " <span class=\"how\">%s</span>", pl_delta_name(f->delta));
    html_putf(h,
              "</h4><a class=\"self\" href=\"#%.*s\" title=\"link to this finding\">§</a></header>"
              "<p class=\"rule\"><code>",
              PL_FMT(hb->anchor[0]));
    html_text(h, f->rule, 200);
    html_putf(h,
              "</code> <a href=\"https://cwe.mitre.org/data/definitions/%u.html\" "
              "rel=\"noreferrer noopener\">CWE-%u</a></p>\n<dl>",
              cwe, cwe);
    put_code_line(h, "Evidence", f->evidence);
    for (size_t at = 0; at < hb->b->n;)
        at += put_group(h, hb, at);
    put_line(h, "Why", f->why);
    put_line(h, "Fix", f->fix);
    put_code_line(h, "Fingerprint", f->print);
    html_put(h, "</dl>");
    if (rotate) {
        html_put(h, "<p class=\"rotate\"><b>Rotate:</b> ");
        html_text(h, pl_str_c(rotate), 0);
        html_put(h, "</p>");
    }
    html_put(h, "</article>\n");
}

void html_findings(struct html *h)
{
    html_putf(h, "<h3 id=\"t%zu-findings\">Findings</h3>\n", h->target_no);
    if (!h->n_blocks) {
        html_put(h, h->t->complete ? "<p class=\"clean\">No findings. Everything was read.</p>\n"
                                   : "<p class=\"clean\">No findings in what was read.</p>\n");
        return;
    }
    if (h->n_blocks < h->t->n_findings)
        html_put(h, "<p class=\"hint\">One secret at several places is one row.</p>\n");
    if (!h->still)
        put_tools(h);
    put_table(h);
    html_putf(h, "<div class=\"cards\" id=\"t%zu-cards\">\n", h->target_no);
    for (size_t i = 0; i < h->n_blocks; i++)
        put_card(h, &h->blocks[i]);
    html_put(h, "</div>\n");
}
