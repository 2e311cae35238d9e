/* Parent: the target "sbom:FILE". */
/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "scan/scan_int.h"
#include "scan/tellpkg.h"
#include "ver/scheme.h"

static struct pl_str copy(struct pl_arena *a, struct pl_str s)
{
    return s.n ? pl_dup(a, s) : PL_S("");
}

static void tell_package(struct pl_arena *a, const struct pl_package *x, size_t n_layers,
                         struct pl_package *out)
{
    const struct pl_scheme *scheme = pl_scheme_of_purl(x->pkg.type);
    *out = *x;
    struct pl_pkg *p = &out->pkg;
    struct pl_str *text[] = { &p->type,      &p->ns,     &p->name,           &p->version,
                              &p->arch,      &p->source, &p->source_version, &p->licence,
                              &p->quals,     &p->by,     &out->purl,         &out->distro,
                              &out->owned_by };
    for (size_t i = 0; i < sizeof text / sizeof *text; i++)
        *text[i] = copy(a, *text[i]);
    p->nested = (struct pl_names){ NULL, 0 };
    out->scheme = scheme ? scheme->name : NULL;
    out->paths.p = pl_alloc_n(a, x->paths.n + 1, sizeof *out->paths.p);
    for (size_t i = 0; i < x->paths.n; i++)
        out->paths.p[i] = copy(a, x->paths.p[i]);
    if (out->span.introduced >= n_layers)
        out->span.introduced = PL_NEVER;
    if (out->span.hidden >= n_layers)
        out->span.hidden = PL_NEVER;
}

static void tell_notes(struct pl_arena *a, struct pl_target *t, const struct pl_record *r)
{
    t->complete = r->done.complete;
    t->notes = pl_alloc_n(a, r->notes.n + 1, sizeof *t->notes);
    for (size_t i = 0; i < r->notes.n; i++) {
        struct pl_note n = r->notes.p[i];
        n.where = copy(a, n.where);
        n.code = copy(a, n.code);
        n.message = copy(a, n.message);
        t->complete &= !n.incomplete;
        t->notes[t->n_notes++] = n;
    }
}

static void tell(struct pl_report *r, struct pl_str name, const struct pl_record *rec)
{
    struct pl_arena *a = r->a;
    const struct pl_about *d = &rec->about;
    struct pl_target *t = pl_report_target(r);
    *t = (struct pl_target){ .name = pl_dup(a, name), .kind = PL_S("sbom") };
    t->digest = copy(a, d->digest);
    t->platform = copy(a, d->platform);
    t->layers = pl_alloc_n(a, d->n + 1, sizeof *t->layers);
    t->n_layers = d->n;
    for (size_t i = 0; i < d->n; i++) {
        t->layers[i] = d->layers[i];
        t->layers[i].digest = copy(a, d->layers[i].digest);
        t->layers[i].diff_id = copy(a, d->layers[i].diff_id);
        t->layers[i].created_by = copy(a, d->layers[i].created_by);
    }
    t->packages = pl_alloc_n(a, rec->listed.n + 1, sizeof *t->packages);
    t->n_packages = rec->listed.n;
    for (size_t i = 0; i < rec->listed.n; i++)
        tell_package(a, &rec->listed.p[i], d->n, &t->packages[i]);
    pl_packages_sort(t->packages, t->n_packages);
    t->bytes_claimed = t->bytes_read = rec->done.bytes;
    t->files_read = 1;
    tell_notes(a, t, rec);
}

static void on_done(struct pl_task *t, struct pl_record *r)
{
    *(struct pl_record **)t->arg = r;
}

int pl_scan_sbom(struct pl_scan *s, const char *target, const char *path, struct pl_report *r,
                 struct pl_err *err)
{
    struct pl_record *rec = NULL;
    struct stat st;
    pl_auto_fd int fd =
        strcmp(path, "-") == 0 ? fcntl(0, F_DUPFD_CLOEXEC, 3) : open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return pl_fail_errno(err, errno == ENOENT ? PL_E_NOENT : PL_E_USAGE, errno,
                             "cannot open '%s'", path);
    if (fstat(fd, &st) < 0 || S_ISDIR(st.st_mode))
        return pl_fail(err, PL_E_USAGE, "'%s' is no file", path);
    struct pl_task *t = calloc(1, sizeof *t);
    if (!t)
        pl_oom();
    t->params = (struct pl_job_params){ .kind = PL_JOB_SBOM, .name = pl_str_c(path) };
    t->feed = S_ISREG(st.st_mode) ? pl_feed_range(fd, 0, (uint64_t)st.st_size) : pl_feed_stream(fd);
    t->arg = &rec;
    t->done = on_done;
    pl_pool_submit(s->pool, t);
    int ret = pl_pool_run(s->pool, err);
    if (ret == 0 && s->degraded)
        pl_record_note(rec, PL_SCOPE_UNIT, false, "sandbox-degraded", PL_S("sandbox"), "%s",
                       s->missing);
    if (ret == 0)
        tell(r, pl_str_c(target), rec);
    pl_record_free(rec);
    return ret;
}

int pl_scan_inventories(struct pl_scan *s, const struct pl_str *text, const struct pl_str *name,
                        size_t n, struct pl_report *r, struct pl_err *err)
{
    struct pl_record **rec = calloc(n + 1, sizeof *rec);
    if (!rec)
        pl_oom();
    for (size_t i = 0; i < n; i++) {
        struct pl_task *t = calloc(1, sizeof *t);
        if (!t)
            pl_oom();
        t->params = (struct pl_job_params){ .kind = PL_JOB_SBOM, .name = name[i] };
        t->feed = pl_feed_memory(text[i]);
        t->arg = &rec[i];
        t->done = on_done;
        pl_pool_submit(s->pool, t);
    }
    int ret = pl_pool_run(s->pool, err);
    for (size_t i = 0; i < n; i++) {
        if (ret == 0)
            tell(r, rec[i]->about.name.n ? rec[i]->about.name : name[i], rec[i]);
        pl_record_free(rec[i]);
    }
    free(rec);
    return ret;
}
