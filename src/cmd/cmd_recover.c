/* plimsoll recover: the exact bytes of one version of a file, or of the place of a finding.
 * forensics.md section 7. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "cmd/common.h"
#include "cmd/registry_opt.h"
#include "report/escape.h"

struct options {
    struct pl_common common;
    struct pl_registry_cli reg;
    const char *output, *layer, *copy;
};

static const struct pl_opt table[] = {
    { "output", 'o', PL_OPT_STR, offsetof(struct options, output), "FILE",
      "where to write; - is standard output" },
    { "layer", 0, PL_OPT_STR, offsetof(struct options, layer), "N", "the version of this layer" },
    { "copy", 0, PL_OPT_STR, offsetof(struct options, copy), "N",
      "the n-th of several in one layer, from 0" },
    PL_COMMON_OPTS(struct options),
    PL_REGISTRY_OPTS(struct options, 0),
};

static int sink(void *arg, const void *p, size_t n, struct pl_err *err)
{
    int fd = *(int *)arg;
    return pl_fd_write(fd, p, n) < 0 ? pl_fail_errno(err, PL_E_IO, errno, "cannot write") : 0;
}

static bool number(const char *s, uint32_t *ret)
{
    uint64_t v;
    *ret = PL_NEVER;
    if (!s)
        return true;
    if (!pl_str_u64(pl_str_c(s), &v) || v >= PL_NEVER)
        return false;
    *ret = (uint32_t)v;
    return true;
}

static void say(const struct pl_recovered *r, const char *to)
{
    pl_auto_buf struct pl_buf b = { 0 };
    char hex[65];
    pl_hex(r->sha256, 32, hex);
    pl_buf_puts(&b, "recovered ");
    pl_esc_cut(&b, PL_ESC_TERM, r->path, 200);
    pl_buf_printf(&b, ": %" PRIu64 " bytes to %s\n  sha256  %s\n", r->size, to, hex);
    if (r->layer.index != PL_NEVER) {
        pl_buf_printf(&b, "  layer   %u  %.*s  ", r->layer.index, PL_FMT(r->layer.digest));
        pl_esc_cut(&b, PL_ESC_TERM, r->layer.has_created_by ? r->layer.created_by : PL_S(""), 160);
        pl_buf_putc(&b, '\n');
    }
    for (size_t i = 0; i < r->n_others; i++) {
        pl_buf_puts(&b, "  other   ");
        pl_esc(&b, PL_ESC_TERM, r->others[i]);
        pl_buf_putc(&b, '\n');
    }
    fwrite(b.p, 1, b.n, stderr);
}

/* A new file beside the final one: what is half written never has the name that was asked for. */
static int open_output(const char *path, char *tmp, size_t size, struct pl_err *err)
{
    if (strcmp(path, "-") == 0)
        return fcntl(1, F_DUPFD_CLOEXEC, 3);
    if (faccessat(AT_FDCWD, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
        return pl_fail(err, PL_E_USAGE, "'%s' exists; nothing is overwritten", path);
    int n = snprintf(tmp, size, "%s.part-%ld", path, (long)getpid());
    if (n < 0 || (size_t)n >= size)
        return pl_fail(err, PL_E_USAGE, "path is too long");
    int fd = open(tmp, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    return fd >= 0 ? fd : pl_fail_errno(err, PL_E_USAGE, errno, "cannot write '%s'", path);
}

static int finish_output(const char *path, const char *tmp, int fd, int r, struct pl_err *err)
{
    if (close(fd) < 0 && r == 0)
        r = pl_fail_errno(err, PL_E_IO, errno, "cannot write '%s'", path);
    if (strcmp(path, "-") == 0)
        return r;
    if (r == 0 && linkat(AT_FDCWD, tmp, AT_FDCWD, path, 0) < 0)
        r = pl_fail_errno(err, PL_E_USAGE, errno, "cannot write '%s'", path);
    unlink(tmp);
    return r;
}

static int run_recover(const void *options, const struct pl_operands *operands)
{
    const struct options *o = options;
    struct pl_run run;
    struct pl_reach reach = { 0 };
    struct pl_operands own = *operands, *ops = &own;
    struct pl_arena a = { 0 };
    struct pl_recovered got = { 0 };
    struct pl_err err = { 0 };
    char tmp[4096] = "";
    if (ops->n != 2 || !o->output) {
        fputs("plimsoll recover: a target, a path or fingerprint, and -o FILE\n", stderr);
        return PL_EXIT_USAGE;
    }
    struct pl_str what = pl_str_c(ops->p[1]);
    while (pl_str_starts(what, PL_S("/")) || pl_str_starts(what, PL_S("./")))
        what = pl_str_sub(what, what.p[0] == '/' ? 1 : 2, what.n);
    int fd = -1;
    struct pl_recover_opts ro = { .what = what, .sink = sink, .arg = &fd };
    if (!number(o->layer, &ro.layer) || !number(o->copy, &ro.copy)) {
        fputs("plimsoll recover: --layer and --copy need a number\n", stderr);
        return PL_EXIT_USAGE;
    }
    fd = open_output(o->output, tmp, sizeof tmp, &err);
    if (fd < 0)
        return pl_run_failed("recover", &err);
    int code = pl_run_begin(&run, &o->common, true);
    if (!code)
        code = pl_reach_begin(&reach, &run, &o->reg, &o->common, ops);
    if (!code) {
        int r = pl_scan_recover(run.scan, ops->p[0], &ro, &a, &got, &err);
        pl_run_end(&run);
        pl_reach_end(&reach);
        r = finish_output(o->output, tmp, fd, r, &err);
        if (r == 0 && !o->common.quiet)
            say(&got, strcmp(o->output, "-") == 0 ? "standard output" : o->output);
        code = r < 0 ? pl_run_failed("recover", &err) : PL_EXIT_CLEAN;
    } else {
        finish_output(o->output, tmp, fd, -1, &err);
    }
    pl_arena_release(&a);
    return code;
}

const struct pl_command pl_cmd_recover = {
    .name = "recover",
    .usage = "recover [flags] TARGET (PATH or FINGERPRINT) -o FILE",
    .summary = "write the exact bytes of a file version, deleted ones included",
    .options = table,
    .n_options = PL_COUNT(table),
    .options_size = sizeof(struct options),
    .run = run_recover,
};
