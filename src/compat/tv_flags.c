/* Flags of `trivy image` and its kin, from the command line, TRIVY_* and trivy.yaml; what is not
 * done here is refused by name. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "compat/tv_scan.h"
#include "fmt/yaml.h"

enum kind {
    STR,
    LIST, /* comma-separated, may be repeated */
    BOOL, /* stands alone */
    NUM,
    FINE,   /* stands alone and changes nothing here */
    FINE_V, /* the same with a value */
    NO,     /* refused */
    SPECIAL
};

#define AT(field) offsetof(struct pl_tv_opts, field)
static const struct flag {
    const char *name;
    char letter;
    enum kind kind;
    size_t at;
    const char *key; /* in trivy.yaml, with dots; NULL: the name */
} flags[] = {
    { "format", 'f', STR, AT(format), NULL },
    { "output", 'o', STR, AT(output), NULL },
    { "template", 't', STR, AT(template_), NULL },
    { "input", 0, STR, AT(input), "image.input" },
    { "ignorefile", 0, STR, AT(ignorefile), NULL },
    { "platform", 0, STR, AT(platform), "image.platform" },
    { "cache-dir", 0, STR, AT(cache_dir), "cache.dir" },
    { "username", 0, STR, AT(user), "registry.username" },
    { "password", 0, STR, AT(password), "registry.password" },
    { "vex", 0, LIST, AT(vex), NULL },
    { "skip-dirs", 0, LIST, AT(skip_dirs), "scan.skip-dirs" },
    { "skip-files", 0, LIST, AT(skip_files), "scan.skip-files" },
    { "severity", 's', SPECIAL, 0, NULL },
    { "scanners", 0, SPECIAL, 0, "scan.scanners" },
    { "security-checks", 0, SPECIAL, 0, NULL },
    { "pkg-types", 0, SPECIAL, 0, "pkg.types" },
    { "vuln-type", 0, SPECIAL, 0, NULL },
    { "ignore-status", 0, SPECIAL, 0, "vulnerability.ignore-status" },
    { "exit-code", 0, NUM, AT(exit_code), NULL },
    { "exit-on-eol", 0, NUM, AT(exit_on_eol), NULL },
    { "ignore-unfixed", 0, SPECIAL, 0, "vulnerability.ignore-unfixed" },
    { "list-all-pkgs", 0, BOOL, AT(packages), NULL },
    { "include-dev-deps", 0, BOOL, AT(dev), "pkg.include-dev-deps" },
    { "offline-scan", 0, FINE, 0, "scan.offline" },
    { "quiet", 'q', BOOL, AT(quiet), NULL },
    { "insecure", 0, BOOL, AT(insecure), NULL },
    { "skip-db-update", 0, FINE, 0, "db.skip-update" },
    { "skip-update", 0, FINE, 0, NULL },
    { "skip-java-db-update", 0, FINE, 0, "db.java-skip-update" },
    { "skip-check-update", 0, FINE, 0, NULL },
    { "skip-policy-update", 0, FINE, 0, NULL },
    { "skip-vex-repo-update", 0, FINE, 0, NULL },
    { "skip-version-check", 0, FINE, 0, NULL },
    { "disable-telemetry", 0, FINE, 0, NULL },
    { "no-progress", 0, FINE, 0, "db.no-progress" },
    { "debug", 'd', FINE, 0, NULL },
    { "no-color", 0, FINE, 0, NULL },
    { "light", 0, FINE, 0, NULL },
    { "show-suppressed", 0, NO, 0, "scan.show-suppressed" },
    { "timeout", 0, SPECIAL, 0, NULL },
    { "parallel", 0, NUM, AT(threads), "scan.parallel" },
    { "cache-backend", 0, FINE_V, 0, "cache.backend" },
    { "cache-ttl", 0, FINE_V, 0, "cache.ttl" },
    { "db-repository", 0, FINE_V, 0, "db.repository" },
    { "java-db-repository", 0, FINE_V, 0, "db.java-repository" },
    { "checks-bundle-repository", 0, FINE_V, 0, NULL },
    { "image-src", 0, SPECIAL, 0, "image.source" },
    { "detection-priority", 0, NO, 0, "scan.detection-priority" },
    { "table-mode", 0, SPECIAL, 0, NULL },
    { "config", 'c', FINE_V, 0, NULL },
    { "secret-config", 0, NO, 0, "secret.config" },
    { "generate-default-config", 0, NO, 0, NULL },
    { "server", 0, NO, 0, "server.addr" },
    { "token", 0, NO, 0, "server.token" },
    { "compliance", 0, NO, 0, "scan.compliance" },
    { "ignore-policy", 0, NO, 0, NULL },
    { "distro", 0, NO, 0, "scan.distro" },
    { "dependency-tree", 0, NO, 0, NULL },
    { "image-config-scanners", 0, NO, 0, NULL },
    { "file-patterns", 0, NO, 0, "scan.file-patterns" },
    { "severity-src", 0, NO, 0, NULL },
    { "vuln-severity-source", 0, NO, 0, "vulnerability.severity-source" },
    { "download-db-only", 0, NO, 0, "db.download-only" },
    { "reset", 0, NO, 0, NULL },
    { "license-full", 0, NO, 0, "license.full" },
    { "removed-pkgs", 0, NO, 0, "image.removed-pkgs" },
    { "pkg-relationships", 0, NO, 0, "pkg.relationships" },
    { "sbom-sources", 0, NO, 0, NULL },
    { "docker-host", 0, NO, 0, "image.docker.host" },
    { "podman-host", 0, NO, 0, "image.podman.host" },
};

static const char help[] =
    "Scan for vulnerabilities and secrets (plimsoll)\n\n"
    "Usage:\n  trivy image|filesystem|rootfs|repository|sbom [flags] TARGET\n\n"
    "Flags:\n"
    "      --input string             image archive in place of a name\n"
    "  -f, --format string            table, json, sarif, template, cyclonedx, spdx-json, gitlab\n"
    "  -t, --template string          @contrib/junit.tpl, gitlab.tpl, gitlab-codequality.tpl, "
    "html.tpl\n"
    "  -o, --output string            output file name\n"
    "  -s, --severity strings         UNKNOWN,LOW,MEDIUM,HIGH,CRITICAL\n"
    "      --exit-code int            exit code when something is found\n"
    "      --exit-on-eol int          exit code when the release is no longer supported\n"
    "      --ignore-unfixed           only what a version mends\n"
    "      --ignore-status strings    unknown,not_affected,affected,fixed,under_investigation,\n"
    "                                 will_not_fix,fix_deferred,end_of_life\n"
    "      --scanners strings         vuln,secret (default vuln,secret)\n"
    "      --pkg-types strings        os,library\n"
    "      --ignorefile string        .trivyignore file\n"
    "      --vex strings              OpenVEX, CSAF or CycloneDX files\n"
    "      --skip-dirs, --skip-files  what is left out\n"
    "      --list-all-pkgs            packages in the report\n"
    "      --cache-dir string         its folder db holds the advisory database\n"
    "      --platform string          os/architecture of an index\n"
    "      --image-src strings        docker,podman,remote: where images are sought, in order\n"
    "      --insecure                 registries without a trusted certificate, or without TLS\n"
    "      --parallel int             workers\n"
    "      --timeout duration         such as 5m0s: then it ends with exit code 1\n"
    "  -q, --quiet                    no progress\n";

static int refuse(const char *what, const char *value)
{
    fprintf(stderr, "plimsoll as trivy: %s%s%s\n", what, value ? " " : "", value ? value : "");
    return PL_TV_USAGE;
}

static void *at(struct pl_tv_opts *o, size_t offset)
{
    return (char *)o + offset;
}

static int severities(struct pl_tv_opts *o, struct pl_str list)
{
    struct pl_str word;
    memset(o->severity, 0, sizeof o->severity);
    while (pl_str_split(&list, ',', &word)) {
        bool known = false;
        for (unsigned s = 0; s <= PL_TV_CRITICAL; s++)
            if (pl_str_ieq(pl_str_trim(word), pl_str_c(pl_tv_severity_name(s))))
                o->severity[s] = known = true;
        if (!known)
            return refuse("--severity does not know a word of its list", NULL);
    }
    return 0;
}

static int statuses(struct pl_tv_opts *o, struct pl_str list, struct pl_arena *a)
{
    struct pl_str word;
    enum pl_fix_state s;
    while (pl_str_split(&list, ',', &word)) {
        word = pl_str_trim(word);
        if (pl_str_is(word, "fix_deferred"))
            word = PL_S("deferred");
        if (!pl_fix_state_parse(word, &s))
            return refuse("--ignore-status does not know", pl_dup(a, word).p);
        o->ignore[s] = true;
    }
    return 0;
}

static int words(struct pl_tv_opts *o, struct pl_str list, bool scanners, struct pl_arena *a)
{
    struct pl_str word;
    if (scanners)
        o->vulns = o->secrets = false;
    else
        o->os = o->library = false;
    while (pl_str_split(&list, ',', &word)) {
        word = pl_str_trim(word);
        if (scanners && pl_str_is(word, "vuln"))
            o->vulns = true;
        else if (scanners && pl_str_is(word, "secret"))
            o->secrets = true;
        else if (scanners && pl_str_is(word, "license"))
            return refuse("--scanners license is not done here", NULL);
        else if (scanners && (pl_str_is(word, "misconfig") || pl_str_is(word, "config")))
            return refuse("--scanners misconfig is done by `trivy config` here", NULL);
        else if (!scanners && pl_str_is(word, "os"))
            o->os = true;
        else if (!scanners && pl_str_is(word, "library"))
            o->library = true;
        else
            return refuse(scanners ? "--scanners does not know" : "--pkg-types does not know",
                          pl_dup(a, word).p);
    }
    return 0;
}

/* Where images are sought. Of containerd's there is no reader: the others of the list are asked. */
static int sources(struct pl_tv_opts *o, struct pl_str list, struct pl_arena *a)
{
    static const char *const known[] = { "docker", "podman", "remote" };
    struct pl_str word;
    o->image_src = (struct pl_names){ pl_alloc_n(a, list.n + 1, sizeof *o->image_src.p), 0 };
    while (pl_str_split(&list, ',', &word)) {
        bool one = false;
        word = pl_str_trim(word);
        for (size_t i = 0; i < PL_COUNT(known); i++)
            one |= pl_str_is(word, known[i]);
        if (one)
            o->image_src.p[o->image_src.n++] = pl_dup(a, word);
        else if (!pl_str_is(word, "containerd"))
            return refuse("--image-src does not know", pl_dup(a, word).p);
    }
    return o->image_src.n ? 0 : refuse("--image-src containerd is not done here", NULL);
}

static int special(struct pl_tv_opts *o, const struct flag *f, const char *v, struct pl_arena *a)
{
    struct pl_str name = pl_str_c(f->name), list = pl_str_c(v);
    if (pl_str_is(name, "severity"))
        return severities(o, list);
    if (pl_str_is(name, "ignore-status"))
        return statuses(o, list, a);
    if (pl_str_is(name, "ignore-unfixed")) {
        for (int s = 0; s < PL_FIX_COUNT && strcmp(v, "false") != 0; s++)
            o->ignore[s] |= s != PL_FIX_FIXED;
        return 0;
    }
    if (pl_str_is(name, "timeout"))
        return pl_tv_duration(v, &o->timeout_ms)
                   ? 0
                   : refuse("--timeout is a duration above zero such as 5m0s, not", v);
    if (pl_str_is(name, "image-src"))
        return sources(o, list, a);
    if (pl_str_is(name, "table-mode"))
        return pl_str_find(list, PL_S("detailed"), 0) != SIZE_MAX
                   ? 0
                   : refuse("--table-mode is done as detailed only, not as", v);
    return words(o, list, pl_str_is(name, "scanners") || pl_str_is(name, "security-checks"), a);
}

static void add_words(struct pl_names *n, struct pl_str list, struct pl_arena *a)
{
    struct pl_str word;
    while (pl_str_split(&list, ',', &word)) {
        struct pl_str *p = pl_alloc_n(a, n->n + 1, sizeof *p);
        if (n->n)
            memcpy(p, n->p, n->n * sizeof *p);
        p[n->n] = pl_dup(a, pl_str_trim(word));
        n->p = p;
        n->n += p[n->n].n > 0;
    }
}

static int set(struct pl_tv_opts *o, const struct flag *f, const char *v, struct pl_arena *a)
{
    uint64_t n;
    switch (f->kind) {
    case STR:
        *(const char **)at(o, f->at) = v;
        return 0;
    case LIST:
        add_words(at(o, f->at), pl_str_c(v), a);
        return 0;
    case BOOL:
        *(bool *)at(o, f->at) = strcmp(v, "false") != 0;
        return 0;
    case NUM:
        if (!pl_str_u64(pl_str_c(v), &n) || n > 255)
            return refuse(pl_printf(a, "--%s is a number up to 255, not", f->name).p, v);
        *(int *)at(o, f->at) = (int)n;
        return 0;
    case NO:
        return refuse("not done here: the flag", f->name);
    case SPECIAL:
        return special(o, f, v, a);
    case FINE:
    case FINE_V:
        break;
    }
    return 0;
}

static bool alone(const struct flag *f)
{
    return f->kind == BOOL || f->kind == FINE || strcmp(f->name, "ignore-unfixed") == 0;
}

static const struct flag *find(struct pl_str name)
{
    for (size_t i = 0; i < PL_COUNT(flags); i++)
        if (pl_str_is(name, flags[i].name) ||
            (name.n == 1 && flags[i].letter && *name.p == flags[i].letter))
            return &flags[i];
    return NULL;
}

static int command_line(struct pl_tv_opts *o, char **argv, struct pl_arena *a)
{
    bool plain = false;
    int code = 0;
    for (; *argv && !code; argv++) {
        const char *arg = *argv;
        if (plain || arg[0] != '-' || !arg[1]) {
            if (o->target)
                return refuse("one target, not also", arg);
            o->target = arg;
            continue;
        }
        if ((plain = strcmp(arg, "--") == 0))
            continue;
        struct pl_str value = pl_str_c(arg + (arg[1] == '-' ? 2 : 1)), name;
        pl_str_split(&value, '=', &name);
        if (arg[1] != '-' && name.n > 1) {
            value = pl_str_sub(name, 1, SIZE_MAX);
            name = pl_str_sub(name, 0, 1);
        }
        if (pl_str_is(name, "help") || pl_str_is(name, "h"))
            return fputs(help, stdout) < 0 ? PL_TV_USAGE : 1;
        const struct flag *f = find(name);
        if (!f)
            return refuse("no option", arg);
        if (!value.p && !alone(f) && f->kind != NO && !argv[1])
            return refuse("a value is missing behind", arg);
        const char *v = value.p ? value.p : alone(f) ? "true" : f->kind == NO ? "" : *++argv;
        code = set(o, f, v, a);
    }
    return code;
}

/* TRIVY_EXIT_CODE is --exit-code. */
static int environment(struct pl_tv_opts *o, struct pl_arena *a)
{
    int code = 0;
    for (size_t i = 0; i < PL_COUNT(flags) && !code; i++) {
        struct pl_str name = pl_printf(a, "TRIVY_%s", flags[i].name);
        char *p = (char *)(uintptr_t)name.p;
        for (size_t k = 6; k < name.n; k++)
            p[k] = p[k] == '-' ? '_' : (char)(p[k] >= 'a' && p[k] <= 'z' ? p[k] - 32 : p[k]);
        const char *v = getenv(name.p);
        if (v && *v)
            code = set(o, &flags[i], v, a);
    }
    return code;
}

static int from_file(struct pl_tv_opts *o, const struct pl_yaml *root, struct pl_arena *a)
{
    int code = 0;
    for (size_t i = 0; i < PL_COUNT(flags) && !code; i++) {
        struct pl_str rest = pl_str_c(flags[i].key ? flags[i].key : flags[i].name), part;
        const struct pl_yaml *y = root;
        while (y && pl_str_split(&rest, '.', &part))
            y = pl_yaml_get(y, pl_dup(a, part).p);
        if (!y || y == root || y->kind == PL_YAML_MAP)
            continue;
        struct pl_str v = y->kind == PL_YAML_SCALAR ? y->text : PL_S("");
        for (size_t k = 0; y->kind == PL_YAML_LIST && k < y->n; k++)
            v = pl_printf(a, "%.*s%s%.*s", PL_FMT(v), v.n ? "," : "",
                          PL_FMT(pl_yaml_str(y->item[k])));
        if (v.n && !(flags[i].kind == NO && pl_str_is(v, "false")))
            code = set(o, &flags[i], pl_dup(a, v).p, a);
    }
    return code;
}

static bool read_text(const char *path, struct pl_buf *b)
{
    pl_auto_fd int fd = open(path, O_RDONLY | O_CLOEXEC);
    for (;;) {
        char *p = fd < 0 ? NULL : pl_buf_room(b, 4096, NULL);
        ssize_t n = p ? read(fd, p, 4096) : -1;
        if (n <= 0)
            return n == 0;
        b->n += (size_t)n;
    }
}

/* trivy.yaml of the working directory, or the one that --config names. */
static int config(struct pl_tv_opts *o, char **argv, struct pl_arena *a)
{
    const char *path = NULL, *env = getenv("TRIVY_CONFIG");
    pl_auto_buf struct pl_buf b = { .max = 1u << 20 };
    struct pl_yaml_stream s;
    struct pl_limits limits;
    struct pl_err err = { 0 };
    for (; *argv; argv++) {
        if ((strcmp(*argv, "--config") == 0 || strcmp(*argv, "-c") == 0) && argv[1])
            path = argv[1];
        else if (strncmp(*argv, "--config=", 9) == 0)
            path = *argv + 9;
    }
    path = path ? path : env && *env ? env : NULL;
    if (!path && access("trivy.yaml", R_OK) != 0)
        return 0;
    if (!read_text(path ? path : "trivy.yaml", &b))
        return refuse("cannot read", path ? path : "trivy.yaml");
    pl_limits_init(&limits);
    struct pl_str text = pl_dup(a, pl_buf_str(&b));
    if (pl_yaml_parse(text, &limits, a, &s, &err) < 0)
        return refuse("trivy.yaml:", err.msg);
    return s.n ? from_file(o, s.doc[0], a) : 0;
}

static const struct {
    const char *typed, *verb;
} verbs[] = {
    { "image", "image" },     { "i", "image" },       { "filesystem", "filesystem" },
    { "fs", "filesystem" },   { "rootfs", "rootfs" }, { "repository", "repository" },
    { "repo", "repository" }, { "sbom", "sbom" },
};

bool pl_tv_scans(const char *verb)
{
    for (size_t i = 0; i < PL_COUNT(verbs); i++)
        if (strcmp(verb, verbs[i].typed) == 0)
            return true;
    return false;
}

int pl_tv_flags(struct pl_tv_opts *o, char **argv, struct pl_arena *a)
{
    for (size_t i = 0; i < PL_COUNT(verbs); i++)
        if (strcmp(argv[0], verbs[i].typed) == 0)
            o->verb = verbs[i].verb;
    for (size_t i = 0; i < PL_COUNT(o->severity); i++)
        o->severity[i] = true;
    o->vulns = o->secrets = o->os = o->library = o->packages = true;
    if (strcmp(o->verb, "sbom") == 0)
        o->secrets = false;
    int code = config(o, argv + 1, a);
    if (!code)
        code = environment(o, a);
    if (!code)
        code = command_line(o, argv + 1, a);
    if (!code && !o->target && !o->input)
        code = refuse("no target is given", NULL);
    return code;
}
