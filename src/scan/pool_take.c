/* Parent: the messages of a worker become its record. Every one is doubted: the child may have been
 * taken over. scan/proto.h has their forms. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "scan/pool_int.h"

/* Keeps the message itself. */
static void keep(struct pl_record *r, uint8_t type, struct pl_str payload)
{
    r->keeps = r->kept.n + payload.n < PL_RECORD_KEPT;
    if (!r->keeps) {
        pl_buf_release(&r->kept);
        return;
    }
    pl_put_u8(&r->kept, type);
    pl_put_str(&r->kept, payload);
}

static bool on_large(struct pl_pool *p, struct pl_proc *w, struct pl_rd *rd)
{
    bool wants = pl_get_u8(rd) != 0;
    if (rd->bad || wants == (p->large == w || w->wants_large))
        return false;
    w->wants_large = wants;
    if (!wants)
        p->large = NULL;
    return true;
}

/* One message of a worker. 1: the task is done; 0: go on; -1: nonsense. */
static int on_message(struct pl_pool *p, struct pl_proc *w, uint8_t type, struct pl_str payload)
{
    struct pl_rd rd = { (const uint8_t *)payload.p, (const uint8_t *)payload.p + payload.n, false };
    struct pl_record *r = w->rec;
    struct pl_task *t = w->task;
    struct pl_member_msg m;
    uint8_t slot;
    if (!t)
        return -1;
    switch (type) {
    case PL_MSG_CREDIT:
        slot = pl_get_u8(&rd);
        if (rd.bad || slot >= PL_RING_SLOTS || !w->used[slot])
            return -1;
        w->used[slot] = false;
        return 0;
    case PL_MSG_READ:
        w->ask_off = pl_get_u64(&rd);
        w->ask_n = pl_get_u32(&rd);
        w->asked = true;
        return rd.bad || !t->serve ? -1 : 0;
    case PL_MSG_MEMBER:
        if (!t->member || !pl_get_member(&rd, &r->a, &m))
            return -1;
        t->member(t, &m);
        return 0;
    case PL_MSG_BYTES:
        if (!t->bytes)
            return -1;
        t->bytes(t, payload.p, payload.n);
        return 0;
    case PL_MSG_GIT:
        return t->git && t->git(t, payload) ? 0 : -1;
    case PL_MSG_LARGE:
        return on_large(p, w, &rd) ? 0 : -1;
    default: {
        int got = pl_record_take(r, type, payload);
        if (got >= 0 && t->keep && (r->keeps || !r->kept.n))
            keep(r, type, payload);
        return got;
    }
    }
}

/* Takes every whole message out of the input buffer. */
static void take_messages(struct pl_pool *p, struct pl_proc *w)
{
    size_t at = 0;
    int r = 0;
    while (r == 0 && w->in.n - at >= 5) {
        const uint8_t *h = (const uint8_t *)w->in.p + at;
        size_t n = h[0] | (size_t)h[1] << 8 | (size_t)h[2] << 16 | (size_t)h[3] << 24;
        if (n > PL_MSG_MAX) {
            r = -1;
            break;
        }
        if (w->in.n - at < 5 + n)
            break;
        r = on_message(p, w, h[4], pl_str_n(h + 5, n));
        at += 5 + n;
    }
    memmove(w->in.p, w->in.p + at, w->in.n - at);
    w->in.n -= at;
    w->cpu_seen = pl_proc_cpu(w);
    if (r < 0)
        pl_pool_lost(p, w, "worker sent nonsense");
    else if (r > 0)
        pl_pool_finish(p, w);
}

void pl_pool_take(struct pl_pool *p, struct pl_proc *w)
{
    w->in.max = (size_t)PL_MSG_MAX * 2;
    void *at = pl_buf_room(&w->in, 64u << 10, NULL);
    if (!at)
        pl_oom();
    ssize_t n = read(w->from, at, 64u << 10);
    if (n < 0 && errno == EINTR)
        return;
    if (n <= 0) {
        pl_pool_lost(p, w, NULL);
        return;
    }
    w->in.n += (size_t)n;
    take_messages(p, w);
}
