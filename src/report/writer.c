/* The table of report writers, made from writer.list. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "report/writer.h"

#define PL_WRITER(name) extern const struct pl_writer pl_writer_##name;
#include "report/writer.list"
#undef PL_WRITER

const struct pl_writer *const pl_writers[] = {
#define PL_WRITER(name) &pl_writer_##name,
#include "report/writer.list"
#undef PL_WRITER
    NULL,
};

const struct pl_writer *pl_writer_find(struct pl_str id)
{
    for (size_t i = 0; pl_writers[i]; i++)
        if (pl_str_is(id, pl_writers[i]->id))
            return pl_writers[i];
    return NULL;
}
