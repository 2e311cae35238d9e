/* Every cataloger: the first line of the input is a path, which picks one; what is before a '!' in
 * it is the archive. What no cataloger wants is looked through as a program. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "pkg/binary.h"
#include "pkg/classify.h"
#include "pkg/pkg.h"
#include "pkg/store_path.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

struct seen {
    size_t sum;
    bool damaged;
};

static void on_package(void *arg, const struct pl_pkg *p)
{
    struct seen *s = arg;
    s->sum += p->name.n + p->version.n;
}

static void on_note(void *arg, bool incomplete, const char *code, const char *message)
{
    struct seen *s = arg;
    (void)code;
    (void)message;
    s->damaged |= incomplete;
}

static void on_own(void *arg, struct pl_str owner, struct pl_str path, const struct pl_sum *sum)
{
    struct seen *s = arg;
    s->sum += owner.n + path.n + sum->alg + sum->head;
}

static void program(struct pl_str path, struct pl_str text, struct pl_pkg_sink *s)
{
    struct pl_classify k = { .n = 0 };
    const uint8_t *p = (const uint8_t *)text.p;
    pl_pkg_program(p, text.n, 0, text.n, /* last= */ true, s);
    pl_classify_begin(&k, path);
    pl_classify_look(&k, p, text.n, s);
    pl_classify_release(&k);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    struct pl_arena a = { 0 };
    struct seen seen = { .damaged = false };
    struct pl_str path, text = pl_str_n(p, n);
    struct pl_pkg_sink s = {
        .emit = on_package, .note = on_note, .own = on_own, .arg = &seen, .a = &a, .by = "x"
    };
    if (!n || !pl_str_split(&text, '\n', &path))
        return -1;
    text = text.p ? text : pl_str_n(p, 0);
    struct pl_str inner = path, folder;
    struct pl_pkg of_store;
    if (pl_str_split(&inner, '!', &s.archive) && inner.p)
        path = inner;
    seen.sum += pl_pkg_store_path(path, &of_store, &folder);
    const struct pl_cataloger *c = pl_cataloger_for(path, pl_str_sub(text, 0, 512));
    if (c)
        pl_cataloger_run(c, path, text, &s);
    else
        program(path, text, &s);
    pl_arena_release(&a);
    return seen.damaged ? -1 : 0;
}
