/* Signed time stamps: RFC 3161 responses, whose token is CMS SignedData (RFC 5652) with ESS
 * signing-certificate attributes (RFC 2634, RFC 5035). */
/* SPDX-License-Identifier: Apache-2.0 */
#include "sign/tsa.h"

#include "base/hash.h"
#include "base/limits.h"
#include "fmt/der.h"

#define TOKEN_MAX PL_MIB(1)
#define CERTS_MAX 10u
#define ATTRS_MAX 32u

#define OID_SIGNED_DATA "\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02"
#define OID_TST_INFO "\x2a\x86\x48\x86\xf7\x0d\x01\x09\x10\x01\x04"
#define OID_CONTENT_TYPE "\x2a\x86\x48\x86\xf7\x0d\x01\x09\x03"
#define OID_MESSAGE_DIGEST "\x2a\x86\x48\x86\xf7\x0d\x01\x09\x04"
#define OID_SIGNING_CERT "\x2a\x86\x48\x86\xf7\x0d\x01\x09\x10\x02\x0c"
#define OID_SIGNING_CERT_2 "\x2a\x86\x48\x86\xf7\x0d\x01\x09\x10\x02\x2f"

struct token {
    struct pl_str info;           /* TSTInfo, the signed content */
    struct pl_str certs;          /* embedded ones, DER behind each other */
    struct pl_str issuer, serial; /* of the signer; or */
    struct pl_str key_id;         /* its key identifier */
    enum pl_md digest;            /* of the content */
    struct pl_str attrs;          /* contents of the signed attributes */
    struct pl_str algorithm;      /* OID of the signature's */
    struct pl_str sig;
    struct pl_str content_type, message_digest, cert_hash;
    enum pl_md cert_md;
    bool cert_sha1;
    int64_t time_ns;
};

static int bad(struct pl_err *err, const char *what)
{
    return pl_fail(err, PL_E_FORMAT, "time stamp: %s", what);
}

/* AlgorithmIdentifier of a digest. */
static int take_md(struct pl_str *in, enum pl_md *ret, struct pl_err *err)
{
    static const struct {
        struct pl_str oid;
        enum pl_md md;
    } known[] = {
        { { "\x60\x86\x48\x01\x65\x03\x04\x02\x01", 9 }, PL_MD_SHA256 },
        { { "\x60\x86\x48\x01\x65\x03\x04\x02\x02", 9 }, PL_MD_SHA384 },
        { { "\x60\x86\x48\x01\x65\x03\x04\x02\x03", 9 }, PL_MD_SHA512 },
    };
    struct pl_der seq, oid;
    int r = pl_der_take(in, PL_DER_SEQ, "digest algorithm", &seq, err);
    if (r == 0)
        r = pl_der_take(&seq.body, PL_DER_OID, "digest algorithm", &oid, err);
    for (size_t i = 0; r == 0 && i < sizeof known / sizeof *known; i++) {
        if (pl_str_eq(oid.body, known[i].oid)) {
            *ret = known[i].md;
            return 0;
        }
    }
    return r < 0 ? r : bad(err, "a digest algorithm that is not allowed");
}

/* PKIStatusInfo: granted, or granted with modifications; then the token. */
static int open_response(struct pl_str text, struct pl_str *ret, struct pl_err *err)
{
    struct pl_der seq, status, d;
    uint64_t code;
    int r = pl_der_only(text, PL_DER_SEQ, "time stamp", &seq, err);
    if (r == 0)
        r = pl_der_take(&seq.body, PL_DER_SEQ, "time stamp status", &status, err);
    if (r == 0)
        r = pl_der_take(&status.body, PL_DER_INT, "time stamp status", &d, err);
    if (r == 0)
        r = pl_der_uint(d.body, &code, err);
    if (r == 0 && code > 1)
        return pl_fail(err, PL_E_SIG, "time stamp was not granted");
    if (r == 0)
        r = pl_der_only(seq.body, PL_DER_SEQ, "time stamp token", &d, err);
    if (r == 0)
        *ret = d.body;
    return r;
}

/* The contents of SignedData. */
static int open_token(struct pl_str s, struct pl_str *ret, struct pl_err *err)
{
    struct pl_der oid, d;
    int r = pl_der_take(&s, PL_DER_OID, "time stamp token", &oid, err);
    if (r == 0 && !pl_str_eq(oid.body, PL_S(OID_SIGNED_DATA)))
        return bad(err, "no signed data");
    if (r == 0)
        r = pl_der_only(s, PL_DER_CTX_CONS, "time stamp token", &d, err);
    if (r == 0)
        r = pl_der_only(d.body, PL_DER_SEQ, "time stamp token", &d, err);
    if (r == 0)
        *ret = d.body;
    return r;
}

static int read_content(struct pl_str s, struct token *t, struct pl_err *err)
{
    struct pl_der oid, d;
    int r = pl_der_take(&s, PL_DER_OID, "time stamp content", &oid, err);
    if (r == 0 && !pl_str_eq(oid.body, PL_S(OID_TST_INFO)))
        return bad(err, "content is no time stamp");
    if (r == 0)
        r = pl_der_only(s, PL_DER_CTX_CONS, "time stamp content", &d, err);
    if (r == 0)
        r = pl_der_only(d.body, PL_DER_OCTETS, "time stamp content", &d, err);
    if (r == 0)
        t->info = d.body;
    return r;
}

static int read_signer_id(struct pl_str *s, struct token *t, struct pl_err *err)
{
    struct pl_der d, name, serial;
    if (pl_der_is(*s, PL_DER_CTX)) {
        int r = pl_der_next(s, &d, err);
        t->key_id = d.body;
        return r;
    }
    int r = pl_der_take(s, PL_DER_SEQ, "signer", &d, err);
    if (r == 0)
        r = pl_der_take(&d.body, PL_DER_SEQ, "signer", &name, err);
    if (r == 0)
        r = pl_der_only(d.body, PL_DER_INT, "signer", &serial, err);
    if (r == 0) {
        t->issuer = name.body;
        t->serial = serial.body;
    }
    return r;
}

static int read_signer(struct pl_str s, struct token *t, struct pl_err *err)
{
    struct pl_der d, alg;
    int r = pl_der_take(&s, PL_DER_INT, "signer's version", NULL, err);
    if (r == 0)
        r = read_signer_id(&s, t, err);
    if (r == 0)
        r = take_md(&s, &t->digest, err);
    if (r == 0 && (r = pl_der_take(&s, PL_DER_CTX_CONS, "signed attributes", &d, err)) == 0)
        t->attrs = d.body;
    if (r == 0)
        r = pl_der_take(&s, PL_DER_SEQ, "signature algorithm", &alg, err);
    if (r == 0 && (r = pl_der_take(&alg.body, PL_DER_OID, "signature algorithm", &d, err)) == 0)
        t->algorithm = d.body;
    if (r == 0 && (r = pl_der_take(&s, PL_DER_OCTETS, "signature", &d, err)) == 0)
        t->sig = d.body;
    if (r == 0 && pl_der_is(s, PL_DER_CTX_CONS + 1))
        r = pl_der_next(&s, &d, err);
    return r < 0 ? r : pl_der_end(s, "signer", err);
}

static int read_token(struct pl_str s, struct token *t, struct pl_err *err)
{
    struct pl_der d, one;
    int r = pl_der_take(&s, PL_DER_INT, "version", NULL, err);
    if (r == 0)
        r = pl_der_take(&s, PL_DER_SET, "digest algorithms", NULL, err);
    if (r == 0 && (r = pl_der_take(&s, PL_DER_SEQ, "content", &d, err)) == 0)
        r = read_content(d.body, t, err);
    if (r == 0 && pl_der_is(s, PL_DER_CTX_CONS) && (r = pl_der_next(&s, &d, err)) == 0)
        t->certs = d.body;
    if (r == 0 && pl_der_is(s, PL_DER_CTX_CONS + 1))
        r = pl_der_next(&s, &d, err);
    if (r == 0)
        r = pl_der_only(s, PL_DER_SET, "signers", &d, err);
    if (r == 0)
        r = pl_der_only(d.body, PL_DER_SEQ, "signer (exactly one)", &one, err);
    return r < 0 ? r : read_signer(one.body, t, err);
}

/* ESSCertID or ESSCertIDv2, the first of the list: the hash of the signer's certificate. */
static int read_cert_hash(struct pl_str value, bool v2, struct token *t, struct pl_err *err)
{
    struct pl_der seq, list, id, d;
    int r = pl_der_only(value, PL_DER_SEQ, "signing certificate", &seq, err);
    if (r == 0)
        r = pl_der_take(&seq.body, PL_DER_SEQ, "signing certificate", &list, err);
    if (r == 0)
        r = pl_der_take(&list.body, PL_DER_SEQ, "signing certificate", &id, err);
    if (r < 0)
        return r;
    t->cert_sha1 = !v2;
    t->cert_md = PL_MD_SHA256;
    if (v2 && pl_der_is(id.body, PL_DER_SEQ))
        r = take_md(&id.body, &t->cert_md, err);
    if (r == 0)
        r = pl_der_take(&id.body, PL_DER_OCTETS, "signing certificate", &d, err);
    if (r == 0)
        t->cert_hash = d.body;
    return r;
}

/* One attribute with exactly one value. */
static int read_attr(struct pl_str *in, struct token *t, struct pl_err *err)
{
    struct pl_der seq, oid, set, d;
    int r = pl_der_take(in, PL_DER_SEQ, "attribute", &seq, err);
    if (r == 0)
        r = pl_der_take(&seq.body, PL_DER_OID, "attribute", &oid, err);
    if (r == 0)
        r = pl_der_only(seq.body, PL_DER_SET, "attribute", &set, err);
    if (r < 0)
        return r;
    struct pl_str *twice = NULL;
    if (pl_str_eq(oid.body, PL_S(OID_CONTENT_TYPE))) {
        twice = &t->content_type;
        r = twice->p ? 0 : pl_der_only(set.body, PL_DER_OID, "content type", &d, err);
    } else if (pl_str_eq(oid.body, PL_S(OID_MESSAGE_DIGEST))) {
        twice = &t->message_digest;
        r = twice->p ? 0 : pl_der_only(set.body, PL_DER_OCTETS, "message digest", &d, err);
    } else if (pl_str_eq(oid.body, PL_S(OID_SIGNING_CERT_2)) ||
               (pl_str_eq(oid.body, PL_S(OID_SIGNING_CERT)) && !t->cert_hash.p)) {
        return read_cert_hash(set.body, pl_str_eq(oid.body, PL_S(OID_SIGNING_CERT_2)), t, err);
    }
    if (r == 0 && twice && twice->p)
        return bad(err, "an attribute stands twice");
    if (r == 0 && twice)
        *twice = d.body;
    return r;
}

static int read_attrs(struct token *t, struct pl_err *err)
{
    struct pl_str s = t->attrs;
    int r = 0;
    for (size_t i = 0; r == 0 && s.n; i++) {
        if (i == ATTRS_MAX)
            return bad(err, "too many attributes");
        r = read_attr(&s, t, err);
    }
    if (r < 0)
        return r;
    uint8_t want[PL_MD_MAX];
    pl_md_bytes(t->digest, t->info, want);
    if (!pl_str_eq(t->content_type, PL_S(OID_TST_INFO)) ||
        !pl_str_eq(t->message_digest, pl_str_n(want, pl_md_len(t->digest))))
        return pl_fail(err, PL_E_SIG, "time stamp: its content is not what was signed");
    return 0;
}

/* TSTInfo: version, policy, imprint, serial, time, optional rest. */
static int read_info(struct token *t, struct pl_str signed_bytes, struct pl_err *err)
{
    struct pl_der seq, imprint, d;
    uint8_t want[PL_MD_MAX];
    enum pl_md md;
    int r = pl_der_only(t->info, PL_DER_SEQ, "time stamp", &seq, err);
    if (r == 0)
        r = pl_der_take(&seq.body, PL_DER_INT, "version", &d, err);
    if (r == 0 && !pl_str_eq(d.body, PL_S("\x01")))
        return bad(err, "unknown version");
    if (r == 0)
        r = pl_der_take(&seq.body, PL_DER_OID, "policy", NULL, err);
    if (r == 0)
        r = pl_der_take(&seq.body, PL_DER_SEQ, "imprint", &imprint, err);
    if (r == 0)
        r = take_md(&imprint.body, &md, err);
    if (r == 0)
        r = pl_der_only(imprint.body, PL_DER_OCTETS, "imprint", &d, err);
    if (r < 0)
        return r;
    pl_md_bytes(md, signed_bytes, want);
    if (!pl_str_eq(d.body, pl_str_n(want, pl_md_len(md))))
        return pl_fail(err, PL_E_SIG, "time stamp is of something else");
    r = pl_der_take(&seq.body, PL_DER_INT, "serial number", NULL, err);
    if (r == 0)
        r = pl_der_take(&seq.body, PL_DER_TIME, "time", &d, err);
    return r < 0 ? r : pl_der_time(&d, &t->time_ns, err);
}

static bool is_signer(const struct token *t, const struct pl_cert *c)
{
    if (t->key_id.p)
        return pl_str_eq(t->key_id, pl_cert_key_id(c));
    return pl_str_eq(t->issuer, pl_cert_issuer(c)) && pl_str_eq(t->serial, pl_cert_serial(c));
}

/* Which digest the signature algorithm asks for; "rsaEncryption" leaves it to the signer. */
static int signature_md(const struct token *t, enum pl_md *ret, struct pl_err *err)
{
    static const struct {
        struct pl_str oid;
        enum pl_md md;
    } known[] = {
        { { "\x2a\x86\x48\xce\x3d\x04\x03\x02", 8 }, PL_MD_SHA256 },
        { { "\x2a\x86\x48\xce\x3d\x04\x03\x03", 8 }, PL_MD_SHA384 },
        { { "\x2a\x86\x48\xce\x3d\x04\x03\x04", 8 }, PL_MD_SHA512 },
        { { "\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0b", 9 }, PL_MD_SHA256 },
        { { "\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0c", 9 }, PL_MD_SHA384 },
        { { "\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0d", 9 }, PL_MD_SHA512 },
    };
    *ret = t->digest; /* rsaEncryption, Ed25519 */
    if (pl_str_eq(t->algorithm, PL_S("\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01")) ||
        pl_str_eq(t->algorithm, PL_S("\x2b\x65\x70")))
        return 0;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        if (pl_str_eq(t->algorithm, known[i].oid)) {
            *ret = known[i].md;
            return 0;
        }
    }
    return bad(err, "a signature algorithm that is not allowed");
}

static void cert_hash(const struct token *t, const struct pl_cert *c, uint8_t *out)
{
    if (!t->cert_sha1) {
        pl_md_bytes(t->cert_md, pl_cert_der(c), out);
        return;
    }
    struct pl_hash *h = pl_hash_new(PL_HASH_SHA1);
    pl_hash_add(h, pl_cert_der(c).p, pl_cert_der(c).n);
    pl_hash_end(h, out);
    pl_hash_free(h);
}

static int check_signature(const struct token *t, struct pl_cert *c, struct pl_err *err)
{
    pl_auto_buf struct pl_buf b = { 0 };
    const struct pl_pubkey *key;
    uint8_t hash[PL_MD_MAX];
    enum pl_md md;
    cert_hash(t, c, hash);
    if (!t->cert_hash.p ||
        !pl_str_eq(t->cert_hash, pl_str_n(hash, t->cert_sha1 ? 20 : pl_md_len(t->cert_md))))
        return pl_fail(err, PL_E_SIG, "time stamp names another certificate");
    int r = signature_md(t, &md, err);
    if (r == 0)
        r = pl_cert_key(c, &key, err);
    if (r < 0)
        return r;
    pl_der_put(&b, PL_DER_SET, t->attrs); /* signed as a SET, whatever tag it travels under */
    if (pl_pubkey_verify_md(key, md, pl_buf_str(&b), t->sig, err) < 0)
        return pl_fail(err, PL_E_SIG, "signature of the time stamp does not hold");
    return 0;
}

/* The authority's own signing certificate, where the trusted root names it; then an embedded one is
 * no choice. */
static bool names_signer(const struct pl_authority *tsa)
{
    for (size_t i = 0; i < tsa->n_certs; i++)
        if (!pl_cert_is_ca(tsa->certs[i]))
            return true;
    return false;
}

static int try_cert(const struct token *t, struct pl_cert *c, const struct pl_authority *tsa,
                    struct pl_err *err)
{
    const struct pl_cert *issuer;
    int r = pl_cert_chain(c, tsa, t->time_ns, PL_USE_TIME_STAMPING, &issuer, err);
    return r < 0 ? pl_wrap(err, "time stamp") : check_signature(t, c, err);
}

static int try_embedded(const struct token *t, const struct pl_authority *tsa, struct pl_err *err)
{
    struct pl_str s = t->certs;
    int r =
        pl_fail(err, PL_E_SIG, "time stamp of an authority that the trusted root does not name");
    for (size_t i = 0; s.n && i < CERTS_MAX; i++) {
        struct pl_der d;
        struct pl_cert *c = NULL;
        int q = pl_der_next(&s, &d, err);
        if (q == 0)
            q = pl_cert_parse(d.whole, &c, err);
        if (q < 0)
            return q;
        bool mine = is_signer(t, c);
        if (mine)
            r = try_cert(t, c, tsa, err);
        pl_cert_free(c);
        if (mine)
            return r;
    }
    return r;
}

static int try_authority(const struct token *t, const struct pl_authority *tsa, struct pl_err *err)
{
    for (size_t i = 0; i < tsa->n_certs; i++)
        if (is_signer(t, tsa->certs[i]))
            return try_cert(t, tsa->certs[i], tsa, err);
    if (names_signer(tsa))
        return pl_fail(err, PL_E_SIG,
                       "time stamp of an authority that the trusted root does not name");
    return try_embedded(t, tsa, err);
}

int pl_timestamp_verify(struct pl_str response, struct pl_str signed_bytes,
                        const struct pl_root *root, int64_t *ret_ns, struct pl_err *err)
{
    struct token t = { 0 };
    struct pl_str s;
    struct pl_err last = { 0 };
    if (response.n > TOKEN_MAX)
        return pl_fail(err, PL_E_LIMIT, "limit timestamp: more than 1 MiB");
    int r = open_response(response, &s, err);
    if (r == 0)
        r = open_token(s, &s, err);
    if (r == 0)
        r = read_token(s, &t, err);
    if (r == 0)
        r = read_attrs(&t, err);
    if (r == 0)
        r = read_info(&t, signed_bytes, err);
    if (r < 0)
        return r;
    r = pl_fail(err, PL_E_SIG, "the trusted root names no time stamp authority");
    for (size_t i = 0; r < 0 && i < root->n_tsas; i++) {
        r = try_authority(&t, &root->tsas[i], &last);
        if (r < 0 && err)
            *err = last;
    }
    if (r == 0)
        *ret_ns = t.time_ns;
    return r;
}
