/* The table of verbs. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/command.h"

#include <stdio.h>
#include <stdlib.h>

#define PL_COMMAND(name) extern const struct pl_command pl_cmd_##name;
#include "cmd/command.list"
#undef PL_COMMAND

const struct pl_command *const pl_commands[] = {
#define PL_COMMAND(name) &pl_cmd_##name,
#include "cmd/command.list"
#undef PL_COMMAND
    NULL,
};

const struct pl_command *pl_command_find(const char *name)
{
    for (size_t i = 0; pl_commands[i]; i++)
        if (strcmp(pl_commands[i]->name, name) == 0)
            return pl_commands[i];
    return NULL;
}

static void help_option(const struct pl_opt *o)
{
    char left[64];
    if (o->type == PL_OPT_NONE || !o->help)
        return;
    if (o->letter)
        snprintf(left, sizeof left, "-%c, --%s%s%s", o->letter, o->name, o->arg ? " " : "",
                 o->arg ? o->arg : "");
    else
        snprintf(left, sizeof left, "    --%s%s%s", o->name, o->arg ? " " : "",
                 o->arg ? o->arg : "");
    printf("  %-32s %s\n", left, o->help);
}

static bool is_rare(const struct pl_command *c, const struct pl_opt *o)
{
    for (size_t i = 0; c->rare && c->rare[i]; i++)
        if (strcmp(c->rare[i], o->name) == 0)
            return true;
    return false;
}

/* Flags that are described elsewhere, in as few lines as they take. */
static void help_names(const struct pl_command *c, const char *title, bool rare)
{
    int column = 0;
    for (size_t i = 0; i < c->n_options; i++) {
        const struct pl_opt *o = &c->options[i];
        if (o->type == PL_OPT_NONE || (rare ? !is_rare(c, o) : o->help != NULL))
            continue;
        if (column == 0) {
            printf("\n%s:\n ", title);
            column = 1;
        }
        int n = (int)strlen(o->name) + 3;
        if (column + n > 78) {
            printf("\n ");
            column = 1;
        }
        printf(" --%s", o->name);
        column += n;
    }
    if (column)
        puts("");
}

void pl_command_help(const struct pl_command *c, bool all)
{
    if (c) {
        printf("plimsoll %s: %s\n\nusage: plimsoll %s\n", c->name, c->summary, c->usage);
        if (c->details)
            printf("\n%s", c->details);
        puts("\nflags:");
        for (size_t i = 0; i < c->n_options; i++)
            if (all || !is_rare(c, &c->options[i]))
                help_option(&c->options[i]);
        if (!all)
            help_names(c, "more, described by --help=all", true);
        help_names(c, "for registries, see plimsoll-registry(7)", false);
        puts(
            "\nexit codes: 0 clean, 1 findings, 2 usage, 3 incomplete, 4 network, 130 interrupted");
        return;
    }
    puts("plimsoll: what is in a container image, every layer, every byte\n\n"
         "usage: plimsoll VERB [flags] [operands]\n\nverbs:");
    for (size_t i = 0; pl_commands[i]; i++)
        printf("  %-10s %s\n", pl_commands[i]->name, pl_commands[i]->summary);
    puts("\nplimsoll VERB --help tells more; plimsoll --version [--verbose], --self-test\n\n"
         "exit codes: 0 clean, 1 findings at or above --fail-on, 2 usage or configuration,\n"
         "3 incomplete (something was not read to its end), 4 network, 130 interrupted");
}

int pl_command_run(const struct pl_command *c, char **argv)
{
    struct pl_err err = { 0 };
    struct pl_operands ops = { 0 };
    for (size_t i = 0; argv[i] && strcmp(argv[i], "--") != 0; i++) {
        bool all = strcmp(argv[i], "--help=all") == 0;
        if (all || strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
            pl_command_help(c, all);
            return PL_EXIT_CLEAN;
        }
    }
    void *options = calloc(1, c->options_size);
    if (!options)
        pl_oom();
    int code = PL_EXIT_USAGE;
    if (pl_opt_parse(c->options, c->n_options, argv, options, &ops, &err) < 0)
        fprintf(stderr, "plimsoll %s: %s; see plimsoll %s --help\n", c->name, err.msg, c->name);
    else
        code = c->run(options, &ops);
    free(ops.p);
    free(options);
    return code;
}
