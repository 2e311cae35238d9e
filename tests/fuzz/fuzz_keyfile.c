/* Encrypted key files of cosign, and PEM keys. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "sign/keyfile.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    struct pl_privkey *k = NULL;
    struct pl_pubkey *pub = NULL;
    struct pl_err err = { 0 };
    struct pl_str s = pl_str_n(p, n);
    int r = pl_keyfile_is(s) ? pl_keyfile_open(s, PL_S("secret"), &k, &err)
                             : pl_privkey_pem(s, &k, &err);
    if (pl_pubkey_pem(s, &pub, &err) == 0)
        r = 0;
    if (r < 0 && err.msg[0] == 0)
        abort();
    pl_privkey_free(k);
    pl_pubkey_free(pub);
    return r == 0 ? 0 : -1;
}
