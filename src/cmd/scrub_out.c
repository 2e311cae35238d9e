/* The two kinds of places of `scrub` behind one face. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/scrub_out.h"

#include "base/cleanup.h"
#include "source/docker.h"

int pl_scrub_out_new(const char *out, const struct pl_registry_opts *o, struct pl_scrub_out *ret,
                     struct pl_err *err)
{
    *ret = (struct pl_scrub_out){ 0 };
    return pl_str_starts(pl_str_c(out), PL_S("docker://"))
               ? pl_pushed_new(o, out, &ret->pushed, err)
               : pl_store_new(out, &ret->store, err);
}

struct pl_str pl_scrub_out_tag(const struct pl_scrub_out *o)
{
    return o->pushed ? pl_pushed_tag(o->pushed) : o->store ? pl_store_tag(o->store) : PL_S("");
}

const char *pl_scrub_out_name(const struct pl_scrub_out *o)
{
    return o->pushed ? pl_pushed_name(o->pushed) : pl_store_path(o->store);
}

static int put_manifest(void *arg, const struct pl_scrub_manifest *m, struct pl_err *err)
{
    const struct pl_manifest as = { .bytes = m->bytes, .type = m->type, .digest = m->digest };
    return pl_pushed_manifest(arg, &as, &m->subject, m->artifact_type, err);
}

/* A registry has no use for the files round a layout. */
static int no_file(void *arg, struct pl_str name, struct pl_str bytes, struct pl_err *err)
{
    (void)arg;
    (void)name;
    (void)bytes;
    (void)err;
    return 0;
}

/* One tag names one image. */
static int choose_top(struct pl_pushed *p, const struct pl_scrub_result *r, struct pl_err *err)
{
    const struct pl_digest *top = NULL;
    for (size_t i = 0; i < r->n_tops; i++) {
        if (r->tops[i].beside)
            continue;
        if (top && !pl_digest_eq(top, &r->tops[i].digest))
            return pl_fail(err, PL_E_USAGE, "one tag for several images; name one of them");
        top = &r->tops[i].digest;
    }
    if (!top)
        return pl_fail(err, PL_E_USAGE, "no image is left to be pushed");
    pl_pushed_top(p, top);
    return 0;
}

static int push(struct pl_pushed *p, struct pl_scrub *x, const char *target, struct pl_err *err)
{
    const struct pl_scrub_sink sink = { .arg = p,
                                        .have = pl_pushed_have,
                                        .manifest = put_manifest,
                                        .begin = pl_pushed_begin,
                                        .write = pl_pushed_write,
                                        .end = pl_pushed_end,
                                        .file = no_file };
    PL_AUTO(struct pl_arena, a, pl_arena_release) = { 0 };
    struct pl_reference from;
    if (pl_docker_reference(pl_str_c(target), &a, &from, NULL, NULL) == 0)
        pl_pushed_from(p, from.host, from.repo);
    int r = pl_scrub_write(x, &sink, err);
    return r < 0 ? r : choose_top(p, pl_scrub_result(x), err);
}

int pl_scrub_out_write(struct pl_scrub_out *o, struct pl_scrub *x, const char *target,
                       const char **ret_target, struct pl_err *err)
{
    int r;
    if (o->pushed) {
        r = push(o->pushed, x, target, err);
        *ret_target = pl_pushed_target(o->pushed);
        return r;
    }
    const struct pl_scrub_sink sink = { .arg = o->store,
                                        .begin = pl_store_begin,
                                        .write = pl_store_write,
                                        .end = pl_store_end,
                                        .file = pl_store_file };
    r = pl_scrub_write(x, &sink, err);
    *ret_target = pl_store_target(o->store);
    return r < 0 ? r : pl_store_sync(o->store, err);
}

int pl_scrub_out_keep(struct pl_scrub_out *o, struct pl_err *err)
{
    return o->pushed ? pl_pushed_keep(o->pushed, err) : pl_store_keep(o->store, err);
}

void pl_scrub_out_release(struct pl_scrub_out *o)
{
    pl_store_free(o->store);
    pl_pushed_free(o->pushed);
    *o = (struct pl_scrub_out){ 0 };
}
