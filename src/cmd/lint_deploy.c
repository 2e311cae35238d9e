/* Compose files and Kubernetes manifests in `lint`. formats/hardening.md section 6. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "base/hash.h"
#include "check/deploy/deploy.h"
#include "cmd/lint_deploy.h"
#include "cmd/lint_edits.h"
#include "sandbox/sandbox.h"
#include "scan/facts.h"
#include "scan/scan.h"

static bool named_yaml(struct pl_str path)
{
    return pl_str_ends(path, PL_S(".yml")) || pl_str_ends(path, PL_S(".yaml"));
}

/* Both marks of a manifest at the start of a line, or services of a compose file. */
static bool looks_like(struct pl_str text)
{
    struct pl_str line;
    bool version = false, kind = false;
    while (text.p && pl_str_split(&text, '\n', &line)) {
        version |= pl_str_starts(line, PL_S("apiVersion:"));
        kind |= pl_str_starts(line, PL_S("kind:"));
        if ((version && kind) || pl_str_starts(line, PL_S("services:")))
            return true;
    }
    return false;
}

static struct pl_names aliases(struct pl_arena *a, const char *list)
{
    struct pl_names out = { pl_alloc_n(a, 4, sizeof *out.p), 0 };
    struct pl_str rest = pl_str_c(list), word;
    while (rest.n && out.n < 4 && pl_str_split(&rest, ' ', &word))
        out.p[out.n++] = word; /* static */
    return out;
}

/* Where the lines of a text begin. */
struct lines {
    struct pl_str text;
    uint32_t *start;
    uint32_t n;
};

static struct lines lines_of(struct pl_arena *a, struct pl_str text)
{
    struct lines l = { .text = text };
    size_t n = 1;
    for (size_t i = 0; i < text.n; i++)
        n += text.p[i] == '\n';
    l.start = pl_alloc_n(a, n, sizeof *l.start);
    l.n = 1;
    for (size_t i = 0; i < text.n; i++)
        if (text.p[i] == '\n')
            l.start[l.n++] = (uint32_t)i + 1;
    return l;
}

/* A place in the text, as edits are told: line and column in characters. */
static void edit_place(const void *arg, uint32_t off, uint32_t *line, uint32_t *col)
{
    const struct lines *l = arg;
    uint32_t from = 0, to = l->n;
    while (to - from > 1) {
        uint32_t mid = from + (to - from) / 2;
        *(l->start[mid] <= off ? &from : &to) = mid;
    }
    *line = from + 1;
    *col = 1;
    for (uint32_t i = l->start[from]; i < off; i++)
        *col += ((unsigned char)l->text.p[i] & 0xC0u) != 0x80;
}

static struct pl_str line_at(const struct lines *l, uint32_t line)
{
    if (!line || line > l->n)
        return PL_S("");
    uint32_t end = line < l->n ? l->start[line] - 1 : (uint32_t)l->text.n;
    return pl_str_sub(l->text, l->start[line - 1], end - l->start[line - 1]);
}

static void give(struct pl_lint_run *r, struct pl_str path, const struct lines *lines,
                 const struct pl_deploy_hit *h, struct pl_finding *f)
{
    const struct pl_deploy_rule *rule = &pl_deploy_rules[h->rule];
    uint8_t sum[32];
    char hex[65];
    *f = (struct pl_finding){ .kind = PL_KIND_CONFIG,
                              .rule = pl_str_c(rule->name),
                              .severity = h->severity,
                              .aliases = aliases(r->a, rule->aliases),
                              .why = pl_str_c(rule->why),
                              .fix = pl_str_c(rule->fix),
                              .span = { PL_NEVER, PL_NEVER, PL_HOW_NONE, true } };
    f->title = pl_printf(r->a, "%s: %.*s", rule->title, PL_FMT(h->detail));
    f->where = (struct pl_where){ .surface = PL_SURF_FILE,
                                  .path = path,
                                  .line = h->line,
                                  .col = h->col,
                                  .end_line = h->end_line,
                                  .end_col = h->end_col };
    struct pl_str line = line_at(lines, h->line);
    struct pl_str key = pl_printf(&r->scratch, "deploy%c%s%c%.*s%c%.*s%c%.*s", 0, rule->name, 0,
                                  PL_FMT(path), 0, PL_FMT(pl_str_trim(line)), 0, PL_FMT(h->detail));
    pl_sha256(key.p, key.n, sum);
    pl_hex(sum, 32, hex);
    f->print = pl_dup(r->a, pl_str_n(hex, 64));
    pl_lint_tell_edits(r->a, h->fix_class, h->edits, h->n_edits, edit_place, lines, f);
}

static bool wanted(const struct pl_lint_run *r, const struct pl_deploy_hit *h)
{
    const struct pl_opt_list *only = &r->o->only;
    for (size_t i = 0; i < only->n; i++) {
        struct pl_str rest = pl_str_c(only->p[i]), word;
        while (pl_str_split(&rest, ',', &word))
            if (pl_str_is(word, pl_deploy_rules[h->rule].name))
                return true;
    }
    return !only->n;
}

/* --- images that manifests name --- */

/* "docker.io/library/x:1" and "x:1" are one name; a digest behind it does not count. */
static struct pl_str bare_name(struct pl_str s)
{
    static const char *const heads[] = { "index.docker.io/", "docker.io/", "library/" };
    s = pl_str_sub(s, 0, pl_str_find(s, PL_S("@"), 0));
    for (size_t i = 0; i < sizeof heads / sizeof *heads; i++)
        if (pl_str_starts(s, pl_str_c(heads[i])))
            s = pl_str_sub(s, strlen(heads[i]), SIZE_MAX);
    return pl_str_ends(s, PL_S(":latest")) ? pl_str_sub(s, 0, s.n - 7) : s;
}

static int read_advice(struct pl_lint_run *r, struct pl_lint_image *x, struct pl_err *err)
{
    struct pl_scan_opts o = { 0 };
    struct pl_scan *s = NULL;
    struct pl_rules *rules = NULL;
    struct pl_hardened *h = NULL;
    size_t n = 0;
    pl_limits_init(&o.limits);
    int e = pl_sandbox_mode_of(NULL, &o.sandbox, err);
    if (e == 0)
        e = pl_rules_builtin(&rules, err);
    if (e == 0)
        e = pl_scan_new(&o, rules, &s, err);
    if (e == 0)
        e = pl_scan_harden(s, pl_dup(r->a, x->target).p, r->a, &h, &n, err);
    pl_scan_free(s);
    pl_rules_free(rules);
    if (e < 0 || !n)
        return e < 0 ? e : pl_fail(err, PL_E_USAGE, "no image");
    x->advice = &h->verdict.advice;
    x->failed = !h->complete; /* less was read than there is: the advice may lack something */
    return 0;
}

static const struct pl_advice *advice(void *arg, struct pl_str name)
{
    struct pl_lint_run *r = arg;
    struct pl_err err = { 0 };
    for (size_t i = 0; i < r->n_image; i++) {
        struct pl_lint_image *x = &r->image[i];
        if (!pl_str_eq(bare_name(x->name), bare_name(name)) && !pl_str_eq(x->name, name))
            continue;
        if (!x->read && read_advice(r, x, &err) < 0) {
            fprintf(stderr, "plimsoll lint: --image %.*s: %s\n", PL_FMT(x->name), err.msg);
            x->failed = true;
            r->bad_input = true;
        }
        x->read = true;
        return x->advice;
    }
    return NULL;
}

static bool images_failed(const struct pl_lint_run *r)
{
    bool failed = false;
    for (size_t i = 0; i < r->n_image; i++)
        failed |= r->image[i].failed;
    return failed;
}

static void note(struct pl_lint_run *r, struct pl_target *t, const char *code, const char *message)
{
    t->notes = PL_NEW(r->a, struct pl_note);
    t->n_notes = 1;
    t->notes[0] = (struct pl_note){ .scope = PL_SCOPE_UNIT,
                                    .where = t->name,
                                    .code = pl_str_c(code),
                                    .message = pl_dup(r->a, pl_str_c(message)),
                                    .incomplete = true };
    t->complete = false;
}

static void mended(void *arg, const struct pl_deploy_hit *h)
{
    struct pl_lint_run *r = arg;
    r->mended_deploy[h->rule]++;
}

/* Writes what can be mended; `text` is then the new one. */
static int mend(struct pl_lint_run *r, const char *path, const struct pl_deploy_opts *o,
                struct pl_str *text)
{
    struct pl_str after;
    const struct pl_deploy_log log = { mended, r };
    if (r->fix == PL_FIX_NONE)
        return 0;
    int code = pl_lint_find_lock(r, path);
    if (code)
        return code;
    int e = pl_deploy_mend(&r->scratch, *text, o, r->fix, &after, &log, NULL);
    if (e < 0 || pl_str_eq(*text, after))
        return 0; /* what is wrong is told when the file is judged */
    code = pl_lint_put(r, path, *text, after);
    *text = after;
    return code;
}

bool pl_lint_deploy(struct pl_lint_run *r, const char *file, struct pl_str path, struct pl_str text,
                    struct pl_target *t, int *ret_code)
{
    struct pl_deploy_result x;
    struct pl_limits limits;
    struct pl_err err = { 0 };
    if (!named_yaml(path) && !looks_like(text))
        return false;
    pl_limits_init(&limits);
    struct pl_deploy_opts o = { .limits = &limits,
                                .trusted = r->trusted,
                                .n_trusted = r->lo.n_trusted,
                                .secret = pl_lint_is_secret,
                                .secret_arg = r,
                                .image = advice,
                                .image_arg = r,
                                .source = r->lo.source };
    *ret_code = mend(r, file, &o, &text);
    if (*ret_code)
        return true;
    o.fixes = pl_lint_tells_fixes(r);
    int e = pl_deploy_lint(&r->scratch, text, &o, &x, &err);
    if (e < 0 && pl_str_find(text, PL_S("{{"), 0) != SIZE_MAX) {
        note(r, t, "template", "a template: what it makes is not read; lint the output");
        return true;
    }
    if (e < 0) {
        fprintf(stderr, "plimsoll lint: %.*s: %s\n", PL_FMT(path), err.msg);
        note(r, t, e == PL_E_LIMIT ? "limit" : "not-yaml", err.msg);
        r->bad_input |= e != PL_E_LIMIT;
        return true;
    }
    if (x.form == PL_DEPLOY_NONE) {
        fprintf(stderr, "plimsoll lint: %.*s: neither a compose file nor a manifest\n",
                PL_FMT(path));
        note(r, t, "not-a-manifest", "neither a compose file nor a manifest");
        r->bad_input = true;
        return true;
    }
    if (x.templated)
        note(r, t, "template", "a template: what it makes is not read; lint the output");
    if (images_failed(r))
        note(r, t, "image", "an image could not be read whole; what it needs is not known");
    t->kind = x.form == PL_DEPLOY_COMPOSE ? PL_S("compose") : PL_S("kubernetes");
    if (o.fixes)
        pl_deploy_prove(text, &o, &x);
    t->findings = pl_alloc_n(r->a, x.n + 1, sizeof *t->findings);
    struct lines lines = lines_of(&r->scratch, text);
    for (size_t i = 0; i < x.n; i++)
        if (wanted(r, &x.hits[i]))
            give(r, path, &lines, &x.hits[i], &t->findings[t->n_findings++]);
    return true;
}
