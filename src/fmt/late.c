/* Loading of libraries at their first use. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "fmt/late.h"

#include <dlfcn.h>

int pl_late(const char *library, const char *const *names, size_t n, void **at, struct pl_err *err)
{
    void *handle = dlopen(library, RTLD_NOW | RTLD_LOCAL);
    if (!handle)
        return pl_fail(err, PL_E_UNSUP, "cannot load %s: %s", library, dlerror());
    for (size_t i = 0; i < n; i++) {
        at[i] = dlsym(handle, names[i]);
        if (!at[i])
            return pl_fail(err, PL_E_UNSUP, "%s has no %s", library, names[i]);
    }
    return 0;
}
