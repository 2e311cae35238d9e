/* Loading of libmicrohttpd. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/http_late.h"

#include <string.h>

#include "base/cleanup.h"
#include "fmt/late.h"

static const char *const names[] = {
#define PL_MHD_NAME(f) #f,
    PL_MHD_FUNCTIONS(PL_MHD_NAME)
#undef PL_MHD_NAME
};

int pl_mhd_load(struct pl_mhd *ret, struct pl_err *err)
{
    void *at[PL_COUNT(names)];
    int r = pl_late("libmicrohttpd.so.12", names, PL_COUNT(names), at, err);
    _Static_assert(sizeof *ret == sizeof at, "nothing but pointers");
    if (r == 0)
        memcpy(ret, at, sizeof at);
    return r;
}
