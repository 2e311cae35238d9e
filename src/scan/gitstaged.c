/* Child: what is staged: the changed files of the index, their added lines scanned. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "scan/gitjob_int.h"

int pl_git_job_staged(struct pl_worker *w, struct pl_rd *rd, struct pl_err *err)
{
    (void)w;
    (void)rd;
    return pl_fail(err, PL_E_UNSUP, "no index here");
}
