/* GitLab code quality: the list of issues (Code Climate's form) that merge requests show. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>

#include "base/hash.h"
#include "base/map.h"
#include "fmt/jsonw.h"
#include "report/escape.h"
#include "report/words.h"

static const char *const severities[PL_SEV_COUNT] = { "info", "minor", "major", "critical",
                                                      "blocker" };

/* Fingerprints must be unique in the list; occurrences in one file share ours. */
static void put_print(struct pl_jsonw *w, struct pl_map *seen, const struct pl_target *t,
                      const struct pl_finding *f)
{
    pl_auto_buf struct pl_buf key = { 0 };
    pl_buf_putn(&key, t->name.p, t->name.n);
    pl_buf_printf(&key, "|%.*s|%.*s", PL_FMT(t->platform), PL_FMT(f->print));
    void **times = pl_map_put(seen, pl_buf_str(&key));
    *times = (void *)((uintptr_t)*times + 1);
    pl_buf_printf(&key, "|%zu", (size_t)(uintptr_t)*times);
    uint8_t digest[PL_SHA256_LEN];
    char hex[2 * PL_SHA256_LEN + 1];
    pl_sha256(key.p, key.n, digest);
    pl_hex(digest, sizeof digest, hex);
    pl_jw_kcstr(w, "fingerprint", hex);
}

static void put_location(struct pl_jsonw *w, const struct pl_finding *f)
{
    pl_auto_buf struct pl_buf path = { 0 };
    if (f->where.surface != PL_SURF_FILE || !f->where.path.n) {
        pl_buf_puts(&path, pl_surface_name(f->where.surface));
        pl_buf_puts(&path, f->where.path.n ? "/" : "");
    }
    pl_esc_cut(&path, PL_ESC_TERM, f->where.path, 1000);
    pl_jw_key(w, "location");
    pl_jw_obj(w);
    pl_jw_kstr(w, "path", pl_buf_str(&path));
    pl_jw_key(w, "lines");
    pl_jw_obj(w);
    pl_jw_ku64(w, "begin", f->where.line ? f->where.line : 1);
    if (f->where.line && f->where.end_line >= f->where.line)
        pl_jw_ku64(w, "end", f->where.end_line);
    pl_jw_obj_end(w);
    pl_jw_obj_end(w);
}

static void put_issue(struct pl_jsonw *w, struct pl_map *seen, const struct pl_target *t,
                      const struct pl_finding *f)
{
    pl_auto_buf struct pl_buf raw = { 0 }, text = { 0 };
    pl_say_title(&raw, t, f);
    if (f->evidence.n)
        pl_buf_printf(&raw, ": %.*s", PL_FMT(f->evidence));
    pl_esc_cut(&text, PL_ESC_TERM, pl_buf_str(&raw), 1000);
    pl_jw_obj(w);
    pl_jw_kcstr(w, "type", "issue");
    pl_jw_kstr(w, "check_name", f->rule);
    pl_jw_kstr(w, "description", pl_buf_str(&text));
    pl_jw_key(w, "categories");
    pl_jw_arr(w);
    pl_jw_cstr(w, "Security");
    pl_jw_arr_end(w);
    pl_jw_kcstr(w, "severity", severities[f->severity]);
    put_print(w, seen, t, f);
    put_location(w, f);
    pl_jw_obj_end(w);
}

/* The list has no place for the state of a run: an issue of its own says it. */
static void put_incomplete(struct pl_jsonw *w, struct pl_map *seen, const struct pl_target *t)
{
    struct pl_finding f = { .rule = PL_S("incomplete"),
                            .kind = PL_KIND_TRUST,
                            .severity = PL_SEV_CRITICAL,
                            .title = PL_S("not everything was read"),
                            .print = PL_S("incomplete"),
                            .where = { .surface = PL_SURF_FILE, .path = t->name } };
    for (size_t i = 0; i < t->n_notes; i++) {
        if (!t->notes[i].incomplete)
            continue;
        f.evidence = t->notes[i].message;
        break;
    }
    put_issue(w, seen, t, &f);
}

static int write_quality(const struct pl_report *r, const struct pl_report_opts *o,
                         struct pl_buf *out, struct pl_err *err)
{
    (void)o;
    (void)err;
    struct pl_arena a = { 0 };
    struct pl_map seen = { .a = &a };
    struct pl_jsonw w = { .out = out, .indent = 2 };
    pl_jw_arr(&w);
    for (size_t i = 0; i < r->n_targets; i++) {
        const struct pl_target *t = &r->targets[i];
        if (!t->complete)
            put_incomplete(&w, &seen, t);
        for (size_t k = 0; k < t->n_findings; k++)
            put_issue(&w, &seen, t, &t->findings[k]);
    }
    pl_jw_arr_end(&w);
    pl_buf_putc(out, '\n');
    pl_map_release(&seen);
    pl_arena_release(&a);
    return 0;
}

const struct pl_writer pl_writer_gitlab_quality = { .id = "gitlab:code-quality",
                                                    .suffix = ".json",
                                                    .write = write_quality };
