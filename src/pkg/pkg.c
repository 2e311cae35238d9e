/* The table of catalogers. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "pkg/pkg_int.h"

const struct pl_cataloger *const pl_catalogers[] = {
#define PL_CATALOGER(name) &pl_pkg_##name,
#include "pkg/pkg.list"
#undef PL_CATALOGER
    NULL,
};

const struct pl_cataloger *pl_cataloger_for(struct pl_str path, struct pl_str head)
{
    for (size_t i = 0; pl_catalogers[i]; i++)
        if (pl_catalogers[i]->wants(path, head))
            return pl_catalogers[i];
    return NULL;
}

void pl_cataloger_run(const struct pl_cataloger *c, struct pl_str path, struct pl_str text,
                      struct pl_pkg_sink *s)
{
    struct pl_err err = { 0 };
    s->by = c->id;
    s->n = 0;
    int r = c->run(path, text, s, &err);
    if (r < 0)
        pl_pkg_note(s, true, r == PL_E_LIMIT ? "limit" : "package-list", "%s: %s", c->id, err.msg);
}
