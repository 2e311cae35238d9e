/* A server whose decisions are made up: names of images say what becomes of them. For what the real
 * one must never do: be slow, stuck, wrong in time. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "io/file.h"
#include "serve/server.h"

/* Its text is "ok" and a word, or it does not load. */
struct policy {
    atomic_int refs;
    char text[64];
};

struct probe {
    const char *file;
    int log;
};

static int load(void *arg, void **ret, struct pl_err *err)
{
    struct probe *p = arg;
    pl_auto_buf struct pl_buf b = { .max = 8192 };
    int r = pl_file_read(p->file, &b, err);
    if (r < 0)
        return r;
    if (b.n < 2 || memcmp(b.p, "ok", 2) != 0)
        return pl_fail(err, PL_E_USAGE, "%s:1: not ok", p->file);
    struct policy *x = calloc(1, sizeof *x);
    if (!x)
        abort();
    memcpy(x->text, b.p, b.n < sizeof x->text ? b.n : sizeof x->text - 1);
    x->text[strcspn(x->text, "\n")] = 0;
    atomic_store(&x->refs, 1);
    *ret = x;
    return 0;
}

static void *ref(void *policy)
{
    atomic_fetch_add(&((struct policy *)policy)->refs, 1);
    return policy;
}

static void unref(void *policy)
{
    if (atomic_fetch_sub(&((struct policy *)policy)->refs, 1) == 1)
        free(policy);
}

static bool has(struct pl_str s, const char *word)
{
    return pl_str_find(s, pl_str_c(word), 0) != SIZE_MAX;
}

static void nap(uint32_t ms)
{
    struct timespec t = { ms / 1000, (long)(ms % 1000) * 1000000 };
    nanosleep(&t, NULL);
}

static void decide(void *arg, void *policy, const struct pl_serve_ask *ask,
                   struct pl_serve_ruling *ret)
{
    (void)arg, (void)policy;
    if (has(ask->ref, "slow"))
        nap(ask->deadline_ms);
    if (has(ask->ref, "stuck"))
        nap(3000);
    if (has(ask->ref, "late"))
        nap(ask->deadline_ms + 400);
    ret->audit = has(ask->ref, "audit");
    ret->passes = has(ask->ref, "good") || ret->audit;
    ret->cached = true;
    pl_buf_puts(&ret->why, ret->passes && !ret->audit ? "good" : "this is no good image");
    if (ask->need_digest && !has(ask->ref, "@sha256:")) {
        ret->passes = ret->audit = false;
        pl_buf_clear(&ret->why);
        pl_buf_puts(&ret->why, "a digest is needed");
    }
}

static void record(void *arg, void *policy, const struct pl_serve_ask *ask,
                   struct pl_serve_ruling *x, bool late)
{
    struct probe *p = arg;
    char line[512];
    (void)policy;
    int n = snprintf(line, sizeof line, "%s %.*s %.*s %s\n", ask->door,
                     (int)(ask->user.n < 64 ? ask->user.n : 64), ask->user.p,
                     (int)(ask->ref.n < 256 ? ask->ref.n : 256), ask->ref.p,
                     x->passes && !late ? "allow" : "deny");
    if (p->log >= 0 && write(p->log, line, (size_t)n) != n)
        x->passes = false;
}

static void release(struct pl_serve_ruling *x)
{
    pl_buf_release(&x->why);
}

static int resolve(void *arg, void *policy, struct pl_str name, uint32_t ms, struct pl_arena *a,
                   struct pl_str *ret, struct pl_err *err)
{
    (void)arg, (void)policy;
    if (name.n == 0)
        return pl_fail(err, PL_E_USAGE, "no image is named");
    if (has(name, "slow"))
        nap(ms);
    if (!has(name, "good"))
        return pl_fail(err, PL_E_NET, "the registry does not know it");
    *ret = has(name, "@") ? pl_dup(a, name) : pl_printf(a, "%.*s@sha256:%064d", PL_FMT(name), 7);
    return 0;
}

static bool docker_build(void *policy)
{
    return strstr(((struct policy *)policy)->text, "build") != NULL;
}

static uint32_t timeout_ms(void *policy)
{
    (void)policy;
    return 2000;
}

static struct pl_str hash(void *policy)
{
    return pl_str_c(((struct policy *)policy)->text);
}

static void files(void *policy, void (*fn)(void *fn_arg, struct pl_str path), void *fn_arg)
{
    (void)policy;
    fn(fn_arg, PL_S("policy"));
}

static void refresh(void *arg)
{
    (void)arg;
}

static struct pl_serve_numbers numbers(void *arg)
{
    (void)arg;
    return (struct pl_serve_numbers){ 0 };
}

static void say(void *arg, const char *line)
{
    (void)arg;
    fprintf(stderr, "%s\n", line);
}

static const char *word(const char *s)
{
    return s && *s ? s : NULL;
}

/* LISTEN CERT KEY CLIENT-CA AUTHZ DOCKER; "" for none. The policy is ./policy, the log ./log. */
int main(int argc, char **argv)
{
    struct probe p = { "policy", open("log", O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600) };
    struct pl_err err = { 0 };
    if (argc != 7)
        return 2;
    struct pl_serve_opts o = { .ops = { .arg = &p,
                                        .load = load,
                                        .ref = ref,
                                        .unref = unref,
                                        .decide = decide,
                                        .record = record,
                                        .release = release,
                                        .resolve = resolve,
                                        .docker_build = docker_build,
                                        .timeout_ms = timeout_ms,
                                        .hash = hash,
                                        .files = files,
                                        .refresh = refresh,
                                        .numbers = numbers },
                               .listen = word(argv[1]),
                               .cert = word(argv[2]),
                               .key = word(argv[3]),
                               .client_ca = word(argv[4]),
                               .authz = word(argv[5]),
                               .docker = word(argv[6]),
                               .read_s = 4,
                               .say = say };
    if (pl_serve_run(&o, &err) == 0)
        return 0;
    fprintf(stderr, "serve_probe: %s\n", err.msg);
    return err.code == PL_E_UNSUP ? 77 : 1;
}
