/* Further forms of inventories: syft's own JSON, GitHub's dependency snapshots, one package URL a
 * line. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "pkg/sbom_int.h"

static struct pl_str text(const struct pl_json *j, const char *key)
{
    return pl_json_str(pl_json_get(j, key));
}

static void artifact(struct pl_sbom *s, const struct pl_json *j)
{
    struct pl_sbom_part part = { .name = text(j, "name"),
                                 .version = text(j, "version"),
                                 .purl = text(j, "purl"),
                                 .licence =
                                     text(pl_json_at(pl_json_get(j, "licenses"), 0), "value") };
    const struct pl_json *places = pl_json_get(j, "locations");
    part.by = pl_dup(s->a, pl_str_sub(text(j, "foundBy"), 0, PL_PKG_TEXT));
    for (size_t i = 0; i < pl_json_len(places); i++) {
        struct pl_str path = text(pl_json_at(places, i), "path");
        if (path.n)
            pl_vec_push(&part.paths, pl_dup(s->a, pl_str_sub(path, 0, PL_PKG_TEXT)));
    }
    pl_sbom_put(s, &part);
    pl_vec_release(&part.paths);
}

bool pl_sbom_syft(struct pl_sbom *s, const struct pl_json *j)
{
    const struct pl_json *all = pl_json_get(j, "artifacts"), *os = pl_json_get(j, "distro");
    if (!all || pl_json_type(all) != PL_JSON_ARRAY || !pl_json_get(j, "descriptor"))
        return false;
    struct pl_sbom_part part = { .os = true,
                                 .name = text(os, "id"),
                                 .version = text(os, "versionID") };
    if (part.name.n)
        pl_sbom_put(s, &part);
    for (size_t i = 0; i < pl_json_len(all); i++)
        artifact(s, pl_json_at(all, i));
    return true;
}

struct snapshot {
    struct pl_sbom *s;
    struct pl_str file;
};

static int resolved(void *arg, struct pl_str key, const struct pl_json *v)
{
    struct snapshot *x = arg;
    struct pl_sbom_part part = { .purl = text(v, "package_url") };
    (void)key;
    part.dev = pl_str_is(text(v, "scope"), "development");
    if (x->file.n)
        pl_vec_push(&part.paths, pl_dup(x->s->a, pl_str_sub(x->file, 0, PL_PKG_TEXT)));
    pl_sbom_put(x->s, &part);
    pl_vec_release(&part.paths);
    return 0;
}

static int manifest(void *arg, struct pl_str key, const struct pl_json *v)
{
    struct snapshot x = { .s = arg, .file = text(pl_json_get(v, "file"), "source_location") };
    if (!x.file.n)
        x.file = key;
    return pl_json_each(pl_json_get(v, "resolved"), resolved, &x);
}

bool pl_sbom_github(struct pl_sbom *s, const struct pl_json *j)
{
    const struct pl_json *all = pl_json_get(j, "manifests");
    if (!all || !pl_json_get(j, "detector") || pl_json_type(all) != PL_JSON_OBJECT)
        return false;
    pl_json_each(all, manifest, s);
    return true;
}

bool pl_sbom_purls(struct pl_sbom *s, struct pl_str all)
{
    struct pl_str line, first = pl_str_trim(all);
    if (!pl_str_starts(first, PL_S("pkg:")))
        return false;
    while (pl_pkg_line(&all, &line)) {
        struct pl_sbom_part part = { .purl = pl_str_trim(line) };
        if (part.purl.n && part.purl.p[0] != '#')
            pl_sbom_put(s, &part);
    }
    return true;
}
