/* Making and ending a client. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "registry/registry_int.h"

#define CONNECT_S 10u
#define CA_MAX (4u << 20)

void pl_registry_opts_init(struct pl_registry_opts *o)
{
    *o = (struct pl_registry_opts){ .stall_s = 30, .retries = 4, .password_fd = -1 };
}

int pl_endpoint_ca(struct pl_endpoint *e, const char *path, struct pl_err *err)
{
    pl_auto_fd int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = 1;
    e->ca.max = CA_MAX;
    while (fd >= 0 && n > 0) {
        char *at = pl_buf_room(&e->ca, 16384, err);
        if (!at)
            return pl_wrap(err, "'%s'", path);
        n = read(fd, at, 16384);
        e->ca.n += n > 0 ? (size_t)n : 0;
    }
    if (fd < 0 || n < 0)
        return pl_fail_errno(err, PL_E_USAGE, errno, "cannot read '%s'", path);
    pl_buf_putc(&e->ca, '\n');
    return 0;
}

static bool plain_http(const struct pl_registry_opts *o, const struct pl_url *u)
{
    struct pl_arena a = { 0 };
    struct pl_str full = pl_printf(&a, "%.*s:%u", PL_FMT(u->host), u->port);
    struct pl_str with = pl_url_host(&a, u);
    bool yes = false;
    for (size_t i = 0; i < o->plain_http.n; i++)
        yes |= pl_str_ieq(o->plain_http.p[i], full) || pl_str_ieq(o->plain_http.p[i], with);
    pl_arena_release(&a);
    return yes;
}

int pl_endpoint_add(struct pl_registry *r, struct pl_str host, struct pl_str url,
                    struct pl_str repos, bool mirror, struct pl_endpoint **ret, struct pl_err *err)
{
    struct pl_endpoint *e = PL_NEW(&r->a, struct pl_endpoint);
    int x = pl_url_parse(url, &r->a, &e->base, err);
    if (x < 0) {
        pl_wrap(err, "registry '%.*s'", PL_FMT(host));
        return err ? (err->code = PL_E_USAGE) : PL_E_USAGE;
    }
    e->r = r;
    e->seen_public = &e->seen_here;
    e->mirror = mirror;
    e->name = pl_dup(&r->a, host);
    e->repos = pl_dup(&r->a, repos);
    e->prefix = e->base.target;
    while (pl_str_ends(e->prefix, PL_S("/")))
        e->prefix.n--;
    if (plain_http(&r->o, &e->base) ||
        (e->base.https && e->base.port == 443 &&
         plain_http(&r->o, &(struct pl_url){ .host = e->base.host, .port = 80 }))) {
        e->base.port = e->base.https && e->base.port == 443 ? 80 : e->base.port;
        e->base.https = false;
        e->plain = e->settled = true;
    } else if (!e->base.https) {
        if (!pl_addr_loopback_host(e->base.host))
            return pl_fail(err, PL_E_USAGE, "'%.*s' over plain http: name it with --plain-http",
                           PL_FMT(host));
        e->settled = true;
    }
    if (r->o.ca_file)
        x = pl_endpoint_ca(e, r->o.ca_file, err);
    e->cert = mirror ? NULL : r->o.client_cert;
    e->key = mirror ? NULL : r->o.client_key;
    if (x == 0)
        x = pl_config_certs(e, err);
    if (x == 0) {
        pl_vec_push(&r->ends, e);
        if (ret)
            *ret = e;
    }
    return x;
}

/* "HOST=URL" of --mirror. */
static int option_mirrors(struct pl_registry *r, struct pl_str host, struct pl_err *err)
{
    for (size_t i = 0; i < r->o.mirrors.n; i++) {
        struct pl_str url = r->o.mirrors.p[i], of;
        struct pl_url u;
        pl_str_split(&url, '=', &of);
        if (!url.n || pl_url_parse(url, &r->a, &u, err) < 0)
            return pl_fail(err, PL_E_USAGE, "--mirror is HOST=URL, not '%.*s'",
                           PL_FMT(pl_str_sub(r->o.mirrors.p[i], 0, 200)));
        if (!pl_str_ieq(of, host))
            continue;
        int x = pl_endpoint_add(r, pl_url_host(&r->a, &u), url, PL_S(""), true, NULL, err);
        if (x < 0)
            return x;
    }
    return 0;
}

/* "host:port/team" as host and what stands in front of repository names. */
static void split_location(struct pl_registry *r, struct pl_str location, struct pl_str *ret_host,
                           struct pl_str *ret_repos)
{
    size_t slash = pl_str_find(location, PL_S("/"), 0);
    *ret_host = pl_str_sub(location, 0, slash);
    *ret_repos = PL_S("");
    if (slash != SIZE_MAX && slash + 1 < location.n)
        *ret_repos = pl_printf(&r->a, "%.*s/", PL_FMT(pl_str_sub(location, slash + 1, location.n)));
}

static int fill(struct pl_registry *r, struct pl_str host, struct pl_err *err)
{
    struct pl_http_opts o = { .agent = "plimsoll/" PL_VERSION,
                              .connect_s = CONNECT_S,
                              .stall_s = r->o.stall_s,
                              .deadline_ms = r->deadline_ms,
                              .cancel = r->o.cancel,
                              .room = r->o.room };
    struct pl_str location = { "", 0 }, repos = { "", 0 };
    int x = 0;
    if (r->o.offline)
        x = pl_fail(err, PL_E_USAGE, "--offline: '%.*s' is not asked", PL_FMT(host));
    if (x == 0)
        x = pl_http_new(&o, &r->http, err);
    if (x == 0)
        x = option_mirrors(r, host, err);
    if (x == 0)
        x = pl_config_mirrors(r, host, &location, err);
    if (x < 0)
        return x;
    if (location.n)
        split_location(r, location, &host, &repos);
    struct pl_str api = pl_str_is(host, "docker.io") ? PL_S("registry-1.docker.io") : host;
    return pl_endpoint_add(r, host, pl_printf(&r->a, "https://%.*s", PL_FMT(api)), repos, false,
                           NULL, err);
}

int pl_registry_new(const struct pl_registry_opts *o, struct pl_str host, struct pl_registry **ret,
                    struct pl_err *err)
{
    struct pl_registry *r = calloc(1, sizeof *r);
    if (!r)
        pl_oom();
    r->o = *o;
    r->deadline_ms = o->deadline_ms ? o->deadline_ms
                     : o->timeout_s ? pl_clock_ms() + (int64_t)o->timeout_s * 1000
                                    : 0;
    int x = fill(r, host, err);
    if (x < 0)
        pl_registry_free(r);
    else
        *ret = r;
    return x;
}

void pl_registry_share(struct pl_registry *r, pl_registry_flag *seen, size_t n)
{
    for (size_t i = 0; i < r->ends.n && i < n; i++)
        r->ends.p[i]->seen_public = &seen[i];
}

void pl_registry_free(struct pl_registry *r)
{
    if (!r)
        return;
    for (size_t i = 0; i < r->ends.n; i++) {
        struct pl_endpoint *e = r->ends.p[i];
        for (size_t k = 0; k < e->tokens.n; k++)
            explicit_bzero((char *)(uintptr_t)e->tokens.p[k].header.p, e->tokens.p[k].header.n);
        if (e->cred.secret.p)
            explicit_bzero((char *)(uintptr_t)e->cred.secret.p, e->cred.secret.n);
        pl_vec_release(&e->tokens);
        pl_buf_release(&e->ca);
    }
    pl_vec_release(&r->ends);
    pl_http_free(r->http);
    pl_arena_release(&r->a);
    free(r);
}

const struct pl_rate *pl_registry_rate(const struct pl_registry *r)
{
    return &r->rate;
}
