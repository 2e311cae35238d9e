/* Canonical JSON: members by name, no blanks, one way to write each string. RFC 8785. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "gate/canon.h"

#include <stdlib.h>

#include "base/vec.h"

void pl_canon_str(struct pl_buf *b, struct pl_str s)
{
    static const char shorts[] = { '\b', 'b', '\f', 'f', '\n', 'n', '\r', 'r', '\t', 't' };
    pl_buf_putc(b, '"');
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        const char *esc = NULL;
        size_t plain = i;
        while (plain < s.n && (unsigned char)s.p[plain] >= 0x20 && s.p[plain] != '"' &&
               s.p[plain] != '\\')
            plain++;
        if (plain > i) {
            pl_buf_putn(b, s.p + i, plain - i);
            i = plain - 1;
            continue;
        }
        for (size_t k = 0; k < sizeof shorts && !esc; k += 2)
            esc = c == (unsigned char)shorts[k] ? &shorts[k + 1] : NULL;
        if (esc)
            pl_buf_printf(b, "\\%c", *esc);
        else if (c < 0x20)
            pl_buf_printf(b, "\\u%04x", c);
        else
            pl_buf_printf(b, "\\%c", c);
    }
    pl_buf_putc(b, '"');
}

static int write_value(struct pl_buf *b, const struct pl_json *j, struct pl_arena *a,
                       struct pl_err *err);

struct collect {
    struct pl_arena *a;
    PL_VEC(struct pl_canon_member) list;
    struct pl_err *err;
};

static int collect_one(void *arg, struct pl_str key, const struct pl_json *value)
{
    struct collect *c = arg;
    pl_auto_buf struct pl_buf b = { 0 };
    int r = write_value(&b, value, c->a, c->err);
    struct pl_canon_member m = { pl_dup(c->a, key), pl_dup(c->a, pl_buf_str(&b)) };
    pl_vec_push(&c->list, m);
    return r;
}

static int by_key(const void *x, const void *y)
{
    const struct pl_canon_member *p = x, *q = y;
    return pl_str_cmp(p->key, q->key);
}

long pl_canon_members(const struct pl_json *j, struct pl_arena *a, struct pl_canon_member **ret,
                      struct pl_err *err)
{
    struct collect c = { .a = a, .err = err };
    if (!j || pl_json_type(j) != PL_JSON_OBJECT)
        return pl_fail(err, PL_E_FORMAT, "no object");
    int r = pl_json_each(j, collect_one, &c);
    long n = r < 0 ? r : (long)c.list.n;
    if (n > 0)
        qsort(c.list.p, c.list.n, sizeof *c.list.p, by_key);
    *ret = pl_alloc_n(a, c.list.n, sizeof **ret);
    if (n > 0)
        memcpy(*ret, c.list.p, c.list.n * sizeof **ret);
    pl_vec_release(&c.list);
    return n;
}

void pl_canon_object(struct pl_buf *b, const struct pl_canon_member *m, size_t n)
{
    pl_buf_putc(b, '{');
    for (size_t i = 0; i < n; i++) {
        if (i)
            pl_buf_putc(b, ',');
        pl_canon_str(b, m[i].key);
        pl_buf_putc(b, ':');
        pl_buf_putn(b, m[i].text.p, m[i].text.n);
    }
    pl_buf_putc(b, '}');
}

/* The depth was capped when the document was parsed. */
static int write_value(struct pl_buf *b, const struct pl_json *j, struct pl_arena *a,
                       struct pl_err *err)
{
    struct pl_canon_member *m;
    long n;
    int r = 0;
    switch (pl_json_type(j)) {
    case PL_JSON_NULL:
        pl_buf_puts(b, "null");
        return 0;
    case PL_JSON_BOOL:
        pl_buf_puts(b, pl_json_true(j) ? "true" : "false");
        return 0;
    case PL_JSON_INT:
        pl_buf_printf(b, "%lld", (long long)pl_json_int(j, 0));
        return 0;
    case PL_JSON_REAL:
        return pl_fail(err, PL_E_FORMAT, "a number with a fraction");
    case PL_JSON_STRING:
        pl_canon_str(b, pl_json_str(j));
        return 0;
    case PL_JSON_ARRAY:
        pl_buf_putc(b, '[');
        for (size_t i = 0; r == 0 && i < pl_json_len(j); i++) {
            if (i)
                pl_buf_putc(b, ',');
            r = write_value(b, pl_json_at(j, i), a, err);
        }
        pl_buf_putc(b, ']');
        return r;
    case PL_JSON_OBJECT:
        n = pl_canon_members(j, a, &m, err);
        if (n >= 0)
            pl_canon_object(b, m, (size_t)n);
        return n < 0 ? (int)n : 0;
    }
    return pl_fail(err, PL_E_FORMAT, "no JSON value");
}
