/* plimsoll store: the tables that many share: made, brought forward, looked at, who may use them.
 * fleet.md section 4. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>

#include "base/cleanup.h"
#include "cmd/common.h"
#include "cmd/fleet_opt.h"
#include "cmd/version.h"
#include "report/escape.h"

struct options {
    const char *store, *as, *tenant, *keep;
    bool quiet, dry;
};

static const struct pl_opt table[] = {
    { "store", 0, PL_OPT_STR, offsetof(struct options, store), "STORE",
      "a folder, or postgresql://…" },
    { "as", 0, PL_OPT_STR, offsetof(struct options, as), "worker|reader",
      "grant: what the login may do" },
    { "tenant", 0, PL_OPT_STR, offsetof(struct options, tenant), "NAME",
      "grant: whose rows it sees (default)" },
    { "keep-days", 0, PL_OPT_STR, offsetof(struct options, keep), "DAYS",
      "gc: what is younger stays (30)" },
    { "dry-run", 0, PL_OPT_FLAG, offsetof(struct options, dry), NULL,
      "gc: only count what would go" },
    { "quiet", 'q', PL_OPT_FLAG, offsetof(struct options, quiet), NULL,
      "say nothing when all is well" },
};

static int usage(const char *text)
{
    fprintf(stderr, "plimsoll store: %s\n", text);
    return PL_EXIT_USAGE;
}

static int upgrade(const struct options *o, const char *where, bool make)
{
    struct pl_store_upgraded u = { 0 };
    struct pl_err err = { 0 };
    if (pl_store_upgrade(where, make, PL_VERSION, &u, &err) < 0)
        return pl_run_failed("store", &err);
    if (o->quiet)
        return PL_EXIT_CLEAN;
    if (!u.from)
        printf("made: schema %u\n", u.to);
    else if (u.from == u.to)
        printf("nothing to do: schema %u\n", u.to);
    else
        printf("brought forward: schema %u to %u\n", u.from, u.to);
    return PL_EXIT_CLEAN;
}

static int on_given_up(void *arg, const struct pl_out *o)
{
    struct pl_buf *b = arg;
    pl_buf_printf(b, "given up: %" PRId64 " for ", o->id);
    pl_esc_cut(b, PL_ESC_TERM, o->shown, 200);
    pl_buf_printf(b, ", tried %" PRId64 " times: ", o->tries);
    pl_esc_cut(b, PL_ESC_TERM, o->error, 300);
    pl_buf_putc(b, '\n');
    return 0;
}

/* Events on their way; those that nobody took are named. */
static int messages(struct pl_store *s, struct pl_buf *out, struct pl_err *err)
{
    uint64_t n[PL_OUT_STATES] = { 0 };
    int r = s->ops->out_counts(s, n, err);
    pl_buf_printf(out, "messages: %" PRIu64 " due, %" PRIu64 " told, %" PRIu64 " given up\n",
                  n[PL_OUT_DUE], n[PL_OUT_TOLD], n[PL_OUT_GIVEN_UP]);
    return r == 0 ? s->ops->out_each(s, PL_OUT_GIVEN_UP, on_given_up, out, err) : r;
}

static int status(const char *where)
{
    pl_auto_buf struct pl_buf told = { 0 };
    struct pl_err err = { 0 };
    struct pl_store *s = NULL;
    struct pl_store_counts c = { 0 };
    uint64_t n[PL_WORK_STATES] = { 0 };
    int r = pl_store_open(where, PL_STORE_READ, &s, &err);
    if (r == 0)
        r = s->ops->counts(s, &c, &err);
    if (r == 0)
        r = s->ops->work_counts(s, n, &err);
    if (r == 0)
        r = messages(s, &told, &err);
    if (s)
        s->ops->close(s);
    if (r < 0)
        return pl_run_failed("store", &err);
    printf("schema %d\n", PL_STORE_SCHEMA);
    printf("%" PRIu64 " inventories, %" PRIu64 " lists of packages, %" PRIu64 " packages, %" PRIu64
           " layers\n",
           c.images, c.sets, c.packages, c.layers);
    printf("%" PRIu64 " flaws, %" PRIu64 " runs that matched\n", c.flaws, c.runs);
    printf("work:");
    for (int i = 0; i < PL_WORK_STATES; i++)
        printf("%s %" PRIu64 " %s", i ? "," : "", n[i], pl_fleet_state((enum pl_work_state)i));
    printf("\n");
    fwrite(told.p, 1, told.n, stdout);
    return PL_EXIT_CLEAN;
}

static int grant(const struct options *o, const char *where, const char *role)
{
    struct pl_err err = { 0 };
    struct pl_str as = pl_str_c(o->as);
    bool worker = pl_str_is(as, "worker");
    if (!worker && !pl_str_is(as, "reader"))
        return usage("grant needs --as worker or --as reader");
    if (pl_store_grant(where, role, worker, o->tenant ? o->tenant : "default", &err) < 0)
        return pl_run_failed("store", &err);
    if (!o->quiet)
        printf("%s: %s of %s\n", role, o->as, o->tenant ? o->tenant : "default");
    return PL_EXIT_CLEAN;
}

static int gc(const struct options *o, const char *where)
{
    struct pl_err err = { 0 };
    struct pl_store *s = NULL;
    uint64_t days = 30;
    struct pl_gc g = { .tool = PL_S(PL_VERSION), .rules = PL_S(PL_RULES_VERSION), .dry = o->dry };
    if (o->keep && (!pl_str_u64(pl_str_c(o->keep), &days) || days > 36500))
        return usage("--keep-days needs a number of days");
    g.keep_s = (int64_t)days * 86400;
    int r = pl_store_open(where, PL_STORE_WRITE, &s, &err);
    if (r == 0)
        r = s->ops->gc(s, &g, &err);
    if (s)
        s->ops->close(s);
    if (r < 0)
        return pl_run_failed("store", &err);
    if (!o->quiet)
        printf("%s: %" PRIu64 " inventories, %" PRIu64 " lists of packages, %" PRIu64
               " packages, %" PRIu64 " places, %" PRIu64 " layers, %" PRIu64 " records, %" PRIu64
               " pieces of work, %" PRIu64 " messages, %" PRIu64 " places where images ran\n",
               o->dry ? "would go" : "gone", g.images, g.sets, g.packages, g.places, g.layers,
               g.records, g.jobs, g.messages, g.exposures);
    return PL_EXIT_CLEAN;
}

static int run_store(const void *options, const struct pl_operands *ops)
{
    const struct options *o = options;
    struct pl_arena a = { 0 };
    struct pl_str verb = pl_str_c(ops->n ? ops->p[0] : NULL);
    bool granting = pl_str_is(verb, "grant");
    const char *where;
    if (ops->n != (granting ? 2 : 1))
        return usage("init, upgrade, status, gc, or grant LOGIN?");
    int code = pl_fleet_named("store", o->store, &a, &where);
    if (code)
        ;
    else if (pl_str_is(verb, "init") || pl_str_is(verb, "upgrade"))
        code = upgrade(o, where, pl_str_is(verb, "init"));
    else if (pl_str_is(verb, "status"))
        code = status(where);
    else if (pl_str_is(verb, "gc"))
        code = gc(o, where);
    else if (granting)
        code = grant(o, where, ops->p[1]);
    else
        code = usage("it is none of init, upgrade, status, gc, grant");
    pl_arena_release(&a);
    return code;
}

const struct pl_command pl_cmd_store = {
    .name = "store",
    .usage = "store init | store upgrade | store status | store gc | store grant LOGIN --as worker",
    .summary = "the tables that scans, workers and queries share",
    .details = "a store is a folder (SQLite) or postgresql://[USER@]HOST/DATABASE\n",
    .options = table,
    .n_options = PL_COUNT(table),
    .options_size = sizeof(struct options),
    .run = run_store,
};
