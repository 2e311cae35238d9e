/* The line between the parent and one worker process: a pipe of commands down, a pipe of records
 * up, and a ring of shared memory that only the parent can write. Low level: must not learn about
 * images. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_SCAN_CHANNEL_H
#define PL_SCAN_CHANNEL_H

#include "base/buf.h"
#include "io/view.h"
#include "scan/proto.h"

#define PL_RING_SLOTS 6u
#define PL_RING_SLOT (128u << 10)

/* ---- child side ---- */

struct pl_chan {
    int in, out;
    const uint8_t *ring;
    struct pl_buf pending; /* records not yet written */
    uint64_t peak;
    /* commands that came while the worker waited for something else: all slots, and the end */
    struct pl_cmd held[PL_RING_SLOTS + 1];
    unsigned n_held;
};

/* Blocks for the next command; 0 = the parent has gone or said nothing more, 1 = got one. */
int pl_chan_cmd(struct pl_chan *c, struct pl_cmd *ret);
/* Reads the payload of a JOB command into `b` (cleared first). PL_E_IO when the parent is gone. */
int pl_chan_payload(struct pl_chan *c, size_t n, struct pl_buf *b, struct pl_err *err);
/* Starts a record: returns the buffer to append the payload to; end it with pl_chan_end. */
struct pl_buf *pl_chan_begin(struct pl_chan *c, enum pl_msg_type type, size_t *ret_mark);
void pl_chan_end(struct pl_chan *c, size_t mark);
/* Waits until this worker has the large slot, which is one for all workers: the memory for what
 * must be held whole. False: the parent has gone. */
bool pl_chan_large(struct pl_chan *c);
/* Gives the large slot back. */
void pl_chan_large_end(struct pl_chan *c);
/* Writes what is pending. A parent that has gone ends the child. */
void pl_chan_flush(struct pl_chan *c);

/* The data of the current job as a view: slots are shown in place, credits go back when a slot is
 * used up. After the job, pl_feed_view_drain() takes what is left. */
struct pl_feed_view {
    struct pl_view v;
    struct pl_chan *chan;
    int slot;           /* shown now, or -1 */
    uint64_t got;       /* bytes of all slots so far */
    bool ended, broken; /* END seen; the source broke */
    struct pl_buf side; /* a stretch over several slots */
    bool on_side;
};
void pl_feed_view_init(struct pl_feed_view *f, struct pl_chan *chan);
void pl_feed_view_drain(struct pl_feed_view *f);
void pl_feed_view_release(struct pl_feed_view *f);

#endif
