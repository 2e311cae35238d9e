/* plimsoll scan: everything that applies to a target. commands.md "scan". */
/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/near.h"
#include "cmd/base_image.h"
#include "cmd/ignore_files.h"
#include "cmd/registry_opt.h"
#include "cmd/scan_cmd.h"
#include "cmd/scan_records.h"
#include "cmd/store_opt.h"
#include "cmd/threshold.h"
#include "cmd/version.h"
#include "io/file.h"
#include "report/escape.h"
#include "report/from_json.h"
#include "report/words.h"

#define O(field) offsetof(struct pl_scan_cmd, field)
static const struct pl_opt table[] = {
    PL_SCAN_OUTPUT_OPTS(struct pl_scan_cmd),
    { "scanners", 0, PL_OPT_LIST, O(scanners), "LIST",
      "of secret, package, vuln, config, trust, malware (all)" },
    { "dockerfile", 0, PL_OPT_STR, O(dockerfile), "FILE", "SARIF locations point into it" },
    { "from", 0, PL_OPT_STR, O(from), "FILE", "write a saved result in another form; no target" },
    { "all-tags", 0, PL_OPT_FLAG, O(all_tags), NULL, "every tag of docker://HOST/REPO" },
    { "all-repos", 0, PL_OPT_FLAG, O(all_repos), NULL, "every repository of docker://HOST" },
    { "base-image", 0, PL_OPT_STR, O(base_image), "TARGET",
      "mark what comes from this image, or from the layers up to a diff_id" },
    { "exclude-base", 0, PL_OPT_FLAG, O(exclude_base), NULL, "leave out what comes from it" },
    { "lockfiles", 0, PL_OPT_FLAG, O(common.lockfiles), NULL, "lock files count in images, too" },
    { "no-store", 0, PL_OPT_FLAG, O(no_store), NULL, "keep no record" },
    { "store", 0, PL_OPT_STR, O(store), "DIR", "keep a record there, for rescan" },
    PL_SCAN_IGNORE_OPTS(struct pl_scan_cmd),
    PL_VULN_OPTS(struct pl_scan_cmd),
    { "policy", 0, PL_OPT_NONE, 0, "FILE", "" },
    PL_COMMON_OPTS(struct pl_scan_cmd),
    PL_REGISTRY_OPTS(struct pl_scan_cmd, 0),
};

/* One -f. */
struct output {
    const struct pl_writer *writer;
    const char *path; /* "-" = stdout */
};

struct run {
    const struct pl_scan_cmd *o;
    struct output out[16];
    size_t n_out;
    struct pl_report_opts ro;
    struct pl_threshold threshold;
    struct pl_report old; /* --baseline */
    bool has_old;         /* it is a saved result of ours */
    struct pl_ignores ignores;
    bool secrets, packages, vulns; /* --scanners */
    bool asked;                    /* for vulnerabilities, by name */
    unsigned kinds;                /* the same for what says how an image runs */
    struct pl_vuln_run *vuln;      /* NULL: no database */
    struct pl_base base;           /* --base-image */
    struct pl_store_keep stored;
    struct pl_scan_records records;
};

static int usage(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

static int usage(const char *fmt, ...)
{
    va_list ap;
    fputs("plimsoll: ", stderr);
    va_start(ap, fmt);
    vfprintf(stderr, fmt, ap);
    va_end(ap);
    fputc('\n', stderr);
    return PL_EXIT_USAGE;
}

static int parse_formats(struct run *r)
{
    const struct pl_opt_list *f = &r->o->format;
    for (size_t i = 0; i < f->n; i++) {
        struct pl_str rest = pl_str_c(f->p[i]), id;
        pl_str_split(&rest, '=', &id);
        const struct pl_writer *w = pl_writer_find(id);
        if (!w) {
            const char *names[32];
            size_t n = 0;
            for (; pl_writers[n] && n < 32; n++)
                names[n] = pl_writers[n]->id;
            const char *near = pl_near(id, names, n);
            fprintf(stderr, "plimsoll: unknown format '%.*s'%s%s%s\n", PL_FMT(id),
                    near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
            return PL_EXIT_USAGE;
        }
        if (rest.p && !rest.n)
            return usage("-f %s names no file", f->p[i]);
        if (r->n_out == PL_COUNT(r->out))
            return usage("too many outputs");
        r->out[r->n_out++] = (struct output){ w, rest.p ? rest.p : "-" };
    }
    if (!r->n_out)
        r->out[r->n_out++] = (struct output){ pl_writer_find(PL_S("table")), "-" };
    return 0;
}

/* Words of comma-separated lists, one after the other. */
static bool next_word(struct pl_str *rest, struct pl_str *ret)
{
    if (!pl_str_split(rest, ',', ret))
        return false;
    *ret = pl_str_trim(*ret);
    return true;
}

static int parse_scanners(struct run *r)
{
    static const struct {
        const char *name;
        enum pl_kind kind;
    } runs[] = { { "config", PL_KIND_CONFIG },
                 { "trust", PL_KIND_TRUST },
                 { "malware", PL_KIND_MALWARE } };
    const struct pl_opt_list *list = &r->o->scanners;
    struct pl_str word;
    r->secrets = !list->n;
    r->packages = r->vulns = !list->n && strcmp(r->o->verb, "scan") == 0;
    for (size_t k = 0; k < PL_COUNT(runs) && r->vulns; k++)
        r->kinds |= 1u << runs[k].kind;
    for (size_t i = 0; i < list->n; i++) {
        struct pl_str rest = pl_str_c(list->p[i]);
        while (next_word(&rest, &word)) {
            bool vuln = pl_str_is(word, "vuln") || pl_str_is(word, "malware");
            r->secrets |= pl_str_is(word, "secret");
            r->asked |= pl_str_is(word, "vuln");
            r->vulns |= vuln;
            r->packages |= vuln || pl_str_is(word, "package");
            bool known = vuln || pl_str_is(word, "secret") || pl_str_is(word, "package");
            for (size_t k = 0; k < PL_COUNT(runs); k++)
                if (pl_str_is(word, runs[k].name)) {
                    r->kinds |= 1u << runs[k].kind;
                    known = true;
                }
            if (known)
                continue;
            return usage(
                "--scanners: '%s' is none of secret, package, vuln, config, trust, malware",
                list->p[i]);
        }
    }
    return 0;
}

/* For attestations: what ran and lacks nothing that an option left out. */
static void name_scanners(const struct run *r, struct pl_report *report)
{
    const struct pl_vuln_cli *v = &r->o->vuln;
    bool vulns = report->db && !v->ignore_status.n && !v->ignore_unfixed && !v->only_fixed;
    const struct {
        const char *name;
        bool ran;
    } all[] = { { "secret", r->secrets },
                { "package", r->packages },
                { "vuln", r->vulns && vulns },
                { "config", r->kinds >> PL_KIND_CONFIG & 1 },
                { "trust", r->kinds >> PL_KIND_TRUST & 1 },
                { "malware", r->kinds >> PL_KIND_MALWARE & 1 } };
    struct pl_names *n = &report->scanners;
    n->p = pl_alloc_n(report->a, PL_COUNT(all), sizeof *n->p);
    for (size_t i = 0; i < PL_COUNT(all) && !r->o->severity.n && !r->o->exclude_base; i++)
        if (all[i].ran)
            n->p[n->n++] = pl_str_c(all[i].name);
}

static void keep_severities(const struct run *r, struct pl_report *report)
{
    for (size_t i = 0; i < report->n_targets; i++) {
        struct pl_target *t = &report->targets[i];
        size_t n = 0;
        for (size_t k = 0; k < t->n_findings; k++)
            if (r->threshold.shown[t->findings[k].severity])
                t->findings[n++] = t->findings[k];
        t->n_findings = n;
    }
}

static int64_t now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static int write_one(struct run *r, const struct pl_report *report, const struct output *out,
                     struct pl_err *err)
{
    pl_auto_buf struct pl_buf text = { 0 };
    struct pl_report_opts ro = r->ro;
    bool std = strcmp(out->path, "-") == 0;
    ro.terminal = std && isatty(1);
    ro.width = std ? pl_common_width(1) : 0;
    int ret = pl_common_colour(r->o->common.color, 1, &ro.colour, err);
    ro.colour &= std;
    if (ret == 0)
        ret = out->writer->write(report, &ro, &text, err);
    return ret == 0 ? pl_common_write(out->path, pl_buf_str(&text), err) : ret;
}

/* Every output, even when one of them fails; notes to stderr. */
static int write_outputs(struct run *r, const struct pl_report *report)
{
    struct pl_err err = { 0 };
    bool table_shown = false;
    int code = 0;
    pl_auto_buf struct pl_buf notes = { 0 };
    r->ro.aside = &notes;
    for (size_t i = 0; i < r->n_out; i++) {
        table_shown |=
            strcmp(r->out[i].writer->id, "table") == 0 && strcmp(r->out[i].path, "-") == 0;
        if (write_one(r, report, &r->out[i], &err) < 0) {
            fprintf(stderr, "plimsoll %s: %s\n", r->o->verb, err.msg);
            code = PL_EXIT_USAGE;
        }
    }
    if (!r->o->common.quiet)
        pl_report_notes(report, &notes);
    if (!table_shown)
        pl_report_incomplete(report, &r->ro, 20, &notes);
    if (r->o->annotations)
        pl_report_annotations(report, &r->ro, &notes);
    if (notes.n)
        fwrite(notes.p, 1, notes.n, stderr);
    return code;
}

static int verdict(const struct run *r, const struct pl_report *report)
{
    bool fails = pl_report_fails(report, &r->ro) || pl_vuln_fails(&r->o->vuln, report);
    if (fails && !r->o->exit_zero)
        return PL_EXIT_FINDINGS;
    return report->incomplete ? PL_EXIT_INCOMPLETE : PL_EXIT_CLEAN;
}

static int read_saved(const char *path, struct pl_arena *a, struct pl_report *ret,
                      struct pl_err *err)
{
    pl_auto_buf struct pl_buf text = { .max = 256u << 20 };
    int r = pl_file_read(path, &text, err);
    if (r == 0)
        r = pl_report_from_json(a, pl_buf_str(&text), ret, err);
    return r < 0 && r != PL_E_USAGE ? pl_fail(err, PL_E_USAGE, "'%s' is no saved result", path) : r;
}

/* A saved result, or a report of gitleaks (a list). */
static int read_baseline(struct run *r, struct pl_arena *a, struct pl_err *err)
{
    pl_auto_buf struct pl_buf text = { .max = 256u << 20 };
    int ret = pl_file_read(r->o->baseline, &text, err);
    if (ret == 0 && pl_str_starts(pl_str_trim(pl_buf_str(&text)), PL_S("[")))
        return pl_ignores_read_baseline(&r->ignores, r->o->baseline, pl_buf_str(&text), err);
    r->has_old = true;
    return ret == 0 ? read_saved(r->o->baseline, a, &r->old, err) : ret;
}

static void list_ignored(const struct pl_report *report)
{
    for (size_t i = 0; i < report->n_ignored; i++) {
        const struct pl_finding *f = &report->ignored[i];
        pl_auto_buf struct pl_buf place = { 0 }, line = { 0 };
        pl_say_place(&place, f);
        pl_buf_puts(&line, "ignored: ");
        pl_esc(&line, PL_ESC_TERM, f->rule);
        pl_buf_putc(&line, ' ');
        pl_esc(&line, PL_ESC_TERM, pl_buf_str(&place));
        pl_buf_puts(&line, ": ");
        pl_esc(&line, PL_ESC_TERM, f->ignored);
        pl_buf_putc(&line, '\n');
        fwrite(line.p, 1, line.n, stderr);
    }
}

/* Takes out what does not count. An exit code when entries are wrong and that is an error. */
static int apply_ignores(struct run *r, struct pl_report *report)
{
    const struct pl_scan_cmd *o = r->o;
    char today[11] = "";
    time_t now = time(NULL);
    struct tm tm;
    if (gmtime_r(&now, &tm))
        strftime(today, sizeof today, "%Y-%m-%d", &tm);
    pl_auto_buf struct pl_buf out = { 0 };
    pl_ignores_apply(&r->ignores, report, today, &out);
    size_t wrong = pl_ignores_complain(&r->ignores, o->report_unused || o->strict_ignores,
                                       o->strict_ignores, &out);
    if (o->show_ignored)
        list_ignored(report);
    if (out.n)
        fwrite(out.p, 1, out.n, stderr);
    return o->strict_ignores && wrong ? PL_EXIT_USAGE : 0;
}

/* What a report is used for once it is there: severities, baseline, outputs, exit code. */
static int finish(struct run *r, struct pl_report *report)
{
    struct pl_err err = { 0 };
    int ignores = apply_ignores(r, report);
    if (ignores)
        return ignores;
    keep_severities(r, report);
    pl_report_sum(report);
    if (r->has_old && pl_report_baseline(report, &r->old, &err) < 0)
        return pl_run_failed(r->o->verb, &err);
    int code = write_outputs(r, report);
    return code ? code : verdict(r, report);
}

static int convert(struct run *r, struct pl_arena *a)
{
    struct pl_err err = { 0 };
    struct pl_report report = { .a = a };
    if (read_saved(r->o->from, a, &report, &err) < 0)
        return pl_run_failed(r->o->verb, &err);
    return finish(r, &report);
}

/* The store gets what was found, and which flaws that has before anything is left out. */
static int match_and_keep(struct run *r, struct pl_report *report)
{
    pl_store_keep_begin(&r->stored, report);
    r->stored.ordinary = r->secrets && r->packages && pl_store_ordinary(&r->o->common, &r->o->vuln);
    int code = r->vulns ? pl_vuln_match(r->vuln, r->o->verb, report) : 0;
    if (!code && r->stored.where)
        pl_store_keep_matched(&r->stored, report);
    if (!code && r->vulns)
        pl_vuln_filter(r->vuln, report);
    if (!code && r->stored.where)
        pl_store_keep_end(&r->stored, report, report->db != NULL, r->o->common.quiet);
    return code;
}

/* A list of packages that was not asked for would not be empty but missing: nothing is kept. */
static int find_store(struct run *r, struct pl_arena *a)
{
    const struct pl_scan_cmd *o = r->o;
    struct pl_err err = { 0 };
    if (o->no_store || o->from || strcmp(o->verb, "scan") != 0)
        return 0;
    if (pl_store_named(o->store, o->common.no_config, a, &r->stored.where, &err) < 0)
        return pl_run_failed(o->verb, &err);
    if (r->stored.where && !r->packages) {
        r->stored.where = NULL;
        if (!o->common.quiet)
            fputs("warning: nothing is kept in the store: --scanners leaves packages out\n",
                  stderr);
    }
    return 0;
}

/* Records are of readings without options of their own; whole secrets are in none. */
static void use_records(struct run *r, struct pl_run *run)
{
    const struct pl_common *c = &r->o->common;
    if (r->stored.where && !r->o->scanners.n && !c->show_secrets && !c->salt.n &&
        pl_store_ordinary(c, &r->o->vuln))
        pl_scan_records_begin(&r->records, r->stored.where, c, run);
}

static int scan_all(struct run *r, struct pl_run *run, const struct pl_operands *operands,
                    struct pl_report *report)
{
    struct pl_err err = { 0 };
    struct pl_operands ops = *operands;
    struct pl_reach reach = { .source = { .all_tags = r->o->all_tags,
                                          .all_repos = r->o->all_repos } };
    int code = pl_reach_begin(&reach, run, &r->o->reg, &r->o->common, &ops);
    if (code)
        return code;
    int failed = 0;
    use_records(r, run);
    report->started_ns = now_ns();
    for (size_t i = 0; i < ops.n && !failed; i++)
        failed = strcmp(ops.p[i], "stdin:") == 0
                     ? pl_scan_stream(run->scan, 0, report, &err)
                     : pl_scan_target(run->scan, ops.p[i], report, &err);
    if (!failed && r->o->base_image)
        failed = pl_base_read(run->scan, r->o->base_image, report->a, &r->base, &err);
    pl_run_end(run);
    pl_reach_end(&reach);
    pl_scan_records_end(&r->records);
    if (failed < 0)
        return pl_run_failed(r->o->verb, &err);
    for (size_t i = 0; i < report->n_targets && !r->packages; i++)
        report->targets[i].n_packages = 0;
    code = match_and_keep(r, report);
    pl_base_mark(&r->base, report, r->o->exclude_base, r->o->common.quiet);
    report->ended_ns = now_ns();
    name_scanners(r, report);
    return code ? code : finish(r, report);
}

int pl_scan_cmd_run(const struct pl_scan_cmd *o, const struct pl_operands *ops)
{
    struct run r = { .o = o };
    struct pl_run run;
    struct pl_arena a = { 0 };
    struct pl_report report = { .a = &a,
                                .tool_name = PL_S("plimsoll"),
                                .tool_version = PL_S(PL_VERSION),
                                .rules_version = PL_S(PL_RULES_VERSION) };
    if (!ops->n && !r.o->from)
        return usage("no target given, as in plimsoll scan oci:DIR");
    if (o->exclude_base && !o->base_image)
        return usage("--exclude-base needs --base-image");
    if (ops->n && r.o->from)
        return usage("--from takes no target");
    if (o->annotations && strcmp(o->annotations, "github") != 0)
        return usage("--annotations: '%s' is not github", o->annotations);
    int code = parse_formats(&r);
    if (!code)
        code = pl_threshold_parse(&o->severity, o->fail_on, &r.threshold);
    if (!code)
        code = parse_scanners(&r);
    if (!code)
        code = find_store(&r, &a);
    if (code)
        return code;
    r.ro.quiet = r.o->common.quiet;
    r.ro.fail_on = r.threshold.fail_on;
    r.ro.fail_none = r.threshold.fail_none;
    r.ro.has_scrub = true;
    r.ro.dockerfile = pl_str_c(r.o->dockerfile);
    r.ro.gitlab_schema = pl_str_c(r.o->gitlab_schema);
    pl_auto_buf struct pl_buf dockerfile = { .max = 16u << 20 };
    struct pl_err err = { 0 };
    if (r.o->dockerfile && pl_file_read(r.o->dockerfile, &dockerfile, &err) < 0)
        return pl_run_failed(o->verb, &err);
    r.ro.dockerfile_text = pl_buf_str(&dockerfile);
    r.ignores.a = &a;
    struct pl_scan_cmd with = *o;
    if (pl_scan_read_ignores(o, &r.ignores, &err) < 0)
        code = pl_run_failed(o->verb, &err);
    r.o = &with;
    with.common.salt = r.ignores.salt;
    with.common.kinds = r.kinds;
    with.common.no_inventory = !r.packages;
    if (code)
        ;
    else if (with.baseline && read_baseline(&r, &a, &err) < 0)
        code = pl_run_failed(o->verb, &err);
    else if (r.o->from)
        code = convert(&r, &a);
    else if (r.vulns && (code = pl_vuln_begin(&o->vuln, r.asked, o->common.quiet, &r.vuln)) != 0)
        ;
    else if (!(code = pl_run_begin(&run, &r.o->common, r.secrets)))
        code = scan_all(&r, &run, ops, &report);
    pl_vuln_end(r.vuln);
    pl_ignores_release(&r.ignores);
    pl_arena_release(&a);
    return code;
}

static int run_scan(const void *options, const struct pl_operands *ops)
{
    struct pl_scan_cmd o = *(const struct pl_scan_cmd *)options;
    o.verb = "scan";
    return pl_scan_cmd_run(&o, ops);
}

static const char *const rare[] = { "gitlab-schema",
                                    "color",
                                    "base-image",
                                    "exclude-base",
                                    "annotations",
                                    "dockerfile",
                                    "from",
                                    "lockfiles",
                                    "no-store",
                                    "ignore-file",
                                    "show-ignored",
                                    "report-unused-ignores",
                                    "strict-ignores",
                                    "db-max-age",
                                    "only-fixed",
                                    "ignore-status",
                                    "kev",
                                    "epss",
                                    "vex",
                                    "expand-kernel",
                                    "all-layers",
                                    "match-owned",
                                    "unimportant",
                                    "no-config",
                                    "limit",
                                    "rules",
                                    "threads",
                                    NULL };

const struct pl_command pl_cmd_scan = {
    .name = "scan",
    .usage = "scan [flags] TARGET…",
    .summary = "read every byte of images or directories and report what is found",
    .details = "targets: docker://REF  docker-archive:FILE  oci:DIR[:TAG|@DIGEST]\n"
               "         oci-archive:FILE  daemon:REF  dir:PATH  rootfs:PATH  sbom:FILE  -\n"
               "         or a word: a path by what it holds, else a registry reference\n",
    .options = table,
    .n_options = PL_COUNT(table),
    .options_size = sizeof(struct pl_scan_cmd),
    .rare = rare,
    .run = run_scan,
};
