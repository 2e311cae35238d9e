/* The store: what is put in comes out, shared facts once, changes over time, damage told; over
 * SQLite and over PostgreSQL, where tests/lib/with_pg.py started one. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "fmt/sqldb.h"
#include "store/row.h"
#include "store/store.h"
#include "store/store_int.h"

struct world {
    char dir[64];
    const char *where; /* the folder, or a database */
    struct pl_store *s;
    struct pl_arena a;
    struct pl_package package[3];
    struct pl_layer_info layer[2];
    struct pl_finding finding[2];
    struct pl_note note[2];
    struct pl_target t;
    struct pl_store_origin o;
    struct pl_str path[3];
    struct pl_err err;
};

static struct world *new_world(void)
{
    struct world *w = calloc(1, sizeof *w);
    assert_non_null(w);
    static const char *const names[] = { "zlib", "bash", "curl" };
    for (size_t i = 0; i < 3; i++) {
        struct pl_package *p = &w->package[i];
        w->path[i] = PL_S("var/lib/dpkg/status");
        p->pkg.type = PL_S("deb");
        p->pkg.name = pl_str_c(names[i]);
        p->pkg.version = PL_S("1:2.0-1");
        p->purl = pl_printf(&w->a, "pkg:deb/debian/%s@2.0", names[i]);
        p->distro = PL_S("debian-12");
        p->scheme = "deb";
        p->paths = (struct pl_names){ &w->path[i], 1 };
        p->span = (struct pl_span){ (uint32_t)(i == 0), PL_NEVER, PL_HOW_NONE, true };
    }
    w->package[2].span = (struct pl_span){ 0, 1, PL_HOW_REPLACED, false };
    w->layer[0] = (struct pl_layer_info){ .index = 0, .digest = PL_S("sha256:00"), .bytes = 7 };
    w->layer[1] =
        (struct pl_layer_info){ .index = 1, .created_by = PL_S("RUN x"), .has_created_by = true };
    w->finding[0] = (struct pl_finding){ .kind = PL_KIND_SECRET,
                                         .rule = PL_S("secret/x"),
                                         .evidence = PL_S("x…(sha256:00)"),
                                         .secret = PL_S("the whole value"),
                                         .print = PL_S("ff") };
    w->finding[1] = (struct pl_finding){ .kind = PL_KIND_TRUST, .rule = PL_S("trust/end-of-life") };
    w->note[0].code = PL_S("told");
    w->note[1] = (struct pl_note){ .scope = PL_SCOPE_LAYER,
                                   .where = PL_S("layer 1"),
                                   .code = PL_S("truncated"),
                                   .incomplete = true };
    w->t = (struct pl_target){ .name = PL_S("oci:shop"),
                               .kind = PL_S("image"),
                               .digest = PL_S("sha256:aa"),
                               .platform = PL_S("linux/amd64"),
                               .notes = w->note,
                               .n_notes = 2,
                               .layers = w->layer,
                               .n_layers = 2,
                               .findings = w->finding,
                               .n_findings = 2,
                               .packages = w->package,
                               .n_packages = 3 };
    w->o =
        (struct pl_store_origin){ 1000, PL_S("1.0"), PL_S("2026.11"), PL_S("sha256:db"), PL_S("") };
    return w;
}

static int setup(void **state)
{
    struct world *w = new_world();
    snprintf(w->dir, sizeof w->dir, "/tmp/pl-store-XXXXXX");
    assert_non_null(mkdtemp(w->dir));
    w->where = w->dir;
    assert_int_equal(pl_store_open(w->dir, PL_STORE_MAKE, &w->s, &w->err), 0);
    *state = w;
    return 0;
}

/* What psql says to `text`, as `login` (a variable of the environment); -1 when it refuses. */
static long psql(const char *login, const char *text)
{
    char command[2048], line[64] = "";
    snprintf(command, sizeof command,
             "$PL_TEST_PSQL -XqtA -v ON_ERROR_STOP=1 \"$%s\" -c \"%s\" 2>&1", login, text);
    FILE *f = popen(command, "r");
    assert_non_null(f);
    if (!fgets(line, sizeof line, f))
        line[0] = 0;
    while (fgetc(f) != EOF)
        ;
    return pclose(f) == 0 ? strtol(line, NULL, 10) : -1;
}

static const char *url(const char *login)
{
    return getenv(login);
}

/* A database without a store. */
static int setup_bare(void **state)
{
    struct world *w = new_world();
    w->where = url("PL_TEST_PG");
    assert_int_equal(psql("PL_TEST_PG", "DROP SCHEMA IF EXISTS plimsoll CASCADE"), 0);
    *state = w;
    return 0;
}

static int setup_pg(void **state)
{
    struct pl_store_upgraded u;
    setup_bare(state);
    struct world *w = *state;
    assert_int_equal(pl_store_upgrade(w->where, /* make= */ true, "1", &u, &w->err), 0);
    assert_int_equal(u.from, 0);
    assert_int_equal(u.to, PL_STORE_SCHEMA);
    assert_int_equal(pl_store_open(w->where, PL_STORE_WRITE, &w->s, &w->err), 0);
    return 0;
}

static void file(const struct world *w, const char *suffix, char *out)
{
    snprintf(out, 128, "%s/store.db%s", w->dir, suffix);
}

static int teardown(void **state)
{
    static const char *const suffix[] = { "", "-wal", "-shm" };
    struct world *w = *state;
    char path[128];
    if (w->s)
        w->s->ops->close(w->s);
    if (w->dir[0])
        chmod(w->dir, 0700);
    for (size_t i = 0; i < PL_COUNT(suffix) && w->dir[0]; i++) {
        file(w, suffix[i], path);
        unlink(path);
    }
    assert_true(!w->dir[0] || rmdir(w->dir) == 0);
    pl_arena_release(&w->a);
    free(w);
    return 0;
}

static int64_t put(struct world *w)
{
    int64_t id = 0;
    assert_int_equal(w->s->ops->begin(w->s, &w->err), 0);
    assert_int_equal(w->s->ops->put(w->s, &w->o, &w->t, &id, &w->err), 0);
    assert_int_equal(w->s->ops->commit(w->s, &w->err), 0);
    assert_true(id > 0);
    return id;
}

static void state(struct world *w, int64_t at, int64_t image, const uint32_t *flaw, size_t n)
{
    const struct pl_store_origin o = { .at = at };
    int64_t run;
    assert_int_equal(w->s->ops->begin(w->s, &w->err), 0);
    assert_int_equal(w->s->ops->run(w->s, &o, &run, &w->err), 0);
    assert_int_equal(w->s->ops->state(w->s, run, image, flaw, n, &w->err), 0);
    assert_int_equal(w->s->ops->commit(w->s, &w->err), 0);
}

static struct pl_store_counts counts(struct world *w)
{
    struct pl_store_counts c = { 0 };
    assert_int_equal(w->s->ops->counts(w->s, &c, &w->err), 0);
    return c;
}

static void reopen(struct world *w, enum pl_store_mode mode, int expected)
{
    if (w->s)
        w->s->ops->close(w->s);
    w->s = NULL;
    assert_int_equal(pl_store_open(w->where, mode, &w->s, &w->err), expected);
}

/* What the callback of each_image saw. */
struct seen {
    struct world *w;
    unsigned n;
    uint32_t flaw[8];
    size_t n_flaws;
};

static int look_at_shop(void *arg, const struct pl_store_image *i)
{
    struct seen *x = arg;
    struct world *w = x->w;
    struct pl_package p;
    struct pl_layer_info l;
    struct pl_names paths;
    x->n++;
    assert_true(pl_str_is(i->name, "oci:shop") && pl_str_is(i->digest, "sha256:aa"));
    assert_true(pl_str_is(i->platform, "linux/amd64") && !i->complete);
    assert_int_equal(i->origin.at, 1000);
    assert_true(pl_str_is(i->origin.db, "sha256:db"));
    assert_int_equal(i->n_members, 3);
    static const char *const order[] = { "bash", "curl", "zlib" };
    for (size_t k = 0; k < 3; k++) {
        assert_int_equal(w->s->ops->package(w->s, i->member[k].package, &w->a, &p, &w->err), 0);
        assert_true(pl_str_is(p.pkg.name, order[k]) && pl_str_is(p.distro, "debian-12"));
        assert_string_equal(p.scheme, "deb");
        assert_int_equal(w->s->ops->place(w->s, i->member[k].place, &w->a, &paths, &w->err), 0);
        assert_true(paths.n == 1 && pl_str_is(paths.p[0], "var/lib/dpkg/status"));
    }
    assert_int_equal(i->member[1].span.hidden, 1);
    assert_int_equal(i->member[1].span.how, PL_HOW_REPLACED);
    assert_false(i->member[1].span.visible);
    assert_int_equal(i->member[2].span.introduced, 1);
    assert_int_equal(i->n_layers, 2);
    assert_int_equal(w->s->ops->layer(w->s, i->layer[1], &w->a, &l, &w->err), 0);
    assert_true(l.has_created_by && pl_str_is(l.created_by, "RUN x"));
    assert_int_equal(i->n_notes, 1);
    assert_true(pl_str_is(i->notes[0].code, "truncated") && i->notes[0].incomplete);
    return 0;
}

static void an_inventory_comes_back_whole(void **state_)
{
    struct world *w = *state_;
    struct seen x = { .w = w };
    put(w);
    reopen(w, PL_STORE_READ, 0);
    assert_int_equal(w->s->ops->each_image(w->s, INT64_MAX, look_at_shop, &x, &w->err), 0);
    assert_int_equal(x.n, 1);
}

static void equal_facts_are_kept_once(void **state_)
{
    struct world *w = *state_;
    int64_t first = put(w);
    w->t.name = PL_S("oci:other");
    assert_int_not_equal(put(w), first);
    struct pl_store_counts c = counts(w);
    assert_int_equal(c.images, 2);
    assert_int_equal(c.packages, 3);
    assert_int_equal(c.sets, 1);
    assert_int_equal(c.layers, 2);
}

static void a_mark_tells_apart(void **state_)
{
    struct world *w = *state_;
    int64_t first = put(w);
    w->o.mark = PL_S("2");
    assert_int_not_equal(put(w), first);
    assert_int_equal(counts(w).images, 2);
}

static void the_same_image_is_replaced(void **state_)
{
    struct world *w = *state_;
    int64_t first = put(w);
    w->package[0].pkg.version = PL_S("1:3.0-1");
    assert_int_equal(put(w), first);
    struct pl_store_counts c = counts(w);
    assert_int_equal(c.images, 1);
    assert_int_equal(c.packages, 4);
    assert_int_equal(c.sets, 1); /* the old list is gone */
}

static void whole_secrets_and_derived_findings_stay_out(void **state_)
{
    struct world *w = *state_;
    struct pl_sqldb *db;
    char path[128];
    put(w);
    file(w, "", path);
    assert_int_equal(pl_sqldb_open(path, PL_SQLDB_KEPT, &db, &w->err), 0);
    {
        pl_auto_q struct pl_sqlq *q = NULL;
        assert_int_equal(pl_sqlq_new(db, "SELECT rule, evidence, * FROM finding", &q, &w->err), 0);
        assert_int_equal(pl_sqlq_step(q, &w->err), 1);
        assert_true(pl_str_is(pl_sqlq_col(q, 0), "secret/x"));
        assert_true(pl_str_is(pl_sqlq_col(q, 1), "x…(sha256:00)"));
        assert_int_equal(pl_sqlq_step(q, &w->err), 0);
    }
    pl_sqldb_close(db);
    FILE *f = fopen(path, "rb");
    assert_non_null(f);
    static char text[1 << 20];
    size_t n = fread(text, 1, sizeof text, f);
    fclose(f);
    assert_int_equal(pl_str_find(pl_str_n(text, n), PL_S("the whole value"), 0), SIZE_MAX);
}

static int keep_flaws(void *arg, const struct pl_store_image *i)
{
    struct seen *x = arg;
    x->n++;
    x->n_flaws = i->n_flaws;
    for (size_t k = 0; k < i->n_flaws && k < 8; k++)
        x->flaw[k] = i->flaw[k];
    return 0;
}

static void expect(struct world *w, int64_t since, const uint32_t *flaw, size_t n)
{
    struct seen x = { .w = w };
    assert_int_equal(w->s->ops->each_image(w->s, since, keep_flaws, &x, &w->err), 0);
    assert_int_equal(x.n_flaws, n);
    for (size_t i = 0; i < n; i++)
        assert_int_equal(x.flaw[i], flaw[i]);
}

static void what_it_had_can_be_asked_for_any_time(void **state_)
{
    struct world *w = *state_;
    static const uint32_t a[] = { 3, 5 }, b[] = { 3, 7, 9 }, c[] = { 1, 3, 9 };
    int64_t id = put(w);
    expect(w, INT64_MAX, NULL, 0);
    state(w, 2000, id, a, 2);
    state(w, 3000, id, b, 3);
    state(w, 3500, id, b, 3);
    state(w, 4000, id, c, 3);
    expect(w, INT64_MAX, c, 3);
    expect(w, 4001, c, 3);
    expect(w, 4000, b, 3);
    expect(w, 3001, b, 3);
    expect(w, 3000, a, 2);
    expect(w, 2001, a, 2);
    expect(w, 2000, NULL, 0);
}

static void flaws_have_numbers(void **state_)
{
    struct world *w = *state_;
    uint32_t x = 9, y;
    struct pl_str subject, rule;
    assert_int_equal(w->s->ops->begin(w->s, &w->err), 0);
    assert_int_equal(w->s->ops->flaw(w->s, PL_S("p"), PL_S("CVE-1"), false, &x, &w->err), 0);
    assert_int_equal(x, 0);
    assert_int_equal(w->s->ops->flaw(w->s, PL_S("p"), PL_S("CVE-1"), true, &x, &w->err), 0);
    assert_int_equal(w->s->ops->flaw(w->s, PL_S("p"), PL_S("CVE-1"), true, &y, &w->err), 0);
    assert_true(x > 0 && x == y);
    assert_int_equal(w->s->ops->flaw_named(w->s, x, &w->a, &subject, &rule, &w->err), 0);
    assert_true(pl_str_is(subject, "p") && pl_str_is(rule, "CVE-1"));
    assert_int_equal(w->s->ops->flaw_named(w->s, 999, &w->a, &subject, &rule, &w->err),
                     PL_E_FORMAT);
    w->s->ops->rollback(w->s);
}

static void undone_numbers_are_forgotten(void **state_)
{
    struct world *w = *state_;
    int64_t id;
    assert_int_equal(w->s->ops->begin(w->s, &w->err), 0);
    assert_int_equal(w->s->ops->put(w->s, &w->o, &w->t, &id, &w->err), 0);
    w->s->ops->rollback(w->s);
    assert_int_equal(counts(w).packages, 0);
    struct seen x = { .w = w };
    put(w);
    assert_int_equal(w->s->ops->each_image(w->s, INT64_MAX, look_at_shop, &x, &w->err), 0);
    assert_int_equal(x.n, 1);
}

static void sql(struct world *w, const char *text)
{
    struct pl_sqldb *db;
    char path[128];
    file(w, "", path);
    assert_int_equal(pl_sqldb_open(path, PL_SQLDB_KEPT, &db, &w->err), 0);
    assert_int_equal(pl_sqldb_run(db, text, &w->err), 0);
    pl_sqldb_close(db);
}

static void a_newer_store_is_refused(void **state_)
{
    struct world *w = *state_;
    put(w);
    sql(w, "PRAGMA user_version=99");
    reopen(w, PL_STORE_MAKE, PL_E_UNSUP);
    assert_non_null(strstr(w->err.msg, "newer program"));
}

static void other_databases_are_refused(void **state_)
{
    struct world *w = *state_;
    sql(w, "PRAGMA application_id=7; PRAGMA user_version=1");
    reopen(w, PL_STORE_MAKE, PL_E_FORMAT);
}

static void damaged_rows_are_told(void **state_)
{
    static const char *const spoil[] = {
        "UPDATE pkgset SET members=x'05'",
        "UPDATE pkgset SET members=x'ffffffffffffffff7f'",
        "DELETE FROM pkgset",
        "UPDATE image SET notes=x'01'",
        "UPDATE image SET layers=x'02ff'",
        "UPDATE state SET flaws=x'020200'", /* does not rise */
    };
    struct world *w = *state_;
    static const uint32_t flaw[] = { 1 };
    for (size_t i = 0; i < PL_COUNT(spoil); i++) {
        struct seen x = { .w = w };
        int64_t id = put(w);
        state(w, 1, id, flaw, 1);
        sql(w, spoil[i]);
        assert_int_equal(w->s->ops->each_image(w->s, INT64_MAX, keep_flaws, &x, &w->err),
                         PL_E_FORMAT);
        assert_int_equal(x.n, 0);
        sql(w, "DELETE FROM image; DELETE FROM pkgset; DELETE FROM state; DELETE FROM finding");
    }
}

static void a_file_that_is_no_database_is_told(void **state_)
{
    struct world *w = *state_;
    char path[128];
    reopen(w, PL_STORE_WRITE, 0);
    w->s->ops->close(w->s);
    w->s = NULL;
    file(w, "", path);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    for (int i = 0; i < 4096; i++)
        fputs("nonsense", f);
    fclose(f);
    reopen(w, PL_STORE_WRITE, PL_E_FORMAT);
}

static void there_must_be_one_to_read(void **state_)
{
    struct world *w = *state_;
    struct pl_store *s;
    assert_int_equal(pl_store_open("/nowhere/at/all", PL_STORE_READ, &s, &w->err), PL_E_NOENT);
    assert_int_equal(pl_store_open("/nowhere/at/all", PL_STORE_WRITE, &s, &w->err), PL_E_NOENT);
    assert_int_equal(pl_store_open("/nowhere/at/all", PL_STORE_MAKE, &s, &w->err), PL_E_IO);
    assert_int_equal(pl_store_open("", PL_STORE_READ, &s, &w->err), PL_E_USAGE);
}

static void rows_refuse_other_bytes(void **state_)
{
    struct world *w = *state_;
    pl_auto_buf struct pl_buf b = { 0 };
    struct pl_package p;
    pl_row_put_package(&b, &w->package[0]);
    assert_true(pl_row_get_package(pl_buf_str(&b), &w->a, &p));
    for (size_t n = 0; n < b.n; n++)
        assert_false(pl_row_get_package(pl_str_n(b.p, n), &w->a, &p));
    pl_buf_putc(&b, 0);
    assert_false(pl_row_get_package(pl_buf_str(&b), &w->a, &p));
    static const uint32_t v[] = { 0, UINT32_MAX, 7, 7, 6 };
    uint32_t *back;
    size_t n;
    pl_buf_clear(&b);
    pl_row_put_numbers(&b, v, 5);
    assert_true(pl_row_get_numbers(pl_buf_str(&b), &w->a, &back, &n));
    assert_int_equal(n, 5);
    assert_memory_equal(back, v, sizeof v);
}

static void members_are_kept_in_runs_and_read_as_older_programs_wrote_them(void **state_)
{
    static const char older[] = "\x02\x0a\x02\x01\x01" /* 5 at 1, layer 0, visible */
                                "\x09\x04\x02\x06\x03" /* 0 at 3, layer 1, replaced by 3 */;
    struct world *w = *state_;
    pl_auto_buf struct pl_buf b = { 0 };
    struct pl_store_member *m, *again;
    size_t n;
    assert_true(pl_row_get_members(pl_str_n(older, sizeof older - 1), &w->a, &m, &n));
    assert_int_equal(n, 2);
    assert_true(m[0].package == 5 && m[0].place == 1 && m[0].span.introduced == 0 &&
                m[0].span.visible && m[0].span.hidden == PL_NEVER);
    assert_true(m[1].package == 0 && m[1].place == 3 && m[1].span.introduced == 1 &&
                m[1].span.hidden == 3 && !m[1].span.visible);
    pl_row_put_members(&b, m, n);
    assert_true(pl_row_get_members(pl_buf_str(&b), &w->a, &again, &n));
    assert_int_equal(n, 2);
    assert_true(again[1].span.introduced == 1 && again[1].span.hidden == 3 &&
                again[1].span.how == m[1].span.how && !again[1].span.visible);
    for (size_t k = 0; k < b.n; k++)
        assert_false(pl_row_get_members(pl_str_n(b.p, k), &w->a, &again, &n));
    struct pl_store_member many[300];
    for (uint32_t k = 0; k < 300; k++)
        many[k] = (struct pl_store_member){ k, 1, { k / 100, PL_NEVER, PL_HOW_NONE, true } };
    pl_buf_clear(&b);
    pl_row_put_members(&b, many, 300);
    assert_true(b.n < 620);
    assert_true(pl_row_get_members(pl_buf_str(&b), &w->a, &again, &n));
    assert_true(n == 300 && again[299].span.introduced == 2 && again[99].span.introduced == 0);
}

/* ---- what holds what ---- */

#define MANY 1100u /* lists: more than a segment of the index */

struct held {
    int64_t id[2 * MANY];
    size_t n;
};

static int on_held(void *arg, int64_t id)
{
    struct held *h = arg;
    assert_true(h->n < 2 * MANY && (!h->n || h->id[h->n - 1] < id));
    h->id[h->n++] = id;
    return 0;
}

static int on_named(void *arg, uint32_t id, const struct pl_package *p)
{
    if (!(p->pkg.flags & PL_PKG_OS) &&
        (pl_str_is(p->pkg.name, "extra") || pl_str_is(p->pkg.source, "extra")))
        *(uint32_t *)arg = id;
    return 0;
}

/* Those that hold the package of this name; or what comes of it, where it is not 0. */
static int holders(struct world *w, struct pl_str name, struct held *h)
{
    uint32_t id = 0;
    h->n = 0;
    int r = w->s->ops->packages_named(w->s, name, on_named, &id, &w->err);
    return r < 0 ? r : w->s->ops->images_holding(w->s, &id, 1, on_held, h, &w->err);
}

/* Many lists of packages: image k holds zlib of version k; each seventh "extra", too. */
static void put_many(struct world *w, int64_t id[MANY])
{
    static struct pl_str path[] = { { "a", 1 } };
    struct pl_package p[2] = { w->package[0], w->package[1] };
    p[1].pkg.name = PL_S("extra");
    p[1].purl = PL_S("pkg:deb/debian/extra@2.0");
    p[1].paths = (struct pl_names){ path, 1 };
    w->t.packages = p;
    assert_int_equal(w->s->ops->begin(w->s, &w->err), 0);
    for (unsigned k = 0; k < MANY; k++) {
        w->t.n_packages = k % 7 ? 1 : 2;
        p[0].pkg.version = pl_printf(&w->a, "%u", k);
        w->t.name = pl_printf(&w->a, "oci:%u", k);
        w->t.digest = pl_printf(&w->a, "sha256:%u", k / 2);
        w->o.at = 1000 + k;
        assert_int_equal(w->s->ops->put(w->s, &w->o, &w->t, &id[k], &w->err), 0);
    }
    assert_int_equal(w->s->ops->commit(w->s, &w->err), 0);
}

static void check_many(struct world *w, const int64_t id[MANY])
{
    static struct held h;
    assert_int_equal(holders(w, PL_S("extra"), &h), 0);
    assert_int_equal(h.n, (MANY + 6) / 7);
    for (size_t k = 0; k < h.n; k++)
        assert_int_equal(h.id[k], id[7 * k]);
}

static void what_holds_a_package_is_found(void **state_)
{
    struct world *w = *state_;
    static struct held h;
    static int64_t id[MANY];
    put_many(w, id);
    check_many(w, id);
    /* replaced, in the index and behind it */
    struct pl_package p = w->package[0];
    w->t.packages = &p;
    w->t.n_packages = 1;
    for (unsigned k = 0; k < MANY; k += MANY - 1 - (MANY - 1) % 7) {
        w->t.name = pl_printf(&w->a, "oci:%u", k);
        w->t.digest = pl_printf(&w->a, "sha256:%u", k / 2);
        put(w);
    }
    assert_int_equal(holders(w, PL_S("extra"), &h), 0);
    assert_int_equal(h.n, (MANY + 6) / 7 - 2);
    assert_int_equal(h.id[0], id[7]);
}

/* A list that is the last in the index goes; its number must not come back for another. */
static void numbers_of_lists_do_not_come_back(void **state_)
{
    struct world *w = *state_;
    static int64_t id[MANY];
    static struct held h;
    struct pl_package p[2] = { w->package[0], w->package[1] };
    put_many(w, id);
    w->t.packages = p;
    w->t.n_packages = 1;
    for (unsigned k = 1000; k < MANY; k++) {
        w->t.name = pl_printf(&w->a, "oci:%u", k);
        w->t.digest = pl_printf(&w->a, "sha256:%u", k / 2);
        put(w);
    }
    w->t.n_packages = 2;
    p[1].pkg.name = PL_S("extra");
    p[1].pkg.version = PL_S("9");
    w->t.name = PL_S("oci:another");
    int64_t another = put(w);
    assert_int_equal(holders(w, PL_S("extra"), &h), 0);
    assert_true(h.n == 1 && h.id[0] == another);
}

/* Whoever collects facts goes by these numbers while others write. */
static void the_number_of_the_last_list_is_not_given_again(void **state_)
{
    struct world *w = *state_;
    struct pl_store_db *s = (struct pl_store_db *)w->s;
    struct pl_str name[] = { PL_S("oci:a"), PL_S("oci:b"), PL_S("oci:b"), PL_S("oci:c") };
    static const size_t n[] = { 1, 2, 1, 3 };
    for (size_t i = 0; i < PL_COUNT(n); i++) {
        w->t.name = name[i];
        w->t.n_packages = n[i];
        put(w);
    }
    struct pl_dbq *q = pl_store_q(s, PL_Q_SET_TAIL, &w->err);
    int64_t last = 0;
    assert_non_null(q);
    pl_dbq_int(q, 1, 0);
    while (pl_dbq_step(q, &w->err) == 1)
        last = pl_dbq_col_int(q, 0);
    pl_dbq_reset(q);
    assert_int_equal(last, 3);
    struct pl_gc g = { .tool = w->o.tool, .rules = w->o.rules };
    assert_int_equal(w->s->ops->gc(w->s, &g, &w->err), 0);
    assert_int_equal(g.sets, 1);
}

static int on_order(void *arg, const struct pl_store_image *i)
{
    struct held *h = arg;
    h->id[h->n++] = i->id;
    assert_true(i->found.p == NULL || pl_str_is(i->found, "what was found"));
    return 0;
}

static int on_said(void *arg, int64_t id, struct pl_str name)
{
    struct held *h = arg;
    assert_true(pl_str_starts(name, PL_S("oci:")));
    h->id[h->n++] = id;
    return 0;
}

static void inventories_are_found_and_read_in_order(void **state_)
{
    struct world *w = *state_;
    static int64_t id[MANY];
    static struct held h;
    const struct pl_store_ops *ops = w->s->ops;
    struct pl_store_ask how = { .order = PL_STORE_NEWEST, .limit = 3, .since = INT64_MAX };
    put_many(w, id);
    assert_int_equal(ops->begin(w->s, &w->err), 0);
    assert_int_equal(ops->found_put(w->s, id[2], PL_S("what was found"), &w->err), 0);
    assert_int_equal(ops->commit(w->s, &w->err), 0);
    h.n = 0;
    assert_int_equal(ops->images(w->s, id, MANY, &how, on_order, &h, &w->err), 0);
    assert_true(h.n == 3 && h.id[0] == id[MANY - 1] && h.id[2] == id[MANY - 3]);
    how = (struct pl_store_ask){ .since = INT64_MAX, .found = true };
    h.n = 0;
    assert_int_equal(ops->images(w->s, id, 11, &how, on_order, &h, &w->err), 0);
    assert_true(h.n == 11 && h.id[1] == id[1] && h.id[2] == id[10] && h.id[3] == id[2]);
    h.n = 0;
    assert_int_equal(ops->names_of(w->s, &id[4], 1, on_said, &h, &w->err), 0);
    assert_int_equal(h.n, 2);
    h.n = 0;
    assert_int_equal(ops->images_called(w->s, PL_S("oci:7"), on_held, &h, &w->err), 0);
    assert_true(h.n == 1 && h.id[0] == id[7]);
    h.n = 0;
    assert_int_equal(ops->images_digest(w->s, PL_S("sha256:4"), on_held, &h, &w->err), 0);
    assert_true(h.n == 2 && h.id[0] == id[8]);
    h.n = 0;
    assert_int_equal(ops->images_since(w->s, 1000 + MANY - 5, on_held, &h, &w->err), 0);
    assert_int_equal(h.n, 5);
}

static void what_has_a_flaw_is_found(void **state_)
{
    struct world *w = *state_;
    static int64_t id[MANY];
    static struct held h;
    struct pl_store_state v[3] = { { .n = 1 }, { .n = 1 }, { .n = 1 } };
    const struct pl_store_origin o = { .at = 1 };
    uint32_t flaw, other;
    int64_t run;
    put_many(w, id);
    assert_int_equal(w->s->ops->begin(w->s, &w->err), 0);
    assert_int_equal(w->s->ops->run(w->s, &o, &run, &w->err), 0);
    assert_int_equal(w->s->ops->flaw(w->s, PL_S("pkg:deb/debian/extra@2.0"), PL_S("CVE-1"), true,
                                     &flaw, &w->err),
                     0);
    assert_int_equal(
        w->s->ops->flaw(w->s, PL_S("a release"), PL_S("the end"), true, &other, &w->err), 0);
    v[0] = (struct pl_store_state){ id[7], &flaw, 1 };
    v[1] = (struct pl_store_state){ id[1], &other, 1 };
    v[2] = (struct pl_store_state){ id[2], &flaw, 1 }; /* what it has no more */
    assert_int_equal(w->s->ops->states(w->s, run, v, 3, &w->err), 0);
    assert_int_equal(w->s->ops->commit(w->s, &w->err), 0);
    h.n = 0;
    assert_int_equal(w->s->ops->images_flawed(w->s, PL_S("CVE-1"), on_held, &h, &w->err), 0);
    assert_true(h.n == 1 && h.id[0] == id[7]);
    h.n = 0;
    assert_int_equal(w->s->ops->images_flawed(w->s, PL_S("the end"), on_held, &h, &w->err), 0);
    assert_true(h.n == 1 && h.id[0] == id[1]);
}

static void a_damaged_index_is_told(void **state_)
{
    static const char *const spoil[] = {
        "DELETE FROM posting WHERE bucket=0",
        "UPDATE posting SET sets=substr(sets,1,length(sets)-1) WHERE bucket=0",
        "UPDATE posting SET sets=x''",
        "UPDATE posting SET sets=(SELECT sets FROM posting WHERE bucket=1)",
        "UPDATE segment SET first=first+1",
        "UPDATE segment SET buckets=x'00'",
        "UPDATE segment SET last=last-1",
    };
    struct world *w = *state_;
    static int64_t id[MANY];
    static struct held h;
    put_many(w, id);
    sql(w, "CREATE TABLE p AS SELECT * FROM posting; CREATE TABLE g AS SELECT * FROM segment");
    for (size_t i = 0; i < PL_COUNT(spoil); i++) {
        sql(w, spoil[i]);
        assert_int_equal(holders(w, PL_S("extra"), &h), PL_E_FORMAT);
        sql(w, "DELETE FROM posting; INSERT INTO posting SELECT * FROM p;"
               "DELETE FROM segment; INSERT INTO segment SELECT * FROM g");
    }
    check_many(w, id);
}

/* ---- what all inventories were last looked at with ---- */

static struct pl_store_matched matched(struct world *w)
{
    struct pl_store_matched m;
    assert_int_equal(w->s->ops->look(w->s, &w->err), 0);
    assert_int_equal(w->s->ops->matched(w->s, PL_STORE_FLAWS, &w->a, &m, &w->err), 0);
    w->s->ops->rollback(w->s);
    return m;
}

static void keep_matched(struct world *w, const struct pl_store_matched *old, size_t n)
{
    static uint64_t print[600];
    static const int64_t odd[] = { 1, 300, 301 };
    struct pl_store_matched m = {
        .what = PL_STORE_FLAWS, .print = print, .n = n, .odd = odd, .n_odd = 3, .now = old->now
    };
    for (size_t i = 0; i < 600; i++)
        print[i] = i * 0x9e3779b97f4a7c15u;
    memset(m.key, 7, sizeof m.key);
    assert_int_equal(w->s->ops->begin(w->s, &w->err), 0);
    assert_int_equal(w->s->ops->matched_begin(w->s, PL_STORE_FLAWS, &w->err), 0);
    assert_int_equal(w->s->ops->matched_keep(w->s, old, &m, 0, &w->err), 0);
    assert_int_equal(w->s->ops->commit(w->s, &w->err), 0);
}

static int on_since(void *arg, int64_t id)
{
    int64_t *sum = arg;
    *sum += id;
    return 0;
}

static int64_t since(struct world *w, const struct pl_store_matched *m)
{
    int64_t sum = 0;
    assert_int_equal(w->s->ops->matched_since(w->s, m, on_since, &sum, &w->err), 0);
    return sum;
}

static void what_was_matched_is_kept_until_something_else_is(void **state_)
{
    struct world *w = *state_;
    const uint32_t flaw[] = { 1 };
    int64_t image = put(w);
    struct pl_store_matched m = matched(w), stale;
    assert_false(m.there);
    assert_int_equal(w->s->ops->begin(w->s, &w->err), 0);
    assert_int_equal(w->s->ops->matched_begin(w->s, PL_STORE_FLAWS, &w->err), 0);
    assert_int_equal(w->s->ops->commit(w->s, &w->err), 0);
    assert_int_equal(put(w), image);
    m = matched(w);
    assert_false(m.there); /* begun, and not ended */
    keep_matched(w, &m, 600);
    m = matched(w);
    assert_true(m.there && m.n == 600 && m.n_odd == 3 && m.odd[2] == 301 && m.key[15] == 7);
    assert_true(m.print[0] == 0 && m.print[599] == 599 * 0x9e3779b97f4a7c15u);
    assert_int_equal(since(w, &m), 0); /* it was put in before */
    keep_matched(w, &m, 300);
    stale = m;
    m = matched(w);
    assert_true(m.there && m.n == 300);
    put(w);
    assert_int_equal(since(w, &m), image);
    struct pl_store_matched next = matched(w);
    keep_matched(w, &next, 300);
    m = matched(w);
    assert_int_equal(since(w, &m), 0);
    state(w, 5, image, flaw, 1);
    assert_int_equal(since(w, &m), image);
    keep_matched(w, &stale, 300); /* another run has ended meanwhile */
    m = matched(w);
    assert_false(m.there);
}

static void damaged_prints_are_none(void **state_)
{
    static const char *const spoil[] = {
        "UPDATE matched_print SET prints=substr(prints,1,length(prints)-8) WHERE bucket=1",
        "UPDATE matched_print SET prints=x'' WHERE bucket=0",
        "UPDATE matched_print SET prints=zeroblob(length(prints)) WHERE bucket=2",
        "UPDATE matched_print SET bucket=3 WHERE bucket=2",
        "DELETE FROM matched_print WHERE bucket=2",
        "INSERT INTO matched_print VALUES(0,3,x'00')",
        "UPDATE matched_print SET prints=(SELECT prints FROM matched_print WHERE bucket=1)",
        "UPDATE matched SET top=top+1",
        "UPDATE matched SET turn=turn+1",
        "UPDATE matched SET facts=substr(facts,1,length(facts)-1)",
        "UPDATE matched SET facts=x'0011223344556677'",
    };
    struct world *w = *state_;
    put(w);
    struct pl_store_matched m = { .now.turn = 0 };
    keep_matched(w, &m, 600);
    assert_true(matched(w).there);
    sql(w,
        "CREATE TABLE p AS SELECT * FROM matched_print; CREATE TABLE g AS SELECT * FROM matched");
    for (size_t i = 0; i < PL_COUNT(spoil); i++) {
        sql(w, spoil[i]);
        assert_false(matched(w).there);
        sql(w, "DELETE FROM matched_print; INSERT INTO matched_print SELECT * FROM p;"
               "DELETE FROM matched; INSERT INTO matched SELECT * FROM g");
    }
    assert_true(matched(w).there);
}

/* What the newest steps made, the last one first. */
#define UNDO_FLEET                                                                               \
    "DROP INDEX job_ready; DROP INDEX job_aside; DROP INDEX change_run; DROP INDEX state_first;" \
    "ALTER TABLE job DROP COLUMN turn; ALTER TABLE job DROP COLUMN told;"                        \
    "DROP TABLE share; DROP TABLE schedule; DROP TABLE ref; DROP TABLE exposure;"                \
    "DROP TABLE outbox; DROP TABLE rebuild; DROP INDEX wait_waiter;"                             \
    "DROP TABLE matched; DROP TABLE matched_print; DROP TABLE fresh;"
#define OLDER                                                                                \
    "DROP INDEX package_source; DROP INDEX package_subject; DROP TABLE posting; DROP TABLE " \
    "segment; ALTER TABLE package DROP COLUMN source; ALTER TABLE package DROP COLUMN subject;"

/* A store with rows, as a program without the index left it. */
static void older_rows_are_found_and_indexed(void **state_)
{
    struct world *w = *state_;
    struct pl_store_upgraded u;
    static int64_t id[MANY];
    put_many(w, id);
    if (w->dir[0]) {
        sql(w, UNDO_FLEET "CREATE INDEX job_ready ON job(priority DESC, id) WHERE state=0;" OLDER
                          "PRAGMA user_version=2");
    } else {
        assert_int_equal(psql("PL_TEST_PG",
                              "SET search_path TO plimsoll; " UNDO_FLEET
                              "CREATE INDEX job_ready ON job(id); DROP INDEX package_source, "
                              "package_subject, package_old, image_name; DROP TABLE "
                              "posting, segment; ALTER TABLE package DROP COLUMN source, "
                              "DROP COLUMN subject; DELETE FROM schema WHERE version > 2"),
                         0);
        assert_int_equal(pl_store_upgrade(w->where, /* make= */ false, "1", &u, &w->err), 0);
        assert_int_equal(u.from, 2);
    }
    reopen(w, PL_STORE_WRITE, 0);
    check_many(w, id);
    assert_int_equal(w->s->ops->index(w->s, &w->err), 0);
    check_many(w, id);
    reopen(w, PL_STORE_READ, 0);
    check_many(w, id);
}

/* ---- the queue ---- */

static struct pl_work_new image(uint8_t key)
{
    struct pl_work_new n = { .target = PL_S("oci:x"),
                             .digest = PL_S(""),
                             .host = PL_S("r.example") };
    n.key[0] = key;
    return n;
}

struct claimed {
    int64_t id[8];
    size_t n;
};

static int on_claim(void *arg, const struct pl_work *k)
{
    struct claimed *c = arg;
    c->id[c->n++] = k->id;
    return 0;
}

static size_t claim(struct world *w, const char *who, int64_t lease, struct claimed *c)
{
    c->n = 0;
    assert_int_equal(w->s->ops->work_claim(w->s, pl_str_c(who), lease, PL_WORK_IMAGE,
                                           PL_WORK_DISCOVER, 8, on_claim, c, &w->err),
                     0);
    return c->n;
}

static bool done(struct world *w, int64_t id, const char *who)
{
    bool held;
    assert_int_equal(w->s->ops->share(w->s, &w->err), 0);
    assert_int_equal(w->s->ops->work_done(w->s, id, pl_str_c(who), &held, &w->err), 0);
    assert_int_equal(w->s->ops->commit(w->s, &w->err), 0);
    return held;
}

static uint64_t in_state(struct world *w, enum pl_work_state s)
{
    uint64_t n[PL_WORK_STATES];
    uint64_t open[PL_WORK_STATES];
    assert_int_equal(w->s->ops->work_counts(w->s, n, &w->err), 0);
    assert_int_equal(w->s->ops->work_open(w->s, open, &w->err), 0);
    for (unsigned i = 0; i < PL_WORK_STATES; i++)
        assert_int_equal(open[i], i == PL_WORK_DONE ? 0 : n[i]);
    return n[s];
}

static void work_is_claimed_once_and_done_once(void **state_)
{
    struct world *w = *state_;
    const struct pl_work_new v[] = { image(1), image(2), image(1) };
    struct claimed c;
    assert_int_equal(w->s->ops->work_add(w->s, v, 3, &w->err), 0);
    assert_int_equal(claim(w, "a", 60, &c), 2);
    assert_false(done(w, c.id[0], "b"));
    assert_true(done(w, c.id[0], "a"));
    assert_false(done(w, c.id[0], "a"));
    assert_int_equal(in_state(w, PL_WORK_LEASED), 1);
    assert_int_equal(w->s->ops->work_add(w->s, v, 3, &w->err), 0); /* what is done, again */
    assert_int_equal(claim(w, "b", 60, &c), 1);
}

static void a_lease_that_is_over_goes_to_others(void **state_)
{
    struct world *w = *state_;
    const struct pl_work_new v = image(1);
    struct claimed c;
    assert_int_equal(w->s->ops->work_add(w->s, &v, 1, &w->err), 0);
    assert_int_equal(claim(w, "a", -1, &c), 1);
    sleep(1); /* lost work is looked for once a second */
    assert_int_equal(claim(w, "b", 60, &c), 1);
    assert_false(done(w, c.id[0], "a"));
    assert_true(done(w, c.id[0], "b"));
}

static void what_fails_three_times_is_set_aside(void **state_)
{
    struct world *w = *state_;
    const struct pl_work_new v = image(1);
    struct claimed c;
    uint64_t n;
    assert_int_equal(w->s->ops->work_add(w->s, &v, 1, &w->err), 0);
    for (int i = 0; i < PL_WORK_FAILS; i++) {
        assert_int_equal(claim(w, "a", 60, &c), 1);
        assert_int_equal(w->s->ops->work_fail(w->s, c.id[0], PL_S("a"), PL_S("why"), 0, &w->err),
                         0);
    }
    assert_int_equal(claim(w, "a", 60, &c), 0);
    assert_int_equal(in_state(w, PL_WORK_ASIDE), 1);
    assert_int_equal(w->s->ops->work_add(w->s, &v, 1, &w->err), 0); /* not silently */
    assert_int_equal(claim(w, "a", 60, &c), 0);
    assert_int_equal(w->s->ops->work_retry(w->s, 0, &n, &w->err), 0);
    assert_int_equal(n, 1);
    assert_int_equal(claim(w, "a", 60, &c), 1);
}

static void an_image_waits_for_its_layers(void **state_)
{
    struct world *w = *state_;
    const struct pl_work_new v[] = { image(1), image(2) };
    struct pl_work_new layer[] = { image(8), image(9) };
    struct claimed c, l;
    int64_t waits;
    layer[0].kind = layer[1].kind = PL_WORK_LAYER;
    assert_int_equal(w->s->ops->work_add(w->s, v, 2, &w->err), 0);
    assert_int_equal(claim(w, "a", 60, &c), 2);
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(w->s->ops->work_wait(w->s, c.id[i], PL_S("a"), layer, 2, &waits, &w->err),
                         0);
        assert_int_equal(waits, 2);
    }
    assert_int_equal(in_state(w, PL_WORK_WAITING), 2);
    assert_int_equal(claim(w, "b", 60, &l), 2); /* each layer once */
    assert_true(done(w, l.id[0], "b"));
    assert_int_equal(in_state(w, PL_WORK_WAITING), 2);
    assert_true(done(w, l.id[1], "b"));
    assert_int_equal(claim(w, "a", 60, &c), 2);
    assert_int_equal(w->s->ops->work_wait(w->s, c.id[0], PL_S("b"), layer, 2, &waits, &w->err), 0);
    assert_int_equal(waits, -1); /* it is another's */
    assert_int_equal(in_state(w, PL_WORK_WAITING), 0);
}

static void an_image_that_is_queued_while_it_is_read_is_read_again(void **state_)
{
    struct world *w = *state_;
    struct pl_work_new v[] = { image(1), image(2) };
    struct claimed c;
    v[1].kind = PL_WORK_LAYER; /* what a digest names does not change */
    assert_int_equal(w->s->ops->work_add(w->s, v, 2, &w->err), 0);
    assert_int_equal(claim(w, "a", 60, &c), 2);
    assert_int_equal(w->s->ops->work_add(w->s, v, 2, &w->err), 0);
    assert_int_equal(claim(w, "b", 60, &c), 0); /* not beside each other */
    assert_int_equal(in_state(w, PL_WORK_LEASED), 2);
    for (size_t i = 0; i < 2; i++)
        assert_true(done(w, c.id[i], "a"));
    assert_int_equal(in_state(w, PL_WORK_DONE), 1);
    assert_int_equal(claim(w, "b", 60, &c), 1);
    assert_true(done(w, c.id[0], "b"));
    assert_int_equal(claim(w, "b", 60, &c), 0); /* once */
    assert_int_equal(in_state(w, PL_WORK_DONE), 2);
}

struct heard {
    size_t n, more, less;
    char text[64]; /* rule and print of the last one, with its sign */
};

static int on_again(void *arg, const struct pl_store_again *g)
{
    struct heard *h = arg;
    h->n++;
    h->more += g->n_more;
    h->less += g->n_less;
    const struct pl_finding *f = g->n_more ? g->more : g->less;
    snprintf(h->text, sizeof h->text, "%c%.*s %.*s", g->n_more ? '+' : '-', PL_FMT(f->rule),
             PL_FMT(f->print));
    return 0;
}

/* Puts the inventory again with this print of its secret, "" for none; what is to be told. */
static struct heard put_again(struct world *w, const char *print)
{
    struct heard h = { 0 };
    int64_t image;
    w->finding[0].print = pl_str_c(print);
    w->t.findings = &w->finding[!print[0]];
    w->t.n_findings = print[0] ? 2 : 1;
    assert_int_equal(w->s->ops->begin(w->s, &w->err), 0);
    assert_int_equal(w->s->ops->put(w->s, &w->o, &w->t, &image, &w->err), 0);
    assert_int_equal(w->s->ops->again(w->s, 0, 10, &w->a, on_again, &h, &w->err), 0);
    assert_int_equal(w->s->ops->commit(w->s, &w->err), 0);
    return h;
}

static void what_another_reading_finds_is_kept_to_be_told(void **state_)
{
    struct world *w = *state_;
    const uint32_t flaw[] = { 1 };
    int64_t image = 1, run;
    assert_int_equal(put_again(w, "ff").n, 0);
    assert_int_equal(put_again(w, "fe").n, 0); /* nobody tells */
    assert_int_equal(w->s->ops->note_put(w->s, PL_S("told"), PL_S("0"), &w->err), 0);
    assert_int_equal(put_again(w, "ff").n, 1); /* though it was never matched */
    assert_int_equal(w->s->ops->again_told(w->s, image, &w->err), 0);
    assert_int_equal(w->s->ops->begin(w->s, &w->err), 0);
    assert_int_equal(w->s->ops->run(w->s, &w->o, &run, &w->err), 0);
    assert_int_equal(w->s->ops->state(w->s, run, image, flaw, 1, &w->err), 0);
    assert_int_equal(w->s->ops->commit(w->s, &w->err), 0);
    assert_int_equal(put_again(w, "ff").n, 0); /* the same */
    struct heard h = put_again(w, "");
    assert_int_equal(h.less, 1);
    assert_string_equal(h.text, "-secret/x ff");
    h = put_again(w, "fd");
    assert_true(h.n == 1 && h.more == 1 && h.less == 1);
    assert_string_equal(h.text, "+secret/x fd");
    assert_int_equal(put_again(w, "ff").n, 0); /* as it was when it was told */
    assert_int_equal(put_again(w, "fd").n, 1);
    assert_int_equal(w->s->ops->again_told(w->s, image, &w->err), 0);
    assert_int_equal(put_again(w, "fd").n, 0);
}

static void a_host_that_is_held_gets_no_work(void **state_)
{
    struct world *w = *state_;
    const struct pl_work_new v = image(1);
    struct claimed c;
    bool got;
    assert_int_equal(w->s->ops->work_add(w->s, &v, 1, &w->err), 0);
    assert_int_equal(w->s->ops->host_hold(w->s, PL_S("r.example"), 60, &w->err), 0);
    assert_int_equal(claim(w, "a", 60, &c), 0);
    assert_int_equal(w->s->ops->host_take(w->s, PL_S("r.example"), 1, 1, &got, &w->err), 0);
    assert_false(got);
    assert_int_equal(w->s->ops->host_take(w->s, PL_S("other"), 1, 1, &got, &w->err), 0);
    assert_true(got);
    assert_int_equal(w->s->ops->host_take(w->s, PL_S("third"), 1, 2, &got, &w->err), 0);
    assert_true(got);
}

static void a_clock_that_was_set_back_stops_nobody(void **state_)
{
    struct world *w = *state_;
    bool got;
    assert_int_equal(w->s->ops->host_take(w->s, PL_S("r.example"), 1, 1, &got, &w->err), 0);
    assert_true(got);
    sql(w, "UPDATE bucket SET at=at+7200");
    assert_int_equal(w->s->ops->host_take(w->s, PL_S("r.example"), 1, 1, &got, &w->err), 0);
    assert_true(got);
}

/* Who queued many does not hold up who queued few. */
static void shares_take_turns(void **state_)
{
    struct world *w = *state_;
    struct pl_work_new v[5];
    struct claimed c;
    for (uint8_t i = 0; i < 5; i++) {
        v[i] = image((uint8_t)(i + 1));
        v[i].share = i < 4 ? PL_S("r/many") : PL_S("r/few");
    }
    assert_int_equal(w->s->ops->work_add(w->s, v, 4, &w->err), 0);
    assert_int_equal(w->s->ops->work_add(w->s, v + 4, 1, &w->err), 0);
    assert_int_equal(w->s->ops->work_claim(w->s, PL_S("a"), 60, PL_WORK_IMAGE, PL_WORK_IMAGE, 3,
                                           on_claim, memset(&c, 0, sizeof c), &w->err),
                     0);
    assert_int_equal(c.n, 3);
    struct pl_work k;
    bool there;
    assert_int_equal(w->s->ops->work_find(w->s, v[4].key, &w->a, &k, &there, &w->err), 0);
    assert_int_equal(k.state, PL_WORK_LEASED);
}

static void what_a_worker_left_goes_to_others(void **state_)
{
    struct world *w = *state_;
    const struct pl_work_new v = image(1);
    struct claimed c;
    assert_int_equal(w->s->ops->work_add(w->s, &v, 1, &w->err), 0);
    assert_int_equal(claim(w, "a", 60, &c), 1);
    assert_int_equal(w->s->ops->work_leave(w->s, PL_S("a"), &w->err), 0);
    assert_int_equal(w->s->ops->work_beat(w->s, PL_S("a"), 60, &w->err), 0);
    reopen(w, PL_STORE_WRITE, 0);
    assert_int_equal(claim(w, "b", 60, &c), 1);
    assert_false(done(w, c.id[0], "a"));
    assert_true(done(w, c.id[0], "b"));
}

/* ---- PostgreSQL alone ---- */

static void a_database_is_made_ready_first(void **state_)
{
    struct world *w = *state_;
    struct pl_store_upgraded u;
    reopen(w, PL_STORE_MAKE, PL_E_NOENT);
    assert_non_null(strstr(w->err.msg, "plimsoll store init"));
    assert_int_equal(pl_store_upgrade(w->where, /* make= */ false, "1", &u, &w->err), PL_E_NOENT);
    assert_int_equal(pl_store_upgrade(w->where, /* make= */ true, "1", &u, &w->err), 0);
    assert_int_equal(pl_store_upgrade(w->where, /* make= */ true, "1", &u, &w->err), 0);
    assert_int_equal(u.from, PL_STORE_SCHEMA);
    reopen(w, PL_STORE_MAKE, 0);
}

static void a_newer_database_is_refused(void **state_)
{
    struct world *w = *state_;
    struct pl_store_upgraded u;
    assert_int_equal(psql("PL_TEST_PG", "INSERT INTO plimsoll.schema VALUES(99, now(), '9')"), 0);
    reopen(w, PL_STORE_READ, PL_E_UNSUP);
    assert_non_null(strstr(w->err.msg, "newer program"));
    assert_int_equal(pl_store_upgrade(w->where, /* make= */ true, "1", &u, &w->err), PL_E_UNSUP);
}

static void an_older_database_is_brought_forward(void **state_)
{
    struct world *w = *state_;
    struct pl_store_upgraded u;
    assert_int_equal(pl_store_pg_migrate(w->where, /* make= */ true, 1, "0", &u, &w->err), 0);
    assert_int_equal(u.to, 1);
    reopen(w, PL_STORE_WRITE, PL_E_UNSUP);
    assert_non_null(strstr(w->err.msg, "plimsoll store upgrade"));
    assert_int_equal(psql("PL_TEST_PG", "INSERT INTO plimsoll.run(at, tool, db) VALUES(7, '', '')"),
                     0);
    assert_int_equal(
        psql("PL_TEST_PG",
             "INSERT INTO plimsoll.image(name, digest, platform, kind, complete, notes, layers, "
             "pkgset, at, tool, rules, db, mark) VALUES('old', 'd', '', 'image', 1, '', '', 1, 1, "
             "'', '', '', ''); INSERT INTO plimsoll.flaw(subject, rule) VALUES('s', 'r')"),
        0);
    /* a step that ends in its middle leaves nothing, and is gone on with */
    assert_int_equal(psql("PL_TEST_PG", "CREATE TABLE plimsoll.bucket(x int)"), 0);
    assert_true(pl_store_upgrade(w->where, /* make= */ false, "1", &u, &w->err) < 0);
    assert_int_equal(psql("PL_TEST_PG", "SELECT max(version) FROM plimsoll.schema"), 1);
    assert_int_equal(psql("PL_TEST_PG", "SELECT count(to_regclass('plimsoll.job'))"), 0);
    assert_int_equal(psql("PL_TEST_PG", "DROP TABLE plimsoll.bucket"), 0);
    assert_int_equal(pl_store_upgrade(w->where, /* make= */ false, "1", &u, &w->err), 0);
    assert_int_equal(u.from, 1);
    assert_int_equal(u.to, PL_STORE_SCHEMA);
    reopen(w, PL_STORE_WRITE, 0);
    assert_int_equal(counts(w).runs, 1);
    uint32_t flaw = 0;
    assert_int_equal(w->s->ops->flaw(w->s, PL_S("s"), PL_S("r"), false, &flaw, &w->err), 0);
    assert_int_equal(flaw, 1);
    assert_int_equal(psql("PL_TEST_PG", "SELECT length(key) FROM plimsoll.image"), 16);
    put(w);
}

static void who_is_above_row_security_is_refused(void **state_)
{
    struct world *w = *state_;
    struct pl_store *s;
    assert_int_equal(pl_store_open(url("PL_TEST_PG_SUPER"), PL_STORE_READ, &s, &w->err), PL_E_AUTH);
}

static void a_stranger_is_refused(void **state_)
{
    struct world *w = *state_;
    struct pl_store *s;
    assert_int_equal(pl_store_open(url("PL_TEST_PG_OTHER"), PL_STORE_READ, &s, &w->err), PL_E_AUTH);
}

static void grant(struct world *w, const char *role, bool worker, const char *tenant)
{
    assert_int_equal(pl_store_grant(w->where, role, worker, tenant, &w->err), 0);
}

static void a_reader_reads_only(void **state_)
{
    struct world *w = *state_;
    struct seen x = { .w = w };
    int64_t id;
    put(w);
    grant(w, "plreader", /* worker= */ false, "default");
    w->where = url("PL_TEST_PG_READER");
    reopen(w, PL_STORE_WRITE, PL_E_AUTH);
    reopen(w, PL_STORE_READ, 0);
    assert_int_equal(w->s->ops->each_image(w->s, INT64_MAX, look_at_shop, &x, &w->err), 0);
    assert_int_equal(x.n, 1);
    if (w->s->ops->begin(w->s, &w->err) == 0)
        assert_true(w->s->ops->put(w->s, &w->o, &w->t, &id, &w->err) < 0);
    w->s->ops->rollback(w->s);
    assert_int_equal(psql("PL_TEST_PG_READER", "SELECT count(*) FROM plimsoll.image"), 1);
    assert_int_equal(psql("PL_TEST_PG_READER", "DELETE FROM plimsoll.image"), -1);
    assert_int_equal(psql("PL_TEST_PG_READER", "UPDATE plimsoll.image SET at=0"), -1);
    assert_int_equal(psql("PL_TEST_PG_READER", "SELECT * FROM plimsoll.member"), -1);
}

static void a_tenant_sees_its_own_rows(void **state_)
{
    struct world *w = *state_;
    struct seen x = { .w = w };
    grant(w, "plworker", /* worker= */ true, "a");
    grant(w, "plother", /* worker= */ true, "b");
    w->where = url("PL_TEST_PG_WORKER");
    reopen(w, PL_STORE_WRITE, 0);
    put(w);
    assert_int_equal(counts(w).images, 1);
    w->where = url("PL_TEST_PG_OTHER");
    reopen(w, PL_STORE_WRITE, 0);
    assert_int_equal(counts(w).images, 0);
    assert_int_equal(counts(w).packages, 0);
    assert_int_equal(psql("PL_TEST_PG_OTHER", "SELECT count(*) FROM plimsoll.image"), 0);
    psql("PL_TEST_PG_OTHER", "DELETE FROM plimsoll.image");
    assert_int_equal(psql("PL_TEST_PG_OTHER", "INSERT INTO plimsoll.run(tenant, at, tool, db) "
                                              "VALUES(2, 1, '', '')"),
                     -1);
    assert_int_equal(psql("PL_TEST_PG_OTHER", "UPDATE plimsoll.member SET tenant=2"), -1);
    put(w); /* numbers of its own, from 1 */
    assert_int_equal(counts(w).max_package, 3);
    w->where = url("PL_TEST_PG_WORKER");
    reopen(w, PL_STORE_WRITE, 0);
    assert_int_equal(w->s->ops->each_image(w->s, INT64_MAX, look_at_shop, &x, &w->err), 0);
    assert_int_equal(x.n, 1);
}

static void what_cannot_be_reached_is_told_without_the_password(void **state_)
{
    struct world *w = *state_;
    struct pl_store *s;
    assert_int_equal(pl_store_open("postgresql://me:hush@127.0.0.1:1/x?password=hush",
                                   PL_STORE_READ, &s, &w->err),
                     PL_E_NET);
    assert_null(strstr(w->err.msg, "hush"));
    assert_non_null(strstr(w->err.msg, "me@127.0.0.1"));
}

static void text_of_any_bytes_is_kept(void **state_)
{
    struct world *w = *state_;
    struct pl_package p;
    struct pl_arena a = { 0 };
    static char name[6000];
    memset(name, 0xe4, sizeof name);
    name[1] = 0;
    w->package[0].pkg.name = pl_str_n(name, sizeof name);
    w->t.name = pl_str_n(name, sizeof name);
    int64_t first = put(w);
    assert_int_equal(put(w), first);
    assert_int_equal(w->s->ops->package(w->s, 3, &a, &p, &w->err), 0);
    assert_true(pl_str_eq(p.pkg.name, w->t.name));
    pl_arena_release(&a);
}

#define BOTH(X)                                               \
    X(what_was_matched_is_kept_until_something_else_is)       \
    X(an_inventory_comes_back_whole)                          \
    X(equal_facts_are_kept_once)                              \
    X(a_mark_tells_apart)                                     \
    X(the_same_image_is_replaced)                             \
    X(what_it_had_can_be_asked_for_any_time)                  \
    X(flaws_have_numbers)                                     \
    X(undone_numbers_are_forgotten)                           \
    X(text_of_any_bytes_is_kept)                              \
    X(what_holds_a_package_is_found)                          \
    X(numbers_of_lists_do_not_come_back)                      \
    X(the_number_of_the_last_list_is_not_given_again)         \
    X(inventories_are_found_and_read_in_order)                \
    X(what_has_a_flaw_is_found)                               \
    X(older_rows_are_found_and_indexed)                       \
    X(work_is_claimed_once_and_done_once)                     \
    X(a_lease_that_is_over_goes_to_others)                    \
    X(what_fails_three_times_is_set_aside)                    \
    X(an_image_waits_for_its_layers)                          \
    X(an_image_that_is_queued_while_it_is_read_is_read_again) \
    X(a_host_that_is_held_gets_no_work)                       \
    X(what_another_reading_finds_is_kept_to_be_told)          \
    X(shares_take_turns)                                      \
    X(what_a_worker_left_goes_to_others)

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
#define X(f) T(f),
    const struct CMUnitTest tests[] = {
        BOTH(X) T(damaged_prints_are_none),
        T(whole_secrets_and_derived_findings_stay_out),
        T(a_newer_store_is_refused),
        T(a_clock_that_was_set_back_stops_nobody),
        T(other_databases_are_refused),
        T(damaged_rows_are_told),
        T(a_damaged_index_is_told),
        T(a_file_that_is_no_database_is_told),
        T(there_must_be_one_to_read),
        T(rows_refuse_other_bytes),
        T(members_are_kept_in_runs_and_read_as_older_programs_wrote_them),
    };
#undef X
#define X(f) cmocka_unit_test_setup_teardown(f, setup_pg, teardown),
    const struct CMUnitTest pg[] = {
        cmocka_unit_test_setup_teardown(a_database_is_made_ready_first, setup_bare, teardown),
        cmocka_unit_test_setup_teardown(an_older_database_is_brought_forward, setup_bare, teardown),
        BOTH(X) X(a_newer_database_is_refused) X(who_is_above_row_security_is_refused)
            X(a_stranger_is_refused) X(a_reader_reads_only) X(a_tenant_sees_its_own_rows)
                X(what_cannot_be_reached_is_told_without_the_password)
    };
    return url("PL_TEST_PG") ? cmocka_run_group_tests(pg, NULL, NULL)
                             : cmocka_run_group_tests(tests, NULL, NULL);
}
