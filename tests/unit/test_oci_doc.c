/* Documents of an image: classification, every field, and what hazards H5 and H7 refuse. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "oci/doc.h"
#include "oci/place.h"

#define HEX "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define D "\"sha256:" HEX "\""
#define DESC "{\"mediaType\":\"m\",\"digest\":" D ",\"size\":3}"
#define OCI_INDEX "application/vnd.oci.image.index.v1+json"
#define OCI_MANIFEST "application/vnd.oci.image.manifest.v1+json"
#define OCI_CONFIG "application/vnd.oci.image.config.v1+json"
#define DOCKER_LIST "application/vnd.docker.distribution.manifest.list.v2+json"
#define DOCKER_MANIFEST "application/vnd.docker.distribution.manifest.v2+json"

static struct pl_arena arena;
static struct pl_limits limits;

static int setup(void **state)
{
    (void)state;
    pl_limits_init(&limits);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    pl_arena_release(&arena);
    return 0;
}

static int read_as(const char *text, const char *expect, struct pl_doc *d, struct pl_err *err)
{
    struct pl_json *j;
    if (pl_json_parse(pl_str_c(text), 64, &j, err) < 0)
        fail_msg("%s: %s", text, err->msg);
    int r = pl_doc_read(j, pl_str_c(expect), &limits, &arena, d, err);
    pl_json_free(j); /* the document must not point into it */
    return r;
}

static struct pl_doc good(const char *text, const char *expect, enum pl_doc_kind kind)
{
    struct pl_doc d;
    struct pl_err err = { 0 };
    if (read_as(text, expect, &d, &err) < 0)
        fail_msg("%s: %s", text, err.msg);
    assert_int_equal(d.kind, kind);
    return d;
}

static void bad(const char *text, const char *expect, int code, const char *why)
{
    struct pl_doc d = { .n_items = 77 };
    struct pl_err err = { 0 };
    int r = read_as(text, expect, &d, &err);
    if (r != code || err.code != code || !strstr(err.msg, why))
        fail_msg("%s: %d %s", text, r, err.msg);
    assert_int_equal(d.n_items, 77);
}

/* ------------------------------------------------------------------ reading */

static void an_index_with_every_field(void **state)
{
    (void)state;
    struct pl_doc d = good(
        "{\"schemaVersion\":2,\"mediaType\":\"" OCI_INDEX
        "\",\"artifactType\":\"at\",\"manifests\":["
        "{\"mediaType\":\"" OCI_MANIFEST "\",\"artifactType\":\"x/y\",\"digest\":" D ",\"size\":42,"
        "\"platform\":{\"os\":\"linux\",\"architecture\":\"arm64\",\"variant\":\"v8\"},"
        "\"annotations\":{\"org.opencontainers.image.ref.name\":\"latest\","
        "\"vnd.docker.reference.type\":\"attestation-manifest\","
        "\"vnd.docker.reference.digest\":\"sha256:ff\",\"other\":\"o\"},"
        "\"data\":\"aGk=\",\"urls\":[\"u\"]}," DESC "],\"subject\":" DESC ",\"annotations\":{}}",
        OCI_INDEX, PL_DOC_INDEX);
    assert_int_equal(d.n_items, 2);
    const struct pl_descriptor *i = &d.items[0];
    assert_true(pl_str_is(d.media_type, OCI_INDEX));
    assert_true(pl_str_is(d.artifact_type, "at"));
    assert_true(pl_str_is(i->media_type, OCI_MANIFEST));
    assert_true(pl_str_is(i->artifact_type, "x/y"));
    assert_true(pl_str_is(pl_digest_text(&arena, &i->digest), "sha256:" HEX));
    assert_int_equal(i->size, 42);
    assert_true(pl_str_is(i->platform.os, "linux"));
    assert_true(pl_str_is(i->platform.arch, "arm64"));
    assert_true(pl_str_is(i->platform.variant, "v8"));
    assert_true(pl_str_is(i->ref_name, "latest"));
    assert_true(pl_str_is(i->reference_type, "attestation-manifest"));
    assert_true(pl_str_is(i->reference_digest, "sha256:ff"));
    assert_true(i->has_data && pl_str_is(i->data, "hi") && i->has_urls);
    i = &d.items[1];
    assert_false(i->has_data || i->has_urls);
    assert_int_equal(i->platform.os.n + i->ref_name.n, 0);
    assert_true(d.subject.digest.set);
}

static void a_manifest_with_config_and_layers(void **state)
{
    (void)state;
    struct pl_doc d =
        good("{\"schemaVersion\":2,\"config\":" DESC ",\"layers\":[" DESC "," DESC "]}",
             DOCKER_MANIFEST, PL_DOC_MANIFEST);
    assert_int_equal(d.n_items, 2);
    assert_true(d.config.digest.set);
    assert_false(d.subject.digest.set);
    good("{\"layers\":[]}", "", PL_DOC_MANIFEST);
    good("{\"schemaVersion\":2,\"config\":" DESC "}", "", PL_DOC_MANIFEST);
    d = good("{\"mediaType\":\"application/vnd.oci.artifact.manifest.v1+json\",\"blobs\":[" DESC
             "]}",
             "", PL_DOC_MANIFEST);
    assert_int_equal(d.n_items, 1);
}

static void a_config_with_history(void **state)
{
    (void)state;
    struct pl_doc d = good(
        "{\"os\":\"linux\",\"architecture\":\"amd64\",\"config\":{\"Env\":[\"A=b\"]},"
        "\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[" D "]},\"history\":[{\"created\":\"c\","
        "\"created_by\":\"RUN x\",\"comment\":\"m\",\"author\":\"a\"},{\"empty_layer\":true}]}",
        OCI_CONFIG, PL_DOC_CONFIG);
    assert_true(pl_str_is(d.platform.arch, "amd64"));
    assert_int_equal(d.n_diff_ids, 1);
    assert_true(d.has_history);
    assert_int_equal(d.n_history, 2);
    assert_true(d.history[0].has_created_by && !d.history[0].empty_layer);
    assert_true(pl_str_is(d.history[0].created_by, "RUN x"));
    assert_true(pl_str_is(d.history[0].comment, "m"));
    assert_true(pl_str_is(d.history[0].author, "a"));
    assert_true(pl_str_is(d.history[0].created, "c"));
    assert_true(!d.history[1].has_created_by && d.history[1].empty_layer);
}

static void a_config_of_any_completeness(void **state)
{
    (void)state;
    assert_false(good("{\"rootfs\":{}}", "", PL_DOC_CONFIG).has_history);
    assert_false(good("{\"architecture\":\"a\",\"history\":null}", "", PL_DOC_CONFIG).has_history);
    assert_true(good("{\"history\":[]}", "", PL_DOC_CONFIG).has_history);
    good("{}", OCI_CONFIG, PL_DOC_CONFIG);
    good("{\"config\":{\"Env\":null}}", OCI_CONFIG, PL_DOC_CONFIG);
    good("{\"config\":null,\"rootfs\":null}", "", PL_DOC_CONFIG);
}

static void an_archive_manifest(void **state)
{
    (void)state;
    struct pl_doc d = good("[{\"Config\":\"c.json\",\"RepoTags\":[\"a:1\",\"a:2\"],"
                           "\"Layers\":[\"l/layer.tar\"]},{\"Config\":\"d\",\"RepoTags\":null}]",
                           "", PL_DOC_ARCHIVE);
    assert_int_equal(d.n_images, 2);
    assert_true(pl_str_is(d.images[0].config, "c.json"));
    assert_int_equal(d.images[0].n_tags, 2);
    assert_true(pl_str_is(d.images[0].tags[1], "a:2"));
    assert_true(pl_str_is(d.images[0].layers[0], "l/layer.tar"));
    assert_int_equal(d.images[1].n_tags + d.images[1].n_layers, 0);
}

static void other_documents_are_unknown(void **state)
{
    (void)state;
    static const char *const texts[] = { "{}",
                                         "[]",
                                         "7",
                                         "\"x\"",
                                         "null",
                                         "[1,[2]]",
                                         "{\"Manifests\":[],\"LAYERS\":[],\"RootFS\":{}}",
                                         "{\"config\":{\"Env\":[]}}",
                                         "{\"blobs\":[]}",
                                         "[{\"config\":\"c\",\"layers\":[]}]" };
    for (size_t i = 0; i < PL_COUNT(texts); i++)
        good(texts[i], "", PL_DOC_UNKNOWN);
    good("{\"a\":1}", "application/json", PL_DOC_UNKNOWN);
}

static void null_counts_as_absent(void **state)
{
    (void)state;
    struct pl_doc d = good("{\"manifests\":null}", OCI_INDEX, PL_DOC_INDEX);
    assert_int_equal(d.n_items, 0);
    good("{\"layers\":[{\"digest\":" D ",\"size\":0,\"urls\":null,\"annotations\":null,"
         "\"platform\":null,\"data\":null,\"mediaType\":null}],\"config\":null}",
         "", PL_DOC_MANIFEST);
}

/* ------------------------------------------------------------------ hazard H5 */

static void two_kinds_at_once_are_refused(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "{\"manifests\":[],\"layers\":[]}",
        "{\"manifests\":[],\"config\":" DESC "}",
        "{\"manifests\":[],\"config\":{}}",
        "{\"manifests\":null,\"layers\":[]}",
        "{\"manifests\":[],\"config\":" DESC ",\"layers\":[]}",
        "{\"manifests\":[],\"rootfs\":{}}",
        "{\"layers\":[],\"rootfs\":{}}",
        "{\"config\":" DESC ",\"rootfs\":{}}",
        "{\"fsLayers\":[],\"layers\":[]}",
        "{\"fsLayers\":[],\"manifests\":[]}",
        "{\"fsLayers\":[],\"rootfs\":{}}",
    };
    for (size_t i = 0; i < PL_COUNT(texts); i++)
        bad(texts[i], "", PL_E_FORMAT, "ambiguous");
}

/* Readers in Go take a key whatever its case, and the last of several: one document, two images. */
static void keys_that_only_some_readers_know_are_refused(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "{\"manifests\":[],\"Manifests\":[" DESC "]}",
        "{\"Manifests\":[" DESC "],\"manifests\":[]}",
        "{\"manifests\":[],\"manife\u017fts\":[]}",
        "{\"manifests\":[],\"mediatype\":\"x\"}",
        "{\"layers\":[],\"Manifests\":[]}",
        "{\"config\":" DESC ",\"layers\":[],\"LAYERS\":[]}",
        "{\"config\":" DESC ",\"Config\":" DESC ",\"layers\":[]}",
        "{\"manifests\":[{\"mediaType\":\"a/b\",\"size\":1,\"Digest\":\"x\",\"digest\":\"sha256:"
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"}]}",
        "{\"manifests\":[{\"mediaType\":\"a/b\",\"size\":1,\"platform\":{\"os\":\"unknown\",\"OS\":"
        "\"linux\"},\"digest\":\"sha256:"
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"}]}",
        "{\"architecture\":\"a\",\"config\":{\"User\":\"1000\",\"user\":\"0\"}}",
        "{\"architecture\":\"a\",\"config\":{\"exposedports\":{}}}",
        "{\"architecture\":\"a\",\"config\":{\"Healthcheck\":{\"Test\":[\"x\"],\"test\":[]}}}",
        "{\"rootfs\":{\"diff_ids\":[],\"Diff_Ids\":[]}}",
        "{\"rootfs\":{},\"history\":[{\"empty_layer\":false,\"Empty_layer\":true}]}",
        "[{\"Config\":\"a\",\"config\":\"b\",\"Layers\":[]}]",
    };
    for (size_t i = 0; i < PL_COUNT(texts); i++)
        bad(texts[i], "", PL_E_FORMAT, "which some readers take for");
    /* names that are the author's own may be spelt in any way */
    good("{\"manifests\":[],\"annotations\":{\"a\":\"1\",\"A\":\"2\"}}", "", PL_DOC_INDEX);
    good("{\"architecture\":\"a\",\"config\":{\"Labels\":{\"user\":\"1\",\"User\":\"2\"}}}", "",
         PL_DOC_CONFIG);
    good("{\"Created\":\"x\",\"created\":\"y\"}", "", PL_DOC_UNKNOWN);
}

static void kinds_and_types_must_agree(void **state)
{
    (void)state;
    static const struct {
        const char *keys;
        enum pl_doc_kind kind;
    } bodies[] = { { "\"manifests\":[]", PL_DOC_INDEX },
                   { "\"layers\":[]", PL_DOC_MANIFEST },
                   { "\"rootfs\":{}", PL_DOC_CONFIG } };
    static const struct {
        const char *name;
        enum pl_doc_kind kind;
    } types[] = { { OCI_INDEX, PL_DOC_INDEX },
                  { DOCKER_LIST, PL_DOC_INDEX },
                  { OCI_MANIFEST, PL_DOC_MANIFEST },
                  { DOCKER_MANIFEST, PL_DOC_MANIFEST },
                  { OCI_CONFIG, PL_DOC_CONFIG } };
    char text[300];
    for (size_t i = 0; i < PL_COUNT(bodies); i++) {
        for (size_t k = 0; k < PL_COUNT(types); k++) {
            bool same = bodies[i].kind == types[k].kind;
            snprintf(text, sizeof text, "{%s}", bodies[i].keys);
            if (same)
                good(text, types[k].name, bodies[i].kind);
            else
                bad(text, types[k].name, PL_E_FORMAT, "the descriptor says");
            snprintf(text, sizeof text, "{%s,\"mediaType\":\"%s\"}", bodies[i].keys, types[k].name);
            if (same)
                good(text, "", bodies[i].kind);
            else
                bad(text, "", PL_E_FORMAT, "mediaType says");
        }
    }
    bad("{\"layers\":[],\"mediaType\":\"" OCI_MANIFEST "\"}", DOCKER_MANIFEST, PL_E_FORMAT,
        "differs");
    bad("{}", OCI_INDEX, PL_E_FORMAT, "no key");
    bad("{\"mediaType\":\"" OCI_MANIFEST "\"}", "", PL_E_FORMAT, "no key");
    bad("[]", OCI_MANIFEST, PL_E_FORMAT, "no key");
    bad("[{\"Layers\":[]}]", OCI_CONFIG, PL_E_FORMAT, "archive");
}

static void schema_one_is_not_supported(void **state)
{
    (void)state;
    bad("{\"schemaVersion\":1,\"name\":\"x\",\"fsLayers\":[],\"history\":[]}", "", PL_E_UNSUP,
        "schema version 1");
    bad("{\"mediaType\":\"application/vnd.docker.distribution.manifest.v1+prettyjws\"}", "",
        PL_E_UNSUP, "schema version 1");
    bad("{\"schemaVersion\":1,\"layers\":[]}", "", PL_E_UNSUP, "schema version 1");
}

/* ------------------------------------------------------------------ wrong types and values */

static void wrong_types_are_named_by_pointer(void **state)
{
    (void)state;
    static const struct {
        const char *text, *pointer;
    } rows[] = {
        { "{\"manifests\":{}}", "/manifests " },
        { "{\"layers\":{}}", "/layers " },
        { "{\"layers\":[1]}", "/layers/0 " },
        { "{\"layers\":[" DESC ",{\"mediaType\":7}]}", "/layers/1/mediaType " },
        { "{\"layers\":[{\"artifactType\":7}]}", "/layers/0/artifactType " },
        { "{\"layers\":[{\"mediaType\":\"m\"}]}", "/layers/0/digest " },
        { "{\"layers\":[{\"digest\":7}]}", "/layers/0/digest " },
        { "{\"layers\":[{\"digest\":" D "}]}", "/layers/0/size " },
        { "{\"layers\":[{\"digest\":" D ",\"size\":-1}]}", "/layers/0/size " },
        { "{\"layers\":[{\"digest\":" D ",\"size\":1.0}]}", "/layers/0/size " },
        { "{\"layers\":[{\"digest\":" D ",\"size\":\"1\"}]}", "/layers/0/size " },
        { "{\"layers\":[{\"digest\":" D ",\"size\":9007199254740993}]}", "/layers/0/size " },
        { "{\"layers\":[{\"digest\":" D ",\"size\":1,\"platform\":[]}]}", "/layers/0/platform " },
        { "{\"layers\":[{\"digest\":" D ",\"size\":1,\"platform\":{\"os\":1}}]}",
          "/layers/0/platform/os " },
        { "{\"layers\":[{\"digest\":" D ",\"size\":1,\"annotations\":[]}]}",
          "/layers/0/annotations " },
        { "{\"layers\":[{\"digest\":" D ",\"size\":1,\"annotations\":"
          "{\"org.opencontainers.image.ref.name\":1}}]}",
          "/layers/0/annotations/org.opencontainers.image.ref.name " },
        { "{\"layers\":[{\"digest\":" D ",\"size\":1,\"urls\":\"u\"}]}", "/layers/0/urls " },
        { "{\"layers\":[{\"digest\":" D ",\"size\":1,\"urls\":[1]}]}", "/layers/0/urls/0 " },
        { "{\"layers\":[{\"digest\":" D ",\"size\":1,\"data\":1}]}", "/layers/0/data " },
        { "{\"layers\":[{\"digest\":" D ",\"size\":1,\"data\":\"a\"}]}", "/layers/0/data" },
        { "{\"layers\":[],\"config\":7}", "/config " },
        { "{\"layers\":[],\"config\":{\"size\":1}}", "/config/digest " },
        { "{\"layers\":[],\"subject\":[]}", "/subject " },
        { "{\"layers\":[],\"annotations\":7}", "/annotations " },
        { "{\"layers\":[],\"artifactType\":7}", "/artifactType " },
        { "{\"layers\":[],\"mediaType\":7}", "/mediaType " },
        { "{\"layers\":[],\"schemaVersion\":3}", "/schemaVersion " },
        { "{\"layers\":[],\"schemaVersion\":\"2\"}", "/schemaVersion " },
        { "{\"architecture\":7}", "/architecture " },
        { "{\"rootfs\":[]}", "/rootfs " },
        { "{\"rootfs\":{\"diff_ids\":{}}}", "/rootfs/diff_ids " },
        { "{\"rootfs\":{\"diff_ids\":[7]}}", "/rootfs/diff_ids/0 " },
        { "{\"rootfs\":{\"diff_ids\":[\"sha256:x\"]}}", "/rootfs/diff_ids/0" },
        { "{\"rootfs\":{},\"config\":[]}", "/config " },
        { "{\"history\":{}}", "/history " },
        { "{\"history\":[7]}", "/history/0 " },
        { "{\"history\":[{\"created_by\":7}]}", "/history/0/created_by " },
        { "{\"history\":[{\"empty_layer\":1}]}", "/history/0/empty_layer " },
        { "[{\"Config\":7}]", "/0/Config " },
        { "[{\"Layers\":7}]", "/0/Layers " },
        { "[{\"Layers\":[7]}]", "/0/Layers/0 " },
        { "[{\"Layers\":[],\"RepoTags\":\"x\"}]", "/0/RepoTags " },
        { "[{\"Layers\":[]},7]", "/1 " },
    };
    for (size_t i = 0; i < PL_COUNT(rows); i++)
        bad(rows[i].text, "", PL_E_FORMAT, rows[i].pointer);
}

static void sizes_up_to_2_to_the_53(void **state)
{
    (void)state;
    struct pl_doc d =
        good("{\"layers\":[{\"digest\":" D ",\"size\":9007199254740992}]}", "", PL_DOC_MANIFEST);
    assert_true(d.items[0].size == (uint64_t)1 << 53);
}

static void digests_are_checked_before_use(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "",
        ":",
        "sha256",
        "sha256:",
        "sha256:0123",
        "sha256:" HEX "0",
        "SHA256:" HEX,
        "md5:d41d8cd98f00b204e9800998ecf8427e",
        "sha1:da39a3ee5e6b4b0d3255bfef95601890afd80709",
        "sha512:" HEX,
        "../../etc/passwd",
        "sha256:../" HEX,
        " sha256:" HEX,
        "sha256:" HEX "\n",
        "sha256:0123456789ABCDEF0123456789abcdef0123456789abcdef0123456789abcdef",
        "sha256:g123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
    };
    struct pl_digest d;
    for (size_t i = 0; i < PL_COUNT(texts); i++) {
        struct pl_err err = { 0 };
        assert_int_equal(pl_digest_parse(pl_str_c(texts[i]), &d, &err), PL_E_FORMAT);
        assert_int_equal(err.code, PL_E_FORMAT);
    }
}

static void digests_print_compare_and_name_blobs(void **state)
{
    (void)state;
    struct pl_digest a, b, none = { 0 };
    assert_int_equal(pl_digest_parse(PL_S("sha256:" HEX), &a, NULL), 0);
    assert_int_equal(pl_digest_parse(PL_S("sha512:" HEX HEX), &b, NULL), 0);
    assert_true(pl_digest_eq(&a, &a));
    assert_true(pl_digest_eq(&b, &b));
    assert_false(pl_digest_eq(&a, &b));
    assert_false(pl_digest_eq(&none, &none));
    assert_true(pl_str_is(pl_digest_text(&arena, &b), "sha512:" HEX HEX));
    assert_true(pl_str_is(pl_digest_path(&arena, &a), "blobs/sha256/" HEX));
    assert_int_equal(pl_digest_text(&arena, &none).n + pl_digest_path(&arena, &none).n, 0);
}

static void counts_are_limited(void **state)
{
    (void)state;
    limits.layers = limits.children = 1;
    bad("{\"manifests\":[" DESC "," DESC "]}", "", PL_E_LIMIT, "limit children");
    bad("{\"layers\":[" DESC "," DESC "]}", "", PL_E_LIMIT, "limit layers");
    bad("{\"rootfs\":{\"diff_ids\":[" D "," D "]}}", "", PL_E_LIMIT, "limit layers");
    bad("{\"history\":[{},{},{},{},{},{},{},{},{},{},{}]}", "", PL_E_LIMIT, "limit layers");
    bad("[{\"Layers\":[\"a\",\"b\"]}]", "", PL_E_LIMIT, "limit layers");
    bad("[{\"Layers\":[]},{}]", "", PL_E_LIMIT, "limit children");
    limits.config = 2;
    bad("{\"layers\":[{\"digest\":" D ",\"size\":1,\"data\":\"aaaa\"}]}", "", PL_E_LIMIT,
        "limit config");
}

/* ------------------------------------------------------------------ places */

struct seen {
    enum pl_doc_kind kind;
    struct pl_buf out;
};

static void note_place(void *arg, struct pl_str pointer, struct pl_str key, struct pl_str value,
                       bool is_key)
{
    struct seen *s = arg;
    struct pl_place p;
    (void)key;
    pl_doc_place(s->kind, pointer, value, is_key, &arena, &p);
    if (value.n && value.p[0] == '!')
        pl_buf_printf(&s->out, "%s %.*s%s\n", pl_surface_name(p.surface), PL_FMT(p.path),
                      p.visible ? " visible" : "");
}

/* Strings to be looked at begin with "!". */
static void places(enum pl_doc_kind kind, const char *text, const char *want)
{
    struct pl_json *j;
    struct seen s = { .kind = kind };
    assert_int_equal(pl_json_parse(pl_str_c(text), 64, &j, NULL), 0);
    pl_json_strings(j, note_place, &s);
    pl_buf_putc(&s.out, 0);
    assert_string_equal(s.out.p, want);
    pl_buf_release(&s.out);
    pl_json_free(j);
}

static void strings_of_a_config(void **state)
{
    (void)state;
    places(PL_DOC_CONFIG,
           "{\"author\":\"!\",\"!top\":\"!\",\"config\":{\"Env\":[\"!A=b\",\"!noequals\"],"
           "\"Labels\":{\"a/b~c\":\"!v\",\"!key\":\"\"},\"Cmd\":[\"!\"],\"Entrypoint\":[\"!\"],"
           "\"Healthcheck\":{\"Test\":[\"!\"]},\"OnBuild\":[\"!\"],\"Volumes\":{\"!/v\":{}},"
           "\"User\":\"!\",\"WorkingDir\":\"!\",\"Shell\":[\"!\"],\"Strange\":\"!\"},"
           "\"container_config\":{\"Env\":[\"!X=y\"]},"
           "\"history\":[{\"created_by\":\"!\",\"comment\":\"!\"}]}",
           "config /author\n"
           "config /!top\n"
           "config /!top\n"
           "env !A visible\n"
           "env /config/Env/1 visible\n"
           "label a/b~c visible\n"
           "label /config/Labels/!key visible\n"
           "cmd /config/Cmd/0 visible\n"
           "entrypoint /config/Entrypoint/0 visible\n"
           "healthcheck /config/Healthcheck/Test/0 visible\n"
           "onbuild /config/OnBuild/0 visible\n"
           "config /config/Volumes/!~1v visible\n"
           "config /config/User visible\n"
           "config /config/WorkingDir visible\n"
           "config /config/Shell/0 visible\n"
           "config /config/Strange\n"
           "config /container_config/Env/0\n"
           "history /history/0/created_by\n"
           "history /history/0/comment\n");
    places(PL_DOC_CONFIG, "\"!\"", "config \n");
    places(PL_DOC_CONFIG, "{\"config\":\"!\"}", "config /config\n");
    places(PL_DOC_CONFIG, "{\"config\":{\"Env\":\"!=b\",\"Labels\":[\"!\"]}}",
           "env /config/Env visible\nlabel 0 visible\n");
    places(PL_DOC_CONFIG, "{\"config\":{\"Env\":[[\"!a=b\"],\"!=x\"]}}",
           "env /config/Env/0/0 visible\nenv ! visible\n");
}

static void strings_of_manifest_and_index(void **state)
{
    (void)state;
    places(
        PL_DOC_MANIFEST,
        "{\"!k\":1,\"annotations\":{\"a\":\"!\"},\"config\":{\"digest\":\"!\",\"annotations\":"
        "{\"!x\":\"!\"}},\"layers\":[{\"urls\":[\"!\"],\"odd\":\"!\",\"annotations\":{\"b\":\"!\""
        "}}],\"subject\":{\"data\":\"!\"}}",
        "config /!k\n"
        "annotation /annotations/a\n"
        "descriptor /config/digest\n"
        "annotation /config/annotations/!x\n"
        "annotation /config/annotations/!x\n"
        "descriptor /layers/0/urls/0\n"
        "descriptor /layers/0/odd\n"
        "annotation /layers/0/annotations/b\n"
        "descriptor /subject/data\n");
    places(PL_DOC_INDEX,
           "{\"x\":\"!\",\"manifests\":[{\"data\":\"!\",\"annotations\":{\"a\":\"!\"}}]}",
           "index /x\ndescriptor /manifests/0/data\nannotation /manifests/0/annotations/a\n");
    places(PL_DOC_ARCHIVE, "[{\"Config\":\"!\"}]", "index /0/Config\n");
    places(PL_DOC_UNKNOWN, "{\"x\":\"!\"}", "config /x\n");
}

static void pointer_tokens_are_unescaped_once(void **state)
{
    (void)state;
    assert_true(pl_str_is(pl_pointer_unescape(PL_S("a~01b~1~0"), &arena), "a~1b/~"));
    assert_true(pl_str_is(pl_pointer_unescape(PL_S("~2~"), &arena), "~2~"));
    assert_true(pl_str_is(pl_pointer_unescape(PL_S(""), &arena), ""));
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(an_index_with_every_field),
        T(a_manifest_with_config_and_layers),
        T(a_config_with_history),
        T(a_config_of_any_completeness),
        T(an_archive_manifest),
        T(other_documents_are_unknown),
        T(null_counts_as_absent),
        T(two_kinds_at_once_are_refused),
        T(keys_that_only_some_readers_know_are_refused),
        T(kinds_and_types_must_agree),
        T(schema_one_is_not_supported),
        T(wrong_types_are_named_by_pointer),
        T(sizes_up_to_2_to_the_53),
        T(digests_are_checked_before_use),
        T(digests_print_compare_and_name_blobs),
        T(counts_are_limited),
        T(strings_of_a_config),
        T(strings_of_manifest_and_index),
        T(pointer_tokens_are_unescaped_once),
    };
    return cmocka_run_group_tests_name("oci_doc", tests, NULL, NULL);
}
