/* Threads for work that may wait for a network: as many as there is work, up to a maximum, and a
 * queue with an end. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_SERVE_WORK_H
#define PL_SERVE_WORK_H

#include <stdbool.h>
#include <stddef.h>

struct pl_work;

/* At most `max_threads` threads, made when needed, and `max_queue` things that wait. Heap. */
struct pl_work *pl_work_new(unsigned max_threads, size_t max_queue);
/* Runs fn(arg) on some thread, in order of arrival. False: the queue is full, or no thread can be
 * made. */
bool pl_work_add(struct pl_work *p, void (*fn)(void *arg), void *arg);
/* What waits, and how many threads there are. */
size_t pl_work_waiting(struct pl_work *p);
unsigned pl_work_threads(struct pl_work *p);
/* Waits until all that was added is done, ends the threads. Accepts NULL. */
void pl_work_free(struct pl_work *p);

#endif
