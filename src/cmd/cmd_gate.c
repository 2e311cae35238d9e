/* plimsoll gate: may this image run here? One policy, the answer as exit code. formats/gates.md. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "cmd/gate_cmd.h"
#include "cmd/gate_reader.h"
#include "oci/platform.h"

#define PATIENCE_MS 600000u

#define O(field) offsetof(struct pl_gate_cmd, field)

static const struct pl_opt table[] = {
    { "policy", 'p', PL_OPT_STR, O(policy), "FILE", "the policy (see docs/policy.md)" },
    { "explain", 0, PL_OPT_FLAG, O(explain), NULL, "every rule, whether it held, and why" },
    { "platform", 0, PL_OPT_STR, O(platform), "OS/ARCH", "judge what would run there" },
    { "as", 0, PL_OPT_STR, O(as), "HOST/REPO", "judge a layout as if it were this image" },
    { "format", 'f', PL_OPT_LIST, O(formats), "FORMAT[=FILE]",
      "text, json, junit or sarif (repeatable)" },
    { "log", 0, PL_OPT_STR, O(log), "FILE", "append each decision to this log" },
    { "log-best-effort", 0, PL_OPT_FLAG, O(best_effort), NULL,
      "a log that cannot be written refuses nothing" },
    { "db", 0, PL_OPT_STR, O(db), "DIR", "advisory database, for inventories and scans" },
    { "store", 0, PL_OPT_STR, O(store), "STORE",
      "results of earlier scans, where the policy takes them" },
    { "cache", 0, PL_OPT_STR, O(cache), "DIR", "keep verified evidence there" },
    { "cache-size", 0, PL_OPT_UINT, O(cache_size), "MIB", "at most so much of it (64)" },
    { "pin", 0, PL_OPT_FLAG, O(pin), NULL, "deploy: write the files with digests, to -o" },
    { "output", 'o', PL_OPT_STR, O(out), "PATH", "deploy: file or folder; export: folder" },
    { "for", 0, PL_OPT_STR, O(form), "CONSUMER", "export: podman" },
    { "lossy", 0, PL_OPT_FLAG, O(lossy), NULL, "export: leave out what cannot be said" },
    { "key", 'k', PL_OPT_STR, O(key), "FILE", "log verify: who signs the heads" },
    { "expect", 0, PL_OPT_STR, O(expect), "HEAD",
      "log verify: a head, or a number of lines, that it had before" },
    { "kube", 0, PL_OPT_LIST, O(kube), "FILE", "doctor: manifests of the webhook (repeatable)" },
    { "containerd", 0, PL_OPT_STR, O(containerd), "FILE", "doctor: containerd's config.toml" },
    { "podman", 0, PL_OPT_STR, O(podman), "FILE", "doctor: containers' policy.json" },
    PL_REGISTRY_OPTS(struct pl_gate_cmd, 0),
    { "offline", 0, PL_OPT_FLAG, O(offline), NULL, "make any network call an error" },
    { "quiet", 'q', PL_OPT_FLAG, O(quiet), NULL, "only the exit code" },
};

int pl_gate_cmd_worse(int x, int y)
{
    static const int order[] = { PL_EXIT_INTERRUPTED, PL_EXIT_FINDINGS, PL_EXIT_INCOMPLETE,
                                 PL_EXIT_NET, PL_EXIT_USAGE };
    for (size_t i = 0; i < sizeof order / sizeof order[0]; i++)
        if (x == order[i] || y == order[i])
            return order[i];
    return 0;
}

int pl_gate_cmd_code(const struct pl_gate_answer *x)
{
    if (x->passes)
        return PL_EXIT_CLEAN;
    switch (x->code) {
    case 0:
        return PL_EXIT_FINDINGS;
    case PL_E_USAGE:
    case PL_E_UNSUP:
        return PL_EXIT_USAGE;
    case PL_E_NET:
    case PL_E_AUTH:
    case PL_E_NOENT:
    case PL_E_SIG:
        return PL_EXIT_NET;
    case PL_E_CANCEL:
        return PL_EXIT_INTERRUPTED;
    default:
        return PL_EXIT_INCOMPLETE;
    }
}

int pl_gate_cmd_open(const struct pl_gate_cmd *o, struct pl_operands *ops, struct pl_arena *a,
                     struct pl_registry_opts *ro, const struct pl_gate_engine *engine,
                     struct pl_gate **ret)
{
    struct pl_err err = { 0 };
    struct pl_gate_cache *cache = NULL;
    if (!o->policy) {
        fputs("plimsoll gate: --policy FILE is needed\n", stderr);
        return PL_EXIT_USAGE;
    }
    struct pl_platform unused;
    int r = o->platform ? pl_platform_parse(pl_str_c(o->platform), &unused, &err) : 0;
    if (r == 0)
        r = pl_registry_cli(&o->reg, o->offline, o->quiet, ops, a, ro, &err);
    if (r == 0)
        r = pl_gate_cache_new(o->cache, 0, (size_t)o->cache_size << 20, &cache, &err);
    struct pl_gate_opts go = { .policy = o->policy,
                               .registry = ro,
                               .cache = cache,
                               .reader = engine ? pl_gate_engine_reader(engine) : NULL };
    if (r == 0)
        r = pl_gate_new(&go, ret, &err);
    pl_gate_cache_unref(cache);
    if (r < 0)
        fprintf(stderr, "plimsoll gate: %s\n", err.msg);
    return r < 0 ? PL_EXIT_USAGE : 0;
}

/* ---- targets ---- */

struct run {
    const struct pl_gate_cmd *o;
    struct pl_arena a;
    struct pl_registry_opts registry;
    struct pl_gate_engine *engine;
    struct pl_gate *gate;
    struct pl_gate_log *log;
    struct pl_gate_answer *answers;
    size_t n;
};

/* "oci:DIR[:TAG]" is judged as --as says. */
static int ask_of(struct run *r, const char *operand, struct pl_gate_ask *ask)
{
    struct pl_str s = pl_str_c(operand);
    *ask = (struct pl_gate_ask){ .ref = s,
                                 .door = "ci",
                                 .platform = pl_str_c(r->o->platform),
                                 .explain = r->o->explain,
                                 .deadline_ms = PATIENCE_MS,
                                 .patient = true };
    if (!pl_str_starts(s, PL_S("oci:")))
        return 0;
    if (!r->o->as) {
        fprintf(stderr,
                "plimsoll gate: '%s' is a layout: --as HOST/REPO says what it is judged as\n",
                operand);
        return PL_EXIT_USAGE;
    }
    size_t cut = pl_str_find(s, PL_S("@"), 4);
    if (cut == SIZE_MAX)
        cut = pl_str_find(s, PL_S(":"), 4);
    ask->layout = pl_dup(&r->a, pl_str_sub(s, 4, cut == SIZE_MAX ? SIZE_MAX : cut - 4)).p;
    ask->ref = pl_printf(&r->a, "%s%.*s", r->o->as, PL_FMT(pl_str_sub(s, cut, SIZE_MAX)));
    return 0;
}

static int open_log(struct run *r)
{
    struct pl_err err = { 0 };
    const char *note = NULL;
    struct pl_gate_log_opts lo = { .path = r->o->log, .wait_ms = PL_GATE_LOG_WAIT_MS };
    if (!r->o->log)
        return 0;
    if (pl_gate_log_open(&lo, &r->log, &note, &err) < 0) {
        fprintf(stderr, "plimsoll gate: %s\n", err.msg);
        return r->o->best_effort ? 0 : PL_EXIT_USAGE;
    }
    if (note)
        fprintf(stderr, "plimsoll gate: note: %s: %s\n", r->o->log, note);
    return 0;
}

static void log_answer(struct run *r, const struct pl_gate_ask *ask, struct pl_gate_answer *x)
{
    struct pl_err err = { 0 };
    if (!r->log || pl_gate_log_add(r->log, r->gate, ask, x, &err) == 0)
        return;
    fprintf(stderr, "plimsoll gate: %s\n", err.msg);
    if (!r->o->best_effort)
        pl_gate_answer_refuse(x, err.msg);
}

static int judge_all(struct run *r, const struct pl_operands *ops)
{
    int code = 0;
    r->answers = pl_alloc_n(&r->a, ops->n, sizeof *r->answers);
    for (size_t i = 0; i < ops->n && code != PL_EXIT_USAGE; i++) {
        struct pl_gate_ask ask;
        int c = ask_of(r, ops->p[i], &ask);
        if (c)
            return c;
        struct pl_gate_answer *x = &r->answers[r->n++];
        pl_gate_decide(r->gate, &ask, x);
        log_answer(r, &ask, x);
        code = pl_gate_cmd_worse(code, pl_gate_cmd_code(x));
    }
    return code;
}

static int judge_targets(const struct pl_gate_cmd *o, struct pl_operands *ops)
{
    struct run r = { .o = o };
    int code = pl_gate_engine_new(o, &r.engine);
    if (!code)
        code = pl_gate_cmd_open(o, ops, &r.a, &r.registry, r.engine, &r.gate);
    if (!code && ops->n == 0) {
        fputs("plimsoll gate: no image given\n", stderr);
        code = PL_EXIT_USAGE;
    }
    if (!code)
        code = open_log(&r);
    if (!code) {
        code = judge_all(&r, ops);
        int w = r.n ? pl_gate_write(o, r.gate, r.answers, r.n) : 0;
        code = w ? w : code;
    }
    for (size_t i = 0; i < r.n; i++)
        pl_gate_answer_release(&r.answers[i]);
    pl_gate_log_close(r.log);
    pl_gate_unref(r.gate);
    pl_gate_engine_free(r.engine);
    pl_registry_cli_end(&r.registry);
    pl_arena_release(&r.a);
    return code;
}

/* ---- the verbs below ---- */

static const struct {
    const char *name;
    int (*run)(const struct pl_gate_cmd *o, const struct pl_operands *ops);
} verbs[] = {
    { "test", pl_gate_test },     { "replay", pl_gate_replay }, { "deploy", pl_gate_deploy },
    { "export", pl_gate_export }, { "doctor", pl_gate_doctor },
};

static int run_gate(const void *options, const struct pl_operands *operands)
{
    const struct pl_gate_cmd *o = options;
    struct pl_operands ops = *operands, below = { ops.p + 1, ops.n ? ops.n - 1 : 0 };
    for (size_t i = 0; ops.n && i < PL_COUNT(verbs); i++)
        if (strcmp(ops.p[0], verbs[i].name) == 0)
            return verbs[i].run(o, &below);
    if (ops.n >= 2 && strcmp(ops.p[0], "log") == 0 && strcmp(ops.p[1], "verify") == 0)
        return pl_gate_log_verify(o, &(struct pl_operands){ ops.p + 2, ops.n - 2 });
    return judge_targets(o, &ops);
}

const struct pl_command pl_cmd_gate = {
    .name = "gate",
    .usage = "gate [flags] (IMAGE… | test FILE… | deploy FILE… | export | doctor | replay LOG | "
             "log verify LOG)",
    .summary = "may this image run here? one policy, one answer",
    .options = table,
    .n_options = PL_COUNT(table),
    .options_size = sizeof(struct pl_gate_cmd),
    .run = run_gate,
};
