/* Base images. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/base_image.h"

#include <stdio.h>

#include "model/package.h"
#include "model/vuln.h"

static bool is_digest(struct pl_str s)
{
    uint8_t raw[32];
    return pl_str_starts(s, PL_S("sha256:")) && s.n == 71 &&
           pl_unhex(pl_str_sub(s, 7, SIZE_MAX), raw, sizeof raw);
}

int pl_base_read(struct pl_scan *s, const char *what, struct pl_arena *a, struct pl_base *ret,
                 struct pl_err *err)
{
    struct pl_history_image *images = NULL;
    size_t n = 0;
    *ret = (struct pl_base){ .last_only = is_digest(pl_str_c(what)) };
    ret->diff_ids.p = pl_alloc_n(a, 1, sizeof *ret->diff_ids.p);
    if (ret->last_only) {
        ret->diff_ids.p[ret->diff_ids.n++] = pl_str_c(what);
        return 0;
    }
    int r = pl_scan_history(s, what, PL_S(""), a, &images, &n, err);
    if (r < 0)
        return pl_wrap(err, "--base-image '%s'", what);
    if (n != 1)
        return pl_fail(err, PL_E_USAGE,
                       "--base-image '%s' holds %zu images; name one of them, or --platform", what,
                       n);
    if (!images[0].n_layers)
        return pl_fail(err, PL_E_USAGE, "--base-image '%s' has no layers", what);
    ret->diff_ids.p = pl_alloc_n(a, images[0].n_layers, sizeof *ret->diff_ids.p);
    for (size_t i = 0; i < images[0].n_layers; i++)
        ret->diff_ids.p[ret->diff_ids.n++] = images[0].layers[i].diff_id;
    return 0;
}

size_t pl_base_layers(const struct pl_base *b, const struct pl_target *t)
{
    size_t n = b->diff_ids.n;
    if (b->last_only) {
        for (size_t i = 0; i < t->n_layers; i++)
            if (pl_str_eq(t->layers[i].diff_id, b->diff_ids.p[0]))
                return i + 1;
        return 0;
    }
    for (size_t i = 0; i < n; i++)
        if (i >= t->n_layers || !t->layers[i].diff_id.n ||
            !pl_str_eq(t->layers[i].diff_id, b->diff_ids.p[i]))
            return 0;
    return n;
}

static void add_note(struct pl_report *r, struct pl_target *t)
{
    struct pl_note *n = pl_alloc_n(r->a, t->n_notes + 1, sizeof *n);
    if (t->n_notes)
        memcpy(n, t->notes, t->n_notes * sizeof *n);
    n[t->n_notes++] = (struct pl_note){
        .scope = PL_SCOPE_UNIT,
        .where = t->name,
        .code = PL_S("not-the-base"),
        .message = PL_S("its first layers are not those of --base-image: nothing was marked"),
    };
    t->notes = n;
}

struct count {
    size_t base, all;
};

static struct count packages(struct pl_target *t, size_t layers, bool exclude)
{
    struct count c = { 0, 0 };
    size_t n = 0;
    for (size_t i = 0; i < t->n_packages; i++) {
        struct pl_package *p = &t->packages[i];
        bool base = p->span.introduced < layers;
        bool os = (p->pkg.flags & PL_PKG_OS) != 0;
        p->from = base ? "base" : "app";
        c.base += base && !os;
        c.all += !os;
        if (os || !base || !exclude)
            t->packages[n++] = *p;
    }
    t->n_packages = n;
    return c;
}

static struct count findings(struct pl_target *t, size_t layers, bool exclude)
{
    struct count c = { 0, 0 };
    size_t n = 0;
    for (size_t i = 0; i < t->n_findings; i++) {
        struct pl_finding *f = &t->findings[i];
        bool base = f->span.introduced < layers;
        if (f->vuln)
            f->vuln->from = base ? "base" : "app";
        c.base += base;
        c.all++;
        if (!base || !exclude)
            t->findings[n++] = *f;
    }
    t->n_findings = n;
    return c;
}

void pl_base_mark(const struct pl_base *b, struct pl_report *r, bool exclude, bool quiet)
{
    for (size_t i = 0; i < r->n_targets && b->diff_ids.n; i++) {
        struct pl_target *t = &r->targets[i];
        size_t layers = pl_base_layers(b, t);
        if (!layers) {
            add_note(r, t);
            continue;
        }
        struct count p = packages(t, layers, exclude), f = findings(t, layers, exclude);
        if (!quiet)
            fprintf(stderr,
                    "note: %.*s: the base brings %zu of %zu layers, %zu of %zu packages, %zu of "
                    "%zu findings%s\n",
                    PL_FMT(t->name), layers, t->n_layers, p.base, p.all, f.base, f.all,
                    exclude ? ", left out" : "");
    }
}
