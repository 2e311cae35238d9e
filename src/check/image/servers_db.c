/* Databases and caches: where data, sockets and pid files go. formats/hardening.md section 2. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "check/image/needs.h"

static void state(struct pl_needs *k, struct pl_str path, const char *what, struct pl_str at)
{
    if (!path.n || path.p[0] != '/')
        return;
    struct pl_need *n =
        pl_needs_path(k, path, PL_STRONG, "%s%s%.*s", what, at.n ? " in " : "", PL_FMT(at));
    if (n)
        n->state = n->made = true;
}

static void file(struct pl_needs *k, struct pl_str path, const char *what, struct pl_str at)
{
    if (path.n && path.p[0] == '/')
        pl_needs_file(k, path, PL_STRONG, "%s%s%.*s", what, at.n ? " in " : "", PL_FMT(at));
}

static void port(struct pl_needs *k, struct pl_str v, uint32_t otherwise, const char *what)
{
    uint64_t n;
    pl_needs_port(k, v.p && pl_str_u64(v, &n) && n < 65536 ? (uint32_t)n : otherwise, false, "%s",
                  what);
}

/* ---- postgres ---- */

static void postgres(struct pl_needs *k, const struct pl_prog *p)
{
    struct pl_str data = pl_prog_option(p, "-D --data-directory"), dirs, at = PL_S(""),
                  text = { NULL, 0 };
    if (!data.n)
        data = pl_img_env(k->im, PL_S("PGDATA"));
    state(k, data, "the data directory (PGDATA)", PL_S(""));
    for (size_t i = 0; i < k->im->n_file && !text.p; i++) {
        const struct pl_img_file *f = &k->im->file[i];
        if (f->has_body && (pl_str_ends(f->path, PL_S("/postgresql.conf")) ||
                            pl_str_ends(f->path, PL_S("/postgresql.conf.sample")))) {
            text = f->body;
            at = pl_printf(k->a, "/%.*s", PL_FMT(f->path));
        }
    }
    dirs = pl_setting(text, "unix_socket_directories", "=");
    for (size_t i = 1; i < p->n; i++)
        if (pl_str_starts(p->argv[i], PL_S("unix_socket_directories=")))
            dirs = pl_str_sub(p->argv[i], 24, SIZE_MAX);
    if (!dirs.p) { /* Debian's and Alpine's builds; upstream has /tmp */
        bool run = pl_img_open(k->im, PL_S("/"), PL_S("/var/run/postgresql")) != NULL;
        dirs = run ? PL_S("/var/run/postgresql") : PL_S("/tmp");
    }
    struct pl_str dir;
    while (dirs.p && pl_str_split(&dirs, ',', &dir)) {
        dir = pl_str_trim(dir);
        if (dir.n && dir.p[0] == '/')
            pl_needs_path(k, dir, PL_STRONG, "postgres puts its socket there%s%.*s",
                          at.n ? ", " : "", PL_FMT(at));
    }
    port(k, pl_setting(text, "port", "="), 5432, "postgres listens on it");
    k->closed_data = true;
    k->health = PL_S("pg_isready -q");
    k->health_why = PL_S("pg_isready is part of postgres");
}

/* ---- mysql, mariadb ---- */

struct my {
    struct pl_str value[6], at;
};

static const char *const my_keys[] = { "datadir", "socket", "pid-file", "tmpdir", "port", "user" };

static bool server_section(struct pl_str s)
{
    static const char *const names[] = { "mysqld",      "mariadbd", "server",
                                         "mysqld_safe", "mariadb",  "client-server" };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (pl_str_is(s, names[i]) ||
            (pl_str_starts(s, PL_S("mysqld-")) || pl_str_starts(s, PL_S("mariadb-"))))
            return true;
    return false;
}

static void my_text(struct my *m, struct pl_str text, struct pl_str at)
{
    struct pl_str line, section = PL_S("");
    while (text.p && pl_str_split(&text, '\n', &line)) {
        line = pl_str_trim(line);
        if (line.n > 2 && line.p[0] == '[' && line.p[line.n - 1] == ']')
            section = pl_str_sub(line, 1, line.n - 2);
        if (!server_section(section))
            continue;
        for (size_t i = 0; i < 6; i++) {
            struct pl_str v = pl_setting(line, my_keys[i], "=");
            if (v.n) {
                m->value[i] = v;
                m->at = at;
            }
        }
    }
}

static void mysql(struct pl_needs *k, const struct pl_prog *p)
{
    struct my m = { .at = PL_S("") };
    const struct pl_img *im = k->im;
    for (size_t i = 0; i < im->n_file; i++) {
        const struct pl_img_file *f = &im->file[i];
        bool mine = pl_str_starts(f->path, PL_S("etc/my.cnf")) ||
                    pl_str_starts(f->path, PL_S("etc/mysql/")) ||
                    pl_str_starts(f->path, PL_S("opt/bitnami/mysql/conf")) ||
                    pl_str_starts(f->path, PL_S("opt/bitnami/mariadb/conf"));
        if (f->has_body && mine)
            my_text(&m, f->body, pl_printf(k->a, "/%.*s", PL_FMT(f->path)));
    }
    for (size_t i = 0; i < 6; i++) {
        struct pl_str v = pl_prog_option(p, pl_printf(k->a, "--%s", my_keys[i]).p);
        if (v.n)
            m.value[i] = v;
    }
    state(k, m.value[0].n ? m.value[0] : PL_S("/var/lib/mysql"), "datadir", m.at);
    bool debian = pl_img_open(im, PL_S("/"), PL_S("/var/run/mysqld")) != NULL;
    struct pl_str run =
        debian ? PL_S("/var/run/mysqld/mysqld.sock") : PL_S("/var/lib/mysql/mysql.sock");
    file(k, m.value[1].n ? m.value[1] : run, "socket", m.at);
    file(k, m.value[2], "pid-file", m.at);
    pl_needs_path(k, m.value[3].n ? m.value[3] : PL_S("/tmp"), PL_STRONG,
                  "tmpdir: sorting and temporary tables%s", m.value[3].n ? "" : " (the default)");
    port(k, m.value[4], 3306, "mysqld listens on it");
    k->closed_data = true;
}

/* ---- redis, memcached and the like ---- */

static void redis(struct pl_needs *k, const struct pl_prog *p)
{
    struct pl_str text = { NULL, 0 }, at = PL_S("");
    for (size_t i = 1; i < p->n && !text.p; i++)
        if (pl_str_ends(p->argv[i], PL_S(".conf"))) {
            const struct pl_img_file *f = pl_img_open(k->im, k->t->main_cwd, p->argv[i]);
            text = f && f->has_body ? f->body : text;
            at = p->argv[i];
        }
    struct pl_str dir = pl_prog_option(p, "--dir"), socket = pl_prog_option(p, "--unixsocket");
    if (!dir.n)
        dir = pl_setting(text, "dir", "");
    if (!socket.n)
        socket = pl_setting(text, "unixsocket", "");
    if (!dir.n || pl_str_is(dir, "./") || pl_str_is(dir, "."))
        dir = k->t->main_cwd;
    if (dir.n > 1)
        state(k, dir, "the directory of snapshots", at);
    file(k, socket, "unixsocket", at);
    file(k, pl_setting(text, "pidfile", ""), "pidfile", at);
    file(k, pl_setting(text, "logfile", ""), "logfile", at);
    struct pl_str n = pl_prog_option(p, "--port");
    port(k, n.n ? n : pl_setting(text, "port", ""), 6379, "the server listens on it");
}

/* ---- mongod ---- */

/* "dbPath: /x" at any depth of a small YAML file. */
static struct pl_str yaml_key(struct pl_str text, const char *key)
{
    return pl_setting(text, key, ":");
}

static void mongo(struct pl_needs *k, const struct pl_prog *p)
{
    static const char *const files[] = { "/etc/mongod.conf", "/etc/mongod.conf.orig", NULL };
    struct pl_str config = pl_prog_option(p, "--config -f"), text = { NULL, 0 }, at = PL_S("");
    if (config.n) {
        const struct pl_img_file *f = pl_img_open(k->im, k->t->main_cwd, config);
        text = f && f->has_body ? f->body : text;
        at = config;
    } else if (pl_str_is(p->name, "mongos")) {
        text = pl_first_text(k->im, files, &at);
    }
    struct pl_str data = pl_prog_option(p, "--dbpath");
    if (!data.n)
        data = yaml_key(text, "dbPath");
    state(k, data.n ? data : PL_S("/data/db"), "dbPath", at);
    struct pl_str prefix = pl_prog_option(p, "--unixSocketPrefix");
    if (!prefix.n)
        prefix = yaml_key(text, "pathPrefix");
    pl_needs_path(k, prefix.n ? prefix : PL_S("/tmp"), PL_STRONG, "mongod puts its socket there");
    file(k, yaml_key(text, "pidFilePath"), "pidFilePath", at);
    struct pl_str n = pl_prog_option(p, "--port");
    port(k, n.n ? n : yaml_key(text, "port"), 27017, "mongod listens on it");
    k->closed_data = true;
}

void pl_server_database(struct pl_needs *k, const struct pl_prog *p)
{
    if (pl_word_in(p->name, "postgres postmaster"))
        postgres(k, p);
    else if (pl_word_in(p->name, "mysqld mariadbd mysqld_safe mariadbd-safe"))
        mysql(k, p);
    else if (pl_word_in(p->name, "redis-server valkey-server keydb-server redis-sentinel"))
        redis(k, p);
    else if (pl_word_in(p->name, "mongod mongos"))
        mongo(k, p);
}
