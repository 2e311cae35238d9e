/* What the files of the git jobs share in the child. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_SCAN_GITJOB_INT_H
#define PL_SCAN_GITJOB_INT_H

#include "scan/gitjob.h"
#include "scan/worker.h"
#include "source/git.h"

/* What a worker keeps between jobs of the same repository. */
struct pl_git_job {
    struct pl_git *g;
    enum pl_git_op last; /* whose state `g` holds */
    bool listed;         /* the commits of the range are listed */
    int64_t commits;     /* how many */
    uint32_t notes;      /* in this job */
};

/* Begins an answer; end it with pl_chan_end. */
struct pl_buf *pl_git_answer(struct pl_worker *w, enum pl_git_answer what, size_t *ret_mark);
/* A pl_git_note_fn; `arg` is the worker. */
void pl_git_say_note(void *arg, bool incomplete, const char *code, struct pl_str where,
                     const char *message);
/* The STAGED job. */
int pl_git_job_staged(struct pl_worker *w, struct pl_rd *rd, struct pl_err *err);

#endif
