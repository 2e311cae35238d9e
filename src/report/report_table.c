/* Table: the text a person reads in a terminal or a log. ux.md section 2. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>

#include "report/escape.h"
#include "report/words.h"

#define PLACES_SHOWN 20     /* places of one secret with equal spans; then a count */
#define INCOMPLETE_SHOWN 50 /* lines of one target */
#define KEY_WIDTH 12        /* "introduced" and two blanks */
#define PLACE_WIDTH 24      /* least width of the column of places */

struct table {
    const struct pl_report *r;
    const struct pl_report_opts *o;
    const struct pl_target *t;
    struct pl_arena *a;
    struct pl_buf *out;
    size_t width; /* columns for running text */
};

enum style { PLAIN, BOLD, DIM, SEV0 /* + severity */ };

static void style(struct table *w, enum style s)
{
    static const char *const codes[] = { "0", "1", "2", "2", "36", "33", "31", "1;31" };
    if (w->o->colour)
        pl_buf_printf(w->out, "\x1b[%sm", codes[s]);
}

static void put(struct table *w, const char *s)
{
    pl_buf_puts(w->out, s);
}

/* Foreign text, cut to `max` characters. */
static void text(struct table *w, struct pl_str s, size_t max)
{
    pl_esc_cut(w->out, PL_ESC_TERM, s, max);
}

/* "  introduced  ". */
static void key(struct table *w, const char *name)
{
    put(w, "  ");
    style(w, DIM);
    put(w, name);
    style(w, PLAIN);
    for (size_t n = strlen(name); n < KEY_WIDTH; n++)
        put(w, " ");
}

/* Running text behind a key, broken at blanks to the width of the screen. */
static void wrapped(struct table *w, const char *name, struct pl_str s)
{
    size_t room = w->width - KEY_WIDTH - 2, used = 0;
    struct pl_str word;
    key(w, name);
    while (pl_str_split(&s, ' ', &word)) {
        if (!word.n)
            continue;
        size_t n = pl_esc_width(word, room);
        if (used && used + 1 + n > room) {
            pl_buf_printf(w->out, "\n%*s", KEY_WIDTH + 2, "");
            used = 0;
        }
        if (used)
            put(w, " ");
        text(w, word, 500);
        used += (used ? 1 : 0) + n;
    }
    put(w, "\n");
}

/* "layer 2  sha256:8d1e40c2…  COPY . /srv/web". */
static void put_event(struct table *w, const char *name, const struct pl_layer_info *l,
                      const char *how)
{
    if (!l)
        return;
    key(w, name);
    pl_buf_printf(w->out, "layer %" PRIu32, l->index);
    struct pl_str digest = l->digest.n ? l->digest : l->diff_id;
    if (digest.n) {
        put(w, "  ");
        style(w, DIM);
        text(w, pl_say_digest(w->a, digest), 80);
        style(w, PLAIN);
    }
    if (l->has_created_by) {
        put(w, "  ");
        text(w, pl_say_instruction(w->a, l->created_by), w->width > 80 ? w->width - 30 : 50);
    }
    if (how)
        pl_buf_printf(w->out, "  (%s)", how);
    put(w, "\n");
}

/* The line of the source, and carets beneath what is meant. */
static void put_source(struct table *w, const struct pl_finding *f)
{
    size_t cols = w->width > 20 ? w->width - 12 : 60, from = 0, at = 0, end;
    struct pl_str s = f->source;
    if (!s.n || !f->where.line)
        return;
    for (uint32_t c = 1; c < f->where.col && at < s.n; c++) /* columns are characters */
        for (at++; at < s.n && ((unsigned char)s.p[at] & 0xc0) == 0x80;)
            at++;
    end = at;
    bool rest = f->where.end_line != f->where.line;
    for (uint32_t c = f->where.col; (rest || c < f->where.end_col) && end < s.n; c++)
        for (end++; end < s.n && ((unsigned char)s.p[end] & 0xc0) == 0x80;)
            end++;
    while (at - from > cols / 2) /* long lines: round the place */
        for (from++; from < s.n && ((unsigned char)s.p[from] & 0xc0) == 0x80;)
            from++;
    size_t lead = pl_esc_width(pl_str_sub(s, from, at - from), cols);
    size_t mark = pl_esc_width(pl_str_sub(s, at, end - at), cols);
    size_t cut = from;
    for (size_t n = 0; n < cols && cut < s.n; n++)
        for (cut++; cut < s.n && ((unsigned char)s.p[cut] & 0xc0) == 0x80;)
            cut++;
    struct pl_str shown = pl_str_sub(s, from, cut - from);
    while (pl_esc_width(shown, cols + 1) > cols)
        do
            shown.n--;
        while (shown.n && ((unsigned char)shown.p[shown.n] & 0xc0) == 0x80);
    pl_buf_printf(w->out, "  %6" PRIu32 " | ", f->where.line);
    text(w, shown, 0);
    pl_buf_printf(w->out, "\n  %6s | %*s", "", (int)lead, "");
    style(w, (enum style)(SEV0 + (int)f->severity));
    for (size_t i = 0; i < (mark ? mark : 1) && lead + i < cols; i++)
        put(w, "^");
    style(w, PLAIN);
    put(w, "\n");
}

static void put_place(struct table *w, const struct pl_finding *f, bool with_evidence)
{
    pl_auto_buf struct pl_buf place = { 0 };
    pl_say_place(&place, f);
    put(w, "  ");
    text(w, pl_buf_str(&place), 200);
    if (with_evidence && f->evidence.n) {
        size_t n = pl_esc_width(pl_buf_str(&place), PLACE_WIDTH);
        pl_buf_printf(w->out, "%*s  ", (int)(PLACE_WIDTH - n), "");
        style(w, BOLD);
        text(w, f->evidence, 120);
        style(w, PLAIN);
    }
    put(w, "\n");
    put_source(w, f);
    if (with_evidence && f->secret.p) {
        key(w, "secret");
        text(w, f->secret, 0);
        put(w, "\n");
    }
}

static void put_commit(struct table *w, const struct pl_commit *c)
{
    pl_auto_buf struct pl_buf line = { 0 };
    pl_say_commit(&line, c);
    key(w, "commit");
    text(w, pl_buf_str(&line), 200);
    put(w, "\n");
}

/* Places with one span, and that span. */
static void put_group(struct table *w, const struct pl_finding *const *f, size_t n, bool first)
{
    for (size_t i = 0; i < n && i < PLACES_SHOWN; i++)
        put_place(w, f[i], first && i == 0);
    if (n > PLACES_SHOWN)
        pl_buf_printf(w->out, "  … and %zu more places, all of them in -f json\n",
                      n - PLACES_SHOWN);
    put_event(w, "introduced", pl_layer_at(w->t, f[0]->span.introduced), /* how= */ NULL);
    if (f[0]->span.introduced == PL_NEVER && f[0]->origin.n) {
        key(w, "introduced");
        text(w, f[0]->origin, 160);
        put(w, "\n");
    }
    const char *how = f[0]->span.how == PL_HOW_NONE ? NULL : pl_how_name(f[0]->span.how);
    put_event(w, "hidden", pl_layer_at(w->t, f[0]->span.hidden), how);
    if (f[0]->commit)
        put_commit(w, f[0]->commit);
    if (w->t->n_layers || f[0]->commit) {
        key(w, "visible");
        put(w, pl_say_visible(w->t, f[0]));
        put(w, "\n");
    }
    if (f[0]->recover.n) {
        key(w, "recover");
        text(w, f[0]->recover, 0); /* never cut: it must work as printed */
        put(w, "\n");
    }
}

static void put_advice(struct table *w, const struct pl_finding *f)
{
    if (f->why.n)
        wrapped(w, "why", f->why);
    if (f->fix.n)
        wrapped(w, "fix", f->fix);
    if (w->o->has_scrub && w->t->n_layers && f->kind == PL_KIND_SECRET) {
        key(w, "scrub");
        put(w, "plimsoll scrub ");
        text(w, w->t->name, 0);
        put(w, " --finding ");
        text(w, pl_str_sub(f->print, 0, 8), 0);
        put(w, f->span.visible ? " --remove -o OUT\n" : " -o OUT\n");
    }
    const char *rotate = pl_say_rotate(w->t, f, w->o->has_scrub);
    if (rotate)
        wrapped(w, "ROTATE", pl_str_c(rotate));
}

static void put_severity(struct table *w, enum pl_severity s)
{
    static const char *const upper[] = { "INFO", "LOW", "MEDIUM", "HIGH", "CRITICAL" };
    style(w, (enum style)(SEV0 + (int)s));
    put(w, upper[s]);
    style(w, PLAIN);
}

static void put_block(struct table *w, const struct pl_block *b)
{
    pl_auto_buf struct pl_buf title = { 0 };
    const struct pl_finding *f = b->f[0];
    for (size_t i = 0; i < b->n; i++) /* the worst one speaks for the block */
        if (b->f[i]->severity > f->severity)
            f = b->f[i];
    pl_say_title(&title, w->t, f);
    put_severity(w, b->severity);
    put(w, "  ");
    text(w, f->rule, 120);
    put(w, "  ");
    style(w, BOLD);
    text(w, pl_buf_str(&title), 300);
    style(w, PLAIN);
    if (b->n > 1)
        pl_buf_printf(w->out, " (%zu places)", b->n);
    if (f->delta != PL_DELTA_NONE)
        pl_buf_printf(w->out, "  [%s]", pl_delta_name(f->delta));
    put(w, "\n");
    for (size_t at = 0; at < b->n;) {
        size_t n = 1;
        while (at + n < b->n && pl_life_eq(b->f[at], b->f[at + n]))
            n++;
        put_group(w, b->f + at, n, at == 0);
        at += n;
    }
    put_advice(w, f);
    put(w, "\n");
}

/* "oci:shop  linux/amd64  sha256:4f0c2b91…". */
static void put_name(struct table *w)
{
    style(w, BOLD);
    text(w, w->t->name, 0);
    style(w, PLAIN);
    if (w->t->platform.n) {
        put(w, "  ");
        text(w, w->t->platform, 80);
    }
    if (w->t->digest.n) {
        put(w, "  ");
        text(w, pl_say_digest(w->a, w->t->digest), 80);
    }
}

static void put_target(struct table *w)
{
    put_name(w);
    put(w, "  ");
    if (w->t->n_layers)
        pl_buf_printf(w->out, "%zu layer%s, ", w->t->n_layers, w->t->n_layers == 1 ? "" : "s");
    text(w, pl_say_size(w->a, w->t->bytes_claimed), 0);
    put(w, "\n\n");
    struct pl_blocks blocks = pl_blocks_make(w->a, w->t);
    for (size_t i = 0; i < blocks.n; i++)
        put_block(w, &blocks.p[w->o->terminal ? blocks.n - 1 - i : i]);
}

/* One line that says there is nothing, and how much was read. */
static void put_clean(struct table *w)
{
    put_name(w);
    put(w, w->t->complete ? "  no findings · read " : "  no findings in what was read · read ");
    pl_say_read(w->out, w->t, 1);
    put(w, w->t->complete ? ", all of it\n" : " · INCOMPLETE\n");
}

static void put_gone(struct table *w)
{
    for (size_t i = 0; i < w->r->n_gone; i++) {
        const struct pl_finding *f = &w->r->gone[i].finding;
        pl_auto_buf struct pl_buf place = { 0 };
        pl_say_place(&place, f);
        put(w, "FIXED  ");
        text(w, f->rule, 120);
        put(w, "  ");
        text(w, pl_buf_str(&place), 200);
        put(w, "\n");
    }
    if (w->r->n_gone)
        put(w, "\n");
}

static void put_sum(struct table *w)
{
    pl_say_counts(w->out, w->r->count);
    if (w->r->has_baseline) {
        size_t fresh = 0;
        for (size_t i = 0; i < w->r->n_targets; i++)
            for (size_t k = 0; k < w->r->targets[i].n_findings; k++)
                fresh += w->r->targets[i].findings[k].delta == PL_DELTA_NEW;
        pl_buf_printf(w->out, " (%zu new, %zu fixed)", fresh, w->r->n_gone);
    }
    if (w->r->n_targets > 1)
        pl_buf_printf(w->out, " in %zu targets", w->r->n_targets);
    put(w, " · read ");
    pl_say_read(w->out, w->r->targets, w->r->n_targets);
    int64_t ns = w->r->ended_ns - w->r->started_ns;
    /* elsewhere the same input gives the same bytes */
    if (w->o->terminal && ns > 0)
        pl_buf_printf(w->out, " · %.1f s", (double)ns / 1e9);
    put(w, w->r->incomplete ? " · INCOMPLETE\n" : "\n");
}

static int write_table(const struct pl_report *r, const struct pl_report_opts *o,
                       struct pl_buf *out, struct pl_err *err)
{
    (void)err;
    struct pl_arena a = { 0 };
    struct table w = { .r = r, .o = o, .a = &a, .out = out, .width = o->width ? o->width : 80 };
    w.width = w.width < 60 ? 60 : w.width > 110 ? 110 : w.width;
    size_t found = 0;
    for (size_t i = 0; i < r->n_targets; i++)
        found += r->targets[i].n_findings;
    bool alone = r->n_targets == 1 && !found && !r->n_gone;
    for (size_t i = 0; i < r->n_targets; i++) {
        w.t = &r->targets[i];
        if (w.t->n_findings)
            put_target(&w);
        else if (!alone)
            put_clean(&w);
        if (!w.t->n_findings && !alone)
            put(&w, "\n");
        pl_arena_reset(&a);
    }
    put_gone(&w);
    pl_report_incomplete(r, o, INCOMPLETE_SHOWN, out);
    if (alone)
        put_clean(&w);
    else
        put_sum(&w);
    pl_arena_release(&a);
    return 0;
}

const struct pl_writer pl_writer_table = { .id = "table", .suffix = ".txt", .write = write_table };
