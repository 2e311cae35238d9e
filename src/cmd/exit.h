/* Exit codes, one table. commands.md "Exit codes (native)". */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_CMD_EXIT_H
#define PL_CMD_EXIT_H

enum pl_exit {
    PL_EXIT_CLEAN = 0,
    PL_EXIT_FINDINGS = 1,   /* at or above --fail-on, or a gate that says no */
    PL_EXIT_USAGE = 2,      /* usage or configuration */
    PL_EXIT_INCOMPLETE = 3, /* something was not read to its end */
    PL_EXIT_NET = 4,        /* network, authentication, signature check */
    PL_EXIT_INTERRUPTED = 130,
};

#endif
