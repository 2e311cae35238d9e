/* Which implementation a store's name asks for. fleet.md section 4. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "store/store.h"

#include "store/store_int.h"

static bool is_url(const char *where)
{
    struct pl_str s = pl_str_c(where);
    return pl_str_starts(s, PL_S("postgresql://")) || pl_str_starts(s, PL_S("postgres://"));
}

static int named(const char *where, struct pl_err *err)
{
    return *where ? 0 : pl_fail(err, PL_E_USAGE, "the store has no name");
}

int pl_store_open(const char *where, enum pl_store_mode mode, struct pl_store **ret,
                  struct pl_err *err)
{
    int r = named(where, err);
    if (r < 0)
        return r;
    return is_url(where) ? pl_store_pg(where, mode, ret, err)
                         : pl_store_sqlite(where, mode, ret, err);
}

/* What rows of an older program lack. */
static int index_all(const char *where, struct pl_err *err)
{
    struct pl_store *s;
    int r = pl_store_open(where, PL_STORE_WRITE, &s, err);
    if (r < 0)
        return r;
    r = s->ops->index(s, err);
    s->ops->close(s);
    return r;
}

int pl_store_upgrade(const char *where, bool make, const char *tool, struct pl_store_upgraded *ret,
                     struct pl_err *err)
{
    int r = named(where, err);
    if (r < 0)
        return r;
    r = is_url(where) ? pl_store_pg_migrate(where, make, PL_STORE_SCHEMA, tool, ret, err)
                      : pl_store_sqlite_migrate(where, make, ret, err);
    return r == 0 && ret->from && ret->from < ret->to ? index_all(where, err) : r;
}

int pl_store_grant(const char *where, const char *role, bool worker, const char *tenant,
                   struct pl_err *err)
{
    int r = named(where, err);
    if (r < 0)
        return r;
    return is_url(where) ? pl_store_pg_grant(where, role, worker, tenant, err)
                         : pl_fail(err, PL_E_UNSUP,
                                   "'%s' is a folder: who may use it is told by its mode", where);
}
