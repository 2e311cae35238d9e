/* Reads the JSON documents of an image. OCI image-spec 1.1: descriptor.md, image-index.md,
 * manifest.md, config.md; Docker image manifest version 2, schema 2. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "oci/doc.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/base64.h"

#define SIZE_LARGEST ((int64_t)1 << 53) /* what every JSON reader holds exactly */

/* One read. `at` is the JSON pointer of the value in hand, for messages. */
struct reader {
    const struct pl_limits *l;
    struct pl_arena *a;
    struct pl_err *err;
};

#define AT_MAX 96 /* our own pointers: "/manifests/1234/annotations/…" */

static const struct {
    const char *name;
    enum pl_doc_kind kind;
} media_types[] = {
    { "application/vnd.oci.image.index.v1+json", PL_DOC_INDEX },
    { "application/vnd.docker.distribution.manifest.list.v2+json", PL_DOC_INDEX },
    { "application/vnd.oci.image.manifest.v1+json", PL_DOC_MANIFEST },
    { "application/vnd.docker.distribution.manifest.v2+json", PL_DOC_MANIFEST },
    { "application/vnd.oci.artifact.manifest.v1+json", PL_DOC_MANIFEST },
    { "application/vnd.oci.image.config.v1+json", PL_DOC_CONFIG },
    { "application/vnd.docker.container.image.v1+json", PL_DOC_CONFIG },
};

enum pl_doc_kind pl_doc_kind_of(struct pl_str media_type)
{
    for (size_t i = 0; i < sizeof media_types / sizeof media_types[0]; i++)
        if (pl_str_is(media_type, media_types[i].name))
            return media_types[i].kind;
    return PL_DOC_UNKNOWN;
}

static bool is(const struct pl_json *j, enum pl_json_type t)
{
    return j && pl_json_type(j) == t;
}

/* A member that is there and is not null: writers in Go print an empty list as null. */
static const struct pl_json *member(const struct pl_json *j, const char *key)
{
    const struct pl_json *m = pl_json_get(j, key);
    return is(m, PL_JSON_NULL) ? NULL : m;
}

static int wrong(struct reader *r, const char *at, const char *key, const char *want)
{
    return pl_fail(r->err, PL_E_FORMAT, "%s/%s is not %s", at, key, want);
}

/* The string member `key`, a copy; empty when absent. */
static int get_str(struct reader *r, const struct pl_json *j, const char *at, const char *key,
                   struct pl_str *ret)
{
    const struct pl_json *m = member(j, key);
    if (m && pl_json_type(m) != PL_JSON_STRING)
        return wrong(r, at, key, "a string");
    *ret = m ? pl_dup(r->a, pl_json_str(m)) : (struct pl_str){ "", 0 };
    return 0;
}

/* The list member `key` of at most `max` values; *ret_n is 0 when absent. */
static int get_list(struct reader *r, const struct pl_json *j, const char *at, const char *key,
                    uint64_t max, const char *limit, const struct pl_json **ret, size_t *ret_n)
{
    const struct pl_json *m = member(j, key);
    if (m && pl_json_type(m) != PL_JSON_ARRAY)
        return wrong(r, at, key, "a list");
    size_t n = m ? pl_json_len(m) : 0;
    if (n > max)
        return pl_fail(r->err, PL_E_LIMIT, "limit %s: %s/%s has %zu values, more than %" PRIu64,
                       limit, at, key, n, max);
    *ret = m;
    *ret_n = n;
    return 0;
}

/* The object member `key`; *ret is NULL when absent. */
static int get_object(struct reader *r, const struct pl_json *j, const char *at, const char *key,
                      const struct pl_json **ret)
{
    const struct pl_json *m = member(j, key);
    if (m && pl_json_type(m) != PL_JSON_OBJECT)
        return wrong(r, at, key, "an object");
    *ret = m;
    return 0;
}

/* A list of strings, copied. */
static int get_strs(struct reader *r, const struct pl_json *j, const char *at, const char *key,
                    uint64_t max, const char *limit, struct pl_str **ret, size_t *ret_n)
{
    const struct pl_json *list;
    size_t n;
    int e = get_list(r, j, at, key, max, limit, &list, &n);
    if (e < 0)
        return e;
    struct pl_str *s = n ? pl_alloc_n(r->a, n, sizeof *s) : NULL;
    for (size_t i = 0; i < n; i++) {
        const struct pl_json *v = pl_json_at(list, i);
        if (!is(v, PL_JSON_STRING))
            return pl_fail(r->err, PL_E_FORMAT, "%s/%s/%zu is not a string", at, key, i);
        s[i] = pl_dup(r->a, pl_json_str(v));
    }
    *ret = s;
    *ret_n = n;
    return 0;
}

static int get_digest(struct reader *r, const struct pl_json *v, const char *at, const char *key,
                      struct pl_digest *ret)
{
    if (!is(v, PL_JSON_STRING))
        return wrong(r, at, key, "a digest");
    if (pl_digest_parse(pl_json_str(v), ret, r->err) < 0)
        return pl_wrap(r->err, "%s/%s", at, key);
    return 0;
}

static int get_platform(struct reader *r, const struct pl_json *j, const char *at,
                        struct pl_platform *ret)
{
    int e = get_str(r, j, at, "os", &ret->os);
    if (e == 0)
        e = get_str(r, j, at, "architecture", &ret->arch);
    return e < 0 ? e : get_str(r, j, at, "variant", &ret->variant);
}

static int get_annotations(struct reader *r, const struct pl_json *j, const char *at,
                           struct pl_descriptor *d)
{
    const struct pl_json *m;
    char here[AT_MAX];
    int e = get_object(r, j, at, "annotations", &m);
    if (e < 0)
        return e;
    snprintf(here, sizeof here, "%s/annotations", at);
    e = get_str(r, m, here, "org.opencontainers.image.ref.name", &d->ref_name);
    if (e == 0)
        e = get_str(r, m, here, "vnd.docker.reference.type", &d->reference_type);
    return e < 0 ? e : get_str(r, m, here, "vnd.docker.reference.digest", &d->reference_digest);
}

/* The embedded content, descriptor.md "data": base 64 of RFC 4648 section 4. */
static int get_data(struct reader *r, const struct pl_json *j, const char *at,
                    struct pl_descriptor *d)
{
    const struct pl_json *m = member(j, "data");
    if (!m)
        return 0;
    if (pl_json_type(m) != PL_JSON_STRING)
        return wrong(r, at, "data", "a string");
    struct pl_str text = pl_json_str(m);
    if (text.n / 4 * 3 > r->l->config)
        return pl_fail(r->err, PL_E_LIMIT, "limit config: %s/data has %zu characters", at, text.n);
    char *out = pl_alloc(r->a, pl_base64_room(text.n));
    size_t n;
    if (pl_base64_decode(text, PL_BASE64_STD, out, &n, r->err) < 0)
        return pl_wrap(r->err, "%s/data", at);
    d->data = pl_str_n(out, n);
    d->has_data = true;
    return 0;
}

static int get_size(struct reader *r, const struct pl_json *j, const char *at, uint64_t *ret)
{
    const struct pl_json *m = member(j, "size");
    int64_t size = pl_json_int(m, -1);
    if (!is(m, PL_JSON_INT) || size < 0 || size > SIZE_LARGEST)
        return wrong(r, at, "size", "a size in bytes");
    *ret = (uint64_t)size;
    return 0;
}

static int get_descriptor(struct reader *r, const struct pl_json *j, const char *at,
                          struct pl_descriptor *d)
{
    const struct pl_json *m;
    struct pl_str *urls;
    size_t n_urls;
    char here[AT_MAX];
    if (!is(j, PL_JSON_OBJECT))
        return pl_fail(r->err, PL_E_FORMAT, "%s is not a descriptor", at);
    int e = get_str(r, j, at, "mediaType", &d->media_type);
    if (e == 0)
        e = get_str(r, j, at, "artifactType", &d->artifact_type);
    if (e == 0)
        e = get_digest(r, pl_json_get(j, "digest"), at, "digest", &d->digest);
    if (e == 0)
        e = get_size(r, j, at, &d->size);
    if (e == 0)
        e = get_object(r, j, at, "platform", &m);
    if (e == 0) {
        snprintf(here, sizeof here, "%s/platform", at);
        e = get_platform(r, m, here, &d->platform);
    }
    if (e == 0)
        e = get_annotations(r, j, at, d);
    if (e == 0)
        e = get_data(r, j, at, d);
    if (e == 0)
        e = get_strs(r, j, at, "urls", r->l->children, "children", &urls, &n_urls);
    if (e == 0 && n_urls > 0) {
        d->has_urls = true;
        d->url = urls[0];
    }
    return e;
}

static int get_descriptors(struct reader *r, const struct pl_json *root, const char *key,
                           uint64_t max, const char *limit, struct pl_doc *d)
{
    const struct pl_json *list;
    size_t n;
    char at[AT_MAX];
    int e = get_list(r, root, "", key, max, limit, &list, &n);
    if (e < 0)
        return e;
    d->items = n ? pl_alloc_n(r->a, n, sizeof *d->items) : NULL;
    for (size_t i = 0; i < n; i++) {
        snprintf(at, sizeof at, "/%s/%zu", key, i);
        e = get_descriptor(r, pl_json_at(list, i), at, &d->items[i]);
        if (e < 0)
            return e;
    }
    d->n_items = n;
    return 0;
}

/* The optional descriptor `key`. */
static int get_one(struct reader *r, const struct pl_json *root, const char *key,
                   struct pl_descriptor *d)
{
    char at[AT_MAX];
    const struct pl_json *m = member(root, key);
    snprintf(at, sizeof at, "/%s", key);
    return m ? get_descriptor(r, m, at, d) : 0;
}

/* What index and manifest share. */
static int read_common(struct reader *r, const struct pl_json *root, struct pl_doc *d)
{
    const struct pl_json *version = member(root, "schemaVersion"), *annotations;
    if (version && pl_json_int(version, 0) == 1)
        return pl_fail(r->err, PL_E_UNSUP, "image manifest of schema version 1");
    if (version && pl_json_int(version, 0) != 2)
        return wrong(r, "", "schemaVersion", "2");
    int e = get_object(r, root, "", "annotations", &annotations);
    if (e == 0)
        e = get_one(r, root, "subject", &d->subject);
    return e < 0 ? e : get_str(r, root, "", "artifactType", &d->artifact_type);
}

static int read_index(struct reader *r, const struct pl_json *root, struct pl_doc *d)
{
    int e = read_common(r, root, d);
    return e < 0 ? e : get_descriptors(r, root, "manifests", r->l->children, "children", d);
}

static int read_manifest(struct reader *r, const struct pl_json *root, struct pl_doc *d)
{
    int e = read_common(r, root, d);
    if (e == 0)
        e = get_one(r, root, "config", &d->config);
    if (e < 0)
        return e;
    /* the artifact manifest of the 1.1 release candidates calls its items blobs */
    const char *items =
        pl_json_get(root, "layers") || !pl_json_get(root, "blobs") ? "layers" : "blobs";
    return get_descriptors(r, root, items, r->l->layers, "layers", d);
}

static int read_history(struct reader *r, const struct pl_json *root, struct pl_doc *d)
{
    const struct pl_json *list;
    size_t n;
    /* entries without a layer outnumber the others, seldom by more than this */
    int e = get_list(r, root, "", "history", r->l->layers * 10, "layers", &list, &n);
    if (e < 0)
        return e;
    d->history = n ? pl_alloc_n(r->a, n, sizeof *d->history) : NULL;
    for (size_t i = 0; i < n && e == 0; i++) {
        const struct pl_json *j = pl_json_at(list, i), *empty;
        struct pl_history *h = &d->history[i];
        char at[AT_MAX];
        snprintf(at, sizeof at, "/history/%zu", i);
        if (!is(j, PL_JSON_OBJECT))
            return pl_fail(r->err, PL_E_FORMAT, "%s is not an object", at);
        empty = member(j, "empty_layer");
        if (empty && pl_json_type(empty) != PL_JSON_BOOL)
            return wrong(r, at, "empty_layer", "true or false");
        h->empty_layer = pl_json_true(empty);
        h->has_created_by = member(j, "created_by") != NULL;
        e = get_str(r, j, at, "created", &h->created);
        if (e == 0)
            e = get_str(r, j, at, "created_by", &h->created_by);
        if (e == 0)
            e = get_str(r, j, at, "comment", &h->comment);
        if (e == 0)
            e = get_str(r, j, at, "author", &h->author);
    }
    d->n_history = n;
    d->has_history = list != NULL;
    return e;
}

static int read_config(struct reader *r, const struct pl_json *root, struct pl_doc *d)
{
    const struct pl_json *rootfs, *config, *ids;
    size_t n = 0;
    int e = get_platform(r, root, "", &d->platform);
    if (e == 0)
        e = get_object(r, root, "", "config", &config);
    if (e == 0)
        e = get_object(r, root, "", "rootfs", &rootfs);
    if (e == 0)
        e = get_list(r, rootfs, "/rootfs", "diff_ids", r->l->layers, "layers", &ids, &n);
    if (e < 0)
        return e;
    d->diff_ids = n ? pl_alloc_n(r->a, n, sizeof *d->diff_ids) : NULL;
    for (size_t i = 0; i < n; i++) {
        char number[24];
        snprintf(number, sizeof number, "%zu", i);
        e = get_digest(r, pl_json_at(ids, i), "/rootfs/diff_ids", number, &d->diff_ids[i]);
        if (e < 0)
            return e;
    }
    d->n_diff_ids = n;
    return read_history(r, root, d);
}

static int read_archive(struct reader *r, const struct pl_json *root, struct pl_doc *d)
{
    size_t n = pl_json_len(root);
    if (n > r->l->children)
        return pl_fail(r->err, PL_E_LIMIT, "limit children: %zu images", n);
    d->images = pl_alloc_n(r->a, n, sizeof *d->images);
    for (size_t i = 0; i < n; i++) {
        const struct pl_json *j = pl_json_at(root, i);
        struct pl_archive_image *im = &d->images[i];
        char at[AT_MAX];
        snprintf(at, sizeof at, "/%zu", i);
        if (!is(j, PL_JSON_OBJECT))
            return pl_fail(r->err, PL_E_FORMAT, "%s is not an object", at);
        int e = get_str(r, j, at, "Config", &im->config);
        if (e == 0)
            e = get_strs(r, j, at, "RepoTags", r->l->children * 10, "children", &im->tags,
                         &im->n_tags);
        if (e == 0)
            e = get_strs(r, j, at, "Layers", r->l->layers, "layers", &im->layers, &im->n_layers);
        if (e < 0)
            return e;
    }
    d->n_images = n;
    return 0;
}

/* ------------------------------------------------------------------ which kind is it? */

static bool looks_archive(const struct pl_json *root)
{
    for (size_t i = 0; i < pl_json_len(root); i++) {
        const struct pl_json *j = pl_json_at(root, i);
        if (pl_json_get(j, "Config") || pl_json_get(j, "Layers"))
            return true;
    }
    return false;
}

/* Is `config` of an object a descriptor, as in a manifest, rather than an image's configuration? */
static bool descriptor_config(const struct pl_json *root)
{
    const struct pl_json *c = pl_json_get(root, "config");
    return pl_json_get(c, "digest") && (pl_json_get(c, "mediaType") || pl_json_get(c, "size"));
}

/* The kind by keys alone; hazard H5: a document that two readers could take for two kinds is
 * refused. */
static int kind_by_keys(struct reader *r, const struct pl_json *root, enum pl_doc_kind *ret)
{
    if (is(root, PL_JSON_ARRAY)) {
        *ret = looks_archive(root) ? PL_DOC_ARCHIVE : PL_DOC_UNKNOWN;
        return 0;
    }
    bool manifests = pl_json_get(root, "manifests"), layers = pl_json_get(root, "layers");
    bool blobs = pl_json_get(root, "blobs"), fs_layers = pl_json_get(root, "fsLayers");
    bool rootfs = pl_json_get(root, "rootfs"), config = pl_json_get(root, "config");
    bool image = rootfs || pl_json_get(root, "architecture") || pl_json_get(root, "history");
    bool manifest = layers || descriptor_config(root);
    if (manifests && (layers || config))
        return pl_fail(r->err, PL_E_FORMAT, "ambiguous: 'manifests' beside '%s'",
                       layers ? "layers" : "config");
    if (fs_layers && (manifests || manifest || rootfs))
        return pl_fail(r->err, PL_E_FORMAT, "ambiguous: 'fsLayers' beside keys of another kind");
    if (fs_layers)
        return pl_fail(r->err, PL_E_UNSUP, "image manifest of schema version 1");
    if ((manifests || manifest) && rootfs)
        return pl_fail(r->err, PL_E_FORMAT, "ambiguous: 'rootfs' beside '%s'",
                       manifests ? "manifests"
                       : layers  ? "layers"
                                 : "config");
    if (manifests)
        *ret = PL_DOC_INDEX;
    else if (manifest || (blobs && pl_json_get(root, "mediaType")))
        *ret = PL_DOC_MANIFEST;
    else
        *ret = image ? PL_DOC_CONFIG : PL_DOC_UNKNOWN;
    return 0;
}

static const char *kind_name(enum pl_doc_kind k)
{
    static const char *const names[] = { "document", "index", "manifest", "config",
                                         "archive manifest" };
    return names[k];
}

/* Does what a media type says (`claim`) agree with the keys? Settles the kind of a document whose
 * keys say nothing. */
static int settle(struct reader *r, const char *who, enum pl_doc_kind claim, enum pl_doc_kind *kind)
{
    if (claim == PL_DOC_UNKNOWN || claim == *kind)
        return 0;
    if (*kind == PL_DOC_UNKNOWN && claim == PL_DOC_CONFIG) {
        *kind = claim; /* "{}" is a configuration in which nothing is set */
        return 0;
    }
    if (*kind == PL_DOC_UNKNOWN)
        return pl_fail(r->err, PL_E_FORMAT, "%s says %s, the document has no key of one", who,
                       kind_name(claim));
    return pl_fail(r->err, PL_E_FORMAT, "%s says %s, the keys say %s", who, kind_name(claim),
                   kind_name(*kind));
}

static int classify(struct reader *r, const struct pl_json *root, struct pl_str expect,
                    struct pl_doc *d)
{
    int e = 0;
    if (is(root, PL_JSON_OBJECT))
        e = get_str(r, root, "", "mediaType", &d->media_type);
    if (e == 0 &&
        pl_str_starts(d->media_type, PL_S("application/vnd.docker.distribution.manifest.v1+")))
        return pl_fail(r->err, PL_E_UNSUP, "image manifest of schema version 1");
    if (e == 0)
        e = kind_by_keys(r, root, &d->kind);
    enum pl_doc_kind inside = pl_doc_kind_of(d->media_type), outside = pl_doc_kind_of(expect);
    if (e == 0)
        e = settle(r, "mediaType", inside, &d->kind);
    if (e == 0)
        e = settle(r, "the descriptor", outside, &d->kind);
    if (e == 0 && inside && outside && !pl_str_eq(d->media_type, expect))
        return pl_fail(r->err, PL_E_FORMAT, "mediaType differs from the descriptor's");
    return e;
}

int pl_doc_read(const struct pl_json *root, struct pl_str expect_media_type,
                const struct pl_limits *l, struct pl_arena *a, struct pl_doc *ret,
                struct pl_err *err)
{
    static int (*const read[])(struct reader *, const struct pl_json *, struct pl_doc *) = {
        [PL_DOC_INDEX] = read_index,
        [PL_DOC_MANIFEST] = read_manifest,
        [PL_DOC_CONFIG] = read_config,
        [PL_DOC_ARCHIVE] = read_archive,
    };
    struct pl_err local;
    struct reader r = { .l = l, .a = a, .err = err ? err : &local };
    struct pl_doc d = { 0 };
    int e = classify(&r, root, expect_media_type, &d);
    if (e == 0 && d.kind != PL_DOC_UNKNOWN)
        e = pl_doc_keys(root, r.err);
    if (e == 0 && read[d.kind])
        e = read[d.kind](&r, root, &d);
    if (e == 0)
        *ret = d;
    return e;
}
