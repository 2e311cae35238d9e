/* How long the advisory database takes to open, and 2,000 packages to match: every seventh package
 * that it knows, and as many that it does not. usage: match_speed DB [brief] */
/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/vec.h"
#include "vuln/eco.h"
#include "vuln/match.h"

#define PACKAGES 2000u

struct names {
    struct pl_arena a;
    size_t seen;
    PL_VEC(struct pl_eco_key) v;
};

static double now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static int collect(void *arg, struct pl_str eco, struct pl_str name, struct pl_str rows)
{
    struct names *n = arg;
    (void)rows;
    if (n->seen++ % 7 || n->v.n >= PACKAGES)
        return 0;
    struct pl_eco_key k = { .eco = pl_dup(&n->a, eco),
                            .name = pl_dup(&n->a, name),
                            .version = PL_S("20.1"),
                            .scheme = pl_scheme_of_osv(eco) };
    if (!k.scheme)
        return 0;
    pl_vec_push(&n->v, k);
    k.name = pl_printf(&n->a, "%.*s-no-such", PL_FMT(name));
    pl_vec_push(&n->v, k);
    return 0;
}

int main(int argc, char **argv)
{
    struct names n = { .seen = 0 };
    struct pl_err err = { 0 };
    struct pl_advdb *db = NULL;
    struct pl_arena a = { 0 };
    if (argc < 2)
        return 2;
    double t0 = now_ms();
    int r = pl_advdb_open(argv[1], &db, &err);
    double t1 = now_ms();
    if (r == 0)
        r = pl_advdb_each(db, collect, &n, &err);
    struct pl_match_opts o = { .brief = argc > 2, .today = PL_S("2026-01-01") };
    struct pl_vuln_matcher *m = r == 0 ? pl_vuln_matcher_new(db, &o) : NULL;
    size_t found = 0;
    double t2 = now_ms();
    for (size_t i = 0; i < n.v.n && r == 0; i++) {
        struct pl_matches x;
        r = pl_match_key(m, &n.v.p[i], NULL, &a, &x, &err);
        found += r == 0 ? x.n : 0;
    }
    double t3 = now_ms();
    if (r < 0)
        fprintf(stderr, "match_speed: %s\n", err.msg);
    else
        printf("open %.2f ms, %zu packages %.2f ms, %zu matches\n", t1 - t0, n.v.n, t3 - t2, found);
    pl_vuln_matcher_free(m);
    pl_advdb_close(db);
    pl_vec_release(&n.v);
    pl_arena_release(&n.a);
    pl_arena_release(&a);
    return r < 0;
}
