/* Does a signature hold, and for whom? One signature in, its checks out; nothing is fetched here.
 * formats/signing.md sections 7 to 10. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_SIGN_VERIFY_H
#define PL_SIGN_VERIFY_H

#include "sign/bundle.h"
#include "sign/root.h"

#define PL_STEPS(X)                     \
    X(PAYLOAD_DIGEST, "payload-digest") \
    X(SIGNATURE, "signature")           \
    X(DIGEST, "digest")                 \
    X(TYPE, "type")                     \
    X(ANNOTATIONS, "annotations")       \
    X(IDENTITY, "identity")             \
    X(CHAIN, "certificate-chain")       \
    X(SCT, "sct")                       \
    X(TLOG, "transparency-log")         \
    X(INCLUSION, "inclusion-proof")     \
    X(TIMESTAMP, "timestamp")

enum pl_step_id {
#define X(id, name) PL_STEP_##id,
    PL_STEPS(X)
#undef X
        PL_STEP_COUNT
};
extern const char *const pl_step_names[PL_STEP_COUNT];

/* ABSENT: there was nothing to check; SKIPPED: left out, or not reached after a failure. */
enum pl_step_state { PL_STATE_ABSENT, PL_STATE_DONE, PL_STATE_SKIPPED, PL_STATE_FAILED };
extern const char *const pl_state_names[4];

struct pl_step {
    enum pl_step_state state;
    struct pl_str detail; /* may be empty */
};

/* What is demanded. `keys` or the identity, not both. */
struct pl_demand {
    const struct pl_pubkey *const *keys;
    size_t n_keys;
    const struct pl_root *root; /* needed for identities; with keys: logs and stamps are checked */
    bool by_identity;
    struct pl_str identity, issuer;                 /* exact, or p == NULL */
    const struct pl_regex *identity_re, *issuer_re; /* matched to the whole value */
    struct pl_str type;                             /* predicate type; p == NULL: see `any_type` */
    bool any_type; /* a bundle file: every predicate type will do */
    const struct pl_annotation {
        struct pl_str name, value;
    } * annotations;
    size_t n_annotations;
    bool require_tlog, ignore_tlog, ignore_sct;
    int64_t now_ns; /* for what must not lie in the future */
};

/* One signature and what became of it. Text in the arena that was given. */
struct pl_verdict {
    const char *storage, *format;
    bool attestation;
    struct pl_str predicate_type; /* empty = none */
    struct pl_str object;         /* "sha256:…" of what holds the signature, or empty */
    bool ok;
    int code;             /* 0, or why not */
    struct pl_str reason; /* of the first check that failed */
    struct pl_str key_id;
    const char *key_name; /* NULL: no key */
    struct pl_str subject, issuer;
    struct pl_annotation *annotations; /* that the signature covers */
    size_t n_annotations;
    struct pl_str payload; /* when ok: what is said, a statement or simple signing payload */
    struct pl_step checks[PL_STEP_COUNT];
};

/* Sets up a verdict and compiles nothing; `storage` and `format` are static. */
void pl_verdict_init(struct pl_verdict *v, const char *storage, const char *format);

/* Checks a bundle against what it should be about. 0: the verdict is in *v, whatever it is.
 * Negative: only PL_E_LIMIT (a limit, the verdict is not to be used) and PL_E_IO. */
int pl_verify_bundle(const struct pl_demand *d, struct pl_str text, struct pl_message *artifact,
                     struct pl_arena *a, struct pl_verdict *v, struct pl_err *err);

/* A legacy signature: the payload, its signature and what its annotations bring, which may be
 * empty.
 */
struct pl_legacy {
    struct pl_str payload, sig; /* sig: base64 text */
    struct pl_str cert_pem, log_json, stamp_json;
    struct pl_str image_digest; /* "sha256:…" that must be signed */
    struct pl_message *image;   /* the manifest */
};
/* The same for a simple signing payload of a ".sig" tag. */
int pl_verify_simple(const struct pl_demand *d, const struct pl_legacy *l, struct pl_arena *a,
                     struct pl_verdict *v, struct pl_err *err);
/* The same for an envelope of an ".att" tag. */
int pl_verify_envelope(const struct pl_demand *d, const struct pl_legacy *l, struct pl_arena *a,
                       struct pl_verdict *v, struct pl_err *err);

#endif
