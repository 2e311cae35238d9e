/* plimsoll scrub: the same image without the named secrets, and the proof. forensics.md section 8.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "cmd/common.h"
#include "cmd/registry_opt.h"
#include "cmd/scrub_out.h"
#include "cmd/scrub_proof.h"
#include "report/escape.h"

struct options {
    struct pl_common common;
    struct pl_registry_cli reg;
    const char *output, *proof;
    struct pl_opt_list finding;
    bool remove, redact, drop_signatures, diff;
};

static const struct pl_opt table[] = {
    { "output", 'o', PL_OPT_STR, offsetof(struct options, output), "OUT",
      "oci:DIR[:TAG], oci-archive:FILE, docker-archive:FILE or docker://REF" },
    { "finding", 0, PL_OPT_LIST, offsetof(struct options, finding), "FINGERPRINT",
      "only this finding's secret (repeatable)" },
    { "remove", 0, PL_OPT_FLAG, offsetof(struct options, remove), NULL,
      "visible files go, visible values are blanked" },
    { "redact", 0, PL_OPT_FLAG, offsetof(struct options, redact), NULL,
      "visible secrets are overwritten at the same length" },
    { "drop-signatures", 0, PL_OPT_FLAG, offsetof(struct options, drop_signatures), NULL,
      "leave out signatures and attestations that no longer apply" },
    { "diff", 0, PL_OPT_FLAG, offsetof(struct options, diff), NULL,
      "say what would change, write nothing" },
    { "proof", 0, PL_OPT_STR, offsetof(struct options, proof), "FILE",
      "where the proof goes (OUT.proof.json)" },
    PL_COMMON_OPTS(struct options),
    PL_REGISTRY_OPTS(struct options, 0),
};

static int refused(const struct pl_scrub_result *r)
{
    pl_auto_buf struct pl_buf b = { 0 };
    for (size_t i = 0; i < r->n_refused; i++) {
        pl_buf_puts(&b, "plimsoll scrub: ");
        pl_esc_cut(&b, PL_ESC_TERM, r->refused[i], 500);
        pl_buf_putc(&b, '\n');
    }
    fwrite(b.p, 1, b.n, stderr);
    return PL_EXIT_USAGE;
}

/* Prints what was done. A question to a registry that has no answer is not passed over. */
static int say(const struct pl_scrub_told *t)
{
    pl_auto_buf struct pl_buf b = { 0 };
    struct pl_err err = { 0 };
    bool unanswered = false;
    pl_scrub_say(t, &b);
    if (pl_common_print(pl_buf_str(&b), &err) < 0)
        return pl_run_failed("scrub", &err);
    for (size_t i = 0; i < t->r->n_served; i++)
        unanswered |= t->r->served[i].n_failed != 0;
    return unanswered ? PL_EXIT_NET : PL_EXIT_CLEAN;
}

/* The proof waits under another name until the image has its own. */
struct proof {
    struct pl_arena a;
    const char *path, *part;
};

static int proof_begin(struct proof *p, const struct options *o, const struct pl_scrub_out *out,
                       struct pl_err *err)
{
    p->path = o->proof ? o->proof : pl_printf(&p->a, "%s.proof.json", pl_scrub_out_name(out)).p;
    p->part = pl_printf(&p->a, "%s.part-%ld", p->path, (long)getpid()).p;
    if (faccessat(AT_FDCWD, p->path, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
        return pl_fail(err, PL_E_USAGE, "'%s' exists; nothing is overwritten", p->path);
    return 0;
}

static int proof_write(const struct proof *p, struct pl_str text, struct pl_err *err)
{
    int fd = open(p->part, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
    bool bad = fd < 0 || pl_fd_write(fd, text.p, text.n) < 0 || fsync(fd) < 0;
    int e = errno;
    if (fd >= 0)
        close(fd);
    return bad ? pl_fail_errno(err, PL_E_IO, e, "cannot write '%s'", p->path) : 0;
}

static int keep(struct pl_scrub_out *out, const struct proof *p, struct pl_err *err)
{
    int r = pl_scrub_out_keep(out, err);
    if (r == 0 && linkat(AT_FDCWD, p->part, AT_FDCWD, p->path, 0) < 0)
        r = pl_fail_errno(err, PL_E_IO, errno, "the image is there, but cannot write '%s'",
                          p->path);
    return r;
}

static int write_image(struct pl_scrub *x, struct pl_scrub_out *out, const char *target,
                       struct pl_err *err)
{
    const char *written = NULL;
    struct pl_remote *rm = out->pushed ? pl_pushed_remote(out->pushed) : NULL;
    int r = pl_scrub_out_write(out, x, target, &written, err);
    if (r == 0)
        r = pl_scrub_check(x, written, err);
    if (r < 0)
        return r;
    return pl_scrub_ask(x, rm, rm ? pl_pushed_host(out->pushed) : PL_S(""),
                        rm ? pl_pushed_repo(out->pushed) : PL_S(""), err);
}

static int make(struct pl_scrub *x, struct pl_scrub_out *out, const struct options *o,
                struct pl_scrub_told *told)
{
    struct proof p = { 0 };
    struct pl_err err = { 0 };
    pl_auto_buf struct pl_buf text = { 0 };
    int code = 0, r = proof_begin(&p, o, out, &err);
    if (r == 0 && (r = write_image(x, out, told->target, &err)) == PL_E_DIGEST)
        code = PL_EXIT_FINDINGS;
    if (r == 0) {
        pl_scrub_proof(told, &text);
        r = proof_write(&p, pl_buf_str(&text), &err);
    }
    if (r == 0)
        r = keep(out, &p, &err);
    if (p.part)
        unlink(p.part);
    pl_arena_release(&p.a);
    if (r < 0) {
        int failed = pl_run_failed("scrub", &err);
        return code ? code : failed;
    }
    return say(told);
}

static int scrub(struct pl_run *run, const struct pl_reach *reach, const struct options *o,
                 const char *target)
{
    struct pl_scrub_out out = { 0 };
    struct pl_scrub *x = NULL;
    struct pl_err err = { 0 };
    int code;
    if (!o->diff && pl_scrub_out_new(o->output, &reach->registry, &out, &err) < 0)
        return pl_run_failed("scrub", &err);
    struct pl_scrub_opts so = { .findings = o->finding.p,
                                .n_findings = o->finding.n,
                                .remove = o->remove,
                                .redact = o->redact,
                                .drop_signatures = o->drop_signatures,
                                .dry = o->diff,
                                .tag = pl_scrub_out_tag(&out) };
    if (pl_scrub_plan(run->scan, target, &so, &x, &err) < 0) {
        code = pl_run_failed("scrub", &err);
    } else {
        const struct pl_scrub_result *r = pl_scrub_result(x);
        struct pl_scrub_told told = { .target = target, .output = o->output, .r = r };
        code = o->diff ? say(&told) : 0;
        if (r->n_refused)
            code = refused(r);
        else if (!o->diff)
            code = make(x, &out, o, &told);
    }
    pl_scrub_free(x);
    pl_scrub_out_release(&out);
    return code;
}

/* The hosts of both ends: --plain-http without a name stands for them. */
static int reach_both(struct pl_reach *reach, struct pl_run *run, const struct options *o,
                      struct pl_operands *ops)
{
    PL_AUTO(struct pl_arena, a, pl_arena_release) = { 0 };
    struct pl_operands both = { pl_alloc_n(&a, ops->n + 1, sizeof *both.p), ops->n };
    for (size_t i = 0; i < ops->n; i++)
        both.p[i] = ops->p[i];
    if (o->output && pl_str_starts(pl_str_c(o->output), PL_S("docker://")))
        both.p[both.n++] = o->output;
    int code = pl_reach_begin(reach, run, &o->reg, &o->common, &both);
    size_t kept = 0; /* one that only named a host was taken out */
    for (size_t i = 0; i < both.n; i++)
        if (both.p[i] != o->output)
            ops->p[kept++] = both.p[i];
    ops->n = kept;
    return code;
}

static int run_scrub(const void *options, const struct pl_operands *operands)
{
    const struct options *o = options;
    struct pl_run run;
    struct pl_reach reach = { 0 };
    struct pl_operands own = *operands, *ops = &own;
    if (!ops->n || (!o->output && !o->diff)) {
        fputs("plimsoll scrub: a target and -o OUT, or --diff\n", stderr);
        return PL_EXIT_USAGE;
    }
    if (o->remove && o->redact) {
        fputs("plimsoll scrub: --remove and --redact exclude each other\n", stderr);
        return PL_EXIT_USAGE;
    }
    int code = pl_run_begin(&run, &o->common, true);
    if (code)
        return code;
    code = reach_both(&reach, &run, o, ops);
    if (code)
        return code;
    if (ops->n == 1) {
        code = scrub(&run, &reach, o, ops->p[0]);
    } else {
        fputs("plimsoll scrub: one target at a time\n", stderr);
        code = PL_EXIT_USAGE;
    }
    pl_run_end(&run);
    pl_reach_end(&reach);
    return code;
}

const struct pl_command pl_cmd_scrub = {
    .name = "scrub",
    .usage = "scrub [flags] TARGET -o OUT",
    .summary = "the same image without the named secrets, with a proof",
    .details = "Without --finding every secret is named. What is hidden by a later layer always\n"
               "goes; what is visible needs --remove or --redact.\n",
    .options = table,
    .n_options = PL_COUNT(table),
    .options_size = sizeof(struct options),
    .run = run_scrub,
};
