/* HTML: one page that works from disk and from a mail, readable without script; the content policy
 * admits its own style and script by digest and nothing else. ux.md section 3. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdarg.h>

#include "base/hash.h"
#include "report/html_int.h"

#define BLOCKS_MAX 3000 /* a browser still scrolls this */
#define NOTES_MAX 500

void html_put(struct html *h, const char *markup)
{
    pl_buf_puts(h->out, markup);
}

void html_putf(struct html *h, const char *fmt, ...)
{
    va_list ap;
    char text[1024];
    va_start(ap, fmt);
    int n = vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    if (n < 0 || (size_t)n >= sizeof text)
        pl_bug("markup of %d bytes", n);
    pl_buf_putn(h->out, text, (size_t)n);
}

void html_text(struct html *h, struct pl_str s, size_t max)
{
    pl_esc_cut(h->out, PL_ESC_HTML, s, max);
}

/* 'sha256-…' of a content policy. */
static void put_digest(struct html *h, const char *p, size_t n)
{
    static const char digit[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    uint8_t d[PL_SHA256_LEN + 1] = { 0 };
    pl_sha256(p, n, d);
    html_put(h, "'sha256-");
    for (size_t i = 0; i < PL_SHA256_LEN; i += 3) {
        uint32_t v = (uint32_t)d[i] << 16 | (uint32_t)d[i + 1] << 8 |
                     (i + 2 < PL_SHA256_LEN ? d[i + 2] : 0u);
        for (int k = 3; k >= 0; k--)
            pl_buf_putc(h->out, i + 2 >= PL_SHA256_LEN && k == 0 ? '=' : digit[v >> 6 * k & 63]);
    }
    html_put(h, "'");
}

static void put_head(struct html *h)
{
    html_put(h, "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
                "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
                "style-src ");
    put_digest(h, pl_html_css, pl_html_css_len);
    html_put(h, "; script-src ");
    put_digest(h, pl_html_js, pl_html_js_len);
    html_put(h, "; base-uri 'none'; form-action 'none'\">\n"
                "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
                "<meta name=\"referrer\" content=\"no-referrer\">\n"
                "<meta name=\"robots\" content=\"noindex\">\n<title>");
    if (h->r->n_targets == 1)
        html_text(h, h->r->targets[0].name, 80);
    else
        html_putf(h, "%zu targets", h->r->n_targets);
    html_putf(h, ": %" PRIu64 " critical, %" PRIu64 " high – plimsoll</title>\n<style>",
              h->r->count[PL_SEV_CRITICAL], h->r->count[PL_SEV_HIGH]);
    pl_buf_putn(h->out, pl_html_css, pl_html_css_len);
    html_put(h, "</style>\n</head>\n");
}

/* The heading says the result in words. */
static void put_verdict(struct html *h)
{
    uint64_t all = 0;
    for (int s = 0; s < PL_SEV_COUNT; s++)
        all += h->r->count[s];
    uint64_t critical = h->r->count[PL_SEV_CRITICAL], high = h->r->count[PL_SEV_HIGH];
    html_put(h, "<h1>");
    if (critical && high)
        html_putf(h, "%" PRIu64 " critical and %" PRIu64 " high findings", critical, high);
    else if (critical || high)
        html_putf(h, "%" PRIu64 " %s finding%s", critical + high, critical ? "critical" : "high",
                  critical + high == 1 ? "" : "s");
    else if (all)
        html_put(h, "Nothing critical or high");
    else
        html_put(h, "No findings");
    html_put(h, "</h1>\n<p class=\"lead\">");
    if (h->r->n_targets == 1)
        html_text(h, h->r->targets[0].name, 200);
    else
        html_putf(h, "%zu targets", h->r->n_targets);
    pl_auto_buf struct pl_buf read = { 0 };
    pl_say_read(&read, h->r->targets, h->r->n_targets);
    html_put(h, " · read ");
    html_text(h, pl_buf_str(&read), 0);
    html_put(h, h->r->incomplete ? " · <strong>incomplete</strong></p>\n" : ", all of it</p>\n");
}

static void put_tiles(struct html *h)
{
    html_put(h, "<ul class=\"tiles\">");
    for (int s = PL_SEV_COUNT; s-- > 0;)
        html_putf(h, "<li class=\"s-%s%s\"><b>%" PRIu64 "</b> %s</li>",
                  pl_severity_name((enum pl_severity)s), h->r->count[s] ? "" : " zero",
                  h->r->count[s], pl_severity_name((enum pl_severity)s));
    html_put(h, "</ul>\n");
    if (!h->r->has_baseline)
        return;
    size_t fresh = 0, same = 0;
    for (size_t i = 0; i < h->r->n_targets; i++)
        for (size_t k = 0; k < h->r->targets[i].n_findings; k++) {
            fresh += h->r->targets[i].findings[k].delta == PL_DELTA_NEW;
            same += h->r->targets[i].findings[k].delta == PL_DELTA_UNCHANGED;
        }
    html_putf(h, "<p>Against the baseline: %zu new, %zu unchanged, %zu fixed.</p>\n", fresh, same,
              h->r->n_gone);
}

static void put_note(struct html *h, const struct pl_target *t, const struct pl_note *n)
{
    html_put(h, "<li>");
    if (h->r->n_targets > 1) {
        html_text(h, t->name, 200);
        html_put(h, ": ");
    }
    if (n->where.n) {
        html_put(h, "<code>");
        html_text(h, n->where, 300);
        html_put(h, "</code>: ");
    }
    html_text(h, n->message.n ? n->message : n->code, 500);
    html_put(h, " <small>");
    html_text(h, n->code, 80);
    html_put(h, "</small></li>\n");
}

static size_t put_notes(struct html *h, bool incomplete)
{
    size_t n = 0;
    for (size_t i = 0; i < h->r->n_targets; i++)
        for (size_t k = 0; k < h->r->targets[i].n_notes; k++)
            if (h->r->targets[i].notes[k].incomplete == incomplete && n++ < NOTES_MAX) {
                if (n == 1)
                    html_put(h, "<ul>\n");
                put_note(h, &h->r->targets[i], &h->r->targets[i].notes[k]);
            }
    if (n > NOTES_MAX)
        html_putf(h, "<li>and %zu more, all of them in the JSON result</li>\n", n - NOTES_MAX);
    if (n)
        html_put(h, "</ul>\n");
    return n;
}

static void put_banner(struct html *h)
{
    html_put(h,
             "<header class=\"page\">\n<p class=\"brand\"><svg aria-hidden=\"true\" width=\"28\" "
             "height=\"28\" viewBox=\"0 0 28 28\"><circle cx=\"14\" cy=\"14\" r=\"9\"/><path "
             "d=\"M1 14h26\"/></svg>plimsoll</p>\n");
    put_verdict(h);
    put_tiles(h);
    html_put(h, "</header>\n");
    if (h->r->incomplete) {
        html_put(h, "<section class=\"incomplete\" aria-labelledby=\"incomplete\"><h2 "
                    "id=\"incomplete\">Incomplete: not everything was read</h2>\n<p>What is not "
                    "listed below may be in what was not read.</p>\n");
        put_notes(h, /* incomplete= */ true);
        html_put(h, "</section>\n");
    }
}

static void put_contents(struct html *h)
{
    if (h->r->n_targets < 2)
        return;
    html_put(h, "<nav aria-label=\"Targets\"><h2>Targets</h2><ol>\n");
    for (size_t i = 0; i < h->r->n_targets; i++) {
        const struct pl_target *t = &h->r->targets[i];
        html_putf(h, "<li><a href=\"#t%zu\">", i + 1);
        html_text(h, t->name, 200);
        html_put(h, "</a> ");
        html_text(h, t->platform, 80);
        html_putf(h, " · %zu finding%s%s</li>\n", t->n_findings, t->n_findings == 1 ? "" : "s",
                  t->complete ? "" : " · <strong>incomplete</strong>");
    }
    html_put(h, "</ol></nav>\n");
}

/* "f-91c3f7d2a0b4", with a number behind it when the page has that already. */
static struct pl_str anchor_of(struct html *h, const struct pl_finding *f)
{
    char id[16] = "f-";
    size_t n = 2;
    for (size_t i = 0; i < f->print.n && n < 14; i++) {
        char c = f->print.p[i];
        if ((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'))
            id[n++] = c;
    }
    void **times = pl_map_put(&h->anchors, pl_str_n(id, n));
    uintptr_t t = (uintptr_t)*times + 1;
    *times = (void *)t;
    return t == 1 ? pl_printf(h->a, "%.*s", (int)n, id)
                  : pl_printf(h->a, "%.*s-%zu", (int)n, id, (size_t)t);
}

static void gather(struct html *h)
{
    struct pl_blocks blocks = pl_blocks_make(h->a, h->t);
    h->n_blocks = blocks.n < h->room ? blocks.n : h->room;
    h->left_out += blocks.n - h->n_blocks;
    h->room -= h->n_blocks;
    h->blocks = pl_alloc_n(h->a, h->n_blocks + 1, sizeof *h->blocks);
    for (size_t i = 0; i < h->n_blocks; i++) {
        struct html_block *b = &h->blocks[i];
        *b = (struct html_block){ .b = &blocks.p[i], .number = i + 1 };
        b->anchor = pl_alloc_n(h->a, b->b->n, sizeof *b->anchor);
        for (size_t k = 0; k < b->b->n; k++)
            b->anchor[k] = anchor_of(h, b->b->f[k]);
    }
}

static void put_facts(struct html *h)
{
    pl_auto_buf struct pl_buf read = { 0 };
    pl_say_read(&read, h->t, 1);
    html_put(h, "<dl class=\"facts\"><div><dt>Kind</dt><dd>");
    html_text(h, h->t->kind, 80);
    if (h->t->platform.n) {
        html_put(h, "</dd></div><div><dt>Platform</dt><dd>");
        html_text(h, h->t->platform, 80);
    }
    if (h->t->digest.n) {
        html_put(h, "</dd></div><div><dt>Digest</dt><dd><code>");
        html_text(h, h->t->digest, 160);
        html_put(h, "</code>");
    }
    html_put(h, "</dd></div><div><dt>Read</dt><dd>");
    html_text(h, pl_buf_str(&read), 0);
    html_put(h, h->t->complete ? "</dd></div></dl>\n"
                               : " <strong>incomplete</strong></dd></div></dl>\n");
}

static void put_target(struct html *h)
{
    gather(h);
    html_putf(h, "<section class=\"target\" id=\"t%zu\"><h2>", h->target_no);
    html_text(h, h->t->name, 300);
    html_put(h, "</h2>\n");
    put_facts(h);
    html_timeline(h);
    html_findings(h);
    html_put(h, "</section>\n");
}

static void put_fixed(struct html *h)
{
    if (!h->r->n_gone)
        return;
    html_put(h, "<section><h2>Fixed since the baseline</h2><ul>\n");
    for (size_t i = 0; i < h->r->n_gone && i < NOTES_MAX; i++) {
        pl_auto_buf struct pl_buf place = { 0 };
        pl_say_place(&place, &h->r->gone[i].finding);
        html_put(h, "<li>");
        html_text(h, h->r->gone[i].finding.rule, 120);
        html_put(h, " <code>");
        html_text(h, pl_buf_str(&place), 300);
        html_put(h, "</code></li>\n");
    }
    if (h->r->n_gone > NOTES_MAX)
        html_putf(h, "<li>and %zu more</li>\n", h->r->n_gone - NOTES_MAX);
    html_put(h, "</ul></section>\n");
}

static void put_footer(struct html *h)
{
    size_t notes = 0;
    for (size_t i = 0; i < h->r->n_targets; i++)
        for (size_t k = 0; k < h->r->targets[i].n_notes; k++)
            notes += !h->r->targets[i].notes[k].incomplete;
    if (notes) {
        html_put(h, "<section class=\"notes\"><h2>Notes</h2>\n");
        put_notes(h, /* incomplete= */ false);
        html_put(h, "</section>\n");
    }
    html_put(h,
             "</main>\n<footer><p>Layers count from 0 at the bottom. A secret that a later layer "
             "hides is absent from containers and present in every pull. Secrets are masked: "
             "the beginning, and eight digits of their SHA-256.</p><p>plimsoll ");
    html_text(h, h->r->tool_version, 40);
    html_put(h, " · rules ");
    html_text(h, h->r->rules_version, 40);
    html_put(h, "</p></footer>\n<script>");
    pl_buf_putn(h->out, pl_html_js, pl_html_js_len);
    html_put(h, "</script>\n</body>\n</html>\n");
}

static int write_html(const struct pl_report *r, const struct pl_report_opts *o, struct pl_buf *out,
                      struct pl_err *err)
{
    (void)err;
    struct pl_arena a = { 0 };
    struct html h = { .r = r, .o = o, .a = &a, .out = out, .room = BLOCKS_MAX };
    h.anchors.a = &a;
    put_head(&h);
    html_put(&h, "<body>\n<a class=\"skip\" href=\"#main\">Skip to the findings</a>\n");
    put_banner(&h);
    html_put(&h, "<main id=\"main\">\n");
    put_contents(&h);
    for (size_t i = 0; i < r->n_targets; i++) {
        h.t = &r->targets[i];
        h.target_no = i + 1;
        put_target(&h);
    }
    if (h.left_out)
        html_putf(&h,
                  "<p class=\"hint\"><strong>%zu more findings, the least severe, are left out "
                  "here</strong>; the JSON result has all.</p>\n",
                  h.left_out);
    if (h.left_out && o->aside)
        pl_buf_printf(o->aside,
                      "note: html: %zu findings, the least severe, were left out; -f json "
                      "has all\n",
                      h.left_out);
    put_fixed(&h);
    put_footer(&h);
    pl_map_release(&h.anchors);
    pl_arena_release(&a);
    return 0;
}

size_t pl_html_target(const struct pl_report *r, const struct pl_report_opts *o, size_t max,
                      struct pl_buf *out)
{
    struct pl_arena a = { 0 };
    struct html h = { .r = r, .o = o, .a = &a, .out = out, .room = max, .still = true };
    h.anchors.a = &a;
    h.t = &r->targets[0];
    h.target_no = 1;
    put_target(&h);
    pl_map_release(&h.anchors);
    pl_arena_release(&a);
    return h.left_out;
}

const struct pl_writer pl_writer_html = { .id = "html", .suffix = ".html", .write = write_html };
