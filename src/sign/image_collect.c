/* Everything of an image that may be a signature: the tags ".sig" and ".att", and manifests that
 * refer to it. Each object is fetched once and compared with the digest that named it; nothing is
 * judged here. formats/signing.md sections 4 to 7 and 10. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "base/limits.h"
#include "base/vec.h"
#include "fmt/json.h"
#include "sign/bundle.h"
#include "sign/statement.h"
#include "sign/store.h"

#define AHEAD 4u /* so many answers are on their way while one is read */
#define SIGS_MAX 50u
#define TOTAL_MAX (64u << 20)
#define SLACK ((size_t)64 << 10) /* a blob that is too long by less is refused alone */
#define SIMPLE_TYPE "application/vnd.dev.cosign.simplesigning.v1+json"
#define OCI11_TYPE "application/vnd.dev.cosign.artifact.sig.v1+json"

/* What the payload of an object is in: fetched when all of them are known. */
struct want {
    struct pl_digest blob;
    size_t max;    /* 0: nothing is wanted */
    uint64_t size; /* as its descriptor says; UINT64_MAX: it does not */
};

struct referrer {
    struct pl_digest d;
    const char *storage;
};

struct walk {
    struct pl_sign_store *s;
    const struct pl_digest *image;
    struct pl_str image_text;
    struct pl_arena *a;
    struct pl_objects *out;
    struct want *want; /* of each object */
    PL_VEC(struct referrer) referrers;
    size_t n_bundles, n_bytes;
};

static void soon(const struct walk *w, enum pl_soon what, const struct pl_digest *d)
{
    if (w->s->soon)
        w->s->soon(w->s, what, d, PL_S(""));
}

static int new_object(struct walk *w, const char *storage, enum pl_object_form form,
                      const struct pl_digest *object, struct pl_object **ret, struct pl_err *err)
{
    if (w->out->n == PL_OBJECTS_MAX)
        return pl_fail(err, PL_E_LIMIT, "limit signatures: more than %u of one image",
                       PL_OBJECTS_MAX);
    *ret = &w->out->p[w->out->n++];
    **ret = (struct pl_object){ .storage = storage,
                                .form = form,
                                .object = pl_digest_text(w->a, object) };
    return 0;
}

/* An object that cannot be had or read is a refusal of its own, never passed over. */
static void unread(struct walk *w, struct pl_object *o, const struct pl_err *err)
{
    o->code = err->code;
    o->reason = pl_dup(w->a, pl_str_c(err->msg));
}

static bool fatal(int r)
{
    return r == PL_E_LIMIT || r == PL_E_IO || r == PL_E_NET || r == PL_E_AUTH || r == PL_E_CANCEL;
}

/* ---- layers of a tag ---- */

static struct pl_str note(struct walk *w, const struct pl_json *layer, const char *name)
{
    struct pl_str s = pl_json_str(pl_json_get(pl_json_get(layer, "annotations"), name));
    return s.p ? pl_dup(w->a, s) : PL_S("");
}

static void want(struct walk *w, const struct pl_object *o, const struct pl_json *layer,
                 const struct pl_digest *blob, size_t max)
{
    int64_t size = pl_json_int(pl_json_get(layer, "size"), -1);
    w->want[o - w->out->p] = (struct want){ *blob, max, size < 0 ? UINT64_MAX : (uint64_t)size };
    soon(w, PL_SOON_BLOB, blob);
}

static int new_layer(struct walk *w, const struct pl_json *layer, const char *storage, bool dsse,
                     struct pl_err *err)
{
    struct pl_object *o;
    struct pl_digest d = { 0 };
    struct pl_err why = { 0 };
    int bad = pl_digest_parse(pl_json_str(pl_json_get(layer, "digest")), &d, &why);
    int r = new_object(w, storage, dsse ? PL_FORM_DSSE : PL_FORM_SIMPLE, &d, &o, err);
    if (r < 0)
        return r;
    if (bad == 0 && !pl_str_is(pl_json_str(pl_json_get(layer, "mediaType")),
                               dsse ? PL_ENVELOPE_TYPE : SIMPLE_TYPE))
        bad = pl_fail(&why, PL_E_FORMAT, "layer of an unknown media type");
    if (bad < 0)
        unread(w, o, &why);
    else
        want(w, o, layer, &d, dsse ? PL_MIB(16) : PL_PAYLOAD_MAX);
    o->sig = note(w, layer, "dev.cosignproject.cosign/signature");
    o->cert_pem = note(w, layer, "dev.sigstore.cosign/certificate");
    o->log_json = note(w, layer, "dev.sigstore.cosign/bundle");
    o->stamp_json = note(w, layer, "dev.sigstore.cosign/rfc3161timestamp");
    return 0;
}

static int take_layers(struct walk *w, const struct pl_json *manifest, const char *storage,
                       bool dsse, struct pl_err *err)
{
    const struct pl_json *list = pl_json_get(manifest, "layers");
    size_t n = pl_json_len(list);
    if (n > SIGS_MAX)
        return pl_fail(err, PL_E_LIMIT, "limit %s: more than %u of one image",
                       dsse ? "attestations" : "signatures", SIGS_MAX);
    int r = 0;
    for (size_t i = 0; r == 0 && i < n; i++)
        r = new_layer(w, pl_json_at(list, i), storage, dsse, err);
    return r;
}

static int take_tag(struct walk *w, bool dsse, struct pl_err *err)
{
    struct pl_limits lim;
    struct pl_buf b = { 0 };
    struct pl_digest d = { 0 };
    struct pl_json *m = NULL;
    struct pl_object *o;
    struct pl_err why = { 0 };
    pl_limits_init(&lim);
    const char *storage = dsse ? "att-tag" : "sig-tag";
    struct pl_str tag = pl_sign_tag(w->a, w->image, dsse ? ".att" : ".sig");
    int r = w->s->tagged(w->s, tag, &b, &d, &why);
    bool none = r == PL_E_NOENT && !d.set;
    if (r == 0)
        r = pl_json_parse(pl_buf_str(&b), (unsigned)lim.depth, &m, &why);
    if (none) {
        r = 0;
    } else if (r == 0) {
        r = take_layers(w, m, storage, dsse, err);
    } else if (fatal(r)) {
        *err = why;
    } else {
        r = new_object(w, storage, dsse ? PL_FORM_DSSE : PL_FORM_SIMPLE, &d, &o, err);
        if (r == 0)
            unread(w, o, &why);
    }
    pl_json_free(m);
    pl_buf_release(&b);
    return r;
}

/* ---- referrers ---- */

static int take_bundle(struct walk *w, const struct pl_json *layer, const struct pl_digest *d,
                       const char *storage, struct pl_err *err)
{
    struct pl_object *o;
    struct pl_digest blob = { 0 };
    struct pl_err why = { 0 };
    if (++w->n_bundles > 2 * SIGS_MAX)
        return pl_fail(err, PL_E_LIMIT, "limit signatures: more than %u bundles of one image",
                       2 * SIGS_MAX);
    int r = new_object(w, storage, PL_FORM_BUNDLE, d, &o, err);
    if (r < 0)
        return r;
    if (pl_digest_parse(pl_json_str(pl_json_get(layer, "digest")), &blob, &why) < 0)
        unread(w, o, &why);
    else
        want(w, o, layer, &blob, PL_MIB(16));
    return 0;
}

/* A descriptor is trusted with nothing: the manifest itself must name the image as its subject. */
static int read_referrer(struct walk *w, const struct pl_json *m, const struct pl_digest *d,
                         const char *storage, struct pl_err *err)
{
    struct pl_str subject = pl_json_str(pl_json_get(pl_json_get(m, "subject"), "digest"));
    const struct pl_json *layers = pl_json_get(m, "layers"), *first = pl_json_at(layers, 0);
    if (!subject.p || !pl_str_eq(subject, w->image_text) || pl_json_len(layers) == 0)
        return 0;
    struct pl_str type = pl_json_str(pl_json_get(first, "mediaType"));
    if (type.p && pl_bundle_is_type(type))
        return take_bundle(w, first, d, storage, err);
    struct pl_str config = pl_json_str(pl_json_get(pl_json_get(m, "config"), "mediaType"));
    struct pl_str artifact = pl_json_str(pl_json_get(m, "artifactType"));
    if (pl_str_is(config, OCI11_TYPE) || pl_str_is(artifact, OCI11_TYPE))
        return take_layers(w, m, "oci11", /* dsse= */ false, err);
    return 0;
}

static int take_referrer(struct walk *w, const struct pl_digest *d, const char *storage,
                         struct pl_err *err)
{
    struct pl_limits lim;
    struct pl_buf b = { 0 };
    struct pl_json *m = NULL;
    struct pl_object *o;
    struct pl_err why = { 0 };
    pl_limits_init(&lim);
    int r = w->s->fetch(w->s, d, /* manifest= */ true, lim.manifest, &b, &why);
    if (r == 0)
        r = pl_json_parse(pl_buf_str(&b), (unsigned)lim.depth, &m, &why);
    if (r == 0) {
        r = read_referrer(w, m, d, storage, err);
    } else if (fatal(r)) {
        *err = why;
    } else {
        r = new_object(w, storage, PL_FORM_BUNDLE, d, &o, err);
        if (r == 0)
            unread(w, o, &why);
    }
    pl_json_free(m);
    pl_buf_release(&b);
    return r;
}

static int each_referrer(void *arg, const struct pl_digest *d, const char *storage,
                         struct pl_err *err)
{
    struct walk *w = arg;
    (void)err;
    pl_vec_push(&w->referrers, ((struct referrer){ *d, storage }));
    return 0;
}

static int take_referrers(struct walk *w, struct pl_err *err)
{
    int r = w->s->referrers(w->s, w->image, each_referrer, w, err);
    for (size_t i = 0, ahead = 0; r == 0 && i < w->referrers.n; i++) {
        for (; ahead < w->referrers.n && ahead < i + AHEAD; ahead++)
            soon(w, PL_SOON_MANIFEST, &w->referrers.p[ahead].d);
        r = take_referrer(w, &w->referrers.p[i].d, w->referrers.p[i].storage, err);
    }
    return r;
}

/* ---- payloads ---- */

/* A blob, against what all of one image may weigh. Far beyond its descriptor's size nothing is
 * read. */
static int fetch_payload(struct walk *w, const struct want *x, struct pl_str *ret,
                         struct pl_err *err)
{
    struct pl_buf b = { 0 };
    size_t most = x->size < x->max - SLACK ? (size_t)x->size + SLACK : x->max;
    int r = w->s->fetch(w->s, &x->blob, /* manifest= */ false, most, &b, err);
    if (r == 0 && x->size != UINT64_MAX && b.n != x->size)
        r = pl_fail(err, PL_E_FORMAT, "not of the size that its descriptor says");
    w->n_bytes += b.n;
    if (r == 0 && w->n_bytes > TOTAL_MAX)
        r = pl_fail(err, PL_E_LIMIT, "limit signatures: more than %u MiB of one image",
                    TOTAL_MAX >> 20);
    if (r == 0)
        *ret = pl_dup(w->a, pl_buf_str(&b));
    pl_buf_release(&b);
    return r;
}

/* Signatures of one payload share its blob: it is fetched for the first, and lent to the others. */
static void lend(struct walk *w, size_t from)
{
    const struct pl_object *o = &w->out->p[from];
    for (size_t i = from + 1; i < w->out->n; i++) {
        if (w->want[i].max != w->want[from].max || w->want[i].size != w->want[from].size ||
            !pl_digest_eq(&w->want[i].blob, &w->want[from].blob))
            continue;
        w->want[i].max = 0;
        w->out->p[i].payload = o->payload;
        w->out->p[i].code = o->code;
        w->out->p[i].reason = o->reason;
    }
}

static int fill(struct walk *w, struct pl_err *err)
{
    for (size_t i = 0; i < w->out->n; i++) {
        struct pl_err why = { 0 };
        for (size_t k = i; k < w->out->n && k < i + AHEAD; k++)
            if (w->want[k].max)
                soon(w, PL_SOON_BLOB, &w->want[k].blob);
        if (!w->want[i].max)
            continue;
        int r = fetch_payload(w, &w->want[i], &w->out->p[i].payload, &why);
        if (fatal(r)) {
            *err = why;
            return r;
        }
        if (r < 0)
            unread(w, &w->out->p[i], &why);
        lend(w, i);
    }
    return 0;
}

void pl_sign_soon(struct pl_sign_store *s, const struct pl_digest *image, enum pl_sign_look look)
{
    struct pl_arena a = { 0 };
    if (!s->soon || look == PL_LOOK_NOTHING)
        return;
    if (look == PL_LOOK_ALL)
        s->soon(s, PL_SOON_TAG, image, pl_sign_tag(&a, image, ".sig"));
    s->soon(s, PL_SOON_TAG, image, pl_sign_tag(&a, image, ".att"));
    s->soon(s, PL_SOON_REFERRERS, image, PL_S(""));
    pl_arena_release(&a);
}

int pl_sign_collect(struct pl_sign_store *s, const struct pl_digest *image, bool signatures,
                    struct pl_arena *a, struct pl_objects *ret, struct pl_err *err)
{
    struct pl_err local = { 0 }, *e = err ? err : &local;
    struct walk w = {
        .s = s, .image = image, .image_text = pl_digest_text(a, image), .a = a, .out = ret
    };
    *ret = (struct pl_objects){ .p = pl_alloc_n(a, PL_OBJECTS_MAX, sizeof *ret->p) };
    w.want = pl_alloc_n(a, PL_OBJECTS_MAX, sizeof *w.want);
    pl_sign_soon(s, image, signatures ? PL_LOOK_ALL : PL_LOOK_ATTESTATIONS);
    int r = signatures ? take_tag(&w, /* dsse= */ false, e) : 0;
    if (r == 0)
        r = take_tag(&w, /* dsse= */ true, e);
    if (r == 0)
        r = take_referrers(&w, e);
    if (r == 0)
        r = fill(&w, e);
    pl_vec_release(&w.referrers);
    return r;
}
