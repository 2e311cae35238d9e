/* Secrets by name and by value in ARG, ENV, RUN and COPY. formats/dockerfile.md 3, 5, 6, 7. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <ctype.h>

#include "base/cleanup.h"
#include "check/check.h"

static const char exact[] =
    "ACCESS_TOKEN APPLICATION_KEY APP_SECRET AUTH_TOKEN AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY "
    "BITTREX_API_KEY BITTREX_API_SECRET CF_PASSWORD CF_USERNAME CIRCLE_TOKEN CI_DEPLOY_PASSWORD "
    "CI_DEPLOY_USER DOCKERHUB_PASSWORD DOCKER_EMAIL DOCKER_PASSWORD DOCKER_USERNAME "
    "FACEBOOK_ACCESS_TOKEN FACEBOOK_APP_ID FACEBOOK_APP_SECRET FIREBASE_API_TOKEN FIREBASE_TOKEN "
    "FOSSA_API_KEY GH_ENTERPRISE_TOKEN GH_TOKEN GITHUB_ENTERPRISE_TOKEN GITHUB_TOKEN "
    "HEROKU_API_KEY HEROKU_API_USER NPM_AUTH_TOKEN NPM_TOKEN OKTA_AUTHN_GROUPID "
    "OKTA_CLIENT_ORGURL OKTA_CLIENT_TOKEN OKTA_OAUTH2_CLIENTID OKTA_OAUTH2_CLIENTSECRET "
    "OPENAI_API_KEY OS_PASSWORD OS_USERNAME POSTGRES_PASSWORD SLACK_TOKEN STRIPE_API_KEY "
    "STRIPE_DEVICE_NAME TRAVIS_OS_NAME TRAVIS_SECURE_ENV_VARS TRAVIS_SUDO VAULT_CLIENT_KEY "
    "VAULT_TOKEN";

static bool hadolint_name(struct pl_arena *a, struct pl_str name)
{
    static const char *const parts[] = { "api_key", "client_key", "password", "private",
                                         "secret",  "token",      "username" };
    struct pl_str low = pl_lint_lower(a, name);
    char *up = pl_alloc(a, name.n + 1);
    for (size_t i = 0; i < name.n; i++)
        up[i] = (char)toupper((unsigned char)name.p[i]);
    if (pl_lint_word_in(pl_str_n(up, name.n), exact))
        return true;
    for (size_t i = 0; i < PL_COUNT(parts); i++)
        if (pl_lint_has(low, parts[i]))
            return true;
    return false;
}

/* Names that hold a secret for trivy: words of a secret, of clouds and hosters, not public ones. */
static bool trivy_name(struct pl_arena *a, struct pl_str name)
{
    static const char *const parts[] = { "secret",     "passwd",    "password",    "token",
                                         "api_key",    "apikey",    "private_key", "access_key",
                                         "passphrase", "client_key" };
    struct pl_str low = pl_lint_lower(a, name);
    if (pl_lint_has(low, "public") || pl_str_ends(low, PL_S("_file")) ||
        pl_str_ends(low, PL_S("_path")) || pl_lint_has(low, "_version"))
        return false;
    for (size_t i = 0; i < PL_COUNT(parts); i++)
        if (pl_lint_has(low, parts[i]))
            return true;
    return pl_lint_word_in(low, "auth credential credentials pword");
}

/* Variables that name a file of credentials. */
static const char credential_vars[] =
    "GOOGLE_APPLICATION_CREDENTIALS AWS_CONFIG_FILE "
    "AWS_SHARED_CREDENTIALS_FILE KUBECONFIG DOCKER_CONFIG "
    "CLOUDSDK_CONFIG AZURE_CONFIG_DIR NETRC NPM_CONFIG_USERCONFIG "
    "PIP_CONFIG_FILE";

static bool has_value(struct pl_str v)
{
    v = pl_lint_unquote(v);
    return v.n && !memchr(v.p, '$', v.n);
}

static void settings(struct pl_lint *l, const struct pl_lint_in *in)
{
    const struct pl_df_node *n = in->n;
    bool env = n->cmd == PL_DF_ENV, told = false;
    if (!env && n->cmd != PL_DF_ARG)
        return;
    for (size_t i = 0; i < n->n_args; i += env ? 3 : 1) {
        struct pl_str value = n->args[i].s, name;
        pl_str_split(&value, '=', &name);
        if (env)
            value = n->args[i + 1].s;
        bool scans = value.p && has_value(value) && l->o->secret &&
                     l->o->secret(l->o->secret_arg, name, pl_lint_unquote(value));
        struct pl_lint_hit *h = NULL;
        if (hadolint_name(l->a, name) && !told) {
            h = pl_lint_at_arg(l, "DL3064", in, &n->args[i]);
            told = true;
        }
        if (trivy_name(l->a, name))
            h = pl_lint_at_arg(l, "DS-0031", in, &n->args[i]);
        if (trivy_name(l->a, name) && env && has_value(value))
            h = pl_lint_at_arg(l, "CIS-DI-0010", in, &n->args[i]);
        if (scans && !h) {
            uint32_t off = pl_df_src(&n->text, n->args[i].at);
            h = pl_lint_rule(l, PL_RULE_D201, in->index, off, off + (uint32_t)name.n);
        }
        if (scans && h)
            h->severity = PL_SEV_HIGH;
    }
}

/* --- files --- */

bool pl_lint_credential_file(struct pl_str path)
{
    struct pl_str base = pl_lint_base(path);
    if (pl_lint_word_in(base, ".npmrc .netrc .pypirc .git-credentials .dockercfg .dockerconfigjson "
                              "id_rsa id_dsa id_ecdsa id_ed25519 kubeconfig .htpasswd .pgpass "
                              ".my.cnf credentials.json .env .aws .ssh .kube .azure .gnupg .git"))
        return true;
    if (pl_str_ends(path, PL_S(".docker/config.json")) || pl_lint_has(path, ".aws/credentials") ||
        pl_lint_has(path, ".kube/config") || pl_lint_has(path, ".ssh/id_"))
        return true;
    return pl_str_ends(base, PL_S(".pem")) && pl_lint_has(base, "key");
}

static void files(struct pl_lint *l, const struct pl_lint_in *in)
{
    const struct pl_df_node *n = in->n;
    if ((n->cmd != PL_DF_COPY && n->cmd != PL_DF_ADD) || n->n_args < 2)
        return;
    for (size_t i = 0; i + 1 < n->n_args; i++) {
        struct pl_str s = pl_lint_unquote(n->args[i].s);
        if (!pl_lint_credential_file(s) || pl_str_starts(s, PL_S("http")))
            continue;
        uint32_t off = pl_df_src(&n->text, n->args[i].at);
        pl_lint_rule(l, PL_RULE_D202, in->index, off, off + (uint32_t)n->args[i].s.n);
    }
    /* a copy to the place that a variable of credentials names */
    struct pl_str t = pl_lint_unquote(n->args[n->n_args - 1].s);
    struct pl_str rest = pl_str_c(credential_vars), var;
    while (pl_str_split(&rest, ' ', &var))
        if (t.n > var.n && t.p[0] == '$' && pl_str_find(t, var, 0) != SIZE_MAX) {
            uint32_t off = pl_df_src(&n->text, n->args[n->n_args - 1].at);
            pl_lint_code_as(l, "DS-0031", PL_RULE_D202, in->index, off, off + (uint32_t)t.n);
        }
}

/* Does a copy of the stage put something where the variable points to? */
static bool copied_to(struct pl_lint *l, const struct pl_lint_in *in, struct pl_str where)
{
    bool rel = !(where.n && where.p[0] == '/');
    while (pl_str_starts(where, PL_S("./")))
        where = pl_str_sub(where, 2, SIZE_MAX);
    for (size_t i = 0; i < l->n && pl_lint_work(l, 1); i++) {
        const struct pl_df_node *n = l->in[i].top;
        if (l->in[i].stage != in->stage || n->n_args < 2 ||
            (n->cmd != PL_DF_COPY && n->cmd != PL_DF_ADD))
            continue;
        struct pl_str t = pl_lint_unquote(n->args[n->n_args - 1].s);
        while (pl_str_starts(t, PL_S("./")))
            t = pl_str_sub(t, 2, SIZE_MAX);
        struct pl_str bare = t, w = where;
        if (rel && bare.n && bare.p[0] == '/')
            bare = pl_str_sub(bare, 1, SIZE_MAX);
        while (bare.n && bare.p[bare.n - 1] == '/')
            bare.n--;
        if (!bare.n || pl_str_is(bare, "."))
            return true;
        if (pl_str_starts(w, bare) && (w.n == bare.n || w.p[bare.n] == '/'))
            return true;
    }
    return false;
}

static void pointed(struct pl_lint *l, const struct pl_lint_in *in)
{
    const struct pl_df_node *n = in->n;
    for (size_t i = 0; i + 1 < n->n_args && n->cmd == PL_DF_ENV; i += 3) {
        struct pl_str v = pl_lint_unquote(n->args[i + 1].s);
        if (!pl_lint_word_in(n->args[i].s, credential_vars) || !has_value(v))
            continue;
        if (copied_to(l, in, v)) {
            uint32_t off = pl_df_src(&n->text, n->args[i].at);
            pl_lint_code_as(l, "DS-0031", PL_RULE_D202, in->index, off,
                            off + (uint32_t)n->args[i].s.n);
        }
    }
}

/* --- commands --- */

static void hit(struct pl_lint *l, enum pl_rule_id rule, const struct pl_lint_in *in,
                const struct pl_sh_word *w)
{
    uint32_t from = pl_df_src(&in->sh->text, w->off);
    uint32_t end = w->end > w->off ? pl_df_src(&in->sh->text, w->end - 1) + 1 : from;
    pl_lint_rule(l, rule, in->index, from, end);
}

/* scheme://user:password@host with a password that is written there. */
static bool userinfo(struct pl_str s)
{
    size_t at = pl_str_find(s, PL_S("://"), 0);
    if (at == SIZE_MAX)
        return false;
    s = pl_str_sub(s, at + 3, SIZE_MAX);
    const char *slash = s.n ? memchr(s.p, '/', s.n) : NULL;
    if (slash)
        s.n = (size_t)(slash - s.p);
    const char *host = s.n ? memchr(s.p, '@', s.n) : NULL,
               *colon = s.n ? memchr(s.p, ':', s.n) : NULL;
    if (!host || !colon || colon > host || colon == s.p)
        return false;
    return host > colon + 1 && colon[1] != '$';
}

static void commands(struct pl_lint *l, const struct pl_lint_in *in)
{
    for (size_t i = 0; i < in->sh->script.n_cmds; i++) {
        const struct pl_sh_node *c = in->sh->script.cmds[i];
        struct pl_str name = pl_sh_name(c);
        for (size_t k = 1; k < c->n_word; k++)
            if (userinfo(c->word[k].text))
                hit(l, PL_RULE_D203, in, &c->word[k]);
        bool user = pl_lint_word_in(name, "useradd usermod");
        if (pl_str_is(name, "passwd") && pl_sh_flag(c, "stdin"))
            hit(l, PL_RULE_D204, in, &c->word[0]);
        if (pl_str_is(name, "passwd") && pl_sh_flag(c, "d"))
            hit(l, PL_RULE_D310, in, &c->word[0]);
        if (user && (pl_sh_flag(c, "p") || pl_sh_flag(c, "password")))
            hit(l, PL_RULE_D204, in, &c->word[0]);
    }
}

/* A credential file written in one RUN and removed in a later one. */
static void removed_later(struct pl_lint *l, const struct pl_lint_in *in)
{
    for (size_t i = 0; i < in->sh->script.n_cmds; i++) {
        const struct pl_sh_node *c = in->sh->script.cmds[i];
        for (size_t k = 1; k < c->n_word && pl_lint_word_in(pl_sh_name(c), "rm shred"); k++) {
            struct pl_str path = c->word[k].simple;
            if (pl_sh_is_flag(&c->word[k]) || !pl_lint_credential_file(path))
                continue;
            for (size_t b = in->index;
                 b-- > 0 && l->in[b].stage == in->stage && pl_lint_work(l, 1);) {
                const struct pl_df_node *n = l->in[b].n;
                if ((n->cmd == PL_DF_COPY || n->cmd == PL_DF_ADD) && n->n_args > 1 &&
                    (pl_str_eq(pl_lint_base(n->args[n->n_args - 1].s), pl_lint_base(path)) ||
                     pl_str_eq(pl_lint_base(n->args[0].s), pl_lint_base(path)))) {
                    hit(l, PL_RULE_D205, in, &c->word[k]);
                    break;
                }
            }
        }
    }
}

static void run(struct pl_lint *l)
{
    for (size_t i = 0; i < l->n; i++) {
        const struct pl_lint_in *in = &l->in[i];
        settings(l, in);
        files(l, in);
        pointed(l, in);
        if (in->sh && in->sh->posix) {
            commands(l, in);
            removed_later(l, in);
        }
    }
}

const struct pl_check pl_check_secret = { "secret", run };
