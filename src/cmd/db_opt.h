/* Where the advisory database is. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_CMD_DB_OPT_H
#define PL_CMD_DB_OPT_H

#include "base/arena.h"

/* Options of `db`. */
struct pl_db_cmd {
    const char *db;
    bool quiet;
};

/* The folder: `given` (--db), else PLIMSOLL_DB, else the user's, else the system's; the first that
 * holds a database, or with `make` the first that is named. In `a`. */
const char *pl_db_dir(const char *given, bool make, struct pl_arena *a);
/* "2026-11-22T10:00:00Z": now, or SOURCE_DATE_EPOCH. */
void pl_db_now(char out[24]);

#endif
