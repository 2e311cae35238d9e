/* plimsoll explain of the rules that judge Dockerfiles, images and manifests: what, why, an
 * example, the fix, and the controls they stand for. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/explain_check.h"

#include "base/cleanup.h"
#include "check/deploy/deploy.h"
#include "check/image/judge.h"
#include "check/lint.h"
#include "model/controls.h"

/* One rule of any of the three lists. */
struct entry {
    const char *name, *title, *why, *fix;
    enum pl_severity severity;
    enum pl_kind kind;
    const char *bad, *good; /* or NULL */
    struct pl_str aliases;
};

static void field(struct pl_buf *out, const char *label, struct pl_str value)
{
    if (value.n)
        pl_buf_printf(out, "  %-10s%.*s\n", label, PL_FMT(value));
}

/* Each line of an example under the label. */
static void example(struct pl_buf *out, const char *label, const char *text)
{
    struct pl_str rest = pl_str_c(text ? text : ""), line;
    for (bool first = true; rest.n && pl_str_split(&rest, '\n', &line); first = false)
        pl_buf_printf(out, "  %-10s%.*s\n", first ? label : "", PL_FMT(line));
}

static void show(const struct entry *e, struct pl_buf *out)
{
    struct pl_arena a = { 0 };
    struct pl_names ids = pl_controls_of(&a, pl_str_c(e->name), e->kind);
    pl_auto_buf struct pl_buf list = { 0 };
    for (size_t i = 0; i < ids.n; i++)
        pl_buf_printf(&list, "%s%.*s", i ? ", " : "", PL_FMT(ids.p[i]));
    pl_buf_printf(out, "%s  %s\n", e->name, pl_severity_name(e->severity));
    pl_buf_printf(out, "  %s\n", e->title);
    field(out, "why", pl_str_c(e->why));
    field(out, "fix", pl_str_c(e->fix));
    example(out, "bad", e->bad);
    example(out, "good", e->good);
    field(out, "aliases", e->aliases);
    field(out, "controls", pl_buf_str(&list));
    pl_arena_release(&a);
}

static struct entry of_lint(enum pl_rule_id id, struct pl_buf *codes)
{
    const struct pl_lint_rule *r = &pl_lint_rules[id];
    const struct pl_lint_example *x = &pl_lint_examples[id];
    for (size_t i = 0; i < pl_lint_n_codes; i++)
        if (pl_lint_codes[i].rule == id)
            pl_buf_printf(codes, "%s%s", codes->n ? ", " : "", pl_lint_codes[i].name);
    return (struct entry){ r->name, r->title,    r->why,
                           r->fix,  r->severity, PL_KIND_DOCKERFILE,
                           x->bad,  x->good,     pl_buf_str(codes) };
}

static struct entry of_image(enum pl_img_rule_id id)
{
    const struct pl_img_rule *r = &pl_img_rules[id];
    return (struct entry){ r->name, r->title,    r->why,
                           r->fix,  r->severity, r->kind,
                           NULL,    NULL,        pl_str_c(r->aliases) };
}

static struct entry of_deploy(enum pl_deploy_rule_id id)
{
    const struct pl_deploy_rule *r = &pl_deploy_rules[id];
    return (struct entry){ r->name, r->title,    r->why,
                           r->fix,  r->severity, PL_KIND_CONFIG,
                           NULL,    NULL,        pl_str_c(r->aliases) };
}

static bool one_of(const char *aliases, const char *id)
{
    struct pl_str rest = pl_str_c(aliases), word;
    while (rest.n && pl_str_split(&rest, ' ', &word))
        if (pl_str_is(word, id))
            return true;
    return false;
}

bool pl_explain_check(const char *id, struct pl_buf *out)
{
    pl_auto_buf struct pl_buf codes = { 0 };
    struct pl_arena a = { 0 };
    struct pl_str code = pl_str_c(id);
    if (pl_str_starts(code, PL_S("PL-S"))) /* of the shell */
        code = pl_printf(&a, "SC%s", id + 4);
    const struct pl_lint_code *c = pl_lint_code_find(code);
    pl_arena_release(&a);
    bool found = false;
    for (size_t i = 0; i < PL_RULE_COUNT && !found; i++)
        if (c ? c->rule == i : strcmp(pl_lint_rules[i].name, id) == 0) {
            struct entry e = of_lint((enum pl_rule_id)i, &codes);
            show(&e, out);
            found = true;
        }
    for (size_t i = 0; i < PL_IMG_RULE_COUNT; i++) /* a code may speak of file and image */
        if (strcmp(pl_img_rules[i].name, id) == 0 || one_of(pl_img_rules[i].aliases, id)) {
            struct entry e = of_image((enum pl_img_rule_id)i);
            show(&e, out);
            found = true;
        }
    for (size_t i = 0; i < PL_DEPLOY_RULE_COUNT; i++)
        if (strcmp(pl_deploy_rules[i].name, id) == 0 || one_of(pl_deploy_rules[i].aliases, id)) {
            struct entry e = of_deploy((enum pl_deploy_rule_id)i);
            show(&e, out);
            found = true;
        }
    return found;
}

static void line(struct pl_buf *out, const struct entry *e)
{
    pl_buf_printf(out, "%-44s %-9s %s\n", e->name, pl_severity_name(e->severity), e->title);
}

void pl_explain_checks(struct pl_buf *out)
{
    for (size_t i = 0; i < PL_RULE_COUNT; i++) {
        pl_auto_buf struct pl_buf codes = { 0 };
        struct entry e = of_lint((enum pl_rule_id)i, &codes);
        line(out, &e);
    }
    for (size_t i = 0; i < PL_IMG_RULE_COUNT; i++) {
        struct entry e = of_image((enum pl_img_rule_id)i);
        line(out, &e);
    }
    for (size_t i = 0; i < PL_DEPLOY_RULE_COUNT; i++) {
        struct entry e = of_deploy((enum pl_deploy_rule_id)i);
        line(out, &e);
    }
}
