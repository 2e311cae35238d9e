/* plimsoll rescan: what was scanned, against the advisories of today. packages.md section 10. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "cmd/rescan.h"
#include "cmd/since.h"
#include "cmd/store_opt.h"
#include "cmd/webhook.h"
#include "store/store.h"

#define O(field) offsetof(struct pl_rescan_cmd, field)
static const struct pl_opt table[] = {
    { "store", 0, PL_OPT_STR, O(store), "DIR", "the store, as scan --store keeps it" },
    { "add", 0, PL_OPT_FLAG, O(add), NULL, "put inventories in FILE… into the store" },
    { "only-new", 0, PL_OPT_FLAG, O(only_new), NULL, "tell and judge only what is new" },
    { "since", 0, PL_OPT_STR, O(since), "TIME", "new and gone since then, not since the last run" },
    { "format", 'f', PL_OPT_LIST, O(format), "FORMAT[=FILE]", "table, json, ndjson" },
    { "fail-on", 0, PL_OPT_STR, O(fail_on), "SEVERITY", "lowest that fails (high); none" },
    { "severity", 0, PL_OPT_LIST, O(severity), "LIST", "report only these severities" },
    { "exit-zero", 0, PL_OPT_FLAG, O(exit_zero), NULL, "findings do not fail" },
    { "webhook", 0, PL_OPT_STR, O(webhook), "URL", "post what is new or gone there" },
    { "webhook-key", 0, PL_OPT_STR, O(webhook_key), "FILE",
      "sign what is posted with this secret" },
    { "webhook-ca", 0, PL_OPT_STR, O(webhook_ca), "FILE", "authorities beside the system's (PEM)" },
    PL_VULN_MATCH_OPTS(struct pl_rescan_cmd),
    { "limit", 0, PL_OPT_LIST, O(common.limit), "NAME=VALUE", "change a limit" },
    { "sandbox", 0, PL_OPT_STR, O(common.sandbox), "MODE", "auto, require or off" },
    { "threads", 0, PL_OPT_UINT, O(common.threads), "N", "worker processes of --add" },
    { "offline", 0, PL_OPT_FLAG, O(common.offline), NULL, "make any network call an error" },
    { "no-config", 0, PL_OPT_FLAG, O(common.no_config), NULL, "read no configuration file" },
    { "quiet", 'q', PL_OPT_FLAG, O(common.quiet), NULL, "no progress, no notes" },
};

static int usage(const char *text)
{
    fprintf(stderr, "plimsoll rescan: %s\n", text);
    return PL_EXIT_USAGE;
}

static int check(const struct pl_rescan_cmd *o)
{
    struct pl_arena a = { 0 };
    struct pl_err err = { 0 };
    struct pl_str shown;
    bool good = !o->webhook || pl_webhook_shown(o->webhook, &a, &shown, &err) == 0;
    pl_arena_release(&a);
    if (!good)
        return usage(err.msg);
    if (o->webhook && o->common.offline)
        return usage("--webhook needs the network, and --offline forbids it");
    if (o->webhook_key && !o->webhook)
        return usage("--webhook-key is for --webhook");
    return 0;
}

/* A store that cannot be written to can still be matched. */
static int open_store(struct pl_rescan *r, const char *where, struct pl_err *err)
{
    int code = pl_store_open(where, PL_STORE_WRITE, &r->s, err);
    if (code != PL_E_IO && code != PL_E_AUTH)
        return code;
    struct pl_err other = { 0 };
    if (pl_store_open(where, PL_STORE_READ, &r->s, &other) < 0)
        return code;
    r->still = true;
    if (!r->o->common.quiet)
        fprintf(stderr, "note: %s: what is new is not remembered\n", err->msg);
    return 0;
}

static bool unread(const struct pl_rescan *r)
{
    for (size_t i = 0; i < r->n_out; i++)
        if (r->out[i].sink.closed)
            return true;
    return false;
}

/* What is new stops being so only when everybody was told. */
static int work(struct pl_rescan *r, const char *where)
{
    struct pl_err err = { 0 };
    int code = open_store(r, where, &err);
    if (code == 0) {
        r->brief = pl_vuln_matcher_brief(r->v, &r->o->vuln);
        r->db = pl_match_db_info(pl_vuln_db(r->v), &r->a);
        code = pl_rescan_match(r, &err);
    }
    if (code == 0)
        code = pl_rescan_join(r, &err);
    if (code == 0)
        code = pl_rescan_end(r, &err);
    if (code == 0 && !unread(r))
        code = pl_rescan_keep(r, &err);
    if (code < 0)
        return pl_run_failed("rescan", &err);
    if (r->fails && !r->o->exit_zero)
        return PL_EXIT_FINDINGS;
    return r->n_incomplete ? PL_EXIT_INCOMPLETE : PL_EXIT_CLEAN;
}

static void release(struct pl_rescan *r)
{
    for (size_t i = 0; i < r->n_out; i++)
        pl_sink_release(&r->out[i].sink);
    if (r->s)
        r->s->ops->close(r->s);
    pl_vuln_matcher_free(r->brief);
    pl_vuln_end(r->v);
    pl_vec_release(&r->package);
    pl_vec_release(&r->gist);
    pl_vec_release(&r->hit);
    pl_vec_release(&r->eco);
    pl_vec_release(&r->state);
    pl_vec_release(&r->odd);
    pl_map_release(&r->ecos);
    pl_map_release(&r->rules);
    pl_map_release(&r->gone);
    pl_map_release(&r->texts);
    pl_map_release(&r->layers);
    pl_arena_release(&r->texts_a);
    pl_arena_release(&r->layers_a);
    pl_buf_release(&r->hook);
    pl_buf_release(&r->incomplete);
    pl_arena_release(&r->one);
    pl_arena_release(&r->a);
}

static int rescan(const struct pl_rescan_cmd *o, const char *where, const struct pl_operands *ops)
{
    struct pl_rescan r = { .o = o, .only = ops, .since = INT64_MAX, .whole = !ops->n };
    struct pl_err err = { 0 };
    pl_common_cancel();
    int code = pl_threshold_parse(&o->severity, o->fail_on, &r.threshold);
    if (!code && o->since && pl_since_parse(o->since, &r.since, &err) < 0)
        code = pl_run_failed("rescan", &err);
    r.only_used = pl_alloc_n(&r.a, ops->n + 1, sizeof *r.only_used);
    if (!code)
        code = pl_vuln_begin(&o->vuln, /* asked= */ true, o->common.quiet, &r.v);
    if (!code)
        code = pl_rescan_open(&r);
    if (!code)
        code = work(&r, where);
    release(&r);
    return code;
}

static int run_rescan(const void *options, const struct pl_operands *ops)
{
    const struct pl_rescan_cmd *o = options;
    struct pl_arena a = { 0 };
    struct pl_err err = { 0 };
    const char *where = NULL;
    int code = check(o);
    if (!code && pl_store_named(o->store, o->common.no_config, &a, &where, &err) < 0)
        code = pl_run_failed("rescan", &err);
    if (!code && !where)
        code = usage("no store named, as in plimsoll rescan --store DIR");
    if (!code)
        code = o->add ? pl_rescan_add(o, where, ops) : rescan(o, where, ops);
    pl_arena_release(&a);
    return code;
}

static const char *const rare[] = {
    "webhook-ca", "db-max-age",  "only-fixed",  "ignore-status", "expand-kernel",
    "all-layers", "match-owned", "unimportant", "no-config",     "limit",
    "sandbox",    "threads",     NULL
};

const struct pl_command pl_cmd_rescan = {
    .name = "rescan",
    .usage = "rescan [flags] [NAME…] | rescan --add FILE…",
    .summary = "match what was scanned against the advisories of today, reading no image",
    .details = "NAME: inventories to look at, as they are named in the store (* and ? stand for\n"
               "more); FILE: CycloneDX, SPDX and others, one document or one on each line\n",
    .options = table,
    .n_options = PL_COUNT(table),
    .options_size = sizeof(struct pl_rescan_cmd),
    .rare = rare,
    .run = run_rescan,
};
