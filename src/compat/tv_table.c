/* The report of `trivy image` and its kin as a table. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>

#include "base/cleanup.h"
#include "compat/tv_scan.h"
#include "report/escape.h"

#define COLUMNS 7
#define TITLE_MAX 60u

static const char *const heads[COLUMNS] = { "Library", "Vulnerability",     "Severity",
                                            "Status",  "Installed Version", "Fixed Version",
                                            "Title" };

static struct pl_str plain(struct pl_arena *a, struct pl_str s)
{
    pl_auto_buf struct pl_buf b = { 0 };
    pl_esc(&b, PL_ESC_TERM, s);
    return b.n ? pl_dup(a, pl_buf_str(&b)) : PL_S("");
}

/* Signs, as a terminal counts them. */
static size_t width(struct pl_str s)
{
    size_t n = 0;
    for (size_t i = 0; i < s.n; i++)
        n += ((unsigned char)s.p[i] & 0xC0) != 0x80;
    return n;
}

static void cells(const struct pl_tv_report *r, const struct pl_finding *f,
                  struct pl_str cell[COLUMNS])
{
    struct pl_arena *a = r->a;
    struct pl_str title = plain(a, f->title);
    cell[0] = plain(a, f->vuln->name);
    cell[1] = plain(a, f->rule);
    cell[2] = pl_str_c(pl_tv_severity_name(pl_tv_severity_in(f)));
    cell[3] = pl_str_c(pl_tv_status(f->vuln));
    cell[4] = plain(a, f->vuln->version);
    cell[5] = plain(a, f->vuln->fixed);
    if (width(title) > TITLE_MAX) {
        size_t n = 0, at = 0;
        while (at < title.n && n < TITLE_MAX - 3) {
            at++;
            while (at < title.n && ((unsigned char)title.p[at] & 0xC0) == 0x80)
                at++;
            n++;
        }
        title = pl_printf(a, "%.*s...", (int)at, title.p);
    }
    cell[6] = title;
}

static void rule_line(struct pl_buf *out, const size_t w[COLUMNS], const char *left,
                      const char *mid, const char *right)
{
    pl_buf_puts(out, left);
    for (size_t c = 0; c < COLUMNS; c++) {
        for (size_t i = 0; i < w[c] + 2; i++)
            pl_buf_puts(out, "─");
        pl_buf_puts(out, c + 1 < COLUMNS ? mid : right);
    }
    pl_buf_putc(out, '\n');
}

static void row_line(struct pl_buf *out, const size_t w[COLUMNS], const struct pl_str cell[COLUMNS])
{
    for (size_t c = 0; c < COLUMNS; c++) {
        pl_buf_puts(out, "│ ");
        pl_buf_putn(out, cell[c].p, cell[c].n);
        for (size_t i = width(cell[c]); i < w[c] + 1; i++)
            pl_buf_putc(out, ' ');
    }
    pl_buf_puts(out, "│\n");
}

static void vulns(const struct pl_tv_report *r, const struct pl_tv_result *x, struct pl_buf *out)
{
    size_t w[COLUMNS];
    struct pl_str cell[COLUMNS];
    for (size_t c = 0; c < COLUMNS; c++)
        w[c] = strlen(heads[c]);
    for (size_t i = 0; i < x->vulns.n; i++) {
        cells(r, x->vulns.p[i], cell);
        for (size_t c = 0; c < COLUMNS; c++)
            w[c] = width(cell[c]) > w[c] ? width(cell[c]) : w[c];
    }
    rule_line(out, w, "┌", "┬", "┐");
    for (size_t c = 0; c < COLUMNS; c++)
        cell[c] = pl_str_c(heads[c]);
    row_line(out, w, cell);
    for (size_t i = 0; i < x->vulns.n; i++) {
        rule_line(out, w, "├", "┼", "┤");
        cells(r, x->vulns.p[i], cell);
        row_line(out, w, cell);
    }
    rule_line(out, w, "└", "┴", "┘");
}

static void secrets(const struct pl_tv_report *r, const struct pl_tv_result *x, struct pl_buf *out)
{
    for (size_t i = 0; i < x->secrets.n; i++) {
        const struct pl_finding *f = x->secrets.p[i];
        struct pl_str title = plain(r->a, f->title), evidence = plain(r->a, f->evidence);
        pl_buf_printf(out, "%s: %.*s\n", pl_tv_severity_name(pl_tv_severity_in(f)), PL_FMT(title));
        pl_buf_printf(out, " %.*s:%" PRIu32 "  %.*s\n", PL_FMT(plain(r->a, x->target)),
                      f->where.line, PL_FMT(evidence));
    }
}

void pl_tv_table(const struct pl_tv_report *r, struct pl_buf *out)
{
    for (size_t i = 0; i < r->results.n; i++) {
        const struct pl_tv_result *x = r->results.p[i];
        size_t count[PL_TV_CRITICAL + 1] = { 0 }, all = x->vulns.n + x->secrets.n;
        bool os = strcmp(x->class_, "os-pkgs") == 0;
        if (!all && !(os && r->o->vulns))
            continue;
        for (size_t k = 0; k < x->vulns.n; k++)
            count[pl_tv_severity_in(x->vulns.p[k])]++;
        for (size_t k = 0; k < x->secrets.n; k++)
            count[pl_tv_severity_in(x->secrets.p[k])]++;
        struct pl_str title = plain(r->a, x->target);
        if (!os && x->type.n && !pl_str_eq(x->type, x->target))
            title = pl_printf(r->a, "%.*s (%.*s)", PL_FMT(title), PL_FMT(x->type));
        else if (x->secrets.n)
            title = pl_printf(r->a, "%.*s (secrets)", PL_FMT(title));
        pl_buf_printf(out, "\n%.*s\n", PL_FMT(title));
        for (size_t k = width(title); k; k--)
            pl_buf_putc(out, '=');
        pl_buf_printf(out, "\nTotal: %zu (", all);
        for (unsigned s = 0, first = 1; s <= PL_TV_CRITICAL; s++)
            if (r->o->severity[s]) {
                pl_buf_printf(out, "%s%s: %zu", first ? "" : ", ",
                              pl_tv_severity_name((enum pl_tv_severity)s), count[s]);
                first = 0;
            }
        pl_buf_puts(out, ")\n\n");
        if (x->vulns.n)
            vulns(r, x, out);
        secrets(r, x, out);
    }
}
