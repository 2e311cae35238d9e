/* Fuzz target: redaction inside containers. What is said to be redacted holds the value no more, in
 * as many bytes. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "base/cleanup.h"
#include "io/redact.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    static const struct pl_str values[] = { { "Xk29vLq8TzW4", 12 }, { "token-one", 9 } };
    pl_auto_free uint8_t *copy = malloc(n + 1);
    if (!copy)
        pl_oom();
    memcpy(copy, p, n);
    copy[n] = 0x5a;
    int r = pl_redact_inside(copy, n, values, 2, NULL);
    if (copy[n] != 0x5a)
        abort();
    for (size_t i = 0; r == 0 && i < 2; i++)
        if (n && memmem(copy, n, values[i].p, values[i].n))
            abort();
    return r == 0 ? 0 : -1;
}
