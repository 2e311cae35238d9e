/* Loading of libarchive. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "io/nested_late.h"

#include <string.h>

#include "base/cleanup.h"
#include "fmt/late.h"

static struct pl_libarchive lib; /* once-built */

static const char *const names[] = {
#define PL_ARC_NAME(f) #f,
    PL_ARC_FUNCTIONS(PL_ARC_NAME)
#undef PL_ARC_NAME
};

int pl_arc_load(struct pl_err *err)
{
    void *at[PL_COUNT(names)];
    _Static_assert(sizeof lib == sizeof at, "nothing but pointers");
    if (lib.archive_read_new)
        return 0;
    int r = pl_late("libarchive.so.13", names, PL_COUNT(names), at, err);
    if (r == 0)
        memcpy(&lib, at, sizeof at);
    return r;
}

const struct pl_libarchive *pl_arc_lib(void)
{
    return &lib;
}
