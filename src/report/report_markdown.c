/* Markdown for job summaries and merge requests: under 1 MiB, a table of counts, the ten worst in
 * full, the rest folded. Text from targets stands in code spans only. ux.md section 3. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>

#include "report/escape.h"
#include "report/words.h"

#define SIZE_MAX_BYTES ((1u << 20) - 4096) /* room for the closing lines */
#define FULL_MAX 10
#define PLACES_SHOWN 10
#define NOTES_SHOWN 50
#define VALUE 300

struct page {
    const struct pl_report *r;
    const struct pl_report_opts *o;
    const struct pl_target *t;
    struct pl_arena *a;
    struct pl_buf *out;
    size_t start; /* where the document begins in `out` */
    size_t shown, left_out;
};

struct item {
    const struct pl_target *t;
    const struct pl_block *b;
};

static void put(struct page *p, const char *s)
{
    pl_buf_puts(p->out, s);
}

static void code(struct page *p, struct pl_str s)
{
    pl_esc_cut(p->out, PL_ESC_MD_CODE, s, VALUE);
}

static void words(struct page *p, struct pl_str s)
{
    pl_esc_cut(p->out, PL_ESC_MD_TEXT, s, 1000);
}

static void put_counts(struct page *p)
{
    put(p, "| critical | high | medium | low | info |\n|---:|---:|---:|---:|---:|\n|");
    for (int s = PL_SEV_COUNT; s-- > 0;)
        pl_buf_printf(p->out, " %" PRIu64 " |", p->r->count[s]);
    put(p, "\n\n");
}

static void put_target_line(struct page *p, const struct pl_target *t)
{
    pl_auto_buf struct pl_buf read = { 0 };
    put(p, "- ");
    code(p, t->name);
    if (t->platform.n) {
        put(p, " ");
        code(p, t->platform);
    }
    if (t->digest.n) {
        put(p, " ");
        code(p, pl_say_digest(p->a, t->digest));
    }
    pl_say_read(&read, t, 1);
    pl_buf_printf(p->out, ": %zu finding%s, read ", t->n_findings, t->n_findings == 1 ? "" : "s");
    words(p, pl_buf_str(&read));
    put(p, t->complete ? "\n" : ", **incomplete**\n");
}

static void put_incomplete(struct page *p)
{
    size_t shown = 0;
    if (!p->r->incomplete)
        return;
    put(p, "**INCOMPLETE: not everything was read.** What is missing below may be in what was not "
           "read.\n\n");
    for (size_t i = 0; i < p->r->n_targets; i++)
        for (size_t k = 0; k < p->r->targets[i].n_notes; k++) {
            const struct pl_note *n = &p->r->targets[i].notes[k];
            if (!n->incomplete || shown++ >= NOTES_SHOWN)
                continue;
            put(p, "- ");
            code(p, n->where.n ? n->where : p->r->targets[i].name);
            put(p, ": ");
            code(p, n->message.n ? n->message : n->code);
            put(p, "\n");
        }
    if (shown > NOTES_SHOWN)
        pl_buf_printf(p->out, "- and %zu more\n", shown - NOTES_SHOWN);
    put(p, "\n");
}

static void put_event(struct page *p, const char *name, uint32_t index, const char *how)
{
    const struct pl_layer_info *l = pl_layer_at(p->t, index);
    if (!l)
        return;
    pl_buf_printf(p->out, "- **%s** layer %" PRIu32, name, l->index);
    if (l->has_created_by) {
        put(p, " ");
        code(p, pl_say_instruction(p->a, l->created_by));
    }
    pl_buf_printf(p->out, "%s%s%s\n", how ? " (" : "", how ? how : "", how ? ")" : "");
}

static void put_place(struct page *p, const struct pl_finding *f)
{
    pl_auto_buf struct pl_buf place = { 0 };
    pl_say_place(&place, f);
    code(p, pl_buf_str(&place));
}

static void put_group(struct page *p, const struct pl_finding *const *f, size_t n)
{
    const char *how = f[0]->span.how == PL_HOW_NONE ? NULL : pl_how_name(f[0]->span.how);
    for (size_t i = 0; i < n && i < PLACES_SHOWN; i++) {
        put(p, "- ");
        put_place(p, f[i]);
        put(p, "\n");
    }
    if (n > PLACES_SHOWN)
        pl_buf_printf(p->out, "- and %zu more places\n", n - PLACES_SHOWN);
    put_event(p, "introduced", f[0]->span.introduced, /* how= */ NULL);
    if (f[0]->span.introduced == PL_NEVER && f[0]->origin.n) {
        put(p, "- **introduced** ");
        code(p, f[0]->origin);
        put(p, "\n");
    }
    put_event(p, "hidden", f[0]->span.hidden, how);
    if (f[0]->commit) {
        pl_auto_buf struct pl_buf commit = { 0 };
        pl_say_commit(&commit, f[0]->commit);
        put(p, "- **commit** ");
        code(p, pl_buf_str(&commit));
        put(p, "\n");
    }
    pl_buf_printf(p->out, "- **visible** %s\n", pl_say_visible(p->t, f[0]));
    if (f[0]->recover.n) {
        put(p, "- **recover** ");
        pl_esc_cut(p->out, PL_ESC_MD_CODE, f[0]->recover, 2000);
        put(p, "\n");
    }
}

static void put_heading(struct page *p, const struct pl_block *b)
{
    pl_auto_buf struct pl_buf title = { 0 };
    pl_say_title(&title, p->t, b->f[0]);
    pl_buf_printf(p->out, "**%s** ", pl_severity_name(b->severity));
    words(p, pl_buf_str(&title));
    if (b->n > 1)
        pl_buf_printf(p->out, " (%zu places)", b->n);
    if (b->f[0]->delta != PL_DELTA_NONE)
        pl_buf_printf(p->out, " \\[%s\\]", pl_delta_name(b->f[0]->delta));
}

static void put_full(struct page *p, const struct pl_block *b)
{
    put(p, "### ");
    put_heading(p, b);
    put(p, "\n\n");
    code(p, b->f[0]->rule);
    if (b->f[0]->evidence.n) {
        put(p, " ");
        code(p, b->f[0]->evidence);
    }
    if (p->r->n_targets > 1) {
        put(p, " in ");
        code(p, p->t->name);
        if (p->t->platform.n) {
            put(p, " ");
            code(p, p->t->platform);
        }
    }
    put(p, "\n\n");
    for (size_t at = 0; at < b->n;) {
        size_t n = 1;
        while (at + n < b->n && pl_life_eq(b->f[at], b->f[at + n]))
            n++;
        put_group(p, b->f + at, n);
        at += n;
    }
    if (b->f[0]->fix.n) {
        put(p, "- **fix** ");
        words(p, b->f[0]->fix);
        put(p, "\n");
    }
    const char *rotate = pl_say_rotate(p->t, b->f[0], p->o->has_scrub);
    if (rotate) {
        put(p, "- **ROTATE** ");
        words(p, pl_str_c(rotate));
        put(p, "\n");
    }
    put(p, "\n");
}

static void put_short(struct page *p, const struct pl_block *b)
{
    put(p, "- ");
    put_heading(p, b);
    put(p, " ");
    code(p, b->f[0]->rule);
    put(p, " ");
    put_place(p, b->f[0]);
    if (p->r->n_targets > 1) {
        put(p, " in ");
        code(p, p->t->name);
    }
    put(p, "\n");
}

/* All blocks of all targets, the worst first; lives in the page's arena. */
static struct item *gather(struct page *p, size_t *ret_n)
{
    struct pl_blocks *of = pl_alloc_n(p->a, p->r->n_targets + 1, sizeof *of);
    size_t n = 0, at = 0;
    for (size_t i = 0; i < p->r->n_targets; i++) {
        of[i] = pl_blocks_make(p->a, &p->r->targets[i]);
        n += of[i].n;
    }
    struct item *items = pl_alloc_n(p->a, n + 1, sizeof *items);
    for (int s = PL_SEV_COUNT; s-- > 0;)
        for (size_t i = 0; i < p->r->n_targets; i++)
            for (size_t k = 0; k < of[i].n; k++)
                if ((int)of[i].p[k].severity == s)
                    items[at++] = (struct item){ &p->r->targets[i], &of[i].p[k] };
    *ret_n = n;
    return items;
}

/* Keeps what was written since `before` only if the document stays small enough. */
static bool keep(struct page *p, size_t before)
{
    if (p->out->n - p->start <= SIZE_MAX_BYTES)
        return true;
    p->out->n = before;
    return false;
}

static void put_items(struct page *p)
{
    size_t n = 0, at = 0;
    struct item *items = gather(p, &n);
    for (; at < n && at < FULL_MAX; at++) {
        size_t before = p->out->n;
        p->t = items[at].t;
        put_full(p, items[at].b);
        if (!keep(p, before))
            break;
    }
    if (at < n) {
        pl_buf_printf(p->out, "<details>\n<summary>%zu more finding%s</summary>\n\n", n - at,
                      n - at == 1 ? "" : "s");
        for (; at < n; at++) {
            size_t before = p->out->n;
            p->t = items[at].t;
            put_short(p, items[at].b);
            if (!keep(p, before))
                break;
        }
        p->left_out = n - at;
        if (p->left_out)
            pl_buf_printf(p->out,
                          "- %zu more, the least severe, are left out here; the JSON "
                          "result has all\n",
                          p->left_out);
        put(p, "\n</details>\n\n");
    }
}

static void put_fixed(struct page *p)
{
    if (!p->r->has_baseline)
        return;
    pl_buf_printf(p->out, "%zu fixed since the baseline.\n\n", p->r->n_gone);
}

static int write_markdown(const struct pl_report *r, const struct pl_report_opts *o,
                          struct pl_buf *out, struct pl_err *err)
{
    (void)err;
    struct pl_arena a = { 0 };
    struct page p = { .r = r, .o = o, .a = &a, .out = out, .start = out->n };
    put(&p, "## plimsoll\n\n");
    put_counts(&p);
    for (size_t i = 0; i < r->n_targets && i < 100; i++)
        put_target_line(&p, &r->targets[i]);
    if (r->n_targets > 100)
        pl_buf_printf(out, "- and %zu more targets\n", r->n_targets - 100);
    put(&p, "\n");
    put_incomplete(&p);
    put_fixed(&p);
    put_items(&p);
    if (p.left_out && o->aside)
        pl_buf_printf(o->aside,
                      "note: markdown: %zu findings, the least severe, were left out to "
                      "stay under 1 MiB; -f json has all\n",
                      p.left_out);
    put(&p, "rules ");
    code(&p, r->rules_version);
    put(&p, ", plimsoll ");
    code(&p, r->tool_version);
    put(&p, "\n");
    pl_arena_release(&a);
    return 0;
}

const struct pl_writer pl_writer_markdown = { .id = "markdown",
                                              .suffix = ".md",
                                              .write = write_markdown };
