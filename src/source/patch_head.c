/* The part of `git log` that stands before a commit's patch: id, author, date, message. git-log(1)
 * "Pretty formats", medium. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "source/patch_int.h"

static bool word_number(struct pl_str *s, int64_t *ret)
{
    struct pl_str w = { NULL, 0 };
    uint64_t v;
    while (s->n && s->p[0] == ' ')
        *s = pl_str_sub(*s, 1, s->n);
    size_t n = 0;
    while (n < s->n && s->p[n] >= '0' && s->p[n] <= '9')
        n++;
    w = pl_str_sub(*s, 0, n);
    if (!pl_str_u64(w, &v) || v > INT64_MAX)
        return false;
    *s = pl_str_sub(*s, n, s->n);
    *ret = (int64_t)v;
    return true;
}

/* "+0130" to minutes. */
static bool zone(struct pl_str s, int64_t *ret)
{
    int64_t v;
    s = pl_str_trim(s);
    if (pl_str_is(s, "Z")) {
        *ret = 0;
        return true;
    }
    if (s.n < 5 || (s.p[0] != '+' && s.p[0] != '-'))
        return false;
    bool west = s.p[0] == '-';
    char digits[4] = { s.p[1], s.p[2], s.p[s.n - 2], s.p[s.n - 1] };
    struct pl_str d = pl_str_n(digits, 4);
    if (s.n > 6 || !word_number(&d, &v) || d.n)
        return false;
    int64_t minutes = v / 100 * 60 + v % 100;
    *ret = west ? -minutes : minutes;
    return true;
}

/* Days from 1970-01-01 in the Gregorian calendar. */
static int64_t days(int64_t y, int64_t m, int64_t d)
{
    y -= m <= 2;
    int64_t era = (y >= 0 ? y : y - 399) / 400, yoe = y - era * 400;
    int64_t doy = (153 * (m + (m > 2 ? -3 : 9)) + 2) / 5 + d - 1;
    int64_t doe = yoe * 365 + yoe / 4 - yoe / 100 + doy;
    return era * 146097 + doe - 719468;
}

static bool clock_of(struct pl_str *s, int64_t *ret)
{
    int64_t part[3] = { 0 };
    for (int i = 0; i < 3; i++) {
        if (i && (!s->n || s->p[0] != ':'))
            return false;
        if (i)
            *s = pl_str_sub(*s, 1, s->n);
        if (!word_number(s, &part[i]) || part[i] > 60)
            return false;
    }
    *ret = part[0] * 3600 + part[1] * 60 + part[2];
    return true;
}

/* "Thu Apr 7 22:13:13 2005 -0700" */
static bool date_default(struct pl_str s, int64_t *ret)
{
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    int64_t d, y, t, z;
    if (s.n < 8 || s.p[3] != ' ' || s.p[7] != ' ')
        return false;
    size_t m = pl_str_find(pl_str_c(months), pl_str_sub(s, 4, 3), 0);
    s = pl_str_sub(s, 8, s.n);
    if (m == SIZE_MAX || m % 3 || !word_number(&s, &d) || !s.n)
        return false;
    s = pl_str_sub(s, 1, s.n);
    if (!clock_of(&s, &t) || !word_number(&s, &y) || y > 9999 || !zone(s, &z))
        return false;
    *ret = days(y, (int64_t)(m / 3 + 1), d) * 86400 + t - z * 60;
    return true;
}

/* "2005-04-07 22:13:13 -0700", also with a T and without blanks */
static bool date_iso(struct pl_str s, int64_t *ret)
{
    int64_t y, m, d, t, z;
    if (s.n < 19 || s.p[4] != '-' || s.p[7] != '-')
        return false;
    struct pl_str a = pl_str_sub(s, 0, 4), b = pl_str_sub(s, 5, 2), c = pl_str_sub(s, 8, 2);
    s = pl_str_sub(s, 11, s.n);
    if (!word_number(&a, &y) || !word_number(&b, &m) || !word_number(&c, &d) || m < 1 || m > 12 ||
        !clock_of(&s, &t) || !zone(s, &z))
        return false;
    *ret = days(y, m, d) * 86400 + t - z * 60;
    return true;
}

/* "1112937193 -0700", "1112937193" */
static bool date_raw(struct pl_str s, int64_t *ret)
{
    int64_t z;
    return word_number(&s, ret) && (!pl_str_trim(s).n || zone(s, &z));
}

bool pl_patch_date(struct pl_str s, int64_t *ret)
{
    s = pl_str_trim(s);
    return date_default(s, ret) || date_iso(s, ret) || date_raw(s, ret);
}

static struct pl_str keep(struct pl_patch_head *h, struct pl_str s)
{
    return pl_dup(&h->a, s);
}

static void identity(struct pl_patch_head *h, struct pl_str s)
{
    s = pl_str_trim(s);
    const char *open = s.n ? memrchr(s.p, '<', s.n) : NULL;
    if (!open || s.p[s.n - 1] != '>') {
        h->c.author = keep(h, s);
        return;
    }
    size_t at = (size_t)(open - s.p);
    h->c.author = keep(h, pl_str_trim(pl_str_sub(s, 0, at)));
    h->c.email = keep(h, pl_str_trim(pl_str_n(open + 1, s.n - at - 2)));
}

static void field(struct pl_patch_head *h, struct pl_str line)
{
    static const struct pl_str author = PL_S("Author:"), date = PL_S("Date:"),
                               author_date = PL_S("AuthorDate:");
    if (pl_str_starts(line, author))
        identity(h, pl_str_sub(line, author.n, line.n));
    else if (pl_str_starts(line, date) || pl_str_starts(line, author_date))
        h->c.has_time = pl_patch_date(
            pl_str_sub(line, line.p[0] == 'D' ? date.n : author_date.n, line.n), &h->c.time);
}

void pl_patch_head_begin(struct pl_patch_head *h, struct pl_str line)
{
    pl_arena_reset(&h->a);
    pl_buf_clear(&h->message);
    h->c = (struct pl_patch_commit){ .id = PL_S("") };
    h->c.author = h->c.email = h->c.message = PL_S("");
    h->stage = PL_PATCH_FIELDS;
    h->indent = h->blank = 0;
    struct pl_str rest = pl_str_trim(pl_str_sub(line, 7, line.n)), id;
    if (pl_str_split(&rest, ' ', &id))
        h->c.id = keep(h, id);
}

static bool is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static struct pl_str trim_end(struct pl_str s)
{
    while (s.n && is_space(s.p[s.n - 1]))
        s.n--;
    return s;
}

/* The subject: its lines, each trimmed, joined by one blank. */
static void subject(struct pl_patch_head *h, struct pl_str line)
{
    struct pl_str text = pl_str_trim(line);
    if (!text.n) {
        if (h->message.n)
            h->stage = PL_PATCH_BODY;
        else
            h->stage = PL_PATCH_NO_MESSAGE;
        return;
    }
    if (!h->message.n)
        h->indent = (size_t)(text.p - line.p);
    else
        pl_buf_putc(&h->message, ' ');
    pl_buf_putn(&h->message, text.p, text.n);
}

/* The body: without the indentation of the subject, runs of empty lines as one. */
static void body(struct pl_patch_head *h, struct pl_str line)
{
    size_t n = 0;
    line = trim_end(line);
    while (n < h->indent && n < line.n && line.p[n] == ' ')
        n++;
    if (n == h->indent)
        line = pl_str_sub(line, n, line.n);
    if (!line.n) {
        h->blank++;
        return;
    }
    if (h->in_body) {
        pl_buf_putc(&h->message, '\n');
        if (h->blank)
            pl_buf_putc(&h->message, '\n');
    } else {
        pl_buf_puts(&h->message, "\n\n");
    }
    h->in_body = true;
    h->blank = 0;
    pl_buf_putn(&h->message, line.p, line.n);
}

void pl_patch_head_line(struct pl_patch_head *h, struct pl_str line)
{
    switch (h->stage) {
    case PL_PATCH_FIELDS:
        if (pl_str_trim(line).n)
            field(h, line);
        else
            h->stage = PL_PATCH_SUBJECT;
        h->in_body = false;
        break;
    case PL_PATCH_SUBJECT:
        subject(h, line);
        break;
    case PL_PATCH_BODY:
        body(h, line);
        break;
    case PL_PATCH_NO_MESSAGE:
        break;
    }
}

void pl_patch_head_end(struct pl_patch_head *h)
{
    h->c.message = pl_buf_str(&h->message);
}
