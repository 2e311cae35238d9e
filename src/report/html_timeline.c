/* HTML report: the layers as a timeline. A row per layer; to its left one lane per secret, with a
 * filled mark where it enters, a crossed ring where it is hidden, and a line between them.
 * ux.md section 3. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>

#include "report/html_int.h"

#define LANES_MAX 14
#define LANE_WIDTH 24
#define TRACKS_MAX 300 /* with the next: bounds the work, whatever the number of findings */
#define TRIES_MAX 3000

/* What one lane carries from `from` to `to`, row numbers; n_layers is the final row. */
struct track {
    const struct html_block *block;
    const struct pl_finding *f;
    uint32_t from, to;
    size_t lane;
};

/* A block that has an event on a row. */
struct event {
    const struct html_block *block;
    struct event *next;
};
struct events {
    struct event *first, *last;
    size_t n;
};

struct tracks {
    struct track *p;
    size_t n, lanes, left_out;
    /* by row; behind the layers one row for what no layer brought */
    struct events *brings, *hides;
};

static bool drawable(const struct html *h, const struct pl_span *s)
{
    return s->introduced < h->t->n_layers && (s->hidden == PL_NEVER || s->hidden < h->t->n_layers);
}

/* The first lane where nothing overlaps, or LANES_MAX. */
static size_t free_lane(const struct tracks *t, const struct track *want)
{
    for (size_t lane = 0; lane < LANES_MAX; lane++) {
        bool free = true;
        for (size_t i = 0; i < t->n && free; i++)
            free = t->p[i].lane != lane || t->p[i].to < want->from || want->to < t->p[i].from;
        if (free)
            return lane;
    }
    return LANES_MAX;
}

static void note_event(struct html *h, struct events *row, const struct html_block *block)
{
    if (row->last && row->last->block == block)
        return;
    struct event *e = PL_NEW(h->a, struct event);
    e->block = block;
    if (row->last)
        row->last->next = e;
    else
        row->first = e;
    row->last = e;
    row->n++;
}

static void draw(struct html *h, struct tracks *t, const struct html_block *block,
                 const struct pl_finding *f)
{
    const struct pl_span *s = &f->span;
    struct track want = { block, f, s->introduced, s->introduced, 0 };
    if (s->hidden != PL_NEVER && s->hidden >= s->introduced)
        want.to = s->hidden;
    else if (s->visible)
        want.to = (uint32_t)h->t->n_layers;
    bool room = t->n < TRACKS_MAX && t->left_out < TRIES_MAX;
    want.lane = room ? free_lane(t, &want) : LANES_MAX;
    if (want.lane == LANES_MAX) {
        t->left_out++;
        return;
    }
    t->p[t->n++] = want;
    t->lanes = want.lane + 1 > t->lanes ? want.lane + 1 : t->lanes;
}

static struct tracks lay_out(struct html *h)
{
    size_t rows = h->t->n_layers;
    struct tracks t = { .p = pl_alloc_n(h->a, TRACKS_MAX, sizeof *t.p),
                        .brings = pl_alloc_n(h->a, rows + 1, sizeof *t.brings),
                        .hides = pl_alloc_n(h->a, rows + 1, sizeof *t.hides) };
    for (size_t i = 0; i < h->n_blocks; i++) {
        const struct pl_block *b = h->blocks[i].b;
        for (size_t k = 0; k < b->n; k++) {
            const struct pl_span *s = &b->f[k]->span;
            if (k && pl_life_eq(b->f[k], b->f[k - 1]))
                continue;
            note_event(h, &t.brings[s->introduced < rows ? s->introduced : rows], &h->blocks[i]);
            if (s->hidden < rows)
                note_event(h, &t.hides[s->hidden], &h->blocks[i]);
            if (drawable(h, s))
                draw(h, &t, &h->blocks[i], b->f[k]);
        }
    }
    return t;
}

static unsigned x_of(size_t lane)
{
    return (unsigned)(lane * LANE_WIDTH + LANE_WIDTH / 2);
}

static void put_line(struct html *h, const struct track *t, const char *from, const char *to)
{
    unsigned x = x_of(t->lane);
    html_putf(h, "<line x1=\"%u\" x2=\"%u\" y1=\"%s\" y2=\"%s\"/>", x, x, from, to);
}

static void put_mark(struct html *h, const struct track *t, uint32_t row)
{
    unsigned x = x_of(t->lane);
    bool enters = row == t->from, hidden = t->f->span.hidden == row;
    html_putf(h, "<a href=\"#%.*s\" tabindex=\"-1\">", PL_FMT(t->block->anchor[0]));
    if (enters)
        html_putf(h,
                  "<circle cx=\"%u\" cy=\"50%%\" r=\"%d\"/>"
                  "<text class=\"w%d\" x=\"%u\" y=\"50%%\">%zu</text>",
                  x, hidden ? 8 : 10,
                  t->block->number < 10    ? 1
                  : t->block->number < 100 ? 2
                                           : 3,
                  x, t->block->number);
    if (hidden && enters) /* brought and hidden by one layer: a ring around the mark */
        html_putf(h, "<circle class=\"ring same\" cx=\"%u\" cy=\"50%%\" r=\"11\"/>", x);
    else if (hidden)
        html_putf(h,
                  "<circle class=\"ring\" cx=\"%u\" cy=\"50%%\" r=\"8\"/>"
                  "<text class=\"cross\" x=\"%u\" y=\"50%%\">×</text>",
                  x, x);
    else if (row == h->t->n_layers)
        html_putf(h,
                  "<circle class=\"ring\" cx=\"%u\" cy=\"50%%\" r=\"8\"/>"
                  "<circle cx=\"%u\" cy=\"50%%\" r=\"4\"/>",
                  x, x);
    html_put(h, "</a>");
}

/* The slice of all lanes that belongs to one row; it stretches with the row. */
static void put_lanes(struct html *h, const struct tracks *t, uint32_t row)
{
    html_put(h, "<td class=\"lanes\">");
    if (t->lanes)
        /* the first one gives the cell its width, the second takes the height of the row */
        html_putf(h,
                  "<svg aria-hidden=\"true\" width=\"%u\" height=\"1\"></svg>"
                  "<svg class=\"slice\" aria-hidden=\"true\" focusable=\"false\" width=\"%u\">",
                  (unsigned)(t->lanes * LANE_WIDTH), (unsigned)(t->lanes * LANE_WIDTH));
    for (size_t i = 0; i < t->n; i++) {
        const struct track *k = &t->p[i];
        if (row < k->from || row > k->to)
            continue;
        html_putf(h, "<g class=\"s-%s\">", pl_severity_name(k->block->b->severity));
        if (row > k->from)
            put_line(h, k, "0", "50%");
        if (row < k->to)
            put_line(h, k, "50%", "100%");
        if (row == k->from || row == k->to)
            put_mark(h, k, row);
        html_put(h, "</g>");
    }
    html_put(h, t->lanes ? "</svg></td>" : "</td>");
}

/* "brings 1 4": links to the cards of the blocks. */
static void put_links(struct html *h, const char *word, const struct events *row, size_t max)
{
    size_t n = 0;
    if (!row->n)
        return;
    html_putf(h, "<span><b>%s</b>", word);
    for (const struct event *e = row->first; e && n < max; e = e->next, n++)
        html_putf(h, " <a class=\"s-%s\" href=\"#%.*s\">%zu</a>",
                  pl_severity_name(e->block->b->severity), PL_FMT(e->block->anchor[0]),
                  e->block->number);
    if (row->n > n)
        html_putf(h, " and %zu more", row->n - n);
    html_put(h, "</span>");
}

static void put_layer(struct html *h, const struct tracks *t, uint32_t row, uint64_t largest)
{
    const struct pl_layer_info *l = &h->t->layers[row];
    double share = largest ? 100.0 * (double)l->bytes / (double)largest : 0;
    html_putf(h, "<tr id=\"t%zu-l%" PRIu32 "\"><th scope=\"row\">%" PRIu32 "</th>", h->target_no,
              l->index, l->index);
    put_lanes(h, t, row);
    html_put(h, "<td class=\"by\">");
    if (l->has_created_by) {
        html_put(h, "<code>");
        html_text(h, pl_say_instruction(h->a, l->created_by), 400);
        html_put(h, "</code>");
    } else {
        html_put(h, "<i>instruction not recorded</i>");
    }
    html_put(h, "<small>");
    html_text(h, l->digest.n ? l->digest : l->diff_id, 80);
    html_put(h, "</small></td><td class=\"size\"><span>");
    html_text(h, pl_say_size(h->a, l->bytes), 0);
    html_putf(h,
              "</span><svg aria-hidden=\"true\" class=\"bar\" width=\"100%%\" height=\"6\">"
              "<rect width=\"100%%\" height=\"6\" rx=\"3\"/>"
              "<rect class=\"on\" width=\"%.1f%%\" height=\"6\" rx=\"3\"/></svg>"
              "<small>%" PRIu64 " file%s</small></td>",
              share > 0 && share < 1 ? 1.0 : share, l->files, l->files == 1 ? "" : "s");
    html_put(h, "<td class=\"effect\">");
    put_links(h, "brings", &t->brings[row], 12);
    put_links(h, "hides", &t->hides[row], 12);
    html_put(h, "</td></tr>\n");
}

static void put_final(struct html *h, const struct tracks *t)
{
    size_t visible = 0;
    for (size_t i = 0; i < h->t->n_findings; i++)
        visible += h->t->findings[i].span.visible;
    html_put(h, "<tr class=\"final\"><th scope=\"row\"><span class=\"vh\">end</span></th>");
    put_lanes(h, t, (uint32_t)h->t->n_layers);
    html_putf(h,
              "<td class=\"by\">final image<small>what a container sees</small></td>"
              "<td></td><td class=\"effect\">%zu of %zu places visible</td></tr>\n",
              visible, h->t->n_findings);
}

static void put_outside(struct html *h, const struct tracks *t)
{
    const struct events *outside = &t->brings[h->t->n_layers];
    if (!outside->n)
        return;
    html_put(h,
             "<tr class=\"outside\"><th scope=\"row\"><span class=\"vh\">outside</span></th>"
             "<td class=\"lanes\"></td><td class=\"by\">outside the layers<small>configuration, "
             "history, manifests, attached artifacts</small></td><td></td><td class=\"effect\">");
    put_links(h, "holds", outside, 24);
    html_put(h, "</td></tr>\n");
}

void html_timeline(struct html *h)
{
    uint64_t largest = 0;
    if (!h->t->n_layers)
        return;
    for (size_t i = 0; i < h->t->n_layers; i++)
        largest = h->t->layers[i].bytes > largest ? h->t->layers[i].bytes : largest;
    struct tracks t = lay_out(h);
    html_putf(h, "<h3 id=\"t%zu-layers\">Layers</h3>\n", h->target_no);
    if (t.n)
        html_put(h,
                 "<p class=\"legend\"><span><svg aria-hidden=\"true\" width=\"22\" height=\"22\">"
                 "<g class=\"s-none\"><circle cx=\"11\" cy=\"11\" r=\"10\"/><text x=\"11\" "
                 "y=\"11\">1</text></g></svg>a finding enters</span><span><svg "
                 "aria-hidden=\"true\" width=\"22\" height=\"22\"><g class=\"s-none\"><circle "
                 "class=\"ring\" cx=\"11\" cy=\"11\" r=\"8\"/><text class=\"cross\" x=\"11\" "
                 "y=\"11\">×</text></g></svg>a later layer hides it; it stays downloadable</span>"
                 "<span><svg aria-hidden=\"true\" width=\"22\" height=\"22\"><g class=\"s-none\">"
                 "<circle class=\"ring\" cx=\"11\" cy=\"11\" r=\"8\"/><circle cx=\"11\" "
                 "cy=\"11\" r=\"4\"/></g></svg>visible in the end</span></p>\n");
    html_put(h, "<div class=\"wide\" tabindex=\"0\" role=\"group\" aria-label=\"Layers\"><table "
                "class=\"timeline\"><thead><tr><th scope=\"col\">#</th>"
                "<th scope=\"col\"><span class=\"vh\">life of each finding</span></th>"
                "<th scope=\"col\">Instruction</th><th scope=\"col\">Unpacked</th>"
                "<th scope=\"col\">Findings</th></tr></thead><tbody>\n");
    for (uint32_t i = 0; i < h->t->n_layers; i++)
        put_layer(h, &t, i, largest);
    put_final(h, &t);
    put_outside(h, &t);
    html_put(h, "</tbody></table></div>\n");
    if (t.left_out)
        html_putf(h, "<p class=\"hint\">%zu more are not drawn; the table has them.</p>\n",
                  t.left_out);
}
