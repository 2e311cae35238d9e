/* GitLab security reports: container scanning and secret detection, by the published schema whose
 * version is pinned here. A report of a version GitLab does not know is refused whole.
 * ux.md section 3. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>

#include "base/map.h"
#include "base/near.h"
#include "fmt/jsonw.h"
#include "report/escape.h"
#include "report/words.h"

#define MESSAGES_MAX 1000
#define NAME_MAX_CHARS 200 /* the schema takes 255 */

/* The fields written are the same in all of them. */
static const char *const versions[] = { "15.2.1", "15.1.4", "15.0.7" };

enum scan_type { CONTAINER, SECRETS };

struct gitlab {
    const struct pl_report *r;
    const struct pl_report_opts *o;
    const struct pl_target *t;
    struct pl_arena *a;
    struct pl_jsonw w;
    struct pl_map ids;
    enum scan_type type;
    size_t unfit;
};

static const char *version_of(const struct pl_report_opts *o, struct pl_err *err)
{
    size_t n = sizeof versions / sizeof versions[0];
    if (!o->gitlab_schema.n)
        return versions[0];
    for (size_t i = 0; i < n; i++)
        if (pl_str_is(o->gitlab_schema, versions[i]))
            return versions[i];
    const char *near = pl_near(o->gitlab_schema, versions, n);
    pl_fail(err, PL_E_USAGE, "unknown GitLab schema '%.*s': known are %s, %s and %s%s%s",
            PL_FMT(o->gitlab_schema), versions[0], versions[1], versions[2],
            near ? "; nearest is " : "", near ? near : "");
    return NULL;
}

static void put_program(struct gitlab *g, const char *key)
{
    struct pl_jsonw *w = &g->w;
    pl_jw_key(w, key);
    pl_jw_obj(w);
    pl_jw_kstr(w, "id", g->r->tool_name);
    pl_jw_kcstr(w, "name", "Plimsoll");
    pl_jw_kstr(w, "version", g->r->tool_version);
    pl_jw_key(w, "vendor");
    pl_jw_obj(w);
    pl_jw_kcstr(w, "name", "Plimsoll");
    pl_jw_obj_end(w);
    pl_jw_obj_end(w);
}

static void put_message(struct gitlab *g, const char *level, struct pl_str text)
{
    pl_auto_buf struct pl_buf b = { 0 };
    pl_esc_cut(&b, PL_ESC_TERM, text, 1000);
    pl_jw_obj(&g->w);
    pl_jw_kcstr(&g->w, "level", level);
    pl_jw_kstr(&g->w, "value", pl_buf_str(&b));
    pl_jw_obj_end(&g->w);
}

static void put_messages(struct gitlab *g)
{
    size_t shown = 0;
    pl_jw_key(&g->w, "messages");
    pl_jw_arr(&g->w);
    for (size_t i = 0; i < g->r->n_targets; i++) {
        const struct pl_target *t = &g->r->targets[i];
        for (size_t k = 0; k < t->n_notes && shown < MESSAGES_MAX; k++, shown++) {
            const struct pl_note *n = &t->notes[k];
            pl_auto_buf struct pl_buf b = { 0 };
            pl_buf_putn(&b, t->name.p, t->name.n);
            pl_buf_printf(&b, ": %.*s%s%.*s", PL_FMT(n->where), n->where.n ? ": " : "",
                          PL_FMT(n->message));
            put_message(g, n->incomplete ? "fatal" : "info", pl_buf_str(&b));
        }
    }
    if (g->unfit)
        put_message(g, "warn",
                    pl_printf(g->a, "%zu findings do not fit this kind of report", g->unfit));
    pl_jw_arr_end(&g->w);
}

static void put_scan(struct gitlab *g)
{
    struct pl_jsonw *w = &g->w;
    pl_jw_key(w, "scan");
    pl_jw_obj(w);
    put_program(g, "analyzer");
    put_program(g, "scanner");
    pl_jw_kcstr(w, "type", g->type == CONTAINER ? "container_scanning" : "secret_detection");
    pl_jw_kstr(w, "start_time", pl_say_time(g->a, g->r->started_ns));
    pl_jw_kstr(w, "end_time", pl_say_time(g->a, g->r->ended_ns));
    pl_jw_kcstr(w, "status", g->r->incomplete ? "failure" : "success");
    put_messages(g);
    pl_jw_obj_end(w);
}

/* The fingerprint, with a number behind it where it was used before: ids are unique in a report. */
static struct pl_str id_of(struct gitlab *g, const struct pl_finding *f)
{
    void **times = pl_map_put(&g->ids, f->print);
    uintptr_t n = (uintptr_t)*times + 1;
    *times = (void *)n;
    return n == 1 && f->print.n ? f->print
                                : pl_printf(g->a, "%.*s-%zu", PL_FMT(f->print), (size_t)n);
}

/* A finding may have no rule of a length the schema accepts; an identifier must have text. */
static void put_identifiers(struct gitlab *g, const struct pl_finding *f)
{
    struct pl_jsonw *w = &g->w;
    struct pl_str rule = f->rule.n ? f->rule : PL_S("unnamed");
    unsigned cwe = pl_kind_cwe(f->kind);
    pl_jw_key(w, "identifiers");
    pl_jw_arr(w);
    pl_jw_obj(w);
    pl_jw_kcstr(w, "type", "plimsoll_rule_id");
    pl_jw_kstr(w, "name", rule);
    pl_jw_kstr(w, "value", rule);
    pl_jw_obj_end(w);
    pl_jw_obj(w);
    pl_jw_kcstr(w, "type", "cwe");
    pl_jw_kstr(w, "name", pl_printf(g->a, "CWE-%u", cwe));
    pl_jw_kstr(w, "value", pl_printf(g->a, "%u", cwe));
    pl_jw_kstr(w, "url", pl_printf(g->a, "https://cwe.mitre.org/data/definitions/%u.html", cwe));
    pl_jw_obj_end(w);
    pl_jw_arr_end(w);
}

static void put_detail(struct gitlab *g, const char *key, const char *name, const char *type,
                       struct pl_str value)
{
    pl_auto_buf struct pl_buf b = { 0 };
    if (!value.n)
        return;
    pl_esc_cut(&b, PL_ESC_TERM, value, 2000);
    pl_jw_key(&g->w, key);
    pl_jw_obj(&g->w);
    pl_jw_kcstr(&g->w, "name", name);
    pl_jw_kcstr(&g->w, "type", type);
    pl_jw_kstr(&g->w, "value", pl_buf_str(&b));
    pl_jw_obj_end(&g->w);
}

static void put_layer(struct gitlab *g, const char *key, const char *name, uint32_t index)
{
    const struct pl_layer_info *l = pl_layer_at(g->t, index);
    pl_auto_buf struct pl_buf b = { 0 };
    if (!l)
        return;
    pl_say_layer(&b, g->a, l);
    put_detail(g, key, name, "text", pl_buf_str(&b));
}

static void put_details(struct gitlab *g, const struct pl_finding *f)
{
    pl_auto_buf struct pl_buf place = { 0 };
    pl_say_place(&place, f);
    pl_jw_key(&g->w, "details");
    pl_jw_obj(&g->w);
    put_detail(g, "place", "Place", "text", pl_buf_str(&place));
    put_detail(g, "evidence", "Evidence", "text", f->evidence);
    put_layer(g, "introduced", "Introduced by", f->span.introduced);
    put_layer(g, "hidden", "Hidden by", f->span.hidden);
    put_detail(g, "visible", "Visible", "text", pl_str_c(pl_say_visible(g->t, f)));
    put_detail(g, "recover", "Recover", "code", f->recover);
    pl_jw_obj_end(&g->w);
}

/* GitLab shows the description as Markdown. */
static void put_description(struct gitlab *g, const struct pl_finding *f)
{
    pl_auto_buf struct pl_buf b = { 0 }, raw = { 0 };
    pl_say_title(&raw, g->t, f);
    pl_esc_cut(&b, PL_ESC_MD_TEXT, pl_buf_str(&raw), 1000);
    pl_buf_puts(&b, ".\n\n");
    pl_esc_cut(&b, PL_ESC_MD_TEXT, f->why, 2000);
    pl_jw_kstr(&g->w, "description", pl_buf_str(&b));
}

static void put_place_number(struct gitlab *g, const char *key, uint32_t line)
{
    if (line)
        pl_jw_ku64(&g->w, key, line);
}

/* What holds the finding: the outer file, or the surface and its path. */
static struct pl_str holder(struct gitlab *g, const struct pl_finding *f)
{
    pl_auto_buf struct pl_buf b = { 0 }, raw = { 0 };
    if (f->where.surface != PL_SURF_FILE || !f->where.path.n) {
        pl_buf_puts(&raw, pl_surface_name(f->where.surface));
        pl_buf_puts(&raw, f->where.path.n ? "/" : "");
    }
    if (f->where.path.n)
        pl_buf_putn(&raw, f->where.path.p, f->where.path.n);
    pl_esc_cut(&b, PL_ESC_TERM, pl_buf_str(&raw), 1000);
    return pl_dup(g->a, pl_buf_str(&b));
}

static void put_commit(struct pl_jsonw *w, const struct pl_commit *c)
{
    pl_jw_key(w, "commit");
    pl_jw_obj(w);
    if (!c) {
        pl_jw_kcstr(w, "sha", "0000000"); /* what GitLab's own analyzer says of no commit */
    } else {
        pl_auto_buf struct pl_buf who = { 0 }, author = { 0 };
        pl_buf_printf(&who, "%.*s <%.*s>", PL_FMT(pl_str_sub(c->author, 0, 500)),
                      PL_FMT(pl_str_sub(c->email, 0, 400)));
        pl_esc_cut(&author, PL_ESC_TERM, pl_buf_str(&who), 1000);
        pl_jw_kstr(w, "sha", c->id);
        pl_jw_kstr(w, "author", pl_buf_str(&author));
        if (c->date.n)
            pl_jw_kstr(w, "date", c->date);
    }
    pl_jw_obj_end(w);
}

static void put_location(struct gitlab *g, const struct pl_finding *f)
{
    struct pl_jsonw *w = &g->w;
    pl_jw_key(w, "location");
    pl_jw_obj(w);
    if (g->type == SECRETS) {
        pl_jw_kstr(w, "file", holder(g, f));
        put_place_number(g, "start_line", f->where.line);
        put_place_number(g, "end_line", f->where.end_line);
        put_commit(w, f->commit);
    } else {
        pl_auto_buf struct pl_buf image = { 0 };
        pl_esc_cut(&image, PL_ESC_TERM, g->t->name.n ? g->t->name : g->t->kind, 1000);
        pl_jw_kstr(w, "image", pl_buf_str(&image));
        pl_jw_kstr(w, "operating_system", g->t->platform.n ? g->t->platform : PL_S("unknown"));
        pl_jw_key(w, "dependency");
        pl_jw_obj(w);
        pl_jw_key(w, "package");
        pl_jw_obj(w);
        pl_jw_kstr(w, "name", holder(g, f));
        pl_jw_obj_end(w);
        pl_jw_kcstr(w, "version", "");
        pl_jw_obj_end(w);
    }
    pl_jw_obj_end(w);
}

static bool fits(const struct gitlab *g, const struct pl_target *t, const struct pl_finding *f)
{
    return g->type == SECRETS ? f->kind == PL_KIND_SECRET : t->n_layers || t->digest.n;
}

static void put_finding(struct gitlab *g, const struct pl_finding *f)
{
    static const char *const severities[] = { "Info", "Low", "Medium", "High", "Critical" };
    struct pl_jsonw *w = &g->w;
    pl_auto_buf struct pl_buf name = { 0 }, fix = { 0 };
    pl_esc_cut(&name, PL_ESC_TERM, f->title.n ? f->title : f->rule, NAME_MAX_CHARS);
    pl_esc_cut(&fix, PL_ESC_MD_TEXT, f->fix, 3000);
    pl_jw_obj(w);
    pl_jw_kstr(w, "id", id_of(g, f));
    pl_jw_kstr(w, "name", pl_buf_str(&name));
    put_description(g, f);
    pl_jw_kcstr(w, "severity", severities[f->severity]);
    if (fix.n)
        pl_jw_kstr(w, "solution", pl_buf_str(&fix));
    put_identifiers(g, f);
    put_location(g, f);
    put_details(g, f);
    pl_jw_obj_end(w);
}

static void put_all(struct gitlab *g)
{
    pl_jw_key(&g->w, "vulnerabilities");
    pl_jw_arr(&g->w);
    for (size_t i = 0; i < g->r->n_targets; i++) {
        g->t = &g->r->targets[i];
        for (size_t k = 0; k < g->t->n_findings; k++)
            if (fits(g, g->t, &g->t->findings[k]))
                put_finding(g, &g->t->findings[k]);
    }
    pl_jw_arr_end(&g->w);
}

static void count_unfit(struct gitlab *g, const char *id)
{
    for (size_t i = 0; i < g->r->n_targets; i++)
        for (size_t k = 0; k < g->r->targets[i].n_findings; k++)
            g->unfit += !fits(g, &g->r->targets[i], &g->r->targets[i].findings[k]);
    if (g->unfit && g->o->aside)
        pl_buf_printf(g->o->aside,
                      "note: %s: %zu findings do not fit this kind of report; "
                      "-f json has all\n",
                      id, g->unfit);
}

static int write_report(const struct pl_report *r, const struct pl_report_opts *o,
                        struct pl_buf *out, enum scan_type type, struct pl_err *err)
{
    const char *version = version_of(o, err);
    if (!version)
        return PL_E_USAGE;
    struct pl_arena a = { 0 };
    struct gitlab g = { .r = r, .o = o, .a = &a, .type = type, .w = { .out = out, .indent = 2 } };
    g.ids.a = &a;
    count_unfit(&g, type == CONTAINER ? "gitlab" : "gitlab:secret-detection");
    pl_jw_obj(&g.w);
    pl_jw_kcstr(&g.w, "version", version);
    pl_jw_kstr(&g.w, "schema",
               pl_printf(&a,
                         "https://gitlab.com/gitlab-org/security-products/security-report-schemas/"
                         "-/raw/v%s/dist/%s-report-format.json",
                         version, type == CONTAINER ? "container-scanning" : "secret-detection"));
    put_scan(&g);
    put_all(&g);
    pl_jw_obj_end(&g.w);
    pl_buf_putc(out, '\n');
    pl_map_release(&g.ids);
    pl_arena_release(&a);
    return 0;
}

static int write_container(const struct pl_report *r, const struct pl_report_opts *o,
                           struct pl_buf *out, struct pl_err *err)
{
    return write_report(r, o, out, CONTAINER, err);
}

static int write_secrets(const struct pl_report *r, const struct pl_report_opts *o,
                         struct pl_buf *out, struct pl_err *err)
{
    return write_report(r, o, out, SECRETS, err);
}

const struct pl_writer pl_writer_gitlab = { .id = "gitlab",
                                            .suffix = ".json",
                                            .write = write_container };
const struct pl_writer pl_writer_gitlab_secrets = { .id = "gitlab:secret-detection",
                                                    .suffix = ".json",
                                                    .write = write_secrets };
