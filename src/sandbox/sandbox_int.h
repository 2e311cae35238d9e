/* The two kernel doors of the sandbox, each in its own file. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_SANDBOX_SANDBOX_INT_H
#define PL_SANDBOX_SANDBOX_INT_H

#include <stdbool.h>

#include "base/err.h"

/* Landlock version of this kernel; 0 when it has none or it is switched off. */
int pl_landlock_version(void);
/* Denies everything that version `version` (> 0) can deny: no path but reading below `roots`, no
 * TCP, no signals and abstract sockets outside. Needs no_new_privs. PL_E_UNSUP. */
int pl_landlock_enter(int version, const char *const *roots, size_t n_roots, struct pl_err *err);

/* Can this kernel filter system calls and kill a process for a wrong one? */
bool pl_seccomp_available(void);
/* Loads the filter for the calling thread; `files`: files may be opened for reading. Needs
 * no_new_privs. PL_E_UNSUP. */
int pl_seccomp_enter(bool files, struct pl_err *err);

#endif
