/* DSSE envelopes and sigstore bundles 0.1 to 0.3, read into plain structs. formats/signing.md
 * sections 5 and 6; sigstore protobuf-specs "Bundle". */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_SIGN_BUNDLE_H
#define PL_SIGN_BUNDLE_H

#include "base/arena.h"
#include "base/buf.h"
#include "sign/key.h"

struct pl_json;

#define PL_BUNDLE_TYPE "application/vnd.dev.sigstore.bundle.v0.3+json"
#define PL_INTOTO_TYPE "application/vnd.in-toto+json"
#define PL_ENVELOPE_TYPE "application/vnd.dsse.envelope.v1+json"

struct pl_envelope {
    struct pl_str payload, type; /* decoded; payloadType */
    struct pl_str *sigs;
    size_t n_sigs;
};

/* An entry of a transparency log, as a bundle brings it. Numbers are as they came, >= 0. */
struct pl_tlog_entry {
    struct pl_str log_id, kind, version, body;
    uint64_t log_index, integrated_s;
    struct pl_str set; /* signed entry timestamp; empty = no inclusion promise */
    bool has_proof;
    uint64_t proof_index, tree_size;
    struct pl_str root_hash, checkpoint;
    struct pl_str *hashes;
    size_t n_hashes;
};

struct pl_bundle {
    unsigned version;     /* 1, 2, 3 for 0.1 … */
    struct pl_str *certs; /* DER, the signer's first */
    size_t n_certs;
    bool public_key; /* signed by a key that the reader must have */
    struct pl_tlog_entry *entries;
    size_t n_entries;
    struct pl_str *timestamps; /* RFC 3161 responses */
    size_t n_timestamps;
    bool dsse;
    struct pl_envelope envelope; /* exactly one signature */
    bool has_digest;             /* of the message */
    enum pl_md md;
    struct pl_str digest, signature;
};

/* Reads an envelope from an object; from text of at most 16 MiB. Everything in `a`. PL_E_FORMAT;
 * PL_E_LIMIT. */
int pl_envelope_read(const struct pl_json *o, struct pl_arena *a, struct pl_envelope *ret,
                     struct pl_err *err);
int pl_envelope_parse(struct pl_str text, struct pl_arena *a, struct pl_envelope *ret,
                      struct pl_err *err);
/* Appends what a signature of the envelope covers (pre-authentication encoding). */
void pl_envelope_pae(struct pl_buf *b, struct pl_str type, struct pl_str payload);

/* Reads a bundle (16 MiB at most), everything in `a`. PL_E_FORMAT: malformed, of an unknown
 * version, or not allowed in its version; PL_E_LIMIT. */
int pl_bundle_parse(struct pl_str text, struct pl_arena *a, struct pl_bundle *ret,
                    struct pl_err *err);
/* Is `media_type` one of a bundle that we read? */
bool pl_bundle_is_type(struct pl_str media_type);

#endif
