/* What the parts of the verb `db` share. packages.md section 9. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/db_opt.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "vuln/db.h"

const char *pl_db_dir(const char *given, bool make, struct pl_arena *a)
{
    return pl_advdb_dir(given, make, a);
}

void pl_db_now(char out[24])
{
    const char *epoch = getenv("SOURCE_DATE_EPOCH");
    uint64_t at;
    time_t now = time(NULL);
    if (epoch && pl_str_u64(pl_str_c(epoch), &at))
        now = (time_t)at;
    pl_clock_utc(now, out);
}

/* Days by the Gregorian calendar; negative when `s` does not begin with a date. */
static int64_t day_number(struct pl_str s)
{
    uint64_t y, m, d;
    if (s.n < 10 || !pl_str_u64(pl_str_sub(s, 0, 4), &y) || !pl_str_u64(pl_str_sub(s, 5, 2), &m) ||
        !pl_str_u64(pl_str_sub(s, 8, 2), &d) || m < 1 || m > 12)
        return -1;
    uint64_t yy = m <= 2 ? y - 1 : y, mm = m <= 2 ? m + 9 : m - 3;
    return (int64_t)(365 * yy + yy / 4 - yy / 100 + yy / 400 + (153 * mm + 2) / 5 + d);
}

int64_t pl_db_days(struct pl_str from, struct pl_str to)
{
    int64_t a = day_number(from), b = day_number(to);
    return a < 0 || b < a ? -1 : b - a;
}

#define NOTES_SHOWN 20u

void pl_db_note(void *arg, const char *where, const char *message)
{
    struct pl_db_notes *n = arg;
    if (n->count++ < NOTES_SHOWN && !n->quiet)
        fprintf(stderr, "note: %s: %s\n", where, message);
    else if (n->count == NOTES_SHOWN + 1 && !n->quiet)
        fputs("note: and more\n", stderr);
}
