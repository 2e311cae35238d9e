/* `trivy image`, `filesystem`, `rootfs`, `repository`, `sbom` over our own scan and matching. What
 * could not be read is never clean. formats/packages.md section 14. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "compat/tv_scan.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "pkg/sbom.h"
#include "policy/vex.h"
#include "registry/registry.h"
#include "report/writer.h"
#include "sandbox/sandbox.h"
#include "scan/scan.h"
#include "source/source.h"
#include "vuln/match.h"

#define FAILED 1 /* what trivy answers to what it could not do */

struct run {
    struct pl_arena a;
    struct pl_tv_opts o;
    struct pl_report report;
    struct pl_tv_ignores ignores;
    struct pl_vex vex;
    struct pl_registry_opts registry;
    struct pl_err err;
};

static int complain(const char *what, const char *why)
{
    fprintf(stderr, "plimsoll as trivy: %s%s%s\n", what, why ? ": " : "", why ? why : "");
    return FAILED;
}

/* ---- reading ---- */

/* The target in our own words: the verb says what it is. NULL: an image to be sought. */
static const char *target_of(struct run *r)
{
    const char *t = r->o.input ? r->o.input : r->o.target;

    if (strcmp(r->o.verb, "sbom") == 0)
        return pl_printf(&r->a, "sbom:%s", t).p;
    if (strcmp(r->o.verb, "rootfs") == 0)
        return pl_printf(&r->a, "rootfs:%s", t).p;
    if (strcmp(r->o.verb, "image") != 0)
        return pl_printf(&r->a, "dir:%s", t).p;

    return r->o.input;
}

/* The image where it is found first: at a service on this machine, in its registry. */
static int seek_image(struct run *r, struct pl_scan *s)
{
    struct pl_str usual[] = { PL_S("docker"), PL_S("remote") };
    struct pl_names at = r->o.image_src.n ? r->o.image_src : (struct pl_names){ usual, 2 };
    bool asked = false;
    int e = PL_E_NOENT;
    for (size_t i = 0; i < at.n; i++) {
        bool remote = pl_str_is(at.p[i], "remote");
        if (!remote && asked) /* one question goes to both kinds of service */
            continue;
        asked |= !remote;
        const char *t = pl_printf(&r->a, "%s%s", remote ? "docker://" : "daemon:", r->o.target).p;
        e = pl_scan_target(s, t, &r->report, &r->err);
        if (e != PL_E_NOENT && e != PL_E_NET && e != PL_E_UNSUP)
            break;
    }
    return e;
}

static int registry_options(struct run *r)
{
    struct pl_registry_opts *g = &r->registry;
    pl_registry_opts_init(g);
    g->username = r->o.user;
    if (!r->o.user != !r->o.password)
        return pl_fail(&r->err, PL_E_USAGE, "--username and --password go together");
    if (r->o.insecure && r->o.target) {
        struct pl_str host, rest = pl_str_c(r->o.target);
        pl_str_split(&rest, '/', &host);
        g->unverified.p = pl_alloc_n(&r->a, 1, sizeof *g->unverified.p);
        g->unverified.p[g->unverified.n++] = host;
    }
    if (!r->o.user)
        return 0;
    size_t n = strlen(r->o.password);
    g->password_fd = memfd_create("plimsoll-password", MFD_CLOEXEC);
    if (g->password_fd < 0 || write(g->password_fd, r->o.password, n) != (ssize_t)n)
        return pl_fail(&r->err, PL_E_IO, "cannot keep the password");
    return 0;
}

static int platform(struct run *r, struct pl_platform *ret)
{
    struct pl_str rest = pl_str_c(r->o.platform);
    *ret = (struct pl_platform){ .os = PL_S("") };
    pl_str_split(&rest, '/', &ret->os);
    if (!pl_str_split(&rest, '/', &ret->arch) || !ret->arch.n)
        return pl_fail(&r->err, PL_E_USAGE, "--platform is os/architecture, not '%s'",
                       r->o.platform);
    if (rest.n)
        ret->variant = rest;
    return 0;
}

static int read_target(struct run *r)
{
    struct pl_rules *rules = NULL;
    struct pl_scan *s = NULL;
    struct pl_platform p;
    struct pl_source_opts source = { .registry = &r->registry };
    bool tree = strcmp(r->o.verb, "filesystem") == 0 || strcmp(r->o.verb, "repository") == 0;
    struct pl_scan_opts o = { .secrets = r->o.secrets,
                              .packages = true,
                              .lockfiles = tree,
                              .source = &source,
                              .threads = (unsigned)r->o.threads };
    pl_limits_init(&o.limits);
    int e = pl_sandbox_mode_of(NULL, &o.sandbox, &r->err);
    if (e == 0)
        e = registry_options(r);
    if (e == 0 && r->o.platform) {
        e = platform(r, &p);
        o.platforms = &p;
        o.n_platforms = 1;
    }
    if (e == 0)
        e = pl_rules_builtin(&rules, &r->err);
    if (e == 0)
        e = pl_scan_new(&o, rules, &s, &r->err);
    const char *target = target_of(r);
    if (e == 0)
        e = target ? pl_scan_target(s, target, &r->report, &r->err) : seek_image(r, s);
    pl_scan_free(s);
    pl_rules_free(rules);
    if (r->registry.password_fd >= 0)
        close(r->registry.password_fd);
    return e;
}

/* ---- matching ---- */

static const char *db_of(struct run *r)
{
    const char *env = getenv("PLIMSOLL_DB"), *cache = r->o.cache_dir;
    const char *below = cache ? pl_printf(&r->a, "%s/db", cache).p : NULL;
    if (below && access(pl_printf(&r->a, "%s/match.db", below).p, R_OK) == 0)
        return below;
    return pl_advdb_dir(env && *env ? env : NULL, /* make= */ false, &r->a);
}

static int match(struct run *r)
{
    struct pl_advdb *db = NULL;
    int e = pl_advdb_open(db_of(r), &db, &r->err);
    struct pl_match_opts mo = { .today = r->ignores.today };
    struct pl_vuln_matcher *m = e == 0 ? pl_vuln_matcher_new(db, &mo) : NULL;
    for (size_t i = 0; i < r->report.n_targets && e == 0; i++)
        e = pl_match_target(m, r->report.a, &r->report.targets[i], &r->err);
    if (e == 0 && r->vex.list.n)
        pl_vex_apply(&r->vex, &r->report);
    pl_vuln_matcher_free(m);
    pl_advdb_close(db);
    return e;
}

static int read_vex(struct run *r)
{
    r->vex.a = &r->a;
    for (size_t i = 0; i < r->o.vex.n; i++) {
        pl_auto_buf struct pl_buf b = { .max = 64u << 20 };
        const char *path = r->o.vex.p[i].p;
        pl_auto_fd int fd = open(path, O_RDONLY | O_CLOEXEC);
        ssize_t n = fd < 0 ? -1 : 1;
        while (n > 0) {
            char *p = pl_buf_room(&b, 65536, &r->err);
            n = p ? read(fd, p, 65536) : -1;
            b.n += n > 0 ? (size_t)n : 0;
        }
        if (n < 0)
            return pl_fail(&r->err, PL_E_USAGE, "cannot read '%s'", path);
        int e = pl_vex_read(&r->vex, path, pl_buf_str(&b), &r->err);
        if (e < 0)
            return e;
    }
    return 0;
}

static int read_ignores(struct run *r)
{
    const char *path = r->o.ignorefile;
    if (!path)
        path = access(".trivyignore", R_OK) == 0        ? ".trivyignore"
               : access(".trivyignore.yaml", R_OK) == 0 ? ".trivyignore.yaml"
                                                        : NULL;
    return path ? pl_tv_ignores_read(&r->ignores, path, &r->err) : 0;
}

/* ---- writing ---- */

static void operating_system(struct pl_tv_report *x)
{
    for (size_t i = 0; i < x->t->n_packages && !x->os_family.n; i++) {
        const struct pl_package *p = &x->t->packages[i];
        if (!(p->pkg.flags & PL_PKG_OS) || !p->span.visible)
            continue;
        x->os_family = p->pkg.name;
        x->os_name = p->pkg.version;
    }
    for (size_t i = 0; i < x->t->n_findings; i++)
        x->eosl |= pl_str_is(x->t->findings[i].rule, "trust/end-of-life");
}

/* Formats that our own writers make; NULL: ours in trivy's form. */
static const char *writer_of(const struct pl_tv_opts *o)
{
    static const struct {
        const char *name, *writer;
    } t[] = { { "sarif", "sarif" },
              { "cyclonedx", "cyclonedx-json" },
              { "spdx-json", "spdx-json" },
              { "gitlab", "gitlab" },
              { "junit.tpl", "junit" },
              { "gitlab.tpl", "gitlab" },
              { "gitlab-codequality.tpl", "codequality" },
              { "html.tpl", "html" } };
    struct pl_str name = pl_str_c(o->format);
    if (pl_str_is(name, "template")) {
        name = pl_str_c(o->template_);
        for (size_t i = name.n; i-- > 0;)
            if (name.p[i] == '/') {
                name = pl_str_sub(name, i + 1, SIZE_MAX);
                break;
            }
    }
    for (size_t i = 0; i < PL_COUNT(t); i++)
        if (pl_str_is(name, t[i].name))
            return t[i].writer;
    return NULL;
}

static int check_format(struct run *r)
{
    const char *f = r->o.format;
    if (!f)
        r->o.format = f = "table";
    if (strcmp(f, "json") == 0 || strcmp(f, "table") == 0)
        return 0;
    const char *w = writer_of(&r->o);
    if (w && pl_writer_find(pl_str_c(w)))
        return 0;
    bool tpl = strcmp(f, "template") == 0;
    fprintf(stderr, "plimsoll as trivy: --%s %s is not done here\n", tpl ? "template" : "format",
            tpl ? (r->o.template_ ? r->o.template_ : "") : f);
    return PL_TV_USAGE;
}

/* Other forms tell what is left of the findings. */
static void leave_counted(struct pl_target *t, const struct pl_tv_report *x)
{
    size_t n = 0;
    struct pl_finding *all = pl_alloc_n(x->a, x->findings + 1, sizeof *all);
    for (size_t i = 0; i < x->results.n; i++) {
        for (size_t k = 0; k < x->results.p[i]->vulns.n; k++)
            all[n++] = *x->results.p[i]->vulns.p[k];
        for (size_t k = 0; k < x->results.p[i]->secrets.n; k++)
            all[n++] = *x->results.p[i]->secrets.p[k];
    }
    t->findings = all;
    t->n_findings = n;
}

static int put(struct run *r, const struct pl_buf *out)
{
    FILE *f = r->o.output ? fopen(r->o.output, "wbe") : stdout;
    if (!f)
        return complain(r->o.output, strerror(errno));
    fwrite(out->p ? out->p : "", 1, out->n, f);
    return (f == stdout ? fflush(f) : fclose(f)) ? complain("cannot write", r->o.output) : 0;
}

static int tell(struct run *r)
{
    struct pl_tv_report x = { .a = &r->a, .o = &r->o, .blocks = { .a = &r->a } };
    pl_auto_buf struct pl_buf out = { 0 };
    const char *writer = writer_of(&r->o);
    bool complete = r->report.n_targets > 0;
    int code = 0;
    if (r->report.n_targets) {
        struct pl_target *t = &r->report.targets[0];
        x.t = t;
        complete = t->complete;
        operating_system(&x);
        pl_tv_sort(&x, &r->ignores);
        if (writer) {
            struct pl_report_opts ro = { .quiet = r->o.quiet };
            leave_counted(t, &x);
            pl_report_sum(&r->report);
            if (pl_writer_find(pl_str_c(writer))->write(&r->report, &ro, &out, &r->err) < 0)
                code = complain(r->err.msg, NULL);
        } else if (strcmp(r->o.format, "json") == 0) {
            pl_tv_json(&x, &out);
        } else {
            pl_tv_table(&x, &out);
        }
        for (size_t i = 0; i < t->n_notes; i++)
            if (t->notes[i].incomplete)
                fprintf(stderr, "INCOMPLETE: %.*s: %.*s\n", PL_FMT(t->notes[i].where),
                        PL_FMT(t->notes[i].message));
    }
    if (!code)
        code = put(r, &out);
    if (!code && x.eosl && r->o.exit_on_eol)
        code = r->o.exit_on_eol;
    else if (!code && x.findings && r->o.exit_code)
        code = r->o.exit_code;
    pl_tv_report_release(&x);
    return code ? code : complete ? 0 : FAILED;
}

/* ---- the run ---- */

static int scan(struct run *r)
{
    int code = check_format(r);
    if (code)
        return code;
    if (read_ignores(r) < 0 || read_vex(r) < 0)
        return complain(r->err.msg, NULL);
    int e = read_target(r);
    if (e == 0 && r->report.n_targets > 1) /* the peer reads one */
        r->report.n_targets = 1;
    if (e == 0 && r->o.vulns)
        e = match(r);
    if (e == PL_E_NOENT && r->o.vulns && r->report.n_targets)
        return complain(r->err.msg, "make a database with plimsoll db build or plimsoll db update");
    return e < 0 ? complain(r->err.msg, NULL) : tell(r);
}

int pl_tv_scan(char **argv)
{
    struct run *r = calloc(1, sizeof *r);
    time_t now = time(NULL);
    struct tm tm;
    if (!r)
        pl_oom();
    r->registry.password_fd = -1;
    r->report = (struct pl_report){ .a = &r->a,
                                    .tool_name = PL_S("plimsoll"),
                                    .tool_version = PL_S("0.1.0"),
                                    .rules_version = PL_S("") };
    gmtime_r(&now, &tm);
    r->ignores.a = &r->a;
    r->ignores.today =
        pl_printf(&r->a, "%04d-%02d-%02d", tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday);
    int code = pl_tv_flags(&r->o, argv, &r->a);
    pl_tv_clock(code ? 0 : r->o.timeout_ms);
    code = code == 1 ? 0 : code ? code : scan(r);
    pl_vec_release(&r->ignores.v);
    pl_vex_release(&r->vex);
    pl_arena_release(&r->a);
    free(r);
    return code;
}
