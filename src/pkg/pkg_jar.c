/* Java archives: pom.properties, MANIFEST.MF (the JAR file specification) and, with a manifest, the
 * name of the archive. packages.md 2.2. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "pkg/jar_name.h"
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
    if (!memchr(version.p, '$', version.n))
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
    struct pl_str bundle, title, module, version, bundle_version, specified, vendor_id, group;
    struct pl_str extension;
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
                  { "Specification-Version", &m->specified },
                  { "Implementation-Vendor-Id", &m->vendor_id },
                  { "Group-Id", &m->group },
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

/* A word: no sentence, and nothing that a build should have filled in. */
static bool plain(struct pl_str s)
{
    return s.n && !memchr(s.p, ' ', s.n) && !memchr(s.p, '$', s.n);
}

/* "1.2.3 (build 5)" is 1.2.3 */
static struct pl_str version_of(const struct manifest *m)
{
    const struct pl_str all[] = { m->version, m->bundle_version, m->specified };
    for (size_t i = 0; i < PL_COUNT(all); i++) {
        struct pl_str v = pl_str_sub(all[i], 0, pl_str_find(all[i], PL_S(" "), 0));
        if (plain(v))
            return v;
    }
    return PL_S("");
}

/* "org.example.thing;singleton:=true": what is before the first ';' */
static struct pl_str symbolic(const struct manifest *m)
{
    return pl_str_trim(pl_str_sub(m->bundle, 0, pl_str_find(m->bundle, PL_S(";"), 0)));
}

/* A bundle's name is its group and artifact, without what would stand there twice:
 * "org.apache.commons.lang3" of commons-lang3. One word alone may be the group's last. */
static struct pl_str group_in(struct pl_str bundle, struct pl_str name)
{
    const char *dot = bundle.n ? memrchr(bundle.p, '.', bundle.n) : NULL;
    struct pl_str group = pl_str_sub(bundle, 0, dot ? (size_t)(dot - bundle.p) : 0);
    if (!group.n || !memchr(name.p, '-', name.n))
        return PL_S("");
    struct pl_str last = pl_str_sub(bundle, group.n + 1, bundle.n);
    if (pl_str_eq(last, name))
        return group;
    const char *before = memrchr(group.p, '.', group.n);
    struct pl_str word =
        before ? pl_str_sub(group, (size_t)(before - group.p) + 1, group.n) : group;
    bool joined = name.n == word.n + 1 + last.n && pl_str_starts(name, word) &&
                  pl_str_ends(name, last) && name.p[word.n] == '-';
    return joined ? group : PL_S("");
}

static struct pl_str group_of(const struct manifest *m, struct pl_str name)
{
    struct pl_str group = plain(m->group) ? m->group : group_in(symbolic(m), name);
    if (!group.n)
        group = group_in(m->module, name);
    return group.n ? group : plain(m->vendor_id) ? m->vendor_id : PL_S("");
}

static struct pl_str title_of(const struct manifest *m)
{
    const struct pl_str all[] = { symbolic(m), m->module, m->extension, m->title };
    for (size_t i = 0; i < PL_COUNT(all); i++)
        if (plain(all[i]))
            return all[i];
    return PL_S("");
}

/* Of an archive its file name is the artifact's; elsewhere the manifest has to say it. */
static int manifest_run(struct pl_str path, struct pl_str text, struct pl_pkg_sink *s,
                        struct pl_err *err)
{
    struct manifest m = { .bundle = { "", 0 } };
    struct pl_str name = { "", 0 }, version = { "", 0 }, said;
    (void)err;
    read_manifest(s, text, &m);
    said = version_of(&m);
    if (pl_str_is(path, "META-INF/MANIFEST.MF"))
        pl_jar_name(pl_pkg_base(s->archive), said, &name, &version);
    if (!name.n)
        name = title_of(&m);
    put(s, group_of(&m, name), name, version.n ? version : said, PL_PKG_WEAK);
    return 0;
}

const struct pl_cataloger pl_pkg_pom_properties = {
    .id = "jar-pom", .wants = pom_wants, .max = 1u << 20, .run = pom_run
};
const struct pl_cataloger pl_pkg_manifest = {
    .id = "jar-manifest", .wants = manifest_wants, .max = 4u << 20, .run = manifest_run
};
