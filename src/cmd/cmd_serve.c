/* plimsoll serve: the policy at a cluster's door, and at a Docker daemon's. formats/gates.md. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <malloc.h>
#include <stddef.h>
#include <stdio.h>

#include "base/cleanup.h"
#include "base/vec.h"
#include "cmd/gate_stored.h"
#include "cmd/registry_opt.h"
#include "cmd/store_opt.h"
#include "io/file.h"
#include "serve/gate_door.h"
#include "serve/manifest.h"
#include "serve/server.h"

#define PREWARM_BYTES ((size_t)1 << 20)
#define LARGE_AT_ONCE 1u /* manifests beyond PL_ROOM_FREE, which real ones hardly ever are */
#define DOCKER "/var/run/docker.sock"

struct options {
    const char *policy, *listen, *cert, *key, *client_ca, *log, *checkpoint, *cache, *prewarm;
    const char *authz, *docker, *ui, *ui_token, *store;
    uint32_t io_threads, threads, connections, cache_size;
    bool manifests, best_effort, offline, quiet;
    struct pl_registry_cli reg;
};

#define O(field) offsetof(struct options, field)
static const struct pl_opt table[] = {
    { "policy", 'p', PL_OPT_STR, O(policy), "FILE", "the policy; read again when it changes" },
    { "listen", 0, PL_OPT_STR, O(listen), "ADDR:PORT", "the webhook, over TLS" },
    { "tls-cert", 0, PL_OPT_STR, O(cert), "FILE", "its certificate and those above (PEM)" },
    { "tls-key", 0, PL_OPT_STR, O(key), "FILE", "its private key (PEM)" },
    { "client-ca", 0, PL_OPT_STR, O(client_ca), "FILE", "who asks needs a certificate of these" },
    { "authz", 0, PL_OPT_STR, O(authz), "SOCKET", "Docker's authorization plugin" },
    { "docker", 0, PL_OPT_STR, O(docker), "SOCKET",
      "the daemon that knows local images (" DOCKER ")" },
    { "ui", 0, PL_OPT_STR, O(ui), "ADDR:PORT",
      "pages of the fleet, to read; plain on loopback only" },
    { "ui-token", 0, PL_OPT_STR, O(ui_token), "FILE", "who reads them needs a token of this file" },
    { "store", 0, PL_OPT_STR, O(store), "STORE", "what they show, and results for the policy" },
    { "log", 0, PL_OPT_STR, O(log), "FILE", "append each decision to this log" },
    { "log-best-effort", 0, PL_OPT_FLAG, O(best_effort), NULL,
      "a log that cannot be written refuses nothing" },
    { "log-checkpoint", 0, PL_OPT_STR, O(checkpoint), "KEY", "sign the log's head now and then" },
    { "cache", 0, PL_OPT_STR, O(cache), "DIR", "keep verified evidence there" },
    { "cache-size", 0, PL_OPT_UINT, O(cache_size), "MIB", "at most so much of it (64)" },
    { "prewarm", 0, PL_OPT_STR, O(prewarm), "FILE", "images to look at when starting, one a line" },
    { "manifests", 0, PL_OPT_FLAG, O(manifests), NULL,
      "print the webhooks' configuration for Kubernetes" },
    { "kube-secrets", 0, PL_OPT_NONE, 0, NULL, "pull secrets of namespaces" },
    { "threads", 0, PL_OPT_UINT, O(threads), "N", "decisions at once (48)" },
    { "io-threads", 0, PL_OPT_UINT, O(io_threads), "N", "threads of connections (2)" },
    { "max-connections", 0, PL_OPT_UINT, O(connections), "N", "connections at once (128)" },
    PL_REGISTRY_OPTS(struct options, 0),
    { "offline", 0, PL_OPT_FLAG, O(offline), NULL, "make any network call an error" },
    { "quiet", 'q', PL_OPT_FLAG, O(quiet), NULL, "say nothing but errors" },
};

struct run {
    const struct options *o;
    struct pl_arena a;
    struct pl_registry_opts registry;
    struct pl_gate_door door;
    const char *store;
    struct pl_gate_stored *stored;
    struct pl_gate_reader reader;
    PL_VEC(const char *) prewarm;
};

static void say(void *arg, const char *line)
{
    const struct options *o = arg;
    if (!o->quiet)
        fprintf(stderr, "plimsoll serve: %s\n", line);
}

static int check(const struct options *o, const struct pl_operands *ops, struct pl_err *err)
{
    if (ops->n)
        return pl_fail(err, PL_E_USAGE, "'%s': no operand is known", ops->p[0]);
    if (!o->policy && (o->listen || o->authz || !o->ui))
        return pl_fail(err, PL_E_USAGE, "--policy FILE is needed");
    if (o->policy && !o->listen && !o->authz)
        return pl_fail(err, PL_E_USAGE, "--listen ADDR:PORT or --authz SOCKET is needed");
    if (!o->ui && o->ui_token)
        return pl_fail(err, PL_E_USAGE, "--ui-token goes with --ui");
    if (o->listen && (!o->cert || !o->key))
        return pl_fail(err, PL_E_USAGE,
                       "--listen needs --tls-cert and --tls-key: API servers "
                       "speak to webhooks over TLS only");
    if (!o->log && (o->checkpoint || o->best_effort))
        return pl_fail(err, PL_E_USAGE, "--log-… goes with --log");
    if (o->threads > 1000 || o->io_threads > 64 || o->connections > 10000 ||
        (o->connections && o->connections < 8))
        return pl_fail(err, PL_E_USAGE,
                       "at most 1000 threads, 64 of connections, 8 to 10000 connections");
    return 0;
}

static int read_prewarm(struct run *r, struct pl_err *err)
{
    pl_auto_buf struct pl_buf b = { .max = PREWARM_BYTES };
    if (!r->o->prewarm)
        return 0;
    int q = pl_file_read(r->o->prewarm, &b, err);
    struct pl_str text = pl_dup(&r->a, pl_buf_str(&b)), line;
    while (q == 0 && pl_str_split(&text, '\n', &line)) {
        line = pl_str_trim(line);
        if (line.n == 0 || line.p[0] == '#')
            continue;
        if (r->prewarm.n == PL_SERVE_PREWARM_MAX)
            return pl_fail(err, PL_E_USAGE, "'%s' has more than %u images", r->o->prewarm,
                           PL_SERVE_PREWARM_MAX);
        pl_vec_push(&r->prewarm, pl_dup(&r->a, line).p);
    }
    return q;
}

static int open_log(struct run *r, struct pl_err *err)
{
    const char *note = NULL;
    const struct options *o = r->o;
    struct pl_gate_log_opts lo = { .path = o->log, .checkpoint = o->checkpoint };
    if (!o->log)
        return 0;
    int q = pl_gate_log_open(&lo, &r->door.log, &note, err);
    if (q == 0 && note)
        fprintf(stderr, "plimsoll serve: note: %s: %s\n", o->log, note);
    return q;
}

static int read_stored(void *arg, struct pl_str digest, bool vulns, int64_t since_s,
                       struct pl_report *ret, int64_t *ret_at, struct pl_err *err)
{
    return pl_gate_stored_read(arg, digest, vulns, since_s, ret, ret_at, err);
}

/* A server reads no image itself; what others read may count. */
static void use_store(struct run *r)
{
    if (!r->store || !r->o->policy)
        return;
    r->stored = pl_gate_stored_new(r->store, /* db_hash= */ "");
    r->reader = (struct pl_gate_reader){ .arg = r->stored, .db_hash = "", .stored = read_stored };
    r->door.reader = &r->reader;
}

static int prepare(struct run *r, struct pl_operands *ops, struct pl_err *err)
{
    const struct options *o = r->o;
    int q = check(o, ops, err);
    if (q == 0)
        q = read_prewarm(r, err);
    if (q == 0)
        q = pl_registry_cli(&o->reg, o->offline, /* quiet= */ true, ops, &r->a, &r->registry, err);
    if (q == 0)
        q = pl_gate_cache_new(o->cache, 0, (size_t)o->cache_size << 20, &r->door.cache, err);
    if (q == 0)
        q = open_log(r, err);
    if (q == 0)
        r->registry.room = pl_room_new(LARGE_AT_ONCE);
    if (q == 0)
        q = pl_store_named(o->store, /* no_config= */ true, &r->a, &r->store, err);
    if (q == 0)
        use_store(r);
    r->door.policy = o->policy;
    r->door.registry = &r->registry;
    r->door.best_effort = o->best_effort;
    return q;
}

static int failed(const struct pl_err *err)
{
    fprintf(stderr, "plimsoll serve: %s\n", err->msg);
    return err->code == PL_E_IO ? PL_EXIT_NET : PL_EXIT_USAGE;
}

static int run_serve(const void *options, const struct pl_operands *operands)
{
    const struct options *o = options;
    struct pl_operands ops = *operands;
    struct run r = { .o = o };
    struct pl_err err = { 0 };
    if (o->manifests)
        return pl_common_print(pl_serve_manifests(), &err) < 0 ? failed(&err) : PL_EXIT_CLEAN;
    /* many threads, each with little: one heap for each pair of cores is room enough */
    mallopt(M_ARENA_MAX, 2);
    mallopt(M_MMAP_THRESHOLD, 1 << 18);
    mallopt(M_TRIM_THRESHOLD, 1 << 18);
    int q = prepare(&r, &ops, &err);
    struct pl_serve_ops none = { .timeout_ms = NULL };
    struct pl_serve_opts so = { .ops = o->policy ? pl_gate_door_ops(&r.door) : none,
                                .listen = o->listen,
                                .cert = o->cert,
                                .key = o->key,
                                .client_ca = o->client_ca,
                                .authz = o->authz,
                                .docker = !o->authz   ? NULL
                                          : o->docker ? o->docker
                                                      : DOCKER,
                                .ui = o->ui,
                                .ui_token = o->ui_token,
                                .store = r.store,
                                .prewarm = r.prewarm.p,
                                .n_prewarm = r.prewarm.n,
                                .io_threads = o->io_threads,
                                .max_threads = o->threads,
                                .max_connections = o->connections,
                                .say = say,
                                .say_arg = __extension__(void *)(uintptr_t) o };
    if (q == 0 && o->ui)
        q = pl_serve_check_ui(&so, &err);
    if (q == 0)
        q = pl_serve_run(&so, &err);
    pl_gate_stored_free(r.stored);
    pl_gate_log_close(r.door.log);
    pl_gate_cache_unref(r.door.cache);
    pl_registry_cli_end(&r.registry);
    pl_room_free(r.registry.room);
    pl_vec_release(&r.prewarm);
    pl_arena_release(&r.a);
    return q < 0 ? failed(&err) : PL_EXIT_CLEAN;
}

const struct pl_command pl_cmd_serve = {
    .name = "serve",
    .usage = "serve --policy FILE (--listen ADDR:PORT --tls-cert FILE --tls-key FILE or "
             "--authz SOCKET) [flags]; serve --ui ADDR:PORT --store STORE [flags]",
    .summary = "the policy at a cluster's or a daemon's door, and pages of the fleet",
    .options = table,
    .n_options = PL_COUNT(table),
    .options_size = sizeof(struct options),
    .run = run_serve,
};
