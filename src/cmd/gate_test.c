/* plimsoll gate test: cases of recorded evidence with the decision that is expected. gates.md
 * section 2. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/near.h"
#include "cmd/gate_cmd.h"
#include "fmt/der.h"
#include "gate/evidence.h"
#include "io/file.h"
#include "report/escape.h"

#define FILE_MAX PL_MIB(16)

struct test {
    const struct pl_gate_cmd *o;
    struct pl_gate *g;
    const char *file;
    size_t passed, failed;
    struct pl_buf out;
};

static const char *const known[] = { "name", "ref",      "digest", "resolved", "platform", "pinned",
                                     "time", "evidence", "facts",  "expect",   "reason" };

static int bad(const struct test *t, const struct pl_yaml *y, const char *why)
{
    fprintf(stderr, "plimsoll gate test: %s:%u: %s\n", t->file, y ? y->line : 1, why);
    return PL_EXIT_USAGE;
}

static int check_keys(const struct test *t, const struct pl_yaml *c)
{
    char text[160];
    if (c->kind != PL_YAML_MAP)
        return bad(t, c, "a case is a mapping");
    for (size_t i = 0; i < c->n; i++) {
        struct pl_str key = pl_yaml_str(c->item[2 * i]);
        bool is = false;
        for (size_t k = 0; k < sizeof known / sizeof known[0]; k++)
            is |= pl_str_is(key, known[k]);
        if (!is) {
            const char *near = pl_near(key, known, sizeof known / sizeof known[0]);
            snprintf(text, sizeof text, "unknown key '%.*s'%s%s%s", PL_FMT(pl_str_sub(key, 0, 60)),
                     near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
            return bad(t, c->item[2 * i], text);
        }
    }
    return 0;
}

/* Cases name keys and identities as the policy does, and types by their words. */
static int settle_proof(const struct test *t, const struct pl_yaml *c, struct pl_proof *f)
{
    const struct pl_policy *p = pl_gate_policy(t->g);
    bool named = f->key.n > 0;
    if (f->type.n && pl_policy_type(f->type).n)
        f->type = pl_policy_type(f->type);
    for (size_t i = 0; i < p->n_signers; i++) {
        const struct pl_signer_rule *s = &p->signers[i];
        if (!named || !pl_str_eq(s->name, f->key))
            continue;
        f->key = s->identity ? PL_S("") : s->id;
        f->subject = s->subject;
        f->issuer = s->issuer;
        return 0;
    }
    if (named && !pl_str_starts(f->key, PL_S("sha256:")))
        return bad(t, pl_yaml_get(c, "evidence"),
                   "evidence by a key that the policy does not name");
    return 0;
}

static int settle(const struct test *t, const struct pl_yaml *c, struct pl_evidence *e)
{
    int code = 0;
    for (size_t i = 0; i <= e->n_children; i++) {
        struct pl_facts *f = i == 0 ? &e->top : &e->children[i - 1];
        for (size_t k = 0; k < f->n_proofs && !code; k++)
            code = settle_proof(t, c, &f->proofs[k]);
    }
    return code;
}

static int expected(const struct test *t, const struct pl_yaml *c, enum pl_ruling *ret)
{
    struct pl_str s = pl_yaml_str(pl_yaml_get(c, "expect"));
    for (int i = 0; i < 3; i++)
        if (pl_str_is(s, pl_ruling_names[i])) {
            *ret = (enum pl_ruling)i;
            return 0;
        }
    return bad(t, c, "'expect' is allow, deny or audit");
}

static void tell(struct test *t, const struct pl_yaml *c, const struct pl_gate_answer *x,
                 enum pl_ruling want, struct pl_str reason)
{
    pl_auto_buf struct pl_buf why = { 0 };
    struct pl_str name = pl_yaml_str(pl_yaml_get(c, "name"));
    if (!name.n)
        name = pl_yaml_str(pl_yaml_get(c, "ref"));
    pl_gate_answer_reason(x, 4000, &why);
    bool same = x->ruling == want,
         said = !reason.n || pl_str_find(pl_buf_str(&why), reason, 0) != SIZE_MAX;
    *(same && said ? &t->passed : &t->failed) += 1;
    if (same && said && !t->o->explain)
        return;
    pl_buf_puts(&t->out, same && said ? "ok      " : "DIFFERS ");
    pl_buf_printf(&t->out, "%s:%u: ", t->file, c->line);
    pl_esc(&t->out, PL_ESC_TERM, name);
    if (!same)
        pl_buf_printf(&t->out, ": %s, where %s is expected", pl_ruling_names[x->ruling],
                      pl_ruling_names[want]);
    else if (!said)
        pl_buf_printf(&t->out, ": another reason than '%.*s'", PL_FMT(reason));
    pl_buf_puts(&t->out, "\n        ");
    pl_esc(&t->out, PL_ESC_TERM, pl_buf_str(&why));
    pl_buf_putc(&t->out, '\n');
}

static int run_case(struct test *t, const struct pl_yaml *c)
{
    struct pl_arena a = { 0 };
    struct pl_evidence e;
    struct pl_gate_answer x;
    struct pl_err err = { 0 };
    enum pl_ruling want = PL_RULING_DENY;
    int64_t ns, now_s = (int64_t)time(NULL);
    struct pl_str at = pl_yaml_str(pl_yaml_get(c, "time"));
    int code = check_keys(t, c);
    if (!code)
        code = expected(t, c, &want);
    if (!code && at.p && !pl_rfc3339_ns(at, &ns))
        code = bad(t, c, "'time' is no date and time such as 2027-01-31T12:00:00Z");
    if (!code && at.p)
        now_s = ns / 1000000000;
    if (!code && pl_evidence_read(c, &a, &e, &err) < 0)
        code = bad(t, NULL, err.msg);
    if (!code)
        code = settle(t, c, &e);
    if (!code) {
        struct pl_gate_ask ask = {
            .ref = pl_yaml_str(pl_yaml_get(c, "ref")),
            .digest = pl_yaml_str(pl_yaml_get(c, "digest")),
            .platform = pl_yaml_str(pl_yaml_get(c, "platform")),
            .need_digest = pl_str_is(pl_yaml_str(pl_yaml_get(c, "pinned")), "true"),
            .door = "test",
        };
        pl_gate_judge(t->g, &ask, pl_yaml_str(pl_yaml_get(c, "resolved")), &e, now_s, &x);
        tell(t, c, &x, want, pl_yaml_str(pl_yaml_get(c, "reason")));
        pl_gate_answer_release(&x);
    }
    pl_arena_release(&a);
    return code;
}

static int run_file(struct test *t)
{
    pl_auto_buf struct pl_buf b = { .max = FILE_MAX };
    struct pl_arena a = { 0 };
    struct pl_limits lim;
    struct pl_yaml_stream docs = { 0 };
    struct pl_err err = { 0 };
    pl_limits_init(&lim);
    int code = 0, r = pl_file_read(t->file, &b, &err);
    if (r == 0)
        r = pl_yaml_parse(pl_buf_str(&b), &lim, &a, &docs, &err);
    const struct pl_yaml *cases = r == 0 && docs.n == 1 ? pl_yaml_get(docs.doc[0], "cases") : NULL;
    if (r < 0) {
        fprintf(stderr, "plimsoll gate test: %s: %s\n", t->file, err.msg);
        code = PL_EXIT_USAGE;
    } else if (!cases || cases->kind != PL_YAML_LIST || cases->n == 0) {
        code = bad(t, NULL, "a list 'cases' is wanted");
    }
    for (size_t i = 0; !code && i < cases->n; i++)
        code = run_case(t, cases->item[i]);
    pl_arena_release(&a);
    return code;
}

int pl_gate_test(const struct pl_gate_cmd *o, const struct pl_operands *operands)
{
    struct test t = { .o = o };
    struct pl_arena a = { 0 };
    struct pl_registry_opts ro;
    struct pl_operands none = { 0 };
    struct pl_err err = { 0 };
    int code = pl_gate_cmd_open(o, &none, &a, &ro, NULL, &t.g);
    if (!code && operands->n == 0) {
        fputs("plimsoll gate test: no file with cases given\n", stderr);
        code = PL_EXIT_USAGE;
    }
    for (size_t i = 0; i < operands->n && !code; i++) {
        t.file = operands->p[i];
        code = run_file(&t);
    }
    if (!code && !o->quiet) {
        pl_buf_printf(&t.out, "%zu cases as expected, %zu not\n", t.passed, t.failed);
        pl_common_print(pl_buf_str(&t.out), &err);
    }
    pl_buf_release(&t.out);
    pl_gate_unref(t.g);
    pl_arena_release(&a);
    return code ? code : t.failed ? PL_EXIT_FINDINGS : 0;
}
