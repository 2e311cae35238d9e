/* Fuzz target: the tar reader, PAX records and sparse maps included. Every body is read, every part
 * is touched, and two readings in pieces of different size must give the same. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "drip.h"
#include "io/tar.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

/* A sum over all that was seen. */
struct sum {
    uint64_t h;
    uint64_t bytes; /* of bodies */
};

static void add(struct sum *s, struct pl_str b)
{
    s->h = (s->h ^ pl_str_hash(b)) * 0x100000001b3u + b.n;
}

static void on_part(void *arg, enum pl_tar_part part, struct pl_str path, struct pl_str name,
                    struct pl_str bytes, uint64_t off)
{
    struct sum *s = arg;
    s->h += part + off;
    add(s, path);
    add(s, name);
    add(s, bytes);
}

static void on_note(void *arg, const char *code, struct pl_str path, const char *message)
{
    add(arg, pl_str_c(code));
    add(arg, path);
    add(arg, pl_str_c(message));
}

static void read_body(struct sum *s, struct pl_view *body)
{
    while (body && s->bytes < 1u << 24) {
        pl_view_ahead(body, 1, NULL);
        if (body->n == 0)
            break;
        for (size_t i = 0; i < body->n; i++)
            s->h = s->h * 31 + body->p[i];
        s->bytes += body->n;
        pl_view_consume(body, body->n);
    }
}

static int run(const uint8_t *p, size_t n, size_t step, struct sum *s)
{
    struct pl_limits l;
    pl_limits_init(&l);
    l.layer_out = 1 << 20;
    struct drip d = { .v = { .fill = drip_fill }, .all = p, .n = n, .step = step };
    struct pl_tar_opts o = { .limits = &l, .part = on_part, .note = on_note, .arg = s };
    struct pl_tar *t = pl_tar_new(&d.v, &o);
    struct pl_entry e;
    struct pl_err err;
    int rc;
    while ((rc = pl_tar_next(t, &e, &err)) > 0) {
        add(s, e.path);
        add(s, e.link);
        s->h += e.size + e.at + e.flags + e.kind + e.uid + (uint64_t)e.mtime_ns;
        read_body(s, e.body);
    }
    s->h += d.v.off + pl_tar_count(t);
    pl_tar_free(t);
    free(d.held);
    return rc;
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    struct sum whole = { 0 }, drops = { 0 };
    int rc = run(p, n, n + 1, &whole);
    if (whole.bytes < 1u << 24 &&
        (run(p, n, 1, &drops) != rc || drops.h != whole.h || drops.bytes != whole.bytes))
        abort();
    return rc < 0 ? -1 : 0;
}
