/* The engine behind the gate: an image read now, an inventory matched now. gates.md section 1. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "cmd/gate_cmd.h"
#include "cmd/gate_reader.h"
#include "cmd/gate_stored.h"
#include "cmd/store_opt.h"
#include "cmd/vuln_opt.h"
#include "model/vuln.h"

struct pl_gate_engine {
    const struct pl_gate_cmd *o;
    struct pl_common common;
    struct pl_vuln_run *vuln; /* NULL: no database */
    char db_hash[80];
    struct pl_arena a;
    struct pl_gate_stored *stored; /* NULL: no store */
    struct pl_gate_reader reader;
};

static int finish(struct pl_gate_engine *e, struct pl_report *report, struct pl_err *err)
{
    pl_report_sum(report);
    if (report->n_targets == 0)
        return pl_fail(err, PL_E_IO, "nothing was read");
    if (report->incomplete)
        return pl_fail(err, PL_E_IO, "the image was not read to its end");
    if (e->vuln && pl_vuln_match(e->vuln, "gate", report))
        return pl_fail(err, PL_E_IO, "packages could not be matched");
    return 0;
}

static int scan(struct pl_gate_engine *e, const char *target, bool secrets,
                struct pl_report *report, struct pl_err *err)
{
    struct pl_run run;
    struct pl_reach reach = { 0 };
    struct pl_operands none = { 0 };
    struct pl_registry_cli reg = e->o->reg;
    reg.username = NULL; /* its password was read once */
    if (pl_run_begin(&run, &e->common, secrets))
        return pl_fail(err, PL_E_UNSUP, "the engine could not be started");
    if (pl_reach_begin(&reach, &run, &reg, &e->common, &none))
        return pl_fail(err, PL_E_UNSUP, "the registry's options could not be used");
    int r = pl_scan_target(run.scan, target, report, err);
    pl_run_end(&run);
    pl_reach_end(&reach);
    return r < 0 ? r : finish(e, report, err);
}

/* An inventory is a file to the engine: one that is in memory alone. */
static int scan_bill(struct pl_gate_engine *e, struct pl_str bill, struct pl_report *report,
                     struct pl_err *err)
{
    char target[64];
    pl_auto_fd int fd = memfd_create("plimsoll-bill", MFD_CLOEXEC);
    if (fd < 0)
        return pl_fail(err, PL_E_IO, "no memory file");
    if (pl_fd_write(fd, bill.p, bill.n) < 0)
        return pl_fail_errno(err, PL_E_IO, errno, "the inventory cannot be kept");
    snprintf(target, sizeof target, "sbom:/proc/self/fd/%d", fd);
    return scan(e, target, /* secrets= */ false, report, err);
}

static int read_now(void *arg, struct pl_str target, struct pl_str bill, struct pl_report *ret,
                    struct pl_err *err)
{
    struct pl_gate_engine *e = arg;
    struct pl_err why = { 0 };
    ret->tool_name = PL_S("plimsoll");
    ret->tool_version = PL_S(PL_VERSION);
    ret->rules_version = PL_S(PL_RULES_VERSION);
    int r = bill.p ? scan_bill(e, bill, ret, &why)
                   : scan(e, pl_dup(ret->a, target).p, /* secrets= */ true, ret, &why);
    if (r < 0)
        pl_fail(err, r, "%s", why.msg);
    return r;
}

static int read_stored(void *arg, struct pl_str digest, bool vulns, int64_t since_s,
                       struct pl_report *ret, int64_t *ret_at, struct pl_err *err)
{
    struct pl_gate_engine *e = arg;
    return pl_gate_stored_read(e->stored, digest, vulns, since_s, ret, ret_at, err);
}

static int find_store(struct pl_gate_engine *e)
{
    const char *where = NULL;
    struct pl_err err = { 0 };
    if (pl_store_named(e->o->store, /* no_config= */ true, &e->a, &where, &err) < 0)
        return pl_run_failed("gate", &err);
    if (!where)
        return 0;
    e->stored = pl_gate_stored_new(where, e->db_hash);
    e->reader.stored = read_stored;
    return 0;
}

int pl_gate_engine_new(const struct pl_gate_cmd *o, struct pl_gate_engine **ret)
{
    struct pl_gate_engine *e = calloc(1, sizeof *e);
    struct pl_vuln_cli cli = { .db = o->db };
    struct pl_arena a = { 0 };
    struct pl_report none = { .a = &a };
    if (!e)
        pl_oom();
    e->o = o;
    e->common.quiet = true;
    e->common.no_config = true; /* gate reads only the file that it is given */
    e->common.offline = o->offline;
    int code = pl_vuln_begin(&cli, /* asked= */ o->db != NULL, /* quiet= */ true, &e->vuln);
    if (!code && e->vuln && pl_vuln_match(e->vuln, "gate", &none) == 0 && none.db)
        snprintf(e->db_hash, sizeof e->db_hash, "%.*s", PL_FMT(none.db->digest));
    pl_arena_release(&a);
    e->reader = (struct pl_gate_reader){
        .arg = e, .db_hash = e->db_hash, .images = true, .read = read_now
    };
    if (!code)
        code = find_store(e);
    if (code) {
        pl_gate_engine_free(e);
        return code;
    }
    *ret = e;
    return 0;
}

const struct pl_gate_reader *pl_gate_engine_reader(const struct pl_gate_engine *e)
{
    return &e->reader;
}

void pl_gate_engine_free(struct pl_gate_engine *e)
{
    if (!e)
        return;
    pl_vuln_end(e->vuln);
    pl_gate_stored_free(e->stored);
    pl_arena_release(&e->a);
    free(e);
}
