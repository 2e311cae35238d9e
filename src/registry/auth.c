/* Tokens and Basic. registry.md section 4, sections 1 to 4 of the list. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "base/base64.h"
#include "base/clock.h"
#include "fmt/json.h"
#include "registry/challenge.h"
#include "registry/creds.h"
#include "registry/realm.h"
#include "registry/registry_int.h"

#define TOKEN_ANSWER_MAX 65536u
#define TOKEN_MAX 32768u
#define EXPIRES_DEFAULT_S 60
#define EXPIRES_EARLY_MS 10000

struct pl_str pl_scope(struct pl_arena *a, struct pl_str repo, const char *actions)
{
    return pl_printf(a, "repository:%.*s:%s", PL_FMT(repo), actions);
}

static int load_creds(struct pl_endpoint *e, struct pl_str repo, struct pl_err *err)
{
    if (e->creds_known && pl_str_eq(e->creds_repo, repo))
        return 0;
    e->cred = (struct pl_credential){ 0 };
    int r = pl_creds_find(&e->r->o, e->name, repo, &e->r->a, &e->cred, err);
    e->creds_known = r == 0;
    e->creds_repo = pl_dup(&e->r->a, repo);
    return r;
}

static struct pl_str basic(const struct pl_credential *c, struct pl_arena *a)
{
    pl_auto_buf struct pl_buf b = { 0 };
    struct pl_str both = pl_printf(a, "%.*s:%.*s", PL_FMT(c->user), PL_FMT(c->secret));
    pl_buf_puts(&b, "Basic ");
    pl_base64_encode(&b, both, PL_BASE64_STD);
    struct pl_str out = pl_dup(a, pl_buf_str(&b));
    explicit_bzero(b.p, b.cap);
    return out;
}

static struct pl_token *held(struct pl_endpoint *e, struct pl_str scope)
{
    for (size_t i = 0; i < e->tokens.n; i++)
        if (pl_str_eq(e->tokens.p[i].scope, scope) && e->tokens.p[i].until_ms > pl_clock_ms())
            return &e->tokens.p[i];
    return NULL;
}

int pl_auth_held(struct pl_endpoint *e, const struct pl_call *c, struct pl_arena *a,
                 struct pl_str *ret, struct pl_err *err)
{
    const struct pl_token *t = held(e, c->scope);
    if (t) {
        *ret = t->header;
    } else if (e->basic) {
        int r = load_creds(e, c->repo, err);
        if (r < 0)
            return r;
        if (e->cred.set && !e->cred.identity)
            *ret = basic(&e->cred, a);
    }
    return 0;
}

static bool sane_token(struct pl_str t)
{
    for (size_t i = 0; i < t.n; i++)
        if (t.p[i] <= ' ' || t.p[i] >= 127)
            return false;
    return t.n > 0 && t.n <= TOKEN_MAX;
}

static int read_answer(struct pl_endpoint *e, struct pl_str scope, struct pl_str text,
                       struct pl_err *err)
{
    struct pl_json *j;
    if (pl_json_parse(text, 16, &j, NULL) < 0)
        return pl_fail(err, PL_E_AUTH, "the token service's answer is not JSON");
    struct pl_str t = pl_json_str(pl_json_get(j, "token"));
    int64_t expires = pl_json_int(pl_json_get(j, "expires_in"), EXPIRES_DEFAULT_S);
    int r = 0;
    if (!t.n)
        t = pl_json_str(pl_json_get(j, "access_token"));
    if (!sane_token(t)) {
        r = pl_fail(err, PL_E_AUTH, "the token service's answer holds no token");
    } else {
        if (expires <= 0 || expires > 86400)
            expires = EXPIRES_DEFAULT_S;
        struct pl_token *old = NULL;
        for (size_t i = 0; i < e->tokens.n; i++)
            if (pl_str_eq(e->tokens.p[i].scope, scope))
                old = &e->tokens.p[i];
        struct pl_token fresh = { pl_dup(&e->r->a, scope),
                                  pl_printf(&e->r->a, "Bearer %.*s", PL_FMT(t)),
                                  pl_clock_ms() + expires * 1000 - EXPIRES_EARLY_MS };
        /* one that lives shorter than the margin is still good for the request at hand */
        if (fresh.until_ms < pl_clock_ms() + 2000)
            fresh.until_ms = pl_clock_ms() + (expires * 1000 < 2000 ? expires * 1000 : 2000);
        if (old)
            *old = fresh;
        else
            pl_vec_push(&e->tokens, fresh);
    }
    pl_json_free(j);
    return r;
}

static void put_form(struct pl_buf *b, const char *name, struct pl_str value)
{
    static const char plain[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
    pl_buf_printf(b, "%s%s=", b->n ? "&" : "", name);
    for (size_t i = 0; i < value.n; i++)
        if (memchr(plain, value.p[i], sizeof plain - 1))
            pl_buf_putc(b, value.p[i]);
        else
            pl_buf_printf(b, "%%%02X", (unsigned char)value.p[i]);
}

/* Scopes may be several, apart by blanks; each is a parameter of its own. */
static struct pl_url with_scopes(struct pl_arena *a, struct pl_url u, struct pl_str scopes)
{
    struct pl_str one;
    while (scopes.n && pl_str_split(&scopes, ' ', &one))
        if (one.n)
            u = pl_url_with(a, u, "scope", one);
    return u;
}

static int ask_token(struct pl_endpoint *e, const struct pl_call *c, const struct pl_url *realm,
                     const struct pl_challenge *ch, struct pl_arena *a, struct pl_http_answer *ans,
                     struct pl_err *err)
{
    struct pl_http_field form = { PL_S("Content-Type"), PL_S("application/x-www-form-urlencoded") };
    struct pl_http_req q = { .method = "GET", .url = *realm, .keep = TOKEN_ANSWER_MAX };
    pl_auto_buf struct pl_buf body = { 0 };
    struct pl_str auth = { "", 0 };
    struct pl_url at;
    bool moved;
    if (e->cred.set && e->cred.identity) {
        put_form(&body, "grant_type", PL_S("refresh_token"));
        put_form(&body, "service", ch->service);
        put_form(&body, "scope", c->scope);
        put_form(&body, "client_id", PL_S("plimsoll"));
        put_form(&body, "refresh_token", e->cred.secret);
        q.method = "POST";
        q.body = pl_buf_str(&body);
        q.has_body = true;
        q.fields = &form;
        q.n_fields = 1;
    } else {
        if (ch->service.n)
            q.url = pl_url_with(a, q.url, "service", ch->service);
        q.url = with_scopes(a, q.url, c->scope);
        if (e->cred.set)
            auth = basic(&e->cred, a);
    }
    int r = 0;
    for (unsigned n = 0;; n++) {
        r = pl_follow(e, &q, auth, ans, &at, &moved, err);
        /* a body with a credential in it never goes to another host */
        if (r == 0 && moved && q.has_body)
            r = pl_fail(err, PL_E_AUTH, "the token service redirects to another host: refused");
        bool again = r == PL_E_IO || (r == 0 && pl_status_transient(ans->status));
        if (!again || n >= e->r->o.retries)
            break;
        int64_t asked = r == 0 ? ans->retry_after : -1;
        pl_http_answer_release(ans);
        r = pl_call_wait(e->r, n, asked, err);
        if (r < 0)
            break;
    }
    if (body.p)
        explicit_bzero(body.p, body.cap);
    return r;
}

static int bearer(struct pl_endpoint *e, const struct pl_call *c, const struct pl_challenge *ch,
                  struct pl_err *err)
{
    struct pl_arena a = { 0 };
    struct pl_http_answer ans = { 0 };
    struct pl_url realm;
    int r = pl_url_parse(ch->realm, &a, &realm, err);
    if (r < 0) {
        pl_wrap(err, "the token realm of '%.*s'", PL_FMT(e->base.host));
        r = err ? (err->code = PL_E_AUTH) : PL_E_AUTH;
    }
    if (r == 0)
        r = pl_realm_check(&e->base, &realm, &e->r->token_hosts, err);
    if (r == 0)
        r = ask_token(e, c, &realm, ch, &a, &ans, err);
    if (r == 0 && ans.status != 200)
        r = pl_fail(err, PL_E_AUTH, "the token service '%.*s' answered with status %u",
                    PL_FMT(realm.host), ans.status);
    if (r == 0)
        r = read_answer(e, c->scope, pl_buf_str(&ans.body), err);
    if (ans.body.p)
        explicit_bzero(ans.body.p, ans.body.n);
    pl_http_answer_release(&ans);
    pl_arena_release(&a);
    return r;
}

/* All challenges of all fields; Bearer before Basic. */
static const struct pl_challenge *choose(const struct pl_http_answer *ans, struct pl_arena *a,
                                         struct pl_err *err)
{
    struct pl_challenge *best = NULL;
    err->code = 0;
    for (size_t i = 0; i < ans->n_fields; i++) {
        struct pl_challenge *list = pl_alloc_n(a, PL_CHALLENGES_MAX, sizeof *list);
        size_t n;
        if (!pl_str_ieq(ans->fields[i].name, PL_S("www-authenticate")))
            continue;
        if (pl_challenge_parse(ans->fields[i].value, a, list, &n, err) < 0)
            return NULL;
        for (size_t k = 0; k < n; k++)
            if (list[k].scheme > PL_AUTH_OTHER && (!best || list[k].scheme > best->scheme))
                best = &list[k];
    }
    return best;
}

int pl_auth_answer(struct pl_endpoint *e, const struct pl_call *c,
                   const struct pl_http_answer *challenge, struct pl_err *err)
{
    struct pl_arena a = { 0 };
    struct pl_err local, *x = err ? err : &local;
    const struct pl_challenge *ch = choose(challenge, &a, x);
    int r = 0;
    struct pl_token *stale = held(e, c->scope);
    if (stale)
        stale->until_ms = 0;
    if (!ch)
        r = pl_fail(x, PL_E_AUTH, "%.*s: 401 without a challenge that can be answered",
                    PL_FMT(e->base.host));
    if (r == 0)
        r = load_creds(e, c->repo, x);
    if (r == 0 && ch->scheme == PL_AUTH_BEARER) {
        r = bearer(e, c, ch, x);
    } else if (r == 0) {
        if (!e->cred.set || e->cred.identity || e->basic)
            r = pl_fail(x, PL_E_AUTH, "%.*s: %s (401)", PL_FMT(e->base.host),
                        e->basic ? "the credentials are not accepted" : "needs credentials");
        e->basic = r == 0;
    }
    pl_arena_release(&a);
    return r;
}
