/* The JSON documents of an image: parsed, read as every kind, every string placed, the history laid
 * along layers. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "fmt/json.h"
#include "oci/doc.h"
#include "oci/history.h"
#include "oci/place.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

struct visit {
    struct pl_arena *a;
    enum pl_doc_kind kind;
};

static void on_string(void *arg, struct pl_str pointer, struct pl_str key, struct pl_str value,
                      bool is_key)
{
    struct visit *v = arg;
    struct pl_place place;
    (void)key;
    pl_doc_place(v->kind, pointer, value, is_key, v->a, &place);
    if (place.path.n > pointer.n && place.path.n > value.n)
        abort();
}

static void use_history(const struct pl_doc *d, struct pl_arena *a)
{
    struct pl_history_map map;
    struct pl_history_run run;
    uint32_t entry, layer;
    pl_history_align(d, d->n_diff_ids, a, &map);
    for (size_t i = 0; i < d->n_history && i < 20; i++) {
        struct pl_str text = d->history[i].created_by;
        pl_history_run(text, a, &run);
        pl_history_setter(d, &map, PL_HISTORY_ENV, pl_str_sub(text, 4, 3), pl_str_sub(text, 8, 5),
                          &entry, &layer);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    static const char *const types[] = { "", "application/vnd.oci.image.index.v1+json",
                                         "application/vnd.oci.image.manifest.v1+json",
                                         "application/vnd.oci.image.config.v1+json" };
    struct pl_json *j;
    struct pl_limits l;
    struct pl_arena a = { 0 };
    int result = -1;
    pl_limits_init(&l);
    if (pl_json_parse(pl_str_n(p, n), (unsigned)l.depth, &j, NULL) < 0)
        return -1;
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        struct pl_doc d;
        struct pl_err err = { 0 };
        if (pl_doc_read(j, pl_str_c(types[i]), &l, &a, &d, &err) < 0) {
            if (err.code == 0 || err.msg[0] == 0)
                abort();
            continue;
        }
        struct visit v = { .a = &a, .kind = d.kind };
        pl_json_strings(j, on_string, &v);
        use_history(&d, &a);
        result = i == 0 ? 0 : result;
    }
    pl_json_free(j);
    pl_arena_release(&a);
    return result;
}
