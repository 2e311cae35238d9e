/* DER elements inside each other, and certificates. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "fmt/der.h"
#include "sign/cert.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static int walk(struct pl_str s, unsigned depth)
{
    struct pl_err err = { 0 };
    struct pl_der d;
    int64_t ns;
    uint64_t v;
    int r = 0;
    while (r == 0 && s.n && depth < 32) {
        r = pl_der_next(&s, &d, &err);
        if (r < 0)
            break;
        pl_der_time(&d, &ns, &err);
        pl_der_uint(d.body, &v, &err);
        if (d.tag & 0x20)
            r = walk(d.body, depth + 1);
    }
    return r;
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    struct pl_err err = { 0 };
    struct pl_cert *c = NULL;
    struct pl_identity id;
    int r = walk(pl_str_n(p, n), 0);
    if (pl_cert_parse(pl_str_n(p, n), &c, &err) == 0) {
        pl_cert_identity(c, &id, &err);
        pl_cert_is_ca(c);
        pl_cert_self_signed(c);
    }
    pl_cert_free(c);
    return r == 0 ? 0 : -1;
}
