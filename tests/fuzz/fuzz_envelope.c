/* DSSE envelopes and the statement or payload in them. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "sign/bundle.h"
#include "sign/statement.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    struct pl_arena a = { 0 };
    struct pl_envelope e = { 0 };
    struct pl_statement s = { 0 };
    struct pl_payload pay = { 0 };
    struct pl_err err = { 0 };
    int r = pl_envelope_parse(pl_str_n(p, n), &a, &e, &err);
    if (r == 0)
        r = pl_statement_parse(e.payload, &s, &err);
    if (r < 0 && err.msg[0] == 0)
        abort();
    pl_statement_release(&s);
    if (pl_payload_parse(pl_str_n(p, n), &pay, &err) == 0)
        r = 0;
    pl_payload_release(&pay);
    pl_arena_release(&a);
    return r == 0 ? 0 : -1;
}
