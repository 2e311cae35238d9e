/* One call of the API: redirects, addresses, repeats. registry.md sections 5 and 7. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <time.h>

#include "base/clock.h"
#include "registry/registry_int.h"

#define HOPS_MAX 5u
#define WAIT_MAX_S 60
#define FIELDS_MAX 10u

/* What the callbacks of a request under way need to know. */
struct hop {
    struct pl_endpoint *e;
    struct pl_http_req *q; /* as the caller made it */
    const struct pl_url *url;
};

static bool named(const struct pl_names *hosts, const struct pl_url *u)
{
    char port[400];
    snprintf(port, sizeof port, "%.*s:%u", PL_FMT(u->host), u->port);
    for (size_t i = 0; i < hosts->n; i++)
        if (pl_str_ieq(hosts->p[i], pl_str_c(port)) ||
            (u->port == 80 && pl_str_ieq(hosts->p[i], u->host)))
            return true;
    return false;
}

/* Did the user say that its certificate does not matter? */
static bool unverified(const struct pl_endpoint *e, const struct pl_url *u)
{
    const struct pl_names *hosts = &e->r->o.unverified;
    bool yes = named(hosts, u);
    for (size_t i = 0; i < hosts->n && u->port == 443; i++)
        yes |= pl_str_ieq(hosts->p[i], u->host);
    return yes;
}

/* May it be spoken to without TLS, though it is not on this machine? */
static bool may_plain(const struct pl_endpoint *e, const struct pl_url *u)
{
    return named(&e->r->o.plain_http, u) || unverified(e, u);
}

static int judge(void *arg, enum pl_addr_class c, struct pl_err *err)
{
    struct hop *h = arg;
    struct pl_endpoint *e = h->e;
    const struct pl_url *u = h->url;
    bool own = pl_str_eq(u->host, e->base.host);
    bool named_plain = may_plain(e, u);
    if (c == PL_ADDR_REFUSED)
        return pl_fail(err, PL_E_AUTH, "'%.*s' is at %s address: refused", PL_FMT(u->host),
                       pl_addr_class_name(c));
    if (!u->https && !named_plain && c != PL_ADDR_LOOPBACK)
        return pl_fail(err, PL_E_AUTH, "'%.*s' over plain http is not on this machine: refused",
                       PL_FMT(u->host));
    if (c != PL_ADDR_PUBLIC && *e->seen_public)
        return pl_fail(err, PL_E_AUTH,
                       "'%.*s' is at %s address, while the registry is public: refused",
                       PL_FMT(u->host), pl_addr_class_name(c));
    if (own && c == PL_ADDR_PUBLIC)
        *e->seen_public = 1;
    return 0;
}

/* An address in figures is judged before a proxy could be asked for it. */
static int judge_literal(struct hop *h, struct pl_err *err)
{
    char text[64];
    uint8_t b[16];
    struct pl_str host = h->url->host;
    if (!pl_addr_literal(host) || host.n >= sizeof text)
        return 0;
    bool v6 = host.p[0] == '[';
    memcpy(text, host.p + v6, host.n - 2u * v6);
    text[host.n - 2u * v6] = 0;
    int family = v6 ? AF_INET6 : AF_INET;
    inet_pton(family, text, b);
    return judge(h, pl_addr_class(family, b), err);
}

static int on_head(void *arg, const struct pl_http_answer *ans, struct pl_err *err)
{
    struct hop *h = arg;
    struct pl_rate *rate = &h->e->r->rate;
    struct pl_str limit = pl_http_field(ans, "ratelimit-limit");
    if (limit.n && !h->e->mirror) {
        struct pl_str left = pl_http_field(ans, "ratelimit-remaining"),
                      source = pl_http_field(ans, "docker-ratelimit-source");
        snprintf(rate->limit, sizeof rate->limit, "%.*s", PL_FMT(limit));
        snprintf(rate->remaining, sizeof rate->remaining, "%.*s", PL_FMT(left));
        snprintf(rate->source, sizeof rate->source, "%.*s", PL_FMT(source));
    }
    return h->q->head ? h->q->head(h->q->arg, ans, err) : 0;
}

static int on_data(void *arg, const void *p, size_t n, struct pl_err *err)
{
    struct hop *h = arg;
    return h->q->data(h->q->arg, p, n, err);
}

static int on_read(void *arg, uint64_t off, void *buf, size_t n, size_t *ret_got,
                   struct pl_err *err)
{
    struct hop *h = arg;
    return h->q->read(h->q->arg, off, buf, n, ret_got, err);
}

static bool is_redirect(unsigned status)
{
    return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

/* Where a redirect leads, if it may be followed. */
static int next_url(struct pl_endpoint *e, const struct pl_url *from, struct pl_str location,
                    struct pl_arena *a, struct pl_url *ret, struct pl_err *err)
{
    int r = pl_url_resolve(from, location, a, ret, err);
    if (r < 0)
        return pl_wrap(err, "redirect of '%.*s'", PL_FMT(from->host));
    if (from->https && !ret->https)
        return pl_fail(err, PL_E_AUTH, "'%.*s' redirects from https to http: refused",
                       PL_FMT(from->host));
    if (!ret->https && !pl_addr_loopback_host(ret->host) && !may_plain(e, ret))
        return pl_fail(err, PL_E_AUTH, "'%.*s' redirects to '%.*s' over plain http: refused",
                       PL_FMT(from->host), PL_FMT(ret->host));
    return 0;
}

/* A request as it leaves, with what may go along to `url`. */
struct leaving {
    struct hop hop;
    struct pl_http_field fields[FIELDS_MAX];
    struct pl_http_req req;
};

static void make_leaving(struct leaving *l, struct pl_endpoint *e, struct pl_http_req *q,
                         const struct pl_url *url, const char *method, struct pl_str auth)
{
    bool own = pl_str_eq(url->host, e->base.host) && url->port == e->base.port;
    size_t n = 0;
    l->hop = (struct hop){ e, q, url };
    l->req = *q;
    for (; n < q->n_fields && n + 1 < FIELDS_MAX; n++)
        l->fields[n] = q->fields[n];
    if (auth.n)
        l->fields[n++] = (struct pl_http_field){ PL_S("Authorization"), auth };
    l->req.fields = l->fields;
    l->req.n_fields = n;
    l->req.url = *url;
    l->req.method = method;
    l->req.judge = judge;
    l->req.head = on_head;
    l->req.data = q->data ? on_data : NULL;
    l->req.read = q->read ? on_read : NULL;
    l->req.arg = &l->hop;
    l->req.unverified = unverified(e, url);
    l->req.ca_pem = pl_buf_str(&e->ca);
    l->req.cert = own ? e->cert : NULL; /* a certificate is a credential, too */
    l->req.key = own ? e->key : NULL;
}

static int send_one(struct pl_endpoint *e, struct pl_http_req *q, const struct pl_url *url,
                    const char *method, struct pl_str auth, struct pl_http_answer *ans,
                    struct pl_err *err)
{
    struct leaving l;
    make_leaving(&l, e, q, url, method, auth);
    *ans = (struct pl_http_answer){ .retry_after = -1 };
    int r = judge_literal(&l.hop, err);
    return r < 0 ? r : pl_http_do(e->r->http, &l.req, ans, err);
}

int pl_follow(struct pl_endpoint *e, struct pl_http_req *q, struct pl_str auth,
              struct pl_http_answer *ans, struct pl_url *ret_at, bool *ret_moved,
              struct pl_err *err)
{
    struct pl_url url = q->url;
    struct pl_arena hops = { 0 };
    const char *method = q->method;
    int r = 0;
    *ret_moved = false;
    for (unsigned n = 0;; n++) {
        struct pl_url next;
        r = send_one(e, q, &url, method, auth, ans, err);
        struct pl_str location = r < 0 ? PL_S("") : pl_http_field(ans, "location");
        if (r < 0 || !is_redirect(ans->status) || !location.n)
            break;
        if (n == HOPS_MAX)
            r = pl_fail(err, PL_E_NET, "'%.*s' redirects more than %u times", PL_FMT(q->url.host),
                        HOPS_MAX);
        else
            r = next_url(e, &url, location, &hops, &next, err);
        if (r < 0)
            break;
        if (!pl_url_same_origin(&url, &next)) {
            auth = PL_S(""); /* once dropped it is never added again */
            *ret_moved = true;
        }
        if (ans->status == 303 && strcmp(method, "HEAD") != 0) {
            method = "GET";
            q->read = NULL;
            q->has_body = false;
        }
        url = next;
        pl_http_answer_release(ans);
    }
    if (r == 0) {
        *ret_at = url;
        ret_at->host = pl_dup(&ans->a, url.host);
        ret_at->target = pl_dup(&ans->a, url.target);
    }
    pl_arena_release(&hops);
    return r;
}

/* ------------------------------------------------------------------ a call */

static int call_read(void *arg, uint64_t off, void *buf, size_t n, size_t *ret_got,
                     struct pl_err *err)
{
    struct pl_call *c = arg;
    return c->read(c->read_arg, c->read_from + off, buf, n, ret_got, err);
}

static int call_head(void *arg, const struct pl_http_answer *ans, struct pl_err *err)
{
    struct pl_call *c = arg;
    return c->head ? c->head(c->arg, ans, err) : 0;
}

static int call_data(void *arg, const void *p, size_t n, struct pl_err *err)
{
    struct pl_call *c = arg;
    return c->data(c->arg, p, n, err);
}

static int build(struct pl_endpoint *e, const struct pl_call *c, struct pl_arena *a,
                 struct pl_url *ret, struct pl_err *err)
{
    if (!c->url) {
        *ret = e->base;
        ret->target = pl_printf(a, "%.*s%.*s", PL_FMT(e->prefix), PL_FMT(c->path));
        return 0;
    }
    *ret = *c->url;
    if (e->base.https && pl_str_eq(ret->host, e->base.host) && !ret->https)
        return pl_fail(err, PL_E_AUTH, "'%.*s' points from https to http: refused",
                       PL_FMT(ret->host));
    if (!ret->https && !pl_addr_loopback_host(ret->host) && !may_plain(e, ret))
        return pl_fail(err, PL_E_AUTH, "'%.*s' over plain http: refused", PL_FMT(ret->host));
    return 0;
}

static size_t fields(const struct pl_call *c, struct pl_http_field *out)
{
    const struct pl_http_field all[] = { { PL_S("Accept"), c->accept },
                                         { PL_S("Content-Type"), c->type },
                                         { PL_S("Content-Range"), c->content_range },
                                         { PL_S("Range"), c->range },
                                         { PL_S("If-Match"), c->if_match } };
    size_t n = 0;
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (all[i].value.n)
            out[n++] = all[i];
    return n;
}

/* The request of a call; *ret_own: to the registry itself, with `auth` where there is one. */
static int request(struct pl_endpoint *e, struct pl_call *c, struct pl_http_field f[FIELDS_MAX],
                   struct pl_arena *a, struct pl_http_req *q, struct pl_str *auth, bool *ret_own,
                   struct pl_err *err)
{
    *q = (struct pl_http_req){ .method = c->method,
                               .fields = f,
                               .n_fields = fields(c, f),
                               .body = c->body,
                               .has_body = c->has_body,
                               .size = c->size,
                               .head = call_head,
                               .data = c->data ? call_data : NULL,
                               .read = c->read ? call_read : NULL,
                               .arg = c,
                               .keep = c->keep,
                               .http1 = c->data || c->read };
    *auth = PL_S("");
    int r = build(e, c, a, &q->url, err);
    *ret_own = r == 0 && pl_url_same_origin(&q->url, &e->base) && !c->anonymous;
    return *ret_own ? pl_auth_held(e, c, a, auth, err) : r;
}

void pl_call_ahead(struct pl_endpoint *e, struct pl_call *c)
{
    struct pl_http_field f[FIELDS_MAX];
    struct pl_arena a = { 0 };
    struct pl_http_req q;
    struct pl_str auth;
    struct leaving l;
    bool own;
    if (e->settled && request(e, c, f, &a, &q, &auth, &own, NULL) == 0) {
        make_leaving(&l, e, &q, &q.url, q.method, auth);
        if (judge_literal(&l.hop, NULL) == 0)
            pl_http_ahead(e->r->http, &l.req);
    }
    pl_arena_release(&a);
}

static int exchange(struct pl_endpoint *e, struct pl_call *c, struct pl_http_answer *ans,
                    bool *ret_own, struct pl_err *err)
{
    struct pl_http_field f[FIELDS_MAX];
    struct pl_arena a = { 0 };
    struct pl_http_req q;
    struct pl_str auth;
    bool moved = false, own;
    *ans = (struct pl_http_answer){ .retry_after = -1 };
    int r = request(e, c, f, &a, &q, &auth, &own, err);
    if (r == 0)
        r = pl_follow(e, &q, auth, ans, &c->at, &moved, err);
    *ret_own = own && !moved;
    c->transient = r == PL_E_IO || (r == PL_E_NET && ans->sent);
    pl_arena_release(&a);
    return r;
}

/* Plain HTTP on this machine, or where the user allows it: TLS was tried first. */
static bool fall_back(struct pl_endpoint *e, const struct pl_http_answer *ans, int r)
{
    if (e->settled || r != PL_E_NET || !ans->no_tls || !e->base.https ||
        !(pl_addr_loopback_host(e->base.host) || unverified(e, &e->base)))
        return false;
    e->base.https = false;
    return true;
}

int pl_call_once(struct pl_endpoint *e, struct pl_call *c, struct pl_http_answer *ans,
                 struct pl_err *err)
{
    bool own = false;
    c->transient = false;
    int r = exchange(e, c, ans, &own, err);
    if (fall_back(e, ans, r)) {
        pl_http_answer_release(ans);
        r = exchange(e, c, ans, &own, err);
    }
    if (r == 0)
        e->settled = true;
    if (r == 0 && ans->status == 401 && own) {
        r = pl_auth_answer(e, c, ans, err);
        pl_http_answer_release(ans);
        if (r == 0)
            r = exchange(e, c, ans, &own, err);
    }
    if (r == 0 && (ans->status == 401 || ans->status == 403))
        r = pl_status_fail(e, ans, "the request", err);
    return r;
}

bool pl_status_transient(unsigned s)
{
    return s == 408 || s == 429 || s == 500 || s == 502 || s == 503 || s == 504;
}

int pl_status_fail(const struct pl_endpoint *e, const struct pl_http_answer *ans, const char *what,
                   struct pl_err *err)
{
    struct pl_str host = e->base.host;
    switch (ans->status) {
    case 401:
        return pl_fail(err, PL_E_AUTH, "%.*s: %s needs other credentials (401)", PL_FMT(host),
                       what);
    case 403:
        return pl_fail(err, PL_E_AUTH, "%.*s: %s is denied (403)", PL_FMT(host), what);
    case 404:
        return pl_fail(err, PL_E_NOENT, "%.*s: %s is not there (404)", PL_FMT(host), what);
    case 429:
        return pl_fail(err, PL_E_NET, "%.*s: %s: too many requests (429)", PL_FMT(host), what);
    default:
        return pl_fail(err, PL_E_NET, "%.*s: %s: status %u", PL_FMT(host), what, ans->status);
    }
}

int pl_call_wait(struct pl_registry *r, unsigned n, int64_t asked, struct pl_err *err)
{
    uint32_t dice = 0;
    if (getrandom(&dice, sizeof dice, 0) != sizeof dice)
        dice = 0x80000000u;
    int64_t span = 250ll << (n < 8 ? n : 8);
    int64_t ms = asked < 0 ? (int64_t)((uint64_t)span * dice >> 32)
                           : (asked > WAIT_MAX_S ? WAIT_MAX_S : asked) * 1000;
    int64_t end = pl_clock_ms() + ms;
    for (int64_t left = ms; left > 0; left = end - pl_clock_ms()) {
        struct timespec t = { 0, (long)(left < 100 ? left : 100) * 1000000 };
        nanosleep(&t, NULL);
        if (r->o.cancel && *r->o.cancel)
            return pl_fail(err, PL_E_CANCEL, "interrupted");
        if (r->deadline_ms && pl_clock_ms() >= r->deadline_ms)
            return pl_fail(err, PL_E_NET, "the time of --timeout is over");
    }
    return 0;
}

/* Does it ask to be left alone, and is there somebody who will see to that for all? */
static bool asks_for_peace(struct pl_endpoint *e, const struct pl_http_answer *ans)
{
    bool yes = ans->status == 429 || (ans->status == 503 && ans->retry_after >= 0);
    if (!yes || !e->r->o.asked || e->mirror)
        return false;
    *e->r->o.asked = ans->retry_after < 0    ? PL_REGISTRY_SOME
                     : ans->retry_after == 0 ? 1
                                             : (uint32_t)ans->retry_after;
    return true;
}

int pl_call(struct pl_endpoint *e, struct pl_call *c, struct pl_http_answer *ans,
            struct pl_err *err)
{
    for (unsigned n = 0;; n++) {
        int r = pl_call_once(e, c, ans, err);
        if (r == 0 && asks_for_peace(e, ans))
            return pl_status_fail(e, ans, "the request", err);
        bool again = r < 0 ? c->transient : pl_status_transient(ans->status);
        if (!again || c->once)
            return r;
        if (n == e->r->o.retries) {
            if (r == 0)
                r = pl_status_fail(e, ans, "the request", err);
            if (n)
                pl_wrap(err, "gave up after %u tries", n + 1);
            return r == PL_E_IO ? r : (err ? (err->code = PL_E_NET) : PL_E_NET);
        }
        int64_t asked = r == 0 ? ans->retry_after : -1;
        pl_http_answer_release(ans);
        r = pl_call_wait(e->r, n, asked, err);
        if (r < 0)
            return r;
    }
}
