/* Saved results (commands.md, schema 1): read, then written in every format. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "report/from_json.h"
#include "report/writer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct pl_arena a = { 0 };
    struct pl_report r = { 0 };
    struct pl_err err = { 0 };
    int code = pl_report_from_json(&a, pl_str_n(data, size), &r, &err);
    if (code == 0) {
        struct pl_report_opts o = { .fail_on = PL_SEV_HIGH };
        for (size_t i = 0; pl_writers[i]; i++) {
            struct pl_buf out = { 0 };
            if (pl_writers[i]->write(&r, &o, &out, &err) < 0)
                abort();
            pl_buf_release(&out);
        }
    }
    pl_arena_release(&a);
    return code < 0 ? -1 : 0;
}
