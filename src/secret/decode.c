/* Decoding: encoded runs of one level become the text of the next, which is scanned like any other;
 * what is found there is reported where it stands encoded (secrets.md sections 6 and 9). */
/* SPDX-License-Identifier: Apache-2.0 */

#include "base/cleanup.h"
#include "io/codec.h"
#include "secret/matcher_int.h"
#include "secret/runs.h"

static const char *const names[] = { "base64", "hex", "utf-16", "gzip in base64" };

struct decoding {
    struct pl_level *l;
    struct pl_decoded *d;
};

static void used_up(struct pl_matcher *m)
{
    m->limit = "decoded more than four times its size; the rest was not decoded";
}

/* Room for `n` decoded bytes, taken from the budget; NULL when that is used up. */
static char *take(struct decoding *c, size_t n)
{
    struct pl_matcher *m = c->l->m;
    if (n > m->decode_left) {
        used_up(m);
        return NULL;
    }
    char *room = pl_buf_room(&c->d->text, n, NULL);
    if (!room)
        pl_oom();
    return room;
}

/* Digits of a run in groups of `group` (4 of base64, 2 of hex) to bytes; white space between lines
 * is passed over. Returns the bytes written. */
static size_t digits(const uint8_t *p, const struct pl_run *r, bool hex, char *out)
{
    unsigned bits = hex ? 4 : 6, group = hex ? 2 : 4, have = 0;
    size_t n = 0, skip = r->skip;
    uint32_t v = 0;
    for (size_t i = 0; i < r->len; i++) {
        int d = pl_run_digit(p[i], hex);
        size_t brk = pl_run_break(p, r->len, i);
        if (brk) { /* also a "\n" escape, whose letter is no digit */
            i += brk - 1;
            continue;
        }
        if (d < 0)
            break;
        if (skip) {
            skip--;
            continue;
        }
        v = v << bits | (uint32_t)d;
        if (++have < group)
            continue;
        for (unsigned k = hex ? 1 : 3; k-- > 0;)
            out[n++] = (char)(v >> 8 * k);
        have = 0;
        v = 0;
    }
    if (!hex && have >= 2) {
        v <<= 6 * (4 - have);
        for (unsigned k = 0; k + 1 < have; k++)
            out[n++] = (char)(v >> 8 * (2 - k));
    }
    return n;
}

static size_t utf16(const uint8_t *p, const struct pl_run *r, char *out)
{
    size_t n = r->len / 2;
    for (size_t i = 0; i < n; i++)
        out[i] = (char)p[2 * i + r->skip];
    return n;
}

/* Inflates as far as the data is whole and the budget lasts. */
static size_t gunzip(struct decoding *c, const char *in, size_t n)
{
    struct pl_matcher *m = c->l->m;
    struct pl_buf *out = &c->d->text;
    size_t from = out->n;
    struct pl_err why = { 0 };
    struct pl_view raw, *v;
    const struct pl_codec *codec = NULL;
    struct pl_codec_opts o = { .limits = &m->limits,
                               .out_base = m->decode_left,
                               .limit_name = "decode" };
    pl_view_mem_init(&raw, in, n);
    if (pl_codec_probe(&raw, &codec, &why) < 0 || !codec || !codec->open)
        return 0;
    v = codec->open(&raw, &o);
    for (int e = 0; e == 0 && (!v->eof || v->n);) {
        e = pl_view_ahead(v, 1, &why);
        if (e == PL_E_LIMIT || v->n > m->decode_left ||
            (v->n && pl_buf_add(out, v->p, v->n, NULL) < 0)) {
            used_up(m);
            break;
        }
        m->decode_left -= v->n;
        pl_view_consume(v, v->n);
    }
    pl_view_close(v);
    return out->n - from;
}

static size_t decode_gzip(struct decoding *c, const uint8_t *p, const struct pl_run *r)
{
    struct pl_matcher *m = c->l->m;
    size_t room = r->len / 4 * 3 + 3;
    if (r->cut && !c->l->last)
        m->limit = "compressed data longer than a window; part of it was not decoded";
    if (room > m->decode_left) {
        used_up(m);
        return 0;
    }
    char *packed = pl_matcher_keep(m, room);
    size_t n = digits(p, r, /* hex= */ false, packed);
    return gunzip(c, packed, n);
}

static void decode_run(struct decoding *c, const struct pl_run *r)
{
    const uint8_t *p = c->l->p + r->off;
    struct pl_piece piece = {
        .at = c->d->text.n, .off = r->off, .len = r->len, .enc = (uint8_t)r->enc, .skip = r->skip
    };
    if (r->enc == PL_ENC_GZIP) {
        piece.n = decode_gzip(c, p, r);
    } else {
        char *out = take(c, r->len);
        if (!out)
            return;
        piece.n =
            r->enc == PL_ENC_UTF16 ? utf16(p, r, out) : digits(p, r, r->enc == PL_ENC_HEX, out);
        c->d->text.n += piece.n;
        c->l->m->decode_left -= piece.n;
    }
    if (piece.n)
        pl_vec_push(&c->d->piece, piece);
}

/* Is the run one of this window's? Elsewhere it is the window before or after that decodes it. */
static bool in_window(const struct pl_level *l, const struct pl_run *r)
{
    if (l->piece)
        return true;
    if (r->enc == PL_ENC_GZIP)
        return r->off >= l->from && r->off < l->to;
    return r->off < l->to + PL_MARGIN && r->off + r->len + PL_MARGIN > l->from;
}

/* Runs within one piece of the level (or all of its text), gzip heads among them in order. */
static void collect(struct decoding *c, size_t from, size_t to)
{
    struct pl_level *l = c->l;
    struct pl_run r;
    for (size_t at = from; at < to && pl_run_next(l->p, to, &at, &r);) {
        if (r.enc == PL_ENC_NONE)
            pl_eval_run(l, r.off, r.len);
        else if (in_window(l, &r))
            decode_run(c, &r);
    }
    for (size_t i = 0; i < l->n_gzip; i++) {
        if (l->gzip[i] >= from && l->gzip[i] < to && pl_run_gzip(l->p, to, l->gzip[i], &r) &&
            in_window(l, &r))
            decode_run(c, &r);
    }
}

/* The place of decoded bytes [x, y) in the encoded text, by walking on from where the last one
 * ended; findings of a piece come in rising order. */
struct walker {
    const uint8_t *p;
    const struct pl_piece *s;
    size_t digit, i; /* the digit with that number stands at i or behind */
};

static size_t place_of_digit(struct walker *w, size_t digit)
{
    bool hex = w->s->enc == PL_ENC_HEX;
    if (digit < w->digit) {
        w->digit = 0;
        w->i = 0;
    }
    while (w->i < w->s->len) {
        size_t brk = pl_run_break(w->p, w->s->len, w->i);
        if (brk) {
            w->i += brk;
            continue;
        }
        if (pl_run_digit(w->p[w->i], hex) < 0 || w->digit == digit)
            break;
        w->digit++;
        w->i++;
    }
    return w->i;
}

static void place(struct walker *w, size_t x, size_t y, size_t *off, size_t *len)
{
    const struct pl_piece *s = w->s;
    size_t from = 0, to = s->len;
    if (s->enc == PL_ENC_UTF16) {
        from = 2 * x;
        to = 2 * y;
    } else if (s->enc == PL_ENC_HEX) {
        from = place_of_digit(w, s->skip + 2 * x);
        to = place_of_digit(w, s->skip + 2 * y - 1) + 1;
    } else if (s->enc == PL_ENC_BASE64) {
        from = place_of_digit(w, s->skip + x / 3 * 4);
        to = place_of_digit(w, s->skip + (y + 2) / 3 * 4 - 1) + 1;
    }
    if (to > s->len)
        to = s->len;
    while (s->enc == PL_ENC_BASE64 && to < s->len && w->p[to] == '=')
        to++;
    *off = s->off + from;
    *len = to - from;
}

static const char *label(struct pl_matcher *m, const char *inner, const char *outer)
{
    return inner ? pl_printf(&m->label, "%s in %s", inner, outer).p : outer;
}

/* Moves the findings of the decoded level to this one. */
static void map_back(struct pl_level *l, const struct pl_decoded *d)
{
    struct pl_matcher *m = l->m;
    pl_found_vec *deep = &m->found[l->depth + 1];
    struct walker w = { 0 };
    size_t k = 0;
    pl_found_settle(deep, m->r->img.n_rules);
    for (size_t i = 0; i < deep->n; i++) {
        struct pl_found f = deep->p[i];
        while (k + 1 < d->piece.n && d->piece.p[k + 1].at <= f.off)
            k++;
        const struct pl_piece *s = &d->piece.p[k];
        if (w.s != s)
            w = (struct walker){ .p = l->p + s->off, .s = s };
        place(&w, f.off - s->at, f.off - s->at + f.len, &f.off, &f.len);
        f.mine = l->piece || (f.off >= l->from && f.off < l->to);
        f.decoded = label(m, f.decoded, names[s->enc]);
        pl_vec_push(&m->found[l->depth], f);
    }
    deep->n = 0;
}

void pl_decode_level(struct pl_level *l)
{
    struct pl_decoded *d = &l->m->dec[l->depth + 1 <= PL_DECODE_MAX ? l->depth + 1 : 0];
    struct decoding c = { l, d };
    struct pl_run r;
    size_t at = 0;
    if (l->depth >= l->m->limits.decode_depth || l->depth >= PL_DECODE_MAX) {
        bool more = l->n_gzip > 0;
        while (!more && pl_run_next(l->p, l->n, &at, &r)) {
            more = r.enc != PL_ENC_NONE;
            if (!more)
                pl_eval_run(l, r.off, r.len);
        }
        if (more)
            l->m->limit = "encodings inside encodings deeper than the limit";
        return;
    }
    if (!l->piece)
        collect(&c, 0, l->n);
    for (size_t i = 0; i < l->n_pieces; i++)
        collect(&c, l->piece[i].at, l->piece[i].at + l->piece[i].n);
    if (d->piece.n == 0)
        return;
    struct pl_level next = { .m = l->m,
                             .p = (const uint8_t *)d->text.p,
                             .n = d->text.n,
                             .to = d->text.n,
                             .last = true,
                             .depth = l->depth + 1,
                             .piece = d->piece.p,
                             .n_pieces = d->piece.n };
    pl_scan_level(&next);
    map_back(l, d);
}
