/* Closed child processes of the gitleaks personality: archives and patch texts are taken apart in
 * one, which sees two descriptors and nothing else. hazards.md section 4. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_COMPAT_GL_CHILD_H
#define PL_COMPAT_GL_CHILD_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"

/* In the child, before the first foreign byte: nothing but `in` and `out` stays open, at most
 * `address_space` bytes of memory (0 = no bound). PLIMSOLL_SANDBOX says how strictly. */
int pl_gl_child_close(int in, int out, uint64_t address_space, struct pl_err *err);
/* Writes all of it; ends the process when nobody listens any more. */
void pl_gl_child_put(int out, const void *p, size_t n);
/* Reads exactly `n` bytes; false when the other side ended before. */
bool pl_gl_child_get(int in, void *to, size_t n);
/* Waits for the end of the child (> 0; else nothing is done). */
void pl_gl_child_wait(pid_t child);

#endif
