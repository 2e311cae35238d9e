/* plimsoll gate export: what podman, skopeo, buildah and CRI-O can be told of a policy.
 * containers-policy.json(5), containers-registries.d(5); formats/gates.md section 2. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cmd/gate_cmd.h"
#include "fmt/jsonw.h"

struct export
{
    const struct pl_gate_cmd *o;
    struct pl_gate *g;
    const struct pl_policy *p;
    struct pl_arena a;
    struct pl_buf policy;
    struct pl_jsonw w;
    struct pl_names scopes; /* that were written */
    size_t lost;
};

static void lose(struct export *x, uint32_t line, const char *what)
{
    x->lost++;
    fprintf(stderr, "plimsoll gate export: %.*s:%u: %s cannot be said\n", PL_FMT(x->p->name), line,
            what);
}

/* A pattern with two stars at its end is the scope in front of them, one for all hosts of a domain
 * a scope with a wildcard, one without stars itself; no other pattern has a form. */
static struct pl_str scope_of(struct export *x, struct pl_str pattern)
{
    struct pl_str s = pattern;
    if (pl_str_ends(s, PL_S("/**")))
        s = pl_str_sub(s, 0, s.n - 3);
    size_t star = pl_str_find(s, PL_S("*"), 0);
    bool sub =
        pl_str_starts(s, PL_S("*.")) && pl_str_find(s, PL_S("/"), 0) == SIZE_MAX && s.n < pattern.n;
    if (star != SIZE_MAX && !(sub && pl_str_find(s, PL_S("*"), 1) == SIZE_MAX))
        return PL_S("");
    return pl_dup(&x->a, s);
}

static void put_type(struct export *x, const char *type)
{
    pl_jw_obj(&x->w);
    pl_jw_kcstr(&x->w, "type", type);
    pl_jw_obj_end(&x->w);
}

static void put_identity_rule(struct export *x)
{
    pl_jw_key(&x->w, "signedIdentity");
    pl_jw_obj(&x->w);
    pl_jw_kcstr(&x->w, "type", "matchRepository");
    pl_jw_obj_end(&x->w);
}

/* The keys' files, absolute. */
static void put_keys(struct export *x, uint64_t set)
{
    size_t n = 0;
    struct pl_jsonw *w = &x->w;
    for (size_t i = 0; i < x->p->n_signers; i++)
        n += set >> i & 1;
    if (n > 1) {
        pl_jw_key(w, "keyPaths");
        pl_jw_arr(w);
    }
    for (size_t i = 0; i < x->p->n_signers; i++) {
        const struct pl_signer_rule *s = &x->p->signers[i];
        if (!(set >> i & 1))
            continue;
        struct pl_str path = s->file.p[0] == '/'
                                 ? s->file
                                 : pl_printf(&x->a, "%.*s%.*s", PL_FMT(x->p->dir), PL_FMT(s->file));
        char *real = realpath(path.p, NULL);
        struct pl_str whole = real ? pl_dup(&x->a, pl_str_c(real)) : path;
        free(real);
        if (n == 1)
            pl_jw_kstr(w, "keyPath", whole);
        else
            pl_jw_str(w, whole);
    }
    if (n > 1)
        pl_jw_arr_end(w);
}

/* One entry of `signatures` as one requirement; all requirements must hold there, too. */
static void put_signature(struct export *x, const struct pl_quorum *q)
{
    uint64_t files = 0;
    for (size_t i = 0; i < x->p->n_signers; i++) {
        const struct pl_signer_rule *s = &x->p->signers[i];
        if (!(q->candidates >> i & 1))
            continue;
        if (s->identity)
            lose(x, q->line, "an identity (it needs the authority's files)");
        else if (!s->file.n)
            lose(x, q->line, "a key that is given as text");
        else
            files |= UINT64_C(1) << i;
    }
    if (q->need > 1)
        lose(x, q->line, "more than one signer of several");
    if (!files) {
        put_type(x, "reject"); /* never wider than the policy */
        return;
    }
    pl_jw_obj(&x->w);
    pl_jw_kcstr(&x->w, "type", "sigstoreSigned");
    put_keys(x, files);
    put_identity_rule(x);
    pl_jw_obj_end(&x->w);
}

static void lose_rules(struct export *x, const struct pl_rule_scope *s)
{
    const struct {
        bool has;
        const char *what;
    } t[] = {
        { s->n_attestations > 0, "attestations" },
        { s->n_annotations > 0, "annotations" },
        { s->vulns.set, "vulnerabilities" },
        { s->base.set, "base" },
        { s->no_secrets, "secrets" },
        { s->config.set, "config" },
        { s->platforms.n > 0 || s->all_children, "platforms" },
        { s->max_image_age_s > 0, "max-image-age" },
        { s->except.n > 0, "except" },
        { s->kind == PL_SCOPE_PINNED, "allow: pinned (that a digest is named)" },
        { s->audit, "mode: audit" },
    };
    for (size_t i = 0; i < sizeof t / sizeof t[0]; i++)
        if (t[i].has)
            lose(x, s->line, t[i].what);
}

static void put_requirements(struct export *x, const struct pl_rule_scope *s)
{
    pl_jw_arr(&x->w);
    if (s->kind == PL_SCOPE_DENY)
        put_type(x, "reject");
    else if (s->kind != PL_SCOPE_RULES || !s->n_signatures)
        put_type(x, s->kind == PL_SCOPE_RULES ? "reject" : "insecureAcceptAnything");
    for (size_t i = 0; s->kind == PL_SCOPE_RULES && i < s->n_signatures; i++)
        put_signature(x, &s->signatures[i]);
    pl_jw_arr_end(&x->w);
}

/* There the most specific scope decides, here the first: one that would be hidden is not written.
 */
static bool taken(const struct export *x, struct pl_str scope)
{
    for (size_t i = 0; i < x->scopes.n; i++) {
        struct pl_str have = x->scopes.p[i];
        struct pl_str host = pl_str_sub(scope, 0, pl_str_find(scope, PL_S("/"), 0));
        if (pl_str_starts(have, PL_S("*.")) && pl_str_ends(host, pl_str_sub(have, 1, SIZE_MAX)))
            return true;
        if (pl_str_eq(have, scope) ||
            (pl_str_starts(scope, have) && scope.n > have.n && scope.p[have.n] == '/'))
            return true;
    }
    return false;
}

static void put_scope(struct export *x, const struct pl_rule_scope *s)
{
    bool wrote = false;
    for (size_t i = 0; i < s->match.n; i++) {
        struct pl_str scope = scope_of(x, s->match.p[i]);
        if (!scope.n) {
            lose(x, s->line, "a pattern with '*' inside");
            continue;
        }
        if (taken(x, scope))
            continue;
        /* there a repository's scope is that of all below it as well */
        if (!pl_str_ends(s->match.p[i], PL_S("/**")) && s->kind != PL_SCOPE_DENY)
            lose(x, s->line, "a repository without those below it");
        x->scopes.p[x->scopes.n++] = scope;
        pl_jw_key(&x->w, scope.p);
        put_requirements(x, s);
        wrote = true;
    }
    if (wrote)
        lose_rules(x, s);
}

static void put_policy(struct export *x)
{
    size_t n = 0;
    for (size_t i = 0; i < x->p->n_scopes; i++)
        n += x->p->scopes[i].match.n;
    x->scopes.p = pl_alloc_n(&x->a, n, sizeof *x->scopes.p);
    x->w = (struct pl_jsonw){ .out = &x->policy, .indent = 2 };
    pl_jw_obj(&x->w);
    pl_jw_key(&x->w, "default");
    pl_jw_arr(&x->w);
    put_type(x, x->p->allow_unmatched ? "insecureAcceptAnything" : "reject");
    pl_jw_arr_end(&x->w);
    pl_jw_key(&x->w, "transports");
    pl_jw_obj(&x->w);
    pl_jw_key(&x->w, "docker");
    pl_jw_obj(&x->w);
    for (size_t i = 0; i < x->p->n_scopes; i++)
        put_scope(x, &x->p->scopes[i]);
    pl_jw_obj_end(&x->w);
    pl_jw_obj_end(&x->w);
    pl_jw_obj_end(&x->w);
    pl_buf_putc(&x->policy, '\n');
}

static int write_files(struct export *x)
{
    struct pl_err err = { 0 };
    pl_auto_buf struct pl_buf reg = { 0 };
    const char *dir = x->o->out, *sub = pl_printf(&x->a, "%s/registries.d", dir).p;
    pl_buf_puts(&reg, "# where sigstore signatures are looked for: beside the image\n");
    pl_buf_puts(&reg, x->scopes.n ? "docker:\n" : "docker: {}\n");
    for (size_t i = 0; i < x->scopes.n; i++)
        pl_buf_printf(&reg, "  \"%.*s\":\n    use-sigstore-attachments: true\n",
                      PL_FMT(x->scopes.p[i]));
    bool made =
        (mkdir(dir, 0777) == 0 || errno == EEXIST) && (mkdir(sub, 0777) == 0 || errno == EEXIST);
    if (!made) {
        fprintf(stderr, "plimsoll gate export: cannot make '%s': %s\n", dir, strerror(errno));
        return PL_EXIT_USAGE;
    }
    int r =
        pl_common_write(pl_printf(&x->a, "%s/policy.json", dir).p, pl_buf_str(&x->policy), &err);
    if (r == 0)
        r = pl_common_write(pl_printf(&x->a, "%s/plimsoll.yaml", sub).p, pl_buf_str(&reg), &err);
    if (r < 0)
        fprintf(stderr, "plimsoll gate export: %s\n", err.msg);
    return r < 0 ? PL_EXIT_USAGE : 0;
}

int pl_gate_export(const struct pl_gate_cmd *o, const struct pl_operands *ops)
{
    struct export x = { .o = o };
    struct pl_registry_opts ro;
    struct pl_operands none = { 0 };
    if (ops->n || !o->out || !o->form || strcmp(o->form, "podman") != 0) {
        fputs("plimsoll gate export: --for podman and -o FOLDER are wanted\n", stderr);
        return PL_EXIT_USAGE;
    }
    int code = pl_gate_cmd_open(o, &none, &x.a, &ro, NULL, &x.g);
    if (!code) {
        x.p = pl_gate_policy(x.g);
        put_policy(&x);
        code = x.lost && !o->lossy ? PL_EXIT_FINDINGS : write_files(&x);
    }
    pl_buf_release(&x.policy);
    pl_gate_unref(x.g);
    pl_arena_release(&x.a);
    return code;
}
