/* Ignore entries as tables: our own [[ignore]], and osv-scanner's [[IgnoredVulns]]. ux.md
 * section 4. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cleanup.h"
#include "fmt/toml.h"
#include "policy/ignores.h"

#define DATE 10u /* "2027-03-31" */

struct reading {
    struct pl_ignores *g;
    struct pl_ignore e;
    bool theirs;
    struct pl_err *err;
};

static int bad(struct reading *r, const struct pl_toml *v, const char *what)
{
    return pl_fail(r->err, PL_E_USAGE, "%.*s:%u: %s", PL_FMT(r->e.file), pl_toml_line(v), what);
}

/* A day as text or as TOML's own. */
static int until(struct reading *r, const struct pl_toml *v)
{
    struct pl_str s = pl_toml_str(v);
    if (!s.n)
        s = pl_toml_time(v, r->g->a);
    s = pl_str_sub(s.p ? s : PL_S(""), 0, DATE);
    if (s.n != DATE || s.p[4] != '-' || s.p[7] != '-')
        return bad(r, v, "a day is needed, as 2027-03-31");
    r->e.until = pl_dup(r->g->a, s);
    return 0;
}

static int key(void *arg, struct pl_str name, const struct pl_toml *v)
{
    struct reading *r = arg;
    const struct {
        const char *name;
        struct pl_str *to;
        bool theirs;
    } texts[] = {
        { "fingerprint", &r->e.print, false },
        { "rule", &r->e.rule, false },
        { "path", &r->e.path, false },
        { "layer", &r->e.layer, false },
        { "package", &r->e.package, false },
        { "reason", &r->e.reason, false },
        { "id", &r->e.rule, true },
        { "reason", &r->e.reason, true },
    };
    if (pl_str_is(name, r->theirs ? "ignoreUntil" : "until"))
        return until(r, v);
    for (size_t i = 0; i < PL_COUNT(texts); i++) {
        if (texts[i].theirs != r->theirs || !pl_str_is(name, texts[i].name))
            continue;
        struct pl_str s = pl_toml_str(v);
        if (!s.n)
            return bad(r, v, "a text is needed");
        *texts[i].to = pl_dup(r->g->a, s);
        return 0;
    }
    return r->theirs ? 0
                     : bad(r, v,
                           "an ignore entry has fingerprint, rule, path, layer, package, reason "
                           "and until");
}

static int tables(struct reading *r, const struct pl_toml *list)
{
    int x = 0;
    for (size_t i = 0; x == 0 && i < pl_toml_len(list); i++) {
        const struct pl_toml *t = pl_toml_at(list, i);
        struct pl_str file = r->e.file;
        r->e = (struct pl_ignore){
            .file = file, .at = pl_toml_line(t), .ours = true, .selects = true
        };
        x = pl_toml_each(t, key, r);
        const struct pl_ignore *e = &r->e;
        if (x == 0 && !e->print.n && !e->rule.n && !e->path.n && !e->layer.n && !e->package.n)
            x = bad(r, t, "an ignore entry without anything to match would ignore everything");
        if (x == 0 && e->print.n && e->print.n < 8)
            x = bad(r, t, "a fingerprint has 8 digits or more");
        if (x == 0 && !e->reason.n && !r->theirs)
            x = bad(r, t, "an ignore entry needs a reason");
        if (x == 0)
            pl_vec_push(&r->g->list, *e);
    }
    return x;
}

int pl_ignores_read_toml(struct pl_ignores *g, const char *name, struct pl_str text,
                         struct pl_err *err)
{
    struct pl_toml *root = NULL;
    struct reading r = { .g = g, .e = { .file = pl_dup(g->a, pl_str_c(name)) }, .err = err };
    int x = pl_toml_parse(text, name, &root, err);
    if (x == 0)
        x = tables(&r, pl_toml_get(root, "ignore"));
    r.theirs = true;
    if (x == 0)
        x = tables(&r, pl_toml_get(root, "IgnoredVulns"));
    pl_toml_free(root);
    return x;
}
