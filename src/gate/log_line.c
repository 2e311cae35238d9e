/* One decision as a line, and a line as it must be. gates.md section 4. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <time.h>

#include "base/hash.h"
#include "gate/evidence.h"
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

static void put_time(struct pl_jsonw *w, int64_t seconds)
{
    time_t t = (time_t)seconds;
    struct tm tm;
    char text[32];
    gmtime_r(&t, &tm);
    strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &tm);
    pl_jw_kcstr(w, "time", text);
}

static void put_rules(struct pl_jsonw *w, const struct pl_gate_answer *x)
{
    pl_jw_key(w, "reasons");
    pl_jw_arr(w);
    for (size_t i = 0; i < x->n_rules; i++)
        if (x->rules[i].state == PL_RULE_FAILED)
            pl_jw_str(w, x->rules[i].why);
    pl_jw_arr_end(w);
    pl_jw_key(w, "checks");
    pl_jw_arr(w);
    for (size_t i = 0; i < x->n_rules; i++) {
        pl_jw_obj(w);
        pl_jw_kcstr(w, "rule", x->rules[i].rule);
        pl_jw_ku64(w, "line", x->rules[i].line);
        pl_jw_kcstr(w, "state", pl_rule_state_names[x->rules[i].state]);
        pl_jw_kstr(w, "why", x->rules[i].why);
        pl_jw_obj_end(w);
    }
    pl_jw_arr_end(w);
}

long pl_log_members(const struct pl_gate *g, const struct pl_gate_ask *ask,
                    const struct pl_gate_answer *x, struct pl_arena *a,
                    struct pl_canon_member **ret, struct pl_err *err)
{
    static const struct pl_evidence nothing;
    pl_auto_buf struct pl_buf b = { 0 };
    struct pl_jsonw w = { .out = &b };
    struct pl_json *root = NULL;
    pl_jw_obj(&w);
    put_time(&w, x->time_s);
    pl_jw_kcstr(&w, "door", ask->door ? ask->door : "");
    pl_jw_kstr(&w, "ref", x->ref);
    pl_jw_kstr(&w, "digest", x->digest);
    pl_jw_kstr(&w, "platform", x->platform);
    pl_jw_kcstr(&w, "decision", pl_ruling_names[x->ruling]);
    put_rules(&w, x);
    pl_jw_kstr(&w, "policy", pl_gate_policy_hash(g));
    pl_jw_kstr(&w, "trust", pl_gate_trust_hash(g));
    pl_jw_kstr(&w, "db", pl_gate_db_hash(g));
    pl_jw_kbool(&w, "gathered", x->evidence != NULL);
    pl_jw_kbool(&w, "given", x->given);
    pl_jw_kbool(&w, "need_digest", ask->need_digest);
    pl_evidence_put(x->evidence ? x->evidence : &nothing, &w);
    pl_jw_kbool(&w, "cached", x->cached);
    pl_jw_kbool(&w, "grace", x->grace);
    pl_jw_kbool(&w, "dry_run", x->dry_run);
    pl_jw_kstr(&w, "user", pl_str_sub(ask->user, 0, 1024));
    pl_jw_ku64(&w, "ms", x->ms);
    pl_jw_obj_end(&w);
    /* through the reader: what is hashed is what others will read */
    int r = pl_json_parse(pl_buf_str(&b), DEPTH, &root, err);
    struct pl_canon_member *m;
    long n = r < 0 ? r : pl_canon_members(root, a, &m, err);
    if (n >= 0) {
        *ret = pl_alloc_n(a, (size_t)n + 4, sizeof **ret); /* n, prev, hash */
        memcpy(*ret, m, (size_t)n * sizeof **ret);
    }
    pl_json_free(root);
    return n;
}
