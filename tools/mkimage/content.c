/* Content expressions: what a file, a blob or a value holds. Plain text, numbers of bytes,
 * encodings and compressions of other content; containers are in archive.c, compiled code in
 * binary.c. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "mk.h"

struct pl_str mk_keep(struct mk *m, struct pl_buf *b)
{
    struct pl_str s;
    pl_buf_putc(b, 0); /* not counted: what was kept can be printed as a C string */
    s = pl_str_n(b->p, b->n - 1);
    pl_vec_push(&m->keep, b->p);
    *b = (struct pl_buf){ 0 };
    return s;
}

void mk_sha(struct pl_str s, char *out)
{
    uint8_t d[32];
    pl_sha256(s.p, s.n, d);
    pl_hex(d, 32, out);
}

void mk_fact(struct mk *m, struct pl_str body)
{
    struct mk_fact f = {
        .image = m->image, .layer = m->layer, .path = m->path, .nested = m->nested, .size = body.n
    };
    if (!m->facts)
        return;
    mk_sha(body, f.sha);
    pl_vec_push(&m->fact, f);
}

struct pl_str mk_member(struct mk *m, const struct mk_node *n, size_t i, struct pl_str name)
{
    struct pl_str old = m->nested, s;
    m->nested = pl_printf(&m->a, "%.*s%s%.*s", PL_FMT(old), old.n ? "!" : "", PL_FMT(name));
    s = mk_content(m, n, i);
    mk_fact(m, s);
    m->nested = old;
    return s;
}

/* --- bytes by number ------------------------------------------------------------------------- */

/* Lower-case words in lines: compresses about as text does and holds nothing of note. */
static void text_filler(uint8_t *p, size_t n, uint64_t x)
{
    static const char syl[] = "bacedifogulamenorapesitovuwaxyze";
    size_t line = 0;
    for (size_t i = 0; i < n;) {
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        for (unsigned k = 0; k < 2 + (x >> 60) % 3 && i < n; k++, line += 2) {
            p[i++] = (uint8_t)syl[2 * (x >> (8 * k) & 15)];
            if (i < n)
                p[i++] = (uint8_t)syl[2 * (x >> (8 * k) & 15) + 1];
        }
        if (i < n) {
            p[i++] = line > 70 ? '\n' : ' ';
            line = line > 70 ? 0 : line + 1;
        }
    }
}

/* filler SIZE [kind=text|random|zero] [seed=S] [period=SIZE] [at=OFFSET CONTENT] */
static struct pl_str make_filler(struct mk *m, const struct mk_node *n, size_t i)
{
    size_t size = (size_t)mk_num(m, n, mk_arg(m, n, i));
    struct pl_str kind = mk_opt_str(m, n, "kind", "text"), seed = mk_opt_str(m, n, "seed", "1");
    struct pl_buf b = { 0 };
    int64_t at = mk_opt_num(m, n, "at", -1);
    size_t period = (size_t)mk_opt_num(m, n, "period", (int64_t)size);
    char *p = pl_buf_room(&b, size + 1, NULL);
    if (!p)
        mk_die(m, n, "filler is too large");
    if (period == 0 || period > size)
        mk_die(m, n, "the period is not within the filler");
    if (pl_str_is(kind, "random"))
        mk_random(seed, (uint8_t *)p, period);
    else if (pl_str_is(kind, "zero"))
        memset(p, 0, period);
    else
        text_filler((uint8_t *)p, period, pl_str_hash(seed) | 1);
    for (size_t k = period; k < size; k++)
        p[k] = p[k - period];
    b.n = size;
    if (at >= 0) {
        struct pl_str s = mk_content(m, n, i + 1);
        if ((uint64_t)at + s.n > size)
            mk_die(m, n, "content reaches beyond the filler");
        memcpy(p + at, s.p, s.n);
    }
    return mk_keep(m, &b);
}

/* repeat N CONTENT */
static struct pl_str make_repeat(struct mk *m, const struct mk_node *n, size_t i)
{
    int64_t count = mk_num(m, n, mk_arg(m, n, i));
    struct pl_str s = mk_content(m, n, i + 1);
    struct pl_buf b = { 0 };
    while (count-- > 0)
        pl_buf_putn(&b, s.p, s.n);
    return mk_keep(m, &b);
}

/* hex "00 ff …" */
static struct pl_str make_hex(struct mk *m, const struct mk_node *n, size_t i)
{
    struct pl_str s = mk_arg(m, n, i);
    struct pl_buf b = { 0 };
    uint8_t c;
    for (size_t k = 0; k < s.n; k++) {
        if (s.p[k] == ' ' || s.p[k] == '\n')
            continue;
        if (!pl_unhex(pl_str_sub(s, k, 2), &c, 1))
            mk_die(m, n, "not hex: '%.*s'", PL_FMT(s));
        pl_buf_putc(&b, (char)c);
        k++;
    }
    return mk_keep(m, &b);
}

/* cat { CONTENT … } */
static struct pl_str make_cat(struct mk *m, const struct mk_node *n, size_t i)
{
    struct pl_buf b = { 0 };
    (void)i;
    for (size_t k = 0; k < n->kids; k++) {
        struct pl_str s = mk_content(m, &n->kid[k], 0);
        pl_buf_putn(&b, s.p, s.n);
    }
    return mk_keep(m, &b);
}

/* cut N CONTENT: the first N bytes, or all but the last -N */
static struct pl_str make_cut(struct mk *m, const struct mk_node *n, size_t i)
{
    int64_t k = mk_num(m, n, mk_arg(m, n, i));
    struct pl_str s = mk_content(m, n, i + 1);
    size_t keep = k >= 0 ? (size_t)k : s.n < (size_t)-k ? 0 : s.n - (size_t)-k;
    return pl_str_sub(s, 0, keep);
}

/* flip OFFSET CONTENT: one byte changed; a negative offset counts from the end */
static struct pl_str make_flip(struct mk *m, const struct mk_node *n, size_t i)
{
    int64_t at = mk_num(m, n, mk_arg(m, n, i));
    struct pl_str s = mk_content(m, n, i + 1);
    struct pl_buf b = { 0 };
    pl_buf_putn(&b, s.p, s.n);
    at = at < 0 ? at + (int64_t)s.n : at;
    if (at < 0 || (size_t)at >= s.n)
        mk_die(m, n, "no byte there");
    b.p[at] = (char)(b.p[at] ^ 0x55);
    return mk_keep(m, &b);
}

/* --- encodings ------------------------------------------------------------------------------- */

/* Code points of valid UTF-8; anything else as it stands, one byte one unit. */
static uint32_t utf8_next(struct pl_str s, size_t *i)
{
    unsigned char c = (unsigned char)s.p[(*i)++];
    size_t more = c >= 0xf0 ? 3 : c >= 0xe0 ? 2 : c >= 0xc0 ? 1 : 0;
    uint32_t v = more ? c & (0x3fu >> more) : c;
    for (; more && *i < s.n; more--)
        v = v << 6 | ((unsigned char)s.p[(*i)++] & 0x3f);
    return v;
}

static void unit16(struct pl_buf *b, uint32_t v, bool big)
{
    pl_buf_putc(b, (char)(big ? v >> 8 : v & 0xff));
    pl_buf_putc(b, (char)(big ? v & 0xff : v >> 8));
}

/* utf16le|utf16be [bom] CONTENT */
static struct pl_str utf16(struct mk *m, const struct mk_node *n, size_t i, bool big)
{
    struct pl_buf b = { 0 };
    const struct mk_word *w = mk_arg_word(n, i);
    bool bom = w && !w->quoted && pl_str_is(w->s, "bom");
    struct pl_str s = mk_content(m, n, i + bom);
    if (bom)
        unit16(&b, 0xfeff, big);
    for (size_t k = 0; k < s.n;) {
        uint32_t v = utf8_next(s, &k);
        if (v >= 0x10000) {
            unit16(&b, 0xd800 + ((v - 0x10000) >> 10), big);
            v = 0xdc00 + ((v - 0x10000) & 0x3ff);
        }
        unit16(&b, v, big);
    }
    return mk_keep(m, &b);
}

static struct pl_str make_utf16le(struct mk *m, const struct mk_node *n, size_t i)
{
    return utf16(m, n, i, false);
}

static struct pl_str make_utf16be(struct mk *m, const struct mk_node *n, size_t i)
{
    return utf16(m, n, i, true);
}

static struct pl_str make_base64(struct mk *m, const struct mk_node *n, size_t i)
{
    struct pl_buf b = { 0 };
    mk_base64(mk_content(m, n, i), false, &b);
    return mk_keep(m, &b);
}

static struct pl_str make_tohex(struct mk *m, const struct mk_node *n, size_t i)
{
    struct pl_str s = mk_content(m, n, i);
    struct pl_buf b = { 0 };
    for (size_t k = 0; k < s.n; k++)
        pl_buf_printf(&b, "%02x", (unsigned char)s.p[k]);
    return mk_keep(m, &b);
}

/* gzip|zstd|xz|bzip2 [members=N] CONTENT */
static struct pl_str make_packed(struct mk *m, const struct mk_node *n, size_t i)
{
    struct pl_str codec = mk_arg(m, n, i - 1), s = mk_member(m, n, i, PL_S("*"));
    size_t members = (size_t)mk_opt_num(m, n, "members", 1), at = 0;
    struct pl_buf b = { 0 };
    for (size_t k = 1; k <= members; k++) {
        size_t end = k == members ? s.n : s.n / members * k;
        mk_compress(m, codec, n, pl_str_sub(s, at, end - at), &b);
        at = end;
    }
    return mk_keep(m, &b);
}

/* bomb CODEC SIZE: unpacks to zeros */
static struct pl_str make_bomb(struct mk *m, const struct mk_node *n, size_t i)
{
    return mk_bomb(m, mk_arg(m, n, i), pl_str_c(NULL), (uint64_t)mk_num(m, n, mk_arg(m, n, i + 1)));
}

static const struct mk_maker mk_plain[] = {
    { "filler", make_filler },   { "repeat", make_repeat },
    { "hex", make_hex },         { "cat", make_cat },
    { "cut", make_cut },         { "flip", make_flip },
    { "utf16le", make_utf16le }, { "utf16be", make_utf16be },
    { "base64", make_base64 },   { "tohex", make_tohex },
    { "gzip", make_packed },     { "zstd", make_packed },
    { "xz", make_packed },       { "bzip2", make_packed },
    { "bomb", make_bomb },       { NULL, NULL },
};

struct pl_str mk_content(struct mk *m, const struct mk_node *n, size_t i)
{
    const struct mk_maker *const set[] = { mk_plain, mk_binaries, mk_archives };
    const struct mk_word *w = mk_arg_word(n, i);
    struct mk_node tail = *n; /* a maker sees the options that follow its word */
    if (!w)
        mk_die(m, n, "content is missing");
    tail.n = n->n - (size_t)(w - n->w);
    tail.w = n->w + (w - n->w);
    if (w->quoted)
        return w->s;
    if (w->s.n > 1 && w->s.p[0] == '$')
        for (size_t k = 0; k < m->var.n; k++)
            if (pl_str_eq(m->var.p[k].name, pl_str_sub(w->s, 1, SIZE_MAX)))
                return m->var.p[k].value;
    for (size_t k = 0; k < PL_COUNT(set); k++)
        for (const struct mk_maker *p = set[k]; p->name; p++)
            if (pl_str_is(w->s, p->name))
                return p->make(m, &tail, 1);
    mk_die(m, n, "unknown content '%.*s'; text needs quotes", PL_FMT(w->s));
}
