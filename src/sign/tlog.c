/* Entries of transparency logs: what they say, the log's promise, the proof. Rekor's types
 * hashedrekord 0.0.1 and 0.0.2, dsse 0.0.1 and 0.0.2, intoto 0.0.2. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "sign/tlog.h"

#include <inttypes.h>

#include "base/hash.h"
#include "base/limits.h"
#include "sign/pb.h"
#include "sign/pem.h"

/* One entry being compared: `o` is its "spec". */
struct body {
    const struct pl_json *o;
    struct pl_arena *a;
    const struct pl_logged *about;
    bool pss;
};

static int differs(struct pl_err *err, const char *what)
{
    return pl_fail(err, PL_E_SIG, "log entry is about another %s", what);
}

/* The member at the end of a path of objects; NULL when anything of it is absent. */
static int walk(const struct pl_json *o, const char *const *path, const struct pl_json **ret,
                struct pl_err *err)
{
    int r = 0;
    for (; r == 0 && o && *path; path++)
        r = pl_pb_get(o, *path, &o, err);
    *ret = o;
    return r;
}
#define WALK(o, ret, err, ...) walk((o), (const char *const[]){ __VA_ARGS__, NULL }, (ret), (err))

static int bytes_at(struct body *b, const struct pl_json *o, const char *name, struct pl_str *ret,
                    struct pl_err *err)
{
    int r = o ? pl_pb_bytes(o, name, b->a, ret, err) : 0;
    if (r == 0 && (!o || !ret->p))
        return pl_fail(err, PL_E_FORMAT, "log entry without %s", name);
    return r;
}

/* A base64 PEM block that must be the signer's certificate or key. */
static int check_pem(struct body *b, struct pl_str pem, struct pl_err *err)
{
    struct pl_pem block;
    int r = pl_pem_next(&pem, b->a, &block, err);
    if (r < 0)
        return pl_wrap(err, "log entry");
    if (!pl_str_is(block.label, b->about->cert ? "CERTIFICATE" : "PUBLIC KEY") ||
        !pl_str_eq(block.body, b->about->material))
        return differs(err, b->about->cert ? "certificate" : "key");
    return 0;
}

/* {"algorithm","value": hex} against the message; against bytes when `bytes` is given. */
static int check_hash(const struct pl_json *o, struct pl_message *m, struct pl_err *err)
{
    struct pl_str alg = { 0 }, hex = { 0 }, digest;
    uint8_t value[PL_MD_MAX];
    enum pl_md md;
    int r = o ? pl_pb_str(o, "algorithm", &alg, err)
              : pl_fail(err, PL_E_FORMAT, "log entry without a digest");
    if (r == 0)
        r = pl_pb_str(o, "value", &hex, err);
    if (r < 0)
        return r;
    if (!pl_md_named(alg, &md) || hex.n != 2 * pl_md_len(md) ||
        !pl_unhex(hex, value, pl_md_len(md)))
        return pl_fail(err, PL_E_FORMAT, "log entry with a digest that is none");
    if ((r = pl_message_digest(m, md, &digest, err)) < 0)
        return r;
    return pl_str_eq(digest, pl_str_n(value, pl_md_len(md))) ? 0 : differs(err, "artifact");
}

/* {"algorithm": "SHA2_256", "digest": base64} against the message. */
static int check_digest(struct body *b, const struct pl_json *o, struct pl_message *m,
                        struct pl_err *err)
{
    struct pl_str alg = { 0 }, value, digest;
    enum pl_md md;
    int r = bytes_at(b, o, "digest", &value, err);
    if (r == 0)
        r = pl_pb_str(o, "algorithm", &alg, err);
    if (r == 0 && !pl_md_named(alg, &md))
        return pl_fail(err, PL_E_FORMAT, "log entry with a digest of an unknown algorithm");
    if (r == 0)
        r = pl_message_digest(m, md, &digest, err);
    if (r < 0)
        return r;
    return pl_str_eq(digest, value) ? 0 : differs(err, "artifact");
}

static int check_payload_hash(struct body *b, const struct pl_json *o, bool hex, struct pl_err *err)
{
    struct pl_message m;
    pl_message_init(&m, b->about->envelope->payload);
    int r = hex ? check_hash(o, &m, err) : check_digest(b, o, &m, err);
    pl_message_release(&m);
    return r == PL_E_SIG ? differs(err, "payload") : r;
}

static int check_sig(struct body *b, struct pl_str sig, struct pl_err *err)
{
    return pl_str_eq(sig, b->about->sig) ? 0 : differs(err, "signature");
}

static int hashedrekord_1(struct body *b, struct pl_err *err)
{
    const struct pl_json *hash = NULL, *sig = NULL, *key = NULL;
    struct pl_str content, pem;
    int r = WALK(b->o, &hash, err, "data", "hash");
    if (r == 0)
        r = WALK(b->o, &sig, err, "signature");
    if (r == 0)
        r = WALK(b->o, &key, err, "signature", "publicKey");
    if (r == 0)
        r = bytes_at(b, sig, "content", &content, err);
    if (r == 0)
        r = bytes_at(b, key, "content", &pem, err);
    if (r == 0)
        r = check_sig(b, content, err);
    if (r == 0)
        r = check_pem(b, pem, err);
    return r < 0 ? r : check_hash(hash, b->about->message, err);
}

/* {"content", "verifier": {"keyDetails", "x509Certificate" or "publicKey": {"rawBytes"}}} */
static int check_signature_2(struct body *b, const struct pl_json *o, struct pl_err *err)
{
    const struct pl_json *verifier = NULL, *cert = NULL, *key = NULL;
    struct pl_str content, raw, details = { 0 };
    int r = bytes_at(b, o, "content", &content, err);
    if (r == 0)
        r = WALK(o, &verifier, err, "verifier");
    if (r == 0)
        r = WALK(o, &cert, err, "verifier", "x509Certificate");
    if (r == 0)
        r = WALK(o, &key, err, "verifier", "publicKey");
    if (r == 0 && verifier)
        r = pl_pb_str(verifier, "keyDetails", &details, err);
    if (r == 0 && cert && key)
        return pl_fail(err, PL_E_FORMAT, "log entry with both a certificate and a key");
    if (r == 0)
        r = bytes_at(b, b->about->cert ? cert : key, "rawBytes", &raw, err);
    if (r == 0)
        r = check_sig(b, content, err);
    if (r < 0)
        return r;
    b->pss = pl_str_find(details, PL_S("_PSS_"), 0) != SIZE_MAX;
    return pl_str_eq(raw, b->about->material)
               ? 0
               : differs(err, b->about->cert ? "certificate" : "key");
}

static int hashedrekord_2(struct body *b, struct pl_err *err)
{
    const struct pl_json *data = NULL, *sig = NULL;
    int r = WALK(b->o, &data, err, "hashedRekordV002", "data");
    if (r == 0)
        r = WALK(b->o, &sig, err, "hashedRekordV002", "signature");
    if (r == 0)
        r = check_signature_2(b, sig, err);
    return r < 0 ? r : check_digest(b, data, b->about->message, err);
}

static int only_one(const struct pl_json *list, const struct pl_json **ret, struct pl_err *err)
{
    if (!list || pl_json_type(list) != PL_JSON_ARRAY || pl_json_len(list) != 1)
        return pl_fail(err, PL_E_FORMAT, "log entry needs exactly one signature");
    *ret = pl_json_at(list, 0);
    return 0;
}

static int dsse_1(struct body *b, struct pl_err *err)
{
    const struct pl_json *list = NULL, *hash = NULL, *one;
    struct pl_str sig, pem;
    int r = WALK(b->o, &hash, err, "payloadHash");
    if (r == 0)
        r = WALK(b->o, &list, err, "signatures");
    if (r == 0)
        r = only_one(list, &one, err);
    if (r == 0)
        r = bytes_at(b, one, "signature", &sig, err);
    if (r == 0)
        r = bytes_at(b, one, "verifier", &pem, err);
    if (r == 0)
        r = check_sig(b, sig, err);
    if (r == 0)
        r = check_pem(b, pem, err);
    return r < 0 ? r : check_payload_hash(b, hash, /* hex= */ true, err);
}

static int dsse_2(struct body *b, struct pl_err *err)
{
    const struct pl_json *list = NULL, *hash = NULL, *one;
    int r = WALK(b->o, &hash, err, "dsseV002", "payloadHash");
    if (r == 0)
        r = WALK(b->o, &list, err, "dsseV002", "signatures");
    if (r == 0)
        r = only_one(list, &one, err);
    if (r == 0)
        r = check_signature_2(b, one, err);
    return r < 0 ? r : check_payload_hash(b, hash, /* hex= */ false, err);
}

/* Here signature and payload are base64 twice over, since the envelope's own text was taken for
 * bytes; an entry that has them once is as good. */
static bool same_once_or_twice(struct body *b, struct pl_str once, struct pl_str want)
{
    struct pl_err ignored;
    struct pl_str twice;
    if (pl_str_eq(once, want))
        return true;
    return pl_base64_bytes(once, b->a, &twice, &ignored) == 0 && pl_str_eq(twice, want);
}

static int intoto_2(struct body *b, struct pl_err *err)
{
    const struct pl_json *env = NULL, *list = NULL, *hash = NULL, *one;
    struct pl_str sig, pem, payload, type = { 0 };
    int r = WALK(b->o, &env, err, "content", "envelope");
    if (r == 0)
        r = WALK(b->o, &list, err, "content", "envelope", "signatures");
    if (r == 0)
        r = WALK(b->o, &hash, err, "content", "payloadHash");
    if (r == 0)
        r = only_one(list, &one, err);
    if (r == 0)
        r = bytes_at(b, one, "sig", &sig, err);
    if (r == 0)
        r = bytes_at(b, one, "publicKey", &pem, err);
    if (r == 0)
        r = pl_pb_bytes(env, "payload", b->a, &payload, err);
    if (r == 0)
        r = pl_pb_str(env, "payloadType", &type, err);
    if (r == 0 && !same_once_or_twice(b, sig, b->about->sig))
        return differs(err, "signature");
    if (r == 0)
        r = check_pem(b, pem, err);
    if (r < 0)
        return r;
    if (payload.n && !same_once_or_twice(b, payload, b->about->envelope->payload))
        return differs(err, "payload");
    if (type.p && !pl_str_eq(type, b->about->envelope->type))
        return differs(err, "type of payload");
    return check_payload_hash(b, hash, /* hex= */ true, err);
}

static const struct {
    const char *kind, *version;
    bool dsse, v2;
    int (*check)(struct body *b, struct pl_err *err);
} kinds[] = {
    { "hashedrekord", "0.0.1", false, false, hashedrekord_1 },
    { "hashedrekord", "0.0.2", false, true, hashedrekord_2 },
    { "dsse", "0.0.1", true, false, dsse_1 },
    { "dsse", "0.0.2", true, true, dsse_2 },
    { "intoto", "0.0.2", true, false, intoto_2 },
};

static size_t find_kind(const struct pl_tlog_entry *e)
{
    size_t i = 0;
    while (i < sizeof kinds / sizeof *kinds &&
           !(pl_str_is(e->kind, kinds[i].kind) && pl_str_is(e->version, kinds[i].version)))
        i++;
    return i;
}

bool pl_tlog_is_v2(const struct pl_tlog_entry *e)
{
    size_t i = find_kind(e);
    return i < sizeof kinds / sizeof *kinds && kinds[i].v2;
}

/* The body says of itself what kind it is; the bundle only repeats it. */
static int check_kind(const struct pl_tlog_entry *e, const struct pl_json *o, struct pl_err *err)
{
    struct pl_str kind = { 0 }, version = { 0 };
    int r = pl_pb_str(o, "kind", &kind, err);
    if (r == 0)
        r = pl_pb_str(o, "apiVersion", &version, err);
    if (r == 0 && (!pl_str_eq(kind, e->kind) || !pl_str_eq(version, e->version)))
        return pl_fail(err, PL_E_SIG, "log entry is of another kind than the bundle says");
    return r;
}

int pl_tlog_body_check(const struct pl_tlog_entry *e, const struct pl_logged *about, bool *ret_pss,
                       struct pl_err *err)
{
    struct pl_arena a = { 0 };
    struct pl_limits lim;
    struct pl_json *o = NULL;
    struct body b = { .a = &a, .about = about };
    size_t i = find_kind(e);
    pl_limits_init(&lim);
    if (i == sizeof kinds / sizeof *kinds)
        return pl_fail(err, PL_E_UNSUP, "log entry of a kind that is not read: %.*s %.*s",
                       (int)(e->kind.n < 40 ? e->kind.n : 40), e->kind.p,
                       (int)(e->version.n < 20 ? e->version.n : 20), e->version.p);
    if (kinds[i].dsse && !about->envelope)
        return differs(err, "kind of content");
    int r = pl_json_parse(e->body, (unsigned)lim.depth, &o, err);
    if (r == 0)
        r = check_kind(e, o, err);
    if (r == 0)
        r = WALK(o, &b.o, err, "spec");
    if (r == 0 && !b.o)
        r = pl_fail(err, PL_E_FORMAT, "log entry without spec");
    if (r == 0)
        r = kinds[i].check(&b, err);
    pl_json_free(o);
    pl_arena_release(&a);
    *ret_pss = b.pss;
    return r;
}

static int usable(const struct pl_log *log, struct pl_err *err)
{
    return log->key ? 0 : pl_fail(err, PL_E_SIG, "key of the log: %s", log->why);
}

int pl_tlog_promise_check(const struct pl_tlog_entry *e, const struct pl_log *log,
                          struct pl_err *err)
{
    struct pl_arena a = { 0 };
    int r = usable(log, err);
    if (r < 0)
        return r;
    if (e->integrated_s == 0)
        return pl_fail(err, PL_E_SIG, "log entry with a promise but without a time");
    char *hex = pl_alloc(&a, 2 * e->log_id.n + 1);
    pl_hex((const uint8_t *)e->log_id.p, e->log_id.n, hex);
    struct pl_str body = pl_base64_text(e->body, &a);
    struct pl_str text = pl_printf(&a,
                                   "{\"body\":\"%.*s\",\"integratedTime\":%" PRIu64
                                   ",\"logID\":\"%s\",\"logIndex\":%" PRIu64 "}",
                                   PL_FMT(body), e->integrated_s, hex, e->log_index);
    if (pl_pubkey_verify_md(log->key, log->md, text, e->set, err) < 0)
        r = pl_fail(err, PL_E_SIG, "signed entry timestamp does not hold");
    pl_arena_release(&a);
    return r;
}

int pl_tlog_proof_check(const struct pl_tlog_entry *e, const struct pl_log *log, struct pl_err *err)
{
    struct pl_checkpoint c;
    uint8_t leaf[32], root[32];
    pl_merkle_leaf(e->body, leaf);
    int r = usable(log, err);
    if (r == 0)
        r = pl_merkle_root(leaf, e->proof_index, e->tree_size, e->hashes, e->n_hashes, root, err);
    if (r == 0 && memcmp(root, e->root_hash.p, 32) != 0)
        return pl_fail(err, PL_E_SIG, "inclusion proof does not lead to its root hash");
    if (r < 0 || e->checkpoint.n == 0)
        return r;
    if ((r = pl_checkpoint_parse(e->checkpoint, &c, err)) < 0)
        return r;
    if (c.size != e->tree_size || memcmp(c.root, root, 32) != 0)
        return pl_fail(err, PL_E_SIG, "checkpoint is of another tree than the inclusion proof");
    return pl_checkpoint_verify(&c, log, pl_tlog_is_v2(e), err);
}
