/* One decision as a line, and a line as it must be. gates.md section 4. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <time.h>

#include "base/hash.h"
#include "fmt/utf8.h"
#include "gate/evidence.h"
#include "gate/gate_int.h"
#include "gate/log_int.h"

#define DEPTH 32u

void pl_log_hash(struct pl_str prev, struct pl_str canonical, char out[65])
{
    uint8_t sum[32];
    struct pl_hash *h = pl_hash_new(PL_HASH_SHA256);
    pl_hash_add(h, prev.p, prev.n);
    pl_hash_add(h, canonical.p, canonical.n);
    pl_hash_end(h, sum);
    pl_hash_free(h);
    pl_hex(sum, sizeof sum, out);
}

static void sort_in(struct pl_canon_member *m, size_t n, struct pl_canon_member one)
{
    while (n > 0 && pl_str_cmp(m[n - 1].key, one.key) > 0) {
        m[n] = m[n - 1];
        n--;
    }
    m[n] = one;
}

void pl_log_line(struct pl_canon_member *m, size_t n, struct pl_str prev, struct pl_arena *a,
                 struct pl_buf *b, char out[65])
{
    pl_auto_buf struct pl_buf bare = { 0 };
    pl_canon_object(&bare, m, n);
    pl_log_hash(prev, pl_buf_str(&bare), out);
    sort_in(m, n, (struct pl_canon_member){ PL_S("hash"), pl_printf(a, "\"%s\"", out) });
    pl_canon_object(b, m, n + 1);
    pl_buf_putc(b, '\n');
}

struct pl_str pl_log_head_text(struct pl_arena *a, uint64_t n, struct pl_str hash)
{
    return pl_printf(a, "plimsoll decision log\n%llu\n%.*s\n", (unsigned long long)n, PL_FMT(hash));
}

/* ---- reading ---- */

static bool is_hash(struct pl_str s)
{
    uint8_t raw[32];
    return s.n == 64 && pl_unhex(s, raw, sizeof raw);
}

int pl_log_row_read(struct pl_str line, struct pl_arena *a, struct pl_log_row *ret,
                    struct pl_err *err)
{
    struct pl_canon_member *m;
    pl_auto_buf struct pl_buf bare = { 0 }, whole = { 0 };
    char sum[65];
    *ret = (struct pl_log_row){ 0 };
    int r = pl_json_parse(line, DEPTH, &ret->root, err);
    long n = r < 0 ? r : pl_canon_members(ret->root, a, &m, err);
    if (n < 0)
        return (int)n;
    pl_canon_object(&whole, m, (size_t)n);
    if (!pl_str_eq(pl_buf_str(&whole), line))
        return pl_fail(err, PL_E_FORMAT, "the line is not in the form it was written in");
    size_t kept = 0;
    for (size_t i = 0; i < (size_t)n; i++)
        if (!pl_str_is(m[i].key, "hash"))
            m[kept++] = m[i];
    ret->prev = pl_dup(a, pl_json_str(pl_json_get(ret->root, "prev")));
    ret->hash = pl_dup(a, pl_json_str(pl_json_get(ret->root, "hash")));
    int64_t at = pl_json_int(pl_json_get(ret->root, "n"), -1);
    if (!is_hash(ret->prev) || !is_hash(ret->hash) || at < 1)
        return pl_fail(err, PL_E_FORMAT, "no number, predecessor or hash");
    ret->n = (uint64_t)at;
    pl_canon_object(&bare, m, kept);
    pl_log_hash(ret->prev, pl_buf_str(&bare), sum);
    if (!pl_str_is(ret->hash, sum))
        return pl_fail(err, PL_E_FORMAT, "its content is not what its hash says");
    return 0;
}

/* ---- writing ---- */

static struct pl_str keep(struct pl_arena *a, struct pl_buf *b)
{
    struct pl_str s = pl_dup(a, pl_buf_str(b));
    pl_buf_clear(b);
    return s;
}

/* What others will read: invalid UTF-8 is U+FFFD, as in all of our documents. */
static void put_text(struct pl_buf *b, struct pl_str s)
{
    pl_auto_buf struct pl_buf good = { 0 };
    size_t at = 0;
    while (at < s.n && (unsigned char)s.p[at] < 0x80)
        at++;
    if (at == s.n) {
        pl_canon_str(b, s);
        return;
    }
    pl_buf_putn(&good, s.p, at);
    while (at < s.n) {
        uint32_t cp;
        size_t n = pl_utf8_next(pl_str_sub(s, at, SIZE_MAX), &cp);
        pl_buf_putn(&good, n ? s.p + at : "\xEF\xBF\xBD", n ? n : 3);
        at += n ? n : 1;
    }
    pl_canon_str(b, pl_buf_str(&good));
}

static void put_time(struct pl_buf *b, int64_t seconds)
{
    time_t t = (time_t)seconds;
    struct tm tm;
    char text[32];
    gmtime_r(&t, &tm);
    strftime(text, sizeof text, "\"%Y-%m-%dT%H:%M:%SZ\"", &tm);
    pl_buf_puts(b, text);
}

static void put_reasons(struct pl_buf *b, const struct pl_gate_answer *x)
{
    bool any = false;
    pl_buf_putc(b, '[');
    for (size_t i = 0; i < x->n_rules; i++) {
        if (x->rules[i].state != PL_RULE_FAILED)
            continue;
        if (any)
            pl_buf_putc(b, ',');
        any = true;
        put_text(b, x->rules[i].why);
    }
    pl_buf_putc(b, ']');
}

static void put_checks(struct pl_buf *b, const struct pl_gate_answer *x)
{
    pl_buf_putc(b, '[');
    for (size_t i = 0; i < x->n_rules; i++) {
        const struct pl_rule_result *r = &x->rules[i];
        pl_buf_printf(b, "%s{\"line\":%u,\"rule\":\"%s\",\"state\":\"%s\",\"why\":", i ? "," : "",
                      r->line, r->rule, pl_rule_state_names[r->state]);
        put_text(b, r->why);
        pl_buf_putc(b, '}');
    }
    pl_buf_putc(b, ']');
}

/* "evidence" and "facts" in their canonical form, through the reader; one piece of memory. */
static int evidence_text(const struct pl_evidence *e, struct pl_evidence_text **ret,
                         struct pl_err *err)
{
    pl_auto_buf struct pl_buf b = { 0 };
    struct pl_arena a = { 0 };
    struct pl_json *root = NULL;
    struct pl_canon_member *m = NULL;
    pl_evidence_write(e, &b);
    int r = pl_json_parse(pl_buf_str(&b), DEPTH, &root, err);
    long n = r < 0 ? r : pl_canon_members(root, &a, &m, err);
    if (n == 2) {
        struct pl_evidence_text *t = malloc(sizeof *t + m[0].text.n + m[1].text.n);
        if (!t)
            pl_oom();
        memcpy(t->own, m[0].text.p, m[0].text.n);
        memcpy(t->own + m[0].text.n, m[1].text.p, m[1].text.n);
        t->evidence = pl_str_n(t->own, m[0].text.n);
        t->facts = pl_str_n(t->own + m[0].text.n, m[1].text.n);
        *ret = t;
    } else if (n >= 0) {
        n = pl_fail(err, PL_E_FORMAT, "evidence without its two parts");
    }
    pl_json_free(root);
    pl_arena_release(&a);
    return n < 0 ? (int)n : 0;
}

/* The same evidence is written down each time that it is used; its text is made once. Views as long
 * as `x`, or in `a`. */
static int find_text(const struct pl_gate_answer *x, struct pl_arena *a,
                     struct pl_str *ret_evidence, struct pl_str *ret_facts, struct pl_err *err)
{
    static const struct pl_evidence nothing;
    struct pl_gate_entry *entry = x->held;
    struct pl_evidence_text *t = NULL, *other = NULL;
    bool kept = entry && x->evidence == &entry->e;
    t = kept ? atomic_load(&entry->text) : NULL;
    if (!t) {
        int r = evidence_text(x->evidence ? x->evidence : &nothing, &t, err);
        if (r < 0)
            return r;
        if (kept && !atomic_compare_exchange_strong(&entry->text, &other, t)) {
            free(t);
            t = other;
        }
    }
    *ret_evidence = kept ? t->evidence : pl_dup(a, t->evidence);
    *ret_facts = kept ? t->facts : pl_dup(a, t->facts);
    if (!kept)
        free(t);
    return 0;
}

static struct pl_str yes(bool v)
{
    return v ? PL_S("true") : PL_S("false");
}

struct lines {
    struct pl_arena *a;
    struct pl_buf b;
    struct pl_canon_member *m;
    size_t n;
};

static void add(struct lines *l, const char *key, struct pl_str text)
{
    l->m[l->n++] = (struct pl_canon_member){ pl_str_c(key), text };
}

static void add_text(struct lines *l, const char *key, struct pl_str s)
{
    put_text(&l->b, s);
    add(l, key, keep(l->a, &l->b));
}

long pl_log_members(const struct pl_gate *g, const struct pl_gate_ask *ask,
                    const struct pl_gate_answer *x, struct pl_arena *a,
                    struct pl_canon_member **ret, struct pl_err *err)
{
    struct lines l = { .a = a };
    struct pl_str evidence, facts;
    int r = find_text(x, a, &evidence, &facts, err);
    if (r < 0)
        return r;
    l.m = pl_alloc_n(a, 24, sizeof *l.m); /* n, prev and hash are to come */
    add(&l, "cached", yes(x->cached));    /* in the order of their names */
    put_checks(&l.b, x);
    add(&l, "checks", keep(a, &l.b));
    add_text(&l, "db", pl_gate_db_hash(g));
    add_text(&l, "decision", pl_str_c(pl_ruling_names[x->ruling]));
    add_text(&l, "digest", x->digest);
    add_text(&l, "door", pl_str_c(ask->door ? ask->door : ""));
    add(&l, "dry_run", yes(x->dry_run));
    add(&l, "evidence", evidence);
    add(&l, "facts", facts);
    add(&l, "gathered", yes(x->evidence != NULL));
    add(&l, "given", yes(x->given));
    add(&l, "grace", yes(x->grace));
    add(&l, "ms", pl_printf(a, "%u", x->ms));
    add(&l, "need_digest", yes(ask->need_digest));
    add_text(&l, "platform", x->platform);
    add_text(&l, "policy", pl_gate_policy_hash(g));
    put_reasons(&l.b, x);
    add(&l, "reasons", keep(a, &l.b));
    add_text(&l, "ref", x->ref);
    put_time(&l.b, x->time_s);
    add(&l, "time", keep(a, &l.b));
    add_text(&l, "trust", pl_gate_trust_hash(g));
    add_text(&l, "user", pl_str_sub(ask->user, 0, 1024));
    pl_buf_release(&l.b);
    *ret = l.m;
    return (long)l.n;
}
