/* plimsoll compare-versions: pairs of versions on standard input, -1, 0 or 1 for each. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "cmd/common.h"
#include "report/escape.h"
#include "ver/scheme.h"

struct options {
    bool quiet;
};

static const struct pl_opt table[] = {
    { "quiet", 'q', PL_OPT_FLAG, offsetof(struct options, quiet), NULL,
      "do not name text that is no version" },
};

static void complain(const struct pl_scheme *s, struct pl_str v, size_t line)
{
    pl_auto_buf struct pl_buf text = { 0 };
    if (s->valid(v))
        return;
    pl_esc_cut(&text, PL_ESC_TERM, v, 60);
    fprintf(stderr, "plimsoll compare-versions: line %zu: '%.*s' is no %s version\n", line,
            PL_FMT(pl_buf_str(&text)), s->name);
}

/* One answer for each line, whatever is in it: who feeds pairs counts on it. */
static int compare(const struct pl_scheme *s, bool quiet)
{
    pl_auto_free char *text = NULL;
    size_t room = 0;
    ssize_t n;
    for (size_t line = 1; (n = getline(&text, &room, stdin)) >= 0; line++) {
        struct pl_str b = pl_str_n(text, (size_t)n), a;
        if (b.n && b.p[b.n - 1] == '\n')
            b.n--;
        if (b.n && b.p[b.n - 1] == '\r')
            b.n--;
        pl_str_split(&b, '\t', &a);
        if (!b.p) {
            b = PL_S("");
            fprintf(stderr, "plimsoll compare-versions: line %zu: no tab between two versions\n",
                    line);
        }
        printf("%d\n", pl_ver_cmp(s, a, b));
        if (!quiet) {
            complain(s, a, line);
            complain(s, b, line);
        }
    }
    if (ferror(stdin) || fflush(stdout) != 0) {
        perror("plimsoll compare-versions");
        return PL_EXIT_USAGE;
    }
    return PL_EXIT_CLEAN;
}

static int run_compare_versions(const void *options, const struct pl_operands *ops)
{
    const struct options *o = options;
    if (ops->n != 1) {
        fputs("plimsoll compare-versions: one scheme is wanted: ", stderr);
        for (size_t i = 0; pl_schemes[i]; i++)
            fprintf(stderr, "%s%s", i ? ", " : "", pl_schemes[i]->name);
        fputc('\n', stderr);
        return PL_EXIT_USAGE;
    }
    struct pl_str name = pl_str_c(ops->p[0]);
    const struct pl_scheme *s = pl_scheme_find(name);
    if (!s) {
        const char *near = pl_scheme_near(name);
        fprintf(stderr, "plimsoll compare-versions: no scheme '%s'%s%s%s\n", ops->p[0],
                near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
        return PL_EXIT_USAGE;
    }
    return compare(s, o->quiet);
}

const struct pl_command pl_cmd_compare_versions = {
    .name = "compare-versions",
    .usage = "compare-versions [flags] SCHEME",
    .summary = "the order of two versions, for each line 'A TAB B' of standard input",
    .details = "schemes: deb apk rpm maven pypi gem npm semver go composer nuget cran hackage\n"
               "pub alpm gentoo conan openssl\n",
    .options = table,
    .n_options = PL_COUNT(table),
    .options_size = sizeof(struct options),
    .run = run_compare_versions,
};
