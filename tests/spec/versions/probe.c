/* Answers what compare-versions does not: validity, ranges, OSV. Reads one JSON object a line (the
 * form of the version suites), writes 1, 0 or "bad" for each. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "fmt/json.h"
#include "ver/osv.h"

static bool same_ecosystem(struct pl_str a, struct pl_str b)
{
    struct pl_str x = a, y = b, hx = a, hy = b;
    pl_str_split(&x, ':', &hx);
    pl_str_split(&y, ':', &hy);
    return pl_str_eq(a, b) || (pl_str_eq(hx, hy) && (!x.p || !y.p));
}

static bool in_range(const struct pl_scheme *s, const struct pl_json *range, struct pl_str v)
{
    static const char *const names[] = { "introduced", "fixed", "last_affected", "limit" };
    const struct pl_json *events = pl_json_get(range, "events");
    size_t n = 0;
    pl_auto_free struct pl_osv_event *e =
        calloc(4 * pl_json_len(events) + 1, sizeof(struct pl_osv_event));
    if (pl_str_is(pl_json_str(pl_json_get(range, "type")), "GIT") || !e)
        return false;
    for (size_t i = 0; i < pl_json_len(events); i++) {
        for (unsigned k = 0; k < PL_COUNT(names); k++) {
            const struct pl_json *at = pl_json_get(pl_json_at(events, i), names[k]);
            if (at)
                e[n++] = (struct pl_osv_event){ (enum pl_osv_kind)k, pl_json_str(at) };
        }
    }
    return pl_osv_affected(s, e, n, v);
}

static bool affected(const struct pl_json *row)
{
    struct pl_str v = pl_json_str(pl_json_get(row, "v"));
    struct pl_str eco = pl_json_str(pl_json_get(row, "ecosystem"));
    const struct pl_json *all = pl_json_get(row, "affected");
    const struct pl_scheme *s = pl_scheme_of_osv(eco);
    for (size_t i = 0; i < pl_json_len(all) && s; i++) {
        const struct pl_json *a = pl_json_at(all, i), *package = pl_json_get(a, "package");
        const struct pl_json *list = pl_json_get(a, "versions"), *ranges = pl_json_get(a, "ranges");
        if (!pl_str_eq(pl_json_str(pl_json_get(package, "name")),
                       pl_json_str(pl_json_get(row, "name"))) ||
            !same_ecosystem(pl_json_str(pl_json_get(package, "ecosystem")), eco))
            continue;
        for (size_t k = 0; k < pl_json_len(list); k++)
            if (pl_str_eq(pl_json_str(pl_json_at(list, k)), v))
                return true;
        for (size_t k = 0; k < pl_json_len(ranges); k++)
            if (in_range(s, pl_json_at(ranges, k), v))
                return true;
    }
    return false;
}

static int answer(const struct pl_json *row)
{
    const struct pl_scheme *s = pl_scheme_find(pl_json_str(pl_json_get(row, "scheme")));
    struct pl_str v = pl_json_str(pl_json_get(row, "v"));
    bool pre =
        pl_str_find(pl_json_str(pl_json_get(row, "opt")), PL_S("includePrerelease"), 0) != SIZE_MAX;
    if (pl_json_get(row, "affected"))
        return affected(row);
    if (pl_json_get(row, "range"))
        return pl_ver_in(s, pl_json_str(pl_json_get(row, "range")), v, pre ? PL_RANGE_PRE : 0);
    return s->valid(v);
}

int main(void)
{
    pl_auto_free char *line = NULL;
    size_t room = 0;
    ssize_t n;
    while ((n = getline(&line, &room, stdin)) >= 0) {
        struct pl_json *row = NULL;
        struct pl_err err = { 0 };
        if (pl_json_parse(pl_str_n(line, (size_t)n), 64, &row, &err) < 0) {
            fprintf(stderr, "probe: %s\n", err.msg);
            return 2;
        }
        int a = answer(row);
        puts(a < 0 ? "bad" : a ? "1" : "0");
        pl_json_free(row);
    }
    return 0;
}
