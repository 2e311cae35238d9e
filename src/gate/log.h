/* The decision log: JSON lines, appended only, each with the hash of the one before.
 * formats/gates.md section 4. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_GATE_LOG_H
#define PL_GATE_LOG_H

#include "gate/gate.h"
#include "sign/key.h"

struct pl_gate_log; /* thread-safe */

struct pl_gate_log_opts {
    const char *path;       /* made (mode 0600) when missing; a whole last line is continued */
    bool no_sync;           /* do not wait for the disk; a killed process loses nothing even so */
    const char *checkpoint; /* private key by reference, or NULL: heads are not signed */
    uint32_t every;         /* decisions between two signed heads; 0 = 1000 */
    uint32_t wait_ms;       /* so long for another writer to end; 0: refused at once */
};

/* Opens and locks it: a second writer waits `wait_ms`, then is refused. A torn last line (power
 * cut) is moved aside into PATH.torn and reported in *ret_note (may be NULL; in the log's memory,
 * NULL: none). Heap. PL_E_USAGE: it cannot be written, or is no such log. */
int pl_gate_log_open(const struct pl_gate_log_opts *o, struct pl_gate_log **ret,
                     const char **ret_note, struct pl_err *err);
/* Writes one decision; when it returns 0 the line is in the file (and on the disk unless no_sync).
 * Any failure: the caller must refuse. */
int pl_gate_log_add(struct pl_gate_log *l, const struct pl_gate *g, const struct pl_gate_ask *ask,
                    const struct pl_gate_answer *x, struct pl_err *err);
/* The same without waiting: `fn` gets its turn, once, on a thread of the log, when the line is in
 * the file as pl_gate_log_add has it, or cannot be (`why` is not NULL then: the caller must
 * refuse). Not 0: the decision was not taken, `fn` is not called. */
typedef void pl_gate_log_fn(void *arg, const struct pl_err *why);
int pl_gate_log_post(struct pl_gate_log *l, const struct pl_gate *g, const struct pl_gate_ask *ask,
                     const struct pl_gate_answer *x, pl_gate_log_fn *fn, void *arg,
                     struct pl_err *err);

/* How many lines are in the file for sure. */
uint64_t pl_gate_log_lines(struct pl_gate_log *l);

/* ---- reading ---- */

struct pl_gate_log_row {
    uint64_t number, at; /* of the file's line, from 1; its own number */
    struct pl_str text;  /* the whole line */
    struct pl_str hash;  /* its own, 64 digits */
    bool head;           /* a signed head, no decision */
};
struct pl_gate_log_sum {
    uint64_t lines, decisions, heads; /* heads: signed ones, that hold under the key given */
    uint64_t unsigned_tail;           /* lines behind the last of them */
    char head[65];                    /* hash of the last line */
};
/* Walks the file and checks each link: numbers, predecessors, hashes, and, with `key`, signed
 * heads. `fn` (may be NULL) gets each row as it is found good; non-zero of it stops and is
 * returned. PL_E_SIG: a broken link, named by its line; PL_E_IO: cannot be read. */
int pl_gate_log_walk(const char *path, const struct pl_pubkey *key,
                     int (*fn)(void *arg, const struct pl_gate_log_row *row, struct pl_err *err),
                     void *arg, struct pl_gate_log_sum *ret, struct pl_err *err);

/* ---- end ---- */

/* Writes what is queued, signs the head if wanted, closes; accepts NULL. */
void pl_gate_log_close(struct pl_gate_log *l);

#endif
