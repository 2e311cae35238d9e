/* Room for large answers, shared by clients in many threads: what comes from a few dozen registries
 * at once shall not all be held at once. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_IO_ROOM_H
#define PL_IO_ROOM_H

#include <stdbool.h>
#include <stddef.h>

#define PL_ROOM_FREE ((size_t)64 << 10) /* what every answer may hold without a place */

struct pl_room;

/* Heap; `places` answers at a time may be larger than PL_ROOM_FREE. */
struct pl_room *pl_room_new(unsigned places);
void pl_room_free(struct pl_room *r);
/* Waits at most `ms` milliseconds for a place; false: there was none. */
bool pl_room_enter(struct pl_room *r, unsigned ms);
void pl_room_leave(struct pl_room *r);

#endif
