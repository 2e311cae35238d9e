/* Sockets to listen on. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_SERVE_LISTEN_H
#define PL_SERVE_LISTEN_H

#include <stdbool.h>

#include "base/err.h"

/* "ADDR:PORT", "[ADDR]:PORT", ":PORT" (every address); port 0 takes a free one, *ret_port is the
 * one. Non-blocking. PL_E_USAGE, PL_E_IO. */
int pl_listen_tcp(const char *spec, int *ret_fd, unsigned *ret_port, struct pl_err *err);
/* Does `spec` name a loopback address? False for what cannot be read. */
bool pl_listen_is_loopback(const char *spec);
/* A socket at `path`, for its owner only. One that nobody listens at is replaced. */
int pl_listen_unix(const char *path, int *ret_fd, struct pl_err *err);

#endif
