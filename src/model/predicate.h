/* Predicate types of in-toto statements, and the short words people write for them. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_MODEL_PREDICATE_H
#define PL_MODEL_PREDICATE_H

#include "base/str.h"

#define PL_PREDICATE_SIGN "https://sigstore.dev/cosign/sign/v1"
#define PL_PREDICATE_VULN "https://cosign.sigstore.dev/attestation/vuln/v1"
#define PL_PREDICATE_OURS "urn:plimsoll:attestation:" /* how each of ours begins */
#define PL_PREDICATE_SCAN PL_PREDICATE_OURS "scan:v1"
#define PL_PREDICATE_SECRET PL_PREDICATE_OURS "secret:v1"
#define PL_PREDICATE_SPDX "https://spdx.dev/Document"
#define PL_PREDICATE_CYCLONEDX "https://cyclonedx.org/bom"

/* The type a word stands for ("vuln", "spdxjson", "scan" …), as cosign's --type has them and ours
 * beside; formats/signing.md section 5. "" for any other text. */
struct pl_str pl_predicate_word(struct pl_str word);

#endif
