/* Report writers: one descriptor and one file per format, one line in writer.list. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_REPORT_WRITER_H
#define PL_REPORT_WRITER_H

#include "base/buf.h"
#include "model/report.h"

struct pl_report_opts {
    bool colour;                   /* terminal colours */
    bool terminal;                 /* most severe last; else first */
    bool quiet;                    /* no notes but INCOMPLETE */
    unsigned width;                /* columns of the terminal, 0 = not known */
    enum pl_severity fail_on;      /* findings below it do not fail */
    bool fail_none;                /* --fail-on none */
    struct pl_str dockerfile;      /* SARIF: path given with --dockerfile, or empty */
    struct pl_str dockerfile_text; /* what that file holds; SARIF finds the instruction in it */
    struct pl_str gitlab_schema;   /* --gitlab-schema, or empty for the pinned one */
    bool has_scrub;                /* the verb scrub exists: blocks name its command */
    struct pl_buf *aside; /* lines for stderr (what a format had to leave out, one per line, "note:
                             " first); NULL = not wanted */
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

/* Lines for stderr: the notes that do not make a result incomplete, one per line, each beginning
 * with "note: ". All text from targets is escaped. */
void pl_report_notes(const struct pl_report *r, struct pl_buf *out);
/* The lines "INCOMPLETE: where: message", one for each thing that was not read (at most `max` for a
 * target, then a line with the count of the others); the last ends in "; exit N". Nothing when the
 * result is complete. The table has them; for stderr when no table is printed. */
void pl_report_incomplete(const struct pl_report *r, const struct pl_report_opts *o, size_t max,
                          struct pl_buf *out);
/* One line for each finding, the worst first, in the form that GitHub's runner shows beside the
 * code (::error file=…,line=…::message), and one for each target that was not read whole. Values
 * are escaped. */
void pl_report_annotations(const struct pl_report *r, const struct pl_report_opts *o,
                           struct pl_buf *out);
/* Does a finding of the report fail the run: severity at or above fail_on, not below a baseline? */
bool pl_report_fails(const struct pl_report *r, const struct pl_report_opts *o);

#endif
