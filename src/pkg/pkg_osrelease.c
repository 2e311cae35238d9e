/* The release of the system, os-release(5), and the files that stand in for it. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "pkg/pkg_int.h"

static bool osrelease_wants(struct pl_str path, struct pl_str head)
{
    (void)head;
    return pl_pkg_tail(path, "etc/os-release") || pl_pkg_tail(path, "usr/lib/os-release");
}

static int osrelease_run(struct pl_str path, struct pl_str text, struct pl_pkg_sink *s,
                         struct pl_err *err)
{
    struct pl_pkg p = { .type = PL_S("generic"), .flags = PL_PKG_OS };
    struct pl_str line, key;
    (void)path;
    (void)err;
    while (pl_pkg_line(&text, &line)) {
        struct pl_str value = pl_str_trim(line);
        if (!pl_str_split(&value, '=', &key) || !value.p)
            continue;
        value = pl_pkg_unquote(value);
        if (pl_str_is(key, "ID"))
            p.name = value;
        else if (pl_str_is(key, "VERSION_ID"))
            p.version = value;
        else if (pl_str_is(key, "PRETTY_NAME"))
            p.licence = value;
        else if (pl_str_is(key, "ID_LIKE"))
            p.source = value;
        else if (pl_str_is(key, "VERSION_CODENAME"))
            p.source_version = value;
    }
    pl_pkg_emit(s, p);
    return 0;
}

const struct pl_cataloger pl_pkg_osrelease = {
    .id = "os-release", .wants = osrelease_wants, .max = 1u << 20, .run = osrelease_run
};

/* ---- files that say it too ---- */

static const struct stand_in {
    const char *tail, *id;
} stand_ins[] = {
    { "etc/debian_version", "debian" }, { "etc/alpine-release", "alpine" },
    { "etc/redhat-release", "" },       { "etc/centos-release", "centos" },
    { "etc/system-release", "" },       { "etc/SuSE-release", "" },
    { "etc/photon-release", "photon" }, { "etc/apk/repositories", "alpine" },
};

static const struct stand_in *stand_in(struct pl_str path)
{
    for (size_t i = 0; i < PL_COUNT(stand_ins); i++)
        if (pl_pkg_tail(path, stand_ins[i].tail))
            return &stand_ins[i];
    return NULL;
}

static bool release_wants(struct pl_str path, struct pl_str head)
{
    (void)head;
    return stand_in(path) != NULL;
}

/* "CentOS Linux release 7.9.2009 (Core)": who it is by its first words */
static struct pl_str id_of(struct pl_str line)
{
    static const char *const known[][2] = {
        { "Red Hat", "rhel" },      { "CentOS", "centos" },         { "Fedora", "fedora" },
        { "Rocky", "rocky" },       { "AlmaLinux", "almalinux" },   { "Oracle", "ol" },
        { "Amazon", "amzn" },       { "Scientific", "scientific" }, { "SUSE", "sles" },
        { "openSUSE", "opensuse" },
    };
    for (size_t i = 0; i < PL_COUNT(known); i++)
        if (pl_str_starts(line, pl_str_c(known[i][0])))
            return pl_str_c(known[i][1]);
    return PL_S("");
}

static struct pl_str number_in(struct pl_str s)
{
    size_t from = 0, to;
    while (from < s.n && !(s.p[from] >= '0' && s.p[from] <= '9'))
        from++;
    for (to = from; to < s.n && ((s.p[to] >= '0' && s.p[to] <= '9') || s.p[to] == '.');)
        to++;
    return pl_str_sub(s, from, to - from);
}

/* Only "edge" says something: a branch is in alpine-release, too. */
static bool has_edge(struct pl_str text)
{
    struct pl_str line;
    while (pl_pkg_line(&text, &line))
        if (pl_str_find(line, PL_S("/edge/"), 0) != SIZE_MAX &&
            !pl_str_starts(pl_str_trim(line), PL_S("#")))
            return true;
    return false;
}

static int release_run(struct pl_str path, struct pl_str text, struct pl_pkg_sink *s,
                       struct pl_err *err)
{
    const struct stand_in *k = stand_in(path);
    struct pl_pkg p = { .type = PL_S("generic"), .flags = PL_PKG_OS | PL_PKG_WEAK };
    struct pl_str whole = text, line = { "", 0 };
    (void)err;
    if (!k)
        return 0;
    pl_pkg_line(&text, &line);
    line = pl_str_trim(line);
    p.name = *k->id ? pl_str_c(k->id) : id_of(line);
    p.version = number_in(line);
    if (pl_pkg_tail(path, "etc/apk/repositories"))
        p.version = has_edge(whole) ? PL_S("edge") : PL_S("");
    else if (!p.version.n && pl_str_ends(line, PL_S("/sid"))) /* "trixie/sid" */
        p.version = pl_str_sub(line, 0, line.n - 4);
    if (p.version.n)
        pl_pkg_emit(s, p);
    return 0;
}

const struct pl_cataloger pl_pkg_release = {
    .id = "release-file", .wants = release_wants, .max = 1u << 20, .run = release_run
};
