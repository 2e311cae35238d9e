/* Builds without p11-kit: keys of tokens are refused by name. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "sign/outside.h"

static int lacking(struct pl_err *err)
{
    return pl_fail(err, PL_E_UNSUP,
                   "'pkcs11:' is not in this build: it was made without the option 'pkcs11' "
                   "(p11-kit)");
}

int pl_privkey_pkcs11(const char *uri, pl_pin_fn *pin, struct pl_privkey **ret, struct pl_err *err)
{
    (void)uri, (void)pin, (void)ret;
    return lacking(err);
}

int pl_pubkey_pkcs11(const char *uri, struct pl_pubkey **ret, struct pl_err *err)
{
    (void)uri, (void)ret;
    return lacking(err);
}
