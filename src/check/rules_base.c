/* FROM: tags, digests, registries, platforms, stage names. formats/dockerfile.md sections 3, 6, 7.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#include "check/check.h"

/* hadolint reads the words of FROM as they are written. */
struct from {
    const struct pl_df_node *n;
    struct pl_df_ref ref;
    struct pl_str image, name;
};

static bool read_from(const struct pl_lint *l, size_t stage, struct from *ret)
{
    const struct pl_df_node *n = &l->f->nodes[pl_lint_from(l, stage)];
    if (!n->n_args)
        return false;
    *ret = (struct from){ .n = n, .image = pl_lint_unquote(n->args[0].s) };
    ret->ref = pl_df_ref_split(ret->image);
    ret->name = n->n_args >= 3 ? n->args[2].s : PL_S("");
    return true;
}

static bool earlier_name(const struct pl_lint *l, size_t stage, struct pl_str name)
{
    for (size_t i = 0; i < stage; i++)
        if (l->p->stages[i].name.n && pl_str_eq(l->p->stages[i].name, name))
            return true;
    return false;
}

static bool pattern(struct pl_str p, struct pl_str s)
{
    if (pl_str_is(p, "*"))
        return true;
    if (p.n && p.p[0] == '*')
        return pl_str_ends(s, pl_str_sub(p, 1, SIZE_MAX));
    if (p.n && p.p[p.n - 1] == '*')
        return pl_str_starts(s, pl_str_sub(p, 0, p.n - 1));
    return pl_str_eq(p, s);
}

static bool trusted(const struct pl_lint *l, struct pl_str image)
{
    struct pl_df_ref r = pl_df_ref_split(image);
    for (size_t i = 0; i < l->o->n_trusted; i++) {
        struct pl_str t = l->o->trusted[i];
        if (pattern(t, r.registry.n ? r.registry : PL_S("docker.io")))
            return true;
        if (!r.registry.n && pl_str_is(t, "hub.docker.com"))
            return true;
    }
    return !l->o->n_trusted;
}

static void registries(struct pl_lint *l)
{
    struct from f;
    struct pl_df_mount m;
    if (!l->o->n_trusted)
        return;
    for (size_t s = 0; s < l->p->n_stages; s++) {
        if (!read_from(l, s, &f) || earlier_name(l, s, f.image) || pl_str_is(f.image, "scratch"))
            continue;
        if (!trusted(l, f.image))
            pl_lint_at_arg(l, "DL3026", &l->in[pl_lint_from(l, s)], &f.n->args[0]);
    }
    for (size_t i = 0; i < l->n; i++) {
        const struct pl_lint_in *in = &l->in[i];
        struct pl_str from = in->n->cmd == PL_DF_COPY ? pl_df_flag(in->n, "from", NULL) : PL_S("");
        size_t known = in->stage == SIZE_MAX ? 0 : in->stage + 1;
        uint64_t num;
        if (from.n && !earlier_name(l, known, from) && !pl_str_u64(from, &num) && !trusted(l, from))
            pl_lint_at_node(l, "DL3026", i);
        for (size_t k = 0; k < in->n->n_flags && in->n->cmd == PL_DF_RUN; k++)
            if (pl_df_mount(l->a, in->n, k, &m) && m.from.n && !earlier_name(l, known, m.from) &&
                (pl_str_is(m.type, "bind") || pl_str_is(m.type, "cache")) && !trusted(l, m.from))
                pl_lint_at_node(l, "DL3026", i);
    }
}

static void tags(struct pl_lint *l, size_t s, const struct from *f)
{
    const struct pl_lint_in *in = &l->in[pl_lint_from(l, s)];
    const struct pl_df_arg *arg = &f->n->args[0];
    bool digest = memchr(f->image.p, '@', f->image.n) != NULL;
    bool tag = f->ref.tag.n > 0, var = f->ref.path.n && f->ref.path.p[0] == '$';
    if (earlier_name(l, s, f->image) || pl_str_is(f->image, "scratch"))
        return;
    if (!tag && !digest && !var)
        pl_lint_at_arg(l, "DL3006", in, arg);
    if (pl_str_is(f->ref.tag, "latest") && !digest)
        pl_lint_at_arg(l, "DL3007", in, arg);
    if (tag && !digest && !pl_str_is(f->ref.tag, "latest") &&
        !memchr(f->image.p, '$', f->image.n)) {
        uint32_t off = pl_df_src(&f->n->text, arg->at);
        pl_lint_rule(l, PL_RULE_D103, in->index, off, off + (uint32_t)arg->s.n);
    }
    struct pl_str image = pl_lint_unquote(l->p->stages[s].image_default);
    struct pl_df_ref ref = pl_df_ref_split(image);
    bool full = image.n && !memchr(image.p, '$', image.n) && !memchr(image.p, '@', image.n);
    if (memchr(f->image.p, '$', f->image.n) && full && ref.path.n && ref.tag.n &&
        !pl_str_is(ref.tag, "latest") && l->p->stages[s].base == SIZE_MAX) {
        uint32_t off = pl_df_src(&f->n->text, arg->at);
        pl_lint_rule(l, PL_RULE_D103, in->index, off, off + (uint32_t)arg->s.n);
    }
}

/* The default of an ARG of an earlier stage, which trivy takes. */
static struct pl_str stage_default(struct pl_lint *l, size_t i, struct pl_str image)
{
    struct pl_str name = pl_str_sub(image, 1, SIZE_MAX);
    if (name.p[0] == '{' && name.p[name.n - 1] == '}')
        name = pl_str_sub(name, 1, name.n - 2);
    while (i-- > 0 && pl_lint_work(l, 1))
        for (size_t k = 0; k < l->in[i].n->n_args && l->in[i].n->cmd == PL_DF_ARG; k++) {
            struct pl_str v = l->in[i].n->args[k].s, key;
            pl_str_split(&v, '=', &key);
            if (pl_str_eq(key, name))
                return v.p ? pl_lint_unquote(v) : PL_S("");
        }
    return PL_S("");
}

/* trivy and checkov look at the name after the defaults of ARGs. */
static void expanded_tags(struct pl_lint *l, size_t s, const struct from *f)
{
    const struct pl_df_stage *st = &l->p->stages[s];
    const struct pl_lint_in *in = &l->in[pl_lint_from(l, s)];
    struct pl_str image = pl_lint_unquote(st->image_default);
    if (!image.n && f->image.n > 1 && f->image.p[0] == '$')
        image = stage_default(l, in->index, f->image);
    uint32_t off = pl_df_src(&f->n->text, f->n->args[0].at);
    uint32_t end = off + (uint32_t)f->n->args[0].s.n;
    if (!image.n || image.p[0] == '$' || st->base != SIZE_MAX || pl_str_is(image, "scratch"))
        return;
    struct pl_df_ref r = pl_df_ref_split(image);
    bool open = !r.tag.n && image.p[image.n - 1] != ':';
    if (memchr(image.p, '@', image.n) || (!open && !pl_str_is(r.tag, "latest")))
        return;
    if (!r.path.n)
        return;
    enum pl_rule_id rule = open ? PL_RULE_D101 : PL_RULE_D102;
    pl_lint_code_as(l, "DS-0001", rule, in->index, off, end);
    pl_lint_code_as(l, "CKV_DOCKER_7", rule, in->index, off, end);
    if (!open)
        pl_lint_code_as(l, "DKL-DI-0006", rule, in->index, off, end);
}

static void platform(struct pl_lint *l, size_t s, const struct from *f)
{
    const struct pl_df_arg *arg;
    struct pl_str v = pl_df_flag(f->n, "platform", &arg);
    const struct pl_lint_in *in = &l->in[pl_lint_from(l, s)];
    if (!v.n)
        return;
    if (!pl_lint_has(v, "BUILDPLATFORM") && !pl_lint_has(v, "TARGETPLATFORM"))
        pl_lint_at_arg(l, "DL3029", in, arg);
    if (pl_str_is(v, "$TARGETPLATFORM") || pl_str_is(v, "${TARGETPLATFORM}"))
        pl_lint_at_arg(l, "DL3065", in, arg);
}

static void names(struct pl_lint *l, size_t s, const struct from *f)
{
    const struct pl_lint_in *in = &l->in[pl_lint_from(l, s)];
    if (!f->name.n)
        return;
    const struct pl_df_arg *arg = &f->n->args[2];
    if (pl_str_is(f->name, "scratch") || pl_str_is(f->name, "context"))
        pl_lint_at_arg(l, "DL3063", in, arg);
    if (earlier_name(l, s, f->name)) {
        pl_lint_at_arg(l, "DL3024", in, arg);
        pl_lint_at_arg(l, "DS-0012", in, arg);
        pl_lint_at_arg(l, "CKV_DOCKER_11", in, arg);
    }
}

static void before_from(struct pl_lint *l)
{
    for (size_t i = 0; i < l->n && l->in[i].stage == SIZE_MAX; i++) {
        enum pl_df_cmd c = l->in[i].top->cmd;
        if (l->p->n_stages && c != PL_DF_ARG && c != PL_DF_UNKNOWN)
            pl_lint_at_node(l, "DL3061", i);
    }
    for (size_t i = 0; i < l->n; i++) {
        const struct pl_df_node *t = l->in[i].top;
        if (t->cmd == PL_DF_ONBUILD && t->child &&
            (t->child->cmd == PL_DF_ONBUILD || t->child->cmd == PL_DF_FROM ||
             t->child->cmd == PL_DF_MAINTAINER))
            pl_lint_at_node(l, "DL3043", i);
    }
}

static void run(struct pl_lint *l)
{
    struct from f;
    for (size_t s = 0; s < l->p->n_stages; s++) {
        if (!read_from(l, s, &f))
            continue;
        tags(l, s, &f);
        expanded_tags(l, s, &f);
        platform(l, s, &f);
        names(l, s, &f);
    }
    registries(l);
    before_from(l);
}

const struct pl_check pl_check_base = { "base", run };
