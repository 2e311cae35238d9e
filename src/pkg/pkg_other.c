/* Installed packages of ecosystems whose lists are small texts: R, Lua, Perl, OCaml, Gentoo,
 * Flatpak, Java run times; and inventories that came with an image. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "pkg/pkg_int.h"
#include "pkg/sbom.h"

/* "key = 'value'" or "key: value" at the beginning of a line; the first counts. */
static struct pl_str value_of(struct pl_str text, const char *key)
{
    struct pl_str line, k = pl_str_c(key);
    while (pl_pkg_line(&text, &line)) {
        struct pl_str rest = pl_str_trim(pl_str_sub(line, k.n, line.n));
        if (pl_str_starts(line, k) && rest.n && (rest.p[0] == '=' || rest.p[0] == ':'))
            return pl_pkg_unquote(pl_str_sub(rest, 1, rest.n));
    }
    return PL_S("");
}

/* ---- R: DESCRIPTION of an installed package says how it was built ---- */

static bool r_wants(struct pl_str path, struct pl_str head)
{
    return pl_pkg_is(path, "DESCRIPTION") && pl_str_find(head, PL_S("Package:"), 0) != SIZE_MAX;
}

static int r_run(struct pl_str path, struct pl_str text, struct pl_pkg_sink *s, struct pl_err *err)
{
    (void)path;
    (void)err;
    struct pl_pkg p = { .type = PL_S("cran"), .name = value_of(text, "Package") };
    p.version = value_of(text, "Version");
    p.licence = value_of(text, "License");
    if (p.version.n)
        pl_pkg_emit(s, p);
    return 0;
}

/* ---- Lua: NAME-VERSION.rockspec ---- */

static bool rock_wants(struct pl_str path, struct pl_str head)
{
    (void)head;
    return pl_str_ends(path, PL_S(".rockspec"));
}

static int rock_run(struct pl_str path, struct pl_str text, struct pl_pkg_sink *s,
                    struct pl_err *err)
{
    (void)path;
    (void)err;
    struct pl_str version = value_of(text, "version");
    if (version.n)
        pl_pkg_put(s, "luarocks", PL_S(""), value_of(text, "package"), version, 0);
    return 0;
}

/* ---- Perl: .meta/NAME-VERSION/install.json of cpanm ---- */

static bool perl_wants(struct pl_str path, struct pl_str head)
{
    (void)head;
    return pl_pkg_is(path, "install.json") && pl_pkg_below(path, ".meta");
}

static int perl_run(struct pl_str path, struct pl_str text, struct pl_pkg_sink *s,
                    struct pl_err *err)
{
    struct pl_json *j = NULL;
    (void)path;
    int r = pl_json_parse(text, 64, &j, err);
    if (r < 0)
        return r;
    struct pl_str dist = pl_json_str(pl_json_get(j, "dist"));
    struct pl_str version = pl_json_str(pl_json_get(j, "version"));
    size_t n = dist.n > version.n + 1 ? dist.n - version.n - 1 : 0; /* "Name-Part-1.2" */
    if (version.n && n && pl_str_ends(dist, version))
        pl_pkg_put(s, "cpan", PL_S(""), pl_str_sub(dist, 0, n), version, 0);
    else if (version.n)
        pl_pkg_put(s, "cpan", PL_S(""), pl_json_str(pl_json_get(j, "name")), version, 0);
    pl_json_free(j);
    return 0;
}

/* ---- OCaml: .opam-switch/packages/NAME.VERSION/opam ---- */

static bool opam_wants(struct pl_str path, struct pl_str head)
{
    (void)head;
    return pl_pkg_is(path, "opam") &&
           pl_pkg_tail(pl_pkg_dir(pl_pkg_dir(path)), ".opam-switch/packages");
}

static int opam_run(struct pl_str path, struct pl_str text, struct pl_pkg_sink *s,
                    struct pl_err *err)
{
    struct pl_str version = pl_pkg_base(pl_pkg_dir(path)), name;
    (void)text;
    (void)err;
    pl_str_split(&version, '.', &name);
    if (version.n)
        pl_pkg_put(s, "opam", PL_S(""), name, version, 0);
    return 0;
}

/* ---- Gentoo: var/db/pkg/CATEGORY/NAME-VERSION/PF and CONTENTS ---- */

static bool gentoo_wants(struct pl_str path, struct pl_str head)
{
    (void)head;
    struct pl_str db = pl_pkg_dir(pl_pkg_dir(pl_pkg_dir(path)));
    return (pl_pkg_is(path, "PF") || pl_pkg_is(path, "CONTENTS")) && pl_pkg_tail(db, "var/db/pkg");
}

/* The version begins at the last '-' that a digit follows, unless that is the revision's. */
static struct pl_str gentoo_name(struct pl_str pf)
{
    for (size_t i = pf.n; i-- > 1;)
        if (pf.p[i - 1] == '-' && pf.p[i] >= '0' && pf.p[i] <= '9')
            return pl_str_sub(pf, 0, i - 1);
    return PL_S("");
}

static int gentoo_run(struct pl_str path, struct pl_str text, struct pl_pkg_sink *s,
                      struct pl_err *err)
{
    struct pl_str pf = pl_pkg_base(pl_pkg_dir(path)), line, word;
    struct pl_str category = pl_pkg_base(pl_pkg_dir(pl_pkg_dir(path))), name = gentoo_name(pf);
    (void)err;
    if (!name.n)
        return 0;
    if (pl_pkg_is(path, "PF")) {
        pl_pkg_put(s, "ebuild", category, name, pl_str_sub(pf, name.n + 1, pf.n), 0);
        return 0;
    }
    while (pl_pkg_line(&text, &line)) /* "obj /usr/bin/x MD5 TIME" */
        if (pl_str_split(&line, ' ', &word) && pl_str_is(word, "obj") &&
            pl_str_split(&line, ' ', &word))
            pl_pkg_own(s, name, word);
    return 0;
}

/* ---- Flatpak: the metainfo of an application ---- */

static bool flatpak_wants(struct pl_str path, struct pl_str head)
{
    (void)head;
    return pl_str_ends(path, PL_S(".metainfo.xml")) && pl_pkg_below(path, "flatpak");
}

static int flatpak_run(struct pl_str path, struct pl_str text, struct pl_pkg_sink *s,
                       struct pl_err *err)
{
    struct pl_str id = { "", 0 }, tag, rest = text;
    (void)path;
    (void)err;
    pl_pkg_between(&rest, "<id>", "</id>", &id);
    while (pl_pkg_between(&text, "<release ", ">", &tag)) {
        struct pl_str version;
        if (!pl_pkg_between(&tag, "version=\"", "\"", &version))
            continue;
        pl_pkg_put(s, "flatpak", PL_S(""), pl_str_trim(id), version, 0);
        break; /* the newest stands first */
    }
    return 0;
}

/* ---- Java run times: the file "release" beside bin/ ---- */

static bool jvm_wants(struct pl_str path, struct pl_str head)
{
    return pl_pkg_is(path, "release") && pl_str_find(head, PL_S("JAVA_VERSION="), 0) != SIZE_MAX;
}

static int jvm_run(struct pl_str path, struct pl_str text, struct pl_pkg_sink *s,
                   struct pl_err *err)
{
    struct pl_str version = value_of(text, "JAVA_RUNTIME_VERSION"), vendor;
    (void)path;
    (void)err;
    if (!version.n)
        version = value_of(text, "JAVA_VERSION");
    vendor = value_of(text, "IMPLEMENTOR");
    bool graal = value_of(text, "GRAALVM_VERSION").n > 0;
    const char *name = graal                                   ? "graalvm"
                       : pl_str_starts(vendor, PL_S("Oracle")) ? "jdk"
                       : pl_str_starts(vendor, PL_S("Azul"))   ? "zulu"
                                                               : "openjdk";
    pl_pkg_put(s, "generic", PL_S("oracle"), pl_str_c(name), version, 0);
    return 0;
}

/* ---- inventories that came with the image ---- */

static bool listed_wants(struct pl_str path, struct pl_str head)
{
    static const char *const ends[] = { ".spdx.json",      ".cdx.json", ".spdx",
                                        ".cyclonedx.json", ".bom.json", ".syft.json" };
    struct pl_str base = pl_pkg_base(path);
    (void)head;
    for (size_t i = 0; i < PL_COUNT(ends); i++)
        if (pl_str_iends(base, pl_str_c(ends[i])))
            return true;
    return pl_str_is(base, "bom.json");
}

static int listed_run(struct pl_str path, struct pl_str text, struct pl_pkg_sink *s,
                      struct pl_err *err)
{
    struct pl_sbom doc = { .a = s->a };
    struct pl_err why = { 0 };
    (void)path;
    (void)err;
    if (pl_sbom_read(text, &doc, &why) < 0)
        pl_pkg_note(s, false, "package-skipped", "inventory: %s", why.msg);
    for (size_t i = 0; i < doc.packages.n; i++) {
        struct pl_pkg p = doc.packages.p[i].pkg;
        p.flags = (p.flags & ~(uint32_t)PL_PKG_WEAK) | PL_PKG_LISTED;
        if (!(p.flags & PL_PKG_OS) && p.version.n)
            pl_pkg_emit(s, p);
    }
    pl_sbom_release(&doc);
    return 0;
}

#define TEXT_MAX ((size_t)4 << 20)

const struct pl_cataloger pl_pkg_r = {
    .id = "r-description", .wants = r_wants, .max = TEXT_MAX, .run = r_run
};
const struct pl_cataloger pl_pkg_rockspec = {
    .id = "rockspec", .wants = rock_wants, .max = TEXT_MAX, .run = rock_run
};
const struct pl_cataloger pl_pkg_perl = {
    .id = "perl-meta", .wants = perl_wants, .max = TEXT_MAX, .run = perl_run
};
const struct pl_cataloger pl_pkg_opam = {
    .id = "opam", .wants = opam_wants, .max = TEXT_MAX, .run = opam_run
};
const struct pl_cataloger pl_pkg_gentoo = {
    .id = "portage", .wants = gentoo_wants, .max = PL_PKG_TEXT_FILE, .run = gentoo_run
};
const struct pl_cataloger pl_pkg_flatpak = {
    .id = "flatpak", .wants = flatpak_wants, .max = TEXT_MAX, .run = flatpak_run
};
const struct pl_cataloger pl_pkg_jvm = {
    .id = "jvm-release", .wants = jvm_wants, .max = TEXT_MAX, .run = jvm_run
};
const struct pl_cataloger pl_pkg_listed = {
    .id = "inventory", .wants = listed_wants, .max = PL_PKG_TEXT_FILE, .run = listed_run
};
