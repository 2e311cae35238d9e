/* File names in patches: plain, or quoted as in C. git-config(1) core.quotePath. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "source/patch_int.h"

static bool escape(struct pl_str s, size_t *at, struct pl_buf *out)
{
    static const char from[] = "abtnvfr\"\\", to[] = "\a\b\t\n\v\f\r\"\\";
    const char *known = *at < s.n && s.p[*at] ? strchr(from, s.p[*at]) : NULL;
    if (known) {
        pl_buf_putc(out, to[known - from]);
        ++*at;
        return true;
    }
    unsigned v = 0, n = 0;
    for (; n < 3 && *at < s.n && s.p[*at] >= '0' && s.p[*at] <= '7'; n++)
        v = v * 8 + (unsigned)(s.p[(*at)++] - '0');
    if (n != 3 || v > 255)
        return false;
    pl_buf_putc(out, (char)v);
    return true;
}

/* Takes a quoted name off the front of *s. */
static bool quoted(struct pl_str *s, struct pl_buf *out)
{
    size_t at = 1;
    while (at < s->n && s->p[at] != '"') {
        if (s->p[at] != '\\') {
            pl_buf_putc(out, s->p[at++]);
        } else {
            at++;
            if (!escape(*s, &at, out))
                return false;
        }
    }
    if (at >= s->n)
        return false;
    *s = pl_str_sub(*s, at + 1, s->n);
    return true;
}

static void strip_first(struct pl_buf *out, size_t mark)
{
    const char *slash = out->n > mark ? memchr(out->p + mark, '/', out->n - mark) : NULL;
    if (!slash)
        return;
    size_t rest = (size_t)(out->p + out->n - slash - 1);
    memmove(out->p + mark, slash + 1, rest);
    out->n = mark + rest;
}

bool pl_patch_name(struct pl_str s, bool strip, struct pl_buf *out)
{
    size_t mark = out->n;
    if (s.n && s.p[0] == '"') {
        if (!quoted(&s, out))
            return false;
    } else {
        const char *tab = s.n ? memchr(s.p, '\t', s.n) : NULL;
        pl_buf_putn(out, s.p, tab ? (size_t)(tab - s.p) : s.n);
    }
    if (strip)
        strip_first(out, mark);
    return out->n > mark;
}

bool pl_patch_git_names(struct pl_str s, struct pl_buf *out)
{
    if (s.n && s.p[s.n - 1] == '"') { /* the second is quoted: its opening quote follows a blank */
        size_t at = 0;
        if (s.p[0] == '"') {
            pl_auto_buf struct pl_buf first = { 0 };
            struct pl_str rest = s;
            if (!quoted(&rest, &first))
                return false;
            at = s.n - rest.n;
        }
        at = pl_str_find(s, PL_S(" \""), at);
        return at != SIZE_MAX && pl_patch_name(pl_str_sub(s, at + 1, s.n), true, out);
    }
    if (s.n && s.p[0] == '"') {
        pl_auto_buf struct pl_buf first = { 0 };
        if (!quoted(&s, &first) || !s.n)
            return false;
        return pl_patch_name(pl_str_sub(s, 1, s.n), true, out);
    }
    for (size_t at = 0; (at = pl_str_find(s, PL_S(" "), at)) != SIZE_MAX; at++) {
        struct pl_str a = pl_str_sub(s, 0, at), b = pl_str_sub(s, at + 1, s.n);
        const char *sa = a.n ? memchr(a.p, '/', a.n) : NULL,
                   *sb = b.n ? memchr(b.p, '/', b.n) : NULL;
        if (a.n == b.n && sa && sb &&
            pl_str_eq(pl_str_n(sa, (size_t)(a.p + a.n - sa)),
                      pl_str_n(sb, (size_t)(b.p + b.n - sb))))
            return pl_patch_name(b, true, out);
        if (a.n > b.n)
            return false;
    }
    return false;
}
