/* Signing and attesting: cosign's tags and the bundle as referrer, written together, then read back
 * and verified. formats/signing.md sections 4 to 6. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <time.h>

#include "base/clock.h"
#include "base/limits.h"
#include "fmt/json.h"
#include "fmt/jsonw.h"
#include "sign/pb.h"
#include "sign/statement.h"
#include "sign/store.h"

#define SIGS_MAX 50u
#define TRIES 8u
#define SIG_NOTE "dev.cosignproject.cosign/signature"
#define EMPTY_DIGEST "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"

static void digest_text(struct pl_str bytes, char out[72])
{
    uint8_t sum[32];
    pl_sha256(bytes.p, bytes.n, sum);
    memcpy(out, "sha256:", 7);
    pl_hex(sum, sizeof sum, out + 7);
}

/* As Go's encoder writes strings: "<", ">" and "&" are escaped. */
static void put_html_safe(struct pl_buf *out, struct pl_str json)
{
    for (size_t i = 0; i < json.n; i++) {
        char c = json.p[i];
        if (c == '<' || c == '>' || c == '&')
            pl_buf_printf(out, "\\u%04x", (unsigned)c);
        else
            pl_buf_putc(out, c);
    }
}

static void put_annotations(struct pl_jsonw *w, const struct pl_sign_job *j)
{
    pl_jw_obj(w);
    for (size_t i = 0; i < j->n_annotations; i++) {
        pl_jw_key(w, j->annotations[i].name.p);
        pl_jw_str(w, j->annotations[i].value);
    }
    pl_jw_obj_end(w);
}

static void simple_payload(const struct pl_sign_job *j, struct pl_str digest, struct pl_buf *out)
{
    pl_auto_buf struct pl_buf b = { 0 };
    struct pl_jsonw w = { .out = &b };
    pl_jw_obj(&w);
    pl_jw_key(&w, "critical");
    pl_jw_obj(&w);
    pl_jw_key(&w, "identity");
    pl_jw_obj(&w);
    pl_jw_kstr(&w, "docker-reference", j->repo);
    pl_jw_obj_end(&w);
    pl_jw_key(&w, "image");
    pl_jw_obj(&w);
    pl_jw_kstr(&w, "docker-manifest-digest", digest);
    pl_jw_obj_end(&w);
    pl_jw_kcstr(&w, "type", "cosign container image signature");
    pl_jw_obj_end(&w);
    pl_jw_key(&w, "optional");
    if (j->n_annotations)
        put_annotations(&w, j);
    else
        pl_jw_null(&w);
    pl_jw_obj_end(&w);
    put_html_safe(out, pl_buf_str(&b));
}

/* An in-toto statement; without a predicate that of a signature. */
static void statement(const struct pl_sign_job *j, const char *version, struct pl_str name,
                      struct pl_str hex, struct pl_buf *out)
{
    struct pl_jsonw w = { .out = out };
    bool sign = !j->predicate_type.p;
    pl_jw_obj(&w);
    pl_jw_kcstr(&w, "_type", version);
    pl_jw_key(&w, "subject");
    pl_jw_arr(&w);
    pl_jw_obj(&w);
    if (name.n)
        pl_jw_kstr(&w, "name", name);
    pl_jw_key(&w, "digest");
    pl_jw_obj(&w);
    pl_jw_kstr(&w, "sha256", hex);
    pl_jw_obj_end(&w);
    if (j->n_annotations) {
        pl_jw_key(&w, "annotations");
        put_annotations(&w, j);
    }
    pl_jw_obj_end(&w);
    pl_jw_arr_end(&w);
    pl_jw_kstr(&w, "predicateType", sign ? PL_S(PL_PREDICATE_SIGN) : j->predicate_type);
    pl_buf_puts(out, ",\"predicate\":");
    pl_buf_putn(out, sign ? "{}" : j->predicate.p, sign ? 2 : j->predicate.n);
    pl_buf_putc(out, '}');
}

/* Signs a statement; the envelope goes to `out`, with "keyid" where old readers look for it. */
static int envelope(const struct pl_sign_job *j, struct pl_str text, bool keyid, struct pl_buf *out,
                    struct pl_err *err)
{
    pl_auto_buf struct pl_buf pae = { 0 }, sig = { 0 };
    struct pl_arena a = { 0 };
    pl_envelope_pae(&pae, PL_S(PL_INTOTO_TYPE), text);
    int r = pl_privkey_sign(j->key, pl_buf_str(&pae), &sig, err);
    if (r == 0)
        pl_buf_printf(out,
                      "{\"payloadType\":\"" PL_INTOTO_TYPE
                      "\",\"payload\":\"%s\",\"signatures\":[{%s\"sig\":\"%s\"}]}",
                      pl_base64_text(text, &a).p, keyid ? "\"keyid\":\"\"," : "",
                      pl_base64_text(pl_buf_str(&sig), &a).p);
    pl_arena_release(&a);
    return r;
}

/* The bundle around a content, which is a member with its name. */
static void put_bundle(const struct pl_privkey *key, struct pl_str content, struct pl_buf *out)
{
    struct pl_arena a = { 0 };
    uint8_t id[32];
    pl_pubkey_id(pl_privkey_public(key), id);
    pl_buf_printf(out,
                  "{\"mediaType\":\"" PL_BUNDLE_TYPE
                  "\",\"verificationMaterial\":{\"publicKey\":{\"hint\":\"%s\"}},",
                  pl_base64_text(pl_str_n(id, sizeof id), &a).p);
    pl_buf_putn(out, content.p, content.n);
    pl_buf_putc(out, '}');
    pl_arena_release(&a);
}

static int dsse_bundle(const struct pl_sign_job *j, struct pl_str name, struct pl_str hex,
                       struct pl_buf *out, struct pl_err *err)
{
    pl_auto_buf struct pl_buf text = { 0 }, content = { 0 };
    statement(j, "https://in-toto.io/Statement/v1", name, hex, &text);
    pl_buf_puts(&content, "\"dsseEnvelope\":");
    int r = envelope(j, pl_buf_str(&text), /* keyid= */ false, &content, err);
    if (r == 0)
        put_bundle(j->key, pl_buf_str(&content), out);
    return r;
}

int pl_sign_blob(const struct pl_privkey *key, struct pl_str bytes, struct pl_buf *out,
                 struct pl_err *err)
{
    pl_auto_buf struct pl_buf sig = { 0 }, content = { 0 };
    struct pl_arena a = { 0 };
    uint8_t sum[32];
    int r = pl_privkey_sign(key, bytes, &sig, err);
    if (r < 0)
        return r;
    pl_sha256(bytes.p, bytes.n, sum);
    pl_buf_printf(&content,
                  "\"messageSignature\":{\"messageDigest\":{\"algorithm\":\"SHA2_256\",\"digest\":"
                  "\"%s\"},\"signature\":\"%s\"}",
                  pl_base64_text(pl_str_n(sum, sizeof sum), &a).p,
                  pl_base64_text(pl_buf_str(&sig), &a).p);
    put_bundle(key, pl_buf_str(&content), out);
    pl_arena_release(&a);
    return 0;
}

int pl_attest_blob(const struct pl_sign_job *j, const uint8_t sha256[32], struct pl_str name,
                   struct pl_buf *out, struct pl_err *err)
{
    char hex[65];
    pl_hex(sha256, 32, hex);
    return dsse_bundle(j, name, pl_str_c(hex), out, err);
}

/* ---- legacy tags ---- */

/* A manifest of signatures that is being written anew: its old layers as they stood. */
struct stack {
    struct pl_buf old; /* its text */
    struct pl_json *root;
    struct pl_digest digest;
    struct pl_str layers[SIGS_MAX];
    size_t n;
    bool exists;
};

static void stack_release(struct stack *k)
{
    pl_json_free(k->root);
    pl_buf_release(&k->old);
}

static int stack_read(struct pl_sign_store *s, struct pl_str tag, struct stack *k,
                      struct pl_err *err)
{
    struct pl_limits lim;
    size_t end;
    pl_limits_init(&lim);
    int r = s->tagged(s, tag, &k->old, &k->digest, err);
    if (r == PL_E_NOENT && !k->digest.set)
        return 0;
    k->exists = r == 0;
    if (r == 0)
        r = pl_json_parse(pl_buf_str(&k->old), (unsigned)lim.depth, &k->root, err);
    if (r < 0)
        return r;
    long n = pl_json_elements(pl_buf_str(&k->old), "layers", k->layers, SIGS_MAX - 1, &end);
    if (n < 0 || (size_t)n != pl_json_len(pl_json_get(k->root, "layers")))
        return pl_fail(err, PL_E_LIMIT, "limit signatures: no room for one more under '%.*s'",
                       PL_FMT(tag));
    k->n = (size_t)n;
    return 0;
}

/* One history entry and one diff id for each layer; these are no tars, so the digests are equal. */
static void stack_config(const struct stack *k, struct pl_str digest, struct pl_buf *out)
{
    const struct pl_json *layers = pl_json_get(k->root, "layers");
    pl_buf_puts(out, "{\"architecture\":\"\",\"created\":\"0001-01-01T00:00:00Z\",\"history\":[");
    for (size_t i = 0; i <= k->n; i++)
        pl_buf_printf(out, "%s{\"created\":\"0001-01-01T00:00:00Z\"}", i ? "," : "");
    pl_buf_puts(out, "],\"os\":\"\",\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[");
    for (size_t i = 0; i < k->n; i++) {
        struct pl_jsonw w = { .out = out };
        pl_jw_str(&w, pl_json_str(pl_json_get(pl_json_at(layers, i), "digest")));
        pl_buf_putc(out, ',');
    }
    pl_buf_printf(out, "\"%.*s\"]},\"config\":{}}", PL_FMT(digest));
}

/* Is our signature among the layers, whoever wrote the manifest? */
static bool stack_lists(const struct stack *k, struct pl_str digest, struct pl_str sig)
{
    const struct pl_json *layers = pl_json_get(k->root, "layers");
    for (size_t i = 0; i < k->n; i++) {
        const struct pl_json *l = pl_json_at(layers, i);
        struct pl_str s = pl_json_str(pl_json_get(pl_json_get(l, "annotations"), SIG_NOTE));
        if (pl_str_eq(pl_json_str(pl_json_get(l, "digest")), digest) &&
            pl_str_eq(s.p ? s : PL_S(""), sig))
            return true;
    }
    return false;
}

/* A signature to be added under a tag. */
struct addition {
    struct pl_sign_store *s;
    struct pl_str tag, blob, layer, sig; /* layer: its descriptor's text */
    char digest[72];                     /* of the blob */
};

static int stack_put(const struct addition *n, const struct stack *k, struct pl_err *err)
{
    pl_auto_buf struct pl_buf config = { 0 }, m = { 0 };
    char text[72];
    stack_config(k, pl_str_c(n->digest), &config);
    int r = n->s->put_blob(n->s, pl_buf_str(&config), err);
    if (r < 0)
        return r;
    digest_text(pl_buf_str(&config), text);
    pl_buf_printf(&m,
                  "{\"schemaVersion\":2,\"mediaType\":\"" PL_MANIFEST_TYPE
                  "\",\"config\":{\"mediaType\":\"application/vnd.oci.image.config.v1+json\","
                  "\"size\":%zu,\"digest\":\"%s\"},\"layers\":[",
                  config.n, text);
    for (size_t i = 0; i < k->n; i++)
        pl_buf_printf(&m, "%.*s,", PL_FMT(k->layers[i]));
    pl_buf_putn(&m, n->layer.p, n->layer.n);
    pl_buf_puts(&m, "]}");
    struct pl_put put = { .bytes = pl_buf_str(&m),
                          .tag = n->tag,
                          .replaces = k->exists ? &k->digest : NULL };
    return n->s->put_manifest(n->s, &put, err);
}

/* One round; *ret_done: our signature stands there. */
static int stack_push(const struct addition *n, bool *ret_done, struct pl_err *err)
{
    struct stack k = { 0 };
    int r = stack_read(n->s, n->tag, &k, err);
    *ret_done = r == 0 && stack_lists(&k, pl_str_c(n->digest), n->sig);
    if (r == 0 && !*ret_done) {
        r = stack_put(n, &k, err);
        *ret_done = r == 0 && !n->s->settle;
    }
    stack_release(&k);
    return r;
}

/* Another writer may add at the same time: then once more, on top of what is there. */
static int add_legacy(struct addition *n, struct pl_err *err)
{
    bool done = false;
    digest_text(n->blob, n->digest);
    int r = n->s->put_blob(n->s, n->blob, err);
    for (unsigned i = 0; r == 0 && !done; i++) {
        if (i > TRIES)
            return pl_fail(err, PL_E_NET, "other writers kept changing '%.*s': given up",
                           PL_FMT(n->tag));
        if (i && n->s->settle)
            n->s->settle(i);
        r = stack_push(n, &done, err);
        r = r == PL_E_CANCEL ? 0 : r;
    }
    return r;
}

static void put_layer(struct pl_buf *b, const char *type, struct pl_str blob)
{
    char text[72];
    digest_text(blob, text);
    pl_buf_printf(
        b,
        "{\"mediaType\":\"%s\",\"size\":%zu,\"digest\":\"%s\",\"annotations\":{\"" SIG_NOTE "\":",
        type, blob.n, text);
}

static int sign_legacy(const struct pl_sign_job *j, struct pl_sign_store *s,
                       const struct pl_named *image, struct pl_err *err)
{
    pl_auto_buf struct pl_buf payload = { 0 }, sig = { 0 }, layer = { 0 };
    struct pl_arena a = { 0 };
    simple_payload(j, pl_digest_text(&a, &image->digest), &payload);
    int r = pl_privkey_sign(j->key, pl_buf_str(&payload), &sig, err);
    if (r == 0) {
        put_layer(&layer, "application/vnd.dev.cosign.simplesigning.v1+json", pl_buf_str(&payload));
        struct pl_str text = pl_base64_text(pl_buf_str(&sig), &a);
        pl_buf_printf(&layer, "\"%.*s\"}}", PL_FMT(text));
        r = add_legacy(&(struct addition){ .s = s,
                                           .tag = pl_sign_tag(&a, &image->digest, ".sig"),
                                           .blob = pl_buf_str(&payload),
                                           .layer = pl_buf_str(&layer),
                                           .sig = text },
                       err);
    }
    pl_arena_release(&a);
    return r;
}

static int attest_legacy(const struct pl_sign_job *j, struct pl_sign_store *s,
                         const struct pl_named *image, struct pl_err *err)
{
    pl_auto_buf struct pl_buf text = { 0 }, env = { 0 }, layer = { 0 };
    struct pl_jsonw w = { .out = &layer };
    struct pl_arena a = { 0 };
    char hex[65];
    pl_hex(image->digest.b, 32, hex);
    statement(j, "https://in-toto.io/Statement/v0.1", j->repo, pl_str_c(hex), &text);
    int r = envelope(j, pl_buf_str(&text), /* keyid= */ true, &env, err);
    if (r == 0) {
        put_layer(&layer, PL_ENVELOPE_TYPE, pl_buf_str(&env));
        pl_buf_puts(&layer, "\"\",\"predicateType\":");
        pl_jw_str(&w, j->predicate_type);
        pl_buf_puts(&layer, "}}");
        r = add_legacy(&(struct addition){ .s = s,
                                           .tag = pl_sign_tag(&a, &image->digest, ".att"),
                                           .blob = pl_buf_str(&env),
                                           .layer = pl_buf_str(&layer),
                                           .sig = PL_S("") },
                       err);
    }
    pl_arena_release(&a);
    return r;
}

/* ---- bundle as referrer ---- */

static void put_time(struct pl_buf *b, int64_t seconds)
{
    char text[24];
    pl_clock_utc(seconds, text);
    pl_buf_puts(b, text);
}

static void bundle_annotations(const struct pl_sign_job *j, struct pl_buf *b)
{
    struct pl_jsonw w = { .out = b };
    pl_buf_puts(b, "{\"dev.sigstore.bundle.content\":\"dsse-envelope\","
                   "\"dev.sigstore.bundle.predicateType\":");
    pl_jw_str(&w, j->predicate_type.p ? j->predicate_type : PL_S(PL_PREDICATE_SIGN));
    pl_buf_puts(b, ",\"org.opencontainers.image.created\":\"");
    put_time(b, j->now_s);
    pl_buf_puts(b, "\"}");
}

static void bundle_manifest(const struct pl_named *image, struct pl_str bundle,
                            struct pl_str annotations, struct pl_buf *m)
{
    struct pl_arena a = { 0 };
    struct pl_jsonw w = { .out = m };
    char text[72];
    digest_text(bundle, text);
    pl_buf_printf(m,
                  "{\"schemaVersion\":2,\"mediaType\":\"" PL_MANIFEST_TYPE
                  "\",\"config\":{\"mediaType\":\"application/vnd.oci.empty.v1+json\",\"size\":2,"
                  "\"digest\":\"" EMPTY_DIGEST "\"},\"layers\":[{\"mediaType\":\"" PL_BUNDLE_TYPE
                  "\",\"size\":%zu,\"digest\":\"%s\"}],\"annotations\":%.*s,"
                  "\"subject\":{\"mediaType\":",
                  bundle.n, text, PL_FMT(annotations));
    pl_jw_str(&w, image->type);
    pl_buf_printf(
        m, ",\"size\":%" PRIu64 ",\"digest\":\"%s\"},\"artifactType\":\"" PL_BUNDLE_TYPE "\"}",
        image->size, pl_digest_text(&a, &image->digest).p);
    pl_arena_release(&a);
}

static int add_bundle(const struct pl_sign_job *j, struct pl_sign_store *s,
                      const struct pl_named *image, struct pl_err *err)
{
    pl_auto_buf struct pl_buf bundle = { 0 }, m = { 0 }, notes = { 0 };
    char hex[65];
    pl_hex(image->digest.b, 32, hex);
    struct pl_str name = j->predicate_type.p ? j->repo : PL_S("");
    int r = dsse_bundle(j, name, pl_str_c(hex), &bundle, err);
    if (r < 0)
        return r;
    bundle_annotations(j, &notes);
    bundle_manifest(image, pl_buf_str(&bundle), pl_buf_str(&notes), &m);
    r = s->put_blob(s, PL_S("{}"), err);
    if (r == 0)
        r = s->put_blob(s, pl_buf_str(&bundle), err);
    struct pl_put put = { .bytes = pl_buf_str(&m),
                          .artifact_type = PL_S(PL_BUNDLE_TYPE),
                          .annotations = pl_buf_str(&notes),
                          .subject = &image->digest };
    return r < 0 ? r : s->put_manifest(s, &put, err);
}

/* What was written is read back: a signature that nobody can verify is none. */
static int check_written(const struct pl_sign_job *j, struct pl_sign_store *s,
                         const struct pl_named *image, struct pl_message *manifest,
                         struct pl_err *err)
{
    struct pl_arena a = { 0 };
    struct pl_verdicts out = { 0 };
    const struct pl_pubkey *key = pl_privkey_public(j->key);
    struct pl_demand d = { .keys = &key,
                           .n_keys = 1,
                           .type = j->predicate_type,
                           .annotations = j->annotations,
                           .n_annotations = j->predicate_type.p ? 0 : j->n_annotations };
    int r = pl_verify_image(&d, s, &image->digest, manifest, &a, &out, err);
    bool legacy = j->predicate_type.p ? out.att_tag : out.sig_tag;
    if (r == 0 && ((j->legacy && !legacy) || (j->bundle && !out.bundle)))
        r = pl_fail(err, PL_E_SIG, "what was written does not verify");
    pl_arena_release(&a);
    return r;
}

int pl_sign_image(const struct pl_sign_job *j, struct pl_sign_store *s,
                  const struct pl_named *image, struct pl_message *manifest, struct pl_err *err)
{
    int r = 0;
    if (image->digest.alg != PL_HASH_SHA256)
        return pl_fail(err, PL_E_UNSUP, "only images with SHA-256 digests are signed");
    if (j->legacy)
        r = j->predicate_type.p ? attest_legacy(j, s, image, err) : sign_legacy(j, s, image, err);
    if (r == 0 && j->bundle)
        r = add_bundle(j, s, image, err);
    return r < 0 ? r : check_written(j, s, image, manifest, err);
}
