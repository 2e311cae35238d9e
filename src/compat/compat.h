/* Personalities: the binary taking another tool's flags, files and exit codes. One file with a
 * descriptor, one line in compat.list. commands.md "Two faces, one engine". */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_COMPAT_COMPAT_H
#define PL_COMPAT_COMPAT_H

struct pl_persona {
    const char *name;    /* as typed: "gitleaks" */
    const char *summary; /* one line for `plimsoll as --help` */
    /* Runs with the arguments behind the name, NULL at the end; an exit code. */
    int (*run)(char **argv);
};

/* All personalities in the order of compat.list, NULL at the end. */
extern const struct pl_persona *const pl_personas[];
/* The personality called `name` (the last part of a path, as argv[0] has it), or NULL. */
const struct pl_persona *pl_persona_find(const char *name);

#endif
