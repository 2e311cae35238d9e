/* plimsoll db status, db export: what the advisory database holds. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdio.h>

#include "base/cleanup.h"
#include "cmd/common.h"
#include "cmd/db_opt.h"
#include "fmt/jsonw.h"
#include "report/escape.h"
#include "vuln/match.h"
#include "vuln/row.h"

static void field(struct pl_buf *out, const char *label, struct pl_str s)
{
    if (!s.n)
        return;
    pl_buf_puts(out, label);
    pl_esc(out, PL_ESC_TERM, s);
}

static void show(const struct pl_advdb *db, int64_t age, struct pl_buf *out)
{
    const struct pl_advdb_info *i = pl_advdb_info(db);
    struct pl_arena a = { 0 };
    const struct pl_db_info *d = pl_match_db_info(db, &a);
    field(out, "database    ", i->path);
    field(out, "\nbuilt       ", i->built);
    if (age >= 0)
        pl_buf_printf(out, " (%lld days ago)", (long long)age);
    field(out, "\ndigest      ", i->digest);
    pl_buf_printf(out,
                  "\nholds       %" PRIu64 " advisories, %" PRIu64 " packages, %" PRIu64 " rows",
                  i->advisories, i->packages, i->rows);
    field(out, "\nepss        ", i->epss_date);
    for (size_t k = 0; k < d->n_sources; k++) {
        const struct pl_db_source *s = &d->source[k];
        field(out, "\nsource      ", s->name);
        pl_buf_printf(out, "  %" PRIu64 " records", s->records);
        field(out, "  ", s->kind);
        field(out, "  licence ", s->licence);
        field(out, "  commit ", s->commit);
        field(out, "  ", s->digest);
    }
    pl_buf_putc(out, '\n');
    pl_arena_release(&a);
}

int pl_db_status(const struct pl_db_cmd *o)
{
    struct pl_arena a = { 0 };
    struct pl_advdb *db = NULL;
    struct pl_err err = { 0 };
    pl_auto_buf struct pl_buf out = { 0 };
    char now[24];
    uint64_t max = UINT64_MAX;
    struct pl_str days = pl_str_c(o->max_age);
    if (days.n && !pl_str_u64(days, &max)) {
        fprintf(stderr, "plimsoll db: --db-max-age: not a number of days: '%s'\n", o->max_age);
        return PL_EXIT_USAGE;
    }
    int code = 0;
    if (pl_advdb_open(pl_db_dir(o->db, /* make= */ false, &a), &db, &err) < 0) {
        fprintf(stderr, "plimsoll db status: %s\n", err.msg);
        code = PL_EXIT_USAGE;
    } else {
        pl_db_now(now);
        int64_t age = pl_db_days(pl_advdb_info(db)->built, pl_str_c(now));
        show(db, age, &out);
        if (pl_common_print(pl_buf_str(&out), &err) < 0)
            code = PL_EXIT_USAGE;
        else if (age >= 0 && (uint64_t)age > max)
            code = PL_EXIT_FINDINGS;
    }
    pl_advdb_close(db);
    pl_arena_release(&a);
    return code;
}

/* ---- export: a line of OSV JSON for each package of each advisory ---- */

struct export
{
    struct pl_advdb *db;
    struct pl_arena a;
    struct pl_buf out;
    struct pl_err *err;
};

static void put_names(struct pl_jsonw *w, const char *key, const struct pl_names *n)
{
    if (n->n)
        pl_jw_kstrs(w, key, n->p, n->n);
}

static void put_ranges(struct pl_jsonw *w, const struct pl_advrow *row)
{
    static const char *const kinds[] = { "introduced", "fixed", "last_affected", "limit",
                                         "",           "in",    "not_in" };
    bool open = false;
    pl_jw_key(w, "ranges");
    pl_jw_arr(w);
    for (size_t i = 0; i < row->n_events; i++) {
        const struct pl_adv_event *e = &row->event[i];
        bool ends = e->kind == PL_ADV_RANGE_ENDS;
        if (!open && !ends) {
            pl_jw_obj(w);
            pl_jw_kcstr(w, "type", e->kind >= PL_ADV_IN ? "NATIVE" : "ECOSYSTEM");
            pl_jw_key(w, "events");
            pl_jw_arr(w);
        }
        if (!ends) {
            pl_jw_obj(w);
            pl_jw_kstr(w, kinds[e->kind], e->version);
            pl_jw_obj_end(w);
        }
        open = !ends;
        if (ends || i + 1 == row->n_events) {
            pl_jw_arr_end(w);
            pl_jw_obj_end(w);
        }
    }
    pl_jw_arr_end(w);
}

static void put_record(struct export *x, const struct pl_advdb_vuln *v, const struct pl_advrow *row,
                       struct pl_str eco, struct pl_str name)
{
    struct pl_jsonw w = { .out = &x->out };
    pl_jw_obj(&w);
    pl_jw_kcstr(&w, "schema_version", "1.7.0");
    pl_jw_kstr(&w, "id", v->id);
    put_names(&w, "aliases", &v->aliases);
    put_names(&w, "upstream", &v->covers);
    if (v->published.n)
        pl_jw_kstr(&w, "published", v->published);
    pl_jw_key(&w, "affected");
    pl_jw_arr(&w);
    pl_jw_obj(&w);
    pl_jw_key(&w, "package");
    pl_jw_obj(&w);
    pl_jw_kstr(&w, "ecosystem", eco);
    pl_jw_kstr(&w, "name", name);
    pl_jw_obj_end(&w);
    put_ranges(&w, row);
    put_names(&w, "versions", &row->versions);
    pl_jw_key(&w, "database_specific");
    pl_jw_obj(&w);
    pl_jw_kstr(&w, "source", v->source);
    pl_jw_kcstr(&w, "state", pl_fix_state_name(row->state));
    pl_jw_obj_end(&w);
    pl_jw_obj_end(&w);
    pl_jw_arr_end(&w);
    pl_jw_obj_end(&w);
    pl_buf_putc(&x->out, '\n');
}

static int export_package(void *arg, struct pl_str eco, struct pl_str name, struct pl_str rows)
{
    struct export *x = arg;
    struct pl_str body;
    uint32_t number;
    bool bad = false;
    int r = 0;
    pl_buf_clear(&x->out);
    while (r == 0 && pl_advdb_next_row(&rows, &number, &body, &bad)) {
        struct pl_advdb_vuln v;
        struct pl_advrow row;
        pl_arena_reset(&x->a);
        if (!pl_advrow_decode(body, &x->a, &row))
            return pl_fail(x->err, PL_E_FORMAT, "the advisory database is damaged");
        r = pl_advdb_vuln(x->db, number, &x->a, &v, x->err);
        if (r == 0)
            put_record(x, &v, &row, eco, name);
    }
    if (bad)
        return pl_fail(x->err, PL_E_FORMAT, "the advisory database is damaged");
    return r < 0 ? r : pl_common_print(pl_buf_str(&x->out), x->err);
}

int pl_db_export(const struct pl_db_cmd *o)
{
    struct pl_err err = { 0 };
    struct export x = { .err = &err };
    int code = 0;
    int r = pl_advdb_open(pl_db_dir(o->db, /* make= */ false, &x.a), &x.db, &err);
    if (r == 0)
        r = pl_advdb_each(x.db, export_package, &x, &err);
    if (r < 0)
        code = pl_run_failed("db export", &err);
    pl_advdb_close(x.db);
    pl_buf_release(&x.out);
    pl_arena_release(&x.a);
    return code;
}
