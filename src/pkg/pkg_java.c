/* Java: Gradle's and sbt's lock files. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "pkg/pkg_int.h"

static void put(struct pl_pkg_sink *s, struct pl_str group, struct pl_str name,
                struct pl_str version, uint32_t flags)
{
    if (version.n)
        pl_pkg_put(s, "maven", group, name, version, flags);
}

/* ---- lock files ---- */

static bool gradle_wants(struct pl_str path, struct pl_str head)
{
    (void)head;
    if (pl_str_ends(path, PL_S("gradle.lockfile")))
        return true;
    /* one file for each configuration, before Gradle 7 */
    return pl_str_ends(path, PL_S(".lockfile")) && pl_pkg_is(pl_pkg_dir(path), "dependency-locks");
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
