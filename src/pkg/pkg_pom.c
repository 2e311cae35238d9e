/* Maven's pom.xml: in an archive what the archive is, in a source tree what it asks for with a
 * version of its own (nothing is looked up elsewhere). And conda's environment.yml. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "fmt/yaml.h"
#include "pkg/pkg_int.h"

#define DEPTH 16u
#define PROPERTIES 512u
#define EXPANDED ((size_t)32 << 20) /* bytes of text made by filling in */

struct item {
    struct pl_str group, name, version, scope;
};

struct pom {
    struct pl_pkg_sink *s;
    struct pl_str at[DEPTH]; /* names of the open elements */
    size_t depth;
    struct item self, parent, dep;
    struct {
        struct pl_str name, value;
    } property[PROPERTIES];
    size_t n_properties;
    bool collect; /* first pass: what the project says of itself */
};

static bool below(const struct pom *p, const char *path)
{
    struct pl_str rest = pl_str_c(path), part;
    size_t i = 0;
    while (rest.n && pl_str_split(&rest, '/', &part))
        if (i >= p->depth || i >= DEPTH || !pl_str_eq(p->at[i++], part))
            return false;
    return i == p->depth;
}

static void member(struct item *x, struct pl_str key, struct pl_str text)
{
    static const char *const keys[] = { "groupId", "artifactId", "version", "scope" };
    struct pl_str *at[] = { &x->group, &x->name, &x->version, &x->scope };
    for (size_t i = 0; i < PL_COUNT(keys); i++)
        if (pl_str_is(key, keys[i]))
            *at[i] = text;
}

/* "${name}" alone or inside; one step, twice. */
static struct pl_str expand(struct pom *p, struct pl_str text)
{
    for (int turn = 0; turn < 3; turn++) {
        size_t from = pl_str_find(text, PL_S("${"), 0);
        size_t to = from == SIZE_MAX ? from : pl_str_find(text, PL_S("}"), from);
        if (to == SIZE_MAX)
            return text;
        struct pl_str name = pl_str_sub(text, from + 2, to - from - 2), value = { "", 0 };
        if (pl_str_is(name, "project.version") || pl_str_is(name, "pom.version"))
            value = p->self.version.n ? p->self.version : p->parent.version;
        else if (pl_str_is(name, "project.groupId"))
            value = p->self.group.n ? p->self.group : p->parent.group;
        for (size_t i = 0; i < p->n_properties && !value.n; i++)
            if (pl_str_eq(p->property[i].name, name))
                value = p->property[i].value;
        if (!value.n || value.n > PL_PKG_TEXT || p->s->a->total > EXPANDED)
            return text;
        text = pl_printf(p->s->a, "%.*s%.*s%.*s", PL_FMT(pl_str_sub(text, 0, from)), PL_FMT(value),
                         PL_FMT(pl_str_sub(text, to + 1, text.n)));
    }
    return text;
}

/* "[1.2]" is 1.2; ranges and what could not be filled in name no version */
static struct pl_str exact(struct pl_str v)
{
    if (v.n > 2 && v.p[0] == '[' && v.p[v.n - 1] == ']')
        v = pl_str_sub(v, 1, v.n - 2);
    for (size_t i = 0; i < v.n; i++)
        if (strchr("$[](),", v.p[i]))
            return PL_S("");
    return v;
}

static void dependency(struct pom *p)
{
    struct item *d = &p->dep;
    struct pl_str version = exact(expand(p, d->version));
    if (version.n && d->name.n)
        pl_pkg_put(p->s, "maven", expand(p, d->group), expand(p, d->name), version,
                   PL_PKG_LOCK | (pl_str_is(d->scope, "test") ? (uint32_t)PL_PKG_DEV : 0u));
}

static void text_of(struct pom *p, struct pl_str text)
{
    struct pl_str key = p->depth && p->depth <= DEPTH ? p->at[p->depth - 1] : PL_S("");
    size_t n = p->depth;
    text = pl_str_trim(text);
    if (!text.n || !n || n > DEPTH)
        return;
    p->depth--;
    if (p->collect && below(p, "project"))
        member(&p->self, key, text);
    else if (p->collect && below(p, "project/parent"))
        member(&p->parent, key, text);
    else if (p->collect && below(p, "project/properties") && p->n_properties < PROPERTIES) {
        p->property[p->n_properties].name = key;
        p->property[p->n_properties++].value = text;
    } else if (below(p, "project/dependencies/dependency") ||
               below(p, "project/dependencyManagement/dependencies/dependency"))
        member(&p->dep, key, text);
    p->depth = n;
}

static void open_tag(struct pom *p, struct pl_str tag)
{
    struct pl_str name = tag;
    size_t end = 0;
    while (end < name.n && !strchr(" \t\r\n", name.p[end]))
        end++;
    name = pl_str_sub(tag, 0, end);
    if (p->depth < DEPTH)
        p->at[p->depth] = name;
    p->depth++;
    if (pl_str_is(name, "dependency"))
        p->dep = (struct item){ .group = PL_S("") };
}

static void close_tag(struct pom *p)
{
    if (!p->collect && (below(p, "project/dependencies/dependency") ||
                        below(p, "project/dependencyManagement/dependencies/dependency")))
        dependency(p);
    if (p->depth)
        p->depth--;
}

/* Elements and their text; comments and declarations are passed over. */
static void walk(struct pom *p, struct pl_str text)
{
    p->depth = 0;
    while (text.n) {
        size_t lt = pl_str_find(text, PL_S("<"), 0);
        text_of(p, pl_str_sub(text, 0, lt));
        if (lt == SIZE_MAX)
            return;
        text = pl_str_sub(text, lt, text.n);
        bool comment = pl_str_starts(text, PL_S("<!--"));
        size_t gt = pl_str_find(text, comment ? PL_S("-->") : PL_S(">"), 0);
        if (gt == SIZE_MAX)
            return;
        struct pl_str tag = pl_str_sub(text, 1, gt - 1);
        text = pl_str_sub(text, gt + (comment ? 3 : 1), text.n);
        if (comment || !tag.n || tag.p[0] == '?' || tag.p[0] == '!')
            continue;
        if (tag.p[0] == '/')
            close_tag(p);
        else if (tag.p[tag.n - 1] != '/')
            open_tag(p, tag);
    }
}

static bool pom_wants(struct pl_str path, struct pl_str head)
{
    (void)head;
    return pl_pkg_is(path, "pom.xml");
}

static int pom_run(struct pl_str path, struct pl_str text, struct pl_pkg_sink *s,
                   struct pl_err *err)
{
    struct pom *p = pl_alloc(s->a, sizeof *p);
    (void)err;
    p->s = s;
    p->collect = true;
    text = pl_pkg_utf8(s, text);
    walk(p, text);
    p->collect = false;
    if (!pl_pkg_below(path, "META-INF")) {
        walk(p, text);
        return 0;
    }
    struct pl_str version = p->self.version.n ? p->self.version : p->parent.version;
    version = exact(expand(p, version));
    if (version.n && p->self.name.n)
        pl_pkg_put(s, "maven", expand(p, p->self.group.n ? p->self.group : p->parent.group),
                   p->self.name, version, 0);
    return 0;
}

const struct pl_cataloger pl_pkg_pom = {
    .id = "pom", .wants = pom_wants, .max = (size_t)8 << 20, .run = pom_run
};

/* ---- environment.yml: "name=1.2.3" and "name=1.2.3=build" are exact ---- */

static bool env_wants(struct pl_str path, struct pl_str head)
{
    (void)head;
    return pl_pkg_is(path, "environment.yml") || pl_pkg_is(path, "environment.yaml");
}

static void pin(struct pl_pkg_sink *s, struct pl_str line)
{
    struct pl_str name, version = line;
    size_t colons = pl_str_find(line, PL_S("::"), 0); /* CHANNEL::NAME */
    if (colons != SIZE_MAX)
        version = pl_str_sub(line, colons + 2, line.n);
    pl_str_split(&version, '=', &name);
    while (version.n && version.p[0] == '=')
        version = pl_str_sub(version, 1, version.n);
    version = pl_str_sub(version, 0, pl_str_find(version, PL_S("="), 0));
    for (size_t i = 0; i < line.n; i++)
        if (strchr("<>!*,| ", line.p[i]))
            return;
    if (version.n)
        pl_pkg_put(s, "conda", PL_S(""), name, version, PL_PKG_LOCK);
}

static void pip_pin(struct pl_pkg_sink *s, struct pl_str line)
{
    size_t at = pl_str_find(line, PL_S("=="), 0);
    struct pl_str version = pl_str_sub(line, at == SIZE_MAX ? line.n : at + 2, line.n);
    if (version.n && !memchr(version.p, '*', version.n))
        pl_pkg_put(s, "pypi", PL_S(""), pl_str_sub(line, 0, at), version, PL_PKG_LOCK);
}

static const struct pl_yaml *list_of(const struct pl_yaml *y)
{
    return y && y->kind == PL_YAML_LIST ? y : NULL;
}

static int env_run(struct pl_str path, struct pl_str text, struct pl_pkg_sink *s,
                   struct pl_err *err)
{
    struct pl_yaml_stream y = { 0 };
    struct pl_limits l;
    (void)path;
    pl_limits_init(&l);
    int r = pl_yaml_parse(text, &l, s->a, &y, err);
    if (r < 0)
        return r;
    const struct pl_yaml *all = list_of(y.n ? pl_yaml_get(y.doc[0], "dependencies") : NULL);
    for (size_t i = 0; all && i < all->n; i++) {
        const struct pl_yaml *d = all->item[i], *pip = list_of(pl_yaml_get(d, "pip"));
        if (pl_yaml_str(d).n)
            pin(s, pl_str_trim(pl_yaml_str(d)));
        for (size_t k = 0; pip && k < pip->n; k++)
            pip_pin(s, pl_str_trim(pl_yaml_str(pip->item[k])));
    }
    return 0;
}

const struct pl_cataloger pl_pkg_conda_env = {
    .id = "conda-environment", .wants = env_wants, .max = (size_t)4 << 20, .run = env_run
};
