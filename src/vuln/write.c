/* Writing the database: what was collected is numbered and sorted by content, so that the order of
 * reading leaves no trace. packages.md section 9. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/hash.h"
#include "fmt/jsonw.h"
#include "fmt/sqldb.h"
#include "vuln/build_int.h"
#include "vuln/db.h"

struct writer {
    struct pl_advbuild *b;
    struct pl_sqldb *db;
    struct pl_hash *hash; /* of all rows, in order */
    struct pl_err *err;
    uint32_t *order;    /* vulnerabilities by id, source, newest first */
    uint32_t n_vulns;   /* numbered */
    uint32_t *eco_rank; /* new number of each ecosystem, from 1 */
    uint64_t rows, packages;
};

/* ---- numbers ---- */

static int by_vuln(const void *pa, const void *pb, void *arg)
{
    const struct pl_advbuild *b = arg;
    const struct pl_build_vuln *x = &b->vuln.p[*(const uint32_t *)pa];
    const struct pl_build_vuln *y = &b->vuln.p[*(const uint32_t *)pb];
    int c = pl_str_cmp(x->id, y->id);
    if (!c)
        c = pl_str_cmp(b->source.p[x->source].name, b->source.p[y->source].name);
    if (!c)
        c = -pl_str_cmp(x->modified, y->modified);
    if (!c)
        c = -pl_str_cmp(x->body, y->body);
    return c ? c : -pl_str_cmp(x->text, y->text);
}

/* Equal id and source: the newest counts, with the rows of all that are as new. */
static void number_vulns(struct writer *w)
{
    struct pl_advbuild *b = w->b;
    w->order = calloc(b->vuln.n + 1, sizeof *w->order);
    if (!w->order)
        pl_oom();
    for (uint32_t i = 0; i < b->vuln.n; i++)
        w->order[i] = i;
    if (b->vuln.n)
        qsort_r(w->order, b->vuln.n, sizeof *w->order, by_vuln, b);
    const struct pl_build_vuln *first = NULL;
    for (size_t i = 0; i < b->vuln.n; i++) {
        struct pl_build_vuln *v = &b->vuln.p[w->order[i]];
        bool other = !first || !pl_str_eq(first->id, v->id) || first->source != v->source;
        if (other)
            first = v;
        if (other && !v->withdrawn)
            w->n_vulns++;
        bool counts = pl_str_eq(first->modified, v->modified) && !first->withdrawn;
        v->number = counts && !v->withdrawn ? w->n_vulns : 0;
    }
}

static int by_eco(const void *pa, const void *pb, void *arg)
{
    const struct pl_advbuild *b = arg;
    return pl_str_cmp(b->eco.p[*(const uint32_t *)pa], b->eco.p[*(const uint32_t *)pb]);
}

static uint32_t *rank_ecos(const struct pl_advbuild *b)
{
    uint32_t *sorted = calloc(b->eco.n + 1, sizeof *sorted);
    uint32_t *rank = calloc(b->eco.n + 1, sizeof *rank);
    if (!sorted || !rank)
        pl_oom();
    for (uint32_t i = 0; i < b->eco.n; i++)
        sorted[i] = i;
    if (b->eco.n)
        qsort_r(sorted, b->eco.n, sizeof *sorted, by_eco, (void *)(uintptr_t)b);
    for (uint32_t i = 0; i < b->eco.n; i++)
        rank[sorted[i]] = i + 1;
    free(sorted);
    return rank;
}

/* ---- rows ---- */

static void account(struct writer *w, struct pl_str s)
{
    uint8_t n[4] = { (uint8_t)s.n, (uint8_t)(s.n >> 8), (uint8_t)(s.n >> 16),
                     (uint8_t)(s.n >> 24) };
    pl_hash_add(w->hash, n, sizeof n);
    pl_hash_add(w->hash, s.p, s.n);
}

static int put_row(struct writer *w, struct pl_sqlq *q)
{
    int r = pl_sqlq_step(q, w->err);
    return r > 0 ? 0 : r;
}

static int write_vulns(struct writer *w)
{
    pl_auto_q struct pl_sqlq *q = NULL, *t = NULL;
    if (pl_sqlq_new(w->db, "INSERT INTO vuln VALUES(?1,?2,?3,?4)", &q, w->err) < 0 ||
        pl_sqlq_new(w->db, "INSERT INTO text VALUES(?1,?2)", &t, w->err) < 0)
        return w->err->code;
    uint32_t done = 0;
    int r = 0;
    for (size_t i = 0; i < w->b->vuln.n && r == 0; i++) {
        const struct pl_build_vuln *v = &w->b->vuln.p[w->order[i]];
        if (v->number <= done)
            continue;
        done = v->number;
        struct pl_str source = w->b->source.p[v->source].name;
        pl_sqlq_int(q, 1, v->number);
        pl_sqlq_text(q, 2, v->id);
        pl_sqlq_text(q, 3, source);
        pl_sqlq_blob(q, 4, v->body);
        account(w, v->id);
        account(w, source);
        account(w, v->body);
        account(w, v->text);
        r = put_row(w, q);
        if (r == 0 && v->text.n) {
            pl_sqlq_int(t, 1, v->number);
            pl_sqlq_blob(t, 2, v->text);
            r = put_row(w, t);
        }
    }
    return r;
}

/* The names under which a vulnerability is found. */
struct alias {
    struct pl_str id;
    uint32_t number;
};
struct aliases {
    PL_VEC(struct alias) v;
};

static int by_alias(const void *pa, const void *pb)
{
    const struct alias *x = pa, *y = pb;
    int c = pl_str_cmp(x->id, y->id);
    return c ? c : x->number < y->number ? -1 : x->number > y->number;
}

static void collect_aliases(const struct pl_build_vuln *v, struct aliases *ret)
{
    struct pl_rd r = { (const uint8_t *)v->body.p, (const uint8_t *)v->body.p + v->body.n, false };
    pl_vec_push(&ret->v, (struct alias){ v->id, v->number });
    pl_get_u8(&r);
    pl_get_u8(&r);
    pl_get_str(&r);
    for (int list = 0; list < 2; list++)
        for (uint64_t n = pl_get_var(&r); n > 0 && !r.bad; n--)
            pl_vec_push(&ret->v, (struct alias){ pl_get_str(&r), v->number });
}

static int write_aliases(struct writer *w)
{
    struct aliases all = { { NULL, 0, 0 } };
    pl_auto_q struct pl_sqlq *q = NULL;
    int r = pl_sqlq_new(w->db, "INSERT INTO alias VALUES(?1,?2)", &q, w->err);
    for (size_t i = 0; i < w->b->vuln.n; i++)
        if (w->b->vuln.p[i].number)
            collect_aliases(&w->b->vuln.p[i], &all);
    if (all.v.n)
        qsort(all.v.p, all.v.n, sizeof *all.v.p, by_alias);
    for (size_t i = 0; i < all.v.n && r == 0; i++) {
        if (i && by_alias(&all.v.p[i - 1], &all.v.p[i]) == 0)
            continue;
        pl_sqlq_text(q, 1, all.v.p[i].id);
        pl_sqlq_int(q, 2, all.v.p[i].number);
        r = put_row(w, q);
    }
    pl_vec_release(&all.v);
    return r;
}

static int by_row(const void *pa, const void *pb, void *arg)
{
    const struct writer *w = arg;
    const struct pl_advbuild *b = w->b;
    const struct pl_build_row *x = pa, *y = pb;
    if (x->package != y->package) {
        const struct pl_build_package *p = &b->package.p[x->package],
                                      *q = &b->package.p[y->package];
        int c = w->eco_rank[p->eco] < w->eco_rank[q->eco]   ? -1
                : w->eco_rank[p->eco] > w->eco_rank[q->eco] ? 1
                                                            : pl_str_cmp(p->name, q->name);
        return c;
    }
    uint32_t i = b->vuln.p[x->vuln].number, j = b->vuln.p[y->vuln].number;
    return i != j ? (i < j ? -1 : 1) : pl_str_cmp(x->body, y->body);
}

/* One package: number of the first free key at or above the hash of its name. */
static int write_package(struct writer *w, struct pl_sqlq *q, struct pl_sqlq *has, uint32_t package,
                         struct pl_str rows)
{
    const struct pl_build_package *p = &w->b->package.p[package];
    int64_t key = pl_adv_key(w->eco_rank[p->eco], p->name);
    int r;
    for (;;) {
        pl_sqlq_int(has, 1, key);
        r = pl_sqlq_step(has, w->err);
        if (r <= 0)
            break;
        key++;
    }
    if (r < 0)
        return r;
    pl_sqlq_int(q, 1, key);
    pl_sqlq_int(q, 2, w->eco_rank[p->eco]);
    pl_sqlq_text(q, 3, p->name);
    pl_sqlq_blob(q, 4, rows);
    account(w, w->b->eco.p[p->eco]);
    account(w, p->name);
    account(w, rows);
    w->packages++;
    return put_row(w, q);
}

static int write_rows(struct writer *w)
{
    struct pl_advbuild *b = w->b;
    pl_auto_buf struct pl_buf rows = { 0 };
    pl_auto_q struct pl_sqlq *q = NULL, *has = NULL;
    if (pl_sqlq_new(w->db, "INSERT INTO pkg VALUES(?1,?2,?3,?4)", &q, w->err) < 0 ||
        pl_sqlq_new(w->db, "SELECT 1 FROM pkg WHERE key=?1", &has, w->err) < 0)
        return w->err->code;
    if (b->row.n)
        qsort_r(b->row.p, b->row.n, sizeof *b->row.p, by_row, w);
    int r = 0;
    for (size_t i = 0; i < b->row.n && r == 0;) {
        size_t from = i;
        pl_buf_clear(&rows);
        for (; i < b->row.n && b->row.p[i].package == b->row.p[from].package; i++) {
            const struct pl_build_row *x = &b->row.p[i];
            if (!b->vuln.p[x->vuln].number || (i > from && by_row(x - 1, x, w) == 0))
                continue;
            pl_put_var(&rows, b->vuln.p[x->vuln].number);
            pl_put_str(&rows, x->body);
            w->rows++;
        }
        if (rows.n)
            r = write_package(w, q, has, b->row.p[from].package, pl_buf_str(&rows));
    }
    return r;
}

static int write_ecos(struct writer *w)
{
    pl_auto_q struct pl_sqlq *q = NULL;
    int r = pl_sqlq_new(w->db, "INSERT INTO eco VALUES(?1,?2)", &q, w->err);
    for (uint32_t rank = 1; rank <= w->b->eco.n && r == 0; rank++) {
        uint32_t i = 0;
        while (w->eco_rank[i] != rank)
            i++;
        pl_sqlq_int(q, 1, rank);
        pl_sqlq_text(q, 2, w->b->eco.p[i]);
        r = put_row(w, q);
    }
    return r;
}

/* ---- what is known of a CVE ---- */

static int by_cve(const void *pa, const void *pb)
{
    const struct pl_build_text *x = pa, *y = pb;
    if (x->cve != y->cve)
        return x->cve < y->cve ? -1 : 1;
    return pl_str_cmp(x->text, y->text);
}

static int by_score(const void *pa, const void *pb)
{
    const struct pl_build_epss *x = pa, *y = pb;
    if (x->cve != y->cve)
        return x->cve < y->cve ? -1 : 1;
    return x->score != y->score ? (int)x->score - y->score : (int)x->percentile - y->percentile;
}

static int write_texts(struct writer *w, const char *sql, struct pl_build_text *p, size_t n)
{
    pl_auto_q struct pl_sqlq *q = NULL;
    int r = pl_sqlq_new(w->db, sql, &q, w->err);
    if (n)
        qsort(p, n, sizeof *p, by_cve);
    for (size_t i = 0; i < n && r == 0; i++) {
        if (i + 1 < n && p[i].cve == p[i + 1].cve)
            continue;
        pl_sqlq_int(q, 1, p[i].cve);
        pl_sqlq_blob(q, 2, p[i].text);
        account(w, p[i].text);
        r = put_row(w, q);
    }
    return r;
}

static int write_scores(struct writer *w)
{
    pl_auto_q struct pl_sqlq *q = NULL;
    struct pl_build_epss *p = w->b->epss.p;
    size_t n = w->b->epss.n;
    int r = pl_sqlq_new(w->db, "INSERT INTO epss VALUES(?1,?2)", &q, w->err);
    if (n)
        qsort(p, n, sizeof *p, by_score);
    for (size_t i = 0; i < n && r == 0; i++) {
        if (i + 1 < n && p[i].cve == p[i + 1].cve)
            continue;
        int64_t both = (int64_t)p[i].score << 16 | p[i].percentile;
        pl_sqlq_int(q, 1, p[i].cve);
        pl_sqlq_int(q, 2, both);
        pl_hash_add(w->hash, &p[i], sizeof p[i].cve);
        pl_hash_add(w->hash, &both, sizeof both);
        r = put_row(w, q);
    }
    return r;
}

static int by_release(const void *pa, const void *pb)
{
    const struct pl_build_eol *x = pa, *y = pb;
    int c = pl_str_cmp(x->eco, y->eco);
    return c ? c : pl_str_cmp(x->date, y->date);
}

static int write_eol(struct writer *w)
{
    pl_auto_q struct pl_sqlq *q = NULL;
    struct pl_build_eol *p = w->b->eol.p;
    size_t n = w->b->eol.n;
    int r = pl_sqlq_new(w->db, "INSERT INTO eol VALUES(?1,?2)", &q, w->err);
    if (n)
        qsort(p, n, sizeof *p, by_release);
    for (size_t i = 0; i < n && r == 0; i++) {
        if (i + 1 < n && pl_str_eq(p[i].eco, p[i + 1].eco))
            continue; /* the later date */
        pl_sqlq_text(q, 1, p[i].eco);
        pl_sqlq_text(q, 2, p[i].date);
        account(w, p[i].eco);
        account(w, p[i].date);
        r = put_row(w, q);
    }
    return r;
}

/* ---- the file ---- */

static const char schema[] =
    "BEGIN;"
    "CREATE TABLE meta(key TEXT PRIMARY KEY, value TEXT) WITHOUT ROWID;"
    "CREATE TABLE eco(num INTEGER PRIMARY KEY, name TEXT);"
    "CREATE TABLE pkg(key INTEGER PRIMARY KEY, eco INTEGER, name TEXT, rows BLOB);"
    "CREATE TABLE vuln(num INTEGER PRIMARY KEY, id TEXT, source TEXT, body BLOB);"
    "CREATE TABLE text(num INTEGER PRIMARY KEY, body BLOB);"
    "CREATE TABLE alias(id TEXT, num INTEGER, PRIMARY KEY(id,num)) WITHOUT ROWID;"
    "CREATE TABLE kev(cve INTEGER PRIMARY KEY, body BLOB);"
    "CREATE TABLE epss(cve INTEGER PRIMARY KEY, score INTEGER);"
    "CREATE TABLE rating(cve INTEGER PRIMARY KEY, vector TEXT);"
    "CREATE TABLE eol(eco TEXT PRIMARY KEY, date TEXT) WITHOUT ROWID;";

static int by_name(const void *pa, const void *pb)
{
    const struct pl_adv_source *x = pa, *y = pb;
    return pl_str_cmp(x->name, y->name);
}

static void sources_json(struct pl_advbuild *b, struct pl_buf *out)
{
    struct pl_jsonw j = { .out = out };
    struct pl_adv_source *p = pl_alloc_n(&b->temp, b->source.n + 1, sizeof *p);
    if (b->source.n) {
        memcpy(p, b->source.p, b->source.n * sizeof *p);
        qsort(p, b->source.n, sizeof *p, by_name);
    }
    pl_jw_arr(&j);
    for (size_t i = 0; i < b->source.n; i++) {
        pl_jw_obj(&j);
        pl_jw_kstr(&j, "name", p[i].name);
        pl_jw_kstr(&j, "kind", p[i].kind);
        pl_jw_kstr(&j, "commit", p[i].commit);
        pl_jw_kstr(&j, "licence", p[i].licence);
        pl_jw_kstr(&j, "digest", p[i].digest);
        pl_jw_ku64(&j, "records", p[i].records);
        pl_jw_ku64(&j, "files", p[i].files);
        pl_jw_ku64(&j, "skipped", p[i].skipped);
        pl_jw_obj_end(&j);
    }
    pl_jw_arr_end(&j);
}

static int put_meta(struct writer *w, const char *key, struct pl_str value)
{
    pl_auto_q struct pl_sqlq *q = NULL;
    int r = pl_sqlq_new(w->db, "INSERT INTO meta VALUES(?1,?2)", &q, w->err);
    if (r < 0)
        return r;
    pl_sqlq_text(q, 1, pl_str_c(key));
    pl_sqlq_text(q, 2, value);
    r = put_row(w, q);
    return r;
}

static int write_meta(struct writer *w, const struct pl_advbuild_opts *o,
                      struct pl_advbuild_sum *sum)
{
    struct pl_arena *a = &w->b->temp;
    pl_auto_buf struct pl_buf sources = { 0 };
    uint8_t raw[PL_SHA256_LEN];
    sources_json(w->b, &sources);
    account(w, o->built);
    account(w, o->expires);
    account(w, pl_buf_str(&sources));
    pl_hash_end(w->hash, raw);
    memcpy(sum->digest, "sha256:", 7);
    pl_hex(raw, sizeof raw, sum->digest + 7);
    sum->advisories = w->n_vulns;
    sum->rows = w->rows;
    sum->packages = w->packages;
    const struct {
        const char *key;
        struct pl_str value;
    } rows[] = {
        { "schema", pl_printf(a, "%d", PL_ADVDB_SCHEMA) },
        { "built", o->built },
        { "expires", o->expires },
        { "digest", pl_str_c(sum->digest) },
        { "sources", pl_buf_str(&sources) },
        { "advisories", pl_printf(a, "%" PRIu64, sum->advisories) },
        { "packages", pl_printf(a, "%" PRIu64, sum->packages) },
        { "rows", pl_printf(a, "%" PRIu64, sum->rows) },
        { "epss-date", w->b->epss_date },
    };
    int r = 0;
    for (size_t i = 0; i < PL_COUNT(rows) && r == 0; i++)
        r = put_meta(w, rows[i].key, rows[i].value);
    return r;
}

static int fill(struct writer *w, const struct pl_advbuild_opts *o, struct pl_advbuild_sum *sum)
{
    int r = pl_sqldb_run(w->db, schema, w->err);
    number_vulns(w);
    w->eco_rank = rank_ecos(w->b);
    if (r == 0)
        r = write_ecos(w);
    if (r == 0)
        r = write_rows(w);
    if (r == 0)
        r = write_vulns(w);
    if (r == 0)
        r = write_aliases(w);
    if (r == 0)
        r = write_texts(w, "INSERT INTO kev VALUES(?1,?2)", w->b->kev.p, w->b->kev.n);
    if (r == 0)
        r = write_texts(w, "INSERT INTO rating VALUES(?1,?2)", w->b->rating.p, w->b->rating.n);
    if (r == 0)
        r = write_scores(w);
    if (r == 0)
        r = write_eol(w);
    if (r == 0)
        r = write_meta(w, o, sum);
    free(w->order);
    free(w->eco_rank);
    return r == 0 ? pl_sqldb_run(w->db, "COMMIT", w->err) : r;
}

static int make_dirs(const char *dir, struct pl_err *err)
{
    pl_auto_buf struct pl_buf b = { 0 };
    pl_buf_puts(&b, dir);
    pl_buf_putc(&b, 0);
    for (char *p = b.p + 1; *p; p++) {
        if (*p != '/')
            continue;
        *p = 0;
        mkdir(b.p, 0777);
        *p = '/';
    }
    if (mkdir(b.p, 0777) < 0 && errno != EEXIST)
        return pl_fail_errno(err, PL_E_IO, errno, "cannot make '%s'", dir);
    return 0;
}

int pl_advdb_replace(const char *from, const char *to, struct pl_err *err)
{
    pl_auto_fd int fd = open(from, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fsync(fd) < 0)
        return pl_fail_errno(err, PL_E_IO, errno, "cannot write '%s'", from);
    if (rename(from, to) < 0)
        return pl_fail_errno(err, PL_E_IO, errno, "cannot write '%s'", to);
    return 0;
}

int pl_advbuild_write(struct pl_advbuild *b, const char *dir, const struct pl_advbuild_opts *o,
                      struct pl_advbuild_sum *ret, struct pl_err *err)
{
    struct writer w = { .b = b, .err = err };
    struct pl_advbuild_sum sum = { 0 };
    if (make_dirs(dir, err) < 0)
        return err->code;
    struct pl_str temp = pl_printf(&b->a, "%s/.match.db.%ld", dir, (long)getpid());
    struct pl_str path = pl_printf(&b->a, "%s/match.db", dir);
    unlink(temp.p);
    int r = pl_sqldb_open(temp.p, PL_SQLDB_FRESH, &w.db, err);
    if (r < 0)
        return r;
    w.hash = pl_hash_new(PL_HASH_SHA256);
    r = fill(&w, o, &sum);
    pl_hash_free(w.hash);
    pl_sqldb_close(w.db);
    struct stat st;
    if (r == 0 && stat(temp.p, &st) == 0)
        sum.bytes = (uint64_t)st.st_size;
    if (r == 0)
        r = pl_advdb_replace(temp.p, path.p, err);
    if (r < 0)
        unlink(temp.p);
    else
        *ret = sum;
    return r;
}
