/* Points in time as a user says them. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/since.h"

#include <time.h>

#include "base/str.h"

static bool digits(const char *s, size_t from, size_t n, int *ret)
{
    uint64_t v;
    if (!pl_str_u64(pl_str_n(s + from, n), &v))
        return false;
    *ret = (int)v;
    return true;
}

static bool date(const char *s, int64_t *ret)
{
    struct tm t = { 0 };
    size_t n = strlen(s);
    bool clock = n == 20 && s[10] == 'T' && s[13] == ':' && s[16] == ':' && s[19] == 'Z';
    if ((n != 10 && !clock) || s[4] != '-' || s[7] != '-')
        return false;
    if (!digits(s, 0, 4, &t.tm_year) || !digits(s, 5, 2, &t.tm_mon) || !digits(s, 8, 2, &t.tm_mday))
        return false;
    if (clock && (!digits(s, 11, 2, &t.tm_hour) || !digits(s, 14, 2, &t.tm_min) ||
                  !digits(s, 17, 2, &t.tm_sec)))
        return false;
    if (t.tm_year < 1970 || t.tm_hour > 23 || t.tm_min > 59 || t.tm_sec > 59)
        return false;
    t.tm_year -= 1900;
    t.tm_mon--;
    int day = t.tm_mday, month = t.tm_mon;
    *ret = (int64_t)timegm(&t);
    return t.tm_mday == day && t.tm_mon == month; /* there is such a day */
}

static bool age(const char *s, int64_t *ret)
{
    static const struct {
        char unit;
        int64_t seconds;
    } units[] = { { 'h', 3600 }, { 'd', 86400 }, { 'w', 7 * 86400 } };
    size_t n = strlen(s);
    uint64_t v;
    if (n < 2 || !pl_str_u64(pl_str_n(s, n - 1), &v) || v > 100000)
        return false;
    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        if (units[i].unit == s[n - 1]) {
            *ret = (int64_t)time(NULL) - (int64_t)v * units[i].seconds;
            return true;
        }
    }
    return false;
}

int pl_since_parse(const char *s, int64_t *ret, struct pl_err *err)
{
    uint64_t v;
    if (s[0] == '@' && pl_str_u64(pl_str_c(s + 1), &v) && v < INT64_MAX) {
        *ret = (int64_t)v;
        return 0;
    }
    if (date(s, ret) || age(s, ret))
        return 0;
    return pl_fail(err, PL_E_USAGE, "'%s' is no date: 2026-01-31, 2026-01-31T12:00:00Z, 30d, 12h",
                   s);
}
