/* The trusted root: keys of logs, authorities of certificates and of time stamps, each with the
 * time it is trusted for. sigstore protobuf-specs "TrustedRoot"; formats/signing.md section 9.2. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_SIGN_ROOT_H
#define PL_SIGN_ROOT_H

#include "sign/cert.h"

struct pl_root {
    struct pl_arena a;
    struct pl_log *tlogs, *ctlogs;
    size_t n_tlogs, n_ctlogs;
    struct pl_authority *cas, *tsas;
    size_t n_cas, n_tsas;
    int64_t newest_ns; /* the latest start of trust in it: how old it is at most */
};

/* Reads one (16 MiB at most). Heap. PL_E_FORMAT, PL_E_LIMIT. A log key that cannot be used (its
 * kind, no start of its validity) is kept with the reason. */
int pl_root_parse(struct pl_str text, struct pl_root **ret, struct pl_err *err);
void pl_root_free(struct pl_root *r);

/* The root that was built in, or p == NULL: this build has none. */
struct pl_str pl_root_builtin(void);

#endif
