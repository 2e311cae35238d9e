/* plimsoll db update: a database that others made, or a new one from the publishers' own archives.
 * What fails leaves the old one in use. packages.md section 9, "Distribution". */
/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "cmd/common.h"
#include "cmd/db_artifact.h"
#include "cmd/db_delta.h"
#include "cmd/db_fetch.h"
#include "cmd/db_opt.h"
#include "cmd/store_opt.h"
#include "fmt/sqldb.h"
#include "io/file.h"
#include "sign/verify.h"
#include "vuln/db.h"
#include "vuln/eco.h"
#include "vuln/row.h"

#define OSV "https://osv-vulnerabilities.storage.googleapis.com"
#define KEV "https://www.cisa.gov/sites/default/files/feeds/known_exploited_vulnerabilities.json"
#define EPSS "https://epss.empiricalsecurity.com/epss_scores-current.csv.gz"

struct update {
    const struct pl_db_cmd *o;
    struct pl_arena a;
    const char *dir;  /* of the database */
    const char *work; /* a folder in it, for what is fetched */
    struct pl_err err;
};

static const char *in_work(struct update *u, const char *name)
{
    return pl_printf(&u->a, "%s/%s", u->work, name).p;
}

static int begin(struct update *u)
{
    mkdir(u->dir, 0777); /* its parents are the user's to make */
    u->work = pl_printf(&u->a, "%s/.update.%ld", u->dir, (long)getpid()).p;
    if (mkdir(u->work, 0700) < 0)
        return pl_fail_errno(&u->err, PL_E_USAGE, errno, "cannot make '%s'", u->work);
    return 0;
}

static void end(struct update *u)
{
    DIR *d = u->work ? opendir(u->work) : NULL;
    struct dirent *e;
    while (d && (e = readdir(d)) != NULL)
        if (e->d_name[0] != '.')
            unlink(in_work(u, e->d_name));
    if (d)
        closedir(d);
    if (u->work)
        rmdir(u->work);
    pl_arena_release(&u->a);
}

static int copy(struct update *u, const char *from, const char *to)
{
    char buf[65536];
    ssize_t n;
    pl_auto_fd int in = open(from, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    pl_auto_fd int out = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (in < 0)
        return pl_fail_errno(&u->err, PL_E_USAGE, errno, "cannot open '%s'", from);
    if (out < 0)
        return pl_fail_errno(&u->err, PL_E_USAGE, errno, "cannot write '%s'", to);
    while ((n = read(in, buf, sizeof buf)) > 0)
        if (write(out, buf, (size_t)n) != n)
            return pl_fail_errno(&u->err, PL_E_IO, errno, "cannot write '%s'", to);
    return n < 0 ? pl_fail_errno(&u->err, PL_E_IO, errno, "cannot read '%s'", from) : 0;
}

static int bring(struct update *u, const char *from, const char *to)
{
    if (pl_db_is_artifact(from))
        return pl_db_artifact(u->o, from, to, in_work(u, "bundle"), &u->err);
    return pl_db_is_url(from) ? pl_db_fetch(from, to, &u->err) : copy(u, from, to);
}

/* ---- a finished database ---- */

static int signed_by(struct update *u, const char *file, struct pl_pubkey *key)
{
    pl_auto_buf struct pl_buf text = { .max = 16u << 20 };
    struct pl_message m = { .bytes = { NULL, 0 }, .fd = -1 };
    const struct pl_pubkey *keys[1] = { key };
    struct pl_demand d = { .keys = keys, .n_keys = 1, .any_type = true, .ignore_tlog = true };
    struct pl_verdict v;
    pl_auto_fd int fd = open(file, O_RDONLY | O_CLOEXEC);
    m.fd = fd;
    int r = pl_file_read(in_work(u, "bundle"), &text, &u->err);
    pl_verdict_init(&v, "file", "bundle");
    if (r == 0)
        r = pl_verify_bundle(&d, pl_buf_str(&text), &m, &u->a, &v, &u->err);
    if (r == 0 && !v.ok)
        r = pl_fail(&u->err, PL_E_SIG, "the signature does not hold: %.*s", PL_FMT(v.reason));
    pl_message_release(&m);
    return r;
}

static int check_signature(struct update *u, const char *from, const char *file)
{
    pl_auto_buf struct pl_buf pem = { .max = 1u << 20 };
    struct pl_pubkey *key = NULL;
    const char *bundle = u->o->bundle ? u->o->bundle : pl_printf(&u->a, "%s.sigstore.json", from).p;
    int r = pl_file_read(u->o->key, &pem, &u->err);
    if (r == 0)
        r = pl_pubkey_pem(pl_buf_str(&pem), &key, &u->err);
    bool came = !u->o->bundle && access(in_work(u, "bundle"), R_OK) == 0;
    if (r == 0 && !came && pl_db_is_artifact(bundle))
        r = pl_fail(&u->err, PL_E_SIG, "the artifact carries no signature");
    else if (r == 0 && !came && (r = bring(u, bundle, in_work(u, "bundle"))) < 0)
        r = pl_fail(&u->err, PL_E_SIG, "no signature at '%s'", bundle);
    if (r == 0)
        r = signed_by(u, file, key);
    pl_pubkey_free(key);
    return r;
}

static int check_package(void *arg, struct pl_str eco, struct pl_str name, struct pl_str rows)
{
    struct update *u = arg;
    struct pl_arena a = { 0 };
    struct pl_str body;
    uint32_t vuln;
    bool bad = false;
    (void)eco;
    while (!bad && pl_advdb_next_row(&rows, &vuln, &body, &bad)) {
        struct pl_advrow row;
        bad |= !pl_advrow_decode(body, &a, &row);
    }
    pl_arena_release(&a);
    return bad ? pl_fail(&u->err, PL_E_FORMAT, "damaged at '%.*s'", PL_FMT(name)) : 0;
}

/* Whole, and not older than the one in use: an old file cannot be put in its place. */
static int check_database(struct update *u)
{
    struct pl_advdb *now = NULL, *next = NULL;
    struct pl_err none = { 0 };
    int r = pl_sqldb_whole(in_work(u, "match.db"), &u->err);
    if (r == 0)
        r = pl_advdb_open(u->work, &next, &u->err);
    if (r == 0)
        r = pl_advdb_each(next, check_package, u, &u->err);
    if (r == 0 && pl_advdb_open(u->dir, &now, &none) == 0 &&
        pl_str_cmp(pl_advdb_info(next)->built, pl_advdb_info(now)->built) < 0)
        r = pl_fail(&u->err, PL_E_FORMAT, "it was built %.*s, before the one in use (%.*s)",
                    PL_FMT(pl_advdb_info(next)->built), PL_FMT(pl_advdb_info(now)->built));
    pl_advdb_close(now);
    pl_advdb_close(next);
    return r;
}

static int take(struct update *u, const char *from)
{
    const char *file = in_work(u, "match.db");
    struct stat st;
    if (!pl_db_is_url(from) && stat(from, &st) == 0 && S_ISDIR(st.st_mode))
        from = pl_printf(&u->a, "%s/match.db", from).p;
    int r = bring(u, from, file);
    if (r == 0 && u->o->key)
        r = check_signature(u, from, file);
    if (r == 0)
        r = pl_db_delta_apply(pl_printf(&u->a, "%s/match.db", u->dir).p, file, &u->err);
    if (r == 0)
        r = check_database(u);
    if (r == 0)
        r = pl_advdb_replace(file, pl_printf(&u->a, "%s/match.db", u->dir).p, &u->err);
    if (r == 0 && !u->o->key && !u->o->quiet)
        fputs("note: unsigned: no --key was given\n", stderr);
    return r;
}

/* ---- the publishers' archives ---- */

static bool among(const struct pl_names *n, struct pl_str s)
{
    for (size_t i = 0; i < n->n; i++)
        if (pl_str_eq(n->p[i], s))
            return true;
    return false;
}

/* Names of our own, of which OSV publishes nothing. */
static bool is_own(struct pl_str base)
{
    static const char *const own[] = { "CPE",  "Generic",      "Arch Linux",   "Fedora",
                                       "EPEL", "Oracle Linux", "Amazon Linux", "Photon OS" };
    for (size_t i = 0; i < PL_COUNT(own); i++)
        if (pl_str_is(base, own[i]))
            return true;
    return false;
}

/* OSV's names of what the database holds, of what was asked for, and of what the store holds. */
static struct pl_names ecosystems(struct update *u)
{
    struct pl_advdb *db = NULL;
    struct pl_err none = { 0 };
    struct pl_names n = { NULL, 0 }, stored = pl_store_ecosystems(u->o->store, &u->a);
    size_t count = 0;
    if (pl_advdb_open(u->dir, &db, &none) == 0)
        while (pl_advdb_eco_at(db, count).n)
            count++;
    n.p = pl_alloc_n(&u->a, count + u->o->ecosystem.n + stored.n + 1, sizeof *n.p);
    for (size_t i = 0; i < count; i++) {
        struct pl_str base = pl_eco_base(pl_advdb_eco_at(db, i));
        if (!is_own(base) && !among(&n, base))
            n.p[n.n++] = pl_dup(&u->a, base);
    }
    for (size_t i = 0; i < u->o->ecosystem.n; i++)
        if (!among(&n, pl_str_c(u->o->ecosystem.p[i])))
            n.p[n.n++] = pl_str_c(u->o->ecosystem.p[i]);
    for (size_t i = 0; i < stored.n; i++)
        if (!is_own(stored.p[i]) && !among(&n, stored.p[i]))
            n.p[n.n++] = stored.p[i];
    pl_advdb_close(db);
    return n;
}

static int read_one(struct update *u, struct pl_advbuild *b, const char *url, const char *file,
                    struct pl_str name, struct pl_db_notes *notes)
{
    struct pl_limits limits;
    const char *path = in_work(u, file);
    pl_limits_init(&limits);
    struct pl_adv_read_opts o = { .limits = &limits, .note = pl_db_note, .arg = notes };
    o.given.name = name;
    o.given.commit = pl_printf(&u->a, "unsigned, from %s", url);
    o.release = PL_S("");
    int r = pl_db_fetch(url, path, &u->err);
    if (r == 0)
        r = pl_adv_read(b, path, &o, &u->err);
    unlink(path);
    return r;
}

/* "Rocky Linux" in an address. */
static struct pl_str escaped(struct update *u, struct pl_str s)
{
    struct pl_str out = PL_S(""), word;
    while (pl_str_split(&s, ' ', &word))
        out = out.n ? pl_printf(&u->a, "%.*s%%20%.*s", PL_FMT(out), PL_FMT(word)) : word;
    return out;
}

static int from_publishers(struct update *u)
{
    const char *osv = u->o->osv ? u->o->osv : OSV;
    struct pl_names ecos = ecosystems(u);
    struct pl_advbuild *b = pl_advbuild_new();
    struct pl_db_notes notes = { .quiet = u->o->quiet };
    int r = ecos.n ? 0
                   : pl_fail(&u->err, PL_E_USAGE,
                             "there is no database yet: name ecosystems, as in --ecosystem npm, or "
                             "a store");
    for (size_t i = 0; i < ecos.n && r == 0; i++) {
        struct pl_str eco = ecos.p[i];
        r = read_one(u, b, pl_printf(&u->a, "%s/%.*s/all.zip", osv, PL_FMT(escaped(u, eco))).p,
                     "all.zip", pl_printf(&u->a, "osv-%.*s", PL_FMT(eco)), &notes);
    }
    if (r == 0)
        r = read_one(u, b, u->o->kev ? u->o->kev : KEV, "kev.json", PL_S("kev"), &notes);
    if (r == 0)
        r = read_one(u, b, u->o->epss ? u->o->epss : EPSS, "epss.csv", PL_S("epss"), &notes);
    if (r == 0 && pl_db_write(u->o, "db update", b, u->dir) != 0)
        r = pl_fail(&u->err, PL_E_IO, "the database was not written");
    pl_advbuild_free(b);
    return r;
}

/* What could not be fetched is a warning as long as there is a database; a signature that does not
 * hold is an error always. */
static int failed(struct update *u, int r)
{
    struct pl_advdb *db = NULL;
    struct pl_err none = { 0 };
    char now[24];
    bool mild = r == PL_E_NET || r == PL_E_NOENT || r == PL_E_IO;
    if (!mild || pl_advdb_open(u->dir, &db, &none) < 0)
        return pl_run_failed("db update", &u->err);
    pl_db_now(now);
    long long age = pl_db_days(pl_advdb_info(db)->built, pl_str_c(now));
    fprintf(stderr, "warning: not updated: %s; the database in use is %lld days old\n", u->err.msg,
            age < 0 ? 0 : age);
    pl_advdb_close(db);
    return 0;
}

int pl_db_update(const struct pl_db_cmd *o, const char *from)
{
    struct update u = { .o = o };
    u.dir = pl_db_dir(o->db, /* make= */ true, &u.a);
    int r = begin(&u);
    if (r == 0)
        r = from ? take(&u, from) : from_publishers(&u);
    int code = r < 0 ? failed(&u, r) : 0;
    if (!code && r == 0 && from && !o->quiet)
        code = pl_db_status(&(struct pl_db_cmd){ .db = u.dir });
    end(&u);
    return code;
}
