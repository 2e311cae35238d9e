/* Findings as workflow commands that a CI runner shows beside the code: GitHub's form
 * (::error file=…,line=…::message), its escapes for values. ux.md section 3. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>

#include "report/escape.h"
#include "report/words.h"

#define SHOWN 100u /* a runner shows ten of a kind for a step and fifty for a job */

struct notes {
    const struct pl_report_opts *o;
    struct pl_buf *out;
    struct pl_arena *a;
    size_t shown;
};

/* Escapes as the runner undoes them; what must not reach a terminal as in every log. */
static void put_value(struct pl_buf *out, struct pl_str s, bool property)
{
    for (size_t at = 0; at < s.n;) {
        size_t n = 0;
        while (at + n < s.n &&
               !memchr(property ? "%\r\n:," : "%\r\n", s.p[at + n], property ? 5 : 3))
            n++;
        pl_esc(out, PL_ESC_TERM, pl_str_sub(s, at, n));
        at += n;
        if (at < s.n)
            pl_buf_printf(out, "%%%02X", (unsigned char)s.p[at++]);
    }
}

static void put_property(struct notes *n, const char *name, struct pl_str value, bool *first)
{
    pl_buf_printf(n->out, "%c%s=", *first ? ' ' : ',', name);
    put_value(n->out, pl_str_sub(value, 0, 1000), true);
    *first = false;
}

static void put_number(struct notes *n, const char *name, uint32_t value, bool *first)
{
    if (value)
        put_property(n, name, pl_printf(n->a, "%" PRIu32, value), first);
}

/* The folder of a directory target, as far as the runner knows it: relative, without "./". */
static struct pl_str folder_of(const struct pl_target *t)
{
    struct pl_str s = t->name;
    if (pl_str_starts(s, PL_S("dir:")))
        s = pl_str_sub(s, 4, s.n);
    else if (!pl_str_is(t->kind, "dir"))
        return PL_S("");
    while (pl_str_starts(s, PL_S("./")))
        s = pl_str_sub(s, 2, s.n);
    while (s.n && s.p[s.n - 1] == '/')
        s.n--;
    return pl_str_is(s, ".") ? PL_S("") : s;
}

/* A line of an earlier version says nothing about the file that is shown. */
static void put_file(struct notes *n, const struct pl_target *t, const struct pl_finding *f,
                     bool *first)
{
    struct pl_str dir = folder_of(t);
    bool earlier = f->commit && !f->span.visible;
    if (f->where.surface != PL_SURF_FILE || !f->where.path.n || t->n_layers || t->digest.n)
        return;
    put_property(n, "file",
                 dir.n ? pl_printf(n->a, "%.*s/%.*s", PL_FMT(dir), PL_FMT(f->where.path))
                       : f->where.path,
                 first);
    if (earlier || f->where.nested.n)
        return;
    put_number(n, "line", f->where.line, first);
    put_number(n, "endLine", f->where.end_line, first);
    put_number(n, "col", f->where.end_line == f->where.line ? f->where.col : 0, first);
}

static const char *level_of(const struct pl_report_opts *o, const struct pl_finding *f)
{
    if (!o->fail_none && f->severity >= o->fail_on && f->delta != PL_DELTA_UNCHANGED)
        return "error";
    return f->severity >= PL_SEV_MEDIUM && f->delta != PL_DELTA_UNCHANGED ? "warning" : "notice";
}

static void put_finding(struct notes *n, const struct pl_target *t, const struct pl_finding *f)
{
    pl_auto_buf struct pl_buf title = { 0 }, text = { 0 };
    bool first = true;
    pl_say_title(&title, t, f);
    pl_buf_printf(n->out, "::%s", level_of(n->o, f));
    put_file(n, t, f, &first);
    put_property(n, "title", pl_buf_str(&title), &first);
    pl_say_place(&text, f);
    pl_buf_printf(&text, ": %.*s", PL_FMT(f->rule));
    if (f->evidence.n)
        pl_buf_printf(&text, " %.*s", PL_FMT(f->evidence));
    if (f->commit) {
        pl_buf_puts(&text, "\ncommit ");
        pl_say_commit(&text, f->commit);
    }
    if (f->fix.n)
        pl_buf_printf(&text, "\n%.*s", PL_FMT(f->fix));
    pl_buf_puts(n->out, "::");
    put_value(n->out, pl_str_sub(pl_buf_str(&text), 0, 4000), false);
    pl_buf_putc(n->out, '\n');
    pl_arena_reset(n->a);
}

static void put_incomplete(struct notes *n, const struct pl_target *t)
{
    pl_auto_buf struct pl_buf text = { 0 };
    const struct pl_note *first = NULL;
    size_t count = 0;
    for (size_t i = 0; i < t->n_notes; i++) {
        first = first || !t->notes[i].incomplete ? first : &t->notes[i];
        count += t->notes[i].incomplete;
    }
    if (first)
        pl_buf_printf(&text, "%.*s: %.*s", PL_FMT(first->where), PL_FMT(first->message));
    if (count > 1)
        pl_buf_printf(&text, "\nand %zu more", count - 1);
    pl_buf_puts(n->out, "::error title=not everything was read::");
    put_value(n->out, pl_buf_str(&text), false);
    pl_buf_putc(n->out, '\n');
}

void pl_report_annotations(const struct pl_report *r, const struct pl_report_opts *o,
                           struct pl_buf *out)
{
    struct pl_arena a = { 0 };
    struct notes n = { .o = o, .out = out, .a = &a };
    for (size_t i = 0; i < r->n_targets; i++)
        if (!r->targets[i].complete)
            put_incomplete(&n, &r->targets[i]);
    for (int s = PL_SEV_COUNT; s-- > 0;)
        for (size_t i = 0; i < r->n_targets; i++)
            for (size_t k = 0; k < r->targets[i].n_findings; k++) {
                const struct pl_finding *f = &r->targets[i].findings[k];
                if ((int)f->severity != s)
                    continue;
                if (n.shown++ < SHOWN)
                    put_finding(&n, &r->targets[i], f);
            }
    if (n.shown > SHOWN)
        pl_buf_printf(out,
                      "::notice title=plimsoll::%zu more findings are not annotated; the "
                      "report has all\n",
                      n.shown - SHOWN);
    pl_arena_release(&a);
}
