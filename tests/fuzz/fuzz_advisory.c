/* A file of a source of advisories: its name in the first line, then its bytes; what is read is
 * what a database would hold. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "vuln/build.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static void on_note(void *arg, const char *where, const char *message)
{
    (void)arg;
    (void)where; /* a name may begin with NUL */
    (void)message;
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    struct pl_str rest = pl_str_n(p, n), name;
    struct pl_limits limits;
    struct pl_err err = { 0 };
    pl_limits_init(&limits);
    if (!n || !pl_str_split(&rest, '\n', &name) || !rest.p || name.n > 200)
        return -1;
    struct pl_adv_read_opts o = { .limits = &limits, .note = on_note };
    o.release = PL_S("");
    struct pl_advbuild *b = pl_advbuild_new();
    int r = pl_adv_read_bytes(b, name, rest, &o, &err);
    if (r < 0 && !err.code)
        abort();
    pl_advbuild_free(b);
    return r < 0 ? -1 : 0;
}
