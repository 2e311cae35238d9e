/* Closes a child process before it parses foreign bytes: Landlock, seccomp, resource limits.
 * hazards.md section 4. Linux; elsewhere everything is "missing". */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_SANDBOX_SANDBOX_H
#define PL_SANDBOX_SANDBOX_H

#include "base/err.h"
#include "base/str.h"

enum pl_sandbox_mode { PL_SANDBOX_AUTO, PL_SANDBOX_REQUIRE, PL_SANDBOX_OFF };

/* The mode of `word`, an option's value; NULL: that of $PLIMSOLL_SANDBOX, else auto. PL_E_USAGE
 * when it is another word. */
int pl_sandbox_mode_of(const char *word, enum pl_sandbox_mode *ret, struct pl_err *err);

struct pl_sandbox_opts {
    enum pl_sandbox_mode mode;
    uint64_t address_space; /* RLIMIT_AS in bytes, 0 = leave */
    uint64_t cpu_seconds;   /* RLIMIT_CPU, 0 = leave */
    const int *keep_fds;    /* descriptors that stay open, ascending; all others are closed */
    size_t n_keep;
    const char *const
        *roots; /* folders that may be read, all below them included; none = no path */
    size_t n_roots;
};

/* In the parent, before anything is read: what this kernel lacks, as text in buf ("landlock",
 * "seccomp", "landlock, seccomp" or ""). Returns the number of things missing. */
int pl_sandbox_probe(char *buf, size_t n);

/* In the child, before the first byte of input. Closes descriptors, empties the environment, sets
 * no_new_privs, not dumpable, rlimits, Landlock without any path but `roots` (read-only), seccomp
 * with a short list that kills the process for anything else (with `roots`: also what reading files
 * takes). Mode OFF only closes descriptors. With AUTO what the kernel
 * lacks is left out; with REQUIRE that is PL_E_UNSUP. The child must be single-threaded. */
int pl_sandbox_enter(const struct pl_sandbox_opts *o, struct pl_err *err);

#endif
