/* Options of the registry client. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/registry_opt.h"

#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "cmd/common.h"
#include "source/docker.h"

#define HOSTS_MAX 64u
#define PASSWORD_MAX 65536u

static int seconds(const char *name, const char *text, uint32_t max, uint32_t *ret,
                   struct pl_err *err)
{
    uint64_t v;
    if (!text)
        return 0;
    if (!pl_str_u64(pl_str_c(text), &v) || v > max)
        return pl_fail(err, PL_E_USAGE, "--%s needs a number up to %u, not '%s'", name, max, text);
    *ret = (uint32_t)v;
    return 0;
}

/* The host of an operand that is a reference, or empty. */
static struct pl_str host_of(const char *operand, struct pl_arena *a)
{
    struct pl_reference ref;
    struct pl_str s = pl_str_c(operand);
    if (pl_str_starts(s, PL_S("docker://")))
        s = pl_str_sub(s, 9, s.n);
    if (pl_docker_reference(s, a, &ref, NULL, NULL) == 0 && memchr(s.p, '/', s.n))
        return ref.host;
    /* docker://HOST for --all-repos */
    if (pl_docker_reference(pl_printf(a, "%.*s/x", PL_FMT(s)), a, &ref, NULL, NULL) == 0)
        return ref.host;
    return PL_S("");
}

/* "--plain-http HOST REF" is taken for "--plain-http=HOST REF". */
static bool only_host(const struct pl_operands *ops, size_t i, struct pl_arena *a)
{
    struct pl_str s = pl_str_c(ops->p[i]);
    for (size_t k = 0; k < ops->n; k++)
        if (k != i && s.n && !memchr(s.p, '/', s.n) && memchr(ops->p[k], '/', strlen(ops->p[k])) &&
            pl_str_eq(host_of(ops->p[k], a), s))
            return true;
    return false;
}

static void plain_hosts(const struct pl_registry_cli *cli, struct pl_operands *ops,
                        struct pl_arena *a, struct pl_registry_opts *o)
{
    struct pl_names *list = &o->plain_http;
    list->p = pl_alloc_n(a, HOSTS_MAX, sizeof *list->p);
    if (cli->plain_http[0]) {
        list->p[list->n++] = pl_str_c(cli->plain_http);
        return;
    }
    for (size_t i = 0; i < ops->n; i++) {
        if (!only_host(ops, i, a))
            continue;
        list->p[list->n++] = pl_str_c(ops->p[i]);
        for (size_t k = i + 1; k < ops->n; k++)
            ops->p[k - 1] = ops->p[k];
        ops->n--;
        return;
    }
    for (size_t i = 0; i < ops->n && list->n < HOSTS_MAX; i++) {
        struct pl_str host = host_of(ops->p[i], a);
        if (host.n)
            list->p[list->n++] = host;
    }
}

/* The password goes into memory that only a descriptor leads to: a worker has none of it. */
static int read_password(struct pl_registry_opts *o, struct pl_err *err)
{
    char buf[4096];
    size_t all = 0;
    bool line_end = false;
    o->password_fd = memfd_create("plimsoll-password", MFD_CLOEXEC);
    if (o->password_fd < 0)
        return pl_fail(err, PL_E_IO, "cannot keep the password");
    while (!line_end) {
        ssize_t n = read(0, buf, sizeof buf);
        if (n <= 0)
            break;
        const char *end = memchr(buf, '\n', (size_t)n);
        line_end = end != NULL;
        size_t use = end ? (size_t)(end - buf) : (size_t)n;
        if (use && end && buf[use - 1] == '\r')
            use--;
        all += use;
        if (all > PASSWORD_MAX || (use && write(o->password_fd, buf, use) != (ssize_t)use))
            return pl_fail(err, PL_E_USAGE, "the password is too long");
    }
    explicit_bzero(buf, sizeof buf);
    return all ? 0 : pl_fail(err, PL_E_USAGE, "--username needs the password on standard input");
}

static void say(void *arg, const char *text)
{
    (void)arg;
    fprintf(stderr, "plimsoll: %s\n", text);
}

int pl_registry_cli(const struct pl_registry_cli *cli, bool offline, bool quiet,
                    struct pl_operands *operands, struct pl_arena *a, struct pl_registry_opts *o,
                    struct pl_err *err)
{
    pl_registry_opts_init(o);
    int r = seconds("stall-timeout", cli->stall, 86400, &o->stall_s, err);
    if (r == 0)
        r = seconds("timeout", cli->timeout, 864000, &o->timeout_s, err);
    if (r == 0)
        r = seconds("retries", cli->retries, 100, &o->retries, err);
    if (r == 0 && o->stall_s == 0)
        r = pl_fail(err, PL_E_USAGE, "--stall-timeout is at least 1");
    if (r == 0 && (!cli->client_cert != !cli->client_key))
        r = pl_fail(err, PL_E_USAGE, "--client-cert and --client-key go together");
    if (r < 0)
        return r;
    o->ca_file = cli->ca_file;
    o->client_cert = cli->client_cert;
    o->client_key = cli->client_key;
    o->config = cli->config;
    o->username = cli->username;
    o->foreign_layers = cli->foreign_layers;
    o->offline = offline;
    o->cancel = pl_common_cancel();
    o->note = quiet ? NULL : say;
    o->mirrors.p = pl_alloc_n(a, cli->mirror.n, sizeof *o->mirrors.p);
    for (size_t i = 0; i < cli->mirror.n; i++)
        o->mirrors.p[o->mirrors.n++] = pl_str_c(cli->mirror.p[i]);
    if (cli->plain_http)
        plain_hosts(cli, operands, a, o);
    return cli->username ? read_password(o, err) : 0;
}

void pl_registry_cli_end(struct pl_registry_opts *o)
{
    if (o->password_fd >= 0)
        close(o->password_fd);
    o->password_fd = -1;
}

int pl_reach_begin(struct pl_reach *x, struct pl_run *run, const struct pl_registry_cli *cli,
                   const struct pl_common *c, struct pl_operands *operands)
{
    struct pl_err err = { 0 };
    x->a = (struct pl_arena){ 0 };
    x->source.registry = &x->registry;
    if (pl_registry_cli(cli, c->offline, c->quiet, operands, &x->a, &x->registry, &err) < 0) {
        pl_run_end(run);
        pl_reach_end(x);
        fprintf(stderr, "plimsoll: %s\n", err.msg);
        return PL_EXIT_USAGE;
    }
    pl_scan_use(run->scan, &x->source);
    return 0;
}

void pl_reach_end(struct pl_reach *x)
{
    pl_registry_cli_end(&x->registry);
    pl_arena_release(&x->a);
}
