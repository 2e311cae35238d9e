/* SPDX 2.2 and 2.3: JSON and tag-value. Packages by their package URL; what the document describes
 * is no package of it. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "base/map.h"
#include "pkg/sbom_int.h"

static struct pl_str text(const struct pl_json *j, const char *key)
{
    return pl_json_str(pl_json_get(j, key));
}

static struct pl_str known(struct pl_str v)
{
    return pl_str_is(v, "NOASSERTION") || pl_str_is(v, "NONE") ? PL_S("") : v;
}

/* "name=value" of our annotations */
static void annotation(struct pl_sbom *s, struct pl_sbom_part *part, struct pl_str comment)
{
    struct pl_str name, value = comment;
    if (!pl_str_starts(comment, PL_S("plimsoll:")) || !pl_str_split(&value, '=', &name) || !value.p)
        return;
    if (part)
        pl_sbom_property(s, part, name, value);
    else
        pl_sbom_subject(s, name, value);
}

static void annotations(struct pl_sbom *s, struct pl_sbom_part *part, const struct pl_json *p)
{
    const struct pl_json *all = pl_json_get(p, "annotations");
    for (size_t i = 0; i < pl_json_len(all); i++)
        annotation(s, part, text(pl_json_at(all, i), "comment"));
}

/* "acquired package info from …: /lib/apk/db/installed, /x" of syft */
static void source_info(struct pl_sbom *s, struct pl_sbom_part *part, struct pl_str info)
{
    size_t at = pl_str_find(info, PL_S(": /"), 0);
    struct pl_str one, rest = pl_str_sub(info, at == SIZE_MAX ? info.n : at + 2, info.n);
    while (!part->paths.n && rest.n && pl_str_split(&rest, ',', &one))
        if (pl_str_trim(one).n)
            pl_vec_push(&part->paths, pl_dup(s->a, pl_str_sub(pl_str_trim(one), 0, PL_PKG_TEXT)));
}

/* Names with a group in front were written so by us. */
static void without_group(struct pl_sbom_part *part)
{
    size_t n = part->group.n;
    if (part->ours && n && pl_str_starts(part->name, part->group) && part->name.n > n &&
        part->name.p[n] == '/')
        part->name = pl_str_sub(part->name, n + 1, part->name.n);
}

static struct pl_str purl_of(const struct pl_json *p)
{
    const struct pl_json *all = pl_json_get(p, "externalRefs");
    for (size_t i = 0; i < pl_json_len(all); i++)
        if (pl_str_is(text(pl_json_at(all, i), "referenceType"), "purl"))
            return text(pl_json_at(all, i), "referenceLocator");
    return PL_S("");
}

static void package(struct pl_sbom *s, const struct pl_json *p)
{
    struct pl_str purpose = text(p, "primaryPackagePurpose");
    struct pl_str declared = known(text(p, "licenseDeclared"));
    struct pl_sbom_part part = { .name = text(p, "name"),
                                 .version = text(p, "versionInfo"),
                                 .purl = purl_of(p),
                                 .licence =
                                     declared.n ? declared : known(text(p, "licenseConcluded")) };
    part.os = pl_str_ieq(purpose, PL_S("OPERATING-SYSTEM")) ||
              pl_str_ieq(purpose, PL_S("OPERATING_SYSTEM"));
    annotations(s, &part, p);
    source_info(s, &part, text(p, "sourceInfo"));
    without_group(&part);
    pl_sbom_put(s, &part);
}

/* Ids that the document describes: the image or folder itself. */
static void described(struct pl_map *ids, const struct pl_json *j)
{
    const struct pl_json *all = pl_json_get(j, "documentDescribes");
    for (size_t i = 0; i < pl_json_len(all); i++)
        *pl_map_put(ids, pl_json_str(pl_json_at(all, i))) = ids;
    all = pl_json_get(j, "relationships");
    for (size_t i = 0; i < pl_json_len(all); i++) {
        const struct pl_json *r = pl_json_at(all, i);
        if (pl_str_is(text(r, "relationshipType"), "DESCRIBES"))
            *pl_map_put(ids, text(r, "relatedSpdxElement")) = ids;
    }
}

bool pl_sbom_spdx(struct pl_sbom *s, const struct pl_json *j)
{
    if (!pl_str_starts(text(j, "spdxVersion"), PL_S("SPDX-2")))
        return false;
    const struct pl_json *all = pl_json_get(j, "packages");
    struct pl_map roots = { .a = s->a };
    described(&roots, j);
    s->name = pl_dup(s->a, text(j, "name"));
    for (size_t i = 0; i < pl_json_len(all); i++)
        if (pl_map_get(&roots, text(pl_json_at(all, i), "SPDXID")))
            annotations(s, NULL, pl_json_at(all, i));
    for (size_t i = 0; i < pl_json_len(all); i++) {
        const struct pl_json *p = pl_json_at(all, i);
        bool root = pl_map_get(&roots, text(p, "SPDXID")) != NULL;
        bool purpose = pl_str_is(text(p, "primaryPackagePurpose"), "CONTAINER");
        if (!purpose && !(root && !purl_of(p).n))
            package(s, p);
    }
    pl_map_release(&roots);
    return true;
}

/* ---- tag-value ---- */

static void tag(struct pl_sbom *s, struct pl_sbom_part *part, struct pl_str key,
                struct pl_str value)
{
    struct pl_str word;
    if (pl_str_is(key, "PackageVersion")) {
        part->version = value;
    } else if (pl_str_is(key, "PackageLicenseDeclared")) {
        part->licence = known(value);
    } else if (pl_str_is(key, "PrimaryPackagePurpose")) {
        part->os = pl_str_starts(value, PL_S("OPERATING"));
    } else if (pl_str_is(key, "PackageSourceInfo")) {
        source_info(s, part, value);
    } else if (pl_str_is(key, "ExternalRef")) { /* CATEGORY TYPE LOCATOR */
        pl_str_split(&value, ' ', &word);
        if (pl_str_split(&value, ' ', &word) && pl_str_is(word, "purl"))
            part->purl = pl_str_trim(value);
    }
}

bool pl_sbom_tags(struct pl_sbom *s, struct pl_str all)
{
    struct pl_sbom_part part = { .os = false };
    struct pl_str line, key, value;
    bool is = false;
    while (pl_pkg_line(&all, &line)) {
        if (!pl_pkg_field(line, &key, &value))
            continue;
        is |= pl_str_is(key, "SPDXVersion") && pl_str_starts(value, PL_S("SPDX-2"));
        bool begins = pl_str_is(key, "PackageName");
        if (!is || (begins && part.name.n && !part.purl.n && !part.os))
            pl_vec_release(&part.paths); /* what is described, or nameless */
        if (begins && (part.purl.n || part.os))
            pl_sbom_put(s, &part);
        if (begins)
            part = (struct pl_sbom_part){ .name = value };
        else
            tag(s, &part, key, value);
    }
    if (is && (part.purl.n || part.os))
        pl_sbom_put(s, &part);
    pl_vec_release(&part.paths);
    return is;
}
