/* What holds for a whole stage: users, commands that stand several times, health checks.
 * formats/dockerfile.md sections 3, 6, 7. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cleanup.h"
#include "check/mend.h"

static bool root_user(struct pl_str s)
{
    s = pl_lint_unquote(s);
    return pl_str_is(s, "root") || pl_str_is(s, "0") || pl_str_starts(s, PL_S("root:")) ||
           pl_str_starts(s, PL_S("0:"));
}

/* The nodes [first, end) of stage `s`; what stands before any FROM counts as a stage. */
static void bounds(const struct pl_lint *l, size_t s, size_t *ret_first, size_t *ret_end)
{
    *ret_first = s == SIZE_MAX ? 0 : pl_lint_from(l, s) + 1;
    *ret_end = s != SIZE_MAX ? l->p->stages[s].end : l->p->n_stages ? pl_lint_from(l, 0) : l->n;
}

static const struct pl_lint_in *last_of(const struct pl_lint *l, size_t s, enum pl_df_cmd cmd)
{
    size_t first, end;
    bounds(l, s, &first, &end);
    while (end-- > first)
        if (l->in[end].top->cmd == cmd && l->in[end].top->n_args)
            return &l->in[end];
    return NULL;
}

/* Does the stage start a service from a base that is known to run as root, with nothing in the file
 * that steps down? */
static bool serves_as_root(struct pl_lint *l, size_t s)
{
    static const char *const steps[] = { "gosu",    "su-exec", "setpriv",    "s6-",   "supervisord",
                                         "runuser", "chroot",  "entrypoint", "nginx", "httpd" };
    struct pl_base_facts base = pl_base_of(l, s);
    bool port = false, starts = false;
    if (!base.known || !base.root || base.steps)
        return false;
    for (size_t k = s; k != SIZE_MAX; k = l->p->stages[k].base)
        for (size_t i = pl_lint_from(l, k); i < l->p->stages[k].end && pl_lint_work(l, 1); i++) {
            enum pl_df_cmd cmd = l->in[i].top->cmd;
            port |= cmd == PL_DF_EXPOSE;
            starts |= cmd == PL_DF_CMD || cmd == PL_DF_ENTRYPOINT;
        }
    for (size_t k = port && starts ? s : SIZE_MAX; k != SIZE_MAX; k = l->p->stages[k].base)
        for (size_t i = pl_lint_from(l, k); i < l->p->stages[k].end && pl_lint_work(l, 1); i++) {
            const struct pl_df_node *n = l->in[i].top;
            bool runs = n->cmd == PL_DF_CMD || n->cmd == PL_DF_ENTRYPOINT || n->cmd == PL_DF_RUN;
            for (size_t w = 0; w < PL_COUNT(steps) && runs; w++)
                if (pl_lint_has(n->text.s, steps[w]))
                    return false;
        }
    return port && starts;
}

static void users(struct pl_lint *l, size_t s, bool last)
{
    const struct pl_lint_in *u = last_of(l, s, PL_DF_USER);
    if (u && root_user(u->n->args[0].s)) {
        const struct pl_df_arg *arg = &u->n->args[0];
        uint32_t off = pl_df_src(&u->n->text, arg->at);
        char behind = off + arg->s.n < l->f->src.n ? l->f->src.p[off + arg->s.n] : 0;
        bool exact = behind != ' ' && behind != '\t'; /* a blank behind it makes it another name */
        struct pl_lint_hit *h =
            exact || memchr(arg->s.p, ':', arg->s.n)
                ? pl_lint_at_arg(l, "DL3002", u, arg)
                : pl_lint_rule(l, PL_RULE_D301, u->index, off, off + (uint32_t)arg->s.n);
        if (!last)
            h->severity = PL_SEV_INFO;
    }
    if (!last || s == SIZE_MAX)
        return;
    if (u && root_user(u->n->args[0].s)) {
        pl_lint_at_arg(l, "DS-0002", u, &u->n->args[0]);
        pl_lint_at_arg(l, "CKV_DOCKER_8", u, &u->n->args[0]);
    } else if (!u) {
        const struct pl_df_node *from = &l->f->nodes[pl_lint_from(l, s)];
        uint32_t off = from->off, end = off + (uint32_t)from->word.n;
        bool inherits = false;
        for (size_t k = s; (k = pl_lint_parent(l, k)) != SIZE_MAX;)
            inherits |= last_of(l, k, PL_DF_USER) != NULL;
        struct pl_lint_hit *h =
            pl_lint_code_as(l, "DS-0002", PL_RULE_D302, pl_lint_from(l, s), off, end);
        if (!inherits && serves_as_root(l, s))
            h->severity = PL_SEV_HIGH;
        if (!inherits)
            pl_lint_code_as(l, "CIS-DI-0001", PL_RULE_D302, pl_lint_from(l, s), off, end);
    }
}

static void no_user_at_all(struct pl_lint *l)
{
    for (size_t i = 0; i < l->n; i++)
        if (l->in[i].top->cmd == PL_DF_USER)
            return;
    if (l->p->n_stages) {
        size_t i = pl_lint_from(l, l->p->n_stages - 1);
        const struct pl_df_node *from = &l->f->nodes[i];
        pl_lint_code_as(l, "CKV_DOCKER_3", PL_RULE_D302, i, from->off,
                        from->off + (uint32_t)from->word.n);
    }
}

/* Several of one instruction: from the second on, and for trivy once at the first that counts not.
 */
static void several(struct pl_lint *l, size_t s, enum pl_df_cmd cmd, const char *dl, const char *ds)
{
    size_t first, end, seen = 0;
    bounds(l, s, &first, &end);
    for (size_t i = first; i < end; i++) {
        if (l->in[i].top->cmd != cmd)
            continue;
        if (seen++)
            pl_lint_at_node(l, dl, i);
        if (seen == 2 && s != SIZE_MAX)
            pl_lint_at_node(l, ds, i);
    }
}

static bool has_health(const struct pl_lint *l, size_t s)
{
    size_t first, end;
    bounds(l, s, &first, &end);
    for (size_t i = first; i < end; i++)
        if (l->in[i].top->cmd == PL_DF_HEALTHCHECK)
            return true;
    return false;
}

static void health(struct pl_lint *l)
{
    bool *has = pl_alloc_n(l->a, l->p->n_stages + 1, sizeof *has);
    bool any = false;
    for (size_t s = 0; s < l->p->n_stages; s++) {
        size_t up = pl_lint_parent(l, s);
        has[s] = has_health(l, s) || (up != SIZE_MAX && has[up]);
        any |= has_health(l, s);
    }
    for (size_t s = l->p->n_stages; s-- > 0;) {
        size_t up = pl_lint_parent(l, s);
        if (has[s] && up != SIZE_MAX)
            has[up] = true;
    }
    for (size_t s = 0; s < l->p->n_stages; s++)
        if (!has[s]) {
            struct pl_lint_hit *h = pl_lint_at_node(l, "DL3057", pl_lint_from(l, s));
            h->severity = PL_SEV_INFO;
        }
    if (!any && l->p->n_stages) {
        size_t i = pl_lint_from(l, l->p->n_stages - 1);
        pl_lint_at_node(l, "DS-0026", i);
        pl_lint_at_node(l, "CKV_DOCKER_2", i);
        pl_lint_at_node(l, "CIS-DI-0006", i);
    }
}

/* ARG names declared before node `i`, anywhere. */
static bool refers_to_arg(struct pl_lint *l, size_t i, struct pl_str s)
{
    for (size_t k = 0; k < i && pl_lint_work(l, 1); k++) {
        const struct pl_df_node *n = l->in[k].n;
        for (size_t a = 0; a < n->n_args && n->cmd == PL_DF_ARG && pl_lint_work(l, 1 + s.n); a++) {
            struct pl_str v = n->args[a].s, name;
            pl_str_split(&v, '=', &name);
            size_t at = 0;
            while (name.n && (at = pl_str_find(s, name, at)) != SIZE_MAX) {
                if ((at >= 1 && s.p[at - 1] == '$') ||
                    (at >= 2 && s.p[at - 1] == '{' && s.p[at - 2] == '$'))
                    return true;
                at++;
            }
        }
    }
    return false;
}

static void user_names(struct pl_lint *l)
{
    for (size_t i = 0; i < l->n; i++) {
        const struct pl_lint_in *in = &l->in[i];
        if (in->top->cmd != PL_DF_USER || !in->n->n_args)
            continue;
        struct pl_str s = pl_lint_unquote(in->n->args[0].s), group = s, user;
        bool digits = true;
        pl_str_split(&group, ':', &user);
        for (size_t k = 0; k < user.n; k++)
            digits &= (unsigned)(user.p[k] - '0') < 10;
        if (!digits && !refers_to_arg(l, i, s))
            pl_lint_at_arg(l, "DL3066", in, &in->n->args[0]);
    }
}

static void run(struct pl_lint *l)
{
    size_t n = l->p->n_stages;
    for (size_t k = 0; k <= n; k++) {
        size_t s = k ? k - 1 : SIZE_MAX;
        users(l, s, k == n);
        several(l, s, PL_DF_HEALTHCHECK, "DL3012", "DS-0023");
        several(l, s, PL_DF_CMD, "DL4003", "DS-0016");
        several(l, s, PL_DF_ENTRYPOINT, "DL4004", "DS-0007");
    }
    no_user_at_all(l);
    health(l);
    user_names(l);
}

const struct pl_check pl_check_stage = { "stage", run };
