/* Report writers: one descriptor and one file per format, one line in writer.list. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_REPORT_WRITER_H
#define PL_REPORT_WRITER_H

#include "base/buf.h"
#include "model/report.h"

struct pl_report_opts {
    bool colour;             /* terminal colours */
    bool terminal;           /* most severe last; else first */
    bool quiet;              /* no notes but INCOMPLETE */
    unsigned width;          /* columns of the terminal, 0 = not known */
    enum pl_severity fail_on; /* findings below it do not fail */
    bool fail_none;          /* --fail-on none */
    struct pl_str dockerfile; /* SARIF: path given with --dockerfile, or empty */
};

struct pl_writer {
    const char *id;     /* the name after -f */
    const char *suffix; /* ".json": for help texts */
    /* Appends the whole document to `out`. */
    int (*write)(const struct pl_report *r, const struct pl_report_opts *o, struct pl_buf *out,
                 struct pl_err *err);
};

/* The writer called `id`, or NULL. */
const struct pl_writer *pl_writer_find(struct pl_str id);
/* All writers, NULL at the end, in the order of writer.list. */
extern const struct pl_writer *const pl_writers[];

#endif
