/* Images held by a Docker or Podman service on this machine: one request over its local socket,
 * whose answer is a docker archive. Docker Engine API, "Export an image". */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_SOURCE_DAEMON_H
#define PL_SOURCE_DAEMON_H

#include <sys/types.h>

#include "base/err.h"
#include "source/feed.h"

struct pl_daemon;

/* How long to wait for the service, in milliseconds; both > 0. */
struct pl_daemon_wait {
    int head_ms; /* until it answers: it may put the archive together first */
    int idle_ms; /* between two pieces of the answer */
};

/* Asks for image `ref` (a name, with tag or digest, or an id) where DOCKER_HOST says, else at the
 * first of the usual sockets that has it. Heap; pl_daemon_close. PL_E_NOENT: no such image;
 * PL_E_NET: no service, or it answered something else; PL_E_UNSUP: DOCKER_HOST is no unix://
 * address; PL_E_USAGE: `ref` is no name; PL_E_CANCEL: a signal came while waiting. */
int pl_daemon_open(const char *ref, struct pl_daemon **ret, struct pl_err *err);
/* The same at socket `path`, with waiting times of one's own. */
int pl_daemon_open_at(const char *path, const char *ref, const struct pl_daemon_wait *wait,
                      struct pl_daemon **ret, struct pl_err *err);

/* Reads up to `n` (> 0) bytes of the archive; 0 at its end. Negative: it broke off (PL_E_IO,
 * PL_E_FORMAT), nothing came for too long (PL_E_NET), a signal came (PL_E_CANCEL). */
ssize_t pl_daemon_read(struct pl_daemon *d, void *buf, size_t n, struct pl_err *err);
/* Closes; accepts NULL. */
void pl_daemon_close(struct pl_daemon *d);

/* The archive as a feed, which owns `d`. Heap. */
struct pl_feed *pl_daemon_feed(struct pl_daemon *d);

#endif
