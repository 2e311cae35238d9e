/* Content: windows, lines, containers. guide sections 3 and 8; forensics.md section 4. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "scan/content.h"
#include "scan/marks.h"

#include <stdlib.h>

#include "base/cleanup.h"
#include "base/hash.h"
#include "io/nested.h"
#include "scan/keepfeed.h"
#include "scan/pkgfeed.h"

#define WINDOW ((size_t)1 << 20)
#define INNER ((size_t)256 << 10) /* below the first level: views over views must stay small */
#define STEP ((size_t)64 << 10)
/* A container of at most so many bytes is kept, to be hashed when something is found in it. */
#define SMALL ((size_t)256 << 10)
#define OVERLAP ((size_t)64 << 10)
#define BEHIND ((size_t)4 << 10)

/* Formats read by seeking are kept whole up to this many bytes. */
#define WHOLE_MAX ((size_t)8 << 20)

/* One piece of content on its way through the windows. Offsets are from the start of the content.
 */
struct scan {
    struct pl_worker *w;
    struct pl_spot *at;
    const uint8_t *p; /* the window */
    size_t n;
    uint64_t off;              /* offset of p[0] */
    uint64_t counted;          /* lines are counted up to here */
    uint64_t line, line_start; /* number and offset of the line there */
    bool started, text, wide;  /* wide: UTF-16, two bytes a character */
    bool failed;               /* the engine has been noted already */
    uint32_t hits;
    struct pl_pkgfeed packages;
    struct pl_keepfeed facts;
};

/* What a note calls it: "outer.zip!inner.jar!name". Lives as long as the entry is worked on. */
static struct pl_str name_of(struct pl_worker *w, const struct pl_spot *at)
{
    struct pl_buf b pl_auto_buf = { .max = PL_KIB(64) };
    if (!at->nested.n)
        return at->path;
    pl_buf_putn(&b, at->outer.p, at->outer.n);
    for (size_t i = 0; i < at->nested.n; i++) {
        pl_buf_putc(&b, '!');
        pl_buf_putn(&b, at->nested.p[i].p, at->nested.p[i].n);
    }
    return pl_dup(&w->scratch, pl_buf_str(&b));
}

static void count_lines(struct scan *s, uint64_t to)
{
    if (!s->text)
        return;
    if (to < s->counted) { /* a step back inside the window */
        s->line_start = s->off;
        s->line = s->off ? s->line : 1;
        for (uint64_t i = to; i < s->counted; i++)
            s->line -= s->off && s->p[i - s->off] == '\n';
        s->counted = s->off ? to : 0;
        const uint8_t *nl = memrchr(s->p, '\n', (size_t)(to - s->off));
        if (s->off && nl)
            s->line_start = s->off + (uint64_t)(nl + 1 - s->p);
    }
    const uint8_t *p = s->p + (s->counted - s->off), *end = s->p + (to - s->off), *nl;
    while (p < end && (nl = memchr(p, '\n', (size_t)(end - p)))) {
        s->line++;
        p = nl + 1;
        s->line_start = s->off + (uint64_t)(p - s->p) + (s->wide && p < s->p + s->n && *p == 0);
    }
    s->counted = to;
}

static uint32_t column(const struct scan *s, uint64_t off)
{
    uint64_t c = off > s->line_start ? off - s->line_start : 0;
    return (uint32_t)((s->wide ? c / 2 : c) + 1);
}

static void look_first(struct scan *s)
{
    s->started = true;
    s->line = 1;
    s->counted = s->line_start = s->off;
    if (s->at->binary)
        return;
    if (s->n >= 2 && ((s->p[0] == 0xff && s->p[1] == 0xfe) || (s->p[0] == 0xfe && s->p[1] == 0xff)))
        s->text = s->wide = true;
    else
        s->text = !memchr(s->p, 0, s->n < 8000 ? s->n : 8000);
}

static void say_lines(struct scan *s, const struct pl_secret *f, struct pl_where *ret)
{
    uint64_t from = s->off + f->off, to = from + f->len;
    count_lines(s, from);
    ret->line = (uint32_t)s->line;
    ret->col = column(s, from);
    uint64_t line = s->line, start = s->line_start;
    count_lines(s, to);
    ret->end_line = (uint32_t)s->line;
    ret->end_col = column(s, to);
    s->counted = from;
    s->line = line;
    s->line_start = start;
}

/* False when enough of this rule has been kept. */
static bool keep(struct scan *s, uint32_t rule)
{
    uint64_t max = s->w->ctx->limits.matches;
    uint32_t n = ++s->w->kept[rule];
    if (n == max + 1)
        pl_worker_note(s->w, PL_SCOPE_ENTRY, true, "limit", name_of(s->w, s->at),
                       "more than %llu findings of one rule; --limit matches=N",
                       (unsigned long long)max);
    return n <= max;
}

/* Text that will be printed elsewhere (an instruction) loses its secrets here. */
static void mask_text(struct scan *s, const struct pl_secret *f, struct pl_str evidence)
{
    struct pl_spot *at = s->at;
    if (!at->masked || f->off < at->masked_to || s->off)
        return;
    pl_buf_putn(at->masked, s->p + at->masked_to, f->off - at->masked_to);
    pl_buf_putn(at->masked, evidence.p, evidence.n);
    at->masked_to = f->off + f->len;
}

static void on_secret(void *arg, const struct pl_secret *f)
{
    struct scan *s = arg;
    struct pl_worker *w = s->w;
    struct pl_hit h = { .rule = f->rule,
                        .ordinal = s->at->ordinal,
                        .severity = f->severity,
                        .where = { .surface = s->at->surface,
                                   .path = s->at->say,
                                   .off = s->off + f->off,
                                   .nested = s->at->nested },
                        .reason = pl_str_c(f->reason),
                        .decoded = pl_str_c(f->decoded),
                        .has_value = (w->job.flags & PL_JOBF_REVEAL) != 0,
                        .raw_too = s->at->raw_too,
                        .visible = s->at->visible,
                        .history = s->at->history - 1 };
    if (!keep(s, f->rule))
        return;
    s->hits++;
    if (s->text)
        say_lines(s, f, &h.where);
    if (w->job.flags & PL_JOBF_MARKS)
        h.allow = pl_mark_near(&w->scratch, w->ctx->rules, s->p, s->n, f->off, f->len);
    h.evidence = pl_secret_mask(&w->scratch, pl_rules_at(w->ctx->rules, f->rule), f->value);
    pl_sha256(f->value.p, f->value.n, h.hash);
    if (h.has_value)
        h.value = f->value;
    mask_text(s, f, h.evidence);
    if (w->job.flags & PL_JOBF_DRY)
        return;
    w->hits++;
    w->matched |= memcmp(h.hash, w->job.secret, sizeof h.hash) == 0;
    size_t mark;
    struct pl_buf *b = pl_chan_begin(&w->chan, PL_MSG_HIT, &mark);
    pl_put_hit(b, &h);
    pl_chan_end(&w->chan, mark);
}

/* The whole content of an entry, whose digests nobody asked for anyway. */
static bool is_entry(const struct pl_worker *w, const struct pl_spot *at)
{
    return !at->nested.n && at->ordinal != PL_NEVER && at->surface == PL_SURF_FILE &&
           !w->job.hash_path.n;
}

/* Scans what `v` shows, of which the first `behind` bytes have been evaluated before; `last`: it
 * reaches the end of the content. Returns up to which byte it is evaluated now. */
static size_t window(struct scan *s, const struct pl_view *v, size_t behind, bool last)
{
    struct pl_worker *w = s->w;
    s->p = v->p;
    s->n = v->n;
    s->off = v->off;
    w->matched = false;
    if (!s->started) {
        look_first(s);
        pl_pkgfeed_begin(&s->packages, w, s->at, pl_str_n(s->p, s->n));
        pl_keepfeed_begin(&s->facts, w, s->at, pl_str_n(s->p, s->n));
    }
    size_t to = last ? s->n : s->n - OVERLAP;
    if (w->job.flags & PL_JOBF_SECRETS) {
        struct pl_text t = { .p = s->p,
                             .n = s->n,
                             .from = behind,
                             .to = to,
                             .last = last,
                             .path = s->at->path,
                             .outer = s->at->nested.n ? s->at->outer : (struct pl_str){ "", 0 },
                             .value = s->at->value };
        struct pl_err err = { 0 };
        int r = pl_secret_scan(w->matcher, &t, on_secret, s, &err);
        if (r < 0 && !s->failed) {
            s->failed = true;
            pl_worker_note(w, PL_SCOPE_ENTRY, true, r == PL_E_LIMIT ? "limit" : "engine",
                           name_of(w, s->at), "%s", err.msg);
        }
    }
    pl_pkgfeed_add(&s->packages, w, s->at, pl_str_n(s->p, s->n), behind, to, last);
    pl_keepfeed_add(&s->facts, w, s->at, pl_str_n(s->p, s->n), behind, to, last);
    if (last && s->hits && !s->off && is_entry(w, s->at))
        pl_worker_hash(w, s->at->ordinal, s->p, s->n); /* tells renamed and unchanged copies */
    if (s->at->wanted)
        pl_worker_bytes(w, s->p + behind, to - behind);
    else if (w->job.grab == PL_GRAB_PART && w->matched && !w->grabbed && !s->at->nested.n) {
        w->grabbed = true;
        pl_worker_bytes(w, s->p, s->n);
    }
    return to;
}

/* A view that shows only what has been scanned: containers read through it. */
struct tee {
    struct pl_view v;
    struct pl_view *under;
    struct scan *s;
    uint64_t scanned; /* offset up to which windows were evaluated */
};

/* Lets `under` go forward to what is still needed: BEHIND bytes before the consumer. */
static void tee_drop(struct tee *t)
{
    uint64_t from = t->v.off > BEHIND ? t->v.off - BEHIND : 0;
    if (from <= t->under->off)
        return;
    if (t->s->started && t->s->counted < from)
        count_lines(t->s, from);
    pl_view_consume(t->under, (size_t)(from - t->under->off));
}

static int tee_fill(struct pl_view *v, size_t want, struct pl_err *err)
{
    struct tee *t = (struct tee *)v;
    int r = 0;
    while (t->scanned - v->off < want && r == 0 && !v->eof) {
        tee_drop(t);
        size_t behind = (size_t)(t->scanned - t->under->off);
        size_t goal = behind + STEP + OVERLAP;
        r = pl_view_ahead(t->under, goal < PL_VIEW_MAX ? goal : PL_VIEW_MAX, err);
        bool last = t->under->eof || r < 0;
        if (!last && t->under->n <= behind + OVERLAP)
            return pl_fail(err, PL_E_LIMIT, "a window of %zu bytes is too large here", want);
        t->scanned = t->under->off + window(t->s, t->under, behind, last);
        v->eof = last && r == 0;
    }
    v->p = t->under->p + (v->off - t->under->off);
    v->n = (size_t)(t->scanned - v->off);
    return r;
}

/* Archives that programs run from: jars, wheels, eggs. */
static bool runs_from(const struct pl_nested *kind)
{
    return strcmp(kind->id, "zip") == 0;
}

struct descent {
    struct pl_worker *w;
    struct pl_spot *at;
    bool packed, single;
    uint64_t *total;
};

/* For an inventory alone nothing else is of use. */
static bool inventory_alone(const struct pl_worker *w)
{
    return !(w->job.flags & (PL_JOBF_SECRETS | PL_JOBF_FACTS)) && w->job.grab == PL_GRAB_NONE;
}

/* What is compressed alone stands where its file does: "man/man8/x.8.gz" is "man/man8/x.8". */
static struct pl_str beside(struct pl_worker *w, struct pl_str path, struct pl_str name)
{
    const char *slash = path.n ? memrchr(path.p, '/', path.n) : NULL;
    if (!slash || pl_str_find(name, PL_S("/"), 0) != SIZE_MAX)
        return name;
    return pl_printf(&w->scratch, "%.*s/%.*s", (int)(slash - path.p), path.p, PL_FMT(name));
}

static int on_member(void *arg, struct pl_member *m)
{
    struct descent *d = arg;
    struct pl_spot in = *d->at;
    struct pl_str names[32];
    size_t k = 0;
    if (!m->body)
        return 0;
    if (inventory_alone(d->w) && pl_str_ends(m->name, PL_S(".class"))) /* names no package */
        return 0;
    for (; k < d->at->nested.n && k < PL_COUNT(names) - 2; k++)
        names[k] = d->at->nested.p[k];
    if (m->detail.n)
        names[k++] = m->detail;
    names[k++] = m->name;
    in.nested = (struct pl_names){ names, k };
    in.outer = d->at->nested.n ? d->at->outer : d->at->path;
    in.depth++;
    in.total = d->total;
    in.path = d->single ? beside(d->w, d->at->path, m->name) : m->name;
    in.binary = m->raw_too;
    in.raw_too = m->raw_too;
    in.packed |= d->packed;
    in.wanted = false;
    const struct pl_job_params *job = &d->w->job;
    if ((job->grab == PL_GRAB_ENTRY || job->grab == PL_GRAB_RAW) && !d->w->grabbed &&
        job->nested.n == k && (job->grab == PL_GRAB_RAW || job->ordinal == in.ordinal)) {
        in.wanted = true;
        for (size_t i = 0; i < k; i++)
            in.wanted &= pl_str_eq(names[i], job->nested.p[i]);
    }
    struct pl_err err = { 0 };
    if (pl_content_scan(d->w, &in, m->body, &err) < 0)
        d->w->done.complete = false; /* the reader of the container tells why */
    if (in.wanted)
        d->w->grabbed = true;
    return 0;
}

bool pl_content_harmless(const char *code)
{
    static const char *const codes[] = { "tar-no-end", "tar-global",     "tar-size",
                                         "tar-number", "tar-signed-sum", "tar-sparse-unknown" };
    for (size_t i = 0; i < PL_COUNT(codes); i++)
        if (strcmp(code, codes[i]) == 0)
            return true;
    return false;
}

static void on_note(void *arg, const char *code, struct pl_str name, const char *message)
{
    struct descent *d = arg;
    pl_worker_note(d->w, PL_SCOPE_ENTRY, !pl_content_harmless(code), code, name_of(d->w, d->at),
                   "%.*s%s%s", PL_FMT(pl_str_sub(name, 0, 200)), name.n ? ": " : "", message);
}

/* The large slot, once: what stands in what is held whole must do with less. */
static bool on_large(void *arg, bool take)
{
    struct pl_worker *w = arg;
    if (take && (w->large || !pl_chan_large(&w->chan)))
        return false;
    if (!take)
        pl_chan_large_end(&w->chan);
    w->large = take;
    return true;
}

static int descend(struct pl_worker *w, struct pl_spot *at, const struct pl_nested *kind,
                   struct pl_view *v, struct pl_err *err)
{
    uint64_t total = 0;
    struct descent d = { w, at, !runs_from(kind), kind->single, at->total ? at->total : &total };
    struct pl_nested_sink sink = { on_member, on_note, &d };
    struct pl_nested_opts o = { .limits = &w->ctx->limits,
                                .whole_max = WHOLE_MAX,
                                .large = on_large,
                                .large_arg = w,
                                .path = at->path,
                                .total = d.total,
                                .depth = at->depth };
    if (at->depth >= w->ctx->limits.nested_depth) {
        pl_worker_note(w, PL_SCOPE_ENTRY, true, "limit", name_of(w, at),
                       "%s nested deeper than %llu; --limit nested-depth=N", kind->id,
                       (unsigned long long)w->ctx->limits.nested_depth);
        return 0;
    }
    return kind->read(v, &o, &sink, err);
}

/* Windows to the end of `v`, whose first `behind` bytes were evaluated already. */
static int windows(struct scan *s, struct pl_view *v, size_t behind, struct pl_err *err)
{
    size_t step = s->at->depth ? INNER : WINDOW;
    for (;;) {
        size_t goal = behind + step + OVERLAP;
        int r = pl_view_ahead(v, goal < PL_VIEW_MAX ? goal : PL_VIEW_MAX, err);
        bool last = v->eof || r < 0;
        if (!last && v->n <= behind + OVERLAP)
            pl_bug("a view showed less than was asked for");
        size_t to = window(s, v, behind, last);
        if (last) {
            pl_view_consume(v, v->n);
            return r;
        }
        behind = to < BEHIND ? to : BEHIND;
        count_lines(s, s->off + to - behind);
        pl_view_consume(v, to - behind);
    }
}

static bool descends(const struct pl_worker *w, const struct pl_nested *kind)
{
    return !inventory_alone(w) || runs_from(kind);
}

int pl_content_scan(struct pl_worker *w, struct pl_spot *at, struct pl_view *v, struct pl_err *err)
{
    struct scan s = { .w = w, .at = at };
    const struct pl_nested *kind = NULL;
    if (at->depth == 0)
        memset(w->kept, 0, pl_rules_count(w->ctx->rules) * sizeof *w->kept);
    int r = pl_view_ahead(v, 512, err);
    if (r == 0 && w->ctx->limits.nested_depth && !at->value)
        kind = pl_nested_probe(v->p, v->n < 512 ? v->n : 512, at->path);
    if (!kind || !descends(w, kind))
        return windows(&s, v, 0, err);
    struct tee t = { .v = { .fill = tee_fill, .off = v->off }, .under = v, .s = &s };
    t.scanned = v->off;
    at->binary = true;
    struct pl_err inner = { 0 };
    pl_auto_buf struct pl_buf whole = { 0 };
    uint64_t before = w->hits;
    if (is_entry(w, at) && pl_view_ahead(v, SMALL, NULL) == 0 && v->eof && v->n < SMALL)
        pl_buf_putn(&whole, v->p, v->n);
    r = descend(w, at, kind, &t.v, &inner);
    if (whole.n && w->hits > before)
        pl_worker_hash(w, at->ordinal, whole.p, whole.n);
    if (r < 0 && r != PL_E_CANCEL && !v->failed) /* else the view below broke: its caller tells */
        pl_worker_note(w, PL_SCOPE_ENTRY, true, "nested-damaged", name_of(w, at), "%s: %s",
                       kind->id, inner.msg);
    size_t shown = (size_t)(t.scanned - v->off), behind = shown < BEHIND ? shown : BEHIND;
    pl_view_consume(v, shown - behind); /* scanned, whether the reader took it or not */
    return windows(&s, v, behind, err);
}

void pl_content_piece(struct pl_worker *w, struct pl_spot *at, struct pl_str bytes)
{
    struct pl_view v;
    struct pl_err err = { 0 };
    if (!bytes.n)
        return;
    pl_view_mem_init(&v, bytes.p, bytes.n);
    if (pl_content_scan(w, at, &v, &err) < 0)
        pl_worker_note(w, PL_SCOPE_ENTRY, true, "engine", name_of(w, at), "%s", err.msg);
}

void pl_content_mask(struct pl_worker *w, struct pl_str text, struct pl_buf *out)
{
    struct pl_job_params job = w->job;
    struct pl_spot at = { .ordinal = PL_NEVER, .binary = true, .masked = out };
    w->job.flags |= PL_JOBF_DRY;
    w->job.grab = PL_GRAB_NONE;
    pl_content_piece(w, &at, text);
    w->job = job;
    pl_buf_putn(out, text.p + at.masked_to, text.n - at.masked_to);
}
