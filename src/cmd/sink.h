/* Where a long result goes piece by piece: standard output, or a file that has its name only when
 * it is whole. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_CMD_SINK_H
#define PL_CMD_SINK_H

#include "base/buf.h"

struct pl_sink {
    int fd;
    struct pl_buf b; /* what is to be written next: append here */
    const char *path;
    char part[4096]; /* name until it is whole; empty for what is no plain file */
    bool closed;     /* the reader has gone away: what is written is dropped */
};

/* Opens `path` ("-": standard output), which must outlive the sink. PL_E_USAGE, PL_E_IO. */
int pl_sink_open(struct pl_sink *s, const char *path, struct pl_err *err);
/* Writes when much has gathered. PL_E_IO. */
int pl_sink_step(struct pl_sink *s, struct pl_err *err);
/* Writes the rest and gives the file its name. PL_E_IO. */
int pl_sink_end(struct pl_sink *s, struct pl_err *err);
/* Frees; a file that was not ended is removed. Accepts a zeroed one. */
void pl_sink_release(struct pl_sink *s);

#endif
