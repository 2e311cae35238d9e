/* The long-running side: admission webhook and Docker authorization plugin, health, metrics, reload
 * and an orderly end. formats/gates.md sections 2 and 6. Fails closed: whatever cannot be decided
 * in time is a refusal. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_SERVE_SERVER_H
#define PL_SERVE_SERVER_H

#include <stdbool.h>

#include "serve/door.h"

#define PL_SERVE_PREWARM_MAX 1000u

struct pl_serve_opts {
    struct pl_serve_ops ops; /* without `load`: nothing is decided, there are pages only */
    const char *listen;      /* "ADDR:PORT", "[ADDR]:PORT", ":PORT"; or NULL */
    const char *cert, *key, *client_ca; /* PEM files; client_ca may be NULL */
    const char *authz;                  /* path of a socket to be made, or NULL */
    const char *docker;                 /* the daemon's socket, where local images are asked for */
    const char *ui;                     /* "ADDR:PORT" of the pages of the fleet, or NULL … */
    const char *ui_token;               /* … and the file of their tokens, or NULL … */
    const char *store;                  /* … and what they show: as pl_store_open takes it */
    const char *const *prewarm;         /* references to decide at the start */
    size_t n_prewarm;
    unsigned io_threads, max_threads, max_connections; /* 0: as is usual */
    unsigned read_s; /* for a whole request to come; 0: as is usual */
    /* Told of what an operator wants to know, one line each. */
    void (*say)(void *arg, const char *line);
    void *say_arg;
};

struct pl_serve;

/* Loads the policy and the certificates, opens the sockets, starts. Heap. PL_E_USAGE, PL_E_IO,
 * PL_E_UNSUP. */
int pl_serve_new(const struct pl_serve_opts *o, struct pl_serve **ret, struct pl_err *err);
/* The port of `listen`, which is of interest when that said 0. */
unsigned pl_serve_port(const struct pl_serve *s);
/* Whether `o` says enough for pages to be shown: over TLS and to those who prove themselves, unless
 * they are shown on a loopback address. PL_E_USAGE. */
int pl_serve_check_ui(const struct pl_serve_opts *o, struct pl_err *err);
/* Reads policy and certificates again; on failure what was in force stays. */
int pl_serve_reload(struct pl_serve *s, struct pl_err *err);
/* What has to be done now and then: slow connections, files that changed. Every quarter of a second
 * is right. */
void pl_serve_tick(struct pl_serve *s);
/* Takes nothing new, waits up to `wait_ms` for what is being decided, refuses the rest, ends.
 * Accepts NULL. */
void pl_serve_free(struct pl_serve *s, unsigned wait_ms);

/* Serves until SIGTERM or SIGINT; SIGHUP reloads. To be called before any other thread is made; 0
 * at an orderly end. */
int pl_serve_run(const struct pl_serve_opts *o, struct pl_err *err);

#endif
