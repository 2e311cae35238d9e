/* Loading of GnuTLS. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/tls_late.h"

#include <string.h>

#include "base/cleanup.h"
#include "fmt/late.h"

static const char *const names[] = {
#define PL_GNUTLS_NAME(f) #f,
    PL_GNUTLS_FUNCTIONS(PL_GNUTLS_NAME)
#undef PL_GNUTLS_NAME
};

int pl_gnutls_load(struct pl_gnutls *ret, struct pl_err *err)
{
    void *at[PL_COUNT(names)];
    int r = pl_late("libgnutls.so.30", names, PL_COUNT(names), at, err);
    _Static_assert(sizeof *ret == sizeof at, "nothing but pointers");
    if (r == 0)
        memcpy(ret, at, sizeof at);
    return r;
}
