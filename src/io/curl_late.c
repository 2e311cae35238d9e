/* Loading of libcurl at its first use. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "io/curl_late.h"

#include <dlfcn.h>
#include <string.h>

#include "base/cleanup.h"

#define LIBRARY "libcurl.so.4"

static const char *const names[] = {
#define PL_CURL_NAME(f) #f,
    PL_CURL_FUNCTIONS(PL_CURL_NAME)
#undef PL_CURL_NAME
};

int pl_curl_load(struct pl_curl *ret, struct pl_err *err)
{
    void *at[PL_COUNT(names)];
    void *library = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);
    if (!library)
        return pl_fail(err, PL_E_UNSUP, "cannot load " LIBRARY ": %s", dlerror());
    for (size_t i = 0; i < PL_COUNT(names); i++) {
        at[i] = dlsym(library, names[i]);
        if (!at[i])
            return pl_fail(err, PL_E_UNSUP, LIBRARY " has no %s", names[i]);
    }
    _Static_assert(sizeof *ret == sizeof at, "nothing but pointers");
    memcpy(ret, at, sizeof at);
    return 0;
}
