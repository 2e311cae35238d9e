/* Opening and keeping a store in PostgreSQL: what is there, who is asking, steps from one schema to
 * the next. fleet.md sections 2 and 4. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "base/cleanup.h"
#include "store/pg_int.h"

/* The name of a store as it may be told: without password and parameters. */
static void said(const char *url, struct pl_buf *b)
{
    struct pl_str s = pl_str_c(url), head;
    pl_str_split(&s, '?', &head);
    size_t scheme = pl_str_find(head, PL_S("://"), 0);
    size_t from = scheme == SIZE_MAX ? 0 : scheme + 3, at = SIZE_MAX;
    for (size_t i = from; i < head.n; i++)
        if (head.p[i] == '@')
            at = i;
    size_t colon = pl_str_find(head, PL_S(":"), from);
    if (at != SIZE_MAX && colon < at) {
        pl_buf_putn(b, head.p, colon);
        pl_buf_putn(b, head.p + at, head.n - at);
    } else {
        pl_buf_putn(b, head.p, head.n);
    }
    pl_buf_putc(b, 0);
}

/* The schema that is there; 0: none. */
static int version(struct pl_pg *p, unsigned *ret, struct pl_err *err)
{
    int64_t v = 0;
    int r = pl_pg_ask(p, "SELECT to_regclass('plimsoll.schema') IS NOT NULL", NULL, 0, &v, 1, err);
    if (r == 0 && v)
        r = pl_pg_ask(p, "SELECT max(version) FROM plimsoll.schema", NULL, 0, &v, 1, err);
    *ret = (unsigned)v;
    if (r == 0 && v > PL_STORE_SCHEMA)
        return pl_fail(err, PL_E_UNSUP,
                       "the store was made by a newer program (schema %u, this one knows %d)", *ret,
                       PL_STORE_SCHEMA);
    return r;
}

/* May this login use the store, and as `mode` asks? */
static int admit(struct pl_pg *p, enum pl_store_mode mode, struct pl_err *err)
{
    int64_t v[3] = { 0 };
    int r = pl_pg_ask(p,
                      "SELECT plimsoll.tenant(), (SELECT rolsuper OR rolbypassrls FROM pg_roles "
                      "WHERE rolname = current_user), "
                      "has_table_privilege('plimsoll.image', 'INSERT')",
                      NULL, 0, v, 3, err);
    if (r < 0)
        return r;
    if (v[1])
        return pl_fail(err, PL_E_AUTH,
                       "this login is above row security, so that it would see the rows of all: "
                       "use one that plimsoll store grant was told of");
    if (!v[0])
        return pl_fail(err, PL_E_AUTH, "this login belongs to no tenant: plimsoll store grant");
    if (mode != PL_STORE_READ && !v[2])
        return pl_fail(err, PL_E_AUTH, "this login may only read");
    return mode == PL_STORE_READ ? pl_pg_run(p, "SET default_transaction_read_only TO on", err) : 0;
}

static int look(struct pl_pg *p, enum pl_store_mode mode, struct pl_err *err)
{
    unsigned at;
    int r = version(p, &at, err);
    if (r == 0 && !at)
        return pl_fail(err, PL_E_NOENT, "no store in this database: plimsoll store init");
    if (r == 0 && at < PL_STORE_SCHEMA)
        return pl_fail(err, PL_E_UNSUP,
                       "the store is older than this program (schema %u, it needs %d): "
                       "plimsoll store upgrade",
                       at, PL_STORE_SCHEMA);
    return r == 0 ? admit(p, mode, err) : r;
}

static int wrap(const char *url, struct pl_err *err)
{
    pl_auto_buf struct pl_buf name = { 0 };
    said(url, &name);
    return pl_wrap(err, "store '%s'", name.p);
}

int pl_store_pg(const char *url, enum pl_store_mode mode, struct pl_store **ret, struct pl_err *err)
{
    struct pl_pg *p = NULL;
    int r = pl_pg_connect(url, &p, err);
    if (r == 0)
        r = look(p, mode, err);
    if (r == 0) {
        *ret = pl_store_over(&p->d);
        return 0;
    }
    if (p)
        p->d.ops->close(&p->d);
    return wrap(url, err);
}

/* One step, whole or not at all; another process may have been faster. */
static int step(struct pl_pg *p, unsigned *at, const char *tool, struct pl_err *err)
{
    char text[24];
    int64_t v;
    const char *param[] = { text, tool };
    int r = pl_pg_run(p, "BEGIN; SELECT pg_advisory_xact_lock(" PL_PG_LOCK ", 0)", err);
    p->begun = true;
    unsigned before = *at;
    if (r == 0)
        r = version(p, at, err);
    if (r == 0 && *at == before) {
        r = pl_pg_run(p, pl_pg_step[*at], err);
        snprintf(text, sizeof text, "%u", *at + 1);
        if (r == 0)
            r = pl_pg_ask(p, "INSERT INTO plimsoll.schema(version, tool) VALUES($1::bigint, $2)",
                          param, 2, NULL, 0, err);
        if (r == 0)
            r = pl_pg_ask(p, "SELECT plimsoll.grants()", NULL, 0, &v, 0, err);
    }
    if (r == 0)
        r = p->d.ops->commit(&p->d, err);
    if (r < 0)
        p->d.ops->rollback(&p->d);
    return r < 0 ? r : version(p, at, err);
}

int pl_store_pg_migrate(const char *url, bool make, unsigned up_to, const char *tool,
                        struct pl_store_upgraded *ret, struct pl_err *err)
{
    struct pl_pg *p = NULL;
    unsigned at = 0;
    int r = pl_pg_connect(url, &p, err);
    if (r == 0)
        r = version(p, &at, err);
    ret->from = at;
    if (r == 0 && !at && !make)
        r = pl_fail(err, PL_E_NOENT, "no store in this database: plimsoll store init");
    while (r == 0 && at < up_to)
        r = step(p, &at, tool, err);
    ret->to = at;
    if (p)
        p->d.ops->close(&p->d);
    return r < 0 ? wrap(url, err) : 0;
}

int pl_store_pg_grant(const char *url, const char *role, bool worker, const char *tenant,
                      struct pl_err *err)
{
    struct pl_pg *p = NULL;
    const char *param[] = { role, worker ? "worker" : "reader", tenant };
    int64_t v;
    int r = pl_pg_connect(url, &p, err);
    if (r == 0)
        r = pl_pg_run(p, "BEGIN", err);
    if (r == 0) {
        p->begun = true;
        r = pl_pg_ask(p,
                      "INSERT INTO plimsoll.member(role, kind, tenant) "
                      "VALUES($1::name, $2, plimsoll.add_tenant($3)) ON CONFLICT(role) DO UPDATE "
                      "SET kind = excluded.kind, tenant = excluded.tenant",
                      param, 3, NULL, 0, err);
    }
    if (r == 0)
        r = pl_pg_ask(p, "SELECT plimsoll.grants()", NULL, 0, &v, 0, err);
    if (r == 0)
        r = p->d.ops->commit(&p->d, err);
    if (p)
        p->d.ops->close(&p->d);
    return r < 0 ? wrap(url, err) : 0;
}
