/* Which implementation a store's name asks for. fleet.md section 4. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "store/store.h"

#include "store/sqlite_int.h"

int pl_store_open(const char *where, enum pl_store_mode mode, struct pl_store **ret,
                  struct pl_err *err)
{
    struct pl_str s = pl_str_c(where);
    if (pl_str_starts(s, PL_S("postgresql://")) || pl_str_starts(s, PL_S("postgres://")))
        return pl_fail(err, PL_E_UNSUP, "this build has no store in PostgreSQL: name a folder");
    if (!s.n)
        return pl_fail(err, PL_E_USAGE, "the store has no name");
    return pl_store_sqlite(where, mode, ret, err);
}
