/* Checkpoints of logs, and whether some key signed them. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "sign/tlog.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    static const uint8_t spki[] = { 0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70,
                                    0x03, 0x21, 0x00, 0xd7, 0x5a, 0x98, 0x01, 0x82, 0xb1,
                                    0x0a, 0xb7, 0xd5, 0x4b, 0xfe, 0xd3, 0xc9, 0x64, 0x07,
                                    0x3a, 0x0e, 0xe1, 0x72, 0xf3, 0xda, 0xa6, 0x23, 0x25,
                                    0xaf, 0x02, 0x1a, 0x68, 0xf7, 0x07, 0x51, 0x1a };
    struct pl_log log = { .host = PL_S("log.example"), .hostport = PL_S("log.example") };
    struct pl_checkpoint c;
    struct pl_err err = { 0 };
    if (pl_pubkey_spki(pl_str_n(spki, sizeof spki), &log.key, &err) < 0)
        abort();
    int r = pl_checkpoint_parse(pl_str_n(p, n), &c, &err);
    if (r == 0)
        pl_checkpoint_verify(&c, &log, n & 1, &err);
    pl_pubkey_free(log.key);
    return r == 0 ? 0 : -1;
}
