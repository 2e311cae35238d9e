/* plimsoll sbom: the packages of a target, as CycloneDX or SPDX. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <stddef.h>
#include <stdio.h>

#include "base/cleanup.h"
#include "cmd/common.h"
#include "cmd/version.h"
#include "model/package.h"

struct options {
    struct pl_common common;
    struct pl_opt_list format;
    bool no_dev;
};

static const struct pl_opt table[] = {
    { "format", 'f', PL_OPT_LIST, offsetof(struct options, format), "FORMAT[=FILE]",
      "cyclonedx-json, spdx-json, syft-json" },
    { "lockfiles", 0, PL_OPT_FLAG, offsetof(struct options, common.lockfiles), NULL,
      "lock files count in images, too" },
    { "no-dev", 0, PL_OPT_FLAG, offsetof(struct options, no_dev), NULL,
      "leave out what is of development only" },
    PL_COMMON_OPTS(struct options),
};

static const struct pl_writer *writer_of(struct pl_str id)
{
    bool known =
        pl_str_is(id, "cyclonedx-json") || pl_str_is(id, "spdx-json") || pl_str_is(id, "syft-json");
    return known ? pl_writer_find(id) : NULL;
}

static int write_one(const struct pl_report *r, const char *format, struct pl_err *err)
{
    pl_auto_buf struct pl_buf text = { 0 };
    struct pl_report_opts o = { 0 };
    struct pl_str path = pl_str_c(format), id;
    pl_str_split(&path, '=', &id);
    int ret = writer_of(id)->write(r, &o, &text, err);
    return ret == 0 ? pl_common_write(path.n ? path.p : "-", pl_buf_str(&text), err) : ret;
}

static int check_formats(const struct pl_opt_list *f)
{
    for (size_t i = 0; i < f->n; i++) {
        struct pl_str rest = pl_str_c(f->p[i]), id;
        pl_str_split(&rest, '=', &id);
        if (writer_of(id))
            continue;
        fprintf(stderr,
                "plimsoll sbom: format '%.*s' is none of cyclonedx-json, spdx-json, "
                "syft-json\n",
                PL_FMT(id));
        return PL_EXIT_USAGE;
    }
    return 0;
}

static void drop_dev(struct pl_report *r)
{
    for (size_t i = 0; i < r->n_targets; i++) {
        struct pl_target *t = &r->targets[i];
        size_t n = 0;
        for (size_t k = 0; k < t->n_packages; k++)
            if (!(t->packages[k].pkg.flags & PL_PKG_DEV))
                t->packages[n++] = t->packages[k];
        t->n_packages = n;
    }
}

static int tell(const struct options *o, struct pl_report *report)
{
    static const struct pl_opt_list otherwise = { { "cyclonedx-json" }, 1 };
    const struct pl_opt_list *f = o->format.n ? &o->format : &otherwise;
    struct pl_err err = { 0 };
    pl_auto_buf struct pl_buf notes = { 0 };
    for (size_t i = 0; i < f->n; i++) {
        if (write_one(report, f->p[i], &err) < 0) {
            fprintf(stderr, "plimsoll sbom: %s\n", err.msg);
            return PL_EXIT_USAGE;
        }
    }
    pl_report_sum(report);
    struct pl_report_opts ro = { .quiet = o->common.quiet };
    if (!o->common.quiet)
        pl_report_notes(report, &notes);
    pl_report_incomplete(report, &ro, 20, &notes);
    if (notes.n)
        fwrite(notes.p, 1, notes.n, stderr);
    return report->incomplete ? PL_EXIT_INCOMPLETE : PL_EXIT_CLEAN;
}

static int run_sbom(const void *options, const struct pl_operands *ops)
{
    const struct options *o = options;
    struct pl_run run;
    struct pl_arena a = { 0 };
    struct pl_err err = { 0 };
    struct pl_report report = { .a = &a,
                                .tool_name = PL_S("plimsoll"),
                                .tool_version = PL_S(PL_VERSION),
                                .rules_version = PL_S(PL_RULES_VERSION) };
    if (!ops->n) {
        fputs("plimsoll sbom: no target given, as in plimsoll sbom oci:DIR\n", stderr);
        return PL_EXIT_USAGE;
    }
    int code = check_formats(&o->format);
    if (!code)
        code = pl_run_begin(&run, &o->common, /* secrets= */ false);
    if (code)
        return code;
    for (size_t i = 0; i < ops->n && !code; i++)
        if (pl_scan_target(run.scan, ops->p[i], &report, &err) < 0)
            code = pl_run_failed("sbom", &err);
    pl_run_end(&run);
    if (o->no_dev)
        drop_dev(&report);
    if (!code)
        code = tell(o, &report);
    pl_arena_release(&a);
    return code;
}

const struct pl_command pl_cmd_sbom = {
    .name = "sbom",
    .usage = "sbom [flags] TARGET…",
    .summary = "the packages of images or directories, as CycloneDX, SPDX or syft's JSON",
    .details = "targets: docker-archive:FILE  oci:DIR[:TAG|@DIGEST]  oci-archive:FILE  daemon:REF\n"
               "         dir:PATH  rootfs:PATH  sbom:FILE  -  or a path, probed by what it holds\n",
    .options = table,
    .n_options = PL_COUNT(table),
    .options_size = sizeof(struct options),
    .run = run_sbom,
};
