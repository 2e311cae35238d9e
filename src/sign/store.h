/* Where the signatures of an image are kept, as operations: a layout here, a registry elsewhere.
 * formats/signing.md sections 4 to 6. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_SIGN_STORE_H
#define PL_SIGN_STORE_H

#include "base/buf.h"
#include "oci/digest.h"
#include "sign/verify.h"

#define PL_MANIFEST_TYPE "application/vnd.oci.image.manifest.v1+json"

/* A manifest as a descriptor would name it. Text in the caller's arena. */
struct pl_named {
    struct pl_digest digest;
    struct pl_str type; /* media type */
    uint64_t size;
};

struct pl_sign_store {
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
    /* Puts a manifest under `tag` (p == NULL: none); one with a subject becomes a referrer of
     * artifact type `artifact_type`. `replaces` (may be NULL) is what the tag must still name:
     * PL_E_CANCEL when it does not, and the caller begins again. */
    int (*put_manifest)(struct pl_sign_store *s, struct pl_str bytes, struct pl_str tag,
                        struct pl_str artifact_type, const struct pl_digest *replaces,
                        struct pl_err *err);
};

/* An OCI layout directory as a store. Heap; pl_sign_layout_free. PL_E_USAGE. */
int pl_sign_layout_new(const char *dir, struct pl_sign_store **ret, struct pl_err *err);
void pl_sign_layout_free(struct pl_sign_store *s);
/* The manifest that `tag` (p == NULL: the only image there is) or `want` names. PL_E_USAGE. */
int pl_sign_layout_find(struct pl_sign_store *s, struct pl_str tag, const struct pl_digest *want,
                        struct pl_arena *a, struct pl_named *ret, struct pl_err *err);

/* "sha256-HEX" and `suffix` in `a`. */
struct pl_str pl_sign_tag(struct pl_arena *a, const struct pl_digest *d, const char *suffix);

/* ---- verify ---- */

#define PL_VERDICTS_MAX 128u
struct pl_verdicts {
    struct pl_verdict *p; /* in the arena */
    size_t n;
    bool sig_tag, att_tag, bundle; /* a valid one in that form is there */
};
/* Every signature (with a type in `d`: attestation) of the image, in all forms. Negative: something
 * could not be read, or a limit. */
int pl_verify_image(const struct pl_demand *d, struct pl_sign_store *s,
                    const struct pl_digest *image, struct pl_message *manifest, struct pl_arena *a,
                    struct pl_verdicts *ret, struct pl_err *err);

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

#endif
