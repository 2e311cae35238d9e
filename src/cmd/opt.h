/* Options of a verb as one table, from which parsing, help, man page test and completions come.
 * Flags and operands may stand in any order, "--flag VALUE" and "--flag=VALUE" are the same, "--"
 * ends the flags. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_CMD_OPT_H
#define PL_CMD_OPT_H

#include "base/err.h"
#include "base/str.h"

enum pl_opt_type {
    PL_OPT_FLAG,  /* bool */
    PL_OPT_STR,   /* const char * */
    PL_OPT_LIST,  /* struct pl_opt_list: repeatable */
    PL_OPT_UINT,  /* uint32_t */
    PL_OPT_MAYBE, /* const char *: with =VALUE, or alone, which gives "" */
    PL_OPT_NONE,  /* known, but not in this build: an error that names it */
};

#define PL_OPT_LIST_MAX 64u
struct pl_opt_list {
    const char *p[PL_OPT_LIST_MAX];
    size_t n;
};

struct pl_opt {
    const char *name; /* without dashes */
    char letter;      /* 0 = none */
    enum pl_opt_type type;
    size_t offset;    /* in the verb's options struct */
    const char *arg;  /* "FILE" in help; NULL for flags */
    const char *help; /* one line; NULL: described in plimsoll-registry(7) */
};

struct pl_operands {
    const char **p; /* views on argv */
    size_t n;
};

/* Fills `into` (the verb's options struct) and *ret_operands (array on the heap) from argv, which
 * is without the verb. PL_E_USAGE names the nearest flag. */
int pl_opt_parse(const struct pl_opt *table, size_t n, char **argv, void *into,
                 struct pl_operands *ret_operands, struct pl_err *err);

#endif
