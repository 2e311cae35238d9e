/* A policy with everything that it names: keys, trusted root, VEX documents. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/limits.h"
#include "fmt/der.h"
#include "gate/gate_int.h"
#include "io/file.h"

#define KEY_MAX (64u << 10)
#define FILES_MAX (PL_POLICY_SIGNERS_MAX + PL_POLICY_SCOPES_MAX * 8u)

int64_t pl_gate_now_s(const struct pl_gate *g)
{
    struct timespec t;
    if (g->now_s)
        return g->now_s(g->now_arg);
    clock_gettime(CLOCK_REALTIME, &t);
    return t.tv_sec;
}

static int read_file(const char *path, size_t max, struct pl_arena *a, struct pl_str *ret,
                     struct pl_err *err)
{
    pl_auto_buf struct pl_buf b = { .max = max };
    int r = pl_file_read(path, &b, err);
    if (r == 0)
        *ret = pl_dup(a, pl_buf_str(&b));
    return r;
}

/* A path of the policy, relative to the file. */
static struct pl_str path_of(struct pl_gate *g, struct pl_str path)
{
    if (path.n && path.p[0] == '/')
        return path;
    return pl_printf(&g->a, "%.*s%.*s", PL_FMT(g->policy->dir), PL_FMT(path));
}

static void add_file(struct pl_gate *g, struct pl_str path)
{
    if (g->files.n < FILES_MAX)
        g->files.p[g->files.n++] = path;
}

static void feed(struct pl_hash *h, struct pl_str s)
{
    uint64_t n = s.n;
    pl_hash_add(h, &n, sizeof n);
    pl_hash_add(h, s.p, s.n);
}

static struct pl_str end_hash(struct pl_gate *g, struct pl_hash *h)
{
    struct pl_digest d = { .set = true, .alg = PL_HASH_SHA256 };
    pl_hash_end(h, d.b);
    pl_hash_free(h);
    return pl_digest_text(&g->a, &d);
}

static int load_key(struct pl_gate *g, size_t i, struct pl_hash *h, struct pl_err *err)
{
    struct pl_signer_rule *s = &g->policy->signers[i];
    struct pl_str text = s->pem, path = path_of(g, s->file);
    struct pl_err why = { 0 };
    int r = s->pem.n ? 0 : read_file(path.p, KEY_MAX, &g->a, &text, &why);
    if (r == 0 && s->file.n)
        add_file(g, path);
    if (r == 0)
        r = pl_pubkey_pem(text, &g->keys[i], &why);
    if (r < 0)
        return pl_fail(err, PL_E_USAGE, "%.*s:%u: key '%.*s': %s", PL_FMT(g->policy->name), s->line,
                       PL_FMT(pl_str_sub(s->name, 0, 60)), why.msg);
    s->id = pl_pubkey_id_text(g->keys[i], &g->a);
    feed(h, s->id);
    return 0;
}

static int load_root(struct pl_gate *g, struct pl_hash *h, struct pl_err *err)
{
    const struct pl_policy *p = g->policy;
    struct pl_str text = pl_root_builtin();
    bool need = false;
    struct pl_err why = { 0 };
    int r = 0;
    for (size_t i = 0; i < p->n_signers; i++)
        need |= p->signers[i].identity;
    if (p->trust_root.n) {
        struct pl_str path = path_of(g, p->trust_root);
        r = read_file(path.p, PL_MIB(16), &g->a, &text, &why);
        add_file(g, path);
        need = true;
    }
    if (need && r == 0 && !text.p)
        r = pl_fail(&why, PL_E_USAGE,
                    "identities need a trusted root, and this build has none: "
                    "'trust: { root: FILE }'");
    if (need && r == 0)
        r = pl_root_parse(text, &g->root, &why);
    if (r < 0)
        return pl_fail(err, PL_E_USAGE, "%.*s: trusted root: %s", PL_FMT(p->name), why.msg);
    feed(h, need ? text : PL_S(""));
    return 0;
}

static int load_vex(struct pl_gate *g, struct pl_hash *h, struct pl_err *err)
{
    const struct pl_policy *p = g->policy;
    size_t n = 0;
    for (size_t i = 0; i < p->n_scopes; i++)
        n += p->scopes[i].vulns.vex.n;
    g->vex_names = pl_alloc_n(&g->a, n, sizeof *g->vex_names);
    g->vex_texts = pl_alloc_n(&g->a, n, sizeof *g->vex_texts);
    for (size_t i = 0; i < p->n_scopes; i++)
        for (size_t k = 0; k < p->scopes[i].vulns.vex.n; k++) {
            struct pl_str name = p->scopes[i].vulns.vex.p[k], path = path_of(g, name);
            struct pl_arena scratch = { 0 };
            struct pl_vex x = { .a = &scratch };
            struct pl_err why = { 0 };
            int r = read_file(path.p, PL_MIB(16), &g->a, &g->vex_texts[g->n_vex], &why);
            if (r == 0)
                r = pl_vex_read(&x, path.p, g->vex_texts[g->n_vex], &why);
            pl_vex_release(&x);
            pl_arena_release(&scratch);
            if (r < 0)
                return pl_fail(err, PL_E_USAGE, "%.*s:%u: vex: %s", PL_FMT(p->name),
                               p->scopes[i].vulns.line, why.msg);
            add_file(g, path);
            feed(h, g->vex_texts[g->n_vex]);
            g->vex_names[g->n_vex++] = name;
        }
    return 0;
}

static int load(struct pl_gate *g, const char *path, struct pl_err *err)
{
    struct pl_str text = { 0 };
    struct pl_hash *trust = pl_hash_new(PL_HASH_SHA256), *policy = pl_hash_new(PL_HASH_SHA256);
    g->files.p = pl_alloc_n(&g->a, FILES_MAX, sizeof *g->files.p);
    add_file(g, pl_dup(&g->a, pl_str_c(path)));
    int r = read_file(path, PL_POLICY_MAX, &g->a, &text, err);
    if (r == 0)
        r = pl_policy_parse(path, text, pl_gate_now_s(g), &g->policy, err);
    feed(policy, text);
    for (size_t i = 0; r == 0 && i < g->policy->n_signers; i++) {
        const struct pl_signer_rule *s = &g->policy->signers[i];
        feed(trust, s->issuer);
        feed(trust, s->subject);
        r = s->identity ? 0 : load_key(g, i, trust, err);
    }
    if (r == 0)
        r = pl_policy_check_needs(g->policy, err);
    if (r == 0)
        r = load_root(g, trust, err);
    if (r == 0)
        r = load_vex(g, policy, err);
    g->policy_hash = end_hash(g, policy);
    g->trust_hash = end_hash(g, trust);
    return r;
}

int pl_gate_new(const struct pl_gate_opts *o, struct pl_gate **ret, struct pl_err *err)
{
    struct pl_gate *g = calloc(1, sizeof *g);
    if (!g)
        pl_oom();
    atomic_init(&g->refs, 1);
    pthread_mutex_init(&g->reading, NULL);
    g->now_s = o->now_s;
    g->now_arg = o->now_arg;
    if (o->registry) {
        g->registry = *o->registry;
    } else {
        pl_registry_opts_init(&g->registry);
        g->registry.retries = 2;
    }
    if (o->reader)
        g->reader = *o->reader;
    g->db_hash = pl_dup(&g->a, pl_str_c(o->reader ? o->reader->db_hash : ""));
    int r = load(g, o->policy, err);
    if (r == 0 && o->cache)
        g->cache = pl_gate_cache_ref(o->cache);
    else if (r == 0)
        r = pl_gate_cache_new(NULL, 0, 0, &g->cache, err);
    if (r < 0)
        pl_gate_unref(g);
    else
        *ret = g;
    return r;
}

struct pl_gate *pl_gate_ref(struct pl_gate *g)
{
    atomic_fetch_add(&g->refs, 1);
    return g;
}

void pl_gate_unref(struct pl_gate *g)
{
    if (!g || atomic_fetch_sub(&g->refs, 1) != 1)
        return;
    for (size_t i = 0; i < PL_POLICY_SIGNERS_MAX; i++)
        pl_pubkey_free(g->keys[i]);
    pl_root_free(g->root);
    pl_gate_cache_unref(g->cache);
    pl_policy_free(g->policy);
    pthread_mutex_destroy(&g->reading);
    pl_arena_release(&g->a);
    free(g);
}

const struct pl_policy *pl_gate_policy(const struct pl_gate *g)
{
    return g->policy;
}

struct pl_str pl_gate_policy_hash(const struct pl_gate *g)
{
    return g->policy_hash;
}

struct pl_str pl_gate_trust_hash(const struct pl_gate *g)
{
    return g->trust_hash;
}

struct pl_str pl_gate_db_hash(const struct pl_gate *g)
{
    return g->db_hash;
}

const struct pl_names *pl_gate_files(const struct pl_gate *g)
{
    return &g->files;
}
