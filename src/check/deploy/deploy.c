/* What compose files and Kubernetes manifests have in common. formats/hardening.md section 6. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "check/deploy/deploy.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "check/deploy/edit.h"
#include "fmt/glob.h"

#define HITS_MAX 20000u
#define WORK_MAX 4000000u
#define MERGES_MAX 16u

const struct pl_deploy_rule pl_deploy_rules[PL_DEPLOY_RULE_COUNT] = {
#define PL_DEPLOY_RULE(id, name, sev, aliases, title, why, fix) \
    { name, PL_SEV_##sev, aliases, title, why, fix },
#include "check/deploy/rules.inc"
#undef PL_DEPLOY_RULE
};

struct pl_deploy_hit *pl_deploy_hit(struct pl_deploy *d, enum pl_deploy_rule_id rule,
                                    const struct pl_yaml *at, const char *fmt, ...)
{
    char b[300];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(b, sizeof b, fmt, ap);
    va_end(ap);
    d->none = (struct pl_deploy_hit){ .rule = rule };
    if (d->hits.n >= HITS_MAX)
        return &d->none;
    bool block = at->kind != PL_YAML_SCALAR; /* of a block only its beginning is shown */
    struct pl_deploy_hit x = { .rule = rule,
                               .severity = pl_deploy_rules[rule].severity,
                               .line = at->line,
                               .col = at->col,
                               .end_line = block ? at->line : at->end_line,
                               .end_col = block ? at->col + 1 : at->end_col,
                               .detail = pl_dup(d->a, pl_str_c(b)) };
    pl_vec_push(&d->hits, x);
    return &d->hits.p[d->hits.n - 1];
}

static const struct pl_yaml *get(struct pl_deploy *d, const struct pl_yaml *y, const char *key,
                                 unsigned depth)
{
    if (!y || y->kind != PL_YAML_MAP || depth > MERGES_MAX || d->work < y->n + 1)
        return NULL;
    d->work -= y->n + 1;
    const struct pl_yaml *v = pl_yaml_get(y, key), *merge = v ? NULL : pl_yaml_get(y, "<<");
    if (!merge)
        return v;
    if (merge->kind == PL_YAML_MAP)
        return get(d, merge, key, depth + 1);
    for (size_t i = 0; merge->kind == PL_YAML_LIST && i < merge->n && !v; i++)
        v = get(d, merge->item[i], key, depth + 1);
    return v;
}

const struct pl_yaml *pl_deploy_get(struct pl_deploy *d, const struct pl_yaml *y, const char *key)
{
    return get(d, y, key, 0);
}

static bool word_is(const struct pl_yaml *y, const char *const *words)
{
    struct pl_str s = pl_yaml_str(y);
    for (; s.p && *words; words++)
        if (pl_str_ieq(s, pl_str_c(*words)))
            return true;
    return false;
}

bool pl_deploy_true(const struct pl_yaml *y)
{
    static const char *const words[] = { "true", "yes", "on", NULL };
    return word_is(y, words);
}

bool pl_deploy_false(const struct pl_yaml *y)
{
    static const char *const words[] = { "false", "no", "off", NULL };
    return word_is(y, words);
}

bool pl_deploy_lists(const struct pl_yaml *y, const char *word)
{
    for (size_t i = 0; y && y->kind == PL_YAML_LIST && i < y->n; i++) {
        struct pl_str s = pl_yaml_str(y->item[i]);
        if (!s.p)
            continue;
        if (pl_str_starts(s, PL_S("CAP_")))
            s = pl_str_sub(s, 4, s.n);
        if (pl_str_ieq(s, pl_str_c(word)))
            return true;
    }
    return false;
}

static bool has(struct pl_str s, const char *what)
{
    return pl_str_find(s, pl_str_c(what), 0) != SIZE_MAX;
}

/* docker.io is what a name without a registry means. */
static bool trusted(const struct pl_deploy *d, struct pl_str image)
{
    struct pl_str host, rest = image;
    pl_str_split(&rest, '/', &host);
    bool named = rest.p && (has(host, ".") || has(host, ":") || pl_str_is(host, "localhost"));
    struct pl_str whole = named    ? image
                          : rest.p ? pl_printf(d->a, "docker.io/%.*s", PL_FMT(image))
                                   : pl_printf(d->a, "docker.io/library/%.*s", PL_FMT(image));
    if (named && pl_str_is(host, "index.docker.io"))
        whole = pl_printf(d->a, "docker.io/%.*s", PL_FMT(rest));
    struct pl_str at = whole, registry;
    pl_str_split(&at, '/', &registry);
    for (size_t i = 0; i < d->o->n_trusted; i++) {
        struct pl_err err;
        struct pl_str p = d->o->trusted[i];
        if (pl_glob_check(p, &err) == 0 && (pl_glob_match(p, registry) || pl_glob_match(p, whole)))
            return true;
    }
    return !d->o->n_trusted;
}

/* The digest goes behind the tag; what has none gets the one that it means. */
static void pin(struct pl_deploy *d, struct pl_deploy_hit *h, const struct pl_yaml *y, bool tag)
{
    const struct pl_lint_source *from = d->o->fixes ? d->o->source : NULL;
    struct pl_str s = pl_yaml_str(y), digest = PL_S("");
    if (from && from->digest)
        digest = from->digest(from->arg, s);
    if (digest.n)
        pl_deploy_insert(d, h, PL_FIX_SUGGESTED, y, SIZE_MAX,
                         pl_printf(d->a, "%s@%.*s", tag ? "" : ":latest", PL_FMT(digest)));
}

void pl_deploy_image(struct pl_deploy *d, const struct pl_yaml *y)
{
    struct pl_str s = pl_yaml_str(y);
    if (!s.n || has(s, "${") || has(s, "{{"))
        return; /* told when it is known */
    struct pl_str name = pl_str_sub(s, 0, pl_str_find(s, PL_S("@"), 0));
    const char *slash = memrchr(name.p, '/', name.n);
    struct pl_str last = slash ? pl_str_sub(name, (size_t)(slash - name.p) + 1, name.n) : name;
    size_t colon = pl_str_find(last, PL_S(":"), 0);
    bool digest = name.n < s.n;
    if (!digest && (colon == SIZE_MAX || pl_str_is(pl_str_sub(last, colon, last.n), ":latest")))
        pin(d, pl_deploy_hit(d, PL_DEPLOY_R13, y, "%.*s", PL_FMT(pl_str_sub(s, 0, 200))), y,
            colon != SIZE_MAX);
    if (!digest)
        pin(d, pl_deploy_hit(d, PL_DEPLOY_R14, y, "%.*s", PL_FMT(pl_str_sub(s, 0, 200))), y,
            colon != SIZE_MAX);
    if (!trusted(d, name))
        pl_deploy_hit(d, PL_DEPLOY_R20, y, "%.*s", PL_FMT(pl_str_sub(s, 0, 200)));
}

static void drop_cap(struct pl_deploy *d, struct pl_deploy_hit *h, const struct pl_yaml *y,
                     const char *cap)
{
    for (size_t i = 0; i < y->n; i++) {
        struct pl_str s = pl_yaml_str(y->item[i]);
        if (s.p && pl_str_starts(s, PL_S("CAP_")))
            s = pl_str_sub(s, 4, s.n);
        if (s.p && pl_str_ieq(s, pl_str_c(cap)))
            pl_deploy_drop_item(d, h, PL_FIX_UNSAFE, y, y->item[i]);
    }
}

void pl_deploy_caps(struct pl_deploy *d, const struct pl_yaml *y)
{
    static const char *const bad[] = {
        "ALL",      "SYS_ADMIN", "SYS_PTRACE",      "SYS_MODULE", "SYS_RAWIO",
        "SYS_BOOT", "SYS_TIME",  "NET_ADMIN",       "BPF",        "DAC_READ_SEARCH",
        "PERFMON",  "MKNOD",     "LINUX_IMMUTABLE", "MAC_ADMIN",  "MAC_OVERRIDE",
        "SYSLOG"
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (pl_deploy_lists(y, bad[i]))
            drop_cap(d, pl_deploy_hit(d, PL_DEPLOY_R06, y, "%s", bad[i]), y, bad[i]);
}

static bool below(struct pl_str path, const char *dir)
{
    size_t n = strlen(dir);
    return pl_str_starts(path, pl_str_c(dir)) && (path.n == n || path.p[n] == '/');
}

void pl_deploy_host_path(struct pl_deploy *d, const struct pl_yaml *at, struct pl_str path, bool ro)
{
    static const char *const sockets[] = { "docker.sock", "containerd.sock", "crio.sock",
                                           "podman.sock", "cri-dockerd.sock" };
    static const char *const system[] = { "/etc",  "/proc", "/sys", "/root", "/var",
                                          "/boot", "/dev",  "/usr", "/lib",  "/bin" };
    while (path.n > 1 && path.p[path.n - 1] == '/')
        path.n--;
    for (size_t i = 0; i < sizeof sockets / sizeof *sockets; i++)
        if (pl_str_ends(path, pl_str_c(sockets[i]))) {
            pl_deploy_hit(d, PL_DEPLOY_R02, at, "%.*s", PL_FMT(pl_str_sub(path, 0, 200)));
            return;
        }
    bool hit = pl_str_is(path, "/");
    for (size_t i = 0; i < sizeof system / sizeof *system; i++)
        hit |= below(path, system[i]);
    if (!hit)
        return;
    pl_deploy_hit(d, PL_DEPLOY_R05, at, "%.*s%s", PL_FMT(pl_str_sub(path, 0, 200)),
                  ro ? ", read-only" : ", writable");
    if (ro && d->hits.n && !pl_str_is(path, "/"))
        d->hits.p[d->hits.n - 1].severity = PL_SEV_MEDIUM;
}

void pl_deploy_variable(struct pl_deploy *d, const struct pl_yaml *at, struct pl_str name,
                        struct pl_str value)
{
    if (!value.n || has(value, "${") || !d->o->secret)
        return;
    if (d->o->secret(d->o->secret_arg, name, value))
        pl_deploy_hit(d, PL_DEPLOY_R15, at, "%.*s", PL_FMT(pl_str_sub(name, 0, 100)));
}

static int by_line(const void *pa, const void *pb)
{
    const struct pl_deploy_hit *a = pa, *b = pb;
    if (a->line != b->line)
        return a->line < b->line ? -1 : 1;
    if (a->rule != b->rule)
        return a->rule < b->rule ? -1 : 1;
    if (a->col != b->col)
        return a->col < b->col ? -1 : 1;
    return pl_str_cmp(a->detail, b->detail);
}

/* A template read as YAML: "{{ .x }}" is a map whose key is a map. */
static bool templated(struct pl_deploy *d, const struct pl_yaml *y, unsigned depth)
{
    bool map = y && y->kind == PL_YAML_MAP;
    if (!y || y->kind == PL_YAML_SCALAR || depth > 64 || d->work < 64)
        return false;
    for (size_t i = 0; i < y->n && d->work >= 64; i++) {
        d->work--;
        if ((map && y->item[2 * i]->kind != PL_YAML_SCALAR) ||
            templated(d, y->item[map ? 2 * i + 1 : i], depth + 1))
            return true;
    }
    return false;
}

int pl_deploy_lint(struct pl_arena *a, struct pl_str text, const struct pl_deploy_opts *o,
                   struct pl_deploy_result *ret, struct pl_err *err)
{
    struct pl_yaml_stream s;
    struct pl_deploy d = { .a = a, .o = o, .work = WORK_MAX };
    *ret = (struct pl_deploy_result){ .form = PL_DEPLOY_NONE };
    int r = pl_yaml_parse(text, o->limits, a, &s, err);
    if (r < 0)
        return r;
    pl_deploy_edit_begin(&d, text);
    for (size_t i = 0; i < s.n; i++) {
        const struct pl_yaml *doc = s.doc[i], *services = pl_yaml_get(doc, "services");
        ret->templated |= templated(&d, doc, 0);
        if (pl_yaml_get(doc, "apiVersion") && pl_yaml_get(doc, "kind")) {
            ret->form = PL_DEPLOY_KUBE;
            pl_deploy_kube(&d, doc);
        } else if (services && services->kind == PL_YAML_MAP) {
            ret->form = PL_DEPLOY_COMPOSE;
            pl_deploy_compose(&d, doc);
        }
    }
    if (d.hits.n)
        qsort(d.hits.p, d.hits.n, sizeof *d.hits.p, by_line);
    ret->hits = pl_alloc_n(a, d.hits.n + 1, sizeof *ret->hits);
    ret->n = d.hits.n;
    if (d.hits.n)
        memcpy(ret->hits, d.hits.p, d.hits.n * sizeof *ret->hits);
    ret->containers = d.containers;
    pl_vec_release(&d.hits);
    if (d.work < 64)
        return pl_fail(err, PL_E_LIMIT, "too many keys that are merged from elsewhere");
    return 0;
}
