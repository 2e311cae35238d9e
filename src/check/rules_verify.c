/* Downloads and verification: what is run without check, and checks that are switched off.
 * formats/dockerfile.md sections 6 and 7. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cleanup.h"
#include "check/check.h"

static void hit(struct pl_lint *l, enum pl_rule_id rule, const struct pl_lint_in *in, uint32_t off,
                uint32_t end)
{
    uint32_t from = pl_df_src(&in->sh->text, off);
    pl_lint_rule(l, rule, in->index, from,
                 end > off ? pl_df_src(&in->sh->text, end - 1) + 1 : from);
}

/* Switches of commands: name, flag or word, code. */
static const struct {
    const char *cmds, *flag; /* a flag without dashes */
    const char *word;        /* or a word, whole or with '=' behind */
    const char *code;
} switches[] = {
    { "curl", "k", NULL, "CKV2_DOCKER_2" },
    { "curl", "insecure", NULL, "CKV2_DOCKER_2" },
    { "wget", "no-check-certificate", NULL, "CKV2_DOCKER_3" },
    { "pip pip2 pip3 python python2 python3 pipx", "trusted-host", NULL, "CKV2_DOCKER_4" },
    { "apk", "allow-untrusted", NULL, "CKV2_DOCKER_7" },
    { "apt-get apt aptitude", "allow-unauthenticated", NULL, "CKV2_DOCKER_8" },
    { "apt-get apt aptitude", "force-yes", NULL, "CKV2_DOCKER_11" },
    { "yum dnf tdnf microdnf", "nogpgcheck", NULL, "CKV2_DOCKER_9" },
    { "yum dnf tdnf microdnf", NULL, "--no-gpgcheck", "CKV2_DOCKER_9" },
    { "rpm", "nosignature", NULL, "CKV2_DOCKER_10" },
    { "yum dnf tdnf microdnf", NULL, "--setopt=sslverify=0", "CKV2_DOCKER_15" },
    { "yum dnf tdnf microdnf", NULL, "--setopt=sslverify=false", "CKV2_DOCKER_15" },
    { "chpasswd", NULL, NULL, "CKV2_DOCKER_17" },
};

static void switched(struct pl_lint *l, const struct pl_lint_in *in, const struct pl_sh_node *c)
{
    if (!pl_lint_is(c, "curl wget pip pip2 pip3 python python2 python3 pipx apk apt-get apt "
                       "aptitude yum dnf tdnf microdnf rpm chpasswd"))
        return; /* none of the table */
    for (size_t i = 0; i < PL_COUNT(switches); i++) {
        if (!pl_lint_is(c, switches[i].cmds))
            continue;
        if (!switches[i].flag && !switches[i].word) {
            pl_lint_at_word(l, switches[i].code, in, c->word[0].off, c->word[0].end);
            continue;
        }
        for (size_t k = 1; k < c->n_word; k++) {
            struct pl_sh_node one = { .kind = PL_SH_SIMPLE, .n_word = 2 };
            struct pl_sh_word w[2] = { c->word[0], c->word[k] };
            one.word = w;
            bool found = switches[i].word ? pl_str_is(c->word[k].simple, switches[i].word)
                                          : pl_sh_flag(&one, switches[i].flag);
            if (found) {
                pl_lint_at_word(l, switches[i].code, in, c->word[k].off, c->word[k].end);
                break;
            }
        }
    }
}

static bool off_word(struct pl_str s)
{
    s = pl_lint_unquote(s);
    return pl_lint_word_in(s, "0 false False FALSE off no");
}

/* Settings by `npm config set`, `git config`. */
static void configured(struct pl_lint *l, const struct pl_lint_in *in, const struct pl_sh_node *c)
{
    bool npm = pl_lint_is(c, "npm yarn pnpm"), git = pl_lint_is(c, "git");
    bool registry = pl_lint_is(c, "podman buildah skopeo docker dockerd crane");
    bool pip = pl_lint_is(c, "pip pip2 pip3 python python2 python3 uv pipenv poetry");
    for (size_t k = 1; k < c->n_word; k++) {
        struct pl_str s = c->word[k].simple, v = s, key;
        struct pl_str next = k + 1 < c->n_word ? c->word[k + 1].simple : PL_S("");
        pl_str_split(&v, '=', &key);
        bool off = (npm || git) && off_word(v.p ? v : next);
        if (npm && pl_str_is(key, "strict-ssl") && off)
            pl_lint_at_word(l, "CKV2_DOCKER_13", in, c->word[k].off, c->word[k].end);
        if (git && pl_str_ieq(key, PL_S("http.sslVerify")) && off)
            pl_lint_at_word(l, "CKV2_DOCKER_14", in, c->word[k].off, c->word[k].end);
        if (v.p && (pl_lint_has(s, "sslverify=0") || pl_lint_has(s, "sslverify=false")))
            pl_lint_at_word(l, "CKV2_DOCKER_15", in, c->word[k].off, c->word[k].end);
        if (registry &&
            (pl_str_is(s, "--tls-verify=false") || pl_str_is(s, "--src-tls-verify=false") ||
             pl_str_is(s, "--dest-tls-verify=false") ||
             pl_str_starts(s, PL_S("--insecure-registry"))))
            hit(l, PL_RULE_D417, in, c->word[k].off, c->word[k].end);
        if (pip && pl_str_starts(s, PL_S("--extra-index-url")))
            hit(l, PL_RULE_D416, in, c->word[k].off, c->word[k].end);
    }
}

/* Variables that switch a check off: in ENV, ARG, and assignments. */
static const struct {
    const char *name, *code;
    bool any; /* any value but an empty one */
} vars[] = {
    { "PYTHONHTTPSVERIFY", "CKV2_DOCKER_5", false },
    { "NODE_TLS_REJECT_UNAUTHORIZED", "CKV2_DOCKER_6", false },
    { "NPM_CONFIG_STRICT_SSL", "CKV2_DOCKER_12", false },
    { "npm_config_strict_ssl", "CKV2_DOCKER_12", false },
    { "GIT_SSL_NO_VERIFY", "CKV2_DOCKER_14", true },
    { "PIP_TRUSTED_HOST", "CKV2_DOCKER_16", true },
};

static const char *weak(struct pl_str name, struct pl_str value)
{
    for (size_t i = 0; i < PL_COUNT(vars); i++)
        if (pl_str_is(name, vars[i].name) &&
            (vars[i].any ? pl_lint_unquote(value).n > 0 && !(i == 4 && off_word(value))
                         : off_word(value)))
            return vars[i].code;
    return NULL;
}

static void settings(struct pl_lint *l, const struct pl_lint_in *in)
{
    const struct pl_df_node *n = in->n;
    bool env = n->cmd == PL_DF_ENV;
    if (!env && n->cmd != PL_DF_ARG)
        return;
    for (size_t i = 0; i < n->n_args; i += env ? 3 : 1) {
        struct pl_str value = n->args[i].s, name;
        pl_str_split(&value, '=', &name);
        if (env)
            value = n->args[i + 1].s;
        const char *code = weak(name, value.p ? value : PL_S(""));
        if (code)
            pl_lint_at_arg(l, code, in, &n->args[i]);
    }
}

static void assigned(struct pl_lint *l, const struct pl_lint_in *in, const struct pl_sh_node *c)
{
    for (size_t i = 0; i < c->n_assign; i++) {
        const char *code = weak(c->assign[i].name, c->assign[i].value.simple);
        if (code)
            pl_lint_at_word(l, code, in, c->off, c->off + (uint32_t)c->assign[i].name.n);
    }
    bool sets = pl_lint_is(c, "export env");
    for (size_t k = 1; k < c->n_word && sets; k++) {
        struct pl_str value = c->word[k].simple, name;
        pl_str_split(&value, '=', &name);
        const char *code = weak(name, value.p ? value : PL_S(""));
        if (code)
            pl_lint_at_word(l, code, in, c->word[k].off, c->word[k].end);
    }
}

/* --- downloads --- */

static bool downloads(const struct pl_sh_node *c)
{
    return pl_lint_is(c, "curl wget fetch aria2c");
}

static bool interprets(const struct pl_sh_node *c)
{
    if (pl_lint_is(c, "sudo env exec nohup") && c->n_word > 1) {
        for (size_t i = 1; i < c->n_word; i++) {
            struct pl_str s = c->word[i].simple;
            if (pl_sh_is_flag(&c->word[i]) || (s.n && memchr(s.p, '=', s.n)))
                continue;
            return pl_lint_word_in(pl_lint_base(s), "sh bash dash ash zsh ksh python python3 perl "
                                                    "ruby node php");
        }
    }
    return c->kind == PL_SH_SIMPLE &&
           pl_lint_word_in(pl_lint_base(pl_sh_name(c)),
                           "sh bash dash ash zsh ksh python python3 perl ruby node php source .");
}

static bool checks(const struct pl_sh_node *c)
{
    return pl_lint_is(
        c, "sha256sum sha512sum sha1sum sha384sum sha224sum md5sum shasum b2sum gpg gpg2 gpgv "
           "cosign minisign signify openssl rhash digest");
}

static bool url(struct pl_str s)
{
    return pl_str_starts(s, PL_S("http://")) || pl_str_starts(s, PL_S("https://")) ||
           pl_str_starts(s, PL_S("ftp://"));
}

static bool local_host(struct pl_str s)
{
    size_t at = pl_str_find(s, PL_S("://"), 0);
    s = pl_str_sub(s, at == SIZE_MAX ? 0 : at + 3, SIZE_MAX);
    return pl_str_starts(s, PL_S("localhost")) || pl_str_starts(s, PL_S("127.")) ||
           pl_str_starts(s, PL_S("[::1]"));
}

static void plain_http(struct pl_lint *l, const struct pl_lint_in *in, const struct pl_sh_node *c)
{
    if (!downloads(c) && !pl_lint_is(c, "git pip pip3 npm go rpm yum dnf apt-key"))
        return;
    for (size_t k = 1; k < c->n_word; k++)
        if (pl_str_starts(c->word[k].text, PL_S("http://")) && !local_host(c->word[k].text)) {
            hit(l, PL_RULE_D405, in, c->word[k].off, c->word[k].end);
            return;
        }
}

static bool has_download(const struct pl_sh_node *n, unsigned depth)
{
    if (n->kind == PL_SH_SIMPLE)
        return downloads(n);
    for (size_t i = 0; i < n->n_kid && depth < 40; i++)
        if (has_download(n->kid[i], depth + 1))
            return true;
    return false;
}

/* curl … | sh, sh -c "$(curl …)", bash <(curl …) */
static void piped(struct pl_lint *l, const struct pl_lint_in *in, const struct pl_sh_node *n,
                  unsigned depth)
{
    if (depth > 60)
        return;
    bool seen = false;
    for (size_t i = 0; i < n->n_kid; i++) {
        const struct pl_sh_node *k = n->kid[i];
        if (n->kind == PL_SH_PIPE && seen && interprets(k))
            hit(l, PL_RULE_D403, in, n->off, n->end);
        seen |= n->kind == PL_SH_PIPE && has_download(k, 0);
        piped(l, in, k, depth + 1);
    }
    if (n->kind != PL_SH_SIMPLE || !(interprets(n) || pl_lint_is(n, "eval")))
        return;
    for (size_t i = 1; i < n->n_word; i++)
        for (size_t p = 0; p < n->word[i].n; p++)
            if (n->word[i].part[p].sub && has_download(n->word[i].part[p].sub, 0))
                hit(l, PL_RULE_D403, in, n->off, n->end);
}

/* A download to a file that the same RUN runs or unpacks, without any check in it. */
static void unchecked(struct pl_lint *l, const struct pl_lint_in *in)
{
    const struct pl_sh_script *s = &in->sh->script;
    const struct pl_sh_node *get = NULL;
    for (size_t i = 0; i < s->n_cmds; i++) {
        const struct pl_sh_node *c = s->cmds[i];
        if (checks(c))
            return;
        bool remote = false;
        for (size_t k = 1; k < c->n_word; k++)
            remote |= url(c->word[k].text) || c->word[k].dynamic;
        if (!get && downloads(c) && remote)
            get = c;
        else if (get && (pl_lint_is(c, "tar unzip dpkg rpm gunzip install chmod") ||
                         (c->n_word && (c->word[0].text.n > 1 && c->word[0].text.p[0] == '.' &&
                                        c->word[0].text.p[1] == '/')) ||
                         interprets(c))) {
            hit(l, PL_RULE_D404, in, get->word[0].off, get->word[0].end);
            return;
        }
    }
}

static void shell_text(struct pl_lint *l, const struct pl_lint_in *in)
{
    for (size_t k = 0; k < in->sh->script.n_cmds; k++) {
        const struct pl_sh_node *c = in->sh->script.cmds[k];
        switched(l, in, c);
        configured(l, in, c);
        assigned(l, in, c);
        plain_http(l, in, c);
    }
    if (in->sh->script.root)
        piped(l, in, in->sh->script.root, 0);
    unchecked(l, in);
}

static void run(struct pl_lint *l)
{
    for (size_t i = 0; i < l->n; i++) {
        const struct pl_lint_in *in = &l->in[i];
        settings(l, in);
        if (in->sh && in->sh->posix)
            shell_text(l, in);
    }
    for (size_t i = 0; i < l->n_extra; i++)
        if (l->extra[i].n->cmd != PL_DF_HEALTHCHECK) /* it asks its own host */
            shell_text(l, &l->extra[i]);
}

const struct pl_check pl_check_verify = { "verify", run };
