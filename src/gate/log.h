/* The decision log: JSON lines, appended only, each with the hash of the one before.
 * formats/gates.md section 4. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_GATE_LOG_H
#define PL_GATE_LOG_H

#include "gate/gate.h"

struct pl_gate_log; /* thread-safe */

struct pl_gate_log_opts {
    const char *path;       /* made (mode 0600) when missing; a whole last line is continued */
    bool no_sync;           /* do not wait for the disk; a killed process loses nothing even so */
    const char *checkpoint; /* private key by reference, or NULL: heads are not signed */
    uint32_t every;         /* decisions between two signed heads; 0 = 1000 */
};

/* Opens and locks it: a second writer is refused. A torn last line (power cut) is moved aside into
 * PATH.torn and reported in *ret_note (may be NULL; in the log's memory, NULL: none). Heap.
 * PL_E_USAGE: it cannot be written, or is no such log. */
int pl_gate_log_open(const struct pl_gate_log_opts *o, struct pl_gate_log **ret,
                     const char **ret_note, struct pl_err *err);
/* Writes one decision; when it returns 0 the line is in the file (and on the disk unless no_sync).
 * Any failure: the caller must refuse. */
int pl_gate_log_add(struct pl_gate_log *l, const struct pl_gate *g, const struct pl_gate_ask *ask,
                    const struct pl_gate_answer *x, struct pl_err *err);
/* Signs the head if wanted, closes; accepts NULL. */
void pl_gate_log_close(struct pl_gate_log *l);

#endif
