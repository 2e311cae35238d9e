/* Bases that get no updates any more, and bases for another machine. formats/dockerfile.md 7. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cleanup.h"
#include "check/check.h"

static const struct {
    const char *image, *tag, *date;
} ends[] = {
#define PL_EOL(image, tag, date) { image, tag, date },
#include "check/eol.inc"
#undef PL_EOL
};

/* Is `tag` the release `what`, or a form of it ("3.1-slim", "3.1.4")? */
static bool release(struct pl_str tag, struct pl_str what)
{
    if (!pl_str_starts(tag, what))
        return false;
    char next = tag.n > what.n ? tag.p[what.n] : '-';
    return next == '-' || next == '.' || next == '_';
}

static bool word_in_tag(struct pl_str tag, struct pl_str what)
{
    struct pl_str word;
    while (pl_str_split(&tag, '-', &word))
        if (pl_str_eq(word, what))
            return true;
    return false;
}

static struct pl_str official(struct pl_df_ref r)
{
    struct pl_str p = r.path;
    if (r.registry.n && !pl_str_is(r.registry, "docker.io"))
        return PL_S("");
    if (pl_str_starts(p, PL_S("library/")))
        p = pl_str_sub(p, 8, SIZE_MAX);
    return p.n && memchr(p.p, '/', p.n) ? PL_S("") : p;
}

static void age(struct pl_lint *l, size_t s, struct pl_df_ref r, uint32_t off, uint32_t end)
{
    struct pl_str name = official(r);
    if (!name.n || !r.tag.n || l->o->today.n != 10)
        return;
    for (size_t i = 0; i < PL_COUNT(ends); i++) {
        struct pl_str what = pl_str_c(ends[i].tag);
        bool any = ends[i].image[0] == '*';
        if (!(any ? word_in_tag(r.tag, what)
                  : pl_str_is(name, ends[i].image) && release(r.tag, what)))
            continue;
        if (pl_str_cmp(pl_str_c(ends[i].date), l->o->today) >= 0)
            continue;
        struct pl_lint_hit *h = pl_lint_rule(l, PL_RULE_D109, pl_lint_from(l, s), off, end);
        h->detail = pl_printf(l->a, "%s %s ended on %s", any ? "support of" : ends[i].image,
                              ends[i].tag, ends[i].date);
        return;
    }
}

/* Repositories of one machine each, beside a platform that is another one. */
static void machine(struct pl_lint *l, size_t s, struct pl_df_ref r, uint32_t off, uint32_t end)
{
    static const char *const repos[][2] = {
        { "amd64/", "amd64" },       { "arm64v8/", "arm64" },   { "arm32v7/", "arm" },
        { "arm32v6/", "arm" },       { "arm32v5/", "arm" },     { "i386/", "386" },
        { "s390x/", "s390x" },       { "ppc64le/", "ppc64le" }, { "riscv64/", "riscv64" },
        { "mips64le/", "mips64le" },
    };
    struct pl_str os, arch, asked = l->p->stages[s].platform;
    if (!asked.n || memchr(asked.p, '$', asked.n) || !pl_df_platform(asked, &os, &arch) || !arch.n)
        return;
    for (size_t i = 0; i < PL_COUNT(repos); i++)
        if (pl_str_starts(r.path, pl_str_c(repos[i][0])) && !pl_str_is(arch, repos[i][1]))
            pl_lint_rule(l, PL_RULE_D108, pl_lint_from(l, s), off, end)->detail =
                pl_printf(l->a, "%s, not %.*s", repos[i][1], PL_FMT(arch));
}

static void run(struct pl_lint *l)
{
    for (size_t s = 0; s < l->p->n_stages; s++) {
        const struct pl_df_stage *st = &l->p->stages[s];
        const struct pl_df_node *n = &l->f->nodes[st->from];
        if (st->base != SIZE_MAX || st->scratch || !n->n_args || !st->image.n)
            continue;
        uint32_t off = pl_df_src(&n->text, n->args[0].at);
        struct pl_df_ref r = pl_df_ref_split(st->image);
        age(l, s, r, off, off + (uint32_t)n->args[0].s.n);
        machine(l, s, r, off, off + (uint32_t)n->args[0].s.n);
    }
}

const struct pl_check pl_check_age = { "age", run };
