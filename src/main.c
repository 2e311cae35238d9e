/* Argument zero, global options, command lookup; nothing else. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <signal.h>
#include <stdio.h>

#include "base/near.h"
#include "cmd/command.h"
#include "cmd/common.h"
#include "compat/compat.h"

static int unknown_verb(const char *verb)
{
    const char *names[32];
    size_t n = 0;
    for (size_t i = 0; pl_commands[i] && n < 32; i++)
        names[n++] = pl_commands[i]->name;
    const char *near = pl_near(pl_str_c(verb), names, n);
    fprintf(stderr, "plimsoll: unknown verb '%s'%s%s%s; see plimsoll --help\n", verb,
            near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
    return PL_EXIT_USAGE;
}

/* `plimsoll as NAME …` */
static int as_persona(char **argv)
{
    const struct pl_persona *p = argv[0] ? pl_persona_find(argv[0]) : NULL;
    if (p)
        return p->run(argv + 1);
    if (argv[0] && strcmp(argv[0], "--help") != 0 && strcmp(argv[0], "-h") != 0) {
        fprintf(stderr, "plimsoll as: no personality '%s'; see plimsoll as --help\n", argv[0]);
        return PL_EXIT_USAGE;
    }
    FILE *to = argv[0] ? stdout : stderr;
    fputs("usage: plimsoll as NAME [flags of NAME]\n\n", to);
    for (size_t i = 0; pl_personas[i]; i++)
        fprintf(to, "  %-10s %s\n", pl_personas[i]->name, pl_personas[i]->summary);
    return argv[0] ? PL_EXIT_CLEAN : PL_EXIT_USAGE;
}

int main(int argc, char **argv)
{
    setvbuf(stderr, NULL, _IOLBF, 0);
    signal(SIGPIPE, SIG_IGN);
    const struct pl_persona *persona = argc > 0 ? pl_persona_find(argv[0]) : NULL;
    if (persona)
        return persona->run(argv + 1);
    if (argc > 1 && strcmp(argv[1], "-name") == 0) /* as containerd calls its verifiers */
        return pl_persona_find("plimsoll-image-verifier")->run(argv + 1);
    if (argc < 2) {
        fputs("plimsoll: no verb given; see plimsoll --help\n", stderr);
        return PL_EXIT_USAGE;
    }
    if (strcmp(argv[1], "--version") == 0 || strcmp(argv[1], "version") == 0)
        return pl_common_version(argv + 2);
    if (strcmp(argv[1], "--self-test") == 0)
        return pl_common_selftest();
    if (strncmp(argv[1], "--help", 6) == 0 || strcmp(argv[1], "-h") == 0 ||
        strcmp(argv[1], "help") == 0) {
        const struct pl_command *of = argc > 2 ? pl_command_find(argv[2]) : NULL;
        pl_command_help(of, strcmp(argv[1], "--help=all") == 0);
        return PL_EXIT_CLEAN;
    }
    if (strcmp(argv[1], "as") == 0)
        return as_persona(argv + 2);
    const struct pl_command *c = pl_command_find(argv[1]);
    if (!c)
        return unknown_verb(argv[1]);
    return pl_command_run(c, argv + 2);
}
