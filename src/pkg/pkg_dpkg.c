/* Debian's list of installed packages, deb-control(5): status, status.d of distroless images; and
 * opkg's, which has the same grammar. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "pkg/pkg_int.h"

struct stanza {
    struct pl_str name, version, arch, source, status, licence, maker;
    bool any;
    bool conffiles; /* the lines that follow are such */
};

static bool in_status_d(struct pl_str path)
{
    struct pl_str dir = pl_pkg_dir(path), base = pl_pkg_base(path);
    return (pl_pkg_tail(dir, "var/lib/dpkg/status.d")) && !pl_str_ends(base, PL_S(".md5sums"));
}

static bool dpkg_wants(struct pl_str path, struct pl_str head)
{
    (void)head;
    return pl_pkg_tail(path, "var/lib/dpkg/status") || in_status_d(path) ||
           pl_pkg_tail(path, "usr/share/snappy/dpkg.yaml-status");
}

/* info/NAME[:ARCH].list and .md5sums, and status.d/NAME.md5sums of distroless images */
static bool files_wants(struct pl_str path, struct pl_str head)
{
    (void)head;
    struct pl_str dir = pl_pkg_dir(path);
    bool sums = pl_str_ends(path, PL_S(".md5sums"));
    if (!sums && !pl_str_ends(path, PL_S(".list")))
        return false;
    return pl_pkg_tail(dir, "lib/dpkg/info") || pl_pkg_tail(dir, "lib/opkg/info") ||
           (sums && pl_pkg_tail(dir, "var/lib/dpkg/status.d"));
}

/* "DIGEST  path" or "/path" a line */
static int files_run(struct pl_str path, struct pl_str text, struct pl_pkg_sink *s,
                     struct pl_err *err)
{
    struct pl_str line, owner = pl_pkg_base(path), word;
    bool sums = pl_str_ends(owner, PL_S(".md5sums"));
    (void)err;
    owner = pl_str_sub(owner, 0, owner.n - strlen(sums ? ".md5sums" : ".list"));
    owner = pl_str_sub(owner, 0, pl_str_find(owner, PL_S(":"), 0));
    while (pl_pkg_line(&text, &line)) {
        if (sums && !pl_str_split(&line, ' ', &word))
            continue;
        if (sums)
            pl_pkg_own_sum(s, owner, pl_str_trim(line), pl_pkg_hex_sum(word));
        else
            pl_pkg_own(s, owner, line);
    }
    return 0;
}

static bool opkg_wants(struct pl_str path, struct pl_str head)
{
    (void)head;
    return pl_pkg_tail(path, "usr/lib/opkg/status") || pl_pkg_tail(path, "var/lib/opkg/status");
}

/* the third word says what is there; the first only what is wanted */
static bool installed(struct pl_str status)
{
    struct pl_str word = { "", 0 };
    for (int i = 0; i < 3; i++) {
        status = pl_str_trim(status);
        if (!pl_str_split(&status, ' ', &word))
            return false;
    }
    return pl_str_is(word, "installed");
}

static void finish(struct pl_pkg_sink *s, struct stanza *z, const char *type, bool status_needed)
{
    struct stanza x = *z;
    *z = (struct stanza){ .any = false };
    if (!x.any || (x.status.p ? !installed(x.status) : status_needed))
        return;
    if (!x.name.n || !x.version.n) {
        pl_pkg_note(s, false, "package-skipped", "an entry without %s: '%.*s'",
                    x.name.n ? "Version" : "Package",
                    PL_FMT(pl_str_sub(x.name.n ? x.name : x.version, 0, 100)));
        return;
    }
    struct pl_pkg p = { .type = pl_str_c(type), .name = x.name, .version = x.version };
    p.arch = x.arch;
    p.licence = x.licence;
    p.flags = pl_pkg_by_distro(x.maker) ? PL_PKG_VENDOR : 0;
    struct pl_str rest = x.source;
    if (x.source.n) { /* "name" or "name (version)" */
        pl_str_split(&rest, '(', &p.source);
        p.source = pl_str_trim(p.source);
        if (rest.p)
            pl_str_split(&rest, ')', &p.source_version);
    }
    pl_pkg_emit(s, p);
}

static void field(struct stanza *z, struct pl_str key, struct pl_str value)
{
    static const char *const names[] = { "Package", "Version", "Architecture", "Source",
                                         "Status",  "License", "Maintainer" };
    struct pl_str *at[] = { &z->name,   &z->version, &z->arch, &z->source,
                            &z->status, &z->licence, &z->maker };
    for (size_t i = 0; i < PL_COUNT(names); i++)
        if (pl_str_ieq(key, pl_str_c(names[i])) && !at[i]->p)
            *at[i] = value;
    z->conffiles = pl_str_ieq(key, PL_S("Conffiles"));
    z->any = true;
}

/* " /etc/x 0123… obsolete": as the package brought it. */
static void conffile(const struct stanza *z, struct pl_str line, struct pl_pkg_sink *s)
{
    struct pl_str path, sum;
    line = pl_str_trim(line);
    if (!pl_str_split(&line, ' ', &path) || !line.p || !pl_str_split(&line, ' ', &sum))
        return;
    struct pl_sum of = pl_pkg_hex_sum(sum);
    of.partial = true;
    if (of.alg)
        pl_pkg_own_sum(s, z->name, path, of);
}

/* dpkg ends every entry with an empty line: one that breaks off shows that more is missing. */
static bool cut(struct pl_str text, const struct stanza *last, bool status)
{
    bool line = text.n && text.p[text.n - 1] != '\n';
    bool entry = last->any && (!last->name.n || !last->version.n || !last->status.p);
    return status && (line || entry);
}

static void stanzas(struct pl_str text, struct pl_pkg_sink *s, const char *type, bool status)
{
    struct stanza z = { .any = false };
    const struct pl_str whole = text;
    struct pl_str line, key, value;
    while (pl_pkg_line(&text, &line)) {
        if (!pl_str_trim(line).n)
            finish(s, &z, type, status);
        else if (line.p[0] != ' ' && line.p[0] != '\t' && pl_pkg_field(line, &key, &value))
            field(&z, key, value);
        else if (z.conffiles)
            conffile(&z, line, s);
    }
    if (cut(whole, &z, status))
        pl_pkg_note(s, true, "package-list", "the list ends in the middle of an entry");
    finish(s, &z, type, status);
}

static int dpkg_run(struct pl_str path, struct pl_str text, struct pl_pkg_sink *s,
                    struct pl_err *err)
{
    (void)err;
    stanzas(text, s, "deb", !in_status_d(path));
    return 0;
}

static int opkg_run(struct pl_str path, struct pl_str text, struct pl_pkg_sink *s,
                    struct pl_err *err)
{
    (void)path;
    (void)err;
    stanzas(text, s, "opkg", true);
    return 0;
}

const struct pl_cataloger pl_pkg_dpkg = {
    .id = "dpkg", .wants = dpkg_wants, .max = PL_PKG_TEXT_FILE, .run = dpkg_run
};
const struct pl_cataloger pl_pkg_dpkg_files = {
    .id = "dpkg-files", .wants = files_wants, .max = PL_PKG_TEXT_FILE, .run = files_run
};
const struct pl_cataloger pl_pkg_opkg = {
    .id = "opkg", .wants = opkg_wants, .max = PL_PKG_TEXT_FILE, .run = opkg_run
};
