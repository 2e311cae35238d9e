/* plimsoll db: the advisory database: build, update, status, export. packages.md section 9. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "cmd/common.h"
#include "cmd/db_opt.h"
#include "vuln/build.h"

static const struct pl_opt table[] = {
    { "db", 0, PL_OPT_STR, offsetof(struct pl_db_cmd, db), "DIR", "folder of the database" },
    { "key", 0, PL_OPT_STR, offsetof(struct pl_db_cmd, key), "FILE",
      "update: who must have signed the database" },
    { "bundle", 0, PL_OPT_STR, offsetof(struct pl_db_cmd, bundle), "FILE",
      "update: the signature, if it is not beside the database" },
    { "ecosystem", 0, PL_OPT_LIST, offsetof(struct pl_db_cmd, ecosystem), "NAME",
      "update: one of OSV's, beside those that are there" },
    { "store", 0, PL_OPT_STR, offsetof(struct pl_db_cmd, store), "DIR",
      "update: the ecosystems of the inventories there, too" },
    { "osv", 0, PL_OPT_STR, offsetof(struct pl_db_cmd, osv), "URL", "update: archives of OSV" },
    { "kev-feed", 0, PL_OPT_STR, offsetof(struct pl_db_cmd, kev), "URL", "update: KEV" },
    { "epss-feed", 0, PL_OPT_STR, offsetof(struct pl_db_cmd, epss), "URL", "update: EPSS" },
    { "db-max-age", 0, PL_OPT_STR, offsetof(struct pl_db_cmd, max_age), "DAYS",
      "status: exit 1 when older" },
    { "delta-from", 0, PL_OPT_STR, offsetof(struct pl_db_cmd, delta_from), "FILE",
      "export: the difference to this older database, for update" },
    { "quiet", 'q', PL_OPT_FLAG, offsetof(struct pl_db_cmd, quiet), NULL, "no notes" },
    PL_REGISTRY_OPTS(struct pl_db_cmd, 0),
};

/* "PATH,as=KIND,name=TEXT,…": the options are those that follow the last path that exists. */
static int parse_source(const char *text, struct pl_arena *a, struct pl_adv_read_opts *o,
                        const char **path)
{
    struct pl_str rest = pl_str_c(text), word, key;
    pl_str_split(&rest, ',', &word);
    *path = pl_dup(a, word).p;
    const struct {
        const char *name;
        struct pl_str *to;
    } keys[] = {
        { "as", &o->as },
        { "name", &o->given.name },
        { "release", &o->release },
        { "commit", &o->given.commit },
        { "licence", &o->given.licence },
    };
    while (rest.p && pl_str_split(&rest, ',', &word)) {
        bool known = false;
        pl_str_split(&word, '=', &key);
        for (size_t i = 0; i < PL_COUNT(keys); i++)
            if (pl_str_is(key, keys[i].name) && word.p) {
                *keys[i].to = word;
                known = true;
            }
        if (!known) {
            fprintf(stderr, "plimsoll db: '%.*s' is none of as, name, release, commit, licence\n",
                    PL_FMT(key));
            return PL_EXIT_USAGE;
        }
    }
    return 0;
}

static int read_sources(const struct pl_db_cmd *o, struct pl_advbuild *b, const char **source,
                        size_t n)
{
    struct pl_limits limits;
    struct pl_arena a = { 0 };
    struct pl_db_notes notes = { .quiet = o->quiet };
    int code = 0;
    pl_limits_init(&limits);
    for (size_t i = 0; i < n && !code; i++) {
        struct pl_adv_read_opts ro = { .limits = &limits, .note = pl_db_note, .arg = &notes };
        const char *path;
        struct pl_err err = { 0 };
        code = parse_source(source[i], &a, &ro, &path);
        if (!code && pl_adv_read(b, path, &ro, &err) < 0)
            code = pl_run_failed("db build", &err);
    }
    pl_arena_release(&a);
    return code;
}

int pl_db_write(const struct pl_db_cmd *o, const char *verb, struct pl_advbuild *b, const char *dir)
{
    struct pl_err err = { 0 };
    struct pl_advbuild_sum sum;
    char now[24];
    pl_db_now(now);
    struct pl_advbuild_opts bo = { .built = pl_str_c(now), .expires = PL_S("") };
    if (pl_advbuild_write(b, dir, &bo, &sum, &err) < 0)
        return pl_run_failed(verb, &err);
    if (!o->quiet)
        printf("%s: %" PRIu64 " advisories of %u sources, %" PRIu64 " packages, %.1f MB, %s\n", dir,
               sum.advisories, pl_advbuild_sources(b), sum.packages, (double)sum.bytes / 1e6,
               sum.digest);
    return 0;
}

static int build(const struct pl_db_cmd *o, const char **source, size_t n)
{
    struct pl_arena a = { 0 };
    if (!n) {
        fputs("plimsoll db build: no source given, as in plimsoll db build all.zip --db DIR\n",
              stderr);
        return PL_EXIT_USAGE;
    }
    const char *dir = pl_db_dir(o->db, true, &a);
    struct pl_advbuild *b = pl_advbuild_new();
    int code = read_sources(o, b, source, n);
    if (!code)
        code = pl_db_write(o, "db build", b, dir);
    pl_advbuild_free(b);
    pl_arena_release(&a);
    return code;
}

static int run_db(const void *options, const struct pl_operands *ops)
{
    const struct pl_db_cmd *o = options;
    if (!ops->n) {
        fputs("plimsoll db: build, update, status or export?\n", stderr);
        return PL_EXIT_USAGE;
    }
    struct pl_str verb = pl_str_c(ops->p[0]);
    if (pl_str_is(verb, "build"))
        return build(o, ops->p + 1, ops->n - 1);
    if (pl_str_is(verb, "update") && ops->n <= 2)
        return pl_db_update(o, ops->n == 2 ? ops->p[1] : NULL);
    if (pl_str_is(verb, "status") && ops->n == 1)
        return pl_db_status(o);
    if (pl_str_is(verb, "export") && ops->n == 1)
        return o->delta_from ? pl_db_delta(o) : pl_db_export(o);
    fprintf(stderr, "plimsoll db: '%s' is none of build, update, status, export\n", ops->p[0]);
    return PL_EXIT_USAGE;
}

const struct pl_command pl_cmd_db = {
    .name = "db",
    .usage = "db build SOURCE… | db update [URL | oci:REF | FILE] | db status | db export",
    .summary = "the advisory database: made from what publishers give, kept, looked at",
    .details = "sources: folders, archives or files in an upstream form, known by their content\n",
    .options = table,
    .n_options = PL_COUNT(table),
    .options_size = sizeof(struct pl_db_cmd),
    .run = run_db,
};
