/* plimsoll pull: an image of a registry as an OCI layout, byte for byte. registry.md section 1. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <poll.h>
#include <stddef.h>
#include <stdio.h>

#include "base/cleanup.h"
#include "cmd/transfer.h"
#include "fmt/jsonw.h"
#include "oci/platform.h"

struct options {
    struct pl_common common;
    struct pl_registry_cli reg;
    const char *output;
};

static const struct pl_opt table[] = {
    { "output", 'o', PL_OPT_STR, offsetof(struct options, output), "DIR", "folder of the layout" },
    PL_REGISTRY_OPTS(struct options, 1),
    PL_COPY_OPTS(struct options),
};

#define ACTIVE 2u

struct pull {
    const struct options *o;
    struct pl_run run;
    struct pl_reach reach;
    struct pl_remote *rm;
    struct pl_reference ref;
    struct pl_closure all;
    struct pl_layout_out *out;
    PL_VEC(struct pl_descriptor) named; /* of index.json */
    struct pl_manifest top;             /* what the reference named: asked for once */
};

static int fetch(void *arg, const struct pl_descriptor *d, struct pl_arena *a, struct pl_str *ret,
                 struct pl_str *ret_type, struct pl_err *err)
{
    struct pull *p = arg;
    struct pl_manifest m = p->top;
    int r = 0;
    if (!pl_digest_eq(&p->top.digest, &d->digest))
        r = pl_remote_manifest(p->rm, p->ref.repo, pl_digest_text(a, &d->digest), a, &m, err);
    if (r == 0) {
        *ret = m.bytes;
        *ret_type = m.type;
    }
    return r;
}

/* ------------------------------------------------------------------ blobs, two at a time */

struct active {
    const struct pl_item *it;
    struct pl_feed *feed;
    struct pl_blob_out *out;
};

static int begin(struct pull *p, const struct pl_item *it, struct active *x, struct pl_err *err)
{
    x->it = it;
    x->feed = pl_remote_blob(p->rm, p->ref.repo, &it->digest, it->size,
                             p->o->reg.foreign_layers ? it->url : PL_S(""));
    return pl_blob_out_new(p->out, &it->digest, &x->out, err);
}

static void stop(struct active *x)
{
    if (x->feed)
        x->feed->close(x->feed);
    pl_blob_out_drop(x->out);
    *x = (struct active){ 0 };
}

/* Takes what there is. 1: nothing now; 0: some, or the end. */
static int step(struct active *x, struct pl_err *err)
{
    char buf[65536];
    size_t got = 0;
    int r = x->feed->read(x->feed, buf, sizeof buf, &got, err);
    if (r == 0 && got)
        return pl_blob_out_add(x->out, buf, got, err);
    if (r == 0) {
        r = pl_blob_out_end(pl_steal(&x->out), err);
        stop(x);
    }
    return r;
}

static int round_of(struct active *x, struct pl_err *err)
{
    struct pollfd fds[ACTIVE];
    nfds_t n = 0;
    bool did = false;
    for (size_t i = 0; i < ACTIVE; i++) {
        if (!x[i].feed)
            continue;
        const struct pl_item *it = x[i].it;
        int r = step(&x[i], err);
        if (r < 0) {
            struct pl_arena a = { 0 };
            pl_wrap(err, "%.*s%s", PL_FMT(pl_digest_text(&a, &it->digest)),
                    it->url.n ? " (it has an address of its own: --foreign-layers)" : "");
            pl_arena_release(&a);
            return r;
        }
        did |= r == 0;
        if (r > 0 && pl_remote_blob_fd(x[i].feed) >= 0)
            fds[n++] = (struct pollfd){ pl_remote_blob_fd(x[i].feed), POLLIN, 0 };
    }
    if (!did && poll(fds, n, 1000) < 0 && errno == EINTR)
        return pl_fail(err, PL_E_CANCEL, "interrupted");
    return 0;
}

static int copy_blobs(struct pull *p, struct pl_err *err)
{
    struct active x[ACTIVE] = { 0 };
    size_t next = 0;
    int r = 0;
    for (;;) {
        bool busy = false;
        for (size_t i = 0; r == 0 && i < ACTIVE; i++) {
            while (!x[i].feed && r == 0 && next < p->all.items.n) {
                const struct pl_item *it = &p->all.items.p[next++];
                if (!it->manifest && !pl_layout_out_has(p->out, &it->digest, it->size))
                    r = begin(p, it, &x[i], err);
            }
            busy |= x[i].feed != NULL;
        }
        if (r < 0 || !busy)
            break;
        r = round_of(x, err);
    }
    for (size_t i = 0; i < ACTIVE; i++)
        stop(&x[i]);
    return r;
}

static int copy_documents(struct pull *p, struct pl_err *err)
{
    int r = 0;
    for (size_t i = 0; r == 0 && i < p->all.items.n; i++) {
        const struct pl_item *it = &p->all.items.p[i];
        struct pl_blob_out *b;
        if (!it->manifest)
            continue;
        r = pl_blob_out_new(p->out, &it->digest, &b, err);
        if (r < 0)
            break;
        r = pl_blob_out_add(b, it->bytes.p, it->bytes.n, err);
        if (r == 0)
            r = pl_blob_out_end(b, err);
        else
            pl_blob_out_drop(b);
    }
    return r;
}

/* ------------------------------------------------------------------ index.json */

static void put_platform(struct pl_jsonw *w, const struct pl_platform *p)
{
    if (!p->os.n && !p->arch.n)
        return;
    pl_jw_key(w, "platform");
    pl_jw_obj(w);
    pl_jw_kstr(w, "architecture", p->arch);
    pl_jw_kstr(w, "os", p->os);
    if (p->variant.n)
        pl_jw_kstr(w, "variant", p->variant);
    pl_jw_obj_end(w);
}

static void put_index(struct pull *p, struct pl_buf *b)
{
    struct pl_jsonw w = { .out = b };
    struct pl_arena a = { 0 };
    pl_jw_obj(&w);
    pl_jw_ku64(&w, "schemaVersion", 2);
    pl_jw_kcstr(&w, "mediaType", "application/vnd.oci.image.index.v1+json");
    pl_jw_key(&w, "manifests");
    pl_jw_arr(&w);
    for (size_t i = 0; i < p->named.n; i++) {
        const struct pl_descriptor *d = &p->named.p[i];
        pl_jw_obj(&w);
        pl_jw_kstr(&w, "mediaType", d->media_type);
        pl_jw_kstr(&w, "digest", pl_digest_text(&a, &d->digest));
        pl_jw_ku64(&w, "size", d->size);
        put_platform(&w, &d->platform);
        if (p->ref.tag.n && p->named.n == 1) {
            pl_jw_key(&w, "annotations");
            pl_jw_obj(&w);
            pl_jw_kstr(&w, "org.opencontainers.image.ref.name", p->ref.tag);
            pl_jw_obj_end(&w);
        }
        pl_jw_obj_end(&w);
    }
    pl_jw_arr_end(&w);
    pl_jw_obj_end(&w);
    pl_arena_release(&a);
}

/* ------------------------------------------------------------------ what is named */

/* Children of an index for the platforms asked for. */
static int choose(struct pull *p, const struct pl_doc *doc, struct pl_err *err)
{
    const struct pl_scan_opts *o = &p->run.o;
    for (size_t k = 0; k < o->n_platforms; k++) {
        size_t before = p->named.n;
        for (size_t i = 0; i < doc->n_items; i++)
            if (pl_platform_match(&o->platforms[k], &doc->items[i].platform))
                pl_vec_push(&p->named, doc->items[i]);
        if (p->named.n == before) {
            struct pl_arena a = { 0 };
            struct pl_str text = pl_platform_text(&a, &o->platforms[k]);
            int r = pl_fail(err, PL_E_NOENT, "the index has no image for %.*s", PL_FMT(text));
            pl_arena_release(&a);
            return r;
        }
    }
    return 0;
}

static int name_top(struct pull *p, struct pl_err *err)
{
    struct pl_arena *a = &p->all.a;
    struct pl_manifest m;
    struct pl_doc doc;
    struct pl_descriptor d = { 0 };
    struct pl_str ref = p->ref.digest.set ? pl_digest_text(a, &p->ref.digest) : p->ref.tag;
    int r = pl_remote_manifest(p->rm, p->ref.repo, ref, a, &m, err);
    if (r == 0)
        r = pl_transfer_doc(p->run.scan, m.bytes, m.type, PL_S(""), a, &doc, &d.media_type, err);
    if (r < 0)
        return r;
    if (doc.kind == PL_DOC_INDEX && p->run.o.n_platforms)
        return choose(p, &doc, err);
    p->top = m;
    d.digest = m.digest;
    d.size = m.bytes.n;
    pl_vec_push(&p->named, d);
    return 0;
}

static int pull(struct pull *p, struct pl_err *err)
{
    pl_auto_buf struct pl_buf index = { 0 };
    int r = name_top(p, err);
    for (size_t i = 0; r == 0 && i < p->named.n; i++)
        r = pl_closure_add(&p->all, &p->named.p[i], err);
    if (r == 0)
        r = pl_layout_out_new(p->o->output, &p->out, err);
    if (r == 0)
        r = copy_blobs(p, err);
    if (r == 0)
        r = copy_documents(p, err);
    if (r < 0)
        return r;
    put_index(p, &index);
    return pl_layout_out_end(p->out, pl_buf_str(&index), err);
}

static int run_pull(const void *options, const struct pl_operands *operands)
{
    struct pull p = { .o = options };
    struct pl_operands ops = *operands;
    struct pl_err err = { 0 };
    bool assumed = false;
    int code = pl_run_begin(&p.run, &p.o->common, false);
    if (!code)
        code = pl_reach_begin(&p.reach, &p.run, &p.o->reg, &p.o->common, &ops);
    if (code)
        return code;
    int r = 0;
    if (ops.n != 1 || !p.o->output)
        r = pl_fail(&err, PL_E_USAGE,
                    "a reference and -o DIR, as in plimsoll pull "
                    "registry.example/app:1 -o app");
    if (r == 0)
        r = pl_docker_reference(pl_str_c(ops.p[0]), &p.all.a, &p.ref, &assumed, &err);
    if (r == 0 && assumed && !p.o->common.quiet)
        fputs("plimsoll: no tag was given: 'latest' is assumed\n", stderr);
    if (r == 0) {
        p.all.scan = p.run.scan;
        p.all.limits = p.run.o.limits;
        p.all.fetch = fetch;
        p.all.arg = &p;
        p.rm = pl_remote_new(&p.reach.registry, p.ref.host);
        r = pull(&p, &err);
    }
    pl_remote_free(p.rm);
    pl_layout_out_free(p.out);
    pl_run_end(&p.run);
    pl_reach_end(&p.reach);
    pl_closure_release(&p.all);
    pl_vec_release(&p.named);
    return r < 0 ? pl_transfer_failed("pull", &err) : PL_EXIT_CLEAN;
}

const struct pl_command pl_cmd_pull = {
    .name = "pull",
    .usage = "pull [flags] REF -o DIR",
    .summary = "copy an image from a registry into an OCI layout, byte for byte",
    .options = table,
    .n_options = PL_COUNT(table),
    .options_size = sizeof(struct options),
    .run = run_pull,
};
