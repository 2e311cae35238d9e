/* Inside the decision log: one line, its hash, its signature. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_GATE_LOG_INT_H
#define PL_GATE_LOG_INT_H

#include <pthread.h>
#include <sys/types.h>

#include "gate/canon.h"
#include "gate/log.h"

#define PL_LOG_LINE_MAX (16u << 20)
#define PL_LOG_ZEROS "0000000000000000000000000000000000000000000000000000000000000000"

struct pl_log_ticket;

/* Lines are queued, chained to each other; whoever has the turn writes all that are there and waits
 * for the disk once. */
struct pl_gate_log {
    pthread_mutex_t lock; /* of everything but what the turn owns: fd, size */
    pthread_cond_t due, done;
    int fd;
    bool sync, broken, turn, closing, has_thread;
    pthread_t thread;
    uint64_t n; /* of the last line that is queued */
    char prev[65];
    uint64_t whole_n; /* of the last one in the file; a turn that fails goes back to it */
    char whole_prev[65];
    struct pl_buf queue;                 /* lines that nobody has taken yet, … */
    struct pl_log_ticket *first, **last; /* and who waits for them */
    uint64_t since;                      /* decisions since the last signed head */
    uint32_t every;
    off_t size;
    struct pl_privkey *key;
    char note[200];
};

/* The hash of a line: over `prev` (64 hex digits) and the line without its hash, canonical. */
void pl_log_hash(struct pl_str prev, struct pl_str canonical, char out[65]);
/* Appends the whole line with "hash" in its place, and a line feed; `m` has no "hash". Also the
 * hash, to `out`. `m` has room for one more. */
void pl_log_line(struct pl_canon_member *m, size_t n, struct pl_str prev, struct pl_arena *a,
                 struct pl_buf *b, char out[65]);
/* What a signature of the head covers: "plimsoll decision log\nN\nHASH\n", in `a`. */
struct pl_str pl_log_head_text(struct pl_arena *a, uint64_t n, struct pl_str hash);
/* A line as it stands in a file (without its line feed), checked: canonical, its hash right. Its
 * number, predecessor and hash (views in `a`). PL_E_FORMAT: what is wrong. *ret_root is the
 * caller's to free, also on failure when not NULL. */
struct pl_log_row {
    uint64_t n;
    struct pl_str prev, hash;
    struct pl_json *root;
};
int pl_log_row_read(struct pl_str line, struct pl_arena *a, struct pl_log_row *ret,
                    struct pl_err *err);
/* The decision as canonical members without n, prev, hash; in `a`. Returns how many. */
long pl_log_members(const struct pl_gate *g, const struct pl_gate_ask *ask,
                    const struct pl_gate_answer *x, struct pl_arena *a,
                    struct pl_canon_member **ret, struct pl_err *err);

#endif
