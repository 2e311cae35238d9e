/* Helper programs: one is run without a shell, gets its input whole and is ended when it takes too
 * long or prints too much. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_IO_PROGRAM_H
#define PL_IO_PROGRAM_H

#include "base/buf.h"
#include "base/err.h"

struct pl_program {
    char *const *argv;   /* the first is looked up in PATH; ends in NULL */
    char *const *env;    /* ends in NULL; NULL: ours */
    struct pl_str input; /* on its standard input */
    int seconds;         /* at most */
    bool quiet;          /* what it says on standard error is thrown away */
    const int *keep;     /* descriptors that it gets under their own numbers */
    size_t n_keep;
};

/* Runs it to its end; what it prints is added to `out`, whose `max` is heeded, and *ret_exit is its
 * exit status, or -1 when a signal ended it. PL_E_USAGE: it cannot be run, was too slow or printed
 * too much; PL_E_CANCEL: we were interrupted. It has ended in any case. */
int pl_program_run(const struct pl_program *p, struct pl_buf *out, int *ret_exit,
                   struct pl_err *err);

#endif
