/* A verb: one file cmd_<verb>.c, one line in command.list. A command file reads options, calls a
 * module, picks an exit code. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_CMD_COMMAND_H
#define PL_CMD_COMMAND_H

#include "cmd/exit.h"
#include "cmd/opt.h"

struct pl_command {
    const char *name;
    const char *usage;   /* "scan [flags] TARGET…" */
    const char *summary; /* one line */
    const char *details; /* more lines for --help, may be NULL */
    const struct pl_opt *options;
    const char *const *rare; /* flags that --help only names, NULL at the end; may be NULL */
    size_t n_options;
    size_t options_size; /* of the verb's options struct */
    /* Runs with filled options and operands; returns an exit code. */
    int (*run)(const void *options, const struct pl_operands *operands);
};

/* All verbs in the order of command.list, NULL at the end. */
extern const struct pl_command *const pl_commands[];
/* The verb called `name`, or NULL. */
const struct pl_command *pl_command_find(const char *name);
/* Parses argv (without program and verb) and runs. Handles --help and --help=all. Returns an exit
 * code. */
int pl_command_run(const struct pl_command *c, char **argv);
/* Prints the verb's help to stdout, one screen of it or `all`; with NULL the program's. */
void pl_command_help(const struct pl_command *c, bool all);

#endif
