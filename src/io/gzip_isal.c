/* Inflate by ISA-L igzip. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <isa-l/igzip_lib.h>
#include <stdlib.h>

#include "base/err.h"
#include "io/inflate.h"

/* igzip takes up to eight bytes ahead into a register; those that it did not use are behind next_in
 * at the end of a stream. So that many stay in the caller's memory. */
#define BACK ((size_t)16)
/* Its counters are 32 bits wide. */
#define MOST ((size_t)1 << 30)

struct pl_inflate {
    size_t held; /* bytes at the head of the next input that igzip has already */
    bool damaged;
    struct inflate_state s;
};

struct pl_inflate *pl_inflate_new(void)
{
    struct pl_inflate *z = calloc(1, sizeof *z);
    if (!z)
        pl_oom();
    isal_inflate_init(&z->s);
    pl_inflate_reset(z);
    return z;
}

void pl_inflate_reset(struct pl_inflate *z)
{
    isal_inflate_reset(&z->s);
    z->s.crc_flag = ISAL_GZIP_NO_HDR;
    z->held = 0;
    z->damaged = false;
}

/* At damage igzip may hold bytes that it decoded before and had no room for; the last of them, up
 * to one match, may be nonsense, since it counts a match before it looks at its distance. 0 as long
 * as more are left, then -1. */
static int drain(struct inflate_state *s, uint8_t *out, size_t room, size_t *ret_out)
{
    int32_t left = s->tmp_out_valid - s->tmp_out_processed;
    size_t n = left > 0 ? (size_t)left : 0;
    size_t now = n < room ? n : room;
    memcpy(out, s->tmp_out_buffer + s->tmp_out_processed, now);
    s->tmp_out_processed += (int32_t)now;
    *ret_out += now;
    return now < n ? 0 : -1;
}

int pl_inflate_run(struct pl_inflate *z, struct pl_str in, uint8_t *out, size_t room,
                   size_t *ret_in, size_t *ret_out)
{
    struct inflate_state *s = &z->s;
    *ret_in = *ret_out = 0;
    if (z->damaged)
        return drain(s, out, room, ret_out);
    size_t fresh = in.n - z->held;
    s->next_in = (uint8_t *)(uintptr_t)in.p + z->held;
    s->avail_in = (uint32_t)(fresh < MOST ? fresh : MOST);
    s->next_out = out;
    s->avail_out = (uint32_t)(room < MOST ? room : MOST);
    int r = isal_inflate(s);
    bool end = r == ISAL_DECOMP_OK && s->block_state == ISAL_BLOCK_FINISH;
    if (end) { /* before 2.31 igzip leaves them in its register */
        s->next_in -= s->read_in_length / 8;
        s->read_in_length = 0;
    }
    size_t seen = (size_t)(s->next_in - (uint8_t *)(uintptr_t)in.p);
    *ret_out = (size_t)(s->next_out - out);
    z->held = end ? 0 : seen < BACK ? seen : BACK;
    *ret_in = seen - z->held;
    z->damaged = r < 0;
    if (z->damaged)
        return drain(s, s->next_out, s->avail_out, ret_out);
    return end;
}

uint32_t pl_inflate_crc(const struct pl_inflate *z)
{
    return z->s.crc;
}

void pl_inflate_free(struct pl_inflate *z)
{
    free(z);
}
