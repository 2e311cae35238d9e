/* Loading of libgit2. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "source/git_late.h"

#include <string.h>

#include "base/cleanup.h"
#include "fmt/late.h"
#include "source/git.h"

static struct pl_libgit2 lib; /* once-built */

static const char *const names[] = {
#define PL_GIT_NAME(f) #f,
    PL_GIT_FUNCTIONS(PL_GIT_NAME)
#undef PL_GIT_NAME
};

int pl_git_load(struct pl_err *err)
{
    void *at[PL_COUNT(names)];
    _Static_assert(sizeof lib == sizeof at, "nothing but pointers");
    if (lib.git_libgit2_init)
        return 0;
    int r = pl_late("libgit2.so." LIBGIT2_SOVERSION, names, PL_COUNT(names), at, err);
    if (r == 0)
        memcpy(&lib, at, sizeof at);
    return r;
}

const struct pl_libgit2 *pl_git_lib(void)
{
    return &lib;
}
