/* plimsoll gate replay, gate log verify: a decision log judged again, and checked. gates.md
 * section 4. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>

#include "cmd/gate_cmd.h"
#include "fmt/der.h"
#include "fmt/jsontree.h"
#include "gate/evidence.h"
#include "report/escape.h"
#include "sign/keyref.h"

struct replay {
    const struct pl_gate_cmd *o;
    struct pl_gate *g;
    uint64_t same, changed, unknown;
};

static bool is_true(const struct pl_yaml *y, const char *key)
{
    return pl_str_is(pl_yaml_str(pl_yaml_get(y, key)), "true");
}

static struct pl_str text(const struct pl_yaml *y, const char *key)
{
    struct pl_str s = pl_yaml_str(pl_yaml_get(y, key));
    return s.p ? s : PL_S("");
}

static void tell(struct replay *r, const struct pl_gate_log_row *row, const struct pl_yaml *y,
                 const struct pl_gate_answer *x)
{
    pl_auto_buf struct pl_buf b = { 0 }, why = { 0 };
    struct pl_str was = text(y, "decision");
    bool undecided = x->code == PL_E_NOENT, same = pl_str_is(was, pl_ruling_names[x->ruling]);
    if (undecided && !same)
        r->unknown++;
    else
        *(same ? &r->same : &r->changed) += 1;
    if (same || r->o->quiet)
        return;
    pl_gate_answer_reason(x, 2000, &why);
    pl_buf_printf(&b, "%llu  %.*s  ", (unsigned long long)row->at, PL_FMT(text(y, "time")));
    pl_buf_printf(&b, "%.*s -> %s  ", PL_FMT(pl_str_sub(was, 0, 8)),
                  undecided ? "unknown" : pl_ruling_names[x->ruling]);
    pl_esc(&b, PL_ESC_TERM, text(y, "ref"));
    pl_buf_puts(&b, "\n    ");
    pl_esc(&b, PL_ESC_TERM, pl_buf_str(&why));
    pl_buf_putc(&b, '\n');
    pl_common_print(pl_buf_str(&b), NULL);
}

static int replay_row(void *arg, const struct pl_gate_log_row *row, struct pl_err *err)
{
    struct replay *r = arg;
    struct pl_arena a = { 0 };
    struct pl_yaml *y;
    struct pl_evidence e;
    struct pl_gate_answer x;
    int64_t ns = 0;
    if (row->head)
        return 0;
    int q = pl_jsontree_parse(row->text, &a, &y, err);
    if (q == 0)
        q = pl_evidence_read(y, &a, &e, err);
    if (q == 0 && !pl_rfc3339_ns(text(y, "time"), &ns))
        q = pl_fail(err, PL_E_FORMAT, "line %llu: no time", (unsigned long long)row->number);
    if (q == 0) {
        struct pl_str digest = text(y, "digest");
        bool given = is_true(y, "given");
        struct pl_gate_ask ask = { .ref = text(y, "ref"),
                                   .digest = given ? digest : PL_S(""),
                                   .platform = text(y, "platform"),
                                   .need_digest = is_true(y, "need_digest"),
                                   .door = "replay" };
        pl_gate_judge(r->g, &ask, given ? PL_S("") : digest, is_true(y, "gathered") ? &e : NULL,
                      ns / 1000000000, &x);
        tell(r, row, y, &x);
        pl_gate_answer_release(&x);
    }
    pl_arena_release(&a);
    return q;
}

static int walk_failed(const char *verb, const struct pl_err *err)
{
    fprintf(stderr, "plimsoll gate %s: %s\n", verb, err->msg);
    return err->code == PL_E_SIG                              ? PL_EXIT_FINDINGS
           : err->code == PL_E_IO || err->code == PL_E_FORMAT ? PL_EXIT_INCOMPLETE
                                                              : PL_EXIT_USAGE;
}

int pl_gate_replay(const struct pl_gate_cmd *o, const struct pl_operands *ops)
{
    struct replay r = { .o = o };
    struct pl_arena a = { 0 };
    struct pl_registry_opts ro;
    struct pl_operands none = { 0 };
    struct pl_gate_log_sum sum;
    struct pl_err err = { 0 };
    int code = pl_gate_cmd_open(o, &none, &a, &ro, NULL, &r.g);
    if (!code && ops->n != 1) {
        fputs("plimsoll gate replay: one log is wanted\n", stderr);
        code = PL_EXIT_USAGE;
    }
    if (!code && pl_gate_log_walk(ops->p[0], NULL, replay_row, &r, &sum, &err) < 0)
        code = walk_failed("replay", &err);
    if (!code && !o->quiet)
        printf("%llu decisions the same, %llu would change, %llu cannot be told\n",
               (unsigned long long)r.same, (unsigned long long)r.changed,
               (unsigned long long)r.unknown);
    pl_gate_unref(r.g);
    pl_arena_release(&a);
    return code ? code : r.changed ? PL_EXIT_FINDINGS : r.unknown ? PL_EXIT_INCOMPLETE : 0;
}

/* ---- log verify ---- */

/* What somebody wrote down of the log earlier: cutting off its end leaves a chain that holds. */
struct expected {
    char hash[65];  /* empty: */
    uint64_t lines; /* … only that it had so many */
    uint64_t at;    /* where the hash was found */
};

static int read_expected(const char *text, struct expected *ret, struct pl_err *err)
{
    uint8_t raw[32];
    struct pl_str s = pl_str_c(text);
    *ret = (struct expected){ 0 };
    if (!text || pl_str_u64(s, &ret->lines))
        return 0;
    if (s.n != 64 || !pl_unhex(s, raw, sizeof raw))
        return pl_fail(err, PL_E_USAGE, "--expect: '%s' is neither a head nor a number", text);
    memcpy(ret->hash, text, sizeof ret->hash);
    return 0;
}

static int look_for(void *arg, const struct pl_gate_log_row *row, struct pl_err *err)
{
    struct expected *e = arg;
    (void)err;
    if (pl_str_is(row->hash, e->hash))
        e->at = row->number;
    return 0;
}

static int check_expected(const struct expected *e, const struct pl_gate_log_sum *sum,
                          struct pl_err *err)
{
    if (e->hash[0] && !e->at)
        return pl_fail(err, PL_E_SIG,
                       "the head that is expected is not in it: its end was cut off, or it is "
                       "another log");
    if (sum->lines < e->lines)
        return pl_fail(err, PL_E_SIG, "it has %llu lines and had %llu: its end was cut off",
                       (unsigned long long)sum->lines, (unsigned long long)e->lines);
    return 0;
}

int pl_gate_log_verify(const struct pl_gate_cmd *o, const struct pl_operands *ops)
{
    struct pl_pubkey *key = NULL;
    struct pl_gate_log_sum sum;
    struct expected e;
    struct pl_err err = { 0 };
    if (ops->n != 1) {
        fputs("plimsoll gate log verify: one log is wanted\n", stderr);
        return PL_EXIT_USAGE;
    }
    int r = read_expected(o->expect, &e, &err);
    if (r == 0 && o->key)
        r = pl_ref_pubkey(o->key, &key, &err);
    if (r == 0)
        r = pl_gate_log_walk(ops->p[0], key, look_for, &e, &sum, &err);
    if (r == 0 && key && sum.lines && sum.unsigned_tail == sum.lines)
        r = pl_fail(&err, PL_E_SIG, "no head of it is signed");
    if (r == 0)
        r = check_expected(&e, &sum, &err);
    pl_pubkey_free(key);
    if (r < 0)
        return walk_failed("log verify", &err);
    if (!o->quiet && o->key)
        printf("%llu decisions, every link holds; %llu signed heads, %llu lines behind the last\n",
               (unsigned long long)sum.decisions, (unsigned long long)sum.heads,
               (unsigned long long)sum.unsigned_tail);
    else if (!o->quiet)
        printf("%llu decisions, every link holds; head %s\n", (unsigned long long)sum.decisions,
               sum.head);
    if (!o->quiet && o->expect)
        printf("nothing was cut off since %s; %llu lines came\n",
               e.hash[0] ? "that head" : "it had so many lines",
               (unsigned long long)(sum.lines - (e.hash[0] ? e.at : e.lines)));
    return 0;
}
