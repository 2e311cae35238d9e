/* Child side of the line to the parent. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "scan/channel.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/cleanup.h"

#define FLUSH_AT (48u << 10)

static bool read_full(int fd, void *buf, size_t n)
{
    uint8_t *p = buf;
    while (n) {
        ssize_t r = read(fd, p, n);
        if (r < 0 && errno == EINTR)
            continue;
        if (r <= 0)
            return false;
        p += r;
        n -= (size_t)r;
    }
    return true;
}

int pl_chan_cmd(struct pl_chan *c, struct pl_cmd *ret)
{
    if (c->n_held) {
        *ret = c->held[0];
        memmove(c->held, c->held + 1, --c->n_held * sizeof *c->held);
        return 1;
    }
    pl_chan_flush(c);
    return read_full(c->in, ret, sizeof *ret);
}

static void say_large(struct pl_chan *c, uint8_t want)
{
    size_t mark;
    struct pl_buf *b = pl_chan_begin(c, PL_MSG_LARGE, &mark);
    pl_put_u8(b, want);
    pl_chan_end(c, mark);
}

bool pl_chan_large(struct pl_chan *c)
{
    struct pl_cmd cmd;
    say_large(c, 1);
    pl_chan_flush(c);
    while (read_full(c->in, &cmd, sizeof cmd)) {
        if (cmd.type == PL_CMD_LARGE)
            return true;
        if (c->n_held == PL_COUNT(c->held))
            pl_bug("more commands than slots");
        c->held[c->n_held++] = cmd;
    }
    return false;
}

void pl_chan_large_end(struct pl_chan *c)
{
    say_large(c, 0);
    pl_chan_flush(c);
}

int pl_chan_payload(struct pl_chan *c, size_t n, struct pl_buf *b, struct pl_err *err)
{
    pl_buf_clear(b);
    void *p = pl_buf_room(b, n + 1, err);
    if (!p)
        return err->code;
    if (!read_full(c->in, p, n))
        return pl_fail(err, PL_E_IO, "parent is gone");
    b->n = n;
    return 0;
}

struct pl_buf *pl_chan_begin(struct pl_chan *c, enum pl_msg_type type, size_t *ret_mark)
{
    if (c->pending.n > FLUSH_AT)
        pl_chan_flush(c);
    *ret_mark = c->pending.n;
    pl_put_u32(&c->pending, 0);
    pl_put_u8(&c->pending, (uint8_t)type);
    return &c->pending;
}

void pl_chan_end(struct pl_chan *c, size_t mark)
{
    size_t n = c->pending.n - mark - 5;
    for (unsigned i = 0; i < 4; i++)
        c->pending.p[mark + i] = (char)(n >> 8 * i);
}

void pl_chan_flush(struct pl_chan *c)
{
    size_t at = 0;
    while (at < c->pending.n) {
        ssize_t w = write(c->out, c->pending.p + at, c->pending.n - at);
        if (w < 0 && errno == EINTR)
            continue;
        if (w <= 0)
            _exit(1); /* nobody listens any more */
        at += (size_t)w;
    }
    pl_buf_clear(&c->pending);
}

static void credit(struct pl_feed_view *f)
{
    if (f->slot < 0)
        return;
    size_t mark;
    struct pl_buf *b = pl_chan_begin(f->chan, PL_MSG_CREDIT, &mark);
    pl_put_u8(b, (uint8_t)f->slot);
    pl_chan_end(f->chan, mark);
    f->slot = -1;
}

/* Takes the next DATA or END; false at the end. The slot's bytes come back in *ret. */
static bool next_slot(struct pl_feed_view *f, struct pl_str *ret)
{
    struct pl_cmd cmd;
    if (f->ended)
        return false;
    if (!pl_chan_cmd(f->chan, &cmd)) {
        f->ended = f->broken = true;
        return false;
    }
    if (cmd.type == PL_CMD_END) {
        f->ended = true;
        f->broken = cmd.a != 0 || cmd.b != f->got; /* a DATA may have been lost on the way */
        return false;
    }
    if (cmd.type != PL_CMD_DATA || cmd.a >= PL_RING_SLOTS || cmd.b > PL_RING_SLOT)
        pl_bug("unexpected command %u", cmd.type);
    f->slot = (int)cmd.a;
    f->got += cmd.b;
    *ret = pl_str_n(f->chan->ring + (size_t)cmd.a * PL_RING_SLOT, (size_t)cmd.b);
    return true;
}

static int feed_fill(struct pl_view *v, size_t want, struct pl_err *err)
{
    struct pl_feed_view *f = (struct pl_feed_view *)v;
    struct pl_str s;
    if (v->n == 0 && want <= PL_RING_SLOT / 2) { /* the common case: show the slot in place */
        credit(f);
        f->on_side = false;
        if (next_slot(f, &s)) {
            v->p = (const uint8_t *)s.p;
            v->n = s.n;
            if (s.n >= want)
                return 0;
        }
    }
    while (v->n < want && !f->ended) { /* a stretch over several slots */
        size_t at = 0;
        if (!f->on_side) {
            pl_buf_clear(&f->side);
            int r = pl_buf_add(&f->side, v->p, v->n, err);
            if (r < 0)
                return r;
            f->on_side = true;
        } else {
            at = (size_t)((const char *)v->p - f->side.p);
            memmove(f->side.p, f->side.p + at, v->n);
            f->side.n = v->n;
        }
        credit(f);
        if (next_slot(f, &s)) {
            int r = pl_buf_add(&f->side, s.p, s.n, err);
            if (r < 0)
                return r;
            credit(f);
        }
        v->p = (const uint8_t *)f->side.p;
        v->n = f->side.n;
    }
    if (f->ended && f->broken)
        return pl_fail(err, PL_E_IO, "input ended early at offset %llu",
                       (unsigned long long)(v->off + v->n));
    v->eof = f->ended;
    return 0;
}

void pl_feed_view_init(struct pl_feed_view *f, struct pl_chan *chan)
{
    *f = (struct pl_feed_view){ .v = { .fill = feed_fill }, .chan = chan, .slot = -1 };
    f->side.max = PL_VIEW_MAX + 2 * PL_RING_SLOT;
}

void pl_feed_view_drain(struct pl_feed_view *f)
{
    struct pl_str s;
    do
        credit(f);
    while (next_slot(f, &s));
    f->v.n = 0;
}

void pl_feed_view_release(struct pl_feed_view *f)
{
    pl_buf_release(&f->side);
}
