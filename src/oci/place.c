/* Surface and path of a string of an image document. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "oci/place.h"

#include "base/cleanup.h"

struct pl_str pl_pointer_unescape(struct pl_str token, struct pl_arena *a)
{
    if (pl_str_find(token, PL_S("~"), 0) == SIZE_MAX)
        return token;
    char *p = pl_alloc(a, token.n);
    size_t n = 0;
    for (size_t i = 0; i < token.n; i++) {
        bool escape = token.p[i] == '~' && i + 1 < token.n;
        if (escape && (token.p[i + 1] == '0' || token.p[i + 1] == '1'))
            p[n++] = token.p[++i] == '0' ? '~' : '/';
        else
            p[n++] = token.p[i];
    }
    return pl_str_n(p, n);
}

/* Takes the next piece of a pointer: "/a/b" gives "a". */
static bool step(struct pl_str *pointer, struct pl_str *ret)
{
    if (pointer->n == 0 || pointer->p[0] != '/')
        return false;
    struct pl_str rest = pl_str_sub(*pointer, 1, pointer->n);
    size_t slash = pl_str_find(rest, PL_S("/"), 0);
    *ret = pl_str_sub(rest, 0, slash);
    *pointer = pl_str_sub(rest, ret->n, rest.n);
    return true;
}

/* Members of `config` in an image configuration that a container takes over. */
static const struct {
    const char *name;
    enum pl_surface surface;
} in_effect[] = {
    { "Env", PL_SURF_ENV },
    { "Labels", PL_SURF_LABEL },
    { "Cmd", PL_SURF_CMD },
    { "Entrypoint", PL_SURF_ENTRYPOINT },
    { "Healthcheck", PL_SURF_HEALTHCHECK },
    { "OnBuild", PL_SURF_ONBUILD },
    { "Shell", PL_SURF_CONFIG },
    { "Volumes", PL_SURF_CONFIG },
    { "User", PL_SURF_CONFIG },
    { "WorkingDir", PL_SURF_CONFIG },
    { "ExposedPorts", PL_SURF_CONFIG },
    { "StopSignal", PL_SURF_CONFIG },
};

/* `rest` is what follows "/config" in the pointer. */
static void place_setting(struct pl_str rest, struct pl_str value, bool is_key, struct pl_arena *a,
                          struct pl_place *ret)
{
    struct pl_str name, item;
    if (!step(&rest, &name))
        return;
    for (size_t i = 0; i < PL_COUNT(in_effect); i++) {
        if (!pl_str_is(name, in_effect[i].name))
            continue;
        ret->surface = in_effect[i].surface;
        ret->visible = true;
    }
    if (is_key || !step(&rest, &item) || rest.n)
        return;
    size_t equals = pl_str_find(value, PL_S("="), 0);
    if (ret->surface == PL_SURF_ENV && equals != SIZE_MAX && equals > 0)
        ret->path = pl_str_sub(value, 0, equals);
    else if (ret->surface == PL_SURF_LABEL)
        ret->path = pl_pointer_unescape(item, a);
}

static void place_config(struct pl_str pointer, struct pl_str value, bool is_key,
                         struct pl_arena *a, struct pl_place *ret)
{
    struct pl_str top;
    ret->surface = PL_SURF_CONFIG;
    if (!step(&pointer, &top))
        return;
    if (pl_str_is(top, "history"))
        ret->surface = PL_SURF_HISTORY;
    else if (pl_str_is(top, "config"))
        place_setting(pointer, value, is_key, a, ret);
}

/* Manifest and index: annotations stand at the top and in every descriptor. */
static enum pl_surface surface_of_list(enum pl_doc_kind kind, struct pl_str pointer)
{
    static const char *const descriptors[] = { "manifests", "layers", "blobs", "config",
                                               "subject" };
    struct pl_str name, top = { "", 0 };
    for (size_t depth = 0; step(&pointer, &name); depth++) {
        if (depth == 0)
            top = name;
        if (pl_str_is(name, "annotations"))
            return PL_SURF_ANNOTATION;
    }
    for (size_t i = 0; i < PL_COUNT(descriptors); i++)
        if (pl_str_is(top, descriptors[i]))
            return PL_SURF_DESCRIPTOR;
    return kind == PL_DOC_INDEX ? PL_SURF_INDEX : PL_SURF_CONFIG;
}

bool pl_doc_place(enum pl_doc_kind kind, struct pl_str pointer, struct pl_str value, bool is_key,
                  struct pl_arena *a, struct pl_place *ret)
{
    *ret = (struct pl_place){ .surface = PL_SURF_CONFIG, .path = pointer };
    switch (kind) {
    case PL_DOC_CONFIG:
        place_config(pointer, value, is_key, a, ret);
        return true;
    case PL_DOC_INDEX:
    case PL_DOC_MANIFEST:
        ret->surface = surface_of_list(kind, pointer);
        return true;
    case PL_DOC_ARCHIVE:
        ret->surface = PL_SURF_INDEX;
        return true;
    default:
        return false;
    }
}
