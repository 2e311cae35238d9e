/* The documents: manifest, index, attestations, referrers. OCI image-spec 1.1; in-toto
 * Statement v1; SLSA provenance v0.2 as BuildKit writes it. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "mk.h"

#define OCI "application/vnd.oci.image."

void mk_json(struct pl_buf *b, struct pl_str s)
{
    pl_buf_putc(b, '"');
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        if (c == '"' || c == '\\')
            pl_buf_printf(b, "\\%c", c);
        else if (c < 0x20)
            pl_buf_printf(b, "\\u%04x", c);
        else
            pl_buf_putc(b, (char)c);
    }
    pl_buf_putc(b, '"');
}

/* One document in work, and the pieces that go into its index. */
struct doc {
    struct mk *m;
    struct mk_set *s;
    const struct mk_node *root;
    struct pl_buf index; /* the descriptors so far, with commas between */
    struct pl_str last;  /* the digest of the image that attestations and referrers belong to */
};

static void add_file(struct mk_set *s, struct pl_str path, struct pl_str body)
{
    struct mk_file f = { .path = path, .body = body };
    for (size_t i = 0; i < s->oci.n; i++)
        if (pl_str_eq(s->oci.p[i].path, path))
            return;
    pl_vec_push(&s->oci, f);
}

static void add_blob(struct mk *m, struct mk_set *s, const char *sha, struct pl_str body)
{
    add_file(s, pl_printf(&m->a, "blobs/sha256/%s", sha), body);
}

void mk_annotations(struct mk *m, const struct mk_node *n, const char *target, struct pl_buf *b)
{
    bool any = false;
    for (size_t i = 0; i < n->kids; i++) {
        struct mk_node *k = &n->kid[i];
        if (!mk_is(k, "annotation") || !pl_str_is(mk_arg(m, k, 1), target))
            continue;
        pl_buf_puts(b, any ? "," : ",\"annotations\":{");
        mk_json(b, mk_arg(m, k, 2));
        pl_buf_putc(b, ':');
        mk_json(b, mk_arg(m, k, 3));
        any = true;
    }
    if (any)
        pl_buf_putc(b, '}');
}

/* --- manifest -------------------------------------------------------------------------------- */

static void descriptor(struct pl_buf *b, struct pl_str type, const char *digest, int64_t size)
{
    pl_buf_puts(b, "{\"mediaType\":");
    mk_json(b, type);
    pl_buf_printf(b, ",\"digest\":\"%s\",\"size\":%" PRId64, digest, size);
}

static void manifest(struct mk *m, const struct mk_node *n, struct mk_image *im)
{
    struct pl_buf b = { 0 };
    char digest[80];
    snprintf(digest, sizeof digest, "sha256:%s", im->config_sha);
    pl_buf_puts(&b, "{\"schemaVersion\":2,\"mediaType\":\"" OCI "manifest.v1+json\",\"config\":");
    descriptor(&b, PL_S(OCI "config.v1+json"), digest, (int64_t)im->config.n);
    mk_annotations(m, n, "config", &b);
    pl_buf_puts(&b, "},\"layers\":[");
    for (size_t i = 0; i < im->layer.n; i++) {
        struct mk_layer *l = &im->layer.p[i];
        pl_buf_puts(&b, i ? "," : "");
        descriptor(&b, l->media_type, l->digest, l->size);
        pl_buf_printf(&b, "%.*s}", PL_FMT(l->extra));
    }
    pl_buf_putc(&b, ']');
    mk_annotations(m, n, "manifest", &b);
    mk_members(m, n, "in-manifest", &b);
    pl_buf_putc(&b, '}');
    im->manifest = mk_changed(m, n, "manifest", mk_keep(m, &b));
    mk_sha(im->manifest, im->manifest_sha);
}

/* Appends to the index: a descriptor with platform, ref name and the block's own annotations. */
static void list(struct doc *d, const struct mk_node *n, struct pl_str body, const char *sha,
                 const char *platform, const char *annotations)
{
    struct mk *m = d->m;
    struct pl_buf own = { 0 };
    char digest[80];
    snprintf(digest, sizeof digest, "sha256:%s", sha);
    pl_buf_puts(&d->index, d->index.n ? "," : "");
    descriptor(&d->index, mk_opt_str(m, n, "mediatype", OCI "manifest.v1+json"), digest,
               (int64_t)body.n);
    pl_buf_puts(&d->index, platform);
    mk_annotations(m, n, "descriptor", &own);
    if (own.n && *annotations)
        pl_buf_printf(&d->index, ",\"annotations\":{%s,%.*s", annotations, (int)own.n - 16,
                      own.p + 16);
    else if (*annotations)
        pl_buf_printf(&d->index, ",\"annotations\":{%s}", annotations);
    else
        pl_buf_putn(&d->index, own.p ? own.p : "", own.n);
    mk_members(m, n, "in-descriptor", &d->index);
    pl_buf_putc(&d->index, '}');
    pl_buf_release(&own);
}

static const char *const image_words[] = { "image",        "attest",     "referrer", "orphan",
                                           "orphan-layer", "annotation", "patch",    "raw",
                                           "nest",         "finally",    "plain",    "let",
                                           "in-index" };

static bool index_word(const struct mk_node *k)
{
    for (size_t i = 0; i < PL_COUNT(image_words); i++)
        if (mk_is(k, image_words[i]))
            return true;
    return false;
}

static bool image_word(const struct mk_node *k)
{
    static const char *const other[] = { "layer",       "again",         "history",   "author",
                                         "no-history",  "platform",      "tag",       "top",
                                         "inner",       "annotation",    "patch",     "raw",
                                         "in-manifest", "in-descriptor", "compressed" };
    for (size_t i = 0; i < PL_COUNT(other); i++)
        if (mk_is(k, other[i]))
            return true;
    return mk_is_setting(k);
}

static void layers(struct mk *m, const struct mk_node *n, struct mk_image *im)
{
    for (size_t i = 0; i < n->kids; i++) {
        struct mk_node *k = &n->kid[i];
        struct mk_layer l = { 0 };
        m->layer = (unsigned)im->layer.n;
        m->facts = true;
        if (mk_is(k, "layer")) {
            mk_layer_build(m, k, &l);
            pl_vec_push(&im->layer, l);
        } else if (mk_is(k, "again")) {
            size_t which = (size_t)mk_num(m, k, mk_arg(m, k, 1));
            if (which >= im->layer.n)
                mk_die(m, k, "no such layer yet");
            l = im->layer.p[which];
            l.created_by = mk_opt_str(m, k, "by", "again");
            pl_vec_push(&im->layer, l);
        } else if (!image_word(k) && !index_word(k)) {
            mk_die(m, k, "unknown statement '%.*s'", PL_FMT(mk_arg(m, k, 0)));
        }
        m->facts = false;
    }
}

static void image(struct doc *d, const struct mk_node *n)
{
    struct mk *m = d->m;
    struct mk_image *im = PL_NEW(&m->a, struct mk_image);
    const struct mk_node *platform = mk_find(n, "platform"), *tag = mk_find(n, "tag");
    struct pl_str p = platform ? mk_arg(m, platform, 1) : PL_S("linux/amd64");
    struct pl_buf text = { 0 }, note = { 0 };
    pl_str_split(&p, '/', &im->os);
    im->arch = p;
    im->tag = tag ? mk_arg(m, tag, 1) : PL_S("latest");
    im->compressed = mk_find(n, "compressed") != NULL;
    m->image = (unsigned)d->s->image.n;
    layers(m, n, im);
    mk_config(m, n, im);
    manifest(m, n, im);
    for (size_t i = 0; i < im->layer.n; i++)
        if (!im->layer.p[i].missing)
            add_blob(m, d->s, im->layer.p[i].stored_sha, im->layer.p[i].stored);
    add_blob(m, d->s, im->config_sha, im->config);
    add_blob(m, d->s, im->manifest_sha, im->manifest);
    pl_vec_push(&d->s->image, im);
    d->last = pl_printf(&m->a, "sha256:%s", im->manifest_sha);
    pl_buf_printf(&text, ",\"platform\":{\"architecture\":\"%.*s\",\"os\":\"%.*s\"}",
                  PL_FMT(im->arch), PL_FMT(im->os));
    if (tag) {
        pl_buf_puts(&note, "\"org.opencontainers.image.ref.name\":");
        mk_json(&note, im->tag);
    }
    list(d, n, im->manifest, im->manifest_sha, mk_keep(m, &text).p, mk_keep(m, &note).p);
}

/* --- attestations and referrers -------------------------------------------------------------- */

/* provenance { arg NAME VALUE … } */
static struct pl_str provenance(struct doc *d, const struct mk_node *k)
{
    struct mk *m = d->m;
    struct pl_buf b = { 0 };
    pl_buf_printf(&b,
                  "{\"_type\":\"https://in-toto.io/Statement/v0.1\",\"predicateType\":\"https://"
                  "slsa.dev/provenance/v0.2\",\"subject\":[{\"name\":\"_\",\"digest\":{\"sha256\":"
                  "\"%s\"}}],\"predicate\":{\"buildType\":\"https://mobyproject.org/buildkit@v1\","
                  "\"invocation\":{\"parameters\":{\"frontend\":\"dockerfile.v0\",\"args\":{",
                  d->last.p + 7);
    for (size_t i = 0; i < k->kids; i++) {
        struct mk_node *a = &k->kid[i];
        pl_buf_puts(&b, i ? "," : "");
        mk_json(&b, pl_printf(&m->a, "build-arg:%.*s", PL_FMT(mk_arg(m, a, 1))));
        pl_buf_putc(&b, ':');
        mk_json(&b, mk_arg(m, a, 2));
    }
    pl_buf_puts(&b, "}}}}}");
    return mk_keep(m, &b);
}

static struct pl_str blob(struct doc *d, const struct mk_node *k, struct pl_buf *b)
{
    struct mk *m = d->m;
    bool prov = mk_is(k, "provenance");
    struct pl_str s = prov ? provenance(d, k) : mk_content(m, k, 1);
    char sha[65], digest[80];
    mk_sha(s, sha);
    snprintf(digest, sizeof digest, "sha256:%s", sha);
    if (!mk_flag(k, "missing"))
        add_blob(m, d->s, sha, s);
    descriptor(b,
               mk_opt_str(m, k, "mediatype", prov ? "application/vnd.in-toto+json" : "text/plain"),
               digest, (int64_t)s.n);
    if (prov)
        pl_buf_puts(b, ",\"annotations\":{\"in-toto.io/predicate-type\":"
                       "\"https://slsa.dev/provenance/v0.2\"}");
    if (pl_str_is(mk_opt_str(m, k, "data", ""), "yes")) {
        pl_buf_puts(b, ",\"data\":\"");
        mk_base64(s, false, b);
        pl_buf_putc(b, '"');
    }
    pl_buf_putc(b, '}');
    return s;
}

/* The manifest of an attestation or artifact: its config, then the blobs of its block. */
static void artifact(struct doc *d, const struct mk_node *n, struct pl_str conf,
                     const char *conf_type, bool subject)
{
    struct mk *m = d->m;
    struct pl_buf b = { 0 };
    struct pl_str type = mk_opt_str(m, n, "type", ""), tag = mk_opt_str(m, n, "tag", ""), body;
    char sha[65], digest[80], note[400] = "";
    bool any = false, attest = mk_is(n, "attest");
    mk_sha(conf, sha);
    snprintf(digest, sizeof digest, "sha256:%s", sha);
    add_blob(m, d->s, sha, conf);
    pl_buf_puts(&b, "{\"schemaVersion\":2,\"mediaType\":\"" OCI "manifest.v1+json\"");
    if (type.n) {
        pl_buf_puts(&b, ",\"artifactType\":");
        mk_json(&b, type);
    }
    pl_buf_puts(&b, ",\"config\":");
    descriptor(&b, pl_str_c(conf_type), digest, (int64_t)conf.n);
    pl_buf_puts(&b, "},\"layers\":[");
    for (size_t i = 0; i < n->kids; i++) {
        if (!mk_is(&n->kid[i], "blob") && !mk_is(&n->kid[i], "provenance"))
            continue;
        pl_buf_puts(&b, any ? "," : "");
        blob(d, &n->kid[i], &b);
        any = true;
    }
    pl_buf_putc(&b, ']');
    if (subject) {
        struct mk_image *im = d->s->image.p[d->s->image.n - 1];
        pl_buf_puts(&b, ",\"subject\":");
        descriptor(&b, PL_S(OCI "manifest.v1+json"), d->last.p, (int64_t)im->manifest.n);
        pl_buf_putc(&b, '}');
    }
    mk_annotations(m, n, "manifest", &b);
    pl_buf_putc(&b, '}');
    body = mk_changed(m, n, "manifest", mk_keep(m, &b));
    mk_sha(body, sha);
    add_blob(m, d->s, sha, body);
    if (pl_str_is(mk_opt_str(m, n, "listed", "yes"), "no"))
        return;
    if (attest)
        snprintf(note, sizeof note,
                 "\"vnd.docker.reference.digest\":\"%s\","
                 "\"vnd.docker.reference.type\":\"attestation-manifest\"",
                 d->last.p);
    else if (tag.n)
        snprintf(note, sizeof note, "\"org.opencontainers.image.ref.name\":\"sha256-%s%.*s\"",
                 d->last.p + 7, PL_FMT(tag));
    list(d, n, body, sha,
         attest ? ",\"platform\":{\"architecture\":\"unknown\",\"os\":\"unknown\"}" : "", note);
}

static void attest(struct doc *d, const struct mk_node *n)
{
    artifact(d, n,
             PL_S("{\"architecture\":\"unknown\",\"os\":\"unknown\",\"config\":{},\"rootfs\":"
                  "{\"type\":\"layers\",\"diff_ids\":[]}}"),
             OCI "config.v1+json", false);
}

/* --- the whole ------------------------------------------------------------------------------- */

static void orphan(struct doc *d, const struct mk_node *k)
{
    struct mk *m = d->m;
    char sha[65];
    struct mk_layer l = { 0 };
    struct pl_str s;
    if (mk_is(k, "orphan-layer")) {
        mk_layer_build(m, k, &l);
        s = l.stored;
    } else {
        s = mk_content(m, k, 1);
    }
    mk_sha(s, sha);
    add_blob(m, d->s, sha, s);
}

static struct pl_str index_text(struct doc *d, struct pl_str items, bool last)
{
    struct mk *m = d->m;
    struct pl_buf b = { 0 };
    pl_buf_puts(&b, "{\"schemaVersion\":2,\"mediaType\":\"" OCI "index.v1+json\",\"manifests\":[");
    pl_buf_putn(&b, items.p, items.n);
    pl_buf_putc(&b, ']');
    if (last) {
        mk_annotations(m, d->root, "index", &b);
        mk_members(m, d->root, "in-index", &b);
    }
    pl_buf_putc(&b, '}');
    return mk_keep(m, &b);
}

/* nest N: index.json names an index, which names an index … N times. */
static void finish_index(struct doc *d)
{
    struct mk *m = d->m;
    const struct mk_node *nest = mk_find(d->root, "nest");
    int64_t depth = nest ? mk_num(m, nest, mk_arg(m, nest, 1)) : 0;
    struct pl_str items = mk_keep(m, &d->index);
    for (; depth > 0; depth--) {
        struct pl_str text = index_text(d, items, false);
        struct pl_buf b = { 0 };
        char sha[65], digest[80];
        mk_sha(text, sha);
        add_blob(m, d->s, sha, text);
        snprintf(digest, sizeof digest, "sha256:%s", sha);
        descriptor(&b, PL_S(OCI "index.v1+json"), digest, (int64_t)text.n);
        pl_buf_putc(&b, '}');
        items = mk_keep(m, &b);
    }
    add_file(d->s, PL_S("index.json"), mk_changed(m, d->root, "index", index_text(d, items, true)));
    add_file(d->s, PL_S("oci-layout"), PL_S("{\"imageLayoutVersion\":\"1.0.0\"}"));
}

static void let(struct mk *m, const struct mk_node *k)
{
    struct mk_token v = { .name = mk_arg(m, k, 1), .value = mk_content(m, k, 2) };
    pl_vec_push(&m->var, v);
}

/* A recipe that has layers or settings outside any `image` block is one image. */
static bool one_image(const struct mk_node *root)
{
    for (size_t i = 0; i < root->kids; i++)
        if (!index_word(&root->kid[i]))
            return true;
    return false;
}

void mk_build(struct mk *m, const struct mk_node *root, struct mk_set *s)
{
    struct doc d = { .m = m, .s = s, .root = root };
    struct mk_node whole = *root;
    struct mk_word name = { .s = PL_S("image") };
    whole.w = &name;
    whole.n = 1;
    for (size_t i = 0; i < root->kids; i++)
        if (mk_is(&root->kid[i], "let"))
            let(m, &root->kid[i]);
    if (one_image(root))
        image(&d, &whole);
    for (size_t i = 0; i < root->kids; i++) {
        struct mk_node *k = &root->kid[i];
        if (mk_is(k, "image"))
            image(&d, k);
        else if (mk_is(k, "attest"))
            attest(&d, k);
        else if (mk_is(k, "referrer"))
            artifact(&d, k, PL_S("{}"), "application/vnd.oci.empty.v1+json", !mk_opt(m, k, "tag"));
        else if (mk_is(k, "orphan") || mk_is(k, "orphan-layer"))
            orphan(&d, k);
        else if (mk_is(k, "finally"))
            s->finally = k;
        else if (mk_is(k, "plain")) {
            s->plain = mk_content(m, k, 1);
            s->has_plain = true;
        }
    }
    finish_index(&d);
}
