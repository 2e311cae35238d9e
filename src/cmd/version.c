/* --version and --self-test: what this build is, and whether it does here what it did there. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "cmd/common.h"
#include "cmd/version.h"

int pl_common_version(char **argv)
{
    struct pl_err err = { 0 };
    struct pl_rules *rules = NULL;
    puts("plimsoll " PL_VERSION);
    if (!argv[0] || (strcmp(argv[0], "--verbose") != 0 && strcmp(argv[0], "-v") != 0))
        return PL_EXIT_CLEAN;
    if (pl_rules_builtin(&rules, &err) < 0)
        return pl_run_failed("version", &err);
    char missing[64];
    printf("rules    %s, %zu secret rules\n", PL_RULES_VERSION, pl_rules_count(rules));
    printf("inflate  %s\nliterals %s\n", PL_INFLATE, PL_LITERALS);
    if (pl_sandbox_probe(missing, sizeof missing))
        printf("sandbox  without %s\n", missing);
    else
        puts("sandbox  landlock, seccomp");
    printf("formats ");
    for (size_t i = 0; pl_writers[i]; i++)
        printf(" %s", pl_writers[i]->id);
    putchar('\n');
    pl_rules_free(rules);
    return PL_EXIT_CLEAN;
}

static void disagrees(const char *rule, bool yes, unsigned number)
{
    printf("not as stated: rule '%s': sample %u of '%s' is %s\n", rule, number, yes ? "yes" : "no",
           yes ? "not found" : "found");
}

int pl_common_selftest(void)
{
    size_t run = 0, failed = 0;
    struct pl_err err = { 0 };
    if (pl_rules_selftest_builtin(disagrees, &run, &failed, &err) < 0)
        return pl_run_failed("--self-test", &err);
    printf("%zu samples, %zu not as stated\n", run, failed);
    return failed || !run ? PL_EXIT_FINDINGS : PL_EXIT_CLEAN;
}
