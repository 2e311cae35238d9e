/* What signatures are about: in-toto statements and cosign's simple signing payload.
 * formats/signing.md sections 4 and 5. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_SIGN_STATEMENT_H
#define PL_SIGN_STATEMENT_H

#include "fmt/json.h"
#include "model/predicate.h"
#include "sign/key.h"

#define PL_PAYLOAD_MAX (1u << 20)

/* The URI that a word for --type stands for ("vuln"), or the word itself when it is a URI; an empty
 * view for any other word. */
struct pl_str pl_predicate_uri(struct pl_str word);
/* Is a statement of predicate type `have` of the type `want`? */
bool pl_predicate_is(struct pl_str have, struct pl_str want);

struct pl_statement {
    struct pl_json *root; /* owned */
    struct pl_str type;   /* predicate type, a view on it */
    const struct pl_json *subjects, *predicate;
};
/* Reads and checks a statement: type, 1 to 1024 subjects with 1 to 32 digests each. PL_E_FORMAT,
 * PL_E_LIMIT. */
int pl_statement_parse(struct pl_str text, struct pl_statement *ret, struct pl_err *err);
void pl_statement_release(struct pl_statement *s);
/* The subject that has the message's digest, or NULL with PL_E_SIG in *ret_code (or another failure
 * of the message). */
const struct pl_json *pl_statement_subject(const struct pl_statement *s, struct pl_message *m,
                                           int *ret_code, struct pl_err *err);

struct pl_payload {
    struct pl_json *root;           /* owned */
    struct pl_str digest;           /* of the signed manifest, "sha256:…", a view */
    struct pl_str ref;              /* docker-reference */
    const struct pl_json *optional; /* an object, or NULL */
};
/* Reads a simple signing payload of at most 1 MiB; its type must be cosign's. */
int pl_payload_parse(struct pl_str text, struct pl_payload *ret, struct pl_err *err);
void pl_payload_release(struct pl_payload *p);

#endif
