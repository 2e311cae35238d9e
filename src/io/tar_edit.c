/* The rewriter follows the reader (tar.c): it holds back what was read until the reader has said
 * what it is, then passes it on, changed or not. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "io/tar_edit.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "io/redact.h"
#include "io/tar_int.h"

#define HELD_MAX ((size_t)64 << 20)

struct part { /* text of the headers being read, by offset in the old stream */
    uint64_t off, n;
};

struct pl_tar_rewrite {
    struct pl_tar_edits e;
    struct pl_limits limits;
    pl_tar_out_fn *out;
    void *arg;
    struct pl_buf held; /* old bytes from `at` on that were not passed on */
    size_t skipped;     /* of `held`, passed on already */
    char none;          /* where no bytes are held */
    uint64_t at;
    uint64_t known; /* what comes before this offset is known to be … */
    bool drop;      /* … dropped, or passed on with these overwritten: */
    const struct pl_tar_blank *blank;
    size_t n_blank;
    uint64_t body, body_end; /* blanks count from `body`; zeros from body_end to `known` if … */
    bool zero;
    bool inside;        /* the body is held until all of it is there */
    struct pl_buf name; /* of that entry */
    struct pl_err why;  /* it could not be redacted */
    size_t next;        /* edit */
    PL_VEC(struct part) parts;
};

struct pl_tar_rewrite *pl_tar_rewrite_new(const struct pl_tar_edits *e,
                                          const struct pl_limits *limits, pl_tar_out_fn *out,
                                          void *arg)
{
    struct pl_tar_rewrite *w = calloc(1, sizeof *w);
    if (!w)
        pl_oom();
    w->e = *e;
    w->limits = *limits;
    w->out = out;
    w->arg = arg;
    return w;
}

void pl_tar_rewrite_free(struct pl_tar_rewrite *w)
{
    if (!w)
        return;
    pl_buf_release(&w->held);
    pl_buf_release(&w->name);
    pl_vec_release(&w->parts);
    free(w);
}

/* Overwrites [off, off + n) of the old stream where it lies in the `len` bytes at `p`, which stand
 * at w->at. */
static void blank(const struct pl_tar_rewrite *w, char *p, size_t len, uint64_t off, uint64_t n,
                  char with)
{
    uint64_t from = off > w->at ? off : w->at, to = off + n < w->at + len ? off + n : w->at + len;
    for (uint64_t i = from; i < to; i++) {
        char *c = &p[i - w->at];
        if (!with || (*c != '\n' && *c != '\r'))
            *c = with;
    }
}

/* The bytes held, the first that were not passed on. */
static char *at_hand(struct pl_tar_rewrite *w)
{
    return w->held.n ? w->held.p + w->skipped : &w->none;
}

/* A container is redacted when it is there to its end. */
static bool held_back(struct pl_tar_rewrite *w)
{
    size_t there = w->held.n - w->skipped;
    if (!w->inside || w->at + there < w->body_end)
        return w->inside;
    w->inside = false;
    if (pl_redact_inside((uint8_t *)at_hand(w), (size_t)(w->body_end - w->at), w->e.values,
                         w->e.n_values, &w->why) < 0)
        pl_wrap(&w->why, "%.*s", PL_FMT(pl_str_sub(pl_buf_str(&w->name), 0, 200)));
    return false;
}

/* Passes on what is known of the bytes held. */
static void flush(struct pl_tar_rewrite *w)
{
    size_t there = w->held.n - w->skipped;
    if (held_back(w))
        return;
    size_t n = w->known - w->at < there ? (size_t)(w->known - w->at) : there;
    char *p = at_hand(w);
    if (n && !w->drop) {
        for (size_t i = 0; i < w->n_blank; i++)
            blank(w, p, n, w->body + w->blank[i].off, w->blank[i].n, 'x');
        if (w->zero)
            blank(w, p, n, w->body_end, w->known - w->body_end, 0);
        w->out(w->arg, p, n);
    }
    w->at += n;
    w->skipped += n;
    while (w->n_blank && w->body + w->blank->off + w->blank->n <= w->at) {
        w->blank++;
        w->n_blank--;
    }
    if (w->skipped == w->held.n) {
        pl_buf_clear(&w->held);
        w->skipped = 0;
    } else if (w->skipped > w->held.n / 2) {
        memmove(w->held.p, w->held.p + w->skipped, w->held.n - w->skipped);
        w->held.n -= w->skipped;
        w->skipped = 0;
    }
}

void pl_tar_rewrite_fresh(void *arg, const void *p, size_t n)
{
    struct pl_tar_rewrite *w = arg;
    bool plain =
        w->at + (w->held.n - w->skipped) + n <= w->known && !w->n_blank && !w->zero && !w->inside;
    if (plain && w->held.n == w->skipped) { /* most bytes: nothing is copied */
        if (!w->drop)
            w->out(w->arg, p, n);
        w->at += n;
        return;
    }
    pl_buf_putn(&w->held, p, n);
    flush(w);
}

static void on_part(void *arg, enum pl_tar_part part, struct pl_str path, struct pl_str name,
                    struct pl_str bytes, uint64_t off)
{
    struct pl_tar_rewrite *w = arg;
    struct part x = { off, bytes.n };
    uint64_t at = off - w->at + w->skipped;
    (void)path;
    (void)name;
    /* an attribute may have been shown decoded: its base 64 is longer, and stays such */
    if (part == PL_TAR_XATTR && (off < w->at || at > w->held.n || bytes.n > w->held.n - at ||
                                 memcmp(w->held.p + at, bytes.p, bytes.n) != 0))
        x.n = bytes.n + (bytes.n + 2) / 3;
    pl_vec_push(&w->parts, x);
}

static void put_sum(uint8_t *b)
{
    char text[8];
    uint32_t sum = 8 * ' ';
    for (size_t i = 0; i < PL_TAR_BLOCK; i++)
        sum += i < 148 || i >= 156 ? b[i] : 0u;
    snprintf(text, sizeof text, "%06o", sum & 0777777u);
    memcpy(b + 148, text, 7);
    b[155] = ' ';
}

/* Octal digits of `v` to a field of 12 bytes. */
static void put_octal(uint8_t *b, uint64_t v)
{
    char text[32];
    snprintf(text, sizeof text, "%011" PRIo64, v & 077777777777u);
    memcpy(b, text, 12);
}

static void begin_block(uint8_t b[static PL_TAR_BLOCK], const char *name, size_t n, char type,
                        uint64_t size)
{
    memset(b, 0, PL_TAR_BLOCK);
    memcpy(b, name, n);
    memcpy(b + 100, type == '5' ? "0000755" : "0000644", 8);
    memcpy(b + 108, "0000000", 8);
    memcpy(b + 116, "0000000", 8);
    put_octal(b + 124, size);
    put_octal(b + 136, 0);
    b[156] = (uint8_t)type;
    memcpy(b + 257, "ustar  ", 8);
    put_sum(b);
}

/* An empty file, or a directory if the name ends so; a name too long for its field stands in a
 * block of its own (GNU). */
static void put_empty(struct pl_tar_rewrite *w, struct pl_str name)
{
    static const char zeros[PL_TAR_BLOCK];
    uint8_t b[PL_TAR_BLOCK];
    if (name.n > 99) {
        begin_block(b, "././@LongLink", 13, 'L', name.n + 1);
        w->out(w->arg, b, sizeof b);
        w->out(w->arg, name.p, name.n);
        w->out(w->arg, zeros, PL_TAR_BLOCK - name.n % PL_TAR_BLOCK);
    }
    begin_block(b, name.p, name.n > 99 ? 99 : name.n, pl_str_ends(name, PL_S("/")) ? '5' : '0', 0);
    w->out(w->arg, b, sizeof b);
}

/* Overwrites the values in the headers at `p`; how many there were. */
static size_t blank_values(struct pl_tar_rewrite *w, char *p, size_t n, bool hides)
{
    size_t found = 0;
    for (size_t i = 0; i < w->e.n_values; i++) {
        struct pl_str v = w->e.values[i];
        char *at = p, *hit;
        if (!hides && v.n < PL_TAR_VALUE_MIN)
            continue;
        while (v.n && (hit = memmem(at, n - (size_t)(at - p), v.p, v.n))) {
            for (size_t k = 0; k < v.n; k++)
                hit[k] = hit[k] == '\n' || hit[k] == '/' ? hit[k] : 'x';
            at = hit + v.n;
            found++;
        }
    }
    return found;
}

/* Calls for each header block in the `n` bytes at `p`: its offset, and the length of its body. */
static bool next_block(const char *p, size_t n, size_t *at, struct pl_tar_head *h, size_t *ret_body)
{
    if (*at + PL_TAR_BLOCK > n || !pl_tar_head_parse((const uint8_t *)p + *at, h))
        return false;
    *ret_body = 0;
    if (memchr("xXgLK", h->type, 5) && h->size > 0 && (uint64_t)h->size <= n)
        *ret_body = ((size_t)h->size + PL_TAR_BLOCK - 1) & ~(PL_TAR_BLOCK - 1);
    return true;
}

/* Changes the headers in place: sums are made right again. */
static void change_headers(struct pl_tar_rewrite *w, char *p, size_t n, bool hides)
{
    pl_auto_free char *old = malloc(n ? n : 1);
    struct pl_tar_head h;
    size_t body;
    if (!old)
        pl_oom();
    memcpy(old, p, n);
    size_t found = blank_values(w, p, n, hides);
    if (!found && hides)
        for (size_t i = 0; i < w->parts.n; i++)
            blank(w, p, n, w->parts.p[i].off, w->parts.p[i].n, 'x');
    else if (!found)
        return;
    for (size_t at = 0; next_block(old, n, &at, &h, &body); at += PL_TAR_BLOCK + body)
        if (memcmp(old + at, p + at, PL_TAR_BLOCK) != 0)
            put_sum((uint8_t *)p + at);
}

/* Global headers are not the entry's: they stay when it goes. */
static void put_global(struct pl_tar_rewrite *w, const char *p, size_t n)
{
    struct pl_tar_head h;
    size_t body;
    for (size_t at = 0; next_block(p, n, &at, &h, &body); at += PL_TAR_BLOCK + body)
        if (h.type == 'g' && at + PL_TAR_BLOCK + body <= n)
            w->out(w->arg, p + at, PL_TAR_BLOCK + body);
}

/* The headers of an entry have been read: they end at `body`. */
static void on_headers(struct pl_tar_rewrite *w, uint64_t body, const struct pl_tar_edit *e)
{
    size_t n = (size_t)(body - w->at);
    char *p = at_hand(w);
    if (w->e.all_headers || (e && e->headers))
        change_headers(w, p, n, e && e->headers);
    bool gone = e && (e->fate == PL_TAR_DROP || e->fate == PL_TAR_HIDE);
    if (gone)
        put_global(w, p, n);
    else
        w->out(w->arg, p, n);
    if (e && e->fate == PL_TAR_HIDE)
        put_empty(w, e->name);
    w->at += n;
    w->skipped += n;
    w->drop = gone;
    w->blank = NULL;
    w->n_blank = 0;
    w->body = body;
    if (e && e->fate == PL_TAR_REDACT) {
        w->blank = e->blanks;
        w->n_blank = e->n_blanks;
    }
}

static const struct pl_tar_edit *edit_of(struct pl_tar_rewrite *w, uint32_t ordinal)
{
    return w->next < w->e.n && w->e.p[w->next].ordinal == ordinal ? &w->e.p[w->next++] : NULL;
}

static int entry(struct pl_tar_rewrite *w, const struct pl_tar *t, const struct pl_entry *e,
                 struct pl_err *err)
{
    const struct pl_tar_edit *x = edit_of(w, e->ordinal);
    if (x && x->fate == PL_TAR_REDACT && e->flags & PL_ENTRY_SPARSE)
        return pl_fail(err, PL_E_UNSUP, "tar: a file with holes cannot be redacted");
    /* the stored body: what the reader still has to skip, and what it took for a sparse map */
    uint64_t stored = t->body.left + t->body.synced;
    if (e->at < w->at || e->at - w->at > w->held.n - w->skipped)
        return pl_fail(err, PL_E_FORMAT, "tar: headers at offset %" PRIu64 " were lost", w->at);
    on_headers(w, e->at, x);
    w->body_end = e->at + stored;
    w->known = w->body_end + t->pad;
    w->zero = x && x->padding && !w->drop;
    w->inside = x && x->fate == PL_TAR_REDACT && x->inside;
    if (w->inside && stored > PL_REDACT_MAX)
        return pl_fail(err, PL_E_UNSUP, "tar: a container of %" PRIu64 " bytes cannot be redacted",
                       stored);
    if (w->inside) {
        pl_buf_clear(&w->name);
        pl_buf_putn(&w->name, e->path.p, e->path.n);
    }
    flush(w);
    return 0;
}

/* The end mark and what follows it. */
static int finish(struct pl_tar_rewrite *w, struct pl_view *in, struct pl_err *err)
{
    uint64_t end = in->off;
    size_t n = (size_t)(end - w->at);
    char *p = at_hand(w);
    if (n > w->held.n - w->skipped)
        return pl_fail(err, PL_E_FORMAT, "tar: the end at offset %" PRIu64 " was lost", end);
    if (w->e.all_headers) /* a header without its entry */
        change_headers(w, p, n, false);
    w->out(w->arg, p, n);
    w->at += n;
    w->skipped += n;
    w->known = UINT64_MAX;
    w->drop = w->e.tail;
    w->zero = false;
    w->n_blank = 0;
    flush(w);
    int r = 0;
    while ((r = pl_view_ahead(in, 1, err)) == 0 && in->n)
        pl_view_consume(in, in->n);
    return r;
}

int pl_tar_rewrite_run(struct pl_tar_rewrite *w, struct pl_view *in, struct pl_err *err)
{
    struct pl_tar_opts o = { &w->limits, on_part, NULL, w };
    struct pl_tar *t = pl_tar_new(in, &o);
    struct pl_entry e;
    int r;
    while ((r = pl_tar_next(t, &e, err)) > 0) {
        r = entry(w, t, &e, err);
        w->parts.n = 0;
        if (r == 0 && w->held.n - w->skipped > HELD_MAX)
            r = pl_fail(err, PL_E_LIMIT, "tar: too much was read ahead");
        if (r < 0)
            break;
    }
    pl_tar_free(t);
    if (r == 0)
        r = finish(w, in, err);
    if (r == 0 && w->why.code) {
        if (err)
            *err = w->why;
        r = w->why.code;
    }
    if (r == 0 && w->next < w->e.n)
        r = pl_fail(err, PL_E_FORMAT, "tar: no entry %" PRIu32 " to change",
                    w->e.p[w->next].ordinal);
    return r;
}
