/* Telling another program over HTTP. fleet.md section 4, "watch". */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_CMD_WEBHOOK_H
#define PL_CMD_WEBHOOK_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

struct pl_webhook {
    const char *url;
    const char *ca_file;  /* authorities beside the system's, or NULL */
    struct pl_str secret; /* the body is signed with it; empty: not signed */
    const char *type;     /* of the body */
    const char *key;      /* tells this message from others; NULL: a hash of the body */
    int tries;            /* 0: four */
    bool timed;           /* with X-Plimsoll-Timestamp and a signature that holds it */
};

/* Posts `body`: up to four times, with growing pauses, while the other side cannot be reached or
 * says that it is not its day (5xx, 429). The header Idempotency-Key is the same for the same body,
 * so that a repetition can be told; X-Plimsoll-Signature is "sha256=" and the HMAC-SHA-256 of the
 * body; with `timed` X-Plimsoll-Signature-Timed is that of the timestamp, a dot and the body, so
 * that what is old can be refused. PL_E_NET, PL_E_AUTH, PL_E_FORMAT, PL_E_CANCEL. */
int pl_webhook_post(const struct pl_webhook *w, struct pl_str body, struct pl_err *err);

/* A webhook as it may be told, in `a`: paths and queries are secrets, mostly. PL_E_FORMAT,
 * PL_E_LIMIT: nothing could be sent there; the message names no part of it. */
int pl_webhook_shown(const char *url, struct pl_arena *a, struct pl_str *ret, struct pl_err *err);

#endif
