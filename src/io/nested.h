/* What hides inside one file: archives, compressed single files, databases, compiled code, git
 * objects. Each kind is a descriptor that bids on first bytes and name and yields members.
 * guide section 8, forensics.md rows 15 and 16. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_IO_NESTED_H
#define PL_IO_NESTED_H

#include "base/limits.h"
#include "io/view.h"

/* A member of a container. Valid during the callback. When `body` breaks (its ahead fails) the sink
 * just stops reading and returns 0: the reader sees it and makes the note. */
struct pl_member {
    struct pl_str name;   /* as the container has it: "lib/x.jar"; a database row: "users"; a large
                             value of it: "users.token"; git: path or object id */
    struct pl_str detail; /* a second name or empty: "row 3"; the commit of a git blob */
    struct pl_view *body; /* content; may be left unconsumed. NULL: only a name */
    bool raw_too; /* its strings stand in the outer file as they are, too: a finding there is
                     the better one */
    bool text;    /* content made by us (a row, a constant), not bytes of the file */
};

struct pl_nested_sink {
    /* Called per member; non-zero stops with PL_E_CANCEL. */
    int (*member)(void *arg, struct pl_member *m);
    /* Something of the container was not read to its end: makes the result incomplete. `code` is
     * "nested-damaged", "nested-limit" (the message names the limit), "encrypted" or
     * "unknown-codec"; `name` the member or empty. */
    void (*note)(void *arg, const char *code, struct pl_str name, const char *message);
    void *arg;
};

/* Bytes that nested readers may hold for one outer file. */
struct pl_nested_opts {
    const struct pl_limits *limits;
    struct pl_str path; /* of the file that is read: names what has no name of its own */
    size_t whole_max;   /* a format that must be read by seeking: buffer up to this many bytes */
    /* Optional: asks for the right to buffer up to limits->window bytes, or gives it back. False:
     * it is not to be had. */
    bool (*large)(void *arg, bool take);
    void *large_arg;
    uint64_t *total; /* bytes unpacked from this outer file so far, all depths; checked against
                        limits->nested_total */
    unsigned depth;  /* 0 for a file of the layer */
};

/* One kind: one file, one line in nested.list. */
struct pl_nested {
    const char *id; /* "zip", "tar", "gzip", "sqlite", "git-pack", "git-object", "pyc" … */
    /* Bits verified of the first bytes (up to 512) of a file called `path`. */
    unsigned (*bid)(const uint8_t *p, size_t n, struct pl_str path);
    /* Reads `in` (from its start) and calls sink->member for each member. Returns 0 also when the
     * container is damaged: then it has noted that. Negative only for a failure of `in` itself or
     * PL_E_CANCEL. Need not consume all of `in`; the caller drains it. */
    int (*read)(struct pl_view *in, const struct pl_nested_opts *o, struct pl_nested_sink *sink,
                struct pl_err *err);
    bool single; /* one member, the file without its compression */
};

/* Prepares what the libraries beneath would otherwise look up in the file system at their first use
 * (character set of the locale, time zone, seeds). Sets TZ to UTC0, as reading does later again.
 * Call once per process, before the sandbox closes; more calls do nothing. */
void pl_nested_init(void);
/* The part of it that children have in common, for the parent before it makes them. */
void pl_nested_load(void);

/* The kind with the highest bid; NULL when there is none. `p` up to 512 bytes. */
const struct pl_nested *pl_nested_probe(const uint8_t *p, size_t n, struct pl_str path);

extern const struct pl_nested *const pl_nesteds[]; /* NULL at the end, nested.list's order */

#endif
