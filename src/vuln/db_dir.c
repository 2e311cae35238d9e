/* Where the advisory database is. packages.md section 9, "Choice of location". */
/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <unistd.h>

#include "vuln/db.h"

static bool holds(const char *dir, struct pl_arena *a)
{
    return access(pl_printf(a, "%s/match.db", dir).p, R_OK) == 0;
}

const char *pl_advdb_dir(const char *given, bool make, struct pl_arena *a)
{
    static const char system_dir[] = "/usr/share/plimsoll/db";
    const char *env = getenv("PLIMSOLL_DB"), *data = getenv("XDG_DATA_HOME"),
               *home = getenv("HOME");
    if (given)
        return given;
    if (env && *env)
        return env;
    const char *own = NULL;
    if (data && *data)
        own = pl_printf(a, "%s/plimsoll/db", data).p;
    else if (home && *home)
        own = pl_printf(a, "%s/.local/share/plimsoll/db", home).p;
    return own && (make || holds(own, a)) ? own : system_dir;
}
