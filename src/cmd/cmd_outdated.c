/* plimsoll outdated: what a rebuild would update today, by the distribution's own index, and which
 * of that mends known flaws. packages.md section 11. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/vec.h"
#include "cmd/common.h"
#include "cmd/index_trust.h"
#include "cmd/version.h"
#include "cmd/vuln_opt.h"
#include "fmt/jsonw.h"
#include "model/package.h"
#include "model/vuln.h"
#include "report/escape.h"
#include "ver/scheme.h"
#include "vuln/dist_index.h"

struct options {
    struct pl_common common;
    struct pl_vuln_cli vuln;
    struct pl_opt_list index, keyring;
    const char *format;
};

static const struct pl_opt table[] = {
    { "index", 0, PL_OPT_LIST, offsetof(struct options, index), "FILE",
      "InRelease, Packages, APKINDEX.tar.gz, repomd.xml or primary.xml, packed or not "
      "(repeatable)" },
    { "keyring", 0, PL_OPT_LIST, offsetof(struct options, keyring), "FILE",
      "keys that signed the indexes, a file or a folder of them (repeatable)" },
    { "format", 'f', PL_OPT_STR, offsetof(struct options, format), "FORMAT", "table or json" },
    { "db", 0, PL_OPT_STR, offsetof(struct options, vuln.db), "DIR",
      "folder of the advisory database" },
    PL_COMMON_OPTS(struct options),
};

struct row {
    const struct pl_package *p;
    struct pl_str available, source; /* the latter: of what it was built from, where it differs */
    struct pl_names fixes;           /* flaws that the newer version mends */
};

struct told {
    struct pl_arena *a;
    const struct pl_target *t;
    PL_VEC(struct row) rows;
    size_t looked_up, unknown;             /* packages; those that no index names */
    size_t by_upgrade, elsewhere, unfixed; /* flaws */
    bool matched;
};

/* Lists that answer for others come first, in whatever order they were given. */
static int read_trusted(const struct options *o, struct pl_dist *x, struct pl_index_trust *t,
                        struct pl_err *err)
{
    struct pl_limits limits;
    int r = 0;
    bool *is_list = pl_alloc_n(x->a, o->index.n + 1, sizeof *is_list);
    pl_limits_init(&limits);
    for (size_t i = 0; i < o->index.n && r >= 0; i++) {
        r = pl_index_trust_release(t, o->index.p[i], err);
        is_list[i] = r > 0;
    }
    for (size_t i = 0; i < o->index.n && r >= 0; i++)
        if (!is_list[i])
            r = pl_dist_read(x, o->index.p[i], &limits, err);
    return r < 0 ? r : 0;
}

static int read_indexes(const struct options *o, struct pl_dist *x)
{
    struct pl_err err = { 0 };
    struct pl_index_trust *t = NULL;
    pl_auto_buf struct pl_buf says = { 0 };
    int r = pl_index_trust_new(&o->keyring, x->a, &t, &err);
    x->guard = pl_index_trust_guard;
    x->guard_arg = t;
    if (r == 0)
        r = read_trusted(o, x, t, &err);
    if (r == 0 && !o->common.quiet)
        pl_index_trust_tell(t, x, &says);
    pl_index_trust_free(t);
    x->guard = NULL;
    if (r < 0) {
        int code = pl_run_failed("outdated", &err);
        return r == PL_E_DIGEST ? PL_EXIT_NET : code;
    }
    if (says.n)
        fwrite(says.p, 1, says.n, stderr);
    if (x->wrong && !o->common.quiet)
        fprintf(stderr, "note: %zu entries of the indexes have no name or version\n", x->wrong);
    return 0;
}

/* ---- the join with what is known against the packages ---- */

static bool mends(const struct pl_package *p, const struct pl_finding *f, const struct row *row)
{
    const struct pl_vuln *v = f->vuln;
    const struct pl_scheme *s = p->scheme ? pl_scheme_find(pl_str_c(p->scheme)) : NULL;
    /* where advisories speak of sources, a fix is a version of the source */
    struct pl_str there = v->source.n && row->source.n ? row->source : row->available;
    return s && v->fixed.n && pl_ver_cmp(s, there, v->fixed) >= 0;
}

static bool about(const struct pl_finding *f, const struct pl_package *p)
{
    return f->vuln && !f->vuln->collapsed.n && pl_str_eq(f->vuln->purl, p->purl);
}

static int by_purl(const void *pa, const void *pb)
{
    const struct pl_finding *a = *(const struct pl_finding *const *)pa,
                            *b = *(const struct pl_finding *const *)pb;
    int c = pl_str_cmp(a->vuln->purl, b->vuln->purl);
    return c ? c : pl_str_cmp(a->rule, b->rule);
}

/* Findings of vulnerabilities, sorted by package URL. */
struct flaws {
    PL_VEC(const struct pl_finding *) v;
};

static size_t first_of(const struct flaws *fl, struct pl_str purl)
{
    size_t lo = 0, hi = fl->v.n;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (pl_str_cmp(fl->v.p[mid]->vuln->purl, purl) < 0)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

static void add_fixes(struct told *x, const struct flaws *fl, const struct pl_package *p,
                      struct row *row, bool newer)
{
    size_t from = first_of(fl, p->purl), n = 0;
    while (from + n < fl->v.n && about(fl->v.p[from + n], p))
        n++;
    row->fixes.p = pl_alloc_n(x->a, n + 1, sizeof *row->fixes.p);
    for (size_t i = 0; i < n; i++) {
        const struct pl_finding *f = fl->v.p[from + i];
        if (newer && mends(p, f, row)) {
            row->fixes.p[row->fixes.n++] = f->rule;
            x->by_upgrade++;
        } else if (f->vuln->fixed.n) {
            x->elsewhere++;
        } else {
            x->unfixed++;
        }
    }
}

static void compare(struct told *x, const struct pl_dist *index)
{
    struct flaws fl = { 0 };
    for (size_t i = 0; i < x->t->n_findings; i++)
        if (x->t->findings[i].vuln && !x->t->findings[i].vuln->collapsed.n)
            pl_vec_push(&fl.v, &x->t->findings[i]);
    if (fl.v.n)
        qsort(fl.v.p, fl.v.n, sizeof *fl.v.p, by_purl);
    for (size_t i = 0; i < x->t->n_packages; i++) {
        const struct pl_package *p = &x->t->packages[i];
        if (!p->span.visible || (p->pkg.flags & PL_PKG_OS) || !pl_dist_has(index, p->pkg.type))
            continue;
        const struct pl_dist_entry *e = pl_dist_of(index, p);
        struct row row = { .p = p };
        if (e)
            row = (struct row){ .p = p, .available = e->version, .source = e->source_version };
        const struct pl_scheme *s = pl_scheme_find(p->pkg.type);
        x->looked_up++;
        x->unknown += !row.available.n;
        bool newer = s && row.available.n && pl_ver_cmp(s, row.available, p->pkg.version) > 0;
        add_fixes(x, &fl, p, &row, newer);
        if (newer)
            pl_vec_push(&x->rows, row);
    }
    pl_vec_release(&fl.v);
}

/* ---- output ---- */

static void put(struct pl_buf *b, struct pl_str s, size_t width)
{
    size_t from = b->n;
    pl_esc(b, PL_ESC_TERM, s);
    for (size_t n = b->n - from; n < width; n++)
        pl_buf_putc(b, ' ');
}

static size_t longest(const struct told *x, int column)
{
    size_t most = 9;
    for (size_t i = 0; i < x->rows.n; i++) {
        const struct row *r = &x->rows.p[i];
        struct pl_str s = column == 0   ? r->p->pkg.name
                          : column == 1 ? r->p->pkg.version
                                        : r->available;
        most = s.n > most && s.n < 60 ? s.n : most;
    }
    return most + 2;
}

static void as_table(const struct told *x, struct pl_buf *b)
{
    size_t w[3] = { longest(x, 0), longest(x, 1), longest(x, 2) };
    if (x->rows.n) {
        put(b, PL_S("PACKAGE"), w[0]);
        put(b, PL_S("INSTALLED"), w[1]);
        put(b, PL_S("AVAILABLE"), w[2]);
        pl_buf_puts(b, "MENDS\n");
    }
    for (size_t i = 0; i < x->rows.n; i++) {
        const struct row *r = &x->rows.p[i];
        put(b, r->p->pkg.name, w[0]);
        put(b, r->p->pkg.version, w[1]);
        put(b, r->available, w[2]);
        for (size_t k = 0; k < r->fixes.n && k < 3; k++) {
            pl_buf_puts(b, k ? ", " : "");
            put(b, r->fixes.p[k], 0);
        }
        if (r->fixes.n > 3)
            pl_buf_printf(b, " and %zu more", r->fixes.n - 3);
        pl_buf_putc(b, '\n');
    }
    pl_buf_printf(b, "%zu of %zu packages have a newer version; %zu are in no index\n", x->rows.n,
                  x->looked_up, x->unknown);
    if (x->matched)
        pl_buf_printf(b,
                      "an upgrade would mend %zu of %zu findings; %zu are mended in versions that "
                      "these indexes lack; %zu have no fix\n",
                      x->by_upgrade, x->by_upgrade + x->elsewhere + x->unfixed, x->elsewhere,
                      x->unfixed);
}

static void as_json(struct pl_jsonw *w, const struct told *x)
{
    pl_jw_obj(w);
    pl_jw_kstr(w, "name", x->t->name);
    pl_jw_kbool(w, "complete", x->t->complete);
    pl_jw_key(w, "packages");
    pl_jw_arr(w);
    for (size_t i = 0; i < x->rows.n; i++) {
        const struct row *r = &x->rows.p[i];
        pl_jw_obj(w);
        pl_jw_kstr(w, "purl", r->p->purl);
        pl_jw_kstr(w, "name", r->p->pkg.name);
        pl_jw_kstr(w, "installed", r->p->pkg.version);
        pl_jw_kstr(w, "available", r->available);
        pl_jw_kstrs(w, "fixes", r->fixes.p, r->fixes.n);
        pl_jw_obj_end(w);
    }
    pl_jw_arr_end(w);
    pl_jw_key(w, "summary");
    pl_jw_obj(w);
    pl_jw_ku64(w, "packages", x->looked_up);
    pl_jw_ku64(w, "outdated", x->rows.n);
    pl_jw_ku64(w, "unknown", x->unknown);
    if (x->matched) {
        pl_jw_ku64(w, "fixed_by_upgrade", x->by_upgrade);
        pl_jw_ku64(w, "fixed_elsewhere", x->elsewhere);
        pl_jw_ku64(w, "unfixed", x->unfixed);
    }
    pl_jw_obj_end(w);
    pl_jw_obj_end(w);
}

static void put_indexes(struct pl_jsonw *w, const struct pl_dist *index)
{
    static const char *const trust[] = {
        [PL_DIST_ALONE] = "unchecked", [PL_DIST_LISTED] = "listed", [PL_DIST_SIGNED] = "signed"
    };
    pl_jw_key(w, "indexes");
    pl_jw_arr(w);
    for (size_t i = 0; i < index->files.n; i++) {
        pl_jw_obj(w);
        pl_jw_kcstr(w, "name", index->files.p[i].name);
        pl_jw_kcstr(w, "trust", trust[index->files.p[i].trust]);
        pl_jw_key(w, "by");
        pl_jw_str_or_null(w, index->files.p[i].by);
        pl_jw_obj_end(w);
    }
    pl_jw_arr_end(w);
}

/* Says what was found; the exit code. */
static int tell(const struct options *o, const struct pl_report *report,
                const struct pl_dist *index, bool matched)
{
    pl_auto_buf struct pl_buf out = { 0 }, notes = { 0 };
    struct pl_jsonw w = { .out = &out, .indent = 2 };
    struct pl_err err = { 0 };
    bool json = o->format && strcmp(o->format, "json") == 0, any = false;
    if (json) {
        pl_jw_obj(&w);
        pl_jw_ku64(&w, "schema", 1);
        put_indexes(&w, index);
        pl_jw_key(&w, "targets");
        pl_jw_arr(&w);
    }
    for (size_t i = 0; i < report->n_targets; i++) {
        struct told x = { .a = report->a, .t = &report->targets[i], .matched = matched };
        compare(&x, index);
        any |= x.rows.n > 0;
        if (!x.looked_up)
            fprintf(stderr, "note: %.*s: no package that the indexes are about\n",
                    PL_FMT(x.t->name));
        if (json)
            as_json(&w, &x);
        else
            as_table(&x, &out);
        pl_vec_release(&x.rows);
    }
    if (json) {
        pl_jw_arr_end(&w);
        pl_jw_obj_end(&w);
        pl_buf_putc(&out, '\n');
    }
    struct pl_report_opts ro = { .quiet = o->common.quiet };
    pl_report_incomplete(report, &ro, 20, &notes);
    if (notes.n)
        fwrite(notes.p, 1, notes.n, stderr);
    if (pl_common_print(pl_buf_str(&out), &err) < 0)
        return pl_run_failed("outdated", &err);
    return any ? PL_EXIT_FINDINGS : report->incomplete ? PL_EXIT_INCOMPLETE : PL_EXIT_CLEAN;
}

static int look(const struct options *o, const struct pl_operands *ops, struct pl_report *report,
                const struct pl_dist *index)
{
    struct pl_run run;
    struct pl_err err = { 0 };
    struct pl_vuln_run *vuln = NULL;
    int code = pl_vuln_begin(&o->vuln, /* asked= */ false, o->common.quiet, &vuln);
    if (!code)
        code = pl_run_begin(&run, &o->common, /* secrets= */ false);
    if (code) {
        pl_vuln_end(vuln);
        return code;
    }
    for (size_t i = 0; i < ops->n && !code; i++)
        if (pl_scan_target(run.scan, ops->p[i], report, &err) < 0)
            code = pl_run_failed("outdated", &err);
    pl_run_end(&run);
    if (!code && vuln)
        code = pl_vuln_report(vuln, &o->vuln, "outdated", report);
    pl_report_sum(report);
    if (!code)
        code = tell(o, report, index, vuln != NULL);
    pl_vuln_end(vuln);
    return code;
}

static int run_outdated(const void *options, const struct pl_operands *ops)
{
    const struct options *o = options;
    struct pl_arena a = { 0 };
    struct pl_report report = { .a = &a,
                                .tool_name = PL_S("plimsoll"),
                                .tool_version = PL_S(PL_VERSION),
                                .rules_version = PL_S(PL_RULES_VERSION) };
    struct pl_dist index = { .a = &a, .best = { .a = &a }, .types = { .a = &a } };
    bool json = o->format && strcmp(o->format, "json") == 0;
    int code = PL_EXIT_USAGE;
    if (!ops->n)
        fputs("plimsoll outdated: no target given, as in plimsoll outdated oci:DIR --index "
              "Packages.xz\n",
              stderr);
    else if (!o->index.n)
        fputs("plimsoll outdated: no --index given: the distribution's Packages, APKINDEX.tar.gz "
              "or repomd.xml\n",
              stderr);
    else if (o->format && !json && strcmp(o->format, "table") != 0)
        fprintf(stderr, "plimsoll outdated: format '%s' is none of table, json\n", o->format);
    else if (!(code = read_indexes(o, &index)))
        code = look(o, ops, &report, &index);
    pl_dist_release(&index);
    pl_arena_release(&a);
    return code;
}

const struct pl_command pl_cmd_outdated = {
    .name = "outdated",
    .usage = "outdated [flags] TARGET… --index FILE",
    .summary = "which packages a rebuild would update today, and what that mends",
    .options = table,
    .n_options = PL_COUNT(table),
    .options_size = sizeof(struct options),
    .run = run_outdated,
};
