/* Where an image and its signatures are kept, as operations: an OCI layout, or a registry.
 * formats/signing.md sections 4 to 6. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_SIGN_STORE_H
#define PL_SIGN_STORE_H

#include "base/buf.h"
#include "oci/reference.h"
#include "registry/registry.h"
#include "sign/verify.h"

#define PL_MANIFEST_TYPE "application/vnd.oci.image.manifest.v1+json"

/* A manifest as a descriptor would name it. Text in the caller's arena. */
struct pl_named {
    struct pl_digest digest;
    struct pl_str type; /* media type */
    uint64_t size;
};

/* A manifest to be put. */
struct pl_put {
    struct pl_str bytes;
    struct pl_str tag;                        /* p == NULL: none */
    struct pl_str artifact_type, annotations; /* of a referrer; the latter a JSON object's text */
    const struct pl_digest *subject;          /* NULL: it refers to nothing */
    const struct pl_digest *replaces;         /* what the tag must still name; NULL: nothing */
};

/* What will be looked for beside an image. */
enum pl_sign_look { PL_LOOK_NOTHING, PL_LOOK_ATTESTATIONS, PL_LOOK_ALL };

/* What will be asked of a store soon. */
enum pl_soon { PL_SOON_TAG, PL_SOON_REFERRERS, PL_SOON_MANIFEST, PL_SOON_BLOB };

struct pl_sign_store {
    /* A hint: `fetch` and so on will be called for `d`, or `tagged` for `tag`. NULL: of no use. */
    void (*soon)(struct pl_sign_store *s, enum pl_soon what, const struct pl_digest *d,
                 struct pl_str tag);
    /* The manifest under `tag`: bytes to `b` (empty before), its digest. PL_E_NOENT: none. */
    int (*tagged)(struct pl_sign_store *s, struct pl_str tag, struct pl_buf *b,
                  struct pl_digest *ret, struct pl_err *err);
    /* Calls `fn` for each manifest that may refer to `subject`; nothing is promised of it. */
    int (*referrers)(struct pl_sign_store *s, const struct pl_digest *subject,
                     int (*fn)(void *arg, const struct pl_digest *d, const char *storage,
                               struct pl_err *err),
                     void *arg, struct pl_err *err);
    /* A manifest or blob by digest, which was compared, at most `max` bytes. PL_E_NOENT,
     * PL_E_DIGEST, PL_E_LIMIT. */
    int (*fetch)(struct pl_sign_store *s, const struct pl_digest *d, bool manifest, size_t max,
                 struct pl_buf *b, struct pl_err *err);
    int (*put_blob)(struct pl_sign_store *s, struct pl_str bytes, struct pl_err *err);
    /* Puts a manifest. PL_E_CANCEL: the tag names another one than it should, begin again. */
    int (*put_manifest)(struct pl_sign_store *s, const struct pl_put *p, struct pl_err *err);
    /* A manifest below the image, by digest; as `fetch`. */
    int (*child)(struct pl_sign_store *s, const struct pl_digest *d, size_t max, struct pl_buf *b,
                 struct pl_err *err);
    /* A blob of the image itself, by digest; as `fetch`. */
    int (*blob)(struct pl_sign_store *s, const struct pl_digest *d, size_t max, struct pl_buf *b,
                struct pl_err *err);
    /* Waits until a writer that read before our put has put as well, longer from round to round;
     * NULL: writers keep each other out. */
    void (*settle)(unsigned round);
    void (*free)(struct pl_sign_store *s);
};

/* Ends the use of a store; accepts NULL. */
void pl_sign_store_free(struct pl_sign_store *s);

/* An OCI layout directory as a store. Heap; pl_sign_store_free. PL_E_USAGE. */
int pl_sign_layout_new(const char *dir, struct pl_sign_store **ret, struct pl_err *err);
/* The manifest that `tag` (p == NULL: the only image there is) or `want` names. PL_E_USAGE. */
int pl_sign_layout_find(struct pl_sign_store *s, struct pl_str tag, const struct pl_digest *want,
                        struct pl_arena *a, struct pl_named *ret, struct pl_err *err);

/* A registry as a store: the image in ref->repo of `ref->host`, its signatures in `signatures`
 * ("[HOST/]REPO" with a host, or p == NULL: beside the image). Opens no connection. Heap;
 * pl_sign_store_free. Codes as pl_registry_new. */
int pl_sign_remote_new(const struct pl_registry_opts *o, const struct pl_reference *ref,
                       struct pl_str signatures, struct pl_sign_store **ret, struct pl_err *err);
/* The manifest that `ref` names, by its digest when it has one, else by its tag, at the origin:
 * name, and bytes to `b`. What pl_sign_collect will `look` for is asked for together with it. Codes
 * as pl_registry_manifest. */
int pl_sign_remote_find(struct pl_sign_store *s, const struct pl_reference *ref,
                        enum pl_sign_look look, struct pl_arena *a, struct pl_named *ret,
                        struct pl_buf *b, struct pl_err *err);
/* Hints at everything that may stand beside `image`. */
void pl_sign_soon(struct pl_sign_store *s, const struct pl_digest *image, enum pl_sign_look look);

/* "sha256-HEX" and `suffix` in `a`. */
struct pl_str pl_sign_tag(struct pl_arena *a, const struct pl_digest *d, const char *suffix);

/* ---- verify ---- */

#define PL_OBJECTS_MAX 128u
enum pl_object_form { PL_FORM_SIMPLE, PL_FORM_DSSE, PL_FORM_BUNDLE };

/* Something that may be a signature, as it was stored; not judged. Text in the arena. */
struct pl_object {
    const char *storage; /* "sig-tag", "att-tag", "oci11", "referrers", "fallback-tag" */
    enum pl_object_form form;
    struct pl_str object;  /* "sha256:…": of the layer, or of the referrer's manifest */
    struct pl_str payload; /* payload, envelope or bundle; p == NULL when `code` is set */
    struct pl_str sig, cert_pem, log_json, stamp_json; /* of a tag's layer; may be empty */
    int code;                                          /* 0, or why it could not be read */
    struct pl_str reason;
};
struct pl_objects {
    struct pl_object *p; /* in the arena */
    size_t n;
};

struct pl_verdicts {
    struct pl_verdict *p; /* in the arena */
    size_t n;
    bool sig_tag, att_tag, bundle; /* a valid one in that form is there */
};

/* Fetches everything in all storages, each object once; without `signatures` what can only hold
 * attestations. Negative: something could not be read, or a limit; then nothing may be concluded.
 */
int pl_sign_collect(struct pl_sign_store *s, const struct pl_digest *image, bool signatures,
                    struct pl_arena *a, struct pl_objects *ret, struct pl_err *err);
/* Judges a collection, once for each demand there is; nothing is fetched. `manifest` is the
 * image's. Verified attestations bring their statement along (pl_verdict.payload). Negative:
 * PL_E_LIMIT, PL_E_IO. */
int pl_sign_judge(const struct pl_demand *d, const struct pl_objects *objects,
                  const struct pl_digest *image, struct pl_message *manifest, struct pl_arena *a,
                  struct pl_verdicts *ret, struct pl_err *err);
/* Both: every signature (with a type in `d`: attestation) of the image, in all forms. */
int pl_verify_image(const struct pl_demand *d, struct pl_sign_store *s,
                    const struct pl_digest *image, struct pl_message *manifest, struct pl_arena *a,
                    struct pl_verdicts *ret, struct pl_err *err);
/* How many different signers, keys or identities, the good ones among `v` have. */
size_t pl_verdicts_signers(const struct pl_verdict *v, size_t n);

/* ---- sign ---- */

struct pl_sign_job {
    const struct pl_privkey *key;
    bool legacy, bundle;
    struct pl_str repo; /* docker-reference, subject name */
    const struct pl_annotation *annotations;
    size_t n_annotations;
    struct pl_str predicate_type, predicate; /* attest: URI and JSON text; else p == NULL */
    int64_t now_s;
};
/* Signs, or attests, `image`; then reads back what was written and verifies it. PL_E_SIG: that did
 * not hold. */
int pl_sign_image(const struct pl_sign_job *j, struct pl_sign_store *s,
                  const struct pl_named *image, struct pl_message *manifest, struct pl_err *err);
/* Appends a bundle of a message signature over `bytes` to `out`. */
int pl_sign_blob(const struct pl_privkey *key, struct pl_str bytes, struct pl_buf *out,
                 struct pl_err *err);
/* Appends a bundle with an attestation about the file of digest `sha256` called `name`. */
int pl_attest_blob(const struct pl_sign_job *j, const uint8_t sha256[32], struct pl_str name,
                   struct pl_buf *out, struct pl_err *err);

/* ---- JSON text kept as it is ---- */

/* Spans of the elements of the array under `key` of the object `text`, which is valid JSON; *ret_at
 * is where its ']' stands. Returns their number, at most `max`; -1 when there is no such array. */
long pl_json_elements(struct pl_str text, const char *key, struct pl_str *ret, size_t max,
                      size_t *ret_at);
/* The text of member `key` of the object `text`, which is valid JSON; false when it has none. */
bool pl_json_member(struct pl_str text, const char *key, struct pl_str *ret);

#endif
