/* Matchers: what a worker needs beside the frozen rules. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cleanup.h"
#include "secret/assign.h"
#include "secret/matcher_int.h"

struct pl_keep {
    struct pl_keep *next;
    size_t n;
    _Alignas(16) char data[];
};

int pl_matcher_new(const struct pl_rules *r, const struct pl_limits *l, struct pl_matcher **ret,
                   struct pl_err *err)
{
    struct pl_matcher *m = calloc(1, sizeof *m);
    struct pl_rule_use *use = calloc(r->img.n_rules, sizeof *use);
    unsigned *named = calloc(r->img.n_rules, sizeof *named);
    if (!m || !use || !named)
        pl_oom();
    m->r = r;
    m->limits = *l;
    m->use = use;
    m->named = named;
    m->run_rule = r->img.n_rules;
    for (size_t i = 0; i < r->img.n_rules; i++) {
        if (r->img.rule[i].check)
            use[i].check = pl_check_find(r->img.rule[i].check);
        if (use[i].check && use[i].check->at_run)
            m->run_rule = i;
        else if (r->img.rule[i].keywords.n == 0)
            m->named[m->n_named++] = (unsigned)i;
        use[i].assign = r->img.rule[i].regex && strstr(r->img.rule[i].regex, PL_ASSIGN_MARK);
    }
    int e = pl_literals_scratch_new(r->db, &m->scratch, err);
    if (e == 0 && r->over)
        e = pl_literals_scratch_new(r->over->db, &m->over, err);
    if (e < 0) {
        pl_matcher_free(m);
        return e;
    }
    *ret = m;
    return 0;
}

static void use_release(struct pl_rule_use *u, const struct pl_rule *rule)
{
    pl_regex_free(u->re);
    pl_regex_free(u->head);
    for (size_t i = 0; u->allow && i < rule->allow.n; i++)
        pl_regex_free(u->allow[i]);
    free(u->allow);
}

void pl_matcher_free(struct pl_matcher *m)
{
    if (!m)
        return;
    for (size_t i = 0; i < m->r->img.n_rules; i++)
        use_release(&m->use[i], &m->r->img.rule[i]);
    for (unsigned d = 0; d <= PL_DECODE_MAX; d++) {
        pl_vec_release(&m->found[d]);
        pl_buf_release(&m->dec[d].text);
        pl_vec_release(&m->dec[d].piece);
    }
    pl_arena_release(&m->label);
    pl_literals_scratch_free(m->scratch);
    pl_literals_scratch_free(m->over);
    free(m->named);
    free(m->use);
    free(m);
}

void *pl_matcher_keep(struct pl_matcher *m, size_t n)
{
    struct pl_keep *k = malloc(sizeof *k + n);
    if (!k)
        pl_oom();
    k->next = m->keep;
    k->n = n;
    m->keep = k;
    return k->data;
}

static void wipe(struct pl_matcher *m)
{
    while (m->keep) {
        struct pl_keep *next = m->keep->next;
        explicit_bzero(m->keep->data, m->keep->n);
        free(m->keep);
        m->keep = next;
    }
    for (unsigned d = 0; d <= PL_DECODE_MAX; d++) {
        struct pl_buf *b = &m->dec[d].text;
        if (b->n)
            explicit_bzero(b->p, b->n);
        if (b->cap > 1u << 20)
            pl_buf_release(b);
        pl_buf_clear(b);
        m->dec[d].piece.n = 0;
        m->found[d].n = 0;
    }
    pl_arena_reset(&m->label);
}

static void begin(struct pl_matcher *m, const struct pl_text *t)
{
    m->t = t;
    m->setting = -1;
    /* hostile text could make every hit look far: 64 times over the text is far above any real
     * file (a few times) and still a fraction of a second */
    m->work = 64 * (uint64_t)t->n + PL_MIB(4);
    m->decode_left = 4 * (uint64_t)t->n + 4096;
    m->limit = NULL;
    for (size_t i = 0; i < m->r->img.n_rules; i++) {
        m->use[i].count = 0;
        m->use[i].path = 0;
    }
}

/* The text is the value of a variable: held against its name by the rules that look at names. */
static void scan_named_value(struct pl_matcher *m)
{
    const struct pl_text *t = m->t;
    struct pl_sink to = { .mine = true };
    struct pl_hit h = { t->p, t->n, 0, 0, true, { "", 0 }, &m->work };
    for (unsigned i = 0; i < m->r->img.n_rules; i++) {
        struct pl_found_at at = { 0 };
        const struct pl_check *c = m->use[i].check;
        if (c && c->find == pl_find_keyvalue && pl_find_named_value(&h, t->path, &at))
            pl_judge(m, i, &h, &at, &to);
    }
}

/* Rules for files that are known by their name: held against the beginning. */
static void scan_beginning(struct pl_matcher *m)
{
    const struct pl_text *t = m->t;
    struct pl_sink to = { .mine = true };
    struct pl_hit h = { t->p, t->n, 0, 0, t->last, t->path, &m->work };
    for (size_t i = 0; i < m->n_named; i++)
        pl_eval_hit(m, m->named[i], &h, &to);
}

int pl_secret_scan(struct pl_matcher *m, const struct pl_text *t, pl_secret_fn *fn, void *arg,
                   struct pl_err *err)
{
    begin(m, t);
    struct pl_level l = {
        .m = m, .p = t->p, .n = t->n, .from = t->from, .to = t->to, .last = t->last
    };
    pl_scan_level(&l);
    if (t->value)
        scan_named_value(m);
    else if (t->from == 0)
        scan_beginning(m);
    pl_found_vec *v = &m->found[0];
    pl_found_settle(v, m->r->img.n_rules);
    for (size_t i = 0; i < v->n; i++) {
        const struct pl_found *f = &v->p[i];
        if (!f->mine)
            continue;
        struct pl_secret s = {
            f->rule, (enum pl_severity)f->severity, f->reason, f->off, f->len, f->value, f->decoded
        };
        fn(arg, &s);
    }
    const char *limit = m->limit;
    wipe(m);
    return limit ? pl_fail(err, PL_E_LIMIT, "secrets: %s", limit) : 0;
}
