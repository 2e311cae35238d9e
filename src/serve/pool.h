/* Threads for work that may wait for a network: as many as there is work, up to a maximum, and a
 * queue with an end. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_SERVE_POOL_H
#define PL_SERVE_POOL_H

#include <stdbool.h>
#include <stddef.h>

struct pl_pool;

/* At most `max_threads` threads, made when needed, and `max_queue` things that wait. Heap. */
struct pl_pool *pl_pool_new(unsigned max_threads, size_t max_queue);
/* Runs fn(arg) on some thread, in order of arrival. False: the queue is full, or no thread can be
 * made. */
bool pl_pool_add(struct pl_pool *p, void (*fn)(void *arg), void *arg);
/* What waits, and how many threads there are. */
size_t pl_pool_waiting(struct pl_pool *p);
unsigned pl_pool_threads(struct pl_pool *p);
/* Waits until all that was added is done, ends the threads. Accepts NULL. */
void pl_pool_free(struct pl_pool *p);

#endif
