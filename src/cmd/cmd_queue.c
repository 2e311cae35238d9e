/* plimsoll queue: targets for the workers, and how they fare. fleet.md section 4. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/vec.h"
#include "cmd/common.h"
#include "cmd/fleet_opt.h"
#include "fmt/jsonw.h"
#include "report/escape.h"
#include "source/docker.h"

#define BATCH 1000u
#define NAMED_MAX 20u /* pieces of work that were set aside and are named */

struct options {
    const char *store, *priority;
    struct pl_opt_list format;
    bool quiet, all_tags, all_repos;
};

static const struct pl_opt table[] = {
    { "store", 0, PL_OPT_STR, offsetof(struct options, store), "STORE",
      "a folder, or postgresql://…" },
    { "priority", 0, PL_OPT_STR, offsetof(struct options, priority), "WHICH",
      "add: gate, running, pulled or rest (the default)" },
    { "all-tags", 0, PL_OPT_FLAG, offsetof(struct options, all_tags), NULL,
      "add: every tag of docker://HOST/REPO" },
    { "all-repos", 0, PL_OPT_FLAG, offsetof(struct options, all_repos), NULL,
      "add: every tag of every repository of docker://HOST" },
    { "format", 'f', PL_OPT_LIST, offsetof(struct options, format), "FORMAT",
      "status: table or json" },
    { "quiet", 'q', PL_OPT_FLAG, offsetof(struct options, quiet), NULL,
      "say nothing when all is well" },
};

static int usage(const char *text)
{
    fprintf(stderr, "plimsoll queue: %s\n", text);
    return PL_EXIT_USAGE;
}

/* ---- add ---- */

struct adding {
    struct pl_store *s;
    struct pl_arena a;
    enum pl_work_kind kind;
    bool registries; /* of them, not of repositories */
    int64_t priority;
    PL_VEC(struct pl_work_new) work;
    uint64_t n;
};

static int flush(struct adding *x, struct pl_err *err)
{
    int r = x->work.n ? x->s->ops->work_add(x->s, x->work.p, x->work.n, err) : 0;
    x->n += x->work.n;
    x->work.n = 0;
    pl_arena_reset(&x->a);
    return r;
}

static int add_one(struct adding *x, struct pl_str target, struct pl_err *err)
{
    struct pl_work_new w;
    struct pl_reference place;
    int r = x->kind == PL_WORK_DISCOVER ? pl_fleet_place(target, &x->a, &target, &place, err) : 0;
    if (r == 0 && x->kind == PL_WORK_DISCOVER && !place.repo.n != x->registries)
        r = pl_fail(err, PL_E_USAGE, "--all-repos needs docker://HOST, --all-tags a repository");
    if (r == 0)
        r = pl_fleet_work(x->kind, target, x->priority, &x->a, &w, err);
    if (r < 0)
        return r;
    pl_vec_push(&x->work, w);
    return x->work.n < BATCH ? 0 : flush(x, err);
}

static int add_lines(struct adding *x, struct pl_err *err)
{
    pl_auto_free char *line = NULL;
    size_t cap = 0;
    ssize_t n;
    int r = 0;
    while (r == 0 && (n = getline(&line, &cap, stdin)) >= 0) {
        struct pl_str s = pl_str_trim(pl_str_n(line, (size_t)n));
        if (s.n)
            r = add_one(x, s, err);
    }
    return r;
}

static bool priority_of(const char *text, int64_t *ret)
{
    static const char *const names[] = { "rest", "pulled", "running", "gate" };
    static const enum pl_fleet_priority priority[] = { PL_FLEET_REST, PL_FLEET_PULLED,
                                                       PL_FLEET_RUNNING, PL_FLEET_GATE };
    for (size_t i = 0; i < PL_COUNT(names); i++)
        if (strcmp(text, names[i]) == 0) {
            *ret = priority[i];
            return true;
        }
    return false;
}

static int add(const struct options *o, struct pl_store *s, const char *const *target, size_t n)
{
    struct adding x = { .s = s,
                        .kind = o->all_tags || o->all_repos ? PL_WORK_DISCOVER : PL_WORK_IMAGE,
                        .registries = o->all_repos };
    struct pl_err err = { 0 };
    int r = 0;
    if (!n)
        return usage("no target given, as in plimsoll queue add docker://registry.example/app:1");
    if (o->all_tags && o->all_repos)
        return usage("--all-tags or --all-repos?");
    if (o->priority && !priority_of(o->priority, &x.priority))
        return usage("--priority is gate, running, pulled or rest");
    for (size_t i = 0; i < n && r == 0; i++)
        r = strcmp(target[i], "-") == 0 || strcmp(target[i], "stdin:") == 0
                ? add_lines(&x, &err)
                : add_one(&x, pl_str_c(target[i]), &err);
    if (r == 0)
        r = flush(&x, &err);
    pl_vec_release(&x.work);
    pl_arena_release(&x.a);
    if (r < 0)
        return pl_run_failed("queue", &err);
    if (!o->quiet)
        printf("%" PRIu64 " queued\n", x.n);
    return PL_EXIT_CLEAN;
}

/* ---- status ---- */

struct listing {
    struct pl_jsonw w;
    struct pl_buf *out;
    bool json;
    uint64_t n;
};

static int list_one(void *arg, const struct pl_work *w)
{
    struct listing *l = arg;
    if (l->json) {
        pl_jw_obj(&l->w);
        pl_jw_ku64(&l->w, "id", (uint64_t)w->id);
        pl_jw_kcstr(&l->w, "kind", pl_fleet_kind(w->kind));
        pl_jw_kstr(&l->w, "target", w->target);
        pl_jw_key(&l->w, "digest");
        pl_jw_str_or_null(&l->w, w->digest);
        pl_jw_kstr(&l->w, "error", w->error);
        pl_jw_obj_end(&l->w);
    } else if (l->n < NAMED_MAX) {
        pl_buf_printf(l->out, "set aside: %" PRId64 " ", w->id);
        pl_esc_cut(l->out, PL_ESC_TERM, w->target, 200);
        if (w->digest.n) {
            pl_buf_puts(l->out, " layer ");
            pl_esc_cut(l->out, PL_ESC_TERM, w->digest, 24);
        }
        pl_buf_puts(l->out, ": ");
        pl_esc_cut(l->out, PL_ESC_TERM, w->error, 300);
        pl_buf_putc(l->out, '\n');
    }
    l->n++;
    return 0;
}

/* A registry that asked to be left alone. */
static int list_held(void *arg, struct pl_str host, int64_t seconds)
{
    struct listing *l = arg;
    if (l->json) {
        pl_jw_obj(&l->w);
        pl_jw_kstr(&l->w, "registry", host);
        pl_jw_ku64(&l->w, "seconds", (uint64_t)seconds);
        pl_jw_obj_end(&l->w);
    } else {
        pl_buf_puts(l->out, "held: ");
        pl_esc_cut(l->out, PL_ESC_TERM, host, 200);
        pl_buf_printf(l->out, " wants to be left alone for another %" PRId64 " s\n", seconds);
    }
    return 0;
}

static int tell(struct pl_store *s, bool json, struct pl_buf *out, struct pl_err *err)
{
    uint64_t n[PL_WORK_STATES];
    struct listing l = { .w = { .out = out, .indent = 2 }, .out = out, .json = json };
    int r = s->ops->work_counts(s, n, err);
    if (r < 0)
        return r;
    if (json)
        pl_jw_obj(&l.w);
    for (int i = 0; i < PL_WORK_STATES; i++)
        if (json)
            pl_jw_ku64(&l.w, pl_fleet_state((enum pl_work_state)i), n[i]);
        else
            pl_buf_printf(out, "%-8s %" PRIu64 "\n", pl_fleet_state((enum pl_work_state)i), n[i]);
    if (json) {
        pl_jw_key(&l.w, "held");
        pl_jw_arr(&l.w);
    }
    r = s->ops->hosts_held(s, list_held, &l, err);
    if (json) {
        pl_jw_arr_end(&l.w);
        pl_jw_key(&l.w, "set_aside");
        pl_jw_arr(&l.w);
    }
    if (r == 0)
        r = s->ops->work_each(s, PL_WORK_ASIDE, list_one, &l, err);
    if (json) {
        pl_jw_arr_end(&l.w);
        pl_jw_obj_end(&l.w);
        pl_buf_putc(out, '\n');
    } else if (l.n > NAMED_MAX) {
        pl_buf_printf(out, "and %" PRIu64 " more: -f json\n", l.n - NAMED_MAX);
    }
    return r;
}

static int status(const struct options *o, struct pl_store *s)
{
    pl_auto_buf struct pl_buf out = { 0 };
    struct pl_err err = { 0 };
    bool json = o->format.n && strcmp(o->format.p[0], "json") == 0;
    if (o->format.n > 1 || (o->format.n && !json && strcmp(o->format.p[0], "table") != 0))
        return usage("-f is table or json");
    int r = tell(s, json, &out, &err);
    if (r == 0)
        r = pl_common_print(pl_buf_str(&out), &err);
    return r < 0 ? pl_run_failed("queue", &err) : PL_EXIT_CLEAN;
}

/* ---- retry, drop ---- */

static int mend(const struct options *o, struct pl_store *s, bool retry, const char *const *id,
                size_t n)
{
    struct pl_err err = { 0 };
    uint64_t all = 0, k;
    for (size_t i = 0; i < (n ? n : 1); i++) {
        uint64_t number = 0;
        if (n && (!pl_str_u64(pl_str_c(id[i]), &number) || !number || number > INT64_MAX))
            return usage("work is named by its number, as queue status shows it");
        int r = retry ? s->ops->work_retry(s, (int64_t)number, &k, &err)
                      : s->ops->work_drop(s, (int64_t)number, &k, &err);
        if (r < 0)
            return pl_run_failed("queue", &err);
        all += k;
    }
    if (!o->quiet)
        printf("%" PRIu64 " %s\n", all, retry ? "queued again" : "dropped");
    return PL_EXIT_CLEAN;
}

static int run_queue(const void *options, const struct pl_operands *ops)
{
    const struct options *o = options;
    struct pl_store *s = NULL;
    struct pl_str verb = pl_str_c(ops->n ? ops->p[0] : NULL);
    bool known = pl_str_is(verb, "add") || pl_str_is(verb, "status") || pl_str_is(verb, "retry") ||
                 pl_str_is(verb, "drop");
    if (!known)
        return usage("add, status, retry or drop?");
    int code = pl_fleet_open("queue", o->store,
                             pl_str_is(verb, "status") ? PL_STORE_READ : PL_STORE_MAKE, &s);
    if (code)
        return code;
    if (pl_str_is(verb, "add"))
        code = add(o, s, ops->p + 1, ops->n - 1);
    else if (pl_str_is(verb, "status"))
        code = status(o, s);
    else
        code = mend(o, s, pl_str_is(verb, "retry"), ops->p + 1, ops->n - 1);
    s->ops->close(s);
    return code;
}

const struct pl_command pl_cmd_queue = {
    .name = "queue",
    .usage = "queue add [--all-tags | --all-repos] TARGET… | queue status | queue retry [ID…] | "
             "queue drop [ID…]",
    .summary = "targets for the workers: added, counted, tried again, taken out",
    .details = "targets as scan takes them, from where every worker can read them; - reads them\n"
               "         from standard input, one a line\n",
    .options = table,
    .n_options = PL_COUNT(table),
    .options_size = sizeof(struct options),
    .run = run_queue,
};
