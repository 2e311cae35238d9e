/* cosign's verbs that look and copy: tree, triangulate, download, copy. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "base/base64.h"
#include "base/cleanup.h"
#include "base/fd.h"
#include "base/limits.h"
#include "base/map.h"
#include "compat/cosign.h"
#include "fmt/json.h"
#include "fmt/jsonw.h"
#include "sign/bundle.h"
#include "sign/statement.h"
#include "source/docker.h"
#include "source/remote.h"

int pl_cs_print(struct pl_str s, struct pl_err *err)
{
    bool ok = fwrite(s.p, 1, s.n, stdout) == s.n && fflush(stdout) == 0;
    return ok || errno == EPIPE ? 0 : pl_fail_errno(err, PL_E_IO, errno, "cannot write");
}

int pl_cs_write(const char *path, struct pl_str s, struct pl_err *err)
{
    if (!path)
        return pl_cs_print(s, err);
    pl_auto_fd int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    bool bad = fd < 0 || pl_fd_write(fd, s.p, s.n) < 0;
    return bad ? pl_fail_errno(err, PL_E_IO, errno, "cannot write '%s'", path) : 0;
}

/* ---- looking ---- */

static int collect(struct pl_cs *c, struct pl_sign_place *p, struct pl_objects *ret)
{
    int r = pl_cs_open(c, 0, p);
    return r < 0 ? r : pl_sign_collect(p->store, &p->image.digest, true, &c->a, ret, &c->err);
}

static int finish(struct pl_sign_place *p, struct pl_buf *b, int r, struct pl_err *err)
{
    if (r == 0)
        r = pl_cs_print(pl_buf_str(b), err);
    pl_sign_place_close(p);
    pl_buf_release(b);
    return r < 0 ? CS_FAILED : CS_OK;
}

static void tree_part(struct pl_buf *b, struct pl_cs *c, const struct pl_sign_place *p,
                      const struct pl_objects *o, const char *storage, const char *what,
                      const char *suffix)
{
    size_t n = 0;
    for (size_t i = 0; i < o->n; i++) {
        if (strcmp(o->p[i].storage, storage) != 0)
            continue;
        if (n++ == 0 && suffix)
            pl_buf_printf(b, "└── %s for an image tag: %.*s:%.*s\n", what, PL_FMT(p->repo),
                          PL_FMT(pl_sign_tag(&c->a, &p->image.digest, suffix)));
        else if (n == 1)
            pl_buf_printf(b, "└── %s\n", what);
        pl_buf_printf(b, "   └── 🍒 %.*s\n", PL_FMT(o->p[i].object));
    }
}

int pl_cs_tree(struct pl_cs *c)
{
    struct pl_sign_place p = { 0 };
    struct pl_objects o;
    struct pl_buf b = { 0 };
    int r = collect(c, &p, &o);
    if (r == 0) {
        pl_buf_printf(&b, "📦 Supply Chain Security Related artifacts for an image: %s\n",
                      c->ops[0]);
        tree_part(&b, c, &p, &o, "sig-tag", "🔐 Signatures", ".sig");
        tree_part(&b, c, &p, &o, "att-tag", "💾 Attestations", ".att");
        tree_part(&b, c, &p, &o, "referrers", "🔗 Sigstore bundles via OCI referrers", NULL);
        tree_part(&b, c, &p, &o, "fallback-tag", "🔗 Sigstore bundles via the referrers tag", NULL);
        tree_part(&b, c, &p, &o, "oci11", "🔐 Signatures via OCI referrers", NULL);
        if (o.n == 0)
            pl_buf_printf(&b, "No Supply Chain Security Related Artifacts found for image %s\n",
                          c->ops[0]);
    }
    return finish(&p, &b, r, &c->err);
}

int pl_cs_triangulate(struct pl_cs *c)
{
    static const char *const kinds[][2] = { { "signature", ".sig" },
                                            { "attestation", ".att" },
                                            { "sbom", ".sbom" } };
    struct pl_sign_place p = { 0 };
    struct pl_buf b = { 0 };
    const char *type = c->o.type ? c->o.type : "signature";
    int r = pl_cs_open(c, 0, &p);
    struct pl_str digest = r == 0 ? pl_digest_text(&c->a, &p.image.digest) : PL_S("");
    for (size_t i = 0; r == 0 && i < PL_COUNT(kinds); i++)
        if (strcmp(type, kinds[i][0]) == 0)
            pl_buf_printf(&b, "%.*s:%.*s\n", PL_FMT(p.repo),
                          PL_FMT(pl_sign_tag(&c->a, &p.image.digest, kinds[i][1])));
    if (r == 0 && strcmp(type, "digest") == 0)
        pl_buf_printf(&b, "%.*s@%.*s\n", PL_FMT(p.repo), PL_FMT(digest));
    else if (r == 0 && b.n == 0)
        r = pl_fail(&c->err, PL_E_USAGE, "unknown attachment type %s", type);
    return finish(&p, &b, r, &c->err);
}

static void put_base64(struct pl_jsonw *w, const char *key, struct pl_str s, struct pl_arena *a)
{
    struct pl_buf b = { 0 };
    pl_base64_encode(&b, s, PL_BASE64_STD);
    pl_jw_kstr(w, key, pl_dup(a, pl_buf_str(&b)));
    pl_buf_release(&b);
}

static void put_download(struct pl_buf *b, const struct pl_object *o, struct pl_arena *a)
{
    struct pl_jsonw w = { .out = b };
    if (o->form != PL_FORM_SIMPLE) {
        pl_buf_putn(b, o->payload.p, o->payload.n);
    } else {
        pl_jw_obj(&w);
        pl_jw_kstr(&w, "Base64Signature", o->sig);
        put_base64(&w, "Payload", o->payload, a);
        pl_jw_key(&w, "Cert");
        pl_jw_null(&w);
        pl_jw_key(&w, "Chain");
        pl_jw_null(&w);
        pl_jw_key(&w, "Bundle");
        if (o->log_json.n)
            pl_buf_putn(b, o->log_json.p, o->log_json.n);
        else
            pl_jw_null(&w);
        pl_jw_key(&w, "RFC3161Timestamp");
        pl_jw_null(&w);
        pl_jw_obj_end(&w);
    }
    pl_buf_putc(b, '\n');
}

/* What a statement says it is, unverified; empty where there is none. */
static struct pl_str type_of(const struct pl_object *o, struct pl_arena *a)
{
    struct pl_bundle b = { 0 };
    struct pl_statement st = { 0 };
    struct pl_str type = { 0 };
    int r = o->form == PL_FORM_BUNDLE ? pl_bundle_parse(o->payload, a, &b, NULL)
                                      : pl_envelope_parse(o->payload, a, &b.envelope, NULL);
    if (r == 0 && (b.dsse || o->form == PL_FORM_DSSE) &&
        pl_statement_parse(b.envelope.payload, &st, NULL) == 0)
        type = pl_dup(a, st.type);
    pl_statement_release(&st);
    return type;
}

/* Bundles hold both: a signature is a statement of its own type, or no statement at all. */
static bool is_attestation(const struct pl_object *o, struct pl_str want, struct pl_arena *a)
{
    if (o->form == PL_FORM_SIMPLE)
        return false;
    struct pl_str type = type_of(o, a);
    bool sign = o->form == PL_FORM_BUNDLE && (!type.n || pl_str_is(type, PL_PREDICATE_SIGN));
    return !sign && (!want.p || pl_predicate_is(type, want));
}

/* Signatures in their old form, as they are read everywhere; else as bundles. */
static void put_all(struct pl_buf *b, const struct pl_objects *o, bool attestations,
                    struct pl_str want, struct pl_arena *a)
{
    for (size_t i = 0; i < o->n; i++)
        if (!o->p[i].code &&
            (attestations ? is_attestation(&o->p[i], want, a) : o->p[i].form == PL_FORM_SIMPLE))
            put_download(b, &o->p[i], a);
    for (size_t i = 0, none = b->n; i < o->n && !attestations && !none; i++)
        if (!o->p[i].code && o->p[i].form == PL_FORM_BUNDLE && !is_attestation(&o->p[i], want, a))
            put_download(b, &o->p[i], a);
}

static int download(struct pl_cs *c, bool attestations)
{
    struct pl_sign_place p = { 0 };
    struct pl_objects o;
    struct pl_buf b = { 0 };
    struct pl_str want = { 0 };
    int r = 0;
    if (c->o.predicate_type) {
        want = pl_predicate_uri(pl_str_c(c->o.predicate_type));
        if (!want.n)
            r = pl_fail(&c->err, PL_E_USAGE, "invalid predicate type: %s", c->o.predicate_type);
    }
    if (r == 0)
        r = collect(c, &p, &o);
    if (r == 0)
        put_all(&b, &o, attestations, want, &c->a);
    if (r == 0 && b.n == 0)
        r = pl_fail(&c->err, PL_E_NOENT, "no %s associated with %s",
                    attestations ? "attestations" : "signatures", c->ops[0]);
    return finish(&p, &b, r, &c->err);
}

int pl_cs_download_signature(struct pl_cs *c)
{
    return download(c, /* attestations= */ false);
}

int pl_cs_download_attestation(struct pl_cs *c)
{
    return download(c, /* attestations= */ true);
}

/* ---- copying ---- */

struct copy {
    struct pl_cs *c;
    struct pl_limits lim;
    struct pl_reference from, to;
    struct pl_remote *source; /* blobs come from processes of their own */
    struct pl_registry *read, *write;
    struct pl_map seen;
};

/* Bytes of a feed, in order: what was sent once cannot be had again. */
struct stream {
    struct pl_feed *f;
    uint64_t at;
};

static int from_feed(void *arg, uint64_t off, void *buf, size_t n, size_t *ret_got,
                     struct pl_err *err)
{
    struct stream *s = arg;
    int r = 1;
    if (off != s->at)
        return pl_fail(err, PL_E_IO, "an upload broke off; copy again");
    while (r == 1)
        r = s->f->read(s->f, buf, n, ret_got, err);
    s->at += r == 0 ? *ret_got : 0;
    return r;
}

static int copy_blob(struct copy *x, const struct pl_json *descriptor)
{
    struct pl_err *err = &x->c->err;
    struct pl_digest d;
    int64_t size = pl_json_int(pl_json_get(descriptor, "size"), -1);
    int r = pl_digest_parse(pl_json_str(pl_json_get(descriptor, "digest")), &d, err);
    if (r < 0)
        return r;
    if (size < 0)
        return pl_fail(err, PL_E_FORMAT, "a descriptor without a size");
    struct pl_names from = { .p = &x->from.repo, .n = 1 };
    bool same = pl_str_eq(x->from.host, x->to.host);
    struct stream s = { pl_remote_blob(x->source, x->from.repo, &d, (uint64_t)size, PL_S("")), 0 };
    r = pl_registry_push_blob(x->write, x->to.repo, &d, (uint64_t)size, same ? &from : NULL,
                              from_feed, &s, NULL, err);
    s.f->close(s.f);
    return r;
}

static int copy_manifest(struct copy *x, struct pl_str ref, struct pl_str as, unsigned depth);

/* What a manifest names, before it is put itself. */
static int copy_parts(struct copy *x, const struct pl_json *m, unsigned depth)
{
    const struct pl_json *config = pl_json_get(m, "config"), *layers = pl_json_get(m, "layers"),
                         *children = pl_json_get(m, "manifests");
    int r = config ? copy_blob(x, config) : 0;
    if (pl_json_len(layers) > x->lim.layers || pl_json_len(children) > x->lim.children)
        return pl_fail(&x->c->err, PL_E_LIMIT, "limit layers or children of a manifest");
    for (size_t i = 0; r == 0 && i < pl_json_len(layers); i++)
        r = copy_blob(x, pl_json_at(layers, i));
    for (size_t i = 0; r == 0 && i < pl_json_len(children); i++) {
        struct pl_str d = pl_json_str(pl_json_get(pl_json_at(children, i), "digest"));
        struct pl_digest unused;
        r = pl_digest_parse(d, &unused, &x->c->err);
        if (r == 0)
            r = copy_manifest(x, pl_dup(&x->c->a, d), PL_S(""), depth + 1);
    }
    return r;
}

static int put_manifest(struct copy *x, const struct pl_manifest *m, const struct pl_json *root,
                        struct pl_str as)
{
    struct pl_digest subject = { 0 };
    struct pl_str text = pl_json_str(pl_json_get(pl_json_get(root, "subject"), "digest")),
                  type = pl_json_str(pl_json_get(root, "artifactType"));
    pl_auto_buf struct pl_buf descriptor = { 0 };
    struct pl_jsonw w = { .out = &descriptor };
    if (text.n && pl_digest_parse(text, &subject, &x->c->err) < 0)
        return x->c->err.code;
    pl_jw_obj(&w);
    pl_jw_kstr(&w, "mediaType", m->type);
    pl_jw_kstr(&w, "digest", pl_digest_text(&x->c->a, &m->digest));
    pl_jw_ku64(&w, "size", m->bytes.n);
    if (type.n)
        pl_jw_kstr(&w, "artifactType", type);
    pl_jw_obj_end(&w);
    return pl_registry_push_manifest(x->write, x->to.repo, as, m->type, m->bytes, &m->digest,
                                     subject.set ? &subject : NULL, pl_buf_str(&descriptor),
                                     &x->c->err);
}

static int referrer(void *arg, const struct pl_digest *d, const char *storage, struct pl_err *err)
{
    struct copy *x = arg;
    (void)storage, (void)err;
    return copy_manifest(x, pl_digest_text(&x->c->a, d), PL_S(""), 1);
}

/* What was signed about it: tags, then referrers. */
static int copy_signatures(struct copy *x, const struct pl_digest *d)
{
    static const char *const suffixes[] = { ".sig", ".att", ".sbom" };
    struct pl_sign_store *store = NULL;
    int r = 0;
    for (size_t i = 0; r == 0 && i < PL_COUNT(suffixes); i++) {
        struct pl_str tag = pl_sign_tag(&x->c->a, d, suffixes[i]);
        r = copy_manifest(x, tag, tag, 1);
        r = r == PL_E_NOENT ? 0 : r;
    }
    if (r == 0)
        r = pl_sign_remote_new(&x->c->reg, &x->from, PL_S(""), &store, &x->c->err);
    if (r == 0)
        r = store->referrers(store, d, referrer, x, &x->c->err);
    pl_sign_store_free(store);
    return r;
}

static int copy_manifest(struct copy *x, struct pl_str ref, struct pl_str as, unsigned depth)
{
    struct pl_manifest m;
    struct pl_json *root = NULL;
    struct pl_err *err = &x->c->err;
    if (depth > x->lim.index_depth)
        return pl_fail(err, PL_E_LIMIT, "limit index-depth");
    int r = pl_registry_manifest(x->read, x->from.repo, ref, /* origin= */ true, &x->c->a, &m, err);
    if (r < 0)
        return r;
    void **mark = pl_map_put(&x->seen, pl_digest_text(&x->c->a, &m.digest));
    bool again = *mark != NULL;
    *mark = x;
    r = pl_json_parse(m.bytes, (unsigned)x->lim.depth, &root, err);
    if (r == 0 && !again && !(x->c->o.sig_only && depth == 0))
        r = copy_parts(x, root, depth);
    if (r == 0 && !(x->c->o.sig_only && depth == 0))
        r = put_manifest(x, &m, root, as);
    if (r == 0 && !again && !pl_json_get(root, "subject") && !pl_str_starts(as, PL_S("sha256-")))
        r = copy_signatures(x, &m.digest);
    pl_json_free(root);
    return r;
}

int pl_cs_copy(struct pl_cs *c)
{
    struct copy x = { .c = c, .seen = { .a = &c->a } };
    pl_limits_init(&x.lim);
    int r = c->o.only ? pl_fail(&c->err, PL_E_USAGE, "flag --only is not honoured by plimsoll") : 0;
    if (r == 0)
        r = pl_docker_reference(pl_str_c(c->ops[0]), &c->a, &x.from, NULL, &c->err);
    if (r == 0)
        r = pl_docker_reference(pl_str_c(c->ops[1]), &c->a, &x.to, NULL, &c->err);
    if (r == 0)
        r = pl_registry_new(&c->reg, x.from.host, &x.read, &c->err);
    if (r == 0)
        r = pl_registry_new(&c->reg, x.to.host, &x.write, &c->err);
    if (r == 0) {
        x.source = pl_remote_new(&c->reg, x.from.host);
        struct pl_str ref = x.from.digest.set ? pl_digest_text(&c->a, &x.from.digest) : x.from.tag;
        r = copy_manifest(&x, ref, x.to.tag, 0);
    }
    pl_remote_free(x.source);
    pl_registry_free(x.read);
    pl_registry_free(x.write);
    pl_map_release(&x.seen);
    return r < 0 ? CS_FAILED : CS_OK;
}
