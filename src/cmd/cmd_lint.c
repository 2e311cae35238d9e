/* plimsoll lint: Dockerfiles. commands.md "lint", formats/dockerfile.md section 8.4. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "cmd/lint_run.h"
#include "cmd/version.h"

#define O(field) offsetof(struct pl_lint_cli, field)
static const struct pl_opt table[] = {
    { "format", 'f', PL_OPT_LIST, O(format), "FORMAT[=FILE]",
      "table, json, sarif, html, junit, gitlab, markdown" },
    { "fix", 0, PL_OPT_MAYBE, O(fix), "CLASS", "mend files: safe (default), suggested, unsafe" },
    { "diff", 0, PL_OPT_FLAG, O(diff), NULL, "print what --fix would change, write nothing" },
    { "dump-ast", 0, PL_OPT_FLAG, O(dump), NULL, "print the tree in BuildKit's form" },
    { "dialect", 0, PL_OPT_STR, O(dialect), "NAME",
      "only codes of hadolint, buildkit, trivy, checkov or dockle" },
    { "build-arg", 0, PL_OPT_LIST, O(build_arg), "NAME=VALUE", "a build argument (repeatable)" },
    { "context", 0, PL_OPT_STR, O(context), "DIR", "build context (default: the file's folder)" },
    { "lock", 0, PL_OPT_STR, O(lock), "FILE",
      "digests for repairs (default: plimsoll.lock beside the file)" },
    { "write-lock", 0, PL_OPT_STR, O(write_lock), "FILE", "write what repairs were told" },
    { "layout", 0, PL_OPT_LIST, O(layout), "DIR", "digests from an OCI layout (repeatable)" },
    { "plain-http", 0, PL_OPT_LIST, O(plain_http), "HOST", "no TLS for this registry" },
    { "ca-file", 0, PL_OPT_STR, O(ca_file), "FILE", "certificate authorities (PEM)" },
    { "offline", 0, PL_OPT_FLAG, O(offline), NULL, "ask no registry and no address" },
    { "image", 0, PL_OPT_LIST, O(image), "NAME=TARGET",
      "the image that manifests call NAME (repeatable)" },
    { "only", 0, PL_OPT_LIST, O(only), "LIST", "report only these rules or codes" },
    { "trusted-registry", 0, PL_OPT_LIST, O(trusted), "PATTERN", "registries to trust" },
    { "fail-on", 0, PL_OPT_STR, O(fail_on), "SEVERITY", "lowest that fails (high); none" },
    { "exit-zero", 0, PL_OPT_FLAG, O(exit_zero), NULL, "findings do not fail" },
    { "no-config", 0, PL_OPT_FLAG, O(no_config), NULL, "read no configuration file" },
    { "color", 0, PL_OPT_STR, O(color), "WHEN", "auto, always or never" },
    { "quiet", 'q', PL_OPT_FLAG, O(quiet), NULL, "no notes" },
};

static int usage(const char *what, const char *value)
{
    fprintf(stderr, "plimsoll lint: %s '%s'\n", what, value);
    return PL_EXIT_USAGE;
}

static int parse_formats(struct pl_lint_run *r)
{
    for (size_t i = 0; i < r->o->format.n; i++) {
        struct pl_str rest = pl_str_c(r->o->format.p[i]), id;
        pl_str_split(&rest, '=', &id);
        const struct pl_writer *w = pl_writer_find(id);
        if (!w || (rest.p && !rest.n))
            return usage("unknown format", r->o->format.p[i]);
        if (r->n_out == PL_COUNT(r->out))
            return usage("too many outputs, at", r->o->format.p[i]);
        r->out[r->n_out++] = (struct pl_lint_output){ w, rest.p ? rest.p : "-" };
    }
    if (!r->n_out)
        r->out[r->n_out++] = (struct pl_lint_output){ pl_writer_find(PL_S("table")), "-" };
    return 0;
}

static int parse_severity(struct pl_lint_run *r)
{
    const char *f = r->o->fail_on         ? r->o->fail_on
                    : r->config.fail_on.n ? r->config.fail_on.p
                                          : NULL;
    r->ro.fail_on = PL_SEV_HIGH;
    if (f && strcmp(f, "none") == 0)
        r->ro.fail_none = true;
    else if (f && !pl_severity_parse(pl_str_c(f), &r->ro.fail_on))
        return usage("--fail-on: no severity is called", f);
    return 0;
}

static int parse_fix(struct pl_lint_run *r)
{
    const char *f = r->o->fix;
    if (!f)
        r->fix = r->o->diff ? PL_FIX_SAFE : PL_FIX_NONE;
    else if (!*f || strcmp(f, "safe") == 0)
        r->fix = PL_FIX_SAFE;
    else if (strcmp(f, "suggested") == 0)
        r->fix = PL_FIX_SUGGESTED;
    else if (strcmp(f, "unsafe") == 0)
        r->fix = PL_FIX_UNSAFE;
    else
        return usage("--fix: no class is called", f);
    return 0;
}

static int parse_options(struct pl_lint_run *r)
{
    const struct pl_lint_cli *o = r->o;
    int code = parse_formats(r);
    if (!code)
        code = parse_severity(r);
    if (!code)
        code = parse_fix(r);
    if (!code && o->dialect && !pl_dialect_parse(pl_str_c(o->dialect), &r->lo.dialect))
        code = usage("--dialect: nothing is called", o->dialect);
    for (size_t i = 0; i < o->build_arg.n && !code; i++) {
        struct pl_str value = pl_str_c(o->build_arg.p[i]), name;
        pl_str_split(&value, '=', &name);
        const char *env = value.p ? NULL : getenv(o->build_arg.p[i]);
        if (!value.p && !env)
            continue; /* as docker does: taken from the environment when it is there */
        r->args[r->lo.n_build_args++] =
            (struct pl_df_build_arg){ name, value.p ? value : pl_str_c(env) };
    }
    for (size_t i = 0; i < o->trusted.n; i++)
        r->trusted[r->lo.n_trusted++] = pl_str_c(o->trusted.p[i]);
    for (size_t i = 0; i < r->config.trusted.n && !o->trusted.n && i < LINT_ARGS_MAX; i++)
        r->trusted[r->lo.n_trusted++] = r->config.trusted.p[i];
    for (size_t i = 0; i < o->image.n && !code; i++) {
        struct pl_str target = pl_str_c(o->image.p[i]), name;
        pl_str_split(&target, '=', &name);
        if (!name.n || !target.n || r->n_image == LINT_ARGS_MAX)
            return usage("--image: NAME=TARGET is needed, not", o->image.p[i]);
        r->image[r->n_image++] = (struct pl_lint_image){ .name = name, .target = target };
    }
    r->lo.build_args = r->args;
    r->lo.trusted = r->trusted;
    return code;
}

/* --- the report --- */

static int write_one(struct pl_lint_run *r, const struct pl_lint_output *out, struct pl_err *err)
{
    pl_auto_buf struct pl_buf text = { 0 };
    struct pl_report_opts ro = r->ro;
    bool std = strcmp(out->path, "-") == 0;
    ro.terminal = std && isatty(1);
    ro.width = std ? pl_common_width(1) : 0;
    int e = pl_common_colour(r->o->color, 1, &ro.colour, err);
    ro.colour &= std;
    if (e == 0)
        e = out->writer->write(&r->report, &ro, &text, err);
    if (e == 0)
        e = pl_common_write(out->path, pl_buf_str(&text), err);
    return e;
}

static int write_report(struct pl_lint_run *r)
{
    pl_auto_buf struct pl_buf notes = { 0 };
    struct pl_err err = { 0 };
    bool table_shown = false;
    if (r->o->diff)
        return 0; /* standard output is the patch */
    for (size_t i = 0; i < r->n_out; i++) {
        table_shown |= strcmp(r->out[i].writer->id, "table") == 0;
        if (write_one(r, &r->out[i], &err) < 0)
            return pl_run_failed("lint", &err);
    }
    if (!r->o->quiet)
        pl_report_notes(&r->report, &notes);
    if (!table_shown)
        pl_report_incomplete(&r->report, &r->ro, 20, &notes);
    if (notes.n)
        fwrite(notes.p, 1, notes.n, stderr);
    return 0;
}

/* What is no Dockerfile has no rules that are newer than a pin. */
static bool others_fail(const struct pl_lint_run *r)
{
    for (size_t i = 0; i < r->report.n_targets && !r->ro.fail_none; i++)
        for (size_t k = 0; k < r->report.targets[i].n_findings; k++) {
            const struct pl_finding *f = &r->report.targets[i].findings[k];
            if (f->kind != PL_KIND_DOCKERFILE && f->severity >= r->ro.fail_on)
                return true;
        }
    return false;
}

static int verdict(const struct pl_lint_run *r)
{
    if (r->bad_input)
        return PL_EXIT_USAGE;
    if ((r->fails || others_fail(r) || r->check_error) && !r->o->exit_zero)
        return PL_EXIT_FINDINGS;
    return r->report.incomplete ? PL_EXIT_INCOMPLETE : PL_EXIT_CLEAN;
}

static struct pl_str today(struct pl_arena *a)
{
    struct tm tm;
    time_t now = time(NULL);
    gmtime_r(&now, &tm);
    return pl_printf(a, "%04d-%02d-%02d", tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday);
}

static int read_config(struct pl_lint_run *r)
{
    struct pl_err err = { 0 };
    if (pl_lint_config_read(&r->config, &err) == 0)
        return 0;
    fprintf(stderr, "plimsoll lint: %s\n", err.msg);
    return PL_EXIT_USAGE;
}

/* Only repairs that may need an eye look outside. */
static int open_source(struct pl_lint_run *r)
{
    struct pl_err err = { 0 };
    r->advice.p = pl_alloc_n(r->a, LINT_ADVICE_MAX, sizeof *r->advice.p);
    if (r->fix < PL_FIX_SUGGESTED)
        return 0;
    r->from_opts = (struct pl_lint_source_opts){ .lock = r->o->lock,
                                                 .layout = r->o->layout,
                                                 .plain_http = r->o->plain_http,
                                                 .ca_file = r->o->ca_file,
                                                 .network = !r->o->offline,
                                                 .quiet = r->o->quiet };
    if (pl_lint_from_new(&r->from_opts, &r->from, &err) < 0) {
        fprintf(stderr, "plimsoll lint: %s\n", err.msg);
        return PL_EXIT_USAGE;
    }
    r->lo.source = pl_lint_from_ops(r->from);
    return 0;
}

/* What was mended, and the lock file. */
static int close_source(struct pl_lint_run *r, int code)
{
    pl_auto_buf struct pl_buf out = { 0 };
    struct pl_err err = { 0 };
    size_t n = 0;
    for (size_t i = 0; i < PL_RULE_COUNT; i++)
        n += r->mended[i];
    for (size_t i = 0; i < PL_DEPLOY_RULE_COUNT; i++)
        n += r->mended_deploy[i];
    if (n && !r->o->quiet) {
        pl_buf_printf(&out, "plimsoll lint: %zu finding%s %s:", n, n == 1 ? "" : "s",
                      r->o->diff ? "can be mended" : "mended");
        for (size_t i = 0; i < PL_RULE_COUNT; i++)
            if (r->mended[i])
                pl_buf_printf(&out, " %s %zu", pl_lint_rules[i].name, r->mended[i]);
        for (size_t i = 0; i < PL_DEPLOY_RULE_COUNT; i++)
            if (r->mended_deploy[i])
                pl_buf_printf(&out, " %s %zu", pl_deploy_rules[i].name, r->mended_deploy[i]);
        fprintf(stderr, "%.*s\n", PL_FMT(pl_buf_str(&out)));
    }
    pl_buf_clear(&out);
    if (!r->o->write_lock || !r->from)
        return code;
    pl_lint_from_write(r->from, r->lo.today, &out);
    if (pl_common_write(r->o->write_lock, pl_buf_str(&out), &err) < 0)
        return pl_run_failed("lint", &err);
    return code;
}

static int run_lint(const void *options, const struct pl_operands *ops)
{
    struct pl_arena a = { 0 };
    struct pl_lint_run r = { .o = options,
                             .a = &a,
                             .report = { .a = &a,
                                         .tool_name = PL_S("plimsoll"),
                                         .tool_version = PL_S(PL_VERSION),
                                         .rules_version = PL_S(PL_RULES_VERSION) } };
    int code = PL_EXIT_CLEAN;
    if (!ops->n) {
        fputs("plimsoll lint: no file given, as in plimsoll lint Dockerfile\n", stderr);
        return PL_EXIT_USAGE;
    }
    r.lo.today = today(&a);
    r.lo.secret = pl_lint_is_secret;
    r.lo.secrets = pl_lint_secrets;
    r.lo.secret_arg = &r;
    r.lo.context = pl_lint_context;
    r.lo.context_arg = &r;
    r.config.a = &a;
    code = r.o->no_config || r.o->dump ? 0 : read_config(&r);
    if (!code)
        code = parse_options(&r);
    if (!code)
        code = open_source(&r);
    r.ro.quiet = r.o->quiet;
    r.report.targets = pl_alloc_n(&a, ops->n, sizeof *r.report.targets);
    bool ran = !code;
    for (size_t i = 0; i < ops->n && !code; i++)
        code = pl_lint_one(&r, ops->p[i], &r.report.targets[r.report.n_targets++]);
    if (!code && !r.o->dump) {
        pl_report_sum(&r.report);
        code = write_report(&r);
        if (!code)
            code = verdict(&r);
    }
    if (ran) /* also when one of the files cannot be read */
        code = close_source(&r, code);
    pl_lint_config_release(&r.config);
    pl_lint_from_free(r.from);
    pl_matcher_free(r.matcher);
    pl_rules_free(r.secrets);
    pl_arena_release(&r.scratch);
    pl_arena_release(&a);
    return code;
}

const struct pl_command pl_cmd_lint = {
    .name = "lint",
    .usage = "lint [flags] FILE…",
    .summary = "judge Dockerfiles as BuildKit reads them, and repair them with proof",
    .details = "FILE is a Dockerfile, or - for standard input\n",
    .options = table,
    .n_options = PL_COUNT(table),
    .options_size = sizeof(struct pl_lint_cli),
    .run = run_lint,
};
