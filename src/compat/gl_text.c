/* Findings as text, for --verbose. secrets.md section 8 (6). */
/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>

#include "compat/gl_report.h"

#define YELLOW "\x1b[38;2;245;212;69m"
#define ORANGE "\x1b[1;3;38;2;240;92;7m"
#define BROWN "\x1b[38;2;191;148;120m"
#define PLAIN "\x1b[0m"
#define AROUND 20u
#define LONG_SECRET 100u
#define LONG_PARTNER 40u

static void field(struct pl_buf *out, const char *label, struct pl_str s)
{
    pl_buf_printf(out, "%-12s ", label);
    pl_buf_putn(out, s.p, s.n);
    pl_buf_putc(out, '\n');
}

static void put(struct pl_buf *out, struct pl_str s)
{
    pl_buf_putn(out, s.p, s.n);
}

/* The match with up to 20 bytes of the line on either side, the secret marked. */
static void in_colour(struct pl_buf *out, struct pl_str line, struct pl_str match,
                      struct pl_str secret, size_t at)
{
    size_t in = pl_str_find(match, secret, 0), end = at + match.n;
    if (in == SIZE_MAX)
        in = match.n;
    struct pl_str before =
        pl_str_sub(line, at > AROUND ? at - AROUND : 0, at > AROUND ? AROUND : at);
    struct pl_str after = pl_str_sub(line, end, SIZE_MAX);
    while (at <= AROUND && before.n && before.p[0] == ' ')
        before = pl_str_sub(before, 1, SIZE_MAX);
    pl_buf_printf(out, "%-12s %s", "Finding:", at > AROUND ? "..." : "");
    put(out, before);
    pl_buf_puts(out, YELLOW);
    put(out, pl_str_sub(match, 0, in));
    pl_buf_puts(out, PLAIN ORANGE);
    put(out, pl_str_sub(secret, 0, LONG_SECRET));
    pl_buf_puts(out, secret.n > LONG_SECRET ? "..." PLAIN YELLOW : PLAIN YELLOW);
    put(out, pl_str_sub(match, in + secret.n, SIZE_MAX));
    pl_buf_puts(out, PLAIN);
    put(out, pl_str_sub(after, 0, AROUND));
    pl_buf_puts(out, after.n > AROUND ? "...\n" : "\n");
    pl_buf_printf(out, "%-12s " ORANGE, "Secret:");
    put(out, pl_str_sub(secret, 0, LONG_SECRET));
    pl_buf_puts(out, secret.n > LONG_SECRET ? "..." PLAIN "\n" : PLAIN "\n");
}

static void partners(struct pl_buf *out, const struct pl_gl_finding *f, bool colour)
{
    for (size_t i = 0; i < f->n_partners; i++) {
        const struct pl_gl_partner *p = &f->partners[i];
        struct pl_str s = pl_str_trim(p->secret);
        bool cut = s.n > LONG_PARTNER;
        pl_buf_printf(out, "%-12s %.*s:%" PRId64 ":%s", i ? "" : "Required:", PL_FMT(p->rule),
                      p->line, colour ? BROWN : "");
        put(out, pl_str_sub(s, 0, cut ? LONG_PARTNER - 3 : s.n));
        pl_buf_printf(out, "%s%s\n", cut ? "..." : "", colour ? PLAIN : "");
    }
}

static void tags(struct pl_buf *out, const pl_gl_strs *v)
{
    pl_buf_printf(out, "%-12s [", "Tags:");
    for (size_t i = 0; i < v->n; i++) {
        pl_buf_puts(out, i ? " " : "");
        put(out, v->p[i]);
    }
    pl_buf_puts(out, "]\n");
}

static void places(struct pl_buf *out, const struct pl_gl_finding *f)
{
    if (f->tags.n)
        tags(out, &f->tags);
    field(out, "File:", f->file);
    pl_buf_printf(out, "%-12s %" PRId64 "\n", "Line:", f->start_line);
    if (f->commit && f->commit->sha.n) {
        field(out, "Commit:", f->commit->sha);
        field(out, "Author:", f->commit->author);
        field(out, "Email:", f->commit->email);
        field(out, "Date:", f->commit->date);
    }
    field(out, "Fingerprint:", f->fingerprint);
    if (f->link.n)
        field(out, "Link:", f->link);
}

void pl_gl_report_text(struct pl_buf *out, const struct pl_gl_finding *f, bool colour)
{
    struct pl_str line = pl_str_trim(f->line), match = pl_str_trim(f->match);
    struct pl_str secret = pl_str_trim(f->secret);
    size_t at = colour && !pl_str_starts(match, PL_S("file detected:"))
                    ? pl_str_find(line, match, 0)
                    : SIZE_MAX;
    if (at == SIZE_MAX) {
        field(out, "Finding:", match);
        field(out, "Secret:", secret);
    } else {
        in_colour(out, line, match, secret, at);
    }
    field(out, "RuleID:", f->rule->id);
    pl_buf_printf(out, "%-12s %f\n", "Entropy:", (double)f->entropy);
    if (f->file.n)
        places(out, f);
    partners(out, f, colour);
    pl_buf_putc(out, '\n');
}
