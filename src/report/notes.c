/* Notes and the INCOMPLETE lines; whether a report fails the run. commands.md, exit codes. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>

#include "report/escape.h"
#include "report/words.h"

#define LINE_MAX_SHOWN 300 /* of one value in a note */

bool pl_report_fails(const struct pl_report *r, const struct pl_report_opts *o)
{
    if (o->fail_none)
        return false;
    for (size_t i = 0; i < r->n_targets; i++)
        for (size_t k = 0; k < r->targets[i].n_findings; k++) {
            const struct pl_finding *f = &r->targets[i].findings[k];
            if (f->severity >= o->fail_on && f->delta != PL_DELTA_UNCHANGED)
                return true;
        }
    return false;
}

/* "oci:shop (linux/amd64): layer 3: etc/x: " as far as it is needed. */
static void put_where(struct pl_buf *out, const struct pl_report *r, const struct pl_target *t,
                      const struct pl_note *n)
{
    if (r->n_targets > 1) {
        pl_esc_cut(out, PL_ESC_TERM, t->name, LINE_MAX_SHOWN);
        if (t->platform.n) {
            pl_buf_puts(out, " (");
            pl_esc_cut(out, PL_ESC_TERM, t->platform, LINE_MAX_SHOWN);
            pl_buf_puts(out, ")");
        }
        pl_buf_puts(out, ": ");
    }
    if (n && n->where.n) {
        pl_esc_cut(out, PL_ESC_TERM, n->where, LINE_MAX_SHOWN);
        pl_buf_puts(out, ": ");
    }
}

void pl_report_notes(const struct pl_report *r, struct pl_buf *out)
{
    for (size_t i = 0; i < r->n_targets; i++) {
        const struct pl_target *t = &r->targets[i];
        for (size_t k = 0; k < t->n_notes; k++) {
            const struct pl_note *n = &t->notes[k];
            if (n->incomplete)
                continue;
            pl_buf_puts(out, "note: ");
            put_where(out, r, t, n);
            pl_esc_cut(out, PL_ESC_TERM, n->message.n ? n->message : n->code, LINE_MAX_SHOWN);
            pl_buf_puts(out, " [");
            pl_esc_cut(out, PL_ESC_TERM, n->code, LINE_MAX_SHOWN);
            pl_buf_puts(out, "]\n");
        }
    }
}

/* The lines of one target. */
static void put_target(struct pl_buf *out, const struct pl_report *r, const struct pl_target *t,
                       size_t max)
{
    size_t shown = 0, all = 0;
    for (size_t k = 0; k < t->n_notes; k++) {
        const struct pl_note *n = &t->notes[k];
        if (!n->incomplete || all++ >= max)
            continue;
        pl_buf_puts(out, "INCOMPLETE: ");
        put_where(out, r, t, n);
        pl_esc_cut(out, PL_ESC_TERM, n->message.n ? n->message : n->code, LINE_MAX_SHOWN);
        pl_buf_putc(out, '\n');
        shown++;
    }
    if (all > shown) {
        pl_buf_puts(out, "INCOMPLETE: ");
        put_where(out, r, t, NULL);
        pl_buf_printf(out, "%zu more, all of them in -f json\n", all - shown);
    }
    if (!all) {
        pl_buf_puts(out, "INCOMPLETE: ");
        put_where(out, r, t, NULL);
        pl_buf_puts(out, "not everything was read\n");
    }
}

void pl_report_incomplete(const struct pl_report *r, const struct pl_report_opts *o, size_t max,
                          struct pl_buf *out)
{
    size_t before = out->n;
    for (size_t i = 0; i < r->n_targets; i++)
        if (!r->targets[i].complete)
            put_target(out, r, &r->targets[i], max);
    if (out->n == before)
        return;
    out->n--; /* the newline */
    pl_buf_puts(out, pl_report_fails(r, o) ? "; exit 1, for the findings\n" : "; exit 3\n");
}
