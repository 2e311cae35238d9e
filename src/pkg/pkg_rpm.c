/* rpm's list of installed packages in its three forms: SQLite, ndb, Berkeley DB. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "fmt/sqlite.h"
#include "pkg/rpm_int.h"

static bool in_rpm_dir(struct pl_str path)
{
    struct pl_str dir = pl_pkg_dir(path);
    return pl_pkg_tail(dir, "var/lib/rpm") || pl_pkg_tail(dir, "usr/lib/sysimage/rpm") ||
           pl_pkg_tail(dir, "usr/share/rpm") || pl_pkg_tail(dir, "root/.rpmdb");
}

static bool rpm_wants(struct pl_str path, struct pl_str head)
{
    (void)head;
    return in_rpm_dir(path) &&
           (pl_pkg_is(path, "rpmdb.sqlite") || pl_pkg_is(path, "rpmdb.sqlite-wal") ||
            pl_pkg_is(path, "Packages.db") || pl_pkg_is(path, "Packages"));
}

struct reading {
    struct pl_pkg_sink *s;
    unsigned damaged;
    char why[200];
};

static int on_row(void *arg, struct pl_str table, int64_t rowid, const struct pl_sql_value *v,
                  unsigned n)
{
    struct reading *r = arg;
    (void)table;
    (void)rowid;
    for (unsigned i = 0; i < n; i++)
        if (v[i].type == PL_SQL_BLOB && pl_str_ieq(v[i].column, PL_S("blob")))
            r->damaged += !pl_rpm_header(v[i].bytes, r->s);
    return 0;
}

static void on_damage(void *arg, struct pl_str table, int code, const char *message)
{
    struct reading *r = arg;
    (void)table;
    (void)code;
    r->damaged++;
    snprintf(r->why, sizeof r->why, "%s", message);
}

static int rpm_sqlite(struct pl_str text, struct pl_pkg_sink *s, struct pl_err *err)
{
    struct reading r = { .s = s };
    struct pl_sqlite_sink sink = { .row = on_row, .damage = on_damage, .arg = &r };
    struct pl_sqlite *db = NULL;
    int ret = pl_sqlite_open(text.p, text.n, NULL, &db, err);
    if (ret == 0)
        ret = pl_sqlite_table(db, PL_S("Packages"), &sink, err);
    pl_sqlite_close(db);
    if (ret < 0 || !r.damaged)
        return ret;
    return pl_fail(err, PL_E_FORMAT, "%u records are damaged %s", r.damaged, r.why);
}

static int rpm_run(struct pl_str path, struct pl_str text, struct pl_pkg_sink *s,
                   struct pl_err *err)
{
    if (pl_pkg_is(path, "rpmdb.sqlite-wal"))
        return pl_fail(err, PL_E_UNSUP, "changes of a database that is not beside them");
    if (pl_pkg_is(path, "rpmdb.sqlite"))
        return rpm_sqlite(text, s, err);
    return pl_pkg_is(path, "Packages.db") ? pl_rpm_ndb(text, s, err) : pl_rpm_bdb(text, s, err);
}

const struct pl_cataloger pl_pkg_rpm = {
    .id = "rpm", .wants = rpm_wants, .max = 120u << 20, .run = rpm_run
};

/* ---- the manifest of images without rpm ---- */

static bool manifest_wants(struct pl_str path, struct pl_str head)
{
    (void)head;
    return pl_pkg_tail(path, "var/lib/rpmmanifest/container-manifest-2");
}

/* name, version-release, install time, build time, vendor, epoch, size, arch, source file; by tabs
 */
static int manifest_run(struct pl_str path, struct pl_str text, struct pl_pkg_sink *s,
                        struct pl_err *err)
{
    struct pl_str line, field[10];
    (void)path;
    (void)err;
    while (pl_pkg_line(&text, &line)) {
        size_t n = 0;
        while (n < PL_COUNT(field) && pl_str_split(&line, '\t', &field[n]))
            n++;
        if (n < 8)
            continue;
        struct pl_pkg p = { .type = PL_S("rpm"), .name = field[0], .version = field[1] };
        bool epoch = field[5].n && !pl_str_is(field[5], "(none)") && !pl_str_is(field[5], "0");
        if (epoch)
            p.version = pl_printf(s->a, "%.*s:%.*s", PL_FMT(field[5]), PL_FMT(field[1]));
        p.arch = field[7];
        if (n > 8)
            pl_pkg_source_rpm(field[8], &p.source, &p.source_version);
        if (n > 8 && epoch && p.source.n)
            p.source_version =
                pl_printf(s->a, "%.*s:%.*s", PL_FMT(field[5]), PL_FMT(p.source_version));
        pl_pkg_emit(s, p);
    }
    return 0;
}

const struct pl_cataloger pl_pkg_rpm_manifest = {
    .id = "rpm-manifest", .wants = manifest_wants, .max = PL_PKG_TEXT_FILE, .run = manifest_run
};
