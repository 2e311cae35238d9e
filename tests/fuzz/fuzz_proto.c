/* Fuzz target: messages of a worker to the parent. The first byte chooses the message; what can be
 * read is written again and must then read the same. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "scan/proto.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

/* Writes into `out` what `r` holds as message `type`; false when it is refused. */
static bool pass(unsigned type, struct pl_rd *r, struct pl_arena *a, struct pl_buf *out)
{
    struct pl_job_params job;
    struct pl_hit hit;
    struct pl_note note;
    struct pl_doc doc;
    struct pl_member_msg member;
    struct pl_done done;
    switch (type) {
    case 0:
        return pl_get_job(r, a, &job) && (pl_put_job(out, &job), true);
    case 1:
        return pl_get_hit(r, a, &hit) && (pl_put_hit(out, &hit), true);
    case 2:
        return pl_get_note(r, a, &note) && (pl_put_note(out, &note), true);
    case 3:
        return pl_get_doc(r, a, &doc) && (pl_put_doc(out, &doc), true);
    case 4:
        return pl_get_member(r, a, &member) && (pl_put_member(out, &member), true);
    default:
        return pl_get_done(r, &done) && (pl_put_done(out, &done), true);
    }
}

/* A row of entries: each is coded against the one before. */
static int entries(const uint8_t *p, size_t n)
{
    struct pl_rd r = { .p = p, .end = p + n };
    struct pl_entry_coder in = { 0 };
    struct pl_entry e;
    size_t total = 0;
    bool good = true;
    while (good && r.p < r.end && total < 1u << 20) {
        good = pl_get_entry(&r, &in, &e);
        if (good)
            total += e.path.n + e.link.n;
    }
    pl_buf_release(&in.last);
    return good ? 0 : -1;
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    if (n == 0)
        return -1;
    if (p[0] == 6)
        return entries(p + 1, n - 1);
    struct pl_arena a = { 0 };
    struct pl_buf once = { 0 }, twice = { 0 };
    struct pl_rd r = { .p = p + 1, .end = p + n };
    bool good = p[0] < 6 && pass(p[0], &r, &a, &once);
    if (good) {
        const uint8_t *q = (const uint8_t *)once.p;
        struct pl_rd again = { .p = q, .end = q + once.n };
        if (!pass(p[0], &again, &a, &twice) || again.p != again.end ||
            !pl_str_eq(pl_buf_str(&once), pl_buf_str(&twice)))
            abort();
    }
    pl_buf_release(&once);
    pl_buf_release(&twice);
    pl_arena_release(&a);
    return good ? 0 : -1;
}
