/* Secret engine: MB/s of the literal pass alone and of the whole scan, over the files given, in
 * windows of 1 MiB with 64 KiB of overlap. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/buf.h"
#include "secret/matcher_int.h"

#define WINDOW (1u << 20)
#define OVERLAP (64u << 10)

struct tally {
    const struct pl_rules *rules;
    uint64_t hits, found;
    uint64_t *by_rule, *by_lit;
    bool show;
    const char *path;
};

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static int on_literal(void *arg, uint32_t id, size_t end)
{
    struct tally *t = arg;
    (void)end;
    t->hits++;
    t->by_lit[id]++;
    return 0;
}

static void on_secret(void *arg, const struct pl_secret *s)
{
    struct tally *t = arg;
    t->found++;
    t->by_rule[s->rule]++;
    if (t->show)
        printf("  %-30s %-8s %zu+%zu %s %.*s  %s\n", pl_rules_at(t->rules, s->rule)->id,
               pl_severity_name(s->severity), s->off, s->len, s->decoded ? s->decoded : "-",
               (int)(s->value.n < 100 ? s->value.n : 100), s->value.p, t->path);
}

static bool read_all(const char *path, struct pl_buf *out)
{
    FILE *f = fopen(path, "rbe");
    if (!f)
        return false;
    out->max = (size_t)1 << 31;
    for (size_t n = 1; n > 0;) {
        char *room = pl_buf_room(out, WINDOW, NULL);
        n = room ? fread(room, 1, WINDOW, f) : 0;
        out->n += n;
    }
    fclose(f);
    return true;
}

static void run(const char *path, struct pl_matcher *m, struct tally *t, bool named,
                double *literal, double *full, double *bytes)
{
    struct pl_buf b = { 0 };
    if (!read_all(path, &b)) {
        fprintf(stderr, "cannot read %s\n", path);
        return;
    }
    t->path = path;
    for (size_t at = 0; at < b.n; at += WINDOW) {
        const uint8_t *p = (const uint8_t *)b.p + at;
        size_t n = b.n - at < WINDOW + OVERLAP ? b.n - at : WINDOW + OVERLAP;
        size_t to = n < WINDOW ? n : WINDOW;
        double t0 = now();
        pl_literals_scan(m->r->db, m->scratch, p, to, on_literal, t);
        double t1 = now();
        struct pl_text text = { .p = p,
                                .n = n,
                                .to = to,
                                .last = at + n == b.n,
                                .path = named ? pl_str_c(path) : (struct pl_str){ "", 0 } };
        struct pl_err err;
        if (pl_secret_scan(m, &text, on_secret, t, &err) < 0)
            printf("  %s at %zu: %s\n", path, at, err.msg);
        *literal += t1 - t0;
        *full += now() - t1;
    }
    *bytes += (double)b.n;
    pl_buf_release(&b);
}

int main(int argc, char **argv)
{
    struct pl_rules *r = NULL;
    struct pl_matcher *m = NULL;
    struct pl_err err;
    struct pl_limits limits;
    double t0 = now(), literal = 0, full = 0, bytes = 0;
    bool top = false, named = false, show = false;
    int i = 1;
    if (pl_rules_builtin(&r, &err) < 0)
        return 1;
    double t1 = now();
    pl_limits_init(&limits);
    if (pl_matcher_new(r, &limits, &m, &err) < 0)
        return 1;
    struct tally t = { .rules = r };
    t.by_rule = calloc(pl_rules_count(r), sizeof *t.by_rule);
    t.by_lit = calloc(r->img.n_lits, sizeof *t.by_lit);
    for (; i < argc && argv[i][0] == '-'; i++) {
        top |= argv[i][1] == 't';
        named |= argv[i][1] == 'n';
        show |= argv[i][1] == 's';
    }
    t.show = show;
    for (; i < argc; i++)
        run(argv[i], m, &t, named, &literal, &full, &bytes);
    printf("rules %zu, literals %zu, database %zu bytes, start %.2f ms\n", pl_rules_count(r),
           r->img.n_lits, pl_literals_size(r->db), (t1 - t0) * 1e3);
    printf(
        "literal pass %.0f MB/s, whole scan %.0f MB/s (%.0f %% more), %.0f hits/MB, %llu found\n",
        bytes / 1e6 / literal, bytes / 1e6 / full, (full / literal - 1) * 100,
        (double)t.hits / (bytes / 1e6), (unsigned long long)t.found);
    for (size_t k = 0; top && k < r->img.n_lits; k++) {
        if ((double)t.by_lit[k] > bytes / 1e6 * 3)
            printf("  literal '%.*s': %.1f/MB\n", r->img.lit[k].len, r->img.lit[k].text,
                   (double)t.by_lit[k] / (bytes / 1e6));
    }
    for (size_t k = 0; top && k < pl_rules_count(r); k++) {
        if (t.by_rule[k])
            printf("  rule %s: %llu\n", pl_rules_at(r, k)->id, (unsigned long long)t.by_rule[k]);
    }
    free(t.by_rule);
    free(t.by_lit);
    pl_matcher_free(m);
    pl_rules_free(r);
    return 0;
}
