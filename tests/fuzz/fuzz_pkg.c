/* Every cataloger over the input; the first byte picks one, 0 looks through it as a program. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "pkg/binary.h"
#include "pkg/pkg.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static void on_package(void *arg, const struct pl_pkg *p)
{
    *(size_t *)arg += p->name.n + p->version.n;
}

static void on_note(void *arg, bool incomplete, const char *code, const char *message)
{
    (void)code;
    (void)message;
    *(size_t *)arg += incomplete;
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    struct pl_arena a = { 0 };
    struct pl_err err = { 0 };
    size_t sum = 0, count = 0;
    struct pl_pkg_sink s = { .emit = on_package, .note = on_note, .arg = &sum, .a = &a, .by = "x" };
    if (!n)
        return -1;
    while (pl_catalogers[count])
        count++;
    if (!p[0]) {
        pl_pkg_program(p, n, 0, n, /* last= */ true, &s);
        pl_arena_release(&a);
        return 0;
    }
    const struct pl_cataloger *c = pl_catalogers[(size_t)(p[0] - 1) % count];
    s.by = c->id;
    int r = c->run(PL_S("d/composer.lock"), pl_str_n(p + 1, n - 1), &s, &err);
    pl_arena_release(&a);
    return r < 0 ? -1 : 0;
}
