/* One decision: name, scope, digest, evidence from memory or gathered, judgement. Whatever fails is
 * a refusal with its reason. gates.md sections 1 and 5. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "base/clock.h"
#include "gate/gate_int.h"
#include "source/docker.h"

#define REF_MAX 1024u

struct asking {
    struct pl_gate *g;
    const struct pl_gate_ask *ask;
    struct pl_gate_answer *x;
    struct pl_judgement j;
    struct pl_reference ref;
    const struct pl_rule_scope *scope;
    int64_t start_ms, deadline_ms;
    bool given; /* the digest came with the question */
    bool known; /* only by what is known; */
    bool open;  /* … which was not enough */
};

/* ---- names ---- */

static struct pl_str lower_host(struct pl_arena *a, struct pl_str host)
{
    char *p = pl_alloc(a, host.n + 1);
    for (size_t i = 0; i < host.n; i++)
        p[i] = host.p[i] >= 'A' && host.p[i] <= 'Z' ? (char)(host.p[i] + 32) : host.p[i];
    struct pl_str h = pl_str_n(p, host.n);
    if (pl_str_ends(h, PL_S(":443")))
        h = pl_str_sub(h, 0, h.n - 4); /* what https means anyway */
    if (pl_str_is(h, "index.docker.io") || pl_str_is(h, "registry-1.docker.io"))
        h = PL_S("docker.io"); /* other names of one registry pass no other scope */
    return h;
}

static int normalise(struct pl_str text, struct pl_arena *a, struct pl_reference *ret,
                     struct pl_err *err)
{
    if (text.n == 0)
        return pl_fail(err, PL_E_USAGE, "no image is named");
    if (text.n > REF_MAX)
        return pl_fail(err, PL_E_USAGE, "the name is too long");
    int r = pl_docker_reference(text, a, ret, NULL, err);
    if (r < 0)
        return r;
    ret->host = lower_host(a, ret->host);
    if (pl_str_is(ret->host, "docker.io") && pl_str_find(ret->repo, PL_S("/"), 0) == SIZE_MAX)
        ret->repo = pl_printf(a, "library/%.*s", PL_FMT(ret->repo));
    if (pl_str_ends(ret->host, PL_S(".")))
        return pl_fail(err, PL_E_USAGE, "a host that ends in a dot");
    size_t port = ret->host.n && ret->host.p[0] == '[' ? pl_str_find(ret->host, PL_S("]"), 0) : 0;
    if (pl_str_find(ret->host, PL_S(":0"), port) != SIZE_MAX)
        return pl_fail(err, PL_E_USAGE, "a port that begins with 0");
    return 0;
}

/* What "latest" was put in for is no tag that was asked for. */
static bool has_tag(const struct pl_reference *r, struct pl_str text)
{
    struct pl_str name;
    pl_str_split(&text, '@', &name);
    return r->tag.n && pl_str_ends(name, r->tag) && name.n > r->tag.n &&
           name.p[name.n - r->tag.n - 1] == ':';
}

static struct pl_str pin(struct pl_arena *a, const struct pl_reference *r, struct pl_str text)
{
    bool tag = has_tag(r, text) || !r->digest.set;
    return pl_printf(a, "%.*s/%.*s%s%.*s%s%.*s", PL_FMT(r->host), PL_FMT(r->repo), tag ? ":" : "",
                     PL_FMT(tag ? r->tag : PL_S("")), r->digest.set ? "@" : "",
                     PL_FMT(pl_digest_text(a, &r->digest)));
}

/* ---- before any evidence ---- */

static void fail(struct asking *k, const char *rule, int code, const char *why)
{
    pl_judge_add(&k->j, rule, k->scope ? k->scope->line : 0, PL_RULE_FAILED, "%s", why);
    k->x->code = code;
}

static bool take_name(struct asking *k)
{
    struct pl_err err = { 0 };
    struct pl_digest d = { 0 };
    struct pl_gate_answer *x = k->x;
    if (normalise(x->ref, &x->a, &k->ref, &err) < 0) {
        fail(k, "name", PL_E_USAGE, err.msg);
        return false;
    }
    x->name = pl_printf(&x->a, "%.*s/%.*s", PL_FMT(k->ref.host), PL_FMT(k->ref.repo));
    if (k->ask->digest.n) {
        if (pl_digest_parse(k->ask->digest, &d, &err) < 0) {
            fail(k, "digest", PL_E_USAGE, err.msg);
            return false;
        }
        if (k->ref.digest.set && !pl_digest_eq(&d, &k->ref.digest)) {
            fail(k, "digest", PL_E_USAGE, "the name has another digest than is asked about");
            return false;
        }
        k->ref.digest = d;
    }
    k->given = x->given = k->ref.digest.set;
    if (k->given) {
        x->digest = pl_digest_text(&x->a, &k->ref.digest);
        x->pinned = pin(&x->a, &k->ref, x->ref);
    }
    return true;
}

/* Scopes that need no evidence. True: it is decided. */
static bool decide_static(struct asking *k)
{
    const struct pl_rule_scope *s = k->scope = pl_policy_scope(k->g->policy, k->x->name);
    k->x->scope = s;
    if (!s) {
        bool allow = k->g->policy->allow_unmatched;
        pl_judge_add(&k->j, "scope", 0, allow ? PL_RULE_HELD : PL_RULE_FAILED,
                     "no scope matches %.*s, and the default is to %s", PL_FMT(k->x->name),
                     allow ? "allow" : "deny");
    } else if (s->kind == PL_SCOPE_DENY) {
        pl_judge_add(&k->j, "scope", s->line, PL_RULE_FAILED, "denied: %.*s",
                     PL_FMT(pl_str_sub(s->deny, 0, 400)));
    } else {
        pl_judge_add(&k->j, "scope", s->line, PL_RULE_HELD, "%.*s is in scope of '%.*s'",
                     PL_FMT(k->x->name), PL_FMT(s->match.p[0]));
    }
    bool pinned = s && s->kind == PL_SCOPE_PINNED;
    if (s && !k->given && (pinned || (k->ask->need_digest && s->kind == PL_SCOPE_RULES)))
        pl_judge_add(&k->j, "digest", s->line, PL_RULE_FAILED,
                     "%.*s names no digest; a tag can move before it is pulled",
                     PL_FMT(pl_str_sub(k->x->ref, 0, 300)));
    else if (pinned)
        pl_judge_add(&k->j, "digest", s->line, PL_RULE_HELD, "a digest is named");
    return k->j.failed || !s || s->kind != PL_SCOPE_RULES;
}

/* ---- with evidence ---- */

static void judge(struct asking *k, struct pl_gate_entry *e)
{
    k->x->held = e;
    k->x->evidence = &e->e;
    pl_policy_judge(&k->j, k->g->policy, k->scope, &e->e, k->x->time_s, k->ask->explain);
}

static int gather(struct asking *k, struct pl_gathering *w, struct pl_gate_entry *e,
                  struct pl_err *err)
{
    int r = w->store ? 0 : pl_gather_open(w, err);
    if (r == 0)
        r = pl_gather(w, &e->e, err);
    if (r == 0 && pl_clock_ms() > k->deadline_ms)
        r = pl_fail(err, PL_E_NET, "no answer within %u ms",
                    (unsigned)(k->deadline_ms - k->start_ms));
    return r;
}

static void gathered(struct asking *k, struct pl_gathering *w, struct pl_str key)
{
    struct pl_gate_entry *e = pl_gate_entry_new(), *grace = NULL;
    struct pl_err err = { 0 };
    w->a = &e->a;
    int r = gather(k, w, e, &err);
    if (r == 0) {
        judge(k, e);
        if (key.n)
            pl_gate_cache_put(k->g->cache, key, e, !k->j.failed, !k->ask->dry_run, k->x->time_s);
        return;
    }
    pl_gate_entry_unref(e);
    if (key.n)
        pl_gate_cache_fail(k->g->cache, key, &err, k->scope->grace_s, k->x->time_s, &grace);
    if (grace) {
        pl_judge_add(&k->j, "grace", k->scope->line, PL_RULE_HELD,
                     "the registry does not answer; judged by what was verified earlier: %.300s",
                     err.msg);
        k->x->grace = k->x->cached = true;
        judge(k, grace);
        return;
    }
    fail(k, "read", err.code, err.msg);
}

static void from_memory(struct asking *k, struct pl_gathering *w)
{
    struct pl_gate_entry *e = NULL;
    struct pl_err err = { 0 };
    struct pl_str key =
        pl_gate_cache_name(&k->x->a, k->g, k->x->name, k->scope, k->x->digest, k->ask->platform);
    if (k->known) {
        e = pl_gate_cache_peek(k->g->cache, key, k->x->time_s);
        k->open = !e;
        k->x->cached = e != NULL;
        if (e)
            judge(k, e);
        return;
    }
    if (k->ask->explain || k->ask->layout) {
        gathered(k, w, PL_S(""));
        return;
    }
    switch (pl_gate_cache_get(k->g->cache, key, k->x->time_s, k->deadline_ms, &e, &err)) {
    case PL_CACHE_FRESH:
        k->x->cached = true;
        judge(k, e);
        break;
    case PL_CACHE_FAILED:
        fail(k, "read", err.code, err.msg);
        break;
    case PL_CACHE_NONE:
        gathered(k, w, key);
        break;
    }
}

static void decide(struct asking *k)
{
    struct pl_gate_answer *x = k->x;
    struct pl_err err = { 0 };
    if (!take_name(k) || decide_static(k))
        return;
    k->open = k->known && (!k->given || k->ask->explain || k->ask->layout);
    if (k->open)
        return;
    struct pl_gathering w = { .g = k->g,
                              .ask = k->ask,
                              .scope = k->scope,
                              .deadline_ms = k->deadline_ms,
                              .now_s = x->time_s,
                              .a = &x->a };
    w.ref = k->ref;
    if (!k->given) {
        int r = pl_gather_open(&w, &err);
        if (r == 0)
            r = pl_gather_resolve(&w, &err);
        if (r < 0) {
            fail(k, "digest", err.code, err.msg);
            pl_gather_close(&w);
            return;
        }
        k->ref.digest = w.ref.digest;
        x->digest = pl_digest_text(&x->a, &k->ref.digest);
        x->pinned = pin(&x->a, &k->ref, x->ref);
        pl_judge_add(&k->j, "digest", k->scope->line, PL_RULE_HELD, "the tag names %.*s now",
                     PL_FMT(x->digest));
    }
    from_memory(k, &w);
    pl_gather_close(&w);
}

static void decide_recorded(struct asking *k, struct pl_str resolved, const struct pl_evidence *e)
{
    struct pl_gate_answer *x = k->x;
    if (!take_name(k) || decide_static(k))
        return;
    if (!k->given && resolved.n)
        x->digest = pl_dup(&x->a, resolved);
    if (!e) {
        fail(k, "read", PL_E_NOENT, "no evidence was recorded");
        return;
    }
    x->evidence = e;
    pl_policy_judge(&k->j, k->g->policy, k->scope, e, x->time_s, k->ask->explain);
}

static void rule(struct asking *k)
{
    struct pl_gate_answer *x = k->x;
    bool audit = k->scope ? k->scope->audit : k->g->policy->audit;
    x->rules = k->j.rules;
    x->n_rules = k->j.n_rules;
    x->ruling = !k->j.failed ? PL_RULING_ALLOW : audit ? PL_RULING_AUDIT : PL_RULING_DENY;
    x->passes = x->ruling != PL_RULING_DENY;
    x->ms = (uint32_t)(pl_clock_ms() - k->start_ms);
}

static bool run(struct pl_gate *g, const struct pl_gate_ask *ask, bool known,
                struct pl_gate_answer *ret)
{
    *ret = (struct pl_gate_answer){ .dry_run = ask->dry_run };
    struct asking k = { .g = g, .ask = ask, .x = ret, .start_ms = pl_clock_ms(), .known = known };
    uint32_t ms = ask->deadline_ms && (ask->patient || ask->deadline_ms < g->policy->timeout_ms)
                      ? ask->deadline_ms
                      : g->policy->timeout_ms;
    k.deadline_ms = k.start_ms + ms;
    k.j.a = &ret->a;
    ret->time_s = pl_gate_now_s(g);
    ret->ref = pl_dup(&ret->a, pl_str_sub(ask->ref, 0, REF_MAX + 1));
    ret->platform = pl_dup(&ret->a, ask->platform);
    decide(&k);
    rule(&k);
    if (k.open)
        pl_gate_answer_release(ret);
    return !k.open;
}

void pl_gate_decide(struct pl_gate *g, const struct pl_gate_ask *ask, struct pl_gate_answer *ret)
{
    run(g, ask, /* known= */ false, ret);
}

bool pl_gate_decide_known(struct pl_gate *g, const struct pl_gate_ask *ask,
                          struct pl_gate_answer *ret)
{
    return run(g, ask, /* known= */ true, ret);
}

void pl_gate_judge(struct pl_gate *g, const struct pl_gate_ask *ask, struct pl_str resolved,
                   const struct pl_evidence *e, int64_t now_s, struct pl_gate_answer *ret)
{
    *ret = (struct pl_gate_answer){ .dry_run = ask->dry_run, .time_s = now_s };
    struct asking k = { .g = g, .ask = ask, .x = ret, .start_ms = pl_clock_ms() };
    k.j.a = &ret->a;
    ret->ref = pl_dup(&ret->a, pl_str_sub(ask->ref, 0, REF_MAX + 1));
    ret->platform = pl_dup(&ret->a, ask->platform);
    decide_recorded(&k, resolved, e);
    rule(&k);
}

void pl_gate_answer_refuse(struct pl_gate_answer *x, const char *why)
{
    struct pl_judgement j = {
        .a = &x->a, .rules = x->rules, .n_rules = x->n_rules, .cap = x->n_rules
    };
    pl_judge_add(&j, "gate", 0, PL_RULE_FAILED, "%s", why);
    x->rules = j.rules;
    x->n_rules = j.n_rules;
    x->ruling = PL_RULING_DENY;
    x->passes = false;
}

void pl_gate_answer_release(struct pl_gate_answer *x)
{
    pl_gate_entry_unref(x->held);
    pl_arena_release(&x->a);
    *x = (struct pl_gate_answer){ 0 };
}

/* ---- for people ---- */

static void put_clean(struct pl_buf *b, struct pl_str s, size_t max)
{
    for (size_t i = 0; i < s.n && b->n < max; i++) {
        unsigned char c = (unsigned char)s.p[i];
        pl_buf_putc(b, c < 0x20 || c == 0x7f ? ' ' : s.p[i]);
    }
}

void pl_gate_answer_reason(const struct pl_gate_answer *x, size_t max, struct pl_buf *b)
{
    size_t end = b->n + max, n = 0;
    bool bad = x->ruling != PL_RULING_ALLOW;
    for (size_t i = 0; i < x->n_rules && b->n < end; i++) {
        const struct pl_rule_result *r = &x->rules[i];
        if (bad ? r->state != PL_RULE_FAILED : r->state != PL_RULE_HELD)
            continue;
        if (n++)
            put_clean(b, PL_S("; "), end);
        put_clean(b, r->why, end);
    }
    if (b->n < end)
        return;
    /* never half a character */
    while (b->n > 0 && ((unsigned char)b->p[b->n - 1] & 0xc0) == 0x80)
        b->n--;
    if (b->n > 0 && ((unsigned char)b->p[b->n - 1] & 0x80))
        b->n--;
}

/* What is refused anyway need not be looked for; who only watches, or asks for nothing, stops
 * nothing either. */
static bool resolves(const struct pl_gate *g, const struct pl_reference *ref, struct pl_arena *a,
                     bool *ret_must)
{
    const struct pl_policy *p = g->policy;
    struct pl_str name = pl_printf(a, "%.*s/%.*s", PL_FMT(ref->host), PL_FMT(ref->repo));
    const struct pl_rule_scope *s = pl_policy_scope(p, name);
    bool audit = s ? s->audit : p->audit;
    *ret_must = !audit && s && s->kind != PL_SCOPE_ANY;
    return !ref->digest.set && (s ? s->kind != PL_SCOPE_DENY : p->allow_unmatched);
}

int pl_gate_resolve(struct pl_gate *g, struct pl_str ref, uint32_t deadline_ms, struct pl_arena *a,
                    struct pl_str *ret, struct pl_err *err)
{
    struct pl_gate_ask ask = { .ref = ref };
    uint32_t ms =
        deadline_ms && deadline_ms < g->policy->timeout_ms ? deadline_ms : g->policy->timeout_ms;
    struct pl_gathering w = { .g = g, .ask = &ask, .a = a, .deadline_ms = pl_clock_ms() + ms };
    bool must = !g->policy->audit;
    int r = normalise(ref, a, &w.ref, err);
    bool asked = r == 0 && resolves(g, &w.ref, a, &must);
    if (asked)
        r = pl_gather_open(&w, err);
    if (asked && r == 0)
        r = pl_gather_resolve(&w, err);
    pl_gather_close(&w);
    if (r < 0 && must)
        return r;
    *ret = r < 0 || !asked
               ? pl_dup(a, ref)
               : pl_printf(a, "%.*s/%.*s:%.*s@%.*s", PL_FMT(w.ref.host), PL_FMT(w.ref.repo),
                           PL_FMT(w.ref.tag), PL_FMT(pl_digest_text(a, &w.ref.digest)));
    return 0;
}
