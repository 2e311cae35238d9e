/* plimsoll inspect: what a reference names, as JSON; no layer is read. registry.md section 1. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <stddef.h>
#include <stdio.h>

#include "base/cleanup.h"
#include "cmd/transfer.h"
#include "fmt/jsonw.h"
#include "oci/platform.h"

struct options {
    struct pl_common common;
    struct pl_registry_cli reg;
    bool verbose;
};

static const struct pl_opt table[] = {
    { "verbose", 'v', PL_OPT_FLAG, offsetof(struct options, verbose), NULL,
      "rate limits as well, on standard error" },
    PL_REGISTRY_OPTS(struct options, 1),
    PL_COPY_OPTS(struct options),
};

struct inspect {
    const struct options *o;
    struct pl_run run;
    struct pl_remote *rm;
    struct pl_reference ref;
    struct pl_arena a;
    struct pl_jsonw w;
    struct pl_err *err;
};

static void put_descriptor(struct inspect *x, const struct pl_descriptor *d)
{
    struct pl_str platform = pl_platform_text(&x->a, &d->platform);
    pl_jw_kstr(&x->w, "mediaType", d->media_type);
    pl_jw_kstr(&x->w, "digest", pl_digest_text(&x->a, &d->digest));
    pl_jw_ku64(&x->w, "size", d->size);
    if (d->artifact_type.n)
        pl_jw_kstr(&x->w, "artifactType", d->artifact_type);
    if (platform.n)
        pl_jw_kstr(&x->w, "platform", platform);
}

static int read_config(struct inspect *x, const struct pl_descriptor *d, struct pl_doc *ret)
{
    pl_auto_buf struct pl_buf b = { .max = (size_t)x->run.o.limits.config };
    size_t got = 1;
    int r = 0;
    if (d->size > b.max)
        return pl_fail(x->err, PL_E_LIMIT, "a config of %llu bytes", (unsigned long long)d->size);
    struct pl_feed *f = pl_remote_blob(x->rm, x->ref.repo, &d->digest, d->size, PL_S(""));
    while (r >= 0 && (got || r > 0)) {
        char *at = pl_buf_room(&b, (size_t)d->size + 1 - b.n, x->err);
        if (!at) {
            r = x->err->code;
            break;
        }
        r = f->read(f, at, (size_t)d->size + 1 - b.n, &got, x->err);
        b.n += r == 0 ? got : 0;
        if (r > 0)
            usleep(1000);
    }
    f->close(f);
    return r < 0 ? r : pl_scan_doc(x->run.scan, pl_buf_str(&b), d->media_type, &x->a, ret, x->err);
}

static int put_config(struct inspect *x, const struct pl_descriptor *d)
{
    struct pl_doc c = { 0 };
    pl_jw_key(&x->w, "config");
    pl_jw_obj(&x->w);
    put_descriptor(x, d);
    int r = 0;
    if (pl_doc_kind_of(d->media_type) == PL_DOC_CONFIG) {
        r = read_config(x, d, &c);
        pl_jw_kstr(&x->w, "platform", pl_platform_text(&x->a, &c.platform));
        pl_jw_key(&x->w, "diffIds");
        pl_jw_arr(&x->w);
        for (size_t i = 0; i < c.n_diff_ids; i++)
            pl_jw_str(&x->w, pl_digest_text(&x->a, &c.diff_ids[i]));
        pl_jw_arr_end(&x->w);
        pl_jw_ku64(&x->w, "historyEntries", c.n_history);
    }
    pl_jw_obj_end(&x->w);
    return r;
}

static int put_image(struct inspect *x, const struct pl_doc *doc)
{
    uint64_t total = 0;
    int r = doc->config.digest.set ? put_config(x, &doc->config) : 0;
    pl_jw_key(&x->w, "layers");
    pl_jw_arr(&x->w);
    for (size_t i = 0; i < doc->n_items; i++) {
        pl_jw_obj(&x->w);
        put_descriptor(x, &doc->items[i]);
        pl_jw_obj_end(&x->w);
        total += doc->items[i].size;
    }
    pl_jw_arr_end(&x->w);
    pl_jw_ku64(&x->w, "layersSize", total);
    return r;
}

static int put_document(struct inspect *x, const struct pl_manifest *m, struct pl_str expect,
                        bool deep);

static int put_child(struct inspect *x, const struct pl_descriptor *d)
{
    struct pl_manifest m;
    struct pl_str ref = pl_digest_text(&x->a, &d->digest);
    int r = pl_remote_manifest(x->rm, x->ref.repo, ref, &x->a, &m, x->err);
    pl_jw_obj(&x->w);
    pl_jw_kstr(&x->w, "platform", pl_platform_text(&x->a, &d->platform));
    if (r == 0)
        r = put_document(x, &m, d->media_type, false);
    pl_jw_obj_end(&x->w);
    return r;
}

static bool wanted(const struct inspect *x, const struct pl_platform *p)
{
    for (size_t i = 0; i < x->run.o.n_platforms; i++)
        if (pl_platform_match(&x->run.o.platforms[i], p))
            return true;
    return x->run.o.n_platforms == 0;
}

static int put_index(struct inspect *x, const struct pl_doc *doc, bool deep)
{
    int r = 0;
    pl_jw_key(&x->w, "manifests");
    pl_jw_arr(&x->w);
    for (size_t i = 0; r == 0 && i < doc->n_items; i++) {
        const struct pl_descriptor *d = &doc->items[i];
        enum pl_doc_kind k = pl_doc_kind_of(d->media_type);
        if (!wanted(x, &d->platform))
            continue;
        if (deep && k == PL_DOC_MANIFEST) {
            r = put_child(x, d);
            continue;
        }
        pl_jw_obj(&x->w);
        put_descriptor(x, d);
        pl_jw_obj_end(&x->w);
    }
    pl_jw_arr_end(&x->w);
    return r;
}

static int put_document(struct inspect *x, const struct pl_manifest *m, struct pl_str expect,
                        bool deep)
{
    struct pl_doc doc;
    struct pl_str type;
    int r = pl_transfer_doc(x->run.scan, m->bytes, m->type, expect, &x->a, &doc, &type, x->err);
    if (r < 0)
        return r;
    pl_jw_kstr(&x->w, "mediaType", type);
    pl_jw_kstr(&x->w, "digest", pl_digest_text(&x->a, &m->digest));
    pl_jw_ku64(&x->w, "size", m->bytes.n);
    if (doc.artifact_type.n)
        pl_jw_kstr(&x->w, "artifactType", doc.artifact_type);
    if (doc.subject.digest.set)
        pl_jw_kstr(&x->w, "subject", pl_digest_text(&x->a, &doc.subject.digest));
    return doc.kind == PL_DOC_INDEX ? put_index(x, &doc, deep) : put_image(x, &doc);
}

static int on_page(void *arg, const void *p, size_t n, struct pl_err *err)
{
    struct inspect *x = arg;
    struct pl_doc doc;
    int r = pl_scan_doc(x->run.scan, pl_str_n(p, n), PL_S(""), &x->a, &doc, err);
    if (r == 0 && doc.kind != PL_DOC_INDEX)
        r = pl_fail(err, PL_E_FORMAT, "the list of referrers is no index");
    for (size_t i = 0; r == 0 && i < doc.n_items; i++) {
        pl_jw_obj(&x->w);
        put_descriptor(x, &doc.items[i]);
        pl_jw_obj_end(&x->w);
    }
    return r;
}

static int inspect(struct inspect *x)
{
    struct pl_manifest m;
    struct pl_str ref = x->ref.digest.set ? pl_digest_text(&x->a, &x->ref.digest) : x->ref.tag;
    int r = pl_remote_manifest(x->rm, x->ref.repo, ref, &x->a, &m, x->err);
    if (r < 0)
        return r;
    pl_jw_obj(&x->w);
    pl_jw_kstr(&x->w, "name", pl_reference_text(&x->a, &x->ref));
    r = put_document(x, &m, PL_S(""), true);
    pl_jw_key(&x->w, "referrers");
    pl_jw_arr(&x->w);
    if (r == 0)
        r = pl_remote_referrers(x->rm, x->ref.repo, &m.digest, on_page, x, x->err);
    pl_jw_arr_end(&x->w);
    pl_jw_obj_end(&x->w);
    pl_buf_putc(x->w.out, '\n');
    return r;
}

static void say_rate(struct inspect *x)
{
    struct pl_rate rate = { 0 };
    if (pl_remote_rate(x->rm, &rate, NULL) < 0 || !rate.limit[0])
        return;
    if (x->o->verbose || strncmp(rate.remaining, "0", 1) == 0)
        fprintf(stderr, "rate limit: %.63s, remaining %.63s%s%.63s\n", rate.limit, rate.remaining,
                rate.source[0] ? ", counted for " : "", rate.source);
}

static int run_inspect(const void *options, const struct pl_operands *operands)
{
    struct pl_err err = { 0 };
    pl_auto_buf struct pl_buf out = { 0 };
    struct inspect x = { .o = options, .w = { .out = &out, .indent = 2 }, .err = &err };
    struct pl_operands ops = *operands;
    struct pl_reach reach = { 0 };
    bool assumed = false;
    int code = pl_run_begin(&x.run, &x.o->common, false);
    if (!code)
        code = pl_reach_begin(&reach, &x.run, &x.o->reg, &x.o->common, &ops);
    if (code)
        return code;
    int r = 0;
    if (ops.n != 1)
        r = pl_fail(&err, PL_E_USAGE,
                    "one reference, as in plimsoll inspect registry.example/app:1");
    if (r == 0)
        r = pl_docker_reference(pl_str_c(ops.p[0]), &x.a, &x.ref, &assumed, &err);
    if (r == 0 && assumed && !x.o->common.quiet)
        fputs("plimsoll: no tag was given: 'latest' is assumed\n", stderr);
    if (r == 0) {
        x.rm = pl_remote_new(&reach.registry, x.ref.host);
        r = inspect(&x);
        if (r == 0)
            say_rate(&x);
    }
    if (r == 0)
        r = pl_common_print(pl_buf_str(&out), &err);
    pl_remote_free(x.rm);
    pl_run_end(&x.run);
    pl_reach_end(&reach);
    pl_arena_release(&x.a);
    return r < 0 ? pl_transfer_failed("inspect", &err) : PL_EXIT_CLEAN;
}

const struct pl_command pl_cmd_inspect = {
    .name = "inspect",
    .usage = "inspect [flags] REF",
    .summary = "show manifest, config, platforms and referrers of an image in a registry",
    .options = table,
    .n_options = PL_COUNT(table),
    .options_size = sizeof(struct options),
    .run = run_inspect,
};
