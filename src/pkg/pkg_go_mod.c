/* Go: go.mod (go.dev/ref/mod), go.sum, vendor/modules.txt. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "base/map.h"
#include "pkg/pkg_int.h"

struct module {
    struct pl_str path, version;
    struct pl_str to_path, to_version; /* the replacement */
    bool replaced, gone;
    struct module *next;
};

struct mod {
    struct pl_pkg_sink *s;
    struct pl_map by_path; /* path -> struct module * */
    struct module *first, **end;
    struct pl_str go, toolchain;
};

static struct pl_str word(struct pl_str *s)
{
    struct pl_str w;
    *s = pl_str_trim(*s);
    size_t i = 0;
    while (i < s->n && s->p[i] != ' ' && s->p[i] != '\t')
        i++;
    w = pl_pkg_unquote(pl_str_sub(*s, 0, i));
    *s = pl_str_trim(pl_str_sub(*s, i, s->n));
    return w;
}

static void require(struct mod *m, struct pl_str line)
{
    struct module *x = PL_NEW(m->s->a, struct module);
    x->path = word(&line);
    x->version = word(&line);
    if (!x->path.n || !x->version.n)
        return;
    void **at = pl_map_put(&m->by_path, x->path);
    x->next = NULL;
    if (*at) { /* the same path with several versions: each is looked at */
        struct module *old = *at;
        if (pl_str_eq(old->version, x->version))
            return;
    }
    *at = x;
    *m->end = x;
    m->end = &x->next;
}

/* "old [v] => new [v]" */
static void replace(struct mod *m, struct pl_str line)
{
    struct pl_str path = word(&line), version = { "", 0 }, w = word(&line);
    if (!pl_str_is(w, "=>")) {
        version = w;
        w = word(&line);
    }
    struct pl_str to = word(&line), to_version = word(&line);
    if (!pl_str_is(w, "=>") || !to.n)
        return;
    for (struct module *x = m->first; x; x = x->next) {
        if (!pl_str_eq(x->path, path) || (version.n && !pl_str_eq(x->version, version)))
            continue;
        x->replaced = true;
        x->to_path = to;
        x->to_version = to_version;
        x->gone = !to_version.n; /* a folder */
    }
}

static void directive(struct mod *m, struct pl_str verb, struct pl_str line, bool second)
{
    if (second) {
        if (pl_str_is(verb, "replace"))
            replace(m, line);
        return;
    }
    if (pl_str_is(verb, "require"))
        require(m, line);
    else if (pl_str_is(verb, "go"))
        m->go = word(&line);
    else if (pl_str_is(verb, "toolchain"))
        m->toolchain = word(&line);
}

/* `second`: replacements, once everything that is required is known */
static void pass(struct mod *m, struct pl_str text, bool second)
{
    struct pl_str line, block = { "", 0 };
    while (pl_pkg_line(&text, &line)) {
        size_t comment = pl_str_find(line, PL_S("//"), 0);
        line = pl_str_trim(pl_str_sub(line, 0, comment));
        if (!line.n)
            continue;
        if (block.n) {
            if (line.p[0] == ')')
                block.n = 0;
            else
                directive(m, block, line, second);
            continue;
        }
        struct pl_str verb = word(&line);
        if (pl_str_ends(verb, PL_S("("))) { /* "require(" */
            block = pl_str_sub(verb, 0, verb.n - 1);
        } else if (line.n && line.p[0] == '(') {
            block = verb;
        } else {
            directive(m, verb, line, second);
        }
    }
}

static bool mod_wants(struct pl_str path, struct pl_str head)
{
    (void)head;
    return pl_pkg_is(path, "go.mod");
}

static int mod_run(struct pl_str path, struct pl_str text, struct pl_pkg_sink *s,
                   struct pl_err *err)
{
    struct mod m = { .s = s, .by_path = { .a = s->a } };
    (void)path;
    (void)err;
    m.end = &m.first;
    pass(&m, text, false);
    pass(&m, text, true);
    for (struct module *x = m.first; x; x = x->next)
        if (!x->gone)
            pl_pkg_put_path(s, "golang", x->replaced ? x->to_path : x->path,
                            x->replaced ? x->to_version : x->version, PL_PKG_LOCK);
    if (m.toolchain.n && pl_str_starts(m.toolchain, PL_S("go")))
        pl_pkg_put(s, "golang", PL_S(""), PL_S("stdlib"),
                   pl_str_sub(m.toolchain, 2, pl_str_find(m.toolchain, PL_S("-"), 0) - 2),
                   PL_PKG_LOCK);
    else if (m.go.n)
        pl_pkg_put(s, "golang", PL_S(""), PL_S("stdlib"), m.go, PL_PKG_LOCK);
    pl_map_release(&m.by_path);
    return 0;
}

/* ---- go.sum: counts beside a go.mod of before 1.17, which names direct modules only ---- */

static bool sum_wants(struct pl_str path, struct pl_str head)
{
    (void)head;
    return pl_pkg_is(path, "go.sum");
}

/* "path version h1:…" and "path version/go.mod h1:…" in order: the last of a module is its newest
 */
static int sum_run(struct pl_str path, struct pl_str text, struct pl_pkg_sink *s,
                   struct pl_err *err)
{
    struct pl_str line, name = { "", 0 }, version = { "", 0 };
    (void)path;
    (void)err;
    while (pl_pkg_line(&text, &line)) {
        struct pl_str p = word(&line), v = word(&line);
        if (!line.n || pl_str_ends(v, PL_S("/go.mod")))
            continue;
        if (name.n && !pl_str_eq(p, name))
            pl_pkg_put_path(s, "golang", name, version, PL_PKG_LOCK | PL_PKG_WEAK);
        name = p;
        version = v;
    }
    if (name.n)
        pl_pkg_put_path(s, "golang", name, version, PL_PKG_LOCK | PL_PKG_WEAK);
    return 0;
}

/* ---- vendor/modules.txt ---- */

static bool vendor_wants(struct pl_str path, struct pl_str head)
{
    (void)head;
    return pl_pkg_tail(path, "vendor/modules.txt");
}

struct vendored {
    struct pl_str path, version;
};

static void finish(struct pl_pkg_sink *s, struct vendored *v)
{
    if (v->path.n && v->version.n)
        pl_pkg_put_path(s, "golang", v->path, v->version, PL_PKG_LOCK);
    *v = (struct vendored){ .path = { "", 0 } };
}

/* "# path version [=> path version]", then the packages of it */
static int vendor_run(struct pl_str path, struct pl_str text, struct pl_pkg_sink *s,
                      struct pl_err *err)
{
    struct vendored v = { .path = { "", 0 } };
    struct pl_str line;
    (void)path;
    (void)err;
    while (pl_pkg_line(&text, &line)) {
        if (!pl_str_starts(line, PL_S("# ")))
            continue;
        line = pl_str_sub(line, 2, line.n);
        finish(s, &v);
        struct pl_str p = word(&line), version = word(&line), arrow;
        bool without = pl_str_is(version, "=>");
        arrow = without ? version : word(&line);
        if (without)
            version.n = 0;
        if (pl_str_is(arrow, "=>")) {
            struct pl_str to = word(&line), to_version = word(&line);
            if (to_version.n || !version.n) {
                p = to;
                version = to_version;
            }
        }
        v = (struct vendored){ .path = p, .version = version };
    }
    finish(s, &v);
    return 0;
}

const struct pl_cataloger pl_pkg_go_mod = {
    .id = "go-mod", .wants = mod_wants, .max = PL_PKG_TEXT_FILE, .run = mod_run
};
const struct pl_cataloger pl_pkg_go_sum = {
    .id = "go-sum", .wants = sum_wants, .max = PL_PKG_TEXT_FILE, .run = sum_run
};
const struct pl_cataloger pl_pkg_go_vendor = {
    .id = "go-vendor", .wants = vendor_wants, .max = PL_PKG_TEXT_FILE, .run = vendor_run
};
