/* What long-running verbs say of what they do: a line for people, or a JSON object a line, on
 * standard error. Passwords in addresses never get there. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_CMD_FLEET_LOG_H
#define PL_CMD_FLEET_LOG_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

enum pl_log_level { PL_LOG_INFO, PL_LOG_WARN, PL_LOG_ERROR };

struct pl_fleet_log {
    const char *verb;   /* "worker" */
    const char *worker; /* who speaks, or NULL */
    bool json;          /* else text; text says nothing below PL_LOG_WARN … */
    bool quiet;         /* … and nothing below PL_LOG_ERROR; JSON says all, quiet or not */
    int fd;             /* 0: standard error */
};

/* One thing that happened; what is empty, NULL or 0 is left out, `what` is always there. */
struct pl_fleet_line {
    enum pl_log_level level;
    const char *what; /* a few constant words: "done", "failed", "lost", "store unreachable" */
    int64_t job;      /* number of the work */
    const char *kind; /* of the work */
    struct pl_str target;
    struct pl_str error; /* or, of PL_LOG_INFO, a detail */
    int64_t ms;          /* how long it took */
};

/* Fills `json` from the word of --log-format: "text" or "json", NULL as "text". Prints what is
 * wrong and returns an exit code, or 0. */
int pl_fleet_log_begin(struct pl_fleet_log *l, const char *verb, const char *format);
/* Writes it, whole lines at once, so that several processes may share the descriptor. */
void pl_fleet_log(const struct pl_fleet_log *l, const struct pl_fleet_line *x);
/* Appends `s` with the password of any address, the query of any URL and the values of `password=`
 * replaced by "***". */
void pl_fleet_mask(struct pl_str s, struct pl_buf *out);

#endif
