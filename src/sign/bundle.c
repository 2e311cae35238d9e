/* Reading sigstore bundles. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "sign/bundle.h"

#include "base/limits.h"
#include "sign/pb.h"

#define ENTRIES_MAX 32u
#define TIMESTAMPS_MAX 32u
#define CERTS_MAX 10u
#define HASHES_MAX 64u

static const struct {
    const char *type;
    unsigned version;
} types[] = {
    { "application/vnd.dev.sigstore.bundle+json;version=0.1", 1 },
    { "application/vnd.dev.sigstore.bundle+json;version=0.2", 2 },
    { "application/vnd.dev.sigstore.bundle+json;version=0.3", 3 },
    { PL_BUNDLE_TYPE, 3 },
};

static unsigned version_of(struct pl_str type)
{
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (pl_str_is(type, types[i].type))
            return types[i].version;
    return 0;
}

bool pl_bundle_is_type(struct pl_str media_type)
{
    return version_of(media_type) != 0;
}

static int no(struct pl_err *err, const char *what)
{
    return pl_fail(err, PL_E_FORMAT, "%s", what);
}

static int read_raw(const struct pl_json *o, struct pl_arena *a, struct pl_str *ret,
                    struct pl_err *err)
{
    int r = pl_pb_bytes(o, "rawBytes", a, ret, err);
    return r == 0 && ret->n == 0 ? no(err, "an empty certificate") : r;
}

static int read_certs(const struct pl_json *material, struct pl_arena *a, struct pl_bundle *b,
                      struct pl_err *err)
{
    const struct pl_json *key = NULL, *one = NULL, *chain = NULL, *list = NULL;
    int r = pl_pb_object(material, "publicKey", &key, err);
    if (r == 0)
        r = pl_pb_object(material, "certificate", &one, err);
    if (r == 0)
        r = pl_pb_object(material, "x509CertificateChain", &chain, err);
    if (r == 0 && chain)
        r = pl_pb_array(chain, "certificates", CERTS_MAX, &list, err);
    if (r < 0)
        return r;
    if ((key != NULL) + (one != NULL) + (chain != NULL) != 1)
        return no(err, "bundle needs exactly one of publicKey, certificate, x509CertificateChain");
    if (chain && b->version >= 3)
        return no(err, "bundle of version 0.3 with a chain of certificates");
    if (chain && pl_json_len(list) == 0)
        return no(err, "bundle with an empty chain of certificates");
    b->public_key = key != NULL;
    b->n_certs = key ? 0 : one ? 1 : pl_json_len(list);
    b->certs = pl_alloc_n(a, b->n_certs, sizeof *b->certs);
    for (size_t i = 0; r == 0 && i < b->n_certs; i++)
        r = read_raw(one ? one : pl_json_at(list, i), a, &b->certs[i], err);
    return r;
}

static int read_proof(const struct pl_json *o, struct pl_arena *a, struct pl_tlog_entry *e,
                      struct pl_err *err)
{
    const struct pl_json *hashes = NULL, *cp = NULL;
    struct pl_str text = { 0 };
    e->has_proof = true;
    int r = pl_pb_uint(o, "logIndex", &e->proof_index, err);
    if (r == 0)
        r = pl_pb_uint(o, "treeSize", &e->tree_size, err);
    if (r == 0)
        r = pl_pb_bytes(o, "rootHash", a, &e->root_hash, err);
    if (r == 0)
        r = pl_pb_array(o, "hashes", HASHES_MAX, &hashes, err);
    if (r == 0)
        r = pl_pb_object(o, "checkpoint", &cp, err);
    if (r == 0 && cp)
        r = pl_pb_str(cp, "envelope", &text, err);
    if (r < 0)
        return r;
    e->checkpoint = pl_dup(a, text);
    e->n_hashes = pl_json_len(hashes);
    e->hashes = pl_alloc_n(a, e->n_hashes, sizeof *e->hashes);
    for (size_t i = 0; i < e->n_hashes; i++) {
        struct pl_str h = pl_json_str(pl_json_at(hashes, i));
        if (!h.p || pl_base64_bytes(h, a, &e->hashes[i], err) < 0 || e->hashes[i].n != 32)
            return no(err, "inclusion proof with a hash that is none");
    }
    return e->root_hash.n == 32 ? 0 : no(err, "inclusion proof without a root hash");
}

static int read_entry(const struct pl_json *o, struct pl_arena *a, struct pl_tlog_entry *e,
                      struct pl_err *err)
{
    const struct pl_json *id = NULL, *kind = NULL, *promise = NULL, *proof = NULL;
    int r = pl_pb_uint(o, "logIndex", &e->log_index, err);
    if (r == 0)
        r = pl_pb_uint(o, "integratedTime", &e->integrated_s, err);
    if (r == 0)
        r = pl_pb_bytes(o, "canonicalizedBody", a, &e->body, err);
    if (r == 0)
        r = pl_pb_object(o, "logId", &id, err);
    if (r == 0)
        r = pl_pb_object(o, "kindVersion", &kind, err);
    if (r == 0)
        r = pl_pb_object(o, "inclusionPromise", &promise, err);
    if (r == 0)
        r = pl_pb_object(o, "inclusionProof", &proof, err);
    if (r == 0 && id)
        r = pl_pb_bytes(id, "keyId", a, &e->log_id, err);
    if (r == 0 && kind)
        r = pl_pb_str(kind, "kind", &e->kind, err);
    if (r == 0 && kind)
        r = pl_pb_str(kind, "version", &e->version, err);
    if (r == 0 && promise)
        r = pl_pb_bytes(promise, "signedEntryTimestamp", a, &e->set, err);
    if (r == 0 && proof)
        r = read_proof(proof, a, e, err);
    if (r < 0)
        return r;
    e->kind = pl_dup(a, e->kind);
    e->version = pl_dup(a, e->version);
    return e->log_id.n && e->body.n ? 0 : no(err, "log entry without log or body");
}

/* What each version demands of an entry. */
static int check_entry(const struct pl_bundle *b, const struct pl_tlog_entry *e, struct pl_err *err)
{
    if (b->version == 1 && e->set.n == 0)
        return no(err, "log entry without inclusion promise, which version 0.1 needs");
    if (b->version >= 2 && !e->has_proof)
        return no(err, "log entry without inclusion proof");
    if (b->version >= 2 && e->checkpoint.n == 0)
        return no(err, "log entry without checkpoint");
    return 0;
}

static int read_entries(const struct pl_json *material, struct pl_arena *a, struct pl_bundle *b,
                        struct pl_err *err)
{
    const struct pl_json *list = NULL;
    int r = pl_pb_array(material, "tlogEntries", ENTRIES_MAX, &list, err);
    b->n_entries = pl_json_len(list);
    b->entries = pl_alloc_n(a, b->n_entries, sizeof *b->entries);
    for (size_t i = 0; r == 0 && i < b->n_entries; i++) {
        r = read_entry(pl_json_at(list, i), a, &b->entries[i], err);
        if (r == 0)
            r = check_entry(b, &b->entries[i], err);
    }
    return r;
}

static int read_timestamps(const struct pl_json *material, struct pl_arena *a, struct pl_bundle *b,
                           struct pl_err *err)
{
    const struct pl_json *data = NULL, *list = NULL;
    int r = pl_pb_object(material, "timestampVerificationData", &data, err);
    if (r == 0 && data)
        r = pl_pb_array(data, "rfc3161Timestamps", TIMESTAMPS_MAX, &list, err);
    if (r < 0)
        return r;
    b->n_timestamps = pl_json_len(list);
    b->timestamps = pl_alloc_n(a, b->n_timestamps, sizeof *b->timestamps);
    for (size_t i = 0; r == 0 && i < b->n_timestamps; i++)
        r = pl_pb_bytes(pl_json_at(list, i), "signedTimestamp", a, &b->timestamps[i], err);
    return r;
}

static int read_message(const struct pl_json *o, struct pl_arena *a, struct pl_bundle *b,
                        struct pl_err *err)
{
    const struct pl_json *digest = NULL;
    struct pl_str name = { 0 };
    int r = pl_pb_bytes(o, "signature", a, &b->signature, err);
    if (r == 0)
        r = pl_pb_object(o, "messageDigest", &digest, err);
    if (r == 0 && digest)
        r = pl_pb_str(digest, "algorithm", &name, err);
    if (r == 0 && digest)
        r = pl_pb_bytes(digest, "digest", a, &b->digest, err);
    if (r < 0)
        return r;
    if (b->signature.n == 0)
        return no(err, "bundle with an empty signature");
    /* one that signs with Ed25519 leaves the digest empty */
    b->has_digest = name.n || b->digest.n;
    if (b->has_digest && (!pl_md_named(name, &b->md) || b->digest.n != pl_md_len(b->md)))
        return no(err, "bundle with a digest of an unknown algorithm or wrong length");
    return 0;
}

static int read_content(const struct pl_json *o, struct pl_arena *a, struct pl_bundle *b,
                        struct pl_err *err)
{
    const struct pl_json *message = NULL, *dsse = NULL;
    int r = pl_pb_object(o, "messageSignature", &message, err);
    if (r == 0)
        r = pl_pb_object(o, "dsseEnvelope", &dsse, err);
    if (r < 0)
        return r;
    if (!message == !dsse)
        return no(err, "bundle needs exactly one of messageSignature, dsseEnvelope");
    if (message)
        return read_message(message, a, b, err);
    b->dsse = true;
    r = pl_envelope_read(dsse, a, &b->envelope, err);
    if (r == 0 && b->envelope.n_sigs != 1)
        return no(err, "bundle needs exactly one signature in its envelope");
    if (r == 0)
        b->signature = b->envelope.sigs[0];
    return r;
}

static int read_bundle(const struct pl_json *o, struct pl_arena *a, struct pl_bundle *b,
                       struct pl_err *err)
{
    const struct pl_json *material = NULL;
    struct pl_str type = { 0 };
    int r = pl_pb_str(o, "mediaType", &type, err);
    if (r < 0)
        return r;
    b->version = version_of(type);
    if (!b->version)
        return no(err, "media type is not one of a bundle of version 0.1, 0.2 or 0.3");
    r = pl_pb_object(o, "verificationMaterial", &material, err);
    if (r == 0 && !material)
        return no(err, "bundle without verificationMaterial");
    if (r == 0)
        r = read_certs(material, a, b, err);
    if (r == 0)
        r = read_entries(material, a, b, err);
    if (r == 0)
        r = read_timestamps(material, a, b, err);
    return r < 0 ? r : read_content(o, a, b, err);
}

int pl_bundle_parse(struct pl_str text, struct pl_arena *a, struct pl_bundle *ret,
                    struct pl_err *err)
{
    struct pl_limits lim;
    struct pl_json *o = NULL;
    struct pl_bundle b = { 0 };
    pl_limits_init(&lim);
    if (text.n > lim.statement)
        return pl_fail(err, PL_E_LIMIT, "limit statement: bundle of more than 16 MiB");
    int r = pl_json_parse(text, (unsigned)lim.depth, &o, err);
    if (r == 0)
        r = read_bundle(o, a, &b, err);
    pl_json_free(o);
    if (r < 0)
        return pl_wrap(err, "bundle");
    *ret = b;
    return 0;
}
