/* CycloneDX JSON, 1.2 to 1.6: components, also those inside of components. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "pkg/sbom_int.h"

static struct pl_str text(const struct pl_json *j, const char *key)
{
    return pl_json_str(pl_json_get(j, key));
}

/* the first licence that is said, by id, name or expression */
static struct pl_str licence_of(const struct pl_json *c)
{
    const struct pl_json *l = pl_json_at(pl_json_get(c, "licenses"), 0);
    struct pl_str expression = text(l, "expression");
    l = pl_json_get(l, "license");
    return expression.n ? expression : text(l, "id").n ? text(l, "id") : text(l, "name");
}

static void properties(struct pl_sbom *s, struct pl_sbom_part *part, const struct pl_json *all)
{
    for (size_t i = 0; i < pl_json_len(all); i++) {
        const struct pl_json *p = pl_json_at(all, i);
        if (part)
            pl_sbom_property(s, part, text(p, "name"), text(p, "value"));
        else
            pl_sbom_subject(s, text(p, "name"), text(p, "value"));
    }
}

static void places(struct pl_sbom *s, struct pl_sbom_part *part, const struct pl_json *c)
{
    const struct pl_json *all = pl_json_get(pl_json_get(c, "evidence"), "occurrences");
    if (pl_json_len(all))
        part->paths.n = 0; /* the properties said the same */
    for (size_t i = 0; i < pl_json_len(all); i++) {
        struct pl_str at = text(pl_json_at(all, i), "location");
        if (at.n)
            pl_vec_push(&part->paths, pl_dup(s->a, pl_str_sub(at, 0, PL_PKG_TEXT)));
    }
}

static bool is_package(struct pl_str type)
{
    static const char *const none[] = { "file",     "container", "device",
                                        "platform", "data",      "machine-learning-model" };
    for (size_t i = 0; i < PL_COUNT(none); i++)
        if (pl_str_is(type, none[i]))
            return false;
    return true;
}

static void components(struct pl_sbom *s, const struct pl_json *list);

static void component(struct pl_sbom *s, const struct pl_json *c)
{
    struct pl_sbom_part part = { .group = text(c, "group"),
                                 .name = text(c, "name"),
                                 .version = text(c, "version"),
                                 .purl = text(c, "purl"),
                                 .licence = licence_of(c) };
    struct pl_str type = text(c, "type");
    part.os = pl_str_is(type, "operating-system");
    properties(s, &part, pl_json_get(c, "properties"));
    places(s, &part, c);
    part.program |= pl_str_is(type, "application") && part.ours;
    part.dev |= pl_str_is(text(c, "scope"), "excluded");
    if (is_package(type) || part.purl.n)
        pl_sbom_put(s, &part);
    pl_vec_release(&part.paths);
    components(s, pl_json_get(c, "components")); /* as deep as the document, at most */
}

static void components(struct pl_sbom *s, const struct pl_json *list)
{
    for (size_t i = 0; i < pl_json_len(list); i++)
        component(s, pl_json_at(list, i));
}

bool pl_sbom_cyclonedx(struct pl_sbom *s, const struct pl_json *j)
{
    if (!pl_str_is(text(j, "bomFormat"), "CycloneDX"))
        return false;
    const struct pl_json *root = pl_json_get(pl_json_get(j, "metadata"), "component");
    s->name = pl_dup(s->a, text(root, "name"));
    properties(s, NULL, pl_json_get(root, "properties"));
    components(s, pl_json_get(j, "components"));
    if (s->ours)
        return true;
    const struct pl_json *all = pl_json_get(j, "compositions");
    for (size_t i = 0; i < pl_json_len(all); i++)
        s->incomplete |= pl_str_is(text(pl_json_at(all, i), "aggregate"), "incomplete");
    return true;
}
