/* Java: pom.properties and MANIFEST.MF inside archives; Gradle's, sbt's lock files. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "pkg/pkg_int.h"

static void put(struct pl_pkg_sink *s, struct pl_str group, struct pl_str name,
                struct pl_str version, uint32_t flags)
{
    if (version.n)
        pl_pkg_put(s, "maven", group, name, version, flags);
}

/* ---- META-INF/maven/GROUP/ARTIFACT/pom.properties ---- */

static bool pom_wants(struct pl_str path, struct pl_str head)
{
    (void)head;
    return pl_pkg_is(path, "pom.properties") && pl_pkg_below(path, "META-INF");
}

static int pom_run(struct pl_str path, struct pl_str text, struct pl_pkg_sink *s,
                   struct pl_err *err)
{
    struct pl_str line, key, group = { "", 0 }, name = { "", 0 }, version = { "", 0 };
    (void)path;
    (void)err;
    while (pl_pkg_line(&text, &line)) {
        struct pl_str value = line;
        if (!line.n || line.p[0] == '#' || !pl_str_split(&value, '=', &key) || !value.p)
            continue;
        key = pl_str_trim(key);
        value = pl_str_trim(value);
        if (pl_str_is(key, "groupId"))
            group = value;
        else if (pl_str_is(key, "artifactId"))
            name = value;
        else if (pl_str_is(key, "version"))
            version = value;
    }
    put(s, group, name, version, 0);
    return 0;
}

/* ---- META-INF/MANIFEST.MF ---- */

static bool manifest_wants(struct pl_str path, struct pl_str head)
{
    (void)head;
    return pl_pkg_tail(path, "META-INF/MANIFEST.MF");
}

struct manifest {
    struct pl_str bundle, title, module, version, bundle_version, vendor_id, extension;
};

static void attribute(struct manifest *m, struct pl_str key, struct pl_str value)
{
    const struct {
        const char *name;
        struct pl_str *at;
    } known[] = { { "Bundle-SymbolicName", &m->bundle },
                  { "Implementation-Title", &m->title },
                  { "Automatic-Module-Name", &m->module },
                  { "Implementation-Version", &m->version },
                  { "Bundle-Version", &m->bundle_version },
                  { "Plugin-Version", &m->bundle_version },
                  { "Implementation-Vendor-Id", &m->vendor_id },
                  { "Short-Name", &m->extension },
                  { "Extension-Name", &m->extension } };
    for (size_t i = 0; i < PL_COUNT(known); i++)
        if (pl_str_ieq(key, pl_str_c(known[i].name)) && !known[i].at->n)
            *known[i].at = value;
}

/* main section only; a line that begins with a blank goes on */
static void read_manifest(struct pl_pkg_sink *s, struct pl_str text, struct manifest *m)
{
    struct pl_str line, key, value;
    struct pl_buf whole = { .max = 1u << 20 };
    while (pl_pkg_line(&text, &line) && line.n) {
        if (line.p[0] != ' ' && whole.n) {
            if (pl_pkg_field(pl_dup(s->a, pl_buf_str(&whole)), &key, &value))
                attribute(m, key, value);
            pl_buf_clear(&whole);
        }
        size_t from = line.p[0] == ' ';
        if (pl_buf_add(&whole, line.p + from, line.n - from, NULL) < 0)
            break;
    }
    if (pl_pkg_field(pl_dup(s->a, pl_buf_str(&whole)), &key, &value))
        attribute(m, key, value);
    pl_buf_release(&whole);
}

/* "org.example.thing;singleton:=true": the last part is the artifact, what is before the group */
static int manifest_run(struct pl_str path, struct pl_str text, struct pl_pkg_sink *s,
                        struct pl_err *err)
{
    struct manifest m = { .bundle = { "", 0 } };
    struct pl_str name = { "", 0 }, group;
    (void)path;
    (void)err;
    read_manifest(s, text, &m);
    pl_str_split(&m.bundle, ';', &name);
    name = pl_str_trim(name);
    if (!name.n)
        name = m.module.n ? m.module : m.extension.n ? m.extension : m.title;
    struct pl_str version = m.version.n ? m.version : m.bundle_version;
    if (!name.n || memchr(name.p, ' ', name.n) || memchr(name.p, '$', name.n))
        return 0;
    group = m.vendor_id;
    put(s, group, name, version, PL_PKG_WEAK);
    return 0;
}

/* ---- lock files ---- */

static bool gradle_wants(struct pl_str path, struct pl_str head)
{
    (void)head;
    return pl_str_ends(path, PL_S("gradle.lockfile"));
}

static int gradle_run(struct pl_str path, struct pl_str text, struct pl_pkg_sink *s,
                      struct pl_err *err)
{
    struct pl_str line, group, name, version, all;
    (void)path;
    (void)err;
    while (pl_pkg_line(&text, &line)) {
        if (!line.n || line.p[0] == '#')
            continue;
        pl_str_split(&line, '=', &all);
        if (!pl_str_split(&all, ':', &group) || !pl_str_split(&all, ':', &name) ||
            !pl_str_split(&all, ':', &version))
            continue;
        put(s, group, name, version, PL_PKG_LOCK);
    }
    return 0;
}

static struct pl_str attr(struct pl_str tag, const char *name)
{
    struct pl_str value = { "", 0 };
    size_t at = 0, n = strlen(name);
    while ((at = pl_str_find(tag, pl_str_c(name), at)) != SIZE_MAX) {
        struct pl_str rest = pl_str_trim(pl_str_sub(tag, at + n, tag.n));
        bool whole = at && (tag.p[at - 1] == ' ' || tag.p[at - 1] == '\n' ||
                            tag.p[at - 1] == '\t' || tag.p[at - 1] == '\r');
        at += n;
        if (!whole || !rest.n || rest.p[0] != '=')
            continue;
        rest = pl_str_trim(pl_str_sub(rest, 1, rest.n));
        if (!rest.n || (rest.p[0] != '"' && rest.p[0] != '\''))
            continue;
        size_t end = pl_str_find(rest, pl_str_sub(rest, 0, 1), 1);
        if (end != SIZE_MAX)
            value = pl_str_sub(rest, 1, end - 1);
        break;
    }
    return value;
}

static bool verification_wants(struct pl_str path, struct pl_str head)
{
    (void)head;
    return pl_pkg_is(path, "verification-metadata.xml");
}

static int verification_run(struct pl_str path, struct pl_str text, struct pl_pkg_sink *s,
                            struct pl_err *err)
{
    struct pl_str tag;
    (void)path;
    (void)err;
    while (pl_pkg_between(&text, "<component ", ">", &tag)) {
        tag = pl_str_n(tag.p - 1, tag.n + 1); /* the blank before the first name */
        put(s, attr(tag, "group"), attr(tag, "name"), attr(tag, "version"), PL_PKG_LOCK);
    }
    return 0;
}

static bool sbt_wants(struct pl_str path, struct pl_str head)
{
    (void)head;
    return pl_pkg_is(path, "build.sbt.lock");
}

static int sbt_run(struct pl_str path, struct pl_str text, struct pl_pkg_sink *s,
                   struct pl_err *err)
{
    struct pl_json *j = NULL;
    (void)path;
    int r = pl_json_parse(text, 64, &j, err);
    if (r < 0)
        return r;
    const struct pl_json *all = pl_json_get(j, "dependencies");
    for (size_t i = 0; i < pl_json_len(all); i++) {
        const struct pl_json *d = pl_json_at(all, i);
        put(s, pl_json_str(pl_json_get(d, "org")), pl_json_str(pl_json_get(d, "name")),
            pl_json_str(pl_json_get(d, "version")), PL_PKG_LOCK);
    }
    pl_json_free(j);
    return 0;
}

const struct pl_cataloger pl_pkg_pom_properties = {
    .id = "jar-pom", .wants = pom_wants, .max = 1u << 20, .run = pom_run
};
const struct pl_cataloger pl_pkg_manifest = {
    .id = "jar-manifest", .wants = manifest_wants, .max = 4u << 20, .run = manifest_run
};
const struct pl_cataloger pl_pkg_gradle = {
    .id = "gradle-lock", .wants = gradle_wants, .max = PL_PKG_TEXT_FILE, .run = gradle_run
};
const struct pl_cataloger pl_pkg_gradle_verification = {
    .id = "gradle-verification",
    .wants = verification_wants,
    .max = PL_PKG_TEXT_FILE,
    .run = verification_run,
};
const struct pl_cataloger pl_pkg_sbt = {
    .id = "sbt-lock", .wants = sbt_wants, .max = PL_PKG_TEXT_FILE, .run = sbt_run
};
