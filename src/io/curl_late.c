/* Loading of libcurl at its first use. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "io/curl_late.h"

#include <string.h>

#include "base/cleanup.h"
#include "fmt/late.h"

#define LIBRARY "libcurl.so.4"

static const char *const names[] = {
#define PL_CURL_NAME(f) #f,
    PL_CURL_FUNCTIONS(PL_CURL_NAME)
#undef PL_CURL_NAME
};

int pl_curl_load(struct pl_curl *ret, struct pl_err *err)
{
    void *at[PL_COUNT(names)];
    int r = pl_late(LIBRARY, names, PL_COUNT(names), at, err);
    _Static_assert(sizeof *ret == sizeof at, "nothing but pointers");
    if (r == 0)
        memcpy(ret, at, sizeof at);
    return r;
}
