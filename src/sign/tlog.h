/* Transparency logs: Merkle proofs, checkpoints, entries and what they must say about a signature.
 * RFC 6962; C2SP "signed-note" and "tlog-checkpoint"; formats/signing.md sections 9.7, 9.8. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_SIGN_TLOG_H
#define PL_SIGN_TLOG_H

#include "sign/bundle.h"
#include "sign/cert.h"

/* Hash of a leaf. */
void pl_merkle_leaf(struct pl_str body, uint8_t out[32]);
/* Root that leaf hash number `index` of a tree of `size` leaves and the path give. PL_E_SIG when
 * the path does not fit such a tree. */
int pl_merkle_root(const uint8_t leaf[32], uint64_t index, uint64_t size, const struct pl_str *path,
                   size_t n, uint8_t out[32], struct pl_err *err);

struct pl_checkpoint {
    struct pl_str origin;
    uint64_t size;
    uint8_t root[32];
    struct pl_str text; /* what is signed */
    struct pl_str sigs; /* lines of signatures */
};
/* Takes a checkpoint apart; views on `note`. PL_E_FORMAT. */
int pl_checkpoint_parse(struct pl_str note, struct pl_checkpoint *ret, struct pl_err *err);
/* Is it signed by `log`? With `named` the origin and the name of the signature must be the log's
 * host. PL_E_SIG. */
int pl_checkpoint_verify(const struct pl_checkpoint *c, const struct pl_log *log, bool named,
                         struct pl_err *err);

/* What an entry must be about. */
struct pl_logged {
    struct pl_str sig;                  /* signature bytes */
    struct pl_str material;             /* DER of the certificate, or of the public key */
    bool cert;                          /* which of them */
    struct pl_message *message;         /* what the signature covers (an envelope's PAE) */
    const struct pl_envelope *envelope; /* or NULL */
};
/* Is the entry's body about exactly this? PL_E_SIG with the difference; PL_E_UNSUP: a kind that we
 * do not read. *ret_pss: the entry says that the signature is RSA-PSS. */
int pl_tlog_body_check(const struct pl_tlog_entry *e, const struct pl_logged *about, bool *ret_pss,
                       struct pl_err *err);
/* Is it of a log of the second generation (no entry timestamp, named checkpoints)? */
bool pl_tlog_is_v2(const struct pl_tlog_entry *e);
/* The log's promise: the signed entry timestamp. PL_E_SIG. */
int pl_tlog_promise_check(const struct pl_tlog_entry *e, const struct pl_log *log,
                          struct pl_err *err);
/* The inclusion proof and its checkpoint. Without a checkpoint (version 0.1) only the proof. */
int pl_tlog_proof_check(const struct pl_tlog_entry *e, const struct pl_log *log,
                        struct pl_err *err);

#endif
