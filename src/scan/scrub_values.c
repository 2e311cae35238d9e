/* The secrets themselves: what was named is looked for once more, byte for byte, in all there is. A
 * rule needs a keyword or a place to know a secret by; the secret without them must not stay. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/hash.h"
#include "fmt/jsonw.h"
#include "scan/scrub_int.h"

static void add_value(struct pl_scrub *x, struct pl_map *seen, struct pl_str v)
{
    uint8_t sum[32];
    pl_sha256(v.p, v.n, sum);
    void **at = pl_map_put(seen, pl_str_n(sum, sizeof sum));
    if (!v.n || *at)
        return;
    *at = x;
    *pl_map_put(&x->named, pl_str_n(sum, sizeof sum)) = x;
    pl_vec_push(&x->values, v);
}

/* `v` with each line end written as `as`. */
static struct pl_str lines_as(struct pl_arena *a, struct pl_str v, const char *as)
{
    pl_auto_buf struct pl_buf b = { 0 };
    for (size_t i = 0; i < v.n; i++) {
        if (v.p[i] == '\r' && i + 1 < v.n && v.p[i + 1] == '\n')
            continue;
        if (v.p[i] == '\n')
            pl_buf_puts(&b, as);
        else
            pl_buf_putc(&b, v.p[i]);
    }
    struct pl_str out = pl_dup(a, pl_buf_str(&b));
    if (b.n)
        explicit_bzero(b.p, b.n);
    return out;
}

/* As a string of JSON holds it, without the quotes. */
static struct pl_str in_json(struct pl_arena *a, struct pl_str v)
{
    pl_auto_buf struct pl_buf b = { 0 };
    struct pl_jsonw j = { .out = &b };
    pl_jw_str(&j, v);
    struct pl_str out = pl_dup(a, pl_str_sub(pl_buf_str(&b), 1, b.n - 1));
    explicit_bzero(b.p, b.n);
    return out;
}

static struct pl_str in_url(struct pl_arena *a, struct pl_str v)
{
    static const char hex[] = "0123456789ABCDEF";
    pl_auto_buf struct pl_buf b = { 0 };
    for (size_t i = 0; i < v.n; i++) {
        unsigned char c = (unsigned char)v.p[i];
        bool plain = (unsigned char)((c | 0x20) - 'a') < 26 || (unsigned char)(c - '0') < 10 ||
                     strchr("-_.~", c);
        if (plain && c) {
            pl_buf_putc(&b, (char)c);
        } else {
            pl_buf_putc(&b, '%');
            pl_buf_putc(&b, hex[c >> 4]);
            pl_buf_putc(&b, hex[c & 15]);
        }
    }
    struct pl_str out = pl_dup(a, pl_buf_str(&b));
    if (b.n)
        explicit_bzero(b.p, b.n);
    return out;
}

void pl_scrub_values(struct pl_scrub *x)
{
    struct pl_map seen = { .a = &x->a };
    for (size_t i = 0; i < x->u->parts.n; i++) {
        const struct pl_record *rec = x->u->parts.p[i]->rec;
        for (size_t k = 0; rec && k < rec->hits.n; k++)
            if (rec->hits.p[k].has_value && pl_scrub_named(x, &rec->hits.p[k]))
                add_value(x, &seen, rec->hits.p[k].value);
    }
    size_t n = x->r.n_secrets = x->values.n;
    for (size_t i = 0; i < n; i++) { /* as it stands in other texts */
        struct pl_str v = x->values.p[i];
        if (!pl_rules_can_search(v))
            continue;
        add_value(x, &seen, in_json(&x->a, v));
        add_value(x, &seen, in_url(&x->a, v));
        if (memchr(v.p, '\n', v.n)) {
            add_value(x, &seen, lines_as(&x->a, v, "\n"));
            add_value(x, &seen, lines_as(&x->a, v, "\r\n"));
            add_value(x, &seen, lines_as(&x->a, v, "\\n"));
        }
    }
    pl_map_release(&seen);
}

/* ---- the second reading ---- */

static bool searchable(const struct pl_scrub *x)
{
    for (size_t i = 0; i < x->values.n; i++)
        if (pl_rules_can_search(x->values.p[i]))
            return true;
    return false;
}

/* A place and what stands there. */
struct place {
    uint64_t off;
    uint32_t ordinal, surface, nested;
    uint8_t hash[32];
};

static bool is_new(struct pl_map *seen, const struct pl_hit *h)
{
    struct place at;
    memset(&at, 0, sizeof at); /* its padding, too */
    at.off = h->where.off;
    at.ordinal = h->ordinal;
    at.surface = (uint32_t)h->where.surface;
    at.nested = (uint32_t)h->where.nested.n;
    memcpy(at.hash, h->hash, sizeof at.hash);
    pl_auto_buf struct pl_buf key = { 0 };
    pl_buf_putn(&key, &at, sizeof at);
    pl_buf_putn(&key, h->where.path.p, h->where.path.n);
    void **mark = pl_map_put(seen, pl_buf_str(&key));
    bool fresh = *mark == NULL;
    *mark = seen;
    return fresh;
}

/* What only this reading found goes to the record of the first. */
static void merge(struct pl_scrub *x, struct pl_record *to, const struct pl_record *from)
{
    PL_AUTO(struct pl_arena, a, pl_arena_release) = { 0 };
    struct pl_map seen = { .a = &a };
    for (size_t i = 0; i < to->hits.n && from->hits.n; i++)
        if (pl_scrub_named(x, &to->hits.p[i]))
            is_new(&seen, &to->hits.p[i]);
    for (size_t i = 0; i < from->hits.n; i++) {
        struct pl_hit h = from->hits.p[i];
        if (!is_new(&seen, &h))
            continue;
        pl_auto_buf struct pl_buf b = { 0 };
        pl_put_hit(&b, &h);
        struct pl_rd rd = pl_rd_buf(&b);
        if (pl_get_hit(&rd, &to->a, &h))
            pl_vec_push(&to->hits, h);
        explicit_bzero(b.p, b.n);
    }
    pl_map_release(&seen);
}

static void on_again(struct pl_task *t, struct pl_record *r)
{
    struct pl_part *p = t->arg;
    struct pl_scrub *x = t->bytes_arg;
    if (!r->done.complete)
        pl_record_note(p->rec, PL_SCOPE_LAYER, true, "unreadable", PL_S(""), "%.*s",
                       PL_FMT(r->notes.n ? r->notes.p[0].message : PL_S("read only in part")));
    if (memcmp(r->sha256, p->rec->sha256, 32) != 0)
        pl_record_note(p->rec, PL_SCOPE_LAYER, true, "changed", PL_S(""),
                       "the image changed while it was read");
    merge(x, p->rec, r);
    pl_record_free(r);
}

static int read_again(struct pl_scrub *x, struct pl_err *err)
{
    int r = 0;
    for (size_t i = 0; r == 0 && i < x->u->parts.n; i++) {
        struct pl_part *p = x->u->parts.p[i];
        if (p->blob && p->rec && p->role != PL_ROLE_SKIPPED)
            r = pl_unit_again(x->u, p, on_again, x, err);
    }
    int ran = pl_pool_run(x->scan->pool, r == 0 ? err : NULL);
    if (r == 0)
        r = ran;
    for (size_t i = 0; r == 0 && i < x->u->parts.n; i++) {
        const struct pl_record *rec = x->u->parts.p[i]->rec;
        if (rec && x->u->parts.p[i]->blob && !rec->done.complete &&
            x->u->parts.p[i]->role != PL_ROLE_SKIPPED)
            r = pl_fail(err, PL_E_IO, "the image could not be read whole a second time: %.*s",
                        PL_FMT(rec->notes.n
                                   ? pl_str_sub(rec->notes.p[rec->notes.n - 1].message, 0, 300)
                                   : PL_S("unknown")));
    }
    return r;
}

int pl_scrub_search(struct pl_scrub *x, struct pl_err *err)
{
    if (!searchable(x))
        return 0;
    x->rules = x->scan->ctx.rules;
    int r = pl_rules_of_values(x->values.p, x->values.n, &x->only, err);
    if (r < 0)
        return r;
    pl_scan_rules(x->scan, x->only);
    return read_again(x, err);
}

void pl_scrub_search_all(struct pl_scrub *x)
{
    if (!x->only)
        return;
    if (!x->both)
        x->both = pl_rules_over(x->rules, x->only);
    pl_scan_rules(x->scan, x->both);
}

void pl_scrub_search_end(struct pl_scrub *x)
{
    if (!x->only)
        return;
    pl_scan_rules(x->scan, x->rules);
    pl_rules_free(x->both);
    pl_rules_free(x->only);
    for (size_t i = 0; i < x->values.n; i++)
        explicit_bzero((char *)(uintptr_t)x->values.p[i].p, x->values.p[i].n);
}
