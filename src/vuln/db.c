/* Reading the advisory database. Its bytes may have been spoilt: whatever does not fit is an error,
 * never a package without advisories. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "vuln/db.h"

#include <stdlib.h>

#include "base/cleanup.h"
#include "fmt/sqldb.h"
#include "vuln/build_int.h"

#define ECOS_MAX 100000u
#define PROBES_MAX 64   /* packages whose keys collide */
#define KEPT_MAX 4096u  /* records that are kept decoded */
#define CVES_KEPT 8192u /* a power of two */
#define KEV_MAX 100000u

enum query { Q_PKG, Q_VULN, Q_TEXT, Q_ALIAS, Q_KEV, Q_EPSS, Q_RATING, Q_EOL, Q_COUNT };
static const char *const sql[Q_COUNT] = {
    [Q_PKG] = "SELECT eco,name,rows FROM pkg WHERE key=?1",
    [Q_VULN] = "SELECT id,source,body FROM vuln WHERE num=?1",
    [Q_TEXT] = "SELECT body FROM text WHERE num=?1",
    [Q_ALIAS] = "SELECT num FROM alias WHERE id=?1",
    [Q_KEV] = "SELECT body FROM kev WHERE cve=?1",
    [Q_EPSS] = "SELECT score FROM epss WHERE cve=?1",
    [Q_RATING] = "SELECT vector FROM rating WHERE cve=?1",
    [Q_EOL] = "SELECT date FROM eol WHERE eco=?1",
};

/* What was read last: packages of one source or erratum share their records. */
struct kept {
    struct pl_advdb_vuln vuln;
    struct pl_str title, url;
    bool has_text;
};
struct cve_epss {
    int64_t cve;
    uint32_t score;
    bool known;
};

struct pl_advdb {
    struct pl_arena a;
    struct pl_arena kept_text;
    struct kept *kept[KEPT_MAX]; /* by number */
    size_t n_kept;
    struct cve_epss *epss; /* by number; NULL: not looked at yet */
    bool no_epss;          /* the table is empty */
    PL_VEC(int64_t) kev;   /* all of them, sorted */
    bool kev_read;
    struct pl_sqldb *db;
    struct pl_sqlq *q[Q_COUNT];
    struct pl_advdb_info info;
    struct pl_map ecos; /* name to number */
    PL_VEC(struct pl_str) eco;
};

int64_t pl_adv_key(uint32_t eco, struct pl_str name)
{
    uint64_t h = pl_str_hash(name) * 31 + eco;
    h ^= h >> 33;
    return (int64_t)(h & (((uint64_t)1 << 62) - 1));
}

static int read_meta(struct pl_advdb *d, struct pl_err *err)
{
    pl_auto_q struct pl_sqlq *q = NULL;
    struct pl_str schema = PL_S("");
    const struct {
        const char *key;
        struct pl_str *text;
        uint64_t *number;
    } rows[] = {
        { "schema", &schema, NULL },
        { "built", &d->info.built, NULL },
        { "expires", &d->info.expires, NULL },
        { "digest", &d->info.digest, NULL },
        { "sources", &d->info.sources, NULL },
        { "epss-date", &d->info.epss_date, NULL },
        { "advisories", NULL, &d->info.advisories },
        { "packages", NULL, &d->info.packages },
        { "rows", NULL, &d->info.rows },
    };
    int r = pl_sqlq_new(d->db, "SELECT key,value FROM meta LIMIT 100", &q, err);
    while (r >= 0 && (r = pl_sqlq_step(q, err)) > 0)
        for (size_t i = 0; i < PL_COUNT(rows); i++) {
            if (!pl_str_is(pl_sqlq_col(q, 0), rows[i].key))
                continue;
            struct pl_str v = pl_sqlq_col(q, 1);
            if (rows[i].text)
                *rows[i].text = v.n ? pl_dup(&d->a, v) : PL_S("");
            else
                pl_str_u64(v, rows[i].number);
        }
    if (r < 0)
        return r;
    uint64_t n = 0;
    if (!pl_str_u64(schema, &n))
        return pl_fail(err, PL_E_FORMAT, "no advisory database");
    if (n != PL_ADVDB_SCHEMA)
        return pl_fail(err, PL_E_FORMAT, "an advisory database of schema %.*s, not %d",
                       PL_FMT(schema), PL_ADVDB_SCHEMA);
    return 0;
}

static int read_ecos(struct pl_advdb *d, struct pl_err *err)
{
    pl_auto_q struct pl_sqlq *q = NULL;
    d->ecos.a = &d->a;
    int r = pl_sqlq_new(d->db, "SELECT num,name FROM eco ORDER BY num", &q, err);
    while (r >= 0 && (r = pl_sqlq_step(q, err)) > 0) {
        int64_t num = pl_sqlq_col_int(q, 0);
        if (num != (int64_t)d->eco.n + 1 || num > ECOS_MAX)
            return pl_fail(err, PL_E_FORMAT, "its ecosystems are damaged");
        pl_vec_push(&d->eco, pl_dup(&d->a, pl_sqlq_col(q, 1)));
        *pl_map_put(&d->ecos, d->eco.p[d->eco.n - 1]) = (void *)(uintptr_t)num;
    }
    return r;
}

int pl_advdb_open(const char *dir, struct pl_advdb **ret, struct pl_err *err)
{
    struct pl_advdb *d = calloc(1, sizeof *d);
    if (!d)
        pl_oom();
    d->info.path = pl_printf(&d->a, "%s/match.db", dir);
    int r = pl_sqldb_open(d->info.path.p, PL_SQLDB_IMMUTABLE, &d->db, err);
    if (r == 0) {
        r = read_meta(d, err);
        if (r == 0)
            r = read_ecos(d, err);
        for (int i = 0; i < Q_COUNT && r == 0; i++)
            r = pl_sqlq_new(d->db, sql[i], &d->q[i], err);
        if (r < 0)
            pl_wrap(err, "'%.*s'", PL_FMT(d->info.path));
    }
    if (r < 0)
        pl_advdb_close(d);
    else
        *ret = d;
    return r;
}

void pl_advdb_close(struct pl_advdb *d)
{
    if (!d)
        return;
    for (int i = 0; i < Q_COUNT; i++)
        pl_sqlq_free(d->q[i]);
    pl_sqldb_close(d->db);
    pl_map_release(&d->ecos);
    pl_vec_release(&d->eco);
    pl_vec_release(&d->kev);
    free(d->epss);
    pl_arena_release(&d->kept_text);
    pl_arena_release(&d->a);
    free(d);
}

const struct pl_advdb_info *pl_advdb_info(const struct pl_advdb *d)
{
    return &d->info;
}

bool pl_advdb_has_eco(const struct pl_advdb *d, struct pl_str eco)
{
    return pl_map_get(&d->ecos, eco) != NULL;
}

struct pl_str pl_advdb_eco_at(const struct pl_advdb *d, size_t i)
{
    return i < d->eco.n ? d->eco.p[i] : PL_S("");
}

static void forget(struct pl_advdb *d)
{
    memset(d->kept, 0, sizeof d->kept);
    d->n_kept = 0;
    pl_arena_reset(&d->kept_text);
}

int pl_advdb_rows(struct pl_advdb *d, struct pl_str eco, struct pl_str name, struct pl_str *ret,
                  struct pl_err *err)
{
    uint32_t num = (uint32_t)(uintptr_t)pl_map_get(&d->ecos, eco);
    struct pl_sqlq *q = d->q[Q_PKG];
    *ret = PL_S("");
    if (d->n_kept >= KEPT_MAX / 2)
        forget(d);
    if (!num)
        return 0;
    int64_t key = pl_adv_key(num, name);
    for (int i = 0; i < PROBES_MAX; i++, key++) {
        pl_sqlq_int(q, 1, key);
        int r = pl_sqlq_step(q, err);
        if (r <= 0)
            return r;
        if (pl_sqlq_col_int(q, 0) == num && pl_str_eq(pl_sqlq_col(q, 1), name)) {
            *ret = pl_sqlq_col(q, 2);
            return 0;
        }
    }
    return pl_fail(err, PL_E_FORMAT, "the advisory database has too many packages of one key");
}

bool pl_advdb_next_row(struct pl_str *rows, uint32_t *ret_vuln, struct pl_str *ret_body, bool *bad)
{
    struct pl_rd r = { (const uint8_t *)rows->p, (const uint8_t *)rows->p + rows->n, false };
    if (!rows->n)
        return false;
    uint64_t v = pl_get_var(&r);
    *ret_body = pl_get_str(&r);
    *ret_vuln = (uint32_t)v;
    if (r.bad || !v || v > UINT32_MAX) {
        *bad = true;
        return false;
    }
    *rows = pl_str_n(r.p, (size_t)(r.end - r.p));
    return true;
}

static struct pl_str get_text(struct pl_rd *r, struct pl_arena *a)
{
    struct pl_str s = pl_get_str(r);
    return s.n ? pl_dup(a, s) : PL_S("");
}

static void get_list(struct pl_rd *r, struct pl_arena *a, struct pl_names *ret)
{
    uint64_t n = pl_get_var(r);
    if (n > (uint64_t)(r->end - r->p))
        r->bad = true;
    if (r->bad)
        return;
    ret->p = pl_alloc_n(a, (size_t)n + 1, sizeof *ret->p);
    ret->n = (size_t)n;
    for (size_t i = 0; i < n; i++)
        ret->p[i] = get_text(r, a);
}

static struct pl_rd reader(struct pl_str s)
{
    return (struct pl_rd){ (const uint8_t *)s.p, (const uint8_t *)s.p + s.n, false };
}

static int read_vuln(struct pl_advdb *d, uint32_t number, struct pl_arena *a,
                     struct pl_advdb_vuln *ret, struct pl_err *err)
{
    struct pl_sqlq *q = d->q[Q_VULN];
    pl_sqlq_int(q, 1, number);
    int r = pl_sqlq_step(q, err);
    if (r < 0)
        return r;
    if (r == 0)
        return pl_fail(err, PL_E_FORMAT, "the advisory database lacks record %u", number);
    struct pl_advdb_vuln v = { .number = number };
    v.id = pl_dup(a, pl_sqlq_col(q, 0));
    v.source = pl_dup(a, pl_sqlq_col(q, 1));
    struct pl_rd b = reader(pl_sqlq_col(q, 2));
    unsigned severity = pl_get_u8(&b);
    v.severity = severity <= PL_SEV_COUNT ? (int)severity - 1 : -1;
    v.malware = (pl_get_u8(&b) & PL_VULN_MALWARE) != 0;
    v.published = get_text(&b, a);
    get_list(&b, a, &v.aliases);
    get_list(&b, a, &v.covers);
    get_list(&b, a, &v.cvss);
    get_list(&b, a, &v.cwe);
    if (b.bad)
        return pl_fail(err, PL_E_FORMAT, "record %u of the advisory database is damaged", number);
    *ret = v;
    return 0;
}

/* The record as it is kept, or NULL. */
static struct kept *kept_of(struct pl_advdb *d, uint32_t number)
{
    struct kept *k = d->kept[number % KEPT_MAX];
    return k && k->vuln.number == number ? k : NULL;
}

int pl_advdb_vuln(struct pl_advdb *d, uint32_t number, struct pl_arena *a,
                  struct pl_advdb_vuln *ret, struct pl_err *err)
{
    struct kept *k = kept_of(d, number), **slot = &d->kept[number % KEPT_MAX];
    int r = 0;
    if (!k && *slot) /* its place is taken until all are forgotten */
        return read_vuln(d, number, a, ret, err);
    if (!k) {
        k = PL_NEW(&d->kept_text, struct kept);
        r = read_vuln(d, number, &d->kept_text, &k->vuln, err);
    }
    if (r < 0)
        return r;
    if (!*slot) {
        *slot = k;
        d->n_kept++;
    }
    *ret = k->vuln;
    return 0;
}

static int read_text(struct pl_advdb *d, uint32_t number, struct pl_arena *a,
                     struct pl_str *ret_title, struct pl_str *ret_url, struct pl_err *err)
{
    struct pl_sqlq *q = d->q[Q_TEXT];
    *ret_title = *ret_url = PL_S("");
    pl_sqlq_int(q, 1, number);
    int r = pl_sqlq_step(q, err);
    if (r <= 0)
        return r;
    struct pl_rd b = reader(pl_sqlq_col(q, 0));
    *ret_title = get_text(&b, a);
    *ret_url = get_text(&b, a);
    return 0;
}

int pl_advdb_text(struct pl_advdb *d, uint32_t number, struct pl_arena *a, struct pl_str *ret_title,
                  struct pl_str *ret_url, struct pl_err *err)
{
    struct kept *k = kept_of(d, number);
    if (!k)
        return read_text(d, number, a, ret_title, ret_url, err);
    int r = k->has_text ? 0 : read_text(d, number, &d->kept_text, &k->title, &k->url, err);
    k->has_text = r == 0;
    *ret_title = k->title.n ? pl_dup(a, k->title) : PL_S("");
    *ret_url = k->url.n ? pl_dup(a, k->url) : PL_S("");
    return r;
}

int pl_advdb_called(struct pl_advdb *d, struct pl_str id, struct pl_arena *a, uint32_t **ret,
                    size_t *ret_n, struct pl_err *err)
{
    struct pl_sqlq *q = d->q[Q_ALIAS];
    PL_VEC(uint32_t) v = { NULL, 0, 0 };
    int r;
    pl_sqlq_text(q, 1, id);
    while ((r = pl_sqlq_step(q, err)) > 0)
        pl_vec_push(&v, (uint32_t)pl_sqlq_col_int(q, 0));
    if (r == 0) {
        *ret = pl_alloc_n(a, v.n + 1, sizeof **ret);
        if (v.n)
            memcpy(*ret, v.p, v.n * sizeof **ret);
        *ret_n = v.n;
    }
    pl_vec_release(&v);
    return r;
}

/* The one value of a query by the number of a CVE; the statement stands on it then. */
static bool of_cve(struct pl_advdb *d, enum query which, struct pl_str cve)
{
    struct pl_err err;
    int64_t n = pl_cve_number(cve);
    if (!n)
        return false;
    pl_sqlq_int(d->q[which], 1, n);
    return pl_sqlq_step(d->q[which], &err) > 0;
}

/* There are few: most questions need no probe. */
static void read_kev(struct pl_advdb *d)
{
    pl_auto_q struct pl_sqlq *q = NULL;
    struct pl_err err;
    d->kev_read = true;
    if (pl_sqlq_new(d->db, "SELECT cve FROM kev ORDER BY cve", &q, &err) < 0)
        return;
    while (d->kev.n < KEV_MAX && pl_sqlq_step(q, &err) > 0)
        pl_vec_push(&d->kev, pl_sqlq_col_int(q, 0));
}

static bool in_kev(struct pl_advdb *d, struct pl_str cve)
{
    int64_t n = pl_cve_number(cve);
    size_t lo = 0, hi = d->kev.n;
    if (d->kev.n == KEV_MAX) /* more than were read */
        return true;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (d->kev.p[mid] < n)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo < d->kev.n && d->kev.p[lo] == n;
}

bool pl_advdb_kev(struct pl_advdb *d, struct pl_str cve, struct pl_arena *a, struct pl_adv_kev *ret)
{
    if (!d->kev_read)
        read_kev(d);
    if (!in_kev(d, cve) || !of_cve(d, Q_KEV, cve))
        return false;
    struct pl_rd b = reader(pl_sqlq_col(d->q[Q_KEV], 0));
    *ret = (struct pl_adv_kev){ .cve = cve, .ransomware = pl_get_u8(&b) != 0 };
    ret->added = get_text(&b, a);
    ret->due = get_text(&b, a);
    return !b.bad;
}

/* The place where the score of a CVE is kept, filled. */
static const struct cve_epss *epss_of(struct pl_advdb *d, struct pl_str cve)
{
    int64_t n = pl_cve_number(cve);
    if (!d->epss) {
        pl_auto_q struct pl_sqlq *q = NULL;
        struct pl_err err;
        d->epss = calloc(CVES_KEPT, sizeof *d->epss);
        if (!d->epss)
            pl_oom();
        d->no_epss = pl_sqlq_new(d->db, "SELECT 1 FROM epss LIMIT 1", &q, &err) == 0 &&
                     pl_sqlq_step(q, &err) == 0;
    }
    if (d->no_epss)
        return NULL;
    struct cve_epss *e = &d->epss[((uint64_t)n * 0x9E3779B97F4A7C15u) >> 51];
    if (!n || e->cve == n)
        return n ? e : NULL;
    *e = (struct cve_epss){ .cve = n, .known = of_cve(d, Q_EPSS, cve) };
    e->score = e->known ? (uint32_t)pl_sqlq_col_int(d->q[Q_EPSS], 0) : 0;
    return e;
}

bool pl_advdb_epss(struct pl_advdb *d, struct pl_str cve, double *ret_score, double *ret_percentile)
{
    const struct cve_epss *e = epss_of(d, cve);
    if (!e || !e->known)
        return false;
    *ret_score = (double)(e->score >> 16 & 0xffff) / 65535;
    *ret_percentile = (double)(e->score & 0xffff) / 65535;
    return true;
}

struct pl_str pl_advdb_rating(struct pl_advdb *d, struct pl_str cve, struct pl_arena *a)
{
    return of_cve(d, Q_RATING, cve) ? pl_dup(a, pl_sqlq_col(d->q[Q_RATING], 0)) : PL_S("");
}

struct pl_str pl_advdb_eol(struct pl_advdb *d, struct pl_str eco, struct pl_arena *a)
{
    struct pl_err err;
    pl_sqlq_text(d->q[Q_EOL], 1, eco);
    if (pl_sqlq_step(d->q[Q_EOL], &err) <= 0)
        return PL_S("");
    struct pl_str date = pl_dup(a, pl_sqlq_col(d->q[Q_EOL], 0));
    pl_sqlq_reset(d->q[Q_EOL]);
    return date;
}

int pl_advdb_each(struct pl_advdb *d,
                  int (*fn)(void *arg, struct pl_str eco, struct pl_str name, struct pl_str rows),
                  void *arg, struct pl_err *err)
{
    pl_auto_q struct pl_sqlq *q = NULL;
    int r = pl_sqlq_new(d->db, "SELECT eco,name,rows FROM pkg ORDER BY eco,name", &q, err);
    if (r < 0)
        return r;
    while ((r = pl_sqlq_step(q, err)) > 0) {
        int64_t eco = pl_sqlq_col_int(q, 0);
        if (eco < 1 || eco > (int64_t)d->eco.n) {
            r = pl_fail(err, PL_E_FORMAT, "the advisory database is damaged");
            break;
        }
        r = fn(arg, d->eco.p[eco - 1], pl_sqlq_col(q, 1), pl_sqlq_col(q, 2));
        if (r)
            break;
    }
    return r;
}
