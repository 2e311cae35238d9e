/* What a registry asks for with 401: the WWW-Authenticate field. RFC 9110 section 11.6.1, RFC 6750
 * section 3. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_REGISTRY_CHALLENGE_H
#define PL_REGISTRY_CHALLENGE_H

#include "base/arena.h"
#include "base/err.h"

enum pl_auth_scheme { PL_AUTH_OTHER, PL_AUTH_BASIC, PL_AUTH_BEARER };

/* One challenge; absent parameters are empty. */
struct pl_challenge {
    enum pl_auth_scheme scheme;
    struct pl_str realm, service, scope, error;
};

#define PL_CHALLENGES_MAX 8u

/* Reads all challenges of one field; text in `a`, at most PL_CHALLENGES_MAX of them. PL_E_FORMAT:
 * malformed, or a parameter given twice. */
int pl_challenge_parse(struct pl_str field, struct pl_arena *a, struct pl_challenge *ret,
                       size_t *ret_n, struct pl_err *err);

#endif
