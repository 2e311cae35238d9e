/* The verb `db`: its options, and where the advisory database is. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_CMD_DB_OPT_H
#define PL_CMD_DB_OPT_H

#include "base/arena.h"
#include "cmd/opt.h"
#include "cmd/registry_opt.h"
#include "vuln/build.h"

/* Options of `db`. */
struct pl_db_cmd {
    struct pl_registry_cli reg;
    struct pl_opt_list ecosystem;
    const char *db, *key, *bundle, *max_age, *osv, *kev, *epss, *delta_from, *store;
    bool quiet;
};

/* The folder: `given` (--db), else PLIMSOLL_DB, else the user's, else the system's; the first that
 * holds a database, or with `make` the first that is named. In `a`. */
const char *pl_db_dir(const char *given, bool make, struct pl_arena *a);
/* "2026-11-22T10:00:00Z": now, or SOURCE_DATE_EPOCH. */
void pl_db_now(char out[24]);
/* Days from one date ("2026-11-22…") to another; -1 when one of them is none. */
int64_t pl_db_days(struct pl_str from, struct pl_str to);

/* Writes the database of what was read and says so; an exit code. */
int pl_db_write(const struct pl_db_cmd *o, const char *verb, struct pl_advbuild *b,
                const char *dir);
/* Tells the user of something that a source could not be read in; `arg` is a struct pl_db_notes. */
struct pl_db_notes {
    bool quiet;
    size_t count;
};
void pl_db_note(void *arg, const char *where, const char *message);

/* The parts of the verb; exit codes. `from`: file, folder or address, NULL: the publishers. */
int pl_db_update(const struct pl_db_cmd *o, const char *from);
int pl_db_status(const struct pl_db_cmd *o);
int pl_db_export(const struct pl_db_cmd *o);
int pl_db_delta(const struct pl_db_cmd *o); /* export --delta-from */

#endif
