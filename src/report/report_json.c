/* JSON: the object of commands.md, "scan --format json", keys in that order. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cleanup.h"
#include "fmt/jsonw.h"
#include "model/controls.h"
#include "model/package.h"
#include "report/finding_json.h"
#include "report/vuln_json.h"
#include "report/words.h"

static void put_tool(struct pl_jsonw *w, const struct pl_report *r)
{
    pl_jw_key(w, "tool");
    pl_jw_obj(w);
    pl_jw_kstr(w, "name", r->tool_name);
    pl_jw_kstr(w, "version", r->tool_version);
    pl_jw_kstr(w, "rules", r->rules_version);
    pl_jw_key(w, "db");
    pl_db_info_put(w, r->db);
    if (r->scanners.p)
        pl_jw_kstrs(w, "scanners", r->scanners.p, r->scanners.n);
    pl_jw_obj_end(w);
}

static void put_or_null(struct pl_jsonw *w, const char *key, struct pl_str s)
{
    pl_jw_key(w, key);
    pl_jw_str_or_null(w, s);
}

static void put_number_or_null(struct pl_jsonw *w, const char *key, uint32_t v)
{
    pl_jw_key(w, key);
    if (v)
        pl_jw_u64(w, v);
    else
        pl_jw_null(w);
}

void pl_notes_put(struct pl_jsonw *w, const struct pl_target *t)
{
    pl_jw_key(w, "notes");
    pl_jw_arr(w);
    for (size_t i = 0; i < t->n_notes; i++) {
        const struct pl_note *n = &t->notes[i];
        pl_jw_obj(w);
        pl_jw_kcstr(w, "scope", pl_scope_name(n->scope));
        pl_jw_kstr(w, "where", n->where);
        pl_jw_kstr(w, "code", n->code);
        pl_jw_kstr(w, "message", n->message);
        pl_jw_obj_end(w);
    }
    pl_jw_arr_end(w);
}

/* What names a layer: the beginning of an element of "layers", of "introduced" and "hidden". */
static void put_layer_id(struct pl_jsonw *w, const struct pl_layer_info *l)
{
    pl_jw_key(w, "index");
    if (l->index == PL_NEVER) /* an instruction that made no layer */
        pl_jw_null(w);
    else
        pl_jw_u64(w, l->index);
    put_or_null(w, "digest", l->digest);
    put_or_null(w, "diff_id", l->diff_id);
    pl_jw_key(w, "created_by");
    if (l->has_created_by)
        pl_jw_str(w, l->created_by);
    else
        pl_jw_null(w);
}

static void put_layers(struct pl_jsonw *w, const struct pl_target *t)
{
    pl_jw_key(w, "layers");
    pl_jw_arr(w);
    for (size_t i = 0; i < t->n_layers; i++) {
        pl_jw_obj(w);
        put_layer_id(w, &t->layers[i]);
        pl_jw_ku64(w, "bytes", t->layers[i].bytes);
        pl_jw_ku64(w, "files", t->layers[i].files);
        pl_jw_obj_end(w);
    }
    pl_jw_arr_end(w);
}

static void put_where(struct pl_jsonw *w, const struct pl_where *p)
{
    pl_jw_key(w, "where");
    pl_jw_obj(w);
    pl_jw_kcstr(w, "surface", pl_surface_name(p->surface));
    put_or_null(w, "path", p->path);
    put_number_or_null(w, "line", p->line);
    put_number_or_null(w, "column", p->col);
    put_number_or_null(w, "end_line", p->end_line);
    put_number_or_null(w, "end_column", p->end_col);
    pl_jw_ku64(w, "offset", p->off);
    pl_jw_kstrs(w, "nested", p->nested.p, p->nested.n);
    pl_jw_obj_end(w);
}

static void put_event(struct pl_jsonw *w, const char *key, const struct pl_layer_info *l,
                      const char *how)
{
    pl_jw_key(w, key);
    if (!l) {
        pl_jw_null(w);
        return;
    }
    pl_jw_obj(w);
    put_layer_id(w, l);
    if (how)
        pl_jw_kcstr(w, "how", how);
    pl_jw_obj_end(w);
}

static void put_commit(struct pl_jsonw *w, const struct pl_commit *c)
{
    pl_jw_key(w, "commit");
    pl_jw_obj(w);
    pl_jw_kstr(w, "id", c->id);
    put_or_null(w, "author", c->author);
    put_or_null(w, "email", c->email);
    put_or_null(w, "date", c->date);
    pl_jw_ku64(w, "versions", c->versions);
    pl_jw_obj_end(w);
}

/* What kind dockerfile adds, and manifests that can be mended: fixes, each with its class and
 * edits. */
static void put_fixes(struct pl_jsonw *w, const struct pl_finding *f)
{
    pl_jw_key(w, "fixes");
    pl_jw_arr(w);
    if (f->fix_class) {
        pl_jw_obj(w);
        pl_jw_kcstr(w, "class", f->fix_class);
        pl_jw_key(w, "edits");
        pl_jw_arr(w);
        for (size_t i = 0; i < f->n_edits; i++) {
            const struct pl_edit *e = &f->edits[i];
            pl_jw_obj(w);
            pl_jw_ku64(w, "offset", e->off);
            pl_jw_ku64(w, "end_offset", e->end);
            pl_jw_ku64(w, "line", e->line);
            pl_jw_ku64(w, "column", e->col);
            pl_jw_ku64(w, "end_line", e->end_line);
            pl_jw_ku64(w, "end_column", e->end_col);
            pl_jw_kstr(w, "text", e->text);
            pl_jw_obj_end(w);
        }
        pl_jw_arr_end(w);
        pl_jw_obj_end(w);
    }
    pl_jw_arr_end(w);
}

static void put_package(struct pl_jsonw *w, const struct pl_target *t, const struct pl_package *p)
{
    pl_jw_obj(w);
    pl_jw_kstr(w, "purl", p->purl);
    pl_jw_kstr(w, "name", p->pkg.name);
    pl_jw_kstr(w, "version", p->pkg.version);
    pl_jw_kstr(w, "type", p->pkg.type);
    pl_jw_kstrs(w, "paths", p->paths.p, p->paths.n);
    put_event(w, "introduced", pl_layer_at(t, p->span.introduced), /* how= */ NULL);
    put_event(w, "hidden", pl_layer_at(t, p->span.hidden), pl_how_name(p->span.how));
    pl_jw_kbool(w, "visible", p->span.visible);
    put_or_null(w, "group", p->pkg.ns);
    put_or_null(w, "source", p->pkg.source);
    put_or_null(w, "source_version", p->pkg.source_version);
    put_or_null(w, "distro", p->distro);
    put_or_null(w, "licence", p->pkg.licence);
    put_or_null(w, "owned_by", p->owned_by);
    put_or_null(w, "arch", p->pkg.arch);
    put_or_null(w, "scheme", pl_str_c(p->scheme));
    pl_jw_kbool(w, "dev", (p->pkg.flags & PL_PKG_DEV) != 0);
    if (p->pkg.flags & PL_PKG_LOCK)
        pl_jw_kbool(w, "lock", true);
    if (p->pkg.flags & PL_PKG_FILE)
        pl_jw_kbool(w, "program", true);
    if (p->pkg.flags & PL_PKG_WEAK)
        pl_jw_kbool(w, "weak", true);
    pl_jw_kstr(w, "cataloger", p->pkg.by);
    if (p->from)
        pl_jw_kcstr(w, "from", p->from);
    pl_jw_obj_end(w);
}

static void put_packages(struct pl_jsonw *w, const struct pl_target *t)
{
    pl_jw_key(w, "packages");
    pl_jw_arr(w);
    for (size_t i = 0; i < t->n_packages; i++)
        if (!(t->packages[i].pkg.flags & PL_PKG_OS))
            put_package(w, t, &t->packages[i]);
    pl_jw_arr_end(w);
}

/* The controls of rules that were looked up already: few rules, many findings. */
struct memo {
    struct pl_arena a;
    struct {
        struct pl_str rule;
        enum pl_kind kind;
        struct pl_names ids;
    } row[64];
    size_t n;
};

static const struct pl_names *controls(struct memo *m, const struct pl_finding *f)
{
    for (size_t i = 0; i < m->n && i < PL_COUNT(m->row); i++)
        if (m->row[i].kind == f->kind && pl_str_eq(m->row[i].rule, f->rule))
            return &m->row[i].ids;
    size_t at = m->n++ % PL_COUNT(m->row);
    m->row[at].rule = f->rule;
    m->row[at].kind = f->kind;
    m->row[at].ids = pl_controls_of(&m->a, f->rule, f->kind);
    return &m->row[at].ids;
}

void pl_life_put(struct pl_jsonw *w, const struct pl_target *t, const struct pl_finding *f)
{
    const struct pl_layer_info origin = { .index = PL_NEVER,
                                          .created_by = f->origin,
                                          .has_created_by = true };
    const struct pl_layer_info *in = pl_layer_at(t, f->span.introduced);
    put_event(w, "introduced", !in && f->origin.n ? &origin : in, /* how= */ NULL);
    put_event(w, "hidden", pl_layer_at(t, f->span.hidden), pl_how_name(f->span.how));
    pl_jw_kbool(w, "visible", f->span.visible);
}

static void put_finding(struct pl_jsonw *w, const struct pl_target *t, const struct pl_finding *f,
                        struct memo *m, size_t ret_life[2])
{
    pl_jw_obj(w);
    pl_jw_kcstr(w, "kind", pl_kind_name(f->kind));
    pl_jw_kstr(w, "rule", f->rule);
    pl_jw_kstrs(w, "aliases", f->aliases.p, f->aliases.n);
    pl_jw_kcstr(w, "severity", pl_severity_name(f->severity));
    struct pl_buf title = { 0 };
    pl_say_title(&title, t, f);
    pl_jw_kstr(w, "title", pl_buf_str(&title));
    pl_buf_release(&title);
    pl_jw_kstr(w, "why", f->why);
    pl_jw_kstr(w, "fix", f->fix);
    put_where(w, &f->where);
    ret_life[0] = w->out->n;
    pl_life_put(w, t, f);
    ret_life[1] = w->out->n;
    if (f->commit)
        put_commit(w, f->commit);
    put_or_null(w, "recover", f->recover);
    put_or_null(w, "evidence", f->evidence);
    if (f->secret.p)
        pl_jw_kstr(w, "secret", f->secret);
    if (f->kind == PL_KIND_DOCKERFILE || f->n_edits)
        put_fixes(w, f);
    if (f->vuln)
        pl_vuln_put(w, f->vuln);
    if (f->kind == PL_KIND_DOCKERFILE || f->kind == PL_KIND_CONFIG) {
        const struct pl_names *ids = controls(m, f);
        if (ids->n)
            pl_jw_kstrs(w, "controls", ids->p, ids->n);
    }
    pl_jw_kstr(w, "fingerprint", f->print);
    if (f->delta != PL_DELTA_NONE)
        pl_jw_kcstr(w, "baseline", pl_delta_name(f->delta));
    pl_jw_obj_end(w);
}

void pl_finding_put(struct pl_jsonw *w, const struct pl_target *t, const struct pl_finding *f,
                    size_t ret_life[2])
{
    struct memo m = { .n = 0 };
    put_finding(w, t, f, &m, ret_life);
    pl_arena_release(&m.a);
}

static void put_target(struct pl_jsonw *w, const struct pl_target *t, struct memo *m)
{
    size_t life[2];
    pl_jw_obj(w);
    pl_jw_kstr(w, "name", t->name);
    pl_jw_kstr(w, "kind", t->kind);
    put_or_null(w, "digest", t->digest);
    put_or_null(w, "platform", t->platform);
    pl_jw_kbool(w, "complete", t->complete);
    pl_notes_put(w, t);
    put_layers(w, t);
    put_packages(w, t);
    pl_jw_key(w, "findings");
    pl_jw_arr(w);
    for (size_t i = 0; i < t->n_findings; i++)
        put_finding(w, t, &t->findings[i], m, life);
    pl_jw_arr_end(w);
    pl_jw_obj_end(w);
}

static void put_summary(struct pl_jsonw *w, const struct pl_report *r)
{
    pl_jw_key(w, "summary");
    pl_jw_obj(w);
    for (int s = PL_SEV_COUNT; s-- > 0;)
        pl_jw_ku64(w, pl_severity_name((enum pl_severity)s), r->count[s]);
    pl_jw_kbool(w, "incomplete", r->incomplete);
    pl_jw_obj_end(w);
}

/* Only beside --baseline: what the old result had and this one does not. */
static void put_fixed(struct pl_jsonw *w, const struct pl_report *r)
{
    pl_jw_key(w, "fixed");
    pl_jw_arr(w);
    for (size_t i = 0; i < r->n_gone; i++) {
        const struct pl_finding *f = &r->gone[i].finding;
        pl_jw_obj(w);
        pl_jw_kstr(w, "target", r->gone[i].target);
        pl_jw_kstr(w, "rule", f->rule);
        pl_jw_kcstr(w, "severity", pl_severity_name(f->severity));
        pl_jw_kstr(w, "title", f->title);
        put_where(w, &f->where);
        pl_jw_kstr(w, "fingerprint", f->print);
        pl_jw_obj_end(w);
    }
    pl_jw_arr_end(w);
}

static int write_json(const struct pl_report *r, const struct pl_report_opts *o, struct pl_buf *out,
                      struct pl_err *err)
{
    (void)o;
    (void)err;
    struct pl_jsonw w = { .out = out, .indent = 2 };
    struct memo m = { 0 };
    pl_jw_obj(&w);
    pl_jw_ku64(&w, "schema", 1);
    put_tool(&w, r);
    pl_jw_key(&w, "targets");
    pl_jw_arr(&w);
    for (size_t i = 0; i < r->n_targets; i++)
        put_target(&w, &r->targets[i], &m);
    pl_jw_arr_end(&w);
    put_summary(&w, r);
    if (r->has_baseline)
        put_fixed(&w, r);
    pl_jw_obj_end(&w);
    pl_buf_putc(out, '\n');
    pl_arena_release(&m.a);
    return 0;
}

const struct pl_writer pl_writer_json = { .id = "json", .suffix = ".json", .write = write_json };
