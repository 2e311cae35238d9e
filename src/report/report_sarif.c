/* SARIF 2.1.0 (OASIS), one run, kept within what GitHub code scanning takes. ux.md section 3. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdlib.h>

#include "base/map.h"
#include "fmt/jsonw.h"
#include "model/controls.h"
#include "report/dockerline.h"
#include "report/escape.h"
#include "report/words.h"

#define RESULTS_MAX 25000
#define RULES_MAX 25000
#define NOTES_MAX 1000
#define TAGS_MAX 20
/* The file may have 10 MB after gzip. Of a result about 150 bytes remain of what is constant, the
 * digits of the fingerprint pack to half, and foreign text is counted whole: it need not pack. */
#define PACKED_MAX 9000000
#define PACKED_RESULT 220

struct rule {
    struct pl_str id;
    const struct pl_finding *f; /* the worst finding of it */
    enum pl_severity severity;
    size_t index;
};

struct sarif {
    const struct pl_report *r;
    const struct pl_report_opts *o;
    struct pl_arena *a;
    struct pl_jsonw w;
    struct pl_map rules, seen; /* rule by id; how often a fingerprint came */
    struct rule **rule;        /* sorted by id */
    size_t n_rules;
    bool **keep; /* by target and finding */
    size_t dropped, total;
    const struct pl_docker_file *docker; /* NULL without --dockerfile */
};

static const struct {
    const char *level, *number;
} levels[PL_SEV_COUNT] = {
    [PL_SEV_INFO] = { "note", "0.0" },      [PL_SEV_LOW] = { "note", "2.0" },
    [PL_SEV_MEDIUM] = { "warning", "5.5" }, [PL_SEV_HIGH] = { "error", "8.0" },
    [PL_SEV_CRITICAL] = { "error", "9.5" },
};

static void put_text(struct pl_jsonw *w, const char *key, struct pl_str s)
{
    pl_jw_key(w, key);
    pl_jw_obj(w);
    pl_jw_kstr(w, "text", s);
    pl_jw_obj_end(w);
}

/* The worst ones first, as many as the reader takes. */
static void choose(struct sarif *s)
{
    size_t kept = 0, packed = 0;
    s->keep = pl_alloc_n(s->a, s->r->n_targets + 1, sizeof *s->keep);
    for (size_t i = 0; i < s->r->n_targets; i++)
        s->keep[i] = pl_alloc_n(s->a, s->r->targets[i].n_findings + 1, sizeof **s->keep);
    for (int sev = PL_SEV_COUNT; sev-- > 0;)
        for (size_t i = 0; i < s->r->n_targets; i++)
            for (size_t k = 0; k < s->r->targets[i].n_findings; k++) {
                const struct pl_finding *f = &s->r->targets[i].findings[k];
                if ((int)f->severity != sev)
                    continue;
                size_t cost = PACKED_RESULT + 2 * f->where.path.n;
                for (size_t m = 0; m < f->where.nested.n; m++)
                    cost += f->where.nested.p[m].n;
                s->total++;
                if (kept >= RESULTS_MAX || packed + cost > PACKED_MAX) {
                    s->dropped++;
                    continue;
                }
                s->keep[i][k] = true;
                kept++;
                packed += cost;
            }
}

static int by_id(const void *a, const void *b)
{
    return pl_str_cmp((*(struct rule *const *)a)->id, (*(struct rule *const *)b)->id);
}

static void gather_rules(struct sarif *s)
{
    s->rule = pl_alloc_n(s->a, RULES_MAX, sizeof(struct rule *));
    for (size_t i = 0; i < s->r->n_targets; i++)
        for (size_t k = 0; k < s->r->targets[i].n_findings; k++) {
            const struct pl_finding *f = &s->r->targets[i].findings[k];
            void **place = s->keep[i][k] ? pl_map_put(&s->rules, f->rule) : NULL;
            if (place && !*place && s->n_rules < RULES_MAX) {
                struct rule *rule = PL_NEW(s->a, struct rule);
                *rule = (struct rule){ .id = f->rule, .f = f, .severity = f->severity };
                *place = s->rule[s->n_rules++] = rule;
            }
            struct rule *rule = place ? *place : NULL;
            if (rule && f->severity > rule->severity) {
                rule->f = f;
                rule->severity = f->severity;
            }
        }
    qsort(s->rule, s->n_rules, sizeof(struct rule *), by_id);
    for (size_t i = 0; i < s->n_rules; i++)
        s->rule[i]->index = i;
}

static void put_rule(struct sarif *s, const struct rule *rule)
{
    struct pl_jsonw *w = &s->w;
    unsigned cwe = pl_kind_cwe(rule->f->kind);
    pl_jw_obj(w);
    pl_jw_kstr(w, "id", rule->id);
    put_text(w, "shortDescription", rule->f->title.n ? rule->f->title : rule->id);
    put_text(w, "fullDescription", rule->f->why.n ? rule->f->why : rule->id);
    pl_jw_kstr(w, "helpUri",
               pl_printf(s->a, "https://cwe.mitre.org/data/definitions/%u.html", cwe));
    put_text(w, "help", rule->f->fix.n ? rule->f->fix : PL_S("There is no fix to name."));
    pl_jw_key(w, "defaultConfiguration");
    pl_jw_obj(w);
    pl_jw_kcstr(w, "level", levels[rule->severity].level);
    pl_jw_obj_end(w);
    pl_jw_key(w, "properties");
    pl_jw_obj(w);
    pl_jw_kcstr(w, "security-severity", levels[rule->severity].number);
    pl_jw_kcstr(w, "precision", "high");
    pl_jw_key(w, "tags");
    pl_jw_arr(w);
    pl_jw_cstr(w, pl_kind_name(rule->f->kind));
    pl_jw_cstr(w, "security");
    pl_jw_str(w, pl_printf(s->a, "external/cwe/cwe-%u", cwe));
    struct pl_names ids = pl_controls_of(s->a, rule->id, rule->f->kind);
    bool ours = rule->f->kind == PL_KIND_DOCKERFILE || rule->f->kind == PL_KIND_CONFIG;
    for (size_t i = 0; ours && i < ids.n && i < TAGS_MAX - 3; i++)
        pl_jw_str(w, ids.p[i]);
    pl_jw_arr_end(w);
    pl_jw_obj_end(w);
    pl_jw_obj_end(w);
}

static void put_driver(struct sarif *s)
{
    struct pl_jsonw *w = &s->w;
    pl_jw_key(w, "tool");
    pl_jw_obj(w);
    pl_jw_key(w, "driver");
    pl_jw_obj(w);
    pl_jw_kstr(w, "name", s->r->tool_name);
    pl_jw_kstr(w, "version", s->r->tool_version);
    pl_jw_kstr(w, "semanticVersion", s->r->tool_version);
    pl_jw_key(w, "rules");
    pl_jw_arr(w);
    for (size_t i = 0; i < s->n_rules; i++)
        put_rule(s, s->rule[i]);
    pl_jw_arr_end(w);
    pl_jw_key(w, "properties");
    pl_jw_obj(w);
    pl_jw_kstr(w, "rules", s->r->rules_version);
    pl_jw_obj_end(w);
    pl_jw_obj_end(w);
    pl_jw_obj_end(w);
}

static void put_notification(struct sarif *s, const char *level, struct pl_str code,
                             struct pl_str text)
{
    struct pl_jsonw *w = &s->w;
    pl_auto_buf struct pl_buf b = { 0 };
    pl_esc_cut(&b, PL_ESC_SARIF, text, 1000);
    pl_jw_obj(w);
    if (code.n) {
        pl_jw_key(w, "descriptor");
        pl_jw_obj(w);
        pl_jw_kstr(w, "id", code);
        pl_jw_obj_end(w);
    }
    pl_jw_kcstr(w, "level", level);
    put_text(w, "message", pl_buf_str(&b));
    pl_jw_obj_end(w);
}

static void put_note(struct sarif *s, const struct pl_target *t, const struct pl_note *n)
{
    pl_auto_buf struct pl_buf b = { 0 };
    pl_buf_putn(&b, t->name.p, t->name.n);
    pl_buf_puts(&b, ": ");
    if (n->where.n) {
        pl_buf_putn(&b, n->where.p, n->where.n);
        pl_buf_puts(&b, ": ");
    }
    pl_buf_putn(&b, n->message.p ? n->message.p : "", n->message.n);
    put_notification(s, n->incomplete ? "error" : "warning", n->code, pl_buf_str(&b));
}

/* How the run went: incomplete is executionSuccessful false. */
static void put_invocation(struct sarif *s)
{
    struct pl_jsonw *w = &s->w;
    size_t shown = 0;
    pl_jw_key(w, "invocations");
    pl_jw_arr(w);
    pl_jw_obj(w);
    pl_jw_kbool(w, "executionSuccessful", !s->r->incomplete);
    pl_jw_key(w, "toolExecutionNotifications");
    pl_jw_arr(w);
    for (int pass = 0; pass < 2; pass++) /* what made it incomplete comes first */
        for (size_t i = 0; i < s->r->n_targets; i++)
            for (size_t k = 0; k < s->r->targets[i].n_notes; k++) {
                const struct pl_note *n = &s->r->targets[i].notes[k];
                if (n->incomplete == !pass && shown++ < NOTES_MAX)
                    put_note(s, &s->r->targets[i], n);
            }
    if (shown > NOTES_MAX)
        put_notification(
            s, "warning", PL_S("notes-dropped"),
            pl_printf(s->a, "%zu more notes, all of them in the JSON result", shown - NOTES_MAX));
    if (s->dropped)
        put_notification(s, "warning", PL_S("results-dropped"),
                         pl_printf(s->a,
                                   "%zu of %zu findings, the least severe, were left out to stay "
                                   "within the limits of readers; the JSON result has all",
                                   s->dropped, s->total));
    pl_jw_arr_end(w);
    pl_jw_obj_end(w);
    pl_jw_arr_end(w);
}

static void put_region(struct sarif *s, const struct pl_where *p)
{
    struct pl_jsonw *w = &s->w;
    pl_jw_key(w, "region");
    pl_jw_obj(w);
    pl_jw_ku64(w, "startLine", p->line ? p->line : 1); /* readers insist on a line */
    if (p->line && p->col)
        pl_jw_ku64(w, "startColumn", p->col);
    if (p->line && p->end_line >= p->line)
        pl_jw_ku64(w, "endLine", p->end_line);
    if (p->line && p->col && p->end_line && p->end_col)
        pl_jw_ku64(w, "endColumn", p->end_col);
    pl_jw_obj_end(w);
}

/* The path in the image; what is no file gets the name of its surface as folder. */
static void put_uri(struct sarif *s, const struct pl_finding *f)
{
    pl_auto_buf struct pl_buf uri = { 0 };
    if (f->where.surface != PL_SURF_FILE || !f->where.path.n) {
        pl_buf_puts(&uri, pl_surface_name(f->where.surface));
        pl_buf_putc(&uri, '/');
    }
    if (f->where.path.n)
        pl_esc_uri(&uri, f->where.path);
    else if (f->span.introduced != PL_NEVER)
        pl_buf_printf(&uri, "layer-%" PRIu32, f->span.introduced);
    pl_jw_kstr(&s->w, "uri", pl_buf_str(&uri));
}

static void put_layer(struct sarif *s, const struct pl_target *t, const struct pl_layer_info *l)
{
    pl_auto_buf struct pl_buf full = { 0 };
    pl_esc_cut(&full, PL_ESC_TERM, t->digest.n ? t->digest : t->name, 300);
    pl_buf_printf(&full, "/layer/%" PRIu32 "/", l->index);
    pl_esc_cut(&full, PL_ESC_TERM, l->digest.n ? l->digest : l->diff_id, 200);
    pl_jw_key(&s->w, "logicalLocations");
    pl_jw_arr(&s->w);
    pl_jw_obj(&s->w);
    pl_jw_kstr(&s->w, "name", pl_printf(s->a, "layer %" PRIu32, l->index));
    pl_jw_kstr(&s->w, "fullyQualifiedName", pl_buf_str(&full));
    pl_jw_kcstr(&s->w, "kind", "layer");
    pl_jw_obj_end(&s->w);
    pl_jw_arr_end(&s->w);
}

static void put_location(struct sarif *s, const struct pl_target *t, const struct pl_finding *f,
                         struct pl_docker_lines at)
{
    struct pl_jsonw *w = &s->w;
    const struct pl_layer_info *l = pl_layer_at(t, f->span.introduced);
    pl_jw_key(w, "locations");
    pl_jw_arr(w);
    pl_jw_obj(w);
    pl_jw_key(w, "physicalLocation");
    pl_jw_obj(w);
    pl_jw_key(w, "artifactLocation");
    pl_jw_obj(w);
    if (at.from) {
        pl_auto_buf struct pl_buf uri = { 0 };
        pl_esc_uri(&uri, s->o->dockerfile);
        pl_jw_kstr(w, "uri", pl_buf_str(&uri));
    } else {
        put_uri(s, f);
    }
    pl_jw_obj_end(w);
    if (at.from)
        put_region(s, &(struct pl_where){ .line = at.from, .end_line = at.to });
    else
        put_region(s, &f->where);
    pl_jw_obj_end(w);
    if (l)
        put_layer(s, t, l);
    pl_jw_obj_end(w);
    pl_jw_arr_end(w);
}

static void put_message(struct sarif *s, const struct pl_target *t, const struct pl_finding *f)
{
    pl_auto_buf struct pl_buf b = { 0 }, safe = { 0 };
    pl_say_title(&b, t, f);
    if (f->evidence.n) {
        pl_buf_puts(&b, ": ");
        pl_buf_putn(&b, f->evidence.p, f->evidence.n);
    }
    pl_buf_puts(&b, ". ");
    pl_say_history(&b, s->a, t, f);
    pl_esc_cut(&safe, PL_ESC_SARIF, pl_str_trim(pl_buf_str(&b)), 1000);
    put_text(&s->w, "message", pl_buf_str(&safe));
}

/* What readers use to know a result again: our fingerprint, and the same with a running number for
 * the one property GitHub looks at, since occurrences in one file share a fingerprint. */
static void put_prints(struct sarif *s, const struct pl_finding *f)
{
    void **times = pl_map_put(&s->seen, f->print);
    *times = (void *)((uintptr_t)*times + 1);
    pl_jw_key(&s->w, "partialFingerprints");
    pl_jw_obj(&s->w);
    pl_jw_kstr(&s->w, "plimsoll/v1", f->print);
    pl_jw_kstr(&s->w, "primaryLocationLineHash",
               pl_printf(s->a, "%.*s:%zu", PL_FMT(f->print), (size_t)(uintptr_t)*times));
    pl_jw_obj_end(&s->w);
}

static void put_properties(struct sarif *s, const struct pl_target *t, const struct pl_finding *f)
{
    struct pl_jsonw *w = &s->w;
    pl_jw_key(w, "properties");
    pl_jw_obj(w);
    pl_jw_kstr(w, "target", t->name);
    if (t->platform.n)
        pl_jw_kstr(w, "platform", t->platform);
    pl_jw_kcstr(w, "severity", pl_severity_name(f->severity));
    pl_jw_kcstr(w, "surface", pl_surface_name(f->where.surface));
    pl_jw_ku64(w, "offset", f->where.off);
    if (f->where.nested.n)
        pl_jw_kstrs(w, "nested", f->where.nested.p, f->where.nested.n);
    if (f->span.introduced != PL_NEVER)
        pl_jw_ku64(w, "introducedLayer", f->span.introduced);
    if (f->span.hidden != PL_NEVER) {
        pl_jw_ku64(w, "hiddenLayer", f->span.hidden);
        pl_jw_kcstr(w, "hiddenHow", pl_how_name(f->span.how));
    }
    pl_jw_kbool(w, "visible", f->span.visible);
    if (f->commit) {
        pl_jw_kstr(w, "commit", f->commit->id);
        pl_jw_kstr(w, "author", f->commit->author);
        pl_jw_kstr(w, "email", f->commit->email);
        pl_jw_kstr(w, "date", f->commit->date);
    }
    pl_jw_obj_end(w);
}

/* The repair as replacements in the file. */
static void put_fix(struct sarif *s, const struct pl_finding *f)
{
    struct pl_jsonw *w = &s->w;
    pl_jw_key(w, "fixes");
    pl_jw_arr(w);
    pl_jw_obj(w);
    put_text(w, "description", pl_printf(s->a, "%.*s (%s)", PL_FMT(f->fix), f->fix_class));
    pl_jw_key(w, "artifactChanges");
    pl_jw_arr(w);
    pl_jw_obj(w);
    pl_jw_key(w, "artifactLocation");
    pl_jw_obj(w);
    put_uri(s, f);
    pl_jw_obj_end(w);
    pl_jw_key(w, "replacements");
    pl_jw_arr(w);
    for (size_t i = 0; i < f->n_edits; i++) {
        const struct pl_edit *e = &f->edits[i];
        pl_jw_obj(w);
        pl_jw_key(w, "deletedRegion");
        pl_jw_obj(w);
        pl_jw_ku64(w, "startLine", e->line);
        pl_jw_ku64(w, "startColumn", e->col);
        pl_jw_ku64(w, "endLine", e->end_line);
        pl_jw_ku64(w, "endColumn", e->end_col);
        pl_jw_obj_end(w);
        put_text(w, "insertedContent", e->text);
        pl_jw_obj_end(w);
    }
    pl_jw_arr_end(w);
    pl_jw_obj_end(w);
    pl_jw_arr_end(w);
    pl_jw_obj_end(w);
    pl_jw_arr_end(w);
}

static void put_result(struct sarif *s, const struct pl_target *t, const struct pl_finding *f,
                       const struct pl_docker_lines *lines)
{
    struct pl_jsonw *w = &s->w;
    struct pl_docker_lines at = { 0, 0 };
    const struct pl_layer_info *l = pl_layer_at(t, f->span.introduced);
    if (lines && l)
        at = lines[l - t->layers];
    if (lines && (f->where.surface == PL_SURF_ENV || f->where.surface == PL_SURF_LABEL))
        at = pl_docker_lines_setting(s->docker, f->where.path);
    struct rule *rule = pl_map_get(&s->rules, f->rule);
    pl_jw_obj(w);
    pl_jw_kstr(w, "ruleId", f->rule);
    if (rule)
        pl_jw_ku64(w, "ruleIndex", rule->index);
    pl_jw_kcstr(w, "level", levels[f->severity].level);
    put_message(s, t, f);
    put_location(s, t, f, at);
    put_prints(s, f);
    if (f->delta != PL_DELTA_NONE)
        pl_jw_kcstr(w, "baselineState", pl_delta_name(f->delta));
    if (f->fix_class && f->n_edits)
        put_fix(s, f);
    put_properties(s, t, f);
    pl_jw_obj_end(w);
}

static void put_results(struct sarif *s)
{
    pl_jw_key(&s->w, "results");
    pl_jw_arr(&s->w);
    for (size_t i = 0; i < s->r->n_targets; i++) {
        const struct pl_target *t = &s->r->targets[i];
        const struct pl_docker_lines *lines = NULL;
        if (s->docker)
            lines = pl_docker_lines_match(s->a, s->docker, t);
        for (size_t k = 0; k < t->n_findings; k++)
            if (s->keep[i][k])
                put_result(s, t, &t->findings[k], lines);
    }
    pl_jw_arr_end(&s->w);
}

static void say_dropped(struct sarif *s)
{
    if (s->dropped && s->o->aside)
        pl_buf_printf(s->o->aside,
                      "note: sarif: %zu of %zu findings, the least severe, were left out to stay "
                      "within the limits of readers; -f json has all\n",
                      s->dropped, s->total);
}

static int write_sarif(const struct pl_report *r, const struct pl_report_opts *o,
                       struct pl_buf *out, struct pl_err *err)
{
    (void)err;
    struct pl_arena a = { 0 };
    struct sarif s = { .r = r, .o = o, .a = &a, .w = { .out = out, .indent = 2 } };
    s.rules.a = s.seen.a = &a;
    if (o->dockerfile.n)
        s.docker = pl_docker_file_read(&a, o->dockerfile_text);
    choose(&s);
    gather_rules(&s);
    pl_jw_obj(&s.w);
    pl_jw_kcstr(&s.w, "$schema", "https://json.schemastore.org/sarif-2.1.0.json");
    pl_jw_kcstr(&s.w, "version", "2.1.0");
    pl_jw_key(&s.w, "runs");
    pl_jw_arr(&s.w);
    pl_jw_obj(&s.w);
    put_driver(&s);
    put_invocation(&s);
    put_results(&s);
    pl_jw_obj_end(&s.w);
    pl_jw_arr_end(&s.w);
    pl_jw_obj_end(&s.w);
    pl_buf_putc(out, '\n');
    say_dropped(&s);
    pl_map_release(&s.rules);
    pl_map_release(&s.seen);
    pl_arena_release(&a);
    return 0;
}

const struct pl_writer pl_writer_sarif = { .id = "sarif",
                                           .suffix = ".sarif",
                                           .write = write_sarif };
