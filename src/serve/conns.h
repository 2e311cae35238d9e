/* Connections of the server and what each is at: who is slow, or holds a place for nothing, loses
 * it. Times are monotonic nanoseconds; thread-safe. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_SERVE_CONNS_H
#define PL_SERVE_CONNS_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

enum pl_conn_phase {
    PL_CONN_IDLE,    /* between requests */
    PL_CONN_READING, /* handshake, head, body */
    PL_CONN_BUSY,    /* a decision is being made */
    PL_CONN_WRITING  /* the answer goes out */
};

struct pl_conn {
    struct pl_conn *prev, *next;
    int fd;
    int64_t since_ns;
    enum pl_conn_phase phase;
    bool served, shut;
    bool client_known, client_ok; /* of the I/O thread: its certificate */
    char *query;                  /* of the I/O thread: of its request, heap; or NULL */
};

struct pl_conns {
    pthread_mutex_t lock;
    struct pl_conn *first, *last; /* oldest first */
    unsigned n, soft_max;         /* from `soft_max` on, the oldest idle or reading one goes */
    int64_t read_ns, idle_ns, write_ns;
    uint64_t total, late, evicted;
};

/* An empty table with the usual times. */
void pl_conns_init(struct pl_conns *c, unsigned soft_max);
/* Forgets all; descriptors are not touched. */
void pl_conns_release(struct pl_conns *c);
/* A new connection, reading. Heap; owned by the table until pl_conns_drop. */
struct pl_conn *pl_conns_add(struct pl_conns *c, int fd);
/* The descriptor is about to be closed. Accepts NULL. */
void pl_conns_drop(struct pl_conns *c, struct pl_conn *x);
/* Enters a phase. Leaving PL_CONN_WRITING for PL_CONN_IDLE is a request served. */
void pl_conns_enter(struct pl_conns *c, struct pl_conn *x, enum pl_conn_phase phase);
/* Shuts down those that take too long. */
void pl_conns_reap(struct pl_conns *c);
/* How many there are, and how many came, were late, were evicted so far. */
struct pl_conns_stats {
    unsigned n;
    uint64_t total, late, evicted;
};
struct pl_conns_stats pl_conns_stats(struct pl_conns *c);

#endif
