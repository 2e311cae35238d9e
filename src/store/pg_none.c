/* A build without libpq: no stores in PostgreSQL. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "store/store_int.h"

static int none(struct pl_err *err)
{
    return pl_fail(
        err, PL_E_UNSUP,
        "this build has no stores in PostgreSQL (option postgres, libpq): name a folder");
}

int pl_store_pg(const char *url, enum pl_store_mode mode, struct pl_store **ret, struct pl_err *err)
{
    (void)url;
    (void)mode;
    (void)ret;
    return none(err);
}

int pl_store_pg_migrate(const char *url, bool make, unsigned up_to, const char *tool,
                        struct pl_store_upgraded *ret, struct pl_err *err)
{
    (void)url;
    (void)make;
    (void)up_to;
    (void)tool;
    (void)ret;
    return none(err);
}

int pl_store_pg_grant(const char *url, const char *role, bool worker, const char *tenant,
                      struct pl_err *err)
{
    (void)url;
    (void)role;
    (void)worker;
    (void)tenant;
    return none(err);
}
