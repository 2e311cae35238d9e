/* JSON as Go's encoder writes it, and the json report. secrets.md section 8 (1). */
/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "compat/gl_report.h"
#include "fmt/utf8.h"

void pl_gl_json_str(struct pl_buf *out, struct pl_str s)
{
    static const char special[] = "\"\\\n\r\t\b\f", letters[] = "\"\\nrtbf";
    pl_buf_putc(out, '"');
    for (size_t i = 0; i < s.n;) {
        uint32_t cp = 0;
        size_t n = pl_utf8_next(pl_str_sub(s, i, 4), &cp);
        const char *k = n && cp && cp < 0x80 ? strchr(special, (int)cp) : NULL;
        if (!n)
            pl_buf_puts(out, "\\ufffd");
        else if (k)
            pl_buf_printf(out, "\\%c", letters[k - special]);
        else if (cp < 0x20 || cp == '<' || cp == '>' || cp == '&' || cp == 0x2028 || cp == 0x2029)
            pl_buf_printf(out, "\\u%04x", cp);
        else
            pl_buf_putn(out, s.p + i, n);
        i += n ? n : 1;
    }
    pl_buf_putc(out, '"');
}

void pl_gl_json_float(struct pl_buf *out, float v)
{
    char text[64], plain[128];
    int digits = 0;
    do
        snprintf(text, sizeof text, "%.*e", digits, (double)v);
    while (strtof(text, NULL) != v && ++digits < 9);
    const char *e = strchr(text, 'e');
    int exponent = e ? (int)strtol(e + 1, NULL, 10) : 0;
    if (v != 0 && (fabsf(v) < 1e-6f || fabsf(v) >= 1e21f)) {
        pl_buf_printf(out, "%.*se%s%d", (int)(e - text), text, exponent < 0 ? "-" : "+",
                      abs(exponent));
        return;
    }
    int places = digits - exponent;
    snprintf(plain, sizeof plain, "%.*f", places > 0 ? places : 0, strtod(text, NULL));
    pl_buf_puts(out, plain);
}

/* One finding being written. */
struct object {
    struct pl_buf *out;
    const char *prefix, *indent;
    bool more;
};

static void key(struct object *o, const char *name)
{
    if (o->indent)
        pl_buf_printf(o->out, "%s\n%s%s\"%s\": ", o->more ? "," : "", o->prefix, o->indent, name);
    else
        pl_buf_printf(o->out, "%s\"%s\":", o->more ? "," : "", name);
    o->more = true;
}

static void text(struct object *o, const char *name, struct pl_str s)
{
    key(o, name);
    pl_gl_json_str(o->out, s);
}

static void number(struct object *o, const char *name, int64_t n)
{
    key(o, name);
    pl_buf_printf(o->out, "%" PRId64, n);
}

static void tags(struct object *o, const pl_gl_strs *v)
{
    key(o, "Tags");
    pl_buf_putc(o->out, '[');
    for (size_t i = 0; i < v->n; i++) {
        pl_buf_puts(o->out, i ? "," : "");
        if (o->indent)
            pl_buf_printf(o->out, "\n%s%s%s", o->prefix, o->indent, o->indent);
        pl_gl_json_str(o->out, v->p[i]);
    }
    if (v->n && o->indent)
        pl_buf_printf(o->out, "\n%s%s", o->prefix, o->indent);
    pl_buf_putc(o->out, ']');
}

void pl_gl_json_finding(struct pl_buf *out, const struct pl_gl_finding *f, const char *prefix,
                        const char *indent)
{
    static const struct pl_gl_commit none;
    const struct pl_gl_commit *c = f->commit ? f->commit : &none;
    struct object o = { out, prefix, indent, false };
    pl_buf_putc(out, '{');
    text(&o, "RuleID", f->rule->id);
    text(&o, "Description", f->rule->description);
    number(&o, "StartLine", f->start_line);
    number(&o, "EndLine", f->end_line);
    number(&o, "StartColumn", f->start_column);
    number(&o, "EndColumn", f->end_column);
    text(&o, "Match", f->match);
    text(&o, "Secret", f->secret);
    text(&o, "File", f->file);
    text(&o, "SymlinkFile", f->symlink);
    text(&o, "Commit", c->sha);
    if (f->link.n)
        text(&o, "Link", f->link);
    key(&o, "Entropy");
    pl_gl_json_float(out, f->entropy);
    text(&o, "Author", c->author);
    text(&o, "Email", c->email);
    text(&o, "Date", c->date);
    text(&o, "Message", c->message);
    tags(&o, &f->tags);
    text(&o, "Fingerprint", f->fingerprint);
    if (indent)
        pl_buf_printf(out, "\n%s", prefix);
    pl_buf_putc(out, '}');
}

void pl_gl_report_json(struct pl_buf *out, const pl_gl_findings *v)
{
    pl_buf_putc(out, '[');
    for (size_t i = 0; i < v->n; i++) {
        pl_buf_puts(out, i ? ",\n " : "\n ");
        pl_gl_json_finding(out, &v->p[i], " ", " ");
    }
    pl_buf_puts(out, v->n ? "\n]\n" : "]\n");
}
