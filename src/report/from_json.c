/* Reads a saved JSON result (commands.md, schema 1). The file may come from anywhere: types, ranges
 * and names are checked; the first thing wrong ends the reading with its place. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "report/from_json.h"

#include "fmt/json.h"
#include "model/package.h"
#include "report/vuln_json.h"
#include "report/words.h"

#define DEPTH_MAX 16

struct reader {
    struct pl_arena *a;
    struct pl_err *err;
    int code;          /* of the first failure; everything after it reads nothing */
    size_t target, at; /* where we are, for messages */
    const char *list;  /* "findings" …, or NULL */
};

static void bad(struct reader *r, const char *key, const char *what)
{
    if (r->code)
        return;
    if (r->list)
        r->code = pl_fail(r->err, PL_E_FORMAT, "saved result: targets[%zu].%s[%zu]: '%s' %s",
                          r->target, r->list, r->at, key, what);
    else
        r->code = pl_fail(r->err, PL_E_FORMAT, "saved result: targets[%zu]: '%s' %s", r->target,
                          key, what);
}

static const struct pl_json *member(struct reader *r, const struct pl_json *j, const char *key,
                                    enum pl_json_type type, const char *name)
{
    const struct pl_json *v = r->code ? NULL : pl_json_get(j, key);
    if (r->code)
        return NULL;
    if (!v || pl_json_type(v) != type) {
        bad(r, key, name);
        return NULL;
    }
    return v;
}

static struct pl_str text(struct reader *r, const struct pl_json *j, const char *key)
{
    const struct pl_json *v = member(r, j, key, PL_JSON_STRING, "is no string");
    return v ? pl_dup(r->a, pl_json_str(v)) : (struct pl_str){ "", 0 };
}

/* A string, or null for an empty one. */
static struct pl_str text_or_null(struct reader *r, const struct pl_json *j, const char *key)
{
    const struct pl_json *v = pl_json_get(j, key);
    if (v && pl_json_type(v) == PL_JSON_NULL)
        return (struct pl_str){ "", 0 };
    return text(r, j, key);
}

static uint64_t number(struct reader *r, const struct pl_json *j, const char *key, uint64_t max)
{
    const struct pl_json *v = member(r, j, key, PL_JSON_INT, "is no integer");
    int64_t n = pl_json_int(v, 0);
    if (v && (n < 0 || (uint64_t)n > max))
        bad(r, key, "is out of range");
    return v && n >= 0 ? (uint64_t)n : 0;
}

static uint32_t number_or_null(struct reader *r, const struct pl_json *j, const char *key)
{
    const struct pl_json *v = pl_json_get(j, key);
    if (v && pl_json_type(v) == PL_JSON_NULL)
        return 0;
    return (uint32_t)number(r, j, key, UINT32_MAX);
}

static bool truth(struct reader *r, const struct pl_json *j, const char *key)
{
    const struct pl_json *v = member(r, j, key, PL_JSON_BOOL, "is neither true nor false");
    return v && pl_json_true(v);
}

/* The number of the name that `key` holds, among names 0..count-1. */
static int choice(struct reader *r, const struct pl_json *j, const char *key, int count,
                  const char *(*name)(int))
{
    struct pl_str s = text(r, j, key);
    for (int i = 0; i < count; i++)
        if (pl_str_is(s, name(i)))
            return i;
    bad(r, key, "has a value of no known name");
    return 0;
}

static const char *kind_name(int i)
{
    return pl_kind_name((enum pl_kind)i);
}

static const char *how_name(int i)
{
    return pl_how_name((enum pl_how)i);
}

static const char *scope_name(int i)
{
    return pl_scope_name((enum pl_scope)i);
}

static const char *severity_name(int i)
{
    return pl_severity_name((enum pl_severity)i);
}

static const char *surface_name(int i)
{
    return pl_surface_name((enum pl_surface)i);
}

static const char *delta_name(int i)
{
    return pl_delta_name((enum pl_delta)i);
}

static struct pl_names names(struct reader *r, const struct pl_json *j, const char *key)
{
    const struct pl_json *v = member(r, j, key, PL_JSON_ARRAY, "is no list");
    struct pl_names ret = { .n = pl_json_len(v) };
    ret.p = ret.n ? pl_alloc_n(r->a, ret.n, sizeof *ret.p) : NULL;
    for (size_t i = 0; i < ret.n; i++) {
        const struct pl_json *s = pl_json_at(v, i);
        if (pl_json_type(s) != PL_JSON_STRING)
            bad(r, key, "holds something that is no string");
        ret.p[i] = pl_dup(r->a, pl_json_str(s));
    }
    return ret;
}

/* Notes that leave a result complete. The format does not mark the others. */
static bool harmless(struct pl_str code)
{
    static const char *const codes[] = { "sandbox-degraded", "package-skipped",   "no-package-url",
                                         "no-database",      "history-mismatch",  "bad-whiteout",
                                         "overlay-whiteout", "dangling-link",     "unsafe-path",
                                         "still-served",     "long-path",         "tar-no-end",
                                         "tar-global",       "tar-size",          "tar-number",
                                         "tar-signed-sum",   "tar-sparse-unknown" };
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++)
        if (pl_str_is(code, codes[i]))
            return true;
    return false;
}

static struct pl_note read_note(struct reader *r, const struct pl_json *j, bool complete)
{
    struct pl_note n = { .scope =
                             (enum pl_scope)choice(r, j, "scope", PL_SCOPE_RUN + 1, scope_name),
                         .where = text(r, j, "where"),
                         .code = text(r, j, "code"),
                         .message = text(r, j, "message") };
    n.incomplete = !complete && !harmless(n.code);
    return n;
}

static struct pl_layer_info read_layer(struct reader *r, const struct pl_json *j)
{
    const struct pl_json *by = pl_json_get(j, "created_by");
    struct pl_layer_info l = { .index = (uint32_t)number(r, j, "index", UINT32_MAX - 1),
                               .digest = text_or_null(r, j, "digest"),
                               .diff_id = text_or_null(r, j, "diff_id"),
                               .created_by = text_or_null(r, j, "created_by"),
                               .bytes = number(r, j, "bytes", INT64_MAX),
                               .files = number(r, j, "files", INT64_MAX) };
    l.has_created_by = by && pl_json_type(by) == PL_JSON_STRING;
    return l;
}

/* The layer an event names; it must be one of the target's. Without a number it is an instruction
 * that made none, where that may be. */
static uint32_t layer_of(struct reader *r, const struct pl_target *t, const struct pl_json *j,
                         const char *key, struct pl_str *ret_origin)
{
    const struct pl_json *v = pl_json_get(j, key);
    if (v && pl_json_type(v) == PL_JSON_NULL)
        return PL_NEVER;
    v = member(r, j, key, PL_JSON_OBJECT, "is neither an object nor null");
    const struct pl_json *none = pl_json_get(v, "index");
    if (ret_origin && none && pl_json_type(none) == PL_JSON_NULL) {
        *ret_origin = text(r, v, "created_by");
        return PL_NEVER;
    }
    uint64_t index = number(r, v, "index", UINT32_MAX - 1);
    if (!r->code && (index >= t->n_layers || t->layers[index].index != index))
        bad(r, key, "names a layer that is not listed");
    return (uint32_t)index;
}

static void read_where(struct reader *r, const struct pl_json *j, struct pl_where *w)
{
    j = member(r, j, "where", PL_JSON_OBJECT, "is no object");
    w->surface = (enum pl_surface)choice(r, j, "surface", PL_SURF_COUNT, surface_name);
    w->path = text_or_null(r, j, "path");
    w->line = number_or_null(r, j, "line");
    w->col = number_or_null(r, j, "column");
    w->end_line = number_or_null(r, j, "end_line");
    w->end_col = number_or_null(r, j, "end_column");
    w->off = number(r, j, "offset", INT64_MAX);
    w->nested = names(r, j, "nested");
}

/* What the mask shows of the value's SHA-256 is enough to group by. */
static void read_hash(struct pl_finding *f)
{
    size_t at = pl_str_find(f->evidence, PL_S("(sha256:"), 0);
    if (at != SIZE_MAX)
        pl_unhex(pl_str_sub(f->evidence, at + strlen("(sha256:"), 8), f->secret_hash, 4);
}

static const struct pl_commit *commit_of(struct reader *r, const struct pl_json *j)
{
    if (!pl_json_get(j, "commit"))
        return NULL;
    struct pl_commit *c = PL_NEW(r->a, struct pl_commit);
    j = member(r, j, "commit", PL_JSON_OBJECT, "is no object");
    c->id = text(r, j, "id");
    c->author = text_or_null(r, j, "author");
    c->email = text_or_null(r, j, "email");
    c->date = text_or_null(r, j, "date");
    c->versions = (uint32_t)number(r, j, "versions", UINT32_MAX);
    return c;
}

static void read_finding(struct reader *r, const struct pl_target *t, const struct pl_json *j,
                         struct pl_finding *f)
{
    f->kind = (enum pl_kind)choice(r, j, "kind", PL_KIND_MALWARE + 1, kind_name);
    f->rule = text(r, j, "rule");
    f->aliases = names(r, j, "aliases");
    f->severity = (enum pl_severity)choice(r, j, "severity", PL_SEV_COUNT, severity_name);
    f->title = text(r, j, "title");
    f->why = text(r, j, "why");
    f->fix = text(r, j, "fix");
    read_where(r, j, &f->where);
    f->span.introduced = layer_of(r, t, j, "introduced", &f->origin);
    f->span.hidden = layer_of(r, t, j, "hidden", /* ret_origin= */ NULL);
    if (!r->code && f->span.hidden != PL_NEVER)
        f->span.how =
            (enum pl_how)choice(r, pl_json_get(j, "hidden"), "how", PL_HOW_REPLACED + 1, how_name);
    f->span.visible = truth(r, j, "visible");
    f->commit = commit_of(r, j);
    f->recover = text_or_null(r, j, "recover");
    f->evidence = text_or_null(r, j, "evidence");
    if (pl_json_get(j, "secret"))
        f->secret = text(r, j, "secret");
    f->print = text(r, j, "fingerprint");
    if (pl_json_get(j, "baseline"))
        f->delta = (enum pl_delta)choice(r, j, "baseline", PL_DELTA_UNCHANGED + 1, delta_name);
    f->vuln = pl_vuln_get(r->a, j);
    f->title = pl_bare_title(t, f);
    read_hash(f);
}

/* A key that older results lack; null and absent are the same. */
static struct pl_str text_if(struct reader *r, const struct pl_json *j, const char *key)
{
    return pl_json_get(j, key) ? text_or_null(r, j, key) : (struct pl_str){ "", 0 };
}

static bool flag_if(struct reader *r, const struct pl_json *j, const char *key)
{
    return pl_json_get(j, key) && truth(r, j, key);
}

static void read_package(struct reader *r, const struct pl_target *t, const struct pl_json *j,
                         struct pl_package *p)
{
    struct pl_str scheme = text_if(r, j, "scheme");
    p->purl = text(r, j, "purl");
    p->pkg.name = text(r, j, "name");
    p->pkg.version = text(r, j, "version");
    p->pkg.type = text(r, j, "type");
    p->paths = names(r, j, "paths");
    p->span.introduced = layer_of(r, t, j, "introduced", /* ret_origin= */ NULL);
    p->span.hidden = pl_json_get(j, "hidden") ? layer_of(r, t, j, "hidden", NULL) : PL_NEVER;
    if (!r->code && p->span.hidden != PL_NEVER)
        p->span.how =
            (enum pl_how)choice(r, pl_json_get(j, "hidden"), "how", PL_HOW_REPLACED + 1, how_name);
    p->span.visible = truth(r, j, "visible");
    p->pkg.ns = text_if(r, j, "group");
    p->pkg.source = text_if(r, j, "source");
    p->pkg.source_version = text_if(r, j, "source_version");
    p->pkg.arch = text_if(r, j, "arch");
    p->pkg.licence = text_if(r, j, "licence");
    p->pkg.by = text_if(r, j, "cataloger");
    p->distro = text_if(r, j, "distro");
    p->owned_by = text_if(r, j, "owned_by");
    p->scheme = scheme.n ? scheme.p : NULL;
    struct pl_str from = text_if(r, j, "from");
    p->from = pl_str_is(from, "base") ? "base" : pl_str_is(from, "app") ? "app" : NULL;
    p->pkg.ordinal = PL_NEVER;
    p->pkg.flags = (flag_if(r, j, "dev") ? (uint32_t)PL_PKG_DEV : 0u) |
                   (flag_if(r, j, "lock") ? (uint32_t)PL_PKG_LOCK : 0u) |
                   (flag_if(r, j, "program") ? (uint32_t)PL_PKG_FILE : 0u) |
                   (flag_if(r, j, "weak") ? (uint32_t)PL_PKG_WEAK : 0u);
}

/* The list `key`, its place noted for messages; an array of `size` each in *ret. */
static const struct pl_json *list_of(struct reader *r, const struct pl_json *j, const char *key,
                                     size_t size, void **ret, size_t *ret_n)
{
    r->list = NULL;
    const struct pl_json *v = member(r, j, key, PL_JSON_ARRAY, "is no list");
    *ret_n = pl_json_len(v);
    *ret = pl_alloc_n(r->a, *ret_n + 1, size);
    r->list = key;
    r->at = 0;
    return v;
}

static void read_target(struct reader *r, const struct pl_json *j, struct pl_target *t)
{
    r->list = NULL;
    t->name = text(r, j, "name");
    t->kind = text(r, j, "kind");
    t->digest = text_or_null(r, j, "digest");
    t->platform = text_or_null(r, j, "platform");
    t->complete = truth(r, j, "complete");
    t->uncounted = true;
    const struct pl_json *v =
        list_of(r, j, "notes", sizeof *t->notes, (void **)&t->notes, &t->n_notes);
    for (; r->at < t->n_notes && !r->code; r->at++)
        t->notes[r->at] = read_note(r, pl_json_at(v, r->at), t->complete);
    v = list_of(r, j, "layers", sizeof *t->layers, (void **)&t->layers, &t->n_layers);
    for (; r->at < t->n_layers && !r->code; r->at++) {
        t->layers[r->at] = read_layer(r, pl_json_at(v, r->at));
        t->bytes_claimed += t->layers[r->at].bytes;
    }
    if (pl_json_get(j, "packages")) {
        v = list_of(r, j, "packages", sizeof *t->packages, (void **)&t->packages, &t->n_packages);
        for (; r->at < t->n_packages && !r->code; r->at++)
            read_package(r, t, pl_json_at(v, r->at), &t->packages[r->at]);
    }
    v = list_of(r, j, "findings", sizeof *t->findings, (void **)&t->findings, &t->n_findings);
    for (; r->at < t->n_findings && !r->code; r->at++)
        read_finding(r, t, pl_json_at(v, r->at), &t->findings[r->at]);
}

/* What a comparison with a baseline left in the result. */
static void read_fixed(struct reader *r, const struct pl_json *root, struct pl_report *ret)
{
    const struct pl_json *fixed = pl_json_get(root, "fixed");
    if (!fixed)
        return;
    const struct pl_json *v =
        list_of(r, root, "fixed", sizeof *ret->gone, (void **)&ret->gone, &ret->n_gone);
    ret->has_baseline = true;
    for (; r->at < ret->n_gone && !r->code; r->at++) {
        const struct pl_json *j = pl_json_at(v, r->at);
        struct pl_gone *g = &ret->gone[r->at];
        g->target = text(r, j, "target");
        g->finding.rule = text(r, j, "rule");
        g->finding.severity =
            (enum pl_severity)choice(r, j, "severity", PL_SEV_COUNT, severity_name);
        g->finding.title = text(r, j, "title");
        g->finding.print = text(r, j, "fingerprint");
        read_where(r, j, &g->finding.where);
    }
}

static int read_root(struct reader *r, const struct pl_json *root, struct pl_report *ret)
{
    if (pl_json_int(pl_json_get(root, "schema"), 0) != 1)
        return pl_fail(r->err, PL_E_FORMAT, "saved result: 'schema' is not 1");
    const struct pl_json *tool = pl_json_get(root, "tool");
    const struct pl_json *targets = pl_json_get(root, "targets");
    if (!tool || !targets || pl_json_type(targets) != PL_JSON_ARRAY)
        return pl_fail(r->err, PL_E_FORMAT, "saved result: 'tool' or 'targets' is missing");
    ret->tool_name = text(r, tool, "name");
    ret->tool_version = text(r, tool, "version");
    ret->rules_version = text(r, tool, "rules");
    ret->db = pl_db_info_get(r->a, pl_json_get(tool, "db"));
    if (pl_json_get(tool, "scanners")) {
        ret->scanners = names(r, tool, "scanners");
        if (!ret->scanners.p) /* none is not the same as not known */
            ret->scanners.p = PL_NEW(r->a, struct pl_str);
    }
    ret->n_targets = pl_json_len(targets);
    ret->targets = pl_alloc_n(r->a, ret->n_targets + 1, sizeof *ret->targets);
    for (; r->target < ret->n_targets && !r->code; r->target++)
        read_target(r, pl_json_at(targets, r->target), &ret->targets[r->target]);
    read_fixed(r, root, ret);
    return r->code;
}

int pl_report_from_json(struct pl_arena *a, struct pl_str text_, struct pl_report *ret,
                        struct pl_err *err)
{
    struct pl_json *root = NULL;
    int code = pl_json_parse(text_, DEPTH_MAX, &root, err);
    if (code < 0)
        return pl_wrap(err, "saved result");
    struct pl_report made = { .a = a };
    struct reader r = { .a = a, .err = err };
    code = read_root(&r, root, &made);
    pl_json_free(root);
    if (code < 0)
        return code;
    pl_report_sum(&made);
    *ret = made;
    return 0;
}
