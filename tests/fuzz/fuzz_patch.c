/* Text of `git log -p`: read whole and in pieces it must say the same. An input that begins with a
 * NUL byte is what a child says of such a text: letter, two bytes of length, bytes. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "drip.h"

#include "base/cleanup.h"
#include "compat/gl_patch.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static uint64_t mix(uint64_t sum, struct pl_str s)
{
    sum = (sum ^ s.n) * 0x100000001b3u;
    for (size_t i = 0; i < s.n; i++)
        sum = (sum ^ (unsigned char)s.p[i]) * 0x100000001b3u;
    return sum;
}

static int on_commit(void *arg, const struct pl_patch_commit *c)
{
    uint64_t *sum = arg;
    *sum = mix(mix(mix(mix(*sum, c->id), c->author), c->email), c->message) + (uint64_t)c->time;
    return 0;
}

static int on_part(void *arg, const struct pl_patch_part *p)
{
    uint64_t *sum = arg;
    *sum = mix(mix(*sum, p->path), p->text) + p->line;
    return 0;
}

static int read_in(struct pl_view *v, size_t part_max, uint64_t *ret)
{
    struct pl_err err = { 0 };
    struct pl_patch_sink sink = { on_commit, on_part, ret, part_max };
    int r = pl_patch_read(v, &sink, &err);
    if (r < 0 && !err.msg[0])
        abort();
    return r;
}

static int messages(const uint8_t *p, size_t n)
{
    struct pl_gl_patch_state s = { 0 };
    struct pl_err err = { 0 };
    uint64_t sum = 0;
    int r = 0;
    while (r == 0 && n >= 3) {
        size_t len = (size_t)p[1] << 8 | p[2];
        len = len < n - 3 ? len : n - 3;
        r = pl_gl_patch_message(&s, (char)p[0], pl_str_n(p + 3, len), on_part, &sum, &err);
        on_commit(&sum, &s.commit);
        p += 3 + len;
        n -= 3 + len;
    }
    pl_buf_release(&s.text);
    return r < 0 ? -1 : 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    if (n && p[0] == 0)
        return messages(p + 1, n - 1);
    struct pl_view whole;
    uint64_t a = 0, b = 0, pieces = 0;
    pl_view_mem_init(&whole, p, n);
    int r = read_in(&whole, 0, &a);
    struct drip d = { .v = { .fill = drip_fill }, .all = p, .n = n, .step = 1 + n % 7 };
    int again = read_in(&d.v, 0, &b);
    free(d.held);
    if (r != again || a != b)
        abort();
    pl_view_mem_init(&whole, p, n);
    read_in(&whole, 16, &pieces);
    return r < 0 ? -1 : 0;
}
