/* plimsoll push: an OCI layout into a registry. registry.md sections 1 and 9. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/hash.h"
#include "cmd/transfer.h"
#include "fmt/jsonw.h"
#include "source/layout.h"

struct options {
    struct pl_common common;
    struct pl_registry_cli reg;
    struct pl_opt_list mount;
};

static const struct pl_opt table[] = {
    { "mount-from", 0, PL_OPT_LIST, offsetof(struct options, mount), "REPO",
      "mount blobs from there where they are (repeatable)" },
    PL_REGISTRY_OPTS(struct options, 1),
    PL_COPY_OPTS(struct options),
};

struct push {
    const struct options *o;
    struct pl_source *src;
    struct pl_reference ref;
    struct pl_closure all;
    struct pl_digest top;
};

static int slurp(struct push *p, const struct pl_digest *d, uint64_t max, struct pl_arena *a,
                 struct pl_str *ret, struct pl_err *err)
{
    pl_auto_buf struct pl_buf b = { .max = (size_t)max };
    const struct pl_blob *blob =
        d ? pl_source_blob(p->src, d) : pl_source_find(p->src, PL_S("index.json"));
    size_t got = 1;
    int r = 0;
    if (!blob)
        return pl_fail(err, PL_E_IO, "the layout lacks %.*s", PL_FMT(pl_digest_text(a, d)));
    if (blob->size > max)
        return pl_fail(err, PL_E_LIMIT, "a document of %llu bytes", (unsigned long long)blob->size);
    struct pl_feed *f = pl_source_feed(p->src, blob, err);
    if (!f)
        return err->code;
    while (r == 0 && got) {
        char *at = pl_buf_room(&b, 16384 < max ? 16384 : 1, err);
        r = at ? f->read(f, at, 16384, &got, err) : err->code;
        b.n += r == 0 ? got : 0;
    }
    f->close(f);
    *ret = pl_dup(a, pl_buf_str(&b));
    return r;
}

static int fetch(void *arg, const struct pl_descriptor *d, struct pl_arena *a, struct pl_str *ret,
                 struct pl_str *ret_type, struct pl_err *err)
{
    struct push *p = arg;
    *ret_type = PL_S("");
    return slurp(p, &d->digest, p->all.limits.manifest + 65536, a, ret, err);
}

/* The one descriptor of index.json that is meant. */
static int choose(struct push *p, const struct pl_doc *index, const struct pl_descriptor **ret,
                  struct pl_err *err)
{
    const struct pl_descriptor *found = NULL;
    size_t n = 0;
    for (size_t i = 0; i < index->n_items; i++) {
        const struct pl_descriptor *d = &index->items[i];
        bool fits = p->src->tag.n      ? pl_str_eq(d->ref_name, p->src->tag)
                    : p->src->want.set ? pl_digest_eq(&d->digest, &p->src->want)
                                       : true;
        if (fits && (!found || !pl_digest_eq(&found->digest, &d->digest)))
            n++;
        if (fits)
            found = d;
    }
    if (!found)
        return pl_fail(err, PL_E_USAGE, "the layout's index.json has no such image");
    if (n > 1)
        return pl_fail(err, PL_E_USAGE,
                       "the layout holds %zu images: name one, as in DIR:TAG or "
                       "DIR@DIGEST",
                       n);
    *ret = found;
    return 0;
}

/* Reads the documents, in workers, before there are any credentials in this process. */
static int plan(struct push *p, const char *dir, struct pl_err *err)
{
    struct pl_arena *a = &p->all.a;
    struct pl_str text;
    struct pl_doc *index = PL_NEW(a, struct pl_doc);
    const struct pl_descriptor *top = NULL;
    struct pl_str target =
        pl_str_starts(pl_str_c(dir), PL_S("oci:")) ? pl_str_c(dir) : pl_printf(a, "oci:%s", dir);
    int r = pl_source_open(target.p, NULL, &p->src, err);
    if (r == 0)
        r = slurp(p, NULL, p->all.limits.manifest + 65536, a, &text, err);
    if (r == 0)
        r = pl_scan_doc(p->all.scan, text, PL_S(""), a, index, err);
    if (r == 0 && index->kind != PL_DOC_INDEX)
        r = pl_fail(err, PL_E_FORMAT, "index.json is no index");
    if (r == 0)
        r = choose(p, index, &top, err);
    if (r == 0)
        r = pl_closure_add(&p->all, top, err);
    if (r == 0)
        p->top = top->digest;
    return r;
}

/* ------------------------------------------------------------------ sending */

static int read_at(void *arg, uint64_t off, void *buf, size_t n, size_t *ret_got,
                   struct pl_err *err)
{
    ssize_t got = pread(*(int *)arg, buf, n, (off_t)off);
    if (got < 0)
        return pl_fail_errno(err, PL_E_IO, errno, "cannot read a blob");
    *ret_got = (size_t)got;
    return 0;
}

/* What the file holds is compared with its name before anything of it is sent. */
static int check(int fd, const struct pl_item *it, struct pl_err *err)
{
    char buf[65536];
    uint8_t sum[PL_HASH_MAX];
    uint64_t at = 0;
    ssize_t n;
    struct pl_hash *h = pl_hash_new(it->digest.alg);
    while ((n = pread(fd, buf, sizeof buf, (off_t)at)) > 0) {
        pl_hash_add(h, buf, (size_t)n);
        at += (uint64_t)n;
    }
    pl_hash_end(h, sum);
    pl_hash_free(h);
    if (n < 0)
        return pl_fail_errno(err, PL_E_IO, errno, "cannot read a blob");
    if (at != it->size || memcmp(sum, it->digest.b, pl_hash_len(it->digest.alg)) != 0)
        return pl_fail(err, PL_E_DIGEST, "a blob of the layout is not what its digest says");
    return 0;
}

static int send_blob(struct push *p, struct pl_registry *r, const struct pl_item *it,
                     const struct pl_names *mount, struct pl_err *err)
{
    const struct pl_blob *b = pl_source_blob(p->src, &it->digest);
    pl_auto_fd int fd = b ? pl_open_beneath(p->src->fd, b->name.p, 0) : -1;
    if (fd < 0 && it->url.n)
        return 0; /* a foreign layer that the layout leaves where it is */
    if (fd < 0)
        return pl_fail(err, PL_E_IO, "the layout lacks it");
    int x = check(fd, it, err);
    return x < 0 ? x
                 : pl_registry_push_blob(r, p->ref.repo, &it->digest, it->size, mount, read_at, &fd,
                                         NULL, err);
}

static struct pl_str descriptor(struct push *p, const struct pl_item *it)
{
    pl_auto_buf struct pl_buf b = { 0 };
    struct pl_jsonw w = { .out = &b };
    const struct pl_doc *doc = it->doc;
    struct pl_str artifact = doc->artifact_type.n ? doc->artifact_type : doc->config.media_type;
    pl_jw_obj(&w);
    pl_jw_kstr(&w, "mediaType", it->type);
    pl_jw_kstr(&w, "digest", pl_digest_text(&p->all.a, &it->digest));
    pl_jw_ku64(&w, "size", it->size);
    if (artifact.n)
        pl_jw_kstr(&w, "artifactType", artifact);
    pl_jw_obj_end(&w);
    return pl_dup(&p->all.a, pl_buf_str(&b));
}

static int send_manifest(struct push *p, struct pl_registry *r, const struct pl_item *it,
                         struct pl_err *err)
{
    bool top = pl_digest_eq(&it->digest, &p->top);
    struct pl_str ref = top && p->ref.tag.n ? p->ref.tag : PL_S("");
    if (top && p->ref.digest.set && !pl_digest_eq(&p->ref.digest, &it->digest))
        return pl_fail(err, PL_E_USAGE, "the reference names another digest than the image has");
    return pl_registry_push_manifest(r, p->ref.repo, ref, it->type, it->bytes, &it->digest,
                                     &it->doc->subject.digest, descriptor(p, it), err);
}

static int push_all(struct push *p, const struct pl_registry_opts *ro, struct pl_err *err)
{
    struct pl_registry *reg = NULL;
    struct pl_names mount = { pl_alloc_n(&p->all.a, p->o->mount.n, sizeof *mount.p), 0 };
    for (size_t i = 0; i < p->o->mount.n; i++)
        mount.p[mount.n++] = pl_str_c(p->o->mount.p[i]);
    int r = pl_registry_new(ro, p->ref.host, &reg, err);
    for (int manifests = 0; manifests < 2; manifests++) {
        for (size_t i = 0; r == 0 && i < p->all.items.n; i++) {
            const struct pl_item *it = &p->all.items.p[i];
            if (it->manifest != (manifests == 1))
                continue;
            r = it->manifest ? send_manifest(p, reg, it, err) : send_blob(p, reg, it, &mount, err);
            if (r < 0)
                pl_wrap(err, "%.*s", PL_FMT(pl_digest_text(&p->all.a, &it->digest)));
        }
    }
    pl_registry_free(reg);
    return r;
}

static int run_push(const void *options, const struct pl_operands *operands)
{
    struct push p = { .o = options };
    struct pl_operands ops = *operands;
    struct pl_reach reach = { 0 };
    struct pl_run run;
    struct pl_err err = { 0 };
    bool assumed = false;
    int code = pl_run_begin(&run, &p.o->common, false);
    if (!code)
        code = pl_reach_begin(&reach, &run, &p.o->reg, &p.o->common, &ops);
    if (code)
        return code;
    int r = 0;
    if (ops.n != 2)
        r = pl_fail(&err, PL_E_USAGE,
                    "a layout and a reference, as in plimsoll push app registry.example/app:1");
    if (r == 0)
        r = pl_docker_reference(pl_str_c(ops.p[1]), &p.all.a, &p.ref, &assumed, &err);
    if (r == 0 && assumed && !p.o->common.quiet)
        fputs("plimsoll: no tag was given: 'latest' is assumed\n", stderr);
    if (r == 0) {
        p.all.scan = run.scan;
        p.all.limits = run.o.limits;
        p.all.fetch = fetch;
        p.all.arg = &p;
        r = plan(&p, ops.p[0], &err);
        if (r == PL_E_NOENT)
            r = err.code = PL_E_USAGE;
    }
    pl_run_end(&run); /* no worker is left that could see what comes now */
    if (r == 0)
        r = push_all(&p, &reach.registry, &err);
    if (r == 0 && !p.o->common.quiet)
        fprintf(stderr, "pushed %.*s\n", PL_FMT(pl_digest_text(&p.all.a, &p.top)));
    pl_source_close(p.src);
    pl_reach_end(&reach);
    pl_closure_release(&p.all);
    return r < 0 ? pl_transfer_failed("push", &err) : PL_EXIT_CLEAN;
}

const struct pl_command pl_cmd_push = {
    .name = "push",
    .usage = "push [flags] DIR[:TAG or @DIGEST] REF",
    .summary = "copy an image from an OCI layout into a registry",
    .options = table,
    .n_options = PL_COUNT(table),
    .options_size = sizeof(struct options),
    .run = run_push,
};
