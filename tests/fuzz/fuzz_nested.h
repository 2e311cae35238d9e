/* What the fuzz targets of nested readers share: read one container, consume every member. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FUZZ_NESTED_H
#define FUZZ_NESTED_H

#include "io/nested.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

struct fuzz_nest {
    unsigned notes;
    uint64_t bytes;
};

static inline int fuzz_member(void *arg, struct pl_member *m)
{
    struct fuzz_nest *f = arg;
    while (m->body) {
        int r = pl_view_ahead(m->body, 4096, NULL);
        f->bytes += m->body->n;
        if (r < 0 || m->body->n == 0)
            break;
        pl_view_consume(m->body, m->body->n);
    }
    return 0;
}

static inline void fuzz_note(void *arg, const char *code, struct pl_str name, const char *message)
{
    struct fuzz_nest *f = arg;
    f->notes++;
    f->bytes += strlen(code) + name.n + strlen(message);
}

/* -1 when the container was not read to its end. */
static inline int fuzz_read(const struct pl_nested *k, const uint8_t *p, size_t n, size_t whole)
{
    struct fuzz_nest f = { 0 };
    struct pl_limits l;
    pl_limits_init(&l);
    l.nested_out = PL_MIB(4);
    l.nested_members = 2000;
    uint64_t total = 0;
    struct pl_nested_opts o = {
        .limits = &l, .path = PL_S("dir/file.jar"), .whole_max = whole, .total = &total
    };
    struct pl_nested_sink sink = { fuzz_member, fuzz_note, &f };
    struct pl_view v;
    pl_view_mem_init(&v, p, n);
    pl_nested_init();
    int r = k->read(&v, &o, &sink, NULL);
    return r < 0 || f.notes ? -1 : 0;
}

#endif
