/* Configuration of the gitleaks personality, from TOML to rules: extending, merging and checking.
 * secrets.md sections 3.1 to 3.3. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "compat/gl_config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>

#include "base/cleanup.h"
#include "compat/gl_toml.h"

#define MAX_DEPTH 2 /* files reached by [extend] */
#define MAX_FILE PL_MIB(64)

/* What one file said, before it is merged with what it extends. */
struct layer {
    struct pl_gl_config *c; /* owner of everything */
    PL_VEC(struct pl_gl_rule *) rules;
    pl_gl_strs order;
    pl_gl_allows allows;
    PL_VEC(struct targeted {
        struct pl_str id;
        struct pl_gl_allow *allow;
    })
    targeted;
    struct pl_str builtin;
    pl_gl_warn_fn *warn;
    void *arg;
};

static void layer_release(struct layer *l)
{
    pl_vec_release(&l->rules);
    pl_vec_release(&l->order);
    pl_vec_release(&l->allows);
    pl_vec_release(&l->targeted);
}

static struct pl_gl_rule *layer_rule(const struct layer *l, struct pl_str id)
{
    for (size_t i = 0; i < l->rules.n; i++)
        if (pl_str_eq(l->rules.p[i]->id, id))
            return l->rules.p[i];
    return NULL;
}

int pl_gl_config_regex(struct pl_gl_config *c, struct pl_str pattern, struct pl_gl_re **ret,
                       struct pl_err *err)
{
    struct pl_gl_re *re = PL_NEW(&c->a, struct pl_gl_re);
    struct pl_regex *compiled = NULL;
    re->text = pl_dup(&c->a, pattern);
    if (!c->known_good && pl_regex_new(pattern, PL_REGEX_UTF8 | PL_REGEX_LARGE, &compiled, err) < 0)
        return pl_wrap(err, "'%.*s'", pattern.n > 200 ? 200 : (int)pattern.n, pattern.p);
    atomic_init(&re->compiled, compiled);
    pl_vec_push(&c->regexes, re);
    *ret = re;
    return 0;
}

static int check_pattern(struct pl_str s, struct pl_err *err)
{
    struct pl_regex *re;
    int r = pl_regex_new(s, PL_REGEX_UTF8 | PL_REGEX_LARGE, &re, err);
    if (r < 0)
        return pl_wrap(err, "'%.*s'", s.n > 200 ? 200 : (int)s.n, s.p);
    pl_regex_free(re);
    return 0;
}

/* Every entry must compile alone; what is used is the joined text, in which a flag group of one
 * entry holds for those after it as well. */
static int join(struct pl_gl_config *c, const pl_gl_strs *v, struct pl_gl_re **ret,
                struct pl_err *err)
{
    pl_auto_buf struct pl_buf all = { 0 };
    if (!v->n)
        return 0;
    pl_buf_puts(&all, "(?:");
    for (size_t i = 0; i < v->n; i++) {
        int r = c->known_good ? 0 : check_pattern(v->p[i], err);
        if (r < 0)
            return r;
        pl_buf_puts(&all, i ? "|" : "");
        pl_buf_putn(&all, v->p[i].p, v->p[i].n);
    }
    pl_buf_putc(&all, ')');
    return pl_gl_config_regex(c, pl_buf_str(&all), ret, err);
}

static struct pl_str lowered(struct pl_gl_config *c, struct pl_str s)
{
    pl_auto_buf struct pl_buf b = { 0 };
    pl_gl_lower(&b, s);
    return pl_dup(&c->a, pl_buf_str(&b));
}

static void lower_all(struct pl_gl_config *c, pl_gl_strs *v, bool trim)
{
    for (size_t i = 0; i < v->n; i++) {
        v->p[i] = lowered(c, v->p[i]);
        if (trim)
            v->p[i] = pl_str_trim(v->p[i]);
    }
}

static int condition(struct pl_str s, bool *ret_all, struct pl_err *err)
{
    static const struct {
        const char *word;
        bool all;
    } words[] = {
        { "", false }, { "or", false }, { "||", false }, { "and", true }, { "&&", true }
    };
    for (size_t i = 0; i < PL_COUNT(words); i++) {
        if (pl_str_ieq(s, pl_str_c(words[i].word))) {
            *ret_all = words[i].all;
            return 0;
        }
    }
    return pl_fail(err, PL_E_FORMAT, "unknown allowlist |condition| '%.*s' (expected 'and', 'or')",
                   PL_FMT(s));
}

static int target(struct pl_str s, enum pl_gl_target *ret, struct pl_err *err)
{
    if (!s.n || pl_str_is(s, "secret"))
        *ret = PL_GL_SECRET;
    else if (pl_str_is(s, "match"))
        *ret = PL_GL_MATCH;
    else if (pl_str_is(s, "line"))
        *ret = PL_GL_LINE;
    else
        return pl_fail(err, PL_E_FORMAT,
                       "unknown allowlist |regexTarget| '%.*s' (expected 'match', 'line')",
                       PL_FMT(s));
    return 0;
}

static int read_lists(struct pl_gl_config *c, const struct pl_toml *t, struct pl_gl_allow *a,
                      pl_gl_strs *paths, pl_gl_strs *regexes, struct pl_err *err)
{
    struct pl_str cond, where;
    int r = pl_gl_toml_str(c, t, "condition", &cond, err);
    r = r < 0 ? r : pl_gl_toml_str(c, t, "regexTarget", &where, err);
    r = r < 0 ? r : pl_gl_toml_strs(c, t, "commits", &a->commits, err);
    r = r < 0 ? r : pl_gl_toml_strs(c, t, "stopwords", &a->stopwords, err);
    r = r < 0 ? r : pl_gl_toml_strs(c, t, "paths", paths, err);
    r = r < 0 ? r : pl_gl_toml_strs(c, t, "regexes", regexes, err);
    r = r < 0 ? r : condition(cond, &a->all, err);
    r = r < 0 ? r : target(where, &a->target, err);
    r = r < 0 ? r : join(c, regexes, &a->regexes, err);
    r = r < 0 ? r : join(c, paths, &a->paths, err);
    if (r < 0)
        return r;
    if (!a->commits.n && !a->stopwords.n && !paths->n && !regexes->n)
        return pl_fail(err, PL_E_FORMAT,
                       "must contain at least one check for: commits, paths, regexes, or "
                       "stopwords");
    return 0;
}

static int read_allow(struct pl_gl_config *c, const struct pl_toml *t, struct pl_gl_allow **ret,
                      struct pl_err *err)
{
    struct pl_gl_allow *a = PL_NEW(&c->a, struct pl_gl_allow);
    pl_vec_push(&c->all_allows, a);
    pl_gl_strs paths = { 0 }, regexes = { 0 };
    int r = read_lists(c, t, a, &paths, &regexes, err);
    pl_vec_release(&paths);
    pl_vec_release(&regexes);
    if (r < 0)
        return r;
    lower_all(c, &a->commits, true);
    lower_all(c, &a->stopwords, false);
    pl_gl_allow_index(&c->a, a);
    *ret = a;
    return 0;
}

/* As pl_wrap, without its colon. */
static int in_front(struct pl_err *err, int n, const char *id, const char *text)
{
    struct pl_err inner = *err;
    return pl_fail(err, inner.code, "%.*s%s%s", n, id, text, inner.msg);
}

static int rule_allows(struct pl_gl_config *c, const struct pl_toml *t, struct pl_gl_rule *rule,
                       struct pl_err *err)
{
    const struct pl_toml *old = pl_gl_toml_get(t, "allowlist");
    const struct pl_toml *list = pl_gl_toml_get(t, "allowlists");
    if (old && pl_toml_type(old) != PL_TOML_TABLE)
        return pl_fail(err, PL_E_FORMAT, "'AllowList' expected a map, got '%s'",
                       pl_toml_type_name(pl_toml_type(old)));
    if (old && pl_gl_toml_tables(list))
        return pl_fail(err, PL_E_FORMAT,
                       "%.*s: [rules.allowlist] is deprecated, it cannot be used alongside "
                       "[[rules.allowlist]]",
                       PL_FMT(rule->id));
    size_t n = old ? 1 : pl_gl_toml_tables(list);
    for (size_t i = 0; i < n; i++) {
        struct pl_gl_allow *a;
        if (read_allow(c, old ? old : pl_gl_toml_table(list, i), &a, err) < 0)
            return in_front(err, PL_FMT(rule->id), ": [[rules.allowlists]] ");
        pl_vec_push(&rule->allows, a);
    }
    return 0;
}

static int rule_required(struct pl_gl_config *c, const struct pl_toml *t, struct pl_gl_rule *rule,
                         struct pl_err *err)
{
    const struct pl_toml *list = pl_gl_toml_get(t, "required");
    for (size_t i = 0; i < pl_gl_toml_tables(list); i++) {
        const struct pl_toml *one = pl_gl_toml_table(list, i);
        struct pl_gl_required q = { .lines = -1, .columns = -1 };
        int r = pl_gl_toml_str(c, one, "id", &q.id, err);
        r = r < 0 ? r : pl_gl_toml_int(one, "withinLines", &q.lines, err);
        r = r < 0 ? r : pl_gl_toml_int(one, "withinColumns", &q.columns, err);
        if (r < 0)
            return r;
        if (!q.id.n)
            return pl_fail(err, PL_E_FORMAT, "%.*s: [[rules.required]] rule ID is empty",
                           PL_FMT(rule->id));
        pl_vec_push(&rule->required, q);
    }
    return 0;
}

static int read_rule(struct layer *l, const struct pl_toml *t, struct pl_err *err)
{
    struct pl_gl_config *c = l->c;
    struct pl_gl_rule *rule = PL_NEW(&c->a, struct pl_gl_rule);
    struct pl_str regex, path;
    pl_vec_push(&c->rules, rule); /* so that it is freed whatever happens */
    int r = pl_gl_toml_str(c, t, "id", &rule->id, err);
    r = r < 0 ? r : pl_gl_toml_str(c, t, "description", &rule->description, err);
    r = r < 0 ? r : pl_gl_toml_str(c, t, "regex", &regex, err);
    r = r < 0 ? r : pl_gl_toml_str(c, t, "path", &path, err);
    r = r < 0 ? r : pl_gl_toml_int(t, "secretGroup", &rule->group, err);
    r = r < 0 ? r : pl_gl_toml_float(t, "entropy", &rule->entropy, err);
    r = r < 0 ? r : pl_gl_toml_strs(c, t, "keywords", &rule->keywords, err);
    r = r < 0 ? r : pl_gl_toml_strs(c, t, "tags", &rule->tags, err);
    r = r < 0 ? r : pl_gl_toml_bool(t, "skipReport", &rule->skip_report, err);
    if (r >= 0 && path.n)
        r = pl_gl_config_regex(c, path, &rule->path, err);
    if (r >= 0 && regex.n)
        r = pl_gl_config_regex(c, regex, &rule->regex, err);
    r = r < 0 ? r : rule_allows(c, t, rule, err);
    r = r < 0 ? r : rule_required(c, t, rule, err);
    if (r < 0)
        return r;
    lower_all(c, &rule->keywords, false);
    pl_vec_push(&l->order, rule->id);
    for (size_t i = 0; i < l->rules.n; i++) {
        if (pl_str_eq(l->rules.p[i]->id, rule->id)) {
            l->rules.p[i] = rule; /* a later rule of the same name takes the place */
            return 0;
        }
    }
    pl_vec_push(&l->rules, rule);
    return 0;
}

static int check_required(const struct layer *l, struct pl_err *err)
{
    for (size_t i = 0; i < l->rules.n; i++) {
        const struct pl_gl_rule *rule = l->rules.p[i];
        for (size_t k = 0; k < rule->required.n; k++)
            if (!layer_rule(l, rule->required.p[k].id))
                return pl_fail(err, PL_E_FORMAT,
                               "%.*s: [[rules.required]] rule ID '%.*s' does not exist",
                               PL_FMT(rule->id), PL_FMT(rule->required.p[k].id));
    }
    return 0;
}

static int global_allow(struct layer *l, const struct pl_toml *t, struct pl_err *err)
{
    struct pl_gl_allow *a;
    pl_gl_strs rules = { 0 };
    int r = pl_gl_toml_strs(l->c, t, "targetRules", &rules, err);
    if (r >= 0 && (r = read_allow(l->c, t, &a, err)) < 0)
        in_front(err, 0, "", "[[allowlists]] ");
    if (r >= 0) {
        for (size_t i = 0; i < rules.n; i++)
            pl_vec_push(&l->targeted, (struct targeted){ rules.p[i], a });
        if (!rules.n)
            pl_vec_push(&l->allows, a);
    }
    pl_vec_release(&rules);
    return r < 0 ? r : 0;
}

static int global_allows(struct layer *l, const struct pl_toml *root, struct pl_err *err)
{
    const struct pl_toml *old = pl_gl_toml_get(root, "allowlist");
    const struct pl_toml *list = pl_gl_toml_get(root, "allowlists");
    if (old && pl_toml_type(old) != PL_TOML_TABLE)
        return pl_fail(err, PL_E_FORMAT, "'AllowList' expected a map, got '%s'",
                       pl_toml_type_name(pl_toml_type(old)));
    if (old && !pl_toml_len(old))
        old = NULL;
    if (old && pl_gl_toml_tables(list))
        return pl_fail(err, PL_E_FORMAT,
                       "[allowlist] is deprecated, it cannot be used alongside [[allowlists]]");
    size_t n = old ? 1 : pl_gl_toml_tables(list);
    for (size_t i = 0; i < n; i++) {
        int r = global_allow(l, old ? old : pl_gl_toml_table(list, i), err);
        if (r < 0)
            return r;
    }
    return 0;
}

/* Puts what the extending file says over the base's rule of the same name. */
static void put_over(struct pl_gl_rule *base, const struct pl_gl_rule *own)
{
    if (own->description.n)
        base->description = own->description;
    if (own->entropy != 0)
        base->entropy = own->entropy;
    if (own->group)
        base->group = own->group;
    if (own->regex)
        base->regex = own->regex;
    if (own->path)
        base->path = own->path;
    for (size_t i = 0; i < own->tags.n; i++)
        pl_vec_push(&base->tags, own->tags.p[i]);
    for (size_t i = 0; i < own->keywords.n; i++)
        pl_vec_push(&base->keywords, own->keywords.p[i]);
    for (size_t i = 0; i < own->allows.n; i++)
        pl_vec_push(&base->allows, own->allows.p[i]);
}

static int by_bytes(const void *a, const void *b)
{
    return pl_str_cmp(*(const struct pl_str *)a, *(const struct pl_str *)b);
}

static bool listed(const pl_gl_strs *v, struct pl_str s)
{
    for (size_t i = 0; i < v->n; i++)
        if (pl_str_eq(v->p[i], s))
            return true;
    return false;
}

static void merge(struct layer *l, const struct layer *base, const pl_gl_strs *disabled)
{
    for (size_t i = 0; i < disabled->n; i++) {
        if (layer_rule(base, disabled->p[i]))
            continue;
        struct pl_str text =
            pl_printf(&l->c->a, "Disabled rule doesn't exist in extended config. rule-id=%.*s",
                      PL_FMT(disabled->p[i]));
        l->warn(l->arg, text.p);
    }
    for (size_t i = 0; i < base->rules.n; i++) {
        struct pl_gl_rule *rule = base->rules.p[i];
        if (listed(disabled, rule->id))
            continue;
        size_t at = 0;
        while (at < l->rules.n && !pl_str_eq(l->rules.p[at]->id, rule->id))
            at++;
        if (at == l->rules.n) {
            pl_vec_push(&l->rules, rule);
            pl_vec_push(&l->order, rule->id);
        } else {
            put_over(rule, l->rules.p[at]);
            l->rules.p[at] = rule;
        }
    }
    for (size_t i = 0; i < base->allows.n; i++)
        pl_vec_push(&l->allows, base->allows.p[i]);
    if (l->order.n)
        qsort(l->order.p, l->order.n, sizeof *l->order.p, by_bytes);
}

static int load_layer(struct layer *l, struct pl_str text, const char *name, unsigned depth,
                      struct pl_err *err);

static int read_file(const char *path, struct pl_buf *b, struct pl_err *err)
{
    pl_auto_fd int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return pl_fail(err, PL_E_NOENT, "open %s: %s", path,
                       errno == ENOENT ? "no such file or directory" : strerror(errno));
    b->max = MAX_FILE;
    for (;;) {
        void *to = pl_buf_room(b, 1 << 16, err);
        if (!to)
            return err->code;
        ssize_t n = read(fd, to, 1 << 16);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return pl_fail_errno(err, PL_E_IO, errno, "read %s", path);
        if (n == 0)
            return 0;
        b->n += (size_t)n;
    }
}

static int load_base(struct layer *base, struct pl_str path, bool builtin, unsigned depth,
                     struct pl_err *err)
{
    if (builtin)
        return load_layer(base, base->builtin, "default config", depth, err);
    pl_auto_buf struct pl_buf b = { 0 };
    int r = read_file(path.p, &b, err);
    return r < 0 ? r : load_layer(base, pl_buf_str(&b), path.p, depth, err);
}

static int extend(struct layer *l, const struct pl_toml *root, unsigned depth, struct pl_err *err)
{
    const struct pl_toml *t = pl_gl_toml_get(root, "extend");
    struct pl_str path;
    bool builtin = false;
    pl_gl_strs disabled = { 0 };
    if (!t)
        return 0;
    if (pl_toml_type(t) != PL_TOML_TABLE)
        return pl_fail(err, PL_E_FORMAT, "'Extend' expected a map, got '%s'",
                       pl_toml_type_name(pl_toml_type(t)));
    int r = pl_gl_toml_str(l->c, t, "path", &path, err);
    r = r < 0 ? r : pl_gl_toml_bool(t, "useDefault", &builtin, err);
    r = r < 0 ? r : pl_gl_toml_strs(l->c, t, "disabledRules", &disabled, err);
    if (r >= 0 && depth < MAX_DEPTH && path.n && builtin)
        r = pl_fail(err, PL_E_FORMAT,
                    "unable to load config due to extend.path and extend.useDefault being set");
    if (r >= 0 && depth < MAX_DEPTH && (path.n || builtin)) {
        struct layer base = { .c = l->c, .builtin = l->builtin, .warn = l->warn, .arg = l->arg };
        r = load_base(&base, path, builtin, depth + 1, err);
        if (r < 0)
            pl_wrap(err, builtin ? "failed to load extended default config, err"
                                 : "failed to load extended config, err");
        else
            merge(l, &base, &disabled);
        layer_release(&base);
    }
    pl_vec_release(&disabled);
    return r;
}

static int min_version(struct layer *l, const struct pl_toml *root, struct pl_err *err)
{
    struct pl_str v;
    int r = pl_gl_toml_str(l->c, root, "minVersion", &v, err);
    if (r < 0 || !v.n)
        return r;
    int newer = pl_gl_version_newer(v);
    if (newer < 0)
        return pl_fail(err, PL_E_FORMAT, "invalid minVersion '%.*s': malformed version: %.*s",
                       PL_FMT(v), PL_FMT(v));
    if (newer)
        l->warn(l->arg, "config requires a newer Gitleaks version...");
    return 0;
}

static int read_layer(struct layer *l, const struct pl_toml *root, unsigned depth,
                      struct pl_err *err)
{
    const struct pl_toml *rules = pl_gl_toml_get(root, "rules");
    struct pl_str unused;
    int r = pl_gl_toml_str(l->c, root, "title", &unused, err);
    r = r < 0 ? r : pl_gl_toml_str(l->c, root, "description", &unused, err);
    if (r >= 0 && rules && pl_toml_type(rules) != PL_TOML_ARRAY &&
        pl_toml_type(rules) != PL_TOML_TABLE)
        r = pl_fail(err, PL_E_FORMAT, "'Rules' expected a slice, got '%s'",
                    pl_toml_type_name(pl_toml_type(rules)));
    for (size_t i = 0; r >= 0 && i < pl_gl_toml_tables(rules); i++)
        r = read_rule(l, pl_gl_toml_table(rules, i), err);
    r = r < 0 ? r : check_required(l, err);
    r = r < 0 ? r : min_version(l, root, err);
    r = r < 0 ? r : global_allows(l, root, err);
    return r < 0 ? r : extend(l, root, depth, err);
}

static int load_layer(struct layer *l, struct pl_str text, const char *name, unsigned depth,
                      struct pl_err *err)
{
    struct pl_toml *root;
    bool good = l->c->known_good;
    int r = pl_toml_parse(text, name, &root, err);
    if (r < 0)
        return r;
    l->c->known_good = pl_str_eq(text, l->builtin);
    r = read_layer(l, root, depth, err);
    l->c->known_good = good;
    pl_toml_free(root);
    return r;
}

static struct pl_str text_of(const struct pl_gl_re *re)
{
    return re ? re->text : PL_S("");
}

static int check_rule(const struct pl_gl_rule *rule, struct pl_err *err)
{
    if (!pl_str_trim(rule->id).n)
        return pl_fail(err, PL_E_FORMAT, "rule |id| is missing or empty%s%.*s%s%.*s%s%.*s",
                       rule->description.n ? ", description: " : "", PL_FMT(rule->description),
                       rule->regex ? ", regex: " : "", PL_FMT(text_of(rule->regex)),
                       rule->path ? ", path: " : "", PL_FMT(text_of(rule->path)));
    if (!rule->regex && !rule->path)
        return pl_fail(err, PL_E_FORMAT,
                       "%.*s: both |regex| and |path| are empty, this rule will have no effect",
                       PL_FMT(rule->id));
    if (rule->regex && rule->group > 0) {
        const struct pl_regex *re = pl_gl_re_get(rule->regex);
        unsigned groups = re ? pl_regex_groups(re) : 0;
        if (rule->group > (int64_t)groups)
            return pl_fail(err, PL_E_FORMAT,
                           "%.*s: invalid regex secret group %lld, max regex secret group %u",
                           PL_FMT(rule->id), (long long)rule->group, groups);
    }
    if (rule->group < 0)
        return pl_fail(err, PL_E_FORMAT, "%.*s: invalid regex secret group %lld", PL_FMT(rule->id),
                       (long long)rule->group);
    return 0;
}

static int finish(struct layer *l, struct pl_err *err)
{
    for (size_t i = 0; i < l->rules.n; i++) {
        int r = check_rule(l->rules.p[i], err);
        if (r < 0)
            return r;
    }
    for (size_t i = 0; i < l->targeted.n; i++) {
        struct pl_gl_rule *rule = layer_rule(l, l->targeted.p[i].id);
        if (!rule)
            return pl_fail(err, PL_E_FORMAT, "[[allowlists]] target rule ID '%.*s' does not exist",
                           PL_FMT(l->targeted.p[i].id));
        pl_vec_push(&rule->allows, l->targeted.p[i].allow);
    }
    return 0;
}

int pl_gl_config_load(struct pl_str text, struct pl_str builtin, pl_gl_warn_fn *warn, void *arg,
                      struct pl_gl_config **ret, struct pl_err *err)
{
    struct pl_gl_config *c = calloc(1, sizeof *c);
    if (!c)
        pl_oom();
    struct layer l = { .c = c, .builtin = builtin, .warn = warn, .arg = arg };
    int r = load_layer(&l, text, "config", 0, err);
    r = r < 0 ? r : finish(&l, err);
    if (r >= 0) {
        for (size_t i = 0; i < l.rules.n; i++)
            pl_vec_push(&c->active, l.rules.p[i]);
        for (size_t i = 0; i < l.order.n; i++)
            pl_vec_push(&c->order, l.order.p[i]);
        for (size_t i = 0; i < l.allows.n; i++)
            pl_vec_push(&c->allows, l.allows.p[i]);
        *ret = c;
    }
    layer_release(&l);
    if (r < 0)
        pl_gl_config_free(c);
    return r < 0 ? r : 0;
}

void pl_gl_config_free(struct pl_gl_config *c)
{
    if (!c)
        return;
    for (size_t i = 0; i < c->regexes.n; i++)
        pl_regex_free(atomic_load(&c->regexes.p[i]->compiled));
    for (size_t i = 0; i < c->rules.n; i++) {
        struct pl_gl_rule *rule = c->rules.p[i];
        pl_vec_release(&rule->keywords);
        pl_vec_release(&rule->tags);
        pl_vec_release(&rule->allows);
        pl_vec_release(&rule->required);
    }
    for (size_t i = 0; i < c->all_allows.n; i++) {
        pl_vec_release(&c->all_allows.p[i]->commits);
        pl_vec_release(&c->all_allows.p[i]->stopwords);
    }
    pl_vec_release(&c->regexes);
    pl_vec_release(&c->rules);
    pl_vec_release(&c->active);
    pl_vec_release(&c->order);
    pl_vec_release(&c->allows);
    pl_vec_release(&c->all_allows);
    pl_arena_release(&c->a);
    free(c);
}

struct pl_gl_rule *pl_gl_config_rule(const struct pl_gl_config *c, struct pl_str id)
{
    for (size_t i = 0; i < c->active.n; i++)
        if (pl_str_eq(c->active.p[i]->id, id))
            return c->active.p[i];
    return NULL;
}
