/* Registry references as targets. registry.md section 2; commands.md "Targets". */
/* SPDX-License-Identifier: Apache-2.0 */
#include "source/docker.h"

#include "source/remote.h"

#define SCHEME "docker://"

bool pl_docker_is_name(const char *word)
{
    struct pl_reference ref;
    return pl_reference_parse(pl_str_c(word), &ref, NULL) == 0;
}

/* A registry's "there is no such thing" is no wrong usage. */
static int outward(int r, struct pl_err *err)
{
    if (r == PL_E_NOENT)
        r = err ? (err->code = PL_E_NET) : PL_E_NET;
    return r;
}

static int connect_to(struct pl_source *s, struct pl_str host, struct pl_err *err)
{
    if (!s->o || !s->o->registry)
        return pl_fail(err, PL_E_UNSUP, "'%s' is in a registry, which this verb does not read",
                       s->path);
    if (s->o->registry->offline)
        return pl_fail(err, PL_E_USAGE, "--offline: '%s' is in a registry", s->path);
    s->form = PL_SRC_REMOTE;
    s->host = pl_dup(&s->a, host);
    s->remote = pl_remote_new(s->o->registry, s->host);
    return 0;
}

/* Host and repository as Docker completes them. */
static void complete(struct pl_arena *a, struct pl_reference *ref)
{
    if (!ref->host.n)
        ref->host = PL_S("docker.io");
    if (pl_str_is(ref->host, "docker.io") && !memchr(ref->repo.p, '/', ref->repo.n))
        ref->repo = pl_printf(a, "library/%.*s", PL_FMT(ref->repo));
}

int pl_docker_reference(struct pl_str s, struct pl_arena *a, struct pl_reference *ret,
                        bool *ret_assumed, struct pl_err *err)
{
    if (pl_str_starts(s, PL_S(SCHEME)))
        s = pl_str_sub(s, sizeof SCHEME - 1, s.n);
    int r = pl_reference_parse(pl_dup(a, s), ret, err);
    if (r < 0)
        return r;
    complete(a, ret);
    bool none = !ret->tag.n && !ret->digest.set;
    if (none)
        ret->tag = PL_S("latest");
    if (ret_assumed)
        *ret_assumed = none;
    return 0;
}

static struct pl_top top_of(struct pl_source *s, struct pl_str repo, struct pl_str tag)
{
    return (struct pl_top){ .name = pl_printf(&s->a, SCHEME "%.*s/%.*s:%.*s", PL_FMT(s->host),
                                              PL_FMT(repo), PL_FMT(tag)),
                            .repo = pl_dup(&s->a, repo),
                            .ref = pl_dup(&s->a, tag),
                            .tag = pl_dup(&s->a, tag) };
}

struct listing {
    struct pl_source *s;
    struct pl_str repo;
    PL_VEC(struct pl_str) repos;
};

static int on_tag(void *arg, struct pl_str tag, struct pl_err *err)
{
    struct listing *l = arg;
    (void)err;
    struct pl_top t = top_of(l->s, l->repo, tag);
    pl_vec_push(&l->s->tops, t);
    return 0;
}

static int on_repo(void *arg, struct pl_str repo, struct pl_err *err)
{
    struct listing *l = arg;
    (void)err;
    struct pl_str name = pl_dup(&l->s->a, repo);
    pl_vec_push(&l->repos, name);
    return 0;
}

static int all_tags(struct listing *l, struct pl_str repo, struct pl_err *err)
{
    l->repo = repo;
    return outward(pl_remote_tags(l->s->remote, repo, on_tag, l, err), err);
}

/* A repository whose tags cannot be listed does not hide the others. */
static int all_repos(struct pl_source *s, struct pl_err *err)
{
    struct listing l = { .s = s };
    int r = outward(pl_remote_catalog(s->remote, on_repo, &l, err), err);
    for (size_t i = 0; r == 0 && i < l.repos.n; i++) {
        struct pl_err one = { 0 };
        int x = all_tags(&l, l.repos.p[i], &one);
        struct pl_unread u = { l.repos.p[i], pl_dup(&s->a, pl_str_c(one.msg)) };
        if (x < 0)
            pl_vec_push(&s->unread, u);
    }
    pl_vec_release(&l.repos);
    return r;
}

static int open_host(struct pl_source *s, struct pl_str host, struct pl_err *err)
{
    struct pl_reference ref;
    struct pl_arena a = { 0 };
    while (pl_str_ends(host, PL_S("/")))
        host.n--;
    int r = pl_reference_parse(pl_printf(&a, "%.*s/x", PL_FMT(host)), &ref, err);
    if (r == 0 && !pl_str_eq(ref.host, host))
        r = pl_fail(err, PL_E_USAGE, "--all-repos needs docker://HOST, not '%s'", s->path);
    pl_arena_release(&a);
    if (r == 0)
        r = connect_to(s, host, err);
    return r == 0 ? all_repos(s, err) : r;
}

static int open_one(struct pl_source *s, const struct pl_reference *ref, struct pl_err *err)
{
    struct pl_top t = { .name = s->typed,
                        .repo = pl_dup(&s->a, ref->repo),
                        .tag = pl_dup(&s->a, ref->tag) };
    if (ref->digest.set)
        t.ref = pl_digest_text(&s->a, &ref->digest);
    else
        t.ref = t.tag = ref->tag.n ? t.tag : PL_S("latest");
    if (!ref->tag.n && !ref->digest.set && s->o->registry->note)
        s->o->registry->note(s->o->registry->note_arg, "no tag was given: 'latest' is assumed");
    int r = pl_docker_top(s, &t, err);
    if (r == 0)
        pl_vec_push(&s->tops, t);
    return r;
}

int pl_docker_open(struct pl_source *s, struct pl_err *err)
{
    struct pl_reference ref;
    struct pl_str path = pl_str_c(s->path);
    if (s->o && s->o->all_repos)
        return open_host(s, path, err);
    int r = pl_reference_parse(path, &ref, err);
    if (r < 0)
        return r;
    complete(&s->a, &ref);
    if (s->o && s->o->all_tags && (ref.tag.n || ref.digest.set))
        return pl_fail(err, PL_E_USAGE, "--all-tags needs a repository without tag or digest");
    r = connect_to(s, ref.host, err);
    if (r == 0 && s->o->all_tags) {
        struct listing l = { .s = s };
        return all_tags(&l, pl_dup(&s->a, ref.repo), err);
    }
    return r == 0 ? open_one(s, &ref, err) : r;
}

/* ------------------------------------------------------------------ blobs */

static struct pl_blob *blob_of(struct pl_source *s, const struct pl_digest *d, uint64_t size)
{
    struct pl_blob *b = pl_source_blob(s, d);
    if (!b) {
        b = pl_source_member(s, pl_digest_path(&s->a, d), PL_S(""), 0, size);
        b->digest = *d;
        s->total += size;
    }
    return b;
}

static void fill(struct pl_source *s, struct pl_blob *b, struct pl_str repo,
                 const struct pl_manifest *m)
{
    b->manifest = true;
    b->repo = pl_dup(&s->a, repo);
    b->data = m->bytes;
    b->type = m->type;
    b->size = m->bytes.n;
}

int pl_docker_top(struct pl_source *s, struct pl_top *t, struct pl_err *err)
{
    struct pl_manifest m;
    if (t->blob)
        return 0;
    int r = pl_remote_manifest(s->remote, t->repo, t->ref, &s->a, &m, err);
    if (r < 0)
        return outward(r, err);
    t->blob = blob_of(s, &m.digest, m.bytes.n);
    t->size = m.bytes.n;
    if (!t->blob->data.p)
        fill(s, t->blob, t->repo, &m);
    return 0;
}

struct pl_blob *pl_docker_tagged(struct pl_source *s, struct pl_str repo, struct pl_str tag,
                                 struct pl_err *err)
{
    struct pl_manifest m;
    int r = pl_remote_manifest(s->remote, repo, tag, &s->a, &m, err);
    if (r == PL_E_NOENT)
        *err = (struct pl_err){ 0 };
    if (r < 0)
        return NULL;
    struct pl_blob *b = blob_of(s, &m.digest, m.bytes.n);
    if (!b->data.p)
        fill(s, b, repo, &m);
    return b;
}

struct pl_blob *pl_docker_blob(struct pl_source *s, struct pl_str repo,
                               const struct pl_descriptor *d, bool manifest)
{
    if (!d->digest.set)
        return NULL;
    struct pl_blob *b = blob_of(s, &d->digest, d->size);
    if (!b->repo.n) {
        b->repo = pl_dup(&s->a, repo);
        b->manifest = manifest;
        if (s->o->registry->foreign_layers && d->has_urls)
            b->url = pl_dup(&s->a, d->url);
    }
    return b;
}

struct pl_blob *pl_docker_document(struct pl_source *s, struct pl_str name, struct pl_str data)
{
    struct pl_blob *b = pl_source_member(s, name, PL_S(""), 0, data.n);
    b->data = pl_dup(&s->a, data);
    b->manifest = true;
    return b;
}

struct pl_feed *pl_docker_feed(const struct pl_source *s, const struct pl_blob *b,
                               struct pl_err *err)
{
    struct pl_source *own = (struct pl_source *)(uintptr_t)s; /* what is fetched is kept */
    struct pl_blob *to = (struct pl_blob *)(uintptr_t)b;
    struct pl_arena a = { 0 };
    if (!b->manifest)
        return pl_remote_blob(s->remote, b->repo, &b->digest, b->size, b->url);
    if (!b->data.p) {
        struct pl_manifest m;
        struct pl_str ref = pl_digest_text(&a, &b->digest);
        int r = pl_remote_manifest(s->remote, b->repo, ref, &own->a, &m, err);
        pl_arena_release(&a);
        if (r < 0)
            return NULL;
        fill(own, to, b->repo, &m);
    }
    return pl_feed_memory(b->data);
}
