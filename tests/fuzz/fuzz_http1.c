/* Answers of a local service: head and body, whatever the pieces they arrive in. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "io/http1.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

struct stream {
    const uint8_t *p;
    size_t n, at, step;
};

static int fill(void *arg, void *buf, size_t n, size_t *ret_got, struct pl_err *err)
{
    struct stream *s = arg;
    size_t got = s->n - s->at;
    (void)err;
    if (n == 0)
        abort();
    if (got > s->step)
        got = s->step;
    if (got > n)
        got = n;
    memcpy(buf, s->p + s->at, got);
    s->at += got;
    *ret_got = got;
    return 0;
}

struct outcome {
    int result;
    unsigned status;
    uint64_t bytes, sum;
};

static struct outcome run(const uint8_t *p, size_t n, size_t step, size_t want)
{
    struct stream s = { p, n, 0, step };
    struct outcome o = { 0 };
    struct pl_err err = { 0 };
    struct pl_http1 h;
    uint8_t buf[512];
    size_t got = 1;
    pl_http1_init(&h, fill, &s);
    o.result = pl_http1_head(&h, &err);
    o.status = h.status;
    while (o.result == 0 && got) {
        o.result = pl_http1_read(&h, buf, want, &got, &err);
        for (size_t i = 0; o.result == 0 && i < got; i++)
            o.sum = o.sum * 31 + buf[i];
        o.bytes += o.result == 0 ? got : 0;
        if (got > want || o.bytes > n)
            abort();
    }
    if (o.result < 0 && (err.code == 0 || err.msg[0] == 0))
        abort();
    if (o.result < 0 && pl_http1_read(&h, buf, 1, &got, &err) >= 0)
        abort();
    return o;
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    struct outcome a = run(p, n, n + 1, 512), b = run(p, n, 1, 7);
    if (a.result != b.result || a.bytes != b.bytes || a.sum != b.sum || a.status != b.status)
        abort();
    return a.result == 0 ? 0 : -1;
}
