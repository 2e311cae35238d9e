/* The cosign personality: verbs, flags, exit codes. A flag of cosign that is not honoured here is
 * an error that names it; where cosign would pass over something, this does not. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "compat/cosign.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "compat/compat.h"
#include "source/docker.h"

enum kind { K_BOOL, K_STR, K_LIST, K_TEXT_BOOL, K_IGNORED, K_REFUSED, K_REFUSED_BOOL };
#define AT(m) offsetof(struct pl_cs_opts, m)

/* K_TEXT_BOOL: a bool of which it matters whether it was given. K_IGNORED: changes nothing here. */
static const struct flag {
    const char *name;
    char letter;
    enum kind kind;
    size_t at;
} flags[] = {
    { "key", 'k', K_STR, AT(key) },
    { "annotations", 'a', K_LIST, AT(annotations) },
    { "type", 0, K_STR, AT(type) },
    { "predicate", 0, K_STR, AT(predicate) },
    { "output", 'o', K_STR, AT(output) },
    { "output-signature", 0, K_STR, AT(output_signature) },
    { "output-key-prefix", 0, K_STR, AT(prefix) },
    { "outfile", 0, K_STR, AT(outfile) },
    { "bundle", 0, K_STR, AT(bundle) },
    { "signature", 0, K_STR, AT(signature) },
    { "sign-container-identity", 0, K_STR, AT(container_identity) },
    { "trusted-root", 0, K_STR, AT(trusted_root) },
    { "certificate-identity", 0, K_STR, AT(identity) },
    { "certificate-identity-regexp", 0, K_STR, AT(identity_re) },
    { "certificate-oidc-issuer", 0, K_STR, AT(issuer) },
    { "certificate-oidc-issuer-regexp", 0, K_STR, AT(issuer_re) },
    { "registry-username", 0, K_STR, AT(registry_username) },
    { "registry-password", 0, K_STR, AT(registry_password) },
    { "registry-cacert", 0, K_STR, AT(registry_cacert) },
    { "registry-client-cert", 0, K_STR, AT(client_cert) },
    { "registry-client-key", 0, K_STR, AT(client_key) },
    { "new-bundle-format", 0, K_TEXT_BOOL, AT(new_bundle) },
    { "tlog-upload", 0, K_TEXT_BOOL, AT(tlog_upload) },
    { "check-claims", 0, K_TEXT_BOOL, AT(check_claims) },
    { "recursive", 'r', K_BOOL, AT(recursive) },
    { "yes", 'y', K_BOOL, AT(yes) },
    { "force", 'f', K_BOOL, AT(force) },
    { "sig-only", 0, K_BOOL, AT(sig_only) },
    { "local-image", 0, K_BOOL, AT(local_image) },
    { "allow-http-registry", 0, K_BOOL, AT(allow_http) },
    { "insecure-ignore-tlog", 0, K_BOOL, AT(ignore_tlog) },
    { "private-infrastructure", 0, K_BOOL, AT(private_infra) },
    { "insecure-ignore-sct", 0, K_BOOL, AT(ignore_sct) },
    { "offline", 0, K_BOOL, AT(offline) },
    { "record-creation-timestamp", 0, K_BOOL, AT(record_time) },
    { "only", 0, K_STR, AT(only) },
    { "max-workers", 0, K_IGNORED, 0 },
    { "signing-config", 0, K_IGNORED, 0 },
    { "timeout", 't', K_STR, AT(timeout) },
    { "predicate-type", 0, K_STR, AT(predicate_type) },
    { "allow-insecure-registry", 0, K_REFUSED_BOOL, 0 },
    { "experimental-oci11", 0, K_REFUSED_BOOL, 0 },
    { "issue-certificate", 0, K_REFUSED_BOOL, 0 },
    { "k8s-keychain", 0, K_REFUSED_BOOL, 0 },
    { "no-upload", 0, K_REFUSED_BOOL, 0 },
    { "replace", 0, K_REFUSED_BOOL, 0 },
    { "sk", 0, K_REFUSED_BOOL, 0 },
    { "use-signed-timestamps", 0, K_REFUSED_BOOL, 0 },
    { "use-signing-config", 0, K_REFUSED_BOOL, 0 },
    { "insecure-skip-verify", 0, K_REFUSED_BOOL, 0 },
};

static const struct verb {
    const char *name, *operands;
    size_t min, max;
    int (*run)(struct pl_cs *c);
} verbs[] = {
    { "sign", "IMAGE...", 1, 64, pl_cs_sign },
    { "sign-blob", "FILE", 1, 1, pl_cs_sign_blob },
    { "attest", "IMAGE", 1, 1, pl_cs_attest },
    { "verify", "IMAGE...", 1, 64, pl_cs_verify },
    { "verify-attestation", "IMAGE...", 1, 64, pl_cs_verify_attestation },
    { "verify-blob", "FILE", 1, 1, pl_cs_verify_blob },
    { "generate-key-pair", "", 0, 0, pl_cs_generate },
    { "import-key-pair", "", 0, 0, pl_cs_import },
    { "public-key", "", 0, 0, pl_cs_public_key },
    { "tree", "IMAGE", 1, 1, pl_cs_tree },
    { "triangulate", "IMAGE", 1, 1, pl_cs_triangulate },
    { "download signature", "IMAGE", 1, 1, pl_cs_download_signature },
    { "download attestation", "IMAGE", 1, 1, pl_cs_download_attestation },
    { "copy", "SOURCE TARGET", 2, 2, pl_cs_copy },
};

static int usage(FILE *to)
{
    fputs("A tool for container signing and verification (plimsoll as cosign)\n\nUsage:\n", to);
    for (size_t i = 0; i < PL_COUNT(verbs); i++)
        fprintf(to, "  cosign %s [flags] %s\n", verbs[i].name, verbs[i].operands);
    return to == stdout ? CS_OK : CS_FAILED;
}

/* ---- flags ---- */

static int set_bool(const struct flag *f, const char *value, struct pl_cs *c)
{
    bool on = !value || strcmp(value, "true") == 0 || strcmp(value, "1") == 0;
    char *at = (char *)&c->o + f->at;
    if (value && !on && strcmp(value, "false") != 0 && strcmp(value, "0") != 0)
        return pl_fail(&c->err, PL_E_USAGE, "invalid argument \"%s\" for \"--%s\" flag", value,
                       f->name);
    if (f->kind == K_REFUSED_BOOL && on)
        return pl_fail(&c->err, PL_E_USAGE, "flag --%s is not honoured by plimsoll", f->name);
    if (f->kind == K_TEXT_BOOL)
        *(const char **)(void *)at = on ? "true" : "false";
    else if (f->kind == K_BOOL)
        *(bool *)(void *)at = on;
    return 0;
}

static int set_value(const struct flag *f, const char *value, struct pl_cs *c)
{
    char *at = (char *)&c->o + f->at;
    struct pl_cs_list *list = (struct pl_cs_list *)(void *)at;
    if (f->kind == K_STR)
        *(const char **)(void *)at = value;
    if (f->kind != K_LIST)
        return 0;
    if (list->n == PL_CS_LIST_MAX)
        return pl_fail(&c->err, PL_E_USAGE, "--%s is given too often", f->name);
    list->p[list->n++] = value;
    return 0;
}

static const struct flag *find(const char *arg, size_t n)
{
    for (size_t i = 0; i < PL_COUNT(flags); i++)
        if (arg[1] == '-'
                ? strlen(flags[i].name) == n - 2 && strncmp(flags[i].name, arg + 2, n - 2) == 0
                : n == 2 && flags[i].letter && flags[i].letter == arg[1])
            return &flags[i];
    return NULL;
}

static int one_flag(struct pl_cs *c, const char *arg, char ***next)
{
    const char *eq = strchr(arg, '=');
    size_t n = eq ? (size_t)(eq - arg) : strlen(arg);
    const char *value = eq ? eq + 1 : NULL;
    const struct flag *f = find(arg, n);
    if (!f)
        return pl_fail(&c->err, PL_E_USAGE, "flag %.*s is not honoured by plimsoll", (int)n, arg);
    if (f->kind == K_BOOL || f->kind == K_TEXT_BOOL || f->kind == K_REFUSED_BOOL)
        return set_bool(f, value, c);
    if (!value)
        value = *(*next) ? *(*next)++ : NULL;
    if (!value)
        return pl_fail(&c->err, PL_E_USAGE, "flag needs an argument: %s", arg);
    return set_value(f, value, c);
}

static int parse(struct pl_cs *c, char **argv)
{
    bool plain = false;
    while (*argv) {
        const char *arg = *argv++;
        if (!plain && strcmp(arg, "--") == 0) {
            plain = true;
        } else if (plain || arg[0] != '-' || !arg[1]) {
            c->ops[c->n_ops++] = arg;
        } else {
            int r = one_flag(c, arg, &argv);
            if (r < 0)
                return r;
        }
    }
    return 0;
}

/* ---- the way to registries ---- */

static void say(void *arg, const char *text)
{
    (void)arg;
    fprintf(stderr, "WARNING: %s\n", text);
}

/* "3m0s", "1h30m", "500ms": whole seconds, at least one; 0 means none. */
static int take_timeout(struct pl_cs *c)
{
    static const struct {
        const char *unit;
        uint64_t ms;
    } units[] = { { "ms", 1 }, { "s", 1000 }, { "m", 60000 }, { "h", 3600000 } };
    struct pl_str s = pl_str_c(c->o.timeout);
    uint64_t sum = 0, n;
    bool bad = s.n == 0;
    if (!c->o.timeout)
        return 0;
    while (s.n && !bad && !pl_str_is(s, "0")) {
        size_t digits = 0, u = 0;
        while (digits < s.n && s.p[digits] >= '0' && s.p[digits] <= '9')
            digits++;
        bad = !pl_str_u64(pl_str_sub(s, 0, digits), &n) || n > 1000000;
        s = pl_str_sub(s, digits, s.n);
        while (u < PL_COUNT(units) && !pl_str_starts(s, pl_str_c(units[u].unit)))
            u++;
        bad = bad || u == PL_COUNT(units);
        sum += bad ? 0 : n * units[u].ms;
        s = bad ? s : pl_str_sub(s, strlen(units[u].unit), s.n);
        bad = bad || sum > UINT32_MAX;
    }
    c->reg.timeout_s = (uint32_t)((sum + 999) / 1000);
    return bad ? pl_fail(&c->err, PL_E_USAGE, "invalid argument \"%s\" for \"--timeout\" flag",
                         c->o.timeout)
               : 0;
}

static int reach(struct pl_cs *c)
{
    struct pl_reference ref;
    struct pl_names *plain = &c->reg.plain_http;
    pl_registry_opts_init(&c->reg);
    c->reg.timeout_s = 180; /* cosign's own */
    c->reg.ca_file = c->o.registry_cacert;
    c->reg.client_cert = c->o.client_cert;
    c->reg.client_key = c->o.client_key;
    c->reg.username = c->o.registry_username;
    c->reg.note = say;
    plain->p = pl_alloc_n(&c->a, c->n_ops, sizeof *plain->p);
    for (size_t i = 0; c->o.allow_http && i < c->n_ops; i++)
        if (pl_docker_reference(pl_str_c(c->ops[i]), &c->a, &ref, NULL, NULL) == 0)
            plain->p[plain->n++] = ref.host;
    if (take_timeout(c) < 0)
        return PL_E_USAGE;
    if (!c->o.registry_username != !c->o.registry_password)
        return pl_fail(&c->err, PL_E_USAGE,
                       "--registry-username and --registry-password go together");
    if (!c->o.registry_username)
        return 0;
    size_t n = strlen(c->o.registry_password);
    c->reg.password_fd = memfd_create("plimsoll-password", MFD_CLOEXEC);
    if (c->reg.password_fd < 0 ||
        write(c->reg.password_fd, c->o.registry_password, n) != (ssize_t)n)
        return pl_fail(&c->err, PL_E_IO, "cannot keep the password");
    return 0;
}

int pl_cs_open(struct pl_cs *c, size_t n, struct pl_sign_place *p)
{
    const char *target = c->ops[n];
    if (c->o.local_image)
        target = pl_printf(&c->a, "oci:%s", target).p;
    else if (strncmp(target, "docker://", 9) != 0)
        target = pl_printf(&c->a, "docker://%s", target).p; /* never a folder of that name */
    return pl_sign_place_open(p, target, &c->reg, PL_LOOK_NOTHING, &c->err);
}

int pl_cs_annotations(struct pl_cs *c, struct pl_annotation **ret)
{
    const struct pl_cs_list *list = &c->o.annotations;
    *ret = pl_alloc_n(&c->a, list->n, sizeof **ret);
    for (size_t i = 0; i < list->n; i++) {
        const char *eq = strchr(list->p[i], '=');
        if (!eq || eq == list->p[i])
            return pl_fail(&c->err, PL_E_USAGE, "unable to parse annotation: %s", list->p[i]);
        (*ret)[i].name = pl_dup(&c->a, pl_str_n(list->p[i], (size_t)(eq - list->p[i])));
        (*ret)[i].value = pl_dup(&c->a, pl_str_c(eq + 1));
    }
    return 0;
}

/* ---- verbs ---- */

static const struct verb *find_verb(char ***argv)
{
    char *first = **argv;
    bool download = first && strcmp(first, "download") == 0;
    char two[64];
    if (!first)
        return NULL;
    (*argv)++;
    if (download && **argv)
        snprintf(two, sizeof two, "download %s", *(*argv)++);
    else
        snprintf(two, sizeof two, "%s", first);
    for (size_t i = 0; i < PL_COUNT(verbs); i++)
        if (strcmp(verbs[i].name, two) == 0)
            return &verbs[i];
    return NULL;
}

static int run_verb(const struct verb *v, char **argv)
{
    struct pl_cs *c = calloc(1, sizeof *c);
    size_t n = 0;
    if (!c)
        pl_oom();
    while (argv[n])
        n++;
    c->ops = pl_alloc_n(&c->a, n + 1, sizeof *c->ops);
    c->reg.password_fd = -1;
    int code = CS_FAILED, r = parse(c, argv);
    if (r == 0 && (c->n_ops < v->min || c->n_ops > v->max))
        r = pl_fail(&c->err, PL_E_USAGE, "%s takes: %s", v->name,
                    v->max ? v->operands : "no operands");
    if (r == 0 && c->o.predicate_type && v->run != pl_cs_download_attestation)
        r = pl_fail(&c->err, PL_E_USAGE, "flag --predicate-type goes with download attestation");
    if (r == 0)
        r = reach(c);
    if (r == 0)
        code = v->run(c);
    if (code != CS_OK && c->err.msg[0])
        fprintf(stderr, "Error: %s\nerror during command execution: %s\n", c->err.msg, c->err.msg);
    if (c->reg.password_fd >= 0)
        close(c->reg.password_fd);
    pl_arena_release(&c->a);
    free(c);
    return code;
}

static int run(char **argv)
{
    if (!argv[0] || strcmp(argv[0], "help") == 0 || strcmp(argv[0], "--help") == 0 ||
        strcmp(argv[0], "-h") == 0)
        return usage(argv[0] ? stdout : stderr);
    if (strcmp(argv[0], "version") == 0 || strcmp(argv[0], "--version") == 0) {
        puts("GitVersion:    plimsoll " PL_VERSION);
        return CS_OK;
    }
    const char *name = argv[0];
    const struct verb *v = find_verb(&argv);
    if (!v) {
        fprintf(stderr, "Error: unknown command \"%s\" for \"cosign\"\n", name);
        return CS_FAILED;
    }
    for (size_t i = 0; argv[i]; i++)
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)
            return usage(stdout);
    return run_verb(v, argv);
}

const struct pl_persona pl_persona_cosign = {
    .name = "cosign",
    .summary = "signing and verification with cosign's flags, output and exit codes",
    .run = run,
};
